//! The debug section: names, places and sources, for people. Never read by anything that decides
//! or proves; without the feature `compiler` these bytes are carried along unread.
//!
//! In:      a `Debug`, or the bytes of `Module::debug`.
//! Out:     the other of the two.
//! Imports: `base`.
//! Source:  `docs/bundle-format.md`, section "debug".

use std::fmt;

use bincode::config::{self, Configuration, Limit, LittleEndian, Varint};
use bincode::{Decode, Encode};

use crate::base::limits::{DEBUG_DECODED_BYTES_MAX, YAML_DEPTH_MAX};
use crate::runtime::bundle::digest;
use crate::runtime::bundle::module::Module;

type Format = Configuration<LittleEndian, Varint, Limit<DEBUG_DECODED_BYTES_MAX>>;

const FORMAT: Format = config::standard().with_limit::<DEBUG_DECODED_BYTES_MAX>();

/// Names, places and sources, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Debug {
    /// Sources: logical path and text, beside `Manifest::sources`.
    pub sources: Vec<(String, String)>,
    /// Place of every instruction, beside `Module::code`.
    pub code: Vec<Place>,
    /// Atoms: place, beside the atom numbers.
    pub atoms: Vec<Place>,
    /// Functions: name (of the variable, or empty) and place.
    pub functions: Vec<(String, Place)>,
    /// Rules, beside `Module::rules`.
    pub rules: Vec<RuleDebug>,
    /// Outputs, beside `Module::outputs`.
    pub outputs: Vec<OutputDebug>,
}

/// A place in a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Place {
    /// Index of the source.
    pub source: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// What people want to know of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct RuleDebug {
    /// Name of its document.
    pub policy: String,
    /// The whole rule.
    pub place: Place,
    /// `description`
    pub description: String,
    /// `severity`
    pub severity: String,
    /// `tags`
    pub tags: Vec<String>,
    /// `owner`
    pub owner: String,
    /// Atoms of its condition, in the order of the language; guards that the index took away too.
    pub atoms: Vec<RuleAtom>,
}

/// An atom as a rule has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct RuleAtom {
    /// Its number.
    pub atom: u16,
    /// Where this rule, or a variable that it asks, says it; rules that share an atom each have
    /// their own place of it. Where they have several it is the first.
    pub place: Place,
    /// Whether it reads what `cel.bind` names around it: by itself its source says nothing.
    pub bound: bool,
    /// Whether the index asks it for this rule, and no instruction of the rule.
    pub guard: bool,
}

/// What people want to know of an output.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct OutputDebug {
    /// The whole block `rule` of its document.
    pub place: Place,
    /// `description`
    pub description: String,
    /// Entries of `match` and `aggregate`, in the order of the document.
    pub choices: Vec<ChoiceDebug>,
}

/// An entry of `match` or `aggregate`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct ChoiceDebug {
    /// Blocks around its own.
    pub depth: u16,
    /// The whole entry.
    pub place: Place,
    /// What it yields: the value; of a nested block all of it.
    pub outcome: Place,
    /// Where its condition begins, in instructions from the first of the output's function on.
    pub first: u32,
    /// Where the code of what it yields begins.
    pub then: u32,
    /// One past the last instruction of that: as `then`, where no input leads there.
    pub end: u32,
    /// Atoms of its condition, in the order of the language.
    pub condition: Vec<RuleAtom>,
    /// Atoms of the value that it yields.
    pub yields: Vec<RuleAtom>,
}

impl ChoiceDebug {
    /// Whether it was asked, where `ran` says of an instruction of the output's function whether it
    /// ran. What has no condition begins with what it yields.
    pub fn is_asked(&self, ran: impl Fn(u32) -> bool) -> bool {
        self.first < self.end && ran(self.first)
    }

    /// Whether its condition held, so that what it yields was asked.
    pub fn is_entered(&self, ran: impl Fn(u32) -> bool) -> bool {
        !self.is_dead() && ran(self.then)
    }

    /// Whether no input leads there.
    #[must_use]
    pub const fn is_dead(&self) -> bool {
        self.then >= self.end
    }
}

/// Why debug bytes cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DebugError {
    /// They are not a `Debug`.
    Malformed,
    /// Bytes are left over behind it, from this one on.
    Trailing(usize),
    /// They say the same as other bytes that are the only way to say it.
    NotCanonical,
    /// They are about another bundle: a table is not as long as the one that it stands beside.
    Beside,
    /// A source is not the one that the manifest names.
    Source(usize),
    /// A place lies in no source.
    Place(Place),
}

