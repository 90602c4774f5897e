//! Loops over what is known in part, and what they build.

use crate::unknown_answers::{SEAL, all, shape};

/// A list of known size is walked as often; more than 64 unknown elements are one for all.
#[test]
fn lists_of_known_size() {
    let table = "
        l.exists(x, x == 1) => yes no < /l
        l.all(x, x == 1) => yes no < /l
        l.exists(k, v, k == 1) => yes
        l.exists(k, v, k == 2) => no
        l.all(k, v, k < 2) => yes
        l.exists(x, j == 6) => yes
        l.exists(x, dyn(x) == 'a') => no
        l.exists_one(x, x == 1) => yes no < /l
        l.exists_one(x, j == 6) => no
        l.map(x, 1) == [1, 1] => yes
        l.map(x, 1).size() == 2 => yes
        l.map(x, x).size() == 2 => yes
        l.filter(x, j == 6).size() == 2 => yes
        l.filter(x, x == 1).size() < 3 => yes
        l.filter(x, x == 1).size() < 2 => yes no < /l
        l.filter(x, j == 7) == [] => yes
        l.map(x, [x]).size() == 2 => yes
        l.transformList(k, v, k) == [0, 1] => yes
    ";
    all(&[("l", &shape("list", 2))], table);
    for (count, last) in [(63, "yes"), (64, "yes"), (65, "yes no < /many"), (66, "yes no < /many")]
    {
        let table = format!(
            "many.exists(k, v, k == {}) => {last}
            many.exists(k, v, k == {count}) => no
            many.all(k, v, k < {count}) => yes
            many.exists(k, v, k == 0) => {last}
            many.exists(x, x == 1) => yes no < /many",
            count - 1
        );
        all(&[("many", &shape("list", count))], &table);
    }
    let table = "
        l.exists(x, x == 1) => yes no < /l
        l.exists(x, j == 6) => yes no < /l
        l.exists(x, j == 7) => no
        l.all(x, j == 6) => yes
        l.all(x, j == 7) => yes no < /l
        l.exists(k, v, k < 0) => no
        l.all(k, v, k >= 0) => yes
        l.exists(k, v, k == 3) => yes no < /l
        l.map(x, 1).size() == 2 => yes no BUDGET < /l
        l.map(x, 1).all(x, x == 1) => yes
        l.exists_one(x, x == 1) => yes no < /l
        l.exists_one(x, j == 7) => no
        l.exists(x, l2.exists(y, x == y)) => yes no < /l
        l2.exists(y, l.exists(x, x == y)) => yes no < /l
        l2.all(y, l.all(x, j == 6)) => yes
        l.exists(x, 1 / (j - 6) == x) => no DIVIDE_BY_ZERO < /l
        l.all(x, 1 / (j - 6) == x) => yes DIVIDE_BY_ZERO < /l
        l.exists(x, 6 / x == 1) => yes no OVERFLOW DIVIDE_BY_ZERO < /l
    ";
    all(&[("l", SEAL)], table);
}

/// The list is known, and what becomes of its elements is not.
#[test]
fn lists_that_are_known() {
    let table = "
        l.exists(x, x > i) => yes no < /i
        l.exists(x, x > i || x == 3) => yes
        l.exists(x, x > i && x == 4) => no
        l.all(x, x < 4 || x > i) => yes
        l.all(x, x < 3 && x > i) => no
        l.exists(x, 6 / (x - 2) == i) => yes DIVIDE_BY_ZERO < /i
        l.all(x, 6 / (x - 2) == i) => no DIVIDE_BY_ZERO < /i
        l.exists(x, 1 / (x - i) == 7) => yes no OVERFLOW DIVIDE_BY_ZERO < /i
        l.exists_one(x, x == i) => yes no < /i
        l.exists_one(x, x == 1 || x == i) => yes no < /i
        l.exists_one(x, x <= 2 || x == i) => no
        l.exists_one(x, x == 4 && x == i) => no
        l.exists_one(x, x == 2) && i == i => yes
        l.filter(x, x > i).size() == 4 => no
        l.filter(x, x > i || x < 3).size() >= 2 => yes
        l.filter(x, x > i || x < 3).size() >= 3 => yes no < /i
        l.filter(x, x > i).exists(y, y == 1) => yes no < /i
        l.filter(x, x > i).exists(y, j == 7) => no
        l.filter(x, x > i).all(y, j == 6) => yes
        l.filter(x, x > i).map(y, y + 1).size() >= 0 => yes
        l.map(x, x + i).size() == 3 => yes OVERFLOW < /i
        l.map(x, [x, i]).size() == 3 => yes
        l.map(x, [x, i])[1][0] == 2 => yes
        l.map(x, [x, i])[1][1] == 2 => yes no < /i
        l.map(x, x > i, x).size() <= 3 => yes
        l.map(x, x > 2, i).size() == 1 => yes
        l.map(x, x > 2, i)[0] == i => yes
        l.map(x, x > 2, i) == [i] => yes
        l.map(x, x > 2, i) == [i, 1] => no
        [i].exists(x, x == i) => yes
        [i, 1].exists(x, x == 1) => yes
        {'a': i}.exists(k, k == 'a') => yes
        {'a': i}.exists(k, k == 'b') => no
        {'a': i}.exists(k, v, v == i) => yes
        {'a': i}.map(k, k) == ['a'] => yes
        m.exists(k, v, v == i) => yes no < /i
        m.all(k, v, v < 3 || v == i) => yes
        m.filter(k, m[k] > i).size() <= 2 => yes
        m.filter(k, m[k] > i).size() == 3 => no
        m.transformList(k, v, v + i).size() == 2 => yes OVERFLOW < /i
    ";
    all(&[("i", SEAL)], table);
}

