//! Which rules a request concerns and what they ask of it, laid out for deciding.
//!
//! In:      rules, outputs, requirements and index of a module.
//! Out:     `Plan`.
//! Imports: `lang::value`, `runtime::bundle`.

use crate::lang::glob;
use crate::lang::value::Value;
use crate::lang::value::heap::same_bytes;
use crate::runtime::bundle::module::{Module, NONE, Phase, Requirement};
use crate::runtime::program::pool::{self, Pool};
use crate::runtime::program::screen::{Screen, Vetoes, screen};
use crate::runtime::program::sets::Set;
use crate::runtime::program::tree::Readings;

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

/// Slots that must be there, one bit each.
#[derive(Clone, Debug, Default)]
pub(in crate::runtime) struct Needed {
    first: u64,
    rest: Box<[u64]>,
    /// Whether more than presence is asked of some slot, so that each must be looked at.
    typed: bool,
}

impl Needed {
    fn of<'a>(asked: impl IntoIterator<Item = &'a Asked>) -> Self {
        let mut needed = Self::default();
        let mut rest: Vec<u64> = Vec::new();
        let requirements = asked.into_iter().map(|asked| asked.requirement);
        for Requirement { slot, ty, optional, .. } in requirements {
            needed.typed |= ty != NONE;
            let bit = u64::from(!optional) << (slot % 64);
            match usize::from(slot / 64).checked_sub(1) {
                None => needed.first |= bit,
                Some(at) => {
                    rest.resize(rest.len().max(at + 1), 0);
                    if let Some(word) = rest.get_mut(at) {
                        *word |= bit;
                    }
                }
            }
        }
        needed.rest = rest.into();
        needed
    }

    /// Whether the slots of `present`, one bit each, are all that is asked.
    #[inline]
    pub(in crate::runtime) fn met(&self, present: &[u64]) -> bool {
        let Some((first, rest)) = present.split_first() else { return false };
        let lacks = |(needed, present): (&u64, &u64)| needed & !present != 0;
        !self.typed
            && self.first & !first == 0
            && (self.rest.is_empty()
                || rest.len() >= self.rest.len() && !self.rest.iter().zip(rest).any(lacks))
    }
}

/// Rules of one phase, ascending, and what they ask together.
#[derive(Debug, Default)]
pub(in crate::runtime) struct Group {
    pub(in crate::runtime) rules: Box<[u16]>,
    pub(in crate::runtime) asked: Box<[Asked]>,
    /// What a request for which this list is chosen needs: for these rules, for those that are
    /// always asked, for outputs.
    pub(in crate::runtime) needed: Needed,
    /// Which of the rules can fire, and which must.
    pub(in crate::runtime) screen: Screen,
    /// Static cost of the rules together, in units.
    pub(in crate::runtime) cost: u64,
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

