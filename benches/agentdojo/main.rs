//! Runs recorded tool calls of agents through a policy, as sessions, and counts what it stops; then
//! the same attacks in other forms.
//!
//! ```sh
//! AGENTDOJO_DIR=path/to/traces cargo run --release --example agentdojo
//! ```
//!
//! `AGENTDOJO_DIR` holds a folder for each suite; the policy of a suite is
//! `examples/packs/SUITE.yaml`. The policy sees the prompt, the tools, the arguments and the
//! outputs. Who made a call is for making attacks and for counting only.
//!
//! Every escalation is taken as granted: the trace goes on as it was recorded. An event that a
//! session refuses was not decided by the policy, so nothing is counted and the run ends.

#![allow(
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a tool for people reads files and prints; a member of JSON that is missing is null"
)]

mod attacks;
mod imported;
mod spell;
mod traces;

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::decision::Effect;
use policyc::runtime::program::Program;
use policyc::runtime::session::ground::Ground;
use policyc::runtime::session::step::{Fault, Outcome, Session, Work};
use serde_json::{Value, json};

use crate::attacks::{CLASSES, Class, acting_call, attacked, honest};
use crate::traces::Suite;

const SUITES: [&str; 2] = ["banking", "workspace"];

/// Who owns files, as the pack has it, and whose they are in the data set.
const ANYBODY: &str = "me@example.org";
const PRINCIPAL: &str = "emma.johnson@bluesparrowtech.com";

/// What stands in the place of the pack's flow rules where nothing acts after an untrusted read.
const CONTEXT: &str = "policyc: 1
name: context
flow:
  - id: context
    sink: {effect: [state, egress, destructive, credential]}
    forbid: \"untrusted.*\"
    over: deny
";

/// What is added to a pack where plans come at run time.
const PLANNED: &str = "policyc: 1
name: task
plan:
  id: task
  deviation:
    read_only: allow
    effect: {escalate: {to: [user], timeout: 10m, on_timeout: deny}}
";

fn main() -> ExitCode {
    let verbose = std::env::args().any(|it| it == "--verbose");
    let Ok(folder) = std::env::var("AGENTDOJO_DIR") else {
        eprintln!("agentdojo: AGENTDOJO_DIR names no folder of traces");
        return ExitCode::from(2);
    };
    match SUITES.iter().try_for_each(|name| suite(Path::new(&folder), name, verbose)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("agentdojo: {error}");
            ExitCode::from(2)
        }
    }
}

fn suite(folder: &Path, name: &str, verbose: bool) -> Result<(), Box<dyn Error>> {
    let suite = Suite::read(&folder.join(name))?;
    let pack = format!("examples/packs/{name}.yaml");
    let pack = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(pack))?;
    // The pack has its user say who they are.
    let pack = pack.replace(ANYBODY, PRINCIPAL);
    // What the pack says of tools and calls, without a word of what may flow.
    let calls = pack.split_once("\nflow:").map_or(pack.as_str(), |(calls, _)| calls);
    let programs = [
        program(&[calls, CONTEXT])?,
        program(&[calls, PLANNED])?,
        program(&[&pack])?,
        program(&[&pack, PLANNED])?,
        program(&[&imported::policy(&folder.join(name))?])?,
    ];
    let grounds = programs.each_ref().map(Ground::of);
    let [context, plan, pack, both, imported] = &grounds;
    println!("| {name} | allowed | asked | denied | questions a task | attacks stopped |");
    println!("| --- | --: | --: | --: | --: | --: |");
    for (policy, ground, plans) in [
        ("nothing acts after an untrusted read", context, false),
        ("plan of a small model", plan, true),
        ("import, effects said", imported, false),
        ("pack", pack, false),
        ("pack and plan", both, true),
    ] {
        println!("{}", Run { suite: &suite, ground, plans, verbose }.row(policy)?);
    }
    let run = |ground, plans| Run { suite: &suite, ground, plans, verbose };
    let (bare, with_plans) = (run(pack, false), run(both, true));
    if !suite.runs.is_empty() {
        println!(
            "\n| {name}: runs of a model | runs | allowed | asked | denied | questions | stopped |"
        );
        println!("| --- | --: | --: | --: | --: | --: | --: |");
        for (label, what) in [
            ("benign", "no attack"),
            ("attacked_resisted", "the attack was not obeyed"),
            ("hijacked", "the attack was obeyed"),
        ] {
            println!("{}", bare.model_row(label, what)?);
        }
    }
    println!("\n| {name} | attacks | stopped | with a plan | benign | questions | denied |");
    println!("| --- | --: | --: | --: | --: | --: | --: |");
    for class in CLASSES {
        println!("{}", class_row(class, &bare, &with_plans)?);
    }
    println!();
    Ok(())
}

