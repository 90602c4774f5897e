//! Bugs that other policy engines had, each under the name of what went wrong there. None of them
//! may come back here.

use std::process::Command;
use std::thread;

use policyc::base::limits::DIAGNOSTICS_MAX;
use policyc::compiler::format::{Settings as Style, format};
use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::lang::error::EvalError;
use policyc::runtime::program::Program;
use policyc::runtime::trust::error::SignatureFault;
use policyc::runtime::trust::policy::{RolePurpose, TrustPolicy};
use policyc::runtime::trust::release::{RELEASE_TYPE, Release};
use policyc::runtime::trust::state::Memory;
use policyc::runtime::trust::{PolicyFault, Unverified};
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::serde::ingest_value;
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use policyc::tools::pipeline::load_own;
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};
use crate::support::run::Folder;
use crate::trust;

const NOW: Moment<'static> = Moment::at(1_773_785_730, 0);

fn one(path: &str, text: &str) -> SourceMap {
    let mut files = SourceMap::new();
    files.add(path, text);
    files
}

/// The program of `files`, or the codes of what is wrong with them.
fn try_program(files: &SourceMap, options: &Options) -> Result<Program, Vec<&'static str>> {
    let mut sink = Sink::new();
    match compile(files, options, &mut sink) {
        Some(compiled) => Ok(load_own(&compiled).expect("what is emitted verifies")),
        None => Err(sink.finish().0.iter().map(|found| found.code.id()).collect()),
    }
}

fn program(text: &str) -> Program {
    try_program(&one("p.yaml", text), &Options::default()).expect("it compiles")
}

fn decide(program: &Program, context: &str) -> DecisionReport {
    let mut scratch = Scratch::for_program(program);
    DecisionReport::of(&mut ingest(program, context.as_bytes(), &mut scratch).decide(&NOW))
}

/// Seconds of this thread.
fn seconds(work: impl FnOnce()) -> f64 {
    let now = || {
        let now = clock_gettime(ClockId::ThreadCPUTime);
        now.tv_sec as f64 + now.tv_nsec as f64 / 1e9
    };
    let start = now();
    work();
    now() - start
}

#[test]
fn an_optimiser_changes_a_decision() {
    let known = Vocabularies::new();
    let mut decided = 0;
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let files = one("p.yaml", &policy(&mut random, &known));
        let unfolded = Options { unfolded: true, ..Options::default() };
        let [Ok(plain), Ok(unfolded)] =
            [Options::default(), unfolded].map(|it| try_program(&files, &it))
        else {
            continue;
        };
        for _ in 0..8 {
            let context = context(&mut random).to_string();
            let [ours, theirs] = [&plain, &unfolded].map(|it| decide(it, &context));
            let said = |it: &DecisionReport| (it.effect, it.rule.clone(), it.fired.clone());
            assert_eq!(said(&ours), said(&theirs), "seed {seed}, {context}");
            decided += 1;
        }
    }
    assert!(decided > 100, "{decided}");
}

#[test]
fn a_formatter_changes_meaning() {
    for expression in [
        "a.i - (a.j - 1) == 2",
        "!(a.b && a.c)",
        "(a.b ? a.c : a.b) ? a.b : a.c",
        "-(-a.i) == a.i",
        "a.s == 'x // y' && a.b // a.c",
        "(a.i + 1) * 2 == (a.j)",
        "a.s == 'two  blanks' || a.s == \"it's\"",
        "a.li.exists(x, (x > 1) == a.b) == (a.c)",
    ] {
        let text = format!(
            "policyc: 1\nname: p\ndefault: deny\nschema: {{a: {{i: int, j: int, b: bool, c: bool, \
             s: string, li: {{items: int, maxItems: 9}}}}}}\nrules:\n  - id: r\n    when: |\n      \
             {expression}\n    allow: ok\n"
        );
        let after = format("p.yaml", &text, Style { width: 40, indent: 2 }).expect("it is read");
        let [before, after] = [&text, &after].map(|it| program(it));
        for seed in 0..24 {
            let context = context(&mut Random::new(seed)).to_string();
            let [was, is] = [&before, &after].map(|it| decide(it, &context));
            assert_eq!((was.effect, was.errors), (is.effect, is.errors), "{expression}, {context}");
        }
    }
}

