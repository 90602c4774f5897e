//! Somebody who looks at a session: where they are, what they look for, what they have open.
//!
//! In:      keys.
//! Out:     `ViewState`: the call that is chosen, the calls that are shown, the sheet that is open.
//! Imports: its own room alone.

use crate::tools::replay::step::Session;

/// A key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// To the call before.
    Back,
    /// To the next call.
    Next,
    /// To the first call.
    First,
    /// To the last call.
    Last,
    /// Further up in what is open.
    Up,
    /// Further down.
    Down,
    /// Done.
    Enter,
    /// Never mind.
    Escape,
    /// Takes the last letter away.
    Backspace,
    /// A letter.
    Letter(char),
}

/// What is open beside the calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sheet {
    /// State, and why the call was decided so.
    Why,
    /// The whole explanation.
    Explanation,
    /// What would flip the decision.
    Flip,
    /// The call as a test.
    Test,
    /// The keys.
    Help,
}

/// What is being typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Prompt {
    /// The number of a call.
    Goto(String),
    /// What calls must say.
    Filter(String),
}

/// Where somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewState {
    /// The chosen call, an index of `Session::calls`.
    pub at: usize,
    /// What calls must say to be shown.
    pub filter: String,
    /// What is being typed.
    pub prompt: Option<Prompt>,
    /// What is open.
    pub sheet: Sheet,
    /// How far down it is read, in lines.
    pub scroll: usize,
    /// Whether the candidate decides.
    pub candidate: bool,
    /// Whether only calls are shown that the candidate decides otherwise.
    pub changed_only: bool,
    /// What there is to say about the last key.
    pub notice: Option<String>,
    /// Whether they are done.
    pub done: bool,
}

/// What is said where a key needs a candidate.
const NO_CANDIDATE: &str = "there is no candidate: name one with --to";
/// Lines that one key moves a sheet by.
const SCROLL: usize = 5;

impl ViewState {
    /// In front of the last call that was not allowed, else of the first.
    #[must_use]
    pub fn of(session: &Session) -> Self {
        let changed = session.first_change();
        let stopped = |(_, call): &(usize, &crate::tools::replay::step::Call)| {
            call.effect(false).is_some_and(|effect| effect.is_some_and(|it| it.word() != "allow"))
        };
        let stopped = session.calls.iter().enumerate().find(stopped).map(|(at, _)| at);
        Self {
            at: changed.or(stopped).unwrap_or(0),
            filter: String::new(),
            prompt: None,
            sheet: Sheet::Why,
            scroll: 0,
            candidate: false,
            changed_only: false,
            notice: None,
            done: false,
        }
    }

    /// The calls that are shown.
    #[must_use]
    pub fn shown(&self, session: &Session) -> Vec<usize> {
        let wanted = self.filter.to_lowercase();
        let says = |at: &usize| {
            session.calls.get(*at).is_some_and(|call| {
                let effect = call.effect(self.candidate).flatten().map_or("none", |it| it.word());
                let rule = call.rule(self.candidate).unwrap_or_default();
                let text = format!("{} {} {effect} {rule} {}", call.tool, call.arguments, call.id);
                (!self.changed_only || call.differs()) && text.to_lowercase().contains(&wanted)
            })
        };
        (0..session.calls.len()).filter(says).collect()
    }

    /// Does what a key says.
    pub fn press(&mut self, key: Key, session: &Session) {
        self.notice = None;
        if let Some(prompt) = self.prompt.take() {
            self.typed(prompt, key, session);
            return;
        }
        match key {
            Key::Back | Key::Next | Key::First | Key::Last => self.go(key, session),
            Key::Up => self.scroll = self.scroll.saturating_sub(SCROLL),
            Key::Down => self.scroll = self.scroll.saturating_add(SCROLL),
            Key::Escape if self.sheet != Sheet::Why => self.open(Sheet::Why),
            Key::Escape => {
                self.filter.clear();
                self.changed_only = false;
            }
            Key::Letter(letter) => self.letter(letter, session),
            Key::Enter | Key::Backspace => {}
        }
    }

    fn go(&mut self, key: Key, session: &Session) {
        let shown = self.shown(session);
        let to = match key {
            Key::Back => shown.iter().rev().find(|at| **at < self.at),
            Key::Next => shown.iter().find(|at| **at > self.at),
            Key::First => shown.first(),
            Key::Last => shown.last(),
            Key::Up | Key::Down | Key::Enter | Key::Escape | Key::Backspace | Key::Letter(_) => {
                None
            }
        };
        if let Some(to) = to {
            self.choose(*to);
        }
    }

    const fn choose(&mut self, at: usize) {
        self.at = at;
        self.scroll = 0;
    }

    const fn open(&mut self, sheet: Sheet) {
        self.sheet = sheet;
        self.scroll = 0;
    }

    /// Opens a sheet, or puts it away.
    fn turn(&mut self, sheet: Sheet) {
        self.open(if self.sheet == sheet { Sheet::Why } else { sheet });
    }

    fn letter(&mut self, letter: char, session: &Session) {
        match letter {
            'q' => self.done = true,
            'g' => self.prompt = Some(Prompt::Goto(String::new())),
            '/' => self.prompt = Some(Prompt::Filter(self.filter.clone())),
            'e' => self.turn(Sheet::Explanation),
            'f' => self.turn(Sheet::Flip),
            't' => self.turn(Sheet::Test),
            '?' => self.turn(Sheet::Help),
            'b' | 'd' if session.candidate.is_none() => {
                self.notice = Some(NO_CANDIDATE.to_owned());
            }
            'b' => {
                self.candidate = !self.candidate;
                self.scroll = 0;
            }
            'd' => {
                self.changed_only = !self.changed_only;
                self.land(session);
            }
            other => self.notice = Some(format!("`{other}` does nothing; ? tells the keys")),
        }
    }

    fn typed(&mut self, prompt: Prompt, key: Key, session: &Session) {
        let (mut text, filters) = match prompt {
            Prompt::Goto(text) => (text, false),
            Prompt::Filter(text) => (text, true),
        };
        match key {
            Key::Escape => return,
            Key::Enter if filters => {
                self.filter = text;
                self.land(session);
                return;
            }
            Key::Enter => {
                let step = text.parse::<u64>().ok();
                match session.calls.iter().position(|call| Some(call.step) == step) {
                    Some(at) => self.choose(at),
                    None => self.notice = Some(format!("there is no call `{text}`")),
                }
                return;
            }
            Key::Backspace => drop(text.pop()),
            Key::Letter(letter) => text.push(letter),
            Key::Back | Key::Next | Key::First | Key::Last | Key::Up | Key::Down => {}
        }
        self.prompt = Some(if filters { Prompt::Filter(text) } else { Prompt::Goto(text) });
    }

    /// Goes to a call that is shown, if this one is not.
    fn land(&mut self, session: &Session) {
        let shown = self.shown(session);
        if shown.is_empty() {
            self.notice = Some("no call is left: Esc shows all".to_owned());
        } else if !shown.contains(&self.at)
            && let Some(next) = shown.iter().find(|at| **at > self.at).or(shown.first())
        {
            self.choose(*next);
        }
    }
}
