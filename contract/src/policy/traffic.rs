//! What one client network may bring: recipients in a transaction, sessions at once, messages a minute. Judged last, when
//! everything else has said yes: whoever is refused for something else uses nothing up.

use super::{Disposition, Reason, Rule, Verdict, settings::Effective};
use crate::mail::{EnhancedCode, Reply};

/// What was counted when a recipient is about to be accepted. Rates and sessions are counted by the client's network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrafficFacts {
    /// Recipients that the transaction has.
    pub recipients: u32,
    /// Other sessions, at this worker, that have a transaction for the domain. 0 where this one had it before.
    pub connections: u32,
    /// The domain, and its tenant, may be brought one more message now.
    pub domain_takes_more: bool,
    pub tenant_takes_more: bool,
    /// Workers that share the limits.
    pub live_workers: u32,
}

/// One worker's part of a limit of the pool; one at least, so that no worker is of no use. None: there is no limit.
pub fn share(limit: u32, live_workers: u32) -> Option<u32> {
    (limit > 0).then(|| (limit / live_workers.max(1)).max(1))
}

/// None: nothing is exceeded.
pub fn judge(settings: &Effective, facts: &TrafficFacts) -> Option<Verdict> {
    if facts.recipients >= settings.max_recipients {
        let text = "too many recipients, send the others in another transaction";
        return Some(deferred(Reason::TooManyRecipients, 452, (4, 5, 3), text));
    }
    let connections = share(settings.max_client_connections, facts.live_workers);
    if connections.is_some_and(|most| facts.connections >= most) {
        let text = "too many sessions from your network, try again later";
        return Some(deferred(Reason::TooManyConnections, 451, (4, 7, 0), text));
    }
    if !facts.domain_takes_more || !facts.tenant_takes_more {
        let text = "too many messages from your network, try again later";
        return Some(deferred(Reason::TooManyMessages, 451, (4, 7, 0), text));
    }
    None
}

fn deferred(reason: Reason, code: u16, (class, subject, detail): (u8, u16, u16), text: &str) -> Verdict {
    Verdict {
        disposition: Disposition::Deferred,
        rule: Rule::Limits,
        reason,
        entry: None,
        reply: Reply::new(code, EnhancedCode::new(class, subject, detail), text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_has_its_reason_and_a_worker_its_share() {
        let settings = Effective { max_recipients: 100, max_client_connections: 8, ..Effective::default() };
        let open = TrafficFacts {
            recipients: 99,
            connections: 1,
            domain_takes_more: true,
            tenant_takes_more: true,
            live_workers: 4,
        };
        let reason = |facts| judge(&settings, &facts).map(|verdict| (verdict.reply.code(), verdict.reason));
        assert_eq!(reason(open), None);
        assert_eq!(reason(TrafficFacts { recipients: 100, ..open }), Some((452, Reason::TooManyRecipients)));
        assert_eq!(reason(TrafficFacts { connections: 2, ..open }), Some((451, Reason::TooManyConnections)));
        assert_eq!(reason(TrafficFacts { domain_takes_more: false, ..open }), Some((451, Reason::TooManyMessages)));
        assert_eq!(reason(TrafficFacts { tenant_takes_more: false, ..open }), Some((451, Reason::TooManyMessages)));
        assert_eq!(judge(&Effective::default(), &TrafficFacts { connections: u32::MAX, ..open }), None);
        assert_eq!([share(0, 4), share(3, 4), share(9, 4), share(9, 0)], [None, Some(1), Some(2), Some(9)]);
    }
}
