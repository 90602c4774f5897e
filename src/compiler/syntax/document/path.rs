//! Paths of sources: always with `/`, never touching a file system.
//!
//! In:      logical paths.
//! Out:     logical paths.
//! Imports: nothing of ours.

/// The path that `relative`, written in the file `base`, names.
///
/// `.` and `..` are resolved by their letters alone. What climbs above the project keeps its
/// leading `..`; an absolute path stays as it is.
#[must_use]
pub fn join(base: &str, relative: &str) -> String {
    let folder = base.rsplit_once('/').map_or("", |(folder, _)| folder);
    let absolute = relative.starts_with('/');
    let whole = if absolute { relative.to_owned() } else { format!("{folder}/{relative}") };
    let rooted = absolute || base.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if rooted => {}
            part => parts.push(part),
        }
    }
    let root = if rooted { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

/// The name of a file without its folder.
pub(super) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The name of a file without its folder and its last extension.
#[must_use]
pub fn stem(path: &str) -> &str {
    let name = file_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// The last extension, without the dot and in lower case: `X.YAML` is YAML. Empty where there is
/// none.
#[must_use]
pub fn extension(path: &str) -> String {
    file_name(path).rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase()
}

/// Whether the file is a `.proto` file or a descriptor set.
#[must_use]
pub fn defines_messages(path: &str) -> bool {
    extension(path) == "proto" || is_descriptor_set(path)
}

/// The file and the message that a schema names: `api/request.proto#acme.Request`; any other schema
/// is a file alone.
#[must_use]
pub fn file_and_message(schema: &str) -> (&str, Option<&str>) {
    match schema.split_once('#') {
        Some((file, message)) if defines_messages(file) => (file, Some(message)),
        Some(_) | None => (schema, None),
    }
}

/// Whether the file is a compiled `google.protobuf.FileDescriptorSet`, by its name.
#[must_use]
pub fn is_descriptor_set(path: &str) -> bool {
    matches!(extension(path).as_str(), "binpb" | "desc" | "pb")
}

#[cfg(test)]
mod tests {
    use super::{file_and_message, join, stem};

    #[test]
    fn joins_by_letters() {
        assert_eq!(join("a.yaml", "b.json"), "b.json");
        assert_eq!(join("p/a.yaml", "../schema/b.json"), "schema/b.json");
        assert_eq!(join("p/a.yaml", "./b//c.json"), "p/b/c.json");
        assert_eq!(join("a.yaml", "../b.json"), "../b.json");
        assert_eq!(join("../p/a.yaml", "../../b.json"), "../../b.json");
        assert_eq!(join("p/a.yaml", "/etc/b.json"), "/etc/b.json");
        assert_eq!(join("/p/a.yaml", "../../../b.json"), "/b.json");
    }

    #[test]
    fn messages_are_named_behind_files_that_define_them() {
        assert_eq!(file_and_message("a/b.proto#c.D"), ("a/b.proto", Some("c.D")));
        assert_eq!(file_and_message("a/b.proto"), ("a/b.proto", None));
        assert_eq!(file_and_message("a/b#c.json"), ("a/b#c.json", None));
    }

    #[test]
    fn stems() {
        assert_eq!(stem("p/a.schema.yaml"), "a.schema");
        assert_eq!(stem("README"), "README");
    }
}
