//! The pages of the codes: what they call wrong shows the code, and what they call right does not.
//! `docs/codes/README.md` tells how a page is written.

use std::fs;
use std::path::Path;
use std::process::Command;

use policyc::base::span::FileId;
use policyc::compiler::Compiled;
use policyc::compiler::source::map::SourceMap;
use policyc::diag::codes::Code;
use policyc::diag::diagnostic::Diagnostic;
use policyc::diag::sink::Sink;
use policyc::lang::error::EvalError;
use policyc::runtime::program::Program;
use policyc::tools::lint::select::{Choice, Selection, Selector};
use policyc::tools::pipeline::lint;
use policyc::tools::project::{Settings, config};
use policyc::tools::suite::NOW;
use policyc::tools::suite::pipeline::{decide, moment};

/// Findings that any short example may have.
const ASIDE: [Code; 2] = [Code::NoSchema, Code::MissingRuleId];

/// Pages without examples, and why.
const BARE: &[(Code, &str)] = &[
    (Code::TooLong, "16 MiB of text"),
    (Code::TooMany, "65 536 entries"),
    (Code::NewerBundle, "bytes of another version"),
    (Code::Damaged, "bytes that were changed"),
    (Code::Refused, "bytes that no compiler makes"),
    (Code::TooLarge, "16 MiB of bytes"),
    (Code::BadEnvelope, "bytes of a signed release"),
    (Code::NotTrusted, "bytes of a signed release"),
    (Code::RolledBack, "bytes of two signed releases"),
    (Code::BadTrustState, "bytes of a signed release"),
    (Code::BadTrustPolicy, "a bundle and a trust policy"),
    (Code::BadKey, "a secret"),
    (Code::BadRegistry, "a registry"),
    (Code::Unrecorded, "a log that fails"),
    (Code::DamagedLog, "a segment whose bytes were changed"),
    (Code::LostLines, "the segments of a log"),
    (Code::UnsignedLines, "the segments of a log"),
    (Code::LintGivenUp, "a condition that takes 20 000 conflicts"),
];

/// The blocks of a section: file name and text.
fn blocks(page: &str, heading: &str) -> Vec<(String, String)> {
    let below = page.split_once(heading).map(|(_, below)| below);
    let section = below.unwrap_or_default().split("\n## ").next().unwrap_or_default();
    let block = |fenced: &str| {
        let (info, text) = fenced.split_once('\n').expect("a block has lines");
        let mut words = info.split_whitespace();
        let language = words.next().expect("a block names its language");
        let name = words.next().map_or_else(|| format!("example.{language}"), str::to_owned);
        (name, text.to_owned())
    };
    section.split("```").skip(1).step_by(2).map(block).collect()
}

/// What is told where nobody chooses, and `code`.
fn selection(code: Code) -> Selection {
    let extend_select = Selector::read(code.id()).into_iter().collect();
    Selection::of(&Choice { extend_select, ..Choice::default() }, &[])
}

/// The codes that building the files finds, on the page of `code`.
fn build(code: Code, files: &[(String, String)]) -> (Vec<Code>, Option<Compiled>) {
    let (found, compiled) = found(code, files);
    (found.iter().map(|found| found.code).collect(), compiled)
}

/// What checking the example finds that the page of `code` calls wrong.
pub(crate) fn wrong(code: Code) -> Vec<Diagnostic> {
    found(code, &blocks(code.page(), "## Wrong")).0
}

fn found(code: Code, files: &[(String, String)]) -> (Vec<Diagnostic>, Option<Compiled>) {
    let mut map = SourceMap::new();
    let mut sink = Sink::new();
    let mut settings = Settings::default();
    for (name, text) in files {
        if name == "policyc.toml" {
            let config = config::read(FileId(0), text, &mut sink);
            settings.strict = config.strict == Some(true);
            settings.tags = config.check.tags;
        } else {
            map.add(name.as_str(), text.as_str());
        }
    }
    let compiled = lint(&map, &settings, &selection(code), &mut sink);
    (sink.finish().0, compiled)
}

/// The errors of deciding about `context.json`.
fn errors(files: &[(String, String)]) -> Vec<Code> {
    let (contexts, sources): (Vec<_>, Vec<_>) =
        files.iter().cloned().partition(|(name, _)| name == "context.json");
    let (found, compiled) = build(Code::NoSchema, &sources);
    let compiled = compiled.unwrap_or_else(|| panic!("{found:?}"));
    let program = Program::load_unsigned(&compiled.bundle).expect("our own bundle");
    let [(_, context)] = contexts.as_slice() else { panic!("one context") };
    let context = serde_json::from_str(context).expect("a context is JSON");
    let report = decide(&program, &context, moment(NOW).expect("a time"), &[]);
    report.errors.iter().map(|error| EvalError::code(error.class)).collect()
}

