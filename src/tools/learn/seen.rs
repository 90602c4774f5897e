//! What recorded sessions did: tools, arguments, order, roles.
//!
//! In:      events.
//! Out:     `Seen`.
//! Imports: `lang`, `runtime::session`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use crate::lang::session::REPLACE;
use crate::runtime::session::event::{Event, EventKind};
use crate::tools::learn::{LearnFault, Place, Recorded};

/// Most values of one argument that are kept.
const KEPT_MAX: usize = 10_000;
/// What `capabilities` says of all roles, so that none can be called so.
const DEFAULT_ROLE: &str = "default";

/// What was seen in all sessions.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    pub(super) sessions: usize,
    pub(super) calls: usize,
    /// Most calls in one session, without those that have done nothing.
    pub(super) most: usize,
    /// In the order in which they were met.
    pub(super) tools: Vec<Used>,
    /// What principals with a role called.
    pub(super) roles: BTreeMap<String, BTreeSet<String>>,
    /// Calls by somebody who has no role.
    pub(super) without_role: usize,
    /// The first call by somebody with a role that is called as what says something of all.
    pub(super) default_role: Option<Place>,
}

/// Calls that ask for another plan: they are about the policy that decided, not about the one that
/// is learned.
#[derive(Default)]
pub(super) struct Replacing(BTreeSet<String>);

impl Replacing {
    /// Whether an event is such a call, or answers one.
    pub(super) fn is_left_out(&mut self, event: &EventKind<'_>) -> bool {
        match event {
            EventKind::Request { call, action, .. } => {
                let action: Json = serde_json::from_str(action).unwrap_or_default();
                let asks = action.get("tool").and_then(Json::as_str) == Some(REPLACE.0);
                if asks {
                    self.0.insert(call.to_string());
                } else {
                    self.0.remove(call.as_ref());
                }
                asks
            }
            EventKind::Response { call, .. } => self.0.contains(call.as_ref()),
            EventKind::Prompt { .. }
            | EventKind::Approval { .. }
            | EventKind::Fact(_)
            | EventKind::Plan(..)
            | EventKind::Answer
            | EventKind::Clock
            | EventKind::Reset => false,
        }
    }
}

/// How a tool was used.
#[derive(Clone, Debug, Default)]
pub(super) struct Used {
    pub(super) name: String,
    pub(super) calls: usize,
    /// Most calls of it in one session, without those that have done nothing.
    pub(super) most: usize,
    /// The tools that had answered before its first call in every session that calls it.
    pub(super) after: BTreeSet<String>,
    /// In the order in which they were met.
    pub(super) args: Vec<Argument>,
}

/// What an argument was.
#[derive(Clone, Debug, Default)]
pub(super) struct Argument {
    pub(super) name: String,
    /// In how many calls it was given.
    pub(super) given: usize,
    /// Its values, each once.
    pub(super) values: Vec<Json>,
    /// Whether there were more than are kept.
    pub(super) is_cut: bool,
}

/// What is known of the session at hand.
#[derive(Default)]
struct Now {
    roles: Vec<String>,
    /// Calls that wait for an answer: id and tool.
    open: BTreeMap<String, String>,
    done: BTreeSet<String>,
    /// Calls of each tool, without those that have done nothing.
    counts: BTreeMap<String, usize>,
    /// All of them.
    calls: usize,
}

