//! Contexts made to cost: each case makes one for any size, and the policy that reads it.
//!
//! In:      a size.
//! Out:     a policy and a context whose work should grow with the size and no faster.
//!          `benches/instructions` counts it; `tests/it/hostile.rs` compares the decisions.

use std::fmt::Write;

use policyc::lang::decision::Effect;
use policyc::runtime::vm::decision::Decision;

/// What the size of a case is counted in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Unit {
    /// Bytes of the context.
    Byte,
    /// Elements of a list, keys of an object.
    Element,
    /// Rules of the policy.
    Rule,
}

impl Unit {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Byte => "byte",
            Self::Element => "element",
            Self::Rule => "rule",
        }
    }

    /// How many units a case of this size has.
    pub(crate) const fn count(self, size: usize, context: &str) -> usize {
        match self {
            Self::Byte => context.len(),
            Self::Element | Self::Rule => size,
        }
    }
}

/// What is decided, at any size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The only rule fires and allows.
    Allows,
    /// Every rule fires; they deny.
    AllDeny,
    /// Every rule fails, so it is denied.
    AllFail,
    /// The context is refused.
    Refused,
}

impl Outcome {
    /// Whether that is what was decided.
    pub(crate) fn is(self, decision: &Decision<'_>) -> bool {
        let rules = decision.program().module().rules.len();
        let (effect, fired, failed, refused) = match self {
            Self::Allows => (Effect::Allow, rules, 0, false),
            Self::AllDeny => (Effect::Deny, rules, 0, false),
            Self::AllFail => (Effect::Deny, 0, rules, false),
            Self::Refused => (Effect::Deny, 0, 0, true),
        };
        decision.effect() == Some(effect)
            && decision.fired().len() == fired
            && decision.failures().len() == failed
            && decision.input_error().is_some() == refused
    }
}

/// One kind of hostile context.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) unit: Unit,
    /// The smallest of three sizes; the others are twice and four times as large.
    pub(crate) size: usize,
    pub(crate) policy: fn(usize) -> String,
    pub(crate) context: fn(usize) -> String,
    pub(crate) outcome: Outcome,
}

impl Case {
    pub(crate) const fn sizes(&self) -> [usize; 3] {
        [self.size, 2 * self.size, 4 * self.size]
    }
}

/// A case whose policy allows.
const fn allows(
    name: &'static str,
    (unit, size): (Unit, usize),
    policy: fn(usize) -> String,
    context: fn(usize) -> String,
) -> Case {
    Case { name, unit, size, policy, context, outcome: Outcome::Allows }
}

/// Four times as many bytes are about the longest context that is read.
const BYTES: (Unit, usize) = (Unit::Byte, 250_000);
/// Four times as many keys or nested lists are about as many values as are read.
const FEW_BYTES: (Unit, usize) = (Unit::Byte, 10_000);
/// What is built of them is more than is kept between rules (`TERMS_BYTES_MAX`), at every size.
const MANY_PARTS: (Unit, usize) = (Unit::Byte, 50_000);
/// What the reference tries every pattern on, at every place.
const TEXT: (Unit, usize) = (Unit::Byte, 50_000);
const KEYS: (Unit, usize) = (Unit::Element, 23_000);
const ITEMS: (Unit, usize) = (Unit::Element, 2_500);

