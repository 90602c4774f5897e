//! From checked trees to nodes.
//!
//! Selections from the context become paths and operators that only ask become comparisons; what
//! a row of the builtins computes stays a call. Macros are opened in `ir::macros`.

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::check::analysis::{Analysis, LocalId, Root, Use, VariableId};
use crate::compiler::ir::fold::fold;
use crate::compiler::ir::{Ir, Node, NodeId, NodeKind, Operator, Path, PathId, Relation, Variant};
use crate::compiler::syntax::ast::{
    Ast, BinaryOp, ExprId, ExprKind, Field, Literal, LogicOp, UnaryOp,
};
use crate::lang::constant::Constant;
use crate::lang::functions::extremes::takes_any_number;
use crate::lang::functions::{Style, by_number, named};
use crate::lang::session;
use crate::lang::types::{RecordField, Type, TypeId, TypeTable};

/// Lowers expressions into one `Ir`.
#[derive(Debug)]
pub struct Lowering<'a> {
    pub(crate) ast: &'a Ast,
    pub(crate) analysis: &'a Analysis,
    /// The nodes so far.
    pub ir: Ir,
    paths: FxHashMap<Path, PathId>,
    context: Option<TypeId>,
    /// Locals that stand for what a loop that was taken in makes of an element.
    pub(crate) taken_in: FxHashMap<LocalId, NodeId>,
    /// Locals of the comprehensions around here, and in them, whose value is an element of a list
    /// in the context; and whether that is an object.
    pub(crate) elements: Vec<(LocalId, bool)>,
    /// Comprehensions around here.
    pub(crate) open: usize,
    /// What `rule.result` stands for.
    result: Option<NodeId>,
    /// Whether constants are left to the program.
    unfolded: bool,
}

impl<'a> Lowering<'a> {
    /// Nothing lowered yet; with `unfolded` the program computes what is known already.
    #[must_use]
    pub fn new(ast: &'a Ast, analysis: &'a Analysis, unfolded: bool) -> Self {
        Self {
            ast,
            analysis,
            ir: Ir::default(),
            paths: FxHashMap::default(),
            context: None,
            taken_in: FxHashMap::default(),
            elements: Vec::new(),
            open: 0,
            result: None,
            unfolded,
        }
    }

    /// The object type of the whole context for the expressions that follow, if whoever runs them
    /// asks for what it requires: then that is there wherever they read it.
    pub fn set_context(&mut self, context: Option<TypeId>) {
        self.context = context;
    }

    /// The form of a variable that the expressions to come run.
    #[must_use]
    pub const fn variant(&self, id: VariableId) -> Variant {
        Variant { id, asked: self.context.is_some() }
    }

    /// The node for `expr`.
    pub fn lower(&mut self, expr: ExprId) -> NodeId {
        if let Some(operand) = self.dyn_operand(expr) {
            // `dyn` changes what the checker allows, not the value.
            return self.lower(operand);
        }
        if let Some(Use::Local(local)) = self.analysis.uses.get(expr)
            && let Some(node) = self.taken_in.get(local)
        {
            return *node;
        }
        if let (Some(Use::Result), Some(node)) = (self.analysis.uses.get(expr), self.result) {
            return node;
        }
        let kind = self.meant(expr);
        self.node(kind, expr)
    }

    /// What `lower` makes where `rule.result` stands for `result`.
    pub(crate) fn with_result<T>(
        &mut self,
        result: NodeId,
        lower: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.result = Some(result);
        let made = lower(self);
        self.result = None;
        made
    }

    /// The operand of a call of `dyn`.
    fn dyn_operand(&self, expr: ExprId) -> Option<ExprId> {
        let Use::Overloads(rows) = self.analysis.uses.get(expr)? else { return None };
        let is_dyn = by_number(*rows.first()?)?.name == "dyn";
        self.ast.children(expr).first().copied().filter(|_| is_dyn)
    }

    /// A node of the type of `origin`, folded if its operands are constants.
    pub(crate) fn node(&mut self, kind: NodeKind, origin: ExprId) -> NodeId {
        let ty = self.analysis.expr_types.get(origin).copied().unwrap_or(TypeTable::DYN);
        self.typed(kind, ty, origin)
    }

