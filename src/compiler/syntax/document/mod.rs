//! Documents: our YAML, CEL Policy YAML, environment files, plain `.cel` rules.
//!
//! In:      the files of a run.
//! Out:     `model::Parsed`.
//! Imports: `base`, `compiler::source`, `diag`.
//!
//! `model` is what documents become; the readers build it and nothing else sees YAML, but for
//! schemas and data, which the checker reads with `yaml::parse`.

pub mod agents;
pub mod denials;
pub mod environment;
pub mod mappings;
pub mod meters;
pub mod model;
pub mod outputs;
pub mod path;
pub mod plans;
pub mod recognize;
pub mod scalar;
pub mod site;
pub mod template;
pub mod trust;
pub mod yaml;

mod admission;
mod cel_model;
mod cel_policy;
mod error;
mod json;
mod keys;
mod plain_cel;
mod policy;
mod property;
mod reader;
mod redact;
mod rule;
mod sections;
mod time;
mod types;
mod unseen;
mod yaml_error;

pub use plain_cel::goes_on;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::arrange::Arrange as _;
use crate::base::limits::SOURCE_BYTES_MAX;
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::source::map::{SourceFile, SourceMap};
use crate::compiler::syntax::document::error::{DocumentError, Limit};
use crate::compiler::syntax::document::model::{Environment, Form, Parsed, SchemaSource};
use crate::compiler::syntax::document::path::{extension, file_and_message, file_name, join, stem};
use crate::compiler::syntax::document::plans::Plan;
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::recognize::Kind;
use crate::compiler::syntax::document::yaml::Node;
use crate::diag::sink::Sink;

/// A file that a document names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Its logical path.
    pub path: String,
    /// Where it is named.
    pub span: Span,
}

/// What a file is by its name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum FileFormat {
    /// `.cel`
    Cel,
    /// `.celpolicy`
    CelPolicy,
    /// `.yaml`, `.yml`: what it holds decides.
    Yaml,
    /// `.json`: a policy in rare cases, else data.
    Json,
    /// Tests, and whatever is not ours.
    Other,
}

/// Whether the file at `path` holds tests, by its name.
#[must_use]
pub fn is_test(path: &str) -> bool {
    let stem = stem(path);
    stem == "tests" || stem.ends_with("_test") || stem.ends_with("_tests")
}

fn named(path: &str) -> FileFormat {
    if is_test(path) {
        return FileFormat::Other;
    }
    match extension(path).as_str() {
        "cel" => FileFormat::Cel,
        "celpolicy" => FileFormat::CelPolicy,
        "yaml" | "yml" => FileFormat::Yaml,
        "json" => FileFormat::Json,
        _ => FileFormat::Other,
    }
}

/// The files that documents name as their schema or data, in order of document.
///
/// Whoever reads files adds them before `read`, and asks again, for a schema may be a document
/// that names files itself.
#[must_use]
pub fn references(files: &SourceMap) -> Vec<Reference> {
    let mut found = Vec::new();
    for (file, source) in files.iter() {
        let root = if may_name(source) { yaml::parse(file, files, &mut Sink::new()) } else { None };
        named_by(file, source, root.as_ref(), &mut found);
    }
    found
}

/// Whether a document of YAML or JSON may name files.
fn may_name(source: &SourceFile) -> bool {
    matches!(named(&source.path), FileFormat::Yaml | FileFormat::Json)
        && source.text.contains("policyc")
}

/// The files that one file names, whose tree is `root`.
fn named_by(file: FileId, source: &SourceFile, root: Option<&Node>, found: &mut Vec<Reference>) {
    if named(&source.path) == FileFormat::Cel {
        if let Some((at, text)) = plain_cel::schema_of(&source.text) {
            let span = Span::new(file, scalar::narrow(at), scalar::narrow(at + text.len()));
            found.push(Reference { path: join(&source.path, file_and_message(text).0), span });
        }
    } else if let Some(root) = root.filter(|root| root.get("policyc").is_some()) {
        named_in(root, &source.path, found);
    }
}

fn named_in(root: &Node, base: &str, found: &mut Vec<Reference>) {
    let schema = root.get("schema").map(|entry| &entry.value);
    let data = root.get("data").and_then(|entry| entry.value.entries()).unwrap_or_default();
    for node in schema.into_iter().chain(data.iter().map(|entry| &entry.value)) {
        if let (Some(text), Some(scalar)) = (node.text(), node.scalar()) {
            found.push(Reference {
                path: join(base, file_and_message(text).0),
                span: scalar.text.span,
            });
        }
    }
}

