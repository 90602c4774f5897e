//! Commands: how they end for each thing that is wrong, and that nothing of a secret is told.

use std::fs;

use policyc::runtime::trust::policy::POLICY_TYPE;
use policyc::runtime::trust::release::{RELEASE_TYPE, Release};

use crate::support::run::{Folder, policyc, ran};
use crate::trust::{AT, bundle, envelope, released, secret, simple};

const PASSPHRASE: &str = "correct horse battery";

/// A bundle, its envelope and a trust policy, whose clock is that of the machine.
fn folder(name: &str) -> (Folder, Vec<u8>, Vec<u8>) {
    let folder = Folder::new(name);
    let bundle = bundle("payments", "first");
    let until = "2099-01-01T00:00:00Z";
    folder.add("p.plcb", &bundle);
    folder.add("trust.toml", simple().replace("2030-01-01T00:00:00Z", until));
    folder.add("state.toml", simple().replace("\"minimum\"\n[", "\"state\"\n["));
    folder.add("call.json", "{\"n\": 5}");
    folder.add("pass.txt", format!("{PASSPHRASE}\n"));
    let envelope = released_until(&bundle, 4 * AT);
    folder.add("p.plcb.sig", &envelope);
    (folder, bundle, envelope)
}

/// An envelope of version 3 until then.
fn released_until(bundle: &[u8], until: i64) -> Vec<u8> {
    let release = Release::of(bundle, "payments", 3, until).expect("a release");
    envelope(RELEASE_TYPE, release.to_bytes(), &[secret(1)]).to_json().into_bytes()
}

/// Every command that loads a bundle, in a few words.
const COMMANDS: [&str; 6] = [
    "inspect p.plcb",
    "verify p.plcb",
    "eval p.plcb -c call.json",
    "bench p.plcb --contexts call.json --iterations 1",
    "attest p.plcb",
    "diff p.plcb p.plcb",
];

#[test]
fn every_command_that_loads_a_bundle_asks() {
    let (folder, bundle, envelope) = folder("trust-asks");
    let asks = |command: &str, exit: i32, words: &[&str]| {
        ran(folder.path(), &format!("{command} --trust trust.toml")).expect(exit, words);
    };
    for command in COMMANDS {
        asks(command, 0, &[]);
    }
    // It asks before it speaks to anybody, which this build may not.
    let push = "push p.plcb registry.invalid/p";
    asks(push, 2, &["P0928"]);
    let wrong: [(&str, Vec<u8>, i32, &str); 7] = [
        ("cut", envelope[..200].to_vec(), 2, "R0706"),
        ("too long", vec![b' '; (64 << 10) + 1], 2, "R0706"),
        ("no JSON", b"untrusted comment: x\n".to_vec(), 2, "R0706"),
        ("empty", Vec::new(), 2, "R0706"),
        ("of a stranger", released(&bundle, "payments", 3, &[secret(9)]), 4, "R0707"),
        ("expired", released_until(&bundle, 1_000), 4, "R0707"),
        (
            "of another type",
            crate::trust::envelope(POLICY_TYPE, vec![0; 40], &[secret(1)]).to_json().into_bytes(),
            4,
            "R0707",
        ),
    ];
    for (what, bytes, exit, code) in &wrong {
        folder.add("p.plcb.sig", bytes);
        for command in COMMANDS.into_iter().chain([push]) {
            println!("{what}: {command}");
            asks(command, *exit, &[code]);
        }
    }
    fs::remove_file(folder.path().join("p.plcb.sig")).expect("a file");
    for command in COMMANDS.into_iter().chain([push]) {
        asks(command, 4, &["R0707", "has no signatures"]);
    }
    // And a bundle that lies in the place of the one that was signed.
    folder.add("p.plcb.sig", &envelope);
    folder.add("p.plcb", crate::trust::bundle("payments", "second"));
    for command in COMMANDS.into_iter().chain([push]) {
        asks(command, 4, &["R0707", "is not the file that was signed"]);
    }
}