    /// A node of this type, folded if its operands are constants.
    pub(crate) fn typed(&mut self, kind: NodeKind, ty: TypeId, origin: ExprId) -> NodeId {
        let (kind, ty) = if self.unfolded { (kind, ty) } else { fold(&self.ir, kind, ty) };
        self.ir.nodes.push(Node { kind, ty, origin })
    }

    /// A bool node.
    pub(crate) fn asked(&mut self, kind: NodeKind, origin: ExprId) -> NodeId {
        self.typed(kind, TypeTable::BOOL, origin)
    }

    /// A constant.
    pub(crate) fn constant(&mut self, value: Constant, ty: TypeId, origin: ExprId) -> NodeId {
        self.typed(NodeKind::Constant(value), ty, origin)
    }

    /// The nodes of several expressions.
    pub(crate) fn all(&mut self, exprs: &[ExprId]) -> Vec<NodeId> {
        exprs.iter().map(|expr| self.lower(*expr)).collect()
    }

    fn meant(&mut self, expr: ExprId) -> NodeKind {
        const PLAIN: &Use = &Use::Plain;
        let analysis = self.analysis;
        match analysis.uses.get(expr).unwrap_or(PLAIN) {
            Use::Root(root) => {
                let root = &analysis.roots[*root];
                let there = self.root_there(root);
                let path = self.path(root.path.clone());
                if let [name] = root.path.as_slice() {
                    // Whatever document reads it: an input beyond a bound is refused.
                    for context in analysis.policies.iter().filter_map(|info| info.context) {
                        let field = self.field(context, name);
                        self.bound(path, field.and_then(|field| field.max_items.as_ref()));
                    }
                }
                NodeKind::Path(path, there)
            }
            Use::Answered(root) => {
                let path = analysis.roots.get(*root).map(|root| root.path.clone());
                NodeKind::HasPath(None, self.path(path.unwrap_or_default()), None)
            }
            Use::Local(local) => NodeKind::Local(*local),
            Use::Variable(id) => NodeKind::Variable(self.variant(*id)),
            Use::Now => NodeKind::Now,
            Use::Constant(constant) => NodeKind::Constant(constant.clone()),
            Use::Host(host) => NodeKind::Host(*host, self.operands(expr)),
            Use::Window(window) => self.window(&analysis.windows[*window], expr),
            Use::Macro(which) => self.macro_call(*which, expr),
            Use::Overloads(rows) => self.call(rows, expr),
            Use::Plain | Use::Part | Use::Decision(_) => self.plain(expr),
            Use::Message(name) => self.message(name, expr),
            Use::Enum(name, number) => NodeKind::Constant(Constant::Enum(name.clone(), *number)),
            Use::EnumOf(name) => self.enum_of(name, expr),
            Use::EnumNumber => self.enum_number(expr),
            Use::Result => undefined(),
        }
    }

    /// What the tree alone says.
    pub(crate) fn plain(&mut self, expr: ExprId) -> NodeKind {
        let ast = self.ast;
        match ast.kind(expr) {
            ExprKind::Literal(literal) => NodeKind::Constant(constant_of(literal)),
            ExprKind::Select { operand, field, optional } => {
                self.select(*operand, field, *optional, expr)
            }
            ExprKind::Index { operand, index, optional } => {
                self.index(*operand, *index, *optional, expr)
            }
            ExprKind::Unary { op, operand } => {
                let operand = self.lower(*operand);
                match op.value {
                    UnaryOp::Not => NodeKind::Not(operand),
                    UnaryOp::Negate => NodeKind::Operator(Operator::Negate, vec![operand]),
                }
            }
            ExprKind::Binary { op, lhs, rhs } => self.binary(op.value, *lhs, *rhs, expr),
            ExprKind::Logic { op, operands, .. } => self.logic(*op, operands),
            ExprKind::Conditional { condition, yes, no, .. } => {
                let condition = self.lower(*condition);
                let (yes, no) = (self.lower(*yes), self.lower(*no));
                NodeKind::Conditional(condition, yes, no)
            }
            ExprKind::List { elements } => NodeKind::List(
                elements.iter().map(|it| (self.lower(it.value), it.optional)).collect(),
            ),
            ExprKind::Map { entries } => NodeKind::Map(
                entries
                    .iter()
                    .map(|it| (self.lower(it.key), self.lower(it.value), it.optional))
                    .collect(),
            ),
            ExprKind::Call { .. } => self.extension(expr),
            // A checked tree has a meaning for each of these; without one the value is an error,
            // which fails closed.
            ExprKind::Error | ExprKind::Ident { .. } | ExprKind::Message { .. } => undefined(),
        }
    }

