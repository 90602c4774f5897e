//! Every attack against every configuration: none is let in, each for its own reason.

use std::collections::BTreeSet;

use ed25519_dalek::SigningKey;
use policyc::base::limits::ENVELOPE_BYTES_MAX;
use policyc::runtime::bundle::digest;
use policyc::runtime::program::Program;
use policyc::runtime::trust::Unverified;
use policyc::runtime::trust::envelope::{Envelope, EnvelopeFault, EnvelopeSignature, pae};
use policyc::runtime::trust::error::{AdmissionFault, MemoryFault, SignatureFault, TrustError};
use policyc::runtime::trust::policy::POLICY_TYPE;
use policyc::runtime::trust::release::{RELEASE_TYPE, Release};
use policyc::runtime::trust::state::Memory;

use crate::support::run::Folder;
use crate::support::seal::reseal;
use crate::trust::{AT, UNTIL, bundle, envelope, policy, public, secret, sign, signature};

/// How something is trusted.
#[derive(Clone, Copy, Debug)]
struct Configuration {
    /// Keys of the role, of numbers from 1.
    keys: u8,
    threshold: u8,
    /// The row of the bundle.
    pattern: &'static str,
    /// Whether a file remembers versions.
    remembers: bool,
    /// Whether the keys are for some names alone.
    scoped: bool,
}

fn configurations() -> Vec<Configuration> {
    let mut all = Vec::new();
    for (keys, threshold) in [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3)] {
        for pattern in ["payments", "pay*"] {
            for (remembers, scoped) in [(false, false), (false, true), (true, false), (true, true)]
            {
                all.push(Configuration { keys, threshold, pattern, remembers, scoped });
            }
        }
    }
    all
}

/// The key that has expired.
const EXPIRED: u8 = 101;
/// The key of role `trust`.
const ROTATES: u8 = 102;
/// The key for other names.
const ELSEWHERE: u8 = 103;
/// A key that nobody knows.
const STRANGER: u8 = 104;

/// What is to be loaded, and what is asked.
struct Case {
    configuration: Configuration,
    bundle: Vec<u8>,
    release: Release,
    envelope: Envelope,
    /// The envelope as it comes, where that is not how one is written.
    raw: Option<Option<Vec<u8>>>,
    trust: String,
    at: i64,
}

impl Case {
    fn good(configuration: Configuration) -> Self {
        let bundle = bundle("payments", "first");
        let release = Release::of(&bundle, "payments", 5, UNTIL).expect("a release");
        let by: Vec<SigningKey> = (1..=configuration.threshold).map(secret).collect();
        let envelope = envelope(RELEASE_TYPE, release.to_bytes(), &by);
        let trust = trust(configuration);
        Self { configuration, bundle, release, envelope, raw: None, trust, at: AT }
    }

    /// Keys that make the threshold.
    fn signers(&self) -> Vec<SigningKey> {
        (1..=self.configuration.threshold).map(secret).collect()
    }

    /// A key that is not enough: the first, or where one is, one that has expired.
    fn lone(&self) -> SigningKey {
        secret(if self.configuration.threshold == 1 { EXPIRED } else { 1 })
    }

    /// Signs what `release` says by now.
    fn signed(&mut self) {
        self.envelope = envelope(RELEASE_TYPE, self.release.to_bytes(), &self.signers());
    }

    /// One signature in the place of the first.
    fn first(&mut self, key_id: String, bytes: Vec<u8>) {
        self.envelope.signatures[0] = EnvelopeSignature { key_id, bytes };
    }

    /// The first signature by another key, under its own id.
    fn first_by(&mut self, number: u8) {
        self.envelope.signatures[0] =
            signature(RELEASE_TYPE, &self.envelope.payload, &secret(number));
    }

    fn json(&self) -> Option<Vec<u8>> {
        let written = || Some(self.envelope.to_json().into_bytes());
        self.raw.clone().unwrap_or_else(written)
    }

