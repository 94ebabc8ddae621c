//! The log as JSON Lines, chain by chain, as `verify` follows it. The first line has what was signed of all of it; pages
//! are read as they are wanted, so that a slow reader holds no transaction open.

use std::collections::VecDeque;

use contract::audit::{Chain, Position};
use serde::{Deserialize, Serialize};

use super::{
    entry,
    store::{self, Chained, Filters, Kept},
};
use crate::{
    app::AppState,
    auth::{Grant, action::ExportAudit},
    db::StoreError,
    hex,
    http::ApiError,
};

/// Rows read at once.
const PAGE: i64 = 500;
/// Chains whose rows may be looked for before something is sent: most are short.
const CHAINS: usize = 50;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    /// The form of this file.
    pub postern_audit: u32,
    /// Some rows were left out, as was asked.
    pub filtered: bool,
    /// JWS under a snapshot key: what all chains are at this time.
    pub statement: String,
    /// JWS under the root key: the snapshot keys.
    pub keys: String,
    /// The root key, raw, base64url.
    pub root_key: String,
}

/// The line before the rows of a chain.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ChainLine {
    pub chain: String,
    /// The last row that was swept away.
    pub swept: Position,
    /// The newest row.
    pub head: Position,
    /// JWS under a snapshot key: what was swept.
    pub checkpoint: Option<String>,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct End {
    /// How many rows there were.
    pub rows: u64,
}

/// An export on its way.
pub(super) struct Export {
    app: AppState,
    grant: Grant<ExportAudit>,
    filters: Filters,
    /// The line that is still to be sent before everything else.
    head: String,
    chains: VecDeque<Kept>,
    /// The chain that rows are read of, and behind which row.
    current: Option<(Kept, u64)>,
    rows: u64,
    ended: bool,
}

impl Export {
    pub(super) fn new(
        app: AppState,
        grant: Grant<ExportAudit>,
        filters: Filters,
        head: &Head,
        chains: Vec<Kept>,
    ) -> Result<Self, ApiError> {
        let head = line(head)?;
        Ok(Self { app, grant, filters, head, chains: chains.into(), current: None, rows: 0, ended: false })
    }

    /// The next piece of text.
    pub(super) async fn next(mut self) -> Result<Option<(String, Self)>, ApiError> {
        if self.ended {
            return Ok(None);
        }
        let text = self.piece().await.inspect_err(|error| tracing::warn!(%error, "an export ended before its end"))?;
        Ok(Some((text, self)))
    }

    async fn piece(&mut self) -> Result<String, ApiError> {
        let mut text = std::mem::take(&mut self.head);
        for _ in 0..CHAINS {
            let next = self.current.take().or_else(|| self.chains.pop_front().map(|kept| (kept, 0)));
            let Some((kept, after)) = next else {
                self.ended = true;
                text.push_str(&line(&End { rows: self.rows })?);
                return Ok(text);
            };
            if after == 0 {
                let Chain { chain, swept, head } = kept.chain.clone();
                text.push_str(&line(&ChainLine { chain, swept, head, checkpoint: kept.checkpoint.clone() })?);
            }
            let mut read = self.app.db.read(&self.grant).await?;
            let between = (after, kept.chain.head.seq);
            let rows = store::export(&mut read, kept.id, between, &self.filters, PAGE).await?;
            drop(read);
            for row in &rows {
                text.push_str(&row_line(&kept.chain.chain, row)?);
            }
            self.rows += rows.len() as u64;
            let full = i64::try_from(rows.len()).is_ok_and(|count| count >= PAGE);
            if let Some(last) = rows.last().filter(|_| full) {
                self.current = Some((kept, u64::try_from(last.chain_seq).unwrap_or(u64::MAX)));
                break;
            }
        }
        Ok(text)
    }
}

fn line(value: &impl Serialize) -> Result<String, ApiError> {
    let mut line = serde_json::to_string(value).map_err(ApiError::internal)?;
    line.push('\n');
    Ok(line)
}

/// A row's line. The entry comes last: what is hashed is its text, between `"entry":` and the line's last brace.
fn row_line(chain: &str, chained: &Chained) -> Result<String, StoreError> {
    let hash = |hash: &Option<Vec<u8>>| hash.as_deref().map(hex::digits).unwrap_or_default();
    let (seq, previous, own) = (chained.chain_seq, hash(&chained.chain_previous), hash(&chained.chain_hash));
    let entry = entry::text(&chained.row)?;
    Ok(format!(
        "{{\"chain\":\"{chain}\",\"seq\":{seq},\"previous\":\"{previous}\",\"hash\":\"{own}\",\"entry\":{entry}}}\n"
    ))
}
