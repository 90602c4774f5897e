//! Texts that are odd, large or hostile: formatted, left alone or refused, in time.

use std::thread;
use std::time::Duration;

use policyc::compiler::format::{Refused, Settings, edits, format};
use rustix::time::{ClockId, clock_gettime};

use super::formatted;

const HEAD: &str = "policyc: 1\nname: n\ndefault: deny\n";

fn plain(path: &str, text: &str) -> String {
    formatted(path, text, Settings::default())
}

/// The codes of what is said about a text that is left alone.
fn refused(path: &str, text: &str) -> Vec<&'static str> {
    match edits(path, text, Settings::default()) {
        Err(Refused::Unread(findings)) => findings.iter().map(|found| found.code.id()).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn line_breaks_of_the_file_stay() {
    let narrow = Settings { width: 40, indent: 2 };
    let text =
        format!("{HEAD}variables:\n  - a: xxxxxxxxxxxxxxxxxxx&&yyyyyyyyyyyyyyyyyyyy\nrules: []\n");
    let wanted = format!(
        "{HEAD}variables:\n  - a: |-\n      xxxxxxxxxxxxxxxxxxx\n      && yyyyyyyyyyyyyyyyyyyy\n\
         rules: []\n"
    );
    assert_eq!(formatted("a.yaml", &text, narrow), wanted);
    let windows = |text: &str| text.replace('\n', "\r\n");
    assert_eq!(formatted("a.yaml", &windows(&text), narrow), windows(&wanted));
    let block =
        format!("{HEAD}variables:\n  - a: |\n      x // c\n      &&'''\n      b'''\nrules: []\n");
    let wanted = block.replace("&&'''", "&& '''");
    assert_eq!(plain("a.yaml", &windows(&block)), windows(&wanted));
    assert_eq!(plain("a.cel", "a&&b  \r\n\r\n  \r\nc\r\n\r\n"), "a && b\r\n\r\n\r\nc\r\n");
    // A carriage return alone ends a line for YAML, and not for a comment of CEL.
    let old = "policyc: 1\rvariables:\r  - a: |\r      x   // c\r      && y\rrules: []\r";
    assert_eq!(plain("a.yaml", old), old);
}

#[test]
fn marks_and_tabs() {
    let text = format!("\u{feff}{HEAD}variables:\n  - a:\tx&&\t y  \nrules:\t[]\n\n\n");
    let wanted = format!("\u{feff}{HEAD}variables:\n  - a:\tx && y  \nrules:\t[]\n\n\n");
    assert_eq!(plain("a.yaml", &text), wanted);
    assert_eq!(plain("a.cel", "\u{feff}a\t&&\tb"), "\u{feff}a && b\n");
    assert_eq!(plain("a.cel", "  \ta&&b\n\t&&c\n"), "a && b && c\n");
    assert_eq!(plain("empty.yaml", "rule:\n"), "rule:\n");
    let wide = "x == 'é名👩'&&y";
    assert!(
        plain("a.yaml", &format!("rule: {{match: [{{output: \"{wide}\"}}]}}\n")).contains("' && y")
    );
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    assert_eq!(refused("a.yaml", &format!("{HEAD}variables:\n  - a: f(\nrules: []\n")), ["E0102"]);
    assert_eq!(refused("a.yaml", &format!("{HEAD}variables:\n  - a: x\0y\nrules: []\n")).len(), 1);
    assert_eq!(refused("a.yaml", &format!("{HEAD}variables:\n  - a: \"x\\u202ey\"\n")), ["E0107"]);
    assert_eq!(refused("a.yaml", &format!("{HEAD}variables: [\n")), ["E0203"]);
    assert_eq!(refused("a.yaml", &format!("{HEAD}variables: &a [{{b: x}}]\n")), ["E0206"]);
    assert_eq!(
        refused("a.yaml", &format!("{HEAD}rules:\n- {{id: a, when: !x, deny: n}}\n")),
        ["E0209"]
    );
    assert_eq!(refused("a.yaml", &format!("{HEAD}rules:\n- {{id: a, deny: 'a {{'}}\n")), ["E0215"]);
    assert_eq!(refused("a.cel", "a && \u{202e}b\n"), ["E0106"]);
    assert_eq!(refused("a.cel", "a\0b\n").len(), 1);
    assert_eq!(refused("a.cel", &"(".repeat(300)), ["E0603"]);
    // What is wrong otherwise is none of its business.
    let text = format!("{HEAD}rulez: x\nvariables:\n  - a: nobody&&knows\n");
    assert_eq!(plain("a.yaml", &text), text.replace("&&", " && "));
}

#[test]
fn nesting_up_to_the_limits() {
    let deep = [
        "(".repeat(250) + "a" + &")".repeat(250),
        "[".repeat(249) + "a" + &"]".repeat(249),
        "!".repeat(249) + "a",
        "a?b:".repeat(249) + "c",
        "f(a,".repeat(120) + "b" + &")".repeat(120),
        "{1:".repeat(120) + "b" + &"}".repeat(120),
        "a".to_owned() + &".b()".repeat(249),
        "1".to_owned() + &"+1".repeat(249),
        "a&&(b||".repeat(80) + "c" + &")".repeat(80),
    ];
    let small = thread::Builder::new().stack_size(512 << 10).spawn(move || {
        for text in deep {
            plain("a.cel", &text);
            plain("a.yaml", &format!("rule: {{match: [{{output: \"{text}\"}}]}}\n"));
            plain("a.yaml", &format!("rule:\n  match:\n    - output: \"{text}\"\n"));
        }
    });
    small.expect("a thread").join().expect("a small stack is enough");
    let list = "[".repeat(60) + &"]".repeat(60);
    let text = format!("{HEAD}variables:\n  - a: x&&y\nname: {list}\n");
    assert_eq!(
        plain("a.yaml", &text.replace("name: n\n", "")),
        text.replace("name: n\n", "").replace("&&", " && ")
    );
}

fn seconds(work: impl FnOnce()) -> f64 {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(now.tv_sec.cast_unsigned(), u32::try_from(now.tv_nsec).unwrap())
    };
    let start = now();
    work();
    (now() - start).as_secs_f64()
}

