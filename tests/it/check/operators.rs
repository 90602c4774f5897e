//! Operators, functions, literals, macros: their types and what they refuse.

use crate::check::{refusal, type_of, variable};

const SCHEMA: &str = "{i: int, u: uint, d: double, s: string, b: bool, y: bytes, t: timestamp, \
                      dur: duration, l: list<int>, ls: list<string>, \"m\": \"map<string, int>\", \
                      x: dyn, n: int_wrapper, o: {name: string, size: int}, \
                      p: \"optional_type<string>\", os: \"list<int_wrapper>\"}";

/// Expressions over `SCHEMA` and their types.
const TYPES: &[(&str, &str)] = &[
    ("1", "int"),
    ("1u", "uint"),
    ("1.0", "double"),
    ("'a'", "string"),
    ("b'a'", "bytes"),
    ("null", "null_type"),
    ("[]", "list(dyn)"),
    ("[1, 2]", "list(int)"),
    ("[1, 'a']", "list(dyn)"),
    ("[n, 1]", "list(wrapper(int))"),
    ("[1, n]", "list(wrapper(int))"),
    ("[null, n]", "list(wrapper(int))"),
    ("[t, null]", "list(google.protobuf.Timestamp)"),
    ("{}", "map(dyn, dyn)"),
    ("{'a': 1}", "map(string, int)"),
    ("{'a': 1, 2: 'b'}", "map(dyn, dyn)"),
    ("[[], [1]]", "list(list(int))"),
    ("[] + [1]", "list(int)"),
    ("i + 1", "int"),
    ("n + 1", "int"),
    ("x + 1", "int"),
    ("x + x", "dyn"),
    ("t + dur", "google.protobuf.Timestamp"),
    ("t - t", "google.protobuf.Duration"),
    ("-d", "double"),
    ("!b && i == 1", "bool"),
    ("i < d", "bool"),
    ("i == u", "bool"),
    ("i in [1.5]", "bool"),
    ("b ? 1 : 2", "int"),
    ("b ? x : 2", "dyn"),
    ("b ? n : 2", "wrapper(int)"),
    ("l[0]", "int"),
    ("m['a']", "int"),
    ("m.a", "int"),
    ("x.a.b", "dyn"),
    ("x[0]", "dyn"),
    ("o.name", "string"),
    ("o['name']", "string"),
    ("'name' in o", "bool"),
    ("o == {'name': 'a', 'size': 1}", "bool"),
    ("has(o.name)", "bool"),
    ("size(l) + s.size()", "int"),
    ("l.map(e, e > 0)", "list(bool)"),
    ("l.map(e, e > 0, string(e))", "list(string)"),
    ("l.filter(e, e > 0)", "list(int)"),
    ("m.filter(k, k.startsWith('a'))", "list(string)"),
    ("l.all(e, e > 0) && l.exists(e, e == 1) || l.exists_one(e, e == 2)", "bool"),
    ("l.all(i, v, i < v)", "bool"),
    ("ls.transformList(i, v, v + string(i))", "list(string)"),
    ("m.transformMap(k, v, double(v))", "map(string, double)"),
    ("m.transformMapEntry(k, v, {v: k})", "map(int, string)"),
    ("cel.bind(a, [1], a.map(e, e * 2))", "list(int)"),
    ("[].map(e, e)", "list(dyn)"),
    ("[[1]].map(x, x.map(x, x + 1))", "list(list(int))"),
    ("optional.of(1)", "optional_type(int)"),
    ("[optional.none(), optional.of(1)]", "list(optional_type(int))"),
    ("o.?name", "optional_type(string)"),
    ("m[?'a']", "optional_type(int)"),
    ("m.?a.orValue(2)", "int"),
    ("p.optMap(v, size(v))", "optional_type(int)"),
    ("p.optFlatMap(v, optional.of(v + v))", "optional_type(string)"),
    ("[?p, 'a']", "list(string)"),
    ("{?'a': p}", "map(string, string)"),
    ("type(1) == int", "bool"),
    ("type(l) == list", "bool"),
    ("int", "type(int)"),
    ("now", "google.protobuf.Timestamp"),
    ("now()", "google.protobuf.Timestamp"),
    ("hour(now(), 'Europe/Zurich')", "int"),
    ("url(s).getHostname()", "string"),
    ("path.within(s, '/tmp')", "bool"),
    ("n == null", "bool"),
    ("(b ? l : [2])[0]", "int"),
    ("i == 1 ? 'a' : s", "string"),
];

#[test]
fn types() {
    for (expression, wanted) in TYPES {
        assert_eq!(type_of(SCHEMA, expression), *wanted, "{expression}");
    }
}

