//! The last way in: whoever may run programs on the server gives an owner a new password. Nothing of it is in the API.

mod store;

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Clock, Entropy};

use crate::{
    audit::{self, Target},
    auth::password::{Hasher, Password},
    bootstrap::FirstSignIn,
    config::Config,
    db::{self, Ambient, Db, Place, System, Which},
    running,
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

/// Gives an owner a made-up password that must be changed at the next sign-in, and ends all their sessions. Control planes
/// may be running meanwhile. `email` may be left out where there is one owner.
pub async fn owner(
    config: &Config,
    clock: &Clock,
    entropy: &Entropy,
    email: Option<&str>,
) -> Result<FirstSignIn, Error> {
    let (place, _) = running::places(config);
    // One that is not there would be made, and somebody would wonder.
    if let Place::Sqlite(path) = &place
        && !path.exists()
    {
        return Err(Error::NoDatabase { path: path.clone() });
    }
    let ambient = Arc::new(Ambient::new(clock.clone(), entropy.clone()));
    let db = Db::open(&place, Which::Main, ambient).await?;
    let recovered = recover(&db, config, entropy, email).await;
    db.close().await;
    recovered
}

async fn recover(db: &Db, config: &Config, entropy: &Entropy, email: Option<&str>) -> Result<FirstSignIn, Error> {
    let system = System::task(TASK);
    let owners = store::owners(&mut db.read(&system).await?).await?;
    let names = || owners.iter().map(|owner| owner.email.clone()).collect();
    let owner = match (email, owners.as_slice()) {
        (None, [only]) => only,
        (None, _) => return Err(Error::WhichOwner { owners: names() }),
        (Some(email), _) => owners
            .iter()
            .find(|owner| owner.email.to_lowercase() == email.to_lowercase())
            .ok_or_else(|| Error::NotAnOwner { email: email.to_owned(), owners: names() })?,
    };
    // 144 bits, in characters that survive being copied by hand.
    let password = URL_SAFE_NO_PAD.encode(entropy.bytes::<18>());
    let hasher = Hasher::new(config.passwords.argon2, entropy.clone());
    let hash = hasher.hash(Password::new(password.clone())).await.map_err(Error::Hash)?;
    let mut tx = db.begin(&system).await?;
    store::let_in(&mut tx, owner.id, &hash).await?;
    let target = Target::new("person").id(owner.id).of_tenant(owner.tenant);
    audit::record(&mut tx, "person.recover", target, audit::NOTHING, audit::NOTHING).await?;
    tx.commit().await?;
    Ok(FirstSignIn { email: owner.email.clone(), password })
}
