//! What the digest of a state is of: the program, and all that happened, in its order.
//!
//! In:      parts and numbers.
//! Out:     SHA-256 of them.
//! Imports: nothing of ours.

use sha2::{Digest as _, Sha256};

/// All that happened. What follows from it, and from the program, need not be added.
#[derive(Clone, Debug)]
pub(super) struct Log(Sha256);

/// Bytes of a number at most.
const NUMBER_BYTES: usize = 10;

impl Log {
    /// Of a session in which nothing has happened.
    pub(super) fn of(program: &[u8; 32]) -> Self {
        let log = Sha256::new_with_prefix(b"policyc.session.v2\0");
        Self(log.chain_update(program))
    }

    /// Adds bytes whose number is known from what stands before them.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Adds bytes, and how many these are.
    pub(super) fn part(&mut self, part: &[u8]) {
        let mut told = [0; NUMBER_BYTES];
        let len = number(part.len() as u64, &mut told);
        self.add(told.get(..len).unwrap_or_default());
        self.add(part);
    }

    /// SHA-256 of all this, and of `end`.
    pub(super) fn digest(&self, end: &[u8]) -> [u8; 32] {
        self.0.clone().chain_update(end).finalize().into()
    }
}

/// Writes a number, seven bits a byte, the lowest first; how many bytes it takes.
fn number(mut number: u64, told: &mut [u8; NUMBER_BYTES]) -> usize {
    let mut len = 0;
    for byte in told {
        let [low, ..] = number.to_le_bytes();
        number >>= 7;
        len += 1;
        *byte = low & 0x7f | if number > 0 { 0x80 } else { 0 };
        if number == 0 {
            break;
        }
    }
    len
}

/// Appends a number as a log has it.
pub(super) fn push_number(value: u64, out: &mut Vec<u8>) {
    let mut told = [0; NUMBER_BYTES];
    let len = number(value, &mut told);
    out.extend_from_slice(told.get(..len).unwrap_or_default());
}

#[cfg(test)]
mod tests {
    use super::push_number;

    #[test]
    fn numbers_are_told_apart_wherever_they_stand() {
        let told = |all: &[u64]| {
            let mut out = Vec::new();
            for number in all {
                push_number(*number, &mut out);
            }
            out
        };
        assert_eq!(told(&[0, 127, 128, 300]), [0, 127, 0x80, 1, 0xac, 2]);
        assert_eq!(told(&[u64::MAX]).len(), 10);
        assert_ne!(told(&[1, 128]), told(&[129, 1]));
    }
}
