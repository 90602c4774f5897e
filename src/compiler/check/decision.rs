//! The messages of decisions in expressions, cut at their braces before anything is typed.
//!
//! In:      the parsed project, whose tree grows by the expressions in those messages.
//! Out:     the parts of every literal reason, and what stands for one that is computed.
//! Imports: `base`, `compiler::govern`, `compiler::source`, `compiler::syntax`, `diag`, `lang`.
//!
//! The tree is complete when checking begins; this is the one step before it.

use rustc_hash::FxHashMap;

use crate::base::span::Span;
use crate::compiler::check::analysis::ReasonPart;
use crate::compiler::check::state::verbatim;
use crate::compiler::govern::messages;
use crate::compiler::source::embed::Embedded;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind, Literal};
use crate::compiler::syntax::document::model::{Parsed, TemplatePart, Tool};
use crate::compiler::syntax::document::template;
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;

/// The parts of literal reasons, by the literal.
#[derive(Default)]
pub(super) struct Templates {
    parsed: FxHashMap<ExprId, ParsedReason>,
    substitutes: FxHashMap<ExprId, ExprId>,
}

/// A reason, taken apart.
pub(super) struct ParsedReason {
    /// Its parts, in order.
    pub parts: Vec<ReasonPart>,
    /// What was wrong with it; reported if the call turns out to be a decision.
    pub found: Sink,
}

impl Templates {
    /// Parses the reasons of all calls that look like decisions. Names that an attacker may have
    /// made they tell as the messages of documents do.
    pub(super) fn parse(files: &SourceMap, parsed: &mut Parsed) -> Self {
        let reasons: Vec<(ExprId, bool)> =
            parsed.ast.exprs.ids().filter_map(|id| reason(&parsed.ast, id)).collect();
        let tools: Vec<Tool> = parsed.policies.iter().flat_map(|it| &it.tools).cloned().collect();
        let mut templates = Self::default();
        for (reason, asks) in reasons {
            let ExprKind::Literal(Literal::String(text)) = parsed.ast.kind(reason) else {
                let substitute = messages::message(&mut parsed.ast, &tools, (reason, asks));
                templates.substitutes.insert(reason, substitute);
                continue;
            };
            let Some(text) = braced(files, text, parsed.ast.span(reason)) else { continue };
            let mut found = Sink::new();
            let template = template::parse(&text, &mut parsed.ast, &mut found);
            let parts = template.parts.into_iter().map(|part| match part {
                TemplatePart::Text(text) => ReasonPart::Text(text),
                TemplatePart::Expr(id) => {
                    ReasonPart::Expr(messages::message(&mut parsed.ast, &tools, (id, asks)))
                }
            });
            templates.parsed.insert(reason, ParsedReason { parts: parts.collect(), found });
        }
        templates
    }

    /// What stands for the reason, which is no literal.
    pub(super) fn substitute(&self, reason: ExprId) -> ExprId {
        self.substitutes.get(&reason).copied().unwrap_or(reason)
    }

    /// The parts of the reason `literal`.
    pub(super) fn get(&self, literal: ExprId) -> Option<&ParsedReason> {
        self.parsed.get(&literal)
    }
}

/// The reason of the call `id`, if that looks like a decision; and whether approvers read it.
fn reason(ast: &Ast, id: ExprId) -> Option<(ExprId, bool)> {
    let ExprKind::Call { target: None, name, args, .. } = ast.kind(id) else { return None };
    let effect = Effect::ALL.into_iter().find(|effect| name.value == effect.word())?;
    Some((args.first().copied()?, effect == Effect::Escalate))
}

/// A literal that holds a brace, with the bytes that spell it.
fn braced(files: &SourceMap, text: &str, span: Span) -> Option<Embedded> {
    if !text.contains(['{', '}']) {
        return None;
    }
    // Without escapes the literal is its own spelling; else places are those of the whole.
    Some(match verbatim(files.text(span), text) {
        Some(from) => Embedded::verbatim(text, span.file, span.start + from),
        None => Embedded { text: text.to_owned(), span, segments: Vec::new() },
    })
}
