//! What both readers see, as one tree; and messages at random.

use policyc::lang::value::heap::View;
use policyc::lang::value::message::{Descriptors, EnumType, Field, Kind, MessageType, Presence};
use policyc::lang::value::{Space, Tag, Value};
use prost_reflect::{
    DescriptorPool, DynamicMessage, EnumDescriptor, FieldDescriptor, Kind as K, MapKey,
    MessageDescriptor, Syntax, Value as V,
};

/// A value, its kinds kept apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Tree {
    Bool(bool),
    Int(i64),
    Uint(u64),
    /// Its bits.
    Double(u64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Tree>),
    /// Sorted.
    Map(Vec<(Tree, Tree)>),
    /// Fields that are set, by number; 0 is what is not known.
    Message(Vec<(i64, Tree)>),
}

/// A value of ours.
pub(super) fn of_value(view: &View<'_>, value: &Value, nothing: &MessageDescriptor) -> Tree {
    let pairs = || value_pairs(view, value, nothing);
    match value.tag() {
        Tag::Bool => Tree::Bool(value.bits() == 1),
        Tag::Int => Tree::Int(value.signed()),
        Tag::Uint => Tree::Uint(value.bits()),
        Tag::Double => Tree::Double(value.bits()),
        Tag::String => Tree::Text(view.str(value).to_owned()),
        Tag::Bytes => Tree::Bytes(view.bytes(value).to_vec()),
        Tag::Map => Tree::Map(pairs()),
        Tag::List => {
            Tree::List(view.elements(value).iter().map(|it| of_value(view, it, nothing)).collect())
        }
        Tag::Message => Tree::Message(
            pairs()
                .into_iter()
                .map(|(number, value)| match number {
                    Tree::Int(0) => (0, in_order(&value, nothing)),
                    Tree::Int(number) => (number, value),
                    other => panic!("{other:?} is no number"),
                })
                .collect(),
        ),
        other => panic!("{other:?} is no value of a message"),
    }
}

fn value_pairs(view: &View<'_>, value: &Value, nothing: &MessageDescriptor) -> Vec<(Tree, Tree)> {
    let (pairs, _) = view.elements(value).as_chunks::<2>();
    pairs
        .iter()
        .map(|[key, value]| (of_value(view, key, nothing), of_value(view, value, nothing)))
        .collect()
}

/// Bytes that are not known, by number of field, as the other reader keeps them: as a message
/// without fields.
fn in_order(unknown: &Tree, nothing: &MessageDescriptor) -> Tree {
    let Tree::Bytes(bytes) = unknown else { panic!("{unknown:?} are no bytes") };
    let message = DynamicMessage::decode(nothing.clone(), bytes.as_slice()).unwrap();
    match of_message(&message) {
        Tree::Message(mut fields) => fields.pop().unwrap().1,
        other => panic!("{other:?} is no message"),
    }
}

/// Whether a closed enum holds a number that it does not have: the other reader leaves it there.
pub(super) fn has_strangers(message: &DynamicMessage) -> bool {
    message.fields().any(|(field, value)| stranger(&field.kind(), value))
}

fn stranger(kind: &K, value: &V) -> bool {
    match (kind, value) {
        (K::Enum(of), V::EnumNumber(number)) => {
            of.parent_file().syntax() == Syntax::Proto2 && of.get_value(*number).is_none()
        }
        (_, V::List(values)) => values.iter().any(|it| stranger(kind, it)),
        (_, V::Map(entries)) => {
            entries.values().any(|it| matches!(it, V::Message(it) if has_strangers(it)))
        }
        (_, V::Message(message)) => has_strangers(message),
        _ => false,
    }
}

pub(super) fn of_message(message: &DynamicMessage) -> Tree {
    let mut fields: Vec<(i64, Tree)> = message
        .fields()
        .map(|(field, value)| (i64::from(field.number()), of_field(value)))
        .collect();
    fields.extend(
        message.extensions().map(|(field, value)| (i64::from(field.number()), of_field(value))),
    );
    let mut unknown = Vec::new();
    for field in message.unknown_fields() {
        field.encode(&mut unknown);
    }
    if !unknown.is_empty() {
        fields.push((0, Tree::Bytes(unknown)));
    }
    fields.sort();
    Tree::Message(fields)
}

