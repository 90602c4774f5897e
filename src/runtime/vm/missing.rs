//! Calls of host functions that no table has a result of.
//!
//! In:      the calls that a decision meets.
//! Out:     each once, with its arguments, as long as there is room.
//! Imports: `base`, `lang`.
//!
//! A scratch keeps them from decision to decision, so that noting them allocates nothing.

use std::ops::Range;

use crate::base::limits::{HOST_CALL_BYTES_MAX, HOST_CALLS_MAX};
use crate::lang::value::Value;
use crate::lang::value::heap::Heap;
use crate::lang::value::json::{self, Form};

/// What was asked, and nobody has answered.
#[derive(Clone, Debug, Default)]
pub(in crate::runtime) struct UnansweredCalls {
    calls: Vec<UnansweredCall>,
    /// The arguments of all calls, one list after the other.
    text: String,
}

#[derive(Clone, Debug)]
struct UnansweredCall {
    host: u16,
    digest: [u8; 32],
    arguments: Range<usize>,
}

impl UnansweredCalls {
    /// Makes room for all that is noted, but for a first call that alone is longer.
    pub(in crate::runtime) fn reserve(&mut self) {
        self.calls.reserve_exact(HOST_CALLS_MAX);
        self.text.reserve_exact(HOST_CALL_BYTES_MAX);
    }

    pub(in crate::runtime) fn clear(&mut self) {
        self.calls.clear();
        self.text.clear();
    }

    pub(in crate::runtime) const fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// The number of each function, the digest of its arguments, and these: a list, as JSON.
    pub(in crate::runtime) fn calls(&self) -> impl Iterator<Item = (u16, [u8; 32], &str)> {
        self.calls.iter().map(|call| {
            let arguments = self.text.get(call.arguments.clone()).unwrap_or_default();
            (call.host, call.digest, arguments)
        })
    }

    /// Notes a call, once, as long as there is room.
    #[cold]
    pub(in crate::runtime) fn note(
        &mut self,
        host: u16,
        digest: [u8; 32],
        (heap, list): (&Heap<'_>, &Value),
    ) {
        let same = |it: &UnansweredCall| (it.host, it.digest) == (host, digest);
        if self.calls.len() >= HOST_CALLS_MAX || self.calls.iter().any(same) {
            return;
        }
        let start = self.text.len();
        let written = json::write(&heap.view(), list, Form::Plain, &mut self.text);
        let fits = self.calls.is_empty() || self.text.len() <= HOST_CALL_BYTES_MAX;
        if written.is_err() || !fits {
            return self.text.truncate(start);
        }
        let arguments = start..self.text.len();
        self.calls.push(UnansweredCall { host, digest, arguments });
    }
}
