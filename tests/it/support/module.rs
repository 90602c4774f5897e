//! Modules made by hand: one small bundle that holds a row of every kind, and the words to
//! change it with.

use policyc::lang::constant::Constant;
use policyc::lang::decision::Effect;
use policyc::lang::opcodes::{
    EXIT_ERROR, EXIT_FALSE, EXIT_TRUE, INFALLIBLE, Instruction, NO_ATOM, Op, X_EQUAL, X_GREATER,
    Yield,
};
use policyc::lang::session::{ArgumentKind, Disclose, Param, Period, Respond};
use policyc::runtime::bundle::govern::{
    ArgumentRow, BacktrackRow, DeclassifyRow, DenialRow, FieldLabels, Govern, LabelRow, LimitRow,
    MeterRow, OfferRow, PlanRow, QuestionPart, SanitizerRow, StepRow, StorePart, TermRow, ToolRow,
    WindowRow,
};
use policyc::runtime::bundle::module::{
    Bound, EscalationRow, Fallback, FieldRow, FunctionKind, FunctionRow, HostRow, Manifest, Module,
    NONE, NodeMode, OutcomeRow, OutputRow, PathNode, Pattern, Phase, Redaction, Requirement,
    RuleIndex, RuleRow, SlotRow, SourceRow, Step, TemplatePart, TypeRow, Withhold,
};

/// An instruction without operands that leaves by the function's own exits.
pub(crate) fn ins(op: Op) -> Instruction {
    let f = if op.yields() == Yield::Branch { EXIT_FALSE } else { INFALLIBLE };
    let sure = [
        Op::Jump,
        Op::Decide,
        Op::Next,
        Op::Pend,
        Op::Count,
        Op::Build,
        Op::LoadConst,
        Op::Counted,
        Op::Catch,
    ];
    let e = if sure.contains(&op) { INFALLIBLE } else { EXIT_ERROR };
    Instruction { op, x: 0, a: 0, b: 0, c: 0, f, e, w: NO_ATOM }
}

/// The words to describe an instruction with.
pub(crate) trait Words {
    fn abc(self, a: u16, b: u16, c: u16) -> Self;
    fn x(self, x: u8) -> Self;
    fn f(self, f: u16) -> Self;
    fn e(self, e: u16) -> Self;
    fn w(self, w: u16) -> Self;
}

impl Words for Instruction {
    fn abc(self, a: u16, b: u16, c: u16) -> Self {
        Self { a, b, c, ..self }
    }
    fn x(self, x: u8) -> Self {
        Self { x, ..self }
    }
    fn f(self, f: u16) -> Self {
        Self { f, ..self }
    }
    fn e(self, e: u16) -> Self {
        Self { e, ..self }
    }
    fn w(self, w: u16) -> Self {
        Self { w, ..self }
    }
}

/// The index of `text` in the strings.
pub(crate) fn string(module: &Module, text: &str) -> u32 {
    let at = module.strings.iter().position(|known| known == text);
    u32::try_from(at.unwrap_or_else(|| panic!("no string {text}"))).unwrap()
}

/// A module with a row of every kind.
///
/// ```text
/// rule big (deny):    amount > 10000 && costly           requires amount, items, tool
/// rule cel (decides): tool == "send" ? deny : escalate   requires amount, items, tool
/// output out:         {"a": host(user), "b": ["x"] + [..]}
/// ```
pub(crate) fn rich() -> Module {
    let mut strings = [
        "",
        "action",
        "amount",
        "big",
        "cel",
        "get_",
        "hello ",
        "host",
        "items",
        "name",
        "out",
        "policy.yaml",
        "price",
        "s*d",
        "s.*d",
        "send",
        "someone",
        "tool",
        "user",
        "0.1.0",
        "2026b",
    ];
    strings.sort_unstable();
    let mut module = Module {
        manifest: manifest(),
        strings: strings.iter().collect(),
        types: vec![TypeRow::Int, TypeRow::String, TypeRow::Dyn],
        messages: Vec::new(),
        fields: Vec::new(),
        enums: Vec::new(),
        context: NONE,
        paths: Vec::new(),
        slots: Vec::new(),
        constants: constants(),
        sets: vec![vec![0, 1, 2]],
        patterns: Vec::new(),
        dispatch: vec![vec![1, 2]],
        hosts: Vec::new(),
        functions: Vec::new(),
        code: Vec::new(),
        rules: Vec::new(),
        outcomes: Vec::new(),
        escalations: Vec::new(),
        templates: Vec::new(),
        requirements: Vec::new(),
        keyed: Vec::new(),
        outputs: Vec::new(),
        index: RuleIndex::default(),
        redactions: Vec::new(),
        govern: Govern::default(),
        debug: vec![1, 2, 3],
    };
    add_names(&mut module);
    add_context(&mut module);
    add_functions(&mut module);
    add_rules(&mut module);
    add_redactions(&mut module);
    add_govern(&mut module);
    module
}

