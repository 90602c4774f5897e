//! What is told of inputs that withhold values holds whatever those values are.
//!
//! Random policies and contexts of which random places are withheld, and random values in their
//! stead. The seeds are fixed, so a failure comes back. `UNKNOWN_ROUNDS` sets how many policies are
//! tried, `UNKNOWN_SEED` which is the first.

use std::panic::{AssertUnwindSafe, catch_unwind};

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::lang::error::EvalError;
use policyc::lang::value::{Tag, Value};
use policyc::runtime::bundle::module::{Module, NodeMode, PathNode, TypeRow};
use policyc::runtime::program::Program;
use policyc::runtime::vm::observe::Witness;
use policyc::runtime::vm::partial::Partial;
use policyc::runtime::vm::partial::decision::{PartialDecision, RuleOutcomes};
use policyc::runtime::vm::partial::unknown::{Class, Unknown, Unknowns};
use policyc::runtime::vm::report::DecisionReport;
use policyc::runtime::vm::request::marked::{Recorded, ingest_record};
use policyc::runtime::vm::request::{Moment, ingest};
use policyc::runtime::vm::scratch::Scratch;
use serde_json::{Value as Json, json};

use crate::support::generate::random::Random;
use crate::support::policies::{Vocabularies, context, policy};

/// Contexts of a policy, masks of each, values in the stead of what a mask withholds.
const CONTEXTS: usize = 4;
const MASKS: usize = 4;
const COMPLETIONS: usize = 6;

const NOW: Moment<'static> = Moment::at(1_773_785_730, 0);

/// A place that is withheld.
#[derive(Clone, Debug)]
struct Mask {
    path: String,
    unknown: Unknown,
    /// What stood there; `None` where nothing did.
    was: Option<Json>,
    /// The type of the place.
    ty: TypeRow,
}

/// The paths of all places that can be withheld, with their types.
fn places(module: &Module) -> Vec<(String, TypeRow)> {
    let mut found = Vec::new();
    let text = |node: &PathNode| module.strings.get(node.key as usize).unwrap_or_default();
    let mut open = vec![(0_usize, String::new())];
    while let Some((at, path)) = open.pop() {
        let node = &module.paths[at];
        if at > 0 {
            let ty = module.types.get(usize::from(node.ty)).cloned().unwrap_or(TypeRow::Dyn);
            found.push((path.clone(), ty));
        }
        // What lies below a value that is read whole is a part of it.
        if matches!(node.mode, NodeMode::Object(_)) {
            let first = usize::from(node.first_child);
            for child in first..first + usize::from(node.children) {
                let key = text(&module.paths[child]).replace('~', "~0").replace('/', "~1");
                open.push((child, format!("{path}/{key}")));
            }
        }
    }
    found
}

/// The kind that JSON has on its own.
fn kind(json: &Json) -> Option<Tag> {
    match json {
        Json::Null => Some(Tag::Null),
        Json::Bool(_) => Some(Tag::Bool),
        Json::Number(_) => None,
        Json::String(_) => Some(Tag::String),
        Json::Array(_) => Some(Tag::List),
        Json::Object(_) => Some(Tag::Map),
    }
}

fn size(json: &Json) -> Option<u32> {
    match json {
        Json::String(text) => u32::try_from(text.chars().count()).ok(),
        Json::Array(items) => u32::try_from(items.len()).ok(),
        Json::Object(members) => u32::try_from(members.len()).ok(),
        Json::Null | Json::Bool(_) | Json::Number(_) => None,
    }
}

/// Withholds a place in one of the ways that go with what stands there.
fn mask(random: &mut Random, context: &Json, (path, ty): &(String, TypeRow)) -> Mask {
    let was = context.pointer(path).cloned();
    let told = was.as_ref().filter(|_| random.below(2) == 0).and_then(kind);
    let text = matches!(ty, TypeRow::String | TypeRow::List(..) | TypeRow::Map(..));
    let class = match (&was, random.below(6)) {
        (None, _) => Class::Hide,
        (Some(_), 0) => Class::Hide,
        (Some(was), 1) => Class::Token { key: "k".to_owned(), id: was.to_string() },
        (Some(was), 2) if text => match size(was) {
            Some(size) => Class::Shape { size },
            None => Class::Seal,
        },
        (Some(Json::Number(number)), 2 | 3) if *ty == TypeRow::Int => match number.as_i64() {
            Some(int) => {
                let least = int.saturating_sub(i64::try_from(random.below(3)).unwrap());
                let end = int.saturating_add(1 + i64::try_from(random.below(3)).unwrap());
                Class::Range { least: Value::int(least), end: Value::int(end) }
            }
            None => Class::Drop,
        },
        (Some(_), 4) => Class::Drop,
        (Some(_), _) => Class::Seal,
    };
    let unknown = Unknown { path: path.clone(), kind: told, class };
    Mask { path: path.clone(), unknown, was, ty: ty.clone() }
}

