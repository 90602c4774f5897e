//! Writes what was learned.
//!
//! In:      `Seen`.
//! Out:     YAML, in our style, with what was seen in comments.
//! Imports: `tools::lint`, `tools::mcp`, `tools::report`, `tools::suite`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use serde_json::Value as Json;

use crate::tools::learn::seen::{Argument, Seen, Used};
use crate::tools::learn::{Learning, is_value};
use crate::tools::lint::names::is_secret;
use crate::tools::mcp::role_word;
use crate::tools::mcp::write::{quote, word};
use crate::tools::report::counted;
use crate::tools::suite::literal;

/// Longest list of other values that is written out, in bytes.
const LIST_BYTES_MAX: usize = 4_096;

const HEAD: &str = "\
# their tools, in their order, as often, with values like theirs. Before it is used, look at:
# - effect: `egress` until somebody knows better, and the roles of arguments, which are guessed.
# - values: those that were seen; where there were more, their bounds. Take out what was chance.
# - after: what had happened before in every session; it may be no reason.
";

/// What all values of an argument are.
enum Shape {
    Bool,
    Int,
    Double,
    Text,
    /// Lists of texts, and most elements of one.
    Texts(usize),
    Other,
}

impl Shape {
    fn of(argument: &Argument) -> Self {
        let all = |is: fn(&Json) -> bool| argument.values.iter().all(is);
        let texts =
            |value: &Json| value.as_array().is_some_and(|items| items.iter().all(Json::is_string));
        if all(Json::is_boolean) {
            Self::Bool
        } else if all(Json::is_i64) {
            Self::Int
        } else if all(Json::is_number) {
            Self::Double
        } else if all(Json::is_string) {
            Self::Text
        } else if all(texts) {
            let lengths = argument.values.iter().filter_map(Json::as_array).map(Vec::len);
            Self::Texts(lengths.max().unwrap_or(0).max(1))
        } else {
            Self::Other
        }
    }
}

/// The document.
pub(super) fn document(seen: &Seen, how: Learning<'_>) -> String {
    let (sessions, calls) = (counted(seen.sessions, "session"), counted(seen.calls, "call"));
    let mut out = format!("# Learned from {sessions} with {calls}. It allows\n");
    out.push_str(HEAD);
    let has_roles = seen.without_role == 0;
    let _ = write!(out, "policyc: 1\nname: {}\ndefault: deny\n", word(how.name));
    if has_roles {
        out.push_str("schema: {principal: {roles: list<string>}}\n");
    }
    // Where there are labels a session refuses arguments that no tool declares.
    out.push_str("labels: {integrity: {untrusted: [unknown]}}\ntools:\n");
    for used in &seen.tools {
        tool(used, &mut out);
    }
    if has_roles {
        out.push_str("capabilities:\n  default: deny\n");
        for (role, tools) in &seen.roles {
            let names: Vec<String> = tools.iter().map(|name| word(name)).collect();
            let _ = writeln!(out, "  {}: {{allow: [{}]}}", word(role), names.join(", "));
        }
    } else if !seen.roles.is_empty() {
        let calls = counted(seen.without_role, "call");
        let _ = writeln!(out, "# No `capabilities`: {calls} by callers without a role.");
    }
    let _ = writeln!(
        out,
        "meters:\n  calls: {{on: \"*\", window: session}}\nlimits:\n  \
         - {{meter: calls, max: {}, over: deny}}",
        seen.most
    );
    let names: Vec<String> = seen.tools.iter().map(|used| word(&used.name)).collect();
    let _ = writeln!(
        out,
        "rules:\n  - id: learned\n    on: [{}]\n    allow: \"a call that was seen\"\nplan:\n  \
         id: learned\n  steps:",
        names.join(", ")
    );
    let steps = step_names(seen);
    for (used, name) in seen.tools.iter().zip(&steps) {
        step(seen, (used, name, &steps), how, &mut out);
    }
    out
}

