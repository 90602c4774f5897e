//! Meters and limits: what is counted, when it is forgotten, and that no order of calls at the same
//! time passes a limit.

use std::collections::BTreeMap;

use policyc::lang::decision::Effect;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Session, Work};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::hand::{expect, prompt, request, response};
use super::program;

/// A policy of payments with these meters and limits.
fn policy(meters: &str, limits: &str) -> String {
    format!(
        "policyc: 1
default: deny
tools:
  pay: {{effect: egress, args: {{to: string target, amount: double}}}}
  note: {{effect: state, args: {{text: string}}}}
rules:
  - {{id: all, allow: a call}}
meters:
{meters}
limits:
{limits}
"
    )
}

fn pay(call: &str, to: &str, amount: Json) -> Json {
    request(call, "pay", json!({"to": to, "amount": amount}))
}

fn at(ts: &str, mut event: Json) -> Json {
    event["ts"] = json!(ts);
    event
}

/// A call that has failed, and the host knows that nothing was done.
fn failed(call: &str) -> Json {
    json!({"ev": "response", "call": call, "error": "no", "done": false})
}

/// A call that has failed, and nobody knows what was done.
fn lost(call: &str) -> Json {
    json!({"ev": "response", "call": call, "error": "timeout"})
}

#[test]
fn amounts_are_exact_and_reserved_until_they_fail() {
    let policy = policy(
        "  spend: {on: pay, key: \"principal.id + '/' + args.to\", amount: decimal(args.amount),
    window: session}",
        "  - {meter: spend, max: \"0.3\"}",
    );
    expect(
        &policy,
        &[
            (prompt("x"), "Nothing"),
            (pay("1", "a", json!(0.1)), "allow all"),
            // Not answered yet, and counted.
            (pay("2", "a", json!(0.2)), "allow all"),
            (pay("3", "a", json!(0.000_001)), "deny limit.spend"),
            // A millionth is the least; less is rounded up.
            (pay("4", "a", json!(1e-9)), "deny limit.spend"),
            (pay("5", "b", json!(0.3)), "allow all"),
            (response("1", json!("done")), "Nothing"),
            (failed("2"), "Nothing"),
            (pay("6", "a", json!(0.2)), "allow all"),
            // An answer that comes again gives nothing back.
            (failed("2"), "Again"),
            (failed("1"), "Again"),
            (pay("7", "a", json!(0.1)), "deny limit.spend"),
            (pay("8", "a", json!(0.0)), "allow all"),
            // What cannot be measured is denied.
            (pay("9", "c", json!(-1.0)), "deny -"),
            (pay("10", "c", json!(1e300)), "deny -"),
            // What was denied and is done all the same counts.
            (response("7", json!("done")), "NotAllowed"),
            (pay("11", "a", json!(0.0)), "deny limit.spend"),
            (request("12", "note", json!({"text": "x"})), "allow all"),
        ],
    );
}

#[test]
fn what_may_have_been_done_counts() {
    let meters = "  spend: {on: pay, amount: args.amount, window: session}
  notes: {on: note, window: session}";
    let policy = policy(meters, "  - {meter: spend, max: 3}\n  - {meter: notes, max: 1}");
    let policy = policy.replace("note: {effect: state", "note: {effect: none");
    let policy = policy.replace("tools:", "labels: {integrity: {input: [user]}}\ntools:");
    let one = |call: &str| pay(call, "a", json!(1.0));
    let note = |call: &str| request(call, "note", json!({"text": "x"}));
    expect(
        &policy,
        &[
            (prompt("x"), "Nothing"),
            // Nobody knows whether it was paid.
            (one("1"), "allow all"),
            (lost("1"), "Nothing"),
            // It was not; and then it was after all.
            (one("2"), "allow all"),
            (failed("2"), "Nothing"),
            (one("3"), "allow all"),
            (response("2", json!("done")), "Again"),
            (one("4"), "deny limit.spend"),
            // What was done is done, and what was counted twice is given back once.
            (failed("2"), "Again"),
            (one("5"), "deny limit.spend"),
            (failed("1"), "Again"),
            (failed("1"), "Again"),
            (one("6"), "allow all"),
            (one("7"), "deny limit.spend"),
            // The first was done after all, though there is no room for it any more.
            (response("1", json!("done")), "Again"),
            (failed("6"), "Nothing"),
            (one("8"), "deny limit.spend"),
            // What was denied and only says so was not carried out.
            (lost("8"), "NotAllowed"),
            (failed("3"), "Nothing"),
            (one("9"), "allow all"),
            // What only reads has done nothing where it fails.
            (note("10"), "allow all"),
            (lost("10"), "Nothing"),
            (note("11"), "allow all"),
            (note("12"), "deny limit.notes"),
            (
                json!({"ev": "response", "call": "9", "error": "no", "done": 0}),
                "refused: it has no `done`, or one of another kind",
            ),
        ],
    );
}

