//! What tenants are held to by those above them: suspended or not, and what their mail may come to. Not policy: nothing below
//! changes it, and every level's own word holds beside the others'.

use std::sync::Arc;

use super::{Disposition, Reason, Rule, Verdict};
use crate::{
    Id, Micros, ids,
    mail::{EnhancedCode, Reply},
    snapshot::object::{Tenant, TenantState},
};

/// The chain of tenants from one tenant up, laid over each other. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tenancy {
    pub suspension: Option<Suspension>,
    /// Tenants that may be brought so many messages an hour, each with all below it; from this tenant upwards.
    pub hourly: Arc<[(Id<ids::Tenant>, u32)]>,
}

/// No mail is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Suspension {
    /// From when on mail is refused for good. None: it is deferred for as long as it lasts.
    pub refuse_from: Option<Micros>,
}

impl Tenancy {
    /// What stands below a tenant, and the tenant itself: call from the top down.
    #[must_use]
    pub fn and(&self, tenant: &Tenant) -> Self {
        let own = (tenant.state == TenantState::Suspended).then_some(Suspension { refuse_from: tenant.refuse_from });
        let hourly = match tenant.limits.max_messages_per_hour {
            None => Arc::clone(&self.hourly),
            Some(most) => std::iter::once((tenant.id, most)).chain(self.hourly.iter().copied()).collect(),
        };
        Self { suspension: Suspension::both(own, self.suspension), hourly }
    }
}

impl Suspension {
    /// Whoever refuses first, refuses.
    pub fn both(one: Option<Self>, other: Option<Self>) -> Option<Self> {
        match (one, other) {
            (None, only) | (only, None) => only,
            (Some(one), Some(other)) => {
                let first = match (one.refuse_from, other.refuse_from) {
                    (None, only) | (only, None) => only,
                    (Some(one), Some(other)) => Some(one.min(other)),
                };
                Some(Self { refuse_from: first })
            }
        }
    }

    /// What every recipient is answered. The moment needs no edit: whoever judges has a clock.
    pub(super) fn verdict(self, now: Micros) -> Verdict {
        // RFC 3463 §3.3, X.2.1: a mailbox that is there and takes nothing, for a while or for good.
        let (disposition, code, class, text) = if self.refuse_from.is_some_and(|from| now >= from) {
            (Disposition::Refused, 550, 5, "this domain takes no mail any more")
        } else {
            (Disposition::Deferred, 451, 4, "this domain takes no mail now, try again later")
        };
        Verdict {
            disposition,
            rule: Rule::DomainState,
            reason: Reason::TenantSuspended,
            entry: None,
            reply: Reply::new(code, EnhancedCode::new(class, 2, 1), text),
        }
    }
}

/// A tenant, or one above it, has had as many messages within the hour as it may have.
pub fn hour_is_full() -> Verdict {
    let text = "too many messages for this domain, try again later";
    Verdict {
        disposition: Disposition::Deferred,
        rule: Rule::Limits,
        reason: Reason::TenantLimit,
        entry: None,
        reply: Reply::new(451, EnhancedCode::new(4, 7, 0), text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{policy::Settings, snapshot::object::Limits};

    fn tenant(n: u8, state: TenantState, refuse_from: Option<i64>, max_messages_per_hour: Option<u32>) -> Tenant {
        Tenant {
            id: Id::new(Micros::EPOCH, [n; 10]),
            parent: None,
            state,
            refuse_from: refuse_from.map(Micros::from_secs),
            limits: Limits { max_messages_per_hour, max_message_size_bytes: None },
            policy: Settings::default(),
            list: vec![],
        }
    }

    #[test]
    fn whoever_is_suspended_suspends_all_below_and_the_first_refusal_holds() {
        use TenantState::{Active, Closing, Suspended};
        // From the top down: state and moment of each, and what the lowest comes to.
        type Level = (TenantState, Option<i64>);
        let table: [(&[Level], _); 7] = [
            (&[(Active, None), (Closing, None)], None),
            (&[(Suspended, None), (Active, None)], Some(None)),
            (&[(Active, None), (Suspended, Some(9))], Some(Some(9))),
            (&[(Suspended, Some(9)), (Suspended, None)], Some(Some(9))),
            (&[(Suspended, Some(5)), (Active, None), (Suspended, Some(9))], Some(Some(5))),
            (&[(Suspended, Some(9)), (Closing, None), (Suspended, Some(5))], Some(Some(5))),
            // What was meant for a suspension that is over says nothing.
            (&[(Active, Some(1)), (Suspended, None)], Some(None)),
        ];
        for (chain, expected) in table {
            let all = chain
                .iter()
                .fold(Tenancy::default(), |above, (state, from)| above.and(&tenant(1, *state, *from, None)));
            let found = all.suspension.map(|suspension| suspension.refuse_from);
            assert_eq!(found, expected.map(|from: Option<i64>| from.map(Micros::from_secs)), "{chain:?}");
        }
    }

    #[test]
    fn mail_is_refused_from_the_moment_on_and_not_before() {
        let said = |refuse_from: Option<i64>, now: i64| {
            let suspension = Suspension { refuse_from: refuse_from.map(Micros::from_secs) };
            suspension.verdict(Micros::from_secs(now)).reply.code()
        };
        assert_eq!(
            [said(None, i64::MAX / 1_000_000), said(Some(9), 8), said(Some(9), 9), said(Some(9), 10)],
            [451, 451, 550, 550]
        );
    }

    #[test]
    fn every_tenant_that_limits_an_hour_counts_by_itself() {
        let chain = [Some(9), None, Some(99)].into_iter().zip(1..);
        let all =
            chain.fold(Tenancy::default(), |above, (most, n)| above.and(&tenant(n, TenantState::Active, None, most)));
        let id = |n| Id::new(Micros::EPOCH, [n; 10]);
        assert_eq!(*all.hourly, [(id(3), 99), (id(1), 9)]);
    }
}
