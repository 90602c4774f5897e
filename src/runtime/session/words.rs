//! Where words stand in the forms of a session.
//!
//! In:      forms, one behind the other.
//! Out:     the places where a form may stand.
//! Imports: `base`, `lang`.
//!
//! Most sessions hold few words: of each of these two bytes of its hash are kept, and all of them
//! looked through, which takes less room and less time than a map. Of many words a map is made.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::base::keyed::Keyed;
use crate::lang::value::scan;
use crate::runtime::session::tokens::words;

/// The words of all forms. Words with one hash are one word here: whoever looks for a value
/// compares all of it at every place.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// Hashes, in the order in which the words stand.
    few: Vec<u16>,
    /// Where the first word of each `GROUP` of these begins.
    marks: Vec<u32>,
    many: Option<Box<Many>>,
}

/// Words that are looked through.
const FEW: usize = 1 << 12;
/// Words of which one place is kept.
const GROUP: usize = 8;
/// Words that are compared at once: whole groups.
const BLOCK: usize = 8 * GROUP;
/// What one of few words takes.
const FEW_BYTES: usize = size_of::<u16>() + size_of::<u32>().div_ceil(GROUP);
/// What one of many words takes: a place, and a word in a map that has just grown.
const MANY_BYTES: usize = PLACE_BYTES + WORD_BYTES;
const PLACE_BYTES: usize = size_of::<(u32, u32)>();
const WORD_BYTES: usize = 5 * size_of::<(u32, Word)>() / 2;

/// Words of a session that holds many.
#[derive(Clone, Debug, Default)]
struct Many {
    /// For each word where it stands last, and how often it stands.
    words: HashMap<u32, Word, Keyed>,
    /// For each place of a word the place of the same word before it, or its own number.
    places: Vec<(u32, u32)>,
}

#[derive(Clone, Copy, Debug)]
struct Word {
    /// The number of its last place.
    last: u32,
    count: u32,
}

/// What came of looking for a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LookupResult {
    /// All places were shown.
    All,
    /// Not all: who looked has seen enough.
    Stopped,
    /// It has no word to look for.
    Wordless,
}

impl Words {
    /// Takes in the words of what stands in `forms` from `start` on.
    pub(super) fn add(&mut self, forms: &str, start: usize) {
        let new = forms.get(start..).unwrap_or_default();
        if let Some(many) = &mut self.many {
            many.add_all(new, start);
            return;
        }
        for (at, word) in words(new) {
            let Ok(at) = u32::try_from(start + at) else { return };
            if self.few.len().is_multiple_of(GROUP) {
                grow(&mut self.marks, 1);
                self.marks.push(at);
            }
            grow(&mut self.few, 1);
            self.few.push(short_hash(word));
        }
        if self.few.len() > FEW {
            let mut many = Box::<Many>::default();
            many.add_all(forms, 0);
            *self = Self { many: Some(many), ..Self::default() };
        }
    }

    /// Shows the places of `forms`, each once and in one direction, where a form stands if it
    /// stands anywhere, until `show` says that this is enough.
    pub(super) fn look(
        &self,
        forms: &str,
        form: &str,
        mut show: impl FnMut(usize) -> bool,
    ) -> LookupResult {
        if let Some(many) = &self.many {
            return many.look(form, show);
        }
        let Some(sought) = SoughtWords::of(form) else { return LookupResult::Wordless };
        let wanted = sought.hash;
        let mut is_shown = |number: usize, group: &[u16], mark: u32| {
            let mut all = words(forms.get(mark as usize..).unwrap_or_default()).zip(group);
            let mut next = 0;
            let found = group.iter().enumerate().filter(|(_, hash)| **hash == wanted);
            found.map(|(at, _)| at).all(|at| {
                if !sought.may_stand_at(&self.few, GROUP * number + at) {
                    return true;
                }
                let found = all.nth(at - next);
                next = at + 1;
                let Some(((place, found), _)) = found else { return true };
                let place = (mark as usize + place).checked_sub(sought.offset);
                found != sought.word || place.is_none_or(&mut show)
            })
        };
        let mut are_shown = |first: usize, groups: &[[u16; GROUP]]| {
            let mut groups = (first..).zip(groups).filter(|(_, group)| holds(group, wanted));
            groups.all(|(number, group)| {
                let mark = self.marks.get(number);
                mark.is_none_or(|mark| is_shown(number, group, *mark))
            })
        };
        let (blocks, rest) = self.few.as_chunks::<BLOCK>();
        for (number, block) in blocks.iter().enumerate() {
            let (groups, _) = block.as_chunks();
            if holds(block, wanted) && !are_shown(number * groups.len(), groups) {
                return LookupResult::Stopped;
            }
        }
        let (groups, rest) = rest.as_chunks();
        let first = blocks.len() * (BLOCK / GROUP);
        if !are_shown(first, groups) {
            return LookupResult::Stopped;
        }
        let last = self.marks.last().filter(|_| rest.contains(&wanted));
        let is_stopped = last.is_some_and(|mark| !is_shown(first + groups.len(), rest, *mark));
        if is_stopped { LookupResult::Stopped } else { LookupResult::All }
    }

