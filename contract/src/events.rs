//! What workers tell the control plane about the mail they handled.
//!
//! A worker numbers the events of its stream from 1, in batches whose bytes are frozen before the first send; the
//! control plane applies a batch and moves its cursor in one transaction, so each event that arrives counts once,
//! whatever is retried. An event says all there is to know: there is nothing to join it with.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    Id, Micros, ids,
    policy::{Disposition, Reason, Rule},
};

/// The schema of events that this code writes.
pub const SCHEMA: u16 = 1;

/// One batch of one stream, in the order of their numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    pub schema: u16,
    /// Made at random by a worker when it starts.
    pub stream: Uuid,
    /// The number of the first event; the others follow without a hole.
    pub first_seq: u64,
    /// In the first batch of a stream: streams of this worker that it goes on with. They have no closing mark, and what is
    /// missing of them is told in this one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub follows: Vec<Uuid>,
    /// Kept as values, so that one event of an unknown kind costs only itself.
    pub events: Vec<serde_json::Value>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    Transaction(Box<Transaction>),
    /// Sums since the last one; never a running total.
    Counters(Counters),
    /// What had to be dropped because the buffer was full.
    Gap(Gap),
    /// The stream ends here on purpose: what is missing after it does not exist.
    Closing,
}

/// One SMTP transaction as far as one tenant is concerned. A transaction that named recipients of several tenants (all
/// but one group were refused) makes one event for each, and none shows another's recipients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transaction {
    /// The message id, chosen by the worker when MAIL was accepted.
    pub id: Id<ids::Message>,
    /// None: no recipient was of a domain served here.
    pub tenant: Option<Id<ids::Tenant>>,
    pub started_at: Micros,
    pub ended_at: Micros,
    pub client: Client,
    /// As the sender wrote it, without brackets; empty for the null sender.
    pub reverse_path: String,
    /// The Message-ID field, without brackets; bounded.
    pub message_id: Option<String>,
    /// The Subject field in one line, with encoded words (RFC 2047) decoded, and bounded; only where policy says that it is
    /// kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Octets of the message as received; None when none came.
    pub size_bytes: Option<u64>,
    pub disposition: Disposition,
    pub rule: Rule,
    pub reason: Reason,
    /// The last word to the sender, to the end of the message or to the only RCPT.
    pub reply: String,
    pub recipients: Vec<RecipientOutcome>,
    pub hop: Option<Hop>,
    pub timings: Timings,
    /// A copy may have reached the next hop more than once.
    pub probable_duplicate: bool,
    /// Head version the transaction was judged under, `epoch.version`.
    pub config: String,
    /// Lines of both dialogues, without content; kept for all but plain deliveries unless set otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dialogue: Option<Vec<Line>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Client {
    pub address: String,
    pub helo: Option<String>,
    /// `SMTP`, `ESMTP`, `ESMTPS`, `UTF8SMTPS` … (RFC 3848, RFC 6531 §3.7.3).
    pub protocol: String,
    pub tls: Option<Tls>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Tls {
    /// `TLSv1.3`
    #[schema(example = "TLSv1.3")]
    pub version: String,
    /// `TLS13_AES_256_GCM_SHA384`
    #[schema(example = "TLS13_AES_256_GCM_SHA384")]
    pub cipher: String,
    /// The peer's certificate was verified as the route demands.
    pub verified: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecipientOutcome {
    pub address: String,
    pub domain: Option<Id<ids::Domain>>,
    pub disposition: Disposition,
    pub rule: Rule,
    pub reason: Reason,
    pub entry: Option<Id<ids::ListEntry>>,
    /// What the sender heard to this RCPT.
    pub reply: String,
    /// What the next hop said to it, where it was asked.
    pub hop_reply: Option<String>,
    pub probable_duplicate: bool,
}

/// The next hop of the final try.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    /// None for mail to the installation's own postmaster, which has no route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Id<ids::Route>>,
    pub host: String,
    pub port: u16,
    pub address: Option<String>,
    pub tls: Option<Tls>,
    /// Why the connection has no TLS although it was tried.
    pub tls_failure: Option<String>,
    pub reused_connection: bool,
    /// Its answer to the end of the message, or the last thing it said.
    pub reply: Option<String>,
}

/// Microseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Timings {
    /// From MAIL to the last RCPT's answer.
    pub envelope_us: u64,
    /// From 354 to the last octet.
    pub receive_us: u64,
    /// Until a connection to the next hop stood; 0 for a reused one.
    pub hop_connect_us: u64,
    /// From the first octet to the next hop until its final answer.
    pub hop_us: u64,
    pub total_us: u64,
}

/// A line of the SMTP dialogue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Line {
    /// Microseconds since the transaction began.
    pub at_us: u64,
    pub from: Speaker,
    /// Printable; other octets are escaped.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    Client,
    /// Postern to the client.
    Server,
    /// Postern to the next hop.
    ToHop,
    Hop,
}

/// Sums over `from..to`. Names are the metric names without prefix.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    pub from: Micros,
    pub to: Micros,
    pub tenant: Option<Id<ids::Tenant>>,
    pub domain: Option<Id<ids::Domain>>,
    pub accepted: u64,
    pub refused: u64,
    pub deferred: u64,
    pub bytes: u64,
}

/// Events that were dropped in the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    pub from: Micros,
    pub to: Micros,
    pub events: u64,
}
