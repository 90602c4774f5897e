//! Words to trees.
//!
//! In:      the text of an expression.
//! Out:     its tree in the arena; what cannot be read is a hole and a diagnostic, and the rest
//!          is read all the same. Nothing recurses: the grammar keeps its own stack.
//! Imports: `base`, `compiler::source`, `diag`.
//! Source:  `grammar/cel.lalrpop`, whose actions are the methods of `Builder`.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;

use lalrpop_util::{ErrorRecovery, ParseError};

use crate::base::limits::{EXPRESSION_CODE_POINTS_MAX, EXPRESSION_DEPTH_MAX, SYNTAX_ERRORS_MAX};
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::ast::{
    Ast, BinaryOp, Element, Expr, ExprId, ExprKind, Field, FieldInit, Literal, LogicOp, MapEntry,
    UnaryOp,
};
use crate::compiler::syntax::error::{NumberKind, SyntaxError};
use crate::compiler::syntax::followers::drop_followers;
use crate::compiler::syntax::lexer::words;
use crate::compiler::syntax::literal::{self, Fault};
use crate::compiler::syntax::stream::{Stream, stream};
use crate::compiler::syntax::token::Token;
use crate::compiler::syntax::unexpected::explain;
use crate::diag::sink::Sink;

#[allow(
    clippy::all,
    clippy::pedantic,
    clippy::restriction,
    missing_docs,
    unreachable_pub,
    unused,
    reason = "generated from grammar/cel.lalrpop"
)]
mod grammar {
    include!(concat!(env!("OUT_DIR"), "/cel.rs"));
}

/// Most places where reading may go on after an error, and words left out there, together.
const RECOVERY_MAX: usize = 1_000;
/// Most words between two nodes: more than that only recovery reads, looking for a place to go on.
const SILENT_WORDS_MAX: usize = 2 * EXPRESSION_DEPTH_MAX as usize;

/// Reads `source` into `ast` and returns its root.
///
/// Errors go to `sink`, at most `SYNTAX_ERRORS_MAX`; where there are any, parts of the tree are
/// `ExprKind::Error`. No node is deeper than `EXPRESSION_DEPTH_MAX`.
pub fn parse_expression(source: &Embedded, ast: &mut Ast, sink: &mut Sink) -> ExprId {
    let mut errors = Vec::new();
    let root = read(source, ast, &mut errors);
    if errors.iter().any(SyntaxError::breaks_the_tree) {
        ast.broken.insert(root);
    }
    for error in errors.into_iter().take(SYNTAX_ERRORS_MAX) {
        sink.report(error);
    }
    root
}

fn read(source: &Embedded, ast: &mut Ast, errors: &mut Vec<SyntaxError>) -> ExprId {
    let hole = |ast: &mut Ast| push(ast, ExprKind::Error, source.span, 1);
    let long = source.text.char_indices().nth(EXPRESSION_CODE_POINTS_MAX);
    if let Some((at, _)) = long {
        let code_points = source.text.chars().count();
        let at = source.span_of(at, source.text.len());
        errors.push(SyntaxError::TooLong { at, code_points });
        return hole(ast);
    }
    let Some(stream) = stream(source, errors) else { return hole(ast) };
    if stream.words.is_empty() {
        if errors.is_empty() {
            errors.push(SyntaxError::Empty { at: source.span });
        }
        return hole(ast);
    }
    let leash = RecoveryLimit { left: Cell::new(SILENT_WORDS_MAX), cut: Cell::new(false) };
    let words = stream
        .words
        .iter()
        .map_while(|word| leash.pull().then_some(Ok((word.start, word.token, word.end))));
    let mut builder = Builder {
        source,
        ast,
        stream: &stream,
        errors,
        reserved: BTreeMap::new(),
        leash: &leash,
        recovery: 0,
        stopped: false,
        follower: None,
        deep: false,
    };
    let root = grammar::ExpressionParser::new().parse(&mut builder, words);
    let root = root.unwrap_or_else(|error| {
        builder.report(&error);
        builder.push(ExprKind::Error, source.span, &[])
    });
    builder.finish();
    drop_followers(source, &stream.words, errors);
    root
}

