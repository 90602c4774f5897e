//! Applies fixes, and proves that they change no decision.
//!
//! In:      the files of a project, what it is asked, which fixes are wanted.
//! Out:     `Fixed`: the texts afterwards, what was applied and what was not.
//! Imports: `base`, `diag`, `compiler`, `runtime`, `tools::diff`.
//!
//! Fixes are applied in rounds, for one may make room for another. A round whose fixes call
//! themselves safe counts only where the bundle afterwards decides as the one before: the same
//! instructions, or proved by `tools::diff`. Where it does not, its fixes are tried one by one.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::span::FileId;
use crate::compiler::Compiled;
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Fix, Severity};
use crate::diag::sink::Sink;
use crate::runtime::bundle::module::Module;
use crate::runtime::program::Program;
use crate::tools::diff::compare;
use crate::tools::lint::select::Selection;
use crate::tools::pipeline;
use crate::tools::project::Settings;

/// Rounds after which fixes that make each other are given up.
const ROUNDS_MAX: usize = 16;

/// Files with fixes applied.
#[derive(Debug)]
pub struct Fixed {
    /// All files, in the same order under the same ids.
    pub files: SourceMap,
    /// How often a finding of each code was cured.
    pub applied: BTreeMap<Code, usize>,
    /// Findings whose fix is not known to change nothing, and was left alone.
    pub refused: usize,
    /// What is left to be told.
    pub sink: Sink,
    /// The bundle afterwards; `None` where there are errors.
    pub compiled: Option<Compiled>,
}

/// What a fixing works with.
struct Fixing<'a> {
    settings: &'a Settings,
    selection: &'a Selection,
    unsafe_too: bool,
    /// Fixes that were tried and not taken, by code and the bytes around them.
    refused: BTreeSet<(Code, String)>,
}

/// A project as it stands in a round.
struct State {
    files: SourceMap,
    findings: Vec<Diagnostic>,
    dropped: usize,
    compiled: Option<Compiled>,
}

/// Applies the fixes that `selection` tells of; the unsafe ones as well where that is asked for.
#[must_use]
pub fn fix(
    files: &SourceMap,
    settings: &Settings,
    selection: &Selection,
    unsafe_too: bool,
) -> Fixed {
    let mut fixing = Fixing { settings, selection, unsafe_too, refused: BTreeSet::new() };
    let mut state = fixing.look(files.clone());
    let mut applied = BTreeMap::new();
    for _ in 0..ROUNDS_MAX {
        let wanted: Vec<Diagnostic> = fixing.wanted(&state).into_iter().cloned().collect();
        let Some(next) = fixing.round(&state, &wanted, &mut applied) else { break };
        state = next;
    }
    let mut sink = Sink::new();
    state.findings.into_iter().for_each(|finding| sink.report(finding));
    sink.count_dropped(state.dropped);
    let refused = fixing.refused.len();
    Fixed { files: state.files, applied, refused, sink, compiled: state.compiled }
}

impl Fixing<'_> {
    fn look(&self, files: SourceMap) -> State {
        let mut sink = Sink::new();
        let compiled = pipeline::lint(&files, self.settings, self.selection, &mut sink);
        let (findings, dropped) = sink.finish();
        State { files, findings, dropped, compiled }
    }

    /// The findings of a state that have a fix which is wanted, none over another's bytes.
    fn wanted<'s>(&self, state: &'s State) -> Vec<&'s Diagnostic> {
        let mut taken: Vec<(FileId, u32, u32)> = Vec::new();
        let mut wanted = Vec::new();
        for finding in &state.findings {
            let Some(cure) = finding.fix.as_ref() else { continue };
            let is_free = |taken: &[(FileId, u32, u32)]| {
                cure.edits.iter().all(|edit| {
                    let at = edit.span;
                    taken.iter().all(|(file, start, end)| {
                        *file != at.file || at.end < *start || *end < at.start
                    })
                })
            };
            if (cure.safe || self.unsafe_too)
                && !self.refused.contains(&sign(state, finding))
                && is_free(&taken)
            {
                let spans = cure.edits.iter().map(|edit| edit.span);
                taken.extend(spans.map(|span| (span.file, span.start, span.end)));
                wanted.push(finding);
            }
        }
        wanted
    }

    /// The state after the fixes of `wanted`, as many as may be applied; `None` where none may.
    fn round(
        &mut self,
        state: &State,
        wanted: &[Diagnostic],
        applied: &mut BTreeMap<Code, usize>,
    ) -> Option<State> {
        if wanted.is_empty() {
            return None;
        }
        let next = self.look(edited(&state.files, wanted.iter().filter_map(|it| it.fix.as_ref())));
        if keeps(state, &next, wanted) {
            for finding in wanted {
                *applied.entry(finding.code).or_default() += 1;
            }
            return Some(next);
        }
        let [one] = wanted else {
            let halves = wanted.split_at(wanted.len() / 2);
            return self
                .round(state, halves.0, applied)
                .or_else(|| self.round(state, halves.1, applied));
        };
        self.refused.insert(sign(state, one));
        None
    }
}

