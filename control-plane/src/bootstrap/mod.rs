//! The first start: the provider's tenant, the first owner, the one pool.

mod store;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Entropy, ids, mail::Mailbox};

use crate::{
    audit::{self, Target},
    auth::password::{Hasher, Password},
    config::FirstOwner,
    db::{Db, StoreError, System},
    installation,
    outbox::{self, Change},
};
pub(crate) use store::STATEMENTS;

/// The account that was made, with its password where one was made up. Show it once.
#[derive(Clone)]
pub struct FirstSignIn {
    pub email: String,
    pub password: String,
}

impl std::fmt::Debug for FirstSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FirstSignIn").field("email", &self.email).finish_non_exhaustive()
    }
}

/// Why there is nobody who could sign in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("first_owner.email: not an e-mail address")]
    Email(#[source] contract::mail::MailboxError),
    #[error("first_owner.password: {0}")]
    Password(String),
    #[error("the password cannot be hashed")]
    Hash(#[source] crate::http::ApiError),
    #[error("the database failed")]
    Store(#[from] StoreError),
}

/// Makes what is missing. The password comes back only if it was made up here.
pub async fn run(
    db: &Db,
    hasher: &Hasher,
    entropy: &Entropy,
    config: &FirstOwner,
) -> Result<Option<FirstSignIn>, Error> {
    let system = System::task("bootstrap");
    if store::anybody(&mut db.read(&system).await?).await? {
        return Ok(None);
    }
    config.email.parse::<Mailbox>().map_err(Error::Email)?;
    let made_up = config.password.is_none();
    // 144 bits, in characters that survive being copied by hand.
    let text =
        config.password.as_ref().map_or_else(|| URL_SAFE_NO_PAD.encode(entropy.bytes::<18>()), |given| given.0.clone());
    let password = Password::new(text.clone());
    if let Some(refusal) = password.refusal(&config.email, false) {
        return Err(Error::Password(refusal));
    }
    let hash = hasher.hash(password).await.map_err(Error::Hash)?;

    let mut tx = db.begin(&system).await?;
    installation::lock(&mut tx).await?;
    if store::anybody(&mut tx).await? {
        return Ok(None);
    }
    let tenant = tx.new_id::<ids::Tenant>();
    store::insert_provider(&mut tx, tenant).await?;
    let pool = tx.new_id::<ids::Pool>();
    store::insert_pool(&mut tx, pool, "default").await?;
    let person = tx.new_id::<ids::Person>();
    store::insert_owner(&mut tx, person, tenant, &config.email, &hash, made_up).await?;
    outbox::record(&mut tx, &Change::Tenant(tenant)).await?;
    let after = serde_json::json!({ "email": config.email, "role": "owner", "tenant_id": tenant });
    audit::record(
        &mut tx,
        "person.create",
        Target::new("person").id(person).of_tenant(tenant),
        audit::NOTHING,
        Some(&after),
    )
    .await?;
    tx.commit().await?;
    Ok(made_up.then(|| FirstSignIn { email: config.email.clone(), password: text }))
}
