//! Every ceiling, with its unit and its reason. Source: the limits table of `docs/limits.md`.
//!
//! A trust policy may lower them, nothing raises them.

/// Largest source file. Ten thousand rules are about 2 MiB.
pub const SOURCE_BYTES_MAX: usize = 16 << 20;
/// Longest expression.
pub const EXPRESSION_CODE_POINTS_MAX: usize = 100_000;
/// Deepest nesting of an expression, counted also along left and right chains.
/// The minimum that CEL asks for is 12 to 32.
pub const EXPRESSION_DEPTH_MAX: u32 = 250;
/// Most comprehensions inside one another.
pub const COMPREHENSION_DEPTH_MAX: u32 = 4;
/// Most syntax errors reported for one expression: after that they are noise.
pub const SYNTAX_ERRORS_MAX: usize = 30;
/// Most diagnostics kept in one run.
pub const DIAGNOSTICS_MAX: usize = 1_000;
/// Most findings held before it is known which of them are told.
pub const FINDINGS_MAX: usize = 100_000;

/// Largest file in which `policyc check` keeps what it found: `DIAGNOSTICS_MAX` findings are less
/// than a MiB.
pub const KEPT_BYTES_MAX: usize = 4 << 20;
/// Most such files in one directory; beyond it the older half goes.
pub const KEPT_FILES_MAX: usize = 256;

/// Deepest nesting of a YAML document.
pub const YAML_DEPTH_MAX: usize = 64;
/// Most nodes of a YAML document.
pub const YAML_NODES_MAX: usize = 1_000_000;
/// Longest YAML scalar.
pub const YAML_SCALAR_BYTES_MAX: usize = 256 << 10;

/// Deepest nesting of brackets in a `.proto` file; messages may nest 31 deep.
pub const PROTO_DEPTH_MAX: usize = 128;

/// Deepest nesting of a JSON Schema, references followed.
pub const SCHEMA_DEPTH_MAX: usize = 64;
/// Most documents that name one another as their schema.
pub const SCHEMA_CHAIN_MAX: usize = 8;
/// Deepest nesting of types that are compared; deeper ones do not fit.
pub const TYPE_DEPTH_MAX: u32 = 48;
/// Most comparisons that one question about types may take.
pub const TYPE_STEPS_MAX: u32 = 4_096;
/// Most nodes of a type that is made; a larger one is `dyn`.
pub const TYPE_NODES_MAX: u32 = 256;
/// Text that folding one expression may build, in bytes.
pub const FOLDED_TEXT_BYTES_MAX: usize = 64 << 10;
/// Most elements that folding one expression may build.
pub const FOLDED_ELEMENTS_MAX: usize = 4_096;
/// Most cases that one matrix of a test file may expand to.
pub const MATRIX_CASES_MAX: usize = 10_000;

