//! What differs beside conditions: messages, priorities, places in sources, types, settings.
//!
//! In:      modules and their debug sections.
//! Out:     words.
//! Imports: `compiler::solve`, `compiler::source`, `lang`, `runtime::bundle`, `tools::inspect`.

use std::collections::BTreeMap;

use crate::compiler::solve::places::paths;
use crate::compiler::source::lines::Lines;
use crate::lang::value::duration::shortest;
use crate::runtime::bundle::debug::Debug;
use crate::runtime::bundle::govern::Govern;
use crate::runtime::bundle::module::{
    Fallback, FieldRow, Module, NONE, NodeMode, Phase, RuleRow, SlotRow, TemplatePart, TypeRow,
};
use crate::tools::diff::{REWORDED, Site};
use crate::tools::inspect::redactions;

/// What stands for a key that nobody wrote.
const NONE_WRITTEN: &str = "none";

/// What people want to know of the rules of a bundle.
#[derive(Debug)]
pub(in crate::tools::diff) struct BundleDescription {
    rules: Vec<RuleDescription>,
}

/// What somebody is asked, key by key as authors write it; empty where nobody is.
type EscalationFields = Vec<(&'static str, String)>;

/// What people want to know of a rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tools::diff) struct RuleDescription {
    /// Where it stands.
    pub(in crate::tools::diff) place: Option<Site>,
    /// Its source.
    source: Option<String>,
    priority: i32,
    shadow: bool,
    response: bool,
    /// Effect and message of every outcome.
    outcomes: Vec<(&'static str, String)>,
    /// What each of them asks.
    asks: Vec<EscalationFields>,
}

impl BundleDescription {
    /// What is told of a rule.
    pub(in crate::tools::diff) fn rule(&self, at: usize) -> RuleDescription {
        self.rules.get(at).cloned().unwrap_or_default()
    }
}

impl RuleDescription {
    /// What differs, in words: `old` is what it was.
    pub(in crate::tools::diff) fn differences(&self, old: &Self) -> Vec<String> {
        let mut words = Vec::new();
        if self.priority != old.priority {
            words.push(format!("priority {} -> {}", old.priority, self.priority));
        }
        if self.shadow != old.shadow {
            words.push(if self.shadow { "a shadow rule now" } else { "enforced now" }.to_owned());
        }
        if self.response != old.response {
            let phase = |response| if response { "response" } else { "request" };
            words.push(format!("phase {} -> {}", phase(old.response), phase(self.response)));
        }
        let effects = |it: &Self| it.outcomes.iter().map(|(word, _)| *word).collect::<Vec<_>>();
        if effects(self) == effects(old) {
            if self.outcomes != old.outcomes {
                words.push("another message".to_owned());
            }
            for (was, is) in old.asks.iter().zip(&self.asks) {
                words.extend(asked_otherwise(was, is));
            }
        } else {
            let shown = |it: &Self| effects(it).join(", ");
            words.push(format!("effect {} -> {}", shown(old), shown(self)));
        }
        let known = self.source.is_some() && old.source.is_some();
        if words.is_empty() && known && self.source != old.source {
            words.push(REWORDED.to_owned());
        }
        words
    }
}

/// What is told of the rules of a module.
pub(in crate::tools::diff) fn describe(module: &Module, debug: &Debug) -> BundleDescription {
    let lines: Vec<Lines> = debug.sources.iter().map(|(_, text)| Lines::new(text)).collect();
    let rules = module.rules.iter().enumerate().map(|(at, row)| {
        let place = debug.rules.get(at).map(|rule| rule.place);
        let source = place.and_then(|place| {
            let number = usize::try_from(place.source).ok()?;
            Some((place, debug.sources.get(number)?, lines.get(number)?))
        });
        let mut rule = told_row(module, row);
        if let Some((place, (path, text), lines)) = source {
            let own = text.get(place.start as usize..place.end as usize);
            let line = lines.place(text, place.start).line;
            let more = own.map_or(0, |own| own.trim_end().matches('\n').count());
            let end_line = line.saturating_add(u32::try_from(more).unwrap_or(0));
            rule.place = Some(Site { path: path.clone(), line, end_line });
            rule.source = own.map(str::to_owned);
        }
        rule
    });
    BundleDescription { rules: rules.collect() }
}

fn told_row(module: &Module, row: &RuleRow) -> RuleDescription {
    let first = usize::from(row.first_outcome);
    let outcomes = module.outcomes.get(first..first + usize::from(row.outcomes));
    let text = |at: u32| module.strings.get(at as usize).unwrap_or_default();
    let outcomes = outcomes.unwrap_or_default();
    let asks =
        outcomes.iter().map(|outcome| escalation_fields(module, outcome.escalation)).collect();
    let outcomes = outcomes.iter().map(|outcome| {
        let template = module.templates.get(usize::from(outcome.template));
        let parts = template.into_iter().flatten().map(|part| match part {
            TemplatePart::Text(at) => text(*at).to_owned(),
            TemplatePart::Value(_) => "{}".to_owned(),
            TemplatePart::Else(_, at) => format!("{{}} or {}", text(*at)),
        });
        (outcome.effect.word(), parts.collect::<String>())
    });
    RuleDescription {
        place: None,
        source: None,
        priority: row.priority,
        shadow: row.shadow,
        response: row.phase == Phase::Response,
        outcomes: outcomes.collect(),
        asks,
    }
}

/// What differs of what is asked.
fn asked_otherwise(was: &EscalationFields, is: &EscalationFields) -> Vec<String> {
    let both = was.iter().zip(is).filter(|((_, was), (_, is))| was != is);
    both.map(|((key, was), (_, is))| format!("{key} {was} -> {is}")).collect()
}

/// What an escalation asks.
fn escalation_fields(module: &Module, escalation: u16) -> EscalationFields {
    let Some(row) = module.escalations.get(usize::from(escalation)) else { return Vec::new() };
    let names = |names: &[u32]| {
        let text = |at: &u32| module.strings.get(*at as usize).unwrap_or_default();
        let names: Vec<&str> = names.iter().map(text).collect();
        if names.is_empty() { NONE_WRITTEN.to_owned() } else { names.join(", ") }
    };
    let time = |time: Option<i64>| time.map_or_else(|| NONE_WRITTEN.to_owned(), shortest);
    let fatigue = row.fatigue.map_or_else(
        || NONE_WRITTEN.to_owned(),
        |(max, per)| format!("{max} per {}", shortest(per)),
    );
    vec![
        ("to", names(&row.to)),
        ("quorum", row.quorum.to_string()),
        ("timeout", time(row.timeout_ns)),
        ("on_timeout", if row.suspend { "suspend" } else { "deny" }.to_owned()),
        ("binds", names(&row.binds)),
        ("valid_for", time(row.valid_for_ns)),
        ("uses", row.uses.map_or_else(|| NONE_WRITTEN.to_owned(), |uses| uses.to_string())),
        ("fatigue", fatigue),
    ]
}

/// A type in words.
fn type_words(module: &Module, at: u16, depth: usize) -> String {
    if depth > 32 {
        return "..".to_owned();
    }
    let inner = |at: u16| type_words(module, at, depth + 1);
    let text = |at: u32| module.strings.get(at as usize).unwrap_or_default().to_owned();
    match module.types.get(usize::from(at)).unwrap_or(&TypeRow::Dyn) {
        TypeRow::Dyn => "dyn".to_owned(),
        TypeRow::Null => "null".to_owned(),
        TypeRow::Bool => "bool".to_owned(),
        TypeRow::Int => "int".to_owned(),
        TypeRow::Uint => "uint".to_owned(),
        TypeRow::Double => "double".to_owned(),
        TypeRow::String => "string".to_owned(),
        TypeRow::Bytes => "bytes".to_owned(),
        TypeRow::Timestamp => "timestamp".to_owned(),
        TypeRow::Duration => "duration".to_owned(),
        TypeRow::Type => "type".to_owned(),
        TypeRow::Nullable(of) => format!("{} or null", inner(*of)),
        TypeRow::List(of, None) => format!("list<{}>", inner(*of)),
        TypeRow::List(of, Some(most)) => format!("list<{}> of at most {most}", inner(*of)),
        TypeRow::Map(key, of) => format!("map<{}, {}>", inner(*key), inner(*of)),
        TypeRow::Optional(of) => format!("optional<{}>", inner(*of)),
        TypeRow::Record { fields, .. } => {
            let fields = fields.iter().map(|it| format!("{}: {}", text(it.name), inner(it.ty)));
            format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
        }
        TypeRow::Message(of) => {
            module.messages.get(usize::from(*of)).map_or(String::new(), |it| text(it.name))
        }
        TypeRow::Enum(of) => {
            module.enums.get(usize::from(*of)).map_or(String::new(), |it| text(it.name))
        }
    }
}

/// The types of places that are read as values, by path with dots; of lists of which only the
/// columns are read, and of these columns, too.
fn types(module: &Module) -> BTreeMap<String, u16> {
    let mut found = BTreeMap::new();
    for (node, path) in module.paths.iter().zip(paths(module)) {
        if !matches!(node.mode, NodeMode::Object(_)) {
            found.insert(dotted(&path), node.ty);
        }
    }
    found
}

/// The places that both read, with their types before and now.
fn types_of_both(old: &Module, new: &Module) -> impl Iterator<Item = (String, u16, u16)> {
    let old = types(old);
    types(new).into_iter().filter_map(move |(path, is)| {
        let was = *old.get(&path)?;
        Some((path, was, is))
    })
}

/// Places that both read, and not as the same type.
pub(in crate::tools::diff) fn places_that_differ(
    old: &Module,
    new: &Module,
) -> Vec<(String, String, String)> {
    let [asked_before, asked_now] = [old, new].map(asked_types);
    let words = |module, ty: u16, asked: Option<&String>| {
        let own = type_words(module, ty, 0);
        asked.filter(|_| own == "dyn").cloned().unwrap_or(own)
    };
    let both = types_of_both(old, new).filter_map(|(path, was, is)| {
        let was = words(old, was, asked_before.get(&path));
        let is = words(new, is, asked_now.get(&path));
        (was != is).then_some((path, was, is))
    });
    both.collect()
}

/// The types that all who ask for one ask of a place, by path with dots.
fn asked_types(module: &Module) -> BTreeMap<String, String> {
    let paths = paths(module);
    let mut asked: BTreeMap<String, Option<String>> = BTreeMap::new();
    for row in &module.requirements {
        let Some(SlotRow::Value(node)) = module.slots.get(usize::from(row.slot)) else { continue };
        let Some(path) = paths.get(usize::from(*node)) else { continue };
        let plain = row.ty != NONE && row.keyed == NONE;
        let own = plain.then(|| type_words(module, row.ty, 0));
        let known = asked.entry(dotted(path)).or_insert_with(|| own.clone());
        if *known != own {
            *known = None;
        }
    }
    asked.into_iter().filter_map(|(path, words)| Some((path, words?))).collect()
}

fn dotted(path: &str) -> String {
    path.trim_start_matches('/').replace('/', ".")
}

/// Places that both read at which a value may stand now that could not before.
pub(in crate::tools::diff) fn widened(old: &Module, new: &Module) -> Vec<String> {
    let both = types_of_both(old, new);
    both.filter(|(_, was, is)| !fits((new, *is), (old, *was), 0)).map(|(path, ..)| path).collect()
}

/// Whether every value of the first type is one of the second. No where that is not known.
fn fits((of, ty): (&Module, u16), (other, wide): (&Module, u16), depth: usize) -> bool {
    let rows = (of.types.get(usize::from(ty)), other.types.get(usize::from(wide)));
    let inner = |ty: u16, wide: u16| depth < 32 && fits((of, ty), (other, wide), depth + 1);
    let name =
        |module: &Module, at: u32| module.strings.get(at as usize).unwrap_or_default().to_owned();
    match rows {
        (Some(TypeRow::Nullable(ty)), Some(TypeRow::Nullable(wide)))
        | (Some(TypeRow::Optional(ty)), Some(TypeRow::Optional(wide))) => inner(*ty, *wide),
        (_, Some(TypeRow::Dyn)) | (Some(TypeRow::Null), Some(TypeRow::Nullable(_))) => true,
        (Some(_), Some(TypeRow::Nullable(wide))) => inner(ty, *wide),
        (Some(TypeRow::List(ty, most)), Some(TypeRow::List(wide, bound))) => {
            let fewer = bound.is_none_or(|bound| most.is_some_and(|most| most <= bound));
            fewer && inner(*ty, *wide)
        }
        (Some(TypeRow::Map(key, ty)), Some(TypeRow::Map(keys, wide))) => {
            inner(*key, *keys) && inner(*ty, *wide)
        }
        (
            Some(TypeRow::Record { fields, rest }),
            Some(TypeRow::Record { fields: all, rest: open }),
        ) => {
            let named = |module, fields: &[FieldRow], like: &str| {
                fields.iter().find(|it| name(module, it.name) == like).cloned()
            };
            let field = |field: &FieldRow| {
                let wide = named(other, all, &name(of, field.name));
                wide.map_or(*open != NONE && inner(field.ty, *open), |it| inner(field.ty, it.ty))
            };
            // What is demanded there is demanded here.
            let demanded = all
                .iter()
                .filter(|it| it.required)
                .all(|it| named(of, fields, &name(other, it.name)).is_some_and(|own| own.required));
            let undeclared = |it: &FieldRow| named(of, fields, &name(other, it.name)).is_none();
            let others = *rest == NONE
                || *open != NONE
                    && inner(*rest, *open)
                    && all.iter().filter(|it| undeclared(it)).all(|it| inner(*rest, it.ty));
            others && demanded && fields.iter().all(field)
        }
        // What has no parts is the same, or it is not.
        (Some(_), Some(_)) => type_words(of, ty, 0) == type_words(other, wide, 0),
        (None, _) | (_, None) => false,
    }
}

/// Whether sessions may know something else by the new bundle than by the old one. It is told alike
/// only where it is written alike, expressions that sessions evaluate included.
pub(in crate::tools::diff) fn sessions_may_differ(old: &Module, new: &Module) -> bool {
    let [was, is] = [&old.govern, &new.govern];
    let none = [was, is].iter().all(|govern| **govern == Govern::default());
    let alike = was == is && old.strings == new.strings;
    let evaluated = !was.terms.is_empty() && old.code != new.code;
    !none && (!alike || evaluated)
}

/// Settings of the bundles that differ, in words.
pub(in crate::tools::diff) fn settings(old: &Module, new: &Module) -> Vec<String> {
    let word = |fallback: Option<Fallback>| fallback.map_or("none", |it| it.effect.word());
    let (was, is) = (old.manifest.default, new.manifest.default);
    let mut words = Vec::new();
    if word(was) != word(is) {
        words.push(format!("default {} -> {}", word(was), word(is)));
    }
    let asks = |module, fallback: Option<Fallback>| {
        fallback.map_or_else(Vec::new, |it| escalation_fields(module, it.escalation))
    };
    let other = asked_otherwise(&asks(old, was), &asks(new, is));
    words.extend(other.into_iter().map(|what| format!("default asks {what}")));
    let [was, is] = [old, new].map(|module| Some(module.manifest.on_error));
    if word(was) != word(is) {
        words.push(format!("on error {} -> {}", word(was), word(is)));
    }
    let other = asked_otherwise(&asks(old, was), &asks(new, is));
    words.extend(other.into_iter().map(|what| format!("on error asks {what}")));
    let [was, is] = [old, new].map(redactions);
    let gone = was.iter().filter(|old| !is.iter().any(|new| new.path == old.path));
    words.extend(gone.map(|it| format!("records no longer withhold {}", it.path)));
    for new in &is {
        match was.iter().find(|old| old.path == new.path) {
            None => words.push(format!("records withhold {} ({})", new.path, new.class)),
            Some(old) if old != new => {
                words.push(format!("records: {} -> {}", old.words(), new.words()));
            }
            Some(_) => {}
        }
    }
    words
}
