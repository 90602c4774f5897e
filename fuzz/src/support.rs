//! What the targets share with the tests of `policyc`.

#![allow(dead_code, reason = "the tests use the rest")]

#[path = "../../tests/it/support/accepted.rs"]
pub(crate) mod accepted;
#[path = "../../tests/it/support/both.rs"]
pub(crate) mod both;
#[path = "../../tests/it/support/change.rs"]
pub(crate) mod change;
#[path = "../../tests/it/support/examples.rs"]
pub(crate) mod examples;
#[path = "../../tests/it/support/folder.rs"]
pub(crate) mod folder;
#[path = "../../tests/it/support/generate/mod.rs"]
pub(crate) mod generate;
#[path = "../../tests/it/support/module.rs"]
pub(crate) mod module;
#[path = "../../tests/it/support/oracle/mod.rs"]
pub(crate) mod oracle;
#[path = "../../tests/it/support/policies.rs"]
pub(crate) mod policies;
#[path = "../../tests/it/support/seal.rs"]
pub(crate) mod seal;
#[path = "../../tests/it/support/tree.rs"]
pub(crate) mod tree;
#[path = "../../tests/it/support/values.rs"]
pub(crate) mod values;
#[path = "../../tests/it/support/watch.rs"]
pub(crate) mod watch;
