//! How a session looks on a screen.
//!
//! In:      a `Session`, a `ViewState`, what the open sheet says.
//! Out:     a picture: calls at the left, state and reasons at the right, keys at the foot; on a
//!          narrow screen one below the other.
//! Imports: `lang`, `tools::replay`, `tools::report`.
//!
//! Every text of a record goes through `visible`: nothing in it moves the cursor.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};

use crate::lang::decision::Effect;
use crate::tools::replay::step::desk::{Prompt, Sheet, ViewState};
use crate::tools::replay::step::{Call, CallVerdict, Session};
use crate::tools::report::replay::step::{Columns, UNRECORDED, fit, held, missing, remark, title};
use crate::tools::report::visible::{visible, visible_lines};

/// Columns from which on calls and reasons stand side by side.
const WIDE: u16 = 80;
/// Columns of the frame of a sheet.
const FRAME: u16 = 2;
/// Rows of the pane of state, its frame included.
const STATE_ROWS: u16 = 6;

/// The keys, and what they do.
const KEYS: &[(&str, &str)] = &[
    ("←/→", "step"),
    ("g", "goto"),
    ("/", "filter"),
    ("e", "explain"),
    ("f", "flip"),
    ("t", "test"),
    ("b", "bundle A|B"),
    ("d", "diff mode"),
    ("?", "help"),
    ("q", "quit"),
];

/// What the keys do, at length.
pub const HELP: &str = "\
  ← ↑     the call before        → ↓     the next call
  Home    the first call         End     the last call
  g       go to a call by its number
  /       show only calls that say something: tool, arguments, effect, rule or id
  e       explain the decision on the source
  f       what would flip the decision
  t       the call as a test of the policy
  b       decide by the bundle (A), or by the candidate (B) of --to
  d       show only calls that the candidate decides otherwise
  PgUp    further up in a text   PgDn    further down
  Esc     close what is open; show all calls again
  q       quit

  ✓ allow   ✗ deny   ◆ escalate   ? not known
  ≠ the candidate decides otherwise; what follows the first such call is grey: an agent
    would have gone another way from there
";

/// Columns that a sheet has on a screen so wide.
#[must_use]
pub fn sheet_columns(width: u16, sheet: Sheet) -> usize {
    let own = if sheet == Sheet::Why && width >= WIDE { right_of(width) } else { width };
    usize::from(own.saturating_sub(FRAME)).max(1)
}

/// Columns of the right half.
const fn right_of(width: u16) -> u16 {
    width * 9 / 20
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, session: &Session, desk: &ViewState, sheet: &str, colour: bool) {
    let area = frame.area();
    let (body, foot) = below(area, area.height.saturating_sub(1).max(1));
    let screen = Screen { session, desk, colour };
    if desk.sheet == Sheet::Why {
        let (calls, state, why) = panes(body);
        screen.calls(frame, calls);
        screen.state(frame, state);
        screen.sheet(frame, why, "why", sheet);
    } else {
        screen.sheet(frame, body, &screen.heading(), sheet);
    }
    let text = fit(&screen.foot(usize::from(foot.width)), usize::from(foot.width));
    frame.render_widget(Paragraph::new(text).style(screen.dim()), foot);
}

/// Where calls, state and reasons are.
fn panes(body: Rect) -> (Rect, Rect, Rect) {
    if body.width >= WIDE {
        let right = right_of(body.width);
        let calls = Rect { width: body.width - right, ..body };
        let right = Rect { x: calls.right(), width: right, ..body };
        let (state, why) = below(right, STATE_ROWS.min(body.height.saturating_sub(1)));
        return (calls, state, why);
    }
    let rows = STATE_ROWS.min(4).min(body.height);
    let (calls, rest) = below(body, (body.height - rows).div_ceil(2));
    let (state, why) = below(rest, rows);
    (calls, state, why)
}

/// So many rows of an area, and those below.
fn below(area: Rect, rows: u16) -> (Rect, Rect) {
    let rows = rows.min(area.height);
    let above = Rect { height: rows, ..area };
    (above, Rect { y: above.bottom(), height: area.height - rows, ..area })
}

struct Screen<'a> {
    session: &'a Session,
    desk: &'a ViewState,
    colour: bool,
}

