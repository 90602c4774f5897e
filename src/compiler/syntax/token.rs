//! The words of CEL, trivia included.
//!
//! In:      text.
//! Out:     one `Token` a word, by the longest match; texts and ranges stay with the caller.
//! Imports: nothing of ours.
//! Source:  CEL language definition, section "Syntax", the lexis.

use std::ops::Range;

use logos::{Lexer, Logos};

/// A word of CEL, or of what people write where CEL has something else.
#[derive(Logos, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Token {
    /// White space.
    #[regex(r"[ \t\n\f\r]+")]
    Space,
    /// `// ..` up to the end of the line.
    #[regex(r"//[^\n]*", allow_greedy = true)]
    Comment,

    /// A name that is no keyword and not reserved.
    #[regex(r"[_a-zA-Z][_a-zA-Z0-9]*", priority = 3)]
    Ident,
    /// A word that may name a field or a method, and nothing else.
    #[token("as")]
    #[token("break")]
    #[token("const")]
    #[token("continue")]
    #[token("else")]
    #[token("for")]
    #[token("function")]
    #[token("if")]
    #[token("import")]
    #[token("let")]
    #[token("loop")]
    #[token("namespace")]
    #[token("package")]
    #[token("return")]
    #[token("var")]
    #[token("void")]
    #[token("while")]
    Reserved,
    /// `` `a name` ``
    #[regex(r"`[^`\r\n]*`")]
    Quoted,
    /// `true`
    #[token("true")]
    True,
    /// `false`
    #[token("false")]
    False,
    /// `null`
    #[token("null")]
    Null,

    /// `12`, `0x1F`
    #[regex(r"[0-9]+", priority = 10)]
    #[regex(r"0x[0-9a-fA-F]+", priority = 10)]
    Int,
    /// `12u`
    #[regex(r"[0-9]+[uU]", priority = 10)]
    #[regex(r"0x[0-9a-fA-F]+[uU]", priority = 10)]
    Uint,
    /// `1.5`, `.5`, `1e9`
    #[regex(r"[0-9]*\.[0-9]+([eE][+-]?[0-9]+)?", priority = 10)]
    #[regex(r"[0-9]+[eE][+-]?[0-9]+", priority = 10)]
    Double,
    /// Digits that run into letters, as `1_000`.
    #[regex(r"[0-9][0-9a-zA-Z_]*", priority = 5)]
    #[regex(r"[0-9]*\.[0-9]+[a-zA-Z_][0-9a-zA-Z_]*", priority = 5)]
    #[regex(r"[0-9]+_[0-9_]*\.[0-9]+", priority = 5)]
    BadNumber,
    /// A string in any of its forms.
    #[regex(r#"[rR]?("|'|"""|''')"#, quoted)]
    String,
    /// Bytes in any of their forms.
    #[regex(r#"[bB][rR]?("|'|"""|''')"#, quoted)]
    Bytes,
    /// A string or bytes up to the end of the line, or of the text where it may hold lines.
    Unclosed,

    /// `(`
    #[token("(")]
    OpenParen,
    /// `)`
    #[token(")")]
    CloseParen,
    /// `[`
    #[token("[")]
    OpenBracket,
    /// `]`
    #[token("]")]
    CloseBracket,
    /// `{`
    #[token("{")]
    OpenBrace,
    /// `}`
    #[token("}")]
    CloseBrace,
    /// `,`
    #[token(",")]
    Comma,
    /// `:`
    #[token(":")]
    Colon,
    /// `?`
    #[token("?")]
    Question,
    /// `.`
    #[token(".")]
    Dot,

    /// `!`
    #[token("!")]
    Not,
    /// `-` between operands, or before anything but a number.
    #[token("-")]
    Minus,
    /// `-` that belongs to the number behind it; `stream` tells the two apart.
    Sign,
    /// `+`
    #[token("+")]
    Plus,
    /// `*`
    #[token("*")]
    Star,
    /// `/`
    #[token("/")]
    Slash,
    /// `%`
    #[token("%")]
    Percent,
    /// `==`
    #[token("==")]
    Equal,
    /// `!=`
    #[token("!=")]
    NotEqual,
    /// `<`
    #[token("<")]
    Less,
    /// `<=`
    #[token("<=")]
    LessEqual,
    /// `>`
    #[token(">")]
    Greater,
    /// `>=`
    #[token(">=")]
    GreaterEqual,
    /// `in`
    #[token("in")]
    In,
    /// `&&`
    #[token("&&")]
    And,
    /// `||`
    #[token("||")]
    Or,

    /// `=`, which other languages assign with.
    #[token("=")]
    Assign,
    /// `===`, which other languages compare with.
    #[token("===")]
    Identical,
    /// `!==`, which other languages compare with.
    #[token("!==")]
    NotIdentical,
    /// `<>`, which other languages compare with.
    #[token("<>")]
    LessGreater,
    /// `=>`, `->` and `??`, which CEL has nothing for.
    #[token("=>")]
    #[token("->")]
    #[token("??")]
    Foreign,
    /// `&`
    #[token("&")]
    Ampersand,
    /// `|`
    #[token("|")]
    Bar,
    /// A character that CEL does not have; `stream` joins neighbours.
    Unknown,
}

