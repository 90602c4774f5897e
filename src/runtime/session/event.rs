//! Events of a session: one JSON object a line.
//!
//! In:      a line.
//! Out:     `Event`, or what is wrong with it.
//! Imports: `base`, `lang`, `runtime::vm`.
//! Source:  `docs/sessions.md`, "Events".

use std::borrow::Cow;
use std::fmt;

use crate::base::hex;
use crate::base::limits::{SESSION_EVENT_BYTES_MAX, SESSION_ID_BYTES_MAX, SESSION_SOURCES_MAX};
use crate::lang::session::MEMBERS;
use crate::lang::value::time;
use crate::runtime::session::json::{count, items, members, string};
use crate::runtime::vm::hosts::Arguments;
use crate::runtime::vm::request::error::InputKind;

/// Something that happened, with its number and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// Its number: greater than that of the event before.
    pub seq: u64,
    /// Seconds and nanoseconds since the epoch.
    pub ts: (i64, u32),
    /// What happened.
    pub kind: EventKind<'a>,
}

/// Pointers into the arguments, and handles of the places that their values came from.
pub type Refs<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

/// What happened. Values are JSON as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventKind<'a> {
    /// The principal said something.
    Prompt {
        /// Who; as before where it is not written.
        principal: Option<&'a str>,
        /// What.
        text: Cow<'a, str>,
    },
    /// The agent wants to call a tool.
    Request {
        /// Id of the call.
        call: Cow<'a, str>,
        /// `{tool, args, ..}`.
        action: &'a str,
        /// Where arguments came from, as the host knows: pointer, and `CALL#POINTER`.
        refs: Refs<'a>,
        /// Roots of the context beside `action`, as far as a policy reads them: name and value.
        context: Vec<(Cow<'a, str>, &'a str)>,
    },
    /// A tool answered, or failed.
    Response {
        /// Id of the call.
        call: Cow<'a, str>,
        /// What it gave: JSON. Without it there is an `error`.
        out: Option<&'a str>,
        /// What it said when it failed; there may be an `out` beside it.
        error: Option<Cow<'a, str>>,
        /// Whether the host knows that nothing was done.
        undone: bool,
    },
    /// Somebody granted or refused what was escalated.
    Approval {
        /// What it is for: the digest that was asked about.
        ask: [u8; 32],
        /// Who says so, as the host knows it.
        by: Cow<'a, str>,
        /// The roles that the host vouches for.
        roles: Vec<Cow<'a, str>>,
        /// What.
        verdict: Verdict,
    },
    /// A function of the host gave a result.
    Fact(Fact<'a>),
    /// A plan that narrows what may be done; what the plan of the policy is about. One of them.
    Plan(Option<&'a str>, Option<&'a str>),
    /// The model said something to the principal.
    Answer,
    /// Time went by.
    Clock,
    /// The model forgot what it had read.
    Reset,
}

/// What a function of the host gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact<'a> {
    /// The function.
    pub function: Cow<'a, str>,
    /// What it was asked.
    pub arguments: Arguments<'a>,
    /// Its result, as JSON.
    pub result: &'a str,
}

impl<'a> Fact<'a> {
    /// Reads the members of a line: `f`, `args`, a digest or a list, and `result`. Others are
    /// passed over.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(line: &'a [u8]) -> Result<Self, EventFault> {
        Members::read(line)?.fact()
    }
}

impl EventKind<'_> {
    /// As events spell it.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Prompt { .. } => "prompt",
            Self::Request { .. } => "request",
            Self::Response { .. } => "response",
            Self::Approval { .. } => "approval",
            Self::Fact(_) => "fact",
            Self::Plan(..) => "plan",
            Self::Answer => "answer",
            Self::Clock => "clock",
            Self::Reset => "reset",
        }
    }
}

/// What an approver says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The call may be made.
    Granted,
    /// It may not.
    Refused,
}

