//! What the integration tests share.

#[path = "../../it/support/generate/mod.rs"]
pub(crate) mod generate;
#[expect(dead_code, reason = "messages are not generated")]
#[path = "../../it/support/oracle/mod.rs"]
pub(crate) mod oracle;
