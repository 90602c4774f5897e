//! Documents: what is read, what is refused, and where each finding points.

#![expect(clippy::expect_used, reason = "a test that cannot go on stops")]
#![expect(clippy::disallowed_methods, reason = "a test may read its data")]

mod bad;
mod files;
mod good;
mod segments;

use policyc::base::span::FileId;
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::document::model::Parsed;
use policyc::compiler::syntax::document::read;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;

/// Reads one file.
fn read_one(path: &str, text: &str) -> (Parsed, Vec<Diagnostic>) {
    let mut files = SourceMap::new();
    files.add(path, text);
    let mut sink = Sink::new();
    let parsed = read(&files, &mut sink);
    (parsed, sink.finish().0)
}

/// Code, start and end of each finding.
fn places(found: &[Diagnostic]) -> Vec<(&'static str, u32, u32)> {
    let place = |it: &Diagnostic| {
        let span = it.span().expect("every finding about a document has a place");
        assert_eq!(span.file, FileId(0));
        (it.code.id(), span.start, span.end)
    };
    found.iter().map(place).collect()
}

/// Takes the marks `«` and `»` out of `text`: the text, and the bytes between the marks.
fn marked(text: &str) -> (String, Vec<(u32, u32)>) {
    let mut plain = String::new();
    let mut open = Vec::new();
    let mut spans = Vec::new();
    for letter in text.chars() {
        let at = u32::try_from(plain.len()).expect("cases are short");
        match letter {
            '«' => open.push(at),
            '»' => spans.push((open.pop().expect("`»` closes a `«`"), at)),
            letter => plain.push(letter),
        }
    }
    assert!(open.is_empty(), "every `«` is closed");
    spans.sort_unstable();
    (plain, spans)
}
