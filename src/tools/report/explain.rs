//! Why a decision is what it is, on the source text.
//!
//! In:      a program and what an `Explainer` saw while it decided.
//! Out:     the lines of the rules that spoke, the value under each atom; the others in a row each.
//! Imports: `base`, `lang`, `runtime`, `compiler::source`.
//!
//! ```text
//!  21 │     when: args.amount > 10000.0 && others.size() < 2
//!     │           ┬────────────────────    ──────────────── true  1 < 2
//!     │           ╰─ true  12000 > 10000
//! ```

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

use crate::compiler::source::map::{SourceFile, SourceMap};
use crate::lang::opcodes::{Instruction, Op, Operand};
use crate::lang::value::heap::View;
use crate::lang::value::json::{self, Form};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::debug::{Debug, Place};
use crate::runtime::bundle::module::Module;
use crate::runtime::program::Program;
use crate::runtime::vm::observe::{AtomOutcome, Observer, Sight};
use crate::runtime::vm::report::DecisionReport;
use crate::tools::inspect::constant::short;
use crate::tools::inspect::listing::relation;
use crate::tools::report::decision::row;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::place::line_text;
use crate::tools::report::snippet::{Frame, Mark, draw_line};
use crate::tools::report::visible::visible;

/// Most characters of a value that a label shows.
const VALUE_CHARACTERS_MAX: usize = 40;
/// Most silent rules that are shown.
const SILENT_MAX: usize = 20;
/// Ids are aligned up to this width.
const ID_COLUMNS_MAX: usize = 24;
/// Digits of a line number that are always kept free.
const NUMBER_DIGITS_MIN: usize = 2;

/// Keeps the last outcome of every atom, with the values that decided it.
#[derive(Debug)]
pub struct Explainer<'p> {
    module: &'p Module,
    seen: BTreeMap<u16, Seen>,
}

#[derive(Clone, Debug)]
struct Seen {
    word: String,
    values: String,
}

impl<'p> Explainer<'p> {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(program: &'p Program) -> Self {
        Self { module: program.module(), seen: BTreeMap::new() }
    }
}

impl Observer for Explainer<'_> {
    const ON: bool = true;

    fn see(&mut self, sight: Sight<'_>) {
        let word = match sight.outcome {
            AtomOutcome::False => "false".to_owned(),
            AtomOutcome::True => "true".to_owned(),
            AtomOutcome::Error(class) => format!("error {}", class.code().id()),
        };
        let values = values(self.module, &sight);
        self.seen.insert(sight.atom, Seen { word, values });
    }
}

/// The operands of the deciding instruction, as in `12000 > 10000`; empty where there is nothing
/// that the source does not say.
fn values(module: &Module, sight: &Sight<'_>) -> String {
    let code = sight.instruction;
    let [a, b, _] = code.op.operands();
    let left = if code.op == Op::CompareSize {
        size_of(sight, code.a)
    } else {
        operand(module, sight, a, code.a)
    };
    let right = operand(module, sight, b, code.b);
    match (left, infix(code), right) {
        (Some(left), Some(word), Some(right)) if code.op == Op::Holds => {
            format!("{right} {word} {left}")
        }
        (Some(left), Some(word), Some(right)) => format!("{left} {word} {right}"),
        (Some(left), None, _) if code.op != Op::Flag && code.op != Op::Has => left,
        (_, _, _) => String::new(),
    }
}

/// What stands between the operands of an instruction.
fn infix(code: &Instruction) -> Option<&'static str> {
    let word = relation(code);
    if !word.is_empty() {
        return Some(word);
    }
    match code.op.mnemonic() {
        "eq.str" | "eq.const" | "eq" => Some("=="),
        "in.set" | "in" | "holds" => Some("in"),
        "starts" => Some("starts with"),
        "ends" => Some("ends with"),
        "contains" => Some("contains"),
        "match" => Some("matches"),
        _ => None,
    }
}

