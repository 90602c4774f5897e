//! The same decisions on any number of threads, and in any build: their digest is printed, so that
//! `cargo test --release` can be held against `cargo test`.

use std::thread;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::pipeline::load;
use sha2::{Digest, Sha256};

use crate::support::examples::examples;
use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};

/// Threads that decide at the same time.
const THREADS: [usize; 5] = [1, 2, 7, 16, 64];
/// Random policies, beside those of the examples.
const POLICIES: u64 = 24;
/// Contexts for each, unless `SAME_CONTEXTS` says how many.
const CONTEXTS: u64 = 8;

/// Contexts for a program.
enum Contexts {
    Given(Vec<Vec<u8>>),
    /// Made while they are decided: so many, by a seed.
    Random(u64, u64),
}

impl Contexts {
    fn each(&self, mut decide: impl FnMut(&[u8])) {
        match self {
            Self::Given(contexts) => contexts.iter().for_each(|context| decide(context)),
            Self::Random(seed, count) => {
                let mut random = Random::new(*seed);
                (0..*count).for_each(|_| decide(context(&mut random).to_string().as_bytes()));
            }
        }
    }
}

/// Programs, each with contexts for it: as many as are asked for.
fn programs(contexts: u64) -> Vec<(Program, Contexts)> {
    let known = Vocabularies::new();
    let mut found: Vec<_> = examples()
        .into_iter()
        .map(|it| {
            let program = load(&it.bundle, &it.name).expect("it loads");
            (program, Contexts::Given(it.contexts))
        })
        .collect();
    for seed in 0..POLICIES {
        let mut files = SourceMap::new();
        files.add("p.yaml", policy(&mut Random::new(seed), &known));
        let compiled = compile(&files, &Options::default(), &mut Sink::new());
        let Some(compiled) = compiled else { continue };
        let program = load(&compiled.bundle, "p").expect("it loads");
        found.push((program, Contexts::Random(seed + POLICIES, contexts)));
    }
    found
}

/// The digest of all decisions, made from the program `first` on, and how many they are.
fn decided(programs: &[(Program, Contexts)], first: usize) -> (String, u64) {
    let (mut said, mut count) = (vec![Sha256::new(); programs.len()], 0);
    for at in 0..programs.len() {
        let at = (first + at) % programs.len();
        let (program, contexts) = &programs[at];
        let mut scratch = Scratch::for_program(program);
        contexts.each(|context| {
            let mut filled = ingest(program, context, &mut scratch);
            let report = DecisionReport::of(&mut filled.decide(&Moment::at(1_773_785_730, 0)));
            said[at].update(report.to_json());
            count += 1;
        });
    }
    let mut all = Sha256::new();
    said.into_iter().for_each(|one| all.update(one.finalize()));
    (all.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), count)
}

#[test]
fn decisions_are_those_of_one_thread_on_any_number() {
    let asked = std::env::var("SAME_CONTEXTS").ok();
    let contexts = asked.as_deref().map(|text| text.parse().expect("a number"));
    let programs = programs(contexts.unwrap_or(CONTEXTS));
    assert!(programs.len() > 20, "{}", programs.len());
    let wanted = decided(&programs, 0);
    println!("{} decisions: {}", wanted.1, wanted.0);
    let run = |first| decided(&programs, first);
    let run = &run;
    // Many decisions are made once more, by another thread that begins elsewhere.
    let threads = if contexts.is_some() { &THREADS[..1] } else { &THREADS };
    for threads in threads.iter().copied() {
        thread::scope(|scope| {
            let all: Vec<_> =
                (0..threads).map(|at| scope.spawn(move || run(at + threads))).collect();
            for one in all {
                assert_eq!(one.join().expect("no panic"), wanted, "on {threads} threads");
            }
        });
    }
}
