//! Ends and ceilings of trust policies: to the second, the byte and the unit of cost.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::trust::Unverified;
use policyc::runtime::trust::error::{AdmissionFault, SignatureFault, TrustError};
use policyc::runtime::trust::state::Memory;

use crate::trust::{AT, UNTIL, bundle, policy, released, secret, simple};

/// What a policy says at a time of a bundle that key 1 released until `UNTIL`.
fn asked(text: &str, bundle: &[u8], at: i64) -> Result<(), TrustError> {
    let (policy, memory) = (policy(text), Memory::none());
    let envelope = released(bundle, "payments", 3, &[secret(1)]);
    let verified = Unverified::read(bundle, Some(&envelope))?.verify(&policy, &memory, at)?;
    verified.load().map(drop)
}

/// The policy with this in front of its bundles.
fn with(limits: &str) -> String {
    simple().replace("[bundles.payments]", &format!("[limits]\n{limits}\n[bundles.payments]"))
}

fn admission(found: Result<(), TrustError>) -> AdmissionFault {
    match found {
        Err(TrustError::Admission(fault)) => fault,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_key_counts_until_its_end() {
    let (bundle, end) = (bundle("payments", "first"), 1_801_440_000);
    let until = "[keys.one]\nnot_after = 2027-02-01T00:00:00Z\n";
    let text = simple().replace("[keys.one]\n", until);
    for at in [AT, end - 1] {
        assert_eq!(asked(&text, &bundle, at), Ok(()), "{at}");
    }
    for at in [end, end + 1] {
        let found = asked(&text, &bundle, at);
        let few = matches!(
            found,
            Err(TrustError::Signatures(SignatureFault::Threshold { found: 0, wanted: 1, .. }))
        );
        assert!(few, "{at}: {found:?}");
    }
}

#[test]
fn a_policy_and_its_signatures_hold_until_their_ends() {
    let (bundle, policy) = (bundle("payments", "first"), policy(&simple()));
    let end = 1_893_456_000;
    assert!(policy.holds(1).is_ok() && policy.holds(end - 1).is_ok());
    assert!(policy.holds(0).is_err() && policy.holds(end).is_err());
    assert_eq!(asked(&simple(), &bundle, UNTIL - 1), Ok(()));
    let expired = admission(asked(&simple(), &bundle, UNTIL));
    assert_eq!(expired, AdmissionFault::Expired { since: UNTIL });
    let days = with("lifetime_days = 30");
    assert_eq!(asked(&days, &bundle, AT), Ok(()));
    let early = admission(asked(&days, &bundle, AT - 1));
    assert_eq!(early, AdmissionFault::Lifetime { days: 30, until: UNTIL });
}

#[test]
fn a_bundle_may_reach_its_ceilings_and_not_pass_them() {
    let bundle = bundle("payments", "first");
    let bytes = |most: usize| asked(&with(&format!("bundle_bytes = {most}")), &bundle, AT);
    assert_eq!(bytes(bundle.len()), Ok(()));
    let (found, max) = (bundle.len(), bundle.len() - 1);
    assert_eq!(admission(bytes(max)), AdmissionFault::TooLarge { bytes: found, max });
    let cost = |most: u64| asked(&with(&format!("cost = {most}")), &bundle, AT);
    let AdmissionFault::Cost { cost: own, max: 1 } = admission(cost(1)) else {
        panic!("a decision costs more than one unit");
    };
    assert_eq!(cost(own), Ok(()));
    assert_eq!(admission(cost(own - 1)), AdmissionFault::Cost { cost: own, max: own - 1 });
}

#[test]
fn what_counts_its_cost_while_it_runs_may_be_refused() {
    let mut files = SourceMap::new();
    files.add(
        "p.yaml",
        "policyc: 1\nname: payments\ndefault: deny\nrules:\n  \
         - {id: twice, when: 'xs.exists(x, x in xs)', allow: twice}\n",
    );
    let built = compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles");
    let bundle = built.bundle;
    for limits in ["metered = true", "cost = 10000000"] {
        assert_eq!(asked(&with(limits), &bundle, AT), Ok(()), "{limits}");
    }
    assert_eq!(asked(&simple(), &bundle, AT), Ok(()));
    assert_eq!(admission(asked(&with("metered = false"), &bundle, AT)), AdmissionFault::Metered);
    // And a bundle whose cost is known stays below the ceiling of any policy.
    let known = crate::trust::bundle("payments", "first");
    assert_eq!(asked(&with("metered = false"), &known, AT), Ok(()));
}
