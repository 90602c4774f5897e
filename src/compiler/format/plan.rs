//! Where an expression may be broken into lines.
//!
//! In:      an expression: its tree and its words.
//! Out:     for each word what stands in front of it on one line, whether a line may begin with
//!          it, and which groups begin and end at it. A group stands on one line as a whole, or
//!          is broken at all its places.
//! Imports: `base`, `compiler::syntax`.
//!
//! Operators are found in the tree, brackets in the words. Groups lie inside one another as the
//! parts of the expression do, so the outermost, which hold the operators of lowest precedence,
//! break first.

use crate::base::index::{Index, IndexVec};
use crate::compiler::format::words::LexedExpression;
use crate::compiler::syntax::ast::{Ast, BinaryOp, Expr, ExprId, ExprKind};
use crate::compiler::syntax::token::Token;

/// An operand of one word that is no longer stays on the line of a comparison.
const SHORT_OPERAND_COLUMNS: usize = 12;

/// The layout of one word.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    /// Whether a blank stands in front of it.
    pub(super) blank: bool,
    /// Whether the group around it has a place to break in front of it.
    pub(super) breaks: bool,
    /// Groups that begin with it, the outermost first.
    pub(super) opens: Vec<Indent>,
    /// Groups that end with it.
    pub(super) closes: usize,
    /// What it is among brackets.
    pub(super) bracket: Bracket,
    /// Whether a comma follows it where the group around it is broken.
    pub(super) comma: bool,
}

/// Which lines of a broken group are indented more than those around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Indent {
    /// All below its first, by one step.
    All,
    /// Those from the first place on that it is broken at, by so many steps: lines inside of its
    /// first operand are not.
    Broken(usize),
}

/// What a word is among brackets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Bracket {
    /// None.
    #[default]
    No,
    /// An opening one: lines behind it are indented.
    Open,
    /// A closing one.
    Close,
}

/// The plan of `read`, whose words are as wide as `widths` says. Where the expression `hangs`, the
/// lines below its first are indented.
pub(super) fn plan(read: &LexedExpression, widths: &[usize], hangs: bool) -> Vec<Slot> {
    let roles = roles(&read.ast, read.root, hangs);
    let mut planner = Planner {
        read,
        widths,
        slots: vec![Slot::default(); read.words.all.len()],
        leads: leads(&roles),
        roles,
        partners: vec![None; read.words.all.len()],
    };
    planner.blanks();
    planner.operators();
    planner.brackets();
    planner.slots
}

/// How an expression stands in its parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// As an operand, a target, an entry: lines of its own are indented.
    Part,
    /// As an argument, an element, the whole: it begins a line of its own where its parent breaks.
    Whole,
    /// As the left operand of an operator of its own precedence.
    Lower,
    /// As the last part of a conditional that is a conditional.
    Else,
    /// As what a member is taken of.
    Target,
}

/// How every expression stands in its parent.
fn roles(ast: &Ast, root: ExprId, hangs: bool) -> IndexVec<ExprId, Role> {
    let mut roles: IndexVec<ExprId, Role> =
        ast.exprs.iter_ids().map(|(_, expr)| grouped_role(expr, Role::Part)).collect();
    let mut put = |id: ExprId, role: Role| {
        if let (Some(expr), Some(place)) = (ast.exprs.get(id), roles.get_mut(id)) {
            *place = grouped_role(expr, role);
        }
    };
    put(root, if hangs { Role::Part } else { Role::Whole });
    for (_, expr) in ast.exprs.iter_ids() {
        match &expr.kind {
            ExprKind::Call { target, args, .. } => {
                for arg in args {
                    put(*arg, Role::Whole);
                }
                if let Some(target) = target {
                    put(*target, Role::Target);
                }
            }
            ExprKind::Select { operand, .. } => put(*operand, Role::Target),
            ExprKind::Index { operand, index, .. } => {
                put(*operand, Role::Target);
                put(*index, Role::Whole);
            }
            ExprKind::List { elements } => {
                for element in elements {
                    put(element.value, Role::Whole);
                }
            }
            ExprKind::Binary { op, lhs, .. } => {
                let same = matches!(ast.kind(*lhs), ExprKind::Binary { op: inner, .. }
                    if level(inner.value) == level(op.value));
                put(*lhs, if same { Role::Lower } else { Role::Part });
            }
            ExprKind::Conditional { no, .. } => {
                let chained = matches!(ast.kind(*no), ExprKind::Conditional { .. });
                put(*no, if chained { Role::Else } else { Role::Part });
            }
            ExprKind::Error
            | ExprKind::Literal(_)
            | ExprKind::Ident { .. }
            | ExprKind::Unary { .. }
            | ExprKind::Logic { .. }
            | ExprKind::Map { .. }
            | ExprKind::Message { .. } => {}
        }
    }
    roles
}

