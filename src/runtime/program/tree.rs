//! Trees: what conditions and decisions come to, told by their atoms alone.
//!
//! In:      the code of functions.
//! Out:     `Trees`: the atoms of each, and where their outcomes lead.
//! Imports: `lang`, `runtime::bundle`.
//!
//! A tree is the function without what happens after an error: an atom that fails, and whatever
//! is no atom, leads to `Next::Run`, which says nothing. What computes a term is left out, because
//! the atom behind it fails where that fails; where no such atom follows, the tree ends. Where
//! ways meet on which registers hold different things, the tree goes on apart for each.

use crate::lang::opcodes::{EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, Op, X_INVERT};
use crate::runtime::bundle::module::{FunctionKind, Module, NONE};
use crate::runtime::program::reading::{Callee, Reader, RegisterPlaces};
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

    /// The terms that a node needs, each behind those that it is made of.
    pub(in crate::runtime) fn needs(&self, node: &Node) -> &[u16] {
        let first = node.needs.0 as usize;
        self.needs.get(first..first + usize::from(node.needs.1)).unwrap_or_default()
    }
}

/// The terms and trees of a program in the making.
#[derive(Debug)]
pub(in crate::runtime) struct TreesBuilder<'m> {
    module: &'m Module,
    callees: Vec<Callee>,
    pub(in crate::runtime) terms: Terms,
    pub(in crate::runtime) trees: Trees,
}

impl<'m> TreesBuilder<'m> {
    /// Reads the functions of a module that its rules call; slots and registers take `file` values.
    pub(in crate::runtime) fn of(module: &'m Module, file: usize) -> Self {
        let count = module.functions.len();
        let trees = Trees { roots: vec![(0, 0); count], ..Trees::default() };
        let callees = vec![Callee::Opaque; count];
        let mut all = Self { module, callees, terms: Terms::behind(file), trees };
        let mut is_called = vec![true; count];
        for rule in &module.rules {
            if let Some(is_called) = is_called.get_mut(usize::from(rule.function)) {
                *is_called = false;
            }
        }
        for ((at, row), is_called) in (0..).zip(&module.functions).zip(is_called) {
            if is_called && row.kind != FunctionKind::Decision {
                let callee = all.grow(at);
                if let Some(place) = all.callees.get_mut(usize::from(at)) {
                    *place = callee;
                }
            }
        }
        all
    }

    /// Resolves the operands of a function.
    pub(super) fn reader(&mut self, function: u16) -> Option<Reader<'_>> {
        let Self { module, callees, terms, .. } = self;
        let row = module.functions.get(usize::from(function))?;
        Some(Reader { module, terms, callees, row })
    }

    /// Makes the tree of a function, if it has one that tells something, and what its callers make
    /// of it.
    pub(super) fn grow(&mut self, function: u16) -> Callee {
        let Self { module, callees, terms, trees } = self;
        let Some(row) = module.functions.get(usize::from(function)) else { return Callee::Opaque };
        let code = row.code(module);
        if code.len() > READABLE
            || usize::from(row.registers) > REGISTERS
            || !trees.of(function).is_empty()
        {
            return Callee::Opaque;
        }
        let reader = Reader { module, terms, callees, row };
        let mut growing = TreeBuilder { reader, code, met: Vec::new(), nodes: Vec::new() };
        match growing.root() {
            Destination::Gives(place) => return Callee::At(place),
            Destination::End(_) => return Callee::Opaque,
            Destination::Atom(_) => {}
        }
        let nodes = growing.nodes;
        // What must be run after all is not asked twice, unless that is cheap.
        let ends = |node: &DraftNode| node.next.contains(&Next::Run);
        if nodes.iter().any(ends) && nodes.iter().any(|node| is_dear(terms, &node.atom)) {
            return Callee::Opaque;
        }
        let first = u32::try_from(trees.nodes.len()).unwrap_or(u32::MAX);
        for DraftNode { atom, next } in &nodes {
            let before = trees.needs.len();
            let parts = terms.read_by(atom);
            trees.needs.extend(parts.into_iter().filter(|place| terms.is_computed(*place)));
            let needs = (
                u32::try_from(before).unwrap_or(u32::MAX),
                u16::try_from(trees.needs.len() - before).unwrap_or(u16::MAX),
            );
            trees.nodes.push(Node { atom: *atom, needs, next: *next });
        }
        if let Some(root) = trees.roots.get_mut(usize::from(function)) {
            *root = (first, u8::try_from(nodes.len()).unwrap_or(0));
        }
        Callee::Told
    }
}

/// Longest function that is read.
const READABLE: usize = 256;
/// Most registers of a function that is read.
const REGISTERS: usize = 64;
/// Most atoms of a tree; beyond them it does not tell.
const NODES: usize = 128;

/// A node in the making.
struct DraftNode {
    atom: Instruction,
    next: [Next; 2],
}

