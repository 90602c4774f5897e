//! `policyc eval --record`: whole lines behind whole lines.

use std::fs;

use policyc::runtime::record::read::Record;

use crate::support::run::{Folder, policyc};

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
