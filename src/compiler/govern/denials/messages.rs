//! Names that an attacker may have made, where people read them: in questions and in messages.
//!
//! In:      the expression in a message, the declared tools.
//! Out:     the same, in which a tool that no document declares is not named.
//! Imports: `base`, `compiler::syntax`, `lang`.
//! Source:  `docs/sessions.md`, "Answers".
//!
//! Whoever leads the model has it call a tool of any name. The call is denied; its answer is taken
//! in all the same, and what stands in it comes from a tool of that name.

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::govern::GovernContext;
use crate::compiler::govern::denials::error::AnswerError;
use crate::compiler::govern::make::ExprBuilder;
use crate::compiler::syntax::ast::{Ast, BinaryOp, ExprId, ExprKind};
use crate::compiler::syntax::document::model::{Rule, RuleBody, TemplatePart, Tool};
use crate::lang::decision::Effect;
use crate::lang::session::{MODEL, NONE, PROMPT, Question, SEVERAL, UNDECLARED};

/// Makes the messages of rules tell origins as questions do; those that approvers read the tool,
/// too, and no names of readers.
pub(in crate::compiler::govern) fn messages(work: &mut GovernContext<'_>, rules: &mut [Rule]) {
    for rule in rules {
        let RuleBody::When { reason: Some(reason), effect, .. } = &mut rule.body else { continue };
        let asks = *effect == Effect::Escalate;
        for part in &mut reason.parts {
            let TemplatePart::Expr(hole) = part else { continue };
            *hole = message(work.ast, work.tools, (*hole, asks));
            if asks
                && !work.tools.is_empty()
                && let Some(at) = readers(work.ast, *hole)
            {
                work.sink.report(AnswerError::QuotedReaders { at });
            }
        }
    }
}

/// What an expression in a message tells; `asks` where approvers read it.
pub(in crate::compiler) fn message(
    ast: &mut Ast,
    tools: &[Tool],
    (hole, asks): (ExprId, bool),
) -> ExprId {
    let is_tool = path(ast, hole).is_some_and(|it| it == ["action", "tool"]);
    if asks && is_tool && !tools.is_empty() {
        return tool(ast, tools, hole);
    }
    origins(ast, tools, hole)
}

/// `{from(..)}`, also within an expression.
pub(super) fn origins(ast: &mut Ast, tools: &[Tool], hole: ExprId) -> ExprId {
    let asks_from = |ast: &Ast, id: ExprId| question(ast, id) == Some(Question::From);
    let words = [PROMPT, MODEL, NONE, SEVERAL];
    let at = ast.span(hole);
    if asks_from(ast, hole) {
        let again = ExprBuilder { ast, at }.copy(hole);
        return ExprBuilder { ast, at }.declared_or_other((hole, again), &words, tools);
    }
    if find(ast, hole, |id| asks_from(ast, id)).is_none() {
        return hole;
    }
    ExprBuilder { ast, at }.rewritten(hole, |make, copy| {
        if !asks_from(make.ast, copy) {
            return copy;
        }
        let again = make.copy(copy);
        make.declared_or_other((copy, again), &words, tools)
    })
}

/// `{action.tool}`.
pub(super) fn tool(ast: &mut Ast, tools: &[Tool], hole: ExprId) -> ExprId {
    let at = ast.span(hole);
    let mut make = ExprBuilder { ast, at };
    let again = make.tool();
    make.declared_or_other((hole, again), &[], tools)
}

impl ExprBuilder<'_> {
    /// What stands for `name`, the name of a tool or one of these words, where people read it;
    /// `again` is the same.
    fn declared_or_other(
        &mut self,
        (name, again): (ExprId, ExprId),
        words: &[&str],
        tools: &[Tool],
    ) -> ExprId {
        let tools = tools.iter().map(|it| it.name.value.clone());
        let known: Vec<Name> = words.iter().copied().map(Name::new).chain(tools).collect();
        let known = self.texts(&known);
        let known = self.binary(BinaryOp::In, again, known);
        let other = self.text(UNDECLARED);
        self.choice(known, name, other)
    }
}

/// The names of a chain, as `args.a.b`.
pub(super) fn path(ast: &Ast, mut expr: ExprId) -> Option<Vec<Name>> {
    let mut names = Vec::new();
    while let ExprKind::Select { operand, field, optional: false } = ast.kind(expr) {
        names.push(field.name.clone());
        expr = *operand;
    }
    let ExprKind::Ident { name, root: false } = ast.kind(expr) else { return None };
    names.push(name.clone());
    names.reverse();
    Some(names)
}

/// What an expression asks the session, if that is all it does.
pub(super) fn question(ast: &Ast, expr: ExprId) -> Option<Question> {
    let ExprKind::Call { target: None, name, root: false, .. } = ast.kind(expr) else {
        return None;
    };
    Question::of(&name.value)
}

/// Where an expression asks who may read something: those names come from outputs of tools.
fn readers(ast: &Ast, expr: ExprId) -> Option<Span> {
    let asks = |id| question(ast, id) == Some(Question::Audience);
    find(ast, expr, asks).map(|id| ast.span(id))
}

/// A part of an expression that fits.
fn find(ast: &Ast, expr: ExprId, fits: impl Fn(ExprId) -> bool) -> Option<ExprId> {
    let mut waiting = vec![expr];
    while let Some(id) = waiting.pop() {
        if fits(id) {
            return Some(id);
        }
        waiting.extend(ast.children(id));
    }
    None
}
