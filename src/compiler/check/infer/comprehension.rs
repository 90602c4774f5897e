//! Macros: their ranges, variables, bodies and results.

use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::analysis::{Local, LocalId, MacroUse, Use, Vars};
use crate::compiler::check::error::{CallError, MacroFault, SizeFault, TypeError};
use crate::compiler::check::infer::name::chain;
use crate::compiler::check::infer::{Infer, Step};
use crate::compiler::check::macros::{self, BLOCK, Macro, MacroKind, MacroStyle};
use crate::compiler::check::scope::Entity;
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::lang::types::{Type, TypeId, TypeTable};

/// What macros once called the result that they make; other implementations still refuse it.
const ACCUMULATOR: &str = "__result__";

impl<'a> Infer<'_, 'a> {
    /// The receiver and the arguments of a call.
    fn parts_of(&self, id: ExprId) -> (Option<ExprId>, &'a [ExprId]) {
        let ExprKind::Call { target, args, .. } = self.ast.kind(id) else { return (None, &[]) };
        (*target, args)
    }

    pub(super) fn visit_macro(&mut self, id: ExprId, row: &'static Macro) {
        let (target, args) = self.parts_of(id);
        if let Some(error) = self.macro_fault(row, args) {
            self.refuse(id, error);
            return;
        }
        for variable in args.iter().take(row.variables) {
            self.refer(*variable, Use::Part);
        }
        let first = args.first().copied();
        self.push(Step::Close(id, row));
        if let (MacroKind::Block, [list, body]) = (row.kind, args) {
            self.visit_block(target, *list, *body);
            return;
        }
        match row.style {
            MacroStyle::Global => {
                if let Some(ExprKind::Select { operand, .. }) = first.map(|arg| self.ast.kind(arg))
                {
                    self.push(Step::Visit(*operand));
                }
            }
            MacroStyle::Member => {
                self.push(Step::Body(id, row));
                self.steps.extend(target.map(Step::Visit));
            }
            MacroStyle::Namespace(_) => {
                self.steps.extend(target.map(|_| Step::Body(id, row)));
                if let Some(target) = target {
                    self.refer(target, Use::Part);
                }
                self.steps.extend(args.get(1).map(|init| Step::Visit(*init)));
            }
        }
    }

    /// Whether it is `variables.x`, a variable of the document.
    fn is_variable(&self, id: ExprId) -> bool {
        let Some(found) = chain(self.ast, id) else { return false };
        let [first, name] = found.segments.as_slice() else { return false };
        let full = format!("{first}.{name}");
        *first == "variables"
            && self.local(first).is_none()
            && matches!(self.scope.names.get(&full), Some(Entity::Variable(_)))
    }

    /// What is wrong with the arguments of a macro, as written.
    fn macro_fault(&self, row: &'static Macro, args: &[ExprId]) -> Option<CallError> {
        let fault = |at: ExprId, fault| {
            let at = self.ast.span(at);
            Some(CallError::MacroArgument { at, name: row.name, fault })
        };
        if row.kind == MacroKind::Has {
            let arg = args.first().copied()?;
            if self.is_variable(arg) {
                return fault(arg, MacroFault::AVariable);
            }
            if matches!(self.ast.kind(arg), ExprKind::Select { .. } | ExprKind::Error) {
                return None;
            }
            return fault(arg, MacroFault::NotAField);
        }
        if row.kind == MacroKind::Block {
            let list = args.first().copied()?;
            let plain = if let ExprKind::List { elements } = self.ast.kind(list) {
                elements.iter().all(|element| !element.optional)
            } else {
                matches!(self.ast.kind(list), ExprKind::Error)
            };
            return if plain { None } else { fault(list, MacroFault::NotAList) };
        }
        let mut names = Vec::new();
        for arg in args.iter().take(row.variables).copied() {
            if let Some(name) = self.variable_name(arg) {
                if names.contains(&name) {
                    return fault(arg, MacroFault::SameVariable);
                }
                if name == *ACCUMULATOR && row.kind.walks() {
                    return fault(arg, MacroFault::Accumulator);
                }
                names.push(name);
            } else if !matches!(self.ast.kind(arg), ExprKind::Error) {
                return fault(arg, MacroFault::NotAName);
            }
        }
        let last = args.last().copied()?;
        let entry = matches!(self.ast.kind(last), ExprKind::Map { .. } | ExprKind::Error);
        if row.kind == MacroKind::TransformMapEntry && !entry {
            return fault(last, MacroFault::NotAnEntry);
        }
        None
    }

    /// The name of a variable as a macro introduces it.
    fn variable_name(&self, arg: ExprId) -> Option<Name> {
        if let ExprKind::Ident { name, root: false } = self.ast.kind(arg) {
            return Some(name.clone());
        }
        macros::spelled_variable(self.ast, arg).filter(|_| self.scope.has_library(BLOCK))
    }

    fn declare(&mut self, name: Name, ty: TypeId, span: Span) {
        let local = self.cx.out.locals.push(Local { name, ty, span });
        self.locals.push(local);
        self.declared.push(local);
    }

    /// The elements of a block, each of which may use those before it, then its body.
    fn visit_block(&mut self, target: Option<ExprId>, list: ExprId, body: ExprId) {
        self.refer(list, Use::Part);
        if let Some(target) = target {
            self.refer(target, Use::Part);
        }
        let ExprKind::List { elements } = self.ast.kind(list) else { return };
        self.push(Step::Visit(body));
        for (at, element) in elements.iter().enumerate().rev() {
            self.push(Step::Slot(element.value, at));
            self.push(Step::Visit(element.value));
        }
    }

    pub(super) fn slot(&mut self, element: ExprId, at: usize) {
        let name = Name::new(&macros::block_variable(at));
        self.declare(name, self.type_of(element), self.ast.span(element));
    }

    fn close_block(&mut self, id: ExprId, args: &[ExprId]) {
        let [list, body] = args else { return };
        let ExprKind::List { elements } = self.ast.kind(*list) else { return };
        let from = self.locals.len().saturating_sub(elements.len());
        let block = self.cx.out.blocks.push(self.locals.split_off(from));
        self.set(id, self.type_of(*body));
        self.refer(id, Use::Macro(MacroUse::Block(block)));
    }

    /// The range is typed: its variables begin, and the body is next.
    pub(super) fn body(&mut self, id: ExprId, row: &'static Macro) {
        let (target, args) = self.parts_of(id);
        let range = match row.style {
            MacroStyle::Namespace(_) => args.get(1).copied(),
            MacroStyle::Global | MacroStyle::Member => target,
        };
        let Some(range) = range else { return };
        let types = self.variable_types(range, row);
        for (at, ty) in args.iter().take(row.variables).zip(types) {
            if let Some(name) = self.variable_name(*at) {
                self.declare(name, ty, self.ast.span(*at));
            } else {
                let span = self.ast.span(*at);
                let local = Local { name: "".into(), ty: TypeTable::ERROR, span };
                let local = self.cx.out.locals.push(local);
                self.locals.push(local);
            }
        }
        if row.style == MacroStyle::Member && row.library.name != "optional" {
            self.nesting += 1;
            if self.nesting == self.scope.nesting_max + 1 {
                let at = self.ast.span(id);
                let fault = SizeFault::Comprehensions(self.scope.nesting_max);
                self.report(CallError::TooLarge { at, fault });
            }
        }
        let skip = if row.kind == MacroKind::Bind { 2 } else { row.variables };
        self.steps.extend(args.iter().skip(skip).rev().map(|arg| Step::Visit(*arg)));
    }

    /// The types of the variables of a macro over `range`.
    fn variable_types(&mut self, range: ExprId, row: &'static Macro) -> [TypeId; 2] {
        let ty = self.type_of(range);
        if row.kind == MacroKind::Bind {
            return [ty; 2];
        }
        let optional = matches!(row.kind, MacroKind::OptMap | MacroKind::OptFlatMap);
        let pair = row.variables == 2;
        // Only lists have an order.
        let walks = row.kind != MacroKind::SortBy;
        match (self.cx.ty(ty).clone(), optional) {
            (Type::Optional(inner), true) => [inner; 2],
            (Type::List(element), false) if pair => [TypeTable::INT, element],
            (Type::List(element), false) => [element; 2],
            (Type::Map(key, value), false) if walks => [key, value],
            (Type::Record(_), false) if walks => [TypeTable::STRING, TypeTable::DYN],
            (Type::Dyn | Type::Variable(_), _) => {
                self.fits(ty, TypeTable::DYN);
                [TypeTable::DYN; 2]
            }
            (Type::Error, _) => [TypeTable::ERROR; 2],
            _ => {
                let (at, given) = (self.ast.span(range), self.shown(range));
                self.report(TypeError::NotIterable { at, name: row.name, given, optional });
                [TypeTable::ERROR; 2]
            }
        }
    }

    /// The body is typed: the variables end, and the result is known.
    pub(super) fn close(&mut self, id: ExprId, row: &'static Macro) {
        let (target, args) = self.parts_of(id);
        if row.kind == MacroKind::Has {
            self.close_has(id, args);
            return;
        }
        if row.kind == MacroKind::Block {
            self.close_block(id, args);
            return;
        }
        let from = self.locals.len().saturating_sub(row.variables);
        let ended = self.locals.split_off(from);
        if row.style == MacroStyle::Member && row.library.name != "optional" {
            self.nesting = self.nesting.saturating_sub(1);
        }
        let Some(first) = ended.first().copied() else { return };
        let vars = Vars { first, second: ended.get(1).copied() };
        let (ty, refers) = self.macro_result(target, args, row, vars);
        self.set(id, ty);
        self.refer(id, Use::Macro(refers));
    }

    fn close_has(&mut self, id: ExprId, args: &[ExprId]) {
        if let Some(arg) = args.first().copied() {
            if let ExprKind::Select { operand, field, optional } = self.ast.kind(arg) {
                let ty = self.select(*operand, field, *optional);
                self.set(arg, ty);
            } else {
                self.set(arg, TypeTable::ERROR);
            }
        }
        self.set(id, TypeTable::BOOL);
        self.refer(id, Use::Macro(MacroUse::Has));
    }

    fn macro_result(
        &mut self,
        target: Option<ExprId>,
        args: &[ExprId],
        row: &'static Macro,
        vars: Vars,
    ) -> (TypeId, MacroUse) {
        let Some(last) = args.last().copied() else {
            return (TypeTable::ERROR, MacroUse::Has);
        };
        // A filter stands between the variables and what is made of each element.
        let filter = args.get(row.variables).copied().filter(|_| args.len() == row.variables + 2);
        if let (Some(filter), true) = (filter, row.kind != MacroKind::Bind) {
            self.expect_bool(filter, Some(row.name));
        }
        let made = self.type_of(last);
        let first = self.local_type(vars.first);
        match row.kind {
            // Both are closed on their own.
            MacroKind::Has | MacroKind::Block => (TypeTable::BOOL, MacroUse::Has),
            MacroKind::All => (self.predicate(last, row), MacroUse::All(vars)),
            MacroKind::Exists => (self.predicate(last, row), MacroUse::Exists(vars)),
            MacroKind::ExistsOne => (self.predicate(last, row), MacroUse::ExistsOne(vars)),
            MacroKind::Filter => {
                self.predicate(last, row);
                let refused = target.is_some_and(|id| self.type_of(id) == TypeTable::ERROR);
                let element = if refused { TypeTable::ERROR } else { first };
                (self.cx.out.types.list(element), MacroUse::Filter(vars))
            }
            MacroKind::Map => (self.cx.out.types.list(made), MacroUse::Map(vars)),
            MacroKind::SortBy => {
                let sorted = target.map_or(TypeTable::ERROR, |id| self.type_of(id));
                (sorted, MacroUse::SortBy(vars))
            }
            MacroKind::TransformList => {
                (self.cx.out.types.list(made), MacroUse::TransformList(vars))
            }
            MacroKind::TransformMap => {
                (self.cx.out.types.map(first, made), MacroUse::TransformMap(vars))
            }
            MacroKind::TransformMapEntry => (made, MacroUse::TransformMapEntry(vars)),
            MacroKind::Bind => (made, MacroUse::Bind(vars.first)),
            MacroKind::OptMap => (self.cx.out.types.optional(made), MacroUse::OptMap(vars.first)),
            MacroKind::OptFlatMap => {
                let refers = MacroUse::OptFlatMap(vars.first);
                (self.flat(last, made), refers)
            }
        }
    }

    /// A body that must be a bool.
    fn predicate(&mut self, body: ExprId, row: &'static Macro) -> TypeId {
        self.expect_bool(body, Some(row.name));
        TypeTable::BOOL
    }

    /// What `optFlatMap` yields: its body must be optional.
    fn flat(&mut self, body: ExprId, made: TypeId) -> TypeId {
        if matches!(self.cx.ty(made), Type::Optional(_) | Type::Dyn | Type::Error) {
            return made;
        }
        let (at, given) = (self.ast.span(body), self.shown(body));
        self.report(TypeError::NotOptional { at, given });
        TypeTable::ERROR
    }

    pub(super) fn local_type(&self, id: LocalId) -> TypeId {
        self.cx.out.locals.get(id).map_or(TypeTable::ERROR, |local| local.ty)
    }
}
