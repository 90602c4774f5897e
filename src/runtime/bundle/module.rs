//! What a bundle holds, as plain data: made by `compiler::emit`, written and read by this room,
//! proved by `runtime::verify`, run by `runtime::vm`.
//!
//! Every reference is an index into another table here. `NONE` stands where there is none.

use crate::base::texts::Texts;
use crate::lang::constant::Constant;
use crate::lang::decision::Effect;
use crate::lang::opcodes::Instruction;
use crate::lang::value::message::{Kind, Presence};
use crate::runtime::bundle::govern::Govern;

/// An index that names nothing.
pub const NONE: u16 = 0xFFFF;

/// What decisions mean in this build. It goes up whenever any decision could change.
pub const SEMANTICS: u16 = 1;

/// The content of a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Module {
    /// Who and what.
    pub manifest: Manifest,
    /// Sorted, unique; `Str` is an index into it.
    pub strings: Texts,
    /// Types of slots, requirements, registers. A type's parts stand before it.
    pub types: Vec<TypeRow>,
    /// Message types, ascending by name.
    pub messages: Vec<MessageRow>,
    /// Fields and extensions of messages: each message's stand together, in order of message.
    pub fields: Vec<MessageFieldRow>,
    /// Enum types, ascending by name.
    pub enums: Vec<EnumRow>,
    /// The message that a whole context is, or `NONE`.
    pub context: u16,
    /// The path trie; node 0 is the context itself. Children of a node stand together, sorted by
    /// key, behind their parent.
    pub paths: Vec<PathNode>,
    /// Slots, in order of their place in the file.
    pub slots: Vec<SlotRow>,
    /// Constants, unique.
    pub constants: Vec<Constant>,
    /// Constant sets: indices of constants that are neither lists nor maps, ascending, unique.
    pub sets: Vec<Vec<u16>>,
    /// Patterns of `matches`.
    pub patterns: Vec<Pattern>,
    /// Lists of builtin rows for `CallAny`, each ascending and unique.
    pub dispatch: Vec<Vec<u16>>,
    /// Host functions.
    pub hosts: Vec<HostRow>,
    /// Functions: they partition `code` in order.
    pub functions: Vec<FunctionRow>,
    /// Instructions.
    pub code: Vec<Instruction>,
    /// Rules, in document order.
    pub rules: Vec<RuleRow>,
    /// Outcomes; each rule's stand together, in order of rule.
    pub outcomes: Vec<OutcomeRow>,
    /// Escalations, unique.
    pub escalations: Vec<EscalationRow>,
    /// Message templates.
    pub templates: Vec<Vec<TemplatePart>>,
    /// What rules and outputs ask of slots; each one's stand together.
    pub requirements: Vec<Requirement>,
    /// Types that hang on what a slot holds.
    pub keyed: Vec<KeyedType>,
    /// Outputs of CEL Policy documents, in document order.
    pub outputs: Vec<OutputRow>,
    /// Which rules a request can concern.
    pub index: RuleIndex,
    /// What records of decisions withhold: ascending by path.
    pub redactions: Vec<Redaction>,
    /// What sessions know.
    pub govern: Govern,
    /// Names, places and sources, for people: what `bundle::debug::encode` wrote. Opaque here, and
    /// never read by anything that decides: a program that only decides leaves it away.
    pub debug: Vec<u8>,
}

/// An index into `Module::strings`.
pub type Str = u32;

/// Who and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// Name of the bundle: of its first document.
    pub name: Str,
    /// Compiler version, as text.
    pub compiler: Str,
    /// Version of the tz database.
    pub tzdb: Str,
    /// What decisions mean: `SEMANTICS` of the compiler that made it.
    pub semantics: u16,
    /// Seconds since the epoch, from `SOURCE_DATE_EPOCH`; `None` where that is not set.
    pub created: Option<i64>,
    /// Sources in order: logical path and SHA-256.
    pub sources: Vec<SourceRow>,
    /// What happens when no rule speaks; `None` where nothing can decide.
    pub default: Option<Fallback>,
    /// What happens when a deny or escalate rule fails; never allow.
    pub on_error: Fallback,
    /// Number of atoms.
    pub atoms: u16,
    /// Highest static cost of a decision, in units, saturating.
    pub cost: u64,
    /// Whether cost is counted while the bundle runs, because `cost` passes the ceiling.
    pub metered: bool,
}

