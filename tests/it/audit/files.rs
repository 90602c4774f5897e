//! Files of a log: no command writes over one, and what is none is told by its name.

use std::fs;
use std::path::Path;

use policyc::runtime::audit::note::{
    Checkpoint, ED25519, Note, PublicKey, Signer, Verifier, key_id,
};
use policyc::tools::sign::secret::SecretKey;

use crate::audit::{Secret, written_to};
use crate::support::run::{Folder, ran};

/// A log of several segments, and the names of these.
fn log(name: &str) -> (Folder, Vec<String>) {
    let folder = Folder::new(name);
    written_to(&folder.path().join("log"), 9, Some(Box::new(Secret("key"))));
    let names = folder.names().into_iter().filter(|name| name.ends_with(".pdrb")).collect();
    (folder, names)
}

#[test]
fn no_command_writes_over_a_log() {
    let (folder, names) = log("audit-spared");
    let here: &Path = folder.path();
    let before: Vec<_> = names.iter().map(|name| fs::read(here.join(name)).unwrap()).collect();
    let free = "log/00000000000000009999.pdrb".to_owned();
    for name in names.iter().chain([&free, &"log/lock".to_owned()]) {
        for line in ["audit head log -o", "audit prove log --number 5 -o"] {
            ran(here, &format!("{line} {name}"))
                .expect(2, &["P0908", name, "would be written over"]);
        }
    }
    for (name, before) in names.iter().zip(before) {
        assert_eq!(fs::read(here.join(name)).unwrap(), before, "{name}");
    }
    assert!(!here.join(free).exists());
    ran(here, "audit head log -o log/head.note").expect(0, &[]);
    ran(here, "audit verify log --checkpoint log/head.note").expect(0, &[]);
}

#[test]
fn what_is_no_segment_is_told_by_its_name() {
    let (folder, names) = log("audit-no-file");
    let (here, name) = (folder.path(), &names[1]);
    let bytes = fs::read(here.join(name)).unwrap();
    fs::remove_file(here.join(name)).unwrap();
    fs::create_dir(here.join(name)).unwrap();
    ran(here, "audit verify log").expect(2, &["P0901", name, "it is a directory"]);
    fs::remove_dir(here.join(name)).unwrap();
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("nothing", here.join(name)).unwrap();
        ran(here, "audit verify log").expect(5, &["P0901", name, "there is no such file"]);
        fs::remove_file(here.join(name)).unwrap();
        // Nobody writes to this pipe: who opens it waits for ever.
        let made = std::process::Command::new("mkfifo").arg(here.join(name)).status();
        assert!(made.expect("mkfifo runs").success());
        for line in ["audit verify log", "audit prove log --number 1"] {
            ran(here, line).expect(2, &["P0901", name, "it is no regular file"]);
        }
        fs::remove_file(here.join(name)).unwrap();
    }
    folder.add(name, bytes);
    ran(here, "audit verify log").expect(0, &[]);
}

#[test]
fn a_record_in_front_of_what_is_here_is_not_called_unknown() {
    let (folder, names) = log("audit-front");
    for name in &names[..2] {
        fs::remove_file(folder.path().join(name)).unwrap();
    }
    ran(folder.path(), "audit prove log --number 1").expect(5, &["P0901", "lies in front"]);
    ran(folder.path(), "audit prove log --number 99").expect(5, &["P0908", "no record"]);
}

/// A key of Ed25519 of another host.
struct Foreign(SecretKey);

impl Foreign {
    fn public(&self) -> Vec<u8> {
        self.0.public().expect("a key").to_bytes().to_vec()
    }
}

impl Verifier for Foreign {
    fn name(&self) -> &str {
        "example.com/gw-4"
    }

    fn id(&self) -> [u8; 4] {
        key_id(self.name(), ED25519, &self.public())
    }

    fn is_signature(&self, text: &[u8], signature: &[u8]) -> bool {
        self.0.public().expect("a key").is_signature(text, signature)
    }
}

impl Signer for Foreign {
    fn sign(&mut self, text: &[u8]) -> std::io::Result<Vec<u8>> {
        Ok(self.0.signature(text).to_vec())
    }
}

/// A host that writes another one's log anew can sign it with its own key, and no other.
#[test]
fn a_key_vouches_for_the_log_of_its_name_alone() {
    let (folder, _) = log("audit-names");
    let here = folder.path();
    let mut key = Foreign(SecretKey::generate().expect("random bytes"));
    let (name, public) = (key.name().to_owned(), key.public());
    folder.add("gw4.vkey", PublicKey { name, algorithm: ED25519, key: public }.to_string());
    ran(here, "audit prove log --number 1 -o p.proof").expect(0, &[]);
    let proof = fs::read_to_string(here.join("p.proof")).unwrap();
    let (claim, note) = proof.split_once("\n\n").expect("a checkpoint");
    let text = note.split_once("\n\n").expect("a note").0.to_owned() + "\n";
    let signed = Checkpoint::read(&text).expect("a checkpoint").signed(&mut key).unwrap();
    folder.add("foreign.proof", format!("{claim}\n\n{signed}"));
    let wanted = "no key that was asked for has the name of its log, `example.com/gw-3`";
    ran(here, "audit check foreign.proof --key gw4.vkey").expect(4, &["P0925", wanted]);
    ran(here, "audit verify log --key gw4.vkey")
        .expect(4, &["P0923", "has the name of the log, `example.com/gw-3`"]);
    assert!(!Note::is_signed_by_any(signed.as_bytes(), &[&key]));
    let own = text.replace("gw-3", "gw-4");
    let own = Checkpoint::read(&own).expect("a checkpoint").signed(&mut key).unwrap();
    assert!(Note::is_signed_by_any(own.as_bytes(), &[&key]));
}
