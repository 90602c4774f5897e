//! Sensitive fields: no message and no output tells one, whichever way it comes there.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::codes::Code;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;

const SCHEMA: &str = "
$defs:
  secret: {type: string, x-sensitive: true}
  one: {properties: {name: {type: string}, pin: {type: string, x-sensitive: true}}}
properties:
  n: {type: integer}
  card:
    properties:
      holder: {type: string}
      number: {$ref: '#/$defs/secret'}
    required: [holder, number]
  keys: {type: array, maxItems: 9, items: {type: string, x-sensitive: true}}
  any:
    oneOf: [{type: string}, {properties: {pin: {type: string, x-sensitive: true}}}]
  people:
    type: array
    maxItems: 9
    items:
      properties: {name: {type: string}, ssn: {type: string, x-sensitive: true}}
      required: [name, ssn]
  teams:
    type: object
    additionalProperties:
      type: array
      maxItems: 9
      items:
        properties:
          lead: {properties: {name: {type: string}, pin: {type: string, x-sensitive: true}}}
          size: {type: integer}
        required: [lead, size]
  nested:
    type: array
    maxItems: 9
    items: {type: object, additionalProperties: {$ref: '#/$defs/one'}}
required: [n, card, keys, people, teams, nested]
";

fn findings(files: &[(&str, &str)]) -> (Vec<Diagnostic>, SourceMap) {
    let mut map = SourceMap::new();
    for (path, text) in files {
        map.add(*path, *text);
    }
    let mut sink = Sink::new();
    let compiled = compile(&map, &Options::default(), &mut sink);
    let made = compiled.is_some();
    assert_eq!(made, !sink.has_errors(), "an error, and nothing else, makes no bundle");
    if let Some(compiled) = compiled
        && let Err(error) = Program::load_unsigned(&compiled.bundle)
    {
        panic!("what the compiler lets through is proved: {error:?} {files:?}");
    }
    let aside = [Code::NoSchema, Code::SchemaGap, Code::Unenforced, Code::MissingRuleId];
    let found = sink.finish().0.into_iter().filter(|it| !aside.contains(&it.code));
    (found.collect(), map)
}

/// The bytes of each place where a message is refused, and of the field in the schema.
fn told(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let (found, map) = findings(files);
    let place = |it: &Diagnostic| {
        assert_eq!(it.code, Code::SensitiveQuoted, "{it:#?}");
        let declared = it.secondary.first().map(|label| map.text(label.span).to_owned());
        (map.text(it.span().unwrap()).to_owned(), declared.unwrap_or_default())
    };
    found.iter().map(place).collect()
}

/// A document with one rule whose message has this part.
fn message(part: &str) -> Vec<(String, String)> {
    let text = format!(
        "policyc: 1\nname: p\ndefault: deny\nschema: s.yaml\nvariables:\n  \
         - shown: card.number.substring(2)\n  - owner: card.holder\n  - all: people\n  \
         - named: people.filter(p, p.name == owner)\n\
         rules:\n  - id: r\n    when: card.number.startsWith(\"4\")\n    deny: 'no {{{part}}}'\n"
    );
    told(&[("p.yaml", &text), ("s.yaml", SCHEMA)])
}

#[track_caller]
fn refused(part: &str, at: &str, field: &str) {
    assert_eq!(message(part), [(at.to_owned(), field.to_owned())], "{part}");
}

#[test]
fn a_field_is_told_by_whatever_reads_it() {
    refused("card.number", "card.number", "number");
    refused("card.number.size()", "card.number", "number");
    refused("n > 1 ? card.number : owner", "card.number", "number");
    refused("card.number == \"4\"", "card.number", "number");
    refused("keys[0]", "keys", "keys");
    refused("keys.exists(k, k == \"a\")", "keys", "keys");
    refused("string(any)", "any", "any");
    refused("string(any.pin)", "any.pin", "any");
}

#[test]
fn a_field_is_told_through_variables_loops_and_objects() {
    refused("shown", "shown", "number");
    refused("owner + shown", "owner + shown", "number");
    refused("people.map(p, p.ssn)[0]", "p.ssn", "ssn");
    refused("people[0].ssn", "people[0].ssn", "ssn");
    refused("all.exists(p, p.ssn == owner)", "p.ssn", "ssn");
    refused("people[0] == people[1]", "people[0]", "ssn");
    refused(
        "people.filter(p, p.name == owner)[0].ssn",
        "people.filter(p, p.name == owner)[0].ssn",
        "ssn",
    );
    refused("named[0].ssn", "named[0].ssn", "ssn");
    refused("named == named", "named == named", "ssn");
    refused("teams[owner][0].lead.pin", "teams[owner][0].lead.pin", "pin");
    refused("people[?0].?name.orValue(owner)", "people[?0]", "ssn");
    refused("people.map(p, p).size()", "p", "ssn");
}

