//! Files of trust: what is kept in them is not lost, not led astray, and not waited for.

use std::fs;

use crate::support::run::{Folder, ran};
use crate::trust::{AT, bundle, envelope, secret, simple};
use policyc::runtime::trust::policy::{POLICY_TYPE, TrustPolicy};
use policyc::runtime::trust::release::{RELEASE_TYPE, Release};

/// Versions 5 and 7 of one bundle, and a trust policy that remembers.
pub(super) fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    for (file, rule, version) in [("v5.plcb", "five", 5), ("v7.plcb", "seven", 7)] {
        let bundle = bundle("payments", rule);
        let release = Release::of(&bundle, "payments", version, 4 * AT).expect("a release");
        folder.add(file, &bundle);
        let signed = envelope(RELEASE_TYPE, release.to_bytes(), &[secret(1)]);
        folder.add(&format!("{file}.sig"), signed.to_json());
    }
    folder.add("trust.toml", remembering());
    folder.add("call.json", "{\"n\": 5}");
    folder
}

fn remembering() -> String {
    simple().replace("2030-01-01", "2099-01-01").replace("\"minimum\"\n[", "\"state\"\n[")
}

pub(super) const TRUST: &str = "--trust trust.toml --trust-state";

#[test]
fn what_remembers_versions_is_not_written_over() {
    let folder = folder("trust-spared");
    folder.add("pass", "correct horse battery\n");
    ran(folder.path(), "keygen k.key --passphrase-file pass").expect(0, &[]);
    for part in ["st", "st.lock", "st.part"] {
        for line in [
            "eval v5.plcb -c call.json --record",
            "attest v5.plcb --key k.key --passphrase-file pass -o",
        ] {
            let line = format!("{line} {part} {TRUST} st");
            ran(folder.path(), &line).expect(2, &["P0908", part, "would be written over"]);
        }
    }
    folder.add("empty", "");
    ran(folder.path(), &format!("eval v5.plcb -c call.json {TRUST} empty"))
        .expect(4, &["R0709", "`empty` is damaged in line 1"]);
    // Nothing was harmed.
    ran(folder.path(), &format!("eval v5.plcb -c call.json {TRUST} st")).expect(0, &["ALLOW"]);
}

#[test]
fn who_only_looks_advances_nothing() {
    let folder = folder("trust-looks");
    let eval = |file: &str| ran(folder.path(), &format!("eval {file} -c call.json {TRUST} st"));
    eval("v5.plcb").expect(0, &["ALLOW"]);
    let before = fs::read(folder.path().join("st")).expect("a memory");
    for look in [
        "inspect v7.plcb",
        "attest v7.plcb",
        "verify v7.plcb",
        "bench v7.plcb --contexts call.json --iterations 1",
    ] {
        ran(folder.path(), &format!("{look} {TRUST} st")).expect(0, &[]);
        assert_eq!(fs::read(folder.path().join("st")).expect("a memory"), before, "{look}");
    }
    for _ in 0..2 {
        ran(folder.path(), &format!("diff v5.plcb v7.plcb {TRUST} st")).expect(1, &["WIDER"]);
    }
    eval("v5.plcb").expect(0, &["ALLOW"]);
    // An older one may be looked at, and does not decide.
    eval("v7.plcb").expect(0, &["ALLOW"]);
    ran(folder.path(), &format!("inspect v5.plcb {TRUST} st")).expect(0, &["payments"]);
    eval("v5.plcb").expect(4, &["R0708"]);
    ran(folder.path(), &format!("verify v5.plcb {TRUST} st")).expect(4, &["R0708"]);
    // Whose signatures do not count is not looked at either.
    folder.add("v5.plcb.sig", fs::read(folder.path().join("v7.plcb.sig")).expect("signatures"));
    ran(folder.path(), &format!("inspect v5.plcb {TRUST} st")).expect(4, &["R0707"]);
}

#[test]
fn the_next_trust_policy_comes_behind_what_was_used() {
    let folder = folder("trust-next");
    let text = |comment: &str| {
        format!("# {comment}\n{}", remembering().replace("version = 1", "version = 2"))
    };
    for name in ["next", "forged"] {
        let next = TrustPolicy::read(text(name).as_bytes()).expect("a trust policy");
        let signed = envelope(POLICY_TYPE, next.to_signed(), &[secret(1)]);
        folder.add(&format!("{name}.toml"), text(name));
        folder.add(&format!("{name}.toml.sig"), signed.to_json());
    }
    let verify = |name: &str| ran(folder.path(), &format!("verify {name} {TRUST} st"));
    verify("forged.toml").expect(0, &["policy 2 follows 1"]);
    ran(folder.path(), "eval v5.plcb -c call.json --trust next.toml --trust-state st")
        .expect(0, &["ALLOW"]);
    verify("forged.toml").expect(4, &["R0708", "is not the trust policy 2 that was used before"]);
    verify("next.toml").expect(0, &["policy 2 follows 1"]);
    let line = "eval v5.plcb -c call.json --trust forged.toml --trust-state st";
    ran(folder.path(), line).expect(4, &["R0708", "another trust policy 2 than was used before"]);
    ran(folder.path(), &format!("verify next.toml {TRUST} st --attestation v5.plcb.sig"))
        .expect(2, &["P0908", "an attestation is about a bundle"]);
    folder.add("st", "damaged\n");
    verify("next.toml").expect(4, &["R0709"]);
}

#[test]
fn a_key_of_minisign_is_not_asked_beside_a_trust_policy() {
    let folder = folder("trust-or-minisign");
    let line = format!("verify v5.plcb --minisign none.pub {TRUST} st");
    ran(folder.path(), &line).expect(2, &["P0908", "asks a key, and no trust policy"]);
    ran(folder.path(), "verify v5.plcb --minisign none.pub").expect(5, &["none.pub"]);
}
