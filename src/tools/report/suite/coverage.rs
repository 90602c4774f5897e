//! What cases exercise of policies, drawn.
//!
//! In:      `Drawing`.
//! Out:     text for people, JSON, Markdown; the other formats stand beside.
//! Imports: `base`, `compiler::solve`, `compiler::source`, `tools::coverage`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use unicode_width::UnicodeWidthStr;

use crate::base::span::{FileId, Span};
use crate::compiler::solve::input::Example;
use crate::compiler::source::map::SourceMap;
use crate::tools::coverage::{AtomCover, Coverage, Goal, Reach, RuleCover, Share, Shares};
use crate::tools::report::json::document;
use crate::tools::report::markdown::{cell, code};
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::place::{clamp, line_text};
use crate::tools::report::snippet::{Frame, Mark, draw_line};
use crate::tools::report::suite::{
    cobertura, coverage_page, input_line, lcov, percent, share, time_text,
};
use crate::tools::report::visible::{visible, wrap};
use crate::tools::report::{NamedFormat, Report, counted};

/// Columns of ids, at most.
const ID_COLUMNS_MAX: usize = 28;

/// The coverage of one project.
#[derive(Clone, Copy, Debug)]
pub struct ProjectCoverage<'a> {
    /// Its files.
    pub files: &'a SourceMap,
    /// What stands before their logical paths.
    pub prefix: &'a str,
    /// What is exercised of it.
    pub coverage: &'a Coverage,
}

impl ProjectCoverage<'_> {
    pub(super) fn report(&self) -> Report<'_> {
        let (files, prefix, command) = (self.files, self.prefix, "policyc test");
        Report { files, prefix, findings: &[], dropped: 0, cases: None, command }
    }

    /// The lines of a span, from the first to the last.
    pub(super) fn lines(&self, span: Span) -> (u32, u32) {
        let Some(file) = self.files.get(span.file) else { return (1, 1) };
        let span = clamp(file, span);
        let line = |at: u32| file.lines.line(at);
        (line(span.start), line(span.end))
    }

    pub(super) fn text(&self, span: Span) -> String {
        self.files.text(span).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// What there is to draw.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// By project.
    pub projects: &'a [ProjectCoverage<'a>],
    /// Hundredths that each of the three measures must reach.
    pub threshold: Option<f64>,
    /// Seconds since the epoch that formats state which want a time.
    pub created: Option<i64>,
}

impl Drawing<'_> {
    /// The measures of all projects together.
    #[must_use]
    pub fn shares(&self) -> Shares {
        Shares::of(self.projects.iter().flat_map(|project| &project.coverage.rules))
    }

    /// The measures that are below the threshold, in words.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let Some(wanted) = self.threshold else { return Vec::new() };
        let below = measures(self.shares()).into_iter().filter_map(|(name, key, it)| {
            // No rule that was looked at is no rule that is covered.
            let none = (key == "rules").then_some(0.0);
            let share = share(it.covered, it.all).or(none).filter(|share| *share < wanted)?;
            Some(format!("{name}: below the threshold of {wanted} % by {:.1}", wanted - share))
        });
        below.collect()
    }
}

/// The measures: for people, for programs, and how much.
pub(super) fn measures(shares: Shares) -> [(&'static str, &'static str, Share); 3] {
    [
        ("rules fired", "rules", shares.rules),
        ("atoms both ways", "atoms", shares.atoms),
        ("MC/DC", "mcdc", shares.alone),
    ]
}

/// A way to write coverage.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// As it is chosen.
    pub name: &'static str,
    /// Draws everything.
    pub draw: fn(&Drawing<'_>, Style) -> String,
    /// Whether people read it on a screen.
    pub for_people: bool,
}

/// Every format. The first is the default.
pub const FORMATS: &[Format] = &[
    Format { name: "full", draw: full, for_people: true },
    Format { name: "json", draw: json, for_people: false },
    Format { name: "lcov", draw: lcov::draw, for_people: false },
    Format { name: "cobertura", draw: cobertura::draw, for_people: false },
    Format { name: "html", draw: coverage_page::draw, for_people: false },
    Format { name: "markdown", draw: markdown, for_people: false },
];

impl NamedFormat for Format {
    const ALL: &'static [Self] = FORMATS;

    fn name(&self) -> &'static str {
        self.name
    }
}

/// `23 of 30 (76.7 %)`.
fn share_text(share: Share) -> String {
    format!("{} of {} ({})", share.covered, share.all, percent(share.covered, share.all))
}

/// Why an atom is not covered as a whole; `None` if it is.
pub(super) fn why(rule: &RuleCover, atom: &AtomCover) -> Option<String> {
    let looked = atom.yes + atom.no + atom.failed;
    let cases = counted(atom.yes + atom.no, "case");
    Some(match (atom.yes > 0, atom.no > 0) {
        (true, true) if atom.alone => return None,
        (true, true) => "both ways, never alone".to_owned(),
        (true, false) if atom.guard => format!("every case asks it ({cases})"),
        (false, true) if atom.guard => format!("no case asks it ({cases})"),
        (true, false) => format!("true in all it is looked at ({cases})"),
        (false, true) => format!("false in all it is looked at ({cases})"),
        (false, false) if rule.asked == 0 => "no case asks the rule".to_owned(),
        (false, false) if looked > 0 => "it fails in all it is looked at".to_owned(),
        (false, false) => "never looked at: what stands beside it settles it".to_owned(),
    })
}

