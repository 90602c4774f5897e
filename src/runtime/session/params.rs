//! Events about plans: what the plan of a program is about, and plans that come at run time.
//!
//! In:      the parameters that a plan declares, JSON.
//! Out:     the state, which knows the plans and the values of the parameters.
//! Imports: `base`, `lang`.
//! Source:  `docs/sessions.md`, "Plans".

use crate::base::limits::{SESSION_PARAM_BYTES_MAX, SESSION_PLANS_MAX};
use crate::lang::session::{Param, REPLACE};
use crate::runtime::session::ENTRY_BYTES;
use crate::runtime::session::approvals::canonical;
use crate::runtime::session::json::{members, string};
use crate::runtime::session::plan::{Plan, PlanFault, Progress};
use crate::runtime::session::state::Closed;
use crate::runtime::session::step::{Fault, Note, Outcome, Session};

/// Letters of a name that messages quote.
const NAME_SHOWN: usize = 64;

/// The values of parameters: their names, and JSON.
pub(super) type Params = Vec<(Box<str>, Box<str>)>;

/// Reads the values of all parameters.
fn read(text: &str, declared: &[(&str, Param)]) -> Result<Params, PlanFault> {
    let named = |name: &str| name.chars().take(NAME_SHOWN).collect();
    let given = members(text).map_err(|_| PlanFault::Shape("params".to_owned()))?;
    let is_known = |name: &str| declared.iter().any(|(known, _)| *known == name);
    if let Some((name, _)) = given.iter().find(|(name, _)| !is_known(name)) {
        return Err(PlanFault::NoParam(named(name)));
    }
    let value = |(name, ty): &(&str, Param)| {
        let found = given.iter().find(|(own, _)| own == name).map(|(_, value)| *value);
        let found = found.ok_or_else(|| PlanFault::ParamMissing(named(name)))?;
        if found.len() > SESSION_PARAM_BYTES_MAX {
            return Err(PlanFault::ParamLong(named(name)));
        }
        if !fits(found, *ty) {
            return Err(PlanFault::ParamType(named(name), *ty));
        }
        Ok((Box::from(*name), Box::from(found)))
    };
    declared.iter().map(value).collect()
}

/// Whether JSON is a value of a type.
fn fits(value: &str, ty: Param) -> bool {
    let is_number = value.starts_with(|first: char| first == '-' || first.is_ascii_digit());
    match ty {
        Param::Text => string(value).is_some(),
        Param::Int => value.parse::<i64>().is_ok() && is_number,
        Param::Double => is_number && value.parse::<f64>().is_ok_and(f64::is_finite),
        Param::Bool => ["true", "false"].contains(&value),
    }
}

/// Bytes that values take.
fn bytes(params: &Params) -> usize {
    params.iter().map(|(name, value)| ENTRY_BYTES + name.len() + value.len()).sum()
}

