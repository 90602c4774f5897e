//! Which findings a project wants to hear, and how much they matter to it.
//!
//! In:      selectors, as configurations and command lines write them.
//! Out:     `Selection`: a level for every code and file.
//! Imports: `diag`.
//!
//! Only warnings and notes are chosen; what keeps a bundle from being made is always told. Where
//! two selectors speak about one code, the narrower one counts: a code before a prefix, a longer
//! prefix before a shorter one, a prefix before a group, a group before `all`. Of equally narrow
//! ones `ignore` wins. `forbid` counts whatever the others say.

use globset::GlobMatcher;

use crate::diag::codes::Code;
use crate::diag::diagnostic::{Diagnostic, Severity};
use crate::diag::suggest::nearest;
use crate::tools::lint::{Group, LINTS};

/// What is made of findings of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// They are not told.
    Allow,
    /// They are told as the table of codes has it: warnings, some only notes.
    Warn,
    /// They are errors.
    Deny,
    /// They are errors, and nothing can take that back.
    Forbid,
}

impl Level {
    /// Every level.
    pub const ALL: [Self; 4] = [Self::Allow, Self::Warn, Self::Deny, Self::Forbid];

    /// As people write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Warn => "warn",
            Self::Deny => "deny",
            Self::Forbid => "forbid",
        }
    }

    /// The level with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// Codes that the compiler finds itself, by group.
const OF_THE_COMPILER: [(Code, Group); 9] = [
    (Code::NoSchema, Group::Bugs),
    (Code::Metered, Group::Cost),
    (Code::SchemaGap, Group::Bugs),
    (Code::Unenforced, Group::Security),
    (Code::MissingRuleId, Group::Style),
    (Code::YamlBoolean, Group::Bugs),
    (Code::DynamicPattern, Group::Cost),
    (Code::FoldedComment, Group::Security),
    (Code::AllowByDefault, Group::Security),
];

/// The codes that can be chosen, each with its group.
pub fn selectable() -> impl Iterator<Item = (Code, Group)> {
    let lints = LINTS.iter().map(|lint| (lint.code, lint.group));
    OF_THE_COMPILER.into_iter().chain(lints).chain(SUPPRESSIONS)
}

/// What is said about suppressions themselves.
const SUPPRESSIONS: [(Code, Group); 2] =
    [(Code::UnusedSuppression, Group::Unused), (Code::BareSuppression, Group::Style)];

/// Some codes, as people write them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    text: String,
    codes: Vec<Code>,
    /// How narrow it is.
    rank: usize,
}

impl Selector {
    /// Reads a code, the beginning of codes, a group, or `all`.
    ///
    /// # Errors
    /// In words, where nothing is meant by it; and what may have been meant.
    pub fn read(text: &str) -> Result<Self, String> {
        let group = Group::ALL.into_iter().find(|group| group.name() == text);
        let meant = |code: Code, of: Group| match group {
            Some(group) => of == group,
            None => text == "all" || (!text.is_empty() && code.id().starts_with(text)),
        };
        let codes: Vec<Code> =
            selectable().filter(|(code, of)| meant(*code, *of)).map(|(code, _)| code).collect();
        let rank = match (group, text) {
            (None, "all") => 0,
            (Some(_), _) => 1,
            (None, prefix) => 1 + prefix.len(),
        };
        if codes.is_empty() && group.is_none() {
            return Err(unknown(text));
        }
        Ok(Self { text: text.to_owned(), codes, rank })
    }

    /// As it was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it means this code.
    #[must_use]
    pub fn speaks_of(&self, code: Code) -> bool {
        self.codes.contains(&code)
    }

    fn rank_for(&self, code: Code) -> Option<usize> {
        self.codes.contains(&code).then_some(self.rank)
    }
}

/// Why a selector means nothing.
fn unknown(text: &str) -> String {
    if let Some(code) = Code::ALL.iter().find(|code| code.id().starts_with(text))
        && !text.is_empty()
    {
        return format!("`{text}` cannot be chosen: {} is always told", code.id());
    }
    let groups = Group::ALL.into_iter().map(Group::name);
    let known = selectable().map(|(code, _)| code.id()).chain(groups).chain(["all"]);
    let near = nearest(text, known).map(|near| format!(", did you mean `{near}`?"));
    format!("no lint is called `{text}`{}", near.unwrap_or_default())
}

/// What a configuration or a command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice {
    /// What is told; `None`: every group but `pedantic`.
    pub select: Option<Vec<Selector>>,
    /// What is told besides.
    pub extend_select: Vec<Selector>,
    /// What is not told.
    pub ignore: Vec<Selector>,
    /// How much it matters.
    pub levels: Vec<(Selector, Level)>,
}

