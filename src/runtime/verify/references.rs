//! Who names which entry of which table: what is never named, and how to take it out.
//!
//! In:      a module, of which nothing need be right.
//! Out:     the first entry that nothing names (V9); or the module without such entries.
//! Imports: `base`, `lang`, `runtime::bundle`.

use crate::base::arrange::Arrange as _;
use crate::lang::opcodes::Operand;
use crate::lang::value::message::{Kind, Presence};
use crate::runtime::bundle::govern::{QuestionPart, StorePart, WindowRow};
use crate::runtime::bundle::module::{
    FunctionKind, Module, NONE, Step, TemplatePart, TypeRow, Withhold,
};

/// A table whose entries must be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Strings,
    Types,
    Constants,
    Sets,
    Patterns,
    Dispatch,
    Hosts,
    Escalations,
    Templates,
    Keyed,
    Messages,
    Enums,
    Fields,
}

impl Table {
    const ALL: [Self; 13] = [
        Self::Strings,
        Self::Types,
        Self::Constants,
        Self::Sets,
        Self::Patterns,
        Self::Dispatch,
        Self::Hosts,
        Self::Escalations,
        Self::Templates,
        Self::Keyed,
        Self::Messages,
        Self::Enums,
        Self::Fields,
    ];

    fn len(self, module: &Module) -> usize {
        match self {
            Self::Strings => module.strings.len(),
            Self::Types => module.types.len(),
            Self::Constants => module.constants.len(),
            Self::Sets => module.sets.len(),
            Self::Patterns => module.patterns.len(),
            Self::Dispatch => module.dispatch.len(),
            Self::Hosts => module.hosts.len(),
            Self::Escalations => module.escalations.len(),
            Self::Templates => module.templates.len(),
            Self::Keyed => module.keyed.len(),
            Self::Messages => module.messages.len(),
            Self::Enums => module.enums.len(),
            Self::Fields => module.fields.len(),
        }
    }
}

impl Table {
    /// Whether its entries stay without being named: an `Any` may hold every message.
    const fn is_whole(self) -> bool {
        matches!(self, Self::Messages | Self::Enums | Self::Fields)
    }
}

/// An index that is kept in two or four bytes.
trait Name {
    fn get(&self) -> usize;
    fn set(&mut self, at: usize);
}

impl Name for u16 {
    fn get(&self) -> usize {
        usize::from(*self)
    }

    fn set(&mut self, at: usize) {
        *self = Self::try_from(at).unwrap_or(NONE);
    }
}

impl Name for u32 {
    fn get(&self) -> usize {
        usize::try_from(*self).unwrap_or(usize::MAX)
    }

    fn set(&mut self, at: usize) {
        *self = Self::try_from(at).unwrap_or(Self::MAX);
    }
}

const fn table_of(operand: Operand) -> Option<Table> {
    match operand {
        Operand::Const => Some(Table::Constants),
        Operand::Set => Some(Table::Sets),
        Operand::Pattern => Some(Table::Patterns),
        Operand::Dispatch => Some(Table::Dispatch),
        Operand::Host => Some(Table::Hosts),
        Operand::Message => Some(Table::Messages),
        Operand::Enum => Some(Table::Enums),
        Operand::Field => Some(Table::Fields),
        Operand::None
        | Operand::Read
        | Operand::Write
        | Operand::Function
        | Operand::Builtin
        | Operand::Cursor
        | Operand::Outcome
        | Operand::Class => None,
    }
}

