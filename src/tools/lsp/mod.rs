//! `policyc lsp`: what editors ask about policies, and what they are told.
//!
//! In:      messages of an editor, the files of its workspace.
//! Out:     answers and findings, as the Language Server Protocol has them.
//! Imports: nothing of ours.
//! Source:  Language Server Protocol 3.17.
//!
//! `serve` reads messages and lets one thread look at projects while the editor goes on; `state` is
//! what the editor has open; each other file answers one kind of question. They are functions of a
//! `view::View`, a project with the texts of the editor laid over its files. Messages are plain
//! JSON: each is made and taken apart in one place.

mod actions;
mod complete;
mod findings;
mod format;
pub mod frame;
mod hints;
mod hover;
mod keys;
mod lenses;
mod names;
mod offers;
mod rename;
mod request;
pub mod serve;
mod signature;
mod state;
mod symbols;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod uri;
mod view;
mod words;
