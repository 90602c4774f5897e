//! JSON Pointers: how a key is written in one.
//!
//! Imports: nothing of ours.
//! Source:  RFC 6901, sections 3 and 4.

/// A key as it stands between two slashes.
#[must_use]
pub fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// The key that stands between two slashes.
#[must_use]
pub fn key(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Whether what stands between two slashes is this key.
#[must_use]
pub fn is(token: &str, wanted: &str) -> bool {
    // No key is longer than it is written.
    token.len() >= wanted.len()
        && if token.bytes().any(|it| it == b'~') { key(token) == wanted } else { token == wanted }
}

/// The keys of a pointer, from the outside in. What lies in front of the first slash is no key.
pub fn keys(pointer: &str) -> impl Iterator<Item = String> {
    pointer.split('/').skip(1).map(key)
}

/// Appends a key to a pointer, and no more memory than that takes.
pub fn push(pointer: &mut String, key: &str) {
    pointer.push('/');
    if !key.bytes().any(|it| matches!(it, b'~' | b'/')) {
        pointer.push_str(key);
        return;
    }
    for character in key.chars() {
        match character {
            '~' => pointer.push_str("~0"),
            '/' => pointer.push_str("~1"),
            other => pointer.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{is, key, keys, push, token};

    #[test]
    fn keys_come_back() {
        for (plain, written) in
            [("", ""), ("a", "a"), ("a/b", "a~1b"), ("m~n", "m~0n"), ("~1", "~01"), ("é", "é")]
        {
            assert_eq!(token(plain), written);
            assert_eq!(key(written), plain);
            assert!(is(written, plain) && !is(written, "other"));
            let mut pointer = String::new();
            push(&mut pointer, plain);
            push(&mut pointer, "last");
            assert_eq!(pointer, format!("/{written}/last"));
            assert_eq!(keys(&pointer).collect::<Vec<_>>(), [plain, "last"]);
        }
        assert_eq!(keys("").count(), 0);
    }
}
