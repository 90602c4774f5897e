//! Hostile texts: bounded work, bounded stack, a report and never a panic.

use std::thread;

use crate::support::tree::parse;

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
            assert!(
                codes(&text).contains(&"E0603"),
                "{}",
                text.chars().take(20).collect::<String>()
            );
        }
    });
}

#[test]
fn nesting_up_to_the_limit_is_fine() {
    on_small_stack(|| {
        for text in [
            "(".repeat(250) + "a" + &")".repeat(250),
            "[".repeat(249) + "a" + &"]".repeat(249),
            "!".repeat(249) + "a",
            "a?b:".repeat(249) + "c",
            "f(".repeat(120) + "a?b:c" + &")".repeat(120),
            "a".to_owned() + &".b".repeat(249),
            "1".to_owned() + &"+1".repeat(249),
            // No nesting at all.
            "a".to_owned() + &" && a".repeat(19_000),
            format!("[{}]", "a?b:c,".repeat(16_000)),
            format!("{{{}}}", "a?b:c : a?b:c,".repeat(7_000)),
            format!("f({}1)", "-1, ".repeat(24_000)),
        ] {
            assert_eq!(
                codes(&text),
                Vec::<&str>::new(),
                "{}",
                text.chars().take(20).collect::<String>()
            );
        }
        assert_eq!(codes(&("[".repeat(251) + &"]".repeat(251))), ["E0603"]);
        assert_eq!(codes(&("a".to_owned() + &".b".repeat(250))), ["E0603"]);
    });
}

#[test]
fn length_is_bounded_in_code_points() {
    assert_eq!(codes(&format!("'{}'", "é".repeat(99_998))), Vec::<&str>::new());
    let parsed = parse(&format!("'{}'", "é".repeat(99_999)));
    let found: Vec<_> = parsed.found.iter().map(|found| (found.code.id(), found.span())).collect();
    let [("E0602", Some(at))] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((at.start, at.end), (199_999, 200_000));
}

/// Errors on every word: few are reported, and reading ends soon.
#[test]
fn errors_are_bounded() {
    on_small_stack(|| {
        for text in [
            "a ".repeat(50_000),
            "+ ".repeat(50_000),
            ", ".repeat(50_000),
            ") ".repeat(50_000),
            "'".repeat(99_999),
            "a 'b\n".repeat(16_000),
            "$ ".repeat(50_000),
            "a = ".repeat(25_000),
            "a not ".repeat(16_000),
            "'\\s' + ".repeat(14_000),
            format!("'{}'", "\\s".repeat(49_000)),
            "\u{202e}".repeat(99_999),
            "f(a b),".repeat(14_000),
            "({[".repeat(80) + &"a ! b ".repeat(16_000) + &"]})".repeat(80),
            "(".repeat(240) + &", ".repeat(40_000) + &")".repeat(240),
            "a?b:".repeat(240) + &"c d ".repeat(20_000),
            "{a".repeat(240) + &"}".repeat(240),
            "x.".repeat(49_999),
            "`".repeat(99_999),
            "1.".repeat(49_999),
            format!("(f(\"a), b{}", ",".repeat(99_000)),
            format!("[{}", "?,".repeat(49_000)),
            "x and not ".repeat(9_000),
        ] {
            let found = codes(&text);
            assert!(
                !found.is_empty() && found.len() <= 30,
                "{}: {found:?}",
                text.chars().take(12).collect::<String>()
            );
        }
    });
}