    fn load(&self, memory: &Memory) -> Result<Program, TrustError> {
        let (trust, json) = (policy(&self.trust), self.json());
        let verified = Unverified::read(&self.bundle, json.as_deref())?;
        verified.verify(&trust, memory, self.at)?.load()
    }
}

/// The trust policy of a configuration.
fn trust(of: Configuration) -> String {
    let Configuration { keys, pattern, remembers, scoped, threshold } = of;
    let rollback = if remembers { "state" } else { "minimum" };
    let mut text = format!(
        "format = 1\nversion = 7\nexpires = 2028-01-01T00:00:00Z\nrollback = \"{rollback}\"\n"
    );
    let mut names = Vec::new();
    for number in (1..=keys).chain([EXPIRED, ROTATES, ELSEWHERE]) {
        let public = public(&secret(number));
        text.push_str(&format!("[keys.k{number}]\npublic = \"{public}\"\n"));
        match number {
            EXPIRED => text.push_str("not_after = 2027-01-01T00:00:00Z\n"),
            ELSEWHERE => text.push_str("bundles = [\"refunds\", \"team-*\"]\n"),
            _ if scoped => text.push_str("bundles = [\"pay*\", \"refunds\"]\n"),
            _ => {}
        }
        if number != ROTATES {
            names.push(format!("\"k{number}\""));
        }
    }
    let names = names.join(", ");
    text + &format!(
        "[roles.bundle]\nkeys = [{names}]\nthreshold = {threshold}\n\
         [roles.trust]\nkeys = [\"k{ROTATES}\"]\nthreshold = 1\n\
         [bundles.\"{pattern}\"]\nminimum = 2\nmaximum = 9\n\
         [bundles.refunds]\n[limits]\nlifetime_days = 31\n"
    )
}

