//! The decision at RCPT: may this sender, from this client, write to this recipient?

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::{
    Disposition, Known, Reason, Rule, Suspension, Verdict,
    lists::{By, Hit, ListKind},
    settings::{Effective, InboundTls, TlsVersion},
};
use crate::{
    Micros,
    mail::{EnhancedCode, Reply, ReversePath},
    snapshot::object::DomainState,
};

/// What is known of one recipient when RCPT is said. Gathered by the worker, never fetched here.
#[derive(Debug, Clone)]
pub struct RecipientFacts<'a> {
    pub client: IpAddr,
    pub sender: &'a ReversePath,
    /// What the session has agreed on; none: it is in the clear.
    pub tls: Option<TlsVersion>,
    /// Does the sender's domain say that it takes no mail (RFC 7505)? `Yes(false)` for the null sender.
    pub sender_null_mx: Known<bool>,
    /// `RCPT TO:<@a,@b:user@c>`, or a local part with %, ! or @.
    pub routing: Option<Routing>,
    pub domain: DomainFacts,
    /// The deciding entry of each scope, most specific first; scopes without one are left out.
    pub list_hits: Vec<Hit>,
    pub now: Micros,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routing {
    SourceRoute,
    Character,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DomainFacts {
    /// Not in the snapshot.
    NotServed,
    /// `<postmaster>` without a domain: this installation's own, whom everybody may write to (RFC 5321 §4.5.1).
    Own,
    /// In the snapshot, but its objects could not be read and there is no older good chain.
    Unavailable,
    Served {
        state: DomainState,
        /// Of the tenant, or of one above it.
        suspension: Option<Suspension>,
        has_route: bool,
        recipient: RecipientKnown,
    },
}

/// What the domain's recipient rule says of the local part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecipientKnown {
    /// Listed exactly as written.
    Listed,
    /// `user+detail` where `user` is listed, or a domain that takes any local part.
    Accepted,
    Unknown,
    /// In no list: it is as the next hop says.
    CallOut(CallOut),
}

/// What came of asking the next hop about a recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallOut {
    Accepted,
    Refused,
    /// It takes any local part.
    CatchAll,
    /// It was not asked, or gave no answer about the recipient.
    Unasked(Unasked),
    /// It was not asked, since this client has had it asked about too many that are not there.
    OverBudget,
}

/// What holds of a recipient when the next hop cannot be asked: a setting of the domain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unasked {
    /// It is taken; the next hop says its word when the message is brought.
    Accept,
    /// 451: the sender tries again.
    Defer,
}

/// First matching rule wins. Total: every policy and every set of facts has a verdict.
pub fn judge(settings: &Effective, facts: &RecipientFacts<'_>) -> Verdict {
    domain(facts)
        .or_else(|| tls(settings, facts))
        .or_else(|| lists(facts))
        .or_else(|| null_mx(settings, facts))
        .unwrap_or_else(|| accepted(facts))
}

/// Who is blocked is not told whether the recipient exists: lists come before it, the domain's state before them.
fn domain(facts: &RecipientFacts<'_>) -> Option<Verdict> {
    let (state, suspension, has_route) = match facts.domain {
        DomainFacts::NotServed => return Some(not_served()),
        DomainFacts::Own => return None,
        DomainFacts::Unavailable => {
            let text = "this domain's configuration cannot be read now, try again later";
            return Some(deferred(Rule::Snapshot, Reason::DomainUnavailable, (4, 3, 5), text));
        }
        DomainFacts::Served { state, suspension, has_route, .. } => (state, suspension, has_route),
    };
    match state {
        DomainState::Pending { defer_until } if facts.now >= defer_until => return Some(not_served()),
        DomainState::Pending { .. } => {
            let text = "this domain is not ready to take mail yet, try again later";
            return Some(deferred(Rule::DomainState, Reason::DomainPending, (4, 3, 0), text));
        }
        DomainState::Active => {}
    }
    if let Some(suspension) = suspension {
        return Some(suspension.verdict(facts.now));
    }
    (!has_route).then(|| {
        deferred(Rule::DomainState, Reason::NoRoute, (4, 3, 5), "this domain has no route yet, try again later")
    })
}

/// Nothing is said about a recipient, and nobody is asked about it, in a session that the domain does not trust.
fn tls(settings: &Effective, facts: &RecipientFacts<'_>) -> Option<Verdict> {
    // RFC 5321 §4.5.1: this host's own postmaster can be written to by everybody.
    if settings.inbound_tls == InboundTls::Optional || facts.domain == DomainFacts::Own {
        return None;
    }
    match facts.tls {
        // RFC 3207 §4 has 530 for it. At MAIL it would come too early: which domain is meant is known only here.
        None => {
            let text = "this domain takes no mail in the clear, issue STARTTLS first";
            Some(refused(Rule::Tls, Reason::TlsRequired, 530, (5, 7, 0), text))
        }
        Some(version) if version < settings.inbound_tls_min_version => {
            let text = "this domain takes no mail under so old a version of TLS";
            Some(refused(Rule::Tls, Reason::TlsTooOld, 550, (5, 7, 0), text))
        }
        Some(_) => None,
    }
}

