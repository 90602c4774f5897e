//! Messages: literals and fields.
//!
//! Source: CEL language definition, "Field Selection" and "Aggregate Literals".

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::check::analysis::Use;
use crate::compiler::check::error::{CallError, MacroFault, NameError, TypeError};
use crate::compiler::check::infer::name::chain;
use crate::compiler::check::infer::{Infer, Step};
use crate::compiler::check::schema::proto::{field_type, message_type};
use crate::compiler::syntax::ast::{ExprId, ExprKind, Field, FieldInit};
use crate::diag::suggest::nearest;
use crate::lang::functions::Library;
use crate::lang::messages::{FieldKind, Message, MessageField, Presence};
use crate::lang::types::{Type, TypeId, TypeTable};

/// The enum whose one value stands for null.
const NULL_VALUE: &str = "google.protobuf.NullValue";

/// The library of `getExt` and `hasExt`.
const PROTOS: Library = Library { name: "protos", since: 0 };

/// A call that reads an extension, or asks for it.
pub(super) struct ExtensionCall {
    /// `proto`
    space: ExprId,
    /// The message.
    operand: ExprId,
    /// The full name of the extension, as names and dots.
    extension: ExprId,
    /// Whether it asks.
    asks: bool,
}

impl Infer<'_, '_> {
    /// Refuses a literal of a message type that is not known: what stands in it is typed, but the
    /// types of further literals in it are not spoken of, for one unknown type explains them.
    pub(super) fn visit_message(&mut self, id: ExprId, name: &Spanned<Name>, root: bool) {
        let known = self.scope.message(&name.value, root).is_some();
        let operands = self.ast.children(id);
        if !known && !self.in_unknown_message {
            self.unknown_message(name, root);
            self.in_unknown_message = true;
            self.push(Step::KnownAgain);
        }
        self.visit_then_finish(id, operands.into_iter());
    }

    fn unknown_message(&mut self, name: &Spanned<Name>, root: bool) {
        let scope = self.scope;
        if self.cx.blame(name.span, &scope.candidates(&name.value, root)) {
            return;
        }
        let known = scope.messages.messages.iter().map(|it| it.name.as_str());
        let nearest = nearest(&name.value, known).map(str::to_owned);
        let (at, name) = (name.span, name.value.clone());
        self.report(NameError::Message { at, name, nearest });
    }

    /// `name{field: value}`, its values typed.
    pub(super) fn finish_message(
        &mut self,
        id: ExprId,
        name: &Spanned<Name>,
        root: bool,
        fields: &[FieldInit],
    ) {
        let scope = self.scope;
        let Some(message) = scope.message(&name.value, root) else {
            self.set(id, TypeTable::ERROR);
            return;
        };
        let mut seen = FxHashMap::default();
        for init in fields {
            let at = init.field.span;
            if let Some(first) = seen.insert(init.field.name.clone(), at) {
                let field = init.field.name.clone();
                self.report(TypeError::FieldTwice { at, first, field });
            }
            match message.field(&init.field.name) {
                Some(field) => self.assign(message, field, init),
                None => self.unknown_field(message, &init.field),
            }
        }
        let ty = message_type(&mut self.cx.out.types, &message.name);
        self.refer(id, Use::Message(message.name.clone()));
        self.set(id, ty);
    }

    /// Checks the value of a field.
    fn assign(&mut self, message: &Message, field: &MessageField, init: &FieldInit) {
        let messages = self.cx.messages.clone();
        let wanted = field_type(&mut self.cx.out.types, &messages, field);
        let given =
            if init.optional { self.unwrapped(init.value) } else { self.type_of(init.value) };
        if self.fits(given, wanted) || (is_null_value(field) && self.fits(given, TypeTable::NULL)) {
            return;
        }
        let given = self.closed(given);
        self.report(TypeError::FieldType {
            at: self.ast.span(init.value),
            field: format!("{}.{}", message.name, field.name),
            wanted: self.cx.show(wanted),
            given: self.cx.show(given),
            declared: field.span,
        });
    }

