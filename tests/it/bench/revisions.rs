//! `--base`: a revision of the project, taken out of git, or a bundle.

use std::process::Command;

use super::{CALLS, Ran, bench, twenty_rules};
use crate::support::run::{Folder, git, policyc};

fn repository(name: &str) -> Folder {
    let folder = Folder::new(&format!("bench-{name}"));
    folder.add("team/policies/policyc.toml", "[project]\nstrict = true\n");
    folder.add("team/policies/twenty.yaml", twenty_rules(None));
    folder.add("team/policies/calls.jsonl", CALLS);
    git(folder.path(), "init --quiet");
    folder
}

#[test]
fn a_revision_is_measured_beside_the_working_tree() {
    let folder = repository("revision");
    let project = folder.path().join("team/policies");
    git(folder.path(), "add .");
    git(folder.path(), "commit --quiet --message=first");
    let line = "--contexts calls.jsonl --counters --base HEAD";
    bench(&project, line).expect(0, &["no regression", "HEAD"]);
    folder.add("team/policies/twenty.yaml", twenty_rules(Some(7)));
    let said = "`rule-7` runs 6 instructions a decision, 5 before, 20 % more";
    bench(&project, line).expect(1, &[said]);
    bench(&project, "--contexts calls.jsonl --iterations 3 --base main").expect(1, &[said]);
    // From above, and by the name of one file.
    let line = "team/policies --contexts team/policies/calls.jsonl --counters --base main";
    bench(folder.path(), line).expect(1, &[said, "team/policies/twenty.yaml"]);
    let line = "twenty.yaml --contexts calls.jsonl --counters --base main";
    bench(&project, line).expect(1, &[said]);
    // The repository is as it was.
    let status =
        Command::new("git").args(["status", "--short"]).current_dir(folder.path()).output();
    let status = String::from_utf8(status.expect("git runs").stdout).expect("text");
    assert_eq!(status, " M team/policies/twenty.yaml\n");
}

#[test]
fn revisions_that_cannot_be_measured_are_named() {
    let folder = repository("revisions");
    let project = folder.path().join("team/policies");
    folder.add(
        "team/policies/twenty.yaml",
        "policyc: 1\nname: twenty\nrules: [{id: a, when: 1 +}]\n",
    );
    git(folder.path(), "add .");
    git(folder.path(), "commit --quiet --message=broken");
    folder.add("team/policies/twenty.yaml", twenty_rules(None));
    let base =
        |name: &str| bench(&project, &format!("--contexts calls.jsonl --counters --base {name}"));
    base("HEAD").expect(2, &["P0911", "it does not compile"]);
    base("nothing").expect(2, &["P0911", "neither a bundle nor a revision"]);
    base("--base=--help").expect(2, &[]);
    base("HEAD:team").expect(2, &["P0911", "neither a bundle nor a revision"]);
    folder.add("late/late.yaml", twenty_rules(None));
    let line = "late --contexts team/policies/calls.jsonl --counters --base HEAD";
    bench(folder.path(), line).expect(2, &["P0911", "the project is not in that revision"]);
    let line =
        "team/policies/late.yaml --contexts team/policies/calls.jsonl --counters --base HEAD";
    folder.add("team/policies/late.yaml", twenty_rules(None));
    bench(folder.path(), line).expect(2, &["P0911", "`late.yaml` is not in that revision"]);
}

/// Runs with variables of the environment changed.
fn with(folder: &Folder, key: &str, value: &str) -> Ran {
    let words = "bench old.yaml --contexts calls.jsonl --counters --base HEAD";
    let output = policyc(folder.path()).args(words.split(' ')).env(key, value).output();
    let output = output.expect("policyc runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ran { out: text(output.stdout), err: text(output.stderr), exit: output.status.code() }
}

#[test]
fn without_a_repository_or_git_it_says_so() {
    let folder = super::twenty("no-repository");
    let above = folder.path().parent().expect("a folder").to_string_lossy().into_owned();
    let ran = with(&folder, "GIT_CEILING_DIRECTORIES", &above);
    ran.expect(2, &["P0911", "this is no directory of a git repository"]);
    let ran = with(&folder, "PATH", &above);
    ran.expect(2, &["P0911", "the program `git` is not there"]);
}
