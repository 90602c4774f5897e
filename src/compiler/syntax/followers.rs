//! Errors that only follow from another: a reader sees one finding for one mistake.
//!
//! In:      the errors of an expression, and its words.
//! Out:     those that say something of their own, by place.
//! Imports: `base`, `compiler::source`.
//!
//! Where the reader of the grammar lost what the author meant, it finds its way again at an
//! operator, a comma or an opening bracket. What it cannot read before that is the same mistake;
//! so is whatever cannot be read behind a word such as `if`, which begins a statement.

use crate::base::arrange::Arrange as _;
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::error::SyntaxError;
use crate::compiler::syntax::token::{Lexeme, Token};

/// Reserved words that begin a statement of other languages.
const STATEMENTS: [&str; 9] =
    ["if", "else", "for", "while", "loop", "return", "let", "const", "var"];

/// Sorts `errors` by place and drops those that follow from another.
pub(crate) fn drop_followers(source: &Embedded, words: &[Lexeme], errors: &mut Vec<SyntaxError>) {
    errors.arrange_by_key(|error| (error.span().start, error.span().end));
    errors.dedup();
    let place = |word: &Lexeme| (word.token, source.span_of(word.start, word.end));
    let mut rest = words.iter().map(place).peekable();
    let (mut lost, mut statement) = (None, false);
    errors.retain(|error| {
        let at = error.span();
        if let SyntaxError::UnclosedBracket { .. } = error {
            lost = Some(at.end);
        }
        if !error.is_lost() {
            return true;
        }
        let mut afresh = false;
        while let Some((token, span)) = rest.next_if(|(_, span)| span.end <= at.start) {
            afresh |= lost.is_some_and(|end| end <= span.start) && starts_afresh(token);
        }
        let known = matches!(error, SyntaxError::ForeignName { .. });
        let follows = !afresh && !known && lost.is_some_and(|end| end <= at.start);
        lost = Some(at.end);
        if follows || statement {
            return false;
        }
        statement |= matches!(error, SyntaxError::Reserved { word, .. }
            if STATEMENTS.contains(&word.as_str()));
        true
    });
}

/// Whether an operand begins behind this word, whatever stood before it.
fn starts_afresh(token: Token) -> bool {
    let hole = matches!(token, Token::Unknown | Token::Dot | Token::Not | Token::Sign);
    !token.ends_operand() && !hole
}
