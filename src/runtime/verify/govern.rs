//! What a session knows of labels, tools, meters, limits and answers (V35).
//!
//! In:      a module.
//! Out:     whether these are in order and name what is there.
//! Imports: `base`, `lang`, `runtime::bundle`.
//!
//! Nothing here says what rules ask of a session: an answer that no session gives, or gives in
//! another type, makes the decision a deny.

use std::collections::HashSet;

use crate::base::limits::{
    CONTEXT_DEPTH_MAX, LABELS_MAX, METER_BUCKETS_MAX, METER_KEYS_MAX, OFFERS_MAX, PLAN_STEPS_MAX,
};
use crate::lang::session::{Respond, is_mark};
use crate::runtime::bundle::govern::{
    DenialRow, FieldLabels, Govern, LabelRow, PlanRow, QuestionPart, StorePart, WindowRow,
};
use crate::runtime::bundle::module::{Module, NONE, Step, Str};
use crate::runtime::verify::error::{Fault, VerifyError};
use crate::runtime::verify::steps::Steps;
use crate::runtime::verify::structure::{ensure, has_string, number};

pub(super) fn check(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let govern = &module.govern;
    let speaks = !govern.labels.is_empty();
    ensure(speaks || govern.tools.is_empty(), Fault::GovernEmpty)?;
    ensure(*govern == Govern::default() || module.context == NONE, Fault::GovernMessage)?;
    ensure(govern.labels.len() <= LABELS_MAX, Fault::LabelOrder { at: number(LABELS_MAX) })?;
    let named = |name: Str| has_string(module, name);
    let ascends = |before: Option<Str>, name: Str| before.is_none_or(|before| before < name);
    let mut before = None;
    for (at, row) in govern.labels.iter().enumerate() {
        steps.spend(1 + row.implies.len())?;
        ensure(named(row.name) && ascends(before, row.name), Fault::LabelOrder { at: number(at) })?;
        let own = u16::try_from(at).unwrap_or(NONE);
        let in_order = are_labels(module, &row.implies) && !row.implies.contains(&own);
        ensure(in_order, Fault::LabelImplies { at: number(at) })?;
        before = Some(row.name);
    }
    before = None;
    for (at, row) in govern.tools.iter().enumerate() {
        let args = row.args.as_deref().unwrap_or_default();
        steps.spend(1 + args.len() + row.outputs.len() + row.store.len())?;
        ensure(named(row.name) && ascends(before, row.name), Fault::ToolOrder { at: number(at) })?;
        let in_order =
            args.iter().all(|arg| named(arg.name)) && args.is_sorted_by(|a, b| a.name < b.name);
        ensure(in_order, Fault::ToolOrder { at: number(at) })?;
        let mut before_it: Option<&FieldLabels> = None;
        for field in &row.outputs {
            steps.spend(1 + field.path.len() + field.labels.len())?;
            let last = field.path.len();
            let keys = (1..).zip(&field.path).all(|(depth, step)| match step {
                Step::Key(key) => named(*key),
                Step::Any => true,
                Step::Names => depth == last,
            });
            let in_order = before_it.is_none_or(|before| before.path < field.path)
                && field.path.len() <= CONTEXT_DEPTH_MAX
                && keys
                && are_labels(module, &field.labels);
            ensure(in_order, Fault::ToolOutput { at: number(at) })?;
            before_it = Some(field);
        }
        let keys = row.store.iter().all(|part| match part {
            StorePart::Text(name) | StorePart::Member(name) | StorePart::Argument(name) => {
                named(*name)
            }
        });
        ensure(keys, Fault::ToolStore { at: number(at) })?;
        before = Some(row.name);
    }
    meters(module, steps)
}

