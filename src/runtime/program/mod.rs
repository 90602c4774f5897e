//! A verified program, ready to run: everything that deciding reads, typed and laid out.
//!
//! In:      the bytes of a bundle.
//! Out:     `Program`: there is none that `runtime::verify` has not proved.
//! Imports: `lang`, `runtime::bundle`, `runtime::verify`.

mod clause;
pub(in crate::runtime) mod context;
mod cyclic_range;
mod descriptors;
pub mod dispatch;
pub mod error;
mod groups;
pub(in crate::runtime) mod matrix;
pub(in crate::runtime) mod paths;
pub(in crate::runtime) mod pool;
pub(in crate::runtime) mod probe;
mod questions;
pub(in crate::runtime) mod rank;
mod reading;
pub(in crate::runtime) mod reads;
pub(in crate::runtime) mod scan;
pub(in crate::runtime) mod screen;
pub(in crate::runtime) mod sets;
pub(in crate::runtime) mod sweep;
pub(in crate::runtime) mod switch;
pub(in crate::runtime) mod terms;
pub(in crate::runtime) mod tree;
pub(in crate::runtime) mod veto;
mod ways;
pub mod withheld;

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::lang::functions::time::takes_zone;
use crate::lang::opcodes::{Instruction, Op};
use crate::lang::pattern::search::Pattern;
use crate::lang::value::message::{Descriptors, Field};
use crate::lang::value::{Space, Tag, Value, zone};
use crate::runtime::bundle::module::{FunctionRow, Module, NONE, SlotRow, Str};
use crate::runtime::bundle::reader;
use crate::runtime::program::context::ContextMessage;
use crate::runtime::program::dispatch::Dispatch;
use crate::runtime::program::error::ProgramError;
use crate::runtime::program::paths::Paths;
use crate::runtime::program::pool::Pool;
use crate::runtime::program::scan::Scans;
use crate::runtime::program::sets::Set;
use crate::runtime::program::sweep::Sweep;
use crate::runtime::program::terms::Terms;
use crate::runtime::program::tree::{Trees, TreesBuilder};
use crate::runtime::program::withheld::RedactionPlan;
use crate::runtime::verify::verify;

/// A program that can decide: proof that its bundle was verified. Any number of threads may share
/// it, each with a scratch of its own.
#[derive(Debug)]
pub struct Program {
    /// Which program of this process it is, so that a scratch knows its own.
    pub(in crate::runtime) identity: u64,
    pub(in crate::runtime) module: Module,
    pub(in crate::runtime) digest: [u8; 32],
    /// Whether nobody signed for its bundle, as far as this process knows.
    pub(in crate::runtime) unsigned: bool,
    pub(in crate::runtime) text: Vec<u8>,
    pub(in crate::runtime) elements: Vec<Value>,
    pub(in crate::runtime) constants: Vec<Value>,
    pub(in crate::runtime) descriptors: Descriptors,
    /// The message that contexts are as a whole.
    pub(in crate::runtime) context: Option<ContextMessage>,
    /// The fields of all messages, as instructions name them.
    pub(in crate::runtime) fields: Vec<Field>,
    pub(in crate::runtime) sets: Vec<Set>,
    pub(in crate::runtime) scans: Scans,
    /// Of every function its memo, or `NONE`, and the first of its loops that is swept, or one of a
    /// later function. Empty where there is neither.
    kept: Vec<(u16, u32)>,
    /// Loops whose elements are tested side by side, in the order of the code.
    pub(in crate::runtime) sweeps: Vec<Sweep>,
    pub(in crate::runtime) paths: Paths,
    pub(in crate::runtime) plan: Dispatch,
    pub(in crate::runtime) terms: Terms,
    pub(in crate::runtime) trees: Trees,
    /// What records withhold, and what tells of it.
    pub(in crate::runtime) withheld: RedactionPlan,
    pub(in crate::runtime) sizes: Sizes,
}

/// A function, as it runs.
#[derive(Clone, Copy, Debug)]
pub(in crate::runtime) struct Unit {
    pub(in crate::runtime) first: u32,
    pub(in crate::runtime) len: u16,
    /// Its memo, or `NONE`.
    pub(in crate::runtime) memo: u16,
    /// The first of its loops that is swept, or one of a later function.
    sweep: u32,
}

