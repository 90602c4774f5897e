//! Hostile texts: bounded work, bounded stack, a report and never a panic.

use std::thread;

use super::parse;

/// Runs `work` on a stack of 256 KiB.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(256 << 10).spawn(work);
    thread.expect("a thread starts").join().expect("no panic on a small stack");
}

fn codes(text: &str) -> Vec<&'static str> {
    parse(text).found.iter().map(|found| found.code.id()).collect()
}

#[test]
fn depth_is_bounded_without_recursion() {
    on_small_stack(|| {
        for text in [
            "(".repeat(100_000),
            "[".repeat(100_000),
            "{".repeat(100_000),
            "f(".repeat(50_000),
            "M{a:".repeat(25_000),
            "!".repeat(99_999) + "a",
            "-".repeat(99_999) + "a",
            "a?b:".repeat(24_000) + "c",
            "a?".repeat(49_000) + "c",
            "a[".repeat(50_000),
            "(".repeat(50_000) + &")".repeat(50_000),
            "a".to_owned() + &".b".repeat(49_000),
            "a".to_owned() + &"[0]".repeat(33_000),
            "a".to_owned() + &".f()".repeat(24_000),
            "1".to_owned() + &"+1".repeat(49_000),
            "1".to_owned() + &"<1".repeat(49_000),
        ] {
            assert!(codes(&text).contains(&"E0603"), "{}", &text[..20]);
        }
    });
}
