//! Records of decisions: what is written is read, and decides again as it did.

mod chain;
pub(crate) mod disk;
mod file;
mod hostile;
pub(crate) mod log;
mod marks;
mod redaction;
pub(crate) mod round_trip;
pub(crate) mod schema;
pub(crate) mod sessions;
mod spelling;

use policyc::compiler::source::map::SourceMap;
use policyc::lang::value::time::Instant;
use policyc::runtime::program::Program;
use policyc::runtime::record::about::{About, Loaded};
use policyc::runtime::record::read::{Form, Input, Record};
use policyc::runtime::record::write::Recorder;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::marked::ingest_record;
use policyc::runtime::vm::request::proto::ingest_proto;
use policyc::runtime::vm::request::{Filled, Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::project::Settings;
use policyc::tools::suite::pipeline::make;

use crate::support::both::findings;

/// When everything here is decided.
pub(crate) const NOW: Moment<'static> = Moment::at(1_767_787_200, 500_000_000);
pub(crate) const MADE: Instant = Instant { seconds: 1_767_787_201, nanoseconds: 7 };

pub(crate) fn program(text: &str) -> Program {
    let mut files = SourceMap::new();
    files.add("p.yaml", text);
    let mut sink = policyc::diag::sink::Sink::new();
    make(&files, &Settings::default(), &mut sink)
        .unwrap_or_else(|| panic!("{}", findings(sink, &files)))
}

/// The line of a decision about an input, and the report of the same.
pub(crate) fn recorded(filled: &mut Filled<'_>, moment: &Moment<'_>) -> (String, DecisionReport) {
    let mut recorder = Recorder::for_program(filled.program(), &Loaded::default());
    let mut recording = recorder.decide(filled, moment);
    let line = recording.line(&About::new("01ARZ3NDEKTSV4RRFFQ69G5FAV", MADE));
    let line = String::from_utf8(line.to_vec()).expect("lines are text");
    (line, DecisionReport::of(&mut recording.decision))
}

/// The decision of `program` about a context as it came.
pub(crate) fn decided(program: &Program, context: &[u8]) -> DecisionReport {
    let mut scratch = Scratch::for_program(program);
    DecisionReport::of(&mut ingest(program, context, &mut scratch).decide(&NOW))
}

/// The decision of `program` about what a line recorded.
pub(crate) fn replayed(program: &Program, line: &str) -> DecisionReport {
    let record = Record::read(line.as_bytes()).unwrap_or_else(|error| panic!("{error:?}: {line}"));
    assert!(record.replayable, "{line}");
    let now = record.now.expect("a time");
    let hosts = record.hosts();
    let moment = Moment {
        phase: record.phase,
        hosts: hosts.as_ref(),
        ..Moment::at(now.seconds, now.nanoseconds)
    };
    let mut scratch = Scratch::for_program(program);
    let bytes;
    let mut filled = match record.input {
        Input::Context(context, _) => {
            ingest_record(program, context, &mut scratch).known().expect("nothing is withheld")
        }
        Input::Raw(text, form) => {
            bytes = text.bytes().expect("base64");
            match form {
                Form::Json => ingest(program, &bytes, &mut scratch),
                Form::Proto => ingest_proto(program, &bytes, &mut scratch),
            }
        }
    };
    DecisionReport::of(&mut filled.decide(&moment))
}
