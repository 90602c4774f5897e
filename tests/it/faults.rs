//! Faults: wherever an instruction that can fail does fail, no denial becomes a permission.
//!
//! A fault is an error that an observer gives to an instruction in the place of its result, so the
//! machine is the one that decides. `FAULT_ROUNDS` sets how many random policies are tried.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use policyc::lang::decision::Effect;
use policyc::lang::error::EvalError;
use policyc::lang::opcodes::{INFALLIBLE, Instruction};
use policyc::runtime::program::Program;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use policyc::runtime::vm::observe::{AtomObservation, Observer};
use policyc::runtime::vm::request::{Moment, ingest_answered};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::bench::cases;
use policyc::tools::pipeline::{compile, references};
use policyc::tools::project;
use serde_json::{Value as Json, json};

use crate::records::NOW;
use crate::records::round_trip::try_program;
use crate::support::folder::folders;
use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};

/// Faults in one run at most of an instruction in a loop.
const TURNS: u32 = 3;

/// Makes instructions fail.
#[derive(Default)]
struct Faulty {
    /// How often each instruction that can fail came, from the start of the program's code.
    came: BTreeMap<u32, u32>,
    /// The instruction, its turn, and how it fails.
    one: Option<(u32, u32, EvalError)>,
    /// Any instruction fails, once in so many.
    any: Option<(Random, usize)>,
    faults: u64,
}

impl Observer for Faulty {
    fn see(&mut self, _: AtomObservation<'_>) {}

    fn fault(&mut self, pc: u32) -> Option<EvalError> {
        let turn = self.came.entry(pc).or_default();
        *turn += 1;
        let one = self.one.filter(|(at, nth, _)| (*at, *nth) == (pc, *turn));
        let any = self.any.as_mut().and_then(|(random, often)| {
            random.once_in(*often).then(|| EvalError::ALL[random.below(EvalError::ALL.len())])
        });
        let class = one.map(|(.., class)| class).or(any);
        self.faults += u64::from(class.is_some());
        class
    }
}

/// What was decided, and how many failures it tells of.
type Told = (Option<Effect>, Option<String>, usize);

fn decided(program: &Program, (context, moment): Input<'_>, faulty: &mut Faulty) -> Told {
    let mut scratch = Scratch::for_program(program);
    // What a session has answered lies in the context of its decisions.
    let mut filled = ingest_answered(program, context, &mut scratch);
    let mut decision = filled.decide_observed(moment, faulty);
    // The reason of the winner is made when it is asked for, and decides nothing any more.
    let _ = decision.reason_observed(faulty);
    (decision.effect(), decision.rule().map(str::to_owned), decision.failures().len())
}

/// What is decided about.
type Input<'a> = (&'a [u8], &'a Moment<'a>);

/// What came of all faults.
#[derive(Debug, Default)]
struct Tally {
    faults: u64,
    /// Permissions that became something else.
    closed: u64,
    /// Decisions that stayed.
    same: u64,
}

impl Tally {
    /// Looks at a decision with faults beside the one without.
    fn take(&mut self, plain: &Told, faulty: &Told, place: &str) {
        let allows = |told: &Told| told.0 == Some(Effect::Allow);
        assert!(allows(plain) || !allows(faulty), "{place}: {plain:?} became {faulty:?}");
        self.faults += 1;
        if (&plain.0, &plain.1) == (&faulty.0, &faulty.1) {
            self.same += 1;
        } else {
            assert!(faulty.2 > 0, "{place}: {plain:?} became {faulty:?} and nobody says why");
            self.closed += u64::from(allows(plain) && !allows(faulty));
        }
    }

    /// Decides with a fault at each instruction that can fail and is reached, then with many; those
    /// that are.
    fn all(&mut self, program: &Program, input: Input<'_>, name: &str) -> Vec<u32> {
        let mut reached = Faulty::default();
        let plain = decided(program, input, &mut reached);
        assert_eq!(reached.faults, 0);
        for (pc, turns) in &reached.came {
            for turn in 1..=(*turns).min(TURNS) {
                let class = EvalError::ALL[(*pc + turn) as usize % EvalError::ALL.len()];
                let mut faulty = Faulty { one: Some((*pc, turn, class)), ..Faulty::default() };
                let told = decided(program, input, &mut faulty);
                assert_eq!(faulty.faults, 1, "{name}, instruction {pc}: it is reached again");
                self.take(&plain, &told, &format!("{name}, instruction {pc}, turn {turn}"));
            }
        }
        for seed in 0..4 {
            let any = Some((Random::new(seed), 2 + 6 * seed as usize));
            let mut faulty = Faulty { any, ..Faulty::default() };
            let told = decided(program, input, &mut faulty);
            if faulty.faults > 0 {
                self.take(&plain, &told, &format!("{name}, faults by seed {seed}"));
            }
        }
        reached.came.into_keys().collect()
    }
}

/// Every context of the tests of every example.
#[test]
fn no_fault_in_an_example_opens_it() {
    let (mut tally, mut reached, mut all) = (Tally::default(), 0, 0);
    for folder in folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")) {
        if !folder.join("policyc.toml").exists() {
            continue;
        }
        let (mut project, mut sink) =
            project::read(std::slice::from_ref(&folder), references).remove(0);
        let compiled = compile(&project.files, &project.settings, &mut sink).expect("it compiles");
        let program = Program::load_unsigned_whole(&compiled.bundle).expect("our own bundle");
        let mut came = BTreeSet::new();
        for sample in cases::read(&mut project, &program, &mut sink).samples {
            let name = format!("{}, {}", folder.display(), sample.place);
            came.extend(tally.all(&program, (&sample.bytes, &sample.moment()), &name));
        }
        let can_fail = |ins: &&Instruction| ins.e != INFALLIBLE;
        all += program.module().code.iter().filter(can_fail).count();
        reached += came.len();
    }
    println!("{reached} of {all} instructions that can fail, {tally:?}");
    assert!(tally.faults > 1_000 && tally.closed > 200, "{tally:?}");
    assert!(5 * reached > 2 * all, "{reached} of {all} instructions that can fail");
}

