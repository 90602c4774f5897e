//! W0533: a pattern that lets a call through and fits a piece of the text.

use regex_syntax::hir::Look;

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::names::{is_command, is_prose};
use crate::tools::lint::shape::{call, text};
use crate::tools::lint::subject::Subject;

/// What ends a piece, so that whatever stands beyond it was thought of.
const JOINTS: &str = "/.:@-_ |#";

/// Reports patterns without `^` or `$` in conditions that let a call through.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    for part in subject.parts().iter().filter(|part| part.lets_pass) {
        let Some(call) = call(subject, part.expr).filter(|it| it.name == "matches") else {
            continue;
        };
        let [on, pattern] = call.operands.as_slice() else { continue };
        let Some(text) = text(subject.ast(), *pattern) else { continue };
        if is_command(subject, *on) || is_prose(subject, *on) {
            continue;
        }
        let label = match open_ends(text) {
            Some((true, true)) => "whatever stands around what it describes",
            Some((true, false)) => "whatever stands before what it describes",
            Some((false, true)) => "whatever follows what it describes",
            Some((false, false)) | None => continue,
        };
        let fact = "a pattern that fits a piece of the text lets this through";
        let at = subject.ast().span(*pattern);
        let found = Diagnostic::new(Code::UnanchoredPattern, at, fact, label);
        sink.report(found.help("describe the whole text, as in `^(..)$`"));
    }
}

/// Whether text may stand before, and behind, what the pattern describes, without the pattern
/// saying so; `None` if it is no pattern of this dialect.
fn open_ends(pattern: &str) -> Option<(bool, bool)> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let bare = pattern.strip_prefix("(?i)").unwrap_or(pattern);
    let any = |part: &str| part == ".*" || part == ".+";
    let joint = |letter: Option<char>| letter.is_some_and(|it| JOINTS.contains(it));
    // A bare dot is any character.
    let dot = |at: Option<&str>| at == Some(".");
    let said_before = bare.get(..2).is_some_and(any)
        || joint(bare.trim_start_matches('\\').chars().next()) && !dot(bare.get(..1));
    let last = bare.len().saturating_sub(2);
    let said_behind = bare.get(last..).is_some_and(any)
        || joint(bare.chars().next_back()) && (!bare.ends_with('.') || bare.ends_with("\\."));
    let before = !hir.properties().look_set_prefix().contains(Look::Start) && !said_before;
    let behind = !hir.properties().look_set_suffix().contains(Look::End) && !said_behind;
    Some((before, behind))
}

#[cfg(test)]
mod tests {
    use super::open_ends;

    #[test]
    fn what_a_pattern_says_of_its_ends() {
        for (pattern, ends) in [
            ("prod", (true, true)),
            ("^prod", (false, true)),
            ("^prod-", (false, false)),
            ("prod$", (true, false)),
            ("^(a|b)$", (false, false)),
            ("^a|b$", (true, true)),
            (".*-prod$", (false, false)),
            ("^prod.*", (false, false)),
            ("@example\\.com$", (false, false)),
            ("\\.example\\.com$", (false, false)),
            ("(?i)^prod$", (false, false)),
            ("^prod.", (false, true)),
            ("\\Aprod\\z", (false, false)),
        ] {
            assert_eq!(open_ends(pattern), Some(ends), "{pattern}");
        }
        assert_eq!(open_ends("("), None);
    }
}
