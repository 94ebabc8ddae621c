//! Rows of the table `recipients`.

use std::collections::HashMap;

use contract::{Id, Micros, ids, mail::LocalPart};
use uuid::Uuid;

use super::{
    Alias, AliasHop, Recipient, key,
    plan::{Existing, Wanted},
};
use crate::{
    db::{Read, StoreError, Tx, run, sql},
    http::Page,
};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.local_part, r.created_at, r.hop_sees, m.local_part AS mailbox
            FROM recipients r LEFT JOIN recipients m ON m.domain_id = r.domain_id AND m.local_key = r.alias_of
            WHERE r.domain_id = $1 AND ",
            $rest
        )
    };
}

sql! {
    Main;
    GET = (select!("r.id = $2"));
    BY_KEY = (select!("r.local_key = $2"));
    LIST = (select!("r.id > $2 ORDER BY r.id LIMIT $3"));
    ALIASES_OF = "SELECT COUNT(*) FROM recipients WHERE domain_id = $1 AND alias_of = $2";
    KEYS = "SELECT id, local_key, alias_of, hop_sees FROM recipients WHERE domain_id = $1";
    KEYS_AMONG = {
        sqlite: "SELECT id, local_key, alias_of, hop_sees FROM recipients
            WHERE domain_id = $1 AND local_key IN (SELECT value FROM json_each($2))",
        postgres: "SELECT id, local_key, alias_of, hop_sees FROM recipients
            WHERE domain_id = $1 AND local_key IN (SELECT x FROM jsonb_array_elements_text(CAST($2 AS JSONB)) AS x)",
    };
    // An alias whose mailbox is gone is a recipient like any other.
    NAMED = {
        sqlite: "SELECT r.local_key, m.local_key FROM recipients r
            LEFT JOIN recipients m ON m.domain_id = r.domain_id AND m.local_key = r.alias_of
            WHERE r.domain_id = $1 AND r.local_key IN (SELECT value FROM json_each($2))",
        postgres: "SELECT r.local_key, m.local_key FROM recipients r
            LEFT JOIN recipients m ON m.domain_id = r.domain_id AND m.local_key = r.alias_of
            WHERE r.domain_id = $1
                AND r.local_key IN (SELECT x FROM jsonb_array_elements_text(CAST($2 AS JSONB)) AS x)",
    };
    PUT = {
        sqlite: "INSERT INTO recipients (id, domain_id, local_part, local_key, alias_of, hop_sees, created_at)
            SELECT unhex(json_extract(value, '$[0]')), $1, json_extract(value, '$[1]'), json_extract(value, '$[2]'),
                json_extract(value, '$[3]'), json_extract(value, '$[4]'), json_extract(value, '$[5]')
            FROM json_each($2) WHERE TRUE
            ON CONFLICT (domain_id, local_key) DO UPDATE SET alias_of = excluded.alias_of, hop_sees = excluded.hop_sees",
        postgres: "INSERT INTO recipients (id, domain_id, local_part, local_key, alias_of, hop_sees, created_at)
            SELECT CAST(x->>0 AS UUID), $1, x->>1, x->>2, x->>3, x->>4, CAST(x->>5 AS BIGINT)
            FROM jsonb_array_elements(CAST($2 AS JSONB)) AS x
            ON CONFLICT (domain_id, local_key) DO UPDATE SET alias_of = excluded.alias_of, hop_sees = excluded.hop_sees",
    };
    REMOVE = {
        sqlite: "DELETE FROM recipients WHERE domain_id = $1 AND local_key IN (SELECT value FROM json_each($2))",
        postgres: "DELETE FROM recipients WHERE domain_id = $1
            AND local_key IN (SELECT x FROM jsonb_array_elements_text(CAST($2 AS JSONB)) AS x)",
    };
    DELETE = "DELETE FROM recipients WHERE domain_id = $1 AND id = $2";
    COUNT = "SELECT COUNT(*) FROM recipients WHERE domain_id = $1";
}

/// Rows in one statement: a parameter of a few megabytes.
const ROWS: usize = 20_000;

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    local_part: String,
    created_at: i64,
    hop_sees: Option<String>,
    /// Of an alias, unless its mailbox is gone.
    mailbox: Option<String>,
}

#[derive(Debug, sqlx::FromRow)]
struct KeyRow {
    id: Uuid,
    local_key: String,
    alias_of: Option<String>,
    hop_sees: Option<String>,
}

impl TryFrom<Row> for Recipient {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let hop_sees = hop_sees(row.hop_sees.as_deref());
        let alias = |mailbox: String| Ok::<_, StoreError>(Alias { of: local_part(&mailbox)?, hop_sees });
        Ok(Self {
            id: Id::from_uuid(row.id),
            local_part: local_part(&row.local_part)?,
            alias: row.mailbox.map(alias).transpose()?,
            created_at: Micros::from_micros(row.created_at),
        })
    }
}

/// The wire form is stored: quoted where it must be.
fn local_part(text: &str) -> Result<LocalPart, StoreError> {
    text.parse().map_err(StoreError::corrupt("recipients.local_part"))
}

