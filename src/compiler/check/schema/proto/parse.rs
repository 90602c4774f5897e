//! Files to descriptors: each by itself, nothing resolved.
//!
//! In:      a `.proto` file, or a descriptor set.
//! Out:     the descriptors in it, and where their parts are written; or why there are none.
//! Imports: `base`, `compiler::source`.

use miette::Diagnostic as _;
use protox::file::File;
use protox::prost_reflect::prost::Message as _;
use protox::prost_reflect::prost_types::{DescriptorProto, FileDescriptorProto, FileDescriptorSet};
use rustc_hash::FxHashMap;

use crate::base::limits::PROTO_DEPTH_MAX;
use crate::base::span::{FileId, Span};
use crate::compiler::check::schema::proto::error::ProtoError;
use crate::compiler::source::map::SourceFile;

/// The number of `name` in the descriptors of messages, fields, enums and extensions alike.
const NAME_FIELD: i32 = 1;
/// The number of `dependency` in the descriptor of a file.
const DEPENDENCY_FIELD: i32 = 3;

/// The descriptor of a file, which goes by a path of its own.
pub(super) struct Parsed {
    /// The file, or the set that holds it.
    pub(super) file: FileId,
    /// The path of the set, if it is from one.
    pub(super) set: Option<String>,
    pub(super) descriptor: FileDescriptorProto,
    pub(super) places: FilePlaces,
}

/// Where the parts of a descriptor are written, by their paths in it.
pub(super) struct FilePlaces {
    file: FileId,
    spans: FxHashMap<Vec<i32>, Span>,
}

/// The descriptor of a `.proto` file.
///
/// # Errors
/// Why it does not parse, which the compiler of these files says.
pub(super) fn parse(id: FileId, file: &SourceFile) -> Result<Parsed, ProtoError> {
    if let Some(at) = too_deep(id, &file.text) {
        return Err(ProtoError::TooDeep { at });
    }
    let read = File::from_source(&file.path, &file.text).map_err(|it| syntax_error(id, &it))?;
    let descriptor = read.file_descriptor_proto().clone();
    let places = FilePlaces::new(id, &file.text, &descriptor);
    Ok(Parsed { file: id, set: None, descriptor, places })
}

/// The descriptors of a set. Each goes by its name behind the path of the set.
///
/// # Errors
/// That the bytes are no `google.protobuf.FileDescriptorSet`.
pub(super) fn parse_set(id: FileId, path: &str, bytes: &[u8]) -> Result<Vec<Parsed>, ProtoError> {
    let at = Span::new(id, 0, 0);
    let set = FileDescriptorSet::decode(bytes)
        .map_err(|error| ProtoError::NoSet { at, message: error.to_string() })?;
    if set.file.is_empty() {
        return Err(ProtoError::NoSet { at, message: "it holds no file".to_owned() });
    }
    let parsed = set.file.into_iter().map(|mut descriptor| {
        descriptor.name = Some(format!("{path}/{}", descriptor.name()));
        descriptor.source_code_info = None;
        let places = FilePlaces { file: id, spans: FxHashMap::default() };
        Parsed { file: id, set: Some(path.to_owned()), descriptor, places }
    });
    Ok(parsed.collect())
}

impl Parsed {
    /// The path that it goes by.
    pub(super) fn name(&self) -> &str {
        self.descriptor.name()
    }

    /// The full names of the types and extensions that it declares.
    pub(super) fn names(&self) -> Vec<String> {
        let file = &self.descriptor;
        let package = file.package().to_owned();
        let full = |scope: &str, name: &str| {
            if scope.is_empty() { name.to_owned() } else { format!("{scope}.{name}") }
        };
        let mut names: Vec<String> =
            file.enum_type.iter().map(|it| full(&package, it.name())).collect();
        names.extend(file.extension.iter().map(|it| full(&package, it.name())));
        let mut left: Vec<(String, &DescriptorProto)> =
            file.message_type.iter().map(|it| (full(&package, it.name()), it)).collect();
        while let Some((name, message)) = left.pop() {
            names.extend(message.enum_type.iter().map(|it| full(&name, it.name())));
            names.extend(message.extension.iter().map(|it| full(&name, it.name())));
            left.extend(message.nested_type.iter().map(|it| (full(&name, it.name()), it)));
            names.push(name);
        }
        names
    }
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

impl FilePlaces {
    fn new(file: FileId, text: &str, descriptor: &FileDescriptorProto) -> Self {
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
        Self { file, spans }
    }

    /// Where the part at `path` is written: its name, else all of it, else the start of the file.
    pub(super) fn of(&self, path: &[i32]) -> Span {
        let mut name = path.to_vec();
        name.push(NAME_FIELD);
        let found = self.spans.get(&name).or_else(|| self.spans.get(path));
        found.copied().unwrap_or(Span::new(self.file, 0, 0))
    }

    /// Where the import at this position is written.
    pub(super) fn import(&self, at: usize) -> Span {
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
