//! Whatever makes a command end with another code than 0 is told in every format: what is shown in
//! green nobody looks into.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::Value as Json;

use crate::replay::{POLICY, chained, file, payment, project, records};
use crate::support::run::{Folder, Ran, ran};

/// What is the matter, how commands end because of it, and words that say so.
struct Trouble {
    name: &'static str,
    source: &'static str,
    exit: i32,
    words: &'static str,
}

const TROUBLES: [Trouble; 5] = [
    Trouble { name: "cut", source: "cut.jsonl.gz", exit: 2, words: "it breaks off" },
    Trouble { name: "nowhere", source: "other.jsonl", exit: 5, words: "the bundle is in no store" },
    Trouble { name: "chain", source: "log.jsonl", exit: 4, words: "changed after it was written" },
    Trouble { name: "text", source: "text.jsonl", exit: 2, words: "cannot be read" },
    Trouble { name: "undetermined", source: "seal.jsonl", exit: 3, words: "/action/args/amount" },
];

/// Records of 40 payments in each of these ways, and the bundle that made them, which is the
/// candidate as well.
fn folder(name: &str) -> Folder {
    let (folder, program) = project(&format!("told-{name}"), POLICY);
    let contexts: Vec<String> = (0..40).map(|at| payment(at, "", &[])).collect();
    let lines = records(&program, &contexts);
    let mut packed = GzEncoder::new(Vec::new(), Compression::none());
    packed.write_all(file(&lines).as_bytes()).expect("memory");
    let mut packed = packed.finish().expect("memory");
    packed.truncate(packed.len() / 2);
    folder.add("cut.jsonl.gz", packed);
    let digest = lines[0].split("\"dig\":\"sha256:").nth(1).and_then(|it| it.get(..64));
    let other = file(&lines).replace(digest.expect("a digest"), &"a".repeat(64));
    folder.add("other.jsonl", other);
    let log = chained("gw", &lines);
    let changed = log.replacen("\"note\":\"1.50\"", "\"note\":\"1.51\"", 1);
    assert_ne!(log, changed);
    folder.add("log.jsonl", changed);
    folder.add("text.jsonl", file(&lines) + "no record\n");
    let mark = "\"amount\":{\"$x\":\"drop\",\"t\":\"int\"}";
    let sealed: Vec<String> = lines
        .iter()
        .map(|line| line.replacen("\"amount\":7,", &format!("{mark},"), 1))
        .map(|line| if line.contains("$x") { super::without(&line, "sig") } else { line })
        .collect();
    assert_ne!(sealed, lines);
    folder.add("seal.jsonl", file(&sealed));
    folder
}

fn run(folder: &Folder, line: &str) -> Ran {
    ran(folder.path(), &format!("replay {line} --bundle policy.plcb"))
}

#[test]
fn verify_says_in_every_format_that_not_all_is_well() {
    let folder = folder("verify");
    for Trouble { name, source, exit, words } in TROUBLES {
        for format in ["full", "html", "json", "json-lines", "junit", "markdown", "narrated"] {
            let found = run(&folder, &format!("verify {source} --output-format {format}"));
            let context = format!("{name}, {format}:\n{}", found.out);
            assert_eq!(found.exit, Some(exit), "{context}{}", found.err);
            let lower = found.out.to_lowercase();
            for lie in ["nothing differs", "class=\"kept\"", "were decided again"] {
                assert!(!lower.contains(lie), "{lie}: {context}");
            }
            let says = match (name, format) {
                // These two tell of chains in a row of their own.
                ("chain", "full" | "json-lines" | "json" | "junit") => "broken\":1|broken at 1",
                ("text", "json" | "json-lines") => "\"unreadable\":1",
                ("text", "junit") => "the line is no JSON object",
                _ => words,
            };
            let flat = found.out.split_whitespace().collect::<Vec<_>>().join(" ");
            let flat = flat.replace("\": ", "\":");
            let told = says.split('|').any(|says| flat.contains(says));
            let own_place = name == "chain" && flat.contains("is not the one that was written");
            assert!(told || own_place, "{says}: {context}");
            assert!(format != "junit" || found.out.contains("<failure"), "{context}");
        }
    }
    let well =
        run(&folder, "verify other.jsonl --since 2030-01-01T00:00:00Z --output-format markdown");
    well.expect(0, &["there is nothing to verify"]);
}

#[test]
fn diff_says_in_every_format_that_not_all_is_well() {
    let folder = folder("diff");
    // The candidate does not look at amounts alone, so what is withheld matters.
    folder.add("new.yaml", POLICY.replacen("25000", "5", 1));
    for Trouble { name, source, exit, words } in TROUBLES {
        let words = if name == "undetermined" { "undetermined" } else { words };
        for format in ["full", "html", "json", "junit", "markdown"] {
            let gate = "--fail-on newly_denied>1000";
            let line = format!("diff {source} --to new.yaml {gate} --output-format {format}");
            let found = run(&folder, &line);
            let context = format!("{name}, {format}:\n{}", found.out);
            assert_eq!(found.exit, Some(exit), "{context}{}", found.err);
            for lie in ["newly_denied>1000 ✓", "</code>: kept", "`: kept", "nothing changes\n"] {
                assert!(!found.out.contains(lie), "{lie}: {context}");
            }
            let says =
                if (name, format) == ("chain", "full") { "broken at 1 place" } else { words };
            let flat = found.out.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(flat.contains(says), "{says}: {context}");
            assert!(format != "junit" || found.out.contains("<failure"), "{context}");
            assert!(format != "html" || found.out.contains("class=\"broken\""), "{context}");
            if format == "json" {
                let json: Json = serde_json::from_str(&found.out).expect("JSON");
                assert!(json["reasons"].to_string().contains(words), "{context}");
                assert_eq!(json["gates"][0]["judged"], false, "{context}");
            }
        }
    }
}

/// A part of which a piece could not be read is joined with others, and what is missing is said.
#[test]
fn what_a_part_could_not_read_is_told_of_all() {
    let folder = folder("parts");
    run(&folder, "map cut.jsonl.gz --to policy.plcb -o a.pds").expect(2, &[]);
    let gate = "--fail-on newly_denied>1000";
    run(&folder, &format!("reduce a.pds --to policy.plcb {gate}"))
        .expect(2, &["not read", "it breaks off", "? not judged"]);
}
