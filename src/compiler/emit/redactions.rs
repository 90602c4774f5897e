//! What records withhold: what `redact` says, and what schemas mark as sensitive.
//!
//! In:      the checked entries; the types of the contexts.
//! Out:     rows of the bundle; what cannot be withheld as it is written.
//! Source:  `docs/redaction.md`.

use std::collections::{BTreeMap, BTreeSet};

use crate::base::limits::REDACTIONS_MAX;
use crate::base::name::Name;
use crate::base::span::Span;
use crate::compiler::check::analysis::{Analysis, RedactionInfo};
use crate::compiler::emit::CapacityExceeded;
use crate::compiler::emit::marks::Marks;
use crate::compiler::emit::tables::Tables;
use crate::compiler::syntax::document::model::{Bounds, RedactionClass};
use crate::lang::types::{Type, TypeId};
use crate::runtime::bundle::module::{Bound, Redaction, Step, Withhold};

/// An entry of `redact` about a part of what a schema marks as sensitive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OverlappingRedaction {
    /// The entry.
    pub(crate) at: Span,
    /// Its path.
    pub(crate) path: String,
    /// The sensitive field.
    pub(crate) above: String,
    /// Where it is declared.
    pub(crate) declared: Option<Span>,
}

/// Sensitive fields by their paths, each with the place where it is declared.
type Places = BTreeMap<Vec<Option<Name>>, Option<Span>>;

/// Makes the rows of the bundle, in no order yet; what is written and cannot be.
///
/// # Errors
/// `CapacityExceeded` where more is to be withheld than a bundle can hold.
pub(crate) fn redactions(
    analysis: &Analysis,
    marks: &mut Marks<'_>,
    tables: &mut Tables,
) -> Result<Vec<OverlappingRedaction>, CapacityExceeded> {
    let written = &analysis.redactions;
    let mut sensitive = Places::new();
    let contexts: BTreeSet<TypeId> =
        analysis.policies.iter().filter_map(|info| info.context).collect();
    for context in contexts {
        gather(analysis, marks, context, &mut Vec::new(), &mut sensitive);
    }
    let gathered = sensitive.len();
    let mut rows: Vec<Redaction> = written.iter().map(|info| row(info, tables)).collect();
    let seals: Vec<RedactionInfo> = sensitive
        .into_iter()
        .filter(|(path, _)| !written.iter().any(|info| info.meets(path)))
        .map(|(path, span)| {
            let (class, facts) = (RedactionClass::Seal, true);
            RedactionInfo { path, class, facts, span }
        })
        .collect();
    let mut inside = Vec::new();
    for seal in &seals {
        if seals.iter().any(|other| other.covers(&seal.path)) {
            continue;
        }
        let below = written.iter().filter(|info| seal.covers(&info.path));
        inside.extend(below.filter_map(|info| {
            let (path, above) = (info.text(), seal.text());
            Some(OverlappingRedaction { at: info.span?, path, above, declared: seal.span })
        }));
        rows.push(row(seal, tables));
    }
    // Where too many are sensitive, not all of them were gathered.
    if rows.len() > REDACTIONS_MAX || gathered > REDACTIONS_MAX {
        return Err(CapacityExceeded {
            what: "places that records withhold",
            most: REDACTIONS_MAX,
            at: None,
        });
    }
    tables.redactions = rows;
    Ok(inside)
}

/// The sensitive places in values of a type that lie at `path`. Types end; a type that holds itself
/// is `dyn`.
fn gather(
    analysis: &Analysis,
    marks: &mut Marks<'_>,
    ty: TypeId,
    path: &mut Vec<Option<Name>>,
    found: &mut Places,
) {
    if found.len() > REDACTIONS_MAX || marks.held(ty).is_none() {
        return;
    }
    let mut part = |key: Option<Name>, ty: TypeId| {
        path.push(key);
        gather(analysis, marks, ty, path, found);
        path.pop();
    };
    match analysis.types.get(ty) {
        Type::List(inner) | Type::Map(_, inner) => part(None, *inner),
        Type::Optional(inner) => gather(analysis, marks, *inner, path, found),
        Type::Record(record) => {
            let object = analysis.types.object(*record);
            for field in object.fields.iter().filter(|field| !field.sensitive) {
                part(Some(field.name.clone()), field.ty);
            }
            if let Some(rest) = object.rest {
                part(None, rest);
            }
            for field in object.fields.iter().filter(|field| field.sensitive) {
                let key = Some(field.name.clone());
                let whole = path.iter().cloned().chain([key]).collect();
                found.entry(whole).or_insert(field.span);
            }
        }
        _ => {}
    }
}

fn row(info: &RedactionInfo, tables: &mut Tables) -> Redaction {
    let path = info.path.iter().map(|key| match key {
        Some(key) => Step::Key(tables.string(key)),
        None => Step::Any,
    });
    let path = path.collect();
    let class = match &info.class {
        RedactionClass::Drop => Withhold::Drop,
        RedactionClass::Seal => Withhold::Seal,
        RedactionClass::Token(key) => Withhold::Token(tables.string(key)),
        RedactionClass::Shape => Withhold::Shape,
        RedactionClass::Range(Bounds::Ints(ints)) => {
            Withhold::Range(ints.iter().map(|int| Bound::Int(*int)).collect())
        }
        RedactionClass::Range(Bounds::Doubles(doubles)) => {
            Withhold::Range(doubles.iter().map(|it| Bound::Double(it.to_bits())).collect())
        }
        RedactionClass::Hide => Withhold::Hide,
    };
    Redaction { path, class, facts: info.facts }
}
