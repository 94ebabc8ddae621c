//! The control plane as a client sees it: real HTTPS requests against a running one, on a database of its own.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account;
mod account_page;
mod authenticator;
mod certificates;
mod conventions;
mod databases;
mod documents;
mod domain_dns;
mod domains;
mod doors;
mod factors;
mod golden;
mod harness;
mod heads;
mod hostile;
mod joining;
mod listener;
mod ownership;
mod plans;
mod policy;
mod policy_trials;
mod postgres;
mod publishing;
mod recipients;
mod replicas;
mod routes;
mod routes_and_lists;
mod sessions;
mod sign_in_policy;
mod status;
mod step_up;
mod tenants;
mod trace;
mod webdriver;
