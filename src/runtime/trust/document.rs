//! The document of a trust policy: TOML.
//!
//! In:      bytes.
//! Out:     `TrustPolicy`, or the first thing that is wrong, with its bytes and its line.
//! Imports: `base`, `diag`, `lang`, `runtime::bundle`.
//! Source:  `docs/trust.md`, "The trust policy".
//!
//! Every key is known or refused: one that is misspelt must not be one that is not there.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeArray, DeString, DeTable, DeValue};

use crate::base::limits::{
    BUNDLE_BYTES_MAX, DECISION_COST_MAX, TRUST_BUNDLES_MAX, TRUST_KEYS_MAX, TRUST_POLICY_BYTES_MAX,
};
use crate::diag::suggest::nearest;
use crate::lang::value::time;
use crate::runtime::bundle::digest;
use crate::runtime::trust::key::{KeyFault, PublicKey};
use crate::runtime::trust::policy::{Ceilings, Key, Role, Rollback, Row, TrustPolicy};
use crate::runtime::trust::release::is_name;

/// The version of the form.
const FORMAT: u64 = 1;

const TOP: [&str; 8] =
    ["format", "version", "expires", "rollback", "keys", "roles", "bundles", "limits"];
const KEY: [&str; 3] = ["public", "not_after", "bundles"];
const ROLES: [&str; 3] = ["bundle", "trust", "attest"];
const ROLE: [&str; 2] = ["keys", "threshold"];
const BUNDLE: [&str; 2] = ["minimum", "maximum"];
const LIMITS: [&str; 4] = ["bundle_bytes", "cost", "metered", "lifetime_days"];

/// What is wrong with a trust policy, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError {
    /// The bytes.
    pub at: Range<usize>,
    /// Their line, from 1.
    pub line: usize,
    /// What it is.
    pub fault: PolicyFault,
}

/// What is wrong with a trust policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicyFault {
    /// It is longer than `TRUST_POLICY_BYTES_MAX`.
    TooLarge,
    /// It is not text.
    NotUtf8,
    /// It is not TOML, in the words of its reader: a key that stands there twice, too.
    Syntax(String),
    /// A key that nothing reads.
    Unknown {
        /// The key.
        key: String,
        /// One that is read, and nearly it.
        near: Option<&'static str>,
        /// Those that are read here.
        known: &'static [&'static str],
    },
    /// A key that must be there.
    Missing(&'static str),
    /// A value that must be something else.
    Wrong {
        /// Its key.
        key: String,
        /// What it must be.
        wanted: String,
    },
    /// A public key that cannot be trusted.
    Key(KeyFault),
    /// Two names for one key.
    SameKey {
        /// The name that stands first.
        other: String,
    },
    /// A role names a key that is not there.
    NoSuchKey(String),
    /// A role names a key twice.
    NamedTwice(String),
    /// A threshold that none or all keys together cannot reach.
    Threshold {
        /// Keys of the role.
        keys: usize,
    },
    /// More entries than there may be.
    TooMany {
        /// Of what.
        what: &'static str,
        /// Most.
        max: usize,
    },
    /// No bundle may be loaded under it.
    NoBundles,
    /// What is no name of bundles, nor how names begin.
    Pattern,
}

type Table<'t> = DeTable<'t>;
type Value<'t> = Spanned<DeValue<'t>>;
/// The bytes that are wrong, and why.
type LocatedFault = (Range<usize>, PolicyFault);

/// Reads a trust policy.
pub(super) fn read(document: &[u8]) -> Result<TrustPolicy, PolicyError> {
    let whole = |fault| PolicyError { at: 0..0, line: 1, fault };
    if document.len() > TRUST_POLICY_BYTES_MAX {
        return Err(whole(PolicyFault::TooLarge));
    }
    let text = std::str::from_utf8(document).map_err(|error| {
        let at = error.valid_up_to();
        PolicyError { at: at..at, line: line(document, at), fault: PolicyFault::NotUtf8 }
    })?;
    let found = match DeTable::parse(text) {
        Ok(table) => policy(document, table.get_ref()),
        Err(error) => {
            let fault = PolicyFault::Syntax(error.message().to_owned());
            Err((error.span().unwrap_or_default(), fault))
        }
    };
    found.map_err(|(at, fault)| PolicyError { line: line(document, at.start), at, fault })
}

fn line(document: &[u8], at: usize) -> usize {
    let before = document.get(..at).unwrap_or(document);
    before.split(|byte| *byte == b'\n').count()
}

