//! Where the values that a rule read stand in the context.
//!
//! In:      a context as JSON, a place as the keys down to it.
//! Out:     the byte where its value begins.
//! Imports: `base`.
//!
//! The runtime reads a context once and forgets where; this reads it again, for people.

use crate::base::pointer;

/// The byte where the value at `path` begins, if it is there. `text` must be JSON; of keys that
/// are given twice the first counts.
#[must_use]
pub fn locate(text: &[u8], path: &[&str]) -> Option<usize> {
    let mut at = blanks(text, 0);
    'keys: for key in path {
        at = after(text, at, b'{')?;
        while text.get(at) == Some(&b'"') {
            let end = string_end(text, at)?;
            let name: String = serde_json::from_slice(text.get(at..end)?).ok()?;
            let value = after(text, blanks(text, end), b':')?;
            if name == *key {
                at = value;
                continue 'keys;
            }
            at = after(text, blanks(text, value_end(text, value)?), b',')?;
        }
        return None;
    }
    Some(at)
}

/// The byte where the value that a JSON Pointer names begins, if objects alone lead to it.
#[must_use]
pub fn locate_pointer(text: &[u8], at: &str) -> Option<usize> {
    let keys: Vec<String> = pointer::keys(at).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    locate(text, &keys)
}

/// The next word behind `mark`, which must stand at `at`.
fn after(text: &[u8], at: usize, mark: u8) -> Option<usize> {
    (text.get(at) == Some(&mark)).then(|| blanks(text, at + 1))
}

fn blanks(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// The end of the string that begins at `at`.
fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The end of the value that begins at `at`.
fn value_end(text: &[u8], at: usize) -> Option<usize> {
    let (mut at, mut depth) = (at, 0_usize);
    loop {
        match text.get(at)? {
            b'"' => at = string_end(text, at)?,
            b'{' | b'[' => (at, depth) = (at + 1, depth + 1),
            b'}' | b']' | b',' if depth == 0 => return Some(at),
            b'}' | b']' => (at, depth) = (at + 1, depth - 1),
            _ => at += 1,
        }
        if depth == 0 && matches!(text.get(at), Some(b',' | b'}' | b']')) {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{locate, locate_pointer};

    #[test]
    fn finds_values_and_nothing_else() {
        let text = br#" {"a": {"b,}": [1, {"c": "}"}], "c\u0041": 7}, "d" : "x\"" , "e":null}"#;
        let found = |path: &[&str]| locate(text, path).map(|at| char::from(text[at]));
        assert_eq!(found(&[]), Some('{'));
        assert_eq!(found(&["a", "b,}"]), Some('['));
        assert_eq!(found(&["a", "cA"]), Some('7'));
        assert_eq!(found(&["d"]), Some('"'));
        assert_eq!(found(&["e"]), Some('n'));
        assert_eq!(found(&["a", "c"]), None);
        assert_eq!(found(&["d", "x"]), None);
        assert_eq!(found(&["z"]), None);
        assert_eq!(locate_pointer(br#"{"a/b": {"~1": 5}}"#, "/a~1b/~01"), Some(15));
        assert_eq!(locate_pointer(text, ""), Some(1));
        assert_eq!(locate(b"[1]", &["0"]), None);
        assert_eq!(locate(b"{\"a\": ", &["b"]), None);
    }
}