    fn logic(&mut self, op: LogicOp, operands: &[ExprId]) -> NodeKind {
        let mut nodes = Vec::new();
        for operand in operands {
            let node = self.lower(*operand);
            if let NodeKind::Logic(inner, parts) = self.ir.kind(node)
                && *inner == op
            {
                nodes.extend(parts.clone());
            } else {
                nodes.push(node);
            }
        }
        NodeKind::Logic(op, nodes)
    }

    fn binary(&mut self, op: BinaryOp, lhs: ExprId, rhs: ExprId, expr: ExprId) -> NodeKind {
        let (lhs, rhs) = (self.lower(lhs), self.lower(rhs));
        let operator = |operator| NodeKind::Operator(operator, vec![lhs, rhs]);
        let mut compare = |relation: Relation| {
            let any = self.any(relation, (lhs, rhs), expr);
            let any = any.or_else(|| self.any(relation.mirrored(), (rhs, lhs), expr));
            any.unwrap_or(NodeKind::Compare(relation, lhs, rhs))
        };
        match op {
            BinaryOp::Equal => compare(Relation::Equal),
            BinaryOp::NotEqual => compare(Relation::NotEqual),
            BinaryOp::Less => compare(Relation::Less),
            BinaryOp::LessEqual => compare(Relation::LessEqual),
            BinaryOp::Greater => compare(Relation::Greater),
            BinaryOp::GreaterEqual => compare(Relation::GreaterEqual),
            BinaryOp::In => match self.among(lhs, rhs, expr) {
                Some(exists) => exists,
                None => NodeKind::In(lhs, rhs),
            },
            BinaryOp::Add => operator(Operator::Add),
            BinaryOp::Subtract => operator(Operator::Subtract),
            BinaryOp::Multiply => operator(Operator::Multiply),
            BinaryOp::Divide => operator(Operator::Divide),
            BinaryOp::Modulo => operator(Operator::Modulo),
        }
    }

    /// The operands of a call, the receiver first unless it only qualifies the name.
    pub(crate) fn operands(&mut self, expr: ExprId) -> Vec<NodeId> {
        let analysis = self.analysis;
        let mut children = self.ast.children(expr);
        children.retain(|child| analysis.uses.get(*child) != Some(&Use::Part));
        self.all(&children)
    }

    /// A call or operator whose rows the checker found. Operators have instructions of their own,
    /// and so do a few functions.
    fn call(&mut self, rows: &[u16], expr: ExprId) -> NodeKind {
        let ExprKind::Call { .. } = self.ast.kind(expr) else { return self.plain(expr) };
        let args = self.operands(expr);
        let name = rows.first().and_then(|row| by_number(*row)).map_or("", |row| row.name);
        match (name, args.as_slice()) {
            ("size", [operand]) => match self.size_of(*operand) {
                Some(kind) => kind,
                None => NodeKind::Operator(Operator::Size, args),
            },
            ("hasValue", [operand]) => match self.ir.constant(*operand) {
                Some(Constant::Optional(held)) => {
                    NodeKind::Constant(Constant::Bool(held.is_some()))
                }
                _ => NodeKind::HasValue(*operand),
            },
            ("or", [first, second]) => self.or(false, *first, *second, expr),
            (_, [_, _, _, ..]) if takes_any_number(name, args.len()) => {
                let list = NodeKind::List(args.into_iter().map(|arg| (arg, false)).collect());
                let list = self.typed(list, TypeTable::LIST_DYN, expr);
                NodeKind::Call(rows.to_vec(), vec![list])
            }
            ("orValue", [first, second]) => self.or(true, *first, *second, expr),
            _ => NodeKind::Call(rows.to_vec(), args),
        }
    }

