//! From an input to a decision: which rules are asked, what they ask, who wins.
//!
//! In:      a filled scratch and a moment.
//! Out:     `Decision`; never an error, for errors are in it and deny.
//! Imports: `lang`, `runtime::program`.
//! Source:  `docs/decisions.md`.

use std::cmp::Reverse;

use crate::lang::decision::Effect;
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{
    Fallback, FunctionKind, KeyedType, NONE, Phase, RuleRow, SlotRow, Str,
};
use crate::runtime::program::Program;
use crate::runtime::program::plan::{Asked, Asker, Group, cost};
use crate::runtime::vm::call;
use crate::runtime::vm::decision::{Decision, Verdict};
use crate::runtime::vm::machine::{Exit, Machine, Note};
use crate::runtime::vm::observe::{NoObserver, Observer};
use crate::runtime::vm::request::conform::conform;
use crate::runtime::vm::request::error::{InputError, InputKind, Wanted};
use crate::runtime::vm::request::whole::{expected, row};
use crate::runtime::vm::request::{Filled, Moment, Request, heap, ingest};
use crate::runtime::vm::scratch::{Failure, Fired, Left, Scratch};
use crate::runtime::vm::settle::Settling;
use crate::runtime::vm::sift::{sift, sift_in_full};

/// Reads a context and decides. Total: what cannot be read is denied.
#[must_use]
pub fn evaluate<'a>(
    program: &'a Program,
    request: &Request<'a>,
    scratch: &'a mut Scratch,
) -> Decision<'a> {
    let mut filled = ingest(program, request.context, scratch);
    let verdict = verdict(&mut filled, &request.moment, NoObserver);
    Decision::of(filled, verdict, &request.moment)
}

impl<'a> Filled<'a> {
    /// Decides about this input.
    #[must_use]
    pub fn decide<'s>(&'s mut self, moment: &Moment<'s>) -> Decision<'s> {
        self.decide_observed(moment, NoObserver)
    }

    /// Decides while somebody watches.
    #[must_use]
    pub fn decide_observed<'s, O: Observer>(
        &'s mut self,
        moment: &Moment<'s>,
        observer: O,
    ) -> Decision<'s>
    where
        'a: 's,
    {
        let verdict = verdict(self, moment, observer);
        let Filled { program, scratch, request, error } = self;
        let filled = Filled { program, scratch, request, error: *error };
        Decision::of(filled, verdict, moment)
    }
}

fn verdict<O: Observer>(filled: &mut Filled<'_>, moment: &Moment<'_>, observer: O) -> Verdict {
    let program = filled.program;
    filled.scratch.begin(program, filled.request);
    if let Some(slot) = filled.scratch.file.get_mut(usize::from(program.sizes.now)) {
        *slot = Value::timestamp(moment.seconds, moment.nanoseconds);
    }
    if let Some(error) = filled.error {
        return Verdict::refused(error);
    }
    let lists = match ready(filled, moment.phase) {
        Some(lists) => lists,
        None => match gather(filled, moment.phase) {
            Ok(lists) => lists,
            Err(error) => return Verdict::refused(error),
        },
    };
    let sifted = if O::ON || program.module.manifest.metered {
        Sifted::Nothing
    } else {
        sifted(filled, &lists)
    };
    if let Sifted::Known(second) = sifted {
        return known(filled, &lists, second);
    }
    run(filled, moment, (&lists, sifted), observer)
}

/// The lists of rules that are asked, both ascending.
struct Lists<'p> {
    always: &'p Group,
    keyed: Keyed<'p>,
}

/// The rules that the key chooses.
enum Keyed<'p> {
    /// There is no key.
    Nothing,
    /// The bundle names the key.
    Named(&'p Group),
    /// Prefixes and patterns alone may fit the key: the rules were gathered in the scratch.
    Gathered,
}

/// The rules that the request concerns, where the bundle names its key and all that is asked of
/// it is seen to be there. That is nearly always so; `gather` sees to the rest.
#[inline]
fn ready<'p>(filled: &Filled<'p>, phase: Phase) -> Option<Lists<'p>> {
    let Filled { program, scratch, .. } = filled;
    let plan = &program.plan;
    let always = plan.always.of(phase);
    let (needed, keyed) = if plan.key_slot == NONE {
        (&always.needed, Keyed::Nothing)
    } else {
        let group = plan.bucket(scratch.place?)?.of(phase);
        (&group.needed, Keyed::Named(group))
    };
    needed.met(&scratch.present).then_some(Lists { always, keyed })
}

