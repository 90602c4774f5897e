//! The front end of CEL: what is read, what is refused and how, and who agrees.

pub(crate) mod corpus;
mod differential;
mod limits;
mod properties;
mod tables;

use std::fmt::Write;

use policyc::base::index::Index;
use policyc::base::span::FileId;
use policyc::compiler::source::embed::Embedded;
use policyc::compiler::syntax::ast::{Ast, ExprId, ExprKind, Field};
use policyc::compiler::syntax::parser::parse_expression;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;

/// A parsed text.
struct Parsed {
    ast: Ast,
    root: ExprId,
    found: Vec<Diagnostic>,
}

fn parse(text: &str) -> Parsed {
    let (mut ast, mut sink) = (Ast::new(), Sink::new());
    let source = Embedded::verbatim(text, FileId(0), 0);
    let root = parse_expression(&source, &mut ast, &mut sink);
    Parsed { ast, root, found: sink.finish().0 }
}

/// `CODE start..end message` for every finding.
fn findings(parsed: &Parsed) -> Vec<String> {
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
