//! The type of every expression, and what each name and call refers to.
//!
//! In:      an expression, the names that are visible, what its rule narrows.
//! Out:     entries of `Analysis::{expr_types, uses, locals}`; the type of the whole.
//! Imports: `compiler::syntax`, `lang`.
//! Source:  CEL language definition, "Type checking" and "Macros".
//!
//! The walk has its own stack of steps, so its depth costs no machine stack. An expression is
//! visited, its operands are typed, then it is finished; a macro types its range, declares its
//! variables, types its body, and closes.

mod absent;
mod call;
mod collection;
mod comprehension;
pub(super) mod decision;
mod literal;
mod message;
mod name;
mod operator;
mod refused;
mod select;
mod session;

use crate::compiler::check::analysis::{LocalId, Use};
use crate::compiler::check::error::{CheckError, TypeError};
use crate::compiler::check::macros::Macro;
use crate::compiler::check::scope::{Frame, Scope};
use crate::compiler::check::state::{CallAccess, Checker};
use crate::compiler::check::unify::UnboundVariables;
use crate::compiler::syntax::ast::{Ast, ExprId, ExprKind, Literal};
use crate::lang::types::{TypeId, TypeTable};

/// What is left to do, the next one last.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// Type it.
    Visit(ExprId),
    /// Its operands are typed.
    Finish(ExprId),
    /// The range of the macro is typed: declare its variables, then type its body.
    Body(ExprId, &'static Macro),
    /// The element of the block at this position is typed: its variable begins.
    Slot(ExprId, usize),
    /// The body of the macro is typed; its variables end.
    Close(ExprId, &'static Macro),
    /// The literal of a message type that is not known is typed.
    KnownAgain,
}

/// What an expression may yield.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// A value.
    Value,
    /// A value or a decision.
    Outcome,
    /// A value that becomes an element of the list that `aggregate` makes.
    Element,
}

/// What came out.
pub(super) struct Inferred {
    /// The type of the whole.
    pub ty: TypeId,
    /// What it reads of a call.
    pub reads: CallAccess,
}

/// Types `root` and everything in it.
pub(super) fn infer(
    cx: &mut Checker<'_>,
    scope: &Scope,
    frame: &Frame,
    root: ExprId,
    place: Place,
) -> Inferred {
    cx.unifier.reset();
    let ast = cx.ast();
    let mut walk = Infer {
        cx,
        ast,
        root,
        scope,
        frame,
        locals: Vec::new(),
        declared: Vec::new(),
        steps: vec![Step::Visit(root)],
        seen: Vec::new(),
        place,
        outcomes: if place == Place::Outcome { outcomes(ast, root) } else { Vec::new() },
        reads: CallAccess::default(),
        nesting: 0,
        left_of: Vec::new(),
        in_unknown_message: false,
        broken: ast.broken.contains(&root),
    };
    walk.check_size(root);
    walk.run();
    walk.close_types();
    let (reads, broken) = (walk.reads, walk.broken);
    let ty = if broken { TypeTable::ERROR } else { cx.type_at(root) };
    Inferred { ty, reads }
}