/// Two tools: what parts of their outputs carry, and where one stores.
fn tools([big, cel, host, name, send]: [u32; 5]) -> Vec<ToolRow> {
    let all =
        FieldLabels { path: Vec::new(), labels: vec![0, 1], inherit: false, when: 0, audience: 0 };
    let part = vec![Step::Any, Step::Key(name)];
    let (bare, when, audience) = (Vec::new(), NONE, NONE);
    let part = FieldLabels { path: part, labels: bare, inherit: true, when, audience };
    let store = vec![StorePart::Text(big), StorePart::Member(cel), StorePart::Argument(name)];
    let of_lists = ArgumentRow {
        name: big,
        lists: 2,
        kind: ArgumentKind::Text,
        optional: true,
        needed: false,
    };
    let needed =
        ArgumentRow { name, lists: 0, kind: ArgumentKind::Object, optional: false, needed: true };
    vec![
        ToolRow { name: host, args: None, outputs: vec![all], store: Vec::new(), writes: false },
        ToolRow {
            name: send,
            args: Some(vec![of_lists, needed]),
            outputs: vec![part],
            store,
            writes: true,
        },
    ]
}

/// What sessions know: two labels, two tools, a meter with every window, two limits.
fn add_govern(module: &mut Module) {
    let [big, cel, host, name, send] =
        ["big", "cel", "host", "name", "send"].map(|text| string(module, text));
    let labels =
        vec![LabelRow { name: big, implies: vec![1] }, LabelRow { name: cel, implies: Vec::new() }];
    let tools = tools([big, cel, host, name, send]);
    let terms = vec![TermRow { function: 5, first_requirement: 7, requirements: 0 }];
    let meter = |name, window| MeterRow {
        name,
        on: vec![send],
        key: 0,
        amount: NONE,
        count: 2,
        window,
        keys_max: 9,
    };
    let meters = vec![
        meter(big, WindowRow::Sliding(60, 1)),
        meter(cel, WindowRow::Calendar(Period::Week, name)),
        meter(host, WindowRow::Bucket(5, 60)),
        MeterRow { amount: 0, count: 0, ..meter(send, WindowRow::Session) },
    ];
    let limits = vec![
        LimitRow { id: big, meter: 0, max: 10_000_000 },
        LimitRow { id: cel, meter: 3, max: 0 },
    ];
    let step =
        |name, after, term| StepRow { name, tool: send, after, times: Some(1), weight: 1, term };
    let plan = PlanRow {
        params: vec![(big, Param::Text), (cel, Param::Int)],
        steps: vec![step(big, Vec::new(), 0), step(cel, vec![0], NONE)],
        reads: vec![host],
        budget: Some(3),
        readers: vec![host],
        others: vec![name, send],
    };
    let denials = denials([big, cel, host, name, send]);
    let sanitizer = SanitizerRow {
        name: big,
        tool: send,
        arg: vec![name],
        removes: vec![0, 1],
        adds: Vec::new(),
        requires: 0,
        typed: true,
    };
    let freed = DeclassifyRow {
        id: big,
        tool: send,
        path: vec![Step::Any],
        removes: vec![0],
        adds: vec![1],
        by: vec![host],
    };
    let (sanitizers, declassify) = (vec![sanitizer], vec![freed]);
    let plan = Some(plan);
    module.govern =
        Govern { labels, tools, terms, meters, limits, plan, denials, sanitizers, declassify };
}

