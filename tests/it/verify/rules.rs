//! Cases of V26, V27 and V32: rules, outputs, the index.

use policyc::base::limits::INDEX_PATTERNS_MAX;
use policyc::lang::decision::Effect;
use policyc::runtime::bundle::module::{
    KeyedType, Module, NONE, Requirement, RuleIndex, TemplatePart, TypeRow,
};
use policyc::runtime::verify::annotate;

use super::tables::change_strings;
use super::{Case, Cases, whole};
use crate::support::module::string;

pub(super) fn cases(cases: &mut Cases) {
    names(cases);
    outcomes(cases);
    templates(cases);
    requirements(cases);
    keyed_types(cases);
    index(cases);
    fallbacks(cases);
}

fn names(cases: &mut Cases) {
    cases.accept(26, "rules and outputs with names of their own", whole());
    cases.change("RuleTwice", "two rules of one id", |module| {
        let left = module.rules[1].id;
        module.rules[1].id = module.rules[0].id;
        module.escalations[0].binds.push(left);
    });
    cases.change("OutputTwice", "two outputs of one name", |module| {
        let mut again = module.outputs[0].clone();
        again.first_requirement += u32::from(again.requirements);
        again.requirements = 0;
        module.outputs.push(again);
    });
    cases.change("TableReference", "a rule without an id", |module| module.rules[0].id = 1_000);
    cases.change("TableReference", "an output without a name", |module| {
        module.escalations[0].binds.push(module.outputs[0].name);
        module.outputs[0].name = 1_000;
    });
    cases.change("TableReference", "an escalation to nobody", |module| {
        let someone = module.escalations[0].to[0];
        module.escalations[0].to = vec![1_000];
        module.escalations[0].binds.push(someone);
    });
    cases.change("TableReference", "a message that is not there", |module| {
        module.outcomes[1].template = 9;
    });
}

fn outcomes(cases: &mut Cases) {
    cases.accept(27, "rules with outcomes of their own", whole());
    cases.change("RuleFunction", "a value as a condition", |module| module.rules[0].function = 4);
    cases.change("RuleFunction", "no such function", |module| module.rules[0].function = 99);
    cases.change("OutputFunction", "a condition as an output", |module| {
        module.outputs[0].function = 0;
    });
    cases.change("OutputExplanation", "a condition that explains", |module| {
        module.outputs[0].explanation = 0;
    });
    cases.change("OutputExplanation", "an explanation that is no list", |module| {
        module.outputs[0].explanation = module.outputs[0].function;
    });
    cases.change("DecisionShared", "a decision of two rules", |module| {
        module.rules[0].function = 1;
        module.rules[0].outcomes = 2;
        module.outcomes.insert(1, module.outcomes[0].clone());
        module.rules[1].first_outcome = 2;
    });
    let outcomes = "Outcomes";
    cases.change(outcomes, "no outcome", |module| module.rules[0].outcomes = 0);
    cases.change(outcomes, "two outcomes of a condition", |module| module.rules[0].outcomes = 2);
    cases.change(outcomes, "outcomes of another rule", |module| module.rules[1].first_outcome = 0);
    cases.change(outcomes, "outcomes that are not there", |module| module.rules[1].outcomes = 9);
    cases.change(outcomes, "two outcomes of what always speaks", |module| {
        module.rules[1].function = NONE;
    });
    cases.change("OutcomeLeft", "an outcome of no rule", |module| {
        module.outcomes.push(module.outcomes[0].clone());
    });
    cases.change("Escalation", "a deny that escalates", |module| {
        module.outcomes[0].escalation = 0;
    });
    cases.change("Escalation", "an escalation to nobody", |module| {
        module.outcomes[2].escalation = NONE;
    });
    cases.change("EscalationTwice", "an escalation twice", |module| {
        module.escalations.push(module.escalations[0].clone());
        module.outcomes[2].escalation = 1;
    });
    cases.change("TemplateFunction", "a condition in a message", |module| {
        module.templates[0][1] = TemplatePart::Value(0);
    });
    cases.change("TemplateFunction", "a text that is not there", |module| {
        module.templates[0].push(TemplatePart::Text(1_000));
    });
}

