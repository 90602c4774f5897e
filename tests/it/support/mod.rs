//! What several test files share.

pub(crate) mod both;
pub(crate) mod folder;
pub(crate) mod generate;
pub(crate) mod module;
pub(crate) mod oracle;
pub(crate) mod run;
pub(crate) mod watch;
pub(crate) mod workload;
