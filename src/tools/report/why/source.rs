//! The rules of an explanation on their sources, the value under each atom; the others in rows.
//!
//! In:      a `Why`.
//! Out:     text for people.
//! Imports: `compiler::source`, `runtime::bundle`, `tools::why`.
//!
//! ```text
//!  21 │     when: args.amount > 10000.0 && others.size() < 2
//!     │           ┬────────────────────    ──────────────── true  1 < 2
//!     │           ╰─ true  12000 > 10000
//! ```

use std::collections::BTreeMap;

use unicode_width::UnicodeWidthStr;

use crate::compiler::source::map::{SourceFile, SourceMap};
use crate::runtime::bundle::debug::Place;
use crate::tools::report::decision::row;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::place::line_text;
use crate::tools::report::snippet::{Frame, Mark, draw_line};
use crate::tools::report::visible::visible;
use crate::tools::report::why::{REFUSED, because, did, name_of, policy_path, settled};
use crate::tools::why::{AtomWhy, RuleWhy, State, ValueWhy, Why};

/// Most silent rules that are shown.
const SILENT_MAX: usize = 20;
/// Ids are aligned up to this width.
const ID_COLUMNS_MAX: usize = 24;
/// Digits of a line number that are always kept free.
const NUMBER_DIGITS_MIN: usize = 2;

/// The explanation of a decision. `wanted` is a rule that was expected to decide: it is drawn on
/// its source even where it was silent. `tree`: every rule is drawn, with every atom.
#[must_use]
pub fn draw(why: &Why, wanted: Option<&str>, tree: bool, style: Style) -> String {
    let mut text = String::new();
    if why.refused {
        row(&mut text, style, "asked", REFUSED);
        return text;
    }
    let cx = Explanation::of(why, tree, style);
    let mut silent: Vec<(String, String)> = Vec::new();
    let mut skipped: Vec<&str> = Vec::new();
    // The entries of outputs lead to one another, and stand together.
    let mut entries = MarkedLines::new();
    for rule in why.rules_and_entries(tree) {
        let asked = rule.atoms.iter().any(AtomWhy::is_seen);
        let spoke = matches!(rule.state, State::Won | State::Failed | State::Held);
        if tree {
            row(&mut text, style, did(rule.state), &name_of(rule));
        }
        if spoke && !tree && rule.outcome.is_some() {
            cx.mark(rule, &mut entries);
            continue;
        }
        if tree || spoke || asked && wanted == Some(rule.id.as_str()) {
            let mut lines = MarkedLines::new();
            cx.mark(rule, &mut lines);
            cx.lines(&lines, &mut text);
            cx.values(rule, &mut text);
            continue;
        }
        match rule.state {
            State::Fired if rule.shadow => {
                let says = match settled(rule) {
                    Some(why) => format!("{} would have fired: {why}", rule.id),
                    None => format!("{} would have fired", rule.id),
                };
                row(&mut text, style, "shadow", &says);
            }
            State::Silent => silent.push((name_of(rule), settled(rule).unwrap_or_default())),
            State::NotAsked => skipped.push(&rule.id),
            State::Won | State::Failed | State::Held | State::Fired => {}
        }
    }
    cx.lines(&entries, &mut text);
    others(&mut text, &silent, &skipped, style);
    text
}

/// The rules that were silent, each with what made it so, and those that were not asked.
fn others(text: &mut String, silent: &[(String, String)], skipped: &[&str], style: Style) {
    let width = silent.iter().map(|(id, _)| id.width()).max().unwrap_or(0).min(ID_COLUMNS_MAX);
    for (at, (id, why)) in silent.iter().take(SILENT_MAX).enumerate() {
        let gap = " ".repeat(width.saturating_sub(id.width()));
        let word = if at == 0 { "silent" } else { "" };
        row(text, style, word, &format!("{id}{gap}  {why}"));
    }
    if silent.len() > SILENT_MAX {
        row(text, style, "", &format!("and {} more rules", silent.len() - SILENT_MAX));
    }
    if !skipped.is_empty() {
        let more = skipped.len().saturating_sub(SILENT_MAX);
        let and = if more > 0 { format!(" and {more} more") } else { String::new() };
        let ids = skipped.iter().take(SILENT_MAX).copied().collect::<Vec<_>>().join(", ");
        row(text, style, "not asked", &format!("{ids}{and}: about other calls"));
    }
}

/// Lines by source and number, and what is marked on each.
type MarkedLines = BTreeMap<(u32, u32), Vec<Mark>>;

struct Explanation {
    files: SourceMap,
    tree: bool,
    style: Style,
}