    /// Bytes that are kept.
    pub(super) fn bytes(&self) -> usize {
        let many = self.many.as_ref();
        let many = many.map_or(0, |it| it.places.len() * PLACE_BYTES + it.words.len() * WORD_BYTES);
        self.few.len() * FEW_BYTES + many
    }

    /// What the words of another form take: no less, and exactly that where more would not fit in
    /// `room`.
    pub(super) fn need(&self, form: &str, room: usize) -> usize {
        // Two words have something between them, or are letters of several bytes.
        let most = (self.few.len() + form.len() / 2 + 1) * MANY_BYTES;
        if most <= room {
            return most;
        }
        if let Some(many) = &self.many {
            let word = |(_, word): (usize, &str)| {
                PLACE_BYTES + if many.words.contains_key(&hash(word)) { 0 } else { WORD_BYTES }
            };
            return words(form).map(word).sum();
        }
        let more = words(form).count();
        let all = self.few.len() + more;
        if all > FEW { all * MANY_BYTES } else { more * FEW_BYTES }
    }
}

/// Words that are compared by their hashes, where a form may stand, before its text is.
const COMPARED: usize = 8;

/// The words of a form that is looked for.
struct SoughtWords<'f> {
    /// The longest word, which is seldom that of others: its text, its hash, where it stands.
    word: &'f str,
    hash: u16,
    offset: usize,
    /// So many words stand before it.
    before: usize,
    /// The hashes of the first words, and how many these are.
    hashes: [u16; COMPARED],
    count: usize,
}

impl<'f> SoughtWords<'f> {
    /// Those of a form; `None` where it has none.
    fn of(form: &'f str) -> Option<Self> {
        let (mut hashes, mut count) = ([0; COMPARED], 0);
        let mut longest: Option<(usize, usize, &str)> = None;
        for (number, (at, word)) in words(form).enumerate() {
            if longest.is_none_or(|(.., known)| word.len() > known.len()) {
                longest = Some((number, at, word));
            }
            if let Some(hash) = hashes.get_mut(number) {
                *hash = short_hash(word);
                count = number + 1;
            }
        }
        let (before, offset, word) = longest?;
        Some(Self { word, hash: short_hash(word), offset, before, hashes, count })
    }

    /// Whether all words may be there where the longest is the one with this number: no word goes
    /// on at either end of a form that stands somewhere, so its words are words there.
    fn may_stand_at(&self, few: &[u16], number: usize) -> bool {
        let all = number.checked_sub(self.before).and_then(|first| few.get(first..));
        all.is_some_and(|all| all.starts_with(self.hashes.get(..self.count).unwrap_or_default()))
    }
}

impl Many {
    /// The words of what stands in all forms from `start` on.
    fn add_all(&mut self, forms: &str, start: usize) {
        for (at, word) in words(forms) {
            let Ok(at) = u32::try_from(start + at) else { return };
            self.add(word, at);
        }
    }