/// The paths of all parts of a context, with the types of those that are places.
fn parts(context: &Json, places: &[(String, TypeRow)]) -> Vec<(String, TypeRow)> {
    let mut found = Vec::new();
    let mut open = vec![(String::new(), context)];
    while let Some((path, json)) = open.pop() {
        if !path.is_empty() {
            let ty = places.iter().find(|(other, _)| *other == path);
            found.push((path.clone(), ty.map_or(TypeRow::Dyn, |(_, ty)| ty.clone())));
        }
        match json {
            Json::Array(items) => {
                open.extend(items.iter().enumerate().map(|(at, it)| (format!("{path}/{at}"), it)));
            }
            Json::Object(members) => {
                let pointer = |key: &str| key.replace('~', "~0").replace('/', "~1");
                open.extend(
                    members.iter().map(|(key, it)| (format!("{path}/{}", pointer(key)), it)),
                );
            }
            _ => {}
        }
    }
    found
}

/// Random places that do not lie in one another; with `marks` also parts of values.
fn masks(random: &mut Random, program: &Program, context: &Json, marks: bool) -> Vec<Mask> {
    let mut places = places(program.module());
    if marks {
        let parts = parts(context, &places);
        places.extend(parts);
    }
    let mut found: Vec<Mask> = Vec::new();
    for _ in 0..1 + random.below(4) {
        let place = &places[random.below(places.len())];
        let inside = |a: &str, b: &str| a == b || a.starts_with(&format!("{b}/"));
        if found.iter().any(|it| inside(&it.path, &place.0) || inside(&place.0, &it.path)) {
            continue;
        }
        // What lies in something that is no object is nowhere, but for elements that are there.
        let above = place.0.rsplit_once('/').map_or("", |(above, _)| above);
        let mut mask = mask(random, context, place);
        match context.pointer(above) {
            Some(Json::Object(_)) => found.push(mask),
            Some(Json::Array(_)) if mask.was.is_some() => {
                if matches!(mask.unknown.class, Class::Hide) {
                    mask.unknown.class = Class::Drop;
                }
                found.push(mask);
            }
            _ => {}
        }
    }
    found
}

/// Any value that may fit.
fn any(random: &mut Random, mask: &Mask, others: &[Mask]) -> Option<Json> {
    let pool = [
        json!(0),
        json!(1),
        json!(-3),
        json!(7),
        json!(i64::MAX),
        json!(i64::MIN),
        json!(2),
        json!(""),
        json!("x"),
        json!("yy"),
        json!("get_a"),
        json!("send_money"),
        json!("é"),
        json!(true),
        json!(false),
        json!(null),
        json!(1.5),
        json!(1e300),
        json!([]),
        json!([1]),
        json!([7, 0, -3]),
        json!(["x"]),
        json!(["x", "yy"]),
        json!({}),
        json!({"x": 1}),
        json!({"x": 1, "": 2}),
        json!({"y": "x", "z": 3}),
        json!({"x": 1, "q": {"y": "s"}}),
        json!("2026-03-17T22:15:30Z"),
        json!([{"n": 1, "s": "x"}]),
        json!([{"n": 0, "s": "", "q": true, "o": 3, "l": [1]}]),
        json!({"tool": "get_a", "args": {"n": 1}}),
        json!({"n": 1, "t": 2, "g": {"k": 1}}),
    ];
    let shared: Vec<&Json> = others.iter().filter_map(|it| it.was.as_ref()).collect();
    match random.below(12) {
        0 => mask.was.clone(),
        1 if !shared.is_empty() => Some(shared[random.below(shared.len())].clone()),
        2 if matches!(mask.unknown.class, Class::Hide) => None,
        _ => {
            let fits: Vec<&Json> = pool.iter().filter(|json| is_of(json, &mask.ty)).collect();
            Some(if fits.is_empty() || random.below(8) == 0 {
                pool[random.below(pool.len())].clone()
            } else {
                fits[random.below(fits.len())].clone()
            })
        }
    }
}

