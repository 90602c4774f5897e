//! Cases of V6 to V9, V20, V21 and V29.

use policyc::base::name::Name;
use policyc::lang::constant::Constant;
use policyc::lang::opcodes::Op;
use policyc::lang::pattern::{compile, compile_simulated};
use policyc::lang::session::Period;
use policyc::lang::session::Respond;
use policyc::runtime::bundle::govern::{
    DenialRow, Govern, PlanRow, QuestionPart, StorePart, WindowRow,
};
use policyc::runtime::bundle::module::{
    Bound, FieldRow, FunctionKind, KeyedType, Module, NONE, NodeMode, Pattern, SlotRow, Step,
    TypeRow, Withhold,
};

use policyc::runtime::verify::annotate;

use super::{Cases, whole};
use crate::support::module::{R, Words, ins, ready, rich, small, string};

pub(super) fn cases(cases: &mut Cases) {
    strings(cases);
    constants(cases);
    types(cases);
    unused(cases);
    builtins(cases);
    places(cases);
    redactions(cases);
    govern(cases);
}

pub(super) fn change_strings(module: &mut Module, change: impl FnOnce(&mut Vec<String>)) {
    let mut strings: Vec<String> = module.strings.iter().map(str::to_owned).collect();
    change(&mut strings);
    module.strings = strings.iter().collect();
}

fn strings(cases: &mut Cases) {
    cases.accept(6, "strings in order", whole());
    cases.change("StringOrder", "two strings swapped", |module| {
        change_strings(module, |strings| strings.swap(1, 2));
    });
    cases.change("StringOrder", "a string twice", |module| {
        change_strings(module, |strings| strings[2] = strings[1].clone());
    });
    cases.change("TableReference", "a manifest without a name", |module| {
        module.manifest.name = 1_000;
    });
}

/// A module with `constant` among its constants.
fn with(constant: Constant) -> policyc::runtime::bundle::module::Module {
    let mut module = small(
        FunctionKind::Value(2),
        1,
        0,
        &[ins(Op::LoadConst).abc(0, 0, R), ins(Op::Return).abc(R, 0, 0)],
    );
    module.constants = vec![constant];
    module.sets.clear();
    module.types = vec![TypeRow::Int, TypeRow::String, TypeRow::Dyn];
    module.types.extend(rich().types.into_iter().skip(3));
    annotate(&mut module);
    module
}

fn constants(cases: &mut Cases) {
    let text = |text: &str| Constant::String(Name::new(text));
    let map = |keys: Vec<Constant>| {
        Constant::Map(keys.into_iter().map(|key| (key, Constant::Null)).collect())
    };
    let ordered = vec![Constant::Bool(true), Constant::Uint(3), Constant::Int(4), text("a")];
    cases.accept(7, "a map with keys in order", with(map(ordered)));
    cases.accept(7, "the last nanosecond", with(Constant::Timestamp(253_402_300_799, 999_999_999)));
    let key = "ConstantKey";
    cases.refuse(key, "keys out of order", with(map(vec![text("a"), Constant::Int(1)])));
    cases.refuse(
        key,
        "one key, int and uint",
        with(map(vec![Constant::Int(1), Constant::Uint(1)])),
    );
    cases.refuse(key, "a double as key", with(map(vec![Constant::Double(1.0)])));
    let nested =
        Constant::List(vec![Constant::Optional(Some(Box::new(map(vec![Constant::Null]))))]);
    cases.refuse(key, "null as key, nested", with(nested));
    let range = "ConstantRange";
    cases.refuse(range, "the year 10000", with(Constant::Timestamp(253_402_300_800, 0)));
    cases.refuse(range, "the year 0", with(Constant::Timestamp(-62_135_596_801, 0)));
    cases.refuse(range, "a second of nanoseconds", with(Constant::Timestamp(0, 1_000_000_000)));
    let mut deep = Constant::Null;
    for _ in 0..40 {
        deep = Constant::List(vec![deep]);
    }
    cases.refuse(range, "nested too deeply", with(deep));
    cases.change("ConstantTwice", "a constant twice", |module| {
        module.constants[3] = module.constants[2].clone();
    });
    cases.change("SetMember", "a list in a set", |module| module.sets[0] = vec![0, 10]);
    cases.change("SetMember", "a set out of order", |module| module.sets[0] = vec![1, 0]);
    cases.change("SetMember", "a member that is not there", |module| module.sets[0].push(500));
    cases.change("SetTwice", "a set twice", |module| module.sets.push(module.sets[0].clone()));
}

