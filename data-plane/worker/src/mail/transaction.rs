//! One transaction while it lasts: who was accepted, which way they go, what everybody was told.

use std::{net::IpAddr, sync::Arc};

use contract::{
    Id, Micros,
    events::{Speaker, Tls},
    ids,
    mail::{ForwardPath, Mailbox, Recipient, Reply},
    policy::{Disposition, Effective, Known, Reason, Rule, Verdict},
    snapshot::object::Route,
};
use smtp::{Said, server::Sender};
use tokio::time::Instant;

use super::{
    Shared,
    delivery::{LiveHop, LiveRcpt, Way},
    dialogue::{About, Dialogue},
};
use crate::index::{Asked, Index, Lookup, ServedDomain};

/// How long a RCPT waits to learn whether the sender's domain has a null MX. Not known is not yes.
const NULL_MX_PATIENCE: std::time::Duration = std::time::Duration::from_secs(3);

#[derive(Debug)]
pub(crate) struct Transaction {
    pub id: Id<ids::Message>,
    pub index: Arc<Index>,
    pub sender: Sender,
    pub began: Instant,
    pub began_at: Micros,
    pub helo: String,
    pub extended: bool,
    pub client: IpAddr,
    pub tls: Option<Tls>,
    pub dialogue: Dialogue,
    pub named: Vec<Named>,
    pub group: Option<Group>,
    live: Option<LiveHop>,
    /// The hop would refuse the first recipient: nobody joins it.
    sole_only: bool,
    sender_null_mx: Option<Known<bool>>,
    pub envelope_us: u64,
}

/// A recipient that was named, and what came of it.
#[derive(Debug)]
pub(crate) struct Named {
    pub address: String,
    pub tenant: Option<Id<ids::Tenant>>,
    pub domain: Option<Id<ids::Domain>>,
    pub verdict: Verdict,
    pub hop_reply: Option<String>,
    /// Where the message goes for it, when accepted.
    pub mailbox: Option<Mailbox>,
}

/// Recipients that share one final answer.
#[derive(Debug)]
pub(crate) struct Group {
    pub way: Way,
    pub effective: Arc<Effective>,
}

impl Group {
    fn of(served: &ServedDomain, route: &Arc<Route>) -> Self {
        Self {
            way: Way::new(served.tenant(), Arc::clone(route), &served.chain.installation.allowed_hop_ranges),
            effective: Arc::clone(&served.effective),
        }
    }

    /// Same tenant, next hop and policy.
    fn takes(&self, other: &Self) -> bool {
        self.way.owner == other.way.owner && self.way.route == other.way.route && self.effective == other.effective
    }
}

impl Transaction {
    #[expect(clippy::too_many_arguments, reason = "what a transaction begins with, each named once")]
    pub(crate) fn new(
        shared: &Shared,
        index: Arc<Index>,
        sender: Sender,
        helo: String,
        extended: bool,
        client: IpAddr,
        tls: Option<Tls>,
        dialogue: Dialogue,
    ) -> Self {
        let began_at = shared.context.clock.now();
        Self {
            id: Id::new(began_at, shared.context.entropy.bytes()),
            index,
            sender,
            began: Instant::now(),
            began_at,
            helo,
            extended,
            client,
            tls,
            dialogue,
            named: Vec::new(),
            group: None,
            live: None,
            sole_only: false,
            sender_null_mx: None,
            envelope_us: 0,
        }
    }

    /// The accepted mailboxes, in order.
    pub(crate) fn recipients(&self) -> Vec<Mailbox> {
        self.named.iter().filter_map(|named| named.mailbox.clone()).collect()
    }

    pub(crate) fn take_live(&mut self) -> Option<LiveHop> {
        self.live.take()
    }

    /// What to answer to a RCPT.
    pub(crate) async fn rcpt(&mut self, shared: &Shared, path: &ForwardPath) -> Reply {
        let number = self.named.len();
        let postmaster = self.index.installation.postmaster.clone();
        let mailbox = match &path.recipient {
            Recipient::Mailbox(mailbox) => Some(mailbox.clone()),
            // This host's own postmaster is whoever the installation names.
            Recipient::Postmaster => postmaster,
        };
        let lookup = match mailbox.as_ref().and_then(Mailbox::domain) {
            Some(domain) => self.index.lookup(domain),
            None => Lookup::NotServed,
        };
        let verdict = match &mailbox {
            Some(mailbox) => self.judge(shared, &lookup, mailbox, path.source_route).await,
            None => plain(Disposition::Refused, Rule::Relay, Reason::NotServed, Said::NotServed.reply()),
        };
        let (tenant, domain) = match &lookup {
            Lookup::Served(served) => (Some(served.tenant()), Some(served.id)),
            Lookup::NotServed | Lookup::Unavailable => (None, None),
        };
        let mut named =
            Named { address: path.recipient.to_string(), tenant, domain, verdict, hop_reply: None, mailbox: None };
        if let (Disposition::Accepted, Lookup::Served(served), Some(mailbox)) =
            (named.verdict.disposition, &lookup, mailbox)
            && let Some(route) = &served.route
        {
            self.join(shared, Group::of(served, route), mailbox, &mut named, number).await;
        }
        let reply = named.verdict.reply.clone();
        self.named.push(named);
        self.envelope_us = micros(self.began);
        reply
    }