fn policy(document: &[u8], top: &Table<'_>) -> Result<TrustPolicy, LocatedFault> {
    check_keys(top, &TOP)?;
    let format = number(need(top, 0..0, "format")?, "format", 1..=u64::MAX)?;
    if format != FORMAT {
        return Err(wrong(need(top, 0..0, "format")?, "format", "1: another form is not known"));
    }
    let keys = keys(need(top, 0..0, "keys")?)?;
    let roles_value = need(top, 0..0, "roles")?;
    let (roles, at) = (table(roles_value, "roles")?, roles_value.span());
    check_keys(roles, &ROLES)?;
    Ok(TrustPolicy {
        digest: digest::of(document),
        version: number(need(top, 0..0, "version")?, "version", 1..=u64::MAX)?,
        expires: moment(need(top, 0..0, "expires")?, "expires")?,
        rollback: rollback(top)?,
        bundle: role(need(roles, at.clone(), "bundle")?, "bundle", &keys)?,
        trust: role(need(roles, at, "trust")?, "trust", &keys)?,
        attest: roles.get("attest").map(|value| role(value, "attest", &keys)).transpose()?,
        bundles: bundles(need(top, 0..0, "bundles")?)?,
        ceilings: ceilings(top.get("limits"))?,
        keys,
    })
}

fn rollback(top: &Table<'_>) -> Result<Rollback, LocatedFault> {
    let Some(value) = top.get("rollback") else { return Ok(Rollback::State) };
    match value.get_ref().as_str() {
        Some("state") => Ok(Rollback::State),
        Some("minimum") => Ok(Rollback::Minimum),
        Some(_) | None => Err(wrong(value, "rollback", "\"state\" or \"minimum\"")),
    }
}

fn keys(value: &Value<'_>) -> Result<Vec<Key>, LocatedFault> {
    let mut found: Vec<(Range<usize>, Key)> = Vec::new();
    for (name, value) in in_order(table(value, "keys")?) {
        if found.len() == TRUST_KEYS_MAX {
            let fault = PolicyFault::TooMany { what: "keys", max: TRUST_KEYS_MAX };
            return Err((name.span(), fault));
        }
        let (name, row) = (name.get_ref().as_ref(), table(value, name.get_ref())?);
        check_keys(row, &KEY)?;
        let public = need(row, value.span(), "public")?;
        let text = public.get_ref().as_str();
        let text = text.ok_or_else(|| wrong(public, "public", "a text: ed25519:BASE64"))?;
        let key = PublicKey::read(text);
        let key = key.map_err(|fault| (public.span(), PolicyFault::Key(fault)))?;
        if let Some((_, other)) = found.iter().find(|(_, other)| other.public == key) {
            return Err((public.span(), PolicyFault::SameKey { other: other.name.clone() }));
        }
        let not_after = row.get("not_after").map(|value| moment(value, "not_after")).transpose()?;
        let bundles = row.get("bundles").map(patterns).transpose()?.unwrap_or_default();
        found.push((public.span(), Key { name: name.to_owned(), public: key, not_after, bundles }));
    }
    Ok(found.into_iter().map(|(_, key)| key).collect())
}

/// The patterns that a key may sign for: at least one, where the key is there.
fn patterns(value: &Value<'_>) -> Result<Vec<String>, LocatedFault> {
    let list = items(value, "bundles")?;
    let wanted = "a list of names, such as [\"payments\"]";
    if list.is_empty() {
        return Err(wrong(value, "bundles", wanted));
    }
    let pattern = |item: &Value<'_>| {
        let text = item.get_ref().as_str().ok_or_else(|| wrong(item, "bundles", wanted))?;
        if is_pattern(text) {
            Ok(text.to_owned())
        } else {
            Err((item.span(), PolicyFault::Pattern))
        }
    };
    list.iter().map(pattern).collect()
}

/// A name, or how names begin: `*` stands at the end alone.
fn is_pattern(text: &str) -> bool {
    let start = text.strip_suffix('*').unwrap_or(text);
    !start.contains('*') && (start.is_empty() && text == "*" || is_name(start))
}

fn role(value: &Value<'_>, name: &'static str, keys: &[Key]) -> Result<Role, LocatedFault> {
    let row = table(value, name)?;
    check_keys(row, &ROLE)?;
    let mut found = Vec::new();
    for item in items(need(row, value.span(), "keys")?, "keys")? {
        let text = item.get_ref().as_str();
        let text = text.ok_or_else(|| wrong(item, "keys", "a list of names of keys"))?;
        let at = keys.iter().position(|key| key.name == text);
        let at = at.ok_or_else(|| (item.span(), PolicyFault::NoSuchKey(text.to_owned())))?;
        if found.contains(&at) {
            return Err((item.span(), PolicyFault::NamedTwice(text.to_owned())));
        }
        found.push(at);
    }
    let wanted = need(row, value.span(), "threshold")?;
    let most = u64::try_from(found.len()).unwrap_or(u64::MAX);
    let threshold = number(wanted, "threshold", 1..=most)
        .map_err(|_| (wanted.span(), PolicyFault::Threshold { keys: found.len() }))?;
    Ok(Role { keys: found, threshold: usize::try_from(threshold).unwrap_or(usize::MAX) })
}

