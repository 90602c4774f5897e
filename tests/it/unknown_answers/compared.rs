//! Orders: of ints between bounds, of ranges, of kinds that have no order.

use crate::unknown_answers::{SEAL, all, range, seal, shape};

/// The size of a part of a list of three is 0 to 3.
#[test]
fn ints_between_bounds() {
    let table = "
        l.filter(x, x > i).size() < 0 => no
        l.filter(x, x > i).size() < 1 => yes no < /i
        l.filter(x, x > i).size() < 3 => yes no < /i
        l.filter(x, x > i).size() < 4 => yes
        l.filter(x, x > i).size() <= -1 => no
        l.filter(x, x > i).size() <= 0 => yes no < /i
        l.filter(x, x > i).size() <= 3 => yes
        l.filter(x, x > i).size() > 3 => no
        l.filter(x, x > i).size() > 2 => yes no < /i
        l.filter(x, x > i).size() > -1 => yes
        l.filter(x, x > i).size() >= 0 => yes
        l.filter(x, x > i).size() >= 1 => yes no < /i
        l.filter(x, x > i).size() >= 4 => no
        l.filter(x, x > i).size() == -1 => no
        l.filter(x, x > i).size() == 0 => yes no < /i
        l.filter(x, x > i).size() == 3 => yes no < /i
        l.filter(x, x > i).size() == 4 => no
        l.filter(x, x > i).size() != 4 => yes
        l.filter(x, x > i).size() != 3 => yes no < /i
        dyn(l.filter(x, x > i).size()) < 3.5 => yes
        dyn(l.filter(x, x > i).size()) < 3.0 => yes no < /i
        dyn(l.filter(x, x > i).size()) > 3.0 => no
        dyn(l.filter(x, x > i).size()) >= 4u => no
        dyn(l.filter(x, x > i).size()) <= 3u => yes
        dyn(l.filter(x, x > i).size()) > 2u => yes no < /i
        dyn(l.filter(x, x > i).size()) == 3.5 => no
        dyn(l.filter(x, x > i).size()) == 2.5 => yes no < /i
        dyn(l.filter(x, x > i).size()) == 3u => yes no < /i
        dyn(l.filter(x, x > i).size()) == 4u => no
        dyn(l.filter(x, x > i).size()) == 'text' => no
        dyn(l.filter(x, x > i).size()) < dyn('text') => NO_SUCH_OVERLOAD
        l.filter(x, x > i).size() in [4, 5] => no
        l.filter(x, x > i).size() in [3, 5] => yes no < /i
        l.filter(x, x > i).size() < j => yes
        l.filter(x, x > i).size() > j => no
        l.filter(x, x > i).size() == j => no
        j > l.filter(x, x > i).size() => yes
        j <= l.filter(x, x > i).size() => no
        j == l.filter(x, x > i).size() => no
        j != l.filter(x, x > i).size() => yes
        l.filter(x, x > i).size() < w => yes
        j - 7 > l.filter(x, x > i).size() => no
        j - 7 >= l.filter(x, x > i).size() => no
        j - 7 < l.filter(x, x > i).size() => yes
        j - 7 <= l.filter(x, x > i).size() => yes
        j - 7 == l.filter(x, x > i).size() => no
    ";
    all(&[("i", SEAL)], table);
}

