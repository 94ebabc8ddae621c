//! One domain with its whole chain of tenants, folded: everything that a RCPT for it needs.

use std::{net::IpAddr, sync::Arc};

use contract::{
    Id, Micros, ids,
    mail::{Domain, Host, LocalPart, Mailbox, ReversePath},
    policy::{
        Effective, Folded, Known, Tenancy, Verdict,
        gather::{self, Names, Takes},
        lists,
        recipient::{self, CallOut, DomainFacts, RecipientFacts, RecipientKnown, Routing, Unasked},
        settings::TlsVersion,
    },
    snapshot::{
        object::{
            Alias, AliasDomain, AliasDomainHop, DomainObject, DomainState, RecipientHash, Route, RouteObject,
            ShardPrefix,
        },
        open::Members,
        shard::Sharded,
    },
};

use super::{InstallationLevel, Lookup};

/// The chain of tenants from one tenant up, folded. Shared by all domains of that tenant.
#[derive(Debug)]
pub struct Chain {
    pub tenant: Id<ids::Tenant>,
    /// What it and those above it are held to: who is suspended suspends all below.
    pub tenancy: Tenancy,
    /// With the locks, for what stands below.
    pub(super) folded: Folded<()>,
    /// From this tenant upwards; the installation's is not among them.
    pub(super) lists: Vec<Arc<lists::Index>>,
    pub installation: Arc<InstallationLevel>,
}

/// Cheap to clone: an alias domain is its primary under another name.
#[derive(Debug, Clone)]
pub struct ServedDomain {
    pub id: Id<ids::Domain>,
    pub name: Domain,
    pub state: DomainState,
    pub effective: Arc<Effective>,
    pub chain: Arc<Chain>,
    /// As the snapshot has it: of an alias domain, its primary's.
    pub(super) object: Arc<DomainObject>,
    pub(super) route: Option<Way>,
    pub(super) recipients: Recipients,
    /// Shards of the alias addresses.
    pub(super) aliases: Option<Shards<Arc<[Alias]>>>,
    pub(super) list: Option<Arc<lists::Index>>,
    /// The domain that the next hop is given at RCPT, where it is another than the one written.
    pub(super) hop_sees: Option<Domain>,
}

/// Where a domain's mail goes.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Fixed(Arc<Route>),
    /// To a provider whose host follows from each domain: made when it is asked for.
    Followed(Arc<RouteObject>),
}

/// Shards as the snapshot holds them; nothing is copied.
pub(super) type Shards<T> = Arc<[(ShardPrefix, T)]>;

#[derive(Debug, Clone)]
pub enum Recipients {
    Any,
    Listed(Shards<Members>),
    /// Who is not listed is as the next hop says.
    CallOut(Shards<Members>, Unasked),
}

/// What is known when RCPT is said, besides the configuration.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    pub client: IpAddr,
    pub sender: &'a ReversePath,
    pub tls: Option<TlsVersion>,
    pub sender_null_mx: Known<bool>,
    pub source_route: bool,
    /// What the next hop said of the recipient; none: it was not asked yet.
    pub call_out: Option<CallOut>,
    pub now: Micros,
}

impl ServedDomain {
    pub fn tenant(&self) -> Id<ids::Tenant> {
        self.chain.tenant
    }

    /// Whose policy holds, and to whom mail is counted: itself, or what it is an alias of.
    pub fn primary(&self) -> Id<ids::Domain> {
        self.object.id
    }

    pub fn route(&self) -> Option<Arc<Route>> {
        self.route.as_ref().map(|way| match way {
            Way::Fixed(route) => Arc::clone(route),
            Way::Followed(route) => Arc::new(route.for_domain(&self.object.name)),
        })
    }

    pub(super) fn route_id(&self) -> Option<Id<ids::Route>> {
        self.route.as_ref().map(|way| match way {
            Way::Fixed(route) => route.id,
            Way::Followed(route) => route.id,
        })
    }

    /// This domain under its other name.
    pub(super) fn under(&self, alias: &AliasDomain) -> Self {
        let state = gather::alias_state(alias.state, self.state);
        let hop_sees = match alias.hop_sees {
            AliasDomainHop::AsWritten => None,
            AliasDomainHop::Primary => Some(self.name.clone()),
        };
        Self { id: alias.id, name: alias.name.clone(), state, hop_sees, ..self.clone() }
    }

