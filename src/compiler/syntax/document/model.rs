//! What documents become: the policies of a project as data, with the place of everything.
//!
//! Expressions are ids of the `Ast`. Nothing is resolved yet: names are names, files are paths.

use crate::base::name::Name;
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::syntax::ast::{Ast, ExprId};
use crate::compiler::syntax::document::agents::{
    Capabilities, Flow, Labels, Output, StorePart, ToolEffect,
};
use crate::compiler::syntax::document::denials::Denial;
use crate::compiler::syntax::document::meters::{Limit, Meter, Term};
use crate::compiler::syntax::document::plans::Plan;
use crate::compiler::syntax::document::site::Site;
use crate::compiler::syntax::document::trust::{Declassify, Sanitizer};
use crate::lang::decision::Effect;

pub use crate::compiler::syntax::document::cel_model::{
    CelPolicyDocument, CelRule, Choice, Invariant, Outcome,
};

/// Everything that parsing found out.
#[derive(Clone, Debug, Default)]
pub struct Parsed {
    /// All expressions.
    pub ast: Ast,
    /// Our documents and `.cel` files, in order of file.
    pub policies: Vec<PolicyDocument>,
    /// CEL Policy documents, in order of file.
    pub cel_policies: Vec<CelPolicyDocument>,
    /// Environment files (`config.yaml`), in order of file.
    pub environments: Vec<Environment>,
    /// Where CEL is written, in the order in which it was read.
    pub sites: Vec<Site>,
}

/// How a document of rules is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// It carries `policyc: 1`.
    Ours,
    /// It is a plain `.cel` file.
    PlainCel,
    /// It is a Kubernetes `ValidatingAdmissionPolicy`: what no rule denies is allowed.
    Admission,
}

/// A document of rules.
#[derive(Clone, Debug)]
pub struct PolicyDocument {
    /// The file.
    pub file: FileId,
    /// The whole document; where a missing key is reported if `name` is missing too.
    pub span: Span,
    /// How it is written.
    pub form: Form,
    /// `name`, or the file's stem.
    pub name: Spanned<Name>,
    /// `description`.
    pub description: Option<String>,
    /// `schema`.
    pub schema: Option<SchemaSource>,
    /// `extensions`: library and version; `None` is the newest.
    pub extensions: Vec<Spanned<Extension>>,
    /// `default`.
    pub default: Option<Spanned<Fallback>>,
    /// Whether `default` could not be read.
    pub default_unread: bool,
    /// `on_error`; never `Allow`.
    pub on_error: Option<Spanned<Fallback>>,
    /// `data`: name of the constant and the file that holds it.
    pub data: Vec<DataFile>,
    /// `functions`: host functions.
    pub functions: Vec<HostFunction>,
    /// `windows`.
    pub windows: Vec<Window>,
    /// `variables`, in order.
    pub variables: Vec<Variable>,
    /// `rules`, in order.
    pub rules: Vec<Rule>,
    /// `tools`.
    pub tools: Vec<Tool>,
    /// Whether the document has a `tools` section, even an empty one.
    pub has_tools: bool,
    /// `labels`.
    pub labels: Labels,
    /// `capabilities`.
    pub capabilities: Option<Capabilities>,
    /// `flow`, in order.
    pub flow: Vec<Flow>,
    /// `meters`, in order.
    pub meters: Vec<Meter>,
    /// `limits`, in order.
    pub limits: Vec<Limit>,
    /// `plan`.
    pub plan: Option<Plan>,
    /// `on_deny`, in order.
    pub denials: Vec<Denial>,
    /// `sanitizers`, in order.
    pub sanitizers: Vec<Sanitizer>,
    /// `declassify`, in order.
    pub declassify: Vec<Declassify>,
    /// What sessions evaluate beside decisions: made of other sections (`compiler::govern`).
    pub terms: Vec<Term>,
    /// `redact`.
    pub redact: Vec<Redaction>,
}

/// What records withhold.
#[derive(Clone, Debug, PartialEq)]
pub struct Redaction {
    /// `path`: a JSON Pointer in which `*` is every key and every element.
    pub path: Spanned<String>,
    /// Its keys; `None` is a `*`.
    pub keys: Vec<Option<Name>>,
    /// `as`, with what the class asks for; `seal` where nothing is written.
    pub class: Spanned<RedactionClass>,
    /// Whether records tell how conditions came out that read it: not with `facts: none`.
    pub facts: bool,
}

