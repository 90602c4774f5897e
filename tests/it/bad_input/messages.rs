//! Contexts as Protocol Buffers bytes: what is no such message ends in 2, and is denied.

use super::{Findings, Stream, folder, judge, settle};

const YAML: &str = "\
policyc: 1
name: p
default: deny
schema: m.proto#acme.M
rules:
  - id: big
    when: amount > 10.0 && note != 'x' && inner.inner == inner.inner
    allow: ok
";

const PROTO: &str = "\
syntax = \"proto3\";
package acme;
message M { double amount = 1; string note = 2; M inner = 3; }
";

/// 11.5 and a note.
const GOOD: [u8; 12] = [0x09, 0, 0, 0, 0, 0, 0, 0x27, 0x40, 0x12, 1, b'n'];

/// `GOOD` and what follows.
fn good(rest: &[u8]) -> Vec<u8> {
    [&GOOD, rest].concat()
}

fn deep(levels: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for _ in 0..levels {
        let mut outer = vec![0x1A];
        prost_reflect::prost::encoding::encode_varint(bytes.len() as u64, &mut outer);
        outer.append(&mut bytes);
        bytes = outer;
    }
    bytes
}

#[test]
fn no_message() {
    let unreadable: Findings = &[("P0903", "")];
    let mut wrong = Vec::new();
    for (what, context, exit, found, said) in [
        ("good", good(&[]), 0, &[][..], ""),
        ("something unknown behind", good(&[0x78, 1]), 0, &[], ""),
        ("cut", GOOD[..5].to_vec(), 2, unreadable, "at byte 5: the context ends too early"),
        ("a cut length", good(&[0x1A, 9]), 2, unreadable, "at byte 14: the context ends too early"),
        ("another type", vec![0x08, 1], 2, unreadable, "at byte 0: this field is written as"),
        ("no tag", good(&[0]), 2, unreadable, "at byte 12: no field has this tag"),
        ("a group's end", good(&[0x0C]), 2, unreadable, "at byte 12: a group ends"),
        (
            "not UTF-8",
            good(&[0x12, 1, 0xFF]),
            2,
            unreadable,
            "at byte 14: the context is not UTF-8",
        ),
        ("JSON", b"{\"amount\": 11.5}".to_vec(), 2, unreadable, "at byte"),
        ("deep", deep(1_000), 2, unreadable, "the context nests too deeply"),
        ("large", vec![0; (1 << 20) + 1], 2, unreadable, "the context is too large"),
    ] {
        let files =
            [("src/p.yaml", YAML.into()), ("src/m.proto", PROTO.into()), ("c.binpb", context)];
        let folder = folder(&format!("message {what}"), &files);
        let line = "eval src -c c.binpb --now 2026-03-17T10:00:00Z";
        wrong.extend(judge(&folder, line, exit, Stream::Err, found));
        let output = super::run(&folder, line);
        let (word, why) = if found.is_empty() { ("  ALLOW", "") } else { ("  DENY", "INPUT") };
        let decided = super::text(&output.stdout);
        if !decided.starts_with(word) || !decided.contains(why) {
            wrong.push(format!("{what}: does not say {word} {why}:\n{decided}"));
        }
        let stderr = super::text(&output.stderr);
        let words = stderr.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.contains(said) {
            wrong.push(format!("{what}: does not say `{said}`:\n{stderr}"));
        }
    }
    settle(&wrong);
}

#[test]
fn a_program_that_takes_no_messages() {
    let yaml = YAML
        .replace("schema: m.proto#acme.M", "schema: {amount: double, note: string, inner: dyn}");
    let files = [("src/p.yaml", yaml.into_bytes()), ("c.binpb", GOOD.to_vec())];
    let folder = folder("message unwanted", &files);
    let line = "eval src -c c.binpb --now 2026-03-17T10:00:00Z";
    let stderr = super::text(&super::run(&folder, line).stderr);
    assert!(stderr.contains("takes no message"), "{stderr}");
}