fn operand(module: &Module, sight: &Sight<'_>, kind: Operand, at: u16) -> Option<String> {
    match kind {
        Operand::Read => {
            let value = sight.file.get(usize::from(at))?;
            value_text(&sight.view, value)
        }
        Operand::Const => module.constants.get(usize::from(at)).map(short),
        Operand::Set => {
            let set = module.sets.get(usize::from(at))?;
            let item = |at: &u16| module.constants.get(usize::from(*at)).map(short);
            let items: Vec<String> = set.iter().filter_map(item).collect();
            Some(clipped(&format!("[{}]", items.join(", "))))
        }
        Operand::Pattern => {
            let pattern = module.patterns.get(usize::from(at))?;
            module.strings.get(pattern.text as usize).map(|text| format!("{text:?}"))
        }
        Operand::None
        | Operand::Write
        | Operand::Function
        | Operand::Builtin
        | Operand::Dispatch
        | Operand::Host
        | Operand::Cursor
        | Operand::Outcome
        | Operand::Class => None,
    }
}

/// The size of the value at `at`, as CEL counts it.
fn size_of(sight: &Sight<'_>, at: u16) -> Option<String> {
    let value = sight.file.get(usize::from(at))?;
    let count = if value.tag() == Tag::List {
        sight.view.elements(value).len()
    } else if value.tag() == Tag::String {
        sight.view.str(value).chars().count()
    } else {
        return value_text(&sight.view, value).map(|text| format!("size({text})"));
    };
    Some(count.to_string())
}

fn value_text(view: &View<'_>, value: &Value) -> Option<String> {
    if !value.is_present() {
        return Some("absent".to_owned());
    }
    let mut text = String::new();
    json::write(view, value, Form::Plain, &mut text).ok()?;
    Some(clipped(&text))
}

fn clipped(text: &str) -> String {
    if text.chars().count() <= VALUE_CHARACTERS_MAX {
        return text.to_owned();
    }
    text.chars().take(VALUE_CHARACTERS_MAX - 1).chain(['…']).collect()
}

/// The explanation of a decision: the rules that spoke on their sources, then the silent ones.
#[must_use]
pub fn explanation(
    program: &Program,
    debug: &Debug,
    report: &DecisionReport,
    seen: &Explainer<'_>,
    style: Style,
) -> String {
    let mut files = SourceMap::new();
    for (path, text) in &debug.sources {
        files.add(path.clone(), text.clone());
    }
    let files: Vec<&SourceFile> = files.iter().map(|(_, file)| file).collect();
    let cx = Explanation { debug, files: &files, seen, style };
    let failed: Vec<&str> = report.errors.iter().filter_map(|e| e.rule.as_deref()).collect();
    let mut text = String::new();
    let mut silent: Vec<(&str, String)> = Vec::new();
    for (number, rule) in program.module().rules.iter().enumerate() {
        let id = program.string(rule.id);
        let spoke = report.rule.as_deref() == Some(id) || failed.contains(&id);
        if spoke {
            cx.draw(number, &mut text);
        } else if !report.fired.iter().chain(&report.shadow).any(|fired| fired == id) {
            silent.push((id, cx.why_silent(number)));
        }
    }
    let width = silent.iter().map(|(id, _)| id.width()).max().unwrap_or(0).min(ID_COLUMNS_MAX);
    let more = silent.len().saturating_sub(SILENT_MAX);
    for (id, why) in silent.iter().take(SILENT_MAX) {
        let gap = " ".repeat(width.saturating_sub(id.width()));
        row(&mut text, style, "silent", &format!("{id}{gap}  {why}"));
    }
    if more > 0 {
        row(&mut text, style, "silent", &format!("and {more} more rules"));
    }
    text
}

struct Explanation<'a> {
    debug: &'a Debug,
    files: &'a [&'a SourceFile],
    seen: &'a Explainer<'a>,
    style: Style,
}

