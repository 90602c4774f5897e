//! Sets of labels: a bit for each, in words; equal sets are kept once.
//!
//! Imports: `runtime::bundle`, `runtime::session`.

use std::collections::HashMap;

use crate::runtime::bundle::module::Module;
use crate::runtime::session::ENTRY_BYTES;

/// A set of labels. Its length is the same for all sets of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSet(Vec<u64>);

impl LabelSet {
    /// The empty set, of so many labels.
    #[must_use]
    pub(super) fn of(labels: usize) -> Self {
        Self(vec![0; labels.div_ceil(64)])
    }

    /// Adds the label with this number.
    pub(super) fn insert(&mut self, label: usize) {
        if let Some(word) = self.0.get_mut(label / 64) {
            *word |= 1 << (label % 64);
        }
    }

    /// Adds all labels of another set.
    pub fn join(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    /// Takes out the labels of another set.
    pub(super) fn remove(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= !other;
        }
    }

    /// Takes out all labels but those of another set.
    pub(super) fn retain(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
    }

    /// Takes out all labels.
    pub(super) fn clear(&mut self) {
        self.0.fill(0);
    }

    /// Whether it holds the label with this number.
    #[must_use]
    pub fn contains(&self, label: usize) -> bool {
        self.0.get(label / 64).is_some_and(|word| word >> (label % 64) & 1 == 1)
    }

    /// Whether both have a label.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).any(|(word, other)| word & other != 0)
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The numbers of its labels, ascending.
    pub fn labels(&self) -> impl Iterator<Item = usize> {
        let of_word = |(at, word): (usize, &u64)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
        };
        self.0.iter().enumerate().flat_map(of_word)
    }

    /// Its words.
    pub(super) fn words(&self) -> &[u64] {
        &self.0
    }
}

/// The sets that fields carry, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Sets {
    sets: Vec<LabelSet>,
    numbers: HashMap<LabelSet, u32>,
}

impl Sets {
    /// The number of a set, if it has one.
    pub(super) fn known(&self, set: &LabelSet) -> Option<u32> {
        self.numbers.get(set).copied()
    }

    /// Gives a set a number that has none.
    pub(super) fn add(&mut self, set: &LabelSet) -> u32 {
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.sets.push(set.clone());
        self.numbers.insert(set.clone(), number);
        number
    }

    /// Bytes that are kept: a set is found by its number, and its number by it.
    pub(super) fn bytes(&self) -> usize {
        self.sets.len() * self.sets.first().map_or(0, Self::need)
    }

    /// What a set takes; all that a session has take the same.
    pub(super) const fn need(set: &LabelSet) -> usize {
        2 * (set.0.len() * size_of::<u64>() + ENTRY_BYTES)
    }

    /// The set with this number.
    pub(super) fn get(&self, number: u32) -> Option<&LabelSet> {
        self.sets.get(number as usize)
    }
}

/// Each label with all that it brings with it.
pub(super) fn closures(module: &Module) -> Vec<LabelSet> {
    let rows = &module.govern.labels;
    let closure = |at: usize| {
        let mut set = LabelSet::of(rows.len());
        let mut waiting = vec![at];
        while let Some(at) = waiting.pop() {
            if !set.contains(at) {
                set.insert(at);
                let implied = rows.get(at).map(|row| row.implies.as_slice()).unwrap_or_default();
                waiting.extend(implied.iter().map(|label| usize::from(*label)));
            }
        }
        set
    };
    (0..rows.len()).map(closure).collect()
}
