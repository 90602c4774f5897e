//! Applies fixes, and proves that they change no decision.
//!
//! In:      the files of a project, what it is asked, which fixes are wanted.
//! Out:     `FixedFiles`: the texts afterwards, what was applied and what was not.
//! Imports: `base`, `compiler`, `compiler::source`, `diag`, `runtime::bundle`, `runtime::program`,
//!          `tools::diff`, `tools::pipeline`, `tools::project`.
//!
//! Fixes are applied in rounds, for one may make room for another. In a round all fixes that do not
//! touch each other are tried together, and where that does not stand, halves of them on top of
//! what does, down to single ones: so a fix that is refused takes no other with it. Those that call
//! themselves safe stand where the bundle afterwards decides as the one before: the same
//! instructions, or proved by `tools::diff`. The others stand where there is a bundle.

use std::collections::BTreeMap;

use crate::base::limits::FINDINGS_MAX;
use crate::base::span::{FileId, Span};
use crate::compiler::Compiled;
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Edit, Severity};
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
pub struct FixedFiles {
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
struct FixContext<'a> {
    settings: &'a Settings,
    selection: &'a Selection,
    unsafe_too: bool,
    /// Findings whose fix was tried and not taken, where they stand now.
    refused: Vec<(Code, Option<Span>)>,
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
) -> FixedFiles {
    let mut fixing = FixContext { settings, selection, unsafe_too, refused: Vec::new() };
    let mut state = fixing.look(files.clone());
    let mut applied = BTreeMap::new();
    for _ in 0..ROUNDS_MAX {
        let wanted: Vec<Diagnostic> = fixing.wanted(&state).into_iter().cloned().collect();
        let taken = fixing.round(&state, &wanted);
        if taken.is_empty() {
            break;
        }
        for finding in &taken {
            *applied.entry(finding.code).or_default() += 1;
        }
        let edits: Vec<&Edit> = edits(&taken).collect();
        for (_, at) in &mut fixing.refused {
            *at = at.map(|at| moved(at, &edits));
        }
        state = fixing.look(state.files.edited(edits));
    }
    let waiting = fixing.wanted(&state).into_iter().filter(|it| is_safe(it));
    let waiting = if state.compiled.is_none() { waiting.count() } else { 0 };
    let mut sink = Sink::new();
    // Errors first, for they are never left out.
    let (errors, others): (Vec<_>, Vec<_>) =
        state.findings.into_iter().partition(|it| it.severity == Severity::Error);
    errors.into_iter().chain(others).for_each(|finding| sink.report(finding));
    sink.count_dropped(state.dropped);
    let refused = fixing.refused.len() + waiting;
    FixedFiles { files: state.files, applied, refused, sink, compiled: state.compiled }
}

