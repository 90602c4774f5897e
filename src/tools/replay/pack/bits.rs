//! Numbers of few bits, in runs and in packs of eight.
//!
//! In:      bytes of a page.
//! Out:     levels and codes.
//! Imports: nothing of ours.
//! Source:  the format of Parquet: runs and packed bits, mixed.
//!
//! Whatever stands in the bytes, nothing is read beyond them, and no more numbers come of them than
//! are asked for.

/// Bytes that are read together where numbers are wide.
const WORD_BYTES: usize = 8;
/// Numbers that are packed together.
const PACK: usize = 8;
/// Bytes that hold a pack of numbers of 20 bits, and the word that the last of them begins in.
const PACK_BYTES: usize = 24;

/// `count` numbers of `width` bits.
#[must_use]
pub(super) fn numbers(mut bytes: &[u8], width: u32, count: usize) -> Option<Vec<u32>> {
    if width > 32 {
        return None;
    }
    let mut numbers = Vec::with_capacity(count);
    while numbers.len() < count {
        let left = count - numbers.len();
        match Run::read(&mut bytes, width)? {
            Run::Same(number, len) => numbers.resize(numbers.len() + len.min(left), number),
            Run::Packed(own, size, len) => {
                packed((own, size), width, len.min(left), &mut numbers)?;
            }
        }
    }
    Some(numbers)
}

/// The number that `count` numbers of `width` bits are, where one run says so.
#[must_use]
pub(super) fn same(mut bytes: &[u8], width: u32, count: usize) -> Option<u32> {
    match Run::read(&mut bytes, width)? {
        Run::Same(number, len) if len >= count => Some(number),
        Run::Same(..) | Run::Packed(..) => None,
    }
}

/// Numbers that stand together.
enum Run<'b> {
    /// One number, so many times.
    Same(u32, usize),
    /// The bytes of numbers and what stands behind them; how many bytes are theirs, and how many
    /// numbers there are.
    Packed(&'b [u8], usize, usize),
}

impl<'b> Run<'b> {
    /// The next run, which is not empty.
    fn read(bytes: &mut &'b [u8], width: u32) -> Option<Self> {
        let head = varint(bytes)?;
        let len = usize::try_from(head >> 1).ok().filter(|len| *len > 0)?;
        if head & 1 == 0 {
            let (own, behind) = bytes.split_at_checked(width.div_ceil(8) as usize)?;
            let mut word = [0; 4];
            word.iter_mut().zip(own).for_each(|(to, from)| *to = *from);
            *bytes = behind;
            return Some(Self::Same(u32::from_le_bytes(word), len));
        }
        let size = len.checked_mul(width as usize)?.min(bytes.len());
        let own = *bytes;
        *bytes = own.get(size..)?;
        Some(Self::Packed(own, size, len.checked_mul(PACK)?))
    }
}

/// Numbers of `width` bits, one behind the other, in the first `size` bytes.
fn packed(
    (bytes, size): (&[u8], usize),
    width: u32,
    count: usize,
    numbers: &mut Vec<u32>,
) -> Option<()> {
    if count.checked_mul(width as usize)?.div_ceil(8) > size || count == 0 {
        return None;
    }
    let done = packs(bytes, width, count / PACK, numbers) * PACK;
    let (width, mask) = (width as usize, (1_u64 << width) - 1);
    numbers.extend((done..count).map(|at| {
        let bit = at * width;
        let rest = bytes.get(bit / 8..).unwrap_or_default().iter().take(WORD_BYTES);
        let word = rest.rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        #[expect(clippy::cast_possible_truncation, reason = "at most 32 bits are left")]
        let number = (word >> (bit % 8) & mask) as u32;
        number
    }));
    Some(())
}

/// The numbers of at most `count` whole packs at the start of `bytes`; says of how many.
fn packs(bytes: &[u8], width: u32, count: usize, numbers: &mut Vec<u32>) -> usize {
    macro_rules! by_width {
        ($($width:literal)*) => {
            match width {
                $($width => unpack::<$width>(bytes, count, numbers),)*
                _ => 0,
            }
        };
    }
    by_width!(1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20)
}

/// As `packs`, of numbers of `WIDTH` bits: as many bytes hold a pack, and at most 20.
fn unpack<const WIDTH: usize>(bytes: &[u8], count: usize, numbers: &mut Vec<u32>) -> usize {
    let (mut done, mut rest) = (0, bytes);
    // Those behind which so many bytes stand are read as words.
    while let Some(words) = rest.first_chunk::<PACK_BYTES>().filter(|_| done < count) {
        let mut eight = [0; PACK];
        for (at, number) in eight.iter_mut().enumerate() {
            let bit = at * WIDTH;
            let word = words.get(bit / 8..).and_then(|word| word.first_chunk());
            let word = u32::from_le_bytes(word.copied().unwrap_or_default());
            *number = word >> (bit % 8) & ((1 << WIDTH) - 1);
        }
        numbers.extend_from_slice(&eight);
        rest = rest.get(WIDTH..).unwrap_or_default();
        done += 1;
    }
    done
}

/// A number of seven bits a byte.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..35).step_by(7) {
        let (byte, behind) = bytes.split_first()?;
        *bytes = behind;
        number |= u64::from(byte & 0x7F) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{numbers, same};

    /// Numbers of so many bits, each bit by itself.
    fn spelled(all: &[u32], width: u32) -> Vec<u8> {
        let mut bits: Vec<bool> = Vec::new();
        for number in all {
            bits.extend((0..width).map(|bit| number >> bit & 1 == 1));
        }
        let byte =
            |bits: &[bool]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
        bits.chunks(8).map(byte).collect()
    }

    #[test]
    fn numbers_of_every_width_are_read_as_they_were_packed() {
        for width in 1..=32_u32 {
            for count in [8_u32, 16, 24, 64] {
                let number = |at: u32| at.wrapping_mul(0x9E37_79B9) >> (32 - width);
                let all: Vec<u32> = (1..=count).map(number).collect();
                let head = u8::try_from(count / 8 * 2 + 1).expect("a byte");
                let bytes = [vec![head], spelled(&all, width)].concat();
                assert_eq!(numbers(&bytes, width, all.len()), Some(all.clone()), "{width}");
                // The last pack may hold more than is asked for; and its end may be missing.
                for asked in [1, all.len() - 1] {
                    let own = numbers(&bytes, width, asked);
                    assert_eq!(own.as_deref(), all.get(..asked), "{width}, {asked}");
                }
                let cut = bytes.get(..bytes.len() - 1).unwrap_or_default();
                assert_eq!(numbers(cut, width, all.len()), None, "{width}");
            }
        }
    }

    #[test]
    fn a_run_is_one_number() {
        // 300 times 5, of three bits; then a pack.
        let bytes = [0xD8, 0x04, 5, 3, 0b1000_1000, 0b1100_0110, 0b1111_1010];
        assert_eq!(same(&bytes, 3, 300), Some(5));
        assert_eq!(same(&bytes, 3, 301), None);
        let all = numbers(&bytes, 3, 308).expect("numbers");
        assert_eq!(all.get(299..), Some(&[5, 0, 1, 2, 3, 4, 5, 6, 7][..]));
        // A run of none says nothing.
        assert_eq!(numbers(&[0x00, 5], 3, 1), None);
    }
}
