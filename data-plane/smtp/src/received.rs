//! Our Received field (RFC 5321 §4.4). It carries the installation's id, by which a loop is known, and nothing in it can
//! end the field or its line: what the sender claimed is a comment of harmless characters.

use std::{fmt::Write, net::IpAddr};

use contract::{
    Micros,
    mail::{Domain, Mailbox},
};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// What TLS agreed on, as the rustls names them: `TLSv1.3`, `TLS13_AES_256_GCM_SHA384`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFacts {
    pub version: String,
    pub cipher: String,
}

/// The keyword behind `with` (RFC 3848, RFC 6531 §4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    Smtp,
    Esmtp,
    EsmtpTls,
    Utf8Smtp,
    Utf8SmtpTls,
}

impl Protocol {
    pub const fn new(extended: bool, tls: bool, smtputf8: bool) -> Self {
        match (extended, tls, smtputf8) {
            (true, true, true) => Self::Utf8SmtpTls,
            (true, false, true) => Self::Utf8Smtp,
            (true, true, false) => Self::EsmtpTls,
            (true, false, false) => Self::Esmtp,
            // No keyword is registered for HELO under TLS; the TLS clause says it.
            (false, ..) => Self::Smtp,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Esmtp => "ESMTP",
            Self::EsmtpTls => "ESMTPS",
            Self::Utf8Smtp => "UTF8SMTP",
            Self::Utf8SmtpTls => "UTF8SMTPS",
        }
    }
}

/// What the field says.
#[derive(Debug, Clone, Copy)]
pub struct Received<'a> {
    /// As the sender said it behind EHLO or HELO.
    pub helo: &'a str,
    pub client: IpAddr,
    pub by: &'a Domain,
    /// The installation's id.
    pub installation: &'a str,
    pub protocol: Protocol,
    pub tls: Option<&'a TlsFacts>,
    /// The message id.
    pub id: &'a str,
    /// Named only when it is the only one, else it would tell one recipient of another (RFC 5321 §7.2).
    pub sole_recipient: Option<&'a Mailbox>,
    pub at: Micros,
}

impl Received<'_> {
    /// The field with its CRLF; every line is within 998 octets, and within 78 where the words allow.
    pub fn to_field(&self) -> String {
        let mut field = String::with_capacity(400);
        let address = literal(self.client);
        field.push_str("Received: from ");
        // Writing to a String does not fail.
        let _ = match name_of(self.helo) {
            Some(name) => write!(field, "{name} ({address})"),
            None => write!(field, "{address} (HELO {})", harmless(self.helo)),
        };
        let _ = write!(
            field,
            "\r\n\tby {} (Postern {})\r\n\twith {}",
            self.by,
            harmless(self.installation),
            self.protocol.name()
        );
        if let Some(tls) = self.tls {
            let _ = write!(field, " ({})", harmless(&tls.version));
        }
        let _ = write!(field, " id {}", harmless(self.id));
        if let Some(recipient) = self.sole_recipient.filter(|recipient| self.may_name(recipient)) {
            let _ = write!(field, "\r\n\tfor <{recipient}>");
        }
        if let Some(tls) = self.tls {
            // RFC 8314 §4.3; the registry writes TLS_ where rustls writes TLS13_.
            let cipher = harmless(&tls.cipher).replacen("TLS13_", "TLS_", 1);
            let _ = write!(field, "\r\n\ttls {cipher}");
        }
        let _ = write!(field, ";\r\n\t{}\r\n", date(self.at));
        field
    }

    /// UTF-8 may stand in a header only where SMTPUTF8 was asked for.
    fn may_name(&self, recipient: &Mailbox) -> bool {
        recipient.is_ascii() || matches!(self.protocol, Protocol::Utf8Smtp | Protocol::Utf8SmtpTls)
    }
}

/// The claimed name where it is a domain name or an address literal, so that it may stand outside of a comment.
fn name_of(helo: &str) -> Option<String> {
    match helo.parse::<contract::mail::Host>().ok()? {
        contract::mail::Host::Domain(domain) => Some(domain.to_string()),
        host @ contract::mail::Host::Address(_) => Some(host.to_string()),
    }
}

fn literal(address: IpAddr) -> String {
    contract::mail::Host::Address(address.to_canonical()).to_string()
}

/// Letters, digits and a few marks; no parentheses, quotes, backslashes or spaces.
fn harmless(text: &str) -> String {
    let sound = |c: char| c.is_ascii_alphanumeric() || "-._:[]@+/=".contains(c);
    text.chars().take(64).map(|c| if sound(c) { c } else { '?' }).collect()
}

fn date(at: Micros) -> String {
    OffsetDateTime::from_unix_timestamp(at.as_secs())
        .ok()
        .and_then(|at| at.format(&Rfc2822).ok())
        .unwrap_or_else(|| "Thu, 01 Jan 1970 00:00:00 +0000".to_owned())
}
