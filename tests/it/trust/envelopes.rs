//! Envelopes and keys: what is read, and what is refused.

use policyc::base::limits::{ENVELOPE_BYTES_MAX, ENVELOPE_SIGNATURES_MAX};
use policyc::runtime::trust::envelope::{Envelope, EnvelopeFault, pae};
use policyc::runtime::trust::key::{KeyFault, PublicKey};
use policyc::runtime::trust::release::Release;
use policyc::runtime::vm::request::error::InputKind;

use crate::trust::{bundle, envelope, public, secret};

/// The example of `protocol.md` of DSSE.
const EXAMPLE: &str = r#"{"payload": "aGVsbG8gd29ybGQ=",
 "payloadType": "http://example.com/HelloWorld",
 "signatures": [{"sig":
 "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]}"#;

/// Key 1 plus points of order 8 and 2.
const MIXED: [[u8; 32]; 2] = [
    [
        0x9E, 0xA3, 0xF1, 0x1F, 0x5B, 0xD3, 0x4F, 0x0C, 0xD7, 0x14, 0x7F, 0xD0, 0xA4, 0x36, 0xC0,
        0x88, 0xF6, 0x24, 0xC6, 0x10, 0x0C, 0x1D, 0xF6, 0xA5, 0x3C, 0x0A, 0x29, 0xE0, 0x5D, 0x60,
        0xCE, 0xA0,
    ],
    [
        0x63, 0x77, 0x1C, 0x22, 0x8B, 0xF6, 0x0E, 0x6A, 0x02, 0xAD, 0x24, 0xD2, 0xC3, 0x45, 0xA2,
        0x8D, 0x35, 0x98, 0xF6, 0x40, 0xE2, 0x6B, 0xED, 0xE4, 0x0C, 0x8B, 0x77, 0xFE, 0x4B, 0xF0,
        0x90, 0xA3,
    ],
];

#[test]
fn the_example_of_the_specification_is_read() {
    let envelope = Envelope::read(EXAMPLE.as_bytes()).expect("an envelope");
    assert_eq!(envelope.payload, b"hello world");
    let signed = pae(&envelope.payload_type, &envelope.payload);
    assert_eq!(signed, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    assert_eq!(envelope.signatures[0].bytes.len(), 64);
    assert_eq!(envelope.signatures[0].key_id, "");
}

#[test]
fn what_is_written_is_read() {
    let written = envelope("a\"b\u{e9}", vec![0, 255, 7], &[secret(1), secret(2)]);
    assert_eq!(Envelope::read(written.to_json().as_bytes()), Ok(written.clone()));
    // Other spellings of the same: escapes, white space, the other alphabet, members of others.
    let json = written.to_json();
    for other in [
        json.replace("payloadType", "payload\\u0054ype"),
        json.replace(',', " ,\n\t"),
        json.replace("\"AP8H\"", "\"AP8H\",\"more\":{\"payload\":[1,{}]}"),
        json.replace("AP8H", "AP\\u0038H"),
        json.replace("{\"keyid\"", "{\"cert\":null,\"keyid\""),
        json.replace('+', "-").replace("==\"", "\""),
    ] {
        assert_eq!(Envelope::read(other.as_bytes()), Ok(written.clone()), "{other}");
    }
}

#[test]
fn what_is_no_envelope_is_refused() {
    let good = envelope("t", vec![1], &[secret(1)]).to_json();
    let syntax =
        |kind| move |found| matches!(found, EnvelopeFault::Syntax { kind: it, .. } if it == kind);
    for cut in 0..good.len() - 1 {
        let found = Envelope::read(&good.as_bytes()[..cut]).expect_err("it was cut");
        assert!(syntax(InputKind::Truncated)(found), "{cut}: {found:?}");
    }
    for (text, wanted) in [
        (good.replace("\"payload\"", "\"Payload\""), EnvelopeFault::Missing("payload")),
        (good.replace("payloadType", "type"), EnvelopeFault::Missing("payloadType")),
        (good.replace("signatures", "sigs"), EnvelopeFault::Missing("signatures")),
        (good.replace("\"sig\"", "\"s\""), EnvelopeFault::Missing("sig")),
        (good.replace("AQ==", "AQ="), EnvelopeFault::NotBase64("payload")),
        (good.replace("AQ==", "AR=="), EnvelopeFault::NotBase64("payload")),
        (good.replace("AQ==", "A Q="), EnvelopeFault::NotBase64("payload")),
        (good.replace("\"sig\"", "\"sig\":\"AAAA\",\"sig\""), EnvelopeFault::Twice("sig")),
        (good.replacen('{', "{\"payloadType\":\"t\",", 1), EnvelopeFault::Twice("payloadType")),
        (
            format!("{good}{}", " ".repeat(ENVELOPE_BYTES_MAX)),
            EnvelopeFault::TooLarge { max: ENVELOPE_BYTES_MAX },
        ),
    ] {
        assert_eq!(Envelope::read(text.as_bytes()), Err(wanted), "{text}");
    }
    let padded = format!("{good}{}", " ".repeat(ENVELOPE_BYTES_MAX - good.len()));
    assert!(Envelope::read(padded.as_bytes()).is_ok(), "as long as it may be");
    for (text, wanted) in [
        (good.replace("\"t\"", "1"), InputKind::Syntax),
        (good.replace("[{", "{").replace("}]", "}"), InputKind::Syntax),
        (format!("{good}x"), InputKind::Trailing),
        (format!("[{good}]"), InputKind::Syntax),
        (good.replace("\"t\"", &"[".repeat(70)), InputKind::Syntax),
        (good.replacen('{', &format!("{{\"x\":{},", "[".repeat(70)), 1), InputKind::TooDeep),
    ] {
        let found = Envelope::read(text.as_bytes()).expect_err(&text);
        assert!(syntax(wanted)(found), "{found:?}: {text}");
    }
    let by = vec![secret(1); ENVELOPE_SIGNATURES_MAX];
    assert!(Envelope::read(envelope("t", vec![1], &by).to_json().as_bytes()).is_ok());
    let by = vec![secret(1); ENVELOPE_SIGNATURES_MAX + 1];
    let found = Envelope::read(envelope("t", vec![1], &by).to_json().as_bytes());
    assert_eq!(found, Err(EnvelopeFault::TooMany));
}

#[test]
fn keys_are_spelled_once() {
    let key = public(&secret(1));
    let text = key.to_string();
    assert_eq!(PublicKey::read(&text), Ok(key));
    for wrong in [
        text.replace("ed25519:", ""),
        text.replace("ed25519", "Ed25519"),
        text.trim_end_matches('=').to_owned(),
        format!("{text} "),
        format!("ed25519:{}", "A".repeat(44)),
        "ed25519:".to_owned(),
    ] {
        assert_eq!(PublicKey::read(&wrong), Err(KeyFault::NotAKey), "{wrong}");
    }
}

/// What lax libraries take for keys. The bytes of the first are those of key 1 plus a point of
/// order 8: the secret of key 1 finds signatures for it, and so would count twice.
#[test]
fn keys_that_one_secret_shares_are_refused() {
    let twin = MIXED.map(|bytes| PublicKey::from_bytes(&bytes));
    assert_eq!(twin, [Err(KeyFault::Mixed); 2]);
    let small = |start: u8, end: u8| {
        let mut bytes = [0; 32];
        (bytes[0], bytes[31]) = (start, end);
        PublicKey::from_bytes(&bytes)
    };
    assert_eq!(small(1, 0), Err(KeyFault::Weak), "the identity");
    assert_eq!(small(0, 0), Err(KeyFault::Weak), "order 4");
    assert_eq!(small(1, 0x80), Err(KeyFault::Weak), "the identity, spelled otherwise");
    let mut two = [0xFF; 32];
    (two[0], two[31]) = (0xEC, 0x7F);
    assert_eq!(PublicKey::from_bytes(&two), Err(KeyFault::Weak), "order 2");
    // y = p + 3: the point of y = 3, spelled otherwise.
    let mut high = [0xFF; 32];
    (high[0], high[31]) = (0xF0, 0x7F);
    assert_eq!(PublicKey::from_bytes(&high), Err(KeyFault::NotCanonical));
    assert!(PublicKey::from_bytes(&[2; 32]).is_err());
}

#[test]
fn releases_have_one_spelling() {
    let bundle = bundle("payments", "first");
    let release = Release::of(&bundle, "payments", 3, 9).expect("a release");
    let bytes = release.to_bytes();
    assert_eq!(Release::read(&bytes), Some(release));
    for cut in 0..=80 {
        assert_eq!(Release::read(&bytes[..cut]), None, "{cut}");
    }
    for (name, version, expires) in
        [("", 1, 1), ("a\nb", 1, 1), (&*"x".repeat(257), 1, 1), ("a", 0, 1), ("a", 1, -1)]
    {
        assert_eq!(Release::of(&bundle, name, version, expires), None, "{name}");
    }
    assert_eq!(Release::of(b"no bundle", "a", 1, 1), None);
    // The first version, the first second and the longest name.
    let longest = Release::of(&bundle, &"x".repeat(256), 1, 0).expect("a release");
    assert_eq!(Release::read(&longest.to_bytes()), Some(longest));
    for (at, wrong) in [(64, 0_u64.to_le_bytes()), (72, (-1_i64).to_le_bytes())] {
        let mut bytes = bytes.clone();
        bytes[at..at + 8].copy_from_slice(&wrong);
        assert_eq!(Release::read(&bytes), None, "{at}");
    }
    assert_eq!(Release::read(&[&bytes[..80], &[0xFF]].concat()), None, "no text");
}

#[test]
fn what_is_wrong_is_told_in_words() {
    let syntax = |kind| EnvelopeFault::Syntax { kind, at: 7 };
    for (fault, words) in [
        (EnvelopeFault::TooLarge { max: 5 }, "it is longer than 5 bytes"),
        (syntax(InputKind::Truncated), "at byte 7: it ends too early"),
        (syntax(InputKind::Syntax), "at byte 7: no JSON"),
        (EnvelopeFault::Twice("sig"), "it has `sig` twice"),
        (EnvelopeFault::Missing("sig"), "it has no `sig`"),
        (EnvelopeFault::NotBase64("sig"), "`sig` is not base64"),
        (EnvelopeFault::Unsigned, "it has no signature"),
        (EnvelopeFault::TooMany, "it has more than 16 signatures"),
    ] {
        assert_eq!(fault.words(), words);
    }
    let keys = [
        (KeyFault::NotAKey, "32 bytes in base64"),
        (KeyFault::NoPoint, "no point of the curve"),
        (KeyFault::Weak, "anybody can sign for it"),
        (KeyFault::Mixed, "one secret has several such keys"),
        (KeyFault::NotCanonical, "one spelling"),
    ];
    for (fault, words) in keys {
        assert!(fault.words().contains(words), "{fault:?}");
    }
}
