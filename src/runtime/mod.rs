//! Bytes to decisions: what an embedder links.
//!
//! In:      the bytes of a bundle (`program::Program::load_unsigned`), contexts, moments.
//! Out:     decisions (`vm::decide::evaluate`).
//! Imports: nothing of ours.
//!
//! A gateway loads a bundle once, shares the `Program` among its threads, and keeps one `Scratch`
//! a thread:
//!
//! ```
//! # use policyc::compiler::{Options, compile, source::map::SourceMap};
//! # let mut files = SourceMap::new();
//! # files.add("small.yaml", "policyc: 1\nname: small\ndefault: deny\n\
//! #     schema: {amount: double}\nrules:\n  - {id: small, when: amount < 10.0, allow: small}\n");
//! # let bundle = compile(&files, &Options::default(), &mut policyc::diag::sink::Sink::new())
//! #     .expect("it compiles").bundle;
//! use policyc::{Moment, Program, Request, Scratch, evaluate};
//!
//! let program = Program::load_unsigned(&bundle)?;
//! let mut scratch = Scratch::for_program(&program);
//! let request = Request { context: br#"{"amount": 9.5}"#, moment: Moment::at(1_773_741_600, 0) };
//! let decision = evaluate(&program, &request, &mut scratch);
//! assert_eq!(decision.rule(), Some("small"));
//! # Ok::<(), policyc::ProgramError>(())
//! ```

pub mod audit;
pub mod bundle;
pub mod engine;
pub mod program;
pub mod record;
pub mod session;
#[cfg(feature = "trust")]
pub mod trust;
pub mod verify;
pub mod vm;
