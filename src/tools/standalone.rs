//! A context by itself, where the policy asks sessions: the first request of one.
//!
//! In:      a program; a context and a time, or an example of `compiler::solve`.
//! Out:     the event that asks; the context with what the session answers, or why it is refused.
//! Imports: `compiler::solve`, `lang`, `runtime::bundle`, `runtime::program`, `runtime::record`,
//!          `runtime::session`, `runtime::vm`, `tools::exact`.
//! Source:  `docs/sessions.md`, "Command line".

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use crate::compiler::solve::input::Example;
use crate::lang::decision::Effect;
use crate::lang::error::EvalError;
use crate::lang::session::{MEMBERS, ROOT};
use crate::lang::value::time::Instant;
use crate::runtime::bundle::module::NodeMode;
use crate::runtime::program::Program;
use crate::runtime::record::read::members;
use crate::runtime::session::answer::Answer;
use crate::runtime::session::ground::Ground;
use crate::runtime::session::step::{Fault, Outcome, Session, Work};
use crate::runtime::vm::decide::evaluate;
use crate::runtime::vm::report::{DecisionReport, ErrorReport};
use crate::runtime::vm::request::error::InputKind;
use crate::runtime::vm::request::{Filled, Moment, Request, ingest, ingest_answered};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::exact::twice;

/// Whether rules or limits of `program` ask a session.
#[must_use]
pub fn asks_sessions(program: &Program) -> bool {
    let module = program.module();
    let Some(root) = module.paths.first() else { return false };
    let first = usize::from(root.first_child);
    let below = module.paths.get(first..first + usize::from(root.children)).unwrap_or_default();
    let text = |key: u32| usize::try_from(key).ok().and_then(|at| module.strings.get(at));
    below.iter().any(|node| node.mode != NodeMode::Rows && text(node.key) == Some(ROOT))
}

/// The event that asks for what a context says.
#[must_use]
pub fn event(context: &Json, (seconds, nanoseconds): (i64, u32)) -> Json {
    let mut event = Map::new();
    if let Some(roots) = context.as_object() {
        event.extend(roots.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    let ts = Instant { seconds, nanoseconds }.to_string();
    let own =
        [("ev", json!("request")), ("seq", json!(1)), ("ts", json!(ts)), ("call", json!("1"))];
    event.extend(own.map(|(name, value)| (name.to_owned(), value)));
    event.into()
}

/// The line of the event that asks for what a context says. Values stand in it as they are
/// written: those of `serde_json` hold no key twice, and not every number.
fn line(roots: &[(String, &[u8])], (seconds, nanoseconds): (i64, u32)) -> Option<String> {
    let ts = json!(Instant { seconds, nanoseconds }.to_string());
    let mut line = format!("{{\"ev\":\"request\",\"seq\":1,\"ts\":{ts},\"call\":\"1\"");
    let own = |name: &str| name != "refs" && MEMBERS.contains(&name);
    for (name, value) in roots.iter().filter(|(name, _)| !own(name)) {
        let (name, value) = (json!(name), std::str::from_utf8(value).ok()?);
        // Writing to a string cannot fail.
        let _ = write!(line, ",{name}:{value}");
    }
    line.push('}');
    Some(line)
}

/// Why a context by itself is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StandaloneFault {
    /// A key is given twice; the byte where it stands.
    Twice(usize),
    /// The session refuses it.
    Session(Fault),
}

/// An example, with what a session answers.
#[derive(Debug)]
pub struct ExampleContext {
    text: String,
    answered: bool,
}

/// What decides about contexts by themselves: a program, and what sessions of it know, once.
#[derive(Debug)]
pub struct ContextDecider<'p> {
    /// The program.
    pub program: &'p Program,
    ground: Option<Ground<'p>>,
}

impl<'p> ContextDecider<'p> {
    /// For a program.
    #[must_use]
    pub fn of(program: &'p Program) -> Self {
        Self { program, ground: asks_sessions(program).then(|| Ground::of(program)) }
    }

    /// Whether it asks sessions.
    #[must_use]
    pub const fn asks_sessions(&self) -> bool {
        self.ground.is_some()
    }

    /// An example, as the program reads it: the first request of a session, where it asks one.
    ///
    /// # Errors
    /// Why the session refuses it.
    pub fn take(&self, example: &Example) -> Result<ExampleContext, Fault> {
        let text = self.whole(&example.context).to_string();
        match self.asked(text.as_bytes(), example.now) {
            None => Ok(ExampleContext { text, answered: false }),
            Some(answered) => answered.map(|text| ExampleContext { text, answered: true }),
        }
    }

