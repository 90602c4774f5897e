//! What `policyc audit verify` found out, drawn.
//!
//! In:      `LogSummary`.
//! Out:     text for people, JSON.
//! Imports: `diag`, `lang`, `tools::audit`.

use std::fmt::Write as _;

use serde_json::json;

use crate::diag::numbers::grouped;
use crate::lang::value::base64;
use crate::tools::audit::summary::{Counts, LogSummary};
use crate::tools::report::json::document;
use crate::tools::report::paint::{Paint, Style};
use crate::tools::report::replay::{many, records};
use crate::tools::report::visible::visible;

/// What there is to draw.
#[derive(Clone, Copy, Debug)]
pub struct Drawing<'a> {
    /// What was found out.
    pub looked: &'a LogSummary,
    /// Whether it holds what a checkpoint says that was kept elsewhere; of how many lines.
    pub kept: Option<u64>,
    /// Whether its signatures were looked at; they are true then.
    pub signed: bool,
}

/// For people.
#[must_use]
pub fn full(drawing: &Drawing<'_>, style: Style) -> String {
    let Drawing { looked: LogSummary { whole, counts, latest, .. }, kept, signed } = drawing;
    let mut text = String::new();
    let lines = whole.lines();
    let Some(walk) = &whole.walk else {
        return "  nothing was written to this log yet\n".to_owned();
    };
    let head = format!(
        "audit · {} · {} in {}",
        visible(&walk.start.origin),
        many(lines - whole.begin(), "line"),
        many(whole.segments, "segment")
    );
    let _ = writeln!(text, "  {}\n", style.paint(Paint::Strong, &head));
    let mut row = |word: &str, mark: &str, says: &str| {
        let mark = if mark.is_empty() { String::new() } else { style.paint(Paint::Good, mark) };
        let _ = writeln!(text, "  {:<12}  {mark}{}", word, visible(says));
    };
    let Counts { records: count, blocks, lost, checkpoints } = *counts;
    let writer = &walk.start.writer;
    row("chain", "✓ ", &format!("{}, `{writer}`, {}", many(blocks, "block"), end(drawing)));
    let lost = match lost {
        0 => "no gap".to_owned(),
        lost => format!("{} lost, as the writer says", records(lost)),
    };
    row("records", "", &format!("{}, {lost}", grouped(count)));
    if whole.begin() > 0 {
        let front = many(whole.begin(), "line");
        row("in front", "", &format!("{front} in segments that lie elsewhere"));
    }
    let told = match latest {
        None => "none".to_owned(),
        Some(latest) => {
            let behind = lines - latest.size;
            let who = if *signed { "signed" } else { "signatures not looked at" };
            format!("{checkpoints}, {who}, with {} behind the last", many(behind, "line"))
        }
    };
    row("checkpoints", "", &told);
    if let Some(size) = kept {
        row("kept", "✓ ", &format!("it begins with the {} of the checkpoint", many(*size, "line")));
    }
    row("root", "", &base64_of(&walk.tree.root()));
    text
}

/// How the log ends, in words.
fn end(drawing: &Drawing<'_>) -> String {
    let whole = &drawing.looked.whole;
    match (whole.ended(), whole.torn) {
        (true, _) if drawing.looked.is_closed() => "closed".to_owned(),
        (true, _) => {
            "not closed: its writer died behind a segment, or later ones are gone".to_owned()
        }
        (false, None) => "open: it is being written, or its writer died".to_owned(),
        (false, Some(torn)) => {
            format!("open, its last write was cut: {} of it", many(torn.bytes, "byte"))
        }
    }
}

/// For programs: one document.
#[must_use]
pub fn json(drawing: &Drawing<'_>) -> String {
    let Drawing { looked, kept, signed } = drawing;
    let LogSummary { whole, counts, latest, loose, .. } = looked;
    let walk = whole.walk.as_ref();
    let torn = whole
        .torn
        .map(|torn| json!({"segment": torn.segment, "byte": torn.at, "bytes": torn.bytes}));
    let latest = latest.as_ref().map(|latest| json!({"size": latest.size, "note": latest.text}));
    document(&json!({
        "origin": walk.map(|walk| walk.start.origin.as_str()),
        "writer": walk.map(|walk| walk.start.writer.as_str()),
        "segments": whole.segments,
        "begin": whole.begin(),
        "lines": whole.lines(),
        "root": walk.map(|walk| base64_of(&walk.tree.root())),
        "next": walk.map(|walk| walk.position().next),
        "closed": looked.is_closed(),
        "torn": torn,
        "records": counts.records,
        "blocks": counts.blocks,
        "lost": counts.lost,
        "checkpoints": counts.checkpoints,
        "latest": latest,
        "holds": kept,
        "signed": signed,
        "loose_blocks": loose,
        "unvouched_lines": signed.then(|| looked.unvouched()),
    }))
}

/// A hash as checkpoints spell it.
fn base64_of(hash: &[u8; 32]) -> String {
    let mut text = String::new();
    // Writing to a text does not fail.
    let _ = base64::write(&mut text, hash);
    text
}
