//! `policyc replay step`: what a session is, what keys do, and how it looks.

use std::sync::Arc;

use policyc::cli::screen::view;
use policyc::lang::decision::Effect;
use policyc::tools::replay::step::desk::{Key, Prompt, Sheet, ViewState};
use policyc::tools::replay::step::{CallVerdict, Line, Session, session};
use policyc::tools::replay::store::Store;
use policyc::tools::report::paint::Style;
use policyc::tools::report::replay::step::plain;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value as Json, json};

use crate::diff::program;
use crate::replay::{POLICY, file, payment, project, records};
use crate::support::run::ran;

/// A payment that never needs two approvers.
const CANDIDATE: &str = "policyc: 1
name: payments
default: deny
schema:
  action: {tool: string, args: {amount: int, memo: string}}
  approvers: {items: string, maxItems: 9}
rules:
  - {id: routine, when: action.args.amount <= 25000, allow: within the limit}
";

/// Five calls of a session, the third in front of the second, and one of another session.
fn lines() -> Vec<String> {
    let contexts = [
        payment(500, "tea", &[]),
        payment(700, "\u{1b}[31mhostile\u{202e}", &[]),
        payment(25_000, "chairs", &["ann"]),
        payment(9_000, "chairs, first part", &["ann"]),
        payment(9_000, "secret", &["ann"]),
        payment(1, "of another session", &[]),
    ];
    let lines = records(&program(POLICY), &contexts);
    let steps = [("s-1", 1), ("s-1", 3), ("s-1", 2), ("s-1", 4), ("s-1", 7), ("s-2", 1)];
    let with = |(line, (id, step)): (&String, (&str, u64))| {
        let mut record: Json = serde_json::from_str(line).expect("JSON");
        record["ses"] = json!({"id": id, "n": step});
        record["ns"] = json!(1_840);
        if step == 2 {
            record["writes"] = json!({"rate/pay/60s": "+1", "note\u{7}": "kept"});
            record["reads"] = json!({"rate/pay/60s": [7, "v9"]});
        }
        record.to_string()
    };
    lines.iter().zip(steps).map(with).collect()
}

fn own() -> Session {
    let lines = lines();
    let own = (1..).zip(lines.iter().take(5));
    let own = own.map(|(line, it)| Line { source: 0, line, bytes: it.as_bytes().to_vec() });
    let store = Store::default();
    store.add(program(POLICY));
    session("s-1", own.collect(), &store, Some(&Arc::new(program(CANDIDATE))))
}

fn desk_after(session: &Session, keys: &[Key]) -> ViewState {
    let mut desk = ViewState::of(session);
    for key in keys {
        desk.press(*key, session);
    }
    desk
}

#[test]
fn calls_are_in_order_and_changes_have_a_first() {
    let session = own();
    let steps: Vec<u64> = session.calls.iter().map(|call| call.step).collect();
    assert_eq!(steps, [1, 2, 3, 4, 7]);
    assert_eq!(session.missing, 2, "calls 5 and 6");
    let effects: Vec<_> = session.calls.iter().map(|call| call.effect(false)).collect();
    let allow = Some(Some(Effect::Allow));
    // The second rests on state, so only what was recorded is known.
    let escalate = Some(Some(Effect::Escalate));
    assert_eq!(effects, [allow, Some(Some(Effect::Deny)), allow, allow, escalate]);
    assert!(matches!(session.calls[1].replayed, CallVerdict::Not(_)));
    assert_eq!(session.first_change(), Some(1));
    assert!(!session.is_downstream(1) && session.is_downstream(2));
    let changed: Vec<bool> = session.calls.iter().map(|call| call.differs()).collect();
    assert_eq!(changed, [false, true, false, false, true]);
    let state = &session.calls[1].state;
    assert_eq!(state[1].key, "rate/pay/60s");
    assert_eq!((state[1].read.as_deref(), state[1].written.as_deref()), (Some("7"), Some("+1")));
}

