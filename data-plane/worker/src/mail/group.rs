//! Delivery groups: recipients of one transaction that share one final answer. The first opens the group, counted by its
//! domain's limits; the next hop is asked about every later one.

use std::sync::Arc;

use contract::{
    events::Speaker,
    mail::Mailbox,
    policy::{Disposition, Effective, Reason, Rule, Verdict, tenancy},
    snapshot::object::Route,
};
use smtp::Said;
use tokio::time::Instant;

use super::{
    Shared,
    delivery::{LiveRcpt, Way},
    dialogue::About,
    traffic::Entered,
    transaction::{Named, Transaction, plain},
};
use crate::index::{Index, Lookup, ServedDomain};

/// Recipients that share one final answer.
#[derive(Debug)]
pub(crate) struct Group {
    pub way: Way,
    pub effective: Arc<Effective>,
}

/// How mail for a domain goes to its next hop.
pub(super) fn way(served: &ServedDomain, route: &Arc<Route>, index: &Index) -> Way {
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
    /// The group of a recipient that was accepted, and the address that its hop is given.
    pub(super) fn group_of(&self, shared: &Shared, lookup: &Lookup, mailbox: Mailbox) -> Option<(Group, Mailbox)> {
        match lookup {
            Lookup::Served(served) => Some((Group::of(served, &served.route()?, &self.index), served.at_hop(mailbox))),
            // Nobody but the installation's postmaster was accepted without a domain that is served.
            Lookup::NotServed => {
                let installation = &self.index.installation;
                let way = Way::to_postmaster(installation, mailbox.domain()?, shared.delivery.mx_port);
                Some((Group { way, effective: Arc::clone(&installation.effective) }, mailbox))
            }
            Lookup::Unavailable => None,
        }
    }

    /// The first recipient opens the group; the next hop is asked about every later one while the sender waits.
    /// `counted` is the domain that counts what client networks bring to it.
    pub(super) async fn join(
        &mut self,
        shared: &Shared,
        group: Group,
        mailbox: Mailbox,
        counted: Option<&ServedDomain>,
        named: &mut Named,
    ) {
        let Some(open) = &self.group else {
            if self.enter(shared, counted, named) {
                self.group = Some(group);
                named.mailbox = Some(mailbox);
            }
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
        // Before the hop is asked: it should not hold a recipient that we refuse. What came of nothing is given back.
        let entered = self.entered.len();
        if !self.enter(shared, counted, named) {
            return;
        }
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
        if named.mailbox.is_none() {
            self.entered.drain(entered..).for_each(Entered::take_back);
        }
    }

    /// The last thing that is judged. False: it is one too many, and the verdict says so.
    fn enter(&mut self, shared: &Shared, counted: Option<&ServedDomain>, named: &mut Named) -> bool {
        let Some(domain) = counted else { return true };
        let recipients = self.named.iter().filter(|named| named.mailbox.is_some()).count();
        let recipients = u32::try_from(recipients).unwrap_or(u32::MAX);
        let live_workers = shared.context.hops.live_workers();
        let entered = self.entered.len();
        if let Err(verdict) = shared.traffic.enter(domain, self.client, recipients, live_workers, &mut self.entered) {
            named.verdict = verdict;
            return false;
        }
        // All recipients of a transaction are of one tenant: it is one message for it and for those above.
        let hourly = &domain.chain.tenancy.hourly;
        if hourly.is_empty() || self.counted.is_some() {
            return true;
        }
        self.counted = shared.hours.take(hourly, live_workers);
        if self.counted.is_none() {
            self.entered.drain(entered..).for_each(Entered::take_back);
            metrics::counter!("postern_smtp_tenant_limited_total").increment(1);
            named.verdict = tenancy::hour_is_full();
        }
        self.counted.is_some()
    }
}

fn sole_only() -> Verdict {
    plain(Disposition::Deferred, Rule::DeliveryGroup, Reason::SoleRecipientOnly, Said::SoleRecipient.reply())
}
