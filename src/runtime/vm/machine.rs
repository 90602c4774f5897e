//! The state that instructions work on, beside the file.
//!
//! In:      a program, the frame of a scratch, text of the request, host results.
//! Out:     `Machine`, lent to `exec` for one decision.
//! Imports: `lang`, `runtime::program`.

use crate::lang::error::EvalError;
use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::program::Program;
use crate::runtime::program::scan::ScanMemo;
use crate::runtime::vm::budget::Budget;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::lanes::MADE_VALUES;
use crate::runtime::vm::missing::UnansweredCalls;
use crate::runtime::vm::observe::Watching;

/// The error of a program that names what is not there. No verified program does, so nobody
/// meets it; it fails closed like any other.
pub(in crate::runtime) const BROKEN: EvalError = EvalError::NoSuchOverload;

/// How an instruction ended. F and T are 0 and 1, so that a truth is an outcome as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(in crate::runtime) enum Outcome {
    /// On to `f`.
    False = 0,
    /// On to the next instruction.
    True = 1,
    /// On to `e`; the class is to be noted.
    Error(EvalError),
    /// On to `e`; what failed was noted already.
    Noted,
}

impl Outcome {
    /// T or F.
    #[inline]
    pub(in crate::runtime) const fn of(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }

    /// F for T and T for F.
    #[inline]
    pub(in crate::runtime) const fn turned(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::True => Self::False,
            Self::Error(_) | Self::Noted => self,
        }
    }
}

/// How a function ended. Its value, outcome or error lies in the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) enum Exit {
    /// T: the condition holds, a value was returned, an outcome was chosen.
    True,
    /// F: the condition does not hold, the rule is silent.
    False,
    /// E: the note says what failed.
    Error,
}

/// What failed, and where: an instruction of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct FailureSite {
    pub(in crate::runtime) class: EvalError,
    pub(in crate::runtime) pc: u32,
}

impl FailureSite {
    /// No instruction at all.
    pub(in crate::runtime) const NOWHERE: u32 = u32::MAX;
    pub(in crate::runtime) const NONE: Self = Self { class: BROKEN, pc: Self::NOWHERE };

    /// As the value of a variable.
    pub(in crate::runtime) const fn value(self) -> Value {
        Value::error(self.class as u8, self.pc)
    }

    /// From the value of a variable.
    pub(in crate::runtime) fn of(value: &Value) -> Self {
        let number = u8::try_from(value.bits()).unwrap_or_default();
        let class = EvalError::from_number(number).unwrap_or(BROKEN);
        Self { class, pc: value.off() }
    }
}

/// A loop.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Cursor {
    /// First value in the element store.
    pub(in crate::runtime) base: u32,
    /// The element that the loop stands on.
    pub(in crate::runtime) at: u32,
    /// Number of elements.
    pub(in crate::runtime) len: u32,
    /// Values an element takes.
    pub(in crate::runtime) columns: u16,
    pub(in crate::runtime) space: Space,
    pub(in crate::runtime) map: bool,
    pub(in crate::runtime) failed: bool,
    /// What the first element that failed noted.
    pub(in crate::runtime) note: FailureSite,
    /// Elements counted.
    pub(in crate::runtime) count: i64,
    /// Height of the build stack when the loop began.
    pub(in crate::runtime) height: u32,
    /// The place of the loop in `Program::sweeps`, or `UNSWEPT`.
    pub(in crate::runtime) sweep: u32,
    /// What a sweep found out.
    pub(in crate::runtime) swept: SweepResult,
}

/// What is known of the elements of a loop from `from` up to `until`, one bit each.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct SweepResult {
    pub(in crate::runtime) from: u32,
    pub(in crate::runtime) until: u32,
    /// Those that must run through the body, or end the loop.
    pub(in crate::runtime) stops: u64,
    /// Those that are counted, or whose column is collected.
    pub(in crate::runtime) hits: u64,
}

impl Cursor {
    /// No place in `Program::sweeps`.
    pub(in crate::runtime) const UNSWEPT: u32 = u32::MAX;
    pub(in crate::runtime) const IDLE: Self = Self {
        base: 0,
        at: 0,
        len: 0,
        columns: 1,
        space: Space::Arena,
        map: false,
        failed: false,
        note: FailureSite::NONE,
        count: 0,
        height: 0,
        sweep: Self::UNSWEPT,
        swept: SweepResult { from: 0, until: 0, stops: 0, hits: 0 },
    };
}

/// A list or map that is being built: where its values begin on the build stack, how many there
/// are. What a failed part left above them is dropped when the next value comes.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct Builder {
    pub(in crate::runtime) height: u32,
    pub(in crate::runtime) len: u32,
}