/// Finds the rules that the request concerns, and sees to what they ask of it.
fn gather<'p>(filled: &mut Filled<'p>, phase: Phase) -> Result<Lists<'p>, InputError> {
    let program = filled.program;
    let plan = &program.plan;
    let always = plan.always.of(phase);
    check(filled, &always.asked)?;
    check(filled, &plan.outputs)?;
    if plan.key_slot == NONE {
        return Ok(Lists { always, keyed: Keyed::Nothing });
    }
    let key = filled.scratch.file.get(usize::from(plan.key_slot)).copied();
    let key = key.filter(|key| key.tag() == Tag::String).ok_or_else(|| {
        let kind = match key.map(|key| key.tag()) {
            None | Some(Tag::Absent) => InputKind::MissingField,
            Some(_) => InputKind::WrongType(Wanted::String),
        };
        InputError { kind, offset: None, node: node_of(program, plan.key_slot) }
    })?;
    if let Some(bucket) = filled.scratch.place.and_then(|place| plan.bucket(place)) {
        let group: &Group = bucket.of(phase);
        check(filled, &group.asked)?;
        return Ok(Lists { always, keyed: Keyed::Named(group) });
    }
    unnamed(filled, phase, &key)?;
    Ok(Lists { always, keyed: Keyed::Gathered })
}

/// Gathers the rules of all prefixes and patterns that fit a key that the bundle does not name.
fn unnamed(filled: &mut Filled<'_>, phase: Phase, key: &Value) -> Result<(), InputError> {
    let Filled { program, request, .. } = *filled;
    let plan = &program.plan;
    filled.scratch.rules.clear();
    for at in 0..plan.prefix_lengths() {
        let heap = heap(program, request, &mut filled.scratch.store);
        if let Some(bucket) = plan.prefix(&program.text, heap.bytes(key), at) {
            gathered(filled, bucket.of(phase))?;
        }
    }
    for at in 0..plan.patterns() {
        let heap = heap(program, request, &mut filled.scratch.store);
        if let Some(bucket) = plan.pattern(&program.text, heap.str(key), at) {
            gathered(filled, bucket.of(phase))?;
        }
    }
    Ok(())
}

/// Takes in the rules of a list. A rule may stand in several.
fn gathered(filled: &mut Filled<'_>, group: &Group) -> Result<(), InputError> {
    check(filled, &group.asked)?;
    let rules = &mut filled.scratch.rules;
    for rule in &group.rules {
        if let Err(place) = rules.binary_search(rule) {
            rules.insert(place, *rule);
        }
    }
    Ok(())
}

/// Sees to it that what is asked of slots is there, rule by rule. A value that was read without a
/// type becomes one of the type that is asked for.
fn check(filled: &mut Filled<'_>, list: &[Asked]) -> Result<(), InputError> {
    match list.iter().find(|asked| !met(filled, asked)) {
        Some(asked) => Err(needed(filled.program, &filled.scratch.file, asked)),
        None => Ok(()),
    }
}

fn met(filled: &mut Filled<'_>, asked: &Asked) -> bool {
    let requirement = asked.requirement;
    let value = filled.scratch.file.get(usize::from(requirement.slot));
    if value.is_none_or(|value| value.tag() == Tag::Absent) {
        return requirement.optional;
    }
    let own = filled.program.module.keyed.get(usize::from(requirement.keyed));
    let own = own.map(|own| keyed(filled, own));
    own.is_none_or(|ty| typed(filled, requirement.slot, ty))
        && (requirement.ty == NONE || typed(filled, requirement.slot, requirement.ty))
}

/// The type that goes with what the slot holds that chooses.
fn keyed(filled: &mut Filled<'_>, by: &KeyedType) -> u16 {
    let program = filled.program;
    let key = filled.scratch.file.get(usize::from(by.slot)).copied();
    let Some(key) = key.filter(|key| key.tag() == Tag::String) else { return by.otherwise };
    let heap = heap(program, filled.request, &mut filled.scratch.store);
    let order = |(name, _): &(Str, u16)| program.string(*name).cmp(heap.str(&key));
    let found = by.cases.binary_search_by(order).ok().and_then(|at| by.cases.get(at));
    found.map_or(by.otherwise, |(_, ty)| *ty)
}

