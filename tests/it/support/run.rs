//! The real program, and directories that are there for one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A directory that is there for one test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// An empty one; `name` is its own among all tests. Two runs of them do not meet.
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("{name}-{}", std::process::id());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        drop(fs::remove_dir_all(&path));
        fs::create_dir_all(&path).expect("a directory for the test");
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Writes a file, and the directories above it.
    pub(crate) fn add(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(&path, bytes).expect("a file of the test");
        path
    }

    /// The names below, those of directories with `/` behind them, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                let name = path.strip_prefix(&self.0).expect("below").to_string_lossy();
                if path.is_dir() {
                    found.push(format!("{name}/"));
                    folders.push(path);
                } else {
                    found.push(name.into_owned());
                }
            }
        }
        found.sort();
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// `policyc`, in `folder`, with nothing on standard input, untouched by variables around the test.
pub(crate) fn policyc(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_policyc"));
    for (name, _) in std::env::vars_os() {
        let policyc = name.to_string_lossy().starts_with("POLICYC_");
        let others = ["COLUMNS", "GITHUB_STEP_SUMMARY", "RUST_BACKTRACE", "SOURCE_DATE_EPOCH"];
        if policyc || others.iter().any(|other| name == *other) {
            command.env_remove(name);
        }
    }
    // What a test finds is not for the user who runs it.
    command.env("POLICYC_NO_CACHE", "true");
    // A repository around the directory of the tests is none of theirs.
    command.env("GIT_CEILING_DIRECTORIES", env!("CARGO_TARGET_TMPDIR"));
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs `git` in `folder`, whatever this machine's user has configured.
pub(crate) fn git(folder: &Path, line: &str) {
    let who = ["-c", "user.name=test", "-c", "user.email=test@example.invalid"];
    let mut command = Command::new("git");
    command.args(who).args(["-c", "commit.gpgsign=false", "-c", "init.defaultBranch=main"]);
    command.args(line.split_whitespace()).current_dir(folder).stdout(Stdio::null());
    assert!(command.status().expect("git runs").success(), "git {line}");
}

/// What a command showed, and how it ended.
pub(crate) struct Ran {
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) exit: Option<i32>,
}

/// Runs `policyc` with these words.
pub(crate) fn ran(folder: &Path, line: &str) -> Ran {
    let output = policyc(folder).args(line.split_whitespace()).output().expect("policyc runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    Ran { out: text(output.stdout), err: text(output.stderr), exit: output.status.code() }
}

impl Ran {
    /// Sees to the exit code, and to every one of `words` on either stream.
    pub(crate) fn expect(&self, exit: i32, words: &[&str]) -> &Self {
        let all = format!("{}{}", self.out, self.err);
        assert_eq!(self.exit, Some(exit), "{all}");
        // Lines are wrapped where the screen ends.
        let flat = all.split_whitespace().collect::<Vec<_>>().join(" ");
        for word in words {
            assert!(flat.contains(word), "`{word}` is not in\n{all}");
        }
        self
    }
}
