//! What documents say about agents: labels of data, what a role may call, what may flow where.
//!
//! In:      the values of `labels`, `capabilities`, `flow`, and `output` of a tool.
//! Out:     them as data, with their places. What they mean is `compiler::govern`'s business.
//! Imports: `base`, `diag`, `lang`.
//! Source:  `docs/sessions.md`.

use crate::base::limits::CONTEXT_DEPTH_MAX;
use crate::base::name::Name;
use crate::base::pointer;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::keys::{
    ESCALATED, Keys, bad, boolean, choice, choice_or, is_identifier, list, mapping, name, names,
    some_names, text, wrong,
};
use crate::compiler::syntax::document::mappings;
use crate::compiler::syntax::document::model::{Escalation, Role, TypeField};
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::rule;
use crate::compiler::syntax::document::yaml::{Entry, Node};
use crate::diag::sink::Sink;
use crate::lang::session;

/// What a tool does to the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ToolEffect {
    /// It only reads.
    None,
    /// It changes state.
    State,
    /// Data leave.
    Egress,
    /// It destroys.
    Destructive,
    /// It changes who may do what.
    Credential,
}

/// What labels a field of an output carries.
#[derive(Clone, Debug)]
pub struct Output {
    /// A JSON Pointer into the output, in which `*` is every key and every element; it may end in
    /// `~keys`.
    pub path: Spanned<String>,
    /// Its keys; `None` is a `*`.
    pub keys: Vec<Option<Name>>,
    /// Whether it ends in `~keys`: then it is the names of the members, and its last key a `*`.
    pub names: bool,
    /// The labels.
    pub labels: Vec<Spanned<Name>>,
    /// `inherit`: it carries those of the arguments of the call, too.
    pub inherit: bool,
    /// `when`: CEL about `out`, the element that it lies in.
    pub when: Option<ExprId>,
    /// `audience`: CEL about the same, which gives who may read it.
    pub audience: Option<ExprId>,
}

/// A part of a key under which a tool stores.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StorePart {
    /// Text.
    Text(Name),
    /// `{id}`: a member of what the tool gives.
    Member(Name),
    /// `{args.id}`: an argument of the call.
    Argument(Name),
}

/// `labels` of a document.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// Every label, as `untrusted.file`, in the order in which they are written.
    pub names: Vec<Spanned<Name>>,
    /// What a label brings with it.
    pub implies: Vec<(Spanned<Name>, Vec<Spanned<Name>>)>,
    /// The families that say who may know a value, and nothing of who made it: those below
    /// `secrecy`.
    pub secret: Vec<Name>,
}

/// What principals with a role may call.
#[derive(Clone, Debug)]
pub struct Capability {
    /// The role.
    pub role: Spanned<Name>,
    /// Patterns of tool names.
    pub allow: Vec<Spanned<Name>>,
    /// Patterns of tool names, which win over those of any role.
    pub deny: Vec<Spanned<Name>>,
}

/// `capabilities` of a document.
#[derive(Clone, Debug)]
pub struct Capabilities {
    /// The key of the section.
    pub span: Span,
    /// A row for each role.
    pub roles: Vec<Capability>,
}

/// A rule about what may flow into arguments.
#[derive(Clone, Debug)]
pub struct Flow {
    /// `id`.
    pub id: Spanned<Name>,
    /// The whole entry.
    pub span: Span,
    /// `description`.
    pub description: Option<String>,
    /// `sink`.
    pub sink: FlowSink,
    /// `forbid`: patterns of labels.
    pub forbid: Vec<Spanned<Name>>,
    /// `closed_world: true`, and where it is written: a value of unknown origin is forbidden.
    pub closed_world: Option<Span>,
    /// `trust_model: true`, and where it is written: what the model made of all that it has read
    /// is not forbidden.
    pub trust_model: Option<Span>,
    /// `sanitized_by`: sanitizers; a value that went through one is not forbidden.
    pub sanitized_by: Vec<Spanned<Name>>,
    /// `unless`: a condition in which `arg` is the argument.
    pub unless: Option<ExprId>,
    /// `over`: what happens then; `None` denies.
    pub over: Option<Escalation>,
}

/// Which arguments of which calls a flow rule is about.
#[derive(Clone, Debug)]
pub struct FlowSink {
    /// The whole sink.
    pub span: Span,
    /// `tool`: patterns of tool names; empty is every tool.
    pub tools: Vec<Spanned<Name>>,
    /// `effect`; empty is every effect.
    pub effects: Vec<Spanned<ToolEffect>>,
    /// `arg`: arguments; empty: the call itself, which carries all that the model has read.
    pub args: Vec<SinkArg>,
}

