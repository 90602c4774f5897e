//! Other implementations of CEL, each a child process: one may abort, hang or exhaust its stack.
//!
//! A child reads expressions, each a JSON string on a line, and answers each with a line: the
//! character U+001E and then JSON, `{"value": V}`, `{"failed": text}` or `{"refused": text}`. A
//! value is an array of its kind and its parts, as `["int", "5"]`. Lines without the character
//! are not read.

mod bufbuild;
mod expr_python;
mod known;
mod run;
mod rust;
mod scripts;
mod wire;

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value as Json;

use crate::ours::{Said, shown};

/// In front of every answer.
pub(crate) const MARK: char = '\u{1E}';
/// A child that answers later hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a peer says of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    /// As the program's outputs are written.
    Value(String),
    Failed(String),
    /// Nothing was evaluated: it does not parse, or it is not well-typed.
    Refused(String),
    /// The child ended, or did not answer in time.
    Died,
}

impl Answer {
    /// Whether it is what we say: the same value, or a failure of any kind.
    pub(crate) fn is(&self, ours: &Said) -> bool {
        match (ours, self) {
            (Ok(ours), Self::Value(theirs)) => ours == theirs,
            (Err(_), Self::Failed(_) | Self::Refused(_)) => true,
            (Ok(_) | Err(_), _) => false,
        }
    }
}

/// A peer that answers.
pub(crate) struct Peer {
    command: Box<dyn Fn() -> Command + Send>,
    running: Option<Running>,
}

struct Running {
    child: Child,
    answers: Receiver<String>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.end();
    }
}

impl Peer {
    pub(crate) fn new(command: impl Fn() -> Command + Send + 'static) -> Self {
        Self { command: Box::new(command), running: None }
    }

    /// What the peer says of `expression`; a child that died is started anew for the next.
    pub(crate) fn ask(&mut self, expression: &str) -> Answer {
        let running = self.running.get_or_insert_with(|| start((self.command)()));
        let line = format!("{}\n", Json::from(expression));
        let input = running.child.stdin.as_mut().expect("a pipe");
        let sent = input.write_all(line.as_bytes()).and_then(|()| input.flush());
        let answer = sent.ok().and_then(|()| running.answers.recv_timeout(PATIENCE).ok());
        let Some(answer) = answer else {
            self.end();
            return Answer::Died;
        };
        read(&answer)
    }

    fn end(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _ = running.child.kill();
            let _ = running.child.wait();
        }
    }
}

fn start(mut command: Command) -> Running {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let output = BufReader::new(child.stdout.take().expect("a pipe"));
    let (send, answers) = channel();
    std::thread::spawn(move || {
        for line in output.lines().map_while(Result::ok) {
            if let Some((_, answer)) = line.split_once(MARK)
                && send.send(answer.to_owned()).is_err()
            {
                break;
            }
        }
    });
    Running { child, answers }
}

fn read(answer: &str) -> Answer {
    let json: Json = serde_json::from_str(answer).unwrap_or_else(|_| panic!("`{answer}`"));
    let text = |key: &str| json.get(key).and_then(Json::as_str).map(str::to_owned);
    if let Some(value) = json.get("value") {
        return Answer::Value(shown(wire::value(value)));
    }
    match (text("failed"), text("refused")) {
        (Some(why), _) => Answer::Failed(why),
        (_, Some(why)) => Answer::Refused(why),
        _ => panic!("`{answer}`"),
    }
}
