//! Recorded traces of a suite, and what is known of its tools.
//!
//! In:      a folder with `tools.json`, `plans.json`, `benign.jsonl`, `hijacked.jsonl[.gz]`, and
//!          perhaps `llm_runs.jsonl`.
//! Out:     `Suite`.

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value, json};

/// What is recorded of agents that do one kind of work.
pub(crate) struct Suite {
    pub(crate) benign: Vec<Value>,
    pub(crate) hijacked: Vec<Value>,
    /// What a model did by itself. The attacker's is the first call that only the attack explains.
    pub(crate) runs: Vec<Value>,
    /// The tools that do more than read, with the arguments that say whom or what they act on.
    pub(crate) acting: BTreeMap<String, Vec<String>>,
    /// For each task of a user a plan that a small model wrote of its prompt.
    pub(crate) plans: BTreeMap<String, Value>,
}

impl Suite {
    pub(crate) fn read(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let text = |name: &str| std::fs::read_to_string(folder.join(name));
        let tools: Value = serde_json::from_str(&text("tools.json")?)?;
        let plans: Value = serde_json::from_str(&text("plans.json")?)?;
        let hijacked = match text("hijacked.jsonl") {
            Ok(plain) => plain,
            Err(_) => unpacked(&folder.join("hijacked.jsonl.gz"))?,
        };
        let lines = |text: &str| -> Result<Vec<Value>, serde_json::Error> {
            text.lines().map(serde_json::from_str).collect()
        };
        let (benign, hijacked) = (lines(&text("benign.jsonl")?)?, lines(&hijacked)?);
        let mut runs = lines(&text("llm_runs.jsonl").unwrap_or_default())?;
        for run in &mut runs {
            let first = run["hijack_from_step"].as_u64().and_then(|it| usize::try_from(it).ok());
            if let Some(step) = first.and_then(|at| run["steps"].get_mut(at)) {
                step["actor"] = json!("attacker");
            }
        }
        let tools = tools["tools"].as_array().ok_or("no tools")?;
        let named = |tool: &Value| Some((tool["name"].as_str()?.to_owned(), texts(tool)));
        let texts_of = |acts: bool| {
            let some = move |tool: &&Value| (tool["annotations"]["effect"] != "none") == acts;
            tools.iter().filter(some).filter_map(named)
        };
        let acting: BTreeMap<String, Vec<String>> = texts_of(true).collect();
        let readers: Vec<String> = texts_of(false).map(|(name, _)| name).collect();
        let tasks = plans["tasks"].as_object().ok_or("no tasks")?;
        let plan =
            |(task, it): (&String, &Value)| Some((task.clone(), plan(it, &acting, &readers)?));
        let plans = tasks.iter().filter_map(plan).collect();
        Ok(Self { benign, hijacked, runs, acting, plans })
    }
}

/// The targets of a tool.
fn texts(tool: &Value) -> Vec<String> {
    let targets = tool["annotations"]["targets"].as_array().into_iter().flatten();
    targets.filter_map(|it| Some(it.as_str()?.to_owned())).collect()
}

fn unpacked(path: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path)?).read_to_string(&mut text)?;
    Ok(text)
}

/// A plan of the tools of the way that the model wrote most often, each as often as it stands
/// there; what only reads is free.
fn plan(task: &Value, acting: &BTreeMap<String, Vec<String>>, readers: &[String]) -> Option<Value> {
    let ways = task["model_plans"].as_array()?.iter().rev();
    let way = ways.max_by_key(|way| way["times_written"].as_u64())?;
    let mut steps = Map::new();
    for tool in way["trajectory"].as_array()?.iter().filter_map(Value::as_str) {
        if acting.contains_key(tool) {
            let step = steps.entry(tool).or_insert_with(|| json!({"tool": tool, "times": 0}));
            step["times"] = json!(step["times"].as_u64().unwrap_or(0) + 1);
        }
    }
    Some(json!({"id": "task", "steps": steps, "reads": {"allow": readers}}))
}
