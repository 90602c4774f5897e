//! Why bytes are not read as a bundle, and why content is not written as one.
//!
//! Imports: `diag`.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::runtime::bundle::layout::Section;

/// What the header gives a version of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The format, incompatibly.
    Format,
    /// The format, with additions.
    Additions,
    /// The table of instructions.
    Instructions,
    /// The table of builtins.
    Builtins,
}

impl Part {
    const fn word(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Additions => "format additions",
            Self::Instructions => "instructions",
            Self::Builtins => "builtins",
        }
    }
}

/// What is wrong inside a section.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Problem {
    /// It ends in the middle of an entry.
    End,
    /// Bytes are left over behind the last entry.
    Leftover,
    /// A table says that it has `found` entries; there is room for `max`.
    Count {
        /// Entries.
        found: u32,
        /// Most that are possible here.
        max: usize,
    },
    /// A byte that must be one of a few is another one.
    Tag(u8),
    /// An instruction with this number does not exist.
    Opcode(u8),
    /// Text is not UTF-8.
    Text,
    /// A value is written in another way than the one that is allowed.
    NotCanonical,
    /// A constant is nested too deeply.
    TooDeep,
}

impl Problem {
    fn text(self) -> String {
        match self {
            Self::End => "it ends too early".to_owned(),
            Self::Leftover => "it goes on behind its end".to_owned(),
            Self::Count { found, max } => format!("{found} entries where at most {max} can be"),
            Self::Tag(found) => format!("the byte {found} means nothing here"),
            Self::Opcode(found) => format!("there is no instruction {found:#04x}"),
            Self::Text => "its text is not UTF-8".to_owned(),
            Self::NotCanonical => "a value is not written in its one form".to_owned(),
            Self::TooDeep => "a constant is nested too deeply".to_owned(),
        }
    }
}

/// Why bytes are not read as a bundle. Offsets count bytes from the start of the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoadError {
    /// It does not start as a bundle does.
    NotABundle,
    /// It is longer than bundles may be.
    TooLarge {
        /// Its length.
        len: usize,
        /// The longest that is read.
        max: usize,
    },
    /// A version that is not known here.
    Version {
        /// Of what.
        part: Part,
        /// In the bundle.
        found: u16,
        /// The one that is known.
        known: u16,
    },
    /// The length is not the one that the header gives.
    Length {
        /// The length.
        len: usize,
        /// What the header gives; `None`: it ends inside header or section table.
        said: Option<u64>,
    },
    /// A byte that must be zero is not.
    NotZero {
        /// The byte.
        at: usize,
    },
    /// A number of sections that no bundle has.
    SectionCount {
        /// The number.
        found: u32,
    },
    /// Header and section table are not what the root digest says.
    Root,
    /// An entry of the section table is not the one that must stand there.
    Section {
        /// Its kind.
        found: u16,
        /// The section that belongs there; `None` behind the last one.
        expected: Option<Section>,
    },
    /// A section has flags that it never has.
    Flags {
        /// The section.
        section: Section,
        /// Its flags.
        found: u16,
    },
    /// A section does not start where the one before it ends, or ends behind the file.
    Place {
        /// The section.
        section: Section,
        /// Its offset.
        found: u64,
        /// Where it must start.
        expected: usize,
    },
    /// A section is not what its digest says.
    Digest {
        /// The section.
        section: Section,
        /// First byte.
        from: usize,
        /// One past the last byte.
        to: usize,
    },
    /// The digests hold, but a section cannot be read.
    Malformed {
        /// The section.
        section: Section,
        /// Where reading stopped.
        at: usize,
        /// Why.
        problem: Problem,
    },
}

impl LoadError {
    /// Whether the bytes are not what their digests say: an integrity failure, not a malformed
    /// file.
    #[must_use]
    pub const fn is_integrity(&self) -> bool {
        matches!(self, Self::Root | Self::Digest { .. })
    }

