//! What lints find, and what looks like it: marked by hand.
//!
//! `«..»` stands around the bytes of each finding of the code; everything else is no finding of it.
//! Findings of other codes are left aside.

use policyc::diag::codes::Code;

use super::{checked, project};

/// Checks `marked`, a document in which the findings of `code` are marked.
#[track_caller]
fn assert_found(code: Code, name: &str, marked: &str) {
    let mut wanted = Vec::new();
    let mut text = String::new();
    for (at, piece) in marked.split(['«', '»']).enumerate() {
        if at % 2 == 1 {
            wanted.push((text.len(), piece));
        }
        text.push_str(piece);
    }
    let files = project(name, &text);
    let found = checked(&files).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    let of_code = found.iter().filter(|it| it.code == code).filter_map(|it| it.span());
    let places: Vec<(usize, &str)> =
        of_code.map(|span| (span.start as usize, files.text(span))).collect();
    assert_eq!(places, wanted, "{}:\n{text}", code.id());
}

const TYPES: &str = "schema: {r: {k: string, n: int, d: double, b: bool, c: bool, \
    o: optional bool, t: list<string>, x: dyn, m: 'map<string, map<string, string>>'}, \
    at: timestamp, span: duration}\n";

/// Conditions with marks.
const CONDITIONS: &[(Code, &str)] = &[
    (Code::TimeWithoutZone, "at.«getHours»() > 3 || at.«getDayOfWeek»() == 0"),
    (Code::TimeWithoutZone, "at.getHours('UTC') > 3 || span.getHours() > 3 || r.b"),
    (Code::TimeWithoutZone, "at.getMinutes() > 3 || at.getSeconds() == 0"),
    (Code::RedundantParentheses, "«((r.b || r.c))» && r.b"),
    (Code::RedundantParentheses, "«(r.k)» == 'x' || size(«(r.t)») > 3"),
    (Code::RedundantParentheses, "(r.b && r.c) || (r.n == 1)"),
    (Code::RedundantParentheses, "(r.b || r.c) && -(r.n + 1) == 3 && !(r.n in [1, 2])"),
    (Code::BoolComparison, "«r.b == true» || «false != r.c» || «r.o == false»"),
    (Code::BoolComparison, "r.x == true || r.b == r.c || r.x.y != false"),
    (Code::SizeComparison, "«size(r.t) >= 1» && «r.k.size() < 1» || «0 != size(r.t)»"),
    (Code::SizeComparison, "size(r.t) > 0 && r.k.size() == 0 && 0 < size(r.t) && size(r.t) >= 2"),
    (Code::SizeComparison, "r.n >= 1 && size(r.t) > 1 && size(r.t) != 1"),
    (Code::PresenceChain, "r.b && «has(r.m.a) && has(r.m.a.b) && r.m.a.b == 'x'» && r.c"),
    (Code::PresenceChain, "has(r.m.a) && has(r.m.a.b) && r.m.a.b == r.k"),
    (Code::PresenceChain, "has(r.m.a) && r.m.a.b == 'x'"),
    // An input without `r.m` is refused.
    (Code::PresenceChain, "has(r.m) && has(r.m.a) && r.m.a == {}"),
    (Code::PresenceChain, "has(r.m.a) && has(r.m.b) && r.m.b == {}"),
    (Code::PresenceChain, "has(r.m.a) && has(r.m.a.b) && r.m.a.b != 'x'"),
    (Code::PresenceChain, "has(r.m.a) && has(r.m.a.b) && r.m.a.c == 'x'"),
    (Code::NegatedComparison, "«!(r.k == 'x')» || «!(r.n != 3)»"),
    (Code::NegatedComparison, "!(r.d < 3.0) || !(r.k in ['x', 'y']) || !(r.b && r.c)"),
    (Code::SingleMembership, "«r.k in ['x']» || «r.n in [r.n + 1]»"),
    (Code::SingleMembership, "r.k in ['x', 'y'] || r.k in r.t || r.k in {'x': 1} || r.x in [null]"),
    (Code::SingleMembership, "r.k in [?optional.of('x')]"),
    (Code::EqualityChain, "r.b || «r.k == 'x' || r.k == 'y' || r.k == 'z'» || r.n == 1"),
    (Code::EqualityChain, "«r.n != 1 && r.n != 2 && r.n != 3» && r.b"),
    (Code::EqualityChain, "r.k == 'x' || r.k == 'y'"),
    (Code::EqualityChain, "r.k != 'x' || r.k != 'y' || r.k != 'z'"),
    (Code::EqualityChain, "r.x == 'x' || r.x == 1 || r.x == 2 || r.k == 'x' || r.n == 1"),
    (Code::EqualityChain, "r.k == 'x' || r.b || r.k == 'y' || r.k == 'z'"),
    (Code::EqualityChain, "r.t[0] == 'x' || r.t[1] == 'y' || r.t[2] == 'z'"),
    (Code::BoolConditional, "(«r.n == 1 ? true : false») || («r.b ? false : true»)"),
    (Code::BoolConditional, "r.b ? true : r.c"),
    (Code::BoolConditional, "r.x ? true : false"),
];

#[test]
fn conditions() {
    for (code, when) in CONDITIONS {
        let head = format!("policyc: 1\ndefault: deny\n{TYPES}rules:\n");
        let marked = format!("{head}  - id: r\n    when: |-\n      {when}\n    deny: x\n");
        assert_found(*code, "p.yaml", &marked);
    }
}

#[test]
fn ids() {
    let document = |ids: &[&str]| {
        let rule = |id: &&str| format!("  - {{id: {id}, when: r.b, deny: x}}\n");
        let rules: String = ids.iter().map(rule).collect();
        format!("policyc: 1\ndefault: deny\n{TYPES}rules:\n{rules}")
    };
    for ids in [
        &["a-b", "c-d", "«e_f»", "g", "«hI»", "k8s.x-y"][..],
        &["a_b", "c_d", "«e-f»"],
        &["aB", "cD", "«E»", "fG"],
        &["a_b", "c-d"],
        &["one", "two"],
        &["«a-B_c»", "d-e", "f-g"],
    ] {
        assert_found(Code::IdNaming, "p.yaml", &document(ids));
    }
}

/// Nobody wrote the conditionals, and numbered the rules, of a document of Kubernetes.
#[test]
fn documents_of_kubernetes_are_read_as_they_are_written() {
    let marked = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: a_b-C}
spec:
  failurePolicy: Fail
  matchConditions:
    - {name: a, expression: 'object.a == 1'}
    - {name: b, expression: 'object.a == 2'}
    - {name: c, expression: 'object.a == 3'}
  validations:
    - expression: 'object.b == 1'
    - expression: '!(object.b == 1)'
";
    for code in [Code::BoolConditional, Code::IdNaming, Code::EqualityChain, Code::DoubleNegation] {
        assert_found(code, "p.yaml", marked);
    }
}