    /// `a.or(b)`, or `a.orValue(b)` with `unwrap`: `b` is computed only if `a` is empty.
    fn or(&mut self, unwrap: bool, first: NodeId, second: NodeId, expr: ExprId) -> NodeKind {
        if let (Some(Constant::Optional(held)), Some(other)) =
            (self.ir.constant(first), self.ir.constant(second))
        {
            return NodeKind::Constant(match held {
                None => other.clone(),
                Some(value) if unwrap => (**value).clone(),
                Some(_) => Constant::Optional(held.clone()),
            });
        }
        if let Some((has, value)) = self.presence(first).filter(|_| unwrap) {
            return NodeKind::Conditional(has, value, second);
        }
        let (held, local) = self.stand_in(first, expr);
        let has = self.asked(NodeKind::HasValue(held), expr);
        let present = if unwrap {
            let value = NodeKind::Call(rows_of("value", Style::Member, 1), vec![held]);
            self.node(value, expr)
        } else {
            held
        };
        let body = self.node(NodeKind::Conditional(has, present, second), expr);
        NodeKind::Bind(local, first, body)
    }

    /// Of an optional that holds a value where a question is answered with yes: the question and
    /// the value. So nothing is wrapped to be taken out again, and a bound of a list stays known.
    pub(crate) fn presence(&mut self, optional: NodeId) -> Option<(NodeId, NodeId)> {
        let Node { kind, ty, origin } = self.ir.nodes[optional].clone();
        match kind {
            NodeKind::Conditional(has, some, none) => {
                let is_none = self.ir.constant(none) == Some(&Constant::Optional(None));
                let NodeKind::Call(rows, args) = self.ir.kind(some) else { return None };
                let wraps = is_none && *rows == rows_of("optional.of", Style::Global, 1);
                Some((has, *args.first().filter(|_| wraps)?))
            }
            NodeKind::Operator(Operator::SelectOptional, operands) => {
                let [operand, key] = *operands.as_slice() else { return None };
                let Some(Constant::String(key)) = self.ir.constant(key) else { return None };
                let Type::Optional(inner) = *self.analysis.types.get(ty) else { return None };
                // It is asked twice: a local alone costs nothing.
                let types = &self.analysis.types;
                let NodeKind::Local(_) = self.ir.kind(operand) else { return None };
                let (Type::Record(_) | Type::Map(..)) = types.get(self.ir.nodes[operand].ty) else {
                    return None;
                };
                let key = key.clone();
                let has = self.asked(NodeKind::HasKey(operand, key.clone()), origin);
                Some((has, self.typed(NodeKind::Select(operand, key), inner, origin)))
            }
            _ => None,
        }
    }

    /// A new local that stands for `node`, and a node that reads it.
    pub(crate) fn stand_in(&mut self, node: NodeId, origin: ExprId) -> (NodeId, LocalId) {
        let declared = u32::try_from(self.analysis.locals.len()).unwrap_or(u32::MAX);
        let local = LocalId(declared.saturating_add(self.ir.locals));
        self.ir.locals += 1;
        let ty = self.ir.nodes[node].ty;
        (self.typed(NodeKind::Local(local), ty, origin), local)
    }

    /// The id of a place in the context.
    pub(crate) fn path(&mut self, keys: Vec<Name>) -> PathId {
        let path = Path { keys };
        if let Some(id) = self.paths.get(&path) {
            return *id;
        }
        let id = self.ir.paths.push(path.clone());
        self.paths.insert(path, id);
        id
    }

    /// What a rule that reads `root` asks for: all of it if it is the arguments of a call,
    /// otherwise as much as the schema requires.
    fn root_there(&mut self, root: &Root) -> Option<PathId> {
        let types = &self.analysis.types;
        let mut ty = self.context?;
        if root.path.first().is_some_and(|root| *root == *session::ROOT) {
            // A session answers all that rules ask; without one they are not decided.
            return Some(self.path(root.path.clone()));
        }
        let is_record = matches!(types.get(root.ty), Type::Record(_));
        let mut there = 0;
        if is_record && root.path == ["action", "args"] {
            there = root.path.len();
        }
        for key in root.path.get(there..).unwrap_or_default() {
            let Type::Record(record) = types.get(ty) else { break };
            let field = types.field(*record, key).filter(|field| field.required);
            let Some(field) = field else { break };
            ty = field.ty;
            there += 1;
        }
        let keys = root.path.get(..there).filter(|keys| !keys.is_empty())?;
        Some(self.path(keys.to_vec()))
    }

