//! What the proof takes values to be holds while programs run; and a claim that is wrong is found.

use std::collections::BTreeSet;

use policyc::lang::functions::{Function, all, named};
use policyc::lang::value::heap::{Heap, Store, type_value};
use policyc::lang::value::{Tag, Value};
use policyc::runtime::bundle::module::Phase;
use policyc::runtime::bundle::writer::write;
use policyc::runtime::program::Program;
use policyc::runtime::verify::{Kind, Known, Presence, Ty};
use policyc::runtime::vm::hosts::{HostEntry, HostTable};
use policyc::runtime::vm::request::Moment;

use super::{cases, whole};
use crate::support::module::R;
use crate::support::values::is_of;
use crate::support::watch::{Claimed, Escape};

/// Contexts of the hand-made modules: whole ones, and ones that lack this or that.
pub(super) const CONTEXTS: &[&str] = &[
    r#"{"action": {"amount": 20000, "tool": "send"}, "user": "send",
        "items": [{"name": "a", "price": 1}, {"name": "b"}, {"name": "c", "price": 7}]}"#,
    r#"{"action": {"amount": 1, "tool": "get_it"}, "user": 10000, "items": []}"#,
    r#"{"action": {"amount": -3, "tool": "x"}, "user": true, "items": [{"name": ""}]}"#,
    r#"{"action": {"amount": 0, "tool": ""}, "user": null, "items": [{"name": "", "price": 2}]}"#,
    r#"{"action": {"amount": 9, "tool": "é"}, "user": {"a": [1, "x"]}, "items": []}"#,
    r#"{"action": {"amount": 9, "tool": "send"}, "user": ["send", 1.5], "items": []}"#,
    r#"{"action": {"amount": 9, "tool": "send"}, "items": []}"#,
    r#"{"action": {"tool": "send"}, "user": "x"}"#,
    r#"{"action": {}}"#,
    r#"{"user": "x"}"#,
    "{}",
];

/// Decides every context; the number of claims that were held against a value, or what escaped.
fn holds(bundle: &[u8], claimed: &Claimed) -> Result<u64, Escape> {
    let program = Program::load_unsigned_whole(bundle).expect("it was accepted");
    let answers = ["send", "x"].map(|user| HostEntry {
        name: "host".to_owned(),
        arguments: HostTable::digest(&format!("[\"{user}\"]")),
        result: format!("[1,\"{user}\"]"),
    });
    let hosts = HostTable::new(answers.to_vec());
    let mut held = 0;
    for context in CONTEXTS {
        for phase in [Phase::Request, Phase::Response] {
            let moment = Moment { hosts: Some(&hosts), phase, ..Moment::at(1_773_785_730, 0) };
            held += claimed.decide(&program, context.as_bytes(), &moment)?.1.held;
        }
    }
    Ok(held)
}

#[test]
fn every_accepted_case_holds() {
    let (mut tried, mut held) = (0, 0);
    for case in cases().into_iter().filter(|case| case.expected.is_ok()) {
        let bundle = write(&case.module).unwrap();
        // Some cases keep the rules of the verifier and break those of the reader.
        if Program::load_unsigned_whole(&bundle).is_err() {
            continue;
        }
        tried += 1;
        let found = holds(&bundle, &Claimed::of(&bundle));
        held += found.unwrap_or_else(|escape| panic!("{}: {escape:?}", case.what));
    }
    println!("{tried} modules, {held} claims");
    assert!(tried > 30 && held > 1_000, "{tried} modules, {held} claims");
}

/// Makes the claims of a module wrong, one at a time, where `change` says how. Returns how many
/// there were, and those that no decision found to be wrong.
fn changed(change: impl Fn(&mut Known)) -> (usize, Vec<(usize, u16)>) {
    let bundle = write(&whole()).unwrap();
    let (mut wrong, mut missed) = (0, Vec::new());
    let mut claimed = Claimed::of(&bundle);
    for pc in 0..claimed.module.code.len() {
        for at in 0..claimed.claims.values[pc].len() {
            let (place, known) = claimed.claims.values[pc][at];
            change(&mut claimed.claims.values[pc][at].1);
            if claimed.claims.values[pc][at].1 == known {
                continue;
            }
            wrong += 1;
            match holds(&bundle, &claimed) {
                Ok(_) => missed.push((pc, place)),
                Err(found) => assert_eq!((found.pc as usize, found.place), (pc, place)),
            }
            claimed.claims.values[pc][at].1 = known;
        }
    }
    (wrong, missed)
}

