//! What can be wrong with an expression, and how it is said.
//!
//! In:      facts from `stream`, `literal` and the grammar.
//! Out:     diagnostics E0101 to E0113, E0602 and E0603.
//! Imports: `base`.

mod words;

use crate::base::span::Span;
use crate::compiler::syntax::ast::{LogicOp, UnaryOp};
use crate::compiler::syntax::literal::LiteralFault;

/// Why an expression cannot be read as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "a variant says what its fields are")]
pub enum SyntaxError {
    /// A string, bytes or a quoted name without its close; the bracket that probably follows it.
    UnclosedString { at: Span, quote: String, before: Option<char> },
    /// `open` has no partner; it is missing at `missing`, or `instead` stands there.
    UnclosedBracket { at: Span, open: char, close: char, missing: Span, instead: Option<char> },
    /// `close` has no partner.
    Unopened { at: Span, close: char },
    /// A reserved word as a variable or, before an argument list, a function.
    Reserved { at: Span, word: String, call: bool },
    /// `=`; in a map or message `entry`, where a colon belongs.
    Assignment { at: Span, entry: bool },
    /// `and` or `or`.
    WordOperator { at: Span, word: String, op: LogicOp },
    /// `not` before an operand.
    WordNot { at: Span, op: UnaryOp },
    /// `not in`.
    NotIn { at: Span },
    /// An operator of other languages; how CEL spells it, if it does.
    ForeignOperator { at: Span, text: String, op: Option<&'static str> },
    /// `/a+/`: text that other languages read as a pattern; what stands between the slashes.
    PatternLiteral { at: Span, text: String },
    /// `?.`, which CEL writes the other way round.
    OptionalDot { at: Span },
    /// `1,000`: the same number without its commas.
    NumberCommas { at: Span, plain: String },
    /// `in "a", "b"`: a list without its brackets; where it begins.
    BareList { at: Span, first: Span },
    /// A character that cannot be seen.
    Invisible { at: Span, c: char, place: Place },
    /// A character that no word of CEL holds.
    UnknownCharacter { at: Span, c: char },
    /// A name with letters that names cannot have.
    ForeignName { at: Span, text: String },
    /// A character that a quoted name cannot have.
    QuotedCharacter { at: Span, c: char },
    /// Back-quotes with nothing between them.
    EmptyName { at: Span },
    /// An escape in `text` that means nothing.
    Escape { at: Span, text: String, fault: LiteralFault },
    /// Digits that run into letters.
    BadNumber { at: Span, text: String },
    /// A number beyond its type.
    NumberRange { at: Span, text: String, kind: NumberKind },
    /// A number that ends in a point.
    BarePoint { at: Span, text: String },
    /// A word where the grammar has none; the text ends here if `found` is `None`.
    Unexpected { at: Span, found: Option<String>, expected: Expected },
    /// No name after a dot, or in front of the colon of a message field.
    ExpectedName { at: Span, found: Option<String>, keyword: bool, field: bool },
    /// A quoted name that is no field.
    QuotedName { at: Span, call: bool },
    /// `!-x` or `-!x`.
    MixedUnary { at: Span },
    /// A conditional between `?` and `:` without parentheses.
    InnerConditional { at: Span, outer: Span },
    /// `?` without its `:`.
    NoColon { at: Span, question: Span },
    /// A comma behind the last argument.
    ArgumentComma { at: Span },
    /// A function between its operands, as `a contains b`.
    Infix { at: Span, name: String },
    /// `{` after something that is not the name of a type.
    NotAType { at: Span, brace: Span },
    /// Nothing but white space and comments.
    Empty { at: Span },
    /// More code points than the limit.
    TooLong { at: Span, code_points: usize },
    /// Nested beyond the limit.
    TooDeep { at: Span },
}

/// Where a character stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Between words.
    Code,
    /// In a comment, or behind an opening quote that is never closed.
    Comment,
    /// In a string with escapes.
    String,
    /// In a string without.
    RawString,
    /// In bytes.
    Bytes,
    /// In a document, outside of its expressions.
    Document,
}

/// The type of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberKind {
    /// `int`
    Int,
    /// `uint`
    Uint,
    /// `double`
    Double,
}

/// What could stand in a place.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Expected {
    /// An operand.
    pub operand: bool,
    /// An operator.
    pub operator: bool,
    /// Separators and closing brackets, as they are written.
    pub marks: Vec<&'static str>,
}

