//! The control plane as a client sees it: real HTTPS requests against a running one, on a database of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account;
mod api_keys;
mod certificates;
mod conventions;
mod databases;
mod documents;
mod domain_dns;
mod domains;
mod doors;
mod golden;
mod grants;
mod harness;
mod heads;
mod hostile;
mod isolation;
mod joining;
mod limits;
mod listener;
mod ownership;
mod people;
mod plans;
mod policy;
mod policy_trials;
mod postgres;
mod publishing;
mod recipients;
mod replicas;
mod routes;
mod routes_and_lists;
mod scopes;
mod status;
mod tenants;
mod trace;
