//! Words made ready for the grammar: brackets paired, depth bounded, slips mended.
//!
//! In:      the words of an expression.
//! Out:     words in which every bracket has its partner, with a fault reported for each place
//!          that had to be mended. What is certain from neighbouring words alone (`=`, `and`,
//!          `&`, an unclosed string) is mended here, so that the grammar reads on undisturbed.
//! Imports: `base`, `compiler::source`.

use crate::base::invisible::invisible;
use crate::base::limits::EXPRESSION_DEPTH_MAX;
use crate::base::span::Span;
use crate::compiler::source::embed::Embedded;
use crate::compiler::syntax::ast::{LogicOp, UnaryOp};
use crate::compiler::syntax::error::{Place, SyntaxError};
use crate::compiler::syntax::lexer::lexemes;
use crate::compiler::syntax::token::{Lexeme, Token, opening};

/// The words that the grammar reads, and what the errors of the grammar need to know.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// The words. One that takes no bytes is a bracket that was missing.
    pub(crate) words: Vec<Lexeme>,
    /// Where strings begin that are never closed.
    pub(crate) unclosed: Vec<usize>,
}

/// Reads the words of `source`. `None`: nested too deeply to read on, and reported.
#[must_use]
pub(crate) fn stream(source: &Embedded, errors: &mut Vec<SyntaxError>) -> Option<Stream> {
    let mut reader = Reader {
        source,
        errors,
        out: Stream::default(),
        frames: vec![Frame::default()],
        depth: 0,
        run: 0,
        foreign_end: 0,
    };
    for lexeme in lexemes(&source.text) {
        reader.see(lexeme);
        if lexeme.token.is_trivia() || lexeme.start < reader.foreign_end {
            continue;
        }
        reader.take(lexeme)?;
    }
    reader.close_all();
    Some(reader.out)
}

/// An open bracket, or the expression as a whole.
#[derive(Debug, Default)]
struct Frame {
    open: Option<Lexeme>,
    /// What the nesting grew by when it was opened.
    weight: u32,
    /// `?` since the last comma: each nests the next.
    conditionals: u32,
    /// `?` that wait for their `:`.
    waiting: u32,
    /// Whether the entry has its colon.
    colon: bool,
    /// Whether an unclosed string may have swallowed the other bracket.
    excused: bool,
}

struct Reader<'a> {
    source: &'a Embedded,
    errors: &'a mut Vec<SyntaxError>,
    out: Stream,
    /// Never empty: the first frame is the whole expression.
    frames: Vec<Frame>,
    depth: u32,
    /// Length of the run of prefix operators just before.
    run: u32,
    /// End of a word with letters that CEL does not have; words before it are part of it.
    foreign_end: usize,
}

