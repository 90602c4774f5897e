//! What trust says to the letter, and what it remembers to the byte.

use std::fs;

use policyc::base::hex;
use policyc::base::limits::TRUST_STATE_BYTES_MAX;
use policyc::compiler::source::map::SourceMap;
use policyc::runtime::bundle::digest;
use policyc::runtime::trust::Unverified;
use policyc::runtime::trust::error::{AdmissionFault, MemoryFault, TrustError};
use policyc::runtime::trust::policy::{RolePurpose, TrustPolicy};
use policyc::runtime::trust::state::{Memory, State};

use crate::support::run::Folder;
use crate::trust::{AT, bundle, policy, released, secret, simple};

#[test]
fn what_is_wrong_with_a_policy_is_told_in_words_of_its_own() {
    let other = simple().replace("threshold = 1", "threshold = 2");
    let rows = [
        ("format = 1\nformat = 1\n".to_owned(), 2, "this is not TOML", "form of trust policies"),
        ("formt = 1\n".to_owned(), 1, "no key `formt` here", "did you mean `format`?"),
        (other, 9, "a threshold is from 1 to the 1 keys", "form of trust policies"),
        (simple().replace("bundles.p", "bundles.p\\"), 13, "this is not TOML", "form of trust"),
        (simple().replace("[\"one\"]", "[\"two\"]"), 8, "no key `two`", "a table [keys.NAME]"),
        (simple().replace("[\"one\"]", "[\"one\", \"one\"]"), 8, "named twice", "counts once"),
    ];
    let mut files = SourceMap::new();
    let file = files.add("trust.toml", "");
    for (text, line, words, help) in rows {
        let error = TrustPolicy::read(text.as_bytes()).expect_err("it is wrong");
        let told = error.to_string();
        let front = "the trust policy cannot be read: line ";
        assert!(told.starts_with(front) && told.contains(words), "{told}\n{text}");
        assert_eq!(error.line, line, "{told}\n{text}");
        let found = format!("{:?}", error.diagnostic(file));
        assert!(found.contains(help), "{found}");
    }
    let words =
        [RolePurpose::Bundle, RolePurpose::Trust, RolePurpose::Attest].map(RolePurpose::word);
    assert_eq!(words, ["bundle", "trust", "attest"]);
}

#[test]
fn who_signed_is_told_by_name() {
    let bundle = bundle("payments", "first");
    let (policy, memory) = (policy(&simple()), Memory::none());
    let envelope = released(&bundle, "payments", 1, &[secret(1)]);
    let read = Unverified::read(&bundle, Some(&envelope)).expect("an envelope");
    let verified = read.verify(&policy, &memory, AT).expect("it is signed");
    assert_eq!(verified.signers(), ["one"]);
}

/// What loading says of version 1 of a bundle of this name.
fn loaded(text: &str, name: &str, memory: &Memory) -> Result<(), TrustError> {
    let (bundle, policy) = (bundle(name, "first"), policy(text));
    let envelope = released(&bundle, name, 1, &[secret(1)]);
    let verified = Unverified::read(&bundle, Some(&envelope))?.verify(&policy, memory, AT)?;
    verified.load().map(drop)
}

#[test]
fn a_name_is_let_in_by_its_pattern_alone() {
    let begin = simple().replace("[bundles.payments]", "[bundles.\"pay*\"]");
    for (text, name, is_in) in [
        (&simple(), "payments", true),
        (&simple(), "payments2", false),
        (&simple(), "orders", false),
        (&begin, "pay", true),
        (&begin, "payments", true),
        (&begin, "pa", false),
    ] {
        let found = loaded(text, name, &Memory::none());
        let name = name.to_owned();
        let wanted = Err(TrustError::Admission(AdmissionFault::Name { name: name.clone() }));
        assert_eq!(found, if is_in { Ok(()) } else { wanted }, "{name}");
    }
}

/// A policy that remembers, of this version.
fn remembering(version: u64) -> String {
    let text = simple().replace("\"minimum\"\n[", "\"state\"\n[");
    text.replace("\nversion = 1", &format!("\nversion = {version}"))
}