impl Screen<'_> {
    fn call(&self) -> Option<&Call> {
        self.session.calls.get(self.desk.at)
    }

    fn dim(&self) -> Style {
        if self.colour { Style::new().add_modifier(Modifier::DIM) } else { Style::new() }
    }

    fn style(&self, call: &Call) -> Style {
        let colour = match call.effect(self.desk.candidate).flatten() {
            Some(Effect::Allow) => Color::Green,
            Some(Effect::Deny) => Color::Red,
            Some(Effect::Escalate) => Color::Yellow,
            None => Color::Reset,
        };
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    fn calls(&self, frame: &mut Frame<'_>, area: Rect) {
        let Self { session, desk, .. } = self;
        let shown = desk.shown(session);
        let columns = Columns::of(session);
        let width = usize::from(area.width.saturating_sub(FRAME));
        let rows = usize::from(area.height.saturating_sub(FRAME));
        let chosen = shown.iter().position(|at| *at == desk.at).unwrap_or(0);
        // The chosen call stands in the middle, as far as there are others around it.
        let first = chosen.saturating_sub(rows / 2).min(shown.len().saturating_sub(rows));
        let line = |at: &usize| {
            let call = session.calls.get(*at)?;
            let here = if *at == desk.at { '▶' } else { ' ' };
            let other = if call.differs() { '≠' } else { ' ' };
            let grey = desk.candidate && session.is_downstream(*at);
            let row = columns.row(call, desk.candidate, width.saturating_sub(2));
            let style = if grey { self.dim() } else { self.style(call) };
            let strong = if *at == desk.at { Modifier::BOLD } else { Modifier::empty() };
            Some(Line::styled(format!("{here}{other}{row}"), style.add_modifier(strong)))
        };
        let lines: Vec<Line<'_>> = shown.iter().skip(first).take(rows).filter_map(line).collect();
        let mut parts = vec![title(session)];
        parts.extend(
            session.candidate.is_some().then(|| {
                if desk.candidate { "B, the candidate".to_owned() } else { "A".to_owned() }
            }),
        );
        if shown.len() < session.calls.len() {
            parts.push(format!("{} shown", shown.len()));
        }
        parts.extend(missing(session));
        let head = fit(&format!(" {} ", parts.join(" · ")), width);
        let block = Block::bordered().title(head.trim_end().to_owned() + " ");
        frame.render_widget(Paragraph::new(lines).block(block), area);
    }

    fn state(&self, frame: &mut Frame<'_>, area: Rect) {
        let width = usize::from(area.width.saturating_sub(FRAME));
        let mut rows: Vec<String> = Vec::new();
        if let Some(call) = self.call() {
            let said = if self.desk.candidate { call.candidate.as_ref() } else { None };
            rows.extend(remark(said.unwrap_or(&call.replayed)));
            if call.recorded.is_none() && matches!(call.replayed, CallVerdict::Decided { .. }) {
                rows.push(UNRECORDED.to_owned());
            }
            rows.extend(call.state.iter().map(|it| {
                let (key, says) = held(it);
                format!("{key}  {says}")
            }));
            rows.extend(call.knew.iter().map(|(word, says)| format!("{word} {}", visible(says))));
            if call.state.is_empty() && call.knew.is_empty() {
                rows.push("no state was read or written".to_owned());
            }
        }
        let lines: Vec<Line<'_>> =
            rows.into_iter().map(|row| Line::raw(fit(&row, width))).collect();
        let step = self.call().map_or(0, |call| call.step);
        let block = Block::bordered().title(format!(" state at step {step} "));
        frame.render_widget(Paragraph::new(lines).block(block), area);
    }

    fn heading(&self) -> String {
        let (id, step) = self.call().map_or(("", 0), |call| (call.id.as_str(), call.step));
        let what = match self.desk.sheet {
            Sheet::Why => "why",
            Sheet::Explanation => "explanation",
            Sheet::Flip => "flip",
            Sheet::Test => "test",
            Sheet::Help => return "keys".to_owned(),
        };
        let by = if self.desk.candidate { " · by the candidate" } else { "" };
        format!("{what} · step {step} · {}{by}", visible(id))
    }

    fn sheet(&self, frame: &mut Frame<'_>, area: Rect, head: &str, text: &str) {
        let width = usize::from(area.width.saturating_sub(FRAME));
        let text = if self.desk.sheet == Sheet::Help { HELP } else { text };
        let text = visible_lines(text);
        let rows: Vec<&str> = text.lines().collect();
        let height = usize::from(area.height.saturating_sub(FRAME));
        let scroll = self.desk.scroll.min(rows.len().saturating_sub(height));
        let lines = rows.iter().skip(scroll).take(height);
        let lines: Vec<Line<'_>> = lines.map(|row| Line::raw(fit(row, width))).collect();
        let more = rows.len().saturating_sub(scroll + height);
        let below = if more > 0 { format!(" {more} more lines: PgDn ") } else { String::new() };
        let head = fit(&format!(" {head} "), width);
        let block = Block::bordered().title(head.trim_end().to_owned() + " ").title_bottom(below);
        frame.render_widget(Paragraph::new(lines).block(block), area);
    }

    /// What is typed, what there is to say, else the keys, as many as there is room for.
    fn foot(&self, width: usize) -> String {
        match (&self.desk.prompt, &self.desk.notice) {
            (Some(Prompt::Goto(text)), _) => format!(" go to call: {}_", visible(text)),
            (Some(Prompt::Filter(text)), _) => format!(" show calls that say: {}_", visible(text)),
            (None, Some(notice)) => format!(" {}", visible(notice)),
            (None, None) => {
                let long: Vec<String> =
                    KEYS.iter().map(|(key, what)| format!("{key} {what}")).collect();
                let long = format!(" {}", long.join("  "));
                if long.chars().count() <= width {
                    return long;
                }
                let keys: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
                format!(" {}  (? tells what they do)", keys.join(" "))
            }
        }
    }
}
