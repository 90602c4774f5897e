//! What conditions that nobody needed would have been.
//!
//! In:      a bundle, an explanation with atoms that were passed over, how to decide again.
//! Out:     the same explanation, these atoms marked `would be`.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`, `runtime::verify`, `tools::inspect`.
//!
//! `a && b` does not ask `b` where `a` is false. To find out what `b` is, the code in front of it
//! is changed so that both ways lead to it; the bundle that has this code is verified as any
//! other, and decides about the same context. Of that decision nothing is kept but how `b` came
//! out.

use std::collections::BTreeSet;

use crate::lang::opcodes::{INFALLIBLE, Instruction, NO_ATOM, Op, X_PART, Yield};
use crate::runtime::bundle::module::Module;
use crate::runtime::bundle::writer::write;
use crate::runtime::program::Program;
use crate::runtime::verify::annotate;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::why::watch::Watcher;
use crate::tools::why::{AtomWhy, State, Why};

/// Calls of variables that are followed.
const CALLS_MAX: usize = 8;
/// Bundles that are made at most.
const ROUNDS_MAX: usize = 256;

/// What leads to an atom: instructions by their place in the code of the module.
#[derive(Debug, Default)]
struct AtomRoute {
    changes: Vec<(usize, Instruction)>,
    functions: BTreeSet<usize>,
}

/// An atom that was passed over: the rule, the atom of it, what leads there.
type SkippedAtom = (usize, usize, AtomRoute);

/// Asks what was passed over. `again` decides with another program, and shows it to the watcher;
/// whatever keeps it from that leaves the atoms as they are.
pub fn exhaust(
    why: &mut Why,
    worded: &DescribedProgram<'_>,
    again: &mut dyn for<'w> FnMut(&'w Program, &mut Watcher<'w>),
) {
    let module = worded.program.module();
    let mut wanted: Vec<SkippedAtom> = Vec::new();
    for (at, (rule, row)) in why.rules.iter().zip(&module.rules).enumerate() {
        if rule.state == State::NotAsked {
            continue;
        }
        let open = rule.atoms.iter().enumerate().filter(|(_, atom)| !atom.is_seen());
        wanted.extend(open.filter_map(|(nth, atom)| {
            let mut plan = AtomRoute::default();
            let found = plan.reach(module, usize::from(row.function), atom.atom, CALLS_MAX);
            found.then_some((at, nth, plan))
        }));
    }
    // Sets of plans, the next one last.
    let mut sets: Vec<Vec<SkippedAtom>> = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let now = sets.pop().unwrap_or_else(|| {
            let (now, later) = apart(std::mem::take(&mut wanted));
            wanted = later;
            now
        });
        if now.is_empty() {
            return;
        }
        // What is refused together may do in parts.
        if !round(why, module, &now, again) && now.len() > 1 {
            let mut now = now;
            let rest = now.split_off(now.len() / 2);
            sets.extend([rest, now]);
        }
    }
}

/// Those that change no function of each other, and all others.
fn apart(wanted: Vec<SkippedAtom>) -> (Vec<SkippedAtom>, Vec<SkippedAtom>) {
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    wanted.into_iter().partition(|(.., plan)| {
        let free = plan.functions.is_disjoint(&taken);
        if free {
            taken.extend(&plan.functions);
        }
        free
    })
}

/// Decides with the code of some plans; `false` where there is no such program.
fn round(
    why: &mut Why,
    module: &Module,
    wanted: &[SkippedAtom],
    again: &mut dyn for<'w> FnMut(&'w Program, &mut Watcher<'w>),
) -> bool {
    let mut changed = module.clone();
    changed.debug.clear();
    for (at, code) in wanted.iter().flat_map(|(.., plan)| &plan.changes) {
        if let Some(place) = changed.code.get_mut(*at) {
            *place = *code;
        }
    }
    compact(&mut changed);
    annotate(&mut changed);
    let program = write(&changed).ok().and_then(|bytes| Program::load_unsigned(&bytes).ok());
    let Some(program) = program else { return false };
    let mut seen = Watcher::new(&program);
    again(&program, &mut seen);
    for (rule, nth, _) in wanted {
        let atom = why.rules.get_mut(*rule).and_then(|rule| rule.atoms.get_mut(*nth));
        let Some(atom) = atom else { continue };
        if let Some(outcome) = seen.any(atom.atom) {
            let (truth, values) = outcome.seen.describe(&atom.text);
            let loops = outcome.loops.clone();
            *atom = AtomWhy { truth, values, loops, would_be: true, ..atom.clone() };
        }
    }
    true
}