impl Explanation<'_> {
    fn atoms(&self, rule: usize) -> impl Iterator<Item = (u16, Place)> {
        let atoms = self.debug.rules.get(rule).map_or(&[][..], |rule| rule.atoms.as_slice());
        let place = |atom: &u16| self.debug.atoms.get(usize::from(*atom)).copied();
        atoms.iter().filter_map(move |atom| Some((*atom, place(atom)?)))
    }

    /// The lines that hold atoms of a rule, each atom with its outcome.
    fn draw(&self, rule: usize, text: &mut String) {
        let mut lines: BTreeMap<(u32, u32), Vec<Mark>> = BTreeMap::new();
        let whole = self.debug.rules.get(rule).map(|rule| rule.place).unwrap_or_default();
        for (atom, place) in self.atoms(rule) {
            let own =
                place.source == whole.source && (whole.start..whole.end).contains(&place.start);
            if !own && !self.seen.seen.contains_key(&atom) {
                continue; // It stands in a variable, or in a rule that shares it.
            }
            let Some(file) = self.files.get(place.source as usize) else { continue };
            let line = file.lines.place(&file.text, place.start).line;
            let begin = file.lines.start(line).unwrap_or(0);
            let length = line_text(file, line).len();
            let inside = |at: u32| (at.saturating_sub(begin) as usize).min(length);
            let (words, paint) = match self.seen.seen.get(&atom) {
                Some(seen) if seen.values.is_empty() => (seen.word.clone(), Paint::Aside),
                Some(seen) => (format!("{}  {}", seen.word, seen.values), Paint::Aside),
                None => ("not needed".to_owned(), Paint::Frame),
            };
            lines.entry((place.source, line)).or_default().push(Mark {
                start: inside(place.start),
                end: inside(place.end),
                text: visible(&words).into_owned(),
                paint,
            });
        }
        if lines.is_empty() {
            self.whole_rule(rule, &mut lines);
        }
        let last = lines.keys().map(|(_, line)| *line).max().unwrap_or(0);
        let digits = last.to_string().len().max(NUMBER_DIGITS_MIN);
        let frame = Frame { style: self.style, gutter: digits + 1 };
        let mut rows: Vec<String> = Vec::new();
        let mut shown = u32::MAX;
        for ((source, line), marks) in &lines {
            let Some(file) = self.files.get(*source as usize) else { continue };
            let at = rows.len();
            draw_line(frame, *line, line_text(file, *line), marks, &mut rows);
            if let Some(row) = rows.get_mut(at).filter(|_| shown != *source) {
                self.name(row, line_text(file, *line), frame, &file.path);
                shown = *source;
            }
        }
        for row in rows {
            text.push_str(&row);
            text.push('\n');
        }
    }

    /// Puts the path at the right edge of a source line, where there is room.
    fn name(&self, row: &mut String, line: &str, frame: Frame, path: &str) {
        let path = visible(path);
        let taken = frame.gutter + 3 + visible(line).width();
        if let Some(gap) = self.style.width.checked_sub(taken + path.width()).filter(|g| *g > 1) {
            row.push_str(&" ".repeat(gap));
            row.push_str(&self.style.paint(Paint::Frame, &path));
        }
    }

    /// A rule without a condition is shown by its first line.
    fn whole_rule(&self, rule: usize, lines: &mut BTreeMap<(u32, u32), Vec<Mark>>) {
        let Some(place) = self.debug.rules.get(rule).map(|rule| rule.place) else { return };
        let Some(file) = self.files.get(place.source as usize) else { return };
        let line = file.lines.place(&file.text, place.start).line;
        lines.entry((place.source, line)).or_default();
    }

    /// The atoms of a rule that was asked and did not speak; else that it was not asked.
    fn why_silent(&self, rule: usize) -> String {
        let known = self.atoms(rule).filter_map(|(atom, place)| {
            let seen = self.seen.seen.get(&atom)?;
            let file = self.files.get(place.source as usize)?;
            let source = file.text.get(place.start as usize..place.end as usize)?;
            let source = source.split_whitespace().collect::<Vec<_>>().join(" ");
            let values =
                if seen.values.is_empty() { String::new() } else { format!(": {}", seen.values) };
            Some(format!("`{}` {}{values}", clipped(&source), seen.word))
        });
        let known: Vec<String> = known.collect();
        if known.is_empty() {
            return "not asked: it speaks about other calls".to_owned();
        }
        known.join(", ")
    }
}