impl Session<'_, '_> {
    /// Takes in what the plan of the program is about, or a plan: from now on calls must be in
    /// that, too. What cannot be taken would have narrowed what may be done, so it closes the
    /// session.
    pub(super) fn plan(&mut self, plan: Option<&str>, params: Option<&str>) -> Outcome<'static> {
        let told = params.map_or(Ok(()), |params| self.parameters(params));
        match told.and_then(|()| plan.map_or(Ok(()), |plan| self.narrow(plan))) {
            Ok(()) => Outcome::Recorded(Note::Nothing),
            Err(fault) => {
                let full = fault == Fault::Closed(Closed::Full);
                self.close(if full { Closed::Full } else { Closed::Unplanned });
                Outcome::Refused(fault)
            }
        }
    }

    fn parameters(&mut self, text: &str) -> Result<(), Fault> {
        let planned = self.ground.plan.as_ref().ok_or(Fault::NoPlans)?;
        if self.state.params.is_some() {
            return Err(Fault::Plan(PlanFault::ParamsAgain));
        }
        let params = read(text, &planned.params).map_err(Fault::Plan)?;
        let form = canonical(text).ok_or(Fault::NoPlans)?;
        if bytes(&params) > self.state.room() {
            return Err(Fault::Closed(Closed::Full));
        }
        self.state.note(b"params");
        self.state.note(&form);
        self.state.plan_bytes += bytes(&params);
        self.state.params = Some(params);
        Ok(())
    }

    fn narrow(&mut self, text: &str) -> Result<(), Fault> {
        let planned = self.ground.plan.as_ref().ok_or(Fault::NoPlans)?;
        if self.state.plans.len() >= SESSION_PLANS_MAX {
            return Err(Fault::Plan(PlanFault::TooMany));
        }
        let plan = self.ground.read_plan(planned, text).map_err(Fault::Plan)?;
        let form = canonical(text).ok_or(Fault::NoPlans)?;
        self.plan_by(plan, (b"planned", &form))
    }

    /// The plan that a call asks for in the place of those that came at run time; `None` for any
    /// other call.
    ///
    /// # Errors
    /// Why it is no plan. Those that are there stay.
    pub(super) fn asked_plan<'t>(
        &self,
        tool: &str,
        action: &'t str,
    ) -> Result<Option<(Plan, &'t str)>, Fault> {
        let planned = self.ground.plan.as_ref();
        // No document declares it, so it is declared only where plans may be replaced.
        let planned = planned.filter(|planned| tool == REPLACE.0 && planned.tools.contains(tool));
        let Some(planned) = planned else { return Ok(None) };
        let member = |text: &'t str, name: &str| {
            let found = members(text).ok()?.into_iter().find(|(key, _)| key == name);
            found.map(|(_, value)| value)
        };
        let text = member(action, "args").and_then(|args| member(args, REPLACE.1));
        let shape = || Fault::Plan(PlanFault::Shape(REPLACE.1.to_owned()));
        let text = text.ok_or_else(shape)?;
        let plan = self.ground.read_plan(planned, text).map_err(Fault::Plan)?;
        Ok(Some((plan, text)))
    }

    /// A call was allowed that asks for this plan: those that came at run time are over, and calls
    /// that were made are none of its steps, whatever comes of them later.
    pub(super) fn replace(&mut self, (plan, text): (Plan, &str)) -> Result<(), Fault> {
        let form = canonical(text).ok_or(Fault::NoPlans)?;
        let own = self.ground.plan.as_ref().is_some_and(|planned| !planned.plan.steps.is_empty());
        let over = std::mem::take(&mut self.state.plans);
        let bytes: usize = over.iter().map(|(plan, _)| plan.bytes()).sum();
        self.state.plan_bytes = self.state.plan_bytes.saturating_sub(bytes);
        for call in 0..self.state.calls() {
            if let Some(call) = self.state.call_mut(call) {
                let failed = call.rare.as_mut().and_then(|rare| rare.failed.as_mut());
                let failed = failed.map(|(_, places)| places);
                for places in failed.into_iter().chain([&mut call.places]) {
                    *places = places.iter().copied().take(usize::from(own)).collect();
                }
            }
        }
        self.plan_by(plan, (b"replaced", &form))
    }

    /// From now on calls must be in this plan, too.
    fn plan_by(&mut self, plan: Plan, (how, form): (&[u8], &[u8])) -> Result<(), Fault> {
        if plan.bytes() > self.state.room() {
            return Err(Fault::Closed(Closed::Full));
        }
        self.state.note(how);
        self.state.note(form);
        // Of steps that ask as much it is the first that is taken.
        for step in &plan.steps {
            self.state.note(step.name.as_bytes());
        }
        self.state.plan_bytes += plan.bytes();
        self.state.plans.push((plan, Progress::default()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::base::limits::SESSION_PARAM_BYTES_MAX;
    use crate::lang::session::Param;
    use crate::runtime::session::plan::PlanFault;

    #[test]
    fn parameters_are_all_there_and_have_their_types() {
        let declared = [("file", Param::Text), ("most", Param::Int), ("rate", Param::Double)];
        let good = r#"{"rate":1e2,"most":-3,"file":"a\u0041"}"#;
        let found = read(good, &declared).unwrap_or_default();
        let found: Vec<&str> = found.iter().map(|(_, value)| &**value).collect();
        assert_eq!(found, [r#""a\u0041""#, "-3", "1e2"]);
        let long =
            format!(r#"{{"rate":1,"most":1,"file":"{}"}}"#, "x".repeat(SESSION_PARAM_BYTES_MAX));
        let name = |name: &str| name.to_owned();
        for (wrong, fault) in [
            (r#"{"rate":1,"most":1}"#, PlanFault::ParamMissing(name("file"))),
            (r#"{"rate":1,"most":1,"file":null}"#, PlanFault::ParamType(name("file"), Param::Text)),
            (r#"{"rate":1,"most":1.5,"file":""}"#, PlanFault::ParamType(name("most"), Param::Int)),
            (
                r#"{"rate":"1","most":1,"file":""}"#,
                PlanFault::ParamType(name("rate"), Param::Double),
            ),
            (r#"{"rate":1,"most":1,"file":"","more":1}"#, PlanFault::NoParam(name("more"))),
            (
                r#"{"rate":1,"most":99999999999999999999,"file":""}"#,
                PlanFault::ParamType(name("most"), Param::Int),
            ),
            (&long, PlanFault::ParamLong(name("file"))),
            ("[]", PlanFault::Shape(name("params"))),
        ] {
            assert_eq!(read(wrong, &declared), Err(fault), "{wrong}");
        }
    }
}
