//! From what the grammar could have read to what a reader wants to know.
//!
//! In:      an error of the generated parser, and the words around it.
//! Out:     one fact, and whether it only follows from another that was reported before.
//! Imports: `base`, `compiler::source`.

use lalrpop_util::ParseError;

use crate::base::invisible::{invisible, spelled};
use crate::base::span::Span;
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::error::{Expected, SyntaxError};
use crate::compiler::syntax::stream::Stream;
use crate::compiler::syntax::token::{Lexeme, Token};

/// Longest text of the author that a message repeats.
const SHOWN_CHARS_MAX: usize = 24;

/// What to say about `error`, and whether that only follows from an error before.
#[must_use]
pub(crate) fn explain(
    source: &Embedded,
    stream: &Stream,
    error: &ParseError<usize, Token, ()>,
) -> Option<(SyntaxError, bool)> {
    let (at, expected) = match error {
        ParseError::UnrecognizedToken { token: (start, token, end), expected } => {
            let word = Lexeme { token: *token, start: *start, end: *end };
            (place(stream, word), expected.as_slice())
        }
        ParseError::UnrecognizedEof { expected, .. } => (stream.words.len(), expected.as_slice()),
        ParseError::ExtraToken { token: (start, token, end) } => {
            (place(stream, Lexeme { token: *token, start: *start, end: *end }), [].as_slice())
        }
        ParseError::InvalidToken { .. } | ParseError::User { .. } => return None,
    };
    let scene = ErrorContext { source, stream, at, wanted: wanted(expected) };
    let follows = scene.follows();
    Some((scene.fact(), follows))
}

/// The index of `word`.
fn place(stream: &Stream, word: Lexeme) -> usize {
    let from = stream.words.partition_point(|other| other.start < word.start);
    let after = stream.words.iter().skip(from).position(|other| *other == word);
    from + after.unwrap_or(0)
}

/// What the grammar could have read, sorted out.
#[derive(Debug, Default)]
struct Expectation {
    name: bool,
    shown: Expected,
}

fn wanted(terminals: &[String]) -> Expectation {
    let has = |text: &str| terminals.iter().any(|terminal| terminal.trim_matches('"') == text);
    let operand = has("(") && has("name");
    // Every operand may be called or selected from, so `(` alone says nothing.
    let operator = !operand && has("+");
    let marks: Vec<&'static str> =
        [",", ":", ")", "]", "}"].into_iter().filter(|mark| has(mark)).collect();
    let name = has("name") && !operand;
    // The parser may finish the expression before it looks at the word behind it.
    let operator = operator || !(operand || name) && marks.is_empty();
    Expectation { name, shown: Expected { operand, operator, marks } }
}

/// The place of an error.
struct ErrorContext<'a> {
    source: &'a Embedded,
    stream: &'a Stream,
    /// Index of the word that was not expected; the number of words at the end of the text.
    at: usize,
    wanted: Expectation,
}