/// What an input does for an atom.
const fn goal_words(goal: Goal) -> &'static str {
    match goal {
        Goal::Yes => "true on",
        Goal::No => "false on",
        Goal::Alone => "alone on",
    }
}

/// What there is to say of a rule as a whole.
pub(super) fn rule_notes(rule: &RuleCover) -> Vec<String> {
    let mut notes = Vec::new();
    match &rule.reach {
        None => {}
        Some(Reach::Found(example)) => {
            notes.push(format!("never fired; it fires on {}", input_line(example)));
        }
        Some(Reach::Impossible) => {
            notes.push("never fired: it fires on no input (proved)".to_owned());
        }
        Some(Reach::Open) => notes.push("never fired: whether it can is not known".to_owned()),
    }
    if rule.fired > 0 && rule.won == 0 && !rule.masked_by.is_empty() {
        let others = rule.masked_by.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        notes.push(format!("never wins: where it fires, {others} wins"));
    }
    notes
}

/// What an atom is called.
pub(super) fn name(project: &ProjectCoverage<'_>, atom: &AtomCover) -> String {
    match &atom.asks {
        Some(asks) => asks.clone(),
        None if atom.guard => "asked".to_owned(),
        None => project.text(atom.span),
    }
}

/// The inputs that would cover what is missing of a rule's atoms.
pub(super) fn witnesses(project: &ProjectCoverage<'_>, rule: &RuleCover) -> Vec<String> {
    let mut lines = Vec::new();
    for atom in &rule.atoms {
        for (goal, example) in &atom.witnesses {
            let (what, on) = (name(project, atom), goal_words(*goal));
            lines.push(format!("`{what}` {on} {}", input_line(example)));
        }
    }
    lines
}

/// `fired 3 of 12 cases`.
fn row(rule: &RuleCover) -> [String; 3] {
    let shares = Shares::of([rule]);
    let both = rule.atoms.iter().filter(|atom| atom.ways() == 2).count();
    let of = |covered: usize, word: &str| {
        if rule.atoms.is_empty() {
            String::new()
        } else {
            format!("{word} {covered}/{}", rule.atoms.len())
        }
    };
    [
        format!("fired {} of {}", rule.fired, counted(rule.asked, "case")),
        of(both, "both ways"),
        of(shares.alone.covered, "MC/DC"),
    ]
}

/// For people.
fn full(drawing: &Drawing<'_>, style: Style) -> String {
    let mut text = String::new();
    let all = drawing.projects.iter().flat_map(|project| &project.coverage.rules);
    let rows: Vec<(&RuleCover, [String; 3])> = all.map(|rule| (rule, row(rule))).collect();
    let ids = rows.iter().map(|(rule, _)| rule.id.width());
    let width = ids.max().unwrap_or(0).min(ID_COLUMNS_MAX);
    let column = |at: usize| {
        let cells = rows.iter().filter_map(|(_, cells)| cells.get(at));
        cells.map(|cell| cell.width()).max().unwrap_or(0)
    };
    let (first, second) = (column(0), column(1));
    let mut rows = rows.iter();
    for project in drawing.projects {
        for (rule, [fired, both, alone]) in rows.by_ref().take(project.coverage.rules.len()) {
            let id = visible(&rule.id);
            let gap = " ".repeat(width.saturating_sub(id.width()));
            let covered = rule.fired > 0 && rule.atoms.iter().all(|atom| why(rule, atom).is_none());
            let paint = if covered { Paint::Good } else { Paint::Wait };
            let line = format!("{fired:first$}  {both:second$}  {alone}");
            let _ = writeln!(text, "  {id}{gap}  {}", style.paint(paint, line.trim_end()));
            gaps(&mut text, project, rule, style);
        }
    }
    let parts =
        measures(drawing.shares()).map(|(name, _, share)| format!("{name} {}", share_text(share)));
    let _ = writeln!(text, "  {}", parts.join(" · "));
    for missing in drawing.missing() {
        let _ = writeln!(text, "  {}", style.paint(Paint::Bad, &missing));
    }
    text
}

