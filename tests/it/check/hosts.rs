//! Functions of the host that several documents declare.

use crate::check::run;
use crate::support::run::{Folder, ran};

/// Two documents, each with a declaration of `risk.of` and a rule that asks it.
fn documents(one: &str, other: &str) -> [(&'static str, String); 2] {
    let document = |schema: &str, function: &str, rule: &str| {
        format!("policyc: 1\nschema: {schema}\nfunctions: {{risk.of: {function}}}\nrules:\n{rule}")
    };
    let high = "  - {id: high, when: risk.of(who) > 3, deny: a}\ndefault: allow\n";
    let bad = "  - {id: bad, when: risk.of(what) == risk.of(what), deny: b}\n";
    [
        ("a.yaml", document("{who: string}", one, high)),
        ("b.yaml", document("{what: string}", other, bad)),
    ]
}

#[test]
fn one_call_gives_one_result() {
    for (one, other, found) in [
        ("{params: [string], result: int}", "{params: [string], result: int}", ""),
        ("{params: [string], result: int}", "{params: [string], result: double}", "a double here"),
        (
            "{params: [string], result: int}",
            "{params: [string], result: int, timeout: 1s}",
            "waited for in another way",
        ),
        ("{params: [string], result: int}", "{params: [string], result: int, mode: sync}", ""),
    ] {
        let files = documents(one, other);
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
        let checking = run(&files);
        let errors: Vec<_> =
            checking.found.iter().filter(|it| it.code.id().starts_with('E')).collect();
        if found.is_empty() {
            assert!(errors.is_empty(), "{errors:#?}");
        } else {
            let [error] = errors.as_slice() else { panic!("{errors:#?}") };
            assert_eq!(error.code.id(), "E0211");
            assert!(format!("{error:?}").contains(found), "{error:#?}");
        }
    }
}

#[test]
fn calls_of_one_name_go_by_the_types_of_their_own_document() {
    let folder = Folder::new("hosts-two-documents");
    folder.add("policyc.toml", "[project]\n");
    folder.add(
        "a.yaml",
        "policyc: 1\nname: a\ndefault: deny\nschema: {who: string}\n\
         functions: {risk.of: {params: [string], result: int}}\n\
         rules: [{id: low, when: risk.of(who) < 3, allow: a}]\n",
    );
    folder.add(
        "b.yaml",
        "policyc: 1\nname: b\nschema: {level: int}\n\
         functions: {risk.of: {params: [int], result: string}}\n\
         rules: [{id: high, when: 'risk.of(level) == \"high\"', deny: b}]\n",
    );
    folder.add(
        "ab_test.yaml",
        "policy: [a, b]\nbase: {who: bob, level: 7}\n\
         functions: [{name: risk.of, args: [bob], result: 1}]\ncases:\n\
         \x20 - {name: one, functions: [{name: risk.of, args: [7], result: low}], \
         expect: {allow: low, errors: []}}\n\
         \x20 - {name: other, functions: [{name: risk.of, args: [7], result: high}], \
         expect: {deny: high, errors: []}}\n",
    );
    ran(folder.path(), "test").expect(0, &["2 cases, 2 pass"]);
}
