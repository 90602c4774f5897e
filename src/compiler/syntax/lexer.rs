//! Text to words.
//!
//! In:      the text of an expression.
//! Out:     every byte of it in exactly one `Lexeme`, ascending; trivia are words too, so that
//!          what stands in comments is looked at as well.
//! Imports: its own room alone.

use logos::{Logos, SpannedIter};

use crate::compiler::syntax::token::{Lexeme, Token};

/// The words of `text`, white space and comments included.
#[must_use]
pub fn lexemes(text: &str) -> Lexemes<'_> {
    Lexemes { text, words: Token::lexer(text).spanned(), waiting: None }
}

/// The words that the grammar sees.
pub fn words(text: &str) -> impl Iterator<Item = Lexeme> {
    lexemes(text).filter(|lexeme| !lexeme.token.is_trivia())
}

/// Whether `text` is a word that CEL keeps for itself, so that no variable can be called so.
#[must_use]
pub fn is_reserved(text: &str) -> bool {
    let whole = lexemes(text).next().filter(|word| word.end == text.len());
    whole.is_some_and(|word| {
        let token = word.token;
        matches!(token, Token::Reserved | Token::True | Token::False | Token::Null | Token::In)
    })
}

/// See [`lexemes`].
pub struct Lexemes<'s> {
    text: &'s str,
    words: SpannedIter<'s, Token>,
    waiting: Option<Lexeme>,
}

impl Iterator for Lexemes<'_> {
    type Item = Lexeme;

    fn next(&mut self) -> Option<Lexeme> {
        if let Some(lexeme) = self.waiting.take() {
            return Some(lexeme);
        }
        let (token, range) = self.words.next()?;
        let token = token.unwrap_or(Token::Unknown);
        let lexeme = Lexeme { token, start: range.start, end: range.end };
        if token == Token::BadNumber
            && let Some((number, operator)) = self.number_and_in(lexeme)
        {
            self.waiting = Some(operator);
            return Some(number);
        }
        Some(lexeme)
    }
}

impl Lexemes<'_> {
    /// `1in` is a number and an operator: the one place where the longest match is not CEL's.
    fn number_and_in(&self, lexeme: Lexeme) -> Option<(Lexeme, Lexeme)> {
        let digits = self.text.get(lexeme.range())?.strip_suffix("in")?;
        let mut inner = Token::lexer(digits);
        let token = inner.next()?.ok()?;
        let whole = inner.span().end == digits.len();
        if !whole || !matches!(token, Token::Int | Token::Uint | Token::Double) {
            return None;
        }
        let middle = lexeme.start + digits.len();
        Some((
            Lexeme { token, start: lexeme.start, end: middle },
            Lexeme { token: Token::In, start: middle, end: lexeme.end },
        ))
    }
}
