//! From an input to a decision: which rules are asked, what they ask, who wins.
//!
//! In:      a filled scratch and a moment.
//! Out:     `Decision`; never an error, for errors are in it and deny.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  `docs/decisions.md`.

use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::{KeyedType, NONE, Phase, SlotRow, Str};
use crate::runtime::program::Program;
use crate::runtime::program::dispatch::{self, Group, ProgramItem, SlotRequirement, requirements};
use crate::runtime::program::probe::SiftState;
use crate::runtime::vm::decision::{Decision, Verdict};
use crate::runtime::vm::machine::{Exit, Machine};
use crate::runtime::vm::observe::{NoObserver, Observer, Watching, Witness};
use crate::runtime::vm::request::conform::conform;
use crate::runtime::vm::request::error::{Expected, InputError, InputKind};
use crate::runtime::vm::request::whole::{expected, row};
use crate::runtime::vm::request::{Filled, Moment, Request, heap, ingest};
use crate::runtime::vm::scratch::{LiveRule, Scratch, merged};
use crate::runtime::vm::settle::AtomSettler;
use crate::runtime::vm::sift::{SiftResult, both, push, sift, sift_block, sift_in_full};
use crate::runtime::vm::tally::{Tally, call};

/// Reads a context and decides. Total: what cannot be read is denied.
#[must_use]
pub fn evaluate<'a>(
    program: &'a Program,
    request: &Request<'a>,
    scratch: &'a mut Scratch,
) -> Decision<'a> {
    ingest(program, request.context, scratch).into_decision(&request.moment)
}

impl<'a> Filled<'a> {
    /// Decides about this input.
    #[must_use]
    pub fn decide<'s>(&'s mut self, moment: &Moment<'s>) -> Decision<'s> {
        self.decided(moment, NoObserver)
    }

    /// Decides while a witness watches.
    #[must_use]
    pub fn decide_witnessed<'s>(
        &'s mut self,
        moment: &Moment<'s>,
        witness: &mut Witness,
    ) -> Decision<'s>
    where
        'a: 's,
    {
        self.decided(moment, witness)
    }

    /// Decides while somebody watches.
    #[must_use]
    pub fn decide_observed<'s>(
        &'s mut self,
        moment: &Moment<'s>,
        observer: &mut dyn Observer,
    ) -> Decision<'s>
    where
        'a: 's,
    {
        self.decided(moment, observer)
    }

    /// Decides about this input, which is not decided again.
    #[must_use]
    pub fn into_decision(mut self, moment: &Moment<'a>) -> Decision<'a> {
        let verdict = verdict(&mut self, moment, NoObserver);
        Decision::of(self, verdict, moment)
    }

    /// The same while a witness watches.
    #[must_use]
    pub fn into_witnessed(mut self, moment: &Moment<'a>, witness: &mut Witness) -> Decision<'a> {
        let verdict = verdict(&mut self, moment, witness);
        Decision::of(self, verdict, moment)
    }

    fn decided<'s, O: Watching>(&'s mut self, moment: &Moment<'s>, observer: O) -> Decision<'s>
    where
        'a: 's,
    {
        let verdict = verdict(self, moment, observer);
        let Filled { program, scratch, request, error } = self;
        let filled = Filled { program, scratch, request, error: *error };
        Decision::of(filled, verdict, moment)
    }
}

fn verdict<O: Watching>(filled: &mut Filled<'_>, moment: &Moment<'_>, observer: O) -> Verdict {
    let program = filled.program;
    filled.scratch.begin(program, filled.request);
    if let Some(slot) = filled.scratch.file.get_mut(usize::from(program.sizes.now)) {
        *slot = Value::timestamp(moment.seconds, moment.nanoseconds);
    }
    let lists = match (filled.error, fast_lists(filled, moment.phase)) {
        (None, Some(lists)) => lists,
        (error, _) => match error.map_or_else(|| gather(filled, moment.phase), Err) {
            Ok(lists) => lists,
            Err(error) => {
                filled.scratch.refused = Some(error);
                filled.scratch.used = true;
                return Verdict::REFUSED;
            }
        },
    };
    // Whoever watches sees every rule run; where cost is counted as it arises, every rule costs.
    if O::ON || program.module.manifest.metered {
        let second = every_rule(filled, &lists);
        return run(filled, moment, (&lists, second), observer);
    }
    let quiet = program.module.outputs.is_empty();
    let mut rest = SiftResult::default();
    if quiet && lists.are_short() {
        let (first, second) = probe_lists(filled, &lists);
        rest.take(&lists.always.block, first);
        rest.take(&lists.keyed.block, second);
        if rest.runs == 0 {
            return verdict_of_probes(filled, &lists, first.left, second.left);
        }
        lists.keep(&mut filled.scratch.sifted, first, second);
    } else {
        sift(filled, lists.always, 0, &mut rest);
        sift(filled, lists.keyed, lists.always.blocks(), &mut rest);
    }
    let second = settle(filled, &lists, rest);
    if quiet && filled.scratch.left.iter().all(|left| left.says.is_some()) {
        return verdict_of_settled(filled, &lists, second);
    }
    run(filled, moment, (&lists, second), observer)
}

/// The lists of rules that are asked, both ascending.
#[derive(Clone, Copy)]
struct Lists<'p> {
    always: &'p Group,
    /// The rules that the key chooses.
    keyed: &'p Group,
    /// Whether these are not all: several prefixes and patterns fit the key, and the rules of all
    /// of them were gathered in the scratch.
    gathered: bool,
}

