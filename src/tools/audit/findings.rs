//! What is wrong with an audit log, or with a proof, as findings.
//!
//! In:      damage; checkpoints and proofs that do not fit.
//! Out:     diagnostics P0923 to P0927.
//! Imports: `diag`, `runtime::audit`.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::numbers::grouped;
use crate::runtime::audit::walk::{Damage, Wrong};
use crate::tools::audit::checkpoint::OwnedCheckpoint;
use crate::tools::audit::prove::RecordSelector;
use crate::tools::audit::summary::{CheckpointStatus, LogSummary};

/// The finding about damage; `segment` is the file in which it is.
#[must_use]
pub fn damage(damage: &Damage, segment: &str) -> Diagnostic {
    let Damage { at, wrong, .. } = damage;
    let place = match wrong.index() {
        Some(index) => format!("`{segment}` byte {at}, index {index} of the log"),
        None => format!("`{segment}` byte {at}"),
    };
    Diagnostic::without_place(Code::DamagedLog, format!("{place}: {wrong}")).help(step(wrong))
}

/// What to do next.
const fn step(wrong: &Wrong) -> &'static str {
    match wrong {
        Wrong::Start => "is a segment missing, or one of another log among these? put them right",
        Wrong::NoEnd => {
            "a segment that another follows is whole: a copy of it tells what is missing"
        }
        Wrong::KeyName { .. } => "name the key of this log: a key has the name of its log",
        Wrong::Signature { .. } | Wrong::Checkpoint | Wrong::Root { .. } => {
            "nothing behind the last good checkpoint is proved; a copy of the log tells what it was"
        }
        Wrong::Header
        | Wrong::Frame
        | Wrong::Misplaced
        | Wrong::Lines { .. }
        | Wrong::Line(..)
        | Wrong::Stranger(_)
        | Wrong::Chain(..) => {
            "all in front of it is whole; a copy of the log tells what was changed"
        }
    }
}

/// The finding about a checkpoint that was kept elsewhere, of which the log of `lines` does not
/// hold what it says; `None` if it does.
#[must_use]
pub fn unheld(
    held: &CheckpointStatus,
    kept: &OwnedCheckpoint,
    (log, lines): (&str, u64),
) -> Option<Diagnostic> {
    let size = grouped(kept.size);
    let (fact, next) = match held {
        CheckpointStatus::Yes => return None,
        CheckpointStatus::Otherwise => (
            format!(
                "the first {size} lines of `{log}` are not those that the checkpoint vouches for"
            ),
            "the log was written anew; a copy of it, or of older checkpoints, tells from where on",
        ),
        CheckpointStatus::Shorter => (
            format!("`{log}` has {} lines, and the checkpoint vouches for {size}", grouped(lines)),
            "the end of the log was cut off; a copy of it has the rest",
        ),
        CheckpointStatus::Foreign => (
            format!("`{log}` is not `{}`, of which the checkpoint is", kept.origin),
            "name the checkpoint of this log",
        ),
        CheckpointStatus::InFront => (
            format!("`{log}` begins here behind the {size} lines that the checkpoint vouches for"),
            "put the segments in front of these beside them",
        ),
    };
    Some(Diagnostic::without_place(Code::LostLines, fact).help(next))
}

/// The finding about lines that no signed checkpoint vouches for, and one should; `log` is the
/// directory. `None` where there are none.
#[must_use]
pub fn unvouched(log: &str, looked: &LogSummary) -> Option<Diagnostic> {
    let lines = Some(looked.unvouched()).filter(|lines| *lines > 0)?;
    let (fact, help) = if looked.counts.checkpoints == 0 {
        (
            format!("no checkpoint stands in `{log}`, so no signature vouches for what it holds"),
            "its host has no key, or somebody took its checkpoints away: compare it with a copy, \
             or with --checkpoint",
        )
    } else {
        let last = match lines {
            1 => "line".to_owned(),
            lines => format!("{} lines", grouped(lines)),
        };
        let fact = format!("no signature vouches for the last {last} of `{log}`");
        let crash = !looked.whole.ended() && (looked.signs_last || looked.whole.last_lines() == 0);
        let help = if crash {
            "a crash leaves that, and so does who cuts a checkpoint off; the next one covers them"
        } else {
            "no writer with a key leaves that: compare the log with a copy, or with --checkpoint"
        };
        (fact, help)
    };
    Some(Diagnostic::without_place(Code::UnsignedLines, fact).help(help))
}

/// The finding about a file that is not what it should be: `wanted`.
#[must_use]
pub fn unread(file: &str, wanted: &str) -> Diagnostic {
    let fact = format!("`{file}` is no {wanted}");
    let help = "`policyc audit head` writes checkpoints, and `policyc audit prove` proofs";
    Diagnostic::without_place(Code::BadNote, fact).help(help)
}

/// The finding about a kept checkpoint, in `file`, that no key signed which was asked for.
#[must_use]
pub fn forged(file: &str) -> Diagnostic {
    let fact = format!("no key that was asked for signed the checkpoint in `{file}`");
    let help = "name the key that its log had then, too, with --key; without --key its signatures \
                are not looked at";
    Diagnostic::without_place(Code::BadProof, fact).help(help)
}

/// The finding about a proof that proves nothing: `why`.
#[must_use]
pub fn unproved(file: &str, why: &str) -> Diagnostic {
    let fact = format!("`{file}` does not prove it: {why}");
    let help = "what it is about was changed, or it is the proof of something else";
    Diagnostic::without_place(Code::BadProof, fact).help(help)
}

/// The finding about a record that a log does not have.
#[must_use]
pub fn no_record(which: &RecordSelector, log: &str) -> Diagnostic {
    let fact = match which {
        RecordSelector::Id(id) => format!("`{log}` has no record with the id `{id}`"),
        RecordSelector::Number(number) => format!("`{log}` has no record with the number {number}"),
    };
    let help = "`--id` takes the whole id, and `--number` the `n` of `ch` of a record";
    Diagnostic::without_place(Code::BadUsage, fact).help(help)
}
