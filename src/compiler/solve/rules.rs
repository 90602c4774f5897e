//! What the rules of a program say, as formulas: who is asked, fires, fails, and what comes of it.
//!
//! In:      a program that was verified, and the store that all programs share.
//! Out:     `Meaning`.
//! Imports: `base`, `lang`, `runtime::bundle`.
//! Source:  `docs/decisions.md`.
//!
//! Formulas hold for inputs that the program does not refuse: `needs` and `accepted` say no more of
//! those than is true of them, and may be true of others.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rustc_hash::FxHashMap;

use crate::base::arrange::Arrange as _;
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::lift::{Lift, Lifted};
use crate::compiler::solve::places::shape;
use crate::compiler::solve::store::{Kind, Store, TermId, TextTest};
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::glob;
use crate::runtime::bundle::module::{
    EscalationRow, FunctionKind, Module, NONE, Phase, Requirement, RuleRow, TypeRow, failure_effect,
};

/// A rule.
#[derive(Clone, Debug)]
pub struct RuleMeaning {
    /// Its id.
    pub id: Rc<str>,
    /// When it is asked.
    pub asked: Lit,
    /// What every input has that is not refused although it is asked.
    pub needs: Lit,
    /// When it is asked and fires with an outcome, counted from its first.
    pub fires: Vec<Lit>,
    /// When it is asked and fails.
    pub fails: Lit,
    /// When it is asked.
    pub phase: Phase,
    /// Whether it decides nothing.
    pub shadow: bool,
    /// What it contributes: to deny, to escalate (by target), to allow.
    pub says: EffectFormulas,
}

/// What a rule, or all of them, contributes to a decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EffectFormulas {
    /// Deny.
    pub deny: Lit,
    /// Escalate.
    pub escalate: Lit,
    /// Allow.
    pub allow: Lit,
    /// To whom it escalates.
    pub targets: BTreeMap<Rc<str>, Lit>,
}

impl EffectFormulas {
    /// Nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        let targets = BTreeMap::new();
        Self { deny: Lit::FALSE, escalate: Lit::FALSE, allow: Lit::FALSE, targets }
    }
}

/// What a program says.
#[derive(Debug)]
pub struct Meaning {
    /// Its rules, in order.
    pub rules: Vec<RuleMeaning>,
    /// What every input has that is not refused, by phase.
    pub accepted: [Lit; 2],
    /// When an input is refused because a place is not there, by phase.
    pub lacking: [Lit; 2],
    /// The effect, by phase: exactly one of deny, escalate and allow holds, or none where nothing
    /// decides.
    pub effects: [EffectFormulas; 2],
    /// Outputs by name: the term, and when it fails.
    pub outputs: BTreeMap<Rc<str>, (Option<TermId>, Lit)>,
}

/// The phases, as `Meaning` counts them.
pub const PHASES: [Phase; 2] = [Phase::Request, Phase::Response];

/// Reads a program.
pub fn meaning(module: &Module, store: &mut Store) -> Meaning {
    let mut meaning = read(module, store);
    let shared = PHASES.map(|phase| shared(&[(module, &meaning)], phase));
    settle(module, store, &mut meaning, &shared);
    meaning
}

/// Reads two programs. What both say goes into their effects first, so that it is one formula.
pub fn meanings(modules: [&Module; 2], store: &mut Store) -> [Meaning; 2] {
    let [old, new] = modules;
    let (mut before, mut after) = (read(old, store), read(new, store));
    let shared = PHASES.map(|phase| shared(&[(old, &before), (new, &after)], phase));
    settle(old, store, &mut before, &shared);
    settle(new, store, &mut after, &shared);
    [before, after]
}

