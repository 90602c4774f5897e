//! W0534: a host or a path that is judged by a piece of its text.

use crate::compiler::syntax::ast::ExprId;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::names::{is_host, is_path};
use crate::tools::lint::shape::{call, text};
use crate::tools::lint::subject::Subject;

/// Ends of names of hosts that are no ends of names of files.
const TOP: [&str; 20] = [
    "com", "org", "net", "io", "dev", "edu", "gov", "ch", "de", "fr", "uk", "eu", "us", "internal",
    "local", "example", "test", "cloud", "app", "corp",
];

/// Reports `contains`, `startsWith` and `endsWith` that let other hosts and paths through than the
/// ones they name.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    for part in subject.parts() {
        let Some(call) = call(subject, part.expr) else { continue };
        let [on, piece] = call.operands.as_slice() else { continue };
        let Some(piece) = text(subject.ast(), *piece) else { continue };
        let found = match call.name {
            "contains" if matches!(piece, ".." | "../" | "/..") => Some(climbing()),
            "contains" if part.lets_pass => contained(subject, *on, piece),
            "startsWith" if part.lets_pass => begun(subject, *on, piece),
            "endsWith" if part.lets_pass => ended(subject, *on, piece),
            _ => None,
        };
        if let Some(LooseMatch { fact, also, help }) = found {
            let at = subject.ast().span(part.expr);
            sink.report(Diagnostic::new(Code::LooseMatch, at, fact, also).help(help));
        }
    }
}

/// What is wrong, what also fits, and what to do.
struct LooseMatch {
    fact: &'static str,
    also: String,
    help: String,
}

fn climbing() -> LooseMatch {
    LooseMatch {
        fact: "a path is searched for `..`",
        also: "names such as `a..b` hold it too, and nothing says where the path leads".to_owned(),
        help: "`path.within(path, root)` resolves `.` and `..`".to_owned(),
    }
}

fn contained(subject: &Subject<'_>, on: ExprId, piece: &str) -> Option<LooseMatch> {
    let host = is_host(subject, on) && (is_hostname(piece) || piece.contains("://"));
    let directory = is_path(subject, on) && piece.starts_with('/');
    if !host && !directory {
        return None;
    }
    let (fact, also) = if host {
        ("a host is looked for anywhere in a text", format!("also `https://evil.example/?{piece}`"))
    } else {
        ("a directory is looked for anywhere in a path", format!("also `/other{piece}..`"))
    };
    let help =
        if host { "compare the host" } else { "`path.within(path, root)` asks for the root" };
    Some(LooseMatch { fact, also, help: help.to_owned() })
}

fn begun(subject: &Subject<'_>, on: ExprId, piece: &str) -> Option<LooseMatch> {
    let authority = piece.split_once("://").map(|(_, rest)| rest);
    let open_host = match authority {
        Some(authority) => !authority.is_empty() && !authority.contains('/'),
        None => is_hostname(piece) && (is_host(subject, on) || has_top(piece)),
    };
    if open_host {
        return Some(LooseMatch {
            fact: "the beginning of a host lets this through",
            also: format!("also `{piece}.evil.example`"),
            help: format!("end the host, as in `\"{piece}/\"`, or compare all of it"),
        });
    }
    let names = piece.ends_with(|last: char| last.is_alphanumeric());
    let rooted = piece.starts_with('/') || piece.starts_with("~/") || piece.starts_with("./");
    let directory = rooted && piece.len() > 1 && is_path(subject, on);
    let repository = authority.is_none()
        && piece.split_once('/').is_some_and(|(host, _)| is_hostname(host))
        && is_host(subject, on);
    (names && (directory || repository)).then(|| LooseMatch {
        fact: "the beginning of a name lets this through",
        also: format!("also `{piece}-other`"),
        help: if directory {
            format!("`path.within(path, \"{piece}\")` asks for the root, `..` resolved")
        } else {
            format!("end the name, as in `\"{piece}/\"`")
        },
    })
}

fn ended(subject: &Subject<'_>, on: ExprId, piece: &str) -> Option<LooseMatch> {
    if !is_hostname(piece) || !(is_host(subject, on) || has_top(piece)) {
        return None;
    }
    Some(LooseMatch {
        fact: "the end of a host lets this through",
        also: format!("also `evil{piece}`"),
        help: format!("begin at a joint, as in `\".{piece}\"` or `\"@{piece}\"`"),
    })
}

/// Whether a text is the name of a host, with a dot and without anything else.
#[must_use]
pub fn is_hostname(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let label = |label: &&str| {
        let spelled = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        spelled && !label.is_empty()
    };
    let top = labels.last().copied().unwrap_or_default();
    labels.len() > 1
        && labels.iter().all(label)
        && top.len() > 1
        && top.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether a name ends as names of hosts do, and those of files do not.
fn has_top(text: &str) -> bool {
    text.rsplit('.').next().is_some_and(|top| TOP.contains(&top))
}
