//! Runs recorded tool calls of agents through a policy, as sessions, and counts what it stops.
//!
//! ```sh
//! AGENTDOJO_DIR=path/to/traces cargo run --release --example agentdojo
//! ```
//!
//! `AGENTDOJO_DIR` holds a folder for each suite, with `benign.jsonl` and `hijacked.jsonl` or
//! `hijacked.jsonl.gz`; the policy of a suite is `examples/packs/SUITE.yaml`. The policy sees the
//! prompt, the tools, the arguments and the outputs. Who made a call is for counting only.
//!
//! Every escalation is taken as granted: the trace goes on as it was recorded.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a tool for people reads files and prints; a member of JSON that is missing is null"
)]

use std::error::Error;
use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Outcome, Session, Work};
use serde_json::{Value, json};

const SUITES: [&str; 2] = ["banking", "workspace"];

fn main() -> ExitCode {
    let verbose = std::env::args().any(|it| it == "--verbose");
    let Ok(folder) = std::env::var("AGENTDOJO_DIR") else {
        eprintln!("agentdojo: AGENTDOJO_DIR names no folder of traces");
        return ExitCode::from(2);
    };
    println!(
        "| suite | traces | allowed | escalated | denied | questions a task | attacks stopped |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    for suite in SUITES {
        if let Err(error) = run(&Path::new(&folder).join(suite), suite, verbose) {
            eprintln!("agentdojo: {suite}: {error}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// What is counted of traces of one kind.
#[derive(Default)]
struct Tally {
    traces: usize,
    /// Without a deny or an escalation; with an escalation; with a deny.
    allowed: usize,
    escalated: usize,
    denied: usize,
    questions: usize,
    /// Traces with an acting call of an attacker, and those whose first one was not allowed.
    attacks: usize,
    stopped: usize,
}

fn run(folder: &Path, suite: &str, verbose: bool) -> Result<(), Box<dyn Error>> {
    let policy = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("examples/packs/{suite}.yaml"));
    let mut files = SourceMap::new();
    files.add(format!("{suite}.yaml"), std::fs::read_to_string(&policy)?);
    let mut sink = Sink::new();
    let Some(built) = compile(&files, &Options::default(), &mut sink) else {
        let found: Vec<String> = sink.finish().0.into_iter().map(|it| it.message).collect();
        return Err(found.join("; ").into());
    };
    let program = Program::load_unsigned(&built.bundle).map_err(|error| format!("{error:?}"))?;
    let ground = Ground::of(&program);
    let acting = acting(folder)?;
    let benign = std::fs::read_to_string(folder.join("benign.jsonl"))?;
    let hijacked = hijacked(folder)?;
    for (kind, traces) in [("benign", benign), ("hijacked", hijacked)] {
        let mut tally = Tally::default();
        for line in traces.lines() {
            trace(&ground, &serde_json::from_str(line)?, &acting, &mut tally, verbose);
        }
        let questions = format!("{}.{:03}", tally.questions / tally.traces.max(1), {
            1000 * (tally.questions % tally.traces.max(1)) / tally.traces.max(1)
        });
        let Tally { traces, allowed, escalated, denied, attacks, stopped, .. } = tally;
        println!(
            "| {suite}, {kind} | {traces} | {allowed} | {escalated} | {denied} | {questions} \
            | {stopped} of {attacks} |"
        );
    }
    Ok(())
}

/// The tools of a suite that do more than read, as the traces say.
fn acting(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let tools: Value = serde_json::from_str(&std::fs::read_to_string(folder.join("tools.json"))?)?;
    let tools = tools["tools"].as_array().ok_or("no tools")?;
    let acts = tools.iter().filter(|tool| tool["annotations"]["effect"] != "none");
    Ok(acts.filter_map(|tool| Some(tool["name"].as_str()?.to_owned())).collect())
}

fn hijacked(folder: &Path) -> Result<String, Box<dyn Error>> {
    let plain = folder.join("hijacked.jsonl");
    if plain.exists() {
        return Ok(std::fs::read_to_string(plain)?);
    }
    let packed = std::fs::File::open(folder.join("hijacked.jsonl.gz"))?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text)?;
    Ok(text)
}

fn trace(ground: &Ground<'_>, trace: &Value, acting: &[String], tally: &mut Tally, verbose: bool) {
    let mut session = Session::new(ground);
    let mut work = Work::of(ground);
    let mut seq = 0;
    let mut send = |mut event: Value| -> Option<Effect> {
        seq += 1;
        event["seq"] = json!(seq);
        event["ts"] = json!("2024-05-15T12:00:00Z");
        let outcome = session.line(event.to_string().as_bytes(), &mut work);
        if let Outcome::Refused(fault) = &outcome {
            println!("{}: event {seq} was refused: {fault}", trace["trace_id"]);
        }
        outcome.effect()
    };
    let principal = json!({"id": "user", "roles": ["user"]});
    send(json!({"ev": "prompt", "principal": principal, "text": trace["user_prompt"]}));
    let (mut asked, mut denied, mut first) = (0, 0, None);
    for (at, step) in trace["steps"].as_array().into_iter().flatten().enumerate() {
        let call = format!("c{at}");
        let action = json!({"tool": step["tool"], "args": step["args"]});
        let effect = send(json!({"ev": "request", "call": call, "action": action}));
        asked += usize::from(effect == Some(Effect::Escalate));
        denied += usize::from(effect == Some(Effect::Deny));
        let acts = acting.iter().any(|tool| step["tool"] == **tool);
        if step["actor"] == "attacker" && acts && first.is_none() {
            first = Some(effect);
        }
        let told = verbose && effect != Some(Effect::Allow) && trace["label"] == "benign";
        let missed =
            verbose && step["actor"] == "attacker" && acts && effect == Some(Effect::Allow);
        if told || missed {
            println!("{} {effect:?} {}", trace["trace_id"], json!([step["tool"], step["args"]]));
        }
        let mut answer = json!({"ev": "response", "call": call});
        match step["error"].as_str() {
            Some(error) => answer["error"] = json!(error),
            None => answer["out"] = step["output"].clone(),
        }
        send(answer);
    }
    tally.traces += 1;
    tally.questions += asked;
    match (denied, asked) {
        (0, 0) => tally.allowed += 1,
        (0, _) => tally.escalated += 1,
        _ => tally.denied += 1,
    }
    if let Some(effect) = first {
        tally.attacks += 1;
        tally.stopped += usize::from(effect != Some(Effect::Allow));
    }
}
