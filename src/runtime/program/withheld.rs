//! What records withhold, and what of a decision tells of it.
//!
//! In:      the redactions of a module, its places and its code.
//! Out:     `RedactionPlan`: rules for contexts; which messages, outputs, atoms and hosts tell.
//! Imports: `base`, `lang`, `runtime::bundle`.
//! Source:  `docs/redaction.md`.
//!
//! A function tells of a place if an instruction of it, or of what it calls, reads it. What runs
//! behind such an instruction may hang on what it read, so atoms and calls of the host behind it
//! tell as well. That is more than values say, and never less.

use std::collections::BTreeSet;

use crate::base::pointer;
use crate::lang::functions::by_number;
use crate::lang::opcodes::{Instruction, NO_ATOM, Op, Operand};
use crate::lang::session;
use crate::lang::value::Value;
use crate::runtime::bundle::module::{
    Bound, FunctionRow, Module, NodeMode, PathNode, Step, Str, TemplatePart, Withhold,
};

/// What is to be withheld of contexts.
#[derive(Clone, Debug, Default)]
pub struct RedactionRules {
    rows: Vec<RedactionRule>,
}

/// A path, and what is said of the values there.
#[derive(Clone, Debug)]
pub struct RedactionRule {
    /// Keys from the top; `None` is every member or element.
    steps: Vec<Option<Box<str>>>,
    class: RedactionClass,
    facts: bool,
}

/// What is said of a value that is withheld.
#[derive(Clone, Debug)]
pub enum RedactionClass {
    /// Its kind.
    Drop,
    /// Its kind, and a commitment to it.
    Seal,
    /// Its kind, and what the key with this name makes of it.
    Token(Box<str>),
    /// Its kind and its size.
    Shape,
    /// Its kind, and between which two of these numbers it lies.
    Range(Vec<Value>),
    /// Nothing.
    Hide,
}

impl RedactionClass {
    /// As documents write it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::Seal => "seal",
            Self::Token(_) => "token",
            Self::Shape => "shape",
            Self::Range(_) => "range",
            Self::Hide => "hide",
        }
    }
}

impl RedactionRule {
    /// A rule about the values at `path`, a JSON Pointer in which `*` is every key.
    /// `None` if that is none, or leads nowhere.
    #[must_use]
    pub fn of(path: &str, class: RedactionClass, facts: bool) -> Option<Self> {
        let steps = path.strip_prefix('/')?.split('/');
        let steps = steps.map(|key| match key {
            "*" => None,
            key => Some(pointer::key(key).into()),
        });
        Some(Self { steps: steps.collect(), class, facts })
    }

    /// What is said.
    #[must_use]
    pub const fn class(&self) -> &RedactionClass {
        &self.class
    }

    /// Whether records tell how atoms came out that read the values.
    #[must_use]
    pub const fn tells_facts(&self) -> bool {
        self.facts
    }

    /// The path, as a JSON Pointer in which `*` is every key.
    #[must_use]
    pub fn path(&self) -> String {
        let key = |step: &Option<Box<str>>| match step.as_deref() {
            None => "*".to_owned(),
            Some(key) => pointer::token(key),
        };
        self.steps.iter().fold(String::new(), |path, step| path + "/" + &key(step))
    }

    /// Steps of the path.
    pub(in crate::runtime) const fn len(&self) -> usize {
        self.steps.len()
    }

    /// The key at the end, if it is one.
    pub(in crate::runtime) fn last(&self) -> Option<&str> {
        self.steps.last().and_then(Option::as_deref)
    }

    /// Whether a member with this key, or with `None` an element, lies on the path, `depth` steps
    /// from the top.
    pub(in crate::runtime) fn leads_to(&self, depth: usize, key: Option<impl AsRef<[u8]>>) -> bool {
        match self.steps.get(depth) {
            Some(Some(own)) => key.is_some_and(|key| own.as_bytes() == key.as_ref()),
            Some(None) => true,
            None => false,
        }
    }
}

impl RedactionRules {
    /// These rules. Of two that are about one value the first counts.
    #[must_use]
    pub const fn new(rows: Vec<RedactionRule>) -> Self {
        Self { rows }
    }

