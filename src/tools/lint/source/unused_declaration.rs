//! W0552: a window, a host function or a data file that no expression uses.

use rustc_hash::FxHashSet;

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::check::analysis::{Analysis, Use};
use crate::compiler::syntax::ast::{Ast, ExprKind};
use crate::diag::codes::Code;
use crate::diag::diagnostic::Diagnostic;
use crate::diag::sink::Sink;
use crate::tools::lint::subject::Subject;

/// Reports what our documents declare in vain.
pub fn run(subject: &Subject<'_>, sink: &mut Sink) {
    let analysis = subject.checked.analysis();
    let windows = windows(analysis);
    let hosts: FxHashSet<&str> = analysis.hosts.iter().map(|host| host.name.as_str()).collect();
    let data = data(subject.ast());
    for document in &subject.checked.parsed().policies {
        for window in document.windows.iter().filter(|it| !windows.contains(&*it.name.value)) {
            report("window", &window.name, sink);
        }
        for host in document.functions.iter().filter(|it| !hosts.contains(&*it.name.value)) {
            report("function", &host.name, sink);
        }
        let unused = |name: &str| data.as_ref().is_some_and(|data| !data.contains(name));
        for file in document.data.iter().filter(|it| unused(&it.name.value)) {
            report("data file", &file.name, sink);
        }
    }
}

fn windows(analysis: &Analysis) -> FxHashSet<&str> {
    let used = analysis.uses.iter().filter_map(|used| {
        let Use::Window(window) = used else { return None };
        Some(analysis.windows.get(*window)?.name.as_str())
    });
    used.collect()
}

/// The names behind `data.`; `None` where `data` is used as a whole.
fn data(ast: &Ast) -> Option<FxHashSet<&str>> {
    let mut names = FxHashSet::default();
    let (mut whole, mut selected) = (0_usize, 0_usize);
    for id in ast.exprs.ids() {
        let kind = ast.kind(id);
        if let ExprKind::Ident { name, .. } = kind
            && *name == "data"
        {
            whole += 1;
        }
        if let ExprKind::Select { operand, field, .. } = kind
            && let ExprKind::Ident { name, .. } = ast.kind(*operand)
            && *name == "data"
        {
            selected += 1;
            names.insert(field.name.as_str());
        }
    }
    (whole == selected).then_some(names)
}

fn report(what: &str, name: &Spanned<Name>, sink: &mut Sink) {
    let fact = format!("the {what} `{}` is never used", name.value);
    let found = Diagnostic::new(Code::UnusedDeclaration, name.span, fact, "no expression names it");
    sink.report(found.help("take it away, or use it in a rule"));
}
