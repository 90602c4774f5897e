//! One case: what comes out here, beside what they recorded.
//!
//! In:      a case, the messages of the suite.
//! Out:     a verdict for each thing that can be compared.

use policyc::base::span::{FileId, Span};
use policyc::compiler::source::embed::Embedded;
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::ast::{Ast, ExprId, ExprKind};
use policyc::compiler::syntax::parser::parse_expression;
use policyc::compiler::{Front, check};
use policyc::diag::diagnostic::Severity;
use policyc::diag::sink::Sink;
use policyc::lang::error::EvalError;

use super::{Case, LEFT_OUT, Run, Verdict, tree, values};
use crate::environment::{POLICY, context, options, sources};
use crate::oracle::value::V;
use crate::run::{agree, program, reference_says};
use crate::suite::{Declaration, Suite, Type};

/// Everything that can be compared of a case.
pub(super) fn judge(case: &mut Case, suite: &Suite) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    let (ast, root, is_clean) = parsed(&case.test.expr);
    if let Some(tree) = &case.tree {
        let theirs = tree::plain(tree);
        let ours = if is_clean { tree::draw(&ast, root) } else { "refused".to_owned() };
        let ours = tree::plain(&ours);
        verdicts.push(Verdict::of("tree", ours == theirs, &theirs, &ours));
    }
    // The baselines of the parser declare nothing.
    if case.file.contains("/parser/") && case.is_read {
        return verdicts;
    }
    if is_elsewhere(case) {
        verdicts.push(Verdict::left_out());
        return verdicts;
    }
    // What an `Any` holds decides what the context says.
    let first = case.runs.first();
    let bound = first.and_then(|run| bindings(run, case, suite));
    case.test.bindings = bound.unwrap_or_default();
    let files = files(case, suite);
    let mut sink = Sink::new();
    let front = check(&files, &options(&case.test), &mut sink);
    // What their parser refuses must be refused as text, not for a name that nobody declares.
    let mut errors = errors(sink, &files);
    errors.retain(|it| case.is_read || it.is_of_text);
    let refused = errors.iter().map(Found::words).collect::<Vec<_>>().join("\n    ");
    if let Some(ty) = &case.ty {
        let ours = if errors.is_empty() { deduced(&front) } else { refused };
        verdicts.push(Verdict::of("type", ours == *ty, ty, &ours));
    } else if let Some(place) = case.places.first() {
        let said = case.error.lines().next().unwrap_or_default();
        verdicts.push(Verdict::of("error", !errors.is_empty(), said, "nothing is wrong"));
        if !errors.is_empty() {
            let nodes = if said.contains("undeclared") { Vec::new() } else { nodes(&ast) };
            let agrees = errors.iter().any(|it| {
                let touches = it.start <= *place && *place <= it.end;
                touches || narrowest(&nodes, &case.test.expr, *place, it)
            });
            verdicts.push(Verdict::of("place", agrees, said, &refused));
        }
    } else if !case.runs.is_empty() && errors.is_empty() {
        for run in std::mem::take(&mut case.runs) {
            let verdict = judge_run(&run, case, &files, &front, suite);
            verdicts.push(verdict.unwrap_or_else(Verdict::left_out));
        }
    } else if !case.runs.is_empty() {
        let fails = case.runs.iter().all(|run| run.said.is_err());
        verdicts.push(Verdict::of("value", fails, "no error", &refused));
    }
    verdicts
}

impl Verdict {
    fn left_out() -> Self {
        Self::of(LEFT_OUT, true, "", "")
    }

    fn of(aspect: &'static str, agrees: bool, theirs: &str, ours: &str) -> Self {
        Self { aspect, agrees, words: format!("{theirs}\n    {ours}") }
    }
}

/// The sources of a case. The messages of cel-go's tables are those of the suite in another
/// package.
fn files(case: &Case, suite: &Suite) -> SourceMap {
    if !case.file.starts_with("cel-go/") {
        return sources(&case.test, &suite.protos);
    }
    let renamed = |text: &str| {
        let text = text.replace("cel/expr/conformance", "google/expr");
        text.replace("cel.expr.conformance.proto3", "google.expr.proto3.test")
            .replace("cel.expr.conformance.proto2", "google.expr.proto2.test")
    };
    let protos: Vec<(String, String)> =
        suite.protos.iter().map(|(path, text)| (renamed(path), renamed(text))).collect();
    sources(&case.test, &protos)
}

/// The tree of an expression, and whether all of it was read.
fn parsed(expr: &str) -> (Ast, ExprId, bool) {
    let (mut ast, mut sink) = (Ast::new(), Sink::new());
    let source = Embedded::verbatim(expr, FileId(0), 0);
    let root = parse_expression(&source, &mut ast, &mut sink);
    (ast, root, !sink.has_errors())
}

fn deduced(front: &Front) -> String {
    let ty = front.analysis.cel_policies[0].output;
    front.analysis.types.show(ty).replace("null_type", "null")
}