/// The rules that the request concerns, where the bundle names its key and all that is asked of
/// it is seen to be there. That is nearly always so; `gather` sees to the rest.
#[inline]
fn fast_lists<'p>(filled: &Filled<'p>, phase: Phase) -> Option<Lists<'p>> {
    let Filled { program, scratch, .. } = filled;
    let plan = &program.plan;
    let always = plan.always(phase);
    let (needs, keyed) = if plan.key_slot == NONE {
        (always, &Group::EMPTY)
    } else {
        let keyed = plan.named(scratch.place, phase)?;
        (keyed, keyed)
    };
    let met = needs.plain && scratch.fills(plan, needs);
    met.then_some(Lists { always, keyed, gathered: false })
}

/// Finds the rules that the request concerns, and sees to what they ask of it.
#[inline(never)]
fn gather<'p>(filled: &mut Filled<'p>, phase: Phase) -> Result<Lists<'p>, InputError> {
    let program = filled.program;
    let plan = &program.plan;
    let always = plan.always(phase);
    if filled.scratch.fills(plan, always) {
        check(filled, plan.typed(always).iter().copied())?;
        check(filled, plan.typed_for_outputs().iter().copied())?;
    } else {
        check_all(filled, always)?;
        let outputs = (0..).zip(&program.module.outputs);
        let rows = outputs
            .map(|(at, row)| (ProgramItem::Output(at), (row.first_requirement, row.requirements)));
        check_rows(filled, rows, plan.typed_for_outputs())?;
    }
    if plan.key_slot == NONE {
        return Ok(Lists { always, keyed: &Group::EMPTY, gathered: false });
    }
    let key = filled.scratch.file.get(usize::from(plan.key_slot)).copied();
    let key = key.filter(|key| key.tag() == Tag::String).ok_or_else(|| {
        let kind = match key.map(|key| key.tag()) {
            None | Some(Tag::Absent) => InputKind::MissingField,
            Some(_) => InputKind::WrongType(Expected::String),
        };
        InputError { kind, offset: None, node: node_of(program, plan.key_slot) }
    })?;
    if let Some(group) = plan.named(filled.scratch.place, phase) {
        check_group(filled, group)?;
        return Ok(Lists { always, keyed: group, gathered: false });
    }
    let (keyed, gathered) = unnamed(filled, phase, &key)?;
    Ok(Lists { always, keyed, gathered })
}

/// Sees to what the rules that the request concerns ask of it; those rules, ascending, and what
/// they cost at most.
///
/// # Errors
/// Why the request is refused.
pub(in crate::runtime) fn applicable_rules(
    filled: &mut Filled<'_>,
    phase: Phase,
) -> Result<(Vec<u16>, u64), InputError> {
    let lists = gather(filled, phase)?;
    let program = filled.program;
    let gathered = &filled.scratch.rules;
    let mut rules = program.plan.rules(lists.always).to_vec();
    rules.extend_from_slice(lists.keyed(program, gathered));
    rules.sort_unstable();
    Ok((rules, lists.cost(program, gathered)))
}

