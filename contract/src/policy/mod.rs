//! Policy as a pure function: facts in, verdict out. The same call serves a worker, a dry run and generated tests.
//!
//! `settings` are the values that installation, tenant and domain may set, `fold` lays the levels over each other; `tenancy`
//! has what tenants are held to from above; `lists` are the allow and block lists; `gather` makes facts of what was found; `verdict` names every rule and reason;
//! `recipient`, `traffic` and `message` decide, in this order.

pub mod fold;
pub mod gather;
pub mod lists;
pub mod message;
pub mod recipient;
pub mod settings;
pub mod tenancy;
pub mod traffic;
pub mod verdict;

pub use fold::Folded;
pub use settings::{Effective, Setting, Settings};
pub use tenancy::{Suspension, Tenancy};
pub use verdict::{Disposition, Reason, Rule, Verdict};

/// "Not there" and "could not find out" are different values all the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<T> {
    Yes(T),
    /// Nobody could be asked, or the answer made no sense.
    Unavailable,
}
