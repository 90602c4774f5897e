//! The listing of a bundle: every function, its instructions, the source lines they come from.
//!
//! In:      a bundle.
//! Out:     text, as wide as it has to be.
//! Imports: `compiler::source`, `lang`, `runtime::bundle`, `tools::report`.

use std::fmt::Write as _;

use crate::compiler::source::lines::Lines;
use crate::lang::error::EvalError;
use crate::lang::functions::by_number;
use crate::lang::opcodes::{
    EXIT_ERROR, EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, NO_ATOM, Op, Operand, X_EQUAL,
    X_GREATER, X_INVERT, X_LESS, Yield,
};
use crate::runtime::bundle::debug::{Debug, Place};
use crate::runtime::bundle::module::{FunctionKind, FunctionRow, Module, NONE, SlotRow};
use crate::tools::inspect::BundleInspection;
use crate::tools::inspect::constant::short;
use crate::tools::inspect::reads::dotted;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::visible::visible;

/// Columns of an instruction before its jumps.
const OPERANDS_COLUMNS: usize = 50;

/// The listing of every function.
#[must_use]
pub fn listing(bundle: &BundleInspection<'_>, style: Style) -> String {
    let debug = bundle.debug();
    let sources: Vec<(&str, &str, Lines)> = debug
        .sources
        .iter()
        .map(|(path, text)| (path.as_str(), text.as_str(), Lines::new(text)))
        .collect();
    let cx = Listing { module: bundle.module, debug: &debug, sources: &sources, style };
    let mut text = String::new();
    for (at, function) in bundle.module.functions.iter().enumerate() {
        cx.function(at, function, &mut text);
    }
    text
}

/// What the parts of a listing need.
struct Listing<'a> {
    module: &'a Module,
    debug: &'a Debug,
    sources: &'a [(&'a str, &'a str, Lines)],
    style: Style,
}

