//! Audit logs wherever records are read: whole, as a crash left them, and while they are written.

use std::path::Path;

use policyc::runtime::audit::frame::{HEADER, first};
use policyc::runtime::audit::open;
use policyc::runtime::audit::store::Directory;
use policyc::runtime::record::log::{Durability, Log, LogOptions};

use crate::audit::options;
use crate::replay::{POLICY, payment, project, records};
use crate::support::run::{Folder, ran};

const RECORDS: i64 = 60;
const VERIFY: &str = "replay verify audit --bundle policy.plcb";

/// An audit log that is open, in a folder `audit` beside the bundle, and its records.
fn log(name: &str) -> (Folder, Log, Vec<String>) {
    let (folder, program) = project(&format!("segments-{name}"), POLICY);
    let contexts: Vec<String> =
        (0..RECORDS).map(|at| payment(at * 900, "rent", &["ann"])).collect();
    let lines = records(&program, &contexts);
    let store = Directory::open(folder.path().join("audit")).expect("a directory");
    let log = LogOptions { block_bytes: 3_000, ..LogOptions::new("gw-3") };
    let log = LogOptions { durability: Durability::Strict, ..log };
    let (log, _) = open(store, options(log, 9_000)).expect("a log");
    for line in &lines {
        log.append(line.as_bytes()).expect("room").expect("it is taken");
    }
    (folder, log, lines)
}

/// The segments of a log, in order: their names and their bytes.
fn segments(folder: &Folder) -> Vec<(String, Vec<u8>)> {
    let names = folder.names().into_iter().filter(|name| name.starts_with("audit/0"));
    let named = |name: String| {
        let bytes = std::fs::read(folder.path().join(&name)).expect("a file");
        (name, bytes)
    };
    names.map(named).collect()
}

/// Where the last frame of a segment begins.
fn last_frame(segment: &[u8]) -> usize {
    let mut at = HEADER.len();
    while let Some((.., length)) = first(&segment[at..]) {
        if at + length == segment.len() {
            return at;
        }
        at += length;
    }
    panic!("it is whole");
}

fn text(folder: &Path, name: &str) -> String {
    String::from_utf8(std::fs::read(folder.join(name)).expect("a file")).expect("text")
}

#[test]
fn a_log_that_was_closed_is_read_as_its_lines_are() {
    let (folder, log, lines) = log("closed");
    log.close().expect("it is written");
    assert!(segments(&folder).len() > 3);
    ran(folder.path(), VERIFY).expect(0, &["chain ✓", "no gap, `gw-3`", "exact 60"]);
    ran(folder.path(), "replay convert audit -o lines.jsonl").expect(0, &["lines"]);
    let own = text(folder.path(), "lines.jsonl");
    let front = |line: &String| line.strip_suffix('}').expect("an object").to_owned();
    let own: Vec<&str> = own.lines().filter(|line| !line.starts_with("{\"$")).collect();
    assert_eq!(own.len(), lines.len());
    assert!(own.iter().zip(&lines).all(|(own, line)| own.starts_with(&front(line))));
    // Packed, and one behind the other, they say the same.
    ran(folder.path(), "replay convert audit -o packed.pdrb").expect(0, &["lines"]);
    ran(folder.path(), "replay verify packed.pdrb --bundle policy.plcb").expect(0, &["exact 60"]);
    let all: Vec<u8> = segments(&folder).into_iter().flat_map(|(_, bytes)| bytes).collect();
    folder.add("all.pdrb", all);
    ran(folder.path(), "replay verify all.pdrb --bundle policy.plcb")
        .expect(0, &["chain ✓", "exact 60"]);
    ran(folder.path(), "replay explain record-41 --records audit --bundle policy.plcb")
        .expect(0, &["DENY"]);
    // What is asked for alone: nothing says where it lies, so all of it is read.
    ran(folder.path(), &format!("{VERIFY} --effect deny --tool pay"))
        .expect(0, &["chain ✓", "exact 48"]);
}

#[test]
fn a_log_is_read_while_it_is_written() {
    let (folder, log, _) = log("live");
    // The last block is open: nothing closes its records yet.
    ran(folder.path(), VERIFY).expect(0, &["exact 60"]);
    log.close().expect("it is written");
    ran(folder.path(), VERIFY).expect(0, &["chain ✓", "exact 60"]);
}

#[test]
fn a_write_that_a_crash_cut_is_told_and_takes_nothing_with_it() {
    let (folder, log, _) = log("torn");
    let (name, bytes) = segments(&folder).pop().expect("segments");
    drop(log);
    let last = last_frame(&bytes);
    for end in (last + 1..bytes.len()).step_by(7) {
        folder.add(&name, &bytes[..end]);
        let ran = ran(folder.path(), VERIFY);
        let told = format!("ends in a write that was cut: {} byte", end - last);
        assert_eq!(ran.exit, Some(0), "{}{}", ran.out, ran.err);
        assert!(ran.err.contains(&told), "cut at {end}: {}", ran.err);
        assert!(ran.err.contains(&format!("from byte {last} on")), "{}", ran.err);
    }
    // A beginning that is not whole, and none at all: the segment in front ended.
    let (first, whole) = segments(&folder).remove(0);
    for end in [0, 1, 3, 4, 15, 16, 20, 30] {
        for (name, _) in segments(&folder) {
            std::fs::remove_file(folder.path().join(name)).expect("it is there");
        }
        folder.add(&first, &whole);
        folder.add("audit/00000000000000000099.pdrb", &bytes[..end]);
        let told: &[&str] = if end == 0 || end == 16 { &[] } else { &["a write that was cut"] };
        ran(folder.path(), VERIFY).expect(0, told);
    }
}

#[test]
fn what_no_crash_leaves_is_refused() {
    let (folder, log, _) = log("changed");
    let all = segments(&folder);
    drop(log);
    for (name, bytes) in &all {
        for bit in (8 * HEADER.len()..8 * bytes.len()).step_by(4_001) {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            folder.add(name, &changed);
            let words = &["error[P0916]", "is not the one that was written"];
            ran(folder.path(), VERIFY).expect(4, words);
        }
        folder.add(name, bytes);
    }
    // A front segment that was cut is told, and the chain says what is missing.
    let (name, bytes) = &all[1];
    folder.add(name, &bytes[..bytes.len() - 700]);
    ran(folder.path(), VERIFY).expect(4, &["ends in a write that was cut", "is missing in front"]);
    folder.add(name, bytes);
    let mut newer = bytes.clone();
    newer[4] = 2;
    folder.add(name, &newer);
    ran(folder.path(), VERIFY).expect(4, &["of a version that this build does not read"]);
    // Frames of a packed file have no business in a segment, nor those of a segment in it.
    let packed = policyc::tools::replay::pdrb::pack(b"{}\n");
    folder.add(name, [&bytes[..last_frame(bytes)], &packed].concat());
    ran(folder.path(), VERIFY).expect(4, &["is not the one that was written"]);
    folder.add(name, [&HEADER[..], &packed, &bytes[HEADER.len()..]].concat());
    ran(folder.path(), VERIFY).expect(4, &["is not the one that was written"]);
}
