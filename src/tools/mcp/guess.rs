//! What an argument seems to be for, by its name, its type and its format.
//!
//! In:      an argument.
//! Out:     a role, in doubt the one that more rules look at.
//! Imports: `tools::lint`.
//!
//! A target says where something goes, whom it reaches or what is done; a payload is text that may
//! leave with the call. Text is a target unless its name is one of what is said; a number is a
//! target unless its name is one of a quantity: servers number what they act on (`pull_number`).
//! Words are compared, in whatever case and however they are joined; where nothing parts them
//! (`chatid`), the end of a word counts for what is a target.

use crate::tools::lint::shape::words;
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

/// Last words of names of what is said, whatever stands in front that is no order.
const SAID: &[&str] = &[
    "answer",
    "body",
    "caption",
    "comment",
    "content",
    "description",
    "detail",
    "explanation",
    "feedback",
    "headline",
    "markdown",
    "message",
    "note",
    "prompt",
    "question",
    "reason",
    "remark",
    "subject",
    "summary",
    "text",
    "title",
];

/// Last words of names that say when.
const WHEN: &[&str] = &["date", "datetime", "day", "deadline", "month", "time", "year"];

/// Last words of names of quantities, and of places in what is read.
const QUANTITIES: &[&str] = &[
    "amount",
    "byte",
    "column",
    "cost",
    "count",
    "delay",
    "depth",
    "discount",
    "distance",
    "duration",
    "end",
    "fee",
    "head",
    "height",
    "hour",
    "interval",
    "length",
    "limit",
    "line",
    "margin",
    "millisecond",
    "minute",
    "ms",
    "n",
    "offset",
    "page",
    "percent",
    "percentage",
    "precision",
    "price",
    "qty",
    "quantity",
    "quota",
    "radius",
    "rate",
    "rating",
    "ratio",
    "retry",
    "row",
    "score",
    "second",
    "seed",
    "size",
    "skip",
    "speed",
    "start",
    "step",
    "sum",
    "tail",
    "temperature",
    "threshold",
    "timeout",
    "total",
    "ttl",
    "week",
    "weight",
    "width",
];

/// First words of names of quantities, whatever stands behind.
const BOUNDS: &[&str] = &["max", "maximum", "min", "minimum"];

/// Last words of names that count what stands in front: pages or pulls.
const COUNTERS: &[&str] = &["index", "no", "nr", "num", "number"];

/// Words of names of orders and addresses, whatever stands behind.
const ORDERS: &[&str] = &[
    "cmd",
    "code",
    "command",
    "expression",
    "href",
    "procedure",
    "query",
    "script",
    "shell",
    "sql",
    "statement",
    "uri",
    "url",
    "webhook",
];

/// Words of names of places, people and things, where a number may stand for one.
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
    "collection",
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
    "file",
    "filename",
    "filepath",
    "folder",
    "group",
    "guest",
    "handle",
    "host",
    "hostname",
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
    "server",
    "service",
    "sha",
    "site",
    "source",
    "src",
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
    "user",
    "username",
    "uuid",
    "vendor",
    "volume",
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

/// Formats of JSON Schema that say when.
const TIMES: &[&str] = &["date", "date-time", "duration", "time"];

/// The role of an argument. A switch is a value whatever it is called.
pub(super) fn role(name: &str, ty: &Type, format: Option<&str>) -> Role {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(|it| it.trim_matches(char::is_numeric)).collect();
    let is_said = words.last().is_some_and(|word| is_in(SAID, word));
    let is_place = format.is_some_and(|format| FORMATS.contains(&format));
    let is_time = format.is_some_and(|format| TIMES.contains(&format))
        || words.last().is_some_and(|word| is_in(WHEN, word));
    let is_order = words.iter().any(|word| is_in(ORDERS, word) || ends(ORDERS, word));
    let is_thing = words.iter().any(|word| is_in(TARGETS, word) || ends(TARGETS, word));
    let is_quantity = is_said || is_time || counts(&words);
    let is_switch =
        matches!(ty, Type::Scalar("bool") | Type::Nullable("google.protobuf.BoolValue"));
    if is_switch {
        Role::Value
    } else if is_place || is_order {
        Role::Target
    } else if ty.holds_text() {
        if is_said || is_time { Role::Payload } else { Role::Target }
    } else if is_quantity && (is_said || !is_thing) {
        Role::Value
    } else {
        Role::Target
    }
}

