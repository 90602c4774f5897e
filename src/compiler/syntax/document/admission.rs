//! Kubernetes `ValidatingAdmissionPolicy` documents, as policies.
//!
//! In:      the tree of a document whose `kind` is `ValidatingAdmissionPolicy`.
//! Out:     `PolicyDocument`: a rule for each validation, which denies where it does not hold.
//! Imports: `base`, `lang`.
//! Source:  Kubernetes, `ValidatingAdmissionPolicy` v1; block scalars as in CEL Policy
//!          documents, which are not folded.
//!
//! `matchConstraints` says which objects the API server hands over. Here the caller chooses what
//! is decided, so it is no condition of the rules.

use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::ast::{Expr, ExprId, ExprKind, Field, Literal, LogicOp};
use crate::compiler::syntax::document::keys::{Keys, bad, choice, list};
use crate::compiler::syntax::document::model::{
    Form, PolicyDocument, Rule, RuleBody, SchemaSource, Template, TemplatePart, TypeExpr,
    TypeExprKind, TypeField, Variable,
};
use crate::compiler::syntax::document::path::stem;
use crate::compiler::syntax::document::policy::named_variable;
use crate::compiler::syntax::document::property;
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::yaml::Node;
use crate::lang::decision::Effect;

/// Why Kubernetes says no; clients see it as a status.
const REASONS: [(&str, &str); 4] = [
    ("Unauthorized", "Unauthorized"),
    ("Forbidden", "Forbidden"),
    ("Invalid", "Invalid"),
    ("RequestEntityTooLarge", "RequestEntityTooLarge"),
];

/// The variable that holds the match conditions. It is no identifier, so that no author can take
/// the name.
const APPLIES: &str = "match conditions";

/// Reads the document; `None` if it has no validations.
pub(super) fn read(root: &Node, path: &str, reader: &mut Reader<'_>) -> Option<PolicyDocument> {
    let keys = Keys::open(root, "a document", reader.sink)?;
    let known = ["apiVersion", "kind", "metadata", "spec", "status", "name", "description"];
    keys.only(&known, reader.sink);
    let mut document = PolicyDocument::unread(Form::Ours, path, root.span);
    document.form = Form::Admission;
    let metadata = keys.value("metadata").and_then(|it| Keys::open(it, "`metadata`", reader.sink));
    let named = keys.name("name", reader.sink);
    let made = || Spanned::new(Name::new(stem(path)), keys.head());
    document.name = named
        .or_else(|| metadata.and_then(|metadata| metadata.name("name", reader.sink)))
        .unwrap_or_else(made);
    document.description = keys.text("description", reader.sink).map(|text| text.value);
    let spec = Keys::open(&keys.need("spec", reader.sink)?.value, "`spec`", reader.sink)?;
    let known = [
        "failurePolicy",
        "matchConstraints",
        "matchConditions",
        "paramKind",
        "variables",
        "validations",
        "auditAnnotations",
    ];
    spec.only(&known, reader.sink);
    spec.not_built(&["auditAnnotations"], reader.sink);
    if let Some(node) = spec.value("failurePolicy") {
        // An error denies; a policy that counts on the contrary is refused.
        choice(node, "`failurePolicy`", &[("Fail", ())], reader.sink);
    }
    document.schema = Some(SchemaSource::Inline(roots(&spec)));
    let before = reader.ast.exprs.len();
    comments(&spec, reader);
    document.variables = variables(&spec, reader);
    let guard = match spec.value("matchConditions") {
        Some(node) => conditions(node, &mut document, reader),
        None => None,
    };
    let validations = &spec.need("validations", reader.sink)?.value;
    let items = list(validations, "`validations`", reader.sink)?;
    if items.is_empty() {
        bad(validations.span, "`validations`", "[]", "at least one entry", &[], reader.sink);
    }
    let name = document.name.value.clone();
    let numbered = items.iter().enumerate();
    let rules = numbered.filter_map(|(at, item)| {
        let id = Name::from(format!("{name}.{}", at + 1));
        validation(item, id, guard, reader)
    });
    document.rules = rules.collect();
    property::unescape(reader.ast, before, &document.variables);
    Some(document)
}

/// Reports comments that Kubernetes, which reads decoded text, takes to be longer than they look.
fn comments(spec: &Keys<'_>, reader: &mut Reader<'_>) {
    let sections = ["variables", "matchConditions", "validations"];
    let items = sections.iter().filter_map(|key| spec.value(key)?.items()).flatten();
    for item in items {
        for key in ["expression", "messageExpression"] {
            if let Some(scalar) = item.get(key).and_then(|entry| entry.value.scalar()) {
                reader.comments(scalar, &scalar.text);
            }
        }
    }
}

/// What the API server offers to expressions. Without an environment file the types are not known.
fn roots(spec: &Keys<'_>) -> Vec<TypeField> {
    let at = spec.head();
    let params = spec.get("paramKind").map(|_| "params");
    let names = ["object", "oldObject", "request", "namespaceObject"];
    let names = names.into_iter().chain(params);
    let dynamic = || TypeExprKind::Named { name: Name::new("dyn"), params: Vec::new() };
    names
        .map(|name| TypeField {
            name: Spanned::new(Name::new(name), at),
            optional: true,
            ty: Some(TypeExpr { kind: dynamic(), span: at }),
            role: None,
        })
        .collect()
}

fn variables(spec: &Keys<'_>, reader: &mut Reader<'_>) -> Vec<Variable> {
    let Some(node) = spec.value("variables") else { return Vec::new() };
    let items = list(node, "`variables`", reader.sink).unwrap_or_default();
    items.iter().filter_map(|item| named_variable(item, true, reader)).collect()
}

