//! `--fail-on`: a condition over what a replay counted.
//!
//! In:      an expression, and the counts that it may name.
//! Out:     whether it holds.
//! Imports: its own room alone.

use serde_json::{Map, Value as Json};

use crate::tools::replay::expression::Expression;

/// What came of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateStatus {
    /// Its condition does not hold.
    Kept,
    /// It holds.
    Broken,
    /// It does not hold for what is known, and not all is.
    Open,
}

impl GateStatus {
    /// Of a condition that holds or does not; `whole`: all that it counts is known.
    #[must_use]
    pub const fn of(holds: bool, whole: bool) -> Self {
        match (holds, whole) {
            (true, _) => Self::Broken,
            (false, true) => Self::Kept,
            (false, false) => Self::Open,
        }
    }
}

/// A condition that was compiled.
#[derive(Debug)]
pub struct Gate(Expression);

impl Gate {
    /// Compiles a condition over counts with these names.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn of(text: &str, names: &[&str]) -> Result<Self, String> {
        Expression::of(text, names.iter().map(|name| (*name, "int"))).map(Self)
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Whether it holds; one that fails does.
    #[must_use]
    pub fn holds(&self, counts: &[(&str, u64)]) -> bool {
        let count = |(name, count): &(&str, u64)| ((*name).to_owned(), Json::from(*count));
        let context: Map<String, Json> = counts.iter().map(count).collect();
        self.0.holds(Json::Object(context).to_string().as_bytes()).unwrap_or(true)
    }
}

#[cfg(test)]
mod tests {
    use super::Gate;

    #[test]
    fn conditions_are_cel() {
        let gate = |text| Gate::of(text, &["newly_denied", "total"]);
        let counts = [("newly_denied", 3), ("total", 1000)];
        assert!(!gate("newly_denied > 3").unwrap().holds(&counts));
        assert!(
            gate("newly_denied > 0.001 * double(total) || \"a\" == 'b'").unwrap().holds(&counts)
        );
        assert!(
            gate("newly_denied / (total - 1000) > 0").unwrap().holds(&counts),
            "an error holds"
        );
        assert!(gate("newly_allowed > 3").unwrap_err().contains("newly_allowed"));
        assert!(gate("newly_denied >").is_err() && gate("newly_denied").is_err());
    }
}
