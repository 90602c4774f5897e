//! Values: code that computes a node into a register, or names where it lies already.

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::compiler::check::analysis::{Analysis, LocalId};
use crate::compiler::emit::condition::Edges;
use crate::compiler::emit::function::{Dest, Draft, FunctionBuilder, Ref};
use crate::compiler::emit::paths::Places;
use crate::compiler::emit::policy::ChoiceCode;
use crate::compiler::emit::tables::{FinishedFunction, Tables};
use crate::compiler::ir::infallible::Infallibility;
use crate::compiler::ir::{Ir, LoopKind, NodeId, NodeKind, Operator, PathId, Variant};
use crate::compiler::syntax::ast::ExprId;
use crate::lang::constant::Constant;
use crate::lang::error::EvalError;
use crate::lang::opcodes::{Op, X_FIELD, X_OPTIONAL};
use crate::lang::types::TypeTable;
use crate::runtime::bundle::module::FunctionKind;

/// Where a local lives.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In a register.
    Register(u16),
    /// A row of columns: the first register, and the fields in order.
    Row {
        /// The register of the first column.
        first: u16,
        /// The names of the columns.
        columns: Vec<Name>,
    },
}

/// Writes functions, one at a time; tables are shared by all.
#[derive(Debug)]
pub(crate) struct Generator<'a> {
    pub(crate) ir: &'a Ir,
    pub(crate) analysis: &'a Analysis,
    pub(crate) places: &'a Places,
    /// Root node of every variable that is used.
    pub(crate) variables: &'a FxHashMap<Variant, NodeId>,
    pub(crate) tables: Tables,
    pub(crate) infallible: Infallibility<'a>,
    pub(crate) f: FunctionBuilder,
    pub(crate) locals: FxHashMap<LocalId, Place>,
    pub(crate) functions: Vec<FinishedFunction>,
    /// The entries of the output that is written, in the order of the document.
    pub(crate) choices: Vec<ChoiceCode>,
    variable_functions: FxHashMap<Variant, u16>,
    loop_functions: FxHashMap<NodeId, u16>,
}

impl<'a> Generator<'a> {
    pub(crate) fn new(
        ir: &'a Ir,
        analysis: &'a Analysis,
        places: &'a Places,
        variables: &'a FxHashMap<Variant, NodeId>,
        tables: Tables,
    ) -> Self {
        Self {
            ir,
            analysis,
            places,
            variables,
            tables,
            infallible: Infallibility::new(ir, &analysis.types),
            f: FunctionBuilder::new(),
            locals: FxHashMap::default(),
            functions: Vec::new(),
            choices: Vec::new(),
            variable_functions: FxHashMap::default(),
            loop_functions: FxHashMap::default(),
        }
    }

    /// A function of its own: what `write` writes. Returns its index; callees stand before.
    pub(crate) fn function(
        &mut self,
        kind: FunctionKind,
        name: &str,
        memo: bool,
        origin: ExprId,
        write: impl FnOnce(&mut Self),
    ) -> u16 {
        let outer = std::mem::replace(&mut self.f, FunctionBuilder::new());
        let outer_locals = std::mem::take(&mut self.locals);
        write(self);
        self.flush(origin);
        self.f.run_off_the_end();
        let builder = std::mem::replace(&mut self.f, outer);
        self.locals = outer_locals;
        let index = u16::try_from(self.functions.len()).unwrap_or(u16::MAX);
        self.f.callees.push(index);
        self.functions.push(FinishedFunction {
            kind,
            builder,
            name: name.to_owned(),
            memo,
            origin,
        });
        index
    }

    /// The function that decides `node`.
    pub(crate) fn condition_function(&mut self, node: NodeId, name: &str, memo: bool) -> u16 {
        let origin = self.ir.nodes[node].origin;
        self.function(FunctionKind::Condition, name, memo, origin, |this| {
            let edges = Edges { t: Dest::True, f: Dest::False, e: Dest::Error, next: None };
            this.condition(node, edges);
        })
    }

