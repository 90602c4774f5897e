//! Equality and membership: of what holds unknowns, of tokens, of what is perhaps not there.

use crate::unknown_answers::{HIDE, SEAL, all, seal, token};

#[test]
fn lists_and_maps_that_hold_unknowns() {
    let table = "
        [i, 1] == [5, 1] => yes no < /i
        [5, 1] == [i, 1] => yes no < /i
        [i, 2] == [5, 1] => no
        [i] == [5, 1] => no
        [5, 1] == [i] => no
        [i] == [] => no
        [i] == l2 => no
        [i, 5] == l2 => yes no < /i
        [i, 6] == l2 => no
        l2 != [4, i] => yes no < /i
        l2 == [i] + [5] => yes no < /i
        [i] == [i] => yes
        [i, 1] == [i, 1] => yes
        [i, 1] == [i, 2] => no
        [dyn(i)] == [dyn('a')] => no
        [dyn(i)] == [dyn(5.0)] => yes no < /i
        [[i]] == [[5]] => yes no < /i
        [[i], [1]] == [[5], [2]] => no
        [[i], [1]] == [[5], [1]] => yes no < /i
        {'x': i} == {'x': 5} => yes no < /i
        {'x': i} == {'y': 5} => no
        {'x': i} == {'x': i} => yes
        {'x': i, 'y': 1} == {'y': 1, 'x': 5} => yes no < /i
        {'x': i, 'y': 1} == {'y': 2, 'x': 5} => no
        {'x': i} == {'x': 5, 'y': 1} => no
        {'x': i} == m => no
        dyn({'x': i}) == dyn([1, i]) => no
        dyn([i]) == dyn(5) => no
        dyn(5) == dyn([i]) => no
        optional.of(i) == optional.of(5) => yes no anything < /i
        optional.of(i) == optional.of(i) => yes no anything < /i
        optional.of(i) == optional.none() => yes no anything < /i
        dyn(optional.of(i)) == dyn([i]) => no anything < /i
    ";
    all(&[("i", SEAL)], table);
    let table = "
        q == q => yes no < /q
        [q] == [q] => yes no < /q
        d == d => yes no < /d
        [d] == [d] => yes no < /d
        [d, 1] == [d, 2] => no
        [q, 1.0] == [1.5, 2.0] => no
        l == l => yes no < /l
        [d] == [e] => yes no < /d /e
        dyn([d]) == dyn(l) => yes no < /d /l
        [dyn(q), dyn(d)] == [dyn(1), dyn(2)] => yes no < /q /d
    ";
    all(&[("q", SEAL), ("d", SEAL), ("e", SEAL), ("l", SEAL)], table);
}

#[test]
fn membership() {
    let table = "
        i in [5, 6] => yes no < /i
        i in [j, 7] => yes no < /i
        i in [i, 7] => yes
        5 in [i, 5] => yes
        5 in [i, 6] => yes no < /i
        dyn('a') in [dyn(i)] => no
        dyn(5.0) in [dyn(i), dyn('a')] => yes no < /i
        dyn(i) in ['a', 'b'] => no
        dyn(i) in [dyn('a'), dyn(5)] => yes no < /i
        [i] in [[5], [6]] => yes no < /i
        [i, 1] in [[5, 2], [6, 3]] => no
        [i, 1] in [[5, 2], [6, 1]] => yes no < /i
        i in l => yes no < /i
        dyn(i) in ls => no
        i in {5: 1} => yes no < /i
        dyn(i) in m => no
        'x' in {'x': i} => yes
        'y' in {'x': i} => no
        s in {'x': i} => no
        s in {'text': i} => yes
        dyn(i) in dyn(s) => NO_SUCH_OVERLOAD
        dyn(i) in dyn(j) => NO_SUCH_OVERLOAD
        dyn(i) in dyn(optional.of(5)) => NO_SUCH_OVERLOAD
        dyn(i) in dyn(null) => NO_SUCH_OVERLOAD
        dyn(j) in dyn(i) => NO_SUCH_OVERLOAD
        5 in [i].filter(x, x > 0) => yes no < /i
    ";
    all(&[("i", SEAL)], table);
    let table = "
        1 in l => yes no < /l
        i in l => yes no < /l
        'a' in m => yes no < /m
        s in m => yes no < /m
        1 in d => yes no NO_SUCH_OVERLOAD < /d
        i in d => yes no NO_SUCH_OVERLOAD < /d
        e in d => yes no NO_SUCH_OVERLOAD < /d
        d in l => yes no < /d /l
        d in [1, 'a'] => yes no < /d
        [] == l => yes no < /l
    ";
    all(&[("l", SEAL), ("m", SEAL), ("d", SEAL)], table);
    for (kind, wanted) in
        [("list", "yes no < /d"), ("map", "yes no < /d"), ("string", "NO_SUCH_OVERLOAD")]
    {
        all(&[("d", &seal(kind))], &format!("1 in d => {wanted}\nj in d => {wanted}"));
    }
}

