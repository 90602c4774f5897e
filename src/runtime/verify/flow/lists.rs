//! Lists that are built: what their elements hold (V30).
//!
//! Imports: `lang`.

use crate::lang::opcodes::Instruction;
use crate::runtime::verify::error::Fault;
use crate::runtime::verify::flow::{Builder, Collects, Pass, State};
use crate::runtime::verify::types::Known;

impl Pass<'_> {
    /// An element goes to the list that was started at `start`. Where elements of one type hold
    /// what is sensitive, those of another do not go there.
    pub(super) fn take(
        &mut self,
        ins: &Instruction,
        start: usize,
        state: &State,
    ) -> Result<(), Fault> {
        let Some(secrets) = self.secrets else { return Ok(()) };
        let known = if usize::from(ins.a) < self.body.module.slots.len() {
            Some(self.slot(ins.a, state))
        } else {
            self.register(ins.a).and_then(|at| state.registers.get(at).copied()).flatten()
        };
        let Some(Known { ty, .. }) = known else { return Ok(()) };
        let taken = *self.taken.entry(start).or_insert(ty);
        let alike = taken == ty || !secrets.are(taken) && !secrets.are(ty);
        if alike { Ok(()) } else { Err(Fault::Told { at: u32::from(ins.a) }) }
    }

    /// What is known of a list or map, which is `value`, of its builder; of a message no more.
    pub(super) fn collected(&self, built: Builder, value: Known) -> Known {
        let taken = self.taken.get(&built.start).copied();
        if matches!(built.collects, Collects::Message(_)) {
            return value;
        }
        let ty = self.secrets.map_or(value.ty, |secrets| secrets.list(taken, value.ty));
        let len = self.put.get(&built.start).copied().unwrap_or(0);
        Known { ty, len, ..value }
    }
}
