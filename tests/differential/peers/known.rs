//! Differences that are known, each with its reason.
//!
//! A case that differs is made as small as it gets first; a rule recognises what is left by its
//! whole text. A rule that matches an expression on which the peer agrees is too wide, and fails
//! the run; one whose witness no longer differs fails `every_listed_difference_is_there`.

use regex::Regex;

/// A difference.
pub(crate) struct Known {
    pub(crate) name: &'static str,
    /// What the peer does, and the sentence by which we are right.
    pub(crate) reason: &'static str,
    /// Matches the whole of the least expressions that show it.
    pub(crate) rule: Regex,
    /// Expressions that show it.
    pub(crate) witnesses: &'static [&'static str],
}

/// A row of a list.
pub(crate) type Row = (&'static str, &'static str, &'static str, &'static [&'static str]);

/// What a peer does not have, as rows of the tables write it, and an expression that shows it.
pub(crate) type Lack = (&'static str, &'static str);

/// The differences of a list: name, reason, rule, witnesses. In rules the names of `parts` stand
/// for their rules.
pub(crate) fn known(rows: &[Row], parts: &[(&str, &str)]) -> Vec<Known> {
    let known = |(name, reason, rule, witnesses): &Row| {
        let rule =
            parts.iter().fold(rule.to_string(), |rule, (part, text)| rule.replace(part, text));
        let rule = Regex::new(&format!("(?s)^(?:{rule})$")).unwrap();
        Known { name, reason, rule, witnesses }
    };
    rows.iter().map(known).collect()
}

/// The difference that an expression is.
pub(crate) fn recognised<'k>(known: &'k [Known], expression: &str) -> Option<&'k Known> {
    known.iter().find(|it| it.rule.is_match(expression))
}
