//! In which order the hops of a route are tried, and which hosts stand behind a domain's MX records.

use std::borrow::Cow;

use checks::{Outcome, dns::Mx};
use contract::{
    Entropy,
    mail::Domain,
    snapshot::object::{NextHop, Route},
};
use tokio::time::Instant;

use super::{Deliverer, Outside, Unusable};

/// Hosts of one domain that are tried. RFC 5321 §5.1 asks for two at least, and lets a client have a limit.
const MOST_HOSTS: usize = 10;

impl Deliverer {
    /// Lower priority first; equal ones in an order drawn by weight. Where a hop is a domain's MX, its hosts stand in its
    /// place; why they are not known is the second answer.
    pub(super) async fn order<'a>(
        &self,
        route: &'a Route,
        deadline: Instant,
    ) -> (Vec<Cow<'a, NextHop>>, Option<Unusable>) {
        if let [only] = &route.hops[..]
            && !only.mx
        {
            return (vec![Cow::Borrowed(only)], None);
        }
        let mut hops: Vec<_> =
            route.hops.iter().map(|hop| (hop.priority, draw(&self.entropy, hop.weight), hop)).collect();
        hops.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
        let (mut order, mut unknown) = (Vec::new(), None);
        for (_, _, hop) in hops {
            if !hop.mx {
                order.push(Cow::Borrowed(hop));
                continue;
            }
            match tokio::time::timeout_at(deadline, self.outside.hosts(hop, &self.entropy))
                .await
                .unwrap_or(Err(Unusable::Timeout))
            {
                Ok(hosts) => {
                    order.extend(hosts.into_iter().map(|host| Cow::Owned(NextHop { host, mx: false, ..hop.clone() })));
                }
                Err(error) => unknown = Some(error),
            }
        }
        (order, unknown)
    }
}

impl Outside {
    /// The hosts that a domain's MX records name, most preferred first (RFC 5321 §5.1).
    pub(super) async fn hosts(&self, hop: &NextHop, entropy: &Entropy) -> Result<Vec<String>, Unusable> {
        let domain = hop.host.parse::<Domain>().map_err(|_| Unusable::Dns("not a domain".to_owned()))?;
        match self.dns.mx(&domain).await {
            Outcome::Known(records) => {
                let mut drawn: Vec<_> = records.into_iter().map(|mx| (mx.preference, draw(entropy, 1), mx)).collect();
                drawn.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1)));
                usable(drawn.into_iter().map(|(_, _, mx)| mx), self.helo.as_ascii())
            }
            // No MX records: the domain itself is the host.
            Outcome::Absent => Ok(vec![hop.host.clone()]),
            Outcome::Unavailable(failure) => Err(Unusable::Dns(failure.to_string())),
        }
    }
}

/// Of keys u^(1/w) the largest first: a draw by weight without a second pass.
fn draw(entropy: &Entropy, weight: u16) -> f64 {
    let random = u32::from_be_bytes(entropy.bytes());
    let unit = (f64::from(random) + 1.0) / (f64::from(u32::MAX) + 2.0);
    unit.powf(1.0 / f64::from(weight.max(1)))
}

/// Of records in order of preference, the hosts that may be asked: not ourselves, nor those that are as far from the goal
/// as we are or farther (RFC 5321 §5.1), and not the root that says "no mail" (RFC 7505 §3).
fn usable(records: impl Iterator<Item = Mx>, own: &str) -> Result<Vec<String>, Unusable> {
    let records: Vec<_> = records.collect();
    let ours = records.iter().find(|mx| mx.exchange.as_deref() == Some(own)).map(|mx| mx.preference);
    let nearer = records.into_iter().take_while(|mx| ours.is_none_or(|ours| mx.preference < ours));
    let hosts: Vec<_> = nearer.filter_map(|mx| mx.exchange).take(MOST_HOSTS).collect();
    match (hosts.is_empty(), ours) {
        (false, _) => Ok(hosts),
        (true, Some(_)) => Err(Unusable::Dns("its MX leads back here".to_owned())),
        (true, None) => Err(Unusable::Dns("its domain takes no mail (RFC 7505)".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(records: &[(u16, Option<&str>)]) -> Option<Vec<String>> {
        let records =
            records.iter().map(|(preference, host)| Mx { preference: *preference, exchange: host.map(str::to_owned) });
        usable(records, "mx.postern.example").ok()
    }

    #[test]
    fn nobody_as_far_from_the_goal_as_we_are_is_asked() {
        let (near, ours, equal, far) = (
            (5, Some("a.example")),
            (10, Some("mx.postern.example")),
            (10, Some("b.example")),
            (20, Some("c.example")),
        );
        assert_eq!(of(&[near, equal, ours, far]).unwrap(), ["a.example"]);
        assert_eq!(of(&[near, equal, far]).unwrap(), ["a.example", "b.example", "c.example"]);
        assert_eq!(of(&[ours, far]), None);
    }

    #[test]
    fn a_null_mx_names_nobody_and_beside_others_it_is_ignored() {
        assert_eq!(of(&[(0, None)]), None);
        assert_eq!(of(&[(0, None), (10, Some("a.example"))]).unwrap(), ["a.example"]);
    }
}
