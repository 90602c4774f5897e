//! `@bufbuild/cel`, 0.6.1, from npm.

use std::process::Command;

use super::known::{Lack, Row};
use super::scripts::Script;
use crate::support::generate::libraries::{FORMAT, STRINGS};

const BUFBUILD: Script = Script {
    package: "@bufbuild/cel 0.6.1",
    variable: "BUFBUILD_CEL_DIR",
    install: "npm install --prefix FOLDER @bufbuild/cel@0.6.1 @bufbuild/protobuf@2.17.0",
    command: |folder, path| {
        let mut command = Command::new("node");
        command.arg(path).current_dir(folder);
        command
    },
    file: "bufbuild.mjs",
    libraries: &[STRINGS, FORMAT],
    types: &[
        "bool",
        "bool",
        "bool",
        "bool",
        "int",
        "int",
        "uint",
        "double",
        "string",
        "string",
        "bytes",
        "time",
        "span",
        "dyn",
        "[int]",
        "[string]",
        "{string:int}",
        "{int:string}",
        "type",
    ],
    lacks: LACKS,
    known: KNOWN,
};

/// What it does not have, of the libraries that it has.
const LACKS: &[Lack] = &[
    (".reverse()", "'ab'.reverse()"),
    // The function; it has the method.
    ("'.X|\\u00e9'", "matches('a', '.X|\\u00e9')"),
];

