//! What trees can tell of rules: atoms on places, on what accessors and arithmetic make of places,
//! and on what constants hold under them; connectives in any order.

use super::generate::write::{Leaves, Row};

/// Conditions.
pub(crate) const TOLD: &[Row] = &[
    (9, "bool", "(<bool> && <bool>)"),
    (9, "bool", "(<bool> || <bool>)"),
    (4, "bool", "!(<bool>)"),
    (1, "bool", "(<bool> ? <bool> : <bool>)"),
    (4, "bool", "(<int> < <bound>)"),
    (4, "bool", "(<bound> <= <int>)"),
    (3, "bool", "(<int> == <bound>)"),
    (2, "bool", "(<int> != <bound>)"),
    (2, "bool", "(<int> < <int>)"),
    (2, "bool", "(<int> == <int>)"),
    (4, "bool", "(<int> in [0, 1, 22, 30])"),
    (1, "bool", "(<int> in [1, 2u, 3.0])"),
    (1, "bool", "(<int> in [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, -1])"),
    (3, "bool", "(<string> == <word>)"),
    (2, "bool", "(<string> != <string>)"),
    (2, "bool", "(<string> < <word>)"),
    (3, "bool", "<string>.startsWith(<word>)"),
    (1, "bool", "<string>.matches('^[a-x]+$')"),
    (3, "bool", "(<string> in {'x': 1, 'yy': 2, 'get_user': 3})"),
    (3, "bool", "(<string> in {'x': ['x', 'yy'], 'yy': [], 'get_a': ['get_user']}[<string>])"),
    (
        1,
        "bool",
        "!(<string> in {'': ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'x'], 'x': ['']}[<string>])",
    ),
    (2, "bool", "(<int> in {'x': [1, 2], 'yy': [0, 7]}[<string>])"),
    (1, "bool", "(<int> in {'x': [1, 2], 'yy': ['x', 1.0]}[<string>])"),
    (2, "bool", "(<string> == {0: 'x', 1: 'yy'}[<int>])"),
    (1, "bool", "{'x': true, 'yy': false, 'get_a': 1}[<string>]"),
    (2, "int", "{'x': 1, 'yy': 0, '': -3}[<string>]"),
    (
        1,
        "int",
        "{'a': 1, 'b': 2, 'c': 3, 'd': 4, 'e': 5, 'f': 6, 'g': 7, 'x': 8, 'yy': 9}[<string>]",
    ),
    (1, "int", "[3, 1, 2][<int>]"),
    (3, "int", "a.at.getHours()"),
    (2, "int", "a.at.getHours('Asia/Kathmandu')"),
    (2, "int", "now.getHours()"),
    (1, "int", "now.getMinutes('-03:30')"),
    (1, "int", "now.getHours(<string>)"),
    (1, "int", "a.at.getDayOfWeek()"),
    (1, "int", "(now - a.at).getSeconds()"),
    (2, "int", "size(<string>)"),
    (1, "int", "size(a.li)"),
    (1, "int", "a.ls.size()"),
    (1, "int", "size(a.any)"),
    (2, "int", "(<int> + <int>)"),
    (1, "int", "(<int> - <int>)"),
    (1, "int", "(<int> / <int>)"),
    (1, "int", "(<int> % <int>)"),
    (1, "int", "-(<int>)"),
    (1, "int", "(<bool> ? <int> : <int>)"),
    (2, "int", "a.?oi.orValue(<int>)"),
    (1, "int", "a.r.q.?z.orValue(7)"),
    (1, "string", "a.?os.orValue(<string>)"),
    (1, "bool", "a.?os.optMap(v, v == <word>).orValue(<bool>)"),
    (1, "string", "(<bool> ? <string> : <word>)"),
    (1, "string", "(<string> + <string>)"),
    (2, "string", "<string>.lowerAscii()"),
    (1, "string", "string(<int>)"),
    (1, "bool", "cel.bind(v, <int>, v < 2 || v == 7)"),
    (1, "bool", "(now - a.at > duration('1h'))"),
    (1, "bool", "(a.at < now)"),
    (1, "bool", "a.li.exists(v, v == <int>)"),
    (1, "bool", "(a.any == <word>)"),
    (1, "bool", "(a.any < 2)"),
    (2, "bool", "windows.office.contains(now)"),
];

/// Constants that they are compared with.
pub(crate) const BOUNDS: &[Leaves] = &[
    ("bound", &["0", "1", "2", "7", "9", "17", "22", "9223372036854775807"]),
    ("word", &["''", "'x'", "'yy'", "'get_user'", "'\u{e9}'"]),
];

/// Variables of a policy, which stand before its rules.
pub(crate) const VARIABLES: &[Leaves] =
    &[("bool", &["v0", "v1"]), ("int", &["v2", "v3"]), ("string", &["v4"])];
