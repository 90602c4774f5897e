//! Messages on a stream: a header that says how long a message is, then the message.
//!
//! In:      bytes, as the base protocol of LSP has them.
//! Out:     JSON, or why a message is none; and back.
//! Imports: `base`.
//! Source:  Language Server Protocol 3.17, "Base Protocol".

use std::io::{self, BufRead, Read as _, Write};

use serde_json::Value as Json;

use crate::base::limits::{EDITOR_HEADER_BYTES_MAX, EDITOR_MESSAGE_BYTES_MAX};

/// What was read from the stream.
#[derive(Debug)]
pub enum Frame {
    /// A message.
    Message(Json),
    /// Bytes of a message that is no JSON.
    NotJson(String),
    /// A message of so many bytes, which was skipped.
    TooLong(u64),
}

/// Why nothing more can be read: where the next message begins is not known.
#[derive(Debug)]
pub enum FrameError {
    /// A header without `Content-Length`, or one that goes on without end.
    Header,
    /// The stream broke.
    Stream(io::Error),
}

/// Reads the next message; `None` at the end of the stream.
///
/// # Errors
/// `FrameError`, where the stream cannot be read further.
pub fn read(from: &mut dyn BufRead) -> Result<Option<Frame>, FrameError> {
    let Some(length) = header(from)? else { return Ok(None) };
    if length > EDITOR_MESSAGE_BYTES_MAX {
        let skipped =
            io::copy(&mut from.take(length), &mut io::sink()).map_err(FrameError::Stream)?;
        return Ok((skipped == length).then_some(Frame::TooLong(length)));
    }
    let mut bytes = Vec::new();
    from.take(length).read_to_end(&mut bytes).map_err(FrameError::Stream)?;
    if (bytes.len() as u64) < length {
        return Ok(None);
    }
    Ok(Some(match serde_json::from_slice(&bytes) {
        Ok(message) => Frame::Message(message),
        Err(error) => Frame::NotJson(error.to_string()),
    }))
}

/// The length that a header tells; `None` where the stream ends in front of it.
fn header(from: &mut dyn BufRead) -> Result<Option<u64>, FrameError> {
    let mut left = EDITOR_HEADER_BYTES_MAX;
    let mut length = None;
    loop {
        let mut line = Vec::new();
        from.take(left).read_until(b'\n', &mut line).map_err(FrameError::Stream)?;
        left = left.saturating_sub(line.len() as u64);
        if !line.ends_with(b"\n") {
            return if line.is_empty() && left > 0 { Ok(None) } else { Err(FrameError::Header) };
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim();
        if text.is_empty() {
            return length.map(Some).ok_or(FrameError::Header);
        }
        if let Some((name, value)) = text.split_once(':')
            && name.trim().eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().ok();
        }
    }
}

/// Writes a message.
///
/// # Errors
/// Those of the stream.
pub fn write(to: &mut dyn Write, message: &Json) -> io::Result<()> {
    let body = message.to_string();
    write!(to, "Content-Length: {}\r\n\r\n{body}", body.len())?;
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::{Frame, FrameError, read};

    #[test]
    fn streams_are_read_to_where_they_make_sense() {
        let bytes = b"content-length: 2\r\nX: y\r\n\r\n{}Content-Length: 1\r\n\r\n{";
        let mut from = &bytes[..];
        assert!(matches!(read(&mut from), Ok(Some(Frame::Message(_)))));
        assert!(matches!(read(&mut from), Ok(Some(Frame::NotJson(_)))));
        assert!(matches!(read(&mut from), Ok(None)));
        assert!(matches!(read(&mut &b"Content-Length: 9\r\n\r\n{}"[..]), Ok(None)));
        assert!(matches!(read(&mut &b"no header\r\n\r\n{}"[..]), Err(FrameError::Header)));
        assert!(matches!(read(&mut &b"Content-Length: -1\r\n\r\n"[..]), Err(FrameError::Header)));
        let endless = vec![b'x'; 100_000];
        assert!(matches!(read(&mut &endless[..]), Err(FrameError::Header)));
    }

    #[test]
    fn a_message_that_is_too_long_is_skipped() {
        let mut bytes = b"Content-Length: 200000000\r\n\r\n".to_vec();
        bytes.resize(bytes.len() + 200_000_000, b' ');
        bytes.extend(b"Content-Length: 2\r\n\r\n{}");
        let mut from = &bytes[..];
        assert!(matches!(read(&mut from), Ok(Some(Frame::TooLong(200_000_000)))));
        assert!(matches!(read(&mut from), Ok(Some(Frame::Message(_)))));
    }
}
