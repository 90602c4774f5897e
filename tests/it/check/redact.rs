//! `redact`: where paths lead, which classes fit, what is withheld twice, and what a schema's marks
//! come to.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::tools::inspect::redactions;

use super::run;

const SCHEMA: &str = "{payment: {amount: int, memo: string, tags: list<string>, at: timestamp, \
                      sent: bytes, to: {name: string, map: 'map<string, double>'}}}";

fn places(entries: &[&str]) -> Vec<(String, String)> {
    let entries = entries.join("\n  - ");
    let text = format!(
        "policyc: 1\nname: p\ndefault: deny\nschema: {SCHEMA}\nredact:\n  - {entries}\nrules:\n  \
         - {{id: a, when: payment.amount > 1, deny: x}}\n"
    );
    let checking = run(&[("p.yaml", &text)]);
    checking.places().into_iter().map(|(code, at)| (code.to_owned(), at.to_owned())).collect()
}

#[test]
fn paths_lead_somewhere_and_classes_fit() {
    for entry in [
        "{path: /payment}",
        "{path: /payment/*, as: drop}",
        "{path: /payment/amount, as: range, bounds: [1, 2]}",
        "{path: /payment/amount, as: token, key: k, facts: none}",
        "{path: /payment/memo, as: shape}",
        "{path: /payment/tags, as: shape}",
        "{path: /payment/tags/*, as: token, key: k}",
        "{path: /payment/to/map/any key, as: range, bounds: [1, 2.5]}",
        "{path: /payment/to, as: hide}",
        "{path: /payment/at, as: seal}",
    ] {
        assert_eq!(places(&[entry]), [], "{entry}");
    }
    for (entry, code, at) in [
        ("{path: /pay, as: drop}", "E0411", "pay"),
        ("{path: /payment/mmo}", "E0411", "mmo"),
        ("{path: /payment/tags/0}", "E0411", "0"),
        ("{path: /payment/memo/x}", "E0411", "x"),
        ("{path: /payment/to/name/*}", "E0411", "*"),
        ("{path: /payment/memo, as: range, bounds: [1, 2]}", "E0412", "range"),
        ("{path: /payment/amount, as: shape}", "E0412", "shape"),
        ("{path: /payment/sent, as: shape}", "E0412", "shape"),
        ("{path: /payment/at, as: token, key: k}", "E0412", "token"),
        ("{path: /payment/to/map/x, as: token, key: k}", "E0412", "token"),
    ] {
        assert_eq!(places(&[entry]), [(code.to_owned(), at.to_owned())], "{entry}");
    }
}

#[test]
fn a_value_is_withheld_once() {
    let overlap = |at: &str| vec![("E0413".to_owned(), at.to_owned())];
    let (name, to) = ("{path: /payment/to/name}", "{path: /payment/to, as: drop}");
    assert_eq!(places(&[name, "{path: /payment/to/name, as: drop}"]), overlap("/payment/to/name"));
    assert_eq!(places(&[name, to]), overlap("/payment/to/name"), "whichever stands first");
    assert_eq!(places(&[to, name]), overlap("/payment/to/name"));
    assert_eq!(places(&["{path: /payment/*}", name]), overlap("/payment/to/name"));
    assert_eq!(places(&["{path: /payment/*}", to]), [], "one rule about all, and one about one");
}

fn withheld(files: &[(&str, &str)]) -> Vec<String> {
    let mut map = SourceMap::new();
    for (path, text) in files {
        map.add(*path, *text);
    }
    let mut sink = Sink::new();
    let compiled = compile(&map, &Options::default(), &mut sink);
    let Some(compiled) = compiled else {
        let found = sink.finish().0;
        return found.iter().map(|it| format!("{}: {}", it.code.id(), it.message)).collect();
    };
    let program = Program::load_unsigned(&compiled.bundle).expect("what is compiled is proved");
    redactions(program.module()).iter().map(|row| row.words()).collect()
}

#[test]
fn what_a_schema_marks_is_sealed_unless_something_else_is_said() {
    let schema = "
properties:
  n: {type: integer}
  card:
    properties:
      holder: {type: string}
      number: {type: string, x-sensitive: true}
  people:
    type: array
    maxItems: 9
    items: {properties: {name: {type: string}, ssn: {type: string, x-sensitive: true}}}
  by:
    type: object
    additionalProperties: {properties: {pin: {type: string, x-sensitive: true}}}
  whole: {type: object, x-sensitive: true, properties: {a: {type: string}}}
required: [n]
";
    let policy = |redact: &str| {
        format!(
            "policyc: 1\nname: p\ndefault: deny\nschema: s.yaml\n{redact}rules:\n  \
             - {{id: a, when: n > 1, deny: x}}\n"
        )
    };
    let of = |redact: &str| withheld(&[("p.yaml", &policy(redact)), ("s.yaml", schema)]);
    let (by, card) = ("seal /by/*/pin", "seal /card/number");
    let (people, whole) = ("seal /people/*/ssn", "seal /whole");
    assert_eq!(of(""), [by, card, people, whole], "whether rules read it or not");
    assert_eq!(
        of("redact: [{path: /card/number, as: shape}, {path: /by, as: drop, facts: none}]\n"),
        ["drop /by without facts", "shape /card/number", people, whole]
    );
    assert_eq!(
        of("redact: [{path: /people/*/*, as: drop}]\n"),
        [by, card, "drop /people/*/*", whole]
    );
    assert_eq!(
        of("redact: [{path: /whole/a, as: drop}]\n"),
        ["E0413: `/whole/a` lies in `/whole`, which the schema marks as sensitive"]
    );
}

