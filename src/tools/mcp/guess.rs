//! What an argument seems to be for, by its name, its type and its format.
//!
//! In:      an argument.
//! Out:     a role, in doubt the one that more rules look at.
//! Imports: `tools::mcp`.
//!
//! A target says where something goes, whom it reaches or what is done; a payload is text that may
//! leave with the call. Words are compared, in whatever case and however they are joined.

use crate::tools::mcp::schema::Type;

/// A role, as documents write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Where, whom, what.
    Target,
    /// What is said.
    Payload,
    /// A number, a switch.
    Value,
}

impl Role {
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Payload => "payload",
            Self::Value => "value",
        }
    }
}

/// Last words of names of what is said, whatever stands in front.
const SAID: &[&str] = &[
    "body",
    "caption",
    "comment",
    "content",
    "description",
    "message",
    "note",
    "prompt",
    "reason",
    "subject",
    "summary",
    "text",
    "title",
];

/// Words of names of places, people, things and orders.
const TARGETS: &[&str] = &[
    "account",
    "address",
    "assignee",
    "attendee",
    "bcc",
    "board",
    "branch",
    "bucket",
    "calendar",
    "callback",
    "cc",
    "channel",
    "chat",
    "cluster",
    "cmd",
    "code",
    "collection",
    "command",
    "commit",
    "contact",
    "container",
    "conversation",
    "customer",
    "database",
    "db",
    "dest",
    "destination",
    "device",
    "dir",
    "directory",
    "document",
    "domain",
    "email",
    "endpoint",
    "env",
    "environment",
    "event",
    "expression",
    "file",
    "filename",
    "filepath",
    "folder",
    "group",
    "guest",
    "handle",
    "host",
    "hostname",
    "href",
    "iban",
    "id",
    "image",
    "instance",
    "invitee",
    "ip",
    "issue",
    "key",
    "link",
    "location",
    "member",
    "name",
    "namespace",
    "node",
    "object",
    "org",
    "organization",
    "owner",
    "package",
    "participant",
    "path",
    "payee",
    "peer",
    "permission",
    "phone",
    "pid",
    "pod",
    "port",
    "procedure",
    "process",
    "project",
    "proxy",
    "queue",
    "receiver",
    "recipient",
    "record",
    "ref",
    "region",
    "registry",
    "remote",
    "repo",
    "repository",
    "resource",
    "revision",
    "role",
    "room",
    "schema",
    "scope",
    "script",
    "server",
    "service",
    "sha",
    "shell",
    "site",
    "source",
    "sql",
    "src",
    "statement",
    "store",
    "table",
    "tag",
    "target",
    "team",
    "tenant",
    "thread",
    "ticket",
    "to",
    "topic",
    "uid",
    "uri",
    "url",
    "user",
    "username",
    "uuid",
    "vendor",
    "volume",
    "webhook",
    "website",
    "workspace",
    "zone",
];

/// Formats of JSON Schema that name a place or a person.
const FORMATS: &[&str] = &[
    "email",
    "hostname",
    "idn-email",
    "idn-hostname",
    "ipv4",
    "ipv6",
    "iri",
    "iri-reference",
    "uri",
    "uri-reference",
    "uri-template",
    "uuid",
];

/// The role of an argument. A switch is a value whatever it is called.
pub(super) fn role(name: &str, ty: &Type, format: Option<&str>) -> Role {
    let words = words(name);
    let is_said = words.last().is_some_and(|word| is_in(SAID, word));
    let is_place = format.is_some_and(|format| FORMATS.contains(&format));
    let is_target = is_place || words.iter().any(|word| is_in(TARGETS, word)) && !is_said;
    let is_switch =
        matches!(ty, Type::Scalar("bool") | Type::Nullable("google.protobuf.BoolValue"));
    match (is_target && !is_switch, ty.holds_text()) {
        (true, _) => Role::Target,
        (false, true) => Role::Payload,
        (false, false) => Role::Value,
    }
}

/// Whether a list has a word, in the singular or the plural.
fn is_in(list: &[&str], word: &str) -> bool {
    let singular = |ending: &str| word.strip_suffix(ending).is_some_and(|it| list.contains(&it));
    let berries = word.strip_suffix("ies").map(|stem| format!("{stem}y"));
    list.contains(&word)
        || singular("s")
        || singular("es")
        || berries.is_some_and(|it| list.contains(&it.as_str()))
}

/// The words of a name, in lower case: parted by anything but letters, and where `camelCase` parts
/// them.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let parts = !c.is_alphabetic() || c.is_uppercase() && was_lower;
        if parts {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphabetic()) {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_parted_into_words() {
        let cases: [(&str, &[&str]); 6] = [
            ("repo_path", &["repo", "path"]),
            ("fileId", &["file", "id"]),
            ("URL", &["url"]),
            ("max-length2", &["max", "length"]),
            ("", &[]),
            ("newText", &["new", "text"]),
        ];
        for (name, wanted) in cases {
            assert_eq!(words(name), wanted, "{name}");
        }
    }

    #[test]
    fn what_looks_like_a_target_is_one() {
        let text = Type::Scalar("string");
        let cases = [
            ("path", Role::Target),
            ("recipients", Role::Target),
            ("repositories", Role::Target),
            ("addresses", Role::Target),
            ("emailBody", Role::Payload),
            ("message_id", Role::Target),
            ("file_contents", Role::Payload),
            ("q", Role::Payload),
            ("webhookURL", Role::Target),
        ];
        for (name, wanted) in cases {
            assert_eq!(role(name, &text, None), wanted, "{name}");
        }
        assert_eq!(role("q", &text, Some("uri")), Role::Target);
        assert_eq!(role("q", &text, Some("date")), Role::Payload);
        assert_eq!(role("page_id", &Type::Scalar("int"), None), Role::Target);
        assert_eq!(role("limit", &Type::Scalar("int"), None), Role::Value);
        assert_eq!(role("delete_file", &Type::Scalar("bool"), None), Role::Value);
        assert_eq!(role("options", &Type::Dyn, None), Role::Payload);
    }
}
