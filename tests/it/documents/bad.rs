//! Documents that are refused: the code, and the exact bytes between `«` and `»`.

use super::{marked, places, read_one};

/// Reads `text` and expects `codes` at the marks, in order of place, and nothing else.
fn expect(path: &str, codes: &[&str], text: &str) {
    let (plain, spans) = marked(text);
    let (_, found) = read_one(path, &plain);
    let wanted: Vec<(&str, u32, u32)> =
        codes.iter().zip(&spans).map(|(code, (start, end))| (*code, *start, *end)).collect();
    assert_eq!(codes.len(), spans.len(), "one mark for each code in\n{text}");
    let texts: Vec<&str> = found.iter().map(|it| it.message.as_str()).collect();
    assert_eq!(places(&found), wanted, "{texts:#?} in\n{plain}");
}

fn table(path: &str, cases: &[(&[&str], &str)]) {
    for (codes, text) in cases {
        expect(path, codes, text);
    }
}

#[test]
fn yaml() {
    table(
        "a.yaml",
        &[
            (&["E0201"], "policyc: 1\nname: a\n«name»: b\n"),
            (
                &["E0201"],
                "policyc: 1\nrules:\n  - id: a\n    when: x\n    «when»: y\n    deny: d\n",
            ),
            (&["E0201"], "policyc: 1\ntools: {é: {}, \"«é»\": {}}\n"),
            (&["E0203"], "policyc: 1\nrules:\n  - id: a\n«\t  »on: [q]\n"),
            (&["E0203"], "policyc: 1\nrules:\n«\t»- id: a\n"),
            (&["E0203"], "policyc: 1\nname: «\"»a\n"),
            (&["E0203"], "policyc: 1\r\nname: a\r\n  b«:» c\r\n"),
            (&["E0203"], "policyc: 1\nextensions: [a, b]«]»\n"),
            (&["E0206"], "policyc: 1\nname: «&x» a\n"),
            (&["E0206"], "policyc: 1\nname: «*x»\n"),
            (&["E0206"], "policyc: 1\nname: «!!str» a\n"),
            (&["E0206"], "policyc: 1\n«<<»: {name: a}\n"),
            (&["E0206"], "policyc: 1\n? «[a]»\n: b\n"),
            (&["E0206"], "policyc: 1\n«---»\npolicyc: 1\n"),
            (&["E0206"], "«%»YAML 1.1\n---\npolicyc: 1\n"),
            (&["E0208"], "«»"),
            (&["E0208"], "«»# nothing\n"),
            (&["W0514"], "policyc: 1\nname: «yes»\n"),
            (&["W0514"], "policyc: 1\nextensions: [«No»]\n"),
            (&["E0204"], "«rules»:\n  - {id: a, deny: x}\n"),
            (&["E0204"], "kind: ValidatingAdmissionPolicy\nspec: {«variables»: []}\n"),
        ],
    );
}

