//! Random policies and contexts: the program and the reference evaluator must agree.
//!
//! The seeds are fixed, so a failure comes back. `DIFFERENTIAL_ROUNDS` sets how many policies are
//! tried.

use policyc::compiler::source::map::SourceMap;
use serde_json::{Value as Json, json};

use crate::support::both::Both;

const SCHEMA: &str = "\
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
    rows: {items: {n: int, s: string, o: optional int}, maxItems: 8}
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

/// What a policy says about tools.
#[derive(Clone, Copy, PartialEq)]
enum About {
    Nothing,
    /// Rules have `on`.
    Tools,
    /// Rules have `on`, and the tools are declared.
    Declared,
}

/// A small generator of numbers: splitmix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }
}

/// Writes expressions of a wanted type.
struct Writer<'r> {
    random: &'r mut Random,
    /// Loop variables in sight: ints.
    locals: Vec<String>,
    /// Loop variables in sight: rows.
    rows: Vec<String>,
    about: About,
}

impl Writer<'_> {
    fn bool(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self
                .random
                .pick(&[
                    "a.b",
                    "a.f",
                    "a.c",
                    "has(a.oi)",
                    "has(a.os)",
                    "true",
                    "has(a.r.q.z)",
                    "has(a.ol)",
                    "a.om.hasValue()",
                    "a.oo.hasValue()",
                ])
                .to_owned();
        }
        let deeper = depth - 1;
        match self.random.below(16) {
            0..=2 => {
                let op = self.random.pick(&["&&", "||"]);
                format!("({} {op} {})", self.bool(deeper), self.bool(deeper))
            }
            3 => format!("!({})", self.bool(deeper)),
            4 => {
                let (c, y, n) = (self.bool(deeper), self.bool(deeper), self.bool(deeper));
                format!("({c} ? {y} : {n})")
            }
            5 | 6 => {
                let op = self.random.pick(&["==", "!=", "<", "<=", ">", ">="]);
                format!("({} {op} {})", self.int(deeper), self.int(deeper))
            }
            7 => {
                let op = self.random.pick(&["==", "!=", "<", ">="]);
                format!("({} {op} {})", self.text(deeper), self.text(deeper))
            }
            8 => {
                let op = self.random.pick(&["==", "<", "<=", ">"]);
                format!("({} {op} {})", self.double(deeper), self.double(deeper))
            }
            9 => format!("({} in a.li)", self.int(deeper)),
            10 => format!("({} in ['x', 'yy', ''])", self.text(deeper)),
            11 => {
                let name = self.random.pick(&["startsWith", "endsWith", "contains"]);
                format!("{}.{name}({})", self.text(deeper), self.text(deeper))
            }
            12 => format!("(a.any == {})", self.int(deeper)),
            13 => format!("({} in a.m)", self.text(deeper)),
            _ => self.quantified(deeper),
        }
    }

    fn quantified(&mut self, depth: usize) -> String {
        if self.locals.len() + self.rows.len() >= 3 {
            return self.bool(0);
        }
        let name = format!("v{}", self.locals.len() + self.rows.len());
        let macro_name = self.random.pick(&["all", "exists", "exists_one"]);
        if self.random.below(2) == 0 {
            self.locals.push(name.clone());
            let body = self.bool(depth);
            self.locals.pop();
            return format!("a.li.{macro_name}({name}, {body})");
        }
        self.rows.push(name.clone());
        let body = self.bool(depth);
        self.rows.pop();
        format!("a.rows.{macro_name}({name}, {body})")
    }

    fn int(&mut self, depth: usize) -> String {
        if depth == 0 {
            if let Some(local) = self.locals.last().filter(|_| self.random.0 % 3 == 0) {
                return local.clone();
            }
            if let Some(row) = self.rows.last().filter(|_| self.random.0 % 3 == 1) {
                return format!("{row}.{}", self.random.pick(&["n", "o"]));
            }
            if self.about == About::Declared && self.random.below(4) == 0 {
                return self.random.pick(&["args.n", "args.o"]).to_owned();
            }
            return self
                .random
                .pick(&[
                    "a.i",
                    "a.j",
                    "0",
                    "1",
                    "-3",
                    "a.oi",
                    "9223372036854775807",
                    "a.r.x",
                    "a.r.q.z",
                    "a.ol[0]",
                    "a.om.orValue({'x': 2})['x']",
                    "a.oo.value().orValue(3)",
                ])
                .to_owned();
        }
        let deeper = depth - 1;
        match self.random.below(10) {
            0..=2 => {
                let op = self.random.pick(&["+", "-", "*", "/", "%"]);
                format!("({} {op} {})", self.int(deeper), self.int(deeper))
            }
            3 => format!("size({})", self.text(deeper)),
            4 => format!("a.li[{}]", self.int(deeper)),
            5 => format!("a.m[{}]", self.text(deeper)),
            6 => format!("int({})", self.double(deeper)),
            7 => {
                let (c, y, n) = (self.bool(deeper), self.int(deeper), self.int(deeper));
                format!("({c} ? {y} : {n})")
            }
            8 => {
                let zone = self.random.pick(&["'UTC'", "'Europe/Zurich'", "'-03:30'"]);
                let part = self.random.pick(&["getHours", "getDayOfWeek", "getDayOfYear"]);
                format!("a.at.{part}({zone})")
            }
            _ => self.counted(deeper),
        }
    }

    fn counted(&mut self, depth: usize) -> String {
        if self.locals.len() + self.rows.len() >= 3 {
            return self.int(0);
        }
        let name = format!("v{}", self.locals.len() + self.rows.len());
        self.locals.push(name.clone());
        let (test, made) = (self.bool(depth), self.int(depth));
        self.locals.pop();
        match self.random.below(3) {
            0 => format!("size(a.li.filter({name}, {test}))"),
            1 => format!("size(a.li.map({name}, {test}, {made}))"),
            _ => format!("a.li.map({name}, {made})[0]"),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        if depth == 0 {
            if let Some(row) = self.rows.last().filter(|_| self.random.0 % 3 == 1) {
                return format!("{row}.s");
            }
            return self
                .random
                .pick(&["a.s", "a.t", "'x'", "'yy'", "''", "a.os", "a.r.q.y"])
                .to_owned();
        }
        let deeper = depth - 1;
        match self.random.below(4) {
            0 => format!("({} + {})", self.text(deeper), self.text(deeper)),
            1 => format!("string({})", self.int(deeper)),
            2 => format!("a.ls[{}]", self.int(deeper)),
            _ => {
                let (c, y, n) = (self.bool(deeper), self.text(deeper), self.text(deeper));
                format!("({c} ? {y} : {n})")
            }
        }
    }

    fn double(&mut self, depth: usize) -> String {
        if depth == 0 {
            return self.random.pick(&["a.d", "0.0", "1.5", "-2.0"]).to_owned();
        }
        match self.random.below(3) {
            0 => {
                let op = self.random.pick(&["+", "-", "*", "/"]);
                format!("({} {op} {})", self.double(depth - 1), self.double(depth - 1))
            }
            1 => format!("double({})", self.int(depth - 1)),
            _ => self.double(0),
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

/// The patterns of a rule and its condition.
fn condition(random: &mut Random, about: About, depth: usize) -> (Vec<String>, String) {
    let ruled = about != About::Nothing && random.below(3) > 0;
    let on: Vec<String> = (0..if ruled { 1 + random.below(3) } else { 0 })
        .map(|_| random.pick(&PATTERNS).to_owned())
        .collect();
    let mut writer = Writer { random, locals: Vec::new(), rows: Vec::new(), about };
    let mut when = writer.bool(depth);
    for _ in 0..random.below(5).saturating_sub(2) {
        when = format!("({}) && {when}", guard(random, about));
    }
    if let ([tool], About::Declared) = (on.as_slice(), about)
        && TOOLS.contains(&tool.as_str())
    {
        // The same argument has different types for different tools.
        let value = if tool.starts_with("get") { "3" } else { "'x'" };
        when = format!("args.t != {value} && {when}");
    }
    (on, when)
}

fn policy(random: &mut Random) -> String {
    let about = [About::Nothing, About::Tools, About::Declared][random.below(3)];
    let mut out = format!("policyc: 1\nname: random\ndefault: deny\n{SCHEMA}");
    if about == About::Declared {
        out.push_str("tools:\n");
        for tool in TOOLS {
            let ty = if tool.starts_with("get") { "int" } else { "string" };
            out.push_str(&format!("  {tool}: {{args: {{n: int, o: optional int, t: {ty}}}}}\n"));
        }
    }
    out.push_str("rules:\n");
    for at in 0..12 {
        let depth = 1 + at % 4;
        let (on, when) = condition(random, about, depth);
        let on =
            if on.is_empty() { String::new() } else { format!("    on: {}\n", Json::from(on)) };
        let when = Json::from(when);
        let mut writer = Writer { random, locals: Vec::new(), rows: Vec::new(), about };
        let said = Json::from(format!("{{{}}}", writer.int(at % 2)));
        let priority = random.below(3);
        let effect = match random.below(3) {
            0 => format!("deny: {said}"),
            1 => format!("allow: {said}"),
            _ => format!("escalate: {{to: [role:x], reason: {said}}}"),
        };
        let mode = random.pick(&["enforce", "enforce", "enforce", "shadow"]);
        out.push_str(&format!(
            "  - id: r{at}\n{on}    when: {when}\n    {effect}\n    \
             priority: {priority}\n\
             \x20   mode: {mode}\n"
        ));
    }
    out
}

fn context(random: &mut Random) -> Json {
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
        "rows": [{"n": n, "s": t}, {"n": 1, "s": s, "o": j}],
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
    let mut args = json!({"n": i, "t": if tool.starts_with("get") { json!(n) } else { json!(t) }});
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
    let field = random.pick(&["n", "o", "t"]);
    match (choice, args) {
        (12, Some(args)) => drop(args.insert(field.to_owned(), other)),
        (13, Some(args)) => drop(args.remove(field)),
        (14, _) => drop(action.remove(random.pick(&["tool", "args"]))),
        _ => drop(action.insert(random.pick(&["tool", "args"]).to_owned(), other)),
    }
}

#[test]
fn program_and_reference_agree() {
    let rounds = std::env::var("DIFFERENTIAL_ROUNDS").ok().and_then(|text| text.parse().ok());
    let rounds: u64 = rounds.unwrap_or(60);
    let mut compiled = 0;
    for seed in 0..rounds {
        let mut random = Random(seed);
        let mut files = SourceMap::new();
        let text = policy(&mut random);
        files.add("random.yaml", text.as_str());
        let Ok(both) = Both::try_of(&files) else { continue };
        compiled += 1;
        let oracle = both.oracle();
        for _ in 0..12 {
            let context = context(&mut random);
            let agreed = std::panic::AssertUnwindSafe(|| {
                both.decide(&oracle, &context, (1_773_785_730, 0), &[]);
            });
            if std::panic::catch_unwind(agreed).is_err() {
                panic!("seed {seed}:\n{text}");
            }
        }
    }
    assert!(compiled * 2 > rounds, "{compiled} of {rounds} policies compile");
}
