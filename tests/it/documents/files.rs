//! The documents of other implementations of CEL Policy.
//!
//! Their folder is `CEL_POLICY_DIR`, or `../shared/cel-policy` beside the project.

use std::fs;
use std::path::{Path, PathBuf};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::document::read;
use policyc::diag::sink::Sink;

fn folder() -> PathBuf {
    let folder = std::env::var_os("CEL_POLICY_DIR").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/cel-policy"),
        PathBuf::from,
    );
    assert!(
        folder.is_dir(),
        "{} is missing: set CEL_POLICY_DIR to the folder of CEL Policy documents",
        folder.display()
    );
    folder
}

/// Every file below `folder`, in order.
fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).expect("readable").map(|it| it.expect("readable").path()).collect();
    entries.sort();
    for entry in entries {
        if entry.is_dir() {
            files_below(&entry, found);
        } else {
            found.push(entry);
        }
    }
}

/// Findings of documents that are meant to be refused, or that this version does not read.
const EXPECTED: [(&str, &[&str]); 3] = [
    ("cel-go-celtest/custom_policy.celpolicy", &["E0202"]),
    ("cel-go/errors/policy.yaml", &["E0210", "E0210"]),
    ("cel-go-celtest/raw_expr.cel", &["W0513"]),
];

#[test]
fn policies_and_environments_are_read() {
    let root = folder();
    let mut paths = Vec::new();
    files_below(&root, &mut paths);
    let (mut policies, mut environments) = (0, 0);
    for path in paths {
        let name = path.strip_prefix(&root).expect("below").to_string_lossy().replace('\\', "/");
        let Ok(text) = fs::read_to_string(&path) else { continue };
        let mut files = SourceMap::new();
        files.add(name.clone(), text);
        let mut sink = Sink::new();
        let parsed = read(&files, &mut sink);
        policies += parsed.cel_policies.len();
        environments += parsed.environments.len();
        let found = sink.finish().0;
        let codes: Vec<&str> = found
            .iter()
            .map(|it| it.code.id())
            // What stands in an expression is the business of another test.
            .filter(|code| !code.starts_with("E01"))
            .collect();
        let wanted = EXPECTED.iter().find(|(expected, _)| *expected == name);
        assert_eq!(codes, wanted.map_or(&[][..], |it| it.1), "{name}: {found:#?}");
        if name.ends_with("policy.yaml") && !name.contains("k8s") {
            assert!(!parsed.cel_policies.is_empty(), "{name} is a policy");
        }
    }
    assert!(policies >= 40, "{policies} policies");
    assert!(environments >= 25, "{environments} environments");
}

#[test]
fn the_environment_beside_a_policy_is_its_own() {
    let root = folder();
    let mut files = SourceMap::new();
    for name in ["conformance/limits/config.yaml", "conformance/limits/policy.yaml"] {
        files.add(name, fs::read_to_string(root.join(name)).expect("readable"));
    }
    let mut sink = Sink::new();
    let parsed = read(&files, &mut sink);
    assert_eq!(parsed.cel_policies[0].environment, files.find("conformance/limits/config.yaml"));
}
