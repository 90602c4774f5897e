//! Invariants of CEL Policy documents, proved for all inputs.
//!
//! In:      a project without errors.
//! Out:     findings: an invariant that an input breaks, one that nobody knows of, one that says
//!          nothing. One that is proved is not spoken of.
//! Imports: `base`, `compiler::check`, `compiler::emit`, `compiler::emit_claims`,
//!          `compiler::solve`, `compiler::source`, `compiler::syntax`, `diag`, `runtime::bundle`,
//!          `runtime::program`, `tools::diff`, `tools::trial`.
//!
//! Rules of a program of their own say where claims hold (`compiler::emit::claims`). An input that
//! breaks one was decided by that program, in which the rule of what is assumed fired and the rule
//! of the assertion did not.

use std::sync::Arc;

use crate::base::limits::{LINT_ROUNDS_MAX, LINT_STEPS_MAX};
use crate::base::span::Span;
use crate::compiler::check::analysis::Checked;
use crate::compiler::emit::claims::ClaimRules;
use crate::compiler::emit_claims;
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::input::{Example, Frame};
use crate::compiler::solve::query::{Answer, Query, QuerySolver};
use crate::compiler::solve::rules::{Meaning, PHASES, meaning};
use crate::compiler::solve::store::Store;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::model::{CelPolicyDocument, Invariant};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::runtime::bundle::module::Phase;
use crate::runtime::program::Program;
use crate::tools::diff::search::smaller;
use crate::tools::trial::Trial;

/// Reports what is wrong with the invariants of a project.
pub fn prove(files: &SourceMap, checked: &Checked<'_>, sink: &mut Sink) {
    let documents = &checked.parsed().cel_policies;
    if documents.iter().all(|document| document.invariants.is_empty()) {
        return;
    }
    let made = emit_claims(files, checked);
    let made =
        made.and_then(|(bytes, claims)| Some((Program::load_unsigned_whole(&bytes).ok()?, claims)));
    let Some((program, claims)) = made else {
        for invariant in documents.iter().flat_map(|document| &document.invariants) {
            sink.report(open(invariant));
        }
        return;
    };
    let mut prover = Prover::of(&program);
    for claim in &claims {
        let Some(document) = documents.get(claim.policy) else { continue };
        let Some(invariant) = document.invariants.get(claim.invariant) else { continue };
        match &claim.rules {
            Some(rules) => prover.invariant(checked, (document, invariant), rules, sink),
            None => sink.report(open(invariant)),
        }
    }
}

fn open(invariant: &Invariant) -> Diagnostic {
    let id = &invariant.id;
    let fact = format!("whether `{}` holds is not known", id.value);
    Diagnostic::new(Code::InvariantOpen, id.span, fact, "neither proved nor broken by an input")
        .help("ask about what conditions compare, or write tests for it")
}

struct Prover<'p> {
    store: Store,
    meaning: Meaning,
    frame: Arc<Frame>,
    trial: Trial<'p>,
}

impl<'p> Prover<'p> {
    fn of(program: &'p Program) -> Self {
        let mut store = Store::default();
        let meaning = meaning(program.module(), &mut store);
        let frame = Arc::new(Frame::of(&[program.module()]));
        Self { store, meaning, frame, trial: Trial::of(program) }
    }

    fn invariant(
        &mut self,
        checked: &Checked<'_>,
        (document, invariant): (&CelPolicyDocument, &Invariant),
        rules: &ClaimRules,
        sink: &mut Sink,
    ) {
        if self.find(rules.assumed, None) == Answer::Proved {
            sink.report(idle(checked, invariant));
            return;
        }
        let mut known = true;
        for (claim, rule) in invariant.assert.iter().zip(&rules.asserted) {
            match self.find(rules.assumed, Some(*rule)) {
                Answer::Proved => {}
                Answer::Found(example) => {
                    let at = checked.parsed().ast.span(*claim);
                    sink.report(self.broken((document, invariant), at, &example));
                }
                Answer::Undecided(_) => known = false,
            }
        }
        if !known {
            sink.report(open(invariant));
        }
    }

    /// An input for which `assumed` fires, and `asserted`, where it is asked for, does not.
    fn find(&mut self, assumed: u16, asserted: Option<u16>) -> Answer {
        let Self { store, meaning, frame, trial } = self;
        let domain = meaning.accepted.first().copied().unwrap_or(Lit::TRUE);
        let mut fires = |number: u16| {
            let rule = meaning.rules.get(usize::from(number));
            let fires = rule.map(|rule| rule.fires.as_slice()).unwrap_or_default();
            store.formulas.any(fires.iter().copied())
        };
        let first = fires(assumed);
        let second = asserted.map_or(Lit::FALSE, &mut fires);
        let holds = store.formulas.and(first, !second);
        let whole = store.formulas.and(domain, holds);
        let mut shows = |example: &Example| {
            let (_, rules) = trial.fired(example, PHASE);
            rules.contains(&assumed) && asserted.is_none_or(|rule| !rules.contains(&rule))
        };
        let most = (LINT_ROUNDS_MAX, LINT_STEPS_MAX);
        let question = Query { domain, holds };
        match QuerySolver::about(store, frame, &[whole], most).ask(question, &mut shows) {
            Answer::Found(example) => Answer::Found(smaller(example, &mut shows)),
            answer @ (Answer::Proved | Answer::Undecided(_)) => answer,
        }
    }

    fn broken(
        &mut self,
        (document, invariant): (&CelPolicyDocument, &Invariant),
        at: Span,
        example: &Example,
    ) -> Diagnostic {
        let decided = self.trial.decide(example, PHASE);
        let result = decided.outputs.iter().find(|(name, _)| *name == *document.name.value);
        let result = result.map_or("no result", |(_, value)| value.as_str());
        let fact = format!("`{}` does not hold", invariant.id.value);
        let label = "not true of this input";
        let mut found = Diagnostic::new(Code::InvariantBroken, at, fact, label);
        found.example = Some(format!("{} → {result}", example.context));
        found.help("correct the entry that gives this result, or say in `assume` when it must hold")
    }
}

/// The phase in which documents are asked.
const PHASE: Phase = PHASES[0];

fn idle(checked: &Checked<'_>, invariant: &Invariant) -> Diagnostic {
    let span = |claim| checked.parsed().ast.span(claim);
    let at = invariant.assume.first().map_or(invariant.id.span, |claim| span(*claim));
    let fact = format!("`{}` says nothing: no input is as it assumes", invariant.id.value);
    let label = match invariant.assume.as_slice() {
        [] => "there never is a result",
        [_] => "never holds",
        _ => "never holds together with the rest of `assume`",
    };
    Diagnostic::new(Code::InvariantIdle, at, fact, label)
        .help("correct `assume`: it must hold of those inputs that the invariant is about")
}
