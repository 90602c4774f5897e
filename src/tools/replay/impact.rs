//! What a candidate changes in recorded decisions.
//!
//! In:      decisions, each by what decided before and by a candidate.
//! Out:     `Impact`: how many decisions go from which effect to which, and in which ways.
//! Imports: `lang`, `runtime::record`.
//!
//! What is kept does not grow with the number of records, and is the same however they are cut into
//! parts: `tools::replay::sketch`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::lang::decision::Effect;
use crate::runtime::record::check::Chains;
use crate::tools::replay::chained;
use crate::tools::replay::redecide::Obstacle;
use crate::tools::replay::sketch::{Merge, Table, hash, pairs};
use crate::tools::replay::store::Digest;

/// Ways that are kept.
const WAYS_MAX: usize = 1000;
/// Sorts of decisions that are kept: what conditions are found from.
const SORTS_MAX: usize = 1 << 16;
/// Examples of a way.
const EXAMPLES_MAX: usize = 3;
/// Damages that are told one by one.
const DAMAGES_MAX: usize = 1 << 6;
/// Agents, sessions and paths that are counted one by one.
pub(super) const COUNTED_MAX: usize = 1 << 12;

/// How a decision came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It is allowed.
    Allow,
    /// Somebody is asked.
    Escalate,
    /// It is denied.
    Deny,
    /// Nothing decides.
    None,
    /// It depends on what the record withholds.
    Undetermined,
}

impl Outcome {
    /// Every outcome, in the order of the matrix.
    pub const ALL: [Self; 5] =
        [Self::Allow, Self::Escalate, Self::Deny, Self::None, Self::Undetermined];

    /// As it is written.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Escalate => "escalate",
            Self::Deny => "deny",
            Self::None => "none",
            Self::Undetermined => "undetermined",
        }
    }

    /// As a decision has it; `None` where it is not known.
    #[must_use]
    pub const fn effect(self) -> Option<Option<Effect>> {
        match self {
            Self::Allow => Some(Some(Effect::Allow)),
            Self::Escalate => Some(Some(Effect::Escalate)),
            Self::Deny => Some(Some(Effect::Deny)),
            Self::None => Some(None),
            Self::Undetermined => None,
        }
    }

    pub(super) const fn of(effect: Option<Effect>) -> Self {
        match effect {
            Some(Effect::Allow) => Self::Allow,
            Some(Effect::Escalate) => Self::Escalate,
            Some(Effect::Deny) => Self::Deny,
            None => Self::None,
        }
    }
}

/// How a candidate changes an effect. Every decision whose effect is known and changes is of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// It allows what was not allowed.
    NewlyAllowed,
    /// It does not allow it, and objects less: what was denied is escalated, or nothing decides
    /// where something objected.
    Relaxed,
    /// It denies what was not denied.
    NewlyDenied,
    /// It does not deny it, and objects more: it escalates what was allowed, or where nothing
    /// decided; or nothing decides where it was allowed.
    Tightened,
}

impl Turn {
    /// Every turn, those first that let more through.
    pub const ALL: [Self; 4] =
        [Self::NewlyAllowed, Self::Relaxed, Self::NewlyDenied, Self::Tightened];

    /// From one outcome to another; `None` where both are the same, or one is not known.
    #[must_use]
    pub const fn of(from: Outcome, to: Outcome) -> Option<Self> {
        match (from, to) {
            (Outcome::Undetermined, _)
            | (_, Outcome::Undetermined)
            | (Outcome::Allow, Outcome::Allow)
            | (Outcome::Escalate, Outcome::Escalate)
            | (Outcome::Deny, Outcome::Deny)
            | (Outcome::None, Outcome::None) => None,
            (_, Outcome::Allow) => Some(Self::NewlyAllowed),
            (_, Outcome::Deny) => Some(Self::NewlyDenied),
            (Outcome::Deny | Outcome::Escalate, _) => Some(Self::Relaxed),
            (Outcome::Allow | Outcome::None, _) => Some(Self::Tightened),
        }
    }

    /// As people read it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NewlyAllowed => "newly allowed",
            Self::Relaxed => "relaxed",
            Self::NewlyDenied => "newly denied",
            Self::Tightened => "tightened",
        }
    }

    /// As gates and programs read it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewlyAllowed => "newly_allowed",
            Self::Relaxed => "relaxed",
            Self::NewlyDenied => "newly_denied",
            Self::Tightened => "tightened",
        }
    }
}

/// How many records, and how many decisions they stand for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Records.
    pub records: u64,
    /// Decisions: a record that sampling kept stands for those that it left away.
    pub decisions: u64,
    /// Sum of `w (w - 1)` over the weights `w` of records: the variance of `decisions`.
    pub spread: u64,
}

