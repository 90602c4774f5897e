//! What changed between two bundles: rule by rule, and as a whole; proved where it can be.
//!
//! In:      two verified programs.
//! Out:     `Difference`.
//! Imports: `base`, `compiler::solve`, `lang`, `runtime::bundle`, `runtime::program`,
//!          `runtime::vm`, `tools::paths`, `tools::trial`.
//! Source:  `docs/diff.md`.
//!
//! Both are compared on the inputs that neither refuses; apart from that it is asked whether the
//! lack of a place refuses inputs in one of them that the other lets through. Every input that is
//! shown was decided by both programs.

mod change;
mod meta;
pub mod outputs;
pub mod search;
mod second;
pub mod seeds;
mod sessions;
pub mod solver;
pub mod traffic;

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use crate::base::arrange::gathered;
use crate::compiler::solve::formula::{Formulas, Lit};
use crate::compiler::solve::input::Example;
use crate::compiler::solve::query::{Answer, Query, QuerySolver, Undecided};
use crate::compiler::solve::rules::{EffectFormulas, Meaning, PHASES, RuleMeaning, meanings};
use crate::compiler::solve::store::Store;
use crate::compiler::solve::words::conditions;
use crate::lang::decision::Effect;
use crate::runtime::bundle::debug;
use crate::runtime::bundle::module::Phase;
use crate::runtime::program::Program;
use crate::runtime::vm::hosts::HostTable;
pub use crate::tools::diff::change::{Change, Changes, Proof, RecordInput, Verdict};
use crate::tools::diff::meta::{BundleDescription, describe, places_that_differ};
use crate::tools::diff::outputs::OutputChange;
use crate::tools::diff::search::{Search, beside};
use crate::tools::diff::second::Second;
pub use crate::tools::diff::second::SolverTally;
use crate::tools::diff::seeds::Seed;
use crate::tools::diff::solver::Solver;
use crate::tools::paths::{normalize, slashed};
use crate::tools::trial::{Trial, TrialDecision, TrialInput};

/// Most conditions of one kind that are shown.
const CONDITIONS_MAX: usize = 5;
/// What is said of a rule whose source differs and nothing else.
const REWORDED: &str = "another wording";

/// Which of both has a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// The new one alone.
    Added,
    /// The old one alone.
    Removed,
    /// Both.
    Both,
}

/// Where a rule stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Its file: the logical path, unless `Difference::below` was told what stands before it.
    pub path: String,
    /// Its first line, from 1.
    pub line: u32,
    /// Its last line.
    pub end_line: u32,
}

impl Site {
    /// `file:line`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}:{}", self.path, self.line)
    }
}

/// A rule that is not the same in both.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleChange {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub presence: Presence,
    /// Where it stands: in the new bundle if it is there.
    pub place: Option<Site>,
    /// What differs beside its condition, in words.
    pub details: Vec<String>,
    /// Whether it decides nothing.
    pub shadow: bool,
    /// What changes.
    pub changes: Changes,
}

impl RuleChange {
    /// Whether nothing of it differs: it is told for what that rests on.
    #[must_use]
    pub fn is_same(&self) -> bool {
        let both = self.presence == Presence::Both && self.details.is_empty();
        both && self.changes.verdict() == Verdict::Same
    }
}

/// What changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// Rules that are not the same, in order of the new bundle; those that were removed behind.
    pub rules: Vec<RuleChange>,
    /// Number of rules that are the same.
    pub same: usize,
    /// What changes in decisions.
    pub whole: Changes,
    /// Inputs that lack a place: let through now and refused before, and the other way round.
    pub inputs: Changes,
    /// Places that both read, and not as the same type: path, old and new.
    pub types: Vec<(String, String, String)>,
    /// Such places at which a value may stand now that could not before. Inputs with one were
    /// refused, so no comparison tells what becomes of them.
    pub widened: Vec<String>,
    /// Outputs that are not known to be the same, by name.
    pub outputs: Vec<(String, OutputChange)>,
    /// Whether no input fits both, so that nothing can be compared.
    pub apart: bool,
    /// Whether costs are counted while one of them runs, so that nothing is proved.
    pub metered: bool,
    /// Whether sessions may know something else: labels, tools, meters, limits, a plan.
    pub sessions: bool,
    /// What of that is known to differ, in words.
    pub session_tables: Vec<String>,
    /// Other settings that differ, in words.
    pub settings: Vec<String>,
    /// What another solver was asked, if one was chosen.
    pub solver: Option<SolverTally>,
}

