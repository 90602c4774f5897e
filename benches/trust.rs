//! How long trust takes: a signature, an envelope, and loading a signed bundle of 10 000 rules.
//!
//! `cargo bench --bench trust` prints a row for each. `TRUST_RUNS` says how often each is done
//! (200). Times are the least and the median, in microseconds of wall time.

#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark looks at the clock, prints, and stops where it cannot go on"
)]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer, SigningKey};
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::bundle::digest;
use policyc::runtime::program::Program;
use policyc::runtime::trust::Unverified;
use policyc::runtime::trust::envelope::{Envelope, EnvelopeSignature, pae};
use policyc::runtime::trust::key::PublicKey;
use policyc::runtime::trust::policy::TrustPolicy;
use policyc::runtime::trust::release::{RELEASE_TYPE, Release};
use policyc::runtime::trust::state::Memory;

/// When everything is loaded.
const AT: i64 = 1_800_000_000;
const RULES: usize = 10_000;

/// A bundle of as many rules, no two alike.
fn bundle() -> Vec<u8> {
    let mut text = String::from(
        "policyc: 1\nname: large\ndefault: deny\nschema: {amount: int, team: string}\nrules:\n",
    );
    for rule in 0..RULES {
        let _ = writeln!(
            text,
            "  - {{id: r{rule}, when: \"amount > {rule} && team == 't{}'\", deny: 'no {rule}'}}",
            rule % 97
        );
    }
    let mut files = SourceMap::new();
    files.add("large.yaml", text);
    compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles").bundle
}

fn main() {
    let runs = std::env::var("TRUST_RUNS").map_or(200, |runs| runs.parse().expect("a number"));
    let (bundle, secret) = (bundle(), SigningKey::from_bytes(&[7; 32]));
    let key = PublicKey::from_bytes(&secret.verifying_key().to_bytes()).expect("a key");
    let payload = Release::of(&bundle, "large", 1, AT + 1).expect("a release").to_bytes();
    let message = pae(RELEASE_TYPE, &payload);
    let signature = secret.sign(&message).to_bytes();
    let signatures = vec![EnvelopeSignature { key_id: key.id(), bytes: signature.to_vec() }];
    let envelope = Envelope { payload_type: RELEASE_TYPE.to_owned(), payload, signatures };
    let json = envelope.to_json();
    let document = format!(
        "format = 1\nversion = 1\nexpires = 2030-01-01T00:00:00Z\nrollback = \"minimum\"\n\
         [keys.one]\npublic = \"{key}\"\n[bundles.large]\n\
         [roles]\nbundle = {{keys = [\"one\"], threshold = 1}}\n\
         trust = {{keys = [\"one\"], threshold = 1}}\n"
    );
    let policy = TrustPolicy::read(document.as_bytes()).expect("a trust policy");
    let memory = Memory::none();
    let verified = || {
        let read = Unverified::read(&bundle, Some(json.as_bytes())).expect("an envelope");
        read.verify(&policy, &memory, AT).expect("it is trusted")
    };
    println!("a bundle of {RULES} rules, {} bytes", bundle.len());
    row("a signature", runs, || key.is_signature(&message, &signature));
    row("a trust policy, read", runs, || TrustPolicy::read(document.as_bytes()));
    row("an envelope, read", runs, || Envelope::read(json.as_bytes()));
    row("the digest of the file", runs, || digest::of(&bundle));
    row("verified: all but the program", runs, verified);
    row("loaded, unsigned", runs, || Program::load_unsigned(&bundle).expect("it loads"));
    row("loaded, signed", runs, || verified().load().expect("it loads"));
}

/// Does `work` that many times and prints what it took.
fn row<T>(what: &str, runs: usize, work: impl Fn() -> T) {
    let mut times: Vec<Duration> = (0..runs.max(1))
        .map(|_| {
            let start = Instant::now();
            let made = black_box(work());
            let time = start.elapsed();
            drop(made);
            time
        })
        .collect();
    times.sort_unstable();
    let us = |time: Duration| time.as_secs_f64() * 1e6;
    println!("  {what:<30} least {:>9.1} us, median {:>9.1} us", us(times[0]), us(times[runs / 2]));
}