    /// Its row in the table of codes.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::NotABundle => Code::NotABundle,
            Self::TooLarge { .. } => Code::TooLarge,
            Self::Version { .. } => Code::NewerBundle,
            Self::Length { .. }
            | Self::NotZero { .. }
            | Self::SectionCount { .. }
            | Self::Root
            | Self::Section { .. }
            | Self::Flags { .. }
            | Self::Place { .. }
            | Self::Digest { .. }
            | Self::Malformed { .. } => Code::Damaged,
        }
    }

    /// What to say about the bundle that people call `name`.
    #[must_use]
    pub fn diagnostic(&self, name: &str) -> Diagnostic {
        let damaged = |what: String| {
            let fact = format!("`{name}` is damaged and was not loaded: {what}");
            Diagnostic::without_place(self.code(), fact).help("fetch it again, or build it again")
        };
        let other = |fact: String| Diagnostic::without_place(self.code(), fact);
        match *self {
            Self::NotABundle => other(format!("`{name}` is not a bundle"))
                .help("`policyc build` makes bundles from policies"),
            Self::TooLarge { len, max } => {
                other(format!("`{name}` has {len} bytes; a bundle has at most {max}"))
            }
            Self::Version { part, found, known } => other(version(name, part, found, known))
                .help("use the version of `policyc` that made it, or build it again"),
            Self::Length { len, said } => damaged(match said {
                Some(said) => format!("it has {len} bytes, its header says {said}"),
                None => format!("it ends after {len} bytes, before its sections"),
            }),
            Self::NotZero { at } => damaged(format!("byte {at} must be zero")),
            Self::SectionCount { found } => damaged(format!("no bundle has {found} sections")),
            Self::Root => {
                damaged("header or section table are not what the digest says".to_owned())
            }
            Self::Section { found, expected } => damaged(match expected {
                Some(section) => {
                    format!("section {found} stands where `{}` must stand", section.word())
                }
                None => format!("it has a section {found} too many"),
            }),
            Self::Flags { section, found } => {
                damaged(format!("section `{}` has unknown flags {found:#x}", section.word()))
            }
            Self::Place { section, found, expected } => damaged(format!(
                "section `{}` must start at byte {expected} and end in the file, not at {found}",
                section.word()
            )),
            Self::Digest { section, from, to } => damaged(format!(
                "section `{}`, bytes {from} to {to}, is not what its digest says",
                section.word()
            )),
            Self::Malformed { section, at, problem } => damaged(format!(
                "section `{}` cannot be read at byte {at}: {}",
                section.word(),
                problem.text()
            )),
        }
    }
}

fn version(name: &str, part: Part, found: u16, known: u16) -> String {
    let age = if found > known { "a newer" } else { "an older" };
    format!("`{name}` is of {age} version: {} {found}, here {known}", part.word())
}

/// Why content is not written as a bundle: a limit of `base::limits` is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// A section holds a table that is too long.
    TooMany {
        /// The section.
        section: Section,
        /// Number of entries.
        found: usize,
        /// Most that it may have.
        max: usize,
    },
    /// A constant is nested too deeply.
    ConstantTooDeep {
        /// Deepest nesting that bundles have.
        max: usize,
    },
    /// The bundle would be too long.
    TooLarge {
        /// Its length in bytes.
        len: usize,
        /// The longest that is read.
        max: usize,
    },
}

impl WriteError {
    /// What to say.
    #[must_use]
    pub fn diagnostic(&self) -> Diagnostic {
        let fact = match *self {
            Self::TooMany { section, found, max } => format!(
                "section `{}` of the bundle would have a table of {found} entries; {max} fit",
                section.word()
            ),
            Self::ConstantTooDeep { max } => {
                format!("a constant is nested more than {max} levels deep")
            }
            Self::TooLarge { len, max } => {
                format!("the bundle would have {len} bytes; a bundle has at most {max}")
            }
        };
        Diagnostic::without_place(Code::TooMany, fact)
            .help("split the policies into several bundles")
    }
}