impl Difference {
    /// With what stands before the logical paths of the old and the new sources in front of them.
    #[must_use]
    pub fn below(mut self, old: &str, new: &str) -> Self {
        for rule in &mut self.rules {
            let prefix = if rule.presence == Presence::Removed { old } else { new };
            if let Some(site) = &mut rule.place {
                site.path = slashed(&normalize(Path::new(&format!("{prefix}{}", site.path))));
            }
        }
        self
    }

    /// Whether something is known to differ, wording apart.
    #[must_use]
    pub fn differs(&self) -> bool {
        let known =
            |changes: &Changes| !matches!(changes.verdict(), Verdict::Same | Verdict::Unknown);
        let rule = |rule: &RuleChange| {
            let details = rule.details.iter().any(|it| it != REWORDED);
            details || rule.presence != Presence::Both || known(&rule.changes)
        };
        let outputs = self.outputs.iter().any(|(_, what)| *what != OutputChange::Unknown);
        self.rules.iter().any(rule)
            || outputs
            || !self.types.is_empty()
            || !self.settings.is_empty()
            || known(&self.whole)
            || known(&self.inputs)
    }

    /// Whether every question was settled.
    #[must_use]
    pub fn settled(&self) -> bool {
        let outputs = self.outputs.iter().all(|(_, what)| *what != OutputChange::Unknown);
        let rules = self.rules.iter().all(|rule| !rule.changes.open());
        let open = self.apart || self.sessions || self.whole.open() || self.inputs.open();
        outputs && rules && !open && self.widened.is_empty()
    }

    /// Whether more is known to be allowed, or others are asked.
    #[must_use]
    pub fn widens(&self) -> bool {
        let known = |changes: &Changes| changes.wider.happens() || changes.otherwise.happens();
        known(&self.whole) || known(&self.inputs)
    }

    /// Whether nothing is wider: proved.
    #[must_use]
    pub fn only_tightens(&self) -> bool {
        let never = |changes: &Changes| {
            [&changes.wider, &changes.otherwise].iter().all(|change| change.never())
        };
        let compared =
            !self.apart && !self.sessions && self.widened.is_empty() && self.outputs.is_empty();
        compared && never(&self.whole) && never(&self.inputs)
    }
}

/// What an input must show.
type DifferenceTest = fn(&TrialDecision, &TrialDecision, RuleKey<'_>) -> bool;

/// A rule by its id, and whether it is a shadow rule; `None` for the whole bundle.
type RuleKey<'r> = Option<(&'r str, bool)>;

/// A comparison that goes on.
struct Comparison<'p, 's> {
    old: Trial<'p>,
    new: Trial<'p>,
    asker: QuerySolver<'s>,
    search: Search,
    /// Inputs that people wrote, as those of tests, or recorded.
    seeds: &'s [Seed],
    metered: bool,
    /// By phase: what neither refuses.
    accepted: [Lit; 2],
    /// Who is asked about what stays open.
    second: Option<Second<'p>>,
}

/// Compares two programs.
#[must_use]
pub fn compare(old: &Program, new: &Program) -> Difference {
    compare_from(old, new, &[])
}

/// As `compare`; where something has to be searched for, `seeds` are where that begins.
#[must_use]
pub fn compare_from(old: &Program, new: &Program, seeds: &[Seed]) -> Difference {
    compare_by((old, new), seeds, None)
}

/// As `compare_from`; what stays open is put to another solver, if there is one.
#[must_use]
pub fn compare_by(
    (old, new): (&Program, &Program),
    seeds: &[Seed],
    solver: Option<&Solver>,
) -> Difference {
    let (old_module, new_module) = (old.module(), new.module());
    let mut store = Store::default();
    let [before, after] = meanings([old_module, new_module], &mut store);
    let asker = QuerySolver::new(&mut store, &[old_module, new_module]);
    let metered = old_module.manifest.metered || new_module.manifest.metered;
    let search = Search::of(&[old_module, new_module]);
    let (was, is) = (Trial::of(old), Trial::of(new));
    let accepted = [Lit::TRUE; 2];
    let second = solver.map(Second::of);
    let mut own = Comparison { old: was, new: is, asker, search, seeds, metered, accepted, second };
    own.accepted = PHASES.map(|phase| own.domain(&before, &after, phase));
    let told_old = describe(old_module, &debug::of(old_module));
    let told_new = describe(new_module, &debug::of(new_module));
    let (rules, same) = own.rules((&before, &told_old), (&after, &told_new));
    let fits = PHASES.map(|phase| own.fits(phase));
    Difference {
        rules,
        same,
        whole: own.whole(&before, &after),
        inputs: own.inputs(&before, &after),
        types: places_that_differ(old_module, new_module),
        widened: meta::widened(old_module, new_module),
        outputs: own.outputs(&before, &after),
        apart: !fits.contains(&true),
        metered,
        sessions: meta::sessions_may_differ(old_module, new_module),
        session_tables: sessions::differences(old_module, new_module),
        settings: meta::settings(old_module, new_module),
        solver: own.second.map(|second| second.tally),
    }
}

