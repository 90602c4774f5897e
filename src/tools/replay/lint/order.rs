//! Records one after the other: times and numbers that only go up.
//!
//! In:      the marks of lines, in the order of the input.
//! Out:     remarks.
//! Imports: `base`, `diag`, `lang`.
//!
//! What is kept has a bound: of sessions and writers beyond it nothing is said.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::base::arrange::Arrange as _;
use crate::base::limits::LINT_SESSIONS_MAX;
use crate::diag::codes::Code;
use crate::lang::value::time::{self, Instant};
use crate::tools::replay::lint::{LintSummary, Remark};

/// What of a line says where it belongs.
#[derive(Debug)]
pub(super) struct Mark {
    source: usize,
    line: u64,
    session: Option<(String, u64, Option<Instant>)>,
    /// The writer, the number, and how many numbers it takes.
    chain: Option<(String, u64, u64)>,
}

impl Mark {
    /// What a line says, whether it is a record or tells of a gap between them.
    pub(super) fn of((source, line): (usize, u64), json: &Json) -> Option<Self> {
        let text = |pointer: &str| json.pointer(pointer)?.as_str().map(str::to_owned);
        let number = |pointer: &str| json.pointer(pointer)?.as_u64();
        let now = || time::parse(json.get("now")?.as_str()?).ok();
        let step = number("/ses/n").unwrap_or(0);
        let session = text("/ses/id").map(|id| (id, step, now()));
        let record = || Some((text("/ch/w")?, number("/ch/n")?, 1));
        let gap = || Some((text("/$gap/w")?, number("/$gap/n")?, number("/$gap/count")?));
        let chain = record().or_else(gap);
        let says = session.is_some() || chain.is_some();
        says.then_some(Self { source, line, session, chain })
    }
}

/// What the lines so far said.
#[derive(Debug, Default)]
pub struct Order {
    /// Of each session the last call: its number and time.
    sessions: HashMap<String, (u64, Option<Instant>)>,
    /// Of each writer the number that comes next.
    writers: HashMap<String, u64>,
}

impl Order {
    /// Looks at a part that comes behind those before, and adds what there is to say.
    pub fn add(&mut self, linted: &mut LintSummary) {
        for mark in std::mem::take(&mut linted.marks) {
            let Mark { source, line, session, chain } = mark;
            let mut say = |fact: String, help| {
                let code = Code::OutOfOrder;
                linted.remarks.push(Remark { source, line, byte: 0, code, fact, help });
            };
            if let Some((id, step, now)) = session {
                self.call(id, (step, now), &mut say);
            }
            if let Some((writer, number, count)) = chain {
                self.number(writer, (number, count), &mut say);
            }
        }
        linted.remarks.arrange_by_key(|remark| (remark.source, remark.line, remark.byte));
    }

    fn call(
        &mut self,
        id: String,
        (step, now): (u64, Option<Instant>),
        say: &mut dyn FnMut(String, Option<&'static str>),
    ) {
        let Some((last, before)) = self.sessions.get(&id).copied() else {
            if self.sessions.len() < LINT_SESSIONS_MAX {
                self.sessions.insert(id, (step, now));
            }
            return;
        };
        if step == last && step > 0 {
            say(format!("session `{id}` has call {step} twice"), None);
        }
        if let (Some(now), Some(before)) = (now, before)
            && (step > last) == (now < before)
            && step != last
            && now != before
        {
            let fact = format!("session `{id}`: call {step} was at {now}, call {last} at {before}");
            say(fact, Some("the clock of the host went back, or numbers are wrong"));
        }
        if step >= last {
            self.sessions.insert(id, (step, now));
        }
    }

    fn number(
        &mut self,
        writer: String,
        (number, count): (u64, u64),
        say: &mut dyn FnMut(String, Option<&'static str>),
    ) {
        let next = number.saturating_add(count);
        let Some(wanted) = self.writers.get(&writer).copied() else {
            if self.writers.len() < LINT_SESSIONS_MAX {
                self.writers.insert(writer, next);
            }
            return;
        };
        if number > wanted {
            let many = number - wanted;
            let help = "records were lost, or stand elsewhere: `verify` of all files tells";
            say(
                format!("writer `{writer}`: {many} numbers before {number} are missing"),
                Some(help),
            );
        } else if number < wanted {
            say(format!("writer `{writer}`: number {number} comes behind {}", wanted - 1), None);
        }
        self.writers.insert(writer, next.max(wanted));
    }
}
