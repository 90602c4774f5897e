//! What policies for agents need beside CEL: URLs and paths.
//!
//! In:      strings.
//! Out:     URLs and their parts; whether a path lies below another.
//! Imports: its own room alone.
//! Source:  RFC 3986.
//!
//! A URL is kept as its normalised text and is a string at run time; only the checker tells them
//! apart. So the accessors check the text that they are given: a string that `url` would change
//! is `BadConversion`.

use crate::lang::error::EvalError;
use crate::lang::functions::url::{self, Url};
use crate::lang::functions::{
    Cost, Function, Library, Outcome, POLICYC, Sig, expect, global, member,
};
use crate::lang::value::heap::Heap;
use crate::lang::value::{Space, Tag, Value, map};

/// URLs, which documents of ours have unasked. They are not those of Kubernetes, which takes paths
/// as well and normalises nothing.
pub const URLS: Library = Library { name: "policyc.urls", since: 0 };
/// The type of URLs.
pub const URL: &str = "policyc.Url";

/// The rows.
pub const ROWS: &[Function] = &[
    global(172, "url", "string_to_url")
        .takes(&[Sig::String], Sig::Opaque(URL))
        .of(URLS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "A URL, written as RFC 3986 says and normalised: scheme and host in lower case, `.` \
            and `..` resolved, what needs no escape unescaped.",
            &[("url('HTTPS://Example.com/a/../b') == url('https://example.com/b')", "true")],
        )
        .calls(url_of),
    global(368, "isURL", "is_url")
        .takes(&[Sig::String], Sig::Bool)
        .of(URLS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "Whether the text is a URL, as `url` takes it.",
            &[("isURL('https://example.com:8080/a')", "true"), ("isURL('example.com')", "false")],
        )
        .calls(is_url),
    member(173, "getScheme", "url_get_scheme")
        .takes(&[Sig::Opaque(URL)], Sig::String)
        .of(URLS)
        .fails()
        .costs(Cost::Linear)
        .doc("The scheme.", &[("url('https://example.com:8080/a').getScheme()", "'https'")])
        .calls(scheme),
    member(174, "getHost", "url_get_host")
        .takes(&[Sig::Opaque(URL)], Sig::String)
        .of(URLS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The host with its port; empty if there is none.",
            &[("url('https://example.com:8080/a').getHost()", "'example.com:8080'")],
        )
        .calls(host),
    member(175, "getHostname", "url_get_hostname")
        .takes(&[Sig::Opaque(URL)], Sig::String)
        .of(URLS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The host without its port, and an IPv6 address without brackets.",
            &[("url('https://[::1]:8080/').getHostname()", "'::1'")],
        )
        .calls(hostname),
    member(176, "getPort", "url_get_port")
        .takes(&[Sig::Opaque(URL)], Sig::String)
        .of(URLS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The port; empty if there is none.",
            &[("url('https://example.com:8080/a').getPort()", "'8080'")],
        )
        .calls(port),
    member(177, "getEscapedPath", "url_get_escaped_path")
        .takes(&[Sig::Opaque(URL)], Sig::String)
        .of(URLS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The path, escapes kept.",
            &[("url('https://example.com/a%20b').getEscapedPath()", "'/a%20b'")],
        )
        .calls(path),
    member(178, "getQuery", "url_get_query")
        .takes(&[Sig::Opaque(URL)], Sig::Map(&Sig::String, &Sig::List(&Sig::String)))
        .of(URLS)
        .fails()
        .costs(Cost::Linear)
        .doc(
            "The values of each parameter of the query, escapes resolved.",
            &[(
                "url('https://example.com/?a=1&b=2&a=3').getQuery()",
                "{'a': ['1', '3'], 'b': ['2']}",
            )],
        )
        .calls(query),
    global(179, "path.within", "path_within")
        .takes(&[Sig::String, Sig::String], Sig::Bool)
        .of(POLICYC)
        .costs(Cost::Linear)
        .doc(
            "Whether a path is the second path or lies below it, after `.` and `..` are resolved. \
            It goes by letters, and only `/` parts names, as in POSIX: `..\\` is a name, and so is \
            `~`; the file system is not asked, so links are not followed.",
            &[
                ("path.within('/repo/src/../a', '/repo')", "true"),
                ("path.within('/repo/../etc/passwd', '/repo')", "false"),
                ("path.within('/repo-old/a', '/repo')", "false"),
            ],
        )
        .calls(within),
];

fn text(args: &[Value]) -> Result<&Value, EvalError> {
    let value = args.first().ok_or(EvalError::NoSuchOverload)?;
    expect(value, Tag::String)?;
    Ok(value)
}

fn url_of(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let text = text(args)?;
    let start = heap.store.mark().0;
    heap.append(text)?;
    let normal = url::normalise(heap.store.tail_mut(start)).ok_or(EvalError::BadConversion);
    let end = start + *normal.as_ref().unwrap_or(&0);
    heap.store.truncate_text(end);
    normal?;
    heap.finish_text(Tag::String, start)
}