/// What the last command of the console shows.
fn shown(id: &str, files: &[(String, String)]) -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("page-{id}"));
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).expect("a folder for the page");
    let mut last = String::new();
    for (name, text) in files.iter().filter(|(name, _)| name != "example.console") {
        fs::write(folder.join(name), text).expect("a file of the page");
    }
    let console = files.iter().find(|(name, _)| name == "example.console").expect("a console");
    for line in console.1.lines() {
        let words = line.strip_prefix("$ policyc ").expect("a command").split_whitespace();
        let mut command = Command::new(env!("CARGO_BIN_EXE_policyc"));
        let output = command.args(words).current_dir(&folder).output().expect("policyc runs");
        let both = [output.stdout, output.stderr].concat();
        last = String::from_utf8_lossy(&both).into_owned();
    }
    fs::remove_dir_all(&folder).expect("the folder goes away");
    last
}

/// Findings that leave nothing to say: the next step is in the fact, or elsewhere.
const WITHOUT_STEP: [Code; 0] = [];

#[test]
fn every_finding_offers_a_next_step() {
    let mut silent = Vec::new();
    for code in Code::ALL.iter().filter(|code| !WITHOUT_STEP.contains(code)) {
        for found in wrong(*code).iter().filter(|found| found.code == *code) {
            if found.help.is_none() && found.fix.is_none() {
                silent.push(format!("{}: {}", code.id(), found.message));
            }
        }
    }
    assert!(silent.is_empty(), "no help and no fix:\n{}", silent.join("\n"));
}

#[test]
fn pages_are_true() {
    let mut wrong_pages = Vec::new();
    for code in Code::ALL {
        let (id, page) = (code.id(), code.page());
        let sections = [("## Wrong", true), ("## Right", false)];
        let sections = sections.map(|(heading, wrong)| (blocks(page, heading), wrong));
        if BARE.iter().any(|(bare, _)| bare == code) {
            assert!(sections.iter().all(|(blocks, _)| blocks.is_empty()), "{id} has examples");
            continue;
        }
        for (files, wrong) in sections {
            // What is not UTF-8 cannot stand in a page.
            if *code == Code::NotUtf8 && wrong {
                continue;
            }
            assert!(!files.is_empty(), "{id} has no example that is {wrong}");
            let found: Vec<Code> = match id.get(..3) {
                // Expressions alone: `syntax::tables::pages`.
                Some("E01") if *code != Code::MacroArgument => continue,
                Some("R08") => errors(&files),
                Some("P09" | "R07" | "W05") if is_shown(&files) => {
                    let shown = shown(id, &files);
                    Code::ALL.iter().copied().filter(|it| told(&shown, it.id())).collect()
                }
                _ => build(*code, &files).0,
            };
            let found: Vec<_> =
                found.iter().filter(|it| *it == code || !ASIDE.contains(it)).collect();
            if found != Vec::from_iter(wrong.then_some(code)) {
                wrong_pages.push(format!("{id}, wrong {wrong}: {found:?}"));
            }
        }
    }
    assert!(wrong_pages.is_empty(), "\n{}", wrong_pages.join("\n"));
}

/// Whether an example is a console.
fn is_shown(files: &[(String, String)]) -> bool {
    files.iter().any(|(name, _)| name == "example.console")
}

/// Whether a command reports a finding of this code.
fn told(shown: &str, id: &str) -> bool {
    let forms = [format!("error[{id}]"), format!("warning[{id}]"), format!("\"code\":\"{id}\"")];
    forms.iter().any(|form| shown.contains(form))
}

/// What no page can show, because only bytes do.
#[test]
fn bytes_that_are_no_text_and_no_bundle_have_their_codes() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("page-bytes");
    drop(fs::remove_dir_all(&folder));
    fs::create_dir_all(&folder).expect("a folder for the bytes");
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_policyc"));
        let output = command.args(arguments).current_dir(&folder).output().expect("policyc runs");
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    fs::write(folder.join("latin.yaml"), b"policyc: 1\nname: caf\xe9\n").expect("a file");
    assert!(told(&run(&["check", "latin.yaml"]), "E0207"));
    let policy = "policyc: 1\nname: p\ndefault: deny\nrules: [{id: r, allow: fine}]\n";
    fs::write(folder.join("policy.yaml"), policy).expect("a file");
    run(&["build", "policy.yaml", "-o", "policy.plcb"]);
    let bundle = fs::read(folder.join("policy.plcb")).expect("a bundle");
    // The version stands behind the eight bytes of the mark.
    for (at, code) in [(8, "R0702"), (bundle.len() - 1, "R0703")] {
        let mut changed = bundle.clone();
        changed[at] ^= 0x40;
        fs::write(folder.join("changed.plcb"), changed).expect("a file");
        let shown = run(&["inspect", "changed.plcb"]);
        assert!(told(&shown, code), "byte {at}: {shown}");
    }
    fs::remove_dir_all(&folder).expect("the folder goes away");
}
