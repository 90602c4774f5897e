//! The formats for programs.

use std::fs;

use serde_json::Value as Json;

use super::{bench, twenty};
use crate::support::run::policyc;

#[test]
fn benchstat_reads_a_line_a_round() {
    let folder = twenty("gobench");
    let line = "old.yaml --contexts calls.jsonl --iterations 4 --output-format gobench";
    let ran = bench(folder.path(), line);
    ran.expect(0, &["goos: ", "goarch: ", "pkg: policyc", "cpu: "]);
    let form = "^Benchmark(Decide|Read)/twenty\t[1-9][0-9]*(\t[0-9]+\\.[0-9]+ [a-z0-9.-]+/op){6}$";
    let form = regex::Regex::new(form).expect("a pattern");
    let rows: Vec<&str> = ran.out.lines().filter(|it| it.starts_with("Benchmark")).collect();
    assert_eq!(rows.len(), 8, "{}", ran.out);
    assert!(rows.iter().all(|row| form.is_match(row)), "{}", ran.out);
    assert!(rows[0].contains("\t100.00 instructions/op"), "{}", rows[0]);
}

#[test]
fn json_is_what_is_saved() {
    let folder = twenty("json");
    let line = "old.yaml --contexts calls.jsonl --counters --output-format json --save base.json";
    let ran = bench(folder.path(), line);
    ran.expect(0, &[]);
    assert_eq!(fs::read_to_string(folder.path().join("base.json")).expect("a baseline"), ran.out);
    let document: Json = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!((&document["format"], &document["version"]), (&"policyc.bench".into(), &1.into()));
}

#[test]
fn several_formats_at_once_and_a_page_for_the_workflow() {
    let folder = twenty("several");
    let at = folder.path();
    bench(at, "old.yaml --contexts calls.jsonl --counters --save base.json").expect(0, &[]);
    let words = "bench new.yaml --contexts calls.jsonl --counters --compare base.json \
                 --output junit=out.xml --output markdown=out.md --output github=out.txt";
    let mut command = policyc(at);
    command.args(words.split_whitespace()).env("GITHUB_STEP_SUMMARY", at.join("page.md"));
    fs::write(at.join("page.md"), "before\n").expect("a page");
    let output = command.output().expect("policyc runs");
    assert_eq!(output.status.code(), Some(1));
    let read = |name: &str| fs::read_to_string(at.join(name)).expect("a file");
    assert!(read("out.xml").contains("failures=\"1\""), "{}", read("out.xml"));
    let annotation = "::error file=new.yaml,line=13,endLine=13,col=";
    assert!(read("out.txt").starts_with(annotation), "{}", read("out.txt"));
    assert!(read("out.md").contains("`rule-7` runs 6"), "{}", read("out.md"));
    assert_eq!(read("page.md"), format!("before\n{}", read("out.md")));
}

#[test]
fn several_projects_are_a_row_each() {
    let folder = twenty("projects");
    for name in ["a", "b"] {
        folder.add(&format!("all/{name}/policyc.toml"), "[project]\n");
        let policy = format!(
            "policyc: 1\nname: {name}\ndefault: deny\nschema: {{n: int}}\nrules:\n  \
             - {{id: r, when: n > 1, allow: fine}}\n"
        );
        folder.add(&format!("all/{name}/p.yaml"), policy);
        let test = "cases:\n  - {name: one, patch: {/n: 2}, expect: {allow: r}}\n";
        folder.add(&format!("all/{name}/p_test.yaml"), test);
    }
    let ran = bench(folder.path(), "all --counters");
    ran.expect(0, &["instructions"]);
    let rows: Vec<&str> = ran.out.lines().map(str::trim).collect();
    assert!(rows[1].starts_with('a') && rows[2].starts_with('b'), "{}", ran.out);
}
