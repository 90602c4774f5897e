//! Which decisions change: a condition that tells them from all others.
//!
//! In:      the sorts of decisions, and the bundles whose atoms and rules they speak of.
//! Out:     `Condition`: literals over the rules that changed, and what other rules say beside, in
//!          words, with how well both tell.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`, `tools::inspect`.
//!
//! Decisions change in a way because some rules fire or no longer do. Which of them these are is
//! told first: by atoms of those rules that came out alike in all of the decisions and by the key
//! that they share, and, where no atoms do, by the conditions of those rules. What else must hold
//! for the effect to be what it is, is told by other rules: that none denies, that one escalates.
//! Of tests that could be taken the one is that tells most of the others away. An atom that was
//! not evaluated in one of the others tells nothing of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::arrange::{Arrange as _, gathered};
use crate::lang::decision::Effect;
use crate::runtime::bundle::debug::{Place, RuleAtom};
use crate::runtime::bundle::module::SlotRow;
use crate::runtime::program::Program;
use crate::runtime::vm::observe::AtomState;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::inspect::generated::is_approval;
use crate::tools::inspect::reads::dotted;
use crate::tools::replay::impact::{Impact, Sort, Way};
use crate::tools::replay::words::{Literal, beside, conjunction};

/// Most keys that a condition names.
const KEYS_MAX: usize = 4;
/// Most tests of one kind that a condition is made of.
const TESTS_MAX: usize = 8;

/// A condition on records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// As a policy would write it; empty where nothing is known.
    pub text: String,
    /// What other rules say beside: `` `night` fires; `scope` does not``. Perhaps nothing.
    pub beside: String,
    /// Records that change in the way.
    pub members: u64,
    /// Records that all of it fits and that do not change in the way.
    pub others: u64,
}

/// One of the two bundles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    Before,
    After,
}

/// A test of a sort: a literal that is not in words yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Test {
    /// The key is one of those of the members.
    Key,
    /// An atom came out so.
    Atom(Side, u16, bool),
    /// A rule fired, or did not.
    Fires(Side, u16, bool),
    /// Some rule of this effect fired, which need not be the same in all of the members.
    Speaks(Side, Effect),
}

/// A program with what its source says, and the rules that matter.
struct Bundle<'p> {
    worded: &'p DescribedProgram<'p>,
    /// Rules whose firing makes the way.
    changed: BTreeSet<u16>,
}

impl<'p> Bundle<'p> {
    fn of(worded: &'p DescribedProgram<'p>, changed: &BTreeSet<&str>) -> Self {
        let program = worded.program;
        let changed = rules(program).filter(|rule| changed.contains(program.rule_id(*rule)));
        Self { worded, changed: changed.collect() }
    }

    fn effect(&self, rule: u16) -> Option<Effect> {
        effect(self.worded.program, rule)
    }

    /// The atoms of the rules that make the way.
    fn atoms(&self) -> BTreeSet<u16> {
        let of = |rule: &u16| self.worded.debug.rules.get(usize::from(*rule));
        let rules = self.changed.iter().filter_map(of);
        gathered(rules.flat_map(|rule| rule.atoms.iter().map(|own| own.atom)))
    }

