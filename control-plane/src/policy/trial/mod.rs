//! What a worker would answer to an envelope. `facts` gathers from the database what a worker has in its index; the
//! decision is the same function, in `contract::policy`.

pub mod api;
mod facts;
mod view;
