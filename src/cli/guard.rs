//! What happens if we are wrong: a bug ends in exit code 70 and a request, not in a trace.

use std::panic::{self, AssertUnwindSafe};

use crate::cli::exit::Exit;
use crate::cli::terminal::Terminal;
use crate::tools::report::visible::visible;

/// Runs `command`; a panic inside is reported as the bug that it is.
pub fn guarded(terminal: &Terminal, command: impl FnOnce() -> Exit) -> Exit {
    panic::set_hook(Box::new(|_| {})); // The words below replace those of the standard library.
    let ended = panic::catch_unwind(AssertUnwindSafe(command));
    drop(panic::take_hook());
    ended.unwrap_or_else(|cause| {
        terminal.error(&request(cause.as_ref()));
        Exit::Bug
    })
}

/// The request to report a bug, with what is known about it.
fn request(cause: &(dyn std::any::Any + Send)) -> String {
    let text = cause.downcast_ref::<&str>().copied();
    let text = text.or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    let text = visible(text.unwrap_or("no further word"));
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "policyc {version} met a bug of its own, not one of your policy: {text}\n\
         Nothing was written. Please report this line with the command that led to it.\n"
    )
}

#[cfg(test)]
mod tests {
    use super::{guarded, request};
    use crate::cli::exit::Exit;
    use crate::cli::terminal::{Globals, Terminal};

    #[test]
    fn a_panic_ends_in_exit_70() {
        let terminal = Terminal::new(Globals::default());
        assert_eq!(guarded(&terminal, || panic!("out of luck")), Exit::Bug);
        assert_eq!(guarded(&terminal, || Exit::Done), Exit::Done);
        let cause: Box<dyn std::any::Any + Send> = Box::new("out of \u{1b}[2J luck");
        assert!(request(cause.as_ref()).contains("out of ‹U+001B›[2J luck"));
    }
}
