//! Who asks a registry: a user and a password, or an identity token.
//!
//! In:      a file with both, or the configuration of Docker.
//! Out:     `Credentials`, which never show themselves.
//! Imports: `lang`.
//! Source:  the `config.json` of Docker, which podman, oras, crane and helm write too.

use std::fmt;

use serde_json::Value;

use crate::lang::value::base64::{self, Alphabet};
use crate::tools::oci::reference::called;

/// Who asks.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(Kind);

#[derive(Clone, PartialEq, Eq)]
enum Kind {
    /// A user and a password, as they are sent.
    Password(String),
    /// What tokens are asked for with, in the place of both.
    Identity(String),
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// Of the first line of a file: `USER:PASSWORD`. `None` if it is no such line.
    #[must_use]
    pub fn of_line(text: &str) -> Option<Self> {
        let line = text.lines().next()?;
        let sendable = line.split_once(':').is_some_and(|(user, _)| !user.is_empty());
        let sendable = sendable && !line.contains(char::is_control);
        let mut digits = String::new();
        // Writing to a text does not fail.
        let _ = base64::write(&mut digits, line.as_bytes());
        sendable.then_some(Self(Kind::Password(digits)))
    }

    /// Of a registry, from the configuration of Docker. `Ok(None)` where it has none.
    ///
    /// # Errors
    /// Why it cannot be used, in words.
    pub fn of_docker(config: &str, registry: &str) -> Result<Option<Self>, &'static str> {
        let config: Value = serde_json::from_str(config).map_err(|_| "it is not JSON")?;
        let own = |it: &&str| {
            let host = it.strip_prefix("https://").or(it.strip_prefix("http://")).unwrap_or(it);
            let host = host.trim_end_matches('/');
            let host = host.strip_suffix("/v1").or(host.strip_suffix("/v2")).unwrap_or(host);
            called(host) == called(registry)
        };
        let auths = config.get("auths").and_then(Value::as_object);
        let entry = auths.and_then(|all| all.iter().find(|(key, _)| own(&key.as_str())));
        let said = |name: &str| entry.and_then(|(_, entry)| entry.get(name)?.as_str());
        if let Some(token) = said("identitytoken").filter(|token| !token.is_empty()) {
            let sendable = token.bytes().all(|byte| byte.is_ascii_graphic());
            let own = sendable.then(|| Self(Kind::Identity(token.to_owned())));
            return own.map(Some).ok_or("its identity token of this registry cannot be sent");
        }
        if let Some(digits) = said("auth") {
            let mut bytes = Vec::new();
            let whole = base64::decode_to(digits.as_bytes(), Alphabet::Standard, &mut bytes);
            let line = whole.and_then(|()| String::from_utf8(bytes).ok());
            let found = line.as_deref().and_then(Self::of_line);
            return found.map(Some).ok_or("what it says of this registry is no USER:PASSWORD");
        }
        // Where a program keeps the password, nobody is named: no program is started to ask it.
        Ok(None)
    }

    /// What is sent in a header. `None` where there is no password.
    #[must_use]
    pub fn basic(&self) -> Option<String> {
        match &self.0 {
            Kind::Password(digits) => Some(format!("Basic {digits}")),
            Kind::Identity(_) => None,
        }
    }

    /// The token that others are asked for with.
    #[must_use]
    pub fn identity(&self) -> Option<&str> {
        match &self.0 {
            Kind::Password(_) => None,
            Kind::Identity(token) => Some(token),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same_and_show_nothing() {
        let line = Credentials::of_line("ann:pass:word\nmore\n").expect("credentials");
        assert_eq!(line.basic().as_deref(), Some("Basic YW5uOnBhc3M6d29yZA=="));
        assert_eq!(line.identity(), None);
        assert_eq!(format!("{line:?}"), "Credentials");
        let config = r#"{"auths":{"https://r.example/":{"auth":"YW5uOnBhc3M6d29yZA=="}}}"#;
        assert_eq!(Credentials::of_docker(config, "r.example"), Ok(Some(line)));
        assert_eq!(Credentials::of_docker(config, "s.example"), Ok(None));
        assert_eq!(Credentials::of_docker("{}", "r.example"), Ok(None));
        let kept = r#"{"auths":{"r.example":{}},"credHelpers":{"r.example":"ecr-login"}}"#;
        assert_eq!(Credentials::of_docker(kept, "r.example"), Ok(None));
    }

    #[test]
    fn an_identity_token_is_no_password() {
        let config = r#"{"auths":{"r.example":{"auth":"YW5uOg==","identitytoken":"a.b-c"}}}"#;
        let found = Credentials::of_docker(config, "r.example").expect("a token").expect("one");
        assert_eq!((found.identity(), found.basic()), (Some("a.b-c"), None));
        assert_eq!(format!("{found:?}"), "Credentials");
    }

    #[test]
    fn a_registry_is_found_however_docker_calls_it() {
        let auth = r#"{"auth":"YW5uOnBhc3M6d29yZA=="}"#;
        for (key, registry, found) in [
            ("https://index.docker.io/v1/", "docker.io", true),
            ("docker.io", "docker.io", true),
            ("registry-1.docker.io", "docker.io", true),
            ("https://r.example/v2/", "r.example", true),
            ("r.example/v1", "r.example", true),
            ("r.example/team", "r.example", false),
            ("docker.io.example", "docker.io", false),
            ("https://index.docker.io/v1/", "r.example", false),
        ] {
            let config = format!("{{\"auths\":{{\"{key}\":{auth}}}}}");
            let own = Credentials::of_docker(&config, registry).expect("it can be read");
            assert_eq!(own.is_some(), found, "{key}, {registry}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        for line in ["", "ann", ":word", "ann:wo\u{7}rd"] {
            assert_eq!(Credentials::of_line(line), None, "{line:?}");
        }
        for config in [
            "[",
            r#"{"auths":{"r.example":{"auth":"!!"}}}"#,
            r#"{"auths":{"r.example":{"auth":""}}}"#,
            r#"{"auths":{"r.example":{"auth":"YW5uOnBhc3M*"}}}"#,
            r#"{"auths":{"r.example":{"identitytoken":"a b"}}}"#,
            "{\"auths\":{\"r.example\":{\"identitytoken\":\"a\\nb\"}}}",
        ] {
            assert!(Credentials::of_docker(config, "r.example").is_err(), "{config}");
        }
    }
}
