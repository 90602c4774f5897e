//! Numbers of JSON: what their spelling says, as each kind, and where it ends.

use crate::lang::value::{Tag, Value};
use crate::runtime::vm::request::error::{Expected, InputKind};
use crate::runtime::vm::request::number::{plain_end, short_double, short_int};
use crate::runtime::vm::request::reader::{Read, Reader};

/// What reads a number that begins at a place, and where it ends.
type Reading<T> = fn(&[u8], u32) -> Option<(T, u32)>;

/// What is read of a number that stands behind some bytes and in front of others, or at the end;
/// its own end is counted from its start.
fn read<T: PartialEq + std::fmt::Debug>(read: Reading<T>, spelled: &str) -> Option<(T, u32)> {
    let alone = read(spelled.as_bytes(), 0);
    for before in ["[", "9", "{\"x\":", "0123456789"] {
        for behind in ["", ",", "]12345678", " ", "}"] {
            let at = u32::try_from(before.len()).expect("it is short");
            let found = read(format!("{before}{spelled}{behind}").as_bytes(), at);
            let found = found.map(|(number, end)| (number, end - at));
            assert_eq!(found, alone, "{before}{spelled}{behind}");
        }
    }
    alone
}

#[test]
fn short_ints_are_read_at_once() {
    for (spelled, wanted) in [
        ("0", 0),
        ("-0", 0),
        ("7", 7),
        ("-7", -7),
        ("10", 10),
        ("1234567", 1_234_567),
        ("-1234567", -1_234_567),
        ("12345678", 12_345_678),
        ("-12345678", -12_345_678),
        ("123456789", 123_456_789),
        ("100000000", 100_000_000),
        ("999999999999999", 999_999_999_999_999),
        ("-999999999999999", -999_999_999_999_999),
    ] {
        let len = u32::try_from(spelled.len()).expect("it is short");
        assert_eq!(read(short_int, spelled), Some((wanted, len)), "{spelled}");
    }
    for spelled in [
        "",
        "-",
        "x",
        "--1",
        "00",
        "01",
        "-01",
        "00000000",
        "01234567",
        "012345678",
        "-012345678",
        "1000000000000000",
        "-1000000000000000",
        "12345678901234567",
        "5.0",
        "5e2",
        "5E2",
        "-5.5",
        "-5e1",
        "12345678.5",
        "12345678e1",
        "123456789012345E1",
    ] {
        assert_eq!(read(short_int, spelled), None, "{spelled}");
    }
}

#[test]
fn short_doubles_are_read_at_once() {
    for (spelled, wanted) in [
        ("0", 0.0),
        ("7", 7.0),
        ("-7", -7.0),
        ("0.5", 0.5),
        ("-0.5", -0.5),
        ("10.25", 10.25),
        ("1234567", 1_234_567.0),
        ("1234567.5", 1_234_567.5),
        ("-1234567.8", -1_234_567.8),
        ("12345.6789", 12_345.678_9),
        ("0.12345678", 0.123_456_78),
        ("1.123456789", 1.123_456_789),
        ("0.00000001", 0.000_000_01),
        ("0.000000001", 0.000_000_001),
        ("3.000000000000001", 3.000_000_000_000_001),
        // 17 digits, and 2^53.
        ("0.1234567890123456", 0.123_456_789_012_345_6),
        ("0.9007199254740992", 0.900_719_925_474_099_2),
    ] {
        let len = u32::try_from(spelled.len()).expect("it is short");
        assert_eq!(read(short_double, spelled), Some((wanted, len)), "{spelled}");
    }
    let negative = read(short_double, "-0.0").map(|(zero, _)| zero.is_sign_negative());
    assert_eq!(negative, Some(true));
    for spelled in [
        "",
        "-",
        "x",
        ".5",
        "1.",
        "-1.",
        "1.x",
        "00",
        "01.5",
        "-01.5",
        "12345678",
        "12345678.5",
        "0.9007199254740993",
        "0.12345678901234567",
        "1.1234567890123456",
        "12.1234567890123456",
        "1234567.1234567890123456",
        "1e2",
        "1E2",
        "1.5e2",
        "1.5E2",
    ] {
        assert_eq!(read(short_double, spelled), None, "{spelled}");
    }
}

