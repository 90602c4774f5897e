//! What records say was decided, but for the values that their messages quote.
//!
//! In:      the bundles that are named when lines are packed; a record, and the columns of its row.
//! Out:     a text: records with the same say the same, each with its own values; the pieces of the
//!          message that such a text tells.
//! Imports: `base`, `lang`, `runtime::program`, `runtime::record`.
//!
//! Nothing is decided here. That a message is put together of these pieces is looked at when a
//! record is packed, so whoever knows the text reads neither the message nor the values.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::base::limits::REASON_BYTES_MAX;
use crate::lang::decision::Effect;
use crate::lang::value::json;
use crate::runtime::program::Program;
use crate::runtime::record::read::{Record, Text};
use crate::tools::replay::pack::alike::{Alike, Piece, Quoted};
use crate::tools::replay::pack::message::is_made_of;
use crate::tools::replay::pack::spell::Value;
use crate::tools::replay::store::Digest;

/// Most bytes of a message that no rule says and that is kept as it is.
const DEFAULT_BYTES_MAX: usize = 256;
/// The place of the message in what is said, behind effect, rule, fired rules and errors.
const MESSAGE: usize = 4;

/// The messages of rules, piece by piece, by bundle and rule.
#[derive(Clone, Debug, Default)]
pub struct Messages(BTreeMap<Digest, BTreeMap<String, Vec<Piece>>>);

impl Messages {
    /// The messages of `programs`, of which `alike` tells what they quote.
    #[must_use]
    pub fn of(programs: &[&Program], alike: &Alike) -> Self {
        let of_program = |(program, quotes): (&&Program, &Vec<Quoted>)| {
            let known = (0..).zip(quotes).filter_map(|(rule, quoted)| {
                let pieces = quoted.pieces.as_deref()?;
                Some((program.rule_id(rule).to_owned(), joined(pieces)))
            });
            (program.digest(), known.collect())
        };
        Self(programs.iter().zip(&alike.quotes).map(of_program).collect())
    }

    /// What a record says. `value`: the value of a column in its row. `None` if it cannot be told.
    pub fn said<'v>(
        &self,
        record: &Record<'_>,
        value: impl Fn(usize) -> Option<Value<'v>>,
    ) -> Option<String> {
        let outcome = record.outcome.as_ref()?;
        let rule = outcome.rule.map(Text::text);
        let mut out = String::from("[");
        text(outcome.effect.map(Effect::word), &mut out)?;
        out.push(',');
        text(rule.as_deref(), &mut out)?;
        for part in [outcome.fired, outcome.errors] {
            out.push(',');
            out.push_str(std::str::from_utf8(part.unwrap_or(b"null")).ok()?);
        }
        out.push(',');
        let reason = outcome.reason.map(Text::text).unwrap_or_default();
        let digest = record.bundle.and_then(|bundle| bundle.digest);
        match self.pieces((digest, rule.as_deref()), &reason, value) {
            Some(pieces) => tell(&pieces, &mut out)?,
            None => out.push_str("null"),
        }
        out.push(']');
        Some(out)
    }

    /// The pieces that a message is put together of; `None` if that is not known.
    fn pieces<'v>(
        &self,
        (digest, rule): (Option<Digest>, Option<&str>),
        reason: &str,
        value: impl Fn(usize) -> Option<Value<'v>>,
    ) -> Option<Cow<'_, [Piece]>> {
        let Some(rule) = rule else {
            let short = reason.len() <= DEFAULT_BYTES_MAX;
            return short.then(|| joined(&[Piece::Text(reason.into())]).into());
        };
        let pieces = self.0.get(&digest?)?.get(rule)?;
        let is_told =
            reason.len() <= REASON_BYTES_MAX && is_made_of(pieces, reason.as_bytes(), value);
        is_told.then_some(Cow::Borrowed(pieces))
    }
}

/// Pieces without empty texts and texts behind texts, so that one message has one spelling.
#[must_use]
pub fn joined(pieces: &[Piece]) -> Vec<Piece> {
    let mut all: Vec<Piece> = Vec::new();
    for piece in pieces {
        match (piece, all.last_mut()) {
            (Piece::Text(own), _) if own.is_empty() => {}
            (Piece::Text(own), Some(Piece::Text(before))) => {
                *before = [&**before, &**own].concat().into();
            }
            _ => all.push(piece.clone()),
        }
    }
    all
}

fn text(text: Option<&str>, out: &mut String) -> Option<()> {
    if let Some(text) = text {
        return json::write_string(out, "", text).ok();
    }
    out.push_str("null");
    Some(())
}

fn tell(pieces: &[Piece], out: &mut String) -> Option<()> {
    out.push('[');
    for (at, piece) in pieces.iter().enumerate() {
        out.push_str(if at > 0 { "," } else { "" });
        match piece {
            Piece::Text(own) => text(Some(own), out)?,
            Piece::Column(column) => out.push_str(&column.to_string()),
        }
    }
    out.push(']');
    Some(())
}

/// The pieces of the message that what was said tells; `None` where it does not.
#[must_use]
pub fn pieces_of(said: &[u8]) -> Option<Vec<Piece>> {
    let Json::Array(parts) = serde_json::from_slice(said).ok()? else { return None };
    let piece = |piece: &Json| match piece {
        Json::String(text) => Some(Piece::Text(text.as_str().into())),
        Json::Number(column) => Some(Piece::Column(usize::try_from(column.as_u64()?).ok()?)),
        Json::Null | Json::Bool(_) | Json::Array(_) | Json::Object(_) => None,
    };
    parts.get(MESSAGE)?.as_array()?.iter().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::{Piece, joined, pieces_of, tell};

    #[test]
    fn pieces_are_told_and_read_whatever_texts_hold() {
        let text = |text: &str| Piece::Text(text.into());
        let cases = [
            (vec![], "[]"),
            (vec![text("")], "[]"),
            (vec![text("a"), text(""), text("b\"\n5")], r#"["ab\"\n5"]"#),
            (vec![Piece::Column(3), Piece::Column(31), text("5")], r#"[3,31,"5"]"#),
        ];
        for (pieces, wanted) in cases {
            let mut told = String::new();
            tell(&joined(&pieces), &mut told).expect("told");
            assert_eq!(told, wanted);
            let said = format!("[null,null,[],[],{told}]");
            assert_eq!(pieces_of(said.as_bytes()), Some(joined(&pieces)));
        }
        assert_eq!(pieces_of(b"[null,null,[],[],null]"), None);
        assert_eq!(pieces_of(b"[null,null,[],[],[true]]"), None);
        assert_eq!(pieces_of(b"{}"), None);
    }
}