/// Whether a value is likely to be read as a type.
fn is_of(json: &Json, ty: &TypeRow) -> bool {
    match ty {
        TypeRow::Bool => json.is_boolean(),
        TypeRow::Int => json.is_i64(),
        TypeRow::Double => json.is_number(),
        TypeRow::String => json.is_string(),
        TypeRow::List(..) => json.is_array(),
        TypeRow::Map(..) | TypeRow::Record { .. } => json.is_object(),
        _ => true,
    }
}

/// Whether a value is one that the class of its mask speaks of.
fn agrees(mask: &Mask, json: Option<&Json>) -> bool {
    let Some(json) = json else { return matches!(mask.unknown.class, Class::Hide) };
    if mask.unknown.kind.is_some() && kind(json) != mask.unknown.kind {
        return false;
    }
    match &mask.unknown.class {
        Class::Shape { size: told } => size(json) == Some(*told),
        Class::Range { least, end } => {
            json.as_i64().is_some_and(|int| least.signed() <= int && int < end.signed())
        }
        Class::Drop | Class::Seal | Class::Token { .. } | Class::Hide => true,
    }
}

/// Whether equal tokens stand for equal values, and others for others.
fn tokens_agree(masks: &[Mask], values: &[Option<Json>]) -> bool {
    let tokens: Vec<(&String, &Option<Json>)> = masks
        .iter()
        .zip(values)
        .filter_map(|(mask, value)| match &mask.unknown.class {
            Class::Token { id, .. } => Some((id, value)),
            _ => None,
        })
        .collect();
    tokens
        .iter()
        .all(|(id, value)| tokens.iter().all(|(other, own)| (id == other) == (value == own)))
}

/// The context with these values in the stead of what is withheld.
fn completed(context: &Json, masks: &[Mask], values: &[Option<Json>]) -> Json {
    let mut context = context.clone();
    for (mask, value) in masks.iter().zip(values) {
        let (above, key) = mask.path.rsplit_once('/').expect("a pointer");
        let key = key.replace("~1", "/").replace("~0", "~");
        match (context.pointer_mut(above), value) {
            (Some(Json::Object(object)), Some(value)) => drop(object.insert(key, value.clone())),
            (Some(Json::Object(object)), None) => drop(object.remove(&key)),
            (Some(Json::Array(items)), Some(value)) => {
                items[key.parse::<usize>().expect("a position")] = value.clone();
            }
            _ => {}
        }
    }
    context
}

/// As a record marks it.
fn mark(unknown: &Unknown) -> Json {
    let mut mark = json!({"$x": unknown.class.word()});
    let kinds = [
        (Tag::Null, "null"),
        (Tag::Bool, "bool"),
        (Tag::String, "string"),
        (Tag::List, "list"),
        (Tag::Map, "map"),
    ];
    if let Some((_, word)) = kinds.iter().find(|(tag, _)| Some(*tag) == unknown.kind) {
        mark["t"] = json!(word);
    }
    match &unknown.class {
        Class::Token { key, id } => {
            mark["k"] = json!(key);
            mark["h"] = json!(id);
        }
        Class::Shape { size } => mark["n"] = json!(size),
        Class::Range { least, end } => {
            mark["lo"] = json!(least.signed());
            mark["hi"] = json!(end.signed());
        }
        Class::Drop | Class::Seal | Class::Hide => {}
    }
    mark
}

/// What is told of a context, and the paths of what is withheld of it.
struct Told {
    decision: PartialDecision,
    paths: Vec<String>,
}

/// What is told of a context of which these places are withheld, by marks or by setters.
fn told(
    program: &Program,
    context: &Json,
    masks: &[Mask],
    (marks, facts): (bool, Option<&Witness>),
) -> Told {
    if marks && !masks.is_empty() {
        let marked: Vec<_> = masks.iter().map(|mask| Some(mark(&mask.unknown))).collect();
        let text = completed(context, masks, &marked).to_string();
        let mut scratch = Scratch::for_program(program);
        return match ingest_record(program, text.as_bytes(), &mut scratch) {
            Recorded::Partial(mut partial) => asked(&mut partial, facts),
            // Nobody reads what is withheld.
            Recorded::Known(filled) => asked(&mut Partial::of(filled, Unknowns::default()), facts),
        };
    }
    let text = completed(context, masks, &vec![None; masks.len()]).to_string();
    let mut scratch = Scratch::for_program(program);
    let filled = ingest(program, text.as_bytes(), &mut scratch);
    let mut partial = Partial::of(filled, Unknowns::default());
    for mask in masks {
        let slot = program.slot(&mask.path).expect("the program reads it");
        partial.set_unknown(slot, mask.unknown.clone());
    }
    asked(&mut partial, facts)
}

