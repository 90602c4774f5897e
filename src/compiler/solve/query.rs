//! Questions: is there an input on which a formula holds?
//!
//! In:      a formula, and somebody who tries inputs on the real programs.
//! Out:     `SatResult`: proved that there is none, or an input that was tried, or not decided.
//! Imports: `base`, `runtime::bundle`.
//!
//! The solver finds facts that make the formula hold; values make an input of them; the input is
//! tried. What no value fits, it learns for good. What fits and does not come true, because
//! something is not understood, is set aside for this question, and then nothing is proved any
//! more.

use std::sync::Arc;

use rustc_hash::FxHashSet;

use crate::base::arrange::Arrange as _;
use crate::base::limits::SOLVE_ROUNDS_MAX;
use crate::compiler::solve::encode::Encoder;
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::input::{Example, Frame};
use crate::compiler::solve::point::Point;
use crate::compiler::solve::sat::{Literal, SatResult, SatSolver};
use crate::compiler::solve::smt::{self, Script, Unsupported};
use crate::compiler::solve::store::{Fact, Kind, Store, Term, TermId};
use crate::compiler::solve::values::{NoValues, Value, Values as Given, values};
use crate::runtime::bundle::module::Module;

/// A question: is there an input within `domain` on which `holds`?
#[derive(Clone, Copy, Debug)]
pub struct Query {
    /// The inputs that count.
    pub domain: Lit,
    /// What is asked of them.
    pub holds: Lit,
}

/// Why a question was not decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undecided {
    /// It hangs on something that is not understood; inputs that were tried do not show it.
    Opaque,
    /// The budget was spent.
    Budget,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// There is no such input.
    Proved,
    /// This is one: it was tried.
    Found(Example),
    /// It is not known.
    Undecided(Undecided),
}

/// Most facts of a condition that is told.
const BOUNDS_MAX: usize = 64;

/// Facts that together make a formula hold, each with how it comes out.
pub type Cube = Vec<(Fact, bool)>;

/// Whoever answers questions about some programs.
#[derive(Debug)]
pub struct QuerySolver<'s> {
    encoder: Encoder<'s>,
    frame: Arc<Frame>,
    rounds: usize,
    /// The last inputs that were made and tried in vain.
    pub tried: Vec<Example>,
}

/// What is asked of the solver in every round of a question.
#[derive(Debug)]
struct Goal {
    lit: Lit,
    root: Literal,
    /// What is set aside holds only under it.
    aside: Literal,
    /// The facts that settle it, and those of its part.
    facts: Vec<u32>,
    /// A part of it, and the variables of the facts that it is made of.
    of_part: Option<(Literal, FxHashSet<u32>)>,
}

/// What one round came to.
enum RoundResult {
    None,
    GaveUp,
    /// What no value fits was learnt.
    Learnt,
    /// These suffice, and perhaps an input in which they come out so.
    Cube(Vec<Literal>, Option<Example>),
}

/// Facts that the solver found.
enum Facts {
    None,
    GaveUp,
    /// These suffice, of all that settle the goal.
    Some(Vec<Literal>, Vec<Literal>),
}

/// Values for facts.
enum Values {
    None,
    Learnt,
    Some(Given),
}

impl<'s> QuerySolver<'s> {
    /// Answers questions about `modules`, all of which were read into the store.
    pub fn new(store: &'s mut Store, modules: &[&Module]) -> Self {
        let frame = Arc::new(Frame::of(modules));
        let (encoder, rounds) = (Encoder::new(store), SOLVE_ROUNDS_MAX);
        Self { encoder, frame, rounds, tried: Vec::new() }
    }

    /// Answers questions about these formulas alone, each in as many attempts and steps at most.
    pub fn about(
        store: &'s mut Store,
        frame: &Arc<Frame>,
        roots: &[Lit],
        (rounds, steps): (usize, u64),
    ) -> Self {
        let mut encoder: Encoder<'s> = Encoder::about(store, roots);
        let frame = frame.clone();
        encoder.sat.within(steps);
        Self { encoder, frame, rounds, tried: Vec::new() }
    }

