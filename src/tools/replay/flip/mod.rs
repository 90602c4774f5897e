//! The smallest changes of a recorded context that flip the decision.
//!
//! In:      a recorded context, the bundle, a moment; what may change.
//! Out:     `Flips`.
//! Imports: `base`, `compiler::solve`, `lang`, `runtime::program`, `runtime::vm`.
//! Source:  `docs/replay.md`, section "Flip".
//!
//! The program is read as formulas, and what the context has at each place is put in
//! (`compiler::solve::neighbourhood`). The solver counts the places that are changed. Each proposal
//! is decided again, then made smaller: changes that are not needed go, numbers and lists come as
//! near to what was recorded as they can. What is not understood is searched for among the values
//! that the program names.

mod context;
pub mod session;
mod trial;
mod tried;
mod without;

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use crate::base::arrange::Arrange as _;
use crate::base::pointer;
use crate::compiler::solve::change::{
    ChangeProposal, ChangeQuery, MinimalChanges, minimal_changes,
};
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::input::Frame;
use crate::compiler::solve::neighbourhood::{NOW, Neighbourhood};
use crate::compiler::solve::rules::{Meaning, PHASES, RuleMeaning, meaning};
use crate::compiler::solve::store::Store;
use crate::lang::decision::Effect;
use crate::runtime::program::Program;
use crate::runtime::vm::request::Moment;
use crate::tools::replay::flip::context::RecordedContext;
use crate::tools::replay::flip::trial::{FlipDecision, Trial};

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct FlipQuery {
    /// The effect that is wanted; else allow, or deny where it is allow.
    pub to: Option<Effect>,
    /// Places that may change although they are fixed, as JSON Pointers or `now()`.
    pub mutable: Vec<String>,
    /// Places that stay.
    pub fixed: Vec<String>,
    /// Sets of places, whatever their size; else those of the least size, `USUAL` at most.
    pub all: Option<usize>,
}

/// What is fixed unless it is asked to change: who calls, and what is called.
pub const FIXED: [&str; 2] = ["/principal", "/action/tool"];
/// Flips that are told where no number is asked for.
const USUAL: usize = 5;

/// A change of one place.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The place, a JSON Pointer or `now()`.
    pub place: String,
    /// What was recorded; nothing where nothing is there.
    pub from: Option<Json>,
    /// What is put there; nothing where it is taken away.
    pub to: Option<Json>,
}

/// What flips a decision, and what does not.
#[derive(Clone, Debug, PartialEq)]
pub struct Flips {
    /// What the bundle decides.
    pub from: Option<Effect>,
    /// What is wanted.
    pub to: Effect,
    /// Sets of changes, each of which was decided again: the fewest first.
    pub found: Vec<Vec<Change>>,
    /// What the solver knows.
    pub fewest: MinimalChanges,
    /// Places that stay as they are, though the program reads them or something in them.
    pub fixed: Vec<String>,
    /// Places that the record withholds.
    pub withheld: Vec<String>,
    /// How often the program decided.
    pub evaluations: usize,
}

impl Flips {
    /// Whether there may be changes that were not found.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.fewest.spent || !self.fewest.missed.is_empty() || self.fewest.open
    }
}

/// Why nothing can be flipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoFlip {
    /// The context is refused.
    Refused,
    /// The effect hangs on what is withheld.
    Undetermined,
    /// It is what is wanted.
    Already,
}

impl NoFlip {
    /// In words, behind the name of a record.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Refused => "its context is refused",
            Self::Undetermined => "what it withholds may change its decision",
            Self::Already => "its effect is that already",
        }
    }
}

