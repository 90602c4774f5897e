//! A session on the whole screen of a terminal.
//!
//! In:      a `Session`, somebody who tells what a sheet says, keys.
//! Out:     pictures; the terminal as it was, however it ends.
//! Imports: `tools::replay`.
//!
//! What keys do is `tools::replay::step::desk`; what is drawn is `view`. Here is only the terminal.

pub mod view;

use std::collections::BTreeMap;
use std::io::{self, Stdout, stdout};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::Show;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, poll, read};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::tools::replay::step::desk::{Key, Sheet, ViewState};
use crate::tools::replay::step::{Call, Session};

/// How often signals are looked for, in milliseconds.
const POLL_MS: u64 = 100;

/// What a sheet says of a call: the call, the sheet, whether the candidate decides, columns.
pub type SheetRenderer<'t> = dyn FnMut(&Call, Sheet, bool, usize) -> String + 't;

/// How somebody left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScreenExit {
    /// They were done.
    Done,
    /// By Ctrl-C, or because the program was told to end.
    Interrupted,
}

/// Whether the terminal is taken over.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal, taken over; given back when this goes.
struct TerminalGuard(Terminal<CrosstermBackend<Stdout>>);

impl TerminalGuard {
    fn take() -> io::Result<Self> {
        // A bug of ours ends the program where it shows, and says so on a screen as it was.
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |about| {
            give_back();
            before(about);
        }));
        TAKEN.store(true, Ordering::Relaxed);
        enable_raw_mode()?;
        let taken = execute!(stdout(), EnterAlternateScreen)
            .and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        if taken.is_err() {
            give_back();
        }
        taken.map(Self)
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        give_back();
    }
}

/// Where this fails there is nobody to tell.
fn give_back() {
    if !TAKEN.swap(false, Ordering::Relaxed) {
        return;
    }
    let _ = execute!(stdout(), LeaveAlternateScreen);
    let _ = execute!(stdout(), Show);
    let _ = disable_raw_mode();
}

/// Shows a session until somebody is done.
///
/// # Errors
/// If the terminal cannot be taken over, or is gone.
pub fn show(
    session: &Session,
    colour: bool,
    tell: &mut SheetRenderer<'_>,
) -> io::Result<ScreenExit> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        flag::register(signal, Arc::clone(&stop))?;
    }
    let mut taken = TerminalGuard::take()?;
    let mut desk = ViewState::of(session);
    let mut told: BTreeMap<(usize, Sheet, bool, usize), String> = BTreeMap::new();
    while !desk.done {
        let columns = view::sheet_columns(taken.0.size()?.width, desk.sheet);
        let key = (desk.at, desk.sheet, desk.candidate, columns);
        let text = told.entry(key).or_insert_with(|| match session.calls.get(desk.at) {
            Some(call) => tell(call, desk.sheet, desk.candidate, columns),
            None => String::new(),
        });
        taken.0.draw(|frame| view::draw(frame, session, &desk, text, colour))?;
        while !poll(Duration::from_millis(POLL_MS))? {
            if stop.load(Ordering::Relaxed) {
                return Ok(ScreenExit::Interrupted);
            }
        }
        let Event::Key(event) = read()? else { continue };
        if event.modifiers.contains(KeyModifiers::CONTROL) && event.code == KeyCode::Char('c') {
            return Ok(ScreenExit::Interrupted);
        }
        if let Some(key) = key_of(event) {
            desk.press(key, session);
        }
    }
    Ok(ScreenExit::Done)
}

/// The key that was pressed, if it is one of ours.
#[must_use]
#[expect(clippy::wildcard_enum_match_arm, reason = "most keys mean nothing here")]
fn key_of(event: KeyEvent) -> Option<Key> {
    if event.kind == KeyEventKind::Release || event.modifiers.contains(KeyModifiers::CONTROL) {
        return None;
    }
    Some(match event.code {
        KeyCode::Left | KeyCode::Up => Key::Back,
        KeyCode::Right | KeyCode::Down => Key::Next,
        KeyCode::Home => Key::First,
        KeyCode::End => Key::Last,
        KeyCode::PageUp => Key::Up,
        KeyCode::PageDown => Key::Down,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Char(letter) => Key::Letter(letter),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

    use super::key_of;
    use crate::tools::replay::step::desk::Key;

    #[test]
    fn keys_are_told_apart() {
        let of = |code, modifiers| key_of(KeyEvent::new(code, modifiers));
        assert_eq!(of(KeyCode::Right, KeyModifiers::NONE), Some(Key::Next));
        assert_eq!(of(KeyCode::Char('?'), KeyModifiers::SHIFT), Some(Key::Letter('?')));
        assert_eq!(of(KeyCode::Char('b'), KeyModifiers::CONTROL), None);
        assert_eq!(of(KeyCode::F(1), KeyModifiers::NONE), None);
    }
}
