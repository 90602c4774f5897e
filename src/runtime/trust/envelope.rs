//! Envelopes: something, its type, and signatures of both.
//!
//! In:      JSON, or what is to be put into an envelope.
//! Out:     `Envelope`, of which nobody knows yet whether its signatures are true; who of several
//!          keys signed it.
//! Imports: `base`, `lang`, `runtime::vm`.
//! Source:  DSSE 1.0.2, `envelope.md` and `protocol.md`.
//!
//! What is signed is the type and the bytes of the payload (`pae`), never JSON. The bytes whose
//! signatures were checked are those that `Envelope` holds, so that nothing is decoded twice.

use std::borrow::Cow;
use std::fmt::Write as _;

use crate::base::limits::{ENVELOPE_BYTES_MAX, ENVELOPE_SIGNATURES_MAX};
use crate::lang::value::base64::{self, Alphabet};
use crate::lang::value::json::write_string;
use crate::lang::value::scan;
use crate::runtime::trust::key::PublicKey;
use crate::runtime::vm::request::error::InputKind;
use crate::runtime::vm::request::reader::{Read, Reader};

/// A payload, its type, and signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is.
    pub payload_type: String,
    /// The payload.
    pub payload: Vec<u8>,
    /// The signatures, in their order.
    pub signatures: Vec<EnvelopeSignature>,
}

/// A signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeSignature {
    /// What the signer calls the key. Whoever made the envelope chose it freely: nothing may hang
    /// on it but the order in which keys are tried.
    pub key_id: String,
    /// The signature.
    pub bytes: Vec<u8>,
}

/// Why bytes are no envelope. Offsets count bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvelopeFault {
    /// It is longer than envelopes may be.
    TooLarge {
        /// Most bytes.
        max: usize,
    },
    /// It is not the JSON that an envelope is.
    Syntax {
        /// What is wrong.
        kind: InputKind,
        /// Where.
        at: usize,
    },
    /// A member stands there twice, so that two readers may see two envelopes.
    Twice(&'static str),
    /// A member is missing.
    Missing(&'static str),
    /// A member is not base64 in its one spelling.
    NotBase64(&'static str),
    /// It has no signature.
    Unsigned,
    /// It has more signatures than envelopes may have.
    TooMany,
}

impl EnvelopeFault {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::TooLarge { max } => format!("it is longer than {max} bytes"),
            Self::Syntax { kind, at } => {
                let cut =
                    if kind == InputKind::Truncated { "it ends too early" } else { "no JSON" };
                format!("at byte {at}: {cut}")
            }
            Self::Twice(name) => format!("it has `{name}` twice"),
            Self::Missing(name) => format!("it has no `{name}`"),
            Self::NotBase64(name) => format!("`{name}` is not base64"),
            Self::Unsigned => "it has no signature".to_owned(),
            Self::TooMany => format!("it has more than {ENVELOPE_SIGNATURES_MAX} signatures"),
        }
    }
}

/// What a signature signs: the type and the payload, each with its length.
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

impl Envelope {
    /// Reads an envelope. Members that DSSE does not name are passed over, as it asks.
    ///
    /// # Errors
    /// `EnvelopeFault`.
    pub fn read(bytes: &[u8]) -> Result<Self, EnvelopeFault> {
        Self::read_up_to(bytes, ENVELOPE_BYTES_MAX)
    }

    /// As `read`, of an envelope that may be longer: that of an attestation.
    ///
    /// # Errors
    /// As `read`.
    pub fn read_up_to(bytes: &[u8], max: usize) -> Result<Self, EnvelopeFault> {
        if bytes.len() > max {
            return Err(EnvelopeFault::TooLarge { max });
        }
        let mut reader = Reader::new(bytes);
        let found = EnvelopeMembers::default().read(&mut reader);
        let found = found.and_then(|parts| {
            reader.peek();
            if reader.is_at_end() { Ok(parts) } else { Err(ReadFault::Syntax(InputKind::Trailing)) }
        });
        let parts = found.map_err(|failed| match failed {
            ReadFault::Syntax(kind) => EnvelopeFault::Syntax { kind, at: reader.at as usize },
            ReadFault::Fault(fault) => fault,
        })?;
        parts.envelope()
    }

    /// As JSON, in one line.
    #[must_use]
    pub fn to_json(&self) -> String {
        let mut out = String::from("{\"payloadType\":");
        // Writing to a string does not fail.
        let _ = write_string(&mut out, "", &self.payload_type);
        out.push_str(",\"payload\":\"");
        let _ = base64::write(&mut out, &self.payload);
        out.push_str("\",\"signatures\":[");
        for (at, signature) in self.signatures.iter().enumerate() {
            out.push_str(if at == 0 { "{\"keyid\":" } else { ",{\"keyid\":" });
            let _ = write_string(&mut out, "", &signature.key_id);
            out.push_str(",\"sig\":\"");
            let _ = base64::write(&mut out, &signature.bytes);
            out.push_str("\"}");
        }
        let _ = writeln!(out, "]}}");
        out
    }

