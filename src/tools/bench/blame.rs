//! Which rule and which atom the time goes to.
//!
//! In:      a program and contexts.
//! Out:     `TimeProfile`: time by rule and atom.
//! Imports: `base`, `runtime::vm`, `tools::decide`.
//!
//! Each context is decided about several times while the clock is asked in front of every
//! instruction. The same instructions run in the same order each time, so of each step the least
//! time counts: what else the machine does can only add. What a step takes at least, asking the
//! clock included, is taken off. So a share of time is one of running every rule, like a count
//! (`count`); it tells a slow pattern from a comparison, which a count of instructions cannot.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::base::arrange::Arrange as _;
use crate::runtime::vm::observe::{AtomObservation, Observer, Step};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::bench::clock::{now, picoseconds};
use crate::tools::bench::contexts::Sample;
use crate::tools::bench::measure::Watch;
use crate::tools::bench::places::Places;
use crate::tools::decide::read;

/// How often each context is decided about.
const REPEATS: usize = 15;
/// Most steps of a decision that are timed; of a longer one those behind them are not.
const STEPS_MAX: usize = 1 << 20;
/// Most steps that are timed altogether, repeats not counted. The contexts with the most weight
/// come first.
const ALL_STEPS_MAX: usize = 4 << 20;

/// What time is spent on: an owner, an index of `Places::owners`, and of it an atom, or the rest.
pub type ProfileKey = (Option<usize>, Option<u16>);

/// Where the time went.
#[derive(Clone, Debug, Default)]
pub struct TimeProfile {
    /// Picoseconds by part: of each context times its weight.
    pub parts: BTreeMap<ProfileKey, u64>,
    /// Decisions that were looked at, each context by its weight.
    pub weight: u64,
}

/// Times every step of deciding about `samples`; `None` where it was stopped.
#[must_use]
pub fn spent(places: &Places<'_>, samples: &[&Sample], watch: Watch<'_>) -> Option<TimeProfile> {
    let program = places.program;
    let mut scratch = Scratch::for_program(program);
    let mut spent = TimeProfile::default();
    let mut order: Vec<&Sample> = samples.to_vec();
    order.arrange_by_key(|sample| std::cmp::Reverse(sample.weight));
    let mut stepper = Stepper::new();
    let (mut all, mut timed) = (0, Vec::new());
    for sample in order {
        if watch.stopped() {
            return None;
        }
        if all > ALL_STEPS_MAX {
            break;
        }
        let mut filled = read(program, (sample.form, &sample.bytes), &mut scratch);
        let moment = sample.moment();
        for repeat in 0..REPEATS {
            stepper.begin(repeat == 0);
            let decision = filled.decide_observed(&moment, &mut stepper);
            std::hint::black_box(decision.effect());
            stepper.end();
        }
        all += stepper.steps.len();
        spent.weight = spent.weight.saturating_add(sample.weight);
        timed.extend(stepper.steps.iter().map(|(pc, ps)| {
            let pc = *pc as usize;
            ((places.owner_of(pc), places.atom_of(pc)), *ps, sample.weight)
        }));
    }
    let least = timed.iter().map(|(_, ps, _)| *ps).min().unwrap_or(0);
    for (part, ps, weight) in timed {
        let sum = spent.parts.entry(part).or_default();
        *sum = sum.saturating_add((ps - least).saturating_mul(weight));
    }
    Some(spent)
}

/// Asks the clock in front of every instruction.
struct Stepper {
    /// Each step of the decision: the instruction, and the least time until the next one.
    steps: Vec<(u32, u64)>,
    /// Where in `steps` the running decision is.
    at: usize,
    first: bool,
    last: Option<(u32, Instant)>,
}

impl Stepper {
    fn new() -> Self {
        Self { steps: Vec::with_capacity(STEPS_MAX), at: 0, first: true, last: None }
    }

    /// Begins a decision; the first about a context says which steps there are.
    fn begin(&mut self, first: bool) {
        if first {
            self.steps.clear();
        }
        (self.at, self.first, self.last) = (0, first, None);
    }
}

impl Stepper {
    /// Ends the decision: its last step is done.
    fn end(&mut self) {
        self.passed(now());
    }

    /// The step that runs is done.
    fn passed(&mut self, here: Instant) {
        let Some((pc, before)) = self.last else { return };
        let ps = picoseconds(here - before);
        if self.first && self.steps.len() < STEPS_MAX {
            self.steps.push((pc, ps));
        } else if let Some((known, least)) = self.steps.get_mut(self.at)
            && *known == pc
        {
            *least = (*least).min(ps);
        }
        self.at += 1;
    }
}

impl Observer for Stepper {
    fn see(&mut self, _sight: AtomObservation<'_>) {}

    fn step(&mut self, step: Step<'_>) {
        let here = now();
        self.passed(here);
        self.last = Some((step.pc, here));
    }
}
