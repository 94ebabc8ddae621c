//! The control plane as a client sees it: real HTTPS requests against a running one, on a database of its own.

mod account;
mod conventions;
mod databases;
mod documents;
mod domains;
mod doors;
mod golden;
mod harness;
mod listener;
mod postgres;
mod routes_and_lists;
mod tenants;
