//! Every decoded byte of a scalar points at the bytes that spell it.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::syntax::document::yaml::{self, Node};
use policyc::diag::sink::Sink;
use proptest::prelude::*;

fn parse(text: &str) -> Option<Node> {
    let mut files = SourceMap::new();
    let file = files.add("a.yaml", text);
    yaml::parse(file, &files, &mut Sink::new())
}

/// The decoded text of the value of `a`, and the source of each of its characters.
fn spelled(text: &str) -> Option<(String, Vec<String>)> {
    let root = parse(text)?;
    let embedded = &root.get("a")?.value.scalar()?.text;
    assert!(
        // What is blank has no place worth showing.
        embedded.text.trim().is_empty() || !embedded.segments.is_empty(),
        "no segments for {:?} in {text:?}",
        embedded.text
    );
    let mut next = 0;
    for segment in &embedded.segments {
        assert_eq!(segment.decoded, next, "a gap in {text:?}");
        next += segment.decoded_len;
    }
    assert!(embedded.segments.is_empty() || next as usize == embedded.text.len());
    let sources = embedded.text.char_indices().map(|(at, letter)| {
        let span = embedded.span_of(at, at + letter.len_utf8());
        text[span.start as usize..span.end as usize].to_owned()
    });
    Some((embedded.text.clone(), sources.collect()))
}

#[test]
fn by_hand() {
    let cases = [
        ("a: bc # d\n", "bc", "b|c"),
        ("a: 'b''c'\n", "b'c", "b|''|c"),
        ("a: \"b\\tc\\u00e9\\x41\"\n", "b\tcéA", "b|\\t|c|\\u00e9|\\x41"),
        ("a: \"\\ud83d\\ude00\"\n", "😀", "\\ud83d\\ude00"),
        ("a: b\n  c\n\n  d\n", "b c\nd", "b|\n  |c|\n|d"),
        ("a: \"b \\\n  c\"\n", "b c", "b| |c"),
        ("a: |\n  b\n   c\n", "b\n c\n", "b|\n| |c|\n"),
        ("a: |+\n\n  b\n\n", "\nb\n\n", "\n|b|\n|\n"),
        ("a: >-\n  b\n  c\n\n  d\n   e\n", "b c\nd\n e", "b|\n  |c|\n|d|\n| |e"),
        ("a: |-\r\n  b\r\n  c\r\n", "b\nc", "b|\r\n|c"),
    ];
    for (text, decoded, sources) in cases {
        let (found, spelled) = spelled(text).expect(text);
        assert_eq!(found, decoded, "{text:?}");
        assert_eq!(spelled.join("|"), sources, "{text:?}");
    }
}

/// Lines of words, blanks, quotes, escapes and letters of several bytes.
fn line() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a", "bc", " ", "  ", "'", "''", "\"", "\\\\", "\\n", "\\t", "\\x41", "\\u00e9", "\\ ",
        "é", "日", "😀", "#", "-", ":", "==", "(", ")", "\t", ",", "{", "}", "[", "]", "\\",
    ]);
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn document() -> impl Strategy<Value = String> {
    let heads = prop::sample::select(vec![
        "a: ", "a: '", "a: \"", "a: |", "a: |-", "a: |+", "a: >", "a: >-", "a: >+", "a: |2",
        "a: >2-",
    ]);
    let lines = prop::collection::vec((0_usize..3, line()), 0..5);
    let breaks = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    (heads, lines, breaks).prop_map(|(head, lines, end)| {
        let quote = head.chars().last().filter(|last| matches!(last, '\'' | '"'));
        let mut text = head.to_owned();
        for (at, (indent, line)) in lines.iter().enumerate() {
            let inline = at == 0 && (quote.is_some() || head == "a: ");
            if !inline {
                text.push_str(end);
                if !line.is_empty() || *indent > 1 {
                    text.push_str("  ");
                    text.push_str(&" ".repeat(*indent / 2));
                }
            }
            text.push_str(line);
        }
        text.extend(quote);
        text.push_str(end);
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(20_000)
    })]

    /// Whatever the parser accepts is mapped without a gap, and the map agrees with its value.
    #[test]
    fn every_scalar_is_mapped(text in document()) {
        if let Some((decoded, sources)) = spelled(&text).filter(|it| !it.0.trim().is_empty()) {
            for (letter, source) in decoded.chars().zip(&sources) {
                let escaped = source.starts_with(['\\', '\'', '\n', '\r', ' ', '\t']);
                // What is not an escape or a fold spells itself.
                prop_assert!(
                    escaped || source.is_empty() || *source == letter.to_string(),
                    "{letter:?} is spelled {source:?} in {text:?}"
                );
            }
        }
    }

    /// Nothing that is written makes the reader stumble.
    #[test]
    fn any_text_is_read(text in "[a-z:#\\-\\[\\]{}!&*'\"|> \n\t]{0,60}") {
        for path in ["a.yaml", "a.cel", "a.celpolicy"] {
            let (_, found) = super::read_one(path, &format!("policyc: 1\nrules:\n{text}"));
            prop_assert!(found.iter().all(|it| it.span().is_some()));
        }
    }
}
