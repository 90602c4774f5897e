//! Rules of our documents, and the ids of rules that have none.
//!
//! In:      an entry of `rules`.
//! Out:     `Rule`.
//! Imports: `base`, `diag`, `lang`.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::limits::FATIGUE_MAX;
use crate::base::name::Name;
use crate::base::span::{Span, Spanned};
use crate::compiler::syntax::document::error::DocumentError;
use crate::compiler::syntax::document::keys::{
    Keys, bad, choice, names, number, one_of, some_names, wrong,
};
use crate::compiler::syntax::document::mappings;
use crate::compiler::syntax::document::model::{Escalation, Rule, RuleBody, Template};
use crate::compiler::syntax::document::reader::{Reader, fit_into_quotes};
use crate::compiler::syntax::document::scalar::{Style, part};
use crate::compiler::syntax::document::site::Reading;
use crate::compiler::syntax::document::template;
use crate::compiler::syntax::document::time;
use crate::compiler::syntax::document::yaml::{Entry, Node, NodeKind, Value};
use crate::diag::sink::Sink;
use crate::lang::decision::Effect;

const OUTCOMES: [(&str, Effect); 3] =
    [("deny", Effect::Deny), ("allow", Effect::Allow), ("escalate", Effect::Escalate)];

/// Where an id that is made from a description is cut, in bytes; a first word, in characters.
const MADE_ID_BYTES_MAX: usize = 64;

/// Makes ids for rules that have none: from the description, so that they stay when rules move.
pub(super) struct Ids {
    taken: FxHashSet<String>,
    /// How often an id was made from the same text.
    made: FxHashMap<String, usize>,
    rules: usize,
}

impl Ids {
    /// For the rules `items`, whose written ids are taken.
    pub(super) fn new(items: &[Node]) -> Self {
        let written = items.iter().filter_map(|item| item.get("id")?.value.text());
        Self::taken(written)
    }

    /// For rules whose written ids are `written`.
    pub(super) fn taken<'a>(written: impl Iterator<Item = &'a str>) -> Self {
        let taken = written.map(str::to_owned).collect();
        Self { taken, made: FxHashMap::default(), rules: 0 }
    }

    /// Counts a rule that has an id.
    pub(super) fn skip(&mut self) {
        self.rules += 1;
    }

    /// The id of a rule with this description.
    pub(super) fn make(&mut self, description: Option<&str>) -> Name {
        self.rules += 1;
        let slug = slug(description.unwrap_or_default());
        let base = if slug.is_empty() { format!("rule-{}", self.rules) } else { slug };
        let made = self.made.entry(base.clone()).or_insert(0);
        loop {
            *made += 1;
            let id = if *made == 1 { base.clone() } else { format!("{base}-{made}") };
            if self.taken.insert(id.clone()) {
                return Name::from(id);
            }
        }
    }
}

/// The letters and digits of `text`, in lower case, with `-` between words.
fn slug(text: &str) -> String {
    let mut slug = String::new();
    for word in text.split(|letter: char| !letter.is_alphanumeric()) {
        let word = word.to_lowercase();
        if word.is_empty() {
            continue;
        }
        if slug.len() + word.len() >= MADE_ID_BYTES_MAX && !slug.is_empty() {
            break;
        }
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.extend(word.chars().take(MADE_ID_BYTES_MAX));
    }
    slug
}

