//! The context of a request: what the event brought, and the answers to all that rules ask.

use crate::base::pointer;
use crate::lang::fixed::{self, ONE};
use crate::lang::session::{AGENT_ROOTS, CTX, OFF, PARAMS, PLAN, Question, ROOT, STEP};
use crate::lang::value::json::write_string;
use crate::runtime::program::Program;
use crate::runtime::session::ground::{Asked, Ground, children};
use crate::runtime::session::json::{Leaf, TreeItem, walk};
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::meters::Reading;
use crate::runtime::session::places;
use crate::runtime::session::provenance::{From, Joined, Kind, Provenance, is_within, joined};
use crate::runtime::session::request::Brought;
use crate::runtime::session::state::State;
use crate::runtime::vm::request::setters::{Input, SlotHandle};

/// What a session knows of a request.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    /// The values of the arguments.
    pub(super) values: &'k [Provenance],
    /// Rules whose escalation is granted.
    pub(super) approved: &'k [&'k str],
    /// What the model has read, for who calls.
    pub(super) read: &'k LabelSet,
}

/// What is known of a call only when all else is.
#[derive(Clone, Copy, Debug)]
pub(super) enum LateAnswer {
    /// What a meter, by its number, answers; of limits the most that it may be.
    Measure(Question, usize, i128),
    /// The step of the plan that it is.
    Step,
    /// How it deviates from the plan.
    Off,
}

/// Begins the context, as JSON, in the stead of what is in `out`: with what the event brought, and
/// who calls.
pub(super) fn begin(state: &State, brought: Brought<'_>, out: &mut String) {
    out.clear();
    out.push_str("{\"action\":");
    out.push_str(brought.action);
    let before = state.principal.as_ref().filter(|_| brought.principal().is_none());
    let before = before.map(|it| ("principal", &*it.json));
    for (name, value) in before.into_iter().chain(brought.roots.iter().copied()) {
        out.push(',');
        key(out, name);
        out.push_str(value);
    }
}

/// Adds the answers to what `begin` wrote: all but what is known last, which `complete` adds.
pub(super) fn answer(
    ground: &Ground<'_>,
    state: &State,
    (known, action): (Known<'_>, &str),
    out: &mut String,
) {
    out.push(',');
    key(out, ROOT);
    answers(ground, state, (known, action), out);
    out.push('}');
}

/// How a context ends that `answer` wrote: the answers, and all of it.
const END: &str = "}}";

/// The roots that a request may bring beside `action`: those of all calls of agents, and what else
/// the program reads. What a session answers nobody brings.
pub(super) fn roots(program: &Program) -> Vec<&str> {
    let top = program.module().paths.first();
    let read = top.into_iter().flat_map(|top| children(program, top)).map(|(name, _)| name);
    let others = read.filter(|name| ![ACTION, ROOT].contains(name) && !AGENT_ROOTS.contains(name));
    AGENT_ROOTS.into_iter().chain(others).collect()
}

/// The root that is the call.
pub(super) const ACTION: &str = "action";

/// Finds where what is known last is answered.
pub(super) fn find_late(ground: &Ground<'_>) -> Vec<(LateAnswer, SlotHandle)> {
    let mut late = Vec::new();
    for asked in &ground.asked {
        match asked {
            Asked::Measure(question, measures) => {
                let place = |name| (question.word(), name);
                let all = measures.iter();
                late.extend(all.map(|(name, meter, max)| {
                    (LateAnswer::Measure(*question, *meter, *max), place(*name))
                }));
            }
            Asked::Plan => {
                late.extend([(LateAnswer::Step, (PLAN, STEP)), (LateAnswer::Off, (PLAN, OFF))]);
            }
            Asked::Context
            | Asked::Label(_)
            | Asked::Other(..)
            | Asked::Approved
            | Asked::Via(_)
            | Asked::Readable(_)
            | Asked::Done(_) => {}
        }
    }
    let slot = |(late, (question, name)): (LateAnswer, (&str, &str))| {
        let mut place = String::new();
        for key in [ROOT, question, name] {
            pointer::push(&mut place, key);
        }
        Some((late, ground.program.answer(&place)?))
    };
    late.into_iter().filter_map(slot).collect()
}

/// Adds what is known last to what `answer` wrote. All that it wrote stays where it stands.
pub(super) fn complete(
    ground: &Ground<'_>,
    planned: Option<(&str, &str)>,
    readings: &[Option<Reading<'_>>],
    out: &mut String,
) {
    out.truncate(out.len().saturating_sub(END.len()));
    if ground.asked.iter().any(|asked| matches!(asked, Asked::Plan))
        && let Some((step, off)) = planned
    {
        // What the plan is about stands last, and its object is open again.
        out.pop();
        for (name, says) in [(STEP, step), (OFF, off)] {
            out.push_str(",\"");
            out.push_str(name);
            out.push_str("\":");
            text(out, says);
        }
        out.push('}');
    }
    for asked in &ground.asked {
        let Asked::Measure(question, measures) = asked else { continue };
        if !out.ends_with('{') {
            out.push(',');
        }
        key(out, question.word());
        // Where nobody knows there is no answer, and who asks is refused.
        let told = measures.iter().filter_map(|(name, at, max)| {
            let reading = readings.get(*at).and_then(Option::as_ref);
            Some((name, reading?, max))
        });
        each(out, OBJECT, told, |out, (name, reading, max)| {
            key(out, name);
            if *question == Question::Over {
                out.push_str(if reading.passes(*max) { "true" } else { "false" });
            } else {
                out.push_str(&measured(*question, reading));
            }
        });
    }
    out.push_str(END);
}

/// The same as `complete` writes, at the places where it is read.
pub(super) fn late<'a>(
    ground: &'a Ground<'_>,
    planned: Option<(&'a str, &'a str)>,
    readings: &'a [Option<Reading<'_>>],
) -> impl Iterator<Item = (SlotHandle, Input<'a>)> {
    ground.late.iter().filter_map(move |(late, slot)| {
        let answer = match late {
            LateAnswer::Step => Input::String(planned?.0),
            LateAnswer::Off => Input::String(planned?.1),
            LateAnswer::Measure(question, at, max) => {
                let reading = readings.get(*at)?.as_ref()?;
                if *question == Question::Over {
                    Input::Bool(reading.passes(*max))
                } else if *question == Question::Count {
                    Input::Int(counted(reading))
                } else {
                    Input::Double(measured(*question, reading).parse().ok()?)
                }
            }
        };
        Some((*slot, answer))
    })
}

