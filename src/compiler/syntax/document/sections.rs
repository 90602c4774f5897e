//! The sections of our documents that hold declarations: extensions, data, functions, windows,
//! tools.
//!
//! In:      the value of a section.
//! Out:     its entries.
//! Imports: `base`, `diag`, `lang`.

use crate::base::name::Name;
use crate::base::span::Spanned;
use crate::compiler::syntax::document::agents;
use crate::compiler::syntax::document::keys::{
    IDENTIFIER, Keys, bad, choice, is_identifier, is_qualified, list, mapping, one_or_list, text,
};
use crate::compiler::syntax::document::mappings;
use crate::compiler::syntax::document::model::{
    DataFile, Extension, HostFunction, Tool, Wait, Window,
};
use crate::compiler::syntax::document::reader::Reader;
use crate::compiler::syntax::document::rule::duration;
use crate::compiler::syntax::document::time::{DAYS, days, minute_of_day};
use crate::compiler::syntax::document::types::{FieldSyntax, fields, type_of};
use crate::compiler::syntax::document::yaml::{Entry, Node};
use crate::diag::sink::Sink;
use crate::lang::value::zone::Zone;

/// Every day of the week.
const EVERY_DAY: u8 = 0b111_1111;

/// Minutes of a day.
const DAY_MINUTES: u16 = 1440;

/// `[strings@4, sets]`.
pub(super) fn extensions(node: &Node, sink: &mut Sink) -> Vec<Spanned<Extension>> {
    let items = list(node, "`extensions`", sink).unwrap_or_default();
    items.iter().filter_map(|item| extension(item, sink)).collect()
}

fn extension(node: &Node, sink: &mut Sink) -> Option<Spanned<Extension>> {
    let found = text(node, "an extension", sink)?;
    let (name, version) = match found.value.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (found.value.as_str(), None),
    };
    let number = version.map(str::parse::<u32>);
    let version = match number {
        None => None,
        Some(Ok(number)) if !name.is_empty() => Some(number),
        Some(_) => {
            let wanted = "a name and a version, as `strings@4`";
            bad(found.span, "an extension", &found.value, wanted, &[], sink);
            return None;
        }
    };
    let extension = Extension { name: Name::new(name), version, version_at: found.span };
    Some(Spanned::new(extension, found.span))
}

/// The name in a key; it must be an identifier, with dots if `dots` says so.
fn key_name(entry: &Entry, what: &str, dots: bool, sink: &mut Sink) -> Option<Spanned<Name>> {
    let text = entry.key.value.as_str();
    let good = if dots { is_qualified(text) } else { is_identifier(text) };
    if !good {
        bad(entry.key.span, what, text, IDENTIFIER, &[], sink);
        return None;
    }
    Some(Spanned::new(Name::new(text), entry.key.span))
}

/// `{name: path}`.
pub(super) fn data(node: &Node, sink: &mut Sink) -> Vec<DataFile> {
    let entries = mapping(node, "`data`", sink).unwrap_or_default();
    let file = |entry: &Entry, sink: &mut Sink| {
        let name = key_name(entry, "the name of a constant", false, sink)?;
        let path = text(&entry.value, &format!("`{}`", entry.key.value), sink)?;
        Some(DataFile { name, path })
    };
    entries.iter().filter_map(|entry| file(entry, sink)).collect()
}

/// `{name: {params: [..], result: ..}}`.
pub(super) fn functions(node: &Node, sink: &mut Sink) -> Vec<HostFunction> {
    let entries = mapping(node, "`functions`", sink).unwrap_or_default();
    entries.iter().filter_map(|entry| function(entry, sink)).collect()
}

fn function(entry: &Entry, sink: &mut Sink) -> Option<HostFunction> {
    let name = key_name(entry, "the name of a function", true, sink)?;
    let keys = Keys::open(&entry.value, "a function", sink)?;
    keys.known(&mappings::FUNCTION, sink);
    let params = keys.value("params").map_or(&[][..], |it| one_or_list(it, "`params`", sink));
    let params = params.iter().filter_map(|param| type_of(param, sink)).collect();
    let result = type_of(&keys.need("result", sink)?.value, sink)?;
    let mode = keys.value("mode").and_then(|it| choice(it, "`mode`", &mappings::ASKED, sink));
    keys.value("on_timeout").and_then(|it| choice(it, "`on_timeout`", &mappings::IN_VAIN, sink));
    let timeout_ns = duration(&keys, "timeout", sink);
    let wait = Wait { is_async: mode.unwrap_or_default(), timeout_ns };
    Some(HostFunction { name, params, result, wait })
}

