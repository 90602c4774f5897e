//! Values as JSON.
//!
//! In:      a value and what it points into.
//! Out:     JSON text, without white space.
//! Imports: `base`.
//!
//! The canonical form keeps kinds apart and is what digests are made of: objects with one key
//! that begins with `$` hold what JSON has no kind for: `$u` uint, `$b` bytes in base64, `$ts`
//! timestamp, `$d` duration, `$f` a double that is no number, `$t` type, `$ip` IP address, `$cidr`
//! CIDR block, `$o` optional (a list of at most one value), `$m` a map with keys that are no
//! strings (a list of pairs), `$message` a message (a list of its type and an object of the fields
//! that are set, extensions in brackets, bytes that no descriptor names under `$unknown`), `$enum`
//! a value of an enum (a list of its type and its number). Keys that begin with `$` themselves get
//! another one in front. The plain form is for people and other programs: it drops kinds, and
//! messages are as the JSON mapping of Protocol Buffers has them. A map of which two keys have one
//! spelling is `$m` there, too.

use std::fmt::{self, Write};

use crate::base::limits::{VALUE_DEPTH_MAX, VALUE_STEPS_MAX};
use crate::lang::error::EvalError;
use crate::lang::value::duration::Seconds;
use crate::lang::value::heap::View;
use crate::lang::value::message::{Field, Kind, Presence, plain};
use crate::lang::value::text::{Buffer, DoubleForm, write_double, write_scalar};
use crate::lang::value::time::Instant;
use crate::lang::value::{Tag, Value, base64, message, network, scan};

/// Most entries of a map with keys of several kinds of which the plain form compares all keys.
const MIXED_KEYS_MAX: usize = 64;

/// Which JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Keeps kinds apart.
    Canonical,
    /// As contexts spell values, but that numbers, times and bytes keep their kinds as in the
    /// canonical form.
    Recorded,
    /// For people and other programs.
    Plain,
}

/// Writes `value` as JSON.
///
/// # Errors
/// `Budget` if the value is nested too deeply or too large, or `out` is full; `NoSuchOverload` if
/// it is unknown, or holds what is.
pub fn write(
    view: &View<'_>,
    value: &Value,
    form: Form,
    out: &mut impl Write,
) -> Result<(), EvalError> {
    Writer { view, form, depth: 0, steps: 0, out }.value(value)
}

/// Writes `value` as messages quote it: strings as they are, scalars as `string()` does,
/// everything else as plain JSON.
///
/// # Errors
/// As `write`.
pub fn write_text(view: &View<'_>, value: &Value, out: &mut impl Write) -> Result<(), EvalError> {
    if value.tag().has_text() {
        return out.write_str(view.str(value)).map_err(full);
    }
    if matches!(value.tag(), Tag::Ip | Tag::Cidr) {
        return network::write(out, view.bytes(value)).map_err(full);
    }
    if write_scalar(out, value)? { Ok(()) } else { write(view, value, Form::Plain, out) }
}

fn full(_: fmt::Error) -> EvalError {
    EvalError::Budget
}

struct Writer<'w, W> {
    view: &'w View<'w>,
    form: Form,
    depth: u32,
    steps: u32,
    out: &'w mut W,
}