    /// The store.
    #[must_use]
    pub fn store(&mut self) -> &mut Store {
        self.encoder.store
    }

    /// A question as one formula.
    pub fn whole(&mut self, question: Query) -> Lit {
        self.store().formulas.and(question.domain, question.holds)
    }

    /// Whether a formula holds of an input, for a solver that runs elsewhere.
    ///
    /// # Errors
    /// What cannot be said to it.
    pub fn script(&mut self, holds: Lit) -> Result<Script, Unsupported> {
        smt::script(self.store(), holds)
    }

    /// Inputs in which terms have these values: where it does not matter what stands in the place
    /// of an object, as whatever was found, and as objects.
    #[must_use]
    pub fn examples(&self, values: &Given) -> Vec<Example> {
        let store = &*self.encoder.store;
        let mut objects = values.clone();
        for (term, value) in &mut objects {
            if let (Term::Presence(_), Value::Bool(is)) = (store.term(*term), value) {
                *is = true;
            }
        }
        let all = [values, &objects];
        all.into_iter().filter_map(|values| self.frame.example(store, values)).collect()
    }

    /// Answers a question. `shows` says whether an input is one that is asked for.
    pub fn ask(&mut self, question: Query, shows: &mut dyn FnMut(&Example) -> bool) -> Answer {
        self.tried.clear();
        let goal = self.encoder.store.formulas.and(question.domain, question.holds);
        let goal = self.goal(goal, None);
        let mut proves = true;
        for _ in 0..self.rounds {
            match self.round(&goal) {
                RoundResult::None if proves => return Answer::Proved,
                RoundResult::None => return Answer::Undecided(Undecided::Opaque),
                RoundResult::GaveUp => return Answer::Undecided(Undecided::Budget),
                RoundResult::Learnt => {}
                RoundResult::Cube(lits, example) => {
                    if let Some(example) = example {
                        if shows(&example) {
                            return Answer::Found(example);
                        }
                        self.tried.push(example);
                    }
                    proves = false;
                    self.set_aside(goal.aside, &lits);
                }
            }
        }
        let why = if proves { Undecided::Budget } else { Undecided::Opaque };
        Answer::Undecided(why)
    }

    /// Whether a formula holds of no input: proved. It is not asked whether another one holds of
    /// the inputs that are left.
    ///
    /// # Errors
    /// `Undecided::Budget`: the search was given up.
    pub fn refutes(&mut self, holds: Lit) -> Result<bool, Undecided> {
        if holds == Lit::FALSE {
            return Ok(true);
        }
        let goal = self.goal(holds, None);
        for _ in 0..self.rounds {
            match self.facts(&goal) {
                Facts::None => return Ok(true),
                Facts::GaveUp => return Err(Undecided::Budget),
                Facts::Some(enough, _) => match self.values_of(&enough) {
                    Values::Learnt => {}
                    Values::Some(_) | Values::None => return Ok(false),
                },
            }
        }
        Err(Undecided::Budget)
    }

    /// When the formula of a question holds: facts that suffice within its domain, none of which
    /// can be left out, up to `most` times; and whether there are more. Where too many facts are
    /// needed, as where the silence of hundreds of rules is, none are told.
    pub fn cubes(&mut self, question: Query, most: usize) -> (Vec<Cube>, bool) {
        let goal = self.encoder.store.formulas.and(question.domain, question.holds);
        let goal = self.goal(goal, Some(question.holds));
        let mut cubes = Vec::new();
        for _ in 0..self.rounds {
            match self.round(&goal) {
                RoundResult::None | RoundResult::GaveUp => return (cubes, false),
                RoundResult::Learnt => {}
                RoundResult::Cube(lits, _) if cubes.len() == most || lits.len() > BOUNDS_MAX => {
                    return (cubes, true);
                }
                RoundResult::Cube(lits, _) => {
                    let lits = self.prime(question, lits);
                    self.set_aside(goal.aside, &lits);
                    cubes.push(lits.iter().filter_map(|lit| self.fact(*lit)).collect());
                }
            }
        }
        (cubes, true)
    }

