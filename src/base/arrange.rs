//! Sorting where nobody waits: one sort for entries of every kind.
//!
//! In:      entries and their order.
//! Out:     the entries in that order; those that are equal stay as they stood.
//! Imports: nothing of ours.
//!
//! The sorts of the standard library are copied for each kind of entry and each order, eight
//! kilobytes at a time. Here places are sorted, by an order that is called, and then entries move.
//! What decisions, loading or records wait for uses the standard library.

use std::cmp::Ordering;

/// Slices that can be sorted so.
pub trait Arrange<T> {
    /// Sorts entries by their own order.
    fn arrange(&mut self)
    where
        T: Ord;

    /// Sorts entries by what is read off them.
    fn arrange_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K);

    /// Sorts entries by an order, which is total.
    fn arrange_by(&mut self, order: impl Fn(&T, &T) -> Ordering);
}

impl<T> Arrange<T> for [T] {
    fn arrange(&mut self)
    where
        T: Ord,
    {
        self.arrange_by(T::cmp);
    }

    fn arrange_by_key<K: Ord>(&mut self, key: impl Fn(&T) -> K) {
        self.arrange_by(|a, b| key(a).cmp(&key(b)));
    }

    fn arrange_by(&mut self, order: impl Fn(&T, &T) -> Ordering) {
        let mut sources = sources(self.len(), &|a, b| match (self.get(a), self.get(b)) {
            (Some(a), Some(b)) => order(a, b),
            _ => Ordering::Equal,
        });
        // Round after round: into each place goes the entry from its source, whose place is next,
        // until the entry comes that stood in the first.
        for first in 0..sources.len() {
            let mut at = first;
            while let Some(source) = sources.get_mut(at) {
                let from = std::mem::replace(source, at);
                if from == first || from == at {
                    break;
                }
                self.swap(at, from);
                at = from;
            }
        }
    }
}

/// Of each place, where its entry stands before.
#[inline(never)]
fn sources(count: usize, order: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    if count < 2 {
        return Vec::new();
    }
    let mut sources: Vec<usize> = (0..count).collect();
    sources.sort_by(|a, b| order(*a, *b));
    sources
}

/// A map or a set of these items, taken in one by one: `collect` sorts them first, with a sort of
/// its own for each kind.
pub fn gathered<C: Default + Extend<T>, T>(items: impl IntoIterator<Item = T>) -> C {
    let mut all = C::default();
    all.extend(items);
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Arrange as _;

    proptest! {
        #[test]
        fn entries_stand_as_a_stable_sort_puts_them(
            entries in proptest::collection::vec(0_u8..20, 0..60),
        ) {
            let entries: Vec<(u8, usize)> = entries.into_iter().zip(0..).collect();
            let (mut ours, mut sorted) = (entries.clone(), entries);
            ours.arrange_by_key(|(key, _)| *key);
            sorted.sort_by_key(|(key, _)| *key);
            prop_assert_eq!(&ours, &sorted);
            ours.arrange_by(|a, b| b.cmp(a));
            sorted.sort_by(|a, b| b.cmp(a));
            prop_assert_eq!(&ours, &sorted);
            ours.arrange();
            sorted.sort_unstable();
            prop_assert_eq!(ours, sorted);
        }
    }
}