    /// The rules of a module. Where it withholds anything, all that a session answers is withheld
    /// too: amounts are added up there, and values are compared.
    #[must_use]
    pub fn of(module: &Module) -> Self {
        let text = |at: Str| module.strings.get(at as usize).unwrap_or_default();
        let rows = module.redactions.iter().map(|row| {
            let steps = row.path.iter().map(|step| match step {
                Step::Key(key) => Some(text(*key).into()),
                Step::Any | Step::Names => None,
            });
            let class = match &row.class {
                Withhold::Drop => RedactionClass::Drop,
                Withhold::Seal => RedactionClass::Seal,
                Withhold::Token(key) => RedactionClass::Token(text(*key).into()),
                Withhold::Shape => RedactionClass::Shape,
                Withhold::Range(it) => RedactionClass::Range(it.iter().map(bound).collect()),
                Withhold::Hide => RedactionClass::Hide,
            };
            RedactionRule { steps: steps.collect(), class, facts: row.facts }
        });
        let rows: Vec<RedactionRule> = rows.collect();
        let top = module.paths.first().map_or(0..0, |top| {
            let first = usize::from(top.first_child);
            first..first + usize::from(top.children)
        });
        let below = module.paths.get(top).unwrap_or_default();
        let asks = below.iter().any(|node| text(node.key) == session::ROOT);
        let rules = Self { rows };
        if asks && !rules.is_empty() { rules.and_answers() } else { rules }
    }

    /// These, and that about what a session answers: a condition over that tells of values, too.
    #[must_use]
    pub fn and_answers(mut self) -> Self {
        let answers = Self::answers(self.rows.iter().all(|rule| rule.facts));
        if !self.rows.iter().any(|rule| rule.steps == answers.steps) {
            self.rows.push(answers);
        }
        self
    }

    /// The rule about all that a session answers; `facts`: records tell how atoms came out that
    /// read it.
    #[must_use]
    pub fn answers(facts: bool) -> RedactionRule {
        let steps = vec![Some(session::ROOT.into())];
        RedactionRule { steps, class: RedactionClass::Drop, facts }
    }

    /// The rules, in order.
    #[must_use]
    pub fn rows(&self) -> &[RedactionRule] {
        &self.rows
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a class of values is withheld.
    #[must_use]
    pub fn any(&self, is: impl Fn(&RedactionClass) -> bool) -> bool {
        self.rows.iter().any(|rule| is(&rule.class))
    }
}

fn bound(bound: &Bound) -> Value {
    match bound {
        Bound::Int(int) => Value::int(*int),
        Bound::Double(bits) => Value::double(f64::from_bits(*bits)),
    }
}

/// What records of a program withhold.
#[derive(Debug, Default)]
pub struct RedactionPlan {
    rules: RedactionRules,
    /// For each function that is a part of a message what it tells of, as people read it.
    parts: Vec<Option<Box<str>>>,
    /// The same for each output and what explains it.
    outputs: Vec<Option<Box<str>>>,
    /// For each template whether a part of it tells.
    templates: Vec<bool>,
    /// The bits of a witness that are not told.
    silent: Vec<u8>,
    /// For each host function whether what it is asked may hang on what is withheld.
    hosts: Vec<bool>,
    /// For each node of the path trie whether it is, holds, or lies in what is withheld.
    touched: Vec<bool>,
}

impl RedactionPlan {
    pub(in crate::runtime) fn of(module: &Module) -> Self {
        if module.redactions.is_empty() {
            return Self::default();
        }
        Self::under(module, RedactionRules::of(module))
    }

    /// What would tell of the values of contexts if `rules` withheld them.
    #[must_use]
    pub fn under(module: &Module, rules: RedactionRules) -> Self {
        let ground = RedactionScope::of(module, &rules);
        let reads = ground.reads();
        let named = |functions: &[u16]| ground.name(&reads, functions);
        let parts = module.templates.iter().flatten().filter_map(|part| part.function());
        let mut known = vec![None; module.functions.len()];
        for function in parts {
            if let Some(place) = known.get_mut(usize::from(function)) {
                *place = named(&[function]);
            }
        }
        let outputs = module.outputs.iter().map(|row| named(&[row.function, row.explanation]));
        let tells = |part: &TemplatePart| {
            let function = part.function();
            function.and_then(|at| known.get(usize::from(at))).is_some_and(Option::is_some)
        };
        let templates =
            module.templates.iter().map(|template| template.iter().any(tells)).collect();
        let silent = rules.rows.iter().map(|rule| !rule.facts).collect::<Vec<_>>();
        let behind = ground.behind(&reads, &silent);
        let all = ground.behind(&reads, &vec![true; rules.rows.len()]);
        Self {
            outputs: outputs.collect(),
            templates,
            silent: atoms(module, &behind),
            hosts: hosts(module, &all),
            touched: ground.touched,
            parts: known,
            rules,
        }
    }

