//! References to what lies in a registry.
//!
//! In:      text, as `registry.example.com/policies/payments:3@sha256:..`.
//! Out:     `Reference`.
//! Imports: `runtime::bundle`, `tools::inspect`.
//! Source:  OCI Distribution 1.1, "Pulling manifests"; `docs/registries.md`.

use std::fmt;
use std::net::Ipv6Addr;

use crate::runtime::bundle::digest::Digest;
use crate::tools::inspect::{digest_text, read_digest};

/// Most bytes of a registry and a repository together, and of a tag.
const PATH_BYTES_MAX: usize = 255;
const TAG_BYTES_MAX: usize = 128;

/// What people call the registry of Docker: under that name nobody answers.
const DOCKER: &str = "docker.io";
/// Where it answers.
const DOCKER_HOST: &str = "registry-1.docker.io";
/// Whose repositories there are called by one word.
const DOCKER_OWN: &str = "library";

/// What people call the registry with this host.
#[must_use]
pub fn called(host: &str) -> &str {
    if matches!(host, "index.docker.io" | DOCKER_HOST) { DOCKER } else { host }
}

/// What a manifest is asked for by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A tag, which may be moved at any time.
    Tag(String),
    /// Its digest, which says every byte.
    Digest(Digest),
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => f.write_str(tag),
            Self::Digest(digest) => f.write_str(&digest_text(digest)),
        }
    }
}

/// A place in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What the registry is called: its host, and its port where one is named.
    pub registry: String,
    /// The repository.
    pub repository: String,
    /// The tag.
    pub tag: Option<String>,
    /// The digest of the manifest.
    pub digest: Option<Digest>,
}

impl Reference {
    /// Reads one.
    ///
    /// # Errors
    /// Why it is none, in words.
    pub fn read(text: &str) -> Result<Self, &'static str> {
        let text = text.strip_prefix("oci://").unwrap_or(text);
        let (path, digest) = match text.split_once('@') {
            Some((path, digest)) => {
                let digest = read_digest(digest).ok_or("behind `@` stands no sha256 digest")?;
                (path, Some(digest))
            }
            None => (text, None),
        };
        let no_registry = "it names no registry: write HOST/REPOSITORY";
        let (registry, rest) = path.split_once('/').ok_or(no_registry)?;
        // A first part that could be a repository is one of somebody's default registry.
        if !is_host(registry) {
            return Err(no_registry);
        }
        let (repository, tag) = match rest.split_once(':') {
            Some((repository, tag)) => (repository, Some(tag)),
            None => (rest, None),
        };
        if path.len() > PATH_BYTES_MAX + TAG_BYTES_MAX || !repository.split('/').all(is_component) {
            return Err("a repository is made of lower-case letters, digits, `.`, `_`, `-`, `/`");
        }
        if !tag.is_none_or(is_tag) {
            return Err("a tag has 1 to 128 letters, digits, `_`, `.`, `-`, and begins with none \
                        of the last two");
        }
        let registry = called(registry).to_owned();
        let repository = if registry == DOCKER && !repository.contains('/') {
            format!("{DOCKER_OWN}/{repository}")
        } else {
            repository.to_owned()
        };
        Ok(Self { registry, repository, tag: tag.map(str::to_owned), digest })
    }

    /// Where the registry answers.
    #[must_use]
    pub fn host(&self) -> &str {
        if self.registry == DOCKER { DOCKER_HOST } else { &self.registry }
    }

    /// What its manifest is asked for by: the digest, if there is one.
    #[must_use]
    pub fn name(&self) -> Option<Name> {
        let tag = || self.tag.clone().map(Name::Tag);
        self.digest.map(Name::Digest).or_else(tag)
    }

    /// The same place by a digest alone.
    #[must_use]
    pub fn pinned(&self, digest: Digest) -> String {
        format!("{}/{}@{}", self.registry, self.repository, digest_text(&digest))
    }
}

