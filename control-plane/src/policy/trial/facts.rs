//! From the database to the facts that a recipient is judged by.

use contract::{
    Id, Micros, ids,
    mail::LocalPart,
    policy::{
        Effective, Folded, Known, Verdict,
        gather::{self, Names, Takes},
        lists::{self, Entry},
        recipient::{self, DomainFacts, RecipientFacts, RecipientKnown, Routing, Unasked},
    },
    snapshot::object::{DomainState, HashKey},
};

use super::view::Envelope;
use crate::{
    auth::Scope,
    db::{Read, StoreError},
    domains::{self, Domain, RecipientMode, State},
    lists as lists_resource,
    policy::levels::{self, Level, Place},
    recipients, tenants,
};

/// Everything about a recipient but what only DNS and the next hop know.
#[derive(Debug)]
pub(super) struct Found {
    pub served: Option<Served>,
    facts: DomainFacts,
    hits: Vec<lists::Hit>,
}

/// The domain of the recipient.
#[derive(Debug)]
pub(super) struct Served {
    pub tenant: Id<ids::Tenant>,
    pub domain: Id<ids::Domain>,
    pub route: Option<Id<ids::Route>>,
    pub place: Place,
    pub folded: Folded<Level>,
}

impl Found {
    fn nowhere(facts: DomainFacts) -> Self {
        Self { served: None, facts, hits: Vec::new() }
    }

    /// The next hop would be asked about the recipient.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.facts, DomainFacts::Served { recipient: RecipientKnown::CallOut(_), .. })
    }

    /// The decision on the recipient, by the function that workers run.
    pub(super) fn judge(&self, envelope: &Envelope, sender_null_mx: Known<bool>, now: Micros) -> Verdict {
        let local = envelope.recipient.local();
        let routing = if envelope.source_route {
            Some(Routing::SourceRoute)
        } else {
            local.has_routing_character().then_some(Routing::Character)
        };
        let facts = RecipientFacts {
            client: envelope.client,
            sender: &envelope.sender,
            tls: envelope.tls,
            sender_null_mx,
            routing: routing.filter(|_| self.served.is_some()),
            domain: self.facts,
            list_hits: self.hits.clone(),
            now,
        };
        recipient::judge(&self.effective(), &facts)
    }

    pub(super) fn effective(&self) -> Effective {
        self.served.as_ref().map(|served| (*served.folded.effective).clone()).unwrap_or_default()
    }
}

/// What a worker's index would have of the recipient.
///
/// What is out of the caller's reach is as if it were not there.
pub(super) async fn gather(
    read: &mut Read,
    scope: &Scope,
    envelope: &Envelope,
    now: Micros,
) -> Result<Found, StoreError> {
    let named = match envelope.recipient.domain() {
        Some(name) => domains::serving(read, name).await?,
        None => None,
    };
    let Some(named) = named.filter(|named| scope.covers(named.place())) else {
        return Ok(Found::nowhere(DomainFacts::NotServed));
    };
    let (domain, state) = match named.alias {
        None => (named.clone(), state(&named)),
        Some(alias) => match domains::find(read, alias.primary).await? {
            Some(primary) if primary.tenant == named.tenant && primary.alias.is_none() => {
                let state = gather::alias_state(state(&named), state(&primary));
                (primary, state)
            }
            // As workers do: a chain of aliases is nobody's configuration.
            Some(_) | None => return Ok(Found::nowhere(DomainFacts::Unavailable)),
        },
    };
    let folded = levels::of_domain(read, &domain).await?;
    let key = HashKey(domain.hash_key);
    let local = envelope.recipient.local();
    let user = local.without_detail();
    let names: Vec<_> = [Some(local), user.as_ref()].into_iter().flatten().cloned().collect();
    let listed = recipients::named(read, domain.id, &names).await?;
    let takes = match (domain.recipients, domain.unasked) {
        (RecipientMode::Listed, _) => Takes::Listed,
        (RecipientMode::Any, _) => Takes::Any,
        (RecipientMode::CallOut, unasked) => Takes::CallOut(unasked.unwrap_or(Unasked::Defer)),
    };
    let is_listed = |local: &LocalPart| listed.contains_key(&recipients::key(local));
    let recipient = gather::recipient(takes, local, None, is_listed);
    let mailbox = names.iter().find_map(|name| listed.get(&recipients::key(name))?.as_deref());
    let tenants = tenants::ancestry(read, domain.tenant).await?;
    let hits = hits(read, envelope, &domain, &tenants, key, user.as_ref(), mailbox, now).await?;
    let suspension = tenants::suspension::of_mail(read, domain.tenant).await?;
    let facts = DomainFacts::Served { state, suspension, has_route: domain.route.is_some(), recipient };
    let served = Served {
        tenant: domain.tenant,
        domain: named.id,
        route: domain.route,
        place: Place::Domain(Box::new(named)),
        folded,
    };
    Ok(Found { served: Some(served), facts, hits })
}

fn state(domain: &Domain) -> DomainState {
    match domain.state {
        State::Active => DomainState::Active,
        State::Pending => DomainState::Pending { defer_until: domain.defer_until },
    }
}

/// The deciding entries, most specific first.
#[expect(clippy::too_many_arguments, reason = "by what an entry may name the recipient, each once")]
async fn hits(
    read: &mut Read,
    envelope: &Envelope,
    domain: &Domain,
    tenants: &[Id<ids::Tenant>],
    key: HashKey,
    user: Option<&LocalPart>,
    mailbox: Option<&str>,
    now: Micros,
) -> Result<Vec<lists::Hit>, StoreError> {
    let own = recipients::key(envelope.recipient.local());
    let user = user.map(recipients::key);
    let of_recipient: Vec<_> = [Some(own.as_str()), user.as_deref(), mailbox].into_iter().flatten().collect();
    let found = lists_resource::for_recipient(read, domain.id, tenants, &of_recipient).await?;
    let index = |entries: &[lists_resource::ListEntry]| {
        let entries: Vec<Entry> = entries.iter().map(|entry| entry.as_held(|local| key.hash_folded(local))).collect();
        lists::Index::new(&entries)
    };
    let in_domain = index(&found.of_domain);
    let above: Vec<_> = found.above.iter().map(|entries| index(entries)).collect();
    let (own, user) = (key.hash_folded(&own), user.map(|user| key.hash_folded(&user)));
    let mailbox = mailbox.map(|mailbox| key.hash_folded(mailbox));
    let names = Names { as_written: &own, without_detail: user.as_ref(), mailbox: mailbox.as_ref() };
    Ok(gather::list_hits(Some(&in_domain), names, above.iter(), |index, of| {
        index.hit(&envelope.sender, envelope.client, of, now)
    }))
}
