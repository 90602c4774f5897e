//! What checking can find wrong: facts, each with its place. `words` turns them into diagnostics.
//!
//! Types are given in CEL's words, as `TypeTable::show` spells them.

mod calls;
mod documents;
mod redact;
mod words;

pub(super) use crate::compiler::check::error::redact::RedactError;

use crate::base::name::Name;
use crate::base::span::Span;
use crate::lang::pattern::PatternErrorKind;

/// An operand: its place and its type.
pub(super) type OperandType = (Span, String);

/// What was perhaps meant by a comparison that cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ComparisonFix {
    /// Another field, and its type.
    Field(String, String),
    /// `a < b < c`: how CEL writes it.
    Between(String),
    /// Something is asked that is never null; how to ask whether it is there.
    Presence(Option<String>),
    /// An optional; how to take its value out.
    TakenOut(String),
    /// A number in quotes; how it is written without.
    Number(String),
    /// Text in the place of a time or a duration; how CEL writes it.
    Call(String),
}

/// What helps with a name that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Hint {
    /// The name that is nearest.
    Nearest(String),
    /// CEL has it in this library, from a version on; the version that is selected, if one is.
    Library { name: &'static str, since: u32, selected: Option<u32> },
    /// CEL has it, and `stdlib` of the environment leaves it out.
    LeftOut,
    /// It is a variable that is declared further down, on this line; of itself it is none.
    Later { name: String, line: Option<u32> },
    /// Other languages call null so.
    Null,
    /// Kubernetes gives a policy other names.
    Admission,
    /// A library of Kubernetes has it, which is not built.
    NotBuilt(&'static str),
}

/// Why the checker refused something, or warns of it. Spans point into the sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CheckError {
    /// A name or a field that means nothing.
    Name(NameError),
    /// Values of types that do not go together.
    Type(TypeError),
    /// A call, a macro or a decision that cannot be made so.
    Call(CallError),
    /// What is wrong with documents as a whole.
    Policy(PolicyError),
    /// What is wrong with CEL Policy documents and environments.
    Output(OutputError),
    /// What is wrong with types, schemas and data.
    Schema(SchemaError),
    /// What is wrong with what records shall withhold.
    Redact(RedactError),
}

impl CheckError {
    /// Whether evaluation fails in the same place if nobody checks: an expression that has no
    /// meaning, rather than one that cannot be written so.
    pub(super) const fn is_met_at_run_time(&self) -> bool {
        match self {
            Self::Name(error) => !matches!(error, NameError::Message { .. }),
            Self::Type(_) => true,
            Self::Call(error) => matches!(
                error,
                CallError::ArgumentCount { .. }
                    | CallError::ArgumentType { .. }
                    | CallError::ArgumentTypesTogether { .. }
            ),
            Self::Policy(_) | Self::Output(_) | Self::Schema(_) | Self::Redact(_) => false,
        }
    }
}

macro_rules! part_of_check_error {
    ($($part:ident($name:ident)),*) => {$(
        impl From<$name> for CheckError {
            fn from(error: $name) -> Self {
                Self::$part(error)
            }
        }
    )*};
}

part_of_check_error!(
    Name(NameError),
    Type(TypeError),
    Call(CallError),
    Policy(PolicyError),
    Output(OutputError),
    Schema(SchemaError),
    Redact(RedactError)
);

