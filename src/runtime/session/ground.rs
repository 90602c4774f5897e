//! What sessions know of a program, found out once: its labels, what tools give, what rules ask.
//!
//! In:      a program.
//! Out:     `Ground`, which any number of sessions share.
//! Imports: `lang`, `runtime::bundle`, `runtime::program`, `runtime::vm`.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::lang::fixed::ONE;
use crate::lang::glob;
use crate::lang::session::{CTX, PLAN, Param, Question, ROOT, UNKNOWN, is_mark};
use crate::lang::value::zone::Zone;
use crate::runtime::bundle::govern::{DenialRow, MeterRow, WindowRow};
use crate::runtime::bundle::module::{self, NONE, PathNode, RuleRow, Str};
use crate::runtime::program::Program;
use crate::runtime::program::reads::{Read, Reads};
use crate::runtime::session::answer_template::AnswerTemplate;
use crate::runtime::session::approvals::Approvable;
use crate::runtime::session::arguments::Argument;
use crate::runtime::session::context::{self, LateAnswer};
use crate::runtime::session::labels::{LabelSet, closures};
use crate::runtime::session::meters::{Meter, Window};
use crate::runtime::session::outputs::Part;
use crate::runtime::session::plan::{Plan, PlanFault, Step, StepRequirement};
use crate::runtime::session::request::ARGUMENT_SHOWN;
use crate::runtime::session::step::Fault;
use crate::runtime::session::store::Place;
use crate::runtime::session::trust::LabelRemovers;
use crate::runtime::session::words::{ByName, Names};
use crate::runtime::vm::request::setters::SlotHandle;

/// The label of what a principal says, if the documents declare it.
const USER: &str = "input.user";

/// A program, and what sessions know of it.
#[derive(Debug)]
pub struct Ground<'p> {
    pub(super) program: &'p Program,
    /// Names of labels, by number.
    labels: Vec<&'p str>,
    /// What a value carries that has no other label: that nothing is known of it.
    pub(super) unknown: LabelSet,
    /// What the words of a principal carry.
    pub(super) user: LabelSet,
    /// The labels that are marks.
    pub(super) marks: LabelSet,
    /// Sanitizers and declassifications.
    pub(super) takers: LabelRemovers<'p>,
    tools: ByName<'p, Declared<'p>>,
    pub(super) asked: Vec<Asked<'p>>,
    /// The meters, by number.
    pub(super) meters: Vec<Meter<'p>>,
    /// The plan.
    pub(super) plan: Option<Planned<'p>>,
    /// Roots of the context that a request may bring beside `action`.
    pub(super) roots: Vec<&'p str>,
    /// What is known of a call last, and where it is answered.
    pub(super) late: Vec<(LateAnswer, SlotHandle)>,
    /// All other answers, where none must be read from a text.
    pub(super) told: Option<AnswerTemplate<'p>>,
    /// Answers to calls that are not allowed: by rule, and to all others.
    denials: ByName<'p, usize>,
    otherwise: Option<usize>,
    /// The rules whose escalation may be granted.
    pub(super) approvals: Vec<Approvable<'p>>,
    /// What rules ask about: pointers into the arguments, and `ctx`. Each once.
    pub(super) subjects: Vec<&'p str>,
}

/// What is declared of a tool.
#[derive(Debug)]
struct Declared<'p> {
    /// Its name, for all calls of it.
    name: Arc<str>,
    /// Its arguments; `None` where nobody says which it takes.
    args: Option<Vec<Argument<'p>>>,
    parts: Vec<Part<'p>>,
    /// Under which key it stores.
    place: Option<Place<'p>>,
    /// Whether it may do more than read.
    acts: bool,
}

