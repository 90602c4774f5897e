//! Where in a line a value stands.
//!
//! Imports: nothing of ours.

/// The byte of a line of JSON at which the value at `path` begins: keys of objects, and numbers of
/// elements. The nearest value around it, where it is not there.
#[must_use]
pub(super) fn offset(line: &[u8], path: &[&str]) -> usize {
    let mut at = blank(line, 0);
    for key in path {
        let Some(next) = member(line, at, key) else { break };
        at = next;
    }
    at
}

fn blank(line: &[u8], at: usize) -> usize {
    let rest = line.get(at..).unwrap_or_default();
    at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count()
}

/// Where the member `key` of the value at `at` begins.
fn member(line: &[u8], at: usize, key: &str) -> Option<usize> {
    let list = line.get(at)? == &b'[';
    if !list && line.get(at)? != &b'{' {
        return None;
    }
    let mut at = blank(line, at + 1);
    for number in 0_usize.. {
        let byte = *line.get(at)?;
        if byte == b']' || byte == b'}' {
            return None;
        }
        let own = if list {
            number.to_string() == key
        } else {
            let end = text_end(line, at)?;
            let name: Option<String> = serde_json::from_slice(line.get(at..end)?).ok();
            at = blank(line, end);
            at = blank(line, at + usize::from(line.get(at)? == &b':'));
            name.as_deref() == Some(key)
        };
        if own {
            return Some(at);
        }
        at = blank(line, value_end(line, at)?);
        at = blank(line, at + usize::from(line.get(at)? == &b','));
    }
    None
}

/// The byte behind the text that begins at `at`.
fn text_end(line: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match line.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The byte behind the value that begins at `at`.
fn value_end(line: &[u8], at: usize) -> Option<usize> {
    let (mut at, mut depth) = (at, 0_usize);
    loop {
        match line.get(at)? {
            b'"' => at = text_end(line, at)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' if depth > 0 => {
                depth -= 1;
                at += 1;
            }
            b',' | b'}' | b']' if depth == 0 => return Some(at),
            _ => {
                at += 1;
                continue;
            }
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::offset;

    #[test]
    fn values_are_found() {
        let line = br#"{"a": [1, {"b,": "x]\""}, 3], "c\u0064": {"e": null}, "f": 5}"#;
        let at = |path: &[&str]| {
            let rest = &line[offset(line, path)..];
            String::from_utf8_lossy(rest).into_owned()
        };
        assert!(at(&["a"]).starts_with("[1"));
        assert!(at(&["a", "1", "b,"]).starts_with(r#""x]"#));
        assert!(at(&["a", "2"]).starts_with("3]"));
        assert!(at(&["cd", "e"]).starts_with("null"));
        assert!(at(&["f"]).starts_with("5}"));
        assert!(at(&["cd", "g"]).starts_with(r#"{"e""#), "the nearest around it");
        assert_eq!(offset(line, &[]), 0);
        assert_eq!(offset(br#"{"a": "#, &["a", "b"]), 6);
    }
}
