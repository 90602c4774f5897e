//! Files: written whole or not at all, never over an edit, and only those that were meant.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::{Command, Stdio};

use policyc::cli::write::rewrite;

use crate::support::run::{Folder, policyc};

const ROUGH: &str = "// @id a\na&&b ? deny('no') : allow()\n";
const SMOOTH: &str = "// @id a\na && b ? deny('no') : allow()\n";

/// What `policyc fmt` shows on both streams, and its exit code.
fn fmt(folder: &Folder, arguments: &[&str]) -> (String, String, Option<i32>) {
    piped(folder, arguments, b"")
}

fn piped(folder: &Folder, arguments: &[&str], input: &[u8]) -> (String, String, Option<i32>) {
    let mut child = policyc(folder.path())
        .arg("fmt")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("policyc runs");
    // It may end without reading.
    drop(child.stdin.take().expect("a pipe").write_all(input));
    let ended = child.wait_with_output().expect("it ends");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (text(ended.stdout), text(ended.stderr), ended.status.code())
}

fn read(folder: &Folder, name: &str) -> String {
    fs::read_to_string(folder.path().join(name)).expect("the file")
}

#[test]
fn modes_and_links_stay() {
    let folder = Folder::new("fmt-modes");
    let real = folder.add("real/a.cel", ROUGH);
    fs::set_permissions(&real, fs::Permissions::from_mode(0o755)).unwrap();
    symlink("real/a.cel", folder.path().join("link.cel")).unwrap();
    let (out, _, code) = fmt(&folder, &["link.cel"]);
    assert_eq!((out.as_str(), code), ("  formatted  link.cel\n", Some(0)));
    assert!(fs::symlink_metadata(folder.path().join("link.cel")).unwrap().is_symlink());
    assert_eq!(read(&folder, "real/a.cel"), SMOOTH);
    assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(folder.names(), ["link.cel", "real/", "real/a.cel"], "no draft is left");
}

#[test]
fn a_file_that_nobody_may_write_stays() {
    let folder = Folder::new("fmt-readonly");
    let path = folder.add("a.cel", ROUGH);
    folder.add("b.cel", ROUGH);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    let (out, err, code) = fmt(&folder, &["."]);
    assert_eq!(code, Some(2), "{out}{err}");
    assert!(out.contains("error[P0906]: `a.cel` cannot be written: permission denied"), "{out}");
    assert_eq!((read(&folder, "a.cel").as_str(), read(&folder, "b.cel").as_str()), (ROUGH, SMOOTH));
}

#[test]
fn an_edit_made_meanwhile_is_never_lost() {
    let folder = Folder::new("fmt-meanwhile");
    let path = folder.add("a.cel", "what somebody else wrote\n");
    for now in ["", "what somebody else wrote, longer", "w"] {
        fs::write(&path, now).unwrap();
        let refused = rewrite(&path, ROUGH, SMOOTH).unwrap_err();
        assert!(
            refused.message.contains("was changed while it was worked on"),
            "{}",
            refused.message
        );
        assert_eq!(read(&folder, "a.cel"), now);
        assert_eq!(folder.names(), ["a.cel"], "no draft is left");
    }
    fs::write(&path, ROUGH).unwrap();
    rewrite(&path, ROUGH, SMOOTH).expect("nothing changed");
    assert_eq!(read(&folder, "a.cel"), SMOOTH);
    let gone = folder.path().join("gone.cel");
    assert!(rewrite(&gone, "", "x").is_err());
    assert!(!gone.exists());
}

#[test]
fn files_that_cannot_be_read_stand_in_nobodys_way() {
    let folder = Folder::new("fmt-among");
    folder.add("a.cel", ROUGH);
    folder.add("bad.cel", "a &&&& b\n");
    let bytes = [b"a  && b // ".as_slice(), &[0xE9], b"\n"].concat();
    folder.add("latin.cel", &bytes);
    let (out, err, code) = fmt(&folder, &["."]);
    assert_eq!(code, Some(1), "{out}{err}");
    assert!(out.contains("error[E0107]") && out.contains("error[E0207]"), "{out}");
    assert!(out.contains("  formatted  a.cel\n"), "{out}");
    assert!(err.contains("1 file formatted, 0 unchanged"), "{err}");
    assert_eq!(read(&folder, "bad.cel"), "a &&&& b\n");
    assert_eq!(fs::read(folder.path().join("latin.cel")).unwrap(), bytes);
}

