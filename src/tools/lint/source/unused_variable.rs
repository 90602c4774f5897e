//! W0550: a variable that no expression uses.

use rustc_hash::FxHashSet;

use crate::compiler::check::analysis::{Use, VariableId};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;

/// Reports variables of our documents that nothing uses.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let analysis = subject.checked.analysis();
    let used: FxHashSet<VariableId> = analysis
        .uses
        .iter()
        .filter_map(|used| if let Use::Variable(id) = used { Some(*id) } else { None })
        .collect();
    let documents = subject.checked.parsed().policies.iter().zip(&analysis.policies);
    for (document, info) in documents {
        for (variable, id) in document.variables.iter().zip(&info.variables) {
            if used.contains(id) {
                continue;
            }
            let name = &variable.name;
            let fact = format!("the variable `{}` is never used", name.value);
            let finding =
                Diagnostic::new(Code::UnusedVariable, name.span, fact, "no expression names it");
            sink.report(finding.help("take it away, or use it in a rule"));
        }
    }
}
