//! The module from its parts: final registers, sorted strings, costs and types at joins.

use sha2::{Digest as _, Sha256};

use crate::base::limits::{
    BUNDLE_BYTES_MAX, CALL_DEPTH_MAX, CURSORS_MAX, FILE_VALUES_MAX, FUNCTION_INSTRUCTIONS_MAX,
    INDEX_PATTERNS_MAX, SIMULATED_BYTES_MAX, TABLE_ENTRIES_MAX,
};
use crate::compiler::check::analysis::{Analysis, Checked};
use crate::compiler::emit::CapacityExceeded;
use crate::compiler::emit::costs::{Excess, excesses};
use crate::compiler::emit::debug::{Sources, debug};
use crate::compiler::emit::lowered::{LoweredProgram, LoweredRule, RuleSource};
use crate::compiler::emit::paths::Places;
use crate::compiler::emit::rules::{EmittedProgram, escalation_of};
use crate::compiler::emit::tables::{FinishedFunction, Tables};
use crate::compiler::source::map::SourceMap;
use crate::compiler::syntax::document::model::Fallback as Stated;
use crate::lang::decision::Effect;
use crate::lang::opcodes::Instruction;
use crate::lang::value::zone::TZDB_VERSION;
use crate::runtime::bundle::debug::encode;
use crate::runtime::bundle::govern::TermRow;
use crate::runtime::bundle::module::{
    Fallback, FunctionRow, Manifest, Module, NONE, OutcomeRow, OutputRow, Phase, Requirement,
    RuleIndex, RuleRow, SEMANTICS, SourceRow,
};
use crate::runtime::verify::annotate;

/// Puts the module together, and says what of it may cost too much.
pub(crate) fn finish(
    files: &SourceMap,
    checked: &Checked<'_>,
    plan: &LoweredProgram,
    written: EmittedProgram,
    index: RuleIndex,
    places: &Places,
    created: Option<i64>,
) -> Result<(Module, Vec<Excess>), CapacityExceeded> {
    let sources = Sources::new(files);
    let most = BUNDLE_BYTES_MAX;
    let debug = encode(&debug(files, &sources, checked, plan, &written))
        .map_err(|_| CapacityExceeded { what: "bytes of sources and names", most, at: None })?;
    let mut written = written;
    let manifest = manifest(files, checked, plan, &sources, &mut written.tables, created);
    let (mut module, functions) = assemble(checked, plan, written, (index, places), manifest)?;
    module.debug = debug;
    let expensive = annotate(&mut module);
    let excesses = excesses(checked, plan, &functions, &module, &expensive);
    Ok((module, excesses))
}

/// The module without sources, and without what `annotate` finds out: what questions are asked of.
pub(crate) fn bare(
    checked: &Checked<'_>,
    plan: &LoweredProgram,
    mut written: EmittedProgram,
    index: RuleIndex,
    places: &Places,
) -> Result<Module, CapacityExceeded> {
    let files = SourceMap::new();
    let sources = Sources::new(&files);
    let manifest = manifest(&files, checked, plan, &sources, &mut written.tables, None);
    Ok(assemble(checked, plan, written, (index, places), manifest)?.0)
}

/// The tables of a module, each within its limits; and its functions as they were written.
fn assemble(
    checked: &Checked<'_>,
    plan: &LoweredProgram,
    mut written: EmittedProgram,
    (index, places): (RuleIndex, &Places),
    manifest: Manifest,
) -> Result<(Module, Vec<FinishedFunction>), CapacityExceeded> {
    let (rules, outcomes, requirements, outputs) = rows(plan, checked, &mut written);
    let context = checked.analysis().context.as_ref();
    let context = context.map_or(NONE, |name| written.tables.message(name));
    let EmittedProgram { tables, functions, govern, .. } = written;
    let slots = u16::try_from(places.slots.len()).unwrap_or(NONE);
    let (rows_of_functions, code) = link(&functions, slots)?;
    let overflow = tables.overflow || slots == NONE;
    let simulated_bytes = tables.simulated_bytes;
    let module = Module {
        manifest,
        strings: tables.strings.entries.iter().collect(),
        types: tables.types.entries,
        messages: tables.messages.rows,
        fields: tables.messages.fields,
        enums: tables.messages.enums,
        context,
        paths: places.nodes.clone(),
        slots: places.slots.clone(),
        constants: tables.constants,
        sets: tables.sets.entries,
        patterns: tables.patterns,
        dispatch: tables.dispatch.entries,
        hosts: tables.hosts,
        functions: rows_of_functions,
        code,
        rules,
        outcomes,
        escalations: tables.escalations.entries,
        templates: tables.templates.entries,
        requirements,
        keyed: tables.keyed.entries,
        outputs,
        index,
        redactions: tables.redactions,
        govern,
        debug: Vec::new(),
    };
    if overflow || module.rules.len() > TABLE_ENTRIES_MAX {
        let what = "constants, sets, types, rules or other table entries";
        return Err(CapacityExceeded { what, most: TABLE_ENTRIES_MAX, at: None });
    }
    if simulated_bytes > SIMULATED_BYTES_MAX {
        let what = "bytes of patterns that are too large for a table of their states";
        return Err(CapacityExceeded { what, most: SIMULATED_BYTES_MAX, at: None });
    }
    if module.index.patterns.len() > INDEX_PATTERNS_MAX {
        let what = "patterns of `on` with a `*` elsewhere than at the end";
        return Err(CapacityExceeded { what, most: INDEX_PATTERNS_MAX, at: None });
    }
    Ok((module, functions))
}