    /// What is below `key` of a value of type `ty`, if such a value is read key by key: its type,
    /// and whether it must be there.
    fn entry(&self, ty: TypeId, key: &str) -> Option<(TypeId, bool)> {
        let types = &self.analysis.types;
        match types.get(ty) {
            Type::Dyn => Some((TypeTable::DYN, false)),
            Type::Map(keys, value) if [TypeTable::STRING, TypeTable::DYN].contains(keys) => {
                Some((*value, false))
            }
            Type::Record(record) => match types.field(*record, key) {
                Some(field) => Some((field.ty, field.required)),
                None => Some((types.records[*record].rest.unwrap_or(TypeTable::DYN), false)),
            },
            _ => None,
        }
    }

    fn field(&self, ty: TypeId, key: &str) -> Option<&'a RecordField> {
        let Type::Record(record) = self.analysis.types.get(ty) else { return None };
        self.analysis.types.field(*record, key)
    }

    /// The place `key` below the node `operand`, if that is a place in the context itself:
    /// a node kind and its type.
    pub(crate) fn below(&mut self, operand: NodeId, key: &Name) -> Option<(NodeKind, TypeId)> {
        let ty = self.ir.nodes[operand].ty;
        let NodeKind::Path(above, there) = *self.ir.kind(operand) else { return None };
        let bound = self.field(ty, key).and_then(|field| field.max_items.as_ref());
        let (ty, required) = self.entry(ty, key)?;
        let mut keys = self.ir.paths[above].keys.clone();
        keys.push(key.clone());
        let path = self.path(keys);
        self.bound(path, bound);
        let there = if required && there == Some(above) { Some(path) } else { there };
        Some((NodeKind::Path(path, there), ty))
    }

    /// Takes in that a list has a bound. Rules that see different ones must all be safe: the
    /// highest counts.
    fn bound(&mut self, path: PathId, bound: Option<&Spanned<u64>>) {
        if let Some(bound) = bound {
            let known = self.ir.bounds.entry(path).or_default();
            *known = bound.value.max(*known);
        }
    }

    fn select(&mut self, operand: ExprId, field: &Field, optional: bool, expr: ExprId) -> NodeKind {
        let operand = self.lower(operand);
        if optional {
            return self.select_optional(operand, &field.name, Operator::SelectOptional, expr);
        }
        match self.below(operand, &field.name) {
            Some((place, _)) => place,
            None => NodeKind::Select(operand, field.name.clone()),
        }
    }

    /// `operand.?key`, or `operand[?key]`, as `operator` says: an optional.
    pub(crate) fn select_optional(
        &mut self,
        operand: NodeId,
        key: &Name,
        operator: Operator,
        expr: ExprId,
    ) -> NodeKind {
        let Some((NodeKind::Path(path, _), ty)) = self.below(operand, key) else {
            let key = self.constant(Constant::String(key.clone()), TypeTable::STRING, expr);
            return NodeKind::Operator(operator, vec![operand, key]);
        };
        let has = self.has_path(operand, path);
        let has = self.asked(has, expr);
        let there = self.there(operand);
        let value = self.typed(NodeKind::Path(path, there), ty, expr);
        let some = NodeKind::Call(rows_of("optional.of", Style::Global, 1), vec![value]);
        let some = self.node(some, expr);
        let none = self.node(NodeKind::Constant(Constant::Optional(None)), expr);
        NodeKind::Conditional(has, some, none)
    }

    fn index(&mut self, operand: ExprId, index: ExprId, optional: bool, expr: ExprId) -> NodeKind {
        let (operand, index) = (self.lower(operand), self.lower(index));
        if let Some(Constant::String(key)) = self.ir.constant(index) {
            let key = key.clone();
            if optional {
                return self.select_optional(operand, &key, Operator::IndexOptional, expr);
            }
            if let Some((place, _)) = self.below(operand, &key) {
                return place;
            }
        }
        let operator = if optional { Operator::IndexOptional } else { Operator::Index };
        NodeKind::Operator(operator, vec![operand, index])
    }

    /// `has` of a place below `operand`, which is asked first where a request may lack it.
    pub(crate) fn has_path(&self, operand: NodeId, path: PathId) -> NodeKind {
        let node = &self.ir.nodes[operand];
        let record = matches!(self.analysis.types.get(node.ty), Type::Record(_));
        let NodeKind::Path(parent, there) = node.kind else { return undefined() };
        let level = (!record || there != Some(parent)).then_some(parent);
        NodeKind::HasPath(level, path, there)
    }

    /// The part of the way to a place that is made sure to be there.
    fn there(&self, node: NodeId) -> Option<PathId> {
        match self.ir.kind(node) {
            NodeKind::Path(_, there) => *there,
            _ => None,
        }
    }

    /// A guard that no source holds: `action.tool` is one of `names`.
    pub fn tool_guard(&mut self, names: &[Name], origin: ExprId) -> NodeId {
        let tool = self.tool(origin);
        let names = Constant::List(names.iter().cloned().map(Constant::String).collect());
        let names = self.constant(names, TypeTable::LIST_STRING, origin);
        self.asked(NodeKind::In(tool, names), origin)
    }

    /// A guard that no source holds: `action.tool` fits one of the patterns of `on:`.
    pub fn tool_patterns(&mut self, patterns: &[Name], origin: ExprId) -> NodeId {
        let (names, patterns): (Vec<Name>, Vec<Name>) =
            patterns.iter().cloned().partition(|pattern| !pattern.contains('*'));
        let mut options = Vec::new();
        if !names.is_empty() {
            options.push(self.tool_guard(&names, origin));
        }
        for pattern in &patterns {
            let tool = self.tool(origin);
            let (call, text) = match pattern.strip_suffix('*') {
                Some(prefix) if !prefix.contains('*') => ("startsWith", prefix.to_owned()),
                Some(_) | None => ("matches", glob_pattern(pattern)),
            };
            let text = self.constant(Constant::String(text.into()), TypeTable::STRING, origin);
            let rows = rows_of(call, Style::Member, 2);
            options.push(self.asked(NodeKind::Call(rows, vec![tool, text]), origin));
        }
        match options.as_slice() {
            [one] => *one,
            _ => self.asked(NodeKind::Logic(LogicOp::Or, options), origin),
        }
    }

    fn tool(&mut self, origin: ExprId) -> NodeId {
        let path = self.path(vec![Name::new("action"), Name::new("tool")]);
        // `on` asks for the tool, with and without a schema.
        let there = self.context.map(|_| path);
        self.typed(NodeKind::Path(path, there), TypeTable::STRING, origin)
    }
}

/// What has no value: it fails whenever it is asked for.
pub(crate) const fn undefined() -> NodeKind {
    NodeKind::Call(Vec::new(), Vec::new())
}

/// A tool pattern as RE2: `*` is any text, everything else itself.
fn glob_pattern(pattern: &str) -> String {
    let parts: Vec<String> = pattern.split('*').map(regex_syntax::escape).collect();
    format!("^{}$", parts.join("(?s:.*)"))
}

pub(crate) fn constant_of(literal: &Literal) -> Constant {
    match literal {
        Literal::Null => Constant::Null,
        Literal::Bool(value) => Constant::Bool(*value),
        Literal::Int(value) => Constant::Int(*value),
        Literal::Uint(value) => Constant::Uint(*value),
        Literal::Double(value) => Constant::Double(*value),
        Literal::String(value) => Constant::String(value.clone()),
        Literal::Bytes(value) => Constant::Bytes(value.clone()),
    }
}

/// The rows of the builtin `name` that take this many arguments.
pub(crate) fn rows_of(name: &str, style: Style, arguments: usize) -> Vec<u16> {
    named(name, style).filter(|row| row.params.len() == arguments).map(|row| row.number).collect()
}
