//! Why a module is refused: the rule of `docs/verifier.md`, what was found, and where.
//!
//! Imports: `diag`.

use std::fmt;

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;

macro_rules! faults {
    ($($rule:literal $name:ident $({ $($field:ident),* })? $text:literal;)*) => {
        /// What breaks which rule. Numbers are indices into the tables that the text names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Fault {$(
            #[doc = concat!("V", stringify!($rule), ": ", $text, ".")]
            $name $({ $(#[doc = "See the text."] $field: u32),* })?,
        )*}

        impl Fault {
            /// The names of all faults.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name),)*];

            /// The number of the rule.
            #[must_use]
            pub const fn rule(self) -> u32 {
                match self {$(Self::$name $({ $($field: _),* })? => $rule,)*}
            }

            /// Its name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {$(Self::$name $({ $($field: _),* })? => stringify!($name),)*}
            }
        }

        impl fmt::Display for Fault {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match *self {$(
                    Self::$name $({ $($field),* })? => write!(f, $text),
                )*}
            }
        }
    };
}

faults! {
    6 StringOrder { at } "string {at} does not stand behind the one before it";
    7 ConstantTwice { at } "constant {at} is there twice";
    7 ConstantRange { at } "constant {at} is out of the range of its type";
    7 ConstantKey { at } "constant {at} has a map key that cannot be one or is out of order";
    7 SetMember { at } "constant set {at} has a member that cannot be one or is out of order";
    7 SetTwice { at } "constant set {at} is there twice";
    8 TypePart { at } "type {at} has a part that does not stand before it or cannot be one";
    8 TypeTwice { at } "type {at} is there twice";
    8 TypeDepth { at } "type {at} is nested too deeply";
    8 FieldOrder { at } "type {at} has fields out of order";
    9 Unused { table, at } "entry {at} of table {table} is never used";
    9 FunctionUnused { function } "function {function} is never called";
    10 Partition { function } "function {function} does not start where the one before it ends";
    10 CodeLeft { at } "instruction {at} belongs to no function";
    11 Flags { x } "the flags {x:#04x} mean nothing here";
    11 NotZero { operand } "operand {operand} is not used and not zero";
    11 NotNowhere "a target that is not used leads somewhere";
    12 Register { at } "{at} is no slot and no register of the function";
    12 Window { function } "the registers of function {function} overlap the slots";
    13 Reference { operand, at } "operand {operand} names entry {at}, which is not there";
    13 ConstantKind { at } "constant {at} is of another kind than the instruction takes";
    13 FunctionOfKind { function } "function {function} is not of the kind that is called here";
    13 ErrorClass { class } "there is no error class {class}";
    13 Atom { atom } "there is no atom {atom}";
    13 AtomInLoop "the body of a loop decides no atom";
    13 TableReference { table, at } "entry {at} of table {table} names something that is not there";
    14 Backward { to } "a jump leads to {to}, which is not further on in the function";
    14 Unreachable "nothing leads here";
    15 Unassigned { register } "register {register} may not have been written";
    16 FrameOrder { row } "row {row} of the types at joins is out of order";
    16 FrameType { row } "row {row} of the types at joins does not hold on every edge";
    16 FrameUnused { row } "row {row} of the types at joins is about no join of different types";
    16 RowsRead { slot } "slot {slot} holds columns, which nothing but a loop reads";
    17 Fallible "nothing proves that this cannot fail";
    18 LoopNext "this is not the end of a loop that starts where it leads";
    18 LoopEntry { to } "a jump leads to {to}, into a loop";
    18 LoopNesting "loops overlap";
    18 LoopDepth "loops are nested too deeply";
    18 CursorBusy { cursor } "cursor {cursor} belongs to a loop around this place";
    18 CursorIdle { cursor } "cursor {cursor} has no loop behind it";
    18 Builder { cursor } "builder {cursor} is not the one being filled, or of another kind";
    18 BuilderDropped { cursor } "builder {cursor} is filled in a loop that drops what was built";
    19 CallCycle { function } "function {function} calls itself, directly or not";
    19 CallDepth { function } "calls below function {function} are nested too deeply";
    19 CallWindow { function } "registers or cursors of function {function} overlap its caller's";
    20 Builtin { number } "there is no builtin {number}";
    20 Dispatch { at } "list {at} of builtins is out of order, too short, or of different arities";
    21 Automaton { at } "pattern {at} has an automaton that is too large or none";
    21 PatternText { at } "the automaton of pattern {at} matches what its text does not";
    21 PatternTwice { at } "pattern {at} is there twice";
    22 FileSize { values } "a file of {values} values is too large";
    22 Cursors { cursors } "{cursors} cursors are too many";
    23 Cost { function } "the cost of function {function} is not the declared one";
    23 DecisionCost "the cost of a decision is not the declared one";
    23 Metered "whether cost is counted does not follow from the costs";
    24 ReturnType { ty } "the value that is returned is not of type {ty}";
    24 Exit "this exit is not one of this kind of function";
    24 FallOff "the function ends without a result";
    24 FunctionType { ty } "there is no type {ty} to return";
    25 WriteSlot { at } "{at} is written and is no register of the function";
    26 RuleTwice { rule } "rule {rule} has the id of another rule";
    26 OutputTwice { output } "output {output} has the name of another output";
    27 RuleFunction { rule } "rule {rule} has no function of the right kind";
    27 OutputFunction { output } "output {output} has no value function";
    27 OutputExplanation { output } "what explains output {output} gives no list";
    27 DecisionShared { function } "function {function} decides for more than one rule";
    27 Outcomes { rule } "rule {rule} has outcomes that are not its own or too few";
    27 OutcomeLeft { at } "outcome {at} belongs to no rule";
    27 Escalation { at } "outcome {at} names an escalation without escalating, or none";
    27 Fatigue { at } "escalation {at} is asked too often, or never";
    27 EscalationTwice { at } "escalation {at} is there twice";
    27 Requirements { owner } "requirements of rule or output {owner} are not its own";
    27 RequirementLeft { at } "requirement {at} belongs to no rule and no output";
    27 RequirementOrder { at } "requirement {at} is out of order";
    27 ShadowDemands { rule } "shadow rule {rule} demands that something is there";
    27 RequirementSlot { at } "requirement {at} is about no slot of that kind or no type";
    27 KeyedType { at } "type by key {at} names what is not there, or is out of order";
    27 TemplateFunction { template } "template {template} names something that is not there";
    27 IndexKey "the key of the index is no slot that holds a string";
    27 IndexOrder "the index is out of order";
    27 IndexRule { rule } "the index names rule {rule} wrongly or not at all";
    27 IndexPrefix { key } "rules for a prefix of key {key} are not among the rules for it";
    27 IndexPattern { key } "rules for a pattern that key {key} matches are not among those for it";
    27 IndexPatterns "the index has too many patterns";
    29 PathRoot "the first place is not the context itself";
    29 PathChildren { node } "the places below place {node} are not its own or out of order";
    29 PathLeft { node } "place {node} is below no other";
    29 PathMode { node } "place {node} is read in a way that does not fit it";
    29 PathSlot { node } "place {node} and its slots do not name each other";
    29 SlotPath { slot } "slot {slot} and its place do not name each other";
    29 NowTwice { slot } "slot {slot} is a second time of the decision";
    29 PathType { node } "place {node} has a type that does not fit it";
    30 Told { at } "{at} is sensitive or holds what is, and a message or an output would tell it";
    30 Unmarked { node } "place {node} is a sensitive field, and not marked as one";
    31 TooComplex "verification takes more steps than its size allows";
    31 Waiting "too many registers wait behind jumps";
    31 Simulated "patterns without a dense automaton take too much memory";
    31 Asked "lists of rules ask too much of types";
    32 NoDefault "rules are there, but nothing is said about requests that none speaks about";
    33 MessageOrder { at } "message {at} is out of order";
    33 EnumOrder { at } "enum {at} or its values are out of order";
    33 MessageFields { at } "message {at} has fields that are not its own, or out of order";
    33 MessageField { at } "field {at} is of a type or has a default that does not fit it";
    33 WellKnown { at } "message {at} has not the fields that CEL expects of it";
    33 ContextPlace { at } "place {at} is not of the type of the field that it holds";
    33 Context "the message that a context is does not exist";
    34 RedactedMessage "records withhold parts of a context that is a message";
    34 RedactionOrder { at } "redaction {at} does not stand behind the one before it";
    34 RedactionPath { at } "redaction {at} has a path that leads nowhere";
    34 RedactionClass { at } "redaction {at} is of a class that it cannot be of";
    34 RedactionBelow { at } "redaction {at} is about a part of what another one withholds";
    35 GovernEmpty "there are tools, and no labels";
    35 GovernMessage "there are labels, and the context is a message";
    35 LabelOrder { at } "label {at} does not stand behind the one before it, or has no name";
    35 LabelImplies { at } "label {at} implies itself, or labels that are not there or in order";
    35 ToolOrder { at } "tool {at} does not stand behind the one before it, or has no name";
    35 ToolOutput { at } "tool {at} has an output whose paths or labels are not in order";
    35 TermFunction { term } "term {term} has no value function";
    35 TermUnused { term } "nothing names term {term}";
    35 MeterOrder { at } "meter {at} does not stand behind the one before it, or has no name";
    35 MeterTerm { at } "meter {at} names a term or a tool that is not there";
    35 MeterWindow { at } "meter {at} has a window or a number that cannot be";
    35 LimitOrder { at } "limit {at} does not stand behind the one before it, or has no id";
    35 PlanStep { at } "step {at} of the plan names what is not there, or is out of order";
    35 ToolStore { at } "tool {at} stores under a key of what is not there";
    35 PlanTools "the tools of the plan are not there, or out of order";
    35 PlanParams "the parameters of the plan are not there, or out of order";
    35 DenialOrder { at } "answer {at} does not stand behind the one before it, or shares a rule";
    35 DenialPart { at } "answer {at} names what is not there, or lacks what it answers with";
    35 Sanitizer { at } "sanitizer {at} is out of order, or takes or leaves what it cannot";
    35 Declassify { at } "declassification {at} is out of order, or takes what it cannot";
    35 MarkSet { at } "tool or label {at} sets a mark";
    35 LimitMeter { at } "limit {at} is of no meter, or below zero";
    32 Fallback "what happens by default or on errors is not possible";
}

