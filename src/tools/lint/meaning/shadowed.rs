//! W0523: a rule that never decides, because others win whenever it fires.

use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::decision::Effect;
use crate::tools::lint::meaning::contest::Contest;
use crate::tools::lint::meaning::world::World;

/// Reports rules that fire, and never win. Those that fire on the same inputs as the winner are for
/// the lints about two rules.
pub fn run(world: &mut World<'_>, rule: u16, found: &mut Vec<Diagnostic>) {
    let contest = world.contest(rule);
    let Contest::Beaten { by, same: false } = contest.as_ref() else { return };
    let (ground, own) = (world.ground, world.effect(rule));
    let Some(at) = ground.id_at(rule) else { return };
    // That the condition of the winner always holds is a finding of its own.
    if matches!(by.as_slice(), [one] if world.is_always(*one)) {
        return;
    }
    let names: Vec<String> = by.iter().map(|it| ground.name(*it)).collect();
    let (fact, label) = match names.as_slice() {
        [one] => (
            format!("{} never decides: wherever it fires {one} wins", ground.name(rule)),
            "this rule never wins",
        ),
        names => (
            format!("{} never decides: others always win", ground.name(rule)),
            if names.len() == 2 {
                "wherever it fires one of two wins"
            } else {
                "wherever it fires one of several wins"
            },
        ),
    };
    let mut finding = Diagnostic::new(Code::NeverDecides, at, fact, label);
    for other in by {
        let why = match (world.effect(*other), own) {
            (Some(theirs), Some(own)) if theirs > own => {
                format!("{} beats {}", theirs.word(), own.word())
            }
            (Some(_), Some(own)) => format!("stands before it, and says {} as well", own.word()),
            _ => "decides".to_owned(),
        };
        if let Some(at) = ground.id_at(*other) {
            finding = finding.label(at, why);
        }
    }
    found.push(finding.help(match own {
        Some(Effect::Allow) => "take it away, or make an exception of it in what wins",
        _ => "take it away, or put it first with a lower `priority`",
    }));
}
