//! Characters that cannot be seen, or that change how others are seen: the one list.
//!
//! A reviewer must see what the compiler reads, so they are refused in expressions, comments and
//! string literals included; an escape says the same in the open. A reader must see what a report
//! says, so they are spelled out there.
//!
//! Imports: nothing of ours.
//! Source:  Unicode, `Default_Ignorable_Code_Point`, `Bidi_Control`, and general category `Cc`.

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
/// white space in sources; whoever writes to a terminal asks `char::is_control` as well. The last
/// variation selector is a part of emoji and can be seen.
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
        | '\u{FE00}'..='\u{FE0E}'
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
            out.push_str(&code_point(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// `c` in the open, as `‹U+202E›`.
#[must_use]
pub fn code_point(c: char) -> String {
    format!("‹U+{:04X}›", u32::from(c))
}

/// The escape that spells `c` in a string literal.
#[must_use]
pub fn escape_of(c: char) -> String {
    let code = u32::from(c);
    if code > 0xFFFF { format!("\\U{code:08x}") } else { format!("\\u{code:04x}") }
}

#[cfg(test)]
mod tests {
    use super::{Invisible, escape_of, invisible, spelled};

    #[test]
    fn what_cannot_be_seen_is_known() {
        for c in ['\u{AD}', '\u{200B}', '\u{2060}', '\u{3164}', '\u{FE00}', '\u{E0101}'] {
            assert_eq!(invisible(c), Some(Invisible::ZeroWidth), "{}", escape_of(c));
        }
        for c in ['\u{202E}', '\u{2066}', '\u{61C}'] {
            assert_eq!(invisible(c), Some(Invisible::Bidi), "{}", escape_of(c));
        }
        assert_eq!(invisible('\u{1B}'), Some(Invisible::Control));
        assert_eq!(invisible('\u{2028}'), Some(Invisible::LineBreak));
        for c in ['a', ' ', '\n', '\t', 'é', '名', '\u{301}', '\u{FE0F}'] {
            assert_eq!(invisible(c), None, "{}", escape_of(c));
        }
        assert_eq!(spelled("a\u{202E}\tb"), "a‹U+202E›‹U+0009›b");
    }
}