fn typed(filled: &mut Filled<'_>, slot: u16, ty: u16) -> bool {
    let program = filled.program;
    let Scratch { file, store, mark, .. } = &mut *filled.scratch;
    let Some(slot) = file.get_mut(usize::from(slot)) else { return false };
    let mut heap = heap(program, filled.request, store);
    let Some(value) = conform(&program.module, &mut heap, slot, ty) else { return false };
    *slot = value;
    // What was built for it belongs to the input now.
    *mark = heap.store.mark();
    true
}

fn needed(program: &Program, file: &[Value], asked: &Asked) -> InputError {
    let requirement = asked.requirement;
    let value = file.get(usize::from(requirement.slot));
    let tag = value.map_or(Tag::Absent, Value::tag);
    let wanted = match (tag, expected(row(&program.module, requirement.ty))) {
        (Tag::Absent, _) => Wanted::There,
        (Tag::Map, Wanted::Object | Wanted::Map) | (Tag::List, Wanted::List) => Wanted::Declared,
        (_, wanted) => wanted,
    };
    let kind = InputKind::Needed(asked.by, wanted);
    InputError { kind, offset: None, node: node_of(program, requirement.slot) }
}

fn node_of(program: &Program, slot: u16) -> u16 {
    match program.module.slots.get(usize::from(slot)) {
        Some(SlotRow::Value(node) | SlotRow::Presence(node)) => *node,
        Some(SlotRow::Now) | None => NONE,
    }
}

/// How far the lists were sifted. `Scratch::left` holds what is left of the first, and of the
/// second from this place on.
#[derive(Clone, Copy)]
enum Sifted {
    /// Not at all: somebody watches and is to see every rule run, or cost is counted as it arises.
    Nothing,
    /// Some rules must be run.
    Left(usize),
    /// It is known what all that is left says, and nothing else is asked.
    Known(usize),
}

/// Sifts the lists by a look at the slots.
#[inline]
fn sifted(filled: &mut Filled<'_>, lists: &Lists<'_>) -> Sifted {
    let Filled { program, scratch, request, .. } = filled;
    let Scratch { file, store, left, rules, .. } = &mut **scratch;
    let sight = program.sight(file, request, store.elements());
    left.clear();
    let mut open = sift(&sight, lists.always, left);
    let mut second = left.len();
    match lists.keyed {
        Keyed::Nothing => {}
        Keyed::Named(group) => open |= sift(&sight, group, left),
        Keyed::Gathered => left.extend(rules.iter().copied().map(run_it)),
    }
    let told = |left: &[Left]| left.iter().all(|left| left.says.is_some());
    if open || !told(&scratch.left) {
        second = settled(filled, lists, (open, second));
    }
    if filled.program.module.outputs.is_empty() && told(&filled.scratch.left) {
        Sifted::Known(second)
    } else {
        Sifted::Left(second)
    }
}

/// What trees tell of rules of which a look at the slots does not tell; with `open` after all atoms
/// of the screens. What was built on the way is forgotten.
#[inline(never)]
fn settled(filled: &mut Filled<'_>, lists: &Lists<'_>, (open, second): (bool, usize)) -> usize {
    let program = filled.program;
    let Scratch { file, store, workings, left, rules, mark, .. } = &mut *filled.scratch;
    let mut settling = Settling {
        program,
        file,
        heap: heap(program, filled.request, store),
        scans: &mut workings.scans,
        computed: &mut workings.computed,
        mark: *mark,
        grown: 0,
        built: 0,
    };
    settling.begin();
    let mut second = second;
    if open {
        left.clear();
        sift_in_full(&mut settling, lists.always, left);
        second = left.len();
        match lists.keyed {
            Keyed::Nothing => {}
            Keyed::Named(group) => sift_in_full(&mut settling, group, left),
            Keyed::Gathered => left.extend(rules.iter().copied().map(run_it)),
        }
    }
    let second = settling.settle(left, second);
    store.reset(*mark);
    second
}

const fn run_it(rule: u16) -> Left {
    Left { rule, says: None }
}