/// Keeps error recovery short: it may look at few words, not at all that follow.
struct RecoveryLimit {
    left: Cell<usize>,
    cut: Cell<bool>,
}

impl RecoveryLimit {
    fn pull(&self) -> bool {
        let left = self.left.get();
        if left == 0 {
            self.cut.set(true);
        }
        self.left.set(left.saturating_sub(1));
        !self.cut.get()
    }

    fn heard(&self) {
        self.left.set(SILENT_WORDS_MAX);
    }
}

fn push(ast: &mut Ast, kind: ExprKind, span: Span, depth: u32) -> ExprId {
    ast.exprs.push(Expr { kind, span, outer: span, depth })
}

/// A run of `&&` or of `||`.
#[derive(Debug)]
pub(crate) struct Chain {
    operands: Vec<ExprId>,
    ops: Vec<Span>,
}

impl Chain {
    pub(crate) fn new(first: ExprId, op: Span, next: ExprId) -> Self {
        Self { operands: vec![first, next], ops: vec![op] }
    }

    pub(crate) fn and(mut self, op: Span, next: ExprId) -> Self {
        self.operands.push(next);
        self.ops.push(op);
        self
    }
}

/// A name, and whether it is a reserved word in a place where that matters.
#[derive(Debug)]
pub(crate) struct Word {
    name: Spanned<Name>,
    reserved: bool,
}

/// What stands before the `{` of a message, and whether it is the name of a type.
#[derive(Debug)]
pub(crate) struct TypeName {
    name: Spanned<Name>,
    root: bool,
    valid: bool,
}

type Recovery = ErrorRecovery<usize, Token, ()>;

/// What the actions of the grammar do.
pub(crate) struct Builder<'s> {
    source: &'s Embedded,
    ast: &'s mut Ast,
    stream: &'s Stream,
    errors: &'s mut Vec<SyntaxError>,
    /// Reserved words read as variables: errors, unless they turn out to begin a type.
    reserved: BTreeMap<ExprId, Spanned<Name>>,
    leash: &'s RecoveryLimit,
    /// Counts up to `RECOVERY_MAX`.
    recovery: usize,
    /// Whether reading stopped early, so that the end of the words is not the end of the text.
    stopped: bool,
    /// The first error that seemed to follow from another.
    follower: Option<SyntaxError>,
    /// Whether the depth limit was reported.
    deep: bool,
}

impl Builder<'_> {
    fn text(&self, range: Range<usize>) -> &str {
        self.source.text.get(range).unwrap_or_default()
    }

    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        self.leash.heard();
        self.source.span_of(range.start, range.end)
    }

    fn outer(&self, id: ExprId) -> Span {
        self.ast.exprs.get(id).map_or(self.source.span, |expr| expr.outer)
    }

    /// From the first byte of `operand` to `end`.
    fn span_from(&self, operand: ExprId, end: usize) -> Span {
        let end = self.span(end.saturating_sub(1)..end);
        self.outer(operand).to(end)
    }

    /// Appends a node over `children`; beyond the depth limit a hole, so that no path of the
    /// tree is ever longer.
    fn push(&mut self, kind: ExprKind, span: Span, children: &[ExprId]) -> ExprId {
        self.leash.heard();
        let depth = |child: &ExprId| self.ast.exprs.get(*child).map_or(0, |expr| expr.depth);
        let below = children.iter().map(depth).max().unwrap_or(0);
        if below < EXPRESSION_DEPTH_MAX {
            return push(self.ast, kind, span, below + 1);
        }
        if !self.deep {
            self.deep = true;
            self.errors.push(SyntaxError::TooDeep { at: anchor(&kind, span) });
        }
        push(self.ast, ExprKind::Error, span, 1)
    }

    /// Reports what could not be read.
    fn report(&mut self, error: &ParseError<usize, Token, ()>) {
        if self.stopped {
            return;
        }
        match explain(self.source, self.stream, error) {
            Some((fact, true)) => {
                self.follower.get_or_insert(fact);
            }
            Some((fact, false)) => self.errors.push(fact),
            None => {}
        }
    }

    /// Reports the error that recovery went over.
    pub(crate) fn recover(&mut self, unread: &Recovery) {
        self.leash.heard();
        self.report(&unread.error);
        self.recovery += 1 + unread.dropped_tokens.len();
        if self.recovery > RECOVERY_MAX || self.errors.len() >= SYNTAX_ERRORS_MAX {
            self.leash.cut.set(true);
        }
        self.stopped = self.leash.cut.get();
    }

    /// Reports the reserved words that remained variables. What could not be read never goes
    /// without a report, whatever it seemed to follow from.
    fn finish(self) {
        for (_, word) in self.reserved {
            let (at, word) = (word.span, word.value.to_string());
            self.errors.push(SyntaxError::Reserved { at, word, call: false });
        }
        if self.errors.is_empty() {
            self.errors.extend(self.follower);
        }
    }
}