impl<W: Write> Writer<'_, W> {
    fn value(&mut self, value: &Value) -> Result<(), EvalError> {
        self.steps += 1;
        if self.depth > VALUE_DEPTH_MAX || self.steps > VALUE_STEPS_MAX {
            return Err(EvalError::Budget);
        }
        if value.tag().has_elements() {
            self.container(value)
        } else if value.tag() == Tag::Unknown {
            // Nobody knows how it is spelled; what a record says of it stands in its own table.
            Err(EvalError::NoSuchOverload)
        } else {
            self.scalar(value).map_err(full)
        }
    }

    fn scalar(&mut self, value: &Value) -> fmt::Result {
        match value.tag() {
            Tag::Bool => self.out.write_str(if value.bits() == 0 { "false" } else { "true" }),
            Tag::Int => write!(self.out, "{}", value.signed()),
            Tag::Uint => self.tagged("$u", |out| write!(out, "{}", value.bits())),
            Tag::Double if value.float().is_finite() => {
                write_double(self.out, value.float(), DoubleForm::Literal)
            }
            Tag::Double => self.tagged("$f", |out| {
                out.write_str("\"")?;
                write_double(out, value.float(), DoubleForm::Literal)?;
                out.write_str("\"")
            }),
            Tag::String => write_string(self.out, "", self.view.str(value)),
            Tag::Bytes => {
                let bytes = self.view.bytes(value);
                self.tagged("$b", |out| {
                    out.write_str("\"")?;
                    base64::write(out, bytes)?;
                    out.write_str("\"")
                })
            }
            Tag::Timestamp => self.tagged("$ts", |out| write!(out, "\"{}\"", Instant::of(value))),
            Tag::Duration => {
                self.tagged("$d", |out| write!(out, "\"{}\"", Seconds(value.signed())))
            }
            Tag::Type => {
                let name = self.view.str(value);
                self.tagged("$t", |out| write_string(out, "", name))
            }
            Tag::Ip | Tag::Cidr => {
                let key = if value.tag() == Tag::Ip { "$ip" } else { "$cidr" };
                let bytes = self.view.bytes(value);
                self.tagged(key, |out| {
                    out.write_str("\"")?;
                    network::write(out, bytes)?;
                    out.write_str("\"")
                })
            }
            Tag::Quantity => self.checked_text("$quantity", value),
            Tag::Semver => self.checked_text("$semver", value),
            Tag::Enum if self.form == Form::Canonical => {
                let of = message::type_of(self.view, value).unwrap_or(Value::NULL);
                self.out.write_str("{\"$enum\":[")?;
                write_string(self.out, "", self.view.str(&of))?;
                write!(self.out, ",{}]}}", value.number())
            }
            Tag::Enum => write!(self.out, "{}", value.number()),
            Tag::Absent
            | Tag::Error
            | Tag::Null
            | Tag::List
            | Tag::Map
            | Tag::Optional
            | Tag::Message
            | Tag::Unknown => self.out.write_str("null"),
        }
    }

    /// Writes what `content` writes, in the canonical form inside an object with this key.
    fn tagged(&mut self, key: &str, content: impl FnOnce(&mut W) -> fmt::Result) -> fmt::Result {
        match self.form {
            Form::Plain => content(self.out),
            Form::Canonical | Form::Recorded => {
                write!(self.out, "{{\"{key}\":")?;
                content(self.out)?;
                self.out.write_str("}")
            }
        }
    }

    /// A value whose text was checked when it was made.
    fn checked_text(&mut self, key: &str, value: &Value) -> fmt::Result {
        let text = self.view.str(value);
        self.tagged(key, |out| write_string(out, "", text))
    }

    fn container(&mut self, value: &Value) -> Result<(), EvalError> {
        self.depth += 1;
        let elements = self.view.elements(value);
        let canonical = self.form == Form::Canonical;
        let (entries, _) = elements.as_chunks::<2>();
        let odd_keys = || entries.iter().any(|[key, _]| key.tag() != Tag::String);
        let in_pairs = || match self.form {
            Form::Canonical => odd_keys(),
            // Contexts have keys of one kind.
            Form::Recorded => false,
            Form::Plain => self.has_keys_alike(entries),
        };
        if value.tag() == Tag::Message {
            self.message(value)?;
        } else if value.tag() == Tag::List {
            self.list(elements)?;
        } else if value.tag() == Tag::Map && in_pairs() {
            self.put("{\"$m\":[")?;
            for (at, entry) in entries.iter().enumerate() {
                self.comma(at)?;
                self.list(entry)?;
            }
            self.put("]}")?;
        } else if value.tag() == Tag::Map {
            self.object(entries)?;
        } else if canonical {
            self.put("{\"$o\":")?;
            self.list(elements)?;
            self.put("}")?;
        } else {
            self.value(elements.first().unwrap_or(&Value::NULL))?;
        }
        self.depth -= 1;
        Ok(())
    }

    /// Whether a key that is text is spelled as another one that is none, as in `{1: .., '1': ..}`:
    /// an object would have that key twice. Of many keys of both kinds nobody asks.
    fn has_keys_alike(&self, entries: &[[Value; 2]]) -> bool {
        let texts = entries.iter().filter(|[key, _]| key.tag() == Tag::String);
        let others = entries.iter().filter(|[key, _]| key.tag() != Tag::String);
        let (mut texts, mut others) = (texts.peekable(), others.peekable());
        if texts.peek().is_none() || others.peek().is_none() {
            return false;
        }
        entries.len() > MIXED_KEYS_MAX
            || others.any(|[key, _]| {
                let mut spelled = Buffer::new();
                let written = write_scalar(&mut spelled, key).is_ok();
                let is_it = |[text, _]: &&[Value; 2]| spelled.as_str() == self.view.str(text);
                !written || texts.clone().any(|text| is_it(&text))
            })
    }

    fn list(&mut self, elements: &[Value]) -> Result<(), EvalError> {
        self.put("[")?;
        for (at, element) in elements.iter().enumerate() {
            self.comma(at)?;
            self.value(element)?;
        }
        self.put("]")
    }

    fn object(&mut self, entries: &[[Value; 2]]) -> Result<(), EvalError> {
        self.put("{")?;
        for (at, [key, value]) in entries.iter().enumerate() {
            self.comma(at)?;
            if key.tag() == Tag::String {
                let text = self.view.str(key);
                let escape = self.form != Form::Plain && text.starts_with('$');
                write_string(self.out, if escape { "$" } else { "" }, text).map_err(full)?;
            } else {
                self.put("\"")?;
                write_scalar(self.out, key)?;
                self.put("\"")?;
            }
            self.put(":")?;
            self.value(value)?;
        }
        self.put("}")
    }

    fn message(&mut self, message: &Value) -> Result<(), EvalError> {
        if self.form != Form::Canonical {
            // The JSON mapping has forms of its own for all kinds.
            let form = std::mem::replace(&mut self.form, Form::Plain);
            let shown = plain::form(self.view, Kind::of_message(message.kind()), message);
            self.formed(shown, message)?;
            self.form = form;
            return Ok(());
        }
        self.put("{\"$message\":[")?;
        let ty = message::type_of(self.view, message).unwrap_or(Value::NULL);
        write_string(self.out, "", self.view.str(&ty)).map_err(full)?;
        self.put(",{")?;
        let of = self.view.descriptors.message(message.kind());
        let (pairs, _) = self.view.elements(message).as_chunks::<2>();
        for (at, [number, value]) in pairs.iter().enumerate() {
            self.comma(at)?;
            let number = u32::try_from(number.bits()).unwrap_or_default();
            match of.and_then(|of| of.by_number(number)) {
                Some(field) => self.key(field, &field.name)?,
                None => self.put("\"$unknown\":")?,
            }
            self.value(value)?;
        }
        self.put("}]}")
    }

    /// The key of a field, which is `name`; of an extension in brackets.
    fn key(&mut self, field: &Field, name: &Value) -> Result<(), EvalError> {
        let text = self.view.str(name);
        if field.is_extension(self.view) {
            return write!(self.out, "\"[{text}]\":").map_err(full);
        }
        write_string(self.out, "", text).map_err(full)?;
        self.put(":")
    }

    /// A single value of a field, as the JSON mapping has it.
    fn formed(&mut self, shown: plain::Form, value: &Value) -> Result<(), EvalError> {
        match shown {
            plain::Form::Same | plain::Form::Base64 => self.value(value),
            plain::Form::Text => {
                self.put("\"")?;
                write_scalar(self.out, value)?;
                self.put("\"")
            }
            plain::Form::Time => {
                self.put("\"")?;
                plain::write_time(self.out, value)?;
                self.put("\"")
            }
            plain::Form::Name(name) => {
                write_string(self.out, "", self.view.str(&name)).map_err(full)
            }
            plain::Form::Null => self.put("null"),
            plain::Form::Message => {
                self.put("{")?;
                self.fields(value, true)?;
                self.put("}")
            }
            plain::Form::Mask => self.mask(value),
            plain::Form::Any => self.any(value),
        }
    }

    /// The fields of a message, as the JSON mapping has them; `first`: nothing stands before them.
    fn fields(&mut self, message: &Value, first: bool) -> Result<(), EvalError> {
        self.depth += 1;
        if self.depth > VALUE_DEPTH_MAX {
            return Err(EvalError::Budget);
        }
        let of = self.view.descriptors.message(message.kind());
        let (pairs, _) = self.view.elements(message).as_chunks::<2>();
        let mut first = first;
        for [number, value] in pairs {
            let number = u32::try_from(number.bits()).unwrap_or_default();
            let Some(field) = of.and_then(|of| of.by_number(number)) else { continue };
            if !std::mem::take(&mut first) {
                self.put(",")?;
            }
            self.key(field, &field.json)?;
            self.field(field, value)?;
        }
        self.depth -= 1;
        Ok(())
    }

    fn field(&mut self, field: &Field, value: &Value) -> Result<(), EvalError> {
        let elements = self.view.elements(value);
        match field.presence {
            Presence::Repeated => {
                self.put("[")?;
                for (at, element) in elements.iter().enumerate() {
                    self.comma(at)?;
                    self.formed(plain::form(self.view, field.kind, element), element)?;
                }
                self.put("]")
            }
            Presence::Map(_) => {
                self.put("{")?;
                for (at, [key, entry]) in elements.as_chunks::<2>().0.iter().enumerate() {
                    self.comma(at)?;
                    self.put("\"")?;
                    if !write_scalar(self.out, key)? {
                        write_escaped(self.out, self.view.str(key)).map_err(full)?;
                    }
                    self.put("\":")?;
                    self.formed(plain::form(self.view, field.kind, entry), entry)?;
                }
                self.put("}")
            }
            Presence::Implicit | Presence::Explicit | Presence::Oneof(_) => {
                self.formed(plain::form(self.view, field.kind, value), value)
            }
        }
    }

    /// What an `Any` holds, with its type.
    fn any(&mut self, value: &Value) -> Result<(), EvalError> {
        let (name, shown) = plain::content(self.view, value);
        let name = match &name {
            plain::Content::Type(ty) => self.view.str(ty),
            plain::Content::Known(name) => name,
        };
        write!(self.out, "{{\"{}\":\"{}{name}\"", plain::TYPE_KEY, plain::TYPE_URL)
            .map_err(full)?;
        if matches!(shown, plain::Form::Message) {
            self.fields(value, false)?;
        } else {
            self.put(",\"value\":")?;
            self.formed(shown, value)?;
        }
        self.put("}")
    }

    /// The paths of a field mask.
    fn mask(&mut self, value: &Value) -> Result<(), EvalError> {
        let paths = message::field_value(self.view, value, 1);
        self.put("\"")?;
        let paths = paths.as_ref().map(|paths| self.view.elements(paths)).unwrap_or_default();
        for (at, path) in paths.iter().enumerate() {
            self.comma(at)?;
            let mut raised = false;
            for shown in self.view.str(path).chars().filter_map(|c| plain::camel(c, &mut raised)) {
                write_escaped(self.out, shown.encode_utf8(&mut [0; 4])).map_err(full)?;
            }
        }
        self.put("\"")
    }

    fn comma(&mut self, at: usize) -> Result<(), EvalError> {
        if at == 0 { Ok(()) } else { self.put(",") }
    }

    fn put(&mut self, text: &str) -> Result<(), EvalError> {
        self.out.write_str(text).map_err(full)
    }
}

