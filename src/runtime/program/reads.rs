//! What functions of a program read of a context.
//!
//! In:      a program, its functions.
//! Out:     places, as keys from the root; of a list of records, the list.
//! Imports: `runtime::bundle`.

use std::collections::BTreeSet;

use crate::runtime::bundle::module::{Module, NONE};
use crate::runtime::program::Program;
use crate::runtime::program::withheld::{children, read};

/// A place that is read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::runtime) struct Read<'p> {
    /// Keys from the root.
    pub(in crate::runtime) keys: Vec<&'p str>,
    /// Whether its value is read, and not only if there is one.
    pub(in crate::runtime) is_value: bool,
}

/// The places of a program that anything reads, each with its slots: of its value, and of whether
/// it is there.
#[derive(Debug)]
pub(in crate::runtime) struct Reads<'p> {
    module: &'p Module,
    places: Vec<(Vec<&'p str>, [u16; 2])>,
}

impl<'p> Reads<'p> {
    pub(in crate::runtime) fn of(program: &'p Program) -> Self {
        let module = program.module();
        let mut places = Vec::new();
        let mut waiting: Vec<_> =
            module.paths.first().map(|top| (top, Vec::new())).into_iter().collect();
        while let Some((node, keys)) = waiting.pop() {
            waiting.extend(children(module, node).map(|(child, _)| {
                let mut keys = keys.clone();
                keys.push(program.string(child.key));
                (child, keys)
            }));
            if [node.slot, node.presence] != [NONE; 2] {
                places.push((keys, [node.slot, node.presence]));
            }
        }
        Self { module, places }
    }

    /// What a function reads, and those that it calls.
    pub(in crate::runtime) fn by(&self, function: u16) -> BTreeSet<Read<'p>> {
        let slots = self.slots(function);
        let is_read = |slot: u16| slot != NONE && slots.contains(&slot);
        let places = self.places.iter().flat_map(|(keys, [value, presence])| {
            let read = [(*value, true), (*presence, false)].into_iter();
            let read = read.filter(|(slot, _)| is_read(*slot));
            read.map(|(_, is_value)| Read { keys: keys.clone(), is_value })
        });
        places.collect()
    }

    /// The values of the file that a function reads; slots are among the lowest.
    fn slots(&self, function: u16) -> BTreeSet<u16> {
        let (mut waiting, mut seen) = (vec![function], BTreeSet::new());
        let mut slots = BTreeSet::new();
        while let Some(function) = waiting.pop() {
            let row = self.module.functions.get(usize::from(function));
            let Some(row) = row.filter(|_| seen.insert(function)) else { continue };
            for ins in row.code(self.module) {
                slots.extend(read(self.module, ins));
                waiting.extend(ins.callee());
            }
        }
        slots
    }
}
