//! Accessors of timestamps and durations.
//!
//! In:      a timestamp and perhaps a zone; a duration.
//! Out:     ints.
//! Imports: its own room alone.
//! Source:  CEL language definition, section "Timestamps and durations".

use crate::lang::error::EvalError;
use crate::lang::functions::{Function, Outcome, POLICYC, Sig, by_number, expect, global, member};
use crate::lang::value::heap::Heap;
use crate::lang::value::time::{Instant, civil, second_of_day};
use crate::lang::value::zone::Zone;
use crate::lang::value::{Tag, Value};

/// The accessors of CEL.
pub const ROWS: &[Function] = &[
    member(110, "getFullYear", "timestamp_to_year")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc("The year, in UTC.", &[("timestamp('2026-07-14T21:30:05.25Z').getFullYear()", "2026")])
        .calls(full_year),
    member(111, "getFullYear", "timestamp_to_year_with_tz")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .fails()
        .doc(
            "The year, in a zone: a name of the IANA database, or an offset.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getFullYear('Asia/Tokyo')", "2026")],
        )
        .calls(full_year),
    member(112, "getMonth", "timestamp_to_month")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc(
            "The month, from 0 for January, in UTC.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getMonth()", "6")],
        )
        .calls(month),
    member(113, "getMonth", "timestamp_to_month_with_tz")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .fails()
        .doc(
            "The month, from 0 for January, in a zone: a name of the IANA database, or an offset.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getMonth('Asia/Tokyo')", "6")],
        )
        .calls(month),
    member(114, "getDate", "timestamp_to_day_of_month_1_based")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc(
            "The day of the month, from 1, in UTC.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getDate()", "14")],
        )
        .calls(date),
    member(115, "getDate", "timestamp_to_day_of_month_1_based_with_tz")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .fails()
        .doc(
            "The day of the month, from 1, in a zone: a name of the IANA database, or an offset.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getDate('Asia/Tokyo')", "15")],
        )
        .calls(date),
    member(116, "getDayOfMonth", "timestamp_to_day_of_month")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc(
            "The day of the month, from 0, in UTC.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getDayOfMonth()", "13")],
        )
        .calls(day_of_month),
    member(117, "getDayOfMonth", "timestamp_to_day_of_month_with_tz")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .fails()
        .doc(
            "The day of the month, from 0, in a zone: a name of the IANA database, or an offset.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getDayOfMonth('Asia/Tokyo')", "14")],
        )
        .calls(day_of_month),
    member(118, "getDayOfWeek", "timestamp_to_day_of_week")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc(
            "The day of the week, from 0 for Sunday, in UTC.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getDayOfWeek()", "2")],
        )
        .calls(day_of_week),
    member(119, "getDayOfWeek", "timestamp_to_day_of_week_with_tz")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .fails()
        .doc(
            "The day of the week, from 0 for Sunday, in a zone: a name of the IANA database, or \
            an offset.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getDayOfWeek('Asia/Tokyo')", "3")],
        )
        .calls(day_of_week),
    member(120, "getDayOfYear", "timestamp_to_day_of_year")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc(
            "The day of the year, from 0, in UTC.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getDayOfYear()", "194")],
        )
        .calls(day_of_year),
    member(121, "getDayOfYear", "timestamp_to_day_of_year_with_tz")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .fails()
        .doc(
            "The day of the year, from 0, in a zone: a name of the IANA database, or an offset.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getDayOfYear('Asia/Tokyo')", "195")],
        )
        .calls(day_of_year),
    member(122, "getHours", "timestamp_to_hours")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc("The hour, in UTC.", &[("timestamp('2026-07-14T21:30:05.25Z').getHours()", "21")])
        .calls(hours),
    member(123, "getHours", "timestamp_to_hours_with_tz")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .fails()
        .doc(
            "The hour, in a zone: a name of the IANA database, or an offset. No name \
             at all is refused.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getHours('Asia/Tokyo')", "6")],
        )
        .calls(hours),
    member(124, "getMinutes", "timestamp_to_minutes")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc("The minute, in UTC.", &[("timestamp('2026-07-14T21:30:05.25Z').getMinutes()", "30")])
        .calls(minutes),
    member(125, "getMinutes", "timestamp_to_minutes_with_tz")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .fails()
        .doc(
            "The minute, in a zone: a name of the IANA database, or an offset.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getMinutes('Asia/Tokyo')", "30")],
        )
        .calls(minutes),
    member(126, "getSeconds", "timestamp_to_seconds")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc("The second, in UTC.", &[("timestamp('2026-07-14T21:30:05.25Z').getSeconds()", "5")])
        .calls(seconds),
    member(127, "getSeconds", "timestamp_to_seconds_tz")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .fails()
        .doc(
            "The second, in a zone: a name of the IANA database, or an offset.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getSeconds('Asia/Tokyo')", "5")],
        )
        .calls(seconds),
    member(128, "getMilliseconds", "timestamp_to_milliseconds")
        .takes(&[Sig::Timestamp], Sig::Int)
        .doc(
            "The milliseconds of the second, in UTC.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getMilliseconds()", "250")],
        )
        .calls(milliseconds),
    member(129, "getMilliseconds", "timestamp_to_milliseconds_with_tz")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .fails()
        .doc(
            "The milliseconds of the second, in a zone: a name of the IANA database, or an offset.",
            &[("timestamp('2026-07-14T21:30:05.25Z').getMilliseconds('Asia/Tokyo')", "250")],
        )
        .calls(milliseconds),
    member(130, "getHours", "duration_to_hours")
        .takes(&[Sig::Duration], Sig::Int)
        .doc("Whole hours, toward zero.", &[("duration('1h2m3.25s').getHours()", "1")])
        .calls(duration_hours),
    member(131, "getMinutes", "duration_to_minutes")
        .takes(&[Sig::Duration], Sig::Int)
        .doc("Whole minutes, toward zero.", &[("duration('1h2m3.25s').getMinutes()", "62")])
        .calls(duration_minutes),
    member(132, "getSeconds", "duration_to_seconds")
        .takes(&[Sig::Duration], Sig::Int)
        .doc("Whole seconds, toward zero.", &[("duration('1h2m3.25s').getSeconds()", "3723")])
        .calls(duration_seconds),
    member(133, "getMilliseconds", "duration_to_milliseconds")
        .takes(&[Sig::Duration], Sig::Int)
        .doc(
            "The milliseconds of the last second.",
            &[("duration('1h2m3.25s').getMilliseconds()", "250")],
        )
        .calls(duration_milliseconds),
];

