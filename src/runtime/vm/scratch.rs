//! What a decision works in: kept from one to the next, and borrowed.
//!
//! In:      a program.
//! Out:     `Scratch`.
//! Imports: `base`, `lang`, `runtime::program`.

use crate::base::limits::{ARENA_BYTES_MAX, CONTEXT_DEPTH_MAX, ELEMENTS_MAX, REASON_BYTES_MAX};
use crate::lang::error::EvalError;
use crate::lang::opcodes::Op;
use crate::lang::value::heap::Store;
use crate::lang::value::{Tag, Value};
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::{Dispatch, Group, ProgramItem};
use crate::runtime::program::probe::SiftState;
use crate::runtime::program::screen::BLOCK;
use crate::runtime::vm::machine::MachineMemory;
use crate::runtime::vm::request::error::InputError;
use crate::runtime::vm::request::walk::{Frame, NodeHistory};
use crate::runtime::vm::request::{Origin, heap};

/// Memory for deciding with one program, for one thread. It begins small, so that many of them lie
/// close together, and grows with the first contexts: reading and deciding what is no larger than
/// what came before allocates nothing. `reserved` takes all that any input may ask for, at once.
/// Given another program it makes itself anew.
///
/// What every decision looks at comes first: a host that keeps many inputs waits for each line of
/// memory that a decision touches.
#[derive(Debug)]
#[repr(C, align(64))]
pub struct Scratch {
    /// Slots first, registers after them, then terms.
    pub(in crate::runtime) file: Vec<Value>,
    /// Which of the first 64 slots the input fills, one bit each. With `stale` neither this nor
    /// `more_present` nor `place` is known.
    pub(in crate::runtime) present: u64,
    /// Where the rules for the key of the input stand (`Dispatch::place`), or `NOWHERE`.
    pub(in crate::runtime) place: u32,
    pub(in crate::runtime) stale: bool,
    /// Whether the last decision left anything but rules that fired.
    pub(in crate::runtime) used: bool,
    pub(in crate::runtime) fired: Vec<Fired>,
    /// What sifting tells of the lists that are asked: of each block of the first, then of each of
    /// the second.
    pub(in crate::runtime) sifted: Vec<SiftState>,
    pub(in crate::runtime) store: Store,
    /// Sizes of the store when the input was read.
    pub(in crate::runtime) mark: (usize, usize),
    /// The rules that sifting left.
    pub(in crate::runtime) left: Vec<LiveRule>,
    pub(in crate::runtime) workings: MachineMemory,
    pub(in crate::runtime) shadow: Vec<Fired>,
    pub(in crate::runtime) failures: Failures,
    pub(in crate::runtime) outputs: Vec<Value>,
    /// How the input came here.
    pub(in crate::runtime) origin: Origin,
    /// Whether the decision was denied because it could not be recorded.
    pub(in crate::runtime) unrecorded: bool,
    /// Why the input was refused, if it was.
    pub(in crate::runtime) refused: Option<InputError>,
    /// As `present`, of the other slots.
    pub(in crate::runtime) more_present: Vec<u64>,
    pub(in crate::runtime) frames: Vec<Frame>,
    /// For every node of the path trie what is known of it.
    pub(in crate::runtime) trails: Vec<NodeHistory>,
    /// Objects read so far, as a mark in `trails`.
    pub(in crate::runtime) objects: u32,
    /// Rules of a key that the bundle does not name.
    pub(in crate::runtime) rules: Vec<u16>,
    /// Text that is put together: the message of the winner, a context that was no JSON yet.
    pub(in crate::runtime) text: String,
    /// The message of the winner as digests and records have it, where it tells of what they
    /// withhold.
    pub(in crate::runtime) told: String,
    program: u64,
    is_reserved: bool,
}

/// No place of a key.
pub(in crate::runtime) const NOWHERE: u32 = u32::MAX;

/// Rules that fire, elements and open containers that there is room for from the beginning.
const FEW: usize = 16;

/// A rule that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct LiveRule {
    pub(in crate::runtime) rule: u16,
    /// The outcome that it is known to say, counted from its first.
    pub(in crate::runtime) says: Option<u16>,
}

/// Two lists that ascend by rule as one.
pub(in crate::runtime) fn merged<'l>(
    mut a: &'l [LiveRule],
    mut b: &'l [LiveRule],
) -> impl Iterator<Item = &'l LiveRule> {
    std::iter::from_fn(move || {
        let from_a = match (a.first(), b.first()) {
            (Some(x), Some(y)) => x.rule <= y.rule,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let list = if from_a { &mut a } else { &mut b };
        let (first, rest) = list.split_first()?;
        *list = rest;
        Some(first)
    })
}

/// A rule that fired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fired {
    /// The rule.
    pub rule: u16,
    /// Its outcome, an index of `Module::outcomes`.
    pub outcome: u16,
}

/// A rule, output or message that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What failed.
    pub by: ProgramItem,
    /// How.
    pub class: EvalError,
    /// The instruction that failed, from the start of the program's code; the highest number if
    /// it was none.
    pub pc: u32,
}

/// What failed in a decision.
#[derive(Debug)]
pub(in crate::runtime) struct Failures {
    pub(in crate::runtime) list: Vec<Failure>,
    /// Everything that can fail, once.
    max: usize,
}

