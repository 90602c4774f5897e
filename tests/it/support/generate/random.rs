//! A small generator of numbers: splitmix64, or the bytes of a fuzzer.

/// The state; equal states give equal numbers.
#[derive(Clone)]
pub(crate) struct Random {
    state: u64,
    /// What is handed out, two bytes at a time, then nothing but zeros.
    drawn: Option<std::vec::IntoIter<u8>>,
}

impl Random {
    /// Numbers that follow from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed, drawn: None }
    }

    /// Numbers below 65 536, which are those of `bytes`: whoever changes a byte changes a choice.
    #[allow(dead_code, reason = "those who do not fuzz have seeds alone")]
    pub(crate) fn drawn(bytes: &[u8]) -> Self {
        Self { state: 0, drawn: Some(Vec::from(bytes).into_iter()) }
    }

    pub(crate) fn next(&mut self) -> u64 {
        if let Some(bytes) = &mut self.drawn {
            let mut byte = || bytes.next().unwrap_or_default();
            return u64::from(u16::from_le_bytes([byte(), byte()]));
        }
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end`, which is left out.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    /// True once in `many`.
    pub(crate) fn once_in(&mut self, many: usize) -> bool {
        self.below(many) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len())]
    }
}
