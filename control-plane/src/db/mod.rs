//! Both databases behind one door: SQLite (one writer, a pool of readers) and PostgreSQL.
//!
//! There is no transaction without a [`Proof`]: a `Grant` from the request, or [`System`] for the house's own work.
//! `connect` opens, `statement` names all SQL, `tx` runs it.

pub mod connect;
mod error;
mod statement;
mod tx;

use std::sync::{Arc, Mutex, PoisonError};

use contract::{Clock, Entropy};
use sqlx::{PgPool, SqlitePool};
use uuid::Uuid;

pub use connect::{OpenError, Place, Which};
pub use error::StoreError;
pub use statement::{Statement, statements};
pub use tx::{Connection, Read, Tx};
pub(crate) use {
    statement::{in_reach, in_set, sql},
    tx::run,
};

use crate::auth::Caller;

/// Which engine a database runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// One database. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pools: Pools,
    which: Which,
    ambient: Arc<Ambient>,
}

#[derive(Debug, Clone)]
enum Pools {
    Sqlite { readers: SqlitePool, writer: SqlitePool },
    Postgres(PgPool),
}

/// What every writing transaction has at hand for the rows it adds by itself (audit, outbox).
#[derive(Debug)]
pub struct Ambient {
    pub clock: Clock,
    pub entropy: Entropy,
    /// The millisecond of the last id, and how many there were in it.
    last: Mutex<(i64, u32)>,
}

impl Ambient {
    pub fn new(clock: Clock, entropy: Entropy) -> Self {
        Self { clock, entropy, last: Mutex::default() }
    }

    /// A new id of any kind, above all that this process made before: ids sort as things were made, also within a
    /// millisecond.
    pub fn new_id<T: contract::ids::Kind>(&self) -> contract::Id<T> {
        let now = self.clock.now();
        let count = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let millis = now.as_micros().div_euclid(1_000);
            *last = if last.0 == millis { (millis, last.1.saturating_add(1)) } else { (millis, 0) };
            last.1.min(0x3_ffff)
        };
        let mut random: [u8; 10] = self.entropy.bytes();
        // RFC 9562 §6.2, method 1: a counter in the bits after the time. Twelve bits of `rand_a`, six of `rand_b`.
        let [_, high, middle, low] = (count << 2).to_be_bytes();
        random[0] = high;
        random[1] = middle;
        random[2] = (low >> 2) | (random[2] & 0xc0);
        contract::Id::new(now, random)
    }
}

/// Only this crate can say what proves something.
pub(crate) mod sealed {
    pub trait Sealed {}
}

/// Somebody who may begin a transaction. Implemented by `Grant<…>` and by [`System`], nowhere else.
pub trait Proof: sealed::Sealed {
    /// Whoever the audit log will name.
    fn caller(&self) -> &Caller;
    /// The request's idempotency key, where it has one.
    fn attempt(&self) -> Option<&crate::http::idempotency::Attempt> {
        None
    }
}

/// Ids as statements take a set of them: a JSON array of hexadecimal digits.
pub(crate) fn id_set(ids: impl IntoIterator<Item = Uuid>) -> String {
    let ids: Vec<_> = ids.into_iter().map(|id| format!("\"{}\"", id.simple())).collect();
    format!("[{}]", ids.join(","))
}

/// The house's own work: start, sign-in, sweeping, publishing.
#[derive(Debug, Clone)]
pub struct System(Caller);

impl System {
    /// `task` is what the audit log shows.
    pub(crate) fn task(task: &'static str) -> Self {
        Self(Caller::system(task))
    }

    /// On behalf of a request that has no grant yet: a sign-in.
    pub(crate) fn for_request(caller: Caller) -> Self {
        Self(caller)
    }
}

impl sealed::Sealed for System {}

impl Proof for System {
    fn caller(&self) -> &Caller {
        &self.0
    }
}

