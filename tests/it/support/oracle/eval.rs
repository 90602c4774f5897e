//! Expressions of the reference evaluator: a walk over the checked tree.
//!
//! In:      the tree, what checking found out, the context, the time, results of host functions.
//! Out:     the value of an expression, or the class of its failure.
//! Source:  CEL language definition; `&&` and `||` are commutative in errors.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use policyc::base::name::Name;
use policyc::compiler::check::analysis::{
    Analysis, DecisionUse, HostId, LocalId, ReasonPart, Use, VariableId, WindowId,
};
use policyc::compiler::syntax::ast::{
    Ast, Element, ExprId, ExprKind, Literal, LogicOp, MapEntry, UnaryOp,
};
use policyc::compiler::syntax::document::model::Parsed;
use policyc::lang::error::EvalError;
use policyc::lang::functions::by_number;
use serde_json::Value as Json;

use super::context::Context;
use super::value::{Message, R, Spoken, V, constant, list, map, text};
use super::{functions, kubernetes, operators, time};

/// A result that the host supplies: the function `name` of `args` is `result`.
#[derive(Clone, Debug)]
pub(crate) struct HostRow {
    pub(crate) name: String,
    pub(crate) args: Vec<Json>,
    pub(crate) result: Json,
}

/// One evaluation.
pub(crate) struct Run<'a> {
    pub(crate) ast: &'a Ast,
    pub(crate) analysis: &'a Analysis,
    pub(crate) context: Context<'a>,
    /// Nanoseconds since the epoch.
    pub(crate) now: i128,
    pub(crate) hosts: &'a [HostRow],
    pub(crate) memo: RefCell<HashMap<VariableId, R>>,
    pub(crate) locals: RefCell<Vec<(LocalId, R)>>,
}

const NONE: EvalError = EvalError::NoSuchOverload;
/// What an expression comes to that hangs on what is withheld. No expression fails so otherwise.
pub(crate) const UNKNOWN: EvalError = EvalError::Budget;

impl<'a> Run<'a> {
    /// At the epoch, without results of hosts.
    pub(crate) fn of(parsed: &'a Parsed, analysis: &'a Analysis, context: Context<'a>) -> Self {
        let (memo, locals) = (RefCell::default(), RefCell::default());
        Self { ast: &parsed.ast, analysis, context, now: 0, hosts: &[], memo, locals }
    }
}

