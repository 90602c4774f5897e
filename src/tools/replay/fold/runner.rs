//! What sessions of a program are folded with.
//!
//! In:      programs.
//! Out:     `SessionRunners`: one for each, which any number of sessions share.
//! Imports: `runtime::program`, `runtime::record`, `runtime::session`.

use crate::runtime::program::Program;
use crate::runtime::record::about::Loaded;
use crate::runtime::record::session::SessionRecorder;
use crate::runtime::session::ground::Ground;
use crate::tools::replay::fold::Programs;
use crate::tools::replay::redecide::Obstacle;
use crate::tools::replay::store::Digest;

/// A program, and memory to fold its sessions in.
#[derive(Debug)]
pub(super) struct SessionRunner<'t> {
    pub(super) program: &'t Program,
    pub(super) ground: &'t Ground<'t>,
    pub(super) recorder: SessionRecorder<'t, 't>,
}

/// The programs of a batch.
#[derive(Debug)]
pub struct SessionRunners<'t>(Vec<(Digest, Result<SessionRunner<'t>, Obstacle>)>);

impl<'t> SessionRunner<'t> {
    fn of(program: &'t Program, ground: &'t Ground<'t>) -> Self {
        let recorder = SessionRecorder::of(ground, &Loaded::default());
        Self { program, ground, recorder }
    }
}

impl<'t> SessionRunners<'t> {
    /// For these programs, whose grounds stand in the same order.
    pub(super) fn of(programs: &'t Programs, grounds: &'t [Option<Ground<'t>>]) -> Self {
        let stalls = programs.iter().zip(grounds).map(|((digest, program), ground)| {
            let stall = match (program, ground) {
                (Ok(program), Some(ground)) => Ok(SessionRunner::of(program, ground)),
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
    pub(super) fn get(&mut self, bundle: Digest) -> Result<&mut SessionRunner<'t>, Obstacle> {
        let stall = self.0.iter_mut().find(|(digest, _)| *digest == bundle);
        let (_, stall) = stall.ok_or(Obstacle::MissingBundle(bundle))?;
        stall.as_mut().map_err(|obstacle| obstacle.clone())
    }
}
