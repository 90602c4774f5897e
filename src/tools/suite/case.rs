//! Reads `*_test.yaml`, and the tests of a document: cases over a base, patched, in matrices.
//!
//! In:      the test file or the document, and a reader of the files it names.
//! Out:     `TestFile`; what is wrong goes to the sink, and the cases that can be read are there.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`, `tools::event`, `tools::exact`.

use serde_json::{Map, Value as Json};

use crate::base::limits::MATRIX_CASES_MAX;
use crate::base::span::{FileId, Span, Spanned};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::path::{join, stem};
use crate::compiler::syntax::document::recognize::TESTS;
use crate::compiler::syntax::document::yaml::{self, Entry, Node};
use crate::diag::sink::Sink;
use crate::tools::event::Event;
use crate::tools::exact;
use crate::tools::suite::error::SuiteError;
use crate::tools::suite::events::{self, EVENTS, Events};
use crate::tools::suite::patch::{Operation, SetMode};
use crate::tools::suite::tree::{Keys, json, text, wrong};
use crate::tools::suite::{Case, Context, Expect, HostResult, NOW, TestFile, complete, table};

/// Gives the text of the file at a logical path, or why it cannot be read, in words.
pub type Reader<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

const FILE_KEYS: &[&str] =
    &["policy", "now", "base", "matrix", "functions", "cases", "complete", "state"];
const CASE_KEYS: &[&str] = &[
    "name",
    "patch",
    "file",
    "matrix",
    "now",
    "functions",
    "session",
    "state",
    "reads",
    "skip",
    "expect",
];
const EXPECT_KEYS: &[&str] = &[
    "deny",
    "allow",
    "escalate",
    "effect",
    "rule",
    "fired",
    "shadow",
    "reason",
    "obligations",
    "outputs",
    "explanations",
    "errors",
    "to",
    "timeout",
    "on_timeout",
    "answer",
];

/// A choice of a matrix: a JSON Pointer and the values that stand there in turn.
pub(super) type Axis = (Spanned<String>, Vec<Json>);

/// Reads the test file `file`. Files that it names are given by `reader`.
#[must_use]
pub fn read(
    file: FileId,
    files: &SourceMap,
    reader: &Reader<'_>,
    sink: &mut Sink,
) -> Option<TestFile> {
    let root = yaml::parse(file, files, sink)?;
    let keys = Keys::open(&root, "a test file", FILE_KEYS, sink)?;
    let cases = cases(&keys, path_of(file, files), reader, sink)?;
    Some(TestFile { file, policies: policies(&keys, sink), cases })
}

/// Reads the section `tests` of the document `file`: cases, or a mapping of what a test file holds.
/// They are about that policy alone, or, where it has no default, about those beside it, too.
#[must_use]
pub fn read_section(
    file: FileId,
    files: &SourceMap,
    reader: &Reader<'_>,
    sink: &mut Sink,
) -> Option<TestFile> {
    // What is wrong with the document the compiler says.
    let root = yaml::parse(file, files, &mut Sink::new())?;
    let section = &root.get(TESTS)?.value;
    let path = path_of(file, files);
    let name = root.get("name").and_then(|entry| entry.value.text());
    let name = name.unwrap_or_else(|| stem(&path)).to_owned();
    // Where another document holds the default, this one decides nothing alone.
    let alone = root.get("default").is_some();
    let policies = alone.then(|| Spanned::new(name, section.span)).into_iter().collect();
    let cases = match section.items() {
        Some(items) => Reading::alone(path, reader).cases(items, sink),
        None if section.is_null() => Vec::new(),
        None => {
            let known: Vec<_> = FILE_KEYS.iter().filter(|key| **key != "policy").copied().collect();
            let keys = Keys::open(section, "the tests of a document", &known, sink)?;
            cases(&keys, path, reader, sink)?
        }
    };
    Some(TestFile { file, policies, cases })
}

fn path_of(file: FileId, files: &SourceMap) -> String {
    files.get(file).map(|source| source.path.clone()).unwrap_or_default()
}

/// The cases of a table of tests.
fn cases(keys: &Keys<'_>, path: String, reader: &Reader<'_>, sink: &mut Sink) -> Option<Vec<Case>> {
    keys.not_built(&["state"], sink);
    let base = match keys.get("base") {
        Some(node) => json(node, sink)?,
        None => Json::Object(Map::new()),
    };
    let reading = Reading {
        base,
        now: keys.text("now", sink),
        functions: table::read(keys.items("functions", sink), sink),
        matrix: axes(keys.get("matrix"), sink),
        ..Reading::alone(path, reader)
    };
    keys.need("cases", sink);
    let mut cases = reading.cases(keys.items("cases", sink), sink);
    if let Some(node) = keys.get("complete") {
        let rest = complete::rest(node, &reading, &cases, sink);
        cases.extend(rest.unwrap_or_default());
    }
    Some(cases)
}

