//! A record line from what a map computed.
//!
//! In:      the values of the targets.
//! Out:     a line of the record format; a value of the wrong kind is no value, and told.
//! Imports: `base`, `lang`, `runtime::vm`.
//! Source:  `docs/records.md`.

use std::fmt::Write;

use crate::base::limits::{CONTEXT_BYTES_MAX, RECORD_BYTES_MAX};
use crate::lang::value::heap::View;
use crate::lang::value::json::{self, Form, write_string};
use crate::lang::value::time::{self, Instant};
use crate::lang::value::{Tag, Value, map};
use crate::runtime::vm::hosts::HostTable;
use crate::tools::replay::import::error::EventError;
use crate::tools::replay::import::map::Target;
use crate::tools::replay::import::typed;

/// The version of records that is written.
const VERSION: u32 = 1;
/// The place in a session: the one part of an object that is a number.
const NUMBER: &str = "n";
/// What a decision may come to.
const EFFECTS: [&str; 3] = ["allow", "deny", "escalate"];

/// The values of the targets that have one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Values([Option<Value>; Target::ALL.len()]);

impl Values {
    pub(super) fn set(&mut self, target: Target, value: Value) {
        if let Some(place) = self.0.get_mut(target as usize) {
            *place = Some(value);
        }
    }

    pub(super) fn get(&self, target: Target) -> Option<&Value> {
        self.0.get(target as usize)?.as_ref()
    }
}

/// A target whose value is something else than what is `wanted`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TypeMismatch {
    pub target: Target,
    pub wanted: &'static str,
}

/// Appends the record to `out`, its end of line too. `id` stands for a target that gave none.
///
/// # Errors
/// Why there is no record; then `out` holds a part of one.
pub(super) fn write(
    view: &View<'_>,
    values: &Values,
    (format, id): (&str, &str),
    misfits: &mut Vec<TypeMismatch>,
    out: &mut String,
) -> Result<(), EventError> {
    let start = out.len();
    let mut line = Line { view, values, misfits, out };
    line.id(id);
    line.time(Target::Ts, "ts")?;
    line.session();
    line.out.push_str(",\"eng\":{\"name\":");
    line.text(format);
    line.out.push('}');
    line.bundle();
    line.context()?;
    // A record without `now` is one all the same: only what is required ends it.
    let _ = line.time(Target::Now, "now");
    line.hosts();
    line.outcome();
    line.object(Target::Otel, "otel", &["trace", "span"]);
    line.out.push_str("}\n");
    let bytes = out.len() - start;
    if bytes > RECORD_BYTES_MAX { Err(EventError::LargeRecord { bytes }) } else { Ok(()) }
}

struct Line<'w> {
    view: &'w View<'w>,
    values: &'w Values,
    misfits: &'w mut Vec<TypeMismatch>,
    out: &'w mut String,
}