#[test]
fn windows_forget() {
    let day = "  day: {on: pay, window: {calendar: day, zone: Europe/Zurich}}";
    let one = |meter: &str| format!("  - {{meter: {meter}, max: 1}}");
    let spent = |ts: &str, call: &str| at(ts, pay(call, "a", json!(1.0)));
    expect(
        &policy(day, &one("day")),
        &[
            (spent("2026-07-01T21:00:00Z", "1"), "allow all"),
            (spent("2026-07-01T21:59:59Z", "2"), "deny limit.day"),
            // Midnight in Zurich.
            (spent("2026-07-01T22:00:00Z", "3"), "allow all"),
            // The time of a session does not go back.
            (spent("2026-07-01T21:00:00Z", "4"), "deny limit.day"),
        ],
    );
    let slide = "  hour: {on: pay, window: {sliding: 1h, resolution: 10m}}";
    expect(
        &policy(slide, &one("hour")),
        &[
            (spent("2026-07-01T21:05:00Z", "1"), "allow all"),
            (spent("2026-07-01T22:05:01Z", "2"), "deny limit.hour"),
            // The bucket of 21:00 to 21:10 lies behind.
            (spent("2026-07-01T22:10:00Z", "3"), "allow all"),
        ],
    );
    let bucket = "  rate: {on: pay, window: {token_bucket: 1m, refill: 1}}";
    expect(
        &policy(bucket, "  - {meter: rate, max: 2}"),
        &[
            (spent("2026-07-01T21:00:00Z", "1"), "allow all"),
            (spent("2026-07-01T21:00:00Z", "2"), "allow all"),
            // What has run out of a bucket was perhaps this.
            (at("2026-07-01T21:00:01Z", failed("2")), "Nothing"),
            (spent("2026-07-01T21:00:59.999999999Z", "3"), "deny limit.rate"),
            (spent("2026-07-01T21:01:00Z", "4"), "allow all"),
            (spent("2026-07-01T21:01:59Z", "5"), "deny limit.rate"),
            (spent("2026-07-01T21:03:00Z", "6"), "allow all"),
            (spent("2026-07-01T21:03:00Z", "7"), "allow all"),
        ],
    );
}