#[test]
fn yaml_read_this_before_cel_did() {
    let rule = "policyc: 1\nrules:\n  - id: a\n    deny: d\n    when: ";
    for line in [
        "«!»weekday || late",
        "«!»(a in b)",
        "«!»a",
        "«\"»a\" == b",
        "«'»a' in b",
        "«[»1, 2] == x",
        "«{»'a': 1} == x",
        "«{»'a': 1}",
        "«[»1]",
        "a ? b«:» c",
        "f(a«:» b)",
        "a == \"b «#»c\"",
    ] {
        expect("a.yaml", &["E0209"], &format!("{rule}{line}\n"));
    }
    table(
        "a.yaml",
        &[
            (&["E0209"], "policyc: 1\nvariables:\n  - a: b\n  - b: «!»c || d\n"),
            (&["E0209"], "policyc: 1\nrules:\n  - {id: a, when: «!»b || c, deny: d}\n"),
            (&["E0209"], "policyc: 1\nrules:\n  - {id: a, when: f(b«,» c, d), deny: d}\n"),
            (&["E0209"], "policyc: 1\nrules:\n  - {id: a, when: b«[»0] == 1, deny: d}\n"),
            (&["E0209"], "policyc: 1\nrules:\n  - {id: a, when: b ? c«:» d, deny: d}\n"),
            (&["E0209"], "policyc: 1\nrules:\n  - {id: a, deny: «{»b} is too much}\n"),
            (&["E0209"], "policyc: 1\nrules:\n  - id: a\n    deny: «{»b} is too much\n"),
            // A type in braces ends at its comma, and nothing else is said of it.
            (&["E0209"], "policyc: 1\nschema: {r: {m: map<string«,» int>, s: string}}\n"),
            (&["E0209"], "policyc: 1\nschema: {r: {m: map<string«,» map<int, int>>}}\n"),
            // Quotes that are right: it is the key that stands where none can.
            (&["E0203"], "policyc: 1\nrules:\n  - {id: a, when: b == \"x\" «deny»: \"y\"}\n"),
            (
                &["E0203"],
                "policyc: 1\nrules:\n  - id: a\n    when: b == \"x\"\n      «allow»: \"y\"\n",
            ),
        ],
    );
}

#[test]
fn a_key_beside_an_expression_in_quotes_is_indented_wrongly() {
    let head = "policyc: 1\nrules:\n  - id: a\n    ";
    for (line, below) in [
        ("when: \"x == 1\"", "     «deny»: d"),
        ("when: 'x == ''1'''", "     «deny»: d"),
        ("when: \"x == \\\"1\\\"\"", "      «deny»: \"d\""),
    ] {
        expect("a.yaml", &["E0203"], &format!("{head}{line}\n{below}\n"));
    }
    // Quotes of CEL, which YAML took, stay what they are.
    expect("a.yaml", &["E0209"], &format!("{head}when: «\"»x\" == y\n    deny: d\n"));
}

#[test]
fn what_a_key_opens_is_indented_more_than_the_key() {
    let fixed = |text: &str| {
        let (_, found) = read_one("a.yaml", text);
        assert_eq!(found[0].code.id(), "E0203");
        found[0].fix.as_ref().map(|fix| fix.edits[0].text.clone())
    };
    assert_eq!(fixed("policyc: 1\nrules:\n\t- id: a\n").as_deref(), Some("  "));
    let rule = "name: p\nrule:\n  match:\n";
    assert_eq!(fixed(&format!("{rule}\t- output: '1'\n")).as_deref(), Some("    "));
    let condition = format!("{rule}  - condition: a\n\toutput: '1'\n");
    assert_eq!(fixed(&condition).as_deref(), Some("    "));
}

#[test]
fn no_comment_swallows_the_next_line() {
    let rule = "policyc: 1\nrules:\n  - id: a\n    deny: d\n    when: ";
    for scalar in [
        ">-\n      i == 1 «// one»\n      && s == 'root'\n",
        ">\n      i == 1 «// one»  \n      && s == 'root'\n",
        ">-\r\n      i == 1 «// one»\r\n      && s == 'root'\r\n",
        ">-\n      «// one»\n      i == 1 && s == 'root'\n",
        "i == 1 «// one»\n      && s == 'root'\n",
        "\"i == 1 «// one»\n      && s == 'root'\"\n",
        "\"i == 1 «// one \\»\n      && s == 'root'\"\n",
        "'i == 1 «// one»\n      && s == ''root'''\n",
        "\"i == 1 // one\\n      && (true «// two»\n      || s == 'root')\"\n",
    ] {
        let head = if scalar.contains('\r') { rule.replace('\n', "\r\n") } else { rule.to_owned() };
        expect("a.yaml", &["E0209"], &format!("{head}{scalar}"));
    }
    for scalar in [
        "|-\n      i == 1 // one\n      && s == 'root'\n",
        ">-\n      i == 1\n      && s == 'root' // one\n",
        ">-\n      i == 1 // one\n\n      && s == 'root'\n",
        ">-\n      i == 1\n        // one\n      && s == 'root'\n",
        ">-\n      s == 'http://a'\n      && i == 1\n",
        "i == 1\n      && s == 'root' // one\n",
        "\"i == 1 // one\\n      && s == 'root'\"\n",
    ] {
        expect("a.yaml", &[], &format!("{rule}{scalar}"));
    }
    table(
        "a.yaml",
        &[
            (&["E0209"], "policyc: 1\nvariables:\n  - a: >-\n      b «// c»\n      && d\n"),
            (
                &["E0209"],
                "policyc: 1\nrules:\n  - id: a\n    deny: >-\n      of {b «// c»\n      + d} e\n",
            ),
            (
                &["E0209"],
                "kind: ValidatingAdmissionPolicy\nmetadata: {name: a}\nspec:\n  validations:\n    \
                 - expression: >-\n        b «// c»\n        && d\n",
            ),
        ],
    );
}

