//! Chains in `policyc replay`: what was changed in a log is told with its place, whatever else is
//! asked.

use serde_json::Value as Json;

use crate::replay::{POLICY, chained, file, payment, project, records};
use crate::support::run::{Folder, ran};

/// A folder with the logs of two writers and records of nobody's, and the lines of the first.
fn logged(name: &str) -> (Folder, Vec<String>) {
    let (folder, program) = project(&format!("chain-{name}"), POLICY);
    let contexts: Vec<String> = (0..60).map(|at| payment(at * 500, "rent", &["ann"])).collect();
    let lines = records(&program, &contexts);
    folder.add("logs/b.jsonl", chained("gw-2", &lines[40..]));
    folder.add("new.yaml", POLICY.replacen("10000", "20000", 1));
    let log: Vec<String> = chained("gw-1", &lines[..40]).lines().map(str::to_owned).collect();
    folder.add("logs/a.jsonl", file(&log));
    (folder, log)
}

#[test]
fn whole_chains_are_told() {
    let (folder, log) = logged("whole");
    let verify = "replay verify logs --bundle policy.plcb";
    let blocks = |log: &[String]| log.iter().filter(|line| line.starts_with("{\"$blk\"")).count();
    assert!(blocks(&log) > 9);
    ran(folder.path(), verify).expect(0, &["blocks, no gap, `gw-1` and `gw-2`", "exact 60"]);
    // What is asked for is no matter of the chain.
    ran(folder.path(), &format!("{verify} --effect deny --until 2001-01-01T00:00:00Z"))
        .expect(0, &["chain ✓", "no gap", "exact 0"]);
    let count = |threads| {
        let line = format!("{verify} --threads {threads} --output-format json");
        let json: Json = serde_json::from_str(&ran(folder.path(), &line).out).expect("JSON");
        assert_eq!(json["chain"]["writers"][0]["blocks"], blocks(&log), "{json}");
        assert_eq!(json["chain"]["writers"][0]["next"], 40);
        json
    };
    assert_eq!(count(1), count(4));
    // Lines of several writers in one file, and records that are in no chain.
    let b: Vec<String> = std::fs::read_to_string(folder.path().join("logs/b.jsonl"))
        .expect("the file")
        .lines()
        .map(str::to_owned)
        .collect();
    let longest = log.len().max(b.len());
    let mixed: Vec<String> =
        (0..longest).flat_map(|at| log.get(at).into_iter().chain(b.get(at)).cloned()).collect();
    folder.add("mixed.jsonl", file(&mixed));
    let plain = log[0].split(",\"ch\":").next().expect("a record").to_owned() + "}";
    folder.add("plain.jsonl", format!("{plain}\n"));
    ran(folder.path(), "replay verify mixed.jsonl plain.jsonl --bundle policy.plcb")
        .expect(0, &["✓", "no gap, `gw-1` and `gw-2`, 1 record in no chain", "exact 61"]);
    ran(folder.path(), "replay verify plain.jsonl --bundle policy.plcb")
        .expect(0, &["chain none", "exact 1"]);
}

#[test]
fn broken_chains_are_told_with_their_places() {
    let (folder, log) = logged("broken");
    let verify = "replay verify logs --bundle policy.plcb";
    let with = |changed: &[String], words: &[&str]| {
        folder.add("logs/a.jsonl", file(changed));
        ran(folder.path(), verify).expect(4, &[&["error[P0916]: `logs/a.jsonl`"], words].concat());
        ran(folder.path(), &format!("{verify} --session none --threads 3"))
            .expect(4, &["chain ✗ broken at"]);
        for format in ["json", "junit", "markdown"] {
            let line = format!("{verify} --output-format {format}");
            let text = ran(folder.path(), &line);
            text.expect(4, &["logs/a.jsonl", "gw-1"]);
        }
        let diff = format!("{} --to new.yaml", verify.replace("verify", "diff"));
        ran(folder.path(), &diff).expect(4, &["chain ✗ broken at", "error[P0916]"]);
    };
    let block = log.iter().position(|line| line.starts_with("{\"$blk\"")).expect("a block");
    let mut changed = log.clone();
    changed[1] = changed[1].replacen("\"ns\"", "\"nS\"", 1).replacen("rent", "Rent", 1);
    let words = format!("lines 1 to {}", block + 1);
    with(&changed, &[&words, "chain of `gw-1`: the block of the", "is not the one that was"]);
    let mut changed = log.clone();
    changed.remove(block + 1);
    let words = format!("record {block} is missing in front of it");
    with(&changed, &[&format!("line {}", block + 2), &words]);
    let mut changed = log.clone();
    changed.swap(block + 1, block + 2);
    with(&changed, &["stands where record"]);
    let mut changed = log.clone();
    let second = log.iter().skip(block + 1).position(|line| line.starts_with("{\"$blk\""));
    changed.drain(..=block + 1 + second.expect("another block"));
    changed.insert(0, log[block].clone());
    with(&changed, &["the records", "missing"]);
}

#[test]
fn what_is_cut_at_the_end_is_told() {
    let (folder, log) = logged("cut");
    let last = log.len() - 1;
    folder.add("logs/a.jsonl", file(&log[..last]));
    let verify = "replay verify logs --bundle policy.plcb";
    ran(folder.path(), verify).expect(0, &["no end of `gw-1`"]);
    folder.add("logs/a.jsonl", file(&log[1..]));
    ran(folder.path(), verify).expect(4, &["`gw-1` begin", "stands behind other records"]);
}

#[test]
fn pieces_of_chains_are_joined() {
    let (folder, log) = logged("pieces");
    let options = "--bundle policy.plcb --to new.yaml";
    for broken in [false, true] {
        let mut log = log.clone();
        if broken {
            log[7] = log[7].replacen("rent", "Rent", 1);
        }
        folder.add("logs/a.jsonl", file(&log));
        let diff = format!("replay diff logs/a.jsonl {options} --output-format json");
        let whole = ran(folder.path(), &diff);
        let exit = if broken { 4 } else { 0 };
        whole.expect(exit, &[]);
        for size in [1, 3, 17, log.len()] {
            let mut parts = Vec::new();
            for (at, piece) in log.chunks(size).enumerate() {
                let name = format!("p{size}-{at}");
                folder.add(&format!("{name}.jsonl"), file(piece));
                let line = format!("replay map {name}.jsonl {options} -o {name}.pds");
                // A piece alone may be cut in a block: chains are judged when all are there.
                ran(folder.path(), &line).expect(0, &[]);
                parts.push(format!("{name}.pds"));
            }
            parts.reverse();
            let reduce =
                format!("replay reduce {} {options} --output-format json", parts.join(" "));
            let all = ran(folder.path(), &reduce);
            all.expect(exit, &[]);
            assert_eq!(all.out, whole.out, "pieces of {size}");
        }
    }
}
