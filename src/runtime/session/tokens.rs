//! The words of a form.
//!
//! In:      a form.
//! Out:     where each of its words begins, and its text.
//! Imports: nothing of ours.
//!
//! A form that stands in another one, where no word goes on at either end, has the same words there
//! as by itself.

/// Whether a letter belongs to a word. Scripts without blanks between words have none of several
/// letters.
pub(super) fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() && letter < '\u{2e80}'
}

/// The words of a form: where each begins, and its text. A letter of a script without blanks is
/// one.
#[inline]
pub(super) fn words(form: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = word_start(form, at)?;
        at = word_end(form, start);
        form.get(start..at).map(|word| (start, word))
    })
}

/// The letter that stands at `at`, where it is none of ASCII.
#[cold]
fn wide(form: &str, at: usize) -> Option<char> {
    form.get(at..)?.chars().next()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ByteKind {
    /// A letter or digit of ASCII.
    Letter,
    /// Another sign of ASCII.
    Sign,
    /// A part of a letter of several bytes.
    Wide,
}

/// The kinds of all bytes.
const KINDS: [ByteKind; 256] = {
    let mut kinds = [ByteKind::Sign; 256];
    let mut rest = kinds.as_mut_slice();
    let mut byte = 0_u8;
    while let Some((kind, behind)) = rest.split_first_mut() {
        if byte.is_ascii_alphanumeric() {
            *kind = ByteKind::Letter;
        } else if !byte.is_ascii() {
            *kind = ByteKind::Wide;
        }
        byte = byte.wrapping_add(1);
        rest = behind;
    }
    kinds
};

/// The kind of the byte at `at`.
#[inline]
fn kind_at(form: &str, at: usize) -> Option<ByteKind> {
    let byte = form.as_bytes().get(at)?;
    KINDS.get(usize::from(*byte)).copied()
}

/// Where the next word begins, from `at` on.
#[inline]
fn word_start(form: &str, mut at: usize) -> Option<usize> {
    loop {
        match kind_at(form, at)? {
            ByteKind::Letter => return Some(at),
            ByteKind::Sign => at += 1,
            ByteKind::Wide => {
                let letter = wide(form, at)?;
                if letter.is_alphanumeric() {
                    return Some(at);
                }
                at += letter.len_utf8();
            }
        }
    }
}

/// Where the word ends that begins at `start`.
#[inline]
fn word_end(form: &str, start: usize) -> usize {
    let mut at = start;
    while let Some(kind) = kind_at(form, at) {
        let letter = match kind {
            ByteKind::Letter => {
                at += 1;
                continue;
            }
            ByteKind::Sign => break,
            ByteKind::Wide => wide(form, at),
        };
        let Some(letter) = letter else { break };
        if is_of_word(letter) {
            at += letter.len_utf8();
            continue;
        }
        // A letter of a script without blanks is a word by itself, or stands behind one.
        return if at == start { at + letter.len_utf8() } else { at };
    }
    at
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn words_of_texts() {
        let found: Vec<_> = words("a.doe@x-1 日本").collect();
        assert_eq!(found, [(0, "a"), (2, "doe"), (6, "x"), (8, "1"), (10, "日"), (13, "本")]);
        let found: Vec<_> = words("«ärger» é\u{301}日x").collect();
        assert_eq!(found, [(2, "ärger"), (11, "é"), (15, "日"), (18, "x")]);
    }
}
