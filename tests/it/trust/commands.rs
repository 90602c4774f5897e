//! What commands of trust say and refuse: releases, ceilings, keys, files that are too long.

use std::fs;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::trust::Unverified;
use policyc::runtime::trust::envelope::Envelope;
use policyc::runtime::trust::error::{AdmissionFault, TrustError};
use policyc::runtime::trust::release::{RELEASE_TYPE, Release};
use policyc::runtime::trust::state::Memory;
use policyc::tools::sign::minisign::{self, MinisignKey};
use policyc::tools::sign::secret::SecretKey;

use crate::support::run::{Folder, ran};
use crate::trust::{AT, bundle, envelope, policy, public, released, secret, simple};

const PASS: &str = "--passphrase-file pass";

/// A bundle, a trust policy that holds now, and two keys.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    folder.add("p.plcb", bundle("payments", "first"));
    folder.add("pass", "correct horse battery\n");
    folder.add("call.json", "{\"n\": 5}");
    folder.add("trust.toml", simple().replace("2030-01-01", "2099-01-01"));
    for key in ["a.key", "b.key"] {
        ran(folder.path(), &format!("keygen {key} {PASS}")).expect(0, &[]);
    }
    folder
}

#[test]
fn signatures_of_one_release_add_up() {
    let folder = folder("trust-sign-twice");
    let here = folder.path();
    let sign = |rest: &str| ran(here, &format!("sign p.plcb {PASS} {rest}"));
    let found = || Envelope::read(&fs::read(here.join("p.plcb.sig")).unwrap()).unwrap();
    sign("--key a.key --release 3 --expires 30d").expect(0, &["1 signature"]);
    let until = Release::read(&found().payload).unwrap().expires;
    // A second signer names the release, and nothing about its end.
    sign("--key b.key --release 3").expect(0, &["2 signatures"]);
    assert_eq!(Release::read(&found().payload).unwrap().expires, until);
    assert_eq!(found().signatures.len(), 2);
    // Who says another end of the same version signs something else, and is told what is gone.
    let words = ["1 signature ", "in place of 2 signatures of this version with another end"];
    sign("--key a.key --release 3 --expires 40d").expect(0, &words);
    let without = sign("--key a.key --release 3 --expires 50d");
    without.expect(0, &["in place of 1 signature of"]);
    // Hosts that loaded it refuse an older one, and another of its version.
    let before = fs::read(here.join("p.plcb.sig")).unwrap();
    sign("--key a.key --release 2")
        .expect(2, &["P0908", "is of release 3, and 2 is an older one", "--release 4"]);
    folder.add("p.plcb", bundle("payments", "second"));
    sign("--key a.key --release 3").expect(2, &["P0908", "release 3 with other bytes"]);
    assert_eq!(fs::read(here.join("p.plcb.sig")).unwrap(), before);
    sign("--key a.key --release 4").expect(0, &["1 signature", "version 4"]);
}

/// What is metered ends at the ceiling of all decisions; below it no other ceiling holds.
#[test]
fn a_ceiling_of_cost_is_one_for_metered_bundles_too() {
    let mut files = SourceMap::new();
    let source = "policyc: 1\nname: payments\ndefault: deny\nrules:\n  \
                  - {id: twice, when: 'xs.exists(x, x in xs)', allow: twice}\n";
    files.add("p.yaml", source);
    let bundle =
        compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles").bundle;
    let signed = released(&bundle, "payments", 3, &[secret(1)]);
    let asked = |cost: u64| {
        let text = format!("{}[limits]\ncost = {cost}\n", simple());
        let (policy, memory) = (policy(&text), Memory::none());
        let read = Unverified::read(&bundle, Some(&signed));
        read.and_then(|it| it.verify(&policy, &memory, AT)?.load().map(drop))
    };
    assert_eq!(asked(10_000_000), Ok(()));
    for max in [1, 9_999_999] {
        let fault = AdmissionFault::Cost { cost: 10_000_000, max };
        assert_eq!(asked(max), Err(TrustError::Admission(fault)));
    }
}

#[test]
fn no_secret_that_was_typed_in_the_place_of_a_key_is_told() {
    let folder = folder("trust-typed-secrets");
    let here = folder.path();
    let minisign = format!("RWRTY0Iy{}", "Ab3x".repeat(51));
    let note = "PRIVATE+KEY+example.com/gw-3+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    let short = format!("RWQf6LRCGA9i53ml{}", "Yecx".repeat(8));
    folder.add("secret.key", format!("untrusted comment: minisign\n{minisign}\n"));
    folder.add("note.key", format!("{note}\n"));
    for (line, secret, words) in [
        ("verify p.plcb --minisign", minisign.as_str(), "was given a secret key"),
        ("verify p.plcb --minisign", &short, "is no public key, and no file is called so"),
        ("audit verify . --key", note, "was given a secret key"),
        ("audit verify . --key", &note[12..], "is no public key, and no file is called so"),
    ] {
        folder.add("00000000000000000000.pdrb", b"");
        let ran = ran(here, &format!("{line} {secret}"));
        ran.expect(2, &["P0931", words]);
        let told = format!("{}{}", ran.out, ran.err).replace(['\n', ' ', '│'], "");
        assert!(!told.contains(&secret[20..40]), "{told}");
    }
    for line in ["verify p.plcb --minisign secret.key", "audit verify . --key note.key"] {
        ran(here, line).expect(2, &["P0931", "holds a secret key"]);
    }
}

