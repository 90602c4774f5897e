//! What several test files share.

pub(crate) mod both;
pub(crate) mod folder;
pub(crate) mod generate;
#[allow(dead_code, reason = "`benches/instructions` uses the rest")]
pub(crate) mod hostile;
pub(crate) mod module;
pub(crate) mod oracle;
pub(crate) mod run;
pub(crate) mod told;
pub(crate) mod watch;
pub(crate) mod workload;
