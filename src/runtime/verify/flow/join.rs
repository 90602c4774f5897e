//! Where edges meet: what is known on all of them, and the rows that say so (V16).
//!
//! Imports: `base`, `lang`, `runtime::bundle`.

use crate::base::limits::VERIFY_WAITING_MAX;
use crate::lang::opcodes::EXIT_ERROR;
use crate::runtime::bundle::module::{FrameRow, NONE};
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::flow::{Draft, Mode, Pass, Passed, State};
use crate::runtime::verify::structure::ensure;
use crate::runtime::verify::types::{Known, Ty};

impl Pass<'_> {
    /// Along an edge to a target, or out of the function.
    pub(super) fn edge(&mut self, to: u16, state: &State) -> Result<(), VerifyError> {
        let at = usize::from(to);
        if at >= self.pending.len() {
            self.passed.fails |= to == EXIT_ERROR;
            return Ok(());
        }
        let before = self.pending.get_mut(at).and_then(Option::take);
        let known = if let Some(before) = before {
            self.join(at, before, state)?
        } else {
            self.steps.spend(state.size())?;
            self.waiting += 1 + state.registers.len();
            ensure(self.waiting <= VERIFY_WAITING_MAX, Fault::Waiting)?;
            state.clone()
        };
        if let Some(pending) = self.pending.get_mut(at) {
            *pending = Some(known);
        }
        Ok(())
    }

    /// At instruction `pc`: what is known on all edges that lead here, the one from the
    /// instruction before, if it goes on, being the last.
    pub(super) fn arrive(
        &mut self,
        pc: usize,
        falls: bool,
        state: &mut State,
    ) -> Result<(), VerifyError> {
        let before = self.pending.get_mut(pc).and_then(Option::take);
        let size = before.as_ref().map_or(0, |before| 1 + before.registers.len());
        self.waiting = self.waiting.saturating_sub(size);
        match before {
            Some(before) if falls => *state = self.join(pc, before, state)?,
            Some(before) => *state = before,
            None if falls => self.steps.spend(state.size())?,
            None => return Err(Fault::Unreachable.into()),
        }
        Ok(())
    }

    /// What is known on the edges into `at` that were met `before`, and on one more.
    pub(super) fn join(
        &mut self,
        at: usize,
        before: State,
        state: &State,
    ) -> Result<State, VerifyError> {
        self.steps.spend(state.size())?;
        let mut joined = before;
        for (register, (known, other)) in
            joined.registers.iter_mut().zip(&state.registers).enumerate()
        {
            *known = match (*known, other) {
                (Some(known), Some(other)) => self.meet(at, register, known, *other)?,
                _ => None,
            };
        }
        joined.found.retain(|slot| state.found.binary_search(slot).is_ok());
        joined.cursors.retain(|cursor| state.cursors.binary_search(cursor).is_ok());
        let pairs = joined.builders.iter().zip(&state.builders);
        let same = pairs.take_while(|(a, b)| a.is(b)).count();
        joined.builders.truncate(same);
        Ok(joined)
    }

    /// What is known of a register on both of two edges into `at`.
    fn meet(
        &mut self,
        at: usize,
        register: usize,
        known: Known,
        other: Known,
    ) -> Result<Option<Known>, VerifyError> {
        let presence = known.presence.max(other.presence);
        let len = known.len.max(other.len);
        let among = known.among.min(other.among);
        let joined = |ty, frame| Some(Known { ty, presence, len, among, frame });
        if known.ty == other.ty && known.frame == other.frame || other.ty == Ty::Never {
            return Ok(joined(known.ty, known.frame));
        }
        if known.ty == Ty::Never {
            return Ok(joined(other.ty, other.frame));
        }
        let register = u16::try_from(self.body.window().start + register).unwrap_or(NONE);
        let same = known.ty == other.ty;
        match self.mode {
            // Nothing was drafted, so the types differ.
            Mode::Check => self
                .declared(at, register, known, other)
                .map(|ty| ty.and_then(|ty| joined(Ty::of_row(self.body.module, ty), u32::MAX))),
            Mode::Infer(dynamic) => {
                let frame = self.draft(at, register, !same, [known.frame, other.frame]);
                let ty = if same { known.ty } else { Ty::of_row(self.body.module, dynamic) };
                Ok(joined(ty, frame))
            }
        }
    }

    /// The type that the frames give a register whose types differ, if they give one.
    fn declared(
        &mut self,
        at: usize,
        register: u16,
        known: Known,
        other: Known,
    ) -> Result<Option<u16>, VerifyError> {
        let frames = &self.body.row.frames;
        let place = (u16::try_from(at).unwrap_or(NONE), register);
        let found = frames.binary_search_by_key(&place, |row| (row.at, row.register)).ok();
        let Some((row, frame)) = found.and_then(|row| Some((row, frames.get(row)?))) else {
            return Ok(None);
        };
        let module = self.body.module;
        if !known.ty.is_within(module, frame.ty) || !other.ty.is_within(module, frame.ty) {
            let row = u32::try_from(row).unwrap_or(u32::MAX);
            return Err(Fault::FrameType { row }.into());
        }
        if let Some(secrets) = self.secrets {
            secrets.keep(register, known.ty, frame.ty)?;
            secrets.keep(register, other.ty, frame.ty)?;
        }
        if let Some(used) = self.frames_used.get_mut(row) {
            *used = true;
        }
        Ok(Some(frame.ty))
    }

    /// The draft of a frame row; one for each join and register.
    fn draft(&mut self, at: usize, register: u16, differs: bool, from: [u32; 2]) -> u32 {
        let next = u32::try_from(self.drafts.len()).unwrap_or(u32::MAX);
        let own = *self.draft_ids.entry((at, register)).or_insert(next);
        if own == next {
            let from = Vec::new();
            self.drafts.push(Draft { at, register, differs: false, used: false, from });
        }
        if let Some(draft) = self.draft_mut(own) {
            draft.differs |= differs;
            draft.from.extend(from.into_iter().filter(|from| *from != own));
        }
        own
    }

    /// The result, once every instruction was looked at; and whether each row of the frames was
    /// of use.
    pub(super) fn finish(mut self, frames_used: &[bool]) -> Result<Passed, VerifyError> {
        if let Some(row) = frames_used.iter().position(|used| !used)
            && self.mode == Mode::Check
        {
            let row = u32::try_from(row).unwrap_or(u32::MAX);
            return Err(Fault::FrameUnused { row }.inside(self.body.index));
        }
        // What a used draft was made from is used too.
        let used = self.drafts.iter().zip(0_u32..).filter(|(draft, _)| draft.used);
        let mut waiting: Vec<u32> = used.map(|(_, at)| at).collect();
        while let Some(at) = waiting.pop() {
            for from in
                self.draft_mut(at).map(|draft| std::mem::take(&mut draft.from)).unwrap_or_default()
            {
                if let Some(origin) = self.draft_mut(from)
                    && !origin.used
                {
                    origin.used = true;
                    waiting.push(from);
                }
            }
        }
        if let Mode::Infer(ty) = self.mode {
            for draft in self.drafts.iter().filter(|draft| draft.used && draft.differs) {
                let at = u16::try_from(draft.at).unwrap_or(NONE);
                self.passed.frames.push(FrameRow { at, register: draft.register, ty });
            }
        }
        self.passed.frames.sort_unstable_by_key(|row| (row.at, row.register));
        Ok(self.passed)
    }
}
