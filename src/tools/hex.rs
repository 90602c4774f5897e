//! Bytes as hexadecimal digits.
//!
//! In:      32 bytes; 64 digits.
//! Out:     the other.
//! Imports: nothing of ours.

/// The digits of bytes, in lower case.
#[must_use]
pub fn hex(bytes: &[u8; 32]) -> String {
    let mut text = String::with_capacity(64);
    for byte in bytes {
        let halves = [byte >> 4, byte & 15].into_iter();
        text.extend(halves.filter_map(|half| char::from_digit(u32::from(half), 16)));
    }
    text
}

/// The bytes that 64 digits spell.
#[must_use]
pub fn bytes_of(digits: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    // A sign would be taken for a digit.
    let plain = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    if !plain || digits.len() != 2 * bytes.len() {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(bytes)
}
