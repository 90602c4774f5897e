//! Writes expressions of a wanted type.
//!
//! A row of a table is a weight, the type that it makes, and its text. In the text `<T>` is a part
//! of that type, and `<bool; a=int, b=T>` one in which the loop variables `$a` and `$b` are seen.

use super::core;
use super::random::Random;
use super::types::{Bound, Type};

/// A row of a table: weight, type, text.
pub(crate) type Row = (usize, &'static str, &'static str);

/// Leaves of one type.
pub(crate) type Leaves = (&'static str, &'static [&'static str]);

/// An expression: text with expressions in it.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    #[allow(dead_code, reason = "read where expressions are made smaller")]
    pub(crate) ty: Type,
    pub(crate) parts: Vec<Part>,
}

#[derive(Clone, Debug)]
pub(crate) enum Part {
    Text(String),
    Child(Node),
}

impl Node {
    fn leaf(ty: Type, text: impl Into<String>) -> Self {
        Self { ty, parts: vec![Part::Text(text.into())] }
    }

    /// As CEL.
    pub(crate) fn text(&self) -> String {
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Child(child) => child.text(),
        };
        self.parts.iter().map(part).collect()
    }
}

/// A row, read.
struct Form {
    weight: usize,
    result: Type,
    pieces: Vec<Piece>,
    /// Whether all parts are of smaller types, so that writing comes to an end.
    ends: bool,
}

enum Piece {
    Text(&'static str),
    /// A loop variable by its letter.
    Name(char),
    Hole {
        ty: Type,
        sees: Vec<(char, Type)>,
    },
}

impl Form {
    fn of((weight, result, text): &Row) -> Self {
        let mut pieces = Vec::new();
        let mut rest: &'static str = text;
        while let Some(at) = rest.find(['<', '$']) {
            let (before, from) = rest.split_at(at);
            let next = from[1..].chars().next().unwrap();
            let is_name = from.starts_with('$') && next.is_ascii_lowercase();
            // A relation stands between blanks.
            let is_hole = from.starts_with('<') && !matches!(next, ' ' | '=');
            if !is_hole && !is_name {
                pieces.push(Piece::Text(&rest[..=at]));
                rest = &from[1..];
                continue;
            }
            pieces.push(Piece::Text(before));
            if is_name {
                pieces.push(Piece::Name(next));
                rest = &from[2..];
                continue;
            }
            let (hole, after) = from[1..].split_once('>').expect("a hole ends");
            let (ty, sees) = hole.split_once("; ").unwrap_or((hole, ""));
            let sees = sees.split(", ").filter(|it| !it.is_empty()).map(|it| {
                let (name, ty) = it.split_once('=').expect("a loop variable has a type");
                (name.chars().next().unwrap(), Type::of(ty))
            });
            pieces.push(Piece::Hole { ty: Type::of(ty), sees: sees.collect() });
            rest = after;
        }
        pieces.push(Piece::Text(rest));
        let result = Type::of(result);
        let ends = pieces.iter().all(|piece| match piece {
            Piece::Text(_) | Piece::Name(_) => true,
            Piece::Hole { ty, .. } => ty.size() < result.size() && ty.is_within(&result),
        });
        Self { weight: *weight, result, pieces, ends }
    }
}

/// What expressions may be made of.
pub(crate) struct Vocabulary {
    forms: Vec<Form>,
    leaves: Vec<(Type, Vec<&'static str>)>,
    /// Whether there are optionals.
    optionals: bool,
}

impl Vocabulary {
    /// What `tables` have, and the places that may be read.
    ///
    /// Rows whose text has a part that is in `lacks` are left out.
    pub(crate) fn of(tables: &[&[Row]], places: &[Leaves], lacks: &[&str]) -> Self {
        let is_there = |row: &&Row| !lacks.iter().any(|part| row.2.contains(part));
        let rows = tables.iter().flat_map(|table| table.iter()).filter(is_there);
        let forms: Vec<Form> = rows.map(Form::of).collect();
        let optionals = forms.iter().any(|form| matches!(form.result, Type::Optional(_)));
        let mut leaves: Vec<(Type, Vec<&'static str>)> = Vec::new();
        // What is read counts as much as what is written.
        for (ty, texts) in places.iter().chain(places).chain(core::LEAVES) {
            if ty.starts_with('?') && !optionals {
                continue;
            }
            let ty = Type::of(ty);
            match leaves.iter_mut().find(|(known, _)| *known == ty) {
                Some((_, known)) => known.extend(*texts),
                None => leaves.push((ty, texts.to_vec())),
            }
        }
        Self { forms, leaves, optionals }
    }

    /// An expression of the type `ty`, at most `depth` rows deep where types allow it.
    pub(crate) fn write(&self, ty: &Type, depth: usize, random: &mut Random) -> Node {
        Writer { vocabulary: self, random, scope: Vec::new() }.write(ty, depth)
    }
}

struct Writer<'a> {
    vocabulary: &'a Vocabulary,
    random: &'a mut Random,
    /// Loop variables in sight, the innermost last.
    scope: Vec<(String, Type)>,
}

impl Writer<'_> {
    fn write(&mut self, ty: &Type, depth: usize) -> Node {
        let composes = depth > 0 && !self.random.once_in(4);
        let composed = if composes { self.compose(ty, depth) } else { None };
        let found = composed.or_else(|| self.leaf(ty)).or_else(|| self.compose(ty, 0));
        found.unwrap_or_else(|| panic!("{ty:?} cannot be written"))
    }

