//! JSON Schema, draft 2020-12, as types.
//!
//! In:      a schema as YAML or JSON, with the place of everything.
//! Out:     the roots of the context; findings where no type says what the schema says.
//! Imports: `base`, `compiler::syntax`, `diag`, `lang`.
//! Source:  JSON Schema draft 2020-12, Core and Validation.
//!
//! Types refuse what the schema does not name: `properties` alone means these and no others;
//! `additionalProperties` opens an object.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::limits::SCHEMA_DEPTH_MAX;
use crate::base::name::Name;
use crate::base::pointer::keys;
use crate::base::span::{Span, Spanned};
use crate::compiler::check::error::{SchemaError, SchemaFault};
use crate::compiler::check::schema::bounds::{COMPOSED, bound, dotted, unenforced};
use crate::compiler::check::schema::{DeclaredRoot, nullable, record};
use crate::compiler::check::state::Checker;
use crate::compiler::syntax::document::yaml::{Entry, Node, NodeKind, Value};
use crate::diag::suggest::nearest;
use crate::lang::types::{RecordField, Type, TypeId, TypeTable};

/// The kinds of JSON.
const KINDS: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// The roots that the schema declares: the properties of the whole.
pub(super) fn roots(cx: &mut Checker<'_>, root: &Node) -> Option<Vec<DeclaredRoot>> {
    let (active, path, optional) = (Vec::new(), Vec::new(), Vec::new());
    let mut reader = Reader { cx, root, active, path, optional, done: FxHashMap::default() };
    let place = Place { span: root.span.at_start(), name: None, depth: 0 };
    let ty = reader.ty(root, place);
    let Type::Record(found) = *reader.cx.ty(ty) else {
        if ty != TypeTable::ERROR {
            reader.fault(root.span, SchemaFault::NotAnObject);
        }
        return None;
    };
    let fields = reader.cx.out.types.object(found).fields.clone();
    let roots = fields.into_iter().map(|field| DeclaredRoot {
        path: vec![field.name],
        ty: field.ty,
        span: field.span.unwrap_or(root.span),
        required: field.required,
        sensitive: field.sensitive,
        response_only: field.response_only,
        max_items: field.max_items,
    });
    Some(roots.collect())
}

struct Reader<'c, 'a, 'n> {
    cx: &'c mut Checker<'a>,
    root: &'n Node,
    /// References that are being followed.
    active: Vec<String>,
    /// The properties around what is read; what is in a list or a map has no name.
    path: Vec<&'n str>,
    /// How many of them lead to one that may be missing.
    optional: Vec<usize>,
    done: FxHashMap<String, TypeId>,
}

/// Where a schema stands: the key that names it, and how deep.
#[derive(Clone, Copy)]
struct Place<'n> {
    span: Span,
    /// The property that it describes, rather than what is in one.
    name: Option<&'n str>,
    depth: usize,
}

impl<'n> Reader<'_, '_, 'n> {
    fn fault(&mut self, at: Span, fault: SchemaFault) {
        self.cx.report(SchemaError::Schema { at, fault });
    }

    fn gap(&mut self, at: Span, what: &str) -> TypeId {
        self.cx.report(SchemaError::SchemaGap { at, what: what.to_owned() });
        TypeTable::DYN
    }

    fn bad(&mut self, entry: &Entry, wanted: &'static str) {
        let key = entry.key.value.clone();
        self.fault(entry.value.span, SchemaFault::BadKey { key, wanted });
    }

    /// The type that a schema describes.
    fn ty(&mut self, node: &'n Node, place: Place<'n>) -> TypeId {
        if place.depth > SCHEMA_DEPTH_MAX {
            self.fault(place.span, SchemaFault::TooDeep);
            return TypeTable::ERROR;
        }
        if let Some(Value::Bool(_)) = node.value() {
            return TypeTable::DYN;
        }
        if node.entries().is_none() {
            if !matches!(node.kind, NodeKind::Refused) {
                self.fault(node.span, SchemaFault::NotASchema(node.describe()));
            }
            return TypeTable::ERROR;
        }
        let path = place.name.and_then(|_| dotted(&self.path));
        let asked = self.asked();
        for found in unenforced(node, path.as_deref(), &asked) {
            self.cx.report(found);
        }
        let composed = COMPOSED.iter().find_map(|key| node.get(key));
        if let Some(entry) = composed {
            return match entry.key.value.as_str() {
                "$ref" => self.reference(entry, place),
                "oneOf" | "anyOf" | "allOf" => self.choice(entry, place),
                other => self.gap(entry.key.span, &format!("`{other}`")),
            };
        }
        let inner = Place { depth: place.depth + 1, ..place };
        match node.get("type") {
            Some(entry) => self.typed(node, entry, inner),
            None => self.untyped(node, inner),
        }
    }