impl FixContext<'_> {
    fn look(&self, files: SourceMap) -> State {
        let mut sink = Sink::with_room(FINDINGS_MAX);
        let compiled = pipeline::lint(&files, self.settings, self.selection, &mut sink);
        let (findings, dropped) = sink.finish();
        State { files, findings, dropped, compiled }
    }

    /// The findings of a state that have a fix which is wanted, none over another's bytes.
    fn wanted<'s>(&self, state: &'s State) -> Vec<&'s Diagnostic> {
        // Ends by file and start: none of them touch each other.
        let mut taken: BTreeMap<(FileId, u32), u32> = BTreeMap::new();
        let mut wanted = Vec::new();
        for finding in &state.findings {
            let Some(cure) = finding.fix.as_ref() else { continue };
            let is_free = cure.edits.iter().all(|edit| {
                let (file, end) = (edit.span.file, edit.span.end);
                let before = taken.range((file, 0)..=(file, end)).next_back();
                before.is_none_or(|(_, end)| *end < edit.span.start)
            });
            if (cure.safe || self.unsafe_too)
                && is_free
                && !self.refused.contains(&(finding.code, finding.span()))
            {
                let spans = cure.edits.iter().map(|edit| edit.span);
                taken.extend(spans.map(|span| ((span.file, span.start), span.end)));
                wanted.push(finding);
            }
        }
        wanted
    }

    /// Those of `wanted` whose fixes stand together; the others are refused.
    fn round<'w>(&mut self, state: &State, wanted: &'w [Diagnostic]) -> Vec<&'w Diagnostic> {
        let (safe, others): (Vec<_>, Vec<_>) = wanted.iter().partition(|it| is_safe(it));
        let mut taken: Vec<&Diagnostic> = Vec::new();
        if let Some(before) = &state.compiled {
            let stands =
                |after: &Outcome| after.compiled.as_ref().is_some_and(|it| same(before, it));
            self.take(state, &safe, &mut taken, stands);
            self.take(state, &others, &mut taken, |after| after.compiled.is_some());
        } else {
            // Nothing decides yet, so that nothing can be compared: what is safe waits.
            let before = self.compile(&state.files);
            let mut left = (before.errors, before.first);
            self.take(state, &others, &mut taken, |after| {
                // YAML stops at the first: where a mistake is gone another one comes to light.
                let other = after.errors == left.0 && after.first != left.1;
                let better = after.compiled.is_some() || after.errors < left.0 || other;
                if better {
                    left = (after.errors, after.first);
                }
                better
            });
        }
        taken
    }

    /// Adds those of `wanted` to what is taken with which the project stands.
    fn take<'w>(
        &mut self,
        state: &State,
        wanted: &[&'w Diagnostic],
        taken: &mut Vec<&'w Diagnostic>,
        mut stands: impl FnMut(&Outcome) -> bool,
    ) {
        let mut open = vec![wanted];
        while let Some(group) = open.pop().filter(|group| !group.is_empty()) {
            let tried = taken.iter().chain(group).copied().collect::<Vec<_>>();
            let after = self.compile(&state.files.edited(edits(&tried)));
            match group {
                _ if stands(&after) => *taken = tried,
                [one] => self.refused.push((one.code, one.span())),
                group => {
                    let (first, second) = group.split_at(group.len() / 2);
                    open.extend([second, first]);
                }
            }
        }
    }

    fn compile(&self, files: &SourceMap) -> Outcome {
        let mut sink = Sink::new();
        let compiled = pipeline::compile(files, self.settings, &mut sink);
        let (findings, dropped) = sink.finish();
        let errors = findings.iter().filter(|it| it.severity == Severity::Error);
        let places = errors.clone().filter_map(Diagnostic::span).map(|at| (at.file, at.start));
        Outcome { compiled, first: places.min(), errors: errors.count() + dropped }
    }
}

/// What comes of files.
struct Outcome {
    compiled: Option<Compiled>,
    /// At most so many errors.
    errors: usize,
    /// Where the first of them stands.
    first: Option<(FileId, u32)>,
}

/// Whether the fix of a finding calls itself safe.
fn is_safe(finding: &Diagnostic) -> bool {
    finding.fix.as_ref().is_some_and(|fix| fix.safe)
}

/// What the fixes of some findings change.
fn edits<'f>(findings: &[&'f Diagnostic]) -> impl Iterator<Item = &'f Edit> {
    findings.iter().filter_map(|it| it.fix.as_ref()).flat_map(|fix| &fix.edits)
}

/// Where bytes stand after these edits.
fn moved(at: Span, edits: &[&Edit]) -> Span {
    let shifted = |place: u32| {
        let before = edits.iter().filter(|it| it.span.file == at.file && it.span.end <= place);
        let by = before.map(|it| {
            let made = i64::try_from(it.text.len()).unwrap_or(i64::MAX);
            made - i64::from(it.span.end - it.span.start)
        });
        u32::try_from(i64::from(place) + by.sum::<i64>()).unwrap_or(place)
    };
    let (start, end) = (shifted(at.start), shifted(at.end));
    Span { start, end: end.max(start), ..at }
}

