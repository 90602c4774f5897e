//! Compiles `.proto` files from memory, and turns their descriptors into tables.
//!
//! In:      the files of a run.
//! Out:     `Messages`, sorted by name whatever the order of files; findings with places.
//! Imports: `base`, `diag`, `lang`, `compiler::source`; the crates `protox` and `miette`.
//!
//! An import names a file by the end of its path; of several the one with the shortest path is
//! meant, of equally short ones the first. What `google/protobuf/` has is built in.

use miette::Diagnostic as _;
use protox::file::File;
use protox::prost_reflect::prost_types::FileDescriptorProto;
use protox::prost_reflect::{
    Cardinality, DescriptorError, DescriptorPool, EnumDescriptor, ExtensionDescriptor,
    FieldDescriptor, Kind, MessageDescriptor, Syntax, Value,
};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::limits::PROTO_DEPTH_MAX;
use crate::base::name::Name;
use crate::base::span::{FileId, Span};
use crate::compiler::check::schema::proto::error::ProtoError;
use crate::compiler::check::schema::proto::is_proto;
use crate::compiler::source::map::SourceMap;
use crate::diag::sink::Sink;
use crate::lang::constant::Constant;
use crate::lang::messages::{
    Enum, Extension, FieldKind, Message, MessageField, Messages, Presence,
};

/// The number of `name` in the descriptors of messages, fields, enums and extensions alike.
const NAME_FIELD: i32 = 1;
/// The number of `dependency` in the descriptor of a file.
const DEPENDENCY_FIELD: i32 = 3;

/// Compiles every `.proto` file; one that cannot be used is reported and defines nothing.
pub(super) fn read(files: &SourceMap, sink: &mut Sink) -> Messages {
    let mut pool = DescriptorPool::global();
    let mut parsed = Vec::new();
    let mut failed = FxHashSet::default();
    for (id, file) in files.by_path().into_iter().filter(|(_, file)| is_proto(&file.path)) {
        if built_in(&pool, &file.path) {
            continue;
        }
        if let Some(at) = too_deep(id, &file.text) {
            sink.report(ProtoError::TooDeep { at });
            failed.insert(file.path.clone());
            continue;
        }
        match File::from_source(&file.path, &file.text) {
            Ok(read) => {
                let descriptor = read.file_descriptor_proto().clone();
                parsed.push(Parsed::new(id, &file.text, descriptor));
            }
            Err(error) => {
                sink.report(syntax_error(id, &error));
                failed.insert(file.path.clone());
            }
        }
    }
    let paths: Vec<String> = parsed.iter().map(|it| it.descriptor.name().to_owned()).collect();
    let broken = failed.clone();
    let known: Vec<&str> = paths.iter().chain(&broken).map(String::as_str).collect();
    for file in &mut parsed {
        if let Err(error) = file.resolve_imports(&pool, &known) {
            sink.report(error);
            failed.insert(file.descriptor.name().to_owned());
        }
    }
    link(&mut pool, &parsed, failed, sink);
    let places = parsed.iter().map(|it| (it.descriptor.name(), &it.places)).collect();
    tables(&pool, &Places { files: places })
}

/// Whether the file at `path` is a copy of one that is built in.
fn built_in(pool: &DescriptorPool, path: &str) -> bool {
    let at = if path.starts_with("google/protobuf/") {
        Some(0)
    } else {
        path.find("/google/protobuf/").map(|at| at + 1)
    };
    let name = at.and_then(|at| path.get(at..));
    name.is_some_and(|name| pool.get_file_by_name(name).is_some())
}

