//! Questions in SMT-LIB 2.6, for a solver that runs as a process of its own.
//!
//! In:      a formula that the linked solver did not decide.
//! Out:     `Script`: the same clauses, and what facts mean in the theories of integers, reals and
//!          strings; `answer` reads what a solver says to it.
//! Imports: its own room alone.
//! Source:  SMT-LIB 2.6, theories `Ints`, `Reals_Ints`, `UnicodeStrings`; `docs/diff.md`.
//!
//! The clauses are those of `encode`. Each fact that a theory understands is tied to the values
//! that it is about by implications, every one of which is true of every input. What is not
//! understood stays a free variable, and `Unsupported` says so. So whatever is left out makes the
//! script easier to satisfy, never harder: a script that cannot be satisfied is a proof, as far as
//! the solver is believed, and one that can is a guess that has to be tried.
//!
//! Characters of theories end at U+2FFFF, before ours do. That is no loss. What is asked of texts
//! sees of a character between which characters of the script it lies, and of two texts where they
//! differ first, or last. So in any input all characters but those at such places can become one
//! of their gap, and the rest of the last gap can move down to where the theory has it: for
//! `TEXTS_MAX` texts there is room enough, as long as the script names no character beyond
//! `NAMED_MAX`.

pub mod answer;
mod operations;
mod texts;
mod values;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use rustc_hash::FxHashSet;

use crate::compiler::solve::encode::Encoder;
use crate::compiler::solve::formula::Lit;
use crate::compiler::solve::point::{Line, Point};
use crate::compiler::solve::sat::{Clauses, Literal};
use crate::compiler::solve::smt::texts::{NAMED_MAX, TEXTS_MAX};
use crate::compiler::solve::smt::values::Sort;
use crate::compiler::solve::store::{Fact, Kind, Store, Term, TermId};

const _: () = assert!(
    2 * TEXTS_MAX * (TEXTS_MAX - 1) < 0x2_FFFF - NAMED_MAX,
    "the last gap holds two characters of every pair of texts"
);

/// What a script leaves open: facts about it come out as the solver likes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unsupported {
    /// Arithmetic of doubles, which rounds.
    Doubles,
    /// Arithmetic of values that no type is known of.
    Untyped,
    /// Another operation, a function of the host, a piece of code.
    Operation,
    /// Whether lists, maps or bytes are equal.
    Containers,
    /// A pattern that is no regular language of theories: `\b`, an anchor in the middle.
    Pattern,
    /// A character beyond `NAMED_MAX`.
    Character,
    /// More loops over a list than elements are told apart.
    Loops,
    /// Numbers that one program takes to be whole and another does not.
    Mixed,
    /// Operations inside operations, too deep to be looked into.
    Depth,
    /// More texts than `TEXTS_MAX`.
    Texts,
}

impl Unsupported {
    /// In a few words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Doubles => "arithmetic of doubles",
            Self::Untyped => "arithmetic of values without a type",
            Self::Operation => "operations that it does not have",
            Self::Containers => "equality of lists, maps and bytes",
            Self::Pattern => "a pattern",
            Self::Character => "a character beyond U+1FFFF",
            Self::Loops => "loops over a list, too many",
            Self::Mixed => "numbers that only one bundle takes to be whole",
            Self::Depth => "operations inside operations, too deep",
            Self::Texts => "texts, too many",
        }
    }
}

/// A question as text.
#[derive(Clone, Debug)]
pub struct Script {
    /// What the solver reads.
    pub text: String,
    /// What is left open.
    pub open: BTreeSet<Unsupported>,
    /// The values of an input that a satisfied script is asked for.
    inputs: Vec<Input>,
}

/// A value of an input: the variables that say of which kind it is, and what it is then.
#[derive(Clone, Debug)]
struct Input {
    term: TermId,
    kinds: Vec<(Kind, u32)>,
    values: Vec<(Sort, String)>,
    truth: Option<u32>,
}

/// A script that is being written.
struct Theory<'s> {
    encoder: Encoder<'s, Clauses>,
    /// Declarations and implications.
    text: String,
    declared: FxHashSet<(TermId, Sort)>,
    met: FxHashSet<TermId>,
    inputs: Vec<TermId>,
    open: BTreeSet<Unsupported>,
    texts: usize,
}

