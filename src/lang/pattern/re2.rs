//! RE2's dialect, rewritten into the one that the automata are built from.
//!
//! In:      a pattern as RE2 writes it.
//! Out:     its syntax tree; what RE2 does not have is refused with its place.
//! Imports: `base`.
//! Source:  RE2's syntax page; where it is silent, Go's `regexp/syntax`.
//!
//! The two dialects look alike and differ in meaning: `\d \w \s \b` are ASCII here, `\Q..\E`
//! quotes, `[` and `&&` inside a class are characters, `{` that begins no count is one too. So
//! one pass reads the pattern as RE2 does and spells every piece so that it cannot be misread.

use std::ops::Range;

use regex_syntax::ast::ErrorKind;
use regex_syntax::ast::parse::ParserBuilder;
use regex_syntax::hir::Hir;
use regex_syntax::hir::translate::TranslatorBuilder;

use crate::base::limits::PATTERN_DEPTH_MAX;
use crate::lang::pattern::{PatternError, PatternErrorKind, too_large};

/// Largest count of a repetition.
const COUNT_MAX: u32 = 1_000;

/// Names of `[:..:]`.
const POSIX: &[&str] = &[
    "alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph", "lower", "print", "punct",
    "space", "upper", "word", "xdigit",
];

/// General categories.
const CATEGORIES: &[&str] = &[
    "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu", "M", "Mc", "Me", "Mn", "N",
    "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi", "Po", "Ps", "S", "Sc", "Sk", "Sm", "So",
    "Z", "Zl", "Zp", "Zs",
];

/// The syntax tree of a pattern.
///
/// # Errors
/// What is wrong, and where.
pub(super) fn parse(pattern: &str) -> Result<Hir, PatternError> {
    let mut reader =
        Reader { pattern, at: 0, out: String::new(), pieces: Vec::new(), repeated_at: None };
    while reader.at < pattern.len() {
        reader.piece()?;
    }
    let Reader { out, pieces, .. } = reader;
    // Where an error lies: from the piece of its first byte to the piece of its last.
    let back = |start: usize, end: usize| {
        let piece = |at: usize| pieces.partition_point(|(begin, _)| *begin <= at);
        let source = |piece: usize| pieces.get(piece).map_or(pattern.len(), |(_, from)| *from);
        let (first, last) = (piece(start), piece(end.max(start + 1) - 1));
        source(first.saturating_sub(1))..source(last)
    };
    let syntax = |kind: String, span: &regex_syntax::ast::Span| PatternError {
        kind: PatternErrorKind::Syntax(kind),
        range: back(span.start.offset, span.end.offset),
    };
    let mut parser = ParserBuilder::new().nest_limit(PATTERN_DEPTH_MAX).build();
    let ast = parser.parse(&out).map_err(|error| {
        if matches!(error.kind(), ErrorKind::NestLimitExceeded(_)) {
            return too_large(pattern);
        }
        syntax(error.kind().to_string(), error.span())
    })?;
    let mut translator = TranslatorBuilder::new().build();
    translator.translate(&out, &ast).map_err(|error| syntax(error.kind().to_string(), error.span()))
}

struct Reader<'p> {
    pattern: &'p str,
    at: usize,
    out: String,
    /// Where each piece begins, in the output and in the pattern.
    pieces: Vec<(usize, usize)>,
    /// Where the last piece began, if it is a repetition.
    repeated_at: Option<usize>,
}

impl<'p> Reader<'p> {
    fn rest(&self) -> &'p str {
        self.pattern.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    fn refuse<T>(&self, from: usize, construct: &'static str) -> Result<T, PatternError> {
        Err(PatternError { kind: PatternErrorKind::Missing(construct), range: from..self.at })
    }

    fn syntax<T>(range: Range<usize>, text: &str) -> Result<T, PatternError> {
        Err(PatternError { kind: PatternErrorKind::Syntax(text.to_owned()), range })
    }

    /// One piece outside of classes.
    fn piece(&mut self) -> Result<(), PatternError> {
        let from = self.at;
        self.pieces.push((self.out.len(), from));
        let repeated_at = self.repeated_at.take();
        let Some(next) = self.next() else { return Ok(()) };
        match next {
            '\\' => self.escape(from),
            '[' => self.class(from),
            '(' => self.group(from),
            '*' | '+' | '?' => {
                self.out.push(next);
                self.repetition(from, repeated_at)
            }
            '{' if self.count(from)? => self.repetition(from, repeated_at),
            '.' | '|' | ')' | '^' | '$' => {
                self.out.push(next);
                Ok(())
            }
            literal => {
                self.literal(literal);
                Ok(())
            }
        }
    }

    /// What may follow `*`, `+`, `?` and counts: a question mark, but no other of them.
    fn repetition(&mut self, from: usize, before: Option<usize>) -> Result<(), PatternError> {
        if let Some(before) = before {
            return self.refuse(before, "a repetition of a repetition");
        }
        if self.eat("?") {
            self.out.push('?');
        }
        self.repeated_at = Some(from);
        Ok(())
    }

