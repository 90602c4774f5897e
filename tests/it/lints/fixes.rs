//! Fixes: what they write, by hand, and that it decides as before, at random.

use policyc::diag::diagnostic::Fix;
use serde_json::Value as Json;

use super::{applied, checked, project};
use crate::support::both::{Both, said};
use crate::support::generate::core::{CORE, MACROS};
use crate::support::generate::random::Random;
use crate::support::generate::types::Type;
use crate::support::generate::write::{Row, Vocabulary};
use crate::support::policies::{PLACES, SCHEMA, context};

const TYPES: &str = "schema: {r: {k: string, n: int, b: bool, c: bool, t: list<string>, \
    m: 'map<string, map<string, string>>'}, at: timestamp}\n";

/// The document with a condition as it stands, in any style of YAML.
fn document(when: &str) -> String {
    format!("policyc: 1\ndefault: deny\n{TYPES}rules:\n{when}\n")
}

/// The document after all its fixes, one round after the other; `None` if it costs more then than
/// it may: whoever applies fixes compiles what they made.
fn fixed(text: &str) -> Option<String> {
    let mut text = text.to_owned();
    for _ in 0..20 {
        let found = checked(&project("p.yaml", &text));
        if found.as_ref().is_err_and(|errors| errors.starts_with("E0601")) {
            return None;
        }
        let found = found.unwrap_or_else(|errors| panic!("{errors}\n{text}"));
        let fixes: Vec<&Fix> = found.iter().filter_map(|it| it.fix.as_ref()).collect();
        if fixes.is_empty() {
            return Some(text);
        }
        assert!(fixes.iter().all(|fix| fix.safe), "{text}");
        text = applied(&text, &fixes);
    }
    panic!("fixes never end:\n{text}")
}

/// A condition, and what its fixes make of it.
const CONDITIONS: &[(&str, &str)] = &[
    ("r.b == true", "r.b"),
    ("true == r.b && r.c != true", "r.b && !r.c"),
    ("(r.b || r.c) == false && r.b", "!(r.b || r.c) && r.b"),
    ("r.n < 3 != true", "!(r.n < 3)"),
    ("r.n < 3 != false", "r.n < 3"),
    ("!!!r.b", "!r.b"),
    ("size(r.t) >= 1 || r.k.size() != 0", "size(r.t) > 0 || r.k.size() > 0"),
    ("1 > size(r.t) && 0 >= r.t.size()", "0 == size(r.t) && 0 == r.t.size()"),
    ("!(r.k == 'x') || r.b", "r.k != 'x' || r.b"),
    ("!(r.k != 'x') == r.b", "(r.k == 'x') == r.b"),
    ("[!(r.k == 'x')][0]", "[r.k != 'x'][0]"),
    ("r.k in ['x']", "r.k == 'x'"),
    ("r.k in [r.t[0]] && r.n in [(1)]", "r.k == r.t[0] && r.n == 1"),
    ("r.k == 'x' || r.k == \"y\" || r.k == 'z' || r.b", "r.k in ['x', \"y\", 'z'] || r.b"),
    ("r.b && r.n != 1 && r.n != 2 && r.n != 3", "r.b && !(r.n in [1, 2, 3])"),
    ("r.n == 1 ? true : false", "r.n == 1"),
    ("r.b && (r.c || r.b ? false : true)", "r.b && (!(r.c || r.b))"),
    ("(r.b ? true : false) && (r.n == 1 ? true : false) == r.b", "r.b && (r.n == 1) == r.b"),
    ("((r.b || r.c)) && (r.b)", "(r.b || r.c) && r.b"),
    ("size((r.k)) > (3)", "size(r.k) > 3"),
    ("at.getHours() > 3 && at.getDate() == 1", "at.getHours(Q) > 3 && at.getDate(Q) == 1"),
    ("has(r.m.a) && has(r.m.a.b) && r.m.a.b == 'x' && r.b", "r.m.?a.?b == optional.of('x') && r.b"),
];