fn tool(used: &Used, out: &mut String) {
    let _ = writeln!(out, "  {}:  # {}", word(&used.name), counted(used.calls, "call"));
    out.push_str("    effect: egress\n");
    if used.args.is_empty() {
        out.push_str("    args: {}\n");
        return;
    }
    out.push_str("    args:\n");
    for argument in &used.args {
        let optional = argument.given < used.calls;
        let shape = Shape::of(argument);
        let holds_text = matches!(shape, Shape::Text | Shape::Texts(_) | Shape::Other);
        let role = role_word(&argument.name, holds_text);
        let name = word(&argument.name);
        let ty = match shape {
            Shape::Bool => "bool",
            Shape::Int => "int",
            Shape::Double => "double",
            Shape::Text => "string",
            Shape::Other => "dyn",
            Shape::Texts(most) => {
                let optional = if optional { "optional: true, " } else { "" };
                let _ = writeln!(
                    out,
                    "      {name}: {{items: string, maxItems: {most}, {optional}role: {role}}}"
                );
                continue;
            }
        };
        let optional = if optional { "optional " } else { "" };
        let _ = writeln!(out, "      {name}: {optional}{ty} {role}");
    }
}

/// The names of steps: those of their tools, where a step may be called so.
fn step_names(seen: &Seen) -> Vec<String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let name = |(at, used): (usize, &Used)| {
        let starts = used.name.starts_with(|c: char| c.is_ascii_alphabetic());
        let plain = used.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let own = starts && plain && !["prompt", "model"].contains(&used.name.as_str());
        let name = if own { used.name.clone() } else { format!("step_{at}") };
        let name = if taken.contains(&name) { format!("{name}_{at}") } else { name };
        taken.insert(name.clone());
        name
    };
    seen.tools.iter().enumerate().map(name).collect()
}

fn step(
    seen: &Seen,
    (used, name, steps): (&Used, &str, &[String]),
    how: Learning<'_>,
    out: &mut String,
) {
    let _ = writeln!(out, "    {}:\n      tool: {}", word(name), word(&used.name));
    let tools = || seen.tools.iter().zip(steps);
    // What comes before one of them is not said again.
    let known: BTreeSet<&str> = tools()
        .filter(|(other, _)| used.after.contains(&other.name))
        .flat_map(|(other, _)| other.after.iter().map(String::as_str))
        .collect();
    let after = tools().filter(|(other, _)| {
        used.after.contains(&other.name) && !known.contains(other.name.as_str())
    });
    let after: Vec<String> = after.map(|(_, step)| word(step)).collect();
    if !after.is_empty() {
        let _ = writeln!(out, "      after: [{}]", after.join(", "));
    }
    let _ = writeln!(out, "      times: {}", used.most.max(1));
    let mut demands = String::new();
    let mut requires: Vec<String> = Vec::new();
    for argument in &used.args {
        match asked(argument, how.values) {
            Asked::Demand(demand) => {
                let _ = writeln!(demands, "        {}: {{{demand}}}", word(&argument.name));
            }
            Asked::Requires(condition) => {
                let place = place(&argument.name);
                let condition = condition.replace(PLACE, &place);
                requires.push(if argument.given < used.calls {
                    format!("(!has({place}) || {condition})")
                } else {
                    condition
                });
            }
            Asked::Nothing => {
                let _ = writeln!(out, "      # any `{}` of its type", comment(&argument.name));
            }
        }
    }
    if !demands.is_empty() {
        let _ = write!(out, "      args:\n{demands}");
    }
    if !requires.is_empty() {
        let _ = writeln!(out, "      requires: {}", quote(&requires.join(" && ")));
    }
}

/// What stands for the argument in a condition.
const PLACE: &str = "\u{0}";

enum Asked {
    /// Of a plan.
    Demand(String),
    /// In CEL, with `PLACE` for the argument.
    Requires(String),
    Nothing,
}