/// Writes the walk over all names twice: to look at them, and to change them.
macro_rules! walk {
    (
        $strings:ident, $govern:ident, $answers:ident, $types:ident, $messages:ident,
        $others:ident,
        $iter:ident, $($mutable:ident)?
    ) => {
        fn $answers(
            module: &$($mutable)? Module,
            text: &mut impl FnMut(&$($mutable)? u32),
        ) {
            for row in module.govern.sanitizers.$iter() {
                text(&$($mutable)? row.name);
                text(&$($mutable)? row.tool);
                row.arg.$iter().for_each(&mut *text);
            }
            for row in module.govern.declassify.$iter() {
                text(&$($mutable)? row.id);
                text(&$($mutable)? row.tool);
                row.by.$iter().for_each(&mut *text);
                for step in row.path.$iter() {
                    if let Step::Key(name) = step {
                        text(name);
                    }
                }
            }
            for row in module.govern.denials.$iter() {
                row.rules.$iter().for_each(&mut *text);
                for offer in row.offers.$iter() {
                    text(&$($mutable)? offer.tool);
                    offer.keep.$iter().for_each(&mut *text);
                    for (name, _) in offer.set.$iter() {
                        text(name);
                    }
                }
                for part in row.question.$iter() {
                    match part {
                        QuestionPart::Text(name) | QuestionPart::Value(_, name) => text(name),
                    }
                }
                for (_, tool) in row.backtrack.$iter().flat_map(|it| it.undone.$iter()) {
                    tool.$iter().for_each(&mut *text);
                }
            }
        }

        fn $govern(
            module: &$($mutable)? Module,
            text: &mut impl FnMut(&$($mutable)? u32),
        ) {
            for row in module.redactions.$iter() {
                for step in row.path.$iter() {
                    if let Step::Key(name) = step {
                        text(name);
                    }
                }
                if let Withhold::Token(name) = &$($mutable)? row.class {
                    text(name);
                }
            }
            for row in module.govern.labels.$iter() {
                text(&$($mutable)? row.name);
            }
            for row in module.govern.meters.$iter() {
                text(&$($mutable)? row.name);
                for pattern in row.on.$iter() {
                    text(pattern);
                }
                if let WindowRow::Calendar(_, zone) = &$($mutable)? row.window {
                    text(zone);
                }
            }
            for row in module.govern.limits.$iter() {
                text(&$($mutable)? row.id);
            }
            if let Some(plan) = &$($mutable)? module.govern.plan {
                for (name, _) in plan.params.$iter() {
                    text(name);
                }
                for row in plan.steps.$iter() {
                    text(&$($mutable)? row.name);
                    text(&$($mutable)? row.tool);
                }
                let tools = plan.readers.$iter().chain(plan.others.$iter());
                for name in plan.reads.$iter().chain(tools) {
                    text(name);
                }
            }
            for row in module.govern.tools.$iter() {
                text(&$($mutable)? row.name);
                for arg in row.args.$iter().flatten() {
                    text(&$($mutable)? arg.name);
                }
                for part in row.store.$iter() {
                    match part {
                        StorePart::Text(name)
                        | StorePart::Member(name)
                        | StorePart::Argument(name) => text(name),
                    }
                }
                for step in row.outputs.$iter().flat_map(|field| field.path.$iter()) {
                    if let Step::Key(name) = step {
                        text(name);
                    }
                }
            }
        }

        fn $strings(
            module: &$($mutable)? Module,
            see: &mut impl FnMut(Table, &$($mutable)? dyn Name),
        ) {
            let mut text = |name: &$($mutable)? u32| see(Table::Strings, name);
            text(&$($mutable)? module.manifest.name);
            text(&$($mutable)? module.manifest.compiler);
            text(&$($mutable)? module.manifest.tzdb);
            for row in module.manifest.sources.$iter() {
                text(&$($mutable)? row.path);
            }
            for row in module.types.$iter() {
                if let TypeRow::Record { fields, .. } = row {
                    for field in fields.$iter() {
                        text(&$($mutable)? field.name);
                    }
                }
            }
            for row in module.messages.$iter() {
                text(&$($mutable)? row.name);
            }
            for row in module.fields.$iter() {
                text(&$($mutable)? row.name);
                text(&$($mutable)? row.json);
            }
            for row in module.enums.$iter() {
                text(&$($mutable)? row.name);
                for (name, _) in row.values.$iter() {
                    text(name);
                }
            }
            for row in module.paths.$iter() {
                text(&$($mutable)? row.key);
            }
            for row in module.patterns.$iter() {
                text(&$($mutable)? row.text);
            }
            for row in module.hosts.$iter() {
                text(&$($mutable)? row.name);
            }
            for row in module.rules.$iter() {
                text(&$($mutable)? row.id);
            }
            for row in module.escalations.$iter() {
                for name in row.to.$iter().chain(row.binds.$iter()) {
                    text(name);
                }
            }
            for part in module.templates.$iter().flatten() {
                if let TemplatePart::Text(name) | TemplatePart::Else(_, name) = part {
                    text(name);
                }
            }
            for row in module.outputs.$iter() {
                text(&$($mutable)? row.name);
            }
            for (name, _) in module.keyed.$iter().flat_map(|row| row.cases.$iter()) {
                text(name);
            }
            $govern(module, &mut text);
            $answers(module, &mut text);
            let index = &$($mutable)? module.index;
            let prefixes = index.prefixes.$iter().chain(index.patterns.$iter());
            for (name, _) in index.keys.$iter().chain(prefixes) {
                text(name);
            }
        }

        fn $types(
            module: &$($mutable)? Module,
            see: &mut impl FnMut(Table, &$($mutable)? dyn Name),
        ) {
            for row in module.types.$iter() {
                match row {
                    TypeRow::Nullable(part) | TypeRow::Optional(part) | TypeRow::List(part, _) => {
                        see(Table::Types, part);
                    }
                    TypeRow::Map(key, value) => {
                        see(Table::Types, key);
                        see(Table::Types, value);
                    }
                    TypeRow::Record { fields, rest } => {
                        for field in fields.$iter() {
                            see(Table::Types, &$($mutable)? field.ty);
                        }
                        see(Table::Types, rest);
                    }
                    TypeRow::Message(message) => see(Table::Messages, message),
                    TypeRow::Enum(of) => see(Table::Enums, of),
                    TypeRow::Dyn
                    | TypeRow::Null
                    | TypeRow::Bool
                    | TypeRow::Int
                    | TypeRow::Uint
                    | TypeRow::Double
                    | TypeRow::String
                    | TypeRow::Bytes
                    | TypeRow::Timestamp
                    | TypeRow::Duration
                    | TypeRow::Type => {}
                }
            }
            for row in module.paths.$iter() {
                see(Table::Types, &$($mutable)? row.ty);
            }
            for row in module.hosts.$iter() {
                for ty in row.params.$iter() {
                    see(Table::Types, ty);
                }
                see(Table::Types, &$($mutable)? row.result);
            }
            for row in module.functions.$iter() {
                if let FunctionKind::Value(ty) = &$($mutable)? row.kind {
                    see(Table::Types, ty);
                }
                for frame in row.frames.$iter() {
                    see(Table::Types, &$($mutable)? frame.ty);
                }
            }
            for row in module.requirements.$iter() {
                see(Table::Types, &$($mutable)? row.ty);
            }
            for row in module.keyed.$iter() {
                see(Table::Types, &$($mutable)? row.otherwise);
                for (_, ty) in row.cases.$iter() {
                    see(Table::Types, ty);
                }
            }
        }

        fn $messages(
            module: &$($mutable)? Module,
            see: &mut impl FnMut(Table, &$($mutable)? dyn Name),
        ) {
            for row in module.fields.$iter() {
                see(Table::Types, &$($mutable)? row.ty);
                see(Table::Constants, &$($mutable)? row.default);
                let key = if let Presence::Map(key) = &$($mutable)? row.presence {
                    Some(key)
                } else {
                    None
                };
                for kind in [Some(&$($mutable)? row.kind), key].into_iter().flatten() {
                    if let Kind::Message { kind: of, .. } = kind {
                        see(Table::Messages, of);
                    } else if let Kind::Enum(of) = kind {
                        see(Table::Enums, of);
                    }
                }
            }
            see(Table::Messages, &$($mutable)? module.context);
        }

        fn $others(
            module: &$($mutable)? Module,
            see: &mut impl FnMut(Table, &$($mutable)? dyn Name),
        ) {
            for set in module.sets.$iter() {
                for member in set.$iter() {
                    see(Table::Constants, member);
                }
            }
            for row in module.code.$iter() {
                let [a, b, c] = row.op.operands().map(table_of);
                let operands = [
                    (a, &$($mutable)? row.a),
                    (b, &$($mutable)? row.b),
                    (c, &$($mutable)? row.c),
                ];
                for (table, name) in operands {
                    if let Some(table) = table {
                        see(table, name);
                    }
                }
            }
            for row in module.requirements.$iter() {
                see(Table::Keyed, &$($mutable)? row.keyed);
            }
            for row in module.outcomes.$iter() {
                see(Table::Templates, &$($mutable)? row.template);
                see(Table::Escalations, &$($mutable)? row.escalation);
            }
            see(Table::Escalations, &$($mutable)? module.manifest.on_error.escalation);
            if let Some(default) = &$($mutable)? module.manifest.default {
                see(Table::Escalations, &$($mutable)? default.escalation);
            }
        }
    };
}