/// A source file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// Logical path.
    pub path: Str,
    /// SHA-256 of its bytes.
    pub digest: [u8; 32],
}

/// What happens where no rule decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fallback {
    /// The effect.
    pub effect: Effect,
    /// With `Escalate`: to whom; else `NONE`.
    pub escalation: u16,
}

/// A type, its parts by index of `Module::types`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TypeRow {
    /// Any value.
    Dyn,
    /// `null_type`
    Null,
    /// `bool`
    Bool,
    /// `int`
    Int,
    /// `uint`
    Uint,
    /// `double`
    Double,
    /// `string`
    String,
    /// `bytes`
    Bytes,
    /// A timestamp.
    Timestamp,
    /// A duration.
    Duration,
    /// The type of a type.
    Type,
    /// A primitive, or null.
    Nullable(u16),
    /// A list of elements, and most elements that it may have.
    List(u16, Option<u32>),
    /// A map: keys and values.
    Map(u16, u16),
    /// An optional.
    Optional(u16),
    /// An object: fields sorted by name, and the type of others; `NONE` refuses them.
    Record {
        /// The declared fields.
        fields: Vec<FieldRow>,
        /// The type of undeclared fields, or `NONE`.
        rest: u16,
    },
    /// A message, by index of `Module::messages`.
    Message(u16),
    /// A value of an enum that is a type of its own, by index of `Module::enums`.
    Enum(u16),
}

/// A message type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageRow {
    /// Its full name.
    pub name: Str,
    /// First field.
    pub first_field: u16,
    /// Number of fields: ascending by number.
    pub fields: u16,
}

/// A field of a message, or an extension of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageFieldRow {
    /// Its name; of an extension the full one.
    pub name: Str,
    /// Its name in JSON; of an extension the full one.
    pub json: Str,
    /// Its number on the wire.
    pub number: u32,
    /// What one value of it is.
    pub kind: Kind,
    /// How often it occurs, and when it is set.
    pub presence: Presence,
    /// The constant that it yields where it is not set, if its declaration names one; or `NONE`.
    pub default: u16,
    /// The type of what selecting it yields.
    pub ty: u16,
}

/// An enum type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnumRow {
    /// Its full name.
    pub name: Str,
    /// Names and numbers, ascending by name.
    pub values: Vec<(Str, i32)>,
    /// Whether it holds no other numbers than those.
    pub closed: bool,
    /// Whether its values are of a type of their own; otherwise they are ints.
    pub strong: bool,
}

/// A field of an object type.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldRow {
    /// Its name.
    pub name: Str,
    /// Its type.
    pub ty: u16,
    /// Whether an object without it is refused where the whole object is read.
    pub required: bool,
    /// Whether no message and no output may tell it.
    pub sensitive: bool,
}

/// How a node of the path trie is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NodeMode {
    /// An object of which only the children are read. With `Object(true)` anything but an object
    /// is refused (`Input`); with `Object(false)` it makes the children absent.
    Object(bool),
    /// The whole value, of the node's type. Children, if any, are filled from it.
    Whole,
    /// A list of objects of which only the children are read: the columns of the list, in order.
    Rows,
}

/// A place in the context that the bundle reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathNode {
    /// The key under the parent; of node 0 the empty string.
    pub key: Str,
    /// How it is read.
    pub mode: NodeMode,
    /// Index of the first child.
    pub first_child: u16,
    /// Number of children.
    pub children: u16,
    /// The slot that takes the value (`Whole`, `Rows`), or `NONE`. Columns have none: column `i`
    /// of a row is the value of child `i`.
    pub slot: u16,
    /// The slot that tells whether the place is there: absent, or true for an object and false
    /// for anything else. `NONE` where nobody asks.
    pub presence: u16,
    /// Type of the value; `Dyn` for `Object`. Of `Rows` it is the list type.
    pub ty: u16,
    /// Of a column: whether a row without it is refused.
    pub required: bool,
    /// Whether no message and no output may tell the value, because it is sensitive or holds what
    /// is. `false` where the type says which of its fields are.
    pub sensitive: bool,
}