/// What calls are answered: all of it, to all rules and to two.
fn denials([big, cel, host, name, send]: [u32; 5]) -> Vec<DenialRow> {
    let offer = OfferRow { tool: send, keep: vec![name], set: vec![(big, 0)] };
    let back = BacktrackRow {
        undone: vec![(0, None), (1, Some(host))],
        max: 1,
        otherwise: Respond::Alternatives,
    };
    let fail = DenialRow {
        rules: Vec::new(),
        respond: Respond::Fail,
        retries: Some(2),
        disclose: Disclose::Reason,
        offers: Vec::new(),
        question: Vec::new(),
        backtrack: None,
    };
    let question = vec![QuestionPart::Text(name), QuestionPart::Value(0, big)];
    let ask = DenialRow { rules: vec![big], respond: Respond::Ask, question, ..fail.clone() };
    let back = DenialRow {
        rules: vec![cel, host],
        respond: Respond::Backtrack,
        offers: vec![offer],
        backtrack: Some(back),
        ..fail.clone()
    };
    vec![fail, ask, back]
}

/// What records withhold; none of it is read.
fn add_redactions(module: &mut Module) {
    let key = |text| Step::Key(string(module, text));
    let token = string(module, "someone");
    let (a, b) = (1.5_f64.to_bits(), 2.5_f64.to_bits());
    let rows = [
        (vec![key("big")], Withhold::Drop, true),
        (vec![key("cel"), Step::Any], Withhold::Seal, false),
        (vec![key("host"), key("name")], Withhold::Token(token), true),
        (vec![key("out")], Withhold::Range(vec![Bound::Int(-1), Bound::Int(9)]), true),
        (vec![key("send"), Step::Any, key("name")], Withhold::Hide, true),
        (vec![key("send"), Step::Any, key("price")], Withhold::Shape, true),
        (vec![key("someone")], Withhold::Range(vec![Bound::Double(a), Bound::Double(b)]), true),
    ];
    let rows = rows.map(|(path, class, facts)| Redaction { path, class, facts });
    module.redactions = rows.to_vec();
}

fn manifest() -> Manifest {
    Manifest {
        name: 0,
        compiler: 0,
        tzdb: 0,
        semantics: 1,
        created: Some(1_700_000_000),
        sources: vec![SourceRow { path: 0, digest: [7; 32] }],
        default: Some(Fallback { effect: Effect::Deny, escalation: NONE }),
        on_error: Fallback { effect: Effect::Escalate, escalation: 0 },
        atoms: 2,
        cost: 0,
        metered: false,
    }
}

fn add_names(module: &mut Module) {
    let text = |text| string(module, text);
    let (name, compiler, tzdb) = (text("big"), text("0.1.0"), text("2026b"));
    let path = text("policy.yaml");
    let pattern = text("s.*d");
    let host = text("host");
    module.manifest.name = name;
    module.manifest.compiler = compiler;
    module.manifest.tzdb = tzdb;
    module.manifest.sources[0].path = path;
    module.patterns = vec![Pattern { text: pattern, automaton: Vec::new() }];
    module.hosts =
        vec![HostRow { name: host, params: vec![2], result: 2, is_async: false, timeout_ns: None }];
}

/// Scalars of every kind, then what holds others.
fn constants() -> Vec<Constant> {
    vec![
        Constant::Int(10_000),
        Constant::String("send".into()),
        Constant::Bool(true),
        Constant::Null,
        Constant::Uint(7),
        Constant::Double(-0.5),
        Constant::Bytes(vec![0, 255]),
        Constant::Timestamp(1_700_000_000, 5),
        Constant::Duration(-1),
        Constant::Type("int".into()),
        Constant::List(vec![Constant::Int(1), Constant::Optional(None)]),
        Constant::Map(vec![
            (Constant::Int(1), Constant::Double(f64::NAN)),
            (Constant::String("b".into()), Constant::List(Vec::new())),
        ]),
        Constant::Optional(Some(Box::new(Constant::Int(1)))),
    ]
}

/// ```text
/// 0 "": 1 action, 2 items, 3 user      slots 0 amount, 1 tool, 2 items, 3 user,
/// 1 action: 4 amount, 5 tool                 4 whether user is there, 5 now
/// 2 items: 6 name, 7 price
/// ```
fn add_context(module: &mut Module) {
    let node = |key, mode, first_child, children, slot, ty| PathNode {
        key: string(module, key),
        mode,
        first_child,
        children,
        slot,
        presence: NONE,
        ty,
        required: false,
        sensitive: false,
    };
    let mut paths = vec![
        node("", NodeMode::Object(true), 1, 3, NONE, 2),
        node("action", NodeMode::Object(true), 4, 2, NONE, 2),
        node("items", NodeMode::Rows, 6, 2, 2, 4),
        node("user", NodeMode::Whole, 0, 0, 3, 2),
        node("amount", NodeMode::Whole, 0, 0, 0, 0),
        node("tool", NodeMode::Whole, 0, 0, 1, 1),
        node("name", NodeMode::Whole, 0, 0, NONE, 1),
        node("price", NodeMode::Whole, 0, 0, NONE, 0),
    ];
    paths[3].presence = 4;
    paths[6].required = true;
    let fields = vec![
        FieldRow { name: string(module, "name"), ty: 1, required: true, sensitive: false },
        FieldRow { name: string(module, "price"), ty: 0, required: false, sensitive: false },
    ];
    module.types.push(TypeRow::Record { fields, rest: NONE });
    module.types.push(TypeRow::List(3, Some(8)));
    module.paths = paths;
    module.slots = vec![
        SlotRow::Value(4),
        SlotRow::Value(5),
        SlotRow::Value(2),
        SlotRow::Value(3),
        SlotRow::Presence(3),
        SlotRow::Now,
    ];
}

