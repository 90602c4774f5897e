//! Plans: which step a call is, what is done, and what deviates.
//!
//! In:      the plan of a program, plans that came at run time, calls.
//! Out:     for a call the step that it is, or how it deviates.
//! Imports: `base::limits`, `lang`, `runtime::session`.
//! Source:  `docs/sessions.md`, "Plans".
//!
//! A plan allows nothing: rules do, and a rule objects to what deviates. So a plan that comes at
//! run time can only narrow, and each further one narrows more.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::fmt;

use crate::base::limits::{PLAN_STEPS_MAX, SESSION_ID_BYTES_MAX};
use crate::base::pointer;
use crate::lang::glob;
use crate::lang::session::{MODEL, OFF_PLAN, PROMPT};
use crate::runtime::session::approvals::canonical;
use crate::runtime::session::ground::Planned;
use crate::runtime::session::json::{count, items, members, string};
use crate::runtime::session::provenance::{From, Kind, Provenance};
use crate::runtime::session::state::State;

/// What stands for the call that is undone, among the sources of values.
const OWN: &str = "@own";

/// A plan, of a program or of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) steps: Vec<Step>,
    /// Patterns of tools without effect that need no step, and how many such calls.
    reads: Vec<Box<str>>,
    budget: Option<u32>,
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) name: Box<str>,
    pub(super) tool: Box<str>,
    /// Steps before it in the list that must be done.
    pub(super) after: Vec<usize>,
    /// How often; `None` is any number.
    pub(super) times: Option<u32>,
    /// How much is asked of a call: of several steps that it may be it is the one that asks most.
    pub(super) weight: usize,
    /// What else a call must be.
    pub(super) asks: Asks,
}

/// What a step asks of a call beside its tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// Nothing, or what this term of the program says.
    Term(Option<u16>),
    /// This of the arguments.
    Args(Vec<(Box<str>, Vec<Demand>)>),
}

/// What a plan that came at run time asks of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Demand {
    /// To be one of these, in their one form.
    OneOf(Vec<Vec<u8>>),
    /// To be so long at most, as JSON.
    Bytes(u64),
    /// To come from these.
    From(Vec<Box<str>>),
}

/// How far a plan has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Progress {
    /// Calls of each step that are under way or done, and those that are done.
    counts: Vec<(u32, u32)>,
    reads: u32,
    /// Steps that are not taken any more.
    closed: BTreeSet<usize>,
    /// What is to be undone before any step is taken: the next one first.
    undoing: VecDeque<Undoing>,
}

/// A call that is to be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Undoing {
    call: u32,
    /// The tool that undoes it.
    tool: Box<str>,
    /// Whether that is called, and has not answered.
    under_way: bool,
}

/// A call whose step is undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undone {
    /// The step.
    pub step: String,
    /// The id of the call.
    pub call: String,
    /// The tool that undoes what it did; `None` where it did nothing.
    pub tool: Option<String>,
}

/// What a call is in a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// This step.
    Step(usize),
    /// A call that only reads and needs no step.
    Read,
    /// It undoes what a call did whose step is undone.
    Undo,
    /// It is not planned; whether its tool only reads.
    Off(bool),
}

impl Place {
    /// As digests have it.
    pub(super) fn bytes(self) -> [u8; 9] {
        let (kind, at) = match self {
            Self::Step(at) => (0, at as u64),
            Self::Read => (1, 0),
            Self::Off(reads) => (2, u64::from(reads)),
            Self::Undo => (3, 0),
        };
        let mut bytes = [0; 9];
        for (byte, value) in bytes.iter_mut().zip([kind].into_iter().chain(at.to_le_bytes())) {
            *byte = value;
        }
        bytes
    }
}

impl Progress {
    /// What a call of a tool is; `fits` says whether it is what a step asks.
    pub(super) fn place(
        &self,
        plan: &Plan,
        (tool, only_reads): (&str, bool),
        mut fits: impl FnMut(&Step) -> bool,
    ) -> Place {
        let mut best: Option<(usize, &Step)> = None;
        for (at, step) in plan.steps.iter().enumerate() {
            let open = self.is_open(plan, at);
            let more = best.is_none_or(|(_, best)| step.weight > best.weight);
            if *step.tool == *tool && open && more && fits(step) {
                best = Some((at, step));
            }
        }
        if let Some((at, _)) = best {
            return Place::Step(at);
        }
        let free = only_reads
            && plan.reads.iter().any(|pattern| glob::matches(pattern, tool))
            && plan.budget.is_none_or(|budget| self.reads < budget);
        if free { Place::Read } else { Place::Off(only_reads) }
    }

