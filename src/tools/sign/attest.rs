//! Attestations: how a bundle was made, as a statement of in-toto with the provenance of SLSA.
//!
//! In:      a bundle; a statement in an envelope.
//! Out:     the statement; whether it is about a bundle.
//! Imports: `base`, `compiler::source`, `diag`, `lang`, `runtime::bundle`, `runtime::program`.
//! Source:  in-toto Attestation Framework 1, `spec/v1`; SLSA 1.0, `provenance/v1`.
//!
//! Everything in it is what the bundle says of itself: its sources with their digests, its
//! compiler. A signature under it says that its signer built the bundle and saw to that.

use serde_json::{Value as Json, json};

use crate::base::hex;
use crate::lang::value::time::Instant;
use crate::runtime::bundle::digest;
use crate::runtime::program::Program;

/// The type of the payload of an envelope for a statement.
pub const STATEMENT_TYPE: &str = "application/vnd.in-toto+json";

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
/// What was done, as the page says that explains it.
const BUILD: &str = "urn:policyc:build:v1";

/// The statement about `bundle`, whose program this is.
#[must_use]
pub fn statement(program: &Program, bundle: &[u8]) -> String {
    let manifest = &program.module().manifest;
    let sources = manifest.sources.iter().map(|source| {
        let digest = hex::text(&source.digest);
        json!({"name": program.string(source.path), "digest": {"sha256": digest}})
    });
    let sources: Vec<Json> = sources.collect();
    let compiler = program.string(manifest.compiler);
    let mut metadata = json!({"invocationId": hex::text(&program.digest())});
    if let (Some(seconds), Some(fields)) = (manifest.created, metadata.as_object_mut()) {
        let made = Instant { seconds, nanoseconds: 0 }.to_string();
        fields.insert("finishedOn".to_owned(), json!(made));
    }
    let statement = json!({
        "_type": STATEMENT,
        "subject": [{
            "name": program.name(),
            "digest": {"sha256": hex::text(&digest::of(bundle))},
            "annotations": {"root": hex::text(&program.digest())},
        }],
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD,
                "externalParameters": {},
                "internalParameters": {
                    "semantics": manifest.semantics,
                    "tzdb": program.string(manifest.tzdb),
                },
                "resolvedDependencies": sources,
            },
            "runDetails": {
                "builder": {"id": "urn:policyc", "version": {"policyc": compiler}},
                "metadata": metadata,
            },
        },
    });
    format!("{statement}\n")
}

/// Whether a payload is a statement of this kind, and what this module writes about `bundle`: a
/// statement that says more or less of it is not believed.
#[must_use]
pub fn is_about(payload: &[u8], program: &Program, bundle: &[u8]) -> bool {
    payload == statement(program, bundle).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compiler::source::map::SourceMap;
    use crate::compiler::{Options, compile};
    use crate::diag::sink::Sink;

    fn bundle(most: u32) -> Vec<u8> {
        let mut files = SourceMap::new();
        files.add(
            "p.yaml",
            format!(
                "policyc: 1\nname: p\ndefault: deny\nschema: {{n: int}}\nrules:\n  \
                 - {{id: few, when: n < {most}, allow: few}}\n"
            ),
        );
        compile(&files, &Options::default(), &mut Sink::new()).expect("it compiles").bundle
    }

    #[test]
    fn a_statement_is_about_one_bundle_and_says_no_more() {
        let (one, two) = (bundle(5), bundle(6));
        let program = Program::load_unsigned_whole(&one).expect("a program");
        let other = Program::load_unsigned_whole(&two).expect("a program");
        let statement = statement(&program, &one);
        let json: Json = serde_json::from_str(&statement).expect("JSON");
        assert_eq!(json["subject"][0]["digest"]["sha256"], hex::text(&digest::of(&one)).as_str());
        assert_eq!(
            json["predicate"]["buildDefinition"]["resolvedDependencies"][0]["name"],
            "p.yaml"
        );
        assert!(is_about(statement.as_bytes(), &program, &one));
        assert!(!is_about(statement.as_bytes(), &other, &two));
        assert!(!is_about(statement.as_bytes(), &program, &two));
        assert!(!is_about(statement.replace("\"p\"", "\"q\"").as_bytes(), &program, &one));
        assert!(!is_about(format!("{statement} ").as_bytes(), &program, &one));
    }
}