/// What records say of a value that they withhold.
#[derive(Clone, Debug, PartialEq)]
pub enum RedactionClass {
    /// `drop`
    Drop,
    /// `seal`
    Seal,
    /// `token`, and the name of the key.
    Token(Name),
    /// `shape`
    Shape,
    /// `range`, and the bounds of the buckets.
    Range(Bounds),
    /// `hide`
    Hide,
}

/// Bounds of buckets, ascending.
#[derive(Clone, Debug, PartialEq)]
pub enum Bounds {
    /// Of whole numbers.
    Ints(Vec<i64>),
    /// Of numbers.
    Doubles(Vec<f64>),
}

impl RedactionClass {
    /// As documents write it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Seal => "seal",
            Self::Token(_) => "token",
            Self::Shape => "shape",
            Self::Range(_) => "range",
            Self::Hide => "hide",
        }
    }
}

/// A library and the version asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// As `strings`.
    pub name: Name,
    /// `None` is the newest.
    pub version: Option<u32>,
    /// Where the version is written; the name where none is.
    pub version_at: Span,
}

/// What happens when no rule speaks, or when one fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Deny.
    Deny,
    /// Allow; only as `default`.
    Allow,
    /// Escalate.
    Escalate(Escalation),
}

/// To whom a decision is handed, and what happens if nobody answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Escalation {
    /// `to`.
    pub to: Vec<Spanned<Name>>,
    /// `quorum`; 1 where it is not written.
    pub quorum: Option<u32>,
    /// `timeout` in nanoseconds.
    pub timeout_ns: Option<i64>,
    /// `on_timeout`; never allow.
    pub on_timeout: Option<OnTimeout>,
    /// `binds`: as `tool`, `args`, `plan.step`.
    pub binds: Vec<Name>,
    /// `valid_for` in nanoseconds.
    pub valid_for_ns: Option<i64>,
    /// `uses`.
    pub uses: Option<u32>,
    /// `fatigue`: how often it is asked at most, in so many nanoseconds; beyond it is denied.
    pub fatigue: Option<Box<Spanned<(u32, i64)>>>,
}

/// What an unanswered escalation becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnTimeout {
    /// It is denied.
    Deny,
    /// It stays pending until an event ends it.
    Suspend,
}

/// Where the types of the context come from.
#[derive(Clone, Debug)]
pub enum SchemaSource {
    /// A file: JSON Schema, an environment file, or one of our documents with a `schema` section.
    File(Spanned<String>),
    /// Types in the document itself: the roots of the context.
    Inline(Vec<TypeField>),
}

/// `name: type` in inline types. In `optional string payload` the type is `string`.
#[derive(Clone, Debug)]
pub struct TypeField {
    /// The field or argument.
    pub name: Spanned<Name>,
    /// Whether `optional` stands before the type.
    pub optional: bool,
    /// The type; `None` where only a role is written.
    pub ty: Option<TypeExpr>,
    /// The role, as `target`; arguments of tools only.
    pub role: Option<Spanned<Role>>,
}

/// What an argument of a tool is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Whom or what the call acts on.
    Target,
    /// What the call carries out.
    Payload,
    /// Neither.
    Value,
}

/// A type as written.
#[derive(Clone, Debug)]
pub struct TypeExpr {
    /// What is written.
    pub kind: TypeExprKind,
    /// Where.
    pub span: Span,
}

/// The forms of a written type.
#[derive(Clone, Debug)]
pub enum TypeExprKind {
    /// `string`, `google.protobuf.Timestamp`, `list<T>`, `map<K, V>`.
    Named {
        /// Its name, dots included.
        name: Name,
        /// What stands in `<..>`.
        params: Vec<TypeExpr>,
    },
    /// `~T` or `is_type_param: true`.
    Param(Name),
    /// A mapping of fields: an object.
    Object(Vec<TypeField>),
    /// `{items: T, maxItems: n}`: a list with a bound.
    BoundedList {
        /// The type of an element.
        items: Box<TypeExpr>,
        /// Most elements.
        max_items: Option<u64>,
    },
}