    fn leaf(&mut self, ty: &Type) -> Option<Node> {
        let visible = |at: usize| {
            let (name, found) = &self.scope[at];
            found == ty && self.scope[at + 1..].iter().all(|(inner, _)| inner != name)
        };
        let locals: Vec<usize> = (0..self.scope.len()).filter(|at| visible(*at)).collect();
        if !locals.is_empty() && !self.random.once_in(3) {
            let at = locals[self.random.below(locals.len())];
            return Some(Node::leaf(ty.clone(), self.scope[at].0.clone()));
        }
        let known = &self.vocabulary.leaves;
        let mut texts: Vec<&str> = Vec::new();
        if let Some((_, found)) = known.iter().find(|(it, _)| it == ty) {
            texts.extend(found);
        }
        match ty {
            Type::List(_) => texts.push("[]"),
            Type::Map(..) => texts.push("{}"),
            Type::Optional(_) => texts.push("optional.none()"),
            Type::Scalar(_) | Type::Param(_) => {}
        }
        let bare = texts.len() == 1 && !matches!(ty, Type::Scalar(_));
        // An empty container says little.
        if texts.is_empty() || bare && !self.random.once_in(4) {
            return None;
        }
        let text = self.random.pick(&texts);
        Some(Node::leaf(ty.clone(), text))
    }

    /// A row and its parts; at the depth 0 only parts of smaller types.
    fn compose(&mut self, ty: &Type, depth: usize) -> Option<Node> {
        let vocabulary = self.vocabulary;
        let mut open: Vec<(&Form, Bound)> = Vec::new();
        let mut weights = 0;
        for form in &vocabulary.forms {
            let mut bound = Bound::new();
            if (depth > 0 || form.ends) && form.result.fits(ty, &mut bound) {
                weights += form.weight;
                open.push((form, bound));
            }
        }
        if open.is_empty() {
            return None;
        }
        let mut left = self.random.below(weights);
        let at = open.iter().position(|(form, _)| {
            let is_it = left < form.weight;
            left = left.saturating_sub(form.weight);
            is_it
        });
        let (form, bound) = open.swap_remove(at?);
        Some(self.fill(form, bound, ty, depth.saturating_sub(1)))
    }

    fn fill(&mut self, form: &Form, mut bound: Bound, ty: &Type, depth: usize) -> Node {
        // A few names only, so that inner loops may hide the variables of outer ones.
        let (base, optionals) = (self.scope.len(), self.vocabulary.optionals);
        let name = |letter: char| format!("v{}", (base + usize::from(letter == 'b')) % 4);
        let mut parts = Vec::new();
        for piece in &form.pieces {
            parts.push(match piece {
                Piece::Text(text) => Part::Text((*text).to_owned()),
                Piece::Name(letter) => Part::Text(name(*letter)),
                Piece::Hole { ty, sees } => {
                    for (letter, ty) in sees {
                        let ty = ty.concrete(&mut bound, optionals, self.random);
                        self.scope.push((name(*letter), ty));
                    }
                    let ty = ty.concrete(&mut bound, optionals, self.random);
                    let child = self.write(&ty, depth);
                    self.scope.truncate(base);
                    Part::Child(child)
                }
            });
        }
        Node { ty: ty.clone(), parts }
    }
}
