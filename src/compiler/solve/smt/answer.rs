//! What a solver says to a script.
//!
//! In:      the script, and all that the solver wrote.
//! Out:     `Reply`; whatever is no such answer is `Garbage`.
//! Imports: its own room alone.
//! Source:  SMT-LIB 2.6, sections 3.1 and 4.2.
//!
//! What a solver writes is not trusted to be anything. What says that a script cannot be satisfied
//! must begin so and go on with nothing but the complaint that there are no values then.

use crate::compiler::solve::point::Real;
use crate::compiler::solve::smt::values::Sort;
use crate::compiler::solve::smt::{Input, Script};
use crate::compiler::solve::store::Kind;
use crate::compiler::solve::values::{Value, Values};

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The script cannot be satisfied.
    Unsatisfiable,
    /// It can, by these values.
    Satisfiable(Values),
    /// The solver does not say.
    Unknown,
}

/// It is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Garbage;

/// Deepest nesting of what is read.
const DEPTH_MAX: usize = 64;

/// What SMT-LIB writes.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expression {
    Atom(String),
    Text(String),
    List(Vec<Self>),
}

/// Reads an answer.
///
/// # Errors
/// It is none.
pub fn read(script: &Script, answer: &str) -> Result<Reply, Garbage> {
    let mut rest = answer.trim_start();
    let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    rest = behind.trim_start();
    match word {
        "unsat" => {
            let is_error = |it: &Expression| {
                let Expression::List(parts) = it else { return false };
                parts.first() == Some(&Expression::Atom("error".to_owned()))
            };
            let none_else = rest.is_empty() || is_error(&expression(&mut rest, 0)?);
            let ends = none_else && rest.trim_start().is_empty();
            if ends { Ok(Reply::Unsatisfiable) } else { Err(Garbage) }
        }
        "sat" if script.inputs.is_empty() => Ok(Reply::Satisfiable(Values::new())),
        "sat" => {
            let Expression::List(pairs) = expression(&mut rest, 0)? else { return Err(Garbage) };
            let values = script.inputs.iter().map(|input| {
                let value = of_input(input, &pairs)?;
                Ok((input.term, value))
            });
            values.collect::<Result<Values, Garbage>>().map(Reply::Satisfiable)
        }
        "unknown" | "timeout" => Ok(Reply::Unknown),
        _ => Err(Garbage),
    }
}

/// One expression; `rest` is what stands behind it.
fn expression(rest: &mut &str, depth: usize) -> Result<Expression, Garbage> {
    *rest = rest.trim_start();
    if depth > DEPTH_MAX {
        return Err(Garbage);
    }
    if let Some(inner) = rest.strip_prefix('(') {
        *rest = inner;
        let mut parts = Vec::new();
        loop {
            *rest = rest.trim_start();
            if let Some(behind) = rest.strip_prefix(')') {
                *rest = behind;
                return Ok(Expression::List(parts));
            }
            parts.push(expression(rest, depth + 1)?);
        }
    }
    if let Some(inner) = rest.strip_prefix('"') {
        let mut text = String::new();
        let mut left = inner;
        loop {
            let (piece, behind) = left.split_once('"').ok_or(Garbage)?;
            text += piece;
            // A quote within a text is written twice.
            let Some(more) = behind.strip_prefix('"') else {
                *rest = behind;
                return Ok(Expression::Text(text));
            };
            text.push('"');
            left = more;
        }
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"');
    let end = rest.find(ends).unwrap_or(rest.len());
    if end == 0 {
        return Err(Garbage);
    }
    let (atom, behind) = rest.split_at(end);
    *rest = behind;
    Ok(Expression::Atom(atom.to_owned()))
}

/// What stands beside a name in a list of pairs.
fn found<'e>(pairs: &'e [Expression], name: &str) -> Result<&'e Expression, Garbage> {
    let own = pairs.iter().find_map(|pair| match pair {
        Expression::List(pair) => match pair.as_slice() {
            [Expression::Atom(own), value] if own == name => Some(value),
            _ => None,
        },
        Expression::Atom(_) | Expression::Text(_) => None,
    });
    own.ok_or(Garbage)
}

