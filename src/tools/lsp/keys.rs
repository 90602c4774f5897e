//! The keys of our documents: what they are for, and which may stand where.
//!
//! In:      a place in a document.
//! Out:     the text of the key there; the keys and words that may be written there.
//! Imports: `base`, `compiler::syntax`, `diag`.

use crate::base::span::Span;
use crate::compiler::syntax::document::mappings;
use crate::compiler::syntax::document::yaml::{self, Entry, Node, NodeKind};
use crate::diag::sink::Sink;
use crate::tools::lsp::names::holds;
use crate::tools::lsp::request::FileRequest;

/// A key, and what it is for.
pub(super) type Key = (&'static str, &'static str);

/// Keys of a document.
pub(super) const DOCUMENT: &[Key] = &[
    ("policyc", "The version of the format: 1."),
    ("name", "The name of the policy; without it, that of the file."),
    ("description", "What the policy is for."),
    ("schema", "The types of the context: a file, or types written here."),
    ("extensions", "Libraries of functions, as `strings@4`."),
    ("default", "What is decided where no rule speaks: `deny`, `allow`, or an escalation."),
    ("on_error", "What is decided where a rule that denies or escalates fails."),
    ("data", "Constants from files: `data.NAME`."),
    ("functions", "Functions of the host, whose results come with the context."),
    ("windows", "Named windows of time: `windows.NAME.contains(now)`."),
    ("variables", "Named expressions: `variables.NAME`."),
    ("rules", "What is denied, allowed and escalated."),
    ("tools", "The tools, each with its effect and its arguments."),
    ("labels", "Labels of data, in families: `untrusted: [file]` is `untrusted.file`."),
    ("capabilities", "What each role may call at most."),
    ("flow", "What may not reach the arguments of calls."),
    ("meters", "What calls take of something, added up by key."),
    ("limits", "How much meters may measure, and what happens beyond."),
    ("plan", "The steps that are planned, and what happens to other calls."),
    ("on_deny", "What calls are answered that are not allowed, by rule."),
    ("sanitizers", "Tools whose output carries less than what they were given."),
    ("declassify", "Labels that the output of a tool does not carry, for whom."),
    ("redact", "What records withhold."),
    ("tests", "Tests of this policy."),
];

/// Keys of a rule.
pub(super) const RULE: &[Key] = &[
    ("id", "The name of the rule in decisions, records and reports."),
    ("description", "What the rule is for."),
    ("on", "The tools that the rule speaks about; `*` stands for any text."),
    ("when", "The condition, in CEL. Without it the rule always holds."),
    ("deny", "The reason to deny; `{..}` holds CEL."),
    ("allow", "The reason to allow; `{..}` holds CEL."),
    ("escalate", "Who is asked, and what happens without an answer."),
    ("severity", "How much a violation matters."),
    ("tags", "Words by which rules are chosen."),
    ("owner", "Who answers for the rule."),
    ("priority", "The order of rules of one effect; the lowest wins."),
    ("mode", "`enforce`, or `shadow`: the rule is told of and decides nothing."),
    ("phase", "`request`, or `response`: whether what a tool answered can be read."),
];

const TOOL: &[Key] = &[
    ("effect", "What the tool does to the world."),
    ("args", "Its arguments, each with a type and perhaps a role."),
    ("output", "What parts of its output carry, by JSON Pointer."),
    ("store", "The key of what it stores or reads, as `drive/{id}` or `files/{args.path}`."),
    ("undo", "The tool that undoes what it did."),
];

const OUTPUT: &[Key] = &[
    ("labels", "The labels of the part; `inherit` are those of the arguments."),
    ("when", "CEL about `out`, the element that the part lies in: whether it carries them."),
    ("audience", "CEL about `out`, the element: a list of those who may read the part."),
];

const CAPABILITY: &[Key] = &[
    ("allow", "Tools that the role may call; `*` stands for any text."),
    ("deny", "Tools that nobody with the role may call."),
];

const FLOW: &[Key] = &[
    ("id", "The name of the rule; `ID/ARGUMENT` of a role, or of several arguments."),
    ("description", "What the rule is for."),
    ("sink", "The arguments that it is about."),
    ("forbid", "Labels that they may not carry, as `untrusted.*`."),
    ("closed_world", "Whether they must come from somewhere that is known."),
    ("trust_model", "Whether what the model made of all that it has read is not forbidden."),
    ("sanitized_by", "Sanitizers: a value that went through one is not forbidden."),
    ("unless", "CEL that excuses a value; `arg` is the argument."),
    ("over", "What happens then: `deny` or `escalate`."),
];