/// A slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotRow {
    /// The value of a path node.
    Value(u16),
    /// The presence of a path node.
    Presence(u16),
    /// The time of the decision.
    Now,
}

/// A pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As written.
    pub text: Str,
    /// A dense automaton, little-endian; empty where it would be too large, and the pattern runs
    /// as a bounded NFA made at load.
    pub automaton: Vec<u8>,
}

/// A host function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRow {
    /// As it is called.
    pub name: Str,
    /// Types of the arguments.
    pub params: Vec<u16>,
    /// Type of the result.
    pub result: u16,
    /// Whether who asks for a decision goes on while it is pending.
    pub is_async: bool,
    /// How long its result is waited for; without an end if nothing stands here.
    pub timeout_ns: Option<i64>,
}

/// What a function ends with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FunctionKind {
    /// T, F or E.
    Condition,
    /// A value of this type by `Return`, or E.
    Value(u16),
    /// An outcome by `Decide`, or F (silent), or E.
    Decision,
}

/// What a rule that failed stands for, by the kind of its function, its first outcome, and what the
/// policy says of errors. `None` where it is only reported: a condition that would have allowed.
///
/// Whatever decides, predicts or proves decisions asks this, so that none of them can differ. A
/// policy that lets failures allow would open what failed; no program has one, and here it is
/// `escalate`.
#[must_use]
pub fn failure_effect(
    kind: Option<FunctionKind>,
    first: Option<Effect>,
    on_error: Effect,
) -> Option<Effect> {
    match (kind, first) {
        (Some(FunctionKind::Condition), Some(Effect::Allow)) => None,
        (Some(FunctionKind::Condition), Some(Effect::Deny | Effect::Escalate)) => {
            Some(on_error.max(Effect::Escalate))
        }
        _ => Some(Effect::Deny),
    }
}

/// A function. Its registers are its own: `first_register..first_register + registers`, above
/// those of every function that calls it, and likewise its cursors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunctionRow {
    /// What it ends with.
    pub kind: FunctionKind,
    /// First instruction.
    pub first: u32,
    /// Number of instructions.
    pub len: u16,
    /// First register, as an index of the file.
    pub first_register: u16,
    /// Number of registers.
    pub registers: u16,
    /// First cursor or builder.
    pub first_cursor: u16,
    /// Number of cursors and builders.
    pub cursors: u16,
    /// Whether its result is kept for the rest of the decision: variables.
    pub memo: bool,
    /// Highest static cost, in units, saturating; calls included.
    pub cost: u64,
    /// Types at joins: instruction (ascending), register (ascending), type. Only registers whose
    /// type is not the same on every edge into the instruction.
    pub frames: Vec<FrameRow>,
}

impl FunctionRow {
    /// Its instructions; none where they are not in the module.
    #[must_use]
    pub fn code<'m>(&self, module: &'m Module) -> &'m [Instruction] {
        let first = usize::try_from(self.first).unwrap_or(usize::MAX);
        let end = first.saturating_add(usize::from(self.len));
        module.code.get(first..end).unwrap_or_default()
    }
}

/// The type of a register where edges meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameRow {
    /// The instruction, from the start of the function.
    pub at: u16,
    /// The register.
    pub register: u16,
    /// Its type there.
    pub ty: u16,
}

/// When a rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before the tool runs.
    Request,
    /// After it.
    Response,
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleRow {
    /// Its id.
    pub id: Str,
    /// Its condition or decision; `NONE`: it always speaks.
    pub function: u16,
    /// First outcome. A condition has one.
    pub first_outcome: u16,
    /// Number of outcomes.
    pub outcomes: u16,
    /// The lowest wins within a level.
    pub priority: i32,
    /// Evaluated and reported, never decides.
    pub shadow: bool,
    /// When it is asked.
    pub phase: Phase,
    /// First requirement.
    pub first_requirement: u32,
    /// Number of requirements.
    pub requirements: u16,
}

/// What a rule says when it fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutcomeRow {
    /// The effect.
    pub effect: Effect,
    /// The message, or `NONE`.
    pub template: u16,
    /// With `Escalate`; else `NONE`.
    pub escalation: u16,
}