impl Count {
    /// One record that stands for so many decisions.
    #[must_use]
    pub const fn of(weight: u64) -> Self {
        let spread = weight.saturating_mul(weight.saturating_sub(1));
        Self { records: 1, decisions: weight, spread }
    }

    /// So many times as many.
    #[must_use]
    pub const fn times(self, count: u64) -> Self {
        Self {
            records: self.records.saturating_mul(count),
            decisions: self.decisions.saturating_mul(count),
            spread: self.spread.saturating_mul(count),
        }
    }
}

impl Merge for Count {
    fn merge(&mut self, other: Self) {
        self.records = self.records.saturating_add(other.records);
        self.decisions = self.decisions.saturating_add(other.decisions);
        self.spread = self.spread.saturating_add(other.spread);
    }
}

/// A way in which decisions change: from which effect to which, and by which rules.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Way {
    /// Before.
    pub from: Outcome,
    /// With the candidate.
    pub to: Outcome,
    /// Whether it is not known which rules fired, before or now: then none are named.
    pub open: bool,
    /// Rules that fired before and do not any more, in document order.
    pub gone: Vec<String>,
    /// Rules that fire now and did not before.
    pub new: Vec<String>,
    /// What fails now and did not before.
    pub failed: Vec<String>,
    /// Why the candidate refuses the context, where what decided before did not.
    pub refused: Option<String>,
}

/// A record that shows a way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Example {
    /// Its id.
    pub id: String,
    /// The tool that was called.
    pub tool: Option<String>,
    /// Who called it.
    pub principal: Option<String>,
    /// When: seconds and nanoseconds since the epoch.
    pub now: Option<(i64, u32)>,
}

/// What is known of the decisions that change in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    /// How many.
    pub count: Count,
    /// Some of them.
    pub examples: Table<Example, u64>,
    /// Who made them.
    pub principals: Table<String, u64>,
    /// The sessions that they belong to.
    pub sessions: Table<String, u64>,
}

impl Changed {
    pub(super) const fn new(count: Count) -> Self {
        Self {
            count,
            examples: Table::keeping(EXAMPLES_MAX),
            principals: Table::keeping(COUNTED_MAX),
            sessions: Table::keeping(COUNTED_MAX),
        }
    }
}

impl Merge for Changed {
    fn merge(&mut self, other: Self) {
        self.count.merge(other.count);
        self.examples.merge(other.examples);
        self.principals.merge(other.principals);
        self.sessions.merge(other.sessions);
    }
}

/// A sort of decisions: those of which everything is alike that conditions are made of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Sort {
    /// The way in which they change; nothing for those that keep their effect.
    pub way: Option<Way>,
    /// The key of the request, mostly the tool.
    pub key: Option<String>,
    /// The bundle that decided before.
    pub from: Digest,
    /// How its atoms came out: two bits each.
    pub before: Vec<u8>,
    /// How those of the candidate came out.
    pub after: Vec<u8>,
    /// The rules that fired before, in document order.
    pub was: Vec<u16>,
    /// The rules of the candidate that fired, likewise.
    pub fired: Vec<u16>,
    /// Whether both are known, before and now.
    pub settled: [bool; 2],
}

/// When a session changes first, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FirstChange {
    /// The step of the first change.
    pub step: u64,
    /// Changes in all.
    pub changes: u64,
}

impl Merge for FirstChange {
    fn merge(&mut self, other: Self) {
        self.step = self.step.min(other.step);
        self.changes += other.changes;
    }
}

/// What a candidate changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// By effect before and effect now.
    #[serde(with = "pairs")]
    pub matrix: BTreeMap<(Outcome, Outcome), Count>,
    /// Records with the same effect for other reasons.
    pub reworded: u64,
    /// Those of them with other outputs, by which hosts go where nothing else decides.
    pub other_outputs: u64,
    /// Records whose context the candidate refuses, and what decided before did not.
    pub refused: u64,
    /// Records of which the bundle that decides before says something else than they do.
    pub drift: u64,
    /// Records of which it cannot be said whether it does: they withhold what decided.
    pub unsettled: u64,
    /// The ways in which effects change.
    pub ways: Table<Way, Changed>,
    /// The sorts of decisions.
    pub sorts: Table<Sort, Count>,
    /// The sessions of all records.
    pub sessions: Table<String, u64>,
    /// The sessions in which something changes.
    pub changed_sessions: Table<String, FirstChange>,
    /// The first and the last time of a decision.
    pub times: Option<((i64, u32), (i64, u32))>,
    /// Records that cannot be replayed, by why not.
    #[serde(with = "pairs")]
    pub obstacles: BTreeMap<Obstacle, u64>,
    /// Records that are undetermined because a session would answer otherwise, by what about.
    pub not_judged: BTreeMap<String, u64>,
    /// Records that are undetermined for what they withhold, by the paths of that.
    pub needs: Table<String, u64>,
    /// What is damaged and was not read, in words.
    pub damages: Table<String, u64>,
    /// Lines that are no records.
    pub unreadable: u64,
    /// Bundles that decided before, with the records of each.
    #[serde(with = "pairs")]
    pub bundles: BTreeMap<Digest, u64>,
    /// The chains of the lines.
    #[serde(with = "chained")]
    pub chains: Chains,
    /// Records that stand in no chain.
    pub unchained: u64,
}

