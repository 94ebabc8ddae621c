//! Rows of the tables `totp`, `passkeys`, `recovery_codes` and `token_tries`.

use contract::{Id, Micros, ids};
use uuid::Uuid;

use super::Held;
use crate::db::{Read, StoreError, Tx, run, sql};

sql! {
    Main;
    HELD = "SELECT
            (SELECT COUNT(*) FROM totp WHERE person_id = $1 AND confirmed_at IS NOT NULL),
            (SELECT COUNT(*) FROM passkeys WHERE person_id = $1 AND rp_id = $2),
            (SELECT COUNT(*) FROM passkeys WHERE person_id = $1 AND rp_id <> $2),
            (SELECT COUNT(*) FROM recovery_codes WHERE person_id = $1 AND used_at IS NULL)";
    ACCOUNT = "SELECT email, password_hash FROM persons WHERE id = $1 AND disabled_at IS NULL";
    TOTP = "SELECT sealed, pending, pending_until, confirmed_at, last_used_at FROM totp WHERE person_id = $1";
    SET_PENDING = "INSERT INTO totp (person_id, last_step, pending, pending_until) VALUES ($1, 0, $2, $3)
        ON CONFLICT (person_id) DO UPDATE SET pending = $2, pending_until = $3";
    // A secret is confirmed once: the pending one is what the code was of.
    CONFIRM = "UPDATE totp SET sealed = pending, pending = NULL, last_step = $3, confirmed_at = $4, last_used_at = $4
        WHERE person_id = $1 AND pending = $2";
    // No step twice, and none before one that was taken: decided here, so that of two at once one is refused.
    SPEND_STEP = "UPDATE totp SET last_step = $3, last_used_at = $4
        WHERE person_id = $1 AND sealed = $2 AND last_step < $3";
    DELETE_TOTP = "DELETE FROM totp WHERE person_id = $1 AND confirmed_at IS NOT NULL";
    DELETE_ANY_TOTP = "DELETE FROM totp WHERE person_id = $1";
    PASSKEYS = "SELECT id, name, credential_id, credential, rp_id, created_at, last_used_at FROM passkeys
        WHERE person_id = $1 ORDER BY id";
    INSERT_PASSKEY = "INSERT INTO passkeys (id, person_id, name, credential_id, credential, rp_id, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    USE_PASSKEY = "UPDATE passkeys SET credential = $3, last_used_at = $4 WHERE id = $1 AND credential = $2";
    RENAME_PASSKEY = "UPDATE passkeys SET name = $3 WHERE id = $1 AND person_id = $2";
    DELETE_PASSKEY = "DELETE FROM passkeys WHERE id = $1 AND person_id = $2";
    DELETE_PASSKEYS = "DELETE FROM passkeys WHERE person_id = $1";
    INSERT_CODE = "INSERT INTO recovery_codes (person_id, code_hash) VALUES ($1, $2)";
    SPEND_CODE = "UPDATE recovery_codes SET used_at = $3 WHERE person_id = $1 AND code_hash = $2 AND used_at IS NULL";
    DELETE_CODES = "DELETE FROM recovery_codes WHERE person_id = $1";
    COUNT_TRY = "INSERT INTO token_tries (token_hash, tries, expires_at) VALUES ($1, 1, $2)
        ON CONFLICT (token_hash) DO UPDATE SET tries = token_tries.tries + 1 WHERE token_tries.tries < $3";
    CLOSE_TOKEN = "UPDATE token_tries SET tries = 1000 WHERE token_hash = $1 AND tries < 1000";
    SWEEP = "DELETE FROM token_tries WHERE expires_at <= $1";
    VOID_PASSKEYS = "SELECT k.rp_id, p.email, COUNT(*) FROM passkeys k JOIN persons p ON p.id = k.person_id
        WHERE k.rp_id <> $1 GROUP BY k.rp_id, p.email ORDER BY k.rp_id, p.email";
}

pub(super) async fn held(read: &mut Read, person: Id<ids::Person>, host: &str) -> Result<Held, StoreError> {
    let row = run!(read, fetch_one HELD as (i64, i64, i64, i64), person.uuid(), host)?;
    let (totp, passkeys, void_passkeys, recovery_codes) = row;
    Ok(Held { totp: totp > 0, passkeys, void_passkeys, recovery_codes })
}

