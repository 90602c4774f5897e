//! What is told of each fault, word by word.

use std::io;
use std::path::PathBuf;

use crate::base::span::FileId;
use crate::diag::codes::Code;
use crate::runtime::trust::document::{PolicyError, PolicyFault};
use crate::runtime::trust::error::{AdmissionFault, MemoryFault, SignatureFault, TrustError};
use crate::runtime::trust::policy::RolePurpose;

/// What is told of each, as `p` is called: the code, words of the fact and of the next step;
/// whether it says that somebody changed something.
fn told(rows: Vec<(TrustError, Code, &str, &str, bool)>) {
    for (error, code, fact, step, integrity) in rows {
        let found = error.diagnostic("p");
        assert_eq!(found.code, code, "{error:?}");
        assert_eq!(found.message, format!("`p` {fact}"), "{error:?}");
        let help = found.help.unwrap_or_default();
        assert!(help.contains(step), "{error:?}: {help}");
        assert_eq!(error.is_integrity(), integrity, "{error:?}");
    }
}

#[test]
fn what_signatures_do_not_vouch_for_is_told() {
    use SignatureFault::{Forged, Misnamed, Missing, NoRole, OtherFile, Payload, Threshold};
    let key = || "one".to_owned();
    let (name, signed) = ("payments".to_owned(), "orders".to_owned());
    let (duty, code) = (RolePurpose::Bundle, Code::NotTrusted);
    let misnamed = "holds the bundle `payments`, and was signed as `orders`";
    let forged = "has a signature that names the key `one` and is not its own";
    let few = "is signed by 1 of 2 keys that role `bundle` asks for";
    let other = SignatureFault::PayloadType { found: "x".repeat(99), wanted: "text/plain" };
    let kind = format!("has signatures of `{}`, not of `text/plain`", "x".repeat(80));
    told(vec![
        (Missing.into(), code, "has no signatures", "policyc sign", true),
        (other.into(), code, &kind, "fetch", true),
        (Payload.into(), code, "has signatures of something that says nothing", "fetch", true),
        (Forged { key: key() }.into(), code, forged, "fetch", true),
        (
            Threshold { duty, found: 1, wanted: 2, barred: None }.into(),
            code,
            few,
            "policyc sign",
            true,
        ),
        (
            NoRole(duty).into(),
            code,
            "is asked of a trust policy without a role `bundle`",
            "next trust policy",
            true,
        ),
        (OtherFile.into(), code, "is not the file that was signed", "fetch", true),
        (Misnamed { name, signed }.into(), code, misnamed, "fetch", true),
    ]);
}

#[test]
fn what_a_trust_policy_does_not_let_in_is_told() {
    use AdmissionFault::{Expired, Lifetime, Name, NoTime, PolicyExpired, Version};
    let version = |maximum| {
        let pattern = "pay*".to_owned();
        TrustError::from(Version { pattern, found: 9, minimum: 10, maximum })
    };
    let (day, code) = (86_400, Code::NotTrusted);
    told(vec![
        (
            NoTime { at: 0 }.into(),
            code,
            "is asked at 0 seconds since 1970, before which none expires",
            "clock",
            true,
        ),
        (
            PolicyExpired { since: day }.into(),
            code,
            "is asked of a trust policy that expired at 1970-01-02T00:00:00Z",
            "next trust policy",
            true,
        ),
        (
            Expired { since: day }.into(),
            code,
            "has signatures that expired at 1970-01-02T00:00:00Z",
            "sign it again",
            true,
        ),
        (
            Lifetime { days: 7, until: day }.into(),
            code,
            "has signatures until 1970-01-02T00:00:00Z; 7 days ahead are allowed",
            "--expires",
            true,
        ),
        (
            Name { name: "orders".to_owned() }.into(),
            code,
            "is the bundle `orders`, which the trust policy does not name",
            "next trust policy",
            true,
        ),
        (version(u64::MAX), code, "is version 9; `pay*` is trusted from 10 on", "next", true),
        (version(20), code, "is version 9; `pay*` is trusted from 10 to 20", "next", true),
    ]);
}

