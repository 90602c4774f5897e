//! `policyc eval --record`: whole lines behind whole lines.

use std::fs;

use policyc::runtime::record::read::Record;

use crate::support::run::{Folder, policyc, ran};

const POLICY: &str = "policyc: 1\nname: p\ndefault: deny\nschema: {n: int}\nrules:\n  \
                      - {id: few, when: n < 10, allow: ok}\n";

#[test]
fn records_are_appended_and_never_behind_half_a_line() {
    let folder = Folder::new("records");
    let root = folder.path();
    fs::write(root.join("p.yaml"), POLICY).expect("a file");
    fs::write(root.join("calls.jsonl"), "{\"n\": 1}\n{\"n\": 12}\n{\"n\": !}\n").expect("a file");
    let eval = || {
        let arguments = ["eval", "p.yaml", "-c", "calls.jsonl", "--record", "all.pdr.jsonl"];
        policyc(root).args(arguments).output().expect("it runs")
    };
    for round in 1..=2 {
        let output = eval();
        // The third context is none.
        assert_eq!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(root.join("all.pdr.jsonl")).expect("the records");
        assert_eq!(text.lines().count(), 3 * round);
        assert!(text.ends_with('\n'));
    }
    let text = fs::read_to_string(root.join("all.pdr.jsonl")).expect("the records");
    let read = |line| Record::read(line).unwrap_or_else(|error| panic!("{error:?}"));
    let mut ids: Vec<_> =
        text.lines().filter_map(|line| read(line.as_bytes()).id?.plain()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6, "every record has an id of its own");

    let cut = &text[..text.len() - 5];
    fs::write(root.join("all.pdr.jsonl"), cut).expect("a file");
    let output = eval();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("nothing is appended to `all.pdr.jsonl`: its last line was cut"),
        "{said}"
    );
    let kept = fs::read_to_string(root.join("all.pdr.jsonl")).expect("the records");
    assert_eq!(kept, cut);
}

/// Lines behind packed bytes are no file that anybody reads.
#[test]
fn packed_files_are_not_appended_to() {
    let folder = Folder::new("records-packed");
    folder.add("p.yaml", POLICY);
    folder.add("call.json", "{\"n\": 1}");
    let eval =
        |name: &str| ran(folder.path(), &format!("eval p.yaml -c call.json --record {name}"));
    for name in ["a.pdr.jsonl.gz", "a.pdr.jsonl.zst", "a.pdrb", "a.pdr.parquet"] {
        let found = eval(name);
        found.expect(2, &["error[P0906]", "it is called as packed files are", "convert"]);
        assert!(found.out.is_empty() && !folder.path().join(name).exists(), "{name}");
    }
    for start in [&b"\x1f\x8b\x08\x00"[..], b"\x28\xb5\x2f\xfd\n", b"PAR1", b"PDRB\x01\n"] {
        let path = folder.add("a.pdr.jsonl", start);
        let found = eval("a.pdr.jsonl");
        found.expect(2, &["nothing is appended to `a.pdr.jsonl`: it is packed"]);
        assert_eq!(fs::read(path).expect("a file"), start);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_recorded_is_not_shown() {
    let folder = Folder::new("records-full");
    folder.add("p.yaml", POLICY);
    folder.add("call.json", "{\"n\": 1}");
    folder.add("calls.jsonl", "{\"n\": 1}\n{\"n\": 12}\n");
    for calls in ["call.json", "calls.jsonl"] {
        let found = ran(folder.path(), &format!("eval p.yaml -c {calls} --record /dev/full"));
        found.expect(2, &["error[P0906]"]);
        assert_eq!(found.out, "", "{calls}");
    }
}
