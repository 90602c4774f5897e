//! What happens if we are wrong: a bug ends in exit code 70 and a request, not in a trace.

use std::any::Any;
use std::io::{self, Write as _};
use std::{panic, process};

use crate::cli::exit::Exit;
use crate::cli::write::give_up_drafts;
use crate::tools::report::visible::visible;

/// Runs `command`; a panic inside, in whatever thread, is reported as the bug that it is, and ends
/// the program there, without the files that it had begun. Nobody unwinds, so the code for that is
/// left out of the command line (`Cargo.toml`).
pub fn guarded(command: impl FnOnce() -> Exit) -> Exit {
    // The words below replace those of the standard library.
    panic::set_hook(Box::new(|about| {
        give_up_drafts();
        drop(io::stderr().write_all(request(about.payload()).as_bytes()));
        process::exit(Exit::Bug.code().into());
    }));
    command()
}

/// The request to report a bug that ended the program, with what is known about it.
fn request(cause: &(dyn Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().copied();
    let text = text.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    report_of(text.unwrap_or("no further word"))
}

/// The request to report a bug, with what is known about it.
#[must_use]
pub fn report_of(bug: &str) -> String {
    let text = visible(bug);
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "policyc {version} met a bug of its own, not one of your policy: {text}\n\
         No file was left half written. Please report this line with the command that led to it.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::request;

    #[test]
    fn what_is_said_of_a_bug_is_visible() {
        let cause: Box<dyn std::any::Any + Send> = Box::new("out of \u{1b}[2J luck");
        assert!(request(cause.as_ref()).contains("out of ‹U+001B›[2J luck"));
    }
}
