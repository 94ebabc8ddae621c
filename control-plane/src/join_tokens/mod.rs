//! Join tokens: what an administrator makes so that a worker can join. Shown once; only a hash is kept.

pub mod api;
mod store;

use std::{net::IpAddr, time::Duration};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    Id, ids,
    mail::Cidr,
    worker_api::{JOIN_TOKEN_PREFIX, JoinToken},
};
use subtle::ConstantTimeEq;

use crate::{
    app::App,
    auth::token_hash,
    db::{StoreError, Tx},
};
use store::Row;
pub(crate) use store::STATEMENTS;

/// What a token allows.
#[derive(Debug, Clone)]
pub struct Terms {
    pub pool: Id<ids::Pool>,
    pub name: String,
    pub uses: u32,
    pub lifetime: Duration,
    /// Empty: from anywhere.
    pub address_ranges: Vec<Cidr>,
    /// Vouch for the TLS key although a public authority may: for who connects by address.
    pub pin_tls: bool,
}

/// Makes a token; the text is shown once.
pub(crate) async fn make(tx: &mut Tx, app: &App, terms: &Terms) -> Result<(Row, String), StoreError> {
    let id = tx.new_id::<ids::JoinToken>();
    let secret = URL_SAFE_NO_PAD.encode(tx.entropy().bytes::<32>());
    let row = store::insert(tx, id, terms, &token_hash(&secret)).await?;
    let token = JoinToken {
        id,
        secret,
        root_sha256: contract::snapshot::hash::Hash::of(&app.signing.root_public),
        // A certificate that was made here is known to nobody else: the token vouches for it.
        tls_spki_sha256: (app.tls_self_signed || terms.pin_tls).then_some(app.tls_spki_sha256),
    };
    let json = serde_json::to_vec(&token).map_err(StoreError::corrupt("join token"))?;
    Ok((row, format!("{JOIN_TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(json))))
}

/// Takes one use of a token, if it is good from this address now.
pub(crate) async fn spend(
    tx: &mut Tx,
    text: &str,
    address: Option<IpAddr>,
) -> Result<Option<(Id<ids::JoinToken>, Id<ids::Pool>)>, StoreError> {
    let Some(token) = read(text) else { return Ok(None) };
    let Some(row) = store::live(tx, token.id).await? else { return Ok(None) };
    let right: bool = row.secret_hash.ct_eq(&token_hash(&token.secret)).into();
    let ranges = row.ranges()?;
    let from_here =
        ranges.is_empty() || address.is_some_and(|address| ranges.iter().any(|range| range.contains(address)));
    if !right || !from_here || !store::spend(tx, token.id).await? {
        return Ok(None);
    }
    Ok(Some((token.id, Id::from_uuid(row.pool_id))))
}

fn read(text: &str) -> Option<JoinToken> {
    if text.len() > 2_048 {
        return None;
    }
    let json = URL_SAFE_NO_PAD.decode(text.trim().strip_prefix(JOIN_TOKEN_PREFIX)?).ok()?;
    serde_json::from_slice(&json).ok()
}