/// Sees to what one rule or output asks of a request.
///
/// # Errors
/// Why the request is refused.
pub(in crate::runtime) fn check_requirements(
    filled: &mut Filled<'_>,
    by: ProgramItem,
) -> Result<(), InputError> {
    let module = &filled.program.module;
    let rows = match by {
        ProgramItem::Rule(at) => {
            module.rules.get(usize::from(at)).map(|it| (it.first_requirement, it.requirements))
        }
        ProgramItem::Output(at) => {
            module.outputs.get(usize::from(at)).map(|it| (it.first_requirement, it.requirements))
        }
    };
    let asked = requirements(module, rows.unwrap_or_default()).iter();
    check(filled, asked.map(|requirement| SlotRequirement { requirement: *requirement, by }))
}

/// Whether a request meets these requirements: the first, and their number.
pub(in crate::runtime) fn meets(filled: &mut Filled<'_>, rows: (u32, u16)) -> bool {
    let asked = requirements(&filled.program.module, rows).iter();
    let by = ProgramItem::Output(NONE);
    check(filled, asked.map(|requirement| SlotRequirement { requirement: *requirement, by }))
        .is_ok()
}

/// The rules of all prefixes and patterns that fit a key that the bundle does not name: one list,
/// or with `true` no list but the scratch holds them.
fn unnamed<'p>(
    filled: &mut Filled<'p>,
    phase: Phase,
    key: &Value,
) -> Result<(&'p Group, bool), InputError> {
    let Filled { program, request, .. } = *filled;
    let plan = &program.plan;
    let mut found = (&Group::EMPTY, false);
    for at in 0..plan.prefix_lengths() {
        let heap = heap(program, request, &mut filled.scratch.store);
        if let Some(group) = plan.prefix(&program.text, heap.bytes(key), (at, phase)) {
            found = joined(filled, found, group)?;
        }
    }
    for at in 0..plan.patterns() {
        let heap = heap(program, request, &mut filled.scratch.store);
        if let Some(group) = plan.pattern(&program.text, heap.str(key), (at, phase)) {
            found = joined(filled, found, group)?;
        }
    }
    Ok(found)
}

/// Takes in the rules of a list. A rule may stand in several.
fn joined<'p>(
    filled: &mut Filled<'p>,
    (first, gathered): (&'p Group, bool),
    group: &'p Group,
) -> Result<(&'p Group, bool), InputError> {
    check_group(filled, group)?;
    let plan = &filled.program.plan;
    if !gathered {
        if first.is_empty() {
            return Ok((group, false));
        }
        filled.scratch.rules.clear();
        filled.scratch.rules.extend_from_slice(plan.rules(first));
    }
    let rules = &mut filled.scratch.rules;
    for rule in plan.rules(group) {
        if let Err(place) = rules.binary_search(rule) {
            rules.insert(place, *rule);
        }
    }
    Ok((&Group::EMPTY, true))
}

/// Sees to it that what the rules of a group ask is there.
fn check_group(filled: &mut Filled<'_>, group: &Group) -> Result<(), InputError> {
    let plan = &filled.program.plan;
    if filled.scratch.fills(plan, group) {
        return check(filled, plan.typed(group).iter().copied());
    }
    check_all(filled, group)
}

/// As `check_group`, one after the other, so that the first that fails is found.
fn check_all(filled: &mut Filled<'_>, group: &Group) -> Result<(), InputError> {
    let program = filled.program;
    let rules = program.plan.rules(group).iter();
    let rows = rules.filter_map(|rule| {
        let row = program.module.rules.get(usize::from(*rule))?;
        Some((ProgramItem::Rule(*rule), (row.first_requirement, row.requirements)))
    });
    check_rows(filled, rows, program.plan.typed(group))
}

/// Checks requirements by who asks: their first and their number. Of questions about types those
/// are asked that stand in `typed`, which is in the same order.
fn check_rows(
    filled: &mut Filled<'_>,
    rows: impl Iterator<Item = (ProgramItem, (u32, u16))>,
    typed: &[SlotRequirement],
) -> Result<(), InputError> {
    let module = &filled.program.module;
    let mut typed = typed.iter().peekable();
    let asked = rows.flat_map(|(by, rows)| {
        requirements(module, rows).iter().map(move |it| SlotRequirement { requirement: *it, by })
    });
    let asked = asked.filter(|asked| {
        asked.requirement.ty == NONE || typed.next_if(|next| *next == asked).is_some()
    });
    check(filled, asked)
}

/// Sees to it that what is asked of slots is there. A value that was read without a type becomes
/// one of the type that is asked for.
fn check(
    filled: &mut Filled<'_>,
    mut asked: impl Iterator<Item = SlotRequirement>,
) -> Result<(), InputError> {
    match asked.find(|asked| !is_met(filled, asked)) {
        Some(asked) => Err(needed(filled.program, &filled.scratch.file, &asked)),
        None => Ok(()),
    }
}

