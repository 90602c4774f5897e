//! Keys that sign the checkpoints of logs.
//!
//! The key of a log is text, `NAME+ID+BASE64`, as tools for C2SP notes write it.

use std::path::Path;

use crate::cli::exit::Exit;
use crate::cli::reporting::alone;
use crate::cli::terminal::Terminal;
use crate::cli::trust::{key_bytes, no_key_material, no_secret};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::audit::note::{self, ED25519, Note, Verifier, key_id};
use crate::runtime::trust::key::{KeyFault, PublicKey};
use crate::tools::audit::checkpoint::OwnedCheckpoint;

/// A key that may have signed a checkpoint.
#[derive(Debug)]
pub(super) struct Key {
    name: String,
    id: [u8; 4],
    point: PublicKey,
}

impl Verifier for Key {
    fn name(&self) -> &str {
        &self.name
    }

    fn id(&self) -> [u8; 4] {
        self.id
    }

    fn is_signature(&self, text: &[u8], signature: &[u8]) -> bool {
        self.point.is_signature(text, signature)
    }
}

impl Key {
    /// The key that a text is.
    ///
    /// # Errors
    /// Why it is none, in words.
    fn read(text: &str) -> Result<Self, &'static str> {
        let found = note::PublicKey::read(text.trim_end());
        let note::PublicKey { name, algorithm, key } = found.ok_or("it is not NAME+ID+BASE64")?;
        let bytes = <[u8; 32]>::try_from(key.as_slice()).ok().filter(|_| algorithm == ED25519);
        let bytes = bytes.ok_or("it is not of Ed25519")?;
        let id = key_id(&name, algorithm, &bytes);
        let point = PublicKey::from_bytes(&bytes).map_err(KeyFault::words)?;
        Ok(Self { name, id, point })
    }
}

/// The keys that `--key` names: each a key, or a file that holds one.
///
/// # Errors
/// How the command ends, its words already written.
pub(super) fn keys_of(terminal: &Terminal, named: &[String]) -> Result<Vec<Key>, Exit> {
    named.iter().map(|named| key_of(terminal, named)).collect()
}

fn key_of(terminal: &Terminal, named: &str) -> Result<Key, Exit> {
    let text = if note::PublicKey::read(named).is_some() {
        named.to_owned()
    } else {
        let path = Path::new(named);
        if !path.exists() {
            // What was typed in the place of a key is not repeated.
            no_key_material(terminal, "--key", named)?;
        }
        let bytes = key_bytes(terminal, path)?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        no_secret(terminal, path, &text)?;
        text
    };
    Key::read(&text).map_err(|why| {
        let fact = format!("`{named}` is no key that signs checkpoints: {why}");
        let help = "the host that writes the log has it as `note::PublicKey`";
        alone(terminal, &Diagnostic::without_place(Code::BadNote, fact).help(help))
    })
}

/// The keys as those who check signatures take them.
pub(super) fn verifiers(keys: &[Key]) -> Vec<&dyn Verifier> {
    keys.iter().map(|key| key as &dyn Verifier).collect()
}

/// Whether one of the keys signed a checkpoint, and none that it names did not.
pub(super) fn signed(checkpoint: &OwnedCheckpoint, keys: &[Key]) -> bool {
    Note::is_signed_by_any(checkpoint.text.as_bytes(), &verifiers(keys))
}
