//! URLs: strict reading and normalising, in place.
//!
//! In:      the bytes of a URL.
//! Out:     its parts; its normal form.
//! Imports: nothing of ours.
//! Source:  RFC 3986; normal form: section 6.2.2.
//!
//! Where programs are known to disagree about the host of a URL it is refused: escapes in a host,
//! addresses in other than their usual form, bytes that RFC 3986 does not have.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Where the parts of a URL lie, as start and end in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Url {
    /// Scheme.
    pub scheme: (usize, usize),
    /// Host and port; empty without an authority.
    pub host: (usize, usize),
    /// Host, of an IPv6 address without the brackets.
    pub hostname: (usize, usize),
    /// Port.
    pub port: (usize, usize),
    /// Path.
    pub path: (usize, usize),
    /// Query, without its question mark.
    pub query: (usize, usize),
}

impl Url {
    /// The parts of a URL that is in normal form.
    #[must_use]
    pub fn normal(text: &[u8]) -> Option<Self> {
        let url = Self::read(text)?;
        let upper = |(start, end)| slice(text, start, end).iter().any(u8::is_ascii_uppercase);
        let path = slice(text, url.path.0, url.path.1);
        let dots = |part: &[u8]| part == b"." || part == b"..";
        let has_dots = path.starts_with(b"/") && path.split(|byte| *byte == b'/').any(dots);
        let has_upper = upper(url.scheme) || upper(url.host);
        let normal = !has_upper && !has_dots && escapes_are_normal(text);
        normal.then_some(url)
    }

    /// The parts of a URL: a scheme and what follows.
    fn read(text: &[u8]) -> Option<Self> {
        let colon = text.iter().position(|byte| *byte == b':')?;
        let scheme = slice(text, 0, colon);
        let in_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        if !scheme.first()?.is_ascii_alphabetic() || !scheme.iter().all(in_scheme) {
            return None;
        }
        let find = |from: usize, stops: &[u8]| {
            let rest = slice(text, from, text.len());
            from + rest.iter().position(|byte| stops.contains(byte)).unwrap_or(rest.len())
        };
        let fragment = find(colon, b"#");
        let query = find(colon, b"?#");
        let has_authority = slice(text, colon + 1, query).starts_with(b"//");
        let path = if has_authority { find(colon + 3, b"/?#") } else { colon + 1 };
        let mut url = Self {
            scheme: (0, colon),
            host: (path, path),
            hostname: (path, path),
            port: (path, path),
            path: (path, query),
            query: ((query + 1).min(fragment), fragment),
        };
        if has_authority {
            url.read_authority(text, colon + 3, path)?;
        }
        let web = [&b"http"[..], b"https", b"ws", b"wss", b"ftp"];
        let needs_host = web.iter().any(|name| scheme.eq_ignore_ascii_case(name));
        let (hostname, end) = url.hostname;
        let valid = valid(slice(text, url.path.0, query), b":@/")
            && valid(slice(text, query + 1, fragment), b":@/?")
            && valid(slice(text, fragment + 1, text.len()), b":@/?")
            && !(needs_host && hostname == end);
        valid.then_some(url)
    }

    /// `[userinfo "@"] host [":" port]`
    fn read_authority(&mut self, text: &[u8], start: usize, end: usize) -> Option<()> {
        let authority = slice(text, start, end);
        let at = authority.iter().position(|byte| *byte == b'@');
        if let Some(at) = at
            && !valid(slice(authority, 0, at), b":")
        {
            return None;
        }
        let host = start + at.map_or(0, |at| at + 1);
        let (name, name_end, rest) = if slice(text, host, end).starts_with(b"[") {
            let close = slice(text, host, end).iter().position(|byte| *byte == b']')?;
            let address = std::str::from_utf8(slice(text, host + 1, host + close)).ok()?;
            address.parse::<Ipv6Addr>().ok()?;
            (host + 1, host + close, host + close + 1)
        } else {
            let colon = slice(text, host, end).iter().position(|byte| *byte == b':');
            let name_end = host + colon.unwrap_or(end - host);
            let name = slice(text, host, name_end);
            if name.contains(&b'%') || !valid(name, b"") || is_odd_address(name) {
                return None;
            }
            (host, name_end, name_end)
        };
        let port = match slice(text, rest, end) {
            [] => rest,
            [b':', digits @ ..] => {
                if digits.len() > 5 || !digits.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                let number = digits.iter().fold(0, |sum, byte| sum * 10 + u32::from(byte & 15));
                if number > 65_535 {
                    return None;
                }
                rest + 1
            }
            _ => return None,
        };
        self.host = (host, end);
        self.hostname = (name, name_end);
        self.port = (port, end);
        Some(())
    }
}

