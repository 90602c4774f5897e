//! Plans: which step a call is, what is done, and what deviates.
//!
//! In:      the plan of a program, plans that came at run time, calls.
//! Out:     for a call the step that it is, or how it deviates.
//! Imports: `base`, `lang`.
//! Source:  `docs/sessions.md`, "Plans".
//!
//! A plan allows nothing: rules do, and a rule objects to what deviates. So a plan that comes at
//! run time can only narrow, and each further one narrows more.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use crate::base::limits::{PLAN_STEPS_MAX, SESSION_ID_BYTES_MAX, SESSION_PARAM_BYTES_MAX};
use crate::lang::glob;
use crate::lang::session::{MODEL, PROMPT, Param};
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::approvals::by_value;
use crate::runtime::session::json::{count, items, members, string};
use crate::runtime::session::words::Names;

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
    pub(super) asks: StepRequirement,
}

/// What a step asks of a call beside its tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StepRequirement {
    /// Nothing, or what this term of the program says.
    Term(Option<u16>),
    /// This of the arguments.
    Args(Vec<(Box<str>, Vec<ArgumentRequirement>)>),
}

/// What a plan that came at run time asks of an argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ArgumentRequirement {
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
    pub(super) counts: Vec<(u32, u32)>,
    reads: u32,
    /// Steps that are not taken any more.
    closed: BTreeSet<usize>,
    /// What is to be undone before any step is taken: the next one first.
    pub(super) undoing: VecDeque<PendingUndo>,
}

