//! What `replay diff` cannot say, beside what changes.
//!
//! In:      what was found.
//! Out:     a word and what is to be said, row by row.
//! Imports: `diag`, `tools::replay`.

use crate::diag::numbers::grouped;
use crate::tools::replay::impact::Impact;

/// Records that were left out, that nobody can judge, that a candidate refuses; each with what to
/// do about it.
pub(super) fn caveats(impact: &Impact) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    for (obstacle, count) in &impact.obstacles {
        rows.push(("left out", format!("{}: {}", grouped(*count), obstacle.words())));
    }
    if impact.unreadable > 0 {
        rows.push(("left out", format!("{}: lines that cannot be read", impact.unreadable)));
    }
    let open = impact.undetermined().records;
    if open > 0 {
        let are = if open == 1 { "record is" } else { "records are" };
        let why = "`--max-undetermined` says how many may be";
        rows.push(("open", format!("{} {are} undetermined: {why}", grouped(open))));
    }
    for (about, count) in &impact.not_judged {
        let why = "which the bundles define differently: `--state resim`";
        rows.push(("open", format!("{}: hang on {about}, {why}", grouped(*count))));
    }
    if impact.refused > 0 {
        let count = grouped(impact.refused);
        let contexts = if impact.refused == 1 { "context" } else { "contexts" };
        let why = "that the schema of the candidate does not fit, and the one before did";
        rows.push(("refused", format!("{count} {contexts} {why}")));
    }
    rows
}
