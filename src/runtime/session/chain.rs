//! The way of a value through a session, for people and records.
//!
//! In:      a value of a call.
//! Out:     the places where it was seen, and those that these came from, as far as is told.
//! Imports: `base`.

use crate::base::limits::SESSION_LINKS_MAX;
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::provenance::Provenance;
use crate::runtime::session::step::Session;

/// A place where a value was seen, or where what it was made of was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link<'s> {
    /// How many calls lie between: zero for where the value itself was seen.
    pub depth: usize,
    /// The call in whose output it was; `None` for what the principal said.
    pub call: Option<Seen<'s>>,
    /// Its JSON Pointer in the output.
    pub pointer: &'s str,
    /// What it carries.
    pub labels: LabelSet,
}

/// A call, as links name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<'s> {
    /// Its id.
    pub id: &'s str,
    /// Its tool; empty where nobody asked for the call.
    pub tool: &'s str,
    /// Number of the event that asked for it, or that answered it where none did.
    pub seq: u64,
}

impl Session<'_, '_> {
    /// Where a value came from, as `from` says it to rules.
    #[must_use]
    pub fn origin(&self, value: &Provenance) -> &str {
        self.state().word(value.from)
    }

    /// Where a value came from: each link in front of those that it was made of.
    pub fn chain(&self, value: &Provenance) -> impl Iterator<Item = Link<'_>> {
        let (state, ground) = (self.state(), self.ground());
        let mut told: Vec<u32> = Vec::new();
        let mut waiting: Vec<(usize, u32)> =
            value.sources.iter().rev().map(|at| (0, *at)).collect();
        std::iter::from_fn(move || {
            loop {
                let (depth, at) = waiting.pop().filter(|_| told.len() < SESSION_LINKS_MAX)?;
                let Some(field) = state.index.field(at) else { continue };
                if told.contains(&at) {
                    continue;
                }
                told.push(at);
                let call = field.call.and_then(|call| state.call(call));
                let pointer = state.index.pointer(&field);
                if let Some(call) = call.filter(|call| ground.inherits(&call.tool, pointer)) {
                    waiting.extend(call.sources.iter().rev().map(|at| (depth + 1, *at)));
                }
                let labels = state.sets.get(state.taints.get(field.taint).labels).cloned();
                return Some(Link {
                    depth,
                    call: call.map(|it| Seen { id: &it.id, tool: &it.tool, seq: it.seq }),
                    pointer,
                    labels: labels.unwrap_or_else(|| LabelSet::of(state.labels)),
                });
            }
        })
    }
}
