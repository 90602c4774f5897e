//! What is computed of unknowns: arithmetic, sizes, elements, fields, functions.

use crate::unknown_answers::{SEAL, all, seal, shape};

/// The result has one of the kinds that some overload gives, and fails as some does.
#[test]
fn arithmetic_of_what_may_be_anything() {
    let table = "
        d + e == 1 => yes no NO_SUCH_OVERLOAD OVERFLOW BUDGET < /d /e
        d + e == null => no NO_SUCH_OVERLOAD OVERFLOW BUDGET < /d /e
        d + e == true => no NO_SUCH_OVERLOAD OVERFLOW BUDGET < /d /e
        d + e == 'a' => yes no NO_SUCH_OVERLOAD OVERFLOW BUDGET < /d /e
        dyn(d + e) == dyn(x) => yes no NO_SUCH_OVERLOAD OVERFLOW BUDGET < /d /e
        dyn(d + e) == dyn(l) => yes no NO_SUCH_OVERLOAD OVERFLOW BUDGET < /d /e
        dyn(d + e) == dyn(m) => no NO_SUCH_OVERLOAD OVERFLOW BUDGET < /d /e
        dyn(d + e) == dyn(t) => yes no NO_SUCH_OVERLOAD OVERFLOW BUDGET < /d /e
        dyn(d + e) == dyn(p) => yes no NO_SUCH_OVERLOAD OVERFLOW BUDGET < /d /e
        d - e == 1 => yes no NO_SUCH_OVERLOAD OVERFLOW < /d /e
        d - e == 'a' => no NO_SUCH_OVERLOAD OVERFLOW < /d /e
        dyn(d - e) == dyn(t) => yes no NO_SUCH_OVERLOAD OVERFLOW < /d /e
        dyn(d - e) == dyn(p) => yes no NO_SUCH_OVERLOAD OVERFLOW < /d /e
        d * e == 1.5 => yes no NO_SUCH_OVERLOAD OVERFLOW < /d /e
        d * e == 'a' => no NO_SUCH_OVERLOAD OVERFLOW < /d /e
        dyn(d * e) == dyn(p) => no NO_SUCH_OVERLOAD OVERFLOW < /d /e
        d / e == 1u => yes no NO_SUCH_OVERLOAD OVERFLOW DIVIDE_BY_ZERO < /d /e
        dyn(d / e) == dyn(t) => no NO_SUCH_OVERLOAD OVERFLOW DIVIDE_BY_ZERO < /d /e
        d % e == 1 => yes no NO_SUCH_OVERLOAD OVERFLOW DIVIDE_BY_ZERO < /d /e
        d % e == 'a' => no NO_SUCH_OVERLOAD OVERFLOW DIVIDE_BY_ZERO < /d /e
        -d == 1 => yes no NO_SUCH_OVERLOAD OVERFLOW < /d
        -d == 1.5 => yes no NO_SUCH_OVERLOAD OVERFLOW < /d
        -d == 'a' => no NO_SUCH_OVERLOAD OVERFLOW < /d
        -d < dyn('a') => NO_SUCH_OVERLOAD OVERFLOW < /d
    ";
    all(&[("d", SEAL), ("e", SEAL)], table);
}