#[test]
fn tokens_tell_of_each_other() {
    for (first, second, kind) in [("s", "s2", "string"), ("i", "j", "int"), ("l", "l2", "list")] {
        let (one, other) = (token(kind, "a", "1"), token(kind, "a", "2"));
        let elsewhere = token(kind, "b", "1");
        // Of lists tokens tell nothing: they may hold what is unequal to itself.
        let (same, unlike, open) = if kind == "list" {
            let open = format!("yes no < /{first} /{second}");
            (open.clone(), open.clone(), open)
        } else {
            ("yes".to_owned(), "no".to_owned(), format!("yes no < /{first} /{second}"))
        };
        let cases =
            [(&one, same), (&other, unlike), (&elsewhere, open.clone()), (&seal(kind), open)];
        for (mark, wanted) in cases {
            let table = format!(
                "{first} == {second} => {wanted}
                {second} == {first} => {wanted}
                [{first}] == [{second}] => {wanted}
                {first} in [{second}] => {wanted}"
            );
            all(&[(first, &one), (second, mark)], &table);
        }
        let table = format!("{first} == {first} => yes\n{first} in [{first}] => yes");
        if kind != "list" {
            all(&[(first, &one)], &table);
            all(&[(first, SEAL)], &table);
        }
    }
    let two = |first: &str, second: &str, wanted: &str| {
        let table = format!("d == e => {wanted}\n[e] == [d] => {wanted}");
        all(&[("d", first), ("e", second)], &table);
    };
    for kind in ["string", "bytes", "bool", "int", "uint", "timestamp", "duration"] {
        two(&token(kind, "a", "1"), &token(kind, "a", "1"), "yes");
        two(&token(kind, "a", "1"), &token(kind, "a", "2"), "no");
        two(&token(kind, "a", "1"), &seal(kind), "yes no < /d /e");
        two(&seal(kind), &token(kind, "a", "1"), "yes no < /d /e");
    }
    for kind in ["double", "map", "null"] {
        two(&token(kind, "a", "1"), &token(kind, "a", "1"), "yes no < /d /e");
        two(&token(kind, "a", "1"), &token(kind, "a", "2"), "yes no < /d /e");
    }
    two(&token("int", "a", "1"), &token("uint", "a", "2"), "yes no < /d /e");
    two(&token("int", "a", "1"), &token("string", "a", "1"), "no");
    // A time may be spelled in two ways, and a number as two kinds.
    let (one, two) = (token("string", "a", "1"), token("string", "a", "2"));
    all(&[("t", &one), ("t2", &two)], "t == t2 => yes no < /t /t2");
    all(&[("t", &one), ("t2", &one)], "t == t2 => yes no < /t /t2");
    all(&[("t", &one)], "t == t => yes");
    let (one, two) = (token("int", "a", "1"), token("double", "a", "2"));
    all(&[("i", &one), ("j", &two)], "i == j => yes no < /i /j\nj == i => yes no < /i /j");
}

