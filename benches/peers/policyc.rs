//! This package as a peer of `shared/bench`: see README.md beside this file.

use std::cell::RefCell;

use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::runtime::program::Program;
use policyc::runtime::vm::request::{Filled, Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;

use crate::measure::Policy;
use crate::workload::Workload;

mod folder;
mod workload;

thread_local! {
    /// Scratches that no context holds any more: reading takes one, so that it allocates none.
    static IDLE: RefCell<Vec<&'static mut Scratch>> = const { RefCell::new(Vec::new()) };
}

/// A context in the slots of a scratch of its own.
pub struct Context(RefCell<Option<Filled<'static>>>);

impl Drop for Context {
    fn drop(&mut self) {
        if let Some(filled) = self.0.take() {
            IDLE.with_borrow_mut(|idle| idle.push(filled.into_scratch()));
        }
    }
}

/// The program lives as long as the process: contexts borrow it.
pub struct Policyc(&'static Program);

impl Policy for Policyc {
    type Ctx = Context;
    type Scratch = ();

    fn load(w: &Workload) -> Result<Self, String> {
        let files = workload::sources(&w.dir, 1000);
        let start = std::time::Instant::now();
        let compiled = compile(&files, &Options::default(), &mut Sink::new());
        let bundle = compiled.ok_or("it does not compile")?.bundle;
        let (built, start) = (start.elapsed(), std::time::Instant::now());
        let program = Program::load(&bundle).map_err(|error| format!("{error:?}"))?;
        eprintln!(
            "  {}: build {built:.1?}, bundle {} bytes, load {:.2?}",
            w.name,
            bundle.len(),
            start.elapsed()
        );
        Ok(Self(Box::leak(Box::new(program))))
    }

    fn scratch(&self) {}

    fn parse(&self, json: &'static str) -> Context {
        let idle = IDLE.with_borrow_mut(Vec::pop);
        let scratch =
            idle.unwrap_or_else(|| Box::leak(Box::new(Scratch::for_program(self.0))));
        Context(RefCell::new(Some(ingest(self.0, json.as_bytes(), scratch))))
    }

    fn eval(&self, (): &mut (), context: &Context, out: &mut Vec<u32>) {
        if let Some(filled) = context.0.borrow_mut().as_mut() {
            let decision = filled.decide(&Moment::at(1_767_787_200, 0));
            out.extend(decision.fired().iter().map(|fired| u32::from(fired.rule)));
        }
    }
}
