//! `policyc fmt`: what is written, that it says the same, and that files are safe.

mod bundles;
mod cases;
mod files;
mod hostile;
mod properties;

use policyc::compiler::format::{Settings, format};

/// A text, formatted; formatting it again changes nothing.
fn formatted(path: &str, text: &str, settings: Settings) -> String {
    let once = format(path, text, settings).unwrap_or_else(|why| panic!("{why:?} in\n{text}"));
    let twice = format(path, &once, settings).unwrap_or_else(|why| panic!("{why:?} in\n{once}"));
    assert_eq!(twice, once, "{path} at {settings:?} is not stable; it was\n{text}");
    once
}
