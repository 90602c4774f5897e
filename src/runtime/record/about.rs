//! What a host says of a decision that the evaluator does not know.
//!
//! In:      the host.
//! Out:     `About`.
//! Imports: `lang`.

use crate::lang::value::time::Instant;

/// What a host says of a decision.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Identifies the record among all others: a ULID, mostly (`ulid`).
    pub id: &'a str,
    /// When the record was made. No decision depends on it.
    pub at: Instant,
    /// The session that the call belongs to.
    pub session: Option<Session<'a>>,
    /// Nanoseconds that the decision took.
    pub took_ns: Option<u64>,
    /// Why this decision is recorded where others are not.
    pub sampled: Option<Sampled<'a>>,
    /// SHA-256 of the call as it came over the wire.
    pub wire: Option<[u8; 32]>,
    /// The trace that the call belongs to.
    pub trace: Option<Trace<'a>>,
    /// Who wrote the record, and its number.
    pub chain: Option<Chain<'a>>,
}

impl<'a> About<'a> {
    /// A record of its own.
    #[must_use]
    pub const fn new(id: &'a str, at: Instant) -> Self {
        Self {
            id,
            at,
            session: None,
            took_ns: None,
            sampled: None,
            wire: None,
            trace: None,
            chain: None,
        }
    }
}

/// A session: calls that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session<'a> {
    /// Which.
    pub id: &'a str,
    /// Number of the call in it, from 1.
    pub step: u64,
    /// The record of the call before.
    pub parent: Option<&'a str>,
}

/// How a decision came to be recorded where not all are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampled<'a> {
    /// The share of such decisions that is recorded, above 0 and at most 1.
    pub share: f64,
    /// Why this one is, in a word.
    pub by: &'a str,
}

/// A trace of OpenTelemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace<'a> {
    /// Trace id, in hexadecimal digits.
    pub trace: &'a str,
    /// Span id, likewise.
    pub span: &'a str,
}

/// The place of a record among those of its writer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chain<'a> {
    /// The writer.
    pub writer: &'a str,
    /// The number of the record.
    pub number: u64,
}

/// Where the bundle comes from, as far as the bundle does not say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Loaded<'a> {
    /// The revision of its sources, as `git:4e1c0d2`.
    pub revision: Option<&'a str>,
    /// SHA-256 of the schema, where the host keeps it apart.
    pub schema: Option<[u8; 32]>,
    /// SHA-256 of the reference data.
    pub data: Option<[u8; 32]>,
}

/// A ULID: milliseconds since the epoch, of which 48 bits count, and 80 random bits. Ids that are
/// made later sort behind.
#[must_use]
pub fn ulid(milliseconds: u64, random: [u8; 10]) -> String {
    const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let low = random.iter().fold(0_u128, |low, byte| low << 8 | u128::from(*byte));
    let number = u128::from(milliseconds & 0xFFFF_FFFF_FFFF) << 80 | low;
    let digit = |at: u32| {
        let five = (number >> (125 - 5 * at)) & 31;
        DIGITS
            .get(usize::try_from(five).unwrap_or_default())
            .map_or('0', |digit| char::from(*digit))
    };
    (0..26).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::ulid;

    #[test]
    fn ids_are_numbers_in_base_thirty_two() {
        assert_eq!(ulid(0, [0; 10]), "0".repeat(26));
        assert_eq!(ulid(u64::MAX, [0xFF; 10]), format!("7{}", "Z".repeat(25)));
        // The example of the specification begins with the time 1469922850259.
        assert_eq!(&ulid(1_469_922_850_259, [7; 10])[..10], "01ARZ3NDEK");
        assert!(ulid(5, [0xFF; 10]) < ulid(6, [0; 10]));
    }
}
