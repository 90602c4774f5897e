//! What checking finds out, as tables keyed by the ids of the tree.

use std::sync::Arc;

use crate::base::index::IndexVec;
use crate::base::name::Name;
use crate::base::pointer;
use crate::base::span::Span;
use crate::compiler::govern::labels::Labels;
use crate::compiler::govern::meters::Measures;
use crate::compiler::syntax::ast::{Ast, ExprId};
use crate::compiler::syntax::document::model::{Fallback, Parsed, RedactionClass, Wait};
use crate::diag::sink::Sink;
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::messages::Messages;
use crate::lang::types::{TypeId, TypeTable};
use crate::newtype_index;

newtype_index! {
    /// A root of the context, in `Analysis::roots`.
    pub struct RootId;
    /// A variable of a comprehension or of `cel.bind`, in `Analysis::locals`.
    pub struct LocalId;
    /// A variable of a policy or of a CEL Policy rule, in `Analysis::variables`.
    pub struct VariableId;
    /// A call of `cel.block`, in `Analysis::blocks`.
    pub struct BlockId;
    /// A function of the host, in `Analysis::hosts`.
    pub struct HostId;
    /// A named window of time, in `Analysis::windows`.
    pub struct WindowId;
}

/// Everything that checking found out. Complete even when there are errors: what could not be
/// typed has `TypeTable::ERROR`.
#[derive(Clone, Debug, Default)]
pub struct Analysis {
    /// All types.
    pub types: TypeTable,
    /// The type of every expression; same length as `Ast::exprs`. Free variables are `dyn` here.
    pub expr_types: IndexVec<ExprId, TypeId>,
    /// What every expression refers to; same length as `Ast::exprs`.
    pub uses: IndexVec<ExprId, Use>,
    /// The roots that expressions read.
    pub roots: IndexVec<RootId, Root>,
    /// The variables that macros introduce.
    pub locals: IndexVec<LocalId, Local>,
    /// The variables of each `cel.block`, beside the elements of its list.
    pub blocks: IndexVec<BlockId, Vec<LocalId>>,
    /// The variables of all policies.
    pub variables: IndexVec<VariableId, VariableInfo>,
    /// The host functions that are called.
    pub hosts: IndexVec<HostId, Host>,
    /// The named windows.
    pub windows: IndexVec<WindowId, WindowInfo>,
    /// The message and enum types of the project.
    pub messages: Arc<Messages>,
    /// The full name of the message that the context is as a whole; `None` where it is an object.
    pub context: Option<Name>,
    /// The declared tools of all documents.
    pub tools: Vec<ToolInfo>,
    /// Beside `Parsed::policies`.
    pub policies: Vec<PolicyInfo>,
    /// Beside `Parsed::cel_policies`.
    pub cel_policies: Vec<CelPolicyInfo>,
    /// What happens when no rule speaks; `None` where nothing can decide.
    pub default: Option<Fallback>,
    /// What happens when a deny or escalate rule fails.
    pub on_error: Option<Fallback>,
    /// Whether the bundle is about tool calls: it has `tools:` or `on:`.
    pub about_tools: bool,
    /// Whether a schema types the context; without one unknown roots are `dyn`.
    pub has_schema: bool,
    /// The labels of data.
    pub labels: Labels,
    /// Names of meters and of limits, ascending.
    pub measures: Measures,
    /// What `redact` withholds: no two entries are about one value.
    pub redactions: Vec<RedactionInfo>,
}

/// What records withhold.
#[derive(Clone, Debug, PartialEq)]
pub struct RedactionInfo {
    /// Keys from the top of the context; `None` is every key and every element.
    pub path: Vec<Option<Name>>,
    /// What records say of the values.
    pub class: RedactionClass,
    /// Whether records tell how conditions came out that read them.
    pub facts: bool,
    /// Where it is written, or what it is about is declared.
    pub span: Option<Span>,
}

impl RedactionInfo {
    /// The path, as a JSON Pointer in which `*` is every key.
    #[must_use]
    pub fn text(&self) -> String {
        let key = |key: &Option<Name>| match key {
            None => "*".to_owned(),
            Some(key) => pointer::token(key),
        };
        self.path.iter().fold(String::new(), |text, step| text + "/" + &key(step))
    }

    /// Whether what lies at `path` lies inside of what this withholds.
    #[must_use]
    pub fn covers(&self, path: &[Option<Name>]) -> bool {
        self.path.len() < path.len() && self.meets(path)
    }