impl Run<'_> {
    /// The value of `expr`.
    pub(crate) fn eval(&self, expr: ExprId) -> R {
        let value = match &self.analysis.uses[expr] {
            Use::Root(root) => self.context.root(*root).ok_or(EvalError::NoSuchKey),
            Use::Answered(root) => Ok(V::Bool(self.context.root(*root).is_some())),
            Use::Local(local) => self.local(*local),
            Use::Variable(variable) => self.variable(*variable),
            Use::Now => Ok(V::Timestamp(self.now)),
            Use::Constant(value) => Ok(constant(value)),
            Use::Host(host) => self.host(*host, expr),
            Use::Window(window) => self.window(*window, expr),
            Use::Decision(decision) => Ok(self.decision(decision)),
            Use::Macro(found) => self.call_macro(*found, expr),
            Use::Enum(name, number) => Ok(V::Enum(Rc::from(name.as_str()), *number)),
            Use::EnumOf(name) => self.enum_of(name, expr),
            Use::EnumNumber => match self.operands(expr)?.as_slice() {
                [V::Enum(_, number)] => Ok(V::Int((*number).into())),
                _ => Err(NONE),
            },
            Use::Message(name) => self.message(name, expr),
            Use::Part | Use::Result => Err(NONE),
            Use::Plain | Use::Overloads(_) => self.plain(expr),
        }?;
        match &value {
            V::Bad => Err(EvalError::Input),
            V::Withheld => Err(UNKNOWN),
            V::Opt(Some(held)) if matches!(**held, V::Withheld) => Err(UNKNOWN),
            _ => Ok(value),
        }
    }

    /// Of two failures that nothing absorbs the first, but what is unknown before any error.
    pub(crate) fn first(known: Option<EvalError>, next: EvalError) -> Option<EvalError> {
        if next == UNKNOWN { Some(next) } else { known.or(Some(next)) }
    }

    fn local(&self, local: LocalId) -> R {
        let locals = self.locals.borrow();
        let found = locals.iter().rev().find(|(id, _)| *id == local);
        found.map_or(Err(NONE), |(_, value)| value.clone())
    }

    /// Evaluates `body` while `local` has this value.
    pub(crate) fn bound<T>(&self, local: LocalId, value: R, body: impl FnOnce() -> T) -> T {
        self.locals.borrow_mut().push((local, value));
        let result = body();
        self.locals.borrow_mut().pop();
        result
    }

    fn variable(&self, variable: VariableId) -> R {
        if let Some(known) = self.memo.borrow().get(&variable) {
            return known.clone();
        }
        let value = self.eval(self.analysis.variables[variable].expr);
        self.memo.borrow_mut().insert(variable, value.clone());
        value
    }

    fn is_part(&self, expr: ExprId) -> bool {
        self.analysis.uses[expr] == Use::Part
    }

    /// The values of a call's operands, the receiver first unless it only qualifies the name.
    fn operands(&self, expr: ExprId) -> R<Vec<V>> {
        let ExprKind::Call { target, args, .. } = self.ast.kind(expr) else { return Err(NONE) };
        let receiver = target.iter().filter(|target| !self.is_part(**target));
        receiver.chain(args).map(|arg| self.eval(*arg)).collect()
    }

    fn host(&self, host: HostId, expr: ExprId) -> R {
        let operands = self.operands(expr)?;
        let host = &self.analysis.hosts[host];
        let fits = |row: &&HostRow| {
            row.name == host.name.as_str()
                && row.args.len() == operands.len()
                && row
                    .args
                    .iter()
                    .zip(&host.params)
                    .zip(&operands)
                    .all(|((json, ty), operand)| self.context.admit(json, *ty).equals(operand))
        };
        let row = self.hosts.iter().find(fits).ok_or(EvalError::Pending)?;
        Ok(self.context.admit(&row.result, host.result))
    }

    fn window(&self, window: WindowId, expr: ExprId) -> R {
        let ExprKind::Call { args, .. } = self.ast.kind(expr) else { return Err(NONE) };
        let [at] = args.as_slice() else { return Err(NONE) };
        let V::Timestamp(nanos) = self.eval(*at)? else { return Err(NONE) };
        let window = &self.analysis.windows[window];
        time::in_window(nanos, window.days, window.from_minute, window.to_minute, &window.zone)
            .map(V::Bool)
    }

    fn decision(&self, decision: &DecisionUse) -> V {
        let message = Message::of(decision.reason.iter().map(|part| match part {
            ReasonPart::Text(text) => Ok(text.clone()),
            ReasonPart::Expr(expr) => self.eval(*expr).map(|value| value.show()),
        }));
        let reason = (!decision.reason.is_empty()).then_some(message);
        V::Decision(Rc::new(Spoken { effect: decision.effect, reason }))
    }

    fn plain(&self, expr: ExprId) -> R {
        match self.ast.kind(expr) {
            ExprKind::Error | ExprKind::Ident { .. } | ExprKind::Message { .. } => Err(NONE),
            ExprKind::Literal(value) => Ok(literal(value)),
            ExprKind::Select { operand, field, optional } => {
                select(&self.eval(*operand)?, &field.name, *optional)
            }
            ExprKind::Index { operand, index, optional } => {
                let operand = self.eval(*operand)?;
                at_index(&operand, &self.eval(*index)?, *optional)
            }
            ExprKind::Call { target, name, args, .. } => {
                self.call(expr, *target, &name.value, args)
            }
            ExprKind::Unary { op, operand } => {
                let operand = self.eval(*operand)?;
                match op.value {
                    UnaryOp::Not => operand.truth().map(|value| V::Bool(!value)),
                    UnaryOp::Negate => operators::negate(&operand),
                }
            }
            ExprKind::Binary { op, lhs, rhs } => {
                let lhs = self.eval(*lhs)?;
                operators::binary(op.value, &lhs, &self.eval(*rhs)?)
            }
            ExprKind::Logic { op, operands, .. } => self.logic(*op, operands),
            ExprKind::Conditional { condition, yes, no, .. } => {
                let condition = self.eval(*condition)?.truth()?;
                self.eval(if condition { *yes } else { *no })
            }
            ExprKind::List { elements } => self.list(elements),
            ExprKind::Map { entries } => self.map(entries),
        }
    }

    fn logic(&self, op: LogicOp, operands: &[ExprId]) -> R {
        let decides = op == LogicOp::Or;
        let mut failure = None;
        for operand in operands {
            match self.eval(*operand).and_then(|value| value.truth()) {
                Ok(value) if value == decides => return Ok(V::Bool(decides)),
                Ok(_) => {}
                Err(error) => failure = Self::first(failure, error),
            }
        }
        failure.map_or(Ok(V::Bool(!decides)), Err)
    }

    fn list(&self, elements: &[Element]) -> R {
        let mut values = Vec::new();
        for element in elements {
            match (self.eval(element.value)?, element.optional) {
                (value, false) => values.push(value),
                (V::Opt(value), true) => values.extend(value.map(|value| (*value).clone())),
                (_, true) => return Err(NONE),
            }
        }
        Ok(list(values))
    }

    fn map(&self, entries: &[MapEntry]) -> R {
        map(self.entries(entries)?)
    }

    /// Keys and values of a literal: what a key may be is looked at when the map is complete.
    pub(crate) fn entries(&self, entries: &[MapEntry]) -> R<Vec<(V, V)>> {
        let mut values = Vec::new();
        for entry in entries {
            let key = self.eval(entry.key)?;
            match (self.eval(entry.value)?, entry.optional) {
                (value, false) => values.push((key, value)),
                (V::Opt(value), true) => {
                    values.extend(value.map(|value| (key, (*value).clone())));
                }
                (_, true) => return Err(NONE),
            }
        }
        Ok(values)
    }

    fn message(&self, name: &str, expr: ExprId) -> R {
        let ExprKind::Message { fields, .. } = self.ast.kind(expr) else { return Err(NONE) };
        let mut values = Vec::new();
        for init in fields {
            match (self.eval(init.value)?, init.optional) {
                (value, false) => values.push((init.field.name.as_str(), value)),
                (V::Opt(value), true) => {
                    values.extend(value.map(|value| (init.field.name.as_str(), (*value).clone())));
                }
                (_, true) => return Err(NONE),
            }
        }
        self.context.types().literal(name, &values)
    }

    /// The value of the enum `name` that a number or a name stands for.
    fn enum_of(&self, name: &str, expr: ExprId) -> R {
        let number = match self.operands(expr)?.as_slice() {
            [V::Int(number)] => i32::try_from(*number).map_err(|_| EvalError::Overflow)?,
            [V::Str(value)] => {
                let found = self.context.types().number_of(name, value);
                found.ok_or(EvalError::BadConversion)?
            }
            _ => return Err(NONE),
        };
        Ok(V::Enum(Rc::from(name), number))
    }

    fn call(&self, expr: ExprId, target: Option<ExprId>, name: &Name, args: &[ExprId]) -> R {
        let Some(target) = target else {
            return self.strict(expr, name, false);
        };
        if self.is_part(target) {
            let full = format!("{}.{name}", self.qualified(target));
            if let ("proto.getExt" | "proto.hasExt", [message, extension]) = (full.as_str(), args) {
                let (message, name) = (self.eval(*message)?, self.qualified(*extension));
                return match full.as_str() {
                    "proto.getExt" => select(&message, &name, false),
                    _ => has(&message, &name),
                };
            }
            return functions::call(&full, false, &self.operands(expr)?);
        }
        if let ("or" | "orValue", [other]) = (name.as_str(), args) {
            return match (self.eval(target)?, name.as_str()) {
                (V::Opt(Some(value)), "orValue") => Ok((*value).clone()),
                (some @ V::Opt(Some(_)), _) => Ok(some),
                (V::Opt(None), _) => self.eval(*other),
                _ => Err(NONE),
            };
        }
        self.strict(expr, name, true)
    }

    fn strict(&self, expr: ExprId, name: &Name, member: bool) -> R {
        let operands = self.operands(expr)?;
        // Their methods have names of other libraries, and are there only where they are asked for.
        let is_asked_for = |row: &u16| {
            by_number(*row).is_some_and(|row| row.library.name.starts_with("kubernetes"))
        };
        match &self.analysis.uses[expr] {
            Use::Overloads(rows) if rows.iter().any(is_asked_for) => {
                let found = kubernetes::call(name, member, &operands);
                found.unwrap_or_else(|| functions::call(name, member, &operands))
            }
            _ => functions::call(name, member, &operands),
        }
    }

    fn qualified(&self, expr: ExprId) -> String {
        match self.ast.kind(expr) {
            ExprKind::Ident { name, .. } => name.to_string(),
            ExprKind::Select { operand, field, .. } => {
                format!("{}.{}", self.qualified(*operand), field.name)
            }
            _ => String::new(),
        }
    }
}