/// All but the effects.
fn read(module: &Module, store: &mut Store) -> Meaning {
    let mut lift = Lift::of(module, store);
    let guards = Guards::of(module);
    let mut rules = Vec::with_capacity(module.rules.len());
    for (at, row) in (0..).zip(&module.rules) {
        let when = guards.when_asked(&lift, store, at);
        rules.push(rule(&mut lift, store, row, when));
    }
    let accepted = PHASES.map(|phase| accepted(&lift, store, &rules, phase));
    let lacking = PHASES.map(|phase| lacking(&lift, store, &rules, phase));
    let mut outputs = BTreeMap::new();
    for row in &module.outputs {
        let lifted = lift.function(store, row.function);
        outputs.insert(text(module, row.name).into(), (lifted.value, lifted.error));
    }
    let effects = [EffectFormulas::nothing(), EffectFormulas::nothing()];
    Meaning { rules, accepted, lacking, effects, outputs }
}

/// What rules of a phase say, in every one of these programs.
fn shared(programs: &[(&Module, &Meaning)], phase: Phase) -> BTreeSet<(Effect, Lit)> {
    let said = |(module, meaning): &(&Module, &Meaning)| {
        let said = enforced(module, &meaning.rules, phase);
        said.map(|(_, voice, lit)| (voice.effect, lit)).collect::<BTreeSet<_>>()
    };
    let all = programs.iter().map(said);
    all.reduce(|all, own| all.intersection(&own).copied().collect()).unwrap_or_default()
}

/// Reckons the effects.
fn settle(
    module: &Module,
    store: &mut Store,
    meaning: &mut Meaning,
    shared: &[BTreeSet<(Effect, Lit)>; 2],
) {
    for ((own, shared), phase) in meaning.effects.iter_mut().zip(shared).zip(PHASES) {
        *own = effects(module, store, &meaning.rules, (phase, shared));
    }
}

/// What enforced rules of a phase say: the row, how, and when.
fn enforced<'r>(
    module: &'r Module,
    rules: &'r [RuleMeaning],
    phase: Phase,
) -> impl Iterator<Item = (&'r RuleRow, Candidate, Lit)> {
    let rows = module.rules.iter().zip(rules);
    rows.filter(move |(row, _)| row.phase == phase && !row.shadow).flat_map(|(row, rule)| {
        let kind = module.functions.get(usize::from(row.function)).map(|row| row.kind);
        let said = candidates(module, row, rule, kind == Some(FunctionKind::Decision));
        said.into_iter().map(move |(voice, lit)| (row, voice, lit))
    })
}

fn text(module: &Module, at: u32) -> &str {
    module.strings.get(at as usize).unwrap_or_default()
}

fn string(text: &str) -> Constant {
    Constant::String(text.into())
}

/// What the index took out of conditions, by rule: it does not matter which keys others name.
#[derive(Debug)]
pub struct Guards<'m> {
    rules: FxHashMap<u16, Guard<'m>>,
}

/// What the index knows of a rule.
#[derive(Debug, Default)]
struct Guard<'m> {
    always: bool,
    keys: Vec<&'m str>,
    /// Prefixes, and patterns with a `*` anywhere (`true`).
    open: Vec<(bool, &'m str)>,
}

impl<'m> Guards<'m> {
    /// The guards of a program.
    #[must_use]
    pub fn of(module: &'m Module) -> Self {
        let (index, mut own) = (&module.index, Self { rules: FxHashMap::default() });
        for rule in &index.always {
            own.rules.entry(*rule).or_default().always = true;
        }
        for (glob, rows) in [(false, &index.prefixes), (true, &index.patterns)] {
            for (pattern, rules) in rows {
                for rule in rules {
                    let guard = own.rules.entry(*rule).or_default();
                    guard.open.push((glob, text(module, *pattern)));
                }
            }
        }
        for (name, rules) in &index.keys {
            let name = text(module, *name);
            for rule in rules {
                let guard = own.rules.entry(*rule).or_default();
                // What it is asked for by a pattern, it is not asked for by name.
                if !guard.open.iter().any(|pattern| fits(*pattern, name)) {
                    guard.keys.push(name);
                }
            }
        }
        own
    }

