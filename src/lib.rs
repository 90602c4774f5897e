//! `policyc`: policies for AI agents, compiled to a verified bytecode bundle and decided in
//! nanoseconds.
//!
//! Floors, each importing from lower ones only (`docs/architecture.md`):
//! `base` < `diag` < `lang` < `runtime` < `compiler` < `tools` < `cli`.
//!
//! What a host needs to decide stands here, at the root of the crate:
//!
//! ```
//! use policyc::{Effect, Moment, Program, ProgramError, Request, Scratch, evaluate};
//!
//! fn is_allowed(program: &Program, scratch: &mut Scratch, call: &[u8], seconds: i64) -> bool {
//!     let request = Request { context: call, moment: Moment::at(seconds, 0) };
//!     evaluate(program, &request, scratch).effect() == Some(Effect::Allow)
//! }
//!
//! # fn main() -> Result<(), ProgramError> {
//! assert!(Program::load_unsigned(b"no bundle").is_err()); // what cannot be proved is no program
//! # Ok(())
//! # }
//! ```
//!
//! | to | see |
//! | --- | --- |
//! | load a bundle and decide | [`Program`], [`Scratch`], [`evaluate`] |
//! | fill in a context without JSON | `runtime::vm::request` |
//! | exchange bundles while threads decide | [`Engine`] |
//! | fold the events of an agent's session | [`runtime::session`] |
//! | record decisions, in a log that shows tampering | [`runtime::record`], [`runtime::audit`] |
//! | ask for signatures | `runtime::trust`, with feature `trust` |
//! | compile sources | `compiler`, with feature `compiler` |

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
pub use crate::runtime::engine::Engine;
pub use crate::runtime::program::Program;
pub use crate::runtime::program::error::ProgramError;
pub use crate::runtime::vm::decide::evaluate;
pub use crate::runtime::vm::decision::Decision;
pub use crate::runtime::vm::request::{Moment, Request};
pub use crate::runtime::vm::scratch::Scratch;

/// The example of the README is a doc test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