#[test]
fn only_what_was_meant_is_written() {
    let folder = Folder::new("fmt-meant");
    let policy =
        "policyc: 1\nname: n\nschema: types.yaml\nrules: [{id: a, when: \"a&&b\", allow: x}]\n";
    folder.add("p/a.yaml", policy);
    folder.add("p/types.yaml", "policyc: 1\nvariables: [{v: \"a&&b\"}]\n");
    folder.add("p/a_test.yaml", "policy: n\ncases: [{name: a&&b, expect: {allow: a}}]\n");
    folder.add("p/.gitignore", "ignored.cel\n");
    folder.add("p/ignored.cel", ROUGH);
    // A table of tests holds no CEL, and naming it means none of its neighbours.
    let (out, _, code) = fmt(&folder, &["p/a_test.yaml"]);
    assert_eq!((out.as_str(), code), ("", Some(0)));
    // Nor does naming a policy mean the schema that it names.
    let (out, _, code) = fmt(&folder, &["p/a.yaml"]);
    assert_eq!((out.as_str(), code), ("  formatted  p/a.yaml\n", Some(0)));
    let (out, _, _) = fmt(&folder, &["p"]);
    assert_eq!(out, "  formatted  p/types.yaml\n");
    assert_eq!(read(&folder, "p/ignored.cel"), ROUGH);
    let (_, err, code) = fmt(&folder, &["q"]);
    assert_eq!(code, Some(5), "{err}");
}

#[test]
fn settings_are_those_of_the_project() {
    let folder = Folder::new("fmt-settings");
    // Forty and four, as TOML may write them.
    folder.add("policyc.toml", "[project]\n\n[fmt]\nwidth = 0x28\nindent = 0b100\n");
    let long = "aaaaaaaaaaaaaaaaaaaaaaa && bbbbbbbbbbbbbbbbbbbbbbbbb\n";
    let broken = "aaaaaaaaaaaaaaaaaaaaaaa\n    && bbbbbbbbbbbbbbbbbbbbbbbbb\n";
    folder.add("deep/er/a.cel", long);
    let (out, _, code) =
        piped(&folder, &["-", "--stdin-filename", "deep/er/b.cel"], long.as_bytes());
    assert_eq!((out.as_str(), code), (broken, Some(0)));
    assert_eq!(fmt(&folder, &["deep"]).2, Some(0));
    assert_eq!(read(&folder, "deep/er/a.cel"), broken);
    for (wrong, said) in [
        ("width = 10", "`width` is a number from 40 to 400"),
        ("indent = \"2\"", "`indent` is a number from 1 to 8"),
        ("quotes = 1", "`[fmt]` has no key `quotes`"),
    ] {
        folder.add("policyc.toml", format!("[fmt]\n{wrong}\n"));
        for arguments in [vec!["."], vec!["-", "--stdin-filename", "a.cel"]] {
            let (out, err, code) = fmt(&folder, &arguments);
            assert_eq!(code, Some(2), "{out}{err}");
            assert!((out + &err).contains(said), "{wrong}");
        }
    }
    assert_eq!(read(&folder, "deep/er/a.cel"), broken, "nothing is written under bad settings");
}

#[test]
fn standard_input() {
    let folder = Folder::new("fmt-stdin");
    let name = ["-", "--stdin-filename", "a.cel"];
    assert_eq!(piped(&folder, &name, ROUGH.as_bytes()), (SMOOTH.into(), String::new(), Some(0)));
    assert_eq!(piped(&folder, &name, SMOOTH.as_bytes()), (SMOOTH.into(), String::new(), Some(0)));
    let check = ["--check", "-", "--stdin-filename", "a.cel"];
    assert_eq!(piped(&folder, &check, ROUGH.as_bytes()), (String::new(), String::new(), Some(1)));
    assert_eq!(piped(&folder, &check, SMOOTH.as_bytes()).2, Some(0));
    let (out, err, code) = piped(&folder, &name, b"a &&&& b\n");
    assert_eq!((out.as_str(), code), ("", Some(1)));
    assert!(err.contains("a.cel:1:"), "{err}");
    let (out, err, code) = piped(&folder, &name, b"a // \xE9\n");
    assert_eq!((out.as_str(), code), ("", Some(1)));
    assert!(err.contains("E0207"), "{err}");
    assert_eq!(piped(&folder, &["-"], b"").2, Some(2), "a text has a kind");
    assert_eq!(fmt(&folder, &["--stdin-filename", "a.cel"]).2, Some(2));
    assert_eq!(folder.names(), Vec::<String>::new());
}