impl Seen {
    /// Takes in a session.
    pub(super) fn add(&mut self, session: &Recorded) -> Result<(), LearnFault> {
        self.sessions += 1;
        let (mut now, mut replacing) = (Now::default(), Replacing::default());
        for (number, line) in (1..).zip(session.lines.split(|byte| *byte == b'\n')) {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let wrong = |why: String| LearnFault::Line(session.name.clone(), number, why);
            let event = Event::read(line).map_err(|fault| wrong(fault.to_string()))?;
            if replacing.is_left_out(&event.kind) {
                continue;
            }
            match &event.kind {
                EventKind::Prompt { principal: Some(principal), .. } => {
                    now.roles = roles(principal);
                }
                EventKind::Request { call, action, context, .. } => {
                    let own = context.iter().find(|(name, _)| *name == "principal");
                    let own = own.map(|(_, principal)| roles(principal));
                    let action: Json =
                        serde_json::from_str(action).map_err(|error| wrong(unread(&error)))?;
                    let tool = action.get("tool").and_then(Json::as_str);
                    let tool = tool.ok_or_else(|| wrong("its action has no tool".to_owned()))?;
                    let place =
                        || Place { session: session.name.clone(), line: number, seq: event.seq };
                    if tool.contains('*') {
                        return Err(LearnFault::Name(tool.to_owned(), place()));
                    }
                    let empty = Map::new();
                    let args = match action.get("args") {
                        None => &empty,
                        Some(args) => args
                            .as_object()
                            .ok_or_else(|| wrong("its `args` are no object".to_owned()))?,
                    };
                    let by = own.unwrap_or_else(|| now.roles.clone());
                    if by.iter().any(|role| role == DEFAULT_ROLE) {
                        self.default_role.get_or_insert_with(place);
                    }
                    self.call((tool, args), &by, &mut now);
                    now.open.insert(call.to_string(), tool.to_owned());
                }
                EventKind::Response { call, out, error, undone } => {
                    let Some(tool) = now.open.remove(call.as_ref()) else { continue };
                    if error.is_some() && out.is_none_or(|out| out == "null") {
                        // Its effect is not known: it may have been carried out all the same.
                        let count = now.counts.entry(tool).or_default();
                        *count = count.saturating_sub(usize::from(*undone));
                        now.calls = now.calls.saturating_sub(usize::from(*undone));
                    } else {
                        now.done.insert(tool);
                    }
                }
                EventKind::Prompt { .. }
                | EventKind::Approval { .. }
                | EventKind::Fact(_)
                | EventKind::Plan(..)
                | EventKind::Answer
                | EventKind::Clock
                | EventKind::Reset => {}
            }
        }
        Ok(())
    }

    fn call(&mut self, (tool, args): (&str, &Map<String, Json>), by: &[String], now: &mut Now) {
        self.calls += 1;
        now.calls += 1;
        self.most = self.most.max(now.calls);
        self.without_role += usize::from(by.is_empty());
        for role in by {
            self.roles.entry(role.clone()).or_default().insert(tool.to_owned());
        }
        let is_first = !now.counts.contains_key(tool);
        let count = now.counts.entry(tool.to_owned()).or_default();
        *count += 1;
        let at = self.tools.iter().position(|used| used.name == tool);
        let at = at.unwrap_or_else(|| {
            let (name, after) = (tool.to_owned(), now.done.clone());
            self.tools.push(Used { name, after, ..Used::default() });
            self.tools.len() - 1
        });
        let Some(used) = self.tools.get_mut(at) else { return };
        if is_first {
            used.after = used.after.intersection(&now.done).cloned().collect();
        }
        used.calls += 1;
        used.most = used.most.max(*count);
        for (name, value) in args {
            let known = used.args.iter().position(|argument| argument.name == *name);
            let known = known.unwrap_or_else(|| {
                used.args.push(Argument { name: name.clone(), ..Argument::default() });
                used.args.len() - 1
            });
            let Some(argument) = used.args.get_mut(known) else { continue };
            argument.given += 1;
            if argument.values.contains(value) {
                continue;
            }
            argument.is_cut |= argument.values.len() >= KEPT_MAX;
            if !argument.is_cut {
                argument.values.push(value.clone());
            }
        }
    }
}

/// Why an action cannot be read, without the place within it, which nobody sees.
fn unread(error: &serde_json::Error) -> String {
    let why = error.to_string();
    let why = why.split(" at line ").next().unwrap_or_default();
    format!("its action cannot be read: {why}")
}

/// The roles of a principal, which is JSON.
#[must_use]
pub fn roles(principal: &str) -> Vec<String> {
    let principal: Json = serde_json::from_str(principal).unwrap_or_default();
    let roles = principal.get("roles").and_then(Json::as_array);
    let texts = roles.into_iter().flatten().filter_map(Json::as_str);
    texts.map(str::to_owned).collect()
}
