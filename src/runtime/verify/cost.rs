//! Static costs (V23): the longest path through a function, and the most expensive decision.
//!
//! In:      what each instruction costs once, and how often loops turn.
//! Out:     units; sums and products stop at `u64::MAX`.
//! Imports: `base`, `lang`, `runtime::bundle`.

use crate::base::limits::{DECISION_COST_MAX, RULE_COST_MAX};
use crate::lang::opcodes::Instruction;
use crate::runtime::bundle::module::{Module, NONE, Str, TemplatePart};
use crate::runtime::verify::flow::Passed;
use crate::runtime::verify::jumps::{Body, Shape, edges};

/// The cost of the most expensive run of a function. `ways` is memory for it.
pub(super) fn function(
    body: &Body<'_>,
    shape: &Shape,
    passed: &Passed,
    ways: &mut Vec<u64>,
) -> u64 {
    if shape.loops.is_empty() {
        return longest(body.code, &passed.costs, 0..body.code.len(), ways);
    }
    let costs = with_turns(body, shape, passed);
    longest(body.code, &costs, 0..body.code.len(), ways)
}

/// What each instruction costs; a loop's `Iter` pays for the further turns.
fn with_turns(body: &Body<'_>, shape: &Shape, passed: &Passed) -> Vec<u64> {
    let mut ways = Vec::new();
    let mut costs = passed.costs.clone();
    // A loop stands before those inside it: backwards, the inner ones are known.
    for (row, turns) in shape.loops.iter().zip(&passed.turns).rev() {
        let turn = longest(body.code, &costs, row.iter + 1..row.next + 1, &mut ways);
        let more = turn.saturating_mul(turns.saturating_sub(1));
        if let Some(cost) = costs.get_mut(row.iter) {
            *cost = cost.saturating_add(more);
        }
    }
    costs
}

/// The most expensive instruction; if it is a loop, the most expensive one of a turn, and so on.
/// And the cost of the first.
pub(super) fn heaviest(body: &Body<'_>, shape: &Shape, passed: &Passed) -> (Vec<u16>, u64) {
    let costs = with_turns(body, shape, passed);
    let mut found = Vec::new();
    let mut inside = None;
    loop {
        let around = |pc: usize| shape.innermost.get(pc).copied().flatten();
        let here = (0..body.code.len()).filter(|pc| around(*pc) == inside);
        // Of equal ones the first.
        let most = here.max_by_key(|pc| (costs.get(*pc), std::cmp::Reverse(*pc)));
        let Some(pc) = most else { break };
        found.extend(u16::try_from(pc));
        inside = shape.loops.binary_search_by_key(&pc, |row| row.iter).ok();
        if inside.is_none() {
            break;
        }
    }
    let most = found.first().and_then(|pc| costs.get(usize::from(*pc))).copied().unwrap_or(0);
    (found, most)
}

/// The most expensive way from the start of `range` until it is left. Jumps go forward; the one
/// that does not is a loop's, whose further turns its `Iter` pays for.
fn longest(
    code: &[Instruction],
    costs: &[u64],
    range: std::ops::Range<usize>,
    ways: &mut Vec<u64>,
) -> u64 {
    ways.clear();
    ways.resize(range.len(), 0);
    let start = range.start;
    for pc in range.rev() {
        let (Some(ins), Some(cost)) = (code.get(pc), costs.get(pc)) else { continue };
        let way = |to: usize| ways.get(to.wrapping_sub(start)).copied().unwrap_or(0);
        // Nothing is paid behind the range, nor where a `Next` leads back: no way is known there.
        let (t, f, e) = edges(ins);
        let on = if t { way(pc + 1) } else { 0 };
        let branches = if f { way(usize::from(ins.f)) } else { 0 };
        let fails = if e { way(usize::from(ins.e)) } else { 0 };
        let longest = on.max(branches).max(fails).saturating_add(*cost);
        if let Some(way) = ways.get_mut(pc - start) {
            *way = longest;
        }
    }
    ways.first().copied().unwrap_or(0)
}

/// The cost of the most expensive decision: what is always asked, the most expensive list of the
/// index, the messages, and the outputs.
pub(super) fn decision(module: &Module) -> u64 {
    let of = |function: u16| module.functions.get(usize::from(function)).map_or(0, |row| row.cost);
    let rule = |rule: &u16| {
        let row = module.rules.get(usize::from(*rule));
        row.map_or(0, |row| of(row.function).saturating_add(1))
    };
    let sum = |costs: &mut dyn Iterator<Item = u64>| costs.fold(0, u64::saturating_add);
    let list = |rules: &[u16]| sum(&mut rules.iter().map(rule));
    let index = &module.index;
    let by_key = index.keys.iter().map(|(_, rules)| list(rules)).max().unwrap_or(0);
    let by_prefix = chains(
        module,
        &index.prefixes.iter().map(|(prefix, rules)| (*prefix, list(rules))).collect::<Vec<_>>(),
    );
    let by_pattern = sum(&mut index.patterns.iter().map(|(_, rules)| list(rules)));
    let unnamed = by_prefix.saturating_add(by_pattern);
    let message = |parts: &Vec<TemplatePart>| {
        sum(&mut parts.iter().map(|part| match part {
            TemplatePart::Text(_) => 1,
            TemplatePart::Value(function) => of(*function).saturating_add(1),
            TemplatePart::Else(function, _) => of(*function).saturating_add(2),
        }))
    };
    let messages = module.templates.iter().map(message).max().unwrap_or(0);
    let functions = module.outputs.iter().flat_map(|row| [row.function, row.explanation]);
    let functions = functions.filter(|function| *function != NONE);
    let outputs = sum(&mut functions.map(|function| of(function).saturating_add(1)));
    sum(&mut [list(&index.always), by_key.max(unnamed), messages, outputs].into_iter())
}

/// The most that prefixes of one key cost together; they are in order, so that a prefix stands
/// before those that it begins.
fn chains(module: &Module, prefixes: &[(Str, u64)]) -> u64 {
    let text = |string: Str| {
        let at = usize::try_from(string).unwrap_or(usize::MAX);
        module.strings.get(at).unwrap_or_default()
    };
    let mut open: Vec<(&str, u64)> = Vec::new();
    let mut most = 0;
    for (prefix, cost) in prefixes {
        let prefix = text(*prefix);
        while open.last().is_some_and(|(outer, _)| !prefix.starts_with(outer)) {
            open.pop();
        }
        let sum = open.last().map_or(0, |(_, sum)| *sum).saturating_add(*cost);
        open.push((prefix, sum));
        most = most.max(sum);
    }
    most
}

/// Whether cost has to be counted while the bundle runs: a rule or a decision may pass its ceiling.
pub(super) fn is_metered(module: &Module) -> bool {
    module.manifest.cost > DECISION_COST_MAX || module.functions.iter().any(|row| is_over(row.cost))
}

/// Whether a function passes the ceiling of a rule.
#[must_use]
pub const fn is_over(cost: u64) -> bool {
    cost > RULE_COST_MAX
}
