//! A mailbox: local part and domain or address literal (RFC 5321 §4.1.2, RFC 6531 §3.3).

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use super::{Domain, DomainError};

/// The part before the @, without the quotes that a quoted string needs on the wire.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalPart(String);

/// What stands after the @.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    Domain(Domain),
    /// `[192.0.2.1]` or `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3). General address literals are not taken.
    Address(IpAddr),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mailbox {
    local: LocalPart,
    host: Host,
}

/// Why a text is not a mailbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    #[error("an address needs a local part and a domain with @ between them")]
    NoAt,
    #[error("a local part has 1 to 64 octets (RFC 5321 4.5.3.1.1)")]
    LocalLength,
    #[error("the local part has characters that need quotes, or may not be there at all (RFC 5321 4.1.2)")]
    LocalSyntax,
    #[error("an address has at most 254 octets (RFC 5321 4.5.3.1.3)")]
    TooLong,
    #[error("not an address literal such as [192.0.2.1] or [IPv6:2001:db8::1] (RFC 5321 4.1.3)")]
    Literal,
    #[error("the domain is not a domain name: {0}")]
    Domain(DomainError),
}

impl LocalPart {
    /// The characters meant, without quotes or backslashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `user` of `user+detail`; none without a detail or a user.
    pub fn without_detail(&self) -> Option<Self> {
        self.0.split_once('+').filter(|(user, _)| !user.is_empty()).map(|(user, _)| Self(user.to_owned()))
    }

    /// `user+detail` with the detail of another one; none where that other has none, or where it would be too long.
    pub fn with_detail_of(&self, other: &Self) -> Option<Self> {
        other.without_detail()?;
        let (_, detail) = other.0.split_once('+')?;
        let whole = Self(format!("{}+{detail}", self.0));
        (whole.to_string().len() <= 64).then_some(whole)
    }

    /// Characters by which some old hosts route further: `user%elsewhere`, `elsewhere!user`, `"user@elsewhere"`.
    pub fn has_routing_character(&self) -> bool {
        self.0.contains(['%', '!', '@'])
    }

    /// Reads a local part as it stands on the wire, quoted or not.
    fn parse(text: &str) -> Result<Self, MailboxError> {
        // The limit holds for the wire form and so for what it means.
        if text.is_empty() || text.len() > 64 {
            return Err(MailboxError::LocalLength);
        }
        let Some(quoted) = text.strip_prefix('"') else {
            let atoms = text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext));
            return if atoms { Ok(Self(text.to_owned())) } else { Err(MailboxError::LocalSyntax) };
        };
        let mut meant = String::with_capacity(quoted.len());
        let mut characters = quoted.chars();
        loop {
            match characters.next() {
                Some('"') if characters.as_str().is_empty() => break,
                Some('\\') => match characters.next() {
                    Some(c) if matches!(c, ' '..='~') => meant.push(c),
                    _ => return Err(MailboxError::LocalSyntax),
                },
                Some(c) if c != '"' && is_qtext(c) => meant.push(c),
                _ => return Err(MailboxError::LocalSyntax),
            }
        }
        if meant.is_empty() { Err(MailboxError::LocalLength) } else { Ok(Self(meant)) }
    }
}

impl FromStr for LocalPart {
    type Err = MailboxError;

    fn from_str(text: &str) -> Result<Self, MailboxError> {
        let local = Self::parse(text)?;
        // Written canonically it may need quotes; that form has to fit as well.
        if local.to_string().len() > 64 { Err(MailboxError::LocalLength) } else { Ok(local) }
    }
}

/// RFC 5322 §3.2.3, and UTF-8 by RFC 6531 §3.3.
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_utf8_text(c)
}

fn is_qtext(c: char) -> bool {
    matches!(c, ' ' | '!' | '#'..='[' | ']'..='~') || is_utf8_text(c)
}

/// Characters beyond ASCII, but for those that control (C1) or reorder what a person sees.
fn is_utf8_text(c: char) -> bool {
    !c.is_ascii()
        && !c.is_control()
        && !matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl fmt::Display for LocalPart {
    /// The wire form: quoted only where it must be.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext)) {
            return f.write_str(&self.0);
        }
        f.write_str("\"")?;
        for c in self.0.chars() {
            if matches!(c, '"' | '\\') {
                f.write_str("\\")?;
            }
            write!(f, "{c}")?;
        }
        f.write_str("\"")
    }
}

impl Mailbox {
    pub const fn new(local: LocalPart, host: Host) -> Self {
        Self { local, host }
    }

    pub const fn local(&self) -> &LocalPart {
        &self.local
    }

    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// None for an address literal.
    pub const fn domain(&self) -> Option<&Domain> {
        match &self.host {
            Host::Domain(domain) => Some(domain),
            Host::Address(_) => None,
        }
    }

    /// False: the address needs SMTPUTF8 (its domain never does: it is kept as A-labels).
    pub fn is_ascii(&self) -> bool {
        self.local.0.is_ascii()
    }
}

impl FromStr for Mailbox {
    type Err = MailboxError;

    fn from_str(text: &str) -> Result<Self, MailboxError> {
        // Domains have no @, local parts may have one in quotes: the last one divides.
        let (local, host) = text.rsplit_once('@').ok_or(MailboxError::NoAt)?;
        let mailbox = Self { local: local.parse()?, host: host.parse()? };
        if text.len() > 254 || mailbox.to_string().len() > 254 { Err(MailboxError::TooLong) } else { Ok(mailbox) }
    }
}

impl FromStr for Host {
    type Err = MailboxError;

    fn from_str(text: &str) -> Result<Self, MailboxError> {
        match text.strip_prefix('[') {
            None => text.parse().map(Self::Domain).map_err(MailboxError::Domain),
            Some(literal) => {
                let literal = literal.strip_suffix(']').ok_or(MailboxError::Literal)?;
                let tag = literal.get(..5).filter(|tag| tag.eq_ignore_ascii_case("IPv6:"));
                let address = match tag {
                    Some(_) => literal[5..].parse::<Ipv6Addr>().map(IpAddr::V6),
                    None => literal.parse::<Ipv4Addr>().map(IpAddr::V4),
                };
                address.map(Self::Address).map_err(|_| MailboxError::Literal)
            }
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Domain(domain) => domain.fmt(f),
            Self::Address(IpAddr::V4(address)) => write!(f, "[{address}]"),
            Self::Address(IpAddr::V6(address)) => write!(f, "[IPv6:{address}]"),
        }
    }
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.host)
    }
}
