//! The small changes of a source that a test should notice: another operator, another value of a
//! function, an arm or a guard that is not there.
//!
//! In:      the text of a file.
//! Out:     what to insert where, so that each change can be chosen when the program runs.
//! Source:  the changes of cargo-mutants, but for those of fields of structs.

use proc_macro2::Span;
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Attribute, BinOp, Block, Expr, Signature, UnOp};

use crate::values;

/// One change.
pub(crate) struct Change {
    /// The line that it is in, from 1 on.
    pub(crate) line: usize,
    pub(crate) what: String,
}

/// A piece of text to insert. Pieces at one place are sorted: what ends there, the innermost first,
/// before what begins there, the outermost first.
pub(crate) struct Piece {
    pub(crate) at: usize,
    order: (u8, isize),
    pub(crate) text: Text,
}

pub(crate) enum Text {
    Plain(&'static str),
    /// `before`, the number of the change, `after`; `is_code` says that `after` is code that stands
    /// in the place of what was there.
    Chosen {
        change: usize,
        before: &'static str,
        after: String,
    },
}

#[derive(Default)]
pub(crate) struct Found {
    pub(crate) changes: Vec<Change>,
    pub(crate) pieces: Vec<Piece>,
}

struct Finder<'a> {
    text: &'a str,
    function: String,
    found: Found,
}

/// What can be changed in the source `text`.
pub(crate) fn find(text: &str) -> Result<Found, syn::Error> {
    let file = syn::parse_file(text)?;
    let mut finder = Finder { text, function: String::new(), found: Found::default() };
    finder.visit_file(&file);
    finder.found.pieces.sort_by_key(|piece| (piece.at, piece.order));
    Ok(finder.found)
}

fn signed(at: usize) -> isize {
    isize::try_from(at).unwrap_or(isize::MAX)
}

impl Finder<'_> {
    fn source(&self, span: Span) -> &str {
        self.text.get(span.byte_range()).unwrap_or_default()
    }

    /// Notes a change and gives its number in this file.
    fn change(&mut self, span: Span, what: String) -> usize {
        let what = format!("{what} in {}", self.function);
        self.found.changes.push(Change { line: span.start().line, what });
        self.found.changes.len() - 1
    }

    fn piece(&mut self, at: usize, order: (u8, isize), text: Text) {
        self.found.pieces.push(Piece { at, order, text });
    }

    /// Each of `instead` may stand in the place of the expression at `span`.
    fn replace(&mut self, span: Span, at: Span, instead: Vec<(String, String)>) {
        let (start, end) = (span.byte_range().start, span.byte_range().end);
        let count = instead.len();
        for (index, (what, code)) in instead.into_iter().enumerate() {
            let change = self.change(at, what);
            let before =
                if index == 0 { "(if crate::planted::is(" } else { "else if crate::planted::is(" };
            let order = (1, -2 * signed(end));
            self.piece(
                start,
                order,
                Text::Chosen { change, before, after: format!(") {{ {code} }} ") },
            );
        }
        if count > 0 {
            self.piece(start, (1, -2 * signed(end)), Text::Plain("else { "));
            self.piece(end, (0, -2 * signed(start)), Text::Plain(" })"));
        }
    }

    /// The function with this body may give another value.
    fn function(&mut self, attributes: &[Attribute], signature: &Signature, body: &Block) {
        if is_for_tests(attributes) {
            return;
        }
        let outer = std::mem::replace(&mut self.function, signature.ident.to_string());
        let inside = self.source(body.span()).trim_matches(['{', '}']).trim().to_owned();
        let at = body.brace_token.span.open().byte_range().end;
        for value in values::of(signature) {
            if value == inside || (value == "()" && inside.is_empty()) {
                continue;
            }
            let change = self.change(signature.ident.span(), format!("value {value}"));
            let text = Text::Chosen {
                change,
                before: " if crate::planted::is(",
                after: format!(") {{ return {value}; }} "),
            };
            self.piece(at, (1, isize::MIN), text);
        }
        self.visit_block(body);
        self.function = outer;
    }
}

/// Whether what has these attributes is there for tests only.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let name = attribute.path().get_ident().map(ToString::to_string);
        let is = |wanted: &str| name.as_deref() == Some(wanted);
        let list = attribute.meta.require_list().map(|list| list.tokens.to_string());
        is("test") || (is("cfg") && list.is_ok_and(|list| list.contains("test")))
    })
}