    /// The rules for contexts.
    #[must_use]
    pub const fn rules(&self) -> &RedactionRules {
        &self.rules
    }

    /// Whether nothing is withheld.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What a part of a message tells of: paths, where it tells of what is withheld.
    pub(in crate::runtime) fn part(&self, function: u16) -> Option<&str> {
        self.parts.get(usize::from(function))?.as_deref()
    }

    /// The same for an output and its explanations.
    #[must_use]
    pub fn output(&self, at: u16) -> Option<&str> {
        self.outputs.get(usize::from(at))?.as_deref()
    }

    /// Whether a part of a template tells of what is withheld.
    #[must_use]
    pub fn is_quoted_in(&self, template: u16) -> bool {
        self.templates.get(usize::from(template)).copied().unwrap_or_default()
    }

    /// The bits of a witness that are not told.
    #[must_use]
    pub fn silent(&self) -> &[u8] {
        &self.silent
    }

    /// Whether nothing is told of an atom.
    pub(in crate::runtime) fn is_silent(&self, atom: u16) -> bool {
        let byte = self.silent.get(usize::from(atom / 4)).copied().unwrap_or_default();
        byte >> (2 * (atom % 4)) & 3 != 0
    }

    /// Whether what a host function of this number is asked may hang on what is withheld.
    #[must_use]
    pub fn is_asked_by_host(&self, host: usize) -> bool {
        self.hosts.get(host).copied().unwrap_or_default()
    }

    /// Whether node `at` of the path trie is, holds, or lies in what is withheld.
    pub(in crate::runtime) fn touches(&self, at: u16) -> bool {
        self.touched.get(usize::from(at)).copied().unwrap_or(!self.is_empty())
    }
}

/// A set of rules, one bit each.
type Set = Vec<u64>;

fn add(set: &mut Set, other: &Set) -> bool {
    let mut changed = false;
    for (word, more) in set.iter_mut().zip(other) {
        changed |= *more & !*word != 0;
        *word |= more;
    }
    changed
}

fn has(set: &Set, rule: usize) -> bool {
    set.get(rule / 64).is_some_and(|word| word >> (rule % 64) & 1 != 0)
}

/// What is looked at.
struct RedactionScope<'m> {
    module: &'m Module,
    rules: &'m RedactionRules,
    /// For each slot the rules that are about its value, and those about whether it is there.
    slots: Vec<(Set, Set)>,
    touched: Vec<bool>,
}

impl<'m> RedactionScope<'m> {
    fn of(module: &'m Module, rules: &'m RedactionRules) -> Self {
        let text = |at: Str| module.strings.get(at as usize).unwrap_or_default();
        let mut keys: Vec<Vec<&str>> = vec![Vec::new(); module.paths.len()];
        for (at, node) in module.paths.iter().enumerate() {
            let own = keys.get(at).cloned().unwrap_or_default();
            for (child, place) in children(module, node) {
                if let Some(keys) = keys.get_mut(place) {
                    keys.clone_from(&own);
                    keys.push(text(child.key));
                }
            }
        }
        let nothing = || vec![0; rules.rows.len().div_ceil(64)];
        let mut ground = Self {
            module,
            rules,
            slots: vec![(nothing(), nothing()); module.slots.len()],
            touched: vec![false; module.paths.len()],
        };
        for (at, (node, keys)) in module.paths.iter().zip(&keys).enumerate() {
            let columns: Vec<&str> =
                children(module, node).map(|(child, _)| text(child.key)).collect();
            for (number, rule) in rules.rows.iter().enumerate() {
                let value = is_about(rule, node, (keys, &columns));
                let presence = tells_presence(rule, keys);
                ground.note(node, number, (value, presence));
                let inside = rule.steps.len() <= keys.len();
                let read = inside || !matches!(node.mode, NodeMode::Object(_));
                if let Some(touched) = ground.touched.get_mut(at) {
                    *touched |= presence || value && read;
                }
            }
        }
        ground
    }