/// Rules by id.
fn by_id(meaning: &Meaning) -> BTreeMap<Rc<str>, usize> {
    gathered(meaning.rules.iter().enumerate().map(|(at, rule)| (rule.id.clone(), at)))
}

/// What a rule contributes to a phase, or nothing.
fn voice(rule: Option<&RuleMeaning>, phase: Phase, shadow: bool) -> EffectFormulas {
    let own = rule.filter(|rule| rule.phase == phase && rule.shadow == shadow);
    own.map_or_else(EffectFormulas::nothing, |rule| rule.says.clone())
}

/// When more is allowed in `new` than in `old`.
fn looser(f: &mut Formulas, old: &EffectFormulas, new: &EffectFormulas) -> Lit {
    let allowed = f.and(new.allow, !old.allow);
    let not_denied = f.and(old.deny, !new.deny);
    let escalated = f.and(new.escalate, old.deny);
    let silent = f.all([old.escalate, !new.escalate, !new.deny]);
    f.any([allowed, not_denied, escalated, silent])
}

/// When both escalate, to others.
fn elsewhere(f: &mut Formulas, old: &EffectFormulas, new: &EffectFormulas) -> Lit {
    let both = f.and(old.escalate, new.escalate);
    let mut differs = Lit::FALSE;
    for (target, lit) in &old.targets {
        let other = new.targets.get(target).copied().unwrap_or(Lit::FALSE);
        let apart = f.and(*lit, !other);
        differs = f.or(differs, apart);
    }
    f.and(both, differs)
}

/// How strict an effect is; nothing stands between allow and escalate.
const fn rank(effect: Option<Effect>) -> u8 {
    match effect {
        Some(Effect::Allow) => 0,
        None => 1,
        Some(Effect::Escalate) => 2,
        Some(Effect::Deny) => 3,
    }
}

impl Comparison<'_, '_> {
    fn fits(&mut self, phase: Phase) -> bool {
        let question = Query { domain: self.accepted(phase), holds: Lit::TRUE };
        self.asker.ask(question, &mut |_| true) != Answer::Proved
    }

    fn accepted(&self, phase: Phase) -> Lit {
        let [request, response] = self.accepted;
        if phase == Phase::Response { response } else { request }
    }

    fn domain(&mut self, before: &Meaning, after: &Meaning, phase: Phase) -> Lit {
        let at = usize::from(phase == Phase::Response);
        let [old, new] = [before, after].map(|it| it.accepted.get(at).copied());
        let (old, new) = (old.unwrap_or(Lit::TRUE), new.unwrap_or(Lit::TRUE));
        self.asker.store().formulas.and(old, new)
    }

    /// The rules that differ, and how many do not.
    fn rules(
        &mut self,
        (before, told_old): (&Meaning, &BundleDescription),
        (after, told_new): (&Meaning, &BundleDescription),
    ) -> (Vec<RuleChange>, usize) {
        let (old_ids, new_ids) = (by_id(before), by_id(after));
        let (mut changes, mut same) = (Vec::new(), 0);
        for (at, new) in after.rules.iter().enumerate() {
            let own = told_new.rule(at);
            let Some(was) = old_ids.get(&new.id).copied() else {
                changes.push(self.rule(
                    (None, new.id.as_ref()),
                    Some(new),
                    (own.place, Vec::new()),
                ));
                continue;
            };
            let Some(old) = before.rules.get(was) else { continue };
            let other = told_old.rule(was);
            let details = own.differences(&other);
            let alike = old.says == new.says
                && old.needs == new.needs
                && (old.phase, old.shadow) == (new.phase, new.shadow);
            if alike && details.is_empty() {
                same += 1;
                continue;
            }
            let change = self.rule((Some(old), &new.id), Some(new), (own.place, details));
            // What it asks of its input is told by the inputs that lack a place, and by types.
            if change.is_same()
                && !change.changes.rests_on_solver()
                && (old.phase, old.shadow) == (new.phase, new.shadow)
            {
                same += 1;
            } else {
                changes.push(change);
            }
        }
        for (at, old) in before.rules.iter().enumerate() {
            if !new_ids.contains_key(&old.id) {
                let place = told_old.rule(at).place;
                changes.push(self.rule((Some(old), &old.id), None, (place, Vec::new())));
            }
        }
        (changes, same)
    }