/// A text that stands where a value has none.
fn templates(cases: &mut Cases) {
    let instead = |function: u16, text: Option<u32>| {
        move |module: &mut Module| {
            let text = text.unwrap_or_else(|| string(module, "hello "));
            module.templates[0].push(TemplatePart::Else(function, text));
        }
    };
    let mut module = whole();
    instead(3, None)(&mut module);
    annotate(&mut module);
    cases.accept(27, "a text in the place of a value", module);
    let fault = "TemplateFunction";
    cases.change(fault, "a text in the place of a condition", instead(0, None));
    cases.change(
        fault,
        "a text that is not there in the place of a value",
        instead(3, Some(1_000)),
    );
}

fn requirements(cases: &mut Cases) {
    let own = "Requirements";
    cases.change(own, "requirements of another rule", |module| {
        module.rules[1].first_requirement = 0;
    });
    cases.change(own, "requirements of a rule, of an output", |module| {
        module.outputs[0].first_requirement = 0;
    });
    cases.change(own, "requirements that are not there", |module| {
        module.outputs[0].requirements = 9;
    });
    cases.change("RequirementLeft", "a requirement of nobody", |module| {
        module.requirements.push(Requirement { slot: 4, ty: NONE, optional: true, keyed: NONE });
    });
    cases.change("RequirementOrder", "requirements out of order", |module| {
        module.requirements.swap(0, 1);
    });
    cases.change("RequirementOrder", "a requirement twice", |module| {
        module.requirements[1] = module.requirements[0];
    });
    cases.change("ShadowDemands", "a shadow rule that demands", |module| {
        module.requirements[3].optional = false;
    });
    for (lists, asked) in [(1_023, Ok(31)), (1_024, Err("Asked"))] {
        cases.0.push(Case { what: "lists that all ask", module: asking(lists), expected: asked });
    }
    let slot = "RequirementSlot";
    cases.change(slot, "a slot that is not there", |module| module.requirements[2].slot = 99);
    cases.change(slot, "the time of the decision", |module| module.requirements[2].slot = 5);
    cases.change(slot, "a type of columns", |module| module.requirements[2].ty = 0);
    cases.change(slot, "a type of a presence", |module| {
        module.requirements[6].slot = 4;
        module.requirements[6].ty = 2;
    });
    cases.change(slot, "a type that is not there", |module| module.requirements[0].ty = 99);
    cases.change(slot, "a type by key that is not there", |module| {
        module.requirements[6].keyed = 0;
    });
    cases.change(slot, "a type by key and no other", |module| {
        by_key(module);
        module.requirements[6].ty = NONE;
    });
}

/// Gives the requirement of the output a type that hangs on a slot.
fn by_key(module: &mut Module) {
    let key = module.index.keys[0].0;
    module.keyed = vec![KeyedType { slot: 1, cases: vec![(key, 2)], otherwise: 2 }];
    module.requirements[6].keyed = 0;
}

fn keyed_types(cases: &mut Cases) {
    let by_two = |module: &mut Module| {
        by_key(module);
        let mut keys = [module.index.keys[0].0, module.index.prefixes[0].0];
        keys.sort_unstable();
        module.keyed[0].cases = keys.map(|key| (key, 2)).to_vec();
    };
    let mut two = whole();
    by_two(&mut two);
    annotate(&mut two);
    cases.accept(27, "types by two keys", two);
    cases.change("KeyedType", "keys out of order", |module| {
        by_two(module);
        module.keyed[0].cases.swap(0, 1);
    });
    cases.change("KeyedType", "a type behind the last", |module| {
        by_key(module);
        module.keyed[0].cases[0].1 = u16::try_from(module.types.len()).unwrap();
    });
    let mut change = |what: &'static str, change: fn(&mut KeyedType)| {
        cases.change("KeyedType", what, |module| {
            by_key(module);
            change(&mut module.keyed[0]);
        });
    };
    change("a slot that is not there", |keyed| keyed.slot = 99);
    change("a slot that holds no value", |keyed| keyed.slot = 5);
    change("a type that is not there", |keyed| keyed.cases[0].1 = 99);
    change("no type for other keys", |keyed| keyed.otherwise = NONE);
    change("a key that is not there", |keyed| keyed.cases[0].0 = 1_000);
    change("a key twice", |keyed| keyed.cases.push(keyed.cases[0]));
}

/// Gives the index so many patterns.
fn patterns(module: &mut Module, count: usize) {
    let mut strings: Vec<String> = module.strings.iter().map(str::to_owned).collect();
    for number in module.index.patterns.len()..count {
        module.index.patterns.push((u32::try_from(strings.len()).unwrap(), vec![0]));
        strings.push(format!("~{number:04}*z"));
    }
    module.strings = strings.iter().map(String::as_str).collect();
}