fn is_url(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let text = text(args)?;
    let start = heap.store.mark().0;
    heap.append(text)?;
    let known = url::normalise(heap.store.tail_mut(start)).is_some();
    heap.store.truncate_text(start);
    Ok(Value::bool(known))
}

/// A part of a URL as a string; it lies inside the text of the URL.
fn part(heap: &Heap<'_>, args: &[Value], read: fn(&Url) -> (usize, usize)) -> Outcome {
    let value = text(args)?;
    let bytes = heap.bytes(value);
    let url = Url::normal(bytes).ok_or(EvalError::BadConversion)?;
    let (start, end) = read(&url);
    let part = bytes.get(start..end).unwrap_or_default();
    let off = value.off() + u32::try_from(start).map_err(|_| EvalError::Budget)?;
    Ok(Value::text(Tag::String, value.space(), off, part))
}

macro_rules! parts {
    ($($name:ident = $read:expr;)*) => {$(
        fn $name(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
            part(heap, args, $read)
        }
    )*};
}

parts! {
    scheme = |url| url.scheme;
    host = |url| url.host;
    hostname = |url| url.hostname;
    port = |url| url.port;
    path = |url| url.path;
}

/// Parameters are parted by `&`; `+` stands for a space, as in forms.
fn query(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let value = text(args)?;
    let url = Url::normal(heap.bytes(value)).ok_or(EvalError::BadConversion)?;
    let height = heap.store.height();
    let map = push_parameters(heap, value, url.query)
        .and_then(|()| group_parameters(heap, height))
        .and_then(|()| map::finish(heap, height));
    heap.store.drop_stack(height);
    map
}

/// Pushes name, position and value of each parameter.
fn push_parameters(
    heap: &mut Heap<'_>,
    text: &Value,
    (start, end): (usize, usize),
) -> Result<(), EvalError> {
    let mut at = start;
    while at < end {
        let bytes = heap.bytes(text).get(at..end).unwrap_or_default();
        let stop = at + bytes.iter().position(|byte| *byte == b'&').unwrap_or(bytes.len());
        let pair = heap.bytes(text).get(at..stop).unwrap_or_default();
        let equals = at + pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
        if stop > at {
            let name = decode(heap, text, at, equals)?;
            let value = decode(heap, text, (equals + 1).min(stop), stop)?;
            heap.store.push_stack(name)?;
            heap.store.push_stack(Value::uint(at as u64))?;
            heap.store.push_stack(value)?;
        }
        at = stop + 1;
    }
    Ok(())
}

/// A string of the bytes from `start` to `end`, escapes resolved.
fn decode(heap: &mut Heap<'_>, text: &Value, start: usize, end: usize) -> Outcome {
    let built = heap.store.mark().0;
    let mut at = start;
    while at < end {
        let rest = heap.bytes(text).get(at..end).unwrap_or_default();
        let (byte, width) = match rest {
            [b'%', high, low, ..] => (url::hex(*high) << 4 | url::hex(*low), 3),
            [b'+', ..] => (b' ', 1),
            [byte, ..] => (*byte, 1),
            [] => break,
        };
        heap.store.push_text(&[byte])?;
        at += width;
    }
    let value = heap.finish_text(Tag::String, built)?;
    if heap.str(&value).len() == value.len() as usize {
        Ok(value)
    } else {
        Err(EvalError::BadConversion)
    }
}

/// Turns the name, position, value on the stack above `height` into name, list of values.
fn group_parameters(heap: &mut Heap<'_>, height: usize) -> Result<(), EvalError> {
    let (view, stack) = heap.split(height);
    let (triples, _) = stack.as_chunks_mut::<3>();
    let count = triples.len();
    triples.sort_unstable_by(|[a, at, _], [b, other, _]| {
        view.bytes(a).cmp(view.bytes(b)).then(at.bits().cmp(&other.bits()))
    });
    let triple = |heap: &mut Heap<'_>, at: usize| -> Option<[Value; 3]> {
        let (_, stack) = heap.split(height);
        stack.as_chunks::<3>().0.get(at).copied()
    };
    let (mut from, mut groups) = (0, 0);
    while let Some([name, _, _]) = triple(heap, from) {
        let off = u32::try_from(heap.store.mark().1).map_err(|_| EvalError::Budget)?;
        let mut to = from;
        while let Some([other, _, value]) = triple(heap, to) {
            if heap.bytes(&other) != heap.bytes(&name) {
                break;
            }
            heap.store.push_elements(&[value])?;
            to += 1;
        }
        let len = u32::try_from(to - from).map_err(|_| EvalError::Budget)?;
        let list = Value::list(Space::Arena, off, len, 1);
        let (_, stack) = heap.split(height);
        if let Some(entry) = stack.as_chunks_mut::<2>().0.get_mut(groups) {
            *entry = [name, list];
        }
        from = to;
        groups += 1;
    }
    debug_assert!(from == count, "every parameter is in a group");
    heap.store.drop_stack(height + 2 * groups);
    Ok(())
}