/// A text of some size.
type Make = fn(usize) -> String;

/// Ten times the text takes ten times as long, give or take a half; a square would be a hundred.
#[test]
fn work_grows_with_the_text() {
    let texts: [(&str, Make); 7] = [
        ("a.cel", |n| "a   &&  b.c(d, [1,2 ])\n".repeat(n)),
        ("a.cel", |n| format!("a{}\n", " &&  f(x)".repeat(n / 2))),
        ("a.cel", |n| format!("[{}]\n", "a?b:c,".repeat(n))),
        ("a.yaml", |n| {
            let rule = |at| format!("- {{id: r{at}, when: \"a&&b\", deny: '{{x}}'}}\n");
            format!("{HEAD}rules:\n{}", (0..n).map(rule).collect::<String>())
        }),
        ("a.yaml", |n| {
            let rule = |at| format!("{{id: r{at}, when: \"a&&b\", deny: '{{x+1}}'}}");
            format!("{HEAD}rules: [{}]\n", (0..n).map(rule).collect::<Vec<_>>().join(","))
        }),
        ("a.yaml", |n| {
            let variable = |at| format!("- v{at}: a&&b //c\n");
            format!("{HEAD}variables:\n{}", (0..n).map(variable).collect::<String>())
        }),
        ("a.yaml", |n| {
            format!(
                "rule: {{match: [{{output: \"a{}\"}}]}}\n",
                " +\\\"x\\\"".repeat(200) + &" ".repeat(n * 20)
            )
        }),
    ];
    for (nth, (path, make)) in texts.iter().enumerate() {
        let took = |n: usize| {
            let text = make(n);
            let once =
                || seconds(|| drop(format(path, &text, Settings::default()).expect("it is read")));
            (0..3).map(|_| once()).fold(f64::INFINITY, f64::min)
        };
        let (small, large) = (took(60), took(600));
        assert!(large < small * 30.0 + 0.01, "text {nth}: {small} s, then {large} s");
    }
}

#[test]
fn a_line_of_a_megabyte() {
    let long = "w ".repeat(1_000);
    let rule = |at| format!("{{id: r{at}, description: {long}, when: \"a&&b\", deny: 'no'}}");
    let text = format!("{HEAD}rules: [{}]\n", (0..600).map(rule).collect::<Vec<_>>().join(","));
    assert!(text.len() > 1 << 20);
    assert_eq!(plain("a.yaml", &text), text.replace("&&", " && "));
    let long = format!("rule:\n  match:\n    - output: '\"{}\"==x'\n", "y".repeat(90_000));
    assert_eq!(plain("a.yaml", &long), long.replace("==", " == "));
}
