//! Which engine made a record, as far as its decisions can depend on that.
//!
//! In:      what a record says of its engine: JSON.
//! Out:     `Engine`: whether this build can decide again as it did, and what of it differs.
//! Imports: `lang`, `runtime::bundle`, `runtime::record`.

use crate::lang::value::zone::TZDB_VERSION;
use crate::runtime::bundle::module::SEMANTICS;
use crate::runtime::record::read::Record;
use crate::tools::replay::redecide::Obstacle;

/// What an engine says of itself that decisions can depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Engine {
    /// Its semantics, as `pcs-1`.
    pub semantics: Option<String>,
    /// The version of its time zones.
    pub zones: Option<String>,
}

impl Engine {
    /// The engine that made a record.
    #[must_use]
    pub fn of(record: &Record<'_>) -> Self {
        Self::read(record.engine.unwrap_or_default())
    }

    /// The same, as JSON says it.
    pub(super) fn read(engine: &[u8]) -> Self {
        let engine: serde_json::Value = serde_json::from_slice(engine).unwrap_or_default();
        let text = |key: &str| engine.get(key).and_then(|it| it.as_str()).map(str::to_owned);
        Self { semantics: text("sem"), zones: text("tz") }
    }

    /// Why its decisions cannot be made again here.
    ///
    /// # Errors
    /// If its semantics are not ours.
    pub fn check(&self) -> Result<(), Obstacle> {
        match &self.semantics {
            Some(other) if *other != format!("pcs-{SEMANTICS}") => {
                Err(Obstacle::Semantics(other.clone()))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// What of it differs from this build and may be why decisions differ.
    #[must_use]
    pub fn cause(&self) -> Option<String> {
        let zones = self.zones.as_ref().filter(|zones| *zones != TZDB_VERSION)?;
        Some(format!("time zones recorded {zones}, this build {TZDB_VERSION}"))
    }
}
