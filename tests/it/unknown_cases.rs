//! What conditions come to where values are unknown, case by case: what is definite, and what must
//! not be taken for it.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::runtime::vm::observe::Witness;
use policyc::runtime::vm::partial::Partial;
use policyc::runtime::vm::partial::decision::PartialDecision;
use policyc::runtime::vm::partial::unknown::Unknowns;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;

const NOW: Moment<'static> = Moment::at(1_773_785_730, 0);

const SCHEMA: &str = "\
schema:
  u: int
  v: int
  k: int
  s: string
  b: bool
  d: dyn
  l: {items: int, maxItems: 40}
  o: optional int
  r: {x: int, y: optional int}
  rows: {items: {n: int, s: string}, maxItems: 8}
";

fn program(rules: &str) -> Program {
    let mut files = SourceMap::new();
    files.add(
        "case.yaml",
        format!("policyc: 1\nname: case\ndefault: deny\n{SCHEMA}rules:\n{rules}"),
    );
    let mut sink = Sink::new();
    let built = compile(&files, &Options::default(), &mut sink);
    let built = built.unwrap_or_else(|| panic!("{rules}: {:?}", sink.finish().0));
    Program::load_unsigned(&built.bundle).expect("what is emitted verifies")
}

fn condition(when: &str) -> Program {
    program(&format!("  - id: it\n    when: {when:?}\n    allow: ok\n"))
}

fn told(program: &Program, context: &str, facts: Option<&Witness>) -> PartialDecision {
    let mut scratch = Scratch::for_program(program);
    match ingest_record(program, context.as_bytes(), &mut scratch) {
        Recorded::Partial(mut partial) => partial.decide(&NOW, facts),
        Recorded::Known(filled) => Partial::of(filled, Unknowns::default()).decide(&NOW, facts),
    }
}

/// What a condition comes to: `true`, `false`, the class of an error, or `?`.
fn comes_to(when: &str, context: &str) -> String {
    let decision = told(&condition(when), context, None);
    assert!(!decision.refused, "{when} on {context}");
    let [rule] = decision.rules.as_slice() else { panic!("{when}: one rule is asked") };
    if !rule.is_definite() {
        return "?".to_owned();
    }
    match rule.fails.first() {
        Some(class) => class.word().to_owned(),
        None => (!rule.silent).to_string(),
    }
}

/// All of it but what the cases withhold.
fn context(withheld: &[(&str, &str)]) -> String {
    let known = [
        ("u", "5"),
        ("v", "6"),
        ("k", "7"),
        ("s", "\"text\""),
        ("b", "true"),
        ("d", "1"),
        ("l", "[1,2,3]"),
        ("r", "{\"x\":1}"),
        ("rows", "[{\"n\":1,\"s\":\"a\"}]"),
    ];
    let members: Vec<String> = known
        .iter()
        .chain(withheld.iter().filter(|(key, _)| known.iter().all(|(other, _)| other != key)))
        .map(|(key, value)| {
            let own = withheld.iter().find(|(other, _)| other == key);
            format!("\"{key}\":{}", own.map_or(*value, |(_, value)| value))
        })
        .collect();
    format!("{{{}}}", members.join(","))
}

const SEAL: &str = r#"{"$x":"seal"}"#;
const HIDE: &str = r#"{"$x":"hide"}"#;

fn all(cases: &[(&str, &str)], withheld: &[(&str, &str)]) {
    let context = context(withheld);
    for (when, wanted) in cases {
        assert_eq!(comes_to(when, &context), *wanted, "{when} on {context}");
    }
}

#[test]
fn a_deciding_value_beats_an_unknown_and_an_unknown_beats_an_error() {
    let cases = [
        ("u == 1 || k == 7", "true"),
        ("k == 7 || u == 1", "true"),
        ("u == 1 && k != 7", "false"),
        ("k != 7 && u == 1", "false"),
        ("u == 1 || k != 7", "?"),
        ("u == 1 || 1 / (k - 7) == 1", "?"),
        ("1 / (k - 7) == 1 && u == 1", "?"),
        ("1 / (k - 7) == 1 || k == 8", "DIVIDE_BY_ZERO"),
        ("!(u == 1)", "?"),
        ("(u == 1 ? k : k) == 7", "true"),
        ("(u == 1 ? 1 : 3) > 0", "true"),
        ("(u == 1 ? 1 : 3) > 2", "?"),
        ("(b ? k : u) == 7", "true"),
        ("(b ? u : k) == 7", "?"),
        ("u + 1 == 6", "?"),
        ("u == u", "true"),
    ];
    all(&cases, &[("u", SEAL)]);
}