/// The module with everything, and a place that is a map with such keys where another holds a key.
fn keyed_by(key: TypeRow) -> Module {
    let mut module = whole();
    let at = module.types.iter().position(|row| *row == key).unwrap_or_else(|| {
        module.types.push(key);
        module.types.len() - 1
    });
    let map = u16::try_from(module.types.len()).unwrap();
    module.types.push(TypeRow::Map(u16::try_from(at).unwrap(), 0));
    let cases = vec![(module.index.keys[0].0, map)];
    module.keyed = vec![KeyedType { slot: 1, cases, otherwise: 2 }];
    module.requirements[6].keyed = 0;
    annotate(&mut module);
    module
}

fn types(cases: &mut Cases) {
    cases.accept(8, "parts before what they are part of", whole());
    for key in [TypeRow::Dyn, TypeRow::Bool, TypeRow::Int, TypeRow::Uint, TypeRow::String] {
        cases.accept(8, "a map with keys of a kind that keys are of", keyed_by(key));
    }
    cases.change("TypePart", "a list of itself", |module| {
        module.types[4] = TypeRow::List(4, None);
    });
    cases.change("TypePart", "a nullable list", |module| {
        module.types.push(TypeRow::Nullable(4));
    });
    cases.change("TypePart", "a map with lists as keys", |module| {
        module.types.push(TypeRow::Map(4, 0));
    });
    cases.change("TypePart", "an optional of what is not there", |module| {
        module.types.push(TypeRow::Optional(100));
    });
    cases.change("TypePart", "a map before the type of its keys", |module| {
        let next = u16::try_from(module.types.len() + 1).unwrap();
        module.types.extend([TypeRow::Map(next, 0), TypeRow::Bytes]);
    });
    cases.change("TypePart", "a map to what is not there", |module| {
        module.types.push(TypeRow::Map(1, 100));
    });
    cases.change("TypePart", "a field without a name", |module| {
        let fields = vec![FieldRow { name: 1_000, ty: 0, required: false, sensitive: false }];
        module.types.push(TypeRow::Record { fields, rest: NONE });
    });
    cases.change("TypePart", "a field of a type that is not there", |module| {
        let fields = vec![FieldRow { name: 0, ty: 100, required: false, sensitive: false }];
        module.types.push(TypeRow::Record { fields, rest: NONE });
    });
    cases.change("TypeTwice", "a type twice", |module| module.types.push(TypeRow::Int));
    cases.change("TypeDepth", "types nested too deeply", |module| {
        for at in 4..40 {
            module.types.push(TypeRow::Optional(at));
        }
    });
    cases.change("FieldOrder", "fields out of order", |module| {
        if let TypeRow::Record { fields, .. } = &mut module.types[3] {
            fields.swap(0, 1);
        }
    });
}

fn unused(cases: &mut Cases) {
    cases.accept(9, "nothing that is not named", whole());
    let unused = "Unused";
    cases.change(unused, "a string", |module| module.strings.push("~"));
    cases.change(unused, "a type", |module| module.types.push(TypeRow::Optional(0)));
    cases.change(unused, "a constant", |module| module.constants.push(Constant::Int(-7)));
    cases.change(unused, "a set", |module| module.sets.push(vec![0]));
    cases.change(unused, "a pattern", |module| {
        module.patterns.push(Pattern { text: 0, automaton: Vec::new() });
    });
    cases.change(unused, "a list of builtins", |module| module.dispatch.push(vec![1, 3]));
    cases.change(unused, "a host function", |module| module.hosts.push(module.hosts[0].clone()));
    cases.change(unused, "a template", |module| module.templates.push(Vec::new()));
    let twice = "FunctionUnused";
    cases.change(twice, "a function", |module| {
        let first = u32::try_from(module.code.len()).unwrap();
        let mut row = module.functions[1].clone();
        row.first = first;
        let from = usize::try_from(module.functions[1].first).unwrap();
        module.code.extend_from_within(from..from + usize::from(row.len));
        module.functions.push(row);
        module.manifest.cost += 0;
    });
}

