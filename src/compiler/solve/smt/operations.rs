//! What operations come to, in theories.
//!
//! In:      a term that an operation makes of others.
//! Out:     of which kind it is, and its value: a number that its type cannot hold is an error.
//! Imports: `lang`.
//! Source:  `lang::value::arith`; `lang::functions::strings`.

use crate::compiler::solve::point::{Line, Point};
use crate::compiler::solve::smt::values::{Sort, TIMES, range, whole, within};
use crate::compiler::solve::smt::{Theory, Unsupported};
use crate::compiler::solve::store::{Fact, Kind, Kinds, NumberType, Term, TermId};
use crate::lang::constant::Constant;
use crate::lang::functions::by_number;
use crate::lang::opcodes::{X_EQUAL, X_GREATER, X_LESS};

/// What all values of a term are that are there and no errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OperandType {
    Number(NumberType),
    Text,
    Time,
    Span,
}

/// Operations that theories have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operation {
    /// A value of numbers, times or texts.
    Reckoned(Arithmetic),
    /// Where one text stands in another.
    Within(Side),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Negate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Anywhere,
    Start,
    End,
}

impl Operation {
    /// By the name that `step` gives it.
    fn of(name: &str) -> Option<Self> {
        let mut words = name.split(' ');
        Some(match words.next()? {
            "add" => Self::Reckoned(Arithmetic::Add),
            "sub" => Self::Reckoned(Arithmetic::Subtract),
            "mul" => Self::Reckoned(Arithmetic::Multiply),
            "div" => Self::Reckoned(Arithmetic::Divide),
            "mod" => Self::Reckoned(Arithmetic::Modulo),
            "neg" => Self::Reckoned(Arithmetic::Negate),
            "call" => match by_number(words.nth(1)?.trim_matches('"').parse().ok()?)?.id {
                "contains_string" => Self::Within(Side::Anywhere),
                "starts_with_string" => Self::Within(Side::Start),
                "ends_with_string" => Self::Within(Side::End),
                _ => return None,
            },
            _ => return None,
        })
    }
}

impl Arithmetic {
    /// What comes of operands; `None` where theories do not have it.
    fn result(self, operands: &[OperandType]) -> Option<OperandType> {
        use OperandType::{Number, Span, Text, Time};
        match (self, operands) {
            (_, [Number(NumberType::Double), ..]) => None,
            (Self::Negate, [Number(NumberType::Int)]) => operands.first().copied(),
            (
                Self::Add | Self::Subtract | Self::Multiply | Self::Divide | Self::Modulo,
                [Number(a), Number(b)],
            ) if a == b => Some(Number(*a)),
            (Self::Add, [Text, Text]) => Some(Text),
            (Self::Add, [Time, Span] | [Span, Time]) | (Self::Subtract, [Time, Span]) => Some(Time),
            (Self::Add | Self::Subtract, [Span, Span]) | (Self::Subtract, [Time, Time]) => {
                Some(Span)
            }
            _ => None,
        }
    }
}

impl OperandType {
    const fn kind(self) -> Kind {
        match self {
            Self::Number(_) => Kind::Number,
            Self::Text => Kind::Text,
            Self::Time => Kind::Time,
            Self::Span => Kind::Span,
        }
    }

    const fn sort(self) -> Sort {
        match self {
            Self::Number(_) => Sort::Whole,
            Self::Text => Sort::Text,
            Self::Time => Sort::Time,
            Self::Span => Sort::Span,
        }
    }

    /// What its values lie between; texts are as long as they like.
    const fn range(self) -> Option<(i128, i128)> {
        match self {
            Self::Number(numbers) => Some(range(Some(numbers))),
            Self::Text => None,
            Self::Time => Some(TIMES),
            Self::Span => Some(range(Some(NumberType::Int))),
        }
    }
}