/// What the rules of both lists cost at most.
fn cost_of(program: &Program, lists: &Lists<'_>, rules: &[u16]) -> u64 {
    let keyed = match lists.keyed {
        Keyed::Nothing => 0,
        Keyed::Named(group) => group.cost,
        Keyed::Gathered => {
            let costs = rules.iter().map(|rule| cost(&program.module, *rule));
            costs.fold(0, u64::saturating_add)
        }
    };
    lists.always.cost.saturating_add(keyed)
}

/// The verdict where it is known of every rule whether it fires.
#[inline]
fn known(filled: &mut Filled<'_>, lists: &Lists<'_>, second: usize) -> Verdict {
    let Filled { program, scratch, .. } = filled;
    let Scratch { rules, left, fired, shadow, failures, .. } = &mut **scratch;
    let mut tally = Tally { program, fired, shadow, failures, best: None };
    let (first, second) = left.split_at(second.min(left.len()));
    for Left { rule, says } in merged(first, second) {
        tally.speak(*rule, says.unwrap_or(NONE));
    }
    tally.verdict(cost_of(program, lists, rules))
}

fn run<O: Observer>(
    filled: &mut Filled<'_>,
    moment: &Moment<'_>,
    (lists, sifted): (&Lists<'_>, Sifted),
    observer: O,
) -> Verdict {
    let program = filled.program;
    let Scratch { file, store, workings, rules, left, fired, shadow, failures, outputs, .. } =
        &mut *filled.scratch;
    let heap = heap(program, filled.request, store);
    let mut machine = Machine::new(program, heap, workings, moment.hosts, observer);
    if !machine.budget.metered {
        machine.budget.add(cost_of(program, lists, rules));
    }
    let second = match sifted {
        Sifted::Left(second) | Sifted::Known(second) => second,
        Sifted::Nothing => all(lists, rules, left),
    };
    let mut tally = Tally { program, fired, shadow, failures, best: None };
    let (first, second) = left.split_at(second.min(left.len()));
    for Left { rule, says } in merged(first, second) {
        match says {
            Some(outcome) => tally.speak(*rule, *outcome),
            None => tally.ask(&mut machine, file, *rule),
        }
    }
    for (at, row) in (0..).zip(&program.module.outputs) {
        if !machine.budget.metered {
            machine.budget.add(function_cost(program, row.function));
        }
        let exit = call(&mut machine, file, row.function);
        let value = if exit == Exit::True { machine.result } else { machine.note.value() };
        if exit != Exit::True {
            tally.fail(Asker::Output(at), machine.note);
        }
        outputs.push(value);
    }
    tally.verdict(machine.budget.used())
}

/// Puts the rules of both lists into `left`; where those of the second begin.
fn all(lists: &Lists<'_>, rules: &[u16], left: &mut Vec<Left>) -> usize {
    left.clear();
    left.extend(lists.always.rules.iter().copied().map(run_it));
    let second = left.len();
    let keyed = match lists.keyed {
        Keyed::Nothing => &[],
        Keyed::Named(group) => &*group.rules,
        Keyed::Gathered => rules,
    };
    left.extend(keyed.iter().copied().map(run_it));
    second
}

/// Two lists that ascend by rule as one.
fn merged<'l>(mut a: &'l [Left], mut b: &'l [Left]) -> impl Iterator<Item = &'l Left> {
    std::iter::from_fn(move || {
        let from_a = match (a.first(), b.first()) {
            (Some(x), Some(y)) => x.rule <= y.rule,
            (Some(_), None) => true,
            (None, _) => false,
        };
        let list = if from_a { &mut a } else { &mut b };
        let (first, rest) = list.split_first()?;
        *list = rest;
        Some(first)
    })
}

/// Calls a function with nothing noted.
fn call<O: Observer>(m: &mut Machine<'_, O>, file: &mut [Value], function: u16) -> Exit {
    m.note = Note::NONE;
    call::function(m, file, function)
}

fn function_cost(program: &Program, function: u16) -> u64 {
    program.functions.get(usize::from(function)).map_or(0, |unit| unit.cost)
}

/// Who speaks loudest so far.
#[derive(Clone, Copy, Debug)]
struct Best {
    level: Effect,
    /// Stands at its level only because it failed.
    failed: bool,
    priority: i32,
    rule: u16,
    outcome: u16,
}

/// What the rules said.
struct Tally<'a> {
    program: &'a Program,
    fired: &'a mut Vec<Fired>,
    shadow: &'a mut Vec<Fired>,
    failures: &'a mut Vec<Failure>,
    best: Option<Best>,
}