impl Explanation {
    fn of(why: &Why, tree: bool, style: Style) -> Self {
        let mut files = SourceMap::new();
        for (path, text) in &why.sources {
            files.add(path.clone(), text.clone());
        }
        Self { files, tree, style }
    }

    fn file(&self, source: u32) -> Option<&SourceFile> {
        self.files.iter().nth(source as usize).map(|(_, file)| file)
    }

    /// Adds the lines that hold atoms of a rule, each atom with its outcome.
    fn mark(&self, rule: &RuleWhy, lines: &mut MarkedLines) {
        let before = lines.len();
        let whole = rule.place.unwrap_or_default();
        let is_own = |place: &Place| {
            place.source == whole.source && (whole.start..whole.end).contains(&place.start)
        };
        let elsewhere = rule.atoms.iter().any(|atom| atom.is_seen() && !is_own(&atom.place));
        for atom in &rule.atoms {
            let seen = atom.is_seen();
            if !self.tree && !is_own(&atom.place) && !seen {
                continue; // It stands in a variable, or in a rule that shares it.
            }
            let Some(file) = self.file(atom.place.source) else { continue };
            let line = file.lines.line(atom.place.start);
            if elsewhere && !seen && is_name(&atom.text) {
                lines.entry((atom.place.source, line)).or_default();
                continue; // A variable, which is shown where it is written.
            }
            let begin = file.lines.start(line).unwrap_or(0);
            let length = line_text(file, line).len();
            let inside = |at: u32| (at.saturating_sub(begin) as usize).min(length);
            lines.entry((atom.place.source, line)).or_default().push(Mark {
                start: inside(atom.place.start),
                end: inside(atom.place.end),
                text: visible(&label(atom)).into_owned(),
                paint: if seen && !atom.would_be { Paint::Aside } else { Paint::Frame },
            });
        }
        self.yields(rule, lines);
        if lines.len() == before {
            self.first_line(rule, lines);
        }
    }

    /// Marks the first line of the value that an entry of an output yields, unless atoms of it tell
    /// more.
    fn yields(&self, rule: &RuleWhy, lines: &mut MarkedLines) {
        let Some(place) = rule.outcome.filter(|_| rule.state == State::Won) else { return };
        let Some(file) = self.file(place.source) else { return };
        let line = file.lines.line(place.start);
        let begin = file.lines.start(line).unwrap_or(0);
        let length = line_text(file, line).len();
        let inside = |at: u32| (at.saturating_sub(begin) as usize).min(length);
        let (start, end) = (inside(place.start), inside(place.end));
        let marks = lines.entry((place.source, line)).or_default();
        if marks.iter().all(|mark| mark.end <= start || end <= mark.start) {
            marks.push(Mark { start, end, text: "yields".to_owned(), paint: Paint::Aside });
        }
    }

    fn lines(&self, lines: &MarkedLines, text: &mut String) {
        let last = lines.keys().map(|(_, line)| *line).max().unwrap_or(0);
        let digits = last.to_string().len().max(NUMBER_DIGITS_MIN);
        let frame = Frame { style: self.style, gutter: digits + 1 };
        let mut rows: Vec<String> = Vec::new();
        let mut shown = u32::MAX;
        for ((source, line), marks) in lines {
            let Some(file) = self.file(*source) else { continue };
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
    fn first_line(&self, rule: &RuleWhy, lines: &mut MarkedLines) {
        let Some(place) = rule.place else { return };
        let Some(file) = self.file(place.source) else { return };
        let line = file.lines.line(place.start);
        lines.entry((place.source, line)).or_default();
    }

    /// The values that a rule read, and where they stand.
    fn values(&self, rule: &RuleWhy, text: &mut String) {
        let cells = |value: &ValueWhy| {
            let place = value.from.as_deref().map(|it| visible(it).into_owned());
            let name = visible(&policy_path(&value.path)).into_owned();
            [name, visible(&value.value).into_owned(), place.unwrap_or_default()]
        };
        let rows: Vec<[String; 3]> = rule.values.iter().map(cells).collect();
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
}

/// Whether the source of an atom is the name of a variable.
fn is_name(source: &str) -> bool {
    source.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// `true  12000 > 10000`; of an atom that nobody wrote what it asks, too.
fn label(atom: &AtomWhy) -> String {
    let because = because(atom);
    if atom.made {
        return format!("{}  {}", atom.outcome(), atom.line());
    }
    if because.is_empty() { atom.outcome() } else { format!("{}  {because}", atom.outcome()) }
}
