//! Random policies of six rules over every kind of place, and contexts for them.

use serde_json::{Value as Json, json};

use super::generate::core::{CORE, MACROS};
use super::generate::libraries::ALL;
use super::generate::random::Random;
use super::generate::types::Type;
use super::generate::write::{Leaves, Row, Vocabulary};

pub(crate) const SCHEMA: &str = "\
schema:
  a:
    i: int
    j: int
    d: double
    s: string
    t: string
    b: bool
    c: bool
    li: {items: int, maxItems: 40}
    ls: {items: string, maxItems: 40}
    m: map<string, int>
    any: dyn
    f: dyn
    oi: optional int
    os: optional string
    at: timestamp
    rows:
      items: {n: int, s: string, o: optional int, q: optional bool, u: optional string, \
  l: optional list<int>}
      maxItems: 8
    r: {x: int, q: {y: string, z: optional int}}
    ol: optional list<int>
    om: optional_type<map<string, int>>
    oo: optional_type<optional_type<int>>
";

/// Tools, and patterns that each fit one of them or more.
const TOOLS: [&str; 8] =
    ["get_a", "get_ab", "get_a_b", "get_user", "send_money", "move_money", "_money", "x"];
const PATTERNS: [&str; 18] = [
    "get_a",
    "get_user",
    "send_money",
    "x",
    "get_*",
    "get_a*",
    "get_ab*",
    "get_*",
    "s*",
    "*",
    "*_money",
    "get_*_b",
    "*_*",
    "s*_m*y",
    "*a*",
    "g*_*",
    "**",
    "*x",
];

/// Rules of a policy.
pub(crate) const RULES: usize = 6;

/// What a policy says about tools.
#[derive(Clone, Copy, PartialEq)]
enum About {
    Nothing,
    /// Rules have `on`.
    Tools,
    /// Rules have `on`, and the tools are declared.
    Declared,
}

/// What the schema's places are, by type. Optional fields fail where they are absent.
pub(crate) const PLACES: &[Leaves] = &[
    ("bool", &["a.b", "a.c", "a.f", "has(a.oi)", "has(a.os)", "has(a.r.q.z)", "has(a.ol)"]),
    ("int", &["a.i", "a.j", "a.oi", "a.r.x", "a.r.q.z", "a.ol[0]", "a.om.orValue({'x': 2})['x']"]),
    ("double", &["a.d"]),
    ("string", &["a.s", "a.t", "a.os", "a.r.q.y"]),
    ("time", &["a.at"]),
    ("dyn", &["a.any"]),
    ("[int]", &["a.li", "a.ol"]),
    ("[string]", &["a.ls"]),
    ("{string:int}", &["a.m"]),
    ("?int", &["a.?oi", "a.r.q.?z", "a.oo.orValue(optional.none())"]),
    ("?{string:int}", &["a.om"]),
    ("row", &["a.rows[0]"]),
];

/// Arguments that all declared tools have with one type.
const SHARED: &[Leaves] = &[("int", &["args.n", "args.o"])];
/// Arguments of the tools whose names begin with `get`: one differs by tool, one others lack.
const OF_GET: &[Leaves] = &[("int", &["args.t", "args.g.k"]), ("[int]", &["args.only"])];
/// Arguments of the others.
const OF_OTHERS: &[Leaves] = &[("string", &["args.t", "args.g.k"]), ("bool", &["has(args.g.z)"])];

/// Loops over objects, and their columns.
const ROWS: &[Row] = &[
    (9, "bool", "a.rows.exists($a, <bool; a=row>)"),
    (9, "bool", "a.rows.all($a, <bool; a=row>)"),
    (4, "bool", "a.rows.exists_one($a, <bool; a=row>)"),
    (4, "int", "size(a.rows.filter($a, <bool; a=row>))"),
    (6, "[T]", "a.rows.map($a, <T; a=row>)"),
    (6, "[T]", "a.rows.map($a, <bool; a=row>, <T; a=row>)"),
    (6, "int", "<row>.n"),
    (6, "int", "<row>.o"),
    (6, "string", "<row>.s"),
    (6, "string", "<row>.u"),
    (9, "bool", "<row>.q"),
    (5, "bool", "has(<row>.o)"),
    (5, "[int]", "<row>.l"),
    (3, "?int", "<row>.?o"),
    (2, "[int]", "<row>.?l.orValue(<[int]>)"),
    (2, "bool", "(<row>.n in a.li)"),
    (2, "bool", "(<row>.s in ['x', 'yy', ''])"),
    (2, "int", "a.li[<row>.n]"),
    (2, "bool", "a.rows.exists($a, $b, <bool; a=int, b=row>)"),
];

/// What conditions are made of, with the arguments that they may read.
fn vocabulary(arguments: &[&[Leaves]]) -> Vocabulary {
    let own: [&[Row]; 3] = [CORE, MACROS, ROWS];
    let tables: Vec<&[Row]> = own.into_iter().chain(ALL.iter().copied()).collect();
    let places: Vec<Leaves> =
        arguments.iter().copied().chain([PLACES]).flatten().copied().collect();
    Vocabulary::of(&tables, &places, &[])
}

