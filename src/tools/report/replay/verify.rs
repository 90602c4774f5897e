//! What `replay verify` found out.
//!
//! In:      `Verified`, the names of sources and bundles.
//! Out:     text for people, JSON, `JUnit`, Markdown.
//! Imports: `base`, `compiler::source`, `diag`, `lang`, `runtime::program`, `runtime::record`,
//!          `runtime::vm`, `tools::inspect`, `tools::replay`.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::base::arrange::Arrange as _;
use crate::compiler::source::map::SourceMap;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::record::check::ChainReport;
use crate::runtime::vm::observe::AtomState;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::inspect::{bundle_name, digest_short, digest_text};
use crate::tools::replay::findings;
use crate::tools::replay::fold::SessionObstacle;
use crate::tools::replay::open::Source;
use crate::tools::replay::redecide::Obstacle;
use crate::tools::replay::store::{Digest, Store};
use crate::tools::replay::verify::{Found, InSession, Mismatch, Part, Verified};
use crate::tools::report::json::document as json_document;
use crate::tools::report::junit::{Case, document};
use crate::tools::report::markdown::{cell, code};
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::replay::{chain, many, records, share, verify_formats};
use crate::tools::report::visible::visible;
use crate::tools::report::{NamedFormat, Report, full as findings_full};

/// What there is to draw.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// What was found out.
    pub verified: &'a Verified,
    /// What is known of its chains.
    pub chained: &'a ChainReport,
    /// Blocks that were passed over: they hold nothing that was asked for.
    pub passed: u64,
    /// Where the records lie.
    pub sources: &'a [Source],
    /// The options that name their bundles, behind a blank each.
    pub bundles: &'a str,
    /// Their bundles.
    pub store: &'a Store,
    /// What people may be told of those that decided otherwise.
    pub worded: &'a [DescribedProgram<'a>],
    /// How long it took, and how many records that is a second, in words.
    pub took: &'a str,
    /// Whether it was stopped before the end.
    pub stopped: bool,
    /// What is damaged and was not read, in words.
    pub damages: &'a [String],
    /// Undetermined records that are no reason to fail.
    pub max_undetermined: u64,
}

/// A format: its name, and how it is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// As it is chosen.
    pub name: &'static str,
    /// Draws everything.
    pub draw: fn(&Drawing<'_>, Style) -> String,
}

/// Every format. The first is the default.
pub const FORMATS: &[Format] = &[
    Format { name: "full", draw: full },
    Format { name: "html", draw: verify_formats::html },
    Format { name: "json", draw: json },
    Format { name: "json-lines", draw: json_lines },
    Format { name: "junit", draw: junit },
    Format { name: "markdown", draw: markdown },
    Format { name: "narrated", draw: verify_formats::narrated },
];

impl NamedFormat for Format {
    const ALL: &'static [Self] = FORMATS;

    fn name(&self) -> &'static str {
        self.name
    }
}