/// The actions that read one word.
impl Builder<'_> {
    pub(crate) fn word(&self, range: Range<usize>, reserved: bool) -> Word {
        let span = self.span(range.clone());
        Word { name: Spanned::new(Name::new(self.text(range)), span), reserved }
    }

    pub(crate) fn field(&mut self, word: Word) -> Field {
        self.leash.heard();
        Field { name: word.name.value, span: word.name.span, quoted: false }
    }

    pub(crate) fn quoted(&self, range: Range<usize>) -> Field {
        let span = self.span(range.clone());
        Field { name: Name::new(self.text(range).trim_matches('`')), span, quoted: true }
    }

    pub(crate) fn ident(&mut self, word: Word, dot: Option<usize>) -> ExprId {
        let span = self.named_from(&word, dot);
        let kind = ExprKind::Ident { name: word.name.value.clone(), root: dot.is_some() };
        let id = self.push(kind, span, &[]);
        if word.reserved {
            self.reserved.insert(id, word.name);
        }
        id
    }

    /// From the leading dot, if there is one, to the end of the name.
    fn named_from(&self, word: &Word, dot: Option<usize>) -> Span {
        dot.map_or(word.name.span, |dot| self.span(dot..dot + 1).to(word.name.span))
    }

    fn literal(&mut self, literal: Literal, range: Range<usize>) -> ExprId {
        let span = self.span(range);
        self.push(ExprKind::Literal(literal), span, &[])
    }

    pub(crate) fn bool(&mut self, value: bool, range: Range<usize>) -> ExprId {
        self.literal(Literal::Bool(value), range)
    }

    pub(crate) fn null(&mut self, range: Range<usize>) -> ExprId {
        self.literal(Literal::Null, range)
    }

    pub(crate) fn int(&mut self, negative: bool, range: Range<usize>) -> ExprId {
        let value = literal::int(self.digits(negative, &range), negative).map(Literal::Int);
        self.number(value, NumberKind::Int, range)
    }

    pub(crate) fn uint(&mut self, range: Range<usize>) -> ExprId {
        let value = literal::uint(self.text(range.clone())).map(Literal::Uint);
        self.number(value, NumberKind::Uint, range)
    }

    pub(crate) fn double(&mut self, negative: bool, range: Range<usize>) -> ExprId {
        let value = literal::double(self.digits(negative, &range), negative).map(Literal::Double);
        self.number(value, NumberKind::Double, range)
    }

    /// The text of a number without its sign, which white space may follow.
    fn digits(&self, negative: bool, range: &Range<usize>) -> &str {
        let text = self.text(range.clone());
        if !negative {
            return text;
        }
        let number = words(text).last();
        number.and_then(|word| text.get(word.range())).unwrap_or_default()
    }

    fn number(&mut self, value: Option<Literal>, kind: NumberKind, range: Range<usize>) -> ExprId {
        let Some(value) = value else {
            let (at, text) = (self.span(range.clone()), self.text(range.clone()).to_owned());
            self.errors.push(SyntaxError::NumberRange { at, text, kind });
            return self.reported(range);
        };
        self.literal(value, range)
    }

    pub(crate) fn string(&mut self, range: Range<usize>) -> ExprId {
        let value = literal::string(self.text(range.clone()));
        self.decoded(value.map(|text| Literal::String(Name::from(text))), range)
    }

    pub(crate) fn bytes(&mut self, range: Range<usize>) -> ExprId {
        let value = literal::bytes(self.text(range.clone()));
        self.decoded(value.map(Literal::Bytes), range)
    }

    fn decoded(&mut self, value: Result<Literal, Vec<Fault>>, range: Range<usize>) -> ExprId {
        let faults = match value {
            Ok(value) => return self.literal(value, range),
            Err(faults) => faults,
        };
        for (part, fault) in faults.into_iter().take(SYNTAX_ERRORS_MAX) {
            let part = range.start + part.start..range.start + part.end;
            let (at, text) = (self.span(part.clone()), self.text(part).to_owned());
            self.errors.push(SyntaxError::Escape { at, text, fault });
        }
        self.reported(range)
    }

    /// A hole whose reason was reported before.
    pub(crate) fn reported(&mut self, range: Range<usize>) -> ExprId {
        let span = self.span(range);
        self.push(ExprKind::Error, span, &[])
    }

    pub(crate) fn hole(&mut self, unread: &Recovery, range: Range<usize>) -> ExprId {
        self.recover(unread);
        self.reported(range)
    }

    /// A hole in the place of a field.
    pub(crate) fn hole_after(&mut self, operand: ExprId, unread: &Recovery, end: usize) -> ExprId {
        self.recover(unread);
        let span = self.span_from(operand, end);
        self.push(ExprKind::Error, span, &[operand])
    }
}

