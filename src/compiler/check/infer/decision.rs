//! Decisions in expressions: `deny(reason)`, `allow(reason?)`, `escalate(reason, {..})`.

use crate::base::name::Name;
use crate::compiler::check::analysis::{DecisionUse, ReasonPart, Use};
use crate::compiler::check::error::{CallError, EscalateFault};
use crate::compiler::check::infer::{Infer, Place};
use crate::compiler::check::state::Checker;
use crate::compiler::syntax::ast::{ExprId, ExprKind, Literal, MapEntry};
use crate::diag::suggest::nearest;
use crate::lang::decision::Effect;
use crate::lang::types::{Type, TypeId, TypeTable};
use crate::lang::value::duration;

/// What `escalate` may say.
const OPTIONS: [&str; 2] = ["timeout", "to"];

impl<'a> Infer<'_, 'a> {
    pub(super) fn visit_decision(&mut self, id: ExprId, effect: Effect, args: &[ExprId]) {
        let ExprKind::Call { name, .. } = self.ast.kind(id) else { return };
        if !self.outcomes.contains(&id) {
            let (at, effect) = (self.ast.span(id), effect.word());
            if self.cx.is_misread(self.root) {
                self.set(id, TypeTable::ERROR);
            } else {
                let gathered = self.place == Place::Element;
                self.refuse(id, CallError::DecisionPlace { at, effect, gathered });
            }
            return;
        }
        let wanted = match effect {
            Effect::Deny => vec![1],
            Effect::Allow => vec![0, 1],
            Effect::Escalate => vec![1, 2],
        };
        if !wanted.contains(&args.len()) {
            let (at, function, given) = (name.span, effect.word().to_owned(), args.len());
            self.refuse(id, CallError::ArgumentCount { at, function, wanted, given });
            return;
        }
        let mut decision =
            DecisionUse { effect, to: Vec::new(), timeout_ns: None, reason: Vec::new() };
        if let Some(options) = args.get(1) {
            self.options(*options, &mut decision);
        }
        if let Some(reason) = args.first() {
            decision.reason = self.reason(*reason);
        }
        let visits: Vec<ExprId> = decision
            .reason
            .iter()
            .filter_map(|part| match part {
                ReasonPart::Expr(id) => Some(*id),
                ReasonPart::Text(_) => None,
            })
            .collect();
        self.refer(id, Use::Decision(decision));
        self.visit_then_finish(id, visits.into_iter());
    }

    /// The parts of a reason.
    fn reason(&mut self, reason: ExprId) -> Vec<ReasonPart> {
        let ExprKind::Literal(Literal::String(text)) = self.ast.kind(reason) else {
            return vec![ReasonPart::Expr(self.cx.templates.substitute(reason))];
        };
        self.set(reason, TypeTable::STRING);
        let Some(cut) = self.cx.templates.get(reason) else {
            return vec![ReasonPart::Text(text.to_string())];
        };
        self.cx.sink.append(cut.found.clone());
        cut.parts.clone()
    }

    /// The second argument of `escalate`: a map that is written out.
    fn options(&mut self, id: ExprId, decision: &mut DecisionUse) {
        let ExprKind::Map { entries } = self.ast.kind(id) else {
            if !matches!(self.ast.kind(id), ExprKind::Error) {
                self.fault(id, EscalateFault::NotAMap);
            }
            return;
        };
        self.set(id, TypeTable::MAP_STRING_DYN);
        for entry in entries {
            self.option(entry, decision);
        }
    }

    fn option(&mut self, entry: &MapEntry, decision: &mut DecisionUse) {
        let ExprKind::Literal(Literal::String(key)) = self.ast.kind(entry.key) else {
            self.fault(entry.key, EscalateFault::NotAKey);
            return;
        };
        self.set(entry.key, TypeTable::STRING);
        match key.as_str() {
            "to" => decision.to = self.addressees(entry.value),
            "timeout" => decision.timeout_ns = self.timeout(entry.value),
            other => {
                let near = nearest(other, OPTIONS).map(str::to_owned);
                self.fault(entry.key, EscalateFault::UnknownKey(other.to_owned(), near));
            }
        }
    }

    fn addressees(&mut self, id: ExprId) -> Vec<Name> {
        self.set(id, TypeTable::LIST_STRING);
        let ExprKind::List { elements } = self.ast.kind(id) else {
            self.fault(id, EscalateFault::NotAddressees);
            return Vec::new();
        };
        let mut found = Vec::new();
        for element in elements {
            self.set(element.value, TypeTable::STRING);
            if let ExprKind::Literal(Literal::String(name)) = self.ast.kind(element.value) {
                found.push(name.clone());
            } else {
                self.fault(element.value, EscalateFault::NotAddressees);
            }
        }
        found
    }

    /// `duration("30m")`
    fn timeout(&mut self, id: ExprId) -> Option<i64> {
        self.set(id, TypeTable::DURATION);
        let text = self.literal_of(id, "duration");
        let found = text.and_then(|text| duration::parse(text).ok()).filter(|ns| *ns > 0);
        if found.is_none() {
            self.fault(id, EscalateFault::NotADuration);
        }
        found
    }

    /// The literal argument of a call of the global function `function`.
    fn literal_of(&self, id: ExprId, function: &str) -> Option<&'a Name> {
        let ExprKind::Call { target: None, name, args, .. } = self.ast.kind(id) else {
            return None;
        };
        let ExprKind::Literal(Literal::String(text)) = self.ast.kind(*args.first()?) else {
            return None;
        };
        (name.value == *function).then_some(text)
    }

    fn fault(&mut self, at: ExprId, fault: EscalateFault) {
        let at = self.ast.span(at);
        self.report(CallError::Escalate { at, fault });
    }

    pub(super) fn finish_decision(&mut self, id: ExprId) {
        if let Use::Decision(decision) = self.cx.used(id).clone() {
            for part in decision.reason {
                if let ReasonPart::Expr(hole) = part {
                    self.expect_text(hole);
                }
            }
        }
        self.set(id, TypeTable::DECISION);
    }

    fn expect_text(&mut self, id: ExprId) {
        let ty = self.type_of(id);
        let closed = self.closed(ty);
        if !has_text_form(self.cx, closed) {
            let (at, given) = (self.ast.span(id), self.cx.show(closed));
            let text = self.cx.text(id).to_owned();
            self.report(CallError::NoTextForm { at, given, text });
        }
    }
}

/// Whether a value of this type can be written into a message.
pub(in crate::compiler::check) fn has_text_form(cx: &Checker<'_>, ty: TypeId) -> bool {
    !matches!(
        cx.ty(ty),
        Type::Decision
            | Type::List(_)
            | Type::Map(..)
            | Type::Optional(_)
            | Type::Record(_)
            | Type::Message(_)
            | Type::Enum(_)
    )
}