impl Expected {
    /// In words: "an operator, `,` or `)`".
    pub(super) fn words(&self) -> String {
        let mut parts = Vec::new();
        if self.operand {
            parts.push("an expression".to_owned());
        }
        if self.operator {
            parts.push("an operator".to_owned());
        }
        parts.extend(self.marks.iter().map(|mark| format!("`{mark}`")));
        match parts.split_last() {
            None => "the end".to_owned(),
            Some((last, [])) => last.clone(),
            Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
        }
    }
}

impl SyntaxError {
    /// Whether what the author meant is not known, so that what follows cannot be told from it.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        match self {
            Self::Unexpected { .. }
            | Self::ExpectedName { .. }
            | Self::Reserved { .. }
            | Self::ForeignName { .. }
            | Self::QuotedName { .. }
            | Self::Infix { .. }
            | Self::BadNumber { .. }
            | Self::NumberCommas { .. }
            | Self::BareList { .. }
            | Self::NotAType { .. }
            | Self::ForeignOperator { op: None, .. } => true,
            Self::UnknownCharacter { c, .. } => replacement(*c).is_none(),
            Self::UnclosedString { .. }
            | Self::UnclosedBracket { .. }
            | Self::Unopened { .. }
            | Self::Assignment { .. }
            | Self::WordOperator { .. }
            | Self::WordNot { .. }
            | Self::NotIn { .. }
            | Self::ForeignOperator { op: Some(_), .. }
            | Self::PatternLiteral { .. }
            | Self::OptionalDot { .. }
            | Self::Invisible { .. }
            | Self::QuotedCharacter { .. }
            | Self::EmptyName { .. }
            | Self::Escape { .. }
            | Self::NumberRange { .. }
            | Self::BarePoint { .. }
            | Self::MixedUnary { .. }
            | Self::InnerConditional { .. }
            | Self::NoColon { .. }
            | Self::ArgumentComma { .. }
            | Self::Empty { .. }
            | Self::TooLong { .. }
            | Self::TooDeep { .. } => false,
        }
    }

    /// Whether the tree is another one than the author wrote: its types tell nothing.
    #[must_use]
    pub fn breaks_the_tree(&self) -> bool {
        let brackets = matches!(
            self,
            Self::UnclosedString { .. }
                | Self::UnclosedBracket { .. }
                | Self::Unopened { .. }
                | Self::NoColon { .. }
                | Self::InnerConditional { .. }
                | Self::OptionalDot { .. }
                | Self::WordNot { .. }
                | Self::TooLong { .. }
                | Self::TooDeep { .. }
        );
        brackets || self.is_lost()
    }

    /// Its bytes.
    #[must_use]
    pub fn span(&self) -> Span {
        match self {
            Self::UnclosedString { at, .. }
            | Self::UnclosedBracket { at, .. }
            | Self::Unopened { at, .. }
            | Self::Reserved { at, .. }
            | Self::Assignment { at, .. }
            | Self::WordOperator { at, .. }
            | Self::WordNot { at, .. }
            | Self::NotIn { at }
            | Self::ForeignOperator { at, .. }
            | Self::PatternLiteral { at, .. }
            | Self::OptionalDot { at }
            | Self::NumberCommas { at, .. }
            | Self::BareList { at, .. }
            | Self::Invisible { at, .. }
            | Self::UnknownCharacter { at, .. }
            | Self::ForeignName { at, .. }
            | Self::QuotedCharacter { at, .. }
            | Self::EmptyName { at }
            | Self::Escape { at, .. }
            | Self::BadNumber { at, .. }
            | Self::NumberRange { at, .. }
            | Self::BarePoint { at, .. }
            | Self::Unexpected { at, .. }
            | Self::ExpectedName { at, .. }
            | Self::QuotedName { at, .. }
            | Self::MixedUnary { at }
            | Self::InnerConditional { at, .. }
            | Self::NoColon { at, .. }
            | Self::ArgumentComma { at }
            | Self::Infix { at, .. }
            | Self::NotAType { at, .. }
            | Self::Empty { at }
            | Self::TooLong { at, .. }
            | Self::TooDeep { at } => *at,
        }
    }
}

/// What CEL has for a character that means the same elsewhere.
pub(super) fn replacement(c: char) -> Option<&'static str> {
    match c {
        _ if c.is_whitespace() => Some(" "),
        '×' => Some("*"),
        '≤' => Some("<="),
        '≥' => Some(">="),
        '≠' => Some("!="),
        '−' | '–' => Some("-"),
        _ => None,
    }
}
