//! The integration tests.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::manual_is_multiple_of,
    clippy::panic,
    clippy::pedantic,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a test that cannot go on fails"
)]

mod audit;
mod bad_input;
mod bench;
mod bugs;
mod bugs_of_others;
mod builtins;
mod bundle;
mod cel_policy;
mod check;
mod checking;
mod cli;
mod consoles;
mod contracts;
mod corpora;
mod costs;
mod coverage;
mod decisions;
mod detect;
mod diff;
mod differential;
mod documents;
mod engine;
mod examples;
mod faults;
mod fmt;
mod generated;
mod hostile;
mod import;
mod language;
mod learn;
mod lints;
mod loops;
mod lsp;
mod mcp;
mod meaning;
mod message_values;
mod messages;
mod missing;
mod mutants;
mod oci;
mod outputs;
mod pages;
mod plan_paths;
mod protobuf;
mod readme;
mod records;
mod replay;
mod report;
mod reproducible;
mod reviewed;
mod same;
mod schemas;
mod secrets;
mod session;
mod shell;
mod slips;
mod spellings;
mod suite;
mod suite_events;
mod suite_sections;
mod supply;
mod support;
mod syntax;
mod tamper;
mod terms;
mod texts;
mod tidy;
mod trojan;
mod trust;
mod typos;
mod unknown_answers;
mod unknown_cases;
mod unknown_messages;
mod unknown_outputs;
mod unknown_precision;
mod unknown_reference;
mod unknowns;
mod verify;
mod whole;
mod wire;
mod workloads;
