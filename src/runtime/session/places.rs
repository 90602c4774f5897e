//! What a call is in the plans of its session, and what becomes of them.
//!
//! In:      a call, its values, the state.
//! Out:     the step that it is in each plan, or how it deviates; the state, in which steps are
//!          taken, done and undone.
//! Imports: `base`, `lang`.
//! Source:  `docs/sessions.md`, "Plans".

use std::collections::BTreeSet;

use crate::base::pointer;
use crate::lang::session::{MODEL, OFF_PLAN, PROMPT};
use crate::runtime::session::approvals::by_value;
use crate::runtime::session::ground::Planned;
use crate::runtime::session::json::members;
use crate::runtime::session::plan::{
    ArgumentRequirement, PendingUndo, Place, Step, StepRequirement, Undone,
};
use crate::runtime::session::provenance::{From, Kind, Provenance};
use crate::runtime::session::state::{Call, State};

/// What stands for the call that is undone, among the sources of values.
const OWN: &str = "@own";

/// What is known of what a call has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CallStatus {
    /// Nothing is known.
    Open,
    /// It has done nothing.
    Nothing,
    /// It has failed, and may have done what it was to do all the same.
    Unknown,
    /// It was carried out.
    Done,
}

/// Whether every value at a place of the arguments comes from one of these: what the principal
/// said, what the model made and no piece of what it has read, or an output of a call that was a
/// step so named, as `is_step` says.
pub(super) fn comes_from(
    state: &State,
    values: &[Provenance],
    (place, names): (&str, &[&str]),
    is_step: impl Fn(u32, &str) -> bool,
) -> bool {
    let of_step = |field: &u32| {
        let call = state.index.field(*field).and_then(|field| field.call);
        call.is_some_and(|call| names.iter().any(|name| is_step(call, name)))
    };
    values.iter().filter(|value| value.lies_in(place)).all(|value| {
        value.kind == Kind::None
            || names.contains(&PROMPT) && value.from == From::Prompt
            || names.contains(&MODEL) && value.is_made
            || value.sources.iter().any(of_step)
    })
}

/// Whether arguments are what a plan that came at run time asks.
pub(super) fn fits(
    args: &str,
    asked: &[(Box<str>, Vec<ArgumentRequirement>)],
    comes_from: impl Fn(&str, &[&str]) -> bool,
) -> bool {
    let Ok(given) = members(args) else { return false };
    let named = |name: &str| asked.iter().any(|(own, _)| **own == *name);
    asked.iter().all(|(name, demands)| {
        let equals = demands.iter().any(|demand| matches!(demand, ArgumentRequirement::OneOf(_)));
        if equals && **name != *"*" && !given.iter().any(|(key, _)| **key == **name) {
            return false;
        }
        let meant = given.iter().filter(
            |(key, _)| {
                if **name == *"*" { !named(key) } else { **key == **name }
            },
        );
        meant.into_iter().all(|(key, text)| {
            demands.iter().all(|demand| match demand {
                ArgumentRequirement::OneOf(forms) => {
                    by_value(text).is_some_and(|it| forms.contains(&it))
                }
                ArgumentRequirement::Bytes(most) => {
                    u64::try_from(text.len()).is_ok_and(|len| len <= *most)
                }
                ArgumentRequirement::From(sources) => {
                    let sources: Vec<&str> = sources.iter().map(AsRef::as_ref).collect();
                    let mut place = String::new();
                    pointer::push(&mut place, key);
                    comes_from(&place, &sources)
                }
            })
        })
    })
}

/// The state's part of requests: what a call is in the plans of its session.
impl State {
    /// What a call is in the plan of the program, if that has steps, and in those of events; `term`
    /// says whether a term of the program holds.
    pub(super) fn places(
        &self,
        planned: &Planned<'_>,
        (tool, args): (&str, &str),
        values: &[Provenance],
        mut term: impl FnMut(u16) -> bool,
    ) -> Vec<Place> {
        let tool = (tool, planned.readers.contains(tool));
        let mut places = Vec::with_capacity(1 + self.plans.len());
        if self.undoes(tool.0, values) {
            // No plan that comes later may know of it: the plan of the program asks for it.
            return vec![Place::Undo; 1 + self.plans.len()];
        }
        if !planned.plan.steps.is_empty() {
            places.push(self.plan.place(&planned.plan, tool, |step| match &step.asks {
                StepRequirement::Term(number) => number.is_none_or(&mut term),
                StepRequirement::Args(_) => false,
            }));
        }
        let from = places.len();
        for (at, (plan, progress)) in (from..).zip(&self.plans) {
            let named = |call: u32, name: &str| {
                let place = self.call(call).and_then(|call| call.places.get(at)).copied();
                let Some(Place::Step(step)) = place else { return false };
                plan.steps.get(step).is_some_and(|step| *step.name == *name)
            };
            places.push(progress.place(plan, tool, |step| match &step.asks {
                StepRequirement::Args(asked) => fits(args, asked, |place, names| {
                    comes_from(self, values, (place, names), named)
                }),
                StepRequirement::Term(_) => false,
            }));
        }
        if places.is_empty() {
            // Until a plan comes nothing is planned.
            places.push(Place::Off(tool.1));
        }
        places
    }

