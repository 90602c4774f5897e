//! Writes the document.
//!
//! In:      tools.
//! Out:     YAML, in our style.
//! Imports: `base`, `tools::lint`.
//!
//! What a server says stands in comments: one line each, with nothing in it that ends a line,
//! cannot be seen, or silences findings. Names are quoted wherever they are more than a word.

use std::fmt::Write as _;

use crate::base::invisible::invisible;
use crate::tools::lint::suppress::MARK;
use crate::tools::mcp::list::{Tool, ToolList};
use crate::tools::mcp::schema::{Argument, Type};

/// Most characters of a description that are quoted.
const QUOTED_MAX: usize = 88;
/// Words that stand for something else where they are not quoted, in YAML 1.1 or 1.2.
const RESERVED: [&str; 9] = ["false", "n", "no", "null", "off", "on", "true", "y", "yes"];

const HEAD: &str = "\
# Tools as their server lists them. Nothing is allowed yet. Before a rule allows a tool, look at:
# - effect: `egress` until somebody knows better. What the server says is quoted, and is no proof.
# - args: what is said is a `payload`, quantities and switches are a `value`, all else a `target`.
#   Words that the server lists are quoted: who refuses all others may write `value`. An `int` has
#   64 bits: larger ones are refused.
# - what a tool gives back: it may be anybody's words.
";

/// The document called `name` with these tools.
pub(super) fn document(name: &str, listed: &ToolList<'_>) -> String {
    let mut out = String::from(HEAD);
    if listed.has_more {
        out.push_str("# The server has more tools: this is one page of its list.\n");
    }
    let _ = write!(out, "policyc: 1\nname: {}\ndefault: deny\n", word(name));
    if listed.tools.is_empty() {
        out.push_str("tools: {}\n");
        return out;
    }
    out.push_str("tools:\n");
    for tool in &listed.tools {
        write_tool(tool, &mut out);
    }
    out
}

fn write_tool(tool: &Tool<'_>, out: &mut String) {
    for text in [tool.title, tool.description].into_iter().flatten() {
        let _ = writeln!(out, "  # \"{}\"", quoted(text));
    }
    if !tool.hints.is_empty() {
        let hint = |(name, says): &(&str, bool)| format!("{name} {says}");
        let hints: Vec<String> = tool.hints.iter().map(hint).collect();
        let _ = writeln!(out, "  # {}", hints.join(", "));
    }
    let _ = writeln!(out, "  {}:\n    effect: egress", word(tool.name));
    let known = tool.arguments.as_ref().map(|it| it.known.as_slice()).unwrap_or_default();
    if !known.is_empty() {
        out.push_str("    args:\n");
        for argument in known {
            write_argument(argument, out);
        }
    }
    match &tool.arguments {
        Some(arguments) if !arguments.more => {}
        Some(arguments) if !arguments.known.is_empty() => {
            out.push_str("    # The server may take other arguments, too.\n");
        }
        Some(_) | None => {
            out.push_str("    # The server does not say which arguments it takes.\n");
        }
    }
}

fn write_argument(argument: &Argument<'_>, out: &mut String) {
    let (name, role) = (word(argument.name), argument.role.word());
    if !argument.listed.is_empty() {
        let listed = format!("one of: {}", argument.listed.join(", "));
        let _ = writeln!(out, "      # \"{}\"", quoted(&listed));
    }
    let optional = !argument.required;
    let _ = if let Type::List(element, Some(most)) = &argument.ty {
        let optional = if optional { "optional: true, " } else { "" };
        let items = quote(&element.text());
        writeln!(out, "      {name}: {{items: {items}, maxItems: {most}, {optional}role: {role}}}")
    } else {
        let optional = if optional { "optional " } else { "" };
        writeln!(out, "      {name}: {optional}{} {role}", argument.ty.text())
    };
}

/// The start of a text on one line: white space is a space, and what cannot be seen is left out.
fn quoted(text: &str) -> String {
    let hidden = |c: char| c.is_control() || invisible(c).is_some();
    let seen = text.chars().map(|c| if c.is_whitespace() { ' ' } else { c });
    let seen: String = seen.filter(|c| !hidden(*c)).collect();
    let line = seen.split(' ').filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let line = line.replace(MARK, &MARK.replace(':', ""));
    let start: String = line.chars().take(QUOTED_MAX).collect();
    if start.len() < line.len() { start + ".." } else { line }
}

/// A word as it is, if YAML takes it for that word; else quoted.
pub(in crate::tools) fn word(text: &str) -> String {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        && text.bytes().next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_')
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str());
    if is_plain { text.to_owned() } else { quote(text) }
}

/// In double quotes, everything but visible ASCII escaped.
pub(in crate::tools) fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        let _ = match c {
            '"' | '\\' => write!(out, "\\{c}"),
            ' '..='~' => write!(out, "{c}"),
            c => write!(out, "\\U{:08X}", u32::from(c)),
        };
    }
    out.push('"');
    out
}
