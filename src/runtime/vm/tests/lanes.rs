//! Tests of elements side by side: what is told of each is what the test says of it alone.

use crate::lang::constant::Constant;
use crate::lang::opcodes::*;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{FunctionKind, Pattern, TypeRow};
use crate::runtime::program::Program;
use crate::runtime::program::sweep::{Source, Step};
use crate::runtime::vm::lanes::{LaneResult, Lanes, Rows, make, set, test_lanes};
use crate::runtime::vm::machine::{Cursor, FailureSite, Machine};
use crate::runtime::vm::observe::NoObserver;
use crate::runtime::vm::request::{heap, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::runtime::vm::tests::{Sketch, op, place, rows, text};

/// Slots of the rows, which have the columns `a` and `b`, and of `y`.
const ROWS: u16 = 0;
const Y: u16 = 2;

/// What elements are compared with.
enum Other {
    Constant(Constant),
    Set(Vec<Constant>),
    /// Their column `b`.
    Column,
    /// The place `y`.
    Place,
    /// The place `y`, which stands first.
    Mirrored,
    /// The place `y`, of which it is asked whatever the elements are.
    PlaceAlone,
    Pattern(&'static str),
    Nothing,
}

/// A program whose only loop asks this of its elements.
fn asking(kind: Op, x: u8, other: Other) -> Program {
    let columns = vec![place("a", TypeRow::Dyn), place("b", TypeRow::Dyn)];
    let mut sketch =
        Sketch::new(vec![rows("rows", TypeRow::Dyn, columns), place("y", TypeRow::Dyn)]);
    let r = sketch.register(0);
    let (a, b) = match other {
        Other::Constant(k) => (r, sketch.constant(k)),
        Other::Set(members) => (r, sketch.set(members)),
        Other::Column => (r, r + 1),
        Other::Place => (r, Y),
        Other::Mirrored => (Y, r),
        Other::PlaceAlone => (Y, 0),
        Other::Pattern(pattern) => {
            let text = sketch.string(pattern);
            sketch.module.patterns.push(Pattern { text, automaton: Vec::new() });
            (r, 0)
        }
        Other::Nothing => (r, 0),
    };
    let code = [
        op(Op::Iter, ROWS, 0, r).to(3, EXIT_ERROR),
        op(kind, a, b, 0).x(x).to(3, EXIT_ERROR),
        op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
        op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, EXIT_ERROR),
    ];
    sketch.function(FunctionKind::Condition, false, &code);
    sketch.program()
}

/// What `look` sees of a machine that stands on the rows of a context, the file, and the rows.
fn on_rows<T>(
    program: &Program,
    json: &str,
    look: impl FnOnce(&mut Machine<'_, NoObserver>, &[Value], Rows) -> T,
) -> T {
    let mut scratch = Scratch::for_program(program);
    let filled = ingest(program, json.as_bytes(), &mut scratch);
    assert_eq!(filled.error(), None, "{json}");
    let Scratch { file, store, workings, .. } = &mut *filled.scratch;
    let list = file[usize::from(ROWS)];
    let cursor =
        Cursor { space: list.space(), base: list.off(), columns: list.columns(), ..Cursor::IDLE };
    let heap = heap(program, filled.request, store);
    let mut machine = Machine::new(program, heap, workings, None, NoObserver);
    look(&mut machine, file, Rows::of(&cursor))
}

/// `T`, `F` or `?` of each of the elements `here` among `count`, and `.` of the others.
fn drawn(found: LaneResult, here: u64, count: u32) -> String {
    let of = |lane: u32| match (here >> lane & 1, found.known >> lane & 1, found.truth >> lane & 1)
    {
        (0, ..) => '.',
        (_, 0, _) => '?',
        (_, _, 0) => 'F',
        _ => 'T',
    };
    (0..count).map(of).collect()
}

/// What is said of rows, all of them and each alone, which must be the same.
fn said(program: &Program, values: &[&str], y: &str) -> String {
    let row = |value: &&str| match value.split_once('|') {
        Some((a, b)) => format!("{{\"a\":{a},\"b\":{b}}}"),
        None if value.is_empty() => "{}".to_owned(),
        None => format!("{{\"a\":{value}}}"),
    };
    let all: Vec<String> = values.iter().map(row).collect();
    let json = format!("{{\"rows\":[{}],\"y\":{y}}}", all.join(","));
    on_rows(program, &json, |m, file, rows| {
        let step = &program.sweeps[0].steps[0];
        let count = u32::try_from(values.len()).unwrap();
        let lanes = Lanes { rows, at: 0, count };
        assert_eq!(lanes.all().count_ones(), count);
        let found = drawn(test_lanes(m, file, step, &lanes, lanes.all()), lanes.all(), count);
        for at in 0..count {
            let alone = Lanes { rows, at, count: 1 };
            let one = drawn(test_lanes(m, file, step, &alone, 1), 1, 1);
            assert_eq!(found[at as usize..][..1], one, "{json} at {at}");
            // Of the rest, from here on; and of every second.
            let rest = Lanes { rows, at, count: count - at };
            let tail = drawn(test_lanes(m, file, step, &rest, rest.all()), rest.all(), count - at);
            assert_eq!(found[at as usize..], tail, "{json} from {at}");
        }
        let odd = lanes.all() & 0xAAAA_AAAA_AAAA_AAAA;
        let half = test_lanes(m, file, step, &lanes, odd);
        assert_eq!(half.known & !odd, 0, "{json}: nothing is known of the others");
        let half = drawn(half, odd, count);
        let wanted = found.char_indices().map(|(at, c)| if at % 2 == 1 { c } else { '.' });
        assert_eq!(half, wanted.collect::<String>(), "{json}, every second");
        found
    })
}

const ABOVE: u8 = X_GREATER;
const AT_MOST: u8 = X_LESS | X_EQUAL;

#[test]
fn elements_against_a_constant() {
    let int = |k| Other::Constant(Constant::Int(k));
    let string = |k| Other::Constant(text(k));
    let members = |all: &[&str]| Other::Set(all.iter().map(|it| text(it)).collect());
    let ints = &["1", "5", "9", "-3", "5"];
    let mixed = &["1", "\"a\"", "7.5", "", "null", "9"];
    let texts = &["\"dev\"", "\"development\"", "\"de\"", "\"prod\"", "\"developmenT\"", "7", ""];
    for (kind, x, other, values, wanted) in [
        (Op::CompareInt, ABOVE, int(4), &ints[..], "FTTFT"),
        (Op::CompareInt, AT_MOST, int(5), &ints[..], "TTFTT"),
        (Op::CompareInt, ABOVE, int(4), &mixed[..], "F?T??T"),
        (Op::CompareDouble, ABOVE, Other::Constant(Constant::Double(4.5)), &mixed[..], "F?T??T"),
        (
            Op::CompareDouble,
            AT_MOST,
            Other::Constant(Constant::Double(0.5)),
            &["0.25", "0.5", "0.75"],
            "TTF",
        ),
        (
            Op::CompareDouble,
            X_LESS,
            Other::Constant(Constant::Double(0.5)),
            &["0.25", "0.5", "0.75"],
            "TFF",
        ),
        (Op::EqualConst, 0, int(5), &ints[..], "FTFFT"),
        (Op::EqualConst, 0, int(9), &mixed[..], "FFF?FT"),
        (Op::EqualString, 0, string("dev"), &texts[..], "TFFFFF?"),
        (Op::EqualString, 0, string("development"), &texts[..], "FTFFFF?"),
        (Op::StartsWith, 0, string("dev"), &texts[..], "TTFFT??"),
        (Op::StartsWith, 0, string("developm"), &texts[..], "FTFFT??"),
        (Op::EndsWith, 0, string("t"), &texts[..], "FTFFF??"),
        (Op::Contains, 0, string("o"), &texts[..], "FTFTT??"),
        (Op::InSet, 0, members(&["dev", "prod"]), &texts[..], "TFFTFF?"),
        (Op::InSet, 0, members(&["dev", "development", "q"]), &texts[..], "TTFFFF?"),
        (Op::InSet, 0, members(&["a", "b", "c", "d", "de", "f"]), &texts[..], "FFTFFF?"),
        (Op::InSet, 0, Other::Set(vec![Constant::Int(1), Constant::Int(9)]), &ints[..], "TFTFF"),
        (Op::CompareSize, ABOVE, int(2), &["[1]", "[1,2,3]", "[]"], "FTF"),
        (Op::CompareSize, ABOVE, int(2), &["\"ab\"", "\"\u{e9}\u{e9}\u{e9}\"", "\"\""], "FTF"),
        (Op::CompareSize, ABOVE, int(2), &["[1]", "\"abc\"", "7", ""], "FT??"),
        (Op::CompareSize, X_LESS, int(2), &["\"a\"", "\"\u{e9}\u{e9}\"", "\"abc\""], "TFF"),
        (Op::Flag, 0, Other::Nothing, &["true", "false", "1", ""], "TF??"),
        (Op::Has, 0, Other::Nothing, &["true", "", "null"], "TFT"),
        // The first tells nothing of the others, and two that are of another kind alike are not.
        (Op::Has, 0, Other::Nothing, &["\"a\"", "", "1"], "TFT"),
        (Op::EqualConst, 0, int(5), &["\"a\"", "5", "6"], "FTF"),
        (Op::CompareInt, ABOVE, int(4), &["5", "\"a\"", "\"b\"", "1"], "T??F"),
        (Op::CompareInt, ABOVE, int(4), &["\"a\"", "5", "1", "9"], "?TFT"),
        (Op::Has, X_LEVEL, Other::Nothing, &["{}", "", "1", "true"], "T??T"),
        (Op::Matches, 0, Other::Pattern("^a+$"), &["\"aa\"", "\"ab\"", "\"a\"", "\"\""], "TFTF"),
        (Op::Matches, 0, Other::Pattern("b"), &["\"aa\"", "1", "\"ab\"", ""], "F?T?"),
    ] {
        let name = format!("{kind:?} {x} {values:?}");
        assert_eq!(said(&asking(kind, x, other), values, "0"), wanted, "{name}");
    }
}

#[test]
fn elements_against_what_the_loop_does_not_change() {
    let ints = &["1", "5", "9", "\"5\"", ""];
    let long = "\"a text of many bytes\"";
    for (kind, x, mirrored, values, y, wanted) in [
        (Op::Compare, ABOVE, false, &ints[..], "4", "FTT??"),
        (Op::Compare, ABOVE, true, &ints[..], "4", "TFF??"),
        (Op::Compare, AT_MOST, true, &ints[..], "5", "FTT??"),
        (Op::Compare, X_LESS, true, &ints[..], "5", "FFT??"),
        (Op::Compare, ABOVE, false, &["1.5", "4.5"], "4.0", "FT"),
        (Op::Equal, 0, false, &ints[..], "5", "FTFF?"),
        (Op::Equal, 0, true, &ints[..], "\"5\"", "FFFT?"),
        (Op::Equal, 0, false, &[long, "\"a text of many byteS\"", "\"a\""], long, "TFF"),
        (Op::Equal, 0, false, &["true", "false"], "true", "TF"),
        (Op::Equal, 0, false, &["[1]", "[2]"], "[1]", "TF"),
        (Op::Compare, ABOVE, false, &ints[..], "\"4\"", "???T?"),
    ] {
        let name = format!("{kind:?} {x} {mirrored} {values:?} {y}");
        let other = if mirrored { Other::Mirrored } else { Other::Place };
        assert_eq!(said(&asking(kind, x, other), values, y), wanted, "{name}");
    }
}

#[test]
fn two_columns_of_each_element() {
    for (kind, x, values, wanted) in [
        (Op::Compare, ABOVE, &["1|2", "2|2", "3|2"][..], "FFT"),
        (Op::Compare, AT_MOST, &["1|2", "2|2", "3|2"], "TTF"),
        (Op::Compare, X_LESS, &["1|2", "2|2", "3|2"], "TFF"),
        (Op::Compare, ABOVE, &["5|1", "1|9", "7|3", "2|8", "4|4"], "TFTFF"),
        (Op::Compare, ABOVE, &["1|2", "2|1.5", "\"a\"|2"], "FT?"),
        (Op::Compare, ABOVE, &["1.5|1", "2.5|3.5"], "TF"),
        (Op::Compare, ABOVE, &["\"b\"|\"a\"", "\"a\"|\"b\""], "TF"),
        (Op::Equal, 0, &["1|1", "2|1", "1|2"], "TFF"),
        (Op::Equal, 0, &["true|true", "true|false"], "TF"),
        (Op::Equal, 0, &["\"ab\"|\"ab\"", "\"ab\"|\"ac\""], "TF"),
        (
            Op::Equal,
            0,
            &["\"abcdefgh\"|\"abcdefgh\"", "\"abcdefgh\"|\"abcdefgH\"", "\"abcd\"|\"abcde\""],
            "TFF",
        ),
        (
            Op::Equal,
            0,
            &["\"abcdefgh\"|\"abcdefgH\"", "\"abcdefgh\"|\"abcdefgh\"", "\"a\"|\"a\""],
            "FTT",
        ),
        (Op::Equal, 0, &["1|1.0", "1|\"1\"", "1"], "TF?"),
        (Op::Equal, 0, &["\"1\"|1", "[1]|[1]"], "FT"),
        (
            Op::Equal,
            0,
            &[
                "18446744073709551615|18446744073709551615",
                "18446744073709551614|18446744073709551615",
            ],
            "TF",
        ),
        // Two elements that are of another kind than the first.
        (Op::Compare, ABOVE, &["1|2", "\"ba\"|\"ab\"", "\"ab\"|\"ba\"", "2|1"], "FTFT"),
        (Op::Equal, 0, &["1|1", "[1]|[1]", "[1]|[2]"], "TTF"),
    ] {
        let name = format!("{kind:?} {x} {values:?}");
        assert_eq!(said(&asking(kind, x, Other::Column), values, "0"), wanted, "{name}");
    }
}

#[test]
fn what_no_element_changes_is_so_for_all() {
    let program = asking(Op::Flag, 0, Other::PlaceAlone);
    for (y, wanted) in [("true", "TTT"), ("false", "FFF"), ("1", "???")] {
        assert_eq!(said(&program, &["1", "\"a\"", ""], y), wanted, "{y}");
    }
}

/// What is said of numbers that were made: the first operand, and the second if there are some.
fn said_of_made(program: &Program, values: &[Value], others: &[Value]) -> String {
    on_rows(program, r#"{"rows":[{}]}"#, |m, file, rows| {
        m.made[64..][..values.len()].copy_from_slice(values);
        m.made[192..][..others.len()].copy_from_slice(others);
        let Step { does, ins, a, b, dense, if_true, if_false } = program.sweeps[0].steps[0];
        assert_eq!(a, Source::Column(0));
        let b = if others.is_empty() { b } else { Source::Made(3) };
        let step = Step { does, ins, a: Source::Made(1), b, dense, if_true, if_false };
        let lanes = Lanes { rows, at: 0, count: u32::try_from(values.len()).unwrap() };
        let found = test_lanes(m, file, &step, &lanes, lanes.all());
        drawn(found, lanes.all(), lanes.count)
    })
}

#[test]
fn numbers_that_are_none_and_values_that_failed() {
    let half = || Other::Constant(Constant::Double(0.5));
    let [nan, low, high] = [f64::NAN, 0.25, 0.75].map(Value::double);
    let error = FailureSite::NONE.value();
    for (kind, x, other, values, others, wanted) in [
        (Op::CompareDouble, X_LESS, half(), &[nan, low, high][..], &[][..], "FTF"),
        (Op::CompareDouble, ABOVE, half(), &[low, nan, high, nan], &[], "FFTF"),
        (Op::CompareDouble, X_LESS | ABOVE, half(), &[nan, low, high], &[], "FTT"),
        (Op::CompareDouble, X_LESS, half(), &[low, error, Value::ABSENT], &[], "T??"),
        (Op::Has, 0, Other::Nothing, &[error, Value::ABSENT, low], &[], "?FT"),
        (Op::Compare, X_LESS, Other::Column, &[low, nan, nan], &[high, high, nan], "TFF"),
        (Op::Equal, 0, Other::Column, &[low, nan, low], &[low, nan, high], "TFF"),
        (Op::Equal, 0, Other::Column, &[low, error, low], &[error, low, Value::ABSENT], "???"),
    ] {
        let said = said_of_made(&asking(kind, x, other), values, others);
        assert_eq!(said, wanted, "{kind:?} {x} {values:?} {others:?}");
    }
}

/// One of 64, which is asked alone; and all of 64.
#[test]
fn few_of_many_elements() {
    let program = asking(Op::CompareInt, ABOVE, Other::Constant(Constant::Int(31)));
    let values: Vec<String> = (0..64).map(|at| format!("{{\"a\":{at}}}")).collect();
    let json = format!("{{\"rows\":[{}]}}", values.join(","));
    on_rows(&program, &json, |m, file, rows| {
        let step = &program.sweeps[0].steps[0];
        let lanes = Lanes { rows, at: 0, count: 64 };
        let high = u64::MAX << 32;
        for here in [u64::MAX, 1, 1 << 31, 1 << 32, 1 << 63, 0xFF00_0000_00FF, 0x7F00_0000_0000] {
            let found = test_lanes(m, file, step, &lanes, here);
            assert_eq!((found.truth & here, found.known), (high & here, here), "{here:x}");
        }
    });
}

#[test]
fn values_of_elements_and_which_have_one() {
    let program = asking(Op::Flag, 0, Other::Nothing);
    let json = r#"{"rows":[{"a":1,"b":true},{"b":false},{"a":3}]}"#;
    on_rows(&program, json, |m, _, rows| {
        let lanes = Lanes { rows, at: 0, count: 3 };
        let found = |column| lanes.present(&m.heap, m.made, Source::Column(column));
        assert_eq!((found(0).truth, found(0).known), (0b101, 0b101));
        assert_eq!((found(1).truth, found(1).known), (0b011, 0b011));
        assert_eq!((found(2).truth, found(2).known), (0, 0), "there is no third column");
        let later = Lanes { rows, at: 1, count: 2 };
        assert_eq!(later.present(&m.heap, m.made, Source::Column(0)).truth, 0b10);
        let value = |lanes: &Lanes, column, lane| {
            let value = lanes.value(&m.heap, m.made, Source::Column(column), lane);
            value.map(|value| (value.is_present(), value.bits()))
        };
        assert_eq!(value(&lanes, 0, 2), Some((true, 3)));
        assert_eq!(value(&later, 0, 1), Some((true, 3)));
        assert_eq!(value(&lanes, 1, 0), Some((true, 1)));
        assert_eq!(value(&lanes, 0, 1).map(|it| it.0), Some(false));
        assert_eq!(value(&lanes, 2, 0), None);
        assert_eq!(lanes.value(&m.heap, m.made, Source::Nowhere, 0).map(Value::bits), None);
    });
    assert_eq!(set(0b1010_0001).collect::<Vec<_>>(), [0, 5, 7]);
    assert_eq!(set(1 << 63).collect::<Vec<_>>(), [63]);
    assert_eq!(set(0).count(), 0);
}

/// A number that is made of two columns, and asked for.
#[test]
fn numbers_that_are_made_of_elements() {
    let high = i64::MAX;
    let values = ["7|2", "-7|2", "7.5|2.5", "7|0", "7|1.5", "7|\"a\"", "7"];
    for (kind, wanted) in [
        (Op::Add, ["9", "-5", "10.0", "7", "", "", ""]),
        (Op::Subtract, ["5", "-9", "5.0", "7", "", "", ""]),
        (Op::Multiply, ["14", "-14", "18.75", "0", "", "", ""]),
        (Op::Divide, ["3", "-3", "3.0", "", "", "", ""]),
        (Op::Modulo, ["1", "-1", "", "", "", "", ""]),
        (Op::Negate, ["-7", "7", "-7.5", "-7", "-7", "-7", "-7"]),
    ] {
        let columns = vec![place("a", TypeRow::Dyn), place("b", TypeRow::Dyn)];
        let mut sketch = Sketch::new(vec![rows("rows", TypeRow::Dyn, columns)]);
        let (r, k) = (sketch.register(0), sketch.constant(Constant::Int(high)));
        let code = [
            op(Op::Iter, ROWS, 0, r).to(4, EXIT_ERROR),
            op(kind, r, r + 1, r + 2),
            op(Op::CompareInt, r + 2, k, 0).x(X_LESS).to(4, EXIT_ERROR),
            op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
            op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, EXIT_ERROR),
        ];
        sketch.function(FunctionKind::Condition, false, &code);
        let program = sketch.program();
        let all = values.iter().map(|value| {
            let (a, b) = value.split_once('|').unwrap_or((value, ""));
            let b = if b.is_empty() { String::new() } else { format!(",\"b\":{b}") };
            format!("{{\"a\":{a}{b}}}")
        });
        let json = format!("{{\"rows\":[{}]}}", all.collect::<Vec<_>>().join(","));
        on_rows(&program, &json, |m, file, rows| {
            let steps = &program.sweeps[0].steps;
            let lanes = Lanes { rows, at: 0, count: 7 };
            let found = make(m, file, &steps[0], (&lanes, 0), lanes.all());
            let shown = m.made[..7].iter().map(|value| {
                let is_double = value.tag() == Tag::Double;
                let shown = if is_double {
                    format!("{:?}", value.float())
                } else {
                    value.signed().to_string()
                };
                if value.is_present() { shown } else { String::new() }
            });
            assert_eq!(shown.collect::<Vec<_>>(), wanted, "{kind:?}");
            let is_made = |lane: &usize| !wanted[*lane].is_empty();
            let known = (0..7).filter(is_made).fold(0, |all, lane| all | 1 << lane);
            assert_eq!((found.truth, found.known), (known, known), "{kind:?}");
            let some = make(m, file, &steps[0], (&lanes, 0), 0b101);
            assert_eq!((some.truth, some.known), (known & 0b101, known & 0b101), "{kind:?}");
            let asked = test_lanes(m, file, &steps[1], &lanes, found.known);
            assert_eq!((asked.truth, asked.known), (known, known), "{kind:?}");
        });
    }
}

