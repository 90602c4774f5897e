//! Decisions that differ in nothing but what their messages quote.
//!
//! In:      a decision about a record by both bundles, and the pieces of their messages; rows that
//!          are decided alike.
//! Out:     whether what is decided about a row differs, and whether it is what was recorded.
//! Imports: `base`, `lang`.
//!
//! Nothing is decided here, and nothing hashed. A message that quotes values as they are is put
//! together of the values of the row; the digest of a row that columns tell is that of its words
//! (`group`), so the words tell whether it is the same. Where the first decision does not come out
//! so, all others are decided.

use crate::base::limits::REASON_BYTES_MAX;
use crate::lang::value::text::write_scalar;
use crate::lang::value::{Value as Scalar, json};
use crate::tools::replay::pack::alike::Piece;
use crate::tools::replay::pack::said::{joined, pieces_of};
use crate::tools::replay::pack::spell::Value;
use crate::tools::replay::pack::tallies::Columns;
use crate::tools::replay::redecide::ProgramRunner;

/// What was found of records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Whether effects are the same and words differ.
    pub reworded: bool,
    /// Whether what was recorded is not what is decided.
    pub drift: bool,
}

/// What both bundles say of records that are alike.
#[derive(Clone, Debug)]
pub struct Retold {
    was: MessageTemplate,
    is: MessageTemplate,
    /// Whether both say the same of every record.
    is_same: bool,
    /// Whether both have the same effect.
    same_effect: bool,
    /// Whether words tell drift; else the effect does, which is the recorded one.
    by_words: bool,
}

/// What one of them says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MessageTemplate {
    /// What stands in front of it in the canonical form of the decision.
    front: Box<str>,
    pieces: Vec<Piece>,
}

/// Texts while they are put together.
#[derive(Debug, Default)]
pub struct Room {
    message: String,
    other: String,
}