/// The actions that join operands.
impl Builder<'_> {
    pub(crate) fn group(&mut self, inner: ExprId, range: Range<usize>) -> ExprId {
        let outer = self.span(range);
        if let Some(expr) = self.ast.exprs.get_mut(inner) {
            expr.outer = outer;
        }
        inner
    }

    pub(crate) fn conditional(
        &mut self,
        condition: ExprId,
        question: Span,
        yes: ExprId,
        colon: Span,
        no: ExprId,
    ) -> ExprId {
        let span = self.outer(condition).to(self.outer(no));
        let kind = ExprKind::Conditional { condition, yes, no, question, colon };
        self.push(kind, span, &[condition, yes, no])
    }

    pub(crate) fn logic(&mut self, op: LogicOp, chain: Chain) -> ExprId {
        let Chain { operands, ops } = chain;
        let (first, last) = (operands.first().copied(), operands.last().copied());
        let (first, last) = (first.unwrap_or(ExprId(0)), last.unwrap_or(ExprId(0)));
        let span = self.outer(first).to(self.outer(last));
        let children = operands.clone();
        self.push(ExprKind::Logic { op, ops, operands }, span, &children)
    }

    pub(crate) fn binary(
        &mut self,
        lhs: ExprId,
        op: BinaryOp,
        range: Range<usize>,
        rhs: ExprId,
    ) -> ExprId {
        let op = Spanned::new(op, self.span(range));
        let span = self.outer(lhs).to(self.outer(rhs));
        self.push(ExprKind::Binary { op, lhs, rhs }, span, &[lhs, rhs])
    }

    pub(crate) fn unary(&mut self, op: UnaryOp, at: Span, operand: ExprId) -> ExprId {
        let span = at.to(self.outer(operand));
        self.push(ExprKind::Unary { op: Spanned::new(op, at), operand }, span, &[operand])
    }

    pub(crate) fn select(&mut self, operand: ExprId, field: Field, optional: bool) -> ExprId {
        let span = self.outer(operand).to(field.span);
        self.push(ExprKind::Select { operand, field, optional }, span, &[operand])
    }

    pub(crate) fn index(
        &mut self,
        operand: ExprId,
        optional: bool,
        index: ExprId,
        end: usize,
    ) -> ExprId {
        let span = self.span_from(operand, end);
        self.push(ExprKind::Index { operand, index, optional }, span, &[operand, index])
    }

    pub(crate) fn call(
        &mut self,
        word: Word,
        dot: Option<usize>,
        args: Vec<ExprId>,
        end: usize,
    ) -> ExprId {
        let span = self.named_from(&word, dot).to(self.span(end.saturating_sub(1)..end));
        let Word { name, reserved } = word;
        if reserved {
            let (at, word) = (name.span, name.value.to_string());
            self.errors.push(SyntaxError::Reserved { at, word, call: true });
        }
        let children = args.clone();
        let kind = ExprKind::Call { target: None, name, root: dot.is_some(), args };
        self.push(kind, span, &children)
    }

    pub(crate) fn method(
        &mut self,
        target: ExprId,
        word: Word,
        args: Vec<ExprId>,
        end: usize,
    ) -> ExprId {
        let span = self.span_from(target, end);
        let children: Vec<ExprId> = std::iter::once(target).chain(args.iter().copied()).collect();
        let name = word.name;
        let kind = ExprKind::Call { target: Some(target), name, root: false, args };
        self.push(kind, span, &children)
    }

    pub(crate) fn list(&mut self, elements: Vec<Element>, range: Range<usize>) -> ExprId {
        let span = self.span(range);
        let children: Vec<ExprId> = elements.iter().map(|element| element.value).collect();
        self.push(ExprKind::List { elements }, span, &children)
    }

    /// Entries that could not be read are left out.
    pub(crate) fn map(&mut self, entries: Vec<Option<MapEntry>>, range: Range<usize>) -> ExprId {
        let span = self.span(range);
        let entries: Vec<MapEntry> = entries.into_iter().flatten().collect();
        let children: Vec<ExprId> =
            entries.iter().flat_map(|entry| [entry.key, entry.value]).collect();
        self.push(ExprKind::Map { entries }, span, &children)
    }

    /// Reads the operand before `{` as the name of a type and takes its nodes, which are the last
    /// of the arena, out again: they are no expressions.
    pub(crate) fn type_name(&mut self, operand: ExprId, brace: Range<usize>) -> TypeName {
        let span = self.outer(operand);
        let Some((name, root, first)) = dotted(self.ast, operand) else {
            if *self.ast.kind(operand) != ExprKind::Error {
                let brace = self.span(brace);
                self.errors.push(SyntaxError::NotAType { at: span, brace });
            }
            return TypeName { name: Spanned::new(Name::new(""), span), root: false, valid: false };
        };
        self.reserved.remove(&first);
        self.ast.exprs.truncate(first);
        TypeName { name: Spanned::new(name, span), root, valid: true }
    }

    /// Fields that could not be read are left out.
    pub(crate) fn message(
        &mut self,
        name: TypeName,
        fields: Vec<Option<FieldInit>>,
        end: usize,
    ) -> ExprId {
        let TypeName { name, root, valid } = name;
        let span = name.span.to(self.span(end.saturating_sub(1)..end));
        let fields: Vec<FieldInit> = fields.into_iter().flatten().collect();
        let children: Vec<ExprId> = fields.iter().map(|field| field.value).collect();
        if !valid {
            return self.push(ExprKind::Error, span, &children);
        }
        self.push(ExprKind::Message { name, root, fields }, span, &children)
    }
}

