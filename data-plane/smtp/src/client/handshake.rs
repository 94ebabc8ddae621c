//! From a fresh connection to `Idle`: greeting, EHLO, STARTTLS by the route's level, EHLO again.

use contract::mail::Domain;

use super::{Capabilities, Failure, HopReply, Idle, Stage, Wire};

/// What the level asks for in this connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// STARTTLS is not tried.
    Never,
    /// Tried where it is offered; a refusal of the command means going on in the clear.
    IfOffered,
    /// Without it there is no transaction.
    Required,
}

#[derive(Debug)]
pub struct Handshake {
    wire: Wire,
    helo: Domain,
    tls: Tls,
    tls_is_up: bool,
    starttls_refused: Option<HopReply>,
    awaited: Awaited,
}

#[derive(Debug, Clone, Copy)]
enum Awaited {
    Banner,
    Ehlo,
    Helo,
    StartTls,
}

#[derive(Debug)]
#[must_use]
pub enum HandshakeStep {
    /// Send the output, read, advance again.
    Wait(Handshake),
    /// Do the TLS handshake, then `TlsUpgrade::done`. If it fails the connection is of no use.
    StartTls(TlsUpgrade),
    Ready(Idle),
    Failed(Failure),
}

/// 220 to STARTTLS was read.
#[derive(Debug)]
pub struct TlsUpgrade {
    helo: Domain,
    tls: Tls,
}

impl Handshake {
    /// A connection was just made.
    pub fn new(helo: Domain, tls: Tls) -> Self {
        let wire = Wire::default();
        Self { wire, helo, tls, tls_is_up: false, starttls_refused: None, awaited: Awaited::Banner }
    }

    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    pub fn advance(self) -> HandshakeStep {
        self.step().unwrap_or_else(HandshakeStep::Failed)
    }

    fn step(mut self) -> Result<HandshakeStep, Failure> {
        loop {
            let stage = match self.awaited {
                Awaited::Banner => Stage::Banner,
                Awaited::Ehlo | Awaited::Helo => Stage::Ehlo,
                Awaited::StartTls => Stage::StartTls,
            };
            let Some(reply) = self.wire.hear(stage)? else {
                return Ok(HandshakeStep::Wait(self));
            };
            // One command at a time here: whatever else waits was not asked for.
            self.wire.quiet()?;
            match (self.awaited, reply.is_positive()) {
                (Awaited::Banner, true) => self.ehlo(),
                (Awaited::Ehlo, true) => {
                    self.wire.capabilities = Capabilities::read(&reply);
                    match (self.tls_is_up, self.tls, self.wire.capabilities.starttls) {
                        (true, ..) | (false, Tls::Never, _) | (false, Tls::IfOffered, false) => return Ok(self.ready()),
                        (false, Tls::Required, false) => return Err(Failure::NoStartTls),
                        (false, Tls::IfOffered | Tls::Required, true) => {
                            self.wire.say("STARTTLS");
                            self.awaited = Awaited::StartTls;
                        }
                    }
                }
                (Awaited::Helo, true) => return Ok(self.ready()),
                (Awaited::StartTls, true) => {
                    return Ok(HandshakeStep::StartTls(TlsUpgrade { helo: self.helo, tls: self.tls }));
                }
                // RFC 5321 §3.2: a server that does not know EHLO may know HELO, and then offers nothing.
                (Awaited::Ehlo, false)
                    if matches!(reply.code(), 500 | 502) && !self.tls_is_up && self.tls != Tls::Required =>
                {
                    self.wire.say(&format!("HELO {}", self.helo));
                    self.awaited = Awaited::Helo;
                }
                (Awaited::StartTls, false) if self.tls == Tls::IfOffered && reply.class() >= 4 => {
                    self.starttls_refused = Some(reply);
                    return Ok(self.ready());
                }
                (_, false) => return Err(Failure::Refused { stage, reply }),
            }
        }
    }

    fn ehlo(&mut self) {
        self.wire.say(&format!("EHLO {}", self.helo));
        self.awaited = Awaited::Ehlo;
    }

    fn ready(self) -> HandshakeStep {
        HandshakeStep::Ready(Idle::new(self.wire, self.starttls_refused))
    }
}

impl TlsUpgrade {
    /// TLS is up: nothing that was said in the clear is believed (RFC 3207 §4.2). The new `Handshake` has EHLO to send.
    pub fn done(self) -> Handshake {
        let mut handshake = Handshake { tls_is_up: true, ..Handshake::new(self.helo, self.tls) };
        handshake.ehlo();
        handshake
    }
}