impl Default for Impact {
    fn default() -> Self {
        Self {
            matrix: BTreeMap::new(),
            reworded: 0,
            other_outputs: 0,
            refused: 0,
            drift: 0,
            unsettled: 0,
            ways: Table::keeping(WAYS_MAX),
            sorts: Table::keeping(SORTS_MAX),
            sessions: Table::keeping(COUNTED_MAX),
            changed_sessions: Table::keeping(SORTS_MAX),
            times: None,
            obstacles: BTreeMap::new(),
            not_judged: BTreeMap::new(),
            needs: Table::keeping(COUNTED_MAX),
            damages: Table::keeping(DAMAGES_MAX),
            unreadable: 0,
            bundles: BTreeMap::new(),
            chains: Chains::default(),
            unchained: 0,
        }
    }
}

impl Impact {
    /// Adds what another part of the records gave.
    pub fn merge(&mut self, other: Self) {
        for (cell, count) in other.matrix {
            self.matrix.entry(cell).or_default().merge(count);
        }
        self.reworded += other.reworded;
        self.other_outputs += other.other_outputs;
        self.refused += other.refused;
        self.drift += other.drift;
        self.unsettled += other.unsettled;
        self.ways.merge(other.ways);
        self.sorts.merge(other.sorts);
        self.sessions.merge(other.sessions);
        self.changed_sessions.merge(other.changed_sessions);
        if let Some((first, last)) = other.times {
            self.at(first);
            self.at(last);
        }
        for (obstacle, count) in other.obstacles {
            *self.obstacles.entry(obstacle).or_default() += count;
        }
        for (about, count) in other.not_judged {
            *self.not_judged.entry(about).or_default() += count;
        }
        self.needs.merge(other.needs);
        self.damages.merge(other.damages);
        self.unreadable += other.unreadable;
        for (bundle, count) in other.bundles {
            *self.bundles.entry(bundle).or_default() += count;
        }
        self.chains.append(other.chains);
        self.unchained += other.unchained;
    }

    /// Counts decisions that go from one outcome to another.
    pub(super) fn tally(&mut self, cell: (Outcome, Outcome), count: Count) {
        self.matrix.entry(cell).or_default().merge(count);
    }

    /// Notes what was damaged, in words.
    pub fn damaged(&mut self, fact: String) {
        self.damages.add(hash(fact.as_bytes()), fact, 1);
    }

    /// Widens the times to this one.
    pub(super) fn at(&mut self, time: (i64, u32)) {
        let (first, last) = self.times.unwrap_or((time, time));
        self.times = Some((first.min(time), last.max(time)));
    }

    /// How many records go from `from` to `to`.
    #[must_use]
    pub fn cell(&self, from: Outcome, to: Outcome) -> Count {
        self.matrix.get(&(from, to)).copied().unwrap_or_default()
    }

    /// The records of which the outcomes before and now are such.
    #[must_use]
    pub fn of(&self, takes: impl Fn(Outcome, Outcome) -> bool) -> Count {
        let mut sum = Count::default();
        let cells = self.matrix.iter().filter(|((from, to), _)| takes(*from, *to));
        cells.for_each(|(_, count)| sum.merge(*count));
        sum
    }

    /// All records that were decided.
    #[must_use]
    pub fn total(&self) -> Count {
        self.of(|_, _| true)
    }

    /// The records that nobody can judge: before or now it is not known what comes of them.
    #[must_use]
    pub fn undetermined(&self) -> Count {
        self.of(|from, to| [from, to].contains(&Outcome::Undetermined))
    }

    /// The records whose effect changes so.
    #[must_use]
    pub fn turned(&self, turn: Turn) -> Count {
        self.of(|from, to| Turn::of(from, to) == Some(turn))
    }
}