#[test]
fn what_is_perhaps_not_there() {
    let hidden = r#"{"a":{"$x":"hide"},"b":2}"#;
    let table = "
        d == {'b': 2} => refused or yes no < /d/a
        d == {'a': 1, 'b': 2} => refused or yes no < /d/a
        d == {'b': 3} => refused or yes no < /d/a
        {'b': 2} == d => refused or yes no < /d/a
        d == 5 => refused or no
        d == [1] => refused or no
        [d] == [{'b': 2}] => refused or yes no < /d/a
        'a' in d => refused or yes no < /d/a
        'b' in d => refused or yes
        'c' in d => refused or no
        s in d => refused or no
        1 in d => refused or no
        has(d.a) => yes no < /d/a
        has(d.b) => yes
        has(d.c) => no
        d.a == 1 => yes no NO_SUCH_KEY < /d/a
        d['a'] == 1 => yes no NO_SUCH_KEY < /d/a
        d.b == 2 => yes
        d.c == 2 => NO_SUCH_KEY
        size(d) == 0 => refused or no
        size(d) == 1 => refused or yes no < /d/a
        size(d) == 2 => refused or yes no < /d/a
        size(d) == 3 => refused or no
        size(d) in [0, 3] => refused or no
        size(d) in [1, 3] => refused or yes no < /d/a
        size(d) in [2, 3] => refused or yes no < /d/a
        size(d) < j => refused or yes
        size(d) > l2.size() => refused or no
        size(d) < l2.size() => refused or yes no < /d/a
        size(d) >= l2.size() => refused or yes no < /d/a
        size(d) < [1].size() => refused or no
        d.exists(k, k == 'b') => refused or yes no < /d/a
        d.all(k, k != 'c') => refused or yes no < /d/a
        d.exists(k, v, v == 2) => refused or yes no < /d/a
    ";
    all(&[("d", hidden)], table);
    let table = "
        size(d) == 1 => refused or yes no < /d/a /d/c
        size(d) == 0 => refused or no
        size(d) == 4 => refused or no
        size(d) in [0, 4] => refused or no
        d == {'b': 2} => refused or yes no < /d/a /d/c
        size({'x': d.?a}) == 1 => yes anything < /d/a
        d.?b.hasValue() => yes
        d[?'b'].hasValue() => yes
        d.?z.hasValue() => no
    ";
    all(&[("d", r#"{"a":{"$x":"hide"},"b":2,"c":{"$x":"hide"}}"#)], table);
}

/// Elements of a list that are hidden, of one that is no list of rows.
#[test]
fn elements_that_are_perhaps_not_there() {
    let table = "
        size(d) == 2 => yes no < /d/0
        size(d) == 1 => yes no < /d/0
        size(d) == 0 => no
        d == [1, 2] => yes no < /d/0
        d == [1, 2, 3] => yes no < /d/0
        d == {'a': 1} => no
        2 in d => yes
        3 in d => yes no < /d/0
    ";
    all(&[("d", r#"[{"$x":"hide"},2]"#)], table);
}

#[test]
fn operands_that_are_perhaps_not_there() {
    let table = "
        o == 1 || j == 6 => yes
        o == 1 => yes no NO_SUCH_KEY < /o
        dyn(o) == 'a' => no NO_SUCH_KEY < /o
        o < 5 => yes no NO_SUCH_KEY < /o
        o in [1, 2] => yes no NO_SUCH_KEY < /o
        o + 1 == 2 => yes no NO_SUCH_KEY OVERFLOW < /o
        -o == 2 => yes no NO_SUCH_KEY OVERFLOW < /o
        [o] == [1] => yes no NO_SUCH_KEY < /o
        l.exists(y, y == o) => yes no NO_SUCH_KEY < /o
        (b ? o : j) == 1 => yes no NO_SUCH_KEY < /o
    ";
    all(&[("o", HIDE)], table);
    let table = "
        o == 1 => NO_SUCH_KEY
        [o, i] == [1, 2] => NO_SUCH_KEY
        [i, o] == [1, 2] => NO_SUCH_KEY
        i + o == 1 => NO_SUCH_KEY
        o + i == 1 => NO_SUCH_KEY
        i == o => NO_SUCH_KEY
        i < o => NO_SUCH_KEY
        o > i => NO_SUCH_KEY
        i in [o] => NO_SUCH_KEY
        l[o] == i => NO_SUCH_KEY
        i == 1 || o == 1 => yes NO_SUCH_KEY < /i
        i == 1 && o == 1 => no NO_SUCH_KEY < /i
        string(o) == string(i) => NO_SUCH_KEY
    ";
    all(&[("i", SEAL), ("o", "")], table);
}