#[test]
fn wrong_claims_are_found() {
    // In front of 8 a price was not there to be read, so its register holds nothing; what stands
    // behind 44, a call that fails for every context, does not run; nor does 48, a term.
    let unreached =
        [(8, R + 1), (45, R), (45, R + 1), (45, R + 2), (46, R), (46, R + 1), (46, R + 2), (48, R)];
    for ty in [Ty::Plain(Kind::Duration), Ty::Never, Ty::ListOf(Kind::Uint)] {
        let (wrong, missed) = changed(|known| known.ty = ty);
        assert!(wrong >= 50, "{wrong}");
        assert_eq!(missed, unreached, "{ty:?}");
    }
    // Where nothing was there to begin with no context can show it; these are shown.
    let (wrong, missed) = changed(|known| known.presence = Presence::Sure);
    assert!(wrong > missed.len(), "{wrong} {missed:?}");
    let (wrong, missed) = changed(|known| {
        if matches!(known.ty, Ty::Plain(Kind::String | Kind::Bytes | Kind::Map)) {
            known.len = 0;
        }
    });
    assert!(wrong > 4 && missed.is_empty(), "{wrong} {missed:?}");
}

/// Values of every kind, in `heap`.
fn samples(heap: &mut Heap<'_>) -> Vec<Value> {
    let texts = ["", "1", "a", "UTC", "127.0.0.1", "10.0.0.0/8", "https://a.b/c", "/a/../b"];
    let mut found: Vec<Value> = texts.iter().map(|text| heap.new_string(text).unwrap()).collect();
    found.push(heap.new_text(Tag::Bytes, b"ab").unwrap());
    found.push(heap.new_text(Tag::Ip, &[127, 0, 0, 1]).unwrap());
    found.push(heap.new_text(Tag::Cidr, &[10, 0, 0, 0, 8]).unwrap());
    found.push(heap.new_list(&[]).unwrap());
    found.push(heap.new_list(&[Value::int(1), Value::int(2)]).unwrap());
    found.push(heap.new_list(&[found[1], found[2]]).unwrap());
    found.push(heap.new_list(&[Value::int(1), found[2]]).unwrap());
    found.push(heap.new_optional(Value::int(1)).unwrap());
    found.extend([
        Value::NULL,
        Value::bool(true),
        Value::int(1),
        Value::int(-1),
        Value::uint(1),
        Value::double(1.5),
        Value::duration(1_000_000_000),
        Value::timestamp(1, 0),
        type_value("int").unwrap(),
    ]);
    found
}

/// What the verifier takes builtins to give: a row's result is of its type whatever kinds its
/// arguments have, but where other rows of the name give something else.
#[test]
fn builtins_give_what_they_declare() {
    let mut loose = BTreeSet::new();
    let mut gave = 0;
    for row in all() {
        let count = u32::try_from(row.params.len()).unwrap();
        let mut store = Store::new(1 << 12, 1 << 10);
        let kinds = samples(&mut Heap::of(&mut store)).len();
        // Every pair, and of more arguments every third choice or so: a prime apart.
        let step = [1, 1, 1, 7, 211, 5_003][count.min(5) as usize];
        for choice in (0..kinds.pow(count)).step_by(step) {
            store.clear();
            let mut heap = Heap::of(&mut store);
            let samples = samples(&mut heap);
            let arguments: Vec<Value> =
                (0..count).map(|at| samples[choice / kinds.pow(at) % kinds]).collect();
            let Ok(value) = (row.call)(&mut heap, &arguments) else { continue };
            gave += 1;
            if !is_of(&heap, &value, &row.result) {
                loose.insert((row.name, row.id));
            }
        }
    }
    assert!(gave > 5_000, "{gave}");
    let shares = |row: &Function| named(row.name, row.style).any(|it| it.result != row.result);
    let others: Vec<_> =
        loose.iter().filter(|(_, id)| !all().any(|row| row.id == *id && shares(row))).collect();
    assert!(others.is_empty(), "{others:?}");
    assert!(loose.contains(&("_+_", "add_uint64")), "it goes by the kinds of its arguments");
}