/// Two operands of one kind each: what fails fails for sure.
#[test]
fn arithmetic_of_two_kinds() {
    let integer = "
        d + d == 'a' => no OVERFLOW < /d
        d - d == 'a' => no OVERFLOW < /d
        d * d == 'a' => no OVERFLOW < /d
        d / d == 'a' => no OVERFLOW DIVIDE_BY_ZERO < /d
        d % d == 'a' => no OVERFLOW DIVIDE_BY_ZERO < /d
        d + dyn('a') == 1 => NO_SUCH_OVERLOAD
        d + dyn(1.5) == 1 => NO_SUCH_OVERLOAD
        dyn(t) - d == 1 => NO_SUCH_OVERLOAD
    ";
    all(&[("d", &seal("int"))], &format!("{integer}\n-d == 'a' => no OVERFLOW < /d"));
    all(&[("d", &seal("uint"))], &format!("{integer}\n-d == 'a' => NO_SUCH_OVERLOAD"));
    let table = "
        d + d == 'a' => no
        d - d == 'a' => no
        d * d == 'a' => no
        d / d == 'a' => no
        d % d == 1.5 => NO_SUCH_OVERLOAD
        -d == 'a' => no
        -d == 1.5 => yes no < /d
        d + dyn(1) == 1 => NO_SUCH_OVERLOAD
    ";
    all(&[("d", &seal("double"))], table);
    for (kind, other) in [("string", "null"), ("list", "'a'")] {
        let table = format!(
            "d + d == {other} => no BUDGET < /d
            d - d == {other} => NO_SUCH_OVERLOAD
            d * d == {other} => NO_SUCH_OVERLOAD
            d / d == {other} => NO_SUCH_OVERLOAD
            d % d == {other} => NO_SUCH_OVERLOAD
            -d == {other} => NO_SUCH_OVERLOAD
            d + dyn(1) == {other} => NO_SUCH_OVERLOAD"
        );
        all(&[("d", &seal(kind))], &table);
    }
    for kind in ["null", "bool", "map"] {
        let table = "d + d == 1 => NO_SUCH_OVERLOAD\n-d == 1 => NO_SUCH_OVERLOAD";
        all(&[("d", &seal(kind))], table);
    }
    let table = "
        dyn(t) + dyn(t2) == 1 => NO_SUCH_OVERLOAD
        dyn(t) - dyn(t2) == dyn(p) => yes no OVERFLOW < /t
        dyn(t) - dyn(t2) == dyn(t) => no OVERFLOW < /t
        dyn(t) + dyn(p) == dyn(t2) => yes no OVERFLOW < /t
        dyn(p) + dyn(t) == dyn(t2) => yes no OVERFLOW < /t
        dyn(t) - dyn(p) == dyn(p) => no OVERFLOW < /t
        dyn(p) - dyn(t) == 1 => NO_SUCH_OVERLOAD
        dyn(t) * dyn(p) == 1 => NO_SUCH_OVERLOAD
        dyn(t) / dyn(p) == 1 => NO_SUCH_OVERLOAD
    ";
    all(&[("t", SEAL)], table);
    let table = "
        dyn(p) + dyn(p) == dyn(t) => no OVERFLOW < /p
        dyn(p) - dyn(p) == dyn(t) => no OVERFLOW < /p
        dyn(p) * dyn(p) == 1 => NO_SUCH_OVERLOAD
        -dyn(p) == 1 => NO_SUCH_OVERLOAD
    ";
    all(&[("p", SEAL)], table);
}

#[test]
fn sizes_of_what_may_be_anything() {
    let table = "
        size(d) == 1 => yes no NO_SUCH_OVERLOAD < /d
        size(d) >= 0 => yes NO_SUCH_OVERLOAD < /d
        size(d) < 0 => no NO_SUCH_OVERLOAD < /d
        dyn(size(d)) == 'a' => no NO_SUCH_OVERLOAD < /d
        size(d) + 1 == j => yes no NO_SUCH_OVERLOAD OVERFLOW < /d
        size(d) in [-1, -2] => no NO_SUCH_OVERLOAD < /d
        [size(d)][0] >= 0 => yes NO_SUCH_OVERLOAD < /d
    ";
    all(&[("d", SEAL)], table);
    for (kind, has) in
        [("string", true), ("list", true), ("map", true), ("int", false), ("null", false)]
    {
        let wanted = if has { "yes no < /d" } else { "NO_SUCH_OVERLOAD" };
        let sure = if has { "yes" } else { "NO_SUCH_OVERLOAD" };
        let table = format!(
            "size(d) == 1 => {wanted}
            size(d) == j => {wanted}
            [size(d)][0] >= 0 => {sure}
            size(d) >= 0 => {sure}"
        );
        all(&[("d", &seal(kind))], &table);
    }
    let table = "
        size(d) == l.size() => yes no < /d
        size(d) == l2.size() => no
        [size(d)][0] == 3 => yes
        size(d) + 1 == 4 => yes no OVERFLOW < /d
    ";
    all(&[("d", &shape("string", 3))], table);
}

const INDEX: &str = "NO_SUCH_KEY NO_SUCH_OVERLOAD OUT_OF_RANGE BUDGET INVALID_ARGUMENT";