#[test]
fn a_denial_is_skipped_because_its_condition_fails() {
    let program = program(
        "policyc: 1\nname: p\ndefault: allow\nschema: {n: int, d: dyn}\nrules:\n  \
         - {id: share, when: 100 / n > 50, deny: no}\n  - {id: open, when: d == d, allow: ok}\n  \
         - {id: kind, when: d.x.y > 1, deny: no}\n",
    );
    let report = decide(&program, r#"{"n": 0, "d": {"x": {"y": 0}}}"#);
    assert_eq!((report.effect, report.rule.as_deref()), (Some(Effect::Deny), Some("share")));
    assert_eq!(report.errors[0].class, EvalError::DivideByZero);
    let report = decide(&program, r#"{"n": 9, "d": 1}"#);
    assert_eq!((report.effect, report.rule.as_deref()), (Some(Effect::Deny), Some("kind")));
    assert!(!report.errors.is_empty());
    let report = decide(&program, r#"{"n": 9, "d": {"x": {"y": 1}}}"#);
    assert_eq!((report.effect, report.errors.len()), (Some(Effect::Allow), 0));
}

#[test]
fn a_guard_is_open_where_its_field_is_absent_in_that_phase() {
    let policy = |phase: &str| {
        format!(
            "policyc: 1\nname: p\nschema: s.json\ndefault: deny\nrules:\n  \
             - {{id: a, when: '!has(out.ok) || out.ok', allow: x{phase}}}\n"
        )
    };
    let schema = r#"{"type": "object", "properties": {"out": {"type": "object",
        "x-phase": "response", "properties": {"ok": {"type": "boolean"}}}}}"#;
    let try_policy = |phase: &str| {
        let mut files = one("p.yaml", &policy(phase));
        files.add("s.json", schema);
        try_program(&files, &Options::default())
    };
    assert!(try_policy(", phase: response").is_ok());
    let found = try_policy("").expect_err("nothing of the response is there yet");
    assert!(found.contains(&"E0407"), "{found:?}");
}

#[test]
fn a_long_chain_ends_the_process() {
    let small = thread::Builder::new().stack_size(256 << 10).spawn(|| {
        for (first, more) in [("1", "+1"), ("a", ".b"), ("a", "[0]"), ("!", "!"), ("a", "?b:c")] {
            let rule = format!("{first}{}", more.repeat(40_000));
            let text = format!(
                "policyc: 1\nname: p\ndefault: deny\nrules:\n  \
                 - {{id: r, when: \"{rule}\", deny: n}}\n"
            );
            let refused = try_program(&one("p.yaml", &text), &Options::default());
            let found = refused.expect_err("it is too deep");
            assert!(found.iter().any(|code| matches!(*code, "E0602" | "E0603")), "{found:?}");
        }
    });
    small.expect("a thread").join().expect("it ends with findings");
}

#[test]
fn eighty_one_brackets_take_seconds() {
    for text in ["[".repeat(81), "(".repeat(81), "{".repeat(81), "[{(".repeat(27)] {
        for (path, text) in [("a.cel", text.clone()), ("a.yaml", format!("rules: {text}"))] {
            let mut sink = Sink::new();
            let took = seconds(|| {
                assert!(compile(&one(path, &text), &Options::default(), &mut sink).is_none());
            });
            assert!(took < 0.5, "{path}: {took} s");
            assert!(sink.finish().0.len() <= DIAGNOSTICS_MAX);
        }
    }
}