/// What is known of a function for the rest of the decision.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Memo {
    /// The decision that it holds for.
    pub(in crate::runtime) epoch: u32,
    pub(in crate::runtime) exit: Exit,
    /// The value, or the error.
    pub(in crate::runtime) value: Value,
}

impl Memo {
    pub(in crate::runtime) const EMPTY: Self =
        Self { epoch: 0, exit: Exit::Error, value: Value::ABSENT };
}

/// Everything but the file that instructions read and write. The file is passed beside it, or
/// its pointer and length would be loaded again at every step.
#[derive(Debug)]
pub(in crate::runtime) struct Machine<'a, O: Watching> {
    pub(in crate::runtime) program: &'a Program,
    pub(in crate::runtime) heap: Heap<'a>,
    pub(in crate::runtime) cursors: &'a mut [Cursor],
    pub(in crate::runtime) builders: &'a mut [Builder],
    pub(in crate::runtime) memos: &'a mut [Memo],
    pub(in crate::runtime) epoch: u32,
    pub(in crate::runtime) scans: &'a mut ScanMemo,
    /// Numbers that steps of sweeps make: one behind the other, each of all elements.
    pub(in crate::runtime) made: &'a mut [Value],
    pub(in crate::runtime) hosts: Option<&'a HostTable>,
    /// What host functions were asked, and the table does not say.
    pub(in crate::runtime) missing: &'a mut UnansweredCalls,
    pub(in crate::runtime) budget: Budget,
    /// What failed last in code that is not cold.
    pub(in crate::runtime) note: FailureSite,
    /// What the last value function returned.
    pub(in crate::runtime) result: Value,
    /// What the last decision function chose.
    pub(in crate::runtime) decided: u16,
    pub(in crate::runtime) depth: usize,
    pub(in crate::runtime) observer: O,
}

/// What a machine works with and a scratch keeps.
#[derive(Debug)]
pub(in crate::runtime) struct MachineMemory {
    pub(in crate::runtime) cursors: Vec<Cursor>,
    pub(in crate::runtime) builders: Vec<Builder>,
    pub(in crate::runtime) memos: Vec<Memo>,
    /// The places of the terms that were computed last.
    pub(in crate::runtime) computed: Vec<u16>,
    /// Counts decisions; memos of another epoch are not valid.
    pub(in crate::runtime) epoch: u32,
    pub(in crate::runtime) scans: ScanMemo,
    pub(in crate::runtime) made: Vec<Value>,
    pub(in crate::runtime) missing: UnansweredCalls,
}

impl MachineMemory {
    pub(in crate::runtime) fn of(program: &Program) -> Self {
        Self {
            cursors: vec![Cursor::IDLE; program.sizes.cursors],
            builders: vec![Builder::default(); program.sizes.cursors],
            memos: vec![Memo::EMPTY; program.sizes.memos],
            computed: Vec::with_capacity(program.terms.rows().len()),
            epoch: 0,
            scans: ScanMemo::of(&program.scans),
            made: vec![Value::ABSENT; if program.sweeps.is_empty() { 0 } else { MADE_VALUES }],
            missing: UnansweredCalls::default(),
        }
    }

    /// Forgets what was known in the last decision, and the values of terms in the file.
    pub(in crate::runtime) fn begin(&mut self, file: &mut [Value]) {
        for place in self.computed.drain(..) {
            if let Some(place) = file.get_mut(usize::from(place)) {
                *place = Value::ABSENT;
            }
        }
        self.scans.begin();
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.memos.fill(Memo::EMPTY);
            self.epoch = 1;
        }
    }
}

impl<'a, O: Watching> Machine<'a, O> {
    pub(in crate::runtime) fn new(
        program: &'a Program,
        heap: Heap<'a>,
        workings: &'a mut MachineMemory,
        hosts: Option<&'a HostTable>,
        observer: O,
    ) -> Self {
        Self {
            program,
            heap,
            cursors: &mut workings.cursors,
            builders: &mut workings.builders,
            memos: &mut workings.memos,
            epoch: workings.epoch,
            scans: &mut workings.scans,
            made: &mut workings.made,
            hosts,
            missing: &mut workings.missing,
            budget: Budget::new(program.module.manifest.metered),
            note: FailureSite::NONE,
            result: Value::ABSENT,
            decided: 0,
            depth: 0,
            observer,
        }
    }
}

/// What reading `value` as an operand of the wrong kind is: absent is no such key, and an error
/// that a register keeps is raised again.
#[cold]
pub(in crate::runtime) fn misfit(value: &Value) -> EvalError {
    if value.tag() == Tag::Error {
        return FailureSite::of(value).class;
    }
    if value.tag() == Tag::Absent { EvalError::NoSuchKey } else { EvalError::NoSuchOverload }
}