/// Largest bundle.
pub const BUNDLE_BYTES_MAX: usize = 16 << 20;
/// Most sections of a bundle.
pub const SECTIONS_MAX: u32 = 16;
/// Most strings of a bundle. They are named by four bytes, so that only memory bounds them.
pub const STRINGS_MAX: usize = 1 << 20;
/// Most requirements of a bundle, of all rules and outputs together.
pub const REQUIREMENTS_MAX: usize = 1 << 20;
/// Most instructions of a bundle, of all functions together.
pub const CODE_INSTRUCTIONS_MAX: usize = 1 << 20;
/// Most elements of list and map constants of a bundle, of all constants together.
pub const CONSTANT_ELEMENTS_MAX: usize = 1 << 20;
/// Most memory, in bytes, that decoding the debug section may claim: an entry takes up to eight
/// times its bytes.
pub const DEBUG_DECODED_BYTES_MAX: usize = 128 << 20;
const _: () = assert!(DEBUG_DECODED_BYTES_MAX == 8 * BUNDLE_BYTES_MAX, "eight times a bundle");
/// Most entries of a table that 16-bit operands point into; the last index is a mark.
pub const TABLE_ENTRIES_MAX: usize = 65_535;
/// Most values in the file of a scratch: slots first, registers after.
/// 16 384 values of 16 bytes keep it at 256 KiB, inside a second-level cache.
pub const FILE_VALUES_MAX: usize = 16_384;
const _: () = assert!(FILE_VALUES_MAX <= 1 << 16, "an operand names a value in two bytes");
/// Most instructions of one function: the last four targets are marks, and none of them is the end.
pub const FUNCTION_INSTRUCTIONS_MAX: usize = 65_531;
/// Deepest nesting of loops that the verifier accepts.
pub const LOOP_DEPTH_MAX: usize = 8;
/// Deepest chain of calls between functions of a bundle.
pub const CALL_DEPTH_MAX: usize = 16;
/// Most cursors and builders that one decision can hold.
pub const CURSORS_MAX: usize = 1_024;
/// Deepest nesting of constants and types in a bundle.
pub const CONSTANT_DEPTH_MAX: usize = 32;
/// Most patterns in the index: a tool that the bundle does not name is compared with each.
pub const INDEX_PATTERNS_MAX: usize = 1_024;
/// Most rules about what records withhold: each is compared with the members of a context.
pub const REDACTIONS_MAX: usize = 1_024;
/// Most labels of data: a set of them is half a kilobyte, and every field of an output has one.
pub const LABELS_MAX: usize = 4_096;
/// Steps that verification may take for each entry of a table, each instruction and each byte of a
/// constant. A jump copies what is known of the registers, so a function of many registers and
/// many jumps takes the most.
pub const VERIFY_STEPS_PER_ENTRY: usize = 1_024;
/// Steps of verification that every bundle gets.
pub const VERIFY_STEPS_MIN: usize = 1 << 16;
/// Most registers that verification keeps of ways that wait for the instruction they lead to.
pub const VERIFY_WAITING_MAX: usize = 1 << 20;
/// Most memory, in bytes, of all patterns of a bundle that have no dense automaton.
pub const SIMULATED_BYTES_MAX: usize = 32 << 20;
/// Most questions about types that the lists of rules of a bundle ask, each list by itself.
pub const LISTS_ASKED_MAX: usize = 1 << 22;

/// Largest trust policy, in bytes: its keys and bundles take a few hundred each.
pub const TRUST_POLICY_BYTES_MAX: usize = 256 << 10;
/// Most keys of a trust policy. Each is tried on each signature of an envelope.
pub const TRUST_KEYS_MAX: usize = 64;
/// Most rows about bundles of a trust policy: each is compared with the name of a bundle.
pub const TRUST_BUNDLES_MAX: usize = 1_024;
/// Largest file that remembers versions, in bytes: a name takes a hundred and its own.
pub const TRUST_STATE_BYTES_MAX: usize = 1 << 20;
/// Largest envelope of signatures, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 64 << 10;
/// Most signatures of an envelope: checking one takes some forty microseconds.
pub const ENVELOPE_SIGNATURES_MAX: usize = 16;
/// Largest envelope of an attestation, in bytes: a source takes some two hundred.
pub const ATTESTATION_BYTES_MAX: usize = 1 << 20;
/// A secret or public key, or a passphrase, in a file, in bytes.
pub const SECRET_BYTES_MAX: usize = 16 << 10;
/// Longest name, in bytes, under which a bundle is signed.
pub const BUNDLE_NAME_BYTES_MAX: usize = 256;