    /// Whether a step can be taken, as far as others go.
    fn is_open(&self, plan: &Plan, at: usize) -> bool {
        let count = self.counts.get(at).map_or(0, |counts| counts.0);
        let Some(step) = plan.steps.get(at) else { return false };
        step.times.is_none_or(|times| count < times)
            && step.after.iter().all(|at| self.is_done(*at))
            && !self.closed.contains(&at)
            && self.undoing.is_empty()
    }

    /// From now on a step is not taken any more.
    pub(super) fn close(&mut self, step: usize) {
        self.closed.insert(step);
    }

    /// A step and those behind it that are not done.
    pub(super) fn behind(&self, plan: &Plan, step: usize) -> Vec<usize> {
        let mut found = vec![step];
        for (at, step) in plan.steps.iter().enumerate() {
            if step.after.iter().any(|before| found.contains(before)) {
                found.push(at);
            }
        }
        found.retain(|at| !self.is_done(*at));
        found
    }

    /// A call was allowed.
    pub(super) fn begin(&mut self, plan: &Plan, place: Place) {
        self.counts.resize(plan.steps.len(), (0, 0));
        match place {
            Place::Step(at) => {
                if let Some(counts) = self.counts.get_mut(at) {
                    counts.0 = counts.0.saturating_add(1);
                }
            }
            Place::Read => self.reads = self.reads.saturating_add(1),
            Place::Undo => {
                if let Some(next) = self.undoing.front_mut() {
                    next.under_way = true;
                }
            }
            Place::Off(_) => {}
        }
    }

    /// A call was answered, or failed.
    pub(super) fn end(&mut self, place: Place, failed: bool) {
        if place == Place::Undo {
            if !failed {
                self.undoing.pop_front();
            } else if let Some(next) = self.undoing.front_mut() {
                next.under_way = false;
            }
        }
        let Place::Step(at) = place else { return };
        let Some(counts) = self.counts.get_mut(at) else { return };
        if failed {
            counts.0 = counts.0.saturating_sub(1);
        } else {
            counts.1 = counts.1.saturating_add(1);
        }
    }

    /// Whether a step is done.
    pub(super) fn is_done(&self, at: usize) -> bool {
        self.counts.get(at).is_some_and(|it| it.1 > 0)
    }
}

/// Why a plan is no plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlanFault {
    /// It, or the part that is named so, is not written as plans are.
    Shape(String),
    /// The step comes after one that is not there, or comes after itself.
    After(String),
    /// The step is of a tool that nobody declares.
    Tool(String),
    /// A value of the step comes from a step that is not there.
    From(String),
    /// There is room for no more.
    TooMany,
}

impl fmt::Display for PlanFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shape(what) => write!(f, "`{what}` is not written as plans are"),
            Self::After(step) => {
                write!(f, "the step `{step}` comes after itself, or after one that is not there")
            }
            Self::Tool(step) => write!(f, "no document declares the tool of the step `{step}`"),
            Self::From(step) => {
                write!(f, "a value of the step `{step}` comes from a step that is not there")
            }
            Self::TooMany => f.write_str("there is room for no more plans or steps"),
        }
    }
}

impl Plan {
    /// The plan of a program, whose steps are in order.
    pub(super) fn of(steps: Vec<Step>, reads: Vec<Box<str>>, budget: Option<u32>) -> Self {
        Self { steps, reads, budget }
    }

