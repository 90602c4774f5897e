//! Where a function stands, on one of the ways through it or on several that met.
//!
//! In:      loops and builders as instructions change them.
//! Out:     `State`, and what two of them have in common.
//! Imports: `base`, `lang`, `runtime::bundle`.

use crate::base::limits::{VALUE_DEPTH_MAX, VALUE_STEPS_MAX};
use crate::lang::value::heap::View;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::Module;
use crate::runtime::vm::machine::FailureSite;
use crate::runtime::vm::partial::fact::{Facts, Sources};
use crate::runtime::vm::partial::unknown::{Unknown, UnknownReference};

/// A loop.
#[derive(Clone, Copy, Debug)]
pub(super) struct Loop {
    /// What it walks through: a list or map, or what nobody knows.
    pub(super) list: Value,
    /// The element that it stands on.
    pub(super) at: u32,
    /// Number of elements; of an open loop that number is not known.
    pub(super) len: u32,
    pub(super) open: bool,
    /// Whether an element may be a column that is not there.
    pub(super) gaps: bool,
    /// What the first element that failed noted; absent where none did.
    pub(super) failed: Value,
    /// Elements counted.
    pub(super) count: Value,
}

impl Loop {
    pub(super) const IDLE: Self = Self {
        list: Value::ABSENT,
        at: 0,
        len: 0,
        open: false,
        gaps: false,
        failed: Value::ABSENT,
        count: Value::int(0),
    };
}

/// What is being built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Build {
    /// Values one after the other: the last of them, a cell of `Cells`, and their number.
    Exact {
        /// The last, or `NO_CELL`.
        last: u32,
        /// How many.
        len: u32,
    },
    /// The ways differ in what was added: the fact of a list or map.
    Vague(u32),
}

/// No cell.
pub(super) const NO_CELL: u32 = u32::MAX;

impl Build {
    pub(super) const EMPTY: Self = Self::Exact { last: NO_CELL, len: 0 };
}

/// Values that wait in builders, each with the one before it, so that ways share what they have in
/// common.
#[derive(Debug, Default)]
pub(super) struct Cells(Vec<(u32, Value)>);

impl Cells {
    /// Adds a value behind `last`.
    pub(super) fn push(&mut self, last: u32, value: Value) -> u32 {
        self.0.push((last, value));
        u32::try_from(self.0.len() - 1).unwrap_or(NO_CELL)
    }

    /// The values up to `last`, in order.
    pub(super) fn list(&self, last: u32) -> Vec<Value> {
        let mut values = Vec::new();
        let mut at = last;
        while let Some((before, value)) = self.0.get(at as usize) {
            values.push(*value);
            at = *before;
        }
        values.reverse();
        values
    }
}

/// Loops, builders and what failed last, beside the registers.
#[derive(Clone, Debug)]
pub(super) struct LiveState {
    pub(super) loops: Vec<Loop>,
    pub(super) builds: Vec<Build>,
    /// What failed last in code that is not cold, as the value of a variable.
    pub(super) note: Value,
}

impl LiveState {
    pub(super) fn new(cursors: usize) -> Self {
        let (loops, builds) = (vec![Loop::IDLE; cursors], vec![Build::EMPTY; cursors]);
        Self { loops, builds, note: FailureSite::NONE.value() }
    }
}

/// Where a way through a function waits.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) pc: usize,
    pub(super) registers: Vec<Value>,
    pub(super) live: LiveState,
}

/// Whether two values are one and the same.
pub(super) fn is_same(a: &Value, b: &Value) -> bool {
    let parts = |it: &Value| (it.tag(), it.space(), it.columns(), it.off(), it.bits());
    parts(a) == parts(b)
}

/// Joins what ways bring that meet.
pub(super) struct Join<'m> {
    pub(super) facts: &'m mut Facts,
    pub(super) view: View<'m>,
    pub(super) module: &'m Module,
    pub(super) unknowns: &'m [Unknown],
    /// What waits in builders.
    pub(super) cells: &'m Cells,
    /// Why there is more than one way.
    pub(super) doubt: &'m Sources,
    /// Whether bounds that grow are given up.
    pub(super) widen: bool,
}

impl Join<'_> {
    /// Takes `other` into `into`; whether that changed anything.
    pub(super) fn states(&mut self, into: &mut State, other: &State) -> bool {
        let mut changed = self.values(&mut into.registers, &other.registers);
        for (a, b) in into.live.loops.iter_mut().zip(&other.live.loops) {
            changed |= self.value(&mut a.failed, &b.failed);
            changed |= self.value(&mut a.count, &b.count);
        }
        for (a, b) in into.live.builds.iter_mut().zip(&other.live.builds) {
            changed |= self.build(a, b);
        }
        changed | self.value(&mut into.live.note, &other.live.note)
    }

    fn values(&mut self, into: &mut [Value], other: &[Value]) -> bool {
        let pairs = into.iter_mut().zip(other);
        pairs.fold(false, |changed, (a, b)| changed | self.value(a, b))
    }

    pub(super) fn value(&mut self, into: &mut Value, other: &Value) -> bool {
        if is_same(into, other) {
            return false;
        }
        let mut doubt = self.doubt.clone();
        // What a list holds that is known is lost, but not what it hung on.
        for value in [&*into, other] {
            if value.tag().has_elements()
                && let Some(sources) = self.taint(value)
            {
                doubt.add(&sources);
            }
        }
        let at = (self.module, self.unknowns);
        let joined = self.facts.join(at, (into, other), &doubt, self.widen);
        let changed = !is_same(into, &joined);
        *into = joined;
        changed
    }

    /// What a value that is unknown, or holds what is, was computed from; `None` if it is known.
    pub(super) fn taint(&mut self, value: &Value) -> Option<Sources> {
        let mut found: Option<Sources> = None;
        let mut open = vec![(*value, 0)];
        let mut steps = 0;
        while let Some((value, depth)) = open.pop() {
            steps += 1;
            if depth > VALUE_DEPTH_MAX || steps > VALUE_STEPS_MAX {
                let rows = (0..self.unknowns.len()).filter_map(|row| u32::try_from(row).ok());
                return Some(
                    rows.fold(Sources::default(), |all, row| all.with(&Sources::one(row))),
                );
            }
            if is_unknown(&value) {
                let sources = self.facts.of(self.module, self.unknowns, &value).sources;
                found.get_or_insert_default().add(&sources);
            }
            let parts = self.view.elements(&value).iter();
            let parts = parts.filter(|part| is_unknown(part) || part.tag().has_elements());
            open.extend(parts.map(|part| (*part, depth + 1)));
        }
        found
    }

    fn build(&mut self, into: &mut Build, other: &Build) -> bool {
        if into == other {
            return false;
        }
        let (mut a, b) = (self.vague(into), self.vague(other));
        self.value(&mut a, &b);
        let joined = Build::Vague(a.off());
        let changed = *into != joined;
        *into = joined;
        changed
    }

    fn vague(&mut self, build: &Build) -> Value {
        let (last, len) = match build {
            Build::Exact { last, len } => (*last, *len),
            Build::Vague(fact) => return UnknownReference::derived(*fact),
        };
        // What was added is lost, but not what it hung on.
        let values = self.cells.list(last);
        let found = values.iter().filter_map(|value| self.taint(value));
        let sources = found.fold(Sources::default(), |all, more| all.with(&more));
        self.facts.container(len, sources)
    }
}

/// Whether a value is unknown.
pub(super) fn is_unknown(value: &Value) -> bool {
    value.tag() == Tag::Unknown
}
