//! What is learned from of a session that was recorded with what was decided about it.
//!
//! In:      the events of a session, and what its records say of them.
//! Out:     the events that its calls needed.
//! Imports: `lang`, `tools::replay`.
//! Source:  `docs/learn.md`.
//!
//! Calls that were not allowed were not needed. Plans, approvals and results of functions are about
//! the policy that decided; the one that is learned has a plan of its own.

use std::collections::BTreeSet;

use serde_json::Value as Json;

use crate::lang::decision::Effect;
use crate::lang::session::REPLACE;
use crate::tools::learn::Recorded;
use crate::tools::replay::events::{Recorded as Decided, SessionEvent};

/// The events to learn from, and how many calls are left out.
#[must_use]
pub fn of_records(name: &str, happened: &[SessionEvent]) -> (Recorded, usize) {
    let (mut allowed, mut others) = (BTreeSet::new(), BTreeSet::new());
    let mut lines = Vec::new();
    for SessionEvent { event, recorded } in happened {
        let text = |key: &str| event.text(key);
        let call = text("call").unwrap_or_default();
        let is_needed = match text("ev") {
            Some("request") => {
                let tool = event.value().pointer("/action/tool").and_then(Json::as_str);
                let effect = recorded.as_ref().and_then(Decided::effect);
                let is_allowed = effect == Some(Effect::Allow);
                let is_plan = is_allowed && tool == Some(REPLACE.0);
                if !is_plan {
                    let calls = if is_allowed { &mut allowed } else { &mut others };
                    calls.insert(call);
                }
                is_allowed && !is_plan
            }
            Some("response") => allowed.contains(call),
            Some("prompt" | "answer" | "clock" | "reset") => true,
            Some(_) | None => false,
        };
        if is_needed {
            lines.extend(event.line().bytes().chain([b'\n']));
        }
    }
    // One that waited for a function has its id still when it is asked for again.
    let left_out = others.difference(&allowed).count();
    (Recorded { name: name.to_owned(), lines }, left_out)
}
