//! The `cel` crate, 0.15.

use std::io::BufRead;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::Arc;

use cel::objects::{Key, OptionalValue};
use cel::{Context, Env, Value, extensions};
use serde_json::{Value as Json, json};

use super::known::{Known, Lack, Row, known};
use super::run::{assert_there, compare};
use super::{MARK, Peer};
use crate::cases::{Family, TYPES};
use crate::support::generate::libraries::{ENCODERS, FORMAT, LISTS, MATH, OPTIONAL, STRINGS};

/// What the crate does not have, of the libraries that it has.
const LACKS: &[Lack] = &[
    (".first()", "[1].first()"),
    (".last()", "[1].last()"),
    ("optional.unwrap(", "optional.unwrap([optional.of(1)])"),
    (".unwrapOpt()", "[optional.of(1)].unwrapOpt()"),
    // It evaluates their arguments always: "`or` and `orValue` are lazy".
    (".or(", "optional.of(1).or(optional.of(1 / 0))"),
    (".orValue(", "optional.of(1).orValue(1 / 0)"),
];

/// Where it differs.
const KNOWN: &[Row] = &[
    (
        "NaN has no order",
        "It fails. Language definition, \"Ordering\" and \"Numbers\": doubles have an order, and \
         follow IEEE 754, by which all comparisons with NaN are false.",
        r".*(NAN [<>]=? .*|[<>]=? NAN.*)",
        &["(0.0 / 0.0) < 1.0", "1.0 >= double('NaN')"],
    ),
    (
        "milliseconds of a duration",
        "It gives the total. Language definition, \"Date/Time Functions\": the milliseconds \
         portion; \"other time unit functions convert\", this one does not.",
        r".*(duration\('-?[1-9][^'n]*'\)|timestamp\([^()]*\)\))\.getMilliseconds\(\).*",
        &["duration('1h30m').getMilliseconds()"],
    ),
    (
        "offsets of timestamps",
        "It keeps the offset that is written. Language definition, \"Date/Time Functions\": \
         accessors are in UTC where no zone is given.",
        r".*-05:30'\)+\.get\w+\(\).*",
        &["timestamp('1969-12-31T19:30:00.5-05:30').getMonth()"],
    ),
    (
        "digits of durations",
        "It reads them by way of a double, the least one a nanosecond short. Language definition, \
         \"Types and Conversions\": nanoseconds are a unit of theirs.",
        r".*duration\(('-9223372036\.854775808s'|string\(.*)\).*",
        &["duration('-9223372036.854775808s')"],
    ),
    (
        "offsets at the end of a text",
        "It refuses an offset that is the size, and with an empty text takes one beyond it. \
         Conformance suite, indexof_out_of_range: 30 of 7 fails. The size itself is a place \
         between characters as all others are; cel-go finds nothing there.",
        r".*('[^']'|'\\[uU][0-9a-f]+'|[)\]\w])\.indexOf\(.+, 1\).*|.*\.lastIndexOf\(.+, .+\).*",
        &["'a'.indexOf('b', 1)", "'a'.lastIndexOf('b', 1)", "'a'.lastIndexOf('', 2)"],
    ),
    (
        "bits beyond the last byte",
        "It drops them. RFC 4648, 3.5: a decoder may refuse bits that encode nothing, or not.",
        r".*base64\.decode\(('(12|1h|ab|aXb)'|'%|[\[{]).*",
        &["base64.decode('12')"],
    ),
    (
        "selecting from no object",
        "It gives none. Conformance suite, map_null_entry_no_such_key: selecting from a value \
         that is there and no object is an error.",
        r".*dyn\([^()]*\)(\.\?x|\[\?.*\]).*",
        &["dyn(1).?x", "dyn(1)[?0]"],
    ),
    (
        "positions that are no numbers",
        "It gives none. Language definition, \"Evaluation\": what no overload takes is an error.",
        r".*[\])}\w]\[\??dyn\([^0-9-].*\)\].*",
        &["[1][?dyn(true)]", "optional.of([1])[dyn('')]"],
    ),
    (
        "the key of an empty optional",
        "It does not evaluate it. Language definition, \"Evaluation\": operators are functions, \
         all of whose arguments are evaluated; an error in one is the error of the call.",
        r".*optional\.none\(\)\[.*\].*",
        &["optional.none()[1 / 0]"],
    ),
    (
        "the zero of timestamps",
        "It takes the epoch; the specification names none. Ours is the year 1, as in cel-go.",
        r".*optional\.ofNonZeroValue\(timestamp\((0|'1970-01-01T00:00:00Z'|'0001-.*')\)\).*",
        &["optional.ofNonZeroValue(timestamp(0)).hasValue()"],
    ),
    (
        "texts of infinities",
        "It writes inf. What string() writes is not defined; ours is what format() must write \
         (strings extension: [-]Infinity), and what double() reads.",
        r".*string\(\(-?1\.0 / 0\.0\)\).*",
        &["string((1.0 / 0.0))"],
    ),
    (
        "texts of large and small doubles",
        "It writes no exponents. What string() writes is not defined; ours is that of cel-go.",
        r".*string\(-?[\d.]+e-?\d+\).*",
        &["string(5e-324)", "string(1e300)"],
    ),
    (
        "texts beyond all doubles",
        "It reads an infinity. Language definition, \"Types and Conversions\": double() of what \
         is none is an error; cel-go says out of range.",
        r".*double\('1e400'\).*",
        &["double('1e400')"],
    ),
    (
        "the zone without a name",
        "It takes it for UTC. Language definition, \"Date/Time Functions\": a zone is a number or \
         a region, and an empty text is neither.",
        r".*\.getHours\(''\).*",
        &["timestamp(0).getHours('')"],
    ),
    (
        "summers of later centuries",
        "It knows none. RFC 9636, 3.3: after the last change the rule in the footer goes on.",
        r".*\((timestamp.*duration|duration.*timestamp).*\)\.getHours\('Europe/Zurich'\).*",
        &["(timestamp(0) + duration('9223372036s')).getHours('Europe/Zurich')"],
    ),
    (
        "letters of patterns",
        "Its \\w has letters of all scripts. Language definition, \"Regular Expressions\": RE2, \
         where \\w is [0-9A-Za-z_].",
        r".*(\\u00e9|\\U000000e9).*\.matches\(r'\\d\{1,3\}\|\\w\\s\?\$'\).*",
        &[r"'\u00e9'.matches(r'\d{1,3}|\w\s?$')"],
    ),
    (
        "braces that begin no count",
        "It refuses the pattern. Language definition, \"Regular Expressions\": RE2, where such a \
         brace is a brace.",
        r".*\.matches\('(\{\}|%s'\.format\(\[\{\}\]\)).*",
        &["'{}'.matches('{}')"],
    ),
    (
        "the order of keys",
        "It is a new one each time. The order is not specified; ours is that of the keys.",
        r".*\{.+: .+, .+: .+\}+\.(filter|map)\(v0, .*",
        &["{'x': 1, 'y': 2}.map(v0, v0)"],
    ),
];