impl Line<'_> {
    fn misfit(&mut self, target: Target, wanted: &'static str) {
        self.misfits.push(TypeMismatch { target, wanted });
    }

    fn text(&mut self, text: &str) {
        // Writing to a string does not fail.
        let _ = write_string(self.out, "", text);
    }

    /// What the target holds, if it is text; anything else is told.
    fn str(&mut self, target: Target) -> Option<String> {
        let value = self.values.get(target)?;
        if value.tag() != Tag::String {
            self.misfit(target, "text");
            return None;
        }
        Some(self.view.str(value).to_owned())
    }

    fn id(&mut self, otherwise: &str) {
        let _ = write!(self.out, "{{\"v\":{VERSION},\"id\":");
        let found = match self.values.get(Target::Id) {
            Some(value) if value.tag() == Tag::Int => Some(value.signed().to_string()),
            Some(_) => self.str(Target::Id),
            None => None,
        };
        self.text(found.as_deref().filter(|id| !id.is_empty()).unwrap_or(otherwise));
    }

    /// A timestamp, or text that spells one.
    fn time(&mut self, target: Target, key: &'static str) -> Result<(), EventError> {
        let name = target.name();
        let value = self.values.get(target).ok_or(EventError::Empty { key: name })?;
        let instant = if value.tag() == Tag::Timestamp {
            Some(Instant::of(value))
        } else {
            // What is no text has none, and so no time.
            time::parse(self.view.str(value)).ok()
        };
        let Some(instant) = instant else {
            let wanted = "a timestamp";
            self.misfit(target, wanted);
            return Err(EventError::WrongKind { key: name, wanted });
        };
        let _ = write!(self.out, ",\"{key}\":\"{instant}\"");
        Ok(())
    }

    /// The id of the session, or `{id, n, parent}`.
    fn session(&mut self) {
        self.object(Target::Session, "ses", &["id", "n", "parent"]);
    }

    /// A digest, a revision, or `{name, rev, dig}`.
    fn bundle(&mut self) {
        let Some(value) = self.values.get(Target::Bundle) else { return };
        if value.tag() == Tag::Map {
            let digest = map::get_str(self.view, value, "dig");
            if digest.is_some_and(|digest| !is_digest(self.view.str(&digest))) {
                self.misfit(Target::Bundle, "named by a digest as `sha256:` and 64 digits");
                return;
            }
            return self.object(Target::Bundle, "bun", &["name", "rev", "dig"]);
        }
        let key = if is_digest(self.view.str(value)) { "dig" } else { "rev" };
        self.object(Target::Bundle, "bun", &[key]);
    }

    /// An object of texts, or what is the first of them alone. A whole number may stand for a text;
    /// under `NUMBER` nothing else may.
    fn object(&mut self, target: Target, key: &'static str, known: &[&'static str]) {
        let Some(value) = self.values.get(target) else { return };
        let of_map = |key: &&'static str| Some((*key, map::get_str(self.view, value, key)?));
        let rows: Vec<(&str, Value)> = if value.tag() == Tag::Map {
            known.iter().filter_map(of_map).collect()
        } else {
            known.first().map(|first| (*first, *value)).into_iter().collect()
        };
        let fits = |(key, value): &(&str, Value)| match (value.tag() == Tag::Int, *key == NUMBER) {
            (true, number) => !number || value.signed() >= 0,
            (false, number) => !number && value.tag() == Tag::String,
        };
        let named = target != Target::Session || rows.first().is_some_and(|(key, _)| *key == "id");
        if rows.is_empty() || !named || !rows.iter().all(fits) {
            self.misfit(target, "text, or an object with the keys that it may have");
            return;
        }
        let _ = write!(self.out, ",\"{key}\":{{");
        for (at, (key, value)) in rows.iter().enumerate() {
            let _ = write!(self.out, "{}\"{key}\":", if at == 0 { "" } else { "," });
            match (value.tag() == Tag::Int, *key == NUMBER) {
                (false, _) => self.text(self.view.str(value)),
                (true, false) => self.text(&value.signed().to_string()),
                (true, true) => {
                    let _ = write!(self.out, "{}", value.signed());
                }
            }
        }
        self.out.push('}');
    }

    fn context(&mut self) -> Result<(), EventError> {
        let name = Target::Ctx.name();
        let context = self.values.get(Target::Ctx).ok_or(EventError::Empty { key: name })?;
        let redacted = self.redacted()?;
        self.out.push_str(",\"ctx\":");
        let start = self.out.len();
        typed::write(self.view, context, &redacted, self.out).map_err(EventError::Context)?;
        let bytes = self.out.len() - start;
        if bytes > CONTEXT_BYTES_MAX {
            return Err(EventError::LargeContext { bytes });
        }
        Ok(())
    }

    /// The redacted places. What was redacted must not pass for what was there, so a list that
    /// cannot be read refuses the event.
    fn redacted(&self) -> Result<Vec<typed::Place>, EventError> {
        let Some(value) = self.values.get(Target::Redacted) else { return Ok(Vec::new()) };
        let wanted = "a list of JSON pointers";
        let wrong = EventError::WrongKind { key: Target::Redacted.name(), wanted };
        if value.tag() != Tag::List {
            return Err(wrong);
        }
        let place = |item: &Value| {
            let text = (item.tag() == Tag::String).then(|| self.view.str(item))?;
            typed::place(text)
        };
        let places: Option<Vec<_>> = self.view.elements(value).iter().map(place).collect();
        places.ok_or(wrong)
    }

    /// `[{f, args, r}]` or `[{f, args, err}]`.
    fn hosts(&mut self) {
        let Some(value) = self.values.get(Target::Nd) else { return };
        let rows = self.view.elements(value);
        let written: Option<Vec<String>> = rows.iter().map(|row| host(self.view, row)).collect();
        let written = written.filter(|_| value.tag() == Tag::List);
        match written {
            Some(rows) if rows.is_empty() => {}
            Some(rows) => {
                let _ = write!(self.out, ",\"nd\":[{}]", rows.join(","));
            }
            None => self.misfit(Target::Nd, "a list of `{f, args, r}`"),
        }
    }

    /// The decision, if it is known: rule and reason alone are none.
    fn outcome(&mut self) {
        let effect = self.str(Target::Effect);
        let known = effect.as_deref().filter(|effect| EFFECTS.contains(effect));
        if effect.is_some() && known.is_none() {
            self.misfit(Target::Effect, "`allow`, `deny` or `escalate`");
        }
        let rule = self.str(Target::Rule);
        let reason = self.str(Target::Reason);
        if known.is_none() {
            return;
        }
        let parts = [("effect", known), ("rule", rule.as_deref()), ("reason", reason.as_deref())];
        self.out.push_str(",\"out\":{");
        let there = parts.iter().filter_map(|(key, part)| Some((key, (*part)?)));
        for (at, (key, part)) in there.enumerate() {
            let _ = write!(self.out, "{}\"{key}\":", if at == 0 { "" } else { "," });
            self.text(part);
        }
        self.out.push('}');
    }
}

/// Whether records can name a bundle so.
pub(super) fn is_digest(text: &str) -> bool {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    let digits = text.strip_prefix("sha256:");
    digits.is_some_and(|digits| digits.len() == 64 && digits.bytes().all(is_digit))
}

/// What a host function gave, its arguments as the digest by which they are found.
fn host(view: &View<'_>, row: &Value) -> Option<String> {
    let get = |key| if row.tag() == Tag::Map { map::get_str(view, row, key) } else { None };
    let name = get("f").filter(|name| name.tag() == Tag::String)?;
    let list = get("args").filter(|list| list.tag() == Tag::List)?;
    let mut arguments = String::new();
    json::write(view, &list, Form::Canonical, &mut arguments).ok()?;
    let mut out = String::from("{\"f\":");
    write_string(&mut out, "", view.str(&name)).ok()?;
    out.push_str(",\"a\":\"sha256:");
    for byte in HostTable::digest(&arguments) {
        write!(out, "{byte:02x}").ok()?;
    }
    out.push('"');
    let (key, result) = match (get("r"), get("err")) {
        (Some(result), _) => ("r", result),
        (None, Some(error)) => ("err", error),
        (None, None) => return None,
    };
    write!(out, ",\"{key}\":").ok()?;
    json::write(view, &result, Form::Plain, &mut out).ok()?;
    out.push('}');
    Some(out)
}
