//! Signed bundles of the examples with bits flipped, cut, grown and mixed, under digests that fit:
//! every one of them is refused, and so is every envelope that no longer says the same.
//!
//! `TAMPER_STRIDE` is the distance of the bits that are flipped (1: all of them).

use policyc::runtime::trust::Unverified;
use policyc::runtime::trust::envelope::Envelope;
use policyc::runtime::trust::policy::TrustPolicy;
use policyc::runtime::trust::state::Memory;

use crate::support::examples::{Example, examples};
use crate::support::seal::reseal;
use crate::tamper::{number, sections_swapped_all};
use crate::trust::{AT, policy, released, secret, simple};

/// Distance of flipped bits in a plain run: a prime.
const STRIDE: usize = 1_009;

/// Whether a bundle is let in, by everything but its program, which comes later.
fn lets_in(trust: &TrustPolicy, bundle: &[u8], envelope: &[u8]) -> bool {
    let memory = Memory::none();
    Unverified::read(bundle, Some(envelope)).is_ok_and(|it| it.verify(trust, &memory, AT).is_ok())
}

#[test]
fn no_change_of_a_signed_bundle_is_let_in() {
    let stride = number("TAMPER_STRIDE").unwrap_or(STRIDE);
    let trust = policy(&simple().replace("[bundles.payments]", "[bundles.\"*\"]"));
    let mut tried = 0_u64;
    for (nth, Example { name, bundle, .. }) in examples().into_iter().enumerate() {
        let envelope = released(&bundle, &name, 1, &[secret(1)]);
        assert!(lets_in(&trust, &bundle, &envelope), "{name}: as it was");
        let mut refused = |bytes: &[u8], what: &dyn Fn() -> String| {
            assert!(!lets_in(&trust, bytes, &envelope), "{name}: {}", what());
            tried += 1;
        };
        for bit in (nth % stride..bundle.len() * 8).step_by(stride) {
            let mut bytes = bundle.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            refused(&bytes, &|| format!("bit {bit}"));
            reseal(&mut bytes);
            if bytes != bundle {
                refused(&bytes, &|| format!("bit {bit}, under digests that fit"));
            }
        }
        for len in (0..bundle.len()).step_by(stride.div_ceil(8)) {
            refused(&bundle[..len], &|| format!("cut at {len}"));
        }
        for at in (nth % stride..=bundle.len()).step_by(stride) {
            for byte in [0, 0xFF] {
                let bytes = [&bundle[..at], &[byte], &bundle[at..]].concat();
                refused(&bytes, &|| format!("{byte} put in at {at}"));
            }
        }
        for bytes in sections_swapped_all(&bundle).into_iter().filter(|bytes| *bytes != bundle) {
            refused(&bytes, &|| "sections swapped".to_owned());
        }
    }
    println!("{tried} changed bundles were refused");
}

/// Every bit and every cut of an envelope. What is let in says what was signed, by a key that did.
#[test]
fn no_change_of_an_envelope_changes_what_is_let_in() {
    let trust = policy(&simple().replace("[bundles.payments]", "[bundles.\"*\"]"));
    let Example { name, bundle, .. } = examples().remove(0);
    let envelope = released(&bundle, &name, 1, &[secret(1)]);
    let whole = Envelope::read(&envelope).expect("an envelope");
    let (mut tried, mut alike) = (0, 0);
    let mut changed = |bytes: &[u8]| {
        tried += 1;
        if lets_in(&trust, &bundle, bytes) {
            let read = Envelope::read(bytes).expect("it was let in");
            assert_eq!((&read.payload_type, &read.payload), (&whole.payload_type, &whole.payload));
            assert_eq!(read.signatures[0].bytes, whole.signatures[0].bytes);
            alike += 1;
        }
    };
    for bit in 0..envelope.len() * 8 {
        let mut bytes = envelope.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        changed(&bytes);
    }
    (0..envelope.len() - 1).for_each(|len| changed(&envelope[..len]));
    // A key id is a hint, white space is none: bits of those alone change nothing.
    println!("{tried} changed envelopes, {alike} of them as good as the first");
    assert!(alike < 8 * 70, "{alike}");
}
