//! What recording a decision costs, and what verifying a record does, by hand.
//!
//! `cargo bench --bench records` prints, for a bundle of eight rules and a record of about 870
//! bytes, nanoseconds a decision: the least of many runs, for times are noisy. `-- N` makes N
//! decisions a run.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::print_stdout,
    missing_docs,
    reason = "a benchmark asks the clock, and stops where it cannot go on"
)]

use std::hint::black_box;
use std::time::Instant;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::value::time;
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Chain, Loaded, Session};
use policyc::runtime::record::read::{Input, Record};
use policyc::runtime::record::seal::{Keeper, Sealed, TokenKey};
use policyc::runtime::record::write::Recorder;
use policyc::runtime::vm::canonical::Canonical;
use policyc::runtime::vm::observe::Witness;
use policyc::runtime::vm::request::marked::ingest_record;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;

const POLICY: &str = "\
policyc: 1
name: payments
default: allow
schema:
  principal: {id: string, role: string, team: string}
  action:
    tool: string
    server: string
    args: {amount: int, to: string, memo: string, currency: string}
  resource: {type: string, team: string}
  request: {approvers: {items: string, maxItems: 20}, env: string}
rules:
  - {id: transfer.two-person, when: 'action.args.amount > 10000 && request.approvers.size() < 2',
     deny: 'High-risk transfer of {action.args.amount}'}
  - {id: transfer.self, when: 'principal.id in request.approvers', deny: Own approval}
  - {id: transfer.team, when: resource.team != principal.team, deny: Another team}
  - {id: transfer.currency, when: '!(action.args.currency in [\"EUR\", \"USD\"])', deny: Currency}
  - {id: transfer.memo, when: action.args.memo.contains('ignore previous'), deny: Memo}
  - {id: transfer.prod, when: request.env == 'prod' && principal.role != 'ops', deny: Role}
  - {id: tools.known, when: '!action.tool.startsWith(\"bank.\")', deny: Unknown tool}
  - {id: approvers.named, when: 'request.approvers.exists(a, a == \"\")', deny: Nameless approver}
";

const CONTEXT: &str = r#"{"principal":{"id":"agent:billing-7","role":"ops","team":"payments"},
"action":{"tool":"bank.transfer","server":"mcp://bank","args":{"amount":25000,"to":"acct_395",
"memo":"invoice 2026-1193","currency":"EUR"}},"resource":{"type":"account","team":"payments"},
"request":{"approvers":["mona"],"env":"prod"}}"#;

/// What is withheld where it is asked how much that takes: each of these alone, and all of them.
const REDACT: [(&str, &str); 4] = [
    ("a seal", "  - {path: /action/args/memo, as: seal}\n"),
    ("a token", "  - {path: /action/args/to, as: token, key: accounts}\n"),
    ("a range", "  - {path: /action/args/amount, as: range, bounds: [0, 10000, 100000]}\n"),
    ("a drop", "  - {path: /request/approvers/*, as: drop}\n"),
];

/// Keeps nothing: what a host does with a value that is sealed is its own affair.
struct Fixed(TokenKey);

impl Keeper for Fixed {
    fn salt(&mut self) -> Option<[u8; 32]> {
        Some(black_box([7; 32]))
    }

    fn key(&self, _name: &str) -> Option<&TokenKey> {
        Some(&self.0)
    }

    fn keep(&mut self, sealed: &Sealed<'_>) {
        black_box(sealed);
    }
}

/// Runs of each kind.
const RUNS: usize = 25;

/// Nanoseconds a turn, the least of all runs.
fn least(turns: usize, mut turn: impl FnMut() -> usize) -> f64 {
    let mut least = f64::MAX;
    for _ in 0..RUNS {
        let start = Instant::now();
        for _ in 0..turns {
            black_box(turn());
        }
        let took = start.elapsed().as_secs_f64() * 1e9;
        #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
        let each = took / turns as f64;
        least = least.min(each);
    }
    least
}

fn load(policy: String) -> Program {
    let mut files = SourceMap::new();
    files.add("payments.yaml", policy);
    let built = compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles");
    Program::load_unsigned(&built.bundle).expect("it loads")
}

fn main() {
    let turns = std::env::args().find_map(|text| text.parse().ok()).unwrap_or(20_000);
    let program = load(POLICY.to_owned());
    let context = CONTEXT.replace('\n', "");
    let context = context.as_bytes();
    let (mut scratch, now) =
        (Scratch::for_program(&program), Moment::at(1_763_561_002, 481_907_112));
    let mut recorder = Recorder::for_program(&program, &Loaded::default());
    let about = About {
        session: Some(Session { id: "s-77af", step: 12, parent: None }),
        took_ns: Some(1_840),
        chain: Some(Chain { writer: "gw-3", number: 88_123 }),
        ..About::new(
            "01JD4ZK7Q8M2W9V6T3R5B0XCNE",
            time::Instant { seconds: 1_763_561_002, nanoseconds: 481_907_112 },
        )
    };
    let line = {
        let mut filled = ingest(&program, context, &mut scratch);
        recorder.decide(&mut filled, &now).line(&about).to_vec()
    };
    println!("a record of {} bytes, a context of {}", line.len(), context.len());

    let plain = least(turns, || {
        let mut filled = ingest(&program, context, &mut scratch);
        let mut decision = filled.decide(&now);
        decision.fired().len() + decision.reason().len()
    });
    let kept = least(turns, || {
        let mut filled = ingest(&program, context, &mut scratch);
        recorder.decide(&mut filled, &now).line(&about).len()
    });
    let read = least(turns, || {
        let record = Record::read(black_box(&line)).expect("a record");
        usize::from(matches!(record.input, Input::Context(..)))
    });
    let (mut canonical, mut witness) = (Canonical::of(&program), Witness::new(program.atoms()));
    let verified = least(turns, || {
        let record = Record::read(black_box(&line)).expect("a record");
        let Input::Context(context, _) = record.input else { return 0 };
        let mut filled = ingest_record(&program, context, &mut scratch).known().expect("all of it");
        witness.clear();
        let mut decision = filled.decide_witnessed(&now, &mut witness);
        let digest = canonical.digest(&mut decision);
        assert_eq!(Some(digest), record.outcome.and_then(|outcome| outcome.digest));
        witness.bits().len()
    });
    println!("read a context and decide    {plain:8.0} ns");
    println!("the same, recorded           {kept:8.0} ns");
    println!("what recording costs         {:8.0} ns", kept - plain);
    let all = REDACT.map(|(_, rule)| rule).concat();
    let mut keeper = Fixed(TokenKey::new(b"a key of thirty-two bytes or so "));
    for (name, rules) in REDACT.into_iter().chain([("all four", &*all)]) {
        let withholding = load(format!("{POLICY}redact:\n{rules}"));
        let mut scratch = Scratch::for_program(&withholding);
        let mut recorder = Recorder::for_program(&withholding, &Loaded::default());
        let sealed = least(turns, || {
            let mut filled = ingest(&withholding, context, &mut scratch);
            recorder.decide(&mut filled, &now).line_kept(&about, Some(&mut keeper)).len()
        });
        println!("  and withholding {name:8}   {:8.0} ns", sealed - plain);
    }
    println!("read a record                {read:8.0} ns");
    println!("verify a record              {verified:8.0} ns");
    println!("records verified in a second {:8.0}", 1e9 / verified);
}