/// A call that is to be undone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PendingUndo {
    pub(super) call: u32,
    /// The tool that undoes it.
    pub(super) tool: Box<str>,
    /// Whether that is called, and has not answered.
    pub(super) under_way: bool,
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
    pub(super) const fn number(self) -> u64 {
        match self {
            Self::Step(at) => at as u64 * 4,
            Self::Read => 1,
            Self::Off(reads) => 2 + 4 * reads as u64,
            Self::Undo => 3,
        }
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
        let free = only_reads && self.reads_freely(plan, tool);
        if free { Place::Read } else { Place::Off(only_reads) }
    }

    /// Whether a step can be taken, as far as others go.
    pub(super) fn is_open(&self, plan: &Plan, at: usize) -> bool {
        let Some(step) = plan.steps.get(at) else { return false };
        self.may_begin(plan, at)
            && step.after.iter().all(|at| self.is_done(*at))
            && self.undoing.is_empty()
    }

    /// From now on a step is not taken any more.
    pub(super) fn close(&mut self, step: usize) {
        self.closed.insert(step);
    }

    /// Whether a step may be taken some time, as far as it alone goes.
    fn may_begin(&self, plan: &Plan, at: usize) -> bool {
        let count = self.counts.get(at).map_or(0, |counts| counts.0);
        let times = plan.steps.get(at).map(|step| step.times);
        let left = times.is_some_and(|times| times.is_none_or(|times| count < times));
        left && !self.closed.contains(&at)
    }

    /// Whether calls of a tool without effect need no step.
    fn reads_freely(&self, plan: &Plan, tool: &str) -> bool {
        plan.reads.iter().any(|pattern| glob::matches(pattern, tool))
            && plan.budget.is_none_or(|budget| self.reads < budget)
    }

    /// Which steps are done or under way.
    pub(super) fn begun(&self, plan: &Plan) -> Vec<bool> {
        let begun = |at| self.counts.get(at).is_some_and(|counts: &(u32, u32)| counts.0 > 0);
        (0..plan.steps.len()).map(begun).collect()
    }

    /// The steps that a call of a tool may be, once all these are reached; `None` where the plan
    /// knows no such call.
    pub(super) fn next(
        &self,
        (plan, reached): (&Plan, &[bool]),
        (tool, only_reads): (&str, bool),
    ) -> Option<Vec<usize>> {
        let is_reached = |at: &usize| reached.get(*at).copied().unwrap_or_default();
        let steps = plan.steps.iter().enumerate().filter(|(_, step)| *step.tool == *tool);
        let ready = steps
            .filter(|(at, step)| self.may_begin(plan, *at) && step.after.iter().all(is_reached));
        let ready: Vec<usize> = ready.map(|(at, _)| at).collect();
        let free = only_reads && self.reads_freely(plan, tool);
        (free || !ready.is_empty()).then_some(ready)
    }

    /// The call that was `place` was undone: it is none of the plan any more.
    pub(super) fn undo(&mut self, place: Place) {
        match place {
            Place::Step(at) => {
                if let Some((begun, done)) = self.counts.get_mut(at) {
                    (*begun, *done) = (begun.saturating_sub(1), done.saturating_sub(1));
                }
            }
            Place::Read => self.reads = self.reads.saturating_sub(1),
            Place::Undo | Place::Off(_) => {}
        }
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
    /// The tool of the step has no argument of this name, of which the step asks something.
    Argument(String, String),
    /// A value of the step comes from a step that is not there.
    From(String),
    /// The plan of the policy has no such parameter.
    NoParam(String),
    /// No value is told of the parameter.
    ParamMissing(String),
    /// The value of the parameter is not of this type.
    ParamType(String, Param),
    /// The value of the parameter is longer than it may be.
    ParamLong(String),
    /// The parameters were told before.
    ParamsAgain,
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
            Self::Argument(step, name) => {
                write!(f, "the tool of the step `{step}` has no argument `{name}`")
            }
            Self::From(step) => {
                write!(f, "a value of the step `{step}` comes from a step that is not there")
            }
            Self::NoParam(name) => {
                write!(f, "the plan has no parameter `{name}`; leave it out")
            }
            Self::ParamMissing(name) => {
                write!(f, "the parameter `{name}` is missing; one event tells all of them")
            }
            Self::ParamType(name, ty) => {
                write!(f, "the parameter `{name}` is no {word}; send one", word = ty.word())
            }
            Self::ParamLong(name) => write!(
                f,
                "the parameter `{name}` is longer than {SESSION_PARAM_BYTES_MAX} bytes of JSON; \
                 send a shorter one"
            ),
            Self::ParamsAgain => {
                f.write_str("its parameters were told before; begin another session for others")
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

    /// Bytes that are kept of it, and of how far it has come.
    pub(super) fn bytes(&self) -> usize {
        let text = |text: &str| ENTRY_BYTES + text.len();
        let demand = |demand: &ArgumentRequirement| {
            ENTRY_BYTES
                + match demand {
                    ArgumentRequirement::OneOf(forms) => {
                        forms.iter().map(|form| ENTRY_BYTES + form.len()).sum()
                    }
                    ArgumentRequirement::From(names) => names.iter().map(|name| text(name)).sum(),
                    ArgumentRequirement::Bytes(_) => 0,
                }
        };
        let asks = |asks: &StepRequirement| match asks {
            StepRequirement::Args(args) => {
                let of = |(name, demands): &(Box<str>, Vec<ArgumentRequirement>)| {
                    text(name) + demands.iter().map(demand).sum::<usize>()
                };
                args.iter().map(of).sum::<usize>()
            }
            StepRequirement::Term(_) => 0,
        };
        let step = |step: &Step| {
            let own = size_of::<Step>() + text(&step.name) + text(&step.tool);
            own + step.after.len() * size_of::<usize>() + asks(&step.asks)
        };
        let reads = self.reads.iter().map(|pattern| text(pattern));
        size_of::<(Self, Progress)>()
            + self.steps.iter().map(step).sum::<usize>()
            + reads.sum::<usize>()
    }

    /// Reads a plan that comes at run time. `tools` are those that are declared.
    pub(super) fn read(text: &str, tools: &Names<'_>) -> Result<Self, PlanFault> {
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
            let StepRequirement::Args(args) = &step.asks else { continue };
            for demand in args.iter().flat_map(|(_, demands)| demands) {
                if let ArgumentRequirement::From(names) = demand
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
                "eq" => ArgumentRequirement::OneOf(vec![by_value(text).ok_or_else(wrong)?]),
                "in" => {
                    let items = items(text).map_err(|_| wrong())?;
                    let forms = items.into_iter().map(by_value).collect::<Option<_>>();
                    ArgumentRequirement::OneOf(forms.ok_or_else(wrong)?)
                }
                "from" => ArgumentRequirement::From(texts(text, name)?),
                _ => ArgumentRequirement::Bytes(count(text).ok_or_else(wrong)?),
            });
        }
        args.push((argument.as_ref().into(), demands));
    }
    let weight = args.iter().map(|(_, demands)| demands.len()).sum();
    let (name, tool, asks) = (name.into(), tool.as_ref().into(), StepRequirement::Args(args));
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
