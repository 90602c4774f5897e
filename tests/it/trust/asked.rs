//! Passphrases that are typed, and whose letters nobody sees.

use policyc::tools::sign::secret::SecretKey;

use crate::support::run::Folder;
use crate::support::typed::Session;

#[test]
fn passphrases_are_typed_and_not_shown() {
    let folder = Folder::new("trust-asked");
    let secret = "correct horse battery";
    let mut session = Session::of(folder.path(), &["keygen", "k.key"]);
    session.answer_unseen("New passphrase of k.key: ", &format!("{secret}\n"));
    session.answer_unseen("Once more, the passphrase of k.key: ", &format!("{secret}\n"));
    let (exit, shown) = session.end();
    assert_eq!(exit, Some(0), "{shown}");
    assert!(shown.contains("[keys.k]") && !shown.contains(secret), "{shown}");
    let pem = std::fs::read_to_string(folder.path().join("k.key")).expect("a key");
    assert!(SecretKey::from_pem(&pem, secret.as_bytes()).is_ok());
    // It is asked for once, and another one opens nothing.
    for (typed, wanted) in [(secret, 0), ("incorrect horse", 2)] {
        let mut session = Session::of(folder.path(), &["keygen", "k.key", "--public"]);
        session.answer_unseen("Passphrase of k.key: ", &format!("{typed}\n"));
        let (exit, shown) = session.end();
        assert_eq!(exit, Some(wanted), "{shown}");
        assert!(!shown.contains(typed), "{shown}");
    }
}

#[test]
fn what_is_typed_otherwise_the_second_time_makes_no_key() {
    let folder = Folder::new("trust-asked-twice");
    let mut session = Session::of(folder.path(), &["keygen", "k.key"]);
    session.answer_unseen("New passphrase", "correct horse battery\n");
    session.answer_unseen("Once more", "correct horse bettery\n");
    let (exit, shown) = session.end();
    assert_eq!(exit, Some(2), "{shown}");
    assert!(shown.contains("the two passphrases are not the same"), "{shown}");
    assert!(!shown.contains("horse") && folder.names().is_empty(), "{shown}");
    // Whoever ends the input instead has typed nothing.
    let mut session = Session::of(folder.path(), &["keygen", "k.key"]);
    session.answer_unseen("New passphrase", "\u{4}");
    let (exit, shown) = session.end();
    assert_eq!(exit, Some(2), "{shown}");
    assert!(folder.names().is_empty(), "{shown}");
}