impl Drawing<'_> {
    pub(super) fn program(&self, digest: Digest) -> Option<Arc<Program>> {
        self.store.get(digest).ok()
    }

    /// What people may be told of a bundle.
    pub(super) fn worded(&self, digest: Digest) -> Option<&DescribedProgram<'_>> {
        self.worded.iter().find(|worded| worded.program.digest() == digest)
    }

    /// `payments@9f2c41`, or the digest alone where nobody has the bundle.
    pub(super) fn bundle(&self, digest: Digest) -> String {
        self.program(digest).map_or_else(|| digest_short(&digest), |program| bundle_name(&program))
    }

    pub(super) fn source(&self, at: usize) -> &str {
        self.sources.get(at).map_or("", |source| source.name.as_str())
    }

    /// The options with which other commands find the records of a source.
    pub(super) fn given(&self, at: usize) -> String {
        // What was piped is gone.
        let name = Some(self.source(at)).filter(|name| *name != "-").unwrap_or("FILE");
        format!("--records {}{}", findings::word(name), self.bundles)
    }

    /// The row of the chains.
    pub(super) fn chain(&self) -> (&'static str, Paint, String) {
        match self.passed {
            0 => chain::row(self.chained, self.verified.unchained),
            passed => {
                let says = format!("{} passed over", many(passed, "block"));
                ("not looked at:", Paint::Wait, says)
            }
        }
    }

    /// The rows of the table: word, number, and what else is to be said.
    pub(super) fn rows(&self) -> Vec<(&'static str, u64, String)> {
        let Verified { records, exact, undetermined, mismatched, unreadable, .. } = self.verified;
        let mut rows = vec![("exact", *exact, share(*exact, *records))];
        if self.verified.by_facts > 0 {
            let says = "decided by recorded atoms, where values are withheld".to_owned();
            rows.push(("by facts", self.verified.by_facts, says));
        }
        if *undetermined > 0 {
            let needs: Vec<&str> = self.verified.needs.keys().map(String::as_str).collect();
            rows.push(("undetermined", *undetermined, format!("needs {}", needs.join(", "))));
        }
        for (obstacle, count) in &self.verified.obstacles {
            let bundle = match obstacle {
                Obstacle::MissingBundle(digest) | Obstacle::UnusableBundle(digest) => {
                    format!(": {}", digest_short(digest))
                }
                Obstacle::NoBundle
                | Obstacle::NoTime
                | Obstacle::NoOutcome
                | Obstacle::NoWitness
                | Obstacle::Semantics(_)
                | Obstacle::Declared
                | Obstacle::State
                | Obstacle::Raw
                | Obstacle::Asks
                | Obstacle::NotWhole
                | Obstacle::Crowded => String::new(),
            };
            rows.push(("not replayable", *count, format!("{}{bundle}", obstacle.words())));
        }
        for (why, count) in &self.verified.incomplete {
            let sessions = self.verified.astray.get(why).copied().unwrap_or_default();
            // Of a number that comes twice the session goes on.
            let of = if sessions > 0 { many(sessions, "session") + ": " } else { String::new() };
            rows.push(("incomplete", *count, format!("{of}{}", why.words())));
        }
        if !self.damages.is_empty() {
            rows.push(("not read", self.damages.len() as u64, self.damages.join("; ")));
        }
        if *unreadable > 0 {
            rows.push(("no record", *unreadable, "lines that cannot be read".to_owned()));
        }
        let says = if *mismatched > 0 { self.differs()[0] } else { "" };
        rows.push(("mismatch", *mismatched, says.to_owned()));
        if self.verified.downstream > 0 {
            let says = "later events of sessions that differ before".to_owned();
            rows.push(("downstream", self.verified.downstream, says));
        }
        rows
    }

    /// Whether all that was asked for was read and could be decided again.
    fn is_whole(&self) -> bool {
        let Verified { undetermined, unreadable, .. } = *self.verified;
        let judged = self.verified.obstructed() == 0 && self.verified.in_part() == 0;
        let read = unreadable == 0 && self.damages.is_empty() && !self.stopped;
        read && judged && undetermined <= self.max_undetermined
    }

    /// What came of it in a few words, and whether there is nothing to object to.
    pub(super) fn verdict(&self) -> (&'static str, bool) {
        let Verified { records, mismatched, downstream, .. } = *self.verified;
        if self.chained.broken > 0 {
            return ("a log was changed after it was written", false);
        }
        match (mismatched + downstream, self.is_whole()) {
            (0, false) => ("not all could be verified", false),
            (0, true) if records == 0 => ("there is nothing to verify", true),
            (0, true) => ("nothing differs", true),
            (_, _) => (self.differs()[1], false),
        }
    }

    /// What the records that differ do, in their row and of all. A record of a session can differ
    /// where its decision is the same. Of those that are not kept it is open whether they do.
    fn differs(&self) -> [&'static str; 2] {
        let Verified { mismatched, mismatches, sessions, .. } = self.verified;
        let is_decision = |found: &&Found<Mismatch>| match &found.what.session {
            None | Some(InSession { part: Part::Decision, .. }) => true,
            Some(InSession {
                part: Part::Before | Part::After | Part::Context | Part::Knew,
                ..
            }) => false,
        };
        let decisions = mismatches.iter().filter(is_decision).count() as u64;
        if *sessions == 0 || (decisions > 0 && decisions == *mismatched) {
            ["decided otherwise now", "decisions differ"]
        } else if decisions == 0 && *mismatched == mismatches.len() as u64 {
            ["decided alike, and changed elsewhere", "records differ"]
        } else {
            ["not as recorded", "records differ"]
        }
    }

    /// The bundles that made the records, those of most records first.
    pub(super) fn bundles(&self) -> Vec<(Digest, u64)> {
        let mut bundles: Vec<_> = self.verified.bundles.iter().map(|(it, n)| (*it, *n)).collect();
        bundles.arrange_by_key(|(digest, count)| (std::cmp::Reverse(*count), *digest));
        bundles
    }
}

