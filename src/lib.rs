//! `policyc`: policies for AI agents, compiled to a verified bytecode bundle and decided in
//! nanoseconds.
//!
//! Floors, each importing from lower ones only (`docs/architecture.md`):
//! `base` < `diag` < `lang` < `runtime` < `compiler` < `tools` < `cli`.
//!
//! What a host needs to decide stands here, at the root of the crate:
//!
//! ```
//! use policyc::{Moment, Program, ProgramError, Request, Scratch, evaluate};
//!
//! # use policyc::compiler::{Options, compile, source::map::SourceMap};
//! # let mut files = SourceMap::new();
//! # files.add("p.yaml", "policyc: 1\nname: p\ndefault: deny\nschema: {amount: double}\n\
//! #     rules:\n  - {id: r, when: amount < 10.0, allow: ok}\n");
//! # let bundle = compile(&files, &Options::default(), &mut policyc::diag::sink::Sink::new())
//! #     .expect("it compiles").bundle;
//! let program = Program::load_unsigned(&bundle)?; // Read and verified, once; threads share it.
//! let mut scratch = Scratch::for_program(&program); // One for each thread.
//! let mut is_allowed = |call: &[u8]| {
//!     let request = Request { context: call, moment: Moment::at(1_773_741_600, 0) };
//!     evaluate(&program, &request, &mut scratch).is_allowed()
//! };
//! assert!(is_allowed(br#"{"amount": 9.5}"#));
//! assert!(!is_allowed(br#"{"amount": 12}"#));
//! assert!(!is_allowed(b"no context")); // What cannot be read is denied.
//! assert!(Program::load_unsigned(b"no bundle").is_err()); // What is not proved is no program.
//! # Ok::<(), ProgramError>(())
//! ```
//!
//! | to | see |
//! | --- | --- |
//! | load a bundle and decide | [`Program`], [`Scratch`], [`evaluate`], [`Decision::is_allowed`] |
//! | read a context once, or fill it in without JSON | [`ingest`], [`Filled`], `runtime::vm` |
//! | exchange bundles while threads decide | [`Engine`], [`Candidate`], [`Decider`] |
//! | fold the events of an agent's session | [`runtime::session`] |
//! | record decisions, in a log that shows tampering | [`runtime::record`], [`runtime::audit`] |
//! | ask for signatures | `runtime::trust`, with feature `trust` |
//! | compile sources | `compiler`, with feature `compiler` |
//!
//! `docs/glossary.md` has the words that the code uses.

pub mod base;
pub mod diag;
pub mod lang;
pub mod runtime;

#[cfg(feature = "compiler")]
pub mod compiler;

#[cfg(feature = "tools")]
pub mod tools;

#[cfg(feature = "cli")]
pub mod cli;

pub use crate::lang::decision::Effect;
pub use crate::runtime::bundle::module::Phase;
pub use crate::runtime::engine::{Candidate, Decider, Engine, Pinned};
pub use crate::runtime::program::Program;
pub use crate::runtime::program::error::ProgramError;
pub use crate::runtime::vm::decide::evaluate;
pub use crate::runtime::vm::decision::Decision;
pub use crate::runtime::vm::hosts::HostTable;
pub use crate::runtime::vm::report::DecisionReport;
pub use crate::runtime::vm::request::{Filled, Moment, Request, ingest};
pub use crate::runtime::vm::scratch::Scratch;

/// The example of the README is a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
