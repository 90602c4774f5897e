//! What several test files share.

pub(crate) mod accepted;
pub(crate) mod both;
pub(crate) mod change;
pub(crate) mod examples;
pub(crate) mod flood;
pub(crate) mod fold;
pub(crate) mod folder;
pub(crate) mod generate;
#[allow(dead_code, reason = "`benches/instructions` uses the rest")]
pub(crate) mod hostile;
pub(crate) mod module;
pub(crate) mod oracle;
pub(crate) mod policies;
pub(crate) mod run;
pub(crate) mod seal;
pub(crate) mod told;
pub(crate) mod tree;
pub(crate) mod typed;
pub(crate) mod values;
pub(crate) mod watch;
pub(crate) mod workload;