#[test]
fn keys_do_what_help_says() {
    let session = own();
    let at = |keys: &[Key]| desk_after(&session, keys).at;
    assert_eq!(at(&[]), 1, "it begins at the first change");
    assert_eq!(at(&[Key::Next, Key::Next]), 3);
    assert_eq!(at(&[Key::First, Key::Back]), 0);
    assert_eq!(at(&[Key::Last, Key::Next]), 4);
    let typed = |text: &str| text.chars().map(Key::Letter).collect::<Vec<_>>();
    let goto = [typed("g7"), vec![Key::Enter]].concat();
    assert_eq!(at(&goto), 4);
    let nowhere = desk_after(&session, &[typed("g9x"), vec![Key::Backspace, Key::Enter]].concat());
    assert_eq!((nowhere.at, nowhere.notice.as_deref()), (1, Some("there is no call `9`")));
    let filtered = desk_after(&session, &[typed("/CHAIRS"), vec![Key::Enter]].concat());
    assert_eq!(filtered.shown(&session), [1, 3]);
    let mut open = desk_after(&session, &typed("/x"));
    assert_eq!(open.prompt, Some(Prompt::Filter("x".to_owned())));
    open.press(Key::Escape, &session);
    assert_eq!((open.prompt, open.filter.as_str()), (None, ""));
    assert_eq!(desk_after(&session, &typed("d")).shown(&session), [1, 4]);
    assert_eq!(desk_after(&session, &typed("dd")).shown(&session).len(), 5);
    for (key, sheet) in
        [('e', Sheet::Explanation), ('f', Sheet::Flip), ('t', Sheet::Test), ('?', Sheet::Help)]
    {
        assert_eq!(desk_after(&session, &[Key::Letter(key)]).sheet, sheet);
        let back = desk_after(&session, &[Key::Letter(key), Key::Letter(key)]);
        assert_eq!(back.sheet, Sheet::Why);
        assert_eq!(desk_after(&session, &[Key::Letter(key), Key::Escape]).sheet, Sheet::Why);
    }
    assert!(desk_after(&session, &typed("b")).candidate);
    assert!(desk_after(&session, &typed("q")).done);
    let alone = Session { candidate: None, ..own() };
    let desk = desk_after(&alone, &typed("b"));
    assert!(!desk.candidate && desk.notice.is_some_and(|notice| notice.contains("--to")));
}

/// The picture after some keys: rows of a screen.
fn picture(keys: &[Key], (width, height): (u16, u16), sheet: &str) -> Vec<String> {
    let session = own();
    let desk = desk_after(&session, keys);
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen");
    let draw = |frame: &mut ratatui::Frame<'_>| view::draw(frame, &session, &desk, sheet, false);
    terminal.draw(draw).expect("a picture");
    let buffer = terminal.backend().buffer().clone();
    let row = |y| (0..width).map(|x| buffer[(x, y)].symbol()).collect::<String>();
    (0..height).map(row).map(|row| row.trim_end().to_owned()).collect()
}

const WHY: &str = " 13 │ when: a > 1\n    │       ╰─ true \u{1b}[2J\n";

