//! `cel-expr-python`, 0.1.3, from PyPI: the C++ implementation, which checks types.

use std::process::Command;

use super::known::{Lack, Row};
use super::scripts::Script;
use crate::support::generate::libraries::{BINDINGS, ENCODERS, FORMAT, MATH, OPTIONAL, STRINGS};

const EXPR_PYTHON: Script = Script {
    package: "cel-expr-python 0.1.3",
    variable: "CEL_EXPR_PYTHON_DIR",
    install: "python3 -m venv FOLDER && FOLDER/bin/pip install cel-expr-python==0.1.3",
    command: |folder, path| {
        let mut command = Command::new(format!("{folder}/bin/python"));
        command.arg(path);
        command
    },
    file: "expr_python.py",
    libraries: &[OPTIONAL, STRINGS, FORMAT, MATH, ENCODERS, BINDINGS],
    // Its types are those of declarations, and its optionals are no values of Python.
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
        "[int]",
        "[string]",
        "{string:int}",
        "{int:string}",
    ],
    lacks: LACKS,
    known: KNOWN,
};

/// What it does not have, of the libraries that it has.
const LACKS: &[Lack] = &[
    ("optional.unwrap(", "optional.unwrap([optional.of(1)])"),
    (".unwrapOpt()", "[optional.of(1)].unwrapOpt()"),
];

/// Where it differs.
const KNOWN: &[Row] = &[
    (
        "%d of doubles",
        "It writes six digits of a fraction. Strings extension, \"Examples\": \
         \"%d\".format([3.14]) is 3.14.",
        r".*'%d'\.format\(\[.*[.e].*\]\).*|.*\d(\.\d|e).*'%d'\.format\(.*",
        &["'%d'.format([1.5])"],
    ),
    (
        "%s of doubles",
        "It writes exponents and six digits. Strings extension, \"Conversion\", double: \"The \
         value is formatted in base 10.\"",
        r".*'%s.*format\(\[.*(e-?\d|\d{6,}\.0).*\]\).*",
        &["'%s'.format([5e-324])"],
    ),
    (
        "texts of doubles",
        "It writes exponents, inf and -nan. Language definition: string(double) \"converts a \
         double to a string\" and names no form; Infinity and NaN are what double() reads.",
        r".*string\(.*(e-?\d|\d{6,}\.0|\.0 / |NaN|Infinity).*\).*",
        &["string(1.0 / 0.0)", "string(9223372036854775808.0)"],
    ),
    (
        "texts of durations",
        "It writes three digits of a fraction. Strings extension, \"Conversion\", duration: as a \
         double of seconds, whose insignificant zeros are excluded.",
        r".*(string\(|'%s.*format\().*(-1\.5|90m).*",
        &["string(duration('-1.5s'))"],
    ),
    (
        "texts of early years",
        "It writes the year 1 with one digit. RFC 3339, 5.6: a year has four.",
        r".*'%s.*format\(.*timestamp\('0001-.*",
        &["'%s'.format([timestamp('0001-01-01T00:00:00Z')])"],
    ),
    (
        "%s of bytes that are no text",
        "Its text is no UTF-8. Strings extension, \"Conversion\", bytes: \"invalid UTF-8 sequences \
         are replaced with \\ufffd\".",
        r".*'%s.*format\(\[.*b'\\xff.*",
        &[r"'%s'.format([b'\xff\x00'])"],
    ),
    (
        "parts of the empty text",
        "It is one empty part. Strings extension, split: by '' into characters, of which there are \
         none.",
        r".*''\.split\(''.*",
        &["''.split('')"],
    ),
    (
        "substrings up to the end",
        "It fails. Strings extension, substring: the end must not exceed the size.",
        r".*\.substring\(0, ([1-4]|[a-z'(].*)\).*",
        &["'x'.substring(0, 1)"],
    ),
    (
        "what cannot be a key",
        "It fails. Language definition, \"Equality\": a value of another type is unequal to every \
         key, so it is not in the map.",
        r".*(dyn\(|\[).* in \{.*",
        &["dyn([1]) in {}"],
    ),
    (
        "NaN has no order",
        "It is passed over. Mathematics extension: no result is named; cel-go fails, as we do.",
        r".*math\.(greatest|least)\(.*(0\.0 / |NaN|sqrt\(|inf).*",
        &["math.greatest(0.0 / 0.0, 1.5)"],
    ),
    (
        "indices in optionals",
        "It fails. Optionals extension: a selection from an optional is optional in its turn, and \
         what is not there is none.",
        r".*optional\.of(NonZeroValue)?\(.*\)\[.*\].*",
        &["optional.of([1])[7].hasValue()"],
    ),
    (
        "elements of what is empty",
        "They are not well-typed as a range. Language definition, \"Type Checking\": a type that \
         nothing determines is dyn, and dyn may be a range.",
        concat!(
            r".*(\? |&&|\|\||bind\(|v\d, ).*",
            r"((\{\}|\[\])\[[^\[\]]*\]|optional\.none\(\)\.value\(\))",
            r"\.(all|exists|exists_one|map|filter)\(.*",
        ),
        &["(false ? optional.none().value().exists(v, true) : true)"],
    ),
    (
        "repeated keys that do not matter",
        "It fails when it compiles. Language definition, \"Logical Operators\": true || error is \
         true.",
        concat!(
            r".*\{.*: .*, .*: .*\}.*(\|\| true|&& false).*|",
            r".*\{\??(true: .*, \??true|false: .*, \??false|",
            r"0: .*, \??0|1: .*, \??1|2: .*, \??2): .*\.o(pt|r).*",
        ),
        &["({true: 1, true: 2}.size() == 1 || true)"],
    ),
    (
        "subtracting the least duration",
        "It negates it first, and fails. Language definition, \"Timestamp\": the difference is in \
         range.",
        r".* - duration\('-9223372036\.854775808s'\)\).*",
        &["(timestamp(0) - duration('-9223372036.854775808s'))"],
    ),
    (
        "texts beyond the doubles",
        "They are Infinity. Language definition, double(string): what does not convert is an \
         error; cel-go fails, as we do.",
        r".*double\(.*1e400.*\).*",
        &["double('1e400')"],
    ),
    (
        "keys of entries that are left out",
        "It fails where they cannot be keys. Optionals extension: an entry whose value is none is \
         not in the map.",
        r".*\{(.*, )?\?dyn\(.*: .*optional\.(none|of).*\}.*",
        &["{?dyn([1]): optional.none()}"],
    ),
    (
        "no zone",
        "It is UTC. Language definition, \"Timezones\": a name of the database, or an offset.",
        r".*\.get\w+\(''\).*",
        &["timestamp(0).getHours('')"],
    ),
    (
        "what is no base64",
        "It passes over blanks and drops bits. RFC 4648, 3.3: a decoder must reject characters \
         beside the alphabet; 3.5: it may refuse bits that encode nothing.",
        r".*base64\.decode\(('\w\w\w?'|'.* .*'|'.*format\(.*|[^'b].*)\).*",
        &["base64.decode('12')", "base64.decode(' \\t')"],
    ),
    (
        "the zero of timestamps",
        "It takes the epoch; the specification names none. Ours is the year 1, as in cel-go.",
        r".*optional\.ofNonZeroValue\(timestamp\(.*",
        &["optional.ofNonZeroValue(timestamp(0)).hasValue()"],
    ),
];

#[test]
fn the_python_package_agrees() {
    EXPR_PYTHON.agrees();
}

#[test]
fn every_listed_difference_of_the_python_package_is_there() {
    EXPR_PYTHON.differs_as_listed();
}
