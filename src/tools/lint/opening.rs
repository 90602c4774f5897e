//! Inputs that lack a value and are let through all the same.
//!
//! In:      a program, the number of a rule, the path of a value.
//! Out:     the smallest input found that shows it, as it was decided; or that there is none.
//! Imports: `base`, `compiler::solve`, `lang`, `runtime::program`, `tools::diff`, `tools::trial`.

use std::rc::Rc;
use std::sync::Arc;

use crate::base::limits::{LINT_ROUNDS_MAX, LINT_STEPS_MAX};
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::input::{Example, Frame};
use crate::compiler::solve::query::{Answer, Query, QuerySolver};
use crate::compiler::solve::rules::{Meaning, PHASES, meaning};
use crate::compiler::solve::store::{Kind, Store};
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::tools::diff::search::smaller;
use crate::tools::trial::Trial;

/// What is known of such inputs.
#[derive(Clone, Debug, PartialEq)]
pub enum Opening {
    /// This one was decided, and allowed.
    Shown(Box<Example>),
    /// It was proved that there is none.
    Closed,
    /// Nothing.
    Unknown,
}

/// Most inputs that are looked for in one project: each look goes through the whole program.
const LOOKS_MAX: usize = 64;

/// Whoever looks for such inputs.
#[derive(Debug)]
pub struct Openings<'p> {
    store: Store,
    meaning: Meaning,
    frame: Arc<Frame>,
    trial: Trial<'p>,
    looks: usize,
}

impl<'p> Openings<'p> {
    /// Looks for inputs of a program.
    #[must_use]
    pub fn of(program: &'p Program) -> Self {
        let mut store = Store::default();
        let meaning = meaning(program.module(), &mut store);
        let frame = Arc::new(Frame::of(&[program.module()]));
        Self { store, meaning, frame, trial: Trial::of(program), looks: 0 }
    }

    /// Looks for an input without the value at `path`, a JSON Pointer, that is allowed while the
    /// rule of this number fires, or does not, as `fires` says.
    pub fn find(&mut self, number: u16, path: &str, fires: bool) -> Opening {
        let Self { store, meaning, frame, trial, looks } = self;
        if *looks == LOOKS_MAX {
            return Opening::Unknown;
        }
        let Some(rule) = meaning.rules.get(usize::from(number)) else { return Opening::Unknown };
        let phase = PHASES.iter().position(|phase| *phase == rule.phase).unwrap_or(0);
        let known = meaning.accepted.get(phase).zip(meaning.effects.get(phase));
        let places = store.at(&Rc::from(path));
        let Some((domain, effect)) = known.filter(|_| !places.is_empty()) else {
            return Opening::Unknown;
        };
        *looks += 1;
        let mut parts: Vec<Lit> = places.iter().map(|it| store.is(*it, Kind::Absent)).collect();
        let own = store.formulas.any(rule.fires.iter().copied());
        parts.extend([if fires { own } else { !own }, effect.allow]);
        let holds = store.formulas.all(parts);
        let whole = store.formulas.and(*domain, holds);
        let mut shows = |example: &Example| {
            let (effect, rules) = trial.fired(example, rule.phase);
            let lacks = example.context.pointer(path).is_none();
            lacks && effect == Some(Effect::Allow) && rules.contains(&number) == fires
        };
        let question = Query { domain: *domain, holds };
        let most = (LINT_ROUNDS_MAX, LINT_STEPS_MAX);
        match QuerySolver::about(store, frame, &[whole], most).ask(question, &mut shows) {
            Answer::Proved => Opening::Closed,
            Answer::Found(example) => Opening::Shown(Box::new(smaller(example, &mut shows))),
            Answer::Undecided(_) => Opening::Unknown,
        }
    }
}
