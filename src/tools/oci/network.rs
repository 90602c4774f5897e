//! A repository of a registry, over HTTP.
//!
//! In:      a reference; how the registry is spoken to.
//! Out:     `Repository`, a `Remote`.
//! Imports: `base`, `runtime::bundle`, `tools::inspect`.
//! Source:  OCI Distribution 1.1; the token authentication of the CNCF distribution, with OAuth 2
//!          where there is an identity token.
//!
//! Whom a registry sends somewhere else takes no credentials there, and goes nowhere that is not
//! encrypted.

use std::time::Duration;

use ureq::http::header::{ACCEPT, AUTHORIZATION, LOCATION, WWW_AUTHENTICATE};
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Error, ResponseExt as _, Timeout, http};

use crate::base::limits::{MANIFEST_BYTES_MAX, TOKEN_BYTES_MAX};
use crate::runtime::bundle::digest::Digest;
use crate::tools::inspect::digest_text;
use crate::tools::oci::challenge::Challenge;
use crate::tools::oci::credentials::Credentials;
use crate::tools::oci::manifest::MANIFEST;
use crate::tools::oci::reference::{Name, Reference};
use crate::tools::oci::{ConnectionOptions, Fault, Remote};

type Response = http::Response<Body>;

/// A repository of a registry.
#[derive(Debug)]
pub struct Repository {
    agent: Agent,
    plain_http: bool,
    /// Scheme and host, as `https://registry.example.com`.
    base: String,
    path: String,
    credentials: Option<Credentials>,
    /// The header that was let in.
    let_in: Option<String>,
}

/// A request without its place.
#[derive(Clone, Copy)]
enum RegistryRequest<'a> {
    Get(&'static str),
    Head,
    Post,
    Put(&'static str, &'a [u8]),
}

impl RegistryRequest<'_> {
    /// What must be allowed for it.
    const fn action(self) -> &'static str {
        match self {
            Self::Get(_) => "pull",
            Self::Head | Self::Post | Self::Put(..) => "pull,push",
        }
    }
}

impl Repository {
    /// The repository of a reference.
    ///
    /// # Errors
    /// `Fault`, if a certificate cannot be used. Nothing is sent yet.
    pub fn of(reference: &Reference, manner: ConnectionOptions) -> Result<Self, Fault> {
        let ConnectionOptions { plain_http, authorities, credentials, patience } = manner;
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .https_only(!plain_http)
            .timeout_connect(Some(patience.min(Duration::from_secs(10))))
            .timeout_global(Some(patience))
            .max_redirects(3)
            .user_agent(concat!("policyc/", env!("CARGO_PKG_VERSION")));
        if plain_http {
            // What is for this machine goes by nobody else.
            config = config.proxy(None);
        }
        if let Some(pem) = authorities {
            let mut certificates = Vec::new();
            for item in parse_pem(&pem) {
                if let Ok(PemItem::Certificate(certificate)) = item {
                    certificates.push(certificate);
                }
            }
            if certificates.is_empty() {
                return Err(Fault::Protocol("there is no certificate in PEM to know it by"));
            }
            let roots = RootCerts::new_with_certs(&certificates);
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        let scheme = if plain_http { "http" } else { "https" };
        Ok(Self {
            agent: config.build().into(),
            plain_http,
            base: format!("{scheme}://{}", reference.host()),
            path: reference.repository.clone(),
            credentials,
            let_in: None,
        })
    }

    /// Whether a place is one of the registry.
    fn is_own(&self, url: &str) -> bool {
        url.strip_prefix(&self.base).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Whether something may be sent to a place that the registry names.
    fn is_allowed(&self, url: &str) -> bool {
        url.starts_with("https://") || self.plain_http && url.starts_with("http://")
    }

    fn place(&self, kind: &str, name: &str) -> String {
        format!("{}/v2/{}/{kind}/{name}", self.base, self.path)
    }

    /// Asks, and once more where the registry says first who may.
    fn ask(&mut self, url: &str, ask: RegistryRequest<'_>) -> Result<Response, Fault> {
        let response = self.send(url, ask)?;
        // Whom the registry sent on to is told nothing of who asks.
        let own = self.is_own(url) && self.is_own(&response.get_uri().to_string());
        if response.status() != 401 || !own {
            return Ok(response);
        }
        let headers = response.headers().get_all(WWW_AUTHENTICATE).iter();
        let challenges = Challenge::all(headers.filter_map(|value| value.to_str().ok()));
        self.let_in = Some(self.answer(&challenges, ask.action())?);
        self.send(url, ask)
    }

    fn send(&self, url: &str, ask: RegistryRequest<'_>) -> Result<Response, Fault> {
        let header = self.let_in.as_deref().filter(|_| self.is_own(url));
        let sent = match ask {
            RegistryRequest::Get(kind) => {
                with(self.agent.get(url), header).header(ACCEPT, kind).call()
            }
            RegistryRequest::Head => with(self.agent.head(url), header).call(),
            RegistryRequest::Post => with(self.agent.post(url), header).send_empty(),
            RegistryRequest::Put(kind, bytes) => {
                with(self.agent.put(url), header).content_type(kind).send(bytes)
            }
        };
        sent.map_err(fault)
    }

    /// The header that answers one of the challenges: a token, if one may be had.
    fn answer(&self, challenges: &[Challenge], action: &str) -> Result<String, Fault> {
        if let Some(bearer) = challenges.iter().find(|it| it.is("bearer")) {
            return self.token(bearer, action);
        }
        if challenges.iter().any(|it| it.is("basic")) {
            let basic = self.credentials.as_ref().and_then(Credentials::basic);
            return basic.ok_or(Fault::Refused(401));
        }
        if challenges.is_empty() {
            return Err(Fault::Refused(401));
        }
        Err(Fault::Protocol("it wants to know who asks in a way that is not known"))
    }

    /// The header with a token, which the realm of a challenge gives.
    fn token(&self, challenge: &Challenge, action: &str) -> Result<String, Fault> {
        let realm = challenge.parameter("realm").ok_or(Fault::Protocol("it names no realm"))?;
        if !self.is_allowed(realm) {
            return Err(Fault::Insecure);
        }
        let service = challenge.parameter("service").map(|service| ("service", service));
        let scope = format!("repository:{}:{action}", self.path);
        let asked = service.into_iter().chain([("scope", scope.as_str())]);
        let credentials = self.credentials.as_ref();
        let response = if let Some(token) = credentials.and_then(Credentials::identity) {
            let own = [
                ("grant_type", "refresh_token"),
                ("client_id", "policyc"),
                ("refresh_token", token),
            ];
            self.agent.post(realm).send_form(asked.chain(own))
        } else {
            let basic = credentials.and_then(Credentials::basic);
            with(self.agent.get(realm).query_pairs(asked), basic.as_deref()).call()
        };
        let bytes = bytes_of(expected(response.map_err(fault)?, &[200])?, TOKEN_BYTES_MAX)?;
        let text: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let token = text.get("token").or_else(|| text.get("access_token"));
        let token = token.and_then(serde_json::Value::as_str);
        let token = token.filter(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_graphic()));
        token.map(|token| format!("Bearer {token}")).ok_or(Fault::Protocol("it gives no token"))
    }

    /// Where an upload goes on, as the registry says.
    fn upload(&self, response: &Response, digest: &Digest) -> Result<String, Fault> {
        let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let location = location.ok_or(Fault::Protocol("it says no place for an upload"))?;
        let place = if location.starts_with('/') {
            format!("{}{location}", self.base)
        } else if self.is_allowed(location) {
            location.to_owned()
        } else if location.contains("://") {
            return Err(Fault::Insecure);
        } else {
            return Err(Fault::Protocol("it says no place for an upload"));
        };
        let sign = if place.contains('?') { '&' } else { '?' };
        // The colon of a digest stands in a query as it is.
        Ok(format!("{place}{sign}digest={}", digest_text(digest)))
    }
}

impl Remote for Repository {
    fn manifest(&mut self, name: &Name) -> Result<Vec<u8>, Fault> {
        let url = self.place("manifests", &name.to_string());
        let response = self.ask(&url, RegistryRequest::Get(MANIFEST))?;
        bytes_of(expected(response, &[200])?, MANIFEST_BYTES_MAX)
    }

