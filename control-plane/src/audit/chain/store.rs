//! What the chains have of the table `audit`, and the table `audit_chains`.

use std::collections::{BTreeMap, BTreeSet};

use contract::{
    Micros,
    audit::{Chain, Position},
    snapshot::hash::Hash,
};
use uuid::Uuid;

use crate::db::{Read, StoreError, Tx, id_set, run, sql};

/// The columns of a row that its text is made of.
macro_rules! row {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT id, at, action, target_kind, target_id, tenant_id, before_state, after_state, address, request_id,
                actor_kind, actor_id, actor_name",
            $more,
            " FROM audit ",
            $rest
        )
    };
}

sql! {
    Main;
    UNCHAINED = (row!("", "WHERE chain_seq IS NULL ORDER BY id LIMIT $1"));
    HEADS = {
        sqlite: "SELECT chain_id, seq, hash FROM audit_chains WHERE chain_id IN (SELECT unhex(value) FROM json_each($1))",
        postgres: "SELECT chain_id, seq, hash FROM audit_chains
            WHERE chain_id IN (SELECT CAST(x AS UUID) FROM jsonb_array_elements_text(CAST($1 AS JSONB)) AS x)",
    };
    PUT_LINKS = {
        sqlite: "UPDATE audit SET chain_id = unhex(x.value ->> 1), chain_seq = x.value ->> 2,
                chain_previous = unhex(x.value ->> 3), chain_hash = unhex(x.value ->> 4)
            FROM json_each($1) AS x WHERE audit.id = unhex(x.value ->> 0)",
        postgres: "UPDATE audit SET chain_id = CAST(x->>1 AS UUID), chain_seq = CAST(x->>2 AS BIGINT),
                chain_previous = decode(x->>3, 'hex'), chain_hash = decode(x->>4, 'hex')
            FROM jsonb_array_elements(CAST($1 AS JSONB)) AS x WHERE audit.id = CAST(x->>0 AS UUID)",
    };
    PUT_HEADS = {
        sqlite: "INSERT INTO audit_chains (chain_id, seq, hash, swept_seq, swept_hash)
            SELECT unhex(value ->> 0), value ->> 1, unhex(value ->> 2), 0, zeroblob(32) FROM json_each($1) WHERE TRUE
            ON CONFLICT (chain_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
        postgres: "INSERT INTO audit_chains (chain_id, seq, hash, swept_seq, swept_hash)
            SELECT CAST(x->>0 AS UUID), CAST(x->>1 AS BIGINT), decode(x->>2, 'hex'), 0, decode(repeat('00', 32), 'hex')
            FROM jsonb_array_elements(CAST($1 AS JSONB)) AS x
            ON CONFLICT (chain_id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash",
    };
    ALL = "SELECT chain_id, seq, hash, swept_seq, swept_hash, checkpoint FROM audit_chains";
    EXPORT = (row!(", chain_seq, chain_previous, chain_hash", "WHERE chain_id = $1 AND chain_seq > $2 AND chain_seq <= $3
        AND (CAST($4 AS TEXT) IS NULL OR action = $4) AND (CAST($5 AS TEXT) IS NULL OR target_id = $5)
        AND (CAST($6 AS TEXT) IS NULL OR actor_id = $6)
        ORDER BY chain_seq LIMIT $7"));
    OLD_CHAINS = "SELECT DISTINCT chain_id FROM audit WHERE id < $1 AND chain_seq IS NOT NULL LIMIT $2";
    OLDEST = "SELECT id, chain_seq, chain_hash FROM audit WHERE chain_id = $1 AND chain_seq IS NOT NULL
        ORDER BY chain_seq LIMIT $2";
    SWEEP = "DELETE FROM audit WHERE chain_id = $1 AND chain_seq <= $2";
    PUT_CHECKPOINT = "UPDATE audit_chains SET swept_seq = $2, swept_hash = $3, checkpoint = $4 WHERE chain_id = $1";
}

/// A row as it was written.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Row {
    pub id: Uuid,
    pub at: i64,
    pub action: String,
    pub target_kind: String,
    pub target_id: Option<String>,
    pub tenant_id: Option<Uuid>,
    pub before_state: Option<String>,
    pub after_state: Option<String>,
    pub address: Option<String>,
    pub request_id: Option<String>,
    pub actor_kind: String,
    pub actor_id: Option<String>,
    pub actor_name: Option<String>,
}

impl Row {
    /// The chain it belongs to: its tenant's, or the installation's.
    pub(super) fn chain(&self) -> Uuid {
        self.tenant_id.unwrap_or(Uuid::nil())
    }
}

/// A row with its place.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Chained {
    #[sqlx(flatten)]
    pub row: Row,
    pub chain_seq: i64,
    /// As they stand there, whatever a hand in the database made of them: an export shows it.
    pub chain_previous: Option<Vec<u8>>,
    pub chain_hash: Option<Vec<u8>>,
}

/// A row's place, to be written.
#[derive(Debug)]
pub(super) struct Link {
    pub id: Uuid,
    pub chain: Uuid,
    pub seq: u64,
    pub previous: Hash,
    pub hash: Hash,
}

/// A chain as it stands.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub id: Uuid,
    pub chain: Chain,
    /// What was signed when rows were swept last.
    pub checkpoint: Option<String>,
}

/// What narrows an export.
#[derive(Debug, Clone, Default)]
pub(super) struct Filters {
    pub action: Option<String>,
    pub target: Option<String>,
    pub actor: Option<String>,
}

pub(super) async fn unchained(read: &mut Read, limit: i64) -> Result<Vec<Row>, StoreError> {
    run!(read, fetch_all UNCHAINED as Row, limit)
}

pub(super) async fn heads(read: &mut Read, chains: &BTreeSet<Uuid>) -> Result<Vec<(Uuid, Position)>, StoreError> {
    let rows = run!(read, fetch_all HEADS as (Uuid, i64, Vec<u8>), id_set(chains.iter().copied()))?;
    rows.into_iter().map(|(chain, seq, hash)| Ok((chain, position(seq, &hash)?))).collect()
}

pub(super) async fn put_links(tx: &mut Tx, links: &[Link]) -> Result<(), StoreError> {
    let row = |link: &Link| {
        (
            link.id.simple().to_string(),
            link.chain.simple().to_string(),
            link.seq,
            link.previous.to_string(),
            link.hash.to_string(),
        )
    };
    let set = json(&links.iter().map(row).collect::<Vec<_>>())?;
    match run!(tx, execute PUT_LINKS, set.as_str())? {
        count if count == links.len() as u64 => Ok(()),
        _ => Err(StoreError::Stale),
    }
}

pub(super) async fn put_heads(tx: &mut Tx, heads: &BTreeMap<Uuid, Position>) -> Result<(), StoreError> {
    let row = |(chain, head): (&Uuid, &Position)| (chain.simple().to_string(), head.seq, head.hash.to_string());
    let set = json(&heads.iter().map(row).collect::<Vec<_>>())?;
    run!(tx, execute PUT_HEADS, set.as_str())?;
    Ok(())
}

/// Every chain, in no order.
pub(super) async fn all(read: &mut Read) -> Result<Vec<Kept>, StoreError> {
    let rows = run!(read, fetch_all ALL as (Uuid, i64, Vec<u8>, i64, Vec<u8>, Option<String>))?;
    let kept =
        |(id, seq, hash, swept_seq, swept_hash, checkpoint): (Uuid, i64, Vec<u8>, i64, Vec<u8>, Option<String>)| {
            let (head, swept) = (position(seq, &hash)?, position(swept_seq, &swept_hash)?);
            Ok(Kept { id, chain: Chain { chain: super::name(id), swept, head }, checkpoint })
        };
    rows.into_iter().map(kept).collect()
}

/// Rows of a chain behind `after` and up to `until`, in order.
pub(super) async fn export(
    read: &mut Read,
    chain: Uuid,
    (after, until): (u64, u64),
    filters: &Filters,
    limit: i64,
) -> Result<Vec<Chained>, StoreError> {
    let (after, until) = (number(after), number(until));
    let Filters { action, target, actor } = filters;
    run!(read, fetch_all EXPORT as Chained, chain, after, until, action.as_deref(), target.as_deref(), actor.as_deref(),
        limit)
}

/// Chains with rows from before then.
pub(super) async fn old_chains(read: &mut Read, before: Uuid, limit: i64) -> Result<Vec<Uuid>, StoreError> {
    let rows = run!(read, fetch_all OLD_CHAINS as (Uuid,), before, limit)?;
    Ok(rows.into_iter().map(|(chain,)| chain).collect())
}

/// The first rows of a chain that are left.
pub(super) async fn oldest(read: &mut Read, chain: Uuid, limit: i64) -> Result<Vec<(Uuid, Position)>, StoreError> {
    let rows = run!(read, fetch_all OLDEST as (Uuid, i64, Vec<u8>), chain, limit)?;
    rows.into_iter().map(|(id, seq, hash)| Ok((id, position(seq, &hash)?))).collect()
}

/// Takes rows away up to `swept`, and keeps what was signed of it.
pub(super) async fn sweep(tx: &mut Tx, chain: Uuid, swept: Position, checkpoint: &str) -> Result<u64, StoreError> {
    let seq = number(swept.seq);
    let gone = run!(tx, execute SWEEP, chain, seq)?;
    run!(tx, execute PUT_CHECKPOINT, chain, seq, swept.hash.as_bytes().to_vec(), checkpoint)?;
    Ok(gone)
}

/// Ids sort by time: the first that could have been made then.
pub(super) fn first_id_at(time: Micros) -> Uuid {
    contract::Id::<contract::ids::Audit>::new(time, [0; 10]).uuid()
}

fn position(seq: i64, hash: &[u8]) -> Result<Position, StoreError> {
    let seq = u64::try_from(seq).map_err(StoreError::corrupt("audit.chain_seq"))?;
    let hash = <[u8; 32]>::try_from(hash).map_err(StoreError::corrupt("audit.chain_hash"))?;
    Ok(Position { seq, hash: Hash::from_bytes(hash) })
}

fn number(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn json(value: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(StoreError::corrupt("a set"))
}