/// Where brackets nest deeper than they may: the compiler of these files recurses with them.
///
/// Brackets in strings and comments do not count. A `#` begins a comment in some places only, so
/// behind it those that open count and those that close do not.
fn too_deep(file: FileId, text: &str) -> Option<Span> {
    let bytes = text.as_bytes();
    let (mut depth, mut at, mut hash) = (0_usize, 0, false);
    while let Some(byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        match byte {
            b'\n' => hash = false,
            b'#' => hash = true,
            b'{' | b'[' | b'(' | b'<' => depth += 1,
            _ if hash => {}
            b'"' | b'\'' => at += string_length(rest, *byte),
            _ if rest.starts_with(b"//") => {
                at += rest.iter().position(|it| *it == b'\n').unwrap_or(rest.len());
            }
            _ if rest.starts_with(b"/*") => {
                let end = rest.windows(2).skip(2).position(|it| it == b"*/");
                at += end.map_or(rest.len(), |end| end + 3);
            }
            b'}' | b']' | b')' | b'>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > PROTO_DEPTH_MAX {
            let start = u32::try_from(at).unwrap_or(u32::MAX);
            return Some(Span::new(file, start, start.saturating_add(1)));
        }
        at += 1;
    }
    None
}

/// Bytes up to the quote that ends the string at the start of `text`, or to the end of its line.
fn string_length(text: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' if text.get(at + 1) != Some(&b'\n') => at += 1,
            b'\n' => return at - 1,
            byte if *byte == quote => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

/// A file that was parsed.
struct Parsed {
    descriptor: FileDescriptorProto,
    places: FilePlaces,
}

/// Where the parts of a descriptor are written, by their paths in it.
struct FilePlaces {
    file: FileId,
    spans: FxHashMap<Vec<i32>, Span>,
}

impl Parsed {
    fn new(file: FileId, text: &str, descriptor: FileDescriptorProto) -> Self {
        // Lines end with a line feed here, and columns are bytes.
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        let offset = |line: i32, column: i32| {
            let start = starts.get(usize::try_from(line).ok()?)?;
            let column = usize::try_from(column).ok()?;
            u32::try_from((start + column).min(text.len())).ok()
        };
        let mut spans = FxHashMap::default();
        for location in descriptor.source_code_info.iter().flat_map(|info| &info.location) {
            let (from, to) = match *location.span.as_slice() {
                [line, start, end] => (offset(line, start), offset(line, end)),
                [line, start, last, end] => (offset(line, start), offset(last, end)),
                _ => continue,
            };
            if let (Some(from), Some(to)) = (from, to) {
                spans.entry(location.path.clone()).or_insert(Span::new(file, from, to));
            }
        }
        Self { descriptor, places: FilePlaces { file, spans } }
    }

    /// Replaces each import by the logical path of the file that it means.
    fn resolve_imports(&mut self, pool: &DescriptorPool, known: &[&str]) -> Result<(), ProtoError> {
        for (at, import) in self.descriptor.dependency.iter_mut().enumerate() {
            if pool.get_file_by_name(import).is_some() {
                continue;
            }
            let Some(found) = imported(import, known) else {
                let name = import.clone();
                return Err(ProtoError::NoImport { at: self.places.import(at), name });
            };
            found.clone_into(import);
        }
        Ok(())
    }
}

/// The file that an import means.
fn imported<'k>(import: &str, known: &[&'k str]) -> Option<&'k str> {
    let ends = |path: &&&str| {
        path.strip_suffix(import).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    known.iter().filter(ends).min_by_key(|path| (path.len(), **path)).copied()
}

impl FilePlaces {
    /// Where the part at `path` is written: its name, else all of it, else the start of the file.
    fn of(&self, path: &[i32]) -> Span {
        let mut name = path.to_vec();
        name.push(NAME_FIELD);
        let found = self.spans.get(&name).or_else(|| self.spans.get(path));
        found.copied().unwrap_or(Span::new(self.file, 0, 0))
    }

    fn import(&self, at: usize) -> Span {
        self.of(&[DEPENDENCY_FIELD, i32::try_from(at).unwrap_or(i32::MAX)])
    }
}

fn syntax_error(file: FileId, error: &protox::Error) -> ProtoError {
    let label = error.labels().and_then(|mut labels| labels.next());
    let place = label.map_or(Span::new(file, 0, 0), |label| {
        let narrow = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        let (start, end) = (label.offset(), label.offset().saturating_add(label.len()));
        Span::new(file, narrow(start), narrow(end))
    });
    let help = error.help().map(|help| help.to_string());
    ProtoError::Refused { at: place, message: error.to_string(), help }
}