impl Listing<'_> {
    fn function(&self, number: usize, function: &FunctionRow, text: &mut String) {
        let kind = match function.kind {
            FunctionKind::Condition => "condition",
            FunctionKind::Value(_) => "value",
            FunctionKind::Decision => "decision",
        };
        let name = self.name_of(number);
        let memo = if function.memo { ", kept" } else { "" };
        let head = format!("function {number}  {name}{kind}, {} units{memo}", function.cost);
        let _ = writeln!(text, "{}", self.style.paint(Paint::Strong, &visible(&head)));
        let first = function.first as usize;
        let mut line = (u32::MAX, 0);
        for (at, code) in
            self.module.code.iter().skip(first).take(usize::from(function.len)).enumerate()
        {
            let place = self.debug.code.get(first + at).copied().unwrap_or_default();
            let here = self.line_of(place);
            if here != line {
                line = here;
                self.source_line(here, text);
            }
            let _ = writeln!(text, "{}", self.instruction(at, code).trim_end());
        }
        text.push('\n');
    }

    /// What people call function `number`: its rules, or its name.
    fn name_of(&self, number: usize) -> String {
        let of_rule = self.module.rules.iter().filter(|r| usize::from(r.function) == number);
        let rules: Vec<&str> = of_rule.map(|rule| self.string(rule.id)).collect();
        let named = self.debug.functions.get(number).map_or("", |(name, _)| name.as_str());
        match rules.as_slice() {
            [] if named.is_empty() => String::new(),
            [] => format!("`{named}`, "),
            rules => format!("of {}, ", rules.join(", ")),
        }
    }

    fn string(&self, at: u32) -> &str {
        self.module.strings.get(at as usize).unwrap_or_default()
    }

    fn line_of(&self, place: Place) -> (u32, u32) {
        let source = self.sources.get(place.source as usize);
        let line = source.filter(|_| place.end > 0);
        line.map_or((u32::MAX, 0), |(_, text, lines)| {
            (place.source, lines.place(text, place.start).line)
        })
    }

    fn source_line(&self, (source, number): (u32, u32), text: &mut String) {
        let Some((path, all, lines)) = self.sources.get(source as usize) else { return };
        let start = lines.start(number).unwrap_or(0) as usize;
        let line = all.get(start..).unwrap_or_default().lines().next().unwrap_or_default();
        let row = format!("{number:>4} │ {}", visible(line.trim_end()));
        let gap = self.style.width.saturating_sub(row.chars().count() + path.chars().count());
        let row = format!("{row}{}{}", " ".repeat(gap.max(2)), visible(path));
        let _ = writeln!(text, "{}", self.style.paint(Paint::Frame, &row));
    }

    fn instruction(&self, at: usize, code: &Instruction) -> String {
        let relation = relation(code);
        let mut operands = Vec::new();
        let kinds = code.op.operands();
        for (kind, value) in kinds.iter().zip([code.a, code.b, code.c]) {
            if *kind != Operand::None {
                operands.push(self.operand(*kind, value));
            }
        }
        let operands = if relation.is_empty() {
            operands.join(", ")
        } else {
            operands.join(&format!(" {relation} "))
        };
        let invert = if code.x & X_INVERT == 0 { "" } else { "not " };
        let head = format!("{at:>6}  {:<11} {invert}{operands}", code.op.mnemonic());
        let pad = OPERANDS_COLUMNS.saturating_sub(head.chars().count()).max(2);
        format!("{}{}{}", visible(&head), " ".repeat(pad), edges(code))
    }

    fn operand(&self, kind: Operand, value: u16) -> String {
        let at = usize::from(value);
        match kind {
            Operand::None => String::new(),
            Operand::Read | Operand::Write => match self.module.slots.get(at) {
                Some(SlotRow::Value(node)) => dotted(self.module, *node),
                Some(SlotRow::Presence(node)) => format!("has({})", dotted(self.module, *node)),
                Some(SlotRow::Now) => "now".to_owned(),
                None => format!("r{}", at - self.module.slots.len()),
            },
            Operand::Const => self.module.constants.get(at).map(short).unwrap_or_default(),
            Operand::Set => self.module.sets.get(at).map(|set| self.set(set)).unwrap_or_default(),
            Operand::Pattern => {
                let pattern = self.module.patterns.get(at);
                pattern.map(|row| format!("/{}/", self.string(row.text))).unwrap_or_default()
            }
            Operand::Function => format!("function {value}"),
            Operand::Builtin => builtin(value),
            Operand::Dispatch => {
                let rows = self.module.dispatch.get(at).cloned().unwrap_or_default();
                let rows: Vec<String> = rows.iter().map(|row| builtin(*row)).collect();
                rows.join("|")
            }
            Operand::Host => {
                let host = self.module.hosts.get(at);
                host.map(|row| self.string(row.name).to_owned()).unwrap_or_default()
            }
            Operand::Message => {
                let row = self.module.messages.get(at);
                row.map(|row| self.string(row.name).to_owned()).unwrap_or_default()
            }
            Operand::Enum => {
                let row = self.module.enums.get(at);
                row.map(|row| self.string(row.name).to_owned()).unwrap_or_default()
            }
            Operand::Field => {
                let row = self.module.fields.get(at);
                row.map(|row| self.string(row.name).to_owned()).unwrap_or_default()
            }
            Operand::Cursor => format!("cursor {value}"),
            Operand::Outcome => format!("outcome {value}"),
            Operand::Class => {
                let class = u8::try_from(value).ok().and_then(EvalError::from_number);
                class.map_or_else(|| value.to_string(), |class| class.word().to_owned())
            }
        }
    }

    fn set(&self, set: &[u16]) -> String {
        let item = |at: &u16| self.module.constants.get(usize::from(*at)).map(short);
        let items: Vec<String> = set.iter().filter_map(item).collect();
        let text = format!("[{}]", items.join(", "));
        match text.char_indices().nth(60) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text,
        }
    }
}

/// CEL's name of an overload.
fn builtin(number: u16) -> String {
    by_number(number).map_or_else(|| format!("builtin {number}"), |row| row.id.to_owned())
}

/// The relation that a comparison asks for; empty for anything else.
pub(in crate::tools) fn relation(code: &Instruction) -> &'static str {
    if !code.op.mnemonic().starts_with("cmp") {
        return "";
    }
    match code.x & (X_LESS | X_EQUAL | X_GREATER) {
        X_LESS => "<",
        X_EQUAL => "==",
        X_GREATER => ">",
        both if both == X_LESS | X_EQUAL => "<=",
        both if both == X_GREATER | X_EQUAL => ">=",
        both if both == X_LESS | X_GREATER => "!=",
        _ => "?",
    }
}

/// Where an instruction goes on, and the atom that it decides.
fn edges(code: &Instruction) -> String {
    let mut parts = Vec::new();
    if code.op == Op::Jump {
        return target(code.f);
    }
    if code.op.yields() == Yield::Branch {
        parts.push(format!("F {}", target(code.f)));
    }
    if code.e != INFALLIBLE && code.op.yields() != Yield::Control {
        parts.push(format!("E {}", target(code.e)));
    }
    if code.w != NO_ATOM && code.w != NONE {
        parts.push(format!("atom {}", code.w));
    }
    parts.join("  ")
}

fn target(at: u16) -> String {
    match at {
        EXIT_TRUE => "true".to_owned(),
        EXIT_FALSE => "false".to_owned(),
        EXIT_ERROR => "error".to_owned(),
        INFALLIBLE => "never".to_owned(),
        at => format!("→ {at}"),
    }
}