fn bundles(value: &Value<'_>) -> Result<Vec<Row>, LocatedFault> {
    let mut found = Vec::new();
    for (pattern, value) in in_order(table(value, "bundles")?) {
        let (at, pattern) = (pattern.span(), pattern.get_ref().as_ref());
        if !is_pattern(pattern) {
            return Err((at, PolicyFault::Pattern));
        }
        if found.len() == TRUST_BUNDLES_MAX {
            let fault = PolicyFault::TooMany { what: "bundles", max: TRUST_BUNDLES_MAX };
            return Err((at, fault));
        }
        let row = table(value, pattern)?;
        check_keys(row, &BUNDLE)?;
        let end = |key, default, least| {
            row.get(key).map_or(Ok(default), |value| number(value, key, least..=u64::MAX))
        };
        let minimum = end("minimum", 1, 1)?;
        let maximum = end("maximum", u64::MAX, minimum)?;
        found.push(Row { pattern: pattern.to_owned(), minimum, maximum });
    }
    if found.is_empty() { Err((value.span(), PolicyFault::NoBundles)) } else { Ok(found) }
}

fn ceilings(value: Option<&Value<'_>>) -> Result<Ceilings, LocatedFault> {
    let (bundle_bytes, cost) = (BUNDLE_BYTES_MAX, DECISION_COST_MAX);
    let mut all = Ceilings { bundle_bytes, cost, metered: true, lifetime_days: None };
    let Some(value) = value else { return Ok(all) };
    let row = table(value, "limits")?;
    check_keys(row, &LIMITS)?;
    if let Some(value) = row.get("bundle_bytes") {
        let most = u64::try_from(BUNDLE_BYTES_MAX).unwrap_or(u64::MAX);
        let bytes = number(value, "bundle_bytes", 1..=most)?;
        all.bundle_bytes = usize::try_from(bytes).unwrap_or(BUNDLE_BYTES_MAX);
    }
    if let Some(value) = row.get("cost") {
        all.cost = number(value, "cost", 1..=DECISION_COST_MAX)?;
    }
    if let Some(value) = row.get("metered") {
        let metered = value.get_ref().as_bool();
        all.metered = metered.ok_or_else(|| wrong(value, "metered", "true or false"))?;
    }
    if let Some(value) = row.get("lifetime_days") {
        let days = number(value, "lifetime_days", 1..=36_500)?;
        all.lifetime_days = i64::try_from(days).ok();
    }
    Ok(all)
}

/// The entries of a table as they stand in the document: what is told first is what stands first.
fn in_order<'v, 't>(table: &'v Table<'t>) -> Vec<(&'v Spanned<DeString<'t>>, &'v Value<'t>)> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

fn check_keys(table: &Table<'_>, known: &'static [&'static str]) -> Result<(), LocatedFault> {
    for (key, _) in in_order(table) {
        let name = key.get_ref().as_ref();
        if !known.contains(&name) {
            let near = nearest(name, known.iter().copied());
            let fault = PolicyFault::Unknown { key: name.to_owned(), near, known };
            return Err((key.span(), fault));
        }
    }
    Ok(())
}

fn need<'v, 't>(
    table: &'v Table<'t>,
    at: Range<usize>,
    key: &'static str,
) -> Result<&'v Value<'t>, LocatedFault> {
    table.get(key).ok_or((at, PolicyFault::Missing(key)))
}

fn table<'v, 't>(value: &'v Value<'t>, key: &str) -> Result<&'v Table<'t>, LocatedFault> {
    value.get_ref().as_table().ok_or_else(|| wrong(value, key, "a table"))
}

fn items<'v, 't>(value: &'v Value<'t>, key: &str) -> Result<&'v DeArray<'t>, LocatedFault> {
    value.get_ref().as_array().ok_or_else(|| wrong(value, key, "a list"))
}

fn wrong(value: &Value<'_>, key: &str, wanted: impl Into<String>) -> LocatedFault {
    (value.span(), PolicyFault::Wrong { key: key.to_owned(), wanted: wanted.into() })
}

/// A decimal number in a range.
fn number(
    value: &Value<'_>,
    key: &'static str,
    range: std::ops::RangeInclusive<u64>,
) -> Result<u64, LocatedFault> {
    let digits = value.get_ref().as_integer().filter(|number| number.radix() == 10);
    let number = digits.and_then(|number| number.as_str().parse::<u64>().ok());
    let number = number.filter(|number| range.contains(number));
    number.ok_or_else(|| {
        let (least, most) = range.into_inner();
        let end = if most == u64::MAX { "on".to_owned() } else { format!("to {most}") };
        wrong(value, key, format!("a whole number from {least} {end}"))
    })
}

/// A time with its zone, in seconds since the epoch.
fn moment(value: &Value<'_>, key: &'static str) -> Result<i64, LocatedFault> {
    let written = value.get_ref().as_datetime().map(ToString::to_string);
    let at = written.and_then(|text| time::parse(&text).ok());
    let at = at.filter(|at| at.seconds >= 0);
    at.map(|at| at.seconds)
        .ok_or_else(|| wrong(value, key, "a time with its zone: 2027-01-31T00:00:00Z"))
}