fn asked(partial: &mut Partial<'_>, facts: Option<&Witness>) -> Told {
    let paths = partial.unknowns().rows().iter().map(|row| row.path.clone()).collect();
    let decide = |partial: &mut Partial<'_>| match facts {
        Some(witness) => partial.decide_again(&NOW, witness),
        None => partial.decide(&NOW, None),
    };
    let (first, again) = (decide(partial), decide(partial));
    assert_eq!(first.effects, again.effects, "asked again");
    assert_eq!(first.digest(), again.digest(), "asked again");
    Told { decision: first, paths }
}

/// What a decision came to: its report, what the rules did, and where it was refused.
struct Whole {
    report: DecisionReport,
    refused: Option<String>,
    witness: Witness,
}

fn whole(program: &Program, context: &Json) -> Whole {
    let text = context.to_string();
    let mut scratch = Scratch::for_program(program);
    let mut filled = ingest(program, text.as_bytes(), &mut scratch);
    let mut witness = Witness::new(program.atoms());
    let mut decision = filled.decide_witnessed(&NOW, &mut witness);
    let refused = decision.input_error().map(|error| error.path(program));
    let report = DecisionReport::of(&mut decision);
    Whole { report, refused, witness }
}

/// Whether a rule can have said what it said.
fn allows(rule: &RuleOutcomes, id: &str, report: &DecisionReport) -> bool {
    let fired = report.fired.iter().chain(&report.shadow).any(|it| it == id);
    let failed: Vec<EvalError> = report
        .errors
        .iter()
        .filter(|error| error.rule.as_deref() == Some(id))
        .map(|error| error.class)
        .collect();
    if fired {
        return !rule.fires.is_empty();
    }
    match failed.first() {
        Some(class) => rule.fails.contains(class),
        None => rule.silent,
    }
}

/// Holds what was told beside a decision about values that the unknowns can have.
fn holds(program: &Program, told: &PartialDecision, whole: &Whole) {
    let effect = whole.report.effect;
    assert!(told.effects.contains(&effect), "{effect:?} is not among {:?}", told.effects);
    if let Some(digest) = told.digest() {
        let ours = told.report.as_ref().expect("a report");
        assert_eq!(
            digest,
            whole.report.digest,
            "{} is not {}",
            ours.to_json(),
            whole.report.to_json()
        );
    }
    if whole.refused.is_some() {
        assert!(told.refused, "it was refused: {}", whole.report.to_json());
        return;
    }
    for rule in &told.rules {
        let id = program.rule_id(rule.rule);
        assert!(allows(rule, id, &whole.report), "{rule:?} of {id}: {}", whole.report.to_json());
    }
}

#[derive(Default, Debug)]
struct Counts {
    masked: u64,
    definite: u64,
    digests: u64,
    with_facts: u64,
    cases: u64,
    refused: u64,
}

fn try_masks(random: &mut Random, program: &Program, context: &Json, counts: &mut Counts) {
    let marks = random.below(2) == 0;
    let masks = masks(random, program, context, marks);
    let original = whole(program, context);
    let Told { decision, paths } = told(program, context, &masks, (marks, None));
    let blockers: Vec<&str> = decision.blockers.iter().map(|at| paths[*at].as_str()).collect();
    counts.masked += 1;
    counts.definite += u64::from(decision.effects.len() == 1);
    counts.digests += u64::from(decision.report.is_some());
    let by_facts = told(program, context, &masks, (marks, Some(&original.witness))).decision;
    counts.with_facts += u64::from(by_facts.effects.len() == 1);
    for round in 0..=COMPLETIONS {
        let values: Vec<Option<Json>> = masks
            .iter()
            .map(|mask| if round == 0 { mask.was.clone() } else { any(random, mask, &masks) })
            .collect();
        let agree = masks.iter().zip(&values).all(|(mask, value)| agrees(mask, value.as_ref()));
        if !agree || !tokens_agree(&masks, &values) {
            continue;
        }
        let completed = completed(context, &masks, &values);
        let whole = whole(program, &completed);
        // What is refused for its type there is no value that the place can have.
        let inside = |path: &str, mask: &Mask| {
            // Refusals name places, not positions in lists.
            let parts = mask.path.split('/').filter(|part| part.parse::<usize>().is_err());
            let place = parts.collect::<Vec<_>>().join("/");
            let below = |a: &str, b: &str| a == b || a.starts_with(&format!("{b}/"));
            below(path, &place) || below(&place, path)
        };
        let refused = whole.refused.as_deref().is_some_and(|path| {
            let mut pairs = masks.iter().zip(&values);
            pairs.any(|(mask, value)| value.is_some() && inside(path, mask))
        });
        if refused {
            counts.refused += 1;
            continue;
        }
        counts.cases += 1;
        let shown = AssertUnwindSafe(|| {
            holds(program, &decision, &whole);
            if whole.witness == original.witness && whole.refused == original.refused {
                holds(program, &by_facts, &whole);
            }
            let told = (&decision, blockers.as_slice());
            let completion = Completion { context: &completed, masks: &masks, values: &values };
            blockers_tell(random, program, (&completion, marks), told, &whole);
        });
        if catch_unwind(shown).is_err() {
            panic!("{masks:#?}\n{context}\n{completed}\n{decision:#?}");
        }
    }
}

