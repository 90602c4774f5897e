//! The fewest places of an input whose change makes formulas hold.
//!
//! In:      formulas near an input (`neighbourhood`), and somebody who tries changes on the real
//!          program.
//! Out:     `MinimalChanges`: sets of places that do, none of which holds another; and of which
//!          places it is proved that no change of them alone does.
//! Imports: `base`.
//!
//! A counter over the places that are changed is assumed to stay below two, then three, and so on.
//! So a set is found before all that hold more, and where none is left below a count that is
//! proved.

use std::collections::BTreeMap;
use std::rc::Rc;

use serde_json::Value as Json;

use crate::base::limits::{FLIP_CHANGES_MAX, SOLVE_ROUNDS_MAX};
use crate::compiler::solve::encode::Encoder;
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::input::Frame;
use crate::compiler::solve::neighbourhood::NOW;
use crate::compiler::solve::query::Cube;
use crate::compiler::solve::sat::{Literal, SatResult, SatSolver};
use crate::compiler::solve::store::{Store, Term};
use crate::compiler::solve::values::{NoValues, Value, values};

/// Changes that are proposed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChangeProposal {
    /// The places that are changed, as `Neighbourhood` names them.
    pub places: Vec<Rc<str>>,
    /// What stands at paths then; nothing where it is taken away. Empty where it is not known what
    /// to put there.
    pub put: BTreeMap<Rc<str>, Option<Json>>,
    /// The time, in nanoseconds since the epoch, where it is changed.
    pub now: Option<i128>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct ChangeQuery<'n> {
    /// What must hold, near the input.
    pub holds: &'n [Lit],
    /// What holds on every input near it.
    pub given: &'n [Lit],
    /// When each place is changed.
    pub changes: &'n BTreeMap<Rc<str>, Lit>,
    /// Most sets that are looked for.
    pub most: usize,
    /// Whether larger sets are looked for where smaller ones were found.
    pub on: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MinimalChanges {
    /// Places of which it is proved that no change of one of them alone does.
    pub never: Vec<Rc<str>>,
    /// Places of which a change was tried in vain, and it is not known whether another would do.
    pub missed: Vec<Rc<str>>,
    /// How many places may change.
    pub places: usize,
    /// Up to how many places together everything was looked for.
    pub complete: usize,
    /// Whether the solver's budget was spent.
    pub spent: bool,
    /// Whether some set of places was tried in vain, so that larger counts are not complete.
    pub open: bool,
}

/// How often different values are tried for one set of places before they are searched for.
const DRAFTS_MAX: usize = 8;

/// Finds the fewest changes. `shows` says whether changes do; asked with nothing to put, it
/// searches for what to put at these places.
pub fn minimal_changes(
    store: &mut Store,
    frame: &Frame,
    wanted: &ChangeQuery<'_>,
    shows: &mut dyn FnMut(&ChangeProposal) -> bool,
) -> MinimalChanges {
    let goal = store.formulas.all(wanted.holds.iter().copied());
    let roots: Vec<Lit> = wanted.given.iter().copied().chain([goal]).collect();
    let mut encoder: Encoder<'_> = Encoder::about(store, &roots);
    for given in wanted.given {
        let given = encoder.lit(*given);
        encoder.sat.clause(&[given]);
    }
    let root = encoder.lit(goal);
    let facts = encoder.settling(&[goal]);
    // Of what the goal does not hang on there is nothing to say.
    let own = wanted.changes.iter().map(|(place, lit)| (place.clone(), encoder.lit(*lit)));
    let mut changes: Vec<(Rc<str>, Literal)> = own.collect();
    let fact = |lit: &Literal| encoder.fact_of(lit.var);
    changes.retain(|(_, lit)| fact(lit).is_some_and(|fact| facts.binary_search(&fact).is_ok()));
    let lits: Vec<Literal> = changes.iter().map(|(_, lit)| *lit).collect();
    let counts = counter(&mut encoder, &lits);
    let mut search = Search { encoder, frame, goal, root, changes, drafts: BTreeMap::new() };
    let mut fewest = MinimalChanges { places: lits.len(), ..MinimalChanges::default() };
    let mut found: Vec<Vec<Rc<str>>> = Vec::new();
    let mut missed: Vec<Vec<Rc<str>>> = Vec::new();
    let mut rounds = 0;
    for count in &counts {
        if found.len() >= wanted.most || (!wanted.on && !found.is_empty()) {
            break;
        }
        loop {
            rounds += 1;
            let mut round = search.round(!*count, shows);
            if matches!(round, RoundResult::None) {
                round = search.left(shows);
            }
            match round {
                RoundResult::None => break,
                RoundResult::GaveUp => fewest.spent = true,
                RoundResult::Learnt => {}
                RoundResult::Shown(places) => found.push(places),
                RoundResult::Missed(places) => missed.push(places),
            }
            fewest.spent |= rounds > SOLVE_ROUNDS_MAX;
            if fewest.spent || found.len() >= wanted.most {
                break;
            }
        }
        if fewest.spent || found.len() >= wanted.most {
            break;
        }
        fewest.complete += 1;
    }
    if search.changes.is_empty() {
        fewest.complete = FLIP_CHANGES_MAX;
    }
    fewest.open = !missed.is_empty();
    if fewest.complete > 0 {
        let alone = |sets: &[Vec<Rc<str>>], place: &Rc<str>| {
            sets.iter().any(|set| set.as_slice() == std::slice::from_ref(place))
        };
        let places = search.changes.iter().map(|(place, _)| place);
        let others = places.filter(|place| !alone(&found, place)).cloned();
        (fewest.missed, fewest.never) = others.partition(|place| alone(&missed, place));
    }
    fewest
}