/// The trees of the documents of YAML and JSON among some files; `None` where one is neither.
#[derive(Debug, Default)]
pub struct Trees(FxHashMap<FileId, Option<Node>>);

impl Trees {
    /// The tree of a file.
    #[must_use]
    pub fn get(&self, file: FileId) -> Option<&Node> {
        self.0.get(&file)?.as_ref()
    }

    /// Takes the tree of a file.
    pub fn take(&mut self, file: FileId) -> Option<Node> {
        self.0.remove(&file)?
    }

    /// Whether the file cannot be read.
    fn is_lost(&self, file: FileId) -> bool {
        self.0.get(&file).is_some_and(Option::is_none)
    }
}

/// Reads every document among the files, in order of path. Files that are none are left alone.
#[must_use]
pub fn read(files: &SourceMap, sink: &mut Sink) -> Parsed {
    read_with_trees(files, sink).0
}

/// As `read`, and keeps the trees, of which each was parsed once.
#[must_use]
pub fn read_with_trees(files: &SourceMap, sink: &mut Sink) -> (Parsed, Trees) {
    let mut parsed = Parsed::default();
    let (mut trees, mut wrong) = (Trees::default(), FxHashMap::default());
    let mut references = Vec::new();
    for (file, source) in files.iter() {
        if matches!(
            named(&source.path),
            FileFormat::Yaml | FileFormat::Json | FileFormat::CelPolicy
        ) {
            let mut found = Sink::new();
            trees.0.insert(file, yaml::parse(file, files, &mut found));
            wrong.insert(file, found);
        }
        named_by(file, source, trees.get(file).filter(|_| may_name(source)), &mut references);
    }
    let supplied: FxHashSet<String> = references.into_iter().map(|it| it.path).collect();
    for (file, source) in files.by_path() {
        match named(&source.path) {
            FileFormat::Other => {}
            FileFormat::Cel => {
                if let Some(document) = read_cel(file, source, &mut parsed, sink) {
                    parsed.policies.push(document);
                }
            }
            kind @ (FileFormat::Yaml | FileFormat::Json | FileFormat::CelPolicy) => {
                // The reader of a schema or of data reports what is wrong with it.
                let quiet = supplied.contains(&source.path)
                    || (kind == FileFormat::Json && !source.text.contains("policyc"));
                let mut found = wrong.remove(&file).unwrap_or_default();
                let is_policy = trees.get(file).is_some_and(|root| {
                    classify(root, kind, file, source, quiet, &mut parsed, &mut found)
                });
                if is_policy {
                    unseen::report(file, &source.text, &mut found);
                }
                if is_policy || !quiet {
                    sink.append(found);
                }
            }
        }
    }
    expect_environments(files, &trees, &mut parsed, sink);
    link_environments(files, &trees, &mut parsed);
    (parsed, trees)
}

/// Reads the plan in a file of its own: the plan, or a mapping with it under `plan`.
pub fn read_plan(
    file: FileId,
    files: &SourceMap,
    parsed: &mut Parsed,
    sink: &mut Sink,
) -> Option<Plan> {
    let source = files.get(file)?;
    let root = yaml::parse(file, files, sink)?;
    unseen::report(file, &source.text, sink);
    let (span, node) = match root.get("plan") {
        Some(entry) => (entry.key.span, &entry.value),
        None => (Span::new(file, root.span.start, root.span.start), &root),
    };
    let (ast, sites) = (&mut parsed.ast, &mut parsed.sites);
    let mut reader = Reader { file, source: &source.text, ast, sites, sink };
    plans::plan(span, node, &mut reader)
}

/// Reads as an environment what lies where a CEL Policy document has its own, whatever its keys:
/// the misspelt one is reported.
fn expect_environments(files: &SourceMap, trees: &Trees, parsed: &mut Parsed, sink: &mut Sink) {
    let mut read: FxHashSet<FileId> = parsed.environments.iter().filter_map(|it| it.file).collect();
    read.extend(parsed.policies.iter().map(|it| it.file));
    read.extend(parsed.cel_policies.iter().map(|it| it.file));
    let expected = parsed.cel_policies.iter().filter_map(|it| beside(files, it.file).next());
    for file in expected.collect::<Vec<_>>() {
        if !read.insert(file) {
            continue;
        }
        // What is wrong with a file that may be no business of ours was kept back.
        let kept = files.get(file).is_some_and(|source| named(&source.path) == FileFormat::Json);
        let mut quiet = Sink::new();
        let found = if kept && trees.is_lost(file) { &mut *sink } else { &mut quiet };
        if let Some(root) = yaml::parse(file, files, found) {
            parsed.environments.push(environment::read(&root, file, sink));
        }
    }
    parsed.environments.arrange_by_key(|environment| environment.file);
}