    /// The function that computes `node`.
    pub(crate) fn value_function(&mut self, node: NodeId, name: &str, memo: bool) -> u16 {
        let origin = self.ir.nodes[node].origin;
        let ty = self.tables.type_row(&self.analysis.types, self.ir.nodes[node].ty);
        self.function(FunctionKind::Value(ty), name, memo, origin, |this| {
            let a = this.value(node, None, Dest::Error);
            this.give_back(a, origin);
        })
    }

    /// Ends a value function.
    pub(crate) fn give_back(&mut self, a: Ref, origin: ExprId) {
        self.f.push(Draft { a, e: Dest::Error, ..Draft::new(Op::Return, origin) });
    }

    /// The function of a comprehension that stands alone.
    pub(crate) fn loop_function(&mut self, node: NodeId) -> u16 {
        if let Some(function) = self.loop_functions.get(&node) {
            self.f.callees.push(*function);
            return *function;
        }
        let origin = self.ir.nodes[node].origin;
        let function = self.function(FunctionKind::Condition, "", false, origin, |this| {
            if let NodeKind::Loop(it) = this.ir.kind(node) {
                let edges = Edges { t: Dest::True, f: Dest::False, e: Dest::Error, next: None };
                this.loop_condition(it, edges, origin);
            }
        });
        self.loop_functions.insert(node, function);
        function
    }

    /// The function of a variable; made when it is first used.
    pub(crate) fn variable_function(&mut self, variable: Variant) -> u16 {
        if let Some(function) = self.variable_functions.get(&variable) {
            self.f.callees.push(*function);
            return *function;
        }
        let Some(node) = self.variables.get(&variable).copied() else { return u16::MAX };
        let name = self.analysis.variables[variable.id].name.clone();
        let function = if self.ir.nodes[node].ty == TypeTable::BOOL {
            self.condition_function(node, &name, true)
        } else {
            self.value_function(node, &name, true)
        };
        self.variable_functions.insert(variable, function);
        function
    }

    /// Whether the current place sees locals.
    pub(crate) fn has_locals(&self) -> bool {
        !self.locals.is_empty()
    }

    /// Whether the value of `node` lies somewhere already: reading it may find nothing.
    pub(crate) fn is_place(&self, node: NodeId) -> bool {
        match self.ir.kind(node) {
            NodeKind::Path(..) | NodeKind::Local(_) => true,
            NodeKind::Select(operand, key) => match self.ir.kind(*operand) {
                // Every column is one, also where the list itself may be missing.
                NodeKind::Local(local) => self.column(*local, key).is_some(),
                _ => false,
            },
            _ => false,
        }
    }

    /// The slot that tells whether a place is there.
    pub(crate) fn presence(&self, path: PathId) -> Ref {
        Ref::Index(self.places.presence_or_value(path))
    }

    /// The register of a column.
    pub(crate) fn column(&self, local: LocalId, key: &str) -> Option<Ref> {
        let Some(Place::Row { first, columns }) = self.locals.get(&local) else { return None };
        let at = columns.iter().position(|column| column.as_str() == key)?;
        Some(Ref::Register(first.saturating_add(u16::try_from(at).ok()?)))
    }