/// The first register: behind the slots.
pub(crate) const R: u16 = 6;

fn add_functions(module: &mut Module) {
    // amount > 10000 && costly
    let big = [
        ins(Op::CompareInt).abc(0, 0, 0).x(X_GREATER).e(INFALLIBLE).w(0),
        ins(Op::Test).abc(2, 0, 0).w(1),
    ];
    // tool == "send" ? deny : escalate
    let cel = [
        ins(Op::EqualString).abc(1, 1, 0).f(2),
        ins(Op::Decide).abc(0, 0, 0),
        ins(Op::Decide).abc(0, 1, 0),
    ];
    // costly: items.exists(i, i.price == 7u)
    let costly = [
        ins(Op::Iter).abc(2, 0, R).e(INFALLIBLE),
        ins(Op::CompareUint).abc(R + 1, 4, 0).x(X_EQUAL).f(4).e(3),
        ins(Op::Jump).f(EXIT_TRUE),
        ins(Op::Pend),
        ins(Op::Next).abc(0, 0, R).f(1),
        ins(Op::LoopEnd),
    ];
    // has(user) && user in set ? 10000 : "send"
    let either = [
        ins(Op::Has).abc(3, 0, 0).f(5).e(INFALLIBLE),
        ins(Op::InSet).abc(3, 0, 0).f(5).e(INFALLIBLE),
        ins(Op::Matches).abc(3, 0, 0).f(5),
        ins(Op::LoadConst).abc(0, 0, R),
        ins(Op::Jump).f(6),
        ins(Op::LoadConst).abc(0, 1, R),
        ins(Op::Return).abc(R, 0, 0).e(INFALLIBLE),
    ];
    add_function(module, FunctionKind::Condition, &big, (R, 0), 0);
    add_function(module, FunctionKind::Decision, &cel, (R, 0), 0);
    add_function(module, FunctionKind::Condition, &costly, (R, 2), 1);
    add_function(module, FunctionKind::Value(2), &either, (R, 1), 0);
    let output = output();
    add_function(module, FunctionKind::Value(2), &output, (R, 3), 1);
    // 10000
    let term = [ins(Op::LoadConst).abc(0, 0, R), ins(Op::Return).abc(R, 0, 0).e(INFALLIBLE)];
    add_function(module, FunctionKind::Value(0), &term, (R, 1), 0);
    module.functions[2].memo = true;
    module.functions[3].frames =
        vec![policyc::runtime::bundle::module::FrameRow { at: 6, register: R, ty: 2 }];
}

/// A list of a constant of every kind, of what the host says, of what a builtin says.
fn output() -> Vec<Instruction> {
    let mut code = vec![ins(Op::Build)];
    for constant in 2..13 {
        code.push(ins(Op::LoadConst).abc(0, constant, R));
        code.push(ins(Op::Append).abc(R, 0, 0));
    }
    code.extend([
        ins(Op::Has).abc(4, 0, 0).e(INFALLIBLE).f(EXIT_ERROR),
        ins(Op::CallHost).abc(3, 0, R),
        ins(Op::Move).abc(5, 0, R + 1).e(INFALLIBLE),
        ins(Op::CallAny).abc(R, 0, R + 2),
        ins(Op::EndList).abc(0, 0, R),
        ins(Op::Return).abc(R, 0, 0).e(INFALLIBLE),
    ]);
    code
}

