//! Rows of the table `recipients`.

use contract::{Id, Micros, ids, mail::LocalPart};
use uuid::Uuid;

use super::{Recipient, key};
use crate::{
    db::{Read, StoreError, Tx, run, sql},
    http::Page,
};

sql! {
    Main;
    GET = "SELECT id, local_part, created_at FROM recipients WHERE domain_id = $1 AND id = $2";
    BY_KEY = "SELECT id, local_part, created_at FROM recipients WHERE domain_id = $1 AND local_key = $2";
    LIST = "SELECT id, local_part, created_at FROM recipients WHERE domain_id = $1 AND id > $2 ORDER BY id LIMIT $3";
    INSERT = "INSERT INTO recipients (id, domain_id, local_part, local_key, created_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (domain_id, local_key) DO NOTHING";
    DELETE = "DELETE FROM recipients WHERE domain_id = $1 AND id = $2";
    COUNT = "SELECT COUNT(*) FROM recipients WHERE domain_id = $1";
}

#[derive(Debug, sqlx::FromRow)]
struct Row {
    id: Uuid,
    local_part: String,
    created_at: i64,
}

impl TryFrom<Row> for Recipient {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: Id::from_uuid(row.id),
            local_part: local_part(&row.local_part)?,
            created_at: Micros::from_micros(row.created_at),
        })
    }
}

/// The wire form is stored: quoted where it must be.
fn local_part(text: &str) -> Result<LocalPart, StoreError> {
    text.parse().map_err(StoreError::corrupt("recipients.local_part"))
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

/// False if it is there already.
pub(super) async fn insert(tx: &mut Tx, domain: Id<ids::Domain>, recipient: &Recipient) -> Result<bool, StoreError> {
    let (text, key) = (recipient.local_part.to_string(), key(&recipient.local_part));
    let touched = run!(tx, execute INSERT, recipient.id.uuid(), domain.uuid(), text.as_str(), key.as_str(),
        recipient.created_at.as_micros())?;
    Ok(touched == 1)
}

/// False if it is not there.
pub(super) async fn delete(tx: &mut Tx, domain: Id<ids::Domain>, id: Id<ids::Recipient>) -> Result<bool, StoreError> {
    Ok(run!(tx, execute DELETE, domain.uuid(), id.uuid())? == 1)
}

pub(super) async fn count(read: &mut Read, domain: Id<ids::Domain>) -> Result<i64, StoreError> {
    let (count,) = run!(read, fetch_one COUNT as (i64,), domain.uuid())?;
    Ok(count)
}
