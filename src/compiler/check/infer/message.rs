//! Messages: literals and fields.
//!
//! Source: CEL language definition, "Field Selection" and "Aggregate Literals".

use rustc_hash::FxHashMap;

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::check::error::{NameError, TypeError};
use crate::compiler::check::infer::Infer;
use crate::compiler::check::schema::proto::{field_type, message_type};
use crate::compiler::syntax::ast::{ExprId, Field, FieldInit};
use crate::diag::suggest::nearest;
use crate::lang::messages::{FieldKind, Message, MessageField, Presence};
use crate::lang::types::{TypeId, TypeTable};

/// The enum whose one value stands for null.
const NULL_VALUE: &str = "google.protobuf.NullValue";

impl Infer<'_, '_> {
    /// `name{field: value}`, its values typed.
    pub(super) fn finish_message(
        &mut self,
        id: ExprId,
        name: &Spanned<Name>,
        root: bool,
        fields: &[FieldInit],
    ) {
        self.cx.needs_messages(self.ast.span(id));
        let scope = self.scope;
        let Some(message) = scope.message(&name.value, root) else {
            if self.cx.messages_lost {
                self.set(id, TypeTable::ERROR);
                return;
            }
            let known = scope.messages.messages.iter().map(|it| it.name.as_str());
            let nearest = nearest(&name.value, known).map(str::to_owned);
            let (at, name) = (name.span, name.value.clone());
            self.refuse(id, NameError::Message { at, name, nearest });
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
        self.set(id, ty);
    }

    /// Checks the value of a field.
    fn assign(&mut self, message: &Message, field: &MessageField, init: &FieldInit) {
        let wanted = field_type(&mut self.cx.out.types, field);
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
        match found {
            Some(found) => field_type(&mut self.cx.out.types, found),
            None => {
                self.unknown_field(message, field);
                TypeTable::ERROR
            }
        }
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