impl ErrorContext<'_> {
    fn word(&self) -> Option<Lexeme> {
        self.stream.words.get(self.at).copied()
    }

    fn before(&self, count: usize) -> Option<Lexeme> {
        self.stream.words.get(self.at.checked_sub(count)?).copied()
    }

    fn token_before(&self, count: usize) -> Option<Token> {
        self.before(count).map(|word| word.token)
    }

    fn text(&self, word: Lexeme) -> &str {
        self.source.text.get(word.range()).unwrap_or_default()
    }

    fn span_of(&self, word: Lexeme) -> Span {
        self.source.span_of(word.start, word.end)
    }

    /// The bytes of the word, or the place behind the last word at the end of the text.
    fn span(&self) -> Span {
        match self.word() {
            Some(word) if word.start < word.end => self.span_of(word),
            Some(_) | None => {
                let end = self.before(1).map_or(0, |word| word.end);
                self.source.span_of(end, end)
            }
        }
    }

    /// Whether the error only follows from one that was reported already.
    fn follows(&self) -> bool {
        let word = self.word();
        let token = word.map(|word| word.token);
        if token == Some(Token::Unknown) || self.token_before(1) == Some(Token::Unknown) {
            return true;
        }
        // Brackets are balanced. If the grammar waits for another one, or for any at the end,
        // then the partner of this one was lost in an error before.
        let closers = [")", "]", "}"];
        let waits = self.wanted.shown.marks.iter().any(|mark| closers.contains(mark));
        let mark = token.and_then(Token::bracket).filter(|mark| ")]}".contains(*mark));
        let right = mark.is_some_and(|mark| {
            self.wanted.shown.marks.iter().any(|wanted| wanted.starts_with(mark))
        });
        let operand_missing = self.wanted.shown.operand || self.wanted.name;
        if (mark.is_some() || token.is_none()) && waits && !right && !operand_missing {
            return true;
        }
        if mark.is_some() && !waits && !operand_missing && !self.colon() {
            return true;
        }
        // The colon of a conditional that was reported at its second `?`.
        if token == Some(Token::Colon) && !operand_missing && self.question().is_some() {
            return true;
        }
        // A bracket that was missing is one error, and what lacks in front of it the same one,
        // unless that is an operand.
        if word.is_some_and(|word| word.start == word.end) && !self.after_operator() {
            return true;
        }
        if self.after_invisible() {
            return true;
        }
        let offset = word.or_else(|| self.before(1)).map_or(0, |word| word.start);
        self.stream.unclosed.iter().any(|start| {
            let between = (*start).min(offset)..(*start).max(offset);
            !self.source.text.get(between).unwrap_or_default().contains('\n')
        })
    }

    fn colon(&self) -> bool {
        self.wanted.shown.marks.contains(&":")
    }

    /// Whether the word before joins two operands.
    fn after_operator(&self) -> bool {
        self.token_before(1).is_some_and(|token| {
            !token.ends_operand()
                && token.closer().is_none()
                && !matches!(token, Token::Comma | Token::Dot | Token::Colon | Token::Question)
        })
    }

    /// Whether an invisible character, which was reported, cuts the word from the one before.
    fn after_invisible(&self) -> bool {
        let end = self.before(1).map_or(0, |word| word.end);
        let start = self.word().map_or(self.source.text.len(), |word| word.start);
        let between = self.source.text.get(end..start).unwrap_or_default();
        between.chars().any(|c| invisible(c).is_some())
    }

    fn fact(self) -> SyntaxError {
        let at = self.span();
        let token = self.word().map(|word| word.token);
        let before = self.token_before(1);
        let operand = self.wanted.shown.operand;
        if before == Some(Token::Dot) && self.wanted.name && !operand {
            return self.after_dot(at);
        }
        if self.wanted.name && !operand {
            return self.expected_name(at, true);
        }
        if let Some(last) = self.before(1)
            && last.token == Token::Reserved
            && self.token_before(2) != Some(Token::Dot)
            && !operand
        {
            let word = self.text(last).to_owned();
            return SyntaxError::Reserved { at: self.span_of(last), word, call: false };
        }
        match token {
            Some(Token::Quoted) if operand => SyntaxError::QuotedName { at, call: false },
            Some(Token::OpenParen) if before == Some(Token::Quoted) => {
                let at = self.before(1).map_or(at, |word| self.span_of(word));
                SyntaxError::QuotedName { at, call: true }
            }
            Some(Token::Not | Token::Minus)
                if operand && matches!(before, Some(Token::Not | Token::Minus)) =>
            {
                SyntaxError::MixedUnary { at }
            }
            Some(Token::Question) if self.colon() => match self.question() {
                Some(outer) => SyntaxError::InnerConditional { at, outer },
                None => self.unexpected(at),
            },
            Some(Token::CloseParen) if operand && before == Some(Token::Comma) => {
                let at = self.before(1).map_or(at, |word| self.span_of(word));
                SyntaxError::ArgumentComma { at }
            }
            Some(Token::Ident) if !operand && self.is_test() => {
                let name = self.word().map(|word| self.text(word).to_owned());
                SyntaxError::Infix { at, name: name.unwrap_or_default() }
            }
            Some(Token::Comma) if !operand => self.comma(at),
            _ => self.missing_colon(at),
        }
    }

    /// A comma outside of all brackets: in a number, or in a list that lacks its brackets.
    fn comma(self, at: Span) -> SyntaxError {
        if let (Some(head), Some(tail)) = (self.before(1), self.after())
            && head.token == Token::Int
            && head.end + 1 == tail.start
            && matches!(tail.token, Token::Int | Token::Double)
        {
            let plain = format!("{}{}", self.text(head), self.text(tail));
            return SyntaxError::NumberCommas {
                at: self.span_of(head).to(self.span_of(tail)),
                plain,
            };
        }
        let words = self.stream.words.get(..self.at).unwrap_or_default();
        let behind = words.iter().rev().take_while(|word| word.token != Token::In).count();
        let literals = |word: &Lexeme| {
            matches!(word.token, Token::String | Token::Int | Token::Uint | Token::Double)
        };
        match words.get(words.len() - behind..) {
            Some([first]) if behind < words.len() && literals(first) => {
                SyntaxError::BareList { at, first: self.span_of(*first) }
            }
            Some(_) | None => self.missing_colon(at),
        }
    }

    fn after(&self) -> Option<Lexeme> {
        self.stream.words.get(self.at + 1).copied()
    }

    /// The functions that other languages have as operators.
    fn is_test(&self) -> bool {
        let text = self.word().map(|word| self.text(word)).unwrap_or_default();
        matches!(text, "contains" | "startsWith" | "endsWith" | "matches")
    }

    /// A conditional that ends without its other value.
    fn missing_colon(self, at: Span) -> SyntaxError {
        let token = self.word().map(|word| word.token);
        let ends = matches!(
            token,
            None | Some(Token::Comma | Token::CloseParen | Token::CloseBracket | Token::CloseBrace)
        );
        if ends
            && self.colon()
            && !self.wanted.shown.operand
            && let Some(question) = self.question()
        {
            return SyntaxError::NoColon { at: self.span().at_start(), question };
        }
        self.unexpected(at)
    }

    /// The `?` that waits for its `:`, inside the brackets of the place.
    fn question(&self) -> Option<Span> {
        let mut closed = 0_usize;
        let mut colons = 0_usize;
        let words = self.stream.words.get(..self.at)?;
        for (index, word) in words.iter().enumerate().rev() {
            if word.token.closer().is_some() {
                closed = closed.checked_sub(1)?;
            } else if word.token.bracket().is_some() {
                closed += 1;
            }
            if closed > 0 {
                continue;
            }
            if word.token == Token::Comma {
                return None;
            }
            if word.token == Token::Colon {
                colons += 1;
            }
            let operand = index.checked_sub(1).and_then(|index| words.get(index));
            if word.token == Token::Question
                && operand.is_some_and(|word| word.token.ends_operand())
            {
                match colons.checked_sub(1) {
                    None => return Some(self.span_of(*word)),
                    Some(rest) => colons = rest,
                }
            }
        }
        None
    }

    fn after_dot(self, at: Span) -> SyntaxError {
        if let (Some(dot), Some(number)) = (self.before(1), self.before(2))
            && number.token == Token::Int
            && number.end == dot.start
        {
            let text = self.text(number).to_owned();
            let at = self.span_of(number).to(self.span_of(dot));
            return SyntaxError::BarePoint { at, text };
        }
        self.expected_name(at, false)
    }

    fn expected_name(self, at: Span, field: bool) -> SyntaxError {
        let token = self.word().map(|word| word.token);
        let keyword = matches!(token, Some(Token::True | Token::False | Token::Null | Token::In));
        SyntaxError::ExpectedName { at, found: self.found(), keyword, field }
    }

    fn unexpected(self, at: Span) -> SyntaxError {
        SyntaxError::Unexpected { at, found: self.found(), expected: self.wanted.shown }
    }

    /// The word in words; `None` at the end of the text.
    fn found(&self) -> Option<String> {
        let word = self.word().filter(|word| word.start < word.end)?;
        let text = self.text(word);
        if text.chars().count() <= SHOWN_CHARS_MAX && !text.contains(['\n', '\r', '`']) {
            return Some(format!("`{}`", spelled(text)));
        }
        let long = [
            (Token::String, "a string"),
            (Token::Bytes, "bytes"),
            (Token::Int, "a number"),
            (Token::Uint, "a number"),
            (Token::Double, "a number"),
            (Token::BadNumber, "what could not be read"),
            (Token::Quoted, "a name in back-quotes"),
        ];
        let words = long.iter().find(|(token, _)| *token == word.token);
        Some(words.map_or("a name", |(_, words)| words).to_owned())
    }
}
