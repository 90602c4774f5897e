//! Trees of CEL: read from a text, as words, and what holds for every one of them.

use std::fmt::Write;

use policyc::base::index::Index;
use policyc::base::span::FileId;
use policyc::compiler::source::embed::Embedded;
use policyc::compiler::syntax::ast::{Ast, ExprId, ExprKind, Field};
use policyc::compiler::syntax::lexer::lexemes;
use policyc::compiler::syntax::parser::parse_expression;
use policyc::compiler::syntax::print::print_expression;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;

/// A parsed text.
pub(crate) struct Parsed {
    pub(crate) ast: Ast,
    pub(crate) root: ExprId,
    pub(crate) found: Vec<Diagnostic>,
}

/// The expression `text`.
pub(crate) fn parse(text: &str) -> Parsed {
    let (mut ast, mut sink) = (Ast::new(), Sink::new());
    let source = Embedded::verbatim(text, FileId(0), 0);
    let root = parse_expression(&source, &mut ast, &mut sink);
    Parsed { ast, root, found: sink.finish().0 }
}

/// `CODE start..end message` for every finding.
pub(crate) fn findings(parsed: &Parsed) -> Vec<String> {
    let line = |found: &Diagnostic| {
        let at = found.span().expect("a syntax error has a place");
        format!("{} {}..{} {}", found.code.id(), at.start, at.end, found.message)
    };
    parsed.found.iter().map(line).collect()
}

/// The tree without places: `(+ a (. b c))`.
pub(crate) fn shape(ast: &Ast, root: ExprId) -> String {
    let mut shapes: Vec<String> = Vec::new();
    for (_, expr) in ast.exprs.iter_ids() {
        let of = |id: &ExprId| shapes[id.index()].as_str();
        let field = |field: &Field| {
            if field.quoted { format!("`{}`", field.name) } else { field.name.to_string() }
        };
        let mark = |optional: bool| if optional { "?" } else { "" };
        let dot = |root: bool| if root { "." } else { "" };
        let mut out = String::new();
        let done = match &expr.kind {
            ExprKind::Error => write!(out, "<error>"),
            ExprKind::Literal(literal) => write!(out, "{literal:?}"),
            ExprKind::Ident { name, root } => write!(out, "{}{name}", dot(*root)),
            ExprKind::Select { operand, field: name, optional } => {
                write!(out, "(.{} {} {})", mark(*optional), of(operand), field(name))
            }
            ExprKind::Index { operand, index, optional } => {
                write!(out, "([{} {} {})", mark(*optional), of(operand), of(index))
            }
            ExprKind::Call { target, name, root, args } => {
                let args: Vec<&str> = args.iter().map(of).collect();
                let target = target.as_ref().map_or("", of);
                write!(out, "({}{} {target}; {})", dot(*root), name.value, args.join(", "))
            }
            ExprKind::Unary { op, operand } => write!(out, "({} {})", op.value.text(), of(operand)),
            ExprKind::Binary { op, lhs, rhs } => {
                write!(out, "({} {} {})", op.value.text(), of(lhs), of(rhs))
            }
            ExprKind::Logic { op, ops, operands } => {
                assert_eq!(ops.len() + 1, operands.len());
                let operands: Vec<&str> = operands.iter().map(of).collect();
                write!(out, "({} {})", op.text(), operands.join(" "))
            }
            ExprKind::Conditional { condition, yes, no, .. } => {
                write!(out, "(? {} {} {})", of(condition), of(yes), of(no))
            }
            ExprKind::List { elements } => {
                let parts: Vec<String> = elements
                    .iter()
                    .map(|part| format!("{}{}", mark(part.optional), of(&part.value)))
                    .collect();
                write!(out, "[{}]", parts.join(", "))
            }
            ExprKind::Map { entries } => {
                let parts: Vec<String> = entries
                    .iter()
                    .map(|part| {
                        format!("{}{}: {}", mark(part.optional), of(&part.key), of(&part.value))
                    })
                    .collect();
                write!(out, "{{{}}}", parts.join(", "))
            }
            ExprKind::Message { name, root, fields } => {
                let parts: Vec<String> = fields
                    .iter()
                    .map(|part| {
                        let name = field(&part.field);
                        format!("{}{name}: {}", mark(part.optional), of(&part.value))
                    })
                    .collect();
                write!(out, "{}{}{{{}}}", dot(*root), name.value, parts.join(", "))
            }
        };
        done.expect("writing to a string cannot fail");
        shapes.push(out);
    }
    shapes.swap_remove(root.index())
}

/// Spans lie in the text, children stand before their parents, holes are reported.
pub(crate) fn holds_together(text: &str) {
    let end: usize = lexemes(text)
        .try_fold(0, |end, lexeme| {
            if lexeme.start == end && lexeme.end > end { Ok(lexeme.end) } else { Err(lexeme) }
        })
        .unwrap_or_else(|lexeme| panic!("{lexeme:?} leaves a gap"));
    assert_eq!(end, text.len());
    let parsed = parse(text);
    let len = u32::try_from(text.len()).expect("a short text");
    let mut holes = false;
    for (id, expr) in parsed.ast.exprs.iter_ids() {
        holes |= expr.kind == ExprKind::Error;
        assert!(expr.outer.start <= expr.span.start && expr.span.end <= expr.outer.end);
        assert!(expr.span.start <= expr.span.end && expr.outer.end <= len);
        let mut below = 0;
        for child in parsed.ast.children(id) {
            assert!(child < id);
            below = below.max(parsed.ast.exprs[child].depth);
            let inside = parsed.ast.exprs[child].outer;
            assert!(expr.span.start <= inside.start && inside.end <= expr.span.end);
        }
        assert!(expr.depth == below + 1 || expr.kind == ExprKind::Error);
    }
    assert!(!holes || !parsed.found.is_empty(), "a hole without a report");
    for found in &parsed.found {
        let at = found.span().expect("a syntax error has a place");
        assert!(at.start <= at.end && at.end <= len);
        assert!(text.is_char_boundary(at.start as usize));
        assert!(text.is_char_boundary(at.end as usize));
    }
    if parsed.found.is_empty() {
        let printed = print_expression(&parsed.ast, parsed.root);
        let again = parse(&printed);
        assert_eq!(findings(&again), Vec::<String>::new(), "{}", printed);
        let (was, is) = (shape(&parsed.ast, parsed.root), shape(&again.ast, again.root));
        assert_eq!(was, is, "{}", &printed);
        assert_eq!(print_expression(&again.ast, again.root), printed);
        // Nothing stays in the arena that is no part of the tree.
        assert_eq!(parsed.root.index() + 1, parsed.ast.exprs.len());
        assert_eq!(parsed.ast.exprs.len(), again.ast.exprs.len());
    }
}
