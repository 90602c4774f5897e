//! Reads tests of the CEL Policy format: `tests.yaml`, or another name with `section` in it.
//!
//! In:      the test file.
//! Out:     `TestFile`; our own `functions` table is read there too.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`.
//! Source:  the format's conformance tests; both `section` and `sections` occur in them.

use crate::base::span::{FileId, Spanned};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::yaml::{self, Node};
use crate::diag::sink::Sink;
use crate::tools::suite::error::SuiteError;
use crate::tools::suite::tree::{Keys, json, text, wrong};
use crate::tools::suite::{Case, Context, Expect, HostResult, Input, TestFile, table};

const FILE_KEYS: &[&str] = &["name", "description", "section", "sections", "functions"];
const SECTION_KEYS: &[&str] = &["name", "description", "tests"];
const TEST_KEYS: &[&str] =
    &["name", "description", "input", "context_expr", "output", "functions", "skip"];
const OUTPUT_KEYS: &[&str] = &["value", "expr", "error_set", "unknown_set", "unknown"];

/// Reads the test file `file`.
#[must_use]
pub fn read(file: FileId, files: &SourceMap, sink: &mut Sink) -> Option<TestFile> {
    let root = yaml::parse(file, files, sink)?;
    let keys = Keys::open(&root, "a test file", FILE_KEYS, sink)?;
    let shared = table::read(keys.items("functions", sink), sink);
    let mut cases = Vec::new();
    let sections = [keys.items("section", sink), keys.items("sections", sink)];
    for section in sections.into_iter().flatten() {
        let Some(keys) = Keys::open(section, "a section", SECTION_KEYS, sink) else { continue };
        let name = keys.text("name", sink).map(|name| name.value).unwrap_or_default();
        for test in keys.items("tests", sink) {
            let mark = sink.mark();
            let found = case(test, &name, &shared, sink);
            cases.extend(found.filter(|_| !sink.errors_since(mark)));
        }
    }
    Some(TestFile { file, policies: Vec::new(), cases })
}

fn case(node: &Node, section: &str, shared: &[HostResult], sink: &mut Sink) -> Option<Case> {
    let keys = Keys::open(node, "a test", TEST_KEYS, sink)?;
    let name = keys.need("name", sink).and_then(|node| text(node, "name", sink))?;
    let mut functions = table::read(keys.items("functions", sink), sink);
    functions.extend(shared.iter().cloned());
    let skip = keys.text("skip", sink).map(|reason| reason.value);
    exclusive(&keys, "context_expr", "input", sink);
    let context = match keys.text("context_expr", sink) {
        Some(expression) => Context::Expression(expression),
        None => Context::Roots(inputs(keys.get("input"), sink)?),
    };
    let expect = output(keys.need("output", sink)?, sink)?;
    Some(Case {
        name: format!("{section}/{}", name.value),
        span: name.span,
        context,
        now: None,
        functions,
        reads: Vec::new(),
        skip,
        expect,
    })
}

fn inputs(node: Option<&Node>, sink: &mut Sink) -> Option<Vec<(Spanned<String>, Input)>> {
    let Some(node) = node else { return Some(Vec::new()) };
    let Some(entries) = node.entries() else {
        wrong(node, "input", "a mapping from variables to values", sink);
        return None;
    };
    let mut roots = Vec::new();
    for entry in entries {
        let keys = Keys::open(&entry.value, "an input", &["value", "expr"], sink)?;
        exclusive(&keys, "value", "expr", sink);
        let input = match (keys.entry("value"), keys.text("expr", sink)) {
            (_, Some(expression)) => Input::Expression(expression),
            (Some(value), None) => Input::Value(json(&value.value, sink)?),
            (None, None) => {
                keys.need("value", sink);
                return None;
            }
        };
        roots.push((entry.key.clone(), input));
    }
    Some(roots)
}

/// Reads what must come out; older files write an expression alone.
fn output(node: &Node, sink: &mut Sink) -> Option<Spanned<Expect>> {
    if let Some(expression) = node.text() {
        return Some(Spanned::new(Expect::Expression(expression.to_owned()), node.span));
    }
    let keys = Keys::open(node, "an output", OUTPUT_KEYS, sink)?;
    for (one, other) in [("value", "expr"), ("value", "error_set"), ("expr", "error_set")] {
        exclusive(&keys, one, other, sink);
    }
    // Implementations differ in how they call it.
    for key in ["unknown_set", "unknown"] {
        if let Some(entry) = keys.entry(key) {
            sink.report(SuiteError::NotBuilt { at: entry.key.span, key });
            return None;
        }
    }
    let expect = if let Some(entry) = keys.entry("value") {
        Expect::Value(json(&entry.value, sink)?)
    } else if let Some(expression) = keys.text("expr", sink) {
        Expect::Expression(expression.value)
    } else {
        let items = keys.items("error_set", sink);
        if items.is_empty() {
            keys.need("value", sink);
            return None;
        }
        let texts = items.iter().filter_map(|item| text(item, "error_set", sink));
        Expect::Errors(texts.map(|text| text.value).collect())
    };
    Some(Spanned::new(expect, node.span))
}

/// Reports two keys that exclude one another.
fn exclusive(keys: &Keys<'_>, one: &'static str, other: &'static str, sink: &mut Sink) {
    if let (Some(_), Some(second)) = (keys.entry(one), keys.entry(other)) {
        let at = second.key.span;
        sink.report(SuiteError::Exclusive { at, what: keys.what(), keys: (one, other) });
    }
}
