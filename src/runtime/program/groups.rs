//! Groups in the making: the rules of a list by phase, with what they ask together.
//!
//! In:      rules, outputs and requirements of a module.
//! Out:     `Tables`.
//! Imports: `runtime::bundle`.

use std::collections::HashSet;

use crate::runtime::bundle::module::{Module, NONE, Phase, Requirement};
use crate::runtime::program::dispatch::{
    Bucket, Group, GroupExtras, ProgramItem, SlotRequirement, Span, Tables, cost, requirements,
};
use crate::runtime::program::pool::Pool;
use crate::runtime::program::screen::{Source, Workspace};
use crate::runtime::program::terms::Terms;
use crate::runtime::program::veto::Vetoes;

const PHASES: [Phase; 2] = [Phase::Request, Phase::Response];

/// Makes groups, one after the other.
pub(super) struct Groups<'m> {
    module: &'m Module,
    pool: &'m Pool,
    vetoes: &'m Vetoes,
    terms: &'m Terms,
    tables: Tables,
    work: Workspace,
    /// Slots that the group needs that is being made, one bit each, and those that all need.
    needed: Vec<u64>,
    common: [Vec<u64>; 2],
    /// Whether outputs, or rules that are always asked, ask something of types.
    typed: [bool; 2],
    /// For each slot what was asked of its type first, and behind how many such questions.
    first: Vec<(u32, Requirement)>,
    /// What the group asks of types of slots that it asks for several.
    others: HashSet<Requirement>,
    /// The group for lists without a rule of the phase.
    empty: Bucket,
}

impl<'m> Groups<'m> {
    pub(super) fn of(
        module: &'m Module,
        pool: &'m Pool,
        (vetoes, terms): (&'m Vetoes, &'m Terms),
    ) -> Self {
        let nothing = Requirement { slot: NONE, ty: NONE, optional: true, keyed: NONE };
        let words = vec![0; module.slots.len().div_ceil(64).max(1)];
        Self {
            module,
            pool,
            vetoes,
            terms,
            tables: Tables::default(),
            work: Workspace::default(),
            needed: words.clone(),
            common: [words.clone(), words],
            typed: [false, false],
            first: vec![(0, nothing); module.slots.len()],
            others: HashSet::new(),
            empty: Bucket::default(),
        }
    }

    /// What was made.
    pub(super) fn finish(self) -> Tables {
        let mut tables = self.tables;
        tables.groups.shrink_to_fit();
        tables.rare.shrink_to_fit();
        tables.rules.shrink_to_fit();
        tables.typed.shrink_to_fit();
        tables.words.shrink_to_fit();
        tables.screens.shrink();
        tables
    }

    /// What outputs ask of types. They come first: every group takes in what outputs need.
    pub(super) fn outputs(&mut self) -> Span {
        for (at, row) in (0..).zip(&self.module.outputs) {
            self.ask(0, (row.first_requirement, row.requirements), ProgramItem::Output(at));
        }
        let typed = Span::since(0, &self.tables.typed);
        self.typed = [!self.tables.typed.is_empty(); 2];
        self.common = [self.needed.clone(), self.needed.clone()];
        typed
    }

    /// The rules that are always asked. They come second, for the same reason.
    pub(super) fn always(&mut self) -> Bucket {
        let module = self.module;
        let always = Bucket(PHASES.map(|phase| {
            let group = self.group(&module.index.always, phase);
            let at = usize::from(phase == Phase::Response);
            let made = self.tables.groups.get(group as usize);
            if let Some(typed) = self.typed.get_mut(at) {
                *typed = made.is_some_and(|made| !made.plain);
            }
            if let Some(common) = self.common.get_mut(at) {
                common.clone_from(&self.needed);
            }
            group
        }));
        self.empty = Bucket(PHASES.map(|phase| self.group(&[], phase)));
        always
    }

    /// The rules of a list of the index.
    pub(super) fn bucket(&mut self, rules: &[u16]) -> Bucket {
        Bucket(PHASES.map(|phase| {
            let of_phase = |rule: &u16| {
                self.module.rules.get(usize::from(*rule)).is_some_and(|row| row.phase == phase)
            };
            if rules.iter().any(of_phase) { self.group(rules, phase) } else { self.empty.of(phase) }
        }))
    }

    /// The number of a group for the rules of one phase.
    fn group(&mut self, rules: &[u16], phase: Phase) -> u32 {
        let at = usize::from(phase == Phase::Response);
        let common = self.common.get(at).map_or(&[][..], Vec::as_slice);
        self.needed.copy_from_slice(common);
        let (first, typed) = (self.tables.rules.len(), self.tables.typed.len());
        self.others.clear();
        let mut together = 0_u64;
        for rule in rules {
            let row = self.module.rules.get(usize::from(*rule));
            if let Some(row) = row.filter(|row| row.phase == phase) {
                self.tables.rules.push(*rule);
                self.ask(
                    typed,
                    (row.first_requirement, row.requirements),
                    ProgramItem::Rule(*rule),
                );
                together = together.saturating_add(cost(self.module, *rule));
            }
        }
        let (needed, more) = self.needed.split_first().unwrap_or((&0, &[]));
        let (needed, words) = (*needed, self.tables.words.len());
        if more.iter().any(|word| *word != 0) {
            self.tables.words.extend_from_slice(more);
        }
        let Self { module, pool, vetoes, terms, .. } = *self;
        let source = Source { module, pool, vetoes, terms };
        let own = self.tables.rules.get(first..).unwrap_or_default();
        let (block, blocks) = self.tables.screens.add(source, own, &mut self.work);
        let typed = Span::since(typed, &self.tables.typed);
        let more = Span::since(words, &self.tables.words);
        let rare = [typed, more, blocks].iter().any(|it| !it.is_empty());
        let number = u32::try_from(self.tables.rare.len()).unwrap_or(Group::NOTHING);
        self.tables.rare.extend(rare.then_some(GroupExtras { typed, more, blocks }));
        self.tables.groups.push(Group {
            block,
            needed,
            cost: together,
            rules: Span::since(first, &self.tables.rules),
            rare: if rare { number } else { Group::NOTHING },
            plain: typed.is_empty() && self.typed.get(at) == Some(&false),
        });
        u32::try_from(self.tables.groups.len() - 1).unwrap_or(u32::MAX)
    }

    /// Takes in requirements: the first and their number. `start` is where the questions about
    /// types begin that the group asks.
    fn ask(&mut self, start: usize, rows: (u32, u16), by: ProgramItem) {
        for requirement in requirements(self.module, rows) {
            if !requirement.optional {
                let word = self.needed.get_mut(usize::from(requirement.slot / 64));
                if let Some(word) = word {
                    *word |= 1 << (requirement.slot % 64);
                }
            }
            if requirement.ty != NONE && self.is_new(start, *requirement) {
                self.tables.typed.push(SlotRequirement { requirement: *requirement, by });
            }
        }
    }

    /// Whether the group does not ask this yet. Nearly always a slot is asked for one thing.
    fn is_new(&mut self, start: usize, requirement: Requirement) -> bool {
        let asked = self.tables.typed.get(start..).unwrap_or_default();
        let place = u32::try_from(start + asked.len()).unwrap_or(u32::MAX) + 1;
        match self.first.get_mut(usize::from(requirement.slot)) {
            Some((known, first)) if *known as usize > start => {
                *first != requirement && self.others.insert(requirement)
            }
            Some(first) => {
                *first = (place, requirement);
                true
            }
            None => true,
        }
    }
}
