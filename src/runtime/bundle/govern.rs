//! What sessions of agents know of a bundle, as plain data: labels, tools, meters, limits
//! and the plan.
//!
//! Imports: `lang`.
//! Source:  `docs/sessions.md`.

use crate::lang::session::{ArgumentKind, Disclose, Param, Period, Respond};
use crate::runtime::bundle::module::{NONE, Step, Str};

/// What sessions know. Empty where no document speaks of sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Govern {
    /// Labels of data, ascending by name.
    pub labels: Vec<LabelRow>,
    /// Declared tools, ascending by name; there only where there are labels.
    pub tools: Vec<ToolRow>,
    /// Expressions that a session evaluates beside decisions.
    pub terms: Vec<TermRow>,
    /// Meters, ascending by name.
    pub meters: Vec<MeterRow>,
    /// Limits, ascending by id.
    pub limits: Vec<LimitRow>,
    /// The plan.
    pub plan: Option<PlanRow>,
    /// What calls are answered that are not allowed, ascending by the rules that are meant.
    pub denials: Vec<DenialRow>,
    /// Sanitizers, ascending by name.
    pub sanitizers: Vec<SanitizerRow>,
    /// Declassifications, ascending by id.
    pub declassify: Vec<DeclassifyRow>,
}

/// A label of data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabelRow {
    /// Its name, as `untrusted.file`.
    pub name: Str,
    /// The labels that it brings with it, directly: ascending.
    pub implies: Vec<u16>,
}

/// A declared tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRow {
    /// Its name.
    pub name: Str,
    /// Its arguments, ascending by name; `None` where nobody says which it takes.
    pub args: Option<Vec<ArgumentRow>>,
    /// What parts of its output carry, ascending by path. A field carries what all of those say
    /// whose path leads to it or to what it lies in; of a field without any nothing is known.
    pub outputs: Vec<FieldLabels>,
    /// Under which key it stores; empty where it says nothing.
    pub store: Vec<StorePart>,
    /// Whether it does more than read, as far as is known.
    pub writes: bool,
}

/// An argument of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentRow {
    /// Its name.
    pub name: Str,
    /// In how many lists its values lie.
    pub lists: u8,
    /// What each of them is.
    pub kind: ArgumentKind,
    /// Whether it may be `null`, as if it were not there.
    pub optional: bool,
    /// Whether no call may be without it.
    pub needed: bool,
}

impl ArgumentRow {
    /// Its type, as documents write it.
    #[must_use]
    pub fn ty(&self) -> String {
        let (open, close) = ("list<".repeat(self.lists.into()), ">".repeat(self.lists.into()));
        format!("{open}{}{close}", self.kind.word())
    }

    /// The same, and whether it may be left out.
    #[must_use]
    pub fn words(&self) -> String {
        let often = match (self.optional, self.needed) {
            (true, _) => "optional ",
            (false, true) => "required ",
            (false, false) => "",
        };
        format!("{often}{}", self.ty())
    }
}

/// A part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorePart {
    /// Text.
    Text(Str),
    /// A member of the object that the tool gives.
    Member(Str),
    /// An argument of the call.
    Argument(Str),
}

/// What a part of an output carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLabels {
    /// The way to it from the top of the output.
    pub path: Vec<Step>,
    /// Its labels, ascending.
    pub labels: Vec<u16>,
    /// Whether it carries those of the call's arguments, too.
    pub inherit: bool,
    /// The term that says whether all this is about an element, or `NONE`: the part of the output
    /// that the path leads to with its last `*`.
    pub when: u16,
    /// The term that says who may read it, asked of the same element, or `NONE`: everyone.
    pub audience: u16,
}

/// An expression that a session evaluates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermRow {
    /// A value function.
    pub function: u16,
    /// First of what it asks of slots, behind what rules and outputs ask.
    pub first_requirement: u32,
    /// Number of requirements.
    pub requirements: u16,
}

/// A meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeterRow {
    /// Its name.
    pub name: Str,
    /// Patterns of the tools whose calls it measures; never empty.
    pub on: Vec<Str>,
    /// The term under whose value it measures, or `NONE`.
    pub key: u16,
    /// The term that says what a call takes, or `NONE`: then it is `count`.
    pub amount: u16,
    /// What a call counts for; 0 where a term says what it takes.
    pub count: u32,
    /// For how long it remembers.
    pub window: WindowRow,
    /// Under how many keys it measures.
    pub keys_max: u32,
}

