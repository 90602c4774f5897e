//! Keys, tokens and private keys, by the marks that their makers put on them.
//!
//! In:      a text and a place in it.
//! Out:     where a secret ends that begins there.
//! Imports: its own room alone.
//! Source:  what each maker documents (`docs/detectors.md`); RFC 7468 (PEM); RFC 7519, 7515 (JWT).

use crate::lang::detect::shape::{before, byte};

/// What the body of a token is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// Upper-case letters and digits.
    Upper,
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `_` and `-`.
    Url,
}

impl Body {
    const fn has(self, byte: u8) -> bool {
        match self {
            Self::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Self::Alnum => byte.is_ascii_alphanumeric(),
            Self::Url => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
        }
    }
}

/// A mark, what follows it, and how many bytes of that from and to.
struct Token {
    mark: &'static [u8],
    body: Body,
    least: usize,
    most: usize,
}

const fn token(mark: &'static [u8], body: Body, least: usize, most: usize) -> Token {
    Token { mark, body, least, most }
}

/// Most bytes of a body that has no length of its own. A secret begins where no body goes on, so
/// each byte is in one body, however long that is.
const LONG: usize = usize::MAX;
/// Fewest different bytes of a body: what has fewer stands for a token that was left out.
const DIFFERENT_MIN: u32 = 5;
/// Most bytes of the label of a block of PEM.
const LABEL_MAX: usize = 40;

const TOKENS: &[Token] = &[
    token(b"AKIA", Body::Upper, 16, 16), // AWS: access keys, and temporary ones
    token(b"ASIA", Body::Upper, 16, 16),
    token(b"ghp_", Body::Alnum, 36, 251), // GitHub
    token(b"gho_", Body::Alnum, 36, 251),
    token(b"ghu_", Body::Alnum, 36, 251),
    token(b"ghs_", Body::Alnum, 36, 251),
    token(b"ghr_", Body::Alnum, 36, 251),
    token(b"github_pat_", Body::Url, 82, 244),
    token(b"glpat-", Body::Url, 20, LONG), // GitLab
    token(b"xoxb-", Body::Url, 24, LONG),  // Slack
    token(b"xoxp-", Body::Url, 24, LONG),
    token(b"xoxa-", Body::Url, 24, LONG),
    token(b"xoxe-", Body::Url, 24, LONG),
    token(b"xoxr-", Body::Url, 24, LONG),
    token(b"xoxs-", Body::Url, 24, LONG),
    token(b"xapp-", Body::Url, 24, LONG),
    token(b"AIza", Body::Url, 35, 35), // Google: API keys, client secrets, access tokens
    token(b"GOCSPX-", Body::Url, 28, 28),
    token(b"ya29.", Body::Url, 20, LONG),
    token(b"sk_live_", Body::Alnum, 16, LONG), // Stripe
    token(b"sk_test_", Body::Alnum, 16, LONG),
    token(b"rk_live_", Body::Alnum, 16, LONG),
    token(b"rk_test_", Body::Alnum, 16, LONG),
    token(b"whsec_", Body::Alnum, 32, 64),
    token(b"npm_", Body::Alnum, 36, 36),                 // npm
    token(b"pypi-AgEIcHlwaS5vcmc", Body::Url, 50, LONG), // PyPI
    token(b"sk-", Body::Url, 40, LONG),                  // makers of language models
];

/// Whether a token begins with this byte: nearly no byte of a text does.
#[expect(clippy::indexing_slicing, reason = "evaluated when this is compiled")]
const BEGINS: [bool; 256] = {
    let mut begins = [false; 256];
    let mut at = 0;
    while at < TOKENS.len() {
        begins[TOKENS[at].mark[0] as usize] = true;
        at += 1;
    }
    begins
};

/// The address behind which a web hook of Slack begins.
const HOOKS: &[u8] = b"hooks.slack.com/services/";
/// Bytes of the parts of a key of `SendGrid`, behind `SG`.
const SENDGRID: [usize; 2] = [22, 43];

/// Where a secret ends that begins at `start`. `endless` becomes true once no block of PEM ends
/// behind `start`, so that its end is not looked for again.
pub(super) fn secret(text: &[u8], start: usize, endless: &mut bool) -> Option<usize> {
    let rest = text.get(start..)?;
    if Body::Url.has(before(text, start)) && !rest.starts_with(b"-----BEGIN ") {
        return None;
    }
    let first = *rest.first()?;
    let len = match first {
        b'-' => private_key(rest, endless),
        b'e' => jwt(rest),
        b'h' if rest.starts_with(HOOKS) => hook(rest),
        b'S' if rest.starts_with(b"SG.") => sendgrid(rest),
        _ => None,
    };
    let token = || TOKENS.iter().find_map(|it| it.length(rest));
    let begins = BEGINS.get(usize::from(first)) == Some(&true);
    len.or_else(|| if begins { token() } else { None }).map(|len| start + len)
}

