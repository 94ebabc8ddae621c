//! The envelope that is tried, and what is said to it.

use std::net::IpAddr;

use contract::{
    ids::{DomainId, ListEntryId, RouteId, TenantId},
    mail::{ForwardPath, Mailbox, Recipient, ReversePath},
    policy::{Disposition, Reason, Rule, Verdict, settings::TlsVersion},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    http::{ApiError, FieldError},
    labels,
    policy::view::EffectivePolicy,
};

/// An envelope as a sender would bring it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({
    "client": "192.0.2.25", "helo": "mail.example.net", "tls": "tls13", "mail_from": "anna@example.net",
    "rcpt_to": "bert@acme.example", "size_bytes": 4096
}))]
pub(super) struct PolicyTest {
    /// The address that connects.
    #[schema(max_length = 64)]
    pub client: String,
    /// What it calls itself. No rule looks at it yet.
    #[serde(default)]
    #[schema(max_length = 255)]
    pub helo: Option<String>,
    /// What the session has agreed on; null, or left out: it is in the clear.
    #[serde(default)]
    pub tls: Option<TlsVersion>,
    /// The path of MAIL, with or without its brackets; empty for the null sender.
    #[schema(max_length = 1_024)]
    pub mail_from: String,
    /// The path of RCPT, with or without its brackets.
    #[schema(max_length = 1_024)]
    pub rcpt_to: String,
    /// Of the message; left out: only the recipient is judged.
    #[serde(default)]
    #[schema(minimum = 0)]
    pub size_bytes: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Envelope {
    pub client: IpAddr,
    pub tls: Option<TlsVersion>,
    pub sender: ReversePath,
    pub recipient: Mailbox,
    pub source_route: bool,
    pub size_bytes: Option<u64>,
}

impl PolicyTest {
    pub(super) fn parse(self) -> Result<Envelope, ApiError> {
        let mut errors = Vec::new();
        let client = self.client.parse::<IpAddr>();
        let client = client.map_err(|_| errors.push(FieldError::invalid("/client", "expected an IP address"))).ok();
        if let Some(helo) = &self.helo {
            labels::check_text(helo, 255, "/helo", &mut errors);
        }
        let sender = bare(&self.mail_from).parse::<ReversePath>();
        let sender = sender.map_err(|error| errors.push(FieldError::invalid("/mail_from", error))).ok();
        let recipient = match bare(&self.rcpt_to).parse::<ForwardPath>() {
            Ok(ForwardPath { recipient: Recipient::Mailbox(mailbox), source_route }) => Some((mailbox, source_route)),
            Ok(ForwardPath { recipient: Recipient::Postmaster, .. }) => {
                errors.push(FieldError::invalid("/rcpt_to", "expected an address with a domain"));
                None
            }
            Err(error) => {
                errors.push(FieldError::invalid("/rcpt_to", error));
                None
            }
        };
        match (client, sender, recipient) {
            (Some(client), Some(sender), Some((recipient, source_route))) if errors.is_empty() => Ok(Envelope {
                client: client.to_canonical(),
                tls: self.tls,
                sender,
                recipient,
                source_route,
                size_bytes: self.size_bytes,
            }),
            _ => Err(ApiError::invalid(errors)),
        }
    }
}

fn bare(path: &str) -> &str {
    path.strip_prefix('<').and_then(|path| path.strip_suffix('>')).unwrap_or(path)
}

/// What would be said, by which rule and why.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PolicyTestVerdict {
    #[schema(example = "accepted")]
    pub disposition: Disposition,
    #[schema(example = "default")]
    pub rule: Rule,
    #[schema(example = "none")]
    pub reason: Reason,
    /// The list entry that decides.
    #[schema(required)]
    pub list_entry_id: Option<ListEntryId>,
    #[schema(example = 250, minimum = 200, maximum = 599)]
    pub code: u16,
    /// The whole reply.
    #[schema(example = "250 2.1.5 recipient ok")]
    pub reply: String,
}

impl From<&Verdict> for PolicyTestVerdict {
    fn from(verdict: &Verdict) -> Self {
        Self {
            disposition: verdict.disposition,
            rule: verdict.rule,
            reason: verdict.reason,
            list_entry_id: verdict.entry,
            code: verdict.reply.code(),
            reply: verdict.reply.to_string(),
        }
    }
}

/// What a worker would answer.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PolicyTestView {
    /// To RCPT. What was brought before in the same minute and by other sessions is taken for nothing.
    pub recipient: PolicyTestVerdict,
    /// To the message, where the recipient is accepted and policy refuses it; null: the next hop's answer is the answer.
    #[schema(required)]
    pub message: Option<PolicyTestVerdict>,
    /// The next hop would be asked about the recipient, and its answer decides; `recipient` is what holds where it cannot be
    /// asked.
    #[schema(example = false)]
    pub asks_next_hop: bool,
    /// Whose mail it is; null: the domain is not served here. With the route it is the delivery group: recipients of
    /// another one are brought in another transaction.
    #[schema(required)]
    pub tenant_id: Option<TenantId>,
    #[schema(required)]
    pub domain_id: Option<DomainId>,
    /// The way it goes.
    #[schema(required)]
    pub route_id: Option<RouteId>,
    /// What holds for the domain, and from which level; null: it is not served here.
    #[schema(required)]
    pub effective: Option<EffectivePolicy>,
}
