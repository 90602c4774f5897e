//! What a decision works in: allocated once, borrowed ever after.
//!
//! In:      a program.
//! Out:     `Scratch`.
//! Imports: `base::limits`, `lang::value`, `runtime::program`.

use crate::base::limits::{ARENA_BYTES_MAX, CONTEXT_DEPTH_MAX, ELEMENTS_MAX, REASON_BYTES_MAX};
use crate::lang::error::EvalError;
use crate::lang::opcodes::Op;
use crate::lang::value::heap::Store;
use crate::lang::value::{Tag, Value};
use crate::runtime::program::Program;
use crate::runtime::program::plan::Asker;
use crate::runtime::program::screen::BLOCK;
use crate::runtime::vm::machine::Workings;
use crate::runtime::vm::request::error::InputError;
use crate::runtime::vm::request::heap;
use crate::runtime::vm::request::walk::{Frame, Trail};
use crate::runtime::vm::sift::Sifted;

/// Memory for deciding with one program, for one thread. Given another program it makes itself
/// anew, which is the only time that it allocates.
#[derive(Debug)]
pub struct Scratch {
    program: u64,
    /// Slots first, registers after them, then terms.
    pub(in crate::runtime) file: Vec<Value>,
    /// Which slots the input fills, one bit each. With `stale` neither this nor `place` is known.
    pub(in crate::runtime) present: Vec<u64>,
    /// Where the rules for the key of the input stand (`Plan::place`).
    pub(in crate::runtime) place: Option<u32>,
    pub(in crate::runtime) stale: bool,
    pub(in crate::runtime) store: Store,
    /// Sizes of the store when the input was read.
    pub(in crate::runtime) mark: (usize, usize),
    pub(in crate::runtime) workings: Workings,
    pub(in crate::runtime) frames: Vec<Frame>,
    /// For every node of the path trie what is known of it.
    pub(in crate::runtime) trails: Vec<Trail>,
    /// Objects read so far, as a mark in `trails`.
    pub(in crate::runtime) objects: u32,
    /// Rules of a key that the bundle does not name.
    pub(in crate::runtime) rules: Vec<u16>,
    /// The rules that sifting left.
    pub(in crate::runtime) left: Vec<Left>,
    /// What sifting tells of the lists that are asked: of each block of the first, then of each of
    /// the second.
    pub(in crate::runtime) sifted: Vec<Sifted>,
    pub(in crate::runtime) fired: Vec<Fired>,
    pub(in crate::runtime) shadow: Vec<Fired>,
    pub(in crate::runtime) failures: Vec<Failure>,
    pub(in crate::runtime) outputs: Vec<Value>,
    /// Why the input was refused, if it was.
    pub(in crate::runtime) refused: Option<InputError>,
    /// Text that is put together: the message of the winner, a context that was no JSON yet.
    pub(in crate::runtime) text: String,
}

/// A rule that is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct Left {
    pub(in crate::runtime) rule: u16,
    /// The outcome that it is known to say, counted from its first.
    pub(in crate::runtime) says: Option<u16>,
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
    pub by: Asker,
    /// How.
    pub class: EvalError,
    /// The instruction that failed, from the start of the program's code; the highest number if
    /// it was none.
    pub pc: u32,
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
        Self {
            program: program.identity,
            file,
            present: vec![0; program.sizes.slots.div_ceil(64)],
            place: None,
            stale: true,
            store: Store::new(ARENA_BYTES_MAX, ELEMENTS_MAX),
            mark: (0, 0),
            workings: Workings::of(program),
            frames: Vec::with_capacity(CONTEXT_DEPTH_MAX + 1),
            trails: vec![Trail::NEW; program.paths.len()],
            objects: 0,
            rules: Vec::with_capacity(rules),
            left: Vec::with_capacity(rules),
            sifted: vec![Sifted::NOTHING; 2 * rules.div_ceil(BLOCK)],
            fired: Vec::with_capacity(rules),
            shadow: Vec::with_capacity(rules),
            failures: Vec::with_capacity(2 * rules + 2 * outputs + 1),
            outputs: Vec::with_capacity(outputs),
            refused: None,
            text: String::with_capacity(REASON_BYTES_MAX),
        }
    }

    /// Sees to it that this scratch is one of `program`.
    #[inline]
    pub(in crate::runtime) fn fit(&mut self, program: &Program) {
        if self.program != program.identity {
            *self = Self::for_program(program);
        }
    }

    /// Sees which slots are filled, and which rules the key asks for. Text of the input that is
    /// not in the store is in `request`.
    pub(in crate::runtime) fn survey(&mut self, program: &Program, request: &[u8]) {
        let slots = self.file.get(..program.sizes.slots).unwrap_or_default();
        for (word, slots) in self.present.iter_mut().zip(slots.chunks(64)) {
            let present = slots.iter().rev().map(|slot| u64::from(slot.tag() != Tag::Absent));
            *word = present.fold(0, |word, bit| word << 1 | bit);
        }
        let key = self.file.get(usize::from(program.plan.key_slot));
        self.place = key.filter(|key| key.tag() == Tag::String).and_then(|key| {
            let heap = heap(program, request, &mut self.store);
            program.plan.place(&program.text, key, heap.bytes(key))
        });
        self.stale = false;
    }

    /// Forgets the last decision; keeps the input.
    #[inline]
    pub(in crate::runtime) fn begin(&mut self, program: &Program, request: &[u8]) {
        if self.stale {
            self.survey(program, request);
        }
        self.fired.clear();
        self.shadow.clear();
        self.refused = None;
        // Only what runs builds values, fails, or gives outputs.
        if self.workings.used {
            self.store.reset(self.mark);
            self.failures.clear();
            self.outputs.clear();
            self.workings.begin();
        }
    }
}
