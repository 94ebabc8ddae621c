//! The installation itself: its id, and what the configuration file says of it.

mod store;

use contract::{
    Id, ids,
    mail::{Cidr, Mailbox},
};
use serde::Serialize;

use crate::{
    audit,
    db::{Db, StoreError, System},
    outbox::{self, Change},
    vault::{Purpose, Vault},
};
pub(crate) use store::STATEMENTS;
pub(crate) use store::lock;
pub use store::{Installation, load};

/// What is sealed to tell whether master key and database belong together.
const CHECK: &[u8] = b"postern";

/// Why the installation cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the master key does not belong to this database")]
    WrongMasterKey,
    #[error("the database failed")]
    Store(#[from] StoreError),
}

/// What the configuration file says of the installation. It stands in the database too, since workers have it from there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Configured {
    pub allowed_hop_ranges: Vec<Cidr>,
    pub postmaster: Option<Mailbox>,
}

/// Makes the installation's row at the first start; checks it against the master key at every other.
pub async fn open(db: &Db, vault: &Vault, configured: &Configured) -> Result<Id<ids::Installation>, OpenError> {
    let system = System::task("start");
    let mut tx = db.begin(&system).await?;
    // Several replicas may start at once.
    store::lock(&mut tx).await?;
    let Some(found) = store::find(&mut tx).await? else {
        let id = tx.new_id::<ids::Installation>();
        store::insert(&mut tx, id, configured, &vault.seal(Purpose::Check, CHECK)).await?;
        outbox::record(&mut tx, &Change::Installation).await?;
        let target = audit::Target::new("installation").id(id);
        audit::record(&mut tx, "installation.create", target, audit::NOTHING, Some(configured)).await?;
        tx.commit().await?;
        return Ok(id);
    };
    if vault.open(Purpose::Check, &found.seal_check).is_err() {
        return Err(OpenError::WrongMasterKey);
    }
    if found.configured != *configured {
        store::configure(&mut tx, configured).await?;
        outbox::record(&mut tx, &Change::Installation).await?;
        let target = audit::Target::new("installation").id(found.id);
        audit::record(&mut tx, "installation.configure", target, Some(&found.configured), Some(configured)).await?;
        tx.commit().await?;
    }
    Ok(found.id)
}

/// Raised with the root key.
pub(crate) async fn epoch(db: &Db) -> Result<i64, StoreError> {
    Ok(load(&mut db.read(&System::task("start")).await?).await?.epoch)
}