    /// A context with what no call may be without: nobody asks `compiler::solve` for what no rule
    /// reads.
    fn whole<'c>(&self, context: &'c Json) -> Cow<'c, Json> {
        let tool = context.pointer("/action/tool").and_then(Json::as_str);
        let Some((ground, tool)) = self.ground.as_ref().zip(tool) else {
            return Cow::Borrowed(context);
        };
        let mut whole = context.clone();
        for (name, blank) in ground.blanks(tool) {
            let args = whole.get_mut("action").and_then(Json::as_object_mut);
            let args = args.map(|action| action.entry("args").or_insert_with(|| json!({})));
            if let Some(args) = args.and_then(Json::as_object_mut) {
                let value = || serde_json::from_str(blank).unwrap_or_default();
                args.entry(name).or_insert_with(value);
            }
        }
        Cow::Owned(whole)
    }

    /// What was taken, ready to be decided about.
    pub fn fill<'a>(&'a self, taken: &'a ExampleContext, scratch: &'a mut Scratch) -> Filled<'a> {
        let ingest = if taken.answered { ingest_answered } else { ingest };
        ingest(self.program, taken.text.as_bytes(), scratch)
    }

    /// A context, with the answers of a session whose first request it is; `None` where the program
    /// asks none, or where it is no context that could be answered: then it is decided about as it
    /// is, and so refused where what is wrong with it stands.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn answered(
        &self,
        context: &[u8],
        at: (i64, u32),
    ) -> Option<Result<String, StandaloneFault>> {
        self.ground.as_ref()?;
        let mut scratch = Scratch::for_program(self.program);
        let error = ingest(self.program, context, &mut scratch).error();
        if error.is_some_and(|error| error.offset.is_some()) {
            return None;
        }
        let answered = self.asked(context, at)?;
        // A session reads all of the arguments, also what no rule reads.
        let again = std::str::from_utf8(context).ok().and_then(twice);
        Some(match again {
            Some(at) => Err(StandaloneFault::Twice(at)),
            None => answered.map_err(StandaloneFault::Session),
        })
    }

    /// The same of a context in which nothing is wrong.
    fn asked(&self, context: &[u8], at: (i64, u32)) -> Option<Result<String, Fault>> {
        let ground = self.ground.as_ref()?;
        let roots = members(context)?;
        let has = |wanted: &str| roots.iter().any(|(name, _)| name == wanted);
        if has(ROOT) || !has("action") {
            return None;
        }
        let line = line(&roots, at)?;
        let (mut session, mut work) = (Session::new(ground), Work::of(ground));
        let refused = match session.line(line.as_bytes(), &mut work) {
            Outcome::Refused(fault) => Some(fault),
            Outcome::Decided(_) | Outcome::Recorded(_) => None,
        };
        Some(refused.map_or_else(|| Ok(work.context().to_owned()), Err))
    }
}

/// Why a context by itself is refused, as a report.
#[must_use]
pub fn refused_alone(program: &Program, fault: &StandaloneFault) -> DecisionReport {
    match fault {
        StandaloneFault::Session(fault) => {
            refused(program, format!("the call is refused: {fault}"))
        }
        StandaloneFault::Twice(at) => {
            let mut report = refused(program, InputKind::DuplicateKey.to_string());
            report.errors.iter_mut().for_each(|error| error.offset = Some(*at));
            report
        }
    }
}

/// That a request was denied because it is refused.
#[must_use]
pub fn refused(program: &Program, message: String) -> DecisionReport {
    let request = Request { context: b"{}", moment: Moment::at(0, 0) };
    let mut report =
        DecisionReport::of(&mut evaluate(program, &request, &mut Scratch::for_program(program)));
    let (class, unreadable) = (EvalError::Input, true);
    let error =
        ErrorReport { rule: None, class, at: None, pc: None, offset: None, unreadable, message };
    report.effect = Some(Effect::Deny);
    report.answer = Some(Answer::refused().to_json());
    report.errors = vec![error];
    (report.rule, report.escalation) = (None, None);
    (report.fired, report.shadow, report.outputs) = (Vec::new(), Vec::new(), Vec::new());
    report.reason.clear();
    report
}