walk!(
    look_at_strings,
    look_at_govern,
    look_at_answers,
    look_at_types,
    look_at_messages,
    look_at_others,
    iter,
);
walk!(
    change_strings,
    change_govern,
    change_answers,
    change_types,
    change_messages,
    change_others,
    iter_mut,
    mut
);

/// For each table, which entries are named.
fn named(module: &Module) -> Vec<Vec<bool>> {
    let mut named: Vec<Vec<bool>> =
        Table::ALL.iter().map(|table| vec![table.is_whole(); table.len(module)]).collect();
    let mut see = |table: Table, name: &dyn Name| {
        if let Some(seen) = named.get_mut(table as usize).and_then(|it| it.get_mut(name.get())) {
            *seen = true;
        }
    };
    look_at_strings(module, &mut see);
    look_at_types(module, &mut see);
    look_at_messages(module, &mut see);
    look_at_others(module, &mut see);
    named
}

/// The first entry that nothing names: table and index.
pub(super) fn unused(module: &Module) -> Option<(Table, usize)> {
    let named = named(module);
    Table::ALL
        .into_iter()
        .zip(named)
        .find_map(|(table, named)| named.iter().position(|named| !named).map(|at| (table, at)))
}

/// Takes out what nothing names, and what only that named.
pub(super) fn prune(module: &mut Module) {
    loop {
        let named = named(module);
        if named.iter().flatten().all(|named| *named) {
            return;
        }
        let numbers: Vec<Vec<usize>> = named.iter().map(|named| renumbered(named)).collect();
        let mut change = |table: Table, name: &mut dyn Name| {
            let number = numbers.get(table as usize).and_then(|it| it.get(name.get()));
            if let Some(number) = number {
                name.set(*number);
            }
        };
        change_strings(module, &mut change);
        change_types(module, &mut change);
        change_messages(module, &mut change);
        change_others(module, &mut change);
        for (table, named) in Table::ALL.into_iter().zip(&named) {
            match table {
                Table::Strings => {
                    let kept = module.strings.iter().zip(named).filter(|(_, named)| **named);
                    module.strings = kept.map(|(text, _)| text).collect();
                }
                Table::Types => keep(&mut module.types, named),
                Table::Constants => keep(&mut module.constants, named),
                Table::Sets => keep(&mut module.sets, named),
                Table::Patterns => keep(&mut module.patterns, named),
                Table::Dispatch => keep(&mut module.dispatch, named),
                Table::Hosts => keep(&mut module.hosts, named),
                Table::Escalations => keep(&mut module.escalations, named),
                Table::Templates => keep(&mut module.templates, named),
                Table::Keyed => keep(&mut module.keyed, named),
                Table::Messages | Table::Enums | Table::Fields => {}
            }
        }
    }
}