fn of_field(value: &V) -> Tree {
    match value {
        V::Bool(value) => Tree::Bool(*value),
        V::I32(value) | V::EnumNumber(value) => Tree::Int((*value).into()),
        V::I64(value) => Tree::Int(*value),
        V::U32(value) => Tree::Uint((*value).into()),
        V::U64(value) => Tree::Uint(*value),
        V::F32(value) => Tree::Double(f64::from(*value).to_bits()),
        V::F64(value) => Tree::Double(value.to_bits()),
        V::String(text) => Tree::Text(text.clone()),
        V::Bytes(bytes) => Tree::Bytes(bytes.to_vec()),
        V::Message(message) => of_message(message),
        V::List(values) => Tree::List(values.iter().map(of_field).collect()),
        V::Map(entries) => {
            let key = |key: &MapKey| match key {
                MapKey::Bool(value) => Tree::Bool(*value),
                MapKey::I32(value) => Tree::Int((*value).into()),
                MapKey::I64(value) => Tree::Int(*value),
                MapKey::U32(value) => Tree::Uint((*value).into()),
                MapKey::U64(value) => Tree::Uint(*value),
                MapKey::String(text) => Tree::Text(text.clone()),
            };
            let mut map: Vec<_> = entries.iter().map(|(k, v)| (key(k), of_field(v))).collect();
            map.sort();
            Tree::Map(map)
        }
    }
}

/// The text that names lie in.
#[derive(Default)]
struct Names(Vec<u8>);

impl Names {
    fn add(&mut self, tag: Tag, name: &str) -> Value {
        let off = u32::try_from(self.0.len()).unwrap();
        self.0.extend_from_slice(name.as_bytes());
        Value::text(tag, Space::Program, off, name.as_bytes())
    }
}

/// What one value of a field is.
fn kind_of(of: &K, group: bool, messages: &[MessageDescriptor], enums: &[EnumDescriptor]) -> Kind {
    match of {
        K::Double => Kind::Double,
        K::Float => Kind::Float,
        K::Int32 => Kind::Int32,
        K::Int64 => Kind::Int64,
        K::Uint32 => Kind::Uint32,
        K::Uint64 => Kind::Uint64,
        K::Sint32 => Kind::Sint32,
        K::Sint64 => Kind::Sint64,
        K::Fixed32 => Kind::Fixed32,
        K::Fixed64 => Kind::Fixed64,
        K::Sfixed32 => Kind::Sfixed32,
        K::Sfixed64 => Kind::Sfixed64,
        K::Bool => Kind::Bool,
        K::String => Kind::String,
        K::Bytes => Kind::Bytes,
        K::Message(of) => {
            let at = messages.iter().position(|it| it == of).unwrap();
            Kind::Message { kind: u32::try_from(at).unwrap(), group }
        }
        K::Enum(of) => {
            let at = enums.iter().position(|it| it == of).unwrap();
            Kind::Enum(u32::try_from(at).unwrap())
        }
    }
}

/// Our descriptors of all messages of the pool, the text of their names, and the messages in the
/// same order.
pub(super) fn descriptors(pool: &DescriptorPool) -> (Descriptors, Vec<u8>, Vec<MessageDescriptor>) {
    let mut messages: Vec<_> = pool.all_messages().filter(|it| !it.is_map_entry()).collect();
    messages.sort_by(|a, b| a.full_name().cmp(b.full_name()));
    let enums: Vec<_> = pool.all_enums().collect();
    let mut names = Names::default();
    let kind = |of: &K, group: bool| kind_of(of, group, &messages, &enums);
    let field = |names: &mut Names, of: &FieldDescriptor| {
        let number = of.number();
        let (name, json) =
            (names.add(Tag::String, of.name()), names.add(Tag::String, of.json_name()));
        let default = Value::NULL;
        if of.is_map() {
            let entry = of.kind().as_message().unwrap().clone();
            let key = kind(&entry.map_entry_key_field().kind(), false);
            let value = kind(&entry.map_entry_value_field().kind(), false);
            let presence = Presence::Map(key);
            return Field { of: 0, name, json, number, kind: value, presence, default };
        }
        let presence = match of.containing_oneof().filter(|it| !it.is_synthetic()) {
            _ if of.is_list() => Presence::Repeated,
            Some(choice) => {
                let at = of.parent_message().oneofs().position(|it| it == choice).unwrap();
                Presence::Oneof(u16::try_from(at).unwrap())
            }
            None if of.supports_presence() => Presence::Explicit,
            None => Presence::Implicit,
        };
        Field {
            of: 0,
            name,
            json,
            number,
            kind: kind(&of.kind(), of.is_group()),
            presence,
            default,
        }
    };
    let types = messages.iter().map(|of| {
        let ty = names.add(Tag::Type, of.full_name());
        let mut fields: Vec<Field> = of.fields().map(|it| field(&mut names, &it)).collect();
        fields.extend(of.extensions().map(|it| {
            let presence = if it.is_list() { Presence::Repeated } else { Presence::Explicit };
            let name = names.add(Tag::String, it.full_name());
            let (number, kind) = (it.number(), kind(&it.kind(), it.is_group()));
            Field { of: 0, name, json: name, number, kind, presence, default: Value::NULL }
        }));
        fields.sort_by_key(|it| it.number);
        (ty, fields)
    });
    let types: Vec<_> = types.collect();
    let enums = enums.iter().map(|of| {
        let ty = names.add(Tag::Type, of.full_name());
        let values = of.values().map(|it| (names.add(Tag::String, it.name()), it.number()));
        let values = values.collect();
        let closed = of.parent_file().syntax() == Syntax::Proto2;
        EnumType { ty, values, closed, strong: false }
    });
    let enums = enums.collect();
    let types = types.into_iter().map(|(ty, fields)| MessageType::new(&names.0, ty, fields));
    (Descriptors { messages: types.collect(), enums }, names.0, messages)
}

