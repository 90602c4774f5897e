//! Fixes that the scalar around an expression can hold.
//!
//! In:      edits inside one expression, and how YAML spells the text around them.
//! Out:     a fix, or none where the text would be read as something else.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`.
//!
//! An edit moves whole pieces of lines within one scalar, so that what is escaped stays escaped.
//! What an edit writes itself has no quotes but those that `quote` names.

use rustc_hash::FxHashMap;

use crate::base::span::{FileId, Span};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::model::{Form, Parsed};
use crate::compiler::syntax::document::scalar::Style;
use crate::compiler::syntax::document::yaml::{self, Node, NodeKind};
use crate::diag::diagnostic::{Edit, Fix};
use crate::diag::sink::Sink;

/// Words that YAML, or an older one, does not take for text.
const WORDS: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

/// How a text is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceSpelling {
    /// A file of CEL.
    Cel,
    /// A scalar of YAML or a string of JSON.
    Scalar {
        /// Its bytes, without quotes.
        at: Span,
        /// How it is written.
        style: Style,
        /// Whether it stands in brackets or braces.
        flow: bool,
    },
}

/// The homes of all expressions of a project.
#[derive(Debug, Default)]
pub struct SourceSpellings {
    cel: Vec<FileId>,
    /// By file, ascending by place.
    scalars: FxHashMap<FileId, Vec<SourceSpelling>>,
}

impl SourceSpellings {
    /// Reads the documents of `parsed` again for the scalars in them.
    #[must_use]
    pub fn of(files: &SourceMap, parsed: &Parsed) -> Self {
        let mut homes = Self::default();
        let ours = parsed.policies.iter().map(|it| (it.file, it.form == Form::PlainCel));
        let others = parsed.cel_policies.iter().map(|it| (it.file, false));
        for (file, is_cel) in ours.chain(others) {
            if is_cel {
                homes.cel.push(file);
            } else {
                homes.scalars.entry(file).or_insert_with(|| {
                    let root = yaml::parse(file, files, &mut Sink::new());
                    root.map(|root| scalars(&root)).unwrap_or_default()
                });
            }
        }
        homes
    }

    /// Where the bytes `at` stand.
    #[must_use]
    pub fn find(&self, at: Span) -> Option<SourceSpelling> {
        if self.cel.contains(&at.file) {
            return Some(SourceSpelling::Cel);
        }
        let scalars = self.scalars.get(&at.file)?;
        let before = scalars.partition_point(|home| home.start() <= at.start);
        let home = *scalars.get(before.checked_sub(1)?)?;
        home.holds(at).then_some(home)
    }
}

impl SourceSpelling {
    fn start(&self) -> u32 {
        match self {
            Self::Cel => 0,
            Self::Scalar { at, .. } => at.start,
        }
    }

    fn holds(&self, span: Span) -> bool {
        match self {
            Self::Cel => true,
            Self::Scalar { at, .. } => at.start <= span.start && span.end <= at.end,
        }
    }

    /// A quote that strings of CEL may have here.
    #[must_use]
    pub const fn quote(&self) -> char {
        match self {
            Self::Scalar { style: Style::Double, .. } => '\'',
            Self::Cel | Self::Scalar { .. } => '"',
        }
    }
}

/// The scalars below `root`, in order of place; values only, for no key is an expression.
fn scalars(root: &Node) -> Vec<SourceSpelling> {
    let mut found = Vec::new();
    let mut left = vec![(root, false)];
    while let Some((node, within)) = left.pop() {
        match &node.kind {
            NodeKind::Scalar(scalar) => {
                let (at, style) = (scalar.text.span, scalar.style);
                found.push(SourceSpelling::Scalar { at, style, flow: within });
            }
            NodeKind::Sequence { items, flow } => {
                left.extend(items.iter().rev().map(|item| (item, within || *flow)));
            }
            NodeKind::Mapping { entries, flow } => {
                left.extend(entries.iter().rev().map(|entry| (&entry.value, within || *flow)));
            }
            NodeKind::Refused => {}
        }
    }
    found
}

/// A fix of these edits, which do not overlap and ascend; `None` where the text around them could
/// not hold what they make, or lines would move.
#[must_use]
pub fn rewrite(
    files: &SourceMap,
    homes: &SourceSpellings,
    title: &str,
    edits: Vec<Edit>,
) -> Option<Fix> {
    let whole = edits.first()?.span.to(edits.last()?.span);
    let home = homes.find(whole)?;
    // Comments of CEL end with their line, and what is moved may stand behind one.
    let lines = |edit: &Edit| edit.text.contains('\n') || comment(files.text(edit.span));
    if edits.iter().any(lines) {
        return None;
    }
    if let SourceSpelling::Scalar { at, style: Style::Plain, flow } = home {
        let mut made = String::new();
        let mut from = at.start;
        for edit in &edits {
            made.push_str(files.text(Span::new(at.file, from, edit.span.start)));
            made.push_str(&edit.text);
            from = edit.span.end;
        }
        made.push_str(files.text(Span::new(at.file, from, at.end)));
        let brackets = |edit: &Edit| edit.text.contains([',', '[', ']', '{', '}']);
        if !is_plain(&made) || flow && edits.iter().any(brackets) {
            return None;
        }
    }
    Some(Fix { title: title.to_owned(), edits, safe: true })
}

/// Whether there may be a comment in several lines of CEL, or of YAML.
fn comment(text: &str) -> bool {
    text.contains('\n') && (text.contains("//") || text.contains('#'))
}

/// Whether YAML takes `text` for text that needs no quotes, wherever it may stand outside of
/// brackets. Stricter than YAML.
fn is_plain(text: &str) -> bool {
    let starts = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    let word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    starts && !word && !text.contains(": ") && !text.contains(" #") && !text.ends_with(':')
}