fn builtins(cases: &mut Cases) {
    let call = |row: u16| {
        let code = [
            ins(Op::LoadConst).abc(0, 0, R),
            ins(Op::LoadConst).abc(0, 0, R + 1),
            ins(Op::Call).abc(R, row, R),
            ins(Op::Return).abc(R, 0, 0),
        ];
        ready(FunctionKind::Value(2), 2, 0, &code)
    };
    cases.accept(20, "a builtin", call(1));
    cases.refuse("Builtin", "a builtin that is not there", call(9_999));
    cases.change("Builtin", "a list with a builtin that is not there", |module| {
        module.dispatch[0].push(9_999);
    });
    cases.change("Dispatch", "a list out of order", |module| module.dispatch[0] = vec![2, 1]);
    cases.change("Dispatch", "a list of one", |module| module.dispatch[0] = vec![1]);
    cases.change("Dispatch", "a list of different arities", |module| {
        let unary = policyc::lang::functions::all().find(|row| row.params.len() == 1);
        module.dispatch[0] = vec![1, unary.unwrap().number];
        module.dispatch[0].sort_unstable();
    });
    let mut dense = whole();
    dense.patterns[0].automaton = compile("s.*d").unwrap().to_bytes().unwrap();
    annotate(&mut dense);
    cases.accept(21, "a dense automaton", dense);
    cases.accept(21, "a pattern that is simulated", whole());
    for (what, text, other) in [
        ("an automaton that matches more than its text", "s.*zap", "s.*zap|public"),
        ("an automaton of another text", "s.*zap", "s.*d"),
    ] {
        let paired = |other: &str| {
            let mut module = whole();
            let at = module.patterns[0].text as usize;
            change_strings(&mut module, |strings| text.clone_into(&mut strings[at]));
            module.patterns[0].automaton = compile(other).unwrap().to_bytes().unwrap();
            annotate(&mut module);
            module
        };
        cases.accept(21, "an automaton of its text", paired(text));
        cases.refuse("PatternText", what, paired(other));
    }
    cases.change("Automaton", "bytes that are no automaton", |module| {
        module.patterns[0].automaton = vec![0; 64];
    });
    cases.change("Automaton", "an automaton that is too large", |module| {
        module.patterns[0].automaton = vec![0; (256 << 10) + 1];
    });
    cases.change("Automaton", "a pattern that is none", |module| {
        let at = module.patterns[0].text as usize;
        change_strings(module, |strings| "s.(d".clone_into(&mut strings[at]));
    });
    largest(cases);
    cases.refuse("Unused", "simulated patterns that fit, of which nobody asks", simulated(50));
    cases.refuse("Simulated", "simulated patterns that do not fit together", simulated(300));
    cases.change("PatternTwice", "a pattern twice", |module| {
        module.patterns.push(module.patterns[0].clone());
    });
    cases.change("TableReference", "a host function without a result", |module| {
        module.hosts[0].result = 100;
    });
    cases.change("TableReference", "a pattern without text", |module| {
        module.patterns[0].text = 1_000;
    });
}