impl Theory<'_> {
    /// Which numbers a term has.
    pub(super) fn numbers(&self, term: TermId) -> Option<NumberType> {
        match self.operand(term)? {
            OperandType::Number(numbers) => Some(numbers),
            OperandType::Text | OperandType::Time | OperandType::Span => None,
        }
    }

    /// What all values of a term are; `None` where that is not known.
    pub(super) fn operand(&self, term: TermId) -> Option<OperandType> {
        let store = &*self.encoder.store;
        if store.is_deep(term) {
            return None;
        }
        if let Some(numbers) = store.numbers(term) {
            return Some(OperandType::Number(numbers));
        }
        let own = store.kinds(term).without(&[Kind::Absent, Kind::Error]);
        match store.term(term) {
            Term::Constant(_) => {
                let numbers = store.as_constant(term).and_then(numbers_of);
                if let Some(numbers) = numbers {
                    return Some(OperandType::Number(numbers));
                }
            }
            Term::Size(_) => return Some(OperandType::Number(NumberType::Int)),
            Term::Made(name, parts) => {
                let of: Option<Vec<OperandType>> =
                    parts.iter().map(|part| self.operand(*part)).collect();
                if let (true, Some([only])) = (name.starts_with("as "), of.as_deref()) {
                    return Some(*only);
                }
                if let Some(Operation::Reckoned(operation)) = Operation::of(name)
                    && let Some(result) = of.and_then(|of| operation.result(&of))
                {
                    return Some(result);
                }
            }
            Term::Choice(ways) => {
                let mut all = ways.iter().map(|(_, way)| self.operand(*way));
                let first = all.next().flatten();
                return first.filter(|first| all.all(|own| own == Some(*first)));
            }
            Term::Place(_) | Term::Presence(_) | Term::Now | Term::Element(..) => {}
        }
        let only = |kind| own == Kinds::of(&[kind]);
        let all = [OperandType::Text, OperandType::Time, OperandType::Span];
        all.into_iter().find(|it| only(it.kind()))
    }

    /// Says what an operation makes of its operands, or why it does not.
    pub(super) fn operation(&mut self, term: TermId, name: &str, parts: &[TermId]) {
        if let ([only], true) = (parts, self.plain(term) != term) {
            let kinds: Vec<Kind> = self.encoder.store.kinds(term).iter().collect();
            for kind in kinds {
                let (own, of) = (self.is(term, kind), self.is(*only, kind));
                self.assert(&format!("(= {own} {of})"));
            }
            return;
        }
        if let (Some(relations), [of, with]) = (name.strip_prefix("relation "), parts) {
            self.relation(term, relations.parse().unwrap_or(0), (*of, *with));
            return;
        }
        let Some(operation) = Operation::of(name) else {
            let typed = !name.starts_with("as ");
            self.open.insert(if typed { Unsupported::Operation } else { Unsupported::Untyped });
            return;
        };
        let types: Option<Vec<OperandType>> = parts.iter().map(|it| self.operand(*it)).collect();
        let Some(types) = types else {
            self.open.insert(Unsupported::Untyped);
            return;
        };
        if types.contains(&OperandType::Number(NumberType::Double)) {
            self.open.insert(Unsupported::Doubles);
            return;
        }
        let mut there = String::from("true");
        for (part, own) in parts.iter().zip(&types) {
            there = format!("(and {there} {})", self.is(*part, own.kind()));
        }
        let values: Vec<String> =
            parts.iter().zip(&types).map(|(it, own)| self.value(*it, own.sort())).collect();
        match (operation, values.as_slice()) {
            (Operation::Within(side), [a, b]) if types == [OperandType::Text; 2] => {
                self.tested((term, &there), side, (a, b));
            }
            (Operation::Within(_), _) => {
                self.open.insert(Unsupported::Untyped);
            }
            (Operation::Reckoned(operation), values) => match operation.result(&types) {
                Some(result) => self.reckoned((term, &there), operation, (result, values)),
                None => {
                    self.open.insert(Unsupported::Operation);
                }
            },
        }
    }

    /// A test that whole numbers alone pass as they are: against those that doubles round to.
    fn relation(&mut self, term: TermId, relations: u8, (of, with): (TermId, TermId)) {
        let constant = self.encoder.store.as_constant(with);
        let is_whole = matches!(constant, Some(Constant::Int(_) | Constant::Uint(_)));
        if !is_whole || self.number_sort(of) != Sort::Whole {
            self.open.insert(Unsupported::Operation);
            return;
        }
        let [holds, fails] = [0, 1].map(|way| {
            let fact = self.encoder.store.ask(Fact::Unknown(term, way));
            self.lit(fact)
        });
        let right = self.is(of, Kind::Number);
        let (a, b) = (self.value(of, Sort::Whole), self.value(with, Sort::Whole));
        let signs = [(X_LESS, "<"), (X_EQUAL, "="), (X_GREATER, ">")];
        let chosen = signs.into_iter().filter(|(bit, _)| relations & bit != 0);
        let ways: Vec<String> = chosen.map(|(_, sign)| format!("({sign} {a} {b})")).collect();
        let test = format!("(or false {})", ways.join(" "));
        self.assert(&format!("(=> {right} (and (= {holds} {test}) (not {fails})))"));
    }

    /// Where one text holds another, both from the input.
    fn tested(&mut self, (term, there): (TermId, &str), side: Side, (text, part): (&str, &str)) {
        let (bool, error) = (self.is(term, Kind::Bool), self.is(term, Kind::Error));
        let holds = self.encoder.store.reaches(term, Line::Truth, Point::Whole(1));
        let holds = self.lit(holds);
        let (starts, ends) =
            (format!("(str.prefixof {part} {text})"), format!("(str.suffixof {part} {text})"));
        let means = match side {
            Side::Start => format!("(= {holds} {starts})"),
            Side::End => format!("(= {holds} {ends})"),
            // That a text holds no other is seen at more places than two, and so is not said.
            Side::Anywhere => format!(
                "(and (=> {holds} (str.contains {text} {part})) (=> {starts} {holds}) \
                 (=> {ends} {holds}))"
            ),
        };
        self.assert(&format!("(ite {there} (and {bool} {means}) {error})"));
    }

    /// A value that fits its type, or an error.
    fn reckoned(
        &mut self,
        (term, there): (TermId, &str),
        operation: Arithmetic,
        (result, values): (OperandType, &[String]),
    ) {
        let own = self.value(term, result.sort());
        let (right, error) = (self.is(term, result.kind()), self.is(term, Kind::Error));
        let first = values.first().map_or("0", String::as_str);
        let second = values.get(1).map_or("0", String::as_str);
        // Theories divide so that nothing below zero is left; we divide toward zero.
        let toward_zero = |word: &str| {
            let below = format!("(- ({word} (- {first}) {second}))");
            format!("(ite (>= {first} 0) ({word} {first} {second}) {below})")
        };
        let reckoned = match operation {
            Arithmetic::Add if result == OperandType::Text => format!("(str.++ {first} {second})"),
            Arithmetic::Add => format!("(+ {first} {second})"),
            Arithmetic::Subtract => format!("(- {first} {second})"),
            Arithmetic::Multiply => format!("(* {first} {second})"),
            Arithmetic::Negate => format!("(- {first})"),
            Arithmetic::Divide => toward_zero("div"),
            Arithmetic::Modulo => toward_zero("mod"),
        };
        let divides = if matches!(operation, Arithmetic::Divide | Arithmetic::Modulo) {
            let least = whole(range(Some(NumberType::Int)).0);
            let wraps = format!("(and (= {first} {least}) (= {second} (- 1)))");
            format!("(and (not (= {second} 0)) (not {wraps}))")
        } else {
            "true".to_owned()
        };
        let fits = result.range().map_or("true".to_owned(), |range| within(&reckoned, range));
        let fits = format!("(and {there} {divides} {fits})");
        self.assert(&format!("(ite {fits} (and {right} (= {own} {reckoned})) {error})"));
    }
}

/// Which number a constant is.
const fn numbers_of(constant: &Constant) -> Option<NumberType> {
    match constant {
        Constant::Int(_) => Some(NumberType::Int),
        Constant::Uint(_) => Some(NumberType::Uint),
        Constant::Double(_) => Some(NumberType::Double),
        Constant::Null
        | Constant::Bool(_)
        | Constant::String(_)
        | Constant::Bytes(_)
        | Constant::Timestamp(..)
        | Constant::Duration(_)
        | Constant::Type(_)
        | Constant::List(_)
        | Constant::Map(_)
        | Constant::Optional(_)
        | Constant::Enum(..) => None,
    }
}
