//! Reading the suite: text-format files to plain tests.
//!
//! In:      the folder of the suite: `proto/`, `tests/simple/testdata/`.
//! Out:     its files in order of name, and the `.proto` files of the messages in them.

use std::fs;
use std::path::Path;
use std::rc::Rc;

use policyc::compiler::source::map::SourceMap;
use prost_reflect::{DescriptorPool, DynamicMessage, MapKey, ReflectMessage, Value as Field};

use crate::environment::EXTENSIONS;
use crate::oracle::message::Types;
use crate::oracle::protos;
use crate::oracle::value::{V, list, map, text};

/// The suite.
pub(crate) struct Suite {
    /// The files that define the messages of the tests: path and text.
    pub(crate) protos: Vec<(String, String)>,
    /// What they define.
    pub(crate) pool: DescriptorPool,
    pub(crate) files: Vec<File>,
}

/// One file.
pub(crate) struct File {
    /// Its stem.
    pub(crate) name: String,
    pub(crate) tests: Vec<Test>,
}

/// One test.
pub(crate) struct Test {
    /// Section and name; not unique.
    pub(crate) path: String,
    pub(crate) expr: String,
    pub(crate) container: String,
    /// Whether it may name something of `Suite::protos`.
    pub(crate) needs_protos: bool,
    /// The extensions that are on.
    pub(crate) extensions: &'static [&'static str],
    /// Whether enums are types of their own.
    pub(crate) strong_enums: bool,
    pub(crate) disable_macros: bool,
    pub(crate) disable_check: bool,
    pub(crate) check_only: bool,
    pub(crate) declarations: Vec<Declaration>,
    pub(crate) bindings: Vec<(String, V)>,
    pub(crate) expect: Expect,
    /// The deduced type, as CEL writes it.
    pub(crate) deduced: Option<Type>,
}

/// A name of the environment.
pub(crate) enum Declaration {
    Variable(String, Type),
    Function(String, Vec<Overload>),
}

/// A function of the environment.
pub(crate) struct Overload {
    pub(crate) id: String,
    pub(crate) member: bool,
    pub(crate) params: Vec<Type>,
    pub(crate) result: Type,
}

/// A type: its name, and its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Named(String, Vec<Type>),
    Wrapper(String),
    Message(String),
    Param(String),
}

/// What must come out.
pub(crate) enum Expect {
    Value(V),
    Error,
    /// What only partial evaluation yields.
    Unknown,
}

/// Reads the suite below `folder`.
pub(crate) fn read(folder: &Path) -> Suite {
    let pool = descriptors(&folder.join("proto"));
    let simple = pool.get_message_by_name("cel.expr.conformance.test.SimpleTestFile").unwrap();
    let data = folder.join("tests/simple/testdata");
    let mut paths: Vec<_> = fs::read_dir(&data)
        .unwrap_or_else(|error| panic!("{}: {error}", data.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|it| it == "textproto"))
        .collect();
    paths.sort();
    let files = paths.iter().map(|path| {
        let written = fs::read_to_string(path).unwrap();
        let file = DynamicMessage::parse_text_format(simple.clone(), &written)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let tests = messages(&file, "section").flat_map(|section| {
            let above = string(&section, "name");
            messages(&section, "test").map(|it| test(&it, &above)).collect::<Vec<_>>()
        });
        File { name, tests: tests.collect() }
    });
    let files = files.collect();
    let protos = PROTOS.iter().map(|name| {
        let path = format!("proto/{name}");
        let text = fs::read_to_string(folder.join(&path)).unwrap();
        (path, text)
    });
    let protos: Vec<(String, String)> = protos.collect();
    let mut sources = SourceMap::new();
    for (path, text) in &protos {
        sources.add(path.as_str(), text.as_str());
    }
    Suite { pool: protos::descriptors(&sources), protos, files }
}

/// A segment of the names of all messages of the tests; white space may stand around it.
const PACKAGE: &str = "conformance";