const SINK: &[Key] = &[
    ("arg", "Arguments: roles as `target`, or names."),
    ("tool", "The tools that have them."),
    ("effect", "The effects of the tools that have them."),
];

const METER: &[Key] = &[
    ("on", "The tools whose calls it measures; `*` stands for any text."),
    ("key", "CEL: it measures apart for each value of this."),
    ("window", "For how long it remembers: `session`, or a window of time."),
    ("count", "What a call counts for; 1 without it."),
    ("amount", "CEL: what a call takes, a number with up to six decimals."),
    ("max_keys", "Under how many keys it measures."),
];

const METER_WINDOW: &[Key] = &[
    ("sliding", "How far back it counts, as `1h`."),
    ("resolution", "The length of its parts; a sixtieth without it."),
    ("calendar", "The period at hand: `hour`, `day`, `week`, `month` or `year`."),
    ("zone", "The time zone of the period, as `UTC`."),
    ("token_bucket", "What it holds runs out, so much in this time."),
    ("refill", "How much runs out in that time."),
];

const LIMIT: &[Key] = &[
    ("id", "The name of the rule; `limit.METER` without it."),
    ("description", "What the limit is for."),
    ("meter", "The meter that it is of."),
    ("max", "The most that it may measure."),
    ("over", "What happens beyond: `deny` or `escalate`."),
];

const PLAN: &[Key] = &[
    ("id", "The name of the plan; its rule is `plan.ID`."),
    ("params", "What it is about, by name and type; the values come at run time."),
    ("steps", "The steps, by name."),
    ("reads", "Calls that only read and need no step."),
    ("deviation", "What happens to calls that are no step."),
    ("replace", "Who is asked before another plan takes the place of one that came at run time."),
];

const PLAN_STEP: &[Key] = &[
    ("tool", "The tool that is called."),
    ("after", "The steps that must be done before."),
    ("times", "How often; any number without it."),
    ("args", "What is asked of arguments, by name; `*` is all others."),
    ("requires", "CEL: what else must hold."),
];

const PLAN_ARG: &[Key] = &[
    ("eq", "It is this value."),
    ("in", "It is one of these."),
    ("le", "It is at most this."),
    ("ge", "It is at least this."),
    ("matches", "It matches this regular expression."),
    ("max_bytes", "It is a text of so many bytes at most."),
    ("from", "Its values come from these steps, `prompt` or `model`."),
];

const PLAN_READS: &[Key] = &[
    ("allow", "Tools without effect; `*` stands for any text."),
    ("budget", "How many such calls."),
];

const PLAN_DEVIATION: &[Key] = &[
    ("read_only", "For tools without effect: `allow`, `deny` or `escalate`."),
    ("effect", "For all others: `deny` or `escalate`."),
];

const DENIAL: &[Key] = &[
    ("respond", "What is answered: `fail`, `alternatives`, `ask` or `backtrack`."),
    ("retries", "How often a call may be tried again; any number without it."),
    ("disclose", "What is said of the rule: `none`, `rule_id` or `reason`."),
    ("offer", "Calls that are offered, where the policy would allow them."),
    ("question", "What the principal is asked; `{..}` quotes what is trusted, and names the rest."),
    ("to", "The step that the plan goes back to: those after it become undone."),
    ("compensate", "In which order calls are undone: `reverse_order`."),
    ("max", "How often the plan goes back; once without it."),
    ("else", "What is answered where the plan cannot go back."),
];

const OFFER: &[Key] = &[
    ("tool", "The tool that is offered."),
    ("keep", "Arguments that it has from the call that was denied."),
    ("set", "Arguments, and CEL that gives them."),
];

const SANITIZER: &[Key] = &[
    ("tool", "The tool."),
    ("arg", "The argument that it makes clean, as `/text`."),
    ("removes", "Labels that its output does not carry for that argument."),
    ("adds", "Labels of the family `clean` that its output carries."),
    ("requires", "CEL about `out`: what must hold of the output."),
    ("kind", "`typed`: the output is one of a few values."),
    ("schema", "The values, with `kind: typed`."),
    ("max_bits", "How much one answer may tell at most, in bits."),
];

const TYPED: &[Key] = &[("enum", "The values that the output may be.")];

const DECLASSIFY: &[Key] = &[
    ("id", "Its name; the mark that it leaves is `declassified.ID`."),
    ("from", "Labels that are taken away."),
    ("to", "The label that stands there instead, or `none`."),
    ("at", "The tool, and the part of its output."),
    ("by", "For which principals: ids, kinds of ids, `role:NAME`."),
    ("reason", "Why."),
];