#[test]
fn nested_loops_have_no_bound() {
    let policy = |schema: &str| {
        format!(
            "policyc: 1\nname: p\ndefault: deny\n{schema}rules:\n  - id: r\n    when: \
             l.all(a, l.all(b, l.all(c, a + b + c > 0)))\n    allow: ok\n"
        )
    };
    let found =
        try_program(&one("p.yaml", &policy("schema: {l: list<int>}\n")), &Options::default());
    assert_eq!(found.expect_err("there is no bound"), ["E0601"]);
    // Without types nothing is known before it runs: it is metered, and the end is a denial.
    let program = program(&policy(""));
    let context = format!("{{\"l\": [{}1]}}", "1, ".repeat(999));
    let report = decide(&program, &context);
    assert_eq!(report.effect, Some(Effect::Deny));
    assert_eq!(report.errors[0].class, EvalError::Budget);
}

#[test]
fn a_limit_is_applied_after_everything_was_read() {
    let folder = Folder::new("bugs-limit");
    for (name, arguments, code) in [
        ("p.yaml", "check p.yaml", "E0602"),
        ("p.plcb", "inspect p.plcb", "R0705"),
        ("schema.json", "check named.yaml", "E0602"),
    ] {
        folder.add("named.yaml", "policyc: 1\nname: p\ndefault: deny\nschema: schema.json\n");
        let path = folder.add(name, "");
        // Sixteen gigabytes that take no room on the disk.
        let file = std::fs::File::options().write(true).open(&path).unwrap();
        file.set_len(16 << 30).unwrap();
        // With two gigabytes of address space nobody holds it.
        let line = format!("ulimit -v 2000000; exec \"$0\" {arguments}");
        let output = Command::new("sh")
            .args(["-c", &line, env!("CARGO_BIN_EXE_policyc")])
            .current_dir(folder.path())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned()
            + &String::from_utf8_lossy(&output.stdout);
        assert!(matches!(output.status.code(), Some(1 | 2)), "{name}: {output:?}");
        assert!(said.contains(code), "{name}: {said}");
        std::fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_key_of_json_changes_the_type_of_a_value() {
    let program = program(
        "policyc: 1\nname: p\ndefault: deny\nschema: {v: dyn}\nrules:\n  \
         - {id: map, when: type(v) == map && size(v) == 1, allow: ok}\n",
    );
    let keys = [
        "$serde_json::private::Number",
        "$serde_json::private::RawValue",
        "$u",
        "$drop",
        "__proto__",
        "@type",
        "$numberLong",
        "!!int",
    ];
    for key in keys {
        let context = json!({"v": {key: "1"}});
        let report = decide(&program, &context.to_string());
        assert_eq!(report.effect, Some(Effect::Allow), "{key}");
        let mut scratch = Scratch::for_program(&program);
        let mut filled = ingest_value(&program, &context, &mut scratch);
        assert_eq!(filled.decide(&NOW).effect(), Some(Effect::Allow), "{key}, as a value");
    }
}

#[test]
fn of_two_exceptions_the_laxer_wins() {
    let strict = "  - {id: strict, when: n > 10, deny: too much}\n";
    let lax = "  - {id: lax, when: n > 10, allow: known}\n";
    let ask = "  - {id: ask, when: n > 10, escalate: {to: [role:x], reason: look}}\n";
    for (rules, wanted) in [
        ([strict, lax, ask].concat(), Effect::Deny),
        ([lax, ask, strict].concat(), Effect::Deny),
        ([ask, lax].concat(), Effect::Escalate),
        ([lax, ask].concat(), Effect::Escalate),
        // Whatever comes first by its priority is still the laxer.
        ([&lax.replace("known", "known, priority: -9"), strict].concat(), Effect::Deny),
    ] {
        let text =
            format!("policyc: 1\nname: p\ndefault: allow\nschema: {{n: int}}\nrules:\n{rules}");
        let report = decide(&program(&text), r#"{"n": 11}"#);
        assert_eq!(report.effect, Some(wanted), "{rules}");
    }
}

/// There, an envelope was accepted as soon as it named a key that the configuration did not have.
#[test]
fn a_signature_counts_though_its_key_is_not_configured() {
    let bundle = trust::bundle("payments", "first");
    let policy = trust::policy(&trust::simple());
    for (by, id) in [(9, None), (9, Some("")), (9, Some("one")), (9, Some("unknown"))] {
        let release = Release::of(&bundle, "payments", 1, trust::UNTIL).expect("a release");
        let mut envelope = trust::envelope(RELEASE_TYPE, release.to_bytes(), &[trust::secret(by)]);
        if let Some(id) = id {
            envelope.signatures[0].key_id = id.to_owned();
        }
        let json = envelope.to_json();
        let found = Unverified::read(&bundle, Some(json.as_bytes())).expect("an envelope");
        let found = found.verify(&policy, &Memory::none(), trust::AT).expect_err("a stranger");
        let wanted = SignatureFault::Threshold {
            duty: RolePurpose::Bundle,
            found: 0,
            wanted: 1,
            barred: None,
        };
        assert_eq!(found, wanted.into(), "{id:?}");
    }
}

/// There, a threshold counted signatures, or the ids of keys.
#[test]
fn one_key_signs_twice_to_meet_a_threshold() {
    let bundle = trust::bundle("payments", "first");
    let two = trust::public(&trust::secret(2));
    let text = trust::simple()
        .replace("[roles.bundle]", &format!("[keys.two]\npublic = \"{two}\"\n[roles.bundle]"))
        .replacen("[\"one\"]\nthreshold = 1", "[\"one\", \"two\"]\nthreshold = 2", 1);
    let policy = trust::policy(&text);
    let load = |by: &[u8], ids: &[&str]| {
        let by: Vec<_> = by.iter().map(|number| trust::secret(*number)).collect();
        let release = Release::of(&bundle, "payments", 1, trust::UNTIL).expect("a release");
        let mut envelope = trust::envelope(RELEASE_TYPE, release.to_bytes(), &by);
        for (signature, id) in envelope.signatures.iter_mut().zip(ids) {
            signature.key_id = (*id).to_owned();
        }
        let json = envelope.to_json();
        let found = Unverified::read(&bundle, Some(json.as_bytes())).expect("an envelope");
        found.verify(&policy, &Memory::none(), trust::AT).map(drop)
    };
    assert_eq!(load(&[1, 2], &[]), Ok(()));
    assert_eq!(load(&[1, 2], &["", ""]), Ok(()), "ids are hints");
    let few =
        SignatureFault::Threshold { duty: RolePurpose::Bundle, found: 1, wanted: 2, barred: None };
    for ids in [&[][..], &["", ""], &["one", "two"], &["a", "b"]] {
        assert_eq!(load(&[1, 1], ids), Err(few.clone().into()), "{ids:?}");
    }
    // Nor under another spelling of the key: such keys are not read.
    let again = trust::simple().replace(
        "[roles.bundle]",
        &format!("[keys.again]\npublic = \"{}\"\n[roles.bundle]", trust::public(&trust::secret(1))),
    );
    let error = TrustPolicy::read(again.as_bytes()).expect_err("one key under two names");
    assert_eq!(error.fault, PolicyFault::SameKey { other: "one".to_owned() });
}

/// There, of two rows that fit the laxer one won.
#[test]
fn the_laxer_of_two_rows_wins() {
    let bundle = trust::bundle("payments", "first");
    for rows in [
        "[bundles.\"*\"]\n[bundles.payments]\nminimum = 3\n",
        "[bundles.payments]\n[bundles.\"pay*\"]\nminimum = 3\n",
    ] {
        let text = trust::simple().replace("[bundles.payments]\nminimum = 1\n", rows);
        let load = |version| {
            let json = trust::released(&bundle, "payments", version, &[trust::secret(1)]);
            let found = Unverified::read(&bundle, Some(&json)).expect("an envelope");
            found.verify(&trust::policy(&text), &Memory::none(), trust::AT).is_ok()
        };
        assert!(!load(2) && load(3), "{rows}");
    }
}