/// What rules ask. Subjects by their places in `Ground::subjects`.
#[derive(Debug)]
pub(super) enum Asked<'p> {
    /// The labels of what the model has read.
    Context,
    /// Patterns, the labels that each fits, and whose labels are compared with them.
    Label(Vec<(&'p str, LabelSet, Vec<usize>)>),
    /// Another question, and about what.
    Other(Question, Vec<usize>),
    /// A question about meters or limits: the name, and the number of the meter; of limits the
    /// most that it may be.
    Measure(Question, Vec<(&'p str, usize, i128)>),
    /// Which escalations are granted.
    Approved,
    /// Whether values come from these places: names, and about what.
    Via(Vec<(&'p str, Vec<usize>)>),
    /// Whether those at these places may read values: pointers, and about what.
    Readable(Vec<(&'p str, Vec<usize>)>),
    /// Which steps of the plan are done: names and numbers.
    Done(Vec<(&'p str, usize)>),
    /// Which step a call is, and how it deviates.
    Plan,
}

/// The plan of a program, and the tools that it tells apart.
#[derive(Debug)]
pub(super) struct Planned<'p> {
    pub(super) plan: Plan,
    /// Its parameters.
    pub(super) params: Vec<(&'p str, Param)>,
    /// All declared tools.
    pub(super) tools: Names<'p>,
    /// Those that only read.
    pub(super) readers: Names<'p>,
}

impl<'p> Ground<'p> {
    /// Whether a session of this program takes a plan that comes at run time, given as JSON.
    ///
    /// # Errors
    /// Why it refuses it.
    pub fn takes_plan(&self, text: &str) -> Result<(), Fault> {
        let planned = self.plan.as_ref().ok_or(Fault::NoPlans)?;
        self.read_plan(planned, text).map(drop).map_err(Fault::Plan)
    }

    /// Reads a plan that comes at run time. What it asks of an argument that its tool lacks nobody
    /// would look at.
    pub(super) fn read_plan(&self, planned: &Planned<'_>, text: &str) -> Result<Plan, PlanFault> {
        let plan = Plan::read(text, &planned.tools)?;
        for step in &plan.steps {
            let StepRequirement::Args(args) = &step.asks else { continue };
            let mut names = args.iter().map(|(name, _)| &**name).filter(|name| *name != "*");
            if let Some(name) = names.find(|name| !self.takes(&step.tool, name)) {
                let name = name.chars().take(ARGUMENT_SHOWN).collect();
                return Err(PlanFault::Argument(step.name.to_string(), name));
            }
        }
        Ok(plan)
    }

    /// What sessions know of `program`.
    #[must_use]
    pub fn of(program: &'p Program) -> Self {
        let module = program.module();
        let text = |at| program.string(at);
        let labels: Vec<&str> = module.govern.labels.iter().map(|row| text(row.name)).collect();
        let closures = closures(module);
        let named = |name: &str| {
            let at = labels.iter().position(|label| *label == name);
            let closure = at.and_then(|at| closures.get(at)).cloned();
            closure.unwrap_or_else(|| LabelSet::of(labels.len()))
        };
        let mut marks = LabelSet::of(labels.len());
        let are_marks = labels.iter().enumerate().filter(|(_, label)| is_mark(label));
        are_marks.for_each(|(at, _)| marks.insert(at));
        let (unknown, user) = (named(UNKNOWN), named(USER));
        let mut tools = ByName::default();
        for row in &module.govern.tools {
            let parts = row.outputs.iter().map(|field| {
                let mut set = LabelSet::of(labels.len());
                for closure in field.labels.iter().filter_map(|at| closures.get(usize::from(*at))) {
                    set.join(closure);
                }
                let path = field.path.iter().map(|step| match step {
                    module::Step::Key(key) => Some(text(*key)),
                    module::Step::Any | module::Step::Names => None,
                });
                let of_names = field.path.last() == Some(&module::Step::Names);
                let path: Vec<Option<&str>> = path.collect();
                // Of names the element is what they are the names in.
                let mut ways = path.iter().take(path.len().saturating_sub(usize::from(of_names)));
                let last = ways.rposition(Option::is_none).map_or(0, |at| at + 1);
                let term = |at: u16| Some((at, last)).filter(|(term, _)| *term != NONE);
                let (when, audience) = (term(field.when), term(field.audience));
                Part { path, names: of_names, labels: set, inherit: field.inherit, when, audience }
            });
            let parts = parts.collect();
            let args = row.args.as_ref();
            let args =
                args.map(|all| all.iter().map(|it| Argument::of(text(it.name), it)).collect());
            let place = Place::of(&row.store, row.writes, text);
            let (name, acts) = (text(row.name).into(), row.writes);
            tools.insert(text(row.name), Declared { name, args, parts, place, acts });
        }
        let mut ground = Self {
            program,
            labels,
            unknown,
            user,
            tools,
            asked: Vec::new(),
            meters: meters(program),
            plan: planned(program),
            late: Vec::new(),
            told: None,
            roots: context::roots(program),
            takers: LabelRemovers::of(program, &closures),
            marks,
            denials: ByName::default(),
            otherwise: module.govern.denials.iter().position(|row| row.rules.is_empty()),
            approvals: Vec::new(),
            subjects: Vec::new(),
        };
        for (at, row) in module.govern.denials.iter().enumerate() {
            ground.denials.extend(row.rules.iter().map(|rule| (text(*rule), at)));
        }
        ground.find_questions();
        ground.late = context::find_late(&ground);
        ground.told = AnswerTemplate::of(&ground);
        ground
    }

    /// The program.
    #[must_use]
    pub const fn program(&self) -> &'p Program {
        self.program
    }

    /// Whether a tool may do more than read, as far as labels and plans tell; else any may.
    pub(super) fn acts(&self, tool: &str) -> bool {
        let reads = self.plan.as_ref().is_some_and(|plan| plan.readers.contains(tool));
        !reads && self.tools.get(tool).is_none_or(|declared| declared.acts)
    }

    /// Number of labels.
    pub(super) const fn label_count(&self) -> usize {
        self.labels.len()
    }

    /// The names of the labels in a set, ascending.
    pub fn names(&self, set: &LabelSet) -> impl Iterator<Item = &'p str> {
        set.labels().filter_map(|at| self.labels.get(at).copied())
    }

    /// Under which key a tool stores.
    pub(super) fn place(&self, tool: &str) -> Option<&Place<'p>> {
        self.tools.get(tool)?.place.as_ref()
    }

    /// What a call is answered to which a rule objects, and its number.
    pub(super) fn denial(&self, rule: Option<&str>) -> Option<(usize, &'p DenialRow)> {
        let own = rule.and_then(|rule| self.denials.get(rule).copied());
        let at = own.or(self.otherwise)?;
        Some((at, self.program.module().govern.denials.get(at)?))
    }

    /// The parts that are declared of what `tool` gives.
    pub(super) fn parts(&self, tool: &str) -> &[Part<'p>] {
        self.tools.get(tool).map_or(&[], |tool| &tool.parts)
    }

    /// The name of a tool.
    pub(super) fn name_of(&self, tool: &str) -> Arc<str> {
        self.tools.get(tool).map_or_else(|| tool.into(), |declared| Arc::clone(&declared.name))
    }

    /// Whether a document declares a tool.
    pub(super) fn declares(&self, tool: &str) -> bool {
        self.tools.contains_key(tool)
    }

    /// Whether `tool` may be called with an argument of this name, as far as documents say: what
    /// they do not declare no rule looks at.
    pub(super) fn takes(&self, tool: &str, argument: &str) -> bool {
        self.arguments(tool).is_none_or(|args| args.iter().any(|it| it.name == argument))
    }

    /// The arguments that no call of a tool may be without, each with a value, as JSON, that says
    /// nothing.
    pub fn blanks(&self, tool: &str) -> impl Iterator<Item = (&'p str, &'static str)> {
        let args = self.arguments(tool).unwrap_or_default().to_vec();
        args.into_iter().filter_map(|it| Some((it.name, it.blank()?)))
    }

    /// What is declared of the arguments of a tool; `None` where nobody says which it takes.
    pub(super) fn arguments(&self, tool: &str) -> Option<&[Argument<'p>]> {
        self.tools.get(tool)?.args.as_deref()
    }

    /// Finds the questions that the places of the program ask.
    fn find_questions(&mut self) {
        let program = self.program;
        let below = |node: &PathNode| children(program, node);
        let top = program.module().paths.first();
        let root = top.and_then(|top| below(top).find(|(key, _)| *key == ROOT));
        for (word, node) in root.iter().flat_map(|(_, root)| below(root)) {
            let asked = match Question::of(word) {
                Some(Question::Label) => {
                    let patterns = below(node).map(|(pattern, node)| {
                        let mut mask = LabelSet::of(self.labels.len());
                        for (at, label) in self.labels.iter().enumerate() {
                            if glob::matches(pattern, label) {
                                mask.insert(at);
                            }
                        }
                        (pattern, mask, node)
                    });
                    let patterns: Vec<_> = patterns.collect();
                    let patterns = patterns.into_iter().map(|(pattern, mask, node)| {
                        (pattern, mask, self.places_of(below(node).map(|(key, _)| key)))
                    });
                    Asked::Label(patterns.collect())
                }
                Some(question @ (Question::Count | Question::Sum | Question::Over)) => {
                    let names: Vec<&str> = below(node).map(|(key, _)| key).collect();
                    Asked::Measure(question, self.measures(question, &names))
                }
                Some(question @ (Question::Via | Question::Readable)) => {
                    let all: Vec<(&str, &PathNode)> = below(node).collect();
                    let all = all.into_iter().map(|(names, node)| {
                        (names, self.places_of(below(node).map(|(key, _)| key)))
                    });
                    let all = all.collect();
                    let is_via = question == Question::Via;
                    if is_via { Asked::Via(all) } else { Asked::Readable(all) }
                }
                Some(Question::Done) => {
                    let steps = self.plan.iter().flat_map(|it| &it.plan.steps).enumerate();
                    let steps: Vec<(usize, &str)> = steps.map(|(at, it)| (at, &*it.name)).collect();
                    let asked = below(node).filter_map(|(key, _)| {
                        steps.iter().find(|(_, name)| *name == key).map(|(at, _)| (key, *at))
                    });
                    Asked::Done(asked.collect())
                }
                Some(Question::Approved) => {
                    let ids: Vec<&str> = below(node).map(|(key, _)| key).collect();
                    self.approvals = approvals(program, &ids, &self.meters);
                    Asked::Approved
                }
                Some(question) => {
                    Asked::Other(question, self.places_of(below(node).map(|(key, _)| key)))
                }
                None if word == CTX => Asked::Context,
                None if word == PLAN => Asked::Plan,
                None => continue,
            };
            self.asked.push(asked);
        }
    }

    /// The meters that a question is about, by their names or by those of their limits.
    fn measures(&mut self, question: Question, names: &[&'p str]) -> Vec<(&'p str, usize, i128)> {
        let mut found = Vec::new();
        for (at, meter) in self.meters.iter_mut().enumerate() {
            if question == Question::Over {
                let meant = meter.limits.iter().filter(|(id, _)| names.contains(id));
                found.extend(meant.map(|(id, max)| (*id, at, *max)));
            } else if names.contains(&meter.name) {
                meter.asked = true;
                found.push((meter.name, at, 0));
            }
        }
        found
    }

    /// The places of subjects, which are kept once each.
    fn places_of(&mut self, keys: impl Iterator<Item = &'p str>) -> Vec<usize> {
        let places = keys.map(|key| {
            let known = self.subjects.iter().position(|subject| *subject == key);
            known.unwrap_or_else(|| {
                self.subjects.push(key);
                self.subjects.len() - 1
            })
        });
        places.collect()
    }
}

/// The rules with these ids, and what their escalations say.
fn approvals<'p>(program: &'p Program, ids: &[&str], meters: &[Meter<'p>]) -> Vec<Approvable<'p>> {
    let module = program.module();
    let reads = Reads::of(program);
    let texts = |names: &[Str]| names.iter().map(|name| program.string(*name)).collect();
    let rule = |rule: &'p RuleRow| {
        let id = program.string(rule.id);
        if !ids.contains(&id) {
            return None;
        }
        let outcome = module.outcomes.get(usize::from(rule.first_outcome))?;
        let row = module.escalations.get(usize::from(outcome.escalation))?;
        let reads = brought(program, (&reads, meters), rule);
        Some(Approvable::of(id, row, (texts(&row.to), texts(&row.binds)), reads))
    };
    module.rules.iter().filter_map(rule).collect()
}

/// What a rule goes by that a request brings beside its action: what the rule reads, its messages,
/// and the terms behind what it asks of meters and the plan.
fn brought<'p>(
    program: &'p Program,
    (reads, meters): (&Reads<'p>, &[Meter<'p>]),
    rule: &RuleRow,
) -> Vec<Read<'p>> {
    let module = program.module();
    let first = usize::from(rule.first_outcome);
    let outcomes = module.outcomes.get(first..first + usize::from(rule.outcomes));
    let templates = outcomes
        .into_iter()
        .flatten()
        .filter_map(|outcome| module.templates.get(usize::from(outcome.template)));
    let told = templates.flatten().filter_map(|part| part.function());
    let mut waiting: Vec<u16> = told.chain([rule.function]).collect();
    let (mut known, mut found) = (BTreeSet::new(), BTreeSet::new());
    while let Some(function) = waiting.pop() {
        if !known.insert(function) {
            continue;
        }
        for read in reads.by(function) {
            match read.keys.as_slice() {
                [ROOT, question, name @ ..] => {
                    let terms = terms(program, meters, (question, name.first().copied()));
                    let rows = terms.filter_map(|at| module.govern.terms.get(usize::from(at)));
                    waiting.extend(rows.map(|row| row.function));
                }
                [context::ACTION, ..] => {}
                _ => drop(found.insert(read)),
            }
        }
    }
    found.into_iter().collect()
}

/// The terms that an answer of the session hangs on.
fn terms(
    program: &Program,
    meters: &[Meter<'_>],
    (question, name): (&str, Option<&str>),
) -> impl Iterator<Item = u16> {
    let asked = Question::of(question);
    let is_meant = |meter: &&Meter<'_>| match asked {
        Some(Question::Over) => meter.limits.iter().any(|(id, _)| Some(*id) == name),
        Some(Question::Count | Question::Sum) => Some(meter.name) == name,
        _ => false,
    };
    let meters = meters.iter().filter(is_meant).flat_map(|meter| [meter.key, meter.amount]);
    let plan = program.module().govern.plan.iter().filter(|_| question == PLAN);
    let steps = plan.flat_map(|plan| &plan.steps).map(|step| Some(step.term));
    let terms: Vec<u16> = meters.chain(steps).flatten().collect();
    terms.into_iter()
}

/// The plan of a program.
fn planned(program: &Program) -> Option<Planned<'_>> {
    let row = program.module().govern.plan.as_ref()?;
    let text = |name: &Str| Box::from(program.string(*name));
    let steps = row.steps.iter().map(|step| Step {
        name: text(&step.name),
        tool: text(&step.tool),
        after: step.after.iter().map(|at| usize::from(*at)).collect(),
        times: step.times,
        weight: usize::from(step.weight),
        asks: StepRequirement::Term(Some(step.term).filter(|term| *term != NONE)),
    });
    let reads = row.reads.iter().map(text).collect();
    let names =
        |names: &[Str]| -> Names<'_> { names.iter().map(|name| program.string(*name)).collect() };
    let readers = names(&row.readers);
    let tools = readers.union(&names(&row.others)).copied().collect();
    let plan = Plan::of(steps.collect(), reads, row.budget);
    let params = row.params.iter().map(|(name, ty)| (program.string(*name), *ty)).collect();
    Some(Planned { plan, params, tools, readers })
}

/// The meters of a program.
fn meters(program: &Program) -> Vec<Meter<'_>> {
    let govern = &program.module().govern;
    let term = |number: u16| Some(number).filter(|number| *number != NONE);
    let meter = |(at, row): (u16, &MeterRow)| {
        let limits = govern.limits.iter().filter(|limit| limit.meter == at);
        let limits = limits.map(|limit| (program.string(limit.id), i128::from(limit.max)));
        Meter {
            name: program.string(row.name),
            on: row.on.iter().map(|pattern| program.string(*pattern)).collect(),
            key: term(row.key),
            amount: term(row.amount),
            count: i128::from(row.count) * ONE,
            window: match &row.window {
                WindowRow::Session => Window::Session,
                WindowRow::Sliding(length, part) => {
                    Window::Sliding((*length).into(), (*part).into())
                }
                WindowRow::Calendar(period, zone) => {
                    Window::Calendar(*period, Zone::named(program.string(*zone)).ok())
                }
                WindowRow::Bucket(refill, per) => Window::Bucket((*refill).into(), (*per).into()),
            },
            keys_max: usize::try_from(row.keys_max).unwrap_or(usize::MAX),
            limits: limits.collect(),
            asked: false,
        }
    };
    (0..).zip(&govern.meters).map(meter).collect()
}

/// The places directly below a place, with their keys.
pub(super) fn children<'p>(
    program: &'p Program,
    node: &PathNode,
) -> impl Iterator<Item = (&'p str, &'p PathNode)> + use<'p> {
    let first = usize::from(node.first_child);
    let nodes = program.module().paths.get(first..first + usize::from(node.children));
    nodes.unwrap_or_default().iter().map(|node| (program.string(node.key), node))
}
