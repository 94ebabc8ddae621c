//! The control plane: the REST API and everything it owns.
//!
//! One folder a resource, all of the feature in it; `router` is the list of them. `db`, `http`, `auth`, `audit` and
//! `outbox` are what every resource stands on. `start` runs it.

mod account;
pub mod api_keys;
pub mod app;
pub mod audit;
pub mod auth;
pub mod bootstrap;
pub mod breach;
pub mod certificates;
mod config;
pub mod config_versions;
pub mod db;
pub mod domains;
pub mod errands;
pub mod events;
pub mod factors;
pub mod grants;
mod hex;
pub mod http;
pub mod installation;
pub mod invitations;
pub mod jobs;
pub mod join_tokens;
pub mod keys;
pub mod labels;
pub mod lease;
pub mod lists;
pub mod mail_out;
pub mod messages;
mod metrics;
pub mod onboarding;
pub mod outbox;
pub mod password_resets;
pub mod persons;
pub mod policy;
pub mod pool_keys;
mod pools;
pub mod recipients;
pub mod recover;
mod router;
pub mod routes;
mod running;
pub mod sessions;
pub mod sign_in_policy;
pub mod snapshots;
pub mod statistics;
pub mod status;
pub mod tenants;
pub mod vault;
pub mod workers;

pub use bootstrap::FirstSignIn;
pub use config::{Config, Database, FirstOwner, Passwords, Secret, Sessions, Trace};
pub use http::problem_codes;
pub use router::documents;
pub use running::{Deps, Running, StartError, check, start};