#[test]
fn elements_that_are_withheld() {
    let table = "
        l.exists(x, x == 1) => yes
        l.exists(x, x == 4) => yes no < /l/1
        l.all(x, x < 3) => no
        l.all(x, x < 4) => yes no < /l/1
        l.all(x, x == x) => yes
        l.exists(k, v, k == 1 && v == 3) => yes no < /l/1
        l.exists(k, v, k == 2 && v == 3) => yes
        l.size() == 3 => yes
        l.map(x, x).size() == 3 => yes
        l.map(x, x)[2] == 3 => yes
        l.map(x, x)[1] == 3 => yes no < /l/1
        l.filter(x, x == 3).size() >= 1 => yes
        l.filter(x, x == 3).size() <= 2 => yes
        l.filter(x, x == 3).size() == 2 => yes no < /l/1
        l.exists_one(x, x == 3) => yes no < /l/1
        l.exists_one(x, x == 1 || x == 3) => no
        l == [1, 2, 3] => yes no < /l/1
        l == [1, 2, 4] => no
        1 in l => yes
        2 in l => yes no < /l/1
        l[0] == 1 => yes
        l[1] == 1 => yes no < /l/1
        l[1] == l[1] => yes
        dyn(l[1]) == 'a' => no
        l[j] == 1 => OUT_OF_RANGE
        l + [4] == [1, 2, 3, 4] => yes no < /l/1
        l + [4] == [1, 2, 4, 4] => no
        (l + [4]).size() == 4 => yes
    ";
    all(&[("l", r#"[1,{"$x":"seal"},3]"#)], table);
}

/// A row is there whatever of it is hidden; an element that is hidden perhaps is not.
#[test]
fn rows_and_elements_that_are_hidden() {
    let table = "
        one.size() == 2 => yes
        one.exists(y, y.q) => yes no NO_SUCH_KEY < /one/0/q
        one.all(y, y.q) => no
        one.exists(y, has(y.q)) => yes
        one.all(y, has(y.q)) => yes no < /one/0/q
    ";
    all(&[("one", r#"[{"q":{"$x":"hide"}},{"q":false}]"#)], table);
    // Where no rule reads a column nobody says that it need not be there.
    let table = "
        one.exists(k, y, k == 1) => refused or yes
        one.exists(k, y, k == 2) => refused or no
        one.map(y, 1) == [1, 1] => yes
        one.filter(y, has(y.q)).size() >= 1 => yes
        one.filter(y, j == 6).size() == 2 => yes
        one.filter(y, j == 6).exists(y, y.q) => yes no NO_SUCH_KEY < /one/0/q
        one.filter(y, j == 6).all(y, has(y.q)) => yes no < /one/0/q
    ";
    all(&[("one", r#"[{"q":{"$x":"hide"}},{"q":false}]"#)], table);
    let table = "
        rows.exists(y, y.s == 'a') => yes NO_SUCH_KEY < /rows/0/s
        rows.exists(y, y.n == 2) => yes
        rows.all(y, has(y.s)) => no
        rows.exists(y, has(y.s)) => yes no < /rows/0/s
        rows.exists(y, y.n == 1 && has(y.s)) => yes no < /rows/0/s
        rows.exists(y, y.n == 2 && has(y.s)) => no
    ";
    all(&[("rows", r#"[{"n":1,"s":{"$x":"hide"}},{"n":2}]"#)], table);
    let table = "
        d.exists(x, x == 2) => yes no < /d/0
        d.all(x, j == 6) => yes
        d.map(x, x).size() < 3 => yes no BUDGET < /d/0
        d.exists(k, v, k == 2) => no
    ";
    all(&[("d", r#"[{"$x":"hide"},2]"#)], table);
}

#[test]
fn what_is_built() {
    let table = "
        [i, 1].size() == 2 => yes
        [i, 1][1] == 1 => yes
        {'a': i}.a == i => yes
        {'a': i}['a'] == i => yes
        {'a': i, 'b': 2}.b == 2 => yes
        {'a': i}.b == 2 => NO_SUCH_KEY
        {i: 1}.size() == 1 => yes DUPLICATE_KEY BUDGET INVALID_KEY < /i
        {i: 1}.size() == 2 => no DUPLICATE_KEY BUDGET INVALID_KEY < /i
        {i: 1, 2: 3}.size() == 2 => yes DUPLICATE_KEY BUDGET INVALID_KEY < /i
        {i: 1} == {5: 1} => yes no DUPLICATE_KEY BUDGET INVALID_KEY < /i
        5 in {i: 1} => yes no DUPLICATE_KEY BUDGET INVALID_KEY < /i
        [?optional.of(i), 2].size() == 2 => yes no anything < /i
        [?optional.of(i), 2][0] == i => yes no anything < /i
        [?optional.none(), i].size() == 1 => yes
        {?'a': optional.of(i)}.a == i => yes no anything < /i
        {?'a': optional.none(), 'b': i}.size() == 1 => yes
        (i == 1 ? [1] : [2]).size() == 1 => yes
        (i == 1 ? [1] : [2]).size() == 2 => no
        (i == 1 ? [1] : [2])[0] == 1 => yes no NO_SUCH_OVERLOAD OUT_OF_RANGE < /i
        (i == 1 ? [1] : [1])[0] == 1 => yes
        (i == 1 ? 1 : 1) == 1 => yes
        (i == 1 ? 1 : 3) < 4 => yes
        (i == 1 ? 1 : 3) == 2 => yes no < /i
        (i == 1 ? 1 : 3) == 4 => no
        (i == 1 ? 'a' : 'b') == 'a' => yes no < /i
        (i == 1 ? dyn(1) : dyn('b')) == true => no
        (i == 1 ? dyn(1) : dyn('b')) < 2 => yes no NO_SUCH_OVERLOAD < /i
        (i == 1 ? 1 / (j - 6) : 3) == 3 => yes DIVIDE_BY_ZERO < /i
        (i == 1 ? 1 / (j - 6) : 3 % (j - 6)) == 3 => DIVIDE_BY_ZERO < /i
        (i == 1 ? 1 / (j - 6) : l[7]) == 3 => DIVIDE_BY_ZERO OUT_OF_RANGE < /i
        [1, i == 1 ? 2 : 3].size() == 2 => yes
        [1, i == 1 ? 2 : 3][0] == 1 => yes
        [1, i == 1 ? 2 : 3][1] > 1 => yes
        i == 1 ? j == 6 : j == 6 => yes
        i == 1 ? j == 6 : j == 7 => yes no < /i
    ";
    all(&[("i", SEAL)], table);
    let fails = "NO_SUCH_KEY NO_SUCH_OVERLOAD DUPLICATE_KEY BUDGET INVALID_KEY";
    all(&[("i", SEAL)], &format!("{{i: 1, 2: 3}}[2] == 3 => yes no {fails} < /i"));
    let table = "
        [?d, 1].size() == 2 => yes no NO_SUCH_OVERLOAD < /d
        [?d, 1].size() == 0 => no NO_SUCH_OVERLOAD < /d
        [?d, 1].size() > 2 => no NO_SUCH_OVERLOAD < /d
        [?d, ?d].size() > 2 => no NO_SUCH_OVERLOAD < /d
        {?'a': d}.size() <= 1 => yes NO_SUCH_OVERLOAD DUPLICATE_KEY BUDGET INVALID_KEY < /d
        d.hasValue() => yes no NO_SUCH_OVERLOAD < /d
        d ? j == 6 : j == 6 => yes NO_SUCH_OVERLOAD < /d
        d && j == 6 => yes no NO_SUCH_OVERLOAD < /d
        d || j == 6 => yes
        !d => yes no NO_SUCH_OVERLOAD < /d
        d.exists(x, x == 1) => yes no NO_SUCH_OVERLOAD < /d
        d.all(x, j == 6) => yes NO_SUCH_OVERLOAD < /d
        d.matches('a') => yes no NO_SUCH_OVERLOAD < /d
        d.startsWith('a') => yes no NO_SUCH_OVERLOAD < /d
    ";
    all(&[("d", SEAL)], table);
}

/// The columns of rows of which nobody knows anything have their types, and so have keys.
#[test]
fn rows_and_maps_that_are_withheld() {
    let table = "
        rows.all(y, has(y.n)) => yes
        rows.all(y, has(y.s)) => yes no < /rows
        rows.exists(y, y.n == 1) => yes no < /rows
        rows.exists(y, dyn(y.n) == 'a') => no
        rows.exists(y, y.s == 'a') => yes no NO_SUCH_KEY < /rows
        rows.exists(y, has(y.s) && dyn(y.s) == 1) => no NO_SUCH_KEY < /rows
        rows.exists(y, has(y.s) && y.s == 'a') => yes no NO_SUCH_KEY < /rows
        rows.size() == 1 => yes no < /rows
        rows.filter(y, has(y.s)).size() > 1 => yes no < /rows
        wide.exists(y, y.sub.exists(k, k.q == 2)) => yes no < /wide
        wide.exists(y, y.sub.exists(k, dyn(k.q) == 'a')) => no
        wide.exists(y, y.sub.exists(k, k.z == 2)) => yes no NO_SUCH_KEY < /wide
        wide.all(y, y.sub.all(k, has(k.q))) => yes
        wide.all(y, y.sub.all(k, has(k.z))) => yes no < /wide
        m.exists(k, k == 'a') => yes no < /m
        m.exists(k, dyn(k) == 1) => no
        m.exists(k, v, v == 1) => yes no < /m
        m.exists(k, v, dyn(v) == 'a') => no
        m.all(k, v, dyn(k) == dyn(v)) => yes no < /m
        m.exists(k, v, dyn(k) == dyn(v)) => no
        l.filter(x, l2.all(y, j == 6)).size() > 1 => yes no < /l /l2
        l.exists_one(x, l2.exists(y, y == 1)) => yes no < /l /l2
    ";
    all(&[("rows", SEAL), ("wide", SEAL), ("m", SEAL), ("l", SEAL), ("l2", SEAL)], table);
    let table = "
        d.exists(k, k == 1.5) => yes no < /d
        d.exists(k, k == 'a') => yes no < /d
        d.exists(k, k == null) => no
        d.exists(k, dyn(k) == dyn(x)) => no
        d.exists(k, v, v == null) => yes no < /d
    ";
    all(&[("d", r#"{"$x":"seal","t":"map"}"#)], table);
    let table = "
        d.exists(k, v, k == 'a') => no
        d.exists(k, v, k == 1) => yes no < /d
        d.exists(k, k == null) => yes no < /d
    ";
    all(&[("d", r#"{"$x":"seal","t":"list"}"#)], table);
    let table = "
        d.exists(k, v, k == 'a') => yes no NO_SUCH_OVERLOAD < /d
        d.exists(k, v, k == 1) => yes no NO_SUCH_OVERLOAD < /d
        d.exists(k, v, k == null) => no NO_SUCH_OVERLOAD < /d
        d.exists(k, k == null) => yes no NO_SUCH_OVERLOAD < /d
    ";
    all(&[("d", SEAL)], table);
}

/// A list that was taken out of another, or that a way led to.
#[test]
fn elements_that_are_perhaps_not_there() {
    let table = "
        [d][0].exists(x, x == 2) => yes no NO_SUCH_KEY < /d/0
        [d][0].all(x, j == 6) => yes
        [d][0].exists(x, j == 6) => yes
        [d][0].exists(k, v, k == 2) => no
        [d][0].size() == 2 => yes no < /d/0
        [d][0].size() > 2 => no
        [d][0].size() < 1 => no
        [d][0][1] == 2 => yes no OUT_OF_RANGE < /d/0
        [d][0][0] == 2 => yes no OUT_OF_RANGE < /d/0
        d[1] == 2 => yes no OUT_OF_RANGE < /d/0
    ";
    all(&[("d", r#"[{"$x":"hide"},2]"#)], table);
    let table = "
        [d][0].exists(k, k == 'b') => refused or yes no < /d/a
        [d][0].exists(k, v, v == 2) => refused or yes no < /d/a
        [d][0].all(k, j == 6) => refused or yes
        [d][0].size() == 2 => refused or yes no < /d/a
        [d][0].?a.hasValue() => refused or yes no < /d/a
        [d][0].?b.hasValue() => refused or yes
        [d][0].?c.hasValue() => refused or no
        [d][0][?'a'].hasValue() => refused or yes no < /d/a
        [d][0].a == 1 => refused or yes no NO_SUCH_KEY < /d/a
        dyn([d][0].a) == [1] => refused or yes no NO_SUCH_KEY < /d/a
    ";
    all(&[("d", r#"{"a":{"$x":"hide"},"b":2}"#)], table);
}
