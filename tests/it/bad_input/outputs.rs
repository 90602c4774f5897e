//! Places that cannot be written to.

use super::{Stream, folder, judge, settle, with};

const YAML: &str = "policyc: 1\nname: p\ndefault: deny\nrules:\n  - {id: a, deny: no}\n";

#[test]
fn bundles_that_cannot_be_written() {
    let folder = folder("output", &[("p.yaml", with(YAML, &[]))]);
    let mut wrong = Vec::new();
    for out in ["no/p.plcb", "out", "out/", "p.yaml/p.plcb", ".", ".."] {
        let line = format!("build p.yaml -o {out}");
        wrong.extend(judge(&folder, &line, 2, Stream::Err, &[("P0906", "")]));
    }
    if super::permissions_hold(folder.path()) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = folder.path().join("locked");
        std::fs::create_dir(&path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o555)).unwrap();
        let line = "build p.yaml -o locked/p.plcb";
        wrong.extend(judge(&folder, line, 2, Stream::Err, &[("P0906", "")]));
    }
    settle(&wrong);
}

#[test]
fn reports_that_cannot_be_written() {
    let folder = folder("output report", &[("p.yaml", with(YAML, &[]))]);
    let mut wrong = Vec::new();
    for out in ["no/report.json", "out"] {
        let line = format!("check p.yaml --output json={out}");
        wrong.extend(judge(&folder, &line, 2, Stream::Err, &[("P0906", "")]));
    }
    settle(&wrong);
}

#[test]
fn a_project_that_cannot_be_started() {
    let folder = folder("output init", &[("taken/policy.yaml", b"mine".to_vec())]);
    folder.add("file", "x");
    let mut wrong = Vec::new();
    for at in ["file", "file/below"] {
        wrong.extend(judge(&folder, &format!("init {at}"), 2, Stream::Err, &[("P0906", "")]));
    }
    settle(&wrong);
}