/// Whether the words of a name say how many or how much, or where in a text.
fn counts(words: &[&str]) -> bool {
    let bare = match words {
        [front @ .., last] if !front.is_empty() && COUNTERS.contains(last) => front,
        _ => words,
    };
    bare.last().is_some_and(|word| is_in(QUANTITIES, word))
        || words.first().is_some_and(|word| BOUNDS.contains(word))
        || words.starts_with(&["number", "of"])
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

/// Whether a word ends in one of a list: in `id`, or in one of three letters or more, for shorter
/// ones end too many.
fn ends(list: &[&str], word: &str) -> bool {
    let one = word.strip_suffix('s').unwrap_or(word);
    let fits = |known: &str| word.ends_with(known) || one.ends_with(known);
    list.iter().any(|known| (known.len() > 2 || *known == "id") && fits(known))
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("q", Role::Target),
            ("webhookURL", Role::Target),
            ("IPAddress", Role::Target),
            ("URLPath", Role::Target),
            ("APIKey", Role::Target),
            ("DBName", Role::Target),
            ("userIDs", Role::Target),
            ("address2", Role::Target),
            ("chatid", Role::Target),
            ("toaddress", Role::Target),
            ("fileurls", Role::Target),
            ("query", Role::Target),
            ("searchQueries", Role::Target),
            ("command_text", Role::Target),
            ("url_prompt", Role::Target),
            ("sqlText", Role::Target),
            ("start_day", Role::Payload),
            ("dueDate", Role::Payload),
            ("check_in_time", Role::Payload),
            ("date_url", Role::Target),
            ("daytime", Role::Target),
            ("message_text", Role::Payload),
            ("issueTitle", Role::Payload),
            ("context", Role::Target),
            ("comments", Role::Payload),
            ("max-length2", Role::Target),
        ];
        for (name, wanted) in cases {
            assert_eq!(role(name, &text, None), wanted, "{name}");
        }
        for name in ["hotel", "beneficiary", "merchant", "wallet", "password", "airline", "who"] {
            assert_eq!(role(name, &text, None), Role::Target, "in doubt: {name}");
        }
        assert_eq!(role("q", &text, Some("uri")), Role::Target);
        assert_eq!(role("q", &text, Some("date")), Role::Payload);
        assert_eq!(role("page_id", &Type::Scalar("int"), None), Role::Target);
        assert_eq!(role("delete_file", &Type::Scalar("bool"), None), Role::Value);
        assert_eq!(role("options", &Type::Dyn, None), Role::Target);
    }

    #[test]
    fn numbers_are_targets_unless_they_say_how_many() {
        let things = [
            "pull_number",
            "milestone",
            "index",
            "invoiceNo",
            "number",
            "order",
            "x",
            "priority",
            "account_number",
            "max_recipients",
            "per_user",
            "latitude",
            "no",
            "page_id",
            "start_node",
            "end_station",
        ];
        let quantities = [
            "limit",
            "perPage",
            "page_number",
            "pageSize",
            "lineNumber",
            "max_count",
            "startIndex",
            "number_of_steps",
            "retries",
            "amount",
            "n",
            "timeoutMs",
            "context_lines",
            "days",
            "start_time",
            "unit_price",
            "body_offset",
            "message",
        ];
        let ints = Type::List(Box::new(Type::Scalar("int")), None);
        let kinds = [
            Type::Scalar("int"),
            Type::Scalar("double"),
            Type::Nullable("google.protobuf.Int64Value"),
            ints,
        ];
        for ty in kinds {
            for name in things {
                assert_eq!(role(name, &ty, None), Role::Target, "{name}: {ty:?}");
            }
            for name in quantities {
                assert_eq!(role(name, &ty, None), Role::Value, "{name}: {ty:?}");
            }
        }
    }
}
