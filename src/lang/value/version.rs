//! Semantic versions.
//!
//! In:      text, as `1.2.3-rc.1+build`.
//! Out:     versions, their order.
//! Imports: nothing of ours.
//! Source:  Semantic Versioning 2.0.0; what is normalised: Kubernetes' documentation of `semver`.

use std::cmp::Ordering;

/// A version without what says how it was built, which says nothing about order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Version<'t> {
    /// Major, minor, patch.
    pub numbers: [u64; 3],
    /// Identifiers with dots between them; empty for a release.
    pub pre: &'t str,
}

impl<'t> Version<'t> {
    /// The version that `text` writes. `normalize` takes a `v` before it, zeros before its
    /// numbers, and, without identifiers, fewer than three numbers.
    #[must_use]
    pub fn parse(text: &'t str, normalize: bool) -> Option<Self> {
        let text = if normalize { text.strip_prefix('v').unwrap_or(text) } else { text };
        let (rest, build) = split(text, '+');
        let (core, pre) = split(rest, '-');
        let mut parts = core.split('.');
        let mut numbers = [0; 3];
        for (at, slot) in numbers.iter_mut().enumerate() {
            match parts.next() {
                Some(part) => *slot = number(part, normalize)?,
                None if normalize && at > 0 && pre.is_none() && build.is_none() => {}
                None => return None,
            }
        }
        let is_pre = |part: &str| is_identifier(part) && !(is_number(part) && is_padded(part));
        let valid = parts.next().is_none()
            && pre.is_none_or(|pre| pre.split('.').all(is_pre))
            && build.is_none_or(|build| build.split('.').all(is_identifier));
        valid.then_some(Self { numbers, pre: pre.unwrap_or_default() })
    }
}

fn split(text: &str, at: char) -> (&str, Option<&str>) {
    text.split_once(at).map_or((text, None), |(before, after)| (before, Some(after)))
}

fn is_number(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_padded(part: &str) -> bool {
    part.len() > 1 && part.starts_with('0')
}

fn is_identifier(part: &str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn number(part: &str, normalize: bool) -> Option<u64> {
    if !is_number(part) || (is_padded(part) && !normalize) {
        return None;
    }
    part.parse().ok()
}

impl PartialOrd for Version<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        // A release follows all that led to it.
        let release = self.pre.is_empty().cmp(&other.pre.is_empty());
        let identifiers = || {
            let others = other.pre.split('.').map(Identifier::of);
            self.pre.split('.').map(Identifier::of).cmp(others)
        };
        self.numbers.cmp(&other.numbers).then(release).then_with(identifiers)
    }
}

/// An identifier: numbers come first, and a longer one is larger.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'t> {
    Number(usize, &'t str),
    Text(&'t str),
}

impl<'t> Identifier<'t> {
    fn of(part: &'t str) -> Self {
        if is_number(part) { Self::Number(part.len(), part) } else { Self::Text(part) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_the_standard() {
        let rising = [
            "0.0.0-0",
            "0.9.9",
            "1.0.0-2",
            "1.0.0-11",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0-beta.2",
            "1.0.0-beta.11",
            "1.0.0-rc.1",
            "1.0.0",
            "1.2.0",
            "1.10.0",
            "2.0.0+build-1.01",
        ];
        let versions = rising.map(|text| Version::parse(text, false).expect(text));
        assert!(versions.is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn what_is_a_version() {
        for (text, strict, normalized) in [
            ("1.2.3", true, true),
            ("1.2.3-a.b-c+01.x", true, true),
            ("1.2.3+a-b", true, true),
            ("v1.2.3", false, true),
            ("V1.2.3", false, false),
            ("vv1.2.3", false, false),
            ("01.02.003-a", false, true),
            ("1", false, true),
            ("1.2", false, true),
            ("1.2-a", false, false),
            ("1.2+a", false, false),
            ("1.2.3.4", false, false),
            ("1.2.", false, false),
            ("", false, false),
            ("v", false, false),
            ("1.2.3-01", false, false),
            ("1.2.3-", false, false),
            ("1.2.3+", false, false),
            ("1.2.3-a..b", false, false),
            (" 1.2.3", false, false),
            ("1.2.x", false, false),
            ("1.2.99999999999999999999", false, false),
        ] {
            assert_eq!(Version::parse(text, false).is_some(), strict, "{text}");
            assert_eq!(Version::parse(text, true).is_some(), normalized, "{text}");
        }
    }
}
