//! What is carried from one step to the next by the client: sealed, for a few minutes, good once or a few times.
//!
//! Nothing is stored before somebody comes back with one; then its hash is, with how often it was tried.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Id, Micros, ids};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use webauthn_rs::prelude::{DiscoverableAuthentication, PasskeyAuthentication, PasskeyRegistration};

use super::store;
use crate::{
    auth::{
        throttle::{AccountKey, DeviceId},
        token_hash,
    },
    db::{StoreError, Tx},
    persons::Fingerprint,
    vault::{Purpose, Vault},
};

/// From one step to the next.
pub(super) const LIFETIME: Duration = Duration::from_mins(5);

/// Says that the first step of a sign-in was good.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SignIn {
    pub person: Id<ids::Person>,
    /// Of the stored password: a ticket is void once that is another.
    pub password: Fingerprint,
    /// The account and the device its budgets of guesses are of. None in a ticket of the version before.
    #[serde(default)]
    pub account: Option<AccountKey>,
    #[serde(default)]
    pub device: Option<DeviceId>,
}

/// What an authenticator was asked.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Ceremony {
    /// To make a key for this person.
    Register { person: Id<ids::Person>, state: PasskeyRegistration },
    /// To show one of this person's keys.
    Verify { person: Id<ids::Person>, state: PasskeyAuthentication },
    /// To show a key and say whose it is.
    Discover { state: DiscoverableAuthentication },
}

/// What a sealed token is.
pub(super) trait Kind: Serialize + DeserializeOwned {
    const PREFIX: &'static str;
    /// How often it may be tried.
    const TRIES: i64;
}

impl Kind for SignIn {
    const PREFIX: &'static str = "ptk_";
    const TRIES: i64 = 5;
}

impl Kind for Ceremony {
    const PREFIX: &'static str = "pcy_";
    const TRIES: i64 = 1;
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    until: i64,
    body: T,
}

/// A token that opened, and is not over.
#[derive(Debug)]
pub(super) struct Opened<T> {
    pub body: T,
    hash: [u8; 32],
    until: Micros,
}

/// The token, and when it is over.
pub(super) fn seal<T: Kind>(vault: &Vault, now: Micros, body: &T) -> Result<(String, Micros), serde_json::Error> {
    let until = now + LIFETIME;
    let plain = zeroize::Zeroizing::new(serde_json::to_vec(&Sealed { until: until.as_micros(), body })?);
    let sealed = vault.seal_with(Purpose::Ticket, T::PREFIX.as_bytes(), &plain);
    Ok((format!("{}{}", T::PREFIX, URL_SAFE_NO_PAD.encode(sealed)), until))
}

/// None for what is not ours, of another kind, or over.
pub(super) fn open<T: Kind>(vault: &Vault, now: Micros, text: &str) -> Option<Opened<T>> {
    let sealed = URL_SAFE_NO_PAD.decode(text.strip_prefix(T::PREFIX)?).ok()?;
    let plain = vault.open_with(Purpose::Ticket, T::PREFIX.as_bytes(), &sealed).ok()?;
    let Sealed { until, body } = serde_json::from_slice::<Sealed<T>>(&plain).ok()?;
    let until = Micros::from_micros(until);
    (now < until).then(|| Opened { body, hash: token_hash(text), until })
}

impl<T: Kind> Opened<T> {
    /// Counts a try, before it is looked at. False: there were too many.
    pub(super) async fn count(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        store::count_try(tx, &self.hash, self.until, T::TRIES).await
    }

    /// It has done its work. False: it had done it before.
    pub(super) async fn close(&self, tx: &mut Tx) -> Result<bool, StoreError> {
        store::close_token(tx, &self.hash).await
    }
}