    async fn judge(&mut self, shared: &Shared, lookup: &Lookup, mailbox: &Mailbox, source_route: bool) -> Verdict {
        let sender_null_mx = match lookup {
            Lookup::Served(served) if served.effective.reject_null_mx_sender => self.null_mx(shared).await,
            _ => Known::Yes(false),
        };
        let asked = Asked {
            client: self.client,
            sender: &self.sender.path,
            sender_null_mx,
            source_route,
            now: shared.context.clock.now(),
        };
        lookup.judge(mailbox.local(), &asked)
    }

    /// Asked once in a transaction.
    async fn null_mx(&mut self, shared: &Shared) -> Known<bool> {
        if let Some(known) = self.sender_null_mx {
            return known;
        }
        let known = match self.sender.path.domain() {
            None => Known::Yes(false),
            Some(domain) => {
                let look = shared.context.dns.null_mx(domain);
                match tokio::time::timeout(NULL_MX_PATIENCE, look).await {
                    Ok(checks::Outcome::Known(_)) => Known::Yes(true),
                    Ok(checks::Outcome::Absent) => Known::Yes(false),
                    Ok(checks::Outcome::Unavailable(_)) | Err(_) => Known::Unavailable,
                }
            }
        };
        self.sender_null_mx = Some(known);
        known
    }

    /// The first recipient opens the group; the next hop is asked about every later one while the sender waits.
    async fn join(&mut self, shared: &Shared, group: Group, mailbox: Mailbox, named: &mut Named, number: usize) {
        let Some(open) = &self.group else {
            self.group = Some(group);
            named.mailbox = Some(mailbox);
            return;
        };
        if !open.takes(&group) {
            named.verdict =
                plain(Disposition::Deferred, Rule::DeliveryGroup, Reason::OtherGroup, Said::OtherGroup.reply());
            return;
        }
        if self.sole_only {
            named.verdict = sole_only();
            return;
        }
        let way = open.way.clone();
        let before: Vec<_> = self.recipients();
        let deliverer = &shared.deliverer;
        let asked = match self.live.take() {
            Some(live) => deliverer.one_more(live, &mailbox, number, &mut self.dialogue).await,
            None => match &before[..] {
                [first] => deliverer.begin_live(&way, &self.sender, first, &mailbox, &mut self.dialogue).await,
                // The transaction that took them is gone: they will be asked again at the end, all of them, and nobody
                // joins until then.
                _ => LiveRcpt::FirstRefused,
            },
        };
        match asked {
            LiveRcpt::Answered { live, accepted, reply, hop_reply } => {
                self.live = Some(live);
                named.hop_reply = Some(hop_reply);
                if accepted {
                    named.mailbox = Some(mailbox);
                    named.verdict.reply = reply;
                } else {
                    let refused = reply.class() == 5;
                    named.verdict = plain(
                        if refused { Disposition::Refused } else { Disposition::Deferred },
                        Rule::NextHop,
                        if refused { Reason::HopRefused } else { Reason::HopDeferred },
                        reply,
                    );
                }
            }
            LiveRcpt::FirstRefused => {
                self.sole_only = true;
                named.verdict = sole_only();
            }
            LiveRcpt::Failed(error) => {
                self.dialogue.add(Speaker::Hop, &format!("({error})"), About::Recipient(number));
                named.verdict = plain(Disposition::Deferred, Rule::NextHop, error.reason(), error.said().reply());
            }
        }
    }
}

fn sole_only() -> Verdict {
    plain(Disposition::Deferred, Rule::DeliveryGroup, Reason::SoleRecipientOnly, Said::SoleRecipient.reply())
}

pub(crate) fn plain(disposition: Disposition, rule: Rule, reason: Reason, reply: Reply) -> Verdict {
    Verdict { disposition, rule, reason, entry: None, reply }
}

pub(crate) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
