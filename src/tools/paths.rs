//! Paths as text: relative, with `/` on every system.
//!
//! Imports: nothing of ours.

use std::path::{Component, Path, PathBuf};

/// `path` without `.` and with every `..` taken back that can be; touches no file system.
#[must_use]
pub fn normalize(path: &Path) -> PathBuf {
    let mut kept = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match kept.components().next_back() {
                Some(Component::Normal(_)) => {
                    kept.pop();
                }
                Some(Component::RootDir | Component::Prefix(_)) => {}
                Some(Component::ParentDir | Component::CurDir) | None => kept.push(".."),
            },
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => {
                kept.push(component);
            }
        }
    }
    kept
}

/// The way from the directory `from` to `to`; both absolute and normalized.
#[must_use]
pub fn relative(from: &Path, to: &Path) -> PathBuf {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    let mut way: PathBuf = from.components().skip(shared).map(|_| Component::ParentDir).collect();
    way.extend(to.components().skip(shared));
    way
}

/// The deepest directory that holds both; both absolute and normalized.
#[must_use]
pub fn common(a: &Path, b: &Path) -> PathBuf {
    a.components().zip(b.components()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
}

/// A path below a root that is `prefix` from the working directory, as its user would write it:
/// `p.yaml`, not `../here/p.yaml`.
#[must_use]
pub fn from_here(prefix: &str, below: &str) -> String {
    let way = normalize(Path::new(&format!("{prefix}{below}")));
    if !way.starts_with("..") {
        return slashed(&way);
    }
    match std::env::current_dir() {
        Ok(here) => slashed(&relative(&here, &normalize(&here.join(&way)))),
        Err(_) => slashed(&way),
    }
}

/// With `/` between the parts.
#[must_use]
pub fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|part| part.as_os_str().to_string_lossy()).collect();
    if path.has_root() {
        return path.to_string_lossy().replace('\\', "/");
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{common, normalize, relative, slashed};

    #[test]
    fn ways_are_short() {
        let norm = |path| slashed(&normalize(Path::new(path)));
        assert_eq!(norm("./a/../b/./c"), "b/c");
        assert_eq!(norm("../a/.."), "..");
        assert_eq!(norm("/../a"), "/a");
        let way = |from, to| slashed(&relative(Path::new(from), Path::new(to)));
        assert_eq!(way("/a/b", "/a/b/c.yaml"), "c.yaml");
        assert_eq!(way("/a/b", "/a/c/d.yaml"), "../c/d.yaml");
        assert_eq!(way("/a", "/a"), "");
        assert_eq!(common(Path::new("/a/b/c"), Path::new("/a/d")), Path::new("/a"));
    }
}