/// What is taken out by a key that nobody knows is one of what lies there.
#[test]
fn elements_by_an_unknown_index() {
    let table = "
        l[i] == 1 => yes no ERRORS < /i
        l[i] == 3 => yes no ERRORS < /i
        l[i] == 4 => no ERRORS < /i
        l[i] == 0 => no ERRORS < /i
        l[i] < 4 => yes ERRORS < /i
        l[i] < 3 => yes no ERRORS < /i
        l[i] > 0 => yes ERRORS < /i
        l[i] > 1 => yes no ERRORS < /i
        dyn(l[i]) == 'a' => no ERRORS < /i
        m[s] < 3 => yes ERRORS < /s
        m[s] == 1 => yes no ERRORS < /s
        m[s] == 3 => no ERRORS < /s
        dyn(m[s]) == 'a' => no ERRORS < /s
        ls[i] == 'a' => yes no ERRORS < /i
        dyn(ls[i]) == 1 => no ERRORS < /i
        [][i] == 1 => ERRORS < /i
        {}[s] == 1 => ERRORS < /s
        [[1], [2, 3]][i].size() == 2 => yes no ERRORS < /i
        [[1], [2, 3]][i].size() == 3 => no ERRORS < /i
        [[1], [2, 3]][i].size() >= 1 => yes ERRORS < /i
        [j][i] == j => yes no ERRORS < /i
        [i][j] == i => OUT_OF_RANGE
        [i][0] == i => yes
        [i, j][i] == i => yes no ERRORS < /i
        has([{'a': i}][0].a) => yes
        has([{'a': i}][0].b) => no
        [i, j].size() == 2 => yes
        [dyn(1), dyn('a')][i] == 1.0 => yes no ERRORS < /i
        [dyn(1), dyn('a')][i] == true => no ERRORS < /i
        many[i] < 100 => yes ERRORS < /i
        rows[i].n == 1 => yes no ERRORS < /i
        l[?i].orValue(9) == 9 => yes no anything < /i
    ";
    let table = table.replace("ERRORS", INDEX);
    let sealed = [("i", SEAL), ("s", SEAL)];
    all(&sealed, &table);
    // So many alternatives are looked at, and no more.
    for (count, wanted) in [(64, "yes"), (65, "yes no")] {
        let many: Vec<String> = (0..count).map(|at| at.to_string()).collect();
        let many = format!("[{}]", many.join(","));
        let table = format!("many[i] < 100 => {wanted} {INDEX} < /i");
        all(&[("i", SEAL), ("many", &many)], &table);
    }
    let entries: Vec<String> = (0..64).map(|at| format!("\"k{at}\":{at}")).collect();
    let map = format!("{{{}}}", entries.join(","));
    all(&[("s", SEAL), ("m", &map)], &format!("m[s] < 100 => yes {INDEX} < /s"));
}

#[test]
fn elements_of_what_nobody_knows() {
    let table = "
        l[0] == 1 => yes no OUT_OF_RANGE < /l
        dyn(l[0]) == 'a' => no OUT_OF_RANGE < /l
        l[j] == 1 => yes no OUT_OF_RANGE < /l
        dyn(l)[dyn(1u)] == 'a' => no OUT_OF_RANGE < /l
        dyn(l)[dyn('a')] == 'a' => no ERRORS < /l
        m['a'] == 1 => yes no NO_SUCH_KEY < /m
        m.a == 1 => yes no NO_SUCH_KEY < /m
        dyn(m.a) == 'a' => no NO_SUCH_KEY < /m
        dyn(m[s]) == 'a' => no NO_SUCH_KEY < /m
        d[0] == 1 => yes no ERRORS < /d
        d['a'] == 1 => yes no NO_SUCH_KEY < /d
        d[e] == 1 => yes no ERRORS < /d
        rows[0].n == 1 => yes no OUT_OF_RANGE < /rows
        dyn(rows[0].n) == 'a' => no OUT_OF_RANGE < /rows
        rows[0].s == 'a' => yes no NO_SUCH_KEY OUT_OF_RANGE < /rows
        has(rows[0].n) => yes OUT_OF_RANGE < /rows
        has(rows[0].s) => yes no OUT_OF_RANGE < /rows
        has(dyn(rows[0]).other) => no OUT_OF_RANGE < /rows
        dyn(rows[0]).other == 1 => NO_SUCH_KEY OUT_OF_RANGE < /rows
        dyn(rows[0]).n == 'a' => no OUT_OF_RANGE < /rows
        dyn(l[0]).n == 1 => NO_SUCH_KEY OUT_OF_RANGE < /l
        has(dyn(l[0]).n) => NO_SUCH_OVERLOAD OUT_OF_RANGE < /l
        (b ? d : e).n == 1 => yes no NO_SUCH_KEY NO_SUCH_OVERLOAD BUDGET < /d
        has((b ? d : e).n) => yes no NO_SUCH_KEY NO_SUCH_OVERLOAD < /d
        (b ? d : e)[0] == 1 => yes no ERRORS < /d
        m.?a.orValue(1) == 1 => yes no NO_SUCH_KEY < /m
        m.?a.hasValue() => yes no anything < /m
        dyn(m.?a) == 1 => no anything < /m
        m[?'a'].hasValue() => yes no anything < /m
    ";
    let table = table.replace("ERRORS", INDEX);
    all(&[("l", SEAL), ("m", SEAL), ("d", SEAL), ("rows", SEAL)], &table);
}

