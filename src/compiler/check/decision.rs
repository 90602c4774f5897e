//! The messages of decisions in expressions, cut at their braces before anything is typed.
//!
//! In:      the parsed project, whose tree grows by the expressions in those messages.
//! Out:     the parts of every literal reason.
//! Imports: `base`, `diag`, `compiler::source`, `compiler::syntax`.
//!
//! The tree is complete when checking begins; this is the one step before it.

use rustc_hash::FxHashMap;

use crate::compiler::check::analysis::ReasonPart;
use crate::compiler::check::state::verbatim;
use crate::compiler::source::embed::Embedded;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::ast::{ExprId, ExprKind, Literal};
use crate::compiler::syntax::document::model::{Parsed, TemplatePart};
use crate::compiler::syntax::document::template;
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;

/// The parts of literal reasons, by the literal.
#[derive(Default)]
pub(super) struct Templates {
    cut: FxHashMap<ExprId, Cut>,
}

/// A reason that was cut.
pub(super) struct Cut {
    /// Its parts, in order.
    pub parts: Vec<ReasonPart>,
    /// What was wrong with it; reported if the call turns out to be a decision.
    pub found: Sink,
}

impl Templates {
    /// Cuts the reasons of all calls that look like decisions.
    pub(super) fn cut(files: &SourceMap, parsed: &mut Parsed) -> Self {
        let reasons: Vec<(ExprId, Embedded)> =
            parsed.ast.exprs.ids().filter_map(|id| reason(files, parsed, id)).collect();
        let mut templates = Self::default();
        for (literal, text) in reasons {
            let mut found = Sink::new();
            let template = template::parse(&text, &mut parsed.ast, &mut found);
            let parts = template.parts.into_iter().map(|part| match part {
                TemplatePart::Text(text) => ReasonPart::Text(text),
                TemplatePart::Expr(id) => ReasonPart::Expr(id),
            });
            templates.cut.insert(literal, Cut { parts: parts.collect(), found });
        }
        templates
    }

    /// The parts of the reason `literal`.
    pub(super) fn get(&self, literal: ExprId) -> Option<&Cut> {
        self.cut.get(&literal)
    }
}

/// The literal reason of the call `id` with the bytes that spell it, if it holds a brace.
fn reason(files: &SourceMap, parsed: &Parsed, id: ExprId) -> Option<(ExprId, Embedded)> {
    let ExprKind::Call { target: None, name, args, .. } = parsed.ast.kind(id) else { return None };
    if !Effect::ALL.iter().any(|effect| name.value == effect.word()) {
        return None;
    }
    let literal = args.first().copied()?;
    let ExprKind::Literal(Literal::String(text)) = parsed.ast.kind(literal) else { return None };
    if !text.contains(['{', '}']) {
        return None;
    }
    let span = parsed.ast.span(literal);
    let written = files.text(span);
    // Without escapes the literal is its own spelling; else places are those of the whole.
    let inside = verbatim(written, text);
    let embedded = match inside {
        Some(from) => Embedded::verbatim(text, span.file, span.start + from),
        None => Embedded { text: text.to_string(), span, segments: Vec::new() },
    };
    Some((literal, embedded))
}
