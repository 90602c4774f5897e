//! Sixteen bytes that are compared at once.
//!
//! In:      bytes.
//! Out:     which of them are alike, as bytes of ones, or as a bit each.
//! Imports: nothing of ours.
//!
//! Where the processor has such registers (SSE2, which every x86-64 has) they are asked for by
//! name: whether loops over bytes come out as such hangs on what else is compiled beside them, and
//! took a search through a text twice as long where they did not.

#[cfg(target_feature = "sse2")]
pub(in crate::lang) use sse2::Register;

#[cfg(not(target_feature = "sse2"))]
pub(in crate::lang) use plain::Register;

/// Bytes of a register.
pub(in crate::lang) const LANES: usize = 16;

#[cfg(target_feature = "sse2")]
mod sse2 {
    use safe_arch::{
        bitand_m128i, bitor_m128i, cmp_eq_mask_i8_m128i, cmp_gt_mask_i8_m128i,
        load_unaligned_m128i, m128i, move_mask_i8_m128i, set_splat_i8_m128i,
    };

    use super::LANES;

    /// Sixteen bytes.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::lang) struct Register(m128i);

    #[expect(clippy::inline_always, reason = "called, it would be kept in memory")]
    impl Register {
        /// The same byte in all places.
        #[inline(always)]
        pub(in crate::lang) fn splat(byte: u8) -> Self {
            Self(set_splat_i8_m128i(byte.cast_signed()))
        }

        #[inline(always)]
        pub(in crate::lang) fn of(bytes: &[u8; LANES]) -> Self {
            Self(load_unaligned_m128i(bytes))
        }

        /// Ones in the bytes that are alike, zeros in the others.
        #[inline(always)]
        pub(in crate::lang) fn alike(self, other: Self) -> Self {
            Self(cmp_eq_mask_i8_m128i(self.0, other.0))
        }

        /// Ones in the bytes that are above those of the other, as signed numbers.
        #[inline(always)]
        pub(in crate::lang) fn above(self, other: Self) -> Self {
            Self(cmp_gt_mask_i8_m128i(self.0, other.0))
        }

        #[inline(always)]
        pub(in crate::lang) fn and(self, other: Self) -> Self {
            Self(bitand_m128i(self.0, other.0))
        }

        #[inline(always)]
        pub(in crate::lang) fn or(self, other: Self) -> Self {
            Self(bitor_m128i(self.0, other.0))
        }

        /// The highest bit of each byte, that of the first one lowest.
        #[inline(always)]
        pub(in crate::lang) fn bits(self) -> u16 {
            let [low, high, ..] = move_mask_i8_m128i(self.0).to_le_bytes();
            u16::from_le_bytes([low, high])
        }
    }
}

/// The same by loops, for all other processors.
#[cfg(any(test, not(target_feature = "sse2")))]
mod plain {
    use super::LANES;

    /// Sixteen bytes.
    #[derive(Clone, Copy, Debug)]
    pub(in crate::lang) struct Register([u8; LANES]);

    impl Register {
        #[inline]
        pub(in crate::lang) fn splat(byte: u8) -> Self {
            Self([byte; LANES])
        }

        #[inline]
        pub(in crate::lang) fn of(bytes: &[u8; LANES]) -> Self {
            Self(*bytes)
        }

        #[inline]
        pub(in crate::lang) fn alike(self, other: Self) -> Self {
            self.with(other, |a, b| u8::from(a == b).wrapping_neg())
        }

        #[inline]
        pub(in crate::lang) fn above(self, other: Self) -> Self {
            self.with(other, |a, b| u8::from(a.cast_signed() > b.cast_signed()).wrapping_neg())
        }

        #[inline]
        pub(in crate::lang) fn and(self, other: Self) -> Self {
            self.with(other, |a, b| a & b)
        }

        #[inline]
        pub(in crate::lang) fn or(self, other: Self) -> Self {
            self.with(other, |a, b| a | b)
        }

        #[inline]
        pub(in crate::lang) fn bits(self) -> u16 {
            self.0.iter().rev().fold(0, |bits, byte| bits << 1 | u16::from(byte >> 7))
        }

        #[inline]
        fn with(mut self, other: Self, each: impl Fn(u8, u8) -> u8) -> Self {
            self.0.iter_mut().zip(other.0).for_each(|(own, other)| *own = each(*own, other));
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LANES, Register, plain};

    /// Bits of one kind of register and of the other, of everything that is done with them.
    macro_rules! all {
        ($of:ident, $a:expr, $b:expr) => {{
            let (a, b, c) = ($of::of($a), $of::of($b), $of::splat(0x80));
            let done = [a, b, c, a.alike(b), b.alike(c), a.and(b), a.or(b), a.alike(a)];
            let above = [a.above(b), b.above(a), c.above(a), a.above(c)];
            (done.map($of::bits), above.map($of::bits))
        }};
    }

    #[test]
    fn both_kinds_do_the_same() {
        use plain::Register as Plain;
        for seed in 0..2_000_u32 {
            let a = u128::from(seed).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
            let a = a.to_le_bytes();
            let b: [u8; LANES] =
                std::array::from_fn(|at| if seed >> (at % 11) & 1 == 0 { a[at] } else { 0x80 });
            assert_eq!(all!(Register, &a, &b), all!(Plain, &a, &b), "{a:?} {b:?}");
        }
        let first = Register::of(&std::array::from_fn(|at| u8::from(at == 0) << 7));
        assert_eq!(first.bits(), 1, "the first byte is the lowest bit");
        assert_eq!(first.alike(Register::splat(0)).bits(), 0xFFFE);
    }
}
