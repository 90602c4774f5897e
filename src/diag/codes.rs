//! The one table of codes.
//!
//! The enum, its text form, severities, titles and the pages of `policyc explain` derive from it.
//! A row without a page in `docs/codes/` does not compile. Codes are never renumbered or reused;
//! a retired one keeps its row.
//!
//! Families: E01 tokens and grammar, E02 documents, E03 types, E04 names and schema, E06 limits,
//! W05 lints, R07 loading bundles, R08 evaluation and input, P09 tools.

use crate::diag::diagnostic::Severity;

/// Calls `$emit!` with every row: code, variant, severity, title.
macro_rules! for_each_code {
    ($emit:ident) => {
        $emit! {
            E0101 UnclosedString Error "a string is never closed"
            E0102 UnclosedBracket Error "a bracket is never closed"
            E0103 ReservedWord Error "a reserved word is used as a name"
            E0104 Assignment Error "CEL has no assignment"
            E0105 WordOperator Error "an operator is spelled as a word"
            E0106 InvisibleCharacter Error "an invisible character changes how a line reads"
            E0107 UnexpectedToken Error "something else was expected here"
            E0108 UnknownCharacter Error "a character that CEL does not have"
            E0109 BadEscape Error "an escape that CEL does not have"
            E0110 BadNumber Error "a number that CEL cannot hold"
            E0111 MacroArgument Error "a macro was given an argument it cannot use"
            E0112 EmptyExpression Error "an expression is empty"
            E0113 ExpectedName Error "a name was expected here"
            E0201 DuplicateKey Error "a key is given twice"
            E0202 UnknownKey Error "a key that this mapping does not have"
            E0203 YamlSyntax Error "the document is not YAML"
            E0204 MissingKey Error "a key is missing"
            E0205 WrongNode Error "a value of another kind was expected"
            E0206 YamlFeature Error "a YAML feature that policies may not use"
            E0207 NotUtf8 Error "a file is not UTF-8 text"
            E0208 EmptySource Error "a source holds no policy"
            E0209 YamlReadFirst Error "YAML read this before CEL did"
            E0210 BadValue Error "a key has a value that it cannot have"
            E0211 Conflict Error "two parts of a project contradict each other"
            E0212 Unreachable Error "an output can never be reached"
            E0213 NotBuilt Error "a part of the language that this version does not support"
            E0214 UnknownTool Error "a tool that is not declared"
            E0215 BadMessage Error "a message template cannot be read"
            E0216 UnknownLabel Error "a label that is not declared"
            E0217 EmptySink Error "a sink that no declared tool has"
            E0218 UnknownMeter Error "a meter or a limit that is not declared"
            E0219 UnknownStep Error "a step that the plan does not have"
            E0220 UnknownRule Error "an answer to a rule that no document has"
            E0221 BadOffer Error "an offer that no call can be"
            E0222 QuotedValue Error "an answer that would quote what an attacker may have written"
            E0223 NotUndone Error "a plan that would go back to a step that nothing undoes"
            E0224 UnknownSanitizer Error "a sanitizer that is not declared"
            E0301 NotBool Error "a condition is not true or false"
            E0302 UnknownField Error "a field that does not exist"
            E0303 NotComparable Error "two values that cannot be compared"
            E0304 NoOperator Error "an operator that these types do not have"
            E0305 WrongArguments Error "a function called with arguments it does not take"
            E0306 BadPattern Error "a pattern that RE2 does not have"
            E0307 NotIterable Error "a value that cannot be walked through"
            E0308 WrongType Error "a value of another type was expected"
            E0309 IncompatibleOutputs Error "outputs of different types"
            E0310 DecisionPlace Error "a decision where none can be"
            E0311 BadLiteral Error "a literal that its type cannot hold"
            E0312 DynNotAllowed Error "a type that nobody wrote, in strict mode"
            E0313 MixedElements Error "elements of different types, which the environment forbids"
            E0314 InvariantBroken Error "an invariant does not hold"
            E0401 UnknownFunction Error "a function that does not exist"
            E0402 UnknownName Error "a name that nothing declares"
            E0403 UnknownType Error "a type that does not exist"
            E0404 BadSchema Error "a schema that cannot be used"
            E0405 Shadowed Error "a name that is already taken"
            E0406 UnknownExtension Error "a library or version that does not exist"
            E0407 WrongPhase Error "a field that does not exist in this phase"
            E0408 Overlap Error "a variable is declared twice"
            E0409 SensitiveQuoted Error "a message quotes what the schema marks as sensitive"
            E0410 BadProto Error "a `.proto` file that cannot be used"
            E0411 UnknownPath Error "a path to withhold at which nothing lies"
            E0412 RedactionClass Error "a value that cannot be withheld so"
            E0413 RedactionOverlap Error "a value that is withheld twice"
            E0601 CostLimit Error "a rule may cost too much"
            E0602 TooLong Error "a source is too long"
            E0603 TooDeep Error "a source is nested too deeply"
            E0604 TooMany Error "a bundle would hold too many entries"
            W0510 NoSchema Warning "a policy without a schema"
            W0511 Metered Warning "cost is counted while the policy runs"
            W0512 SchemaGap Warning "a part of a schema that types cannot express"
            W0513 MissingRuleId Warning "a rule without an id"
            W0514 YamlBoolean Warning "a word that older YAML reads as a boolean"
            W0515 DynamicPattern Warning "a pattern is compiled when it is met"
            W0516 AllowByDefault Warning "whatever no rule speaks about is allowed"
            W0517 LintGivenUp Note "a question of a lint was given up"
            W0518 AlwaysFails Warning "a part of an expression fails on every input"
            W0519 Unenforced Warning "a bound of a schema that nothing enforces"
            W0520 AlwaysHolds Warning "a condition always holds"
            W0521 NeverHolds Warning "a condition never holds"
            W0522 IdlePart Warning "a part of a condition changes nothing"
            W0523 NeverDecides Warning "a rule that never decides"
            W0524 Contradiction Warning "two rules say different things of the same inputs"
            W0525 DuplicateRule Warning "a rule that is there twice"
            W0526 NeverForTool Warning "a rule that never fires for a tool that it names"
            W0527 MissingData Warning "a rule that fails where data are missing"
            W0528 FailsOpen Warning "a guard lets a call through where a value is missing"
            W0529 UnwrittenDefault Warning "nothing written says what happens when no rule speaks"
            W0530 WildcardAllow Warning "an allow reaches a tool that acts by a wildcard"
            W0531 TextComparison Warning "an amount or an identity is compared as text"
            W0532 ShellPattern Warning "a command of a shell is judged by its text"
            W0533 UnanchoredPattern Warning "a pattern without ends lets a call through"
            W0534 LooseMatch Warning "a host or a path is judged by a piece of its text"
            W0535 SecretInReason Warning "a message tells what its name calls a secret"
            W0536 Confusable Warning "a letter looks like another"
            W0537 FoldedComment Warning "a comment takes the lines behind it along"
            W0540 NestedLoops Warning "all pairs of two lists are looked at"
            W0541 TimeWithoutZone Warning "a part of a time without a zone"
            W0542 RepeatedSearch Warning "a long list is searched in every turn of a loop"
            W0550 UnusedVariable Warning "a variable that nothing uses"
            W0551 UnusedTool Warning "a tool that no rule speaks of"
            W0552 UnusedDeclaration Warning "a declaration that nothing uses"
            W0553 UnknownTag Warning "a tag that the project does not have"
            W0554 MissingReason Warning "a rule gives no reason"
            W0555 MissingOwner Warning "a rule has no owner"
            W0556 UnusedSuppression Warning "a suppression that nothing needs"
            W0557 BareSuppression Warning "a suppression without a reason"
            W0558 InvariantOpen Warning "nobody knows whether an invariant holds"
            W0559 InvariantIdle Warning "an invariant that says nothing"
            W0560 IdNaming Warning "an id is written in another manner than most"
            W0561 RedundantParentheses Warning "parentheses around what needs none"
            W0562 BoolComparison Warning "a bool is compared with true or false"
            W0563 DoubleNegation Warning "a condition is negated twice"
            W0564 SizeComparison Warning "a size is compared with 0 in a roundabout way"
            W0565 PresenceChain Warning "a chain of questions whether a value is there"
            W0566 NegatedComparison Warning "an equality is negated"
            W0567 SingleMembership Warning "a list of one element is searched"
            W0568 EqualityChain Warning "one value is compared with many literals, one by one"
            W0569 BoolConditional Warning "a bool decides between true and false"
            W0570 OpenTarget Warning "a step of a plan takes any target"
            W0571 TaintedSink Warning "what nobody trusts flows to a target or leaves"
            W0572 UnboundedStep Warning "a step acts any number of times"
            W0573 IrreversibleFirst Warning "what destroys does not wait for what it goes by"
            W0574 DeadStep Warning "no call is ever a step"
            W0575 SplitLimit Warning "another tool goes around a limit"
            W0576 WildcardCapability Warning "a pattern grants a role a tool that acts"
            W0577 Echo Warning "a tool gives back what it stores as if it were clean"
            W0578 UnusedGrant Warning "a role may call what the plan never does"
            W0579 WideSanitizer Warning "labels of several families are taken away at once"
            W0580 TrustedModel Warning "what the model makes up names whom a call acts on"
            W0581 TrustedRest Warning "what nobody lists of an output is trusted"
            W0582 ReadBack Warning "what one tool writes, another gives back as if it were clean"
            W0583 UnsaidOutput Warning "nobody says what a tool gives that acts"
            W0584 UnaskedLabel Warning "no rule asks for a label"
            W0585 UnreadTarget Warning "nobody asks whether all may read it who get it"
            W0586 WideApproval Warning "one approval is for many calls, whatever their arguments"
            W0587 TrustedExcuse Warning "what the model makes up is excused"
            W0588 UnwatchedTool Warning "no rule of `flow` looks at what a tool is called with"
            W0589 AddressRead Warning "a tool that is said to only read gets an address"
            W0590 FreeKey Warning "whoever makes a call chooses its meter's key"
            W0591 IdleApproval Warning "nobody counts the approvals that an escalation speaks of"
            W0592 OpenWorld Warning "a step lets through what a closed world does not"
            W0593 UnusedCapability Warning "a role may call what it never did when it was recorded"
            W0594 WrittenText Warning "somebody wrote what is trusted of an output"
            W0595 UnusedStep Warning "a plan lets through what no recorded session did"
            W0596 VainGrant Warning "no rule allows what a rule escalates"
            W0597 NullOptional Warning "an optional is compared with null"
            R0701 NotABundle Error "a file is not a bundle"
            R0702 NewerBundle Error "a bundle of another version"
            R0703 Damaged Error "a bundle is damaged"
            R0704 Refused Error "a bundle was refused by the verifier"
            R0705 TooLarge Error "a bundle is too large"
            R0706 BadEnvelope Error "signatures that cannot be read"
            R0707 NotTrusted Error "a bundle that is not trusted"
            R0708 RolledBack Error "an older bundle than before"
            R0709 BadTrustState Error "a memory of versions that cannot be used"
            R0801 Input Error "a context that cannot be read"
            R0802 NoSuchKey Error "a key or field that is not there"
            R0803 NoSuchOverload Error "values of types that this does not take"
            R0804 Overflow Error "a number out of range"
            R0805 DivideByZero Error "a division by zero"
            R0806 OutOfRange Error "an index out of range"
            R0807 BadConversion Error "a value that cannot be converted"
            R0808 DuplicateMapKey Error "a map with a key given twice"
            R0809 Budget Error "a decision used up its budget"
            R0810 Pending Error "a host function has no result yet"
            R0811 RunTimePattern Error "a pattern that cannot be used"
            R0812 UnknownZone Error "a time zone that does not exist"
            R0813 NoValue Error "an optional that holds nothing"
            R0814 InvalidArgument Error "an argument out of its range"
            R0815 Unrecorded Error "a decision that could not be recorded"
            R0816 InvalidKey Error "a key that a map cannot have"
            P0901 Unreadable Error "a file cannot be read"
            P0902 NoPolicies Error "no policy was found"
            P0903 BadContext Error "a context file cannot be used"
            P0904 TestFailed Error "a test failed"
            P0905 BadTestFile Error "a test file cannot be used"
            P0906 Unwritable Error "a file cannot be written"
            P0907 UnknownCode Error "a code that does not exist"
            P0908 BadUsage Error "a command line that cannot be understood"
            P0909 BadConfiguration Error "a configuration that cannot be used"
            P0910 BadBaseline Error "a baseline that cannot be compared with"
            P0911 BadRevision Error "a revision that cannot be built"
            P0912 Regression Error "a decision takes more than before"
            P0913 OverBudget Error "a decision takes more than the project allows"
            P0914 BadRecord Error "a line that is no record"
            P0915 Mismatch Error "a decision that differs from its record"
            P0916 BrokenChain Error "a log that was changed after it was written"
            P0917 BadVault Error "a vault or a key that cannot be used"
            P0918 OutOfOrder Error "records that do not follow one another"
            P0919 Unverifiable Warning "a record that nobody can verify"
            P0920 BadEvent Error "an event that cannot be imported"
            P0921 UnlikeSchema Error "a record that is not as its schema says"
            P0922 UnlikeBundle Error "a record that does not fit its bundle"
            P0923 DamagedLog Error "an audit log that is damaged"
            P0924 LostLines Error "an audit log that does not hold what a checkpoint says"
            P0925 BadProof Error "a proof that proves nothing"
            P0926 BadNote Error "a checkpoint, a proof or a key that cannot be read"
            P0927 UnsignedLines Warning "lines of an audit log that no signature vouches for"
            P0928 BadRegistry Error "a registry that does not do what it was asked for"
            P0930 BadTrustPolicy Error "a trust policy that cannot be used"
            P0931 BadKey Error "a key that cannot be used"
            P0932 BadFact Error "a result of a host function that cannot be used"
            P0933 BadSolver Error "a solver that cannot be used"
            P0940 StepDenied Error "a step of a plan that is always denied"
            P0941 StepAsked Warning "a step of a plan that somebody is always asked about"
            P0942 PlanRefused Error "a plan that a session does not take"
            P0943 Unlearned Error "sessions that nothing is learned from"
        }
    };
}

macro_rules! emit_codes {
    ($($id:ident $name:ident $severity:ident $title:literal)*) => {
        /// What kind of finding a diagnostic is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {$(
            #[doc = concat!(stringify!($id), ": ", $title, ".")]
            $name,
        )*}

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The text form, as `E0302`.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {$(Self::$name => stringify!($id),)*}
            }

            /// How much a finding of this kind matters unless configuration says otherwise.
            #[must_use]
            pub const fn severity(self) -> Severity {
                match self {$(Self::$name => Severity::$severity,)*}
            }

            /// The fact in general, without a full stop.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self {$(Self::$name => $title,)*}
            }

            /// The page of `policyc explain`: Markdown.
            #[must_use]
            pub const fn page(self) -> &'static str {
                match self {$(
                    Self::$name =>
                        include_str!(concat!("../../docs/codes/", stringify!($id), ".md")),
                )*}
            }
        }
    };
}

for_each_code!(emit_codes);

impl Code {
    /// Whether it is about tokens and grammar.
    #[must_use]
    pub fn is_syntax(self) -> bool {
        self.id().starts_with("E01")
    }

    /// The code with this text form; upper or lower case.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}