/// Why an event is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventFault {
    /// It is no JSON object, or is larger than contexts may be.
    Syntax(InputKind),
    /// An output cannot be read.
    Output(InputKind),
    /// An answer has neither `out` nor `error`.
    NoAnswer,
    /// It is larger than `SESSION_EVENT_BYTES_MAX`.
    TooLarge,
    /// It lacks this member, or has it with another kind of value.
    Member(&'static str),
    /// Nobody knows events of this kind.
    Unknown(String),
}

impl fmt::Display for EventFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax(kind) => write!(f, "it cannot be read: {}", fault(*kind)),
            Self::Output(kind) => write!(f, "its `out` cannot be read: {}", fault(*kind)),
            Self::NoAnswer => f.write_str("it has neither `out` nor a text that is `error`"),
            Self::TooLarge => write!(f, "it is larger than {SESSION_EVENT_BYTES_MAX} bytes"),
            Self::Member(name) => write!(f, "it has no `{name}`, or one of another kind"),
            Self::Unknown(kind) => write!(f, "there are no events of the kind `{kind}`"),
        }
    }
}

/// What is wrong with JSON that is no context.
const fn fault(kind: InputKind) -> &'static str {
    match kind {
        InputKind::NotUtf8 => "it is not UTF-8",
        InputKind::TooDeep => "it nests too deeply",
        InputKind::TooManyValues => "it holds too many values, or too long ways to them",
        InputKind::Truncated => "it ends too early",
        InputKind::Control => "a control character in a string must be escaped",
        InputKind::Escape => "JSON does not have one of its escapes",
        InputKind::Surrogate => "half of a surrogate pair is no character",
        InputKind::DuplicateKey => "a key is given twice",
        InputKind::Trailing => "something follows behind it",
        InputKind::NotAnObject => "it is no object",
        InputKind::NumberRange => "a number is out of range",
        InputKind::TooLarge | InputKind::TooMuchRead => "it is too large",
        InputKind::ByteOrderMark => "a byte order mark stands in front of it",
        InputKind::Syntax
        | InputKind::NoMessage
        | InputKind::Wire(_)
        | InputKind::UnknownType
        | InputKind::WrongType(_)
        | InputKind::UnknownField
        | InputKind::MissingField
        | InputKind::Answered
        | InputKind::TooLong
        | InputKind::Needed(..) => "it is not JSON",
    }
}

impl<'a> Event<'a> {
    /// Reads a line. Members that nobody knows are passed over; those of a request are roots of
    /// the context, of which a policy takes what it reads.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn read(line: &'a [u8]) -> Result<Self, EventFault> {
        let members = Members::read(line)?;
        let kind = members.text("ev")?;
        let seq = members.get("seq").and_then(count).ok_or(EventFault::Member("seq"))?;
        let ts = time::parse(&members.text("ts")?).map_err(|_| EventFault::Member("ts"))?;
        let kind = match kind.as_ref() {
            "prompt" => EventKind::Prompt {
                principal: members.get("principal"),
                text: members.text("text")?,
            },
            "request" => EventKind::Request {
                call: members.call()?,
                action: members.get("action").ok_or(EventFault::Member("action"))?,
                refs: members.refs()?,
                context: members.roots(),
            },
            "response" => {
                let out = members.get("out");
                // Many hosts write both; `null` is the error of what did not fail.
                let error = members.get("error").filter(|error| *error != "null");
                let wrong = EventFault::Member("error");
                let error = error.map(|error| string(error).ok_or(wrong)).transpose()?;
                if out.is_none() && error.is_none() {
                    return Err(EventFault::NoAnswer);
                }
                let undone = match members.get("done") {
                    None | Some("true") => false,
                    Some("false") => true,
                    Some(_) => return Err(EventFault::Member("done")),
                };
                EventKind::Response { call: members.call()?, out, error, undone }
            }
            "approval" => EventKind::Approval {
                ask: digest(&members.text("for")?).ok_or(EventFault::Member("for"))?,
                by: members.approver()?,
                roles: members.roles()?,
                verdict: match members.text("verdict")?.as_ref() {
                    "granted" => Verdict::Granted,
                    "refused" => Verdict::Refused,
                    _ => return Err(EventFault::Member("verdict")),
                },
            },
            "fact" => EventKind::Fact(members.fact()?),
            "plan" => match (members.get("plan"), members.get("params")) {
                (None, None) => return Err(EventFault::Member("plan")),
                (plan, params) => EventKind::Plan(plan, params),
            },
            "answer" => EventKind::Answer,
            "clock" => EventKind::Clock,
            "reset" => EventKind::Reset,
            other => return Err(EventFault::Unknown(other.chars().take(64).collect())),
        };
        Ok(Self { seq, ts: (ts.seconds, ts.nanoseconds), kind })
    }
}