/// What `make` makes of three rows with the column `a`, as the steps of a loop say, one after the
/// other. The second of them has what the first made.
#[test]
fn numbers_that_are_made_of_numbers_that_were_made() {
    let columns = vec![place("a", TypeRow::Dyn), place("b", TypeRow::Dyn)];
    let mut sketch =
        Sketch::new(vec![rows("rows", TypeRow::Dyn, columns), place("y", TypeRow::Dyn)]);
    let (r, k) = (sketch.register(0), sketch.constant(Constant::Int(100)));
    // (100 - (a + y)) > (a + y)
    let code = [
        op(Op::Iter, ROWS, 0, r).to(6, EXIT_ERROR),
        op(Op::LoadConst, 0, k, r + 2).to(INFALLIBLE, INFALLIBLE),
        op(Op::Add, r, Y, r + 3),
        op(Op::Subtract, r + 2, r + 3, r + 4),
        op(Op::Compare, r + 4, r + 3, 0).x(X_GREATER).to(5, EXIT_ERROR),
        op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
        op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, EXIT_ERROR),
    ];
    sketch.function(FunctionKind::Condition, false, &code);
    let program = sketch.program();
    let json = r#"{"rows":[{"a":1},{"a":60},{"a":"1"}],"y":10}"#;
    on_rows(&program, json, |m, file, rows| {
        let steps = &program.sweeps[0].steps;
        let lanes = Lanes { rows, at: 0, count: 3 };
        let sums = make(m, file, &steps[0], (&lanes, 0), lanes.all());
        let rests = make(m, file, &steps[1], (&lanes, 1), lanes.all());
        assert_eq!((sums.truth, sums.known), (0b011, 0b011));
        assert_eq!((rests.truth, rests.known), (0b011, 0b011));
        let made = |first: usize| m.made[first..][..3].iter().map(Value::signed);
        assert_eq!(made(0).take(2).collect::<Vec<_>>(), [11, 70]);
        assert_eq!(made(64).take(2).collect::<Vec<_>>(), [89, 30]);
        assert!(!m.made[2].is_present() && !m.made[66].is_present());
        let found = test_lanes(m, file, &steps[2], &lanes, sums.known);
        assert_eq!(drawn(found, lanes.all(), 3), "TF?");
        // There is no room for a fifth number, nor behind it.
        for number in [4, 5] {
            let none = make(m, file, &steps[0], (&lanes, number), lanes.all());
            assert_eq!((none.truth, none.known), (0, 0), "{number}");
        }
    });
}

