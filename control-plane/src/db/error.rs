//! What can go wrong in a store, told apart as far as a caller can do something about it.

/// An error of the database. The text of the cause may hold values: it is for the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A row with the same key exists.
    #[error("a unique key is taken")]
    Unique(#[source] sqlx::Error),
    /// A row that is named does not exist, or one that is in use was to go.
    #[error("a reference between rows does not hold")]
    Reference(#[source] sqlx::Error),
    /// Somebody else was faster or holds a lock; the same call may succeed in a moment.
    #[error("the database is busy")]
    Busy(#[source] sqlx::Error),
    /// The database cannot be reached.
    #[error("the database is away")]
    Away(#[source] sqlx::Error),
    /// The row an `UPDATE` or a fencing number counted on is gone or newer.
    #[error("the row changed meanwhile")]
    Stale,
    /// A writing transaction of a person ended without a row in the audit log. A mistake of ours.
    #[error("a change without an audit row")]
    Unaudited,
    /// What is stored is not what was written: another version, or a hand in the database.
    #[error("stored value of {what} makes no sense")]
    Corrupt {
        what: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the database refused")]
    Other(#[source] sqlx::Error),
}

impl StoreError {
    /// For `map_err`: a stored value that does not parse.
    pub fn corrupt<E: Into<Box<dyn std::error::Error + Send + Sync>>>(what: &'static str) -> impl Fn(E) -> Self {
        move |source| Self::Corrupt { what, source: source.into() }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(database) = error.as_database_error() else {
            return match error {
                sqlx::Error::PoolTimedOut => Self::Busy(error),
                sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) | sqlx::Error::Tls(_) => {
                    Self::Away(error)
                }
                _ => Self::Other(error),
            };
        };
        if database.is_unique_violation() {
            return Self::Unique(error);
        }
        if database.is_foreign_key_violation() {
            return Self::Reference(error);
        }
        // Codes of PostgreSQL are texts of five characters, those of SQLite numbers with the kind in the low byte.
        let code = database.code().map(std::borrow::Cow::into_owned).unwrap_or_default();
        match code.as_str() {
            // serialization_failure, deadlock_detected, lock_not_available, too_many_connections
            "40001" | "40P01" | "55P03" | "53300" => Self::Busy(error),
            // admin_shutdown, crash_shutdown, cannot_connect_now
            "57P01" | "57P02" | "57P03" => Self::Away(error),
            _ => match code.parse::<i32>().map(|number| number & 0xff) {
                // SQLITE_BUSY, SQLITE_LOCKED
                Ok(5 | 6) if code.len() < 5 => Self::Busy(error),
                _ => Self::Other(error),
            },
        }
    }
}
