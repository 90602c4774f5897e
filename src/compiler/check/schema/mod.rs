//! Schemas: the roots of a context and their types.
//!
//! In:      what `schema` of a document names or holds; the `.proto` files of the project.
//! Out:     the declared roots; functions, where an environment file declares them.
//! Imports: `base`, `compiler::syntax`, `lang`.

mod bounds;
pub(super) mod data;
pub(super) mod environment;
mod json;
pub(super) mod proto;
pub(super) mod written;

use rustc_hash::FxHashMap;

use crate::base::arrange::Arrange as _;
use crate::base::limits::SCHEMA_CHAIN_MAX;
use crate::base::name::Name;
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::check::error::{SchemaError, SchemaFault};
use crate::compiler::check::scope::Entity;
use crate::compiler::check::state::Checker;
use crate::compiler::syntax::document::model::{Environment, SchemaSource, TypeField};
use crate::compiler::syntax::document::path::{defines_messages, file_and_message, join};
use crate::compiler::syntax::document::yaml;
use crate::lang::types::{Record, RecordField, Type, TypeId, TypeTable};

/// What a schema says.
#[derive(Clone, Debug, Default)]
pub(super) struct Schema<'a> {
    /// The roots, in the order of their declaration.
    pub roots: Vec<DeclaredRoot>,
    /// The environment file that the roots come from.
    pub environment: Option<&'a Environment>,
}

/// A root that a schema declares.
#[derive(Clone, Debug)]
pub(super) struct DeclaredRoot {
    /// Keys from the top of the context.
    pub path: Vec<Name>,
    /// Its type.
    pub ty: TypeId,
    /// Where it is declared.
    pub span: Span,
    /// Whether a context without it is refused.
    pub required: bool,
    /// Whether no message may quote it.
    pub sensitive: bool,
    /// Whether it exists in the response phase only.
    pub response_only: bool,
    /// Most elements, if it is a list with a bound.
    pub max_items: Option<Spanned<u64>>,
}

impl DeclaredRoot {
    /// What its name stands for.
    pub(super) fn entity(&self) -> Entity {
        Entity::Root {
            path: self.path.clone(),
            ty: self.ty,
            span: Some(self.span),
            response_only: self.response_only,
        }
    }
}

/// The schemas of one run; each file is read once.
#[derive(Default)]
pub(super) struct Schemas<'a> {
    read: FxHashMap<FileId, Option<Schema<'a>>>,
}

impl<'a> Schemas<'a> {
    /// The schema that the document `file` names or holds; `None` if it cannot be read.
    pub(super) fn load(
        &mut self,
        cx: &mut Checker<'a>,
        file: FileId,
        source: &'a SchemaSource,
    ) -> Option<Schema<'a>> {
        let (mut file, mut source) = (file, source);
        for _ in 0..SCHEMA_CHAIN_MAX {
            let path = match source {
                SchemaSource::Inline(fields) => return Some(inline(cx, fields)),
                SchemaSource::File(path) => path,
            };
            let base = cx.files.get(file).map_or("", |found| found.path.as_str());
            let (value, message) = file_and_message(&path.value);
            let full = join(base, value);
            let Some(named) = cx.files.find(&full) else {
                let fault = SchemaFault::NoFile(full);
                cx.report(SchemaError::Schema { at: path.span, fault });
                return None;
            };
            if defines_messages(&full) {
                if cx.blame_file(path.span, &full) {
                    return None;
                }
                let roots = proto::roots(cx, path.span, message)?;
                return Some(Schema { roots, environment: None });
            }
            if let Some(known) = self.read.get(&named) {
                return known.clone();
            }
            let document = cx.parsed.policies.iter().find(|document| document.file == named);
            match document.map(|document| &document.schema) {
                Some(Some(next)) => (file, source) = (named, next),
                Some(None) => {
                    let fault = SchemaFault::NoSection(full);
                    cx.report(SchemaError::Schema { at: path.span, fault });
                    return None;
                }
                None => {
                    let found = read_file(cx, named);
                    self.read.insert(named, found.clone());
                    return found;
                }
            }
        }
        if let SchemaSource::File(path) = source {
            let fault = SchemaFault::Circle(path.value.clone());
            cx.report(SchemaError::Schema { at: path.span, fault });
        }
        None
    }
}

/// An environment file, or a JSON Schema.
fn read_file<'a>(cx: &mut Checker<'a>, file: FileId) -> Option<Schema<'a>> {
    let environments = &cx.parsed.environments;
    if let Some(found) = environments.iter().find(|found| found.file == Some(file)) {
        let roots = environment::roots(cx, found);
        return Some(Schema { roots, environment: Some(found) });
    }
    let node = yaml::parse(file, cx.files, cx.sink)?;
    let roots = json::roots(cx, &node)?;
    Some(Schema { roots, environment: None })
}

fn inline<'a>(cx: &mut Checker<'a>, fields: &[TypeField]) -> Schema<'a> {
    let roots = fields.iter().map(|field| {
        let read = written::field(cx, field);
        DeclaredRoot {
            path: vec![read.name],
            ty: read.ty,
            span: field.name.span,
            required: read.required,
            sensitive: read.sensitive,
            response_only: read.response_only,
            max_items: read.max_items,
        }
    });
    Schema { roots: roots.collect(), environment: None }
}

/// The roots as one object, as the whole context is checked against it.
pub(super) fn context(cx: &mut Checker<'_>, roots: &[DeclaredRoot], open: bool) -> TypeId {
    let mut fields: Vec<RecordField> = Vec::new();
    for root in roots {
        match root.path.as_slice() {
            [name] => fields.push(RecordField {
                name: name.clone(),
                ty: root.ty,
                required: root.required,
                response_only: root.response_only,
                sensitive: root.sensitive,
                max_items: root.max_items.clone(),
                span: Some(root.span),
            }),
            // A variable with dots in its name makes no claim about what stands beside it.
            [name, ..] if !fields.iter().any(|field| field.name == *name) => {
                let (ty, span) = (TypeTable::MAP_STRING_DYN, Some(root.span));
                fields.push(RecordField::new(name.clone(), ty, true, span));
            }
            _ => {}
        }
    }
    record(cx, None, fields, open.then_some(TypeTable::DYN), None)
}

/// A new object type, its fields in order.
pub(super) fn record(
    cx: &mut Checker<'_>,
    name: Option<Name>,
    mut fields: Vec<RecordField>,
    rest: Option<TypeId>,
    span: Option<Span>,
) -> TypeId {
    fields.arrange_by(|a, b| a.name.cmp(&b.name));
    fields.dedup_by(|a, b| a.name == b.name);
    cx.out.types.record(Record { name, fields, rest, partial: false, span })
}

/// The type that also takes null, if there is one.
pub(super) fn nullable(types: &mut TypeTable, ty: TypeId) -> Option<TypeId> {
    let shape = types.get(ty);
    if shape.is_primitive() {
        return Some(types.intern(Type::Wrapper(ty)));
    }
    let takes_null = matches!(
        shape,
        Type::Dyn | Type::Null | Type::Wrapper(_) | Type::Timestamp | Type::Duration
    );
    takes_null.then_some(ty)
}
