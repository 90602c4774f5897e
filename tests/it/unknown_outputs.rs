//! Outputs of CEL policies about inputs that withhold values: a report is the one of the whole
//! input, and where there is none it is told what it hangs on.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::runtime::vm::partial::Partial;
use policyc::runtime::vm::partial::unknown::Unknowns;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use serde_json::json;

const NOW: Moment<'static> = Moment::at(1_773_785_730, 0);

const CONFIG: &str = "variables:\n  - {name: a, type: bool}\n  - {name: n, type: int}\n  \
                      - {name: k, type: int}\n  - {name: l, type: list, params: [{type: int}]}\n";

fn program(rule: &str) -> Program {
    let mut files = SourceMap::new();
    files.add("config.yaml", CONFIG);
    files.add("policy.yaml", format!("name: p\nrule:\n{rule}"));
    let mut sink = Sink::new();
    let built = compile(&files, &Options::default(), &mut sink);
    let built = built.unwrap_or_else(|| panic!("{rule}: {:?}", sink.finish().0));
    Program::load_unsigned(&built.bundle).expect("what is emitted verifies")
}

/// What is told where these are withheld: the output, what explains it, what failed; or `?` with
/// what it hangs on.
fn told(rule: &str, withheld: &[&str]) -> String {
    let program = program(rule);
    let known = json!({"a": true, "n": 5, "k": 0, "l": [1, 2, 3]});
    let mut sealed = known.clone();
    for key in withheld {
        sealed[*key] = json!({"$x": "seal"});
    }
    let mut scratch = Scratch::for_program(&program);
    let real = DecisionReport::of(
        &mut ingest(&program, known.to_string().as_bytes(), &mut scratch).decide(&NOW),
    );
    let mut scratch = Scratch::for_program(&program);
    let (decision, paths) =
        match ingest_record(&program, sealed.to_string().as_bytes(), &mut scratch) {
            Recorded::Partial(mut partial) => {
                let decision = partial.decide(&NOW, None);
                let rows = partial.unknowns().rows();
                let paths = decision.open.iter().map(|at| rows[*at].path.clone());
                (decision.clone(), paths.collect::<Vec<_>>())
            }
            Recorded::Known(filled) => {
                (Partial::of(filled, Unknowns::default()).decide(&NOW, None), Vec::new())
            }
        };
    let Some(report) = decision.report else { return format!("? {}", paths.join(" ")) };
    // Neither places of failures nor cost are covered by a digest: where cost is counted, a report
    // tells what it may come to.
    assert_eq!(report.digest, real.digest, "{rule} without {withheld:?}");
    assert_eq!(report.outputs, real.outputs, "{rule} without {withheld:?}");
    assert!(report.cost >= real.cost, "{rule} without {withheld:?}");
    let outputs = report.outputs.iter().map(|it| format!("{} {:?}", it.plain, it.explanations));
    let errors = report.errors.iter().map(|it| it.class.word().to_owned());
    outputs.chain(errors).collect::<Vec<_>>().join(", ")
}

/// A rule that chooses, explains and may fail; all are told of an input of which `k` is 0.
#[test]
fn outputs_and_what_explains_them() {
    let plain = "  match:\n    - {condition: a, output: \"'no'\", explanation: \
                 \"'n is ' + string(n)\"}\n    - {output: \"'yes'\"}\n";
    let fails = "  match:\n    - {output: n / k, explanation: \"'never'\"}\n";
    let falls = "  match:\n    - {output: k + 1, explanation: string(n / k)}\n";
    let either = "  match:\n    - {condition: a, output: n / k}\n    - {output: n % k}\n";
    let all = "  aggregate:\n    - {condition: a, output: '1', explanation: \"'one'\"}\n    \
               - {condition: n > 4, output: '2', explanation: \"'k is ' + string(k)\"}\n";
    for (rule, withheld, wanted) in [
        (plain, [].as_slice(), r#""no" ["n is 5"]"#),
        (plain, &["k"], r#""no" ["n is 5"]"#),
        (plain, &["n"], "? /n"),
        (plain, &["a"], "? /a"),
        (fails, &["a"], "DIVIDE_BY_ZERO"),
        (fails, &["n"], "? /n"),
        (fails, &["k"], "? /k"),
        (fails, &["n", "k"], "? /k /n"),
        (falls, &["a"], "1 [], DIVIDE_BY_ZERO"),
        (falls, &["n"], "? /n"),
        (falls, &["k"], "? /k"),
        (either, &["n"], "? /n"),
        (either, &["a"], "DIVIDE_BY_ZERO"),
        (all, &["l"], r#"[1,2] ["one", "k is 0"]"#),
        (all, &["k"], "? /k"),
        (all, &["n"], "? /n"),
        (all, &["a", "n"], "? /a /n"),
    ] {
        assert_eq!(told(rule, withheld), wanted, "{rule} without {withheld:?}");
    }
}

/// Where cost is counted, what may go on may also come to the end of its budget.
#[test]
fn loops_of_which_nobody_knows_how_long_they_are() {
    let turns = "  match:\n    - {output: \"l.map(x, l.map(y, l.map(z, x + y + z))).size()\"}\n";
    let asks = "  match:\n    - {condition: \"l.all(x, l.all(y, l.all(z, l.all(w, n > x + y))))\", \
                output: \"'all'\"}\n    - {output: \"'some'\"}\n";
    for (rule, withheld, wanted) in [
        (turns, [].as_slice(), "3 []"),
        (turns, &["n"], "3 []"),
        (turns, &["l"], "? /l"),
        (asks, &["a"], r#""some" []"#),
        (asks, &["n"], "? /n"),
        (asks, &["l"], "? /l"),
        (asks, &["n", "l"], "? /l /n"),
    ] {
        assert!(program(rule).module().manifest.metered, "{rule}");
        assert_eq!(told(rule, withheld), wanted, "{rule} without {withheld:?}");
    }
}