/// `data: {name: path}`.
#[derive(Clone, Debug)]
pub struct DataFile {
    /// The constant is `data.<name>`.
    pub name: Spanned<Name>,
    /// Relative to the document.
    pub path: Spanned<String>,
}

/// A function of the host, whose results are supplied as a table.
#[derive(Clone, Debug)]
pub struct HostFunction {
    /// May have dots.
    pub name: Spanned<Name>,
    /// Types of the arguments.
    pub params: Vec<TypeExpr>,
    /// Type of the result.
    pub result: TypeExpr,
    /// How its result is waited for.
    pub wait: Wait,
}

/// How the result of a host function is waited for. Who waits in vain is denied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Wait {
    /// `mode: async`: who asks for the decision is told that it is pending, and goes on.
    pub is_async: bool,
    /// `timeout` in nanoseconds; without one there is no end.
    pub timeout_ns: Option<i64>,
}

/// `windows: {office: {days: [mon..fri], from: "08:00", to: "17:30", zone: Europe/Zurich}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Window {
    /// Used as `windows.<name>.contains(now)`.
    pub name: Spanned<Name>,
    /// Bit 0 is Sunday.
    pub days: u8,
    /// Minute of the day, inclusive.
    pub from_minute: u16,
    /// Minute of the day, exclusive; at most 1440. Not above `from_minute`: past midnight.
    pub to_minute: u16,
    /// IANA name or fixed offset.
    pub zone: Spanned<Name>,
}

/// `name: expression`.
#[derive(Clone, Debug)]
pub struct Variable {
    /// The name.
    pub name: Spanned<Name>,
    /// Its value.
    pub expr: ExprId,
    /// `description`.
    pub description: Option<String>,
}

/// A rule of ours.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each says another thing of a rule")]
pub struct Rule {
    /// `id`, or what was made from the description.
    pub id: Spanned<Name>,
    /// Whether the author wrote the id.
    pub id_is_written: bool,
    /// The whole rule.
    pub span: Span,
    /// `description`.
    pub description: Option<String>,
    /// `on`: patterns of tool names; `*` stands for any text. Empty: every tool.
    pub on: Vec<Spanned<Name>>,
    /// What it says.
    pub body: RuleBody,
    /// `severity`.
    pub severity: Option<Name>,
    /// `tags`.
    pub tags: Vec<Spanned<Name>>,
    /// `owner`.
    pub owner: Option<Name>,
    /// `priority`; the lowest wins.
    pub priority: i32,
    /// `mode: shadow`.
    pub shadow: bool,
    /// `phase: response`.
    pub response: bool,
    /// Whether it was made of another section (`compiler::govern`).
    pub made: bool,
}

/// What a rule says.
#[derive(Clone, Debug)]
pub enum RuleBody {
    /// `when` and one of `deny`, `allow`, `escalate`.
    When {
        /// `when`; without it the rule always speaks.
        condition: Option<ExprId>,
        /// The outcome.
        effect: Effect,
        /// The key `deny`, `allow` or `escalate`.
        effect_span: Span,
        /// The message.
        reason: Option<Template>,
        /// With `escalate`.
        escalation: Option<Escalation>,
    },
    /// A `.cel` rule: an expression of type `decision`.
    Decision(ExprId),
}

/// A message: text and CEL in braces.
#[derive(Clone, Debug)]
pub struct Template {
    /// The message as written, between its quotes.
    pub span: Span,
    /// The parts, in order.
    pub parts: Vec<TemplatePart>,
    /// The message where the only part, an expression, yields none that Kubernetes shows.
    pub otherwise: Option<String>,
}

/// A part of a message.
#[derive(Clone, Debug)]
pub enum TemplatePart {
    /// Text; `{{` and `}}` are braces already.
    Text(String),
    /// The value of an expression.
    Expr(ExprId),
}

impl Tool {
    /// Whether it says that it only reads.
    #[must_use]
    pub fn only_reads(&self) -> bool {
        self.effect.as_ref().is_some_and(|effect| effect.value == ToolEffect::None)
    }

    /// Whether it says that it does more than read.
    #[must_use]
    pub fn acts(&self) -> bool {
        self.effect.as_ref().is_some_and(|effect| effect.value != ToolEffect::None)
    }
}