/// Where a way leads.
enum Destination {
    /// To an atom, by number.
    Atom(u8),
    /// Out, with the value at a place.
    Gives(u16),
    /// To an end.
    End(Next),
}

/// The tree of one function.
struct TreeBuilder<'g> {
    reader: Reader<'g>,
    code: &'g [Instruction],
    /// Of every node the place of its atom, and what registers hold in front of it.
    met: Vec<(usize, RegisterPlaces)>,
    nodes: Vec<DraftNode>,
}

impl TreeBuilder<'_> {
    /// Grows the whole tree; returns where the function starts.
    fn root(&mut self) -> Destination {
        let held = vec![NONE; usize::from(self.reader.row.registers)];
        let root = self.landing(0, held);
        // Nodes are met before they are looked behind.
        let mut at = 0;
        while let Some((pc, held)) = self.met.get(at).cloned() {
            let branch = self.code.get(pc).map_or(usize::MAX, |atom| usize::from(atom.f));
            let next = [pc + 1, branch].map(|to| match self.landing(to, held.clone()) {
                Destination::Atom(number) => Next::Ask(number),
                Destination::End(next) => next,
                Destination::Gives(_) => Next::Run,
            });
            if let Some(node) = self.nodes.get_mut(at) {
                node.next = next;
            }
            at += 1;
        }
        root
    }

    /// Where going on at `pc` leads, past what computes. Jumps lead forward; the one that does not
    /// ends the tree.
    fn landing(&mut self, mut pc: usize, mut held: RegisterPlaces) -> Destination {
        // What may have failed on the way: whatever comes next must read it.
        let mut read = Vec::new();
        while let Some(ins) = self.code.get(pc) {
            if ins.op == Op::Jump {
                pc = usize::from(ins.f);
            } else if ins.op == Op::Return {
                let place = self.reader.place(&held, ins.a);
                let flag = |a| Instruction { op: Op::Flag, a, ..*ins };
                let whole = |place: &u16| self.is_read(&read, &flag(*place));
                return place.filter(whole).map_or(Destination::End(Next::Run), Destination::Gives);
            } else if ins.op == Op::Decide {
                return end(&read, Next::Says(ins.b));
            } else if let Some(truth) = self.reader.known(&held, ins) {
                let on = truth == (ins.x & X_INVERT == 0);
                pc = if on { pc + 1 } else { usize::from(ins.f) };
            } else if let Some(atom) = self.reader.atom(&held, ins) {
                let known = self.is_read(&read, &atom);
                let number = known.then(|| self.number(pc, held, atom)).flatten();
                return number.map_or(Destination::End(Next::Run), Destination::Atom);
            } else if let Some(place) = self.reader.compute(&mut held, ins) {
                read.extend((ins.e != INFALLIBLE).then_some(place));
                pc += 1;
            } else {
                return Destination::End(Next::Run);
            }
        }
        let exit = self.exit(pc);
        end(&read, exit)
    }

    /// The number of the node for an atom; a new one if it was not met so before. `None` if there
    /// are too many.
    fn number(&mut self, pc: usize, held: RegisterPlaces, atom: Instruction) -> Option<u8> {
        let known = self.met.iter().position(|(at, other)| *at == pc && *other == held);
        if known.is_none() {
            if self.met.len() >= NODES {
                return None;
            }
            self.met.push((pc, held));
            self.nodes.push(DraftNode { atom, next: [Next::Run; 2] });
        }
        u8::try_from(known.unwrap_or(self.met.len() - 1)).ok()
    }

    /// Whether an atom reads all these places, or what is made of them.
    fn is_read(&self, read: &[u16], atom: &Instruction) -> bool {
        let parts = if read.is_empty() { Vec::new() } else { self.reader.terms.read_by(atom) };
        read.iter().all(|place| parts.contains(place))
    }

    /// What leaving the function is; only conditions run off their end.
    fn exit(&self, to: usize) -> Next {
        let condition = self.reader.row.kind == FunctionKind::Condition;
        let end = to == self.code.len() || to == usize::from(EXIT_TRUE);
        if to == usize::from(EXIT_FALSE) {
            Next::Silent
        } else if condition && end {
            Next::Says(0)
        } else {
            Next::Run
        }
    }
}

/// Whether asking an atom takes more than a look at its operands.
fn is_dear(terms: &Terms, atom: &Instruction) -> bool {
    let searches = matches!(
        atom.op,
        Op::Matches | Op::Contains | Op::In | Op::Holds | Op::EqualConst | Op::CompareSize
    );
    searches || terms.read_by(atom).into_iter().any(|place| terms.is_computed(place))
}

/// An end, unless something behind which it stands may have failed.
const fn end(read: &[u16], end: Next) -> Destination {
    Destination::End(if read.is_empty() { end } else { Next::Run })
}