/// The messages of the tests.
const PROTOS: [&str; 3] = [
    "cel/expr/conformance/proto2/test_all_types.proto",
    "cel/expr/conformance/proto2/test_all_types_extensions.proto",
    "cel/expr/conformance/proto3/test_all_types.proto",
];

fn descriptors(include: &Path) -> DescriptorPool {
    let mut compiler = protox::Compiler::new([include]).unwrap();
    compiler.include_imports(true);
    for file in ["cel/expr/conformance/test/simple.proto"].iter().chain(&PROTOS) {
        compiler.open_file(file).unwrap_or_else(|error| panic!("{file}: {error}"));
    }
    compiler.descriptor_pool()
}

fn field(message: &DynamicMessage, name: &str) -> Option<Field> {
    message.has_field_by_name(name).then(|| message.get_field_by_name(name).unwrap().into_owned())
}

fn string(message: &DynamicMessage, name: &str) -> String {
    field(message, name).and_then(|it| it.as_str().map(str::to_owned)).unwrap_or_default()
}

fn flag(message: &DynamicMessage, name: &str) -> bool {
    field(message, name).and_then(|it| it.as_bool()).unwrap_or(false)
}

fn message(parent: &DynamicMessage, name: &str) -> Option<DynamicMessage> {
    field(parent, name).and_then(|it| it.as_message().cloned())
}

fn messages(parent: &DynamicMessage, name: &str) -> impl Iterator<Item = DynamicMessage> {
    let found = parent.get_field_by_name(name).unwrap().into_owned();
    let Field::List(elements) = found else { panic!("`{name}` is no list") };
    elements.into_iter().map(|it| it.as_message().unwrap().clone())
}

fn test(it: &DynamicMessage, section: &str) -> Test {
    let strong = section.starts_with("strong_");
    let types = Types { pool: it.descriptor().parent_pool().clone(), strong };
    let typed = message(it, "typed_result");
    let wanted = message(it, "value").or_else(|| message(typed.as_ref()?, "result"));
    let deduced = typed.as_ref().and_then(|typed| message(typed, "deduced_type"));
    let is_error = it.has_field_by_name("eval_error") || it.has_field_by_name("any_eval_errors");
    let is_unknown = it.has_field_by_name("unknown") || it.has_field_by_name("any_unknowns");
    let expect = match wanted {
        Some(value) => Expect::Value(value_of(&value, &types)),
        None if is_error => Expect::Error,
        None if is_unknown => Expect::Unknown,
        // Without a matcher a test expects true.
        None => Expect::Value(V::Bool(true)),
    };
    Test {
        path: format!("{section}/{}", string(it, "name")),
        expr: string(it, "expr"),
        container: string(it, "container"),
        needs_protos: it.to_text_format().contains(PACKAGE),
        extensions: &EXTENSIONS,
        strong_enums: strong,
        disable_macros: flag(it, "disable_macros"),
        disable_check: flag(it, "disable_check"),
        check_only: flag(it, "check_only"),
        declarations: messages(it, "type_env").map(|it| declaration(&it)).collect(),
        bindings: bindings(it, &types),
        expect,
        deduced: deduced.map(|it| ty(&it)),
    }
}

