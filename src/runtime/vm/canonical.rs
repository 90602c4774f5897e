//! The canonical form of a decision: what its digest is made of, and what records quote.
//!
//! In:      a decision.
//! Out:     one line of JSON, and its SHA-256.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/decisions.md`, section "A decision in JSON".

use std::fmt::{self, Write};
use std::ops::Range;

use sha2::{Digest, Sha256};

use crate::base::hex;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::value::heap::View;
use crate::lang::value::json::{self, Escaped, Form};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::NONE;
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::ProgramItem;
use crate::runtime::vm::decision::Decision;

/// What stands in front of the canonical form where it is hashed.
const DOMAIN: &str = "policyc.decision.v1\0";

/// What stands at the end of it.
const END: &str = "}";

/// The canonical form of one decision after the other, in memory that is kept: after the first ones
/// nothing allocates.
#[derive(Clone, Debug)]
pub struct Canonical {
    text: String,
    /// Outputs, ascending by name.
    order: Vec<u16>,
    /// For each output what explains it; null where nothing does.
    explained: Vec<Value>,
    parts: CanonicalRanges,
}

/// Where the parts of a decision stand in its canonical form.
#[derive(Clone, Debug, Default)]
struct CanonicalRanges {
    errors: Range<usize>,
    fired: Range<usize>,
    outputs: Range<usize>,
    reason: Range<usize>,
}

impl Canonical {
    /// Memory for decisions of `program`.
    #[must_use]
    pub fn of(program: &Program) -> Self {
        let rows = &program.module.outputs;
        let mut order: Vec<u16> = (0..).zip(rows).map(|(at, _)| at).collect();
        let name = |at: &u16| rows.get(usize::from(*at)).map(|row| program.string(row.name));
        order.sort_by(|a, b| name(a).cmp(&name(b)));
        let explained = vec![Value::NULL; order.len()];
        Self { text: String::new(), order, explained, parts: CanonicalRanges::default() }
    }

    /// SHA-256 of what the decision says. What is made when it is asked for, the message and the
    /// explanations, is made here.
    pub fn digest(&mut self, decision: &mut Decision<'_>) -> [u8; 32] {
        decision.reason();
        for (at, place) in (0..).zip(&mut self.explained) {
            *place = if has_text(decision, at) { decision.explained(at) } else { None }
                .unwrap_or(Value::NULL);
        }
        self.digested(decision)
    }

    /// The same of a decision whose message, outputs and explanations were made elsewhere:
    /// `explained` is what explains each output, null where nothing does.
    pub(in crate::runtime) fn digest_with(
        &mut self,
        decision: &Decision<'_>,
        explained: Vec<Value>,
    ) -> [u8; 32] {
        self.explained = explained;
        self.digested(decision)
    }

    fn digested(&mut self, decision: &Decision<'_>) -> [u8; 32] {
        self.text.clear();
        self.text.push_str(DOMAIN);
        // Writing to a string does not fail.
        let _ = self.write(decision);
        Sha256::digest(self.text.as_bytes()).into()
    }

    /// What stands in front of the message of the last decision, and the message as it is spelled.
    /// `None` where it is not all that follows.
    #[must_use]
    pub fn front(&self) -> Option<(&str, &str)> {
        let Range { start, end } = self.parts.reason;
        if self.text.get(end..)? != END {
            return None;
        }
        Some((self.text.get(..start)?, self.reason()))
    }

    /// What failed: a list of objects.
    pub(in crate::runtime) fn errors(&self) -> &str {
        self.part(&self.parts.errors)
    }

    /// The ids of the rules that fired: a list of texts.
    pub(in crate::runtime) fn fired(&self) -> &str {
        self.part(&self.parts.fired)
    }

    /// The outputs by name: an object.
    #[must_use]
    pub fn outputs(&self) -> &str {
        self.part(&self.parts.outputs)
    }

    /// The message: a text.
    pub(in crate::runtime) fn reason(&self) -> &str {
        self.part(&self.parts.reason)
    }

    fn part(&self, part: &Range<usize>) -> &str {
        self.text.get(part.clone()).unwrap_or_default()
    }

    fn write(&mut self, decision: &Decision<'_>) -> fmt::Result {
        let out = &mut self.text;
        out.write_str("{\"effect\":")?;
        match decision.effect().map(Effect::word) {
            Some(effect) => json::write_string(out, "", effect)?,
            None => out.write_str("null")?,
        }
        out.write_str(",\"errors\":")?;
        let start = out.len();
        errors(out, decision)?;
        self.parts.errors = start..out.len();
        out.write_str(",\"fired\":")?;
        let start = out.len();
        list(out, decision.fired_ids())?;
        self.parts.fired = start..out.len();
        out.write_str(",\"obligations\":[],\"outputs\":")?;
        let start = out.len();
        let view = decision.view();
        outputs(out, decision, &view, &self.order)?;
        self.parts.outputs = start..out.len();
        out.write_str(",\"reason\":")?;
        let start = out.len();
        json::write_string(out, "", decision.said())?;
        self.parts.reason = start..out.len();
        explanations(out, decision, &view, (&self.order, &self.explained))?;
        out.write_str(END)
    }
}

/// The digest of a decision without outputs that says this: errors and fired rules as they are
/// spelled, and a message. `None` if that cannot be spelled.
pub(in crate::runtime) fn digest_of_words(
    effect: Option<Effect>,
    [errors, fired]: [&str; 2],
    message: &str,
) -> Option<[u8; 32]> {
    let mut text = format!("{DOMAIN}{{\"effect\":");
    match effect.map(Effect::word) {
        Some(effect) => json::write_string(&mut text, "", effect).ok()?,
        None => text.push_str("null"),
    }
    for part in [",\"errors\":", errors, ",\"fired\":", fired] {
        text.push_str(part);
    }
    text.push_str(",\"obligations\":[],\"outputs\":{},\"reason\":");
    json::write_string(&mut text, "", message).ok()?;
    text.push_str(END);
    Some(Sha256::digest(text.as_bytes()).into())
}