    fn text(&self, place: Place) -> Option<String> {
        let text = self.worded.text(place);
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The condition of a rule as its source writes it; nothing of one that nobody wrote, whose
    /// atoms are told.
    fn condition(&self, rule: u16) -> Option<String> {
        let own = self.worded.debug.rules.get(usize::from(rule));
        let atoms = own.map_or(&[][..], |own| own.atoms.as_slice());
        // What lifts a rule once it was approved stands behind conditions that somebody wrote.
        let asked = |own: &RuleAtom| self.worded.generated_at(own.atom, own.place);
        if atoms.iter().filter_map(asked).any(|asked| !is_approval(asked)) {
            return None;
        }
        let function = self.worded.program.module().rules.get(usize::from(rule))?.function;
        self.text(self.worded.debug.functions.get(usize::from(function))?.1)
    }
}

fn rules(program: &Program) -> std::ops::Range<u16> {
    0..u16::try_from(program.module().rules.len()).unwrap_or(u16::MAX)
}

/// The effect of a rule that has one.
fn effect(program: &Program, rule: u16) -> Option<Effect> {
    let module = program.module();
    let row = module.rules.get(usize::from(rule)).filter(|row| row.outcomes > 0)?;
    module.outcomes.get(usize::from(row.first_outcome)).map(|outcome| outcome.effect)
}

/// What conditions are found in.
struct Search<'a> {
    before: Option<Bundle<'a>>,
    after: Bundle<'a>,
    keys: BTreeSet<Option<&'a str>>,
    members: Vec<&'a Sort>,
    /// Those that are not told from the members yet.
    left: Vec<(&'a Sort, u64)>,
    taken: Vec<Test>,
}

/// The condition under which decisions change in a way. `from` is the bundle that decided before,
/// where that is one.
#[must_use]
pub fn condition(
    impact: &Impact,
    way: &Way,
    from: Option<&DescribedProgram<'_>>,
    to: &DescribedProgram<'_>,
) -> Condition {
    let sorts = || impact.sorts.rows().map(|(sort, count)| (sort, count.records));
    let (members, left): (Vec<_>, Vec<_>) =
        sorts().partition(|(sort, _)| sort.way.as_ref() == Some(way));
    let count = members.iter().map(|(_, records)| records).sum();
    let members: Vec<&Sort> = members.into_iter().map(|(sort, _)| sort).collect();
    let Some(first) = members.first() else { return Condition::default() };
    let from = from.filter(|from| members.iter().all(|sort| sort.from == from.program.digest()));
    let ids = changed(way, first, (from.map(|from| from.program), to.program));
    let keys = members.iter().map(|sort| sort.key.as_deref()).collect();
    let (before, after) = (from.map(|from| Bundle::of(from, &ids)), Bundle::of(to, &ids));
    let mut search = Search { before, after, keys, members, left, taken: Vec::new() };
    search.run();
    let (text, beside) = search.words();
    let others = search.left.iter().map(|(_, records)| records).sum();
    Condition { text, beside, members: count, others }
}

/// The ids of the rules that make a way: those that fire in one of both only, and those that fire
/// in both for another effect.
fn changed<'a>(
    way: &'a Way,
    first: &Sort,
    (from, to): (Option<&'a Program>, &'a Program),
) -> BTreeSet<&'a str> {
    let mut ids: BTreeSet<&str> = gathered(way.gone.iter().chain(&way.new).map(String::as_str));
    let Some(from) = from else { return ids };
    let old: BTreeMap<&str, u16> = gathered(rules(from).map(|rule| (from.rule_id(rule), rule)));
    ids.extend(first.fired.iter().filter_map(|rule| {
        let id = to.rule_id(*rule);
        let was = effect(from, *old.get(id)?);
        (was != effect(to, *rule)).then_some(id)
    }));
    ids
}

impl<'a> Search<'a> {
    fn run(&mut self) {
        let first: Vec<Test> = self.of_changed_rules();
        self.take(&first, |search, sort| !search.makes_the_way(sort));
        let whole: Vec<Test> = self.changed_rules();
        self.take(&whole, |search, sort| !search.makes_the_way(sort));
        let other: Vec<Test> = self.other_rules();
        self.take(&other, |_, _| true);
        let rest: Vec<Test> = self.all_atoms();
        self.take(&rest, |_, _| true);
    }