    /// Which of `keys` signed it: a bool for each, in their order. Equal keys are one key, and the
    /// first of them counts.
    ///
    /// # Errors
    /// The number of a key whose id a signature has that is not its own: somebody forged it, or
    /// changed what it is about.
    pub fn signers(&self, keys: &[PublicKey]) -> Result<Vec<bool>, usize> {
        let message = pae(&self.payload_type, &self.payload);
        let mut signed = vec![false; keys.len()];
        for signature in &self.signatures {
            let is_of = |key: &PublicKey| key.is_signature(&message, &signature.bytes);
            let named = keys.iter().position(|key| key.id() == signature.key_id);
            let found = match named {
                Some(at) if keys.get(at).is_some_and(is_of) => Some(at),
                Some(at) => return Err(at),
                None => keys.iter().position(is_of),
            };
            if let Some(signed) = found.and_then(|at| signed.get_mut(at)) {
                *signed = true;
            }
        }
        Ok(signed)
    }
}

/// Why reading stopped; a wrong byte is where the reader stands.
enum ReadFault {
    Syntax(InputKind),
    Fault(EnvelopeFault),
}

impl From<InputKind> for ReadFault {
    fn from(kind: InputKind) -> Self {
        Self::Syntax(kind)
    }
}

/// Members of an envelope, as far as they were met.
#[derive(Default)]
struct EnvelopeMembers {
    payload_type: Option<String>,
    payload: Option<Vec<u8>>,
    signatures: Option<Vec<EnvelopeSignature>>,
}

impl EnvelopeMembers {
    fn read(mut self, reader: &mut Reader<'_>) -> Result<Self, ReadFault> {
        reader.expect(b'{')?;
        let mut first = true;
        while reader.more(std::mem::take(&mut first), b'}')? {
            match &*key(reader)? {
                "payloadType" => once("payloadType", &mut self.payload_type, text(reader)?)?,
                "payload" => once("payload", &mut self.payload, bytes("payload", reader)?)?,
                "signatures" => {
                    once("signatures", &mut self.signatures, signatures(reader)?)?;
                }
                _ => {
                    reader.peek();
                    reader.skip(1)?;
                }
            }
        }
        Ok(self)
    }

    fn envelope(self) -> Result<Envelope, EnvelopeFault> {
        let payload_type = self.payload_type.ok_or(EnvelopeFault::Missing("payloadType"))?;
        let payload = self.payload.ok_or(EnvelopeFault::Missing("payload"))?;
        let signatures = self.signatures.ok_or(EnvelopeFault::Missing("signatures"))?;
        if signatures.is_empty() {
            return Err(EnvelopeFault::Unsigned);
        }
        Ok(Envelope { payload_type, payload, signatures })
    }
}

fn signatures(reader: &mut Reader<'_>) -> Result<Vec<EnvelopeSignature>, ReadFault> {
    reader.expect(b'[')?;
    let mut found = Vec::new();
    while reader.more(found.is_empty(), b']')? {
        if found.len() == ENVELOPE_SIGNATURES_MAX {
            return Err(ReadFault::Fault(EnvelopeFault::TooMany));
        }
        found.push(signature(reader)?);
    }
    Ok(found)
}

fn signature(reader: &mut Reader<'_>) -> Result<EnvelopeSignature, ReadFault> {
    reader.expect(b'{')?;
    let (mut key_id, mut sig, mut first) = (None, None, true);
    while reader.more(std::mem::take(&mut first), b'}')? {
        match &*key(reader)? {
            "keyid" => once("keyid", &mut key_id, text(reader)?)?,
            "sig" => once("sig", &mut sig, bytes("sig", reader)?)?,
            _ => {
                reader.peek();
                reader.skip(3)?;
            }
        }
    }
    let bytes = sig.ok_or(ReadFault::Fault(EnvelopeFault::Missing("sig")))?;
    Ok(EnvelopeSignature { key_id: key_id.unwrap_or_default(), bytes })
}

fn once<T>(name: &'static str, place: &mut Option<T>, value: T) -> Result<(), ReadFault> {
    if place.replace(value).is_some() {
        return Err(ReadFault::Fault(EnvelopeFault::Twice(name)));
    }
    Ok(())
}

fn key<'a>(reader: &mut Reader<'a>) -> Read<Cow<'a, str>> {
    let key = reader.key()?;
    resolved(reader.slice(key), key.is_escaped())
}

fn text(reader: &mut Reader<'_>) -> Result<String, ReadFault> {
    reader.peek();
    let text = reader.string()?;
    Ok(resolved(reader.slice(text), text.is_escaped())?.into_owned())
}

fn bytes(name: &'static str, reader: &mut Reader<'_>) -> Result<Vec<u8>, ReadFault> {
    let (text, mut bytes) = (text(reader)?, Vec::new());
    // DSSE has both alphabets read, with and without padding.
    let found = base64::decode_to(text.as_bytes(), Alphabet::Either, &mut bytes);
    found.map(|()| bytes).ok_or(ReadFault::Fault(EnvelopeFault::NotBase64(name)))
}

/// The text that is spelled so between quotes.
fn resolved(spelled: &[u8], escaped: bool) -> Read<Cow<'_, str>> {
    let utf8 = |bytes| std::str::from_utf8(bytes).map_err(|_| InputKind::NotUtf8);
    if !escaped {
        return utf8(spelled).map(Cow::Borrowed);
    }
    let (mut inner, mut text) = (Reader::new(spelled), String::with_capacity(spelled.len()));
    while !inner.is_at_end() {
        let end = scan::text_end(spelled, inner.at);
        text.push_str(utf8(spelled.get(inner.at as usize..end as usize).unwrap_or_default())?);
        inner.at = end;
        if !inner.is_at_end() {
            text.push(inner.escape()?);
        }
    }
    Ok(Cow::Owned(text))
}