/// Writes `prefix` and `text` as one JSON string, with only the escapes that JSON requires.
///
/// # Errors
/// What `out` answers.
pub fn write_string(out: &mut impl Write, prefix: &str, text: &str) -> fmt::Result {
    out.write_str("\"")?;
    out.write_str(prefix)?;
    write_escaped(out, text)?;
    out.write_str("\"")
}

/// Writes what it is given as text inside a JSON string.
#[derive(Debug)]
pub struct Escaped<'a, W>(pub &'a mut W);

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write_escaped(self.0, text)
    }
}

/// Writes text inside a JSON string, with only the escapes that JSON requires.
fn write_escaped(out: &mut impl Write, text: &str) -> fmt::Result {
    let mut rest = text;
    while let Some((before, special, after)) = at_special(rest) {
        out.write_str(before)?;
        match special {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            0x08 => out.write_str("\\b")?,
            0x0C => out.write_str("\\f")?,
            control => write!(out, "\\u{control:04x}")?,
        }
        rest = after;
    }
    out.write_str(rest)
}

/// What stands in front of the first byte that needs an escape, that byte, and what follows it.
fn at_special(text: &str) -> Option<(&str, u8, &str)> {
    let at = scan::short_end(text.as_bytes(), 0) as usize;
    let (before, behind) = text.split_at_checked(at)?;
    let special = *behind.as_bytes().first()?;
    Some((before, special, behind.get(1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::constant::Constant;
    use crate::lang::value::heap::{Heap, Store};

    fn form(constant: &Constant, form: Form) -> String {
        let mut store = Store::new(1_024, 64);
        let mut heap = Heap::of(&mut store);
        let value = constant.to_value(&mut heap).expect("room");
        let mut out = String::new();
        write(&heap.view(), &value, form, &mut out).expect("small");
        out
    }

    #[test]
    fn canonical_keeps_kinds() {
        let string = |text: &str| Constant::String(text.into());
        let dollar = vec![(string("$u"), Constant::Int(1)), (string("b"), Constant::List(vec![]))];
        let mixed = vec![(Constant::Bool(true), Constant::Int(1)), (string("b"), Constant::Null)];
        let half = "1970-01-01T00:00:00.5Z";
        let cases = [
            (Constant::Null, "null", "null"),
            (Constant::Int(-1), "-1", "-1"),
            (Constant::Double(1.0), "1.0", "1.0"),
            (Constant::Double(1e21), "1e+21", "1e+21"),
            (Constant::Uint(1), r#"{"$u":1}"#, "1"),
            (Constant::Double(f64::NAN), r#"{"$f":"NaN"}"#, r#""NaN""#),
            (Constant::Bytes(b"abcd".to_vec()), r#"{"$b":"YWJjZA=="}"#, r#""YWJjZA==""#),
            (Constant::Bytes(b"abc".to_vec()), r#"{"$b":"YWJj"}"#, r#""YWJj""#),
            (
                Constant::Timestamp(0, 500_000_000),
                &format!("{{\"$ts\":\"{half}\"}}"),
                &format!("\"{half}\""),
            ),
            (Constant::Duration(-1), r#"{"$d":"-0.000000001s"}"#, r#""-0.000000001s""#),
            (Constant::Type("int".into()), r#"{"$t":"int"}"#, r#""int""#),
            (string("a\"\\\n\u{1}é"), r#""a\"\\\n\u0001é""#, r#""a\"\\\n\u0001é""#),
            (Constant::Optional(None), r#"{"$o":[]}"#, "null"),
            (Constant::Map(dollar), r#"{"$$u":1,"b":[]}"#, r#"{"$u":1,"b":[]}"#),
            (Constant::Map(mixed), r#"{"$m":[[true,1],["b",null]]}"#, r#"{"true":1,"b":null}"#),
        ];
        for (constant, canonical, plain) in cases {
            assert_eq!(form(&constant, Form::Canonical), canonical);
            assert_eq!(form(&constant, Form::Plain), plain);
        }
    }

    #[test]
    fn no_key_stands_twice() {
        let text = |text: &str| Constant::String(text.into());
        let entry = |key: Constant, value: i64| (key, Constant::Int(value));
        let keys = [Constant::Int(1), text("1"), Constant::Bool(true), text("true")];
        let alike = keys.into_iter().zip(1..).map(|(key, value)| entry(key, value)).collect();
        let pairs = form(&Constant::Map(alike), Form::Plain);
        for pair in ["[1,1]", "[\"1\",2]", "[true,3]", "[\"true\",4]"] {
            assert!(pairs.starts_with("{\"$m\":[") && pairs.contains(pair), "{pairs}");
        }
        let apart = vec![entry(Constant::Int(1), 1), entry(text("a"), 2)];
        assert_eq!(form(&Constant::Map(apart), Form::Plain), r#"{"1":1,"a":2}"#);
        let uint = vec![entry(Constant::Uint(7), 1), entry(text("7"), 2)];
        assert!(form(&Constant::Map(uint), Form::Plain).starts_with("{\"$m\":"));
    }

    #[test]
    fn messages_quote_scalars_as_text() {
        let mut store = Store::new(64, 8);
        let mut heap = Heap::of(&mut store);
        let text = heap.new_string("a\"b").expect("room");
        let list = heap.new_list(&[text, Value::uint(1)]).expect("room");
        let mut out = String::new();
        for value in [text, Value::double(2.0), Value::duration(1_000_000), Value::NULL, list] {
            write_text(&heap.view(), &value, &mut out).expect("small");
            out.push(' ');
        }
        assert_eq!(out, r#"a"b 2 0.001s null ["a\"b",1] "#);
    }
}
