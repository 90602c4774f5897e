//! What the readers of documents share: the file, the tree that grows, and where to report.
//!
//! In:      nodes in places where an expression stands.
//! Out:     expressions in the `Ast`; a hole where there is none, after a report.
//! Imports: `base`, `compiler::source`, `diag`.

use std::ops::Range;

use crate::base::span::{FileId, Span};
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::ast::{Ast, Expr, ExprId, ExprKind};
use crate::compiler::syntax::document::error::{Cause, DocumentError};
use crate::compiler::syntax::document::keys::wrong;
use crate::compiler::syntax::document::scalar::{Style, narrow};
use crate::compiler::syntax::document::site::{Reading, Site};
use crate::compiler::syntax::document::yaml::{Node, NodeKind, Scalar, Value};
use crate::compiler::syntax::document::yaml_error::{breaks_off, cut_short, quoting, unfolding};
use crate::compiler::syntax::lexer::lexemes;
use crate::compiler::syntax::parser::parse_expression;
use crate::compiler::syntax::token::Token;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;

/// Keys whose expressions are no conditions.
const VALUE_KEYS: [&str; 3] = ["output", "explanation", "messageExpression"];

/// What a reader reads and where it puts what it finds.
pub(super) struct Reader<'a> {
    /// The file.
    pub file: FileId,
    /// Its text.
    pub source: &'a str,
    /// All expressions.
    pub ast: &'a mut Ast,
    /// Where they are written.
    pub sites: &'a mut Vec<Site>,
    /// Where to report.
    pub sink: &'a mut Sink,
}

impl Reader<'_> {
    /// The expression in `node`, which is the value of `key`.
    pub(super) fn expression(&mut self, key: &str, node: &Node) -> ExprId {
        match self.embedded(key, node) {
            Some(scalar) => {
                self.site(scalar, Reading::Decoded);
                if self.comments(scalar, &scalar.text) {
                    return self.hole(node.span);
                }
                self.parsed(scalar, &scalar.text)
            }
            None => self.hole(node.span),
        }
    }

    /// The expression in `text`, which `scalar` holds.
    fn parsed(&mut self, scalar: &Scalar, text: &Embedded) -> ExprId {
        let mark = self.sink.mark();
        let root = parse_expression(text, self.ast, self.sink);
        if scalar.style == Style::Double {
            self.sink.amend(mark, fit_into_quotes);
        }
        root
    }

    /// The expression in `node` of a CEL Policy document: it must be text, and block scalars are
    /// not folded: their lines are the expression as they stand in the file.
    pub(super) fn raw_expression(&mut self, key: &str, node: &Node) -> ExprId {
        if let Some(scalar) = node.scalar() {
            self.site(scalar, Reading::Raw);
        }
        self.quoted_expression(key, node)
    }

    /// As `raw_expression`, where people are shown the text as it is written: another spelling
    /// would be another message.
    pub(super) fn quoted_expression(&mut self, key: &str, node: &Node) -> ExprId {
        let Some(scalar) = self.embedded(key, node) else { return self.hole(node.span) };
        if VALUE_KEYS.contains(&key) && scalar.text.text.trim().is_empty() {
            let (at, key) = (node.span, key.to_owned());
            self.sink.report(DocumentError::EmptyValue { at, key });
            return self.hole(at);
        }
        if let Value::Null | Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_) =
            scalar.value()
        {
            let (at, key, found) = (node.span, key.to_owned(), node.describe());
            let cure = quoting(self.file, self.source, &range(at));
            self.sink.report(DocumentError::NotText { at, key, found, cure });
            return self.hole(at);
        }
        let raw = scalar.raw(self.source);
        // Who else reads the format takes the comment so, too: it is no error.
        if let Some(at) = self.folded_comment(scalar, &raw) {
            self.sink.report(DocumentError::FoldedComment { at });
        }
        self.parsed(scalar, &raw)
    }

    /// Reports a comment in `text`, which is CEL of `scalar`, that goes on behind a line break:
    /// YAML folds the lines of `scalar`, and what was written behind the comment is part of it.
    /// True if there is one.
    pub(super) fn comments(&mut self, scalar: &Scalar, text: &Embedded) -> bool {
        let Some(at) = self.folded_comment(scalar, text) else { return false };
        let cure = (scalar.style == Style::Folded && scalar.text.span == text.span)
            .then(|| unfolding(self.file, self.source, scalar.text.span))
            .flatten();
        self.sink.report(DocumentError::ReadFirst { at, cause: Cause::Fold, cure });
        true
    }

    /// The first comment in `text` that goes on behind a line break, as far as its own line.
    fn folded_comment(&self, scalar: &Scalar, text: &Embedded) -> Option<Span> {
        if scalar.style == Style::Literal {
            return None;
        }
        let comments = lexemes(&text.text).filter(|word| word.token == Token::Comment);
        comments.into_iter().find_map(|comment| {
            let at = text.span_of(comment.start, comment.end);
            let written = self.source.get(range(at)).unwrap_or_default();
            let len = written.find(['\n', '\r'])?;
            let end = at.start + narrow(written.get(..len).unwrap_or_default().trim_end().len());
            Some(Span { end, ..at })
        })
    }

    /// Notes where CEL is written.
    pub(super) fn site(&mut self, scalar: &Scalar, reading: Reading) {
        self.sites.push(Site { at: scalar.text.span, reading });
    }

    /// A place where an expression was meant and none could be read.
    pub(super) fn hole(&mut self, span: Span) -> ExprId {
        self.ast.exprs.push(Expr { kind: ExprKind::Error, span, outer: span, depth: 1 })
    }

    /// The scalar that an expression stands in, unless YAML took it apart.
    pub(super) fn embedded<'n>(&mut self, key: &str, node: &'n Node) -> Option<&'n Scalar> {
        let cause = match &node.kind {
            NodeKind::Scalar(_) if node.is_null() => {
                wrong(node, &format!("`{key}`"), "an expression", self.sink);
                return None;
            }
            NodeKind::Scalar(scalar) => {
                let broken = scalar.style == Style::Plain && breaks_off(key, &scalar.text.text);
                let cut =
                    broken.then(|| cut_short(self.file, self.source, range(node.span))).flatten();
                return match cut {
                    Some(found) => {
                        self.sink.report(found);
                        None
                    }
                    None => Some(scalar),
                };
            }
            NodeKind::Sequence { flow: true, .. } => Cause::List,
            NodeKind::Mapping { flow: true, .. } => Cause::Mapping,
            NodeKind::Sequence { .. } | NodeKind::Mapping { .. } | NodeKind::Refused => {
                wrong(node, &format!("`{key}`"), "an expression", self.sink);
                return None;
            }
        };
        let at = Span { end: node.span.start + 1, ..node.span };
        let cure = Some(quoting(self.file, self.source, &range(node.span)));
        self.sink.report(DocumentError::ReadFirst { at, cause, cure });
        None
    }
}

/// Writes the strings of a fix so that they can stand between `"`: CEL has two kinds of quotes.
pub(super) fn fit_into_quotes(finding: &mut Diagnostic) {
    let Some(fix) = &mut finding.fix else { return };
    let fits = |text: &str| !text.contains(['\'', '\\']);
    if fix.edits.iter().all(|edit| fits(&edit.text)) {
        fix.title = fix.title.replace('"', "'");
        for edit in &mut fix.edits {
            edit.text = edit.text.replace('"', "'");
        }
    }
}

/// The bytes of `span` in its file.
pub(super) const fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}