/// Arguments that a flow rule names.
#[derive(Clone, Debug)]
pub enum SinkArg {
    /// Those with a role.
    Role(Spanned<Role>),
    /// Those with a name.
    Named(Spanned<Name>),
}

/// The end of a path to the names of members. No pointer has it, for there a key with a `~` is
/// spelled with `~0`.
const NAMES: &str = "/~keys";

/// `{pointer: {labels: [..]}}`.
pub(super) fn outputs(node: &Node, reader: &mut Reader<'_>) -> Vec<Output> {
    let entries = mapping(node, "`output`", reader.sink).unwrap_or_default();
    entries.iter().filter_map(|entry| output(entry, reader)).collect()
}

fn output(entry: &Entry, reader: &mut Reader<'_>) -> Option<Output> {
    let sink = &mut *reader.sink;
    let keys = Keys::open(&entry.value, "a field of an output", sink)?;
    keys.known(&mappings::OUTPUT, sink);
    let path = Spanned::new(entry.key.value.clone(), entry.key.span);
    let node = &keys.need("labels", sink)?.value;
    let mut labels = names(node, "`labels`", sink);
    let all = labels.len();
    labels.retain(|label| label.value != "inherit");
    let inherit = labels.len() < all;
    let above = path.value.strip_suffix(NAMES);
    let names = above.is_some();
    let place =
        above.map_or_else(|| path.clone(), |above| Spanned::new(format!("{above}/*"), path.span));
    let keys_of_path = steps(&place, "a field of an output", sink)?;
    let when = keys.value("when").map(|it| reader.expression("when", it));
    let audience = keys.value("audience").map(|it| reader.expression("audience", it));
    Some(Output { keys: keys_of_path, names, path, labels, inherit, when, audience })
}

/// The parts of `drive/{id}` or `files/{args.path}`; `args` are those that the tool declares.
pub(super) fn store(
    text: &Spanned<String>,
    args: Option<&[TypeField]>,
    sink: &mut Sink,
) -> Vec<StorePart> {
    let mut parts = Vec::new();
    let mut rest = text.value.as_str();
    while !rest.is_empty() {
        let (before, behind) = rest.split_at(rest.find(['{', '}']).unwrap_or(rest.len()));
        if !before.is_empty() {
            parts.push(StorePart::Text(Name::new(before)));
        }
        let hole = behind.strip_prefix('{').and_then(|hole| hole.split_once('}'));
        let named =
            hole.filter(|(name, _)| is_identifier(name.strip_prefix("args.").unwrap_or(name)));
        let Some((name, behind)) = named else {
            if !behind.is_empty() {
                let wanted = "text with names in braces, as `drive/{id}` or `files/{args.path}`";
                bad(text.span, "`store`", &text.value, wanted, &[], sink);
            }
            break;
        };
        parts.push(match name.strip_prefix("args.") {
            Some(argument) => StorePart::Argument(Name::new(argument)),
            None => StorePart::Member(Name::new(name)),
        });
        let known: Option<Vec<&str>> =
            args.map(|args| args.iter().map(|field| field.name.value.as_str()).collect());
        if let (Some(StorePart::Argument(own)), Some(known)) = (parts.last(), known)
            && !known.contains(&own.as_str())
        {
            bad(text.span, "`store`", own, "an argument of the tool", &known, sink);
        }
        rest = behind;
    }
    parts
}

/// The keys of a pointer; none where it is empty.
pub(super) fn steps(
    path: &Spanned<String>,
    what: &str,
    sink: &mut Sink,
) -> Option<Vec<Option<Name>>> {
    if path.value.is_empty() {
        return Some(Vec::new());
    }
    let rest = path.value.strip_prefix('/');
    let rest = rest.filter(|rest| rest.split('/').count() <= CONTEXT_DEPTH_MAX);
    let Some(rest) = rest else {
        let wanted = "a path, as `/*/subject`, or nothing for all of it";
        bad(path.span, what, &path.value, wanted, &[], sink);
        return None;
    };
    let good = |key: &str| pointer::token(&pointer::key(key)) == key;
    if !rest.split('/').all(good) {
        let wanted = "a path in which `~0` stands for `~` and `~1` for `/`";
        bad(path.span, what, &path.value, wanted, &[], sink);
        return None;
    }
    let step = |key: &str| (key != "*").then(|| Name::from(pointer::key(key)));
    Some(rest.split('/').map(step).collect())
}