/// How much a scratch must hold.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct Sizes {
    /// Slots.
    pub(in crate::runtime) slots: usize,
    /// Values of the file: slots, registers and terms.
    pub(in crate::runtime) file: usize,
    /// Cursors, and as many builders.
    pub(in crate::runtime) cursors: usize,
    /// Memos.
    pub(in crate::runtime) memos: usize,
    /// The slot of the decision's time, or `NONE`.
    pub(in crate::runtime) now: u16,
}

impl Program {
    /// Reads and verifies a bundle whose signatures nobody asks for. Of the section `debug` the
    /// digest is checked; nothing of it is kept.
    ///
    /// # Errors
    /// If the bytes are no bundle, or the bundle breaks a rule of the verifier.
    pub fn load_unsigned(bytes: &[u8]) -> Result<Self, ProgramError> {
        Self::load(bytes, |module, _| module)
    }

    /// As `load_unsigned`, with `Module::debug` for whoever shows names, places and sources.
    ///
    /// # Errors
    /// As `load_unsigned`.
    pub fn load_unsigned_whole(bytes: &[u8]) -> Result<Self, ProgramError> {
        Self::load(bytes, |module, debug| Module { debug: debug.to_vec(), ..module })
    }

    fn load(bytes: &[u8], whole: impl Fn(Module, &[u8]) -> Module) -> Result<Self, ProgramError> {
        let (content, sums) = reader::open(bytes).map_err(ProgramError::Load)?;
        let prepare = || {
            let root = content.root;
            let (module, debug) = content.read().map_err(ProgramError::Load)?;
            let module = whole(module, debug);
            let proof = verify(&module).map_err(ProgramError::Verify)?;
            Ok(Self::from_verified(module, proof.into_patterns(), root))
        };
        let check = || sums.check().map_err(ProgramError::Load);
        if bytes.len() < APART_MIN {
            check()?;
            return prepare();
        }
        thread::scope(|scope| {
            let apart = thread::Builder::new().name("digests".to_owned());
            let apart = apart.spawn_scoped(scope, check);
            let program = prepare();
            // A thread that could not be had is done without.
            apart.ok().and_then(|apart| apart.join().ok()).unwrap_or_else(check)?;
            program
        })
    }

    /// Prepares a verified module with its patterns; `digest` names its bundle.
    #[must_use]
    pub(in crate::runtime) fn from_verified(
        module: Module,
        patterns: Vec<Pattern>,
        digest: [u8; 32],
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let pool = Pool::of(&module);
        let descriptors = descriptors::of(&module, &pool);
        let paths = Paths::of(&module);
        remember_zones(&module, &pool);
        let sets = sets::of(&module, &pool);
        let sweeps = sweep::sweeps(&module, &pool, &sets);
        let mut sizes = sizes(&module);
        let mut readings = TreesBuilder::of(&module, sizes.file);
        let plan = Dispatch::of(&module, &pool, &mut readings);
        let TreesBuilder { mut terms, trees, .. } = readings;
        terms.prepare(&pool);
        sizes.file += terms.rows().len();
        Self {
            identity: NEXT.fetch_add(1, Ordering::Relaxed),
            scans: Scans::of(&module, &pool, patterns),
            context: ContextMessage::of(&module, &paths, &descriptors, &pool.text),
            paths,
            plan,
            terms,
            trees,
            sets,
            withheld: RedactionPlan::of(&module),
            sizes,
            text: pool.text,
            elements: pool.elements,
            constants: pool.constants,
            fields: descriptors.messages.iter().flat_map(|it| &it.fields).copied().collect(),
            descriptors,
            kept: kept(&module, &sweeps),
            sweeps,
            module,
            digest,
            unsigned: true,
        }
    }

    /// Name of the bundle.
    #[must_use]
    pub fn name(&self) -> &str {
        self.string(self.module.manifest.name)
    }

    /// SHA-256 root of the bundle.
    #[must_use]
    pub const fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// Whether it was loaded without signatures. Records and reports of its decisions say so.
    #[must_use]
    pub const fn is_unsigned(&self) -> bool {
        self.unsigned
    }

    /// What the bundle holds, for tools.
    #[must_use]
    pub const fn module(&self) -> &Module {
        &self.module
    }

    /// What records of its decisions withhold.
    #[must_use]
    pub const fn withheld(&self) -> &RedactionPlan {
        &self.withheld
    }

    /// Number of atoms: what a witness of one decision holds two bits for each.
    #[must_use]
    pub const fn atoms(&self) -> u16 {
        self.module.manifest.atoms
    }

