//! Where numbers lie in a map if others choose them.
//!
//! In:      numbers.
//! Out:     `Keyed`, for maps by them.
//! Imports: nothing of ours.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Where numbers lie in a map. Others choose them, so they must not know that: each map has a
/// factor of its own, and goes by the highest bits of the product.
#[derive(Clone, Debug)]
pub struct Keyed(u64);

impl Default for Keyed {
    fn default() -> Self {
        Self(RandomState::new().hash_one(0_u64) | 1)
    }
}

impl BuildHasher for Keyed {
    type Hasher = Product;

    fn build_hasher(&self) -> Product {
        Product { factor: self.0, product: 0 }
    }
}

/// See `Keyed`.
#[derive(Clone, Copy, Debug)]
pub struct Product {
    factor: u64,
    product: u64,
}

impl Hasher for Product {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.product = (self.product ^ number).wrapping_mul(self.factor);
    }

    fn finish(&self) -> u64 {
        // Maps go by the lowest bits.
        self.product.rotate_left(32)
    }
}