    fn note(&mut self, node: &PathNode, rule: usize, (value, presence): (bool, bool)) {
        let set = |set: &mut Set| {
            if let Some(word) = set.get_mut(rule / 64) {
                *word |= 1 << (rule % 64);
            }
        };
        if let Some((values, presences)) = self.slots.get_mut(usize::from(node.slot)) {
            if value {
                set(values);
            }
            if presence {
                set(presences);
            }
        }
        if let Some((values, presences)) = self.slots.get_mut(usize::from(node.presence))
            && presence
        {
            set(values);
            set(presences);
        }
    }

    /// For each function what it tells of: what it reads, and what those read that it calls.
    fn reads(&self) -> Vec<Set> {
        let nothing = vec![0; self.rules.rows.len().div_ceil(64)];
        let mut reads = vec![nothing; self.module.functions.len()];
        for (at, row) in self.module.functions.iter().enumerate() {
            for ins in row.code(self.module) {
                for set in self.sets(ins) {
                    reads.get_mut(at).map(|own| add(own, set));
                }
            }
        }
        // Calls are as deep as few, and form no circle.
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for (at, row) in self.module.functions.iter().enumerate() {
                for callee in row.code(self.module).iter().filter_map(Instruction::callee) {
                    let more = reads.get(usize::from(callee)).cloned().unwrap_or_default();
                    changed |= reads.get_mut(at).is_some_and(|own| add(own, &more));
                }
            }
        }
        reads
    }

    /// What the slots tell of that an instruction reads.
    fn sets(&self, ins: &Instruction) -> impl Iterator<Item = &Set> {
        let presence = ins.op == Op::Has;
        read(self.module, ins).filter_map(move |at| {
            let (value, there) = self.slots.get(usize::from(at))?;
            Some(if presence { there } else { value })
        })
    }

    /// The paths that functions tell of, as people read them; `None` if they tell nothing.
    fn name(&self, reads: &[Set], functions: &[u16]) -> Option<Box<str>> {
        let tells = |rule: usize| {
            let sets = functions.iter().filter_map(|at| reads.get(usize::from(*at)));
            sets.into_iter().any(|set| has(set, rule))
        };
        let rules = self.rules.rows.iter().enumerate().filter(|(at, _)| tells(*at));
        let paths: Vec<String> = rules.map(|(_, rule)| rule.path()).collect();
        if paths.is_empty() { None } else { Some(paths.join(", ").into()) }
    }

    /// Which rules are asked hangs on the key of the index: where it is withheld, all of what a
    /// rule does that is asked for some keys only stands behind it.
    fn behind_key(&self, tells: impl Fn(&Set) -> bool, from: &mut [Option<usize>]) {
        let index = &self.module.index;
        let key = self.slots.get(usize::from(index.key_slot));
        if !key.is_some_and(|(value, presence)| tells(value) || tells(presence)) {
            return;
        }
        let always: BTreeSet<u16> = index.always.iter().copied().collect();
        for (at, rule) in (0..).zip(&self.module.rules) {
            if !always.contains(&at)
                && let Some(start) = from.get_mut(usize::from(rule.function))
            {
                *start = Some(0);
            }
        }
    }

    /// For each function the instruction from which on what runs may hang on what the rules in
    /// `of` withhold; `None` if nothing does.
    fn behind(&self, reads: &[Set], of: &[bool]) -> Vec<Option<usize>> {
        let tells = |set: &Set| (0..).zip(of).any(|(rule, is)| *is && has(set, rule));
        let told: Vec<bool> = reads.iter().map(tells).collect();
        let calls_one = |ins: &Instruction| {
            ins.callee().is_some_and(|at| told.get(usize::from(at)).copied().unwrap_or_default())
        };
        let first = |row: &FunctionRow| {
            let code = row.code(self.module);
            let mut start =
                code.iter().position(|ins| calls_one(ins) || self.sets(ins).any(tells))?;
            // The next turn of a loop comes behind what this turn reads.
            let back = |start: usize| {
                let nexts = code.iter().skip(start).filter(|ins| ins.op == Op::Next);
                nexts.map(|ins| usize::from(ins.f)).filter(|at| *at < start).min()
            };
            while let Some(at) = back(start) {
                start = at;
            }
            Some(start)
        };
        let mut from: Vec<Option<usize>> = self.module.functions.iter().map(first).collect();
        self.behind_key(tells, &mut from);
        // What is called behind it is run or not run for it.
        let mut waiting: Vec<usize> = (0..from.len()).collect();
        while let Some(at) = waiting.pop() {
            let (Some(Some(start)), Some(row)) = (from.get(at), self.module.functions.get(at))
            else {
                continue;
            };
            for callee in row.code(self.module).iter().skip(*start).filter_map(Instruction::callee)
            {
                let callee = usize::from(callee);
                if from.get(callee).is_some_and(|it| *it != Some(0)) {
                    from.get_mut(callee).map(|place| place.replace(0));
                    waiting.push(callee);
                }
            }
        }
        from
    }
}