#[test]
fn no_fault_in_a_random_policy_opens_it() {
    let rounds = std::env::var("FAULT_ROUNDS").map_or(40, |text| text.parse().expect("a number"));
    let (known, mut tally, mut programs) = (Vocabularies::new(), Tally::default(), 0);
    for seed in 0..rounds {
        let mut random = Random::new(seed);
        let Some(program) = try_program(&policy(&mut random, &known)) else { continue };
        programs += 1;
        for at in 0..6 {
            let context = context(&mut random).to_string();
            let place = format!("seed {seed}, context {at}");
            tally.all(&program, (context.as_bytes(), &NOW), &place);
        }
    }
    println!("{programs} policies, {tally:?}");
    assert!(programs * 2 > rounds && tally.closed > rounds, "{programs} policies, {tally:?}");
}

/// Whatever a decision of a session reads, an answer of the session included, may fail or be
/// missing: that opens nothing.
#[test]
fn no_fault_in_a_session_opens_it() {
    let (mut tally, mut missing, mut closed) = (Tally::default(), 0, 0);
    for (policy, events) in sessions() {
        let program = try_program(&policy).expect("it compiles");
        let ground = Ground::of(&program);
        let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
        for (seq, mut event) in (1..).zip(events) {
            (event["seq"], event["ts"]) = (json!(seq), json!("2026-11-19T14:03:20Z"));
            let outcome = session.line(event.to_string().as_bytes(), &mut work);
            if !matches!(outcome, Outcome::Decided(_)) {
                continue;
            }
            let plain = outcome.effect();
            drop(outcome);
            let context = work.context().to_owned();
            let moment = Moment::at(1_795_097_000, 0);
            tally.all(&program, (context.as_bytes(), &moment), &format!("event {seq}"));
            // A term that fails leaves its answer out.
            let whole: Json = serde_json::from_str(&context).expect("JSON");
            let words: Vec<String> =
                whole["@session"].as_object().expect("answers").keys().cloned().collect();
            for word in words {
                let mut less = whole.clone();
                less["@session"].as_object_mut().expect("answers").remove(&word);
                let text = less.to_string();
                let told = decided(&program, (text.as_bytes(), &moment), &mut Faulty::default());
                missing += 1;
                let opens = told.0 == Some(Effect::Allow) && plain != Some(Effect::Allow);
                assert!(!opens, "event {seq} without {word}");
                closed += u32::from(plain == Some(Effect::Allow) && told.0 != plain);
            }
        }
    }
    println!("{missing} answers left out, {closed} permissions closed, {tally:?}");
    assert!(missing > 40 && closed > 10 && tally.faults > 10 && tally.closed > 3, "{tally:?}");
}

/// Policies that ask all that a session answers, and events.
fn sessions() -> Vec<(String, Vec<Json>)> {
    let policy = r#"
policyc: 1
default: deny
labels: {integrity: {untrusted: [file], own: [record], input: [user]}, secrecy: {secret: [key]}}
tools:
  read: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
  keys: {effect: none, output: {"": {labels: [secret.key]}}}
  pay: {effect: egress, args: {to: string target, amount: double, note: string payload}}
rules:
  - {id: all, on: [read, keys, pay], allow: a call}
  - {id: large, on: [pay], when: args.amount > 100.0, escalate: {to: [user]}}
  - {id: odd, on: [pay], when: "kind(args.to) == 'none' || 'secret.key' in ctx", deny: odd}
flow:
  - id: target
    sink: {arg: target}
    forbid: "untrusted.*"
    unless: "from(arg) == 'prompt'"
    over: deny
meters:
  calls: {on: "*", window: session}
  sum: {on: pay, amount: decimal(args.amount), window: session}
limits:
  - {meter: calls, max: 6}
  - {meter: sum, max: 500}
plan:
  id: bill
  steps:
    read: {tool: read}
    pay: {tool: pay, after: [read], args: {amount: {le: 400.0}}}
  reads: {allow: [keys]}
  deviation: {effect: {escalate: {to: [user]}}}
"#;
    let call = |id: &str, tool: &str, args: Json| {
        let action = json!({"tool": tool, "args": args});
        json!({"ev": "request", "call": id, "action": action})
    };
    let pay = |id: &str, to: &str, amount: f64| {
        call(id, "pay", json!({"to": to, "amount": amount, "note": "x"}))
    };
    let events = vec![
        json!({"ev": "prompt", "principal": {"id": "a"}, "text": "pay bob"}),
        pay("1", "bob", 5.0),
        call("2", "read", json!({"path": "a"})),
        json!({"ev": "response", "call": "2", "out": "eve"}),
        pay("3", "bob", 5.0),
        pay("4", "eve", 5.0),
        pay("5", "bob", 300.0),
        pay("6", "bob", 450.0),
        call("7", "keys", json!({})),
        pay("8", "bob", 7.0),
        json!({"ev": "response", "call": "7", "out": "k-1"}),
        pay("9", "bob", 7.0),
        json!({"ev": "reset"}),
        pay("10", "bob", 8.0),
        pay("11", "bob", 9.0),
        pay("12", "bob", 9.0),
        pay("13", "bob", 9.0),
    ];
    vec![(policy.to_owned(), events)]
}
