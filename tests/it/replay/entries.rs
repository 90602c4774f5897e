//! Entries of outputs, as explanations tell them: which yielded, which were passed, which failed.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::inspect::description::DescribedProgram;
use policyc::tools::why::State::{Failed, Held, NotAsked, Silent, Won};
use policyc::tools::why::watch::Watcher;
use policyc::tools::why::{Origin, State, WatchedDecision, Why, slots, why};

const CONFIG: &str = "variables:\n  - {name: kind, type: string}\n  - {name: amount, type: int}\n";

/// A nested block under a condition, a division that may fail, and a value with a condition.
const TIER: &str = "name: tier
rule:
  variables:
    - {name: big, expression: amount > 100}
  match:
    - condition: kind == 'vip'
      rule:
        match:
          - {condition: variables.big, output: \"'gold'\"}
          - {condition: amount > 10, output: \"'silver'\"}
    - {condition: 10 / amount > 1, output: \"'small'\"}
    - output: \"amount == 50 ? 'fifty' : 'other'\"
";

/// Entries that do not end the rule, one of them with a block.
const TAGS: &str = "name: tags
rule:
  aggregate:
    - {condition: amount > 1, output: \"'some'\"}
    - {condition: amount > 10, output: \"'many'\"}
    - rule:
        match:
          - {condition: kind == 'vip', output: \"'vip'\"}
    - output: \"'all'\"
";

/// The condition of the second entry never holds.
const SHADOWED: &str = "name: shadowed
rule:
  match:
    - {condition: amount > 1, output: \"'more'\"}
    - {condition: 1 > 2, output: \"'never'\"}
    - output: \"'less'\"
";

fn told(policy: &str, context: &str) -> (DecisionReport, Why) {
    let mut files = SourceMap::new();
    files.add("config.yaml", CONFIG);
    files.add("policy.yaml", policy);
    let mut sink = Sink::new();
    let built = compile(&files, &Options::default(), &mut sink);
    let built = built.unwrap_or_else(|| panic!("{policy}: {:?}", sink.finish().0));
    let program = Program::load_unsigned_whole(&built.bundle).expect("what is emitted verifies");
    let mut scratch = Scratch::for_program(&program);
    let mut seen = Watcher::new(&program);
    let (report, slots) = {
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        let mut decision = filled.decide_observed(&Moment::at(0, 0), &mut seen);
        (DecisionReport::of(&mut decision), slots(&decision))
    };
    let watched =
        WatchedDecision { report: &report, seen: &mut seen, slots, origin: Origin::Given };
    let why = why(&DescribedProgram::of(&program), watched);
    (report, why)
}

fn states(why: &Why) -> Vec<State> {
    why.entries.iter().map(|entry| entry.state).collect()
}

#[test]
fn each_entry_tells_what_it_did() {
    let cases: &[(&str, &str, &[State], Option<&str>)] = &[
        (TIER, "vip 200", &[Held, Won, NotAsked, NotAsked, NotAsked], Some("\"gold\"")),
        (TIER, "vip 50", &[Held, Silent, Won, NotAsked, NotAsked], Some("\"silver\"")),
        // A nested rule under a condition commits.
        (TIER, "vip 5", &[Held, Silent, Silent, NotAsked, NotAsked], None),
        (TIER, "new 4", &[Silent, NotAsked, NotAsked, Won, NotAsked], Some("\"small\"")),
        (TIER, "new 50", &[Silent, NotAsked, NotAsked, Silent, Won], Some("\"fifty\"")),
        (TIER, "new 60", &[Silent, NotAsked, NotAsked, Silent, Won], Some("\"other\"")),
        (TIER, "new 0", &[Silent, NotAsked, NotAsked, Failed, NotAsked], None),
        (TAGS, "new 5", &[Won, Silent, Held, Silent, Won], Some(r#"["some","all"]"#)),
        (TAGS, "vip 50", &[Won, Won, Held, Won, Won], Some(r#"["some","many","vip","all"]"#)),
        (SHADOWED, "new 5", &[Won, NotAsked, NotAsked], Some("\"more\"")),
        (SHADOWED, "new 1", &[Silent, Silent, Won], Some("\"less\"")),
    ];
    for (policy, case, wanted, output) in cases {
        let (kind, amount) = case.split_once(' ').expect("two words");
        let context = format!("{{\"kind\":\"{kind}\",\"amount\":{amount}}}");
        let (report, why) = told(policy, &context);
        let given = report.outputs.first().map(|output| output.plain.as_str());
        assert_eq!(given, *output, "{case}");
        assert_eq!(states(&why), *wanted, "{case}");
    }
}

/// What explains an output may fail where the output does not.
#[test]
fn an_explanation_that_fails_takes_no_entry_away() {
    let policy = "name: why\nrule:\n  match:\n    - condition: amount > 1\n      \
                  output: \"'some'\"\n      explanation: \"string(10 / (amount - 5))\"\n    \
                  - output: \"'none'\"\n";
    let (report, why) = told(policy, r#"{"kind":"new","amount":5}"#);
    assert_eq!(report.outputs[0].plain, "\"some\"");
    assert_eq!(report.errors.len(), 1, "the explanation failed: {:?}", report.errors);
    assert_eq!(states(&why), [Won, NotAsked]);
}

#[test]
fn entries_have_their_numbers_their_atoms_and_what_they_yield() {
    let (_, why) = told(TIER, r#"{"kind":"new","amount":50}"#);
    let ids: Vec<&str> = why.entries.iter().map(|entry| entry.id.as_str()).collect();
    let numbers = ["1", "1.1", "1.2", "2", "3"].map(|number| format!("tier match {number}"));
    assert_eq!(ids, numbers);
    let atoms: Vec<Vec<String>> = why
        .entries
        .iter()
        .map(|entry| entry.atoms.iter().map(|atom| format!("{} {}", atom.line(), atom.outcome())))
        .map(Iterator::collect)
        .collect();
    let wanted = [
        vec!["kind == 'vip' false"],
        // What a variable asks stands where it is asked.
        vec!["amount > 100 not needed"],
        vec!["amount > 10 not needed"],
        vec!["10 / amount > 1 false"],
        vec!["amount == 50 true"],
    ];
    assert_eq!(atoms, wanted);
    let yields: Vec<Option<String>> = why.entries.iter().map(|entry| why.yields(entry)).collect();
    assert_eq!(yields[4].as_deref(), Some("amount == 50 ? 'fifty' : 'other'"));
    assert_eq!(yields[..4], [None, None, None, None]);
}

#[test]
fn nobody_is_asked_about_what_is_refused() {
    let (_, why) = told(TIER, r#"{"kind":1,"amount":50}"#);
    assert!(why.refused);
    assert!(states(&why).iter().all(|state| *state == NotAsked), "{:?}", states(&why));
}
