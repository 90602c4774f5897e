//! Packed records: the same lines, whatever is asked of them, and no change that is not found.

use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use policyc::runtime::audit::frame::HEADER;
use policyc::tools::replay::open::sources;
use policyc::tools::replay::pdrb;
use policyc::tools::replay::pdrb::index::IndexQuery;
use policyc::tools::replay::pdrb::read::{Choosing, Unread, unread};
use serde_json::Value as Json;

use crate::replay::{POLICY, chained, payment, project, records};
use crate::support::run::{Folder, ran};

/// A folder with a log of `count` records, as lines and packed in several frames.
fn packed(name: &str, count: i64) -> (Folder, Vec<u8>) {
    let (folder, program) = project(&format!("packed-{name}"), POLICY);
    let contexts: Vec<String> = (0..count).map(|at| payment(at * 900, "rent", &["ann"])).collect();
    let mut lines = records(&program, &contexts);
    for (at, line) in (0..).zip(&mut lines) {
        let session = format!("{{\"v\":1,\"ses\":{{\"id\":\"s-{}\"}},", at / 5);
        *line = line.replacen("{\"v\":1,", &session, 1);
    }
    let log = chained("gw-1", &lines);
    folder.add("log.jsonl", &log);
    let mut bytes = HEADER.to_vec();
    let all: Vec<&str> = log.split_inclusive('\n').collect();
    for lines in all.chunks(12) {
        bytes.extend(pdrb::pack(lines.concat().as_bytes()));
    }
    bytes.extend(pdrb::end(all.len() as u64));
    folder.add("log.pdrb", &bytes);
    (folder, bytes)
}

/// What a file gives: its bytes as far as they can be read, whether it was changed, and how many
/// blocks were passed over.
fn unpacked(path: &Path, wanted: IndexQuery) -> (Vec<u8>, Result<(), bool>, u64) {
    let sources = sources(&[path.to_owned()]).expect("it is there");
    let choosing = Choosing { wanted, ..Choosing::default() };
    let mut bytes = Vec::new();
    let mut opened = sources[0].open(&Arc::default(), &choosing).expect("it opens");
    let read = opened.read_to_end(&mut bytes);
    let read =
        read.map(drop).map_err(|error| matches!(unread(&error), Some(Unread::Changed { .. })));
    (bytes, read, choosing.passed.load(Ordering::Relaxed))
}

#[test]
fn lines_come_back_byte_for_byte() {
    let (folder, _) = packed("back", 60);
    let lines = ran(folder.path(), "replay convert log.pdrb -o back.jsonl");
    lines.expect(0, &["lines"]);
    ran(folder.path(), "replay convert log.jsonl -o one.pdrb").expect(0, &[]);
    ran(folder.path(), "replay convert one.pdrb -o again.jsonl").expect(0, &[]);
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).expect("a file");
    assert_eq!(bytes("back.jsonl"), bytes("log.jsonl"));
    assert_eq!(bytes("again.jsonl"), bytes("log.jsonl"));
    assert!(bytes("one.pdrb").len() < bytes("log.jsonl").len() / 3);
    // Files go one behind the other, and a last line without its end keeps for itself.
    folder.add("torn.jsonl", "{\"v\":1,\"ctx\":{}}\r\n\n{\"v\":1");
    ran(folder.path(), "replay convert torn.jsonl -o torn.pdrb").expect(0, &["3 lines"]);
    ran(folder.path(), "replay convert torn.pdrb -o same.jsonl").expect(0, &[]);
    assert_eq!(bytes("same.jsonl"), bytes("torn.jsonl"));
    ran(folder.path(), "replay convert torn.pdrb log.pdrb -o both.jsonl").expect(0, &[]);
    assert_eq!(
        bytes("both.jsonl"),
        [bytes("torn.jsonl"), b"\n".to_vec(), bytes("log.jsonl")].concat()
    );
    ran(folder.path(), "replay convert log.pdrb -o log.pdrb").expect(2, &["is read, and would be"]);
    let named = ran(folder.path(), "replay convert log.pdrb -o a.jsonl --bundle policy.plcb");
    named.expect(2, &["`a.jsonl` has no columns", "ends in .pdr.parquet"]);
}

#[test]
fn the_name_of_a_file_says_its_form() {
    let (folder, _) = packed("forms", 60);
    let bytes = |name: &str| std::fs::read(folder.path().join(name)).expect("a file");
    let lines = bytes("log.jsonl");
    let begin: [(&str, &[u8]); 3] = [
        ("a.pdr.jsonl.gz", &[0x1f, 0x8b]),
        ("a.pdr.jsonl.zst", &[0x28, 0xb5, 0x2f, 0xfd]),
        ("a.pdrb", b"PDRB"),
    ];
    for (name, start) in begin {
        ran(folder.path(), &format!("replay convert log.jsonl -o {name}")).expect(0, &["lines"]);
        assert!(bytes(name).starts_with(start) && bytes(name).len() < lines.len() / 3, "{name}");
        ran(folder.path(), &format!("replay convert {name} -o back.jsonl")).expect(0, &["lines"]);
        assert_eq!(bytes("back.jsonl"), lines, "{name}");
        std::fs::remove_file(folder.path().join("back.jsonl")).expect("it is there");
    }
    let columns = ran(folder.path(), "replay convert log.jsonl -o a.pdr.parquet");
    if policyc::tools::replay::pack::IN_THIS_BUILD {
        columns.expect(0, &["bytes a line"]);
        assert!(bytes("a.pdr.parquet").starts_with(b"PAR1"));
    } else {
        columns.expect(2, &["no pack can be made"]);
    }
}

