//! Macros and windows, opened into loops, bindings and comparisons.

use crate::compiler::check::analysis::{BlockId, LocalId, MacroUse, Vars, WindowInfo};
use crate::compiler::ir::lower::{Lowering, rows_of, undefined};
use crate::compiler::ir::{Loop, LoopKind, NodeId, NodeKind, Operator, Relation};
use crate::compiler::syntax::ast::{ExprId, ExprKind, LogicOp};
use crate::lang::constant::Constant;
use crate::lang::functions::Style;
use crate::lang::types::TypeTable;

impl Lowering<'_> {
    /// What the macro call `expr` computes.
    pub(crate) fn macro_call(&mut self, which: MacroUse, expr: ExprId) -> NodeKind {
        let ExprKind::Call { target, args, .. } = self.ast.kind(expr) else {
            return self.plain(expr);
        };
        let target = *target;
        let mut fold = |kind, vars| self.comprehension(kind, vars, (target, args), expr);
        match which {
            MacroUse::All(vars) => fold(LoopKind::All, vars),
            MacroUse::Exists(vars) => fold(LoopKind::Exists, vars),
            MacroUse::ExistsOne(vars) => fold(LoopKind::ExistsOne, vars),
            MacroUse::Filter(vars) => fold(LoopKind::Filter, vars),
            MacroUse::Map(vars) | MacroUse::TransformList(vars) => fold(LoopKind::List, vars),
            MacroUse::TransformMap(vars) => fold(LoopKind::MapValues, vars),
            MacroUse::TransformMapEntry(vars) => fold(LoopKind::MapEntries, vars),
            MacroUse::SortBy(vars) => self.sort_by(vars, target, args.get(1), expr),
            MacroUse::Has => self.has(args.first().copied(), expr),
            MacroUse::Bind(local) => match args.as_slice() {
                [_, init, body] => {
                    let (init, body) = (self.lower(*init), self.lower(*body));
                    NodeKind::Bind(local, init, body)
                }
                _ => undefined(),
            },
            MacroUse::Block(block) => self.block(block, args, expr),
            MacroUse::OptMap(local) => self.opt_map(local, target, args.get(1), false, expr),
            MacroUse::OptFlatMap(local) => self.opt_map(local, target, args.get(1), true, expr),
        }
    }

    /// `cel.block([a, b], body)`: a binding for each element, the first one outermost.
    fn block(&mut self, block: BlockId, args: &[ExprId], expr: ExprId) -> NodeKind {
        let analysis = self.analysis;
        let [list, body] = args else { return undefined() };
        let ExprKind::List { elements } = self.ast.kind(*list) else { return undefined() };
        let locals = analysis.blocks.get(block).map(Vec::as_slice).unwrap_or_default();
        let values: Vec<NodeId> = elements.iter().map(|it| self.lower(it.value)).collect();
        let mut made = self.lower(*body);
        for (local, value) in locals.iter().zip(values).rev() {
            made = self.node(NodeKind::Bind(*local, value, made), expr);
        }
        self.ir.kind(made).clone()
    }

    /// The range, an optional filter, and the body: the operands behind the variables.
    fn comprehension(
        &mut self,
        kind: LoopKind,
        vars: Vars,
        (target, args): (Option<ExprId>, &[ExprId]),
        expr: ExprId,
    ) -> NodeKind {
        let operands = args.get(if vars.second.is_some() { 2 } else { 1 }..).unwrap_or_default();
        let (Some(target), Some(body)) = (target, operands.last()) else { return undefined() };
        self.enter();
        let target = self.lower(target);
        let (range, first, source) = self.over(target, vars);
        let filter = match operands {
            [filter, _] => Some(self.lower(*filter)),
            _ => None,
        };
        let body = self.lower(*body);
        self.open -= 1;
        let second = vars.second;
        NodeKind::Loop(Box::new(match source {
            Some(source) => self.fused(kind, source, (filter, body), expr),
            None => Loop { kind, range, first, second, filter, body },
        }))
    }

    /// `x.sortBy(v, key)`: a list of keys, and the row that sorts by it.
    fn sort_by(
        &mut self,
        vars: Vars,
        target: Option<ExprId>,
        key: Option<&ExprId>,
        expr: ExprId,
    ) -> NodeKind {
        let (Some(target), Some(key)) = (target, key) else { return undefined() };
        let list = self.lower(target);
        let (range, local) = self.stand_in(list, expr);
        let body = self.lower(*key);
        let (first, second) = (vars.first, None);
        let keys = Loop { kind: LoopKind::List, range, first, second, filter: None, body };
        let keys = NodeKind::Loop(Box::new(keys));
        let keys = self.typed(keys, TypeTable::LIST_DYN, expr);
        let rows = rows_of("@sortByAssociatedKeys", Style::Member, 2);
        let body = self.node(NodeKind::Call(rows, vec![range, keys]), expr);
        NodeKind::Bind(local, list, body)
    }

    /// `o.optMap(v, t)`, or `o.optFlatMap(v, t)` with `flat`.
    fn opt_map(
        &mut self,
        local: LocalId,
        target: Option<ExprId>,
        body: Option<&ExprId>,
        flat: bool,
        expr: ExprId,
    ) -> NodeKind {
        let (Some(target), Some(body)) = (target, body) else { return undefined() };
        let operand = self.lower(target);
        // The optional is evaluated as a whole: a body that does not read its value must fail where
        // the value does.
        let (held, outer) = self.stand_in(operand, expr);
        let has = self.asked(NodeKind::HasValue(held), expr);
        let value = NodeKind::Call(rows_of("value", Style::Member, 1), vec![held]);
        let value = self.typed(value, TypeTable::DYN, expr);
        let body = self.mapped((has, value), (local, *body), flat, expr);
        let body = self.node(body, expr);
        NodeKind::Bind(outer, operand, body)
    }

    /// What `body` makes of the value that a local stands for, where there is one.
    fn mapped(
        &mut self,
        (has, value): (NodeId, NodeId),
        (local, body): (LocalId, ExprId),
        flat: bool,
        expr: ExprId,
    ) -> NodeKind {
        let mut mapped = self.lower(body);
        if flat {
            let yes = self.node(NodeKind::Bind(local, value, mapped), expr);
            let none = self.node(NodeKind::Constant(Constant::Optional(None)), expr);
            return NodeKind::Conditional(has, yes, none);
        }
        mapped = self.typed(NodeKind::Bind(local, value, mapped), TypeTable::DYN, expr);
        let of = NodeKind::Call(rows_of("optional.of", Style::Global, 1), vec![mapped]);
        let yes = self.node(of, expr);
        let none = self.node(NodeKind::Constant(Constant::Optional(None)), expr);
        NodeKind::Conditional(has, yes, none)
    }

    fn has(&mut self, arg: Option<ExprId>, expr: ExprId) -> NodeKind {
        let ast = self.ast;
        let Some(ExprKind::Select { operand, field, optional }) = arg.map(|arg| ast.kind(arg))
        else {
            return undefined();
        };
        let operand = self.lower(*operand);
        if *optional {
            let operator = Operator::SelectOptional;
            let select = self.select_optional(operand, &field.name, operator, expr);
            return NodeKind::HasValue(self.typed(select, TypeTable::DYN, expr));
        }
        match self.below(operand, &field.name) {
            Some((NodeKind::Path(path, _), _)) => self.has_path(operand, path),
            Some(_) | None => NodeKind::HasKey(operand, field.name.clone()),
        }
    }

    /// `windows.w.contains(t)`: the day of the week and the minute of the day, in its zone.
    pub(crate) fn window(&mut self, window: &WindowInfo, expr: ExprId) -> NodeKind {
        let Some(time) = self.ast.children(expr).last().copied() else { return undefined() };
        let time = self.lower(time);
        let (held, local) = self.stand_in(time, expr);
        let zone = Constant::String(window.zone.clone());
        let mut part = |name| {
            let zone = self.constant(zone.clone(), TypeTable::STRING, expr);
            let call = NodeKind::Call(rows_of(name, Style::Member, 2), vec![held, zone]);
            self.typed(call, TypeTable::INT, expr)
        };
        let (day, hour, minute) = (part("getDayOfWeek"), part("getHours"), part("getMinutes"));
        let sixty = self.constant(Constant::Int(60), TypeTable::INT, expr);
        let hours = NodeKind::Operator(Operator::Multiply, vec![hour, sixty]);
        let hours = self.typed(hours, TypeTable::INT, expr);
        let minutes = NodeKind::Operator(Operator::Add, vec![hours, minute]);
        let minutes = self.typed(minutes, TypeTable::INT, expr);
        let mut bound =
            |minute: u16| self.constant(Constant::Int(i64::from(minute)), TypeTable::INT, expr);
        let (from, to) = (bound(window.from_minute), bound(window.to_minute));
        let late = self.asked(NodeKind::Compare(Relation::GreaterEqual, minutes, from), expr);
        let early = self.asked(NodeKind::Compare(Relation::Less, minutes, to), expr);
        let today = self.on_days(day, window.days, expr);
        let body = if window.from_minute < window.to_minute {
            NodeKind::Logic(LogicOp::And, vec![today, late, early])
        } else {
            // Past midnight: the part before it belongs to its day, the part after it to the next.
            let after = self.on_days(day, (window.days << 1 | window.days >> 6) & 0x7F, expr);
            let before = self.asked(NodeKind::Logic(LogicOp::And, vec![today, late]), expr);
            let behind = self.asked(NodeKind::Logic(LogicOp::And, vec![after, early]), expr);
            NodeKind::Logic(LogicOp::Or, vec![before, behind])
        };
        let body = self.asked(body, expr);
        NodeKind::Bind(local, time, body)
    }

    fn on_days(&mut self, day: NodeId, days: u8, expr: ExprId) -> NodeId {
        let days = (0..7).filter(|day| days >> day & 1 == 1).map(Constant::Int).collect();
        let days = self.constant(Constant::List(days), TypeTable::LIST_DYN, expr);
        self.asked(NodeKind::In(day, days), expr)
    }
}