impl fmt::Display for DebugError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("the section `debug` cannot be read"),
            Self::Trailing(at) => write!(f, "the section `debug` ends at byte {at}, not later"),
            Self::NotCanonical => f.write_str("the section `debug` is written in an unusual way"),
            Self::Beside => f.write_str("the section `debug` is about another bundle"),
            Self::Source(at) => write!(f, "source {at} is not the one that the bundle names"),
            Self::Place(Place { source, start, end }) => {
                write!(f, "source {source} has no bytes {start} to {end}")
            }
        }
    }
}

impl std::error::Error for DebugError {}

/// The bytes of `debug`.
///
/// # Errors
/// `DebugError::Malformed` if a part is too long to be written.
pub fn encode(debug: &Debug) -> Result<Vec<u8>, DebugError> {
    bincode::encode_to_vec(debug, FORMAT).map_err(|_| DebugError::Malformed)
}

/// What `bytes` say, which must be all of `Module::debug`.
///
/// # Errors
/// `DebugError`: the bytes are not what `encode` gives for any `Debug`.
pub fn decode(bytes: &[u8]) -> Result<Debug, DebugError> {
    let (debug, len) =
        bincode::decode_from_slice(bytes, FORMAT).map_err(|_| DebugError::Malformed)?;
    if len != bytes.len() {
        return Err(DebugError::Trailing(len));
    }
    if encode(&debug)? != bytes {
        return Err(DebugError::NotCanonical);
    }
    Ok(debug)
}

/// What people may be shown of `module`: nothing, if its section is missing, cannot be read, or is
/// about another bundle (V28).
#[must_use]
pub fn of(module: &Module) -> Debug {
    let debug = decode(&module.debug).ok();
    debug.filter(|debug| check(debug, module).is_ok()).unwrap_or_default()
}

/// Whether `debug` is about `module`: tables of the same lengths, sources that the manifest
/// names, places inside them (V28). What decides never asks; whoever shows sources may.
///
/// # Errors
/// `DebugError`: what does not fit.
pub fn check(debug: &Debug, module: &Module) -> Result<(), DebugError> {
    let atoms = usize::from(module.manifest.atoms);
    let beside = debug.sources.len() == module.manifest.sources.len()
        && debug.code.len() == module.code.len()
        && debug.atoms.len() == atoms
        && debug.functions.len() == module.functions.len()
        && debug.rules.len() == module.rules.len()
        && debug.outputs.len() == module.outputs.len()
        && rule_atoms(debug).all(|it| usize::from(it.atom) < atoms)
        && debug.outputs.iter().zip(&module.outputs).all(|(output, row)| {
            let function = module.functions.get(usize::from(row.function));
            fits(&output.choices, function.map_or(0, |function| u32::from(function.len)))
        });
    if !beside {
        return Err(DebugError::Beside);
    }
    for (at, (row, (path, text))) in module.manifest.sources.iter().zip(&debug.sources).enumerate()
    {
        let named = usize::try_from(row.path).ok().and_then(|at| module.strings.get(at));
        if named != Some(path.as_str()) || row.digest != digest::of(text.as_bytes()) {
            return Err(DebugError::Source(at));
        }
    }
    let functions = debug.functions.iter().map(|(_, place)| place);
    let rules = debug.rules.iter().map(|rule| &rule.place);
    let own = rule_atoms(debug).map(|atom| &atom.place);
    let outputs = debug.outputs.iter().map(|output| &output.place);
    let choices = debug.outputs.iter().flat_map(|output| &output.choices);
    let choices = choices.flat_map(|choice| [&choice.place, &choice.outcome]);
    let all = debug.code.iter().chain(&debug.atoms).chain(functions).chain(rules).chain(own);
    let all = all.chain(outputs).chain(choices);
    for place in all {
        let source = usize::try_from(place.source).ok().and_then(|at| debug.sources.get(at));
        let range = usize::try_from(place.start).ok().zip(usize::try_from(place.end).ok());
        let inside = source.zip(range).and_then(|((_, text), (start, end))| text.get(start..end));
        if inside.is_none() {
            return Err(DebugError::Place(*place));
        }
    }
    Ok(())
}

/// Whether entries lie in a function of `len` instructions, and each stands in the block of one
/// before it, no deeper than a document has blocks.
fn fits(choices: &[ChoiceDebug], len: u32) -> bool {
    let mut deepest = 0;
    choices.iter().all(|choice| {
        let nested = choice.depth <= deepest && usize::from(choice.depth) < YAML_DEPTH_MAX;
        deepest = choice.depth.saturating_add(1);
        nested && choice.first <= choice.then && choice.then <= choice.end && choice.end <= len
    })
}