#[test]
fn numbers_that_nobody_reads_end_where_they_end() {
    let end = |spelled| read(|bytes, at| plain_end(bytes, at).map(|end| ((), end)), spelled);
    for spelled in [
        "0",
        "-0",
        "7",
        "-7",
        "10",
        "12345678",
        "123456789",
        "1234567890123456",
        "12345678901234567890123456789",
        "0.5",
        "-0.5",
        "0.12345678",
        "12345678.123456789",
        "1.00",
    ] {
        let len = u32::try_from(spelled.len()).expect("it is short");
        assert_eq!(end(spelled), Some(((), len)), "{spelled}");
    }
    for spelled in
        ["", "-", "x", "--1", "00", "-00", "01", "012345678", ".5", "1.", "1.x", "1e2", "1.5E2"]
    {
        assert_eq!(end(spelled), None, "{spelled}");
    }
}

/// Kind and bits of a value, so that zeros of either sign are two.
fn seen(value: Read<Value>) -> Result<(Tag, u64), InputKind> {
    value.map(|value| (value.tag(), value.bits()))
}

/// What is read of a number, wherever it stands: as any kind, as int, uint and double.
fn check(spelled: &str, wanted: [Read<Value>; 4]) {
    for (before, behind) in [("", ""), ("[", ","), ("12345678", "]"), ("", " 1")] {
        let bytes = format!("{before}{spelled}{behind}");
        let mut reader = Reader::new(bytes.as_bytes());
        reader.at = u32::try_from(before.len()).expect("it is short");
        let number = reader.number().expect("it is a number");
        assert_eq!(reader.at as usize, before.len() + spelled.len(), "{bytes}");
        let found = [number.any(), number.int(), number.uint(), number.double()];
        assert_eq!(found.map(seen), wanted.map(seen), "{bytes}");
    }
}

const NO_INT: Read<Value> = Err(InputKind::WrongType(Expected::Int));
const NO_UINT: Read<Value> = Err(InputKind::WrongType(Expected::Uint));
const RANGE: Read<Value> = Err(InputKind::NumberRange);
/// 2^63.
const HIGH: f64 = 9_223_372_036_854_775_808.0;

#[test]
fn whole_numbers_are_what_is_wanted_where_they_can_be() {
    let (int, uint) = (|it| Ok(Value::int(it)), |it| Ok(Value::uint(it)));
    let double = |it| Ok(Value::double(it));
    for (spelled, wanted) in [
        ("0", [int(0), int(0), uint(0), double(0.0)]),
        ("-0", [int(0), int(0), uint(0), double(-0.0)]),
        ("42", [int(42), int(42), uint(42), double(42.0)]),
        ("-42", [int(-42), int(-42), NO_UINT, double(-42.0)]),
        ("12345678", [int(12_345_678), int(12_345_678), uint(12_345_678), double(12_345_678.0)]),
        (
            "9007199254740993",
            [
                int(9_007_199_254_740_993),
                int(9_007_199_254_740_993),
                uint(9_007_199_254_740_993),
                double(9_007_199_254_740_992.0),
            ],
        ),
        ("9223372036854775807", [int(i64::MAX), int(i64::MAX), uint((1 << 63) - 1), double(HIGH)]),
        ("9223372036854775808", [uint(1 << 63), NO_INT, uint(1 << 63), double(HIGH)]),
        ("-9223372036854775808", [int(i64::MIN), int(i64::MIN), NO_UINT, double(-HIGH)]),
        ("-9223372036854775809", [RANGE, NO_INT, NO_UINT, double(-HIGH)]),
        ("18446744073709551615", [uint(u64::MAX), NO_INT, uint(u64::MAX), double(2.0 * HIGH)]),
        ("18446744073709551616", [RANGE, NO_INT, NO_UINT, double(2.0 * HIGH)]),
        ("100000000000000000000", [RANGE, NO_INT, NO_UINT, double(1e20)]),
    ] {
        check(spelled, wanted);
    }
}

