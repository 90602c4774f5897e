//! Coverage as `lcov` writes it.
//!
//! In:      `Drawing`.
//! Out:     text: a record a source.
//! Imports: `base`, `tools::coverage`.
//! Source:  geninfo(1), "FILES".
//!
//! A rule is a function that was called as often as it fired; an atom is two branches, that it
//! holds and that it does not. A line counts if an atom stands on it, or if it begins a rule
//! without any.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::base::span::{FileId, Span};
use crate::tools::coverage::RuleCover;
use crate::tools::report::paint::Style;
use crate::tools::report::suite::coverage::{Drawing, ProjectCoverage};

/// A branch: how often it was taken, nothing where its atom was never looked at.
pub(super) type Branch = Option<usize>;

/// What is known of the lines of one source.
#[derive(Debug, Default)]
pub(super) struct Source<'a> {
    /// Rules with the line on which each begins.
    pub(super) rules: Vec<(u32, &'a RuleCover)>,
    /// How often each line was looked at.
    pub(super) lines: BTreeMap<u32, usize>,
    /// The branches of each line, two an atom, by rule.
    pub(super) branches: BTreeMap<u32, Vec<(usize, Branch)>>,
}

/// The sources of a project that hold rules, by path.
pub(super) fn sources<'a>(project: &ProjectCoverage<'a>) -> Vec<(String, Source<'a>)> {
    let mut found: BTreeMap<FileId, Source<'a>> = BTreeMap::new();
    for (number, rule) in project.coverage.rules.iter().enumerate() {
        let begins = project.lines(rule.span).0;
        let own = found.entry(rule.span.file).or_default();
        own.rules.push((begins, rule));
        if rule.atoms.is_empty() {
            *own.lines.entry(begins).or_default() += rule.fired;
        }
        for atom in &rule.atoms {
            let looked = atom.yes + atom.no + atom.failed;
            let line = project.lines(atom.span).0;
            let own = found.entry(atom.span.file).or_default();
            let known = own.lines.entry(line).or_default();
            *known = (*known).max(looked);
            let ways = [atom.yes, atom.no].map(|taken| (looked > 0).then_some(taken));
            let branches = own.branches.entry(line).or_default();
            branches.extend(ways.map(|taken| (number, taken)));
        }
    }
    // Programs look for the file under this name.
    let path = |file: FileId| project.report().raw_path(Span::new(file, 0, 0));
    found.into_iter().map(|(file, source)| (path(file), source)).collect()
}

pub(super) fn draw(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut text = String::new();
    for project in drawing.projects {
        for (path, source) in sources(project) {
            record(&mut text, &path, &source);
        }
    }
    text
}

fn record(text: &mut String, path: &str, source: &Source<'_>) {
    let _ = writeln!(text, "TN:\nSF:{path}");
    for (line, rule) in &source.rules {
        let _ = writeln!(text, "FN:{line},{}", rule.id);
    }
    for (_, rule) in &source.rules {
        let _ = writeln!(text, "FNDA:{},{}", rule.fired, rule.id);
    }
    let fired = source.rules.iter().filter(|(_, rule)| rule.fired > 0).count();
    let _ = writeln!(text, "FNF:{}\nFNH:{fired}", source.rules.len());
    let (mut all, mut taken) = (0, 0);
    for (line, branches) in &source.branches {
        let mut at: BTreeMap<usize, usize> = BTreeMap::new();
        for (block, count) in branches {
            let number = at.entry(*block).or_default();
            let told = count.map_or("-".to_owned(), |count| count.to_string());
            let _ = writeln!(text, "BRDA:{line},{block},{number},{told}");
            *number += 1;
            all += 1;
            taken += usize::from(count.is_some_and(|count| count > 0));
        }
    }
    let _ = writeln!(text, "BRF:{all}\nBRH:{taken}");
    for (line, count) in &source.lines {
        let _ = writeln!(text, "DA:{line},{count}");
    }
    let hit = source.lines.values().filter(|count| **count > 0).count();
    let _ = writeln!(text, "LF:{}\nLH:{hit}\nend_of_record", source.lines.len());
}