/// Whether this is `localhost`, or has a dot or a port, and nothing that an address cannot have.
fn is_host(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let is_port =
        |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok();
    let six = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let letters = |part: &str| {
        !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let is_address = |six: &str| six.parse::<Ipv6Addr>().is_ok();
    let is_name = six.map_or_else(|| host.split('.').all(letters), is_address);
    let named = host == "localhost" || host.contains('.') || port.is_some() || six.is_some();
    named && is_name && port.is_none_or(is_port)
}

/// Whether this is a part of a repository: words of lower-case letters and digits, with `.`, `_`,
/// `__` or any number of `-` between them.
fn is_component(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let ends = text.bytes().next().is_some_and(plain) && text.bytes().last().is_some_and(plain);
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|byte| !plain(byte)) {
        let (_, signs) = rest.split_at_checked(at).unwrap_or_default();
        let end = signs.bytes().position(plain).unwrap_or(signs.len());
        let (sign, behind) = signs.split_at_checked(end).unwrap_or_default();
        if !matches!(sign, "." | "_" | "__") && !sign.bytes().all(|byte| byte == b'-') {
            return false;
        }
        rest = behind;
    }
    ends
}

fn is_tag(text: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=TAG_BYTES_MAX).contains(&text.len())
        && text.bytes().next().is_some_and(word)
        && text.bytes().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read_as_they_are_meant() {
        let digest = format!("sha256:{}", "ab".repeat(32));
        let pinned = format!("registry.example.com/policies/payments:3@{digest}");
        let read = Reference::read(&pinned).expect("a reference");
        assert_eq!(read.registry, "registry.example.com");
        assert_eq!(read.repository, "policies/payments");
        assert_eq!(read.tag.as_deref(), Some("3"));
        assert_eq!(read.name(), Some(Name::Digest([0xAB; 32])));
        assert_eq!(
            read.pinned([0xAB; 32]),
            format!("registry.example.com/policies/payments@{digest}")
        );
        for (text, registry, tag) in [
            ("localhost/a", "localhost", None),
            ("localhost:5000/a/b-c__d.e:v1.2", "localhost:5000", Some("v1.2")),
            ("oci://10.0.0.1/a", "10.0.0.1", None),
            ("[::1]:5000/a--b:_x", "[::1]:5000", Some("_x")),
        ] {
            let read = Reference::read(text).expect(text);
            assert_eq!((read.registry.as_str(), read.tag.as_deref()), (registry, tag), "{text}");
        }
    }

    #[test]
    fn the_registry_of_docker_is_called_by_its_short_name() {
        for (text, repository) in [
            ("docker.io/ann/policies:3", "ann/policies"),
            ("docker.io/payments", "library/payments"),
            ("index.docker.io/ann/policies", "ann/policies"),
            ("registry-1.docker.io/ann/policies", "ann/policies"),
        ] {
            let read = Reference::read(text).expect(text);
            assert_eq!((read.registry.as_str(), read.host()), ("docker.io", DOCKER_HOST), "{text}");
            assert_eq!(read.repository, repository, "{text}");
            let pinned = read.pinned([0; 32]);
            assert!(pinned.starts_with(&format!("docker.io/{repository}@sha256:")), "{pinned}");
        }
        let other = Reference::read("docker.io.example/payments").expect("a reference");
        assert_eq!((other.host(), other.repository.as_str()), ("docker.io.example", "payments"));
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        for text in [
            "",
            "payments",
            "policies/payments",
            "host.example/",
            "host.example/A",
            "host.example/a//b",
            "host.example/../b",
            "host.example/a_-b",
            "host.example/a.",
            "host.example/a:",
            "host.example/a:-x",
            "host.example/a:x:y",
            "host.example/a?x=1",
            "host.example:x/a",
            "host.example:99999/a",
            "user@host.example/a",
            "ho st.example/a",
            "host..example/a",
            "host.example/a@sha256:ab",
            "host.example/a@sha512:00",
            "[::1/a",
            "http://host.example/a",
        ] {
            assert!(Reference::read(text).is_err(), "{text}");
        }
    }
}