impl AtomRoute {
    /// Plans to reach the instruction of `atom` in a function, or in one that it calls.
    fn reach(&mut self, module: &Module, function: usize, atom: u16, calls: usize) -> bool {
        let Some(row) = module.functions.get(function) else { return false };
        let first = row.first as usize;
        let Some(code) = module.code.get(first..first + usize::from(row.len)) else {
            return false;
        };
        let decides = |code: &Instruction| code.w == atom && code.x & X_PART == 0;
        if let Some(target) = code.iter().position(decides) {
            return self.lead(code, (function, first), target);
        }
        let Some(calls) = calls.checked_sub(1) else { return false };
        for (at, code_of_call) in code.iter().enumerate() {
            let callee = code_of_call.callee().map(usize::from);
            let inside = callee.is_some_and(|callee| self.reach(module, callee, atom, calls));
            if inside {
                return self.lead(code, (function, first), at);
            }
        }
        false
    }

    /// Changes what stands on the way to instruction `target` so that it leads there.
    fn lead(
        &mut self,
        code: &[Instruction],
        (function, first): (usize, usize),
        target: usize,
    ) -> bool {
        let Some(path) = path(code, target) else { return false };
        self.functions.insert(function);
        for pair in path.windows(2) {
            let &[at, next] = pair else { continue };
            let Some(own) = code.get(at) else { continue };
            let changed = if matches!(own.op, Op::Jump | Op::Iter | Op::Next) {
                continue; // It leads there already, or does when it is over.
            } else if next == at + 1 {
                let Ok(to) = u16::try_from(next) else { return false };
                let f = if own.op.yields() == Yield::Branch { to } else { own.f };
                // What could not fail may, where nothing asks first whether it is there.
                let asks = own.op.yields() == Yield::Branch && !own.op.errors().is_empty();
                Instruction { f, e: if asks { to } else { own.e }, ..*own }
            } else {
                let (a, b, c) = (0, 0, 0);
                Instruction { op: Op::Jump, x: 0, a, b, c, f: own.f, e: INFALLIBLE, w: NO_ATOM }
            };
            self.changes.push((first + at, changed));
        }
        true
    }
}

/// Takes out the instructions that nothing leads to any more: the verifier refuses them.
fn compact(module: &mut Module) {
    let old = std::mem::take(&mut module.code);
    for row in &mut module.functions {
        let first = row.first as usize;
        let code = old.get(first..first + usize::from(row.len)).unwrap_or_default();
        let kept = reached(code);
        let mut places = vec![0_u16];
        for kept in &kept {
            let place = places.last().copied().unwrap_or(0);
            places.push(place + u16::from(*kept));
        }
        let moved = |to: u16| places.get(usize::from(to)).copied().unwrap_or(to);
        row.first = u32::try_from(module.code.len()).unwrap_or(u32::MAX);
        row.len = places.last().copied().unwrap_or(0);
        let code = code.iter().zip(&kept).filter(|(_, kept)| **kept).map(|(code, _)| code);
        let code = code.map(|code| Instruction { f: moved(code.f), e: moved(code.e), ..*code });
        module.code.extend(code);
    }
}

/// Of each instruction whether the first one leads to it.
fn reached(code: &[Instruction]) -> Vec<bool> {
    let mut reached = vec![false; code.len()];
    let mut waiting = vec![0];
    while let Some(at) = waiting.pop() {
        let (Some(place), Some(own)) = (reached.get_mut(at), code.get(at)) else { continue };
        if std::mem::replace(place, true) {
            continue;
        }
        // An operand that says nowhere is behind the end of every function.
        waiting.extend([usize::from(own.f), usize::from(own.e)]);
        if !matches!(own.op, Op::Jump | Op::Return | Op::Decide | Op::Fail) {
            waiting.push(at + 1);
        }
    }
    reached
}

/// A way from the first instruction to `target`; of several one that leaves out little.
fn path(code: &[Instruction], target: usize) -> Option<Vec<usize>> {
    let mut known = vec![false; code.len()];
    let mut path = vec![0];
    while let Some(&at) = path.last() {
        if at == target {
            return Some(path);
        }
        let free = |next: &usize| known.get(*next) == Some(&false) && *next > at;
        match ways(code, at).into_iter().flatten().find(free) {
            Some(next) => {
                if let Some(place) = known.get_mut(next) {
                    *place = true;
                }
                path.push(next);
            }
            None => {
                path.pop();
            }
        }
    }
    None
}

/// Where an instruction may lead: on, then where F goes. A loop leads behind itself.
fn ways(code: &[Instruction], at: usize) -> [Option<usize>; 2] {
    let Some(own) = code.get(at) else { return [None, None] };
    let (on, far) = (Some(at + 1), Some(usize::from(own.f)).filter(|far| *far < code.len()));
    if matches!(own.op, Op::Return | Op::Decide | Op::Fail) {
        return [None, None];
    }
    if own.op == Op::Jump {
        return [far, None];
    }
    if own.op == Op::Iter {
        let ends = |it: &Instruction| it.op == Op::Next && usize::from(it.f) == at + 1;
        let behind = code.iter().position(ends).map(|next| next + 1);
        return [behind.filter(|behind| *behind < code.len()), None];
    }
    [on, far.filter(|_| own.op.yields() == Yield::Branch)]
}
