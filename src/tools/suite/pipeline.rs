//! The one way from sources to a decision, for tests.
//!
//! In:      sources, a context, a moment, results of host functions.
//! Out:     a verified program; the report of a decision.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`, `lang`, `runtime::program`,
//!          `runtime::vm`, `tools::inspect`, `tools::pipeline`, `tools::project`, `tools::report`,
//!          `tools::why`.

use serde_json::Value as Json;

use crate::base::span::FileId;
use crate::compiler;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::path::{defines_messages, join};
use crate::diag::sink::Sink;
use crate::lang::value::time;
use crate::runtime::program::Program;
use crate::runtime::vm::decide::evaluate;
use crate::runtime::vm::hosts::{FactFault, HostEntry, HostTable, given};
use crate::runtime::vm::report::DecisionReport;
use crate::runtime::vm::request::{Moment, Request};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::inspect::description::DescribedProgram;
use crate::tools::pipeline::options;
use crate::tools::project::Settings;
use crate::tools::report::paint::Style;
use crate::tools::report::why::source::draw;
use crate::tools::suite::HostResult;
use crate::tools::suite::prepared::{PreparedCase, Runner};
use crate::tools::why::watch::Watcher;
use crate::tools::why::{Origin, WatchedDecision, slots, why as tell};

/// Compiles, writes and verifies. `None` where the sink holds an error afterwards.
#[must_use]
pub fn make(files: &SourceMap, settings: &Settings, sink: &mut Sink) -> Option<Program> {
    let compiled = compiler::compile(files, &options(files, settings), sink)?;
    match Program::load_unsigned_whole(&compiled.bundle) {
        Ok(program) => Some(program),
        Err(error) => {
            sink.report(error.diagnostic("the bundle"));
            None
        }
    }
}

/// Seconds and nanoseconds of a time in RFC 3339.
#[must_use]
pub fn moment(text: &str) -> Option<(i64, u32)> {
    let instant = time::parse(text).ok()?;
    Some((instant.seconds, instant.nanoseconds))
}

/// Decides once.
#[must_use]
pub fn decide(
    program: &Program,
    context: &Json,
    (seconds, nanoseconds): (i64, u32),
    functions: &[HostResult],
) -> DecisionReport {
    let table = table(program, functions);
    let moment = Moment { hosts: Some(&table), ..Moment::at(seconds, nanoseconds) };
    let context = context.to_string();
    let mut scratch = Scratch::for_program(program);
    let request = Request { context: context.as_bytes(), moment };
    DecisionReport::of(&mut evaluate(program, &request, &mut scratch))
}

/// Why it is decided so, drawn on the sources without colours: each rule with the values under
/// its deciding atoms. `wanted` is the rule that was expected to decide.
#[must_use]
pub fn why(program: &Program, ready: &PreparedCase<'_>, wanted: Option<&str>) -> String {
    let mut scratch = Scratch::for_program(program);
    let mut seen = Watcher::new(program);
    let (report, slots) = {
        let input = ready.input(&Runner::of(program));
        let mut filled = ready.fill(program, &input, &mut scratch);
        let mut decision = filled.decide_observed(&ready.moment(&input), &mut seen);
        (DecisionReport::of(&mut decision), slots(&decision))
    };
    let watched =
        WatchedDecision { report: &report, seen: &mut seen, slots, origin: Origin::Given };
    let told = tell(&DescribedProgram::of(program), watched);
    draw(&told, wanted, false, Style::PLAIN)
}

/// The results as `program` takes them. What it does not call, or not with such arguments, is
/// nothing to it.
#[must_use]
pub fn table(program: &Program, functions: &[HostResult]) -> HostTable {
    HostTable::new(
        functions.iter().flat_map(|row| entries(program, row).unwrap_or_default()).collect(),
    )
}

/// A result as `program` takes it.
///
/// # Errors
/// Why no call of the program can get it.
pub(super) fn entries(program: &Program, row: &HostResult) -> Result<Vec<HostEntry>, FactFault> {
    let (arguments, result) = (Json::from(row.args.as_slice()).to_string(), row.result.to_string());
    given(program, (&row.name, &arguments, &result))
}

/// What expressions of the test file `test` are compiled with: the environment file beside it, and
/// every file that defines message types.
#[must_use]
pub fn surroundings(files: &SourceMap, test: FileId) -> SourceMap {
    let mut around = SourceMap::new();
    for (id, _) in files.iter().filter(|(_, file)| defines_messages(&file.path)) {
        around.share(files, id);
    }
    let path = files.get(test).map_or("", |file| file.path.as_str());
    let environment = files.find(&join(path, "config.yaml")).and_then(|file| files.get(file));
    if let Some(environment) = environment {
        around.add("expression/config.yaml", environment.text.as_str());
    }
    around
}

/// The sources of a policy that yields what `text` says, among its `surroundings`.
#[must_use]
pub fn expression(text: &str, surroundings: &SourceMap) -> SourceMap {
    let quoted = Json::from(text).to_string();
    let mut files = surroundings.clone();
    let policy = format!("name: expression\nrule:\n  match:\n    - output: {quoted}\n");
    files.add("expression/policy.yaml", policy);
    files
}