    fn rule(
        &mut self,
        (old, id): (Option<&RuleMeaning>, &str),
        new: Option<&RuleMeaning>,
        (place, details): (Option<Site>, Vec<String>),
    ) -> RuleChange {
        let presence = match (old, new) {
            (None, _) => Presence::Added,
            (_, None) => Presence::Removed,
            (Some(_), Some(_)) => Presence::Both,
        };
        let shadow = [old, new].into_iter().flatten().all(|rule| rule.shadow);
        let mut changes: Option<Changes> = None;
        for phase in PHASES {
            let concerned = [old, new].into_iter().flatten().any(|rule| rule.phase == phase);
            if !concerned {
                continue;
            }
            let mut domain = Lit::TRUE;
            for rule in [old, new].into_iter().flatten().filter(|rule| rule.phase == phase) {
                let f = &mut self.asker.store().formulas;
                let needs = f.or(!rule.asked, rule.needs);
                domain = f.and(domain, needs);
            }
            let (was, is) = (voice(old, phase, shadow), voice(new, phase, shadow));
            let own = self.changes(domain, phase, (&was, &is), Some((id, shadow)));
            changes = Some(match changes {
                None => own,
                Some(first) => first.with(own),
            });
        }
        let changes = changes.unwrap_or_else(Changes::never);
        RuleChange { id: id.to_owned(), presence, place, details, shadow, changes }
    }

    /// What changes from one voice to another. `rule` is whose they are.
    fn changes(
        &mut self,
        domain: Lit,
        phase: Phase,
        (old, new): (&EffectFormulas, &EffectFormulas),
        rule: RuleKey<'_>,
    ) -> Changes {
        let f = &mut self.asker.store().formulas;
        let wider = looser(f, old, new);
        let narrower = looser(f, new, old);
        let otherwise = elsewhere(f, old, new);
        let wider_shows: DifferenceTest =
            |old, new, whose| both_read(old, new) && strict(new, whose) < strict(old, whose);
        let narrower_shows: DifferenceTest =
            |old, new, whose| both_read(old, new) && strict(new, whose) > strict(old, whose);
        let otherwise_shows: DifferenceTest = |old, new, whose| {
            both_read(old, new)
                && strict(new, whose) == strict(old, whose)
                && (whose.is_some() || old.target != new.target)
        };
        Changes {
            wider: self.change(Query { domain, holds: wider }, phase, wider_shows, rule),
            narrower: self.change(Query { domain, holds: narrower }, phase, narrower_shows, rule),
            otherwise: self.change(
                Query { domain, holds: otherwise },
                phase,
                otherwise_shows,
                rule,
            ),
        }
    }

    fn change(
        &mut self,
        mut question: Query,
        phase: Phase,
        shows: DifferenceTest,
        rule: RuleKey<'_>,
    ) -> Change {
        if question.holds == Lit::FALSE && !self.metered {
            return Change::Never(Proof::BuiltIn);
        }
        let accepted = self.accepted(phase);
        let (old, new) = (&mut self.old, &mut self.new);
        let mut told = |example: &Example| {
            shows(&old.decide(example, phase), &new.decide(example, phase), rule)
        };
        let mut answer = self.asker.ask(question, &mut told);
        if rule.is_some() && matches!(answer, Answer::Undecided(_)) {
            // What the other rules need may lack: then the input is refused, and shows nothing.
            let domain = self.asker.store().formulas.and(question.domain, accepted);
            question = Query { domain, ..question };
            answer = self.asker.ask(question, &mut told);
        }
        let why = match answer {
            Answer::Proved if self.metered => Undecided::Opaque,
            Answer::Proved => return Change::Never(Proof::BuiltIn),
            Answer::Found(example) => {
                let example = search::smaller(example, &mut told);
                let (cubes, more) = self.asker.cubes(question, CONDITIONS_MAX);
                let (conditions, all) = conditions(self.asker.store(), &cubes);
                let more = more || !all;
                return Change::When { conditions, more, example, phase, record: None };
            }
            Answer::Undecided(why) => why,
        };
        let found = self.searched(why, phase, |old, new| shows(old, new, rule));
        self.second(found, (question, phase), (shows, rule))
    }