pub(crate) const CASES: &[Case] = &[
    allows("plain prompt", BYTES, filters, |size| prompt("all is well with the world, ", size)),
    allows("prompt of near matches", BYTES, filters, |size| {
        prompt("disregard all prior order 123-45-678 BEGIN RSA PRIVATE KE AKIA0123 me@here ", size)
    }),
    allows("prompt of the rarest bytes", BYTES, filters, |size| prompt("@-KIA-@VATE 0-0 ", size)),
    allows("prompt of at signs", BYTES, filters, |size| prompt("@", size)),
    allows("prompt of one letter", BYTES, filters, |size| prompt("a", size)),
    allows("prompt of wide characters", BYTES, filters, |size| prompt("é日本👩", size)),
    allows("prompt of near matches of many needles", BYTES, many_needles, |size| {
        prompt("abacadaeafagbcbdbebfbgcdcecfcgdedfdgefegfg", size)
    }),
    allows("pattern without an automaton", FEW_BYTES, wide_pattern, |size| {
        prompt("abbabaababc", size)
    }),
    allows("nested repetition", BYTES, nested_pattern, |size| prompt("aaabcaa aaz ", size)),
    allows("needle that nearly fits", BYTES, needle, |size| prompt("a", size)),
    allows("needle of the context", BYTES, needle_of_context, |size| {
        let half = "a".repeat(size / 2);
        format!(r#"{{"request":{{"prompt":"{half}","needle":"{half}b"}}}}"#)
    }),
    allows("escapes", BYTES, length, |size| prompt("\\u0041", size)),
    allows("wide characters", BYTES, length, |size| prompt("é", size)),
    allows("text cut apart", MANY_PARTS, split, |size| prompt("a,", size)),
    allows("unread text", BYTES, length, |size| unread(&format!("\"{}\"", "x".repeat(size)))),
    allows("unread escapes", BYTES, length, |size| {
        unread(&format!("\"{}\"", "\\n".repeat(size / 2)))
    }),
    allows("unread members", (Unit::Byte, 100_000), length, |size| {
        unread(&list(size / 30, |at| format!(r#"{{"a":[{at},true,null],"b":"c"}}"#)))
    }),
    allows("unread nesting", (Unit::Byte, 45_000), length, |size| {
        unread(&list(size / 121, |_| format!("{}{}", "[".repeat(60), "]".repeat(60))))
    }),
    allows("unread digits", BYTES, length, |size| unread(&format!("0.{}", "7".repeat(size)))),
    allows("digits of a double", BYTES, double, |size| {
        format!(r#"{{"request":{{"x":0.{}}}}}"#, "7".repeat(size))
    }),
    allows("unread keys", KEYS, length, |size| unread(&object(size, |at| format!("k{at:05x}")))),
    allows("unread keys that resemble those read", KEYS, length, |size| {
        let keys = object(size, |at| format!("p{at:05x}"));
        format!(r#"{{"request":{{"prompt":"hello",{}}}"#, &keys[1..])
    }),
    allows("map of many keys", KEYS, map, |size| {
        labels(&object(size, |at| format!("k{:05x}", scattered(at))))
    }),
    allows("map of keys alike", (Unit::Element, 9_000), map, |size| {
        labels(&object(size, |at| format!("aaaaaaaa{:08x}aaaaaa", scattered(at))))
    }),
    Case {
        name: "map whose last key is given twice",
        unit: Unit::Element,
        size: 8_000,
        policy: map,
        context: |size| {
            let keys = object(size, |at| format!("k{:05x}", scattered(at)));
            labels(&format!("{},\"k{:05x}\":0}}", &keys[..keys.len() - 1], scattered(size - 1)))
        },
        outcome: Outcome::Refused,
    },
    Case {
        name: "nesting that is refused",
        unit: Unit::Byte,
        size: BYTES.1,
        policy: length,
        context: |size| unread(&"[".repeat(size)),
        outcome: Outcome::Refused,
    },
    allows("text of at signs", TEXT, detectors, |size| prompt("a.b%40c-@", size)),
    allows("text of groups of digits", TEXT, detectors, |size| {
        prompt("+1(0) 4111 756-86 095 219-44 DE89 X123 ", size)
    }),
    allows("text of marks of tokens", TEXT, detectors, |size| {
        prompt("eyJ.eyJa.ghp_ ya29.sk-SG.github_pat_ AKIA ", size)
    }),
    allows("text of first lines of keys", TEXT, private_keys, |size| {
        prompt("-----BEGIN PRIVATE KEY-----", size)
    }),
    allows("list of texts", (Unit::Element, 10_000), texts, |size| {
        format!(r#"{{"request":{{"names":{}}}}}"#, list(size, |at| format!("\"n{at}\"")))
    }),
    allows("list of objects", ITEMS, items, |size| {
        let item = |at| format!(r#"{{"id":"i{at}","cost":{at},"kind":"small","x":[{at}]}}"#);
        format!(r#"{{"request":{{"items":{}}}}}"#, list(size, item))
    }),
    allows("value of any type", (Unit::Element, 12_000), any, |size| {
        format!(r#"{{"request":{{"any":{}}}}}"#, list(size, |at| format!("[{at}]")))
    }),
    Case {
        name: "all rules fire",
        unit: Unit::Rule,
        size: 100,
        policy: |size| rules(size, |at| format!("request.n > {at} && request.s.endsWith('x')")),
        context: |size| format!(r#"{{"request":{{"n":{size},"s":"xxx"}}}}"#),
        outcome: Outcome::AllDeny,
    },
    Case {
        name: "all rules fail",
        unit: Unit::Rule,
        size: 100,
        policy: |size| rules(size, |at| format!("{at} / request.n > 7 || request.s == 's{at}'")),
        context: |_| r#"{"request":{"n":0,"s":"xxx"}}"#.to_owned(),
        outcome: Outcome::AllFail,
    },
];

/// A policy with one rule.
fn one_rule(schema: &str, when: &str) -> String {
    format!(
        "policyc: 1\nname: hostile\ndefault: deny\nextensions: [strings]\nschema:\n  request: \
         {schema}\nrules:\n  - id: allows\n    when: |-\n      {when}\n    allow: nothing found\n"
    )
}

/// A policy with `size` rules about the int `request.n` and the string `request.s`.
fn rules(size: usize, when: impl Fn(usize) -> String) -> String {
    let mut out = String::from(
        "policyc: 1\nname: hostile\ndefault: allow\nschema:\n  request: {n: int, s: string}\n\
         rules:\n",
    );
    for at in 0..size {
        let when = when(at);
        writeln!(out, "  - {{id: r{at}, when: \"{when}\", deny: fires}}").unwrap();
    }
    out
}

/// What a gateway looks for in a prompt.
fn filters(_: usize) -> String {
    one_rule(
        "{prompt: string}",
        "!request.prompt.matches('(?i)disregard (all )?(earlier|prior) orders')\n      \
         && !request.prompt.matches('[0-9]{3}-[0-9]{2}-[0-9]{4}')\n      \
         && !request.prompt.contains('BEGIN RSA PRIVATE KEY')\n      \
         && !request.prompt.matches('AKIA[0-9A-Z]{16}')\n      \
         && !request.prompt.matches(r'[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\\.[A-Za-z]{2,}')",
    )
}

/// Its dense automaton would remember the last fifteen letters: it has none.
fn wide_pattern(_: usize) -> String {
    one_rule("{prompt: string}", "!request.prompt.matches('[ab]*a[ab]{14}c')")
}

fn nested_pattern(_: usize) -> String {
    one_rule("{prompt: string}", "!request.prompt.matches('(a+)+b[cd](a+)+z')")
}

fn needle(_: usize) -> String {
    one_rule("{prompt: string}", "!request.prompt.contains('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab')")
}

/// Each needle begins as the prompt goes on.
fn many_needles(_: usize) -> String {
    let pairs = "abcdefg".chars().flat_map(|a| "abcdefg".chars().map(move |b| (a, b)));
    let tests = pairs.map(|(a, b)| format!("!request.prompt.contains('{a}{b}aaaaaaaa')"));
    one_rule("{prompt: string}", &tests.collect::<Vec<_>>().join("\n      && "))
}

fn needle_of_context(_: usize) -> String {
    one_rule("{prompt: string, needle: string}", "!request.prompt.contains(request.needle)")
}

fn detectors(_: usize) -> String {
    let kinds = ["Email", "Phone", "Card", "Iban", "Secret", "NationalId"];
    let tests = kinds.map(|kind| format!("!detect.has{kind}(request.prompt)"));
    one_rule("{prompt: string}", &tests.join("\n      && "))
}

fn private_keys(_: usize) -> String {
    one_rule("{prompt: string}", "detect.secrets(request.prompt).size() > 1")
}

fn length(_: usize) -> String {
    one_rule("{prompt: string}", "request.prompt.size() > 1")
}

fn split(_: usize) -> String {
    one_rule("{prompt: string}", "request.prompt.split(',').size() > 1")
}

fn double(_: usize) -> String {
    one_rule("{x: double}", "request.x > 0.5")
}

fn map(_: usize) -> String {
    one_rule("{labels: 'map<string, int>'}", "!('absent' in request.labels)")
}

fn texts(_: usize) -> String {
    one_rule(
        "{names: {items: string, maxItems: 40000}}",
        "!('n' in request.names) && !request.names.exists(name, name.endsWith('x'))\n      \
         && request.names.all(name, name != 'x')",
    )
}

fn items(_: usize) -> String {
    one_rule(
        "{items: {maxItems: 10000, items: {id: string, cost: int, kind: string}}}",
        "request.items.filter(it, it.kind == 'small' && it.cost >= 0).size() > 1\n      \
         && !request.items.map(it, it.cost * 2).exists(cost, cost < 0)\n      \
         && request.items.all(it, it.id.startsWith('i'))",
    )
}

fn any(_: usize) -> String {
    one_rule("{any: dyn}", "request.any != [[1], [2]] && request.any == request.any")
}

fn prompt(part: &str, size: usize) -> String {
    format!(r#"{{"request":{{"prompt":"{}"}}}}"#, part.repeat(size / part.len()))
}

/// A short prompt, and something that no rule reads.
fn unread(json: &str) -> String {
    format!(r#"{{"request":{{"prompt":"hello"}},"other":{json}}}"#)
}

fn labels(json: &str) -> String {
    format!(r#"{{"request":{{"labels":{json}}}}}"#)
}

fn list(size: usize, item: impl Fn(usize) -> String) -> String {
    format!("[{}]", (0..size).map(item).collect::<Vec<_>>().join(","))
}

fn object(size: usize, key: impl Fn(usize) -> String) -> String {
    let members = (0..size).map(|at| format!("\"{}\":0", key(at)));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// A key of its own for each place below 2^20, in no order.
fn scattered(at: usize) -> usize {
    at * 0x9_E377 % (1 << 20)
}