/// `{integrity: {untrusted: [file, ..]}, implies: {a.b: [c.d]}}`.
pub(super) fn labels(node: &Node, sink: &mut Sink) -> Labels {
    let mut labels = Labels::default();
    for group in mapping(node, "`labels`", sink).unwrap_or_default() {
        let entries = mapping(&group.value, &format!("`{}`", group.key.value), sink);
        for entry in entries.unwrap_or_default() {
            let values = names(&entry.value, "a label", sink);
            let key = Spanned::new(Name::new(&entry.key.value), entry.key.span);
            if group.key.value == "implies" {
                labels.implies.push((key, values));
                continue;
            }
            if group.key.value == "secrecy" {
                labels.secret.push(key.value.clone());
            }
            for value in values {
                if good_family(&key, sink) && good_part(&value, sink) {
                    let full = Name::from(format!("{}.{}", key.value, value.value));
                    labels.names.push(Spanned::new(full, value.span));
                }
            }
        }
    }
    labels
}

/// Whether the name of a family can be one: what was done to values is said by no document.
fn good_family(name: &Spanned<Name>, sink: &mut Sink) -> bool {
    let taken = [session::SANITIZER, session::DECLASSIFIED];
    let free = !taken.iter().any(|family| family.trim_end_matches('.') == &*name.value);
    if !free {
        let wanted = "another family: such labels are marks that sessions set";
        bad(name.span, "the name of a label", &name.value, wanted, &[], sink);
    }
    free && good_part(name, sink)
}

/// Whether the name of a sanitizer or of a declassification can be one.
pub(super) fn good_name(name: &Spanned<Name>, sink: &mut Sink) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let good = !name.value.is_empty() && name.value.bytes().all(good);
    if !good {
        let wanted = "letters, digits, `_`, `-` and `.`";
        bad(name.span, "its name", &name.value, wanted, &[], sink);
    }
    good
}

/// Whether the name of a family or of a label in it can be one.
fn good_part(name: &Spanned<Name>, sink: &mut Sink) -> bool {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    let good = name.value.bytes().all(good);
    if !good {
        let wanted = "letters, digits, `_` and `-`";
        bad(name.span, "the name of a label", &name.value, wanted, &[], sink);
    }
    good
}

/// `{default: deny, role: {allow: [..], deny: [..]}}`.
pub(super) fn capabilities(entry: &Entry, sink: &mut Sink) -> Option<Capabilities> {
    let entries = mapping(&entry.value, "`capabilities`", sink)?;
    let mut roles = Vec::new();
    for entry in entries {
        if entry.key.value == "default" {
            choice(&entry.value, "`default` of a ceiling", &[("deny", ())], sink);
            continue;
        }
        let Some(keys) = Keys::open(&entry.value, "a role", sink) else { continue };
        keys.known(&mappings::CAPABILITY, sink);
        let mut patterns = |key: &'static str| {
            keys.value(key).map_or(Vec::new(), |it| names(it, &format!("`{key}`"), sink))
        };
        let (allow, deny) = (patterns("allow"), patterns("deny"));
        let role = Spanned::new(Name::new(&entry.key.value), entry.key.span);
        roles.push(Capability { role, allow, deny });
    }
    Some(Capabilities { span: entry.key.span, roles })
}

/// `[{id, sink, forbid, ..}, ..]`.
pub(super) fn flows(node: &Node, reader: &mut Reader<'_>) -> Vec<Flow> {
    let items = list(node, "`flow`", reader.sink).unwrap_or_default();
    items.iter().filter_map(|item| flow(item, reader)).collect()
}

