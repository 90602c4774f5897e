//! `redact`: what records withhold.
//!
//! In:      the value of the section.
//! Out:     its entries, in order.
//! Imports: `base`, `diag`.
//! Source:  `docs/redaction.md`.

use crate::base::limits::CONTEXT_DEPTH_MAX;
use crate::base::name::Name;
use crate::base::pointer;
use crate::base::span::Spanned;
use crate::compiler::syntax::document::keys::{Keys, bad, choice, list, name, text, wrong};
use crate::compiler::syntax::document::mappings::{self, CLASSES, Class};
use crate::compiler::syntax::document::model::{Bounds, Redaction, RedactionClass};
use crate::compiler::syntax::document::yaml::{Node, Value};
use crate::diag::sink::Sink;

/// `[{path: /args/memo, as: seal}, ..]`.
pub(super) fn redactions(node: &Node, sink: &mut Sink) -> Vec<Redaction> {
    let items = list(node, "`redact`", sink).unwrap_or_default();
    items.iter().filter_map(|item| redaction(item, sink)).collect()
}

fn redaction(node: &Node, sink: &mut Sink) -> Option<Redaction> {
    let keys = Keys::open(node, "an entry of `redact`", sink)?;
    keys.known(&mappings::REDACTION, sink);
    let path = text(&keys.need("path", sink)?.value, "`path`", sink)?;
    let word = match keys.value("as") {
        Some(node) => Some((choice(node, "`as`", &CLASSES, sink)?, node.span)),
        None => None,
    };
    let (word, at) = word.unwrap_or((Class::Seal, path.span));
    let facts = match keys.value("facts") {
        Some(node) => choice(node, "`facts`", &mappings::FACTS, sink)?,
        None => true,
    };
    let class = class(&keys, word, sink)?;
    let steps = steps(&path, sink)?;
    if class == RedactionClass::Hide && steps.last() == Some(&None) {
        let wanted = "a path that ends with a key, as `/args/memo`";
        bad(path.span, "a path to hide", &path.value, wanted, &[], sink);
        return None;
    }
    for (key, of) in [("key", Class::Token), ("bounds", Class::Range)] {
        if let Some(entry) = keys.get(key).filter(|_| word != of) {
            let known = ["path", "as", "facts"];
            let spelled = CLASSES.iter().find(|(_, it)| *it == of).map_or("", |(word, _)| *word);
            let wanted = format!("nothing, or `as: {spelled}` beside it");
            bad(entry.key.span, "a key", key, &wanted, &known, sink);
            return None;
        }
    }
    Some(Redaction { path, keys: steps, class: Spanned::new(class, at), facts })
}

/// What the key of tokens is called where nothing else is said.
const TOKEN_KEY: &str = "default";

/// What the class asks for.
fn class(keys: &Keys<'_>, word: Class, sink: &mut Sink) -> Option<RedactionClass> {
    Some(match word {
        Class::Drop => RedactionClass::Drop,
        Class::Seal => RedactionClass::Seal,
        Class::Shape => RedactionClass::Shape,
        Class::Hide => RedactionClass::Hide,
        Class::Token => match keys.get("key") {
            Some(entry) => RedactionClass::Token(name(&entry.value, "`key`", sink)?.value),
            None => RedactionClass::Token(Name::from(TOKEN_KEY)),
        },
        Class::Range => RedactionClass::Range(bounds(&keys.need("bounds", sink)?.value, sink)?),
    })
}

/// `[0, 100, 1000]`: whole numbers, or numbers of which one at least has a point.
fn bounds(node: &Node, sink: &mut Sink) -> Option<Bounds> {
    let items = list(node, "`bounds`", sink)?;
    let (mut ints, mut doubles) = (Vec::new(), Vec::new());
    for item in items {
        match item.value() {
            Some(Value::Int(int)) => {
                ints.push(int);
                doubles.push(as_double(int));
            }
            Some(Value::Double(double)) if double.is_finite() => doubles.push(double),
            _ => {
                wrong(item, "a bound", "a number", sink);
                return None;
            }
        }
    }
    let whole = ints.len() == doubles.len();
    let ascends = if whole {
        ints.array_windows().all(|[a, b]| a < b)
    } else {
        doubles.array_windows().all(|[a, b]| a < b)
    };
    if items.len() < 2 || !ascends {
        let wanted = "two numbers or more, each greater than the one before it";
        bad(node.span, "`bounds`", node.describe(), wanted, &[], sink);
        return None;
    }
    Some(if whole { Bounds::Ints(ints) } else { Bounds::Doubles(doubles) })
}

#[expect(clippy::cast_precision_loss, reason = "a bound beside others that have a point")]
const fn as_double(int: i64) -> f64 {
    int as f64
}

/// The keys of a path; `None` is a `*`. A path of names may be written as rules write it, with
/// dots; one with other keys is a pointer.
fn steps(path: &Spanned<String>, sink: &mut Sink) -> Option<Vec<Option<Name>>> {
    let dotted = || {
        let names = path.value.split('.').map(|key| {
            let is_name = |at, letter: char| {
                letter == '_' || letter.is_ascii_alphabetic() || at > 0 && letter.is_ascii_digit()
            };
            let named = !key.is_empty() && key.char_indices().all(|(at, it)| is_name(at, it));
            (named || key == "*").then(|| step(key))
        });
        names.collect::<Option<Vec<_>>>()
    };
    let steps: Option<Vec<Option<Name>>> = match path.value.strip_prefix('/') {
        Some(rest) => Some(rest.split('/').map(step).collect()),
        None => dotted(),
    };
    let Some(steps) = steps else {
        let wanted = "a path from the top of the context, as `/args/memo` or `args.memo`";
        bad(path.span, "`path`", &path.value, wanted, &[], sink);
        return None;
    };
    if steps.len() > CONTEXT_DEPTH_MAX {
        let wanted = format!("a path of at most {CONTEXT_DEPTH_MAX} keys");
        bad(path.span, "`path`", &path.value, &wanted, &[], sink);
        return None;
    }
    Some(steps)
}

fn step(key: &str) -> Option<Name> {
    (key != "*").then(|| Name::from(pointer::key(key)))
}
