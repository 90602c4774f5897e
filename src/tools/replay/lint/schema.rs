//! The published schema of records, as far as it uses JSON Schema.
//!
//! In:      a line as JSON.
//! Out:     what does not fit, each with its path.
//! Imports: `lang`.
//! Source:  `docs/schema/record.schema.json`; JSON Schema 2020-12.
//!
//! The keywords that the schema uses are understood; a test holds it to them.

use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use crate::lang::pattern::{Automaton, compile};

/// The schema, as it is published.
const PUBLISHED: &str = include_str!("../../../../docs/schema/record.schema.json");
/// The keywords that are understood. Others say nothing of what fits.
#[cfg(test)]
const KEYWORDS: &[&str] = &[
    "$schema",
    "$id",
    "$defs",
    "$ref",
    "title",
    "type",
    "enum",
    "const",
    "required",
    "properties",
    "items",
    "anyOf",
    "oneOf",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
];

/// What does not fit: the path, and what was wanted there.
pub(super) type SchemaMismatch = (Vec<String>, String);

/// A schema, ready for checking.
#[derive(Debug)]
pub(super) struct Rules {
    schema: Json,
    patterns: HashMap<String, Automaton>,
}

impl Rules {
    /// Those of records.
    pub(super) fn published() -> Self {
        let schema: Json = serde_json::from_str(PUBLISHED).unwrap_or_default();
        let mut patterns = HashMap::new();
        let mut open = vec![&schema];
        while let Some(part) = open.pop() {
            match part {
                Json::Object(entries) => {
                    if let Some(Json::String(pattern)) = entries.get("pattern")
                        && let Ok(automaton) = compile(pattern)
                    {
                        patterns.insert(pattern.clone(), automaton);
                    }
                    open.extend(entries.values());
                }
                Json::Array(items) => open.extend(items),
                Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
            }
        }
        Self { schema, patterns }
    }

    /// What of a line does not fit.
    pub(super) fn check(&self, line: &Json) -> Vec<SchemaMismatch> {
        let mut misfits = Vec::new();
        self.part(&self.schema, line, &mut Vec::new(), &mut misfits);
        misfits
    }

    fn part(
        &self,
        schema: &Json,
        value: &Json,
        path: &mut Vec<String>,
        out: &mut Vec<SchemaMismatch>,
    ) {
        let Json::Object(schema) = schema else { return };
        if let Some(name) = schema.get("$ref").and_then(Json::as_str) {
            let target = name.strip_prefix('#').and_then(|pointer| self.schema.pointer(pointer));
            if let Some(target) = target {
                self.part(target, value, path, out);
            }
        }
        if let Some(wanted) = self.misfit(schema, value) {
            let name = path.last().map_or("the line", String::as_str);
            out.push((path.clone(), format!("`{name}` is not {wanted}")));
            return;
        }
        self.members(schema, value, path, out);
        self.choices(schema, value, path, out);
    }

    /// What is wanted of a value by itself, if it is something else.
    fn misfit(&self, schema: &Map<String, Json>, value: &Json) -> Option<String> {
        let number = |key: &str| schema.get(key).and_then(Json::as_f64);
        let own = value.as_f64();
        if let Some(wanted) = schema.get("type").filter(|wanted| !is_of(wanted, value)) {
            let many = wanted.as_array().map_or(std::slice::from_ref(wanted), Vec::as_slice);
            let names: Vec<&str> = many.iter().filter_map(Json::as_str).collect();
            return Some(names.into_iter().map(kind).collect::<Vec<_>>().join(" or "));
        }
        if let Some(wanted) = schema.get("const").filter(|wanted| *wanted != value) {
            return Some(wanted.to_string());
        }
        if let Some(Json::Array(all)) = schema.get("enum")
            && !all.contains(value)
        {
            let all: Vec<String> = all.iter().map(ToString::to_string).collect();
            return Some(format!("one of {}", all.join(", ")));
        }
        if let Some(pattern) = schema.get("pattern").and_then(Json::as_str)
            && let (Some(text), Some(automaton)) = (value.as_str(), self.patterns.get(pattern))
            && automaton.is_match(&mut automaton.cache(), text.as_bytes()) != Ok(true)
        {
            return Some(format!("a text like {pattern}"));
        }
        let (least, above, most) =
            (number("minimum"), number("exclusiveMinimum"), number("maximum"));
        match own {
            Some(own) if least.is_some_and(|least| own < least) => {
                Some(format!("{} or more", least.unwrap_or_default()))
            }
            Some(own) if above.is_some_and(|above| own <= above) => {
                Some(format!("more than {}", above.unwrap_or_default()))
            }
            Some(own) if most.is_some_and(|most| own > most) => {
                Some(format!("{} or less", most.unwrap_or_default()))
            }
            _ => None,
        }
    }

    fn members(
        &self,
        schema: &Map<String, Json>,
        value: &Json,
        path: &mut Vec<String>,
        out: &mut Vec<SchemaMismatch>,
    ) {
        if let Json::Object(entries) = value {
            for name in missing(schema, entries) {
                out.push((path.clone(), format!("`{name}` is missing")));
            }
            let known = schema.get("properties").and_then(Json::as_object);
            for (name, schema) in known.into_iter().flatten() {
                if let Some(value) = entries.get(name) {
                    path.push(name.clone());
                    self.part(schema, value, path, out);
                    path.pop();
                }
            }
        }
        if let (Json::Array(items), Some(schema)) = (value, schema.get("items")) {
            for (at, item) in items.iter().enumerate() {
                path.push(at.to_string());
                self.part(schema, item, path, out);
                path.pop();
            }
        }
    }