/// Address and stored password; none for one that is disabled.
pub(super) async fn account(read: &mut Read, person: Id<ids::Person>) -> Result<Option<(String, String)>, StoreError> {
    run!(read, fetch_optional ACCOUNT as (String, String), person.uuid())
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct Totp {
    pub sealed: Option<Vec<u8>>,
    pub pending: Option<Vec<u8>>,
    pub pending_until: i64,
    pub confirmed_at: Option<i64>,
    pub last_used_at: Option<i64>,
}

pub(super) async fn totp(read: &mut Read, person: Id<ids::Person>) -> Result<Option<Totp>, StoreError> {
    run!(read, fetch_optional TOTP as Totp, person.uuid())
}

pub(super) async fn set_pending(
    tx: &mut Tx,
    person: Id<ids::Person>,
    sealed: &[u8],
    until: Micros,
) -> Result<(), StoreError> {
    run!(tx, execute SET_PENDING, person.uuid(), sealed, until.as_micros())?;
    Ok(())
}

/// False if it is another one by now.
pub(super) async fn confirm(
    tx: &mut Tx,
    person: Id<ids::Person>,
    sealed: &[u8],
    step: i64,
) -> Result<bool, StoreError> {
    let now = tx.now().as_micros();
    Ok(run!(tx, execute CONFIRM, person.uuid(), sealed, step, now)? == 1)
}

/// False if a code of this step or a later one was taken before.
pub(super) async fn spend_step(
    tx: &mut Tx,
    person: Id<ids::Person>,
    sealed: &[u8],
    step: i64,
) -> Result<bool, StoreError> {
    let now = tx.now().as_micros();
    Ok(run!(tx, execute SPEND_STEP, person.uuid(), sealed, step, now)? == 1)
}

pub(super) async fn delete_totp(tx: &mut Tx, person: Id<ids::Person>) -> Result<bool, StoreError> {
    Ok(run!(tx, execute DELETE_TOTP, person.uuid())? == 1)
}

#[derive(Debug, Clone, sqlx::FromRow)]
pub(super) struct PasskeyRow {
    pub id: Uuid,
    pub name: String,
    pub credential_id: Vec<u8>,
    pub credential: String,
    pub rp_id: String,
    pub created_at: i64,
    pub last_used_at: Option<i64>,
}

impl PasskeyRow {
    pub(super) fn key(&self) -> Result<webauthn_rs::prelude::Passkey, StoreError> {
        serde_json::from_str(&self.credential).map_err(StoreError::corrupt("passkeys.credential"))
    }
}

pub(super) async fn passkeys(read: &mut Read, person: Id<ids::Person>) -> Result<Vec<PasskeyRow>, StoreError> {
    run!(read, fetch_all PASSKEYS as PasskeyRow, person.uuid())
}

pub(super) async fn insert_passkey(tx: &mut Tx, person: Id<ids::Person>, row: &PasskeyRow) -> Result<(), StoreError> {
    run!(
        tx,
        execute INSERT_PASSKEY,
        row.id,
        person.uuid(),
        row.name.as_str(),
        row.credential_id.as_slice(),
        row.credential.as_str(),
        row.rp_id.as_str(),
        row.created_at,
    )?;
    Ok(())
}

/// False if it was used or removed meanwhile.
pub(super) async fn use_passkey(tx: &mut Tx, id: Uuid, before: &str, after: &str) -> Result<bool, StoreError> {
    let now = tx.now().as_micros();
    Ok(run!(tx, execute USE_PASSKEY, id, before, after, now)? == 1)
}

pub(super) async fn rename_passkey(
    tx: &mut Tx,
    person: Id<ids::Person>,
    id: Id<ids::Passkey>,
    name: &str,
) -> Result<bool, StoreError> {
    Ok(run!(tx, execute RENAME_PASSKEY, id.uuid(), person.uuid(), name)? == 1)
}

pub(super) async fn delete_passkey(
    tx: &mut Tx,
    person: Id<ids::Person>,
    id: Id<ids::Passkey>,
) -> Result<bool, StoreError> {
    Ok(run!(tx, execute DELETE_PASSKEY, id.uuid(), person.uuid())? == 1)
}

/// In place of all that were there.
pub(super) async fn set_codes(tx: &mut Tx, person: Id<ids::Person>, hashes: &[Vec<u8>]) -> Result<(), StoreError> {
    run!(tx, execute DELETE_CODES, person.uuid())?;
    for hash in hashes {
        run!(tx, execute INSERT_CODE, person.uuid(), hash.as_slice())?;
    }
    Ok(())
}

pub(super) async fn spend_code(tx: &mut Tx, person: Id<ids::Person>, hash: &[u8]) -> Result<bool, StoreError> {
    let now = tx.now().as_micros();
    Ok(run!(tx, execute SPEND_CODE, person.uuid(), hash, now)? == 1)
}

/// Everything the person has set up.
pub(super) async fn clear(tx: &mut Tx, person: Id<ids::Person>) -> Result<(), StoreError> {
    run!(tx, execute DELETE_ANY_TOTP, person.uuid())?;
    run!(tx, execute DELETE_PASSKEYS, person.uuid())?;
    run!(tx, execute DELETE_CODES, person.uuid())?;
    Ok(())
}

pub(super) async fn count_try(tx: &mut Tx, hash: &[u8; 32], until: Micros, most: i64) -> Result<bool, StoreError> {
    Ok(run!(tx, execute COUNT_TRY, hash.as_slice(), until.as_micros(), most)? == 1)
}

pub(super) async fn close_token(tx: &mut Tx, hash: &[u8; 32]) -> Result<bool, StoreError> {
    Ok(run!(tx, execute CLOSE_TOKEN, hash.as_slice())? == 1)
}

/// Deletes what is known of tokens that are over by themselves.
pub(crate) async fn sweep(tx: &mut Tx, now: Micros) -> Result<u64, StoreError> {
    run!(tx, execute SWEEP, now.as_micros())
}

/// Passkeys that were made for another host: for which, whose, and how many.
pub(super) async fn void_passkeys(read: &mut Read, host: &str) -> Result<Vec<(String, String, i64)>, StoreError> {
    run!(read, fetch_all VOID_PASSKEYS as (String, String, i64), host)
}
