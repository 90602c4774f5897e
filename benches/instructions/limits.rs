//! The file of limits.
//!
//! In:      what was counted.
//! Out:     what the file says about it. A row that the file does not know is not let through.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Workload, then what is done, then most instructions.
type Table = BTreeMap<String, BTreeMap<String, u64>>;

/// A new limit is this many hundredths above the count: what the optimiser puts in line changes
/// with code elsewhere, the C library copies otherwise on other processors, and keys of hash maps
/// differ from run to run when a bundle is verified.
const ABOVE: u64 = 5;

/// A count this many hundredths below its limit asks to lower it.
const BELOW: u64 = 10;

/// One count.
pub(crate) struct Row<'a> {
    pub(crate) name: &'a str,
    pub(crate) what: &'a str,
    /// Instructions for one of it.
    pub(crate) count: u64,
}

pub(crate) struct Limits(Table);

/// What the file says about a count.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Holds,
    /// Above this limit.
    Above(u64),
    /// So far below this limit that it guards nothing.
    Loose(u64),
    /// The file has no limit for this row.
    Unlimited,
}

impl fmt::Display for Verdict {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Holds => write!(to, "as the limit wants"),
            Self::Above(limit) => write!(to, "ABOVE the limit of {limit}"),
            Self::Loose(limit) => {
                write!(to, "far below the limit of {limit}: please write the limits anew")
            }
            Self::Unlimited => write!(to, "WITHOUT a limit"),
        }
    }
}

impl Limits {
    pub(crate) fn judge(&self, row: &Row<'_>) -> Verdict {
        match self.0.get(row.name).and_then(|of| of.get(row.what).copied()) {
            None => Verdict::Unlimited,
            Some(limit) if row.count > limit => Verdict::Above(limit),
            Some(limit) if row.count * 100 < limit * (100 - BELOW) => Verdict::Loose(limit),
            Some(_) => Verdict::Holds,
        }
    }

    /// What the file limits and nobody counted.
    pub(crate) fn unknown(&self, rows: &[Row<'_>]) -> Vec<String> {
        let is_counted =
            |name: &str, what: &str| rows.iter().any(|row| row.name == name && row.what == what);
        let named = self.0.iter().flat_map(|(name, of)| of.keys().map(move |what| (name, what)));
        named
            .filter(|(name, what)| !is_counted(name, what))
            .map(|(name, what)| format!("{name} {what}"))
            .collect()
    }
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/limits.json")
}

pub(crate) fn read() -> Result<Limits, String> {
    let path = path();
    let place = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = fs::read_to_string(&path).map_err(|error| place(&error))?;
    serde_json::from_str(&text).map(Limits).map_err(|error| place(&error))
}

pub(crate) fn write(rows: &[Row<'_>]) -> Result<(), String> {
    let mut table = Table::new();
    for row in rows {
        let limit = (row.count * (100 + ABOVE)).div_ceil(100);
        table.entry(row.name.to_owned()).or_default().insert(row.what.to_owned(), limit);
    }
    let mut text = serde_json::to_string_pretty(&table).map_err(|error| error.to_string())?;
    text.push('\n');
    fs::write(path(), text).map_err(|error| error.to_string())
}
