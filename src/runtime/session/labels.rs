//! Sets of labels: a bit for each, in words; equal sets are kept once.
//!
//! Imports: `runtime::bundle`.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::runtime::bundle::module::Module;
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::words::Spread;

/// A set of labels. Its length is the same for all sets of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct LabelSet {
    /// Most programs have no more: their sets allocate nothing.
    first: u64,
    more: Vec<u64>,
}

impl LabelSet {
    /// The empty set, of so many labels.
    #[must_use]
    pub(super) fn of(labels: usize) -> Self {
        Self { first: 0, more: vec![0; labels.div_ceil(64).saturating_sub(1)] }
    }

    /// Adds the label with this number.
    pub(super) fn insert(&mut self, label: usize) {
        let word = match (label / 64).checked_sub(1) {
            None => Some(&mut self.first),
            Some(at) => self.more.get_mut(at),
        };
        if let Some(word) = word {
            *word |= 1 << (label % 64);
        }
    }

    /// Changes each word by that of another set.
    fn change(&mut self, other: &Self, change: impl Fn(&mut u64, u64)) {
        change(&mut self.first, other.first);
        for (word, other) in self.more.iter_mut().zip(&other.more) {
            change(word, *other);
        }
    }

    /// Adds all labels of another set.
    pub fn join(&mut self, other: &Self) {
        self.change(other, |word, other| *word |= other);
    }

    /// Adds all labels of another set but those of a third; whether that changed it.
    pub(super) fn join_without(&mut self, other: &Self, without: &Self) -> bool {
        let own = std::iter::once(&mut self.first).chain(&mut self.more);
        own.zip(other.words().zip(without.words())).fold(false, |changed, (word, (more, less))| {
            let before = std::mem::replace(word, (*word | more) & !less);
            changed || before != *word
        })
    }

    /// Takes out the labels of another set.
    pub(super) fn remove(&mut self, other: &Self) {
        self.change(other, |word, other| *word &= !other);
    }

    /// Takes out all labels but those of another set.
    pub(super) fn retain(&mut self, other: &Self) {
        self.change(other, |word, other| *word &= other);
    }

    /// Takes out all labels.
    pub(super) fn clear(&mut self) {
        self.first = 0;
        self.more.fill(0);
    }

    /// Whether it holds the label with this number.
    #[must_use]
    pub fn contains(&self, label: usize) -> bool {
        self.words().nth(label / 64).is_some_and(|word| word >> (label % 64) & 1 == 1)
    }

    /// Whether both have a label.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.words().zip(other.words()).any(|(word, other)| word & other != 0)
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.words().all(|word| word == 0)
    }

    /// The numbers of its labels, ascending.
    pub fn labels(&self) -> impl Iterator<Item = usize> {
        let of_word = |(at, mut rest): (usize, u64)| {
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(at * 64 + bit as usize)
            })
        };
        self.words().enumerate().flat_map(of_word)
    }

    /// Its words.
    pub(super) fn words(&self) -> impl Iterator<Item = u64> {
        std::iter::once(self.first).chain(self.more.iter().copied())
    }

    /// Bytes of them.
    pub(super) const fn bytes(&self) -> usize {
        (1 + self.more.len()) * size_of::<u64>()
    }
}

/// The sets that fields carry, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Sets {
    sets: Vec<LabelSet>,
    numbers: HashMap<LabelSet, u32, BuildHasherDefault<Spread>>,
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
        2 * (set.bytes() + ENTRY_BYTES)
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