#[test]
fn what_is_too_much_for_a_trust_policy_is_told() {
    use AdmissionFault::{Cost, Metered, NotNext, TooLarge};
    let code = Code::NotTrusted;
    told(vec![
        (
            TooLarge { bytes: 3, max: 2 }.into(),
            code,
            "has 3 bytes, and the trust policy allows 2",
            "several bundles",
            false,
        ),
        (
            Cost { cost: 3, max: 2 }.into(),
            code,
            "may cost 3 units a decision, and the trust policy allows 2",
            "cheaper",
            true,
        ),
        (
            Metered.into(),
            code,
            "has decisions without a bound of cost, and the trust policy wants one",
            "`maxItems`",
            true,
        ),
        (
            NotNext { found: 5, before: 3 }.into(),
            code,
            "is trust policy 5, which does not come behind 3",
            "next version",
            true,
        ),
    ]);
}

#[test]
fn what_was_loaded_before_is_told() {
    use MemoryFault::{Damaged, Equivocation, NotNamed, Older, OlderPolicy, Unusable};
    let (name, path) = (|| "orders".to_owned(), || PathBuf::from("state"));
    let (old, bad) = (Code::RolledBack, Code::BadTrustState);
    let error = io::ErrorKind::PermissionDenied;
    let unusable = format!("is not loaded: `state` cannot be used: {error}");
    told(vec![
        (
            Older { name: name(), found: 1, known: 2 }.into(),
            old,
            "is version 1 of `orders`; version 2 was loaded before",
            "newest release",
            true,
        ),
        (
            Equivocation { name: name(), version: 2 }.into(),
            old,
            "is not the bundle that was loaded as version 2 of `orders`",
            "who signed",
            true,
        ),
        (
            OlderPolicy { found: 1, known: 2 }.into(),
            old,
            "is asked of trust policy 1, and policy 2 was used before",
            "successor",
            true,
        ),
        (
            NotNamed.into(),
            bad,
            "is asked of a trust policy that remembers versions, without a file",
            "--trust-state",
            false,
        ),
        (Unusable { path: path(), error }.into(), bad, &unusable, "read and written", false),
        (
            Damaged { path: path(), line: 3 }.into(),
            bad,
            "is not loaded: `state` is damaged in line 3",
            "restore the file",
            true,
        ),
    ]);
}

#[test]
fn which_trust_policy_was_used_before_is_told() {
    use MemoryFault::{NotBehind, OlderPolicy};
    let code = Code::RolledBack;
    let (same, other) = (
        "is not the trust policy 2 that was used before",
        "is trust policy 4, and policy 2 was used before",
    );
    told(vec![
        (NotBehind { found: 2, known: 2 }.into(), code, same, "as one version", true),
        (NotBehind { found: 4, known: 2 }.into(), code, other, "or its successor", true),
        (
            OlderPolicy { found: 2, known: 2 }.into(),
            code,
            "is asked of another trust policy 2 than was used before",
            "or its successor",
            true,
        ),
    ]);
}

#[test]
fn what_is_wrong_with_a_trust_policy_is_told() {
    use PolicyFault::{NoBundles, NotUtf8, SameKey, TooLarge, TooMany};
    for (fault, words, help) in [
        (TooLarge, "it is longer than 262144 bytes", "docs/trust.md"),
        (NotUtf8, "it is not UTF-8 text", "docs/trust.md"),
        (
            SameKey { other: "one".to_owned() },
            "this is the key `one` under another name",
            "one key counts once",
        ),
        (TooMany { what: "keys", max: 9 }, "there are more than 9 keys", "divide it"),
        (NoBundles, "no bundle may be loaded", "[bundles.payments]"),
    ] {
        assert_eq!(fault.words(), words);
        let found = PolicyError { at: 0..0, line: 1, fault }.diagnostic(FileId(0));
        assert!(found.help.is_some_and(|found| found.contains(help)), "{words}");
    }
    let missing = PolicyFault::Missing("format");
    let next = PolicyError { at: 0..0, line: 3, fault: missing };
    let next = TrustError::Successor(Box::new(next));
    told(vec![(
        next,
        Code::BadTrustPolicy,
        "cannot be read: line 3: `format` is missing",
        "docs/trust.md",
        false,
    )]);
}