fn lists(facts: &RecipientFacts<'_>) -> Option<Verdict> {
    let hit = facts.list_hits.first()?;
    match hit.kind {
        ListKind::Allow => None,
        ListKind::Block => {
            let (reason, text) = match hit.by {
                By::Sender => (Reason::SenderBlocked, "mail from this sender is not accepted here"),
                By::Client => (Reason::ClientBlocked, "mail from your address is not accepted here"),
            };
            Some(Verdict { entry: Some(hit.entry), ..refused(Rule::List, reason, 550, (5, 7, 1), text) })
        }
    }
}

fn null_mx(settings: &Effective, facts: &RecipientFacts<'_>) -> Option<Verdict> {
    let allowed = facts.list_hits.first().is_some_and(|hit| hit.kind == ListKind::Allow);
    // Not known is not yes (RFC 7505 §4.2 speaks of a record that was seen).
    let applies = settings.reject_null_mx_sender && facts.sender_null_mx == Known::Yes(true) && !allowed;
    applies.then(|| {
        let text = "the sender's domain accepts no mail (RFC 7505)";
        refused(Rule::NullMx, Reason::SenderTakesNoMail, 550, (5, 7, 27), text)
    })
}

fn accepted(facts: &RecipientFacts<'_>) -> Verdict {
    let recipient = match facts.domain {
        DomainFacts::Served { recipient, .. } => recipient,
        DomainFacts::Own => RecipientKnown::Listed,
        DomainFacts::NotServed | DomainFacts::Unavailable => return not_served(),
    };
    let listed = recipient == RecipientKnown::Listed;
    match facts.routing {
        Some(Routing::SourceRoute) if !listed => {
            let text = "source routes are not accepted here";
            return refused(Rule::RoutingCharacters, Reason::SourceRoute, 550, (5, 7, 1), text);
        }
        Some(Routing::Character) if !listed => {
            let text = "routing characters in the local part are not accepted here";
            return refused(Rule::RoutingCharacters, Reason::RoutingCharacter, 550, (5, 7, 1), text);
        }
        _ => {}
    }
    let by_recipient = match recipient {
        RecipientKnown::Listed | RecipientKnown::Accepted => None,
        RecipientKnown::Unknown => return no_such_recipient(Reason::UnknownRecipient),
        RecipientKnown::CallOut(CallOut::Refused) => return no_such_recipient(Reason::CallOutRefused),
        RecipientKnown::CallOut(CallOut::OverBudget) => {
            let text = "too many unknown recipients from your network, try again later";
            return deferred(Rule::Recipients, Reason::CallOutBudget, (4, 7, 0), text);
        }
        RecipientKnown::CallOut(CallOut::Unasked(Unasked::Defer)) => {
            let text = "the recipient cannot be verified now, try again later";
            return deferred(Rule::Recipients, Reason::CallOutUnasked, (4, 4, 3), text);
        }
        RecipientKnown::CallOut(CallOut::Unasked(Unasked::Accept)) => Some(Reason::CallOutUnasked),
        RecipientKnown::CallOut(CallOut::CatchAll) => Some(Reason::CallOutCatchAll),
        RecipientKnown::CallOut(CallOut::Accepted) => Some(Reason::CallOutAccepted),
    };
    let (rule, reason, entry) = match facts.list_hits.first() {
        Some(hit) => {
            let reason = match hit.by {
                By::Sender => Reason::SenderAllowed,
                By::Client => Reason::ClientAllowed,
            };
            (Rule::List, reason, Some(hit.entry))
        }
        None => by_recipient.map_or((Rule::Default, Reason::None, None), |reason| (Rule::Recipients, reason, None)),
    };
    Verdict {
        disposition: Disposition::Accepted,
        rule,
        reason,
        entry,
        reply: Reply::new(250, EnhancedCode::new(2, 1, 5), "recipient ok"),
    }
}

fn no_such_recipient(reason: Reason) -> Verdict {
    refused(Rule::Recipients, reason, 550, (5, 1, 1), "no such recipient here")
}

fn not_served() -> Verdict {
    refused(Rule::Relay, Reason::NotServed, 550, (5, 7, 1), "this domain is not served here, relaying denied")
}

