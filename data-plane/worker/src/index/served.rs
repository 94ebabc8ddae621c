//! One domain with its whole chain of tenants, folded: everything that a RCPT for it needs.

use std::{net::IpAddr, sync::Arc};

use contract::{
    Id, Micros, ids,
    mail::{Domain, LocalPart, ReversePath},
    policy::{
        Effective, Known, Verdict, lists,
        recipient::{self, DomainFacts, RecipientFacts, RecipientKnown, Routing},
    },
    snapshot::{
        object::{DomainState, HashKey, Object, Route, ShardPrefix, TenantState},
        shard::Sharded,
    },
};

use super::{InstallationLevel, Lookup};

/// The chain of tenants from one tenant up, folded. Shared by all domains of that tenant.
#[derive(Debug)]
pub struct Chain {
    pub tenant: Id<ids::Tenant>,
    /// The worst state on the way up: who is suspended suspends all below.
    pub state: TenantState,
    pub(super) effective: Effective,
    /// From this tenant upwards; the installation's is not among them.
    pub(super) lists: Vec<Arc<lists::Index>>,
    pub installation: Arc<InstallationLevel>,
}

#[derive(Debug)]
pub struct ServedDomain {
    pub id: Id<ids::Domain>,
    pub name: Domain,
    pub state: DomainState,
    pub route: Option<Arc<Route>>,
    pub effective: Arc<Effective>,
    pub chain: Arc<Chain>,
    pub(super) recipients: Recipients,
    pub(super) hash_key: HashKey,
    pub(super) list: Option<lists::Index>,
}

#[derive(Debug)]
pub enum Recipients {
    Any,
    /// Shards as the snapshot holds them; nothing is copied.
    Listed(Vec<(ShardPrefix, Arc<Object>)>),
}

/// What is known when RCPT is said, besides the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub client: IpAddr,
    pub sender: &'a ReversePath,
    pub sender_null_mx: Known<bool>,
    pub source_route: bool,
    pub now: Micros,
}

impl ServedDomain {
    pub fn tenant(&self) -> Id<ids::Tenant> {
        self.chain.tenant
    }

    fn recipient(&self, local: &LocalPart) -> RecipientKnown {
        // RFC 5321 §4.5.1: postmaster is always there.
        if local.as_str().eq_ignore_ascii_case("postmaster") {
            return RecipientKnown::Accepted;
        }
        match &self.recipients {
            Recipients::Any => RecipientKnown::Accepted,
            Recipients::Listed(shards) => {
                let listed = |local: &LocalPart| {
                    let hash = self.hash_key.hash(local);
                    shards.iter().find(|(prefix, _)| prefix.covers(hash.shard_hash())).is_some_and(
                        |(_, shard)| matches!(&**shard, Object::Recipients(shard) if shard.hashes.contains(&hash)),
                    )
                };
                if listed(local) {
                    RecipientKnown::Listed
                } else if local.without_detail().is_some_and(|user| listed(&user)) {
                    RecipientKnown::Accepted
                } else {
                    RecipientKnown::Unknown
                }
            }
        }
    }

    fn facts<'a>(&self, local: &LocalPart, asked: &Asked<'a>) -> RecipientFacts<'a> {
        let own = self.hash_key.hash(local);
        let user = local.without_detail().map(|user| self.hash_key.hash(&user));
        let hit = |index: &lists::Index, of| index.hit(asked.sender, asked.client, of, asked.now);
        // Recipient (as written, then without its detail), domain, tenants upwards, installation.
        let in_domain = self.list.iter().flat_map(|list| {
            [Some(Some(&own)), user.as_ref().map(Some), Some(None)]
                .into_iter()
                .flatten()
                .filter_map(move |of| hit(list, of))
        });
        let above = self.chain.lists.iter().map(|list| &**list).chain([&self.chain.installation.list]);
        let list_hits = in_domain.chain(above.filter_map(|list| hit(list, None))).collect();
        let routing = if asked.source_route {
            Some(Routing::SourceRoute)
        } else {
            local.has_routing_character().then_some(Routing::Character)
        };
        RecipientFacts {
            client: asked.client,
            sender: asked.sender,
            sender_null_mx: asked.sender_null_mx,
            routing,
            domain: DomainFacts::Served {
                state: self.state,
                tenant: self.chain.state,
                has_route: self.route.is_some(),
                recipient: self.recipient(local),
            },
            list_hits,
            now: asked.now,
        }
    }
}

impl Lookup {
    /// The decision on one recipient.
    pub fn judge(&self, local: &LocalPart, asked: &Asked<'_>) -> Verdict {
        match self {
            Self::Served(served) => recipient::judge(&served.effective, &served.facts(local, asked)),
            Self::NotServed => recipient::judge(&Effective::default(), &unserved(DomainFacts::NotServed, asked)),
            Self::Unavailable => recipient::judge(&Effective::default(), &unserved(DomainFacts::Unavailable, asked)),
        }
    }
}

impl InstallationLevel {
    /// The decision on `<postmaster>` without a domain: only the installation's own list can refuse it.
    pub fn judge_postmaster(&self, asked: &Asked<'_>) -> Verdict {
        let list_hits = self.list.hit(asked.sender, asked.client, None, asked.now).into_iter().collect();
        recipient::judge(&self.effective, &RecipientFacts { list_hits, ..unserved(DomainFacts::Own, asked) })
    }
}

fn unserved<'a>(domain: DomainFacts, asked: &Asked<'a>) -> RecipientFacts<'a> {
    RecipientFacts {
        client: asked.client,
        sender: asked.sender,
        sender_null_mx: asked.sender_null_mx,
        routing: None,
        domain,
        list_hits: Vec::new(),
        now: asked.now,
    }
}