/// For people.
fn full(drawing: &Drawing<'_>, style: Style) -> String {
    let Drawing { verified, took, stopped, .. } = drawing;
    let mut text = String::new();
    let bundles = drawing.bundles();
    let of = match bundles.as_slice() {
        [(only, _)] => drawing.bundle(*only),
        many => format!("{} bundles", many.len()),
    };
    let stopped = if *stopped { " · stopped before the end" } else { "" };
    let sessions = match verified.sessions {
        0 => String::new(),
        sessions => format!(" · {}", many(sessions, "session")),
    };
    let all = records(verified.records);
    let head = format!("verify · {all}{sessions} · {}{stopped}", visible(&of));
    let _ = writeln!(text, "  {}  {took}\n", style.paint(Paint::Strong, &head));
    let (mark, paint, says) = drawing.chain();
    let line = format!("  {:<14}  {} {}", "chain", style.paint(paint, mark), visible(&says));
    let _ = writeln!(text, "{}", line.trim_end());
    let width = drawing.rows().iter().map(|(_, count, _)| grouped(*count).len()).max().unwrap_or(0);
    for (word, count, says) in drawing.rows() {
        let paint = match (word, count) {
            ("exact" | "by facts", _) | (_, 0) => Paint::Good,
            ("mismatch" | "no record" | "not read" | "downstream", _) => Paint::Bad,
            _ => Paint::Wait,
        };
        let count = format!("{:>width$}", grouped(count));
        let line = format!("  {word:<14}  {}  {}", style.paint(paint, &count), visible(&says));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for found in &drawing.chained.breaks {
        text.push('\n');
        let finding = findings::broken(found, drawing.sources);
        text.push_str(&drawn(&SourceMap::new(), finding, style));
    }
    for found in &verified.faults {
        text.push('\n');
        let finding = findings::fault(found, drawing.source(found.source));
        text.push_str(&drawn(&SourceMap::new(), finding, style));
    }
    for Found { what, source, .. } in &verified.mismatches {
        let worded = drawing.worded(what.bundle);
        let (files, finding) = findings::mismatch(what, worded, &drawing.given(*source));
        text.push('\n');
        text.push_str(&drawn(&files, finding, style));
    }
    let shown = verified.mismatches.len() + verified.faults.len() + drawing.chained.breaks.len();
    let found = verified.mismatched + verified.unreadable + drawing.chained.broken;
    let left = found.saturating_sub(shown as u64);
    if left > 0 {
        let _ = writeln!(text, "\n  .. and {} more", grouped(left));
    }
    text
}

fn drawn(files: &SourceMap, finding: Diagnostic, style: Style) -> String {
    let findings = &[finding];
    let command = "policyc replay verify";
    let report = Report { files, prefix: "", findings, dropped: 0, cases: None, command };
    findings_full::draw(&report, style)
}

fn effect(effect: Option<Effect>) -> Json {
    effect.map_or(Json::Null, |effect| effect.word().into())
}

const fn known(known: AtomState) -> &'static str {
    match known {
        AtomState::Unseen => "unseen",
        AtomState::False => "false",
        AtomState::True => "true",
        AtomState::Error => "error",
    }
}

