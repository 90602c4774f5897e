//! W0518: a part of an expression that fails on every input, as `x / 0` and `[1, 2][2]` do.
//!
//! What is written out is computed by the code that runs. A part of it that is not known has each
//! of a few values of its type (`SAMPLES`), and counts only where no other value could change how
//! the call fails: a divisor, a zone, a negative position, the kinds that a format takes.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::limits::{FOLDED_ELEMENTS_MAX, FOLDED_TEXT_BYTES_MAX};
use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::analysis::Use;
use crate::compiler::ir::lower::constant_of;
use crate::compiler::syntax::ast::{Element, ExprId, ExprKind, MapEntry};
use crate::compiler::syntax::document::model::{Form, RuleBody};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::constant::Constant;
use crate::lang::error::EvalError;
use crate::lang::functions::{Function, by_number};
use crate::lang::types::{Type, TypeTable};
use crate::lang::value::Value;
use crate::lang::value::heap::{Heap, Store};
use crate::runtime::bundle::module::{FunctionKind, failure_effect};
use crate::tools::lint::shape::call;
use crate::tools::lint::subject::Subject;

/// How many values a part has that is not known.
const SAMPLES: usize = 3;
/// Most elements of a literal that is computed.
const ELEMENTS_MAX: usize = 1_000;
/// Functions that take positions, of which none may be negative.
const POSITIONS: [&str; 6] = ["charAt", "indexOf", "lastIndexOf", "substring", "slice", "_[_]"];

/// Reports the innermost parts that fail whatever comes in.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let mut known = ConstantValues { subject, constants: FxHashMap::default() };
    let mut failing = FxHashSet::default();
    // Operands are read before what they are operands of.
    for id in subject.ast().exprs.ids() {
        match known.read(id) {
            Ok(Some(constant)) => {
                known.constants.insert(id, constant);
            }
            Ok(None) => {}
            Err((at, error)) => {
                if subject.ast().made.contains(&id) || !failing.insert(at) {
                    continue;
                }
                let (span, label) = (subject.ast().span(at), error.code().title());
                let fact = "this fails on every input";
                let found = Diagnostic::new(Code::AlwaysFails, span, fact, label);
                sink.report(found.help(help(subject, span)));
            }
        }
    }
}

/// What to do about what stands at `at`, and what comes of it if nothing is done.
fn help(subject: &Subject<'_>, at: Span) -> String {
    let (ast, holds) = (subject.ast(), |outer: Span| {
        outer.file == at.file && outer.start <= at.start && at.end <= outer.end
    });
    let documents = subject.checked.parsed().policies.iter();
    let ours = documents.filter(|document| document.form == Form::Ours);
    let effect = ours.flat_map(|document| &document.rules).find_map(|rule| match &rule.body {
        RuleBody::When { condition: Some(root), effect, .. } if holds(ast.span(*root)) => {
            Some(*effect)
        }
        RuleBody::When { .. } | RuleBody::Decision(_) => None,
    });
    let on_error = subject.program.module().manifest.on_error.effect;
    let Some(effect) = effect else { return "correct it".to_owned() };
    match failure_effect(Some(FunctionKind::Condition), Some(effect), on_error) {
        None => "correct it: a condition of an allow that fails decides nothing".to_owned(),
        Some(counts) => {
            format!("correct it: where it fails the rule counts as {}", counts.word())
        }
    }
}

/// Where an expression fails, and how.
type Failure = (ExprId, EvalError);

struct ConstantValues<'s, 'a> {
    subject: &'s Subject<'a>,
    /// What is written out, as a value.
    constants: FxHashMap<ExprId, Constant>,
}

