//! Which rules a request concerns and what they ask of it, laid out for deciding.
//!
//! In:      rules, outputs, requirements and index of a module.
//! Out:     `Plan`.
//! Imports: `lang::value`, `runtime::bundle`.

use std::collections::HashSet;

use crate::lang::value::Value;
use crate::runtime::bundle::module::{Module, NONE, Phase, Requirement};
use crate::runtime::program::pool::Pool;

/// Who asks something of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asker {
    /// A rule.
    Rule(u16),
    /// An output.
    Output(u16),
}

/// What is asked of a slot, and who asks first.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Asked {
    pub(in crate::runtime) requirement: Requirement,
    pub(in crate::runtime) by: Asker,
}

/// Rules of one phase, ascending, and what they ask together.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Group {
    pub(in crate::runtime) rules: Box<[u16]>,
    pub(in crate::runtime) asked: Box<[Asked]>,
}

/// The rules of a list, by phase.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Bucket {
    request: Group,
    response: Group,
}

impl Bucket {
    pub(in crate::runtime) const fn of(&self, phase: Phase) -> &Group {
        match phase {
            Phase::Request => &self.request,
            Phase::Response => &self.response,
        }
    }
}

/// Which rules a request concerns.
#[derive(Debug)]
pub(in crate::runtime) struct Plan {
    /// The slot that chooses, or `NONE`.
    pub(in crate::runtime) key_slot: u16,
    pub(in crate::runtime) always: Bucket,
    /// What outputs ask.
    pub(in crate::runtime) outputs: Box<[Asked]>,
    keys: Vec<(Value, Bucket)>,
    /// Open addressing: place of a key plus one, zero where free. A power of two long.
    table: Vec<u32>,
    prefixes: Vec<(Value, Bucket)>,
    /// Lengths of prefixes, ascending, unique.
    lengths: Vec<u32>,
}

impl Plan {
    pub(in crate::runtime) fn of(module: &Module, pool: &Pool) -> Self {
        let index = &module.index;
        let list = |rows: &[(u32, Vec<u16>)]| -> Vec<(Value, Bucket)> {
            rows.iter().map(|(key, rules)| (pool.string(*key), bucket(module, rules))).collect()
        };
        let keys = list(&index.keys);
        let prefixes = list(&index.prefixes);
        let mut lengths: Vec<u32> = prefixes.iter().map(|(prefix, _)| prefix.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Self {
            key_slot: index.key_slot,
            always: bucket(module, &index.always),
            outputs: outputs(module),
            table: table(&keys, pool),
            keys,
            prefixes,
            lengths,
        }
    }

    /// The rules for a key that the bundle names. `text` is the text of the program.
    #[inline]
    pub(in crate::runtime) fn key(&self, text: &[u8], key: &[u8]) -> Option<&Bucket> {
        let mask = self.table.len().checked_sub(1)?;
        let mut at = hash(key) & mask;
        loop {
            let entry = self.table.get(at).copied().filter(|entry| *entry != 0)?;
            let (name, bucket) = self.keys.get(entry as usize - 1)?;
            if bytes(text, name) == key {
                return Some(bucket);
            }
            at = (at + 1) & mask;
        }
    }

    /// Number of different lengths that prefixes have.
    pub(in crate::runtime) fn prefix_lengths(&self) -> usize {
        self.lengths.len()
    }

    /// The rules of the prefix of `key` that has length number `at`, if there is such a prefix.
    pub(in crate::runtime) fn prefix(&self, text: &[u8], key: &[u8], at: usize) -> Option<&Bucket> {
        let prefix = key.get(..*self.lengths.get(at)? as usize)?;
        let order = |(name, _): &(Value, Bucket)| bytes(text, name).cmp(prefix);
        let at = self.prefixes.binary_search_by(order).ok()?;
        self.prefixes.get(at).map(|(_, bucket)| bucket)
    }
}

fn bytes<'t>(text: &'t [u8], name: &Value) -> &'t [u8] {
    let start = name.off() as usize;
    text.get(start..start + name.len() as usize).unwrap_or_default()
}

/// Multiply and fold, eight bytes at a time. Keys come from the bundle, so it need not resist
/// requests that are made to collide.
#[expect(clippy::cast_possible_truncation, reason = "the high half is folded in first")]
fn hash(key: &[u8]) -> usize {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut state = key.len() as u64;
    let (words, rest) = key.as_chunks::<8>();
    for word in words {
        state = (state ^ u64::from_le_bytes(*word)).wrapping_mul(FACTOR);
        state ^= state >> 32;
    }
    let mut last = [0_u8; 8];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    state = (state ^ u64::from_le_bytes(last)).wrapping_mul(FACTOR);
    (state ^ (state >> 32)) as usize
}

fn table(keys: &[(Value, Bucket)], pool: &Pool) -> Vec<u32> {
    let mut table = vec![0_u32; (2 * keys.len()).next_power_of_two().max(2)];
    let mask = table.len() - 1;
    for (number, (key, _)) in (1..).zip(keys) {
        let mut at = hash(pool.bytes(key)) & mask;
        // At most half of the places are taken, so a free one is met.
        while table.get(at).is_some_and(|entry| *entry != 0) {
            at = (at + 1) & mask;
        }
        if let Some(place) = table.get_mut(at) {
            *place = number;
        }
    }
    table
}

fn bucket(module: &Module, rules: &[u16]) -> Bucket {
    Bucket {
        request: group(module, rules, Phase::Request),
        response: group(module, rules, Phase::Response),
    }
}

fn group(module: &Module, rules: &[u16], phase: Phase) -> Group {
    let row = |rule: u16| module.rules.get(usize::from(rule));
    let of_phase = |rule: &u16| row(*rule).is_some_and(|row| row.phase == phase);
    let rules: Box<[u16]> = rules.iter().copied().filter(of_phase).collect();
    let mut asked = Vec::new();
    let mut seen = HashSet::new();
    for rule in &rules {
        if let Some(row) = row(*rule) {
            let rows = (row.first_requirement, row.requirements);
            ask(module, rows, Asker::Rule(*rule), &mut seen, &mut asked);
        }
    }
    Group { rules, asked: asked.into() }
}

fn outputs(module: &Module) -> Box<[Asked]> {
    let mut asked = Vec::new();
    let mut seen = HashSet::new();
    for (at, row) in (0..).zip(&module.outputs) {
        let rows = (row.first_requirement, row.requirements);
        ask(module, rows, Asker::Output(at), &mut seen, &mut asked);
    }
    asked.into()
}

/// Adds what is new in `rows`: first requirement and their number.
fn ask(
    module: &Module,
    rows: (u32, u16),
    by: Asker,
    seen: &mut HashSet<Requirement>,
    asked: &mut Vec<Asked>,
) {
    for requirement in requirements(module, rows) {
        let idle = requirement.optional && requirement.ty == NONE;
        if !idle && seen.insert(*requirement) {
            asked.push(Asked { requirement: *requirement, by });
        }
    }
}

/// The requirements from `rows.0` on, `rows.1` of them.
pub(in crate::runtime) fn requirements(module: &Module, rows: (u32, u16)) -> &[Requirement] {
    let first = rows.0 as usize;
    module.requirements.get(first..first + usize::from(rows.1)).unwrap_or_default()
}
