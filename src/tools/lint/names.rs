//! What names say of the values that they stand for: an identity, an amount, a secret, a path.
//!
//! In:      an expression.
//! Out:     the words of the last name in it, in lower case, and what they are about.
//! Imports: `compiler::check`, `compiler::syntax`.
//!
//! A name is a hint: lints that go by it also ask for an operation that is wrong for such values.

use crate::compiler::check::analysis::{MacroUse, Use};
use crate::compiler::syntax::ast::{ExprId, ExprKind};
use crate::tools::lint::shape::{macro_of, path, words};
use crate::tools::lint::subject::Subject;

/// People and programs, in one word.
const IDENTITIES: [&str; 11] = [
    "user",
    "username",
    "userid",
    "email",
    "mail",
    "principal",
    "caller",
    "actor",
    "owner",
    "login",
    "uid",
];
/// What identities are called before `id` or `name`.
const HOLDERS: [&str; 12] = [
    "user",
    "principal",
    "caller",
    "actor",
    "owner",
    "agent",
    "identity",
    "userinfo",
    "info",
    "client",
    "member",
    "employee",
];
/// Amounts of money.
const AMOUNTS: [&str; 12] = [
    "amount", "price", "balance", "cost", "fee", "salary", "budget", "total", "spend", "payment",
    "limit", "quota",
];
/// Commands that a shell reads.
const COMMANDS: [&str; 7] = ["command", "cmd", "commandline", "cmdline", "shell", "script", "bash"];
/// Hosts, and what has one in it.
const HOSTS: [&str; 15] = [
    "host",
    "hostname",
    "domain",
    "url",
    "uri",
    "origin",
    "issuer",
    "iss",
    "server",
    "endpoint",
    "registry",
    "referer",
    "referrer",
    "authority",
    "image",
];
/// Paths.
const PATHS: [&str; 12] = [
    "path",
    "file",
    "filename",
    "filepath",
    "dir",
    "directory",
    "folder",
    "cwd",
    "root",
    "hostpath",
    "mountpath",
    "location",
];
/// Texts that people write, and texts of many names: what is looked for may stand anywhere.
const PROSE: [&str; 20] = [
    "title",
    "description",
    "message",
    "body",
    "text",
    "comment",
    "content",
    "summary",
    "subject",
    "prompt",
    "query",
    "note",
    "memo",
    "reason",
    "input",
    "output",
    "files",
    "paths",
    "names",
    "tags",
];

/// The words of the last name of `id`; for the variable of a loop, those of the list as well, in
/// the singular.
#[must_use]
pub fn last_words(subject: &Subject<'_>, id: ExprId) -> Vec<String> {
    let ast = subject.ast();
    let steps = path(ast, id).unwrap_or_default();
    let mut found = steps.last().map(|name| words(name)).unwrap_or_default();
    if let Use::Local(local) = subject.checked.used(id) {
        let introduces = |loop_: &ExprId| match macro_of(subject, *loop_) {
            Some(
                MacroUse::All(vars)
                | MacroUse::Exists(vars)
                | MacroUse::ExistsOne(vars)
                | MacroUse::Filter(vars)
                | MacroUse::Map(vars),
            ) => vars.first == *local,
            _ => false,
        };
        let range = subject.ancestors(id).find(introduces).and_then(|it| target(subject, it));
        let plural = range.and_then(|range| path(ast, range)).unwrap_or_default();
        let plural = plural.last().map(|name| words(name)).unwrap_or_default();
        found.extend(plural.iter().map(|word| word.strip_suffix('s').unwrap_or(word).to_owned()));
    }
    found
}

fn target(subject: &Subject<'_>, call: ExprId) -> Option<ExprId> {
    if let ExprKind::Call { target, .. } = subject.ast().kind(call) { *target } else { None }
}

fn ends_in(words: &[String], known: &[&str]) -> bool {
    words.last().is_some_and(|word| known.contains(&word.as_str()))
}

/// Whether it names a person or a program that acts.
#[must_use]
pub fn is_identity(subject: &Subject<'_>, id: ExprId) -> bool {
    let steps = path(subject.ast(), id).unwrap_or_default();
    let mut words: Vec<String> =
        steps.iter().rev().take(2).rev().flat_map(|name| words(name)).collect();
    if ends_in(&words, &["id", "name"]) {
        words.pop();
        return ends_in(&words, &HOLDERS);
    }
    ends_in(&last_words(subject, id), &IDENTITIES)
}

/// Whether it is an address of mail, in which case says little.
#[must_use]
pub fn is_mail(subject: &Subject<'_>, id: ExprId) -> bool {
    ends_in(&last_words(subject, id), &["email", "mail"])
}

/// Whether it names an amount.
#[must_use]
pub fn is_amount(subject: &Subject<'_>, id: ExprId) -> bool {
    ends_in(&last_words(subject, id), &AMOUNTS)
}

/// Whether a shell reads it.
#[must_use]
pub fn is_command(subject: &Subject<'_>, id: ExprId) -> bool {
    let words = last_words(subject, id);
    let line = words.ends_with(&["command".to_owned(), "line".to_owned()]);
    line || ends_in(&words, &COMMANDS)
}

/// Whether it is a host, or a text with one in it.
#[must_use]
pub fn is_host(subject: &Subject<'_>, id: ExprId) -> bool {
    let words = last_words(subject, id);
    ends_in(&words, &HOSTS) || ends_in(&words, &["email", "mail", "recipient"])
}

/// Whether it is a path.
#[must_use]
pub fn is_path(subject: &Subject<'_>, id: ExprId) -> bool {
    ends_in(&last_words(subject, id), &PATHS)
}

/// Whether people write it.
#[must_use]
pub fn is_prose(subject: &Subject<'_>, id: ExprId) -> bool {
    ends_in(&last_words(subject, id), &PROSE)
}

/// Whether the name of a field says that its value is secret.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let words = words(name);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        [.., "page" | "next" | "continue" | "sync" | "previous", "token"] | [] => false,
        [.., "api" | "private" | "secret" | "access" | "signing" | "encryption", "key"] => true,
        [.., last] => matches!(
            *last,
            "password"
                | "passwd"
                | "passphrase"
                | "passcode"
                | "secret"
                | "token"
                | "apikey"
                | "credential"
                | "credentials"
                | "cvv"
                | "cvc"
                | "ssn"
        ),
    }
}
