//! CRC-32, as gzip and zip have it: it finds what accidents do to a frame, and nothing that
//! somebody means to do.
//!
//! In:      bytes.
//! Out:     a sum of four bytes.
//! Imports: nothing of ours.
//!
//! Eight bytes are looked at together: table `n` holds what a byte comes to that `n` others follow.

/// The polynomial, its bits turned round.
const POLYNOMIAL: u32 = 0xEDB8_8320;

const TABLES: [[u32; 256]; 8] = tables();

#[expect(clippy::indexing_slicing, reason = "at compile time a wrong index fails the build")]
const fn tables() -> [[u32; 256]; 8] {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0_u32;
    while byte < 256 {
        let (mut sum, mut bit) = (byte, 0);
        while bit < 8 {
            sum = if sum & 1 == 1 { sum >> 1 ^ POLYNOMIAL } else { sum >> 1 };
            bit += 1;
        }
        tables[0][byte as usize] = sum;
        byte += 1;
    }
    let mut table = 1;
    while table < 8 {
        let mut byte = 0;
        while byte < 256 {
            let before: u32 = tables[table - 1][byte];
            tables[table][byte] = before >> 8 ^ tables[0][(before & 0xFF) as usize];
            byte += 1;
        }
        table += 1;
    }
    tables
}

/// A sum that grows.
#[derive(Clone, Copy, Debug)]
pub struct Crc(u32);

impl Default for Crc {
    fn default() -> Self {
        Self(u32::MAX)
    }
}

impl Crc {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        let row = |table: usize, byte: u8| {
            let table = TABLES.get(table).map_or(&[0; 256], |table| table);
            table.get(usize::from(byte)).copied().unwrap_or_default()
        };
        let (words, rest) = bytes.as_chunks::<8>();
        let mut sum = self.0;
        for [a, b, c, d, e, f, g, h] in words {
            let [s, t, u, v] = sum.to_le_bytes();
            sum = row(7, a ^ s) ^ row(6, b ^ t) ^ row(5, c ^ u) ^ row(4, d ^ v);
            sum ^= row(3, *e) ^ row(2, *f) ^ row(1, *g) ^ row(0, *h);
        }
        for byte in rest {
            let [low, ..] = sum.to_le_bytes();
            sum = sum >> 8 ^ row(0, byte ^ low);
        }
        self.0 = sum;
    }

    /// The sum of all of them.
    #[must_use]
    pub const fn sum(self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Crc;

    fn sum(parts: &[&[u8]]) -> u32 {
        let mut crc = Crc::default();
        for part in parts {
            crc.update(part);
        }
        crc.sum()
    }

    #[test]
    fn sums_are_those_of_others() {
        // The check value that catalogues of CRCs give, and those of zlib's `crc32`.
        assert_eq!(sum(&[b"123456789"]), 0xCBF4_3926);
        assert_eq!(sum(&[b""]), 0);
        assert_eq!(sum(&[b"The quick brown fox jumps over the lazy dog"]), 0x414F_A339);
        assert_eq!(sum(&[&[0; 32]]), 0x190A_55AD);
    }

    #[test]
    fn pieces_are_summed_as_the_whole() {
        let bytes: Vec<u8> = (0..=255).collect();
        for cut in 0..bytes.len() {
            let (front, back) = bytes.split_at(cut);
            assert_eq!(sum(&[front, back]), sum(&[&bytes]));
        }
    }
}
