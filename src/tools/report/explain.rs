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

use crate::compiler::source::lines::Lines;
use crate::compiler::source::map::{SourceFile, SourceMap};
use crate::runtime::bundle::debug::{Debug, Place};
use crate::runtime::bundle::module::{Module, SlotRow};
use crate::runtime::program::Program;
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::observe::{Observer, Sight};
use crate::runtime::vm::report::DecisionReport;
use crate::tools::inspect::reads::dotted;
use crate::tools::report::context::locate;
use crate::tools::report::decision::{is_refused, row};
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::place::line_text;
use crate::tools::report::sight::{Seen, clipped, value_text};
use crate::tools::report::snippet::{Frame, Mark, draw_line};
use crate::tools::report::visible::visible;

/// Most values of a rule that are shown.
const VALUES_MAX: usize = 12;
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

impl<'p> Explainer<'p> {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(program: &'p Program) -> Self {
        Self { module: program.module(), seen: BTreeMap::new() }
    }
}

impl Observer for Explainer<'_> {
    fn see(&mut self, sight: Sight<'_>) {
        self.seen.insert(sight.atom, Seen::of(self.module, &sight));
    }
}

/// A decision, and what an explanation of it needs.
#[derive(Debug)]
pub struct Account<'a> {
    /// The decision.
    pub report: &'a DecisionReport,
    /// What was seen while it was made.
    pub seen: &'a Explainer<'a>,
    /// Its slots.
    pub slots: Vec<String>,
    /// Name and bytes of the context, where it is a file.
    pub context: Option<(&'a str, &'a [u8])>,
    /// A rule that was expected to decide: it is drawn on its source even where it was silent.
    pub wanted: Option<&'a str>,
}

/// The slots of a decision as JSON, each cut where it is long.
#[must_use]
pub fn slots(decision: &Decision<'_>) -> Vec<String> {
    let view = decision.view();
    let count = decision.program().module().slots.len();
    let values = decision.file().iter().take(count);
    values.map(|value| value_text(&view, value).unwrap_or_default()).collect()
}

/// The explanation of a decision: the rules that spoke on their sources, with the values that
/// they read, then the others.
#[must_use]
pub fn explanation(program: &Program, debug: &Debug, told: &Account<'_>, style: Style) -> String {
    let mut files = SourceMap::new();
    for (path, text) in &debug.sources {
        files.add(path.clone(), text.clone());
    }
    let files: Vec<&SourceFile> = files.iter().map(|(_, file)| file).collect();
    let report = told.report;
    let cx = Explanation { program, debug, files: &files, told, style };
    let mut text = String::new();
    if is_refused(report) {
        row(&mut text, style, "asked", "no rule: a context that is refused is not evaluated");
        return text;
    }
    let failed: Vec<&str> = report.errors.iter().filter_map(|e| e.rule.as_deref()).collect();
    let mut silent: Vec<(String, String)> = Vec::new();
    let mut skipped: Vec<&str> = Vec::new();
    for (number, rule) in program.module().rules.iter().enumerate() {
        let id = program.string(rule.id);
        let said = |ids: &[String]| ids.iter().any(|said| said == id);
        let asked = told.wanted == Some(id) && !cx.atoms_told(number).is_empty();
        if report.rule.as_deref() == Some(id) || failed.contains(&id) || asked {
            cx.draw(number, &mut text);
            cx.values(number, &mut text);
        } else if said(&report.shadow) {
            let says = format!("{id} would have fired: {}", cx.atoms_told(number));
            row(&mut text, style, "shadow", says.trim_end_matches([':', ' ']));
        } else if !said(&report.fired) {
            match cx.atoms_told(number) {
                told if told.is_empty() => skipped.push(id),
                told if rule.shadow => silent.push((format!("{id} (shadow)"), told)),
                told => silent.push((id.to_owned(), told)),
            }
        }
    }
    let width = silent.iter().map(|(id, _)| id.width()).max().unwrap_or(0).min(ID_COLUMNS_MAX);
    for (at, (id, why)) in silent.iter().take(SILENT_MAX).enumerate() {
        let gap = " ".repeat(width.saturating_sub(id.width()));
        let word = if at == 0 { "silent" } else { "" };
        row(&mut text, style, word, &format!("{id}{gap}  {why}"));
    }
    if silent.len() > SILENT_MAX {
        row(&mut text, style, "", &format!("and {} more rules", silent.len() - SILENT_MAX));
    }
    if !skipped.is_empty() {
        let more = skipped.len().saturating_sub(SILENT_MAX);
        let and = if more > 0 { format!(" and {more} more") } else { String::new() };
        let ids = skipped.iter().take(SILENT_MAX).copied().collect::<Vec<_>>().join(", ");
        row(&mut text, style, "not asked", &format!("{ids}{and}: about other calls"));
    }
    text
}

