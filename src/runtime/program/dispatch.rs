//! Which rules a request concerns and what they ask of it, laid out for deciding.
//!
//! In:      rules, outputs, requirements and index of a module.
//! Out:     `Dispatch`.
//! Imports: `lang`, `runtime::bundle`.

use crate::lang::glob;
use crate::lang::value::Value;
use crate::lang::value::heap::same_bytes;
use crate::runtime::bundle::module::{Module, Phase, Requirement, RuleRow, Str};
use crate::runtime::program::groups::Groups;
use crate::runtime::program::pool::{self, Pool};
use crate::runtime::program::rank::Rank;
use crate::runtime::program::screen::{BLOCK, Block, Screens};
use crate::runtime::program::tree::TreesBuilder;
use crate::runtime::program::veto::Vetoes;

/// Who asks something of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgramItem {
    /// A rule.
    Rule(u16),
    /// An output.
    Output(u16),
}

/// What is asked of a slot, and who asks first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::runtime) struct SlotRequirement {
    pub(in crate::runtime) requirement: Requirement,
    pub(in crate::runtime) by: ProgramItem,
}

/// A part of a table.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    pub(super) const EMPTY: Self = Self { start: 0, end: 0 };

    const fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// What was put behind `start` entries of a table.
    pub(super) fn since<T>(start: usize, table: &[T]) -> Self {
        let place = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: place(start), end: place(table.len()) }
    }

    #[inline]
    pub(super) const fn is_empty(self) -> bool {
        self.start == self.end
    }

    #[inline]
    pub(super) fn of<T>(self, table: &[T]) -> &[T] {
        table.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Rules of one phase, and what they ask together.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Group {
    /// What sifts its first rules.
    pub(in crate::runtime) block: Block,
    /// Slots that must be there where this list is chosen: for these rules, for those that are
    /// always asked, for outputs. One bit each of the first 64.
    pub(super) needed: u64,
    /// Static cost of the rules together, in units.
    pub(in crate::runtime) cost: u64,
    pub(super) rules: Span,
    /// What few groups have: an entry of `Tables::rare`, or `Self::NOTHING`.
    pub(super) rare: u32,
    /// Whether nothing is asked of types, of these rules nor of what else is asked.
    pub(in crate::runtime) plain: bool,
}

/// What few groups have.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct GroupExtras {
    /// What is asked of types, each once.
    pub(super) typed: Span,
    /// As `Group::needed`, of the slots behind the first 64: `Tables::words`.
    pub(super) more: Span,
    /// What sifts rules behind the first 64.
    pub(super) blocks: Span,
}

impl Group {
    /// Nothing of what is rare.
    pub(super) const NOTHING: u32 = u32::MAX;

    /// No rules.
    pub(in crate::runtime) const EMPTY: Self = Self {
        block: Block::EMPTY,
        needed: 0,
        cost: 0,
        rules: Span::EMPTY,
        rare: Self::NOTHING,
        plain: true,
    };

    /// Whether it has no rules.
    #[inline]
    pub(in crate::runtime) const fn is_empty(&self) -> bool {
        self.block.all == 0
    }

    /// Whether one block sifts it.
    #[inline]
    pub(in crate::runtime) const fn is_short(&self) -> bool {
        self.rules.len() <= BLOCK
    }

    /// How many blocks sift it.
    pub(in crate::runtime) const fn blocks(&self) -> usize {
        self.rules.len().div_ceil(BLOCK)
    }
}

/// The number of the group of a list, by phase.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket(pub(super) [u32; 2]);

impl Bucket {
    #[inline]
    pub(super) const fn of(self, phase: Phase) -> u32 {
        match phase {
            Phase::Request => self.0[0],
            Phase::Response => self.0[1],
        }
    }
}

/// Groups, and what they are made of. Everything of one kind lies in one table.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) groups: Vec<Group>,
    pub(super) rare: Vec<GroupExtras>,
    pub(super) rules: Vec<u16>,
    pub(super) typed: Vec<SlotRequirement>,
    pub(super) words: Vec<u64>,
    pub(super) screens: Screens,
}

/// Which rules a request concerns.
#[derive(Debug)]
pub(in crate::runtime) struct Dispatch {
    /// The slot that chooses, or `NONE`.
    pub(in crate::runtime) key_slot: u16,
    always: Bucket,
    /// What outputs ask of types, each once.
    outputs: Span,
    tables: Tables,
    /// Of every rule, how loud it speaks with its first outcome.
    ranks: Vec<Rank>,
    keys: Vec<(Value, Bucket)>,
    /// Open addressing: place of a key plus one, zero where free. A power of two long.
    table: Vec<u32>,
    prefixes: Vec<(Value, Bucket)>,
    /// Lengths of prefixes, ascending, unique.
    lengths: Vec<u32>,
    patterns: Vec<(Value, Bucket)>,
}

