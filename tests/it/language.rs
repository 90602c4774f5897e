//! `docs/language.md`: every block is a file that is checked, and finds nothing.

use std::path::Path;

use policyc::compiler::source::map::SourceMap;
use policyc::diag::sink::Sink;
use policyc::tools::lint::select::Selection;
use policyc::tools::pipeline;
use policyc::tools::project::Settings;

/// The files of a block or of the named blocks of a section, with the section they stand in.
fn projects(page: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut found = Vec::new();
    for section in page.split("\n## ").skip(1) {
        let title = section.lines().next().unwrap_or_default();
        let mut named = Vec::new();
        for fenced in section.split("\n```").skip(1).step_by(2) {
            let (info, text) = fenced.split_once('\n').expect("a block has lines");
            let mut words = info.split_whitespace();
            let language = words.next().expect("a block names its language");
            let text = format!("{text}\n");
            match words.next() {
                Some(name) => named.push((name.to_owned(), text)),
                None if language == "text" => {}
                None => {
                    found.push((title.to_owned(), vec![(format!("example.{language}"), text)]));
                }
            }
        }
        if !named.is_empty() {
            found.push((title.to_owned(), named));
        }
    }
    found
}

#[test]
fn every_example_of_the_page_of_the_language_is_checked() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/language.md");
    let page = std::fs::read_to_string(page).expect("the page is there");
    let projects = projects(&page);
    assert!(projects.len() > 10, "{} projects", projects.len());
    for (title, sources) in projects {
        let mut files = SourceMap::new();
        for (name, text) in &sources {
            files.add(name.as_str(), text.as_str());
        }
        let mut sink = Sink::new();
        let selection = Selection::default();
        let compiled = pipeline::lint(&files, &Settings::default(), &selection, &mut sink);
        let found = sink.finish().0;
        assert!(found.is_empty() && compiled.is_some(), "{title}: {found:#?}");
    }
}
