//! API keys: credentials for programs, narrower than whoever made them, and never wider later. Shown once; only a hash is kept.
//!
//! `pst_live_` and 48 characters: 32 random bytes and four of their hash, so that a slip is told from a key without asking.

pub mod api;
mod store;
mod view;

use std::{collections::BTreeSet, net::IpAddr, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Entropy, Id, Micros, ids, mail::Cidr};
use sha2::{Digest, Sha256};

use crate::{
    auth::{MATRIX, Role, action::reads, token_hash},
    db::{Read, StoreError, Tx},
    grants::Over,
};
pub(crate) use store::STATEMENTS;

/// What every key begins with: it is found in places where it should not stand.
pub const PREFIX: &str = "pst_live_";
const SECRET: usize = 32;
const CHECKSUM: usize = 4;
/// A use is written down so often.
const USE_NOTED_EVERY: Duration = Duration::from_mins(1);

/// What no key does, whoever made it: it would give itself more.
const NEVER: &[&str] = &["persons.create", "persons.write"];

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

    /// May it do this, as far as its own terms go?
    pub(crate) fn allows(&self, action: &str) -> bool {
        self.actions.contains(action) && (!self.read_only || reads(action))
    }
}

/// Can a key be given this action?
fn can_be_given(action: &str) -> bool {
    let own = |roles: &[Role]| roles.contains(&Role::Person) || roles.contains(&Role::Worker);
    MATRIX.iter().any(|row| row.action == action && !own(row.roles)) && !NEVER.contains(&action)
}

/// A new secret, as it is shown.
fn make_secret(entropy: &Entropy) -> String {
    let secret = entropy.bytes::<SECRET>();
    let mut all = secret.to_vec();
    all.extend(checksum(&secret));
    format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(all))
}

fn checksum(secret: &[u8]) -> impl Iterator<Item = u8> {
    Sha256::new_with_prefix(PREFIX).chain_update(secret).finalize().into_iter().take(CHECKSUM)
}

/// Has the text the form of a key?
fn is_well_formed(text: &str) -> bool {
    let Some(encoded) = text.strip_prefix(PREFIX) else { return false };
    let Ok(all) = URL_SAFE_NO_PAD.decode(encoded) else { return false };
    match all.split_at_checked(SECRET) {
        Some((secret, sum)) => sum.len() == CHECKSUM && checksum(secret).eq(sum.iter().copied()),
        None => false,
    }
}

/// The key behind a text, if it is good from this address now and its maker may sign in.
pub(crate) async fn find_live(
    read: &mut Read,
    text: &str,
    address: Option<IpAddr>,
    now: Micros,
) -> Result<Option<ApiKey>, StoreError> {
    if !is_well_formed(text) {
        return Ok(None);
    }
    let found = store::live(read, token_hash(text), now).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_with_one_wrong_character_has_not_the_form_of_one() {
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        let text = make_secret(&entropy);
        assert!(is_well_formed(&text));
        assert_eq!(text.len(), PREFIX.len() + 48);
        for at in 0..text.len() {
            let mut bent = text.clone().into_bytes();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            assert!(!is_well_formed(std::str::from_utf8(&bent).unwrap()), "{at}");
            assert!(!is_well_formed(&text[..at]));
        }
    }

    #[test]
    fn what_is_ones_own_and_what_makes_accounts_is_given_to_no_key() {
        for action in ["own_account.read", "own_account.api_keys", "persons.create", "configuration.pull", "nonsense"] {
            assert!(!can_be_given(action), "{action}");
        }
        assert!(can_be_given("domains.write"));
    }
}
