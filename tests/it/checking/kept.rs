//! What was found before is told again, and never changes what is told.

use std::fs;
use std::path::PathBuf;

use crate::support::run::{Folder, policyc};

const POLICY: &str = "policyc: 1
name: p
default: deny
schema: {request: {amount: int}}
rules:
  - id: large
    when: \"!!(request.amount > 3)\"
    deny: large
";
/// What `--verbose` says where nothing was checked.
const FOUND: &str = "nothing has changed since it was checked";

/// What `policyc check` says of a folder with these options and variables: findings, and whether
/// they were found before.
fn check(folder: &Folder, cache: &str, options: &[&str]) -> (String, Option<i32>, bool) {
    let mut command = policyc(folder.path());
    command.env_remove("POLICYC_NO_CACHE").env("POLICYC_CACHE_DIR", folder.path().join(cache));
    command.args(["check", "project", "--output-format", "json-lines", "--verbose"]).args(options);
    let output = command.output().expect("policyc runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    let (out, err) = (text(output.stdout), text(output.stderr));
    (out, output.status.code(), err.contains(FOUND))
}

fn kept(folder: &Folder) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.path().join("cache")).into_iter().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

#[test]
fn a_project_that_did_not_change_is_not_checked_again() {
    let folder = Folder::new("kept-again");
    folder.add("project/p.yaml", POLICY);
    let first = check(&folder, "cache", &[]);
    assert!(first.0.contains("W0563") && !first.2, "{first:?}");
    let again = check(&folder, "cache", &[]);
    assert_eq!(again, (first.0.clone(), first.1, true));
    // Whatever is asked otherwise is another check.
    for options in [&["--strict"][..], &["--ignore", "W0563"], &["--select", "all"]] {
        let (told, _, found) = check(&folder, "cache", options);
        assert!(!found, "{options:?}");
        assert_eq!(check(&folder, "cache", options), (told, first.1, true), "{options:?}");
    }
    folder.add("project/policyc.toml", "[check.levels]\nW0563 = \"deny\"\n");
    let (denied, exit, found) = check(&folder, "cache", &[]);
    assert!(denied.contains("error") && exit == Some(1) && !found, "{denied}");
    assert_eq!(check(&folder, "cache", &[]), (denied, exit, true), "the exit code, too");
    folder.add("project/policyc.toml", "");
    folder.add("project/p.yaml", POLICY.replace("!!", ""));
    assert_eq!(check(&folder, "cache", &[]), (String::new(), Some(0), false));
    folder.add("project/p.yaml", POLICY.replace("amount >", "amnt >"));
    let wrong = check(&folder, "cache", &[]);
    assert!(wrong.0.contains("E0402") && wrong.1 == Some(1), "{wrong:?}");
    assert_eq!(check(&folder, "cache", &[]), (wrong.0, wrong.1, true), "errors, too");
}

#[test]
fn damaged_files_change_nothing() {
    let folder = Folder::new("kept-damaged");
    folder.add("project/p.yaml", POLICY);
    let (told, exit, _) = check(&folder, "cache", &[]);
    check(&folder, "cache", &["--ignore", "W0563"]);
    let paths = kept(&folder);
    let [one, other] = paths.as_slice() else { panic!("two checks were kept: {paths:?}") };
    let bytes = [one, other].map(|path| fs::read(path).expect("a file"));
    let swapped = |at: usize| [bytes[1 - at].clone(), bytes[at].clone()];
    let half = bytes.clone().map(|bytes| bytes[..bytes.len() / 2].to_vec());
    let flipped = bytes.clone().map(|mut bytes| {
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        bytes
    });
    for damage in [swapped(0), half, flipped, [Vec::new(), Vec::new()]] {
        fs::write(one, &damage[0]).expect("a file");
        fs::write(other, &damage[1]).expect("a file");
        assert_eq!(check(&folder, "cache", &[]), (told.clone(), exit, false));
        assert_eq!(check(&folder, "cache", &[]), (told.clone(), exit, true), "written anew");
    }
    assert_eq!(kept(&folder), paths, "no draft is left");
}

#[test]
fn a_directory_that_is_none_is_no_error() {
    let folder = Folder::new("kept-nowhere");
    folder.add("project/p.yaml", POLICY);
    folder.add("file", "");
    let (told, exit, _) = check(&folder, "cache", &["--no-cache"]);
    assert_eq!(kept(&folder), Vec::<PathBuf>::new(), "nothing is kept");
    for cache in ["file", "file/below"] {
        assert_eq!(check(&folder, cache, &[]), (told.clone(), exit, false));
        assert_eq!(check(&folder, cache, &[]), (told.clone(), exit, false));
    }
    assert_eq!(fs::read(folder.path().join("file")).expect("a file"), b"");
    assert_eq!(folder.names(), ["file", "project/", "project/p.yaml"]);
}

#[test]
fn old_files_go() {
    let folder = Folder::new("kept-old");
    folder.add("project/p.yaml", POLICY);
    for number in 0..256 {
        folder.add(&format!("cache/{number}.checked"), "old");
    }
    folder.add("cache/another", "not ours");
    assert!(!check(&folder, "cache", &[]).2);
    assert!(check(&folder, "cache", &[]).2, "the newest stays");
    assert_eq!(kept(&folder).len(), 128 + 1);
    assert!(folder.path().join("cache/another").exists());
}