/// What tells a finding from others, wherever fixes move it.
fn sign(state: &State, finding: &Diagnostic) -> (Code, String) {
    let at = finding.span();
    let path = at.and_then(|at| state.files.get(at.file)).map_or("", |file| file.path.as_str());
    let text = at.map_or("", |at| state.files.text(at));
    (finding.code, format!("{path}\n{text}"))
}

/// The files with these edits, none of which touch each other.
fn edited<'f>(files: &SourceMap, cures: impl Iterator<Item = &'f Fix>) -> SourceMap {
    let mut edits: Vec<_> = cures.flat_map(|fix| &fix.edits).collect();
    edits.sort_by_key(|edit| (edit.span.file, edit.span.start, edit.span.end));
    let mut map = SourceMap::new();
    for (id, file) in files.iter() {
        if !edits.iter().any(|edit| edit.span.file == id) {
            map.add_file(file);
            continue;
        }
        let mut text = String::with_capacity(file.text.len());
        let mut at = 0;
        for edit in edits.iter().filter(|edit| edit.span.file == id) {
            text.push_str(file.text.get(at..edit.span.start as usize).unwrap_or_default());
            text.push_str(&edit.text);
            at = edit.span.end as usize;
        }
        text.push_str(file.text.get(at..).unwrap_or_default());
        map.add(file.path.as_str(), text);
    }
    map
}

/// Whether fixes may stand: there is no error that was not there, and where all of them are safe
/// no decision changes.
fn keeps(before: &State, after: &State, fixes: &[Diagnostic]) -> bool {
    let errors = |state: &State| {
        state.findings.iter().filter(|it| it.severity == Severity::Error).count() + state.dropped
    };
    let all_safe = fixes.iter().all(|it| it.fix.as_ref().is_some_and(|fix| fix.safe));
    match (&before.compiled, &after.compiled) {
        (Some(before), Some(after)) => !all_safe || same(before, after),
        (Some(_), None) => false,
        (None, Some(_)) => true,
        (None, None) => errors(after) < errors(before),
    }
}

/// Whether two bundles decide alike: proved.
fn same(before: &Compiled, after: &Compiled) -> bool {
    let load = |compiled: &Compiled| Program::load_whole(&compiled.bundle).ok();
    let (Some(before), Some(after)) = (load(before), load(after)) else { return false };
    if bare(before.module()) == bare(after.module()) {
        return true;
    }
    let difference = compare(&before, &after);
    difference.settled() && !difference.differs()
}

/// A module without what tells where it was written.
fn bare(module: &Module) -> Module {
    let mut module = module.clone();
    module.debug.clear();
    module.manifest.sources.clear();
    module
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::{Fixing, keeps};
    use crate::base::span::Span;
    use crate::compiler::source::map::SourceMap;
    use crate::diag::codes::Code;
    use crate::diag::diagnostic::Diagnostic;
    use crate::tools::lint::select::Selection;
    use crate::tools::project::Settings;

    const POLICY: &str = "policyc: 1\ndefault: deny\nschema: {request: {amount: int}}\nrules:\n  \
        - id: small\n    when: request.amount < 10 && request.amount < 20\n    allow: small\n";

    /// A fix that calls itself safe: `from` becomes `to`.
    fn fix(files: &SourceMap, from: &str, to: &str) -> Diagnostic {
        let (file, source) = files.iter().next().expect("a file");
        let start = source.text.find(from).expect("it is there");
        let narrow = |at: usize| u32::try_from(at).expect("short");
        let span = Span::new(file, narrow(start), narrow(start + from.len()));
        Diagnostic::new(Code::DoubleNegation, span, "planted", "").fix("planted", span, to)
    }

    #[test]
    fn a_fix_that_changes_a_decision_is_not_applied() {
        let (settings, selection) = (Settings::default(), Selection::default());
        let mut fixing = Fixing {
            settings: &settings,
            selection: &selection,
            unsafe_too: false,
            refused: BTreeSet::new(),
        };
        let mut files = SourceMap::new();
        files.add("p.yaml", POLICY);
        let state = fixing.look(files.clone());
        let mut applied = BTreeMap::new();
        let wrong = fix(&files, "< 10", "<= 10");
        assert!(fixing.round(&state, std::slice::from_ref(&wrong), &mut applied).is_none());
        let broken = fix(&files, "< 20", "<");
        assert!(fixing.round(&state, std::slice::from_ref(&broken), &mut applied).is_none());
        let right = fix(&files, " && request.amount < 20", "");
        let both = [wrong, right];
        let next = fixing.round(&state, &both, &mut applied).expect("one may stand");
        let text = &next.files.iter().next().expect("a file").1.text;
        assert_eq!(*text, POLICY.replace(" && request.amount < 20", ""));
        assert!(keeps(&state, &next, &both));
        assert_eq!(fixing.refused.len(), 2);
        assert_eq!(applied[&Code::DoubleNegation], 1);
    }
}
