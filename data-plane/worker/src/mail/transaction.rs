//! One transaction while it lasts: who was accepted, which way they go, what everybody was told.

use std::{net::IpAddr, sync::Arc, time::Duration};

use contract::{
    Id, Micros,
    events::{Speaker, Tls},
    ids,
    mail::{ForwardPath, Mailbox, Recipient, Reply},
    policy::{Disposition, Effective, Known, Reason, Rule, Verdict},
    snapshot::object::Route,
};
use futures::FutureExt;
use smtp::{Said, server::Sender};
use tokio::{task::JoinHandle, time::Instant};

use super::{
    Shared,
    delivery::{LiveHop, LiveRcpt, Way},
    dialogue::{About, Dialogue},
};
use crate::index::{Asked, Index, Lookup, ServedDomain};

/// How long a RCPT waits to learn whether the sender's domain has a null MX. Not known is not yes.
const NULL_MX_PATIENCE: Duration = Duration::from_secs(3);

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
    /// The hop's transaction that took all of several recipients, and since when nothing has happened on it.
    live: Option<(LiveHop, Instant)>,
    /// The hop would refuse somebody who was accepted: nobody joins that one.
    sole_only: bool,
    sender_null_mx: NullMx,
    pub envelope_us: u64,
}

/// Does the sender's domain say that it takes no mail (RFC 7505)?
#[derive(Debug)]
enum NullMx {
    NotAsked,
    Asked(JoinHandle<Known<bool>>),
    Told(Known<bool>),
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

/// Recipients that are kept for the trace when the session itself refuses them.
const MAX_REFUSED_NAMED: usize = 1_000;

/// Recipients that share one final answer.
#[derive(Debug)]
pub(crate) struct Group {
    pub way: Way,
    pub effective: Arc<Effective>,
}

fn way(served: &ServedDomain, route: &Arc<Route>, index: &Index) -> Way {
    let allowed = &served.chain.installation.allowed_hop_ranges;
    Way::new(served.tenant(), Arc::clone(route), allowed, &index.certificates)
}

impl Group {
    fn of(served: &ServedDomain, route: &Arc<Route>, index: &Index) -> Self {
        Self { way: way(served, route, index), effective: Arc::clone(&served.effective) }
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
        let mut transaction = Self {
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
            sender_null_mx: NullMx::NotAsked,
            envelope_us: 0,
        };
        // Where it will matter, most likely: DNS and the sender's next command travel at the same time.
        if transaction.index.installation.effective.reject_null_mx_sender {
            transaction.sender_null_mx = ask_null_mx(shared, &transaction.sender);
        }
        transaction
    }

    /// The accepted mailboxes, in order.
    pub(crate) fn recipients(&self) -> Vec<Mailbox> {
        self.named.iter().filter_map(|named| named.mailbox.clone()).collect()
    }

    pub(crate) fn take_live(&mut self) -> Option<LiveHop> {
        self.live.take().map(|(live, _)| live)
    }

    /// When the next hop's transaction is given up, where there is one.
    pub(crate) fn live_until(&self, shared: &Shared) -> Option<Instant> {
        self.live.as_ref().map(|(_, since)| *since + Duration::from_secs(shared.delivery.live_s))
    }

    /// Gives up the next hop's transaction, where there is one.
    pub(crate) fn put_live_away(&mut self, shared: &Shared) {
        if let Some(live) = self.take_live() {
            shared.deliverer.put_away(live);
        }
    }

    /// What to answer to a RCPT.
    pub(crate) async fn rcpt(&mut self, shared: &Shared, path: &ForwardPath) -> Reply {
        let mailbox = match &path.recipient {
            Recipient::Mailbox(mailbox) => Some(mailbox.clone()),
            // This host's own postmaster is whoever the installation names.
            Recipient::Postmaster => self.index.installation.postmaster.clone(),
        };
        let lookup = match mailbox.as_ref().and_then(Mailbox::domain) {
            Some(domain) => self.index.lookup(domain),
            None => Lookup::NotServed,
        };
        let own = path.recipient == Recipient::Postmaster;
        let verdict = match &mailbox {
            Some(mailbox) if own => self.judge_postmaster(shared, &lookup, mailbox).await,
            Some(mailbox) => self.judge(shared, &lookup, mailbox, path.source_route).await,
            None => (no_postmaster(), None),
        };
        let (tenant, domain) = match &lookup {
            Lookup::Served(served) => (Some(served.tenant()), Some(served.id)),
            Lookup::NotServed | Lookup::Unavailable => (None, None),
        };
        let (verdict, hop_reply) = verdict;
        let mut named =
            Named { address: path.recipient.to_string(), tenant, domain, verdict, hop_reply, mailbox: None };
        if let (Disposition::Accepted, Some(mailbox)) = (named.verdict.disposition, mailbox) {
            match self.group_of(shared, &lookup, mailbox) {
                Some((group, mailbox)) => self.join(shared, group, mailbox, &mut named).await,
                // A postmaster at an address literal: there is no way that anybody gave.
                None => named.verdict = no_postmaster(),
            }
        }
        let reply = named.verdict.reply.clone();
        self.named.push(named);
        self.envelope_us = micros(self.began);
        reply
    }

