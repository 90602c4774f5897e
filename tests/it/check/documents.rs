//! Documents: defaults, messages, strict mode, the pages of codes.

use policyc::compiler::check::Options;
use policyc::lang::functions::kubernetes::NOT_BUILT;

use crate::check::{run, run_with};

#[test]
fn a_default_must_be_written() {
    let text = "policyc: 1\nname: tenant-data\nschema: {a: bool}\nrules:\n  \
        - {id: r, when: a, allow: x}\n";
    let checking = run(&[("p.yaml", text)]);
    assert_eq!(checking.places(), [("E0204", "tenant-data")]);
    let edit = &checking.found[0].fix.as_ref().expect("there is a fix").edits[0];
    assert_eq!(edit.text, "\ndefault: deny");
    let at = edit.span.start as usize;
    assert!(text[..at].ends_with("name: tenant-data") && text[at..].starts_with('\n'));
}

#[test]
fn defaults_agree() {
    let one = "policyc: 1\nname: a\nschema: {a: bool}\ndefault: deny\nrules:\n  \
        - {id: r, when: a, allow: x}\n";
    let two = "policyc: 1\nname: b\nschema: {a: bool}\ndefault: allow\nrules:\n  \
        - {id: r, when: a, deny: x}\n";
    let checking = run(&[("a.yaml", one), ("b.yaml", two)]);
    assert_eq!(checking.places(), [("E0211", "allow")]);
    let checking = run(&[("b.yaml", two)]);
    assert_eq!(checking.places(), [("W0516", "allow")]);
}

#[test]
fn conditions_and_messages() {
    let text = "policyc: 1\nname: p\ndefault: deny\nschema: {n: int, l: list<int>}\nrules:\n  \
                - {id: a, when: l.size(), deny: x}\n  \
                - {id: b, when: n > 1, deny: \"{n} and {l}\"}\n";
    let checking = run(&[("p.yaml", text)]);
    assert_eq!(checking.places(), [("E0301", "l.size()"), ("E0308", "l")]);
    assert_eq!(checking.found[0].help.as_deref(), Some("compare it, as in `l.size() < 2`"));
}

#[test]
fn strict_mode_demands_types() {
    let text = "policyc: 1\nname: p\ndefault: deny\nrules:\n  - {id: a, when: x.y, deny: x}\n";
    let checking = run_with(&[("p.yaml", text)], Options { strict: true, ..Options::default() });
    assert_eq!(checking.codes(), ["E0312"]);
    let text = "policyc: 1\nname: p\ndefault: deny\nschema: {n: int}\nrules:\n  \
                - {id: a, when: \"n in [1, 'a']\", deny: x}\n";
    let checking = run_with(&[("p.yaml", text)], Options { strict: true, ..Options::default() });
    assert_eq!(checking.places(), [("E0312", "'a'")]);
}

#[test]
fn functions_of_the_host_are_typed() {
    let text = "policyc: 1\nname: p\ndefault: deny\nschema: {s: string}\n\
        functions: {risk: {params: [string], result: int}}\nrules:\n  \
                - {id: a, when: risk(s) > 3, deny: x}\n  - {id: b, when: risk(1) > 3, deny: x}\n";
    let checking = run(&[("p.yaml", text)]);
    assert_eq!(checking.places(), [("E0305", "1")]);
    assert_eq!(checking.analysis.hosts.len(), 1);
}

#[test]
fn libraries_exist() {
    let text = "policyc: 1\nname: p\nextensions: [strings@4, set, lists@99]\n";
    let checking = run(&[("p.yaml", text)]);
    assert_eq!(checking.codes(), ["E0406", "E0406"]);
}

#[test]
fn libraries_of_kubernetes_must_be_asked_for() {
    let text = |extensions: &str, when: &str| {
        let when = format!("rules:\n  - {{id: a, when: \"{when}\", deny: x}}\n");
        format!("policyc: 1\nname: p\ndefault: deny\nextensions: [{extensions}]\n{when}")
    };
    let codes = |extensions: &str, when: &str| {
        let found = run(&[("p.yaml", &text(extensions, when))]).codes();
        found.into_iter().filter(|code| code.starts_with('E')).collect::<Vec<_>>()
    };
    let (quantity, semver) = ("isQuantity('1Gi')", "isSemver('1.0', true)");
    assert_eq!(codes("strings", quantity), ["E0401"]);
    assert_eq!(codes("kubernetes.quantity", quantity), [""; 0]);
    assert_eq!(codes("kubernetes.Semver", semver), [""; 0]);
    assert_eq!(codes("kubernetes.Semver@0", semver), ["E0305"]);
    assert_eq!(codes("kubernetes.Semver@2", "true"), ["E0406"]);
    assert_eq!(codes("kubernetes.net.ip, kubernetes.net.cidr", "isCIDR('::/0')"), [""; 0]);
    for (name, _) in NOT_BUILT {
        assert_eq!(codes(name, "true"), ["E0406"], "{name}");
    }
}
