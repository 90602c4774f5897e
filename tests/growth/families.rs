//! The families: for each stage, inputs that could make it slow.

use std::sync::LazyLock;

use policyc::base::span::FileId;
use policyc::compiler::format::{Settings as Style, format};
use policyc::compiler::source::embed::Embedded;
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::ast::Ast;
use policyc::compiler::syntax::document::{self, yaml};
use policyc::compiler::syntax::lexer::lexemes;
use policyc::compiler::syntax::parser::parse_expression;
use policyc::compiler::{Options, check, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::bundle::reader::read;
use policyc::runtime::program::Program;
use policyc::runtime::record::read::{Entry, Record};
use policyc::runtime::record::recover::recover;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use policyc::runtime::verify::verify;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::lint::select::{Choice, Selection, Selector};
use policyc::tools::mcp;
use policyc::tools::pipeline::{lint, load, load_own};
use policyc::tools::project::Settings;
use policyc::tools::report::paint::Style as Paint;
use policyc::tools::report::{FORMATS, Report};

use crate::audit;
use crate::texts::{HEAD, each, plain_rules, record, records, rules, tool_rules};

/// Inputs of one kind for one stage.
#[derive(Debug)]
pub(crate) struct Family {
    pub(crate) name: &'static str,
    /// The first size.
    size: usize,
    make: fn(usize) -> Vec<u8>,
    /// The stage.
    pub(crate) run: fn(&[u8]),
}

impl Family {
    /// The input at so many times the first size.
    pub(crate) fn input(&self, times: usize) -> Vec<u8> {
        (self.make)(self.size * times)
    }
}

const fn family(
    name: &'static str,
    size: usize,
    make: fn(usize) -> Vec<u8>,
    run: fn(&[u8]),
) -> Family {
    Family { name, size, make, run }
}

pub(crate) const FAMILIES: &[Family] = &[
    family("lexer: words", 50, |n| "ab + ".repeat(n).into(), lex),
    family("lexer: strings never closed", 50, |n| "'\\x \"".repeat(n).into(), lex),
    family("lexer: comments", 25, |n| "// é 'x'\n".repeat(n).into(), lex),
    family("lexer: nothing of CEL", 75, |n| "$\u{7f}#".repeat(n).into(), lex),
    family("parser: a chain of &&", 50, |n| format!("a{}", " && b".repeat(n)).into(), parse),
    family("parser: a list", 50, |n| format!("[{}1]", "a.b(c), ".repeat(n)).into(), parse),
    family("parser: a map", 25, |n| format!("{{{}1: 2}}", "'k': a?b:c, ".repeat(n)).into(), parse),
    family("parser: brackets never closed", 50, |n| "({[f(".repeat(n).into(), parse),
    family("parser: signs", 75, |n| format!("{}a", "!-".repeat(n)).into(), parse),
    family("parser: an error each word", 50, |n| "a b ! ".repeat(n).into(), parse),
    family("parser: escapes", 50, |n| format!("'{}'", "\\n\\u00e9".repeat(n / 2)).into(), parse),
    family("yaml: a list of mappings", 15, |n| plain_rules(n).into(), read_yaml),
    family("yaml: a flow list", 50, |n| format!("a: [{}1]\n", "b, ".repeat(n)).into(), read_yaml),
    family("yaml: keys", 25, |n| each(n, |at| format!("k{at:06}: v\n")).into(), read_yaml),
    family("yaml: one key many times", 25, |n| "key: v\n".repeat(n).into(), read_yaml),
    family("yaml: a block", 25, |n| format!("a: |\n{}", "  line x\n".repeat(n)).into(), read_yaml),
    family("yaml: escapes", 25, |n| format!("a: \"{}\"\n", "\\x41\\n".repeat(n)).into(), read_yaml),
    family("yaml: indented more each line", 5, deeper, read_yaml),
    family("yaml: anchors and aliases", 15, anchors, read_yaml),
    family("documents: rules", 10, |n| plain_rules(n).into(), read_documents),
    family("check: rules", 5, |n| plain_rules(n).into(), check_source),
    family("check: names that nobody knows", 5, unknown_names, check_source),
    family("check: variables, each of the one before", 5, variables, check_source),
    family("check: fields of a schema", 5, fields, check_source),
    family("check: tools", 4, tools, check_source),
    family("emit: rules", 5, |n| plain_rules(n).into(), compile_source),
    family("emit: rules for a tool each", 5, |n| tool_rules(n).into(), compile_source),
    family("emit: a set of texts", 10, set_of_texts, compile_source),
    family("emit: constants", 5, constants, compile_source),
    family("bundle: read", 5, |n| bundle(&plain_rules(n)), read_bundle),
    family("bundle: read, verified and prepared", 5, |n| bundle(&tool_rules(n)), load_bundle),
    family("verify: rules", 5, |n| bundle(&plain_rules(n)), verify_bundle),
    family("verify: one long function", 5, |n| bundle(&long_rule(n)), verify_bundle),
    family("context: a list that is read", 15, |n| context("l", n), ingest_context),
    family("context: what nobody reads", 15, |n| context("other", n), ingest_context),
    family("context: a text of escapes", 50, escaped, ingest_context),
    family("context: keys of an object", 25, keys, ingest_context),
    family("decide: a loop over objects", 15, |n| context("l", n), decide_context),
    family("format: rules", 5, |n| plain_rules(n).into(), format_yaml),
    family(
        "format: a long line",
        15,
        |n| format!("a{}\n", "&&  f(x)".repeat(n)).into(),
        format_cel,
    ),
    family("format: comments", 15, |n| "a && // b\n".repeat(n).into(), format_cel),
    family("lint: rules", 5, |n| plain_rules(n).into(), lint_source),
    family("report: a finding each line", 4, unknown_names, draw),
    family("import: arguments of a tool", 10, arguments, import_tools),
    family("import: references to one schema", 10, references, import_tools),
    family("import: tools", 10, listed_tools, import_tools),
    family("session: prompts", 10, prompts, run_session),
    family("session: calls and their outputs", 5, calls, run_session),
    family("session: a long output", 8, long_output, run_session),
    family("record: a long context", 15, |n| record(n).into(), read_record),
    family("record: a log", 15, |n| records(n).into(), recover_log),
    family("audit: a segment", 15, audit::lines, audit::read_segment),
    family("audit: a write that was cut", 15, audit::cut, audit::judge_rest),
    family("audit: a write of heads of frames", 25, audit::heads, audit::judge_rest),
    family("audit: a note of signatures", 25, audit::note, audit::read_note),
    family("audit: a proof of a long line", 50, audit::proof, audit::read_proof),
];

fn text(input: &[u8]) -> &str {
    std::str::from_utf8(input).expect("a text")
}

fn one(path: &str, input: &[u8]) -> SourceMap {
    let mut files = SourceMap::new();
    files.add(path, text(input));
    files
}

fn deeper(n: usize) -> Vec<u8> {
    // Indentation is as long as the text is deep: what a line says is in proportion to its bytes.
    each(n, |at| format!("{}a{at}:\n", " ".repeat(at.min(70)))).into()
}

fn anchors(n: usize) -> Vec<u8> {
    each(n, |at| format!("k{at:06}: &a{at:06} [*a{at:06}, *a0]\n")).into()
}

/// A tool with arguments that it all requires, each with a schema of its own that it refers to.
fn arguments(n: usize) -> Vec<u8> {
    let property = |at: usize| format!("\"a{at:06}\": {{\"$ref\": \"#/$defs/d{at:06}\"}}, ");
    let schema = |at: usize| format!("\"d{at:06}\": {{\"type\": \"string\"}}, ");
    let required = each(n, |at| format!("\"a{at:06}\", "));
    format!(
        "[{{\"name\": \"t\", \"inputSchema\": {{\"properties\": {{{}\"x\": {{}}}}, \"$defs\": {{{}\
         \"x\": {{}}}}, \"required\": [{required}\"x\"]}}}}]",
        each(n, property),
        each(n, schema)
    )
    .into()
}

/// Arguments that all refer to one schema of many choices.
fn references(n: usize) -> Vec<u8> {
    let property = |at: usize| format!("\"a{at:06}\": {{\"$ref\": \"#/$defs/d\"}}, ");
    let choice = |_| "{\"type\": \"string\"}, ".to_owned();
    format!(
        "[{{\"name\": \"t\", \"inputSchema\": {{\"properties\": {{{}\"x\": {{}}}}, \"$defs\": \
         {{\"d\": {{\"anyOf\": [{}true]}}}}}}}}]",
        each(n, property),
        each(n, choice)
    )
    .into()
}

fn listed_tools(n: usize) -> Vec<u8> {
    let tool = |at: usize| format!("{{\"name\": \"t{at:06}\", \"description\": \"Reads.\"}}, ");
    format!("[{}{{\"name\": \"x\"}}]", each(n, tool)).into()
}

/// When each event happens.
const EVENT: &str = "\"ts\":\"2026-11-19T14:03:20Z\"";

fn prompts(n: usize) -> Vec<u8> {
    let prompt = |at: usize| {
        let seq = at + 1;
        format!("{{\"ev\":\"prompt\",\"seq\":{seq},{EVENT},\"text\":\"Pay w{at:06} to me\"}}\n")
    };
    each(n, prompt).into()
}

/// Calls, each with what the one before gave.
fn calls(n: usize) -> Vec<u8> {
    let call = |at: usize| {
        let (seq, next, from) = (2 * at + 1, 2 * at + 2, at.saturating_sub(1));
        format!(
            "{{\"ev\":\"request\",\"seq\":{seq},{EVENT},\"call\":\"c{at:06}\",\"action\":\
             {{\"tool\":\"read\",\"args\":{{\"path\":\"x{from:06}\"}}}}}}\n\
             {{\"ev\":\"response\",\"seq\":{next},{EVENT},\"call\":\"c{at:06}\",\"out\":\
             {{\"s\":\"see x{at:06}\",\"n\":{at}}}}}\n"
        )
    };
    each(n, call).into()
}

/// An output whose words are few enough to be looked through, up to 64 times its length: beyond,
/// all of them are mapped once, which is a step.
fn long_output(n: usize) -> Vec<u8> {
    let list = each(n, |at| format!("{{\"n\":1{at:06},\"s\":\"name{at:06} of it\"}},"));
    format!(
        "{{\"ev\":\"request\",\"seq\":1,{EVENT},\"call\":\"c\",\"action\":{{\"tool\":\"read\",\
         \"args\":{{\"path\":\"x\"}}}}}}\n{{\"ev\":\"response\",\"seq\":2,{EVENT},\"call\":\"c\",\
         \"out\":[{list}1]}}\n"
    )
    .into()
}

/// A policy whose sessions know labels.
static SESSIONS: LazyLock<Program> = LazyLock::new(|| {
    let source = "labels: {integrity: {untrusted: [file, none]}}\ntools:\n  read: {effect: none, \
                  args: {path: string target}, output: {'': {labels: [untrusted.file]}}}\n\
                  rules: [{id: calls, on: ['*'], allow: a call}]\nflow: [{id: t, sink: \
                  {arg: target}, forbid: 'untrusted.none', over: deny}]\n";
    load(&bundle(&format!("{HEAD}{source}")), "s").expect("it loads")
});

fn unknown_names(n: usize) -> Vec<u8> {
    rules(n, |at| format!("  - {{id: r{at:06}, when: a.x{at:06} > nobody, deny: no}}\n")).into()
}

fn variables(n: usize) -> Vec<u8> {
    let variable = |at: usize| match at {
        0 => "  - v000000: a.i\n".to_owned(),
        _ => format!("  - v{at:06}: v{:06} + 1\n", at - 1),
    };
    let rule = "rules:\n  - {id: r, when: a.i > 1, deny: no}\n";
    format!("{HEAD}schema: {{a: {{i: int}}}}\nvariables:\n{}{rule}", each(n, variable)).into()
}

fn fields(n: usize) -> Vec<u8> {
    let field = |at: usize| format!("    f{at:06}: {{x: int, y: optional string}}\n");
    let rule = "rules:\n  - {id: r, when: a.f000000.x > 1, deny: no}\n";
    format!("{HEAD}schema:\n  a:\n{}{rule}", each(n, field)).into()
}

fn tools(n: usize) -> Vec<u8> {
    let tool = |at: usize| format!("  t{at:06}: {{args: {{n: int, s{at:06}: string}}}}\n");
    let rule = "rules:\n  - {id: r, on: [t*], when: args.n > 1, deny: no}\n";
    format!("{HEAD}schema: {{action: {{tool: string}}}}\ntools:\n{}{rule}", each(n, tool)).into()
}

fn set_of_texts(n: usize) -> Vec<u8> {
    let texts = each(n, |at| format!("'t{at:06}', "));
    rules(1, |_| format!("  - {{id: r, when: \"a.s in [{texts}'x']\", deny: no}}\n")).into()
}

fn constants(n: usize) -> Vec<u8> {
    rules(n, |at| format!("  - {{id: r{at:06}, when: \"a.s + '{at:06}' == 'x'\", deny: no}}\n"))
        .into()
}

fn long_rule(n: usize) -> String {
    let parts = each(n, |at| format!("a.i != {at:06} && "));
    rules(1, |_| format!("  - {{id: r, when: \"{parts}a.b\", deny: no}}\n"))
}

fn bundle(source: &str) -> Vec<u8> {
    let compiled =
        compile(&one("p.yaml", source.as_bytes()), &Options::default(), &mut Sink::new());
    compiled.expect("it compiles").bundle
}

fn context(name: &str, n: usize) -> Vec<u8> {
    let list = each(n, |at| format!("{{\"n\": {at:06}, \"s\": \"é\\n\"}},").replace(": 0", ": 1"));
    let empty = if name == "l" { "" } else { "\"l\": [], " };
    format!("{{{empty}\"t\": \"\", \"m\": {{}}, \"{name}\": [{list}{{\"n\": 1, \"s\": \"\"}}]}}")
        .into()
}

fn escaped(n: usize) -> Vec<u8> {
    format!("{{\"l\": [], \"m\": {{}}, \"t\": \"{}\"}}", "\\u00e9\\n".repeat(n)).into()
}

fn keys(n: usize) -> Vec<u8> {
    let keys = each(n, |at| format!("\"k{at:06}\": 1, "));
    format!("{{\"l\": [], \"t\": \"\", \"m\": {{{keys}\"x\": 1}}}}").into()
}

/// A policy that reads a list of objects, a text and a map.
static PROGRAM: LazyLock<Program> = LazyLock::new(|| {
    let source = "schema: {l: {items: {n: int, s: string}, maxItems: 20000}, t: string, \
                  m: 'map<string, int>'}\nrules:\n  - {id: r, when: \"l.all(x, x.n > 0 && \
                  x.n < 1000000) && m.size() >= 0\", deny: no}\n";
    let bundle = bundle(&format!("{HEAD}{source}"));
    load(&bundle, "p").expect("it loads")
});

fn lex(input: &[u8]) {
    assert!(lexemes(text(input)).count() > 0);
}

fn parse(input: &[u8]) {
    let (mut ast, mut sink) = (Ast::new(), Sink::new());
    parse_expression(&Embedded::verbatim(text(input), FileId(0), 0), &mut ast, &mut sink);
}

fn read_yaml(input: &[u8]) {
    let _ = yaml::parse(FileId(0), &one("p.yaml", input), &mut Sink::new());
}

fn read_documents(input: &[u8]) {
    let parsed = document::read(&one("p.yaml", input), &mut Sink::new());
    assert!(!parsed.policies.is_empty());
}

fn check_source(input: &[u8]) {
    let _ = check(&one("p.yaml", input), &Options::default(), &mut Sink::new());
}

fn compile_source(input: &[u8]) {
    let compiled = compile(&one("p.yaml", input), &Options::default(), &mut Sink::new());
    load_own(&compiled.expect("it compiles")).expect("it loads");
}

fn read_bundle(input: &[u8]) {
    read(input).expect("a bundle");
}

fn verify_bundle(input: &[u8]) {
    verify(&read(input).expect("a bundle")).expect("it is accepted");
}

fn load_bundle(input: &[u8]) {
    load(input, "p").map_err(|refused| refused.finding).expect("it loads");
}

fn ingest_context(input: &[u8]) {
    let mut scratch = Scratch::for_program(&PROGRAM);
    assert_eq!(ingest(&PROGRAM, input, &mut scratch).error(), None);
}

fn decide_context(input: &[u8]) {
    let mut scratch = Scratch::for_program(&PROGRAM);
    let mut filled = ingest(&PROGRAM, input, &mut scratch);
    let report = DecisionReport::of(&mut filled.decide(&Moment::at(1_773_785_730, 0)));
    assert_eq!(report.fired, ["r"]);
}

fn format_yaml(input: &[u8]) {
    format("p.yaml", text(input), Style::default()).expect("it is read");
}

fn format_cel(input: &[u8]) {
    let _ = format("p.cel", text(input), Style::default());
}

fn lint_source(input: &[u8]) {
    let select = Some(vec![Selector::read("style").expect("a selector")]);
    let selection = Selection::of(&Choice { select, ..Choice::default() }, &[]);
    let _ = lint(&one("p.yaml", input), &Settings::default(), &selection, &mut Sink::new());
}

fn draw(input: &[u8]) {
    let (files, mut sink) = (one("p.yaml", input), Sink::new());
    let _ = compile(&files, &Options::default(), &mut sink);
    let (findings, dropped) = sink.finish();
    let report = Report {
        files: &files,
        prefix: "",
        findings: &findings,
        dropped,
        cases: None,
        command: "policyc check",
    };
    for format in FORMATS {
        assert!(!(format.draw)(&report, Paint::PLAIN).is_empty());
    }
}

fn run_session(input: &[u8]) {
    let ground = Ground::of(&SESSIONS);
    let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
    for line in input.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let outcome = session.line(line, &mut work);
        assert!(!matches!(outcome, Outcome::Refused(_)), "{}", text(line));
    }
}

fn import_tools(input: &[u8]) {
    let files = one("tools.json", input);
    assert!(mcp::import("tools", FileId(0), &files, &mut Sink::new()).is_some());
}

fn read_record(input: &[u8]) {
    assert!(Record::read(input).is_ok() && Entry::read(input).is_ok());
}

fn recover_log(input: &[u8]) {
    assert_eq!(recover(input, "w").expect("it is whole").torn_bytes, 0);
}