fn literal(value: &Literal) -> V {
    match value {
        Literal::Null => V::Null,
        Literal::Bool(value) => V::Bool(*value),
        Literal::Int(value) => V::Int(*value),
        Literal::Uint(value) => V::Uint(*value),
        Literal::Double(value) => V::Double(*value),
        Literal::String(value) => text(value),
        Literal::Bytes(value) => V::Bytes(Rc::from(value.as_slice())),
    }
}

/// The field of a map, or of a message where it is set or `unset` ones count: `Ok(None)` where
/// there is none.
fn field(operand: &V, name: &str, unset: bool) -> R<Option<V>> {
    match operand {
        V::Map(_) => Ok(operand.entry(&text(name)).cloned()),
        V::Message(message) if unset || message.has(name)? => message.get(name).map(Some),
        V::Message(_) => Ok(None),
        _ => Err(NONE),
    }
}

/// Whether `name` is there, also below an optional.
pub(crate) fn has(operand: &V, name: &str) -> R {
    let holder = match operand {
        V::Opt(None) => return Ok(V::Bool(false)),
        V::Opt(Some(inner)) => inner,
        other => other,
    };
    Ok(V::Bool(field(holder, name, false)?.is_some()))
}

fn select(operand: &V, name: &str, optional: bool) -> R {
    if !optional && is_keyless(operand) {
        return Err(EvalError::NoSuchKey);
    }
    let find = |operand: &V, unset| field(operand, name, unset);
    viral(operand, optional, find, EvalError::NoSuchKey)
}

/// Whether it is no object, and so has no keys that are strings.
fn is_keyless(operand: &V) -> bool {
    !matches!(operand, V::Map(_) | V::Message(_) | V::Opt(_))
}

fn at_index(operand: &V, index: &V, optional: bool) -> R {
    if !optional && is_keyless(operand) && matches!(index, V::Str(_)) {
        return Err(EvalError::NoSuchKey);
    }
    let missing = match operand {
        V::List(_) => EvalError::OutOfRange,
        _ => EvalError::NoSuchKey,
    };
    viral(operand, optional, |operand, _| operators::index(operand, index), missing)
}

/// After an optional selection every further one is optional too. `find` is told whether it finds
/// what is not set.
fn viral(
    operand: &V,
    optional: bool,
    find: impl Fn(&V, bool) -> R<Option<V>>,
    missing: EvalError,
) -> R {
    match operand {
        V::Opt(None) => Ok(V::Opt(None)),
        V::Opt(Some(inner)) => Ok(V::Opt(find(inner, false)?.map(Rc::new))),
        other if optional => Ok(V::Opt(find(other, false)?.map(Rc::new))),
        other => find(other, true)?.ok_or(missing),
    }
}