/// Whether a case is about messages that nobody has here, functions of a Java program or what is
/// unknown.
fn is_elsewhere(case: &Case) -> bool {
    let types = case.test.declarations.iter().any(|it| match it {
        Declaration::Variable(_, Type::Message(name)) => name.starts_with("dev.cel."),
        Declaration::Variable(..) => false,
        Declaration::Function(_, overloads) => overloads.iter().any(|it| {
            it.params
                .iter()
                .any(|it| matches!(it, Type::Message(name) if name.starts_with("dev.cel.")))
        }),
    });
    types || case.test.expr.contains("dev.cel.")
}

fn bindings(run: &Run, case: &Case, suite: &Suite) -> Option<Vec<(String, V)>> {
    values::bindings(&run.bindings, &case.test.declarations, &suite.pool)
}

/// First and last byte of every expression and every field of a literal.
fn nodes(ast: &Ast) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (_, expr) in ast.exprs.iter_ids() {
        found.push((expr.span.start as usize, expr.span.end as usize));
        if let ExprKind::Message { fields, .. } = &expr.kind {
            let end = |value: ExprId| ast.span(value).end as usize;
            found.extend(fields.iter().map(|it| (it.field.span.start as usize, end(it.value))));
        }
    }
    found
}

/// Whether an error lies inside the smallest expression around their place: they point at its
/// operator or parenthesis, where we point at the operand or argument.
fn narrowest(nodes: &[(usize, usize)], expr: &str, place: (usize, usize), found: &Found) -> bool {
    let place_of = |at: usize| {
        let before = expr.get(..at).unwrap_or_default();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (before.matches('\n').count() + 1, column)
    };
    let around =
        nodes.iter().filter(|(start, end)| place_of(*start) <= place && place < place_of(*end));
    let smallest = around.min_by_key(|(start, end)| end - start);
    smallest
        .is_some_and(|(start, end)| place_of(*start) <= found.start && found.end <= place_of(*end))
}

/// An error of ours: its first and last place as line and column in characters from 1.
struct Found {
    start: (usize, usize),
    end: (usize, usize),
    said: String,
    /// Whether it is about the text and its macros.
    is_of_text: bool,
}

impl Found {
    fn words(&self) -> String {
        format!("{:?} to {:?}: {}", self.start, self.end, self.said)
    }
}

fn errors(sink: Sink, files: &SourceMap) -> Vec<Found> {
    let (found, _) = sink.finish();
    let errors = found.iter().filter(|it| it.severity == Severity::Error);
    let found = errors.map(|it| {
        let span = it.span().expect("an error has a place");
        let file = files.get(span.file).expect("of a file");
        let said = format!("{} {} ({})", it.code.id(), it.message, file.path);
        let (start, end) =
            if file.path == POLICY { ends(&file.text, span) } else { ((0, 0), (0, 0)) };
        let is_of_text = ["E01", "E06"].iter().any(|family| it.code.id().starts_with(family));
        Found { start, end, said, is_of_text }
    });
    found.collect()
}

/// Where `span` begins and ends in the expression, which the document holds as a JSON string.
fn ends(document: &str, span: Span) -> ((usize, usize), (usize, usize)) {
    let first = document.find("- output: \"").expect("the expression") + "- output: \"".len();
    let place = |at: u32| {
        let quoted = document.get(first..at as usize).unwrap_or_default();
        let before: String = serde_json::from_str(&format!("\"{quoted}\"")).unwrap_or_default();
        let line = before.matches('\n').count() + 1;
        (line, before.rsplit('\n').next().unwrap_or_default().chars().count() + 1)
    };
    (place(span.start), place(span.end))
}

/// One run of a case on both evaluators.
fn judge_run(
    run: &Run,
    case: &mut Case,
    files: &SourceMap,
    front: &Front,
    suite: &Suite,
) -> Option<Verdict> {
    // Partial evaluation is not built, and what Java functions give nobody says.
    if run.said.as_ref().is_ok_and(|said| said.starts_with("CelUnknownSet")) {
        return None;
    }
    case.test.bindings = bindings(run, case, suite)?;
    let context = context(&case.test).ok()?;
    let said = reference_says(front, suite, &context);
    let words = match &said {
        Ok(Some(value)) => values::words(value)?,
        Ok(None) => "nothing".to_owned(),
        Err(EvalError::Pending) => return None,
        Err(class) => class.word().to_owned(),
    };
    let (agrees, theirs) = match (&run.said, &said) {
        (Ok(theirs), Ok(_)) => (words == *theirs, theirs.as_str()),
        (Ok(theirs), Err(_)) => (false, theirs.as_str()),
        (Err(theirs), said) => (said.is_err(), theirs.as_str()),
    };
    let mut verdict = Verdict::of("value", agrees, theirs, &words);
    let ran = program(files, &options(&case.test))
        .and_then(|program| agree(&case.test, &program, &context, &said));
    if let Err(why) = ran {
        verdict = Verdict::of("value", false, theirs, &why);
    }
    Some(verdict)
}
