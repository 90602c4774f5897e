//! What no descriptor names in the bytes of a message, for the reference evaluator.
//!
//! In:      the bytes of a message, and its descriptor.
//! Out:     the same bytes, in which all that is unknown stands in one field of its own, so that
//!          its bytes and their order outlive a dynamic message.
//! Source:  the encoding guide of Protocol Buffers. A number that a closed enum does not have is
//!          unknown too.

use prost_reflect::{EnumDescriptor, Kind, MessageDescriptor, Syntax};

/// The number of the field that holds what is unknown: the largest there is.
pub(crate) const UNKNOWN: u32 = (1 << 29) - 1;

const VARINT: u64 = 0;
const BYTES: u64 = 2;
const GROUP: u64 = 3;
const GROUP_END: u64 = 4;

/// `bytes` with what is unknown in a field of its own; `None` where they are no message.
pub(crate) fn sorted_out(descriptor: &MessageDescriptor, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut tokens = Tokens { bytes, at: 0 };
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    while tokens.at < bytes.len() {
        let token = tokens.next()?;
        let (kind, is_list) = match descriptor.get_field(token.number) {
            Some(field) => (Some(field.kind()), field.is_list()),
            None => {
                let extension = descriptor.get_extension(token.number);
                (extension.as_ref().map(|it| it.kind()), extension.is_some_and(|it| it.is_list()))
            }
        };
        match (kind, token.wire) {
            (None, BYTES) if token.number == UNKNOWN => unknown.extend(token.payload),
            (None, _) => unknown.extend(token.whole),
            (Some(Kind::Message(of)), BYTES) => {
                push_bytes(&mut known, token.number, &sorted_out(&of, token.payload)?);
            }
            (Some(Kind::Message(of)), GROUP) => {
                push_tag(&mut known, token.number, GROUP);
                known.extend(sorted_out(&of, token.payload)?);
                push_tag(&mut known, token.number, GROUP_END);
            }
            (Some(Kind::Enum(of)), VARINT) => {
                let side = if refuses(&of, token.payload)? { &mut unknown } else { &mut known };
                side.extend(token.whole);
            }
            (Some(Kind::Enum(of)), BYTES) if is_list => {
                let mut elements = Tokens { bytes: token.payload, at: 0 };
                while elements.at < token.payload.len() {
                    let element = elements.raw_varint()?;
                    let refused = refuses(&of, element)?;
                    let side = if refused { &mut unknown } else { &mut known };
                    push_tag(side, token.number, VARINT);
                    side.extend(element);
                }
            }
            (Some(_), _) => known.extend(token.whole),
        }
    }
    if !unknown.is_empty() {
        push_bytes(&mut known, UNKNOWN, &unknown);
    }
    Some(known)
}

/// What the fields hold that `sorted_out` makes, of which `bytes` are some.
pub(crate) fn contents(bytes: &[u8]) -> Vec<u8> {
    let mut tokens = Tokens { bytes, at: 0 };
    let mut found = Vec::new();
    while let Some(token) = tokens.next() {
        found.extend(token.payload);
    }
    found
}

/// Whether a closed enum does not have the number that is written so.
fn refuses(of: &EnumDescriptor, varint: &[u8]) -> Option<bool> {
    // Of a longer number the format reads the lower half.
    let number = Tokens { bytes: varint, at: 0 }.varint()? as i32;
    let closed = of.parent_file().syntax() == Syntax::Proto2;
    Some(closed && of.get_value(number).is_none())
}

fn push_tag(out: &mut Vec<u8>, number: u32, wire: u64) {
    push_varint(out, u64::from(number) << 3 | wire);
}

fn push_bytes(out: &mut Vec<u8>, number: u32, bytes: &[u8]) {
    push_tag(out, number, BYTES);
    push_varint(out, bytes.len() as u64);
    out.extend(bytes);
}

fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A field as it is written.
struct Token<'b> {
    number: u32,
    wire: u64,
    /// From its tag to its end.
    whole: &'b [u8],
    /// Without the tag, and without a length or an end.
    payload: &'b [u8],
}

struct Tokens<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Tokens<'b> {
    fn next(&mut self) -> Option<Token<'b>> {
        let start = self.at;
        let tag = self.varint()?;
        let (number, wire) = (u32::try_from(tag >> 3).ok()?, tag & 7);
        let from = self.at;
        let payload = match wire {
            VARINT => self.raw_varint()?,
            1 => self.take(8)?,
            BYTES => {
                let len = usize::try_from(self.varint()?).ok()?;
                self.take(len)?
            }
            GROUP => loop {
                let before = self.at;
                match self.varint()? {
                    end if end == u64::from(number) << 3 | GROUP_END => {
                        break self.bytes.get(from..before)?;
                    }
                    _ => self.at = before,
                }
                self.next()?;
            },
            5 => self.take(4)?,
            _ => return None,
        };
        Some(Token { number, wire, whole: self.bytes.get(start..self.at)?, payload })
    }

    fn take(&mut self, len: usize) -> Option<&'b [u8]> {
        let part = self.bytes.get(self.at..)?.get(..len)?;
        self.at += len;
        Some(part)
    }

    fn raw_varint(&mut self) -> Option<&'b [u8]> {
        let rest = self.bytes.get(self.at..)?;
        let len = rest.iter().position(|byte| byte & 0x80 == 0)? + 1;
        self.take(len)
    }

    fn varint(&mut self) -> Option<u64> {
        let digits = self.raw_varint()?.iter().enumerate();
        let value = |(at, byte): (usize, &u8)| u64::from(byte & 0x7F).checked_shl(7 * at as u32);
        Some(digits.filter_map(value).sum())
    }
}
