//! An expression in lines.
//!
//! In:      the plan of an expression, and its words and comments as they are to be written.
//! Out:     text: each group on one line where it fits, else broken at all its places.
//! Imports: `base`.
//!
//! The work is linear in the number of words: what a group takes on one line is known before the
//! first line is written.

use crate::base::limits::{EXPRESSION_CODE_POINTS_MAX, YAML_SCALAR_BYTES_MAX};
use crate::compiler::format::plan::{Bracket, Indent, Slot};

/// A comment to be written.
#[derive(Clone, Debug)]
pub(super) struct Note<'t> {
    /// The number of words in front of it.
    pub(super) gap: usize,
    /// Whether it stands behind a word.
    pub(super) trailing: bool,
    /// Its text.
    pub(super) text: &'t str,
}

/// What is to be written.
#[derive(Clone, Debug)]
pub(super) struct LayoutInput<'t> {
    /// The layout of each word.
    pub(super) slots: &'t [Slot],
    /// The words.
    pub(super) words: &'t [&'t str],
    /// The comments; their gaps ascend.
    pub(super) notes: &'t [Note<'t>],
}

/// Where it is to be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageLayout<'t> {
    /// The column of the first word, from 0.
    pub(super) column: usize,
    /// The column that lines begin at, from 0.
    pub(super) base: usize,
    /// The columns there are.
    pub(super) width: usize,
    /// Columns of a step.
    pub(super) indent: usize,
    /// Whether lines below the first must be indented, a closing bracket aside.
    pub(super) hangs: bool,
    /// The line break of the file.
    pub(super) newline: &'t str,
}

/// The columns of the first line of `text`.
pub(super) fn columns(text: &str) -> usize {
    text.lines().next().unwrap_or_default().chars().count()
}

/// Writes an expression; `None` where it would be longer than an expression may be.
pub(super) fn lay_out(parts: &LayoutInput<'_>, page: PageLayout<'_>) -> Option<String> {
    let items = items(parts);
    let mut flat = Vec::with_capacity(items.len() + 1);
    let (mut columns, mut notes) = (0, 0);
    flat.push((columns, notes));
    for item in &items {
        columns += item.columns(parts);
        notes += usize::from(matches!(item, Item::Note(_)));
        flat.push((columns, notes));
    }
    let mut writer = Writer {
        parts,
        page,
        out: String::new(),
        code_points: 0,
        column: page.column,
        indent: 0,
        pending: None,
        groups: Vec::new(),
    };
    let ends = ends(&items);
    let rests = rests(&items, parts);
    for (at, item) in items.iter().enumerate() {
        if let Item::Open(indent) = item {
            let end = ends.get(at).copied().unwrap_or(at);
            let span = |at: usize| flat.get(at).copied().unwrap_or_default();
            let (from, to) = (span(at), span(end));
            let needed = to.0 - from.0 + rests.get(end).copied().unwrap_or(0);
            let fits = from.1 == to.1 && writer.start() + needed <= page.width;
            writer.open(*indent, fits);
        } else {
            writer.write(item);
        }
        // Before much is written in vain.
        if writer.is_too_long() {
            return None;
        }
    }
    Some(writer.out)
}

/// A step of writing.
#[derive(Clone, Copy, Debug)]
enum Item {
    /// A group begins.
    Open(Indent),
    /// The innermost group ends.
    Close,
    /// Lines are indented one step more, or one step less.
    Indent,
    Dedent,
    /// The innermost group breaks here; whether a blank stands here if it does not.
    Break(bool),
    Blank,
    /// A comma if the innermost group is broken.
    Comma,
    Word(usize),
    Note(usize),
}

impl Item {
    /// Its columns where its group is not broken.
    fn columns(self, parts: &LayoutInput<'_>) -> usize {
        match self {
            Self::Word(at) => parts.words.get(at).map_or(0, |word| columns(word)),
            Self::Break(blank) => usize::from(blank),
            Self::Blank => 1,
            Self::Open(_)
            | Self::Close
            | Self::Indent
            | Self::Dedent
            | Self::Comma
            | Self::Note(_) => 0,
        }
    }
}

fn items(parts: &LayoutInput<'_>) -> Vec<Item> {
    let mut items = Vec::with_capacity(parts.slots.len() * 4);
    let mut notes = parts.notes.iter().enumerate().peekable();
    for (at, slot) in parts.slots.iter().enumerate() {
        let closing = slot.bracket == Bracket::Close;
        let mut below = Vec::new();
        while let Some((note, found)) = notes.next_if(|(_, note)| note.gap <= at) {
            if found.trailing || closing {
                items.push(Item::Note(note));
            } else {
                below.push(Item::Note(note));
            }
        }
        if closing {
            items.push(Item::Dedent);
        }
        if slot.breaks {
            items.push(Item::Break(slot.blank));
        } else if slot.blank {
            items.push(Item::Blank);
        }
        items.append(&mut below);
        items.extend(slot.opens.iter().map(|indent| Item::Open(*indent)));
        items.push(Item::Word(at));
        if slot.bracket == Bracket::Open {
            items.push(Item::Indent);
        }
        items.extend((0..slot.closes).map(|_| Item::Close));
        if slot.comma {
            items.push(Item::Comma);
        }
    }
    items.extend(notes.map(|(note, _)| Item::Note(note)));
    items
}