fn manifest(
    files: &SourceMap,
    checked: &Checked<'_>,
    plan: &LoweredProgram,
    sources: &Sources,
    tables: &mut Tables,
    created: Option<i64>,
) -> Manifest {
    let parsed = checked.parsed();
    let first = parsed.policies.iter().find(|document| document.decides());
    let name = first
        .map(|document| &document.name)
        .or_else(|| parsed.cel_policies.first().map(|document| &document.name))
        .or_else(|| parsed.policies.first().map(|document| &document.name));
    let rows = sources.files.iter().filter_map(|id| files.get(*id)).map(|file| SourceRow {
        path: tables.string(&file.path),
        digest: Sha256::digest(file.text.as_bytes()).into(),
    });
    let sources = rows.collect();
    let analysis = checked.analysis();
    let deny = Fallback { effect: Effect::Deny, escalation: NONE };
    let default = analysis.default.as_ref().map_or(deny, |it| fallback(tables, it));
    Manifest {
        name: tables.string(name.map_or("", |name| name.value.as_str())),
        compiler: tables.string(concat!("policyc ", env!("CARGO_PKG_VERSION"))),
        tzdb: tables.string(TZDB_VERSION),
        semantics: SEMANTICS,
        created,
        sources,
        // A bundle of outputs alone has no effect.
        default: decides(plan, analysis).then_some(default),
        on_error: analysis.on_error.as_ref().map_or(deny, |it| fallback(tables, it)),
        atoms: u16::try_from(tables.atoms.len()).unwrap_or(NONE),
        cost: 0,
        metered: false,
    }
}

/// Whether something is decided: by rules, or by what is stated for calls that no rule is about.
fn decides(plan: &LoweredProgram, analysis: &Analysis) -> bool {
    !plan.rules.is_empty() || analysis.default.is_some() || plan.outputs.is_empty()
}

fn fallback(tables: &mut Tables, written: &Stated) -> Fallback {
    match written {
        Stated::Deny => Fallback { effect: Effect::Deny, escalation: NONE },
        Stated::Allow => Fallback { effect: Effect::Allow, escalation: NONE },
        Stated::Escalate(escalation) => {
            let escalation = escalation_of(tables, escalation);
            Fallback { effect: Effect::Escalate, escalation }
        }
    }
}

type Rows = (Vec<RuleRow>, Vec<OutcomeRow>, Vec<Requirement>, Vec<OutputRow>);

fn rows(plan: &LoweredProgram, checked: &Checked<'_>, written: &mut EmittedProgram) -> Rows {
    let (mut rules, mut outcomes, mut requirements) = (Vec::new(), Vec::new(), Vec::new());
    let narrow = |count: usize| u16::try_from(count).unwrap_or(NONE);
    for (rule, done) in plan.rules.iter().zip(std::mem::take(&mut written.rules)) {
        let (priority, shadow, phase) = settings(rule, checked);
        rules.push(RuleRow {
            id: written.tables.string(&rule.id),
            function: done.function,
            first_outcome: narrow(outcomes.len()),
            outcomes: narrow(done.outcomes.len()),
            priority,
            shadow,
            phase,
            first_requirement: u32::try_from(requirements.len()).unwrap_or(u32::MAX),
            requirements: narrow(done.requirements.len()),
        });
        outcomes.extend(done.outcomes);
        requirements.extend(done.requirements);
    }
    let mut outputs = Vec::new();
    for (output, done) in plan.outputs.iter().zip(std::mem::take(&mut written.outputs)) {
        let document = checked.parsed().cel_policies.get(output.policy);
        let name = document.map_or("", |document| document.name.value.as_str());
        outputs.push(OutputRow {
            name: written.tables.string(name),
            function: done.function,
            explanation: done.explanation,
            first_requirement: u32::try_from(requirements.len()).unwrap_or(u32::MAX),
            requirements: narrow(done.requirements.len()),
        });
        requirements.extend(done.requirements);
    }
    for done in std::mem::take(&mut written.terms) {
        written.govern.terms.push(TermRow {
            function: done.function,
            first_requirement: u32::try_from(requirements.len()).unwrap_or(u32::MAX),
            requirements: narrow(done.requirements.len()),
        });
        requirements.extend(done.requirements);
    }
    (rules, outcomes, requirements, outputs)
}

