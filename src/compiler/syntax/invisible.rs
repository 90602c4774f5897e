//! Characters that cannot be seen, or that change how others are seen.
//!
//! A reviewer must see what the compiler reads, so they are refused in expressions, comments and
//! string literals included; an escape says the same in the open.
//! Imports: `std` only.

use std::fmt::Write;

/// What an invisible character does to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Invisible {
    /// Turns the direction of the text around it.
    Bidi,
    /// Takes no room.
    ZeroWidth,
    /// Ends the line for some programs and not for others.
    LineBreak,
    /// Steers a terminal.
    Control,
}

/// What `c` does, if it is invisible. Tab, line feed, form feed and carriage return are plain
/// white space of CEL.
#[must_use]
pub const fn invisible(c: char) -> Option<Invisible> {
    Some(match c {
        '\t' | '\n' | '\x0C' | '\r' => return None,
        '\u{85}' | '\u{2028}' | '\u{2029}' => Invisible::LineBreak,
        '\0'..='\x1F' | '\x7F'..='\u{9F}' => Invisible::Control,
        '\u{61C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => {
            Invisible::Bidi
        }
        '\u{AD}'
        | '\u{34F}'
        | '\u{115F}'
        | '\u{1160}'
        | '\u{17B4}'
        | '\u{17B5}'
        | '\u{180B}'..='\u{180F}'
        | '\u{200B}'..='\u{200D}'
        | '\u{2060}'..='\u{2065}'
        | '\u{206A}'..='\u{206F}'
        | '\u{3164}'
        | '\u{FEFF}'
        | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}'
        | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E0FFF}' => Invisible::ZeroWidth,
        _ => return None,
    })
}

/// `text` for a message: what is invisible is spelled out as `‹U+202E›`.
#[must_use]
pub fn spelled(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if invisible(c).is_some() || (c.is_whitespace() && c != ' ') {
            // Writing to a string cannot fail.
            let _ = write!(out, "‹U+{:04X}›", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// The escape that spells `c` in a string literal.
#[must_use]
pub fn escape_of(c: char) -> String {
    let code = u32::from(c);
    if code > 0xFFFF { format!("\\U{code:08x}") } else { format!("\\u{code:04x}") }
}