#[test]
fn arguments_of_tools_are_looked_for_in_all_tools() {
    let of = |redact: &str| {
        let text = format!(
            "policyc: 1\nname: p\ndefault: deny\ntools:\n  one: {{args: {{a: int, b: string}}}}\n  \
             two: {{args: {{b: int}}}}\nredact: [{redact}]\nrules:\n  \
             - {{id: a, on: [one], when: args.a > 1, allow: x}}\n"
        );
        withheld(&[("p.yaml", &text)])
    };
    assert_eq!(of("{path: /args/a, as: drop}"), ["drop /action/args/a"]);
    assert_eq!(of("{path: /action/args/b, as: shape}"), ["shape /action/args/b"]);
    assert_eq!(of("{path: /args/c}"), ["E0411: nothing in the schema lies at `/args/c`"]);
    assert_eq!(of("{path: /principal/id}"), ["seal /principal/id"]);
    assert_eq!(of("{path: /princpal}"), ["E0411: nothing in the schema lies at `/princpal`"]);
}

#[test]
fn a_document_of_rules_about_records_alone_holds_for_the_others() {
    let rules = "policyc: 1\nname: p\ndefault: deny\nschema: {a: string, b: int}\nrules:\n  \
                 - {id: a, when: b > 1, allow: x}\n";
    let of = |redact: &str| {
        let about = format!("policyc: 1\nname: records\nredact: [{redact}]\n");
        withheld(&[("about.yaml", &about), ("p.yaml", rules)])
    };
    assert_eq!(of("{path: /a, as: drop}"), ["drop /a"]);
    assert_eq!(of("{path: /c, as: drop}"), ["E0411: nothing in the schema lies at `/c`"]);
    let plain = withheld(&[
        ("about.yaml", "policyc: 1\nname: records\nschema: {a: string}\nredact: [{path: /a}]\n"),
        ("rule.cel", "// @schema about.yaml\na == 'x' ? deny('no') : allow()\n"),
    ]);
    assert_eq!(plain, ["seal /a"]);
}

#[test]
fn messages_are_withheld_as_a_whole() {
    let proto = "syntax = \"proto3\";\npackage acme;\nmessage Mail { string body = 1; }\n";
    let whole = "policyc: 1\nname: p\ndefault: deny\nschema: m.proto#acme.Mail\n\
                 redact: [{path: /body}]\nrules:\n  - {id: a, when: body == 'x', allow: x}\n";
    let found = withheld(&[("m.proto", proto), ("p.yaml", whole)]);
    assert_eq!(found, ["E0411: `/body` leads into the message `acme.Mail`"]);
    let part = "policyc: 1\nname: p\ndefault: deny\nschema: {mail: acme.Mail}\n\
                redact: [{path: /mail/body}]\nrules:\n  \
                - {id: a, when: mail.body == 'x', allow: x}\n";
    let found = withheld(&[("m.proto", proto), ("p.yaml", part)]);
    assert_eq!(found, ["E0411: `/mail/body` leads into the message `acme.Mail`"]);
    let part = part.replace("/mail/body", "/mail");
    assert_eq!(withheld(&[("m.proto", proto), ("p.yaml", &part)]), ["seal /mail"]);
}

#[test]
fn many_documents_with_one_schema_withhold_what_one_does() {
    let schema = "properties:\n  n: {type: integer}\n  card: {type: string, x-sensitive: true}\n\
                  \u{20} zip: {type: string, x-sensitive: true}\nrequired: [n]\n";
    let files: Vec<(String, String)> = (0..1_100)
        .map(|at| {
            let text = format!(
                "policyc: 1\nname: p{at}\ndefault: deny\nschema: s.yaml\nrules:\n  \
                 - {{id: a{at}, when: n > {at}, deny: x}}\n"
            );
            (format!("p{at:04}.yaml"), text)
        })
        .chain([("s.yaml".to_owned(), schema.to_owned())])
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(withheld(&files), ["seal /card", "seal /zip"]);
}

#[test]
fn more_sensitive_places_than_a_bundle_holds_are_refused() {
    let fields: String =
        (0..1_030).map(|at| format!("  f{at}: {{type: string, x-sensitive: true}}\n")).collect();
    let schema = format!("properties:\n  n: {{type: integer}}\n{fields}required: [n]\n");
    let policy = "policyc: 1\nname: p\ndefault: deny\nschema: s.yaml\n\
                  redact: [{path: /f0, as: drop}, {path: '/*', as: drop}]\n\
                  rules:\n  - {id: a, when: n > 1, deny: x}\n";
    let told = withheld(&[("p.yaml", policy), ("s.yaml", &schema)]);
    assert!(told.iter().any(|it| it.starts_with("E0604")), "{told:?}");
}