/// The places of `root` where a decision may stand: the whole, the branches of a conditional, and
/// the body of a `cel.bind`.
fn outcomes(ast: &Ast, root: ExprId) -> Vec<ExprId> {
    let mut found = Vec::new();
    let mut left = vec![root];
    while let Some(id) = left.pop() {
        found.push(id);
        match ast.kind(id) {
            ExprKind::Conditional { yes, no, .. } => left.extend([*yes, *no]),
            ExprKind::Call { name, args, .. } if name.value == "bind" => {
                left.extend(args.get(2).copied());
            }
            ExprKind::Error
            | ExprKind::Literal(_)
            | ExprKind::Ident { .. }
            | ExprKind::Select { .. }
            | ExprKind::Index { .. }
            | ExprKind::Call { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Binary { .. }
            | ExprKind::Logic { .. }
            | ExprKind::List { .. }
            | ExprKind::Map { .. }
            | ExprKind::Message { .. } => {}
        }
    }
    found
}

/// The walk over one expression.
struct Infer<'c, 'a> {
    cx: &'c mut Checker<'a>,
    ast: &'a Ast,
    root: ExprId,
    scope: &'c Scope,
    frame: &'c Frame,
    /// The variables of macros that are visible, innermost last.
    locals: Vec<LocalId>,
    /// All variables of macros.
    declared: Vec<LocalId>,
    steps: Vec<Step>,
    /// What has a type, perhaps with variables in it.
    seen: Vec<ExprId>,
    /// What the whole may yield, and where in it a decision may stand.
    place: Place,
    outcomes: Vec<ExprId>,
    reads: CallAccess,
    nesting: u32,
    /// The left operands of operators that are not typed yet, and their operators.
    left_of: Vec<(ExprId, ExprId)>,
    /// Whether what is typed stands in a literal of a message type that is not known.
    in_unknown_message: bool,
    /// Whether the tree is another one than the author wrote.
    broken: bool,
}

impl Infer<'_, '_> {
    fn run(&mut self) {
        while let Some(step) = self.steps.pop() {
            match step {
                Step::Visit(id) => self.visit(id),
                Step::Finish(id) => self.finish(id),
                Step::Body(id, row) => self.body(id, row),
                Step::Slot(element, at) => self.slot(element, at),
                Step::Close(id, row) => self.close(id, row),
                Step::KnownAgain => self.in_unknown_message = false,
            }
        }
    }

    /// Replaces what is left of type variables by `dyn`.
    fn close_types(&mut self) {
        for id in std::mem::take(&mut self.seen) {
            let ty = self.cx.type_at(id);
            let closed = self.cx.unifier.resolve(&mut self.cx.out.types, ty, UnboundVariables::Dyn);
            self.cx.set_type(id, closed);
        }
        for id in std::mem::take(&mut self.declared) {
            let Some(local) = self.cx.out.locals.get_mut(id) else { continue };
            local.ty =
                self.cx.unifier.resolve(&mut self.cx.out.types, local.ty, UnboundVariables::Dyn);
        }
    }

    fn set(&mut self, id: ExprId, ty: TypeId) {
        let ty = if self.cx.unchecked { TypeTable::DYN } else { ty };
        self.cx.set_type(id, ty);
        self.seen.push(id);
    }

    fn refer(&mut self, id: ExprId, to: Use) {
        if let Some(entry) = self.cx.out.uses.get_mut(id) {
            *entry = to;
        }
    }

    /// The type of a typed expression; a variable is followed as far as it is bound.
    fn type_of(&self, id: ExprId) -> TypeId {
        self.cx.unifier.shallow(&self.cx.out.types, self.cx.type_at(id))
    }

    /// The type with its variables replaced, for messages.
    fn closed(&mut self, ty: TypeId) -> TypeId {
        self.cx.unifier.resolve(&mut self.cx.out.types, ty, UnboundVariables::Dyn)
    }

    /// The type of an expression in CEL's words.
    fn shown(&mut self, id: ExprId) -> String {
        let ty = self.closed(self.cx.type_at(id));
        self.cx.show(ty)
    }

    fn fits(&mut self, from: TypeId, to: TypeId) -> bool {
        self.cx.unifier.assignable(&self.cx.out.types, from, to)
    }

    /// Says what is wrong: of a tree that the author did not write only its names; without a
    /// check, only what no evaluation can find.
    fn report(&mut self, error: impl Into<CheckError>) {
        let error = error.into();
        let follows = self.broken && !matches!(error, CheckError::Name(_));
        if !(follows || self.cx.unchecked && error.is_met_at_run_time()) {
            self.cx.report(error);
        }
    }

    /// Refuses `id`; whatever is made of it is not spoken of again.
    fn refuse(&mut self, id: ExprId, error: impl Into<CheckError>) {
        self.report(error);
        self.set(id, TypeTable::ERROR);
    }

    fn visit_then_finish(&mut self, id: ExprId, operands: impl DoubleEndedIterator<Item = ExprId>) {
        self.steps.push(Step::Finish(id));
        self.steps.extend(operands.rev().map(Step::Visit));
    }

    fn visit(&mut self, id: ExprId) {
        match self.ast.kind(id) {
            ExprKind::Error => self.set(id, TypeTable::ERROR),
            ExprKind::Literal(literal) => self.set(id, literal_type(literal)),
            ExprKind::Ident { .. } | ExprKind::Select { .. } => self.visit_name(id),
            ExprKind::Call { .. } => self.visit_call(id),
            ExprKind::Index { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Logic { .. }
            | ExprKind::Conditional { .. }
            | ExprKind::List { .. }
            | ExprKind::Map { .. } => {
                self.visit_then_finish(id, self.ast.children(id).into_iter());
            }
            ExprKind::Binary { lhs, rhs, .. } => {
                self.left_of.push((*lhs, id));
                self.visit_then_finish(id, [*lhs, *rhs].into_iter());
            }
            ExprKind::Message { name, root, .. } => self.visit_message(id, name, *root),
        }
    }

    fn finish(&mut self, id: ExprId) {
        match self.ast.kind(id) {
            ExprKind::Select { operand, field, optional } => {
                let ty = self.select(*operand, field, *optional);
                self.set(id, ty);
            }
            ExprKind::Index { operand, index, optional } => {
                self.finish_index(id, *operand, *index, *optional);
            }
            ExprKind::Call { .. } => self.finish_call(id),
            ExprKind::Unary { op, operand } => self.finish_unary(id, op, *operand),
            ExprKind::Binary { op, lhs, rhs } => {
                self.left_of.pop();
                self.finish_binary(id, op, *lhs, *rhs);
            }
            ExprKind::Logic { op, operands, .. } => self.finish_logic(id, *op, operands),
            ExprKind::Conditional { condition, yes, no, .. } => {
                self.finish_conditional(id, *condition, *yes, *no);
            }
            ExprKind::List { elements } => self.finish_list(id, elements),
            ExprKind::Map { entries } => self.finish_map(id, entries),
            ExprKind::Message { name, root, fields } => {
                self.finish_message(id, name, *root, fields);
            }
            ExprKind::Error | ExprKind::Literal(_) | ExprKind::Ident { .. } => {}
        }
    }

    /// Whether `id`, a condition, is a bool; if not, it says so.
    fn expect_bool(&mut self, id: ExprId, operator: Option<&'static str>) {
        let ty = self.type_of(id);
        if self.fits(ty, TypeTable::BOOL) {
            return;
        }
        let (at, given) = (self.ast.span(id), self.shown(id));
        let text = self.cx.text(id).to_owned();
        self.report(TypeError::NotBool { at, given, text, operator });
    }

    /// The variables of macros that are visible here.
    fn local_names(&self) -> Vec<&str> {
        let local = |id: &LocalId| self.cx.out.locals.get(*id);
        self.locals.iter().filter_map(local).map(|local| local.name.as_str()).collect()
    }
}

const fn literal_type(literal: &Literal) -> TypeId {
    match literal {
        Literal::Null => TypeTable::NULL,
        Literal::Bool(_) => TypeTable::BOOL,
        Literal::Int(_) => TypeTable::INT,
        Literal::Uint(_) => TypeTable::UINT,
        Literal::Double(_) => TypeTable::DOUBLE,
        Literal::String(_) => TypeTable::STRING,
        Literal::Bytes(_) => TypeTable::BYTES,
    }
}
