//! What stands between the angle brackets of MAIL and RCPT (RFC 5321 §4.1.2, §4.1.1.2, §4.1.1.3).

use std::{fmt, str::FromStr};

use super::{Domain, Mailbox, MailboxError};

/// The sender: a mailbox, or `<>` for notices that must not be answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReversePath(Option<Mailbox>);

/// A recipient as RCPT named it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ForwardPath {
    pub recipient: Recipient,
    /// `@a,@b:` stood before it. RFC 5321 §3.6.1 lets a server refuse it; whether it does is policy.
    pub source_route: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Recipient {
    Mailbox(Mailbox),
    /// `<postmaster>` without a domain: this host's own (RFC 5321 §4.5.1).
    Postmaster,
}

/// Why a text is not a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    #[error("a path has at most 256 octets with its brackets (RFC 5321 4.5.3.1.3)")]
    TooLong,
    #[error("not a source route (RFC 5321 4.1.2)")]
    SourceRoute,
    #[error("an address is needed here")]
    Empty,
    #[error(transparent)]
    Mailbox(#[from] MailboxError),
}

impl ReversePath {
    pub const NULL: Self = Self(None);

    pub const fn new(mailbox: Mailbox) -> Self {
        Self(Some(mailbox))
    }

    pub const fn is_null(&self) -> bool {
        self.0.is_none()
    }

    pub const fn mailbox(&self) -> Option<&Mailbox> {
        self.0.as_ref()
    }

    pub fn domain(&self) -> Option<&Domain> {
        self.0.as_ref().and_then(Mailbox::domain)
    }

    pub fn is_ascii(&self) -> bool {
        self.0.as_ref().is_none_or(Mailbox::is_ascii)
    }
}

impl FromStr for ReversePath {
    type Err = PathError;

    /// Takes the text between the brackets; empty is the null sender. A source route is dropped, as RFC 5321 §C asks.
    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Ok(Self::NULL);
        }
        let (_, mailbox) = divide(text)?;
        Ok(Self(Some(mailbox.parse()?)))
    }
}

impl fmt::Display for ReversePath {
    /// Without brackets; empty for the null sender.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |mailbox| mailbox.fmt(f))
    }
}

impl FromStr for ForwardPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.eq_ignore_ascii_case("postmaster") {
            return Ok(Self { recipient: Recipient::Postmaster, source_route: false });
        }
        let (source_route, mailbox) = divide(text)?;
        Ok(Self { recipient: Recipient::Mailbox(mailbox.parse()?), source_route })
    }
}

/// Splits `@a,@b:user@c`; the flag says whether a route stood there.
fn divide(text: &str) -> Result<(bool, &str), PathError> {
    if text.len() > 1_024 {
        return Err(PathError::TooLong);
    }
    if !text.starts_with('@') {
        return Ok((false, text));
    }
    let (route, mailbox) = text.split_once(':').ok_or(PathError::SourceRoute)?;
    let hops = route.split(',').all(|hop| hop.strip_prefix('@').is_some_and(|hop| hop.parse::<Domain>().is_ok()));
    if hops { Ok((true, mailbox)) } else { Err(PathError::SourceRoute) }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mailbox(mailbox) => mailbox.fmt(f),
            Self::Postmaster => f.write_str("postmaster"),
        }
    }
}
