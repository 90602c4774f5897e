//! W0524: two rules with different effects that fire on exactly the same inputs.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::lint::meaning::contest::Contest;
use crate::tools::lint::meaning::world::World;

/// Reports the weaker one of two rules that contradict each other wherever they speak.
pub fn run(world: &mut World<'_>, rule: u16, found: &mut Vec<Diagnostic>) {
    let contest = world.contest(rule);
    let Contest::Beaten { by, same: true } = contest.as_ref() else { return };
    let [other] = by.as_slice() else { return };
    let ground = world.ground;
    let (Some(own), Some(theirs)) = (world.effect(rule), world.effect(*other)) else { return };
    let (Some(at), true) = (ground.id_at(rule), own != theirs) else { return };
    let (name, winner) = (ground.name(rule), ground.name(*other));
    let fact = format!("{name} and {winner} say different things of the same inputs");
    let label = format!("says {}, and never decides", own.word());
    let mut finding = Diagnostic::new(Code::Contradiction, at, fact, label);
    if let Some(at) = ground.id_at(*other) {
        finding = finding.label(at, format!("says {}, which wins", theirs.word()));
    }
    found.push(finding.help("take one of both away, or tell their conditions apart"));
}
