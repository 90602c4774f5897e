//! What records withhold (V34).
//!
//! In:      a module.
//! Out:     whether its redactions are in order, lead somewhere, and do not lie in one another.
//! Imports: `base`, `runtime::bundle`.
//!
//! Nothing here says what the redactions mean for messages and witnesses: that is worked out from
//! the code when the program is loaded (`program/withheld.rs`), and taken from no claim.

use crate::base::limits::CONTEXT_DEPTH_MAX;
use crate::runtime::bundle::module::{Bound, Module, NONE, Redaction, Step, Withhold};
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::steps::Steps;
use crate::runtime::verify::structure::{ensure, has_string, number};

pub(super) fn check(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let rows = &module.redactions;
    ensure(rows.is_empty() || module.context == NONE, Fault::RedactedMessage)?;
    for (at, row) in rows.iter().enumerate() {
        steps.spend(1 + row.path.len())?;
        let number = number(at);
        ensure(leads_somewhere(module, row), Fault::RedactionPath { at: number })?;
        ensure(is_possible(module, row), Fault::RedactionClass { at: number })?;
        let before = at.checked_sub(1).and_then(|before| rows.get(before));
        let ordered = before.is_none_or(|before| before.path < row.path);
        ensure(ordered, Fault::RedactionOrder { at: number })?;
    }
    for (at, row) in rows.iter().enumerate() {
        steps.spend(rows.len())?;
        let below = rows.iter().any(|other| covers(&other.path, &row.path));
        ensure(!below, Fault::RedactionBelow { at: number(at) })?;
    }
    Ok(())
}

fn leads_somewhere(module: &Module, row: &Redaction) -> bool {
    let known = row.path.iter().all(|step| match step {
        Step::Key(key) => has_string(module, *key),
        Step::Any => true,
        Step::Names => false,
    });
    known && (1..=CONTEXT_DEPTH_MAX).contains(&row.path.len())
}

fn is_possible(module: &Module, row: &Redaction) -> bool {
    match &row.class {
        Withhold::Drop | Withhold::Seal | Withhold::Shape => true,
        Withhold::Token(key) => {
            let key = usize::try_from(*key).ok().and_then(|at| module.strings.get(at));
            key.is_some_and(|key| !key.is_empty())
        }
        Withhold::Range(bounds) => bounds.len() > 1 && bounds.array_windows().all(ascends),
        // Whoever sees the other members of an object knows that there are no more.
        Withhold::Hide => row.path.last() != Some(&Step::Any),
    }
}

fn ascends(bounds: &[Bound; 2]) -> bool {
    match *bounds {
        [Bound::Int(a), Bound::Int(b)] => a < b,
        [Bound::Double(a), Bound::Double(b)] => {
            let (a, b) = (f64::from_bits(a), f64::from_bits(b));
            a.is_finite() && b.is_finite() && a < b
        }
        [Bound::Int(_), Bound::Double(_)] | [Bound::Double(_), Bound::Int(_)] => false,
    }
}

/// Whether all that lies at `below` lies inside of what lies at `path`.
fn covers(path: &[Step], below: &[Step]) -> bool {
    let mut pairs = path.iter().zip(below);
    path.len() < below.len() && pairs.all(|(step, other)| *step == Step::Any || step == other)
}
