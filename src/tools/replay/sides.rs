//! One decision by two bundles, counted.
//!
//! In:      what a bundle decided, and what a candidate does.
//! Out:     an `Impact` to which that is added.
//! Imports: `lang`, `runtime::program`, `runtime::record`.

use crate::lang::value::time::Instant;
use crate::runtime::program::Program;
use crate::runtime::record::read::Record;
use crate::tools::replay::impact::{
    Changed, Count, Example, FirstChange, Impact, Outcome, Sort, Way,
};
use crate::tools::replay::plain::context;
use crate::tools::replay::sketch::hash;
use crate::tools::replay::store::Digest;

/// What one of both said.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side<'s> {
    pub(super) program: &'s Program,
    pub(super) outcome: Outcome,
    pub(super) digest: Option<Digest>,
    /// The outputs as its digest has them.
    pub(super) outputs: &'s str,
    /// The rules that fired, in document order.
    pub(super) fired: &'s [u16],
    /// Whether those are known: what is withheld, or a session, may decide which they are.
    pub(super) settled: bool,
    /// What failed, by name.
    pub(super) failed: &'s [String],
    /// Why it refused its input, if it did.
    pub(super) refused: Option<&'s str>,
    /// The key of the request.
    pub(super) key: Option<&'s str>,
    /// How its atoms came out.
    pub(super) bits: &'s [u8],
}

/// Adds a decision that stands for `weight` of them; `drifted`: the first side is not what was
/// recorded.
pub(super) fn tell(
    impact: &mut Impact,
    record: &Record<'_>,
    (was, is): (&Side<'_>, &Side<'_>),
    (weight, drifted): (u64, bool),
) {
    let count = Count::of(weight);
    impact.tally((was.outcome, is.outcome), count);
    *impact.bundles.entry(was.program.digest()).or_default() += 1;
    if let Some(Instant { seconds, nanoseconds }) = record.now {
        impact.at((seconds, nanoseconds));
    }
    impact.drift += u64::from(drifted);
    let unsure = was.digest.is_none() || was.outcome == Outcome::Undetermined;
    impact.unsettled += u64::from(unsure);
    let session = record.session.map(|session| (session.id.text(), session.step));
    if let Some((id, _)) = &session {
        let hash = hash(id.as_bytes());
        if !impact.sessions.passes_over(hash) {
            impact.sessions.add(hash, id.to_string(), 1);
        }
    }
    let changes = was.outcome != is.outcome;
    impact.reworded += u64::from(!changes && was.digest != is.digest);
    let known = was.digest.is_some() && is.digest.is_some();
    impact.other_outputs += u64::from(!changes && known && was.outputs != is.outputs);
    impact.refused += u64::from(is.refused.is_some() && was.refused.is_none());
    let way = changes.then(|| way(was, is));
    sort(impact, (was, is), way.clone(), count);
    let Some(way) = way else { return };
    if let Some((id, step)) = &session {
        let change = FirstChange { step: *step, changes: 1 };
        impact.changed_sessions.add(hash(id.as_bytes()), id.to_string(), change);
    }
    let mut kept = Changed::new(count);
    let example = example(record);
    if let Some(principal) = &example.principal {
        kept.principals.add(hash(principal.as_bytes()), principal.clone(), weight);
    }
    if let Some((id, _)) = session {
        kept.sessions.add(hash(id.as_bytes()), id.into_owned(), 1);
    }
    kept.examples.add(hash(example.id.as_bytes()), example, 1);
    let text = serde_json::to_vec(&way).unwrap_or_default();
    impact.ways.add(hash(&text), way, kept);
}

/// The way from one decision to the other.
fn way(was: &Side<'_>, is: &Side<'_>) -> Way {
    let ids = |side: &Side<'_>| -> Vec<String> {
        side.fired.iter().map(|rule| side.program.rule_id(*rule).to_owned()).collect()
    };
    let open = !was.settled || !is.settled;
    let (old, now) = (ids(was), ids(is));
    let without = |these: &[String], those: &[String]| -> Vec<String> {
        these.iter().filter(|id| !open && !those.contains(id)).cloned().collect()
    };
    Way {
        from: was.outcome,
        to: is.outcome,
        open,
        gone: without(&old, &now),
        new: without(&now, &old),
        failed: without(is.failed, was.failed),
        refused: is.refused.filter(|_| was.refused.is_none()).map(str::to_owned),
    }
}

/// Counts the sort of a decision.
fn sort(impact: &mut Impact, (was, is): (&Side<'_>, &Side<'_>), way: Option<Way>, count: Count) {
    let from = was.program.digest();
    let way_hash = way.as_ref().map_or(0, |way| hash(&serde_json::to_vec(way).unwrap_or_default()));
    let parts = [
        way_hash,
        is.key.map_or(0, |key| hash(key.as_bytes())),
        hash(&from),
        hash(was.bits),
        hash(is.bits),
        u64::from(was.settled) | u64::from(is.settled) << 1,
    ];
    let split = [u16::MAX];
    let fired = was.fired.iter().chain(&split).chain(is.fired);
    let fired = fired.flat_map(|rule| rule.to_le_bytes());
    let parts = parts.iter().flat_map(|part| part.to_le_bytes());
    let bytes: Vec<u8> = parts.chain(fired).collect();
    let hash = hash(&bytes);
    if impact.sorts.passes_over(hash) {
        return;
    }
    let key = is.key.map(str::to_owned);
    let (before, after) = (was.bits.to_vec(), is.bits.to_vec());
    let settled = [was.settled, is.settled];
    let (was, fired) = (was.fired.to_vec(), is.fired.to_vec());
    let sort = Sort { way, key, from, before, after, was, fired, settled };
    impact.sorts.add(hash, sort, count);
}

/// What people recognise a record by.
fn example(record: &Record<'_>) -> Example {
    let context = context(record);
    let text = |pointer| context.pointer(pointer).and_then(|it| it.as_str()).map(str::to_owned);
    Example {
        id: record.id.map(|id| id.text().into_owned()).unwrap_or_default(),
        tool: text("/action/tool"),
        principal: text("/principal/id"),
        now: record.now.map(|now| (now.seconds, now.nanoseconds)),
    }
}
