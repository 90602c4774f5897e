//! What is wrong with records, as findings.
//!
//! In:      mismatches, faults and broken chains.
//! Out:     diagnostics P0914 and P0916, and P0915 on the sources of the bundle, where it has them.
//! Imports: `base`, `compiler::source`, `diag`, `lang`, `runtime::bundle`, `runtime::record`,
//!          `runtime::vm`, `tools::inspect`.

use crate::base::span::Span;
use crate::compiler::source::map::SourceMap;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::decision::Effect;
use crate::runtime::bundle::debug::Place;
use crate::runtime::record::check::Break;
use crate::runtime::record::error::{Fault, RecordError};
use crate::runtime::vm::observe::AtomState;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::replay::lint::Remark;
use crate::tools::replay::open::Source;
use crate::tools::replay::seal::RewriteError;
use crate::tools::replay::verify::{Found, InSession, Mismatch, Part};

/// A word of a command, in quotes where a shell would take it for something else.
#[must_use]
pub fn word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:@%+=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The finding about a line that is no record.
#[must_use]
pub fn fault(found: &Found<RecordError>, source: &str) -> Diagnostic {
    let Found { line, what: RecordError { fault, offset }, .. } = found;
    let fact = format!("`{source}` line {line}, byte {offset}: {fault}");
    let help = match fault {
        Fault::Truncated => Some(
            "the line ends before its record does: the writer was stopped, or the file was cut",
        ),
        Fault::Version => Some("a newer policyc reads it"),
        Fault::ByteOrderMark => Some("take its three bytes, EF BB BF, away"),
        Fault::NotAnObject if *offset == 0 && *line == 1 => {
            Some("records are lines of JSON, packed or not: is this another file?")
        }
        Fault::Missing("v") => Some(
            "contexts and events of sessions are no records: `policyc eval --record FILE` makes \
             records of them, `policyc replay import` of a log of another engine",
        ),
        Fault::TooLong
        | Fault::Syntax
        | Fault::NotAnObject
        | Fault::Trailing
        | Fault::NotARecord
        | Fault::Missing(_)
        | Fault::Twice(_)
        | Fault::Wrong(..) => None,
    };
    Diagnostic::without_place(Code::BadRecord, fact).maybe_help(help.map(str::to_owned))
}

/// The finding about a record that was left out because it could not be sealed.
#[must_use]
pub fn unsealed(found: &Found<RewriteError>, source: &str) -> Diagnostic {
    let Found { source: at, line, what } = found;
    match what {
        RewriteError::Line(what) => fault(&Found { source: *at, line: *line, what: *what }, source),
        RewriteError::TooLong => {
            let fact = format!(
                "`{source}` line {line}: with marks in the place of values it is too long for a \
                 record"
            );
            Diagnostic::without_place(Code::BadRecord, fact)
                .help("withhold what holds the values as a whole, by a path without `*`")
        }
    }
}

/// The finding about a chain that is broken; `files` are the names of the sources.
#[must_use]
pub fn broken(found: &Break, files: &[Source]) -> Diagnostic {
    let Break { writer, place, since, kind } = found;
    let name = |at: usize| files.get(at).map_or("", |source| source.name.as_str());
    let lines = match (place, since) {
        (place, since) if place == since => format!("line {}", place.line),
        (place, since) if place.source == since.source => {
            format!("lines {} to {}", since.line, place.line)
        }
        (place, since) => {
            format!("line {}, from `{}` line {} on", place.line, name(since.source), since.line)
        }
    };
    let fact = format!("`{}` {lines}, chain of `{writer}`: {kind}", name(place.source));
    let help = "a copy of the log tells what was changed; these records prove nothing";
    Diagnostic::without_place(Code::BrokenChain, fact).help(help)
}

/// The finding about a line that is not as it should be.
#[must_use]
pub fn remark(remark: &Remark, source: &str) -> Diagnostic {
    let Remark { line, byte, code, fact, help, .. } = remark;
    let fact = format!("`{source}` line {line}, byte {byte}: {fact}");
    Diagnostic::without_place(*code, fact).maybe_help(help.map(str::to_owned))
}

