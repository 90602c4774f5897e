//! A log as a stream of events: lines of JSON, one list, or documents one after the other.
//!
//! In:      bytes.
//! Out:     the bytes of each event with the line that it begins on, or what is damaged there.
//! Imports: `base`.
//!
//! The first byte and the first line tell which it is. In lines of JSON a damaged line leaves the
//! others alone; in a list or in documents nothing is known behind the first damage. Memory: one
//! event.

use std::io::{self, BufRead};

use crate::base::limits::IMPORT_EVENT_BYTES_MAX;
use crate::tools::replay::import::pieces::Scan;

/// What comes next in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// An event, whose bytes were filled in.
    Event,
    /// No event.
    Damaged(Damage),
}

/// What is wrong with a part of a log that is no event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// It is longer than `IMPORT_EVENT_BYTES_MAX`.
    TooLong,
    /// A text is not closed on the line where it begins.
    OpenText,
    /// The log ends before it does.
    CutShort,
    /// This byte stands where a comma or the end of the list was expected.
    Unexpected(u8),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Unknown,
    /// Lines or documents: the first line tells.
    First,
    Lines,
    Documents,
    /// `first`: whether no element was read.
    List {
        first: bool,
    },
    Ended,
}

/// The events of a log.
#[derive(Debug)]
pub(super) struct Events<R> {
    input: R,
    form: Form,
    /// The line that the next byte stands on.
    line: u64,
    /// The line that the event begins on.
    pub at: u64,
    max: usize,
}

impl<R: BufRead> Events<R> {
    pub(super) const fn new(input: R) -> Self {
        Self { input, form: Form::Unknown, line: 1, at: 1, max: IMPORT_EVENT_BYTES_MAX }
    }

    /// The next event, whose bytes replace those in `event`; `None` at the end.
    ///
    /// # Errors
    /// If the input cannot be read.
    pub(super) fn next(&mut self, event: &mut Vec<u8>) -> io::Result<Option<Next>> {
        event.clear();
        loop {
            match self.form {
                Form::Unknown => self.begin()?,
                Form::First => return self.first(event).map(Some),
                Form::Lines => return self.of_line(event),
                Form::Documents => {
                    if self.blank()?.is_none() {
                        return Ok(None);
                    }
                    self.at = self.line;
                    return self.value(event, Scan::default(), false).map(Some);
                }
                Form::List { first } => match self.of_list(first)? {
                    Some(damage) => return Ok(Some(self.damaged(damage))),
                    None if self.form == Form::Ended => return Ok(None),
                    None => {
                        self.at = self.line;
                        return self.value(event, Scan::default(), true).map(Some);
                    }
                },
                Form::Ended => return Ok(None),
            }
        }
    }

    /// Finds out the form by the first byte.
    fn begin(&mut self) -> io::Result<()> {
        if self.input.fill_buf()?.starts_with(b"\xef\xbb\xbf") {
            self.input.consume(3);
        }
        self.form = match self.blank()? {
            None => Form::Ended,
            Some(b'[') => {
                self.input.consume(1);
                Form::List { first: true }
            }
            Some(b'{') => Form::First,
            Some(_) => Form::Lines,
        };
        Ok(())
    }

    /// An object that ends on its line begins lines; one that does not, documents.
    fn first(&mut self, event: &mut Vec<u8>) -> io::Result<Next> {
        let next = self.of_line(event)?.unwrap_or(Next::Event);
        let mut scan = Scan::default();
        for byte in event.iter() {
            scan.step(*byte);
        }
        if scan.depth == 0 || scan.in_text || next != Next::Event {
            self.form = Form::Lines;
            return Ok(next);
        }
        self.form = Form::Documents;
        self.value(event, scan, false)
    }

