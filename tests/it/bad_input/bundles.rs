//! Bundles that are damaged, cut, too new or something else.

use std::fs;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::bundle::layout::{HEADER_BYTES, MINOR};

use super::{Findings, Stream, folder, huge, judge, settle, with};

const YAML: &str = "\
policyc: 1
name: p
default: deny
schema: {request: {amount: double}}
rules:
  - id: big
    when: request.amount > 10.0
    deny: big
";

/// The bundle of `YAML`.
fn bundle() -> Vec<u8> {
    let mut files = SourceMap::new();
    files.add("p.yaml", YAML);
    compile(&files, &Options::default(), &mut Sink::new()).unwrap().bundle
}

/// The bundle with a bit of byte `at` flipped.
fn flipped(at: usize) -> Vec<u8> {
    let mut bytes = bundle();
    bytes[at] ^= 1;
    bytes
}

/// The bundle with `byte` at `at`, and digests that fit.
fn sealed(at: usize, byte: u8) -> Vec<u8> {
    let mut bytes = bundle();
    bytes[at] = byte;
    crate::support::seal::reseal(&mut bytes);
    bytes
}

#[test]
fn bundles() {
    let good = bundle();
    let body = crate::support::seal::body(&good);
    let text = |at: usize| [&good[..at], b"\n", &good[at..]].concat();
    let rows: Vec<(&str, Vec<u8>, i32, Findings)> = vec![
        ("empty", Vec::new(), 2, &[("R0701", "")]),
        ("text", with(YAML, &[]), 2, &[("R0701", "")]),
        ("another start", flipped(1), 2, &[("R0701", "")]),
        ("line ends changed", text(5), 2, &[("R0701", "")]),
        ("cut in the header", good[..8].to_vec(), 2, &[("R0703", "")]),
        ("cut behind the header", good[..HEADER_BYTES].to_vec(), 2, &[("R0703", "")]),
        ("cut in the middle", good[..good.len() / 2].to_vec(), 2, &[("R0703", "")]),
        ("cut by one byte", good[..good.len() - 1].to_vec(), 2, &[("R0703", "")]),
        ("a byte too many", [&good[..], &[0]].concat(), 2, &[("R0703", "")]),
        ("another length", flipped(16), 2, &[("R0703", "")]),
        ("a newer format", sealed(8, 2), 2, &[("R0702", "")]),
        ("newer additions", sealed(10, MINOR as u8 + 1), 2, &[("R0702", "")]),
        ("older additions", sealed(10, MINOR as u8 - 1), 2, &[("R0702", "")]),
        ("newer instructions", sealed(28, 9), 2, &[("R0702", "")]),
        ("newer builtins", sealed(30, 99), 2, &[("R0702", "")]),
        ("another root", flipped(40), 4, &[("R0703", "")]),
        ("another table", flipped(HEADER_BYTES + 8), 4, &[("R0703", "")]),
        ("another digest in the table", flipped(HEADER_BYTES + 24), 4, &[("R0703", "")]),
        ("another first section", flipped(body), 4, &[("R0703", "")]),
        ("another last section", flipped(good.len() - 10), 4, &[("R0703", "")]),
    ];
    let mut wrong = Vec::new();
    for (what, bytes, exit, found) in rows {
        let folder = folder(&format!("bundle {what}"), &[("p.plcb", bytes)]);
        folder.add("c.json", "{\"request\": {\"amount\": 1.5}}");
        for line in ["inspect p.plcb", "inspect p.plcb --code", "eval p.plcb -c c.json"] {
            let judged = judge(&folder, line, exit, Stream::Err, found);
            wrong.extend(judged.into_iter().map(|it| format!("{what}: {it}")));
        }
    }
    settle(&wrong);
}

#[test]
fn a_bundle_that_the_verifier_refuses() {
    let mut module = policyc::runtime::bundle::reader::read(&bundle()).unwrap();
    module.functions[0].cost += 1;
    let bytes = policyc::runtime::bundle::writer::write(&module).unwrap();
    let folder = folder("bundle refused", &[("p.plcb", bytes)]);
    folder.add("c.json", "{}");
    let mut wrong = Vec::new();
    for line in ["inspect p.plcb", "eval p.plcb -c c.json"] {
        wrong.extend(judge(&folder, line, 2, Stream::Err, &[("R0704", "")]));
    }
    settle(&wrong);
}

#[test]
fn bundles_that_cannot_be_opened() {
    let folder = folder("bundle unopened", &[("p.plcb", bundle())]);
    folder.add("c.json", "{}");
    folder.add("d.plcb/README.md", "x");
    huge(&folder, "huge.plcb");
    let mut wrong = judge(&folder, "inspect no.plcb", 5, Stream::Err, &[("P0901", "")]);
    wrong.extend(judge(&folder, "inspect d.plcb", 2, Stream::Err, &[("P0901", "")]));
    for line in ["inspect huge.plcb", "eval huge.plcb -c c.json"] {
        wrong.extend(judge(&folder, line, 2, Stream::Err, &[("R0705", "")]));
    }
    wrong.extend(judge(&folder, "eval no.plcb -c c.json", 5, Stream::Out, &[("P0901", "")]));
    if super::permissions_hold(folder.path()) {
        use std::os::unix::fs::PermissionsExt as _;
        let none = fs::Permissions::from_mode(0o000);
        fs::set_permissions(folder.path().join("p.plcb"), none).unwrap();
        wrong.extend(judge(&folder, "inspect p.plcb", 2, Stream::Err, &[("P0901", "")]));
    }
    settle(&wrong);
}