/// The finding about a decision that differs, with the files that it points into. `given` are the
/// options of a command that finds the record: where records and bundles lie.
#[must_use]
pub fn mismatch(
    found: &Mismatch,
    worded: Option<&DescribedProgram<'_>>,
    given: &str,
) -> (SourceMap, Diagnostic) {
    let mut files = SourceMap::new();
    // No rule says why an event was changed.
    let decides = match found.session.as_ref().map(|session| session.part) {
        None | Some(Part::Decision) => true,
        Some(Part::Before | Part::After | Part::Context | Part::Knew) => false,
    };
    let at = worded.filter(|_| decides).and_then(|worded| place(worded, found, &mut files));
    let said = |(effect, rule): &(Option<Effect>, Option<String>)| {
        let effect = effect.map_or("nothing", Effect::word);
        rule.as_ref().map_or_else(|| effect.to_owned(), |rule| format!("{effect} by `{rule}`"))
    };
    let tool = found.tool.as_ref().map_or(String::new(), |tool| format!(" of `{tool}`"));
    let (recorded, replayed) = (said(&found.recorded), said(&found.replayed));
    let session = found.session.as_ref();
    let event = session.map_or(String::new(), |InSession { id, number, .. }| {
        format!(", event {number} of session `{id}`")
    });
    let how = match session.map(|session| session.part) {
        Some(Part::Before) => "the state before it is another".to_owned(),
        Some(Part::After) => "the state after it is another".to_owned(),
        Some(Part::Context) => "its context is not the one that the session makes".to_owned(),
        Some(Part::Knew) => {
            format!("its `{}` is not what the session knew", found.field.unwrap_or_default())
        }
        Some(Part::Decision) | None if recorded == replayed => match found.field {
            Some(field) => format!("{recorded} both times, and `{field}` differs"),
            None => format!("{recorded} both times, and an atom differs"),
        },
        Some(Part::Decision) | None => format!("recorded {recorded}, replayed {replayed}"),
    };
    let fact = format!("record `{}`{tool}{event}: {how}", found.id);
    let label = match found.atom {
        Some((atom, recorded, replayed)) => {
            // What stands at the label may say the opposite of the atom.
            let turned = worded.is_some_and(|worded| worded.is_turned(atom));
            let said = |it| state_word(if turned { opposite(it) } else { it });
            format!("recorded {}, replayed {}", said(recorded), said(replayed))
        }
        None => "the rule that was recorded".to_owned(),
    };
    let finding = match at {
        Some(at) => Diagnostic::new(Code::Mismatch, at, fact, label),
        None => Diagnostic::without_place(Code::Mismatch, fact),
    };
    let cause = found.cause.as_ref().map(|cause| format!("the cause may be: {cause}"));
    let help = cause.unwrap_or_else(|| match session {
        Some(InSession { id, part: Part::Before | Part::After | Part::Context, .. }) => format!(
            "an event was changed, taken away or put in; `policyc replay step {} {given}` shows \
             them all",
            word(id)
        ),
        Some(InSession { part: Part::Knew, .. }) => {
            "the record was changed after it was written: go by no field of it".to_owned()
        }
        Some(_) | None => {
            format!("`policyc replay explain {} {given}` shows why", word(&found.id))
        }
    });
    (files, finding.help(help))
}

const fn opposite(known: AtomState) -> AtomState {
    match known {
        AtomState::True => AtomState::False,
        AtomState::False => AtomState::True,
        AtomState::Unseen | AtomState::Error => known,
    }
}

const fn state_word(known: AtomState) -> &'static str {
    match known {
        AtomState::Unseen => "not evaluated",
        AtomState::False => "false",
        AtomState::True => "true",
        AtomState::Error => "an error",
    }
}

/// The place of the atom that differs, else that of the rule that was recorded.
fn place(worded: &DescribedProgram<'_>, found: &Mismatch, files: &mut SourceMap) -> Option<Span> {
    let DescribedProgram { program, debug, .. } = worded;
    let rule_named = |id: &String| {
        let rules = program.module().rules.len();
        (0..u16::try_from(rules).ok()?).find(|rule| program.rule_id(*rule) == id)
    };
    let of_rule = |id: &String| debug.rules.get(usize::from(rule_named(id)?)).map(|row| row.place);
    let atom = found.atom.and_then(|(atom, ..)| worded.atom(atom));
    let Place { source, start, end } =
        atom.or_else(|| found.recorded.1.as_ref().and_then(of_rule))?;
    let (path, text) = debug.sources.get(source as usize)?;
    let file = files.add(path.clone(), text.clone());
    // Of a rule its first line is enough.
    let line = text.get(start as usize..end as usize)?.lines().next()?.len();
    let end = start.saturating_add(u32::try_from(line).ok()?);
    (end > start).then(|| Span::new(file, start, end))
}