fn hop_sees(name: Option<&str>) -> AliasHop {
    name.and_then(AliasHop::parse).unwrap_or(AliasHop::AsWritten)
}

pub(super) async fn find(
    read: &mut Read,
    domain: Id<ids::Domain>,
    id: Id<ids::Recipient>,
) -> Result<Option<Recipient>, StoreError> {
    run!(read, fetch_optional GET as Row, domain.uuid(), id.uuid())?.map(Recipient::try_from).transpose()
}

pub(super) async fn by_local_part(
    read: &mut Read,
    domain: Id<ids::Domain>,
    local_part: &LocalPart,
) -> Result<Option<Recipient>, StoreError> {
    let key = key(local_part);
    run!(read, fetch_optional BY_KEY as Row, domain.uuid(), key.as_str())?.map(Recipient::try_from).transpose()
}

/// One more than the page holds.
pub(super) async fn list(
    read: &mut Read,
    domain: Id<ids::Domain>,
    page: &Page<Uuid>,
) -> Result<Vec<Recipient>, StoreError> {
    let rows = run!(read, fetch_all LIST as Row, domain.uuid(), page.after.unwrap_or_default(), page.rows())?;
    rows.into_iter().map(Recipient::try_from).collect()
}

/// How many are aliases of this one.
pub(super) async fn aliases_of(
    read: &mut Read,
    domain: Id<ids::Domain>,
    local_part: &LocalPart,
) -> Result<i64, StoreError> {
    let key = key(local_part);
    let (count,) = run!(read, fetch_one ALIASES_OF as (i64,), domain.uuid(), key.as_str())?;
    Ok(count)
}

/// What is there of those that are wanted and of the mailboxes they are aliases of; without them, all there is.
pub(super) async fn existing(
    read: &mut Read,
    domain: Id<ids::Domain>,
    wanted: Option<&[Wanted]>,
) -> Result<HashMap<String, Existing>, StoreError> {
    let rows = match wanted {
        None => run!(read, fetch_all KEYS as KeyRow, domain.uuid())?,
        Some(wanted) => {
            let keys: Vec<String> = wanted
                .iter()
                .flat_map(|one| [Some(&one.local_part), one.alias.as_ref().map(|alias| &alias.of)])
                .flatten()
                .map(key)
                .collect();
            let mut rows = Vec::new();
            for keys in keys.chunks(ROWS) {
                rows.extend(run!(read, fetch_all KEYS_AMONG as KeyRow, domain.uuid(), set(keys)?)?);
            }
            rows
        }
    };
    let existing = |row: KeyRow| {
        let alias = row.alias_of.map(|key| (key, hop_sees(row.hop_sees.as_deref())));
        (row.local_key, Existing { id: Id::from_uuid(row.id), alias })
    };
    Ok(rows.into_iter().map(existing).collect())
}

/// Those of these that are there, by key, with the key of the mailbox that they are aliases of.
pub(crate) async fn named(
    read: &mut Read,
    domain: Id<ids::Domain>,
    names: &[LocalPart],
) -> Result<HashMap<String, Option<String>>, StoreError> {
    let keys: Vec<_> = names.iter().map(key).collect();
    let rows = run!(read, fetch_all NAMED as (String, Option<String>), domain.uuid(), set(&keys)?)?;
    Ok(rows.into_iter().collect())
}

fn set<T: serde::Serialize>(members: &[T]) -> Result<String, StoreError> {
    serde_json::to_string(members).map_err(StoreError::corrupt("a set of recipients"))
}

/// Adds recipients; of one that is there only the alias is set.
pub(super) async fn put(tx: &mut Tx, domain: Id<ids::Domain>, recipients: &[Recipient]) -> Result<(), StoreError> {
    for recipients in recipients.chunks(ROWS) {
        let rows: Vec<_> = recipients
            .iter()
            .map(|one| {
                let alias = one.alias.as_ref();
                (
                    one.id.uuid().simple().to_string(),
                    one.local_part.to_string(),
                    key(&one.local_part),
                    alias.map(|alias| key(&alias.of)),
                    alias.map(|alias| alias.hop_sees.name()),
                    one.created_at.as_micros(),
                )
            })
            .collect();
        run!(tx, execute PUT, domain.uuid(), set(&rows)?)?;
    }
    Ok(())
}

pub(super) async fn remove(tx: &mut Tx, domain: Id<ids::Domain>, keys: &[String]) -> Result<(), StoreError> {
    for keys in keys.chunks(ROWS) {
        run!(tx, execute REMOVE, domain.uuid(), set(keys)?)?;
    }
    Ok(())
}

/// False if it is not there.
pub(super) async fn delete(tx: &mut Tx, domain: Id<ids::Domain>, id: Id<ids::Recipient>) -> Result<bool, StoreError> {
    Ok(run!(tx, execute DELETE, domain.uuid(), id.uuid())? == 1)
}

pub(super) async fn count(read: &mut Read, domain: Id<ids::Domain>) -> Result<i64, StoreError> {
    let (count,) = run!(read, fetch_one COUNT as (i64,), domain.uuid())?;
    Ok(count)
}
