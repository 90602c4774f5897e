//! What holds for every text.

use policyc::base::index::Index;
use policyc::compiler::syntax::ast::ExprKind;
use policyc::compiler::syntax::lexer::lexemes;
use policyc::compiler::syntax::print::print_expression;
use proptest::prelude::*;

use super::{findings, parse, shape};

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

/// Spans lie in the text, children stand before their parents, holes are reported.
fn check(text: &str) -> Result<(), TestCaseError> {
    let end: usize = lexemes(text)
        .try_fold(0, |end, lexeme| {
            if lexeme.start == end && lexeme.end > end { Ok(lexeme.end) } else { Err(lexeme) }
        })
        .map_err(|lexeme| TestCaseError::fail(format!("{lexeme:?} leaves a gap")))?;
    prop_assert_eq!(end, text.len());
    let parsed = parse(text);
    let len = u32::try_from(text.len()).expect("a short text");
    let mut holes = false;
    for (id, expr) in parsed.ast.exprs.iter_ids() {
        holes |= expr.kind == ExprKind::Error;
        prop_assert!(expr.outer.start <= expr.span.start && expr.span.end <= expr.outer.end);
        prop_assert!(expr.span.start <= expr.span.end && expr.outer.end <= len);
        let mut below = 0;
        for child in parsed.ast.children(id) {
            prop_assert!(child < id);
            below = below.max(parsed.ast.exprs[child].depth);
            let inside = parsed.ast.exprs[child].outer;
            prop_assert!(expr.span.start <= inside.start && inside.end <= expr.span.end);
        }
        prop_assert!(expr.depth == below + 1 || expr.kind == ExprKind::Error);
    }
    prop_assert!(!holes || !parsed.found.is_empty(), "a hole without a report");
    for found in &parsed.found {
        let at = found.span().expect("a syntax error has a place");
        prop_assert!(at.start <= at.end && at.end <= len);
        prop_assert!(text.is_char_boundary(at.start as usize));
        prop_assert!(text.is_char_boundary(at.end as usize));
    }
    if parsed.found.is_empty() {
        let printed = print_expression(&parsed.ast, parsed.root);
        let again = parse(&printed);
        prop_assert_eq!(findings(&again), Vec::<String>::new(), "{}", printed);
        let (was, is) = (shape(&parsed.ast, parsed.root), shape(&again.ast, again.root));
        prop_assert_eq!(was, is, "{}", &printed);
        prop_assert_eq!(print_expression(&again.ast, again.root), printed);
        // Nothing stays in the arena that is no part of the tree.
        prop_assert_eq!(parsed.root.index() + 1, parsed.ast.exprs.len());
        prop_assert_eq!(parsed.ast.exprs.len(), again.ast.exprs.len());
    }
    Ok(())
}

fn many() -> ProptestConfig {
    ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(many())]

    #[test]
    fn expressions(text in expression()) {
        prop_assert_eq!(findings(&parse(&text)), Vec::<String>::new());
        check(&text)?;
    }

    #[test]
    fn word_soup(text in soup()) {
        check(&text)?;
    }

    #[test]
    fn any_text(text in any::<String>()) {
        check(&text)?;
    }
}
