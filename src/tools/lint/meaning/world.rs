//! What lints ask about all inputs: formulas of rules and of the parts of conditions, proofs, and
//! inputs that are decided.
//!
//! In:      `SharedWorld`, which all threads share.
//! Out:     `World`: whatever is asked is answered, and remembered for the lints that follow.
//! Imports: `base`, `compiler::emit`, `compiler::solve`, `compiler::syntax`, `lang`,
//!          `runtime::bundle`, `runtime::program`, `runtime::vm`, `tools::standalone`.
//!
//! A world is made for a few rules and thrown away, so that no question looks at what others are
//! about, and so that nothing hangs on the number of threads.

use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

use crate::base::limits::{LINT_ROUNDS_MAX, LINT_STEPS_MAX};
use crate::compiler::emit::parts::Parts;
use crate::compiler::solve::atoms::Ternary;
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::guess::guess;
use crate::compiler::solve::input::{Example, Frame};
use crate::compiler::solve::lift::Lift;
use crate::compiler::solve::query::{Answer, Query, QuerySolver, Undecided};
use crate::compiler::solve::rules::{Guards, RuleMeaning, rule_meaning};
use crate::compiler::solve::store::{Fact, Kind, Store, TermId};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::model::{PolicyDocument, Rule};
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::runtime::bundle::debug::Debug;
use crate::runtime::bundle::module::{NONE, Phase};
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::vm::request::Moment;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::lint::meaning::contest::Contest;
use crate::tools::lint::meaning::entries::EntryPaths;
use crate::tools::lint::meaning::part::{Leaf, is_data};
use crate::tools::lint::meaning::reads::Reads;
use crate::tools::lint::meaning::verdict::Verdict;
use crate::tools::lint::subject::Subject;
use crate::tools::standalone;

/// What all worlds of a project share.
#[derive(Debug)]
pub struct SharedWorld<'a> {
    /// The project.
    pub subject: &'a Subject<'a>,
    /// What decides about inputs.
    pub alone: standalone::ContextDecider<'a>,
    /// Its module, with parts of conditions as functions.
    pub parts: &'a Parts,
    /// The function of each part that nothing smaller is a part of.
    pub leaves: &'a FxHashMap<ExprId, u16>,
    /// What the index says of rules.
    pub guards: Guards<'a>,
    /// What inputs are made of.
    pub frame: Arc<Frame>,
    /// The rules of documents, by number; `None` for a CEL Policy document that decides.
    pub rules: Vec<Option<RuleSource<'a>>>,
    /// What comes before each entry of a CEL Policy document.
    pub entries: EntryPaths,
    /// What rules read.
    pub reads: Reads,
    /// Where everything was written, once it was asked for.
    pub debug: OnceLock<Debug>,
}

/// A rule, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct RuleSource<'a> {
    /// Its document.
    pub document: &'a PolicyDocument,
    /// The rule.
    pub rule: &'a Rule,
    /// Whether a schema says what it reads.
    pub typed: bool,
}

/// A condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The whole of it.
    pub root: ExprId,
    /// The rule that it decides about; `None` for variables and CEL Policy documents.
    pub rule: Option<u16>,
    /// What it is the condition of.
    pub role: Role,
}

/// What a condition is the condition of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// A rule, as its `when`.
    When,
    /// A validation of Kubernetes: what must hold.
    Validation,
    /// A part of a `.cel` rule.
    Decision,
    /// A variable: it is one.
    Variable,
    /// An entry of a CEL Policy document.
    Choice,
}

/// What came of an input.
#[derive(Clone, Debug)]
pub struct RunResult {
    /// The rule that won.
    pub winner: Option<u16>,
    /// The rules that fired.
    pub fired: Vec<u16>,
    /// The rules that failed: how, and at which instruction.
    pub failed: Vec<(u16, EvalError, u32)>,
    /// The effect, as people read it.
    pub effect: &'static str,
}

impl RunResult {
    /// Of an input that is refused.
    fn refused() -> Self {
        let effect = Effect::Deny.word();
        Self { winner: None, fired: Vec::new(), failed: Vec::new(), effect }
    }
}

/// Answers for some rules and conditions.
#[derive(Debug)]
pub struct World<'g> {
    /// The project.
    pub ground: &'g SharedWorld<'g>,
    /// Formulas.
    pub store: Store,
    /// Questions that were given up.
    pub given_up: usize,
    /// What was found out of the last condition, and of the last rule.
    pub(super) verdicts: Option<(ExprId, Rc<Vec<Verdict>>)>,
    pub(super) contest: Option<(u16, Rc<Contest>)>,
    pub(super) known: FxHashMap<u16, Rc<Leaf>>,
    lift: Lift<'g>,
    rules: FxHashMap<u16, Rc<RuleMeaning>>,
    scratch: Scratch,
}

impl<'g> World<'g> {
    /// A world in which nothing was asked yet.
    #[must_use]
    pub fn of(ground: &'g SharedWorld<'g>) -> Self {
        let mut store = Store::default();
        let lift = Lift::of(&ground.parts.module, &mut store);
        Self {
            ground,
            store,
            given_up: 0,
            verdicts: None,
            contest: None,
            known: FxHashMap::default(),
            lift,
            rules: FxHashMap::default(),
            scratch: Scratch::for_program(ground.subject.program),
        }
    }

