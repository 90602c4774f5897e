//! What the rules demand of a module and the compiler need not work out: types at joins, types of
//! results, costs, and tables without entries that nothing names.
//!
//! In:      a module whose code is written.
//! Out:     the same module, ready for `verify`, which takes nothing of this on trust; and the
//!          functions that make it metered.
//! Imports: `base`, `lang`, `runtime::bundle`.

use crate::base::arrange::Arrange as _;
use crate::lang::opcodes::{EXIT_ERROR, Op};
use crate::runtime::bundle::module::{FunctionKind, Module, NONE, TypeRow};
use crate::runtime::verify::calls::{Calls, Fact};
use crate::runtime::verify::flow::{Memory, Mode, Passed};
use crate::runtime::verify::jumps::Body;
use crate::runtime::verify::references::{prune, sort_messages, sort_strings};
use crate::runtime::verify::secrets::Secrets;
use crate::runtime::verify::steps::Steps;
use crate::runtime::verify::transfer::Summary;
use crate::runtime::verify::{cost, flow, jumps};

/// A function that may pass the ceiling of a rule, while nothing that it calls does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expensive {
    /// The function.
    pub function: u16,
    /// Its highest cost, in units.
    pub cost: u64,
    /// Its most expensive instruction, and below that, where it is a loop, the most expensive
    /// one of a turn, and so on; from the start of the function.
    pub at: Vec<u16>,
    /// What the first of these costs, all turns included.
    pub most: u64,
}

/// Sorts the strings, fills in `frames`, `cost` and `metered`, and takes out entries that nothing
/// names.
///
/// Where an instruction claims to be infallible and nothing proves it, its error leaves the
/// function; where a value is returned of which less is known than its function says, the
/// function says less. A module that `verify` would refuse for other reasons stays as it is.
pub fn annotate(module: &mut Module) -> Vec<Expensive> {
    let mut expensive = Vec::new();
    sort_strings(module);
    module.redactions.arrange_by(|a, b| a.path.cmp(&b.path));
    for tool in &mut module.govern.tools {
        tool.args.iter_mut().for_each(|args| args.arrange_by_key(|arg| arg.name));
        tool.outputs.arrange_by(|a, b| a.path.cmp(&b.path));
    }
    sort_messages(module);
    prune(module);
    let dynamic = dynamic(module);
    let mut steps = Steps::of(module);
    let calls = Calls::of(module, &mut steps);
    if let Ok(calls) = calls
        && let Ok(facts) = calls.facts(module, &mut steps)
        && let Ok(secrets) = Secrets::of(module, &calls, &mut steps)
    {
        let mut summaries = vec![Summary::default(); module.functions.len()];
        let mut memory = Memory::of(module, secrets);
        for index in &calls.order {
            let facts = facts.of(*index).unwrap_or_default();
            let (at, most) =
                function(module, *index, facts, &mut summaries, dynamic, &mut memory, &mut steps);
            let cost = summaries.get(usize::from(*index)).map_or(0, |summary| summary.cost);
            let dear = |callee: &u16| {
                summaries.get(usize::from(*callee)).is_some_and(|it| cost::is_over(it.cost))
            };
            if cost::is_over(cost) && !called(module, *index).any(|callee| dear(&callee)) {
                expensive.push(Expensive { function: *index, cost, at, most });
            }
        }
    }
    module.manifest.cost = cost::decision(module);
    module.manifest.metered = cost::is_metered(module);
    prune(module);
    expensive
}

/// The functions that function `index` calls.
fn called(module: &Module, index: u16) -> impl Iterator<Item = u16> {
    let code = Body::of(module, index).map(|body| body.code).unwrap_or_default();
    code.iter().filter(|ins| matches!(ins.op, Op::Test | Op::Need)).map(|ins| ins.a)
}

/// The row of `dyn`; added if it is missing.
fn dynamic(module: &mut Module) -> u16 {
    let known = module.types.iter().position(|row| *row == TypeRow::Dyn);
    let at = known.unwrap_or_else(|| {
        module.types.push(TypeRow::Dyn);
        module.types.len() - 1
    });
    u16::try_from(at).unwrap_or(NONE)
}

/// Fills in the row of function `index`; where its cost comes from, if that is over the ceiling.
fn function(
    module: &mut Module,
    index: u16,
    facts: &[Fact],
    summaries: &mut [Summary],
    dynamic: u16,
    memory: &mut Memory,
    steps: &mut Steps,
) -> (Vec<u16>, u64) {
    let Some((passed, cost, at)) =
        looked_at(module, index, facts, summaries, dynamic, memory, steps)
    else {
        return (Vec::new(), 0);
    };
    let Some(row) = module.functions.get_mut(usize::from(index)) else { return at };
    if passed.wider {
        row.kind = FunctionKind::Value(dynamic);
    }
    row.cost = cost;
    row.frames = passed.frames;
    let first = usize::try_from(row.first).unwrap_or(usize::MAX);
    for pc in passed.unproved {
        if let Some(ins) = module.code.get_mut(first.saturating_add(pc)) {
            ins.e = EXIT_ERROR;
        }
    }
    if let Some(summary) = summaries.get_mut(usize::from(index)) {
        *summary = Summary { fails: passed.fails, cost, len: passed.len };
    }
    at
}

fn looked_at(
    module: &Module,
    index: u16,
    facts: &[Fact],
    summaries: &[Summary],
    dynamic: u16,
    memory: &mut Memory,
    steps: &mut Steps,
) -> Option<(Passed, u64, (Vec<u16>, u64))> {
    let body = Body::of(module, index)?;
    let shape = jumps::check(&body, steps).ok()?;
    let mode = Mode::Infer(dynamic);
    let passed = flow::pass(body, &shape, facts, summaries, mode, memory, steps).ok()?;
    let cost = cost::function(&body, &shape, &passed, &mut Vec::new());
    let over = cost::is_over(cost);
    let at = if over { cost::heaviest(&body, &shape, &passed) } else { (Vec::new(), 0) };
    Some((passed, cost, at))
}
