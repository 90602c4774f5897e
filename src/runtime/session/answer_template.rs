//! What a session answers to most programs, place by place: where texts are the same for all
//! requests, and what stands between them.
//!
//! In:      what rules ask; of a request what is known of its values.
//! Out:     the text of the answers, as `context` writes it, and the slots that they fill.
//! Imports: `base`, `lang`, `runtime::vm`.
//!
//! Answers are bools and names mostly. Whoever writes them knows where they are read, so they are
//! not read again from the text of the context.

use std::borrow::Cow;

use crate::base::pointer;
use crate::lang::session::{PARAMS, PLAN, Question, ROOT};
use crate::runtime::session::context::{Known, comes_from, key, subjects, text, texts_at};
use crate::runtime::session::ground::{Asked, Ground};
use crate::runtime::session::labels::LabelSet;
use crate::runtime::session::provenance::{From, Kind};
use crate::runtime::session::state::State;
use crate::runtime::vm::request::setters::{Input, SlotHandle};

/// The answers to all that a program asks but what is known last.
#[derive(Debug)]
pub(super) struct AnswerTemplate<'p> {
    answers: Vec<Answer<'p>>,
    /// What stands behind the last one.
    end: String,
}

/// An answer.
#[derive(Debug)]
struct Answer<'p> {
    /// What stands in front of it, and behind the one before.
    front: String,
    slot: SlotHandle,
    what: AnswerKind<'p>,
}

/// What is answered. Subjects by their places in `Ground::subjects`.
#[derive(Debug)]
enum AnswerKind<'p> {
    /// Whether a subject carries one of these labels.
    Label(LabelSet, usize),
    /// Whence it comes, or how that is known.
    Whence(Question, usize),
    /// Whether those at a place may read it.
    Readable(String, usize),
    /// Whether it comes from these.
    Via(Vec<&'p str>, usize),
    /// Whether a step is done.
    Done(usize),
}

/// An answer to a request.
#[derive(Debug)]
pub(super) enum AnswerValue<'s> {
    Bool(bool),
    Text(Cow<'s, str>),
}

impl AnswerValue<'_> {
    /// As what it is put into a slot.
    pub(super) fn input(&self) -> Input<'_> {
        match self {
            Self::Bool(value) => Input::Bool(*value),
            Self::Text(text) => Input::String(text),
        }
    }
}

/// Answers in the making.
struct TemplateBuilder<'g, 'p> {
    ground: &'g Ground<'p>,
    answers: Vec<Answer<'p>>,
    /// The text since the last answer.
    text: String,
    /// Whether another member stands in front of the next one.
    goes_on: bool,
    place: String,
}

impl<'p> TemplateBuilder<'_, 'p> {
    fn name(&mut self, name: &str) {
        if std::mem::replace(&mut self.goes_on, true) {
            self.text.push(',');
        }
        key(&mut self.text, name);
    }

    /// An object, and what stands in it.
    fn object(&mut self, name: &str, inside: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        self.name(name);
        self.text.push('{');
        self.goes_on = false;
        let len = self.place.len();
        pointer::push(&mut self.place, name);
        inside(self)?;
        self.place.truncate(len);
        self.text.push('}');
        self.goes_on = true;
        Some(())
    }

    /// An answer; `None` where it cannot be put in its place.
    fn answer(&mut self, name: &str, what: AnswerKind<'p>) -> Option<()> {
        self.name(name);
        let len = self.place.len();
        pointer::push(&mut self.place, name);
        let program = self.ground.program;
        let slot = program.answer(&self.place).filter(|slot| program.takes_answer(*slot))?;
        self.place.truncate(len);
        self.answers.push(Answer { front: std::mem::take(&mut self.text), slot, what });
        Some(())
    }

    /// The answers about subjects.
    fn about(&mut self, all: &[usize], what: impl Fn(usize) -> AnswerKind<'p>) -> Option<()> {
        all.iter().try_for_each(|at| self.answer(self.ground.subjects.get(*at)?, what(*at)))
    }

    /// A question, with all answers to it.
    fn question(&mut self, asked: &Asked<'p>) -> Option<()> {
        match asked {
            Asked::Label(patterns) => self.object(Question::Label.word(), |it| {
                patterns.iter().try_for_each(|(pattern, mask, all)| {
                    it.object(pattern, |it| it.about(all, |at| AnswerKind::Label(mask.clone(), at)))
                })
            }),
            Asked::Readable(places) => self.object(Question::Readable.word(), |it| {
                places.iter().try_for_each(|(place, all)| {
                    let readers = || format!("/args{place}");
                    it.object(place, |it| it.about(all, |at| AnswerKind::Readable(readers(), at)))
                })
            }),
            Asked::Via(names) => self.object(Question::Via.word(), |it| {
                names.iter().try_for_each(|(names, all)| {
                    let steps: Vec<&str> = names.split(' ').collect();
                    it.object(names, |it| it.about(all, |at| AnswerKind::Via(steps.clone(), at)))
                })
            }),
            Asked::Done(steps) => self.object(Question::Done.word(), |it| {
                steps.iter().try_for_each(|(name, at)| it.answer(name, AnswerKind::Done(*at)))
            }),
            Asked::Other(question @ (Question::From | Question::Origin | Question::Kind), all) => {
                self.object(question.word(), |it| {
                    it.about(all, |at| AnswerKind::Whence(*question, at))
                })
            }
            Asked::Approved => self.object(Question::Approved.word(), |_| Some(())),
            Asked::Plan => {
                let params = self.ground.plan.as_ref().map_or(0, |planned| planned.params.len());
                (params == 0).then_some(())?;
                self.object(PLAN, |it| it.object(PARAMS, |_| Some(())))
            }
            // What meters measure is known last; lists are read from the text.
            Asked::Measure(..) => Some(()),
            Asked::Context | Asked::Other(..) => None,
        }
    }
}

