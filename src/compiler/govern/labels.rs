//! The labels of a project: names, numbers, what implies what.

use crate::base::arrange::Arrange as _;
use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::govern::error::GovernError;
use crate::compiler::govern::trust::error::DowngradeError;
use crate::compiler::syntax::document::model::PolicyDocument;
use crate::diag::sink::Sink;
use crate::diag::suggest::nearest;
use crate::lang::glob;
use crate::lang::session::{DECLASSIFIED, SANITIZER, UNKNOWN, is_mark};

/// Reports a mark that something else than a sanitizer sets.
fn set_mark(name: &Spanned<Name>, sink: &mut Sink) {
    sink.report(DowngradeError::MarkSet { at: name.span, name: name.value.clone() });
}

/// Reports sanitizers and declassifications that are there twice.
fn takers_once(documents: &[PolicyDocument], sink: &mut Sink) {
    let sanitizers = documents.iter().flat_map(|it| &it.sanitizers).map(|it| &it.name);
    let entries = documents.iter().flat_map(|it| &it.declassify).map(|it| &it.id);
    for all in [sanitizers.collect::<Vec<_>>(), entries.collect()] {
        for (at, name) in all.iter().enumerate() {
            let before = all.get(..at).unwrap_or_default();
            if let Some(first) = before.iter().find(|it| it.value == name.value) {
                let (at, first, name) = (name.span, first.span, name.value.clone());
                sink.report(DowngradeError::TakerTwice { at, first, name });
            }
        }
    }
}

/// The labels of all documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// Ascending, unique. Empty where no document says anything of labels.
    pub names: Vec<Name>,
    /// For each label those that it brings with it directly: numbers, ascending.
    pub implies: Vec<Vec<u16>>,
    /// Patterns of labels that say that others than the principal and its own systems made a
    /// value, or may have: nothing with one is quoted to people. Ascending, unique.
    pub foreign: Vec<Name>,
}

/// Families whose values the principal, its own systems or a sanitizer made.
const TRUSTED: [&str; 5] = ["own", "input", "clean", "sanitizer", "declassified"];

/// Patterns of the labels that say who made a value, and name none whom everybody trusts.
fn foreign(documents: &[PolicyDocument], names: &[Name]) -> Vec<Name> {
    let secret: Vec<&Name> = documents.iter().flat_map(|it| &it.labels.secret).collect();
    let families = names.iter().filter_map(|name| Some(name.split_once('.')?.0));
    let foreign = families.filter(|family| {
        !TRUSTED.contains(family) && !secret.iter().any(|secret| ***secret == **family)
    });
    let mut patterns: Vec<Name> = foreign.map(|family| Name::from(format!("{family}.*"))).collect();
    patterns.dedup();
    patterns
}

impl Labels {
    /// Those of `documents`; names that nobody declares are reported.
    pub(super) fn of(documents: &[PolicyDocument], sink: &mut Sink) -> Self {
        let speaks = |document: &PolicyDocument| {
            !document.labels.names.is_empty()
                || !document.flow.is_empty()
                || !document.sanitizers.is_empty()
                || !document.declassify.is_empty()
                || document.tools.iter().any(|tool| tool.output.is_some() || !tool.store.is_empty())
        };
        if !documents.iter().any(speaks) {
            return Self::default();
        }
        let written = documents.iter().flat_map(|it| &it.labels.names);
        let mut names: Vec<Name> = written.map(|name| name.value.clone()).collect();
        names.push(Name::new(UNKNOWN));
        let sanitizers = documents.iter().flat_map(|it| &it.sanitizers);
        names.extend(sanitizers.map(|it| Name::from(format!("{SANITIZER}{}", it.name.value))));
        let entries = documents.iter().flat_map(|it| &it.declassify);
        names.extend(entries.map(|it| Name::from(format!("{DECLASSIFIED}{}", it.id.value))));
        names.arrange();
        names.dedup();
        let implies = vec![Vec::new(); names.len()];
        let foreign = foreign(documents, &names);
        let mut labels = Self { names, implies, foreign };
        for (label, others) in documents.iter().flat_map(|it| &it.labels.implies) {
            let numbers: Vec<u16> = others.iter().filter_map(|it| labels.known(it, sink)).collect();
            let Some(own) = labels.known(label, sink) else { continue };
            let marks = others.iter().chain([label]).filter(|name| is_mark(&name.value));
            marks.for_each(|name| set_mark(name, sink));
            if let Some(list) = labels.implies.get_mut(usize::from(own)) {
                list.extend(numbers.into_iter().filter(|it| *it != own));
                list.arrange();
                list.dedup();
            }
        }
        let outputs = documents.iter().flat_map(|it| &it.tools).filter_map(|it| it.output.as_ref());
        for name in outputs.flatten().flat_map(|it| &it.labels) {
            if is_mark(&name.value) {
                set_mark(name, sink);
            }
            labels.known(name, sink);
        }
        for to in documents.iter().flat_map(|it| &it.declassify).filter_map(|it| it.to.as_ref()) {
            if is_mark(&to.value) {
                set_mark(to, sink);
            }
        }
        takers_once(documents, sink);
        labels
    }

    /// Whether the project has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The number of the label with this name.
    #[must_use]
    pub fn number(&self, name: &str) -> Option<u16> {
        let at = self.names.binary_search_by(|known| known.as_str().cmp(name)).ok()?;
        u16::try_from(at).ok()
    }

    /// Whether a label fits the pattern.
    #[must_use]
    pub fn has(&self, pattern: &str) -> bool {
        self.names.iter().any(|name| glob::matches(pattern, name))
    }

    /// The label or family that is nearest to a pattern.
    #[must_use]
    pub fn nearest(&self, pattern: &str) -> Option<String> {
        let family = |name: &Name| {
            let (family, _) = name.split_once('.').unwrap_or_default();
            format!("{family}.*")
        };
        let families: Vec<String> = self.names.iter().map(family).collect();
        let known = self.names.iter().map(Name::as_str);
        nearest(pattern, known.chain(families.iter().map(String::as_str))).map(str::to_owned)
    }

    /// The number of a label that is written; its absence is reported.
    fn known(&self, name: &Spanned<Name>, sink: &mut Sink) -> Option<u16> {
        let number = self.number(&name.value);
        if number.is_none() {
            let (at, pattern) = (name.span, name.value.clone());
            let nearest = self.nearest(&pattern);
            sink.report(GovernError::UnknownLabel { at, pattern, nearest });
        }
        number
    }
}