impl Token {
    /// Whether the grammar does not see it.
    #[must_use]
    pub fn is_trivia(self) -> bool {
        matches!(self, Self::Space | Self::Comment)
    }

    /// Whether an operand can end with it, so that an operator may follow.
    #[must_use]
    pub fn ends_operand(self) -> bool {
        matches!(
            self,
            Self::Ident
                | Self::Reserved
                | Self::Quoted
                | Self::True
                | Self::False
                | Self::Null
                | Self::Int
                | Self::Uint
                | Self::Double
                | Self::BadNumber
                | Self::String
                | Self::Bytes
                | Self::Unclosed
                | Self::CloseParen
                | Self::CloseBracket
                | Self::CloseBrace
        )
    }

    /// The bracket that closes this opening one.
    #[must_use]
    pub fn closer(self) -> Option<Self> {
        let (_, _, close) = BRACKETS.iter().find(|(open, ..)| *open == self)?;
        Some(*close)
    }

    /// A bracket as it is written; anything else has no text of its own here.
    #[must_use]
    pub fn bracket(self) -> Option<char> {
        BRACKETS.iter().find_map(|(open, text, close)| {
            if self == *open {
                text.chars().next()
            } else if self == *close {
                text.chars().next_back()
            } else {
                None
            }
        })
    }
}

const BRACKETS: [(Token, &str, Token); 3] = [
    (Token::OpenParen, "()", Token::CloseParen),
    (Token::OpenBracket, "[]", Token::CloseBracket),
    (Token::OpenBrace, "{}", Token::CloseBrace),
];

/// A word and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lexeme {
    /// The word.
    pub token: Token,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Lexeme {
    /// Its bytes.
    #[must_use]
    pub const fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// What stands between the start of a string literal and its content: `rb"""`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opening<'s> {
    /// `b`: bytes.
    pub bytes: bool,
    /// `r`: a backslash is a backslash.
    pub raw: bool,
    /// One quote, or three.
    pub quote: &'s str,
    /// Length with the prefix, in bytes.
    pub len: usize,
}

/// The opening of the string literal `text`.
#[must_use]
pub fn opening(text: &str) -> Opening<'_> {
    let quote = text.find(['"', '\'']).unwrap_or(text.len());
    let (prefix, rest) = text.split_at(quote);
    let three = rest.starts_with("\"\"\"") || rest.starts_with("'''");
    let width = if three { 3 } else { rest.len().min(1) };
    Opening {
        bytes: prefix.contains(['b', 'B']),
        raw: prefix.contains(['r', 'R']),
        quote: rest.get(..width).unwrap_or_default(),
        len: quote + width,
    }
}

/// Takes a string literal to its close. The lexer has seen the prefix and the quotes.
fn quoted(lexer: &mut Lexer<'_, Token>) -> Token {
    let (token, quote, raw) = {
        let opening = opening(lexer.slice());
        let token = if opening.bytes { Token::Bytes } else { Token::String };
        (token, opening.quote, opening.raw)
    };
    let rest = lexer.remainder();
    match close(rest, quote, raw) {
        Ok(at) => {
            lexer.bump(at + quote.len());
            token
        }
        Err(at) => {
            lexer.bump(at);
            Token::Unclosed
        }
    }
}

/// Where `quote` closes the text; else where the text or its line ends.
fn close(text: &str, quote: &str, raw: bool) -> Result<usize, usize> {
    let bytes = text.as_bytes();
    let single = quote.len() == 1;
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\n' | b'\r' if single => return Err(at),
            b'\\' if !raw && !bytes.get(at + 1).is_some_and(|next| b"\r\n".contains(next)) => {
                at += 1;
            }
            b'"' | b'\''
                if bytes.get(at..).is_some_and(|rest| rest.starts_with(quote.as_bytes())) =>
            {
                return Ok(at);
            }
            _ => {}
        }
        at += 1;
    }
    Err(bytes.len())
}
