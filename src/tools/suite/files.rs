//! Reads the tests of a project: files of them, and those in documents.
//!
//! In:      the logical path of a test file, or of a document with tests.
//! Out:     `TestFile`; what is wrong goes to the sink.
//! Imports: `base`, `diag`, `tools::project`.

use std::io::ErrorKind;
use std::path::Path;

use crate::base::limits::SOURCE_BYTES_MAX;
use crate::base::span::{FileId, Span};
use crate::diag::sink::Sink;
use crate::tools::project::{Project, read_bytes, reason, text_of, unreadable};
use crate::tools::suite::error::SuiteError;
use crate::tools::suite::{TestFile, case, format, snapshot};

/// Reads the tests of a project; files of them become files of it.
pub fn read_all(project: &mut Project, sink: &mut Sink) -> Vec<TestFile> {
    let paths = std::mem::take(&mut project.tests);
    paths.iter().filter_map(|path| read(project, path, sink)).collect()
}

/// Whether a test file is one of the CEL Policy format: by its first key at the left edge that only
/// one of the formats has, else by its name.
fn is_of_the_format(path: &str, text: &str) -> bool {
    let known = text.lines().find_map(|line| match line.split_once(':')?.0 {
        "section" | "sections" => Some(true),
        "cases" | "complete" | "policy" => Some(false),
        _ => None,
    });
    let named =
        || path.rsplit('/').next().is_some_and(|name| matches!(name, "tests.yaml" | "tests.yml"));
    known.unwrap_or_else(named)
}

/// Reads the tests at `path`: a test file, which becomes a file of the project, or the section of a
/// document of it.
pub fn read(project: &mut Project, path: &str, sink: &mut Sink) -> Option<TestFile> {
    let root = project.root.clone();
    let other = |path: &str| {
        let bytes = read_bytes(&root.join(path), SOURCE_BYTES_MAX);
        let bytes = bytes.map_err(|error| reason(&error))?;
        String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())
    };
    let mut test = if let Some(file) = project.files.find(path) {
        case::read_section(file, &project.files, &other, sink)?
    } else {
        let file = add(project, path, sink)?;
        let written = project.files.get(file).map_or("", |source| source.text.as_str());
        if is_of_the_format(path, written) {
            return format::read(file, &project.files, sink);
        }
        case::read(file, &project.files, &other, sink)?
    };
    let beside = snapshot::path_of(path);
    if let Err(why) = snapshot::fill(&mut test, || reviewed(&root, path), sink) {
        let at = Span::new(test.file, 0, 0);
        sink.report(SuiteError::BadSnapshots { at, path: beside, why });
        return None;
    }
    Some(test)
}

/// Makes the test file at `path` a file of the project.
fn add(project: &mut Project, path: &str, sink: &mut Sink) -> Option<FileId> {
    let bytes = match read_bytes(&project.root.join(path), SOURCE_BYTES_MAX) {
        Ok(bytes) => bytes,
        Err(error) => {
            sink.report(unreadable(&project.shown(path), &error));
            return None;
        }
    };
    let (source, wrong) = text_of(bytes);
    let file = project.files.add(path, source);
    if let Some(wrong) = wrong {
        sink.report(wrong.diagnostic(file));
        return None;
    }
    Some(file)
}

/// The decisions that were reviewed for the tests at `path`, if there are any.
fn reviewed(root: &Path, path: &str) -> Result<Option<String>, String> {
    match read_bytes(&root.join(snapshot::path_of(path)), SOURCE_BYTES_MAX) {
        Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| "it is no text".to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            // Read as new, all of its cases could be accepted though nobody looked at them again.
            let old = snapshot::old_path_of(path);
            let there = root.join(&old).is_file();
            if there { Err(format!("it was called `{old}`: rename that file")) } else { Ok(None) }
        }
        Err(error) => Err(reason(&error)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_of_the_format;

    #[test]
    fn content_tells_before_the_name() {
        for (path, text, wanted) in [
            ("a/tests.yaml", "name: a\n", true),
            ("a/tests.yml", "", true),
            ("a/tests.yaml", "name: a\ncases: []\n", false),
            ("a/custom_tests.yaml", "name: a\nsection:\n  - name: b\n", true),
            ("a/b_test.yaml", "# cases:\nsections: []\n", true),
            ("a/b_test.yaml", "policy: section\ncases:\n  - name: a\n    section: 1\n", false),
            ("a/b_test.yaml", "now: 1\n", false),
        ] {
            assert_eq!(is_of_the_format(path, text), wanted, "{path}: {text}");
        }
    }
}