    /// What a rule says; `None` where there is none of this number.
    pub fn rule(&mut self, number: u16) -> Option<Rc<RuleMeaning>> {
        if let Some(known) = self.rules.get(&number) {
            return Some(known.clone());
        }
        let guards = &self.ground.guards;
        let made = rule_meaning(&mut self.lift, &mut self.store, guards, number)?;
        let made = Rc::new(made);
        self.rules.insert(number, made.clone());
        Some(made)
    }

    /// What every input has that is not refused, and about which a rule is asked by its `on`. For
    /// what is no rule it is every input.
    pub fn domain(&mut self, rule: Option<u16>) -> Lit {
        let Some(number) = rule else { return Lit::TRUE };
        let needs = self.rule(number).map_or(Lit::TRUE, |rule| rule.needs);
        let on = self.on(number);
        let named = self.key().map_or(Lit::TRUE, |key| self.store.is(key, Kind::Text));
        self.store.formulas.all([named, on, needs])
    }

    /// When a rule is asked by its `on`.
    pub fn on(&mut self, rule: u16) -> Lit {
        match self.ground.parts.on.get(usize::from(rule)) {
            None | Some(&NONE) => Lit::TRUE,
            Some(function) => self.lift.function(&mut self.store, *function).yes,
        }
    }

    /// The place whose value chooses rules.
    #[must_use]
    pub fn key(&self) -> Option<TermId> {
        let slot = self.ground.parts.module.index.key_slot;
        self.lift.slots.terms.get(usize::from(slot)).copied()
    }

    /// What a part of a condition means that nothing smaller is a part of. What static data settles
    /// counts as open: whoever changes them means something else.
    pub fn leaf(&mut self, expr: ExprId) -> Ternary {
        let open = Ternary { yes: Lit::FALSE, error: Lit::TRUE };
        let Some(function) = self.ground.leaves.get(&expr) else { return open };
        let lifted = self.lift.function(&mut self.store, *function);
        let settled = lifted.yes == Lit::FALSE && lifted.error == Lit::FALSE;
        if (settled || lifted.yes == Lit::TRUE) && is_data(self.ground.subject, expr) {
            let any = self.store.fresh();
            let yes = self.store.ask(Fact::Unknown(any, 0));
            return Ternary { yes, error: Lit::FALSE };
        }
        Ternary { yes: lifted.yes, error: lifted.error }
    }

    fn asker(&mut self, roots: &[Lit]) -> QuerySolver<'_> {
        let most = (LINT_ROUNDS_MAX, LINT_STEPS_MAX);
        QuerySolver::about(&mut self.store, &self.ground.frame, roots, most)
    }

    /// Whether a formula is proved to hold of no input.
    pub fn never(&mut self, holds: Lit) -> bool {
        if holds == Lit::FALSE || holds == Lit::TRUE {
            return holds == Lit::FALSE;
        }
        if guess(&self.store, holds).is_some() {
            return false;
        }
        let answer = self.asker(&[holds]).refutes(holds);
        self.given_up += usize::from(answer.is_err());
        answer == Ok(true)
    }

    /// Whether there is an input on which a formula holds; `shows` says whether one that was
    /// decided is what is asked for.
    pub fn find(
        &mut self,
        holds: Lit,
        phase: Phase,
        shows: &mut dyn FnMut(&RunResult) -> bool,
    ) -> Answer {
        let ground = self.ground;
        let Self { store, scratch, given_up, .. } = self;
        let guessed = guess(store, holds).and_then(|values| ground.frame.example(store, &values));
        if let Some(example) = guessed
            && shows(&run(ground, scratch, &example, phase))
        {
            return Answer::Found(example);
        }
        let most = (LINT_ROUNDS_MAX, LINT_STEPS_MAX);
        let mut asker = QuerySolver::about(store, &ground.frame, &[holds], most);
        let question = Query { domain: Lit::TRUE, holds };
        let mut try_it = |example: &Example| shows(&run(ground, scratch, example, phase));
        let answer = asker.ask(question, &mut try_it);
        *given_up += usize::from(answer == Answer::Undecided(Undecided::Budget));
        answer
    }

    /// What comes of an input.
    pub fn run(&mut self, example: &Example, phase: Phase) -> RunResult {
        run(self.ground, &mut self.scratch, example, phase)
    }

    /// When a rule is asked.
    pub fn phase(&mut self, rule: Option<u16>) -> Phase {
        rule.and_then(|rule| self.rule(rule)).map_or(Phase::Request, |rule| rule.phase)
    }
}

fn run(
    ground: &SharedWorld<'_>,
    scratch: &mut Scratch,
    example: &Example,
    phase: Phase,
) -> RunResult {
    let Ok(taken) = ground.alone.take(example) else { return RunResult::refused() };
    let mut filled = ground.alone.fill(&taken, scratch);
    let decision = filled.decide(&Moment { phase, ..Moment::at(example.now.0, example.now.1) });
    let failed = decision.failures().iter().filter_map(|failure| match failure.by {
        ProgramItem::Rule(rule) => Some((rule, failure.class, failure.pc)),
        ProgramItem::Output(_) => None,
    });
    RunResult {
        winner: decision.winner(),
        fired: decision.fired().iter().map(|fired| fired.rule).collect(),
        failed: failed.collect(),
        effect: decision.effect().map_or("nothing", |effect| effect.word()),
    }
}