/// What may stand in the place of an operator.
fn others(operator: &BinOp) -> &'static [&'static str] {
    match operator {
        BinOp::Eq(_) => &["!="],
        BinOp::Ne(_) => &["=="],
        BinOp::And(_) => &["||"],
        BinOp::Or(_) => &["&&"],
        BinOp::Lt(_) => &["==", ">", "<="],
        BinOp::Gt(_) => &["==", "<", ">="],
        BinOp::Le(_) => &[">", "<"],
        BinOp::Ge(_) => &["<", ">"],
        BinOp::Add(_) => &["-", "*"],
        BinOp::Sub(_) => &["+", "/"],
        BinOp::Mul(_) => &["+", "/"],
        BinOp::Div(_) => &["%", "*"],
        BinOp::Rem(_) => &["/", "+"],
        BinOp::BitAnd(_) => &["|", "^"],
        BinOp::BitOr(_) => &["&", "^"],
        BinOp::BitXor(_) => &["|", "&"],
        BinOp::Shl(_) => &[">>"],
        BinOp::Shr(_) => &["<<"],
        BinOp::AddAssign(_) => &["-=", "*="],
        BinOp::SubAssign(_) => &["+=", "/="],
        BinOp::MulAssign(_) => &["+=", "/="],
        BinOp::DivAssign(_) => &["%=", "*="],
        BinOp::RemAssign(_) => &["/=", "+="],
        BinOp::BitAndAssign(_) => &["|=", "^="],
        BinOp::BitOrAssign(_) => &["&=", "^="],
        BinOp::BitXorAssign(_) => &["|=", "&="],
        BinOp::ShlAssign(_) => &[">>="],
        BinOp::ShrAssign(_) => &["<<="],
        _ => &[],
    }
}

/// Whether a condition binds names, as `let .. && ..` does.
fn binds(expression: &Expr) -> bool {
    match expression {
        Expr::Let(_) => true,
        Expr::Binary(binary) => binds(&binary.left) || binds(&binary.right),
        _ => false,
    }
}

impl<'ast> Visit<'ast> for Finder<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let of = item.trait_.as_ref().and_then(|(_, path, _)| path.segments.last());
        if !of.is_some_and(|of| of.ident == "Debug") && !is_for_tests(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.attrs, &item.sig, &item.block);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.attrs, &item.sig, &item.block);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(body) = &item.default {
            self.function(&item.attrs, &item.sig, body);
        }
    }

    // What is known when the program is compiled cannot be chosen when it runs.
    fn visit_item_const(&mut self, _: &'ast syn::ItemConst) {}
    fn visit_impl_item_const(&mut self, _: &'ast syn::ImplItemConst) {}
    fn visit_item_static(&mut self, _: &'ast syn::ItemStatic) {}
    fn visit_item_enum(&mut self, _: &'ast syn::ItemEnum) {}
    fn visit_type(&mut self, _: &'ast syn::Type) {}
    fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
    fn visit_attribute(&mut self, _: &'ast Attribute) {}

    fn visit_expr_repeat(&mut self, repeat: &'ast syn::ExprRepeat) {
        self.visit_expr(&repeat.expr);
    }

    fn visit_expr_binary(&mut self, binary: &'ast syn::ExprBinary) {
        if !binds(&binary.left) && !binds(&binary.right) {
            let (left, right) = (binary.left.span(), binary.right.span());
            let operator = self.source(binary.op.span()).to_owned();
            let between =
                |other: &str| format!("{} {other} {}", self.source(left), self.source(right));
            let instead = others(&binary.op)
                .iter()
                .map(|other| (format!("{operator} -> {other}"), between(other)))
                .collect();
            self.replace(binary.span(), binary.op.span(), instead);
        }
        visit::visit_expr_binary(self, binary);
    }

    fn visit_expr_unary(&mut self, unary: &'ast syn::ExprUnary) {
        if matches!(unary.op, UnOp::Not(_) | UnOp::Neg(_)) {
            let what = format!("{} deleted", self.source(unary.op.span()));
            let code = self.source(unary.expr.span()).to_owned();
            self.replace(unary.span(), unary.span(), vec![(what, code)]);
        }
        visit::visit_expr_unary(self, unary);
    }

    fn visit_expr_match(&mut self, item: &'ast syn::ExprMatch) {
        let last = item.arms.last();
        let is_open =
            last.is_some_and(|arm| matches!(arm.pat, syn::Pat::Wild(_)) && arm.guard.is_none());
        for (index, arm) in item.arms.iter().enumerate() {
            let is_last = index + 1 == item.arms.len();
            let pattern =
                self.source(arm.pat.span()).split_whitespace().collect::<Vec<_>>().join(" ");
            if let Some((_, guard)) = &arm.guard {
                if binds(guard) {
                    continue;
                }
                let (start, end) = (guard.span().byte_range().start, guard.span().byte_range().end);
                let order = (1, -2 * signed(end) - 1);
                let span = guard.span();
                let held = self.change(span, format!("guard of {pattern} -> true"));
                let missed = self.change(span, format!("guard of {pattern} -> false"));
                for (change, before, after) in [
                    (held, "crate::planted::is(", ") || (!"),
                    (missed, "crate::planted::is(", ") && ("),
                ] {
                    self.piece(
                        start,
                        order,
                        Text::Chosen { change, before, after: after.to_owned() },
                    );
                }
                self.piece(end, (0, -2 * signed(start) + 1), Text::Plain("))"));
            } else if is_open && !is_last {
                let end = arm.pat.span().byte_range().end;
                let change = self.change(arm.pat.span(), format!("arm {pattern} deleted"));
                let before = " if !crate::planted::is(";
                self.piece(end, (0, 0), Text::Chosen { change, before, after: ")".to_owned() });
            }
        }
        visit::visit_expr_match(self, item);
    }
}