#[test]
fn a_folded_block_is_made_literal() {
    let head = "policyc: 1\nrules:\n  - id: a\n    deny: d\n    when: ";
    let (_, found) = read_one("a.yaml", &format!("{head}>-  # why\n      a // b\n      && c\n"));
    let edit = &found[0].fix.as_ref().expect("a fix").edits[0];
    let at = u32::try_from(head.len()).expect("cases are short");
    assert_eq!((edit.span.start, edit.span.end, edit.text.as_str()), (at, at + 1, "|"));
    for unclear in [">-  # a > b\n      a // b\n      && c\n", "a // b\n      && c\n"] {
        let (_, found) = read_one("a.yaml", &format!("{head}{unclear}"));
        let help = found[0].help.as_deref();
        assert_eq!(help, Some("put the expression below `|-`, where a line stays a line"));
    }
}

#[test]
fn fixes_quote_the_whole_expression() {
    let cases = [
        ("when: !a || b  # no", "\"!a || b\""),
        ("when: \"a\" == b", "'\"a\" == b'"),
        ("when: !f('a', \"b\")", "'!f(''a'', \"b\")'"),
        ("when: a == \"b #c\"", "'a == \"b #c\"'"),
        ("when: [1] == x", "\"[1] == x\""),
    ];
    for (line, wanted) in cases {
        let head = "policyc: 1\nrules:\n  - id: a\n    deny: d\n    ";
        let (_, found) = read_one("a.yaml", &format!("{head}{line}\n"));
        let fix = found[0].fix.as_ref().expect(line);
        assert_eq!(fix.edits[0].text, wanted);
        let span = fix.edits[0].span;
        let mut fixed = format!("{head}{line}\n");
        fixed.replace_range(span.start as usize..span.end as usize, wanted);
        let (_, found) = read_one("a.yaml", &fixed);
        assert!(found.is_empty(), "{found:?} in {fixed}");
    }
    let (_, found) =
        read_one("a.yaml", "policyc: 1\nrules:\n  - {id: a, when: f(b, c), deny: d}\n");
    assert_eq!(found[0].fix.as_ref().expect("a fix").edits[0].text, "\"f(b, c)\"");
    let (_, found) = read_one("a.yaml", "policyc: 1\nrules:\n  - id: a\n\t  on: [q]\n");
    assert_eq!(found[0].fix.as_ref().expect("a fix").edits[0].text, "    ");
}

