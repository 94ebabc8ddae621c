//! The last way in: whoever may run programs on the server gives an owner a new password. Nothing of it is in the API.

mod store;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Clock, Entropy, Micros};
use serde_json::json;

use crate::{
    api_keys,
    audit::{self, Target},
    auth::password::{Hasher, Password},
    bootstrap::FirstSignIn,
    config::Config,
    db::{self, Ambient, Db, Place, Read, System, Which},
    factors, grants, invitations, running,
};
pub(crate) use store::STATEMENTS;

const TASK: &str = "recover-owner";

/// Why nobody was let in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}: there is no installation here; is it the right configuration?", path.display())]
    NoDatabase { path: std::path::PathBuf },
    #[error("database")]
    Database(#[from] db::OpenError),
    #[error("the database failed")]
    Store(#[from] db::StoreError),
    #[error("the password cannot be hashed")]
    Hash(#[source] crate::http::ApiError),
    #[error("{email} is no owner of this installation; owners are: {}", owners.join(", "))]
    NotAnOwner { email: String, owners: Vec<String> },
    #[error("there are several owners; name one with --email: {}", owners.join(", "))]
    WhichOwner { owners: Vec<String> },
}

/// Whom to let in.
#[derive(Debug, Clone, Default)]
pub struct Wanted<'a> {
    /// May be left out where there is one owner.
    pub email: Option<&'a str>,
    /// Their second factors go as well.
    pub clear_factors: bool,
}

/// Who was let in.
#[derive(Debug)]
pub struct Recovered {
    pub sign_in: FirstSignIn,
    /// Second factors that are asked for at sign-in as before.
    pub factors_left: i64,
    /// Second factors that were cleared.
    pub factors_cleared: i64,
    /// API keys that were ended.
    pub api_keys_ended: usize,
}

/// Gives an owner a made-up password that must be changed at the next sign-in, and ends all their sessions and API keys. Control
/// planes may be running meanwhile.
pub async fn owner(config: &Config, clock: &Clock, entropy: &Entropy, wanted: &Wanted<'_>) -> Result<Recovered, Error> {
    let (place, _) = running::places(config);
    // One that is not there would be made, and somebody would wonder.
    if let Place::Sqlite(path) = &place
        && !path.exists()
    {
        return Err(Error::NoDatabase { path: path.clone() });
    }
    let ambient = Arc::new(Ambient::new(clock.clone(), entropy.clone()));
    let db = Db::open(&place, Which::Main, ambient).await?;
    let recovered = recover(&db, config, clock, entropy, wanted).await;
    db.close().await;
    recovered
}

async fn recover(
    db: &Db,
    config: &Config,
    clock: &Clock,
    entropy: &Entropy,
    wanted: &Wanted<'_>,
) -> Result<Recovered, Error> {
    let system = System::task(TASK);
    // Who is none is told before anything is hashed.
    choose(&mut db.read(&system).await?, wanted.email, clock.now()).await?;
    // 144 bits, in characters that survive being copied by hand.
    let password = URL_SAFE_NO_PAD.encode(entropy.bytes::<18>());
    let hasher = Hasher::new(config.passwords.argon2, entropy.clone());
    let hash = hasher.hash(Password::new(password.clone())).await.map_err(Error::Hash)?;
    let mut tx = db.begin(&system).await?;
    grants::lock(&mut tx).await?;
    let owner = choose(&mut tx, wanted.email, clock.now()).await?;
    store::let_in(&mut tx, owner.id, &hash).await?;
    let api_keys_ended = api_keys::end_all(&mut tx, owner.id).await?;
    let invitations_ended = invitations::end_all_of(&mut tx, owner.id).await?;
    let host = config.public_url.host_str().unwrap_or_default();
    let held = if wanted.clear_factors {
        factors::clear(&mut tx, owner.id, host).await?
    } else {
        factors::held(&mut tx, owner.id, host).await?
    };
    let (factors_cleared, factors_left) = if wanted.clear_factors { (held.count(), 0) } else { (0, held.count()) };
    let target = Target::new("person").id(owner.id).of_tenant(owner.tenant);
    let before = json!({ "was_disabled": owner.is_disabled });
    let after = json!({
        "factors_cleared": factors_cleared, "factors_left": factors_left, "api_keys_ended": api_keys_ended,
        "invitations_ended": invitations_ended,
    });
    audit::record(&mut tx, "person.recover", target, Some(&before), Some(&after)).await?;
    tx.commit().await?;
    let sign_in = FirstSignIn { email: owner.email, password };
    Ok(Recovered { sign_in, factors_left, factors_cleared, api_keys_ended })
}

/// The owner that is meant. One whose grant has expired is none.
async fn choose(read: &mut Read, email: Option<&str>, now: Micros) -> Result<store::Owner, Error> {
    let mut owners = store::owners(read, now).await?;
    let names = |owners: &[store::Owner]| owners.iter().map(|owner| owner.email.clone()).collect();
    let found = match email {
        None if owners.len() == 1 => Some(0),
        None => return Err(Error::WhichOwner { owners: names(&owners) }),
        Some(email) => owners.iter().position(|owner| owner.email.to_lowercase() == email.to_lowercase()),
    };
    match (found, email) {
        (Some(at), _) => Ok(owners.swap_remove(at)),
        (None, email) => Err(Error::NotAnOwner { email: email.unwrap_or_default().to_owned(), owners: names(&owners) }),
    }
}
