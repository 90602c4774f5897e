//! Texts that a session takes in, with what they carry: where values are found later.
//!
//! In:      what was said or given, and what each part of it carries.
//! Out:     fields of the index; numbers in them, and their readings, behind them.
//! Imports: `base`, `runtime::vm`.
//! Source:  `docs/sessions.md`, "How values are found".

use crate::base::pointer;
use crate::runtime::session::index::{EXACT_BYTES, Full, Origin};
use crate::runtime::session::json::{Leaf, TreeItem, walk};
use crate::runtime::session::log::LogTag;
use crate::runtime::session::readings::readings;
use crate::runtime::session::sought::FieldForm;
use crate::runtime::session::state::State;
use crate::runtime::session::taint::{Carrying, Taint, Tainting};
use crate::runtime::session::text::{NONE, is_edged, push_form, push_numbers};
use crate::runtime::vm::request::error::InputKind;

impl State {
    /// Takes in a text that carries labels: what the principal said, or what lies at a place of a
    /// call's output.
    pub(super) fn absorb(
        &mut self,
        text: &str,
        place: (Option<u32>, &str),
        carrying: Carrying<'_>,
    ) -> Result<(), Full> {
        let taint = self.taint(carrying)?;
        self.keep_text(text, place, (taint, self.room_for_texts()))
    }

    /// Keeps a text that carries this, and its readings, so that values are found there, where
    /// there is room for so many bytes of texts.
    fn keep_text(
        &mut self,
        text: &str,
        (call, pointer): (Option<u32>, &str),
        (taint, most): (u32, usize),
    ) -> Result<(), Full> {
        // A piece of a text that was made clean is not clean, nor is another spelling of it.
        let Taint { labels, pieces, .. } = self.taints.get(taint);
        let set = self.sets.get(labels);
        let is_exact = labels != pieces || set.is_some_and(|set| set.meets(&self.marks));
        let (fields, spelling) = (self.index.len(), if is_exact { EXACT_BYTES } else { 0 });
        let holds = if is_edged(text) { FieldForm::Edged } else { FieldForm::Text };
        let origin = Origin { call, holds, taint };
        let whole = (text.len(), |form: &mut String| push_form(text, form));
        self.keep(whole, (pointer, most.saturating_sub(spelling)), origin)?;
        let mut numbers = String::new();
        if self.index.len() > fields {
            if is_exact {
                self.index.spell(text);
                self.log.kind(LogTag::Spelled);
                self.note(text.as_bytes());
            }
            push_numbers(self.index.last_form(), &mut numbers);
        }
        // One field for all of them: a page of links has many.
        let mut forms = String::new();
        readings(text, |reading| {
            if !forms.is_empty() {
                forms.push(NONE);
            }
            push_form(reading, &mut forms);
        });
        for (holds, forms) in [(FieldForm::Numbers, numbers), (FieldForm::Readings, forms)] {
            if !forms.is_empty() {
                let taint = self.taint_of_pieces(taint)?;
                let origin = Origin { call, holds, taint };
                let whole = (forms.len(), |form: &mut String| form.push_str(&forms));
                self.keep(whole, (pointer, most), origin)?;
            }
        }
        Ok(())
    }

    /// Keeps a form, of about so many bytes, where there is room for `most` bytes of texts.
    fn keep(
        &mut self,
        (len, write): (usize, impl FnOnce(&mut String)),
        (pointer, most): (&str, usize),
        origin: Origin,
    ) -> Result<(), Full> {
        let start = self.index.mark();
        write(self.index.begin(len));
        let room = self.room_of(most);
        self.index.finish(start, (pointer, room), origin)
    }

    /// Takes in all values of an output; `tainting` says what lies at a place carries.
    pub(super) fn absorb_output(
        &mut self,
        out: &str,
        call: u32,
        tainting: &mut Tainting<'_, '_>,
    ) -> Result<(), Unread> {
        let (mut full, most) = (Ok(()), self.room_for_texts());
        // What the key of a member carries its value carries, if that is met next, and nothing else
        // is said of it.
        let mut of_key: Option<(u32, usize)> = None;
        let is_one = !tainting.tells_names();
        let walked = walk(out, |pointer, met| {
            if full.is_err() {
                return;
            }
            let known = of_key.take().filter(|(_, len)| *len == pointer.len());
            let is_name = matches!(met, TreeItem::Key(_));
            let at = (pointer, is_name);
            let taint = known.map_or_else(|| tainting.at(self, at), |(taint, _)| Ok(taint));
            full = taint.and_then(|taint| {
                let place = (Some(call), pointer);
                if is_name && is_one {
                    of_key = Some((taint, pointer.len()));
                }
                match met {
                    TreeItem::Key(text) | TreeItem::Leaf(Leaf::Text(text)) => {
                        self.keep_text(&text, place, (taint, most))
                    }
                    TreeItem::Leaf(Leaf::Number(text)) => {
                        self.keep_text(text, place, (taint, most))
                    }
                    TreeItem::Leaf(Leaf::Bool(_) | Leaf::Nothing(_)) => Ok(()),
                }
            });
        });
        walked.map_err(Unread::Syntax)?;
        full.map_err(|Full| Unread::Full)
    }

    /// The fields of a call's output that lie at a place or in it, if it has any.
    pub(super) fn fields_at(&self, call: u32, place: &str) -> Vec<u32> {
        let (number, Some(call)) = (call, self.call(call)) else { return Vec::new() };
        let mut below = place.to_owned();
        pointer::push(&mut below, "");
        let lies = |at: &u32| {
            let field = self.index.field(*at);
            let found = field.map_or("", |field| self.index.pointer(&field));
            // Between two answers to one call others came in.
            let own = field.is_some_and(|it| it.call == Some(number) && it.holds.is_text());
            own && (found == place || found.starts_with(&below))
        };
        (call.fields.0..call.fields.1).filter(lies).collect()
    }
}

/// Why an output was not taken in as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unread {
    /// It is no JSON.
    Syntax(InputKind),
    /// The session holds as much as it may.
    Full,
}
