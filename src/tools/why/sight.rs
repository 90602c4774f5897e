//! What an atom said, in the words of the source.
//!
//! In:      the sights of an observer.
//! Out:     true, `12000 > 10000` for the text of an atom.
//! Imports: `base`, `lang`, `runtime::bundle`, `runtime::vm`, `tools::inspect`.
//!
//! Atoms have a normal form: `a != b` is the atom `a == b`, the other way round. A reader sees the
//! source, so what is said is turned back where the source has `!=`.

use crate::base::arrange::Arrange as _;
use crate::lang::opcodes::{Op, Operand};
use crate::lang::value::heap::View;
use crate::lang::value::json::{self, Form};
use crate::lang::value::{Tag, Value};
use crate::runtime::bundle::module::Module;
use crate::runtime::vm::observe::{AtomObservation, AtomOutcome};
use crate::tools::inspect::atoms::{infix, is_unequal};
use crate::tools::inspect::constant::short;
use crate::tools::why::Truth;

/// Most characters of a value that a label shows.
const VALUE_CHARACTERS_MAX: usize = 40;

/// How an atom came out, and the operands of the instruction that decided it.
#[derive(Clone, Debug)]
pub(super) struct AtomReading {
    outcome: AtomOutcome,
    left: Option<String>,
    infix: Option<&'static str>,
    right: Option<String>,
}

impl AtomReading {
    pub(super) fn of(module: &Module, sight: &AtomObservation<'_>) -> Self {
        let code = sight.instruction;
        let [a, b, _] = code.op.operands();
        let plain = code.op != Op::Flag && code.op != Op::Has;
        let mut left = if code.op == Op::CompareSize {
            size_of(sight, code.a)
        } else {
            operand(module, sight, a, code.a).filter(|_| plain)
        };
        let mut right = operand(module, sight, b, code.b);
        if code.op == Op::Holds {
            std::mem::swap(&mut left, &mut right);
        }
        Self { outcome: sight.outcome, left, infix: infix(code), right }
    }

    /// The outcome and the values, as `source` words the atom: false and `1 != 1`.
    pub(super) fn describe(&self, source: &str) -> (Truth, String) {
        let turned = self.infix == Some("==") && is_unequal(source);
        let infix = if turned { Some("!=") } else { self.infix };
        let values = match (&self.left, infix, &self.right) {
            (Some(left), Some(word), Some(right)) => format!("{left} {word} {right}"),
            (Some(left), None, _) => left.clone(),
            (_, _, _) => String::new(),
        };
        let holds = |holds: bool| if holds { Truth::True } else { Truth::False };
        let truth = match self.outcome {
            AtomOutcome::Error(class) => Truth::Failed(class.code().title().to_owned()),
            AtomOutcome::True => holds(!turned),
            AtomOutcome::False => holds(turned),
        };
        (truth, values)
    }
}

fn operand(module: &Module, sight: &AtomObservation<'_>, kind: Operand, at: u16) -> Option<String> {
    match kind {
        Operand::Read => {
            let value = sight.file.get(usize::from(at))?;
            value_text(&sight.view, value)
        }
        Operand::Const => module.constants.get(usize::from(at)).map(short),
        Operand::Set => {
            let set = module.sets.get(usize::from(at))?;
            let item = |at: &u16| module.constants.get(usize::from(*at)).map(short);
            let mut items: Vec<String> = set.iter().filter_map(item).collect();
            items.arrange_by_key(|item| (item.parse::<i64>().ok(), item.clone()));
            Some(clipped(&format!("[{}]", items.join(", "))))
        }
        Operand::Pattern => {
            let pattern = module.patterns.get(usize::from(at))?;
            module.strings.get(pattern.text as usize).map(|text| format!("{text:?}"))
        }
        Operand::None
        | Operand::Write
        | Operand::Function
        | Operand::Builtin
        | Operand::Dispatch
        | Operand::Host
        | Operand::Message
        | Operand::Enum
        | Operand::Field
        | Operand::Cursor
        | Operand::Outcome
        | Operand::Class => None,
    }
}

/// The size of the value at `at`, as CEL counts it.
fn size_of(sight: &AtomObservation<'_>, at: u16) -> Option<String> {
    let value = sight.file.get(usize::from(at))?;
    let count = if value.tag() == Tag::List {
        value.len() as usize
    } else if value.tag() == Tag::String {
        sight.view.str(value).chars().count()
    } else {
        return value_text(&sight.view, value).map(|text| format!("size({text})"));
    };
    Some(count.to_string())
}

/// A value as JSON, cut where it is long.
pub(super) fn value_text(view: &View<'_>, value: &Value) -> Option<String> {
    if !value.is_present() {
        return Some("absent".to_owned());
    }
    let mut text = String::new();
    json::write(view, value, Form::Plain, &mut text).ok()?;
    Some(clipped(&text))
}

/// An object of a list of which only columns are read: `{amount: 700, to: "y"}`.
pub(super) fn row_text(view: &View<'_>, values: &[Value], columns: &[String]) -> String {
    let member = |(name, value): (&String, &Value)| {
        let text = value_text(view, value).filter(|_| value.is_present())?;
        Some(format!("{name}: {text}"))
    };
    let members: Vec<String> = columns.iter().zip(values).filter_map(member).collect();
    clipped(&format!("{{{}}}", members.join(", ")))
}

/// A value as JSON, and a list of objects of which only `columns` are read as these objects.
pub(super) fn rows_text(view: &View<'_>, value: &Value, columns: &[String]) -> String {
    if columns.is_empty() || !value.is_present() || value.tag() != Tag::List {
        return value_text(view, value).unwrap_or_default();
    }
    let rows = view.elements(value).chunks(columns.len()).take(VALUE_CHARACTERS_MAX);
    let rows: Vec<String> = rows.map(|row| row_text(view, row, columns)).collect();
    clipped(&format!("[{}]", rows.join(", ")))
}

/// Cut where it is long.
pub(super) fn clipped(text: &str) -> String {
    if text.chars().count() <= VALUE_CHARACTERS_MAX {
        return text.to_owned();
    }
    text.chars().take(VALUE_CHARACTERS_MAX - 1).chain(['…']).collect()
}
