//! Documents of trust policies: what is wrong is refused, with its line.

use policyc::base::limits::TRUST_POLICY_BYTES_MAX;
use policyc::runtime::trust::PolicyFault;
use policyc::runtime::trust::key::KeyFault;
use policyc::runtime::trust::policy::{Rollback, TrustPolicy};

use crate::trust::{policy, public, secret, simple};

#[test]
fn a_policy_is_read() {
    let read = policy(&simple());
    assert_eq!((read.version(), read.rollback()), (1, Rollback::Minimum));
    let without = simple().replace("rollback = \"minimum\"\n", "");
    assert_eq!(policy(&without).rollback(), Rollback::State, "what is not said is strict");
}

type Change = fn(&str) -> String;
type Wanted = fn(&PolicyFault) -> bool;

fn wrong(key: &'static str) -> impl Fn(&PolicyFault) -> bool {
    move |fault| matches!(fault, PolicyFault::Wrong { key: found, .. } if found == key)
}

/// What is wrong, the line that is told, how it comes to be, and what is said.
const ROWS: &[(&str, usize, Change, Wanted)] = &[
    (
        "a key that nobody reads",
        2,
        |it| it.replace("version", "versoin"),
        |it| matches!(it, PolicyFault::Unknown { near: Some("version"), .. }),
    ),
    (
        "a table that nobody reads",
        15,
        |it| it.to_owned() + "[signers]\n",
        |it| matches!(it, PolicyFault::Unknown { .. }),
    ),
    (
        "a key twice",
        3,
        |it| it.replacen("version = 1\n", "version = 1\nversion = 2\n", 1),
        |it| matches!(it, PolicyFault::Syntax(_)),
    ),
    (
        "a table twice",
        15,
        |it| it.to_owned() + "[keys.one]\n",
        |it| matches!(it, PolicyFault::Syntax(_)),
    ),
    ("no TOML", 15, |it| it.to_owned() + "= 1\n", |it| matches!(it, PolicyFault::Syntax(_))),
    (
        "a missing key",
        1,
        |it| it.replace("version = 1\n", ""),
        |it| *it == PolicyFault::Missing("version"),
    ),
    (
        "no expiry",
        1,
        |it| it.replace("expires = 2030-01-01T00:00:00Z\n", ""),
        |it| *it == PolicyFault::Missing("expires"),
    ),
    (
        "no roles",
        1,
        |it| it.replace("[roles.", "[limits."),
        |it| matches!(it, PolicyFault::Missing("roles")),
    ),
    (
        "no role `trust`",
        7,
        |it| it.replace("[roles.trust]", "[roles.attest]"),
        |it| *it == PolicyFault::Missing("trust"),
    ),
    ("another format", 1, |it| it.replace("format = 1", "format = 2"), |it| wrong("format")(it)),
    (
        "a format in other digits",
        1,
        |it| it.replace("format = 1", "format = 0x1"),
        |it| wrong("format")(it),
    ),
    ("version 0", 2, |it| it.replace("version = 1", "version = 0"), |it| wrong("version")(it)),
    (
        "a negative version",
        2,
        |it| it.replace("version = 1", "version = -1"),
        |it| wrong("version")(it),
    ),
    (
        "a version as text",
        2,
        |it| it.replace("version = 1", "version = \"1\""),
        |it| wrong("version")(it),
    ),
    (
        "a time without a zone",
        3,
        |it| it.replace("00:00:00Z", "00:00:00"),
        |it| wrong("expires")(it),
    ),
    ("a day", 3, |it| it.replace("2030-01-01T00:00:00Z", "2030-01-01"), |it| wrong("expires")(it)),
    (
        "another memory",
        4,
        |it| it.replace("\"minimum\"\n[", "\"off\"\n["),
        |it| wrong("rollback")(it),
    ),
    (
        "no memory at all",
        4,
        |it| it.replace("\"minimum\"\n[", "false\n["),
        |it| wrong("rollback")(it),
    ),
    (
        "a key that is none",
        6,
        |it| it.replace("ed25519:", "rsa:"),
        |it| *it == PolicyFault::Key(KeyFault::NotAKey),
    ),
    (
        "a weak key",
        6,
        |it| {
            let key = public(&secret(1)).to_string();
            it.replace(&key, &format!("ed25519:AQ{}=", "A".repeat(41)))
        },
        |it| *it == PolicyFault::Key(KeyFault::Weak),
    ),
    (
        "one key under two names",
        16,
        |it| it.to_owned() + &format!("[keys.two]\npublic = \"{}\"\n", public(&secret(1))),
        |it| *it == PolicyFault::SameKey { other: "one".to_owned() },
    ),
    (
        "a key that is not there",
        8,
        |it| it.replacen("[\"one\"]", "[\"One\"]", 1),
        |it| *it == PolicyFault::NoSuchKey("One".to_owned()),
    ),
    (
        "a key twice in a role",
        8,
        |it| it.replacen("[\"one\"]", "[\"one\", \"one\"]", 1),
        |it| *it == PolicyFault::NamedTwice("one".to_owned()),
    ),
    (
        "a threshold of none",
        9,
        |it| it.replacen("threshold = 1", "threshold = 0", 1),
        |it| *it == PolicyFault::Threshold { keys: 1 },
    ),
    (
        "a threshold of too many",
        9,
        |it| it.replacen("threshold = 1", "threshold = 2", 1),
        |it| *it == PolicyFault::Threshold { keys: 1 },
    ),
    (
        "a role without keys",
        9,
        |it| it.replacen("[\"one\"]", "[]", 1),
        |it| *it == PolicyFault::Threshold { keys: 0 },
    ),
    (
        "no bundles",
        13,
        |it| it.replace("[bundles.payments]\nminimum = 1\n", "[bundles]\n"),
        |it| *it == PolicyFault::NoBundles,
    ),
    (
        "a pattern with a star inside",
        13,
        |it| it.replace("[bundles.payments]", "[bundles.\"a*b\"]"),
        |it| *it == PolicyFault::Pattern,
    ),
    (
        "no pattern",
        13,
        |it| it.replace("[bundles.payments]", "[bundles.\"\"]"),
        |it| *it == PolicyFault::Pattern,
    ),
    (
        "an empty range",
        15,
        |it| it.replace("minimum = 1", "minimum = 3\nmaximum = 2"),
        |it| wrong("maximum")(it),
    ),
    (
        "a limit that is raised",
        16,
        |it| it.to_owned() + "[limits]\nbundle_bytes = 16777217\n",
        |it| wrong("bundle_bytes")(it),
    ),
    (
        "a cost that is raised",
        16,
        |it| it.to_owned() + "[limits]\ncost = 10000001\n",
        |it| wrong("cost")(it),
    ),
    (
        "a key for no names",
        7,
        |it| it.replacen("\"\n[roles", "\"\nbundles = []\n[roles", 1),
        |it| wrong("bundles")(it),
    ),
];