/// What conditions are made of, by what they may read.
pub(crate) struct Vocabularies {
    plain: Vocabulary,
    shared: Vocabulary,
    get: Vocabulary,
    others: Vocabulary,
}

impl Vocabularies {
    pub(crate) fn new() -> Self {
        Self {
            plain: vocabulary(&[]),
            shared: vocabulary(&[SHARED]),
            get: vocabulary(&[SHARED, OF_GET]),
            others: vocabulary(&[SHARED, OF_OTHERS]),
        }
    }

    /// For a rule that is about `on`.
    fn of(&self, about: About, on: &[String]) -> &Vocabulary {
        match (about, on) {
            (About::Nothing | About::Tools, _) => &self.plain,
            (About::Declared, [tool]) if TOOLS.contains(&tool.as_str()) => {
                if tool.starts_with("get") { &self.get } else { &self.others }
            }
            (About::Declared, _) => &self.shared,
        }
    }
}

/// A comparison of the tool, or of a text that is required, by one to three alternatives.
fn guard(random: &mut Random, about: About) -> String {
    let place = if about == About::Nothing { "a.s" } else { "action.tool" };
    let options: Vec<String> = (0..=random.below(3))
        .map(|_| {
            let place = if random.below(8) == 0 { "a.t" } else { place };
            let texts = ["get_a", "get_", "get_user", "send_money", "x", "yy", "", "get_a_b"];
            let (one, other) = (random.pick(&texts), random.pick(&texts));
            match random.below(4) {
                0 => format!("{place} == '{one}'"),
                1 => format!("'{one}' == {place}"),
                2 => format!("{place} in ['{one}', '{other}']"),
                _ => format!("{place}.startsWith('{one}')"),
            }
        })
        .collect();
    options.join(" || ")
}

/// A rule: its patterns, its condition and what it says.
fn rule(random: &mut Random, about: About, at: usize, known: &Vocabularies) -> String {
    let ruled = about != About::Nothing && random.below(3) > 0;
    let on: Vec<String> = (0..if ruled { 1 + random.below(3) } else { 0 })
        .map(|_| random.pick(&PATTERNS).to_owned())
        .collect();
    let words = known.of(about, &on);
    let mut when = words.write(&Type::of("bool"), 1 + at % 4, random).text();
    for _ in 0..random.below(5).saturating_sub(2) {
        when = format!("({}) && {when}", guard(random, about));
    }
    let said = words.write(&Type::of("int"), at % 2, random).text();
    let said = Json::from(format!("{{{}}}", said));
    let on = if on.is_empty() { String::new() } else { format!("    on: {}\n", Json::from(on)) };
    let when = Json::from(when);
    let priority = random.below(3);
    let effect = match random.below(3) {
        0 => format!("deny: {said}"),
        1 => format!("allow: {said}"),
        _ => format!("escalate: {{to: [role:x], reason: {said}}}"),
    };
    let mode = random.pick(&["enforce", "enforce", "enforce", "shadow"]);
    format!(
        "  - id: r{at}\n{on}    when: {when}\n    {effect}\n    priority: {priority}\n    \
         mode: {mode}\n"
    )
}

pub(crate) fn policy(random: &mut Random, known: &Vocabularies) -> String {
    let about = [About::Nothing, About::Tools, About::Declared][random.below(3)];
    let mut out = format!("policyc: 1\nname: random\ndefault: deny\n{SCHEMA}");
    if about == About::Declared {
        out.push_str("tools:\n");
        for tool in TOOLS {
            let args = if tool.starts_with("get") {
                "t: int, only: {items: int, maxItems: 4}, g: {k: int}"
            } else {
                "t: string, g: {k: string, z: optional int}"
            };
            out.push_str(&format!("  {tool}: {{args: {{n: int, o: optional int, {args}}}}}\n"));
        }
    }
    out.push_str("rules:\n");
    for at in 0..RULES {
        out.push_str(&rule(random, about, at, known));
    }
    out
}