/// A name or a field that means nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NameError {
    /// Nothing declares this root, in a document of ours.
    UnknownName { at: Span, name: String, hint: Option<Hint> },
    /// As `UnknownName`, in a CEL Policy document, in the words of that format.
    Undeclared { at: Span, name: String, container: String, hint: Option<Hint> },
    /// The same for a function called `name.1`, which stands at `name.0`; `at` is the parenthesis,
    /// where the format places a call.
    UndeclaredCall { at: Span, name: (Span, String), container: String, hint: Option<Hint> },
    /// `windows.x` in the place of a value.
    WindowValue { at: Span, name: String },
    /// The schema, which is `json` or types of ours, has no such field, and none like it; `path` is
    /// what the field was read from.
    UndeclaredField { at: Span, path: String, field: String, declared: Option<Span>, json: bool },
    /// The object has no such field.
    UnknownField {
        at: Span,
        on: String,
        field: String,
        nearest: Option<String>,
        declared: Option<Span>,
    },
    /// A tool that the rule speaks about has no such argument; `via` is the variable that reads
    /// it, `narrowed` whether the rule has `on`.
    UnknownArgument {
        at: Span,
        tool: Name,
        declared: Option<Span>,
        field: String,
        nearest: Option<String>,
        via: Option<Name>,
        narrowed: bool,
    },
    /// Two tools that the rule speaks about have the argument with two types.
    ArgumentTypes { at: Span, field: String, first: (Name, String), second: (Name, String) },
    /// A value of this type has no fields; `method`: it has a function of that name.
    NoFields { at: Span, on: String, method: Option<String> },
    /// The field exists after the call only.
    WrongPhase { at: Span, field: String, declared: Option<Span> },
    /// Strict mode: nothing gives the name a type.
    NobodyWrote { at: Span, name: String },
    /// A name space of the document has no such member: `variables.x`, `data.x`, `windows.x`.
    UnknownMember { at: Span, space: &'static str, name: String, hint: Option<Hint> },
    /// No such function, or not on the type `on`.
    UnknownFunction { at: Span, name: String, on: Option<String>, hint: Option<Hint> },
    /// `stdlib` of the environment leaves out the operator for operands of these types.
    OperatorLeftOut { at: Span, op: String, operands: Vec<String> },
    /// The environment does not allow fields in backticks.
    Backticks { at: Span },
    /// No declared label fits the pattern.
    UnknownLabel { at: Span, name: Name, nearest: Option<String> },
    /// A meter or a limit that no document declares.
    UnknownMeasure { at: Span, what: &'static str, name: Name, nearest: Option<String> },
    /// A text that is no answer to the question that it is compared with: `from` or `kind`.
    NoAnswer { at: Span, question: &'static str, name: Name, nearest: Option<String> },
    /// A literal of a message type that is not known.
    Message { at: Span, name: Name, nearest: Option<String> },
}

/// Values of types that do not go together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TypeError {
    /// A condition, or an operand of `operator`, is not a bool.
    NotBool { at: Span, given: String, text: String, operator: Option<&'static str> },
    /// `!a in b`, where `!` takes `a` alone, which is no bool; `rest` is all behind the `!`.
    NegatedOperand { at: Span, given: String, rest: String },
    /// The operator does not take these types.
    NoOperator { at: Span, op: String, operands: Vec<OperandType>, fix: Option<OperatorFix> },
    /// The two cannot be compared.
    NotComparable {
        op: &'static str,
        left: OperandType,
        right: OperandType,
        meant: Option<ComparisonFix>,
    },
    /// `in` does not take these types.
    NotIn { left: OperandType, right: OperandType },
    /// `operand[index]` does not take these types.
    NoIndex { operand: OperandType, index: OperandType },
    /// The branches of a conditional have no common type.
    BranchTypes { yes: OperandType, no: OperandType },
    /// Elements of a literal have no common type where they must.
    MixedElements { first: OperandType, other: OperandType, strict: bool },
    /// An optional is needed.
    NotOptional { at: Span, given: String },
    /// The field of a message holds values of another type.
    FieldType { at: Span, field: String, wanted: String, given: String, declared: Option<Span> },
    /// A field of a message is given twice.
    FieldTwice { at: Span, first: Span, field: Name },
    /// The macro `name` cannot walk through it; `optional`: it asks for an optional.
    NotIterable { at: Span, name: &'static str, given: String, optional: bool },
}

/// A call, a macro or a decision that cannot be made so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CallError {
    /// A macro was given what it cannot use.
    MacroArgument { at: Span, name: &'static str, fault: MacroFault },
    /// Something larger than it may be.
    TooLarge { at: Span, fault: SizeFault },
    /// The function takes other numbers of arguments.
    ArgumentCount { at: Span, function: String, wanted: Vec<usize>, given: usize },
    /// The function takes other types in this place.
    ArgumentType { at: Span, function: String, wanted: Vec<String>, given: String },
    /// The function asks about an argument of the call, or, where `ctx`, about what was read.
    NoSubject { at: Span, function: &'static str, ctx: bool },
    /// Each argument fits some form of the function, but no form takes all.
    ArgumentTypesTogether { at: Span, function: String, given: Vec<String> },
    /// An expression that is a message is no string.
    NotText { at: Span, given: String },
    /// A value that cannot be written into a message.
    NoTextForm { at: Span, given: String, text: String },
    /// A decision where a value is needed; `gathered`: in an output below `aggregate`.
    DecisionPlace { at: Span, effect: &'static str, gathered: bool },
    /// A `.cel` rule that yields no decision.
    NotDecision { at: Span, given: String },
    /// The second argument of `escalate` cannot be used.
    Escalate { at: Span, fault: EscalateFault },
    /// A literal that its type cannot hold.
    BadLiteral { at: Span, kind: LiteralKind, text: String },
    /// A literal pattern that RE2 does not have.
    BadPattern { at: Span, kind: PatternErrorKind },
    /// A pattern that is known only at run time.
    DynamicPattern { at: Span },
}

/// What is wrong with documents as a whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PolicyError {
    /// What a session evaluates gives a value of a type that it cannot use.
    TermType { at: Span, what: &'static str, wanted: &'static str, given: String },
    /// A function of the host is asked where nobody waits for its result.
    HostOfOutput { at: Span },
    /// What an offer gives an argument is of another type.
    OfferType { at: Span, argument: Name, wanted: String, given: String },
    /// Nothing says what happens when no rule speaks; `insert` is where `default` may stand.
    MissingDefault { at: Span, insert: Option<Span> },
    /// Two documents name different values of a key that belongs to the bundle.
    ConflictingFallback { key: &'static str, at: Span, first: Span },
    /// What no rule speaks about is allowed.
    AllowByDefault { at: Span },
    /// No schema; everything is `dyn`.
    NoSchema { at: Span, policy: Name, plain_cel: bool },
    /// Strict mode demands a schema.
    StrictSchema { at: Span, policy: Name, plain_cel: bool },
    /// A pattern of `on` that names no tool.
    UnknownTool { at: Span, pattern: Name, nearest: Option<String> },
    /// Two documents give a part of the context two types.
    RootTypes { at: Span, first: Span, path: String, types: (String, String) },
    /// The context is a message, and something else too, as stands at `first`.
    Context { at: Span, first: Option<Span>, fault: ContextFault },
    /// In `policy` enums are ints, and what stands at `first` makes them types.
    EnumModes { at: Span, first: Span, policy: Name },
    /// Two documents declare a function of the host for the same arguments; its results, where
    /// these differ, else how they are waited for.
    HostTwice { at: Span, first: Span, call: String, results: Option<(String, String)> },
    /// A tool is declared twice.
    ToolTwice { at: Span, first: Span, name: Name },
    /// A variable takes the name of something else.
    Shadowed { at: Span, name: Name, declared: Option<Span>, what: &'static str },
    /// A root is called as something else that documents read, which may be at `first`.
    HiddenRoot { at: Span, first: Option<Span>, name: &'static str },
    /// A root is called as a member of events, so that no session has it.
    UnfilledRoot { at: Span, name: Name },
    /// A variable is declared twice.
    Overlap { at: Span, first: Span, name: Name },
}

/// What a context that is a message cannot be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ContextFault {
    /// Another message.
    Messages(Name, Name),
    /// One with this root, which is no field of the message.
    Root(String, Name),
    /// A call of a tool.
    Tools(Name),
}

/// What is wrong with CEL Policy documents and environments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OutputError {
    /// An output of another type than those before.
    IncompatibleOutputs { at: Span, given: String, before: OperandType },
    /// What always yields, and the entry below it that is never reached; `rule`: it is a nested
    /// rule.
    Unreachable { at: Span, next: Span, rule: bool },
    /// `aggregate` below `aggregate`.
    NestedAggregate { at: Span, outer: Span },
    /// A condition of `aggregate` is literally false.
    AlwaysFalse { at: Span },
    /// Two imports with one short name; `other` is what it stood for before.
    ImportTwice { at: Span, name: String, other: String },
    /// An import whose short name is that of a variable.
    ImportHides { at: Span, name: String, declared: Option<Span> },
    /// A library that does not exist.
    UnknownExtension { at: Span, name: Name, nearest: Option<String>, known: Vec<&'static str> },
    /// A library that has no such version; `newest` is the last one it has.
    UnknownVersion { at: Span, name: Name, newest: u32 },
    /// `stdlib` names a macro, function or overload that CEL does not have.
    UnknownPart { at: Span, what: &'static str, name: Name, nearest: Option<String> },
    /// Two overloads of a function have one id.
    OverloadTwice { at: Span, first: Span, id: Name },
    /// Two overloads of a function take values of the same types: no call tells them apart.
    OverloadsAlike { at: Span, first: Span, id: Name },
    /// Calls of an overload are always read as a macro.
    OverloadOfMacro { at: Span, name: &'static str, args: usize },
    /// A function of CEL takes whatever an overload takes.
    OverloadOfBuiltin { at: Span, name: Name, builtin: &'static str },
    /// The library is known, but not built: why, or what there is instead.
    UnbuiltExtension { at: Span, name: Name, why: &'static str },
}

/// What is wrong with types, schemas and data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SchemaError {
    /// A type variable as the type of a value.
    TypeVariable { at: Span, name: Name },
    /// A type that does not exist, or that takes other parameters.
    UnknownType { at: Span, name: String, nearest: Option<String>, params: Option<usize> },
    /// A map with keys of a type that keys cannot have, in words.
    MapKey { at: Span, given: String },
    /// A schema that cannot be used.
    Schema { at: Span, fault: SchemaFault },
    /// A part of a schema that no type expresses.
    SchemaGap { at: Span, what: String },
    /// A keyword that bounds values, and that nothing enforces; `denied` is what a rule denies
    /// instead.
    Unenforced { at: Span, keyword: String, denied: Option<String> },
}

/// A change of one operand that makes an operator fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OperatorFix {
    /// The literal.
    pub span: Span,
    /// What it becomes.
    pub text: String,
    /// The type that it then has.
    pub to: &'static str,
}

/// What is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SizeFault {
    /// Comprehensions stand deeper inside one another than this.
    Comprehensions(u32),
    /// Brackets stand deeper inside one another than this.
    Brackets(u64),
    /// The expression has more code points than `limit`.
    CodePoints { size: u64, limit: u64 },
}

/// What is wrong with an argument of a macro.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MacroFault {
    /// `has` asks about a field.
    NotAField,
    /// A variable of the document is always there.
    AVariable,
    /// A variable is a simple name.
    NotAName,
    /// Both variables have one name.
    SameVariable,
    /// A variable of a loop is not called as macros once called their result.
    Accumulator,
    /// `transformMapEntry` makes one entry, written as a map.
    NotAnEntry,
    /// `cel.block` takes a list of values, written as a list.
    NotAList,
    /// `getExt` and `hasExt` take the full name of an extension.
    NotAnExtension,
}

/// What is wrong with the second argument of `escalate`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EscalateFault {
    /// It is no map.
    NotAMap,
    /// A key is not written out.
    NotAKey,
    /// It has no such key.
    UnknownKey(String, Option<String>),
    /// `to` is a list of names.
    NotAddressees,
    /// `timeout` is a positive duration.
    NotADuration,
}

/// What a literal was to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LiteralKind {
    /// `duration("1h")`
    Duration,
    /// `timestamp("2026-01-01T00:00:00Z")`
    Timestamp,
}

/// Why a schema or a data file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SchemaFault {
    /// The file is not among the sources.
    NoFile(String),
    /// The document has no `schema` section.
    NoSection(String),
    /// The schema of a document comes from a document that refers to it.
    Circle(String),
    /// A key of a JSON Schema has a value that it cannot have.
    BadKey { key: String, wanted: &'static str },
    /// This stands where a schema must stand.
    NotASchema(&'static str),
    /// A `.proto` file is named, but no message in it; one that there is.
    NoMessageNamed(Option<String>),
    /// `$ref` to nothing.
    NoReference(String),
    /// A context is an object.
    NotAnObject,
    /// A property is required but not declared.
    RequiredUnknown { name: String, nearest: Option<String> },
    /// Types nested too deeply.
    TooDeep,
    /// A value that no constant can hold.
    BadData(&'static str),
}
