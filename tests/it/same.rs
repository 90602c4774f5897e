//! The same decisions on any number of threads, and in any build: their digest is printed, so that
//! `cargo test --release` can be held against `cargo test`.

use std::thread;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::bundle::digest;
use policyc::runtime::program::Program;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::pipeline::load;

use crate::support::examples::examples;
use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};

/// Threads that decide at the same time.
const THREADS: [usize; 5] = [1, 2, 7, 16, 64];
/// Random policies, beside those of the examples.
const POLICIES: u64 = 24;
/// Contexts for each.
const CONTEXTS: usize = 8;

/// Programs, each with contexts for it.
fn programs() -> Vec<(Program, Vec<Vec<u8>>)> {
    let known = Vocabularies::new();
    let mut found: Vec<_> = examples()
        .into_iter()
        .map(|it| (load(&it.bundle, &it.name).expect("it loads"), it.contexts))
        .collect();
    for seed in 0..POLICIES {
        let mut random = Random::new(seed);
        let mut files = SourceMap::new();
        files.add("p.yaml", policy(&mut random, &known));
        let compiled = compile(&files, &Options::default(), &mut Sink::new());
        let Some(compiled) = compiled else { continue };
        let contexts = (0..CONTEXTS).map(|_| context(&mut random).to_string().into_bytes());
        found.push((load(&compiled.bundle, "p").expect("it loads"), contexts.collect()));
    }
    found
}

/// The digest of all decisions, made from the program `first` on.
fn decided(programs: &[(Program, Vec<Vec<u8>>)], first: usize) -> String {
    let mut said = vec![String::new(); programs.len()];
    for at in 0..programs.len() {
        let at = (first + at) % programs.len();
        let (program, contexts) = &programs[at];
        let mut scratch = Scratch::for_program(program);
        for context in contexts {
            let mut filled = ingest(program, context, &mut scratch);
            let report = DecisionReport::of(&mut filled.decide(&Moment::at(1_773_785_730, 0)));
            said[at].push_str(&report.to_json());
        }
    }
    digest::of(said.concat().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn decisions_are_those_of_one_thread_on_any_number() {
    let programs = programs();
    assert!(programs.len() > 20, "{}", programs.len());
    let wanted = decided(&programs, 0);
    println!("decisions: {wanted}");
    let run = |first| decided(&programs, first);
    let run = &run;
    for threads in THREADS {
        thread::scope(|scope| {
            let all: Vec<_> = (0..threads).map(|first| scope.spawn(move || run(first))).collect();
            for one in all {
                assert_eq!(one.join().expect("no panic"), wanted, "on {threads} threads");
            }
        });
    }
}
