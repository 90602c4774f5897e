//! A case: an expression and the values of its variables, made from a seed.

use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};

use crate::environment::{Names, VARIABLES, variables};
use crate::literal::literal;
use crate::shrink::Shrinking;
use crate::support::generate::core::{CORE, MACROS};
use crate::support::generate::random::Random;
use crate::support::generate::types::Type;
use crate::support::generate::write::{Node, Part, Row, Vocabulary};
use crate::support::oracle::value::V;
use crate::values::value;

/// Values of variables, by name.
pub(crate) type Values = Vec<(&'static str, V)>;

/// An expression and the values of its variables.
pub(crate) struct Case {
    seed: u64,
    pub(crate) expression: Node,
    pub(crate) values: Values,
}

/// Types of whole expressions, the frequent ones more than once.
pub(crate) const TYPES: &[&str] = &[
    "bool",
    "bool",
    "bool",
    "bool",
    "bool",
    "int",
    "int",
    "uint",
    "double",
    "string",
    "string",
    "bytes",
    "time",
    "span",
    "dyn",
    "[int]",
    "[string]",
    "{string:int}",
    "{int:string}",
    "?int",
    "type",
];

/// Where a run ends: so many differences.
pub(crate) const DIFFERENCES_MAX: usize = 20;

/// What cases are made of.
pub(crate) struct Family {
    vocabulary: Vocabulary,
    types: Vec<Type>,
}

impl Family {
    /// The standard library and these, without the rows that have a part that `lacks` names.
    pub(crate) fn of(libraries: &[&[Row]], types: &[&'static str], lacks: &[&str]) -> Self {
        let standard = [CORE, MACROS];
        let tables: Vec<&[Row]> = standard.into_iter().chain(libraries.iter().copied()).collect();
        let vocabulary = Vocabulary::of(&tables, VARIABLES, lacks);
        Self { vocabulary, types: types.iter().map(|ty| Type::of(ty)).collect() }
    }
}

impl Case {
    pub(crate) fn of(seed: u64, family: &Family) -> Self {
        let mut random = Random::new(seed);
        let ty = &family.types[random.below(family.types.len())];
        let depth = 1 + random.below(5);
        let expression = family.vocabulary.write(ty, depth, &mut random);
        let values = variables().map(|(name, ty)| (name, value(&ty, &mut random))).collect();
        Self { seed, expression, values }
    }

    /// The values of input `number`, of the variables that the expression names alone; they are
    /// always the same. Those of input 0 are the case's own.
    pub(crate) fn input(&self, number: u64, names: &Names) -> Values {
        if number == 0 {
            return self.values.iter().filter(|(name, _)| names.has(name)).cloned().collect();
        }
        // Far from the numbers that the expression was made of.
        let mut random = Random::new(self.seed.rotate_right(24) ^ number.rotate_right(8));
        names.iter().map(|(name, ty)| (*name, value(ty, &mut random))).collect()
    }

    /// The case with the values of its variables in the place of their names.
    pub(crate) fn closed(self) -> Self {
        let expression = close(&self.expression, &self.values);
        Self { expression, ..self }
    }

    /// The smallest expression found that fails as this one does, and why it fails.
    pub(crate) fn least(&self, test: impl Fn(&str) -> Result<(), String>) -> (String, String) {
        let config =
            Config { failure_persistence: None, max_shrink_iters: 4096, ..Config::default() };
        let start = Shrinking::of(self.expression.clone());
        let failed =
            TestRunner::new(config).run_one(start, |it| test(&it).map_err(TestCaseError::fail));
        match failed {
            Err(TestError::Fail(why, least)) => (least, why.to_string()),
            _ => (self.expression.text(), "it fails now and then".to_owned()),
        }
    }
}

fn close(node: &Node, values: &[(&'static str, V)]) -> Node {
    if let [Part::Text(text)] = node.parts.as_slice()
        && let Some((_, value)) = values.iter().find(|(name, _)| name == text)
    {
        return Node { ty: node.ty.clone(), parts: vec![Part::Text(literal(&node.ty, value))] };
    }
    let close = |part: &Part| match part {
        Part::Text(text) => Part::Text(text.clone()),
        Part::Child(child) => Part::Child(self::close(child, values)),
    };
    Node { ty: node.ty.clone(), parts: node.parts.iter().map(close).collect() }
}

/// How many of something: a number, and a share of all.
pub(crate) fn share(some: usize, of: usize) -> String {
    format!("{some} ({:.1} %)", 100.0 * some as f64 / of.max(1) as f64)
}

/// The number that the variable `name` of the environment holds.
pub(crate) fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// The seeds to try, split among threads.
pub(crate) fn seeds(default: u64) -> Vec<std::ops::Range<u64>> {
    let first = number("DIFFERENTIAL_SEED", 0);
    let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let expressions = number("DIFFERENTIAL_EXPRESSIONS", default);
    let threads = number("DIFFERENTIAL_THREADS", cores.min(4));
    let at = |thread| first + expressions * thread / threads;
    (0..threads).map(|thread| at(thread)..at(thread + 1)).collect()
}
