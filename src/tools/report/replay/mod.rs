//! What replay found out, drawn.
//!
//! In:      results of `tools::replay`.
//! Out:     text: one module a part of `policyc replay`.
//! Imports: `diag`.

mod caveats;
pub mod chain;
pub mod cover;
pub mod flip;
pub mod flip_session;
pub mod html;
pub mod impact;
mod impact_formats;
pub(super) mod page;
pub mod step;
pub mod verify;
mod verify_formats;

use crate::diag::numbers::grouped;
use crate::tools::report::NamedFormat;

impl NamedFormat for impact::Format {
    const ALL: &'static [Self] = impact::FORMATS;

    fn name(&self) -> &'static str {
        self.name
    }
}

/// `1 record`, `3 412 908 records`.
#[must_use]
pub fn records(count: u64) -> String {
    many(count, "record")
}

/// `1 block`, `13 332 blocks`.
#[must_use]
pub fn many(count: u64, word: &str) -> String {
    format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// `99.9989 %`, never rounded up to all or down to nothing; of nothing there is no share.
#[must_use]
pub fn share(part: u64, all: u64) -> String {
    if all == 0 {
        return "-".to_owned();
    }
    if part == all {
        return "100 %".to_owned();
    }
    #[expect(clippy::cast_precision_loss, reason = "a percentage for people")]
    let percent = 100.0 * part as f64 / all.max(1) as f64;
    format!("{:.4} %", percent.clamp(0.0, 99.9999))
}
