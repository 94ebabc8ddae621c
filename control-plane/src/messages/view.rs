//! What the API shows of a transaction.

use contract::{
    Id,
    events::{Line, Timings, Tls, Transaction},
    ids::{DomainId, ListEntryId, MessageId, RouteId, TenantId, WorkerId},
    policy::{Disposition, Reason, Rule},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::store::Row;
use crate::{db::StoreError, http::Time};

/// One SMTP transaction, as far as one tenant is concerned.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageView {
    pub id: MessageId,
    /// Null: no recipient was of a domain served here.
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
    pub worker_id: WorkerId,
    pub started_at: Time,
    pub ended_at: Time,
    pub client: MessageClient,
    /// The envelope's sender; empty for the null sender.
    #[schema(example = "anna@example.net")]
    pub sender: String,
    /// The Message-ID field, without brackets.
    #[schema(example = "b0a4@example.net", required)]
    pub message_id: Option<String>,
    /// The Subject field, with encoded words (RFC 2047) decoded, where policy says that it is kept.
    #[schema(example = "Your invoice", required)]
    pub subject: Option<String>,
    /// Octets as received; null where no message came.
    #[schema(example = 4312, required)]
    pub size_bytes: Option<u64>,
    pub disposition: Disposition,
    /// The rule that decided.
    pub rule: Rule,
    pub reason: Reason,
    /// The last word to the sender.
    #[schema(example = "250 2.0.0 queued as 4Xk2")]
    pub reply: String,
    pub recipients: Vec<MessageRecipient>,
    #[schema(required)]
    pub next_hop: Option<MessageHop>,
    pub timings: Timings,
    /// A copy may have reached the next hop more than once.
    pub probable_duplicate: bool,
    /// Head of the configuration it was judged under.
    #[schema(example = "1.17")]
    pub config: String,
    /// Both dialogues without content; kept for all but plain deliveries unless policy says otherwise.
    #[schema(required)]
    pub dialogue: Option<Vec<Line>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MessageClient {
    #[schema(example = "192.0.2.25")]
    pub address: String,
    /// What it called itself.
    #[schema(example = "mail.example.net", required)]
    pub helo: Option<String>,
    /// `SMTP`, `ESMTP`, `ESMTPS`, `UTF8SMTPS` … (RFC 3848).
    #[schema(example = "ESMTPS")]
    pub protocol: String,
    #[schema(required)]
    pub tls: Option<Tls>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MessageRecipient {
    #[schema(example = "bert@acme.example")]
    pub address: String,
    #[schema(required)]
    pub domain_id: Option<DomainId>,
    pub disposition: Disposition,
    pub rule: Rule,
    pub reason: Reason,
    /// The list entry that decided.
    #[schema(required)]
    pub list_entry_id: Option<ListEntryId>,
    /// What the sender heard to this RCPT.
    #[schema(example = "250 2.1.5 recipient ok")]
    pub reply: String,
    /// What the next hop said to it, where it was asked.
    #[schema(example = "250 2.1.5 Ok", required)]
    pub next_hop_reply: Option<String>,
    pub probable_duplicate: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MessageHop {
    /// Null for mail to the installation's own postmaster, which has no route.
    #[schema(required)]
    pub route_id: Option<RouteId>,
    #[schema(example = "mail.acme.example")]
    pub host: String,
    #[schema(example = 25)]
    pub port: u16,
    #[schema(example = "198.51.100.7", required)]
    pub address: Option<String>,
    #[schema(required)]
    pub tls: Option<Tls>,
    /// Why the connection has no TLS although it was tried.
    #[schema(required)]
    pub tls_failure: Option<String>,
    pub reused_connection: bool,
    /// Its answer to the end of the message, or the last thing it said.
    #[schema(example = "250 2.0.0 queued as 4Xk2", required)]
    pub reply: Option<String>,
}

pub(super) fn view(row: &Row) -> Result<MessageView, StoreError> {
    let event: Transaction = serde_json::from_str(&row.detail).map_err(StoreError::corrupt("messages.detail"))?;
    Ok(MessageView {
        id: event.id,
        tenant_id: event.tenant,
        worker_id: Id::from_uuid(row.worker_id),
        started_at: Time(event.started_at),
        ended_at: Time(event.ended_at),
        client: MessageClient {
            address: event.client.address,
            helo: event.client.helo,
            protocol: event.client.protocol,
            tls: event.client.tls,
        },
        sender: event.reverse_path,
        message_id: event.message_id,
        subject: event.subject,
        size_bytes: event.size_bytes,
        disposition: event.disposition,
        rule: event.rule,
        reason: event.reason,
        reply: event.reply,
        recipients: event
            .recipients
            .into_iter()
            .map(|recipient| MessageRecipient {
                address: recipient.address,
                domain_id: recipient.domain,
                disposition: recipient.disposition,
                rule: recipient.rule,
                reason: recipient.reason,
                list_entry_id: recipient.entry,
                reply: recipient.reply,
                next_hop_reply: recipient.hop_reply,
                probable_duplicate: recipient.probable_duplicate,
            })
            .collect(),
        next_hop: event.hop.map(|hop| MessageHop {
            route_id: hop.route,
            host: hop.host,
            port: hop.port,
            address: hop.address,
            tls: hop.tls,
            tls_failure: hop.tls_failure,
            reused_connection: hop.reused_connection,
            reply: hop.reply,
        }),
        timings: event.timings,
        probable_duplicate: event.probable_duplicate,
        config: event.config,
        dialogue: event.dialogue,
    })
}
