//! Texts and what becomes of them.

use std::fmt::Write;

use policyc::base::span::FileId;
use policyc::compiler::source::embed::{Embedded, Segment};
use policyc::compiler::syntax::ast::Ast;
use policyc::compiler::syntax::parser::parse_expression;
use policyc::diag::codes::Code;
use policyc::diag::sink::Sink;

use crate::support::tree::{Parsed, findings, parse, shape};

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

/// The first block of CEL behind a heading of a page.
fn block<'p>(page: &'p str, heading: &str) -> Option<&'p str> {
    let (_, rest) = page.split_once(heading)?;
    let (_, rest) = rest.split_once("```cel\n")?;
    rest.split_once("\n```").map(|(text, _)| text)
}

/// What a page of this stage calls wrong has its code and no other; what it calls right has none.
#[test]
fn pages() {
    let pages = Code::ALL.iter().filter(|code| code.id().starts_with("E01"));
    // E0111 is found where macros are known: `pages`.
    for code in pages.filter(|code| **code != Code::MacroArgument) {
        let wrong = block(code.page(), "## Wrong").expect("a page has a wrong example");
        let right = block(code.page(), "## Right").expect("a page has a right example");
        let codes: Vec<_> = parse(wrong).found.iter().map(|found| found.code.id()).collect();
        assert!(!codes.is_empty() && codes.iter().all(|found| *found == code.id()), "{codes:?}");
        assert_eq!(findings(&parse(right)), Vec::<String>::new(), "{}", code.id());
    }
}

/// Text that is spelled otherwise in its file: places are those of the file.
#[test]
fn embedded() {
    // Bytes 10.. of the file are `"a\u0020= '\u202e\x41'"`, with YAML's escapes.
    let segment = |decoded, decoded_len, source, source_len| Segment {
        decoded,
        decoded_len,
        source,
        source_len,
    };
    let source = Embedded {
        text: "a = '\u{202e}A'".to_owned(),
        span: policyc::base::span::Span::new(FileId(3), 11, 33),
        segments: vec![
            segment(0, 1, 11, 1),
            segment(1, 1, 12, 6),
            segment(2, 3, 18, 3),
            segment(5, 3, 21, 6),
            segment(8, 1, 27, 4),
            segment(9, 1, 31, 1),
        ],
    };
    let (mut ast, mut sink) = (Ast::new(), Sink::new());
    let root = parse_expression(&source, &mut ast, &mut sink);
    let parsed = Parsed { ast, root, found: sink.finish().0 };
    // What YAML spells with an escape can be seen, so there is nothing to report about it.
    assert_eq!(findings(&parsed), ["E0104 18..19 CEL has no assignment"]);
    let span = parsed.ast.span(root);
    assert_eq!((span.file, span.start, span.end), (FileId(3), 11, 32));
}
