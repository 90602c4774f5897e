//! Detectors: where text holds e-mail addresses, phone numbers, cards, IBANs, secrets, ids.
//!
//! In:      bytes of a text, and what is looked for.
//! Out:     where it stands: ranges of bytes, ascending, none inside of another.
//! Imports: nothing of ours.
//! Source:  `docs/detectors.md`, which tells the rules and where they come from.
//!
//! At each place the longest part that fits is found, and the search goes on behind it. Every byte
//! is looked at a bounded number of times, whatever the text; nothing is allocated.

mod card;
mod contact;
mod iban;
mod national;
mod secret;
mod shape;

use std::ops::Range;

/// What is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// E-mail addresses.
    Email,
    /// Phone numbers.
    Phone,
    /// Numbers of payment cards.
    Card,
    /// International bank account numbers.
    Iban,
    /// Keys, tokens and private keys.
    Secret,
    /// National ids of any country below.
    NationalId,
    /// Swiss AHV numbers.
    ChAhv,
    /// German tax ids.
    DeTaxId,
    /// Spanish DNI and NIE.
    EsDni,
    /// French NIR.
    FrNir,
    /// Italian tax codes.
    ItTaxCode,
    /// Social security numbers of the United States.
    UsSsn,
}

/// A search through one text.
#[derive(Clone, Debug)]
pub struct Search {
    kind: Kind,
    at: usize,
    /// Whether no block of PEM ends behind `at`.
    endless: bool,
}

impl Search {
    /// A search for `kind` that has not begun.
    #[must_use]
    pub const fn of(kind: Kind) -> Self {
        Self { kind, at: 0, endless: false }
    }

    /// What is found next in `text`, which is the same at every call.
    pub fn next_in(&mut self, text: &[u8]) -> Option<Range<usize>> {
        while self.at < text.len() {
            let start = self.at;
            let found = match self.kind {
                Kind::Email => contact::email(text, &mut self.at),
                Kind::Phone => contact::phone(text, start).map(|end| start..end),
                Kind::Secret => {
                    secret::secret(text, start, &mut self.endless).map(|end| start..end)
                }
                Kind::Card => {
                    let begins = |byte: u8| matches!(byte, b'2'..=b'6');
                    next_word(text, &mut self.at, begins, card::card)
                }
                Kind::Iban => {
                    let begins = |byte: u8| byte.is_ascii_alphabetic();
                    next_word(text, &mut self.at, begins, iban::iban)
                }
                Kind::NationalId => word(text, start, national::any),
                Kind::ChAhv => word(text, start, national::ch_ahv),
                Kind::DeTaxId => word(text, start, national::de_tax_id),
                Kind::EsDni => word(text, start, national::es_dni),
                Kind::FrNir => word(text, start, national::fr_nir),
                Kind::ItTaxCode => word(text, start, national::it_tax_code),
                Kind::UsSsn => word(text, start, national::us_ssn),
            };
            match found {
                Some(found) => {
                    self.at = found.end;
                    return Some(found);
                }
                None => self.at = self.at.max(start + 1),
            }
        }
        None
    }
}

/// What begins next from `at` on, where a word begins with such a byte.
fn next_word(
    text: &[u8],
    at: &mut usize,
    begins: fn(u8) -> bool,
    end: fn(&[u8], usize) -> Option<usize>,
) -> Option<Range<usize>> {
    while let Some(byte) = text.get(*at).copied() {
        let start = *at;
        *at += 1;
        if !byte.is_ascii_alphanumeric() {
            continue;
        }
        let found = if begins(byte) { word(text, start, end) } else { None };
        if found.is_some() {
            return found;
        }
        // No word begins within another.
        let rest = text.get(*at..).unwrap_or_default();
        *at += rest.iter().take_while(|it| it.is_ascii_alphanumeric()).count();
    }
    None
}

/// What begins at `start`, where a word begins there.
fn word(text: &[u8], start: usize, end: fn(&[u8], usize) -> Option<usize>) -> Option<Range<usize>> {
    if !shape::is_word_start(text, start) {
        return None;
    }
    end(text, start).map(|end| start..end)
}