fn index(cases: &mut Cases) {
    cases.change("IndexKey", "keys without a slot", |module| module.index.key_slot = NONE);
    cases.change("IndexKey", "a slot that holds no string", |module| module.index.key_slot = 0);
    cases.change("IndexKey", "a slot that is not there", |module| module.index.key_slot = 99);
    let order = "IndexOrder";
    cases.change(order, "a key twice", |module| {
        module.index.keys.push(module.index.keys[0].clone());
    });
    cases.change(order, "a prefix without rules", |module| module.index.prefixes[0].1.clear());
    cases.change(order, "a key without text", |module| {
        module.escalations[0].binds.push(module.index.keys[0].0);
        module.index.keys[0].0 = 1_000;
    });
    cases.change(order, "rules out of order", |module| {
        module.index.always.clear();
        module.index.keys[0].1 = vec![1, 0];
    });
    let rule = "IndexRule";
    cases.change(rule, "a rule that is never asked", |module| module.index.always.clear());
    cases.change(rule, "a rule that is asked twice", |module| module.index.always = vec![0, 1]);
    cases.change(rule, "a rule that is not there", |module| module.index.always = vec![1, 2]);
    cases.change("IndexPrefix", "a key without the rules of its prefix", |module| {
        module.escalations[0].binds.push(module.index.prefixes[0].0);
        module.index.always.clear();
        module.index.prefixes = vec![(string(module, ""), vec![1])];
    });
    cases.change("IndexPattern", "a key without the rules of its pattern", |module| {
        module.index.always.clear();
        module.index.keys[0].1 = vec![1];
    });
    cases.change(order, "patterns out of order", |module| {
        module.index.patterns.push(module.index.patterns[0].clone());
    });
    cases.change("IndexPatterns", "more patterns than there may be", |module| {
        patterns(module, INDEX_PATTERNS_MAX + 1);
    });
    let mut many = whole();
    patterns(&mut many, INDEX_PATTERNS_MAX);
    annotate(&mut many);
    cases.accept(27, "as many patterns as an index may have", many);
    let mut prefixed = whole();
    prefixed.index = RuleIndex {
        key_slot: 1,
        always: Vec::new(),
        keys: vec![(string(&prefixed, "send"), vec![0, 1])],
        prefixes: vec![(string(&prefixed, ""), vec![1]), (string(&prefixed, "get_"), vec![0])],
        patterns: vec![(string(&prefixed, "s*d"), vec![0, 1])],
    };
    annotate(&mut prefixed);
    cases.accept(27, "prefixes that begin with one another", prefixed);
}

fn fallbacks(cases: &mut Cases) {
    cases.accept(32, "a default", whole());
    cases.change("NoDefault", "rules without a default", |module| module.manifest.default = None);
    cases.change("Fallback", "allow on errors", |module| {
        module.manifest.on_error.effect = Effect::Allow;
    });
    cases.change("Fallback", "escalating to nobody", |module| {
        module.manifest.on_error.escalation = 7;
    });
    cases.change("Fallback", "a deny that escalates", |module| {
        if let Some(default) = &mut module.manifest.default {
            default.escalation = 0;
        }
    });
}

/// So many lists of a rule that has 4 096 requirements, beside one that is always asked: 1 024 are
/// too many.
pub(super) fn asking(lists: usize) -> Module {
    let mut module = whole();
    let types = module.types.len();
    module.types.extend((0..4_093).map(|most| TypeRow::List(0, Some(most))));
    let typed = |ty| Requirement { slot: 3, ty, optional: true, keyed: NONE };
    let asked = (0..4_093).map(|at| typed(u16::try_from(types + at).unwrap()));
    module.requirements.splice(3..3, asked);
    module.rules[0].requirements += 4_093;
    module.rules[1].first_requirement += 4_093;
    module.outputs[0].first_requirement += 4_093;
    for row in &mut module.govern.terms {
        row.first_requirement += 4_093;
    }
    // One by its prefix, one by a pattern.
    let first = u32::try_from(module.strings.len()).unwrap();
    let more = 0..u32::try_from(lists - 3).unwrap();
    change_strings(&mut module, |strings| {
        strings.extend(more.clone().map(|at| format!("~{at:05}")));
    });
    module.index.keys.extend(more.map(|at| (first + at, vec![0])));
    annotate(&mut module);
    module
}