/// A tool and its arguments.
#[derive(Clone, Debug)]
pub struct Tool {
    /// The name that `action.tool` holds.
    pub name: Spanned<Name>,
    /// `effect`.
    pub effect: Option<Spanned<ToolEffect>>,
    /// Whether `args` is written.
    pub says_args: bool,
    /// `args`.
    pub args: Vec<TypeField>,
    /// `output`; `None` where it is not written.
    pub output: Option<Vec<Output>>,
    /// `store`: under which key it stores; empty where it says nothing.
    pub store: Vec<StorePart>,
    /// `undo`: the tool that undoes what it did.
    pub undo: Option<Spanned<Name>>,
}

/// An environment file.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// The file.
    pub file: Option<FileId>,
    /// `name`.
    pub name: Option<Name>,
    /// `container`.
    pub container: Option<Spanned<Name>>,
    /// `imports`: qualified names that become short.
    pub imports: Vec<Spanned<Name>>,
    /// `stdlib`.
    pub stdlib: StdlibSubset,
    /// `extensions`.
    pub extensions: Vec<Spanned<Extension>>,
    /// `context_variable`: the message whose fields are the variables.
    pub context: Option<Spanned<Name>>,
    /// `variables`; names may have dots.
    pub variables: Vec<EnvVariable>,
    /// `functions`.
    pub functions: Vec<EnvFunction>,
    /// `features`.
    pub features: Features,
    /// `validators`.
    pub validators: Validators,
    /// `limits`.
    pub limits: EnvLimits,
}

/// What an environment switches on or off; `None` where it says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// Whether numbers compare across types.
    pub cross_type: Option<bool>,
    /// Whether fields may be quoted with backticks.
    pub backticks: Option<bool>,
    /// Whether enums are types of their own, and where that is said.
    pub strong_enums: Option<(bool, Span)>,
}

/// What an environment has checked that CEL leaves to the evaluation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// Whether literal durations are read.
    pub durations: bool,
    /// Whether literal timestamps are read.
    pub timestamps: bool,
    /// Whether elements of a literal must have one type.
    pub homogeneous: bool,
    /// Most comprehensions inside one another.
    pub nesting_max: Option<u32>,
}

/// How large expressions may be in an environment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EnvLimits {
    /// Most code points of an expression.
    pub code_points_max: Option<u64>,
    /// Most brackets inside one another.
    pub nesting_max: Option<u64>,
}

/// Which parts of the standard library an environment has.
#[derive(Clone, Debug, Default)]
pub struct StdlibSubset {
    /// Nothing of it.
    pub disabled: bool,
    /// No macros.
    pub disable_macros: bool,
    /// Only these macros, if any are listed.
    pub include_macros: Vec<Spanned<Name>>,
    /// All macros but these.
    pub exclude_macros: Vec<Spanned<Name>>,
    /// Only these functions, if any are listed.
    pub include_functions: Vec<ListedFunction>,
    /// All functions but these.
    pub exclude_functions: Vec<ListedFunction>,
}

/// A function that an environment includes or excludes.
#[derive(Clone, Debug)]
pub struct ListedFunction {
    /// As it is called; operators as `_+_`.
    pub name: Spanned<Name>,
    /// Ids of overloads; all where none is listed.
    pub overloads: Vec<Spanned<Name>>,
}

/// A variable of an environment.
#[derive(Clone, Debug)]
pub struct EnvVariable {
    /// May have dots.
    pub name: Spanned<Name>,
    /// Its type.
    pub ty: TypeExpr,
}

/// A function of an environment.
#[derive(Clone, Debug)]
pub struct EnvFunction {
    /// May have dots.
    pub name: Spanned<Name>,
    /// Its overloads.
    pub overloads: Vec<EnvOverload>,
}

/// An overload of a function of an environment.
#[derive(Clone, Debug)]
pub struct EnvOverload {
    /// `id`.
    pub id: Spanned<Name>,
    /// `examples`: calls with their results, for people.
    pub examples: Vec<String>,
    /// `target`: the receiver's type.
    pub target: Option<TypeExpr>,
    /// `args`.
    pub args: Vec<TypeExpr>,
    /// `return`.
    pub result: TypeExpr,
}
