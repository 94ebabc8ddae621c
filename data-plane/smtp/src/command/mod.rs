//! Command lines, strictly (RFC 5321 §4.1). A line becomes a verb, then a command with arguments that cannot be nonsense.

mod arguments;
mod parameters;

use contract::mail::{ForwardPath, ReversePath};

use crate::said::Said;

/// The first word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verb {
    Ehlo,
    Helo,
    Mail,
    Rcpt,
    Data,
    Rset,
    Noop,
    Quit,
    Vrfy,
    Help,
    StartTls,
    Bdat,
    /// Commands that exist and are not offered.
    NotOffered,
    /// The first line of an HTTP request, or of a balancer's PROXY header that nobody here has agreed to.
    Foreign,
    Unknown,
}

impl Verb {
    /// RFC 2920 §3.1: all but MAIL, RCPT, RSET and BDAT (RFC 3030 §2) must be the last command of a group. What we do not
    /// know is taken so as well: its text may be the content of something else.
    pub(crate) const fn ends_group(self) -> bool {
        !matches!(self, Self::Mail | Self::Rcpt | Self::Rset | Self::Bdat)
    }
}

/// What stood behind EHLO or HELO: printable ASCII without spaces, at most 255 octets. A claim, nothing more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelloName(String);

impl HelloName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 6152.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Body {
    #[default]
    SevenBit,
    EightBitMime,
}

/// The sender and the parameters of MAIL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    pub path: ReversePath,
    /// Octets, as declared (RFC 1870 §6).
    pub size_bytes: Option<u64>,
    pub body: Body,
    /// The sender said that addresses or header may be UTF-8 (RFC 6531 §3.4).
    pub smtputf8: bool,
}

/// What BDAT announces (RFC 3030 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChunkSize {
    pub(crate) octets: u64,
    pub(crate) last: bool,
}

/// A command whose arguments were read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Ehlo(HelloName),
    Helo(HelloName),
    Mail { sender: Sender, parameters: bool },
    Rcpt { path: ForwardPath, ascii: bool },
    Data,
    Bdat(ChunkSize),
    Rset,
    Noop,
    Quit,
    Vrfy,
    Help,
    StartTls,
}

/// A line cut into its verb and what follows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'a> {
    pub(crate) verb: Verb,
    /// None: octets that no command may have.
    rest: Option<&'a str>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(line: &'a [u8]) -> Self {
        let word = line.split(|&b| b == b' ').next().unwrap_or_default();
        let rest = line.get(word.len()..).and_then(|rest| std::str::from_utf8(rest).ok());
        let rest = rest.filter(|rest| !rest.chars().any(char::is_control));
        Self { verb: verb(word), rest }
    }

    /// Reads the arguments; the error is the answer.
    pub(crate) fn parse(self) -> Result<Command, Said> {
        match self.verb {
            Verb::NotOffered => return Err(Said::NotImplemented),
            Verb::Foreign => return Err(Said::ForeignProtocol),
            Verb::Unknown => return Err(Said::Unrecognised),
            _ => {}
        }
        // RFC 5321 §4.1.1: white space at the end is tolerated.
        let rest = self.rest.ok_or(Said::BadOctet)?.trim_end_matches(' ');
        let alone = |command| if rest.is_empty() { Ok(command) } else { Err(Said::BadArguments) };
        match self.verb {
            Verb::Ehlo => arguments::hello(rest).map(Command::Ehlo),
            Verb::Helo => arguments::hello(rest).map(Command::Helo),
            Verb::Mail => arguments::mail(rest),
            Verb::Rcpt => arguments::rcpt(rest),
            Verb::Data => alone(Command::Data),
            Verb::Bdat => arguments::bdat(rest).map(Command::Bdat),
            Verb::Rset => alone(Command::Rset),
            Verb::Quit => alone(Command::Quit),
            Verb::StartTls => alone(Command::StartTls),
            // RFC 5321 §4.1.1.9: NOOP may have a string, which is ignored.
            Verb::Noop => Ok(Command::Noop),
            Verb::Help => Ok(Command::Help),
            Verb::Vrfy if rest.trim().is_empty() => Err(Said::BadArguments),
            Verb::Vrfy => Ok(Command::Vrfy),
            Verb::NotOffered | Verb::Foreign | Verb::Unknown => Err(Said::Unrecognised),
        }
    }
}

fn verb(word: &[u8]) -> Verb {
    const VERBS: &[(&str, Verb)] = &[
        ("EHLO", Verb::Ehlo),
        ("HELO", Verb::Helo),
        ("MAIL", Verb::Mail),
        ("RCPT", Verb::Rcpt),
        ("DATA", Verb::Data),
        ("RSET", Verb::Rset),
        ("NOOP", Verb::Noop),
        ("QUIT", Verb::Quit),
        ("VRFY", Verb::Vrfy),
        ("HELP", Verb::Help),
        ("STARTTLS", Verb::StartTls),
        ("BDAT", Verb::Bdat),
        ("EXPN", Verb::NotOffered),
        ("AUTH", Verb::NotOffered),
        ("ETRN", Verb::NotOffered),
        ("TURN", Verb::NotOffered),
        ("ATRN", Verb::NotOffered),
        ("BURL", Verb::NotOffered),
        ("SEND", Verb::NotOffered),
        ("SOML", Verb::NotOffered),
        ("SAML", Verb::NotOffered),
        ("XCLIENT", Verb::NotOffered),
        ("XFORWARD", Verb::NotOffered),
        ("GET", Verb::Foreign),
        ("HEAD", Verb::Foreign),
        ("POST", Verb::Foreign),
        ("PUT", Verb::Foreign),
        ("DELETE", Verb::Foreign),
        ("CONNECT", Verb::Foreign),
        ("OPTIONS", Verb::Foreign),
        ("PATCH", Verb::Foreign),
        ("TRACE", Verb::Foreign),
        ("PROXY", Verb::Foreign),
    ];
    VERBS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map_or(Verb::Unknown, |(_, verb)| *verb)
}
