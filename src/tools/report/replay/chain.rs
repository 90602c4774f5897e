//! What is known of the chains of logs, drawn.
//!
//! In:      `ChainReport`.
//! Out:     a row for people, a part of a JSON document.
//! Imports: `diag`, `runtime::record`, `tools::inspect`, `tools::replay`.

use serde_json::{Value as Json, json};

use crate::diag::numbers::grouped;
use crate::runtime::record::check::{Break, BreakKind, ChainReport, Extent};
use crate::tools::inspect::digest_text;
use crate::tools::replay::open::Source;
use crate::tools::report::paint::Paint;
use crate::tools::report::replay::{many, records};

/// Writers that are named; of more the number is told.
const WRITERS_SHOWN: usize = 2;

/// `✓`, `13 332 blocks`, `no gap`, ..: a mark, its paint, and what there is to say.
#[must_use]
pub fn row(chained: &ChainReport, unchained: u64) -> (&'static str, Paint, String) {
    let ChainReport { writers, broken, open, passed_over, .. } = chained;
    if writers.is_empty() {
        return ("none", Paint::Good, String::new());
    }
    let sum = |of: fn(&Extent) -> u64| writers.iter().map(|(_, extent)| of(extent)).sum::<u64>();
    let mut says = vec![many(sum(|extent| extent.blocks), "block")];
    match sum(|extent| extent.lost) {
        0 if *broken > 0 => {}
        0 => says.push("no gap".to_owned()),
        lost => says.push(format!("gaps: {} lost, as the writer says", records(lost))),
    }
    says.push(named(&writers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>()));
    let begun: Vec<&str> =
        writers.iter().filter(|(_, it)| it.first > 0).map(|(name, _)| name.as_str()).collect();
    if let ([first], [(_, extent)]) = (begun.as_slice(), writers.as_slice()) {
        says.push(format!("`{first}` begins with record {}", grouped(extent.first)));
    } else if !begun.is_empty() {
        says.push(format!("{} begin behind record 0", named(&begun)));
    }
    if !open.is_empty() {
        let names: Vec<&str> = open.iter().map(|found| found.writer.as_str()).collect();
        let lines = many(sum(|extent| extent.open), "line");
        says.push(format!("no end of {}: {lines} in no block, or cut", named(&names)));
    }
    match sum(|extent| extent.unchecked) {
        0 => {}
        count => says.push(format!("{} cut apart, too large to join", many(count, "block"))),
    }
    if unchained > 0 {
        says.push(format!("{} in no chain", records(unchained)));
    }
    if *passed_over {
        says.push("more writers than are looked at".to_owned());
    }
    let whole = open.is_empty() && unchained == 0 && !passed_over;
    let (mark, paint) = match (broken, whole) {
        (0, true) => ("✓", Paint::Good),
        (0, false) => ("✓", Paint::Wait),
        (_, _) => ("✗", Paint::Bad),
    };
    if *broken > 0 {
        says.insert(0, format!("broken at {}", many(*broken, "place")));
    }
    (mark, paint, says.join(", "))
}

fn named(names: &[&str]) -> String {
    if names.len() > WRITERS_SHOWN {
        return many(names.len() as u64, "writer");
    }
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}

/// For programs, without places.
#[must_use]
pub fn facts(chained: &ChainReport, unchained: u64) -> Json {
    let writers = chained.writers.iter().map(|(writer, extent)| {
        let Extent { first, end, blocks, unchecked, lost, open, ended } = extent;
        json!({
            "writer": writer, "first": first, "next": end.next, "blocks": blocks,
            "previous": digest_text(&end.previous), "unchecked": unchecked, "lost": lost,
            "open": open, "ended": ended,
        })
    });
    json!({
        "writers": writers.collect::<Vec<_>>(), "broken": chained.broken,
        "unchained": unchained, "passed_over": chained.passed_over,
    })
}

/// The first breaks, for programs; `files` are the sources that lines stand in.
#[must_use]
pub fn breaks(chained: &ChainReport, files: &[Source]) -> Json {
    let breaks = chained.breaks.iter().map(|found| {
        let Break { writer, place, since, kind } = found;
        let (kind, first, last) = match *kind {
            BreakKind::Number { wanted, found } => ("number", wanted, found),
            BreakKind::Content { first, last } => ("content", first, last),
            BreakKind::Previous { first, last } => ("previous", first, last),
            BreakKind::Range { first, last } => ("range", first, last),
            BreakKind::Open { first, lines } => ("open", first, first.saturating_add(lines)),
        };
        let file = |at: usize| files.get(at).map(|source| source.name.as_str());
        json!({
            "writer": writer, "file": file(place.source), "line": place.line,
            "from": {"file": file(since.source), "line": since.line},
            "kind": kind, "first": first, "last": last,
        })
    });
    breaks.collect()
}