/// The dotted name that `operand` is, whether it begins with a dot, and its first node.
fn dotted(ast: &Ast, operand: ExprId) -> Option<(Name, bool, ExprId)> {
    let mut parts = Vec::new();
    let mut at = operand;
    loop {
        let expr = ast.exprs.get(at)?;
        if expr.span != expr.outer {
            return None;
        }
        if let ExprKind::Ident { name, root } = &expr.kind {
            parts.push(name.as_str());
            parts.reverse();
            return Some((Name::from(parts.join(".")), *root, at));
        }
        let ExprKind::Select { operand, field, optional: false } = &expr.kind else { return None };
        if field.quoted {
            return None;
        }
        parts.push(field.name.as_str());
        at = *operand;
    }
}

/// The bytes by which a node that nests too deeply is known.
fn anchor(kind: &ExprKind, span: Span) -> Span {
    match kind {
        ExprKind::Select { field, .. } => field.span,
        ExprKind::Call { name, .. } | ExprKind::Message { name, .. } => name.span,
        ExprKind::Unary { op, .. } => op.span,
        ExprKind::Binary { op, .. } => op.span,
        ExprKind::Conditional { question, .. } => *question,
        ExprKind::Error
        | ExprKind::Literal(_)
        | ExprKind::Ident { .. }
        | ExprKind::Index { .. }
        | ExprKind::Logic { .. }
        | ExprKind::List { .. }
        | ExprKind::Map { .. } => span,
    }
}
