//! What CEL is, agreed by compiler and runtime: types, values, functions, instructions.
//!
//! Imports: nothing of ours.

pub mod constant;
pub mod decision;
pub mod detect;
pub mod error;
pub mod fixed;
pub mod functions;
pub mod glob;
pub mod messages;
pub mod opcodes;
pub mod pattern;
pub mod session;
pub mod types;
pub mod value;
