//! Why a call or an operator was refused: finding the fact that helps most.

use std::collections::BTreeSet;

use crate::base::arrange::gathered;
use crate::base::span::Span;
use crate::base::span::Spanned;
use crate::compiler::check::error::{
    CallError, CheckError, ComparisonFix, Hint, NameError, OperatorFix, TypeError,
};
use crate::compiler::check::infer::Infer;
use crate::compiler::check::infer::call::Call;
use crate::compiler::check::infer::operator::row_name;
use crate::compiler::check::macros;
use crate::compiler::check::overload::{instantiate, instantiate_declared};
use crate::compiler::check::scope::Declared;
use crate::compiler::check::unify::UnboundVariables;
use crate::compiler::syntax::ast::{BinaryOp, ExprId, ExprKind, Literal};
use crate::compiler::syntax::lexer::is_reserved;
use crate::diag::suggest::nearest;
use crate::lang::functions::{Function, Style};
use crate::lang::types::{Type, TypeId, TypeTable};
use crate::lang::value::{duration, time};

impl Infer<'_, '_> {
    /// Refuses an operator; nothing is said if an operand was refused already.
    pub(super) fn refuse_binary(
        &mut self,
        id: ExprId,
        op: &Spanned<BinaryOp>,
        lhs: ExprId,
        rhs: ExprId,
    ) {
        if self.holds_error(&[lhs, rhs]) {
            self.set(id, TypeTable::ERROR);
            return;
        }
        if self.operator_left_out(id, row_name(op.value), op.span, &[lhs, rhs]) {
            return;
        }
        let left = (self.ast.span(lhs), self.shown(lhs));
        let right = (self.ast.span(rhs), self.shown(rhs));
        let error = match op.value {
            BinaryOp::Equal
            | BinaryOp::NotEqual
            | BinaryOp::Less
            | BinaryOp::LessEqual
            | BinaryOp::Greater
            | BinaryOp::GreaterEqual => TypeError::NotComparable {
                op: op.value.text(),
                meant: self.meant(op.value, lhs, rhs),
                left,
                right,
            },
            BinaryOp::In => TypeError::NotIn { left, right },
            BinaryOp::Add
            | BinaryOp::Subtract
            | BinaryOp::Multiply
            | BinaryOp::Divide
            | BinaryOp::Modulo => TypeError::NoOperator {
                at: op.span,
                op: op.value.text().to_owned(),
                operands: vec![left, right],
                fix: self.literal_fix(lhs, rhs).or_else(|| self.literal_fix(rhs, lhs)),
            },
        };
        self.refuse(id, error);
    }

    pub(super) fn holds_error(&self, operands: &[ExprId]) -> bool {
        operands.iter().any(|id| self.type_of(*id) == TypeTable::ERROR)
    }

    /// What a comparison that cannot be was perhaps meant to be.
    fn meant(&mut self, op: BinaryOp, lhs: ExprId, rhs: ExprId) -> Option<ComparisonFix> {
        if let ExprKind::Binary {
            op:
                Spanned {
                    value:
                        BinaryOp::Less
                        | BinaryOp::LessEqual
                        | BinaryOp::Greater
                        | BinaryOp::GreaterEqual,
                    ..
                },
            rhs: middle,
            ..
        } = self.ast.kind(lhs)
        {
            let (first, middle) = (self.cx.text(lhs), self.cx.text(*middle));
            let text = format!("{first} && {middle} {} {}", op.text(), self.cx.text(rhs));
            return Some(ComparisonFix::Between(text));
        }
        self.literal_meant(op, lhs, rhs)
            .or_else(|| self.literal_meant(op, rhs, lhs))
            .or_else(|| self.taken_out(lhs, rhs))
            .or_else(|| self.taken_out(rhs, lhs))
            .or_else(|| self.similar(lhs, rhs))
            .or_else(|| self.similar(rhs, lhs))
    }

