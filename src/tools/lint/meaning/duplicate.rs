//! W0525: two rules with the same effect that fire on exactly the same inputs.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::tools::lint::meaning::contest::Contest;
use crate::tools::lint::meaning::world::World;

/// Reports the later one of two rules that say the same.
pub fn run(world: &mut World<'_>, rule: u16, found: &mut Vec<Diagnostic>) {
    let contest = world.contest(rule);
    let Contest::Beaten { by, same: true } = contest.as_ref() else { return };
    let [other] = by.as_slice() else { return };
    let ground = world.ground;
    let same = world.effect(rule) == world.effect(*other);
    let (Some(at), true) = (ground.id_at(rule), same) else { return };
    let (name, first) = (ground.name(rule), ground.name(*other));
    let fact = format!("{name} says the same as {first}");
    let label = "fires on the same inputs, and never decides";
    let mut finding = Diagnostic::new(Code::DuplicateRule, at, fact, label);
    if let Some(at) = ground.id_at(*other) {
        finding = finding.label(at, "stands before it");
    }
    found.push(finding.help("take one of both away, or correct its condition"));
}
