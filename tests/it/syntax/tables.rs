//! Texts and what becomes of them.

use std::fmt::Write;

use super::{Parsed, findings, parse, shape};

#[test]
fn trees() {
    let rows: &[(&str, &str)] = &[
        ("a", "a"),
        (".a", ".a"),
        ("(((a)))", "a"),
        ("a.b.c", "(. (. a b) c)"),
        ("a.?b", "(.? a b)"),
        ("a . ? b", "(.? a b)"),
        ("a.`x-y z/1.2`", "(. a `x-y z/1.2`)"),
        ("a.package", "(. a package)"),
        ("a.package(1)", "(package a; Int(1))"),
        ("a[1]", "([ a Int(1))"),
        ("a[?1]", "([? a Int(1))"),
        ("f()", "(f ; )"),
        (".f(a, b)", "(.f ; a, b)"),
        ("a.f(b)", "(f a; b)"),
        ("[]", "[]"),
        ("[,]", "[]"),
        ("[1, ?a,]", "[Int(1), ?a]"),
        ("{}", "{}"),
        ("{,}", "{}"),
        ("{?'a': 1, b: 2,}", "{?String(\"a\"): Int(1), b: Int(2)}"),
        ("M{}", "M{}"),
        ("M{,}", "M{}"),
        (".a.b.M{x: 1, ?`in`: 2,}.y", "(. .a.b.M{x: Int(1), ?`in`: Int(2)} y)"),
        ("package.M{while: 1}", "package.M{while: Int(1)}"),
        ("while{}", "while{}"),
        ("a || b || c && d && e", "(|| a b (&& c d e))"),
        ("(a || b) || c", "(|| (|| a b) c)"),
        ("a && (b && c)", "(&& a (&& b c))"),
        ("a ? b : c ? d : e", "(? a b (? c d e))"),
        ("a ? (b ? c : d) : e", "(? a (? b c d) e)"),
        ("a || b ? c || d : e", "(? (|| a b) (|| c d) e)"),
        ("a + b * c - d", "(- (+ a (* b c)) d)"),
        ("a < b == c in d", "(in (== (< a b) c) d)"),
        ("!a && -b", "(&& (! a) (- b))"),
        ("!!a", "(! (! a))"),
        ("--a", "(- (- a))"),
        ("-1", "Int(-1)"),
        ("- 1", "Int(-1)"),
        ("--1", "(- Int(-1))"),
        ("!-1", "(! Int(-1))"),
        ("-(1)", "(- Int(1))"),
        ("-1u", "(- Uint(1))"),
        ("-a.b", "(- (. a b))"),
        ("-1.a", "(. Int(-1) a)"),
        ("4--4.1", "(- Int(4) Double(-4.1))"),
        ("a-1", "(- a Int(1))"),
        ("f()-1", "(- (f ; ) Int(1))"),
        ("-9223372036854775808", "Int(-9223372036854775808)"),
        ("0x1F + .5 + 1e3 + 017", "(+ (+ (+ Int(31) Double(0.5)) Double(1000.0)) Int(17))"),
        ("1in[1]", "(in Int(1) [Int(1)])"),
        ("1 .a", "(. Int(1) a)"),
        ("b'a' + br'\\x'", "(+ Bytes([97]) Bytes([92, 120]))"),
        ("r'''a'b''' + ''", "(+ String(\"a'b\") String(\"\"))"),
        ("a // or\n || // b\n c // d", "(|| a c)"),
        ("a\t\x0C\r\n+\nb", "(+ a b)"),
        ("not(a)", "(not ; a)"),
        ("and + or.not", "(+ and (. or not))"),
        ("a ?[1] : [?2]", "(? a [Int(1)] [?Int(2)])"),
        ("a ? .5 : b", "(? a Double(0.5) b)"),
    ];
    for (text, tree) in rows {
        let parsed = parse(text);
        assert_eq!(findings(&parsed), Vec::<String>::new(), "{text}");
        assert_eq!(shape(&parsed.ast, parsed.root), *tree, "{text}");
    }
}

/// The findings of a text, one a line, as in the table below.
fn report(parsed: &Parsed) -> String {
    let mut out = String::new();
    for (line, found) in findings(parsed).iter().zip(&parsed.found) {
        writeln!(out, "{line}").expect("writing to a string cannot fail");
        for label in found.primary.iter().chain(&found.secondary) {
            let (start, end) = (label.span.start, label.span.end);
            writeln!(out, "  {start}..{end} {}", label.text).expect("as above");
        }
        if let Some(fix) = &found.fix {
            writeln!(out, "  fix: {} {:?}", fix.title, fix.edits[0].text).expect("as above");
        }
        if let Some(help) = &found.help {
            writeln!(out, "  help: {help}").expect("as above");
        }
    }
    out
}

/// Each file holds one text, then `---`, then its findings: what is wrong, where, and what to do.
#[test]
#[expect(clippy::disallowed_methods, reason = "tests read their data")]
fn refusals() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cases/parse/err");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("the cases are there")
        .map(|entry| entry.expect("the cases are readable").path())
        .filter(|path| path.extension().is_some_and(|end| end == "cel"))
        .collect();
    paths.sort();
    assert!(!paths.is_empty());
    let mut wrong = String::new();
    for path in paths {
        let case = std::fs::read_to_string(&path).expect("the case is UTF-8");
        let (text, expected) = case.split_once("\n---\n").expect("a case has two parts");
        let parsed = parse(text);
        let found = report(&parsed);
        if found != expected && std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, format!("{text}\n---\n{found}")).expect("writable");
        } else if found != expected {
            writeln!(wrong, "{}\n{found}", path.display()).expect("as above");
        }
        for found in &parsed.found {
            assert_ne!(found.message, "");
            assert!(found.help.is_none() || found.fix.is_none(), "one next step: {text}");
        }
    }
    assert_eq!(wrong, "");
}
