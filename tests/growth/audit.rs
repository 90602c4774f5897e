//! Segments of audit logs, what a crash leaves of them, notes and proofs, of any size.

use policyc::runtime::audit::frame::{HEADER, Kind, frame};
use policyc::runtime::audit::note::Note;
use policyc::runtime::audit::start::Start;
use policyc::runtime::audit::torn::judge;
use policyc::runtime::audit::walk::{Ending, segment};
use policyc::runtime::record::chain::Position;
use policyc::runtime::record::tree::Tree;
use policyc::tools::audit::proof::Proof;

use crate::texts::each;

/// A segment of `n` lines, each in a frame of its own.
pub(crate) fn lines(n: usize) -> Vec<u8> {
    let mut out = HEADER.to_vec();
    let (writer, origin) = ("w".to_owned(), "example.com/w".to_owned());
    let start = Start { writer, origin, tree: Tree::default(), position: Position::default() };
    frame(Kind::Segment, &[&start.to_bytes()], &mut out);
    for at in 0..n {
        let synced = (out.len() as u64).to_le_bytes();
        let chain = format!("\"ch\":{{\"w\":\"w\",\"n\":{at}}}");
        let line = format!("{{\"v\":1,\"id\":\"r{at:06}\",\"ctx\":{{\"n\":1}},{chain}}}\n");
        frame(Kind::Plain, &[&synced, line.as_bytes()], &mut out);
    }
    out
}

pub(crate) fn read_segment(input: &[u8]) {
    let seen = segment(&mut None, 0, input, &mut ()).expect("it is whole");
    assert_eq!(seen.ending, Ending::Open);
}

/// What is left of a write: heads of frames that reach to the end, one behind the other.
pub(crate) fn heads(n: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for at in (0..n).rev() {
        let length = u32::try_from(9 * at).expect("it is small");
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&[7, 7, 7, 7, Kind::Plain.byte()]);
    }
    out
}

/// What is left of a write: lines that were cut.
pub(crate) fn cut(n: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let lines = each(n, |at| format!("{{\"v\":1,\"id\":\"r{at:06}\",\"ctx\":{{}}}}\n"));
    frame(Kind::Plain, &[&[0; 8], lines.as_bytes()], &mut out);
    out.pop();
    out
}

pub(crate) fn judge_rest(input: &[u8]) {
    let _ = judge(input, 600, 0);
}

/// A note with `n` signatures.
pub(crate) fn note(n: usize) -> Vec<u8> {
    let signatures = each(n, |at| format!("— key{at:06} AAAAAAA=\n"));
    format!("a\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n{signatures}").into()
}

pub(crate) fn read_note(input: &[u8]) {
    assert!(Note::read(input).is_some());
}

/// A proof of a line of `n` letters.
pub(crate) fn proof(n: usize) -> Vec<u8> {
    let (line, note) = ("AAAA".repeat(n), String::from_utf8(note(1)).expect("text"));
    format!("c2sp.org/tlog-proof@v1\nextra {line}\nindex 0\n\n{note}").into()
}

pub(crate) fn read_proof(input: &[u8]) {
    assert!(Proof::read(input).is_some());
}
