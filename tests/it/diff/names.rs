//! What is compared: revisions of one of several projects, and a path with itself.

use crate::support::run::{Folder, git, ran};

fn policy(name: &str, bound: u32) -> String {
    let rule = format!("{{id: r, when: 'n < {bound}', allow: small}}");
    format!("policyc: 1\nname: {name}\ndefault: deny\nschema: {{n: int}}\nrules: [{rule}]\n")
}

/// A checkout with two projects, of which the first allows more than the last revision did.
fn checkout(name: &str) -> Folder {
    let folder = Folder::new(&format!("diff-{name}"));
    for project in ["a", "b"] {
        folder.add(&format!("{project}/policyc.toml"), "");
        folder.add(&format!("{project}/p.yaml"), policy(project, 10));
    }
    for line in ["init -q", "add .", "commit -q -m first"] {
        git(folder.path(), line);
    }
    folder.add("a/p.yaml", policy("a", 20));
    folder
}

#[test]
fn a_revision_is_of_the_project_that_it_is_compared_with() {
    let folder = checkout("projects");
    let run = |line: &str| ran(folder.path(), line);
    run("diff git:HEAD a --only-tighten").expect(1, &["WIDER r", "a/p.yaml:5"]);
    run("diff git:HEAD a/p.yaml --only-tighten").expect(1, &["WIDER r"]);
    run("diff a git:HEAD --only-tighten").expect(0, &["NARROWER r"]);
    run("diff git:HEAD b --only-tighten").expect(0, &["equivalent"]);
    // Nothing says which of both is meant.
    run("diff git:HEAD git:HEAD")
        .expect(2, &["there are 2 projects", "`git:REV` is of the project of this directory"]);
    let inside = folder.path().join("a");
    ran(&inside, "diff git:HEAD . --only-tighten").expect(1, &["WIDER r"]);
    ran(&inside, "diff git:HEAD ../b --only-tighten").expect(0, &["equivalent"]);
}

#[test]
fn a_path_that_is_compared_with_itself_is_told() {
    let folder = checkout("itself");
    let told = "both are the same path, so nothing can differ: `git:REV` names an earlier state";
    ran(folder.path(), "diff a a").expect(0, &["equivalent", told]);
    ran(folder.path(), "diff a ./b/../a").expect(0, &[told]);
    let other = ran(folder.path(), "diff a b");
    assert!(!other.out.contains("same path") && !other.err.contains("same path"));
}
