//! What a domain's tenants of before showed in DNS goes on counting for a time: the value is another at each tenant, and a
//! customer's zone is changed by people.

use std::time::Duration;

use contract::{Id, Micros, ids};
use uuid::Uuid;

use crate::db::StoreError;

/// So long the value of before is taken as well.
const COUNTS_FOR: Duration = Duration::from_hours(30 * 24);
/// Each is another question to somebody's name servers.
const MOST: usize = 3;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Former {
    /// The last one first.
    tenants: Vec<Id<ids::Tenant>>,
    until: Option<Micros>,
}

impl Former {
    /// From what the row says.
    pub(in crate::domains) fn of(tenants: Option<&str>, until: Option<i64>) -> Result<Self, StoreError> {
        let Some(tenants) = tenants else { return Ok(Self::default()) };
        let tenants: Vec<Uuid> =
            serde_json::from_str(tenants).map_err(StoreError::corrupt("domains.former_tenants"))?;
        Ok(Self { tenants: tenants.into_iter().map(Id::from_uuid).collect(), until: until.map(Micros::from_micros) })
    }

    /// For the row; none: there are none.
    pub(super) fn text(&self) -> Option<String> {
        let tenants: Vec<_> = self.tenants.iter().map(|id| id.uuid().simple().to_string()).collect();
        (!tenants.is_empty()).then(|| serde_json::to_string(&tenants).unwrap_or_default())
    }

    pub(in crate::domains) fn until(&self) -> Option<Micros> {
        self.until
    }

    /// Those whose value counts at this time.
    pub(in crate::domains) fn at(&self, now: Micros) -> &[Id<ids::Tenant>] {
        if self.until.is_some_and(|until| now < until) { &self.tenants } else { &[] }
    }

    /// Did the domain come from this tenant? Its value may stand in DNS for long, because nobody took it away.
    pub(in crate::domains) fn includes(&self, tenant: Id<ids::Tenant>) -> bool {
        self.tenants.contains(&tenant)
    }

    /// An active domain goes from one tenant to another.
    pub(super) fn add(&mut self, from: Id<ids::Tenant>, to: Id<ids::Tenant>, now: Micros) {
        let before = self.at(now).iter().copied().filter(|tenant| *tenant != from && *tenant != to);
        self.tenants = std::iter::once(from).chain(before).take(MOST).collect();
        self.until = Some(now + COUNTS_FOR);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_tenants_count_for_a_time_and_the_present_one_is_none_of_them() {
        let tenant = |n: u8| Id::<ids::Tenant>::new(Micros::from_secs(1), [n; 10]);
        let (start, day) = (Micros::from_secs(1_000_000), Duration::from_hours(24));
        let mut former = Former::default();
        assert_eq!(former.text(), None);
        former.add(tenant(1), tenant(2), start);
        former.add(tenant(2), tenant(1), start + day);
        assert_eq!(former.at(start + 2 * day), [tenant(2)]);
        for n in 1..6 {
            former.add(tenant(n), tenant(n + 1), start + 2 * day);
        }
        assert_eq!(former.at(start + 3 * day), [tenant(5), tenant(4), tenant(3)]);
        assert_eq!(Former::of(former.text().as_deref(), former.until().map(Micros::as_micros)).unwrap(), former);
        let late = start + 2 * day + COUNTS_FOR;
        assert_eq!(former.at(late), []);
        former.add(tenant(6), tenant(7), late);
        assert_eq!(former.at(late), [tenant(6)]);
    }
}