/// The order of the base point.
const ORDER: [u8; 32] = [
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// The same signature in another spelling, which lax verifiers take.
fn malleated(signature: &[u8]) -> Vec<u8> {
    let (mut all, mut carry) = (signature.to_vec(), 0);
    for (byte, order) in all[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(order) + carry;
        *byte = u8::try_from(sum & 0xFF).unwrap();
        carry = sum >> 8;
    }
    all
}

type Attack = (&'static str, fn(&mut Case), fn(&TrustError) -> bool);

fn few(error: &TrustError) -> bool {
    matches!(error, TrustError::Signatures(SignatureFault::Threshold { .. }))
}

fn forged(error: &TrustError) -> bool {
    matches!(error, TrustError::Signatures(SignatureFault::Forged { .. }))
}

fn other_file(error: &TrustError) -> bool {
    *error == SignatureFault::OtherFile.into()
}

fn unreadable(error: &TrustError) -> bool {
    matches!(error, TrustError::Signatures(SignatureFault::Envelope(_)))
}

const OF_SIGNERS: &[Attack] = &[
    ("no envelope", |it| it.raw = Some(None), |error| *error == SignatureFault::Missing.into()),
    (
        "no signature",
        |it| it.envelope.signatures.clear(),
        |error| *error == SignatureFault::Envelope(EnvelopeFault::Unsigned).into(),
    ),
    ("one too few, and that of a stranger", |it| it.first_by(STRANGER), few),
    (
        "one key twice",
        |it| {
            let one = signature(RELEASE_TYPE, &it.envelope.payload, &it.lone());
            it.envelope.signatures = vec![one; 2];
        },
        few,
    ),
    (
        "one key under many ids",
        |it| {
            let one = signature(RELEASE_TYPE, &it.envelope.payload, &it.lone());
            let ids = ["", "a", "b", "release", "k1", "k2", "k3"];
            let with = |id: &&str| EnvelopeSignature { key_id: (*id).to_owned(), ..one.clone() };
            it.envelope.signatures = ids.iter().map(with).collect();
        },
        few,
    ),
    (
        "a key that has expired, under the id of one that has not",
        |it| {
            let bytes = signature(RELEASE_TYPE, &it.envelope.payload, &secret(EXPIRED)).bytes;
            it.first(public(&secret(1)).id(), bytes);
        },
        forged,
    ),
    (
        "a stranger under the id of a key",
        |it| {
            let bytes = sign(STRANGER, &pae(RELEASE_TYPE, &it.envelope.payload));
            it.first(public(&secret(1)).id(), bytes);
        },
        forged,
    ),
    (
        "a stranger under no id",
        |it| {
            let bytes = sign(STRANGER, &pae(RELEASE_TYPE, &it.envelope.payload));
            it.first(String::new(), bytes);
        },
        few,
    ),
    (
        "a stranger under the name of a key",
        |it| {
            let bytes = sign(STRANGER, &pae(RELEASE_TYPE, &it.envelope.payload));
            it.first("k1".to_owned(), bytes);
        },
        few,
    ),
    ("a key that has expired", |it| it.first_by(EXPIRED), few),
    ("a key of another role", |it| it.first_by(ROTATES), few),
    ("a key for other names", |it| it.first_by(ELSEWHERE), few),
    (
        "a point of small order",
        |it| {
            let mut bytes = vec![0; 64];
            bytes[0] = 1;
            it.first(String::new(), bytes);
        },
        few,
    ),
];

const OF_BYTES: &[Attack] = &[
    (
        "a signature of the payload alone",
        |it| {
            let bytes = sign(1, &it.envelope.payload);
            it.first(String::new(), bytes);
        },
        few,
    ),
    (
        "a signature of another type",
        |it| {
            let bytes = signature(POLICY_TYPE, &it.envelope.payload, &secret(1)).bytes;
            it.first(String::new(), bytes);
        },
        few,
    ),
    (
        "a signature of the text",
        |it| {
            let bytes = sign(1, it.envelope.to_json().as_bytes());
            it.first(String::new(), bytes);
        },
        few,
    ),
    (
        "lengths moved",
        |it| {
            // The type takes a byte of the payload: the same bytes, were it not for the lengths.
            let moved = [&b" "[..], &it.envelope.payload].concat();
            let kind = &RELEASE_TYPE[..RELEASE_TYPE.len() - 1];
            let bytes = sign(1, &pae(kind, &moved));
            it.first(String::new(), bytes);
        },
        few,
    ),
    (
        "another spelling of the signature",
        |it| {
            let bytes = malleated(&it.envelope.signatures[0].bytes);
            it.first(String::new(), bytes);
        },
        few,
    ),
    (
        "a signature cut",
        |it| {
            let bytes = it.envelope.signatures[0].bytes[..63].to_vec();
            it.first(String::new(), bytes);
        },
        few,
    ),
    (
        "a signature and a byte",
        |it| {
            let bytes = [&it.envelope.signatures[0].bytes[..], &[0]].concat();
            it.first(String::new(), bytes);
        },
        few,
    ),
    (
        "a later version, not signed",
        |it| {
            it.release.version = 6;
            it.envelope.payload = it.release.to_bytes();
        },
        forged,
    ),
    (
        "another name, not signed",
        |it| {
            it.release.name = "refunds".to_owned();
            it.envelope.payload = it.release.to_bytes();
        },
        forged,
    ),
    (
        "a later end, not signed, and no ids",
        |it| {
            it.release.expires += 1;
            it.envelope.payload = it.release.to_bytes();
            it.envelope.signatures.iter_mut().for_each(|one| one.key_id.clear());
        },
        few,
    ),
    (
        "another type, signed",
        |it| {
            it.envelope = envelope(POLICY_TYPE, it.release.to_bytes(), &it.signers());
        },
        |error| matches!(error, TrustError::Signatures(SignatureFault::PayloadType { .. })),
    ),
    (
        "another type, not signed",
        |it| it.envelope.payload_type.push('x'),
        |error| matches!(error, TrustError::Signatures(SignatureFault::PayloadType { .. })),
    ),
    (
        "a payload that says nothing, signed",
        |it| {
            it.envelope = envelope(RELEASE_TYPE, b"payments 5".to_vec(), &it.signers());
        },
        |error| *error == SignatureFault::Payload.into(),
    ),
    (
        "version 0, signed",
        |it| {
            it.release.version = 0;
            it.signed();
        },
        |error| *error == SignatureFault::Payload.into(),
    ),
    (
        "too long",
        |it| {
            let json = it.envelope.to_json();
            it.raw = Some(Some(format!("{json}{}", " ".repeat(ENVELOPE_BYTES_MAX)).into_bytes()));
        },
        unreadable,
    ),
    (
        "too many signatures",
        |it| {
            let one = it.envelope.signatures[0].clone();
            it.envelope.signatures.resize(17, one);
        },
        unreadable,
    ),
    (
        "two payloads",
        |it| {
            let json = it.envelope.to_json().replacen('{', "{\"payload\":\"AAAA\",", 1);
            it.raw = Some(Some(json.into_bytes()));
        },
        unreadable,
    ),
    (
        "more behind it",
        |it| {
            it.raw = Some(Some(it.envelope.to_json().repeat(2).into_bytes()));
        },
        unreadable,
    ),
    (
        "cut",
        |it| {
            let json = it.envelope.to_json();
            it.raw = Some(Some(json.as_bytes()[..json.len() - 3].to_vec()));
        },
        unreadable,
    ),
    ("no JSON", |it| it.raw = Some(Some(b"untrusted comment: x\n".to_vec())), unreadable),
];

const OF_BUNDLES: &[Attack] = &[
    ("another bundle", |it| it.bundle = bundle("payments", "second"), other_file),
    ("a bit of the bundle", |it| it.bundle[500] ^= 1, other_file),
    (
        "a bit of the bundle under digests that fit",
        |it| {
            it.bundle[700] ^= 1;
            reseal(&mut it.bundle);
        },
        other_file,
    ),
    ("a byte behind the bundle", |it| it.bundle.push(0), other_file),
    (
        "another root, signed",
        |it| {
            it.release.root[0] ^= 1;
            it.signed();
        },
        other_file,
    ),
    (
        "another file, signed",
        |it| {
            it.release.file[31] ^= 1;
            it.signed();
        },
        other_file,
    ),
    (
        "signatures expired",
        |it| it.at = UNTIL,
        |error| *error == AdmissionFault::Expired { since: UNTIL }.into(),
    ),
    (
        "a trust policy expired",
        |it| {
            it.trust = it.trust.replace("2028-01-01", "2027-01-15");
            it.at = AT;
        },
        |error| matches!(error, TrustError::Admission(AdmissionFault::PolicyExpired { .. })),
    ),
    (
        "signatures that hold too long",
        |it| {
            it.release.expires = AT + 31 * 86_400 + 1;
            it.signed();
        },
        |error| matches!(error, TrustError::Admission(AdmissionFault::Lifetime { .. })),
    ),
    (
        "a name that is not trusted",
        |it| {
            it.trust = it.trust.replace(
                &format!("[bundles.\"{}\"]", it.configuration.pattern),
                &format!("[bundles.\"z{}\"]", it.configuration.pattern),
            );
        },
        |error| matches!(error, TrustError::Admission(AdmissionFault::Name { .. })),
    ),
    (
        "a version below the least",
        |it| {
            it.release.version = 1;
            it.signed();
        },
        |error| matches!(error, TrustError::Admission(AdmissionFault::Version { found: 1, .. })),
    ),
    (
        "a version above the greatest",
        |it| {
            it.release.version = 10;
            it.signed();
        },
        |error| matches!(error, TrustError::Admission(AdmissionFault::Version { found: 10, .. })),
    ),
    (
        "one row strict, one lax",
        |it| {
            it.trust = it
                .trust
                .replace("[bundles.refunds]", "[bundles.refunds]\n[bundles.\"*\"]\nminimum = 6");
        },
        |error| matches!(error, TrustError::Admission(AdmissionFault::Version { found: 5, .. })),
    ),
    (
        "signed under another trusted name",
        |it| {
            it.release.name = "refunds".to_owned();
            it.signed();
        },
        |error| matches!(error, TrustError::Signatures(SignatureFault::Misnamed { .. })),
    ),
    (
        "more bytes than may be",
        |it| {
            it.trust.push_str(&format!("bundle_bytes = {}\n", it.bundle.len() - 1));
        },
        |error| matches!(error, TrustError::Admission(AdmissionFault::TooLarge { .. })),
    ),
    (
        "a dearer decision than may be",
        |it| {
            it.trust = it.trust.replace("version = 7", "version = 8") + "cost = 1\n";
        },
        |error| matches!(error, TrustError::Admission(AdmissionFault::Cost { .. })),
    ),
];

/// Attacks that need something that was loaded before.
const OF_MEMORY: &[Attack] = &[
    (
        "an older version",
        |it| {
            it.release.version = 4;
            it.signed();
        },
        |error| matches!(error, TrustError::Memory(MemoryFault::Older { found: 4, known: 5, .. })),
    ),
    (
        "another bundle of the same version",
        |it| {
            it.bundle = bundle("payments", "second");
            it.release = Release::of(&it.bundle, "payments", 5, UNTIL).expect("a release");
            it.signed();
        },
        |error| matches!(error, TrustError::Memory(MemoryFault::Equivocation { version: 5, .. })),
    ),
    (
        "an older trust policy",
        |it| it.trust = it.trust.replace("version = 7", "version = 6"),
        |error| {
            matches!(error, TrustError::Memory(MemoryFault::OlderPolicy { found: 6, known: 7 }))
        },
    ),
    (
        "another trust policy of the same version",
        |it| it.trust.push_str("# changed\n"),
        |error| {
            matches!(error, TrustError::Memory(MemoryFault::OlderPolicy { found: 7, known: 7 }))
        },
    ),
];

#[test]
fn no_attack_is_let_in_by_any_configuration() {
    let folder = Folder::new("trust-matrix");
    let (mut cells, mut seen) = (0, BTreeSet::new());
    for (nth, configuration) in configurations().into_iter().enumerate() {
        let path = folder.path().join(format!("{nth}.state"));
        let memory = if configuration.remembers { Memory::at(&path) } else { Memory::none() };
        let good = Case::good(configuration);
        let program =
            good.load(&memory).unwrap_or_else(|error| panic!("{configuration:?}: {error}"));
        assert!(!program.is_unsigned());
        let attacks = [OF_SIGNERS, OF_BYTES, OF_BUNDLES];
        let more = if configuration.remembers { OF_MEMORY } else { &[] };
        for (name, change, wanted) in attacks.into_iter().flatten().chain(more) {
            let mut case = Case::good(configuration);
            change(&mut case);
            let place = format!("{configuration:?}: {name}");
            match case.load(&memory) {
                Ok(_) => panic!("{place}: it is loaded"),
                Err(error) => assert!(wanted(&error), "{place}: {error:?}"),
            }
            let json = case.json().unwrap_or_default();
            let all = [&case.bundle[..], &json, case.trust.as_bytes(), &case.at.to_le_bytes()];
            assert!(seen.insert(digest::of(&all.concat())), "{place}: as another cell");
            cells += 1;
        }
        // None of them was remembered, and what is good is let in as before.
        good.load(&memory).unwrap_or_else(|error| panic!("{configuration:?}: {error}"));
    }
    println!("{cells} cells, none is let in");
    assert!(cells >= 400, "{cells}");
}

/// A memory is asked for where the trust policy wants one.
#[test]
fn a_policy_that_remembers_needs_a_memory() {
    for configuration in configurations().into_iter().filter(|it| it.remembers) {
        let refused = Case::good(configuration).load(&Memory::none()).expect_err("no memory");
        assert_eq!(refused, MemoryFault::NotNamed.into(), "{configuration:?}");
    }
}