impl<'a> Reader<'a> {
    fn text(&self, lexeme: Lexeme) -> &'a str {
        self.source.text.get(lexeme.range()).unwrap_or_default()
    }

    fn span(&self, lexeme: Lexeme) -> Span {
        self.source.span_of(lexeme.start, lexeme.end)
    }

    fn last(&self) -> Option<Lexeme> {
        self.out.words.last().copied()
    }

    /// The word before the last.
    fn before_last(&self) -> Option<Lexeme> {
        self.out.words.iter().rev().nth(1).copied()
    }

    fn after_operand(&self) -> bool {
        self.last().is_some_and(|word| word.token.ends_operand())
    }

    /// Reports the invisible characters of a word.
    fn see(&mut self, lexeme: Lexeme) {
        let text = self.text(lexeme);
        let place = place(lexeme.token, text);
        for (at, c) in text.char_indices() {
            if invisible(c).is_none() {
                continue;
            }
            let start = lexeme.start + at;
            let span = self.source.span_of(start, start + c.len_utf8());
            // Where YAML spells it with an escape, the reader sees it.
            let raw = self.source.segments.is_empty()
                || span.end.saturating_sub(span.start) as usize == c.len_utf8();
            if raw {
                self.errors.push(SyntaxError::Invisible { at: span, c, place });
            }
        }
    }

    /// Takes one word; `None` if the nesting goes too deep.
    fn take(&mut self, lexeme: Lexeme) -> Option<()> {
        match lexeme.token {
            Token::OpenParen | Token::OpenBracket | Token::OpenBrace => return self.open(lexeme),
            Token::CloseParen | Token::CloseBracket | Token::CloseBrace => self.close(lexeme),
            Token::Question if self.is_optional_dot(lexeme) => self.optional_dot(lexeme),
            Token::Question => return self.question(lexeme),
            Token::Slash if !self.after_operand() && self.pattern_end(lexeme).is_some() => {
                self.pattern(lexeme);
            }
            Token::Colon => self.colon(lexeme),
            Token::Comma => self.comma(lexeme),
            Token::Not | Token::Minus if !self.after_operand() => {
                self.push(lexeme, lexeme.token);
                self.run += 1;
                return self.bounded(lexeme);
            }
            Token::Int | Token::Double => self.number(lexeme),
            Token::Ident => self.ident(lexeme),
            Token::In => self.membership(lexeme),
            Token::Assign => self.assign(lexeme),
            Token::Identical => self.mend(lexeme, Token::Equal, Some("==")),
            Token::NotIdentical | Token::LessGreater => {
                self.mend(lexeme, Token::NotEqual, Some("!="));
            }
            Token::Ampersand => self.mend(lexeme, Token::And, Some("&&")),
            Token::Bar => self.mend(lexeme, Token::Or, Some("||")),
            Token::Foreign => self.mend(lexeme, Token::Unknown, None),
            Token::BadNumber => {
                let text = self.text(lexeme).to_owned();
                self.errors.push(SyntaxError::BadNumber { at: self.span(lexeme), text });
                self.push(lexeme, Token::BadNumber);
            }
            Token::Quoted => self.quoted(lexeme),
            Token::Unclosed => return self.unclosed(lexeme),
            Token::Unknown => self.unknown(lexeme),
            Token::Space
            | Token::Comment
            | Token::Reserved
            | Token::True
            | Token::False
            | Token::Null
            | Token::Uint
            | Token::String
            | Token::Bytes
            | Token::Dot
            | Token::Not
            | Token::Minus
            | Token::Sign
            | Token::Plus
            | Token::Star
            | Token::Slash
            | Token::Percent
            | Token::Equal
            | Token::NotEqual
            | Token::Less
            | Token::LessEqual
            | Token::Greater
            | Token::GreaterEqual
            | Token::And
            | Token::Or => self.push(lexeme, lexeme.token),
        }
        Some(())
    }

    /// Appends a word. A `not` before it turns out to be an operator if it starts an operand.
    fn push(&mut self, lexeme: Lexeme, token: Token) {
        let starts = token.ends_operand() && token.bracket().is_none() || token == Token::Not;
        if starts
            && let Some(last) = self.last()
            && last.token == Token::Ident
            && self.text(last).eq_ignore_ascii_case("not")
            && !self.before_last().is_some_and(|word| {
                word.token.ends_operand() || matches!(word.token, Token::Dot | Token::Question)
            })
        {
            self.errors.push(SyntaxError::WordNot { at: self.span(last), op: UnaryOp::Not });
            if let Some(word) = self.out.words.last_mut() {
                word.token = Token::Not;
            }
        }
        self.run = 0;
        self.out.words.push(Lexeme { token, ..lexeme });
    }

    /// Refuses nesting beyond the limit.
    fn bounded(&mut self, lexeme: Lexeme) -> Option<()> {
        if self.depth + self.run <= EXPRESSION_DEPTH_MAX {
            return Some(());
        }
        self.errors.push(SyntaxError::TooDeep { at: self.span(lexeme) });
        None
    }

    fn open(&mut self, lexeme: Lexeme) -> Option<()> {
        let weight = 1 + self.run;
        self.push(lexeme, lexeme.token);
        self.depth += weight;
        self.frames.push(Frame { open: Some(lexeme), weight, ..Frame::default() });
        self.bounded(lexeme)
    }

    fn close(&mut self, lexeme: Lexeme) {
        let closes =
            |frame: &Frame| frame.open.and_then(|open| open.token.closer()) == Some(lexeme.token);
        let inner = self.frames.iter().rev().take_while(|frame| !closes(frame)).count();
        if inner < self.frames.len() {
            for _ in 0..inner {
                self.close_missing(lexeme.start, None);
            }
            self.pop();
            self.push(lexeme, lexeme.token);
        } else if self.frames.len() > 1 {
            self.close_missing(lexeme.start, Some(lexeme));
        } else {
            let close = lexeme.token.bracket().unwrap_or_default();
            self.errors.push(SyntaxError::Unopened { at: self.span(lexeme), close });
        }
    }

    /// Closes the innermost bracket, which the author did not close, in front of `at` or by
    /// reading `instead` as its partner.
    fn close_missing(&mut self, at: usize, instead: Option<Lexeme>) {
        let Some(frame) = self.pop() else { return };
        let Some(open) = frame.open else { return };
        let Some(closer) = open.token.closer() else { return };
        if !frame.excused {
            let missing = if let Some(word) = instead {
                self.span(word)
            } else {
                let end = self.last().map_or(at, |word| word.end);
                self.source.span_of(end, end)
            };
            self.errors.push(SyntaxError::UnclosedBracket {
                at: self.span(open),
                open: open.token.bracket().unwrap_or_default(),
                close: closer.bracket().unwrap_or_default(),
                missing,
                instead: instead.and_then(|word| word.token.bracket()),
            });
        }
        let place = instead.unwrap_or(Lexeme { token: closer, start: at, end: at });
        self.push(place, closer);
    }

    fn close_all(&mut self) {
        let end = self.last().map_or(0, |word| word.end);
        while self.frames.len() > 1 {
            self.close_missing(end, None);
        }
    }

    fn pop(&mut self) -> Option<Frame> {
        let frame = self.frames.pop()?;
        self.depth = self.depth.saturating_sub(frame.weight + frame.conditionals);
        Some(frame)
    }

    fn question(&mut self, lexeme: Lexeme) -> Option<()> {
        // Elsewhere it marks an optional field, index, element or entry.
        let conditional = self.after_operand();
        self.push(lexeme, Token::Question);
        if conditional && let Some(frame) = self.frames.last_mut() {
            frame.conditionals += 1;
            frame.waiting += 1;
            self.depth += 1;
        }
        self.bounded(lexeme)
    }

    /// Whether `a?.b` stands here; `a ?.5 : b` is a conditional.
    fn is_optional_dot(&self, lexeme: Lexeme) -> bool {
        let mut rest = self.source.text.get(lexeme.end..).unwrap_or_default().chars();
        let name = |c: char| c.is_ascii_alphabetic() || c == '_';
        self.after_operand() && rest.next() == Some('.') && rest.next().is_some_and(name)
    }

    fn optional_dot(&mut self, lexeme: Lexeme) {
        let both = Lexeme { end: lexeme.end + 1, ..lexeme };
        self.errors.push(SyntaxError::OptionalDot { at: self.span(both) });
        self.push(lexeme, Token::Dot);
        self.push(Lexeme { start: lexeme.end, end: both.end, ..lexeme }, Token::Question);
        self.foreign_end = both.end;
    }

    /// The end of `/a+/` on its line.
    fn pattern_end(&self, lexeme: Lexeme) -> Option<usize> {
        let rest = self.source.text.get(lexeme.end..)?.lines().next()?;
        rest.find('/').filter(|at| *at > 0).map(|at| lexeme.end + at + 1)
    }

    /// Text between slashes, where an operand belongs.
    fn pattern(&mut self, lexeme: Lexeme) {
        let end = self.pattern_end(lexeme).unwrap_or(lexeme.end);
        let whole = Lexeme { end, ..lexeme };
        let text = self.text(whole).trim_matches('/').to_owned();
        self.errors.push(SyntaxError::PatternLiteral { at: self.span(whole), text });
        self.push(whole, Token::BadNumber);
        self.foreign_end = end;
    }

    fn colon(&mut self, lexeme: Lexeme) {
        let waiting = self.frames.last().map_or(0, |frame| frame.waiting);
        if waiting == 0 {
            self.next_operand(true);
        } else if let Some(frame) = self.frames.last_mut() {
            frame.waiting -= 1;
        }
        self.push(lexeme, Token::Colon);
    }

    fn comma(&mut self, lexeme: Lexeme) {
        self.next_operand(false);
        self.push(lexeme, Token::Comma);
    }

    /// Conditionals before a comma, or before the colon of an entry, hold nothing behind it.
    fn next_operand(&mut self, colon: bool) {
        if let Some(frame) = self.frames.last_mut() {
            self.depth = self.depth.saturating_sub(frame.conditionals);
            frame.conditionals = 0;
            frame.waiting = 0;
            frame.colon = colon;
        }
    }

    /// A `-` directly before a number in operand position belongs to it.
    fn number(&mut self, lexeme: Lexeme) {
        let before = self.before_last().is_some_and(|word| word.token.ends_operand());
        if !before
            && let Some(word) = self.out.words.last_mut()
            && word.token == Token::Minus
        {
            word.token = Token::Sign;
        }
        self.push(lexeme, lexeme.token);
    }

    fn ident(&mut self, lexeme: Lexeme) {
        let text = self.text(lexeme);
        let op = match text.to_ascii_lowercase().as_str() {
            "and" => LogicOp::And,
            "or" => LogicOp::Or,
            _ => return self.push(lexeme, Token::Ident),
        };
        if !self.after_operand() {
            return self.push(lexeme, Token::Ident);
        }
        let word = text.to_owned();
        self.errors.push(SyntaxError::WordOperator { at: self.span(lexeme), word, op });
        let token = match op {
            LogicOp::And => Token::And,
            LogicOp::Or => Token::Or,
        };
        self.push(lexeme, token);
    }

    /// `a not in b`: the `not` is reported and left out.
    fn membership(&mut self, lexeme: Lexeme) {
        if let Some(last) = self.last()
            && last.token == Token::Ident
            && self.text(last).eq_ignore_ascii_case("not")
            && self.before_last().is_some_and(|word| word.token.ends_operand())
        {
            let at = self.span(last).to(self.span(lexeme));
            self.errors.push(SyntaxError::NotIn { at });
            self.out.words.pop();
        }
        self.push(lexeme, Token::In);
    }

    fn assign(&mut self, lexeme: Lexeme) {
        let rest = self.source.text.get(lexeme.end..).unwrap_or_default();
        if rest.starts_with('~') {
            let both = Lexeme { end: lexeme.end + 1, ..lexeme };
            self.foreign_end = both.end;
            return self.mend(both, Token::Equal, None);
        }
        if rest.starts_with('<') {
            let both = Lexeme { end: lexeme.end + 1, ..lexeme };
            self.foreign_end = both.end;
            return self.mend(both, Token::LessEqual, Some("<="));
        }
        if let Some((first, token, op)) = self.first_half(lexeme) {
            self.out.words.pop();
            return self.mend(Lexeme { start: first.start, ..lexeme }, token, Some(op));
        }
        let entry = self.frames.last().is_some_and(|frame| {
            !frame.colon && frame.open.is_some_and(|open| open.token == Token::OpenBrace)
        });
        self.errors.push(SyntaxError::Assignment { at: self.span(lexeme), entry });
        if entry {
            self.colon(lexeme);
        } else {
            self.push(lexeme, Token::Equal);
        }
    }

    /// The mark in front of this `=` with which it is a comparison that was written apart, as
    /// `! =`; and that comparison.
    fn first_half(&self, lexeme: Lexeme) -> Option<(Lexeme, Token, &'static str)> {
        let first = self.last()?;
        let comparisons = [
            (Token::Not, Token::NotEqual, "!="),
            (Token::Less, Token::LessEqual, "<="),
            (Token::Greater, Token::GreaterEqual, ">="),
        ];
        let (_, token, op) = comparisons.into_iter().find(|(mark, ..)| *mark == first.token)?;
        let between = self.source.text.get(first.end..lexeme.start)?;
        let compares = self.before_last().is_some_and(|word| word.token.ends_operand());
        (compares && between.trim().is_empty()).then_some((first, token, op))
    }

    /// Reads an operator of other languages as CEL's, if it has one.
    fn mend(&mut self, lexeme: Lexeme, token: Token, op: Option<&'static str>) {
        let text = self.text(lexeme).to_owned();
        self.errors.push(SyntaxError::ForeignOperator { at: self.span(lexeme), text, op });
        self.push(lexeme, token);
    }

    fn quoted(&mut self, lexeme: Lexeme) {
        let text = self.text(lexeme);
        let name = text.trim_matches('`');
        if name.is_empty() {
            self.errors.push(SyntaxError::EmptyName { at: self.span(lexeme) });
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || "_./- ".contains(c);
        let odd = name.char_indices().find(|(_, c)| !allowed(*c) && invisible(*c).is_none());
        if let Some((at, c)) = odd {
            let start = lexeme.start + 1 + at;
            let span = self.source.span_of(start, start + c.len_utf8());
            self.errors.push(SyntaxError::QuotedCharacter { at: span, c });
        }
        self.push(lexeme, Token::Quoted);
    }

    /// A string without its close. Where its line holds the bracket that must follow it, the
    /// string is taken to end there, and what follows is read as usual.
    fn unclosed(&mut self, lexeme: Lexeme) -> Option<()> {
        let text = self.text(lexeme);
        let open = opening(text);
        let closer = self.frames.last().and_then(|frame| frame.open?.token.closer());
        let cut = closer.and_then(|closer| {
            Some((closer.bracket()?, cut(text.get(open.len..)?, closer)? + open.len))
        });
        let line = text.find(['\n', '\r']).unwrap_or(text.len());
        self.errors.push(SyntaxError::UnclosedString {
            at: self.source.span_of(lexeme.start, lexeme.start + line),
            quote: open.quote.to_owned(),
            before: cut.map(|(bracket, _)| bracket),
        });
        self.out.unclosed.push(lexeme.start);
        let Some((_, len)) = cut else {
            for frame in &mut self.frames {
                frame.excused = true;
            }
            self.push(lexeme, Token::BadNumber);
            return Some(());
        };
        let middle = lexeme.start + len;
        self.push(Lexeme { end: middle, ..lexeme }, Token::BadNumber);
        for word in lexemes(text.get(len..).unwrap_or_default()) {
            let word = Lexeme { start: word.start + middle, end: word.end + middle, ..word };
            if word.token == Token::Unclosed {
                // Only one guess: quotes that were closed now are open, and the other way round.
                self.push(word, Token::BadNumber);
            } else if !word.token.is_trivia() {
                self.take(word)?;
            }
        }
        Some(())
    }

    fn unknown(&mut self, lexeme: Lexeme) {
        let text = self.text(lexeme);
        let Some(c) = text.chars().next() else { return };
        if invisible(c).is_some() && text.chars().count() == 1 {
            return;
        }
        if c == '`' {
            let quote = "`".to_owned();
            let at = self.span(lexeme);
            self.errors.push(SyntaxError::UnclosedString { at, quote, before: None });
            self.out.unclosed.push(lexeme.start);
        } else if c.is_alphanumeric() {
            return self.foreign_word(lexeme);
        } else if !self
            .last()
            .is_some_and(|word| word.token == Token::Unknown && word.end == lexeme.start)
        {
            self.errors.push(SyntaxError::UnknownCharacter { at: self.span(lexeme), c });
        }
        self.push(lexeme, Token::Unknown);
    }

    /// A name with letters that names cannot have.
    fn foreign_word(&mut self, lexeme: Lexeme) {
        let start = match self.last() {
            Some(word) if word.token == Token::Ident && word.end == lexeme.start => {
                self.out.words.pop();
                word.start
            }
            _ => lexeme.start,
        };
        let rest = self.source.text.get(lexeme.start..).unwrap_or_default();
        let len = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = Lexeme { token: Token::Unknown, start, end: lexeme.start + len };
        let text = self.text(word).to_owned();
        self.errors.push(SyntaxError::ForeignName { at: self.span(word), text });
        self.foreign_end = word.end;
        self.push(word, Token::Unknown);
    }
}

/// Where the characters of a word stand.
fn place(token: Token, text: &str) -> Place {
    if matches!(token, Token::String | Token::Bytes) && opening(text).raw {
        return Place::RawString;
    }
    if token == Token::String {
        Place::String
    } else if token == Token::Bytes {
        Place::Bytes
    } else if matches!(token, Token::Comment | Token::Unclosed) {
        Place::Comment
    } else {
        Place::Code
    }
}

/// Where `closer` stands in `text` without its own opening bracket before it.
fn cut(text: &str, closer: Token) -> Option<usize> {
    let close = closer.bracket()?;
    let open = match close {
        ')' => '(',
        ']' => '[',
        _ => '{',
    };
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        }
    }
    None
}
