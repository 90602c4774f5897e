//! Trust: what nobody signed, or not as it must be, is not loaded.

#[cfg(target_os = "linux")]
mod asked;
mod commands;
mod envelopes;
mod exact;
mod files;
mod limits;
#[cfg(unix)]
mod links;
mod matrix;
mod memory;
mod policies;
mod reload;
mod rotation;
mod tamper;
mod told;

use ed25519_dalek::{Signer, SigningKey};

use policyc::runtime::trust::envelope::{Envelope, EnvelopeSignature, pae};
use policyc::runtime::trust::key::PublicKey;
use policyc::runtime::trust::policy::TrustPolicy;
use policyc::runtime::trust::release::{RELEASE_TYPE, Release};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;

/// When everything here is loaded: 2027-01-15T08:00:00Z.
pub(crate) const AT: i64 = 1_800_000_000;
/// When signatures expire: a month later.
pub(crate) const UNTIL: i64 = AT + 30 * 86_400;

/// The secret of a key by its number.
pub(crate) fn secret(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

/// The signature of bytes by a key.
pub(crate) fn sign(by: u8, bytes: &[u8]) -> Vec<u8> {
    secret(by).sign(bytes).to_bytes().to_vec()
}

pub(crate) fn public(secret: &SigningKey) -> PublicKey {
    PublicKey::from_bytes(&secret.verifying_key().to_bytes()).expect("a good key")
}

/// A bundle of this name, whose one rule is called `rule`.
pub(crate) fn bundle(name: &str, rule: &str) -> Vec<u8> {
    let mut files = SourceMap::new();
    let policy = format!(
        "policyc: 1\nname: {name}\ndefault: deny\nschema: {{n: int}}\nrules:\n  \
         - {{id: {rule}, when: n < 10, allow: 'by {rule} {{n}}'}}\n"
    );
    files.add("p.yaml", policy);
    compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles").bundle
}

/// A signature under the id of the key.
pub(crate) fn signature(kind: &str, payload: &[u8], by: &SigningKey) -> EnvelopeSignature {
    let bytes = by.sign(&pae(kind, payload)).to_bytes().to_vec();
    EnvelopeSignature { key_id: public(by).id(), bytes }
}

pub(crate) fn envelope(kind: &str, payload: Vec<u8>, by: &[SigningKey]) -> Envelope {
    let signatures = by.iter().map(|by| signature(kind, &payload, by)).collect();
    Envelope { payload_type: kind.to_owned(), payload, signatures }
}

/// The envelope of a release, as text.
pub(crate) fn released(bundle: &[u8], name: &str, version: u64, by: &[SigningKey]) -> Vec<u8> {
    let release = Release::of(bundle, name, version, UNTIL).expect("a release");
    envelope(RELEASE_TYPE, release.to_bytes(), by).to_json().into_bytes()
}

/// A trust policy for bundles `payments` by one key of number 1, without a memory.
pub(crate) fn simple() -> String {
    format!(
        "format = 1\nversion = 1\nexpires = 2030-01-01T00:00:00Z\nrollback = \"minimum\"\n\
         [keys.one]\npublic = \"{}\"\n\
         [roles.bundle]\nkeys = [\"one\"]\nthreshold = 1\n\
         [roles.trust]\nkeys = [\"one\"]\nthreshold = 1\n\
         [bundles.payments]\nminimum = 1\n",
        public(&secret(1))
    )
}

pub(crate) fn policy(text: &str) -> TrustPolicy {
    TrustPolicy::read(text.as_bytes()).unwrap_or_else(|error| panic!("{error:?}\n{text}"))
}