impl ConstantValues<'_, '_> {
    /// The value of an expression that is written out.
    fn read(&self, id: ExprId) -> Result<Option<Constant>, Failure> {
        match self.subject.ast().kind(id) {
            ExprKind::Literal(literal) => Ok(Some(constant_of(literal))),
            ExprKind::List { elements } => Ok(list(elements, |id| self.constant(id))),
            ExprKind::Map { entries } => self.map(entries),
            ExprKind::Index { operand, index, optional: false } => {
                self.called(id, &[*operand, *index])
            }
            ExprKind::Unary { operand, .. } => self.called(id, &[*operand]),
            ExprKind::Binary { lhs, rhs, .. } => self.called(id, &[*lhs, *rhs]),
            ExprKind::Call { .. } => match call(self.subject, id) {
                Some(call) => self.called(id, &call.operands),
                None => Ok(None),
            },
            ExprKind::Error
            | ExprKind::Index { .. }
            | ExprKind::Ident { .. }
            | ExprKind::Select { .. }
            | ExprKind::Logic { .. }
            | ExprKind::Conditional { .. }
            | ExprKind::Message { .. } => Ok(None),
        }
    }

    fn constant(&self, id: ExprId) -> Option<Constant> {
        self.constants.get(&id).cloned()
    }

    /// A map fails by its keys alone.
    fn map(&self, entries: &[MapEntry]) -> Result<Option<Constant>, Failure> {
        let keys: Vec<(ExprId, Constant)> = entries
            .iter()
            .take(ELEMENTS_MAX)
            .filter(|entry| !entry.optional)
            .filter_map(|entry| Some((entry.key, self.constant(entry.key)?)))
            .collect();
        let of = |keys: &[(ExprId, Constant)]| {
            let entries = keys.iter().map(|(_, key)| (key.clone(), Constant::Null));
            Constant::Map(entries.collect())
        };
        let build = |map: &Constant| on_heap(|heap| map.to_value(heap));
        if let Err(error) = build(&of(&keys)) {
            // The first key with which it fails is to blame: with more it fails as well.
            let fails =
                |count: &usize| keys.get(..*count).is_some_and(|it| build(&of(it)).is_err());
            let (mut good, mut bad) = (0, keys.len());
            while bad - good > 1 {
                let middle = good + (bad - good) / 2;
                if fails(&middle) { bad = middle } else { good = middle }
            }
            let blamed = keys.get(good).map(|(key, _)| *key);
            return blamed.map_or(Ok(None), |key| Err((key, error)));
        }
        let scalar = |entry: &MapEntry| self.constant(entry.value).filter(is_scalar);
        let whole = keys.len() == entries.len();
        let values = entries.iter().map(scalar).collect::<Option<Vec<_>>>().filter(|_| whole);
        let keys = keys.into_iter().map(|(_, key)| key);
        Ok(values.map(|values| Constant::Map(keys.zip(values).collect())))
    }

    /// What a builtin makes of its operands.
    fn called(&self, id: ExprId, operands: &[ExprId]) -> Result<Option<Constant>, Failure> {
        let Use::Overloads(rows) = self.subject.checked.used(id) else { return Ok(None) };
        let [row] = rows.as_slice() else { return Ok(None) };
        let row = by_number(*row).filter(|row| row.params.len() == operands.len());
        let Some(row) = row else { return Ok(None) };
        let values: Vec<Option<Constant>> = operands.iter().map(|id| self.constant(*id)).collect();
        if let Some(values) = values.iter().cloned().collect::<Option<Vec<_>>>() {
            return match compute(row, &values) {
                Ok(constant) => Ok(constant),
                Err(error) if is_about_value(error) => Err((id, error)),
                Err(_) => Ok(None),
            };
        }
        if values.iter().all(Option::is_none) {
            return Ok(None);
        }
        match self.sampled(row, operands) {
            Some(error) if self.hangs_on_the_known(row, error, operands) => Err((id, error)),
            Some(_) | None => Ok(None),
        }
    }

    /// Whether a call fails by what is written of it, whatever the rest is.
    fn hangs_on_the_known(&self, row: &Function, error: EvalError, operands: &[ExprId]) -> bool {
        let known = |at: usize| self.constants.get(operands.get(at)?);
        let negative =
            |at: usize| matches!(known(at), Some(Constant::Int(position)) if *position < 0);
        let is_list = |id: &ExprId| matches!(self.subject.ast().kind(*id), ExprKind::List { .. });
        if matches!(error, EvalError::DivideByZero | EvalError::Zone) {
            return known(1).is_some();
        }
        let format = row.name == "format" && known(0).is_some();
        let position = POSITIONS.contains(&row.name) && (1..operands.len()).any(negative);
        is_about_value(error) && (position || format && operands.get(1).is_some_and(is_list))
    }