/// `sha256:` and 64 digits of a SHA-256.
fn digest(text: &str) -> Option<[u8; 32]> {
    hex::parse(text.strip_prefix("sha256:")?)
}

/// The members of an event.
struct Members<'a>(Vec<(Cow<'a, str>, &'a str)>);

impl<'a> Members<'a> {
    fn read(line: &'a [u8]) -> Result<Self, EventFault> {
        if line.len() > SESSION_EVENT_BYTES_MAX {
            return Err(EventFault::TooLarge);
        }
        let utf8 = |_| EventFault::Syntax(InputKind::NotUtf8);
        let line = std::str::from_utf8(line).map_err(utf8)?;
        Ok(Self(members(line).map_err(EventFault::Syntax)?))
    }

    fn fact(&self) -> Result<Fact<'a>, EventFault> {
        let args = self.get("args").ok_or(EventFault::Member("args"))?;
        let digest = string(args).map(|text| digest(&text).ok_or(EventFault::Member("args")));
        let arguments = match digest.transpose()? {
            Some(digest) => Arguments::Digest(digest),
            None => items(args)
                .map(|_| Arguments::List(args))
                .map_err(|_| EventFault::Member("args"))?,
        };
        let result = self.get("result").ok_or(EventFault::Member("result"))?;
        Ok(Fact { function: self.text("f")?, arguments, result })
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| *value)
    }

    fn text(&self, name: &'static str) -> Result<Cow<'a, str>, EventFault> {
        self.get(name).and_then(string).ok_or(EventFault::Member(name))
    }

    fn roots(&self) -> Vec<(Cow<'a, str>, &'a str)> {
        let is_root = |name: &str| name != "action" && !MEMBERS.contains(&name);
        self.0.iter().filter(|(name, _)| is_root(name)).cloned().collect()
    }

    fn call(&self) -> Result<Cow<'a, str>, EventFault> {
        let call = self.text("call")?;
        let good = !call.is_empty() && call.len() <= SESSION_ID_BYTES_MAX;
        if good { Ok(call) } else { Err(EventFault::Member("call")) }
    }

    fn approver(&self) -> Result<Cow<'a, str>, EventFault> {
        let by = self.text("by")?;
        let good = !by.is_empty() && by.len() <= SESSION_ID_BYTES_MAX;
        if good { Ok(by) } else { Err(EventFault::Member("by")) }
    }

    fn roles(&self) -> Result<Vec<Cow<'a, str>>, EventFault> {
        let wrong = EventFault::Member("roles");
        let Some(roles) = self.get("roles") else { return Ok(Vec::new()) };
        let items = items(roles).map_err(|_| wrong.clone())?;
        items.into_iter().map(string).collect::<Option<Vec<_>>>().ok_or(wrong)
    }

    fn refs(&self) -> Result<Refs<'a>, EventFault> {
        let Some(refs) = self.get("refs") else { return Ok(Vec::new()) };
        let wrong = EventFault::Member("refs");
        let pairs = members(refs).map_err(|_| wrong.clone())?.into_iter();
        if pairs.len() > SESSION_SOURCES_MAX {
            return Err(wrong);
        }
        let pairs = pairs.map(|(pointer, handle)| Some((pointer, string(handle)?)));
        pairs.collect::<Option<Vec<_>>>().ok_or(wrong)
    }
}
