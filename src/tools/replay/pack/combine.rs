//! Combinations of classes.
//!
//! In:      columns of a group by classes.
//! Out:     of each row the number of its combination; of each combination its classes, as they are
//!          numbered in all groups.
//! Imports: its own room alone.
//!
//! The classes of a row are joined bit by bit, and numbered from one on where they get too long for
//! a table.

use rustc_hash::FxHashMap;

use crate::tools::replay::pack::classes::{Classed, OfRows};
use crate::tools::replay::pack::decode::NONE;

/// Bits of keys that are looked up in a table: one that a processor has at hand.
const TABLE_BITS: u32 = 16;

/// Rows while columns are added.
#[derive(Debug)]
pub struct Combining<'c> {
    columns: Vec<Classed<'c>>,
    /// Of each row its classes so far.
    keys: Vec<u32>,
    /// How many bits keys have.
    bits: u32,
    /// How many different keys there are, where they are numbered from one on.
    count: Option<usize>,
}

/// Rows by their combinations.
#[derive(Debug)]
pub struct Combined<'c> {
    columns: Vec<Classed<'c>>,
    /// Of each row.
    of_rows: Vec<u32>,
    /// A row of each combination.
    first: Vec<u32>,
}

impl<'c> Combining<'c> {
    /// So many rows that are all alike.
    #[must_use]
    pub fn of(rows: usize) -> Self {
        Self { columns: Vec::new(), keys: vec![0; rows], bits: 0, count: Some(1) }
    }

    /// Tells rows apart by one more column.
    pub fn add(&mut self, column: Classed<'c>) {
        let bits = bits_of(column.numbers.len());
        if bits > 0 && !matches!(column.of_rows, OfRows::Same) {
            if self.bits + bits > TABLE_BITS {
                self.number();
            }
            if self.bits + bits > TABLE_BITS {
                self.pair(&column.of_rows);
            } else {
                self.join(&column.of_rows, bits);
            }
        }
        self.columns.push(column);
    }

    fn join(&mut self, of_rows: &OfRows<'_>, bits: u32) {
        let shift = self.bits;
        match of_rows {
            OfRows::Same => return,
            OfRows::Each(all) => {
                self.keys.iter_mut().zip(all).for_each(|(key, class)| *key |= class << shift);
            }
            OfRows::Coded(codes, classes, none) => {
                let class = |code: &u32| classes.get(*code as usize).copied().unwrap_or(*none);
                let add = |(key, code): (&mut u32, &u32)| *key |= class(code) << shift;
                self.keys.iter_mut().zip(*codes).for_each(add);
            }
        }
        self.bits += bits;
        self.count = None;
    }

    /// As `join`, where keys would be too long.
    fn pair(&mut self, of_rows: &OfRows<'_>) {
        let mut known: FxHashMap<u64, u32> = FxHashMap::default();
        for (row, key) in self.keys.iter_mut().enumerate() {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            let pair = u64::from(*key) << 32 | u64::from(of_rows.of(row));
            *key = *known.entry(pair).or_insert(next);
        }
        self.bits = bits_of(known.len());
        self.count = Some(known.len());
    }

    /// Numbers keys.
    fn number(&mut self) {
        if self.count.is_some() {
            return;
        }
        let mut table = vec![NONE; 1 << self.bits];
        let mut next = 0;
        for key in &mut self.keys {
            let Some(known) = table.get_mut(*key as usize) else { continue };
            if *known == NONE {
                *known = next;
                next += 1;
            }
            *key = *known;
        }
        self.bits = bits_of(next as usize);
        self.count = Some(next as usize);
    }

    /// The combinations of these rows.
    #[must_use]
    pub fn end(self, rows: &[u32]) -> Combined<'c> {
        let Self { columns, keys, bits, count } = self;
        let mut table = vec![NONE; count.unwrap_or(1 << bits)];
        let mut first = Vec::new();
        let combination = |row: &u32| {
            let known = keys.get(*row as usize).and_then(|key| table.get_mut(*key as usize));
            let known = known?;
            if *known == NONE {
                *known = u32::try_from(first.len()).ok()?;
                first.push(*row);
            }
            Some(*known)
        };
        let of_rows = rows.iter().map(combination).map(|known| known.unwrap_or(NONE)).collect();
        Combined { columns, of_rows, first }
    }
}

/// How many bits tell so many numbers apart.
const fn bits_of(count: usize) -> u32 {
    usize::BITS - count.saturating_sub(1).leading_zeros()
}

impl Combined<'_> {
    /// How many combinations there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.first.len()
    }

    /// The combination of each row.
    #[must_use]
    pub fn into_rows(self) -> Vec<u32> {
        self.of_rows
    }

    /// A row with a combination.
    #[must_use]
    pub fn first(&self, at: usize) -> u32 {
        self.first.get(at).copied().unwrap_or_default()
    }

    /// The classes of a combination, as they are numbered in all groups.
    pub fn classes(&self, at: usize, classes: &mut Vec<u32>) {
        let row = self.first(at) as usize;
        classes.clear();
        classes.extend(self.columns.iter().map(|column| {
            let number = column.numbers.get(column.of_rows.of(row) as usize);
            number.copied().unwrap_or(NONE)
        }));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::Combining;
    use crate::tools::replay::pack::classes::{Classed, OfRows};
    use crate::tools::replay::pack::decode::NONE;

    #[test]
    fn rows_have_one_combination_where_all_classes_are_the_same() {
        let rows = 5000_u32;
        // So many classes that keys are numbered anew, and paired.
        for counts in [[2, 3, 5], [2, 300, 5], [300, 290, 310]] {
            let class =
                |row: u32, at: usize| (row.wrapping_mul(2_654_435_761) >> (7 + at)) % counts[at];
            let numbers = |at: usize| (0..counts[at]).map(|class| class + 7).collect();
            let each = |at: usize| OfRows::Each((0..rows).map(|row| class(row, at)).collect());
            // The last class is that of rows without a value.
            let last = counts[1] - 1;
            let code = |row: u32| Some(class(row, 1)).filter(|class| *class < last);
            let codes: Vec<u32> = (0..rows).map(|row| code(row).unwrap_or(NONE)).collect();
            let second = OfRows::Coded(&codes, (0..last).collect(), last);
            let mut combining = Combining::of(rows as usize);
            combining.add(Classed { of_rows: each(0), numbers: numbers(0) });
            combining.add(Classed { of_rows: OfRows::Same, numbers: vec![3] });
            combining.add(Classed { of_rows: second, numbers: numbers(1) });
            combining.add(Classed { of_rows: each(2), numbers: numbers(2) });
            let odd: Vec<u32> = (0..rows).filter(|row| row % 2 == 1).collect();
            let combined = combining.end(&odd);
            let mut known = BTreeMap::new();
            let mut classes = Vec::new();
            for (row, combination) in odd.iter().zip(combined.of_rows.clone()) {
                let own = [class(*row, 0) + 7, 3, class(*row, 1) + 7, class(*row, 2) + 7];
                assert_eq!(*known.entry(own).or_insert(combination), combination);
                combined.classes(combination as usize, &mut classes);
                assert_eq!(classes, own);
            }
            assert_eq!(known.len(), combined.count());
        }
    }
}