impl Token {
    /// How long the token is that begins `text`.
    fn length(&self, text: &[u8]) -> Option<usize> {
        let rest = text.strip_prefix(self.mark)?;
        let run = run(rest, self.body, self.most.saturating_add(1));
        let ends = !Body::Alnum.has(byte(rest, run)) && byte(rest, run) != b'_';
        let fits = (self.least..=self.most).contains(&run) && ends;
        (fits && is_random(rest.get(..run)?)).then_some(self.mark.len() + run)
    }
}

/// How many bytes of such a body begin `text`, at most `most`.
fn run(text: &[u8], body: Body, most: usize) -> usize {
    text.iter().take(most).take_while(|byte| body.has(**byte)).count()
}

/// Whether a body is made of several different bytes.
fn is_random(body: &[u8]) -> bool {
    let seen = body.iter().fold(0_u128, |seen, byte| seen | 1_u128 << (byte & 0x7F));
    seen.count_ones() >= DIFFERENT_MIN
}

/// `hooks.slack.com/services/T../B../..`
fn hook(text: &[u8]) -> Option<usize> {
    let (mut start, mut at) = (0, HOOKS.len());
    for (part, (first, least)) in [(b'T', 8), (b'B', 8), (0, 20)].into_iter().enumerate() {
        if part > 0 {
            at = (byte(text, at) == b'/').then_some(at + 1)?;
        }
        start = at;
        let run = run(text.get(at..)?, Body::Alnum, LONG);
        if run < least || first != 0 && byte(text, at) != first {
            return None;
        }
        at += run;
    }
    let ends = !Body::Alnum.has(byte(text, at));
    (ends && is_random(text.get(start..at)?)).then_some(at)
}

/// `SG.` and two parts of known length.
fn sendgrid(text: &[u8]) -> Option<usize> {
    let (mut start, mut at) = (0, 2);
    for len in SENDGRID {
        let rest = text.get(at..)?.strip_prefix(b".")?;
        if run(rest, Body::Url, len + 1) != len {
            return None;
        }
        start = at + 1;
        at = start + len;
    }
    is_random(text.get(start..at)?).then_some(at)
}

/// Three parts of base64url with full stops between them; the first is an object that names an
/// algorithm, the second an object.
fn jwt(text: &[u8]) -> Option<usize> {
    let part = |at: usize| run(text.get(at..).unwrap_or_default(), Body::Url, usize::MAX);
    if !text.starts_with(b"eyJ") {
        return None;
    }
    let header = part(0);
    let claims = header + 1;
    if !text.get(header..)?.starts_with(b".eyJ") {
        return None;
    }
    let signature = claims + part(claims);
    if byte(text, signature) != b'.' || !names_algorithm(text.get(..header)?) {
        return None;
    }
    Some(signature + 1 + part(signature + 1))
}

/// Whether base64url holds `"alg"`.
fn names_algorithm(header: &[u8]) -> bool {
    const WANTED: u64 = u64::from_be_bytes(*b"\0\0\0\"alg\"");
    let (mut window, mut bits, mut count) = (0_u64, 0_u32, 0);
    for byte in header {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' => 62,
            _ => 63,
        };
        bits = bits << 6 | u32::from(six);
        count += 6;
        if count >= 8 {
            count -= 8;
            window = (window << 8 | u64::from(bits >> count & 0xFF)) & 0xFF_FFFF_FFFF;
            if window == WANTED {
                return true;
            }
        }
        bits &= 0xFF;
    }
    false
}

/// A private key in PEM: its block, or the first line of one that has no end.
fn private_key(text: &[u8], endless: &mut bool) -> Option<usize> {
    let (label, line) = line(text, b"-----BEGIN ")?;
    if !label.windows(11).any(|it| it == b"PRIVATE KEY") {
        return None;
    }
    if *endless {
        return Some(line);
    }
    let rest = text.get(line..)?;
    let end = |at: usize| line_end(rest, at);
    let found = (0..rest.len()).find_map(end);
    *endless = found.is_none();
    Some(line + found.unwrap_or(0))
}

/// Where the line ends that ends a block and begins at `at`.
fn line_end(text: &[u8], at: usize) -> Option<usize> {
    if byte(text, at) != b'-' {
        return None;
    }
    line(text.get(at..)?, b"-----END ").map(|(_, len)| at + len)
}

/// The label and the length of a line of PEM with which `text` begins.
fn line<'t>(text: &'t [u8], mark: &[u8]) -> Option<(&'t [u8], usize)> {
    let rest = text.strip_prefix(mark)?;
    let in_label = |byte: &&u8| byte.is_ascii_uppercase() || matches!(byte, b'0'..=b'9' | b' ');
    let len = rest.iter().take(LABEL_MAX + 1).take_while(in_label).count();
    let label = rest.get(..len).filter(|label| label.len() <= LABEL_MAX)?;
    rest.get(len..)?.starts_with(b"-----").then_some((label, mark.len() + len + 5))
}
