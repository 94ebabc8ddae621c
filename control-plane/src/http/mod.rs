//! HTTP as every resource uses it: problems, JSON bodies, paths and queries, entity tags, cursors, idempotency.
//!
//! `listener` and `tls` speak to the network, `layers` wrap every request, `docs` makes the API documents.

mod answer;
mod code;
mod csv;
pub mod cursor;
pub mod docs;
mod etag;
mod extract;
pub mod idempotency;
mod json;
pub mod layers;
pub mod listener;
mod patch;
mod problem;
pub mod system;
mod time;
pub mod tls;

pub use answer::{Answer, CONFIG_VERSION, commit};
pub use code::{Code, problem_codes};
pub use csv::ApiCsv;
pub use cursor::{Cursors, Page};
pub use etag::{ETag, IfMatch};
pub use extract::{ApiPath, ApiQuery};
pub use json::{ApiJson, ApiPatch};
pub use patch::Patch;
pub use problem::{ApiError, Challenge, FieldError, Problem};
pub use time::Time;
