//! The examples that people copy: nothing in them is refused.

use std::path::Path;

use crate::check::run;

#[test]
#[expect(clippy::disallowed_methods, reason = "tests read their data")]
fn examples_are_not_refused() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut checked = 0;
    for folder in std::fs::read_dir(root).expect("there are examples") {
        let folder = folder.expect("an example can be read").path();
        if !folder.is_dir() {
            continue;
        }
        let mut files = Vec::new();
        for file in std::fs::read_dir(&folder).expect("an example can be read") {
            let path = file.expect("an example can be read").path();
            let name = path.file_name().and_then(|name| name.to_str()).expect("it has a name");
            if let Ok(text) = std::fs::read_to_string(&path) {
                files.push((name.to_owned(), text));
            }
        }
        files.sort();
        let files: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let checking = run(&files);
        let errors = checking.codes().iter().filter(|code| code.starts_with('E')).count();
        assert_eq!(errors, 0, "{}: {:#?}", folder.display(), checking.found);
        checked += 1;
    }
    assert!(checked > 0, "there are examples");
}
