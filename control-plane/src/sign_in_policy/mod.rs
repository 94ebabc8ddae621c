//! Whether people need a second factor: `off`, `allowed` or `required`, set at the installation, at tenants and at domains.
//!
//! The strictest that applies to a person holds: of the installation, of their home tenant and of those they hold grants on,
//! with all above these, and of the domain their address is in, once it is active.

pub mod api;
mod store;

use contract::{Id, Micros, ids, mail::Domain};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::db::{Read, StoreError};
pub(crate) use store::STATEMENTS;

/// What is asked of people, from the least to the most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecondFactorRule {
    /// Nobody can set one up. Who has one goes on using it.
    Off,
    /// Who wants one sets it up.
    Allowed,
    /// Who has none sets one up before anything else.
    Required,
}

impl SecondFactorRule {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Allowed => "allowed",
            Self::Required => "required",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Off, Self::Allowed, Self::Required].into_iter().find(|rule| rule.name() == text)
    }
}

/// What holds, all that applies taken together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Demand {
    rule: SecondFactorRule,
    /// Of `required`: it is `allowed` before.
    from: Option<Micros>,
}

impl Demand {
    /// The strictest; of several that require, the one that does so first. `installation` holds where nothing is stricter.
    fn strictest(installation: Option<Self>, others: impl IntoIterator<Item = Self>) -> Self {
        let first = installation.unwrap_or(Self { rule: SecondFactorRule::Allowed, from: None });
        others.into_iter().fold(first, |strictest, other| match other.rule.cmp(&strictest.rule) {
            std::cmp::Ordering::Greater => other,
            std::cmp::Ordering::Less => strictest,
            // No day is every day.
            std::cmp::Ordering::Equal => Self { rule: other.rule, from: strictest.from.min(other.from) },
        })
    }

    pub(crate) fn name(self) -> &'static str {
        self.rule.name()
    }

    pub(crate) fn is_off(self) -> bool {
        self.rule == SecondFactorRule::Off
    }

    pub(crate) fn is_required(self, now: Micros) -> bool {
        self.rule == SecondFactorRule::Required && self.still_to_come(now).is_none()
    }

    /// The day from which one is required, if it has not come.
    pub(crate) fn still_to_come(self, now: Micros) -> Option<Micros> {
        self.from.filter(|from| self.rule == SecondFactorRule::Required && *from > now)
    }
}

/// What is asked of this person now.
pub(crate) async fn demand(read: &mut Read, person: Id<ids::Person>, email: &str) -> Result<Demand, StoreError> {
    let domain = email.rsplit_once('@').and_then(|(_, domain)| domain.parse::<Domain>().ok());
    let name = domain.as_ref().map(Domain::as_ascii).unwrap_or_default();
    let (installation, others) = store::of_person(read, person, name).await?;
    Ok(Demand::strictest(installation, others))
}

#[cfg(test)]
mod tests {
    use SecondFactorRule::{Allowed, Off, Required};

    use super::*;

    fn demand(rule: SecondFactorRule, from: Option<i64>) -> Demand {
        Demand { rule, from: from.map(Micros::from_secs) }
    }

    #[test]
    fn the_strictest_holds_and_of_two_that_require_the_earlier() {
        for (installation, others, expected) in [
            (None, vec![], demand(Allowed, None)),
            (Some(demand(Off, None)), vec![], demand(Off, None)),
            (None, vec![demand(Off, None)], demand(Allowed, None)),
            (Some(demand(Off, None)), vec![demand(Allowed, None)], demand(Allowed, None)),
            (Some(demand(Allowed, None)), vec![demand(Required, Some(9))], demand(Required, Some(9))),
            (Some(demand(Required, None)), vec![demand(Required, Some(9))], demand(Required, None)),
            (None, vec![demand(Required, Some(9)), demand(Required, Some(5))], demand(Required, Some(5))),
            (None, vec![demand(Required, Some(9)), demand(Allowed, None)], demand(Required, Some(9))),
        ] {
            assert_eq!(Demand::strictest(installation, others.clone()), expected, "{installation:?} {others:?}");
        }
        let later = demand(Required, Some(9));
        assert!(!later.is_required(Micros::from_secs(8)) && later.is_required(Micros::from_secs(9)));
        assert_eq!(later.still_to_come(Micros::from_secs(8)), Some(Micros::from_secs(9)));
        assert_eq!(later.still_to_come(Micros::from_secs(9)), None);
    }
}
