//! What a decision may cost.
//!
//! In:      turns of loops and calls, as they happen.
//! Out:     the cost in units, or `EvalError::Budget`.
//! Imports: `base`, `lang`.
//!
//! A program whose static cost stays under the ceiling counts nothing. Any other is metered: an
//! entry into a function and a turn of a loop cost their instructions, a call what its row says.

use crate::base::limits::{DECISION_COST_MAX, RULE_COST_MAX};
use crate::lang::error::EvalError;
use crate::lang::functions::Cost;
use crate::lang::value::heap::View;
use crate::lang::value::{Tag, Value};

/// Units that are left.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Budget {
    pub(in crate::runtime) metered: bool,
    /// Units used by this decision.
    used: u64,
    /// Where the rule that runs must stop.
    ceiling: u64,
}

impl Budget {
    pub(in crate::runtime) const fn new(metered: bool) -> Self {
        Self { metered, used: 0, ceiling: DECISION_COST_MAX }
    }

    /// Begins a rule, which may use `RULE_COST_MAX`.
    #[inline]
    pub(in crate::runtime) fn begin_rule(&mut self) {
        if !self.metered {
            return;
        }
        self.ceiling = self.used.saturating_add(RULE_COST_MAX).min(DECISION_COST_MAX);
    }

    /// Units used by this decision.
    pub(in crate::runtime) const fn used(&self) -> u64 {
        self.used
    }

    /// Adds a static cost, known before anything ran.
    pub(in crate::runtime) const fn add(&mut self, units: u64) {
        self.used = self.used.saturating_add(units);
    }

    /// How many times `units` may be used, `most` at most.
    #[inline]
    pub(in crate::runtime) fn affordable(&self, units: u64, most: u32) -> u32 {
        if !self.metered {
            return most;
        }
        let times = self.ceiling.saturating_sub(self.used) / units.max(1);
        u32::try_from(times).map_or(most, |times| times.min(most))
    }

    /// Uses `units` so many times, which are affordable.
    #[inline]
    pub(in crate::runtime) fn use_up(&mut self, units: u64, times: u32) {
        if self.metered {
            self.add(units * u64::from(times));
        }
    }

    /// Uses units, if the program is metered.
    #[inline]
    pub(in crate::runtime) fn spend(&mut self, units: u64) -> Result<(), EvalError> {
        if !self.metered {
            return Ok(());
        }
        self.used = self.used.saturating_add(units);
        if self.used > self.ceiling { Err(EvalError::Budget) } else { Ok(()) }
    }

    /// Uses what a call costs.
    #[inline]
    pub(in crate::runtime) fn call(
        &mut self,
        view: &View<'_>,
        cost: Cost,
        arguments: &[Value],
    ) -> Result<(), EvalError> {
        if self.metered { self.spend(call_cost(view, cost, arguments)) } else { Ok(()) }
    }
}

fn call_cost(view: &View<'_>, cost: Cost, arguments: &[Value]) -> u64 {
    match cost {
        Cost::Fixed(units) => u64::from(units),
        Cost::Linear => arguments.iter().map(|value| share(view, value)).sum::<u64>() + 1,
        Cost::Product => {
            let product = arguments.iter().map(|value| share(view, value) + 1);
            product.fold(1, u64::saturating_mul).saturating_add(1)
        }
    }
}

/// A unit for ten bytes, or for one element.
fn share(view: &View<'_>, value: &Value) -> u64 {
    if matches!(value.tag(), Tag::String | Tag::Bytes) {
        return view.bytes(value).len().div_ceil(10) as u64;
    }
    if matches!(value.tag(), Tag::List | Tag::Map) { u64::from(value.len()) } else { 1 }
}