fn policies(keys: &Keys<'_>, sink: &mut Sink) -> Vec<Spanned<String>> {
    let Some(node) = keys.get("policy") else { return Vec::new() };
    match node.items() {
        Some(items) => items.iter().filter_map(|item| text(item, "policy", sink)).collect(),
        None => text(node, "policy", sink).into_iter().collect(),
    }
}

/// What the cases of a file share.
pub(super) struct Reading<'a> {
    path: String,
    reader: &'a Reader<'a>,
    pub(super) base: Json,
    pub(super) now: Option<Spanned<String>>,
    pub(super) functions: Vec<HostResult>,
    matrix: Vec<Axis>,
}

impl<'a> Reading<'a> {
    /// Cases that share nothing, of the file at `path`.
    fn alone(path: String, reader: &'a Reader<'a>) -> Self {
        let base = Json::Object(Map::new());
        Self { path, reader, base, now: None, functions: Vec::new(), matrix: Vec::new() }
    }

    /// The cases that `nodes` stand for.
    fn cases(&self, nodes: &[Node], sink: &mut Sink) -> Vec<Case> {
        nodes.iter().flat_map(|node| self.case(node, sink)).collect()
    }

    /// The cases that `node` stands for: one, or one for each combination of its matrix. Where
    /// something is wrong with it there are none: it would try something else than it says.
    fn case(&self, node: &Node, sink: &mut Sink) -> Vec<Case> {
        let mark = sink.mark();
        let cases = self.read_case(node, sink);
        cases.filter(|_| !sink.errors_since(mark)).unwrap_or_default()
    }

    fn read_case(&self, node: &Node, sink: &mut Sink) -> Option<Vec<Case>> {
        let keys = Keys::open(node, "a case", CASE_KEYS, sink)?;
        keys.not_built(&["state"], sink);
        let built = keys.entry("state").is_none();
        if keys.entry("session").is_some() {
            return self.session(&keys, sink).filter(|_| built);
        }
        let name = keys.need("name", sink).and_then(|node| text(node, "name", sink));
        let expected = keys.need("expect", sink).and_then(|node| expect(node, sink));
        let context = self.context(&keys, sink)?;
        let mut matrix = self.matrix.clone();
        matrix.extend(axes(keys.get("matrix"), sink));
        let changes = keys.get("patch").map_or_else(Vec::new, |node| operations(node, sink));
        let (functions, reads) = (self.functions(&keys, sink), table::reads(&keys, sink)?);
        let skip = keys.text("skip", sink).map(|reason| reason.value);
        let now = keys.text("now", sink).or_else(|| self.now.clone());
        let (name, expect) = (name?, expected?);
        if !built {
            return None;
        }
        let mut cases = Vec::new();
        for choice in combinations(&matrix, name.span, sink)? {
            cases.push(Case {
                name: title(&name.value, &choice),
                span: name.span,
                context: Context::Whole(changed(&context, choice.iter().chain(&changes), sink)?),
                now: now.clone(),
                functions: functions.clone(),
                reads: reads.clone(),
                skip: skip.clone(),
                expect: expect.clone(),
            });
        }
        Some(cases)
    }