/// What is no number, as the least expressions write it.
const NAN: &str = concat!(
    r"(\(-?0\.0 / -?0\.0\)|double\('NaN'\)",
    r"|\(\(-?1\.0 / 0\.0\) \* -?0\.0\)|\(-?0\.0 \* \(-?1\.0 / 0\.0\)\))",
);

fn differences() -> Vec<Known> {
    known(KNOWN, &[("NAN", NAN)])
}

#[test]
fn the_cel_crate_agrees() {
    let lacks: Vec<&str> = LACKS.iter().map(|(part, _)| *part).collect();
    let libraries = [OPTIONAL, STRINGS, FORMAT, MATH, LISTS, ENCODERS];
    // It has no values that are types.
    let types: Vec<&str> = TYPES.iter().copied().filter(|ty| *ty != "type").collect();
    compare(500, &Family::of(&libraries, &types, &lacks), || Peer::new(command), &differences());
}

#[test]
fn every_listed_difference_of_the_cel_crate_is_there() {
    assert_there(Peer::new(command), &differences(), LACKS);
}

/// This very test binary, told to run nothing but `answers`.
fn command() -> Command {
    let mut command = Command::new(std::env::current_exe().expect("a test binary"));
    command.args(["--ignored", "--exact", "peers::rust::answers", "--nocapture"]);
    command.env_remove("RUST_BACKTRACE");
    command
}