#[test]
fn what_is_packed_is_verified_as_lines_are() {
    let (folder, _) = packed("verify", 60);
    let said = |file: &str, rest: &str| {
        let line = format!("replay verify {file} --bundle policy.plcb --output-format json {rest}");
        let ran = ran(folder.path(), &line);
        ran.expect(0, &[]);
        serde_json::from_str::<Json>(&ran.out).expect("JSON")
    };
    let text = ran(folder.path(), "replay verify log.pdrb --bundle policy.plcb");
    text.expect(0, &["chain ✓", "no gap, `gw-1`", "exact 60"]);
    assert_eq!(said("log.pdrb", ""), said("log.jsonl", ""));
    for rest in [
        "--session s-3",
        "--since 2026-11-19T14:00:31Z",
        "--until 2026-11-19T14:00:07Z",
        "--effect deny",
        "--effect deny --tool pay --session s-9",
    ] {
        let (lines, packed) = (said("log.jsonl", rest), said("log.pdrb", rest));
        assert_eq!(lines["records"], packed["records"], "{rest}");
        assert_eq!(lines["exact"], packed["exact"], "{rest}");
        assert!(packed["passed_over"].as_u64() > Some(0), "{rest}: {packed}");
    }
    let line = "replay verify log.pdrb --bundle policy.plcb --session s-3";
    ran(folder.path(), line).expect(0, &["chain not looked at:", "blocks passed over", "exact 5"]);
    // An id is looked for where it may be.
    ran(folder.path(), "replay explain record-41 --records log.pdrb --bundle policy.plcb")
        .expect(0, &["DENY"]);
}

/// What no record has, and what none has that was decided then, is not the same; of a packed file
/// nobody reads the blocks in which there is nothing of that time.
#[test]
fn what_no_record_has_is_said_alike_of_packed_files() {
    let (folder, _) = packed("none", 60);
    let said = |file: &str, rest: &str| {
        let ran = ran(folder.path(), &format!("replay verify {file} --bundle policy.plcb {rest}"));
        (ran.exit, ran.err)
    };
    let never = "--since 2020-11-19T14:00:00Z --until 2020-11-19T15:00:00Z";
    for (rest, exit, words) in [
        (format!("--tool pay {never}"), 0, "0 of 60 records chosen"),
        (never.to_owned(), 0, "0 of 60 records chosen"),
        (format!("--session s-3 {never}"), 0, "0 of 60 records chosen"),
        (format!("--tool nothing {never}"), 2, "none of 60 records has tool `nothing`"),
        (format!("--session s-none {never}"), 2, "none of 60 records has session `s-none`"),
    ] {
        let (lines, packed) = (said("log.jsonl", &rest), said("log.pdrb", &rest));
        assert_eq!(lines.0, Some(exit), "{rest}: {}", lines.1);
        assert!(lines.1.contains(words), "{rest}: {}", lines.1);
        assert_eq!(lines, packed, "{rest}");
    }
}

#[test]
fn lines_keep_their_numbers_where_others_are_passed_over() {
    let (folder, _) = packed("numbers", 60);
    let wanted = IndexQuery { session: Some("s-7".to_owned()), ..IndexQuery::default() };
    let whole = std::fs::read(folder.path().join("log.jsonl")).expect("a file");
    let (lines, read, passed) = unpacked(&folder.path().join("log.pdrb"), wanted);
    assert_eq!((read, passed > 2), (Ok(()), true));
    let split =
        |bytes: &[u8]| bytes.split(|it| *it == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
    let (whole, lines) = (split(&whole), split(&lines));
    assert_eq!(whole.len(), lines.len());
    assert!(whole.iter().zip(&lines).all(|(line, left)| left.is_empty() || line == left));
    let wanted = |line: &Vec<u8>| String::from_utf8_lossy(line).contains("\"s-7\"");
    assert_eq!(lines.iter().filter(|line| wanted(line)).count(), 5);
}

#[test]
fn every_changed_bit_and_every_cut_is_found() {
    let (folder, bytes) = packed("bits", 5);
    let whole = std::fs::read(folder.path().join("log.jsonl")).expect("a file");
    let path = folder.path().join("changed.pdrb");
    for bit in (0..8 * bytes.len()).step_by(3) {
        let mut changed = bytes.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        folder.add("changed.pdrb", &changed);
        let (lines, read, _) = unpacked(&path, IndexQuery::default());
        if bit < 32 {
            // Without its name it is taken for lines, and is none.
            assert_eq!(lines, changed, "bit {bit}");
            continue;
        }
        assert!(read.is_err(), "bit {bit}");
        assert!(whole.starts_with(&lines), "bit {bit}: nothing wrong is handed on");
    }
    for end in (5..bytes.len()).step_by(3) {
        folder.add("changed.pdrb", &bytes[..end]);
        let (lines, read, _) = unpacked(&path, IndexQuery::default());
        assert_eq!(read, Err(false), "cut at {end}: it is told as cut");
        assert!(whole.starts_with(&lines));
    }
    let verify = "replay verify changed.pdrb --bundle policy.plcb";
    folder.add("changed.pdrb", &bytes[..bytes.len() - 20]);
    ran(folder.path(), verify).expect(2, &["the rest of the packed file is missing"]);
    let mut changed = bytes.clone();
    changed[500] ^= 4;
    folder.add("changed.pdrb", &changed);
    ran(folder.path(), verify).expect(4, &["error[P0916]", "is not the one that was written"]);
    let mut newer = bytes;
    newer[4] = 2;
    folder.add("changed.pdrb", &newer);
    ran(folder.path(), verify).expect(2, &["of a version that this build does not read"]);
}
