//! The wire format of Protocol Buffers, field by field: tags, varints, lengths, groups.
//!
//! In:      the bytes of a message.
//! Out:     its fields in the order in which they are written; nothing is copied.
//! Imports: `base`.
//! Source:  the encoding guide of Protocol Buffers.

use crate::base::limits::WIRE_DEPTH_MAX;
use crate::lang::error::EvalError;

/// Why bytes are no message. Offsets count from the start of the outermost message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WireError {
    /// The first byte that cannot stand where it stands.
    pub at: usize,
    /// What is wrong with it.
    pub fault: WireFault,
}

impl WireError {
    /// How an expression fails that must read the bytes.
    #[must_use]
    pub const fn class(self) -> EvalError {
        match self.fault {
            WireFault::TooMuch => EvalError::Budget,
            WireFault::Truncated
            | WireFault::Tag
            | WireFault::Varint
            | WireFault::EndGroup
            | WireFault::WireType
            | WireFault::NotUtf8
            | WireFault::TooDeep
            | WireFault::Range => EvalError::BadConversion,
        }
    }
}

/// What can be wrong with a byte of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WireFault {
    /// The bytes end inside of a field.
    Truncated,
    /// No field has this tag: a number that is zero or too large, or a wire type that is none.
    Tag,
    /// A number that is longer than ten bytes.
    Varint,
    /// A group ends that did not begin.
    EndGroup,
    /// The field has another wire type in its declaration.
    WireType,
    /// A string that is not UTF-8.
    NotUtf8,
    /// Messages nest too deeply.
    TooDeep,
    /// More text and elements than a decision may have.
    TooMuch,
    /// A time, or a span of it, that CEL does not have.
    Range,
}

/// A field as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token {
    /// Its number, from 1 to 2^29 - 1.
    pub(super) number: u32,
    /// Where its tag begins.
    pub(super) start: usize,
    /// What follows the tag.
    pub(super) payload: Payload,
}

/// What follows a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    /// Where it begins and ends.
    Bytes(usize, usize),
    /// Where what lies between its tags begins and ends.
    Group(usize, usize),
}

/// The highest number that a field can have.
const NUMBER_MAX: u64 = (1 << 29) - 1;

/// Bytes of one message, and a place in them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens<'b> {
    pub(super) bytes: &'b [u8],
    pub(super) at: usize,
}

type Scan<T> = Result<T, WireError>;

const fn fault(at: usize, fault: WireFault) -> WireError {
    WireError { at, fault }
}