/// Literals that say that more than one, more than two .. of `lits` hold.
fn counter(encoder: &mut Encoder<'_>, lits: &[Literal]) -> Vec<Literal> {
    let wide = FLIP_CHANGES_MAX + 1;
    let mut before: Vec<Literal> = Vec::new();
    for lit in lits {
        let row: Vec<Literal> =
            (0..wide).map(|_| Literal { var: encoder.sat.var(), holds: true }).collect();
        for (at, own) in row.iter().enumerate() {
            if let Some(same) = before.get(at) {
                encoder.sat.clause(&[!*same, *own]);
            }
            match at.checked_sub(1).map(|below| before.get(below)) {
                None => encoder.sat.clause(&[!*lit, *own]),
                Some(Some(below)) => encoder.sat.clause(&[!*lit, !*below, *own]),
                Some(None) => {}
            }
        }
        before = row;
    }
    before.into_iter().skip(1).collect()
}

/// What one round came to.
enum RoundResult {
    None,
    GaveUp,
    Learnt,
    Shown(Vec<Rc<str>>),
    Missed(Vec<Rc<str>>),
}

struct Search<'s> {
    encoder: Encoder<'s>,
    frame: &'s Frame,
    goal: Lit,
    root: Literal,
    changes: Vec<(Rc<str>, Literal)>,
    /// How many drafts were tried in vain, by the places that they change.
    drafts: BTreeMap<Vec<Rc<str>>, usize>,
}

