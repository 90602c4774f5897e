//! Meters: what calls have taken, by key, for as long as a window remembers.
//!
//! In:      amounts in millionths, the time of the session.
//! Out:     what is used up; no floating point, so that sums are the same everywhere.
//! Imports: `base`, `lang`.
//! Source:  `docs/sessions.md`, "Meters".
//!
//! What a call takes is reserved when it is allowed, so that calls at the same time do not each
//! find room; a call that has done nothing gives back what it took.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::base::limits::METER_KEY_BYTES_MAX;
use crate::lang::fixed::{self, ONE};
use crate::lang::session::Period;
use crate::lang::value::heap::View;
use crate::lang::value::time::{civil, days_from_civil};
use crate::lang::value::zone::Zone;
use crate::lang::value::{Tag, Value};
use crate::runtime::session::ENTRY_BYTES;

const SECOND_NS: i128 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;
/// What a bucket takes.
const BUCKET_BYTES: usize = size_of::<(i128, i128)>() + ENTRY_BYTES / 2;

/// A meter of a program.
#[derive(Debug)]
pub(super) struct Meter<'p> {
    pub(super) name: &'p str,
    /// Patterns of tools.
    pub(super) on: Vec<&'p str>,
    /// Terms.
    pub(super) key: Option<u16>,
    pub(super) amount: Option<u16>,
    /// What a call takes where no term says it, in millionths.
    pub(super) count: i128,
    pub(super) window: Window,
    pub(super) keys_max: usize,
    /// Ids and maxima.
    pub(super) limits: Arc<[(&'p str, i128)]>,
    /// Whether rules ask what it has measured, about calls of whatever tool.
    pub(super) asked: bool,
}

/// For how long a meter remembers.
#[derive(Debug)]
pub(super) enum Window {
    /// As long as the session lasts.
    Session,
    /// So many nanoseconds back, in buckets of so many.
    Sliding(i128, i128),
    /// The period at hand; `None` for a zone that this build lacks.
    Calendar(Period, Option<Zone>),
    /// What it holds runs out: so many millionths in so many nanoseconds.
    Bucket(i128, i128),
}

/// What a meter holds under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Held {
    /// So much in all.
    All(i128),
    /// So much in each bucket that counts still.
    Buckets(BTreeMap<i128, i128>),
    /// So much in this period.
    Period(i64, i128),
    /// So much, times the nanoseconds of the window, at this time.
    Level(i128, i128),
}

/// What all meters of a session hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Meters {
    /// By the numbers of meters, and their keys.
    all: Vec<BTreeMap<Box<str>, Held>>,
    /// Bytes of that.
    held: usize,
}

impl Held {
    /// What it takes under a key.
    fn bytes(&self, key: &str) -> usize {
        let buckets = match self {
            Self::Buckets(buckets) => buckets.len(),
            Self::All(_) | Self::Period(..) | Self::Level(..) => 0,
        };
        ENTRY_BYTES + size_of::<(Box<str>, Self)>() + key.len() + buckets * BUCKET_BYTES
    }
}

/// What a call takes of a meter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// The meter, by number.
    pub(super) meter: usize,
    pub(super) key: Box<str>,
    pub(super) amount: i128,
    /// The bucket or period where it was reserved; `None` where it is not.
    pub(super) place: Option<i128>,
}

/// What a meter has measured under the key of a call, for people and records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading<'p> {
    /// The name of the meter.
    pub meter: &'p str,
    /// The key; empty where it has none.
    pub key: String,
    /// What was used before the call, in millionths.
    pub used: i128,
    /// What the call takes, in millionths; `None` where the meter does not measure its tool.
    pub amount: Option<i128>,
    /// Ids of the limits, and most that may be used, in millionths.
    pub limits: Arc<[(&'p str, i128)]>,
}

impl Reading<'_> {
    /// Whether the call would pass a limit with this maximum.
    pub(super) fn passes(&self, max: i128) -> bool {
        self.used.saturating_add(self.amount.unwrap_or(0)) > max
    }
}

/// Nanoseconds since the epoch.
pub(super) fn nanoseconds((seconds, nanoseconds): (i64, u32)) -> i128 {
    i128::from(seconds) * SECOND_NS + i128::from(nanoseconds)
}

/// The text under which a meter measures.
pub(super) fn key_text(view: &View<'_>, value: &Value) -> Option<String> {
    let tag = value.tag();
    let text = if tag == Tag::String {
        view.str(value).to_owned()
    } else if tag == Tag::Int {
        value.signed().to_string()
    } else if tag == Tag::Uint {
        value.bits().to_string()
    } else {
        value.as_bool()?.to_string()
    };
    (text.len() <= METER_KEY_BYTES_MAX).then_some(text)
}

/// What a call takes, in millionths, rounded up; `None` where that is below zero or no number. A
/// double counts as its shortest spelling.
pub(super) fn amount(view: &View<'_>, value: &Value) -> Option<i128> {
    let spelled = |text: &str| fixed::parse(text).map(|(number, _)| number);
    let tag = value.tag();
    if tag == Tag::Int {
        return u64::try_from(value.signed()).ok().map(|it| i128::from(it) * ONE);
    }
    if tag == Tag::Uint {
        return Some(i128::from(value.bits()) * ONE);
    }
    if tag == Tag::Double {
        let number = value.float();
        return if number == 0.0 { Some(0) } else { fixed::of_double(number) };
    }
    if tag == Tag::String { spelled(view.str(value)) } else { None }
}