const WIDE: &str = "\
┌ session s-1 · 5 calls · A · incomplete: 2 calls are…┐┌ state at step 2 ──────────────────────────┐
│  1 ✓ pay  amount=500 memo=tea …  routine      1.8 µs││not replayable: it rests on the state of a…│
│▶≠2 ✗ pay  amount=25000 memo=ch…  two-person   1.8 µs││note‹U+0007›  → kept                       │
│  3 ✓ pay  amount=700 memo=…      routine      1.8 µs││rate/pay/60s  7 → 8                        │
│  4 ✓ pay  amount=9000 memo=cha…  routine      1.8 µs││                                           │
│ ≠7 ◆ pay  amount=9000 memo=sec…  secret       1.8 µs│└───────────────────────────────────────────┘
│                                                     │┌ why ──────────────────────────────────────┐
│                                                     ││ 13 │ when: a > 1                          │
│                                                     ││    │       ╰─ true ‹U+001B›[2J            │
│                                                     ││                                           │
│                                                     ││                                           │
│                                                     ││                                           │
└─────────────────────────────────────────────────────┘└───────────────────────────────────────────┘
 ←/→ step  g goto  / filter  e explain  f flip  t test  b bundle A|B  d diff mode  ? help  q quit";

const NARROW: &str = "\
┌ session s-1 · 5 calls · B, the candidate · incomplete: 2…┐
│  1 ✓ pay  amount=500 memo=tea note=…  routine      1.8 µs│
│▶≠2 ✓ pay  amount=25000 memo=chairs …  routine      1.8 µs│
│  3 ✓ pay  amount=700 memo=‹U+001B›[…  routine      1.8 µs│
│  4 ✓ pay  amount=9000 memo=chairs, …  routine      1.8 µs│
│ ≠7 ✓ pay  amount=9000 memo=secret n…  routine      1.8 µs│
│                                                          │
└──────────────────────────────────────────────────────────┘
┌ state at step 2 ─────────────────────────────────────────┐
│note‹U+0007›  → kept                                      │
│rate/pay/60s  7 → 8                                       │
└──────────────────────────────────────────────────────────┘
┌ why ─────────────────────────────────────────────────────┐
│ 13 │ when: a > 1                                         │
│    │       ╰─ true ‹U+001B›[2J                           │
│                                                          │
│                                                          │
│                                                          │
└──────────────────────────────────────────────────────────┘
 ←/→ g / e f t b d ? q  (? tells what they do)";

#[test]
fn a_wide_screen_has_panes_side_by_side() {
    assert_eq!(picture(&[], (100, 14), WHY), WIDE.lines().collect::<Vec<_>>());
}

#[test]
fn a_narrow_screen_has_panes_one_below_the_other() {
    let rows = picture(&[Key::Letter('b')], (60, 20), WHY);
    assert_eq!(rows, NARROW.lines().collect::<Vec<_>>());
}

#[test]
fn a_sheet_fills_the_screen() {
    let keys = [Key::Letter('e'), Key::Down];
    let long: String = (0..30).map(|at| format!("row {at}\n")).collect();
    let rows = picture(&keys, (60, 12), &long);
    assert!(rows[0].contains("explanation · step 2 · record-2"), "{rows:#?}");
    assert!(rows[1].contains("row 5") && rows[10].contains("16 more lines"), "{rows:#?}");
    let rows = picture(&[Key::Letter('?')], (100, 24), "");
    assert!(rows.iter().any(|row| row.contains("b       decide by the bundle (A)")), "{rows:#?}");
}

#[test]
fn any_size_of_screen_can_be_drawn_on_and_nothing_moves_the_cursor() {
    for width in [1, 2, 3, 10, 40, 79, 80, 200] {
        for height in [1, 2, 3, 5, 30] {
            for keys in [&[][..], &[Key::Letter('b')], &[Key::Letter('f')], &[Key::Letter('/')]] {
                let rows = picture(keys, (width, height), "\u{1b}[2J\u{202e}\n\u{7}");
                let text = rows.join("");
                assert!(!text.chars().any(|c| c.is_control() || c == '\u{202e}'), "{text:?}");
            }
        }
    }
}

#[test]
fn the_table_says_the_same() {
    let text = plain(&own(), Style::PLAIN);
    for row in [
        "session s-1 · 5 calls",
        "incomplete: 2 calls are in no record",
        "2 ✗ pay",
        "rate/pay/60s  7 → 8",
        "not replayable: it rests on the state of a session",
        "candidate: allow by routine, here the session parts",
        "candidate: allow by routine, downstream",
        "candidate payments: 2 of 5 calls are decided otherwise",
    ] {
        assert!(text.contains(row), "{row}\n{text}");
    }
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text}");
}

#[test]
fn a_session_is_found_by_the_beginning_of_its_id() {
    let (folder, _) = project("step", POLICY);
    folder.add("a.jsonl", file(&lines()));
    folder.add("new.yaml", CANDIDATE);
    let run = |line: &str| ran(folder.path(), line);
    // Where there is no terminal it is a table.
    // The bundle that is named is not the one that decided, so nothing was replayed.
    run("replay step s-1 --records a.jsonl --bundle policy.plcb")
        .expect(5, &["s-1 · 5 calls", "the store has no bundle"]);
    run("replay step s-2 --records a.jsonl --bundle policy.plcb --to new.yaml --plain")
        .expect(5, &["s-2 · 1 call", "0 of 1 calls are decided otherwise"]);
    run("replay step s --records a.jsonl").expect(2, &["several sessions", "s-1, s-2"]);
    run("replay step other --records a.jsonl").expect(5, &["no session's id begins with"]);
}

#[test]
fn a_number_that_nobody_can_hold_hides_nothing_else() {
    let whole = lines().remove(2);
    let line = whole.replace("\"note\":\"1.50\"", "\"note\":1e400");
    assert_ne!(line, whole);
    let (store, line) = (Store::default(), Line { source: 0, line: 1, bytes: line.into_bytes() });
    store.add(program(POLICY));
    let session = session("s-1", vec![line], &store, None);
    let call = session.calls.first().expect("a call");
    assert_eq!(call.tool, "pay");
    assert!(call.arguments.contains("amount=25000"), "{}", call.arguments);
    assert!(call.arguments.contains("note=1e400"), "{}", call.arguments);
    assert_eq!(call.state.len(), 2, "{:?}", call.state);
}

/// What is withheld is no empty text, records without numbers are told apart, and of a call that
/// nobody decided nothing stands there as if somebody had.
#[test]
fn what_records_do_not_say_is_not_made_up() {
    let lines: Vec<String> = lines()
        .iter()
        .take(3)
        .map(|line| {
            let mut record: Json = serde_json::from_str(line).expect("JSON");
            record["ses"] = json!({"id": "s-1"});
            record["ctx"]["action"]["args"]["memo"] = json!({"$x": "drop", "t": "string"});
            for gone in ["out", "sig", "writes", "reads"] {
                record.as_object_mut().expect("an object").remove(gone);
            }
            record.to_string()
        })
        .collect();
    let own = (1..).zip(&lines);
    let own = own.map(|(line, it)| Line { source: 0, line, bytes: it.as_bytes().to_vec() });
    let store = Store::default();
    store.add(program(POLICY));
    let session = session("s-1", own.collect(), &store, None);
    let steps: Vec<u64> = session.calls.iter().map(|call| call.step).collect();
    assert_eq!((steps, session.missing), (vec![1, 2, 3], 0));
    assert_eq!(session.calls[0].arguments, "amount=500 memo=(withheld) note=1.50");
    assert!(session.calls.iter().all(|call| call.recorded.is_none()));
    let told = plain(&session, Style::PLAIN);
    assert!(told.contains("  1 ✓ pay") || told.contains("  1 ? pay"), "{told}");
    let unrecorded = "no decision is recorded: the bundle decides so now";
    let decided =
        session.calls.iter().filter(|it| matches!(it.replayed, CallVerdict::Decided { .. }));
    assert_eq!(told.matches(unrecorded).count(), decided.count(), "{told}");
}
