//! What documents say about the answers to calls that are not allowed: `on_deny`.
//!
//! In:      the value of `on_deny`.
//! Out:     it as data, with its places. What it means is `compiler::govern`'s business.
//! Imports: `base`, `diag`, `lang`.
//! Source:  `docs/sessions.md`, "Answers".

use crate::base::limits::OFFERS_MAX;
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::ast::ExprId;
use crate::compiler::syntax::document::keys::{
    Keys, bad, choice, list, mapping, name, names, number,
};
use crate::compiler::syntax::document::mappings;
use crate::compiler::syntax::document::model::Template;
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::rule::template_of;
use crate::compiler::syntax::document::yaml::{Entry, Node};
use crate::diag::sink::Sink;
use crate::lang::session::{Disclose, Respond};

/// The key that speaks for all rules without an entry of their own.
pub const DEFAULT: &str = "default";

/// What a call is answered to which a rule objects.
#[derive(Clone, Debug)]
pub struct Denial {
    /// The key: the id of a rule, the part of it before a `/`, or `default`.
    pub rule: Spanned<Name>,
    /// The rules that are meant, ascending; none for `default`. `compiler::govern` finds them.
    pub rules: Vec<Name>,
    /// `respond`.
    pub respond: Respond,
    /// `retries`: how often a call may be tried again; `None` is any number.
    pub retries: Option<u32>,
    /// `disclose`.
    pub disclose: Disclose,
    /// Where `disclose` is written.
    pub disclose_at: Option<Span>,
    /// `offer`.
    pub offers: Vec<Offer>,
    /// `question`.
    pub question: Option<Template>,
    /// What stands for each value that the question quotes, where that is not there.
    /// `compiler::govern` finds it.
    pub names: Vec<Name>,
    /// With `respond: backtrack`.
    pub backtrack: Option<Backtrack>,
}

/// Another call that is offered.
#[derive(Clone, Debug)]
pub struct Offer {
    /// `tool`.
    pub tool: Spanned<Name>,
    /// `keep`: arguments that it has from the call that was denied.
    pub keep: Vec<Spanned<Name>>,
    /// `set`: arguments, and CEL that gives them.
    pub set: Vec<(Spanned<Name>, ExprId)>,
}

/// How far a plan goes back.
#[derive(Clone, Debug)]
pub struct Backtrack {
    /// `to`: the step that stays done.
    pub to: Spanned<Name>,
    /// `max`: how often.
    pub max: u32,
    /// `else`: what is answered where it cannot, or not any more.
    pub otherwise: Respond,
    /// The steps that become undone, and the tools that undo what they did. `compiler::govern`
    /// finds them.
    pub undone: Vec<(Name, Option<Name>)>,
}

/// `{default: {..}, RULE: {respond, ..}}`.
pub(super) fn denials(node: &Node, reader: &mut Reader<'_>) -> Vec<Denial> {
    let entries = mapping(node, "`on_deny`", reader.sink).unwrap_or_default();
    entries.iter().filter_map(|entry| denial(entry, reader)).collect()
}

