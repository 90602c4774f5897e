//! Named formats in Kubernetes: whether a text has the form of a name, a label, a URI, a date.
//!
//! In:      the name of a format, text.
//! Out:     what is wrong with the text.
//! Imports: its own room alone.
//! Source:  Kubernetes, its CEL library `format`; what is said is what `apimachinery` says.
//!
//! A format is its name, a string at run time; only the checker tells them apart. Every sentence is
//! known beforehand, so that nothing is put together when a text is judged.

use crate::lang::error::EvalError;
use crate::lang::functions::kubernetes::two;
use crate::lang::functions::optionals::NONE;
use crate::lang::functions::{Cost, Function, Library, Outcome, Sig, expect, global, member};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Tag, Value};

/// Named formats.
pub const FORMAT: Library = Library { name: "kubernetes.format", since: 0 };
/// The type of formats.
pub const NAMED: &str = "kubernetes.NamedFormat";

/// Most bytes of a label, and of the value of one.
const LABEL_BYTES_MAX: usize = 63;
/// Most bytes of a subdomain.
const SUBDOMAIN_BYTES_MAX: usize = 253;
/// Most sentences about one text: two about each part of a qualified name.
const FAULTS_MAX: usize = 4;

macro_rules! shape {
    ($says:literal, $example:literal, $pattern:literal) => {
        concat!($says, " (e.g. ", $example, ", regex used for validation is '", $pattern, "')")
    };
}

macro_rules! subdomain {
    () => {
        shape!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '-' or '.', and must start and end with an alphanumeric character",
            "'example.com'",
            "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
        )
    };
}

macro_rules! qualified {
    () => {
        shape!(
            "must consist of alphanumeric characters, '-', '_' or '.', and must start and end \
             with an alphanumeric character",
            "'MyName',  or 'my.name',  or '123-abc'",
            "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
        )
    };
}

const LABEL: &str = shape!(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and \
     must start and end with an alphanumeric character",
    "'my-name',  or '123-abc'",
    "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
);
const OLD_LABEL: &str = shape!(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an \
     alphabetic character, and end with an alphanumeric character",
    "'my-name',  or 'abc-123'",
    "[a-z]([-a-z0-9]*[a-z0-9])?"
);
const LABEL_VALUE: &str = shape!(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
     '.', and must start and end with an alphanumeric character",
    "'MyValue',  or 'my_value',  or '12345'",
    "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"
);
const QUALIFIED: &str = concat!(
    "a qualified name ",
    qualified!(),
    " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
);

/// What a text is held to.
#[derive(Clone, Copy)]
enum Format {
    Label,
    Subdomain,
    OldLabel,
    QualifiedName,
    LabelPrefix,
    SubdomainPrefix,
    OldLabelPrefix,
    LabelValue,
    Uri,
    Uuid,
    Byte,
    Date,
    DateTime,
}

macro_rules! formats {
    ($($number:literal $name:literal $call:ident $format:ident $example:literal;)*) => {
        const NAMES: &[(&str, Format)] = &[$(($name, Format::$format)),*];

        /// The rows.
        pub const ROWS: &[Function] = &[
            global(353, "format.named", "format-named")
                .takes(&[Sig::String], Sig::Optional(&Sig::Opaque(NAMED)))
                .of(FORMAT)
                .fails()
                .doc(
                    "The format of this name, if there is one.",
                    &[("format.named('uuid').hasValue()", "true"),
                      ("format.named('email').hasValue()", "false")],
                )
                .calls(named),
            member(354, "validate", "format-validate")
                .takes(
                    &[Sig::Opaque(NAMED), Sig::String],
                    Sig::Optional(&Sig::List(&Sig::String)),
                )
                .of(FORMAT)
                .fails()
                .costs(Cost::Linear)
                .doc(
                    "What is wrong with the text, in sentences; nothing where it has the format.",
                    &[("format.date().validate('2026-02-29').value()", "['invalid date']"),
                      ("format.date().validate('2028-02-29').hasValue()", "false")],
                )
                .calls(validate),
            $(
                global($number, concat!("format.", $name), concat!("format.", $name))
                    .takes(&[], Sig::Opaque(NAMED))
                    .of(FORMAT)
                    .fails()
                    .doc(
                        concat!("The format `", $name, "`."),
                        &[(concat!(
                            "format.", $name, "().validate(", $example, ").hasValue()"
                        ), "false")],
                    )
                    .calls($call),
            )*
        ];

        $(
            fn $call(heap: &mut Heap<'_>, _: &[Value]) -> Outcome {
                heap.new_string($name)
            }
        )*
    };
}

