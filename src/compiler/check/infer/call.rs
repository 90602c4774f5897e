//! Calls: macros, decisions, the clock, windows, functions.

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::analysis::Use;
use crate::compiler::check::error::{CallError, Hint, NameError};
use crate::compiler::check::infer::name::chain;
use crate::compiler::check::infer::{Infer, Step};
use crate::compiler::check::macros;
use crate::compiler::check::overload::matching;
use crate::compiler::check::scope::Declared;
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::compiler::syntax::document::model::Wait;
use crate::diag::suggest::nearest;
use crate::lang::decision::Effect;
use crate::lang::functions::extremes::takes_any_number;
use crate::lang::functions::{Function, Style};
use crate::lang::types::{Type, TypeId, TypeTable};

/// A call, taken apart.
pub(super) struct Call<'a> {
    /// The expression.
    pub id: ExprId,
    /// The function, with its name space: `math.abs`.
    pub name: String,
    /// Global or method.
    pub style: Style,
    /// Whether the name starts at the root.
    pub root: bool,
    /// The operands, receiver first.
    pub operands: Vec<ExprId>,
    /// The arguments alone.
    pub args: &'a [ExprId],
}

impl<'a> Infer<'_, 'a> {
    pub(super) fn visit_call(&mut self, id: ExprId) {
        let ExprKind::Call { target, name, root, args } = self.ast.kind(id) else { return };
        let scope = self.scope;
        let wanted = macros::named(self.ast, id)
            .find(|row| row.args == args.len() && scope.allows_macro(row));
        if let Some(row) = wanted {
            self.visit_macro(id, row);
            return;
        }
        if self.visit_spelled_variable(id) || self.visit_extension(id) {
            return;
        }
        if self.refuse_absent(id) || self.miscounted_macro(id) {
            return;
        }
        let bare = target.is_none() && !root && scope.declared(&name.value, false).is_none();
        let effect = Effect::ALL.into_iter().find(|effect| name.value == effect.word());
        if let (true, Some(effect)) = (bare, effect) {
            self.visit_decision(id, effect, args);
            return;
        }
        if bare && scope.ours && name.value == "now" && args.is_empty() {
            self.set(id, TypeTable::TIMESTAMP);
            self.refer(id, Use::Now);
            return;
        }
        if self.visit_session(id) {
            return;
        }
        if let Some(target) = target {
            if self.visit_window(id, *target, args) {
                return;
            }
            if self.names_function(*target, &name.value) {
                if let Some(found) = chain(self.ast, *target) {
                    self.parts(&found, found.nodes.len());
                }
                self.visit_then_finish(id, args.iter().copied());
                return;
            }
        }
        self.visit_then_finish(id, target.iter().chain(args).copied());
    }

    /// `cel.index(0)` and its siblings: true if it is one, known or not.
    fn visit_spelled_variable(&mut self, id: ExprId) -> bool {
        let Some(name) = macros::spelled_variable(self.ast, id) else { return false };
        if self.local("cel").is_some() || !self.scope.has_library(macros::BLOCK) {
            return false;
        }
        for child in self.ast.children(id) {
            self.refer(child, Use::Part);
        }
        if let Some(local) = self.local(&name) {
            self.set(id, self.local_type(local));
            self.refer(id, Use::Local(local));
        } else {
            let (at, name) = (self.ast.span(id), self.cx.text(id).to_owned());
            self.refuse(id, NameError::UnknownName { at, name, hint: None });
        }
        true
    }

    /// Refuses a call that could only be a macro, if it had another number of arguments.
    fn miscounted_macro(&mut self, id: ExprId) -> bool {
        let ExprKind::Call { target, name, root, args } = self.ast.kind(id) else { return false };
        let style = if target.is_some() { Style::Member } else { Style::Global };
        let rows = macros::named(self.ast, id).filter(|row| self.scope.allows_macro(row));
        let mut wanted: Vec<usize> = rows.map(|row| row.args).collect();
        wanted.arrange();
        wanted.dedup();
        if wanted.is_empty()
            || self.builtins(&name.value, style, *root).next().is_some()
            || self.scope.declared(&name.value, *root).is_some()
        {
            return false;
        }
        let (first, last) = (args.first(), args.last());
        let arguments = first.zip(last).map(|(a, b)| self.ast.span(*a).to(self.ast.span(*b)));
        let (at, given) = (arguments.unwrap_or(name.span), args.len());
        let function = name.value.to_string();
        self.refuse(id, CallError::ArgumentCount { at, function, wanted, given });
        true
    }

    /// Whether `target.name` is the qualified name of a function, as `math.abs`.
    pub(super) fn names_function(&self, target: ExprId, name: &str) -> bool {
        let Some(found) = chain(self.ast, target) else { return false };
        let first = found.segments.first().copied().unwrap_or_default();
        if !found.root && self.local(first).is_some() {
            return false;
        }
        let full = format!("{}.{name}", found.segments.join("."));
        let declared = self.scope.declared(&full, found.root);
        declared.is_some_and(|list| list.iter().any(|function| !function.member))
            || self.builtins(&full, Style::Global, found.root).next().is_some()
            || self.scope.enumeration(&full, found.root).is_some()
    }

    /// The builtin rows of this name that may be used here.
    pub(super) fn builtins(
        &self,
        name: &str,
        style: Style,
        root: bool,
    ) -> impl Iterator<Item = &'static Function> + '_ {
        let scope = self.scope;
        let full = match style {
            Style::Operator | Style::Member => Some(name.to_owned()),
            Style::Global => scope
                .candidates(name, root)
                .into_iter()
                .find(|name| self.cx.table.named(name, style).next().is_some()),
        };
        let rows = full.map(|full| {
            let named = self.cx.table.named(&full, style);
            named.filter(move |row| scope.allows(row)).collect::<Vec<_>>()
        });
        rows.unwrap_or_default().into_iter()
    }

    /// `windows.<name>.contains(t)`: true if it is one, known or not.
    fn visit_window(&mut self, id: ExprId, target: ExprId, args: &[ExprId]) -> bool {
        let scope = self.scope;
        let Some(found) = chain(self.ast, target) else { return false };
        let ["windows", window] = found.segments.as_slice() else { return false };
        let ExprKind::Call { name, .. } = self.ast.kind(id) else { return false };
        let shadowed = self.local("windows").is_some() || scope.names.contains_key("windows");
        if !scope.ours || shadowed || found.root || (scope.flexible && scope.windows.is_empty()) {
            return false;
        }
        self.parts(&found, found.nodes.len());
        let Some(window_id) = scope.windows.get(*window) else {
            let known = scope.windows.keys().map(String::as_str);
            let hint = nearest(window, known).map(str::to_owned).map(Hint::Nearest);
            let (at, name) = (self.field_span(target), (*window).to_owned());
            let space = "windows";
            self.refuse(id, NameError::UnknownMember { at, space, name, hint });
            return true;
        };
        if name.value != "contains" {
            let hint = nearest(&name.value, ["contains"]).map(str::to_owned).map(Hint::Nearest);
            let (at, name) = (name.span, name.value.to_string());
            let on = Some("window".to_owned());
            self.refuse(id, NameError::UnknownFunction { at, name, on, hint });
            return true;
        }
        if args.len() != 1 {
            let at = name.span;
            let function = "contains".to_owned();
            let (wanted, given) = (vec![1], args.len());
            self.refuse(id, CallError::ArgumentCount { at, function, wanted, given });
            return true;
        }
        self.refer(id, Use::Window(*window_id));
        self.visit_then_finish(id, args.iter().copied());
        true
    }

    pub(super) fn field_span(&self, id: ExprId) -> Span {
        let ExprKind::Select { field, .. } = self.ast.kind(id) else { return self.ast.span(id) };
        field.span
    }

    pub(super) fn call(&self, id: ExprId) -> Option<Call<'a>> {
        let ExprKind::Call { target, name, root, args } = self.ast.kind(id) else { return None };
        let qualified = target.filter(|target| *self.cx.used(*target) == Use::Part);
        let qualified = qualified.and_then(|target| chain(self.ast, target));
        if let Some(found) = qualified {
            let name = format!("{}.{}", found.segments.join("."), name.value);
            let (style, root) = (Style::Global, found.root);
            return Some(Call { id, name, style, root, operands: args.clone(), args });
        }
        let style = if target.is_some() { Style::Member } else { Style::Global };
        let operands = target.iter().chain(args).copied().collect();
        Some(Call { id, name: name.value.to_string(), style, root: *root, operands, args })
    }

    pub(super) fn finish_call(&mut self, id: ExprId) {
        let used = self.cx.used(id);
        if matches!(used, Use::Window(_)) {
            self.finish_window(id);
        } else if matches!(used, Use::Decision(_)) {
            self.finish_decision(id);
        } else if let Some(extension) = self.extension_call(id) {
            self.finish_extension(id, &extension);
        } else if let Some(call) = self.call(id) {
            self.finish_function(&call);
        }
    }

    fn finish_window(&mut self, id: ExprId) {
        let ExprKind::Call { args, .. } = self.ast.kind(id) else { return };
        let Some(arg) = args.first().copied() else { return };
        let ty = self.type_of(arg);
        if !self.fits(ty, TypeTable::TIMESTAMP) {
            let (at, given) = (self.ast.span(arg), self.shown(arg));
            let wanted = vec![self.cx.show(TypeTable::TIMESTAMP)];
            let function = "contains".to_owned();
            self.report(CallError::ArgumentType { at, function, wanted, given });
        }
        self.set(id, TypeTable::BOOL);
    }

    fn finish_function(&mut self, call: &Call<'_>) {
        let rows: Vec<_> = self.builtins(&call.name, call.style, call.root).collect();
        let member = call.style == Style::Member;
        let scope = self.scope;
        let declared: Vec<Declared> = scope
            .declared(&call.name, call.root)
            .unwrap_or_default()
            .iter()
            .filter(|function| function.member == member)
            .cloned()
            .collect();
        let nothing = rows.is_empty() && declared.is_empty();
        if nothing && self.finish_enum(call) || self.finish_number_of_enum(call) {
            return;
        }
        let applied = match self.as_one_list(call, &rows) {
            Some(list) => self.apply_types(call.id, &rows, &[], &[list]),
            None => self.apply(call.id, &rows, &declared, &call.operands),
        };
        match applied {
            Some(result) => {
                self.set(call.id, result);
                self.check_literals(call);
            }
            None => self.refuse_call(call, &rows, &declared),
        }
    }

    /// `acme.Color(x)`, where enums are types: the value with this number or name; true if it is
    /// one.
    fn finish_enum(&mut self, call: &Call<'_>) -> bool {
        let scope = self.scope;
        let found = scope.enumeration(&call.name, call.root);
        let Some(found) = found.filter(|_| call.style == Style::Global) else { return false };
        let result = self.cx.out.types.intern(Type::Enum(found.name.clone()));
        let form = |(id, param)| Declared {
            name: found.name.clone(),
            id: Name::new(id),
            member: false,
            params: vec![param],
            result,
            wait: Wait::default(),
        };
        let forms = [("int_to_enum", TypeTable::INT), ("string_to_enum", TypeTable::STRING)];
        let forms = forms.map(form);
        let args: Vec<TypeId> = call.operands.iter().map(|it| self.type_of(*it)).collect();
        let types = &mut self.cx.out.types;
        match matching(types, &mut self.cx.unifier, &[], &forms, &args) {
            Some(matched) => {
                self.refer(call.id, Use::EnumOf(found.name.clone()));
                self.set(call.id, matched.result);
            }
            None => self.refuse_call(call, &[], &forms),
        }
        true
    }

    /// `int(e)` of a value of an enum that is a type; true if it is one.
    fn finish_number_of_enum(&mut self, call: &Call<'_>) -> bool {
        let [operand] = call.operands.as_slice() else { return false };
        let named = call.name == "int" && call.style == Style::Global;
        let is_enum = matches!(self.cx.ty(self.type_of(*operand)), Type::Enum(_));
        if !(named && is_enum) {
            return false;
        }
        self.refer(call.id, Use::EnumNumber);
        self.set(call.id, TypeTable::INT);
        true
    }

    /// The type of the list that the operands make, if the call hands them on as one.
    fn as_one_list(&mut self, call: &Call<'_>, rows: &[&'static Function]) -> Option<TypeId> {
        if rows.is_empty() || !takes_any_number(&call.name, call.operands.len()) {
            return None;
        }
        let element = self.join_all(call.operands.iter().map(|operand| (*operand, false)));
        Some(self.cx.out.types.list(element))
    }

    /// Resolves `id`, whose operands are typed, and notes what it can mean.
    pub(super) fn apply(
        &mut self,
        id: ExprId,
        rows: &[&'static Function],
        declared: &[Declared],
        operands: &[ExprId],
    ) -> Option<TypeId> {
        let args: Vec<TypeId> = operands.iter().map(|operand| self.type_of(*operand)).collect();
        self.apply_types(id, rows, declared, &args)
    }

    /// As `apply`, for operands of the types `args`.
    pub(super) fn apply_types(
        &mut self,
        id: ExprId,
        rows: &[&'static Function],
        declared: &[Declared],
        args: &[TypeId],
    ) -> Option<TypeId> {
        let types = &mut self.cx.out.types;
        let found = matching(types, &mut self.cx.unifier, rows, declared, args)?;
        let host = found.declared.and_then(|at| declared.get(at));
        let refers = match host {
            Some(function) => Use::Host(self.cx.host(function)),
            None => Use::Overloads(found.rows),
        };
        self.refer(id, refers);
        Some(found.result)
    }

    /// Types `id` next.
    pub(super) fn push_visit(&mut self, id: ExprId) {
        self.push(Step::Visit(id));
    }

    pub(super) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }
}