impl Tally<'_> {
    /// Asks a rule.
    fn ask<O: Observer>(&mut self, m: &mut Machine<'_, O>, file: &mut [Value], number: u16) {
        let program = self.program;
        let Some(row) = program.module.rules.get(usize::from(number)) else { return };
        m.budget.begin_rule();
        let kind = program.functions.get(usize::from(row.function)).map(|unit| unit.kind);
        let exit = if row.function == NONE { Exit::True } else { call(m, file, row.function) };
        let chosen = if kind == Some(FunctionKind::Decision) { m.decided } else { 0 };
        match exit {
            Exit::False => {}
            Exit::True if chosen < row.outcomes => self.fire(row, number, chosen),
            Exit::True => self.failed(row, number, kind, Note::NONE),
            Exit::Error => self.failed(row, number, kind, m.note),
        }
    }

    /// A rule that is known to say this outcome.
    fn speak(&mut self, number: u16, chosen: u16) {
        if let Some(row) = self.program.module.rules.get(usize::from(number)) {
            self.fire(row, number, chosen);
        }
    }

    fn fire(&mut self, row: &RuleRow, rule: u16, chosen: u16) {
        let outcome = row.first_outcome + chosen;
        let Some(said) = self.program.module.outcomes.get(usize::from(outcome)) else {
            return self.failed(row, rule, None, Note::NONE);
        };
        if row.shadow {
            self.shadow.push(Fired { rule, outcome });
            return;
        }
        self.fired.push(Fired { rule, outcome });
        let level = said.effect;
        self.stand(Best { level, failed: false, priority: row.priority, rule, outcome });
    }

    /// A rule that failed is reported. One that could have refused stands at the level of
    /// `on_error`; a decision function denies, for nobody knows what it would have said.
    fn failed(&mut self, row: &RuleRow, rule: u16, kind: Option<FunctionKind>, note: Note) {
        self.fail(Asker::Rule(rule), note);
        if row.shadow {
            return;
        }
        let module = &self.program.module;
        let effect = module.outcomes.get(usize::from(row.first_outcome)).map(|row| row.effect);
        let level = match (kind, effect) {
            (Some(FunctionKind::Condition), Some(Effect::Allow)) => return,
            (Some(FunctionKind::Condition), Some(Effect::Deny | Effect::Escalate)) => {
                // One that allows would open what failed; no program has one.
                module.manifest.on_error.effect.max(Effect::Escalate)
            }
            _ => Effect::Deny,
        };
        let best = Best { level, failed: true, priority: row.priority, rule, outcome: NONE };
        self.stand(best);
    }

    fn stand(&mut self, new: Best) {
        // Rules come in document order, so of two that are equal the first stays.
        let rank = |best: &Best| (best.level, !best.failed, Reverse(best.priority));
        if self.best.is_none_or(|best| rank(&new) > rank(&best)) {
            self.best = Some(new);
        }
    }

    fn fail(&mut self, by: Asker, note: Note) {
        // There is room for one failure of everything that can fail.
        if self.failures.len() < self.failures.capacity() {
            self.failures.push(Failure { by, class: note.class, pc: note.pc });
        }
    }

    fn verdict(self, cost: u64) -> Verdict {
        let module = &self.program.module;
        let Fallback { escalation, .. } = module.manifest.on_error;
        match self.best {
            Some(best) => {
                let row = module.outcomes.get(usize::from(best.outcome));
                Verdict {
                    effect: Some(best.level),
                    rule: Some(best.rule),
                    outcome: best.outcome,
                    escalation: row.map_or(escalation, |row| row.escalation),
                    cost,
                    refused: None,
                }
            }
            None => Verdict {
                effect: module.manifest.default.map(|fallback| fallback.effect),
                rule: None,
                outcome: NONE,
                escalation: module.manifest.default.map_or(NONE, |fallback| fallback.escalation),
                cost,
                refused: None,
            },
        }
    }
}
