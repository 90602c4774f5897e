//! The maps that come with the program, and which of them a log is for.
//!
//! In:      a name, or the first events of a log.
//! Out:     a `Map`.
//! Imports: `compiler::source`, `diag`, `runtime::program`, `runtime::vm`.

use crate::compiler::source::map::SourceMap;
use crate::diag::sink::Sink;
use crate::runtime::program::Program;
use crate::runtime::vm::hosts::HostTable;
use crate::runtime::vm::request::{Moment, ingest};
use crate::runtime::vm::scratch::Scratch;
use crate::tools::replay::import::map::{Map, compile};
use crate::tools::replay::import::pieces::{Piece, pieces};
use crate::tools::replay::import::{DETECT, compose, host, output};

/// A map that comes with the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Preset {
    /// As `--input-format` names it.
    pub name: &'static str,
    /// The map.
    pub text: &'static str,
}

macro_rules! presets {
    ($($name:literal)*) => {
        &[$(Preset { name: $name, text: include_str!(concat!("presets/", $name, ".yaml")) },)*]
    };
}

/// The presets, in the order of help and docs. Of several that a log fits the first is taken.
pub const PRESETS: &[Preset] =
    presets!["opa" "cerbos" "avp" "otlp" "mcp" "envoy" "langfuse" "langsmith"];

impl Preset {
    /// The preset that is called `name`.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        PRESETS.iter().find(|preset| preset.name == name)
    }

    /// The map as a file of its own, and what was found wrong with it: nothing, as a test shows.
    #[must_use]
    pub fn compile(&self) -> (Option<Map>, SourceMap, Sink) {
        let (mut files, mut sink) = (SourceMap::new(), Sink::new());
        let file = files.add(format!("{}.yaml", self.name), self.text);
        let map = compile(file, &files, true, &mut sink);
        (map, files, sink)
    }
}

/// What a log is, by its first events.
#[derive(Debug)]
pub enum Detected {
    /// A log that this preset is for.
    Preset(&'static Preset, Box<Map>),
    /// Records.
    Records,
    /// Nothing that is known.
    Unknown,
}

/// Finds out what a log is: what most of its first events are.
#[must_use]
pub fn detect(events: &[&[u8]]) -> Detected {
    let is_record = |event: &&&[u8]| {
        let found = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(event);
        found.is_ok_and(|record| record.contains_key("v") && record.contains_key("ctx"))
    };
    let records = events.iter().filter(is_record).count();
    let mut best: (usize, Detected) = (records, Detected::Records);
    if records == 0 {
        best.1 = Detected::Unknown;
    }
    for preset in PRESETS {
        let (Some(map), _, _) = preset.compile() else { continue };
        let count = fits(&map, events);
        if count > best.0 {
            best = (count, Detected::Preset(preset, Box::new(map)));
        }
    }
    best.1
}

/// Of how many events the map says that they are of its format.
fn fits(map: &Map, events: &[&[u8]]) -> usize {
    let Some(program) = &map.detector else { return 0 };
    let mut scratch = Scratch::for_program(program);
    let mut context = Vec::new();
    let mut is_one = |event: &&&[u8]| {
        let found = pieces(event, &map.unwrap).unwrap_or_default();
        found.first().is_some_and(|piece| detects(program, &mut scratch, &mut context, piece))
    };
    events.iter().filter(|event| is_one(event)).count()
}

fn detects(
    program: &Program,
    scratch: &mut Scratch,
    context: &mut Vec<u8>,
    piece: &Piece<'_>,
) -> bool {
    compose(context, piece.bytes, &piece.around);
    let hosts = HostTable::computing(host::COMPUTED);
    let moment = Moment { hosts: Some(&hosts), ..Moment::at(0, 0) };
    let mut filled = ingest(program, context, scratch);
    let decision = filled.decide(&moment);
    output(&decision, DETECT).and_then(|it| it.as_bool()) == Some(true)
}

#[cfg(test)]
mod tests {
    use super::PRESETS;

    #[test]
    fn every_preset_compiles_without_a_finding() {
        for preset in PRESETS {
            let (map, _, sink) = preset.compile();
            let (findings, _) = sink.finish();
            assert!(findings.is_empty(), "{}: {findings:?}", preset.name);
            let map = map.expect("no finding, so a map");
            assert_eq!(map.format, preset.name);
            assert!(map.detector.is_some(), "{} says what it is for", preset.name);
        }
    }
}