/// Reads a rule; `None` if it has no outcome.
pub(super) fn read(node: &Node, ids: &mut Ids, reader: &mut Reader<'_>) -> Option<Rule> {
    let keys = Keys::open(node, "a rule", reader.sink)?;
    let always = keys.get("when").is_none();
    let label = if always { "unknown; the rule would always hold" } else { "unknown" };
    keys.known_labelled(&mappings::RULE, label, reader.sink);
    let sink = &mut *reader.sink;
    let description = keys.text("description", sink).map(|text| text.value);
    let written = keys.name("id", sink);
    let id_is_written = written.is_some();
    let id = match written {
        Some(id) => {
            ids.skip();
            id
        }
        None => Spanned::new(ids.make(description.as_deref()), keys.head()),
    };
    if keys.get("id").is_none() {
        let (at, id) = (id.span, id.value.as_str().to_owned());
        sink.report(DocumentError::MissingRuleId { at, id });
    }
    let on = keys.value("on").map_or(Vec::new(), |it| some_names(it, "`on`", sink));
    let tags = keys.value("tags").map_or(Vec::new(), |it| names(it, "`tags`", sink));
    let severity = keys.name("severity", sink).map(|name| name.value);
    let owner = keys.name("owner", sink).map(|name| name.value);
    let least = i64::from(i32::MIN);
    let priority = keys.value("priority").and_then(|it| number(it, "`priority`", least, sink));
    let shadow = keys.value("mode").and_then(|it| choice(it, "`mode`", &mappings::MODES, sink));
    let response =
        keys.value("phase").and_then(|it| choice(it, "`phase`", &mappings::PHASES, sink));
    let condition = keys.value("when").map(|it| reader.expression("when", it));
    let outcome = outcome(&keys, &id, reader)?;
    let (reason, escalation) = match outcome.1 {
        Effect::Deny | Effect::Allow => (message(outcome.0, outcome.1, reader), None),
        Effect::Escalate => match escalation(&outcome.0.value, true, reader) {
            Some((escalation, reason)) => (reason, Some(escalation)),
            None => (None, None),
        },
    };
    let (effect, effect_span) = (outcome.1, outcome.0.key.span);
    Some(Rule {
        id,
        id_is_written,
        span: node.span,
        description,
        on,
        body: RuleBody::When { condition, effect, effect_span, reason, escalation },
        severity,
        tags,
        owner,
        priority: priority.unwrap_or(0),
        shadow: shadow.unwrap_or(false),
        response: response.unwrap_or(false),
        made: false,
    })
}

/// The one outcome of a rule. Of two the first counts, after a report.
fn outcome<'a>(
    keys: &Keys<'a>,
    id: &Spanned<Name>,
    reader: &mut Reader<'_>,
) -> Option<(&'a Entry, Effect)> {
    let mut found = keys.entries.iter().filter_map(|entry| {
        let outcome = OUTCOMES.iter().find(|(key, _)| *key == entry.key.value)?;
        Some((entry, outcome.1))
    });
    let Some(first) = found.next() else {
        let what = format!("rule `{}`", id.value);
        let at = keys.get("id").map_or(keys.head(), |entry| entry.value.span);
        let wanted = "`deny`, `allow` and `escalate`";
        reader.sink.report(DocumentError::NoOutcome { at, what, wanted });
        return None;
    };
    if let Some((second, _)) = found.next() {
        reader.sink.report(DocumentError::Both {
            at: second.key.span,
            first: first.0.key.span,
            what: "a rule".to_owned(),
            first_key: first.0.key.value.clone(),
            second_key: second.key.value.clone(),
        });
    }
    Some(first)
}

/// The message of `deny` or `allow`; only `allow` may go without.
fn message(entry: &Entry, effect: Effect, reader: &mut Reader<'_>) -> Option<Template> {
    if effect == Effect::Allow && entry.value.is_null() {
        return None;
    }
    template_of(&entry.key.value, &entry.value, reader)
}

/// The message in `node`, the value of `key`.
pub(super) fn template_of(key: &str, node: &Node, reader: &mut Reader<'_>) -> Option<Template> {
    if matches!(node.kind, NodeKind::Scalar(_)) && !matches!(node.value(), Some(Value::Text(_))) {
        wrong(node, &format!("`{key}`"), "a message", reader.sink);
        return None;
    }
    let scalar = reader.embedded(key, node)?;
    reader.site(scalar, Reading::Message);
    for range in template::expressions(&scalar.text.text) {
        reader.comments(scalar, &part(&scalar.text, range.start, range.end));
    }
    let mark = reader.sink.mark();
    let template = template::parse(&scalar.text, reader.ast, reader.sink);
    if scalar.style == Style::Double {
        reader.sink.amend(mark, fit_into_quotes);
    }
    Some(template)
}