/// Sorts the strings; everything that names one goes on naming the same text.
pub(super) fn sort_strings(module: &mut Module) {
    let strings = std::mem::take(&mut module.strings);
    let mut order: Vec<(&str, usize)> = strings.iter().zip(0..).collect();
    order.sort_unstable();
    let mut numbers = vec![0; order.len()];
    for (now, (_, before)) in order.iter().enumerate() {
        if let Some(number) = numbers.get_mut(*before) {
            *number = now;
        }
    }
    module.strings = order.into_iter().map(|(text, _)| text).collect();
    let mut change = |table: Table, name: &mut dyn Name| {
        if let (Table::Strings, Some(number)) = (table, numbers.get(name.get())) {
            name.set(*number);
        }
    };
    change_strings(module, &mut change);
}

/// Sorts messages and enums by name, which are sorted strings, and lays the fields of each message
/// behind one another; everything that names one goes on naming the same.
pub(super) fn sort_messages(module: &mut Module) {
    let messages = std::mem::take(&mut module.messages);
    let (messages, message_numbers) = sorted(messages, |row| row.name);
    let (enums, enum_numbers) = sorted(std::mem::take(&mut module.enums), |row| row.name);
    let fields = std::mem::take(&mut module.fields);
    let mut field_numbers = vec![usize::from(NONE); fields.len()];
    (module.messages, module.enums) = (messages, enums);
    for row in &mut module.messages {
        let first = usize::from(row.first_field);
        let own = first..first + usize::from(row.fields);
        row.first_field = u16::try_from(module.fields.len()).unwrap_or(NONE);
        for (at, field) in own.clone().zip(fields.get(own).unwrap_or_default()) {
            if let Some(number) = field_numbers.get_mut(at) {
                *number = module.fields.len();
            }
            module.fields.push(field.clone());
        }
    }
    let mut change = |table: Table, name: &mut dyn Name| {
        let numbers = match table {
            Table::Messages => &message_numbers,
            Table::Enums => &enum_numbers,
            Table::Fields => &field_numbers,
            Table::Strings
            | Table::Types
            | Table::Constants
            | Table::Sets
            | Table::Patterns
            | Table::Dispatch
            | Table::Hosts
            | Table::Escalations
            | Table::Templates
            | Table::Keyed => return,
        };
        if let Some(number) = numbers.get(name.get()) {
            name.set(*number);
        }
    };
    change_types(module, &mut change);
    change_messages(module, &mut change);
    change_others(module, &mut change);
}

/// The rows in order of name, and for each row that was there its new number.
fn sorted<T>(rows: Vec<T>, name: impl Fn(&T) -> u32) -> (Vec<T>, Vec<usize>) {
    let mut order: Vec<(T, usize)> = rows.into_iter().zip(0..).collect();
    order.arrange_by_key(|(row, _)| name(row));
    let mut numbers = vec![0; order.len()];
    for (now, (_, before)) in order.iter().enumerate() {
        if let Some(number) = numbers.get_mut(*before) {
            *number = now;
        }
    }
    (order.into_iter().map(|(row, _)| row).collect(), numbers)
}

/// The numbers of the entries that stay; of the others, the number of the next that does.
fn renumbered(named: &[bool]) -> Vec<usize> {
    let mut next = 0;
    named
        .iter()
        .map(|named| {
            let number = next;
            next += usize::from(*named);
            number
        })
        .collect()
}

fn keep<T>(rows: &mut Vec<T>, named: &[bool]) {
    let mut named = named.iter().copied();
    rows.retain(|_| named.next().unwrap_or(true));
}