/// Adds the files to the pool, each behind those that it imports. What imports a file that cannot
/// be used is left out without a word.
fn link(
    pool: &mut DescriptorPool,
    parsed: &[Parsed],
    mut failed: FxHashSet<String>,
    sink: &mut Sink,
) {
    let mut left: Vec<&Parsed> = parsed.iter().collect();
    loop {
        let before = left.len();
        left.retain(|file| {
            let imports = &file.descriptor.dependency;
            let name = file.descriptor.name();
            if failed.contains(name) || imports.iter().any(|it| failed.contains(it)) {
                failed.insert(name.to_owned());
                return false;
            }
            if !imports.iter().all(|it| pool.get_file_by_name(it).is_some()) {
                return true;
            }
            if let Err(error) = pool.add_file_descriptor_proto(file.descriptor.clone()) {
                sink.report(descriptor_error(file, &error));
                failed.insert(name.to_owned());
            }
            false
        });
        if left.len() == before {
            break;
        }
    }
    if let Some(circle) = circle(&left) {
        sink.report(circle);
    }
}

fn descriptor_error(file: &Parsed, error: &DescriptorError) -> ProtoError {
    let at = file.places.of(error.path().unwrap_or_default());
    let help = error.help().map(|help| help.to_string());
    ProtoError::Refused { at, message: error.to_string(), help }
}

/// An import that closes a circle: whoever follows imports among files that all wait for one
/// another comes into one.
fn circle(left: &[&Parsed]) -> Option<ProtoError> {
    let next = |from: &Parsed| {
        let imports = from.descriptor.dependency.iter().enumerate();
        imports.into_iter().find_map(|(at, import)| {
            let to = left.iter().find(|it| it.descriptor.name() == *import)?;
            Some((at, *to))
        })
    };
    let mut file = *left.first()?;
    for _ in left {
        file = next(file)?.1;
    }
    let (at, to) = next(file)?;
    let name = to.descriptor.name().to_owned();
    Some(ProtoError::Circle { at: file.places.import(at), name })
}

/// The places of all files.
struct Places<'p> {
    files: FxHashMap<&'p str, &'p FilePlaces>,
}

impl Places<'_> {
    /// Where the part at `path` of `file` is declared; `None` for what is built in.
    fn of(&self, file: &str, path: &[i32]) -> Option<Span> {
        Some(self.files.get(file)?.of(path))
    }
}

fn tables(pool: &DescriptorPool, places: &Places<'_>) -> Messages {
    let messages = pool.all_messages().filter(|it| !it.is_map_entry());
    let mut tables = Messages {
        messages: messages.map(|it| message(&it, places)).collect(),
        enums: pool.all_enums().map(|it| enumeration(&it, places)).collect(),
        extensions: pool.all_extensions().map(|it| extension(&it, places)).collect(),
        strong_enums: false,
    };
    tables.messages.sort_by(|a, b| a.name.cmp(&b.name));
    tables.enums.sort_by(|a, b| a.name.cmp(&b.name));
    tables.extensions.sort_by(|a, b| a.field.name.cmp(&b.field.name));
    tables
}

fn message(of: &MessageDescriptor, places: &Places<'_>) -> Message {
    let file = of.parent_file();
    let mut fields: Vec<MessageField> =
        of.fields().map(|it| field(&it, file.name(), places)).collect();
    fields.sort_by(|a, b| a.name.cmp(&b.name));
    let span = places.of(file.name(), of.path());
    Message { name: Name::new(of.full_name()), fields, span }
}