/// An automaton that is as large as it may be; simulated patterns that take as much memory as they
/// may, all together; and a letter more.
fn largest(cases: &mut Cases) {
    let largest: String = (0..8_165_u32)
        .map(|at| ["a", "b", "c"][at.count_ones() as usize % 3])
        .chain(["$"])
        .collect();
    let automaton = compile(&largest).unwrap().to_bytes().unwrap();
    assert_eq!(automaton.len(), 256 << 10, "as large as it may be");
    let mut module = whole();
    let at = module.patterns[0].text as usize;
    change_strings(&mut module, |strings| strings[at] = largest);
    module.patterns[0].automaton = automaton;
    annotate(&mut module);
    cases.accept(21, "an automaton that is as large as it may be", module);
    let with = |letters: usize| {
        let mut module = simulated(245);
        let text = u32::try_from(module.strings.len()).unwrap();
        let more = ["~[ac]".to_owned(), "~".repeat(letters)];
        change_strings(&mut module, |strings| strings.extend(more));
        let row = |text| Pattern { text, automaton: Vec::new() };
        module.patterns.extend([row(text), row(text + 1)]);
        module
    };
    let full = with(3_191);
    let texts = full.patterns.iter().map(|row| full.strings.get(row.text as usize).unwrap());
    let bytes: usize = texts.map(|it| compile_simulated(it).unwrap().simulated_bytes()).sum();
    assert_eq!(bytes, 32 << 20, "as much as they may");
    cases.refuse("Unused", "simulated patterns that just fit, of which nobody asks", full);
    cases.refuse("Simulated", "simulated patterns that just do not fit", with(3_192));
}

/// The module with everything, and so many patterns that no table of states holds.
fn simulated(count: u32) -> Module {
    let mut module = whole();
    let first = u32::try_from(module.strings.len()).unwrap();
    change_strings(&mut module, |strings| {
        strings.extend((0..count).map(|at| format!("~{at:03}[^a]{{500}}")));
    });
    let rows = (0..count).map(|at| Pattern { text: first + at, automaton: Vec::new() });
    module.patterns.extend(rows);
    module
}

fn places(cases: &mut Cases) {
    cases.accept(29, "places and slots that name each other", whole());
    let root = "PathRoot";
    cases.change(root, "no places", |module| module.paths.clear());
    cases
        .change(root, "a root that is read whole", |module| module.paths[0].mode = NodeMode::Whole);
    cases.change(root, "a root with a name", |module| {
        module.paths[0].key = string(module, "user");
    });
    let children = "PathChildren";
    cases.change(children, "children out of order", |module| {
        module.paths[1].key = string(module, "user");
    });
    cases.change(children, "children before their parent", |module| {
        module.paths[1].first_child = 1;
    });
    cases.change(children, "children that are not there", |module| module.paths[2].children = 9);
    cases.change(children, "a first child without children", |module| {
        module.paths[3].first_child = 2;
    });
    cases.change("PathLeft", "a place below no other", |module| module.paths[2].children = 1);
    let mode = "PathMode";
    cases.change(mode, "an object with a value", |module| {
        module.paths[3].mode = NodeMode::Object(false);
    });
    cases.change(mode, "a column that is an object", |module| {
        module.paths[7].mode = NodeMode::Object(false);
        module.paths[7].ty = 2;
    });
    cases.change(mode, "a required place that is no column", |module| {
        module.paths[4].required = true;
    });
    cases.change(mode, "a place that nobody reads", |module| {
        module.paths[3].mode = NodeMode::Object(true);
        module.paths[3].slot = NONE;
        module.paths[3].presence = NONE;
    });
    let slot = "PathSlot";
    cases.change(slot, "the slot of another place", |module| module.paths[4].slot = 1);
    cases.change(slot, "the presence of another place", |module| module.paths[4].presence = 4);
    cases.change("SlotPath", "a slot of a place that names another", |module| {
        module.slots.push(SlotRow::Value(4));
        for row in &mut module.functions {
            row.first_register += 1;
        }
    });
    cases.change("SlotPath", "a slot of no place", |module| {
        module.slots.push(SlotRow::Presence(99));
    });
    cases.change("NowTwice", "two times of the decision", |module| {
        module.slots.push(SlotRow::Now);
    });
    cases.change("PathType", "rows that are no list", |module| module.paths[2].ty = 0);
    cases.change("PathType", "a type that is not there", |module| module.paths[4].ty = 99);
    cases.change("PathType", "an object with a type", |module| module.paths[1].ty = 0);
}