    /// The session itself refused a RCPT: it is named in the trace as it was said.
    pub(crate) fn refused(&mut self, said: Said, path: Option<&ForwardPath>, line: &str) {
        if self.named.len() >= MAX_REFUSED_NAMED {
            return;
        }
        let number = self.named.len();
        self.dialogue.add(Speaker::Client, line, About::Recipient(number));
        self.dialogue.add(Speaker::Server, &said.reply().to_string(), About::Recipient(number));
        let mailbox = path.and_then(|path| match &path.recipient {
            Recipient::Mailbox(mailbox) => mailbox.domain(),
            Recipient::Postmaster => None,
        });
        let (tenant, domain) = match mailbox.map(|domain| self.index.lookup(domain)) {
            Some(Lookup::Served(served)) => (Some(served.tenant()), Some(served.id)),
            Some(Lookup::NotServed | Lookup::Unavailable) | None => (None, None),
        };
        let address = match path {
            Some(path) => path.recipient.to_string(),
            None => line.get("RCPT TO:".len()..).unwrap_or_default().trim().to_owned(),
        };
        let verdict = if said == Said::TooManyRecipients {
            plain(Disposition::Deferred, Rule::Limits, Reason::TooManyRecipients, said.reply())
        } else {
            plain(Disposition::Refused, Rule::Protocol, Reason::Syntax, said.reply())
        };
        self.named.push(Named { address, tenant, domain, verdict, hop_reply: None, mailbox: None });
        self.envelope_us = micros(self.began);
    }

    /// The group of a recipient that was accepted, and the address that its hop is given.
    fn group_of(&self, shared: &Shared, lookup: &Lookup, mailbox: Mailbox) -> Option<(Group, Mailbox)> {
        match lookup {
            Lookup::Served(served) => {
                Some((Group::of(served, served.route.as_ref()?, &self.index), served.at_hop(mailbox)))
            }
            // Nobody but the installation's postmaster was accepted without a domain that is served.
            Lookup::NotServed => {
                let installation = &self.index.installation;
                let way = Way::to_postmaster(installation, mailbox.domain()?, shared.delivery.mx_port);
                Some((Group { way, effective: Arc::new(installation.effective.clone()) }, mailbox))
            }
            Lookup::Unavailable => None,
        }
    }

    /// RFC 5321 §4.5.1: taken in any case. Where its domain is served, by its route, whoever is listed there.
    async fn judge_postmaster(
        &mut self,
        shared: &Shared,
        lookup: &Lookup,
        mailbox: &Mailbox,
    ) -> (Verdict, Option<String>) {
        if let Lookup::Served(_) | Lookup::Unavailable = lookup {
            let (verdict, hop_reply) = self.judge(shared, lookup, mailbox, false).await;
            if verdict.rule != Rule::Recipients && verdict.rule != Rule::RoutingCharacters {
                return (verdict, hop_reply);
            }
        }
        let now = shared.context.clock.now();
        let sender_null_mx = Known::Unavailable;
        let asked = Asked {
            client: self.client,
            sender: &self.sender.path,
            sender_null_mx,
            source_route: false,
            call_out: None,
            now,
        };
        (self.index.installation.judge_postmaster(&asked), None)
    }

    /// Will RCPT perhaps wait for somebody else?
    pub(crate) fn may_wait(&self, path: &ForwardPath) -> bool {
        let Recipient::Mailbox(mailbox) = &path.recipient else { return self.group.is_some() };
        let asks = || {
            matches!(mailbox.domain().map(|domain| self.index.lookup(domain)),
                Some(Lookup::Served(served)) if served.asks_the_hop(mailbox.local()).is_some())
        };
        self.group.is_some() || asks()
    }