fn holds(pairs: &[Expression], var: u32) -> Result<bool, Garbage> {
    match found(pairs, &format!("b{var}"))? {
        Expression::Atom(word) if word == "true" => Ok(true),
        Expression::Atom(word) if word == "false" => Ok(false),
        Expression::Atom(_) | Expression::Text(_) | Expression::List(_) => Err(Garbage),
    }
}

fn of_input(input: &Input, pairs: &[Expression]) -> Result<Value, Garbage> {
    let mut own = None;
    for (kind, var) in &input.kinds {
        if holds(pairs, *var)? {
            own = Some(*kind);
        }
    }
    let of = |sort: Sort| {
        let name = input.values.iter().find(|(own, _)| *own == sort).map(|(_, name)| name);
        name.map(|name| found(pairs, name)).transpose()
    };
    // A value of which nothing is asked is any.
    let whole = |sort: Sort| of(sort)?.map_or(Ok(0), whole);
    Ok(match own {
        None | Some(Kind::Absent | Kind::Error | Kind::Nan) => Value::Absent,
        Some(Kind::Null) => Value::Null,
        Some(Kind::Bool) => Value::Bool(input.truth.map_or(Ok(false), |var| holds(pairs, var))?),
        Some(Kind::Number) => match of(Sort::Real)? {
            Some(at) => Value::Number(real(at)?),
            None => Value::Number(Real::whole(whole(Sort::Whole)?)),
        },
        Some(Kind::Text) => match of(Sort::Text)? {
            Some(Expression::Text(text)) => Value::Text(unescaped(text)?),
            None => Value::Text(String::new()),
            Some(Expression::Atom(_) | Expression::List(_)) => return Err(Garbage),
        },
        Some(Kind::Time) => Value::Time(whole(Sort::Time)?),
        Some(Kind::Span) => Value::Span(whole(Sort::Span)?),
        Some(Kind::List) => Value::List(u64::try_from(whole(Sort::Length)?).map_err(|_| Garbage)?),
        Some(Kind::Map) => Value::Map(u64::try_from(whole(Sort::Length)?).map_err(|_| Garbage)?),
        Some(Kind::Other) => Value::Other,
    })
}

fn whole(of: &Expression) -> Result<i128, Garbage> {
    match of {
        Expression::Atom(digits) => digits.parse().map_err(|_| Garbage),
        Expression::List(parts) => match parts.as_slice() {
            [Expression::Atom(sign), inner] if sign == "-" => {
                whole(inner)?.checked_neg().ok_or(Garbage)
            }
            _ => Err(Garbage),
        },
        Expression::Text(_) => Err(Garbage),
    }
}

/// A number as near as a double is to it.
fn real(of: &Expression) -> Result<Real, Garbage> {
    if let Expression::Atom(digits) = of
        && let Some(digits) = digits.strip_suffix(".0")
    {
        return digits.parse().map(Real::whole).map_err(|_| Garbage);
    }
    Real::double(double(of)?).ok_or(Garbage)
}

fn double(of: &Expression) -> Result<f64, Garbage> {
    match of {
        Expression::Atom(digits) => digits.parse().map_err(|_| Garbage),
        Expression::List(parts) => match parts.as_slice() {
            [Expression::Atom(sign), inner] if sign == "-" => Ok(-double(inner)?),
            [Expression::Atom(sign), a, b] if sign == "/" => Ok(double(a)? / double(b)?),
            _ => Err(Garbage),
        },
        Expression::Text(_) => Err(Garbage),
    }
}