fn meters(module: &Module, steps: &mut Steps) -> Result<(), VerifyError> {
    let govern = &module.govern;
    let named = |name: Str| has_string(module, name);
    let ascends = |before: Option<Str>, name: Str| before.is_none_or(|before| before < name);
    let mut terms = vec![false; govern.terms.len()];
    let mut before = None;
    for (at, row) in (0..).zip(&govern.meters) {
        steps.spend(1 + row.on.len())?;
        ensure(named(row.name) && ascends(before, row.name), Fault::MeterOrder { at })?;
        let mut known = !row.on.is_empty() && row.on.iter().all(|pattern| named(*pattern));
        for term in [row.key, row.amount].into_iter().filter(|term| *term != NONE) {
            let seen = terms.get_mut(usize::from(term));
            known &= seen.is_some();
            if let Some(seen) = seen {
                *seen = true;
            }
        }
        ensure(known, Fault::MeterTerm { at })?;
        let window = match &row.window {
            WindowRow::Session => true,
            WindowRow::Sliding(length, part) => {
                (1..=*length).contains(part) && length / part < METER_BUCKETS_MAX
            }
            WindowRow::Calendar(_, zone) => named(*zone),
            WindowRow::Bucket(refill, per) => *refill >= 0 && *per > 0,
        };
        let counts = (row.count == 0) == (row.amount != NONE);
        let bounded = (1..=METER_KEYS_MAX).contains(&row.keys_max);
        ensure(window && counts && bounded, Fault::MeterWindow { at })?;
        before = Some(row.name);
    }
    if let Some(row) = &govern.plan {
        plan(module, row, &mut terms, steps)?;
    }
    denials(module, &mut terms, steps)?;
    takers(module, &mut terms, steps)?;
    if let Some(term) = terms.iter().position(|named| !named) {
        return Err(Fault::TermUnused { term: number(term) }.into());
    }
    before = None;
    for (at, row) in (0..).zip(&govern.limits) {
        steps.spend(1)?;
        ensure(named(row.id) && ascends(before, row.id), Fault::LimitOrder { at })?;
        let meter = usize::from(row.meter) < govern.meters.len();
        ensure(meter && row.max >= 0, Fault::LimitMeter { at })?;
        before = Some(row.id);
    }
    Ok(())
}

fn plan(
    module: &Module,
    plan: &PlanRow,
    terms: &mut [bool],
    steps: &mut Steps,
) -> Result<(), VerifyError> {
    let is_there = |name: &Str| has_string(module, *name);
    let mut names: Vec<Str> = Vec::new();
    for (at, row) in (0..).zip(&plan.steps) {
        steps.spend(1 + row.after.len())?;
        let mut known = row.term == NONE;
        if let Some(seen) = terms.get_mut(usize::from(row.term)) {
            (known, *seen) = (true, true);
        }
        let own = names.len();
        let ordered = row.after.is_sorted_by(|a, b| a < b)
            && row.after.iter().all(|before| usize::from(*before) < own);
        let is_new = !names.contains(&row.name);
        let fits = is_there(&row.name) && is_there(&row.tool) && row.times != Some(0);
        ensure(known && ordered && is_new && fits, Fault::PlanStep { at })?;
        names.push(row.name);
    }
    ensure(plan.steps.len() <= PLAN_STEPS_MAX, Fault::PlanStep { at: number(PLAN_STEPS_MAX) })?;
    steps.spend(plan.reads.len() + plan.readers.len() + plan.others.len())?;
    let sorted = |names: &[Str]| names.is_sorted_by(|a, b| a < b) && names.iter().all(is_there);
    let fits = plan.reads.iter().all(is_there) && sorted(&plan.readers) && sorted(&plan.others);
    ensure(fits, Fault::PlanTools)?;
    steps.spend(plan.params.len())?;
    let params: Vec<Str> = plan.params.iter().map(|(name, _)| *name).collect();
    ensure(sorted(&params), Fault::PlanParams)
}

