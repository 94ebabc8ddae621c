//! Allow and block lists. An entry has a scope (installation, tenant, domain, recipient), names a sender or a client
//! network, and may expire. The most specific scope wins; within one, block beats allow.

use std::{collections::HashMap, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::{
    Id, Micros, ids,
    mail::{Cidr, Domain, Mailbox, ReversePath},
    snapshot::object::RecipientHash,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ListKind {
    Allow,
    Block,
}

/// What an entry is compared with.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// The reverse-path: `a@example.com`, `*@example.com`, `*@*.example.com` (every subdomain), or `<>`.
    Sender(SenderPattern),
    /// The address that connects.
    Client(Cidr),
}

/// One entry as workers hold it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub id: Id<ids::ListEntry>,
    pub kind: ListKind,
    pub subject: Subject,
    /// Only for this recipient of the domain (scope `recipient`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<RecipientHash>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Micros>,
}

/// A pattern over reverse-paths.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SenderPattern {
    Null,
    Mailbox(Mailbox),
    /// `*@example.com`
    Domain(Domain),
    /// `*@*.example.com`: every name below, at any depth, not the name itself.
    Subdomains(Domain),
}

/// Why a text is not a sender pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an address, *@domain, *@*.domain or <>")]
pub struct PatternError;

impl std::str::FromStr for SenderPattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        if text == "<>" {
            return Ok(Self::Null);
        }
        if let Some(domain) = text.strip_prefix("*@*.") {
            return domain.parse().map(Self::Subdomains).map_err(|_| PatternError);
        }
        if let Some(domain) = text.strip_prefix("*@") {
            return domain.parse().map(Self::Domain).map_err(|_| PatternError);
        }
        text.parse().map(Self::Mailbox).map_err(|_| PatternError)
    }
}

impl std::fmt::Display for SenderPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Mailbox(mailbox) => mailbox.fmt(f),
            Self::Domain(domain) => write!(f, "*@{domain}"),
            Self::Subdomains(domain) => write!(f, "*@*.{domain}"),
        }
    }
}

impl Serialize for SenderPattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SenderPattern {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The entry of one scope that decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    pub kind: ListKind,
    pub by: By,
    pub entry: Id<ids::ListEntry>,
}

/// What matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Sender,
    Client,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Null,
    Mailbox(String),
    Domain(String),
    Subdomains(String),
    Network(Cidr),
}

#[derive(Debug, Clone)]
struct Slot {
    id: Id<ids::ListEntry>,
    kind: ListKind,
    recipient: Option<RecipientHash>,
    expires_at: Option<Micros>,
}

/// The entries of one scope, found without a walk over all of them: ten thousand cost a message no more than ten.
#[derive(Debug, Clone, Default)]
pub struct Index {
    slots: HashMap<Key, Vec<Slot>>,
    /// The prefix lengths in use, so that a client address is looked up once for each and not 33 or 129 times.
    v4_lengths: Vec<u8>,
    v6_lengths: Vec<u8>,
}

impl Index {
    pub fn new<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let mut index = Self::default();
        for entry in entries {
            let key = match &entry.subject {
                Subject::Sender(SenderPattern::Null) => Key::Null,
                Subject::Sender(SenderPattern::Mailbox(mailbox)) => Key::Mailbox(folded(mailbox)),
                Subject::Sender(SenderPattern::Domain(domain)) => Key::Domain(domain.as_ascii().to_owned()),
                Subject::Sender(SenderPattern::Subdomains(domain)) => Key::Subdomains(domain.as_ascii().to_owned()),
                Subject::Client(network) => {
                    let lengths =
                        if network.network().is_ipv4() { &mut index.v4_lengths } else { &mut index.v6_lengths };
                    if !lengths.contains(&network.prefix_len()) {
                        lengths.push(network.prefix_len());
                    }
                    Key::Network(*network)
                }
            };
            index.slots.entry(key).or_default().push(Slot {
                id: entry.id,
                kind: entry.kind,
                recipient: entry.recipient,
                expires_at: entry.expires_at,
            });
        }
        index
    }

    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// The deciding entry of this scope. With `recipient`, only entries for that recipient; without, only entries for
    /// the scope as a whole. Block beats allow; between equals the older entry is named.
    pub fn hit(
        &self,
        sender: &ReversePath,
        client: IpAddr,
        recipient: Option<&RecipientHash>,
        now: Micros,
    ) -> Option<Hit> {
        if self.slots.is_empty() {
            return None;
        }
        let senders = sender_keys(sender).into_iter().map(|key| (By::Sender, key));
        let lengths = if client.is_ipv4() { &self.v4_lengths } else { &self.v6_lengths };
        let networks = lengths.iter().map(|length| (By::Client, Key::Network(Cidr::of(client, *length))));
        senders
            .chain(networks)
            .filter_map(|(by, key)| self.slots.get(&key).map(|slots| (by, slots)))
            .flat_map(|(by, slots)| slots.iter().map(move |slot| (by, slot)))
            .filter(|(_, slot)| slot.recipient.as_ref() == recipient)
            .filter(|(_, slot)| slot.expires_at.is_none_or(|at| at > now))
            .map(|(by, slot)| Hit { kind: slot.kind, by, entry: slot.id })
            .max_by_key(|hit| (hit.kind, std::cmp::Reverse(hit.entry)))
    }
}

/// Local parts are compared without regard to case: nobody who blocks a sender means one spelling of it.
fn folded(mailbox: &Mailbox) -> String {
    mailbox.to_string().to_lowercase()
}

fn sender_keys(sender: &ReversePath) -> Vec<Key> {
    let Some(mailbox) = sender.mailbox() else {
        return vec![Key::Null];
    };
    let mut keys = vec![Key::Mailbox(folded(mailbox))];
    if let Some(domain) = mailbox.domain() {
        keys.push(Key::Domain(domain.as_ascii().to_owned()));
        let mut rest = domain.as_ascii();
        while let Some((_, parent)) = rest.split_once('.') {
            keys.push(Key::Subdomains(parent.to_owned()));
            rest = parent;
        }
    }
    keys
}
