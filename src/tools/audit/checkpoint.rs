//! What somebody states of a log: a checkpoint, with signatures or without.
//!
//! In:      the text of a signed note, or of what would be signed.
//! Out:     `OwnedCheckpoint`.
//! Imports: `runtime::audit`.
//! Source:  C2SP `signed-note` and `tlog-checkpoint`.
//!
//! A log whose host has no key has no notes. What it comes to can be kept elsewhere all the same:
//! as the text that a key would sign.

use crate::runtime::audit::note::{Checkpoint, Note};
use crate::runtime::audit::whole::IntactLog;

/// A checkpoint of a log, as it stands somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedCheckpoint {
    /// Which log.
    pub origin: String,
    /// Lines.
    pub size: u64,
    /// Root of the tree over them.
    pub root: [u8; 32],
    /// As it is spelled: a note, or the text of one.
    pub text: String,
    /// Whether it is a note, and so has signatures, true or not.
    pub signed: bool,
}

impl OwnedCheckpoint {
    /// Reads one. `None` if it is none.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let all = std::str::from_utf8(bytes).ok()?;
        let note = Note::read(bytes);
        let Checkpoint { origin, size, root } =
            Checkpoint::read(note.as_ref().map_or(all, |note| note.text))?;
        let origin = origin.to_owned();
        Some(Self { origin, size, root, text: all.to_owned(), signed: note.is_some() })
    }

    /// What a log comes to now, which nobody signed; `None` where nothing was written yet.
    #[must_use]
    pub fn of(whole: &IntactLog) -> Option<Self> {
        let walk = whole.walk.as_ref()?;
        let (origin, size, root) = (&walk.start.origin, walk.tree.leaves, walk.tree.root());
        let text = Checkpoint { origin, size, root }.to_string();
        Some(Self { origin: origin.clone(), size, root, text, signed: false })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "example.com/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn notes_and_their_texts_are_read() {
        let plain = OwnedCheckpoint::read(TEXT.as_bytes()).expect("a text");
        let note = format!("{TEXT}\n— example.com/log AAAAAAA=\n");
        let signed = OwnedCheckpoint::read(note.as_bytes()).expect("a note");
        assert_eq!((plain.signed, signed.signed, plain.size), (false, true, 7));
        assert_eq!((plain.root, &plain.origin), (signed.root, &signed.origin));
        assert_eq!((plain.text.as_str(), signed.text), (TEXT, note));
        for wrong in ["", "\n", "a\n1\n", &TEXT[1..20], TEXT.trim_end(), &format!("{TEXT}\n")] {
            assert_eq!(OwnedCheckpoint::read(wrong.as_bytes()), None, "{wrong:?}");
        }
        assert_eq!(OwnedCheckpoint::read(b"\xff"), None);
    }
}