const DECLASSIFY_AT: &[Key] =
    &[("tool", "The tool."), ("path", "A JSON Pointer; `*` is every key.")];

const WINDOW: &[Key] = &[
    ("days", "Days of the week, as `mon..fri`; without it, every day."),
    ("from", "The time of day at which it opens, as \"08:00\"."),
    ("to", "The time of day at which it closes."),
    ("zone", "The time zone, as `Europe/Zurich`."),
];

const FUNCTION: &[Key] = &[
    ("params", "Types of the arguments."),
    ("result", "Type of the result."),
    ("mode", "Whether who asks for a decision waits for it: `sync` or `async`."),
    ("timeout", "How long its result is waited for, as `200ms`."),
    ("on_timeout", "What happens without a result: `deny`."),
];

const ESCALATION: &[Key] = &[
    ("to", "Who is asked."),
    ("quorum", "How many must agree."),
    ("timeout", "How long an answer is waited for, as `10m`."),
    ("on_timeout", "What happens without an answer: `deny` or `suspend`."),
    ("binds", "What of the call an approval holds for."),
    ("valid_for", "How long an approval holds."),
    ("uses", "How often an approval may be used."),
    ("fatigue", "How often it is asked: `max` times `per` a time, `then: deny`."),
    ("reason", "Why somebody is asked; `{..}` holds CEL."),
];

const FATIGUE: &[Key] = &[
    ("max", "How often it is asked."),
    ("per", "In what time, as `1h`."),
    ("then", "What happens beyond: `deny`."),
];

const REDACTION: &[Key] = &[
    ("path", "A JSON Pointer to what is withheld; `*` is every key."),
    ("as", "What records say instead."),
    ("facts", "`none`: records do not tell how conditions came out that read it."),
    ("key", "The name of the key that makes tokens, with `as: token`."),
    ("bounds", "Ascending numbers, with `as: range`: records say between which two a value lies."),
];

/// The keys of the mapping at `path`, where the elements of lists have no key of their own.
pub(super) fn at_path(path: &[String]) -> &'static [Key] {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [] => DOCUMENT,
        ["rules"] => RULE,
        ["rules", "escalate"] => ESCALATION,
        ["rules", "escalate", "fatigue"] => FATIGUE,
        ["default" | "on_error", "escalate"] => {
            ESCALATION.split_last().map_or(&[], |(_reason, others)| others)
        }
        ["tools", _] => TOOL,
        ["tools", _, "output", _] => OUTPUT,
        ["capabilities", _] => CAPABILITY,
        ["flow"] => FLOW,
        ["flow", "sink"] => SINK,
        ["meters", _] => METER,
        ["meters", _, "window"] => METER_WINDOW,
        ["limits"] => LIMIT,
        ["plan"] => PLAN,
        ["plan", "steps", _] => PLAN_STEP,
        ["plan", "steps", _, "args", _] => PLAN_ARG,
        ["plan", "reads"] => PLAN_READS,
        ["plan", "deviation"] => PLAN_DEVIATION,
        ["sanitizers", _] => SANITIZER,
        ["sanitizers", _, "schema"] => TYPED,
        ["declassify"] => DECLASSIFY,
        ["declassify", "at"] => DECLASSIFY_AT,
        ["on_deny", _] => DENIAL,
        ["on_deny", _, "offer"] => OFFER,
        ["windows", _] => WINDOW,
        ["functions", _] => FUNCTION,
        ["redact"] => REDACTION,
        _ => &[],
    }
}

/// The words that the key at `path` may hold.
pub(super) fn words_at(path: &[String]) -> Vec<&'static str> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["default"] => vec!["deny", "allow", "escalate"],
        ["on_error"] => vec!["deny", "escalate"],
        ["rules", "mode"] => words(&mappings::MODES),
        ["plan", "params", _] => words(&mappings::PARAM_TYPES),
        ["functions", _, "mode"] => words(&mappings::ASKED),
        ["functions", _, "on_timeout"] => words(&mappings::IN_VAIN),
        ["rules", "phase"] => words(&mappings::PHASES),
        ["tools", _, "effect"] | ["flow", "sink", "effect"] => words(&mappings::EFFECTS),
        ["flow", "sink", "arg"] => words(&mappings::ROLES),
        ["rules" | "default" | "on_error", "escalate", "on_timeout"] => words(&mappings::WAITS),
        ["rules" | "default" | "on_error", "escalate", "binds"] => mappings::BINDS.to_vec(),
        ["meters", _, "window"] => vec!["session"],
        ["meters", _, "window", "calendar"] => words(&mappings::PERIODS),
        ["sanitizers", _, "kind"] => words(&mappings::KINDS),
        ["on_deny", _, "respond"] => words(&mappings::RESPONDS),
        ["on_deny", _, "disclose"] => words(&mappings::DISCLOSES),
        ["on_deny", _, "compensate"] => vec![mappings::COMPENSATE],
        ["redact", "as"] => words(&mappings::CLASSES),
        ["redact", "facts"] => words(&mappings::FACTS),
        _ => Vec::new(),
    }
}