    const fn of_mut(&mut self, phase: Phase) -> &mut Group {
        match phase {
            Phase::Request => &mut self.request,
            Phase::Response => &mut self.response,
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
    patterns: Vec<(Value, Bucket)>,
}

impl Plan {
    /// Rules that their screens do not tell get trees.
    pub(in crate::runtime) fn of(
        module: &Module,
        pool: &Pool,
        sets: &[Set],
        readings: &mut Readings<'_>,
    ) -> Self {
        let index = &module.index;
        let mut groups = Groups::of(module, (pool, sets));
        for (number, rule) in (0..).zip(&module.rules) {
            if !groups.vetoes.is_conjunction(number) {
                readings.grow(rule.function);
            }
        }
        let mut always = groups.bucket(&index.always);
        let outputs = groups.outputs();
        let mut list = |rows: &[(u32, Vec<u16>)]| -> Vec<(Value, Bucket)> {
            rows.iter()
                .map(|(key, rules)| (pool::string(module, *key), groups.bucket(rules)))
                .collect()
        };
        let mut keys = list(&index.keys);
        for phase in [Phase::Request, Phase::Response] {
            for (_, bucket) in &mut keys {
                let group = bucket.of_mut(phase);
                let asked = always.of(phase).asked.iter().chain(&outputs).chain(&group.asked);
                group.needed = Needed::of(asked);
            }
            let group = always.of_mut(phase);
            group.needed = Needed::of(group.asked.iter().chain(&outputs));
        }
        let prefixes = list(&index.prefixes);
        let patterns = list(&index.patterns);
        let mut lengths: Vec<u32> = prefixes.iter().map(|(prefix, _)| prefix.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        Self {
            key_slot: index.key_slot,
            always,
            outputs,
            table: table(&keys, pool),
            keys,
            prefixes,
            lengths,
            patterns,
        }
    }

    /// Where the rules stand for a key that the bundle names, as `bucket` takes it: `key` is the
    /// value, `bytes` its text. `text` is the text of the program.
    pub(in crate::runtime) fn place(&self, text: &[u8], key: &Value, bytes: &[u8]) -> Option<u32> {
        let mask = self.table.len().checked_sub(1)?;
        let mut at = hash(key, bytes) & mask;
        loop {
            let entry = self.table.get(at).copied().filter(|entry| *entry != 0)?;
            let (name, _) = self.keys.get(entry as usize - 1)?;
            if name.bits() == key.bits() && same_bytes(bytes, text_of(text, name)) {
                return Some(entry - 1);
            }
            at = (at + 1) & mask;
        }
    }

    /// The rules at a place that `place` found.
    #[inline]
    pub(in crate::runtime) fn bucket(&self, place: u32) -> Option<&Bucket> {
        self.keys.get(place as usize).map(|(_, bucket)| bucket)
    }

    /// Number of different lengths that prefixes have.
    pub(in crate::runtime) fn prefix_lengths(&self) -> usize {
        self.lengths.len()
    }

    /// The rules of the prefix of `key` that has length number `at`, if there is such a prefix.
    pub(in crate::runtime) fn prefix(&self, text: &[u8], key: &[u8], at: usize) -> Option<&Bucket> {
        let prefix = key.get(..*self.lengths.get(at)? as usize)?;
        let order = |(name, _): &(Value, Bucket)| text_of(text, name).cmp(prefix);
        let at = self.prefixes.binary_search_by(order).ok()?;
        self.prefixes.get(at).map(|(_, bucket)| bucket)
    }

    /// Number of patterns.
    pub(in crate::runtime) fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// The rules of pattern number `at`, if `key` matches it.
    pub(in crate::runtime) fn pattern(&self, text: &[u8], key: &str, at: usize) -> Option<&Bucket> {
        let (pattern, bucket) = self.patterns.get(at)?;
        let pattern = std::str::from_utf8(text_of(text, pattern)).ok()?;
        glob::matches(pattern, key).then_some(bucket)
    }
}

#[inline]
fn text_of<'t>(text: &'t [u8], name: &Value) -> &'t [u8] {
    let start = name.off() as usize;
    text.get(start..start + name.len() as usize).unwrap_or_default()
}

/// Multiply and fold, eight bytes at a time; `key` is the value whose text is `text`. Keys come
/// from the bundle, so it need not resist requests that are made to collide.
#[expect(clippy::cast_possible_truncation, reason = "the high half is folded in first")]
#[inline]
fn hash(key: &Value, text: &[u8]) -> usize {
    const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
    let fold = |state: u64, word: u64| {
        let state = (state ^ word).wrapping_mul(FACTOR);
        state ^ (state >> 32)
    };
    // Length and first bytes come with the value; the last word may overlap what came before.
    let mut state = key.bits();
    if let Some(last) = text.last_chunk::<8>() {
        let (words, _) = text.as_chunks::<8>();
        state = words.iter().fold(state, |state, word| fold(state, u64::from_le_bytes(*word)));
        return fold(state, u64::from_le_bytes(*last)) as usize;
    }
    if let Some(last) = text.last_chunk::<4>() {
        state = fold(state, u64::from(u32::from_le_bytes(*last)));
    }
    fold(state, 0) as usize
}

fn table(keys: &[(Value, Bucket)], pool: &Pool) -> Vec<u32> {
    let mut table = vec![0_u32; (2 * keys.len()).next_power_of_two().max(2)];
    let mask = table.len() - 1;
    for (number, (key, _)) in (1..).zip(keys) {
        let mut at = hash(key, pool.bytes(key)) & mask;
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

/// Static cost of a rule.
pub(in crate::runtime) fn cost(module: &Module, rule: u16) -> u64 {
    let row = module.rules.get(usize::from(rule));
    let function = row.and_then(|row| module.functions.get(usize::from(row.function)));
    function.map_or(0, |function| function.cost)
}

/// Makes groups, one after the other, in the same memory.
struct Groups<'m> {
    module: &'m Module,
    constants: (&'m Pool, &'m [Set]),
    vetoes: Vetoes,
    rules: Vec<u16>,
    asked: Vec<Asked>,
    /// Which group is being made, and for each slot what was asked of it first, and in which.
    group: usize,
    first: Vec<(usize, Requirement)>,
}

impl<'m> Groups<'m> {
    fn of(module: &'m Module, constants: (&'m Pool, &'m [Set])) -> Self {
        let nothing = Requirement { slot: NONE, ty: NONE, optional: true, keyed: NONE };
        let first = vec![(0, nothing); module.slots.len()];
        let vetoes = Vetoes::of(module);
        Self { module, constants, vetoes, rules: Vec::new(), asked: Vec::new(), group: 0, first }
    }

    fn bucket(&mut self, rules: &[u16]) -> Bucket {
        Bucket {
            request: self.group(rules, Phase::Request),
            response: self.group(rules, Phase::Response),
        }
    }

    fn group(&mut self, rules: &[u16], phase: Phase) -> Group {
        self.begin();
        for rule in rules {
            let row = self.module.rules.get(usize::from(*rule));
            if let Some(row) = row.filter(|row| row.phase == phase) {
                self.rules.push(*rule);
                self.ask((row.first_requirement, row.requirements), Asker::Rule(*rule));
            }
        }
        let cost = self.rules.iter().map(|rule| cost(self.module, *rule));
        Group {
            rules: self.rules.as_slice().into(),
            asked: self.asked.as_slice().into(),
            needed: Needed::default(),
            screen: screen(&self.vetoes, self.constants, &self.rules),
            cost: cost.fold(0, u64::saturating_add),
        }
    }

    fn outputs(&mut self) -> Box<[Asked]> {
        self.begin();
        for (at, row) in (0..).zip(&self.module.outputs) {
            self.ask((row.first_requirement, row.requirements), Asker::Output(at));
        }
        self.asked.as_slice().into()
    }

    fn begin(&mut self) {
        self.group += 1;
        self.rules.clear();
        self.asked.clear();
    }

    /// Adds what is new in `rows`: first requirement and their number.
    fn ask(&mut self, rows: (u32, u16), by: Asker) {
        for requirement in requirements(self.module, rows) {
            let idle = requirement.optional && requirement.ty == NONE;
            if !idle && self.is_new(*requirement) {
                self.asked.push(Asked { requirement: *requirement, by });
            }
        }
    }

    /// Whether the group does not ask this yet. Nearly always a slot is asked for one thing.
    fn is_new(&mut self, requirement: Requirement) -> bool {
        match self.first.get_mut(usize::from(requirement.slot)) {
            Some((group, first)) if *group == self.group => {
                *first != requirement
                    && self.asked.iter().all(|asked| asked.requirement != requirement)
            }
            Some(first) => {
                *first = (self.group, requirement);
                true
            }
            None => true,
        }
    }
}

/// The requirements from `rows.0` on, `rows.1` of them.
pub(in crate::runtime) fn requirements(module: &Module, rows: (u32, u16)) -> &[Requirement] {
    let first = rows.0 as usize;
    module.requirements.get(first..first + usize::from(rows.1)).unwrap_or_default()
}