/// For programs: one document.
fn json(drawing: &Drawing<'_>, _style: Style) -> String {
    json_document(&summary(drawing))
}

/// For programs that read line by line: each finding, then all else.
fn json_lines(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut summary = summary(drawing);
    let mut text = String::new();
    let mut line = |mut json: Json, kind: &str| {
        if let Some(entries) = json.as_object_mut() {
            entries.insert("kind".to_owned(), kind.into());
        }
        let _ = writeln!(text, "{json}");
    };
    for (kind, key) in [("fault", "faults"), ("mismatch", "mismatches")] {
        let found = summary.as_object_mut().and_then(|all| all.remove(key)).unwrap_or_default();
        for one in found.as_array().cloned().unwrap_or_default() {
            line(one, kind);
        }
    }
    line(summary, "summary");
    text
}

fn summary(drawing: &Drawing<'_>) -> Json {
    let Verified { records, exact, undetermined, needs, obstacles, .. } = drawing.verified;
    let bundles = drawing.bundles().into_iter().map(|(digest, count)| {
        let name = drawing.program(digest).map(|program| program.name().to_owned());
        json!({"digest": digest_text(&digest), "name": name, "records": count})
    });
    let obstacles = obstacles.iter().map(|(obstacle, count)| {
        let digest = match obstacle {
            Obstacle::MissingBundle(digest) | Obstacle::UnusableBundle(digest) => {
                Json::from(digest_text(digest))
            }
            Obstacle::NoBundle
            | Obstacle::NoTime
            | Obstacle::NoOutcome
            | Obstacle::NoWitness
            | Obstacle::Semantics(_)
            | Obstacle::Declared
            | Obstacle::State
            | Obstacle::Raw
            | Obstacle::Asks
            | Obstacle::NotWhole
            | Obstacle::Crowded => Json::Null,
        };
        json!({"why": obstacle.words(), "bundle": digest, "records": count})
    });
    let mismatches = drawing.verified.mismatches.iter().map(|Found { source, line, what }| {
        let Mismatch { id, tool, bundle, recorded, replayed, atom, field, cause, session } = what;
        let atom = atom.map(
            |(atom, was, is)| json!({"atom": atom, "recorded": known(was), "replayed": known(is)}),
        );
        json!({
            "file": drawing.source(*source), "line": line, "id": id, "tool": tool,
            "bundle": digest_text(bundle),
            "recorded": {"effect": effect(recorded.0), "rule": recorded.1},
            "replayed": {"effect": effect(replayed.0), "rule": replayed.1},
            "atom": atom, "field": field, "cause": cause,
            "session": session.as_ref().map(|it| json!({
                "id": it.id, "event": it.number, "differs": it.part.word(),
            })),
        })
    });
    let faults = drawing.verified.faults.iter().map(|Found { source, line, what }| {
        let (fault, byte) = (what.fault.to_string(), what.offset);
        json!({"file": drawing.source(*source), "line": line, "byte": byte, "fault": fault})
    });
    json!({
        "format": "policyc.verified", "version": 1,
        "records": records, "exact": exact, "by_facts": drawing.verified.by_facts,
        "undetermined": undetermined, "needs": needs,
        "not_replayable": obstacles.collect::<Vec<_>>(),
        "mismatched": drawing.verified.mismatched, "mismatches": mismatches.collect::<Vec<_>>(),
        "sessions": drawing.verified.sessions, "downstream": drawing.verified.downstream,
        "incomplete": incomplete(drawing.verified),
        "unreadable": drawing.verified.unreadable, "faults": faults.collect::<Vec<_>>(),
        "bundles": bundles.collect::<Vec<_>>(), "stopped": drawing.stopped,
        "passed_over": drawing.passed, "not_read": drawing.damages,
        "verdict": drawing.verdict().0,
        "chain": chain::facts(drawing.chained, drawing.verified.unchained),
        "breaks": chain::breaks(drawing.chained, drawing.sources),
    })
}

