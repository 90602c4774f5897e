//! An editor that follows a script: it talks to the real program over its standard streams.

use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::support::run::{Folder, policyc};

/// Nothing takes so long, on however busy a machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// An editor, its server and the folder that it shows.
pub(super) struct Client {
    pub(super) folder: Folder,
    server: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Json>,
    /// Messages that came while another one was waited for.
    put_aside: Vec<Json>,
    next: u64,
}

impl Client {
    /// Starts a server that was told nothing; `files` lie in the folder.
    pub(super) fn silent(name: &str, files: &[(&str, &str)]) -> Self {
        let folder = Folder::new(&format!("lsp-{name}"));
        for (path, text) in files {
            folder.add(path, text);
        }
        let mut server = policyc(folder.path())
            .arg("lsp")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("policyc runs");
        let input = server.stdin.take();
        let mut output = BufReader::new(server.stdout.take().expect("a stream"));
        let (tell, messages) = channel();
        thread::spawn(move || {
            while let Some(message) = received(&mut output) {
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        Self { folder, server, input, messages, put_aside: Vec::new(), next: 0 }
    }

    /// Starts a server and greets it.
    pub(super) fn new(name: &str, files: &[(&str, &str)]) -> Self {
        let mut client = Self::silent(name, files);
        let root = client.uri("");
        let params = json!({ "capabilities": {}, "workspaceFolders": [{"uri": root, "name": ""}] });
        let answer = client.ask("initialize", params);
        assert_eq!(answer["result"]["serverInfo"]["name"], "policyc");
        client.tell("initialized", json!({}));
        client
    }

    pub(super) fn uri(&self, path: &str) -> String {
        uri(&self.folder.path().join(path))
    }

    /// Writes these bytes as they are.
    pub(super) fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("it was not closed");
        input.write_all(bytes).expect("the server reads");
        input.flush().expect("the server reads");
    }

    pub(super) fn send(&mut self, message: &Json) {
        let body = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }

    pub(super) fn tell(&mut self, method: &str, params: Json) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request; its id.
    pub(super) fn request(&mut self, method: &str, params: Json) -> u64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    /// Sends a request and waits for its answer.
    pub(super) fn ask(&mut self, method: &str, params: Json) -> Json {
        let id = self.request(method, params);
        self.wait(|message| message["id"] == id)
    }

    /// Asks about the place where `needle` begins in the text of a file, `behind` units further.
    pub(super) fn ask_at(
        &mut self,
        method: &str,
        file: (&str, &str),
        needle: &str,
        behind: u64,
    ) -> Json {
        let position = place(file.1, needle, behind);
        let document = json!({ "uri": self.uri(file.0) });
        let params = json!({ "textDocument": document, "position": position });
        self.ask(method, params)["result"].take()
    }

    /// Waits for a message that is `wanted`; others are put aside.
    pub(super) fn wait(&mut self, wanted: impl Fn(&Json) -> bool) -> Json {
        if let Some(at) = self.put_aside.iter().position(&wanted) {
            return self.put_aside.remove(at);
        }
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("a message comes");
            if wanted(&message) {
                return message;
            }
            self.put_aside.push(message);
        }
    }

    /// The next findings about a file.
    pub(super) fn findings(&mut self, path: &str) -> Vec<Json> {
        let uri = self.uri(path);
        let message = self.wait(|message| {
            message["method"] == "textDocument/publishDiagnostics"
                && message["params"]["uri"] == uri
        });
        message["params"]["diagnostics"].as_array().expect("a list").clone()
    }

    pub(super) fn open(&mut self, path: &str, text: &str) {
        let uri = self.uri(path);
        let document = json!({ "uri": uri, "languageId": "yaml", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    /// Replaces the whole text of a file.
    pub(super) fn change(&mut self, path: &str, text: &str) {
        self.edit(path, json!([{ "text": text }]));
    }

    pub(super) fn edit(&mut self, path: &str, changes: Json) {
        let document = json!({ "uri": self.uri(path), "version": 2 });
        let params = json!({ "textDocument": document, "contentChanges": changes });
        self.tell("textDocument/didChange", params);
    }

    /// Whether nothing was put aside that is `unwanted`.
    pub(super) fn never(&self, unwanted: impl Fn(&Json) -> bool) -> bool {
        !self.put_aside.iter().any(unwanted)
    }

    /// Closes the stream; the exit code, and what was written to standard error.
    pub(super) fn left(mut self) -> (Option<i32>, String) {
        drop(self.input.take());
        let mut said = String::new();
        let stream = self.server.stderr.take();
        stream.expect("a stream").read_to_string(&mut said).expect("text");
        (self.server.wait().expect("it ends").code(), said)
    }

    /// Says good-bye as editors should.
    pub(super) fn end(mut self) {
        assert_eq!(self.ask("shutdown", Json::Null)["result"], Json::Null);
        self.tell("exit", Json::Null);
        assert_eq!(self.left(), (Some(0), String::new()));
    }
}

/// The place where `needle` begins in `text`, `behind` units further on its line.
pub(super) fn place(text: &str, needle: &str, behind: u64) -> Json {
    let at = text.find(needle).unwrap_or_else(|| panic!("`{needle}` is in the text"));
    let before = &text[..at];
    let line = before.matches('\n').count();
    let begun = before.rfind('\n').map_or(0, |at| at + 1);
    let units = before[begun..].encode_utf16().count() as u64;
    json!({ "line": line, "character": units + behind })
}

/// The address of a file; names of tests need no escapes.
fn uri(path: &Path) -> String {
    format!("file://{}", path.display()).trim_end_matches('/').to_owned()
}

/// Reads a message by the letter: one header, its length in bytes, JSON.
fn received(from: &mut impl BufRead) -> Option<Json> {
    let mut line = String::new();
    if from.read_line(&mut line).ok()? == 0 {
        return None;
    }
    let length = line.strip_prefix("Content-Length: ").expect("a header").trim_end();
    let mut bytes = vec![0; length.parse::<usize>().expect("a length") + 2];
    from.read_exact(&mut bytes).ok()?;
    assert_eq!(&bytes[..2], b"\r\n");
    let message: Json = serde_json::from_slice(&bytes[2..]).expect("JSON");
    assert_eq!(message["jsonrpc"], "2.0");
    Some(message)
}
