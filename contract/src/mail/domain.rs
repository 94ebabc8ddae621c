//! A domain name as mail uses it: the A-label form, in lower case, without a trailing dot.

use std::{fmt, str::FromStr, sync::Arc};

/// A domain name (RFC 1035 §2.3.1 with RFC 1123 §2.1; U-labels by UTS #46). Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Domain(Arc<str>);

/// Why a text is not a domain name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    #[error("a domain name cannot be empty")]
    Empty,
    #[error("a domain name has at most 253 characters in its A-label form (RFC 1035 2.3.4)")]
    TooLong,
    #[error("a label has 1 to 63 letters, digits and inner hyphens (RFC 1035 2.3.1)")]
    Label,
    #[error("not a valid internationalized domain name (UTS 46)")]
    Idna,
    #[error("an IP address is not a domain name")]
    Address,
}

impl Domain {
    /// The A-label form: lower-case ASCII.
    pub fn as_ascii(&self) -> &str {
        &self.0
    }

    /// The form for people; the A-label form where it does not convert back.
    pub fn to_unicode(&self) -> String {
        let (unicode, result) = idna::domain_to_unicode(&self.0);
        if result.is_ok() { unicode } else { self.0.to_string() }
    }

    /// The name without its first label; none for a single label.
    pub fn parent(&self) -> Option<Self> {
        self.0.split_once('.').map(|(_, parent)| Self(Arc::from(parent)))
    }

    /// Is this `other`, or a name below it?
    pub fn is_within(&self, other: &Self) -> bool {
        let rest = self.0.strip_suffix(&*other.0);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    }
}

impl FromStr for Domain {
    type Err = DomainError;

    fn from_str(text: &str) -> Result<Self, DomainError> {
        // One trailing dot is the root, said aloud.
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.is_empty() {
            return Err(DomainError::Empty);
        }
        // Long before IDNA: nothing that long can come out right, and mapping costs time. A U-label is shorter than its
        // A-label, but each character may take four octets.
        if text.len() > 1_024 {
            return Err(DomainError::TooLong);
        }
        let ascii = if text.is_ascii()
            && !text.split('.').any(|label| label.len() > 3 && label.as_bytes()[2..].starts_with(b"--"))
        {
            text.to_ascii_lowercase()
        } else {
            idna::domain_to_ascii_strict(text).map_err(|_| DomainError::Idna)?
        };
        check(&ascii)?;
        Ok(Self(Arc::from(ascii)))
    }
}

fn check(ascii: &str) -> Result<(), DomainError> {
    if ascii.len() > 253 {
        return Err(DomainError::TooLong);
    }
    let mut last = "";
    for label in ascii.split('.') {
        let inner = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        if !(1..=63).contains(&label.len()) || !inner || label.starts_with('-') || label.ends_with('-') {
            return Err(DomainError::Label);
        }
        last = label;
    }
    // A top-level domain is never all digits (RFC 3696 §2); what looks so is an address.
    if last.bytes().all(|b| b.is_ascii_digit()) { Err(DomainError::Address) } else { Ok(()) }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