/// The mapping of `escalate`; with a reason only where one is asked for.
pub(super) fn escalation(
    node: &Node,
    with_reason: bool,
    reader: &mut Reader<'_>,
) -> Option<(Escalation, Option<Template>)> {
    let keys = Keys::open(node, "an escalation", reader.sink)?;
    let mapping = if with_reason { &mappings::ESCALATION } else { &mappings::FALLBACK };
    keys.known(mapping, reader.sink);
    let sink = &mut *reader.sink;
    let binds = keys.value("binds").map_or(Vec::new(), |it| some_names(it, "`binds`", sink));
    for name in binds.iter().filter(|name| !mappings::BINDS.contains(&name.value.as_str())) {
        bad(name.span, "`binds`", &name.value, &one_of(&mappings::BINDS), &mappings::BINDS, sink);
    }
    let to = keys.need("to", sink).map_or(Vec::new(), |it| some_names(&it.value, "`to`", sink));
    let escalation = Escalation {
        quorum: keys.value("quorum").and_then(|it| quorum(it, &to, sink)),
        to,
        timeout_ns: duration(&keys, "timeout", sink),
        on_timeout: keys
            .value("on_timeout")
            .and_then(|it| choice(it, "`on_timeout`", &mappings::WAITS, sink)),
        binds: binds.into_iter().map(|name| name.value).collect(),
        valid_for_ns: duration(&keys, "valid_for", sink),
        uses: keys.value("uses").and_then(|it| number(it, "`uses`", 1, sink)),
        fatigue: keys.value("fatigue").and_then(|it| fatigue(it, sink)).map(Box::new),
    };
    let reason = keys.value("reason").filter(|_| with_reason);
    let reason = reason.and_then(|node| template_of("reason", node, reader));
    Some((escalation, reason))
}

/// How many must agree; no more than are named, where each is one person.
fn quorum(node: &Node, to: &[Spanned<Name>], sink: &mut Sink) -> Option<u32> {
    let quorum: u32 = number(node, "`quorum`", 1, sink)?;
    let is_one = |name: &Name| name.contains(':') && !name.starts_with("role:");
    let people: BTreeSet<&Name> = to.iter().map(|name| &name.value).collect();
    let most = people.len();
    if most > 0 && people.into_iter().all(is_one) && quorum as usize > most {
        let wanted = format!("a whole number up to {most}, as many as are asked");
        bad(node.span, "`quorum`", &quorum.to_string(), &wanted, &[], sink);
    }
    Some(quorum)
}

/// `{max, per, then: deny}`.
fn fatigue(node: &Node, sink: &mut Sink) -> Option<Spanned<(u32, i64)>> {
    let keys = Keys::open(node, "`fatigue`", sink)?;
    keys.known(&mappings::FATIGUE, sink);
    let max = &keys.need("max", sink)?.value;
    let most: u32 = number(max, "`max`", 1, sink)?;
    if most > FATIGUE_MAX {
        let wanted = format!("a whole number up to {FATIGUE_MAX}");
        bad(max.span, "`max`", &most.to_string(), &wanted, &[], sink);
    }
    keys.need("per", sink)?;
    let per = duration(&keys, "per", sink)?;
    if let Some(node) = keys.value("then") {
        choice(node, "`then`", &[("deny", ())], sink)?;
    }
    Some(Spanned::new((most, per), node.span))
}

/// The duration in `key`, in nanoseconds.
pub(super) fn duration(keys: &Keys<'_>, key: &str, sink: &mut Sink) -> Option<i64> {
    let text = keys.text(key, sink)?;
    let found = time::duration_ns(&text.value);
    if found.is_none() {
        let at: Span = text.span;
        let what = format!("`{key}`");
        bad(at, &what, &text.value, "a duration, as `15m` or `1h30m`", &[], sink);
    }
    found
}