    /// `has(a.b) && ` for each property around what is read that may be missing. Of roots nothing
    /// asks whether they are there.
    fn asked(&self) -> String {
        let optional = self.optional.iter().filter(|len| **len > 1);
        let paths = optional.filter_map(|len| dotted(self.path.get(..*len)?));
        let asked: Vec<String> = paths.map(|path| format!("has({path}) && ")).collect();
        asked.concat()
    }

    /// The type of what is in a value. Only lists that are properties are bounded.
    fn inner(&mut self, node: &'n Node, place: Place<'n>) -> TypeId {
        self.unbounded(node);
        self.path.push("");
        let ty = self.ty(node, Place { name: None, ..place });
        self.path.pop();
        ty
    }

    fn unbounded(&mut self, node: &'n Node) {
        if let Some(entry) = self.max_items(node) {
            self.cx.report(bound(node, entry, None, ""));
        }
    }

    /// `oneOf` and its kin: one alternative and null, or a gap.
    fn choice(&mut self, entry: &'n Entry, place: Place<'n>) -> TypeId {
        let Some(items) = entry.value.items() else {
            self.bad(entry, "a list of schemas");
            return TypeTable::ERROR;
        };
        let is_null = |node: &&Node| {
            node.get("type").is_some_and(|it| it.value.text().is_none_or(|text| text == "null"))
        };
        let others: Vec<&'n Node> = items.iter().filter(|node| !is_null(node)).collect();
        if let [only] = others.as_slice() {
            self.unbounded(only);
            let inner = Place { depth: place.depth + 1, ..place };
            let ty = self.ty(only, inner);
            if items.len() == 1 {
                return ty;
            }
            if let Some(ty) = nullable(&mut self.cx.out.types, ty) {
                return ty;
            }
        }
        self.gap(entry.key.span, &format!("`{}`", entry.key.value))
    }

    fn reference(&mut self, entry: &'n Entry, place: Place<'n>) -> TypeId {
        let Some(text) = entry.value.text() else {
            self.bad(entry, "a reference, as `#/$defs/name`");
            return TypeTable::ERROR;
        };
        if let Some(done) = self.done.get(text) {
            return *done;
        }
        if self.active.iter().any(|active| active == text) {
            return self.gap(entry.value.span, "a type that holds itself");
        }
        let Some(pointer) = text.strip_prefix('#') else {
            return self.gap(entry.value.span, "a reference to another schema");
        };
        let Some(target) = point(self.root, pointer) else {
            self.fault(entry.value.span, SchemaFault::NoReference(text.to_owned()));
            return TypeTable::ERROR;
        };
        self.active.push(text.to_owned());
        let ty = self.ty(target, Place { depth: place.depth + 1, ..place });
        self.active.pop();
        self.done.insert(text.to_owned(), ty);
        ty
    }

    fn typed(&mut self, node: &'n Node, entry: &'n Entry, place: Place<'n>) -> TypeId {
        if let Some(items) = entry.value.items() {
            let names: Vec<&str> = items.iter().map(|item| item.text().unwrap_or("null")).collect();
            let others: Vec<&&str> = names.iter().filter(|name| **name != "null").collect();
            let [only] = others.as_slice() else {
                return if others.is_empty() && !names.is_empty() {
                    TypeTable::NULL
                } else {
                    self.gap(entry.value.span, "a choice of types")
                };
            };
            let ty = self.kind(node, entry, only, place);
            if names.len() == 1 {
                return ty;
            }
            return match nullable(&mut self.cx.out.types, ty) {
                Some(ty) => ty,
                None => self.gap(entry.value.span, "an object or a list that may be null"),
            };
        }
        let kind = entry.value.text().unwrap_or("null");
        self.kind(node, entry, kind, place)
    }