impl Meter<'_> {
    /// What `held` comes to at a time.
    fn used(&self, held: &Held, now: i128) -> i128 {
        match (held, &self.window) {
            (Held::Buckets(buckets), Window::Sliding(length, part)) => {
                let counts = |bucket: &i128| (bucket + 1) * part > now - length;
                let kept = buckets.iter().filter(|(bucket, _)| counts(bucket));
                kept.fold(0, |sum, (_, amount)| sum.saturating_add(*amount))
            }
            (Held::Period(period, amount), Window::Calendar(..)) => {
                if self.period(now) > *period {
                    0
                } else {
                    *amount
                }
            }
            (Held::Level(level, at), Window::Bucket(refill, per)) => {
                let run_out = refill.saturating_mul((now - at).max(0));
                let left = level.saturating_sub(run_out).max(0);
                // What is not run out as a whole counts.
                left / per + i128::from(left % per != 0)
            }
            (Held::All(amount), _) => *amount,
            // A meter holds what its window has.
            _ => i128::MAX,
        }
    }

    /// Whether it can measure.
    pub(super) const fn is_sound(&self) -> bool {
        !matches!(self.window, Window::Calendar(_, None))
    }

    /// The period that a time lies in.
    fn period(&self, now: i128) -> i64 {
        let Window::Calendar(period, Some(zone)) = &self.window else { return 0 };
        let seconds = i64::try_from(now.div_euclid(SECOND_NS)).unwrap_or(0);
        let local = seconds.saturating_add(zone.offset(seconds));
        let date = civil(local);
        let days = days_from_civil(date.year, i64::from(date.month), i64::from(date.day));
        match period {
            Period::Hour => days * 24 + local.rem_euclid(DAY_SECONDS) / 3_600,
            Period::Day => days,
            // The epoch was a Thursday.
            Period::Week => (days + 3).div_euclid(7),
            Period::Month => date.year * 12 + i64::from(date.month),
            Period::Year => date.year,
        }
    }
}

impl Meters {
    /// Of so many meters, none of which holds anything.
    pub(super) fn of(meters: usize) -> Self {
        Self { all: vec![BTreeMap::new(); meters], held: 0 }
    }

    /// Bytes that are kept.
    pub(super) const fn bytes(&self) -> usize {
        self.held
    }

    /// Most bytes that a share takes more, once it is taken.
    pub(super) fn need(share: &Share) -> usize {
        Held::All(0).bytes(&share.key) + BUCKET_BYTES
    }

    /// What the meter with this number has measured under a key. `None` where it has no room for
    /// another key: then nobody knows what is left.
    pub(super) fn used(&self, at: usize, meter: &Meter<'_>, key: &str, now: i128) -> Option<i128> {
        let held = self.all.get(at)?;
        match held.get(key) {
            Some(held) => Some(meter.used(held, now)),
            None if held.len() < meter.keys_max => Some(0),
            None => held.values().any(|held| meter.used(held, now) == 0).then_some(0),
        }
    }

    /// Takes a share, and notes in it where.
    pub(super) fn take(&mut self, meter: &Meter<'_>, share: &mut Share, now: i128) {
        let Some(all) = self.all.get_mut(share.meter) else { return };
        if !all.contains_key(&share.key) && all.len() >= meter.keys_max {
            all.retain(|key, held| {
                let stays = meter.used(held, now) != 0;
                self.held -= if stays { 0 } else { held.bytes(key) };
                stays
            });
        }
        let amount = share.amount;
        let before = all.remove(&share.key);
        self.held -= before.as_ref().map_or(0, |before| before.bytes(&share.key));
        let (held, place) = match (&meter.window, before) {
            (Window::Sliding(length, part), before) => {
                let mut buckets = match before {
                    Some(Held::Buckets(buckets)) => buckets,
                    _ => BTreeMap::new(),
                };
                buckets.retain(|bucket, _| (bucket + 1) * part > now - length);
                let bucket = now.div_euclid(*part);
                let sum = buckets.entry(bucket).or_insert(0);
                *sum = sum.saturating_add(amount);
                (Held::Buckets(buckets), bucket)
            }
            (Window::Calendar(..), before) => {
                let period = meter.period(now);
                // Where a clock is put back the period goes on.
                let (period, sum) = match before {
                    Some(Held::Period(own, sum)) if own >= period => (own, sum),
                    _ => (period, 0),
                };
                (Held::Period(period, sum.saturating_add(amount)), i128::from(period))
            }
            (Window::Bucket(refill, per), before) => {
                let level = match before {
                    Some(Held::Level(level, at)) => {
                        level.saturating_sub(refill.saturating_mul((now - at).max(0))).max(0)
                    }
                    _ => 0,
                };
                (Held::Level(level.saturating_add(amount.saturating_mul(*per)), now), 0)
            }
            (Window::Session, Some(Held::All(sum))) => (Held::All(sum.saturating_add(amount)), 0),
            (Window::Session, _) => (Held::All(amount), 0),
        };
        self.held += held.bytes(&share.key);
        all.insert(share.key.clone(), held);
        share.place = Some(place);
    }

    /// Gives back a share, if what it was taken of holds it still, and says whether; else it stays
    /// taken. A bucket of tokens gives nothing back: what has run out of it was perhaps this.
    pub(super) fn release(&mut self, share: &mut Share) -> bool {
        let held = self.all.get_mut(share.meter).and_then(|all| all.get_mut(&share.key));
        let (Some(held), Some(place)) = (held, share.place) else { return false };
        let sum = match held {
            Held::All(sum) => Some(sum),
            Held::Buckets(buckets) => buckets.get_mut(&place),
            Held::Period(period, sum) if i128::from(*period) == place => Some(sum),
            Held::Period(..) | Held::Level(..) => None,
        };
        let Some(sum) = sum else { return false };
        *sum -= share.amount;
        share.place = None;
        true
    }
}
