//! Trees: what conditions and decisions come to, told by their atoms alone.
//!
//! In:      readings of functions.
//! Out:     `Trees`: the atoms of each, and where their outcomes lead.
//! Imports: `lang::opcodes`, `runtime::bundle`, `runtime::program`.
//!
//! A tree is the function without what happens after an error: an atom that fails, and whatever
//! is no atom, leads to `Next::Run`, which says nothing. What computes a term is left out, because
//! the atom behind it fails where that fails; where no such atom follows, the tree ends.

use crate::lang::opcodes::{
    EXIT_ERROR, EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, Op, Operand,
};
use crate::runtime::bundle::module::{FunctionKind, Module, NONE};
use crate::runtime::program::reading::{Callee, Reading, read};
use crate::runtime::program::terms::Terms;

/// Where an outcome leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Next {
    /// To another atom, counted from the root.
    Ask(u8),
    /// The function says outcome number so and so; a condition that holds says the first.
    Says(u16),
    /// It is silent.
    Silent,
    /// The tree does not tell.
    Run,
}

/// An atom on slots and terms.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Node {
    pub(in crate::runtime) atom: Instruction,
    /// The terms that it is made of, in `Trees::needs`: the first, and their number.
    pub(in crate::runtime) needs: (u32, u16),
    /// Where it leads when it goes on, and when it branches.
    pub(in crate::runtime) next: [Next; 2],
}

/// The trees of a program.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Trees {
    nodes: Vec<Node>,
    needs: Vec<u16>,
    /// Of every function the root and the number of nodes; none without a tree.
    roots: Vec<(u32, u8)>,
}

impl Trees {
    /// The nodes of a function, root first; empty without a tree.
    #[inline]
    pub(in crate::runtime) fn of(&self, function: u16) -> &[Node] {
        let Some((first, count)) = self.roots.get(usize::from(function)) else { return &[] };
        let first = *first as usize;
        self.nodes.get(first..first + usize::from(*count)).unwrap_or_default()
    }

    fn add(&mut self, function: u16, growing: &Growing<'_, '_>, branches: &[Branch]) {
        let first = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let number = |pc: u16| branches.iter().position(|branch| branch.pc == pc);
        let next = |to: Result<u16, Next>| match to.map(number) {
            Ok(at) => at.and_then(|at| u8::try_from(at).ok()).map_or(Next::Run, Next::Ask),
            Err(next) => next,
        };
        for Branch { pc, to } in branches {
            let Some(atom) = growing.reading.code.get(usize::from(*pc)) else { continue };
            let parts = growing.terms.read_by(atom);
            let before = self.needs.len();
            self.needs.extend(parts.into_iter().filter(|place| growing.terms.is_computed(*place)));
            let needs = (
                u32::try_from(before).unwrap_or(u32::MAX),
                u16::try_from(self.needs.len() - before).unwrap_or(u16::MAX),
            );
            self.nodes.push(Node { atom: *atom, needs, next: to.map(next) });
        }
        if let Some(root) = self.roots.get_mut(usize::from(function)) {
            *root = (first, u8::try_from(branches.len()).unwrap_or(0));
        }
    }

    /// The terms that a node needs, each behind those that it is made of.
    pub(in crate::runtime) fn needs(&self, node: &Node) -> &[u16] {
        let first = node.needs.0 as usize;
        self.needs.get(first..first + usize::from(node.needs.1)).unwrap_or_default()
    }
}

/// What reading a program's functions found.
#[derive(Debug)]
pub(in crate::runtime) struct Readings<'m> {
    module: &'m Module,
    /// Of every function; `None` of what is too long.
    of: Vec<Option<Reading<'m>>>,
    pub(in crate::runtime) terms: Terms,
    pub(in crate::runtime) trees: Trees,
}

impl<'m> Readings<'m> {
    /// Reads all functions of a module whose slots and registers take `file` values. Conditions
    /// that are no rule's get their trees.
    pub(in crate::runtime) fn of(module: &'m Module, file: usize) -> Self {
        let count = module.functions.len();
        let trees = Trees { roots: vec![(0, 0); count], ..Trees::default() };
        let (of, terms) = (Vec::with_capacity(count), Terms::behind(file));
        let mut all = Self { module, of, terms, trees };
        let mut is_called = vec![true; count];
        for rule in &module.rules {
            if let Some(is_called) = is_called.get_mut(usize::from(rule.function)) {
                *is_called = false;
            }
        }
        let mut callees = vec![Callee::Opaque; count];
        for ((at, row), is_called) in (0..).zip(&module.functions).zip(is_called) {
            let reading = read(module, row, &mut all.terms, &callees);
            let value = reading.as_ref().map_or(Callee::Opaque, |it| it.value(&all.terms));
            all.of.push(reading);
            let callee = match row.kind {
                FunctionKind::Value(_) => value,
                FunctionKind::Condition if is_called && all.grow(at) => Callee::Told,
                FunctionKind::Condition | FunctionKind::Decision => Callee::Opaque,
            };
            if let Some(place) = callees.get_mut(usize::from(at)) {
                *place = callee;
            }
        }
        all
    }