    /// What `literal` was perhaps meant to be beside `other`.
    fn literal_meant(&self, op: BinaryOp, literal: ExprId, other: ExprId) -> Option<ComparisonFix> {
        let written = self.cx.text(literal);
        let ExprKind::Literal(literal) = self.ast.kind(literal) else { return None };
        if *literal == Literal::Null {
            if matches!(self.cx.out.types.get(self.type_of(other)), Type::Wrapper(_)) {
                // It may be null, and null has no order.
                return None;
            }
            let selected = matches!(self.ast.kind(other), ExprKind::Select { .. });
            // What equals null is what is not there.
            let not = if op == BinaryOp::Equal { "!" } else { "" };
            let asked = selected.then(|| format!("{not}has({})", self.cx.text(other)));
            return Some(ComparisonFix::Presence(asked));
        }
        let Literal::String(text) = literal else { return None };
        let number: Option<f64> = text.parse().ok();
        match self.type_of(other) {
            TypeTable::TIMESTAMP => {
                let known = time::parse(text).is_ok();
                let call = if known { written } else { "\"2026-01-31T00:00:00Z\"" };
                Some(ComparisonFix::Call(format!("timestamp({call})")))
            }
            TypeTable::DURATION => {
                let known = duration::parse(text).is_ok();
                let call = if known { written } else { "\"1h30m\"" };
                Some(ComparisonFix::Call(format!("duration({call})")))
            }
            TypeTable::INT => {
                text.parse::<i64>().ok().map(|value| ComparisonFix::Number(value.to_string()))
            }
            TypeTable::DOUBLE => number.filter(|it| it.is_finite()).map(|_| {
                let point = if text.contains(['.', 'e', 'E']) { "" } else { ".0" };
                ComparisonFix::Number(format!("{text}{point}"))
            }),
            _ => None,
        }
    }

    /// The value of an optional, beside another of its type.
    fn taken_out(&self, optional: ExprId, other: ExprId) -> Option<ComparisonFix> {
        let Type::Optional(inner) = self.cx.out.types.get(self.type_of(optional)) else {
            return None;
        };
        let otherwise = match *inner {
            ty if ty != self.type_of(other) => return None,
            TypeTable::STRING => "\"\"",
            TypeTable::INT => "0",
            TypeTable::UINT => "0u",
            TypeTable::DOUBLE => "0.0",
            TypeTable::BOOL => "false",
            _ => "..",
        };
        let primary = matches!(
            self.ast.kind(optional),
            ExprKind::Select { .. } | ExprKind::Index { .. } | ExprKind::Call { .. }
        );
        let text = self.cx.text(optional);
        primary.then(|| ComparisonFix::TakenOut(format!("{text}.orValue({otherwise})")))
    }

    /// A field beside the one that was read which has the type of the other operand.
    fn similar(&mut self, read: ExprId, other: ExprId) -> Option<ComparisonFix> {
        let ExprKind::Select { operand, field, .. } = self.ast.kind(read) else { return None };
        let wanted = self.closed(self.cx.type_at(other));
        let on = self.type_of(*operand);
        let Type::Record(record) = self.cx.ty(on) else { return None };
        let fields = &self.cx.out.types.object(*record).fields;
        let mut fitting = fields.iter().filter(|it| it.ty == wanted && it.name != field.name);
        let found = fitting.next()?;
        if fitting.next().is_some() {
            return None;
        }
        let name = format!("{}.{}", self.cx.text(*operand), found.name);
        Some(ComparisonFix::Field(name, self.cx.show(wanted)))
    }