#[test]
fn fractions_and_powers_are_what_is_wanted_where_they_can_be() {
    let (int, uint) = (|it| Ok(Value::int(it)), |it| Ok(Value::uint(it)));
    let double = |it| Ok(Value::double(it));
    for (spelled, wanted) in [
        ("5.0", [double(5.0), int(5), uint(5), double(5.0)]),
        ("-5.0", [double(-5.0), int(-5), NO_UINT, double(-5.0)]),
        ("5.5", [double(5.5), NO_INT, NO_UINT, double(5.5)]),
        ("0.0", [double(0.0), int(0), uint(0), double(0.0)]),
        ("-0.0", [double(-0.0), int(0), uint(0), double(-0.0)]),
        ("5e2", [double(500.0), int(500), uint(500), double(500.0)]),
        ("5E+2", [double(500.0), int(500), uint(500), double(500.0)]),
        ("5e-1", [double(0.5), NO_INT, NO_UINT, double(0.5)]),
        ("50e-1", [double(5.0), int(5), uint(5), double(5.0)]),
        ("500.50e1", [double(5_005.0), int(5_005), uint(5_005), double(5_005.0)]),
        ("1.5e1", [double(15.0), int(15), uint(15), double(15.0)]),
        ("0.001e3", [double(1.0), int(1), uint(1), double(1.0)]),
        ("0.00000000125e10", [double(12.5), NO_INT, NO_UINT, double(12.5)]),
        ("0.0e999999999999", [double(0.0), int(0), uint(0), double(0.0)]),
        ("1e18", [double(1e18), int(10_i64.pow(18)), uint(10_u64.pow(18)), double(1e18)]),
        ("1e19", [double(1e19), NO_INT, uint(10_u64.pow(19)), double(1e19)]),
        ("1e23", [double(1e23), NO_INT, NO_UINT, double(1e23)]),
        ("1e-23", [double(1e-23), NO_INT, NO_UINT, double(1e-23)]),
        (
            "123456789012345e22",
            [double(123_456_789_012_345e22), NO_INT, NO_UINT, double(123_456_789_012_345e22)],
        ),
        (
            "1234567890123456e-3",
            [double(1_234_567_890_123.456), NO_INT, NO_UINT, double(1_234_567_890_123.456)],
        ),
        (
            "9007199254740993.0",
            [
                double(9_007_199_254_740_992.0),
                int(9_007_199_254_740_993),
                uint(9_007_199_254_740_993),
                double(9_007_199_254_740_992.0),
            ],
        ),
        ("1e308", [double(1e308), NO_INT, NO_UINT, double(1e308)]),
        ("1e309", [RANGE, NO_INT, NO_UINT, RANGE]),
        ("1e999999999999", [RANGE, NO_INT, NO_UINT, RANGE]),
        ("1e-999999999999", [double(0.0), NO_INT, NO_UINT, double(0.0)]),
    ] {
        check(spelled, wanted);
    }
}

/// The place is that of the first byte that no number has there.
#[test]
fn what_is_no_number_is_refused_where_it_is_none() {
    let (syntax, truncated) = (InputKind::Syntax, InputKind::Truncated);
    for (spelled, kind, at) in [
        ("", truncated, 0),
        ("-", truncated, 1),
        ("x", syntax, 0),
        ("+1", syntax, 0),
        ("--1", syntax, 1),
        ("-x", syntax, 1),
        (".5", syntax, 0),
        ("1.", truncated, 2),
        ("1.x", syntax, 2),
        ("12345678.", truncated, 9),
        ("1.e5", syntax, 2),
        ("1e", truncated, 2),
        ("1e+", truncated, 3),
        ("1e-x", syntax, 3),
        ("1ex", syntax, 2),
    ] {
        let mut reader = Reader::new(spelled.as_bytes());
        assert_eq!((reader.number().err(), reader.at), (Some(kind), at), "{spelled}");
    }
    // A zero in front of others is a number of its own.
    let mut reader = Reader::new(b"-012");
    assert!(reader.number().is_ok());
    assert_eq!(reader.at, 2);
}