impl Db {
    pub fn engine(&self) -> Engine {
        match self.pools {
            Pools::Sqlite { .. } => Engine::Sqlite,
            Pools::Postgres(_) => Engine::Postgres,
        }
    }

    /// A reading transaction: one consistent view, on a connection that cannot write.
    pub async fn read<P: Proof + ?Sized>(&self, _proof: &P) -> Result<Read, StoreError> {
        Ok(match &self.pools {
            Pools::Sqlite { readers, .. } => Read::sqlite(readers.begin().await?),
            Pools::Postgres(pool) => {
                Read::postgres(pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?)
            }
        })
    }

    /// A writing transaction. Hash, resolve names and call others before, never while it is open.
    pub async fn begin<P: Proof + ?Sized>(&self, proof: &P) -> Result<Tx, StoreError> {
        let read = match &self.pools {
            // Immediate: a deferred one could fail at its first write, after it has read.
            Pools::Sqlite { writer, .. } => Read::sqlite(writer.begin_with("BEGIN IMMEDIATE").await?),
            Pools::Postgres(pool) => Read::postgres(pool.begin().await?),
        };
        let must_audit = self.which == Which::Main && proof.caller().is_person();
        Ok(Tx::new(read, proof.caller().clone(), proof.attempt().cloned(), must_audit, Arc::clone(&self.ambient)))
    }

    /// Closes the pools; waits for connections in use.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use contract::{Micros, ids};

    use super::*;

    struct Somebody(Caller);

    impl sealed::Sealed for Somebody {}

    impl Proof for Somebody {
        fn caller(&self) -> &Caller {
            &self.0
        }
    }

    async fn database(dir: &std::path::Path) -> Db {
        let entropy = Entropy::new(|bytes| bytes.fill(1));
        let ambient = Arc::new(Ambient::new(Clock::new(|| Micros::from_secs(1_800_000_000)), entropy));
        Db::open(&Place::Sqlite(dir.join("main.db")), Which::Main, ambient).await.unwrap()
    }

    #[tokio::test]
    async fn a_person_changes_nothing_without_an_audit_row() {
        let dir = tempfile::tempdir().unwrap();
        let db = database(dir.path()).await;
        let caller = Caller {
            principal: crate::auth::Principal::Person {
                person: contract::Id::new(Micros::from_secs(1), [1; 10]),
                session: contract::Id::new(Micros::from_secs(1), [2; 10]),
                email: "a@example.com".into(),
            },
            address: None,
            request_id: None,
        };
        let somebody = Somebody(caller);
        let tx = db.begin(&somebody).await.unwrap();
        assert!(matches!(tx.commit().await, Err(StoreError::Unaudited)));
        let mut tx = db.begin(&somebody).await.unwrap();
        let target = crate::audit::Target::new("test");
        crate::audit::record(&mut tx, "test", target, crate::audit::NOTHING, crate::audit::NOTHING).await.unwrap();
        tx.commit().await.unwrap();
    }

    #[tokio::test]
    async fn a_reading_transaction_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let db = database(dir.path()).await;
        let mut read = db.read(&System::task("test")).await.unwrap();
        let Connection::Sqlite(connection) = read.connection() else { panic!("SQLite") };
        let written = sqlx::query("DELETE FROM audit").execute(connection).await;
        assert!(written.is_err());
    }

    #[test]
    fn ids_sort_as_they_were_made_even_within_a_millisecond() {
        let random = std::sync::atomic::AtomicU8::new(7);
        let entropy = Entropy::new(move |bytes| {
            bytes.fill(random.fetch_add(91, std::sync::atomic::Ordering::Relaxed));
        });
        let ambient = Ambient::new(Clock::new(|| Micros::from_secs(1_800_000_000)), entropy);
        let made: Vec<contract::Id<ids::Tenant>> = (0..10_000).map(|_| ambient.new_id()).collect();
        assert!(made.is_sorted_by(|a, b| a < b));
    }
}
