//! What fields carry: labels, those of a piece, and who may read it; each combination once.
//!
//! In:      for each part of an answer what it carries.
//! Out:     numbers, by which fields say it.
//! Imports: its own room alone.
//!
//! Of the fields of an answer most carry the same as another one: what that is is found out once.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::audience::Audience;
use crate::runtime::session::ground::Ground;
use crate::runtime::session::index::Full;
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::log::LogTag;
use crate::runtime::session::outputs::{At, Covering};
use crate::runtime::session::state::State;
use crate::runtime::session::trust::Given;
use crate::runtime::session::words::Spread;

/// What a field carries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Taint {
    /// The number of the set of its labels.
    pub(super) labels: u32,
    /// The same of what a piece of it carries.
    pub(super) pieces: u32,
    /// The number of its audience.
    pub(super) audience: u32,
}

/// What the fields of a session carry.
#[derive(Clone, Debug, Default)]
pub(super) struct Taints {
    taints: Vec<Taint>,
    numbers: HashMap<Taint, u32, BuildHasherDefault<Spread>>,
}

impl Taints {
    /// What another one takes.
    const BYTES: usize = 2 * size_of::<Taint>() + ENTRY_BYTES;

    /// Bytes that are kept.
    pub(super) const fn bytes(&self) -> usize {
        self.taints.len() * Self::BYTES
    }

    /// What a field carries.
    pub(super) fn get(&self, number: u32) -> Taint {
        // Whoever has a number has it from here.
        self.taints.get(number as usize).copied().unwrap_or_default()
    }
}

/// What carries what the fields of one answer carry.
pub(super) type Carrying<'c> = (&'c LabelSet, &'c LabelSet, &'c Audience);

impl State {
    /// The model reads what carries these, and is for those.
    pub(super) fn carry(&mut self, labels: &LabelSet, audience: &Audience) {
        for set in [&mut self.ctx, &mut self.seen] {
            self.reads_more |= set.join_without(labels, &self.marks);
        }
        for all in [&mut self.ctx_audience, &mut self.seen_audience] {
            self.reads_more |= all.meet(audience);
        }
    }

    /// The model reads what carries these: the number of that.
    ///
    /// A field carries `labels`, a piece of it `pieces`; what the model has read it has read piece
    /// by piece.
    pub(super) fn taint(&mut self, (labels, pieces, audience): Carrying<'_>) -> Result<u32, Full> {
        self.carry(pieces, audience);
        let number = if audience.is_everyone() {
            0
        } else {
            let room = self.room();
            self.audiences.number(audience, room)?
        };
        let (labels, pieces) = (self.set_number(labels)?, self.set_number(pieces)?);
        self.taint_number(Taint { labels, pieces, audience: number })
    }

    /// What carries only what a piece of a text carries that carries this.
    pub(super) fn taint_of_pieces(&mut self, taint: u32) -> Result<u32, Full> {
        let Taint { pieces, audience, .. } = self.taints.get(taint);
        self.taint_number(Taint { labels: pieces, pieces, audience })
    }

    fn taint_number(&mut self, taint: Taint) -> Result<u32, Full> {
        if let Some(known) = self.taints.numbers.get(&taint) {
            return Ok(*known);
        }
        if Taints::BYTES > self.room() {
            return Err(Full);
        }
        let number = u32::try_from(self.taints.taints.len()).map_err(|_| Full)?;
        self.taints.taints.push(taint);
        self.taints.numbers.insert(taint, number);
        // Fields are noted with the number.
        self.log.kind(LogTag::Taint);
        for set in [taint.labels, taint.pieces] {
            self.log.number(u64::from(set));
        }
        let audience = self.audiences.get(taint.audience);
        self.note_audience(&audience);
        Ok(number)
    }
}

/// Of most answers the fields carry no more combinations.
const KNOWN: usize = 16;

/// What the fields of an answer carry, place by place.
#[derive(Debug)]
pub(super) struct Tainting<'t, 'p> {
    ground: &'t Ground<'p>,
    tool: &'t str,
    given: &'t Given,
    covering: Option<Covering<'t, 'p>>,
    /// What fields carry to which the same parts of the output lead: the first few of these.
    known: [Option<(u64, u32)>; KNOWN],
}

impl<'t, 'p> Tainting<'t, 'p> {
    /// For an answer of a tool.
    pub(super) fn of(ground: &'t Ground<'p>, tool: &'t str, given: &'t Given) -> Self {
        let covering = ground.covering(tool, given);
        Self { ground, tool, given, covering, known: [None; KNOWN] }
    }

    /// Whether names of members may carry something else than the members.
    pub(super) fn tells_names(&self) -> bool {
        self.ground.tells_names(self.tool)
    }

    /// What a field carries, which the model reads.
    pub(super) fn at(&mut self, state: &mut State, field: At<'_>) -> Result<u32, Full> {
        let Self { ground, tool, given, covering, known } = self;
        let covered = covering.map(|covering| covering.of(field));
        let found = known.iter().map_while(|it| *it).find(|(bits, _)| Some(*bits) == covered);
        if let Some((_, taint)) = found {
            return Ok(taint);
        }
        let (labels, pieces, audience) = ground.carried(tool, field, given);
        let taint = state.taint((&labels, &pieces, &audience))?;
        if let Some(free) = known.iter_mut().find(|it| it.is_none()) {
            *free = covered.map(|bits| (bits, taint));
        }
        Ok(taint)
    }
}