/// Largest context, in bytes.
pub const CONTEXT_BYTES_MAX: usize = 1 << 20;
/// Largest event of a session, in bytes.
pub const SESSION_EVENT_BYTES_MAX: usize = 4 << 20;
/// Most bytes of text that a session keeps to find values again: outputs, and the ways to them.
pub const SESSION_TEXT_BYTES_MAX: usize = 8 << 20;
/// Most bytes of all pointers to the values of one output, or of the arguments of one call.
pub const SESSION_POINTER_BYTES_MAX: usize = 16 << 20;
/// Most texts that a session keeps.
pub const SESSION_FIELDS_MAX: usize = 1 << 18;
/// Most bytes of all that a session keeps, as `State::bytes` counts them: texts, with where each of
/// their words stands, take most of it.
pub const SESSION_BYTES_MAX: usize = 64 << 20;
/// Most calls of a session.
pub const SESSION_CALLS_MAX: usize = 1 << 16;
/// Most bytes that are compared to find the values of one call; beyond it they may be anywhere.
pub const SESSION_MATCH_BYTES_MAX: usize = 4 << 20;
/// Most elements of an output that are asked one by one whether they carry what is declared.
pub const SESSION_ELEMENTS_MAX: usize = 1 << 12;
/// Most places that are told of where a value was found.
pub const SESSION_SOURCES_MAX: usize = 16;
/// Most links that are told of the chain of one value.
pub const SESSION_LINKS_MAX: usize = 32;
/// Most questions to approvers that a session keeps.
pub const SESSION_ASKS_MAX: usize = 1 << 10;
/// Seconds for which what approvers grant holds, where its policy says nothing.
pub const GRANT_SECONDS: i64 = 3_600;
/// Most calls of host functions that a pending decision tells; those beyond are told when it is
/// decided again.
pub const HOST_CALLS_MAX: usize = 64;
/// Most bytes of their arguments. Those of the first are told whatever they take.
pub const HOST_CALL_BYTES_MAX: usize = 256 << 10;
/// Most results of host functions, and calls of them that wait for one, that a session keeps.
pub const SESSION_FACTS_MAX: usize = 1 << 12;
/// Most bytes of the results that a session keeps.
pub const SESSION_FACT_BYTES_MAX: usize = 8 << 20;
/// Most steps of a plan.
pub const PLAN_STEPS_MAX: usize = 1 << 8;
/// Most questions to approvers that one rule may ask in a time of its choice.
pub const FATIGUE_MAX: u32 = 1 << 10;
/// Most calls that are offered in the place of one that was denied.
pub const OFFERS_MAX: usize = 1 << 3;
/// Most letters that a question quotes of one value.
pub const QUOTED_LETTERS_MAX: usize = 1 << 8;
/// Most plans that come at run time in one session.
pub const SESSION_PLANS_MAX: usize = 1 << 4;
/// Most beginnings of keys that a session tells apart, of which it does not know the rest.
pub const SESSION_STORED_OPEN_MAX: usize = 1 << 6;
/// Most names of those who may read a part of an output; beyond it nobody may.
pub const SESSION_READERS_MAX: usize = 1 << 10;
/// Most bytes of the value of a parameter of a plan, as JSON.
pub const SESSION_PARAM_BYTES_MAX: usize = 1 << 12;
/// Most buckets of the window of a meter that slides.
pub const METER_BUCKETS_MAX: i64 = 1 << 10;
/// Most keys under which a meter counts, where its policy says nothing.
pub const METER_KEYS: u32 = 1 << 10;
/// Most keys under which any meter counts.
pub const METER_KEYS_MAX: u32 = 1 << 16;
/// Longest key of a meter, in bytes.
pub const METER_KEY_BYTES_MAX: usize = 1 << 10;
/// Longest id of a call, in bytes.
pub const SESSION_ID_BYTES_MAX: usize = 256;
/// Longest line of a file of records, in bytes: a refused context takes a third more than it is.
pub const RECORD_BYTES_MAX: usize = 4 << 20;
/// Most bytes of such a line as it is written, before it says of its chain what it may.
pub const RECORD_UNCHAINED_BYTES_MAX: usize = 4_192_256;
const _: () =
    assert!(RECORD_UNCHAINED_BYTES_MAX + (2 << 10) == RECORD_BYTES_MAX, "room for chains");
