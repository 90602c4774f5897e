//! Questions: what is looked for in the texts of slots, and which lists of rules ask it.
//!
//! In:      the code of the rules, the lists that they stand in.
//! Out:     `Questions`.
//! Imports: `lang`, `runtime::bundle`.

use crate::lang::opcodes::Op;
use crate::lang::value::Tag;
use crate::runtime::bundle::module::{Module, Phase};
use crate::runtime::program::pool::Pool;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::runtime) enum Target {
    /// The text of a constant.
    Needle(u16),
    /// A pattern.
    Pattern(u16),
}

/// What is looked for in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::runtime) struct Question {
    pub(in crate::runtime) slot: u16,
    pub(in crate::runtime) target: Target,
}

/// What the functions of a module ask.
pub(in crate::runtime) struct Questions {
    /// Ascending, unique.
    pub(in crate::runtime) all: Vec<Question>,
    /// Functions with what they ask, an index of `all`; ascending, unique.
    own: Vec<(u16, u32)>,
    /// Functions with those that they run; ascending.
    callees: Vec<(u16, u16)>,
}

impl Questions {
    pub(in crate::runtime) fn of(module: &Module, pool: &Pool) -> Self {
        let (mut asked, mut callees) = (Vec::new(), Vec::new());
        for (number, function) in (0_u16..).zip(&module.functions) {
            for ins in function.code(module) {
                callees.extend(ins.callee().map(|callee| (number, callee)));
                let needle = (ins.op == Op::Contains).then_some(Target::Needle(ins.b));
                let target = needle.or((ins.op == Op::Matches).then_some(Target::Pattern(ins.b)));
                let question = target.map(|target| Question { slot: ins.a, target });
                if let Some(question) = question.filter(|it| is_askable(module, pool, *it)) {
                    asked.push((number, question));
                }
            }
        }
        callees.sort_unstable();
        let mut all: Vec<Question> = asked.iter().map(|(_, question)| *question).collect();
        all.sort_unstable();
        all.dedup();
        let place = |question: &Question| all.binary_search(question).unwrap_or_default();
        let place = |question| u32::try_from(place(question)).unwrap_or(u32::MAX);
        let own = asked.iter().map(|(function, question)| (*function, place(question)));
        let mut own: Vec<(u16, u32)> = own.collect();
        own.sort_unstable();
        own.dedup();
        Self { all, own, callees }
    }

    /// Questions with the lists whose rules ask them, both by number; ascending, unique. Outputs
    /// are a list too.
    pub(in crate::runtime) fn by_lists(&self, module: &Module) -> Vec<(u32, u32)> {
        let mut found = Vec::new();
        if self.all.is_empty() {
            return found;
        }
        let mut reach = Reach::of(self, module.functions.len());
        let rules: Vec<Vec<u32>> =
            module.rules.iter().map(|rule| reach.asked(rule.function)).collect();
        let index = &module.index;
        let keyed = [&index.keys, &index.prefixes, &index.patterns];
        let keyed = keyed.into_iter().flatten().map(|(_, rules)| rules);
        for (list, members) in (1_u32..).zip(std::iter::once(&index.always).chain(keyed)) {
            for rule in members {
                let Some(asked) = rules.get(usize::from(*rule)).filter(|it| !it.is_empty()) else {
                    continue;
                };
                let phase = module.rules.get(usize::from(*rule)).map(|rule| rule.phase);
                let list = 2 * list + u32::from(phase == Some(Phase::Response));
                found.extend(asked.iter().map(|question| (*question, list)));
            }
        }
        for output in &module.outputs {
            found.extend(reach.asked(output.function).into_iter().map(|question| (question, 0)));
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    fn of_function<T: Copy>(table: &[(u16, T)], function: u16) -> impl Iterator<Item = T> {
        let start = table.partition_point(|(number, _)| *number < function);
        let rows = table.get(start..).unwrap_or_default().iter();
        rows.take_while(move |(number, _)| *number == function).map(|(_, row)| *row)
    }
}

/// Whether the operand is a slot, which keeps its value while rules run, and the constant a string.
fn is_askable(module: &Module, pool: &Pool, question: Question) -> bool {
    let constant = match question.target {
        Target::Needle(at) => {
            let constant = pool.constants.get(usize::from(at));
            constant.is_some_and(|constant| constant.tag() == Tag::String)
        }
        Target::Pattern(at) => usize::from(at) < module.patterns.len(),
    };
    constant && usize::from(question.slot) < module.slots.len()
}

/// What functions ask, with all that they run.
struct Reach<'q> {
    questions: &'q Questions,
    /// Whether a function asks something itself, or runs others.
    speaks: Vec<bool>,
    /// For each function the round in which it was met last.
    met: Vec<u32>,
    round: u32,
}

impl<'q> Reach<'q> {
    fn of(questions: &'q Questions, functions: usize) -> Self {
        let mut speaks = vec![false; functions];
        let own = questions.own.iter().map(|(function, _)| *function);
        for function in own.chain(questions.callees.iter().map(|(function, _)| *function)) {
            if let Some(speaks) = speaks.get_mut(usize::from(function)) {
                *speaks = true;
            }
        }
        Self { questions, speaks, met: vec![0; functions], round: 0 }
    }

    /// What a function asks, and those that it runs.
    fn asked(&mut self, function: u16) -> Vec<u32> {
        let (mut found, mut open) = (Vec::new(), Vec::new());
        if self.speaks.get(usize::from(function)) == Some(&true) {
            open.push(function);
            self.round += 1;
        }
        while let Some(function) = open.pop() {
            let Some(met) = self.met.get_mut(usize::from(function)) else { continue };
            if std::mem::replace(met, self.round) == self.round {
                continue;
            }
            found.extend(Questions::of_function(&self.questions.own, function));
            open.extend(Questions::of_function(&self.questions.callees, function));
        }
        found
    }
}
