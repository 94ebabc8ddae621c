//! A test of a route on the wire.

use contract::{
    errand::{HopReport, HopVerdict, Step, StepKind, TlsReport},
    ids::{PoolId, RouteId, WorkerId},
    mail::Mailbox,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::http::Time;

/// What to try.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "recipient": "anna@acme.example" }))]
pub(super) struct RouteTest {
    /// Whom RCPT names, at a domain that uses the route or belongs to its tenant. If left out, the postmaster of one of them.
    #[serde(default)]
    #[schema(max_length = 254)]
    pub recipient: Option<String>,
    /// A worker of this pool tries it. If left out, one of a pool that serves the domain.
    #[serde(default)]
    pub pool_id: Option<PoolId>,
}

/// What all of it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum RouteVerdict {
    /// Every next hop would take mail for the recipient.
    Works,
    /// Some would.
    WorksInPart,
    /// None would.
    Fails,
}

/// What a worker saw.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct RouteTestView {
    pub route_id: RouteId,
    /// The worker that tried it.
    pub worker_id: WorkerId,
    #[schema(example = "anna@acme.example")]
    pub recipient: String,
    #[schema(example = "works")]
    pub verdict: RouteVerdict,
    /// By priority. Empty where no host can be made of the domain.
    pub hops: Vec<HopTestView>,
}

/// One next hop, step by step.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct HopTestView {
    #[schema(example = "mx.acme.example")]
    pub host: String,
    #[schema(example = 25, minimum = 1, maximum = 65_535)]
    pub port: u16,
    #[schema(example = 10, maximum = 65_535)]
    pub priority: u16,
    /// The domain whose MX records named it.
    #[schema(required)]
    pub mx_of: Option<String>,
    #[schema(example = "accepts")]
    pub verdict: HopVerdict,
    /// The verdict in words.
    #[schema(example = "it would take mail for this recipient")]
    pub summary: String,
    pub steps: Vec<StepView>,
    /// What its answer to EHLO offers; under TLS, the second one.
    #[schema(example = json!(["PIPELINING", "SIZE 52428800", "8BITMIME"]))]
    pub extensions: Vec<String>,
    #[schema(required)]
    pub tls: Option<TlsTestView>,
}

/// One thing that was done.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct StepView {
    #[schema(example = "rcpt")]
    pub step: StepKind,
    #[schema(required, example = "192.0.2.7")]
    pub address: Option<String>,
    #[schema(example = true)]
    pub ok: bool,
    #[schema(example = 12)]
    pub took_ms: u32,
    /// The code of the reply, where it was one.
    #[schema(required, example = 250)]
    pub code: Option<u16>,
    /// The reply's text, or words of ours. What is no SMTP is not quoted.
    #[schema(example = "2.1.5 Ok")]
    pub text: String,
}

/// TLS, and the certificate that was shown.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TlsTestView {
    #[schema(example = "TLSv1.3")]
    pub version: String,
    #[schema(example = "TLS13_AES_256_GCM_SHA384")]
    pub cipher: String,
    #[schema(example = json!(["mx.acme.example"]))]
    pub names: Vec<String>,
    #[schema(example = "C=US, O=Let's Encrypt, CN=R11")]
    pub issuer: String,
    #[schema(required)]
    pub not_after: Option<Time>,
    /// By the route's trust; where it asks for none, by the public PKI and the host's name.
    #[schema(example = true)]
    pub verifies: bool,
    #[schema(required)]
    pub failure: Option<String>,
    /// The next hop asked for a client certificate. Null where the worker does not tell.
    #[schema(required, example = false)]
    pub client_certificate_asked: Option<bool>,
    /// The route's certificate was shown to it.
    #[schema(required, example = false)]
    pub client_certificate_shown: Option<bool>,
}

/// What the audit log keeps of it.
#[derive(Debug, Serialize)]
pub(super) struct Outline<'a> {
    recipient: &'a str,
    verdict: RouteVerdict,
}

impl RouteTestView {
    pub(super) fn new(route_id: RouteId, worker_id: WorkerId, recipient: &Mailbox, hops: Vec<HopReport>) -> Self {
        let accepts = hops.iter().filter(|hop| hop.verdict == HopVerdict::Accepts).count();
        let verdict = match accepts {
            0 => RouteVerdict::Fails,
            some if some < hops.len() => RouteVerdict::WorksInPart,
            _ => RouteVerdict::Works,
        };
        let hops = hops.into_iter().map(HopTestView::from).collect();
        Self { route_id, worker_id, recipient: recipient.to_string(), verdict, hops }
    }

    pub(super) fn outline(&self) -> Outline<'_> {
        Outline { recipient: &self.recipient, verdict: self.verdict }
    }
}

/// A worker wrote it, from what strangers said: printable, and no longer than it may be.
fn tidy(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(500).collect()
}

const MOST_STEPS: usize = 100;
const MOST_WORDS: usize = 128;

impl From<HopReport> for HopTestView {
    fn from(hop: HopReport) -> Self {
        Self {
            host: tidy(&hop.host),
            port: hop.port,
            priority: hop.priority,
            mx_of: hop.mx_of.as_deref().map(tidy),
            verdict: hop.verdict,
            summary: tidy(&hop.summary),
            steps: hop.steps.into_iter().take(MOST_STEPS).map(StepView::from).collect(),
            extensions: hop.extensions.iter().take(MOST_WORDS).map(|word| tidy(word)).collect(),
            tls: hop.tls.map(TlsTestView::from),
        }
    }
}

impl From<Step> for StepView {
    fn from(step: Step) -> Self {
        let Step { step, address, ok, took_ms, code, text } = step;
        Self { step, address: address.as_deref().map(tidy), ok, took_ms, code, text: tidy(&text) }
    }
}

impl From<TlsReport> for TlsTestView {
    fn from(tls: TlsReport) -> Self {
        Self {
            version: tidy(&tls.version),
            cipher: tidy(&tls.cipher),
            names: tls.names.iter().take(MOST_WORDS).map(|name| tidy(name)).collect(),
            issuer: tidy(&tls.issuer),
            not_after: tls.not_after.map(Time),
            verifies: tls.verifies,
            failure: tls.failure.as_deref().map(tidy),
            client_certificate_asked: tls.client_certificate_asked,
            client_certificate_shown: tls.client_certificate_shown,
        }
    }
}