/// `matchConditions` as a variable of `document`: whether all hold. Returns the place of the
/// conditions; `None` if there are none.
fn conditions(node: &Node, document: &mut PolicyDocument, reader: &mut Reader<'_>) -> Option<Span> {
    let items = list(node, "`matchConditions`", reader.sink)?;
    let read = |item| condition(item, reader);
    let operands: Vec<ExprId> = items.iter().filter_map(read).collect();
    let first = *operands.first()?;
    let all = if operands.len() == 1 {
        first
    } else {
        let places = operands.iter().skip(1).map(|it| reader.ast.span(*it).at_start());
        let ops = places.collect();
        made(reader, ExprKind::Logic { op: LogicOp::And, ops, operands }, node.span)
    };
    let name = Spanned::new(Name::new(APPLIES), node.span);
    document.variables.push(Variable { name, expr: all, description: None });
    Some(node.span)
}

/// `{name, expression}`.
fn condition(node: &Node, reader: &mut Reader<'_>) -> Option<ExprId> {
    let keys = Keys::open(node, "a match condition", reader.sink)?;
    keys.only(&["name", "expression"], reader.sink);
    keys.need("name", reader.sink);
    let entry = keys.need("expression", reader.sink)?;
    Some(reader.raw_expression("expression", &entry.value))
}

/// `{expression, message, messageExpression, reason}`.
fn validation(node: &Node, id: Name, guard: Option<Span>, reader: &mut Reader<'_>) -> Option<Rule> {
    let keys = Keys::open(node, "a validation", reader.sink)?;
    keys.only(&["expression", "message", "messageExpression", "reason"], reader.sink);
    let entry = keys.need("expression", reader.sink)?;
    let text = keys.text("message", reader.sink);
    let text = text.filter(|text| !text.value.trim().is_empty());
    let holds = if text.is_some() {
        reader.raw_expression("expression", &entry.value)
    } else {
        reader.quoted_expression("expression", &entry.value)
    };
    let status = keys.value("reason").and_then(|it| choice(it, "`reason`", &REASONS, reader.sink));
    let written = entry.value.text().unwrap_or_default().trim();
    let text = text.unwrap_or_else(|| {
        Spanned::new(format!("failed expression: {written}"), reader.ast.span(holds))
    });
    let reason = message(&keys, &text, reader);
    Some(Rule {
        id: Spanned::new(id, keys.head()),
        id_is_written: true,
        span: node.span,
        description: None,
        on: Vec::new(),
        body: RuleBody::When {
            condition: Some(violated(holds, guard, reader)),
            effect: Effect::Deny,
            effect_span: entry.key.span,
            reason: Some(reason),
            escalation: None,
        },
        severity: None,
        tags: status.map(|it| Spanned::new(Name::new(it), keys.head())).into_iter().collect(),
        owner: None,
        priority: 0,
        shadow: false,
        response: false,
        made: false,
    })
}

/// The expression of `messageExpression`; `text` where there is none, and where it yields none.
fn message(keys: &Keys<'_>, text: &Spanned<String>, reader: &mut Reader<'_>) -> Template {
    let value = text.value.trim().to_owned();
    if let Some(expression) = keys.value("messageExpression") {
        let expr = reader.raw_expression("messageExpression", expression);
        let (span, parts) = (reader.ast.span(expr), vec![TemplatePart::Expr(expr)]);
        return Template { span, parts, otherwise: Some(value) };
    }
    Template { span: text.span, parts: vec![TemplatePart::Text(value)], otherwise: None }
}

/// `applies ? (holds ? false : true) : false`: unlike `&&`, an error of the match conditions is
/// never absorbed by what follows, so it denies.
fn violated(holds: ExprId, guard: Option<Span>, reader: &mut Reader<'_>) -> ExprId {
    let at = reader.ast.span(holds);
    let yes = constant(reader, false, at);
    let no = constant(reader, true, at);
    let violated = conditional(reader, holds, yes, no);
    let Some(guard) = guard else { return violated };
    let variables = ExprKind::Ident { name: Name::new("variables"), root: false };
    let operand = made(reader, variables, guard);
    let field = Field { name: Name::new(APPLIES), span: guard, quoted: false };
    let applies = made(reader, ExprKind::Select { operand, field, optional: false }, guard);
    let no = constant(reader, false, at);
    conditional(reader, applies, violated, no)
}

fn constant(reader: &mut Reader<'_>, value: bool, at: Span) -> ExprId {
    made(reader, ExprKind::Literal(Literal::Bool(value)), at)
}

fn conditional(reader: &mut Reader<'_>, condition: ExprId, yes: ExprId, no: ExprId) -> ExprId {
    let at = reader.ast.span(condition);
    let (question, colon) = (at.at_start(), at.at_start());
    made(reader, ExprKind::Conditional { condition, yes, no, question, colon }, at)
}

/// An expression that nobody wrote, at the place of what it is made from.
fn made(reader: &mut Reader<'_>, kind: ExprKind, span: Span) -> ExprId {
    let id = reader.ast.exprs.push(Expr { kind, span, outer: span, depth: 1 });
    let children = reader.ast.children(id);
    let deepest =
        children.iter().filter_map(|child| reader.ast.exprs.get(*child)).map(|it| it.depth);
    let depth = deepest.max().unwrap_or(0).saturating_add(1);
    if let Some(made) = reader.ast.exprs.get_mut(id) {
        made.depth = depth;
    }
    id
}