fn flow(node: &Node, reader: &mut Reader<'_>) -> Option<Flow> {
    let keys = Keys::open(node, "a flow rule", reader.sink)?;
    keys.known(&mappings::FLOW, reader.sink);
    let sink = &mut *reader.sink;
    let id = name(&keys.need("id", sink)?.value, "`id`", sink)?;
    let description = keys.text("description", sink).map(|text| text.value);
    let forbid = keys.value("forbid").map_or(Vec::new(), |it| some_names(it, "`forbid`", sink));
    let (closed, trusting) = (keys.value("closed_world"), keys.value("trust_model"));
    let mut on = |node: Option<&Node>, what| {
        node.filter(|it| boolean(it, what, sink) == Some(true)).map(|it| it.span)
    };
    let closed_world = on(closed, "`closed_world`");
    let trust_model = on(trusting, "`trust_model`");
    if forbid.is_empty() && closed_world.is_none() {
        // An empty list was reported.
        keys.need("forbid", sink)?;
        return None;
    }
    let found = flow_sink(&keys.need("sink", sink)?.value, sink)?;
    if let Some(node) = closed.filter(|_| closed_world.is_some() && found.args.is_empty()) {
        // What the model has read has no kind.
        wrong(node, "`closed_world` of a sink without `arg`", "`false`", sink);
        return None;
    }
    if let Some(node) = trusting.filter(|_| trust_model.is_some()) {
        // What the model has read is made by others; and a closed world is closed to the model.
        let what = match (found.args.is_empty(), closed_world) {
            (true, _) => "`trust_model` of a sink without `arg`",
            (false, Some(_)) => "`trust_model` in a closed world",
            (false, None) => "",
        };
        if !what.is_empty() {
            wrong(node, what, "`false`", sink);
            return None;
        }
    }
    let by = keys.value("sanitized_by");
    let sanitized_by = by.map_or(Vec::new(), |it| names(it, "`sanitized_by`", sink));
    if let Some(node) = by.filter(|_| found.args.is_empty()) {
        // What the model has read went through nothing as a whole.
        wrong(node, "`sanitized_by` of a sink without `arg`", "nothing", sink);
        return None;
    }
    let unless = keys.value("unless").map(|it| reader.expression("unless", it));
    let over = over(&keys, reader).ok()?;
    let (span, sink) = (node.span, found);
    Some(Flow {
        id,
        span,
        description,
        sink,
        forbid,
        closed_world,
        trust_model,
        sanitized_by,
        unless,
        over,
    })
}

/// `over: deny`, or `{escalate: {..}}`: what happens where a rule objects. What is neither is
/// reported, and no rule is made of it.
pub(super) fn over(
    keys: &Keys<'_>,
    reader: &mut Reader<'_>,
) -> Result<Option<Escalation>, AlreadyReported> {
    keys.value("over").map_or(Ok(None), |node| over_of(node, "`over`", reader))
}

/// The same of a node, which messages call `what`.
pub(super) fn over_of(
    node: &Node,
    what: &'static str,
    reader: &mut Reader<'_>,
) -> Result<Option<Escalation>, AlreadyReported> {
    if node.entries().is_none() {
        choice_or(node, what, &[("deny", ())], &[ESCALATED], reader.sink).ok_or(AlreadyReported)?;
        return Ok(None);
    }
    let over = Keys::open(node, what, reader.sink).ok_or(AlreadyReported)?;
    over.only(&["escalate"], reader.sink);
    let escalate = over.need("escalate", reader.sink).ok_or(AlreadyReported)?;
    let (escalation, _) =
        rule::escalation(&escalate.value, false, reader).ok_or(AlreadyReported)?;
    Ok(Some(escalation))
}

/// What was reported already.
#[derive(Clone, Copy, Debug)]
pub(super) struct AlreadyReported;

fn flow_sink(node: &Node, sink: &mut Sink) -> Option<FlowSink> {
    let keys = Keys::open(node, "a sink", sink)?;
    keys.known(&mappings::SINK, sink);
    if keys.entries.is_empty() {
        wrong(node, "a sink", "a mapping with `arg`, `tool` or `effect`", sink);
        return None;
    }
    let tools = keys.value("tool").map_or(Vec::new(), |it| some_names(it, "`tool`", sink));
    let args = keys.value("arg").map_or(Vec::new(), |it| some_names(it, "`arg`", sink));
    let args = args.into_iter().map(|found| {
        let role = mappings::ROLES.iter().find(|(word, _)| found.value == *word);
        match (role, found.value.strip_prefix("args.")) {
            (Some((_, role)), _) => SinkArg::Role(Spanned::new(*role, found.span)),
            (None, Some(name)) => SinkArg::Named(Spanned::new(Name::new(name), found.span)),
            (None, None) => SinkArg::Named(found),
        }
    });
    let args = args.collect();
    let mut effects = Vec::new();
    if let Some(node) = keys.value("effect") {
        for item in node.items().unwrap_or(std::slice::from_ref(node)) {
            let at = text(item, "`effect`", sink)?.span;
            effects.push(Spanned::new(choice(item, "`effect`", &mappings::EFFECTS, sink)?, at));
        }
    }
    Some(FlowSink { span: node.span, tools, effects, args })
}
