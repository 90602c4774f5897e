//! What we give to shells and to `man`: completions complete, and pages are set without a warning.

use std::fs;
use std::process::Command;

use policyc::cli::COMMANDS;

use crate::support::run::{Folder, policyc};

/// What `bash` offers behind the words of a line, with our script.
#[cfg(unix)]
fn offered(folder: &Folder, line: &str) -> Vec<String> {
    let script = policyc(folder.path()).args(["completions", "bash"]).output().expect("it runs");
    assert!(script.status.success());
    let path = folder.path().join("policyc.bash");
    fs::write(&path, script.stdout).expect("the script is written");
    // What bash does when somebody presses the tabulator key.
    let ask = r#"
        source "$1"
        read -ra COMP_WORDS <<< "$2"
        [[ "$2" == *" " ]] && COMP_WORDS+=("")
        COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
        COMP_LINE=$2 COMP_POINT=${#2}
        last=${COMP_WORDS[COMP_CWORD]}
        "$(complete -p policyc | sed 's/.*-F \([^ ]*\).*/\1/')" policyc "$last" \
            "${COMP_WORDS[COMP_CWORD - 1]}" 2> /dev/null
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let shown = Command::new("bash")
        .args(["--norc", "--noprofile", "-c", ask, "bash"])
        .arg(&path)
        .arg(line)
        .output()
        .expect("bash runs");
    String::from_utf8_lossy(&shown.stdout).lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
#[cfg(unix)]
fn bash_completes_commands_options_and_values() {
    let folder = Folder::new("shell-bash");
    let every = offered(&folder, "policyc ");
    for command in COMMANDS {
        assert!(every.iter().any(|word| word == command.name), "{}: {every:?}", command.name);
    }
    assert_eq!(offered(&folder, "policyc che"), ["check"]);
    assert_eq!(offered(&folder, "policyc check --fail-l"), ["--fail-level"]);
    assert_eq!(offered(&folder, "policyc replay verif"), ["verify"]);
    assert_eq!(offered(&folder, "policyc check --color ne"), ["never"]);
    assert_eq!(offered(&folder, "policyc completions zs"), ["zsh"]);
}

#[test]
fn every_shell_has_a_script() {
    let folder = Folder::new("shell-scripts");
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = policyc(folder.path()).args(["completions", shell]).output().expect("it runs");
        let script = String::from_utf8_lossy(&script.stdout).into_owned();
        for command in COMMANDS {
            assert!(script.contains(command.name), "{shell} does not know {}", command.name);
        }
    }
}

#[test]
fn every_command_has_a_manual_page() {
    let folder = Folder::new("shell-man");
    let written = policyc(folder.path()).args(["man", "--out", "pages"]).output().expect("it runs");
    assert!(written.status.success());
    for command in COMMANDS {
        let path = folder.path().join(format!("pages/policyc-{}.1", command.name));
        assert!(path.is_file(), "{}", path.display());
    }
    assert!(folder.path().join("pages/policyc-replay-verify.1").is_file());
}

/// `groff` sets every page and finds nothing to warn of.
#[test]
fn pages_are_set_without_a_warning() {
    let folder = Folder::new("shell-groff");
    let pages = folder.path().join("pages");
    let written = policyc(folder.path()).args(["man", "--out", "pages"]).output().expect("it runs");
    assert!(written.status.success());
    for entry in fs::read_dir(pages).expect("the pages").flatten() {
        let mut groff = Command::new("groff");
        groff.args(["-man", "-ww", "-z", "-Tutf8"]).arg(entry.path());
        let set = groff.output().expect("groff is installed");
        let said = String::from_utf8_lossy(&set.stderr);
        assert!(set.status.success() && said.is_empty(), "{}: {said}", entry.path().display());
    }
}