/// In parentheses an expression is a whole, whatever is around them.
fn grouped_role(expr: &Expr, role: Role) -> Role {
    if expr.outer == expr.span { role } else { Role::Whole }
}

/// What begins a line of its own needs no indent to be told from what is around it.
fn leads(roles: &IndexVec<ExprId, Role>) -> IndexVec<ExprId, usize> {
    roles.iter_ids().map(|(_, role)| usize::from(*role != Role::Whole)).collect()
}

/// Operators of one precedence have one level.
const fn level(op: BinaryOp) -> u8 {
    match op {
        BinaryOp::Equal
        | BinaryOp::NotEqual
        | BinaryOp::Less
        | BinaryOp::LessEqual
        | BinaryOp::Greater
        | BinaryOp::GreaterEqual
        | BinaryOp::In => 0,
        BinaryOp::Add | BinaryOp::Subtract => 1,
        BinaryOp::Multiply | BinaryOp::Divide | BinaryOp::Modulo => 2,
    }
}

struct Planner<'r> {
    read: &'r LexedExpression,
    widths: &'r [usize],
    slots: Vec<Slot>,
    roles: IndexVec<ExprId, Role>,
    /// How many steps the lines of each expression are indented, if it is broken: where it is the
    /// first operand of another, one more than the lines of that.
    leads: IndexVec<ExprId, usize>,
    /// For an opening bracket, once it is found, the one that closes it.
    partners: Vec<Option<usize>>,
}