    fn kind(&mut self, node: &'n Node, entry: &'n Entry, kind: &str, place: Place<'n>) -> TypeId {
        let format = node.get("format").and_then(|it| it.value.text()).unwrap_or_default();
        match kind {
            "string" => match format {
                "date-time" => TypeTable::TIMESTAMP,
                "duration" => TypeTable::DURATION,
                _ => TypeTable::STRING,
            },
            "integer" | "number" => match format {
                "uint" | "uint32" | "uint64" => TypeTable::UINT,
                "int" | "int32" | "int64" => TypeTable::INT,
                "double" | "float" => TypeTable::DOUBLE,
                _ if kind == "integer" => TypeTable::INT,
                _ => TypeTable::DOUBLE,
            },
            "boolean" => TypeTable::BOOL,
            "null" => TypeTable::NULL,
            "array" => self.array(node, place),
            "object" => self.object(node, place),
            other => {
                let nearest = nearest(other, KINDS).map(str::to_owned);
                let (at, name) = (entry.value.span, other.to_owned());
                self.cx.report(SchemaError::UnknownType { at, name, nearest, params: None });
                TypeTable::ERROR
            }
        }
    }

    /// A schema without `type`: its other keys show what it describes.
    fn untyped(&mut self, node: &'n Node, place: Place<'n>) -> TypeId {
        let has = |key: &str| node.get(key).is_some();
        if has("properties") || has("additionalProperties") || has("patternProperties") {
            return self.object(node, place);
        }
        if has("items") || has("prefixItems") {
            return self.array(node, place);
        }
        let one = node.get("const").map(|entry| std::slice::from_ref(&entry.value));
        let values = node.get("enum").and_then(|entry| entry.value.items()).or(one);
        let kinds = values.unwrap_or_default().iter().map(|value| match value.value() {
            Some(Value::Text(_)) => TypeTable::STRING,
            Some(Value::Bool(_)) => TypeTable::BOOL,
            Some(Value::Int(_)) => TypeTable::INT,
            Some(Value::Uint(_)) => TypeTable::UINT,
            Some(Value::Double(_)) => TypeTable::DOUBLE,
            Some(Value::Null) => TypeTable::NULL,
            None => TypeTable::DYN,
        });
        kinds.reduce(|a, b| if a == b { a } else { TypeTable::DYN }).unwrap_or(TypeTable::DYN)
    }

    fn array(&mut self, node: &'n Node, place: Place<'n>) -> TypeId {
        if let Some(entry) = node.get("prefixItems") {
            self.gap(entry.key.span, "`prefixItems`");
            return TypeTable::LIST_DYN;
        }
        let element = match node.get("items") {
            Some(entry) => self.inner(&entry.value, place),
            None => TypeTable::DYN,
        };
        self.cx.out.types.list(element)
    }

    fn object(&mut self, node: &'n Node, place: Place<'n>) -> TypeId {
        let properties = node.get("properties").and_then(|entry| entry.value.entries());
        let mut rest = match node.get("additionalProperties") {
            Some(entry) if entry.value.value() == Some(Value::Bool(false)) => None,
            Some(entry) => Some(self.inner(&entry.value, place)),
            None if properties.is_none() => Some(TypeTable::DYN),
            None => None,
        };
        if let Some(entry) = node.get("patternProperties") {
            rest = Some(self.gap(entry.key.span, "`patternProperties`"));
        }
        let (None | Some([]), Some(value)) = (properties, rest) else {
            let fields = self.fields(node, properties.unwrap_or_default(), place);
            return record(self.cx, None, fields, rest, Some(place.span));
        };
        self.cx.out.types.map(TypeTable::STRING, value)
    }

    fn fields(
        &mut self,
        node: &'n Node,
        entries: &'n [Entry],
        place: Place<'n>,
    ) -> Vec<RecordField> {
        let required = node.get("required");
        let names = required.and_then(|entry| entry.value.items()).unwrap_or_default();
        for name in names {
            let text = name.text().unwrap_or_default();
            if !entries.iter().any(|entry| entry.key.value == text) {
                let known = entries.iter().map(|entry| entry.key.value.as_str());
                let nearest = nearest(text, known).map(str::to_owned);
                let fault = SchemaFault::RequiredUnknown { name: text.to_owned(), nearest };
                self.fault(name.span, fault);
            }
        }
        let fields = entries.iter().map(|entry| {
            let name = Some(entry.key.value.as_str());
            let at = Place { span: entry.key.span, name, depth: place.depth };
            let text = |key: &str| entry.value.get(key).and_then(|it| it.value.text());
            let required = names.iter().any(|name| name.text() == Some(&entry.key.value));
            self.path.push(&entry.key.value);
            let optional = if required { None } else { Some(self.path.len()) };
            self.optional.extend(optional);
            let ty = self.ty(&entry.value, at);
            self.optional.truncate(self.optional.len() - usize::from(!required));
            self.path.pop();
            RecordField {
                name: Name::new(&entry.key.value),
                ty,
                required: required && text("x-phase") != Some("response"),
                response_only: text("x-phase") == Some("response"),
                sensitive: self.sensitive(&entry.value, ty),
                max_items: self.max_items(&entry.value).and_then(most),
                span: Some(entry.key.span),
            }
        });
        fields.collect()
    }