/// Most bytes of records that wait for a log to write them, unless one alone has more.
pub const RECORD_QUEUE_BYTES_MAX: usize = 64 << 20;
/// Most that a record counts, numbers of records among it: all who read JSON have it exactly, and
/// no sum of a few wraps.
pub const RECORD_COUNT_MAX: u64 = 9_007_199_254_740_991;
/// Most links of chains, and most places with labels, that the record of one call tells.
pub const RECORD_LINKS_MAX: usize = 256;
/// Most bytes of a frame of a packed file, packed or not: several of the longest lines.
pub const PACKED_BYTES_MAX: usize = 16 << 20;
/// The manifest of a bundle in a registry, in bytes.
pub const MANIFEST_BYTES_MAX: usize = 64 << 10;
/// What a registry gives to those whom it lets in, in bytes.
pub const TOKEN_BYTES_MAX: usize = 64 << 10;
/// A signed note in bytes: sixteen signatures, also such as no quantum computer forges, fit.
pub const NOTE_BYTES_MAX: usize = 128 << 10;
/// Bytes behind a frame that is not whole, for it to be asked whether a loss of power left them.
pub const AUDIT_TORN_BYTES_MAX: usize = 256 << 20;
/// Bytes of an audit log that are handed to the system and not synced: a loss of power leaves no
/// more than can be asked for what it left.
pub const AUDIT_LOOSE_BYTES_MAX: usize = 64 << 20;
/// The names that begin a segment of an audit log, in bytes: its writer, and where it comes from.
pub const AUDIT_NAME_BYTES_MAX: usize = 256;
/// Most writers whose chains are looked at together: each takes some hundred bytes.
pub const CHAIN_WRITERS_MAX: usize = 10_000;
/// Longest name of a writer, in bytes, whose chain is looked at.
pub const CHAIN_WRITER_BYTES_MAX: usize = 256;
/// Most lines in front of the first block of a piece of a log that can be joined with the piece
/// before: 2 MiB of digests, and a block of 1 MiB has fewer lines.
pub const CHAIN_HEAD_LINES_MAX: usize = 65_536;
/// Most bytes of an event of a foreign log, or of the object that envelops events: OpenTelemetry's
/// collector writes a batch of thousands of spans on one line.
pub const IMPORT_EVENT_BYTES_MAX: usize = 64 << 20;
/// Deepest nesting of a context.
pub const CONTEXT_DEPTH_MAX: usize = 64;
/// Deepest nesting of a message in the bytes of Protocol Buffers.
pub const WIRE_DEPTH_MAX: usize = 64;
/// Most values in a context.
pub const CONTEXT_NODES_MAX: usize = 100_000;
/// Size of the text that one decision may build.
pub const ARENA_BYTES_MAX: usize = 4 << 20;
/// Bytes of text and elements that terms may build in one decision, counted whenever an atom reads
/// one; beyond it rules are run, so that what they build fills the store as it always would.
pub const TERMS_BYTES_MAX: usize = 256 << 10;
/// Most values in lists and maps that one decision may read or build.
pub const ELEMENTS_MAX: usize = 400_000;
/// Cost units that one rule may use.
pub const RULE_COST_MAX: u64 = 1_000_000;
/// Cost units that one decision may use.
pub const DECISION_COST_MAX: u64 = 10_000_000;
/// Most instructions that one decision about unknown values may run, all ways together; beyond it
/// nothing is told. What `DECISION_COST_MAX` allows to run on one way runs on four.
pub const PARTIAL_STEPS_MAX: u64 = 40_000_000;
/// Elements that a list without a declared maximum counts as in static costs.
pub const LIST_LENGTH_ASSUMED: u64 = 100_000;
/// Bytes that a text without a declared maximum counts as in static costs.
pub const TEXT_BYTES_ASSUMED: u64 = 4_096;
/// Longest message of a decision, in bytes. It is memory of every scratch, though untouched until
/// it is needed.
pub const REASON_BYTES_MAX: usize = 64 << 10;
/// Longest value of `messageExpression` that is a message, in bytes: that of Kubernetes.
pub const MESSAGE_EXPRESSION_BYTES_MAX: usize = 5 << 10;
/// Largest dense automaton of one pattern, in bytes.
pub const DFA_BYTES_MAX: usize = 256 << 10;
/// Deepest nesting of a value that is compared or printed. Contexts and constants stay far below;
/// only variables that wrap one another come here.
pub const VALUE_DEPTH_MAX: u32 = 256;
/// Most values that one comparison visits. Values may share parts, so walking one may take far
/// more steps than it has elements.
pub const VALUE_STEPS_MAX: u32 = 1 << 20;
/// Largest automaton of a pattern that has no dense one, in bytes.
pub const NFA_BYTES_MAX: usize = 256 << 10;
/// Memory that building a dense automaton may take, in bytes; more means no dense automaton.
pub const DETERMINIZE_BYTES_MAX: usize = 2 << 20;
/// Longest pattern, in bytes.
pub const PATTERN_BYTES_MAX: usize = 16 << 10;
/// Deepest nesting of groups in a pattern.
pub const PATTERN_DEPTH_MAX: u32 = 100;

