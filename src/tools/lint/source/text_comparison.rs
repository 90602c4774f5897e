//! W0531: an amount or an identity that is compared as text.

use crate::compiler::syntax::ast::{BinaryOp, ExprId};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::lang::types::{Type, TypeTable};
use crate::tools::lint::names::{is_amount, is_identity, is_mail};
use crate::tools::lint::parts::Part;
use crate::tools::lint::shape::{binary, call, text};
use crate::tools::lint::source::loose_match::is_hostname;
use crate::tools::lint::subject::Subject;

/// Reports numbers that are ordered as text, and identities that let a call through by a piece of
/// them, or whatever their case.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    for id in subject.written() {
        if let Some((op, _, lhs, rhs)) = binary(subject.ast(), id)
            && matches!(
                op,
                BinaryOp::Less | BinaryOp::LessEqual | BinaryOp::Greater | BinaryOp::GreaterEqual
            )
        {
            ordering(subject, id, [lhs, rhs], sink);
        }
    }
    for part in subject.parts().iter().filter(|part| part.lets_pass) {
        piece(subject, *part, sink);
        folding(subject, *part, sink);
    }
}

/// `amount < "1000"`
fn ordering(subject: &Subject<'_>, id: ExprId, operands: [ExprId; 2], sink: &mut Sink) {
    let types = &subject.checked.analysis().types;
    let is_text = |id: &ExprId| {
        let ty = subject.checked.type_of(*id);
        *types.get(ty) == Type::String || ty == TypeTable::DYN
    };
    let certain =
        operands.iter().any(|id| *types.get(subject.checked.type_of(*id)) == Type::String);
    let number = operands.iter().any(|id| text(subject.ast(), *id).is_some_and(is_number));
    let literal = operands.iter().any(|id| text(subject.ast(), *id).is_some());
    let amounts = operands.iter().any(|id| is_amount(subject, *id)) && !literal;
    if !operands.iter().all(is_text) || !certain || !(number || amounts) {
        return;
    }
    let fact = "numbers are ordered as text";
    let label = "letter by letter, so that \"9\" is above \"10\"";
    let found = Diagnostic::new(Code::TextComparison, subject.ast().span(id), fact, label);
    sink.report(found.help("compare numbers, as in `int(x) < 1000`"));
}

/// Whether a text is a number that was not padded to be ordered as text.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let padded = digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.");
    let spelled = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    spelled && !padded && digits.parse::<f64>().is_ok()
}

/// `email.contains("@example.com")`
fn piece(subject: &Subject<'_>, part: Part, sink: &mut Sink) {
    let Some(call) = call(subject, part.expr) else { return };
    let [whole, piece] = call.operands.as_slice() else { return };
    let Some(text) = text(subject.ast(), *piece) else { return };
    let joint = |letter: Option<char>| letter.is_some_and(|it| !it.is_alphanumeric());
    let label = match call.name {
        "contains" => "anywhere in it",
        "startsWith" if !joint(text.chars().next_back()) => "whatever follows",
        "endsWith" if !joint(text.chars().next()) => "whatever stands before",
        _ => return,
    };
    if text.is_empty()
        || !is_identity(subject, *whole)
        || is_hostname(text) && is_mail(subject, *whole)
    {
        return;
    }
    let fact = "a piece of an identity lets this through";
    let found = Diagnostic::new(Code::TextComparison, subject.ast().span(part.expr), fact, label);
    sink.report(found.help("compare the whole of it, or up to a sign that ends the piece"));
}

/// `user.lowerAscii() == "root"`
fn folding(subject: &Subject<'_>, part: Part, sink: &mut Sink) {
    let Some((BinaryOp::Equal | BinaryOp::In, _, lhs, rhs)) = binary(subject.ast(), part.expr)
    else {
        return;
    };
    let folded = |id: &ExprId| {
        let call = call(subject, *id)?;
        let operand = *call.operands.first()?;
        let folds = matches!(call.name, "lowerAscii" | "upperAscii" | "toLower" | "toUpper");
        let identity = is_identity(subject, operand) && !is_mail(subject, operand);
        (folds && identity).then_some(call.at)
    };
    if let Some(at) = [lhs, rhs].iter().find_map(folded) {
        let fact = "identities that differ in case are taken for one";
        let found = Diagnostic::new(Code::TextComparison, at, fact, "the case is lost here");
        sink.report(found.help("compare them as they are"));
    }
}
