//! Invitations: a grant for whoever has an address, with an account or without one. It arises when they accept.
//!
//! `invite` sends them, `accept` has what one comes to, `door` is for those who hold a link, `token` is what stands in it.

mod accept;
pub mod api;
pub mod door;
mod invite;
mod store;
mod view;

use std::time::Duration;

use contract::{Id, Micros, ids};

use crate::{
    api_keys,
    auth::{self, Role},
    db::{Read, StoreError, Tx},
    grants::{self, Over, Wanted},
    http::{ApiError, Code},
    mail_out::Language,
    persons, tenants,
};
pub(crate) use invite::{NewInvitation, end_all_of, invite, mail_must_be_set_up};
pub(crate) use store::STATEMENTS;
pub(crate) use view::InvitationView;

/// A link is good for so long.
const GOOD_FOR: Duration = Duration::from_hours(7 * 24);
/// What stands in a link begins with it.
const PREFIX: &str = "piv_";
/// What became of one is shown for so long.
const KEPT: Duration = Duration::from_hours(30 * 24);

#[derive(Debug, Clone)]
pub(crate) struct Invitation {
    pub id: Id<ids::Invitation>,
    pub email: String,
    /// Where a new account belongs.
    pub home: Id<ids::Tenant>,
    /// The word of the table: a later version may have more.
    pub role: String,
    pub over: Over,
    pub grant_expires_at: Option<Micros>,
    pub may_delegate: bool,
    pub max_domains: Option<i64>,
    pub language: Option<Language>,
    pub inviter: Id<ids::Person>,
    /// Which of their keys sent it.
    pub key: Option<Id<ids::ApiKey>>,
    pub created_at: Micros,
    pub sent_at: Micros,
    pub expires_at: Micros,
    pub end: Option<(Outcome, Micros)>,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Accepted,
    Revoked,
}

impl Outcome {
    const fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Revoked => "revoked",
        }
    }
}

impl Invitation {
    fn target(&self) -> crate::audit::Target {
        let target = crate::audit::Target::new("invitation").id(self.id);
        match self.over {
            Over::Installation => target,
            Over::Tenant(tenant) | Over::Domain(_, tenant) => target.of_tenant(tenant),
        }
    }

    /// None: a role of a later version.
    fn wanted(&self) -> Option<Wanted> {
        Some(Wanted {
            role: Role::granted(&self.role)?,
            over: self.over,
            expires_at: self.grant_expires_at,
            may_delegate: self.may_delegate,
            max_domains: self.max_domains,
        })
    }

    /// The tenant that it speaks for.
    fn tenant(&self) -> Id<ids::Tenant> {
        match self.over {
            Over::Installation => self.home,
            Over::Tenant(tenant) | Over::Domain(_, tenant) => tenant,
        }
    }

    /// Does the link lead somewhere now? Also what it stands on must still be there: whoever invites, and what they hold.
    async fn is_good(&self, read: &mut Read, now: Micros) -> Result<bool, ApiError> {
        if self.end.is_some() || self.expires_at <= now || self.grant_expires_at.is_some_and(|end| end <= now) {
            return Ok(false);
        }
        for tenant in [self.home, self.tenant()] {
            if tenants::find(read, tenant).await?.is_none_or(|tenant| tenant.closes_at.is_some()) {
                return Ok(false);
            }
        }
        let Some(wanted) = self.wanted() else { return Ok(false) };
        if persons::find(read, self.inviter).await?.is_none_or(|inviter| inviter.disabled_at.is_some()) {
            return Ok(false);
        }
        let held = match self.key {
            None => auth::holding(read, self.inviter, now).await?,
            Some(key) => match api_keys::still_good(read, key, now).await? {
                Some(key) => auth::holding_of_key(read, &key, now).await?,
                None => return Ok(false),
            },
        };
        match grants::may_give(&held, &wanted) {
            Ok(()) => Ok(true),
            Err(error) if error.code() == Code::GrantTooWide => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// Takes away what ended, or was over, long ago.
pub(crate) async fn sweep(tx: &mut Tx) -> Result<(), StoreError> {
    let until = tx.now() - KEPT;
    store::sweep(tx, until).await
}
