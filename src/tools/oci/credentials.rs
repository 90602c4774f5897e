//! Who asks a registry: a user and a password.
//!
//! In:      a file with both, or the configuration of Docker.
//! Out:     `Credentials`, which never show themselves.
//! Imports: `lang::value::base64`.
//! Source:  the `config.json` of Docker, which podman, oras, crane and helm write too.

use std::fmt;

use serde_json::Value;

use crate::lang::value::base64::{self, Alphabet};

/// A user and a password, or a token, as they are sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(String);

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
        sendable.then_some(Self(digits))
    }

    /// Of a registry, from the configuration of Docker. `Ok(None)` where it has none.
    ///
    /// # Errors
    /// Why it cannot be used, in words.
    pub fn of_docker(config: &str, registry: &str) -> Result<Option<Self>, &'static str> {
        let config: Value = serde_json::from_str(config).map_err(|_| "it is not JSON")?;
        let own = |it: &&str| {
            let host = it.strip_prefix("https://").or(it.strip_prefix("http://")).unwrap_or(it);
            host.trim_end_matches('/') == registry
        };
        let auths = config.get("auths").and_then(Value::as_object);
        let entry = auths.and_then(|all| all.iter().find(|(key, _)| own(&key.as_str())));
        if let Some(digits) = entry.and_then(|(_, entry)| entry.get("auth")?.as_str()) {
            let mut bytes = Vec::new();
            let whole = base64::decode_to(digits.as_bytes(), Alphabet::Standard, &mut bytes);
            let line = whole.and_then(|()| String::from_utf8(bytes).ok());
            let found = line.as_deref().and_then(Self::of_line);
            return found.map(Some).ok_or("what it says of this registry is no USER:PASSWORD");
        }
        // Where a program keeps the password, nobody is named: no program is started to ask it.
        Ok(None)
    }

    /// What is sent in a header.
    #[must_use]
    pub fn basic(&self) -> String {
        format!("Basic {}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same_and_show_nothing() {
        let line = Credentials::of_line("ann:pass:word\nmore\n").expect("credentials");
        assert_eq!(line.basic(), "Basic YW5uOnBhc3M6d29yZA==");
        assert_eq!(format!("{line:?}"), "Credentials");
        let config = r#"{"auths":{"https://r.example/":{"auth":"YW5uOnBhc3M6d29yZA=="}}}"#;
        assert_eq!(Credentials::of_docker(config, "r.example"), Ok(Some(line)));
        assert_eq!(Credentials::of_docker(config, "s.example"), Ok(None));
        assert_eq!(Credentials::of_docker("{}", "r.example"), Ok(None));
        let kept = r#"{"auths":{"r.example":{}},"credHelpers":{"r.example":"ecr-login"}}"#;
        assert_eq!(Credentials::of_docker(kept, "r.example"), Ok(None));
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
        ] {
            assert!(Credentials::of_docker(config, "r.example").is_err(), "{config}");
        }
    }
}
