//! Lints that go by what recorded sessions did.
//!
//! In:      a project without errors, and the events of sessions.
//! Out:     findings in the sink: what the policy lets through and nobody needed, what it trusts
//!          and strangers wrote.
//! Imports: `diag`.
//! Source:  `docs/check.md`, "By recorded sessions".
//!
//! Where it is not known what a session used, it counts as having used all that it may have.

pub mod summary;
pub mod unused_capability;
pub mod unused_step;
pub mod written_text;

use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;
use crate::tools::lint::traces::summary::TraceSummary;

/// A lint that goes by what sessions did.
pub type TraceCheck = fn(&Subject<'_>, &TraceSummary, &mut Sink);

/// Reports what these lints find. Sessions without a call say nothing.
pub fn lint(subject: &Subject<'_>, looks: &[TraceCheck], sink: &mut Sink) {
    let seen = TraceSummary::of(subject);
    if seen.sessions > 0 {
        for look in looks {
            look(subject, &seen, sink);
        }
    }
}