/// Expressions over `SCHEMA`, the code that refuses them, the text it points at, its message.
const REFUSALS: &[(&str, &str, &str, &str)] = &[
    ("s <= 25.0", "E0303", "s", "`<=` cannot compare a string with a double"),
    ("s == 1", "E0303", "s", "`==` cannot compare a string with an int"),
    ("1 in ls", "E0303", "1", "an int cannot be in a list(string)"),
    ("'a' in s", "E0303", "'a'", "`in` looks into a list or a map, not into a string"),
    ("d * 2", "E0304", "d", "`*` needs two numbers of one type"),
    ("s + 1", "E0304", "s", "`+` needs two values of one type"),
    ("d % 2.0", "E0304", "d", "`%` needs two whole numbers of one type"),
    ("-s", "E0304", "s", "`-` needs an int or a double"),
    ("!i", "E0301", "i", "`!` needs values that are true or false"),
    ("b && i", "E0301", "i", "`&&` needs values that are true or false"),
    ("i ? 1 : 2", "E0301", "i", "a condition must be true or false"),
    ("b ? 1 : 'a'", "E0308", "1", "both branches of `?:` must have one type"),
    ("l['a']", "E0304", "l", "a list(int) cannot be indexed with a string"),
    ("i[0]", "E0304", "i", "an int cannot be indexed with an int"),
    ("s.foo", "E0302", "foo", "a string has no fields"),
    ("s.startswith('a')", "E0401", "startswith", "a string has no function `startswith`"),
    ("i.startsWith('a')", "E0401", "startsWith", "an int has no function `startsWith`"),
    ("siez(s)", "E0401", "siez", "there is no function `siez`"),
    ("s.startsWith()", "E0305", "startsWith", "`startsWith` takes 1 argument, here are 0"),
    ("s.startsWith('a', 'b')", "E0305", "'a', 'b'", "`startsWith` takes 1 argument, here are 2"),
    ("s.startsWith(1)", "E0305", "1", "`startsWith` takes a string, here is an int"),
    ("l.all(e)", "E0305", "e", "`all` takes 2 or 3 arguments, here is 1"),
    ("i.all(e, e > 0)", "E0307", "i", "`all` needs a list or a map"),
    ("l.all(e, e)", "E0301", "e", "the condition of `all` must be true or false"),
    ("l.map(e, e, 1)", "E0301", "e", "the condition of `map` must be true or false"),
    ("has(i)", "E0111", "i", "`has` asks about a field"),
    ("l.all(1, true)", "E0111", "1", "`all` needs a name for its variable"),
    ("l.all(e, e, true)", "E0111", "e", "`all` needs two different names"),
    ("l.map(__result__, 1)", "E0111", "__result__", "`map` needs another name for its variable"),
    ("l.transformMapEntry(a, c, 1)", "E0111", "1", "`transformMapEntry` makes one entry"),
    ("i.optMap(v, v)", "E0307", "i", "`optMap` needs an optional"),
    ("[?1]", "E0308", "1", "an optional is needed here"),
    ("a.b.C{d: 1}", "E0403", "a.b.C", "there is no message type `a.b.C`"),
    ("deny('no')", "E0310", "deny('no')", "`deny` decides, and no decision can stand here"),
    ("s.matches('(?<!a)b')", "E0306", "(?<!", "RE2 has no lookbehind"),
    ("s.matches('(')", "E0306", "(", "this is not a pattern"),
    ("duration('1 hour')", "E0311", "'1 hour'", "`1 hour` is not a duration"),
    ("timestamp('today')", "E0311", "'today'", "`today` is not a timestamp"),
    ("s.matches(s)", "W0515", "s", "this pattern is compiled when it is met"),
];

#[test]
fn refusals() {
    for (expression, code, at, message) in REFUSALS {
        let (found, place, text) = refusal(SCHEMA, expression);
        let wanted = (*code, *at, *message);
        assert_eq!((found, place.as_str(), text.as_str()), wanted, "{expression}");
    }
}

#[test]
fn followers_are_not_reported() {
    for (expression, count) in [
        ("nope.a.b.c() + 1 > 2 ? 'x' : s", 1),
        ("[nope, 1, 'a'].map(e, e.f).all(g, g)", 1),
        ("size(nope) == 'a'.nope", 2),
        ("(s * 2).foo.bar(1)", 1),
        ("nope.exists(e, e.x == 1 && e)", 1),
    ] {
        let checking = variable(SCHEMA, expression);
        assert_eq!(checking.found.len(), count, "{expression}: {:#?}", checking.found);
    }
}

#[test]
fn a_fix_writes_the_int_as_a_double() {
    let checking = variable(SCHEMA, "d * 2 > 20000.0");
    let fix = checking.found[0].fix.as_ref().expect("there is a fix");
    assert_eq!(fix.title, "write the int as a double");
    assert_eq!(fix.edits[0].text, "2.0");
    assert_eq!(checking.files.text(fix.edits[0].span), "2");
}

#[test]
fn another_field_of_the_type_that_fits_is_named() {
    let schema = "{a: {name: string, amount: double}}";
    let checking = variable(schema, "a.name <= 25000.0");
    assert_eq!(
        checking.found[0].help.as_deref(),
        Some("did you mean `a.amount`, which is a double?")
    );
}

#[test]
fn long_chains_take_no_machine_stack() {
    let sums = vec!["i"; 200].join(" + ");
    let dots = format!("x{}", ".a".repeat(200));
    let nested = format!("{}{}", "[".repeat(80), "]".repeat(80));
    let mapped = format!("[1]{}", ".map(e, [e, e])".repeat(80));
    std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(move || {
            for expression in [sums, dots, nested, mapped] {
                let checking = variable(SCHEMA, &expression);
                checking.assert_silent();
            }
        })
        .expect("a thread starts")
        .join()
        .expect("no stack overflows");
}