fn settings(rule: &LoweredRule, checked: &Checked<'_>) -> (i32, bool, Phase) {
    if let RuleSource::Rule(policy, number) = rule.source
        && let Some(document) = checked.parsed().policies.get(policy)
        && let Some(rule) = document.rules.get(number)
    {
        let phase = if rule.response { Phase::Response } else { Phase::Request };
        return (rule.priority, rule.shadow, phase);
    }
    (0, false, Phase::Request)
}

/// Final registers: those of a function lie above those of everything that calls it. Callees
/// stand before their callers.
fn link(
    built: &[FinishedFunction],
    slots: u16,
) -> Result<(Vec<FunctionRow>, Vec<Instruction>), CapacityExceeded> {
    check_depth(built)?;
    let mut registers = vec![slots; built.len()];
    let mut cursors = vec![0_u16; built.len()];
    for at in (0..built.len()).rev() {
        let (Some(function), Some(first), Some(cursor)) =
            (built.get(at), registers.get(at).copied(), cursors.get(at).copied())
        else {
            continue;
        };
        let above = first.saturating_add(function.builder.registers_in_all());
        let above_cursors = cursor.saturating_add(function.builder.cursors_in_all());
        for callee in &function.builder.callees {
            if let Some(place) = registers.get_mut(usize::from(*callee)) {
                *place = (*place).max(above);
            }
            if let Some(place) = cursors.get_mut(usize::from(*callee)) {
                *place = (*place).max(above_cursors);
            }
        }
    }
    let (mut rows, mut code) = (Vec::new(), Vec::new());
    for ((function, first_register), first_cursor) in built.iter().zip(registers).zip(cursors) {
        let (builder, at) = (&function.builder, Some(function.origin));
        let last = usize::from(first_register) + usize::from(builder.registers_in_all());
        if builder.overflow || last > FILE_VALUES_MAX {
            return Err(CapacityExceeded {
                what: "values in use at once",
                most: FILE_VALUES_MAX,
                at,
            });
        }
        let last = usize::from(first_cursor) + usize::from(builder.cursors_in_all());
        if last > CURSORS_MAX {
            let what = "lists, maps and loops that wait for one another";
            return Err(CapacityExceeded { what, most: CURSORS_MAX, at });
        }
        if builder.code.len() > FUNCTION_INSTRUCTIONS_MAX {
            let what = "instructions of one condition";
            return Err(CapacityExceeded { what, most: FUNCTION_INSTRUCTIONS_MAX, at });
        }
        rows.push(FunctionRow {
            kind: function.kind,
            first: u32::try_from(code.len()).unwrap_or(u32::MAX),
            len: u16::try_from(builder.code.len()).unwrap_or(NONE),
            first_register,
            registers: builder.registers_in_all(),
            first_cursor,
            cursors: builder.cursors_in_all(),
            memo: function.memo,
            cost: 0,
            frames: Vec::new(),
        });
        code.extend(builder.finish(first_register, first_cursor));
    }
    Ok((rows, code))
}

/// What there is too much of where functions call one another in too long a row.
pub(super) const ROW: &str = "variables and conditions in a row that read one another";

/// Checks how many functions call one another in a row: each variable that is read is one.
fn check_depth(built: &[FinishedFunction]) -> Result<(), CapacityExceeded> {
    let mut depths: Vec<usize> = Vec::with_capacity(built.len());
    for function in built {
        let callees = function.builder.callees.iter();
        let below = callees.filter_map(|callee| depths.get(usize::from(*callee))).max();
        let depth = 1 + below.copied().unwrap_or(0);
        if depth > CALL_DEPTH_MAX {
            let at = Some(function.origin);
            return Err(CapacityExceeded { what: ROW, most: CALL_DEPTH_MAX, at });
        }
        depths.push(depth);
    }
    Ok(())
}