    /// Whether a call undoes what is to be undone next: its values stand in what that had answered,
    /// one at least, or in what the principal said. A call that says nothing of it undoes nothing.
    fn undoes(&self, tool: &str, values: &[Provenance]) -> bool {
        let Some(next) = self.plan.undoing.front() else { return false };
        let is_own = |call: u32, _: &str| call == next.call;
        let names = [PROMPT, OWN];
        let answered = |field: &u32| {
            self.index.field(*field).is_some_and(|field| field.call == Some(next.call))
        };
        let says = values.iter().any(|value| value.sources.iter().any(answered));
        let is_next = *next.tool == *tool && !next.under_way && says;
        is_next && comes_from(self, values, ("", &names), is_own)
    }

    /// The steps that the next call may be, as far as tools tell: to plans that came at run time it
    /// must be known, too.
    pub(super) fn open_steps(&self, planned: &Planned<'_>) -> Vec<usize> {
        let plan = &planned.plan;
        let known = |step: &Step| {
            let tool = (&*step.tool, planned.readers.contains(&*step.tool));
            let mut plans = self.plans.iter();
            plans.all(|(plan, progress)| {
                !matches!(progress.place(plan, tool, |_| true), Place::Off(_))
            })
        };
        let steps = plan.steps.iter().enumerate();
        let open = steps.filter(|(at, step)| self.plan.is_open(plan, *at) && known(step));
        open.map(|(at, _)| at).collect()
    }

    /// The steps that are not done and that no calls lead to any more, as far as tools tell: those
    /// that are not taken again, and those behind them, in this plan or in one that came at run
    /// time.
    pub(super) fn unreachable(&self, planned: &Planned<'_>) -> Vec<usize> {
        let all = || {
            let others = self.plans.iter().map(|(plan, progress)| (plan, progress));
            std::iter::once((&planned.plan, &self.plan)).chain(others)
        };
        let mut reached: Vec<Vec<bool>> =
            all().map(|(plan, progress)| progress.begun(plan)).collect();
        // Tools whose calls may lead on: all at first, then those of steps that have become ready.
        let mut tools: BTreeSet<&str> =
            all().flat_map(|(plan, _)| &plan.steps).map(|step| &*step.tool).collect();
        while let Some(tool) = tools.pop_first() {
            let call = (tool, planned.readers.contains(tool));
            let next = all().zip(&reached);
            let next = next.map(|((plan, progress), reached)| progress.next((plan, reached), call));
            // A call that one plan does not know is made by nobody.
            let Some(next) = next.collect::<Option<Vec<_>>>() else { continue };
            for (((plan, _), reached), steps) in all().zip(&mut reached).zip(next) {
                for at in steps {
                    let place = reached.get_mut(at);
                    if place.is_none_or(|place| std::mem::replace(place, true)) {
                        continue;
                    }
                    let is_reached = |at: &usize| reached.get(*at).copied().unwrap_or_default();
                    let ready = plan.steps.iter().filter(|step| {
                        step.after.contains(&at) && step.after.iter().all(is_reached)
                    });
                    tools.extend(ready.map(|step| &*step.tool));
                }
            }
        }
        let own = reached.first().into_iter().flatten().enumerate();
        own.filter(|(_, reached)| !**reached).map(|(at, _)| at).collect()
    }

