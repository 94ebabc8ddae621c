//! Who may do what. `action` is the matrix, `grant` the proof that handlers ask for, `scope` what grants reach, `token` the access JWT, `password`
//! Argon2id in a bounded pool, `throttle` what slows guessing down, `rates` how many requests a principal may make. Grants are read from the database at each request.

pub mod action;
mod caller;
mod cost;
pub(crate) mod credential;
mod grant;
pub mod password;
pub mod rates;
pub mod scope;
pub(crate) mod secret;
mod store;
pub mod throttle;
pub mod token;

pub use action::{Action, Callers, MATRIX, Role};
pub use caller::{Caller, Principal};
pub use cost::Cost;
pub use grant::{Grant, request_caller};
pub use scope::{Held, OnHold, Place, Reach, Scope};
pub(crate) use store::{STATEMENTS, holding, holding_of_key};

/// The hash under which a bearer token is stored: it is random, so one SHA-256 is enough.
pub fn token_hash(token: &str) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(token.as_bytes()).into()
}