impl<'p> AnswerTemplate<'p> {
    /// Those of a program; `None` where some of them must be read from the text.
    pub(super) fn of(ground: &Ground<'p>) -> Option<Self> {
        let (answers, place) = (Vec::new(), String::new());
        let mut making =
            TemplateBuilder { ground, answers, text: String::new(), goes_on: true, place };
        making.object(ROOT, |it| {
            let is_plan = |asked: &&Asked<'p>| matches!(asked, Asked::Plan);
            let asked = ground.asked.iter().filter(|it| !is_plan(it));
            asked.chain(ground.asked.iter().filter(is_plan)).try_for_each(|it_| it.question(it_))
        })?;
        making.text.push('}');
        Some(Self { answers: making.answers, end: making.text })
    }

    /// Writes the answers behind what `context::begin` wrote, where no escalation is granted; where
    /// they belong.
    pub(super) fn write<'s>(
        &self,
        ground: &Ground<'p>,
        (state, all, action): (&'s State, Known<'_>, &str),
        out: &mut String,
    ) -> Vec<(SlotHandle, AnswerValue<'s>)> {
        let known = subjects(ground, state, all);
        let get = |at: &usize| known.get(*at);
        let mut said = Vec::with_capacity(self.answers.len());
        for Answer { front, slot, what } in &self.answers {
            out.push_str(front);
            let answer = match what {
                AnswerKind::Label(mask, at) => {
                    AnswerValue::Bool(get(at).is_some_and(|it| it.labels.meets(mask)))
                }
                AnswerKind::Whence(question, at) => {
                    let (from, kind) = get(at)
                        .map_or((From::Model, Kind::Model), |value| (value.from, value.kind));
                    AnswerValue::Text(if *question == Question::From {
                        Cow::Borrowed(state.word(from))
                    } else if *question == Question::Origin {
                        Cow::Owned(state.origin(ground, from))
                    } else {
                        Cow::Borrowed(kind.word())
                    })
                }
                AnswerKind::Readable(place, at) => {
                    let readers = texts_at(action, place);
                    let value = readers.zip(get(at));
                    AnswerValue::Bool(value.is_some_and(|(all, value)| value.audience.has(&all)))
                }
                AnswerKind::Via(names, at) => {
                    let place = ground.subjects.get(*at).copied().unwrap_or_default();
                    AnswerValue::Bool(comes_from(ground, state, all.values, (place, names)))
                }
                AnswerKind::Done(at) => AnswerValue::Bool(state.plan.is_done(*at)),
            };
            match &answer {
                AnswerValue::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
                AnswerValue::Text(said) => text(out, said),
            }
            said.push((*slot, answer));
        }
        out.push_str(&self.end);
        said
    }
}