    /// Shows a goal to the solver; `part` is what facts are wanted for. What a loop over a list
    /// comes to is one of these: of its elements as many are looked at as the question needs, so
    /// facts about them suffice for no longer list.
    fn goal(&mut self, goal: Lit, part: Option<Lit>) -> Goal {
        let root = self.encoder.lit(goal);
        let own = part.map(|part| self.encoder.lit(part));
        let mut facts = self.encoder.settling(&[goal]);
        let of_part = part.map(|part| self.encoder.made_of(part));
        facts.extend(of_part.iter().flatten());
        facts.sort_unstable();
        facts.dedup();
        let vars = of_part
            .map(|facts| facts.iter().filter_map(|number| self.encoder.var_of(*number)).collect());
        Goal { lit: goal, root, aside: self.aside(), facts, of_part: own.zip(vars) }
    }

    fn aside(&mut self) -> Literal {
        Literal { var: self.encoder.sat.var(), holds: true }
    }

    fn set_aside(&mut self, aside: Literal, lits: &[Literal]) {
        let clause: Vec<Literal> = lits.iter().map(|lit| !*lit).chain([!aside]).collect();
        self.encoder.sat.clause(&clause);
    }

    /// Facts that make a goal hold.
    fn facts(&mut self, goal: &Goal) -> Facts {
        let Goal { lit, root, aside, facts: all, .. } = goal;
        // Inputs on which nothing fails that need not are easier to make, and to read.
        let mut assumed = vec![*root, *aside];
        assumed.extend(all.iter().filter_map(|number| self.failure(*number)));
        if self.encoder.solve(&assumed) != SatResult::Yes {
            match self.encoder.solve(&[*root, *aside]) {
                SatResult::No => return Facts::None,
                SatResult::GaveUp => return Facts::GaveUp,
                SatResult::Yes => {}
            }
        }
        let settled = self.model(all);
        let reasons = self.model(&self.encoder.reasons(*lit));
        Facts::Some(self.enough(&reasons, *root), settled)
    }

    /// Values in which facts come out so; or it is learnt that there are none.
    fn values_of(&mut self, enough: &[Literal]) -> Values {
        let facts: Cube = enough.iter().filter_map(|lit| self.fact(*lit)).collect();
        match values(self.encoder.store, &facts) {
            Ok(values) => Values::Some(values),
            Err(NoValues::Unknown) => Values::None,
            Err(NoValues::Clash(clash)) => {
                let lits = clash.iter().filter_map(|at| enough.get(*at));
                let clause: Vec<Literal> = lits.map(|lit| !*lit).collect();
                if clause.is_empty() {
                    return Values::None;
                }
                self.encoder.sat.clause(&clause);
                Values::Learnt
            }
        }
    }

    /// Facts that make a goal hold: those of them that settle its part, if there are values for
    /// all.
    fn round(&mut self, goal: &Goal) -> RoundResult {
        let (enough, settled) = match self.facts(goal) {
            Facts::None => return RoundResult::None,
            Facts::GaveUp => return RoundResult::GaveUp,
            Facts::Some(enough, settled) => (enough, settled),
        };
        let example = match self.values_of(&enough) {
            Values::Learnt => return RoundResult::Learnt,
            Values::Some(values) => self.frame.example(self.encoder.store, &values),
            Values::None => None,
        };
        let of_part = &goal.of_part;
        let Some((own, vars)) = of_part else { return RoundResult::Cube(enough, example) };
        let own_facts: Vec<Literal> =
            settled.into_iter().filter(|lit| vars.contains(&lit.var)).collect();
        let lits = self.enough(&own_facts, *own);
        if lits.len() > BOUNDS_MAX {
            return RoundResult::Cube(lits, example);
        }
        RoundResult::Cube(self.with_weaker(lits, &own_facts), example)
    }

