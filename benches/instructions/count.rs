//! What runs under callgrind: prints a line for each piece of work, what it is and how often.
//!
//! In:      the arguments that `callgrind::run` was given.
//! Out:     `WHAT UNITS` a line, in the order in which work was done.

use std::fs;
use std::hint::black_box;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Session, Work};
use policyc::runtime::vm::request::{Filled, Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;

use crate::{clerk, hostile};

/// How many sessions are counted.
const SESSIONS: usize = 64;

/// 2026-01-07T12:00:00Z, the time of the workloads.
const NOW: Moment<'static> = Moment::at(1_767_787_200, 0);

/// Callgrind goes by the name of this function: what runs inside is counted by itself.
#[inline(never)]
fn counted_by_callgrind(work: &mut dyn FnMut() -> usize) -> usize {
    // What is held here keeps the call from becoming a jump.
    black_box(work())
}

pub(crate) fn run(arguments: &[String]) {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["workload", bundle, contexts] => workload(bundle, contexts),
        ["compile", source] => compiling(source),
        ["sessions", bundle] => sessions(bundle),
        ["hostile", name, bundles @ ..] => {
            let case = hostile::CASES.iter().find(|case| case.name == *name);
            growth(case.expect("a case of this name"), bundles);
        }
        other => panic!("not something to count: {other:?}"),
    }
}

fn workload(bundle: &str, contexts: &str) {
    let bundle = fs::read(bundle).expect("the bundle");
    let contexts = fs::read_to_string(contexts).expect("the contexts");
    let mut program = None;
    counted_by_callgrind(&mut || {
        program = Program::load_unsigned(&bundle).ok();
        usize::from(program.is_some())
    });
    println!("load 1");
    let program = program.expect("a bundle that loads");
    // A host reads one context after the other into the same scratch.
    let mut scratch = Scratch::for_program(&program);
    let mut read = || contexts.lines().filter(|it| is_read(&program, it, &mut scratch)).count();
    assert_eq!(read(), contexts.lines().count(), "every context of a workload is read");
    println!("read {}", counted_by_callgrind(&mut read));
    let mut scratches: Vec<Scratch> =
        contexts.lines().map(|_| Scratch::for_program(&program)).collect();
    let mut filled: Vec<Filled<'_>> = contexts
        .lines()
        .zip(&mut scratches)
        .map(|(context, scratch)| ingest(&program, context.as_bytes(), scratch))
        .collect();
    let decided = counted_by_callgrind(&mut || filled.iter_mut().map(decide).sum());
    println!("decide {}", filled.len());
    assert!(decided > 0, "no rule fired");
}

fn is_read(program: &Program, context: &str, scratch: &mut Scratch) -> bool {
    black_box(ingest(program, context.as_bytes(), scratch)).error().is_none()
}

/// The number of rules that fired.
fn decide(filled: &mut Filled<'_>) -> usize {
    black_box(filled.decide(&NOW)).fired().len()
}

/// Sessions side by side, event by event in turn, and the digests of their states, which records
/// and replays take of each.
fn sessions(bundle: &str) {
    let bundle = fs::read(bundle).expect("the bundle");
    let program = Program::load_unsigned(&bundle).expect("a bundle that loads");
    let ground = Ground::of(&program);
    let mut work = Work::of(&ground);
    let all: Vec<Vec<String>> = (0..SESSIONS).map(clerk::events).collect();
    let mut open: Vec<Session<'_, '_>> = all.iter().map(|_| Session::new(&ground)).collect();
    let allowed = counted_by_callgrind(&mut || {
        let mut allowed = 0;
        for at in 0..all.iter().map(Vec::len).max().unwrap_or(0) {
            for (session, events) in open.iter_mut().zip(&all) {
                let Some(event) = events.get(at) else { continue };
                let effect = session.line(event.as_bytes(), &mut work).effect();
                allowed += usize::from(effect == Some(Effect::Allow));
                black_box(session.state().digest());
            }
        }
        allowed
    });
    println!("event {}", all.iter().map(Vec::len).sum::<usize>());
    // A list is read, and somebody paid.
    assert!(allowed >= 2 * SESSIONS, "{allowed} calls were allowed");
}

/// The whole process is counted: a compiler may use threads.
fn compiling(source: &str) {
    let text = fs::read_to_string(source).expect("the source");
    let mut files = SourceMap::new();
    files.add("workload.yaml".to_owned(), text);
    let compiled = compile(&files, &Options::default(), &mut Sink::new());
    assert!(!compiled.expect("a workload that compiles").bundle.is_empty());
    println!("compile");
}

/// Reads and decides the contexts of a case, each by the bundle of its size.
fn growth(case: &hostile::Case, bundles: &[&str]) {
    for (size, bundle) in case.sizes().into_iter().zip(bundles) {
        let bundle = fs::read(bundle).expect("the bundle");
        let program = Program::load_unsigned(&bundle).expect("a bundle that loads");
        let context = (case.context)(size);
        let mut scratch = Scratch::for_program(&program);
        counted_by_callgrind(&mut || {
            decide(&mut ingest(&program, context.as_bytes(), &mut scratch))
        });
        let mut filled = ingest(&program, context.as_bytes(), &mut scratch);
        let decision = filled.decide(&NOW);
        assert!(case.outcome.is(&decision), "{} at {size}: {decision:?}", case.name);
        println!("{} {}", case.unit.word(), case.unit.count(size, &context));
    }
}