#[test]
#[ignore = "the child of other tests: it answers lines of its input"]
fn answers() {
    let mut env = Env::stdlib();
    for extension in
        [extensions::encoders, extensions::lists, extensions::math, extensions::strings]
    {
        env.add_extension(extension).expect("an extension");
    }
    let env = Arc::new(env);
    for line in std::io::stdin().lock().lines() {
        let expression: String = serde_json::from_str(&line.unwrap()).unwrap();
        let answer = catch_unwind(AssertUnwindSafe(|| answer(&env, &expression)));
        let answer = answer.unwrap_or_else(|_| json!({"failed": "it panics"}));
        println!("{MARK}{answer}");
    }
}

fn answer(env: &Arc<Env>, expression: &str) -> Json {
    let program = match env.compile(expression) {
        Ok(program) => program,
        Err(error) => return json!({"refused": error.to_string()}),
    };
    match program.execute(&Context::with_env(Arc::clone(env))) {
        Ok(value) => match shown(&value) {
            Ok(value) => json!({"value": value}),
            Err(error) => json!({"failed": error}),
        },
        Err(error) => json!({"failed": error.to_string()}),
    }
}

fn shown(value: &Value) -> Result<Json, String> {
    Ok(match value {
        Value::Null => json!(["null"]),
        Value::Bool(value) => json!(["bool", value]),
        Value::Int(value) => json!(["int", value.to_string()]),
        Value::UInt(value) => json!(["uint", value.to_string()]),
        Value::Float(value) => json!(["double", format!("{:016x}", value.to_bits())]),
        Value::String(value) => json!(["string", **value]),
        Value::Bytes(value) => {
            let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            json!(["bytes", hex])
        }
        Value::Duration(value) => {
            let nanos =
                i128::from(value.num_seconds()) * 1_000_000_000 + i128::from(value.subsec_nanos());
            json!(["span", nanos.to_string()])
        }
        Value::Timestamp(value) => {
            let nanos = i128::from(value.timestamp()) * 1_000_000_000
                + i128::from(value.timestamp_subsec_nanos());
            json!(["time", nanos.to_string()])
        }
        Value::List(elements) => {
            let elements = elements.iter().map(shown).collect::<Result<Vec<_>, _>>()?;
            json!(["list", elements])
        }
        Value::Map(map) => {
            let entry = |(key, value): (&Key, &Value)| Ok(json!([key_shown(key), shown(value)?]));
            let entries = map.map.iter().map(entry).collect::<Result<Vec<_>, String>>()?;
            json!(["map", entries])
        }
        Value::Opaque(_) => match <&OptionalValue>::try_from(value) {
            Ok(held) => match held.value() {
                Some(held) => json!(["optional", shown(held)?]),
                None => json!(["optional"]),
            },
            Err(error) => return Err(error.to_string()),
        },
        Value::Function(..) | Value::Struct(_) => return Err("no value of CEL".to_owned()),
    })
}

fn key_shown(key: &Key) -> Json {
    match key {
        Key::Int(value) => json!(["int", value.to_string()]),
        Key::Uint(value) => json!(["uint", value.to_string()]),
        Key::Bool(value) => json!(["bool", value]),
        Key::String(value) => json!(["string", **value]),
    }
}
