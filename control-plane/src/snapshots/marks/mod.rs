//! Which head holds which edit: what is not published yet, and marks of what is.

mod store;

pub(crate) use store::{Marks, STATEMENTS, marks};
pub use store::{Publishing, lacking_since, publishing};
pub(super) use store::{any_unpublished, mark_all, published, unpublished, unpublished_numbers};
