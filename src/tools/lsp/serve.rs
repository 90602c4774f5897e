//! The conversation: messages in and out, projects looked at between them.
//!
//! In:      a stream of bytes.
//! Out:     another one.
//! Imports: its own room alone.
//!
//! One thread reads messages, one checks projects, one lints what was checked; the one that was
//! called answers. So neither an editor nor what checking finds ever waits for lints. A project is
//! looked at when nothing was said for a moment. What is found about texts that have changed since
//! is thrown away, and lints that are at work on them stop.

use std::collections::VecDeque;
use std::io::{self, BufRead, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value as Json;

use crate::tools::lsp::frame::{self, Frame, FrameError};
use crate::tools::lsp::request::RequestError;
use crate::tools::lsp::state::{State, answer};
use crate::tools::lsp::view::{CheckJob, JobResult, LintJob, check, lint};

/// How long nothing must be said before a project is looked at: less than between two keys.
const PAUSE: Duration = Duration::from_millis(4);

/// How a conversation ended.
#[derive(Debug)]
pub enum End {
    /// As it should: the editor said so first.
    Asked,
    /// The editor went away.
    Left,
    /// The stream of the editor makes no sense.
    Lost(FrameError),
    /// The editor takes no answers.
    Unwritten(io::Error),
}

/// What happens.
enum Event {
    Read(Frame),
    /// What is known of a project before lints were at work.
    Early(Box<JobResult>),
    Done(Box<JobResult>),
    /// Nothing was said for a moment.
    Idle,
    End(Option<FrameError>),
}

/// Answers an editor until it goes.
#[must_use]
pub fn serve(from: Box<dyn BufRead + Send>, to: &mut dyn Write) -> End {
    let (tell, events) = channel();
    let (give, works) = channel();
    let reads = tell.clone();
    thread::spawn(move || listen(from, &reads));
    let (pass, rests) = channel();
    let early = tell.clone();
    thread::spawn(move || checks(&works, &early, &pass));
    thread::spawn(move || lints(&rests, &tell));
    let (state, queue) = (State::new(), VecDeque::new());
    Conversation { state, queue, give, busy: false, rests: false }.run(&events, to)
}

/// Reads messages to the end.
fn listen(mut from: Box<dyn BufRead + Send>, tell: &Sender<Event>) {
    loop {
        let event = match frame::read(&mut *from) {
            Ok(Some(frame)) => Event::Read(frame),
            Ok(None) => Event::End(None),
            Err(lost) => Event::End(Some(lost)),
        };
        let last = matches!(event, Event::End(_));
        if tell.send(event).is_err() || last {
            return;
        }
    }
}

/// Checks projects, one after the other, and passes on what is left to do.
fn checks(works: &Receiver<CheckJob>, tell: &Sender<Event>, pass: &Sender<LintJob>) {
    while let Ok(work) = works.recv() {
        let (early, rest) = check(work);
        if tell.send(Event::Early(Box::new(early))).is_err() || pass.send(rest).is_err() {
            return;
        }
    }
}

/// Lints projects that were checked, one after the other.
fn lints(rests: &Receiver<LintJob>, tell: &Sender<Event>) {
    let mut waiting = VecDeque::new();
    while let Some(rest) = newest(&mut waiting, rests) {
        if let Some(done) = lint(rest)
            && tell.send(Event::Done(Box::new(done))).is_err()
        {
            return;
        }
    }
}

/// The project among those that wait that was edited last: somebody waits for it. `None` where none
/// waits and none will come.
pub(super) fn newest(
    waiting: &mut VecDeque<LintJob>,
    rests: &Receiver<LintJob>,
) -> Option<LintJob> {
    if waiting.is_empty() {
        waiting.push_back(rests.recv().ok()?);
    }
    waiting.extend(rests.try_iter());
    // Of several that are equally new the first.
    let versions = waiting.iter().map(LintJob::version).enumerate().rev();
    let (at, _) = versions.max_by_key(|(_, version)| *version)?;
    waiting.remove(at)
}

struct Conversation {
    state: State,
    queue: VecDeque<Event>,
    give: Sender<CheckJob>,
    /// Whether a project is being checked.
    busy: bool,
    /// Whether every project was given to be looked at since something was said.
    rests: bool,
}

impl Conversation {
    fn run(mut self, events: &Receiver<Event>, to: &mut dyn Write) -> End {
        loop {
            let Some(event) = self.next(events) else { return End::Left };
            self.queue.extend(events.try_iter());
            let messages = match event {
                Event::Read(frame) => {
                    self.rests = false;
                    self.heard(&frame)
                }
                Event::Idle => self.idle(),
                Event::End(None) => return End::Left,
                Event::End(Some(lost)) => return End::Lost(lost),
                Event::Early(done) => {
                    self.busy = false;
                    self.found(done, Event::Early)
                }
                Event::Done(done) => {
                    self.rests = false;
                    self.found(done, Event::Done)
                }
            };
            for message in &messages {
                if let Err(error) = frame::write(to, message) {
                    return End::Unwritten(error);
                }
            }
            match self.state.ended() {
                Some(true) => return End::Asked,
                Some(false) => return End::Left,
                None => {}
            }
        }
    }

    /// What happens next. When nothing does for a moment, a project is looked at.
    fn next(&mut self, events: &Receiver<Event>) -> Option<Event> {
        if let Some(event) = self.queue.pop_front() {
            return Some(event);
        }
        if self.busy || self.rests {
            return events.recv().ok();
        }
        match events.recv_timeout(PAUSE) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => Some(Event::Idle),
        }
    }

    /// Takes what was found; later, where something was said meanwhile, for it may be about other
    /// texts.
    fn found(&mut self, done: Box<JobResult>, again: fn(Box<JobResult>) -> Event) -> Vec<Json> {
        if self.queue.iter().any(|event| matches!(event, Event::Read(_))) {
            self.queue.push_back(again(done));
            return Vec::new();
        }
        self.state.take(*done)
    }

    /// Has the next project looked at.
    fn idle(&mut self) -> Vec<Json> {
        let (messages, work) = self.state.idle();
        match work {
            Some(work) => self.busy = self.give.send(work).is_ok(),
            None => self.rests = true,
        }
        messages
    }

    fn heard(&mut self, frame: &Frame) -> Vec<Json> {
        let refused =
            |code, message: String| vec![answer(&Json::Null, Err(RequestError { code, message }))];
        match frame {
            Frame::NotJson(why) => refused(-32_700, format!("the message is no JSON: {why}")),
            Frame::TooLong(bytes) => {
                refused(-32_600, format!("the message is too long: {bytes} bytes"))
            }
            Frame::Message(message) => match message.get("id") {
                Some(id) if message.get("method").is_some() && self.is_cancelled(id) => {
                    vec![answer(id, Err(RequestError::cancelled()))]
                }
                Some(_) | None => self.state.handle(message),
            },
        }
    }

    /// Whether the editor has said meanwhile that it does not want the answer.
    fn is_cancelled(&self, id: &Json) -> bool {
        self.queue.iter().any(|event| match event {
            Event::Read(Frame::Message(message)) => {
                let method = message.get("method").and_then(Json::as_str);
                method == Some("$/cancelRequest") && message.pointer("/params/id") == Some(id)
            }
            Event::Read(Frame::NotJson(_) | Frame::TooLong(_))
            | Event::Early(_)
            | Event::Done(_)
            | Event::Idle
            | Event::End(_) => false,
        })
    }
}
