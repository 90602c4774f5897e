//! Lints on expressions of others: whatever they hold, linting ends; a sample is there to be read.
//!
//! `LINTS_SAMPLE=100` prints as many findings, chosen with a fixed seed, and the number of each
//! code; `LINTS_ONLY=W053` those whose code begins so. Run it with `--nocapture`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use policyc::diag::diagnostic::Diagnostic;
use policyc::tools::lint::{Group, LINTS};
use serde_json::Value;

use super::checked;
use crate::support::folder::folders;
use crate::support::generate::random::Random;
use crate::support::workload;
use crate::syntax::corpus::{folder, records};

/// Families whose expressions say what must hold of an object; those of others, when a call passes.
const VALIDATIONS: [&str; 9] = [
    "k8s-admission",
    "k8s-crd",
    "gatekeeper",
    "kyverno",
    "kyverno-envoy",
    "protovalidate",
    "kro",
    "dra",
    "gcp-org-policy",
];

/// A finding, in a line.
fn line(place: &str, files: &SourceMap, found: &Diagnostic) -> String {
    let span = found.span();
    let text = span.map(|span| files.text(span)).unwrap_or_default();
    let fix = found.fix.as_ref().map_or("", |_| ", with a fix");
    let code = found.code.id();
    format!("{code} {place}: {}{fix}\n    {}", found.message, text.replace('\n', "\n    "))
}

/// The documents that an expression may be the whole of, the likeliest first.
fn documents(family: &str, environment: &str, expression: &str) -> Vec<SourceMap> {
    let indented = |by: usize| {
        let pad = " ".repeat(by);
        expression.lines().map(|it| format!("{pad}{it}\n")).collect::<String>()
    };
    let validation = format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\n\
         metadata: {{name: p}}\nspec:\n  failurePolicy: Fail\n  validations:\n    \
         - expression: |-\n{}",
        indented(8)
    );
    let rule = format!(
        "policyc: 1\nname: p\ndefault: deny\nschema: config.yaml\nrules:\n  - id: r\n    \
         allow: fine\n    when: |-\n{}",
        indented(6)
    );
    let output = format!("name: p\nrule:\n  match:\n    - output: |-\n{}", indented(8));
    let first = if VALIDATIONS.contains(&family) { validation } else { rule.clone() };
    // What the environment does not know: whatever it is.
    let free = rule.replace("schema: config.yaml\n", "");
    let alone = [free, output.clone()].map(|text| {
        let mut files = SourceMap::new();
        files.add("policy.yaml", text);
        files
    });
    let document = |text: String| {
        let mut files = SourceMap::new();
        files.add("config.yaml", environment);
        files.add("policy.yaml", text);
        files
    };
    [first, output].map(document).into_iter().chain(alone).collect()
}

/// Prints what was asked for.
fn show(found: &[(String, String)]) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (code, _) in found {
        *counts.entry(code).or_default() += 1;
    }
    for (code, count) in counts {
        println!("{code} {count}");
    }
    let size = std::env::var("LINTS_SAMPLE").ok().and_then(|text| text.parse().ok());
    let only = std::env::var("LINTS_ONLY").unwrap_or_default();
    let mut left: Vec<&String> =
        found.iter().filter(|(code, _)| code.starts_with(&only)).map(|(_, line)| line).collect();
    let mut random = Random::new(6);
    for _ in 0..size.unwrap_or(0_usize).min(left.len()) {
        println!("{}", left.swap_remove(random.below(left.len())));
    }
}

/// Whether a lint that speaks unasked found it.
fn is_lint(found: &Diagnostic) -> bool {
    LINTS.iter().any(|lint| lint.code == found.code && lint.group != Group::Pedantic)
}

#[test]
fn the_corpus_is_linted() {
    let Some(folder) = folder("CEL_CORPUS_DIR", "cel-corpus") else { return };
    let environments = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/check/families");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "jsonl"));
    paths.sort();
    let (mut count, mut linted, mut found) = (0, 0, Vec::new());
    for path in paths {
        let family = path.file_stem().unwrap().to_string_lossy().into_owned();
        let environment = environments.join(format!("{family}.yaml"));
        let environment = std::fs::read_to_string(environment).unwrap();
        for record in records(&path) {
            count += 1;
            let Value::String(expression) = &record["expr"] else { continue };
            let place = format!("{family} {}", record["id"].as_str().unwrap());
            let projects = documents(&family, &environment, expression);
            let first = projects.iter().find_map(|files| Some((files, checked(files).ok()?)));
            let Some((files, findings)) = first else { continue };
            linted += 1;
            for it in findings.iter().filter(|it| is_lint(it)) {
                found.push((it.code.id().to_owned(), line(&place, files, it)));
            }
        }
    }
    println!("{linted} of {count} expressions compile; {} findings", found.len());
    show(&found);
    assert!(linted > 1_500, "{linted} of {count} expressions compile");
    assert!(found.len() > 100, "{} findings", found.len());
}

#[test]
fn policies_of_others_are_linted() {
    let Some(folder) = folder("CEL_POLICY_DIR", "cel-policy") else { return };
    let (mut linted, mut found, mut left) = (0, Vec::new(), vec![folder]);
    while let Some(folder) = left.pop() {
        let mut files = SourceMap::new();
        let mut paths: Vec<PathBuf> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            if path.is_dir() {
                left.push(path);
            } else if let Ok(text) = std::fs::read_to_string(&path) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                files.add(name, text);
            }
        }
        let Ok(findings) = checked(&files) else { continue };
        linted += 1;
        for it in findings.iter().filter(|it| is_lint(it)) {
            let place = folder.file_name().unwrap().to_string_lossy().into_owned();
            found.push((it.code.id().to_owned(), line(&place, &files, it)));
        }
    }
    println!("{linted} directories compile; {} findings", found.len());
    show(&found);
    assert!(linted > 10, "{linted} directories compile");
}

#[test]
fn workloads_and_examples_are_linted() {
    let (mut linted, mut found) = (0, Vec::new());
    let examples = folders(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples"));
    let read = |folder: &PathBuf| {
        let mut files = SourceMap::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if let Ok(text) = std::fs::read_to_string(&path) {
                files.add(name, text);
            }
        }
        (workload::name(folder), files)
    };
    let examples = examples.iter().map(read);
    let workloads = workload::all().into_iter();
    let workloads = workloads.map(|folder| (workload::name(&folder), workload::sources(&folder)));
    // Ten thousand rules say what a thousand do.
    for (place, files) in examples.chain(workloads.filter(|(name, _)| name != "rules10000")) {
        let Ok(findings) = checked(&files) else { continue };
        linted += 1;
        for it in findings.iter().filter(|it| is_lint(it)) {
            found.push((it.code.id().to_owned(), line(&place, &files, it)));
        }
    }
    println!("{linted} projects compile; {} findings", found.len());
    show(&found);
    assert!(linted > 12, "{linted} projects compile");
}
