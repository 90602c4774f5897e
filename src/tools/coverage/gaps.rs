//! What would cover the rest: inputs, each of which was run.
//!
//! In:      a group of cases and what was seen of them.
//! Out:     for a rule that never fired whether it can; for an atom an input that covers what is
//!          missing, if one is found soon.
//! Imports: `compiler::solve`, `runtime::bundle`, `runtime::vm`, `tools::diff`, `tools::inspect`,
//!          `tools::parallel`, `tools::replay`, `tools::suite`.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::compiler::solve::input::Example;
use crate::runtime::vm::scratch::Scratch;
use crate::tools::coverage::watch::{AtomState, DecisionTrace, Vector, WatchedProgram, apart_in};
use crate::tools::coverage::{Goal, Reach, RuleCover};
use crate::tools::diff::search::{self, Search, beside};
use crate::tools::inspect::atoms::turned;
use crate::tools::parallel::each;
use crate::tools::replay::cover::{self, BundleExercise};
use crate::tools::suite::group::Group;

/// Most inputs that are looked for in one group.
const SOUGHT_MAX: usize = 200;

/// Something that is missing: the rule by number, its atom by place, and what of it.
type Gap = (u16, usize, Goal);

/// Fills in what would cover the rest of `rules`, which are those of the group with their numbers.
pub(super) fn fill(
    group: &Group<'_>,
    watch: &WatchedProgram<'_>,
    seen: &[DecisionTrace],
    rules: &mut [(u16, RuleCover)],
) {
    let search = Search::of(&[group.program.module()]);
    let seeds: Vec<Example> = group.cases.iter().map(example).collect();
    reach(group, watch, (&search, &seeds), rules);
    let mut sought: Vec<(usize, Gap)> = Vec::new();
    for (place, (number, rule)) in rules.iter().enumerate() {
        for (atom, cover) in rule.atoms.iter().enumerate() {
            sought.extend(cover.missing().into_iter().map(|goal| (place, (*number, atom, goal))));
        }
    }
    sought.truncate(SOUGHT_MAX);
    if sought.is_empty() {
        return;
    }
    let turned =
        turned(group.program.module(), &crate::runtime::bundle::debug::of(group.program.module()));
    let found =
        each(&sought, |(_, own)| seek(group, watch, seen, (&search, &seeds, &turned), *own));
    for ((place, (_, atom, goal)), example) in sought.into_iter().zip(found) {
        let cover = rules.get_mut(place).and_then(|(_, rule)| rule.atoms.get_mut(atom));
        if let (Some(cover), Some(example)) = (cover, example) {
            cover.witnesses.insert(goal, example);
        }
    }
}

fn example(ready: &crate::tools::suite::prepared::PreparedCase<'_>) -> Example {
    Example { context: ready.context.clone(), now: ready.at }
}

/// Whether rules that never fired can, as `policyc replay cover` finds it out; of entries an input
/// is looked for.
fn reach(
    group: &Group<'_>,
    watch: &WatchedProgram<'_>,
    (search, seeds): (&Search, &[Example]),
    rules: &mut [(u16, RuleCover)],
) {
    if rules.iter().all(|(_, rule)| rule.fired > 0) {
        return;
    }
    let entry =
        |number: u16| watch.subjects.get(usize::from(number)).and_then(|it| it.entry.as_ref());
    let mut exercised = BundleExercise::default();
    for (_, rule) in rules.iter().filter(|(number, _)| entry(*number).is_none()) {
        exercised.rules.insert(rule.id.clone(), u64::try_from(rule.fired).unwrap_or(u64::MAX));
    }
    let known: BTreeMap<String, Option<cover::Reach>> =
        cover::rules(&group.program, &exercised).into_iter().map(|it| (it.id, it.reach)).collect();
    for (number, rule) in rules.iter_mut().filter(|(_, rule)| rule.fired == 0) {
        rule.reach = Some(match entry(*number) {
            Some(entry) if entry.choice.is_dead() => Reach::Impossible,
            Some(_) => {
                let found = yielding(group, watch, (search, seeds), *number);
                found.map_or(Reach::Open, Reach::Found)
            }
            None => match known.get(&rule.id).cloned().flatten() {
                Some(cover::Reach::Reachable(example)) => Reach::Found(*example),
                Some(cover::Reach::Impossible) => Reach::Impossible,
                Some(cover::Reach::Open) | None => Reach::Open,
            },
        });
    }
}

/// An input for which an entry yields.
fn yielding(
    group: &Group<'_>,
    watch: &WatchedProgram<'_>,
    (search, seeds): (&Search, &[Example]),
    entry: u16,
) -> Option<Example> {
    let mut scratch = Scratch::for_program(&group.program);
    let mut covers =
        |example: &Example| watch.example(example, &mut scratch).fired.contains_key(&entry);
    let found = beside(seeds, search.values(), &mut covers);
    let found = found.or_else(|| search.run(seeds, &mut covers).ok())?;
    Some(search::smaller(found, &mut covers))
}

/// An input that covers what is sought.
fn seek(
    group: &Group<'_>,
    watch: &WatchedProgram<'_>,
    seen: &[DecisionTrace],
    (search, seeds, turned): (&Search, &[Example], &[bool]),
    (rule, atom, goal): Gap,
) -> Option<Example> {
    let own = watch.atoms(rule).get(atom)?;
    let turned = turned.get(usize::from(own.number)).copied().unwrap_or(false);
    let wanted = match goal {
        Goal::Yes => Some(if turned { AtomState::False } else { AtomState::True }),
        Goal::No => Some(if turned { AtomState::True } else { AtomState::False }),
        Goal::Alone => None,
    };
    let vectors: Vec<Vector> = watch.vectors(seen, rule);
    let scratch = RefCell::new(Scratch::for_program(&group.program));
    let mut covers = |example: &Example| {
        let now = watch.example(example, &mut scratch.borrow_mut());
        if let Some(wanted) = wanted {
            return now.value(rule, *own) == wanted;
        }
        let vector = watch.vector(&now, rule);
        vectors.iter().any(|known| apart_in(known, &vector, atom))
    };
    let found = beside(seeds, search.values(), &mut covers);
    let found = found.or_else(|| search.run(seeds, &mut covers).ok())?;
    Some(search::smaller(found, &mut covers))
}