impl Dispatch {
    /// Rules that their screens do not tell get trees.
    pub(in crate::runtime) fn of(
        module: &Module,
        pool: &Pool,
        readings: &mut TreesBuilder<'_>,
    ) -> Self {
        let index = &module.index;
        let vetoes = Vetoes::of(module, pool, readings);
        for (number, rule) in (0..).zip(&module.rules) {
            if !vetoes.is_conjunction(number) {
                readings.grow(rule.function);
            }
        }
        let mut groups = Groups::of(module, pool, (&vetoes, &readings.terms));
        let outputs = groups.outputs();
        let always = groups.always();
        let mut list = |rows: &[(Str, Vec<u16>)]| -> Vec<(Value, Bucket)> {
            let row =
                |(key, rules): &(Str, Vec<u16>)| (pool::string(module, *key), groups.bucket(rules));
            rows.iter().map(row).collect()
        };
        let (keys, prefixes, patterns) =
            (list(&index.keys), list(&index.prefixes), list(&index.patterns));
        let mut lengths: Vec<u32> = prefixes.iter().map(|(prefix, _)| prefix.len()).collect();
        lengths.sort_unstable();
        lengths.dedup();
        let rank = |row: &RuleRow| {
            let said = module.outcomes.get(usize::from(row.first_outcome));
            said.map_or(Rank::SILENT, |said| Rank::of(row, said, row.first_outcome))
        };
        let mut tables = groups.finish();
        tables.screens.literals = vetoes.literals;
        Self {
            key_slot: index.key_slot,
            always,
            outputs,
            tables,
            ranks: module.rules.iter().map(rank).collect(),
            table: table(&keys, pool),
            keys,
            prefixes,
            lengths,
            patterns,
        }
    }

    /// How the lists of rules are sifted.
    #[inline]
    pub(in crate::runtime) const fn screens(&self) -> &Screens {
        &self.tables.screens
    }

    /// The rules that are asked for every key.
    #[inline]
    pub(in crate::runtime) fn always(&self, phase: Phase) -> &Group {
        self.group(self.always, phase)
    }

    #[inline]
    fn group(&self, bucket: Bucket, phase: Phase) -> &Group {
        self.tables.groups.get(bucket.of(phase) as usize).unwrap_or(&Group::EMPTY)
    }

    /// The rules of a group, ascending.
    #[inline]
    pub(in crate::runtime) fn rules(&self, group: &Group) -> &[u16] {
        group.rules.of(&self.tables.rules)
    }

    /// What a group asks of types.
    pub(in crate::runtime) fn typed(&self, group: &Group) -> &[SlotRequirement] {
        self.rare(group).map_or(&[], |rare| rare.typed.of(&self.tables.typed))
    }

    #[inline]
    fn rare(&self, group: &Group) -> Option<&GroupExtras> {
        self.tables.rare.get(group.rare as usize)
    }

    /// What sifts the rules of a group, 64 by 64.
    pub(in crate::runtime) fn blocks<'p>(
        &'p self,
        group: &'p Group,
    ) -> impl Iterator<Item = &'p Block> {
        let first = Some(&group.block).filter(|_| !group.is_empty());
        let others = self.rare(group).map_or(&[][..], |rare| self.screens().blocks(rare.blocks));
        first.into_iter().chain(others)
    }

    /// What outputs ask of types.
    pub(in crate::runtime) fn typed_for_outputs(&self) -> &[SlotRequirement] {
        self.outputs.of(&self.tables.typed)
    }

    /// Whether the slots of `present` and `more`, one bit each, are all that must be there for a
    /// group and what else is asked with it.
    #[inline]
    pub(in crate::runtime) fn met(&self, group: &Group, present: u64, more: &[u64]) -> bool {
        let more = self.rare(group).filter(|rare| !rare.more.is_empty()).map(|rare| (rare, more));
        group.needed & !present == 0 && more.is_none_or(|more| self.met_behind(more))
    }

    #[inline(never)]
    fn met_behind(&self, (rare, present): (&GroupExtras, &[u64])) -> bool {
        let more = rare.more.of(&self.tables.words);
        let lacks = |(needed, present): (&u64, &u64)| needed & !present != 0;
        present.len() >= more.len() && !more.iter().zip(present).any(lacks)
    }

    /// How loud a rule speaks with its first outcome.
    #[inline]
    pub(in crate::runtime) fn rank(&self, rule: u16) -> Rank {
        self.ranks.get(usize::from(rule)).copied().unwrap_or(Rank::SILENT)
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
    pub(in crate::runtime) fn named(&self, place: u32, phase: Phase) -> Option<&Group> {
        self.keys.get(place as usize).map(|(_, bucket)| self.group(*bucket, phase))
    }

    /// Number of different lengths that prefixes have.
    pub(in crate::runtime) fn prefix_lengths(&self) -> usize {
        self.lengths.len()
    }

    /// The rules of the prefix of `key` that has length number `at`, if there is such a prefix.
    pub(in crate::runtime) fn prefix(
        &self,
        text: &[u8],
        key: &[u8],
        (at, phase): (usize, Phase),
    ) -> Option<&Group> {
        let prefix = key.get(..*self.lengths.get(at)? as usize)?;
        let order = |(name, _): &(Value, Bucket)| text_of(text, name).cmp(prefix);
        let at = self.prefixes.binary_search_by(order).ok()?;
        self.prefixes.get(at).map(|(_, bucket)| self.group(*bucket, phase))
    }

    /// Number of patterns.
    pub(in crate::runtime) fn patterns(&self) -> usize {
        self.patterns.len()
    }

    /// The rules of pattern number `at`, if `key` matches it.
    pub(in crate::runtime) fn pattern(
        &self,
        text: &[u8],
        key: &str,
        (at, phase): (usize, Phase),
    ) -> Option<&Group> {
        let (pattern, bucket) = self.patterns.get(at)?;
        let pattern = std::str::from_utf8(text_of(text, pattern)).ok()?;
        glob::matches(pattern, key).then(|| self.group(*bucket, phase))
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

/// The requirements from `rows.0` on, `rows.1` of them.
pub(in crate::runtime) fn requirements(module: &Module, rows: (u32, u16)) -> &[Requirement] {
    let first = rows.0 as usize;
    module.requirements.get(first..first + usize::from(rows.1)).unwrap_or_default()
}