#[test]
fn fixes_write_what_was_meant() {
    for (before, after) in CONDITIONS {
        for (style, quote) in [("block", "\""), ("folded", "\""), ("single", "\""), ("cel", "\"")] {
            let after = after.replace('Q', &format!("{quote}UTC{quote}"));
            let doubled = |text: &str| text.replace('\'', "''");
            let wrap = |text: &str| match style {
                "block" => document(&format!("- id: r\n  allow: x\n  when: |-\n    {text}\n")),
                "folded" => document(&format!("- id: r\n  when: >-\n    {text}\n  allow: x\n")),
                "single" => document(&format!("- {{id: r, when: '{}', allow: x}}", doubled(text))),
                _ => document(&format!("- id: r\n  allow: x\n  when: \"{}\"", escaped(text))),
            };
            // Between double quotes of YAML, strings of CEL have single ones.
            let after = if style == "cel" { after.replace("\"UTC\"", "'UTC'") } else { after };
            assert_eq!(fixed(&wrap(before)), Some(wrap(&after)), "{style}: {before}");
        }
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// What stands in a plain scalar, with what its fixes leave: where YAML would read the result as
/// something else, there is no fix.
const PLAIN: &[(&str, &str)] = &[
    ("- {id: r, allow: x, when: r.b == true}", "- {id: r, allow: x, when: r.b}"),
    // `!r.b` would be a tag.
    ("- {id: r, allow: x, when: r.b == false}", "- {id: r, allow: x, when: r.b == false}"),
    ("- {id: r, allow: x, when: r.c && r.b == false}", "- {id: r, allow: x, when: r.c && !r.b}"),
    // A bracket would end the mapping's value.
    (
        "- {id: r, allow: x, when: r.n == 1 || r.n == 2 || r.n == 3}",
        "- {id: r, allow: x, when: r.n == 1 || r.n == 2 || r.n == 3}",
    ),
    (
        "- id: r\n  allow: x\n  when: r.n == 1 || r.n == 2 || r.n == 3",
        "- id: r\n  allow: x\n  when: r.n in [1, 2, 3]",
    ),
    (
        "- id: r\n  allow: x\n  when: r.n != 1 && r.n != 2 && r.n != 3",
        "- id: r\n  allow: x\n  when: r.n != 1 && r.n != 2 && r.n != 3",
    ),
    // A string in front would be one of YAML.
    (
        "- id: r\n  allow: x\n  when: ('x' in r.t) == true",
        "- id: r\n  allow: x\n  when: ('x' in r.t) == true",
    ),
    (
        "- id: r\n  allow: x\n  when: size(r.t) > 0 || r.k == 'a' ||\n    r.k == 'b' || r.k == 'c'",
        "- id: r\n  allow: x\n  when: size(r.t) > 0 || r.k in ['a', 'b', 'c']",
    ),
    // The comment would be lost.
    (
        "- id: r\n  allow: x\n  when: |-\n    r.k == 'a' || // first\n    r.k == 'b' || r.k == 'c'",
        "- id: r\n  allow: x\n  when: |-\n    r.k == 'a' || // first\n    r.k == 'b' || r.k == 'c'",
    ),
    (
        "- {id: r, when: r.b, allow: 'it is {r.b == true}'}",
        "- {id: r, when: r.b, allow: 'it is {r.b}'}",
    ),
];

#[test]
fn fixes_keep_the_scalar_they_stand_in() {
    for (before, after) in PLAIN {
        assert_eq!(fixed(&document(before)), Some(document(after)), "{before}");
    }
}

/// What lints with fixes look for, of random parts.
const FORMS: &[Row] = &[
    (40, "bool", "(<bool>) == true"),
    (40, "bool", "false != (<bool>)"),
    (40, "bool", "((<bool>) == false)"),
    (20, "bool", "!!(<bool>)"),
    (30, "bool", "!(<T> == <T>)"),
    (30, "bool", "(!(<T> != <T>))"),
    (20, "bool", "(<int> in [<int>])"),
    (20, "bool", "(<string> in [<string>])"),
    (20, "bool", "(<string> in ['x'])"),
    (20, "bool", "size(<string>) >= 1"),
    (20, "bool", "<[int]>.size() <= 0"),
    (20, "bool", "1 > size(<[string]>)"),
    (20, "bool", "(a.s == 'x' || a.s == '' || a.s == 'yy')"),
    (20, "bool", "(a.oi != 1 && a.oi != 2 && a.oi != 0 && <bool>)"),
    (20, "bool", "(a.any == 1 || a.any == 3 || a.any == 0 || <bool>)"),
    (30, "bool", "((<bool>) ? true : false)"),
    (30, "bool", "((<bool>) ? false : true)"),
    (20, "bool", "(has(a.r) && has(a.r.q) && has(a.r.q.z) && a.r.q.z == 1)"),
    (20, "bool", "(has(a.any.x) && has(a.any.x.y) && a.any.x.y == 'x')"),
    (20, "bool", "(has(a.m.x) && has(a.m.x.y) && a.m.x.y == 'x')"),
    (20, "bool", "(a.at.getHours() > <int>)"),
    (20, "int", "(a.at.getDayOfWeek())"),
    (10, "string", "((<string>))"),
];

/// A document of random conditions, each in a style of YAML that can hold it.
fn random_document(random: &mut Random, words: &Vocabulary) -> String {
    let mut out = format!("policyc: 1\nname: random\ndefault: deny\n{SCHEMA}rules:\n");
    for at in 0..4 {
        let when = words.write(&Type::of("bool"), 1 + at % 4, random).text();
        let when = match random.below(4) {
            0 => Json::from(when).to_string(),
            1 => format!("'{}'", when.replace('\'', "''")),
            2 => format!("|-\n      {when}"),
            _ if when.starts_with('a') && !when.contains(": ") && !when.contains(" #") => when,
            _ => format!(">-\n      {when}"),
        };
        let effect = random.pick(&["allow", "deny"]);
        out.push_str(&format!("  - id: r{at}\n    {effect}: said\n    when: {when}\n"));
    }
    out
}

#[test]
fn fixed_documents_decide_as_before() {
    let words = Vocabulary::of(&[CORE, MACROS, FORMS], PLACES, &[]);
    let (mut fixes, mut decided, mut clean) = (0, 0, 0);
    for seed in 0..120 {
        let mut random = Random::new(seed);
        let text = random_document(&mut random, &words);
        let files = project("p.yaml", &text);
        let Ok(found) = checked(&files) else { continue };
        fixes += found.iter().filter(|it| it.fix.is_some()).count();
        let Some(after) = fixed(&text) else { continue };
        let (was, is) = (Both::of(&files), Both::of(&project("p.yaml", &after)));
        let (old, new) = (was.oracle(), is.oracle());
        for _ in 0..12 {
            let context = context(&mut random);
            let before = was.decide(&old, &context, (1_773_785_730, 0), &[]);
            let behind = is.decide(&new, &context, (1_773_785_730, 0), &[]);
            assert_eq!(said(&before), said(&behind), "{seed}, {context}:\n{text}\n{after}");
            decided += 1;
            clean += u32::from(before.errors.is_empty());
        }
    }
    println!("{fixes} fixes; {clean} of {decided} decisions are without an error");
    assert!(fixes > 300, "{fixes} fixes");
    assert!(clean * 8 > decided, "{clean} of {decided}");
}
