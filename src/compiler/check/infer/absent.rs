//! What CEL has, but not here: in a library that is not selected, or that is in another version;
//! left out of the environment; above its limits.
//!
//! In:      names that mean nothing, and operands.
//! Out:     the hint that helps, or the finding.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`.

use crate::base::span::Span;
use crate::compiler::check::error::{CallError, Hint, NameError, SizeFault};
use crate::compiler::check::infer::Infer;
use crate::compiler::check::infer::name::chain;
use crate::compiler::check::infer::refused::elsewhere;
use crate::compiler::check::macros::{self, MACROS, MacroStyle};
use crate::compiler::check::overload::instantiate;
use crate::compiler::syntax::ast::{Expr, ExprId, ExprKind};
use crate::compiler::syntax::document::model::EnvLimits;
use crate::compiler::syntax::lexer::lexemes;
use crate::compiler::syntax::token::Token;
use crate::diag::suggest::nearest;
use crate::lang::functions::agents::URLS;
use crate::lang::functions::{Library, STDLIB, Style};
use crate::lang::types::TypeId;

impl Infer<'_, '_> {
    /// Why the function `name` is not there, if CEL has it; `on` is the type of the receiver.
    pub(super) fn absent_function(
        &mut self,
        name: &str,
        style: Style,
        on: Option<TypeId>,
    ) -> Option<Hint> {
        let rows: Vec<_> =
            self.cx.table.named(name, style).filter(|row| !self.scope.allows(row)).collect();
        let mut libraries = Vec::new();
        for row in rows {
            let fits = on.is_none_or(|on| {
                let (types, unifier) = (&mut self.cx.out.types, &mut self.cx.unifier);
                let first = instantiate(types, unifier, row).0.first().copied();
                first
                    .is_some_and(|wanted| self.cx.unifier.could_fit(&self.cx.out.types, on, wanted))
            });
            if fits {
                libraries.push(row.library);
            }
        }
        self.absent(libraries)
    }

    /// Why the macro that `id` would be is not there, if CEL has one with so many arguments.
    fn absent_macro(&self, id: ExprId) -> Option<Hint> {
        let found = macros::of_call(self.ast, id)?;
        let rows = MACROS.iter().filter(|row| row.name == found.name && row.args == found.args);
        self.absent(rows.map(|row| row.library).collect())
    }

    /// The hint about the library that has it; of several about one that is selected, in an older
    /// version.
    fn absent(&self, libraries: Vec<Library>) -> Option<Hint> {
        if libraries.contains(&URLS) {
            return Some(Hint::NotBuilt("kubernetes.urls"));
        }
        let selectable = |library: &Library| {
            !["policyc", "cross_type_numeric_comparisons"].contains(&library.name)
        };
        let libraries = libraries.into_iter().filter(selectable);
        let library = libraries.min_by_key(|library| {
            (self.scope.selected(library.name).is_none(), library.name, library.since)
        })?;
        if library == STDLIB {
            return Some(Hint::LeftOut);
        }
        let Library { name, since } = library;
        Some(Hint::Library { name, since, selected: self.scope.selected(name) })
    }

    /// Refuses a call of a macro, or of a function with a name space, that is not there: what
    /// stands in it would mean nothing either. True if it was refused.
    pub(super) fn refuse_absent(&mut self, id: ExprId) -> bool {
        let ExprKind::Call { target, name, root, .. } = self.ast.kind(id) else { return false };
        let style = if target.is_some() { Style::Member } else { Style::Global };
        let known = self.builtins(&name.value, style, *root).next().is_some()
            || self.scope.declared(&name.value, *root).is_some();
        if !known && let Some(hint) = self.absent_macro(id) {
            let in_space = MACROS.iter().any(|row| {
                row.name == name.value.as_str() && matches!(row.style, MacroStyle::Namespace(_))
            });
            if let Some(target) = target.filter(|_| !in_space) {
                self.push_visit(target);
            }
            self.refuse_name(id, name.span, name.value.to_string(), Some(hint));
            return true;
        }
        if !known && self.names_element(id) {
            let macros = MACROS.iter().filter(|row| row.style == MacroStyle::Member);
            let near =
                elsewhere(&name.value).or_else(|| nearest(&name.value, macros.map(|row| row.name)));
            let hint = near.map(|near| Hint::Nearest(near.to_owned()));
            self.refuse_name(id, name.span, name.value.to_string(), hint);
            return true;
        }
        let Some(target) = target.filter(|target| !self.names_function(*target, &name.value))
        else {
            return false;
        };
        let Some(found) = chain(self.ast, target) else { return false };
        let first = found.segments.first().copied().unwrap_or_default();
        if self.local(first).is_some() || self.scope.resolve(&found.segments, found.root).is_some()
        {
            return false;
        }
        let full = format!("{}.{}", found.segments.join("."), name.value);
        let absent = self.absent_function(&full, Style::Global, None);
        let Some(hint) = absent.or_else(|| self.near_in_space(&full)) else { return false };
        self.parts(&found, found.nodes.len());
        let start = found.nodes.first().map_or(name.span, |node| self.ast.span(*node));
        self.refuse_name(id, start.to(name.span), full, Some(hint));
        true
    }

