//! "Not there" and "could not find out" as different values.

use crate::dns::Failure;

/// What a look-up came to. `Absent` was said by somebody who knows; `Unavailable` says nothing about the thing itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    Known(T),
    /// There is no such thing, on authority.
    Absent,
    /// Nobody could be asked, or the answer made no sense.
    Unavailable(Failure),
}

impl<T> Outcome<T> {
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Self::Known(value) => Outcome::Known(f(value)),
            Self::Absent => Outcome::Absent,
            Self::Unavailable(failure) => Outcome::Unavailable(failure),
        }
    }

    pub fn and_then<U>(self, f: impl FnOnce(T) -> Outcome<U>) -> Outcome<U> {
        match self {
            Self::Known(value) => f(value),
            Self::Absent => Outcome::Absent,
            Self::Unavailable(failure) => Outcome::Unavailable(failure),
        }
    }

    /// The value, where there is one; forgets why not.
    pub fn known(self) -> Option<T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Absent | Self::Unavailable(_) => None,
        }
    }
}
