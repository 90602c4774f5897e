//! Looking for new bundles while others decide.
//!
//! In:      an engine; a `Source`.
//! Out:     an engine that decides by what was found last and was good; an event for each find.
//! Imports: its own room alone.
//! Source:  `docs/engine.md`.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crate::runtime::engine::files::ReloadError;
use crate::runtime::engine::{Candidate, Engine};

/// Where bundles come from.
pub trait Source: Send {
    /// Looks once. `None` where nothing is new, or what is wrong was said before.
    ///
    /// # Errors
    /// If something is there and must not decide.
    fn poll(&mut self) -> Result<Option<Candidate>, ReloadError>;

    /// Forgets what it has seen and said: the next look is as the first.
    fn forget(&mut self);
}

/// What came of looking.
#[derive(Debug)]
pub enum Event {
    /// A bundle decides from now on.
    Loaded {
        /// Its name.
        name: String,
        /// Its root.
        digest: [u8; 32],
        /// Which one it is of those that the engine had.
        generation: u64,
        /// The root of the one before.
        before: [u8; 32],
    },
    /// What was found is refused. The engine decides as before.
    Refused {
        /// Why.
        refused: ReloadError,
        /// The root of the bundle that decides on.
        kept: [u8; 32],
    },
}

/// Starts an engine with what `source` has, whatever it has seen and said before.
///
/// # Errors
/// If it has nothing, or nothing good: there is no engine then.
pub fn start(source: &mut impl Source) -> Result<Engine, ReloadError> {
    source.forget();
    source.poll()?.map(Engine::start).ok_or(ReloadError::Nothing)
}

/// Looks once, and exchanges what decides if something good is new.
pub fn poll(engine: &Engine, source: &mut impl Source) -> Option<Event> {
    match source.poll() {
        Ok(None) => None,
        Ok(Some(next)) => {
            let program = &next.program;
            let (name, digest) = (program.name().to_owned(), program.digest());
            let before = engine.swap(next);
            let generation = before.generation() + 1;
            Some(Event::Loaded { name, digest, generation, before: before.program().digest() })
        }
        Err(refused) => Some(Event::Refused { refused, kept: engine.active().program().digest() }),
    }
}

/// A thread that looks every while. It ends with this.
#[derive(Debug)]
pub struct Watch {
    stop: Arc<(Mutex<bool>, Condvar)>,
    thread: Option<JoinHandle<()>>,
}

impl Watch {
    /// Looks for bundles from now on, and tells `tell` what came of it.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(
        engine: Engine,
        mut source: impl Source + 'static,
        every: Duration,
        mut tell: impl FnMut(Event) + Send + 'static,
    ) -> io::Result<Self> {
        let stop = Arc::new((Mutex::new(false), Condvar::new()));
        let stopped = Arc::clone(&stop);
        let thread = thread::Builder::new().name("bundles".to_owned());
        let thread = thread.spawn(move || {
            while !sleeps(&stopped, every) {
                if let Some(event) = poll(&engine, &mut source) {
                    tell(event);
                }
            }
        })?;
        Ok(Self { stop, thread: Some(thread) })
    }

    /// Whether it still looks: what `tell` panics about ends it.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.thread.as_ref().is_some_and(|thread| !thread.is_finished())
    }
}

/// Waits as long, or until it is to stop; whether it is.
fn sleeps((stop, woken): &(Mutex<bool>, Condvar), every: Duration) -> bool {
    let guard = stop.lock().unwrap_or_else(PoisonError::into_inner);
    let waited = woken.wait_timeout_while(guard, every, |stop| !*stop);
    *waited.unwrap_or_else(PoisonError::into_inner).0
}

impl Drop for Watch {
    fn drop(&mut self) {
        let (stop, woken) = &*self.stop;
        *stop.lock().unwrap_or_else(PoisonError::into_inner) = true;
        woken.notify_all();
        if let Some(thread) = self.thread.take() {
            // A thread that panicked said so.
            drop(thread.join());
        }
    }
}
