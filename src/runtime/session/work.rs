//! Memory that sessions decide in.
//!
//! Imports: `runtime::vm`.

use std::sync::Arc;

use crate::runtime::session::ground::Ground;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::observe::Witness;
use crate::runtime::vm::scratch::Scratch;

/// Memory that sessions decide in, one after the other.
#[derive(Debug)]
pub struct Work {
    pub(super) memory: Memory,
    /// For what is decided beside a request: what is offered in its place.
    pub(super) aside: Option<Box<Memory>>,
}

/// What one decision takes.
#[derive(Debug)]
pub(super) struct Memory {
    pub(super) scratch: Scratch,
    pub(super) context: String,
    /// What functions of the host gave, as the last decision had it.
    pub(super) facts: Arc<HostTable>,
    pub(super) witness: Option<Witness>,
}

impl Memory {
    pub(super) fn of(ground: &Ground<'_>) -> Self {
        let scratch = Scratch::for_program(ground.program);
        Self { scratch, context: String::new(), facts: Arc::default(), witness: None }
    }
}

impl Work {
    /// For sessions of a program.
    #[must_use]
    pub fn of(ground: &Ground<'_>) -> Self {
        Self { memory: Memory::of(ground), aside: None }
    }

    /// The same, where decisions are to tell how their atoms came out: records say that.
    #[must_use]
    pub fn witnessed(ground: &Ground<'_>) -> Self {
        let mut work = Self::of(ground);
        work.memory.witness = Some(Witness::new(ground.program.atoms()));
        work
    }

    /// What functions of the host had given when it was decided last.
    #[must_use]
    pub fn facts(&self) -> &Arc<HostTable> {
        &self.memory.facts
    }

    /// The context of the last decision: what the event brought, and what the session answered.
    #[must_use]
    pub fn context(&self) -> &str {
        &self.memory.context
    }
}
