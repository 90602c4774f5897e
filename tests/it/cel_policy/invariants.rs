//! `verification`: invariants are read and typed, and decide nothing.

use policyc::compiler::check::analysis::Use;
use policyc::compiler::check::{Options, check};
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::document::read;
use policyc::diag::sink::Sink;

const CONFIG: &str = "variables:\n  - {name: port, type_name: int}\n";

const RULE: &str = "name: p\nrule:\n  variables:\n    - {name: v, expression: '1'}\n  match:\n    \
                    - {condition: port == 1, output: \"'DENY'\"}\n    - {output: \"'ALLOW'\"}\n";

fn sources(verification: &str) -> SourceMap {
    let mut files = SourceMap::new();
    files.add("config.yaml", CONFIG);
    files.add("policy.yaml", format!("{RULE}{verification}"));
    files
}

fn codes(verification: &str) -> Vec<&'static str> {
    let files = sources(verification);
    let mut sink = Sink::new();
    let mut parsed = read(&files, &mut sink);
    let _ = check(&files, &mut parsed, Options::default(), &mut sink);
    sink.finish().0.iter().map(|found| found.code.id()).collect()
}

fn invariant(lines: &str) -> String {
    format!("verification:\n  invariants:\n    - id: secure\n{lines}")
}

#[test]
fn an_invariant_reads_the_input_and_the_result() {
    let text = "      description: why\n      assume: [\"rule.result == 'ALLOW'\"]\n      \
                assert: [\"port != 1\", \"port >= 0 || true\"]\n";
    let files = sources(&invariant(text));
    let mut sink = Sink::new();
    let mut parsed = read(&files, &mut sink);
    let analysis = check(&files, &mut parsed, Options::default(), &mut sink);
    assert!(!sink.has_errors(), "{:#?}", sink.finish().0);
    let [found] = parsed.cel_policies[0].invariants.as_slice() else { panic!("one invariant") };
    assert_eq!((found.id.value.as_str(), found.description.as_deref()), ("secure", Some("why")));
    assert_eq!((found.assume.len(), found.assert.len()), (1, 2));
    let result = |(id, used): (_, &Use)| (*used == Use::Result).then_some(id);
    let mut results = analysis.uses.iter_ids().filter_map(result);
    let result = results.next().expect("`rule.result` is read");
    assert_eq!(analysis.types.show(analysis.expr_types[result]), "string");
}

#[test]
fn claims_are_typed() {
    let one = |expr: &str| invariant(&format!("      assert: [\"{expr}\"]\n"));
    for (claim, code) in [
        ("port", "E0301"),
        ("rule.result == 1", "E0303"),
        ("rule.reslt == 'ALLOW'", "E0402"),
        // Variables belong to the rule, not to what is claimed of it.
        ("variables.v == 1", "E0402"),
        ("port ==", "E0107"),
    ] {
        assert_eq!(codes(&one(claim)), [code], "{claim}");
    }
    // Only a claim knows the result.
    let rule = RULE.replace("port == 1", "rule.result == 'ALLOW'");
    let mut files = SourceMap::new();
    files.add("config.yaml", CONFIG);
    files.add("policy.yaml", rule);
    let mut sink = Sink::new();
    let mut parsed = read(&files, &mut sink);
    let _ = check(&files, &mut parsed, Options::default(), &mut sink);
    assert_eq!(sink.finish().0[0].code.id(), "E0402");
}

#[test]
fn an_invariant_has_its_keys() {
    for (text, code) in [
        ("verification: {invariant: []}\n".to_owned(), "E0202"),
        (invariant("      assume: ['true']\n"), "E0204"),
        (invariant("      assert: []\n"), "E0210"),
        (invariant("      assert: 'true'\n"), "E0205"),
        (invariant("      assert: [true]\n"), "E0205"),
        (invariant("      assert: ['true']\n      when: x\n"), "E0202"),
        (invariant("      assert: ['true']\n    - {id: secure, assert: ['true']}\n"), "E0201"),
        ("verification:\n  invariants:\n    - {assert: ['true']}\n".to_owned(), "E0204"),
    ] {
        assert_eq!(codes(&text), [code], "{text}");
    }
}