/// An operator that dropped an operand it does not know would answer.
#[test]
fn equality_with_an_unknown_is_unknown() {
    let cases = [
        ("k != 7 || u == 5", "?"),
        ("k != 7 || u != 5", "?"),
        ("u == 5", "?"),
        ("5 == u", "?"),
        ("u != 5", "?"),
        ("u == v", "?"),
        ("s == 'text'", "?"),
        ("'text' != s", "?"),
        ("d == 'text'", "?"),
        ("d == null", "?"),
        ("[u] == [5]", "?"),
        ("[u, 1] == [5]", "false"),
        ("{'x': u} == {'x': 5}", "?"),
        ("{'x': u} == {'y': 5}", "false"),
        ("u in [1, 5]", "?"),
        ("5 in [1, u]", "?"),
        ("1 in [1, u]", "true"),
        ("s in ['a', 'b']", "?"),
        ("u == 5.5 && k != 7", "false"),
    ];
    all(&cases, &[("u", SEAL), ("v", SEAL), ("s", SEAL), ("d", SEAL)]);
    // What kind of value it is tells of others.
    let cases = [("d == 1", "false"), ("d == null", "false"), ("d == 'x'", "?")];
    all(&cases, &[("d", r#"{"$x":"seal","t":"string"}"#)]);
}

/// What is withheld is there, and what is hidden perhaps; neither is absent.
#[test]
fn presence_of_unknowns() {
    let presence = [("has(r.y)", "true"), ("has(r.x)", "true")];
    all(&presence, &[("r", r#"{"x":1,"y":{"$x":"seal"}}"#)]);
    all(
        &[("has(r.y)", "?"), ("has(r.y) || k == 7", "true")],
        &[("r", r#"{"x":1,"y":{"$x":"hide"}}"#)],
    );
    all(&[("has(r.y)", "false")], &[("r", r#"{"x":1}"#)]);
    // Below what is withheld only what the schema requires is there.
    all(&[("has(r.y)", "?"), ("r.x == r.x", "?")], &[("r", SEAL)]);
}

#[test]
fn loops_over_unknowns() {
    let cases = [
        ("l.exists(i, i > k)", "?"),
        ("l.exists(i, i == i)", "?"),
        ("l.all(i, k == 7)", "true"),
        ("l.exists(i, k != 7)", "false"),
        ("size(l) >= 0", "true"),
        ("l.filter(i, i > 0).exists(i, k != 7)", "false"),
        ("rows.exists(r, r.n == 9)", "?"),
        ("rows.all(r, r.s != 'b' || k == 7)", "true"),
    ];
    all(&cases, &[("l", SEAL), ("rows", SEAL)]);
    let known = [
        // The list is known, what its elements are compared with is not.
        ("l.exists(i, i > u)", "?"),
        ("l.exists(i, i > u || i == 3)", "true"),
        ("l.all(i, i < 9 && u == u)", "true"),
        ("l.all(i, i < 9 && u == 1)", "?"),
        ("l.all(i, i < 2 && u == 1)", "false"),
        ("size(l.filter(i, i > u)) <= 3", "true"),
        ("size(l.filter(i, i > u)) == 4", "false"),
        ("size(l.filter(i, i > u)) == 3", "?"),
        ("l.map(i, i + u)[0] == 1", "?"),
        ("size(l.map(i, i + u)) == 3", "?"),
        ("l.exists_one(i, i == u)", "?"),
        ("l.exists_one(i, i == 2 && k == 7)", "true"),
    ];
    all(&known, &[("u", SEAL)]);
    let elements = [
        ("l.exists(i, i == 3)", "true"),
        ("l.exists(i, i == 4)", "?"),
        ("l.all(i, i < 3)", "false"),
        ("size(l) == 3", "true"),
        ("l[0] == 1", "true"),
        ("l[1] == 1", "?"),
        ("1 in l", "true"),
    ];
    all(&elements, &[("l", r#"[1,{"$x":"seal"},3]"#)]);
    let columns = [
        ("rows.exists(r, r.n == 1)", "true"),
        ("rows.exists(r, r.s == 'a')", "?"),
        ("rows.all(r, r.n == 2)", "false"),
    ];
    all(&columns, &[("rows", r#"[{"n":1,"s":{"$x":"seal"}}]"#)]);
}

#[test]
fn what_classes_tell() {
    let tokens = [("u == v", "true"), ("u != v", "false"), ("u == k", "?"), ("u in [v]", "true")];
    let token = |id: &str| format!(r#"{{"$x":"token","t":"int","k":"a","h":"{id}"}}"#);
    all(&tokens, &[("u", &token("1")), ("v", &token("1"))]);
    let others = [("u == v", "false"), ("u in [v]", "false"), ("u < v", "?")];
    all(&others, &[("u", &token("1")), ("v", &token("2"))]);
    let other_key = r#"{"$x":"token","t":"int","k":"b","h":"1"}"#;
    all(&[("u == v", "?")], &[("u", &token("1")), ("v", other_key)]);
    // Numbers of different kinds may be equal, and so may zeros.
    let double = |id: &str| format!(r#"{{"$x":"token","t":"double","k":"a","h":"{id}"}}"#);
    all(&[("d == u", "?")], &[("d", &double("1")), ("u", &token("2"))]);
    all(&[("d == d", "?")], &[("d", &double("1"))]);
    let shape = [
        ("size(s) > 3", "true"),
        ("size(s) == 5", "false"),
        ("s == '' || k != 7", "false"),
        ("s == 'four' || k != 7", "?"),
        ("s == 'three' || k != 7", "false"),
    ];
    all(&shape, &[("s", r#"{"$x":"shape","t":"string","n":4}"#)]);
    all(
        &[("s == '' || k != 7", "true"), ("!(s == '') || k != 7", "false")],
        &[("s", r#"{"$x":"shape","t":"string","n":0}"#)],
    );
    let list = [("size(l) == 2", "true"), ("l.exists(i, k == 7)", "true"), ("l == []", "false")];
    all(&list, &[("l", r#"{"$x":"shape","t":"list","n":2}"#)]);
    let range = [
        ("u >= 10", "true"),
        ("u < 20", "true"),
        ("u > 10", "?"),
        ("u == 20", "false"),
        ("u == 9", "false"),
        ("u == 15", "?"),
        ("u < 5", "false"),
        ("15 < u", "?"),
        ("20 > u", "true"),
        ("u in [1, 2]", "false"),
    ];
    all(&range, &[("u", r#"{"$x":"range","t":"int","lo":10,"hi":20}"#)]);
    all(&[("o == 1 || k == 7", "true")], &[("o", HIDE)]);
}

#[test]
fn rules_combine_whatever_the_others_say() {
    let rules = "  - {id: sure, when: k == 7, deny: no}\n  - {id: one, when: u == 1, allow: ok}\n  \
                 - {id: two, when: u == 2, escalate: {to: [role:x]}}\n";
    let decision = told(&program(rules), &context(&[("u", SEAL)]), None);
    assert_eq!(decision.effects, [Some(Effect::Deny)]);
    assert!(decision.blockers.is_empty() && decision.report.is_none());
    let rules = rules.replace("k == 7", "k == 8");
    let decision = told(&program(&rules), &context(&[("u", SEAL)]), None);
    let possible = [Some(Effect::Escalate), Some(Effect::Allow), Some(Effect::Deny)];
    assert_eq!(decision.effects, possible);
    assert_eq!(decision.blockers, [0]);
    // Who can only say what the winner says changes nothing.
    let rules = "  - {id: a, when: k == 7, allow: ok}\n  - {id: b, when: u == 1, allow: ok}\n";
    let decision = told(&program(rules), &context(&[("u", SEAL)]), None);
    assert_eq!((decision.effects, decision.blockers), (vec![Some(Effect::Allow)], Vec::new()));
}

/// What hangs on another unknown whether it is added still hangs on what it is.
#[test]
fn what_is_perhaps_built_hangs_on_what_it_is_built_of() {
    let withheld = context(&[("u", SEAL), ("d", SEAL)]);
    for when in [
        "[u, k].filter(x, d == 1).size() + u > 6",
        "sets.intersects([u, k].filter(x, d == 1), [7])",
        "sets.intersects(d == 1 ? [u] : [k], [7])",
        "v in [k].map(x, d == 1, u)",
        // Two keys may be one, which fails.
        "size({u: 1, d: 2}) == 2 || k == 8",
    ] {
        let decision = told(&condition(when), &withheld, None);
        assert_eq!(decision.blockers, [0, 1], "{when}");
    }
}

#[test]
fn facts_tell_what_atoms_came_to() {
    let program = condition("u > 4 && l.exists(i, i == v)");
    let full = context(&[]);
    let mut scratch = Scratch::for_program(&program);
    let mut witness = Witness::new(program.atoms());
    let mut filled = ingest(&program, full.as_bytes(), &mut scratch);
    assert_eq!(filled.decide_witnessed(&NOW, &mut witness).effect(), Some(Effect::Deny));
    let masked = context(&[("u", SEAL), ("v", SEAL)]);
    assert_eq!(told(&program, &masked, None).effects, [Some(Effect::Allow), Some(Effect::Deny)]);
    let by_facts = told(&program, &masked, Some(&witness));
    assert_eq!(by_facts.effects, [Some(Effect::Deny)]);
    assert!(by_facts.by_facts > 0 && by_facts.digest().is_some());
}

#[test]
fn a_message_that_quotes_an_unknown_is_not_definite() {
    let rules = "  - {id: it, when: k == 7, deny: \"it is {u}\"}\n";
    let decision = told(&program(rules), &context(&[("u", SEAL)]), None);
    assert_eq!(decision.effects, [Some(Effect::Deny)]);
    assert!(decision.report.is_none() && decision.reason.is_none());
    assert_eq!((decision.blockers, decision.open), (Vec::new(), vec![0]));
}

#[test]
fn what_is_hidden_and_required_may_be_refused() {
    let program = condition("u == 1 || k == 7");
    let decision = told(&program, &context(&[("u", HIDE)]), None);
    assert!(decision.refused);
    assert_eq!(decision.effects, [Some(Effect::Deny), Some(Effect::Allow)]);
    assert_eq!(decision.blockers, [0]);
    // A kind that the place cannot have is refused for sure.
    let decision = told(&program, &context(&[("u", r#"{"$x":"seal","t":"string"}"#)]), None);
    assert_eq!((decision.effects.as_slice(), decision.refused), (&[Some(Effect::Deny)][..], true));
    assert!(decision.digest().is_some());
}

/// A row is there whatever of it is hidden, and a column that another row lacks fails as it does.
#[test]
fn columns_that_are_hidden_and_columns_that_are_missing() {
    let schema = "rows: {items: {q: optional bool, n: optional int}, maxItems: 8}";
    for (when, rows, fails) in [
        ("rows.exists(r, r.q)", r#"[{"q":false},{"q":{"$x":"hide"}},{}]"#, "NO_SUCH_KEY"),
        ("rows.exists(r, r.q)", r#"[{},{"q":{"$x":"hide"}}]"#, "NO_SUCH_KEY"),
        ("rows.exists(r, r.q)", r#"[{"q":{"$x":"hide","t":"bool"}},{}]"#, "NO_SUCH_KEY"),
        ("rows.exists(r, r.q && r.n > 0)", r#"[{"q":{"$x":"hide"}},{"n":1}]"#, "NO_SUCH_KEY"),
        (
            "rows.filter(r, r.n > 0).exists(r, r.q)",
            r#"[{"q":{"$x":"hide"},"n":1},{"n":1}]"#,
            "NO_SUCH_KEY",
        ),
    ] {
        let mut files = SourceMap::new();
        files.add(
            "case.yaml",
            format!(
                "policyc: 1\nname: case\ndefault: deny\nschema:\n  {schema}\nrules:\n  - {{id: \
                 it, when: {when:?}, allow: ok}}\n"
            ),
        );
        let mut sink = Sink::new();
        let built = compile(&files, &Options::default(), &mut sink).expect("it compiles");
        let program = Program::load_unsigned(&built.bundle).expect("what is emitted verifies");
        let told = told(&program, &format!("{{\"rows\":{rows}}}"), None);
        let classes = told.rules.iter().flat_map(|rule| &rule.fails);
        let classes: Vec<&str> = classes.map(|class| class.word()).collect();
        assert!(classes.contains(&fails), "{when} on {rows}: {classes:?}");
    }
}

/// What a local holds is no second atom that comes out the other way round: the witness of a
/// decision agrees with it.
#[test]
fn facts_about_what_is_bound_agree_with_the_decision() {
    for when in [
        "cel.bind(w, u != v, w) && d == 1",
        "cel.bind(w, u != v, cel.bind(x, w, x)) && d == 1",
        "cel.bind(w, s != 'other', w) && d == 1",
        "cel.bind(w, u == 5, w) && d == 1",
        "cel.bind(w, !(u == 6), w) && d == 1",
        "cel.bind(w, !(u != 5), w) && d == 1",
        "cel.bind(w, u < v, w) && d == 1",
        "cel.bind(w, u != v && s != 'other', w) && d == 1",
        "cel.bind(w, b ? u != v : s != 'text', w) && d == 1",
    ] {
        let program = condition(when);
        let mut scratch = Scratch::for_program(&program);
        let mut witness = Witness::new(program.atoms());
        let full = context(&[]);
        let mut filled = ingest(&program, full.as_bytes(), &mut scratch);
        let decided = filled.decide_witnessed(&NOW, &mut witness).effect();
        assert_eq!(decided, Some(Effect::Allow), "{when}");
        let masked = context(&[("d", SEAL)]);
        let Recorded::Partial(mut partial) =
            ingest_record(&program, masked.as_bytes(), &mut scratch)
        else {
            panic!("{when}: something is withheld")
        };
        let again = partial.decide_again(&NOW, &witness);
        assert_eq!(again.effects, [Some(Effect::Allow)], "{when}");
    }
}