/// Writes the normal form over `text` and returns its length, which is never more; `None` if it
/// is no URL.
#[must_use]
pub fn normalise(text: &mut [u8]) -> Option<usize> {
    let url = Url::read(text)?;
    let (host, end) = url.host;
    text.get_mut(..url.scheme.1)?.make_ascii_lowercase();
    text.get_mut(host..end)?.make_ascii_lowercase();
    let len = normalise_escapes(text);
    let text = text.get_mut(..len)?;
    // Escapes became shorter, so the path may have moved.
    let (start, end) = Url::read(text)?.path;
    let path = resolve_dots(text.get_mut(start..end)?);
    text.copy_within(end.., start + path);
    let len = start + path + len - end;
    let text = slice(text, 0, len);
    // Without a host in front, what is left of the path must not read as one.
    (Url::read(text)?.path.0 == start).then_some(len)
}

/// The value of a hexadecimal digit.
#[must_use]
pub const fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

fn slice(text: &[u8], start: usize, end: usize) -> &[u8] {
    text.get(start..end.max(start)).unwrap_or_default()
}

const fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// Whether all bytes are unreserved, sub-delimiters, one of `more`, or whole escapes.
fn valid(text: &[u8], more: &[u8]) -> bool {
    let mut rest = text;
    loop {
        rest = match rest {
            [] => return true,
            [b'%', high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                rest
            }
            [byte, rest @ ..]
                if is_unreserved(*byte) || b"!$&'()*+,;=".contains(byte) || more.contains(byte) =>
            {
                rest
            }
            _ => return false,
        };
    }
}

/// Whether a host ends in a number but is not an IPv4 address in its usual form: some programs
/// read `0x7f.1` or `2130706433` as `127.0.0.1`.
fn is_odd_address(name: &[u8]) -> bool {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let last = name.rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let hexadecimal = last.len() >= 2 && slice(last, 0, 2).eq_ignore_ascii_case(b"0x");
    let number = !last.is_empty() && last.iter().all(u8::is_ascii_digit);
    let usual = std::str::from_utf8(name).is_ok_and(|name| name.parse::<Ipv4Addr>().is_ok());
    (number || hexadecimal) && !usual
}

/// Whether every escape is needed and spelled in upper case.
fn escapes_are_normal(text: &[u8]) -> bool {
    let is_normal = |escape: &[u8]| match escape {
        [b'%', high, low] => {
            !is_unreserved(hex(*high) << 4 | hex(*low))
                && !high.is_ascii_lowercase()
                && !low.is_ascii_lowercase()
        }
        _ => true,
    };
    text.windows(3).all(is_normal)
}

/// Resolves escapes of unreserved bytes and spells the others in upper case; returns the length.
fn normalise_escapes(text: &mut [u8]) -> usize {
    let (mut from, mut to) = (0, 0);
    while let Some(byte) = text.get(from).copied() {
        let (kept, len, width) = match *slice(text, from, from + 3) {
            [b'%', high, low] => match hex(high) << 4 | hex(low) {
                decoded if is_unreserved(decoded) => ([decoded, 0, 0], 1, 3),
                _ => ([b'%', high.to_ascii_uppercase(), low.to_ascii_uppercase()], 3, 3),
            },
            _ => ([byte, 0, 0], 1, 1),
        };
        for byte in kept.iter().take(len) {
            if let Some(slot) = text.get_mut(to) {
                *slot = *byte;
            }
            to += 1;
        }
        from += width;
    }
    to
}