    /// Reads `{n}`, `{n,}` or `{n,m}` behind its brace; everything else is no count.
    fn count(&mut self, from: usize) -> Result<bool, PatternError> {
        let number = |text: &str| {
            let digits = text.bytes().all(|byte| byte.is_ascii_digit());
            digits && !text.is_empty() && (text == "0" || !text.starts_with('0'))
        };
        let Some((inside, _)) = self.rest().split_once('}') else { return Ok(false) };
        let (least, most) = inside.split_once(',').unwrap_or((inside, inside));
        if !number(least) || !(number(most) || (most.is_empty() && inside.contains(','))) {
            return Ok(false);
        }
        self.at += inside.len() + 1;
        let above = |text: &str| text.parse().unwrap_or(COUNT_MAX + 1) > COUNT_MAX;
        if above(least) || (!most.is_empty() && above(most)) {
            return self.refuse(from, "a count above 1000");
        }
        self.out.push('{');
        self.out.push_str(inside);
        self.out.push('}');
        Ok(true)
    }

    fn group(&mut self, from: usize) -> Result<(), PatternError> {
        if !self.eat("?") {
            self.out.push('(');
            return Ok(());
        }
        let missing = [
            ("=", "a look-ahead"),
            ("!", "a look-ahead"),
            ("<=", "a look-behind"),
            ("<!", "a look-behind"),
            (">", "an atomic group"),
            ("#", "a comment"),
            ("P=", "a back-reference"),
            ("P>", "a call of a group"),
            ("(", "a conditional group"),
            ("|", "a branch reset"),
        ];
        for (start, construct) in missing {
            if self.eat(start) {
                return self.refuse(from, construct);
            }
        }
        let start = self.at;
        if self.eat("P<") || self.eat("<") {
            let name = self.rest().find('>').unwrap_or(self.rest().len());
            self.at = (self.at + name + 1).min(self.pattern.len());
        } else {
            while let Some(flag) = self.next() {
                match flag {
                    'i' | 'm' | 's' | 'U' | '-' => {}
                    ':' | ')' => break,
                    _ => {
                        let end = self.rest().find([':', ')']).map_or(0, |end| end + 1);
                        self.at += end;
                        return self.refuse(from, "this flag");
                    }
                }
            }
        }
        self.out.push_str("(?");
        self.out.push_str(self.pattern.get(start..self.at).unwrap_or_default());
        Ok(())
    }

    /// An escape outside of classes, behind its backslash.
    fn escape(&mut self, from: usize) -> Result<(), PatternError> {
        if self.eat("Q") {
            self.quoted();
            return Ok(());
        }
        if self.class_escape(from)? {
            return Ok(());
        }
        for (letter, meaning) in
            [("A", r"\A"), ("z", r"\z"), ("b", r"(?-u:\b)"), ("B", r"(?-u:\B)")]
        {
            if self.eat(letter) {
                self.out.push_str(meaning);
                return Ok(());
            }
        }
        let literal = self.escaped(from)?;
        self.literal(literal);
        Ok(())
    }

    /// Text as it stands, up to `\E` or the end.
    fn quoted(&mut self) {
        while !self.rest().is_empty() && !self.eat(r"\E") {
            self.pieces.push((self.out.len(), self.at));
            if let Some(literal) = self.next() {
                self.literal(literal);
            }
        }
    }

    /// Reads an escape that stands for several characters, behind its backslash.
    fn class_escape(&mut self, from: usize) -> Result<bool, PatternError> {
        let classes = [
            ("d", "[0-9]"),
            ("D", "[^0-9]"),
            ("w", "[0-9A-Za-z_]"),
            ("W", "[^0-9A-Za-z_]"),
            ("s", r"[\t\n\x0C\r ]"),
            ("S", r"[^\t\n\x0C\r ]"),
        ];
        for (letter, class) in classes {
            if self.eat(letter) {
                self.out.push_str(class);
                return Ok(true);
            }
        }
        let negated = match self.peek() {
            Some('p') => false,
            Some('P') => true,
            Some(_) | None => return Ok(false),
        };
        self.next();
        let name = if self.eat("{") {
            let end = self.rest().find('}').unwrap_or(self.rest().len());
            let name = self.rest().get(..end).unwrap_or_default();
            self.at = (self.at + end + 1).min(self.pattern.len());
            name
        } else {
            let rest = self.rest();
            self.next();
            rest.get(..rest.len() - self.rest().len()).unwrap_or_default()
        };
        let (negated, name) = name.strip_prefix('^').map_or((negated, name), |n| (!negated, n));
        let script = name.len() > 2
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_');
        let letter = if negated { 'P' } else { 'p' };
        let property = match name {
            "Any" => format!("\\{letter}{{any}}"),
            name if CATEGORIES.contains(&name) => format!("\\{letter}{{gc={name}}}"),
            name if script => format!("\\{letter}{{sc={name}}}"),
            _ => return self.refuse(from, "this Unicode class"),
        };
        // Whether there is such a script the other parser knows, asked about it alone.
        if regex_syntax::Parser::new().parse(&property).is_err() {
            return self.refuse(from, "this Unicode class");
        }
        self.out.push_str(&property);
        Ok(true)
    }