    const fn bundle(&self, side: Side) -> Option<&Bundle<'a>> {
        match side {
            Side::Before => self.before.as_ref(),
            Side::After => Some(&self.after),
        }
    }

    fn bundles(&self) -> impl Iterator<Item = (Side, &Bundle<'a>)> {
        let before = self.before.as_ref().map(|before| (Side::Before, before));
        [(Side::After, &self.after)].into_iter().chain(before)
    }

    /// Whether the rules that make the way fire in a sort as they do in the members.
    fn makes_the_way(&self, sort: &Sort) -> bool {
        let Some(first) = self.members.first() else { return false };
        self.bundles().all(|(side, bundle)| {
            let alike =
                |rule: &u16| fired(sort, side).contains(rule) == fired(first, side).contains(rule);
            bundle.changed.iter().all(alike)
        })
    }

    /// The key, and the atoms of the rules that make the way.
    fn of_changed_rules(&self) -> Vec<Test> {
        let mut tests = self.key();
        for (side, bundle) in self.bundles() {
            tests.extend(self.atoms(side, bundle.atoms().into_iter()));
        }
        tests
    }

    /// The rules that make the way, as wholes.
    fn changed_rules(&self) -> Vec<Test> {
        let of = |(side, bundle): (Side, &Bundle<'a>)| -> Vec<Test> {
            bundle.changed.iter().filter_map(|rule| self.fires(side, *rule)).collect()
        };
        self.bundles().flat_map(of).collect()
    }

    /// What rules say that do not make the way.
    fn other_rules(&self) -> Vec<Test> {
        let mut tests = Vec::new();
        for (side, bundle) in self.bundles() {
            let sorts = self.left.iter().map(|(sort, _)| *sort).chain(self.members.iter().copied());
            let spoke: BTreeSet<u16> = gathered(sorts.flat_map(|sort| fired(sort, side)).copied());
            let others = spoke.difference(&bundle.changed);
            tests.extend(others.filter_map(|rule| self.fires(side, *rule)));
            let speaks = Effect::ALL.into_iter().map(|effect| Test::Speaks(side, effect));
            tests.extend(speaks.filter(|test| self.all_pass(*test)));
        }
        tests
    }

    fn all_atoms(&self) -> Vec<Test> {
        let mut tests = self.key();
        for (side, bundle) in self.bundles() {
            let atoms = 0..u16::try_from(bundle.worded.debug.atoms.len()).unwrap_or(u16::MAX);
            tests.extend(self.atoms(side, atoms));
        }
        tests
    }

    fn key(&self) -> Vec<Test> {
        let named = self.keys.len() <= KEYS_MAX && !self.keys.contains(&None);
        named.then_some(Test::Key).into_iter().collect()
    }

    /// Those of `atoms` that came out alike in all members.
    fn atoms(&self, side: Side, atoms: impl Iterator<Item = u16>) -> Vec<Test> {
        let Some(first) = self.members.first() else { return Vec::new() };
        let test =
            |atom| Some(Test::Atom(side, atom, truth(AtomState::of(bits(first, side), atom))?));
        atoms.filter_map(test).filter(|test| self.all_pass(*test)).collect()
    }

    /// Whether a rule fired, if that is alike in all members.
    fn fires(&self, side: Side, rule: u16) -> Option<Test> {
        let first = self.members.first()?;
        let test = Test::Fires(side, rule, fired(first, side).contains(&rule));
        self.all_pass(test).then_some(test)
    }

    fn all_pass(&self, test: Test) -> bool {
        self.members.iter().all(|sort| self.holds(sort, test) == Some(true))
    }

    /// Whether a sort passes a test; `None` where that is not known.
    fn holds(&self, sort: &Sort, test: Test) -> Option<bool> {
        match test {
            Test::Key => Some(self.keys.contains(&sort.key.as_deref())),
            Test::Atom(side, atom, wanted) => {
                truth(AtomState::of(bits(sort, side), atom)).map(|found| found == wanted)
            }
            Test::Fires(side, ..) | Test::Speaks(side, _) if !settled(sort, side) => None,
            Test::Fires(side, rule, wanted) => Some(fired(sort, side).contains(&rule) == wanted),
            Test::Speaks(side, effect) => {
                let bundle = self.bundle(side)?;
                Some(fired(sort, side).iter().any(|rule| bundle.effect(*rule) == Some(effect)))
            }
        }
    }

    /// Takes those of `tests` that tell most of the others away about which `matters`.
    fn take(&mut self, tests: &[Test], matters: impl Fn(&Self, &Sort) -> bool) {
        let mut wrong: Vec<(&'a Sort, u64)> =
            self.left.iter().filter(|(sort, _)| matters(self, sort)).copied().collect();
        for _ in 0..TESTS_MAX {
            let told = |test: &&Test| -> u64 {
                let away = wrong.iter().filter(|(sort, _)| self.holds(sort, **test) == Some(false));
                away.map(|(_, records)| *records).sum()
            };
            // Of those that tell as much the first is taken.
            let best = tests.iter().rev().max_by_key(told).filter(|best| told(best) > 0);
            let Some(best) = best.copied() else { break };
            wrong.retain(|(sort, _)| self.holds(sort, best) != Some(false));
            let left = std::mem::take(&mut self.left);
            let stays = |(sort, _): &(&Sort, u64)| self.holds(sort, best) != Some(false);
            self.left = left.into_iter().filter(stays).collect();
            self.taken.push(best);
        }
    }

    /// What was taken in words: the condition, and what other rules say beside.
    fn words(&mut self) -> (String, String) {
        self.taken.arrange();
        let (mut literals, mut fire, mut silent) = (Vec::new(), Vec::new(), Vec::new());
        for test in &self.taken {
            match self.literal(*test) {
                Some(literal) => literals.push(literal),
                None => match *test {
                    Test::Fires(side, rule, true) => fire.push(vec![self.id(side, rule)]),
                    Test::Fires(side, rule, false) => silent.push(self.id(side, rule)),
                    Test::Speaks(side, effect) => fire.push(self.speakers(side, effect)),
                    Test::Key | Test::Atom(..) => {}
                },
            }
        }
        (conjunction(&literals), beside(&fire, &silent))
    }

    fn id(&self, side: Side, rule: u16) -> String {
        self.bundle(side)
            .map(|bundle| bundle.worded.program.rule_id(rule).to_owned())
            .unwrap_or_default()
    }

    /// The rules of an effect that fire in some of the members.
    fn speakers(&self, side: Side, effect: Effect) -> Vec<String> {
        let Some(bundle) = self.bundle(side) else { return Vec::new() };
        let all = self.members.iter().flat_map(|sort| fired(sort, side)).copied();
        let own: BTreeSet<u16> = gathered(all.filter(|rule| bundle.effect(*rule) == Some(effect)));
        own.into_iter().map(|rule| self.id(side, rule)).collect()
    }

    /// What the source says of a test: of atoms, and of the rules that make the way.
    fn literal(&self, test: Test) -> Option<Literal> {
        match test {
            Test::Key => Some(Literal { text: self.asked(), holds: true }),
            Test::Atom(side, atom, holds) => {
                let bundle = self.bundle(side)?;
                let own = bundle.worded.atom_text(atom);
                let own = Some(own.to_owned()).filter(|own| !own.is_empty())?;
                Some(Literal { text: own, holds: holds != bundle.worded.is_turned(atom) })
            }
            Test::Fires(side, rule, holds) => {
                let bundle = self.bundle(side)?;
                let own = bundle.changed.contains(&rule).then(|| bundle.condition(rule))??;
                Some(Literal { text: own, holds })
            }
            Test::Speaks(..) => None,
        }
    }

    /// Which keys the members have.
    fn asked(&self) -> String {
        let path = key_path(self.after.worded.program);
        let quoted = self.keys.iter().flatten().map(|key| format!("{key:?}"));
        let quoted: Vec<String> = quoted.collect();
        match quoted.as_slice() {
            [one] => format!("{path} == {one}"),
            several => format!("{path} in [{}]", several.join(", ")),
        }
    }
}

const fn truth(known: AtomState) -> Option<bool> {
    match known {
        AtomState::True => Some(true),
        AtomState::False => Some(false),
        AtomState::Unseen | AtomState::Error => None,
    }
}

const fn bits(sort: &Sort, side: Side) -> &[u8] {
    match side {
        Side::Before => sort.before.as_slice(),
        Side::After => sort.after.as_slice(),
    }
}

/// Whether it is known what fired in a sort.
const fn settled(sort: &Sort, side: Side) -> bool {
    let [before, after] = sort.settled;
    match side {
        Side::Before => before,
        Side::After => after,
    }
}

const fn fired(sort: &Sort, side: Side) -> &[u16] {
    match side {
        Side::Before => sort.was.as_slice(),
        Side::After => sort.fired.as_slice(),
    }
}

/// The key of requests as CEL writes it.
fn key_path(program: &Program) -> String {
    let module = program.module();
    match module.slots.get(usize::from(module.index.key_slot)) {
        Some(SlotRow::Value(node)) => dotted(module, *node),
        Some(SlotRow::Presence(_) | SlotRow::Now) | None => String::new(),
    }
}
