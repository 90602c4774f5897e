//! Compiles every mutant and decides the cases with it.
//!
//! In:      the test files of a project and its sources.
//! Out:     `TestedMutant`, in order of the sources.
//! Imports: `base`, `compiler::solve`, `compiler::source`, `compiler::syntax`, `diag`,
//!          `runtime::program`, `runtime::vm`, `tools::parallel`, `tools::pipeline`,
//!          `tools::project`, `tools::suite`.
//!
//! A document that several test files are about has its mutants once; a mutant that any of them
//! notices is noticed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;

use crate::base::span::{FileId, Span};
use crate::compiler::solve::input::Example;
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::model::Parsed;
use crate::compiler::{Options, compile_parsed, parse};
use crate::diag::sink::Sink;
use crate::runtime::program::Program;
use crate::runtime::vm::report::DecisionReport;
use crate::tools::mutate::prove::{Verdict, compare};
use crate::tools::mutate::{Mutant, MutantStatus, Owner, Survivor, TestedMutant, edit, rules};
use crate::tools::parallel::each;
use crate::tools::pipeline::options;
use crate::tools::project::Settings;
use crate::tools::suite::TestFile;
use crate::tools::suite::choose::TestSources;
use crate::tools::suite::group::{Group, groups};
use crate::tools::suite::prepared::{ExpectationResult, PreparedCase, Runner};

/// Which mutants are tried.
#[derive(Clone, Debug, Default)]
pub struct Choice {
    /// Those of this rule, variable or document alone.
    pub owner: Option<String>,
    /// So many, spread over all.
    pub sample: Option<usize>,
    /// So many, the first ones.
    pub limit: Option<usize>,
}

/// Test files that are about the same policies, with the mutants of those.
struct Subject<'t> {
    group: Group<'t>,
    options: Options,
    parsed: Parsed,
    /// Beside the cases: whether the policies refuse its input.
    refused: Vec<bool>,
    /// The mutants of each document.
    mutants: BTreeMap<FileId, Vec<Mutant>>,
}

/// Why no mutants are tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MutationError {
    /// The sources of a test file do not compile, or it cannot be read: its findings say why.
    Broken,
    /// A case fails without any change: its name and place.
    Fails(String, Span),
}

/// Tries the mutants of the policies that `tests` are about, until `stop` is set.
///
/// # Errors
/// Where the tests do not pass as they are.
pub fn run(
    tests: &[TestFile],
    sources: &TestSources<'_>,
    settings: &Settings,
    choice: &Choice,
    stop: &AtomicBool,
    sink: &mut Sink,
) -> Result<Vec<TestedMutant>, MutationError> {
    let found = groups(tests, sources, settings, sink);
    if !found.whole {
        return Err(MutationError::Broken);
    }
    let subjects = found.groups.into_iter().map(|group| Subject::of(group, settings));
    let subjects = subjects.collect::<Result<Vec<_>, _>>()?;
    let mut jobs: Vec<Job<'_>> = Vec::new();
    let mut known: BTreeMap<FileId, usize> = BTreeMap::new();
    for (at, subject) in subjects.iter().enumerate() {
        for file in subject.mutants.keys() {
            known.entry(*file).or_insert(at);
        }
    }
    for (file, first) in known {
        let own = subjects.iter().skip(first).filter(|subject| subject.mutants.contains_key(&file));
        let own: Vec<&Subject<'_>> = own.collect();
        let count = own.first().and_then(|it| it.mutants.get(&file)).map_or(0, Vec::len);
        jobs.extend((0..count).map(|number| Job { file, number, subjects: own.clone() }));
    }
    jobs.retain(|job| job.wanted(choice));
    if let Some(most) = choice.sample {
        sample(&mut jobs, most);
    }
    jobs.truncate(choice.limit.unwrap_or(usize::MAX));
    let tried = each(&jobs, |job| {
        let fate = if stop.load(Ordering::Relaxed) { MutantStatus::Skipped } else { job.fate() };
        job.mutant().map(|mutant| TestedMutant { mutant, fate })
    });
    Ok(tried.into_iter().flatten().collect())
}

/// Keeps `most` of `jobs`, spread over all of them: the same ones for the same jobs.
fn sample(jobs: &mut Vec<Job<'_>>, most: usize) {
    let all = jobs.len();
    let most = most.min(all);
    let mut at = 0;
    // Of every prefix of the jobs the share that `most` is of all.
    jobs.retain(|_| {
        at += 1;
        at * most / all.max(1) > (at - 1) * most / all.max(1)
    });
}