    /// The type of a field that is selected from a message; a quoted name may be an extension.
    pub(super) fn message_field(&mut self, message: &Name, field: &Field) -> TypeId {
        let messages = self.cx.messages.clone();
        let Some(message) = messages.message(message) else { return TypeTable::ERROR };
        let found = message.field(&field.name).or_else(|| {
            let extension = messages.extension(&message.name, &field.name)?;
            field.quoted.then_some(&extension.field)
        });
        let Some(found) = found else {
            if field.quoted && self.cx.blame(field.span, &[field.name.to_string()]) {
                return TypeTable::ERROR;
            }
            self.unknown_field(message, field);
            return TypeTable::ERROR;
        };
        field_type(&mut self.cx.out.types, &messages, found)
    }

    /// `proto.getExt(m, a.b.c)` or `proto.hasExt(m, a.b.c)`, if `id` is one of them.
    pub(super) fn extension_call(&self, id: ExprId) -> Option<ExtensionCall> {
        let ExprKind::Call { target: Some(target), name, args, .. } = self.ast.kind(id) else {
            return None;
        };
        let ExprKind::Ident { name: space, root: false } = self.ast.kind(*target) else {
            return None;
        };
        let asks = match name.value.as_str() {
            "hasExt" => true,
            "getExt" => false,
            _ => return None,
        };
        let ours = space.as_str() == "proto" && self.local("proto").is_none();
        let [operand, extension] = *args.as_slice() else { return None };
        (ours && self.scope.has_library(PROTOS)).then_some(ExtensionCall {
            space: *target,
            operand,
            extension,
            asks,
        })
    }

    /// Begins a call of an extension: its name is no expression; true if it is one.
    pub(super) fn visit_extension(&mut self, id: ExprId) -> bool {
        let Some(call) = self.extension_call(id) else { return false };
        self.refer(call.space, Use::Part);
        if let Some(found) = chain(self.ast, call.extension) {
            self.parts(&found, found.nodes.len());
        }
        self.visit_then_finish(id, [call.operand].into_iter());
        true
    }

    /// The type of a call of an extension, whose message is typed.
    pub(super) fn finish_extension(&mut self, id: ExprId, call: &ExtensionCall) {
        let on = self.type_of(call.operand);
        let at = self.ast.span(call.extension);
        let Some(found) = chain(self.ast, call.extension) else {
            let name = if call.asks { "hasExt" } else { "getExt" };
            let fault = MacroFault::NotAnExtension;
            self.refuse(id, CallError::MacroArgument { at, name, fault });
            return;
        };
        let name = Name::new(&found.segments.join("."));
        let ty = if let Type::Message(message) = self.cx.ty(on).clone() {
            self.message_field(&message, &Field { name, span: at, quoted: true })
        } else if matches!(self.cx.ty(on), Type::Dyn | Type::Variable(_)) {
            TypeTable::DYN
        } else {
            if on != TypeTable::ERROR {
                let (at, on) = (self.ast.span(call.operand), self.shown(call.operand));
                self.report(NameError::NoFields { at, on, method: None });
            }
            TypeTable::ERROR
        };
        self.set(id, if call.asks && ty != TypeTable::ERROR { TypeTable::BOOL } else { ty });
    }

    fn unknown_field(&mut self, message: &Message, field: &Field) {
        let known = message.fields.iter().map(|it| it.name.as_str());
        let nearest = nearest(&field.name, known).map(str::to_owned);
        let (at, name) = (field.span, field.name.to_string());
        let (on, declared) = (message.name.to_string(), message.span);
        self.report(NameError::UnknownField { at, on, field: name, nearest, declared });
    }
}

fn is_null_value(field: &MessageField) -> bool {
    let single = !matches!(field.presence, Presence::Repeated | Presence::Map(_));
    single && matches!(&field.kind, FieldKind::Enum(name) if name.as_str() == NULL_VALUE)
}