#[test]
fn a_policy_does_not_come_back_nor_changes_under_its_version() {
    let folder = Folder::new("trust-older-policy");
    let memory = Memory::at(folder.path().join("state"));
    assert_eq!(loaded(&remembering(2), "payments", &memory), Ok(()));
    let older = |found| Err(TrustError::Memory(MemoryFault::OlderPolicy { found, known: 2 }));
    assert_eq!(loaded(&remembering(1), "payments", &memory), older(1));
    let other = remembering(2) + "maximum = 9\n";
    assert_eq!(loaded(&other, "payments", &memory), older(2));
    assert_eq!(loaded(&remembering(3), "payments", &memory), Ok(()));
}

/// The text of a state that says these lines, with the sum that fits.
fn state(lines: &[String]) -> String {
    let mut text = format!("policyc trust state 1\ntrust 1 {}\n", hex::text(&[7; 32]));
    for line in lines {
        text += line;
        text.push('\n');
    }
    let sum = hex::text(&digest::of(text.as_bytes()));
    text + "sum " + &sum + "\n"
}

fn line(version: u64, name: &str) -> String {
    format!("bundle {version} {} {name}", hex::text(&[9; 32]))
}

/// A state of so many bytes.
fn state_of(bytes: usize) -> String {
    let name = |at: usize, len: usize| format!("a{at:05}{}", "x".repeat(len));
    let mut lines = Vec::new();
    let empty = state(&lines).len();
    let row = line(1, &name(0, 200)).len() + 1;
    let whole = (bytes - empty) / row - 1;
    lines.extend((0..whole).map(|at| line(1, &name(at, 200))));
    let mut left = bytes - empty - whole * row;
    for at in whole..whole + 2 {
        let bare = line(1, &name(at, 0)).len() + 1;
        let more = if at == whole { left / 2 - bare } else { left - bare };
        lines.push(line(1, &name(at, more)));
        left -= bare + more;
    }
    let text = state(&lines);
    assert_eq!(text.len(), bytes);
    text
}

#[test]
fn the_line_that_is_wrong_in_a_memory_is_told() {
    let good = [line(1, "a"), line(2, "b"), line(3, "c")];
    assert!(State::read(state(&good).as_bytes()).is_ok());
    for (what, at, wrong) in [
        ("a word", 3, [line(1, "a").replace("bundle", "budle"), line(2, "b"), line(3, "c")]),
        ("a name twice", 4, [line(1, "a"), line(2, "a"), line(3, "c")]),
        ("a name that is none", 5, [line(1, "a"), line(2, "b"), line(3, "c\u{7f}")]),
        ("an unusual spelling", 6, [line(1, "a"), line(2, "c"), line(3, "b")]),
    ] {
        assert_eq!(State::read(state(&wrong).as_bytes()), Err(at), "{what}");
    }
}

#[test]
fn a_memory_may_be_as_large_as_its_limit_and_no_larger() {
    let folder = Folder::new("trust-large-memory");
    let path = folder.path().join("state");
    let memory = Memory::at(&path);
    let full = state_of(TRUST_STATE_BYTES_MAX);
    assert!(State::read(full.as_bytes()).is_ok());
    assert_eq!(State::read(state_of(TRUST_STATE_BYTES_MAX + 1).as_bytes()), Err(1));
    fs::write(&path, &full).expect("it is written");
    assert!(memory.recall().is_ok_and(|state| state.is_some()));
    fs::write(&path, full + "\n").expect("it is written");
    let longer = memory.recall();
    assert!(matches!(longer, Err(MemoryFault::Damaged { .. })), "a byte behind it is read, too");
    // What is loaded adds a line: it fits, or it does not.
    let more = line(1, "payments").len() + 1;
    for over in [0, 1] {
        fs::write(&path, state_of(TRUST_STATE_BYTES_MAX - more + over)).expect("it is written");
        let found = loaded(&remembering(2), "payments", &memory);
        assert_eq!(found.is_ok(), over == 0, "{over} bytes too many: {found:?}");
    }
    let known = fs::read(&path).expect("it is there").len();
    assert_eq!(known, TRUST_STATE_BYTES_MAX - more + 1, "what does not fit is not written");
}

#[test]
fn a_memory_that_cannot_be_read_is_not_an_empty_one() {
    let folder = Folder::new("trust-no-memory");
    folder.add("file", "");
    let memory = Memory::at(folder.path().join("file/state"));
    assert!(matches!(memory.recall(), Err(MemoryFault::Unusable { .. })));
    let none = Memory::at(folder.path().join("state"));
    assert_eq!(none.recall(), Ok(Some(State::default())));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "asking leaves nothing");
}
