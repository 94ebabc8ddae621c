//! Signing in and out, and one's own account.
//!
//! `begin` makes a session once it is known who signs in, `refresh` carries it on, `own` lists and ends one's own.

pub mod api;
mod begin;
pub mod own;
pub mod refresh;
mod store;

use axum::{extract::FromRequestParts, http::HeaderMap, http::header, http::request::Parts};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Id, ids};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::{
    app::App,
    auth::{
        Caller,
        rates::Counted,
        request_caller,
        throttle::{AccountKey, Guess},
        token_hash,
    },
    db::Tx,
    http::{ApiError, Code},
    persons::{self, Account},
    vault::{Purpose, Vault},
};
pub(crate) use begin::{SignIn, begin, factor_enrolled, factor_shown};
pub(crate) use store::{STATEMENTS, end_all, set_password, sweep};

/// The person who calls, held with their session until the transaction ends. 401 where the session was ended since the request
/// came: what it would leave behind must not outlive it.
pub(crate) async fn hold_own(
    tx: &mut Tx,
    person: Id<ids::Person>,
    session: Id<ids::Session>,
) -> Result<Account, ApiError> {
    let account = persons::hold(tx, person).await?;
    let account = account.ok_or_else(|| ApiError::new(Code::Unauthenticated))?;
    if store::hold_session(tx, session, person).await? {
        return Ok(account);
    }
    Err(ApiError::new(Code::Unauthenticated))
}

/// Of a user agent so much is kept.
const AGENT_CHARS: usize = 256;

/// Where a request comes from that nobody has signed yet. Not a grant: nobody knows yet who it is.
#[derive(Debug)]
pub(crate) struct Stranger {
    pub caller: Caller,
    pub agent: Option<String>,
    pub headers: HeaderMap,
    pub counted: Option<Counted>,
}

impl<S: Sync> FromRequestParts<S> for Stranger {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let agent = parts.headers.get(header::USER_AGENT).map(|agent| {
            let text = String::from_utf8_lossy(agent.as_bytes());
            text.chars().filter(|c| !c.is_control()).take(AGENT_CHARS).collect()
        });
        let counted = parts.extensions.get().cloned();
        Ok(Self { caller: request_caller(parts), agent, headers: parts.headers.clone(), counted })
    }
}

impl Stranger {
    /// A guess at the account's password, from here.
    pub(crate) fn guess(&self, app: &App, account: AccountKey) -> Guess {
        let device = app.throttle.device(&self.headers, account, app.clock.now());
        Guess::Password { address: self.caller.address, account, device }
    }

    /// Counts a request that showed nothing good. Not one of a browser that somebody signed in with before: it is to get in
    /// however much comes from beside it.
    pub(crate) fn count(&self, app: &App) -> Result<(), ApiError> {
        if app.throttle.any_device(&self.headers, app.clock.now()).is_some() {
            return Ok(());
        }
        app.rates.count_stranger(app, self.counted.as_ref(), &self.caller)
    }

    /// What tells one client from another: its address and what it says it is.
    fn mark(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.caller.address.map(|address| address.to_string()).unwrap_or_default());
        hash.update([0]);
        hash.update(self.agent.as_deref().unwrap_or_default());
        hash.finalize().into()
    }
}

const REFRESH_PREFIX: &str = "prt_";

/// A refresh token: 256 bits that mean nothing. Stored as a hash.
#[derive(Clone)]
struct RefreshToken(Zeroizing<[u8; 32]>);

impl RefreshToken {
    fn parse(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(URL_SAFE_NO_PAD.decode(text.strip_prefix(REFRESH_PREFIX)?).ok()?);
        Some(Self(Zeroizing::new(<[u8; 32]>::try_from(bytes.as_slice()).ok()?)))
    }

    /// The one that comes after it. It follows from this one and the master key, so that a client which asks twice, because
    /// it did not hear the first answer, is given the same.
    fn next(&self, vault: &Vault) -> Self {
        Self(vault.derive(Purpose::RefreshToken, &*self.0))
    }

    fn text(&self) -> String {
        format!("{REFRESH_PREFIX}{}", URL_SAFE_NO_PAD.encode(*self.0))
    }

    fn hash(&self) -> [u8; 32] {
        token_hash(&self.text())
    }
}

impl std::fmt::Debug for RefreshToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RefreshToken(…)")
    }
}
