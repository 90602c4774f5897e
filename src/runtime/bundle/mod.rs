//! The bundle: what it holds, and how that is written as bytes.
//!
//! `module` is the content as data; `layout` is the format; `writer` and `reader` go between
//! them. Reading proves the shape; `runtime::verify` proves the meaning.

#[cfg(feature = "compiler")]
pub mod debug;
pub mod digest;
pub mod error;
pub mod govern;
pub mod layout;
pub mod module;
pub mod reader;
mod rows;
pub mod writer;
