//! Tables of bounded size that come out the same whatever the order.
//!
//! In:      keys, one after the other, and tables of other parts of the same input.
//! Out:     the keys with the lowest hashes, each with all that was added to it, and how many keys
//!          there were about.
//!
//! A key that is among those with the lowest hashes in the end was so all along, because the bound
//! only falls; so nothing of it is ever lost. The same keys are kept whichever way the input is cut
//! and joined.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Something that is added to a key.
pub trait Merge {
    /// Adds what another part of the input gave.
    fn merge(&mut self, other: Self);
}

impl Merge for u64 {
    fn merge(&mut self, other: Self) {
        *self = self.saturating_add(other);
    }
}

/// A table that keeps the `most` keys with the lowest hashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<K, V> {
    most: usize,
    /// By hash, then key: two keys may have one hash.
    rows: BTreeMap<(u64, K), V>,
    /// Whether a key was dropped.
    full: bool,
}

impl<K: Ord, V: Merge> Table<K, V> {
    /// No key yet; at most `most` of them are kept.
    #[must_use]
    pub const fn keeping(most: usize) -> Self {
        Self { most, rows: BTreeMap::new(), full: false }
    }

    /// Whether a key with this hash would be dropped at once; then that is noted.
    pub fn passes_over(&mut self, hash: u64) -> bool {
        let last = self.rows.last_key_value().map(|((highest, _), _)| *highest);
        let over = self.rows.len() >= self.most && last.is_some_and(|highest| hash > highest);
        self.full |= over;
        over
    }

    /// Adds to a key, whose hash it is.
    pub fn add(&mut self, hash: u64, key: K, value: V) {
        match self.rows.entry((hash, key)) {
            Entry::Occupied(mut row) => row.get_mut().merge(value),
            Entry::Vacant(row) => {
                row.insert(value);
            }
        }
        if self.rows.len() > self.most {
            self.rows.pop_last();
            self.full = true;
        }
    }

    /// Adds what another part of the input gave.
    pub fn merge(&mut self, other: Self) {
        self.full |= other.full;
        for ((hash, key), value) in other.rows {
            self.add(hash, key, value);
        }
    }

    /// What is kept, in order of hashes.
    pub fn rows(&self) -> impl Iterator<Item = (&K, &V)> {
        self.rows.iter().map(|((_, key), value)| (key, value))
    }

    /// The keys that are kept with their hashes, in order of these.
    pub fn hashed(&self) -> impl Iterator<Item = (u64, &K)> {
        self.rows.keys().map(|(hash, key)| (*hash, key))
    }

    /// Whether every key is kept.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        !self.full
    }

    /// How many keys there were: exact where all are kept, else an estimate from how close the
    /// hashes of those that are kept lie.
    #[must_use]
    pub fn count(&self) -> u64 {
        let kept = self.rows.len() as u64;
        let Some(((highest, _), _)) = self.rows.last_key_value().filter(|_| self.full) else {
            return kept;
        };
        let estimate = u128::from(kept.saturating_sub(1)) << 64;
        u64::try_from(estimate / u128::from((*highest).max(1))).unwrap_or(u64::MAX)
    }
}

/// Rows of a table as they are written: how many are kept, whether some were dropped, the rows.
#[derive(Deserialize)]
struct SavedTable<K, V>(usize, bool, Vec<(u64, K, V)>);

impl<K: Ord + Serialize, V: Merge + Serialize> Serialize for Table<K, V> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let rows: Vec<(u64, &K, &V)> =
            self.rows.iter().map(|((hash, key), value)| (*hash, key, value)).collect();
        (self.most, self.full, rows).serialize(to)
    }
}

impl<'de, K, V> Deserialize<'de> for Table<K, V>
where
    K: Ord + Deserialize<'de>,
    V: Merge + Deserialize<'de>,
{
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let SavedTable(most, full, rows) = SavedTable::deserialize(from)?;
        let mut table = Self::keeping(most);
        for (hash, key, value) in rows {
            table.add(hash, key, value);
        }
        table.full |= full;
        Ok(table)
    }
}

/// Maps as lists of pairs: keys need not be texts.
pub mod pairs {
    use std::collections::BTreeMap;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::base::arrange::gathered;

    /// Writes a map.
    ///
    /// # Errors
    /// As the serializer.
    pub fn serialize<K: Serialize, V: Serialize, S: Serializer>(
        map: &BTreeMap<K, V>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(map)
    }

    /// Reads a map.
    ///
    /// # Errors
    /// As the deserializer.
    pub fn deserialize<'de, K, V, D>(from: D) -> Result<BTreeMap<K, V>, D::Error>
    where
        K: Ord + Deserialize<'de>,
        V: Deserialize<'de>,
        D: Deserializer<'de>,
    {
        Ok(gathered(Vec::<(K, V)>::deserialize(from)?))
    }
}

/// A hash of bytes that is the same on every machine.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64 ^ bytes.len() as u64;
    for chunk in bytes.chunks(8) {
        let mut word = [0; 8];
        for (to, from) in word.iter_mut().zip(chunk) {
            *to = *from;
        }
        state = mix(state ^ u64::from_le_bytes(word));
    }
    mix(state)
}

/// Every bit of the input changes about half of the output.
const fn mix(word: u64) -> u64 {
    let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    word ^ (word >> 31)
}

#[cfg(test)]
mod tests {
    use super::{Table, hash};

    fn table(keys: impl Iterator<Item = u32>) -> Table<u32, u64> {
        let mut table = Table::keeping(64);
        keys.for_each(|key| table.add(hash(&key.to_le_bytes()), key, 1));
        table
    }

    #[test]
    fn cutting_and_joining_changes_nothing() {
        let whole = table((0..5000).chain(0..2500));
        let mut parts: Vec<_> =
            (0..7).map(|part| table((0..5000).chain(0..2500).skip(part).step_by(7))).collect();
        for _ in 0..7 {
            parts.rotate_left(3);
            let mut joined = Table::keeping(64);
            parts.iter().cloned().for_each(|part| joined.merge(part));
            assert_eq!(joined, whole);
        }
        assert!(whole.rows().all(|(key, count)| *count == if *key < 2500 { 2 } else { 1 }));
    }

    #[test]
    fn keys_are_counted_about() {
        assert_eq!(table(0..50).count(), 50);
        let many = table(0..100_000);
        assert!(!many.is_whole() && (60_000..160_000).contains(&many.count()), "{}", many.count());
    }
}
