//! Mail domains: `pending` until DNS proves who holds them.
//!
//! `alias` says which may be another's other name, `create` makes one, `moving` gives one to another tenant, `name` says which names nobody may register, `proof` looks at DNS, `records` shows all that stands there, `rivals` tells those who wait for a name that is another's, `takeover` lets one pass to whoever has the only proof, `watch` looks again and again
//! while a domain is pending and `ownership` once it is active, `view` is the wire.

/// Is its proof gone, and does that concern anybody? What is closing, or whose tenant is, goes anyway.
macro_rules! is_lost {
    () => {
        "(d.ownership_lost_at IS NOT NULL AND d.closes_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM tenants o WHERE o.id = d.tenant_id AND o.closes_at IS NOT NULL))"
    };
}

mod alias;
pub mod api;
mod create;
mod moving;
mod name;
pub(crate) mod ownership;
mod proof;
mod records;
pub(crate) mod rivals;
mod row;
mod store;
pub(crate) mod takeover;
mod view;
pub(crate) mod watch;

use contract::{Id, Micros, ids, mail::Domain as Name, policy::recipient::Unasked};

use crate::labels::Labels;
pub(crate) use alias::must_be_no_alias;
pub(crate) use create::{name_of, register};
use moving::Former;
pub(crate) use moving::STATEMENTS as MOVING_STATEMENTS;
pub(crate) use ownership::STATEMENTS as OWNERSHIP_STATEMENTS;
pub(crate) use rivals::STATEMENTS as RIVALS_STATEMENTS;
pub use store::find;
pub(crate) use store::{STATEMENTS, active, lock, remove_all, serving};
pub(crate) use takeover::STATEMENTS as TAKEOVER_STATEMENTS;
pub use view::{AliasDomainView, RecipientMode};
pub(crate) use view::{DomainCreate, DomainView};

#[derive(Debug, Clone)]
pub struct Domain {
    pub id: Id<ids::Domain>,
    pub tenant: Id<ids::Tenant>,
    pub name: Name,
    pub external_ref: Option<String>,
    pub labels: Labels,
    pub state: State,
    pub recipients: RecipientMode,
    /// What holds when the next hop cannot be asked; none where it is not to be asked.
    pub unasked: Option<Unasked>,
    pub alias: Option<AliasOf>,
    pub route: Option<Id<ids::Route>>,
    /// Key of the recipients' hashes in objects.
    pub hash_key: [u8; 16],
    /// Mail for a pending domain is deferred until then.
    pub defer_until: Micros,
    pub activated_at: Option<Micros>,
    /// When an active domain that was deleted will be gone.
    pub closes_at: Option<Micros>,
    pub check: Check,
    /// Tenants that it belonged to before, while what they showed in DNS counts.
    pub former: Former,
    /// Who registered it.
    pub created_by: Option<Id<ids::Person>>,
    /// Of a pending domain: when another tenant proved the name.
    pub taken_at: Option<Micros>,
    /// Of an active domain: since when another tenant has the only proof.
    pub contested_at: Option<Micros>,
    pub revision: i64,
    pub created_at: Micros,
}

/// A domain that is another's other name: the recipients, route, lists and policy of that one hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AliasOf {
    pub primary: Id<ids::Domain>,
    pub hop_sees: AliasDomainView,
}

impl AliasOf {
    pub(crate) const fn new(primary: Id<ids::Domain>) -> Self {
        Self { primary, hop_sees: AliasDomainView::AsWritten }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Pending,
    Active,
}

/// What was found when DNS was last asked. Does not move the revision.
#[derive(Debug, Clone, Default)]
pub struct Check {
    pub checked_at: Option<Micros>,
    pub finding: Option<Finding>,
    /// None: not asked again by itself, or, where it is active, not planned yet.
    pub next_check_at: Option<Micros>,
    /// Of an active domain: since when each look that had an answer found the proof missing.
    pub missing_since: Option<Micros>,
    /// Of an active domain: since when its ownership is taken for lost. Its mail flows on.
    pub lost_at: Option<Micros>,
}

macro_rules! findings {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// The outcome of a look at DNS.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Finding { $($(#[$doc])* $name,)* }

        impl Finding {
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            fn parse(name: &str) -> Option<Self> {
                match name { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

findings! {
    Proven = "proven",
    /// There is no TXT record at the name.
    RecordMissing = "record_missing",
    /// There is one, and it says something else.
    ValueDiffers = "value_differs",
    /// A wildcard answers: that is no proof.
    Wildcard = "wildcard",
    /// DNS could not be asked.
    DnsUnavailable = "dns_unavailable",
    /// Proven, but the name is active for another tenant, or stands below such a name.
    HeldElsewhere = "held_elsewhere",
    /// Taken without proof: the development switch was on.
    NotChecked = "not_checked",
}

impl Domain {
    pub(crate) fn change(&self) -> crate::outbox::Change {
        crate::outbox::Change::Domain(self.id, self.name.clone())
    }

    /// What DNS is asked about it.
    fn claim(&self) -> proof::Claim {
        proof::Claim { tenant: self.tenant, former: self.former.clone(), name: self.name.clone() }
    }

    pub(crate) fn place(&self) -> crate::auth::Place {
        crate::auth::Place::Domain(self.id, self.tenant)
    }

    /// Where its mail goes: an alias has the route of its primary.
    fn goes_to(&self) -> (Option<Id<ids::Route>>, Option<Id<ids::Domain>>) {
        (self.route, self.alias.map(|alias| alias.primary))
    }

    pub(crate) fn target(&self) -> crate::audit::Target {
        crate::audit::Target::new("domain").id(self.id).of_tenant(self.tenant)
    }
}