    /// Where the value of `node` lies; with `want`, in that register.
    pub(crate) fn value(&mut self, node: NodeId, want: Option<u16>, e: Dest) -> Ref {
        let ir = self.ir;
        let origin = ir.nodes[node].origin;
        if !self.f.reachable {
            return self.into(want);
        }
        let e = if self.infallible.is_infallible(node) { Dest::Never } else { e };
        match ir.kind(node) {
            NodeKind::Constant(constant) => self.load(constant, want, origin),
            NodeKind::Path(path, _) => {
                let slot = Ref::Index(self.places.value(*path));
                self.moved(slot, want, e, origin)
            }
            NodeKind::Now => self.moved(Ref::Index(self.places.now()), want, Dest::Never, origin),
            NodeKind::Local(local) => {
                let place = match self.locals.get(local) {
                    Some(Place::Register(register)) => Ref::Register(*register),
                    Some(Place::Row { .. }) | None => return self.fail(want, e, origin),
                };
                self.moved(place, want, e, origin)
            }
            NodeKind::Select(operand, key) => self.selected(*operand, key, want, e, origin),
            NodeKind::Variable(variable) if ir.nodes[node].ty != TypeTable::BOOL => {
                let a = Ref::Index(self.variable_function(*variable));
                let c = self.into(want);
                self.f.push(Draft { a, c, e, ..Draft::new(Op::Need, origin) });
                c
            }
            NodeKind::Operator(operator, operands) => {
                self.operated(*operator, operands, want, e, origin)
            }
            NodeKind::Call(rows, args) => self.called(node, rows, args, want, e),
            NodeKind::Host(host, args) => {
                let host = self.tables.host(self.analysis, *host);
                self.with_arguments(Op::CallHost, Ref::Index(host), args, want, e, origin)
            }
            NodeKind::List(elements) => self.list(elements, want, e, origin),
            NodeKind::Map(entries) => self.map(entries, want, e, origin),
            NodeKind::Message(name, fields) => self.message(name, fields, want, e, origin),
            NodeKind::EnumOf(name, operand) => self.enum_of(name, *operand, want, e, origin),
            NodeKind::Conditional(condition, yes, no) => {
                self.chosen([*condition, *yes, *no], want, e, origin)
            }
            NodeKind::Bind(local, init, body) => {
                let c = want.unwrap_or_else(|| self.f.take(1));
                let mark = self.f.mark();
                self.bind(*local, *init);
                self.value(*body, Some(c), e);
                self.f.release(mark);
                Ref::Register(c)
            }
            NodeKind::Loop(it)
                if !matches!(it.kind, LoopKind::All | LoopKind::Exists | LoopKind::ExistsOne) =>
            {
                self.loop_value(it, want, e, origin)
            }
            NodeKind::Variable(_)
            | NodeKind::Logic(..)
            | NodeKind::Not(_)
            | NodeKind::Compare(..)
            | NodeKind::In(..)
            | NodeKind::HasPath(..)
            | NodeKind::HasKey(..)
            | NodeKind::HasValue(_)
            | NodeKind::Loop(_) => self.materialise(node, want, e),
        }
    }

    fn load(&mut self, constant: &Constant, want: Option<u16>, origin: ExprId) -> Ref {
        let b = Ref::Index(self.tables.constant(constant));
        let c = self.into(want);
        self.f.push(Draft { b, c, ..Draft::new(Op::LoadConst, origin) });
        c
    }

    /// The values of two operands. What fails first is the left one, as CEL reads: a place that
    /// may be empty is looked at before the right one is computed, if that can fail.
    pub(crate) fn both(&mut self, a: NodeId, b: NodeId, e: Dest) -> (Ref, Ref) {
        let empty = self.is_place(a) && !self.infallible.is_infallible(a);
        let fails = !self.is_place(b) && !self.infallible.is_infallible(b);
        let want = (empty && fails).then(|| self.f.take(1));
        (self.value(a, want, e), self.value(b, None, e))
    }

    pub(crate) fn into(&mut self, want: Option<u16>) -> Ref {
        Ref::Register(want.unwrap_or_else(|| self.f.take(1)))
    }

    fn moved(&mut self, place: Ref, want: Option<u16>, e: Dest, origin: ExprId) -> Ref {
        let Some(want) = want else { return place };
        let c = Ref::Register(want);
        self.f.push(Draft { a: place, c, e, ..Draft::new(Op::Move, origin) });
        c
    }

    /// What can never have a value.
    fn fail(&mut self, want: Option<u16>, e: Dest, origin: ExprId) -> Ref {
        let b = Ref::Index(u16::from(EvalError::NoSuchOverload as u8));
        let e = if e == Dest::Never { Dest::Error } else { e };
        self.f.push(Draft { b, e, ..Draft::new(Op::Fail, origin) });
        self.into(want)
    }