#[test]
fn a_range_is_a_part_of_one_file() {
    let folder = Folder::new("fmt-range");
    let text = "policyc: 1\nrules:\n- {id: é, when: \"a&&b\", deny: \"{a+b}\"}\n\
                - {id: b, when: \"c&&d\", allow: x}\n";
    let range = |range: &str| {
        folder.add("a.yaml", text);
        let code = fmt(&folder, &["--range", range, "a.yaml"]).2;
        (read(&folder, "a.yaml"), code)
    };
    let first = text.replace("a&&b", "a && b");
    assert_eq!(range("3:20-3:21"), (first.clone(), Some(0)));
    assert_eq!(range("3:18-3:19"), (first, Some(0)), "columns are characters");
    assert_eq!(range("3:1-3:16"), (text.to_owned(), Some(0)), "its end is no part of it");
    assert_eq!(range("4:1-9:9"), (text.replace("c&&d", "c && d"), Some(0)));
    for wrong in ["3", "3:1", "2:1-1:9", "0:1-2:2", "a:b-c:d", "3:1-"] {
        assert_eq!(range(wrong).1, Some(2), "{wrong}");
    }
    assert_eq!(fmt(&folder, &["--range", "1:1-2:2", "."]).2, Some(2), "one file");
}

#[test]
fn a_diff_makes_of_the_file_what_formatting_makes() {
    let folder = Folder::new("fmt-diff");
    let mut text = String::from("policyc: 1\nname: n\nvariables:\n");
    for at in 0..60 {
        let value = match at % 20 {
            3 => "x&&y",
            4 | 9 => "aaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbb + ccccccccccccccccccccccccc(d)",
            11 => "|\n      a&&\n      b",
            _ => "one == 1",
        };
        text += &format!("  - v{at}: {value}\n");
    }
    text += "rules: []";
    folder.add("policyc.toml", "[fmt]\nwidth = 60\n");
    folder.add("a.yaml", &text);
    folder.add("b.cel", ROUGH.trim_end());
    let (diff, err, code) = fmt(&folder, &["--diff", "."]);
    assert_eq!(code, Some(1), "{err}");
    assert_eq!(read(&folder, "a.yaml"), text, "nothing is written");
    let patch = folder.add("all.patch", &diff);
    let other = Folder::new("fmt-diff-applied");
    other.add("a.yaml", &text);
    other.add("b.cel", ROUGH.trim_end());
    let applied = Command::new("git")
        .args(["apply"])
        .arg(patch)
        .current_dir(other.path())
        .env("GIT_CEILING_DIRECTORIES", env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("git runs");
    assert!(applied.status.success(), "{}\n{diff}", String::from_utf8_lossy(&applied.stderr));
    assert_eq!(fmt(&folder, &["."]).2, Some(0));
    for name in ["a.yaml", "b.cel"] {
        assert_eq!(read(&other, name), read(&folder, name), "{name}:\n{diff}");
    }
    let (diff, _, code) = fmt(&folder, &["--diff", "."]);
    assert_eq!((diff.as_str(), code), ("", Some(0)), "nothing is left to change");
    let (coloured, _, _) =
        piped(&folder, &["--diff", "--color", "always", "-", "--stdin-filename", "a.cel"], b"a&&b");
    assert!(
        coloured.contains("\u{1b}[31m-a&&b") && coloured.contains("\u{1b}[32m+a && b"),
        "{coloured}"
    );
}

#[test]
fn the_examples_are_formatted() {
    let root = env!("CARGO_MANIFEST_DIR");
    let ended = Command::new(env!("CARGO_BIN_EXE_policyc"))
        .args(["fmt", "--check", "examples"])
        .current_dir(root)
        .output()
        .expect("policyc runs");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert_eq!(ended.status.code(), Some(0), "{said}");
}