    /// Whether this path leads to wherever the beginning of `path` leads.
    #[must_use]
    pub fn meets(&self, path: &[Option<Name>]) -> bool {
        let mut steps = self.path.iter().zip(path);
        self.path.len() <= path.len() && steps.all(|(own, key)| own.is_none() || own == key)
    }
}

/// A root of the context: a declared variable, or an unknown one where no schema is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Keys from the top of the context: one for `request`, two for a variable `request.auth` or
    /// for `args`, which is short for `action.args`.
    pub path: Vec<Name>,
    /// Its type, seen from nowhere in particular; `args` differs from rule to rule.
    pub ty: TypeId,
    /// Where it was declared.
    pub span: Option<Span>,
}

/// A variable that a macro introduces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Local {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeId,
    /// Where it was introduced.
    pub span: Span,
}

/// A variable of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableInfo {
    /// Its name.
    pub name: Name,
    /// Its value.
    pub expr: ExprId,
    /// Its type.
    pub ty: TypeId,
}

/// A function of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// As it is called.
    pub name: Name,
    /// Overload id; the name where there is only one.
    pub id: Name,
    /// Types of the arguments, receiver first.
    pub params: Vec<TypeId>,
    /// Type of the result.
    pub result: TypeId,
    /// How its result is waited for.
    pub wait: Wait,
}

/// A declared tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolInfo {
    /// The name that `action.tool` holds.
    pub name: Name,
    /// Type of `args` in a call of this tool: an object.
    pub args: TypeId,
    /// Where it was declared.
    pub span: Option<Span>,
}

/// A named window, resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WindowInfo {
    /// Its name.
    pub name: Name,
    /// Bit 0 is Sunday.
    pub days: u8,
    /// Minute of the day, inclusive.
    pub from_minute: u16,
    /// Minute of the day, exclusive; not above `from_minute`: past midnight.
    pub to_minute: u16,
    /// Zone.
    pub zone: Name,
}

/// What one of our documents means.
#[derive(Clone, Debug, Default)]
pub struct PolicyInfo {
    /// Beside `PolicyDocument::variables`.
    pub variables: Vec<VariableId>,
    /// Beside `PolicyDocument::rules`: the declared tools that `on` names; `None` where the rule
    /// has no `on` or no tools are declared (then the patterns are compared as text).
    pub tools: Vec<Option<Vec<Name>>>,
    /// Beside `PolicyDocument::terms`, likewise.
    pub terms: Vec<Option<Vec<Name>>>,
    /// Type of the context's roots, as an object: what `eval` checks the whole input against.
    pub context: Option<TypeId>,
}

/// What a CEL Policy document means.
#[derive(Clone, Debug)]
pub struct CelPolicyInfo {
    /// Type of the output; `optional_type(T)` where an outcome can be missing.
    pub output: TypeId,
    /// Whether an outcome can be missing.
    pub optional: bool,
    /// The variables of each `rule` block, in the order in which a walk meets the blocks: a block
    /// first, then its choices in order.
    pub variables: Vec<Vec<VariableId>>,
}

/// What an expression refers to. On a select chain the entry stands at the longest prefix that is
/// a name; its inner parts have `Use::Part`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Use {
    /// Nothing beyond what the tree says: literals, operators on known types, selections.
    #[default]
    Plain,
    /// An inner part of a qualified name; never evaluated.
    Part,
    /// A root of the context.
    Root(RootId),
    /// Whether a session fills this place.
    Answered(RootId),
    /// A variable that a macro introduced.
    Local(LocalId),
    /// A variable of a policy.
    Variable(VariableId),
    /// The time of the decision: `now`, `now()`.
    Now,
    /// What the document yields: `rule.result` in an invariant, which is never evaluated.
    Result,
    /// A constant: an enum value, the name of a type, static data.
    Constant(Constant),
    /// A message literal: the full name of the message that it makes.
    Message(Name),
    /// A value of an enum that is a type: the full name of the enum, and the number.
    Enum(Name, i32),
    /// `acme.Color(x)`: the value of this enum that `x`, an int, is the number of, or that `x`, a
    /// string, is the name of. The one operand is the call's argument.
    EnumOf(Name),
    /// `int(e)`: the number of a value of an enum that is a type.
    EnumNumber,
    /// A call or operator: the numbers of all builtin rows that fit, in order of the table. One
    /// number: decided by the checker. More: decided by the values.
    Overloads(Vec<u16>),
    /// A call of a host function.
    Host(HostId),
    /// `windows.<name>.contains(t)`
    Window(WindowId),
    /// `deny(..)`, `allow(..)`, `escalate(..)`: a decision, with what its arguments say.
    Decision(DecisionUse),
    /// A call that is a macro.
    Macro(MacroUse),
}