impl Planner<'_> {
    fn token(&self, at: usize) -> Option<Token> {
        self.read.words.token(at)
    }

    fn slot(&mut self, at: usize, change: impl FnOnce(&mut Slot)) {
        if let Some(slot) = self.slots.get_mut(at) {
            change(slot);
        }
    }

    /// A group from word `first` to word `last`.
    fn group(&mut self, first: usize, last: usize, indent: Indent) {
        self.slot(first, |slot| slot.opens.push(indent));
        self.slot(last, |slot| slot.closes += 1);
    }

    /// Indents the lines of `id` by `steps`, unless parentheses are around it.
    fn lead(&mut self, id: ExprId, steps: usize) {
        if self.roles.get(id) != Some(&Role::Whole)
            && let Some(lead) = self.leads.get_mut(id)
        {
            *lead = steps;
        }
    }

    fn breaks(&mut self, at: usize) {
        self.slot(at, |slot| slot.breaks = true);
    }

    /// Blanks stand around operators, behind commas and behind the colon of an entry.
    fn blanks(&mut self) {
        let infix = &self.read.words.infix;
        let is_infix = |at: usize| infix.get(at) == Some(&true);
        for at in 1..self.slots.len() {
            let before = matches!(self.token(at - 1), Some(Token::Comma | Token::Colon));
            let blank = before || is_infix(at) || is_infix(at - 1);
            self.slot(at, |slot| slot.blank = blank);
        }
    }

    /// Groups of operators and of members, parents before their children.
    fn operators(&mut self) {
        let ast = &self.read.ast;
        for at in (0..ast.exprs.len()).rev() {
            let id = ExprId::from_usize(at);
            let Some(expr) = ast.exprs.get(id) else { continue };
            let role = self.roles.get(id).copied().unwrap_or(Role::Part);
            let lead = self.leads.get(id).copied().unwrap_or(1);
            let first = self.read.words.starting(expr.span.start);
            let last = self.read.words.ending(expr.span.end);
            match &expr.kind {
                ExprKind::Logic { ops, operands, .. } => {
                    self.group(first, last, Indent::Broken(lead));
                    if let Some(operand) = operands.first() {
                        self.lead(*operand, lead + 1);
                    }
                    for op in ops {
                        self.breaks(self.read.words.starting(op.start));
                    }
                }
                ExprKind::Binary { op, lhs, rhs } => {
                    let grouped = role != Role::Lower && self.is_broken(id);
                    if grouped {
                        self.group(first, last, Indent::Broken(lead));
                    }
                    self.lead(*lhs, lead + usize::from(grouped));
                    if !self.stays(*rhs, op.value) {
                        self.breaks(self.read.words.starting(op.span.start));
                    }
                }
                ExprKind::Conditional { yes, no, question, colon, .. } => {
                    let chained = role == Role::Else
                        || self.roles.get(*no).is_some_and(|role| *role == Role::Else);
                    if role != Role::Else {
                        self.group(first, last, Indent::All);
                    }
                    if chained {
                        let end = ast.exprs.get(*yes).map_or(expr.span.end, |yes| yes.outer.end);
                        self.group(first, self.read.words.ending(end), Indent::All);
                    }
                    self.breaks(self.read.words.starting(question.start));
                    self.breaks(self.read.words.starting(colon.start));
                }
                ExprKind::Call { target: Some(_), .. }
                | ExprKind::Select { .. }
                | ExprKind::Index { .. } => {
                    if role != Role::Target {
                        self.members(id, lead.max(1), first, last);
                    }
                }
                ExprKind::Call { target: None, .. }
                | ExprKind::Error
                | ExprKind::Literal(_)
                | ExprKind::Ident { .. }
                | ExprKind::List { .. }
                | ExprKind::Map { .. }
                | ExprKind::Message { .. } => {}
                ExprKind::Unary { operand, .. } => self.lead(*operand, lead),
            }
        }
    }

    /// Whether a line may begin with an operator of the precedence of `id`.
    fn is_broken(&self, id: ExprId) -> bool {
        let mut at = id;
        while let ExprKind::Binary { op, lhs, rhs } = self.read.ast.kind(at) {
            if !self.stays(*rhs, op.value) {
                return true;
            }
            if self.roles.get(*lhs) != Some(&Role::Lower) {
                return false;
            }
            at = *lhs;
        }
        false
    }

    /// Whether a right operand stays on the line of its operator: a literal with brackets, which
    /// breaks inside them, or a short word.
    fn stays(&self, rhs: ExprId, op: BinaryOp) -> bool {
        let Some(rhs) = self.read.ast.exprs.get(rhs).filter(|rhs| rhs.outer == rhs.span) else {
            return false;
        };
        let first = self.read.words.starting(rhs.span.start);
        let one = first == self.read.words.ending(rhs.span.end);
        let width = self.widths.get(first).copied().unwrap_or(0);
        let bracketed = matches!(
            rhs.kind,
            ExprKind::List { .. } | ExprKind::Map { .. } | ExprKind::Message { .. }
        );
        level(op) == 0 && (bracketed || one && width <= SHORT_OPERAND_COLUMNS)
    }

    /// The methods called on one another in `top`: from two on, each may begin a line, but for one
    /// called on a plain name.
    fn members(&mut self, top: ExprId, lead: usize, first: usize, last: usize) {
        let (mut calls, mut dots) = (0, Vec::new());
        let mut at = top;
        while let Some(expr) = self.read.ast.exprs.get(at) {
            let target = match &expr.kind {
                ExprKind::Call { target: Some(target), name, .. } => {
                    calls += 1;
                    let plain = matches!(self.read.ast.kind(*target), ExprKind::Ident { .. });
                    if !plain {
                        dots.push(self.read.words.starting(name.span.start).saturating_sub(1));
                    }
                    *target
                }
                ExprKind::Select { operand, .. } | ExprKind::Index { operand, .. } => *operand,
                ExprKind::Call { target: None, .. }
                | ExprKind::Error
                | ExprKind::Literal(_)
                | ExprKind::Ident { .. }
                | ExprKind::Unary { .. }
                | ExprKind::Binary { .. }
                | ExprKind::Logic { .. }
                | ExprKind::Conditional { .. }
                | ExprKind::List { .. }
                | ExprKind::Map { .. }
                | ExprKind::Message { .. } => break,
            };
            if self.roles.get(target) != Some(&Role::Target) {
                break;
            }
            at = target;
        }
        if calls < 2 || dots.is_empty() {
            return;
        }
        self.group(first, last, Indent::Broken(lead));
        for dot in dots {
            self.breaks(dot);
        }
    }

    /// Groups of brackets.
    fn brackets(&mut self) {
        let mut open: Vec<Pair> = Vec::new();
        for at in 0..self.slots.len() {
            let Some(token) = self.token(at) else { continue };
            if token.closer().is_some() {
                open.push(Pair { open: at, starts: vec![at + 1] });
            } else if token == Token::Comma {
                if let Some(pair) = open.last_mut() {
                    pair.starts.push(at + 1);
                }
            } else if token.bracket().is_some()
                && let Some(pair) = open.pop()
            {
                if let Some(partner) = self.partners.get_mut(pair.open) {
                    *partner = Some(at);
                }
                self.pair(&pair, at);
            }
        }
    }

    /// The brackets `pair`, which word `close` closes.
    fn pair(&mut self, pair: &Pair, close: usize) {
        if pair.open + 1 == close || self.holds_together(pair, close) {
            return;
        }
        self.group(pair.open, close, Indent::Broken(0));
        self.slot(pair.open, |slot| slot.bracket = Bracket::Open);
        self.slot(close, |slot| slot.bracket = Bracket::Close);
        self.breaks(close);
        let call = self.token(pair.open) == Some(Token::OpenParen) && self.after_operand(pair.open);
        let named = if call { self.leading_names(pair, close) } else { 0 };
        for start in pair.starts.iter().skip(named) {
            self.breaks(*start);
        }
        if self.is_literal(pair.open) {
            self.slot(close - 1, |slot| slot.comma = true);
        }
    }

    /// Whether the bracket at `open` is that of a list, a map or a message.
    fn is_literal(&self, open: usize) -> bool {
        match self.token(open) {
            Some(Token::OpenBracket) => !self.after_operand(open),
            token => token == Some(Token::OpenBrace),
        }
    }

    /// Whether all that a call, an index or parentheses hold is one word, or a literal that has
    /// brackets of its own.
    fn holds_together(&self, pair: &Pair, close: usize) -> bool {
        if self.is_literal(pair.open) || pair.starts.len() > 1 {
            return false;
        }
        let first = pair.open + 1;
        if first + 1 == close {
            return true;
        }
        let in_name = |token| matches!(token, Some(Token::Ident | Token::Reserved | Token::Dot));
        let opens = (first..close).find(|at| !in_name(self.token(*at)));
        opens.is_some_and(|opens| {
            let list = opens == first && self.token(opens) == Some(Token::OpenBracket);
            let fields = self.token(opens) == Some(Token::OpenBrace);
            (list || fields) && self.partners.get(opens) == Some(&Some(close - 1))
        })
    }

    /// The number of arguments that stay on the line of a call: plain names in front of another
    /// argument, as the variable of a macro.
    fn leading_names(&self, pair: &Pair, close: usize) -> usize {
        let ends = pair.starts.iter().skip(1).map(|next| next - 1).chain([close]);
        let plain = |(start, end): (&usize, usize)| {
            start + 1 == end && self.token(*start) == Some(Token::Ident)
        };
        let count = pair.starts.iter().zip(ends).take_while(|it| plain(*it)).count();
        if count < pair.starts.len() { count } else { 0 }
    }

    fn after_operand(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.token(before));
        before.is_some_and(Token::ends_operand)
    }
}

/// An opening bracket, and the words that elements behind it start with.
struct Pair {
    open: usize,
    starts: Vec<usize>,
}