    /// Passes over blanks; the byte behind them, if there is one.
    fn blank(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let end = buffer.iter().position(|byte| !byte.is_ascii_whitespace());
            let passed = end.unwrap_or(buffer.len());
            let breaks = breaks(buffer.get(..passed).unwrap_or_default());
            let found = end.and_then(|end| buffer.get(end)).copied();
            self.input.consume(passed);
            self.line += breaks;
            if found.is_some() {
                return Ok(found);
            }
        }
    }

    fn of_line(&mut self, event: &mut Vec<u8>) -> io::Result<Option<Next>> {
        if self.blank()?.is_none() {
            return Ok(None);
        }
        self.at = self.line;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                break;
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let taken = end.map_or(buffer.len(), |end| end + 1);
            // What is too long is passed over to its end, without being kept.
            let room = (self.max + 1).saturating_sub(event.len()).min(taken);
            event.extend_from_slice(buffer.get(..room).unwrap_or_default());
            self.input.consume(taken);
            if end.is_some() {
                self.line += 1;
                break;
            }
        }
        let long = event.trim_ascii_end().len() > self.max;
        Ok(Some(if long { Next::Damaged(Damage::TooLong) } else { Next::Event }))
    }

    /// Goes to the next element of the list, or behind the list.
    fn of_list(&mut self, first: bool) -> io::Result<Option<Damage>> {
        let mut byte = self.blank()?;
        if !first && byte == Some(b',') {
            self.input.consume(1);
            byte = self.blank()?;
        } else if byte == Some(b']') {
            self.input.consume(1);
            let behind = self.blank()?;
            self.form = Form::Ended;
            return Ok(behind.map(Damage::Unexpected));
        } else if !first {
            return Ok(Some(byte.map_or(Damage::CutShort, Damage::Unexpected)));
        }
        self.form = Form::List { first: false };
        Ok(match byte {
            None => Some(Damage::CutShort),
            Some(found @ (b',' | b']')) => Some(Damage::Unexpected(found)),
            Some(_) => None,
        })
    }

    /// A value to its last byte; `listed`: to the comma or bracket of the list.
    fn value(&mut self, event: &mut Vec<u8>, mut scan: Scan, listed: bool) -> io::Result<Next> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(if listed || scan.depth > 0 || scan.in_text {
                    self.damaged(Damage::CutShort)
                } else {
                    Next::Event
                });
            }
            let mut taken = 0;
            let mut ended = None;
            for byte in buffer {
                let outside = scan.depth == 0 && !scan.in_text;
                let behind = if listed {
                    matches!(byte, b',' | b']')
                } else {
                    // A document that is no object or list ends with its line.
                    taken + event.len() > 0 && *byte == b'\n'
                };
                if outside && behind {
                    ended = Some(None);
                    break;
                }
                if scan.in_text && *byte == b'\n' {
                    ended = Some(Some(Damage::OpenText));
                    break;
                }
                scan.step(*byte);
                taken += 1;
                self.line += u64::from(*byte == b'\n');
                if !listed && scan.depth == 0 && matches!(byte, b'}' | b']') {
                    ended = Some(None);
                    break;
                }
            }
            event.extend_from_slice(buffer.get(..taken).unwrap_or_default());
            self.input.consume(taken);
            if event.len() > self.max {
                return Ok(self.damaged(Damage::TooLong));
            }
            match ended {
                Some(Some(damage)) => return Ok(self.damaged(damage)),
                Some(None) => return Ok(Next::Event),
                None => {}
            }
        }
    }

    /// Nothing is known of what follows.
    const fn damaged(&mut self, damage: Damage) -> Next {
        self.form = Form::Ended;
        Next::Damaged(damage)
    }
}

/// Ends of lines among `bytes`.
fn breaks(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::{Damage, Events, Next};

    /// Events with their lines, read with buffers of each size; all sizes must agree.
    fn events(log: &str, max: usize) -> Vec<(u64, Result<String, Damage>)> {
        let read = |size: usize| {
            let mut events = Events::new(BufReader::with_capacity(size, log.as_bytes()));
            events.max = max;
            let (mut found, mut event) = (Vec::new(), Vec::new());
            while let Some(next) = events.next(&mut event).expect("bytes in memory") {
                let text = String::from_utf8_lossy(event.trim_ascii()).into_owned();
                found.push(match next {
                    Next::Event => (events.at, Ok(text)),
                    Next::Damaged(damage) => (events.at, Err(damage)),
                });
            }
            found
        };
        let first = read(64);
        assert_eq!(first, read(4_096), "{log}");
        first
    }

    fn event(line: u64, text: &str) -> (u64, Result<String, Damage>) {
        (line, Ok(text.to_owned()))
    }

    #[test]
    fn lines_lists_and_documents_are_told_apart() {
        let lines = events("\u{feff}\n{\"a\":1}\n\n  {\"b\":\"}\"}\r\n{\"c\":", 64);
        assert_eq!(lines, [event(2, "{\"a\":1}"), event(4, "{\"b\":\"}\"}"), event(5, "{\"c\":")]);
        let list = events("[\n {\"a\":[1,\n2]} ,{\"b\":\"],\"}\n]\n", 64);
        assert_eq!(list, [event(2, "{\"a\":[1,\n2]}"), event(3, "{\"b\":\"],\"}")]);
        let documents = events("{\n \"a\": [1]\n}\n{\"b\":1} {\n}", 64);
        let wanted = [event(1, "{\n \"a\": [1]\n}"), event(4, "{\"b\":1}"), event(4, "{\n}")];
        assert_eq!(documents, wanted);
        assert_eq!(events("", 64), []);
        assert_eq!(events(" [ ] \n", 64), []);
        assert_eq!(events("[1,2]", 64), [event(1, "1"), event(1, "2")]);
    }

    #[test]
    fn damage_is_told_with_its_line() {
        let torn = |log: &str, max| events(log, max).pop();
        assert_eq!(torn("{\n\"a\":\"x\n\"}", 64), Some((1, Err(Damage::OpenText))));
        assert_eq!(torn("{\n\"a\":1", 64), Some((1, Err(Damage::CutShort))));
        assert_eq!(torn("[1,\n{\"a\":1", 64), Some((2, Err(Damage::CutShort))));
        assert_eq!(torn("[1,", 64), Some((1, Err(Damage::CutShort))));
        assert_eq!(torn("[1,]", 64), Some((1, Err(Damage::Unexpected(b']')))));
        assert_eq!(torn("[1] x", 64), Some((1, Err(Damage::Unexpected(b'x')))));
        let long = format!("{{\"a\":\"{}\"}}\n{{}}\n", "x".repeat(200));
        assert_eq!(events(&long, 100), [(1, Err(Damage::TooLong)), event(2, "{}")]);
        assert_eq!(events(&format!("[{long}"), 100), [(1, Err(Damage::TooLong))]);
    }
}