/// The script that can be satisfied if some input makes `formula` hold.
///
/// # Errors
/// `Unsupported::Texts`: it would be no proof.
pub fn script(store: &mut Store, formula: Lit) -> Result<Script, Unsupported> {
    let mut theory = Theory {
        encoder: Encoder::about(store, &[formula]),
        text: String::new(),
        declared: FxHashSet::default(),
        met: FxHashSet::default(),
        inputs: Vec::new(),
        open: BTreeSet::new(),
        texts: 0,
    };
    let root = theory.encoder.lit(formula);
    let mut told: FxHashSet<u32> = FxHashSet::default();
    // What is told of a fact can speak of further ones.
    loop {
        let fresh: Vec<u32> =
            theory.encoder.shown().into_iter().filter(|fact| told.insert(*fact)).collect();
        if fresh.is_empty() {
            break;
        }
        for number in fresh {
            theory.fact(number);
        }
    }
    if theory.texts > TEXTS_MAX {
        return Err(Unsupported::Texts);
    }
    Ok(theory.finish(root))
}

/// A literal as SMT-LIB has it.
fn name(literal: Literal) -> String {
    if literal.holds { format!("b{}", literal.var) } else { format!("(not b{})", literal.var) }
}

impl Theory<'_> {
    /// The whole text, and where the values of the input are found.
    fn finish(mut self, root: Literal) -> Script {
        let inputs: Vec<Input> =
            std::mem::take(&mut self.inputs).into_iter().map(|term| self.input(term)).collect();
        let Clauses { vars, clauses } = &self.encoder.sat;
        let mut text = String::from("(set-option :produce-models true)\n(set-logic ALL)\n");
        for var in 0..*vars {
            let _ = writeln!(text, "(declare-const b{var} Bool)");
        }
        for clause in clauses {
            let all: Vec<String> = clause.iter().map(|literal| name(*literal)).collect();
            let _ = match all.as_slice() {
                [only] => writeln!(text, "(assert {only})"),
                _ => writeln!(text, "(assert (or {}))", all.join(" ")),
            };
        }
        text += &self.text;
        let _ = writeln!(text, "(assert {})\n(check-sat)", name(root));
        let mut names = BTreeSet::new();
        for input in &inputs {
            let bools = input.kinds.iter().map(|(_, var)| *var).chain(input.truth);
            names.extend(bools.map(|var| format!("b{var}")));
            names.extend(input.values.iter().map(|(_, name)| name.clone()));
        }
        if !names.is_empty() {
            let names: Vec<String> = names.into_iter().collect();
            let _ = writeln!(text, "(get-value ({}))", names.join(" "));
        }
        text += "(exit)\n";
        Script { text, open: self.open, inputs }
    }

    /// Where the value of a place is found.
    fn input(&self, term: TermId) -> Input {
        let store = &*self.encoder.store;
        let var = |fact: Fact| {
            let number = store.number_of(&fact)?;
            self.encoder.var_of(number)
        };
        let kinds = store.kinds(term).iter();
        let sorts = Sort::ALL.into_iter().filter(|sort| self.declared.contains(&(term, *sort)));
        Input {
            term,
            kinds: kinds.filter_map(|kind| Some((kind, var(Fact::Kind(term, kind))?))).collect(),
            values: sorts.map(|sort| (sort, sort.name(term))).collect(),
            truth: var(Fact::Reaches(term, Line::Truth, Point::Whole(1))),
        }
    }

    fn assert(&mut self, formula: &str) {
        let _ = writeln!(self.text, "(assert {formula})");
    }

    /// A formula by name; its facts are shown.
    fn lit(&mut self, lit: Lit) -> String {
        name(self.encoder.lit(lit))
    }

    /// Whether a term is of a kind, by name.
    fn is(&mut self, term: TermId, kind: Kind) -> String {
        let lit = self.encoder.store.is(term, kind);
        self.lit(lit)
    }

    /// Says what a fact means, as far as theories have words for it.
    fn fact(&mut self, number: u32) {
        let Some(fact) = self.encoder.store.fact(number).cloned() else { return };
        let own = name(self.encoder.of(fact.clone()));
        match fact {
            Fact::Kind(term, _) | Fact::Unknown(term, _) => self.meet(term),
            Fact::Reaches(term, line, cut) => {
                self.meet(term);
                self.reaches((&own, term), line, &cut);
            }
            Fact::Text(term, test) => {
                self.meet(term);
                let value = self.value(term, Sort::Text);
                match texts::test(&value, &test) {
                    Ok(passes) => {
                        let right = self.is(term, Kind::Text);
                        self.assert(&format!("(=> {right} (= {own} {passes}))"));
                    }
                    Err(why) => {
                        self.open.insert(why);
                    }
                }
            }
            Fact::Same(a, b) => self.same(&own, a, b),
            Fact::Less(a, b) => self.less(&own, a, b),
            Fact::Leaves(_) | Fact::Pends(_) => {
                if !self.encoder.is_opened(number) {
                    self.open.insert(Unsupported::Loops);
                }
            }
        }
    }

    fn reaches(&mut self, (own, term): (&str, TermId), line: Line, cut: &Point) {
        let (kind, sort) = match line {
            Line::Truth => return,
            Line::Whole if self.number_sort(term) == Sort::Real => {
                self.open.insert(Unsupported::Mixed);
                return;
            }
            Line::Whole | Line::Real => (Kind::Number, self.number_sort(term)),
            Line::Text => (Kind::Text, Sort::Text),
            Line::Time => (Kind::Time, Sort::Time),
            Line::Span => (Kind::Span, Sort::Span),
        };
        let value = self.value(term, sort);
        match values::reaches(&value, sort, cut) {
            Ok(reaches) => {
                let right = self.is(term, kind);
                self.assert(&format!("(=> {right} (= {own} {reaches}))"));
            }
            Err(why) => {
                self.open.insert(why);
            }
        }
    }

    /// The sort in which two terms of a kind are compared.
    fn shared_sort(&self, a: TermId, b: TermId, kind: Kind) -> Option<Sort> {
        Some(match kind {
            Kind::Number if [a, b].map(|it| self.number_sort(it)) == [Sort::Whole; 2] => {
                Sort::Whole
            }
            Kind::Number => Sort::Real,
            Kind::Text => Sort::Text,
            Kind::Time => Sort::Time,
            Kind::Span => Sort::Span,
            Kind::List | Kind::Map => Sort::Length,
            Kind::Absent | Kind::Error | Kind::Null | Kind::Bool | Kind::Nan | Kind::Other => {
                return None;
            }
        })
    }

    /// The kinds that both can have.
    fn shared_kinds(&self, a: TermId, b: TermId) -> Vec<Kind> {
        let store = &*self.encoder.store;
        store.kinds(a).both(store.kinds(b)).iter().collect()
    }

    fn same(&mut self, own: &str, a: TermId, b: TermId) {
        self.meet(a);
        self.meet(b);
        for kind in self.shared_kinds(a, b) {
            if matches!(kind, Kind::List | Kind::Map | Kind::Other) {
                self.open.insert(Unsupported::Containers);
            }
            // What `encode` says of equal kinds is all there is to say of the others.
            let Some(sort) = self.shared_sort(a, b, kind) else { continue };
            let both = format!("(and {} {})", self.is(a, kind), self.is(b, kind));
            let equal = format!("(= {} {})", self.value(a, sort), self.value(b, sort));
            if sort == Sort::Length {
                self.assert(&format!("(=> (and {own} {both}) {equal})"));
            } else {
                self.assert(&format!("(=> {both} (= {own} {equal}))"));
            }
        }
    }

    fn less(&mut self, own: &str, a: TermId, b: TermId) {
        self.meet(a);
        self.meet(b);
        for kind in self.shared_kinds(a, b) {
            let Some(sort) = self.shared_sort(a, b, kind) else { continue };
            let (x, y) = match sort {
                Sort::Length => continue,
                Sort::Whole | Sort::Real | Sort::Text | Sort::Time | Sort::Span => {
                    (self.value(a, sort), self.value(b, sort))
                }
            };
            let sign = if sort == Sort::Text { "str.<" } else { "<" };
            let mut both = format!("(and {} {})", self.is(a, kind), self.is(b, kind));
            if sort == Sort::Real {
                // The largest integers and the doubles that they round to are ordered as one.
                both = format!("(and {both} (< {x} {limit}.0))", limit = values::ROUNDED);
            }
            self.assert(&format!("(=> {both} (= {own} ({sign} {x} {y})))"));
        }
    }

    /// Says once what is known of a term whatever is asked of it.
    fn meet(&mut self, term: TermId) {
        if !self.met.insert(term) {
            return;
        }
        if self.encoder.store.is_deep(term) {
            self.open.insert(Unsupported::Depth);
            return;
        }
        match self.encoder.store.term(term).clone() {
            Term::Place(_) | Term::Presence(_) | Term::Now | Term::Element(..) => {
                let kinds: Vec<Kind> = self.encoder.store.kinds(term).iter().collect();
                for kind in kinds {
                    self.is(term, kind);
                }
                self.inputs.push(term);
            }
            Term::Constant(_) => {}
            Term::Size(of) => self.meet(of),
            Term::Choice(ways) => ways.iter().for_each(|(_, way)| self.meet(*way)),
            Term::Made(name, parts) => {
                parts.iter().for_each(|part| self.meet(*part));
                self.operation(term, &name, &parts);
            }
        }
    }
}
