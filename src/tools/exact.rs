//! What a text of JSON says that its value does not hold: keys given twice, whole numbers beyond
//! 64 bits. `serde_json` keeps the last of the first, and rounds the second.
//!
//! In:      a text that is JSON.
//! Out:     the byte where the first of them begins.
//! Imports: nothing of ours.
//! Source:  `docs/evaluator.md`, "Reading a context".

use std::collections::HashSet;

/// A key or a number of a text.
enum Token<'t> {
    Key(&'t str),
    Number(&'t str),
    Open,
    Close,
}

/// The byte of the first key that its object has had before.
#[must_use]
pub fn twice(text: &str) -> Option<usize> {
    let mut open: Vec<HashSet<String>> = Vec::new();
    find(text, |token| match token {
        Token::Open => {
            open.push(HashSet::new());
            false
        }
        Token::Close => {
            open.pop();
            false
        }
        Token::Key(key) => {
            let key = serde_json::from_str::<String>(key).unwrap_or_default();
            open.last_mut().is_some_and(|keys| !keys.insert(key))
        }
        Token::Number(_) => false,
    })
}

/// The byte of the first whole number that 64 bits do not hold.
#[must_use]
pub fn beyond(text: &str) -> Option<usize> {
    find(text, |token| match token {
        Token::Number(number) => {
            let is_whole = !number.contains(['.', 'e', 'E']);
            is_whole && number.parse::<i64>().is_err() && number.parse::<u64>().is_err()
        }
        Token::Key(_) | Token::Open | Token::Close => false,
    })
}

/// The byte of the first token that is meant.
fn find(text: &str, mut is_meant: impl FnMut(Token<'_>) -> bool) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = text.get(at..)?;
        let (len, token) = match byte {
            b'"' => {
                let len = string(rest);
                let is_key = rest.get(len..)?.trim_ascii_start().starts_with(':');
                (len, is_key.then_some(Token::Key(rest.get(..len)?)))
            }
            b'{' | b'[' => (1, Some(Token::Open)),
            b'}' | b']' => (1, Some(Token::Close)),
            b'-' | b'0'..=b'9' => {
                let end =
                    |byte: u8| !matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9');
                let len = rest.bytes().position(end).unwrap_or(rest.len());
                (len, Some(Token::Number(rest.get(..len)?)))
            }
            _ => (rest.chars().next()?.len_utf8(), None),
        };
        if token.is_some_and(&mut is_meant) {
            return Some(at);
        }
        at += len;
    }
    None
}

/// The bytes of the string that a text begins with.
fn string(text: &str) -> usize {
    let mut is_escaped = false;
    let end = text.bytes().skip(1).position(|byte| {
        let ends = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::{beyond, twice};

    #[test]
    fn keys_and_numbers_that_values_do_not_hold_are_found() {
        for (text, key, number) in [
            (r#"{"a":1,"b":{"a":[{"a":"a\":"},{"a":-1}]}}"#, None, None),
            (r#"{"a":1,"b" :2, "a":3}"#, Some(15), None),
            (r#"[{"x":{"é":1,"\u00e9":"e\"1"}}]"#, Some(14), None),
            (r#"{"a":[18446744073709551615,-9223372036854775808,1e300,0.5,-0]}"#, None, None),
            (r#"{"a":"18446744073709551616","b":18446744073709551616}"#, None, Some(32)),
            (r"[-9223372036854775809]", None, Some(1)),
        ] {
            assert_eq!((twice(text), beyond(text)), (key, number), "{text}");
        }
    }
}