    /// One of several schemas, or exactly one. Of those that do not fit the one is told that lacks
    /// nothing, else the first.
    fn choices(
        &self,
        schema: &Map<String, Json>,
        value: &Json,
        path: &[String],
        out: &mut Vec<SchemaMismatch>,
    ) {
        for (key, exactly) in [("anyOf", false), ("oneOf", true)] {
            let Some(Json::Array(choices)) = schema.get(key) else { continue };
            let found: Vec<Vec<SchemaMismatch>> = choices
                .iter()
                .map(|choice| {
                    let mut own = Vec::new();
                    self.part(choice, value, &mut path.to_vec(), &mut own);
                    own
                })
                .collect();
            let fits = found.iter().filter(|own| own.is_empty()).count();
            if fits == 1 || (fits > 1 && !exactly) {
                continue;
            }
            if exactly {
                let names: Vec<String> = choices
                    .iter()
                    .filter_map(|choice| choice.pointer("/required/0")?.as_str())
                    .map(|name| format!("`{name}`"))
                    .collect();
                out.push((
                    path.to_vec(),
                    format!("there is not exactly one of {}", names.join(", ")),
                ));
                continue;
            }
            let entries = value.as_object().cloned().unwrap_or_default();
            let whole = choices.iter().position(|choice| {
                choice.as_object().is_some_and(|choice| {
                    choice.contains_key("required") && missing(choice, &entries).is_empty()
                })
            });
            out.extend(found.into_iter().nth(whole.unwrap_or(0)).unwrap_or_default());
        }
    }
}

/// Members that must be there and are not.
fn missing<'s>(schema: &'s Map<String, Json>, entries: &Map<String, Json>) -> Vec<&'s str> {
    let required = schema.get("required").and_then(Json::as_array);
    let names = required.into_iter().flatten().filter_map(Json::as_str);
    names.filter(|name| !entries.contains_key(*name)).collect()
}

/// Whether a value is of a type, or of one of several.
fn is_of(wanted: &Json, value: &Json) -> bool {
    let many = wanted.as_array().map_or(std::slice::from_ref(wanted), Vec::as_slice);
    many.iter().any(|wanted| match wanted.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("number") => value.is_number(),
        Some("integer") => value.as_f64().is_some_and(|it| it.fract().total_cmp(&0.0).is_eq()),
        _ => true,
    })
}

/// A type in words.
fn kind(name: &str) -> &str {
    match name {
        "object" => "an object",
        "array" => "a list",
        "string" => "a text",
        "boolean" => "a bool",
        "number" => "a number",
        "integer" => "a whole number",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{KEYWORDS, Rules};

    /// Every keyword of a schema, wherever it stands.
    fn keywords(schema: &Json, found: &mut Vec<String>) {
        let Some(entries) = schema.as_object() else { return };
        for (key, value) in entries {
            found.push(key.clone());
            match key.as_str() {
                "properties" | "$defs" => {
                    value.as_object().into_iter().flatten().for_each(|(_, it)| keywords(it, found));
                }
                "anyOf" | "oneOf" => {
                    value.as_array().into_iter().flatten().for_each(|it| keywords(it, found));
                }
                "items" => keywords(value, found),
                _ => {}
            }
        }
    }

    #[test]
    fn every_keyword_of_the_schema_is_understood() {
        let rules = Rules::published();
        let mut found = Vec::new();
        keywords(&rules.schema, &mut found);
        assert!(found.len() > 100);
        for key in found {
            assert!(KEYWORDS.contains(&key.as_str()), "{key}");
        }
        assert!(rules.patterns.len() >= 4);
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_path() {
        let rules = Rules::published();
        let check = |line: Json| {
            let told = rules.check(&line).into_iter();
            told.map(|(path, fact)| format!("{}: {fact}", path.join("/"))).collect::<Vec<_>>()
        };
        assert_eq!(check(json!({"v": 1, "ctx": {}})), Vec::<String>::new());
        assert_eq!(check(json!({"v": 2, "ctx": {}})), ["v: `v` is not 1"]);
        assert_eq!(check(json!({"v": 1})), [": there is not exactly one of `ctx`, `raw`"]);
        assert_eq!(check(json!({"v": 1, "ctx": {}, "rep": 0})), ["rep: `rep` is not 1 or more"]);
        assert_eq!(
            check(json!({"v": 1, "ctx": {}, "smp": {"p": 0}, "ses": {"n": -1}})),
            [
                "ses: `id` is missing",
                "ses/n: `n` is not 0 or more",
                "smp/p: `p` is not more than 0",
            ],
        );
        assert_eq!(
            check(json!({"v": 1, "ctx": {}, "out": {"effect": "maybe", "fired": ["a", 1]}})),
            [
                "out/effect: `effect` is not one of \"allow\", \"escalate\", \"deny\", null",
                "out/fired/1: `1` is not a text",
            ],
        );
        assert_eq!(
            check(json!({"$gap": {"w": "a", "n": 1.5, "count": 0}})),
            ["$gap/count: `count` is not 1 or more", "$gap/n: `n` is not a whole number"],
        );
    }
}