/// Short forms of the accessors of timestamps.
pub const SHORT_ROWS: &[Function] = &[
    global(134, "year", "year_timestamp")
        .takes(&[Sig::Timestamp], Sig::Int)
        .of(POLICYC)
        .doc(
            "The year, in UTC: short for `getFullYear`.",
            &[("year(timestamp('2026-07-14T21:30:05.25Z'))", "2026")],
        )
        .calls(full_year),
    global(135, "year", "year_timestamp_zone")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .of(POLICYC)
        .fails()
        .doc(
            "The year, in a zone: short for `getFullYear`.",
            &[("year(timestamp('2026-07-14T21:30:05.25Z'), '+02:00')", "2026")],
        )
        .calls(full_year),
    global(136, "month", "month_timestamp")
        .takes(&[Sig::Timestamp], Sig::Int)
        .of(POLICYC)
        .doc(
            "The month, from 0 for January, in UTC: short for `getMonth`.",
            &[("month(timestamp('2026-07-14T21:30:05.25Z'))", "6")],
        )
        .calls(month),
    global(137, "month", "month_timestamp_zone")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .of(POLICYC)
        .fails()
        .doc(
            "The month, from 0 for January, in a zone: short for `getMonth`.",
            &[("month(timestamp('2026-07-14T21:30:05.25Z'), '+02:00')", "6")],
        )
        .calls(month),
    global(138, "date", "date_timestamp")
        .takes(&[Sig::Timestamp], Sig::Int)
        .of(POLICYC)
        .doc(
            "The day of the month, from 1, in UTC: short for `getDate`.",
            &[("date(timestamp('2026-07-14T21:30:05.25Z'))", "14")],
        )
        .calls(date),
    global(139, "date", "date_timestamp_zone")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .of(POLICYC)
        .fails()
        .doc(
            "The day of the month, from 1, in a zone: short for `getDate`.",
            &[("date(timestamp('2026-07-14T21:30:05.25Z'), '+02:00')", "14")],
        )
        .calls(date),
    global(140, "dayOfMonth", "dayOfMonth_timestamp")
        .takes(&[Sig::Timestamp], Sig::Int)
        .of(POLICYC)
        .doc(
            "The day of the month, from 0, in UTC: short for `getDayOfMonth`.",
            &[("dayOfMonth(timestamp('2026-07-14T21:30:05.25Z'))", "13")],
        )
        .calls(day_of_month),
    global(141, "dayOfMonth", "dayOfMonth_timestamp_zone")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .of(POLICYC)
        .fails()
        .doc(
            "The day of the month, from 0, in a zone: short for `getDayOfMonth`.",
            &[("dayOfMonth(timestamp('2026-07-14T21:30:05.25Z'), '+02:00')", "13")],
        )
        .calls(day_of_month),
    global(142, "dayOfWeek", "dayOfWeek_timestamp")
        .takes(&[Sig::Timestamp], Sig::Int)
        .of(POLICYC)
        .doc(
            "The day of the week, from 0 for Sunday, in UTC: short for `getDayOfWeek`.",
            &[("dayOfWeek(timestamp('2026-07-14T21:30:05.25Z'))", "2")],
        )
        .calls(day_of_week),
    global(143, "dayOfWeek", "dayOfWeek_timestamp_zone")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .of(POLICYC)
        .fails()
        .doc(
            "The day of the week, from 0 for Sunday, in a zone: short for `getDayOfWeek`.",
            &[("dayOfWeek(timestamp('2026-07-14T21:30:05.25Z'), '+02:00')", "2")],
        )
        .calls(day_of_week),
    global(144, "dayOfYear", "dayOfYear_timestamp")
        .takes(&[Sig::Timestamp], Sig::Int)
        .of(POLICYC)
        .doc(
            "The day of the year, from 0, in UTC: short for `getDayOfYear`.",
            &[("dayOfYear(timestamp('2026-07-14T21:30:05.25Z'))", "194")],
        )
        .calls(day_of_year),
    global(145, "dayOfYear", "dayOfYear_timestamp_zone")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .of(POLICYC)
        .fails()
        .doc(
            "The day of the year, from 0, in a zone: short for `getDayOfYear`.",
            &[("dayOfYear(timestamp('2026-07-14T21:30:05.25Z'), '+02:00')", "194")],
        )
        .calls(day_of_year),
    global(146, "hour", "hour_timestamp")
        .takes(&[Sig::Timestamp], Sig::Int)
        .of(POLICYC)
        .doc(
            "The hour, in UTC: short for `getHours`.",
            &[("hour(timestamp('2026-07-14T21:30:05.25Z'))", "21")],
        )
        .calls(hours),
    global(147, "hour", "hour_timestamp_zone")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .of(POLICYC)
        .fails()
        .doc(
            "The hour, in a zone: short for `getHours`.",
            &[("hour(timestamp('2026-07-14T21:30:05.25Z'), '+02:00')", "23")],
        )
        .calls(hours),
    global(148, "minute", "minute_timestamp")
        .takes(&[Sig::Timestamp], Sig::Int)
        .of(POLICYC)
        .doc(
            "The minute, in UTC: short for `getMinutes`.",
            &[("minute(timestamp('2026-07-14T21:30:05.25Z'))", "30")],
        )
        .calls(minutes),
    global(149, "minute", "minute_timestamp_zone")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .of(POLICYC)
        .fails()
        .doc(
            "The minute, in a zone: short for `getMinutes`.",
            &[("minute(timestamp('2026-07-14T21:30:05.25Z'), '+02:00')", "30")],
        )
        .calls(minutes),
    global(150, "second", "second_timestamp")
        .takes(&[Sig::Timestamp], Sig::Int)
        .of(POLICYC)
        .doc(
            "The second, in UTC: short for `getSeconds`.",
            &[("second(timestamp('2026-07-14T21:30:05.25Z'))", "5")],
        )
        .calls(seconds),
    global(151, "second", "second_timestamp_zone")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .of(POLICYC)
        .fails()
        .doc(
            "The second, in a zone: short for `getSeconds`.",
            &[("second(timestamp('2026-07-14T21:30:05.25Z'), '+02:00')", "5")],
        )
        .calls(seconds),
    global(152, "millisecond", "millisecond_timestamp")
        .takes(&[Sig::Timestamp], Sig::Int)
        .of(POLICYC)
        .doc(
            "The milliseconds of the second, in UTC: short for `getMilliseconds`.",
            &[("millisecond(timestamp('2026-07-14T21:30:05.25Z'))", "250")],
        )
        .calls(milliseconds),
    global(153, "millisecond", "millisecond_timestamp_zone")
        .takes(&[Sig::Timestamp, Sig::String], Sig::Int)
        .of(POLICYC)
        .fails()
        .doc(
            "The milliseconds of the second, in a zone: short for `getMilliseconds`.",
            &[("millisecond(timestamp('2026-07-14T21:30:05.25Z'), '+02:00')", "250")],
        )
        .calls(milliseconds),
];

