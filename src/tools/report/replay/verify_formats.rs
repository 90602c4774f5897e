//! What `replay verify` found out, as a page and in sentences.
//!
//! In:      a `Drawing`.
//! Out:     HTML; sentences without marks, for whoever listens to them.
//! Imports: `diag`, `tools::replay`.

use std::fmt::Write as _;

use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::tools::replay::findings;
use crate::tools::replay::verify::Found;
use crate::tools::report::paint::Style;
use crate::tools::report::replay::page::{FILTER, TAIL, head, text};
use crate::tools::report::replay::records;
use crate::tools::report::replay::verify::Drawing;
use crate::tools::report::visible::visible;

/// A finding: where, what, and one next step.
struct FindingText {
    place: String,
    message: String,
    help: Option<String>,
    /// Whether the message says where.
    is_placed: bool,
}

/// Findings in order.
fn found(drawing: &Drawing<'_>) -> Vec<FindingText> {
    let place = |source: usize, line: u64| format!("{} line {line}", drawing.source(source));
    let told = |place, finding: Diagnostic, is_placed| {
        let Diagnostic { message, help, .. } = finding;
        FindingText { place, message, help, is_placed }
    };
    let breaks = drawing.chained.breaks.iter().map(|found| {
        let finding = findings::broken(found, drawing.sources);
        told(place(found.place.source, found.place.line), finding, true)
    });
    let faults = drawing.verified.faults.iter().map(|found| {
        let finding = findings::fault(found, drawing.source(found.source));
        told(place(found.source, found.line), finding, true)
    });
    let mismatches = drawing.verified.mismatches.iter().map(|Found { source, line, what }| {
        let worded = drawing.worded(what.bundle);
        let (_, finding) = findings::mismatch(what, worded, &drawing.given(*source));
        told(place(*source, *line), finding, false)
    });
    breaks.chain(faults).chain(mismatches).collect()
}

/// How many findings are not told.
fn left(drawing: &Drawing<'_>) -> u64 {
    let verified = drawing.verified;
    let breaks = (drawing.chained.breaks.len(), drawing.chained.broken);
    let told = verified.mismatches.len() + verified.faults.len() + breaks.0;
    (verified.mismatched + verified.unreadable + breaks.1).saturating_sub(told as u64)
}

/// As a sentence begins.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// One page.
pub(super) fn html(drawing: &Drawing<'_>, _style: Style) -> String {
    let mut page = head("verify");
    let count = records(drawing.verified.records);
    let _ = writeln!(page, "<h1>Replay of {}</h1>", text(&count));
    let (verdict, good) = drawing.verdict();
    let class = if good { "kept" } else { "broken" };
    let _ = writeln!(page, "<p class=\"{class}\">{}.</p>", capital(verdict));
    if drawing.stopped {
        page.push_str("<p class=\"broken\">Stopped before the end.</p>\n");
    }
    let bundles = drawing.bundles().into_iter();
    let bundles: Vec<String> = bundles.map(|(digest, _)| drawing.bundle(digest)).collect();
    let _ =
        writeln!(page, "<p>Decided by <code>{}</code>.</p>\n<table>", text(&bundles.join(", ")));
    let (word, _, says) = drawing.chain();
    let _ = writeln!(page, "<tr><th>chain</th><td>{word}</td><th>{}</th></tr>", text(&says));
    for (word, count, says) in drawing.rows() {
        let count = grouped(count);
        let says = text(&says);
        let _ = writeln!(page, "<tr><th>{word}</th><td>{count}</td><th>{says}</th></tr>");
    }
    page.push_str("</table>\n");
    let found = found(drawing);
    if found.is_empty() {
        page.push_str("</body></html>\n");
        return page;
    }
    page.push_str(FILTER);
    for FindingText { place, message, help, .. } in found {
        let _ = writeln!(
            page,
            "<details open><summary>{}</summary><p>{}</p><p>{}</p></details>",
            text(&place),
            text(&message),
            text(&help.unwrap_or_default()),
        );
    }
    let left = left(drawing);
    if left > 0 {
        let _ = writeln!(page, "<p>and {} more</p>", grouped(left));
    }
    page.push_str(TAIL);
    page
}

/// Sentences.
pub(super) fn narrated(drawing: &Drawing<'_>, _style: Style) -> String {
    let all = records(drawing.verified.records);
    let mut told = format!("{all} were looked at: {}.\n", drawing.verdict().0);
    if drawing.stopped {
        told.push_str("It was stopped before the end.\n");
    }
    let (word, _, says) = drawing.chain();
    let about = if says.is_empty() { String::new() } else { format!(" {}", visible(&says)) };
    let _ = writeln!(told, "chain: {word}{about}.");
    for (word, count, says) in drawing.rows() {
        let about = if says.is_empty() { String::new() } else { format!(", {}", visible(&says)) };
        let _ = writeln!(told, "{word}: {}{about}.", grouped(count));
    }
    for (nth, finding) in (1..).zip(found(drawing)) {
        let FindingText { place, message, help, is_placed } = finding;
        let place = if is_placed { String::new() } else { format!(", in {}", visible(&place)) };
        let _ = writeln!(told, "Finding {nth}{place}: {}.", visible(&message));
        if let Some(help) = help {
            let _ = writeln!(told, "Next step: {}.", visible(&help));
        }
    }
    let left = left(drawing);
    if left > 0 {
        let _ = writeln!(told, "{} more findings are not told.", grouped(left));
    }
    told
}
