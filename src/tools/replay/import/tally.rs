//! How often each part of a record was filled, and what that makes possible.
//!
//! In:      what became of each event.
//! Out:     counts; the report of `--check`.
//! Imports: `base`, `diag`, `tools::report`.

use std::fmt::Write;

use serde_json::json;

use crate::base::invisible::spelled;
use crate::diag::numbers::grouped;
use crate::tools::replay::import::map::{Fidelity, Map, Target};
use crate::tools::report::counted;

/// Parts of a context that agents' policies read: what they are called, and where they stand.
pub(super) const PARTS: [(&str, &[&str]); 3] =
    [("principal", &["principal"]), ("tool", &["action", "tool"]), ("args", &["action", "args"])];

/// What became of one target.
#[derive(Clone, Debug, Default)]
pub struct Fill {
    /// Records that hold it.
    pub filled: u64,
    /// Records for which its expression failed, or gave something of another kind.
    pub failed: u64,
    /// What was wrong first.
    pub first: Option<String>,
}

/// What became of the events of an import.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Events, taken out of what envelops them.
    pub events: u64,
    /// Events that the map skips, or makes no record of.
    pub skipped: u64,
    /// Events that were refused, damaged parts of logs included.
    pub refused: u64,
    /// Records.
    pub records: u64,
    /// Records whose bundle is named by its digest.
    pub digests: u64,
    /// By target.
    pub(super) fills: [Fill; Target::ALL.len()],
    /// By part of the context.
    pub(super) parts: [u64; PARTS.len()],
}

impl Tally {
    /// What became of a target.
    #[must_use]
    pub fn fill(&self, target: Target) -> Option<&Fill> {
        self.fills.get(target as usize)
    }

    pub(super) fn fill_mut(&mut self, target: Target) -> Option<&mut Fill> {
        self.fills.get_mut(target as usize)
    }

    /// Records in which the part of the context is there that is called `name`.
    #[must_use]
    pub fn part(&self, name: &str) -> u64 {
        let found = PARTS.iter().zip(self.parts).find(|((part, _), _)| *part == name);
        found.map_or(0, |(_, count)| count)
    }
}

/// What can be done with the records, in words.
#[must_use]
pub fn verdict(map: &Map, tally: &Tally) -> String {
    if tally.records == 0 {
        return "no record: nothing can be replayed".to_owned();
    }
    let lacks = lacks(map, tally);
    let verify = match lacks.as_slice() {
        [] => "verify possible".to_owned(),
        lacks => format!("verify impossible ({})", lacks.join("; ")),
    };
    format!("{verify}, diff possible")
}

/// What keeps the records from being verified.
fn lacks(map: &Map, tally: &Tally) -> Vec<String> {
    let mut lacks = Vec::new();
    if map.fidelity != Fidelity::Exact {
        lacks.push(format!("the log holds {}", holds(map.fidelity)));
    }
    for target in [Target::Effect, Target::Now] {
        let filled = tally.fill(target).map_or(0, |fill| fill.filled);
        if filled < tally.records {
            lacks.push(format!("`{}` in {}", target.name(), share(filled, tally.records)));
        }
    }
    if tally.digests < tally.records {
        lacks.push("no bundle is named by its digest".to_owned());
    }
    lacks
}

const fn holds(fidelity: Fidelity) -> &'static str {
    match fidelity {
        Fidelity::Exact => "all that was read",
        Fidelity::Context => "what was asked, not all that was read",
        Fidelity::Shape => "tool and arguments, not all that was asked",
    }
}

/// The report of `--check`: a line for each part of a record, and the verdict.
#[must_use]
pub fn report(map: &Map, tally: &Tally) -> String {
    let Tally { events, skipped, refused, records, .. } = tally;
    let mut out = format!("  {} · fidelity {}\n", spelled(&map.format), map.fidelity.word());
    let _ = write!(out, "  {}", counted(number(*events), "event"));
    let _ = write!(out, " · {}", counted(number(*records), "record"));
    let _ = write!(out, " · {} skipped", grouped(*skipped));
    let _ = writeln!(out, " · {} refused\n", grouped(*refused));
    for target in Target::ALL {
        let default = Fill::default();
        let fill = tally.fill(target).unwrap_or(&default);
        let note = match (map.targets.contains(&target), fill.failed) {
            (false, _) => "not in the map".to_owned(),
            (true, 0) => String::new(),
            (true, failed) => {
                let first = fill.first.as_deref().unwrap_or_default();
                format!("{} failed, first: {first}", grouped(failed))
            }
        };
        row(&mut out, target.name(), &share(fill.filled, *records), &note);
        if target == Target::Ctx {
            for (part, count) in PARTS.iter().zip(tally.parts) {
                let (name, path) = part;
                let place = format!("ctx.{}", path.join("."));
                row(&mut out, &format!("  {name}"), &share(count, *records), &place);
            }
        }
    }
    let _ = writeln!(out, "\n  {}", verdict(map, tally));
    out
}

/// The same as one object of JSON.
#[must_use]
pub fn to_json(map: &Map, tally: &Tally) -> String {
    let Tally { events, skipped, refused, records, .. } = tally;
    let of_target = |target: Target| {
        let fill = tally.fill(target).cloned().unwrap_or_default();
        let in_map = map.targets.contains(&target);
        let row = json!({
            "map": in_map, "filled": fill.filled, "failed": fill.failed, "first": fill.first,
        });
        (target.name().to_owned(), row)
    };
    let targets: serde_json::Map<_, _> = Target::ALL.into_iter().map(of_target).collect();
    let of_part = |(name, _): (&str, _)| (name.to_owned(), json!(tally.part(name)));
    let parts: serde_json::Map<_, _> = PARTS.into_iter().map(of_part).collect();
    let lacks = lacks(map, tally);
    let report = json!({
        "format": map.format, "fidelity": map.fidelity.word(),
        "events": events, "records": records, "skipped": skipped, "refused": refused,
        "targets": targets, "ctx": parts,
        "verify": *records > 0 && lacks.is_empty(), "diff": *records > 0, "lacks": lacks,
    });
    format!("{report}\n")
}

fn row(out: &mut String, name: &str, share: &str, note: &str) {
    let line = format!("  {name:<12} {share:>8}   {note}");
    let _ = writeln!(out, "{}", line.trim_end());
}

/// As `99.2 %`. What is not all is never shown as all, nor what is something as nothing.
fn share(count: u64, of: u64) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let tenths = u128::from(count) * 1_000 / u128::from(of);
    let tenths = if count > 0 { tenths.max(1) } else { 0 };
    format!("{}.{} %", tenths / 10, tenths % 10)
}

fn number(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::share;

    #[test]
    fn shares_are_never_rounded_to_all_or_nothing() {
        let cases = [(0, 7, "0.0 %"), (7, 7, "100.0 %"), (999_999, 1_000_000, "99.9 %")];
        for (count, of, wanted) in cases {
            assert_eq!(share(count, of), wanted);
        }
        assert_eq!(share(1, 1_000_000), "0.1 %");
        assert_eq!(share(992, 1_000), "99.2 %");
        assert_eq!(share(0, 0), "–");
    }
}