/// The atoms of all rules and outputs.
fn rule_atoms(debug: &Debug) -> impl Iterator<Item = &RuleAtom> {
    let choices = debug.outputs.iter().flat_map(|output| &output.choices);
    let own = choices.flat_map(|choice| choice.condition.iter().chain(&choice.yields));
    debug.rules.iter().flat_map(|rule| &rule.atoms).chain(own)
}

#[cfg(test)]
mod tests {
    use super::{
        ChoiceDebug, Debug, DebugError, OutputDebug, Place, RuleAtom, RuleDebug, decode, encode,
        fits,
    };

    fn sample() -> Debug {
        let place = Place { source: 0, start: 300, end: 305 };
        Debug {
            sources: vec![("a.yaml".to_owned(), "x".to_owned())],
            code: vec![place],
            atoms: vec![Place::default()],
            functions: vec![("small".to_owned(), place)],
            rules: vec![RuleDebug {
                policy: "p".to_owned(),
                place,
                tags: vec!["t".to_owned()],
                atoms: vec![RuleAtom { atom: 1, place, bound: true, guard: false }],
                ..RuleDebug::default()
            }],
            outputs: vec![OutputDebug {
                place,
                description: "d".to_owned(),
                choices: vec![ChoiceDebug {
                    depth: 2,
                    place,
                    outcome: Place::default(),
                    first: 3,
                    then: 4,
                    end: 5,
                    condition: vec![RuleAtom { atom: 1, ..RuleAtom::default() }],
                    yields: Vec::new(),
                }],
            }],
        }
    }

    #[test]
    fn the_bytes_never_change() {
        let bytes = encode(&sample()).unwrap_or_default();
        let golden: &[u8] = &[
            1, 6, b'a', b'.', b'y', b'a', b'm', b'l', 1, b'x', // sources
            1, 0, 251, 44, 1, 251, 49, 1, // code
            1, 0, 0, 0, // atoms
            1, 5, b's', b'm', b'a', b'l', b'l', 0, 251, 44, 1, 251, 49, 1, // functions
            1, 1, b'p', 0, 251, 44, 1, 251, 49, 1, 0, 0, 1, 1, b't', 0, // rules
            1, 1, 0, 251, 44, 1, 251, 49, 1, 1, 0, // their atoms
            1, 0, 251, 44, 1, 251, 49, 1, 1, b'd', // outputs
            1, 2, 0, 251, 44, 1, 251, 49, 1, 0, 0, 0, 3, 4, 5, // their entries
            1, 1, 0, 0, 0, 0, 0, 0, // the atoms of these
        ];
        assert_eq!(bytes, golden);
        assert_eq!(decode(&bytes), Ok(sample()));
    }

    #[test]
    fn entries_lie_in_their_function_and_in_one_another() {
        let choice = |depth, first, then, end| ChoiceDebug {
            depth,
            first,
            then,
            end,
            ..ChoiceDebug::default()
        };
        let fine =
            [choice(0, 0, 2, 9), choice(1, 2, 4, 6), choice(1, 6, 6, 6), choice(0, 9, 9, 10)];
        assert!(fits(&fine, 10) && fits(&[], 0));
        assert!(!fits(&fine, 9));
        for wrong in [
            [choice(1, 0, 1, 2), choice(0, 2, 3, 4)],
            [choice(0, 0, 1, 2), choice(2, 2, 3, 4)],
            [choice(0, 1, 0, 2), choice(0, 2, 3, 4)],
            [choice(0, 0, 1, 2), choice(0, 2, 4, 3)],
        ] {
            assert!(!fits(&wrong, 10), "{wrong:?}");
        }
        let deep = |depth| (0..depth).map(|depth| choice(depth, 0, 0, 0)).collect::<Vec<_>>();
        assert!(fits(&deep(64), 0) && !fits(&deep(65), 0));
    }

    #[test]
    fn other_bytes_are_refused() {
        let bytes = encode(&sample()).unwrap_or_default();
        for len in 0..bytes.len() {
            assert!(decode(&bytes[..len]).is_err(), "cut at {len}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert_eq!(decode(&longer), Err(DebugError::Trailing(bytes.len())));
        // 251 0 0 is a long way to say 0.
        assert_eq!(decode(&[0, 0, 0, 0, 0, 251, 0, 0]), Err(DebugError::NotCanonical));
        // A length that no memory holds.
        assert_eq!(
            decode(&[253, 255, 255, 255, 255, 255, 255, 255, 127]),
            Err(DebugError::Malformed)
        );
    }
}