impl Choice {
    /// This choice, changed by that of a command line: `select` replaces, the rest adds.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        if other.select.is_some() {
            self.select = other.select;
            self.extend_select.clear();
        }
        self.extend_select.extend(other.extend_select);
        self.ignore.extend(other.ignore);
        self.levels.extend(other.levels);
        self
    }

    fn level(&self, code: Code, group: Group) -> Level {
        let narrowest =
            |list: &[Selector]| list.iter().filter_map(|selector| selector.rank_for(code)).max();
        let selected = match &self.select {
            Some(list) => narrowest(list),
            None => (group != Group::Pedantic).then_some(0),
        };
        let selected = selected.max(narrowest(&self.extend_select));
        let levels = self.levels.iter().rev();
        let levels: Vec<(usize, Level)> = levels
            .filter_map(|(selector, level)| selector.rank_for(code).map(|rank| (rank, *level)))
            .collect();
        if levels.iter().any(|(_, level)| *level == Level::Forbid) {
            return Level::Forbid;
        }
        // Of equally narrow ones the last counts, so that command lines go before configurations.
        let level = levels.into_iter().reduce(|a, b| if b.0 > a.0 { b } else { a });
        let (asked, allowed) = match level {
            Some((rank, Level::Allow)) => (None, Some(rank)),
            // How much all that is told matters says nothing about what is.
            Some((0, _)) | None => (None, None),
            Some((rank, _)) => (Some(rank), None),
        };
        if selected.max(asked) <= narrowest(&self.ignore).max(allowed) {
            return Level::Allow;
        }
        level.map_or(Level::Warn, |(_, level)| level.max(Level::Warn))
    }
}

/// Files, and codes that are not told in them.
#[derive(Clone, Debug)]
pub struct FileIgnore {
    /// Logical paths.
    pub files: GlobMatcher,
    /// The codes.
    pub codes: Vec<Selector>,
}

impl PartialEq for FileIgnore {
    fn eq(&self, other: &Self) -> bool {
        self.files.glob() == other.files.glob() && self.codes == other.codes
    }
}

/// What is told, and how much it matters.
#[derive(Clone, Debug)]
pub struct Selection {
    levels: Vec<(Code, Level)>,
    per_file: Vec<FileIgnore>,
}

impl Selection {
    /// What a project chose.
    #[must_use]
    pub fn of(choice: &Choice, per_file: &[FileIgnore]) -> Self {
        let levels = selectable().map(|(code, group)| (code, choice.level(code, group)));
        Self { levels: levels.collect(), per_file: per_file.to_vec() }
    }

    /// What is made of findings of a code; what cannot be chosen is told as it is.
    #[must_use]
    pub fn level(&self, code: Code) -> Level {
        let found = self.levels.iter().find(|(own, _)| *own == code);
        found.map_or(Level::Warn, |(_, level)| *level)
    }

    /// The finding as it is told, in the file with this logical path; `None` where it is not.
    #[must_use]
    pub fn apply(&self, mut finding: Diagnostic, path: &str) -> Option<Diagnostic> {
        let level = self.level(finding.code);
        if level == Level::Allow {
            return None;
        }
        if level >= Level::Deny {
            finding.severity = Severity::Error;
        }
        let ignored = |it: &FileIgnore| {
            let named = it.codes.iter().any(|codes| codes.speaks_of(finding.code));
            named && it.files.is_match(path)
        };
        (level == Level::Forbid || !self.per_file.iter().any(ignored)).then_some(finding)
    }

    /// Whether findings of every code of `selector` are told.
    #[must_use]
    pub fn includes(&self, selector: &Selector) -> bool {
        selector.codes.iter().all(|code| self.level(*code) != Level::Allow)
    }
}

impl Default for Selection {
    /// What is told where nobody chose.
    fn default() -> Self {
        Self::of(&Choice::default(), &[])
    }
}

#[cfg(test)]
mod tests {
    use super::{Choice, Level, Selection, Selector};
    use crate::diag::codes::Code;

    fn selectors(texts: &[&str]) -> Vec<Selector> {
        texts.iter().map(|text| Selector::read(text).expect("a selector")).collect()
    }

    fn level(choice: &Choice, code: Code) -> Level {
        Selection::of(choice, &[]).level(code)
    }

