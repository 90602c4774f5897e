//! What a record says was decided, and the digest of a decision that says nothing else.
//!
//! In:      the outcome of a record.
//! Out:     the digest that its words have.
//! Imports: `lang`, `runtime::vm`.

use crate::lang::value::json;
use crate::runtime::record::read::{Outcome, Text};
use crate::runtime::vm::canonical;

impl Outcome<'_> {
    /// The digest of the decision that it says in words. `None` where it has outputs, obligations,
    /// which no decision here has, or lists that are not spelled as this build spells them: whoever
    /// reads one by its spelling and another by its meaning would come to two answers.
    #[must_use]
    pub fn digest_of_words(&self) -> Option<[u8; 32]> {
        if self.outputs.is_some() || self.obligations.is_some_and(|it| it != b"[]") {
            return None;
        }
        let (mut fired, mut errors) = (String::from("["), String::from("["));
        for id in self.fired() {
            fired.push_str(if fired.len() > 1 { "," } else { "" });
            json::write_string(&mut fired, "", &id.text()).ok()?;
        }
        fired.push(']');
        for (rule, class) in self.errors() {
            errors.push_str(if errors.len() > 1 { ",{\"class\":" } else { "{\"class\":" });
            json::write_string(&mut errors, "", &class.text()).ok()?;
            errors.push_str(",\"rule\":");
            match rule {
                Some(rule) => json::write_string(&mut errors, "", &rule.text()).ok()?,
                None => errors.push_str("null"),
            }
            errors.push('}');
        }
        errors.push(']');
        let is_spelled =
            |own: Option<&[u8]>, made: &str| own.is_none_or(|it| it == made.as_bytes());
        if !is_spelled(self.fired, &fired) || !is_spelled(self.errors, &errors) {
            return None;
        }
        let reason = self.reason.map(Text::text).unwrap_or_default();
        canonical::digest_of_words(self.effect, [&errors, &fired], &reason)
    }
}