/// The sessions that are not whole.
fn incomplete(verified: &Verified) -> Vec<Json> {
    let row = |(why, records): (&SessionObstacle, &u64)| {
        let sessions = verified.astray.get(why).copied().unwrap_or_default();
        json!({"why": why.words(), "sessions": sessions, "records": records})
    };
    verified.incomplete.iter().map(row).collect()
}

/// For continuous integration: a case for what was verified, and one for each kind of trouble.
fn junit(drawing: &Drawing<'_>, _style: Style) -> String {
    let Verified { records: all, exact, .. } = drawing.verified;
    let exact = Case { name: format!("{exact} of {all} exact"), failure: None, skipped: None };
    let mut cases = vec![exact];
    for (word, count, says) in drawing.rows() {
        let said = || Some(format!("{}: {says}", records(count)));
        let (failure, skipped) = match (word, count) {
            // The last three have cases of their own.
            ("exact" | "by facts" | "mismatch" | "no record" | "not read", _) | (_, 0) => continue,
            ("undetermined", few) if few <= drawing.max_undetermined => (None, said()),
            _ => (said(), None),
        };
        cases.push(Case { name: word.to_owned(), failure, skipped });
    }
    let damages = drawing.damages.iter().map(|fact| ("not read", fact.clone()));
    let stopped = drawing.stopped.then(|| ("stopped", "it was stopped before the end".to_owned()));
    cases.extend(damages.chain(stopped).map(|(word, fact)| Case {
        name: word.to_owned(),
        failure: Some(fact),
        skipped: None,
    }));
    for found in &drawing.chained.breaks {
        let what = findings::broken(found, drawing.sources);
        let name = format!("chain of {}", found.writer);
        cases.push(Case { name, failure: Some(what.message), skipped: None });
    }
    for found in &drawing.verified.faults {
        let what = findings::fault(found, drawing.source(found.source));
        let name = format!("{} line {}", drawing.source(found.source), found.line);
        cases.push(Case { name, failure: Some(what.message), skipped: None });
    }
    for Found { what, .. } in &drawing.verified.mismatches {
        let (_, finding) = findings::mismatch(what, None, "");
        let name = format!("record {}", what.id);
        cases.push(Case { name, failure: Some(finding.message), skipped: None });
    }
    document(&[("policyc replay verify".to_owned(), "verify".to_owned(), cases)])
}

/// For a pull request.
fn markdown(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut text = format!(
        "**Replay of {}**: {}\n\n| | records | |\n|---|--:|---|\n",
        records(drawing.verified.records),
        drawing.verdict().0,
    );
    let (mark, _, says) = drawing.chain();
    let _ = writeln!(text, "| chain | {mark} | {} |", cell(&says));
    for (word, count, says) in drawing.rows() {
        let _ = writeln!(text, "| {word} | {} | {} |", grouped(count), cell(&says));
    }
    for (nth, found) in (0..).zip(&drawing.chained.breaks) {
        let gap = if nth == 0 { "\n" } else { "" };
        let finding = findings::broken(found, drawing.sources);
        let _ = writeln!(text, "{gap}- {}", cell(&finding.message));
    }
    for (nth, Found { source, line, what }) in (0..).zip(&drawing.verified.mismatches) {
        let (_, finding) = findings::mismatch(what, None, "");
        let gap = if nth == 0 && drawing.chained.breaks.is_empty() { "\n" } else { "" };
        let place = format!("{}:{line}", drawing.source(*source));
        let _ = writeln!(text, "{gap}- {} (`{}`)", cell(&finding.message), code(&place));
    }
    text
}