    /// Reads a plan that comes at run time. `tools` are those that are declared.
    pub(super) fn read(text: &str, tools: &HashSet<&str>) -> Result<Self, PlanFault> {
        let plan = object(text, "plan", &["id", "steps", "reads"])?;
        let shape = |what: &str| PlanFault::Shape(what.to_owned());
        let steps = object(get(&plan, "steps").ok_or_else(|| shape("steps"))?, "steps", &[])?;
        if steps.len() > PLAN_STEPS_MAX {
            return Err(PlanFault::TooMany);
        }
        let mut found: BTreeMap<&str, (Vec<Box<str>>, Step)> = BTreeMap::new();
        for (name, text) in &steps {
            let (after, step) = step(name, text)?;
            if !tools.contains(step.tool.as_ref()) {
                return Err(PlanFault::Tool(name.to_string()));
            }
            found.insert(name, (after, step));
        }
        let order: Vec<&str> = steps.iter().map(|(name, _)| name.as_ref()).collect();
        let steps = in_order(&order, found)?;
        let known = |name: &str| {
            [PROMPT, MODEL].contains(&name) || steps.iter().any(|it| *it.name == *name)
        };
        for step in &steps {
            let Asks::Args(args) = &step.asks else { continue };
            for demand in args.iter().flat_map(|(_, demands)| demands) {
                if let Demand::From(names) = demand
                    && !names.iter().all(|name| known(name))
                {
                    return Err(PlanFault::From(step.name.to_string()));
                }
            }
        }
        let (mut reads, mut budget) = (Vec::new(), None);
        if let Some(text) = get(&plan, "reads") {
            let section = object(text, "reads", &["allow", "budget"])?;
            reads = texts(get(&section, "allow").unwrap_or("[]"), "allow")?;
            budget = number(get(&section, "budget"), "budget")?;
        }
        Ok(Self { steps, reads, budget })
    }
}

type Members<'t> = Vec<(Cow<'t, str>, &'t str)>;

/// The members of an object that has only known ones; any, where none are named.
fn object<'t>(text: &'t str, what: &str, known: &[&str]) -> Result<Members<'t>, PlanFault> {
    let wrong = |what: &str| PlanFault::Shape(what.to_owned());
    let found = members(text).map_err(|_| wrong(what))?;
    let strange = found.iter().find(|(key, _)| !known.is_empty() && !known.contains(&key.as_ref()));
    strange.map_or(Ok(()), |(key, _)| Err(wrong(key)))?;
    Ok(found)
}

fn get<'t>(members: &Members<'t>, key: &str) -> Option<&'t str> {
    members.iter().find(|(name, _)| name == key).map(|(_, value)| *value)
}

fn texts(text: &str, what: &str) -> Result<Vec<Box<str>>, PlanFault> {
    let wrong = || PlanFault::Shape(what.to_owned());
    let items = items(text).map_err(|_| wrong())?;
    let text = |item: &str| string(item).map(|it| Box::from(it.as_ref()));
    items.into_iter().map(text).collect::<Option<_>>().ok_or_else(wrong)
}

fn number(text: Option<&str>, what: &str) -> Result<Option<u32>, PlanFault> {
    let Some(text) = text else { return Ok(None) };
    let found = count(text).and_then(|it| u32::try_from(it).ok());
    found.map(Some).ok_or_else(|| PlanFault::Shape(what.to_owned()))
}

/// A step, and the names of those that it comes after.
fn step(name: &str, text: &str) -> Result<(Vec<Box<str>>, Step), PlanFault> {
    let wrong = || PlanFault::Shape(name.to_owned());
    if name.is_empty() || name.len() > SESSION_ID_BYTES_MAX || [PROMPT, MODEL].contains(&name) {
        return Err(wrong());
    }
    let step = object(text, name, &["tool", "after", "times", "args"])?;
    let tool = get(&step, "tool").and_then(string).ok_or_else(wrong)?;
    let after = texts(get(&step, "after").unwrap_or("[]"), name)?;
    let times = number(get(&step, "times"), name)?;
    let mut args = Vec::new();
    for (argument, text) in object(get(&step, "args").unwrap_or("{}"), name, &[])? {
        let asked = object(text, name, &["eq", "in", "from", "max_bytes"])?;
        let mut demands = Vec::new();
        for (key, text) in asked {
            demands.push(match key.as_ref() {
                "eq" => Demand::OneOf(vec![canonical(text).ok_or_else(wrong)?]),
                "in" => {
                    let items = items(text).map_err(|_| wrong())?;
                    let forms = items.into_iter().map(canonical).collect::<Option<_>>();
                    Demand::OneOf(forms.ok_or_else(wrong)?)
                }
                "from" => Demand::From(texts(text, name)?),
                _ => Demand::Bytes(count(text).ok_or_else(wrong)?),
            });
        }
        args.push((argument.as_ref().into(), demands));
    }
    let weight = args.iter().map(|(_, demands)| demands.len()).sum();
    let (name, tool, asks) = (name.into(), tool.as_ref().into(), Asks::Args(args));
    Ok((after, Step { name, tool, after: Vec::new(), times, weight, asks }))
}