/// Below what is withheld lies what the schema says, and perhaps what it does not require.
#[test]
fn parts_of_what_is_withheld() {
    let table = "
        r.x == 1 => yes no < /r
        dyn(r.x) == 'a' => no
        has(r.x) => yes no < /r
        r.y == 1 => yes no NO_SUCH_KEY < /r
        has(r.y) => yes no < /r
        d.z == 1 => yes no NO_SUCH_KEY < /d
        has(d.z) => yes no NO_SUCH_OVERLOAD < /d
        d.z.zz == 1 => yes no NO_SUCH_KEY < /d
        r.x == r.x => yes no < /r
        rows.all(y, y.n == y.n) => yes no < /rows
    ";
    all(&[("r", SEAL), ("d", SEAL), ("rows", SEAL)], table);
    let table = "
        rows.exists(y, y.n == 1) => yes no < /rows/0
        rows.exists(y, y.n == 2) => yes
        rows.all(y, y.n == 2) => yes no < /rows/0
        rows.all(y, has(y.n)) => yes no < /rows/0
        rows.all(y, has(y.s)) => no
        rows.exists(y, has(y.s)) => yes no < /rows/0
        rows.size() == 2 => yes
    ";
    all(&[("rows", r#"[{"$x":"seal"},{"n":2}]"#)], table);
}

/// A builtin that takes its arguments for sure, and cannot fail, does not.
#[test]
fn functions_of_unknowns() {
    let table = "
        s.contains(s2) => yes no < /s
        s.startsWith(s2) => yes no < /s
        s2.startsWith(s) => yes no < /s
        type(d) == int => yes no < /d
        type(s) == string => yes no < /s
        dyn(string(i)) == 1 => no anything < /i
        string(i) == '5' => yes no anything < /i
        dyn(double(i)) == 'a' => no
        dyn(uint(i)) == 'a' => no anything < /i
        int(s) == 1 => yes no anything < /s
        dyn(string(d)) == 1 => yes no anything < /d
        dyn(s.size()) == 'a' => no
        dyn(bool(s)) == 1 => no anything < /s
        s.lowerAscii() == 'a' => yes no anything < /s
    ";
    all(&[("i", SEAL), ("s", SEAL), ("d", SEAL)], table);
    // Two functions have the name.
    for (kind, wanted) in [
        ("timestamp", "no"),
        ("duration", "no"),
        ("string", "yes no anything < /d"),
        ("int", "yes no anything < /d"),
    ] {
        all(&[("d", &seal(kind))], &format!("dyn(d.getSeconds()) == 'a' => {wanted}"));
    }
    let table = "
        dyn(t).getSeconds() == 30 || i == 1 => yes
        dyn(p).getSeconds() == 3 || i == 1 => yes
        dyn(p).getSeconds() == 4 || i == 1 => yes no < /i
        l[?1].orValue(9) == 2 || i == 1 => yes
        l[?7].orValue(9) == 9 || i == 1 => yes
        m.?b.orValue(9) == 2 || i == 1 => yes
        m[?'c'].orValue(9) == 9 || i == 1 => yes
        dyn((i == 1 ? dyn(t) : dyn(p)).getSeconds()) == 'a' => yes no anything < /i
        dyn((i == 1 ? dyn(t) : dyn(t2)).getSeconds()) == 'a' => no
        (i == 1 ? dyn(t) : dyn(t2)).getSeconds() == 30 => yes no < /i
        dyn((i == 1 ? dyn(t) : dyn(s)).getSeconds()) == 'a' => yes no anything < /i
    ";
    all(&[("i", SEAL)], table);
}
