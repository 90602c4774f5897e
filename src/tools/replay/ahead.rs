//! Whether contexts that are read when their lines are come to the same as those that are gone
//! past first: the same records, the same decisions, the same lines refused at the same places.

use crate::compiler::source::map::SourceMap;
use crate::compiler::{Options, compile};
use crate::diag::sink::Sink;
use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::record::about::{About, Loaded};
use crate::runtime::record::read::Record;
use crate::runtime::record::write::Recorder;
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::replay::filter::{Filter, Limit};
use crate::tools::replay::redecide::ProgramRunners;
use crate::tools::replay::store::Store;
use crate::tools::replay::stream::Chunk;
use crate::tools::replay::verify::{Verified, Verifier};

const POLICY: &str = "policyc: 1
name: payments
default: deny
schema:
  action: {tool: string, args: {amount: int, memo: string}}
  approvers: {items: string, maxItems: 3}
rules:
  - {id: routine, when: action.args.amount <= 25000, allow: within the limit}
  - id: two-person
    when: action.args.amount > 10000 && size(approvers) < 2
    deny: \"{action.args.amount} needs two approvers\"
  - {id: secret, when: action.args.memo.contains('secret'), deny: a secret}
";

const CONTEXT: &str = concat!(
    r#"{"action":{"tool":"pay","args":{"amount":12000,"memo":"a\u00e9 é","n":[1,{"$a":null}]}},"#,
    r#""approvers":["ann"],"x":true}"#
);

fn program() -> Program {
    let mut files = SourceMap::new();
    files.add("payments.yaml", POLICY);
    let compiled = compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles");
    Program::load_unsigned_whole(&compiled.bundle).expect("it loads")
}

/// The record of a decision about a context.
fn record(program: &Program, context: &str) -> String {
    let mut scratch = Scratch::for_program(program);
    let mut filled = ingest(program, context.as_bytes(), &mut scratch);
    let mut recorder = Recorder::for_program(program, &Loaded::default());
    let mut recording = recorder.decide(&mut filled, &Moment::at(7, 0));
    let line = recording.line(&About::new("r", Instant { seconds: 7, nanoseconds: 0 }));
    String::from_utf8(line.to_vec()).expect("text")
}

/// What two verifiers say of a line between two plain records, one of which reads ahead. Only
/// where all records are asked for contexts are.
struct Pair<'s> {
    plain: &'s [u8],
    ahead: Verifier<'s>,
    behind: Verifier<'s>,
}

impl Pair<'_> {
    fn both(&mut self, line: &[u8]) -> Verified {
        let bytes = [self.plain, line, self.plain].join(&b'\n');
        let chunk = Chunk { source: 0, line: 1, bytes };
        let found = self.ahead.chunk(&chunk).0;
        let wanted = self.behind.chunk(&chunk).0;
        assert_eq!(found, wanted, "{}", line.escape_ascii());
        assert!(found.exact >= 2, "what is in front and behind is exact: {found:?}");
        found
    }
}

fn with_pair(program: Program, plain: &str, check: impl FnOnce(&mut Pair<'_>)) {
    let store = Store::default();
    store.add(program);
    let all = Filter::default();
    let most = Filter { limit: Some(Limit::of(u64::MAX)), ..Filter::default() };
    assert!(all.is_all() && !most.is_all());
    let (ahead, behind) = (Verifier::of(&store, &all), Verifier::of(&store, &most));
    check(&mut Pair { plain: plain.as_bytes(), ahead, behind });
}

#[test]
fn plain_contexts_are_read_ahead_and_no_others() {
    let program = program();
    let plain = r#"{"action":{"tool":"pay","args":{"amount":1,"memo":""}},"approvers":[]}"#;
    let line = record(&program, plain);
    let digest = program.digest();
    let store = Store::default();
    store.add(program);
    let mut seats = ProgramRunners::of(&store);
    let record = Record::read(line.as_bytes()).expect("a record");
    let bundle = record.bundle.expect("a bundle");
    let ahead = |seats: &mut ProgramRunners<'_>, context: &str| {
        seats.ahead(&bundle, format!("{context},\"now\":1}}").as_bytes())
    };
    assert_eq!(ahead(&mut seats, plain), None, "no record was decided before");
    let seat = seats.for_record(&record).expect("a seat");
    seat.decide(&record, None).expect("it decides");
    assert_eq!(ahead(&mut seats, plain), Some(plain.len()));
    for other in [
        plain.replace("\"pay\"", "{\"$x\":\"drop\",\"t\":\"string\"}"),
        plain.replace(":1,", ":\"1\","),
        plain.replace("\"tool\"", "\"approvers\":[],\"approvers\""),
        plain.replace("\"tool\"", "\"$tool\""),
        plain.replace(":[]", ":[}"),
    ] {
        assert_ne!(other, plain);
        assert_eq!(ahead(&mut seats, &other), None, "{other}");
    }
    let other = crate::runtime::record::read::Bundle { digest: Some([7; 32]), ..bundle };
    assert_ne!(digest, [7; 32]);
    assert_eq!(seats.ahead(&other, plain.as_bytes()), None);
}

