//! Questions that stay open, put to another solver.
//!
//! In:      a question that neither the linked solver nor trying inputs decided.
//! Out:     what it comes to: that nothing shows it, as far as that solver is believed, or an input
//!          that both programs decided, or why it stays open.
//! Imports: `compiler::solve`, `runtime::bundle`.

use rustc_hash::FxHashMap;

use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::input::Example;
use crate::compiler::solve::query::Query;
use crate::compiler::solve::smt::Script;
use crate::compiler::solve::smt::answer::{Reply, read};
use crate::runtime::bundle::module::Phase;
use crate::tools::diff::change::{Change, Proof};
use crate::tools::diff::search::smaller;
use crate::tools::diff::solver::{NoAnswer, Solver};
use crate::tools::diff::{Comparison, DifferenceTest, RuleKey};

/// What another solver was asked, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SolverTally {
    /// Its name.
    pub name: String,
    /// How many questions it was asked.
    pub asked: usize,
    /// Of how many it says that no input shows it.
    pub never: usize,
    /// For how many it found an input that does.
    pub shown: usize,
}

/// Who is asked about what stays open.
pub(super) struct Second<'s> {
    solver: &'s Solver,
    pub(super) tally: SolverTally,
    /// What came of formulas that were asked before: the bundle often asks what its rule did.
    known: FxHashMap<Lit, Result<Reply, NoAnswer>>,
}

impl<'s> Second<'s> {
    /// Nothing was asked yet.
    pub(super) fn of(solver: &'s Solver) -> Self {
        let name = solver.name().to_owned();
        let tally = SolverTally { name, asked: 0, never: 0, shown: 0 };
        Self { solver, tally, known: FxHashMap::default() }
    }

    /// What the solver says to a question.
    fn ask(&mut self, question: Lit, script: &Script) -> Result<Reply, NoAnswer> {
        if let Some(known) = self.known.get(&question) {
            return known.clone();
        }
        let answer = self.solver.ask(&script.text);
        let reply = answer.and_then(|it| read(script, &it).map_err(|_| NoAnswer::Garbage));
        self.known.insert(question, reply.clone());
        reply
    }
}

impl Comparison<'_, '_> {
    /// Asks the other solver, if there is one, about what stays open.
    pub(super) fn second(
        &mut self,
        open: Change,
        (question, phase): (Query, Phase),
        (shows, rule): (DifferenceTest, RuleKey<'_>),
    ) -> Change {
        let Change::Unknown { why, tried, .. } = open else { return open };
        // Where costs are counted nothing is proved.
        let Some(second) = self.second.as_mut().filter(|_| !self.metered) else { return open };
        second.tally.asked += 1;
        let formula = self.asker.whole(question);
        let silent = |no_answer| Change::Unknown { why, tried, no_answer: Some(no_answer) };
        let script = match self.asker.script(formula) {
            Ok(script) => script,
            Err(what) => return silent(NoAnswer::Unsaid(what)),
        };
        match second.ask(formula, &script) {
            Ok(Reply::Unsatisfiable) => {
                second.tally.never += 1;
                Change::Never(Proof::Solver)
            }
            Ok(Reply::Satisfiable(values)) => {
                let (old, new) = (&mut self.old, &mut self.new);
                let mut told = |example: &Example| {
                    shows(&old.decide(example, phase), &new.decide(example, phase), rule)
                };
                let Some(example) = self.asker.examples(&values).into_iter().find(&mut told) else {
                    return silent(NoAnswer::NotShown(script.open));
                };
                second.tally.shown += 1;
                let example = smaller(example, &mut told);
                Change::When { conditions: Vec::new(), more: false, example, phase, record: None }
            }
            Ok(Reply::Unknown) => silent(NoAnswer::Unknown),
            Err(no_answer) => silent(no_answer),
        }
    }
}