impl<'t> Subject<'t> {
    /// # Errors
    /// Where a case does not pass.
    fn of(group: Group<'t>, settings: &Settings) -> Result<Self, MutationError> {
        let mut runner = Runner::of(&group.program);
        let mut refused = Vec::new();
        for ready in &group.cases {
            let report = ready.decide(&mut runner);
            if !passes(ready, &report) {
                return Err(MutationError::Fails(ready.case.name.clone(), ready.case.span));
            }
            refused.push(report.errors.iter().any(|error| error.rule.is_none()));
        }
        let options = options(&group.files, settings);
        // What there is to say was said when the group was made.
        let parsed = parse(&group.files, &options, &mut Sink::new());
        let documents = parsed.policies.iter().map(|document| document.file);
        let documents = documents.chain(parsed.cel_policies.iter().map(|document| document.file));
        let own = |file: FileId| {
            let mut mutants = rules::mutants(&group.files, &parsed, file);
            for mutant in &mut mutants {
                mutant.span.file = group.original(mutant.span.file);
            }
            (group.original(file), mutants)
        };
        let mutants = documents.map(own).collect();
        Ok(Self { group, options, parsed, refused, mutants })
    }
}

/// Whether a case comes out as expected.
fn passes(ready: &PreparedCase<'_>, report: &DecisionReport) -> bool {
    let decision = serde_json::from_str(&report.to_json()).unwrap_or(Json::Null);
    ready.judge(report, &decision) == ExpectationResult::Right
}

/// Compiles, writes and verifies what was parsed.
fn program(
    files: &SourceMap,
    parsed: Parsed,
    options: &Options,
    sink: &mut Sink,
) -> Option<Program> {
    let compiled = compile_parsed(files, parsed, options, sink)?;
    Program::load_unsigned_whole(&compiled.bundle).ok()
}

/// A mutant that is to be tried.
struct Job<'g> {
    /// The document, as the project has it.
    file: FileId,
    /// Its place among the mutants of the document.
    number: usize,
    /// Whoever tests the document.
    subjects: Vec<&'g Subject<'g>>,
}

impl Job<'_> {
    fn of<'g>(&self, subject: &'g Subject<'_>) -> Option<&'g Mutant> {
        subject.mutants.get(&self.file)?.get(self.number)
    }

    fn mutant(&self) -> Option<Mutant> {
        self.of(self.subjects.first()?).cloned()
    }

    fn wanted(&self, choice: &Choice) -> bool {
        let own = self.subjects.first().and_then(|subject| self.of(subject));
        own.is_some_and(|own| choice.owner.as_ref().is_none_or(|it| own.owner_name() == it))
    }

    fn fate(&self) -> MutantStatus {
        let mut survivors = Vec::new();
        let mut asked = Some(0);
        for subject in &self.subjects {
            let Some(mutant) = self.of(subject) else { continue };
            let Some(program) = subject.mutated(mutant) else { continue };
            let (killer, count) = subject.killer(mutant, &program);
            if let Some(case) = killer {
                return MutantStatus::Killed(case);
            }
            asked = asked.zip(count).map(|(a, b)| a + b);
            survivors.push((subject, mutant, program));
        }
        if survivors.is_empty() {
            return MutantStatus::Refused;
        }
        let mut open = false;
        for (subject, mutant, program) in &survivors {
            let seeds: Vec<Example> = subject.group.cases.iter().map(example).collect();
            match compare(&subject.group.program, program, &seeds, mutant.speaks) {
                Verdict::Alike => {}
                Verdict::Apart(witness) => {
                    return MutantStatus::Survived(Box::new(Survivor {
                        asked,
                        witness: Some(*witness),
                    }));
                }
                Verdict::Open => open = true,
            }
        }
        if open {
            MutantStatus::Survived(Box::new(Survivor { asked, witness: None }))
        } else {
            MutantStatus::Equivalent
        }
    }
}

fn example(ready: &PreparedCase<'_>) -> Example {
    Example { context: ready.context.clone(), now: ready.at }
}

impl Subject<'_> {
    /// The program of a mutant; `None` where it does not compile.
    fn mutated(&self, mutant: &Mutant) -> Option<Program> {
        let mut parsed = self.parsed.clone();
        edit::apply(&mutant.edit, &mut parsed);
        program(&self.group.files, parsed, &self.options, &mut Sink::new())
    }

    /// The first case that notices a mutant, and how many cases ask its rule.
    fn killer(&self, mutant: &Mutant, program: &Program) -> (Option<String>, Option<usize>) {
        let (mut runner, mut count) = (Runner::of(program), 0);
        for (ready, refused) in self.group.cases.iter().zip(&self.refused) {
            // An input that is refused may be let through by a rule that reads less.
            if !refused && !mutant.concerns(&ready.context) {
                continue;
            }
            count += 1;
            if !passes(ready, &ready.decide(&mut runner)) {
                return (Some(ready.case.name.clone()), None);
            }
        }
        (None, matches!(mutant.owner, Owner::Rule(_)).then_some(count))
    }
}