/// V35: the module with everything has labels and tools.
fn govern(cases: &mut Cases) {
    cases.accept(35, "labels, what they imply, tools, meters and limits", whole());
    cases.change("GovernEmpty", "tools without labels", |module| module.govern.labels.clear());
    cases.change("LabelOrder", "two labels swapped", |module| module.govern.labels.swap(0, 1));
    cases.change("LabelOrder", "a label twice", |module| {
        module.govern.labels[1].name = module.govern.labels[0].name;
    });
    cases.change("LabelOrder", "a label whose name is no string", |module| {
        module.govern.labels[1].name = 9_999;
    });
    let implies =
        |labels: Vec<u16>| move |module: &mut Module| module.govern.labels[0].implies = labels;
    cases.change("LabelImplies", "a label that implies itself", implies(vec![0]));
    cases.change("LabelImplies", "a label that implies none that is there", implies(vec![2]));
    cases.change("LabelImplies", "a label implied twice", implies(vec![1, 1]));
    cases.change("ToolOrder", "two tools swapped", |module| module.govern.tools.swap(0, 1));
    cases.change("ToolOrder", "a tool whose name is no string", |module| {
        module.govern.tools[1].name = 9_999;
    });
    cases.change("ToolOutput", "labels of an output out of order", |module| {
        module.govern.tools[0].outputs[0].labels = vec![1, 0];
    });
    cases.change("ToolOutput", "a label of an output that is not there", |module| {
        module.govern.tools[0].outputs[0].labels = vec![7];
    });
    cases.change("ToolOutput", "an output twice", |module| {
        let row = module.govern.tools[0].outputs[0].clone();
        module.govern.tools[0].outputs.push(row);
    });
    cases.change("ToolOutput", "an output deeper than contexts nest", |module| {
        module.govern.tools[1].outputs[0].path.resize(65, Step::Any);
    });
    cases.change("ToolOutput", "an output at a key that is no string", |module| {
        module.govern.tools[1].outputs[0].path = vec![Step::Key(9_999)];
    });
    meters(cases);
}

fn meters(cases: &mut Cases) {
    type Change = fn(&mut Govern);
    let rows: [(&'static str, &'static str, Change); 17] = [
        ("TermFunction", "a term that is a condition", |it| it.terms[0].function = 0),
        ("TermUnused", "a term that no meter names", |it| {
            it.meters.iter_mut().for_each(|meter| meter.key = NONE);
            (it.meters[3].amount, it.meters[3].count) = (NONE, 1);
            (it.plan, it.denials) = (None, Vec::new());
            it.sanitizers.clear();
            (it.tools[0].outputs[0].when, it.tools[0].outputs[0].audience) = (NONE, NONE);
        }),
        ("MeterOrder", "two meters swapped", |it| it.meters.swap(0, 1)),
        ("MeterOrder", "a meter whose name is no string", |it| it.meters[3].name = 9_999),
        ("MeterTerm", "a meter of no tool", |it| it.meters[0].on.clear()),
        ("MeterTerm", "a meter of a tool that is no string", |it| it.meters[0].on = vec![9_999]),
        ("MeterTerm", "a key that is no term", |it| it.meters[0].key = 1),
        ("MeterTerm", "an amount that is no term", |it| it.meters[3].amount = 1),
        ("MeterWindow", "a window of no length", |it| {
            it.meters[0].window = WindowRow::Sliding(0, 0);
        }),
        ("MeterWindow", "a window of too many parts", |it| {
            it.meters[0].window = WindowRow::Sliding(1_024, 1);
        }),
        ("MeterWindow", "a zone that is no string", |it| {
            it.meters[1].window = WindowRow::Calendar(Period::Day, 9_999);
        }),
        ("MeterWindow", "tokens that go away", |it| {
            it.meters[2].window = WindowRow::Bucket(-1, 60);
        }),
        ("MeterWindow", "a count beside an amount", |it| it.meters[3].count = 1),
        ("MeterWindow", "no room for a key", |it| it.meters[0].keys_max = 0),
        ("LimitOrder", "two limits swapped", |it| it.limits.swap(0, 1)),
        ("LimitMeter", "a limit of no meter", |it| it.limits[0].meter = 4),
        ("LimitMeter", "a limit below zero", |it| it.limits[0].max = -1),
    ];
    for (fault, what, change) in rows {
        cases.change(fault, what, move |module| change(&mut module.govern));
    }
    type ChangePlan = fn(&mut PlanRow);
    let rows: [(&'static str, &'static str, ChangePlan); 10] = [
        ("PlanParams", "a parameter twice", |it| it.params[1] = it.params[0]),
        ("PlanParams", "a parameter that is no string", |it| it.params[1].0 = 9_999),
        ("PlanStep", "a step after itself", |it| it.steps[1].after = vec![1]),
        ("PlanStep", "a step twice after another", |it| it.steps[1].after = vec![0, 0]),
        ("PlanStep", "a step that is there twice", |it| it.steps[1].name = it.steps[0].name),
        ("PlanStep", "a step of a tool that is no string", |it| it.steps[0].tool = 9_999),
        ("PlanStep", "a step that asks a term that is not there", |it| it.steps[0].term = 1),
        ("PlanStep", "a step that is never taken", |it| it.steps[0].times = Some(0)),
        ("PlanTools", "a tool twice", |it| it.others = vec![it.others[0]; 2]),
        ("PlanTools", "a pattern that is no string", |it| it.reads = vec![9_999]),
    ];
    for (fault, what, change) in rows {
        cases.change(fault, what, move |module| {
            module.govern.plan.iter_mut().for_each(change);
        });
    }
    denials(cases);
}