struct Explanation<'a> {
    program: &'a Program,
    debug: &'a Debug,
    files: &'a [&'a SourceFile],
    told: &'a Account<'a>,
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
        let is_own = |place: &Place| {
            place.source == whole.source && (whole.start..whole.end).contains(&place.start)
        };
        let is_seen = |atom: &u16| self.told.seen.seen.contains_key(atom);
        let elsewhere = self.atoms(rule).any(|(atom, place)| is_seen(&atom) && !is_own(&place));
        for (atom, place) in self.atoms(rule) {
            if !is_own(&place) && !is_seen(&atom) {
                continue; // It stands in a variable, or in a rule that shares it.
            }
            let Some(file) = self.files.get(place.source as usize) else { continue };
            let line = file.lines.place(&file.text, place.start).line;
            if elsewhere && !is_seen(&atom) && is_name(self.source(place)) {
                lines.entry((place.source, line)).or_default();
                continue; // A variable, which is shown where it is written.
            }
            let begin = file.lines.start(line).unwrap_or(0);
            let length = line_text(file, line).len();
            let inside = |at: u32| (at.saturating_sub(begin) as usize).min(length);
            let (words, paint) = match self.told.seen.seen.get(&atom) {
                Some(seen) => (label(seen, self.source(place)), Paint::Aside),
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
            if shown != *source {
                self.name(&mut rows, at, line_text(file, *line), frame, &file.path);
                shown = *source;
            }
        }
        for row in rows {
            text.push_str(&row);
            text.push('\n');
        }
    }

    /// Puts the path at the right edge of source row `at`; above it where there is no room.
    fn name(&self, rows: &mut Vec<String>, at: usize, line: &str, frame: Frame, path: &str) {
        let path = visible(path);
        let taken = frame.gutter + 3 + visible(line).width();
        let gap = self.style.width.checked_sub(taken + path.width()).filter(|gap| *gap > 1);
        match (gap, rows.get_mut(at)) {
            (Some(gap), Some(row)) => {
                row.push_str(&" ".repeat(gap));
                row.push_str(&self.style.paint(Paint::Frame, &path));
            }
            (_, _) => rows.insert(at, frame.blank(&format!("╭─[ {path} ]"))),
        }
    }

    /// A rule without a condition is shown by its first line.
    fn whole_rule(&self, rule: usize, lines: &mut BTreeMap<(u32, u32), Vec<Mark>>) {
        let Some(place) = self.debug.rules.get(rule).map(|rule| rule.place) else { return };
        let Some(file) = self.files.get(place.source as usize) else { return };
        let line = file.lines.place(&file.text, place.start).line;
        lines.entry((place.source, line)).or_default();
    }

    fn source(&self, place: Place) -> &str {
        let file = self.files.get(place.source as usize);
        let range = place.start as usize..place.end as usize;
        file.and_then(|file| file.text.get(range)).unwrap_or_default()
    }

    /// The values that a rule read, and where they stand.
    fn values(&self, rule: usize, text: &mut String) {
        let module = self.program.module();
        let Some(row) = module.rules.get(rule) else { return };
        let first = row.first_requirement as usize;
        let read = module.requirements.iter().skip(first).take(usize::from(row.requirements));
        let mut rows: Vec<[String; 3]> = Vec::new();
        for requirement in read.take(VALUES_MAX) {
            let slot = usize::from(requirement.slot);
            let Some(SlotRow::Value(node)) = module.slots.get(slot) else { continue };
            let path = dotted(module, *node);
            if path == "action.tool" {
                continue; // The headline names it.
            }
            let value = self.told.slots.get(slot).cloned().unwrap_or_default();
            let place = self.place_of(&path).unwrap_or_default();
            let name =
                path.strip_prefix("action.args").map_or(path.clone(), |it| format!("args{it}"));
            rows.push([visible(&name).into_owned(), visible(&value).into_owned(), place]);
        }
        let width = |column: usize| {
            let cells = rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.width()).max().unwrap_or(0)
        };
        let (names, values) = (width(0), width(1));
        let room = self.style.width.saturating_sub(names + values + 8);
        for [name, value, place] in &rows {
            let gap = " ".repeat(names - name.width());
            let space = " ".repeat(values - value.width());
            let short = place.rsplit('/').next().unwrap_or_default();
            let place = if place.width() > room { short } else { place };
            let place = self.style.paint(Paint::Frame, place);
            let line = format!("    {name}{gap}  {value}{space}  {place}");
            text.push_str(line.trim_end());
            text.push('\n');
        }
    }

    /// `big.json:6:17`.
    fn place_of(&self, path: &str) -> Option<String> {
        let (name, bytes) = self.told.context?;
        let at = locate(bytes, &path.split('.').collect::<Vec<_>>())?;
        let text = std::str::from_utf8(bytes).ok()?;
        let place = Lines::new(text).place(text, u32::try_from(at).ok()?);
        Some(format!("{}:{}:{}", visible(name), place.line, place.column))
    }

    /// The atoms of a rule that was asked and did not speak; empty if it was not asked.
    fn atoms_told(&self, rule: usize) -> String {
        let known = self.atoms(rule).filter_map(|(atom, place)| {
            let seen = self.told.seen.seen.get(&atom)?;
            let source = self.source(place);
            let shown = source.split_whitespace().collect::<Vec<_>>().join(" ");
            let (word, values) = seen.told(source);
            let values = if values.is_empty() { values } else { format!(": {values}") };
            Some(format!("`{}` {word}{values}", clipped(&shown)))
        });
        known.collect::<Vec<_>>().join(", ")
    }
}

/// Whether the source of an atom is the name of a variable.
fn is_name(source: &str) -> bool {
    source.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `true  12000 > 10000`.
fn label(seen: &Seen, source: &str) -> String {
    let (word, values) = seen.told(source);
    if values.is_empty() { word } else { format!("{word}  {values}") }
}
