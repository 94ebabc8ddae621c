//! Is this head for us, newer than what we hold, and still good?

use super::{Refusal, keys::TrustedKeys};
use crate::{
    Id, Micros, ids,
    snapshot::{
        Verified,
        hash::Hash,
        head::{Head, Totals},
        object::SCHEMAS,
    },
    worker_api::{HEAD_TYPE, HeadVersion, Ring},
};

/// Whose heads a worker takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Audience {
    pub installation: Id<ids::Installation>,
    pub pool: Id<ids::Pool>,
    pub ring: Ring,
}

/// What a worker remembers of the newest head it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    pub at: HeadVersion,
    pub root: Hash,
    pub issued_at: Micros,
    pub totals: Totals,
}

impl From<&Head> for Held {
    fn from(head: &Head) -> Self {
        Self { at: head.at(), root: head.root, issued_at: head.issued_at, totals: head.totals }
    }
}

/// What a head has to follow on.
#[derive(Debug, Clone, Copy)]
pub enum After<'a> {
    /// Of an issuer that signs for no nonce: whatever is not expired.
    Nothing,
    /// Signed for this, which was asked with: a worker that just started has no memory of versions, and an older head that is
    /// not expired yet would do as well.
    Nonce(&'a str),
    Held(&'a Held),
}

/// Up to this many, any number of tenants or domains may go at once.
const FREE_TO_SHRINK: u32 = 20;

pub fn open_head(
    jws: &str,
    keys: &TrustedKeys,
    audience: &Audience,
    after: After<'_>,
    now: Micros,
) -> Result<Verified<Head>, Refusal> {
    let head: Head = keys.read(jws, HEAD_TYPE)?;
    if (head.installation, head.pool, head.ring) != (audience.installation, audience.pool, audience.ring)
        || keys.installation() != audience.installation
    {
        return Err(Refusal::WrongAudience);
    }
    if !SCHEMAS.contains(&head.schema) {
        return Err(Refusal::UnknownSchema);
    }
    if head.expires_at <= now {
        return Err(Refusal::Expired);
    }
    if head.epoch < keys.epoch() {
        return Err(Refusal::RolledBack);
    }
    match after {
        After::Nothing => {}
        After::Nonce(nonce) if head.nonce.as_deref() == Some(nonce) => {}
        After::Nonce(_) => return Err(Refusal::NotFresh),
        After::Held(held) => follows(&head, held)?,
    }
    Ok(Verified::new(head))
}

fn follows(head: &Head, held: &Held) -> Result<(), Refusal> {
    if head.at() < held.at {
        return Err(Refusal::RolledBack);
    }
    if head.at() == held.at {
        if head.root != held.root {
            return Err(Refusal::Forked);
        }
        // A renewal is issued later; the very same head again is no step back, but nothing new either.
        return if head.issued_at < held.issued_at { Err(Refusal::RolledBack) } else { Ok(()) };
    }
    let lowest = head.lowest_totals;
    let shrunk = is_shrunk(held.totals.tenants, head.totals.tenants, lowest.map(|totals| totals.tenants))
        || is_shrunk(held.totals.domains, head.totals.domains, lowest.map(|totals| totals.domains));
    if shrunk { Err(Refusal::Shrunk) } else { Ok(()) }
}

/// More than a tenth gone, of more than twenty, and not down to where audited deletions lead.
fn is_shrunk(before: u32, after: u32, explained_down_to: Option<u32>) -> bool {
    let lost = before.saturating_sub(after);
    let much = before > FREE_TO_SHRINK && u64::from(lost) * 10 > u64::from(before);
    much && explained_down_to.is_none_or(|lowest| after < lowest)
}