fn within(heap: &mut Heap<'_>, args: &[Value]) -> Outcome {
    let [path, root] = args else { return Err(EvalError::NoSuchOverload) };
    expect(path, Tag::String)?;
    expect(root, Tag::String)?;
    Ok(Value::bool(is_within(heap.str(path), heap.str(root))))
}

/// Whether `path` is `root` or lies below it, as far as the text tells.
///
/// An absolute path and a relative one say nothing about each other; the empty path and paths
/// with a zero byte, which programs cut there, are within nothing.
#[must_use]
pub fn is_within(path: &str, root: &str) -> bool {
    let odd = |path: &str| path.is_empty() || path.contains('\0');
    let absolute = path.starts_with('/');
    if odd(path) || odd(root) || absolute != root.starts_with('/') {
        return false;
    }
    let (path_up, path_count) = measure(path);
    let (root_up, root_count) = measure(root);
    // `..` above the root of the file system stays there. A relative path climbs out of the
    // directory that nobody named; what that one is called is not known.
    let same_start = absolute || path_up == root_up || (root_count == 0 && path_up < root_up);
    same_start
        && path_count >= root_count
        && resolved(path).skip(path_count - root_count).eq(resolved(root))
        || (same_start && root_count == 0)
}

/// How many times a path climbs above its start, and how many components it has after that.
fn measure(path: &str) -> (usize, usize) {
    path.split('/').fold((0, 0), |(up, count), component| match component {
        "" | "." => (up, count),
        ".." if count == 0 => (up + 1, 0),
        ".." => (up, count - 1),
        _ => (up, count + 1),
    })
}

/// The components that remain when `.` and `..` are resolved, last first.
fn resolved(path: &str) -> impl Iterator<Item = &str> {
    let mut skip = 0_usize;
    path.rsplit('/').filter(move |component| match *component {
        "" | "." => false,
        ".." => {
            skip += 1;
            false
        }
        _ if skip > 0 => {
            skip -= 1;
            false
        }
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::lang::value::heap::Store;
    use crate::lang::value::json;

    #[test]
    fn paths_are_resolved() {
        let cases = [
            ("/repo", "/repo", true),
            ("/repo/", "/repo", true),
            ("/repo//a/./b", "/repo/", true),
            ("/repo/src/../a", "/repo", true),
            ("/repo/../etc/passwd", "/repo", false),
            ("/repo/a/../../repo/b", "/repo", true),
            ("/repo-old/a", "/repo", false),
            ("/re", "/repo", false),
            ("/../repo/a", "/repo", true),
            ("/anything", "/", true),
            ("repo/a", "/repo", false),
            ("/repo/a", "repo", false),
            ("a/b", "a", true),
            ("./a/b", "a", true),
            ("a", ".", true),
            ("../a", ".", false),
            ("../a", "..", true),
            ("a", "..", true),
            ("a", "../x", false),
            ("../x/y", "../x", true),
            ("../../x", "..", false),
            ("", "", false),
            ("a", "", false),
            ("/repo/a\0/../../etc", "/repo", false),
        ];
        for (path, root, wanted) in cases {
            assert_eq!(is_within(path, root), wanted, "{path} in {root}");
        }
    }

    fn resolve(path: &str) -> Vec<&str> {
        let mut parts = Vec::new();
        for part in path.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        parts
    }

    proptest! {
        #[test]
        fn absolute_paths_agree_with_a_stack(
            path in r"/(a|b|\.|\.\.|/){0,9}",
            root in r"/(a|b|\.\.|/){0,5}",
        ) {
            let wanted = resolve(&path).starts_with(&resolve(&root));
            prop_assert_eq!(is_within(&path, &root), wanted);
        }
    }

    #[test]
    fn parts_of_urls() {
        let mut store = Store::new(1_024, 64);
        let mut heap = Heap::of(&mut store);
        let text = "HTTPS://me@[::1]:8080/a%2Fb?x=1&y&x=a+b%21&=z#f";
        let text = heap.new_string(text).expect("room");
        let url = url_of(&mut heap, &[text]).expect("a URL");
        let parts = [scheme, host, hostname, port, path].map(|part| part(&mut heap, &[url]));
        let texts = parts.map(|part| heap.str(&part.expect("a part")).to_owned());
        assert_eq!(texts, ["https", "[::1]:8080", "::1", "8080", "/a%2Fb"]);
        let map = query(&mut heap, &[url]).expect("a query");
        let mut shown = String::new();
        json::write(&heap.view(), &map, json::Form::Plain, &mut shown).expect("small");
        assert_eq!(shown, r#"{"":["z"],"x":["1","a b!"],"y":[""]}"#);
        let raw = scheme(&mut heap, &[text]).map(|value| value.len());
        assert_eq!(raw, Err(EvalError::BadConversion));
        assert_eq!(heap.store.height(), 0);
    }
}