fn is_met(filled: &mut Filled<'_>, asked: &SlotRequirement) -> bool {
    let requirement = asked.requirement;
    let value = filled.scratch.file.get(usize::from(requirement.slot));
    if value.is_none_or(|value| value.tag() == Tag::Absent) {
        return requirement.optional;
    }
    let own = filled.program.module.keyed.get(usize::from(requirement.keyed));
    let own = own.filter(|own| !is_withheld(filled, own.slot)).map(|own| keyed(filled, own));
    own.is_none_or(|ty| typed(filled, requirement.slot, ty))
        && (requirement.ty == NONE || typed(filled, requirement.slot, requirement.ty))
}

/// Whether what chooses a type is unknown; whoever decides about that sees to it.
fn is_withheld(filled: &Filled<'_>, slot: u16) -> bool {
    filled.scratch.file.get(usize::from(slot)).is_some_and(|key| key.tag() == Tag::Unknown)
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
    let Some(value) = conform(&program.module, &mut heap, slot, ty) else {
        heap.store.reset(*mark);
        return false;
    };
    *slot = value;
    // What was built for it belongs to the input now.
    *mark = heap.store.mark();
    true
}

/// Why an input is refused that does not meet what is asked.
pub(in crate::runtime) fn needed(
    program: &Program,
    file: &[Value],
    asked: &SlotRequirement,
) -> InputError {
    let requirement = asked.requirement;
    let value = file.get(usize::from(requirement.slot));
    let tag = value.map_or(Tag::Absent, Value::tag);
    let wanted = match (tag, expected(row(&program.module, requirement.ty))) {
        (Tag::Absent, _) => Expected::There,
        (Tag::Map, Expected::Object | Expected::Map) | (Tag::List, Expected::List) => {
            Expected::Declared
        }
        (_, wanted) => wanted,
    };
    let kind = InputKind::Needed(asked.by, wanted);
    InputError { kind, offset: None, node: node_of(program, requirement.slot) }
}

/// The place that a slot is about; the context itself where it is about none.
pub(in crate::runtime) fn node_of(program: &Program, slot: u16) -> u16 {
    match program.module.slots.get(usize::from(slot)) {
        Some(SlotRow::Value(node) | SlotRow::Presence(node)) => *node,
        Some(SlotRow::Now) | None => NONE,
    }
}

/// What a look tells of two lists of one block at most.
#[inline]
fn probe_lists(filled: &mut Filled<'_>, lists: &Lists<'_>) -> (SiftState, SiftState) {
    let mut of_list = |list: &Group| {
        if list.is_empty() { SiftState::EMPTY } else { sift_block(filled, &list.block) }
    };
    (of_list(lists.always), of_list(lists.keyed))
}

impl Lists<'_> {
    /// Whether either list has one block at most, and nothing was gathered.
    #[inline]
    const fn are_short(&self) -> bool {
        self.always.is_short() && self.keyed.is_short() && !self.gathered
    }

    /// Keeps what a look tells of both lists.
    fn keep(&self, sifted: &mut [SiftState], always: SiftState, keyed: SiftState) {
        let (first, second) = self.parts(sifted);
        for (place, known) in first.iter_mut().zip([always]).chain(second.iter_mut().zip([keyed])) {
            *place = known;
        }
    }

    /// Where stands what is known of the blocks of either list.
    fn parts<'s>(&self, sifted: &'s mut [SiftState]) -> (&'s mut [SiftState], &'s mut [SiftState]) {
        let (always, keyed) = sifted.split_at_mut(self.always.blocks().min(sifted.len()));
        (always, keyed.get_mut(..self.keyed.blocks()).unwrap_or_default())
    }

    /// The rules that the key chooses: `gathered` are those that were gathered.
    #[inline]
    fn keyed<'l>(&self, program: &'l Program, gathered: &'l [u16]) -> &'l [u16] {
        if self.gathered { gathered } else { program.plan.rules(self.keyed) }
    }

    /// What all rules cost at most.
    #[inline]
    fn cost(&self, program: &Program, gathered: &[u16]) -> u64 {
        let mut cost = self.always.cost.saturating_add(self.keyed.cost);
        if self.gathered {
            for rule in gathered {
                cost = cost.saturating_add(dispatch::cost(&program.module, *rule));
            }
        }
        cost
    }
}

