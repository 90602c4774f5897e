//! The words of an expression and the comments between them.
//!
//! In:      the text of an expression that parses.
//! Out:     its words without the commas that CEL allows behind a last element, and its comments,
//!          each in the gap in front of the word that it is written above or behind.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`.

use std::ops::Range;

use crate::base::span::FileId;
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind};
use crate::compiler::syntax::lexer::lexemes;
use crate::compiler::syntax::parser::parse_expression;
use crate::compiler::syntax::token::{Lexeme, Token};
use crate::diag::sink::Sink;

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Comment {
    /// Its bytes in the text, white space at its end left out.
    pub(super) range: Range<usize>,
    /// The number of words in front of it.
    pub(super) gap: usize,
    /// Whether a word stands in front of it on its line.
    pub(super) trailing: bool,
}

/// The words of an expression.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// The words, trivia and commas behind last elements left out.
    pub(super) all: Vec<Lexeme>,
    /// The comments, in the order in which they are written; their gaps ascend.
    pub(super) comments: Vec<Comment>,
    /// Which words stand between two operands.
    pub(super) infix: Vec<bool>,
}

/// An expression, read for its layout.
#[derive(Debug)]
pub(super) struct LexedExpression {
    /// The tree; spans are bytes of the text.
    pub(super) ast: Ast,
    /// Its root.
    pub(super) root: ExprId,
    /// The words.
    pub(super) words: Words,
}

/// Reads `text`; `None` where it does not parse, or where a comment holds a line break that only
/// YAML takes for one.
pub(super) fn read(text: &str) -> Option<LexedExpression> {
    let mut ast = Ast::new();
    let source = Embedded::verbatim(text, FileId(0), 0);
    let root = parse_expression(&source, &mut ast, &mut Sink::new());
    let hole = ast.exprs.iter_ids().any(|(_, expr)| expr.kind == ExprKind::Error);
    if hole || ast.broken.contains(&root) {
        return None;
    }
    let mut words = split(text)?;
    words.infix = infix(&ast, &words.all);
    settle(text, &mut words);
    Some(LexedExpression { ast, root, words })
}

impl Words {
    /// The word that starts at byte `at`, or the first behind it.
    pub(super) fn starting(&self, at: u32) -> usize {
        self.all.partition_point(|word| word.start < at as usize)
    }

    /// The last word that ends at byte `at` or before.
    pub(super) fn ending(&self, at: u32) -> usize {
        self.all.partition_point(|word| word.end <= at as usize).saturating_sub(1)
    }

    /// The kind of word `at`.
    pub(super) fn token(&self, at: usize) -> Option<Token> {
        self.all.get(at).map(|word| word.token)
    }

    /// The texts of the words.
    pub(super) fn texts<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t str> {
        self.all.iter().map(|word| text.get(word.range()).unwrap_or_default())
    }

    /// The texts of the comments.
    pub(super) fn notes<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t str> {
        self.comments.iter().map(|note| text.get(note.range.clone()).unwrap_or_default())
    }
}

/// Words and comments as they stand.
pub(super) fn split(text: &str) -> Option<Words> {
    let mut out = Words::default();
    let mut fresh = true;
    for lexeme in lexemes(text) {
        let piece = text.get(lexeme.range()).unwrap_or_default();
        if lexeme.token == Token::Space {
            fresh |= piece.contains('\n');
        } else if lexeme.token == Token::Comment {
            let shown = piece.trim_end();
            if shown.contains('\r') {
                return None;
            }
            let range = lexeme.start..lexeme.start + shown.len();
            out.comments.push(Comment { range, gap: out.all.len(), trailing: !fresh });
        } else {
            let closes = matches!(lexeme.token, Token::CloseBracket | Token::CloseBrace);
            if closes && out.all.last().is_some_and(|word| word.token == Token::Comma) {
                out.all.pop();
                let gap = out.all.len();
                for comment in out.comments.iter_mut().rev().take_while(|it| it.gap > gap) {
                    comment.gap = gap;
                }
            }
            out.all.push(lexeme);
            fresh = false;
        }
    }
    Some(out)
}

/// Which words are operators between two operands.
fn infix(ast: &Ast, words: &[Lexeme]) -> Vec<bool> {
    let mut infix = vec![false; words.len()];
    let mut mark = |at: u32| {
        let word = words.partition_point(|word| word.start < at as usize);
        if let Some(mark) = infix.get_mut(word) {
            *mark = true;
        }
    };
    for (_, expr) in ast.exprs.iter_ids() {
        match &expr.kind {
            ExprKind::Logic { ops, .. } => ops.iter().for_each(|op| mark(op.start)),
            ExprKind::Binary { op, .. } => mark(op.span.start),
            ExprKind::Conditional { question, colon, .. } => {
                mark(question.start);
                mark(colon.start);
            }
            ExprKind::Error
            | ExprKind::Literal(_)
            | ExprKind::Ident { .. }
            | ExprKind::Select { .. }
            | ExprKind::Index { .. }
            | ExprKind::Call { .. }
            | ExprKind::Unary { .. }
            | ExprKind::List { .. }
            | ExprKind::Map { .. }
            | ExprKind::Message { .. } => {}
        }
    }
    infix
}

/// Moves comments to where lines may break: from behind an operator to the front of it, and from
/// the front of a comma to behind it. Only the first of several in one gap stands behind a word.
fn settle(text: &str, words: &mut Words) {
    let mut last = None;
    for comment in &mut words.comments {
        if words.all.get(comment.gap).is_some_and(|word| word.token == Token::Comma) {
            comment.gap += 1;
        } else if let Some(before) = comment.gap.checked_sub(1)
            && words.infix.get(before) == Some(&true)
        {
            comment.gap = before;
            // Behind an operator that begins its line it speaks of what follows.
            let operator = words.all.get(before).map_or(0, |word| word.start);
            let left = before.checked_sub(1).and_then(|left| words.all.get(left));
            let between = text.get(left.map_or(0, |word| word.end)..operator).unwrap_or_default();
            comment.trailing &= !between.contains('\n');
        }
        comment.trailing &= last != Some(comment.gap);
        last = Some(comment.gap);
    }
}
