//! What `replay diff` cannot say, beside what changes.
//!
//! In:      a `Drawing`.
//! Out:     a word and what is to be said, row by row; whether the command fails for it.
//! Imports: `base`, `diag`, `tools::replay`.

use crate::base::arrange::Arrange as _;
use crate::diag::numbers::grouped;
use crate::tools::replay::sketch::Table;
use crate::tools::report::replay::impact::Drawing;
use crate::tools::report::replay::{chain, many};

/// Paths that are named of those on which decisions hang.
const PATHS_SHOWN: usize = 3;

/// Something that stands between a reader and the numbers.
pub(super) struct Caveat {
    /// In a word.
    pub(super) word: &'static str,
    /// What is to be said.
    pub(super) says: String,
    /// Whether the command does not end with 0 because of it.
    pub(super) fails: bool,
}

/// What was changed or damaged, records that were left out, that nobody can judge, that a candidate
/// refuses; each with what to do about it.
pub(super) fn caveats(drawing: &Drawing<'_>) -> Vec<Caveat> {
    let impact = drawing.impact;
    let mut rows = Vec::new();
    let mut row = |word, says, fails| rows.push(Caveat { word, says, fails });
    if drawing.chained.broken > 0 {
        let (_, _, says) = chain::row(&drawing.chained, impact.unchained);
        row("chain", format!("{says}: a log was changed after it was written"), true);
    }
    if drawing.stopped {
        row("stopped", "before the end: later records were not read".to_owned(), true);
    }
    for (fact, _) in impact.damages.rows() {
        row("not read", fact.clone(), true);
    }
    for (obstacle, count) in &impact.obstacles {
        row("left out", format!("{}: {}", grouped(*count), obstacle.words()), true);
    }
    if impact.unreadable > 0 {
        row("left out", format!("{}: lines that cannot be read", impact.unreadable), true);
    }
    let open = impact.undetermined().records;
    if open > 0 {
        let are = if open == 1 { "record is" } else { "records are" };
        let why = "`--max-undetermined` says how many may be";
        let says = format!("{} {are} undetermined: {why}", grouped(open));
        row("open", says, open > drawing.max_undetermined);
    }
    for (path, count) in most(&impact.needs).into_iter().take(PATHS_SHOWN) {
        row("open", format!("{}: hang on `{path}`, which is withheld", grouped(count)), false);
    }
    let others = impact.needs.count().saturating_sub(PATHS_SHOWN as u64);
    if others > 0 {
        row("open", format!("and on {} that are withheld", many(others, "other place")), false);
    }
    for (about, count) in &impact.not_judged {
        let why = "which the bundles define differently: `--state resim`";
        row("open", format!("{}: hang on {about}, {why}", grouped(*count)), false);
    }
    if impact.refused > 0 {
        let count = grouped(impact.refused);
        let contexts = if impact.refused == 1 { "context" } else { "contexts" };
        let why = "that the schema of the candidate does not fit, and the one before did";
        row("refused", format!("{count} {contexts} {why}"), false);
    }
    rows
}

/// The paths on which most decisions hang first.
fn most(needs: &Table<String, u64>) -> Vec<(&str, u64)> {
    let mut all: Vec<(&str, u64)> =
        needs.rows().map(|(path, count)| (path.as_str(), *count)).collect();
    all.arrange_by_key(|(path, count)| (std::cmp::Reverse(*count), *path));
    all
}
