//! What rules ask of a session: names of questions, and the places of the context where the
//! answers lie.
//!
//! Imports: nothing of ours.
//! Source:  `docs/sessions.md`.
//!
//! An answer lies at `/@session/WORD/SUBJECT`, that to `label` below its pattern, at
//! `/@session/label/PATTERN/SUBJECT`, that to `via` below its sources, and that to `readable` below
//! the argument that says who reads. A subject is the JSON
//! Pointer of an argument, as one key, or `ctx`; or the name of a meter, a limit, a rule or a step.
//! Where rules ask whether something was approved, the answer is that the place is there.

/// The root of the context that only a session fills. No schema can declare it: it is no
/// identifier.
pub const ROOT: &str = "@session";
/// The roots of the context that calls of agents have beside `action` and those of a schema.
pub const AGENT_ROOTS: [&str; 5] = ["principal", "resource", "request", "session", "facts"];
/// The members of a request that are no roots of the context.
pub const MEMBERS: [&str; 5] = ["ev", "seq", "ts", "call", "refs"];
/// What the model has read, as a subject.
pub const CTX: &str = "ctx";
/// What stands for the origin of a value that is found in what the principal said.
pub const PROMPT: &str = "prompt";

/// What stands for the origin of a value that was seen nowhere.
pub const MODEL: &str = "model";
/// What stands for the origin of no value.
pub const NONE: &str = "none";
/// What stands for the origin of a value that several tools gave.
pub const SEVERAL: &str = "several";
/// How a session knows where a value came from, as rules spell it.
pub const KINDS: [&str; 4] = [NONE, "ref", "match", MODEL];
/// What stands for the name of a tool that no document declares, where people read it: whoever made
/// that name would be quoted.
pub const UNDECLARED: &str = "an undeclared tool";
/// What a tool gave, below `ROOT`, where a session evaluates something about it.
pub const OUT: &str = "out";
/// What a value carries of which nothing is declared. Every project with labels has it.
pub const UNKNOWN: &str = "untrusted.unknown";
/// The family of labels that sanitizers add.
pub const CLEAN: &str = "clean.";
/// What stands before the name of a sanitizer in the mark that it leaves.
pub const SANITIZER: &str = "sanitizer.";
/// What stands before the id of a declassification in the mark that it leaves.
pub const DECLASSIFIED: &str = "declassified.";
/// The word below which the answers lie that are about a plan.
pub const PLAN: &str = "plan";
/// What stands in an audience that nobody has narrowed.
pub const EVERYONE: &str = "everyone";
/// The step of the plan that a call is, below `PLAN`: its name, or nothing.
pub const STEP: &str = "step";
/// How a call deviates, below `PLAN`: one of `OFF_PLAN`, or nothing.
pub const OFF: &str = "off";
/// The tool by which an agent asks for another plan than those that came at run time, and its
/// argument.
pub const REPLACE: (&str, &str) = ("plan.replace", "plan");
/// The values that a plan is about, below `PLAN`.
pub const PARAMS: &str = "params";
/// A call that only reads, and any other.
pub const OFF_PLAN: [&str; 2] = ["read", "effect"];

/// Whether a label is a mark: it says what was done to a value, and is carried by no other.
#[must_use]
pub fn is_mark(label: &str) -> bool {
    [CLEAN, SANITIZER, DECLASSIFIED].iter().any(|family| label.starts_with(family))
}

/// A question about a subject.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Question {
    /// Whether it carries a label that fits a pattern: a bool.
    Label,
    /// The names of all labels that it carries, ascending: a list of strings.
    Labels,
    /// Where it came from: `prompt`, the name of a tool, `model`, or `none` where it is empty.
    From,
    /// The same in words for people: the tool and the event that asked for its call.
    Origin,
    /// How that is known: `ref`, `match`, `model` or `none`.
    Kind,
    /// Who may read it: a list of strings, `EVERYONE` alone where nobody has narrowed it.
    Audience,
    /// Whether all texts of another argument are of those who may read it: a bool.
    Readable,
    /// How many calls a meter has counted, without this one: an int.
    Count,
    /// What a meter has added up, without this call: a double.
    Sum,
    /// Whether this call would pass a limit: a bool.
    Over,
    /// Whether every value of it comes from a step, the prompt or the model: a bool.
    Via,
    /// Whether a step of the plan is done: a bool.
    Done,
    /// Whether the escalation of a rule was granted for this call. The answer is there or not.
    Approved,
}