fn denial(entry: &Entry, reader: &mut Reader<'_>) -> Option<Denial> {
    let keys = Keys::open(&entry.value, "an answer", reader.sink)?;
    keys.known(&mappings::DENIAL, reader.sink);
    let sink = &mut *reader.sink;
    let respond =
        choice(&keys.need("respond", sink)?.value, "`respond`", &mappings::RESPONDS, sink)?;
    let retries = keys.value("retries");
    let retries = retries.and_then(|it| {
        // Where nothing may be tried again there is nothing to offer.
        let least = i64::from(respond != Respond::Fail);
        number(it, "`retries`", least, sink)
    });
    let disclose = keys.value("disclose");
    let disclose_at = disclose.map(|it| it.span);
    let disclose = disclose.and_then(|it| choice(it, "`disclose`", &mappings::DISCLOSES, sink));
    let otherwise = keys.value("else").and_then(|it| {
        let words: Vec<(&str, Respond)> =
            mappings::RESPONDS.into_iter().filter(|(_, it)| *it != Respond::Backtrack).collect();
        choice(it, "`else`", &words, sink)
    });
    let ways = [Some(respond), otherwise];
    for (way, own) in [
        (Respond::Alternatives, &["offer"][..]),
        (Respond::Ask, &["question"]),
        (Respond::Backtrack, &["to", "compensate", "max", "else"]),
    ] {
        let is_meant = ways.contains(&Some(way));
        if let Some(first) = own.first().filter(|_| is_meant) {
            keys.need(first, sink)?;
        }
        for entry in own.iter().filter_map(|key| keys.get(key)).filter(|_| !is_meant) {
            let (at, key) = (entry.key.span, entry.key.value.as_str());
            let wanted = format!("nothing, unless `respond` is `{}`", way.word());
            bad(at, &format!("`{key}`"), key, &wanted, &[], sink);
        }
    }
    let backtrack = match keys.get("to").filter(|_| respond == Respond::Backtrack) {
        Some(to) => Some(backtrack(&to.value, &keys, otherwise, sink)?),
        None => None,
    };
    let question = keys.value("question");
    let question = question.and_then(|node| {
        let question = template_of("question", node, reader)?;
        if question.parts.is_empty() {
            let wanted = "what the principal is asked";
            bad(node.span, "`question`", "", wanted, &[], reader.sink);
        }
        Some(question)
    });
    let offers = keys.value("offer").map_or(Vec::new(), |node| offers(node, reader));
    Some(Denial {
        rule: Spanned::new(Name::new(&entry.key.value), entry.key.span),
        rules: Vec::new(),
        respond,
        retries,
        disclose: disclose.unwrap_or(Disclose::None),
        disclose_at,
        offers,
        question,
        names: Vec::new(),
        backtrack,
    })
}

fn backtrack(
    to: &Node,
    keys: &Keys<'_>,
    otherwise: Option<Respond>,
    sink: &mut Sink,
) -> Option<Backtrack> {
    let to = name(to, "`to`", sink)?;
    let max = keys.value("max").map_or(Some(1), |it| number(it, "`max`", 1, sink))?;
    if let Some(node) = keys.value("compensate") {
        choice(node, "`compensate`", &[(mappings::COMPENSATE, ())], sink)?;
    }
    let otherwise = otherwise.unwrap_or(Respond::Fail);
    Some(Backtrack { to, max, otherwise, undone: Vec::new() })
}

fn offers(node: &Node, reader: &mut Reader<'_>) -> Vec<Offer> {
    let items = list(node, "`offer`", reader.sink).unwrap_or_default();
    if let Some(more) = items.get(OFFERS_MAX) {
        let wanted = format!("a list of at most {OFFERS_MAX}");
        bad(more.span, "`offer`", "one more", &wanted, &[], reader.sink);
    }
    items.iter().filter_map(|item| offer(item, reader)).collect()
}

fn offer(node: &Node, reader: &mut Reader<'_>) -> Option<Offer> {
    let keys = Keys::open(node, "an offer", reader.sink)?;
    keys.known(&mappings::OFFER, reader.sink);
    let sink = &mut *reader.sink;
    let tool = name(&keys.need("tool", sink)?.value, "`tool`", sink)?;
    let keep = keys.value("keep").map_or(Vec::new(), |it| names(it, "`keep`", sink));
    let entries = keys.value("set").and_then(|it| mapping(it, "`set`", sink)).unwrap_or_default();
    let set = entries.iter().map(|entry| {
        let argument = Spanned::new(Name::new(&entry.key.value), entry.key.span);
        (argument, reader.expression(&entry.key.value, &entry.value))
    });
    Some(Offer { tool, keep, set: set.collect() })
}