    /// An int literal beside a double or a uint can be written as one.
    fn literal_fix(&self, literal: ExprId, other: ExprId) -> Option<OperatorFix> {
        let ExprKind::Literal(Literal::Int(value)) = self.ast.kind(literal) else { return None };
        let written = self.cx.text(literal);
        if !written.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
            return None;
        }
        let span = self.ast.span(literal);
        match self.type_of(other) {
            TypeTable::DOUBLE => {
                Some(OperatorFix { span, text: format!("{written}.0"), to: "double" })
            }
            TypeTable::UINT if *value >= 0 => {
                Some(OperatorFix { span, text: format!("{written}u"), to: "uint" })
            }
            _ => None,
        }
    }

    /// Refuses a call. Where an operand was refused already nothing is said but that there is no
    /// such function, whatever it is given.
    pub(super) fn refuse_call(
        &mut self,
        call: &Call<'_>,
        rows: &[&'static Function],
        declared: &[Declared],
    ) {
        let unknown = rows.is_empty() && declared.is_empty() && call.style == Style::Global;
        // Of a word that no function can be called the parser has spoken.
        let spoken = self.broken && (is_reserved(&call.name) || self.holds_error(&call.operands));
        if spoken || self.holds_error(&call.operands) && !unknown {
            self.set(call.id, TypeTable::ERROR);
            return;
        }
        let forms = self.forms(rows, declared);
        let error = if forms.is_empty() {
            self.unknown_function(call)
        } else {
            self.wrong_arguments(call, &forms)
        };
        self.refuse(call.id, error);
    }

    /// The types of the operands of every declaration.
    fn forms(&mut self, rows: &[&'static Function], declared: &[Declared]) -> Vec<Vec<TypeId>> {
        let (types, unifier) = (&mut self.cx.out.types, &mut self.cx.unifier);
        let builtin: Vec<_> = rows.iter().map(|row| instantiate(types, unifier, row).0).collect();
        let (types, unifier) = (&mut self.cx.out.types, &mut self.cx.unifier);
        let declared = declared.iter().map(|it| instantiate_declared(types, unifier, it).0);
        builtin.into_iter().chain(declared).collect()
    }

    fn unknown_function(&mut self, call: &Call<'_>) -> CheckError {
        let ExprKind::Call { name, .. } = self.ast.kind(call.id) else {
            return self.nameless(call);
        };
        let at = name.span;
        let receiver = call.operands.first().copied().filter(|_| call.style == Style::Member);
        let on = receiver.map(|id| self.shown(id));
        let hint = self.function_hint(call);
        self.unknown_call(at, call.name.clone(), on, hint).into()
    }

    /// The function `name`, which is written at `at`, does not exist; `on` is what it was called
    /// on. Documents of the format have the words and the place of the format.
    pub(super) fn unknown_call(
        &self,
        at: Span,
        name: String,
        on: Option<String>,
        hint: Option<Hint>,
    ) -> NameError {
        if self.scope.ours {
            return NameError::UnknownFunction { at, name, on, hint };
        }
        let (name, container) = ((at, name), self.scope.container());
        NameError::UndeclaredCall { at: self.parenthesis(at), name, container, hint }
    }

    /// The parenthesis that opens the arguments of the function named at `name`.
    fn parenthesis(&self, name: Span) -> Span {
        let whole = self.cx.files.get(name.file).map_or("", |file| file.text.as_str());
        let after = whole.get(name.end as usize..).and_then(|rest| rest.find('('));
        let start =
            name.end.saturating_add(after.and_then(|it| u32::try_from(it).ok()).unwrap_or(0));
        Span::new(name.file, start, start.saturating_add(1))
    }

    fn nameless(&self, call: &Call<'_>) -> CheckError {
        let at = self.ast.span(call.id);
        NameError::UnknownFunction { at, name: call.name.clone(), on: None, hint: None }.into()
    }

    /// Why the function is not there, else the nearest one that is.
    fn function_hint(&mut self, call: &Call<'_>) -> Option<Hint> {
        let receiver = call.operands.first().filter(|_| call.style == Style::Member);
        let on = receiver.map(|id| self.type_of(*id));
        let absent = self.absent_function(&call.name, call.style, on);
        absent.or_else(|| self.near_function(call).map(Hint::Nearest))
    }

    /// The nearest function that the receiver has, or the nearest global one.
    fn near_function(&mut self, call: &Call<'_>) -> Option<String> {
        let style = call.style;
        let receiver = call.operands.first().copied().filter(|_| style == Style::Member);
        let receiver = receiver.map(|id| self.type_of(id));
        let rows: Vec<_> =
            self.cx.table.names(style).filter(|row| self.scope.allows(row)).collect();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for row in rows {
            let fits = receiver.is_none_or(|on| {
                let (types, unifier) = (&mut self.cx.out.types, &mut self.cx.unifier);
                let (params, _) = instantiate(types, unifier, row);
                params.first().is_some_and(|wanted| self.fits(on, *wanted))
            });
            if fits {
                names.insert(row.name);
            }
        }
        let member = style == Style::Member;
        for (name, list) in &self.scope.functions {
            if list.iter().any(|function| function.member == member) {
                names.insert(name);
            }
        }
        let macros = macros::MACROS.iter().filter(|row| {
            self.scope.allows_macro(row) && member == (row.style == macros::MacroStyle::Member)
        });
        names.extend(macros.map(|row| row.name));
        if !member && self.scope.ours {
            names.extend(["allow", "deny", "escalate", "now"]);
        }
        let familiar = elsewhere(&call.name).filter(|name| names.contains(name));
        familiar.or_else(|| nearest(&call.name, names)).map(str::to_owned)
    }

    fn wrong_arguments(&mut self, call: &Call<'_>, forms: &[Vec<TypeId>]) -> CheckError {
        let ExprKind::Call { name, .. } = self.ast.kind(call.id) else {
            return self.nameless(call);
        };
        let at = name.span;
        let receivers = usize::from(call.style == Style::Member);
        let fitting: Vec<_> = match call.operands.first().filter(|_| receivers == 1) {
            Some(receiver) => {
                let on = self.type_of(*receiver);
                let has =
                    |form: &&Vec<TypeId>| form.first().is_some_and(|it| self.could_fit(on, *it));
                forms.iter().filter(has).collect()
            }
            None => forms.iter().collect(),
        };
        if fitting.is_empty() {
            let on = call.operands.first().copied().map(|id| self.shown(id));
            let hint = self.function_hint(call);
            return NameError::UnknownFunction { at, name: call.name.clone(), on, hint }.into();
        }
        let counts: BTreeSet<usize> = gathered(fitting.iter().map(|form| form.len() - receivers));
        if !counts.contains(&call.args.len()) {
            let (function, given) = (call.name.clone(), call.args.len());
            let wanted = counts.into_iter().collect();
            let at = self.args_span(call, at);
            return CallError::ArgumentCount { at, function, wanted, given }.into();
        }
        let fitting: Vec<_> =
            fitting.into_iter().filter(|form| form.len() == call.operands.len()).collect();
        self.wrong_argument(call, &fitting)
    }

    /// The first argument that no form takes.
    fn wrong_argument(&mut self, call: &Call<'_>, forms: &[&Vec<TypeId>]) -> CheckError {
        let receivers = usize::from(call.style == Style::Member);
        for (position, operand) in call.operands.iter().enumerate().skip(receivers) {
            let given = self.type_of(*operand);
            let wanted: Vec<TypeId> =
                forms.iter().filter_map(|form| form.get(position).copied()).collect();
            if !wanted.iter().any(|it| self.could_fit(given, *it)) {
                let names: BTreeSet<String> =
                    gathered(wanted.into_iter().map(|it| self.shown_param(it)));
                let (at, given) = (self.ast.span(*operand), self.shown(*operand));
                let (function, wanted) = (call.name.clone(), names.into_iter().collect());
                return CallError::ArgumentType { at, function, wanted, given }.into();
            }
        }
        let ExprKind::Call { name, .. } = self.ast.kind(call.id) else {
            return self.nameless(call);
        };
        let at = self.args_span(call, name.span);
        let given = call.operands.iter().skip(receivers).map(|id| self.shown(*id)).collect();
        CallError::ArgumentTypesTogether { at, function: call.name.clone(), given }.into()
    }

    fn shown_param(&mut self, ty: TypeId) -> String {
        let ty = self.cx.unifier.resolve(&mut self.cx.out.types, ty, UnboundVariables::Dyn);
        self.cx.show(ty)
    }

    /// Whether one type fits another, leaving no binding behind.
    fn could_fit(&mut self, from: TypeId, to: TypeId) -> bool {
        self.cx.unifier.could_fit(&self.cx.out.types, from, to)
    }

    /// The bytes of the arguments, or `otherwise` if there are none.
    fn args_span(&self, call: &Call<'_>, otherwise: Span) -> Span {
        match (call.args.first(), call.args.last()) {
            (Some(first), Some(last)) => self.ast.span(*first).to(self.ast.span(*last)),
            _ => otherwise,
        }
    }
}

/// What CEL calls a function that other languages call `name`.
pub(super) fn elsewhere(name: &str) -> Option<&'static str> {
    Some(match name {
        "len" | "length" | "count" => "size",
        "lower" | "toLower" | "toLowerCase" => "lowerAscii",
        "upper" | "toUpper" | "toUpperCase" => "upperAscii",
        "includes" | "has" => "contains",
        "substr" | "slice" => "substring",
        "match" | "regex" | "test" => "matches",
        "any" | "some" => "exists",
        "every" => "all",
        "str" => "string",
        "float" | "number" => "double",
        "integer" => "int",
        "date" | "datetime" => "timestamp",
        _ => return None,
    })
}
