//! Typed indices: an id names one table and fits no other.

use std::marker::PhantomData;

/// An index into one particular table.
pub trait Index: Copy + Eq + Ord {
    /// The id of entry `at`.
    ///
    /// Tables are bounded by the limits of `base::limits`, far below `u32::MAX`;
    /// an index beyond it saturates and then names no entry.
    fn from_usize(at: usize) -> Self;
    /// The position in the table.
    fn index(self) -> usize;
}

/// Declares index types over `u32`.
#[macro_export]
macro_rules! newtype_index {
    ($($(#[$meta:meta])* pub struct $name:ident;)*) => {$(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $crate::base::index::Index for $name {
            fn from_usize(at: usize) -> Self {
                Self(u32::try_from(at).unwrap_or(u32::MAX))
            }

            fn index(self) -> usize {
                self.0 as usize
            }
        }
    )*};
}

/// A vector that is read with the index type of its entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexVec<I, T> {
    raw: Vec<T>,
    index: PhantomData<fn(I)>,
}

impl<I: Index, T> IndexVec<I, T> {
    /// An empty table.
    #[must_use]
    pub const fn new() -> Self {
        Self { raw: Vec::new(), index: PhantomData }
    }

    /// Appends an entry and returns its id.
    pub fn push(&mut self, entry: T) -> I {
        let id = I::from_usize(self.raw.len());
        self.raw.push(entry);
        id
    }

    /// The entry `id`, if the table has it.
    #[must_use]
    pub fn get(&self, id: I) -> Option<&T> {
        self.raw.get(id.index())
    }

    /// The entry `id` for writing, if the table has it.
    pub fn get_mut(&mut self, id: I) -> Option<&mut T> {
        self.raw.get_mut(id.index())
    }

    /// The number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.raw.len()
    }

    /// Whether the table has no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.raw.is_empty()
    }

    /// The entries in order.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.raw.iter()
    }

    /// The entries with their ids, in order.
    #[must_use]
    pub fn iter_ids(&self) -> impl DoubleEndedIterator<Item = (I, &T)> + ExactSizeIterator {
        self.raw.iter().enumerate().map(|(at, entry)| (I::from_usize(at), entry))
    }

    /// The ids in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = I> + ExactSizeIterator + use<I, T> {
        (0..self.raw.len()).map(I::from_usize)
    }

    /// The entries as a slice.
    #[must_use]
    pub fn as_slice(&self) -> &[T] {
        &self.raw
    }

    /// Takes `first` and everything after it out again.
    pub fn truncate(&mut self, first: I) {
        self.raw.truncate(first.index());
    }

    /// Makes the table `len` entries long, filling with `entry`.
    pub fn resize(&mut self, len: usize, entry: T)
    where
        T: Clone,
    {
        self.raw.resize(len, entry);
    }
}

impl<I: Index, T> Default for IndexVec<I, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<I: Index, T> FromIterator<T> for IndexVec<I, T> {
    fn from_iter<A: IntoIterator<Item = T>>(entries: A) -> Self {
        Self { raw: entries.into_iter().collect(), index: PhantomData }
    }
}

impl<'a, I: Index, T> IntoIterator for &'a IndexVec<I, T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.raw.iter()
    }
}

/// An id that was returned by `push` of the same table is always there; `std::ops::Index` makes
/// that the short form. Ids read from a bundle go through `get`.
impl<I: Index, T> std::ops::Index<I> for IndexVec<I, T> {
    type Output = T;

    #[expect(clippy::indexing_slicing, reason = "ids come from `push` of the same table")]
    fn index(&self, id: I) -> &T {
        &self.raw[id.index()]
    }
}

impl<I: Index, T> std::ops::IndexMut<I> for IndexVec<I, T> {
    #[expect(clippy::indexing_slicing, reason = "ids come from `push` of the same table")]
    fn index_mut(&mut self, id: I) -> &mut T {
        &mut self.raw[id.index()]
    }
}