#[test]
fn top_level() {
    table(
        "a.yaml",
        &[
            (&["E0202"], "policyc: 1\n«defualt»: deny\n"),
            (&["E0210"], "policyc: «2»\n"),
            (&["E0205"], "policyc: 1\nname: «[a]»\n"),
            (&["E0205"], "policyc: 1\nrules: «{a: b}»\n"),
            (&["E0205"], "policyc: 1\nschema: «[a]»\n"),
            (&["E0210"], "policyc: 1\ndefault: «block»\n"),
            (&["E0210"], "policyc: 1\non_error: «allow»\n"),
            (&["E0204"], "policyc: 1\ndefault: {escalate: {«quorum»: 1}}\n"),
            (&["E0202"], "policyc: 1\ndefault: {escalate: {to: [a], «reason»: b}}\n"),
            (&["E0210"], "policyc: 1\nextensions: [«strings@x»]\n"),
            (&["E0205"], "policyc: 1\nsanitizers: «[]»\n"),
            (&["E0210"], "policyc: 1\nsanitizers: {s: {tool: t, arg: a, removes: \"«*»\"}}\n"),
            (
                &["E0210"],
                "policyc: 1\nsanitizers: {s: {tool: t, arg: a, removes: a.b, adds: «own.c»}}\n",
            ),
            (
                &["E0210"],
                "policyc: 1\nsanitizers: {s: {tool: t, arg: a, removes: a.b, «max_bits»: 1}}\n",
            ),
            (
                &["E0210"],
                "policyc: 1\nsanitizers: {s: {kind: typed, tool: t, arg: a, removes: a.b, \
                    schema: {enum: [a, b, c]}, max_bits: «1»}}\n",
            ),
            (
                &["E0204"],
                "policyc: 1\ndeclassify: [{«id»: a, from: b.c, at: {tool: t, path: ''}, by: d}]\n",
            ),
            (&["E0210"], "policyc: 1\nlabels: {integrity: {«sanitizer»: [a]}}\n"),
            (&["E0205", "E0205"], "policyc: 1\nsanitizers: «[]»\ndeclassify: «{}»\n"),
            (&["E0204"], "policyc: 1\non_deny: {default: {«retries»: 1}}\n"),
            (&["E0210"], "policyc: 1\non_deny: {default: {respond: «shout»}}\n"),
            (&["E0204"], "policyc: 1\non_deny: {default: {«respond»: ask}}\n"),
            (&["E0210"], "policyc: 1\non_deny: {default: {respond: fail, «question»: why}}\n"),
            (
                &["E0210"],
                "policyc: 1\non_deny: {default: {respond: ask, question: a, retries: «0»}}\n",
            ),
            (
                &["E0210"],
                "policyc: 1\non_deny: {default: {respond: backtrack, to: a, else: «backtrack»}}\n",
            ),
            (
                &["E0204"],
                "policyc: 1\non_deny: {default: {respond: alternatives, offer: [{«keep»: [a]}]}}\n",
            ),
            (&["E0103"], "policyc: 1\nvariables:\n  - «namespace»: args.namespace\n"),
            (&["E0210"], "policyc: 1\nvariables:\n  - «a-b»: c\n"),
            (&["E0205"], "policyc: 1\nvariables:\n  - «{a: b, c: d}»\n"),
            (&["E0205"], "policyc: 1\nvariables:\n  - a:«»\n"),
            (&["E0210"], "policyc: 1\ndata: {«a b»: c.json}\n"),
        ],
    );
}