impl Tokens<'_> {
    /// The next field; `None` at the end.
    pub(super) fn next(&mut self) -> Scan<Option<Token>> {
        if self.at >= self.bytes.len() {
            return Ok(None);
        }
        let start = self.at;
        let (number, wire) = self.tag()?;
        if wire == 4 {
            return Err(fault(start, WireFault::EndGroup));
        }
        let payload = self.payload(number, wire, start)?;
        Ok(Some(Token { number, start, payload }))
    }

    /// A number in base 128, the lowest digits first.
    pub(super) fn varint(&mut self) -> Scan<u64> {
        let start = self.at;
        let mut value = 0_u64;
        for shift in (0..70).step_by(7) {
            let byte = *self.bytes.get(self.at).ok_or(fault(self.at, WireFault::Truncated))?;
            let digit = u64::from(byte & 0x7F);
            // Of the tenth byte only the lowest bit has a place.
            if shift == 63 && digit > 1 {
                break;
            }
            value |= digit << shift;
            self.at += 1;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(fault(start, WireFault::Varint))
    }

    /// Eight bytes, the lowest first.
    pub(super) fn fixed64(&mut self) -> Scan<u64> {
        let bytes = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<8>);
        let bytes = bytes.ok_or(fault(self.bytes.len(), WireFault::Truncated))?;
        self.at += 8;
        Ok(u64::from_le_bytes(*bytes))
    }

    /// Four bytes, the lowest first.
    pub(super) fn fixed32(&mut self) -> Scan<u32> {
        let bytes = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk::<4>);
        let bytes = bytes.ok_or(fault(self.bytes.len(), WireFault::Truncated))?;
        self.at += 4;
        Ok(u32::from_le_bytes(*bytes))
    }

    fn tag(&mut self) -> Scan<(u32, u8)> {
        let start = self.at;
        let tag = self.varint()?;
        let (number, wire) = (tag >> 3, tag & 7);
        match (u32::try_from(number), u8::try_from(wire)) {
            (Ok(number), Ok(wire)) if (1..=NUMBER_MAX).contains(&u64::from(number)) && wire < 6 => {
                Ok((number, wire))
            }
            _ => Err(fault(start, WireFault::Tag)),
        }
    }

    fn payload(&mut self, number: u32, wire: u8, start: usize) -> Scan<Payload> {
        match wire {
            0 => self.varint().map(Payload::Varint),
            1 => self.fixed64().map(Payload::Fixed64),
            5 => self.fixed32().map(Payload::Fixed32),
            3 => self.group(number, start),
            _ => self.length().map(|(from, to)| Payload::Bytes(from, to)),
        }
    }

    fn length(&mut self) -> Scan<(usize, usize)> {
        let length = self.varint()?;
        let from = self.at;
        let end = usize::try_from(length).ok().and_then(|length| from.checked_add(length));
        match end {
            Some(end) if end <= self.bytes.len() => {
                self.at = end;
                Ok((from, end))
            }
            Some(_) | None => Err(fault(self.bytes.len(), WireFault::Truncated)),
        }
    }

    /// Goes past a group, whose tag was read: to the end tag with its number. Groups inside it are
    /// gone through on a stack of their own.
    fn group(&mut self, number: u32, start: usize) -> Scan<Payload> {
        let mut open = [0_u32; WIRE_DEPTH_MAX];
        let mut depth = 1;
        if let Some(place) = open.first_mut() {
            *place = number;
        }
        let from = self.at;
        loop {
            if self.at >= self.bytes.len() {
                return Err(fault(self.at, WireFault::Truncated));
            }
            let end = self.at;
            let (number, wire) = self.tag()?;
            match wire {
                3 => {
                    let place = open.get_mut(depth).ok_or(fault(end, WireFault::TooDeep))?;
                    *place = number;
                    depth += 1;
                }
                4 if open.get(depth - 1) == Some(&number) => {
                    depth -= 1;
                    if depth == 0 {
                        return Ok(Payload::Group(from, end));
                    }
                }
                4 => return Err(fault(end, WireFault::EndGroup)),
                _ => {
                    self.payload(number, wire, start)?;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(bytes: &[u8]) -> Result<Vec<Token>, WireError> {
        let mut tokens = Tokens { bytes, at: 0 };
        let mut found = Vec::new();
        while let Some(token) = tokens.next()? {
            found.push(token);
        }
        Ok(found)
    }

    #[test]
    fn fields_follow_one_another() {
        let bytes = [
            0x08, 0x96, 0x01, // 1: varint 150
            0x12, 0x02, b'h', b'i', // 2: bytes
            0x1B, 0x08, 0x01, 0x23, 0x24, 0x1C, // 3: a group with a field and a group
            0x25, 1, 0, 0, 0, // 4: fixed32
            0x29, 2, 0, 0, 0, 0, 0, 0, 0, // 5: fixed64
        ];
        let payloads: Vec<_> =
            all(&bytes).expect("whole").iter().map(|it| (it.number, it.payload)).collect();
        let wanted = [
            (1, Payload::Varint(150)),
            (2, Payload::Bytes(5, 7)),
            (3, Payload::Group(8, 12)),
            (4, Payload::Fixed32(1)),
            (5, Payload::Fixed64(2)),
        ];
        assert_eq!(payloads, wanted);
    }

    #[test]
    fn faults_have_their_place() {
        let long = [0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x02];
        let deep = [0x0B; WIRE_DEPTH_MAX + 1];
        for (bytes, at, fault) in [
            (&[0x08][..], 1, WireFault::Truncated),
            (&[0x08, 0x80], 2, WireFault::Truncated),
            (&[0x12, 0x03, 0x61], 3, WireFault::Truncated),
            (&[0x25, 1, 2], 3, WireFault::Truncated),
            (&[0x0B, 0x08, 0x01], 3, WireFault::Truncated),
            (&[0x00], 0, WireFault::Tag),
            (&[0x08, 0x01, 0x0E], 2, WireFault::Tag),
            (&[0x0C], 0, WireFault::EndGroup),
            (&[0x0B, 0x14], 1, WireFault::EndGroup),
            (&long, 1, WireFault::Varint),
            (&deep, WIRE_DEPTH_MAX, WireFault::TooDeep),
        ] {
            assert_eq!(all(bytes), Err(WireError { at, fault }), "{bytes:x?}");
        }
    }
}