    /// Another place of a word.
    fn add(&mut self, word: &str, at: u32) {
        let Ok(place) = u32::try_from(self.places.len()) else { return };
        let before = match self.words.entry(hash(word)) {
            Entry::Occupied(mut known) => {
                let Word { last, count } = *known.get();
                known.insert(Word { last: place, count: count + 1 });
                last
            }
            Entry::Vacant(new) => {
                new.insert(Word { last: place, count: 1 });
                place
            }
        };
        self.places.push((at, before));
    }

    /// The same as `Words::look`, the last place first.
    fn look(&self, form: &str, mut show: impl FnMut(usize) -> bool) -> LookupResult {
        let mut rarest: Option<(usize, Word)> = None;
        for (at, word) in words(form) {
            let Some(known) = self.words.get(&hash(word)) else { return LookupResult::All };
            if rarest.is_none_or(|(_, least)| known.count < least.count) {
                rarest = Some((at, *known));
            }
        }
        let Some((offset, Word { last, .. })) = rarest else { return LookupResult::Wordless };
        let mut place = last;
        while let Some((at, before)) = self.places.get(place as usize).copied() {
            let start = (at as usize).checked_sub(offset);
            if start.is_some_and(|start| !show(start)) {
                return LookupResult::Stopped;
            }
            if before == place {
                break;
            }
            place = before;
        }
        LookupResult::All
    }
}

/// A map by names that a program has.
pub(super) type ByName<'p, T> = HashMap<&'p str, T, BuildHasherDefault<Spread>>;

/// Names that a program has.
pub(super) type Names<'p> = HashSet<&'p str, BuildHasherDefault<Spread>>;

/// Makes room for entries: of many sessions most are small, so half as much again is enough.
#[inline]
pub(super) fn grow<T>(all: &mut Vec<T>, more: usize) {
    if all.capacity() - all.len() < more {
        grow_now(all, more);
    }
}

#[cold]
#[inline(never)]
fn grow_now<T>(all: &mut Vec<T>, more: usize) {
    all.reserve_exact(more.max(all.len() / 2).max(GROWN_BYTES.div_ceil(size_of::<T>())));
}

/// Entries of so many bytes there is room for at once.
const GROWN_BYTES: usize = 64;

/// The hash of a word, the same everywhere: what is compared for a value, and so what is decided,
/// may depend on which words have one together.
fn hash(word: &str) -> u32 {
    let mut hasher = Spread::default();
    hasher.write(word.as_bytes());
    // The halves of a hash are about as good.
    u32::try_from(hasher.finish() & u64::from(u32::MAX)).unwrap_or_default()
}

/// Whether a hash is among these: all are compared, for that is done at once.
#[inline]
fn holds<const N: usize>(hashes: &[u16; N], wanted: u16) -> bool {
    hashes.iter().fold(0, |any, hash| any | u16::from(*hash == wanted)) != 0
}

/// A part of it.
fn short_hash(word: &str) -> u16 {
    let [a, b, ..] = hash(word).to_le_bytes();
    u16::from_le_bytes([a, b])
}

/// Of what is a hash already, or a few numbers or names of a program, which nobody chooses in a
/// session: over all the bits that maps go by.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Spread(u64);