/// Finds the smallest changes.
///
/// # Errors
/// Why there is nothing to flip.
pub fn flip(
    program: &Program,
    typed: &Json,
    moment: &Moment<'_>,
    asked: &FlipQuery,
) -> Result<Flips, NoFlip> {
    let recorded = RecordedContext::of(program, typed, moment, asked);
    let mut trial = Trial::of(program, typed, moment);
    let said = trial.first();
    if said.refused {
        return Err(NoFlip::Refused);
    }
    let [from] = said.effects.as_slice() else { return Err(NoFlip::Undetermined) };
    let to = asked.to.unwrap_or(match from {
        Some(Effect::Allow) => Effect::Deny,
        Some(Effect::Deny | Effect::Escalate) | None => Effect::Allow,
    });
    if *from == Some(to) {
        return Err(NoFlip::Already);
    }
    trial.wants(to);
    let mut store = Store::default();
    let meaning = meaning(program.module(), &mut store);
    let mut near = Neighbourhood::of(&mut store, &recorded);
    let (goal, given) = question(program, &mut near, &meaning, &said, (moment, to));
    let changes = std::mem::take(&mut near.changes);
    let frame = Frame::of(&[program.module()]);
    let mut found: BTreeMap<Vec<String>, Vec<Change>> = BTreeMap::new();
    let wanted = ChangeQuery {
        holds: &[goal],
        given: &given,
        changes: &changes,
        most: asked.all.unwrap_or(USUAL),
        on: asked.all.is_some(),
    };
    let fewest = minimal_changes(&mut store, &frame, &wanted, &mut |draft: &ChangeProposal| {
        let flipped = trial.flips(draft);
        if let Some(changes) = flipped.clone() {
            let places = changes.iter().map(|change| change.place.clone()).collect();
            found.entry(places).or_insert(changes);
        }
        flipped.is_some()
    });
    let mut found: Vec<Vec<Change>> = found.into_values().collect();
    found.arrange_by_key(Vec::len);
    let (fixed, withheld) = (recorded.fixed(), recorded.withheld());
    Ok(Flips { from: *from, to, found, fewest, fixed, withheld, evaluations: trial.evaluations() })
}

/// What must hold of changes, and what holds of all of them.
fn question(
    program: &Program,
    near: &mut Neighbourhood<'_, '_>,
    meaning: &Meaning,
    said: &FlipDecision,
    (moment, to): (&Moment<'_>, Effect),
) -> (Lit, Vec<Lit>) {
    let phase = PHASES.iter().position(|phase| *phase == moment.phase).unwrap_or(0);
    let Some(effects) = meaning.effects.get(phase) else { return (Lit::FALSE, Vec::new()) };
    let mut goal = near.lit(match to {
        Effect::Allow => effects.allow,
        Effect::Escalate => effects.escalate,
        Effect::Deny => effects.deny,
    });
    let accepted = meaning.accepted.get(phase).copied().unwrap_or(Lit::TRUE);
    let accepted = near.lit(accepted);
    goal = near.store.formulas.and(goal, accepted);
    let mut given = Vec::new();
    for (at, rule) in (0..).zip(&meaning.rules).filter(|(_, rule)| rule.phase == moment.phase) {
        if !said.fails.contains(&at) {
            let fails = near.lit(rule.fails);
            goal = near.store.formulas.and(goal, !fails);
        }
        if said.known {
            given.extend(as_decided(program, near, (at, rule), said));
        }
    }
    given.push(near.of_a_kind());
    (goal, given)
}

/// What the decision says of operations on what was recorded.
fn as_decided(
    program: &Program,
    near: &mut Neighbourhood<'_, '_>,
    (at, rule): (u16, &RuleMeaning),
    said: &FlipDecision,
) -> Vec<Lit> {
    let first = program.module().rules.get(usize::from(at)).map_or(0, |row| row.first_outcome);
    let fires = (first..).zip(rule.fires.iter().copied());
    let fires = fires.map(|(outcome, lit)| (lit, said.fires.contains(&(at, outcome))));
    let all: Vec<(Lit, bool)> = fires.chain([(rule.fails, said.fails.contains(&at))]).collect();
    let known = all.into_iter().filter_map(|(lit, holds)| {
        let lit = near.itself(lit)?;
        Some(if holds { lit } else { !lit })
    });
    known.filter(|lit| *lit != Lit::TRUE).collect()
}

/// A place as people write it: `action.args.amount`.
#[must_use]
pub fn place_name(place: &str) -> String {
    if place == NOW {
        return place.to_owned();
    }
    pointer::keys(place).collect::<Vec<_>>().join(".")
}

/// A place as it is kept, of `args.amount`, `principal.*` or `/args/amount`.
#[must_use]
pub fn place_of(name: &str) -> String {
    if name == NOW || name.starts_with('/') {
        return name.to_owned();
    }
    let name = name.strip_suffix(".*").unwrap_or(name);
    format!("/{}", pointer::token(name).replace('.', "/"))
}

/// The places of a set, as the solver names them.
fn names(places: &[Rc<str>]) -> Vec<String> {
    places.iter().map(ToString::to_string).collect()
}
