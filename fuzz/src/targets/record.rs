//! Bytes as lines of records: read or refused with a place that lies in them; what is read decides,
//! and is recorded again as what decides alike.

use std::cell::RefCell;
use std::sync::LazyLock;

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::runtime::record::check::{Chains, Place};
use policyc::runtime::record::memo::Memo;
use policyc::runtime::record::read::{Entry, Input, Record};
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::Moment;
use policyc::runtime::vm::request::marked::ingest_record;
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::project::Settings;
use policyc::tools::suite::pipeline::make;

use crate::support::policies::SCHEMA;

static PROGRAM: LazyLock<Program> = LazyLock::new(|| {
    let mut files = SourceMap::new();
    let rules = "rules:\n  - {id: few, when: a.i < 10, allow: '{dyn(a.li)} {a.s}'}\n  \
                 - {id: any, when: a.any == 1 || has(a.os), deny: 'no'}\n";
    files.add("p.yaml", format!("policyc: 1\nname: p\ndefault: deny\n{SCHEMA}{rules}"));
    make(&files, &Settings::default(), &mut Sink::new()).expect("it compiles")
});

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::for_program(&PROGRAM));
}

pub(crate) fn run(data: &[u8]) {
    let (mut memo, mut chains) = (Memo::default(), Chains::of_whole());
    for (number, line) in (1..).zip(data.split(|byte| *byte == b'\n')) {
        let entry = Entry::read(line);
        // What is guessed from the line before changes nothing.
        let after = Entry::read_after(line, &mut memo);
        match (&entry, &after) {
            (Err(error), Err(other)) => assert_eq!(error, other),
            _ => assert_eq!(format!("{entry:?}"), format!("{after:?}")),
        }
        match entry {
            Ok(entry) => drop(chains.line(&entry, line, Place { source: 0, line: number })),
            Err(error) => assert!(error.offset <= line.len(), "{error:?}"),
        }
        if let Ok(record) = Record::read(line) {
            SCRATCH.with_borrow_mut(|scratch| replay(&record, scratch));
        }
    }
    let _ = chains.finish();
}

fn replay(record: &Record<'_>, scratch: &mut Scratch) {
    if let Some(outcome) = &record.outcome {
        let named = outcome.fired().count() + outcome.shadow().count() + outcome.errors().count();
        assert!(named <= record.line.len());
    }
    let _ = record.witness(&mut Vec::new());
    let hosts = record.hosts();
    let now = record.now.map_or((0, 0), |now| (now.seconds, now.nanoseconds));
    let moment = Moment { hosts: hosts.as_ref(), ..Moment::at(now.0, now.1) };
    match record.input {
        Input::Context(context, _) => {
            if let Some(mut filled) = ingest_record(&PROGRAM, context, scratch).known() {
                let once = DecisionReport::of(&mut filled.decide(&moment));
                let twice = DecisionReport::of(&mut filled.decide(&moment));
                assert_eq!(once, twice, "deciding twice");
            }
        }
        Input::Raw(text, _) => drop(text.bytes()),
    }
}
