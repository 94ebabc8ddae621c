//! What came of a delivery, and what the sender and the trace are told of it.

use std::time::Duration;

use contract::{
    Id,
    events::Hop,
    ids,
    mail::Reply,
    policy::{Disposition, Reason, Rule},
};
use smtp::{
    Said,
    client::{Heard, HopReply, Lacking, Stage, hear},
};

use super::{Unusable, connection::Facts, hops::Target};

#[derive(Debug)]
pub(crate) struct Outcome {
    pub disposition: Disposition,
    pub rule: Rule,
    pub reason: Reason,
    pub reply: Reply,
    pub hop: Option<Hop>,
    pub progress: Progress,
}

/// Where the time went.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Progress {
    /// Until a connection stood.
    pub connect: Duration,
    /// On it.
    pub hop: Duration,
}

impl Outcome {
    pub(crate) fn new(disposition: Disposition, rule: Rule, reason: Reason, reply: Reply) -> Self {
        Self { disposition, rule, reason, reply, hop: None, progress: Progress::default() }
    }

    fn at(self, hop: Option<Hop>) -> Self {
        Self { hop, ..self }
    }

    /// An answer of the hop.
    pub(super) fn answered(stage: Stage, reply: &HopReply, hop: Hop) -> Self {
        let (disposition, reason, reply) = match hear(stage, reply) {
            Heard::Accepted(reply) => (Disposition::Accepted, Reason::None, reply),
            Heard::PassedOn(reply) if reply.class() == 5 => (Disposition::Refused, Reason::HopRefused, reply),
            Heard::PassedOn(reply) => (Disposition::Deferred, Reason::HopDeferred, reply),
            Heard::HopFailed(reply) => (Disposition::Deferred, Reason::HopProtocol, reply),
        };
        let rule = if disposition == Disposition::Accepted { Rule::Default } else { Rule::NextHop };
        Self::new(disposition, rule, reason, reply).at(Some(hop))
    }

    /// No hop could be used, and no content was sent to its end.
    pub(super) fn failed(error: &Unusable, hop: Option<Hop>) -> Self {
        let hop = hop.map(|hop| Hop { reply: hop.reply.or_else(|| Some(format!("({error})"))), ..hop });
        Self::new(Disposition::Deferred, Rule::NextHop, error.reason(), error.said().reply()).at(hop)
    }

    pub(super) fn lacking(lacking: Lacking, hop: Hop) -> Self {
        let reason = match lacking {
            Lacking::EightBitMime | Lacking::Binary => Reason::HopLacksEightBitMime,
            Lacking::SmtpUtf8 => Reason::HopLacksSmtpUtf8,
            Lacking::Size => Reason::HopSize,
        };
        Self::new(Disposition::Refused, Rule::NextHopExtensions, reason, lacking.reply()).at(Some(hop))
    }

    /// The hop refuses somebody it had accepted. The sender starts over, nobody is lost.
    pub(super) fn changed_its_mind(hop: Hop) -> Self {
        let reply = Said::RecipientsChanged.reply();
        Self::new(Disposition::Deferred, Rule::NextHop, Reason::HopDeferred, reply).at(Some(hop))
    }

    /// The dot was sent, or a part of it, and what became of it is not known.
    pub(super) fn unknown(hop: Hop) -> Self {
        let reply = Said::OutcomeUnknown.reply();
        Self::new(Disposition::Unknown, Rule::NextHop, Reason::OutcomeUnknown, reply).at(Some(hop))
    }

    /// The sender went before the dot, so there is none.
    pub(super) fn left(hop: Hop) -> Self {
        let reply = Said::HopFailed.reply();
        Self::new(Disposition::Aborted, Rule::Protocol, Reason::ClientLeft, reply).at(Some(hop))
    }
}

/// A hop that there was a connection to, for the trace.
pub(super) fn hop_of(
    target: &Target,
    route: Option<Id<ids::Route>>,
    facts: &Facts,
    reused: bool,
    reply: Option<&HopReply>,
) -> Hop {
    Hop {
        address: Some(facts.address.ip().to_string()),
        tls: facts.tls.clone(),
        tls_failure: facts.tls_failure.clone(),
        reused_connection: reused,
        reply: reply.map(ToString::to_string),
        ..unreached(target, route)
    }
}

/// A hop that there was none to.
pub(super) fn unreached(target: &Target, route: Option<Id<ids::Route>>) -> Hop {
    Hop {
        route,
        host: target.host.to_string(),
        port: target.port,
        address: None,
        tls: None,
        tls_failure: None,
        reused_connection: false,
        reply: None,
    }
}