/// Whether there is a time zone of this name; one that is not is reported.
pub(super) fn known_zone(zone: &Spanned<Name>, sink: &mut Sink) -> bool {
    let known = Zone::named(&zone.value).is_ok();
    if !known {
        let wanted = "a time zone, as `UTC` or `Europe/Zurich`";
        bad(zone.span, "`zone`", &zone.value, wanted, &[], sink);
    }
    known
}

/// `{name: {days, from, to, zone}}`.
pub(super) fn windows(node: &Node, sink: &mut Sink) -> Vec<Window> {
    let entries = mapping(node, "`windows`", sink).unwrap_or_default();
    entries.iter().filter_map(|entry| window(entry, sink)).collect()
}

fn window(entry: &Entry, sink: &mut Sink) -> Option<Window> {
    let name = key_name(entry, "the name of a window", false, sink)?;
    let keys = Keys::open(&entry.value, "a window", sink)?;
    keys.known(&mappings::WINDOW, sink);
    let days = keys.value("days").map_or(Some(EVERY_DAY), |it| days_of(it, sink));
    let from = minute(&keys, "from", sink);
    let to = minute(&keys, "to", sink);
    let zone = keys
        .need("zone", sink)
        .and_then(|_| keys.name("zone", sink))
        .and_then(|zone| known_zone(&zone, sink).then_some(zone));
    // What was refused was reported: the window is there, and whoever names it is right.
    let (from_minute, to_minute) = (from.unwrap_or(0), to.unwrap_or(DAY_MINUTES));
    let zone = zone.unwrap_or_else(|| Spanned::new(Name::new("UTC"), name.span));
    Some(Window { days: days.unwrap_or(EVERY_DAY), from_minute, to_minute, zone, name })
}

fn days_of(node: &Node, sink: &mut Sink) -> Option<u8> {
    let mut set = Some(0);
    for item in one_or_list(node, "`days`", sink) {
        let found = text(item, "a day", sink).and_then(|text| {
            let found = days(&text.value);
            if found.is_none() {
                let wanted = "a day or a range, as `mon` or `mon..fri`";
                bad(text.span, "a day", &text.value, wanted, &DAYS, sink);
            }
            found
        });
        set = set.zip(found).map(|(set, found)| set | found);
    }
    if set == Some(0) {
        return None;
    }
    set
}

fn minute(keys: &Keys<'_>, key: &'static str, sink: &mut Sink) -> Option<u16> {
    keys.need(key, sink)?;
    let text = keys.text(key, sink)?;
    let found = minute_of_day(&text.value).filter(|minute| key == "to" || *minute < DAY_MINUTES);
    if found.is_none() {
        let wanted = "a time of day, as `08:00`";
        bad(text.span, &format!("`{key}`"), &text.value, wanted, &[], sink);
    }
    found
}

/// `{name: {effect, args, output, store, undo}}`.
pub(super) fn tools(node: &Node, reader: &mut Reader<'_>) -> Vec<Tool> {
    let entries = mapping(node, "`tools`", reader.sink).unwrap_or_default();
    entries.iter().filter_map(|entry| tool(entry, reader)).collect()
}

fn tool(entry: &Entry, reader: &mut Reader<'_>) -> Option<Tool> {
    let sink = &mut *reader.sink;
    let keys = Keys::open(&entry.value, "a tool", sink)?;
    keys.known(&mappings::TOOL, sink);
    let effect = keys.value("effect").and_then(|node| {
        let effect = choice(node, "`effect`", &mappings::EFFECTS, sink)?;
        Some(Spanned::new(effect, node.span))
    });
    let args = keys.value("args").filter(|node| !node.is_null());
    let says_args = args.is_some();
    let args = args.map_or(Vec::new(), |it| fields(it, "`args`", FieldSyntax::Arguments, sink));
    let name = Spanned::new(Name::new(&entry.key.value), entry.key.span);
    let output = keys.value("output").filter(|node| !node.is_null());
    let output = output.map(|it| agents::outputs(it, reader));
    let sink = &mut *reader.sink;
    let undo = keys.value("undo").filter(|node| !node.is_null());
    let undo = undo.and_then(|_| keys.name("undo", sink));
    let store = keys.text("store", sink);
    let store = store.map_or(Vec::new(), |it| agents::store(&it, says_args.then_some(&args), sink));
    Some(Tool { name, effect, says_args, args, output, store, undo })
}