fn bindings(it: &DynamicMessage, types: &Types) -> Vec<(String, V)> {
    let found = it.get_field_by_name("bindings").unwrap().into_owned();
    let Field::Map(entries) = found else { panic!("`bindings` is no map") };
    let mut found: Vec<_> = entries
        .into_iter()
        .map(|(key, bound)| {
            let MapKey::String(name) = key else { panic!("a binding has a name") };
            let value = message(bound.as_message().unwrap(), "value").expect("a bound value");
            (name, value_of(&value, types))
        })
        .collect();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

fn declaration(it: &DynamicMessage) -> Declaration {
    let name = string(it, "name");
    if let Some(variable) = message(it, "ident") {
        return Declaration::Variable(name, ty(&message(&variable, "type").unwrap()));
    }
    let function = message(it, "function").expect("a variable or a function");
    let overloads = messages(&function, "overloads").map(|it| Overload {
        id: string(&it, "overload_id"),
        member: flag(&it, "is_instance_function"),
        params: messages(&it, "params").map(|it| ty(&it)).collect(),
        result: ty(&message(&it, "result_type").unwrap()),
    });
    Declaration::Function(name, overloads.collect())
}

/// The one field of a `oneof` that is set, with its name.
fn only(it: &DynamicMessage) -> Option<(String, Field)> {
    let mut fields = it.fields();
    let (descriptor, value) = fields.next()?;
    Some((descriptor.name().to_owned(), value.clone()))
}

fn ty(it: &DynamicMessage) -> Type {
    let plain = |name: &str| Type::Named(name.to_owned(), Vec::new());
    let (kind, value) = only(it).unwrap_or_else(|| panic!("a type of no kind"));
    let part = |name: &str| ty(&message(value.as_message().unwrap(), name).unwrap());
    match kind.as_str() {
        "dyn" => plain("dyn"),
        "null" => plain("null_type"),
        "primitive" => plain(primitive(value.as_enum_number().unwrap())),
        "wrapper" => Type::Wrapper(primitive(value.as_enum_number().unwrap()).to_owned()),
        "well_known" => match value.as_enum_number().unwrap() {
            1 => Type::Message("google.protobuf.Any".to_owned()),
            2 => plain("google.protobuf.Timestamp"),
            _ => plain("google.protobuf.Duration"),
        },
        "list_type" => Type::Named("list".to_owned(), vec![part("elem_type")]),
        "map_type" => Type::Named("map".to_owned(), vec![part("key_type"), part("value_type")]),
        "message_type" => Type::Message(value.as_str().unwrap().to_owned()),
        "type_param" => Type::Param(value.as_str().unwrap().to_owned()),
        "type" => {
            let inner = value.as_message().unwrap();
            let inner = if only(inner).is_some() { ty(inner) } else { plain("dyn") };
            Type::Named("type".to_owned(), vec![inner])
        }
        "abstract_type" => {
            let it = value.as_message().unwrap();
            let params = messages(it, "parameter_types").map(|it| ty(&it)).collect();
            Type::Named(string(it, "name"), params)
        }
        other => panic!("a type of the kind `{other}`"),
    }
}

fn primitive(number: i32) -> &'static str {
    ["", "bool", "int", "uint", "double", "string", "bytes"][usize::try_from(number).unwrap()]
}

/// The value that a test writes.
fn value_of(it: &DynamicMessage, types: &Types) -> V {
    let (kind, value) = only(it).unwrap_or_else(|| panic!("a value of no kind"));
    match kind.as_str() {
        "null_value" => V::Null,
        "bool_value" => V::Bool(value.as_bool().unwrap()),
        "int64_value" => V::Int(value.as_i64().unwrap()),
        "uint64_value" => V::Uint(value.as_u64().unwrap()),
        "double_value" => V::Double(value.as_f64().unwrap()),
        "string_value" => text(value.as_str().unwrap()),
        "bytes_value" => V::Bytes(Rc::from(value.as_bytes().unwrap().as_ref())),
        "type_value" => V::Type(Rc::from(value.as_str().unwrap())),
        "list_value" => {
            let elements = messages(value.as_message().unwrap(), "values");
            list(elements.map(|it| value_of(&it, types)).collect())
        }
        "map_value" => {
            let entries = messages(value.as_message().unwrap(), "entries").map(|it| {
                let part = |name| value_of(&message(&it, name).unwrap(), types);
                (part("key"), part("value"))
            });
            map(entries.collect()).expect("a map of the suite")
        }
        "enum_value" => {
            let it = value.as_message().unwrap();
            let number = it.get_field_by_name("value").unwrap().as_i32().unwrap();
            V::Enum(Rc::from(string(it, "type")), number)
        }
        // An `Any`: CEL takes it for what it holds.
        "object_value" => types.value(value.as_message().unwrap()).expect("a message of the suite"),
        other => panic!("a value of the kind `{other}`"),
    }
}
