//! What a session asks of a context beside a decision: the values of terms.
//!
//! In:      a filled scratch, the number of a term.
//! Out:     its value, as whoever asks reads it.
//! Imports: `lang`.

use crate::lang::value::Value;
use crate::lang::value::heap::View;
use crate::runtime::vm::call;
use crate::runtime::vm::decide::meets;
use crate::runtime::vm::machine::{Exit, Machine};
use crate::runtime::vm::observe::NoObserver;
use crate::runtime::vm::pending::{PendingCall, awaited};
use crate::runtime::vm::request::{Filled, Moment, heap};
use crate::runtime::vm::scratch::Scratch;

impl Filled<'_> {
    /// Evaluates the term with this number, and has `read` look at what it gives. `None` where the
    /// input was refused, where what the term reads is missing or of another type, where it fails,
    /// and where `read` makes nothing of it.
    pub(in crate::runtime) fn term<T>(
        &mut self,
        moment: &Moment<'_>,
        number: u16,
        read: impl FnOnce(&View<'_>, &Value) -> Option<T>,
    ) -> Option<T> {
        let program = self.program;
        self.scratch.workings.missing.clear();
        let row = program.module.govern.terms.get(usize::from(number))?;
        if self.error.is_some() {
            return None;
        }
        self.scratch.begin(program, self.request);
        if let Some(slot) = self.scratch.file.get_mut(usize::from(program.sizes.now)) {
            *slot = Value::timestamp(moment.seconds, moment.nanoseconds);
        }
        if !meets(self, (row.first_requirement, row.requirements)) {
            return None;
        }
        let Scratch { file, store, workings, used, .. } = &mut *self.scratch;
        *used = true;
        let heap = heap(program, self.request, store);
        let mut machine = Machine::new(program, heap, workings, moment.hosts, NoObserver);
        machine.budget.begin_rule();
        if call::function(&mut machine, file, row.function) != Exit::True {
            return None;
        }
        // What it found its way without it does not wait for.
        machine.missing.clear();
        let value = machine.result;
        read(&machine.heap.view(), &value)
    }

    /// The calls of host functions that the last term lacks a result of: it failed, and with their
    /// results it might not.
    pub(in crate::runtime) fn awaited(&self) -> Vec<PendingCall> {
        awaited(self.program, &self.scratch.workings.missing)
    }
}