    /// A bool as a value.
    pub(crate) fn materialise(&mut self, node: NodeId, want: Option<u16>, e: Dest) -> Ref {
        let origin = self.ir.nodes[node].origin;
        let c = self.into(want);
        let (yes, no, end) = (self.f.label(), self.f.label(), self.f.label());
        let edges = Edges { t: Dest::To(yes), f: Dest::To(no), e, next: Some(yes) };
        if let (NodeKind::Loop(it), true) = (self.ir.kind(node), self.f.loops == 0) {
            self.loop_condition(it, edges, origin);
        } else {
            self.condition(node, edges);
        }
        for (label, value, last) in [(yes, true, false), (no, false, true)] {
            self.place(label, origin);
            if !self.f.reachable {
                continue;
            }
            let b = Ref::Index(self.tables.constant(&Constant::Bool(value)));
            self.f.push(Draft { b, c, ..Draft::new(Op::LoadConst, origin) });
            if !last {
                self.f.jump(Dest::To(end), origin);
            }
        }
        self.place(end, origin);
        c
    }

    fn selected(
        &mut self,
        operand: NodeId,
        key: &str,
        want: Option<u16>,
        e: Dest,
        origin: ExprId,
    ) -> Ref {
        if let NodeKind::Local(local) = self.ir.kind(operand)
            && let Some(column) = self.column(*local, key)
        {
            return self.moved(column, want, e, origin);
        }
        let (op, b) = match self.message_field(operand, key) {
            Some(field) => (Op::Field, field),
            None => (Op::Select, self.tables.constant(&Constant::String(key.into()))),
        };
        let a = self.value(operand, None, e);
        let c = self.into(want);
        self.f.push(Draft { a, b: Ref::Index(b), c, e, ..Draft::new(op, origin) });
        c
    }

    fn operated(
        &mut self,
        operator: Operator,
        operands: &[NodeId],
        want: Option<u16>,
        e: Dest,
        origin: ExprId,
    ) -> Ref {
        let op = match operator {
            Operator::Add => Op::Add,
            Operator::Subtract => Op::Subtract,
            Operator::Multiply => Op::Multiply,
            Operator::Divide => Op::Divide,
            Operator::Modulo => Op::Modulo,
            Operator::Negate => Op::Negate,
            Operator::Size => Op::Size,
            Operator::Index => Op::Index,
            Operator::IndexOptional | Operator::SelectOptional => Op::IndexOptional,
        };
        let (a, b) = if let [a, b] = operands {
            self.both(*a, *b, e)
        } else {
            let mut refs = operands.iter().map(|operand| self.value(*operand, None, e));
            (refs.next().unwrap_or(Ref::Index(0)), Ref::Index(0))
        };
        let c = self.into(want);
        let draft = Draft { a, b, c, e, ..Draft::new(op, origin) };
        let named = operator == Operator::SelectOptional;
        self.f.push(Draft { x: if named { X_FIELD } else { 0 }, ..draft });
        c
    }

    fn called(
        &mut self,
        node: NodeId,
        rows: &[u16],
        args: &[NodeId],
        want: Option<u16>,
        e: Dest,
    ) -> Ref {
        if self.is_fused(rows, args) {
            return self.materialise(node, want, e);
        }
        self.call(rows, args, want, e, self.ir.nodes[node].origin)
    }

    /// A call of one of `rows`: the first that takes the arguments.
    pub(crate) fn call(
        &mut self,
        rows: &[u16],
        args: &[NodeId],
        want: Option<u16>,
        e: Dest,
        origin: ExprId,
    ) -> Ref {
        match rows {
            [] => self.fail(want, e, origin),
            [row] => self.with_arguments(Op::Call, Ref::Index(*row), args, want, e, origin),
            _ => {
                let rows = Ref::Index(self.tables.dispatch(rows));
                self.with_arguments(Op::CallAny, rows, args, want, e, origin)
            }
        }
    }