/// For the beginning of each group its end.
fn ends(items: &[Item]) -> Vec<usize> {
    let mut ends: Vec<usize> = (0..items.len()).collect();
    let mut open = Vec::new();
    for (at, item) in items.iter().enumerate() {
        if let Item::Open(_) = item {
            open.push(at);
        } else if let Item::Close = item
            && let Some(end) = open.pop().and_then(|begin| ends.get_mut(begin))
        {
            *end = at;
        }
    }
    ends
}

/// For each step the columns from it to the next place where a line may end.
fn rests(items: &[Item], parts: &LayoutInput<'_>) -> Vec<usize> {
    let mut rests = vec![0; items.len()];
    let mut rest = 0;
    for (item, place) in items.iter().zip(&mut rests).rev() {
        rest = match item {
            Item::Break(_) | Item::Note(_) => 0,
            Item::Comma => rest + 1,
            Item::Word(_)
            | Item::Blank
            | Item::Open(_)
            | Item::Close
            | Item::Indent
            | Item::Dedent => rest + item.columns(parts),
        };
        *place = rest;
    }
    rests
}

/// A group that is open.
struct Group {
    /// Whether it is on one line.
    flat: bool,
    /// The steps that it has added.
    steps: usize,
    /// The steps that it adds at the first place it is broken at.
    later: usize,
}

struct Writer<'t> {
    parts: &'t LayoutInput<'t>,
    page: PageLayout<'t>,
    out: String,
    code_points: usize,
    column: usize,
    /// Steps.
    indent: usize,
    /// A line break that is due, with the steps of the line behind it.
    pending: Option<usize>,
    /// The groups that are open.
    groups: Vec<Group>,
}

impl Writer<'_> {
    /// Whether a scalar could not hold what is written, or an expression not be so long.
    fn is_too_long(&self) -> bool {
        self.out.len() > YAML_SCALAR_BYTES_MAX || self.code_points > EXPRESSION_CODE_POINTS_MAX
    }

    /// The column of what is written next.
    fn start(&self) -> usize {
        self.pending.map_or(self.column, |steps| self.page.base + steps * self.page.indent)
    }

    fn open(&mut self, indent: Indent, fits: bool) {
        let flat = fits || self.is_flat();
        let (now, later) = match indent {
            _ if flat => (0, 0),
            Indent::All => (1, 0),
            Indent::Broken(steps) => (0, steps),
        };
        self.indent += now;
        self.groups.push(Group { flat, steps: now, later });
    }

    fn is_flat(&self) -> bool {
        self.groups.last().is_some_and(|group| group.flat)
    }

    /// Indents the innermost group, if it is still to be.
    fn step(&mut self) {
        if let Some(group) = self.groups.last_mut() {
            let steps = std::mem::take(&mut group.later);
            group.steps += steps;
            self.indent += steps;
        }
    }

    fn write(&mut self, item: &Item) {
        let flat = self.is_flat();
        match *item {
            Item::Close => {
                let steps = self.groups.pop().map_or(0, |group| group.steps);
                self.indent = self.indent.saturating_sub(steps);
            }
            Item::Indent => self.indent += usize::from(!flat),
            Item::Dedent => self.indent = self.indent.saturating_sub(usize::from(!flat)),
            Item::Break(_) if !flat => {
                self.step();
                self.pending = Some(self.indent);
            }
            Item::Break(true) | Item::Blank => {
                if self.pending.is_none() {
                    self.text(" ");
                }
            }
            Item::Open(_) | Item::Break(false) => {}
            Item::Comma => {
                if !flat {
                    self.text(",");
                }
            }
            Item::Word(at) => {
                let word = self.parts.words.get(at).copied().unwrap_or_default();
                let closes =
                    self.parts.slots.get(at).is_some_and(|it| it.bracket == Bracket::Close);
                self.fresh(closes);
                self.text(word);
            }
            Item::Note(at) => self.note(at),
        }
    }

    /// A comment ends its line, so whatever follows begins another.
    fn note(&mut self, at: usize) {
        let Some(note) = self.parts.notes.get(at) else { return };
        if self.pending.is_none() && !self.out.is_empty() {
            if note.trailing {
                self.text(" ");
            } else {
                self.pending = Some(self.indent);
            }
        }
        self.fresh(false);
        self.text(note.text);
        self.pending = Some(self.indent);
    }

    /// Writes the line break that is due.
    fn fresh(&mut self, closes: bool) {
        let Some(steps) = self.pending.take() else { return };
        let least = usize::from(self.page.hangs && !closes);
        let indent = self.page.base + steps.max(least) * self.page.indent;
        self.out.push_str(self.page.newline);
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
        self.code_points += self.page.newline.len() + indent;
    }

    fn text(&mut self, text: &str) {
        let code_points = text.chars().count();
        self.out.push_str(text);
        self.code_points += code_points;
        self.column = match text.rsplit_once('\n') {
            Some((_, last)) => last.chars().count(),
            None => self.column + code_points,
        };
    }
}
