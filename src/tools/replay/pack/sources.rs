//! The columns that tell which records are alike.
//!
//! In:      what programs tell apart, and the layout of a pack.
//! Out:     for every column of the context whose values programs ask the one that is read for it.
//! Imports: its own room alone.
//!
//! What nobody asks is not read; of what was asked of a column when it was packed its answers are,
//! and of few lists each as a value.

use crate::tools::replay::pack::PackError;
use crate::tools::replay::pack::alike::Alike;
use crate::tools::replay::pack::asked::ColumnTests;
use crate::tools::replay::pack::decode::Coded;
use crate::tools::replay::pack::file::PackGroup;
use crate::tools::replay::pack::layout::Layout;

/// What is read to tell the values of a column apart.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The column.
    pub of: usize,
    /// The one that is read: it, or another that tells its values apart.
    pub column: usize,
    /// Whether that is one of answers, which are told apart as they are.
    pub answers: bool,
}

/// What is read of packs with this layout.
#[must_use]
pub fn sources(alike: &Alike, layout: &Layout) -> Vec<Source> {
    let source = |(of, asked): (&usize, &ColumnTests)| {
        if !asked.whole && asked.tests.is_empty() {
            return None;
        }
        let mut answers = layout.answers.iter().filter(|answers| answers.of == *of);
        if let Some(answers) = answers.find(|answers| asked.are_among(&answers.questions)) {
            return Some(Source { of: *of, column: answers.column, answers: true });
        }
        let lists = layout.lists.iter().find(|lists| lists.of == *of).filter(|_| asked.whole);
        let column = lists.map_or(*of, |lists| lists.column);
        Some(Source { of: *of, column, answers: false })
    };
    alike.columns.iter().filter_map(source).collect()
}

impl Source {
    /// Reads it.
    ///
    /// # Errors
    /// If the column cannot be read, or is not what was written.
    pub fn read(mut self, group: &PackGroup<'_>) -> Result<(Self, Coded), PackError> {
        let coded = group.column(self.column)?;
        if self.answers || self.column == self.of || coded.count() > 0 {
            return Ok((self, coded));
        }
        // Of many lists none is written twice.
        self.column = self.of;
        Ok((self, group.column(self.of)?))
    }
}