impl Hasher for Spread {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        for word in words {
            self.write_u64(u64::from_le_bytes(*word));
        }
        if !rest.is_empty() {
            // The first byte is the highest.
            let word = scan::word(rest, 0).swap_bytes() >> (64 - 8 * rest.len());
            self.write_u64(word);
        }
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(23) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    fn finish(&self) -> u64 {
        // Maps go by the lowest bits, too.
        self.0 ^ (self.0 >> 32)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::{BTreeSet, HashMap};
    use std::fmt::Write as _;
    use std::hash::Hasher as _;

    use super::{FEW, LookupResult, Spread, Words, hash, short_hash};

    /// Two words that have one hash.
    pub(in crate::runtime::session) fn twins() -> (String, String) {
        let mut known = HashMap::new();
        let words = (0..1_000_000_u32).map(|number| format!("w{number}"));
        let twins = words
            .into_iter()
            .find_map(|word| known.insert(hash(&word), word.clone()).map(|other| (other, word)));
        twins.expect("two of a million words")
    }

    fn places(words: &Words, forms: &str, form: &str) -> BTreeSet<usize> {
        let mut found = Vec::new();
        let looked = words.look(forms, form, |at| {
            found.push(at);
            true
        });
        assert_eq!(looked, LookupResult::All, "{form}");
        let all: BTreeSet<usize> = found.iter().copied().collect();
        assert_eq!(all.len(), found.len(), "{form}: each once");
        // Others need not be shown.
        all.into_iter().filter(|at| forms[*at..].starts_with(form)).collect()
    }

    #[test]
    fn few_words_and_many_are_found_alike() {
        let (one, other) = twins();
        let forms = format!("pay bob zz, or\0{one}; {other} bob\0日本 bob-zz \0bob zz");
        let (mut few, mut many) = (Words::default(), Words::default());
        few.add(&forms, 0);
        let long = format!("{forms}\0{}", "x1 ".repeat(FEW));
        many.add(&long, 0);
        assert!(few.many.is_none() && many.many.is_some() && many.few.is_empty());
        let sought = ["bob", "bob zz", "zz", "bob-zz", &one, &other, "本", "日本", "bob, zz", "q"];
        for form in sought {
            let wanted: BTreeSet<usize> = forms.match_indices(form).map(|(at, _)| at).collect();
            assert_eq!(places(&few, &forms, form), wanted, "{form}");
            assert_eq!(places(&many, &long, form), wanted, "{form}");
        }
        for words in [&few, &many] {
            assert_eq!(words.look(&long, "!?", |_| true), LookupResult::Wordless);
            assert_eq!(words.look(&long, "bob", |_| false), LookupResult::Stopped);
        }
    }

    #[test]
    fn places_without_all_words_of_a_form_are_not_shown() {
        let all: Vec<String> = (0..200).map(|at| format!("bill {at} of user{at}\0")).collect();
        let (forms, mut words) = (all.concat(), Words::default());
        words.add(&forms, 0);
        for (form, wanted) in [("bill", 200), ("bill 7", 1), ("bill 7 of", 1), ("bill of", 0)] {
            let mut shown = 0;
            let looked = words.look(&forms, form, |at| {
                shown += 1;
                assert!(forms[at..].starts_with(form), "{form}");
                true
            });
            assert_eq!((looked, shown), (LookupResult::All, wanted), "{form}");
        }
        assert_eq!(words.look(&forms, "of user199\0and more", |_| false), LookupResult::All);
    }

    #[test]
    fn bytes_are_hashed_as_numbers_whose_first_byte_is_the_highest() {
        for (text, numbers) in [
            ("a", vec![0x61]),
            ("abc", vec![0x61_6263]),
            ("abcdefg", vec![0x61_6263_6465_6667]),
            ("abcdefgh", vec![u64::from_le_bytes(*b"abcdefgh")]),
            ("abcdefghij", vec![u64::from_le_bytes(*b"abcdefgh"), 0x696a]),
        ] {
            let (mut bytes, mut wanted) = (Spread::default(), Spread::default());
            bytes.write(text.as_bytes());
            for number in numbers {
                wanted.write_u64(number);
            }
            assert_eq!(bytes.finish(), wanted.finish(), "{text}");
        }
    }

    #[test]
    fn what_is_kept_is_no_more_than_was_said_before() {
        let mut words = Words::default();
        let mut forms = String::new();
        for number in 0..=FEW / 2 {
            let start = forms.len();
            let _ = write!(forms, "w{} again\0", number % 700);
            let is_asked = number % 50 == 0 || number > FEW / 2 - 3;
            for room in [usize::MAX, 0].into_iter().filter(|_| is_asked) {
                let (before, need) = (words.bytes(), words.need(&forms[start..], room));
                let mut more = words.clone();
                more.add(&forms, start);
                assert!(more.bytes() <= before + need, "{number}: {room}");
            }
            words.add(&forms, start);
        }
        assert!(words.many.is_some());
        assert_eq!(short_hash("again"), short_hash("again"));
    }
}
