//! `policyc test`: table tests beside policies, and the tests of the CEL Policy format.
//!
//! In:      a test file, the sources it may speak about, the other files it names.
//! Out:     a `TestFile`: its cases read, expanded and patched; `run` decides them.
//! Imports: `base`, `tools::event`.
//!
//! `case` reads `*_test.yaml`, `events` the sessions there and `complete` what is said of all that
//! no case is about; `format` reads `tests.yaml`. `choose` finds the policies, `prepared` evaluates
//! what cases are made of, `session` runs events, `run` decides through the whole pipeline
//! (compile, write, verify, evaluate), `group` does so once for files about the same policies,
//! `expect` compares, `show` says what happened.

pub mod case;
pub mod choose;
mod complete;
mod events;
pub mod expect;
pub mod files;
pub mod format;
pub mod group;
pub mod literal;
pub mod patch;
pub mod phrase;
pub mod pipeline;
pub mod prepared;
pub mod run;
mod session;
pub mod show;
pub mod snapshot;

mod equal;
mod error;
mod table;
pub(in crate::tools) mod tree;
mod typed;

use serde_json::Value as Json;

use crate::base::span::{FileId, Span, Spanned};
use crate::tools::event::Event;

/// The tests of one file.
#[derive(Clone, Debug)]
pub struct TestFile {
    /// The file.
    pub file: FileId,
    /// Names of the policies that are tested together; empty: those that lie beside the file.
    pub policies: Vec<Spanned<String>>,
    /// The cases, in order, matrices expanded.
    pub cases: Vec<Case>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name; in a matrix with the values chosen, in the format's files `section/test`.
    pub name: String,
    /// Where it is written: its name.
    pub span: Span,
    /// What is decided about.
    pub context: Context,
    /// RFC 3339; where it is missing, `NOW`.
    pub now: Option<Spanned<String>>,
    /// Results of host functions.
    pub functions: Vec<HostResult>,
    /// What meters have measured before.
    pub reads: Vec<MeterUse>,
    /// Why it is not run.
    pub skip: Option<String>,
    /// What must come out.
    pub expect: Spanned<Expect>,
}

/// What a meter has measured under a key.
#[derive(Clone, Debug)]
pub struct MeterUse {
    /// The meter.
    pub meter: String,
    /// The key, as `METER/KEY` names it; a meter without keys has none.
    pub key: Option<String>,
    /// How much, in millionths.
    pub amount: i128,
}

/// The time of cases that name none: 2026-01-01T00:00:00Z, so that no test depends on the day.
pub const NOW: &str = "2026-01-01T00:00:00Z";

/// What is decided about.
#[derive(Clone, Debug)]
pub enum Context {
    /// The whole context.
    Whole(Json),
    /// Roots, each a value or an expression: the format's `input`.
    Roots(Vec<(Spanned<String>, Input)>),
    /// An expression whose value is the whole context: the format's `context_expr`.
    Expression(Spanned<String>),
    /// Events of a session, the last of them a request: it is decided about.
    Session(Vec<Event>),
}

/// The value of a root.
#[derive(Clone, Debug)]
pub enum Input {
    /// As written.
    Value(Json),
    /// What a CEL expression yields.
    Expression(Spanned<String>),
}

/// A result of a host function: `name(args)` is `result`.
#[derive(Clone, Debug, PartialEq)]
pub struct HostResult {
    /// As the function is called.
    pub name: String,
    /// Where it is written; none where whoever runs the test gave it.
    pub at: Option<Span>,
    /// The arguments, the receiver first.
    pub args: Vec<Json>,
    /// The result.
    pub result: Json,
}

/// What must come out.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// Parts of a decision, by the names that decisions in JSON have. Of an object only the given
    /// keys are compared.
    Decision(Json),
    /// The output is this value.
    Value(Json),
    /// The output is what this expression yields.
    Expression(String),
    /// The decision that was reviewed, in JSON; nothing where none was.
    Snapshot(Option<Json>),
    /// Compiling or evaluating fails, and each text is part of what is said.
    Errors(Vec<String>),
}

impl Expect {
    /// The parts of a decision that must come out, as they are written or were reviewed.
    #[must_use]
    pub const fn parts(&self) -> Option<&Json> {
        match self {
            Self::Decision(parts) | Self::Snapshot(Some(parts)) => Some(parts),
            Self::Snapshot(None) | Self::Value(_) | Self::Expression(_) | Self::Errors(_) => None,
        }
    }
}