pub(crate) fn context(random: &mut Random) -> Json {
    let ints = [0, 1, 2, -3, 7, i64::MAX, i64::MIN];
    let texts = ["", "x", "yy", "xyy", "é", "12", "get_a", "get_user"];
    let mut ints = || {
        let at = random.below(ints.len());
        ints[at]
    };
    let (i, j, n) = (ints(), ints(), ints());
    let li: Vec<i64> = (0..i.rem_euclid(4)).map(|_| ints()).collect();
    let mut texts = || {
        let at = random.below(texts.len());
        texts[at]
    };
    let (s, t) = (texts(), texts());
    let ls: Vec<&str> = (0..j.rem_euclid(3)).map(|_| texts()).collect();
    let d = [0.0, 1.5, -2.0, 1e300][random.below(4)];
    let any = [json!(1), json!("x"), json!(1.0), json!(null), json!([1])];
    let any = any[random.below(5)].clone();
    let (b, c) = (random.below(2) == 0, random.below(2) == 0);
    let om = [json!(null), json!({}), json!({"x": n})][random.below(3)].clone();
    let oo = [json!(null), json!(n)][random.below(2)].clone();
    let f = [json!(true), json!(false), json!("x"), json!(null)][random.below(4)].clone();
    let mut a = json!({
        "f": f,
        "i": i, "j": j, "s": s, "t": t, "li": li, "ls": ls, "d": d, "b": b, "c": c, "any": any,
        "m": {"x": n, "": 1},
        "at": "2026-03-17T22:15:30Z",
        "rows": [
            {"n": n, "s": t, "q": b},
            {"n": 1, "s": s, "o": j, "q": c, "u": t, "l": [n, 1]},
            {"n": 0, "s": t, "u": s, "l": []},
        ],
        "r": {"x": i, "q": {"y": s}},
        "om": om,
        "oo": oo,
    });
    if random.below(2) == 0 {
        a["ol"] = json!([n, i]);
        a["r"]["q"]["z"] = json!(j);
    }
    if random.below(2) == 0 {
        a["oi"] = json!(j);
    }
    if random.below(2) == 0 {
        a["os"] = json!(t);
    }
    let tool = random.pick(&TOOLS);
    let tool = if random.below(6) == 0 { random.pick(&["", "get_zz", "a_b", "é"]) } else { tool };
    let mut args = if tool.starts_with("get") {
        json!({"n": i, "t": n, "only": [n, 1], "g": {"k": j}})
    } else {
        json!({"n": i, "t": t, "g": {"k": s}})
    };
    if random.below(2) == 0 {
        args["o"] = json!(n);
    }
    let mut context = json!({"a": a, "action": {"tool": tool, "args": args}});
    // Most contexts are as the schema has them; the others break it in one place or two.
    for _ in 0..random.below(5).saturating_sub(2) {
        broken(random, &mut context);
    }
    context
}

/// Takes something away, adds something unknown, or puts in what may not fit.
fn broken(random: &mut Random, context: &mut Json) {
    const FIELDS: [&str; 20] = [
        "i", "j", "d", "s", "t", "b", "c", "li", "ls", "m", "any", "oi", "os", "at", "rows", "r",
        "ol", "om", "oo", "f",
    ];
    let others = [
        json!(null),
        json!(true),
        json!(3),
        json!(2.5),
        json!(-7.0),
        json!(1e30),
        json!(18_446_744_073_709_551_615_u64),
        json!("x"),
        json!([]),
        json!([1, "x", null]),
        json!([{"n": 1}]),
        json!({}),
        json!({"x": "y"}),
    ];
    let other = others[random.below(others.len())].clone();
    let field = FIELDS[random.below(FIELDS.len())];
    let choice = random.below(16);
    if choice >= 12 {
        return broken_call(random, &mut context["action"], choice, other);
    }
    if choice == 0 {
        *context = json!({});
    }
    if choice <= 1 {
        context["unknown"] = other;
        return;
    }
    if choice == 2 {
        context["a"] = other;
        return;
    }
    if choice == 9 && random.below(2) == 0 {
        // One object deeper.
        let place = random.pick(&["/a/r", "/a/r/q"]);
        let field = random.pick(&["x", "y", "q", "z"]);
        let Some(object) = context.pointer_mut(place).and_then(Json::as_object_mut) else { return };
        if random.below(2) == 0 {
            object.remove(field);
        } else {
            object.insert(field.to_owned(), other);
        }
        return;
    }
    let Some(a) = context.get_mut("a").and_then(Json::as_object_mut) else { return };
    let row = a.get_mut("rows").and_then(|rows| rows.get_mut(0)).and_then(Json::as_object_mut);
    match (choice, row) {
        (3, Some(row)) => drop(row.insert("n".to_owned(), other)),
        (4, Some(row)) => drop(row.remove("s")),
        (5, _) => drop(a.insert("unknown".to_owned(), other)),
        (6..=8, _) => drop(a.insert(field.to_owned(), other)),
        _ => drop(a.remove(field)),
    }
}

/// The same for the tool and its arguments.
fn broken_call(random: &mut Random, action: &mut Json, choice: usize, other: Json) {
    let Some(action) = action.as_object_mut() else { return };
    let args = action.get_mut("args").and_then(Json::as_object_mut);
    let field = random.pick(&["n", "o", "t", "g", "only"]);
    match (choice, args) {
        (12, Some(args)) => drop(args.insert(field.to_owned(), other)),
        (13, Some(args)) => drop(args.remove(field)),
        (14, _) => drop(action.remove(random.pick(&["tool", "args"]))),
        _ => drop(action.insert(random.pick(&["tool", "args"]).to_owned(), other)),
    }
}