fn refused(rule: Rule, reason: Reason, code: u16, enhanced: (u8, u16, u16), text: &str) -> Verdict {
    verdict(Disposition::Refused, rule, reason, code, enhanced, text)
}

fn deferred(rule: Rule, reason: Reason, enhanced: (u8, u16, u16), text: &str) -> Verdict {
    verdict(Disposition::Deferred, rule, reason, 451, enhanced, text)
}

fn verdict(
    disposition: Disposition,
    rule: Rule,
    reason: Reason,
    code: u16,
    (class, subject, detail): (u8, u16, u16),
    text: &str,
) -> Verdict {
    Verdict {
        disposition,
        rule,
        reason,
        entry: None,
        reply: Reply::new(code, EnhancedCode::new(class, subject, detail), text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(recipient: RecipientKnown, list_hits: Vec<Hit>, routing: Option<Routing>) -> Verdict {
        let facts = RecipientFacts {
            client: "192.0.2.1".parse().unwrap(),
            sender: &ReversePath::NULL,
            tls: None,
            sender_null_mx: Known::Yes(false),
            routing,
            domain: DomainFacts::Served { state: DomainState::Active, suspension: None, has_route: true, recipient },
            list_hits,
            now: Micros::EPOCH,
        };
        judge(&Effective::default(), &facts)
    }

    #[test]
    fn what_the_next_hop_says_decides_by_table() {
        let table = [
            (CallOut::Accepted, 250, Reason::CallOutAccepted),
            (CallOut::Refused, 550, Reason::CallOutRefused),
            (CallOut::CatchAll, 250, Reason::CallOutCatchAll),
            (CallOut::Unasked(Unasked::Accept), 250, Reason::CallOutUnasked),
            (CallOut::Unasked(Unasked::Defer), 451, Reason::CallOutUnasked),
            (CallOut::OverBudget, 451, Reason::CallOutBudget),
        ];
        for (call_out, code, reason) in table {
            let known = RecipientKnown::CallOut(call_out);
            let verdict = judged(known, vec![], None);
            assert_eq!((verdict.reply.code(), verdict.rule, verdict.reason), (code, Rule::Recipients, reason));
            // Whatever it says, a stranger's source route is refused, and a block list comes first.
            assert_eq!(judged(known, vec![], Some(Routing::SourceRoute)).reason, Reason::SourceRoute);
            let entry = crate::Id::new(Micros::EPOCH, [1; 10]);
            let hit = |kind| vec![Hit { kind, by: By::Sender, entry }];
            assert_eq!(judged(known, hit(ListKind::Block), None).reason, Reason::SenderBlocked);
            // An allow entry names itself where the recipient is taken, and takes nobody who is not there.
            let allowed = judged(known, hit(ListKind::Allow), None);
            assert_eq!((allowed.reply.code(), allowed.entry.is_some()), (code, code == 250));
        }
    }

    #[test]
    fn a_demand_for_tls_is_judged_before_anything_about_the_sender_or_the_recipient() {
        let demand = |inbound_tls_min_version| Effective {
            inbound_tls: InboundTls::Required,
            inbound_tls_min_version,
            ..Effective::default()
        };
        let entry = crate::Id::new(Micros::EPOCH, [1; 10]);
        let facts = |tls, domain| RecipientFacts {
            client: "192.0.2.1".parse().unwrap(),
            sender: &ReversePath::NULL,
            tls,
            sender_null_mx: Known::Yes(true),
            routing: None,
            domain,
            list_hits: vec![Hit { kind: ListKind::Block, by: By::Client, entry }],
            now: Micros::EPOCH,
        };
        let served = DomainFacts::Served {
            state: DomainState::Active,
            suspension: None,
            has_route: true,
            recipient: RecipientKnown::Unknown,
        };
        let table = [
            (TlsVersion::Tls12, None, served, Reason::TlsRequired),
            (TlsVersion::Tls12, Some(TlsVersion::Tls12), served, Reason::ClientBlocked),
            (TlsVersion::Tls13, Some(TlsVersion::Tls12), served, Reason::TlsTooOld),
            (TlsVersion::Tls13, Some(TlsVersion::Tls13), served, Reason::ClientBlocked),
            (TlsVersion::Tls13, None, DomainFacts::NotServed, Reason::NotServed),
            (TlsVersion::Tls13, None, DomainFacts::Own, Reason::ClientBlocked),
        ];
        for (least, tls, domain, reason) in table {
            assert_eq!(judge(&demand(least), &facts(tls, domain)).reason, reason, "{least:?} {tls:?} {domain:?}");
        }
        assert_eq!(judge(&demand(TlsVersion::Tls12), &facts(None, served)).reply.code(), 530);
        assert_eq!(judge(&Effective::default(), &facts(None, served)).reason, Reason::ClientBlocked);
    }
}