/// A call of `deny`, `allow` or `escalate`.
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionUse {
    /// Which.
    pub effect: Effect,
    /// `to`, of `escalate`.
    pub to: Vec<Name>,
    /// `timeout` in nanoseconds, of `escalate`.
    pub timeout_ns: Option<i64>,
    /// The reason: a literal cut at its braces into text and expressions, or one expression.
    pub reason: Vec<ReasonPart>,
}

/// A part of a reason.
#[derive(Clone, Debug, PartialEq)]
pub enum ReasonPart {
    /// Text.
    Text(String),
    /// The value of an expression, as text.
    Expr(ExprId),
}

/// A macro call, its variables declared. Operands stay in the call's `target` and `args`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacroUse {
    /// `has(x.f)`
    Has,
    /// `x.all(v, p)`, `x.all(i, v, p)`
    All(Vars),
    /// `x.exists(v, p)`, two-variable form too
    Exists(Vars),
    /// `x.exists_one(v, p)`, `x.existsOne(..)`, two-variable form too
    ExistsOne(Vars),
    /// `x.filter(v, p)`
    Filter(Vars),
    /// `x.map(v, t)`, or `x.map(v, p, t)`
    Map(Vars),
    /// `x.transformList(i, v, t)`, or with a filter before `t`
    TransformList(Vars),
    /// `x.transformMap(k, v, t)`, or with a filter before `t`
    TransformMap(Vars),
    /// `x.transformMapEntry(k, v, {..})`, or with a filter before the entry
    TransformMapEntry(Vars),
    /// `x.sortBy(v, key)`
    SortBy(Vars),
    /// `cel.bind(v, init, body)`
    Bind(LocalId),
    /// `cel.block([a, b], body)`: its variables, one for each element
    Block(BlockId),
    /// `o.optMap(v, t)`
    OptMap(LocalId),
    /// `o.optFlatMap(v, t)`
    OptFlatMap(LocalId),
}

impl MacroUse {
    /// The variables of a macro that goes through a list or a map; `None` where it goes through
    /// nothing.
    #[must_use]
    pub const fn loops(self) -> Option<Vars> {
        match self {
            Self::All(vars)
            | Self::Exists(vars)
            | Self::ExistsOne(vars)
            | Self::Filter(vars)
            | Self::Map(vars)
            | Self::TransformList(vars)
            | Self::TransformMap(vars)
            | Self::TransformMapEntry(vars)
            | Self::SortBy(vars) => Some(vars),
            Self::Has | Self::Bind(_) | Self::Block(_) | Self::OptMap(_) | Self::OptFlatMap(_) => {
                None
            }
        }
    }
}

/// The variables of a comprehension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vars {
    /// The element of a list or the key of a map; in two-variable forms the index or the key.
    pub first: LocalId,
    /// In two-variable forms the element or the value.
    pub second: Option<LocalId>,
}

/// A project without errors: what the next stage takes. There is no other way to get one than
/// `Analysis::checked`.
#[derive(Clone, Copy, Debug)]
pub struct Checked<'a> {
    parsed: &'a Parsed,
    analysis: &'a Analysis,
}

impl Analysis {
    /// The proof that `parsed`, from which this was made, has no error; `None` while the sink
    /// holds one.
    #[must_use]
    pub fn checked<'a>(&'a self, parsed: &'a Parsed, sink: &Sink) -> Option<Checked<'a>> {
        let whole = self.expr_types.len() == parsed.ast.exprs.len();
        (whole && !sink.has_errors()).then_some(Checked { parsed, analysis: self })
    }
}

impl<'a> Checked<'a> {
    /// The documents.
    #[must_use]
    pub const fn parsed(&self) -> &'a Parsed {
        self.parsed
    }

    /// The tree.
    #[must_use]
    pub const fn ast(&self) -> &'a Ast {
        &self.parsed.ast
    }

    /// What checking found out.
    #[must_use]
    pub const fn analysis(&self) -> &'a Analysis {
        self.analysis
    }

    /// The type of an expression.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "there is an entry for every expression")]
    pub fn type_of(&self, id: ExprId) -> TypeId {
        self.analysis.expr_types[id]
    }

    /// What an expression refers to.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "there is an entry for every expression")]
    pub fn used(&self, id: ExprId) -> &'a Use {
        &self.analysis.uses[id]
    }
}