/// What an output holds that has a value: one that failed, or an optional that is empty, has none.
pub(in crate::runtime) fn output_value(view: &View<'_>, value: Value) -> Option<Value> {
    let held = value.tag() == Tag::Optional;
    let value = if held { *view.elements(&value).first()? } else { value };
    value.is_present().then_some(value)
}

/// Whether output `at` may be explained: it has a value that JSON can spell.
fn has_text(decision: &Decision<'_>, at: u16) -> bool {
    let row = decision.program().module.outputs.get(usize::from(at));
    let withheld = decision.program().withheld.output(at).is_some();
    if withheld || row.is_none_or(|row| row.explanation == NONE) {
        return false;
    }
    let view = decision.view();
    let value = decision.output(at).and_then(|(_, value)| output_value(&view, value));
    value.is_some_and(|value| json::write(&view, &value, Form::Canonical, &mut NullWriter).is_ok())
}

/// Takes what is written and keeps nothing of it.
struct NullWriter;

impl Write for NullWriter {
    fn write_str(&mut self, _: &str) -> fmt::Result {
        Ok(())
    }
}

fn errors(out: &mut String, decision: &Decision<'_>) -> fmt::Result {
    let unrecorded = decision.is_unrecorded().then_some((EvalError::Audit, None));
    let refused = decision.input_error().map(|_| (EvalError::Input, None)).or(unrecorded);
    let withheld = &decision.program().withheld;
    let failed = decision.failures().iter().filter(|it| match it.by {
        ProgramItem::Output(at) => withheld.output(at).is_none(),
        ProgramItem::Rule(_) => true,
    });
    let failed = failed.map(|it| (it.class, Some(it.by.name(decision.program()))));
    out.write_char('[')?;
    for (at, (class, rule)) in refused.into_iter().chain(failed).enumerate() {
        out.write_str(if at == 0 { "" } else { "," })?;
        write!(out, "{{\"class\":\"{}\",\"rule\":", class.word())?;
        match rule {
            Some(rule) => json::write_string(out, "", rule)?,
            None => out.write_str("null")?,
        }
        out.write_char('}')?;
    }
    out.write_char(']')
}

fn list<'t>(out: &mut String, texts: impl Iterator<Item = &'t str>) -> fmt::Result {
    out.write_char('[')?;
    for (at, text) in texts.enumerate() {
        out.write_str(if at == 0 { "" } else { "," })?;
        json::write_string(out, "", text)?;
    }
    out.write_char(']')
}

fn outputs(
    out: &mut String,
    decision: &Decision<'_>,
    view: &View<'_>,
    order: &[u16],
) -> fmt::Result {
    out.write_char('{')?;
    let empty = out.len();
    for at in order {
        let Some((name, value)) = decision.output(*at) else { continue };
        if let Some(paths) = decision.program().withheld.output(*at) {
            out.write_str(if out.len() == empty { "" } else { "," })?;
            json::write_string(out, "", name)?;
            out.write_char(':')?;
            withheld_text(out, paths)?;
            continue;
        }
        let Some(value) = output_value(view, value) else { continue };
        let start = out.len();
        out.write_str(if start == empty { "" } else { "," })?;
        json::write_string(out, "", name)?;
        out.write_char(':')?;
        if json::write(view, &value, Form::Canonical, out).is_err() {
            out.truncate(start);
        }
    }
    out.write_char('}')
}

/// What stands in the place of an output that tells of what lies at `paths`: a JSON string.
pub(in crate::runtime) fn withheld_text(out: &mut impl Write, paths: &str) -> fmt::Result {
    out.write_str("\"{")?;
    write!(Escaped(out), "{paths}")?;
    out.write_str("}\"")
}

/// `,"explanations":{..}`, where an output has some.
fn explanations(
    out: &mut String,
    decision: &Decision<'_>,
    view: &View<'_>,
    (order, explained): (&[u16], &[Value]),
) -> fmt::Result {
    let mut any = false;
    for at in order {
        let list = explained.get(usize::from(*at)).filter(|list| list.tag() == Tag::List);
        let Some((list, (name, _))) = list.zip(decision.output(*at)) else { continue };
        let start = out.len();
        out.write_str(if any { "," } else { ",\"explanations\":{" })?;
        json::write_string(out, "", name)?;
        out.write_str(":[")?;
        if list.is_empty() || texts(out, view, list).is_err() {
            out.truncate(start);
            continue;
        }
        out.write_char(']')?;
        any = true;
    }
    if any { out.write_char('}') } else { Ok(()) }
}

fn texts(out: &mut String, view: &View<'_>, list: &Value) -> Result<(), EvalError> {
    let full = |_| EvalError::Budget;
    for (at, part) in view.elements(list).iter().enumerate() {
        out.write_str(if at == 0 { "\"" } else { ",\"" }).map_err(full)?;
        json::write_text(view, part, &mut Escaped(out))?;
        out.write_char('"').map_err(full)?;
    }
    Ok(())
}

/// Writes the digits of a digest.
pub(in crate::runtime) fn write_digest(out: &mut impl Write, digest: &[u8; 32]) -> fmt::Result {
    hex::digits(digest).iter().try_for_each(|digit| out.write_char(char::from(*digit)))
}