    /// Whether values that `node` describes as `ty` are sensitive: by `x-sensitive` there, where it
    /// refers to, or of its elements. Where the type says nothing of what is inside, any mark
    /// counts. Properties that have types carry their own mark.
    fn sensitive(&mut self, node: &'n Node, ty: TypeId) -> bool {
        let inside = !self.is_known(ty);
        let mut waiting = vec![node];
        let mut followed: FxHashSet<&'n str> = FxHashSet::default();
        while let Some(node) = waiting.pop() {
            waiting.extend(node.items().unwrap_or_default().iter().filter(|_| inside));
            for entry in node.entries().unwrap_or_default() {
                match entry.key.value.as_str() {
                    "x-sensitive" => match entry.value.value() {
                        Some(Value::Bool(true)) => return true,
                        Some(Value::Bool(false)) => {}
                        _ => {
                            self.bad(entry, "true or false");
                            return true;
                        }
                    },
                    "$ref" => {
                        let text = entry.value.text().unwrap_or_default();
                        if followed.insert(text) {
                            let pointer = text.strip_prefix('#');
                            waiting.extend(pointer.and_then(|it| point(self.root, it)));
                        }
                    }
                    "items" | "additionalProperties" => waiting.push(&entry.value),
                    "oneOf" | "anyOf" | "allOf" => {
                        waiting.extend(entry.value.items().unwrap_or_default());
                    }
                    _ if inside => waiting.push(&entry.value),
                    _ => {}
                }
            }
        }
        false
    }

    /// Whether the type says what is inside.
    fn is_known(&self, ty: TypeId) -> bool {
        let mut ty = ty;
        loop {
            ty = match self.cx.ty(ty) {
                Type::Dyn | Type::Error => return false,
                Type::List(inner) | Type::Map(_, inner) | Type::Optional(inner) => *inner,
                Type::Record(record) => match self.cx.out.types.object(*record).rest {
                    Some(rest) => rest,
                    None => return true,
                },
                Type::Null
                | Type::Bool
                | Type::Int
                | Type::Uint
                | Type::Double
                | Type::String
                | Type::Bytes
                | Type::Timestamp
                | Type::Duration
                | Type::Decision
                | Type::Wrapper(_)
                | Type::Type(_)
                | Type::Message(_)
                | Type::Enum(_)
                | Type::Opaque(..)
                | Type::Param(_)
                | Type::Variable(_) => return true,
            };
        }
    }

    /// `maxItems` of a schema, there or where it refers to.
    fn max_items(&self, node: &'n Node) -> Option<&'n Entry> {
        let mut node = node;
        for _ in 0..SCHEMA_DEPTH_MAX {
            if let Some(entry) = node.get("maxItems") {
                return Some(entry);
            }
            let pointer = node.get("$ref")?.value.text()?.strip_prefix('#')?;
            node = point(self.root, pointer)?;
        }
        None
    }
}

/// The number behind `maxItems`.
fn most(entry: &Entry) -> Option<Spanned<u64>> {
    let most = match entry.value.value()? {
        Value::Int(most) => u64::try_from(most).ok()?,
        Value::Uint(most) => most,
        Value::Null | Value::Bool(_) | Value::Double(_) | Value::Text(_) => return None,
    };
    Some(Spanned::new(most, entry.key.span.to(entry.value.span)))
}

/// What a JSON Pointer names.
fn point<'n>(root: &'n Node, pointer: &str) -> Option<&'n Node> {
    let mut at = root;
    for step in keys(pointer) {
        at = match at.items() {
            Some(items) => items.get(step.parse::<usize>().ok()?)?,
            None => &at.get(&step)?.value,
        };
    }
    Some(at)
}