    /// A text of the bundle; empty for an index that names none.
    #[must_use]
    pub fn string(&self, at: Str) -> &str {
        self.module.strings.get(at as usize).unwrap_or_default()
    }

    /// Id of a rule; empty for a number that names none.
    #[must_use]
    pub fn rule_id(&self, rule: u16) -> &str {
        self.module.rules.get(usize::from(rule)).map_or("", |row| self.string(row.id))
    }

    /// The text of a constant that is a string.
    #[inline]
    pub(in crate::runtime) fn constant_text(&self, at: u16) -> Option<&[u8]> {
        let constant = self.constants.get(usize::from(at))?;
        let (start, len) = (constant.off() as usize, constant.len() as usize);
        let text = constant.tag() == Tag::String && constant.space() == Space::Program;
        self.text.get(start..start + len).filter(|_| text)
    }

    /// The full name of the message that contexts are as a whole; `None` where they are objects.
    #[must_use]
    pub fn context_message(&self) -> Option<&str> {
        let row = self.module.messages.get(usize::from(self.module.context))?;
        Some(self.string(row.name))
    }

    /// A function, as it runs.
    #[inline]
    pub(in crate::runtime) fn unit(&self, number: u16) -> Option<Unit> {
        let row = self.module.functions.get(usize::from(number))?;
        let (memo, sweep) = self.kept.get(usize::from(number)).copied().unwrap_or((NONE, 0));
        Some(Unit { first: row.first, len: row.len, memo, sweep })
    }

    /// The place in `sweeps` of the loop of function `unit` that begins at instruction `pc`.
    pub(in crate::runtime) fn sweep_at(&self, unit: &Unit, pc: usize) -> Option<u32> {
        let at = unit.first.checked_add(u32::try_from(pc).ok()?)?;
        let of_unit = self.sweeps.get(unit.sweep as usize..)?.iter();
        let before = of_unit.take_while(|sweep| sweep.at <= at).enumerate().last();
        let (place, _) = before.filter(|(_, sweep)| sweep.at == at)?;
        unit.sweep.checked_add(u32::try_from(place).ok()?)
    }

    /// The instructions of a function.
    pub(in crate::runtime) fn code(&self, unit: &Unit) -> &[Instruction] {
        let first = unit.first as usize;
        self.module.code.get(first..first + usize::from(unit.len)).unwrap_or_default()
    }
}

/// Bytes of a bundle from which on its digests are checked by a thread of their own, which takes
/// less than they do.
const APART_MIN: usize = 256 << 10;

/// Looks up every zone that a constant names, where the program takes zones at all, so that no
/// decision is the first to do it.
fn remember_zones(module: &Module, pool: &Pool) {
    let row = |number: &u16| takes_zone(*number);
    let called = module.code.iter().any(|ins| ins.op == Op::Call && row(&ins.b))
        || module.dispatch.iter().flatten().any(row);
    let constants = pool.constants.iter().chain(&pool.elements).filter(|_| called);
    for constant in constants.filter(|constant| constant.tag() == Tag::String) {
        if let Ok(name) = std::str::from_utf8(pool.bytes(constant)) {
            zone::remember(name);
        }
    }
}

fn kept(module: &Module, sweeps: &[Sweep]) -> Vec<(u16, u32)> {
    if sweeps.is_empty() && !module.functions.iter().any(|row| row.memo) {
        return Vec::new();
    }
    let mut memos = 0;
    let mut of = |row: &FunctionRow| {
        let memo = if row.memo { memos } else { NONE };
        memos += u16::from(row.memo);
        let sweep = sweeps.partition_point(|sweep| sweep.at < row.first);
        (memo, u32::try_from(sweep).unwrap_or(u32::MAX))
    };
    module.functions.iter().map(&mut of).collect()
}

fn sizes(module: &Module) -> Sizes {
    let slots = module.slots.len();
    let file =
        module.functions.iter().map(|f| usize::from(f.first_register) + usize::from(f.registers));
    let cursors =
        module.functions.iter().map(|f| usize::from(f.first_cursor) + usize::from(f.cursors));
    let now = module.slots.iter().position(|slot| *slot == SlotRow::Now);
    Sizes {
        slots,
        file: file.max().unwrap_or(0).max(slots),
        cursors: cursors.max().unwrap_or(0),
        memos: module.functions.iter().filter(|row| row.memo).count(),
        now: now.and_then(|at| u16::try_from(at).ok()).unwrap_or(NONE),
    }
}
