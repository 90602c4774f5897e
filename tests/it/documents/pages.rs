//! The pages of the codes of documents: what they call wrong is wrong, and nothing else.

use policyc::diag::codes::Code;
use policyc::diag::diagnostic::Severity;

use super::read_one;

/// Codes of this family that are found by later stages.
const LATER: [&str; 3] = ["E0207", "E0212", "E0214"];

/// The block below a heading.
fn block<'a>(page: &'a str, heading: &str) -> &'a str {
    let below = page.split_once(heading).expect("the heading").1;
    let fenced = below.split_once("```yaml\n").expect("a block").1;
    fenced.split_once("```").expect("the end of the block").0
}

#[test]
fn pages_of_documents_are_true() {
    for code in Code::ALL {
        let ours = code.id().starts_with("E02") || matches!(code.id(), "W0513" | "W0514");
        if !ours {
            continue;
        }
        let (_, found) = read_one("a.yaml", block(code.page(), "## Right"));
        assert!(found.is_empty(), "{}: {found:#?}", code.id());
        if LATER.contains(&code.id()) {
            continue;
        }
        let (_, found) = read_one("a.yaml", block(code.page(), "## Wrong"));
        let codes: Vec<&str> = found.iter().map(|it| it.code.id()).collect();
        assert_eq!(codes, [code.id()], "{found:#?}");
        assert_eq!(found[0].severity == Severity::Warning, code.id().starts_with('W'));
    }
}
