//! The message and enum types of a program, as evaluation asks for them.
//!
//! In:      messages, fields and enums of a module; its strings and constants as values.
//! Out:     `Descriptors`.
//! Imports: `lang`, `runtime::bundle`.

use crate::lang::value::message::{Descriptors, EnumType, Field, Kind, MessageType};
use crate::lang::value::{Space, Tag, Value};
use crate::runtime::bundle::module::{MessageFieldRow, Module, Str};
use crate::runtime::program::pool::{self, Pool};

/// The types of `module`, whose strings and constants are in `pool`.
pub(super) fn of(module: &Module, pool: &Pool) -> Descriptors {
    let mut types = Descriptors::default();
    types.enums.extend(module.enums.iter().map(|row| EnumType {
        ty: type_value(module, row.name),
        values: row.values.iter().map(|it| (pool::string(module, it.0), it.1)).collect(),
        closed: row.closed,
        strong: row.strong,
    }));
    // Defaults go by what CEL makes of types, so all of these are there before any field is.
    let bare = |row: Str| MessageType::new(&pool.text, type_value(module, row), Vec::new());
    types.messages.extend(module.messages.iter().map(|row| bare(row.name)));
    let messages = (0..).zip(&module.messages).map(|(of, row)| {
        let first = usize::from(row.first_field);
        let fields = module.fields.get(first..first + usize::from(row.fields));
        let fields =
            fields.unwrap_or_default().iter().map(|it| field(module, pool, &types, of, it));
        MessageType::new(&pool.text, type_value(module, row.name), fields.collect())
    });
    let messages = messages.collect();
    Descriptors { messages, ..types }
}

fn field(
    module: &Module,
    pool: &Pool,
    types: &Descriptors,
    of: u32,
    row: &MessageFieldRow,
) -> Field {
    let MessageFieldRow { name, json, number, kind, presence, default, ty: _ } = *row;
    let default = match (pool.constants.get(usize::from(default)), kind) {
        (Some(number), Kind::Enum(kind)) => types.enum_value(kind, number.number()),
        (Some(value), _) => *value,
        (None, _) => types.default_of(kind, presence),
    };
    let (name, json) = (pool::string(module, name), pool::string(module, json));
    Field { of, name, json, number, kind, presence, default }
}

/// A string of the module as the name of a type.
fn type_value(module: &Module, name: Str) -> Value {
    let text = module.strings.get(name as usize).unwrap_or_default();
    Value::text(Tag::Type, Space::Program, pool::string(module, name).off(), text.as_bytes())
}
