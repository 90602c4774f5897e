//! A text as a policy document: compiled or told why not, and what is told can be drawn.

use policyc::compiler::source::map::SourceMap;
use policyc::compiler::{Options, compile};
use policyc::diag::sink::Sink;
use policyc::tools::pipeline::load_own;
use policyc::tools::report::paint::Style;
use policyc::tools::report::{FORMATS, Report};

/// Longer texts take longer, and say no more.
const BYTES_MAX: usize = 16 << 10;

pub(crate) fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if text.len() > BYTES_MAX {
        return;
    }
    let mut files = SourceMap::new();
    files.add("p.yaml", text);
    let mut sink = Sink::new();
    let compiled = compile(&files, &Options::default(), &mut sink);
    if let Some(compiled) = &compiled {
        load_own(compiled).unwrap_or_else(|found| panic!("refused: {found:?}"));
    }
    let failed = sink.has_errors();
    assert!(compiled.is_some() != failed, "an error, or a bundle");
    draw(&files, sink);
}

/// Draws all that is told, in every format. Nothing that a terminal obeys is shown.
pub(super) fn draw(files: &SourceMap, sink: Sink) {
    let (findings, dropped) = sink.finish();
    for found in &findings {
        let Some(at) = found.span() else { continue };
        let text = files.get(at.file).map_or("", |file| file.text.as_str());
        assert!(text.get(at.start as usize..at.end as usize).is_some(), "{found:?}");
    }
    let report = Report {
        files,
        prefix: "",
        findings: &findings,
        dropped,
        cases: None,
        command: "policyc check",
    };
    for format in FORMATS {
        let drawn = (format.draw)(&report, Style::PLAIN);
        // Programs read edits as they are.
        let obeyed = |c: &char| c.is_control() && *c != '\n' && (format.for_people || *c < ' ');
        let hidden = drawn.chars().find(obeyed);
        assert_eq!(hidden, None, "in format {}: {drawn:?}", format.name);
    }
}
