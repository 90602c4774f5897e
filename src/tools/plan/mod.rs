//! Plans, checked before anything runs: the policy's own, or one that comes at run time.
//!
//! In:      the sources of a policy, perhaps a plan in a file of its own, the roles that will call.
//! Out:     findings in the sink, each with its way through the plan.
//! Imports: `base`, `compiler::source`, `compiler::syntax`, `diag`, `tools::lint`,
//!          `tools::pipeline`, `tools::project`.
//! Source:  `docs/plans.md`.
//!
//! A plan of its own takes the place of the policy's, and the sources are compiled with it. So
//! names, types, cycles and lints are those of any plan, and what rules say of its steps is asked
//! of the program that would decide.

mod narrow;
mod steps;

use crate::base::limits::FINDINGS_MAX;
use crate::base::name::Name;
use crate::base::span::{FileId, Spanned};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::model::Parsed;
use crate::compiler::syntax::document::plans::Plan;
use crate::compiler::syntax::document::read_plan;
use crate::compiler::{check_parsed, emit_bundle, parse};
use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::sink::Sink;
use crate::tools::lint::lint_only;
use crate::tools::lint::plans::Planned;
use crate::tools::lint::select::Selection;
use crate::tools::lint::subject::Subject;
use crate::tools::lint::suppress::{self, Ran};
use crate::tools::pipeline::{load_own, options};
use crate::tools::project::Settings;

/// The lints that are about plans.
const LINTS: [Code; 5] = [
    Code::OpenTarget,
    Code::TaintedSink,
    Code::UnboundedStep,
    Code::IrreversibleFirst,
    Code::DeadStep,
];

/// What is checked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The file of the plan among the sources; without one, the policy's own.
    pub file: Option<FileId>,
    /// The roles of who will call; none where any may.
    pub roles: &'a [String],
    /// Which lints are told.
    pub selection: &'a Selection,
}

/// Checks a plan: how many steps it has, where the sources compile with it.
pub fn check(
    files: &SourceMap,
    settings: &Settings,
    asked: Asked<'_>,
    sink: &mut Sink,
) -> Option<usize> {
    let mut all = Sink::with_room(FINDINGS_MAX);
    let options = options(files, settings);
    let mut parsed = parse(files, &options, &mut all);
    let own = parsed.policies.iter().find_map(|document| document.plan.clone());
    let mut id = None;
    if let Some(file) = asked.file {
        let plan = read_plan(file, files, &mut parsed, &mut all);
        if let Some(plan) = plan {
            id = Some(plan.id.clone());
            put(&mut parsed, plan, own.as_ref());
        }
    } else if own.as_ref().is_none_or(|plan| plan.steps.is_empty()) {
        let fact = "the policy has no plan with steps";
        let found = Diagnostic::without_place(Code::BadUsage, fact);
        sink.report(found.help("name a file with one: `policyc plan check PLAN --policy PATHS`"));
        return None;
    }
    let front = check_parsed(files, parsed, &options, &mut all);
    let compiled = emit_bundle(files, &front, &options, &mut all);
    let program = compiled.as_ref().map(load_own);
    let checked = front.analysis.checked(&front.parsed, &all);
    let mut found = Sink::with_room(FINDINGS_MAX);
    let mut steps = None;
    if let (Some(checked), Some(Ok(program))) = (checked, &program) {
        let subject = Subject::of(files, checked, program);
        lint_only(&subject, asked.selection, &LINTS, &mut found);
        steps = Some(about(&subject, (own.as_ref(), id.as_ref()), asked, &mut found));
    }
    if let Some(Err(bug)) = program {
        all.report(*bug);
    }
    // Of the policy only what is in the way is told: `policyc check` tells the rest.
    let (findings, _) = all.finish();
    for finding in findings.into_iter().filter(|found| found.severity == Severity::Error) {
        sink.report(finding);
    }
    let (findings, dropped) = found.finish();
    let ast = &front.parsed.ast;
    for finding in suppress::told(files, ast, asked.selection, findings, Ran::Part) {
        sink.report(finding);
    }
    sink.count_dropped(dropped);
    steps
}

/// What is asked beside lints; how many steps there are.
fn about(
    subject: &Subject<'_>,
    (own, id): (Option<&Plan>, Option<&Spanned<Name>>),
    asked: Asked<'_>,
    sink: &mut Sink,
) -> usize {
    let Some(planned) = Planned::of(subject) else { return 0 };
    if let (Some(file), Some(id)) = (asked.file, id) {
        narrow::check(subject, &planned, (own, file, id), sink);
    }
    steps::check(subject, &planned, asked.roles, sink);
    planned.plan.steps.len()
}

/// Puts a plan in the place of the policy's, whose id and whose words about what deviates and
/// replaces it keeps: the rules that are made of these are the policy's, as answers name them.
fn put(parsed: &mut Parsed, plan: Plan, own: Option<&Plan>) {
    let documents = &mut parsed.policies;
    let at = documents.iter().position(|document| document.plan.is_some());
    let at = at.or_else(|| documents.iter().position(|document| !document.tools.is_empty()));
    for document in documents.iter_mut() {
        document.plan = None;
    }
    if let Some(document) = documents.get_mut(at.unwrap_or(0)) {
        document.plan = Some(match own.cloned() {
            Some(Plan { id, read_only, effect, replace, .. }) => {
                Plan { id, read_only, effect, replace, ..plan }
            }
            None => plan,
        });
    }
}