/// A number for each call, from a seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    /// Bits of which many are zero, some none.
    fn bits(&mut self) -> u64 {
        match self.roll(4) {
            0 => 0,
            1 => self.roll(200),
            2 => u64::MAX - self.roll(3),
            _ => self.0,
        }
    }
}

/// A message with some of its fields set.
pub(super) fn random(of: &MessageDescriptor, seed: u64) -> DynamicMessage {
    let mut dice = Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    message(of, &mut dice, 0)
}

fn message(of: &MessageDescriptor, dice: &mut Dice, depth: u32) -> DynamicMessage {
    let mut made = DynamicMessage::new(of.clone());
    let rare = if depth == 0 { 3 } else { 10 };
    for field in of.fields() {
        if dice.roll(rare) == 0 && (depth < 3 || field.kind().as_message().is_none()) {
            made.set_field(&field, value(&field, dice, depth));
        }
    }
    for field in of.extensions() {
        if dice.roll(rare) == 0 {
            let single = single(&field.kind(), dice, depth);
            made.set_extension(
                &field,
                if field.is_list() { V::List(vec![single]) } else { single },
            );
        }
    }
    made
}

fn value(field: &FieldDescriptor, dice: &mut Dice, depth: u32) -> V {
    let count = dice.roll(4);
    if field.is_map() {
        let entry = field.kind().as_message().unwrap().clone();
        let (key, of) = (entry.map_entry_key_field().kind(), entry.map_entry_value_field().kind());
        let entries = (0..count).map(|_| {
            let key = single(&key, dice, depth).into_map_key().unwrap();
            (key, single(&of, dice, depth))
        });
        return V::Map(entries.collect());
    }
    if field.is_list() {
        return V::List((0..count).map(|_| single(&field.kind(), dice, depth)).collect());
    }
    single(&field.kind(), dice, depth)
}

#[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
fn single(kind: &K, dice: &mut Dice, depth: u32) -> V {
    let bits = dice.bits();
    match kind {
        K::Double => V::F64(f64::from_bits(bits)),
        K::Float => V::F32(f32::from_bits(bits as u32)),
        K::Int32 | K::Sint32 | K::Sfixed32 => V::I32(bits as i32),
        K::Int64 | K::Sint64 | K::Sfixed64 => V::I64(bits as i64),
        K::Uint32 | K::Fixed32 => V::U32(bits as u32),
        K::Uint64 | K::Fixed64 => V::U64(bits),
        K::Bool => V::Bool(bits & 1 == 1),
        K::String => {
            V::String(["", "a", "text", "zwölf", "0123456789"][(bits % 5) as usize].into())
        }
        K::Bytes => V::Bytes(bits.to_le_bytes()[..(bits % 8) as usize].to_vec().into()),
        K::Message(of) => V::Message(message(of, dice, depth + 1)),
        K::Enum(of) => {
            let values: Vec<i32> = of.values().map(|it| it.number()).collect();
            V::EnumNumber(values[bits as usize % values.len()])
        }
    }
}
