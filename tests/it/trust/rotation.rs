//! Rotation: a trust policy is followed by the next one alone, which both have signed.

use policyc::runtime::trust::envelope::Envelope;
use policyc::runtime::trust::error::{AdmissionFault, SignatureFault, TrustError};
use policyc::runtime::trust::policy::{POLICY_TYPE, TrustPolicy};
use policyc::runtime::trust::release::RELEASE_TYPE;

use crate::trust::{AT, envelope, policy, public, secret};

/// A trust policy of which two of three keys may make the next one.
fn document(version: u64, keys: [u8; 3], more: &str) -> String {
    let mut text = format!("format = 1\nversion = {version}\nexpires = 2028-01-01T00:00:00Z\n");
    for number in keys {
        text += &format!("[keys.k{number}]\npublic = \"{}\"\n{more}", public(&secret(number)));
    }
    let names = keys.map(|number| format!("\"k{number}\"")).join(", ");
    text + &format!(
        "[roles.bundle]\nkeys = [{names}]\nthreshold = 1\n\
         [roles.trust]\nkeys = [{names}]\nthreshold = 2\n[bundles.payments]\n"
    )
}

fn signed(document: &str, by: &[u8]) -> Envelope {
    let by: Vec<_> = by.iter().map(|number| secret(*number)).collect();
    let payload = TrustPolicy::read(document.as_bytes()).expect("a policy").to_signed();
    envelope(POLICY_TYPE, payload, &by)
}

#[test]
fn the_next_policy_follows_where_both_have_signed() {
    let old = policy(&document(4, [1, 2, 3], ""));
    let next = document(5, [2, 3, 4], "");
    // Keys of both count for both.
    let found = old.succeeded_by(next.as_bytes(), &signed(&next, &[2, 3]), AT);
    assert_eq!(found.expect("it follows").version(), 5);
    let other = document(5, [4, 5, 6], "");
    let found = old.succeeded_by(other.as_bytes(), &signed(&other, &[1, 3, 5, 6]), AT);
    assert_eq!(found.expect("it follows").digest(), policy(&other).digest());
    // A policy that has expired may be followed, by keys that have not.
    let late = old.succeeded_by(next.as_bytes(), &signed(&next, &[2, 3]), 1_830_297_599);
    assert!(late.is_ok());
}

#[test]
fn nothing_else_follows() {
    let old = policy(&document(4, [1, 2, 3], ""));
    let next = document(5, [4, 5, 6], "");
    let refused = |document: &str, envelope: &Envelope, at: i64| {
        old.succeeded_by(document.as_bytes(), envelope, at).expect_err("it does not follow")
    };
    let few = |error: TrustError| {
        assert!(
            matches!(error, TrustError::Signatures(SignatureFault::Threshold { wanted: 2, .. })),
            "{error:?}"
        );
    };
    few(refused(&next, &signed(&next, &[4, 5, 6]), AT)); // Only itself.
    few(refused(&next, &signed(&next, &[1, 2, 3]), AT)); // Only the one before.
    few(refused(&next, &signed(&next, &[1, 4, 5, 6]), AT)); // One of the one before.
    few(refused(&next, &signed(&next, &[1, 2, 3, 6]), AT)); // One of its own.
    few(refused(&next, &signed(&next, &[1, 1, 4, 5]), AT)); // One twice.
    let all = signed(&next, &[1, 2, 4, 5]);
    let changed = format!("{next}# changed\n");
    assert_eq!(refused(&changed, &all, AT), SignatureFault::OtherFile.into());
    for version in [3, 4, 6] {
        let other = document(version, [4, 5, 6], "");
        let found = refused(&other, &signed(&other, &[1, 2, 4, 5]), AT);
        assert_eq!(found, AdmissionFault::NotNext { found: version, before: 4 }.into());
    }
    let ended = document(5, [4, 5, 6], "").replace("2028", "2027");
    let found = refused(&ended, &signed(&ended, &[1, 2, 4, 5]), AT);
    assert!(matches!(found, TrustError::Admission(AdmissionFault::PolicyExpired { .. })));
    let release = envelope(RELEASE_TYPE, policy(&next).to_signed(), &[1, 2, 4, 5].map(secret));
    let found = refused(&next, &release, AT);
    assert!(matches!(found, TrustError::Signatures(SignatureFault::PayloadType { .. })));
    let found = refused("format = 2", &all, AT);
    assert!(matches!(found, TrustError::Successor(_)));
    // Keys that have expired do not hand on what they no longer have.
    let old = policy(&document(4, [1, 2, 3], "not_after = 2027-01-01T00:00:00Z\n"));
    few(old.succeeded_by(next.as_bytes(), &all, AT).expect_err("its keys have expired"));
}