    /// What the next hop must be asked where it was not: `None` where the domain's list says all.
    pub fn asks_the_hop(&self, local: &LocalPart) -> Option<Unasked> {
        // Most domains never ask, and need not hash for it.
        let Recipients::CallOut(..) = &self.recipients else { return None };
        match self.recipient(local, None) {
            RecipientKnown::CallOut(CallOut::Unasked(unasked)) => Some(unasked),
            _ => None,
        }
    }

    /// What the next hop is given at RCPT: as written, but where an alias says otherwise.
    pub fn at_hop(&self, mailbox: Mailbox) -> Mailbox {
        if self.aliases.is_none() && self.hop_sees.is_none() {
            return mailbox;
        }
        let local = self.rewritten(mailbox.local()).unwrap_or_else(|| mailbox.local().clone());
        let host = self.hop_sees.clone().map_or_else(|| mailbox.host().clone(), Host::Domain);
        let rewritten = Mailbox::new(local, host);
        // RFC 5321 §4.5.3.1.3; the longer name may not fit any more.
        if rewritten.to_string().len() > 254 { mailbox } else { rewritten }
    }

    /// An alias keeps its detail: `alias+detail` goes to `mailbox+detail`.
    fn rewritten(&self, local: &LocalPart) -> Option<LocalPart> {
        if let Some(alias) = self.alias(&self.object.hash_key.hash(local)) {
            return alias.rewrite_to.clone();
        }
        let user = local.without_detail()?;
        let to = self.alias(&self.object.hash_key.hash(&user))?.rewrite_to.as_ref()?;
        Some(to.with_detail_of(local).unwrap_or_else(|| to.clone()))
    }

    fn alias(&self, hash: &RecipientHash) -> Option<&Alias> {
        let (_, shard) = self.aliases.as_ref()?.iter().find(|(prefix, _)| prefix.covers(hash.shard_hash()))?;
        let place = shard.binary_search_by_key(hash, |alias| alias.hash).ok()?;
        shard.get(place)
    }

    fn recipient(&self, local: &LocalPart, call_out: Option<CallOut>) -> RecipientKnown {
        let (shards, takes) = match &self.recipients {
            Recipients::Any => (&[][..], Takes::Any),
            Recipients::Listed(shards) => (&**shards, Takes::Listed),
            Recipients::CallOut(shards, unasked) => (&**shards, Takes::CallOut(*unasked)),
        };
        gather::recipient(takes, local, call_out, |local| {
            let hash = self.object.hash_key.hash(local);
            shards
                .iter()
                .find(|(prefix, _)| prefix.covers(hash.shard_hash()))
                .is_some_and(|(_, members)| members.contains(&hash))
        })
    }

    fn facts<'a>(&self, local: &LocalPart, asked: &Asked<'a>) -> RecipientFacts<'a> {
        let own = self.object.hash_key.hash(local);
        let user = local.without_detail().map(|user| self.object.hash_key.hash(&user));
        let mailbox = [Some(&own), user.as_ref()].into_iter().flatten().find_map(|hash| self.alias(hash));
        let names = Names { as_written: &own, without_detail: user.as_ref(), mailbox: mailbox.map(|alias| &alias.of) };
        let above = self.chain.lists.iter().map(|list| &**list).chain([&self.chain.installation.list]);
        let list_hits = gather::list_hits(self.list.as_deref(), names, above, |index, of| {
            index.hit(asked.sender, asked.client, of, asked.now)
        });
        let routing = if asked.source_route {
            Some(Routing::SourceRoute)
        } else {
            local.has_routing_character().then_some(Routing::Character)
        };
        RecipientFacts {
            client: asked.client,
            sender: asked.sender,
            tls: asked.tls,
            sender_null_mx: asked.sender_null_mx,
            routing,
            domain: DomainFacts::Served {
                state: self.state,
                suspension: self.chain.tenancy.suspension,
                has_route: self.route.is_some(),
                recipient: self.recipient(local, asked.call_out),
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
        tls: asked.tls,
        sender_null_mx: asked.sender_null_mx,
        routing: None,
        domain,
        list_hits: Vec::new(),
        now: asked.now,
    }
}
