//! W0532: a pattern over what a shell reads.

use regex_syntax::hir::{Hir, HirKind, Look};

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::names::is_command;
use crate::tools::lint::shape::{call, text};
use crate::tools::lint::subject::Subject;

/// What joins commands, or makes other text of text.
const SIGNS: &str = ";&|\n\r`$<>(){}\\";

/// Reports conditions that look at a command as text.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    for part in subject.parts() {
        let Some(call) = call(subject, part.expr) else { continue };
        let [command, pattern] = call.operands.as_slice() else { continue };
        let searches = matches!(call.name, "matches" | "contains" | "startsWith" | "endsWith");
        if !searches || !is_command(subject, *command) {
            continue;
        }
        let literal = text(subject.ast(), *pattern);
        if call.name == "matches" && part.lets_pass && literal.is_some_and(is_exact) {
            continue;
        }
        let label = if part.lets_pass {
            "another command may stand in the same text"
        } else {
            "a shell can be told the same in other words"
        };
        let fact = "a command of a shell is judged by its text";
        let found = Diagnostic::new(Code::ShellPattern, subject.ast().span(part.expr), fact, label);
        sink.report(found.help("take program and arguments apart, and list the programs"));
    }
}

/// Whether a pattern describes the whole text, and nothing in it that a shell acts upon.
fn is_exact(pattern: &str) -> bool {
    let Ok(hir) = regex_syntax::parse(pattern) else { return false };
    let whole = hir.properties().look_set_prefix().contains(Look::Start)
        && hir.properties().look_set_suffix().contains(Look::End);
    whole && SIGNS.chars().all(|sign| !may_hold(&hir, sign))
}

/// Whether a text that the pattern describes may hold `sign`.
fn may_hold(hir: &Hir, sign: char) -> bool {
    let mut left = vec![hir];
    while let Some(hir) = left.pop() {
        match hir.kind() {
            HirKind::Empty | HirKind::Look(_) => {}
            HirKind::Literal(literal) => {
                let mut buffer = [0; 4];
                let sign = sign.encode_utf8(&mut buffer).as_bytes();
                if literal.0.windows(sign.len()).any(|bytes| bytes == sign) {
                    return true;
                }
            }
            HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => {
                if class.iter().any(|it| it.start() <= sign && sign <= it.end()) {
                    return true;
                }
            }
            HirKind::Class(regex_syntax::hir::Class::Bytes(_)) => return true,
            HirKind::Repetition(repetition) => left.push(&repetition.sub),
            HirKind::Capture(capture) => left.push(&capture.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => left.extend(parts),
        }
    }
    false
}
