//! The files of one run.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::arrange::Arrange as _;
use crate::base::index::IndexVec;
use crate::base::span::{FileId, Span};
use crate::compiler::source::lines::Lines;
use crate::diag::diagnostic::Edit;

/// One file: its name in messages and bundles, and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl SourceFile {
    fn new(path: String, text: String) -> Self {
        let lines = Lines::new(&text);
        Self { path, text, bytes: None, lines }
    }
}

/// Every file that a run has read. Ids follow the order of `add`; what is compiled goes by path,
/// so that nothing depends on the order in which a file system lists files. Copies share the texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceMap {
    files: IndexVec<FileId, Arc<SourceFile>>,
}

impl SourceMap {
    /// No file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<String>) -> FileId {
        self.files.push(Arc::new(SourceFile::new(path.into(), text.into())))
    }

    /// Adds a file that is no text.
    pub fn add_bytes(&mut self, path: impl Into<String>, bytes: Vec<u8>) -> FileId {
        let (path, text) = (path.into(), String::new());
        let lines = Lines::new(&text);
        self.files.push(Arc::new(SourceFile { path, text, bytes: Some(bytes), lines }))
    }

    /// Adds the file `id` of another map; nothing where it has none.
    pub fn share(&mut self, from: &Self, id: FileId) -> Option<FileId> {
        Some(self.files.push(Arc::clone(from.files.get(id)?)))
    }

    /// The same files, some of which have another text.
    #[must_use]
    pub fn with_texts(&self, texts: impl IntoIterator<Item = (FileId, String)>) -> Self {
        let mut map = self.clone();
        for (id, text) in texts {
            if let Some(file) = map.files.get_mut(id) {
                *file = Arc::new(SourceFile::new(file.path.clone(), text));
            }
        }
        map
    }

    /// The same files with these edits, none of which touch each other.
    #[must_use]
    pub fn edited<'e>(&self, edits: impl IntoIterator<Item = &'e Edit>) -> Self {
        let mut by_file: BTreeMap<FileId, Vec<&Edit>> = BTreeMap::new();
        for edit in edits {
            by_file.entry(edit.span.file).or_default().push(edit);
        }
        self.with_texts(by_file.into_iter().filter_map(|(id, mut own)| {
            own.arrange_by_key(|edit| (edit.span.start, edit.span.end));
            Some((id, applied(&self.get(id)?.text, own)))
        }))
    }

    /// The file `id`, if it is one of these.
    #[must_use]
    pub fn get(&self, id: FileId) -> Option<&SourceFile> {
        self.files.get(id).map(|file| &**file)
    }

    /// The file with this logical path.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.files.iter_ids().find(|(_, file)| file.path == path).map(|(id, _)| id)
    }

    /// The files with their ids, in order.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files.iter_ids().map(|(id, file)| (id, &**file))
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

/// `text` with `edits`, which ascend and do not overlap.
#[must_use]
pub fn applied<'e>(text: &str, edits: impl IntoIterator<Item = &'e Edit>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        out.push_str(text.get(at..edit.span.start as usize).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}