/// For how long a meter remembers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WindowRow {
    /// As long as the session lasts.
    Session,
    /// So many nanoseconds back, in buckets of so many.
    Sliding(i64, i64),
    /// The period at hand, in a zone.
    Calendar(Period, Str),
    /// What it holds runs out: so many millionths in so many nanoseconds.
    Bucket(i64, i64),
}

/// A limit of a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitRow {
    /// Its id.
    pub id: Str,
    /// The meter.
    pub meter: u16,
    /// Most that it may measure, in millionths.
    pub max: i64,
}

/// A plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlanRow {
    /// Its parameters, ascending by name.
    pub params: Vec<(Str, Param)>,
    /// Its steps, each behind those that it comes after.
    pub steps: Vec<StepRow>,
    /// Patterns of tools that only read and need no step.
    pub reads: Vec<Str>,
    /// How many such calls; `None` is any number.
    pub budget: Option<u32>,
    /// Declared tools that only read, ascending.
    pub readers: Vec<Str>,
    /// All other declared tools, ascending.
    pub others: Vec<Str>,
}

/// A step of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepRow {
    /// Its name.
    pub name: Str,
    /// The tool that it calls.
    pub tool: Str,
    /// The steps that must be done: numbers below its own, ascending.
    pub after: Vec<u16>,
    /// How often; `None` is any number.
    pub times: Option<u32>,
    /// How much is asked of a call: of several steps that it may be it is the one that asks most.
    pub weight: u16,
    /// The term that says whether a call is as the step asks, or `NONE`.
    pub term: u16,
}

/// What a call is answered to which a rule objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DenialRow {
    /// Ids of the rules, ascending; none: of all that no other row names.
    pub rules: Vec<Str>,
    /// What the answer is.
    pub respond: Respond,
    /// How often a call may be tried again; `None` is any number.
    pub retries: Option<u32>,
    /// What is said of the rule.
    pub disclose: Disclose,
    /// Calls that are offered.
    pub offers: Vec<OfferRow>,
    /// The parts of a question; none where nothing is asked.
    pub question: Vec<QuestionPart>,
    /// How far the plan goes back.
    pub backtrack: Option<BacktrackRow>,
}

impl DenialRow {
    /// The terms that make parts of the answer.
    pub fn terms(&self) -> impl Iterator<Item = u16> {
        let offered = self.offers.iter().flat_map(|offer| &offer.set).map(|(_, term)| *term);
        let offered = offered.filter(|term| *term != NONE);
        let asked = self.question.iter().filter_map(|part| match part {
            QuestionPart::Text(_) => None,
            QuestionPart::Value(term, _) => Some(*term),
        });
        offered.chain(asked)
    }
}

/// Another call that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferRow {
    /// Its tool.
    pub tool: Str,
    /// Arguments that it has from the call that was denied.
    pub keep: Vec<Str>,
    /// Arguments, and terms that give them; `NONE`: it has them from that call, if that has them.
    pub set: Vec<(Str, u16)>,
}

/// A part of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuestionPart {
    /// Text.
    Text(Str),
    /// What a term gives; where it gives nothing, this.
    Value(u16, Str),
}

/// How far a plan goes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BacktrackRow {
    /// Steps that become undone, ascending, and the tools that undo what they did.
    pub undone: Vec<(u16, Option<Str>)>,
    /// How often.
    pub max: u32,
    /// What is answered where it cannot, or not any more.
    pub otherwise: Respond,
}

/// A tool whose output carries less than what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SanitizerRow {
    /// Its name.
    pub name: Str,
    /// The tool.
    pub tool: Str,
    /// The way to the argument that it makes clean; never empty.
    pub arg: Vec<Str>,
    /// Labels that it takes away, ascending.
    pub removes: Vec<u16>,
    /// Marks that it leaves, ascending.
    pub adds: Vec<u16>,
    /// The term that must hold of the output, or `NONE`.
    pub requires: u16,
    /// Whether the output is one of few values: then what is made of it is clean, too.
    pub typed: bool,
}

/// Labels that the output of a tool does not carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclassifyRow {
    /// Its id.
    pub id: Str,
    /// The tool.
    pub tool: Str,
    /// The way to the part of its output.
    pub path: Vec<Step>,
    /// Labels that are taken away, ascending.
    pub removes: Vec<u16>,
    /// Labels that stand there instead, with the mark that this leaves: ascending.
    pub adds: Vec<u16>,
    /// For which principals: ids, kinds of ids, `role:NAME`.
    pub by: Vec<Str>,
}
