//! Allow and block lists. An entry has a scope (installation, tenant, domain, recipient), names a sender or a client
//! network, and may expire. The most specific scope wins; within one, block beats allow.

use std::{
    borrow::Cow,
    hash::{BuildHasher, RandomState},
    net::IpAddr,
    sync::LazyLock,
};

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
enum Subjected<'a> {
    Null,
    Mailbox(Cow<'a, str>),
    Domain(&'a str),
    Subdomains(&'a str),
    Network(Cidr),
}

/// A subject's hash, under a key that this process made up and nobody knows: what others write into lists or send cannot be
/// made to collide, and by chance two of sixty-four bits do not meet.
type Short = [u8; 8];

static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl Subjected<'_> {
    /// With the recipient, where an entry is for one: thousands who list the same sender are not looked through.
    fn short(&self, recipient: Option<&RecipientHash>) -> Short {
        HASHER.hash_one((self, recipient)).to_be_bytes()
    }
}

/// An entry in twenty-six octets: an installation has millions, and most say only who is meant.
#[derive(Debug, Clone, Copy)]
struct Slot {
    subject: Short,
    id: Id<ids::ListEntry>,
    kind: ListKind,
    /// There is an [`Extra`] for it.
    more: bool,
}

/// What few entries say.
#[derive(Debug, Clone, Copy)]
struct Extra {
    /// An id is there once.
    id: Id<ids::ListEntry>,
    recipient: Option<RecipientHash>,
    expires_at: Option<Micros>,
}

/// The entries of one scope, found without a walk over all of them: ten thousand cost a message no more than ten.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// Sorted by subject.
    slots: Box<[Slot]>,
    rare: Option<Box<Rare>>,
}

/// What most lists have nothing of.
#[derive(Debug, Clone, Default)]
struct Rare {
    /// Sorted by id.
    extras: Vec<Extra>,
    /// The prefix lengths in use, so that a client address is looked up once for each and not 33 or 129 times.
    v4_lengths: Vec<u8>,
    v6_lengths: Vec<u8>,
}

impl Index {
    pub fn new<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        let (mut slots, mut rare) = (Vec::new(), Rare::default());
        for entry in entries {
            let subject = match &entry.subject {
                Subject::Sender(SenderPattern::Null) => Subjected::Null,
                Subject::Sender(SenderPattern::Mailbox(mailbox)) => Subjected::Mailbox(folded(mailbox).into()),
                Subject::Sender(SenderPattern::Domain(domain)) => Subjected::Domain(domain.as_ascii()),
                Subject::Sender(SenderPattern::Subdomains(domain)) => Subjected::Subdomains(domain.as_ascii()),
                Subject::Client(network) => {
                    let is_v4 = network.network().is_ipv4();
                    let lengths = if is_v4 { &mut rare.v4_lengths } else { &mut rare.v6_lengths };
                    if !lengths.contains(&network.prefix_len()) {
                        lengths.push(network.prefix_len());
                    }
                    Subjected::Network(*network)
                }
            };
            let more = entry.recipient.is_some() || entry.expires_at.is_some();
            if more {
                rare.extras.push(Extra { id: entry.id, recipient: entry.recipient, expires_at: entry.expires_at });
            }
            slots.push(Slot { subject: subject.short(entry.recipient.as_ref()), id: entry.id, kind: entry.kind, more });
        }
        Self::of(slots, rare)
    }

    /// One of several parts of one scope.
    pub fn merged<'a>(parts: impl IntoIterator<Item = &'a Self>) -> Self {
        let (mut slots, mut all) = (Vec::new(), Rare::default());
        for part in parts {
            slots.extend_from_slice(&part.slots);
            if let Some(rare) = &part.rare {
                all.extras.extend_from_slice(&rare.extras);
                all.v4_lengths.extend_from_slice(&rare.v4_lengths);
                all.v6_lengths.extend_from_slice(&rare.v6_lengths);
            }
        }
        Self::of(slots, all)
    }

    fn of(mut slots: Vec<Slot>, mut rare: Rare) -> Self {
        slots.sort_unstable_by_key(|slot| slot.subject);
        rare.extras.sort_unstable_by_key(|extra| extra.id);
        for lengths in [&mut rare.v4_lengths, &mut rare.v6_lengths] {
            lengths.sort_unstable();
            lengths.dedup();
        }
        let is_rare = !(rare.extras.is_empty() && rare.v4_lengths.is_empty() && rare.v6_lengths.is_empty());
        Self { slots: slots.into(), rare: is_rare.then(|| Box::new(rare)) }
    }

    pub const fn is_empty(&self) -> bool {
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
        // An entry for a recipient has an extra.
        let has_extras = self.rare.as_ref().is_some_and(|rare| !rare.extras.is_empty());
        if self.slots.is_empty() || (recipient.is_some() && !has_extras) {
            return None;
        }
        let mut best = None;
        let mut look = |by, subject: &Subjected<'_>| {
            let found = self.of_subject(subject, recipient).filter(|slot| {
                let extra = self.extra(slot);
                extra.and_then(|extra| extra.recipient.as_ref()) == recipient
                    && extra.and_then(|extra| extra.expires_at).is_none_or(|at| at > now)
            });
            let found = found.map(|slot| Hit { kind: slot.kind, by, entry: slot.id });
            best = best.into_iter().chain(found).max_by_key(|hit: &Hit| (hit.kind, std::cmp::Reverse(hit.entry)));
        };
        each_sender(sender, |subject| look(By::Sender, subject));
        if let Some(rare) = &self.rare {
            let lengths = if client.is_ipv4() { &rare.v4_lengths } else { &rare.v6_lengths };
            for length in lengths {
                look(By::Client, &Subjected::Network(Cidr::of(client, *length)));
            }
        }
        best
    }

    fn of_subject(&self, subject: &Subjected<'_>, recipient: Option<&RecipientHash>) -> impl Iterator<Item = &Slot> {
        let short = subject.short(recipient);
        let from = self.slots.partition_point(|slot| slot.subject < short);
        self.slots.get(from..).unwrap_or_default().iter().take_while(move |slot| slot.subject == short)
    }

    fn extra(&self, slot: &Slot) -> Option<&Extra> {
        let extras = &self.rare.as_ref().filter(|_| slot.more)?.extras;
        let at = extras.binary_search_by_key(&slot.id, |extra| extra.id).ok()?;
        extras.get(at)
    }
}

/// Local parts are compared without regard to case: nobody who blocks a sender means one spelling of it.
fn folded(mailbox: &Mailbox) -> String {
    mailbox.to_string().to_lowercase()
}

fn each_sender(sender: &ReversePath, mut look: impl FnMut(&Subjected<'_>)) {
    let Some(mailbox) = sender.mailbox() else {
        return look(&Subjected::Null);
    };
    look(&Subjected::Mailbox(folded(mailbox).into()));
    if let Some(domain) = mailbox.domain() {
        look(&Subjected::Domain(domain.as_ascii()));
        let mut rest = domain.as_ascii();
        while let Some((_, parent)) = rest.split_once('.') {
            look(&Subjected::Subdomains(parent));
            rest = parent;
        }
    }
}