    /// Makes the tree of a function; whether it has one that tells something.
    pub(super) fn grow(&mut self, function: u16) -> bool {
        let Self { module, of, terms, trees } = self;
        if !trees.of(function).is_empty() {
            return true;
        }
        let row = module.functions.get(usize::from(function));
        let reading = of.get(usize::from(function)).and_then(Option::as_ref);
        let (Some(row), Some(reading)) = (row, reading) else { return false };
        let growing = Growing { module, terms, reading, kind: row.kind };
        let branches = growing.branches();
        // Nodes are counted by a byte.
        if branches.is_empty() || branches.len() > usize::from(u8::MAX) {
            return false;
        }
        trees.add(function, &growing, &branches);
        true
    }
}

/// What an instruction is in a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// An atom.
    Atom,
    /// It leads on, to the instruction or exit, which must read the place if there is one.
    On(u16, u16),
    /// It ends the tree so.
    End(Next),
}

/// An atom that is met, and where it leads when it goes on, and when it branches.
struct Branch {
    pc: u16,
    to: [Result<u16, Next>; 2],
}

/// The tree of one function.
struct Growing<'g, 'm> {
    module: &'m Module,
    terms: &'g Terms,
    reading: &'g Reading<'m>,
    kind: FunctionKind,
}

impl Growing<'_, '_> {
    /// The atoms that are met on the way from the start, and where they lead: to an atom, or out.
    fn branches(&self) -> Vec<Branch> {
        let steps: Vec<Step> = (0..self.reading.code.len()).map(|pc| self.step(pc)).collect();
        let mut met = vec![false; steps.len()];
        let reach = |to: Result<u16, Next>, met: &mut [bool]| {
            if let Some(met) = to.ok().and_then(|to| met.get_mut(usize::from(to))) {
                *met = true;
            }
            to
        };
        reach(self.lands(&steps, 0), &mut met).ok();
        let mut branches = Vec::new();
        for (pc, atom) in (0..).zip(self.reading.code.iter()) {
            if met.get(usize::from(pc)) == Some(&true) {
                let to = [pc + 1, atom.f].map(|to| reach(self.lands(&steps, to), &mut met));
                branches.push(Branch { pc, to });
            }
        }
        branches
    }

    fn step(&self, pc: usize) -> Step {
        let Some(ins) = self.reading.code.get(pc) else { return Step::End(Next::Run) };
        let behind = u16::try_from(pc + 1).unwrap_or(EXIT_ERROR);
        if let Some(place) = self.reading.computed(pc) {
            return Step::On(behind, if ins.e == INFALLIBLE { NONE } else { place });
        }
        if ins.op == Op::Jump {
            Step::On(ins.f, NONE)
        } else if ins.op == Op::Decide {
            Step::End(Next::Says(ins.b))
        } else if ins.op.is_atom() && self.reads_places(ins) {
            Step::Atom
        } else {
            Step::End(Next::Run)
        }
    }

    /// Whether its operands are slots and terms.
    fn reads_places(&self, atom: &Instruction) -> bool {
        let [a, b, _] = atom.op.operands();
        let slots = self.module.slots.len();
        let known = |(operand, place): (Operand, u16)| {
            operand != Operand::Read || usize::from(place) < slots || place >= self.terms.first
        };
        [(a, atom.a), (b, atom.b)].into_iter().all(known)
    }

    /// Where an edge to `to` leads, past what computes: to an instruction that is an atom, or out.
    fn lands(&self, steps: &[Step], mut to: u16) -> Result<u16, Next> {
        let mut read = Vec::new();
        loop {
            match steps.get(usize::from(to)) {
                // Jumps lead forward.
                Some(Step::On(next, place)) => {
                    to = *next;
                    read.extend(Some(*place).filter(|place| *place != NONE));
                }
                Some(Step::Atom) => {
                    let parts =
                        self.reading.code.get(usize::from(to)).map(|it| self.terms.read_by(it));
                    let parts = parts.unwrap_or_default();
                    let fails = read.iter().all(|place| parts.contains(place));
                    return if fails { Ok(to) } else { Err(Next::Run) };
                }
                _ if !read.is_empty() => return Err(Next::Run),
                Some(Step::End(next)) => return Err(*next),
                None => return Err(self.exit(to)),
            }
        }
    }

    /// What leaving the function by `to` is; only conditions run off their end.
    fn exit(&self, to: u16) -> Next {
        let condition = self.kind == FunctionKind::Condition;
        match to {
            EXIT_FALSE => Next::Silent,
            EXIT_TRUE if condition => Next::Says(0),
            _ if condition && usize::from(to) == self.reading.code.len() => Next::Says(0),
            _ => Next::Run,
        }
    }
}