fn words<T>(choices: &[(&'static str, T)]) -> Vec<&'static str> {
    choices.iter().map(|(word, _)| *word).collect()
}

/// What the key at byte `at` is for, and its bytes.
pub(super) fn about(ask: &FileRequest<'_>, at: u32) -> Option<(&'static str, Span)> {
    let root = document(ask)?;
    let mut path = Vec::new();
    let mut node = &root;
    loop {
        node = match &node.kind {
            NodeKind::Mapping { entries, .. } => {
                let here = |entry: &&Entry| holds(entry.key.span, ask.file, at);
                if let Some(entry) = entries.iter().find(here) {
                    let known = at_path(&path).iter().find(|(key, _)| *key == entry.key.value);
                    return known.map(|(_, text)| (*text, entry.key.span));
                }
                let inside = |entry: &&Entry| holds(entry.value.span, ask.file, at);
                let entry = entries.iter().find(inside)?;
                path.push(entry.key.value.clone());
                &entry.value
            }
            NodeKind::Sequence { items, .. } => {
                items.iter().find(|item| holds(item.span, ask.file, at))?
            }
            NodeKind::Scalar(_) | NodeKind::Refused => return None,
        };
    }
}

/// The tree of one of our documents.
fn document(ask: &FileRequest<'_>) -> Option<Node> {
    let root = yaml::parse(ask.file, &ask.places.view.project.files, &mut Sink::new())?;
    root.get("policyc").is_some().then_some(root)
}

/// The keys above byte `at` by indentation, whatever is wrong with the document, and whether a key
/// may be written there: nothing but the beginning of a word stands before it.
pub(super) fn path_by_indent(text: &str, at: usize) -> (Vec<String>, bool) {
    let before = text.get(..at).unwrap_or_default();
    let (above, line) = before.rsplit_once('\n').unwrap_or(("", before));
    let (mut indent, whole) = dashed(line);
    let (braces, rest) = open_braces(whole);
    let is_key = !rest.contains([':', '"', '\'', '{', '[', '#']) && !rest.contains(' ');
    let mut path = Vec::new();
    if let Some((key, _)) = rest.split_once(':') {
        path.push(key.trim().to_owned());
    }
    path.extend(braces.into_iter().rev());
    for line in above.lines().rev() {
        let (own, rest) = dashed(line);
        let Some((key, value)) = key_in(rest) else { continue };
        if own < indent {
            let value = value.trim();
            // Lines below `|` and `>` are text.
            if path.is_empty() && value.starts_with(['|', '>']) {
                return (Vec::new(), false);
            }
            if value.is_empty() || value.starts_with('#') {
                path.push(key.to_owned());
                indent = own;
            }
        }
        if indent == 0 {
            break;
        }
    }
    path.reverse();
    (path, is_key)
}

/// The key that a line begins with, without quotes, and what stands behind its colon.
fn key_in(line: &str) -> Option<(&str, &str)> {
    for quote in ['"', '\''] {
        if let Some(inside) = line.strip_prefix(quote) {
            let (key, behind) = inside.split_once(quote)?;
            return Some((key, behind.trim_start().strip_prefix(':')?));
        }
    }
    let (key, value) = line.split_once(':')?;
    let is_plain = |letter: char| !letter.is_whitespace() && !"#{}[]()\"'&|".contains(letter);
    (!key.is_empty() && key.chars().all(is_plain)).then_some((key, value))
}

/// The keys of the mappings in braces that a line leaves open, and what stands behind the last
/// comma or brace.
fn open_braces(line: &str) -> (Vec<String>, &str) {
    let (mut keys, mut start) = (Vec::new(), 0);
    for (at, letter) in line.char_indices() {
        match letter {
            '{' => {
                let key = line.get(start..at).unwrap_or_default().trim();
                keys.push(key.trim_end_matches(':').to_owned());
                start = at + 1;
            }
            '}' => {
                keys.pop();
            }
            ',' => start = at + 1,
            _ => {}
        }
    }
    // An element of a list has no key of its own.
    keys.retain(|key| !key.is_empty());
    (keys, line.get(start..).unwrap_or_default().trim_start())
}

/// Where a line begins to speak, its dashes counted as blanks, and what it says.
fn dashed(line: &str) -> (usize, &str) {
    let rest = line.trim_start_matches([' ', '-']);
    (line.len() - rest.len(), rest)
}

#[cfg(test)]
mod tests {
    use super::{at_path, path_by_indent};
    use crate::compiler::syntax::document::mappings;

    #[test]
    fn every_key_that_is_read_is_told() {
        let rows: [(&[&str], mappings::Mapping); 28] = [
            (&[], mappings::DOCUMENT),
            (&["rules"], mappings::RULE),
            (&["rules", "escalate"], mappings::ESCALATION),
            (&["rules", "escalate", "fatigue"], mappings::FATIGUE),
            (&["default", "escalate"], mappings::FALLBACK),
            (&["on_error", "escalate"], mappings::FALLBACK),
            (&["functions", "f"], mappings::FUNCTION),
            (&["windows", "w"], mappings::WINDOW),
            (&["tools", "t"], mappings::TOOL),
            (&["tools", "t", "output", "/a"], mappings::OUTPUT),
            (&["capabilities", "r"], mappings::CAPABILITY),
            (&["flow"], mappings::FLOW),
            (&["flow", "sink"], mappings::SINK),
            (&["meters", "m"], mappings::METER),
            (&["meters", "m", "window"], mappings::METER_WINDOW),
            (&["limits"], mappings::LIMIT),
            (&["plan"], mappings::PLAN),
            (&["plan", "steps", "s"], mappings::PLAN_STEP),
            (&["plan", "steps", "s", "args", "a"], mappings::PLAN_ARG),
            (&["plan", "reads"], mappings::PLAN_READS),
            (&["plan", "deviation"], mappings::PLAN_DEVIATION),
            (&["sanitizers", "s"], mappings::SANITIZER),
            (&["sanitizers", "s", "schema"], mappings::TYPED),
            (&["declassify"], mappings::DECLASSIFY),
            (&["declassify", "at"], mappings::DECLASSIFY_AT),
            (&["on_deny", "r"], mappings::DENIAL),
            (&["on_deny", "r", "offer"], mappings::OFFER),
            (&["redact"], mappings::REDACTION),
        ];
        for (path, mapping) in rows {
            let path: Vec<String> = path.iter().map(|key| (*key).to_owned()).collect();
            let told: Vec<&str> = at_path(&path).iter().map(|(key, _)| *key).collect();
            assert_eq!(told, mapping.read, "at {path:?}");
        }
    }

    #[test]
    fn paths_go_by_indentation() {
        let rows = [
            ("policyc: 1\nde", vec![], true),
            ("rules:\n  - id: a\n    wh", vec!["rules"], true),
            ("rules:\n- id: a\n  wh", vec!["rules"], true),
            ("rules:\n  - id: a\n    escalate:\n      ti", vec!["rules", "escalate"], true),
            ("tools:\n  send:\n    effect: ", vec!["tools", "send", "effect"], false),
            ("rules:\n  - when: |\n      a &&\n      b", vec![], false),
            ("tools:\n  send: {effect: ", vec!["tools", "send", "effect"], false),
            ("tools:\n  send: {effect: none, a", vec!["tools", "send"], true),
            ("rules:\n  - {id: a, esc", vec!["rules"], true),
            ("rules:\n  - {id: a, escalate: {to: [b], ti", vec!["rules", "escalate"], true),
            ("default: d", vec!["default"], false),
            (
                "tools:\n  t:\n    output:\n      /a/*:\n        la",
                vec!["tools", "t", "output", "/a/*"],
                true,
            ),
            (
                "tools:\n  t:\n    output:\n      \"/a:b\":\n        la",
                vec!["tools", "t", "output", "/a:b"],
                true,
            ),
            (
                "tools:\n  t:\n    output:\n      '':\n        la",
                vec!["tools", "t", "output", ""],
                true,
            ),
            ("rules:\n  - when: >\n      f(a ?\n      b :\n        c)", vec![], false),
        ];
        for (text, path, is_key) in rows {
            let path: Vec<String> = path.into_iter().map(str::to_owned).collect();
            assert_eq!(path_by_indent(text, text.len()), (path, is_key), "{text}");
        }
    }
}