/// Whether two bundles decide alike: proved.
fn same(before: &Compiled, after: &Compiled) -> bool {
    let load = |compiled: &Compiled| Program::load_unsigned_whole(&compiled.bundle).ok();
    let (Some(before), Some(after)) = (load(before), load(after)) else { return false };
    if same_words(&before, &after) {
        return true;
    }
    let difference = compare(&before, &after);
    difference.settled() && !difference.differs()
}

/// Whether two bundles of sources differ at most in where things are written.
#[must_use]
pub fn alike(before: &Compiled, after: &Compiled) -> bool {
    let load = |compiled: &Compiled| Program::load_unsigned_whole(&compiled.bundle).ok();
    load(before).zip(load(after)).is_some_and(|(before, after)| same_words(&before, &after))
}

fn same_words(before: &Program, after: &Program) -> bool {
    bare(before.module()) == bare(after.module())
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
    use super::{FixContext, State, edits, moved, same};
    use crate::base::span::Span;
    use crate::compiler::source::map::SourceMap;
    use crate::diag::codes::Code;
    use crate::diag::diagnostic::{Diagnostic, Edit};
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

    fn with_policy(policy: &str, test: impl FnOnce(FixContext<'_>, State)) {
        let (settings, selection) = (Settings::default(), Selection::default());
        let (unsafe_too, refused) = (false, Vec::new());
        let fixing = FixContext { settings: &settings, selection: &selection, unsafe_too, refused };
        let mut files = SourceMap::new();
        files.add("p.yaml", policy);
        let state = fixing.look(files);
        test(fixing, state);
    }

    #[test]
    fn a_fix_that_changes_a_decision_is_not_applied() {
        with_policy(POLICY, |mut fixing, state| {
            let wrong = fix(&state.files, "< 10", "<= 10");
            assert!(fixing.round(&state, std::slice::from_ref(&wrong)).is_empty());
            let broken = fix(&state.files, "< 20", "<");
            assert!(fixing.round(&state, std::slice::from_ref(&broken)).is_empty());
            let right = fix(&state.files, " && request.amount < 20", "");
            let both = [wrong, right.clone()];
            let taken = fixing.round(&state, &both);
            assert_eq!(taken, [&right]);
            let next = fixing.look(state.files.edited(edits(&taken)));
            let text = &next.files.iter().next().expect("a file").1.text;
            assert_eq!(*text, POLICY.replace(" && request.amount < 20", ""));
            let bundles = state.compiled.as_ref().zip(next.compiled.as_ref());
            assert!(bundles.is_some_and(|(before, after)| same(before, after)));
            assert_eq!(fixing.refused.len(), 3);
        });
    }

    #[test]
    fn many_wrong_fixes_take_no_right_one_with_them() {
        let head = "policyc: 1\ndefault: deny\nschema: {x: int}\nrules:\n".to_owned();
        let rule =
            |number| format!("  - {{id: r{number}, when: 'x > {number}', deny: no{number}}}\n");
        let text: String = std::iter::once(head).chain((0..40).map(rule)).collect();
        with_policy(&text, |mut fixing, state| {
            let of = |number: u32| {
                let (from, more) = (format!("'x > {number}'"), format!("'x > {number}0'"));
                let to = if number.is_multiple_of(3) { more } else { format!("'(x > {number})'") };
                fix(&state.files, &from, &to)
            };
            let wanted: Vec<Diagnostic> = (1..40).map(of).collect();
            let taken = fixing.round(&state, &wanted);
            assert_eq!((taken.len(), fixing.refused.len()), (26, 13));
            // Refused for good, wherever they stand now, and no others.
            let edits: Vec<&Edit> = edits(&taken).collect();
            let after = state.files.edited(edits.iter().copied());
            for (_, at) in &fixing.refused {
                let at = moved(at.expect("a place"), &edits);
                let number: u32 =
                    after.text(at)[5..].trim_end_matches('\'').parse().expect("x > n");
                assert!(number.is_multiple_of(3), "{}", after.text(at));
            }
        });
    }
}