    /// When a rule is asked.
    fn when_asked(&self, lift: &Lift<'_>, store: &mut Store, rule: u16) -> Lit {
        let Some(guard) = self.rules.get(&rule) else { return Lit::FALSE };
        let key = lift.slots.terms.get(usize::from(lift.module.index.key_slot)).copied();
        let Some(key) = key.filter(|_| !guard.always) else {
            return if guard.always { Lit::TRUE } else { Lit::FALSE };
        };
        let mut asked = Lit::FALSE;
        for name in &guard.keys {
            let is = store.equals(key, &string(name)).yes;
            asked = store.formulas.or(asked, is);
        }
        for (glob, pattern) in &guard.open {
            let fits = if *glob {
                store.text(key, &TextTest::Fits((*pattern).into())).yes
            } else {
                store.starts(key, pattern).yes
            };
            asked = store.formulas.or(asked, fits);
        }
        asked
    }
}

/// Whether a name has a prefix, or a pattern (`glob`) fits it.
fn fits((glob, pattern): (bool, &str), name: &str) -> bool {
    if glob { glob::matches(pattern, name) } else { name.starts_with(pattern) }
}

/// Reads one rule of a program; `None` where it has no rule of this number.
pub fn rule_meaning(
    lift: &mut Lift<'_>,
    store: &mut Store,
    guards: &Guards<'_>,
    number: u16,
) -> Option<RuleMeaning> {
    let row = lift.module.rules.get(usize::from(number))?;
    let asked = guards.when_asked(lift, store, number);
    Some(rule(lift, store, row, asked))
}

fn requirements(module: &Module, first: u32, count: u16) -> &[Requirement] {
    let first = first as usize;
    module.requirements.get(first..first + usize::from(count)).unwrap_or_default()
}

fn rule(lift: &mut Lift<'_>, store: &mut Store, row: &RuleRow, asked: Lit) -> RuleMeaning {
    let module = lift.module;
    let always = Lifted { yes: Lit::TRUE, error: Lit::FALSE, value: None, chosen: BTreeMap::new() };
    let lifted =
        if row.function == NONE { Rc::new(always) } else { lift.function(store, row.function) };
    let kind = module.functions.get(usize::from(row.function)).map(|row| row.kind);
    let decision = kind == Some(FunctionKind::Decision);
    let fires: Vec<Lit> = (0..row.outcomes)
        .map(|at| {
            let own = lifted.chosen.get(&at).copied().unwrap_or(Lit::FALSE);
            let own = if decision { own } else { lifted.yes };
            store.formulas.and(asked, own)
        })
        .collect();
    let fails = store.formulas.and(asked, lifted.error);
    let mut needs = Lit::TRUE;
    for requirement in requirements(module, row.first_requirement, row.requirements) {
        let met = requirement_met(lift, store, *requirement);
        needs = store.formulas.and(needs, met);
    }
    let mut meaning = RuleMeaning {
        id: text(module, row.id).into(),
        asked,
        needs,
        fires,
        fails,
        phase: row.phase,
        shadow: row.shadow,
        says: EffectFormulas::nothing(),
    };
    meaning.says = says(module, store, row, (&meaning, decision));
    meaning
}

/// What a rule that is asked contributes.
fn says(
    module: &Module,
    store: &mut Store,
    row: &RuleRow,
    (rule, decision): (&RuleMeaning, bool),
) -> EffectFormulas {
    let mut says = EffectFormulas::nothing();
    for (number, lit) in candidates(module, row, rule, decision) {
        add(store, &mut says, module, number, lit);
    }
    says
}

/// What a candidate stands for: an effect, and with escalate its escalation; whether it failed.
#[derive(Clone, Copy, Debug)]
struct Candidate {
    effect: Effect,
    escalation: u16,
    failed: bool,
}

fn add(store: &mut Store, says: &mut EffectFormulas, module: &Module, voice: Candidate, when: Lit) {
    let place = match voice.effect {
        Effect::Deny => &mut says.deny,
        Effect::Escalate => {
            let known = says.targets.entry(target(module, voice.escalation)).or_insert(Lit::FALSE);
            *known = store.formulas.or(*known, when);
            &mut says.escalate
        }
        Effect::Allow => &mut says.allow,
    };
    *place = store.formulas.or(*place, when);
}

