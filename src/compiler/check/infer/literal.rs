//! Literal arguments that are read when the policy runs: patterns, durations, timestamps.

use crate::compiler::check::analysis::Use;
use crate::compiler::check::error::{CallError, LiteralKind};
use crate::compiler::check::infer::Infer;
use crate::compiler::check::infer::call::Call;
use crate::compiler::syntax::ast::{ExprId, ExprKind, Literal};
use crate::lang::pattern;
use crate::lang::types::TypeTable;
use crate::lang::value::{duration, time};

impl Infer<'_, '_> {
    /// Checks the literal arguments of a call that was resolved.
    pub(super) fn check_literals(&mut self, call: &Call<'_>) {
        if matches!(self.cx.used(call.id), Use::Host(_)) {
            return;
        }
        match (call.name.as_str(), call.operands.as_slice()) {
            (
                "matches" | "regex.replace" | "regex.extract" | "regex.extractAll",
                [_, pattern, ..],
            ) => {
                self.check_pattern(*pattern);
            }
            ("duration", [text]) if self.scope.reads_durations => {
                self.check_text(*text, LiteralKind::Duration, |it| duration::parse(it).is_ok());
            }
            ("timestamp", [text]) if self.scope.reads_timestamps => {
                self.check_text(*text, LiteralKind::Timestamp, |it| time::parse(it).is_ok());
            }
            _ => {}
        }
    }

    fn check_text(&mut self, id: ExprId, kind: LiteralKind, good: impl Fn(&str) -> bool) {
        let ExprKind::Literal(Literal::String(text)) = self.ast.kind(id) else { return };
        if !good(text) {
            let at = self.ast.span(id);
            self.report(CallError::BadLiteral { at, kind, text: text.to_string() });
        }
    }

    /// A literal pattern is read now; one that is not known is compiled when it is met.
    fn check_pattern(&mut self, id: ExprId) {
        if let ExprKind::Literal(Literal::String(text)) = self.ast.kind(id) {
            if let Err(error) = pattern::compile_simulated(text) {
                let at = self.cx.inside(id, text, error.range);
                self.report(CallError::BadPattern { at, kind: error.kind });
            }
        } else if !self.is_constant(id) && self.type_of(id) != TypeTable::ERROR {
            let at = self.ast.span(id);
            self.report(CallError::DynamicPattern { at });
        }
    }

    /// Whether the value is known without a request.
    fn is_constant(&self, id: ExprId) -> bool {
        let mut left = vec![id];
        while let Some(id) = left.pop() {
            let constant = matches!(self.cx.used(id), Use::Constant(_))
                || matches!(self.ast.kind(id), ExprKind::Literal(_));
            if constant {
                continue;
            }
            if let ExprKind::Binary { lhs, rhs, .. } = self.ast.kind(id) {
                left.extend([*lhs, *rhs]);
            } else if let ExprKind::Select { operand, .. } = self.ast.kind(id) {
                left.push(*operand);
            } else {
                return false;
            }
        }
        true
    }
}
