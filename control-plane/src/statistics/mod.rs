//! What was counted, by domain and hour. Workers add up and send sums; `events` adds them to the table in the transaction
//! that takes their batch, so each counts once. Kept far longer than the trace.

pub mod api;
mod span;
mod store;

pub(crate) use store::STATEMENTS;
