//! What sessions of a program are folded with.
//!
//! In:      programs.
//! Out:     `Stalls`: one for each, which any number of sessions share.
//! Imports: `runtime`, `tools::replay`.

use crate::runtime::program::Program;
use crate::runtime::session::ground::Ground;
use crate::runtime::session::step::Work;
use crate::runtime::vm::canonical::Canonical;
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::replay::again::Obstacle;
use crate::tools::replay::fold::Programs;
use crate::tools::replay::store::Digest;

/// A program, and memory to fold its sessions in.
#[derive(Debug)]
pub(super) struct Stall<'t> {
    pub(super) program: &'t Program,
    pub(super) ground: &'t Ground<'t>,
    pub(super) work: Work,
    pub(super) canonical: Canonical,
    /// The digest of a request that is refused.
    pub(super) refused: Digest,
}

/// The programs of a batch.
#[derive(Debug)]
pub struct Stalls<'t>(Vec<(Digest, Result<Stall<'t>, Obstacle>)>);

impl<'t> Stall<'t> {
    fn of(program: &'t Program, ground: &'t Ground<'t>) -> Self {
        let mut canonical = Canonical::of(program);
        let mut scratch = Scratch::for_program(program);
        let mut filled = ingest(program, b"", &mut scratch);
        let refused = canonical.digest(&mut filled.decide(&Moment::at(0, 0)));
        Self { program, ground, work: Work::witnessed(ground), canonical, refused }
    }
}

impl<'t> Stalls<'t> {
    /// For these programs, whose grounds stand in the same order.
    pub(super) fn of(programs: &'t Programs, grounds: &'t [Option<Ground<'t>>]) -> Self {
        let stalls = programs.iter().zip(grounds).map(|((digest, program), ground)| {
            let stall = match (program, ground) {
                (Ok(program), Some(ground)) => Ok(Stall::of(program, ground)),
                (Err(obstacle), _) => Err(obstacle.clone()),
                (Ok(_), None) => Err(Obstacle::NoBundle),
            };
            (*digest, stall)
        });
        Self(stalls.collect())
    }

    /// The one of a bundle.
    ///
    /// # Errors
    /// If the bundle is not to be had.
    pub(super) fn get(&mut self, bundle: Digest) -> Result<&mut Stall<'t>, Obstacle> {
        let stall = self.0.iter_mut().find(|(digest, _)| *digest == bundle);
        let (_, stall) = stall.ok_or(Obstacle::MissingBundle(bundle))?;
        stall.as_mut().map_err(|obstacle| obstacle.clone())
    }

    /// The one of a bundle, if it is to be had.
    pub(super) fn known(&self, bundle: Digest) -> Option<&Stall<'t>> {
        let stall = self.0.iter().find(|(digest, _)| *digest == bundle);
        stall.and_then(|(_, stall)| stall.as_ref().ok())
    }
}