impl Failures {
    /// Takes in a failure, if there is room.
    pub(in crate::runtime) fn push(&mut self, failure: Failure) {
        if self.list.len() < self.max {
            self.list.push(failure);
        }
    }
}

impl Scratch {
    /// Memory for deciding with `program`.
    #[must_use]
    pub fn for_program(program: &Program) -> Self {
        let rules = program.module.rules.len();
        let outputs = program.module.outputs.len();
        let mut file = vec![Value::ABSENT; program.sizes.file];
        for (term, place) in program.terms.rows().iter().zip(usize::from(program.terms.first)..) {
            let constant = program.constants.get(usize::from(term.named));
            if let (Op::LoadConst, Some(constant), Some(place)) =
                (term.op, constant, file.get_mut(place))
            {
                *place = *constant;
            }
        }
        let mut store = Store::new(ARENA_BYTES_MAX, ELEMENTS_MAX);
        store.reserve(FEW);
        Self {
            file,
            present: 0,
            place: NOWHERE,
            stale: true,
            used: true,
            fired: Vec::with_capacity(rules.min(FEW)),
            sifted: vec![SiftState::NOTHING; 2 * rules.div_ceil(BLOCK)],
            store,
            mark: (0, 0),
            left: Vec::with_capacity(rules.min(FEW)),
            workings: MachineMemory::of(program),
            shadow: Vec::new(),
            failures: Failures { list: Vec::new(), max: 2 * rules + 2 * outputs + 1 },
            outputs: Vec::with_capacity(outputs),
            origin: Origin::Slots,
            unrecorded: false,
            refused: None,
            more_present: vec![0; program.sizes.slots.saturating_sub(64).div_ceil(64)],
            frames: Vec::with_capacity(FEW),
            trails: vec![NodeHistory::NEW; program.paths.len()],
            objects: 0,
            rules: Vec::new(),
            text: String::new(),
            told: String::new(),
            program: program.identity,
            is_reserved: false,
        }
    }

    /// The same with all the memory that any input may ask for, some 16 MiB: not even the first
    /// decision allocates then. The system sees to pages when they are used first.
    #[must_use]
    pub fn reserved(mut self, program: &Program) -> Self {
        self.fit(program);
        let rules = program.module.rules.len();
        self.store.reserve_all();
        self.frames.reserve_exact(CONTEXT_DEPTH_MAX + 1);
        for list in [&mut self.fired, &mut self.shadow] {
            list.reserve_exact(rules);
        }
        self.rules.reserve_exact(rules);
        self.left.reserve_exact(rules);
        self.failures.list.reserve_exact(self.failures.max);
        self.text.reserve_exact(REASON_BYTES_MAX);
        if !program.module.hosts.is_empty() {
            self.workings.missing.reserve();
        }
        if !program.withheld.is_empty() {
            self.told.reserve_exact(REASON_BYTES_MAX);
        }
        self.is_reserved = true;
        self
    }

    /// Sees to it that this scratch is one of `program`.
    #[inline]
    pub(in crate::runtime) fn fit(&mut self, program: &Program) {
        if self.program != program.identity {
            let new = Self::for_program(program);
            *self = if self.is_reserved { new.reserved(program) } else { new };
        }
    }

    /// Sees which slots are filled, and which rules the key asks for. Text of the input that is
    /// not in the store is in `request`.
    pub(in crate::runtime) fn survey(&mut self, program: &Program, request: &[u8]) {
        let slots = self.file.get(..program.sizes.slots).unwrap_or_default();
        let words = std::iter::once(&mut self.present).chain(&mut self.more_present);
        for (word, slots) in words.zip(slots.chunks(64)) {
            let present = slots.iter().rev().map(|slot| u64::from(slot.tag() != Tag::Absent));
            *word = present.fold(0, |word, bit| word << 1 | bit);
        }
        let key = self.file.get(usize::from(program.plan.key_slot));
        let place = key.filter(|key| key.tag() == Tag::String).and_then(|key| {
            let heap = heap(program, request, &mut self.store);
            program.plan.place(&program.text, key, heap.bytes(key))
        });
        self.place = place.unwrap_or(NOWHERE);
        self.stale = false;
    }

    /// Whether the input fills all slots that must be filled for a group.
    #[inline]
    pub(in crate::runtime) fn fills(&self, plan: &Dispatch, group: &Group) -> bool {
        plan.met(group, self.present, &self.more_present)
    }

    /// Forgets the last decision; keeps the input.
    #[inline]
    pub(in crate::runtime) fn begin(&mut self, program: &Program, request: &[u8]) {
        if self.stale {
            self.survey(program, request);
        }
        self.fired.clear();
        if self.used {
            self.forget();
        }
    }

    /// Only what runs builds values, fails, or gives outputs.
    #[inline(never)]
    fn forget(&mut self) {
        self.used = false;
        self.shadow.clear();
        self.refused = None;
        self.unrecorded = false;
        self.store.reset(self.mark);
        self.failures.list.clear();
        self.outputs.clear();
        self.left.clear();
        self.workings.begin(&mut self.file);
    }
}