/// Resolves `.` and `..` in a path that begins with `/`; returns its length.
fn resolve_dots(path: &mut [u8]) -> usize {
    if path.first() != Some(&b'/') {
        return path.len();
    }
    let (mut from, mut to) = (0, 0);
    while from < path.len() {
        let segment = path.get(from + 1..).unwrap_or_default();
        let len = segment.iter().position(|byte| *byte == b'/').unwrap_or(segment.len());
        let end = from + 1 + len;
        let is_last = end == path.len();
        let dots = match slice(path, from + 1, end) {
            b"." => 1,
            b".." => 2,
            _ => 0,
        };
        if dots == 2 {
            let built = slice(path, 0, to);
            to = built.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        }
        if dots == 0 {
            path.copy_within(from..end, to);
            to += end - from;
        } else if is_last && let Some(slot) = path.get_mut(to) {
            *slot = b'/';
            to += 1;
        }
        from = end;
    }
    to
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(text: &str) -> Option<String> {
        let mut bytes = text.as_bytes().to_vec();
        let len = normalise(&mut bytes)?;
        bytes.truncate(len);
        Some(String::from_utf8(bytes).expect("a URL is ASCII"))
    }

    #[test]
    fn normalises() {
        let cases = [
            ("HTTPS://Example.COM:8080/A?B#C", "https://example.com:8080/A?B#C"),
            ("https://a/b/./c/../d", "https://a/b/d"),
            ("https://a/../../b/..", "https://a/"),
            ("https://a/b/.", "https://a/b/"),
            ("https://a/%2e%2E/%7euser/%2fx%3a", "https://a/~user/%2Fx%3A"),
            ("https://a", "https://a"),
            ("https://a?x=/../", "https://a?x=/../"),
            ("https://user:pw@host/", "https://user:pw@host/"),
            ("file:///etc/passwd", "file:///etc/passwd"),
            ("mailto:a@b.c", "mailto:a@b.c"),
            ("http://[::1]:80/", "http://[::1]:80/"),
            ("http://127.0.0.1/", "http://127.0.0.1/"),
        ];
        for (text, wanted) in cases {
            assert_eq!(normal(text).as_deref(), Some(wanted), "{text}");
            assert!(Url::normal(wanted.as_bytes()).is_some(), "{wanted}");
            assert!(text == wanted || Url::normal(text.as_bytes()).is_none(), "{text}");
        }
    }

    #[test]
    fn refuses_what_programs_read_differently() {
        let bad = [
            "",
            "/a/b",
            "example.com",
            "https:///path",
            "https://",
            "https:example.com",
            "https://a\\b",
            "https://a b/",
            "https://a/\u{e9}",
            "https://a/%zz",
            "https://a/%2",
            "https://ex%61mple.com/",
            "https://a@b@c/",
            "https://a:80:90/",
            "https://a:99999/",
            "https://a:00000000000080/",
            "https://a:99999999999999999999/",
            "https://a:x/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://127.1/",
            "https://1.2.3.04/",
            "https://[::1/",
            "https://[::1]x/",
            "https://[v1.x]/",
            "x:/..//evil.com/",
            "1a://b/",
            "https://a/\n",
        ];
        for text in bad {
            assert_eq!(normal(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in "(https?|x)://?[a-c.%2eE@:/?#0-9]{0,24}") {
            if let Some(once) = normal(&text) {
                prop_assert!(once.len() <= text.len());
                prop_assert_eq!(normal(&once), Some(once.clone()));
                prop_assert!(Url::normal(once.as_bytes()).is_some(), "{}", once);
            }
        }

        #[test]
        fn never_panics(text in any::<Vec<u8>>()) {
            let _ = normalise(&mut text.clone());
        }
    }
}
