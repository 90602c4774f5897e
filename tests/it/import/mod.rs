//! Import of foreign logs: golden files, damaged logs, and what holds for every log.

mod bad;
mod golden;
mod maps;
mod properties;

use std::io::Cursor;

use policyc::compiler::source::map::SourceMap;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;
use policyc::tools::replay::import::error::Refusal;
use policyc::tools::replay::import::map::{Map, compile};
use policyc::tools::replay::import::tally::Tally;
use policyc::tools::replay::import::{Importer, Log};

/// What an import of bytes gave.
pub(crate) struct Imported {
    pub(crate) lines: String,
    pub(crate) refused: Vec<Refusal>,
    pub(crate) tally: Tally,
}

/// Imports the bytes of a log that is called `log`.
pub(crate) fn import(map: &Map, bytes: &[u8]) -> Imported {
    let mut log = Log::new("log".to_owned(), Box::new(Cursor::new(bytes.to_vec())));
    let mut importer = Importer::new(map);
    let (mut event, mut out) = (Vec::new(), String::new());
    let (mut lines, mut refused) = (String::new(), Vec::new());
    let mut refuse = |refusal| refused.push(refusal);
    while importer.step(&mut log, &mut event, &mut out, &mut refuse).expect("bytes in memory") {
        lines.push_str(&out);
    }
    let tally = importer.tally().clone();
    Imported { lines, refused, tally }
}

/// Compiles the text of a map; the map, and what was found wrong with it.
pub(crate) fn map(text: &str) -> (Option<Map>, Vec<Diagnostic>) {
    let (mut files, mut sink) = (SourceMap::new(), Sink::new());
    let file = files.add("map.yaml", text);
    let map = compile(file, &files, false, &mut sink);
    (map, sink.finish().0)
}

/// The map of a text without mistakes.
#[track_caller]
pub(crate) fn good(text: &str) -> Map {
    let (map, findings) = map(text);
    assert!(findings.is_empty(), "{findings:?}");
    map.expect("no finding, so a map")
}
