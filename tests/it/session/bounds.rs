//! What a session keeps is bounded, whatever comes.

use policyc::base::limits::{CONTEXT_BYTES_MAX, SESSION_BYTES_MAX};
use policyc::lang::decision::Effect;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::state::Closed;
use policyc::runtime::session::step::{Session, Work};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::hand::{prompt, request};
use super::program;
use crate::support::flood::{KINDS, POLICY, flood};

/// A session that is told events, one after the other.
struct Told<'g, 'p> {
    session: Session<'g, 'p>,
    work: Work,
    seq: u64,
}

impl<'g, 'p> Told<'g, 'p> {
    fn of(ground: &'g Ground<'p>) -> Self {
        Self { session: Session::new(ground), work: Work::of(ground), seq: 0 }
    }

    fn tell(&mut self, mut event: Json) -> Option<Effect> {
        self.seq += 1;
        (event["seq"], event["ts"]) = (json!(self.seq), json!("2026-01-01T00:00:00Z"));
        let effect = self.session.line(event.to_string().as_bytes(), &mut self.work).effect();
        let bytes = self.session.state().bytes();
        assert!(bytes <= SESSION_BYTES_MAX, "{bytes} bytes after event {}", self.seq);
        effect
    }
}

#[test]
fn every_part_of_a_state_is_counted() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    for kind in 0..KINDS {
        let mut told = Told::of(&ground);
        let before = told.session.state().bytes();
        let size = 2_000;
        for at in 0..10 {
            for event in flood(kind, at, size) {
                told.tell(event);
            }
        }
        let bytes = told.session.state().bytes() - before;
        // Of principals the last one is kept; a call that waits is kept by its digest, and of a
        // tool that nobody knows there are at most two hundred letters, twice.
        let least = match kind {
            2 => size,
            6 => 10 * 64,
            7 => 10 * 400,
            11 => 10 * 200,
            9 => 10 * 900,
            _ => 10 * size / 2,
        };
        assert!(bytes >= least, "{bytes} bytes of kind {kind}");
        assert!(bytes <= 60 * 10 * size, "{bytes} bytes of kind {kind}");
    }
}

#[test]
fn what_one_kind_of_event_fills_is_closed_and_denies() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    for (kind, size) in [(0, 3 << 20), (1, 3 << 20), (4, 1 << 20), (5, 1 << 19), (8, 1 << 20)] {
        let mut told = Told::of(&ground);
        for at in 0..24 {
            for event in flood(kind, at, size) {
                told.tell(event);
            }
            if told.session.state().closed().is_some() {
                break;
            }
        }
        let state = told.session.state();
        // Of plans there are few: one more than that is refused, which closes it, too.
        let why = state.closed().unwrap_or_else(|| panic!("kind {kind}: {} bytes", state.bytes()));
        assert!(matches!(why, Closed::Full | Closed::Unplanned), "kind {kind}: {why:?}");
        let last = request("last", "read", json!({"path": "a"}));
        assert_eq!(told.tell(last), Some(Effect::Deny));
        let bytes = told.session.state().bytes();
        told.tell(prompt("more"));
        let more = told.session.state().bytes() - bytes;
        assert_eq!(more > 0, why == Closed::Unplanned, "what is full takes nothing in");
    }
}

#[test]
fn questions_of_principals_with_huge_names_end() {
    let program = program(POLICY);
    let ground = Ground::of(&program);
    let mut told = Told::of(&ground);
    // A principal is a part of the context that is decided about.
    let size = CONTEXT_BYTES_MAX - 4_096;
    let mut asked = 0;
    for at in 0..80 {
        for event in flood(3, at, size) {
            let escalated = told.tell(event) == Some(Effect::Escalate);
            let bytes = told.session.state().bytes();
            asked += usize::from(escalated && bytes > (asked + 1) * size);
        }
    }
    assert_eq!(asked, SESSION_BYTES_MAX / size);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2, ..ProptestConfig::default() })]

    #[test]
    fn a_state_never_grows_past_its_bound(
        events in prop::collection::vec((0..KINDS, 10..21_u32), 40),
    ) {
        let program = program(POLICY);
        let ground = Ground::of(&program);
        let mut told = Told::of(&ground);
        for (at, (kind, bits)) in events.into_iter().enumerate() {
            for event in flood(kind, at, (1 << bits) - (1 << bits) / 4) {
                told.tell(event);
            }
        }
    }
}