#[test]
fn keys_are_bounded_and_rules_may_ask() {
    let meters = "  calls: {on: pay, key: args.to, window: session, max_keys: 2}
  all: {on: \"*\", window: session, count: 2}
  sum: {on: pay, amount: args.amount, window: session}";
    let policy = policy(meters, "  - {meter: calls, max: 2, over: {escalate: {to: [user]}}}")
        .replace(
            "meters:",
            "  - {id: busy, on: [note], when: count(\"all\") >= 8, deny: busy}
  - {id: dear, on: [note], when: sum(\"sum\") > 2.5, deny: dear}
  - {id: last, on: [pay], when: over(\"limit.calls\") && args.to == \"b\", deny: last}
meters:",
        );
    let note = |call: &str| request(call, "note", json!({"text": "x"}));
    expect(
        &policy,
        &[
            (prompt("x"), "Nothing"),
            (pay("1", "a", json!(0.5)), "allow all"),
            (pay("2", "b", json!(1)), "allow all"),
            // There is no room to count the calls of a third.
            (pay("3", "c", json!(1)), "deny -"),
            (pay("4", "a", json!(1)), "allow all"),
            (pay("5", "a", json!(1)), "escalate limit.calls"),
            (note("6"), "allow all"),
            (pay("7", "b", json!(0.1)), "allow all"),
            (pay("8", "b", json!(1)), "deny last"),
            (note("9"), "deny busy"),
        ],
    );
}

/// What happens to payments: one is asked for, one is answered or fails, time goes by.
#[derive(Clone, Debug)]
enum Act {
    Pay(u8, u16),
    Answer(u8, bool),
    Wait(u16),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => (0..2_u8, 0..400_u16).prop_map(|(to, amount)| Act::Pay(to, amount)),
        3 => (any::<u8>(), any::<bool>()).prop_map(|(call, fails)| Act::Answer(call, fails)),
        2 => (0..500_u16).prop_map(Act::Wait),
    ]
}

/// A payment that was allowed: when, to whom, hundredths.
struct Paid {
    time: u64,
    to: u8,
    amount: u64,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// What stands in the books never passes the limit, whatever is under way; and nothing is
    /// denied that has room also if a part of the window more is counted.
    #[test]
    fn no_order_of_calls_passes_a_limit(acts in prop::collection::vec(act(), 1..60)) {
        let (length, part, max) = (600, 60, 500);
        let meters = "  spend: {on: pay, key: args.to, amount: args.amount,
    window: {sliding: 10m, resolution: 1m}}";
        let program = program(&policy(meters, "  - {meter: spend, max: \"5.00\"}"));
        let ground = Ground::of(&program);
        let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
        let (mut time, mut asked) = (0_u64, 0_usize);
        let mut open: BTreeMap<usize, Paid> = BTreeMap::new();
        let mut books: Vec<Paid> = Vec::new();
        for (seq, act) in (1..).zip(acts) {
            let mut event = match act {
                Act::Wait(seconds) => {
                    time += u64::from(seconds);
                    json!({"ev": "clock"})
                }
                Act::Pay(to, amount) => {
                    asked += 1;
                    let amount = f64::from(amount) / 100.0;
                    pay(&asked.to_string(), &to.to_string(), json!(amount))
                }
                Act::Answer(call, fails) => {
                    let under_way: Vec<usize> = open.keys().copied().collect();
                    let Some(call) = under_way.get(usize::from(call) % under_way.len().max(1))
                    else { continue };
                    if let Some(paid) = open.remove(call).filter(|_| !fails) {
                        books.push(paid);
                    }
                    let call = call.to_string();
                    if fails { failed(&call) } else { response(&call, json!("ok")) }
                }
            };
            event["seq"] = json!(seq);
            let (hours, minutes, seconds) = (time / 3_600, time / 60 % 60, time % 60);
            event["ts"] = json!(format!("2026-01-01T{hours:02}:{minutes:02}:{seconds:02}Z"));
            let effect = session.line(event.to_string().as_bytes(), &mut work).effect();
            let Act::Pay(to, amount) = act else { continue };
            let amount = u64::from(amount);
            let counted = |back: u64| -> u64 {
                let counts = |paid: &&Paid| paid.to == to && paid.time + back > time;
                books.iter().chain(open.values()).filter(counts).map(|paid| paid.amount).sum()
            };
            match effect {
                Some(Effect::Allow) => prop_assert!(counted(length) + amount <= max),
                _ => prop_assert!(counted(length + part) + amount > max),
            }
            if effect == Some(Effect::Allow) {
                open.insert(asked, Paid { time, to, amount });
            }
        }
    }
}