    /// Whether a call names an element that it would walk through, as macros of CEL do, and nothing
    /// else has that name: as `names.any(name, ..)`.
    fn names_element(&self, id: ExprId) -> bool {
        let ExprKind::Call { target: Some(_), args, .. } = self.ast.kind(id) else { return false };
        let [first, _, ..] = args.as_slice() else { return false };
        let Some(found) = chain(self.ast, *first).filter(|found| found.segments.len() == 1) else {
            return false;
        };
        let name = found.segments.first().copied().unwrap_or_default();
        let known = self.local(name).is_some() || self.scope.flexible;
        self.scope.ours && !known && self.scope.resolve(&found.segments, found.root).is_none()
    }

    /// The function that is meant by `full`, if others have its name space.
    fn near_in_space(&self, full: &str) -> Option<Hint> {
        let (space, _) = full.rsplit_once('.').filter(|_| self.scope.ours)?;
        let names = self.cx.table.names(Style::Global).filter(|row| self.scope.allows(row));
        let known: Vec<&str> = names
            .map(|row| row.name)
            .filter(|name| name.rsplit_once('.').is_some_and(|(own, _)| own == space))
            .collect();
        let near = nearest(full, known.iter().copied()).or_else(|| known.first().copied())?;
        Some(Hint::Nearest(near.to_owned()))
    }

    fn refuse_name(&mut self, id: ExprId, at: Span, name: String, hint: Option<Hint>) {
        let error = self.unknown_call(at, name, None, hint);
        self.refuse(id, error);
    }

    /// Refuses an operator that the environment leaves out for operands of these types. True if it
    /// was refused.
    pub(super) fn operator_left_out(
        &mut self,
        id: ExprId,
        name: &str,
        at: Span,
        operands: &[ExprId],
    ) -> bool {
        let types: Vec<TypeId> = operands.iter().map(|id| self.type_of(*id)).collect();
        let rows: Vec<_> = self.cx.table.named(name, Style::Operator).collect();
        let left_out = rows.into_iter().any(|row| {
            let missing = row.library == STDLIB && !self.scope.allows(row);
            let table = &mut self.cx.out.types;
            missing && {
                let params = instantiate(table, &mut self.cx.unifier, row).0;
                let unifier = &mut self.cx.unifier;
                params.iter().zip(&types).all(|(to, from)| unifier.could_fit(table, *from, *to))
            }
        });
        if left_out {
            let operands = operands.iter().map(|id| self.shown(*id)).collect();
            self.refuse(id, NameError::OperatorLeftOut { at, op: name.to_owned(), operands });
        }
        left_out
    }

    /// How many parentheses stand around an expression that are no arguments.
    fn parentheses(&self, id: ExprId) -> u64 {
        let Some(Expr { span, outer, .. }) = self.ast.exprs.get(id) else { return 0 };
        let before = self.cx.files.text(Span { end: span.start.max(outer.start), ..*outer });
        lexemes(before).filter(|word| word.token == Token::OpenParen).count() as u64
    }

    /// Reports an expression that is larger, as it is written, than its environment allows.
    pub(super) fn check_size(&mut self, root: ExprId) {
        let EnvLimits { code_points_max, nesting_max } = self.scope.limits;
        if let Some(limit) = code_points_max {
            let size = self.cx.text(root).chars().count() as u64;
            if size > limit {
                let (at, fault) = (self.ast.span(root), SizeFault::CodePoints { size, limit });
                self.report(CallError::TooLarge { at, fault });
            }
        }
        let Some(limit) = nesting_max else { return };
        let mut left = vec![(root, 0)];
        while let Some((id, depth)) = left.pop() {
            // What is called or indexed stands in front of the brackets.
            let (brackets, outside) = match self.ast.kind(id) {
                ExprKind::Call { target, .. } => (true, *target),
                ExprKind::Index { operand, .. } => (true, Some(*operand)),
                ExprKind::List { .. } | ExprKind::Map { .. } | ExprKind::Message { .. } => {
                    (true, None)
                }
                ExprKind::Error
                | ExprKind::Literal(_)
                | ExprKind::Ident { .. }
                | ExprKind::Select { .. }
                | ExprKind::Unary { .. }
                | ExprKind::Binary { .. }
                | ExprKind::Logic { .. }
                | ExprKind::Conditional { .. } => (false, None),
            };
            let depth = depth + u64::from(brackets) + self.parentheses(id);
            if depth > limit {
                let (at, fault) = (self.ast.span(id), SizeFault::Brackets(limit));
                self.report(CallError::TooLarge { at, fault });
                return;
            }
            let children = self.ast.children(id).into_iter();
            let inside = |child| if Some(child) == outside { depth - 1 } else { depth };
            left.extend(children.map(|child| (child, inside(child))));
        }
    }
}
