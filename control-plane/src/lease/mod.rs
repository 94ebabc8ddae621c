//! Work that one replica does at a time: a row with a holder, an end and a fencing number.
//!
//! Take it, work, and check the fence inside the transaction that writes the result: a holder that slept through its end
//! finds a higher number, and its transaction fails with `Stale`.

mod store;

use std::time::Duration;

use uuid::Uuid;

use crate::db::{Db, StoreError, System, Tx};
pub(crate) use store::STATEMENTS;

/// A lease that was taken. Holding the value proves nothing for long: see [`Lease::check`].
#[derive(Debug, Clone, Copy)]
pub struct Lease {
    name: &'static str,
    holder: Uuid,
    fence: i64,
}

impl Lease {
    /// Takes or renews; none while another replica holds it. `holder` is this process, made at random at its start.
    pub async fn take(
        db: &Db,
        name: &'static str,
        holder: Uuid,
        lasting: Duration,
    ) -> Result<Option<Self>, StoreError> {
        let mut tx = db.begin(&System::task(name)).await?;
        let now = tx.now();
        let fence = store::take(&mut tx, name, holder, now + lasting, now).await?;
        tx.commit().await?;
        Ok(fence.map(|fence| Self { name, holder, fence }))
    }

    /// Fails with `Stale` if another replica took the lease meanwhile. Call it in the transaction that writes.
    pub async fn check(&self, tx: &mut Tx) -> Result<(), StoreError> {
        match store::fence(tx, self.name, self.holder).await? {
            Some(fence) if fence == self.fence => Ok(()),
            _ => Err(StoreError::Stale),
        }
    }

    /// Does `work` and renews meanwhile, however long it takes. `Stale`: another replica took the lease all the same; what
    /// the work came to is nobody's.
    pub async fn while_held<T>(
        self,
        db: &Db,
        lasting: Duration,
        work: impl Future<Output = T>,
    ) -> Result<T, StoreError> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(lasting / 3) => match Self::take(db, self.name, self.holder, lasting).await {
                    Ok(Some(renewed)) if renewed.fence == self.fence => {}
                    Ok(_) => return Err(StoreError::Stale),
                    // It lasts for two more tries; whether it did is checked where the work is written.
                    Err(StoreError::Busy(_) | StoreError::Away(_)) => {}
                    Err(error) => return Err(error),
                },
            }
        }
    }

    /// Renews within the transaction that writes, as its last statement: whoever waits for this row finds it held. `Stale`
    /// if another replica took the lease meanwhile.
    pub async fn extend(&self, tx: &mut Tx, lasting: Duration) -> Result<(), StoreError> {
        let until = tx.now() + lasting;
        match store::extend(tx, self.name, self.holder, self.fence, until).await? {
            1 => Ok(()),
            _ => Err(StoreError::Stale),
        }
    }

    /// Lets another replica have it at once.
    pub async fn release(self, db: &Db) -> Result<(), StoreError> {
        let mut tx = db.begin(&System::task(self.name)).await?;
        store::release(&mut tx, self.name, self.holder, self.fence).await?;
        tx.commit().await
    }

    /// Grows by one each time another process takes the lease.
    pub fn fence(&self) -> i64 {
        self.fence
    }
}