/// The verdict where all rules that are left of two short lists fire, and nothing else is asked.
#[inline]
fn verdict_of_probes(
    filled: &mut Filled<'_>,
    lists: &Lists<'_>,
    first: u64,
    second: u64,
) -> Verdict {
    let Filled { program, scratch, .. } = filled;
    let Scratch { fired, shadow, failures, used, .. } = &mut **scratch;
    let mut tally = Tally::new(program, fired, shadow, (failures, used));
    if first | second != 0 {
        let plan = &program.plan;
        let (always, keyed) = (plan.rules(lists.always), plan.rules(lists.keyed));
        both((always, first), (keyed, second), |rule| tally.speak(rule, 0));
    }
    tally.verdict(lists.always.cost.saturating_add(lists.keyed.cost))
}

/// Puts the rules that are left of both lists into `Scratch::left`, with what is known of them,
/// also by all atoms and by trees where a look at the slots does not tell; where those of the
/// second begin. What was built on the way is forgotten.
#[inline(never)]
fn settle(filled: &mut Filled<'_>, lists: &Lists<'_>, rest: SiftResult) -> usize {
    let program = filled.program;
    let Scratch { file, store, workings, left, rules, sifted, mark, used, .. } =
        &mut *filled.scratch;
    *used = true;
    let mut settling = AtomSettler {
        program,
        file,
        heap: heap(program, filled.request, store),
        scans: &mut workings.scans,
        computed: &mut workings.computed,
        mark: *mark,
        grown: 0,
        built: 0,
    };
    let (first, second) = lists.parts(sifted);
    if rest.open != 0 {
        sift_in_full(&mut settling, lists.always, first);
        sift_in_full(&mut settling, lists.keyed, second);
    }
    left.clear();
    push(program, lists.always, first, left);
    let begin = left.len();
    if lists.gathered {
        left.extend(rules.iter().copied().map(run_it));
    } else {
        push(program, lists.keyed, second, left);
    }
    let begin = settling.settle(left, begin);
    store.reset(*mark);
    begin
}

/// Puts all rules of both lists into `Scratch::left`; where those of the second begin.
fn every_rule(filled: &mut Filled<'_>, lists: &Lists<'_>) -> usize {
    let program = filled.program;
    let Scratch { left, rules, .. } = &mut *filled.scratch;
    left.clear();
    left.extend(program.plan.rules(lists.always).iter().copied().map(run_it));
    let second = left.len();
    left.extend(lists.keyed(program, rules).iter().copied().map(run_it));
    second
}

const fn run_it(rule: u16) -> LiveRule {
    LiveRule { rule, says: None }
}

/// The verdict where it is known what all rules say, and nothing else is asked.
fn verdict_of_settled(filled: &mut Filled<'_>, lists: &Lists<'_>, second: usize) -> Verdict {
    let Filled { program, scratch, .. } = filled;
    let Scratch { rules, left, fired, shadow, failures, used, .. } = &mut **scratch;
    let mut tally = Tally::new(program, fired, shadow, (failures, used));
    let (first, second) = left.split_at(second.min(left.len()));
    for LiveRule { rule, says } in merged(first, second) {
        tally.speak(*rule, says.unwrap_or(NONE));
    }
    tally.verdict(lists.cost(program, rules))
}

#[inline(never)]
fn run<O: Watching>(
    filled: &mut Filled<'_>,
    moment: &Moment<'_>,
    (lists, second): (&Lists<'_>, usize),
    observer: O,
) -> Verdict {
    let program = filled.program;
    let scratch = &mut *filled.scratch;
    let Scratch { file, store, workings, rules, left, fired, shadow, failures, .. } = scratch;
    let Scratch { outputs, used, .. } = scratch;
    *used = true;
    workings.missing.clear();
    let heap = heap(program, filled.request, store);
    let mut machine = Machine::new(program, heap, workings, moment.hosts, observer);
    if !machine.budget.metered {
        machine.budget.add(lists.cost(program, rules));
    }
    let mut tally = Tally::new(program, fired, shadow, (failures, used));
    let (first, second) = left.split_at(second.min(left.len()));
    for LiveRule { rule, says } in merged(first, second) {
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
            tally.fail(ProgramItem::Output(at), machine.note);
        }
        outputs.push(value);
    }
    tally.verdict(machine.budget.used())
}

fn function_cost(program: &Program, function: u16) -> u64 {
    program.module.functions.get(usize::from(function)).map_or(0, |row| row.cost)
}