fn denials(cases: &mut Cases) {
    type Change = fn(&mut Vec<DenialRow>);
    let rows: [(&'static str, &'static str, Change); 15] = [
        ("DenialOrder", "two answers swapped", |it| it.swap(0, 1)),
        ("DenialOrder", "a rule that two answers are about", |it| {
            it[1].rules = it[2].rules.clone()
        }),
        ("DenialOrder", "rules of an answer out of order", |it| it[2].rules.swap(0, 1)),
        ("DenialOrder", "a rule that is no string", |it| it[2].rules = vec![9_999]),
        ("DenialPart", "alternatives without an offer", |it| it[0].respond = Respond::Alternatives),
        ("DenialPart", "a question that nobody is asked", |it| it[1].respond = Respond::Fail),
        ("DenialPart", "a question of a term that is not there", |it| {
            it[1].question = vec![QuestionPart::Value(1, 0)];
        }),
        ("DenialPart", "a question that is no string", |it| {
            it[1].question = vec![QuestionPart::Text(9_999)];
        }),
        ("DenialPart", "an offer of a term that is not there", |it| it[2].offers[0].set[0].1 = 1),
        ("DenialPart", "an argument twice", |it| {
            it[2].offers[0].set[0].0 = it[2].offers[0].keep[0]
        }),
        ("DenialPart", "too many offers", |it| it[2].offers = vec![it[2].offers[0].clone(); 9]),
        ("DenialPart", "a plan that goes back, and no answer that does", |it| {
            it[2].respond = Respond::Alternatives;
        }),
        ("DenialPart", "a step that is not there", |it| {
            it[2].backtrack.iter_mut().for_each(|it| it.undone[1].0 = 2);
        }),
        ("DenialPart", "a step undone twice", |it| {
            it[2].backtrack.iter_mut().for_each(|it| it.undone[1].0 = 0);
        }),
        ("DenialPart", "a plan that never goes back", |it| {
            it[2].backtrack.iter_mut().for_each(|it| it.max = 0);
        }),
    ];
    for (fault, what, change) in rows {
        cases.change(fault, what, move |module| change(&mut module.govern.denials));
    }
    takers(cases);
}

