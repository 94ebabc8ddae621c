//! Errands: what must be seen from a worker's place. The control plane hands one to any worker of the pool that waits for
//! them; its answer goes back to whoever asked. An errand outlives neither of the two.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Micros, ids::ErrandId, mail::Mailbox, snapshot::object::Route};

/// The longest that `GET errands` waits, in seconds.
pub const MAX_WAIT_S: u64 = 50;
/// The longest answer, in bytes.
pub const MAX_ANSWER_BYTES: usize = 512 * 1024;
/// Next hops that one test of a route reports on; more say the same.
pub const MAX_HOPS: usize = 32;

/// The answer to `GET errands`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NextErrand {
    /// None: none came.
    pub errand: Option<Errand>,
}

/// An errand on its way to a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Errand {
    pub id: ErrandId,
    /// Time for it, from now on, in milliseconds. Later nobody waits.
    pub within_ms: u32,
    /// A [`Task`]; one that the worker does not know is answered with `not_understood`.
    #[schema(value_type = Object)]
    pub task: Value,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case", deny_unknown_fields)]
pub enum Task {
    /// Speak to each next hop as a delivery would, up to RCPT, and never to DATA.
    TestRoute { route: Route, recipient: Mailbox },
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    Route {
        hops: Vec<HopReport>,
    },
    /// The worker is older than the task.
    NotUnderstood,
}

/// One next hop, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct HopReport {
    pub host: String,
    pub port: u16,
    pub priority: u16,
    /// The domain whose MX records named it.
    pub mx_of: Option<String>,
    /// Level of TLS that the route asks for.
    pub level: String,
    pub verdict: HopVerdict,
    /// The verdict in words.
    pub summary: String,
    pub steps: Vec<Step>,
    /// What it offers in its last answer to EHLO.
    pub extensions: Vec<String>,
    pub tls: Option<TlsReport>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HopVerdict {
    /// It would take mail for this recipient.
    Accepts,
    /// It speaks with us, and refuses the recipient for good or for now.
    RefusesRecipient,
    /// No mail would get there.
    Fails,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// MX records of a domain.
    Mx,
    /// Addresses of a host.
    Addresses,
    Connect,
    Banner,
    Ehlo,
    Starttls,
    /// The handshake.
    Tls,
    Mail,
    Rcpt,
}

/// One thing that was done, and what it came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Step {
    pub step: StepKind,
    /// Where, once that is known.
    pub address: Option<String>,
    pub ok: bool,
    pub took_ms: u32,
    /// The code of an SMTP reply.
    pub code: Option<u16>,
    /// An SMTP reply's text, printable and cut short; else words of our own. What is no SMTP is never quoted.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct TlsReport {
    pub version: String,
    pub cipher: String,
    /// Names that the certificate bears.
    pub names: Vec<String>,
    pub issuer: String,
    pub not_after: Option<Micros>,
    /// By the route's trust; where the route asks for none, by the public PKI and the host's name.
    pub verifies: bool,
    /// Why it does not.
    pub failure: Option<String>,
    /// The hop asked for a certificate of ours. None: the worker is older than the question.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_asked: Option<bool>,
    /// The route's was shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_certificate_shown: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_of_a_later_release_is_none_of_ours_and_its_errand_can_still_be_read() {
        let text =
            r#"{"id":"ern_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f","within_ms":5,"task":{"task":"probe_tls","x":1},"y":2}"#;
        let errand: Errand = serde_json::from_str(text).unwrap();
        assert!(serde_json::from_value::<Task>(errand.task).is_err());
    }
}
