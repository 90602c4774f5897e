//! Whether a file means the same as before.
//!
//! In:      a file before and after, both read.
//! Out:     whether the documents hold the same values, and their CEL the same words and comments.
//! Imports: `compiler::syntax`.

use crate::compiler::format::SourceDocument;
use crate::compiler::format::words::{Words, split};
use crate::compiler::syntax::document::model::{PolicyDocument, SchemaSource};
use crate::compiler::syntax::document::site::Reading;
use crate::compiler::syntax::document::template::expressions;
use crate::compiler::syntax::document::yaml::{Node, NodeKind, Scalar};

/// Whether `after` says what `before` says.
pub(super) fn is_equivalent(before: &SourceDocument, after: &SourceDocument) -> bool {
    match (&before.root, &after.root) {
        (Some(old), Some(new)) => same_documents((before, old), (after, new)),
        (None, None) => same_rules(before, after),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Words and comments of `old` and `new`, but for commas behind last elements.
fn same_words(old: &str, new: &str) -> bool {
    let (Some(before), Some(after)) = (split(old), split(new)) else { return old == new };
    let kinds = |words: &Words| words.all.iter().map(|word| word.token).collect::<Vec<_>>();
    kinds(&before) == kinds(&after)
        && before.texts(old).eq(after.texts(new))
        && before.notes(old).eq(after.notes(new))
}

/// Messages: the text around the expressions, and their words.
fn same_messages(old: &str, new: &str) -> bool {
    let pieces = |text: &str| {
        let ranges = expressions(text);
        let mut around = String::new();
        let mut at = 0;
        for range in &ranges {
            around.push_str(text.get(at..range.start).unwrap_or_default());
            at = range.end;
        }
        around.push_str(text.get(at..).unwrap_or_default());
        let inner: Vec<String> = ranges
            .into_iter()
            .map(|range| text.get(range).unwrap_or_default().to_owned())
            .collect();
        (around, inner)
    };
    let ((around, old), (still, new)) = (pieces(old), pieces(new));
    around == still
        && old.len() == new.len()
        && old.iter().zip(&new).all(|(old, new)| same_words(old, new))
}

/// The trees of two documents.
fn same_documents(before: (&SourceDocument, &Node), after: (&SourceDocument, &Node)) -> bool {
    let mut work = vec![(before.1, after.1)];
    while let Some((old, new)) = work.pop() {
        let same = match (&old.kind, &new.kind) {
            (NodeKind::Scalar(old), NodeKind::Scalar(new)) => {
                same_scalars((before.0, old), (after.0, new))
            }
            (NodeKind::Sequence { items: old, .. }, NodeKind::Sequence { items: new, .. }) => {
                work.extend(old.iter().zip(new));
                old.len() == new.len()
            }
            (NodeKind::Mapping { entries: old, .. }, NodeKind::Mapping { entries: new, .. }) => {
                work.extend(old.iter().zip(new).map(|(old, new)| (&old.value, &new.value)));
                let keys = old.iter().zip(new).all(|(old, new)| old.key.value == new.key.value);
                keys && old.len() == new.len()
            }
            (NodeKind::Refused, NodeKind::Refused) => true,
            (
                NodeKind::Scalar(_)
                | NodeKind::Sequence { .. }
                | NodeKind::Mapping { .. }
                | NodeKind::Refused,
                _,
            ) => false,
        };
        if !same {
            return false;
        }
    }
    true
}

fn same_scalars(old: (&SourceDocument, &Scalar), new: (&SourceDocument, &Scalar)) -> bool {
    let reading = |(source, scalar): (&SourceDocument, &Scalar)| {
        source.sites.get(&scalar.text.span.start).copied().filter(|_| !scalar.text.text.is_empty())
    };
    let read = reading(old);
    if read != reading(new) {
        return false;
    }
    let ((from, old), (to, new)) = (old, new);
    match read {
        Some(Reading::Decoded) => same_words(&old.text.text, &new.text.text),
        Some(Reading::Raw) => same_words(&old.raw(from.text()).text, &new.raw(to.text()).text),
        Some(Reading::Message) => same_messages(&old.text.text, &new.text.text),
        Some(Reading::Rule) | None => old.text.text == new.text.text && old.style == new.style,
    }
}

/// The rules of two `.cel` files, and what their comments say.
fn same_rules(before: &SourceDocument, after: &SourceDocument) -> bool {
    let texts = |source: &SourceDocument| -> Vec<String> {
        let rules = source.parsed.sites.iter();
        let text = |span| source.files.text(span).to_owned();
        rules.map(|site| text(site.at)).collect()
    };
    let (old, new) = (texts(before), texts(after));
    let (policies, others) = (&before.parsed.policies, &after.parsed.policies);
    old.len() == new.len()
        && old.iter().zip(&new).all(|(old, new)| same_words(old, new))
        && policies.len() == others.len()
        && policies.iter().zip(others).all(|(old, new)| same_notes(old, new))
}

/// What comments say about a file and its rules.
fn same_notes(old: &PolicyDocument, new: &PolicyDocument) -> bool {
    let schema = |document: &PolicyDocument| match &document.schema {
        Some(SchemaSource::File(path)) => Some(path.value.clone()),
        Some(SchemaSource::Inline(_)) | None => None,
    };
    let rules = old.rules.iter().zip(&new.rules).all(|(old, new)| {
        let tools = old.on.iter().map(|tool| &tool.value).eq(new.on.iter().map(|it| &it.value));
        old.id.value == new.id.value
            && old.id_is_written == new.id_is_written
            && old.description == new.description
            && old.severity == new.severity
            && tools
    });
    rules
        && old.rules.len() == new.rules.len()
        && old.name.value == new.name.value
        && old.description == new.description
        && schema(old) == schema(new)
}

#[cfg(test)]
mod tests {
    use super::is_equivalent;
    use crate::compiler::format::read;

    fn is_same(path: &str, old: &str, new: &str) -> bool {
        let read = |text| read(path, text).unwrap_or_else(|why| panic!("{why:?} in {text}"));
        is_equivalent(&read(old), &read(new))
    }

    #[test]
    fn rules_are_their_words_their_comments_and_their_tags() {
        let old = "// @id a\n[1, 2] == x && y // z\n";
        assert!(is_same("a.cel", old, "// @id a\n[\n 1,\n 2,\n] == x\n  && y // z"));
        for new in [
            "// @id b\n[1, 2] == x && y // z\n",
            "// @id a\n// @on t\n[1, 2] == x && y // z\n",
            "// @id a\n[1, 2] == x && y\n",
            "// @id a\n[1, 2] == x || y // z\n",
            "// @id a\n[1, 2] == (x) && y // z\n",
            "// @id a\n[1, 0x2] == x && y // z\n",
            "// @id a\n[1, 2] == x && y // z\nb\n",
        ] {
            assert!(!is_same("a.cel", old, new), "{new}");
        }
    }

    #[test]
    fn documents_are_their_values() {
        let document = |when: &str, deny: &str, rest: &str| {
            format!("policyc: 1\nrules:\n- {{id: a, when: {when}, deny: {deny}}}\n{rest}\n")
        };
        let old = document("\"a==b\"", "'x  {a+b}'", "name: n");
        assert!(is_same("a.yaml", &old, &document("'a == b'", "\"x  {a + b}\"", "name:  n # c")));
        for new in [
            document("\"a==c\"", "'x  {a+b}'", "name: n"),
            document("\"a==b\"", "'x {a+b}'", "name: n"),
            document("\"a==b\"", "'x  {a-b}'", "name: n"),
            document("\"a==b\"", "'x  {a+b}'", "name: m"),
            document("\"a==b\"", "'x  {a+b}'", "name: 'n'"),
            document("\"a==b\"", "'x  {a+b}'", "name: [n]"),
            document("\"a==b\"", "'x  {a+b}'", "name: n\ndescription: n"),
        ] {
            assert!(!is_same("a.yaml", &old, &new), "{new}");
        }
    }
}