fn takers(cases: &mut Cases) {
    let mut two = whole();
    let mut again = two.govern.sanitizers[0].clone();
    again.name = u32::try_from(two.strings.len() - 1).unwrap();
    two.govern.sanitizers.push(again);
    cases.accept(35, "two sanitizers in order", two);
    cases.change("Fatigue", "an escalation that is never asked", |module| {
        module.escalations[0].fatigue = Some((0, 1));
    });
    cases.change("MarkSet", "a label that implies a mark", |module| {
        let named = |text: &str| if text == "cel" { "clean." } else { text }.to_owned();
        let texts: Vec<String> = module.strings.iter().map(named).collect();
        module.strings = texts.iter().collect();
    });
    type Change = fn(&mut Govern);
    let rows: [(&'static str, &'static str, Change); 12] = [
        ("ToolStore", "a key of a member that is no string", |it| {
            it.tools[1].store[1] = StorePart::Member(9_999);
        }),
        ("ToolOutput", "an output for an audience of a term that is not there", |it| {
            it.tools[0].outputs[0].audience = 1;
        }),
        ("ToolOutput", "an output of a term that is not there", |it| {
            it.tools[0].outputs[0].when = 1;
        }),
        ("Sanitizer", "a sanitizer of no argument", |it| it.sanitizers[0].arg.clear()),
        ("Sanitizer", "a sanitizer of a tool that is no string", |it| {
            it.sanitizers[0].tool = 9_999;
        }),
        ("Sanitizer", "a sanitizer that adds no mark", |it| it.sanitizers[0].adds = vec![0]),
        ("Sanitizer", "a sanitizer that takes a label twice", |it| {
            it.sanitizers[0].removes = vec![0, 0];
        }),
        ("Sanitizer", "a sanitizer of a term that is not there", |it| {
            it.sanitizers[0].requires = 1;
        }),
        ("Sanitizer", "a sanitizer twice", |it| it.sanitizers.push(it.sanitizers[0].clone())),
        ("Declassify", "a label that is not there", |it| it.declassify[0].removes = vec![7]),
        ("Declassify", "somebody who is no string", |it| it.declassify[0].by = vec![9_999]),
        ("Declassify", "a declassification twice", |it| {
            it.declassify.push(it.declassify[0].clone());
        }),
    ];
    for (fault, what, change) in rows {
        cases.change(fault, what, move |module| change(&mut module.govern));
    }
}

/// V34: the module with everything withholds something in every class.
fn redactions(cases: &mut Cases) {
    cases.accept(34, "something withheld in every class", whole());
    cases.change("RedactionOrder", "two redactions swapped", |module| {
        module.redactions.swap(0, 1);
    });
    cases.change("RedactionOrder", "a redaction twice", |module| {
        module.redactions[1] = module.redactions[0].clone();
    });
    cases.change("RedactionPath", "a redaction of the whole context", |module| {
        module.redactions[0].path.clear();
    });
    cases.change("RedactionPath", "a redaction deeper than contexts nest", |module| {
        module.redactions[1].path.resize(65, Step::Any);
    });
    cases.change("RedactionPath", "a redaction of a key that is no string", |module| {
        module.redactions[6].path = vec![Step::Key(9_999)];
    });
    let class =
        |at: usize, class: Withhold| move |module: &mut Module| module.redactions[at].class = class;
    let ints = |ints: &[i64]| Withhold::Range(ints.iter().copied().map(Bound::Int).collect());
    let doubles = |doubles: &[f64]| {
        Withhold::Range(doubles.iter().map(|it| Bound::Double(it.to_bits())).collect())
    };
    for (what, changed) in [
        ("a token under a key without a name", class(2, Withhold::Token(0))),
        ("a token under a key that is no string", class(2, Withhold::Token(9_999))),
        ("a range of one bound", class(3, ints(&[1]))),
        ("a range whose bounds fall", class(3, ints(&[2, 1]))),
        ("a range with a bound twice", class(3, ints(&[1, 1]))),
        ("a range to what is no number", class(6, doubles(&[1.0, f64::NAN]))),
        ("a range without end", class(6, doubles(&[1.0, f64::INFINITY]))),
        (
            "a range of two kinds",
            class(3, Withhold::Range(vec![Bound::Int(1), Bound::Double(2.0_f64.to_bits())])),
        ),
        ("all members hidden", class(1, Withhold::Hide)),
    ] {
        cases.change("RedactionClass", what, changed);
    }
    cases.change("RedactionBelow", "a redaction inside of another", |module| {
        let path = module.redactions[0].path.clone();
        module.redactions[1].path = [path, vec![Step::Any]].concat();
    });
    cases.change("RedactionBelow", "a redaction inside of all members of an object", |module| {
        module.redactions[4].path.truncate(2);
        module.redactions[4].class = Withhold::Drop;
    });
}