#[test]
fn agents() {
    table(
        "a.yaml",
        &[
            (&["E0205"], "policyc: 1\nlabels: «[a]»\n"),
            (&["E0205"], "policyc: 1\nlabels: {integrity: «[a]»}\n"),
            (&["E0210"], "policyc: 1\nlabels: {integrity: {untrusted: [«a b»]}}\n"),
            (&["E0205"], "policyc: 1\ncapabilities: «[a]»\n"),
            (&["E0202"], "policyc: 1\ncapabilities: {clerk: {«alow»: [a]}}\n"),
            (&["E0210"], "policyc: 1\ncapabilities: {default: «allow»}\n"),
            (&["E0205"], "policyc: 1\nflow: «{a: b}»\n"),
            (&["E0204"], "policyc: 1\nflow: [{«id»: a, forbid: b}]\n"),
            (&["E0204"], "policyc: 1\nflow: [{«id»: a, sink: {tool: b}}]\n"),
            (&["E0202"], "policyc: 1\nflow: [{id: a, sink: {«role»: b}, forbid: c}]\n"),
            (&["E0205"], "policyc: 1\nflow: [{id: a, sink: «{}», forbid: c}]\n"),
            (&["E0210"], "policyc: 1\nflow: [{id: a, sink: {arg: b}, forbid: «[]»}]\n"),
            (
                &["E0205"],
                "policyc: 1\nflow: [{id: a, sink: {tool: b}, forbid: c, closed_world: «true»}]\n",
            ),
            (&["E0210"], "policyc: 1\nflow: [{id: a, sink: {effect: «write»}, forbid: c}]\n"),
            (&["E0210"], "policyc: 1\nflow: [{id: a, sink: {tool: b}, forbid: c, over: «ask»}]\n"),
            (
                &["E0205"],
                "policyc: 1\nflow: [{id: a, sink: {tool: b}, forbid: c, trust_model: «1»}]\n",
            ),
            (
                &["E0205"],
                "policyc: 1\nflow: [{id: a, sink: {tool: b}, forbid: c, trust_model: «true»}]\n",
            ),
        ],
    );
}

#[test]
fn what_records_withhold() {
    table(
        "a.yaml",
        &[
            (&["E0205"], "policyc: 1\nredact: «{path: /a}»\n"),
            (&["E0204"], "policyc: 1\nredact: [{«as»: drop}]\n"),
            (&["E0202"], "policyc: 1\nredact: [{path: /a, «class»: drop}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: «a/b»}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: /a, as: «sela»}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: /a, facts: «some»}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: «a..b»}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: «a.b-c»}]\n"),
            (&["E0204"], "policyc: 1\nredact: [{«path»: /a, as: range}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: /a, as: drop, «key»: k}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: /a, as: shape, «bounds»: [1, 2]}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: /a, as: range, bounds: «[1]»}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: /a, as: range, bounds: «[2, 1]»}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: /a, as: range, bounds: «[1, 1.0]»}]\n"),
            (&["E0205"], "policyc: 1\nredact: [{path: /a, as: range, bounds: [1, «x»]}]\n"),
            (&["E0210"], "policyc: 1\nredact: [{path: «/a/*», as: hide}]\n"),
        ],
    );
}

#[test]
fn rules() {
    table(
        "a.yaml",
        &[
            (&["E0204"], "policyc: 1\nrules:\n  - id: «a»\n    when: x\n"),
            (&["E0211"], "policyc: 1\nrules:\n  - {id: a, deny: x, «allow»: y}\n"),
            (&["E0202"], "policyc: 1\nrules:\n  - {id: a, «whne»: x, deny: d}\n"),
            (&["E0201"], "policyc: 1\nrules:\n  - {id: a, deny: x}\n  - {id: «a», deny: y}\n"),
            (&["W0513"], "policyc: 1\nrules:\n  - {«deny»: x}\n"),
            (&["E0205"], "policyc: 1\nrules:\n  - {id: a, deny: «true»}\n"),
            (&["E0205"], "policyc: 1\nrules:\n  - {id: a, escalate: «somebody»}\n"),
            (&["E0204"], "policyc: 1\nrules:\n  - {id: a, escalate: {«reason»: b}}\n"),
            (&["E0210"], "policyc: 1\nrules:\n  - {id: a, escalate: {to: [b], timeout: «15»}}\n"),
            (
                &["E0210"],
                "policyc: 1\nrules:\n  - {id: a, escalate: {to: [b], on_timeout: «allow»}}\n",
            ),
            (&["E0210"], "policyc: 1\nrules:\n  - {id: a, escalate: {to: [b], quorum: «0»}}\n"),
            (&["E0213"], "policyc: 1\nrules:\n  - {id: a, deny: x, «obligations»: []}\n"),
            (&["E0205"], "policyc: 1\nrules:\n  - {id: a, deny: x, priority: «high»}\n"),
            (&["E0210"], "policyc: 1\nrules:\n  - {id: a, deny: x, mode: «shadwo»}\n"),
            (&["E0210"], "policyc: 1\nrules:\n  - {id: \"«»\", deny: x}\n"),
            (&["E0215"], "policyc: 1\nrules:\n  - {id: a, deny: \"x «{»y\"}\n"),
            (&["E0215"], "policyc: 1\nrules:\n  - {id: a, deny: \"x «}»y\"}\n"),
            (&["E0215"], "policyc: 1\nrules:\n  - {id: a, deny: \"x «{ }» y\"}\n"),
            (&["E0205"], "policyc: 1\nrules:\n  - «text»\n"),
        ],
    );
}