/// What takes labels away, and when parts of outputs carry what: marks are set by nothing else.
fn takers(module: &Module, terms: &mut [bool], steps: &mut Steps) -> Result<(), VerifyError> {
    let govern = &module.govern;
    let named = |name: &Str| has_string(module, *name);
    let ascends = |before: Option<Str>, name: Str| before.is_none_or(|before| before < name);
    let text = |name: Str| usize::try_from(name).ok().and_then(|at| module.strings.get(at));
    let mark = |row: &LabelRow| text(row.name).is_some_and(is_mark);
    let marks: Vec<bool> = govern.labels.iter().map(mark).collect();
    let plain = |labels: &[u16]| {
        labels.iter().all(|label| marks.get(usize::from(*label)).is_some_and(|mark| !mark))
    };
    let mut term = |number: u16| {
        let seen = terms.get_mut(usize::from(number));
        number == NONE || seen.map(|seen| *seen = true).is_some()
    };
    for ((at, row), mark) in (0..).zip(&govern.labels).zip(&marks) {
        ensure(plain(&row.implies) && (!mark || row.implies.is_empty()), Fault::MarkSet { at })?;
    }
    for (at, row) in (0..).zip(&govern.tools) {
        for field in &row.outputs {
            ensure(plain(&field.labels), Fault::MarkSet { at })?;
            ensure(term(field.when), Fault::ToolOutput { at })?;
            ensure(term(field.audience), Fault::ToolOutput { at })?;
        }
    }
    let mut before = None;
    for (at, row) in (0..).zip(&govern.sanitizers) {
        steps.spend(1 + row.arg.len() + row.removes.len() + row.adds.len())?;
        let there = ascends(before, row.name) && named(&row.name) && named(&row.tool);
        let arg = !row.arg.is_empty() && row.arg.iter().all(named);
        let only_marks = row.adds.iter().all(|at| marks.get(usize::from(*at)) == Some(&true));
        let labels = are_labels(module, &row.removes) && are_labels(module, &row.adds);
        let fits = there && arg && labels && only_marks && plain(&row.removes);
        ensure(fits && term(row.requires), Fault::Sanitizer { at })?;
        before = Some(row.name);
    }
    before = None;
    for (at, row) in (0..).zip(&govern.declassify) {
        steps.spend(1 + row.path.len() + row.by.len() + row.removes.len() + row.adds.len())?;
        let keys = row.path.iter().all(|step| match step {
            Step::Key(key) => named(key),
            Step::Any => true,
            Step::Names => false,
        });
        let there = ascends(before, row.id) && named(&row.id) && named(&row.tool);
        let labels = are_labels(module, &row.removes) && are_labels(module, &row.adds);
        let depth = row.path.len() <= CONTEXT_DEPTH_MAX;
        let fits = there && keys && labels && depth && plain(&row.removes);
        ensure(fits && row.by.iter().all(named), Fault::Declassify { at })?;
        before = Some(row.id);
    }
    Ok(())
}

/// What calls are answered: each rule by one row, with all that it answers with.
fn denials(module: &Module, terms: &mut [bool], steps: &mut Steps) -> Result<(), VerifyError> {
    let named = |name: &Str| has_string(module, *name);
    let plan_steps = module.govern.plan.as_ref().map_or(0, |plan| plan.steps.len());
    let mut spoken: HashSet<Str> = HashSet::new();
    let mut before: Option<&DenialRow> = None;
    for (at, row) in (0..).zip(&module.govern.denials) {
        steps.spend(1 + row.rules.len() + row.question.len())?;
        let ordered = before.is_none_or(|before| before.rules < row.rules)
            && row.rules.is_sorted()
            && row.rules.iter().all(|rule| named(rule) && spoken.insert(*rule));
        ensure(ordered, Fault::DenialOrder { at })?;
        let mut term = |number: u16| {
            let seen = terms.get_mut(usize::from(number));
            seen.map(|seen| *seen = true).is_some()
        };
        let mut fits = row.offers.len() <= OFFERS_MAX;
        for offer in &row.offers {
            steps.spend(1 + offer.keep.len() + offer.set.len())?;
            let mut args: Vec<Str> = offer.keep.clone();
            args.extend(offer.set.iter().map(|(name, _)| *name));
            fits &= named(&offer.tool) && args.iter().all(named);
            fits &= offer.set.iter().all(|(_, number)| *number == NONE || term(*number));
            args.sort_unstable();
            fits &= args.is_sorted_by(|a, b| a < b);
        }
        for part in &row.question {
            fits &= match part {
                QuestionPart::Text(text) => named(text),
                QuestionPart::Value(number, text) => term(*number) && named(text),
            };
        }
        if let Some(row) = &row.backtrack {
            steps.spend(1 + row.undone.len())?;
            let there = |(step, tool): &(u16, Option<Str>)| {
                usize::from(*step) < plan_steps && tool.iter().all(named)
            };
            fits &= row.undone.iter().all(there) && row.undone.is_sorted_by(|a, b| a.0 < b.0);
            fits &= row.max > 0 && row.otherwise != Respond::Backtrack;
        }
        let ways = [Some(row.respond), row.backtrack.as_ref().map(|it| it.otherwise)];
        let answers = |way| ways.contains(&Some(way));
        fits &= answers(Respond::Alternatives) != row.offers.is_empty()
            && answers(Respond::Ask) != row.question.is_empty()
            && (row.respond == Respond::Backtrack) == row.backtrack.is_some();
        ensure(fits, Fault::DenialPart { at })?;
        before = Some(row);
    }
    Ok(())
}

/// Whether these are numbers of labels, ascending.
fn are_labels(module: &Module, labels: &[u16]) -> bool {
    let known = |label: &u16| usize::from(*label) < module.govern.labels.len();
    labels.iter().all(known) && labels.array_windows().all(|[a, b]| a < b)
}