formats! {
    355 "dns1123Label" label Label "'my-name'";
    356 "dns1123Subdomain" subdomain Subdomain "'example.com'";
    357 "dns1035Label" old_label OldLabel "'my-name'";
    358 "qualifiedName" qualified_name QualifiedName "'example.com/MyName'";
    359 "dns1123LabelPrefix" label_prefix LabelPrefix "'my-name-'";
    360 "dns1123SubdomainPrefix" subdomain_prefix SubdomainPrefix "'example.com-'";
    361 "dns1035LabelPrefix" old_label_prefix OldLabelPrefix "'my-name-'";
    362 "labelValue" label_value LabelValue "'My_value'";
    363 "uri" uri Uri "'https://example.com/a'";
    364 "uuid" uuid Uuid "'123e4567-e89b-12d3-a456-426614174000'";
    365 "byte" byte Byte "'aGVsbG8='";
    366 "date" date Date "'2026-01-31'";
    367 "datetime" datetime DateTime "'2026-01-31T00:00:00Z'";
}

fn of_name(name: &str) -> Option<Format> {
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, format)| *format)
}

fn named(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let [name] = args else { return Err(EvalError::NoSuchOverload) };
    expect(name, Tag::String)?;
    if of_name(heap.str(name)).is_some() { heap.new_optional(*name) } else { Ok(NONE) }
}

fn validate(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let (name, text) = two(args, Tag::String)?;
    let format = of_name(heap.str(name)).ok_or(EvalError::NoSuchOverload)?;
    let found = faults(format, heap.bytes(text));
    let mut list = [Value::NULL; FAULTS_MAX];
    let mut count = 0;
    for (place, says) in list.iter_mut().zip(found.iter().flatten()) {
        *place = heap.new_string(says)?;
        count += 1;
    }
    if count == 0 {
        return Ok(NONE);
    }
    let list = heap.new_list(list.get(..count).unwrap_or_default())?;
    heap.new_optional(list)
}