/// What is asked of an argument, so that the values that were seen will do and few others.
fn asked(argument: &Argument, most: usize) -> Asked {
    if argument.is_cut || argument.values.is_empty() {
        return Asked::Nothing;
    }
    let few = argument.values.len() <= most;
    match Shape::of(argument) {
        Shape::Bool if argument.values.len() > 1 => Asked::Nothing,
        Shape::Bool => Asked::Demand(listed(argument, ToString::to_string)),
        Shape::Int if few => Asked::Demand(listed(argument, ToString::to_string)),
        Shape::Int => {
            let ints = || argument.values.iter().filter_map(Json::as_i64);
            let (low, high) = (ints().min().unwrap_or(0), ints().max().unwrap_or(0));
            Asked::Demand(format!("ge: {low}, le: {high}"))
        }
        Shape::Double if few => Asked::Demand(listed(argument, double)),
        Shape::Double => {
            let doubles = || argument.values.iter().filter_map(Json::as_f64);
            let (low, high) =
                (doubles().fold(f64::MAX, f64::min), doubles().fold(f64::MIN, f64::max));
            Asked::Demand(format!("ge: {low:?}, le: {high:?}"))
        }
        // What its name calls a secret is written nowhere.
        Shape::Text if few && !tells_secret(argument) && argument.values.iter().all(is_text) => {
            Asked::Demand(listed(argument, |value| quote(value.as_str().unwrap_or_default())))
        }
        Shape::Text => {
            let lengths = argument.values.iter().filter_map(Json::as_str).map(str::len);
            Asked::Demand(format!("max_bytes: {}", lengths.max().unwrap_or(0)))
        }
        Shape::Texts(_) | Shape::Other if tells_secret(argument) => Asked::Nothing,
        Shape::Texts(_) => {
            let mut items: Vec<&Json> = Vec::new();
            for item in argument.values.iter().filter_map(Json::as_array).flatten() {
                if !items.contains(&item) {
                    items.push(item);
                }
            }
            if items.len() > most || !items.iter().all(|item| is_text(item)) {
                return Asked::Nothing;
            }
            let items: Vec<String> = items.into_iter().map(literal::of).collect();
            Asked::Requires(format!("{PLACE}.all(it, it in [{}])", items.join(", ")))
        }
        Shape::Other => {
            let values: Vec<String> = argument.values.iter().map(literal::of).collect();
            let list = values.join(", ");
            let fits = few && list.len() <= LIST_BYTES_MAX;
            if fits { Asked::Requires(format!("{PLACE} in [{list}]")) } else { Asked::Nothing }
        }
    }
}

/// Whether the name of an argument, or of anything in it, says that it holds a secret.
fn tells_secret(argument: &Argument) -> bool {
    let says = |name: &str| is_secret(name) || name.strip_suffix('s').is_some_and(is_secret);
    let mut waiting: Vec<&Json> = argument.values.iter().collect();
    while let Some(value) = waiting.pop() {
        waiting.extend(value.as_array().into_iter().flatten());
        for (name, value) in value.as_object().into_iter().flatten() {
            if says(name) {
                return true;
            }
            waiting.push(value);
        }
    }
    says(&argument.name)
}

/// `eq: VALUE`, or `in: [..]`.
fn listed(argument: &Argument, write: impl Fn(&Json) -> String) -> String {
    let values: Vec<String> = argument.values.iter().map(write).collect();
    match values.as_slice() {
        [value] => format!("eq: {value}"),
        values => format!("in: [{}]", values.join(", ")),
    }
}

fn double(value: &Json) -> String {
    format!("{:?}", value.as_f64().unwrap_or_default())
}

/// Whether it is a text that is a value.
fn is_text(value: &Json) -> bool {
    value.as_str().is_some_and(is_value)
}

/// The place of an argument in CEL.
fn place(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if plain { format!("args.{name}") } else { format!("args.`{name}`") }
}

/// A name in a comment.
fn comment(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).collect()
}
