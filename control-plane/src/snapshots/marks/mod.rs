//! Which head holds which edit: what is not published yet, and marks of what is.

mod store;

pub(crate) use store::{Marks, STATEMENTS, marks};
pub use store::{Publishing, lacking_since, publishing};
pub(super) use store::{mark_all, published_elsewhere, unpublished, unpublished_numbers};