/// Appends a JSON string.
pub(super) fn text(out: &mut String, text: &str) {
    // Most are names.
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\')) {
        out.push('"');
        out.push_str(text);
        out.push('"');
        return;
    }
    // Writing to a string cannot fail.
    let _ = write_string(out, "", text);
}

pub(super) fn key(out: &mut String, name: &str) {
    text(out, name);
    out.push(':');
}

/// Appends what `write` appends for each entry, with commas between, in a pair of brackets.
fn each<T>(
    out: &mut String,
    [open, close]: [char; 2],
    entries: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut String, T),
) {
    out.push(open);
    for (at, entry) in entries.into_iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(out, entry);
    }
    out.push(close);
}

const OBJECT: [char; 2] = ['{', '}'];

/// What is known of the subjects of questions.
pub(super) fn subjects(ground: &Ground<'_>, state: &State, all: Known<'_>) -> Vec<Joined> {
    let subject = |subject: &&str| {
        if *subject == CTX {
            let (labels, audience) = (all.read.clone(), state.ctx_audience.all().clone());
            Joined { kind: Kind::Model, from: From::Model, labels, audience }
        } else {
            joined(state, all.values, subject)
        }
    };
    ground.subjects.iter().map(subject).collect()
}

/// An object of the answers, question by question.
fn answers(ground: &Ground<'_>, state: &State, (all, action): (Known<'_>, &str), out: &mut String) {
    let known = subjects(ground, state, all);
    let about = |at: &usize| Some((ground.subjects.get(*at)?, known.get(*at)?));
    // The plan stands last, and what meters measure behind it.
    let is_plan = |asked: &&Asked<'_>| matches!(asked, Asked::Plan);
    let asked = ground.asked.iter().filter(|it| !matches!(it, Asked::Plan | Asked::Measure(..)));
    let asked = asked.chain(ground.asked.iter().filter(is_plan));
    each(out, OBJECT, asked, |out, asked| match asked {
        Asked::Context => {
            key(out, CTX);
            names(ground, all.read, out);
        }
        Asked::Label(patterns) => {
            key(out, Question::Label.word());
            each(out, OBJECT, patterns, |out, (pattern, mask, subjects)| {
                key(out, pattern);
                each(out, OBJECT, subjects.iter().filter_map(about), |out, (subject, value)| {
                    key(out, subject);
                    out.push_str(if value.labels.meets(mask) { "true" } else { "false" });
                });
            });
        }
        Asked::Readable(places) => {
            key(out, Question::Readable.word());
            each(out, OBJECT, places, |out, (place, subjects)| {
                key(out, place);
                let readers = texts_at(action, &format!("/args{place}"));
                each(out, OBJECT, subjects.iter().filter_map(about), |out, (subject, value)| {
                    key(out, subject);
                    let all = readers.as_ref().is_some_and(|all| value.audience.has(all));
                    out.push_str(if all { "true" } else { "false" });
                });
            });
        }
        Asked::Approved | Asked::Via(_) | Asked::Done(_) | Asked::Plan | Asked::Measure(..) => {
            about_call(ground, (state, all), asked, out);
        }
        Asked::Other(question, subjects) => {
            key(out, question.word());
            each(out, OBJECT, subjects.iter().filter_map(about), |out, (subject, value)| {
                key(out, subject);
                if *question == Question::From {
                    text(out, state.word(value.from));
                } else if *question == Question::Origin {
                    text(out, &state.origin(ground, value.from));
                } else if *question == Question::Kind {
                    text(out, value.kind.word());
                } else if *question == Question::Audience {
                    each(out, ['[', ']'], value.audience.names(), text);
                } else {
                    names(ground, &value.labels, out);
                }
            });
        }
    });
}

