//! An account while its row is held: what a sign-in, and whatever changes how one signs in, is decided by.

use contract::{Id, ids};
use serde::{Deserialize, Serialize};

use crate::{auth::token_hash, hex};

/// Somebody who may sign in, as they are while this transaction holds their row. Whoever changes their password, their factors
/// or whether they may sign in takes it as well: it happened before and is seen here, or happens after.
#[derive(Debug)]
pub(crate) struct Account {
    pub id: Id<ids::Person>,
    pub tenant: Id<ids::Tenant>,
    pub email: String,
    pub must_change_password: bool,
    pub password_compromised: bool,
    pub(super) password_hash: String,
    pub(super) rehashed: Option<String>,
}

impl Account {
    /// Of the password as it is stored now.
    pub(crate) fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.password_hash)
    }

    /// Is the password still the one whose hash was verified? Also where it was hashed anew meanwhile.
    pub(crate) fn has_password(&self, verified: &Fingerprint) -> bool {
        *verified == self.fingerprint() || self.rehashed == Some(verified.rehashed_as(&self.password_hash))
    }
}

/// Tells one stored password from another, and is of no other use: a stored hash holds random octets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Fingerprint(String);

impl Fingerprint {
    pub(crate) fn of(password_hash: &str) -> Self {
        Self(hex::digits(&token_hash(password_hash)))
    }

    /// What is written beside `password_hash` where it is of the same password.
    pub(super) fn rehashed_as(&self, password_hash: &str) -> String {
        hex::digits(&token_hash(&format!("{}:{}", self.0, Self::of(password_hash).0)))
    }
}

#[cfg(test)]
mod tests {
    use contract::Micros;

    use super::*;

    #[test]
    fn a_password_that_was_hashed_anew_is_the_same_and_one_that_was_changed_is_not() {
        let verified = Fingerprint::of("$first");
        let account = |password_hash: &str, rehashed: Option<String>| Account {
            id: Id::new(Micros::EPOCH, [1; 10]),
            tenant: Id::new(Micros::EPOCH, [2; 10]),
            email: String::new(),
            must_change_password: false,
            password_compromised: false,
            password_hash: password_hash.to_owned(),
            rehashed,
        };
        let mark = || Some(verified.rehashed_as("$second"));
        assert!(account("$first", None).has_password(&verified));
        assert!(account("$second", mark()).has_password(&verified));
        assert!(!account("$second", None).has_password(&verified));
        // The mark stays where a password is set by who knows nothing of it.
        assert!(!account("$third", mark()).has_password(&verified));
        assert!(!account("$second", mark()).has_password(&Fingerprint::of("$other")));
    }
}
