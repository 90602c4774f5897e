//! Deciding allocates nothing once it is warm: a counting allocator looks on.
//!
//! Needs neither compiler nor files: the bundle is put together by hand.

#![allow(unsafe_code, reason = "a global allocator is `unsafe` by its trait")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is not as it must be"
)]

#[path = "it/support/module.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod module;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use policyc::runtime::bundle::writer::write;
use policyc::runtime::program::Program;
use policyc::runtime::verify::annotate;
use policyc::runtime::vm::decide::evaluate;
use policyc::runtime::vm::hosts::{HostEntry, HostTable};
use policyc::runtime::vm::request::{Moment, Request};
use policyc::runtime::vm::scratch::Scratch;

thread_local! {
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

// SAFETY: everything is handed on to the system's allocator; counting touches no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(work: impl FnOnce()) -> usize {
    let before = COUNT.with(Cell::get);
    work();
    COUNT.with(Cell::get) - before
}

fn program() -> Program {
    let mut module = module::rich();
    annotate(&mut module);
    let bytes = write(&module).expect("a module that fits");
    Program::load(&bytes).expect("a bundle that is verified")
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
    let mut scratch = Scratch::for_program(&program);
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
        decide();
        assert_eq!(allocations(decide), 0, "{context}");
    }
}
