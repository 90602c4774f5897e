//! Documents: our YAML, CEL Policy YAML, environment files, plain `.cel` rules.
//!
//! `model` is what they become; the readers build it and nothing else sees YAML.

pub mod model;
