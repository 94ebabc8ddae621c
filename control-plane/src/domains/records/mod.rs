//! What stands in DNS for a domain beside what should: the proof of ownership, MX, the SPF include.
//!
//! `look` asks, `judge` and `spf` decide (pure), `view` and `zone` show.

pub(super) mod judge;
pub(super) mod look;
mod spf;
pub(super) mod view;
pub(super) mod zone;