    /// The cases of a session: one for each event that expects something, in each combination of
    /// the matrix. Patches change the list of events.
    fn session(&self, keys: &Keys<'_>, sink: &mut Sink) -> Option<Vec<Case>> {
        if let Some(entry) = keys.entry("file") {
            let (at, what, keys) = (entry.key.span, "a case", ("session", "file"));
            sink.report(SuiteError::Exclusive { at, what, keys });
            return None;
        }
        let name = keys.need("name", sink).and_then(|node| text(node, "name", sink))?;
        let now = keys.text("now", sink).or_else(|| self.now.clone());
        let time = now.as_ref().map_or(NOW, |now| now.value.as_str());
        let read = |path: &str| (self.reader)(&join(&self.path, path));
        let Events { events, mut expected } =
            events::read(keys.need("session", sink)?, &read, time, sink)?;
        if let Some(node) = keys.get("expect") {
            expected.push((events::last(&events, node.span, sink)?, expect(node, sink)?));
        } else if expected.is_empty() {
            keys.need("expect", sink);
        }
        let mut matrix = self.matrix.clone();
        matrix.extend(axes(keys.get("matrix"), sink));
        let changes = keys.get("patch").map_or_else(Vec::new, |node| operations(node, sink));
        let (functions, reads) = (self.functions(keys, sink), table::reads(keys, sink)?);
        let skip = keys.text("skip", sink).map(|reason| reason.value);
        let values = Json::Array(events.iter().map(Event::value).cloned().collect());
        let mut cases = Vec::new();
        for choice in combinations(&matrix, name.span, sink)? {
            let chosen = changed(&values, choice.iter().chain(&changes), sink)?;
            let Some(chosen) = events::ordered(&chosen, &events) else {
                wrong(keys.need("session", sink)?, "session", EVENTS, sink);
                return None;
            };
            for (at, expect) in &expected {
                let call = chosen.get(*at).and_then(|event| event.text("call"));
                let part = call.filter(|_| expected.len() > 1).map(|call| format!(" · {call}"));
                cases.push(Case {
                    name: title(&name.value, &choice) + &part.unwrap_or_default(),
                    span: name.span,
                    context: Context::Session(chosen.get(..=*at).unwrap_or_default().to_vec()),
                    now: now.clone(),
                    functions: functions.clone(),
                    reads: reads.clone(),
                    skip: skip.clone(),
                    expect: expect.clone(),
                });
            }
        }
        Some(cases)
    }

    /// What host functions give: those of the case go before those of the file.
    fn functions(&self, keys: &Keys<'_>, sink: &mut Sink) -> Vec<HostResult> {
        let mut functions = table::read(keys.items("functions", sink), sink);
        functions.extend(self.functions.iter().cloned());
        functions
    }

    /// The base, or what the case's `file` holds.
    fn context(&self, keys: &Keys<'_>, sink: &mut Sink) -> Option<Json> {
        let Some(file) = keys.text("file", sink) else { return Some(self.base.clone()) };
        let (at, path) = (file.span, file.value);
        let found = match (self.reader)(&join(&self.path, &path)) {
            Ok(found) => found,
            Err(why) => {
                sink.report(SuiteError::NoFile { at, path, why });
                return None;
            }
        };
        let why = match serde_json::from_str(&found) {
            Ok(Json::Object(context)) => match inexact(&found) {
                None => return Some(Json::Object(context)),
                Some(why) => why,
            },
            Ok(_) => "it holds something else".to_owned(),
            Err(error) => error.to_string(),
        };
        sink.report(SuiteError::NotObject { at, path, why });
        None
    }
}

/// What a file says that its value does not hold, if it says such.
fn inexact(text: &str) -> Option<String> {
    let line = |at: usize| text.get(..at).unwrap_or_default().matches('\n').count() + 1;
    let twice = exact::twice(text).map(|at| format!("line {} gives a key twice", line(at)));
    twice.or_else(|| {
        let beyond = exact::beyond(text);
        beyond.map(|at| format!("line {} has a number that 64 bits do not hold", line(at)))
    })
}

/// What `operations` make of a value; one that does not fit is reported.
pub(super) fn changed<'a>(
    value: &Json,
    operations: impl Iterator<Item = &'a (Span, Operation)>,
    sink: &mut Sink,
) -> Option<Json> {
    let mut changed = value.clone();
    for (at, operation) in operations {
        if let Err(why) = operation.apply(&mut changed) {
            let path = operation.path().to_owned();
            sink.report(SuiteError::BadPatch { at: *at, path, why });
            return None;
        }
    }
    Some(changed)
}

pub(super) fn axes(node: Option<&Node>, sink: &mut Sink) -> Vec<Axis> {
    let Some(node) = node else { return Vec::new() };
    let Some(entries) = node.entries() else {
        wrong(node, "matrix", "a mapping from JSON Pointers to lists of values", sink);
        return Vec::new();
    };
    let mut axes = Vec::new();
    for entry in entries {
        let Some(items) = entry.value.items() else {
            wrong(&entry.value, &entry.key.value, "a list of values", sink);
            continue;
        };
        if items.is_empty() {
            wrong(&entry.value, &entry.key.value, "a list of at least one value", sink);
        }
        axes.push((entry.key.clone(), items.iter().filter_map(|item| json(item, sink)).collect()));
    }
    axes
}

