//! Macros of the reference evaluator: comprehensions, `has`, bindings.

use std::rc::Rc;

use policyc::compiler::check::analysis::{LocalId, MacroUse, Vars};
use policyc::compiler::syntax::ast::{Element, ExprId, ExprKind};
use policyc::lang::error::EvalError;

use super::collections;
use super::eval::{Run, has};
use super::value::{R, V, list, map};

const NONE: EvalError = EvalError::NoSuchOverload;

impl Run<'_> {
    /// Evaluates the macro call `expr`.
    pub(crate) fn call_macro(&self, found: MacroUse, expr: ExprId) -> R {
        let ExprKind::Call { target, args, .. } = self.ast.kind(expr) else { return Err(NONE) };
        let target = *target;
        match found {
            MacroUse::Has => self.has(args),
            MacroUse::All(vars) => self.quantifier(vars, target, args, false),
            MacroUse::Exists(vars) => self.quantifier(vars, target, args, true),
            MacroUse::ExistsOne(vars) => {
                let mut count = 0_u32;
                self.each(vars, target, args, |run, rest| {
                    count += u32::from(run.eval(one(rest)?)?.truth()?);
                    Ok(())
                })?;
                Ok(V::Bool(count == 1))
            }
            MacroUse::Filter(vars) => {
                let mut kept = Vec::new();
                self.each_row(vars, target, args, |run, rest, row| {
                    if run.eval(one(rest)?)?.truth()? {
                        kept.push(row.0.clone());
                    }
                    Ok(())
                })?;
                Ok(list(kept))
            }
            MacroUse::Map(vars) | MacroUse::TransformList(vars) => {
                let mut made = Vec::new();
                self.each(vars, target, args, |run, rest| {
                    made.extend(run.transformed(rest)?);
                    Ok(())
                })?;
                Ok(list(made))
            }
            MacroUse::TransformMap(vars) => {
                let mut made = Vec::new();
                self.each_row(vars, target, args, |run, rest, row| {
                    made.extend(run.transformed(rest)?.map(|value| (row.0.clone(), value)));
                    Ok(())
                })?;
                map(made)
            }
            MacroUse::TransformMapEntry(vars) => {
                let mut made = Vec::new();
                self.each(vars, target, args, |run, rest| {
                    made.extend(run.entries_of(rest)?);
                    Ok(())
                })?;
                map(made)
            }
            MacroUse::SortBy(vars) => self.sort_by(vars, target, args),
            MacroUse::Bind(local) => {
                let [_, init, body] = args.as_slice() else { return Err(NONE) };
                let value = self.eval(*init);
                self.bound(local, value, || self.eval(*body))
            }
            MacroUse::Block(block) => {
                let [list, body] = args.as_slice() else { return Err(NONE) };
                let ExprKind::List { elements } = self.ast.kind(*list) else { return Err(NONE) };
                self.cel_block(&self.analysis.blocks[block], elements, *body)
            }
            MacroUse::OptMap(local) => self.opt_map(local, target, args, true),
            MacroUse::OptFlatMap(local) => self.opt_map(local, target, args, false),
        }
    }

    fn sort_by(&self, vars: Vars, target: Option<ExprId>, args: &[ExprId]) -> R {
        let mut keyed = Vec::new();
        self.each_row(vars, target, args, |run, rest, row| {
            keyed.push((run.eval(one(rest)?)?, row.0.clone()));
            Ok(())
        })?;
        collections::sort_by(keyed)
    }

    /// Every element, whose failure waits until somebody reads it, then the body.
    fn cel_block(&self, locals: &[LocalId], elements: &[Element], body: ExprId) -> R {
        let (Some((local, locals)), Some((element, elements))) =
            (locals.split_first(), elements.split_first())
        else {
            return self.eval(body);
        };
        self.bound(*local, self.eval(element.value), || self.cel_block(locals, elements, body))
    }

    fn has(&self, args: &[ExprId]) -> R {
        let ExprKind::Select { operand, field: name, .. } = self.ast.kind(one(args)?) else {
            return Err(NONE);
        };
        has(&self.eval(*operand)?, &name.name)
    }

    fn opt_map(&self, local: LocalId, target: Option<ExprId>, args: &[ExprId], wrap: bool) -> R {
        let (Some(target), [_, body]) = (target, args) else { return Err(NONE) };
        let V::Opt(found) = self.eval(target)? else { return Err(NONE) };
        let Some(value) = found else { return Ok(V::Opt(None)) };
        let value = self.bound(local, Ok((*value).clone()), || self.eval(*body))?;
        Ok(if wrap { V::Opt(Some(Rc::new(value))) } else { value })
    }

    fn quantifier(&self, vars: Vars, target: Option<ExprId>, args: &[ExprId], decides: bool) -> R {
        let mut failure = None;
        let mut found = false;
        self.each(vars, target, args, |run, rest| {
            if found {
                return Ok(());
            }
            match run.eval(one(rest)?).and_then(|value| value.truth()) {
                Ok(value) => found = value == decides,
                Err(error) => failure = Self::first(failure, error),
            }
            Ok(())
        })?;
        match (found, failure) {
            (true, _) => Ok(V::Bool(decides)),
            (false, Some(error)) => Err(error),
            (false, None) => Ok(V::Bool(!decides)),
        }
    }

    /// The value after an optional filter; `None` where the filter says no.
    fn transformed(&self, rest: &[ExprId]) -> R<Option<V>> {
        match rest {
            [value] => self.eval(*value).map(Some),
            [filter, value] => {
                if self.eval(*filter)?.truth()? {
                    self.eval(*value).map(Some)
                } else {
                    Ok(None)
                }
            }
            _ => Err(NONE),
        }
    }

    /// The entries of a literal, where the filter before it holds.
    fn entries_of(&self, rest: &[ExprId]) -> R<Vec<(V, V)>> {
        let (literal, filter) = rest.split_last().ok_or(NONE)?;
        let ExprKind::Map { entries } = self.ast.kind(*literal) else { return Err(NONE) };
        for filter in filter {
            if !self.eval(*filter)?.truth()? {
                return Ok(Vec::new());
            }
        }
        self.entries(entries)
    }

    fn each(
        &self,
        vars: Vars,
        target: Option<ExprId>,
        args: &[ExprId],
        mut body: impl FnMut(&Self, &[ExprId]) -> R<()>,
    ) -> R<()> {
        self.each_row(vars, target, args, |run, rest, _| body(run, rest))
    }

    /// Runs `body` for every row of the range, with the variables bound; `body` gets the operands
    /// behind the names of the variables, and the row.
    fn each_row(
        &self,
        vars: Vars,
        target: Option<ExprId>,
        args: &[ExprId],
        mut body: impl FnMut(&Self, &[ExprId], &(V, V)) -> R<()>,
    ) -> R<()> {
        let range = self.eval(target.ok_or(NONE)?)?;
        let rest = args.get(if vars.second.is_some() { 2 } else { 1 }..).ok_or(NONE)?;
        for row in rows(&range, vars.second.is_some())? {
            let first = Ok(row.0.clone());
            self.bound(vars.first, first, || match vars.second {
                Some(second) => self.bound(second, Ok(row.1.clone()), || body(self, rest, &row)),
                None => body(self, rest, &row),
            })?;
        }
        Ok(())
    }
}

fn one(args: &[ExprId]) -> R<ExprId> {
    match args {
        [only] => Ok(*only),
        _ => Err(NONE),
    }
}

/// Elements of a list or keys of a map; with two variables index and element, or key and value.
fn rows(range: &V, two: bool) -> R<Vec<(V, V)>> {
    match range {
        V::List(elements) => Ok((0_i64..)
            .zip(elements.iter())
            .map(
                |(at, element)| {
                    if two { (V::Int(at), element.clone()) } else { (element.clone(), V::Null) }
                },
            )
            .collect()),
        V::Map(entries) => Ok(entries.to_vec()),
        _ => Err(NONE),
    }
}