/// A context in which values stand for what masks withhold.
struct Completion<'c> {
    context: &'c Json,
    masks: &'c [Mask],
    values: &'c [Option<Json>],
}

/// Who knows the blockers knows the effect: it is told, or it is the same whatever else the others
/// are. What is told of fewer unknowns can be less, where what hung together no longer does.
fn blockers_tell(
    random: &mut Random,
    program: &Program,
    (Completion { context, masks, values }, marks): (&Completion<'_>, bool),
    (decision, blockers): (&PartialDecision, &[&str]),
    whole: &Whole,
) {
    let is_blocker = |mask: &Mask| blockers.contains(&mask.path.as_str());
    let others: Vec<Mask> = masks.iter().filter(|mask| !is_blocker(mask)).cloned().collect();
    if others.len() == masks.len() {
        assert_eq!(decision.effects.len(), 1, "nothing blocks {:?}", decision.effects);
        return;
    }
    let rest = told(program, context, &others, (marks, None)).decision;
    if rest.refused && !decision.refused {
        // A rule that is not asked could not be: the values are none that the places can have.
        return;
    }
    let effect = whole.report.effect;
    if rest.effects == [effect] {
        return;
    }
    assert!(rest.effects.contains(&effect), "{effect:?} is not among {:?}", rest.effects);
    for _ in 0..COMPLETIONS * 10 {
        let pairs = masks.iter().zip(*values);
        let values: Vec<Option<Json>> = pairs
            .map(
                |(mask, known)| {
                    if is_blocker(mask) { known.clone() } else { any(random, mask, masks) }
                },
            )
            .collect();
        let agree = masks.iter().zip(&values).all(|(mask, value)| agrees(mask, value.as_ref()));
        if !agree || !tokens_agree(masks, &values) {
            continue;
        }
        let other = self::whole(program, &completed(context, masks, &values));
        let told = other.refused.is_some() || other.report.effect == effect;
        assert!(told, "without {blockers:?}: {effect:?}, {:?}", other.report.effect);
    }
}

fn program(text: &str) -> Option<Program> {
    let mut files = SourceMap::new();
    files.add("random.yaml", text);
    let built = compile(&files, &Options::default(), &mut Sink::new())?;
    Some(Program::load_unsigned(&built.bundle).expect("what is emitted verifies"))
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise)
}

#[test]
fn what_is_definite_holds_for_every_completion() {
    let (rounds, first) = (number("UNKNOWN_ROUNDS", 60), number("UNKNOWN_SEED", 0));
    let known = Vocabularies::new();
    let mut counts = Counts::default();
    for seed in first..first + rounds {
        let mut random = Random::new(seed);
        let text = policy(&mut random, &known);
        let Some(program) = program(&text) else { continue };
        for _ in 0..CONTEXTS {
            let context = context(&mut random);
            let nothing = told(&program, &context, &[], (false, None)).decision;
            let digest = whole(&program, &context).report.digest;
            assert_eq!(nothing.digest(), Some(digest), "seed {seed}:\n{text}\n{context}");
            for _ in 0..MASKS {
                let tried = AssertUnwindSafe(|| {
                    try_masks(&mut random, &program, &context, &mut counts);
                });
                assert!(catch_unwind(tried).is_ok(), "seed {seed}:\n{text}");
            }
        }
    }
    println!("{counts:?}");
    assert!(counts.cases * 4 > counts.masked, "{counts:?}");
}