/// What a question is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subject {
    /// An argument of the call.
    Argument,
    /// A meter, by its name.
    Meter,
    /// A limit, by its id.
    Limit,
    /// A rule that escalates, by its id.
    Rule,
    /// A step of the plan, by its name.
    Step,
}

impl Subject {
    /// As messages call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Argument => "argument",
            Self::Meter => "meter",
            Self::Limit => "limit",
            Self::Rule => "rule",
            Self::Step => "step",
        }
    }
}

impl Question {
    /// Every question.
    pub const ALL: [Self; 13] = [
        Self::Label,
        Self::Labels,
        Self::From,
        Self::Origin,
        Self::Kind,
        Self::Audience,
        Self::Readable,
        Self::Count,
        Self::Sum,
        Self::Over,
        Self::Via,
        Self::Done,
        Self::Approved,
    ];

    /// As rules and contexts spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Label => "label",
            Self::Labels => "labels",
            Self::From => "from",
            Self::Origin => "origin",
            Self::Kind => "kind",
            Self::Audience => "audience",
            Self::Readable => "readable",
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Over => "over",
            Self::Via => "via",
            Self::Done => "done",
            Self::Approved => "approved",
        }
    }

    /// What it is about.
    #[must_use]
    pub const fn subject(self) -> Subject {
        match self {
            Self::Label
            | Self::Labels
            | Self::From
            | Self::Origin
            | Self::Kind
            | Self::Audience
            | Self::Readable
            | Self::Via => Subject::Argument,
            Self::Count | Self::Sum => Subject::Meter,
            Self::Over => Subject::Limit,
            Self::Done => Subject::Step,
            Self::Approved => Subject::Rule,
        }
    }

    /// The question that is spelled so.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|question| question.word() == word)
    }
}

/// What a call is answered to which a rule objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Respond {
    /// It is not made.
    Fail,
    /// Other calls are offered.
    Alternatives,
    /// The principal is asked.
    Ask,
    /// The plan goes back.
    Backtrack,
}

impl Respond {
    /// As documents and answers spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Alternatives => "alternatives",
            Self::Ask => "ask",
            Self::Backtrack => "backtrack",
        }
    }
}

/// What an answer says of the rule that objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Disclose {
    /// Nothing.
    None,
    /// Its id.
    Rule,
    /// Its id, and its reason where that quotes nothing.
    Reason,
}

/// What the parameter of a plan may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Param {
    /// Text.
    Text,
    /// A whole number.
    Int,
    /// A number.
    Double,
    /// `true` or `false`.
    Bool,
}

impl Param {
    /// As plans spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Text => "string",
            Self::Int => "int",
            Self::Double => "double",
            Self::Bool => "bool",
        }
    }
}

/// What an argument of a call may be, as far as sessions hold calls to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ArgumentKind {
    /// Any value.
    Any,
    /// Text, or what JSON spells as text.
    Text,
    /// A whole number, with a sign.
    Int,
    /// .. and without one.
    Uint,
    /// A number.
    Double,
    /// `true` or `false`.
    Bool,
    /// An object.
    Object,
}

impl ArgumentKind {
    /// As messages call it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Any => "dyn",
            Self::Text => "string",
            Self::Int => "int",
            Self::Uint => "uint",
            Self::Double => "double",
            Self::Bool => "bool",
            Self::Object => "object",
        }
    }
}

/// A period of the calendar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Period {
    /// An hour of the clock.
    Hour,
    /// A day.
    Day,
    /// From Monday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}