fn field(of: &FieldDescriptor, file: &str, places: &Places<'_>) -> MessageField {
    let entry = if of.is_map() { of.kind().as_message().cloned() } else { None };
    let (single, presence) = match &entry {
        Some(entry) => {
            let key = kind(&entry.map_entry_key_field().kind(), false);
            (entry.map_entry_value_field().kind(), Presence::Map(key))
        }
        None if of.is_list() => (of.kind(), Presence::Repeated),
        None => {
            let oneof = of.containing_oneof().filter(|it| !it.is_synthetic());
            let presence = match oneof {
                Some(oneof) => Presence::Oneof(Name::new(oneof.name())),
                None if of.supports_presence() => Presence::Explicit,
                None => Presence::Implicit,
            };
            (of.kind(), presence)
        }
    };
    let written = of.field_descriptor_proto().default_value.is_some();
    MessageField {
        name: Name::new(of.name()),
        number: of.number(),
        kind: kind(&single, of.is_group()),
        presence,
        default: if written { constant(&of.default_value()) } else { None },
        span: places.of(file, of.path()),
    }
}

fn extension(of: &ExtensionDescriptor, places: &Places<'_>) -> Extension {
    let presence = match of.cardinality() {
        Cardinality::Repeated => Presence::Repeated,
        Cardinality::Optional | Cardinality::Required => Presence::Explicit,
    };
    let written = of.field_descriptor_proto().default_value.is_some();
    let field = MessageField {
        name: Name::new(of.full_name()),
        number: of.number(),
        kind: kind(&of.kind(), of.is_group()),
        presence,
        default: if written { constant(&of.default_value()) } else { None },
        span: places.of(of.parent_file().name(), of.path()),
    };
    Extension { field, extends: Name::new(of.containing_message().full_name()) }
}

fn enumeration(of: &EnumDescriptor, places: &Places<'_>) -> Enum {
    let file = of.parent_file();
    let value = |name: &str, number: i32| (Name::new(name), number);
    let mut values: Vec<_> = of.values().map(|it| value(it.name(), it.number())).collect();
    values.sort();
    let closed = file.syntax() == Syntax::Proto2;
    let span = places.of(file.name(), of.path());
    Enum { name: Name::new(of.full_name()), values, closed, span }
}

fn kind(of: &Kind, group: bool) -> FieldKind {
    match of {
        Kind::Double => FieldKind::Double,
        Kind::Float => FieldKind::Float,
        Kind::Int32 => FieldKind::Int32,
        Kind::Int64 => FieldKind::Int64,
        Kind::Uint32 => FieldKind::Uint32,
        Kind::Uint64 => FieldKind::Uint64,
        Kind::Sint32 => FieldKind::Sint32,
        Kind::Sint64 => FieldKind::Sint64,
        Kind::Fixed32 => FieldKind::Fixed32,
        Kind::Fixed64 => FieldKind::Fixed64,
        Kind::Sfixed32 => FieldKind::Sfixed32,
        Kind::Sfixed64 => FieldKind::Sfixed64,
        Kind::Bool => FieldKind::Bool,
        Kind::String => FieldKind::String,
        Kind::Bytes => FieldKind::Bytes,
        Kind::Message(of) => FieldKind::Message { name: Name::new(of.full_name()), group },
        Kind::Enum(of) => FieldKind::Enum(Name::new(of.full_name())),
    }
}

/// A default that a declaration writes: a scalar or the number of an enum value.
fn constant(value: &Value) -> Option<Constant> {
    match value {
        Value::Bool(value) => Some(Constant::Bool(*value)),
        Value::I32(value) | Value::EnumNumber(value) => Some(Constant::Int((*value).into())),
        Value::I64(value) => Some(Constant::Int(*value)),
        Value::U32(value) => Some(Constant::Uint((*value).into())),
        Value::U64(value) => Some(Constant::Uint(*value)),
        Value::F32(value) => Some(Constant::Double((*value).into())),
        Value::F64(value) => Some(Constant::Double(*value)),
        Value::String(text) => Some(Constant::String(Name::new(text))),
        Value::Bytes(bytes) => Some(Constant::Bytes(bytes.to_vec())),
        Value::Message(_) | Value::List(_) | Value::Map(_) => None,
    }
}
