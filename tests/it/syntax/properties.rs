//! What holds for every text.

use proptest::prelude::*;

use crate::support::tree::{findings, holds_together, parse};

/// Expressions of every kind, with parentheses where they may or may not be needed.
fn expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "[a-z]{1,3}".prop_map(|name| format!("x{name}")),
        Just(".root".to_owned()),
        any::<i64>().prop_map(|value| value.to_string()),
        any::<u64>().prop_map(|value| format!("{value}u")),
        any::<f64>()
            .prop_filter("a literal is finite", |value| value.is_finite())
            .prop_map(|value| format!("{value:?}")),
        "[ -~é\u{1F600}\n\t]{0,6}".prop_map(|text| format!("{text:?}").replace("\\'", "'")),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(|bytes| format!("b'{}'", octets(&bytes))),
        Just("true".to_owned()),
        Just("null".to_owned()),
        Just("r'\\d+'".to_owned()),
    ];
    leaf.prop_recursive(6, 60, 3, |inner| {
        let one = inner.clone();
        let two = (inner.clone(), inner.clone());
        let three = (inner.clone(), inner.clone(), inner);
        let op = prop::sample::select(vec![
            "||", "&&", "==", "!=", "<", "<=", ">", ">=", "in", "+", "-", "*", "/", "%",
        ]);
        let sign = prop::sample::select(vec!["!", "!!", "-", "--", "---"]);
        prop_oneof![
            one.clone().prop_map(|a| format!("({a})")),
            one.clone().prop_map(|a| format!("-{a}")).prop_filter("one kind", |text| unmixed(text)),
            (two.clone(), op).prop_map(|((a, b), op)| format!("{a} {op} {b}")),
            (one.clone(), sign).prop_map(|(a, op)| format!("({op}({a}))")),
            three.clone().prop_map(|(a, b, c)| format!("({a}) ? ({b}) : {c}")),
            two.clone().prop_map(|(a, b)| format!("({a}).f({b})")),
            two.clone().prop_map(|(a, b)| format!("({a})[?{b}]")),
            two.clone().prop_map(|(a, b)| format!("[{a}, ?{b},]")),
            three.prop_map(|(a, b, c)| format!("{{?{a}: {b}, 1: {c}}}")),
            one.clone().prop_map(|a| format!("a.b.M{{f: {a}, ?`g-h`: 1}}")),
            one.prop_map(|a| format!("({a}).?x.`y.z`")),
        ]
    })
}

/// A `-` may stand before it.
fn unmixed(text: &str) -> bool {
    !text.contains('!')
}

fn octets(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// Words of CEL in any order.
fn soup() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "a", ".", "(", ")", "[", "]", "{", "}", ",", ":", "?", "!", "-", "+", "&&", "||", "==",
        "=", "and", "not", "in", "1", "1.", "2u", "'s'", "\"", "'''", "`q`", "for", "true", "//",
        "\n", "$", "é", "\u{202e}", "\\", "&", "0x", " ", "b", "r", "\r",
    ]);
    prop::collection::vec(word, 0..40).prop_map(|words| words.join(" "))
}

fn many() -> ProptestConfig {
    ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn expressions(text in expression()) {
        prop_assert_eq!(findings(&parse(&text)), Vec::<String>::new());
        holds_together(&text);
    }

    #[test]
    fn word_soup(text in soup()) {
        holds_together(&text);
    }

    #[test]
    fn any_text(text in any::<String>()) {
        holds_together(&text);
    }
}