/// The files that may be the environment of a document, the first one first: `x_config.yaml`
/// beside `x_policy.yaml`, else `config.yaml`.
fn beside(files: &SourceMap, document: FileId) -> impl Iterator<Item = FileId> {
    let path = files.get(document).map_or("", |source| source.path.as_str());
    let own = file_name(path).replace("policy", "config");
    let names = [own.as_str(), "config.yaml", "config.yml", "config.json"];
    let own_file = |file: &FileId| *file != document;
    let found: Vec<FileId> =
        names.iter().filter_map(|name| files.find(&join(path, name))).filter(own_file).collect();
    found.into_iter()
}

fn read_cel(
    file: FileId,
    source: &SourceFile,
    parsed: &mut Parsed,
    sink: &mut Sink,
) -> Option<model::PolicyDocument> {
    if source.text.len() > SOURCE_BYTES_MAX {
        let (at, limit) = (Span::new(file, 0, 0), Limit::SourceBytes(SOURCE_BYTES_MAX));
        sink.report(DocumentError::Beyond { at, limit });
        return None;
    }
    let (ast, sites) = (&mut parsed.ast, &mut parsed.sites);
    let mut reader = Reader { file, source: &source.text, ast, sites, sink };
    Some(plain_cel::read(&source.path, &mut reader))
}

/// Reads the document `root` as what it is; false if it is none of ours.
fn classify(
    root: &Node,
    kind: FileFormat,
    file: FileId,
    source: &SourceFile,
    quiet: bool,
    parsed: &mut Parsed,
    sink: &mut Sink,
) -> bool {
    let (ast, sites) = (&mut parsed.ast, &mut parsed.sites);
    let mut reader = Reader { file, source: &source.text, ast, sites, sink };
    let told = recognize::of_tree(root);
    let by_ending = told == Kind::Other && kind == FileFormat::CelPolicy && !root.is_null();
    match if by_ending { Kind::CelPolicy } else { told } {
        Kind::Policy => {
            parsed.policies.push(policy::read(root, &source.path, &mut reader));
            return true;
        }
        Kind::Admission => {
            parsed.policies.extend(admission::read(root, &source.path, &mut reader));
            return true;
        }
        Kind::CelPolicy => {
            parsed.cel_policies.extend(cel_policy::read(root, &source.path, &mut reader));
            return true;
        }
        Kind::Other => {}
    }
    let by_name = matches!(stem(&source.path), "config" | "env");
    if by_name && root.is_null() {
        // An environment without a word declares nothing, which is no mistake.
        parsed.environments.push(Environment { file: Some(file), ..Environment::default() });
        return true;
    }
    if environment::is_environment(root) || (by_name && root.get("variables").is_some()) {
        parsed.environments.push(environment::read(root, file, sink));
        return true;
    }
    if !quiet {
        not_a_document(root, sink);
    }
    false
}

/// Reports documents that are nearly ours.
fn not_a_document(root: &Node, sink: &mut Sink) {
    if root.is_null() {
        let help = "a policy starts with `policyc: 1`, a CEL Policy document holds a `rule`";
        sink.report(DocumentError::Empty { at: root.span, help });
    }
    let head = root.entries().and_then(|entries| entries.first());
    if let Some(entry) = head.filter(|_| root.get("rules").is_some()) {
        sink.report(DocumentError::MissingKey {
            at: entry.key.span,
            key: "policyc",
            what: "a document with `rules`".to_owned(),
            help: Some("write `policyc: 1` at the top".to_owned()),
        });
    }
}

/// Finds for each CEL Policy document, and each document of Kubernetes, the environment that lies
/// beside it.
fn link_environments(files: &SourceMap, trees: &Trees, parsed: &mut Parsed) {
    let known: Vec<FileId> = parsed.environments.iter().filter_map(|it| it.file).collect();
    let found = |document: FileId| {
        beside(files, document).find(|file| known.contains(file) || trees.is_lost(*file))
    };
    for document in &mut parsed.cel_policies {
        let found = found(document.file);
        document.environment_lost = found.is_some_and(|file| trees.is_lost(file));
        document.environment = found.filter(|file| known.contains(file));
    }
    for document in parsed.policies.iter_mut().filter(|document| document.form == Form::Admission) {
        if let Some(file) = found(document.file).and_then(|file| files.get(file)) {
            let name = file_name(&file.path).to_owned();
            document.schema = Some(SchemaSource::File(Spanned::new(name, document.name.span)));
        }
    }
}
