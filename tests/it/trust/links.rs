//! Links and pipes in the place of files of trust.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

use crate::support::run::ran;
use crate::trust::files::{TRUST, folder};

#[test]
fn a_link_is_the_file_that_it_leads_to() {
    let folder = folder("trust-links");
    let here = folder.path();
    fs::create_dir(here.join("real")).expect("a folder");
    let eval =
        |file: &str, state: &str| ran(here, &format!("eval {file} -c call.json {TRUST} {state}"));
    eval("v5.plcb", "real/state").expect(0, &["ALLOW"]);
    symlink("real/state", here.join("link")).expect("a link");
    eval("v7.plcb", "link").expect(0, &["ALLOW"]);
    assert!(fs::symlink_metadata(here.join("link")).expect("a link").is_symlink());
    eval("v5.plcb", "real/state").expect(4, &["R0708"]);
    eval("v5.plcb", "link").expect(4, &["R0708"]);
    let names = folder.names();
    assert!(!names.iter().any(|name| name.starts_with("link.")), "{names:?}");
    // What a link led to may come back: it is no memory that is empty.
    symlink("gone/state", here.join("dangling")).expect("a link");
    eval("v5.plcb", "dangling").expect(2, &["R0709", "is not there"]);
    for part in ["real/state", "real/state.lock", "link"] {
        let line = format!("eval v7.plcb -c call.json {TRUST} link --record {part}");
        ran(here, &line).expect(2, &["P0908"]);
    }
}

#[test]
fn no_link_in_the_place_of_a_draft_or_a_lock_is_followed() {
    let folder = folder("trust-planted");
    let here = folder.path();
    folder.add("victim", "precious\n");
    symlink("victim", here.join("st.part")).expect("a link");
    let line = format!("eval v5.plcb -c call.json {TRUST} st");
    ran(here, &line).expect(0, &["ALLOW"]);
    assert_eq!(fs::read(here.join("victim")).expect("a file"), b"precious\n");
    assert!(fs::symlink_metadata(here.join("st")).expect("a memory").is_file());
    symlink("made", here.join("other.lock")).expect("a link");
    let line = format!("eval v5.plcb -c call.json {TRUST} other");
    ran(here, &line).expect(2, &["R0709"]);
    assert!(!here.join("made").exists() && !here.join("other").exists());
}

/// Nobody writes to these pipes: who opens one waits for ever.
#[test]
fn pipes_are_not_waited_for() {
    let folder = folder("trust-pipes");
    let pipe = |name: &str| {
        drop(fs::remove_file(folder.path().join(name)));
        let made = Command::new("mkfifo").arg(folder.path().join(name)).status();
        assert!(made.expect("mkfifo runs").success());
    };
    pipe("st");
    let eval =
        |state: &str| ran(folder.path(), &format!("eval v5.plcb -c call.json {TRUST} {state}"));
    eval("st").expect(2, &["R0709", "is no regular file"]);
    pipe("other.lock");
    eval("other").expect(2, &["R0709"]);
    pipe("v5.plcb.sig");
    eval("fresh").expect(2, &["v5.plcb.sig", "it is no regular file"]);
    pipe("v5.plcb.minisig");
    let key = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    ran(folder.path(), &format!("verify v5.plcb --minisign {key}"))
        .expect(2, &["v5.plcb.minisig", "it is no regular file"]);
}