    /// The one character that an escape stands for, behind its backslash.
    fn escaped(&mut self, from: usize) -> Result<char, PatternError> {
        let Some(letter) = self.next() else {
            return Self::syntax(from..self.at, "a backslash at the end");
        };
        let octal = |c: char| ('0'..='7').contains(&c);
        let code = match letter {
            'a' => 0x07,
            'f' => 0x0C,
            'n' => 0x0A,
            'r' => 0x0D,
            't' => 0x09,
            'v' => 0x0B,
            'C' => return self.refuse(from, r"the escape `\C`"),
            '1'..='9' if !(octal(letter) && self.peek().is_some_and(octal)) => {
                return self.refuse(from, "a back-reference");
            }
            '0'..='7' => {
                let more = self.rest().chars().take(2).take_while(|c| octal(*c)).count();
                let digits = self.pattern.get(from + 1..self.at + more).unwrap_or_default();
                self.at += more;
                u32::from_str_radix(digits, 8).unwrap_or(u32::MAX)
            }
            'x' => {
                let digits = if self.eat("{") {
                    let end = self.rest().find('}').unwrap_or(self.rest().len());
                    let digits = self.rest().get(..end).unwrap_or_default();
                    self.at = (self.at + end + 1).min(self.pattern.len());
                    digits
                } else {
                    let digits = self.rest().get(..2).unwrap_or_default();
                    self.at += digits.len();
                    digits
                };
                let valid = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
                let code = u32::from_str_radix(digits, 16).ok();
                code.filter(|_| valid).unwrap_or(u32::MAX)
            }
            letter if letter.is_ascii() && !letter.is_ascii_alphanumeric() => u32::from(letter),
            _ => u32::MAX,
        };
        match char::from_u32(code) {
            Some(literal) => Ok(literal),
            None => self.refuse(from, "this escape"),
        }
    }

    /// A class, behind its bracket.
    fn class(&mut self, from: usize) -> Result<(), PatternError> {
        self.out.push('[');
        if self.eat("^") {
            self.out.push('^');
        }
        let mut first = true;
        while first || !self.eat("]") {
            if self.rest().is_empty() {
                return Self::syntax(from..self.at, "unclosed class");
            }
            first = false;
            let start = self.at;
            if self.rest().starts_with("[:") && self.posix(start)? {
                continue;
            }
            if self.rest().starts_with('\\') {
                self.at += 1;
                if self.class_escape(start)? {
                    continue;
                }
                self.at = start;
            }
            let low = self.class_character()?;
            self.class_literal(low);
            let range = self
                .rest()
                .strip_prefix('-')
                .is_some_and(|rest| !rest.is_empty() && !rest.starts_with(']'));
            if range {
                self.at += 1;
                let high = self.class_character()?;
                if high < low {
                    return Self::syntax(start..self.at, "a range that ends before it begins");
                }
                self.out.push('-');
                self.class_literal(high);
            }
        }
        self.out.push(']');
        Ok(())
    }

    /// `[:alpha:]` and the like; a bracket and colon that nothing closes are characters.
    fn posix(&mut self, from: usize) -> Result<bool, PatternError> {
        let Some((inside, _)) = self.rest().split_once(":]") else { return Ok(false) };
        let name = inside.get(2..).unwrap_or_default();
        self.at += inside.len() + 2;
        if !POSIX.contains(&name.strip_prefix('^').unwrap_or(name)) {
            return self.refuse(from, "this class");
        }
        self.out.push_str(inside);
        self.out.push_str(":]");
        Ok(true)
    }

    fn class_character(&mut self) -> Result<char, PatternError> {
        let from = self.at;
        match self.next() {
            Some('\\') => self.escaped(from),
            Some(literal) => Ok(literal),
            None => Self::syntax(from..self.at, "unclosed class"),
        }
    }

    fn class_literal(&mut self, literal: char) {
        if literal.is_ascii_alphanumeric() || !literal.is_ascii() {
            self.out.push(literal);
        } else {
            let code = u32::from(literal);
            let digit = |value| char::from_digit(value, 16).unwrap_or('0');
            self.out.extend(['\\', 'x', digit(code >> 4), digit(code & 15)]);
        }
    }

    fn literal(&mut self, literal: char) {
        if regex_syntax::is_meta_character(literal) {
            self.out.push('\\');
        }
        self.out.push(literal);
    }
}
