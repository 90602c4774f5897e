//! The files of one run.

use crate::base::arrange::Arrange as _;
use crate::base::index::IndexVec;
use crate::base::span::{FileId, Span};
use crate::compiler::source::lines::Lines;

/// One file: its name in messages and bundles, and its text.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Logical path: relative to the project, with `/` on every system.
    pub path: String,
    /// The text; empty where it is none.
    pub text: String,
    /// What it holds, where it is no text.
    pub bytes: Option<Vec<u8>>,
    /// Where its lines start.
    pub lines: Lines,
}

/// Every file that a run has read. Ids follow the order of `add`; what is compiled goes by path,
/// so that nothing depends on the order in which a file system lists files.
#[derive(Clone, Debug, Default)]
pub struct SourceMap {
    files: IndexVec<FileId, SourceFile>,
}

impl SourceMap {
    /// No file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        let text = text.into();
        let lines = Lines::new(&text);
        self.files.push(SourceFile { path: path.into(), text, bytes: None, lines })
    }

    /// Adds a file that is no text.
    pub fn add_bytes(&mut self, path: impl Into<String>, bytes: Vec<u8>) -> FileId {
        let (path, text) = (path.into(), String::new());
        let lines = Lines::new(&text);
        self.files.push(SourceFile { path, text, bytes: Some(bytes), lines })
    }

    /// Adds a file of another map.
    pub fn add_file(&mut self, file: &SourceFile) -> FileId {
        self.files.push(file.clone())
    }

    /// The file `id`, if it is one of these.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id)
    }

    /// The file with this logical path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files.iter_ids().find(|(_, file)| file.path == path).map(|(id, _)| id)
    }

    /// The files with their ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter_ids()
    }

    /// The files with their ids, in order of path.
    #[must_use]
    pub fn by_path(&self) -> Vec<(FileId, &SourceFile)> {
        let mut files: Vec<_> = self.iter().collect();
        files.arrange_by(|(_, a), (_, b)| a.path.cmp(&b.path));
        files
    }

    /// The text at `span`; empty where the span does not fit its file.
    #[must_use]
    pub fn text(&self, span: Span) -> &str {
        let range = span.start as usize..span.end as usize;
        self.get(span.file).and_then(|file| file.text.get(range)).unwrap_or_default()
    }
}