/// The ways in which a rule can speak.
fn candidates(
    module: &Module,
    row: &RuleRow,
    rule: &RuleMeaning,
    decision: bool,
) -> Vec<(Candidate, Lit)> {
    let outcome = |at: u16| module.outcomes.get(usize::from(row.first_outcome + at));
    let mut voices = Vec::new();
    for (at, lit) in (0..).zip(&rule.fires) {
        if let Some(said) = outcome(at) {
            let (effect, escalation) = (said.effect, said.escalation);
            voices.push((Candidate { effect, escalation, failed: false }, *lit));
        }
    }
    let on_error = module.manifest.on_error;
    let kind = if decision { FunctionKind::Decision } else { FunctionKind::Condition };
    let first = outcome(0).map(|said| said.effect);
    if let Some(effect) = failure_effect(Some(kind), first, on_error.effect) {
        let voice = Candidate { effect, escalation: on_error.escalation, failed: true };
        voices.push((voice, rule.fails));
    }
    voices
}

/// An escalation in words that mean the same in every program.
fn target(module: &Module, escalation: u16) -> Rc<str> {
    let row = module.escalations.get(usize::from(escalation));
    row.map_or_else(|| "".into(), |row| escalation_key(module, row).into())
}

/// All that an escalation asks, in words that mean the same in every program.
#[must_use]
pub fn escalation_key(module: &Module, row: &EscalationRow) -> String {
    let names =
        |many: &[u32]| many.iter().map(|at| text(module, *at)).collect::<Vec<_>>().join(", ");
    let rest =
        (row.quorum, row.timeout_ns, row.suspend, names(&row.binds), row.valid_for_ns, row.uses);
    format!("{} {rest:?} {:?}", names(&row.to), row.fatigue)
}

/// What a requirement says of a slot that meets it, and perhaps of others.
fn requirement_met(lift: &Lift<'_>, store: &mut Store, asked: Requirement) -> Lit {
    let module = lift.module;
    let Some(term) = lift.slots.terms.get(usize::from(asked.slot)).copied() else {
        return Lit::TRUE;
    };
    let absent = store.is(term, Kind::Absent);
    let mut fits = if asked.ty == NONE { Lit::TRUE } else { typed(module, store, term, asked.ty) };
    if let Some(keyed) = module.keyed.get(usize::from(asked.keyed))
        && let Some(by) = lift.slots.terms.get(usize::from(keyed.slot)).copied()
    {
        let mut named = Lit::FALSE;
        for (name, ty) in &keyed.cases {
            let is = store.equals(by, &string(text(module, *name))).yes;
            named = store.formulas.or(named, is);
            let own = typed(module, store, term, *ty);
            let own = store.formulas.or(!is, own);
            fits = store.formulas.and(fits, own);
        }
        let own = typed(module, store, term, keyed.otherwise);
        let own = store.formulas.or(named, own);
        fits = store.formulas.and(fits, own);
    }
    let there = store.formulas.and(!absent, fits);
    if asked.optional { store.formulas.or(absent, there) } else { there }
}

/// Whether a term is of a kind that a type has.
fn typed(module: &Module, store: &mut Store, term: TermId, ty: u16) -> Lit {
    if matches!(module.types.get(usize::from(ty)), None | Some(TypeRow::Dyn)) {
        return Lit::TRUE;
    }
    let own = store.kinds(term);
    let kinds = shape(module, ty).kinds;
    if own.both(kinds) == own {
        return Lit::TRUE;
    }
    let kinds: Vec<Kind> = kinds.iter().collect();
    let mut any = Lit::FALSE;
    for kind in kinds {
        let is = store.is(term, kind);
        any = store.formulas.or(any, is);
    }
    any
}

