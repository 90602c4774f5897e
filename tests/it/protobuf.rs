//! `docs/protobuf.md`: its tour is run as it is written; `protoc` is played by another compiler.

use std::fs;
use std::path::Path;

use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};

use crate::support::run::{Folder, policyc};

/// The blocks of the page that name a file, and the lines of commands.
fn tour() -> (Vec<(String, String)>, Vec<String>) {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protobuf.md");
    let page = fs::read_to_string(page).unwrap();
    let (mut files, mut lines) = (Vec::new(), Vec::new());
    for block in page.split("```").skip(1).step_by(2) {
        let (info, text) = block.split_once('\n').unwrap();
        match info.split_once(' ') {
            Some((_, name)) => files.push((name.to_owned(), text.to_owned())),
            None => lines.extend(text.lines().map(str::to_owned)),
        }
    }
    (files, lines)
}

/// `protoc --encode=NAME PROTO < TEXT > OUT`
fn protoc(folder: &Path, words: &[&str]) {
    let ["protoc", encode, proto, "<", text, ">", out] = words else { panic!("{words:?}") };
    let name = encode.strip_prefix("--encode=").unwrap();
    let source = fs::read_to_string(folder.join(proto)).unwrap();
    let file = protox::file::File::from_source(proto, &source).unwrap();
    let mut pool = DescriptorPool::global();
    pool.add_file_descriptor_proto(file.file_descriptor_proto().clone()).unwrap();
    let text = fs::read_to_string(folder.join(text)).unwrap();
    let message = pool.get_message_by_name(name).unwrap();
    let message = DynamicMessage::parse_text_format(message, &text).unwrap();
    fs::write(folder.join(out), message.encode_to_vec()).unwrap();
}

#[test]
fn the_tour_runs() {
    let folder = Folder::new("protobuf-tour");
    let (files, lines) = tour();
    for (name, text) in &files {
        folder.add(name, text.as_bytes());
    }
    let mut decided = 0;
    for line in &lines {
        let (command, said) = line.split_once('#').map_or((line.as_str(), ""), |(a, b)| (a, b));
        let words: Vec<&str> = command.split_whitespace().collect();
        if words[0] == "protoc" {
            protoc(folder.path(), &words);
            continue;
        }
        let output = policyc(folder.path()).args(&words[1..]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "`{line}`: {stderr}");
        let stdout = String::from_utf8_lossy(&output.stdout);
        assert!(said.split_whitespace().all(|word| stdout.contains(word)), "`{line}`: {stdout}");
        decided += usize::from(!said.is_empty());
    }
    assert_eq!((files.len(), decided), (4, 3));
}
