//! The format: header and sections. The rows inside the sections are in `rows`.
//!
//! Imports: nothing of ours.
//! Source:  `docs/bundle-format.md`.

/// The first bytes of every bundle; they find transfers that change line ends or drop a bit.
pub const MAGIC: [u8; 8] = *b"\x89PLC\r\n\x1a\n";
/// Version of the format; another one is refused.
pub const MAJOR: u16 = 1;
/// Additions to the format; a greater one is refused.
pub const MINOR: u16 = 2;
/// Version of the instruction table (`lang::opcodes`): it goes up when rows are added;
/// `docs/opcodes.md` is the ledger.
pub const ISA: u16 = 1;

/// Length of the header.
pub const HEADER_BYTES: usize = 64;
/// The part of the header that the root covers, beside the section table.
pub const HEADER_COVERED_BYTES: usize = 32;
/// Length of an entry of the section table.
pub const ENTRY_BYTES: usize = 56;
/// Sections start at multiples of this.
pub const ALIGNMENT_BYTES: usize = 8;
/// Bit of a section's flags: a reader that does not know the section must refuse the bundle.
pub const CRITICAL: u16 = 1;

macro_rules! sections {
    ($($(#[$meta:meta])* $kind:literal $name:ident $word:literal $flags:ident;)*) => {
        /// A section. All but `Govern` are there in every bundle, in this order.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u16)]
        pub enum Section {$($(#[$meta])* $name = $kind,)*}

        impl Section {
            /// Every section, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The number in the section table.
            #[must_use]
            pub const fn kind(self) -> u16 {
                self as u16
            }

            /// The section with this number.
            #[must_use]
            pub const fn from_kind(kind: u16) -> Option<Self> {
                match kind {$($kind => Some(Self::$name),)* _ => None}
            }

            /// As messages and listings call it.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self {$(Self::$name => $word,)*}
            }

            /// The flags in the section table.
            #[must_use]
            pub const fn flags(self) -> u16 {
                match self {$(Self::$name => $flags,)*}
            }
        }
    };
}

const COLD: u16 = 0;

// 12 (tests) is kept for later versions.
sections! {
    /// Who and what.
    1 Manifest "manifest" CRITICAL;
    /// Text.
    2 Strings "strings" CRITICAL;
    /// Types, the path trie, slots.
    3 Schema "schema" CRITICAL;
    /// Constants and constant sets.
    4 Constants "constants" CRITICAL;
    /// Functions, lists of builtins, host functions.
    5 Functions "functions" CRITICAL;
    /// Instructions.
    6 Code "code" CRITICAL;
    /// Types at joins, function by function.
    7 Frames "frames" CRITICAL;
    /// Patterns and their automata.
    8 Patterns "patterns" CRITICAL;
    /// Rules, outcomes, escalations, templates, requirements, types by key, outputs, the index.
    9 Rules "rules" CRITICAL;
    /// What records withhold and what sessions know; there only where one of them is something.
    10 Govern "govern" CRITICAL;
    /// Names, places and sources, for people.
    11 Debug "debug" COLD;
}

/// The next multiple of the alignment.
#[must_use]
pub const fn aligned(offset: usize) -> usize {
    offset.next_multiple_of(ALIGNMENT_BYTES)
}