/// What rules of a phase and outputs ask of places, and when they do.
fn demands(
    module: &Module,
    store: &mut Store,
    rules: &[RuleMeaning],
    phase: Phase,
) -> BTreeMap<Requirement, Lit> {
    let mut by: BTreeMap<Requirement, Lit> = BTreeMap::new();
    for (row, rule) in module.rules.iter().zip(rules).filter(|(row, _)| row.phase == phase) {
        for asked in requirements(module, row.first_requirement, row.requirements) {
            let known = by.get(asked).copied().unwrap_or(Lit::FALSE);
            by.insert(*asked, store.formulas.or(known, rule.asked));
        }
    }
    for row in &module.outputs {
        for asked in requirements(module, row.first_requirement, row.requirements) {
            by.insert(*asked, Lit::TRUE);
        }
    }
    by
}

/// When an input is refused because a place is not there.
fn lacking(lift: &Lift<'_>, store: &mut Store, rules: &[RuleMeaning], phase: Phase) -> Lit {
    let module = lift.module;
    let mut lacking = Lit::FALSE;
    if let Some(key) = lift.slots.terms.get(usize::from(module.index.key_slot)).copied() {
        lacking = store.is(key, Kind::Absent);
    }
    for (requirement, asked) in demands(module, store, rules, phase) {
        let term = lift.slots.terms.get(usize::from(requirement.slot)).copied();
        let Some(term) = term.filter(|_| !requirement.optional) else { continue };
        let absent = store.is(term, Kind::Absent);
        let missing = store.formulas.and(asked, absent);
        lacking = store.formulas.or(lacking, missing);
    }
    lacking
}

/// What every input has that is not refused.
fn accepted(lift: &Lift<'_>, store: &mut Store, rules: &[RuleMeaning], phase: Phase) -> Lit {
    let module = lift.module;
    let by = demands(module, store, rules, phase);
    let mut accepted = Lit::TRUE;
    if let Some(key) = lift.slots.terms.get(usize::from(module.index.key_slot)).copied() {
        accepted = store.is(key, Kind::Text);
    }
    for (requirement, asked) in by {
        let met = requirement_met(lift, store, requirement);
        let met = store.formulas.or(!asked, met);
        accepted = store.formulas.and(accepted, met);
    }
    accepted
}

/// The effect of all rules of a phase together; what other programs say too goes first.
fn effects(
    module: &Module,
    store: &mut Store,
    rules: &[RuleMeaning],
    (phase, shared): (Phase, &BTreeSet<(Effect, Lit)>),
) -> EffectFormulas {
    let own = enforced(module, rules, phase).map(|(_, voice, lit)| (voice.effect, lit));
    let own = own.filter(|said| !shared.contains(said)).collect::<Vec<_>>();
    let [allow, escalate, deny] = [Effect::Allow, Effect::Escalate, Effect::Deny].map(|level| {
        let said = shared.iter().chain(&own).filter(|(effect, _)| *effect == level);
        store.formulas.any(said.map(|(_, lit)| *lit))
    });
    let escalates =
        enforced(module, rules, phase).filter(|(_, it, _)| it.effect == Effect::Escalate);
    let mut order: Vec<_> = escalates
        .enumerate()
        .map(|(at, (row, voice, lit))| (voice.failed, row.priority, at, voice.escalation, lit))
        .collect();
    let mut says = EffectFormulas {
        deny,
        escalate: store.formulas.and(escalate, !deny),
        allow: store.formulas.all([allow, !escalate, !deny]),
        targets: BTreeMap::new(),
    };
    // The first of these that speaks says to whom.
    order.arrange_by_key(|(failed, priority, at, ..)| (*failed, *priority, *at));
    let mut before = deny;
    for (.., escalation, lit) in order {
        let first = store.formulas.and(lit, !before);
        let known = says.targets.entry(target(module, escalation)).or_insert(Lit::FALSE);
        *known = store.formulas.or(*known, first);
        before = store.formulas.or(before, lit);
    }
    let silent = store.formulas.all([!deny, !escalate, !allow]);
    if let Some(default) = module.manifest.default {
        let (effect, escalation) = (default.effect, default.escalation);
        add(store, &mut says, module, Candidate { effect, escalation, failed: false }, silent);
    }
    says
}