#[test]
fn files_that_are_too_long_or_no_text_have_reasons_of_their_own() {
    let folder = folder("trust-too-long");
    let here = folder.path();
    folder.add("long.key", vec![b'x'; (16 << 10) + 1]);
    folder.add("long.att", vec![b' '; (1 << 20) + 1]);
    folder.add("long.plcb", vec![0; (16 << 20) + 1]);
    folder.add(
        "p.plcb.sig",
        released(&fs::read(here.join("p.plcb")).unwrap(), "payments", 3, &[secret(1)]),
    );
    let bundle = fs::read(here.join("p.plcb")).unwrap();
    let release = Release::of(&bundle, "payments", 3, 4 * AT).unwrap();
    folder.add("p.plcb.sig", envelope(RELEASE_TYPE, release.to_bytes(), &[secret(1)]).to_json());
    for line in ["verify long.plcb --trust trust.toml", "sign long.plcb --key a.key --release 1"] {
        ran(here, line).expect(2, &["R0705", "16777217", "16777216"]);
    }
    ran(here, "sign p.plcb --release 3 --key long.key").expect(2, &["P0931", "16384"]);
    ran(here, "sign p.plcb --release 3 --key a.key --passphrase-file long.key")
        .expect(2, &["P0931", "16384"]);
    ran(here, "verify p.plcb --trust trust.toml --attestation long.att")
        .expect(2, &["R0706", "1048576"]);
    let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    folder.add("p.plcb.minisig", b"\xff\xfe");
    ran(here, &format!("verify p.plcb --minisign {key}"))
        .expect(2, &["R0706", "a signature that is none of minisign"]);
}

#[test]
fn who_signed_and_does_not_count_is_named() {
    let folder = folder("trust-barred");
    let here = folder.path();
    let bundle = fs::read(here.join("p.plcb")).unwrap();
    let release = Release::of(&bundle, "payments", 3, 4 * AT).unwrap();
    folder.add("p.plcb.sig", envelope(RELEASE_TYPE, release.to_bytes(), &[secret(1)]).to_json());
    let whole = simple().replace("2030-01-01", "2099-01-01");
    for (row, words) in [
        ("not_after = 2020-01-01T00:00:00Z", "`one` signed, and counts no more since 2020"),
        ("bundles = [\"other\"]", "`one` signed, and may not sign for this name"),
    ] {
        let text = whole.replace("[keys.one]\n", &format!("[keys.one]\n{row}\n"));
        assert!(text.contains(row) && text.contains(&public(&secret(1)).to_string()));
        folder.add("trust.toml", text);
        ran(here, "inspect p.plcb --trust trust.toml").expect(4, &["R0707", words]);
    }
    folder.add("trust.toml", whole.replace("minimum = 1", "minimum = 3\nmaximum = 2"));
    ran(here, "inspect p.plcb --trust trust.toml")
        .expect(2, &["P0930", "`maximum` is a whole number from 3 on"]);
    folder.add("trust.toml", format!("{whole}[limits]\nlifetime_days = 0\n"));
    ran(here, "inspect p.plcb --trust trust.toml")
        .expect(2, &["P0930", "`lifetime_days` is a whole number from 1 to 36500"]);
}

#[test]
fn no_command_passes_over_a_trust_policy() {
    let folder = folder("trust-unasked");
    folder.add("p.yaml", "policyc: 1\nname: p\ndefault: deny\n");
    for line in ["check p.yaml", "build p.yaml -o q.plcb", "doc p.yaml"] {
        ran(folder.path(), &format!("{line} --trust trust.toml"))
            .expect(2, &["P0908", "loads no bundle"]);
    }
    assert!(!folder.path().join("q.plcb").exists());
    let mut command = crate::support::run::policyc(folder.path());
    command.args(["check", "p.yaml"]).env("POLICYC_TRUST", "trust.toml");
    assert_eq!(command.output().expect("policyc runs").status.code(), Some(0));
}

#[test]
fn what_nobody_sees_in_a_comment_of_minisign_is_escaped() {
    let folder = folder("trust-comment");
    let key = SecretKey::generate().expect("random bytes");
    let bytes = fs::read(folder.path().join("p.plcb")).unwrap();
    let text = minisign::signature(&key, &bytes, "paid\u{202e}dias").expect("a signature");
    folder.add("p.plcb.minisig", text);
    let line = MinisignKey::of(key.public().expect("a key")).line();
    let line = format!("verify p.plcb --minisign {line} --output-format json");
    let told = ran(folder.path(), &line);
    told.expect(0, &["{\"comment\":\"paid\\u202edias\"}"]);
    assert!(!told.out.contains('\u{202e}'), "{}", told.out);
}
