//! What stands in DNS for a domain beside what should: the proof of ownership, MX, the SPF include.
//!
//! `look` asks, `judge` and `spf` decide (pure), `view` and `zone` show, `api` is the door.

pub(super) mod api;
mod judge;
mod look;
mod spf;
mod view;
mod zone;
