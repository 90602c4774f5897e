//! What a decision can be.

/// What happens to an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// It is carried out.
    Allow,
    /// Somebody is asked first.
    Escalate,
    /// It is refused.
    Deny,
}

impl Effect {
    /// From the weakest to the strongest: a stronger one wins.
    pub const ALL: [Self; 3] = [Self::Allow, Self::Escalate, Self::Deny];

    /// As records and reports spell it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Escalate => "escalate",
            Self::Deny => "deny",
        }
    }
}