    #[test]
    fn the_narrower_selector_counts() {
        let choice = Choice {
            select: Some(selectors(&["W0563"])),
            ignore: selectors(&["style"]),
            ..Choice::default()
        };
        assert_eq!(level(&choice, Code::DoubleNegation), Level::Warn);
        assert_eq!(level(&choice, Code::UnusedVariable), Level::Allow, "it was not selected");
        let choice = Choice { ignore: selectors(&["W05"]), ..Choice::default() };
        assert_eq!(level(&choice, Code::DoubleNegation), Level::Allow);
        let choice = Choice {
            select: Some(selectors(&["W0563"])),
            ignore: selectors(&["W0563"]),
            ..Choice::default()
        };
        assert_eq!(level(&choice, Code::DoubleNegation), Level::Allow, "ignoring wins");
    }

    #[test]
    fn what_is_forbidden_cannot_be_ignored() {
        let levels = |level| vec![(Selector::read("style").expect("a group"), level)];
        let ignore = selectors(&["W0563"]);
        let choice = Choice { ignore, levels: levels(Level::Forbid), ..Choice::default() };
        assert_eq!(level(&choice, Code::DoubleNegation), Level::Forbid);
        let choice = Choice { levels: levels(Level::Deny), ..choice };
        assert_eq!(level(&choice, Code::DoubleNegation), Level::Allow);
    }

    #[test]
    fn what_is_selected_more_narrowly_than_it_is_ignored_has_its_level() {
        let choice = Choice {
            select: Some(selectors(&["W0563"])),
            ignore: selectors(&["style"]),
            levels: vec![(Selector::read("style").expect("a group"), Level::Deny)],
            ..Choice::default()
        };
        assert_eq!(level(&choice, Code::DoubleNegation), Level::Deny);
        assert_eq!(level(&choice, Code::MissingRuleId), Level::Allow, "it is ignored as narrowly");
        let allowed = vec![(Selector::read("style").expect("a group"), Level::Allow)];
        let choice = Choice { levels: allowed, ..choice };
        assert_eq!(level(&choice, Code::DoubleNegation), Level::Warn);
    }

    #[test]
    fn what_is_forbidden_is_told_whatever_is_selected() {
        let levels = |text, level| (Selector::read(text).expect("a selector"), level);
        for narrower in ["style", "W0563"] {
            let choice = Choice {
                select: Some(selectors(&["bugs"])),
                levels: vec![levels("all", Level::Forbid), levels(narrower, Level::Allow)],
                ..Choice::default()
            };
            assert_eq!(level(&choice, Code::DoubleNegation), Level::Forbid);
            assert_eq!(level(&choice, Code::NoSchema), Level::Forbid);
            assert_eq!(level(&choice, Code::AllowByDefault), Level::Forbid);
        }
    }

    #[test]
    fn a_level_of_all_chooses_nothing() {
        let levels = |text, level| vec![(Selector::read(text).expect("a selector"), level)];
        let deny = Choice { levels: levels("all", Level::Deny), ..Choice::default() };
        assert_eq!(level(&deny, Code::DoubleNegation), Level::Deny);
        assert_eq!(level(&deny, Code::MissingOwner), Level::Allow, "nobody chose `pedantic`");
        let bugs = Choice { select: Some(selectors(&["bugs"])), ..deny.clone() };
        assert_eq!(level(&bugs, Code::DoubleNegation), Level::Allow, "it was not selected");
        let both = Choice { extend_select: selectors(&["pedantic"]), ..deny };
        assert_eq!(level(&both, Code::MissingOwner), Level::Deny);
        let own = Choice { levels: levels("pedantic", Level::Deny), ..Choice::default() };
        assert_eq!(level(&own, Code::MissingOwner), Level::Deny, "that names it");
        let all = Choice { select: Some(selectors(&["all"])), ..Choice::default() };
        assert_eq!(level(&all, Code::MissingOwner), Level::Warn, "who selects all wants all");
    }

    #[test]
    fn a_command_line_goes_before_a_configuration() {
        let own = Choice {
            levels: vec![(Selector::read("style").expect("a group"), Level::Deny)],
            select: Some(selectors(&["unused"])),
            ..Choice::default()
        };
        let line = Choice {
            levels: vec![(Selector::read("style").expect("a group"), Level::Warn)],
            select: Some(selectors(&["all"])),
            ..Choice::default()
        };
        let both = own.with(line);
        assert_eq!(level(&both, Code::DoubleNegation), Level::Warn);
        assert_eq!(level(&both, Code::NoSchema), Level::Warn);
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let wrong = |text| Selector::read(text).expect_err(text);
        assert_eq!(wrong("w0563"), "no lint is called `w0563`, did you mean `W0563`?");
        assert_eq!(wrong("E0302"), "`E0302` cannot be chosen: E0302 is always told");
        assert_eq!(wrong("stile"), "no lint is called `stile`, did you mean `style`?");
        assert!(wrong("").starts_with("no lint is called ``"));
    }
}