/// Why a module is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerifyError {
    /// What breaks which rule.
    pub fault: Fault,
    /// In which function, if in one.
    pub function: Option<u16>,
    /// At which instruction of it, if at one.
    pub at: Option<u16>,
}

impl VerifyError {
    /// What to say about the bundle that people call `name`.
    #[must_use]
    pub fn diagnostic(&self, name: &str) -> Diagnostic {
        let fact = format!("`{name}` was refused: {self}");
        Diagnostic::without_place(Code::Refused, fact).help("build it again from its sources")
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rule V{}", self.fault.rule())?;
        if let Some(function) = self.function {
            write!(f, ", function {function}")?;
        }
        if let Some(at) = self.at {
            write!(f, ", instruction {at}")?;
        }
        write!(f, ": {}", self.fault)
    }
}

impl std::error::Error for VerifyError {}

impl From<Fault> for VerifyError {
    fn from(fault: Fault) -> Self {
        Self { fault, function: None, at: None }
    }
}

impl Fault {
    /// This fault in a function.
    #[must_use]
    pub const fn inside(self, function: u16) -> VerifyError {
        VerifyError { fault: self, function: Some(function), at: None }
    }

    /// This fault at an instruction of a function.
    #[must_use]
    pub const fn at(self, function: u16, at: u16) -> VerifyError {
        VerifyError { fault: self, function: Some(function), at: Some(at) }
    }
}
