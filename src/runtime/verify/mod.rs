//! Proof that a module can run: `docs/verifier.md` lists the rules.
//!
//! In:      a `Module`, from a bundle or from the compiler.
//! Out:     `Proof`, or the rule that it breaks; for the compiler, what the rules demand; and for
//!          whoever doubts the proof, what it takes values to be.
//! Imports: `lang`, `runtime::bundle`.

mod annotate;
mod calls;
mod cost;
pub mod error;
mod flow;
mod govern;
mod jumps;
mod messages;
mod redactions;
mod references;
mod rules;
mod secrets;
mod steps;
mod structure;
#[cfg(test)]
mod tests;
mod transfer;
mod types;

pub use crate::runtime::verify::annotate::{Expensive, annotate};
pub use crate::runtime::verify::cost::is_over;
pub use crate::runtime::verify::flow::claims::Claims;
pub use crate::runtime::verify::types::{Kind, Known, Presence, Ty, UNBOUNDED};

use crate::lang::pattern::search::Pattern;
use crate::runtime::bundle::module::{FunctionKind, Module};
use crate::runtime::verify::calls::{Calls, Facts};
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::flow::{Memory, Mode};
use crate::runtime::verify::jumps::{Body, Shape};
use crate::runtime::verify::secrets::Secrets;
use crate::runtime::verify::steps::Steps;
use crate::runtime::verify::structure::number;
use crate::runtime::verify::transfer::Summary;

/// What is proved of a module: it can be run. Only `verify` makes one.
#[derive(Debug)]
pub struct Proof {
    patterns: Vec<Pattern>,
    steps: usize,
}

impl Proof {
    /// The patterns of the module, in order: to prove them is to make them ready for searching.
    pub(in crate::runtime) fn into_patterns(self) -> Vec<Pattern> {
        self.patterns
    }

    /// Steps that the proof took: at most a multiple of the size of the module.
    #[must_use]
    pub const fn steps(&self) -> usize {
        self.steps
    }
}

/// Proves that `module` can run.
///
/// # Errors
/// The first rule that it breaks, and where.
pub fn verify(module: &Module) -> Result<Proof, VerifyError> {
    prove(module, None).map(|(proof, _)| proof)
}

/// What the proof that `module` can run takes values to be. Nothing that decides asks: an observer
/// (`vm::observe`) can hold it against the values of a decision.
///
/// # Errors
/// As `verify`.
pub fn claims(module: &Module) -> Result<Claims, VerifyError> {
    prove(module, Some(Claims::of(module))).map(|(_, claims)| claims.unwrap_or_default())
}

/// The proof; and `claims` filled in, where they are asked for.
fn prove(module: &Module, claims: Option<Claims>) -> Result<(Proof, Option<Claims>), VerifyError> {
    let mut steps = Steps::of(module);
    let steps = &mut steps;
    let patterns = structure::check(module, steps)?;
    jumps::partition(module, steps)?;
    let mut shapes = Vec::with_capacity(module.functions.len());
    for body in bodies(module) {
        shapes.push(jumps::check(&body, steps)?);
    }
    rules::check(module, steps)?;
    secrets::places(module, steps)?;
    govern::check(module, steps)?;
    redactions::check(module, steps)?;
    let calls = Calls::of(module, steps)?;
    calls.windows(module)?;
    let facts = calls.facts(module, steps)?;
    if let Some(function) = facts.uncalled() {
        return Err(Fault::FunctionUnused { function: number(function) }.into());
    }
    let claims = functions(module, &calls, &shapes, &facts, claims, steps)?;
    if module.manifest.cost != cost::decision(module) {
        return Err(Fault::DecisionCost.into());
    }
    if module.manifest.metered != cost::is_metered(module) {
        return Err(Fault::Metered.into());
    }
    Ok((Proof { patterns, steps: steps.spent() }, claims))
}

/// The functions, in order.
fn bodies(module: &Module) -> impl Iterator<Item = Body<'_>> {
    let indices = (0..module.functions.len()).filter_map(|at| u16::try_from(at).ok());
    indices.filter_map(|at| Body::of(module, at))
}

/// Every function, each behind those that it calls.
fn functions(
    module: &Module,
    calls: &Calls,
    shapes: &[Shape],
    facts: &Facts,
    claims: Option<Claims>,
    steps: &mut Steps,
) -> Result<Option<Claims>, VerifyError> {
    let mut summaries = vec![Summary::default(); module.functions.len()];
    let secrets = Secrets::of(module, calls, steps)?;
    let (mut memory, mut ways) = (Memory::of(module, secrets).keeping(claims), Vec::new());
    for index in &calls.order {
        let at = usize::from(*index);
        let (Some(body), Some(shape)) = (Body::of(module, *index), shapes.get(at)) else {
            continue;
        };
        if let FunctionKind::Value(ty) = body.row.kind
            && usize::from(ty) >= module.types.len()
        {
            return Err(Fault::FunctionType { ty: u32::from(ty) }.inside(*index));
        }
        let facts = facts.of(*index).unwrap_or_default();
        let passed = flow::pass(body, shape, facts, &summaries, Mode::Check, &mut memory, steps)?;
        let cost = cost::function(&body, shape, &passed, &mut ways);
        if cost != body.row.cost {
            return Err(Fault::Cost { function: u32::from(*index) }.into());
        }
        if let Some(summary) = summaries.get_mut(at) {
            *summary = Summary { fails: passed.fails, cost, len: passed.len };
        }
        memory.take_back(passed);
    }
    Ok(memory.claims())
}