#[test]
fn sections() {
    table(
        "a.yaml",
        &[
            (&["E0210"], "policyc: 1\nschema: {a: «list<int»}\n"),
            (&["E0210"], "policyc: 1\nschema: {a: \"«list<>»\"}\n"),
            (&["E0210"], "policyc: 1\nschema: {a: int «target»}\n"),
            (&["E0205"], "policyc: 1\nschema: {a: «[int]»}\n"),
            (&["E0205"], "policyc: 1\nschema: {a: {items: int, maxItems: «many»}}\n"),
            (&["E0202"], "policyc: 1\ntools: {t: {«efect»: none}}\n"),
            (&["E0210"], "policyc: 1\ntools: {t: {effect: «write»}}\n"),
            (&["E0210"], "policyc: 1\ntools: {t: {args: {a: int «targte»}}}\n"),
            (
                &["E0210"],
                "policyc: 1\ntools: {t: {args: {a: {items: int, maxItems: 9, role: «aim»}}}}\n",
            ),
            (
                &["E0210"],
                "policyc: 1\nschema: {a: {b: {items: int, maxItems: 9, role: «target»}}}\n",
            ),
            (&["E0205"], "policyc: 1\nschema: {a: {items: int, maxItems: 9, optional: «maybe»}}\n"),
            (&["E0213"], "policyc: 1\ntools: {t: {«idempotent»: true}}\n"),
            (&["E0210"], "policyc: 1\ntools: {t: {output: {«a»: {labels: b}}}}\n"),
            (&["E0205"], "policyc: 1\ntools: {t: {output: «[a]»}}\n"),
            (&["E0213"], "policyc: 1\ntools: {t: {store: x, «idempotent»: true, undo: null}}\n"),
            (&["E0210"], "policyc: 1\ntools: {t: {store: '«x{y»'}}\n"),
            (&["E0210"], "policyc: 1\ntools: {t: {args: {a: int}, store: '«{args.b}»'}}\n"),
            (&["E0210"], "policyc: 1\nplan: {id: p, params: {a: «uint»}}\n"),
            (&["E0210"], "policyc: 1\nplan: {id: p, params: {«a.b»: int}}\n"),
            (
                &["E0210"],
                "policyc: 1\nplan: {id: p, params: {a: int}, steps: {s: {tool: t, args: \
                 {x: {eq: «params.b»}}}}}\n",
            ),
            (&["E0204"], "policyc: 1\nfunctions: {f: {«params»: []}}\n"),
            (&["E0210"], "policyc: 1\nfunctions: {f: {result: int, mode: «later»}}\n"),
            (&["E0210"], "policyc: 1\nfunctions: {f: {result: int, on_timeout: «allow»}}\n"),
            (&["E0210"], "policyc: 1\nfunctions: {f: {result: int, timeout: «0s»}}\n"),
            (
                &["E0210"],
                "policyc: 1\nwindows: {w: {days: [«mo»], from: 08:00, to: 09:00, zone: UTC}}\n",
            ),
            (&["E0210"], "policyc: 1\nwindows: {w: {from: \"«8»\", to: \"09:00\", zone: UTC}}\n"),
            (&["E0204"], "policyc: 1\nwindows: {w: {«from»: \"08:00\", to: \"09:00\"}}\n"),
        ],
    );
}