/// Every combination of the values of `axes`, the last axis changing fastest.
pub(super) fn combinations(
    axes: &[Axis],
    at: Span,
    sink: &mut Sink,
) -> Option<Vec<Vec<(Span, Operation)>>> {
    let total = axes.iter().try_fold(1_usize, |total, (_, values)| total.checked_mul(values.len()));
    if total.is_none_or(|total| total > MATRIX_CASES_MAX) {
        sink.report(SuiteError::TooMany { at, max: MATRIX_CASES_MAX });
        return None;
    }
    let mut all: Vec<Vec<(Span, Operation)>> = vec![Vec::new()];
    for (pointer, values) in axes {
        let mut longer = Vec::new();
        for choice in &all {
            for value in values {
                let (path, value) = (pointer.value.clone(), value.clone());
                let mut choice = choice.clone();
                choice.push((pointer.span, Operation::Set { path, value, mode: SetMode::Put }));
                longer.push(choice);
            }
        }
        all = longer;
    }
    Some(all)
}

/// The name of a case with the values that its matrix chose.
pub(super) fn title(name: &str, choice: &[(Span, Operation)]) -> String {
    let mut chosen = Vec::new();
    for (_, operation) in choice {
        if let Operation::Set { path, value, .. } = operation {
            chosen.push(format!("{path}={value}"));
        }
    }
    if chosen.is_empty() { name.to_owned() } else { format!("{name} [{}]", chosen.join(" ")) }
}

/// Reads a patch: `{/pointer: value}`, or a list of JSON Patch operations.
fn operations(node: &Node, sink: &mut Sink) -> Vec<(Span, Operation)> {
    if let Some(items) = node.items() {
        return items.iter().filter_map(|item| operation(item, sink)).collect();
    }
    let Some(entries) = node.entries() else {
        wrong(node, "patch", "a mapping or a list of operations", sink);
        return Vec::new();
    };
    let mut operations = Vec::new();
    for entry in entries {
        if let Some(value) = json(&entry.value, sink) {
            let path = entry.key.value.clone();
            let set = Operation::Set { path, value, mode: SetMode::Put };
            operations.push((entry.key.span, set));
        }
    }
    operations
}

fn operation(node: &Node, sink: &mut Sink) -> Option<(Span, Operation)> {
    let keys = Keys::open(node, "an operation", &["op", "path", "from", "value"], sink)?;
    let word = keys.need("op", sink).and_then(|node| text(node, "op", sink))?;
    let path = keys.need("path", sink).and_then(|node| text(node, "path", sink))?.value;
    let value = |sink: &mut Sink| {
        let entry = keys.entry("value");
        if entry.is_none() {
            keys.need("value", sink);
        }
        json(&entry?.value, sink)
    };
    let from = |sink: &mut Sink| keys.need("from", sink).and_then(|node| text(node, "from", sink));
    let operation = match word.value.as_str() {
        "add" => Operation::Set { path, value: value(sink)?, mode: SetMode::Add },
        "replace" => Operation::Set { path, value: value(sink)?, mode: SetMode::Replace },
        "remove" => Operation::Remove { path },
        "move" => Operation::Move { from: from(sink)?.value, path, keep: false },
        "copy" => Operation::Move { from: from(sink)?.value, path, keep: true },
        "test" => Operation::Test { path, value: value(sink)? },
        _ => {
            let wanted = "`add`, `remove`, `replace`, `move`, `copy` or `test`";
            let (at, what) = (word.span, "`op`".to_owned());
            sink.report(SuiteError::WrongNode { at, what, wanted, found: "another word" });
            return None;
        }
    };
    Some((node.span, operation))
}

/// Reads an expectation: `{deny: RULE}` and the like, or parts of a decision.
pub(super) fn expect(node: &Node, sink: &mut Sink) -> Option<Spanned<Expect>> {
    if node.text() == Some("snapshot") {
        return Some(Spanned::new(Expect::Snapshot(None), node.span));
    }
    let keys = Keys::open(node, "an expectation", EXPECT_KEYS, sink)?;
    keys.not_built(&["obligations"], sink);
    if node.entries().is_some_and(<[Entry]>::is_empty) {
        wrong(node, "expect", "what is expected, as `{deny: null}`", sink);
        return None;
    }
    let mut parts = Map::new();
    for entry in node.entries().unwrap_or_default() {
        let key = entry.key.value.as_str();
        let value = json(&entry.value, sink)?;
        if !matches!(key, "deny" | "allow" | "escalate") {
            parts.insert(key.to_owned(), value);
            continue;
        }
        if parts.contains_key("effect") {
            sink.report(SuiteError::TwoEffects { at: node.span });
            return None;
        }
        parts.insert("effect".to_owned(), Json::from(key));
        parts.insert("rule".to_owned(), value);
    }
    Some(Spanned::new(Expect::Decision(Json::Object(parts)), node.span))
}