/// The steps, each behind those that it comes after.
fn in_order(
    order: &[&str],
    mut left: BTreeMap<&str, (Vec<Box<str>>, Step)>,
) -> Result<Vec<Step>, PlanFault> {
    let mut done: Vec<Step> = Vec::new();
    while !left.is_empty() {
        let place = |name: &str, done: &[Step]| done.iter().position(|it| *it.name == *name);
        let ready = order.iter().find(|name| {
            let after = left.get(**name).map(|(after, _)| after);
            after.is_some_and(|after| after.iter().all(|it| place(it, &done).is_some()))
        });
        let Some((after, step)) = ready.and_then(|name| left.remove(*name)) else {
            let name = left.keys().next().map_or(String::new(), ToString::to_string);
            return Err(PlanFault::After(name));
        };
        let after = after.iter().filter_map(|name| place(name, &done)).collect();
        done.push(Step { after, ..step });
    }
    Ok(done)
}

/// Whether every value at a place of the arguments comes from one of these: what the principal
/// said, what the model made, or an output of a call that was a step so named, as `is_step` says.
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
            || names.contains(&MODEL) && value.kind == Kind::Model
            || value.sources.iter().any(of_step)
    })
}

/// Whether arguments are what a plan that came at run time asks.
pub(super) fn fits(
    args: &str,
    asked: &[(Box<str>, Vec<Demand>)],
    comes_from: impl Fn(&str, &[&str]) -> bool,
) -> bool {
    let Ok(given) = members(args) else { return false };
    let named = |name: &str| asked.iter().any(|(own, _)| **own == *name);
    asked.iter().all(|(name, demands)| {
        let equals = demands.iter().any(|demand| matches!(demand, Demand::OneOf(_)));
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
                Demand::OneOf(forms) => canonical(text).is_some_and(|it| forms.contains(&it)),
                Demand::Bytes(most) => u64::try_from(text.len()).is_ok_and(|len| len <= *most),
                Demand::From(sources) => {
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
        let mut places = Vec::new();
        if self.undoes(tool.0, values) {
            places.push(Place::Undo);
        } else if !planned.plan.steps.is_empty() {
            places.push(self.plan.place(&planned.plan, tool, |step| match &step.asks {
                Asks::Term(number) => number.is_none_or(&mut term),
                Asks::Args(_) => false,
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
                Asks::Args(asked) => fits(args, asked, |place, names| {
                    comes_from(self, values, (place, names), named)
                }),
                Asks::Term(_) => false,
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

    /// The steps that can be taken.
    pub(super) fn open_steps(&self, planned: &Planned<'_>) -> impl Iterator<Item = usize> {
        let plan = &planned.plan;
        (0..plan.steps.len()).filter(|at| self.plan.is_open(plan, *at))
    }

    /// Undoes steps, with the tools that undo what they did. `None` where none of them is done, or
    /// one is under way.
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
        let mut undone = Vec::new();
        for number in (0..self.calls()).rev() {
            let Some(call) = self.call_mut(number) else { continue };
            let tool = steps.iter().find(|(at, _)| Some(*at) == call.step);
            let Some((at, tool)) = tool else { continue };
            call.step = None;
            if let Some(place) = call.places.first_mut() {
                *place = Place::Off(tool.is_none());
            }
            let call = call.id.to_string();
            let step = planned.plan.steps.get(*at).map_or(String::new(), |it| it.name.to_string());
            undone.push(Undone { step, call, tool: tool.map(str::to_owned) });
            if let Some(tool) = tool {
                let tool = Box::from(*tool);
                self.plan.undoing.push_back(Undoing { call: number, tool, under_way: false });
            }
        }
        for (at, _) in steps {
            if let Some(counts) = self.plan.counts.get_mut(*at) {
                *counts = (0, 0);
            }
            self.plan.closed.remove(at);
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

    /// A call was answered or has failed that was allowed and is this in the plans.
    pub(super) fn end(&mut self, planned: &Planned<'_>, places: &[Place], failed: bool) {
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