#[test]
fn a_field_that_is_not_named_is_told_too() {
    refused("card[owner]", "card", "number");
    refused("card.exists(k, v, v == owner)", "card", "number");
    refused("card.map(k, k)[0]", "card", "number");
    refused("people[0][owner]", "people[0]", "ssn");
    refused("people[0].transformList(k, v, v)[0]", "people[0]", "ssn");
    refused("dyn(people)[0].ssn", "dyn(people)[0]", "ssn");
    refused("dyn(people)[0].name", "dyn(people)[0]", "ssn");
    refused("dyn(people).exists(p, p.ssn == owner)", "p", "ssn");
    refused("dyn(people).filter(p, true)[0].ssn", "dyn(people).filter(p, true)", "ssn");
    refused("dyn(nested)[0].a.pin", "dyn(nested)[0]", "pin");
    refused("dyn(teams[owner][0]).lead.pin", "dyn(teams[owner][0]).lead", "pin");
    refused("dyn(all)[0].ssn", "dyn(all)[0]", "ssn");
}

#[test]
fn what_stands_beside_it_may_be_told() {
    for part in [
        "card.holder",
        "owner",
        "has(card.number)",
        "people.size()",
        "people.filter(p, p.name == owner).size()",
        "people[0].name",
        "people.map(p, p.name)[0]",
        "all.exists(p, p.name == owner)",
        "all[n].name",
        "people.exists(p, has(p.ssn) && p.name == owner)",
        "people[0].name + owner",
        "people.exists_one(p, p.name == owner)",
        "people.filter(p, p.name == owner)[0].name",
        "people.filter(p, p.name == owner).filter(p, has(p.ssn)).size() > 1",
        "people.filter(p, p.name == owner).filter(p, has(p.ssn))[0].name",
        "people.filter(p, p.name == owner).map(p, p.name)[0]",
        "named.size()",
        "named[0].name",
        "named.exists(p, p.name == owner) && all.exists(p, has(p.ssn))",
        "[named[0].name, all[0].name].map(it, it + owner)[0] + named[1].name",
        "has(people[0].ssn) ? people[0].name : named[0].name",
        "teams[owner][0].lead.name",
        "teams[owner].filter(t, t.size > 1)[0].lead.name",
        "nested[0].transformList(k, v, v.name)[0]",
        "people.transformMap(i, p, p.name)[0]",
        "people.filter(p, people.filter(q, q.name == p.name).size() > 1)[0].name",
        "people.map(p, people.filter(q, q.name == p.name)[0].name)[0]",
        "people.all(p, p.name == owner || has(p.ssn))",
        "named.map(p, p.name).join(owner)",
        "nested[0].a.name",
        "nested.exists(o, has(o.b) && o.b.name == owner)",
        "nested.filter(o, o.size() > 1)[0].a.name",
        "n",
    ] {
        assert_eq!(message(part), [], "{part}");
    }
}

#[test]
fn reasons_of_decisions_and_outputs_are_messages() {
    let reason = |reason: &str| {
        let text = format!("// @schema s.yaml\n// @id r\nn > 1 ? {reason} : allow()\n");
        told(&[("p.cel", &text), ("s.yaml", SCHEMA)])
    };
    let number = ("card.number".to_owned(), "number".to_owned());
    assert_eq!(reason("deny(\"no {card.number}\")"), std::slice::from_ref(&number));
    assert_eq!(reason("deny(\"no \" + card.number)"), std::slice::from_ref(&number));
    let escalate = "escalate(\"{card.number}\", {\"to\": [\"role:a\"]})";
    assert_eq!(reason(escalate), std::slice::from_ref(&number));
    assert_eq!(reason("deny(\"no {card.holder}\")"), []);
    // A document with an environment of its own speaks about the same context.
    let ours = "policyc: 1\nname: p\ndefault: deny\nschema: s.yaml\n\
                rules: [{id: r, when: n > 1, allow: fine}]\n";
    let other = |output: &str| {
        let policy = format!("name: q\nrule: {{match: [{{output: {output}}}]}}\n");
        let environment = "name: e\nvariables: [{name: card, type_name: dyn}]\n";
        let files = [("p.yaml", ours), ("q.celpolicy", &policy), ("config.yaml", environment)];
        told(&[files.as_slice(), &[("s.yaml", SCHEMA)]].concat())
    };
    assert_eq!(other("card.number"), [number]);
    assert_eq!(other("card"), [("card".to_owned(), "number".to_owned())]);
    assert_eq!(other("card.holder"), []);
}

#[test]
fn a_mark_that_is_neither_true_nor_false_is_refused() {
    let policy = "policyc: 1\nname: p\ndefault: deny\nschema: s.yaml\n\
                  rules: [{id: r, when: n == \"1\", allow: fine}]\n";
    let schema = "properties: {n: {type: string, x-sensitive: yes please}}\n";
    let (found, map) = findings(&[("p.yaml", policy), ("s.yaml", schema)]);
    let [one] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!((one.code, map.text(one.span().unwrap())), (Code::BadSchema, "yes please"));
}
