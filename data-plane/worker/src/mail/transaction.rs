//! One transaction while it lasts: who was accepted, which way they go, what everybody was told.

use std::{net::IpAddr, sync::Arc, time::Duration};

use contract::{
    Id, Micros,
    events::{Speaker, Tls},
    ids,
    mail::{ForwardPath, Mailbox, Recipient, Reply},
    policy::{Disposition, Known, Reason, Rule, Verdict, settings::TlsVersion},
};
use smtp::{Said, server::Sender};
use tokio::time::Instant;

use super::{
    Shared,
    delivery::LiveHop,
    dialogue::{About, Dialogue},
    group::{Group, way},
    hours::Counted,
    null_mx::NullMx,
    traffic::Entered,
};
use crate::index::{Asked, Index, Lookup};

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
    /// Domains that it brings mail for, as they count it.
    pub(super) entered: Vec<Entered>,
    /// Where its tenant, or one above it, may have only so many messages an hour: this one.
    pub(super) counted: Option<Counted>,
    /// The hop's transaction that took all of several recipients, and since when nothing has happened on it.
    pub(super) live: Option<(LiveHop, Instant)>,
    /// The hop would refuse somebody who was accepted: nobody joins that one.
    pub(super) sole_only: bool,
    sender_null_mx: NullMx,
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

/// Recipients that are kept for the trace when the session itself refuses them.
const MAX_REFUSED_NAMED: usize = 1_000;

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
            entered: Vec::new(),
            counted: None,
            live: None,
            sole_only: false,
            sender_null_mx: NullMx::NotAsked,
            envelope_us: 0,
        };
        // Where it will matter, most likely: DNS and the sender's next command travel at the same time.
        if transaction.index.installation.effective.reject_null_mx_sender {
            transaction.sender_null_mx = NullMx::ask(shared, &transaction.sender);
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
                Some((group, mailbox)) => {
                    // Nobody counts mail for this host's own postmaster (RFC 5321 §4.5.1).
                    let counted = match &lookup {
                        Lookup::Served(served) if !own => Some(&**served),
                        Lookup::Served(_) | Lookup::NotServed | Lookup::Unavailable => None,
                    };
                    self.join(shared, group, mailbox, counted, &mut named).await;
                }
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

    /// RFC 5321 §4.5.1: taken in any case. Where its domain is served, by its route, whoever is listed there.
    async fn judge_postmaster(
        &mut self,
        shared: &Shared,
        lookup: &Lookup,
        mailbox: &Mailbox,
    ) -> (Verdict, Option<String>) {
        if let Lookup::Served(_) | Lookup::Unavailable = lookup {
            let (verdict, hop_reply) = self.judge(shared, lookup, mailbox, false).await;
            if !matches!(verdict.rule, Rule::Recipients | Rule::RoutingCharacters | Rule::Tls) {
                return (verdict, hop_reply);
            }
        }
        let now = shared.context.clock.now();
        let sender_null_mx = Known::Unavailable;
        let asked = Asked {
            client: self.client,
            sender: &self.sender.path,
            tls: self.tls_version(),
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
            let tls = this.tls_version();
            let asked = Asked { client, sender, tls, sender_null_mx, source_route, call_out, now };
            lookup.judge(mailbox.local(), &asked)
        };
        let verdict = judge(self, Known::Unavailable, None);
        let Lookup::Served(served) = lookup else { return (verdict, None) };
        // Nobody waits for DNS where it would change nothing.
        let matters = matches!(verdict.rule, Rule::Default | Rule::Recipients | Rule::RoutingCharacters);
        if matters
            && served.effective.reject_null_mx_sender
            && self.sender_null_mx.told(shared, &self.sender).await == Known::Yes(true)
        {
            return (judge(self, Known::Yes(true), None), None);
        }
        // Nor is a hop asked where its answer would change nothing: nobody who is blocked makes us ask.
        let open = verdict.disposition == Disposition::Accepted || verdict.reason == Reason::CallOutUnasked;
        let (Some(unasked), Some(route), true) = (served.asks_the_hop(mailbox.local()), served.route(), open) else {
            return (verdict, None);
        };
        let way = way(served, &route, &self.index);
        let told = shared.call_outs.ask(&way, &served.at_hop(mailbox.clone()), self.client).await;
        (judge(self, Known::Unavailable, Some(told.means(unasked))), told.hop_reply)
    }

    fn tls_version(&self) -> Option<TlsVersion> {
        self.tls.as_ref().map(|tls| TlsVersion::of_protocol(&tls.version))
    }
}

fn no_postmaster() -> Verdict {
    plain(Disposition::Deferred, Rule::DomainState, Reason::NoRoute, Said::NoPostmaster.reply())
}

pub(crate) fn plain(disposition: Disposition, rule: Rule, reason: Reason, reply: Reply) -> Verdict {
    Verdict { disposition, rule, reason, entry: None, reply }
}

pub(crate) fn micros(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX)
}