impl Search<'_> {
    /// One set of changes that may do, tried.
    fn round(
        &mut self,
        below: Literal,
        shows: &mut dyn FnMut(&ChangeProposal) -> bool,
    ) -> RoundResult {
        match self.encoder.solve(&[self.root, below]) {
            SatResult::No => return RoundResult::None,
            SatResult::GaveUp => return RoundResult::GaveUp,
            SatResult::Yes => {}
        }
        let places: Vec<Rc<str>> = self
            .changes
            .iter()
            .filter(|(_, lit)| self.encoder.sat.value(lit.var))
            .map(|(place, _)| place.clone())
            .collect();
        let lits = self.enough();
        let draft = match self.draft(&places, &lits) {
            Ok(draft) => draft,
            Err(clash) => {
                self.block(&clash);
                return RoundResult::Learnt;
            }
        };
        let own = self.lits(&places, true);
        if draft.as_ref().is_some_and(&mut *shows) {
            self.drafts.remove(&places);
            self.block(&own);
            return RoundResult::Shown(places);
        }
        let drafts = self.drafts.entry(places.clone()).or_default();
        *drafts += 1;
        if draft.is_some() && *drafts < DRAFTS_MAX && !lits.is_empty() {
            // Other values for these places, or more places, may do.
            self.block(&[lits, own].concat());
            return RoundResult::Learnt;
        }
        self.searched(places, shows)
    }

    /// A set of which drafts were tried in vain, searched; `None` where there is none left.
    fn left(&mut self, shows: &mut dyn FnMut(&ChangeProposal) -> bool) -> RoundResult {
        match self.drafts.keys().next().cloned() {
            Some(places) => self.searched(places, shows),
            None => RoundResult::None,
        }
    }

    fn searched(
        &mut self,
        places: Vec<Rc<str>>,
        shows: &mut dyn FnMut(&ChangeProposal) -> bool,
    ) -> RoundResult {
        self.drafts.remove(&places);
        let own = self.lits(&places, true);
        if shows(&ChangeProposal { places: places.clone(), ..ChangeProposal::default() }) {
            self.block(&own);
            return RoundResult::Shown(places);
        }
        // Just these places: with others they may do.
        let all = [own, self.lits(&places, false)].concat();
        self.block(&all);
        RoundResult::Missed(places)
    }

    /// That the changes of these places, or those of all others, are as the model has them.
    fn lits(&self, places: &[Rc<str>], chosen: bool) -> Vec<Literal> {
        let own = self.changes.iter().filter(|(place, _)| places.contains(place) == chosen);
        own.map(|(_, lit)| if chosen { *lit } else { !*lit }).collect()
    }

    /// These never hold together again.
    fn block(&mut self, lits: &[Literal]) {
        let clause: Vec<Literal> = lits.iter().map(|lit| !*lit).collect();
        self.encoder.sat.clause(&clause);
    }

    /// How facts come out in the model, those that suffice.
    fn enough(&mut self) -> Vec<Literal> {
        let reasons = self.encoder.reasons(self.goal);
        let vars = reasons.iter().filter_map(|number| self.encoder.var_of(*number));
        let lits: Vec<Literal> =
            vars.map(|var| Literal { var, holds: self.encoder.sat.value(var) }).collect();
        let mut assumed = vec![!self.root];
        assumed.extend(&lits);
        if self.encoder.solve(&assumed) != SatResult::No {
            return lits;
        }
        let clash = self.encoder.sat.clash();
        lits.into_iter().filter(|lit| clash.contains(lit)).collect()
    }

    /// What to put at places; nothing where it is not known.
    ///
    /// # Errors
    /// Literals that no values fit together.
    fn draft(
        &self,
        places: &[Rc<str>],
        lits: &[Literal],
    ) -> Result<Option<ChangeProposal>, Vec<Literal>> {
        let store = &*self.encoder.store;
        let known: Vec<Literal> =
            lits.iter().filter(|lit| self.encoder.fact_of(lit.var).is_some()).copied().collect();
        let fact = |lit: &Literal| {
            let fact = self.encoder.fact_of(lit.var).and_then(|number| store.fact(number));
            fact.map(|fact| (fact.clone(), lit.holds))
        };
        let cube: Cube = known.iter().filter_map(fact).collect();
        let values = match values(store, &cube) {
            Ok(values) => values,
            Err(NoValues::Unknown) => return Ok(None),
            Err(NoValues::Clash(clash)) => {
                let clash: Vec<Literal> =
                    clash.iter().filter_map(|at| known.get(*at)).copied().collect();
                return if clash.is_empty() { Ok(None) } else { Err(clash) };
            }
        };
        let now = store.known(&Term::Now).and_then(|now| values.get(&now));
        let now = match now {
            Some(Value::Time(at)) if places.iter().any(|it| it.as_ref() == NOW) => Some(*at),
            _ => None,
        };
        let covered = |path: &str| places.iter().any(|place| covers(place, path));
        let Some(own) = self.frame.put(store, &values, &covered) else { return Ok(None) };
        let mut put =
            self.frame.put_there(store, &values, &|path| places.iter().any(|it| **it == *path));
        put.extend(own);
        if put.is_empty() && now.is_none() {
            return Ok(None);
        }
        Ok(Some(ChangeProposal { places: places.to_vec(), put, now }))
    }
}

/// Whether a path is a place or lies inside it.
#[must_use]
pub fn covers(place: &str, path: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
