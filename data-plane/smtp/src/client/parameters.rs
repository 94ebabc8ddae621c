//! MAIL's parameters, computed from the message and not copied from the sender; or why this hop cannot have it.

use std::fmt;

use contract::mail::{Mailbox, Reply, ReversePath};

use super::Capabilities;
use crate::{command::Sender, data::Facts, said::Said};

/// What a message asks of a hop.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Octets above 127 in the content.
    pub eight_bit: bool,
    /// UTF-8 in an address, or in the header of a message that came with SMTPUTF8.
    pub smtputf8: bool,
    /// NUL octets.
    pub binary: bool,
    /// Octets of content as it will be sent, our own fields included.
    pub size_bytes: u64,
}

/// Parameters to send.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MailParameters {
    pub size_bytes: Option<u64>,
    pub eight_bit_mime: bool,
    pub smtputf8: bool,
}

/// What the hop lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacking {
    EightBitMime,
    SmtpUtf8,
    Binary,
    Size,
}

impl Needs {
    /// What is known before the content is: of the addresses only.
    pub fn of_envelope<'a>(sender: &ReversePath, mut recipients: impl Iterator<Item = &'a Mailbox>) -> Self {
        let ascii = sender.is_ascii() && recipients.all(Mailbox::is_ascii);
        Self { smtputf8: !ascii, ..Self::default() }
    }

    /// With the content. `added_octets` are those of our own fields. Raw 8-bit in the header of a message that did not
    /// come with SMTPUTF8 is only 8-bit: nobody promised that it is UTF-8.
    #[must_use]
    pub fn with_content(self, sender: &Sender, facts: &Facts, added_octets: u64) -> Self {
        Self {
            eight_bit: facts.eight_bit,
            smtputf8: self.smtputf8 || (sender.smtputf8 && facts.header_eight_bit),
            binary: facts.nul,
            // The CRLF that a last line may lack after BDAT is added too.
            size_bytes: facts.size_bytes.saturating_add(added_octets).saturating_add(if facts.unfinished_line {
                2
            } else {
                0
            }),
        }
    }

    /// The parameters for a hop; an unneeded one is left out, nothing is converted.
    pub fn parameters(&self, hop: &Capabilities) -> Result<MailParameters, Lacking> {
        if self.binary {
            return Err(Lacking::Binary);
        }
        if self.smtputf8 && !hop.smtputf8 {
            return Err(Lacking::SmtpUtf8);
        }
        if self.eight_bit && !hop.eight_bit_mime {
            return Err(Lacking::EightBitMime);
        }
        if hop.max_size_bytes().is_some_and(|max| self.size_bytes > max) {
            return Err(Lacking::Size);
        }
        Ok(MailParameters {
            size_bytes: hop.size.is_some().then_some(self.size_bytes).filter(|size| *size > 0),
            eight_bit_mime: self.eight_bit,
            smtputf8: self.smtputf8,
        })
    }
}

impl MailParameters {
    /// For a transaction that begins before the content is there: all that it may turn out to need and the hop offers.
    pub fn before_content(envelope: Needs, sender: &Sender, hop: &Capabilities) -> Result<Self, Lacking> {
        let declared = sender.size_bytes.unwrap_or(0);
        let needs = Needs { size_bytes: declared, ..envelope };
        let parameters = needs.parameters(hop)?;
        Ok(Self {
            eight_bit_mime: hop.eight_bit_mime,
            smtputf8: parameters.smtputf8 || (sender.smtputf8 && hop.smtputf8),
            ..parameters
        })
    }

    /// Does what was said at MAIL do for the content that came?
    pub fn covers(&self, needs: &Needs, hop: &Capabilities) -> Result<(), Lacking> {
        needs.parameters(hop)?;
        if needs.smtputf8 && !self.smtputf8 {
            return Err(Lacking::SmtpUtf8);
        }
        if needs.eight_bit && !self.eight_bit_mime {
            return Err(Lacking::EightBitMime);
        }
        Ok(())
    }
}

impl Lacking {
    pub const fn said(self) -> Said {
        match self {
            Self::EightBitMime => Said::HopLacksEightBit,
            Self::SmtpUtf8 => Said::HopLacksSmtpUtf8,
            Self::Binary => Said::HopLacksBinary,
            Self::Size => Said::HopSize,
        }
    }

    pub fn reply(self) -> Reply {
        self.said().reply()
    }
}

impl fmt::Display for MailParameters {
    /// As they stand behind the path, each with a space before it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(size) = self.size_bytes {
            write!(f, " SIZE={size}")?;
        }
        if self.eight_bit_mime {
            f.write_str(" BODY=8BITMIME")?;
        }
        if self.smtputf8 {
            f.write_str(" SMTPUTF8")?;
        }
        Ok(())
    }
}