    /// With `lits` the other bounds of the same terms, the tighter ones first: so those that are
    /// left when none can be left out are the widest.
    fn with_weaker(&self, lits: Vec<Literal>, all: &[Literal]) -> Vec<Literal> {
        let bound = |lit: &Literal| match self.fact(*lit) {
            Some((Fact::Reaches(term, line, point), holds)) => Some((term, line, holds, point)),
            Some(_) | None => None,
        };
        let bounded: FxHashSet<_> =
            lits.iter().filter_map(bound).map(|(term, line, ..)| (term, line)).collect();
        let mut bounds: Vec<_> = all.iter().filter_map(|lit| Some((bound(lit)?, *lit))).collect();
        bounds.retain(|((term, line, ..), _)| bounded.contains(&(*term, *line)));
        if bounds.len() > BOUNDS_MAX {
            return lits;
        }
        let tighter = |(_, _, low, a): &(_, _, bool, Point),
                       (_, _, other, b): &(_, _, bool, Point)| {
            low.cmp(other).then_with(|| if *low { b.cmp(a) } else { a.cmp(b) })
        };
        bounds.arrange_by(|(a, _), (b, _)| tighter(a, b));
        let others = lits.into_iter().filter(|lit| bound(lit).is_none());
        bounds.into_iter().map(|(_, lit)| lit).chain(others).collect()
    }

    /// That a fact does not come out as a failure of something that is not understood.
    fn failure(&self, number: u32) -> Option<Literal> {
        let store = &*self.encoder.store;
        let made = |term: &TermId| matches!(store.term(*term), Term::Made(..));
        let fact = store.fact(number)?;
        let fails = matches!(fact, Fact::Unknown(_, 1))
            || matches!(fact, Fact::Kind(term, Kind::Error) if made(term));
        let var = self.encoder.var_of(number).filter(|_| fails)?;
        Some(Literal { var, holds: false })
    }

    /// How facts come out in the model.
    fn model(&self, facts: &[u32]) -> Vec<Literal> {
        let vars = facts.iter().filter_map(|number| self.encoder.var_of(*number));
        vars.map(|var| Literal { var, holds: self.encoder.sat.value(var) }).collect()
    }

    /// Those of `lits` that suffice for `root`.
    fn enough(&mut self, lits: &[Literal], root: Literal) -> Vec<Literal> {
        let mut assumed = vec![!root];
        assumed.extend(lits);
        if self.encoder.solve(&assumed) != SatResult::No {
            return lits.to_vec();
        }
        let clash: FxHashSet<Literal> = self.encoder.sat.clash().into_iter().collect();
        lits.iter().filter(|lit| clash.contains(lit)).copied().collect()
    }

    /// None of `lits` can be left out.
    fn prime(&mut self, question: Query, lits: Vec<Literal>) -> Vec<Literal> {
        let (domain, holds) = (self.encoder.lit(question.domain), self.encoder.lit(question.holds));
        let mut kept = lits;
        let mut at = 0;
        while at < kept.len() {
            let mut assumed = vec![domain, !holds];
            assumed
                .extend(kept.iter().enumerate().filter(|(own, _)| *own != at).map(|(_, it)| *it));
            if self.encoder.solve(&assumed) == SatResult::No {
                kept.remove(at);
            } else {
                at += 1;
            }
        }
        kept
    }

    fn fact(&self, lit: Literal) -> Option<(Fact, bool)> {
        let number = self.encoder.fact_of(lit.var)?;
        Some((self.encoder.store.fact(number)?.clone(), lit.holds))
    }
}
