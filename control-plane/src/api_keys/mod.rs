//! API keys: credentials for programs, narrower than whoever made them, and never wider later. Shown once; only a hash is kept.
//!
//! `pst_live_` and 48 characters: 32 random bytes and four of their hash, so that a slip is told from a key without asking.

pub mod api;
mod store;
mod view;

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use contract::{Id, Micros, ids, mail::Cidr};

use crate::{
    audit,
    auth::{Callers, MATRIX, action::reads, secret},
    db::{Read, StoreError, Tx},
    grants::Over,
};
pub(crate) use store::{STATEMENTS, still_good};

/// What every key begins with: it is found in places where it should not stand.
pub const PREFIX: &str = "pst_live_";
/// A use is written down so often.
const USE_NOTED_EVERY: Duration = Duration::from_mins(1);

#[derive(Debug, Clone)]
pub struct ApiKey {
    pub id: Id<ids::ApiKey>,
    /// Who made it, and whose grants it stands on.
    pub maker: Id<ids::Person>,
    pub name: String,
    pub over: Over,
    pub actions: BTreeSet<String>,
    pub read_only: bool,
    /// Empty: from anywhere.
    pub address_ranges: Vec<Cidr>,
    pub expires_at: Option<Micros>,
    pub last_used_at: Option<Micros>,
    /// Until then the secret before the last rotation is good as well.
    pub previous_until: Option<Micros>,
    pub created_at: Micros,
}

impl ApiKey {
    fn target(&self) -> crate::audit::Target {
        let target = crate::audit::Target::new("api_key").id(self.id);
        match self.over {
            Over::Installation => target,
            Over::Tenant(tenant) | Over::Domain(_, tenant) => target.of_tenant(tenant),
        }
    }

    /// May it do this, as far as its own terms go? What is given to keys no more is taken from those that name it.
    pub(crate) fn allows(&self, action: &str) -> bool {
        self.actions.contains(action) && (!self.read_only || reads(action)) && can_be_given(action)
    }
}

/// Can a key be given this action?
pub(crate) fn can_be_given(action: &str) -> bool {
    MATRIX.iter().any(|row| row.action == action && row.callers == Callers::Programs)
}

/// What a text is stored as, if it has the form of a key.
pub(crate) fn hash(text: &str) -> Option<[u8; 32]> {
    secret::hash(PREFIX, text)
}

/// The key with this hash, if it is good from this address now and its maker may sign in.
pub(crate) async fn find_live(
    read: &mut Read,
    hash: [u8; 32],
    address: Option<IpAddr>,
    now: Micros,
) -> Result<Option<ApiKey>, StoreError> {
    let found = store::live(read, hash, now).await?;
    Ok(found.filter(|key| {
        let ranges = &key.address_ranges;
        ranges.is_empty() || address.is_some_and(|address| ranges.iter().any(|range| range.contains(address)))
    }))
}

/// Is it time to write down that the key was used?
pub(crate) fn is_use_to_note(key: &ApiKey, now: Micros) -> bool {
    key.last_used_at.is_none_or(|last| now.since(last) >= USE_NOTED_EVERY)
}

pub(crate) async fn note_use(tx: &mut Tx, id: Id<ids::ApiKey>) -> Result<(), StoreError> {
    store::note_use(tx, id).await
}

/// Ends all keys that the person made, each with its row in the audit log; how many. Under `persons::hold`, so that none is made
/// meanwhile.
pub(crate) async fn end_all(tx: &mut Tx, maker: Id<ids::Person>) -> Result<usize, StoreError> {
    let keys = store::of_person(tx, maker).await?;
    end_each(tx, &keys).await
}

async fn end_each(tx: &mut Tx, keys: &[ApiKey]) -> Result<usize, StoreError> {
    for key in keys {
        store::delete(tx, key.id).await?;
        let before = view::ApiKeyView::from(key);
        audit::record(tx, "api_key.delete", key.target(), Some(&before), audit::NOTHING).await?;
    }
    Ok(keys.len())
}

/// How many keys of the person are good for something.
pub(crate) async fn count_live(tx: &mut Tx, maker: Id<ids::Person>) -> Result<i64, StoreError> {
    let now = tx.now();
    store::count_live(tx, maker, now).await
}

/// A domain goes to another tenant, which is `above` with those above it. Keys over it end that were made by people who have
/// nothing to do with these; how many did.
pub(crate) async fn end_strangers(
    tx: &mut Tx,
    domain: &crate::domains::Domain,
    above: &[Id<ids::Tenant>],
) -> Result<usize, StoreError> {
    let keys = store::strangers(tx, domain.id, above).await?;
    end_each(tx, &keys).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::Role;

    #[test]
    fn what_is_ones_own_and_what_a_key_would_get_more_by_is_given_to_none() {
        let own = MATRIX.iter().filter(|row| row.roles.contains(&Role::Person) || row.roles.contains(&Role::Worker));
        let more =
            ["factors.reset", "passwords.reset", "sign_in_policy.write", "persons.create", "persons.write", "nonsense"];
        for action in own.map(|row| row.action).chain(more) {
            assert!(!can_be_given(action), "{action}");
        }
        assert!(can_be_given("domains.write"));
    }
}
