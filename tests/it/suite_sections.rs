//! Tests that stand in the document that they are about, under `tests`.

use crate::support::run::{Folder, ran};

const POLICY: &str = "policyc: 1
name: small
default: deny
schema: {amount: double}
rules:
  - {id: small, when: amount < 10.0, allow: \"a small amount\"}
";

/// A folder with the policy and what stands under its `tests`.
fn folder(name: &str, tests: &str) -> Folder {
    let folder = Folder::new(name);
    folder.add("policyc.toml", "[project]\n");
    folder.add("policy.yaml", format!("{POLICY}tests:\n{tests}"));
    folder
}

#[test]
fn cases_of_a_document_are_run_wherever_it_is_found() {
    let folder = folder(
        "sections-list",
        "  - {name: one, patch: {/amount: 1.0}, expect: {allow: small}}\n  - {name: ten, patch: \
         {/amount: 10.0}, expect: {deny: null}}\n",
    );
    for paths in ["", " .", " policy.yaml"] {
        ran(folder.path(), &format!("test{paths}")).expect(0, &["2 cases, 2 pass"]);
    }
    ran(folder.path(), "test --filter ten").expect(0, &["1 case, 1 pass"]);
    ran(folder.path(), "check").expect(0, &["no findings"]);
    ran(folder.path(), "check -v").expect(0, &["tests in policy.yaml"]);
    folder.add("other_test.yaml", "cases:\n  - {name: none, expect: {deny: null}}\n");
    ran(folder.path(), "test").expect(0, &["3 cases, 3 pass"]);
    ran(folder.path(), "test other_test.yaml").expect(0, &["1 case, 1 pass"]);
    ran(folder.path(), "test --mutants --threshold 1").expect(0, &[]);
}

#[test]
fn a_case_that_fails_is_shown_at_its_line() {
    let folder = folder(
        "sections-fails",
        "  - {name: ten, patch: {/amount: 10.0}, expect: {allow: small}}\n",
    );
    ran(folder.path(), "test").expect(1, &["policy.yaml:8", "1 case, 0 pass, 1 fail"]);
}

#[test]
fn a_mapping_holds_what_a_test_file_holds() {
    let folder = folder(
        "sections-mapping",
        "  base: {amount: 1.0}\n  cases:\n    - {name: one, expect: {allow: small}}\n    - name: \
         more\n      matrix: {/amount: [10.0, 11.0]}\n      expect: {deny: null}\n",
    );
    ran(folder.path(), "test").expect(0, &["3 cases, 3 pass"]);
}

#[test]
fn what_is_wrong_with_tests_is_told_in_the_document() {
    for (name, tests, words) in [
        ("key", "  - {nam: one, expect: {deny: null}}\n", "a case has no key `nam`"),
        ("policy", "  policy: other\n  cases: []\n", "no key `policy`"),
        ("kind", "  8\n", "the tests of a document must be a mapping"),
        ("cases", "  base: {}\n", "has no `cases`"),
    ] {
        let folder = folder(&format!("sections-{name}"), tests);
        ran(folder.path(), "test").expect(1, &[words, "policy.yaml:"]);
    }
}

#[test]
fn cases_are_about_their_own_document_alone() {
    let folder =
        folder("sections-own", "  - {name: two, patch: {/amount: 2.0}, expect: {allow: small}}\n");
    let other = POLICY.replace("name: small", "name: none").replace("< 10.0", "< 0.0");
    folder.add("other.yaml", other.replace("id: small", "id: never"));
    ran(folder.path(), "test").expect(0, &["1 case, 1 pass"]);
    // Another policy of that name elsewhere changes nothing.
    folder.add("below/policy.yaml", other.replace("name: none", "name: small"));
    ran(folder.path(), "test policy.yaml").expect(0, &["1 case, 1 pass"]);
}

#[test]
fn a_document_without_a_default_is_tested_with_those_beside_it() {
    let folder = Folder::new("sections-default");
    folder.add("policyc.toml", "[project]\n");
    let rest = "policyc: 1\nname: rest\nschema: {amount: double}\nrules:\n  - {id: big, when: \
                amount > 100.0, deny: \"too much\"}\n";
    let cases = "tests: [{name: big, patch: {/amount: 101.0}, expect: {deny: big}}]\n";
    folder.add("rest.yaml", format!("{rest}{cases}"));
    folder.add("policy.yaml", POLICY);
    ran(folder.path(), "test").expect(0, &["1 case, 1 pass"]);
}

#[test]
fn policies_of_one_name_are_tested_together() {
    let folder = Folder::new("sections-twice");
    folder.add("policyc.toml", "[project]\n");
    folder.add("a.yaml", POLICY);
    let other = POLICY.replace("id: small", "id: none").replace("default: deny\n", "");
    folder.add("b.yaml", other.replace("allow:", "deny:"));
    folder.add(
        "c_test.yaml",
        "policy: small\nbase: {amount: 1.0}\ncases: [{name: one, expect: {deny: none}}]\n",
    );
    ran(folder.path(), "test").expect(0, &["1 case, 1 pass"]);
}

#[test]
fn tests_that_ask_nothing_are_refused() {
    for (name, case, words) in [
        ("matrix", "{name: a, matrix: {/amount: []}, expect: {deny: null}}", "at least one value"),
        ("expect", "{name: a, patch: {/amount: 1.0}, expect: {}}", "what is expected"),
    ] {
        let folder = folder(&format!("sections-nothing-{name}"), &format!("  - {case}\n"));
        ran(folder.path(), "test").expect(1, &[words]);
    }
}

/// What holds back what fits a pattern holds back calls of tools that nobody declared, too.
#[test]
fn patterns_of_rules_that_hold_back_fit_every_tool() {
    let folder = Folder::new("sections-undeclared");
    folder.add("policyc.toml", "[project]\n");
    let head = "policyc: 1\nname: p\nschema: {who: string}\n\
                tools: {pay: {args: {n: int}}, pay_all: {args: {n: int}}}\n";
    let case = |tool: &str, who: &str, expect: &str| {
        format!(
            "  - {{name: {tool} {who}, patch: {{/action/tool: {tool}, /who: {who}}}, \
                 expect: {{{expect}}}}}\n"
        )
    };
    let base = "tests:\n  base: {action: {args: {n: 1}}}\n  cases:\n";
    let rules = "default: allow\nrules:\n  - {id: any, on: '*', when: who == 'eve', deny: stop}\n  \
                 - {id: some, on: [pay, 'pay_*'], when: who == 'bob', deny: stop}\n  \
                 - {id: ask, on: 'p*y', when: who == 'ann', escalate: {to: [user]}}\n";
    let cases = [
        case("pay", "eve", "deny: any"),
        case("other", "eve", "deny: any"),
        case("pay_zz", "bob", "deny: some"),
        case("pay", "bob", "deny: some"),
        case("other", "bob", "allow: null"),
        case("priory", "ann", "escalate: ask"),
        case("prior", "ann", "allow: null"),
    ];
    folder.add("p.yaml", format!("{head}{rules}{base}{}", cases.concat()));
    ran(folder.path(), "test").expect(0, &["7 cases, 7 pass"]);
    // Who allows speaks of what is declared.
    let rules = "default: deny\nrules:\n  - {id: any, on: '*', when: who == 'eve', allow: fine}\n";
    let cases = [case("pay", "eve", "allow: any"), case("other", "eve", "deny: null")];
    folder.add("p.yaml", format!("{head}{rules}{base}{}", cases.concat()));
    ran(folder.path(), "test").expect(0, &["2 cases, 2 pass"]);
}
