//! Deciding allocates nothing: a counting allocator looks on. The scratch is reserved, so the first
//! decision is counted too.
//!
//! Needs neither compiler nor files: the bundle is put together by hand. Bundles that the compiler
//! makes are in `tests/hot_path_compiled.rs`.

#![allow(unsafe_code, reason = "a global allocator is `unsafe` by its trait")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it must be"
)]

mod counting;
#[path = "../it/support/module.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod module;

use policyc::runtime::bundle::writer::write;
use policyc::runtime::program::Program;
use policyc::runtime::verify::annotate;
use policyc::runtime::vm::decide::evaluate;
use policyc::runtime::vm::hosts::{HostEntry, HostTable};
use policyc::runtime::vm::request::{Moment, Request};
use policyc::runtime::vm::scratch::Scratch;

fn program() -> Program {
    let mut module = module::rich();
    annotate(&mut module);
    let bytes = write(&module).expect("a module that fits");
    Program::load_unsigned(&bytes).expect("a bundle that is verified")
}

#[test]
fn evaluation_does_not_allocate() {
    let program = program();
    let entry = HostEntry {
        name: "host".to_owned(),
        arguments: HostTable::digest("[\"someone\"]"),
        result: "{\"b\":[1,2.5],\"a\":\"te\\u0078t\"}".to_owned(),
    };
    let hosts = HostTable::new(vec![entry]);
    let moment = Moment { hosts: Some(&hosts), ..Moment::at(1_700_000_000, 0) };
    let mut scratch = Scratch::for_program(&program).reserved(&program);
    let contexts = [
        r#"{"action":{"tool":"send","amount":20000},"user":"someone","items":[{"name":"a"}]}"#,
        r#"{"action":{"tool":"get_x","amount":2e4},"items":[{"name":"\u0061","price":7}]}"#,
        r#"{"action":{"tool":"other","amount":1},"user":{"a":[1,{"b":[]}]},"items":[],"z":1}"#,
        r#"{"action":{"tool":5}}"#,
        r#"{"action":"#,
        "{}",
    ];
    for context in contexts {
        let request = Request { context: context.as_bytes(), moment };
        let mut decide = || {
            let mut decision = evaluate(&program, &request, &mut scratch);
            assert!(decision.reason().len() < 100);
        };
        let ((), usage) = counting::counted(&mut decide);
        assert_eq!(usage.allocations, 0, "{context}");
    }
}
