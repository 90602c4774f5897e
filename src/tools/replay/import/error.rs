//! Why an event becomes no record, and how it is said.
//!
//! In:      facts found while events are read.
//! Out:     `P0920`, with the log and the line.
//! Imports: `base`, `diag`.

use crate::base::limits::{
    CONTEXT_BYTES_MAX, CONTEXT_DEPTH_MAX, IMPORT_EVENT_BYTES_MAX, RECORD_BYTES_MAX,
};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::replay::import::events::Damage;
use crate::tools::replay::import::typed::ValueFault;

/// An event that becomes no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The log, as people name it.
    pub log: String,
    /// The line that the event begins on, from 1.
    pub line: u64,
    /// Why.
    pub why: EventError,
}

/// Why an event becomes no record. Bytes are counted from where the event begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventError {
    /// The log is damaged there.
    Damaged(Damage),
    /// What envelops events is not JSON.
    Envelope {
        /// From here on.
        byte: usize,
    },
    /// What stands under a key is no list of objects.
    NotAList {
        /// The key.
        key: String,
    },
    /// An event that is too large.
    TooLarge {
        /// Its bytes.
        bytes: usize,
    },
    /// The event cannot be read, or what a target reads of it.
    Unread {
        /// Where, if it is one place.
        byte: Option<usize>,
        /// Why.
        words: String,
    },
    /// An expression failed.
    Failed {
        /// The key that it stands under.
        key: &'static str,
        /// How.
        words: String,
        /// The place in the map.
        at: Option<String>,
    },
    /// An expression gave nothing.
    Empty {
        /// The key that it stands under.
        key: &'static str,
    },
    /// An expression gave something else than what was wanted.
    WrongKind {
        /// The key that it stands under.
        key: &'static str,
        /// What it must give.
        wanted: &'static str,
    },
    /// No record can hold the context.
    Context(ValueFault),
    /// The record is too large.
    LargeRecord {
        /// Its bytes.
        bytes: usize,
    },
    /// The context is too large.
    LargeContext {
        /// Its bytes, as a record holds it.
        bytes: usize,
    },
}

impl From<&Refusal> for Diagnostic {
    fn from(refusal: &Refusal) -> Self {
        let Refusal { log, line, why } = refusal;
        let message = format!("`{log}`, line {line}: {}", words(why));
        Self::without_place(Code::BadEvent, message)
    }
}

fn words(why: &EventError) -> String {
    match why {
        EventError::Damaged(damage) => damaged(*damage),
        EventError::Envelope { byte } => format!("this is not JSON at byte {byte}"),
        EventError::NotAList { key } => format!("`{key}` is no list of objects"),
        EventError::TooLarge { bytes } => {
            format!("an event of {bytes} bytes, and the most is {CONTEXT_BYTES_MAX}")
        }
        EventError::Unread { byte: Some(byte), words } => format!("{words}, at byte {byte}"),
        EventError::Unread { byte: None, words } => words.clone(),
        EventError::Failed { key, words, at } => {
            let place = at.as_ref().map_or(String::new(), |at| format!(" at `{at}`"));
            format!("`{key}` failed{place}: {words}")
        }
        EventError::Empty { key } => format!("`{key}` came out empty"),
        EventError::WrongKind { key, wanted } => format!("`{key}` is not {wanted}"),
        EventError::Context(unfit) => unfit_words(*unfit),
        EventError::LargeRecord { bytes } => {
            format!("a record of {bytes} bytes, and the most is {RECORD_BYTES_MAX}")
        }
        EventError::LargeContext { bytes } => {
            format!("a context of {bytes} bytes, and the most is {CONTEXT_BYTES_MAX}")
        }
    }
}

fn damaged(damage: Damage) -> String {
    match damage {
        Damage::TooLong => {
            format!("an event that is longer than {IMPORT_EVENT_BYTES_MAX} bytes begins here")
        }
        Damage::OpenText => {
            "a text that is not closed on its line; nothing behind it is read".into()
        }
        Damage::CutShort => "what begins here does not end".into(),
        Damage::Unexpected(byte) => {
            let shown = char::from(byte).escape_default();
            format!("`{shown}` where a comma or the end of the list was expected")
        }
    }
}

fn unfit_words(unfit: ValueFault) -> String {
    match unfit {
        ValueFault::NotAnObject => "`ctx` is not an object".to_owned(),
        ValueFault::Type(name) => {
            format!("`ctx` holds a value of type `{name}`, which contexts lack")
        }
        ValueFault::Key => "`ctx` holds a map with keys that are no text".to_owned(),
        ValueFault::Deep => format!("`ctx` nests deeper than {CONTEXT_DEPTH_MAX}"),
        ValueFault::Redacted => "all of `ctx` is redacted".to_owned(),
    }
}