    /// Undoes steps, with the tools that undo what they did. `None` where none of them is done, or
    /// one is under way; or one has answered nothing that the call could name which undoes it.
    ///
    /// What retries have closed stays closed, and to the plans that came at run time the calls that
    /// are undone are none any more, too: else nobody could make them again.
    pub(super) fn go_back(
        &mut self,
        planned: &Planned<'_>,
        steps: &[(usize, Option<&str>)],
    ) -> Option<Vec<Undone>> {
        let count = |at: &usize| self.plan.counts.get(*at).copied().unwrap_or_default();
        let counts: Vec<(u32, u32)> = steps.iter().map(|(at, _)| count(at)).collect();
        let busy = counts.iter().any(|(begun, done)| begun != done);
        if busy || counts.iter().all(|(_, done)| *done == 0) || !self.plan.undoing.is_empty() {
            return None;
        }
        let tool_of = |call: &Call| steps.iter().find(|(at, _)| Some(*at) == call.step);
        let silent = |call: &Call| {
            call.fields.0 == call.fields.1 && tool_of(call).is_some_and(|(_, tool)| tool.is_some())
        };
        if (0..self.calls()).filter_map(|number| self.call(number)).any(silent) {
            return None;
        }
        let mut undone = Vec::new();
        for number in (0..self.calls()).rev() {
            let Some(call) = self.call_mut(number) else { continue };
            let Some((at, tool)) = tool_of(call) else { continue };
            call.step = None;
            let off = Place::Off(tool.is_none());
            let before: Vec<Place> =
                call.places.iter_mut().map(|place| std::mem::replace(place, off)).collect();
            let call = call.id.to_string();
            // The first is that in the plan of the program.
            for ((_, progress), place) in self.plans.iter_mut().zip(before.iter().skip(1)) {
                progress.undo(*place);
            }
            let step = planned.plan.steps.get(*at).map_or(String::new(), |it| it.name.to_string());
            undone.push(Undone { step, call, tool: tool.map(str::to_owned) });
            if let Some(tool) = tool {
                let tool = Box::from(*tool);
                self.plan.undoing.push_back(PendingUndo { call: number, tool, under_way: false });
            }
        }
        for (at, _) in steps {
            if let Some(counts) = self.plan.counts.get_mut(*at) {
                *counts = (0, 0);
            }
        }
        Some(undone)
    }

    /// A call was allowed that is this in the plans.
    pub(super) fn begin(&mut self, planned: &Planned<'_>, places: &[Place]) {
        let mut places = places.iter();
        if !planned.plan.steps.is_empty()
            && let Some(place) = places.next()
        {
            self.plan.begin(&planned.plan, *place);
        }
        for ((plan, progress), place) in self.plans.iter_mut().zip(places) {
            progress.begin(plan, *place);
        }
    }

    /// More is known of what a call has done that was allowed: a step is taken as long as the call
    /// may have done something, and done once it is known to have.
    pub(super) fn settle(
        &mut self,
        planned: &Planned<'_>,
        number: u32,
        (before, came): (CallStatus, CallStatus),
    ) {
        let Some(call) = self.call_mut(number) else { return };
        if before == CallStatus::Open && came != CallStatus::Done {
            let step = call.step.take();
            let places = std::mem::take(&mut call.places);
            call.rare_mut().failed = Some((step, places));
        }
        // Another call may have undone it meanwhile.
        if before == CallStatus::Nothing && call.planned_mut().first() == Some(&Place::Undo) {
            return;
        }
        if came == CallStatus::Done
            && let Some(failed) = call.rare.as_mut().and_then(|rare| rare.failed.take())
        {
            (call.step, call.places) = failed;
        }
        let places = std::mem::take(call.planned_mut());
        match (before == CallStatus::Nothing, came == CallStatus::Nothing) {
            (true, false) => self.begin(planned, &places),
            (false, true) => self.end(planned, &places, true),
            (false, false) | (true, true) => {}
        }
        if came == CallStatus::Done {
            self.end(planned, &places, false);
        }
        if let Some(call) = self.call_mut(number) {
            *call.planned_mut() = places;
        }
    }

    /// A call was answered or has failed that was allowed and is this in the plans.
    fn end(&mut self, planned: &Planned<'_>, places: &[Place], failed: bool) {
        let mut places = places.iter();
        if !planned.plan.steps.is_empty()
            && let Some(place) = places.next()
        {
            self.plan.end(*place, failed);
        }
        for ((_, progress), place) in self.plans.iter_mut().zip(places) {
            progress.end(*place, failed);
        }
    }
}

/// How a call deviates, as rules read it: nothing, where every plan knows it.
pub(super) fn off(places: &[Place]) -> &'static str {
    let [read, effect] = OFF_PLAN;
    let reads = places.iter().find_map(|place| match place {
        Place::Off(reads) => Some(*reads),
        Place::Step(_) | Place::Read | Place::Undo => None,
    });
    reads.map_or("", |reads| if reads { read } else { effect })
}