/// To whom, how long, and what then.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EscalationRow {
    /// Who may approve.
    pub to: Vec<Str>,
    /// How many must.
    pub quorum: u32,
    /// Nanoseconds; `None` without an end.
    pub timeout_ns: Option<i64>,
    /// Whether no answer suspends rather than denies.
    pub suspend: bool,
    /// What the approval is bound to.
    pub binds: Vec<Str>,
    /// Nanoseconds that an approval holds.
    pub valid_for_ns: Option<i64>,
    /// How often an approval may be used.
    pub uses: Option<u32>,
    /// How often it is asked at most, in so many nanoseconds; beyond it is denied.
    pub fatigue: Option<(u32, i64)>,
}

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TemplatePart {
    /// Text.
    Text(Str),
    /// The value of a value function, as text.
    Value(u16),
    /// The same without white space around it, as Kubernetes shows it, if it is text of one line,
    /// not empty and not too long; else the text behind it, also where the function fails.
    Else(u16, Str),
}

impl TemplatePart {
    /// The function whose value it shows.
    #[must_use]
    pub const fn function(self) -> Option<u16> {
        match self {
            Self::Text(_) => None,
            Self::Value(function) | Self::Else(function, _) => Some(function),
        }
    }
}

/// What a rule asks of a slot before it runs: the slot must be present, and of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Requirement {
    /// The slot.
    pub slot: u16,
    /// The type it must have, or `NONE` where reading proves it already.
    pub ty: u16,
    /// Whether it may be absent all the same.
    pub optional: bool,
    /// What its value must be before it is of that type, or `NONE`: in `Module::keyed`.
    pub keyed: u16,
}

/// A type that hangs on what a slot holds: that of a tool's arguments, by the tool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyedType {
    /// The slot that chooses.
    pub slot: u16,
    /// Types by what it holds, ascending by text.
    pub cases: Vec<(Str, u16)>,
    /// The type where it holds anything else, or nothing.
    pub otherwise: u16,
}

/// The output of a CEL Policy document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputRow {
    /// Name of the document.
    pub name: Str,
    /// A value function.
    pub function: u16,
    /// A value function that gives a list of texts: why the output is what it is. `NONE` where the
    /// document explains nothing.
    pub explanation: u16,
    /// First requirement.
    pub first_requirement: u32,
    /// Number of requirements.
    pub requirements: u16,
}

/// Which rules a request can concern. In a listed rule the guards on the key are gone from its
/// function: being in the list says that they hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleIndex {
    /// The string slot whose value chooses, or `NONE`: then `always` holds every rule. It is
    /// required: without a string there the decision is `Input`.
    pub key_slot: u16,
    /// Rules that are asked for every key, ascending.
    pub always: Vec<u16>,
    /// Rules for one key: ascending by key; each list ascending and complete but for `always`
    /// (rules for prefixes and patterns that fit the key are in it).
    pub keys: Vec<(Str, Vec<u16>)>,
    /// Rules for keys that `keys` does not name and that start with a prefix: ascending by prefix.
    pub prefixes: Vec<(Str, Vec<u16>)>,
    /// Rules for keys that `keys` does not name and that match a pattern (`lang::glob`): ascending
    /// by pattern.
    pub patterns: Vec<(Str, Vec<u16>)>,
}

/// Values that records of decisions withhold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redaction {
    /// The way to them from the top of the context; never empty.
    pub path: Vec<Step>,
    /// What records say of them.
    pub class: Withhold,
    /// Whether records tell how atoms came out that read them.
    pub facts: bool,
}

/// A step of the way to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// The member of an object with this key.
    Key(Str),
    /// Every member of an object, every element of a list.
    Any,
    /// The names of all members of an object: the end of a way to a part of an output.
    Names,
}

/// What a record says of a value that it withholds: `docs/unknowns.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withhold {
    /// Its kind.
    Drop,
    /// Its kind, and a commitment to it.
    Seal,
    /// Its kind, and what the key with this name makes of it.
    Token(Str),
    /// Its kind and its size.
    Shape,
    /// Its kind, and between which two of these bounds it lies.
    Range(Vec<Bound>),
    /// Nothing, not even whether it is there.
    Hide,
}

/// A bound of a bucket. Those of a rule are of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// An int.
    Int(i64),
    /// The bits of a finite double.
    Double(u64),
}