    fn blob(&mut self, digest: &Digest, max: usize) -> Result<Vec<u8>, Fault> {
        let url = self.place("blobs", &digest_text(digest));
        let response = self.ask(&url, RegistryRequest::Get("*/*"))?;
        bytes_of(expected(response, &[200])?, max)
    }

    fn put_blob(&mut self, digest: &Digest, bytes: &[u8]) -> Result<(), Fault> {
        let url = self.place("blobs", &digest_text(digest));
        if self.ask(&url, RegistryRequest::Head)?.status() == 200 {
            return Ok(());
        }
        let url = self.place("blobs", "uploads/");
        let begun = expected(self.ask(&url, RegistryRequest::Post)?, &[202])?;
        let place = self.upload(&begun, digest)?;
        expected(
            self.ask(&place, RegistryRequest::Put("application/octet-stream", bytes))?,
            &[201],
        )?;
        Ok(())
    }

    fn put_manifest(&mut self, name: &Name, bytes: &[u8]) -> Result<(), Fault> {
        let url = self.place("manifests", &name.to_string());
        expected(self.ask(&url, RegistryRequest::Put(MANIFEST, bytes))?, &[201])?;
        Ok(())
    }
}

fn with<B>(request: ureq::RequestBuilder<B>, header: Option<&str>) -> ureq::RequestBuilder<B> {
    match header {
        Some(header) => request.header(AUTHORIZATION, header),
        None => request,
    }
}

/// A response of one of these statuses.
fn expected(response: Response, statuses: &[u16]) -> Result<Response, Fault> {
    match response.status().as_u16() {
        status if statuses.contains(&status) => Ok(response),
        404 => Err(Fault::Missing),
        status @ (401 | 403) => Err(Fault::Refused(status)),
        status => Err(Fault::Status(status)),
    }
}

/// What a response holds, at most so many bytes.
fn bytes_of(mut response: Response, max: usize) -> Result<Vec<u8>, Fault> {
    // The library refuses what reaches its limit.
    let bytes = response.body_mut().with_config().limit(max as u64 + 1).read_to_vec();
    bytes.map_err(|error| {
        let exceeds = matches!(error, Error::BodyExceedsLimit(_));
        if exceeds { Fault::TooLong { max } } else { fault(error) }
    })
}

/// A failure on the way, without what was sent.
#[expect(clippy::wildcard_enum_match_arm, reason = "the library may have more of them any time")]
fn fault(error: Error) -> Fault {
    match error {
        Error::Timeout(Timeout::Resolve | Timeout::Connect) => {
            Fault::Unreached("nobody answers there".to_owned())
        }
        Error::Timeout(_) => Fault::Stalled,
        Error::HostNotFound => Fault::Unreached("there is no such host".to_owned()),
        Error::RequireHttpsOnly(_) => Fault::Insecure,
        Error::TooManyRedirects | Error::RedirectFailed => {
            Fault::Protocol("it sends from one place to the next")
        }
        Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => Fault::Stalled,
        error => Fault::Unreached(error.to_string()),
    }
}
