//! W0526: a rule that never fires for a tool that its `on` names.

use crate::compiler::solve::store::TermId;
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::lang::constant::Constant;
use crate::tools::lint::meaning::contest::Contest;
use crate::tools::lint::meaning::world::World;

/// Reports names without a `*` in `on`, for whose calls the rule says nothing, whatever they hold.
pub fn run(world: &mut World<'_>, rule: u16, found: &mut Vec<Diagnostic>) {
    let ground = world.ground;
    let Some(written) = ground.rules.get(usize::from(rule)).copied().flatten() else { return };
    let names = || written.rule.on.iter().filter(|name| !name.value.contains('*'));
    let (Some(key), Some(meaning)) = (world.key(), world.rule(rule)) else { return };
    // One name alone that never fires is a rule that never does.
    if written.rule.on.len() < 2 || names().next().is_none() || !asks_for(world, rule, key) {
        return;
    }
    let says = [meaning.says.deny, meaning.says.escalate, meaning.says.allow];
    let speaks = world.store.formulas.any(says.into_iter().chain(meaning.fires.iter().copied()));
    let domain = world.domain(Some(rule));
    let mut silent = Vec::new();
    for name in names() {
        let called = world.store.equals(key, &Constant::String(name.value.clone())).yes;
        let fires = world.store.formulas.all([called, domain, speaks]);
        if world.never(fires) {
            silent.push(name);
        }
    }
    if silent.is_empty() || *world.contest(rule) == Contest::Never {
        return;
    }
    for name in silent {
        let fact = format!("{} never fires for `{}`", ground.name(rule), name.value);
        let label = "no call of this tool meets its condition";
        let finding = Diagnostic::new(Code::NeverForTool, name.span, fact, label);
        found.push(finding.help("take the tool away, or correct the condition"));
    }
}

/// Whether a rule asks for the tool, apart from `on`, or for what hangs on the tool.
fn asks_for(world: &mut World<'_>, rule: u16, key: TermId) -> bool {
    let Some(meaning) = world.rule(rule) else { return false };
    let on = world.on(rule);
    let own: Vec<_> = meaning.fires.iter().copied().chain([meaning.fails]).collect();
    let guarded = meaning.asked != on || world.store.about(&[meaning.needs]).contains(&key);
    guarded || own.iter().any(|lit| world.store.about(&[*lit]).contains(&key))
}