#[test]
fn what_is_wrong_is_refused_with_its_line() {
    for (name, line, change, wanted) in ROWS {
        let text = change(&simple());
        let error = TrustPolicy::read(text.as_bytes()).expect_err(name);
        assert!(wanted(&error.fault), "{name}: {error:?}");
        assert_eq!(
            error.line, *line,
            "{name}: {error:?}
{text}"
        );
    }
}

#[test]
fn what_is_no_text_or_too_long_is_refused() {
    let fault = |bytes: &[u8]| TrustPolicy::read(bytes).expect_err("refused").fault;
    assert_eq!(fault(b"format = 1\n\xFF"), PolicyFault::NotUtf8);
    assert_eq!(fault(&[b'#'; (256 << 10) + 1]), PolicyFault::TooLarge);
    assert_eq!(fault(b""), PolicyFault::Missing("format"));
    // Nothing recurses as deep as it nests.
    let deep = format!("format = {}", "[".repeat(100_000));
    assert!(matches!(fault(deep.as_bytes()), PolicyFault::Syntax(_)));
}

#[test]
fn a_policy_may_be_as_long_and_as_old_as_it_says() {
    let padded = |bytes: usize| {
        let text = simple();
        let rest = bytes - text.len() - 1;
        TrustPolicy::read(format!("{text}#{}", "x".repeat(rest)).as_bytes())
    };
    assert!(padded(TRUST_POLICY_BYTES_MAX).is_ok());
    let error = padded(TRUST_POLICY_BYTES_MAX + 1).expect_err("it is too long");
    assert_eq!(error.fault, PolicyFault::TooLarge);
    assert!(error.to_string().starts_with("the trust policy cannot be read: line 1: "), "{error}");
    let until = |time| TrustPolicy::read(simple().replace("2030-01-01T00:00:00Z", time).as_bytes());
    assert!(until("1970-01-01T00:00:00Z").is_ok());
    let before = until("1969-12-31T23:59:59Z").expect_err("before the epoch");
    assert!(wrong("expires")(&before.fault), "{before}");
}