/// Most operations on operations that a question about all inputs looks into; deeper ones stay as
/// they are.
pub const SOLVE_TERM_DEPTH_MAX: u32 = 64;
/// Most terms that meet in one register and are told apart.
pub const SOLVE_WAYS_MAX: usize = 16;
/// Most states that are tried to find a text with given properties.
pub const SOLVE_TEXT_STATES_MAX: usize = 100_000;
/// Conflicts and restarts after which one question to the solver is given up.
pub const SOLVE_STEPS_MAX: u64 = 1_000_000;
/// Most elements of one list that are told apart; loops over one list beyond it stay open.
pub const SOLVE_TURNS_MAX: u8 = 8;
/// Most attempts to make an input of what the solver found.
pub const SOLVE_ROUNDS_MAX: usize = 400;
/// Longest question to another solver, in bytes: 10 000 rules make 20 MiB.
pub const SOLVER_SCRIPT_BYTES_MAX: usize = 64 << 20;
/// Longest answer of another solver, in bytes: a value for every place of two bundles.
pub const SOLVER_ANSWER_BYTES_MAX: usize = 16 << 20;
/// Most seconds that another solver may take for a question.
pub const SOLVER_SECONDS_MAX: u64 = 3_600;
/// As `SOLVE_ROUNDS_MAX`, for a question of a lint: they ask several of every rule, and say nothing
/// where they do not know.
pub const LINT_ROUNDS_MAX: usize = 12;
/// As `SOLVE_STEPS_MAX`, for a question of a lint.
pub const LINT_STEPS_MAX: u64 = 20_000;
/// Most ends of the ways through a CEL Policy document about which invariants are proved.
pub const CLAIM_ENDS_MAX: usize = 128;
/// Most elements of given lists that tests are carried out on in one question.
pub const NEAR_ELEMENTS_MAX: usize = 10_000;
/// Most sessions that a replay folds at a time.
pub const REPLAY_SESSIONS_MAX: usize = 1 << 12;
/// Most bytes that the states of these keep, and the records that wait, but for one session a
/// shard.
pub const REPLAY_SESSION_BYTES_MAX: usize = 256 << 20;
/// Most records of a session that wait for one that belongs in front of them.
pub const REPLAY_PENDING_MAX: usize = 64;
/// Most sessions, and most writers of records, whose order is looked at together.
pub const LINT_SESSIONS_MAX: usize = 100_000;
/// Most misfits of a kind that are told of one line of records.
pub const LINT_REMARKS_MAX: usize = 50;
/// Most places that are changed together to flip a decision.
pub const FLIP_CHANGES_MAX: usize = 4;
/// Most inputs that are tried for one set of changed places.
pub const FLIP_TRIES_MAX: usize = 2_000;

/// Longest message of an editor, in bytes: a source, every byte of it escaped.
pub const EDITOR_MESSAGE_BYTES_MAX: u64 = 96 << 20;
/// Longest header in front of a message of an editor, in bytes.
pub const EDITOR_HEADER_BYTES_MAX: u64 = 8_192;
