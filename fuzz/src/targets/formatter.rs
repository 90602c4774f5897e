//! A text, formatted: what is written is stable, and compiles to the same bundle or not at all.

use policyc::compiler::format::{INDENTS, Refused, Settings, WIDTHS, edits, format};

/// Longer texts take longer, and say no more.
const BYTES_MAX: usize = 16 << 10;

pub(crate) fn run(data: &[u8]) {
    let [how, data @ ..] = data else { return };
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > BYTES_MAX {
        return;
    }
    let path = ["a.cel", "a.yaml", "a.json"][usize::from(how % 3)];
    let width = WIDTHS[usize::from(how >> 4 & 1)];
    let settings = Settings { width, indent: INDENTS[usize::from(how >> 5 & 1)] };
    let once = match format(path, text, settings) {
        Ok(once) => once,
        Err(Refused::Unread(_)) => return,
        Err(Refused::Changed) => panic!("formatting would change {path}:\n{text}"),
    };
    let twice = format(path, &once, settings);
    assert_eq!(twice.as_ref(), Ok(&once), "{path} is not stable; it was\n{text}");
    assert!(edits(path, &once, settings).is_ok_and(|edits| edits.is_empty()));
}