    /// An input that shows a change, among those that were given and beside them.
    fn searched(
        &mut self,
        why: Undecided,
        phase: Phase,
        shows: impl Fn(&TrialDecision, &TrialDecision) -> bool,
    ) -> Change {
        let (old, new) = (&mut self.old, &mut self.new);
        let mut given = |example: &Example, hosts: Option<&HostTable>| {
            let input = TrialInput { example, phase, hosts };
            shows(&old.decide_given(input), &new.decide_given(input))
        };
        for seed in self.seeds.iter().filter(|seed| seed.phase.is_none_or(|own| own == phase)) {
            let mut told = |example: &Example| given(example, seed.hosts.as_ref());
            if told(&seed.example) {
                let example = search::smaller(seed.example.clone(), &mut told);
                let (conditions, record) = (Vec::new(), seed.record());
                return Change::When { conditions, more: false, example, phase, record };
            }
        }
        let mut told = |example: &Example| given(example, None);
        let seeds: Vec<Example> = self.seeds.iter().map(|seed| seed.example.clone()).collect();
        let mut starts = std::mem::take(&mut self.asker.tried);
        starts.extend_from_slice(&seeds);
        let found = beside(&seeds, self.search.values(), &mut told);
        match found.map_or_else(|| self.search.run(&starts, &mut told), Ok) {
            Ok(example) => {
                let example = search::smaller(example, &mut told);
                let conditions = Vec::new();
                Change::When { conditions, more: false, example, phase, record: None }
            }
            Err(tried) => Change::Unknown { why, tried, no_answer: None },
        }
    }

    /// What changes in decisions.
    fn whole(&mut self, before: &Meaning, after: &Meaning) -> Changes {
        let mut all = Changes::never();
        for (at, phase) in PHASES.into_iter().enumerate() {
            let (Some(old), Some(new)) = (before.effects.get(at), after.effects.get(at)) else {
                continue;
            };
            if old == new {
                continue;
            }
            let domain = self.accepted(phase);
            let own = self.changes(domain, phase, (old, new), None);
            all = all.with(own);
        }
        all
    }

    /// Inputs that one of both refuses because a place is not there, and the other lets through.
    fn inputs(&mut self, before: &Meaning, after: &Meaning) -> Changes {
        let mut all = Changes::never();
        for (at, phase) in PHASES.into_iter().enumerate() {
            let mut sides = [Change::Never(Proof::BuiltIn), Change::Never(Proof::BuiltIn)];
            for (side, (strict, free)) in sides.iter_mut().zip([(before, after), (after, before)]) {
                let (Some(lacking), Some(accepted), Some(effect)) =
                    (strict.lacking.get(at), free.accepted.get(at), free.effects.get(at))
                else {
                    continue;
                };
                let f = &mut self.asker.store().formulas;
                let passes = f.or(effect.allow, effect.escalate);
                let holds = f.and(*lacking, passes);
                let question = Query { domain: *accepted, holds };
                let shows: DifferenceTest = if std::ptr::eq(strict, before) {
                    |old, new, _| old.refused && !new.refused && rank(new.effect) < 3
                } else {
                    |old, new, _| new.refused && !old.refused && rank(old.effect) < 3
                };
                *side = self.change(question, phase, shows, None);
            }
            let [wider, narrower] = sides;
            all = all.with(Changes { wider, narrower, otherwise: Change::Never(Proof::BuiltIn) });
        }
        all
    }
}

/// How strict a rule is, or the whole bundle.
fn strict(said: &TrialDecision, whose: RuleKey<'_>) -> u8 {
    let Some((id, shadow)) = whose else { return rank(said.effect) };
    rank(said.rules.get(&(id.to_owned(), shadow)).copied())
}

const fn both_read(old: &TrialDecision, new: &TrialDecision) -> bool {
    !old.refused && !new.refused
}