    /// The verdict, and what the next hop said where it was asked for it.
    async fn judge(
        &mut self,
        shared: &Shared,
        lookup: &Lookup,
        mailbox: &Mailbox,
        source_route: bool,
    ) -> (Verdict, Option<String>) {
        let judge = |this: &Self, sender_null_mx, call_out| {
            let (client, sender, now) = (this.client, &this.sender.path, shared.context.clock.now());
            let asked = Asked { client, sender, sender_null_mx, source_route, call_out, now };
            lookup.judge(mailbox.local(), &asked)
        };
        let verdict = judge(self, Known::Unavailable, None);
        let Lookup::Served(served) = lookup else { return (verdict, None) };
        // Nobody waits for DNS where it would change nothing.
        let matters = matches!(verdict.rule, Rule::Default | Rule::Recipients | Rule::RoutingCharacters);
        if matters && served.effective.reject_null_mx_sender && self.null_mx(shared).await == Known::Yes(true) {
            return (judge(self, Known::Yes(true), None), None);
        }
        // Nor is a hop asked where its answer would change nothing: nobody who is blocked makes us ask.
        let open = verdict.disposition == Disposition::Accepted || verdict.reason == Reason::CallOutUnasked;
        let (Some(unasked), Some(route), true) = (served.asks_the_hop(mailbox.local()), &served.route, open) else {
            return (verdict, None);
        };
        let way = way(served, route, &self.index);
        let told = shared.call_outs.ask(&way, &served.at_hop(mailbox.clone()), self.client).await;
        (judge(self, Known::Unavailable, Some(told.means(unasked))), told.hop_reply)
    }

    /// Asked once in a transaction.
    async fn null_mx(&mut self, shared: &Shared) -> Known<bool> {
        if let NullMx::NotAsked = self.sender_null_mx {
            self.sender_null_mx = ask_null_mx(shared, &self.sender);
        }
        if let NullMx::Asked(look) = &mut self.sender_null_mx {
            let told = tokio::time::timeout(NULL_MX_PATIENCE, look).await;
            self.sender_null_mx = NullMx::Told(told.ok().and_then(Result::ok).unwrap_or(Known::Unavailable));
        }
        match self.sender_null_mx {
            NullMx::Told(known) => known,
            NullMx::NotAsked | NullMx::Asked(_) => Known::Unavailable,
        }
    }

    /// The first recipient opens the group; the next hop is asked about every later one while the sender waits.
    async fn join(&mut self, shared: &Shared, group: Group, mailbox: Mailbox, named: &mut Named) {
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
        let asked = match self.take_live() {
            Some(live) => deliverer.one_more(live, &mailbox, &mut self.dialogue).await,
            None => deliverer.begin_live(&way, &self.sender, &before, &mailbox, &mut self.dialogue).await,
        };
        match asked {
            LiveRcpt::Answered { live, accepted, reply, hop_reply } => {
                self.live = Some((live, Instant::now()));
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
            LiveRcpt::EarlierRefused => {
                self.sole_only = true;
                named.verdict = sole_only();
            }
            LiveRcpt::Failed(error) => {
                self.dialogue.add(Speaker::Hop, &format!("({error})"), About::Group);
                named.verdict = plain(Disposition::Deferred, Rule::NextHop, error.reason(), error.said().reply());
            }
        }
    }
}

/// A remembered answer is there at once; another is on its way when this returns.
fn ask_null_mx(shared: &Shared, sender: &Sender) -> NullMx {
    let Some(domain) = sender.path.domain().cloned() else {
        return NullMx::Told(Known::Yes(false));
    };
    let dns = shared.context.dns.clone();
    let mut look = Box::pin(async move {
        match dns.null_mx(&domain).await {
            checks::Outcome::Known(_) => Known::Yes(true),
            checks::Outcome::Absent => Known::Yes(false),
            checks::Outcome::Unavailable(_) => Known::Unavailable,
        }
    });
    match (&mut look).now_or_never() {
        Some(known) => NullMx::Told(known),
        None => NullMx::Asked(tokio::spawn(look)),
    }
}

fn no_postmaster() -> Verdict {
    plain(Disposition::Deferred, Rule::DomainState, Reason::NoRoute, Said::NoPostmaster.reply())
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