type Faults = [Option<&'static str>; FAULTS_MAX];

/// What is wrong with `text`, in order.
fn faults(format: Format, text: &[u8]) -> Faults {
    let says = |wrong: bool, sentence: &'static str| wrong.then_some(sentence);
    let one = |good: bool, sentence| [says(!good, sentence), None, None, None];
    let prefix =
        matches!(format, Format::LabelPrefix | Format::SubdomainPrefix | Format::OldLabelPrefix);
    let ends = Ends::of(text, prefix);
    let long = |most: usize, sentence| says(ends.len() > most, sentence);
    match format {
        Format::Label | Format::LabelPrefix => {
            let shape = match (is_label(ends), is_subdomain(ends)) {
                (true, _) => None,
                (false, true) => Some("must not contain dots"),
                (false, false) => Some(LABEL),
            };
            [long(LABEL_BYTES_MAX, LONG_LABEL), shape, None, None]
        }
        Format::Subdomain | Format::SubdomainPrefix => {
            let shape = says(!is_subdomain(ends), subdomain!());
            [long(SUBDOMAIN_BYTES_MAX, LONG_SUBDOMAIN), shape, None, None]
        }
        Format::OldLabel | Format::OldLabelPrefix => {
            let starts = ends.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
            let shape = says(!(starts && is_label(ends)), OLD_LABEL);
            [long(LABEL_BYTES_MAX, LONG_LABEL), shape, None, None]
        }
        Format::QualifiedName => qualified_faults(text),
        Format::LabelValue => {
            let shape = says(!(text.is_empty() || is_qualified(text)), LABEL_VALUE);
            [long(LABEL_BYTES_MAX, LONG_LABEL), shape, None, None]
        }
        Format::Uri => one(is_uri(text), "invalid URI for request"),
        Format::Uuid => one(is_uuid(text), "does not match the UUID format"),
        Format::Byte => one(is_base64(text), "invalid base64"),
        Format::Date => one(is_date(text), "invalid date"),
        Format::DateTime => one(is_datetime(text), "invalid datetime"),
    }
}

const LONG_LABEL: &str = "must be no more than 63 bytes";
const LONG_SUBDOMAIN: &str = "must be no more than 253 bytes";

fn qualified_faults(text: &[u8]) -> Faults {
    let mut parts = text.split(|byte| *byte == b'/');
    let (prefix, name) = match (parts.next(), parts.next(), parts.next()) {
        (Some(prefix), Some(name), None) => (Some(prefix), name),
        (Some(name), None, _) => (None, name),
        _ => return [Some(QUALIFIED), None, None, None],
    };
    let (mut empty, mut shape) = (None, None);
    if let Some(prefix) = prefix {
        if prefix.is_empty() {
            empty = Some("prefix part must be non-empty");
        } else {
            let long = prefix.len() > SUBDOMAIN_BYTES_MAX;
            empty = long.then_some("prefix part must be no more than 253 bytes");
            let fits = is_subdomain(Ends::of(prefix, false));
            shape = (!fits).then_some(concat!("prefix part ", subdomain!()));
        }
    }
    let length = match name.len() {
        0 => Some("name part must be non-empty"),
        len if len > LABEL_BYTES_MAX => Some("name part must be no more than 63 bytes"),
        _ => None,
    };
    let named = (!is_qualified(name)).then_some(concat!("name part ", qualified!()));
    [empty, shape, length, named]
}

/// A text; where it is the beginning of a name, its last two bytes stand for a letter if the last
/// one is a dash.
#[derive(Clone, Copy)]
struct Ends<'a> {
    text: &'a [u8],
    masks: bool,
}

impl<'a> Ends<'a> {
    fn of(text: &'a [u8], prefix: bool) -> Self {
        match text {
            [rest @ .., _, b'-'] if prefix => Self { text: rest, masks: true },
            _ => Self { text, masks: false },
        }
    }

    fn len(self) -> usize {
        self.text.len() + usize::from(self.masks)
    }

    fn bytes(self) -> impl Iterator<Item = u8> + 'a {
        self.text.iter().copied().chain(self.masks.then_some(b'a'))
    }
}

/// Labels with dots between them.
fn is_subdomain(ends: Ends<'_>) -> bool {
    let mut last = b'.';
    for byte in ends.bytes() {
        let inside = byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let between = (byte == b'-' && last != b'.')
            || (byte == b'.' && (last.is_ascii_lowercase() || last.is_ascii_digit()));
        if !(inside || between) {
            return false;
        }
        last = byte;
    }
    last.is_ascii_lowercase() || last.is_ascii_digit()
}

fn is_label(ends: Ends<'_>) -> bool {
    is_subdomain(ends) && !ends.text.contains(&b'.')
}

fn is_qualified(text: &[u8]) -> bool {
    let inside = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.".contains(byte);
    text.first().is_some_and(u8::is_ascii_alphanumeric)
        && text.last().is_some_and(u8::is_ascii_alphanumeric)
        && text.iter().all(inside)
}

/// Hexadecimal digits in groups of 8, 4, 4, 4, 12, each dash of its own accord.
fn is_uuid(text: &[u8]) -> bool {
    let mut rest = text;
    for (at, group) in [8, 4, 4, 4, 12].into_iter().enumerate() {
        if let (true, [b'-', after @ ..]) = (at > 0, rest) {
            rest = after;
        }
        let Some((digits, after)) = rest.split_at_checked(group) else { return false };
        if !digits.iter().all(u8::is_ascii_hexdigit) {
            return false;
        }
        rest = after;
    }
    rest.is_empty()
}

/// Groups of four, the last one padded; not empty.
fn is_base64(text: &[u8]) -> bool {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let digits = text.get(..text.len() - padding).unwrap_or_default();
    let known = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/".contains(byte);
    !text.is_empty() && text.len().is_multiple_of(4) && padding <= 2 && digits.iter().all(known)
}