/// Appends a function with `windows.1` registers from `windows.0` on.
pub(crate) fn add_function(
    module: &mut Module,
    kind: FunctionKind,
    code: &[Instruction],
    windows: (u16, u16),
    cursors: u16,
) {
    module.functions.push(FunctionRow {
        kind,
        first: u32::try_from(module.code.len()).unwrap(),
        len: u16::try_from(code.len()).unwrap(),
        first_register: windows.0,
        registers: windows.1,
        first_cursor: 0,
        cursors,
        memo: false,
        cost: 0,
        frames: Vec::new(),
    });
    module.code.extend(code);
}

fn add_rules(module: &mut Module) {
    let rule = |id, function, first_outcome, outcomes, first_requirement| RuleRow {
        id: string(module, id),
        function,
        first_outcome,
        outcomes,
        priority: -3,
        shadow: false,
        phase: Phase::Request,
        first_requirement,
        requirements: 3,
    };
    let required = |slot| Requirement { slot, ty: NONE, optional: false, keyed: NONE };
    let outcome = |effect, template, escalation| OutcomeRow { effect, template, escalation };
    module.rules = vec![rule("big", 0, 0, 1, 0), rule("cel", 1, 1, 2, 3)];
    module.rules[1].shadow = true;
    module.rules[1].phase = Phase::Response;
    module.outcomes = vec![
        outcome(Effect::Deny, 0, NONE),
        outcome(Effect::Deny, NONE, NONE),
        outcome(Effect::Escalate, NONE, 0),
    ];
    module.escalations = vec![EscalationRow {
        to: vec![string(module, "someone")],
        quorum: 2,
        timeout_ns: Some(900_000_000_000),
        suspend: true,
        binds: vec![string(module, "amount")],
        valid_for_ns: None,
        uses: Some(1),
        fatigue: None,
    }];
    module.templates =
        vec![vec![TemplatePart::Text(string(module, "hello ")), TemplatePart::Value(3)]];
    let shadow = [0, 1, 2].map(|slot| Requirement { optional: true, ..required(slot) });
    module.requirements = [[0, 1, 2].map(required), shadow].concat();
    module.requirements.push(Requirement { slot: 3, ty: 2, optional: true, keyed: NONE });
    module.outputs = vec![OutputRow {
        name: string(module, "out"),
        function: 4,
        explanation: NONE,
        first_requirement: 6,
        requirements: 1,
    }];
    module.index = RuleIndex {
        key_slot: 1,
        always: vec![1],
        keys: vec![(string(module, "send"), vec![0])],
        prefixes: vec![(string(module, "get_"), vec![0])],
        patterns: vec![(string(module, "s*d"), vec![0])],
    };
}

/// The context of `rich` and one function of this kind, `registers` from `R` on and `cursors`:
/// for a condition or decision the function of a rule that requires slots 0, 1 and 2 (a decision
/// has two outcomes), for a value the function of an output that requires nothing.
pub(crate) fn small(
    kind: FunctionKind,
    registers: u16,
    cursors: u16,
    code: &[Instruction],
) -> Module {
    let mut module = rich();
    module.code.clear();
    module.functions.clear();
    module.index = RuleIndex { key_slot: NONE, ..RuleIndex::default() };
    module.templates.clear();
    let (labels, mut tools) = (module.govern.labels, module.govern.tools);
    (tools[0].outputs[0].when, tools[0].outputs[0].audience) = (NONE, NONE);
    module.govern = Govern { labels, tools, ..Govern::default() };
    module.manifest.on_error = Fallback { effect: Effect::Deny, escalation: NONE };
    add_function(&mut module, kind, code, (R, registers), cursors);
    let value = matches!(kind, FunctionKind::Value(_));
    if value {
        module.rules.clear();
        module.outcomes.clear();
        module.requirements.clear();
        module.outputs[0].function = 0;
        module.outputs[0].first_requirement = 0;
        module.outputs[0].requirements = 0;
        return module;
    }
    module.outputs.clear();
    module.rules.truncate(1);
    module.requirements.truncate(3);
    module.index.always = vec![0];
    let deny = OutcomeRow { effect: Effect::Deny, template: NONE, escalation: NONE };
    let outcomes = if kind == FunctionKind::Decision { 2 } else { 1 };
    module.outcomes = vec![deny; usize::from(outcomes)];
    module.rules[0].outcomes = outcomes;
    module
}

/// `small`, annotated.
pub(crate) fn ready(
    kind: FunctionKind,
    registers: u16,
    cursors: u16,
    code: &[Instruction],
) -> Module {
    let mut module = small(kind, registers, cursors, code);
    policyc::runtime::verify::annotate(&mut module);
    module
}
