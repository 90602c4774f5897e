//! Atoms that nobody wrote, in the words of CEL: what limits, flows, approvals and declared tools
//! ask.
//!
//! In:      a module with its sources.
//! Out:     of each such atom what it asks: `spent + args.amount > 1000`, `label(args.to,
//!          "untrusted.*")`.
//! Imports: `lang`, `runtime::bundle`.
//!
//! The place of such an atom is a part of a declaration, which is no condition: the name of a
//! meter, a pattern, an id.

use std::collections::BTreeSet;

use crate::lang::fixed;
use crate::lang::opcodes::{Instruction, Op};
use crate::lang::session::{CTX, Question, ROOT};
use crate::runtime::bundle::debug::{Debug, Place};
use crate::runtime::bundle::govern::LimitRow;
use crate::runtime::bundle::module::{Module, NONE, SlotRow};
use crate::tools::inspect::reads::keys;

/// The id of the rule that asks whether a tool is declared.
const DECLARED: &str = "tool.declared";

/// Of each atom what it asks, where its source is no expression in one of the rules that ask it.
#[must_use]
pub fn generated(module: &Module, debug: &Debug) -> Vec<Option<String>> {
    let mut told = vec![None; debug.atoms.len()];
    let is_made = |place: &Place| !is_expression(text(debug, *place));
    let own = debug.rules.iter().flat_map(|rule| &rule.atoms);
    let places = (0..).zip(&debug.atoms).chain(own.map(|own| (own.atom, &own.place)));
    let made: BTreeSet<u16> = places.filter(|(_, at)| is_made(at)).map(|(atom, _)| atom).collect();
    for code in module.code.iter().filter(|code| made.contains(&code.w)) {
        if let Some(row) = told.get_mut(usize::from(code.w)) {
            *row = asked(module, debug, code);
        }
    }
    let declared = (0..).zip(&module.rules).find(|(_, rule)| string(module, rule.id) == DECLARED);
    let rule = declared.and_then(|(at, _): (usize, _)| debug.rules.get(at));
    for own in rule.iter().flat_map(|rule| &rule.atoms).filter(|own| is_made(&own.place)) {
        if let Some(row) = told.get_mut(usize::from(own.atom)) {
            *row = Some("action.tool in tools".to_owned());
        }
    }
    told
}

/// Whether a text asks whether something was approved.
#[must_use]
pub fn is_approval(text: &str) -> bool {
    text.starts_with("approved(")
}

/// Whether a source is more than a name or a pattern.
#[must_use]
pub fn is_expression(source: &str) -> bool {
    source.contains(['(', '=', '<', '>', '!', '[']) || source.contains(" in ")
}

fn text(debug: &Debug, place: Place) -> &str {
    let source = debug.sources.get(place.source as usize);
    let range = place.start as usize..place.end as usize;
    source.and_then(|(_, text)| text.get(range)).unwrap_or_default()
}

fn string(module: &Module, at: u32) -> &str {
    module.strings.get(at as usize).unwrap_or_default()
}

/// What an instruction asks of a session.
fn asked(module: &Module, debug: &Debug, code: &Instruction) -> Option<String> {
    if !matches!(code.op, Op::Flag | Op::Has) {
        return None;
    }
    let (SlotRow::Value(node) | SlotRow::Presence(node)) = module.slots.get(usize::from(code.a))?
    else {
        return None;
    };
    let path = keys(module, *node);
    let [ROOT, question, about @ ..] = path.as_slice() else { return None };
    match (Question::of(question)?, about) {
        (Question::Over, [limit]) => {
            let mut rows = module.govern.limits.iter();
            let row = rows.find(|row| string(module, row.id) == *limit)?;
            Some(passed(module, debug, row))
        }
        (Question::Label, [pattern, subject]) => {
            Some(format!("label({}, {pattern:?})", argument(subject)))
        }
        (Question::Approved, [rule]) => Some(format!("approved({rule:?})")),
        _ => None,
    }
}

/// A subject as rules name it: `args.to`.
fn argument(subject: &str) -> String {
    if subject == CTX { subject.to_owned() } else { format!("args{}", subject.replace('/', ".")) }
}

/// That a call passes a limit: `spent + args.amount > 1000`.
fn passed(module: &Module, debug: &Debug, row: &LimitRow) -> String {
    let meter = module.govern.meters.get(usize::from(row.meter));
    let name = meter.map_or("", |meter| string(module, meter.name));
    let most = fixed::write(i128::from(row.max));
    format!("{name} + {} > {most}", amount(module, debug, row))
}

/// What a call takes of the meter of a limit, as its source says it: `args.amount`, `1`.
#[must_use]
pub fn amount(module: &Module, debug: &Debug, row: &LimitRow) -> String {
    let Some(meter) = module.govern.meters.get(usize::from(row.meter)) else {
        return String::new();
    };
    if meter.amount == NONE {
        return meter.count.to_string();
    }
    let term = module.govern.terms.get(usize::from(meter.amount));
    let function = term.and_then(|term| debug.functions.get(usize::from(term.function)));
    let source = function.map_or("", |(_, place)| text(debug, *place));
    let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
    let is_place = source.bytes().all(|it| it.is_ascii_alphanumeric() || b"._".contains(&it));
    match source.as_str() {
        "" => "what it takes".to_owned(),
        _ if is_place => source,
        _ => format!("({source})"),
    }
}
