//! `policyc replay map` and `reduce`: pieces say what the whole says.

use serde_json::Value as Json;

use crate::replay::impact::{contexts, logged};
use crate::replay::{POLICY, file, project, records};
use crate::support::run::ran;

/// What `json` says, without how long it took (which it does not say).
fn document(text: &str) -> Json {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn pieces_say_what_the_whole_says() {
    let folder = logged("parts");
    folder.add("new.yaml", POLICY.replacen("10000", "20000", 1));
    let (_, program) = project("parts-program", POLICY);
    let lines = records(&program, &contexts());
    let options = "--bundle policy.plcb --to new.yaml";
    let whole = ran(folder.path(), &format!("replay diff logs {options} --output-format json"));
    whole.expect(0, &[]);
    let mut reduced = Vec::new();
    for pieces in [1, 7, lines.len()] {
        let size = lines.len().div_ceil(pieces);
        let mut names = Vec::new();
        for (at, piece) in lines.chunks(size).enumerate() {
            // Every seventh is mapped on its own; the rest is one file a piece all the same.
            let name = format!("p{pieces}-{at}");
            folder.add(&format!("{name}.jsonl"), file(piece));
            names.push(name);
        }
        // Pieces that one process maps are as good as pieces that many map.
        for names in names.chunks(40) {
            let sources: Vec<String> = names.iter().map(|name| format!("{name}.jsonl")).collect();
            let out = &names[0];
            let line = format!("replay map {} {options} -o {out}.pds", sources.join(" "));
            ran(folder.path(), &line).expect(0, &[]);
        }
        let mut parts: Vec<String> =
            names.chunks(40).map(|names| format!("{}.pds", names[0])).collect();
        parts.reverse();
        let line = format!("replay reduce {} {options} --output-format json", parts.join(" "));
        let all = ran(folder.path(), &line);
        all.expect(0, &[]);
        assert_eq!(document(&all.out), document(&whole.out), "{pieces} pieces");
        reduced.push(all.out);
    }
    assert!(reduced.iter().all(|all| *all == reduced[0]));
}

#[test]
fn what_does_not_belong_together_is_not_joined() {
    let folder = logged("unlike");
    folder.add("new.yaml", POLICY.replacen("10000", "20000", 1));
    folder.add("other.yaml", POLICY.replacen("10000", "30000", 1));
    let map = "replay map logs --bundle policy.plcb --to new.yaml -o a.pds";
    ran(folder.path(), map).expect(0, &[]);
    let reduce = |line: &str| ran(folder.path(), &format!("replay reduce {line}"));
    reduce("a.pds --to other.yaml").expect(2, &["`a.pds` cannot be joined", "another bundle"]);
    reduce("a.pds --to new.yaml --from policy.plcb").expect(2, &["those of the records"]);
    folder.add("b.pds", "{\"format\":\"policyc.summary\"}");
    reduce("b.pds --to new.yaml").expect(2, &["it is no summary"]);
    reduce("none.pds --to new.yaml").expect(5, &["there is no such file"]);
    reduce("a.pds --bundle policy.plcb --to new.yaml").expect(0, &["1 part", "newly allowed 18"]);
}