    pub(crate) fn with_arguments(
        &mut self,
        op: Op,
        b: Ref,
        args: &[NodeId],
        want: Option<u16>,
        e: Dest,
        origin: ExprId,
    ) -> Ref {
        let c = want.unwrap_or_else(|| self.f.take(1));
        let mark = self.f.mark();
        let first = self.f.take(u16::try_from(args.len()).unwrap_or(u16::MAX));
        for (arg, register) in args.iter().zip(first..) {
            self.value(*arg, Some(register), e);
        }
        self.f.release(mark);
        let (a, c) = (Ref::Register(first), Ref::Register(c));
        self.f.push(Draft { a, b, c, e, ..Draft::new(op, origin) });
        c
    }

    fn list(
        &mut self,
        elements: &[(NodeId, bool)],
        want: Option<u16>,
        e: Dest,
        origin: ExprId,
    ) -> Ref {
        let into = self.into(want);
        let b = self.build(origin);
        for (element, optional) in elements {
            let mark = self.f.mark();
            let a = self.value(*element, None, e);
            let draft = Draft { a, b, e, ..Draft::new(Op::Append, origin) };
            self.f.push(Draft { x: if *optional { X_OPTIONAL } else { 0 }, ..draft });
            self.f.release(mark);
        }
        self.f.push(Draft { b, c: into, e, ..Draft::new(Op::EndList, origin) });
        self.f.release_cursor();
        into
    }

    fn map(
        &mut self,
        entries: &[(NodeId, NodeId, bool)],
        want: Option<u16>,
        e: Dest,
        origin: ExprId,
    ) -> Ref {
        let c = self.into(want);
        let b = self.build(origin);
        self.put(entries, b, e, origin);
        self.f.push(Draft { b, c, e, ..Draft::new(Op::EndMap, origin) });
        self.f.release_cursor();
        c
    }

    /// Adds entries to the map of `builder`.
    pub(crate) fn put(
        &mut self,
        entries: &[(NodeId, NodeId, bool)],
        builder: Ref,
        e: Dest,
        origin: ExprId,
    ) {
        for (key, value, optional) in entries {
            let mark = self.f.mark();
            let (a, c) = self.both(*key, *value, e);
            let draft = Draft { a, b: builder, c, e, ..Draft::new(Op::Put, origin) };
            self.f.push(Draft { x: if *optional { X_OPTIONAL } else { 0 }, ..draft });
            self.f.release(mark);
        }
    }

    /// Starts building a list or map.
    pub(crate) fn build(&mut self, origin: ExprId) -> Ref {
        let b = Ref::Cursor(self.f.take_cursor());
        self.f.push(Draft { b, ..Draft::new(Op::Build, origin) });
        b
    }

    fn chosen(
        &mut self,
        [condition, yes, no]: [NodeId; 3],
        want: Option<u16>,
        e: Dest,
        origin: ExprId,
    ) -> Ref {
        let c = want.unwrap_or_else(|| self.f.take(1));
        let (then, other, end) = (self.f.label(), self.f.label(), self.f.label());
        let edges = Edges { t: Dest::To(then), f: Dest::To(other), e, next: Some(then) };
        self.condition(condition, edges);
        self.place(then, origin);
        if self.f.reachable {
            self.value(yes, Some(c), e);
            self.f.jump(Dest::To(end), origin);
        }
        self.place(other, origin);
        if self.f.reachable {
            self.value(no, Some(c), e);
        }
        self.place(end, origin);
        Ref::Register(c)
    }

    /// Computes `init` once and lets `local` name it. If it fails the register holds the error,
    /// and whoever reads it fails.
    pub(crate) fn bind(&mut self, local: LocalId, init: NodeId) {
        let origin = self.ir.nodes[init].origin;
        let register = self.f.take(1);
        if self.infallible.is_infallible(init) {
            self.value(init, Some(register), Dest::Never);
            self.infallible.trust(local);
        } else {
            let (failed, end) = (self.f.label(), self.f.label());
            self.value(init, Some(register), Dest::To(failed));
            self.f.jump(Dest::To(end), origin);
            self.place(failed, origin);
            let c = Ref::Register(register);
            self.f.push(Draft { c, ..Draft::new(Op::Catch, origin) });
            self.place(end, origin);
        }
        self.locals.insert(local, Place::Register(register));
    }
}