/// Whether row `number` takes a zone by its name: its last argument.
#[must_use]
pub fn takes_zone(number: u16) -> bool {
    by_number(number).is_some_and(|row| row.params == [Sig::Timestamp, Sig::String])
}

/// Reads a field of the date and time of day that a timestamp has in UTC or in a zone: `read` is
/// given the seconds since the epoch as clocks there show them.
fn field(heap: &Heap<'_>, args: &[Value], read: impl Fn(i64, Instant) -> i64) -> Outcome {
    let (timestamp, zone) = match args {
        [timestamp] => (timestamp, None),
        [timestamp, zone] => (timestamp, Some(zone)),
        _ => return Err(EvalError::NoSuchOverload),
    };
    expect(timestamp, Tag::Timestamp)?;
    let at = Instant::of(timestamp);
    let mut offset = 0;
    if let Some(zone) = zone {
        expect(zone, Tag::String)?;
        offset = Zone::named(heap.str(zone))?.offset(at.seconds);
    }
    Ok(Value::int(read(at.seconds + offset, at)))
}

macro_rules! accessors {
    ($($name:ident = $read:expr;)*) => {$(
        fn $name(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
            field(heap, args, $read)
        }
    )*};
}

accessors! {
    full_year = |at, _| civil(at).year;
    month = |at, _| i64::from(civil(at).month) - 1;
    date = |at, _| i64::from(civil(at).day);
    day_of_month = |at, _| i64::from(civil(at).day) - 1;
    day_of_week = |at, _| i64::from(civil(at).weekday);
    day_of_year = |at, _| i64::from(civil(at).day_of_year);
    hours = |at, _| second_of_day(at) / 3_600;
    minutes = |at, _| second_of_day(at) / 60 % 60;
    seconds = |at, _| second_of_day(at) % 60;
    milliseconds = |_, instant| i64::from(instant.nanoseconds / 1_000_000);
}

/// The nanoseconds of the duration that is the only argument.
fn nanoseconds(args: &[Value]) -> Result<i64, EvalError> {
    let [duration] = args else { return Err(EvalError::NoSuchOverload) };
    expect(duration, Tag::Duration)?;
    Ok(duration.signed())
}

fn duration_hours(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    Ok(Value::int(nanoseconds(args)? / 3_600_000_000_000))
}

fn duration_minutes(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    Ok(Value::int(nanoseconds(args)? / 60_000_000_000))
}

fn duration_seconds(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    Ok(Value::int(nanoseconds(args)? / 1_000_000_000))
}

/// Only the part below a second, as the tests of CEL have it.
fn duration_milliseconds(_: &mut Heap<'_>, args: &[Value]) -> Outcome {
    Ok(Value::int(nanoseconds(args)? / 1_000_000 % 1_000))
}
