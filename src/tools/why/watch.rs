//! Watching a decision for its explanation.
//!
//! In:      the steps and sights of an observer.
//! Out:     of each rule its atoms as they came out, the one that came out last, and the loops that
//!          decided them.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`, `tools::inspect`.
//!
//! The machine tells of instructions, not of rules. Which rule is asked follows from which function
//! the instruction is in: one that nothing called is that of a rule. A variable is computed once;
//! what was seen of it then counts for every rule that asks for it later.

use std::collections::BTreeMap;

use crate::lang::opcodes::{Instruction, Op};
use crate::runtime::bundle::module::{FunctionRow, Module, NodeMode, SlotRow};
use crate::runtime::program::Program;
use crate::runtime::vm::observe::{AtomObservation, Observer, Step};
use crate::tools::inspect::reads::dotted;
use crate::tools::why::sight::{AtomReading, row_text, value_text};

/// Elements of a loop that are kept.
const ELEMENTS_MAX: usize = 32;
/// Loops of an atom that are kept.
const LOOPS_MAX: usize = 4;

/// A loop that ran while an atom was decided.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Loop {
    /// The path of the list or map; empty where it is computed.
    pub list: String,
    /// Elements that were looked at.
    pub checked: u64,
    /// The element that settled it, counted from 0, and its value; nothing where all were
    /// looked at.
    pub settled: Option<(u64, String)>,
    /// The first elements, as JSON.
    pub elements: Vec<String>,
}

/// What was seen of an atom.
#[derive(Clone, Debug)]
pub(super) struct AtomTrace {
    pub(super) seen: AtomReading,
    pub(super) loops: Vec<Loop>,
}

/// What was seen of the function of a rule.
#[derive(Clone, Debug, Default)]
pub(super) struct RuleTrace {
    /// By atom.
    pub(super) atoms: BTreeMap<u16, AtomTrace>,
    /// The atom that came out last: it settled what the rule says.
    pub(super) last: Option<u16>,
}

/// A loop that goes on.
#[derive(Debug)]
struct RunningLoop {
    told: Loop,
    function: usize,
    /// Its `Iter`, its `Next`, and the first register of its elements.
    iter: u32,
    next: u32,
    register: usize,
    /// Names of the columns of its elements; none where they are plain.
    columns: Vec<String>,
    value: String,
    /// Whether every element was looked at.
    over: bool,
}

/// Keeps how atoms come out, with the values that decide them.
#[derive(Debug)]
pub struct Watcher<'p> {
    module: &'p Module,
    /// The functions on the way to the next instruction, that of the rule first.
    stack: Vec<usize>,
    /// The instruction before.
    before: Option<u32>,
    /// Of each instruction whether it ran.
    ran: Vec<bool>,
    asked: BTreeMap<usize, RuleTrace>,
    /// What was seen in each function that was called, in order.
    called: BTreeMap<usize, Vec<u16>>,
    /// The last outcome of each atom, whoever asked.
    any: BTreeMap<u16, AtomTrace>,
    running: Option<RunningLoop>,
    loops: Vec<Loop>,
}

impl<'p> Watcher<'p> {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(program: &'p Program) -> Self {
        Self {
            module: program.module(),
            stack: Vec::new(),
            before: None,
            ran: vec![false; program.module().code.len()],
            asked: BTreeMap::new(),
            called: BTreeMap::new(),
            any: BTreeMap::new(),
            running: None,
            loops: Vec::new(),
        }
    }

    /// What was seen of a rule's function; nothing where it was not asked.
    pub(super) fn of(&self, function: u16) -> Option<&RuleTrace> {
        self.asked.get(&usize::from(function))
    }

    /// Whether an instruction ran.
    pub(super) fn ran(&self, pc: u32) -> bool {
        self.ran.get(pc as usize).copied().unwrap_or(false)
    }

    /// The last outcome of an atom, whichever rule asked.
    pub(super) fn any(&self, atom: u16) -> Option<&AtomTrace> {
        self.any.get(&atom)
    }

    /// Nothing comes any more.
    pub(super) fn end(&mut self) {
        self.remembered(None);
    }