/// Where it differs.
const KNOWN: &[Row] = &[
    (
        "bytes beyond the first plane",
        "It writes U+FFFD for each half. Language definition, \"String and Bytes Values\": bytes \
         are the UTF-8 of the text.",
        r".*b'\x{1F600}'.*",
        &["b'\u{1F600}'"],
    ),
    (
        "the unit of timestamps",
        "It reads milliseconds. Language definition, timestamp(int): seconds since the epoch.",
        r".*timestamp\(([^'0]|0x|'.*ndexOf\().*",
        &["timestamp(1)", "timestamp(9223372036854775807)"],
    ),
    (
        "fractions in accessors",
        "It rounds to milliseconds first. Language definition, getSeconds: 0 to 59 of the \
         timestamp, which has nanoseconds.",
        r".*(\.999999999Z|\D1ns|0\.000000001s|-1\.5s)'.*\.get\w+\(.*",
        &["timestamp('2024-02-29T23:59:59.999999999Z').getSeconds()"],
    ),
    (
        "years below 100",
        "It adds 1900 to them. Language definition, \"Timestamp\": from the year 1 on.",
        r".*timestamp\('0001-01-01T00:00:00Z'\).*\.get\w+\(.*",
        &["timestamp('0001-01-01T00:00:00Z').getFullYear()"],
    ),
    (
        "presence in what has no fields",
        "It is false. Language definition, \"Field Selection\": \"In all other cases, has(e.f) \
         evaluates to an error.\"",
        r".*has\(dyn\((-?[\d\[]|true|false|null|').*\.x\).*",
        &["has(dyn(1).x)"],
    ),
    (
        "presence of null",
        "It is false. Language definition, \"Field Selection\": \"If e evaluates to a map, then \
         has(e.f) indicates whether the string f is a key in the map\".",
        r".*has\(.*'x': (dyn\()?null.*\.x\).*",
        &["has({'x': null}.x)"],
    ),
    (
        "large uints divided",
        "It fails. Language definition, \"Overflow\": an error is what uint cannot hold.",
        r".*\d{19,}u / .*",
        &["18446744073709551615u / 1u"],
    ),
    (
        "texts that are no double",
        "They are NaN or 0. Language definition, \"Type conversions\": what does not convert is \
         an error.",
        r#".*\bdouble\(('[^N]|"|r'|string|\().*"#,
        &["double('x')", "double('')"],
    ),
    (
        "the empty text as a number",
        "It is 0. Language definition, \"Type conversions\": what does not convert is an error.",
        r".*\bu?int\('( \\t| a )?'\).*",
        &["int('')", "uint('')"],
    ),
    (
        "the empty duration",
        "It is 0s. Language definition, duration(string): a sequence of numbers with units.",
        r".*duration\(''\).*",
        &["duration('')"],
    ),
    (
        "the remainder of the least int",
        "It is 0. Language definition, \"Overflow\": arithmetic beyond the range is an error; \
         cel-go and cel-cpp fail alike.",
        r".*-9223372036854775808 % -.*",
        &["-9223372036854775808 % -1"],
    ),
    (
        "uint keys twice",
        "It keeps both. Language definition, \"Map creation\": keys that repeat are an error.",
        concat!(
            r".*\{\??(0u: .*, \??0|1u: .*, \??1|2u: .*, \??2|3u: .*, \??3|",
            r"7u: .*, \??7|64u: .*, \??64|18\d*u: .*, \??18\d*|",
            r"92\d*u: .*, \??92\d*|0xFFu: .*, \??0xFF)u: .*",
        ),
        &["{0u: 1, 0u: 7}.size()"],
    ),
    (
        "large limits of split",
        "It takes the limit modulo 2^32. Strings extension, split: at most so many parts.",
        r".*\.split\(.*, -?\d{10,}\).*",
        &["'b'.split('', 9223372036854775807)"],
    ),
    (
        "the rest of a split",
        "It drops it. Strings extension, split with a limit: the last part is the rest.",
        r".*\.split\('', .*",
        &["'true'.split('', 2)"],
    ),
    (
        "%d of doubles",
        "It fails. Strings extension, \"Examples\": \"%d\".format([3.14]) is 3.14.",
        r".*'%d'\.format\(\[.*[.e].*\]\).*",
        &["'%d'.format([1.5])"],
    ),
    (
        "%s of doubles",
        "It writes exponents. Strings extension, \"Conversion\", double: \"The value is formatted \
         in base 10.\"",
        r".*'%s.*format\(\[.*(e-?\d|\d{16,}\.0).*\]\).*",
        &["'%s'.format([5e-324])"],
    ),
    (
        "%s of maps",
        "It sorts keys by a language's rules. Strings extension, \"Conversion\", map: \"sorted by \
         the formatted keys in ascending order\".",
        r".*'%s.*format\(\[.*\{.*(\\U0|\\u0|\x{1F600}).*",
        &["'%s'.format([{'x': 0, '\\U0001f600': 1}])"],
    ),
    (
        "the sign of -0.0",
        "It drops it. The specification names no case for it; cel-go writes it, as we do.",
        r".*('%s.*format\(\[|string\().*-\(?0\.0.*",
        &["'%s'.format([-0.0])"],
    ),
    (
        "%e and %f",
        "It writes fewer digits. Strings extension, \"Conversion\", e: \"and then two digits\"; f: \
         \"exactly precision digits\" of the value, which has more than 17 where it is large.",
        r".*%e'\.format\(.*",
        &["'%e'.format([1e-7])", "'%.3f|%e'.format([9223372036854775808.0, 0.0 / 0.0])"],
    ),
    (
        "texts of times",
        "It writes three, six or nine digits of a fraction. Strings extension, \"Conversion\", \
         duration: as a double of seconds, whose insignificant zeros are excluded.",
        r".*(string\(|'%s.*format\().*(-05:30'|-1\.5s'|\.5Z').*",
        &["string(duration('-1.5s'))", "'%s'.format([timestamp('1969-12-31T19:30:00.5-05:30')])"],
    ),
    (
        "characters beyond the first plane",
        "They are two. Language definition, \"String and Bytes Values\": strings are sequences of \
         Unicode code points.",
        concat!(
            r".*(\\U0001f600|\\U0010ffff|\x{1F600}|\x{10FFFF})[^']*'",
            r"\.(charAt\([0-3]\)|substring\((0, )?[1-4]\)|split\(''|lastIndexOf\('').*",
        ),
        &["'\\U0001f600b'.charAt(0)"],
    ),
    (
        "replacing the empty text",
        "It replaces the first only, as often as the limit says. Strings extension, replace: all \
         occurrences; '' stands at every character and at the end.",
        r".*\.replace\('', .*",
        &["'12'.replace('', '-7')"],
    ),
    (
        "the negative of the least int",
        "It is the least int. Language definition, \"Overflow\": arithmetic beyond the range is an \
         error.",
        r".*-\(\(?-\(.*-9223372036854775808.*",
        &["-(-(-9223372036854775808))"],
    ),
    (
        "keys that are doubles",
        "It takes them. Language definition, \"Map creation\": keys are int, uint, bool or string.",
        r".*\{(.*, )?\??dyn\(-?\d+(\.0|e\d+)\): .*",
        &["{dyn(1.0): 0}"],
    ),
    (
        "quotes of NUL",
        "It escapes it. Strings extension, quote: what is escaped is listed, and NUL is not.",
        r".*quote\(.*(\\U00000000|\\x00).*",
        &["strings.quote('\\U00000000')"],
    ),
    (
        "offsets at the end of a text",
        "It finds nothing there. Strings extension: the offset must not exceed the size.",
        r".*\.(i|lastI)ndexOf\(.*, .*\).*",
        &["'a'.indexOf('', 1)"],
    ),
];

#[test]
fn the_npm_package_agrees() {
    BUFBUILD.agrees();
}

#[test]
fn every_listed_difference_of_the_npm_package_is_there() {
    BUFBUILD.differs_as_listed();
}