/// Only ints and doubles are made side by side; of anything else the loop makes what it is.
#[test]
fn what_is_made_of_other_kinds_is_left_to_the_loop() {
    let high = "18446744073709551615";
    for kind in [Op::Add, Op::Subtract, Op::Multiply, Op::Divide, Op::Modulo, Op::Negate] {
        let columns = vec![place("a", TypeRow::Dyn), place("b", TypeRow::Dyn)];
        let mut sketch = Sketch::new(vec![rows("rows", TypeRow::Dyn, columns)]);
        let (r, k) = (sketch.register(0), sketch.constant(Constant::Int(0)));
        let code = [
            op(Op::Iter, ROWS, 0, r).to(4, EXIT_ERROR),
            op(kind, r, r + 1, r + 2),
            op(Op::CompareInt, r + 2, k, 0).x(X_LESS).to(4, EXIT_ERROR),
            op(Op::Next, 0, 0, r).to(1, EXIT_ERROR),
            op(Op::Jump, 0, 0, 0).to(EXIT_FALSE, EXIT_ERROR),
        ];
        sketch.function(FunctionKind::Condition, false, &code);
        let program = sketch.program();
        let row = |value: &str| format!("{{\"a\":{value},\"b\":{value}}}");
        let values = [high, "\"a\"", "[1]", "true", "null"].map(row).join(",");
        on_rows(&program, &format!("{{\"rows\":[{values}]}}"), |m, file, rows| {
            let lanes = Lanes { rows, at: 0, count: 5 };
            let found = make(m, file, &program.sweeps[0].steps[0], (&lanes, 0), lanes.all());
            assert_eq!((found.truth, found.known), (0, 0), "{kind:?}");
        });
    }
}
