//! Policy as a pure function: facts in, verdict out. The same call serves a worker, a dry run and generated tests.
//!
//! `settings` are the values that installation, tenant and domain may set; `lists` are the allow and block lists;
//! `verdict` names every rule and reason; `recipient` and `message` decide.

pub mod lists;
pub mod message;
pub mod recipient;
pub mod settings;
pub mod verdict;

pub use settings::{Effective, Settings};
pub use verdict::{Disposition, Reason, Rule, Verdict};

/// "Not there" and "could not find out" are different values all the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known<T> {
    Yes(T),
    /// Nobody could be asked, or the answer made no sense.
    Unavailable,
}
