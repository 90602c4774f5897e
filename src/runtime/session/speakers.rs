//! Who said what: the words of one principal are not those of another who calls.
//!
//! In:      prompts, calls, and whose they are.
//! Out:     whether a field is what another has said; what the model has read, for who calls.
//! Imports: `base`.
//! Source:  `docs/sessions.md`, "Provenance".

use std::borrow::Cow;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use crate::base::hex;
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::approvals::{canonical, id_of};
use crate::runtime::session::index::Full;
use crate::runtime::session::json::members;
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::state::State;

/// Who has spoken, from which field on; nobody, where that was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Speakers {
    said: Vec<(u32, Option<Arc<str>>)>,
    /// So many of these the model has forgotten.
    forgotten: usize,
}

impl Speakers {
    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        self.said.iter().map(|(_, who)| entry_bytes(who.as_deref())).sum()
    }

    /// The model forgets what they said.
    pub(super) fn forget(&mut self) {
        self.forgotten = self.said.len();
    }
}

fn entry_bytes(who: Option<&str>) -> usize {
    ENTRY_BYTES + who.map_or(0, str::len)
}

/// A principal, as JSON, and who that is.
#[derive(Clone, Debug)]
pub(super) struct Principal {
    pub(super) json: Box<str>,
    pub(super) who: Option<Arc<str>>,
}

impl Principal {
    pub(super) fn of(json: &str) -> Self {
        Self { json: json.into(), who: who(json) }
    }

    /// What it takes.
    pub(super) fn bytes(&self) -> usize {
        self.json.len() + self.who.as_deref().map_or(0, str::len)
    }
}

/// Who a principal is, which is JSON: its id, a number as it is spelled; or else all that is said
/// of it, so that two without an id are not taken for one.
pub(super) fn who(principal: &str) -> Option<Arc<str>> {
    if principal == "null" {
        return None;
    }
    let id = id_of(principal).filter(|id| !id.is_empty());
    id.map(Arc::from)
        .or_else(|| {
            let fields = members(principal).unwrap_or_default();
            let id = fields.into_iter().find(|(key, _)| key == "id").map(|(_, id)| id);
            id.filter(|id| id.starts_with(|sign: char| sign == '-' || sign.is_ascii_digit()))
                .map(Arc::from)
        })
        .or_else(|| {
            let digest: [u8; 32] = Sha256::digest(canonical(principal)?).into();
            Some(format!("principal {}", hex::text(&digest)).into())
        })
}

/// Who calls, and what a session knows for them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Caller<'s> {
    state: &'s State,
    who: Option<&'s str>,
    /// What the words of others carry.
    unknown: &'s LabelSet,
}

impl<'s> Caller<'s> {
    pub(super) const fn of(state: &'s State, who: Option<&'s str>, unknown: &'s LabelSet) -> Self {
        Self { state, who, unknown }
    }

    /// What the words of others carry.
    pub(super) const fn unknown(&self) -> &'s LabelSet {
        self.unknown
    }

    /// What the model has read since it last forgot.
    pub(super) fn read(&self) -> Cow<'s, LabelSet> {
        self.with_others(&self.state.ctx, self.state.speakers.forgotten)
    }

    /// What any field carries.
    pub(super) fn seen(&self) -> Cow<'s, LabelSet> {
        self.with_others(&self.state.seen, 0)
    }

    /// Labels, and where others have spoken what these may have put in: who knows what they want.
    fn with_others(&self, labels: &'s LabelSet, from: usize) -> Cow<'s, LabelSet> {
        let said = self.state.speakers.said.get(from..).unwrap_or_default();
        if said.iter().all(|(_, who)| who.as_deref() == self.who) {
            return Cow::Borrowed(labels);
        }
        let mut all = labels.clone();
        all.join(self.unknown);
        Cow::Owned(all)
    }

    /// Whether a field is what somebody else has said.
    pub(super) fn is_of_another(&self, at: u32) -> bool {
        if self.state.index.field(at).is_none_or(|field| field.call.is_some()) {
            return false;
        }
        let said = &self.state.speakers.said;
        let spoke = said.partition_point(|(from, _)| *from <= at).checked_sub(1);
        let speaker = spoke.and_then(|spoke| said.get(spoke));
        speaker.is_none_or(|(_, who)| who.as_deref() != self.who)
    }
}

impl State {
    /// The principal is about to speak.
    pub(super) fn speak(&mut self) -> Result<(), Full> {
        let speaker = self.principal.as_ref().and_then(|it| it.who.clone());
        let said = &self.speakers.said;
        let is_heard = said.len() > self.speakers.forgotten;
        if is_heard && said.last().is_some_and(|(_, last)| *last == speaker) {
            return Ok(());
        }
        if entry_bytes(speaker.as_deref()) > self.room() {
            return Err(Full);
        }
        let from = u32::try_from(self.index.len()).map_err(|_| Full)?;
        self.speakers.said.push((from, speaker));
        Ok(())
    }

    /// Somebody calls. What was said last they have said, if nobody knows who has.
    pub(super) fn call_of(&mut self, caller: Option<&Arc<str>>) -> Result<(), Full> {
        let Some(caller) = caller else { return Ok(()) };
        if self.speakers.said.last().is_none_or(|(_, who)| who.is_some()) {
            return Ok(());
        }
        if caller.len() > self.room() {
            return Err(Full);
        }
        for part in [b"speaker", caller.as_bytes()] {
            self.note(part);
        }
        let Speakers { said, forgotten } = &mut self.speakers;
        if let Some((from, _)) = said.pop() {
            // Whoever has spoken on has one entry, unless the model has forgotten it.
            let is_known = said.last().is_some_and(|(_, who)| who.as_ref() == Some(caller));
            if !is_known || said.len() <= *forgotten {
                said.push((from, Some(Arc::clone(caller))));
            }
        }
        Ok(())
    }
}
