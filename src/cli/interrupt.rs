//! Ctrl-C: the first asks a command to end, the second ends it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use signal_hook::consts::SIGINT;
use signal_hook::flag;

use crate::cli::exit::Exit;

/// A flag that the first Ctrl-C sets; the next one ends the program with 130 at once. Where the
/// system lets nobody listen, Ctrl-C ends the program as it always does.
#[must_use]
pub fn interrupted() -> Arc<AtomicBool> {
    let stop = Arc::new(AtomicBool::new(false));
    let code = i32::from(Exit::Interrupted.code());
    // Actions run in the order in which they are registered: at the first Ctrl-C the flag is not
    // set when this one looks.
    let ends = flag::register_conditional_shutdown(SIGINT, code, Arc::clone(&stop));
    if ends.is_ok() {
        drop(flag::register(SIGINT, Arc::clone(&stop)));
    }
    stop
}
