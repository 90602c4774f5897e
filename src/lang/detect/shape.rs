//! How numbers are spelled: letters and digits in groups.
//!
//! In:      a text and a place in it.
//! Out:     the letters and digits without what parts them, and where they end.
//! Imports: nothing of ours.
//!
//! A group is parted from the next by a space, a no-break space or a hyphen, and between all groups
//! stands the same.

/// Most letters and digits of a number that is spelled in groups: an IBAN.
pub(super) const SPELLED_MAX: usize = 34;

/// What may part groups.
const SPACES: &[&[u8]] = &[b" ", b"-", b"\xC2\xA0", b"\xE2\x80\xAF"];
/// As `SPACES`, and a full stop.
const STOPS: &[&[u8]] = &[b" ", b"-", b"\xC2\xA0", b"\xE2\x80\xAF", b"."];

/// What may stand between groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    /// A space, a no-break space or a hyphen.
    Spaces,
    /// As `Spaces`, or a full stop.
    Stops,
}

/// Letters and digits that were read.
#[derive(Clone, Copy, Debug)]
pub(super) struct AlphanumericRun {
    bytes: [u8; SPELLED_MAX],
    len: usize,
    /// Where it ends in the text.
    pub end: usize,
}

impl AlphanumericRun {
    /// The letters, in upper case, and digits.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Takes in so many letters and digits that stand at its end, if they do.
    fn take(&mut self, text: &[u8], size: usize) -> Option<()> {
        let group = text.get(self.end..self.end + size)?;
        if !group.iter().all(u8::is_ascii_alphanumeric) {
            return None;
        }
        let place = self.bytes.get_mut(self.len..self.len + size)?;
        place.copy_from_slice(group);
        place.make_ascii_uppercase();
        (self.len, self.end) = (self.len + size, self.end + size);
        Some(())
    }
}

/// The byte at `at`; zero behind the end.
pub(super) fn byte(text: &[u8], at: usize) -> u8 {
    text.get(at).copied().unwrap_or(0)
}

/// The byte in front of `at`; zero at the start.
pub(super) fn before(text: &[u8], at: usize) -> u8 {
    at.checked_sub(1).map_or(0, |at| byte(text, at))
}

/// Whether a letter or digit stands at `at` and none in front of it, and it is no fraction of a
/// number.
pub(super) fn is_word_start(text: &[u8], at: usize) -> bool {
    let previous = before(text, at);
    byte(text, at).is_ascii_alphanumeric()
        && !previous.is_ascii_alphanumeric()
        && !(previous == b'.' && at >= 2 && before(text, at - 1).is_ascii_digit())
}

/// Whether what ends at `at` is not continued by a letter, a digit or a fraction.
pub(super) fn is_word_end(text: &[u8], at: usize) -> bool {
    let next = byte(text, at);
    let fraction = next == b'.' && byte(text, at + 1).is_ascii_digit();
    !(next.is_ascii_alphanumeric() || fraction)
}

/// The length of the run of digits at `at`, at most `most`.
pub(super) fn digits(text: &[u8], at: usize, most: usize) -> usize {
    (0..most).take_while(|more| byte(text, at + more).is_ascii_digit()).count()
}

/// Reads groups of these sizes, at most `SPELLED_MAX` letters and digits in all, that end a word.
pub(super) fn spelled(
    text: &[u8],
    start: usize,
    sizes: impl IntoIterator<Item = usize>,
    parting: Separator,
) -> Option<AlphanumericRun> {
    let mut found = AlphanumericRun { bytes: [0; SPELLED_MAX], len: 0, end: start };
    let mut between: Option<&[u8]> = None;
    for (group, size) in sizes.into_iter().enumerate() {
        if group > 0 {
            let rest = text.get(found.end..)?;
            let known = match parting {
                Separator::Spaces => SPACES,
                Separator::Stops => STOPS,
            };
            let next = match between {
                Some(between) => Some(between).filter(|it| rest.starts_with(it)),
                None => known.iter().copied().find(|it| rest.starts_with(it)),
            }?;
            between = Some(next);
            found.end += next.len();
        }
        found.take(text, size)?;
    }
    is_word_end(text, found.end).then_some(found)
}

/// The first of these shapes that reads as `good` says; where it ends.
pub(super) fn first_shape(
    text: &[u8],
    start: usize,
    shapes: &[&[usize]],
    parting: Separator,
    good: fn(&[u8]) -> bool,
) -> Option<usize> {
    shapes.iter().find_map(|shape| {
        let found = spelled(text, start, shape.iter().copied(), parting)?;
        good(found.bytes()).then_some(found.end)
    })
}
