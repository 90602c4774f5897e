//! Messages and enums: literals, extensions, values of enums.

use crate::base::name::Name;
use crate::compiler::check::analysis::Use;
use crate::compiler::ir::NodeKind;
use crate::compiler::ir::lower::{Lowering, rows_of, undefined};
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::lang::functions::Style;

impl Lowering<'_> {
    /// The literal `expr` of a message of this type.
    pub(crate) fn message(&mut self, name: &Name, expr: ExprId) -> NodeKind {
        let ExprKind::Message { fields, .. } = self.ast.kind(expr) else { return undefined() };
        let fields = fields.iter().map(|it| (it.field.name.clone(), it.value, it.optional));
        let lowered = fields.map(|(field, value, optional)| (field, self.lower(value), optional));
        NodeKind::Message(name.clone(), lowered.collect())
    }

    /// The call `expr` makes a value of this enum.
    pub(crate) fn enum_of(&mut self, name: &Name, expr: ExprId) -> NodeKind {
        match self.operands(expr).as_slice() {
            [operand] => NodeKind::EnumOf(name.clone(), *operand),
            _ => undefined(),
        }
    }

    /// The number of a value of an enum.
    pub(crate) fn enum_number(&mut self, expr: ExprId) -> NodeKind {
        let int = rows_of("int", Style::Global, 1).into_iter().take(1).collect();
        NodeKind::Call(int, self.operands(expr))
    }

    /// `proto.getExt(m, a.b.c)` or `proto.hasExt(m, a.b.c)`: a field that goes by its full name.
    pub(crate) fn extension(&mut self, expr: ExprId) -> NodeKind {
        let ExprKind::Call { target: Some(target), name, args, .. } = self.ast.kind(expr) else {
            return undefined();
        };
        let [message, extension] = args.as_slice() else { return undefined() };
        let (Some(Use::Part), Some(field)) =
            (self.analysis.uses.get(*target), self.qualified(*extension))
        else {
            return undefined();
        };
        let message = self.lower(*message);
        match name.value.as_str() {
            "getExt" => NodeKind::Select(message, field),
            "hasExt" => NodeKind::HasKey(message, field),
            _ => undefined(),
        }
    }

    /// A chain of names with dots between them.
    fn qualified(&self, expr: ExprId) -> Option<Name> {
        let mut names = Vec::new();
        let mut at = expr;
        while let ExprKind::Select { operand, field, .. } = self.ast.kind(at) {
            names.push(field.name.as_str());
            at = *operand;
        }
        let ExprKind::Ident { name, .. } = self.ast.kind(at) else { return None };
        names.push(name);
        names.reverse();
        Some(Name::new(&names.join(".")))
    }
}