#[test]
fn every_change_of_a_byte_comes_to_the_same() {
    let program = program();
    // A mark is no longer plain, so it lies in a line of its own.
    let base = record(&program, &CONTEXT.replace("\"$a\"", "\"a\""));
    let plain = base.clone();
    with_pair(program, &plain, |pair| {
        assert_eq!(pair.both(base.as_bytes()).exact, 3);
        let (mut refused, mut differ, mut obstructed) = (0, 0, 0);
        for at in 0..base.len() {
            for byte in *b"\"\\{}],:1 $\x00\xff" {
                let mut line = base.clone().into_bytes();
                line[at] = byte;
                let found = pair.both(&line);
                refused += found.unreadable;
                differ += found.mismatched;
                obstructed += found.obstructed();
            }
            let mut line = base.clone().into_bytes();
            line.remove(at);
            pair.both(&line);
            pair.both(&base.as_bytes()[..at]);
        }
        // All of it was tried: lines that are none, other decisions, and what cannot be replayed.
        assert!(refused > 1000 && differ > 20 && obstructed > 20, "{refused} {differ}");
    });
}

#[test]
fn lines_in_any_order_with_any_context_come_to_the_same() {
    let program = program();
    let plain = record(&program, &CONTEXT.replace("\"$a\"", "\"a\""));
    let memo = "\"memo\":\"a\\u00e9 é\"";
    let contexts = [
        CONTEXT.to_owned(),
        CONTEXT.replace(memo, "\"memo\":{\"$x\":\"drop\",\"t\":\"string\"}"),
        CONTEXT.replace("12000", "{\"$u\":7}"),
        CONTEXT.replace("12000", "12000.5"),
        CONTEXT.replace("12000", "1e400"),
        CONTEXT.replace("[\"ann\"]", "[\"a\",\"b\",\"c\",\"d\"]"),
        CONTEXT.replace("\"x\":true", "\"approvers\":[]"),
        CONTEXT.replace("\"x\":true", "\"x\":1,\"x\":2"),
        CONTEXT.replace("true", &format!("{}1{}", "[".repeat(70), "]".repeat(70))),
        CONTEXT.replace("true", "1],[{"),
        CONTEXT.replace(',', " ,\t").replace(':', " : "),
        "{}".to_owned(),
        "[]".to_owned(),
        "7".to_owned(),
    ];
    let fields = plain.split_once(",\"ctx\":").expect("a context");
    let (front, behind) = (fields.0, fields.1.split_once(",\"now\"").expect("a time").1);
    let (begin, bundle) = front.split_once(",\"bun\"").expect("a bundle");
    with_pair(program, &plain, |pair| {
        let mut exact = 0;
        for context in &contexts {
            for line in [
                format!("{front},\"ctx\":{context},\"now\"{behind}"),
                format!("{begin},\"ctx\":{context},\"bun\"{bundle},\"now\"{behind}"),
                format!("{begin},\"ctx\":{context},\"now\"{behind}"),
                format!("{front},\"ctx\":{context},\"ctx\":{context},\"now\"{behind}"),
                format!("{front},\"raw\":\"e30\",\"ctx\":{context},\"now\"{behind}"),
                format!("{front},\"ctx\":{context},\"bun\"{bundle},\"now\"{behind}"),
                format!("{front},\"ctx\":{context},\"now\"{}", behind.replace("sig", "gis")),
                format!("{front},\"ctx\":{context}}}"),
                format!("{front},\"ctx\":{context} , \"replayable\":false}}"),
            ] {
                exact += pair.both(line.as_bytes()).exact - 2;
            }
        }
        assert!(exact > 0);
    });
}
