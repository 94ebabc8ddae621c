//! Many rows in one statement, on either engine.

use std::path::PathBuf;

use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use crate::Failure;

/// Rows of one statement: a parameter of a few megabytes.
const ROWS: usize = 20_000;

/// Where a control plane has its own.
#[derive(Debug, Clone)]
pub(in crate::bench) enum Database {
    Sqlite(PathBuf),
    Postgres(String),
}

#[derive(Debug)]
pub(super) enum Connected {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// Name and columns.
pub(super) type Table = (&'static str, &'static [Column]);

/// A column and what is in it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Column {
    Key(&'static str),
    /// In hexadecimal digits.
    Octets(&'static str),
    Text(&'static str),
    Number(&'static str),
}
use Column::{Key, Number, Octets, Text};

impl Connected {
    pub(super) async fn open(database: &Database) -> Result<Self, Failure> {
        Ok(match database {
            Database::Sqlite(file) => {
                let options =
                    SqliteConnectOptions::new().filename(file).busy_timeout(std::time::Duration::from_mins(1));
                Self::Sqlite(SqliteConnection::connect_with(&options).await?)
            }
            Database::Postgres(url) => Self::Postgres(PgConnection::connect(url).await?),
        })
    }

    pub(super) async fn run(&mut self, statement: &'static str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(connection) => connection.execute(statement).await.map(drop)?,
            Self::Postgres(connection) => connection.execute(statement).await.map(drop)?,
        }
        Ok(())
    }

    /// The id that a query finds.
    pub(super) async fn one(&mut self, statement: &'static str) -> Result<Uuid, Failure> {
        let (id,): (Uuid,) = match self {
            Self::Sqlite(connection) => sqlx::query_as(statement).fetch_one(connection).await?,
            Self::Postgres(connection) => sqlx::query_as(statement).fetch_one(connection).await?,
        };
        Ok(id)
    }

    /// The number that a query finds.
    pub(super) async fn number(&mut self, statement: &'static str) -> Result<i64, Failure> {
        let (number,): (i64,) = match self {
            Self::Sqlite(connection) => sqlx::query_as(statement).fetch_one(connection).await?,
            Self::Postgres(connection) => sqlx::query_as(statement).fetch_one(connection).await?,
        };
        Ok(number)
    }

    /// Each row is an array in the order of the columns.
    pub(super) async fn insert(
        &mut self,
        (table, columns): Table,
        rows: impl Iterator<Item = Value>,
    ) -> Result<(), Failure> {
        let text = self.statement(table, columns);
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            let some = Value::Array(rows.by_ref().take(ROWS).collect()).to_string();
            let text = AssertSqlSafe(text.clone());
            let done = match self {
                Self::Sqlite(connection) => sqlx::query(text).bind(some).execute(connection).await.map(drop),
                Self::Postgres(connection) => sqlx::query(text).bind(some).execute(connection).await.map(drop),
            };
            done.map_err(|error| format!("{table}: {error}"))?;
        }
        Ok(())
    }

    /// One parameter: the rows as JSON, each an array.
    fn statement(&self, table: &str, columns: &[Column]) -> String {
        let names: Vec<&str> =
            columns.iter().map(|(Key(name) | Octets(name) | Text(name) | Number(name))| *name).collect();
        let all = columns.iter().enumerate();
        let (values, from): (Vec<String>, _) = match self {
            Self::Sqlite(_) => {
                let value = |(at, column): (usize, &Column)| match column {
                    Key(_) | Octets(_) => format!("unhex(json_extract(value, '$[{at}]'))"),
                    Text(_) | Number(_) => format!("json_extract(value, '$[{at}]')"),
                };
                (all.map(value).collect(), "json_each($1)")
            }
            Self::Postgres(_) => {
                let value = |(at, column): (usize, &Column)| match column {
                    Key(_) => format!("CAST(x->>{at} AS UUID)"),
                    Octets(_) => format!("decode(x->>{at}, 'hex')"),
                    Text(_) => format!("x->>{at}"),
                    Number(_) => format!("CAST(x->>{at} AS BIGINT)"),
                };
                (all.map(value).collect(), "jsonb_array_elements(CAST($1 AS JSONB)) AS x")
            }
        };
        format!("INSERT INTO {table} ({}) SELECT {} FROM {from}", names.join(", "), values.join(", "))
    }
}
