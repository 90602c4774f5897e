//! What decisions do, counted: exact, and the same on every machine.
//!
//! In:      a program and contexts.
//! Out:     `ExactCounts`: instructions, cost, allocations, of all decisions, of each rule and
//!          tool.
//! Imports: `lang`, `runtime::program`, `runtime::vm`, `tools::decide`.
//!
//! Instructions are those of the virtual machine that run when every rule that is asked is run one
//! after the other, as they are while somebody watches. Deciding itself looks at cheap atoms
//! first, and leaves rules away that these silence. So a count says how much there is to decide,
//! and a time how long it took.

use std::collections::BTreeMap;

use crate::lang::value::Tag;
use crate::runtime::program::Program;
use crate::runtime::vm::decision::Decision;
use crate::runtime::vm::observe::{AtomObservation, Observer, Step};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::contexts::Sample;
use crate::tools::bench::places::Places;
use crate::tools::decide::read;

/// A sum over all decisions, and the most that one of them has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// Of all decisions: that of each context times its weight.
    pub sum: u64,
    /// Of one decision.
    pub most: u64,
    /// The context that has the most, an index.
    pub at: usize,
}

impl Amount {
    /// Takes in what context `at` has.
    pub fn add(&mut self, amount: u64, weight: u64, at: usize) {
        self.sum = self.sum.saturating_add(amount.saturating_mul(weight));
        if amount > self.most {
            (self.most, self.at) = (amount, at);
        }
    }
}

/// A context that is refused: it is denied, and no rule is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedContext {
    /// The context, an index.
    pub at: usize,
    /// What is wrong with it, and where.
    pub why: String,
}

/// What the decisions about one tool do: those with one value of the slot that chooses rules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToolCounts {
    /// Decisions.
    pub weight: u64,
    /// Instructions of all of them.
    pub instructions: u64,
}

/// What was counted.
#[derive(Clone, Debug, Default)]
pub struct ExactCounts {
    /// Instructions.
    pub instructions: Amount,
    /// Cost in units.
    pub cost: Amount,
    /// Decisions that are not refused.
    pub weight: u64,
    /// Contexts that are refused.
    pub refused: Vec<RefusedContext>,
    /// Instructions of all decisions by owner, beside `Places::owners`.
    pub owners: Vec<u64>,
    /// Decisions that asked each owner.
    pub asked: Vec<u64>,
    /// By the value of the slot that chooses rules; empty where there is none.
    pub tools: BTreeMap<String, ToolCounts>,
    /// The key of each context, beside the contexts; empty where there is none.
    pub keys: Vec<String>,
    /// Of each context whether deciding about it asks one of the owners that were named.
    pub asking: Vec<bool>,
}

/// Decides about every context once, and counts; `named` are owners for `ExactCounts::asking`.
#[must_use]
pub fn count(places: &Places<'_>, samples: &[&Sample], named: &[usize]) -> ExactCounts {
    let program = places.program;
    let mut scratch = Scratch::for_program(program);
    let mut counter = Counter::of(places);
    let mut sums = ExactCounts::default();
    let mut asked = vec![0_u64; places.owners.len()];
    for (at, sample) in samples.iter().enumerate() {
        counter.begin(sample.weight);
        let mut filled = read(program, (sample.form, &sample.bytes), &mut scratch);
        let moment = sample.moment();
        let decision = filled.decide_observed(&moment, &mut counter);
        if let Some(error) = decision.input_error() {
            let place = error.offset.map_or(String::new(), |byte| format!(" at byte {byte}"));
            let why = format!("{}{place}", error.message(program));
            sums.refused.push(RefusedContext { at, why });
            sums.keys.push(String::new());
            sums.asking.push(false);
            continue;
        }
        let weight = sample.weight;
        sums.weight = sums.weight.saturating_add(weight);
        sums.instructions.add(counter.steps, weight, at);
        sums.cost.add(decision.cost(), weight, at);
        let key = key_of(program, &decision);
        if let Some(key) = &key {
            let tool = sums.tools.entry(key.clone()).or_default();
            tool.weight += weight;
            tool.instructions += counter.steps.saturating_mul(weight);
        }
        sums.keys.push(key.unwrap_or_default());
        sums.asking.push(named.iter().any(|owner| counter.seen.get(*owner) == Some(&true)));
        for (sum, seen) in asked.iter_mut().zip(&counter.seen) {
            *sum += if *seen { weight } else { 0 };
        }
    }
    sums.asked = asked;
    sums.owners = counter.owners;
    sums
}

/// The value of the slot that chooses rules.
fn key_of(program: &Program, decision: &Decision<'_>) -> Option<String> {
    let slot = usize::from(program.module().index.key_slot);
    let value = decision.file().get(slot).filter(|value| value.tag() == Tag::String)?;
    let view = decision.view();
    Some(String::from_utf8_lossy(view.bytes(value)).into_owned())
}

/// Counts the instructions that run.
struct Counter<'a> {
    places: &'a Places<'a>,
    /// Of this decision.
    steps: u64,
    /// Which owners this decision asked.
    seen: Vec<bool>,
    weight: u64,
    owners: Vec<u64>,
}

impl<'a> Counter<'a> {
    fn of(places: &'a Places<'a>) -> Self {
        let owners = places.owners.len();
        let (seen, owners) = (vec![false; owners], vec![0; owners]);
        Self { places, steps: 0, seen, weight: 0, owners }
    }

    fn begin(&mut self, weight: u64) {
        (self.steps, self.weight) = (0, weight);
        self.seen.fill(false);
    }
}

impl Observer for Counter<'_> {
    fn see(&mut self, _sight: AtomObservation<'_>) {}

    fn step(&mut self, step: Step<'_>) {
        self.steps += 1;
        let Some(owner) = self.places.owner_of(step.pc as usize) else { return };
        if let Some(sum) = self.owners.get_mut(owner) {
            *sum = sum.saturating_add(self.weight);
        }
        if let Some(seen) = self.seen.get_mut(owner) {
            *seen = true;
        }
    }
}
