//! Bundles that are exchanged while threads decide.
//!
//! In:      programs that were verified, and how they were loaded.
//! Out:     `Decider`, one for each thread: program, scratch and recorder that belong together.
//! Imports: `runtime::program`, `runtime::record`, `runtime::vm`.
//! Source:  `docs/engine.md`.
//!
//! ```
//! # use policyc::compiler::{Options, compile, source::map::SourceMap};
//! # fn bundle(reason: &str) -> Vec<u8> {
//! # let mut files = SourceMap::new();
//! # files.add("small.yaml", format!("policyc: 1\nname: small\ndefault: deny\n\
//! #     schema: {{amount: double}}\nrules:\n  \
//! #     - {{id: {reason}, when: amount < 10.0, allow: ok}}\n"));
//! # compile(&files, &Options::default(), &mut policyc::diag::sink::Sink::new())
//! #     .expect("it compiles").bundle
//! # }
//! use policyc::runtime::engine::{Candidate, Engine};
//! use policyc::runtime::vm::request::{Moment, ingest};
//!
//! # let (first, second) = (bundle("first"), bundle("second"));
//! let engine = Engine::start(Candidate::unsigned(&first)?);
//! let mut decider = engine.decider(); // Each thread has one of its own.
//! for wanted in ["first", "second"] {
//!     let pinned = decider.pin();
//!     let mut filled = ingest(pinned.program, br#"{"amount": 9.5}"#, pinned.scratch);
//!     let recording = pinned.recorder.decide(&mut filled, &Moment::at(1_773_741_600, 0));
//!     assert_eq!(recording.decision.rule(), Some(wanted));
//!     engine.swap(Candidate::unsigned(&second)?);
//! }
//! # Ok::<(), policyc::runtime::program::error::ProgramError>(())
//! ```

pub mod files;
pub mod watch;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::runtime::program::Program;
use crate::runtime::program::error::ProgramError;
use crate::runtime::record::about::Loaded;
use crate::runtime::record::write::Recorder;
use crate::runtime::vm::scratch::Scratch;

/// A program that may become active, and what records say of how it was loaded.
#[derive(Debug)]
pub struct Candidate {
    program: Program,
    revision: Option<String>,
}

impl Candidate {
    /// Reads and verifies a bundle whose signatures nobody asks for. Every record of a decision
    /// by it says so.
    ///
    /// # Errors
    /// As `Program::load_unsigned`.
    pub fn unsigned(bundle: &[u8]) -> Result<Self, ProgramError> {
        Program::load_unsigned(bundle).map(Self::of)
    }

    /// A program that was loaded: of a signed bundle by `runtime::trust`.
    #[must_use]
    pub const fn of(program: Program) -> Self {
        Self { program, revision: None }
    }

    /// With the revision of its sources, as `git:4e1c0d2`, which records then name.
    #[must_use]
    pub fn of_revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = Some(revision.into());
        self
    }
}

/// A program that decides, or did.
#[derive(Debug)]
pub struct Active {
    program: Program,
    revision: Option<String>,
    generation: u64,
}

impl Active {
    fn of(candidate: Candidate, generation: u64) -> Self {
        let Candidate { program, revision } = candidate;
        Self { program, revision, generation }
    }

    /// The program.
    #[must_use]
    pub const fn program(&self) -> &Program {
        &self.program
    }

    /// Which one it is of those that this engine had, from 1.
    #[must_use]
    pub const fn generation(&self) -> u64 {
        self.generation
    }

    /// Whether it was loaded without signatures.
    #[must_use]
    pub const fn is_unsigned(&self) -> bool {
        self.program.is_unsigned()
    }

    fn recorder(&self) -> Recorder {
        let revision = self.revision.as_deref();
        let loaded = Loaded { revision, ..Loaded::default() };
        Recorder::for_program(&self.program, &loaded)
    }
}

/// Holds the program that decides, and exchanges it. Clones are the same engine.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// `Active::generation` of what `current` holds. It is stored behind the exchange, so whoever
    /// sees a new number finds what it is about, or something newer.
    generation: AtomicU64,
    current: Mutex<Arc<Active>>,
}

impl Shared {
    /// The lock. No thread can panic while it is held: what is dropped is dropped outside.
    fn lock(&self) -> MutexGuard<'_, Arc<Active>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// An engine that decides by `first`. There is none without a program.
    #[must_use]
    pub fn start(first: Candidate) -> Self {
        let active = Arc::new(Active::of(first, 1));
        let (generation, current) = (AtomicU64::new(1), Mutex::new(active));
        Self { shared: Arc::new(Shared { generation, current }) }
    }

    /// Decides by `next` from here on: decisions that are pinned after this returns are by it, or
    /// by a later one. Those that are pinned already end as they began. Returns what decided
    /// before.
    #[expect(clippy::must_use_candidate, reason = "most hosts do not ask what was before")]
    pub fn swap(&self, next: Candidate) -> Arc<Active> {
        let mut current = self.shared.lock();
        let generation = current.generation + 1;
        let next = Arc::new(Active::of(next, generation));
        let before = std::mem::replace(&mut *current, next);
        self.shared.generation.store(generation, Ordering::Release);
        before
    }

    /// What decides now.
    #[must_use]
    pub fn active(&self) -> Arc<Active> {
        Arc::clone(&self.shared.lock())
    }

    /// What one thread decides with.
    #[must_use]
    pub fn decider(&self) -> Decider {
        let active = self.active();
        let (scratch, recorder) = (Scratch::for_program(&active.program), active.recorder());
        Decider { shared: Arc::clone(&self.shared), active, scratch, recorder }
    }
}

/// What one thread decides with. It looks at one number for each decision, and takes a lock only
/// where that has changed. The program that it decided with last is kept until then, also by a
/// thread that decides nothing any more.
#[derive(Debug)]
pub struct Decider {
    shared: Arc<Shared>,
    active: Arc<Active>,
    scratch: Scratch,
    recorder: Recorder,
}

impl Decider {
    /// The program that decides now, for one decision.
    pub fn pin(&mut self) -> Pinned<'_> {
        if self.shared.generation.load(Ordering::Acquire) != self.active.generation {
            self.renew();
        }
        let Self { active, scratch, recorder, .. } = self;
        Pinned { program: &active.program, generation: active.generation, scratch, recorder }
    }

    #[cold]
    fn renew(&mut self) {
        let active = Arc::clone(&self.shared.lock());
        self.scratch = Scratch::for_program(&active.program);
        self.recorder = active.recorder();
        self.active = active;
    }
}

/// A program, and what belongs to it. While it is borrowed nothing else can take its place: a
/// decision, its record and the digest in that are of one bundle.
#[derive(Debug)]
pub struct Pinned<'d> {
    /// The program.
    pub program: &'d Program,
    /// Which one it is of those that the engine had.
    pub generation: u64,
    /// What contexts are read into.
    pub scratch: &'d mut Scratch,
    /// What decides and writes the record.
    pub recorder: &'d mut Recorder,
}