/// Neither of two is known.
#[test]
fn two_ints_between_bounds() {
    let table = "
        ([1, 2, 3] + l.filter(x, x > i)).size() == l.filter(x, x > i).size() => yes no BUDGET < /i
        ([1, 2, 3, 4] + l.filter(x, x > i)).size() == l.filter(x, x > i).size() => no BUDGET < /i
        l.filter(x, x > i).size() == ([1, 2, 3] + l.filter(x, x > i)).size() => yes no BUDGET < /i
        l.filter(x, x > i).size() == ([1, 2, 3, 4] + l.filter(x, x > i)).size() => no BUDGET < /i
        ([1, 2, 3] + l.filter(x, x > i)) == l.filter(x, x > i) => yes no BUDGET < /i
        ([1, 2, 3, 4] + l.filter(x, x > i)) == l.filter(x, x > i) => no BUDGET < /i
        l.filter(x, x > i) == ([1, 2, 3] + l.filter(x, x > i)) => yes no BUDGET < /i
        l.filter(x, x > i) == ([1, 2, 3, 4] + l.filter(x, x > i)) => no BUDGET < /i
        ([1, 2] + l.filter(x, x > i)).size() >= 2 => yes BUDGET < /i
        ([1, 2] + l.filter(x, x > i)).size() > 2 => yes no BUDGET < /i
        ([1, 2] + l.filter(x, x > i)).size() <= 5 => yes BUDGET < /i
        ([1, 2] + l.filter(x, x > i)).size() < 5 => yes no BUDGET < /i
        l.filter(x, x > i) == [1, 2, 3, 4] => no
        l.filter(x, x > i) == [1, 2, 3] => yes no < /i
        l.filter(x, x > i) == [] => yes no < /i
        [1, 2, 3, 4] == l.filter(x, x > i) => no
        l.filter(x, x > i).size() < l.filter(x, x > i).size() => yes no < /i
        dyn(i) == w => yes no < /i
        dyn(i) < l.filter(x, x > i).size() => yes no < /i
        dyn(i) == dyn(s) => no
        dyn(i) < dyn(s) => NO_SUCH_OVERLOAD
        dyn(s) < dyn(i) => NO_SUCH_OVERLOAD
    ";
    all(&[("i", SEAL)], table);
    let table = "
        i < j => yes no < /i /j
        dyn(i) < w => yes no < /i /w
        dyn(w) < q => yes no < /w /q
        dyn(i) < dyn(s) => NO_SUCH_OVERLOAD
        dyn(s) < dyn(s2) => yes no < /s /s2
        dyn(s) < dyn(x) => NO_SUCH_OVERLOAD
        dyn(t) < dyn(p) => NO_SUCH_OVERLOAD
        dyn(t) < dyn(t2) => yes no < /t /t2
        dyn(l) < dyn(l2) => NO_SUCH_OVERLOAD
        dyn(m) < dyn(m) => NO_SUCH_OVERLOAD
        dyn(b) < dyn(b) => yes no < /b
        dyn(b) < dyn(i) => NO_SUCH_OVERLOAD
        d < i => yes no NO_SUCH_OVERLOAD < /i /d
        i < d => yes no NO_SUCH_OVERLOAD < /i /d
        d < e => yes no NO_SUCH_OVERLOAD < /d /e
        dyn(i) == dyn(s) => no
        dyn(i) == q => yes no < /i /q
        dyn(w) == i => yes no < /i /w
        dyn(l) == dyn(m) => no
        dyn(t) == dyn(p) => no
        dyn(s) == dyn(x) => no
        d == i => yes no < /i /d
    ";
    let withheld =
        ["i", "j", "w", "q", "s", "s2", "x", "t", "t2", "p", "d", "e", "b", "l", "l2", "m"];
    let withheld: Vec<(&str, &str)> = withheld.iter().map(|key| (*key, SEAL)).collect();
    all(&withheld, table);
}

/// `lo` is the least, `hi` the first above it that it cannot be.
#[test]
fn ranges_of_each_kind() {
    let table = "
        i < 10 => no
        i < 11 => yes no < /i
        i < 19 => yes no < /i
        i < 20 => yes
        i <= 9 => no
        i <= 10 => yes no < /i
        i <= 20 => yes
        i > 20 => no
        i > 10 => yes no < /i
        i > 9 => yes
        i >= 10 => yes
        i >= 20 => no
        i == 9 => no
        i == 10 => yes no < /i
        i == 20 => no
        i == 21 => no
        i != 20 => yes
        i < j => no
        j < i => yes
        j == i => no
        dyn(i) < 10u => no
        dyn(i) >= 10u => yes
        dyn(i) < 20.5 => yes
        dyn(i) < 9.5 => no
        dyn(i) == 20.0 => no
        dyn(i) == 15.0 => yes no < /i
        dyn(i) == 'ten' => no
        dyn(i) < dyn('ten') => NO_SUCH_OVERLOAD
        i in [9, 20] => no
        i in [9, 15] => yes no < /i
        i + 1 < 10 => yes no OVERFLOW < /i
        -i < 0 => yes no OVERFLOW < /i
    ";
    all(&[("i", &range("int", "10", "20"))], table);
    let table = "
        q < 1.0 => no
        q < 1.5 => yes no < /q
        q >= 1.0 => yes no < /q
        q > 2.0 => no
        q == 2.0 => no
        q == 0.5 => no
        q == 1.5 => yes no < /q
        dyn(q) > 2 => no
        dyn(q) == 2u => no
    ";
    all(&[("q", &range("double", "1.0", "2.0"))], table);
    let table = "
        w < 10u => no
        w >= 10u => yes
        w < 20u => yes
        dyn(w) < 15 => yes no < /w
        dyn(w) == -1 => no
        dyn(w) > -1 => yes
    ";
    all(&[("w", &range("uint", "10", "20"))], table);
}