    /// How a call fails with each of the values that its operands may have.
    fn sampled(&self, row: &Function, operands: &[ExprId]) -> Option<EvalError> {
        let mut failed = None;
        for at in 0..SAMPLES {
            let values = operands.iter().map(|id| self.sample(*id, at));
            let values = values.collect::<Option<Vec<_>>>()?;
            let error = compute(row, &values).err()?;
            if failed.is_some_and(|other| other != error) {
                return None;
            }
            failed = Some(error);
        }
        failed
    }

    /// The value of an expression, or one of those that it may have.
    fn sample(&self, id: ExprId, at: usize) -> Option<Constant> {
        if let Some(known) = self.constant(id) {
            return Some(known);
        }
        if let ExprKind::List { elements } = self.subject.ast().kind(id) {
            return list(elements, |id| self.constant(id).or_else(|| self.scalar(id, at)));
        }
        let ty = self.subject.checked.type_of(id);
        if let Type::List(_) = self.subject.checked.analysis().types.get(ty) {
            let len = [1, 0, 3].get(at).copied().unwrap_or_default();
            return Some(Constant::List(vec![Constant::Null; len]));
        }
        self.scalar(id, at)
    }

    /// A value of the type of an expression.
    fn scalar(&self, id: ExprId, at: usize) -> Option<Constant> {
        let pick = |values: [Constant; SAMPLES]| values.into_iter().nth(at);
        let text = |text: &str| Constant::String(Name::new(text));
        match self.subject.checked.type_of(id) {
            TypeTable::BOOL => pick([false, true, false].map(Constant::Bool)),
            TypeTable::INT => pick([1, 0, -7].map(Constant::Int)),
            TypeTable::UINT => pick([1, 0, 7].map(Constant::Uint)),
            TypeTable::DOUBLE => pick([1.5, 0.0, -7.0].map(Constant::Double)),
            TypeTable::STRING => pick(["a", "", "a long text, é"].map(text)),
            TypeTable::BYTES => pick([vec![1], vec![], vec![0; 9]].map(Constant::Bytes)),
            TypeTable::DURATION => pick([1, 0, -7].map(Constant::Duration)),
            TypeTable::TIMESTAMP => pick([1, 0, -7].map(|at| Constant::Timestamp(at, 0))),
            _ => None,
        }
    }
}

/// A list literal as a value, where all of its elements have one.
fn list(elements: &[Element], value: impl Fn(ExprId) -> Option<Constant>) -> Option<Constant> {
    if elements.len() > ELEMENTS_MAX || elements.iter().any(|element| element.optional) {
        return None;
    }
    let values = elements.iter().map(|element| value(element.value).filter(is_scalar));
    values.collect::<Option<Vec<_>>>().map(Constant::List)
}

/// Whether a failure is one of the values, and not of their size.
fn is_about_value(error: EvalError) -> bool {
    !matches!(error, EvalError::Budget | EvalError::Pending | EvalError::Input | EvalError::Audit)
}

fn compute(row: &Function, operands: &[Constant]) -> Result<Option<Constant>, EvalError> {
    let mut constant = None;
    on_heap(|heap| {
        let values: Result<Vec<Value>, EvalError> =
            operands.iter().map(|operand| operand.to_value(heap)).collect();
        let value = (row.call)(heap, &values?)?;
        // Not every value can be written down, as an address.
        constant = Constant::from_value(&heap.view(), &value).ok();
        Ok(value)
    })?;
    Ok(constant)
}

fn on_heap(
    compute: impl FnOnce(&mut Heap<'_>) -> Result<Value, EvalError>,
) -> Result<(), EvalError> {
    let mut store = Store::new(FOLDED_TEXT_BYTES_MAX, FOLDED_ELEMENTS_MAX);
    compute(&mut Heap::of(&mut store)).map(|_| ())
}

/// Literals hold scalars alone, so that what is computed stays as large as what is written.
const fn is_scalar(constant: &Constant) -> bool {
    !matches!(constant, Constant::List(_) | Constant::Map(_) | Constant::Optional(_))
}