/// Whether the value that is read at a node is, holds, or lies in what `rule` withholds.
fn is_about(rule: &RedactionRule, node: &PathNode, (keys, columns): (&[&str], &[&str])) -> bool {
    let steps = rule.steps.len().min(keys.len());
    let meets = (0..steps).all(|at| rule.leads_to(at, keys.get(at).copied()));
    if !meets || rule.steps.len() <= keys.len() || node.mode != NodeMode::Rows {
        return meets;
    }
    // Of the elements the columns are read; of elements that are no objects the whole.
    rule.leads_to(keys.len(), None::<&str>)
        && (rule.steps.len() == keys.len() + 1
            || columns.iter().any(|key| rule.leads_to(keys.len() + 1, Some(key))))
}

/// Whether a rule leaves open if something lies at `keys`.
fn tells_presence(rule: &RedactionRule, keys: &[&str]) -> bool {
    let above = rule.steps.len();
    let hides = matches!(rule.class, RedactionClass::Hide) && above == keys.len();
    (above < keys.len() || hides) && (0..above).all(|at| rule.leads_to(at, keys.get(at).copied()))
}

pub(super) fn children<'m>(
    module: &'m Module,
    node: &PathNode,
) -> impl Iterator<Item = (&'m PathNode, usize)> + use<'m> {
    let first = usize::from(node.first_child);
    let range = first..first + usize::from(node.children);
    module.paths.get(range.clone()).unwrap_or_default().iter().zip(range)
}

/// The values of the file that an instruction reads.
pub(super) fn read(module: &Module, ins: &Instruction) -> impl Iterator<Item = u16> + use<> {
    let arity = |row: &u16| by_number(*row).map_or(0, |row| row.params.len());
    let [_, of_b, _] = ins.op.operands();
    let arguments = match of_b {
        Operand::Builtin => arity(&ins.b),
        Operand::Dispatch => {
            module.dispatch.get(usize::from(ins.b)).and_then(|rows| rows.first()).map_or(0, arity)
        }
        Operand::Host => module.hosts.get(usize::from(ins.b)).map_or(0, |row| row.params.len()),
        Operand::None
        | Operand::Read
        | Operand::Write
        | Operand::Const
        | Operand::Set
        | Operand::Pattern
        | Operand::Function
        | Operand::Message
        | Operand::Enum
        | Operand::Field
        | Operand::Cursor
        | Operand::Outcome
        | Operand::Class => 0,
    };
    let operands = ins.op.operands().into_iter().zip([ins.a, ins.b, ins.c]);
    let operands = operands.filter(|(kind, _)| *kind == Operand::Read).map(|(_, at)| at);
    operands.chain((ins.a..).take(arguments))
}

/// The bits of the atoms that are decided from an instruction of their function on.
fn atoms(module: &Module, from: &[Option<usize>]) -> Vec<u8> {
    let mut bits = vec![0; usize::from(module.manifest.atoms).div_ceil(4)];
    for (row, start) in module.functions.iter().zip(from) {
        let Some(start) = start else { continue };
        for ins in row.code(module).iter().skip(*start).filter(|ins| ins.w != NO_ATOM) {
            if let Some(byte) = bits.get_mut(usize::from(ins.w / 4)) {
                *byte |= 3 << (2 * (ins.w % 4));
            }
        }
    }
    bits
}

/// The host functions that are called from an instruction of a function on.
fn hosts(module: &Module, from: &[Option<usize>]) -> Vec<bool> {
    let mut asked = vec![false; module.hosts.len()];
    for (row, start) in module.functions.iter().zip(from) {
        let Some(start) = start else { continue };
        for ins in row.code(module).iter().skip(*start).filter(|ins| ins.op == Op::CallHost) {
            if let Some(host) = asked.get_mut(usize::from(ins.b)) {
                *host = true;
            }
        }
    }
    asked
}