/// The same of times.
#[test]
fn ranges_of_times() {
    let time = |at: &str| format!(r#"{{"$ts":"{at}"}}"#);
    let mark = range("timestamp", &time("2026-01-01T00:00:00Z"), &time("2026-02-01T00:00:00Z"));
    let table = "
        t < timestamp('2026-01-01T00:00:00Z') => no
        t >= timestamp('2026-01-01T00:00:00Z') => yes
        t < timestamp('2026-02-01T00:00:00Z') => yes
        t > timestamp('2026-01-15T00:00:00Z') => yes no < /t
        t == timestamp('2026-02-01T00:00:00Z') => no
        dyn(t) == 1 => no
        dyn(t) < dyn(1) => NO_SUCH_OVERLOAD
        t < t2 => yes
        t2 <= t => no
    ";
    all(&[("t", &mark)], table);
    let mark = range("duration", r#"{"$d":"10s"}"#, r#"{"$d":"20s"}"#);
    let table = "
        p < duration('10s') => no
        p < duration('20s') => yes
        p > duration('15s') => yes no < /p
        p == duration('20s') => no
        dyn(p) < dyn(t) => NO_SUCH_OVERLOAD
    ";
    all(&[("p", &mark)], table);
}

/// Of what may be of any kind a bound tells nothing of other kinds.
#[test]
fn orders_of_kinds_that_nobody_knows() {
    let table = "
        d < 5 => yes no NO_SUCH_OVERLOAD < /d
        d < 5u => yes no NO_SUCH_OVERLOAD < /d
        d < 5.0 => yes no NO_SUCH_OVERLOAD < /d
        d < 'a' => yes no NO_SUCH_OVERLOAD < /d
        d < true => yes no NO_SUCH_OVERLOAD < /d
        d < b'a' => yes no NO_SUCH_OVERLOAD < /d
        d == 5 => yes no < /d
        d == 'a' => yes no < /d
        d == null => yes no < /d
        d in [5, 'a'] => yes no < /d
        d < i => yes no NO_SUCH_OVERLOAD < /d
        d < dyn(l) => NO_SUCH_OVERLOAD
        d < dyn(null) => NO_SUCH_OVERLOAD
        dyn(l) > d => NO_SUCH_OVERLOAD
        i > d => yes no NO_SUCH_OVERLOAD < /d
    ";
    all(&[("d", SEAL)], table);
    let kinds = [
        (seal("int"), "yes no < /d", "NO_SUCH_OVERLOAD", "yes no < /d", "no"),
        (seal("uint"), "yes no < /d", "NO_SUCH_OVERLOAD", "yes no < /d", "no"),
        (seal("double"), "yes no < /d", "NO_SUCH_OVERLOAD", "yes no < /d", "no"),
        (seal("string"), "NO_SUCH_OVERLOAD", "yes no < /d", "no", "yes no < /d"),
        (seal("bool"), "NO_SUCH_OVERLOAD", "NO_SUCH_OVERLOAD", "no", "no"),
        (seal("null"), "NO_SUCH_OVERLOAD", "NO_SUCH_OVERLOAD", "no", "no"),
        (seal("list"), "NO_SUCH_OVERLOAD", "NO_SUCH_OVERLOAD", "no", "no"),
        (seal("map"), "NO_SUCH_OVERLOAD", "NO_SUCH_OVERLOAD", "no", "no"),
    ];
    for (mark, number, text, is_number, is_text) in kinds {
        let table = format!(
            "
            d < 5 => {number}
            d >= 5u => {number}
            d > 5.0 => {number}
            d < i => {number}
            i > d => {number}
            d < 'a' => {text}
            d > s => {text}
            s <= d => {text}
            d == 5 => {is_number}
            d == 5.5 => {is_number}
            d == i => {is_number}
            i == d => {is_number}
            d == 'a' => {is_text}
            s == d => {is_text}
            d in [5, 6u] => {is_number}
            d in ['a', 'b'] => {is_text}
            "
        );
        all(&[("d", &mark)], &table);
    }
    // A bound of another kind than the value may be tells nothing.
    let table = "
        d < 5 => no
        d < 15 => yes no < /d
        d == 25 => no
        d == 'a' => no
    ";
    all(&[("d", &range("int", "10", "20"))], table);
    let table = "
        d < 5 => yes no NO_SUCH_OVERLOAD < /d
        d == 25 => yes no < /d
        d == 'a' => yes no < /d
    ";
    all(&[("d", r#"{"$x":"range","lo":10,"hi":20}"#)], table);
}

/// Texts, bytes, lists and maps of known size.
#[test]
fn sizes_that_are_known() {
    let table = "
        s.size() == 3 => yes
        s.size() < 3 => no
        s.size() >= 4 => no
        s == 'abc' || j == 0 => yes no < /s
        s == 'ab' || j == 0 => no
        s == 'abcd' || j == 0 => no
        s != 'ab' => yes
        s == 'äöü' || j == 0 => yes no < /s
        s == '' || j == 0 => no
        '' == s || j == 0 => no
        s == s2 => no
        s2 == s => no
        s in ['ab', 'abcd'] || j == 0 => no
        s in ['ab', 'abc'] || j == 0 => yes no < /s
        s.startsWith('a') => yes no < /s
        s.startsWith('') => yes no < /s
        s.endsWith('a') => yes no < /s
        s.contains('a') => yes no < /s
        s.matches('a') => yes no < /s
        s < 'b' => yes no < /s
    ";
    all(&[("s", &shape("string", 3))], table);
    let table = "
        s == '' || j == 0 => yes
        s != '' => no
        '' == s || j == 0 => yes
        s == 'a' || j == 0 => no
        s == s2 => no
        s.size() == 0 => yes
        s.startsWith('a') || j == 0 => no
        s.endsWith('a') || j == 0 => no
        s.contains('a') => no
        s in [''] || j == 0 => yes
        s in ['a'] || j == 0 => no
    ";
    all(&[("s", &shape("string", 0))], table);
    let table = "
        x.size() == 1 => yes
        x == b'a' => yes no < /x
        x == b'ab' => no
        x == b'' => no
        b'' == x => no
    ";
    all(&[("x", &shape("bytes", 1))], table);
}

#[test]
fn lists_and_maps_of_known_size() {
    let table = "
        l.size() == 2 => yes
        l == [1, 2] => yes no < /l
        l == [1] => no
        l == l2 => yes no < /l
        l2 == l => yes no < /l
        l == [] => no
        l in [[1], [2, 3, 4]] => no
        l in [[1], [2, 3]] => yes no < /l
        1 in l => yes no < /l
        l[0] == 1 => yes no OUT_OF_RANGE < /l
        l + [1] == [1, 2] => no BUDGET < /l
        (l + [1]).size() == 3 => yes BUDGET < /l
        dyn(l) == 1 => no
        dyn(l) == m => no
    ";
    all(&[("l", &shape("list", 2))], table);
    let table = "
        l == [] => yes
        [] == l => yes
        l == [1] => no
        l == l2 => no
        1 in l => no
        i in l => no
        l.size() == 0 => yes
        l.exists(x, x == 1) => no
        l.all(x, x == 1) => yes
    ";
    all(&[("l", &shape("list", 0))], table);
    let table = "
        m.size() == 1 => yes
        m == {'a': 1} => yes no < /m
        m == {'a': 1, 'b': 2} => no
        'a' in m => yes no < /m
        s in m => yes no < /m
        has(m.a) => yes no < /m
        m.a == 1 => yes no NO_SUCH_KEY < /m
        dyn(m) == [1] => no
        dyn(m) == 1 => no
    ";
    all(&[("m", &shape("map", 1))], table);
    let table = "
        m == {} => yes
        {} == m => yes
        'a' in m => no
        m.exists(k, k == 'a') => no
    ";
    all(&[("m", &shape("map", 0))], table);
}

#[test]
fn two_texts_of_known_size() {
    let two = [("s", shape("string", 3)), ("s2", shape("string", 2))];
    let two: Vec<(&str, &str)> = two.iter().map(|(key, mark)| (*key, mark.as_str())).collect();
    all(&two, "s == s2 => no\ns2 == s => no\ns != s2 => yes\ns < s2 => yes no < /s /s2");
    let two = [("s", shape("string", 3)), ("s2", shape("string", 3))];
    let two: Vec<(&str, &str)> = two.iter().map(|(key, mark)| (*key, mark.as_str())).collect();
    all(&two, "s == s2 => yes no < /s /s2");
    // What is read as another kind than it is spelled has another size.
    all(&[("x", &shape("string", 4))], "x.size() == 4 => yes no < /x\nx == b'a' => yes no < /x");
    all(&[("d", &shape("string", 4))], "d.size() == 4 => yes\nd == 'abc' => no\nd == 4 => no");
}