    fn code(&self, pc: u32) -> Option<&'p Instruction> {
        self.module.code.get(pc as usize)
    }

    /// The function that an instruction stands in.
    fn function(&self, pc: u32) -> Option<(usize, &'p FunctionRow)> {
        let behind = self.module.functions.partition_point(|row| row.first <= pc);
        let at = behind.checked_sub(1)?;
        Some((at, self.module.functions.get(at)?))
    }

    /// The function that an instruction calls.
    fn callee(&self, pc: u32) -> Option<usize> {
        self.code(pc)?.callee().map(usize::from)
    }

    /// Goes to the function of the instruction at `pc`.
    fn enter(&mut self, pc: u32) {
        let Some((function, row)) = self.function(pc) else { return };
        let is_called =
            pc == row.first && self.before.and_then(|it| self.callee(it)) == Some(function);
        if !is_called {
            self.remembered(Some(function));
        }
        if is_called {
            self.stack.push(function);
            self.called.insert(function, Vec::new());
        } else if pc == row.first {
            self.stack = vec![function];
        } else if let Some(at) = self.stack.iter().position(|it| *it == function) {
            self.stack.truncate(at + 1);
        } else {
            self.stack = vec![function];
        }
    }

    /// A call that ran nothing: its result was kept, and so was what was seen of it.
    fn remembered(&mut self, next: Option<usize>) {
        let Some((before, callee)) = self.before.and_then(|it| Some((it, self.callee(it)?))) else {
            return;
        };
        let here = self.function(before).map(|(function, _)| function);
        if next == Some(callee) || self.stack.last().copied() != here {
            return; // It ran.
        }
        for atom in self.called.get(&callee).cloned().unwrap_or_default() {
            if let Some(outcome) = self.any.get(&atom).cloned() {
                self.keep(atom, outcome);
            }
        }
    }

    fn keep(&mut self, atom: u16, outcome: AtomTrace) {
        let Some((root, inner)) = self.stack.split_first() else { return };
        for function in inner {
            self.called.entry(*function).or_default().push(atom);
        }
        let own = self.asked.entry(*root).or_default();
        own.last = Some(atom);
        own.atoms.insert(atom, outcome);
    }

    /// What the step before was to a loop, now that `step` is the next one.
    fn turn(&mut self, step: &Step<'_>) {
        let (Some(running), Some(before)) = (&mut self.running, self.before) else { return };
        if before == running.iter || before == running.next {
            if step.pc == running.iter + 1 {
                running.take(step);
            } else {
                running.over = true;
            }
        }
    }

    /// Whether an instruction runs for the elements of the loop that goes on.
    fn is_inside(&self, pc: u32) -> bool {
        let Some(running) = self.running.as_ref().filter(|it| !it.over) else { return false };
        match self.function(pc) {
            Some((function, _)) if function == running.function => {
                running.iter < pc && pc <= running.next
            }
            Some(_) => self.stack.contains(&running.function),
            None => false,
        }
    }

    /// Begins a loop; of one inside another, the outer one is told.
    fn begin(&mut self, step: &Step<'_>, code: &Instruction) {
        if self.is_inside(step.pc) {
            return;
        }
        self.finish();
        let Some((function, row)) = self.function(step.pc) else { return };
        let end = row.first.saturating_add(u32::from(row.len));
        let back = code_of_body(step.pc, row.first);
        let is_next = |pc: &u32| {
            self.code(*pc).is_some_and(|it| it.op == Op::Next && it.b == code.b && it.f == back)
        };
        let Some(next) = (step.pc + 1..end).find(is_next) else { return };
        let node = match self.module.slots.get(usize::from(code.a)) {
            Some(SlotRow::Value(node)) => Some(*node),
            Some(SlotRow::Presence(_) | SlotRow::Now) | None => None,
        };
        self.running = Some(RunningLoop {
            told: Loop {
                list: node.map_or(String::new(), |node| dotted(self.module, node)),
                ..Loop::default()
            },
            function,
            iter: step.pc,
            next,
            register: usize::from(code.c),
            columns: node.map_or_else(Vec::new, |node| columns(self.module, node)),
            value: String::new(),
            over: false,
        });
    }

    /// Ends the loop that goes on.
    fn finish(&mut self) {
        let Some(mut running) = self.running.take() else { return };
        if !running.over && running.told.checked > 0 {
            running.told.settled = Some((running.told.checked - 1, running.value));
        }
        if self.loops.len() < LOOPS_MAX {
            self.loops.push(running.told);
        }
    }
}

impl RunningLoop {
    /// Looks at the next element, which lies in registers.
    fn take(&mut self, step: &Step<'_>) {
        let values = step.file.get(self.register..).unwrap_or_default();
        self.value = if self.columns.is_empty() {
            values.first().and_then(|value| value_text(&step.view, value)).unwrap_or_default()
        } else {
            row_text(&step.view, values, &self.columns)
        };
        self.told.checked += 1;
        if self.told.elements.len() < ELEMENTS_MAX {
            self.told.elements.push(self.value.clone());
        }
    }
}

impl Observer for Watcher<'_> {
    fn see(&mut self, sight: AtomObservation<'_>) {
        let inside = self.before.is_some_and(|before| {
            let own = self.running.as_ref().and_then(|it| self.module.functions.get(it.function));
            let code = own.and_then(|row| {
                let first = row.first as usize;
                self.module.code.get(first..first + usize::from(row.len))
            });
            let own = code.unwrap_or_default().iter().any(|code| code.w == sight.atom);
            own && self.is_inside(before)
                && self.running.as_ref().is_some_and(|it| before != it.next)
        });
        if !inside {
            if let Some(running) = &mut self.running {
                let last = self.before == Some(running.next) || self.before == Some(running.iter);
                running.over |= last;
            }
            self.finish();
        }
        let loops = if inside { Vec::new() } else { std::mem::take(&mut self.loops) };
        let outcome = AtomTrace { seen: AtomReading::of(self.module, &sight), loops };
        self.any.insert(sight.atom, outcome.clone());
        self.keep(sight.atom, outcome);
    }

    fn step(&mut self, step: Step<'_>) {
        if let Some(place) = self.ran.get_mut(step.pc as usize) {
            *place = true;
        }
        self.turn(&step);
        self.enter(step.pc);
        if let Some(code) = self.code(step.pc).filter(|code| code.op == Op::Iter) {
            self.begin(&step, code);
        }
        self.before = Some(step.pc);
    }
}

/// Where `Next` goes back to, as its operand says it.
fn code_of_body(iter: u32, first: u32) -> u16 {
    u16::try_from(iter.saturating_sub(first) + 1).unwrap_or(u16::MAX)
}

/// The names of the columns of a list of objects.
pub(super) fn columns(module: &Module, node: u16) -> Vec<String> {
    let Some(node) = module.paths.get(usize::from(node)) else { return Vec::new() };
    if node.mode != NodeMode::Rows {
        return Vec::new();
    }
    let first = usize::from(node.first_child);
    let below = module.paths.iter().skip(first).take(usize::from(node.children));
    let key = |at: u32| module.strings.get(at as usize).unwrap_or_default().to_owned();
    below.map(|child| key(child.key)).collect()
}
