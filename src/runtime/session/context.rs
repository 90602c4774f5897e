//! The context of a request: what the event brought, and the answers to all that rules ask.

use crate::lang::fixed::{self, ONE};
use crate::lang::session::{CTX, Question, ROOT};
use crate::lang::value::json::write_string;
use crate::runtime::session::ground::{Asked, Ground};
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::meters::Reading;
use crate::runtime::session::provenance::{From, Joined, Kind, Provenance, joined};
use crate::runtime::session::state::State;

/// What a session knows of a request.
#[derive(Clone, Copy)]
pub(super) struct Known<'k> {
    /// The values of the arguments.
    pub(super) values: &'k [Provenance],
    /// What meters have measured, by number; `None` where that is not known.
    pub(super) readings: &'k [Option<Reading<'k>>],
    /// Rules whose escalation is granted.
    pub(super) approved: &'k [&'k str],
}

/// Writes the context, as JSON, in the stead of what is in `out`.
pub(super) fn write(
    ground: &Ground<'_>,
    state: &State,
    known: Known<'_>,
    (action, brought): (&str, &[(&'static str, &str)]),
    out: &mut String,
) {
    out.clear();
    out.push('{');
    key(out, ROOT);
    answers(ground, state, known, out);
    out.push(',');
    key(out, "action");
    out.push_str(action);
    let own = brought.iter().any(|(name, _)| *name == "principal");
    let before = state.principal.as_deref().filter(|_| !own).map(|it| ("principal", it));
    for (name, value) in before.into_iter().chain(brought.iter().copied()) {
        out.push(',');
        key(out, name);
        out.push_str(value);
    }
    out.push('}');
}

/// Appends a JSON string.
fn text(out: &mut String, text: &str) {
    // Writing to a string cannot fail.
    let _ = write_string(out, "", text);
}

fn key(out: &mut String, name: &str) {
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

/// An object of the answers, question by question.
fn answers(ground: &Ground<'_>, state: &State, all: Known<'_>, out: &mut String) {
    let subject = |subject: &&str| {
        if *subject == CTX {
            Joined { kind: Kind::Model, from: From::Model, labels: state.ctx.clone() }
        } else {
            joined(state, all.values, subject)
        }
    };
    let known: Vec<Joined> = ground.subjects.iter().map(subject).collect();
    let about = |at: &usize| Some((ground.subjects.get(*at)?, known.get(*at)?));
    each(out, OBJECT, &ground.asked, |out, asked| match asked {
        Asked::Context => {
            key(out, CTX);
            names(ground, &state.ctx, out);
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
        Asked::Approved => {
            key(out, Question::Approved.word());
            each(out, OBJECT, all.approved, |out, rule| {
                key(out, rule);
                out.push_str("true");
            });
        }
        Asked::Measure(question, measures) => {
            key(out, question.word());
            let reading = |at: usize| all.readings.get(at).and_then(Option::as_ref);
            // Where nobody knows there is no answer, and who asks is refused.
            let told =
                measures.iter().filter_map(|(name, at, max)| Some((name, reading(*at)?, max)));
            each(out, OBJECT, told, |out, (name, reading, max)| {
                key(out, name);
                out.push_str(&measured(*question, reading, *max));
            });
        }
        Asked::Other(question, subjects) => {
            key(out, question.word());
            each(out, OBJECT, subjects.iter().filter_map(about), |out, (subject, value)| {
                key(out, subject);
                if *question == Question::From {
                    text(out, state.word(value.from));
                } else if *question == Question::Kind {
                    text(out, value.kind.word());
                } else {
                    names(ground, &value.labels, out);
                }
            });
        }
    });
}

/// A list of the names of labels.
fn names(ground: &Ground<'_>, set: &LabelSet, out: &mut String) {
    each(out, ['[', ']'], ground.names(set), text);
}

/// What a meter answers.
fn measured(question: Question, reading: &Reading<'_>, max: i128) -> String {
    if question == Question::Over {
        return reading.passes(max).to_string();
    }
    if question == Question::Count {
        return i64::try_from(reading.used / ONE).unwrap_or(i64::MAX).to_string();
    }
    let sum = fixed::write(reading.used);
    if sum.contains('.') { sum } else { sum + ".0" }
}
