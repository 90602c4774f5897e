//! Expressions of others, each family in its environment: what is right has no error, and of what
//! is wrong the finding names the mistake.
//!
//! `families/NAME.yaml` is the environment of the family `NAME`. What the product declares for
//! each expression of a family apart is declared here as it is met, of any type.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::check::{Checking, folder, run};

/// Families whose expressions declare their own parameters.
const WITH_PARAMETERS: &[&str] = &["kro", "openfga", "spicedb"];

/// Families that build steps of mutations.
const WITH_STEPS: &[&str] = &["k8s-admission", "kyverno"];

/// What is wrong: the record, and code and bytes of its findings.
const WRONG: &[(&str, &[(&str, &str)])] = &[
    // A misspelt variable: it is one of many tokens.
    (
        "312641e977557e92",
        &[
            ("E0402", "input_token"),
            ("E0402", "cached_input_token"),
            ("E0402", "output_token"),
            ("E0402", "total_token"),
        ],
    ),
    // `has` of an index, which the vendor has and CEL does not.
    ("4c546000fc6af633", &[("E0111", "request.headers['user-agent']")]),
    // A function of no library at all, called in vain.
    ("c93dca6f042f3465", &[("E0108", "@")]),
    // A field that must be quoted, and a letter too many.
    ("e269f49f21b05737", &[("E0107", "."), ("E0107", ":"), ("E0108", "ß")]),
    // A string and a number do not add up.
    ("fe276281a7ee195e", &[("E0304", "'flop'")]),
    // URLs as Kubernetes reads them are not built.
    ("3d6625c6b1af8a92", &[("E0401", "("); 4]),
    ("e43faaae72cf5f1c", &[("E0107", "?")]),
];

/// The type of whole objects in mutations: the API server makes one for each kind, so that it
/// stands in no environment. Mutations decide nothing.
const MADE_BY_THE_SERVER: &str = "Object";

#[expect(clippy::disallowed_methods, reason = "tests read their data")]
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn environment(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/check/families");
    text(&folder.join(name))
}

/// The expression as the output of a document, in its environment.
fn check(family: &str, environment: &str, steps: &str, expression: &str) -> Checking {
    let lines: Vec<String> = expression.lines().map(|it| format!("        {it}\n")).collect();
    let policy = format!("name: p\nrule:\n  match:\n    - output: |-\n{}", lines.concat());
    let mut files = vec![("config.yaml", environment), ("policy.yaml", policy.as_str())];
    if WITH_STEPS.contains(&family) {
        files.push(("jsonpatch.proto", steps));
    }
    run(&files)
}

/// As `check`, with everything declared that nothing declares.
fn check_declared(family: &str, known: &str, expression: &str) -> Checking {
    let mut names: BTreeSet<String> = BTreeSet::new();
    loop {
        let rows = names.iter().map(|name| format!("  - {{name: {name}, type: dyn}}\n"));
        let declared = format!("{known}variables:\n{}", rows.collect::<String>());
        let environment = if names.is_empty() { known } else { declared.as_str() };
        let checking = check(family, environment, "", expression);
        let places = checking.places();
        let missing = places.iter().filter(|(code, _)| *code == "E0402");
        let before = names.len();
        names.extend(missing.map(|(_, name)| (*name).to_owned()));
        if names.len() == before {
            return checking;
        }
    }
}

/// The errors of a record that are not known, in words.
fn unexpected(id: &str, checking: &Checking) -> Option<String> {
    let errors: Vec<_> =
        checking.places().into_iter().filter(|(code, _)| code.starts_with('E')).collect();
    let wrong = WRONG.iter().find(|(known, _)| *known == id).map_or(&[][..], |(_, found)| *found);
    let made = errors.iter().all(|found| *found == ("E0403", MADE_BY_THE_SERVER));
    let fits = errors == wrong || wrong.is_empty() && made;
    (!fits).then(|| format!("{id}: {errors:?} {:?}", checking.messages()))
}

#[test]
fn every_family_is_checked_in_its_environment() {
    let Some(folder) = folder("CEL_CORPUS_DIR", "cel-corpus") else { return };
    let families: Value = serde_json::from_str(&text(&folder.join("families.json"))).unwrap();
    let steps = environment("jsonpatch.proto");
    let (mut count, mut found, mut met) = (0, Vec::new(), BTreeSet::new());
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|it| it == "jsonl")) {
        let family = path.file_stem().unwrap().to_string_lossy().into_owned();
        let known = environment(&format!("{family}.yaml"));
        for line in text(&path).lines() {
            let record: Value = serde_json::from_str(line).unwrap();
            let (id, expression) = (record["id"].as_str().unwrap(), record["expr"].as_str());
            let expression = expression.unwrap();
            let checking = if WITH_PARAMETERS.contains(&family.as_str()) {
                check_declared(&family, &known, expression)
            } else {
                check(&family, &known, &steps, expression)
            };
            count += 1;
            found.extend(unexpected(id, &checking).map(|words| format!("{family} {words}")));
            met.extend(WRONG.iter().map(|(known, _)| *known).filter(|known| *known == id));
        }
    }
    assert!(found.is_empty(), "{} of {count}:\n{}", found.len(), found.join("\n"));
    assert_eq!(met.len(), WRONG.len(), "every mistake that is known is met");
    assert!(count >= families.as_object().unwrap().len(), "{count} expressions");
}
