//! The baselines of cel-java: text, a paragraph for each expression.
//!
//! In:      the folder of `parser`, `checker` and `runtime`.
//! Out:     cases. A baseline does not say in which container its names are looked up: an error
//!          tells it; otherwise it is the package of the messages that the case is about.

use std::fs;
use std::path::Path;

use super::{Case, Run};
use crate::suite::{Declaration, Overload, Type};

/// The cases of all baselines, in order of name.
pub(super) fn read(folder: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for stage in ["parser", "checker", "runtime"] {
        let entries = fs::read_dir(folder.join(stage))
            .unwrap_or_else(|error| panic!("{}: {error}", folder.join(stage).display()));
        let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            let text = fs::read_to_string(&path).unwrap();
            let file = format!("cel-java/{stage}/{name}");
            let mark = if stage == "parser" { "I: " } else { "Source: " };
            cases.extend(paragraphs(&text, mark).iter().map(|it| case(stage, &file, it)));
        }
    }
    cases
}

/// What begins with `mark` at the start of a line, up to the next of it.
fn paragraphs<'a>(text: &'a str, mark: &str) -> Vec<&'a str> {
    let starts = text.match_indices(mark).map(|(at, _)| at);
    let starts: Vec<usize> =
        starts.filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n').collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    starts.iter().zip(ends).map(|(start, end)| &text[start + mark.len()..end]).collect()
}

const RULE: &str = "\n=====>\n";

fn case(stage: &str, file: &str, paragraph: &str) -> Case {
    let (head, body) = paragraph.split_once(RULE).expect("a paragraph has a rule");
    let (expr, declared) = match head.split_once("\ndeclare ") {
        Some((expr, declared)) => (expr, declared),
        None => (head, ""),
    };
    let declarations: Vec<Declaration> =
        declared.split("\ndeclare ").filter(|it| !it.is_empty()).map(declaration).collect();
    let is_error = body.starts_with("ERROR") || body.starts_with("E: ");
    let tree = body.strip_prefix("P: ").map(|body| body.split("\nL: ").next().unwrap());
    let container = container(expr, &declarations, paragraph);
    let mut case = Case::of(file.to_owned(), expr, container, declarations);
    case.test.needs_protos = paragraph.contains("Test") || paragraph.contains("Enum");
    // What holds the result of a macro had another name.
    case.tree = tree.map(|tree| tree.replace("__result__", "@result"));
    case.is_read = tree.is_some() || stage != "parser";
    if is_error {
        case.error = body.to_owned();
        case.places = super::places(body);
    } else if stage == "checker" {
        case.ty = body
            .trim_end()
            .rsplit_once('~')
            .map(|(_, ty)| ty.split('^').next().unwrap().to_owned());
    } else if stage == "runtime" {
        case.runs = runs(body);
    }
    case
}

/// What is bound and what comes out, as often as a paragraph says it.
fn runs(body: &str) -> Vec<Run> {
    let parts = paragraphs(body, "bindings: ");
    let run = |part: &&str| {
        let (bound, said) = part.split_once("\nresult:   ").map_or_else(
            || part.split_once("\nerror:    ").map(|(bound, said)| (bound, Err(said))),
            |(bound, said)| Some((bound, Ok(said))),
        )?;
        let said = said.map(|said| said.trim_end().to_owned());
        Some(Run { bindings: bound.to_owned(), said: said.map_err(str::to_owned) })
    };
    parts.iter().filter_map(run).collect()
}

/// The name space of names that are declared in one and written without it, else the package of
/// the messages.
fn container(expr: &str, declarations: &[Declaration], paragraph: &str) -> String {
    if let Some((_, rest)) = paragraph.split_once("(in container '") {
        return rest.split('\'').next().unwrap_or_default().to_owned();
    }
    let names = declarations.iter().map(|it| match it {
        Declaration::Variable(name, _) | Declaration::Function(name, _) => name,
    });
    let mut spaces = names.filter(|name| !expr.contains(name.as_str())).filter_map(|name| {
        let (space, last) = name.rsplit_once('.')?;
        expr.contains(last).then(|| space.to_owned())
    });
    let proto2 = "cel.expr.conformance.proto2";
    let package = if paragraph.contains(proto2) { proto2 } else { "cel.expr.conformance.proto3" };
    spaces.next().unwrap_or_else(|| package.to_owned())
}

/// `NAME {\n  value TYPE\n}`, or functions in its place.
fn declaration(text: &str) -> Declaration {
    let (name, rows) = text.split_once(" {").expect("a declaration has a body");
    let rows: Vec<&str> = rows.lines().map(str::trim).collect();
    if let Some(ty) = rows.iter().find_map(|row| row.strip_prefix("value ")) {
        return Declaration::Variable(name.to_owned(), parse(ty));
    }
    let functions = rows.iter().filter_map(|row| row.strip_prefix("function "));
    Declaration::Function(name.to_owned(), functions.map(overload).collect())
}

/// `ID (ARGS) -> TYPE`, or `ID TARGET.(ARGS) -> TYPE`.
fn overload(text: &str) -> Overload {
    let (id, rest) = text.split_once(' ').expect("an overload has an id");
    let (taken, result) = rest.split_once(" -> ").expect("an overload has a result");
    let (target, args) = match taken.rsplit_once(".(") {
        Some((target, args)) => (Some(target), args),
        None => (None, &taken[1..]),
    };
    let args = parts(args.strip_suffix(')').expect("a list of types"));
    let params = target.into_iter().chain(args).map(parse).collect();
    Overload { id: id.to_owned(), member: target.is_some(), params, result: parse(result) }
}

/// Parts between commas outside parentheses.
pub(super) fn parts(text: &str) -> Vec<&str> {
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => {
                found.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(text[start..].trim());
    found.retain(|part| !part.is_empty());
    found
}

/// A type as cel-java writes it: one capital is a parameter.
fn parse(text: &str) -> Type {
    let text = text.trim();
    if let Some((name, rest)) = text.split_once('(') {
        let inner = rest.strip_suffix(')').expect("a list of types");
        let params = parts(inner).into_iter().map(parse).collect();
        return if name == "wrapper" {
            Type::Wrapper(inner.to_owned())
        } else {
            Type::Named(name.to_owned(), params)
        };
    }
    let is_parameter = text.chars().all(|c| c.is_ascii_uppercase());
    match text {
        _ if is_parameter => Type::Param(text.to_owned()),
        "any" => Type::Message("google.protobuf.Any".to_owned()),
        "null" => Type::Named("null_type".to_owned(), Vec::new()),
        _ if text.contains('.') && !text.starts_with("google.protobuf.") => {
            Type::Message(text.to_owned())
        }
        _ => Type::Named(text.to_owned(), Vec::new()),
    }
}