impl Retold {
    /// What is said of records that are like the one of a row, which was decided last by `seats`
    /// as it was recorded. `pieces` are those of the messages of the rules that won; without one
    /// the same is said of all. `None` if messages do not tell it.
    #[must_use]
    pub fn of(
        seats: [&ProgramRunner; 2],
        pieces: [Option<&[Piece]>; 2],
        row: (&Columns<'_>, u32),
        (same_effect, by_words): (bool, bool),
    ) -> Option<Self> {
        let mut room = Room::default();
        let mut side = |seat: &ProgramRunner, pieces: Option<&[Piece]>| {
            let (front, message) = seat.words().front()?;
            let pieces = match pieces {
                Some(pieces) => joined(pieces),
                None => joined(&[Piece::Text(serde_json::from_str(message).ok()?)]),
            };
            let own = MessageTemplate { front: front.into(), pieces };
            own.write(row, &mut room)?;
            let mut spelled = String::new();
            json::write_string(&mut spelled, "", &room.message).ok()?;
            (spelled == message).then_some(own)
        };
        let [was, is] = seats;
        let [pieces_was, pieces_is] = pieces;
        let (was, is) = (side(was, pieces_was)?, side(is, pieces_is)?);
        let is_same = was == is;
        let own = Self { was, is, is_same, same_effect, by_words };
        own.found(row, &mut room).is_some_and(|found| !found.drift).then_some(own)
    }

    /// What is found of all rows of which `said` is said, where that tells it: the message that was
    /// recorded is the one of the bundle before, whatever it quotes.
    #[must_use]
    pub fn found_of_all(&self, said: &[u8]) -> Option<Found> {
        if pieces_of(said)? != self.was.pieces {
            return None;
        }
        let is_text = |piece: &Piece| matches!(piece, Piece::Text(_));
        let differs = self.same_effect && !self.is_same;
        // Texts without values are the same only if their pieces are.
        let told = !differs
            || self.was.front != self.is.front
            || self.was.pieces.iter().chain(&self.is.pieces).all(is_text);
        told.then_some(Found { reworded: differs, drift: false })
    }

    /// What is found of a row. `None` if it has to be decided.
    pub fn found(&self, row: (&Columns<'_>, u32), room: &mut Room) -> Option<Found> {
        let (columns, at) = (row.0, row.1 as usize);
        let said = &columns.values()?.reason;
        let reason = said.codes.get(at).and_then(|code| said.bytes(*code)).unwrap_or_default();
        let both = self.same_effect && !self.is_same;
        if !both && self.by_words && self.was.is(row, reason) {
            return Some(Found::default());
        }
        self.was.write(row, room)?;
        let drift = self.by_words && room.message.as_bytes() != reason;
        let mut reworded = false;
        if both {
            std::mem::swap(&mut room.message, &mut room.other);
            self.is.write(row, room)?;
            reworded = self.was.front != self.is.front || room.message != room.other;
        }
        Some(Found { reworded, drift })
    }
}

impl MessageTemplate {
    /// Whether the message of a row is this one, as far as that is told without writing it.
    fn is(&self, (columns, row): (&Columns<'_>, u32), message: &[u8]) -> bool {
        let value = |column: usize| columns.asked(column)?.value(row as usize, false);
        is_made_of(&self.pieces, message, value) && message.len() <= REASON_BYTES_MAX
    }

    /// Puts the message of a row together. `None` if it takes more than that.
    fn write(&self, (columns, row): (&Columns<'_>, u32), room: &mut Room) -> Option<()> {
        let Room { message, .. } = room;
        message.clear();
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => message.push_str(text),
                Piece::Column(column) => {
                    match columns.asked(*column)?.value(row as usize, false)? {
                        Value::Bytes(text) => message.push_str(std::str::from_utf8(&text).ok()?),
                        Value::Int(number) => quote(message, Scalar::int(number))?,
                        Value::Double(number, _) => quote(message, Scalar::double(number))?,
                        Value::Bool(holds) => quote(message, Scalar::bool(holds))?,
                        Value::Texts(_) => return None,
                    }
                }
            }
        }
        // What is longer is cut off, and that is noted.
        (message.len() <= REASON_BYTES_MAX).then_some(())
    }
}

/// Whether a message is put together of pieces. `value`: that of a column. Of those that are no
/// text and no int it is not told.
pub fn is_made_of<'v>(
    pieces: &[Piece],
    message: &[u8],
    value: impl Fn(usize) -> Option<Value<'v>>,
) -> bool {
    let without = |rest: &'_ [u8], piece: &Piece| -> Option<usize> {
        let own = match piece {
            Piece::Text(text) => return rest.strip_prefix(text.as_bytes()).map(<[u8]>::len),
            Piece::Column(column) => value(*column)?,
        };
        match own {
            Value::Bytes(text) => rest.strip_prefix(&*text).map(<[u8]>::len),
            Value::Int(number) => without_int(rest, number),
            Value::Double(..) | Value::Bool(_) | Value::Texts(_) => None,
        }
    };
    let rest = pieces.iter().try_fold(message, |rest, piece| {
        let left = without(rest, piece)?;
        rest.get(rest.len() - left..)
    });
    rest.is_some_and(<[u8]>::is_empty)
}

/// How many bytes stand behind an int.
fn without_int(text: &[u8], number: i64) -> Option<usize> {
    let rest = if number < 0 { text.strip_prefix(b"-")? } else { text };
    let mut left = number.unsigned_abs();
    let digits = left.checked_ilog10().unwrap_or_default() as usize + 1;
    let (own, behind) = rest.split_at_checked(digits)?;
    let is_digit = |digit: &u8| {
        let is = u64::from(*digit) == u64::from(b'0') + left % 10;
        left /= 10;
        is
    };
    own.iter().rev().all(is_digit).then_some(behind.len())
}

fn quote(message: &mut String, scalar: Scalar) -> Option<()> {
    write_scalar(message, &scalar).ok().filter(|written| *written).map(drop)
}
