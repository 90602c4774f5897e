//! The same sources give the same bundle, wherever and however it is built.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::folder::folders;

/// The bundle that the command writes for `sources`, called from the folder `from`.
fn built(from: &Path, sources: &[&str], surroundings: &[(&str, &str)]) -> Vec<u8> {
    let bundle = from.join("built.plcb");
    let run = Command::new(env!("CARGO_BIN_EXE_policyc"))
        .arg("build")
        .args(sources)
        .args(["-q", "-o", "built.plcb"])
        .current_dir(from)
        .envs(surroundings.iter().copied())
        .output()
        .expect("the command runs");
    assert!(run.status.success(), "{sources:?}: {}", String::from_utf8_lossy(&run.stderr));
    fs::read(bundle).expect("the bundle was written")
}

/// Copies a folder and what is in it.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("the folder can be made");
    for entry in fs::read_dir(from).expect("the folder can be read") {
        let path = entry.expect("an entry").path();
        let to = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            copy(&path, &to);
        } else {
            fs::copy(&path, &to).expect("the file can be copied");
        }
    }
}

#[test]
fn the_same_sources_give_the_same_bytes() {
    let work = std::env::temp_dir().join(format!("policyc-builds-{}", std::process::id()));
    let examples = folders(&PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("examples"));
    assert!(!examples.is_empty());
    for example in examples {
        let name = example.file_name().expect("a name").to_string_lossy().into_owned();
        let (here, there) = (work.join("here"), work.join("a/deeper place"));
        copy(&example, &here.join(&name));
        copy(&example, &there.join(&name));
        let first = built(&here, &[&name], &[("LANG", "C"), ("TZ", "UTC")]);
        let around = [("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8"), ("TZ", "Asia/Kolkata")];
        assert_eq!(built(&there, &[&name], &around), first, "{name}: elsewhere");
        assert_eq!(built(&there.join(&name), &["."], &around), first, "{name}: from inside");
    }
    fs::remove_dir_all(&work).expect("the folder can be removed");
}

#[test]
fn the_order_in_which_files_are_named_does_not_matter() {
    let work = std::env::temp_dir().join(format!("policyc-order-{}", std::process::id()));
    fs::create_dir_all(&work).expect("the folder can be made");
    let files = [
        ("a.yaml", "policyc: 1\nname: a\ndefault: deny\nrules:\n  - {id: r, deny: x}\n"),
        ("b.yaml", "policyc: 1\nname: b\nrules:\n  - {id: s, allow: x}\n"),
    ];
    for (name, text) in files {
        fs::write(work.join(name), text).expect("the file can be written");
    }
    let first = built(&work, &["a.yaml", "b.yaml"], &[]);
    assert_eq!(built(&work, &["b.yaml", "a.yaml"], &[]), first);
    assert_eq!(built(&work, &["."], &[]), first);
    fs::remove_dir_all(&work).expect("the folder can be removed");
}
