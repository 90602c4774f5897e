//! Blocks of a document, whatever it is written in.

/// A block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A heading, and the name that links go to.
    Heading {
        /// From 1.
        level: u8,
        /// Letters, digits and `-` alone, which no other heading has.
        anchor: Option<String>,
        /// Its words.
        words: String,
    },
    /// A paragraph.
    Paragraph(Vec<Inline>),
    /// A table: its head, and rows of as many cells.
    Table(Vec<&'static str>, Vec<Vec<Vec<Inline>>>),
    /// Lines of code.
    Code(String),
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Inline {
    /// Text.
    Text(String),
    /// Code.
    Code(String),
    /// Code that leads to a heading: its words, its anchor.
    Link(String, String),
}

/// A heading.
#[must_use]
pub const fn heading(level: u8, anchor: Option<String>, words: String) -> Block {
    Block::Heading { level, anchor, words }
}

/// A paragraph.
#[must_use]
pub const fn paragraph(parts: Vec<Inline>) -> Block {
    Block::Paragraph(parts)
}

/// A table.
#[must_use]
pub fn table(head: &[&'static str], rows: Vec<Vec<Vec<Inline>>>) -> Block {
    Block::Table(head.to_vec(), rows)
}

/// Text.
#[must_use]
pub fn text(words: impl Into<String>) -> Inline {
    Inline::Text(words.into())
}

/// Code.
#[must_use]
pub fn code(words: impl Into<String>) -> Inline {
    Inline::Code(words.into())
}

/// Pieces with commas between them; a dash where there is none.
#[must_use]
pub fn listed(pieces: impl IntoIterator<Item = Inline>) -> Vec<Inline> {
    let mut line = Vec::new();
    for piece in pieces {
        if !line.is_empty() {
            line.push(text(", "));
        }
        line.push(piece);
    }
    if line.is_empty() { vec![text("–")] } else { line }
}