#[test]
fn a_memory_that_is_damaged_or_missing_lets_nothing_in() {
    let (folder, ..) = folder("trust-told-memory");
    let line = "eval p.plcb -c call.json --trust state.toml --trust-state p.state";
    let asks = |exit, words: &[&str]| {
        ran(folder.path(), line).expect(exit, words);
    };
    ran(folder.path(), "eval p.plcb -c call.json --trust state.toml").expect(2, &["R0709"]);
    asks(0, &["ALLOW"]);
    let whole = fs::read(folder.path().join("p.state")).expect("a file");
    folder.add("p.state", &whole[..40]);
    asks(4, &["R0709", "is damaged in line"]);
    folder.add("p.state", String::from_utf8(whole).expect("text").replace("bundle 3", "bundle 1"));
    asks(4, &["R0709"]);
    fs::remove_file(folder.path().join("p.state")).expect("a file");
    fs::create_dir(folder.path().join("p.state")).expect("a folder in its place");
    asks(2, &["R0709", "cannot be used"]);
}

#[test]
fn records_say_what_was_signed() {
    let (folder, ..) = folder("trust-records");
    let line = "eval p.plcb -c call.json --record";
    ran(folder.path(), &format!("{line} signed.jsonl --trust trust.toml")).expect(0, &["ALLOW"]);
    ran(folder.path(), &format!("{line} plain.jsonl")).expect(0, &["ALLOW", "unsigned"]);
    let text = |name| fs::read_to_string(folder.path().join(name)).expect("a file");
    assert!(!text("signed.jsonl").contains("unsigned"), "{}", text("signed.jsonl"));
    assert!(text("plain.jsonl").contains("\"unsigned\":true"), "{}", text("plain.jsonl"));
    // .. and are replayed by a bundle that is signed, or not at all.
    let line = "replay verify signed.jsonl --bundle p.plcb --trust trust.toml";
    ran(folder.path(), line).expect(0, &[]);
    fs::remove_file(folder.path().join("p.plcb.sig")).expect("a file");
    ran(folder.path(), line).expect(4, &["R0707"]);
}

#[test]
fn no_secret_is_told() {
    let (folder, ..) = folder("trust-told");
    folder.add("other.txt", "incorrect horse battery\n");
    ran(folder.path(), "keygen k.key --passphrase-file pass.txt").expect(0, &["[keys.k]"]);
    let pem = fs::read_to_string(folder.path().join("k.key")).expect("a key");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(folder.path().join("k.key")).expect("a key").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let secrets: Vec<&str> = pem
        .lines()
        .filter(|line| !line.starts_with('-'))
        .chain([PASSPHRASE, "incorrect"])
        .collect();
    for (line, exit) in [
        ("keygen k.key --passphrase-file pass.txt", 2),
        ("keygen k.key --public --passphrase-file other.txt", 2),
        ("keygen k.key --public --passphrase-file k.key", 2),
        ("sign p.plcb --key k.key --release 4 --passphrase-file other.txt", 2),
        ("sign p.plcb --key pass.txt --release 4 --passphrase-file pass.txt", 2),
        ("sign p.plcb --key k.key --release 4 --passphrase-file pass.txt --verbose", 0),
        ("sign p.plcb --key k.key --release 4 --passphrase-file call.json", 2),
        ("sign k.key --key k.key --passphrase-file pass.txt", 2),
        ("attest p.plcb --key k.key --passphrase-file other.txt", 2),
        ("verify k.key --trust trust.toml", 4),
        ("verify p.plcb --trust k.key", 2),
    ] {
        let ran = ran(folder.path(), line);
        assert_eq!(ran.exit, Some(exit), "{line}: {}", ran.err);
        let told = format!("{}{}", ran.out, ran.err);
        assert!(!secrets.iter().any(|secret| told.contains(secret)), "{line}: {told}");
    }
    // The passphrase may stand in a variable, which no message tells.
    let mut command = policyc(folder.path());
    command.args(["keygen", "k.key", "--public"]).env("POLICYC_PASSPHRASE", PASSPHRASE);
    let output = command.output().expect("policyc runs");
    assert_eq!(output.status.code(), Some(0));
    let mut command = policyc(folder.path());
    command.args(["keygen", "k.key", "--public"]).env("POLICYC_PASSPHRASE", "incorrect horse");
    let output = command.output().expect("policyc runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(!String::from_utf8_lossy(&output.stderr).contains("incorrect"));
}
