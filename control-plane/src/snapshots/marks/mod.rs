//! Which head holds which edit: what is not published yet, and marks of what is.

mod store;

pub use store::{Publishing, lacking_since, publishing};
pub(crate) use store::{STATEMENTS, mark};
pub(super) use store::{any_unpublished, mark_all, unpublished, unpublished_numbers};
