//! Bad input, as a person at a terminal meets it: the real program, one row for each mistake.
//!
//! A row says what is found and where, how the command ends, and on which stream it is said. After
//! every run nothing new lies in the directory, and a bundle that was there before is untouched.

mod bundles;
mod contexts;
mod messages;
mod outputs;
mod schemas;
mod sources;
mod suites;

use std::fs;
use std::path::Path;
use std::process::Output;
use std::time::{Duration, Instant};

use crate::support::run::{Folder, policyc};

/// No answer takes longer, whatever the size of the input.
const MOMENT: Duration = Duration::from_secs(10);

/// A bundle that was built before; a build that fails leaves it alone.
const BEFORE: &[u8] = b"what was built before";

/// Where findings are said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stream {
    /// Findings about sources and tests are results.
    Out,
    /// Why a command could not do its work is a notice.
    Err,
}

/// What a command must say: codes and places, `""` where there is no place.
type Findings = &'static [(&'static str, &'static str)];

/// A directory with `files` in it, and `out/policy.plcb`.
fn folder(name: &str, files: &[(&str, Vec<u8>)]) -> Folder {
    let folder = Folder::new(&format!("bad-input-{}", name.replace([' ', '/', '`', '"'], "-")));
    folder.add("out/policy.plcb", BEFORE);
    for (path, bytes) in files {
        folder.add(path, bytes);
    }
    folder
}

/// Runs `line`, split at blanks, in `folder`.
fn run(folder: &Folder, line: &str) -> Output {
    let before = folder.names();
    let start = Instant::now();
    let output = policyc(folder.path()).args(line.split(' ')).output().unwrap();
    let taken = start.elapsed();
    assert!(taken < MOMENT, "`{line}` took {taken:?}");
    assert_eq!(folder.names(), before, "`{line}` left something behind");
    assert_eq!(fs::read(folder.path().join("out/policy.plcb")).unwrap(), BEFORE, "`{line}`");
    output
}

/// The errors in what was said, with their places.
fn errors(said: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    for line in said.lines() {
        if let Some(rest) = line.strip_prefix("error[") {
            let code = rest.split(']').next().unwrap();
            found.push((code.to_owned(), String::new()));
        } else if let Some(place) = line.trim_start().strip_prefix("╭─[ ") {
            let place = place.trim_end_matches(" ]").to_owned();
            if let Some((_, at)) = found.last_mut().filter(|(_, at)| at.is_empty()) {
                *at = place;
            }
        } else if line.starts_with("warning[") {
            // Its place is not that of the error above it.
            found.push((String::new(), "a warning".to_owned()));
        }
    }
    found.retain(|(code, _)| !code.is_empty());
    found
}

/// Runs `line` and compares; what is wrong, in words.
fn judge(folder: &Folder, line: &str, exit: i32, stream: Stream, wanted: Findings) -> Vec<String> {
    let output = run(folder, line);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let (said, silent) = if stream == Stream::Out { (&out, &err) } else { (&err, &out) };
    let found = errors(said);
    let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let mut wrong = Vec::new();
    if output.status.code() != Some(exit) {
        wrong.push(format!("exit {:?}, not {exit}", output.status.code()));
    }
    if found != wanted {
        wrong.push(format!("says {found:?}, not {wanted:?}"));
    }
    if !errors(silent).is_empty() {
        wrong.push(format!("errors on the other stream than {stream:?}"));
    }
    let raw = |text: &str| text.chars().any(|c| c.is_control() && c != '\n');
    if raw(&out) || raw(&err) {
        wrong.push("control characters reach the terminal".to_owned());
    }
    wrong.iter().map(|it| format!("`policyc {line}` {it}\n{out}{err}")).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("only text reaches the terminal")
}

/// Fails with everything that is wrong.
fn settle(wrong: &[String]) {
    assert!(wrong.is_empty(), "{} rows are not true:\n\n{}", wrong.len(), wrong.join("\n"));
}

/// `text` with lines replaced: `(number, new)`. A line behind the last is added.
fn with(text: &str, changes: &[(usize, &str)]) -> Vec<u8> {
    let mut lines: Vec<&str> = text.lines().collect();
    for (number, new) in changes {
        match lines.get_mut(number - 1) {
            Some(line) => *line = new,
            None => lines.push(new),
        }
    }
    let mut text = lines.join("\n").into_bytes();
    text.push(b'\n');
    text
}

/// `text` with the one `@` as this byte.
fn at_sign(text: Vec<u8>, byte: u8) -> Vec<u8> {
    assert_eq!(text.iter().filter(|it| **it == b'@').count(), 1);
    text.into_iter().map(|it| if it == b'@' { byte } else { it }).collect()
}

/// Line ends as on other systems.
fn crlf(text: &[u8]) -> Vec<u8> {
    String::from_utf8(text.to_vec()).unwrap().replace('\n', "\r\n").into_bytes()
}

/// A byte order mark in front.
fn marked(text: &[u8]) -> Vec<u8> {
    [b"\xEF\xBB\xBF", text].concat()
}

/// A file of 100 MB that takes no room.
fn huge(folder: &Folder, name: &str) {
    let path = folder.add(name, "");
    fs::File::options().write(true).open(path).unwrap().set_len(100 << 20).unwrap();
}

/// Whether permissions hold for whoever runs the tests; for root they do not.
fn permissions_hold(folder: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let probe = folder.join("probe");
    fs::write(&probe, "").unwrap();
    fs::set_permissions(&probe, fs::Permissions::from_mode(0o000)).unwrap();
    let refused = fs::read(&probe).is_err();
    fs::remove_file(&probe).unwrap();
    if !refused {
        println!("not tested: permissions do not hold for this user");
    }
    refused
}