#[test]
fn cel_policy() {
    table(
        "a.celpolicy",
        &[
            (&["E0204"], "«name»: a\n"),
            (&["E0202"], "name: a\nrule:\n  match:\n    - output: \"1\"\n«inputs»: x\n"),
            (&["E0204"], "rule:\n  «id»: a\n"),
            (
                &["E0211"],
                "rule:\n  match:\n    - output: \"1\"\n  «aggregate»:\n    - output: \"1\"\n",
            ),
            (&["E0204"], "rule:\n  match:\n    - «condition»: a\n"),
            (
                &["E0211"],
                "rule:\n  match:\n    - output: a\n      «rule»: {match: [{output: b}]}\n",
            ),
            (&["E0205"], "rule:\n  match:\n    - output: «true»\n"),
            (&["E0205"], "rule:\n  match:\n    - output: «403»\n"),
            (&["E0209"], "rule:\n  match:\n    - output: «{»'a': true}\n"),
            (&["E0210"], "imports:\n  - name: «bad import»\nrule:\n  match:\n    - output: a\n"),
            (
                &["E0210"],
                "imports:\n  - name: >\n      «punc.Import!»\nrule:\n  match:\n    - output: a\n",
            ),
            (&["E0202"], "rule:\n  variables: [{«v»: '1'}]\n  match:\n    - output: variables.v\n"),
            (&["E0210"], "rule:\n  match: «[]»\n"),
            (&["E0202"], "rule:\n  match:\n    - output: a\n      «conditon»: b\n"),
        ],
    );
}

#[test]
fn environments() {
    table(
        "config.yaml",
        &[
            (&["E0202"], "name: a\nvariables: []\n«fetures»: []\n"),
            (&["E0204"], "variables:\n  - «name»: a\n"),
            (&["E0211"], "variables:\n  - {name: a, type: int, «type_name»: int}\n"),
            (&["E0210"], "extensions:\n  - {name: lists, version: «lastest»}\n"),
            (&["E0211"], "context_variable: {type_name: a.B}\n«variables»: []\n"),
            (&["E0211"], "stdlib: {include_macros: [has], «exclude_macros»: [map]}\n"),
            (&["E0205"], "features:\n  - {name: a, enabled: «maybe»}\n"),
            (&["E0210"], "variables:\n  - {name: a, type: \"«map<string,»\"}\n"),
        ],
    );
}

#[test]
fn plain_cel() {
    table(
        "a.cel",
        &[
            (&["E0208"], "«»// only words\n"),
            (&["W0513"], "// too much\n«a > 1 ? deny(\"x\") : allow()»\n"),
            (&["E0201"], "// @id a\nallow()\n// @id «a»\nallow()\n"),
            (&["E0201"], "// @id a\n// @id «b»\nallow()\n"),
            (&["E0202"], "// @id a\n// «@sevrity» high\nallow()\n"),
            (&["E0205", "W0513"], "// «@id»\n«allow()»\n"),
        ],
    );
}

#[test]
fn limits() {
    let deep = format!("policyc: 1\nname: {}", "[".repeat(100_000));
    let (_, found) = read_one("a.yaml", &deep);
    assert_eq!(places(&found), [("E0603", 81, 82)]);
    let long = format!("policyc: 1\nname: {}\n", "a".repeat(300 << 10));
    let (_, found) = read_one("a.yaml", &long);
    assert_eq!(places(&found)[0].0, "E0602");
    let ty =
        format!("policyc: 1\nschema: {{a: \"{}int{}\"}}\n", "list<".repeat(99), ">".repeat(99));
    let (_, found) = read_one("a.yaml", &ty);
    assert_eq!(places(&found)[0].0, "E0603");
    let tags = format!("policyc: 1\nname: [{}]\n", "!a b, ".repeat(200_000));
    let (_, found) = read_one("a.yaml", &tags);
    assert!(found.len() < 200);
}
