//! Transactions over either engine, and the one macro that runs a statement on whichever it is.

use std::{
    ops::{Deref, DerefMut},
    sync::Arc,
};

use contract::{Entropy, Micros};
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, Transaction};

use super::{Ambient, Engine, StoreError};
use crate::{
    auth::{Caller, Principal},
    http::idempotency::Attempt,
};

/// A transaction for reading. Dropped, it ends.
#[derive(Debug)]
pub struct Read(Inner);

#[derive(Debug)]
enum Inner {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// What a statement runs on; [`run`] matches on it.
#[derive(Debug)]
pub enum Connection<'a> {
    Sqlite(&'a mut SqliteConnection),
    Postgres(&'a mut PgConnection),
}

impl Read {
    pub(super) fn sqlite(transaction: Transaction<'static, Sqlite>) -> Self {
        Self(Inner::Sqlite(transaction))
    }

    pub(super) fn postgres(transaction: Transaction<'static, Postgres>) -> Self {
        Self(Inner::Postgres(transaction))
    }

    pub fn connection(&mut self) -> Connection<'_> {
        match &mut self.0 {
            Inner::Sqlite(transaction) => Connection::Sqlite(transaction),
            Inner::Postgres(transaction) => Connection::Postgres(transaction),
        }
    }

    /// Fails unless the database answers.
    pub async fn ping(&mut self) -> Result<(), StoreError> {
        match self.connection() {
            Connection::Sqlite(connection) => sqlx::Connection::ping(connection).await?,
            Connection::Postgres(connection) => sqlx::Connection::ping(connection).await?,
        }
        Ok(())
    }

    pub fn engine(&self) -> Engine {
        match self.0 {
            Inner::Sqlite(_) => Engine::Sqlite,
            Inner::Postgres(_) => Engine::Postgres,
        }
    }
}

/// A transaction for writing: everything a [`Read`] can, and who does it. Dropped without [`Tx::commit`], nothing
/// happened.
#[derive(Debug)]
pub struct Tx {
    read: Read,
    caller: Caller,
    attempt: Option<Attempt>,
    must_audit: bool,
    ambient: Arc<Ambient>,
    audited: bool,
    config_version: Option<i64>,
}

impl Tx {
    pub(super) fn new(
        read: Read,
        caller: Caller,
        attempt: Option<Attempt>,
        must_audit: bool,
        ambient: Arc<Ambient>,
    ) -> Self {
        Self { read, caller, attempt, must_audit, ambient, audited: false, config_version: None }
    }

    pub fn caller(&self) -> &Caller {
        &self.caller
    }

    /// From here on it is known who does it.
    pub(crate) fn act_as(&mut self, principal: Principal) {
        self.caller.principal = principal;
        self.must_audit |= self.caller.is_person();
    }

    pub(crate) fn attempt(&self) -> Option<&Attempt> {
        self.attempt.as_ref()
    }

    pub fn now(&self) -> Micros {
        self.ambient.clock.now()
    }

    pub fn entropy(&self) -> &Entropy {
        &self.ambient.entropy
    }

    /// A new id of any kind.
    pub fn new_id<T: contract::ids::Kind>(&self) -> contract::Id<T> {
        self.ambient.new_id()
    }

    /// Number of the newest outbox row of this transaction: what `Config-Version` will say.
    pub fn config_version(&self) -> Option<i64> {
        self.config_version
    }

    pub(crate) fn note_audited(&mut self) {
        self.audited = true;
    }

    pub(crate) fn note_config_version(&mut self, seq: i64) {
        self.config_version = self.config_version.max(Some(seq));
    }

    pub async fn commit(self) -> Result<(), StoreError> {
        if self.must_audit && !self.audited {
            return Err(StoreError::Unaudited);
        }
        match self.read.0 {
            Inner::Sqlite(transaction) => transaction.commit().await?,
            Inner::Postgres(transaction) => transaction.commit().await?,
        }
        Ok(())
    }
}

impl Deref for Tx {
    type Target = Read;

    fn deref(&self) -> &Read {
        &self.read
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Read {
        &mut self.read
    }
}

/// Runs one statement on whichever engine the transaction is on.
///
/// * `run!(tx, fetch_one GET as Row, id)`, `fetch_optional`, `fetch_all`: rows, `Row` being any `FromRow`
/// * `run!(tx, execute DELETE, id)`: the number of rows touched
macro_rules! run {
    ($tx:expr, execute $statement:expr $(, $bind:expr)* $(,)?) => {
        match $tx.connection() {
            $crate::db::Connection::Sqlite(connection) => sqlx::query($statement.sqlite)
                $(.bind($bind))*
                .execute(connection)
                .await
                .map(|done| done.rows_affected()),
            $crate::db::Connection::Postgres(connection) => sqlx::query($statement.postgres)
                $(.bind($bind))*
                .execute(connection)
                .await
                .map(|done| done.rows_affected()),
        }
        .map_err($crate::db::StoreError::from)
    };
    ($tx:expr, $fetch:ident $statement:ident as $row:ty $(, $bind:expr)* $(,)?) => {
        match $tx.connection() {
            $crate::db::Connection::Sqlite(connection) => {
                sqlx::query_as::<_, $row>($statement.sqlite)$(.bind($bind))*.$fetch(connection).await
            }
            $crate::db::Connection::Postgres(connection) => {
                sqlx::query_as::<_, $row>($statement.postgres)$(.bind($bind))*.$fetch(connection).await
            }
        }
        .map_err($crate::db::StoreError::from)
    };
}
pub(crate) use run;
