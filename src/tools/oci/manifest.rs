//! The manifest of a bundle in a registry: which blobs it is made of.
//!
//! In:      a bundle and its envelope; or the bytes of a manifest.
//! Out:     JSON, the same for the same bundle; or the places of both.
//! Imports: `runtime::bundle`, `tools::inspect`.
//! Source:  OCI Image Format 1.1, "Image Manifest", "Guidelines for Artifact Usage".

use serde::Deserialize;
use serde_json::json;

use crate::runtime::bundle::digest::{Digest, of};
use crate::tools::inspect::{digest_text, read_digest};
use crate::tools::oci::Artifact;

/// What a manifest of a bundle says it is.
pub const ARTIFACT: &str = "application/vnd.policyc.bundle.v1";
/// The bundle.
pub const BUNDLE: &str = "application/vnd.policyc.bundle.v1+octet-stream";
/// The file of its signatures: an envelope of DSSE.
pub const ENVELOPE: &str = "application/vnd.dsse.envelope.v1+json";
/// A manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The configuration of an artifact that has none, and its bytes.
const NOTHING: &str = "application/vnd.oci.empty.v1+json";
/// The bytes of it.
pub const EMPTY: &[u8] = b"{}";

/// A blob that a manifest names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its digest.
    pub digest: Digest,
    /// Its bytes.
    pub size: u64,
}

impl Layer {
    fn of(bytes: &[u8]) -> Self {
        Self { digest: of(bytes), size: bytes.len() as u64 }
    }
}

/// What a manifest of a bundle says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The bundle.
    pub bundle: Layer,
    /// The file of its signatures.
    pub envelope: Option<Layer>,
}

/// A manifest as it is spelled, as far as it says something to us.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawManifest {
    schema_version: u64,
    media_type: Option<String>,
    artifact_type: Option<String>,
    layers: Vec<RawLayer>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLayer {
    media_type: String,
    digest: String,
    size: u64,
}

impl Manifest {
    /// That of an artifact.
    #[must_use]
    pub fn of(artifact: &Artifact) -> Self {
        let envelope = artifact.envelope.as_deref().map(Layer::of);
        Self { bundle: Layer::of(&artifact.bundle), envelope }
    }

    /// As it is spelled: `title` is the name of the bundle's file.
    #[must_use]
    pub fn to_json(&self, title: &str) -> String {
        let layer = |kind: &str, layer: &Layer, title: String| {
            json!({
                "mediaType": kind, "digest": digest_text(&layer.digest), "size": layer.size,
                "annotations": {"org.opencontainers.image.title": title},
            })
        };
        let mut layers = vec![layer(BUNDLE, &self.bundle, title.to_owned())];
        layers.extend(self.envelope.as_ref().map(|it| layer(ENVELOPE, it, format!("{title}.sig"))));
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": ARTIFACT,
            "config": {"mediaType": NOTHING, "digest": digest_text(&of(EMPTY)), "size": 2},
            "layers": layers,
        });
        manifest.to_string()
    }

    /// Reads one.
    ///
    /// # Errors
    /// Why it is no manifest of a bundle, in words.
    pub fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let spelled: RawManifest =
            serde_json::from_slice(bytes).map_err(|_| "this is no manifest")?;
        let RawManifest { schema_version, media_type, artifact_type, layers } = spelled;
        if schema_version != 2 || media_type.is_some_and(|kind| kind != MANIFEST) {
            return Err("it is a manifest of another kind");
        }
        if artifact_type.as_deref() != Some(ARTIFACT) {
            return Err("it is an artifact of another kind");
        }
        let (mut bundle, mut envelope) = (None, None);
        for RawLayer { media_type, digest, size } in layers {
            let place = match media_type.as_str() {
                BUNDLE => &mut bundle,
                ENVELOPE => &mut envelope,
                _ => return Err("it has a part of another kind"),
            };
            let digest = read_digest(&digest).ok_or("it names a part by no sha256 digest")?;
            if place.replace(Layer { digest, size }).is_some() {
                return Err("it has two parts of one kind");
            }
        }
        Ok(Self { bundle: bundle.ok_or("it has no bundle")?, envelope })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn artifact(envelope: Option<&[u8]>) -> Artifact {
        Artifact { bundle: b"a bundle".to_vec(), envelope: envelope.map(<[u8]>::to_vec) }
    }

    #[test]
    fn a_manifest_is_read_as_it_was_written() {
        for artifact in [artifact(None), artifact(Some(b"signed"))] {
            let manifest = Manifest::of(&artifact);
            let text = manifest.to_json("payments.plcb");
            assert_eq!(Manifest::read(text.as_bytes()), Ok(manifest));
            assert_eq!(text, Manifest::of(&artifact).to_json("payments.plcb"), "always the same");
        }
        // The digest of an empty configuration stands in the specification.
        let text = Manifest::of(&artifact(None)).to_json("a");
        let empty = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert!(text.contains(empty), "{text}");
    }

    #[test]
    fn what_is_no_manifest_of_a_bundle_is_refused() {
        let text = Manifest::of(&artifact(Some(b"signed"))).to_json("a");
        let changed = |from: &str, to: &str| {
            assert!(text.contains(from), "{from}");
            Manifest::read(text.replacen(from, to, 1).as_bytes())
        };
        for (from, to, why) in [
            ("{", "[", "this is no manifest"),
            ("\"schemaVersion\":2", "\"schemaVersion\":1", "it is a manifest of another kind"),
            ("manifest.v1", "index.v1", "it is a manifest of another kind"),
            (
                "\"artifactType\":\"application/vnd.policyc",
                "\"artifactType\":\"application/vnd.other",
                "it is an artifact of another kind",
            ),
            ("\"artifactType\"", "\"other\"", "it is an artifact of another kind"),
            (ENVELOPE, "text/plain", "it has a part of another kind"),
            (ENVELOPE, BUNDLE, "it has two parts of one kind"),
            (BUNDLE, "text/plain", "it has a part of another kind"),
        ] {
            assert_eq!(changed(from, to), Err(why), "{from}");
        }
        let bundle = digest_text(&of(b"a bundle"));
        assert_eq!(changed(&bundle, "sha512:00"), Err("it names a part by no sha256 digest"));
        let negative = changed("\"size\":8", "\"size\":-8");
        assert_eq!(negative, Err("this is no manifest"));
    }
}