fn is_date(text: &[u8]) -> bool {
    let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else { return false };
    let number = |digits: &[u8]| {
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| digits.iter().fold(0, |sum, digit| sum * 10 + u32::from(digit - b'0')))
    };
    let (Some(year), Some(month), Some(day)) =
        (number(&[y1, y2, y3, y4]), number(&[m1, m2]), number(&[d1, d2]))
    else {
        return false;
    };
    let leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    let days = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// A date, `T`, a time with perhaps a fraction, and `Z` or an offset.
fn is_datetime(text: &[u8]) -> bool {
    let Some((date, [b't' | b'T', time @ ..])) = text.split_at_checked(10) else { return false };
    let two = |tens: u8, ones: u8, most: &[u8; 2]| {
        tens.is_ascii_digit() && ones.is_ascii_digit() && [tens, ones] <= *most
    };
    let &[h1, h2, b':', m1, m2, b':', s1, s2, ref rest @ ..] = time else { return false };
    let zone = match rest {
        [b'.', fraction @ ..] => {
            let digits = fraction.iter().take_while(|byte| byte.is_ascii_digit()).count();
            if digits == 0 {
                return false;
            }
            fraction.get(digits..).unwrap_or_default()
        }
        _ => rest,
    };
    let offset = match *zone {
        [b'z' | b'Z'] => true,
        [b'+' | b'-', h1, h2, b':', m1, m2] => two(h1, h2, b"99") && two(m1, m2, b"99"),
        _ => false,
    };
    is_date(date) && two(h1, h2, b"23") && two(m1, m2, b"59") && two(s1, s2, b"59") && offset
}

/// What a request may name: an absolute URI, an absolute path, or `*`.
fn is_uri(text: &[u8]) -> bool {
    if text.is_empty() || text.iter().any(u8::is_ascii_control) {
        return false;
    }
    let query = text.iter().position(|byte| *byte == b'?').unwrap_or(text.len());
    let text = text.get(..query).unwrap_or_default();
    let in_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
    let scheme = text.iter().take_while(|byte| in_scheme(byte)).count();
    let has_scheme = text.first().is_some_and(u8::is_ascii_alphabetic)
        && text.get(scheme).is_some_and(|byte| *byte == b':');
    let rest = if has_scheme { text.get(scheme + 1..).unwrap_or_default() } else { text };
    let path = match rest {
        [b'/', b'/', after @ ..] if has_scheme => {
            let end = after.iter().position(|byte| *byte == b'/').unwrap_or(after.len());
            if !is_authority(after.get(..end).unwrap_or_default()) {
                return false;
            }
            after.get(end..).unwrap_or_default()
        }
        [b'/', ..] => rest,
        _ => return has_scheme || text == b"*",
    };
    escapes_are_whole(path)
}

/// `[user "@"] host [":" port]`
fn is_authority(text: &[u8]) -> bool {
    let at = text.iter().rposition(|byte| *byte == b'@');
    let user = text.get(..at.unwrap_or(0)).unwrap_or_default();
    let in_user = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(byte);
    let host = text.get(at.map_or(0, |at| at + 1)..).unwrap_or_default();
    let (name, port) = match host {
        [b'[', inner @ ..] => {
            let Some(close) = inner.iter().rposition(|byte| *byte == b']') else { return false };
            let (name, rest) = inner.split_at(close);
            (name, rest.get(1..).unwrap_or_default())
        }
        _ => host.split_at(host.iter().rposition(|byte| *byte == b':').unwrap_or(host.len())),
    };
    let digits = matches!(port, [] | [b':', ..])
        && port.get(1..).unwrap_or_default().iter().all(u8::is_ascii_digit);
    let in_host = |byte: &u8| {
        byte.is_ascii_alphanumeric() || !byte.is_ascii() || b"-._~!$&'()*+,;=:[]<>\"".contains(byte)
    };
    digits && user.iter().all(in_user) && escapes_are_whole(user) && name.iter().all(in_host)
}

fn escapes_are_whole(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        match rest.get(at + 1..at + 3) {
            Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => {}
            _ => return false,
        }
        rest = rest.get(at + 3..).unwrap_or_default();
    }
    true
}
