//! Bytes as what trust reads: envelopes, trust policies, memories, releases. They are refused, or
//! are written again as what is read alike; and as the envelope of a bundle they let in what was
//! signed, and nothing else.

use std::sync::LazyLock;

use ed25519_dalek::{Signer, SigningKey};
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::trust::Unverified;
use policyc::runtime::trust::envelope::{Envelope, EnvelopeFault, EnvelopeSignature, pae};
use policyc::runtime::trust::key::PublicKey;
use policyc::runtime::trust::policy::TrustPolicy;
use policyc::runtime::trust::release::{RELEASE_TYPE, Release};
use policyc::runtime::trust::state::{Memory, State};

/// When everything is loaded.
const AT: i64 = 1_800_000_000;

/// A bundle, the policy that trusts one key, and what that key signed.
struct Fixture {
    bundle: Vec<u8>,
    policy: TrustPolicy,
    payload: Vec<u8>,
}

static FIXTURE: LazyLock<Fixture> = LazyLock::new(|| {
    let mut files = SourceMap::new();
    files.add("p.yaml", "policyc: 1\nname: p\ndefault: deny\nrules: []\n");
    let bundle =
        compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles").bundle;
    let public = PublicKey::from_bytes(&secret().verifying_key().to_bytes()).expect("a key");
    let text = format!(
        "format = 1\nversion = 1\nexpires = 2030-01-01T00:00:00Z\nrollback = \"minimum\"\n\
         [keys.one]\npublic = \"{public}\"\n\
         [roles]\nbundle = {{keys = [\"one\"], threshold = 1}}\n\
         trust = {{keys = [\"one\"], threshold = 1}}\n[bundles.p]\n"
    );
    let policy = TrustPolicy::read(text.as_bytes()).expect("a trust policy");
    let payload = Release::of(&bundle, "p", 1, AT + 1).expect("a release").to_bytes();
    let signature = secret().sign(&pae(RELEASE_TYPE, &payload)).to_bytes().to_vec();
    let signatures = vec![EnvelopeSignature { key_id: public.id(), bytes: signature }];
    let good =
        Envelope { payload_type: RELEASE_TYPE.to_owned(), payload: payload.clone(), signatures };
    let good = good.to_json();
    let found = Unverified::read(&bundle, Some(good.as_bytes()));
    assert!(found.and_then(|it| it.verify(&policy, &Memory::none(), AT)?.load()).is_ok());
    Fixture { bundle, policy, payload }
});

fn secret() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

pub(crate) fn run(data: &[u8]) {
    let Fixture { bundle, policy, payload } = &*FIXTURE;
    if let Ok(envelope) = Envelope::read(data) {
        match Envelope::read(envelope.to_json().as_bytes()) {
            Ok(again) => assert_eq!(again, envelope),
            // What is written has padding, escapes and ids that were left out.
            Err(fault) => assert!(matches!(fault, EnvelopeFault::TooLarge { .. }), "{fault:?}"),
        }
        if let Some(release) = Release::read(&envelope.payload) {
            assert_eq!(release.to_bytes(), envelope.payload);
        }
    }
    if let Ok(state) = State::read(data) {
        assert_eq!(state.to_text().as_bytes(), data);
    }
    match TrustPolicy::read(data) {
        Ok(read) => assert!(read.version() > 0),
        Err(error) => assert!(error.line > 0 && error.at.end <= data.len(), "{error:?}"),
    }
    let memory = Memory::none();
    let found = Unverified::read(bundle, Some(data)).and_then(|it| it.verify(policy, &memory, AT));
    if let Ok(verified) = found {
        assert_eq!(verified.release().to_bytes(), *payload, "nobody signed that");
    }
}