/// The answers that are about the call as a whole: approvals, the plan, meters; and from which of
/// several places values come.
fn about_call(
    ground: &Ground<'_>,
    (state, all): (&State, Known<'_>),
    asked: &Asked<'_>,
    out: &mut String,
) {
    match asked {
        Asked::Approved => {
            key(out, Question::Approved.word());
            each(out, OBJECT, all.approved, |out, rule| {
                key(out, rule);
                out.push_str("true");
            });
        }
        Asked::Via(all_names) => {
            key(out, Question::Via.word());
            each(out, OBJECT, all_names, |out, (names, subjects)| {
                key(out, names);
                let names: Vec<&str> = names.split(' ').collect();
                let subjects = subjects.iter().filter_map(|at| ground.subjects.get(*at));
                each(out, OBJECT, subjects, |out, subject| {
                    key(out, subject);
                    let comes = comes_from(ground, state, all.values, (subject, &names));
                    out.push_str(if comes { "true" } else { "false" });
                });
            });
        }
        Asked::Done(steps) => {
            key(out, Question::Done.word());
            each(out, OBJECT, steps, |out, (name, at)| {
                key(out, name);
                out.push_str(if state.plan.is_done(*at) { "true" } else { "false" });
            });
        }
        Asked::Plan => {
            key(out, PLAN);
            each(out, OBJECT, [PARAMS], |out, name| {
                key(out, name);
                each(out, OBJECT, state.params.iter().flatten(), |out, (name, value)| {
                    key(out, name);
                    out.push_str(value);
                });
            });
        }
        Asked::Context
        | Asked::Label(_)
        | Asked::Readable(_)
        | Asked::Other(..)
        | Asked::Measure(..) => {}
    }
}

/// The texts, numbers and bools at a place of the call, or in it, and the keys in it: an object may
/// name readers by either.
pub(super) fn texts_at(action: &str, place: &str) -> Option<Vec<String>> {
    let mut found = Vec::new();
    let walked = walk(action, |pointer, met| match met {
        TreeItem::Leaf(Leaf::Text(text)) if is_within(pointer, place) => {
            found.push(text.into_owned());
        }
        TreeItem::Leaf(Leaf::Number(text) | Leaf::Bool(text)) if is_within(pointer, place) => {
            found.push(text.to_owned());
        }
        TreeItem::Key(key) if pointer != place && is_within(pointer, place) => {
            found.push(key.into_owned());
        }
        TreeItem::Key(_) | TreeItem::Leaf(_) => {}
    });
    walked.is_ok().then_some(found)
}

/// A list of the names of labels.
fn names(ground: &Ground<'_>, set: &LabelSet, out: &mut String) {
    each(out, ['[', ']'], ground.names(set), text);
}

/// Whether the values at a place come from what the principal said, from the model, or from calls
/// that were steps of the plan of the program, as these names say.
pub(super) fn comes_from(
    ground: &Ground<'_>,
    state: &State,
    values: &[Provenance],
    (place, names): (&str, &[&str]),
) -> bool {
    let steps = ground.plan.as_ref().map(|it| it.plan.steps.as_slice()).unwrap_or_default();
    places::comes_from(state, values, (place, names), |call, name| {
        let own = state.call(call).and_then(|call| call.step);
        own.and_then(|at| steps.get(at)).is_some_and(|step| *step.name == *name)
    })
}

/// How many calls a meter has counted.
fn counted(reading: &Reading<'_>) -> i64 {
    i64::try_from(reading.used / ONE).unwrap_or(i64::MAX)
}

/// What a meter answers, which is a number.
fn measured(question: Question, reading: &Reading<'_>) -> String {
    if question == Question::Count {
        return counted(reading).to_string();
    }
    let sum = fixed::write(reading.used);
    if sum.contains('.') { sum } else { sum + ".0" }
}