/// What is missing of a rule, marked on its source.
fn gaps(text: &mut String, project: &ProjectCoverage<'_>, rule: &RuleCover, style: Style) {
    let mut lines: BTreeMap<(u32, u32), Vec<Mark>> = BTreeMap::new();
    for atom in &rule.atoms {
        let (Some(words), Some(file)) = (why(rule, atom), project.files.get(atom.span.file)) else {
            continue;
        };
        let span = clamp(file, atom.span);
        let line = file.lines.line(span.start);
        let begin = file.lines.start(line).unwrap_or(0);
        let length = line_text(file, line).len();
        let inside = |at: u32| (at.saturating_sub(begin) as usize).min(length);
        lines.entry((span.file.0, line)).or_default().push(Mark {
            start: inside(span.start),
            end: inside(span.end),
            text: words,
            paint: Paint::Wait,
        });
    }
    let last = lines.keys().map(|(_, line)| *line).max().unwrap_or(0);
    let frame = Frame { style, gutter: last.to_string().len().max(2) + 3 };
    let mut rows = Vec::new();
    for ((file, line), marks) in &lines {
        let file = FileId(*file);
        if let Some(file) = project.files.get(file) {
            draw_line(frame, *line, line_text(file, *line), marks, &mut rows);
        }
    }
    for row in rows {
        text.push_str(&row);
        text.push('\n');
    }
    let notes = rule_notes(rule).into_iter().chain(witnesses(project, rule));
    for note in notes {
        for line in wrap(&visible(&note), style.width.saturating_sub(8)) {
            let _ = writeln!(text, "        {line}");
        }
    }
}

/// For programs.
fn json(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut rules = Vec::new();
    for project in drawing.projects {
        rules.extend(project.coverage.rules.iter().map(|rule| rule_json(project, rule)));
    }
    let cases: usize = drawing.projects.iter().map(|project| project.coverage.cases).sum();
    let shares: serde_json::Map<String, Json> = measures(drawing.shares())
        .into_iter()
        .map(|(_, name, it)| {
            let percent = share(it.covered, it.all);
            (name.to_owned(), json!({"covered": it.covered, "all": it.all, "percent": percent}))
        })
        .collect();
    document(&json!({
        "format": "policyc.test-coverage", "version": 1, "cases": cases, "shares": shares,
        "threshold": drawing.threshold, "below": drawing.missing(), "rules": rules,
    }))
}

fn place_json(project: &ProjectCoverage<'_>, span: Span) -> Json {
    let report = project.report();
    let file = project.files.get(span.file);
    let start = file.map(|file| file.lines.place(&file.text, clamp(file, span).start));
    json!({
        "file": report.path(span), "line": start.as_ref().map(|at| at.line),
        "column": start.as_ref().map(|at| at.column), "end_line": project.lines(span).1,
    })
}

fn rule_json(project: &ProjectCoverage<'_>, rule: &RuleCover) -> Json {
    let example = |it: &Example| json!({"context": it.context, "now": time_text(it)});
    let atoms = rule.atoms.iter().map(|atom| {
        let goals = atom.witnesses.iter().map(|(goal, it)| {
            let name = match goal {
                Goal::Yes => "true",
                Goal::No => "false",
                Goal::Alone => "alone",
            };
            (name.to_owned(), example(it))
        });
        json!({
            "text": name(project, atom), "place": place_json(project, atom.span),
            "guard": atom.guard, "true": atom.yes, "false": atom.no, "failed": atom.failed,
            "alone": atom.alone, "why_not_covered": why(rule, atom),
            "witnesses": goals.collect::<serde_json::Map<_, _>>(),
        })
    });
    let (reach, witness) = match &rule.reach {
        None => (None, None),
        Some(Reach::Found(it)) => (Some("reachable"), Some(example(it))),
        Some(Reach::Impossible) => (Some("impossible"), None),
        Some(Reach::Open) => (Some("not decided"), None),
    };
    json!({
        "policy": rule.policy, "id": rule.id, "place": place_json(project, rule.span),
        "asked": rule.asked, "fired": rule.fired, "failed": rule.failed, "won": rule.won,
        "masked_by": rule.masked_by, "reach": reach, "witness": witness,
        "atoms": atoms.collect::<Vec<_>>(),
    })
}

/// For comments on pull requests.
fn markdown(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut text = String::from("### policyc: coverage of policies by their tests\n\n");
    text.push_str("| measure | covered |\n|---|--:|\n");
    for (name, _, share) in measures(drawing.shares()) {
        let _ = writeln!(text, "| {name} | {} |", share_text(share));
    }
    for missing in drawing.missing() {
        let _ = writeln!(text, "\n**{missing}**");
    }
    let mut open = Vec::new();
    for project in drawing.projects {
        for rule in &project.coverage.rules {
            let mut lines: Vec<String> = Vec::new();
            for atom in &rule.atoms {
                if let Some(why) = why(rule, atom) {
                    lines.push(format!("`{}`: {}", code(&name(project, atom)), cell(&why)));
                }
            }
            let notes = rule_notes(rule).into_iter().chain(witnesses(project, rule));
            lines.extend(notes.map(|note| cell(&note)));
            if !lines.is_empty() {
                open.push((cell(&rule.id), cell(&project.report().place(rule.span)), lines));
            }
        }
    }
    for (id, place, lines) in open {
        let _ = writeln!(text, "\n<details><summary>{id} ({place})</summary>\n");
        for line in lines {
            let _ = writeln!(text, "- {line}");
        }
        text.push_str("\n</details>\n");
    }
    text
}