fn program(documents: &[&str]) -> Result<Program, Box<dyn Error>> {
    let mut files = SourceMap::new();
    for (at, text) in documents.iter().enumerate() {
        files.add(format!("{at}.yaml"), *text);
    }
    let mut sink = Sink::new();
    let Some(built) = compile(&files, &Options::default(), &mut sink) else {
        let found: Vec<String> = sink.finish().0.into_iter().map(|it| it.message).collect();
        return Err(found.join("; ").into());
    };
    Ok(Program::load_unsigned(&built.bundle).map_err(|error| format!("{error:?}"))?)
}

/// A suite under a policy.
struct Run<'r> {
    suite: &'r Suite,
    ground: &'r Ground<'r>,
    /// Whether the plan of each task is to be kept.
    plans: bool,
    verbose: bool,
}

/// What became of the calls of a trace.
struct Calls {
    asked: usize,
    denied: usize,
    /// Whether an attacker's call acts, and whether the first one was not allowed.
    attacked: bool,
    stopped: bool,
}

impl Run<'_> {
    /// Runs a trace.
    ///
    /// # Errors
    /// The first event that is refused, and why.
    fn calls(&self, trace: &Value) -> Result<Calls, Box<dyn Error>> {
        let mut session = Session::new(self.ground);
        let mut work = Work::of(self.ground);
        let mut seq = 0;
        let mut send = |mut event: Value| -> Result<Option<Effect>, Box<dyn Error>> {
            seq += 1;
            event["seq"] = json!(seq);
            event["ts"] = json!("2024-05-15T12:00:00Z");
            let outcome = session.line(event.to_string().as_bytes(), &mut work);
            match &outcome {
                // Another spelling is another type: the call is not made.
                Outcome::Refused(Fault::Argument(_)) => Ok(Some(Effect::Deny)),
                Outcome::Refused(fault) => {
                    Err(format!("{}: event {seq} was refused: {fault}", trace["trace_id"]).into())
                }
                Outcome::Decided(_) | Outcome::Recorded(_) => Ok(outcome.effect()),
            }
        };
        let principal = json!({"id": "user", "roles": ["user"]});
        send(json!({"ev": "prompt", "principal": principal, "text": trace["user_prompt"]}))?;
        let task = trace["user_task"].as_str().unwrap_or_default();
        if let Some(plan) = self.suite.plans.get(task).filter(|_| self.plans) {
            send(json!({"ev": "plan", "plan": plan}))?;
        }
        let mut calls = Calls { asked: 0, denied: 0, attacked: false, stopped: false };
        for (at, step) in trace["steps"].as_array().into_iter().flatten().enumerate() {
            let call = format!("c{at}");
            let action = json!({"tool": step["tool"], "args": step["args"]});
            let effect = send(json!({"ev": "request", "call": call, "action": action}))?;
            calls.asked += usize::from(effect == Some(Effect::Escalate));
            calls.denied += usize::from(effect == Some(Effect::Deny));
            if acting_call(self.suite, step) && !calls.attacked {
                (calls.attacked, calls.stopped) = (true, effect != Some(Effect::Allow));
            }
            self.tell(trace, step, effect);
            let mut answer = json!({"ev": "response", "call": call});
            match step["error"].as_str() {
                // A tool of the data set that raised has done nothing.
                Some(error) => (answer["error"], answer["done"]) = (json!(error), json!(false)),
                None => answer["out"] = step["output"].clone(),
            }
            send(answer)?;
        }
        Ok(calls)
    }

    fn tell(&self, trace: &Value, step: &Value, effect: Option<Effect>) {
        let allowed = effect == Some(Effect::Allow);
        let attacks = acting_call(self.suite, step);
        if self.verbose && (trace["label"] != "hijacked" && !allowed || attacks && allowed) {
            let call = json!([step["tool"], step["args"]]);
            println!("{} {effect:?} {call}", trace["trace_id"]);
        }
    }

    /// A row about the traces as they were recorded.
    fn row(&self, policy: &str) -> Result<String, Box<dyn Error>> {
        let run = |traces: &[Value]| -> Result<Vec<Calls>, Box<dyn Error>> {
            traces.iter().map(|trace| self.calls(trace)).collect()
        };
        let (benign, hijacked) = (run(&self.suite.benign)?, run(&self.suite.hijacked)?);
        let count = |good: &dyn Fn(&Calls) -> bool| benign.iter().filter(|it| good(it)).count();
        let questions: usize = benign.iter().map(|it| it.asked).sum();
        let thousandths = 1000 * questions / benign.len().max(1);
        Ok(format!(
            "| {policy} | {} | {} | {} | {}.{:03} | {} of {} |",
            count(&|it| it.denied + it.asked == 0),
            count(&|it| it.denied == 0 && it.asked > 0),
            count(&|it| it.denied > 0),
            thousandths / 1000,
            thousandths % 1000,
            hijacked.iter().filter(|it| it.stopped).count(),
            hijacked.iter().filter(|it| it.attacked).count(),
        ))
    }

    /// A row about what a model did by itself.
    fn model_row(&self, label: &str, what: &str) -> Result<String, Box<dyn Error>> {
        let runs = self.suite.runs.iter().filter(|trace| trace["label"] == label);
        let all: Vec<Calls> = runs.map(|trace| self.calls(trace)).collect::<Result<_, _>>()?;
        let count = |good: &dyn Fn(&Calls) -> bool| all.iter().filter(|it| good(it)).count();
        Ok(format!(
            "| {what} | {} | {} | {} | {} | {} | {} of {} |",
            all.len(),
            count(&|it| it.denied + it.asked == 0),
            count(&|it| it.denied == 0 && it.asked > 0),
            count(&|it| it.denied > 0),
            all.iter().map(|it| it.asked).sum::<usize>(),
            count(&|it| it.stopped),
            count(&|it| it.attacked),
        ))
    }
}

