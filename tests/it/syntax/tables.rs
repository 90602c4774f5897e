//! Texts and what becomes of them.

use super::{findings, parse, shape};

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

#[test]
fn dump() {
    for text in [
        "a +", "'abc", "a ==== b || (c && ) || d +", "f(a b, c d) && (x y)", "!-a", "f(a,)", "a = b",
        "{a = b}", "x and y or not z", "a & b | c", "a === b", "namespace", "if (x)", "let x = 5",
        "(a", "[a, b)", "a)", "f(g(x)", "{", "{a}", "{:a}", "msg{:a}", "func{{a}}", "ind[a{b}]",
        "a ? b ? c : d : e", "a ? b", "f(a ? b, c)", "a ? b ((?))", "1 + $", "1 +\n 2\n3 +", "1 + +",
        "{\"a\": 1}.\"a\"", "self.true == 1", "`b-c`", "`b-c`()", "a.`$b`", "a.`b.c`()", "x{.",
        "'3# < 10\" '& tru ^^", "'\\udead' == '\\ufffd'", "TestAllTypes(){}", "TestAllTypes{}()",
        "a contains b", "größe > 1", "1_000 + 5m + 0b1 + 1.", "", "// c", "a not in b", "--", "*@a | b",
        "a.", "a.b(", "matches(r\"AKIA[0-9A-Z]{16}) ||\n b", "\u{202e}a", "a\u{200b}b", "\"x\u{202e}\"",
        "f(a [b, c])", "f(,a)", "()", "a,,b", "f(\"a) && g(\"b\")", "a b c d", "x.f(\"\\s\\xF\")",
        "99999999999999999999 + 1e999", "f(a; b)", "a => b", "a <> b", "a.1", "'a' 'b'", "\u{feff}a",
        "(a){b: 1}", "[1, 2", "if a { b } else { c }", "a ?: b", "a ?? b", "x -> x", "a.b c.d",
    ] {
        let parsed = parse(text);
        println!("{text:?}\n   {}", shape(&parsed.ast, parsed.root));
        for (line, found) in findings(&parsed).iter().zip(&parsed.found) {
            println!("   {line}");
            for label in found.primary.iter().chain(&found.secondary) {
                println!("      {}..{} {}", label.span.start, label.span.end, label.text);
            }
            if let Some(fix) = &found.fix {
                println!("      fix: {} {:?}", fix.title, fix.edits[0].text);
            }
            if let Some(help) = &found.help {
                println!("      help: {help}");
            }
        }
    }
}
