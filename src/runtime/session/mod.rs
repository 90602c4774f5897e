//! Sessions of agents: events in, decisions and records out.
//!
//! In:      a program, events one after the other.
//! Out:     for each what is decided or recorded; a state that is a function of them.
//! Imports: nothing of ours.
//! Source:  `docs/sessions.md`.
//!
//! A session is a fold around the evaluator that decides single calls. All that its state says to
//! a decision is input: answers below one root of the context that nobody else may fill.
//!
//! ```
//! # #[cfg(feature = "compiler")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # use policyc::compiler::{Options, compile, source::map::SourceMap};
//! # use policyc::diag::sink::Sink;
//! use policyc::lang::decision::Effect;
//! use policyc::runtime::program::Program;
//! use policyc::runtime::session::ground::Ground;
//! use policyc::runtime::session::step::{Session, Work};
//!
//! let policy = r#"
//! policyc: 1
//! default: deny
//! labels: {integrity: {untrusted: [file]}}
//! tools:
//!   read_file: {effect: none, args: {path: string}, output: {"": {labels: [untrusted.file]}}}
//!   send_money: {effect: egress, args: {recipient: string target, amount: double}}
//! rules: [{id: calls, on: ["*"], allow: a call}]
//! flow: [{id: trusted, sink: {arg: target}, forbid: "untrusted.*", over: deny}]
//! "#;
//! # let mut files = SourceMap::new();
//! # files.add("p.yaml", policy);
//! # let built = compile(&files, &Options::default(), &mut Sink::new());
//! # let bundle = built.ok_or("the policy is not in order")?.bundle;
//! let program = Program::load_unsigned(&bundle)?;
//! let ground = Ground::of(&program);
//! let (mut session, mut work) = (Session::new(&ground), Work::of(&ground));
//! let ts = r#""ts":"2026-11-19T14:03:20Z""#;
//! let events = [
//!     format!(r#"{{"ev":"prompt","seq":1,{ts},"text":"Pay the bill"}}"#),
//!     format!(r#"{{"ev":"request","seq":2,{ts},"call":"c1",
//!         "action":{{"tool":"read_file","args":{{"path":"bill"}}}}}}"#),
//!     format!(r#"{{"ev":"response","seq":3,{ts},"call":"c1","out":"98.70 to DE89"}}"#),
//!     format!(r#"{{"ev":"request","seq":4,{ts},"call":"c2",
//!         "action":{{"tool":"send_money","args":{{"recipient":"DE89","amount":98.7}}}}}}"#),
//! ];
//! let effects = events.map(|event| session.line(event.as_bytes(), &mut work).effect());
//! // The recipient stands in the file, and nowhere else.
//! assert_eq!(effects, [None, Some(Effect::Allow), None, Some(Effect::Deny)]);
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "compiler"))]
//! # fn main() {}
//! ```

mod absorb;
pub mod answer;
mod answer_template;
pub mod approvals;
pub mod arguments;
pub mod audience;
pub mod chain;
mod context;
pub mod decided;
pub mod event;
mod facts;
pub mod ground;
mod index;
mod json;
pub mod labels;
mod log;
pub mod meters;
mod outputs;
mod params;
mod places;
pub mod plan;
pub mod provenance;
mod readings;
mod request;
mod shape;
mod sought;
mod speakers;
pub mod state;
pub mod step;
mod store;
mod taint;
mod text;
mod tokens;
mod trust;
mod words;
mod work;

/// What an entry of a map or a list takes beside its texts, as the bytes of a state are counted.
const ENTRY_BYTES: usize = 64;