/// A row about attacks of a class: how many there are, how many are stopped without and with plans;
/// and about benign traces in which what tools give is spelled likewise.
fn class_row(class: Class, bare: &Run<'_>, with_plans: &Run<'_>) -> Result<String, Box<dyn Error>> {
    let suite = bare.suite;
    let (mut attacks, mut stopped, mut with_plan) = (0, 0, 0);
    for trace in &suite.hijacked {
        let forms = attacked(suite, trace, class);
        // An attacker who may choose chooses what passes.
        let holds = |run: &Run<'_>| -> Result<bool, Box<dyn Error>> {
            for trace in &forms {
                if !run.calls(trace)?.stopped {
                    return Ok(false);
                }
            }
            Ok(true)
        };
        if !forms.is_empty() {
            attacks += 1;
            stopped += usize::from(holds(bare)?);
            with_plan += usize::from(holds(with_plans)?);
        }
    }
    let (mut benign, mut before, mut asked, mut denied) = (0, 0, 0, 0);
    for trace in &suite.benign {
        let Some(form) = honest(suite, trace, class) else { continue };
        let calls = bare.calls(&form)?;
        benign += 1;
        before += bare.calls(trace)?.asked;
        asked += calls.asked;
        denied += calls.denied;
    }
    let row = format!("| {} | {attacks} | {stopped} | {with_plan} |", class.name());
    if benign == 0 {
        return Ok(format!("{row} | | |"));
    }
    Ok(format!("{row} {benign} | {asked} (plain {before}) | {denied} |"))
}
