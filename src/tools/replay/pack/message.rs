//! Digests of decisions that differ in nothing but what their messages quote.
//!
//! In:      a decision about a record by both bundles, and the pieces of their messages; rows that
//!          are decided alike.
//! Out:     whether what is decided about a row differs, and whether it is what was recorded.
//! Imports: `base`, `lang`, `runtime::vm`.
//!
//! Nothing is decided here. A message that quotes values as they are is put together of the values
//! of the row, and what is hashed in front of it was hashed once. Where the first decision does
//! not come out so, all others are decided.

use crate::base::limits::REASON_BYTES_MAX;
use crate::lang::value::text::write_scalar;
use crate::lang::value::{Value as Scalar, json};
use crate::runtime::vm::canonical::CanonicalPrefix;
use crate::tools::replay::again::Seat;
use crate::tools::replay::pack::alike::Piece;
use crate::tools::replay::pack::spell::Value;
use crate::tools::replay::pack::tallies::Columns;

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
    /// Whether digest and words tell drift; else the effect does, which is the recorded one.
    by_words: bool,
}

/// What one of them says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct MessageTemplate {
    front: CanonicalPrefix,
    pieces: Vec<Piece>,
}

/// Texts while they are put together.
#[derive(Debug, Default)]
pub struct Room {
    message: String,
    spelled: String,
    other: String,
}

impl Retold {
    /// What is said of records that are like the one of a row, which was decided last by `seats`
    /// as it was recorded. `pieces` are those of the messages of the rules that won. `None` if
    /// messages do not tell it.
    #[must_use]
    pub fn of(
        seats: [&Seat; 2],
        pieces: [&[Piece]; 2],
        row: (&Columns, u32),
        (same_effect, by_words): (bool, bool),
    ) -> Option<Self> {
        let mut room = Room::default();
        let mut side = |seat: &Seat, pieces: &[Piece]| {
            let (front, message) = seat.words().front()?;
            let own = MessageTemplate { front, pieces: pieces.to_vec() };
            own.spell(row, &mut room)?;
            (room.spelled == message).then_some(own)
        };
        let [was, is] = seats;
        let [pieces_was, pieces_is] = pieces;
        let (was, is) = (side(was, pieces_was)?, side(is, pieces_is)?);
        let is_same = was == is;
        let own = Self { was, is, is_same, same_effect, by_words };
        // Of a record without a digest nothing was compared, and so nothing is known of others.
        own.found(row, &mut room).is_some_and(|found| !found.drift).then_some(own)
    }

    /// What is found of a row. `None` if it has to be decided.
    pub fn found(&self, row: (&Columns, u32), room: &mut Room) -> Option<Found> {
        let (columns, at) = (row.0, row.1 as usize);
        let digest = columns.digest.bytes(*columns.digest.codes.get(at)?)?;
        self.was.spell(row, room)?;
        let drift = self.by_words && {
            let reason = columns.reason.codes.get(at).and_then(|code| columns.reason.bytes(*code));
            room.message.as_bytes() != reason.unwrap_or_default()
                || self.was.front.digest(&room.spelled) != *digest
        };
        let mut reworded = false;
        if self.same_effect && !self.is_same {
            std::mem::swap(&mut room.spelled, &mut room.other);
            self.is.spell(row, room)?;
            reworded = self.was.front != self.is.front || room.spelled != room.other;
        }
        Some(Found { reworded, drift })
    }
}

impl MessageTemplate {
    /// Puts the message of a row together, and spells it as digests have it. `None` if it takes
    /// more than that.
    fn spell(&self, (columns, row): (&Columns, u32), room: &mut Room) -> Option<()> {
        let Room { message, spelled, .. } = room;
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
        if message.len() > REASON_BYTES_MAX {
            return None;
        }
        spelled.clear();
        json::write_string(spelled, "", message).ok()
    }
}

fn quote(message: &mut String, scalar: Scalar) -> Option<()> {
    write_scalar(message, &scalar).ok().filter(|written| *written).map(drop)
}