/// A text of which characters are written as `\u{e9}`, or as `\u00e9`.
fn unescaped(text: &str) -> Result<String, Garbage> {
    let mut parts = text.split("\\u");
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, behind) = match part.strip_prefix('{') {
            Some(inner) => inner.split_once('}').ok_or(Garbage)?,
            None => part.split_at_checked(4).ok_or(Garbage)?,
        };
        let character = u32::from_str_radix(digits, 16).ok().and_then(char::from_u32);
        all.push(character.ok_or(Garbage)?);
        all += behind;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::compiler::solve::store::TermId;

    /// A script that asks for an int or a text.
    fn script() -> Script {
        let kinds = vec![(Kind::Absent, 1), (Kind::Number, 2), (Kind::Text, 3)];
        let values = vec![(Sort::Whole, "n7".to_owned()), (Sort::Text, "s7".to_owned())];
        let inputs = vec![Input { term: TermId(7), kinds, values, truth: None }];
        Script { text: String::new(), open: BTreeSet::new(), inputs }
    }

    fn value(kind: u32, n: &str, s: &str) -> Result<Reply, Garbage> {
        let holds = |at: u32| at == kind;
        let answer = format!(
            "sat\n((b1 {}) (b2 {})\n (b3 {}) (n7 {n}) (s7 {s}))\n",
            holds(1),
            holds(2),
            holds(3)
        );
        read(&script(), &answer)
    }

    fn is(value: Value) -> Reply {
        Reply::Satisfiable(Values::from([(TermId(7), value)]))
    }

    #[test]
    fn values_are_read() {
        let text = |text: &str| Ok(is(Value::Text(text.to_owned())));
        assert_eq!(value(1, "0", "\"\""), Ok(is(Value::Absent)));
        assert_eq!(value(2, "5", "\"\""), Ok(is(Value::Number(Real::whole(5)))));
        assert_eq!(value(2, "(- 5)", "\"\""), Ok(is(Value::Number(Real::whole(-5)))));
        assert_eq!(value(3, "0", "\"a) \"\"b\\u{e9}\\u00e9\""), text("a) \"b\u{e9}\u{e9}"));
        assert_eq!(real(&Expression::Atom("2.5".to_owned())), Ok(Real::double(2.5).unwrap()));
        let mut third = "(- (/ 1.0 4.0))";
        let third = expression(&mut third, 0).unwrap();
        assert_eq!(real(&third), Ok(Real::double(-0.25).unwrap()));
    }

    #[test]
    fn what_is_no_answer_is_garbage() {
        for garbage in [
            "",
            "unsatisfiable",
            "unsat sat",
            "unsat\n(error \"x\") more",
            "unsat\n(error \"x",
            "unsat (error \"x\") (error \"y\")",
            "(error \"x\")\nunsat",
            "success\nunsat",
            "sat",
            "sat ((b1 true))",
            "sat ((b1 false) (b2 true) (b3 false) (n7 x) (s7 \"\"))",
            "sat ((b1 maybe) (b2 true) (b3 false) (n7 1) (s7 \"\"))",
            "sat ((b1 false) (b2 false) (b3 true) (n7 1) (s7 \"\\u{d800}\"))",
        ] {
            assert_eq!(read(&script(), garbage), Err(Garbage), "{garbage}");
        }
        let deep = format!("sat {}", "(".repeat(100_000));
        assert_eq!(read(&script(), &deep), Err(Garbage));
        assert_eq!(value(2, "99999999999999999999999999999999999999999", "\"\""), Err(Garbage));
    }

    #[test]
    fn words_are_answers() {
        for (answer, wanted) in [
            ("unsat\n", Reply::Unsatisfiable),
            ("unsat\n(error \"line 9: model is not available\")\n", Reply::Unsatisfiable),
            ("unknown\n(error \"no model\")", Reply::Unknown),
            ("timeout\n", Reply::Unknown),
        ] {
            assert_eq!(read(&script(), answer), Ok(wanted));
        }
    }
}
