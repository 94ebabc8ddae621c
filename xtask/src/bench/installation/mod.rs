//! A generated installation: MSPs and their customers, domains by Pareto, recipients, lists. The same size is always the same
//! installation, up to its ids.
//!
//! `rows` puts it into a database that a control plane has made, past the API: at full size that would take hours.

mod rows;

use clap::Args;
use contract::{Id, ids};

pub(super) use rows::{Database, Filled, domain_name, fill, workers};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Args)]
pub(crate) struct Size {
    /// MSPs and customers together.
    #[arg(long, default_value_t = 10_000)]
    pub tenants: usize,
    #[arg(long, default_value_t = 100_000)]
    pub domains: usize,
    /// Of all domains together.
    #[arg(long, default_value_t = 2_500_000)]
    pub recipients: usize,
    /// Block entries of each domain.
    #[arg(long, default_value_t = 20)]
    pub entries: usize,
}

/// Customers of one MSP; the first has them full.
const CUSTOMERS: usize = 500;
/// Domains of the largest customer, of a hundred thousand.
const LARGEST: f64 = 0.05;
/// Entries of the first MSP's own list.
const MSP_ENTRIES: usize = 10_000;

/// Who stands where, and who has how much; no ids yet.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// For each customer the number of its MSP.
    pub msps: usize,
    pub customers: Vec<Customer>,
    /// Entries of the first MSP's list.
    pub msp_entries: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Customer {
    pub msp: usize,
    pub domains: usize,
}

impl Plan {
    pub(super) fn of(size: &Size) -> Self {
        let msps = size.tenants.div_ceil(CUSTOMERS + 1).max(1);
        let customers = size.tenants.saturating_sub(msps).max(1);
        let counts = pareto(customers, size.domains, LARGEST);
        let customers = counts.into_iter().enumerate();
        let customers = customers.map(|(at, domains)| Customer { msp: at / CUSTOMERS, domains }).collect::<Vec<_>>();
        let msps = customers.last().map_or(1, |last| last.msp + 1);
        // As long as its customers' lists together would not be, in a small one.
        let msp_entries = MSP_ENTRIES.min(size.domains.saturating_mul(size.entries));
        Self { msps, customers, msp_entries }
    }

    /// Recipients of each domain, in the order of the customers' domains: the larger the customer, the more its first have.
    pub(super) fn recipients(size: &Size) -> Vec<usize> {
        pareto(size.domains, size.recipients, 0.002)
    }
}

/// Shares of `total` for `n`, the first the largest: the rest falls with the rank (Zipf's law is Pareto's by rank). Everybody
/// has one where there are enough, and together they have all.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "shares of counts"
)]
fn pareto(n: usize, total: usize, largest: f64) -> Vec<usize> {
    let first = (total as f64 * largest).ceil();
    let mut shares: Vec<usize> = (1..=n).map(|rank| ((first / rank as f64) as usize).max(1)).collect();
    // What is left over goes round; what is too much is taken from the end.
    let mut sum: usize = shares.iter().sum();
    let mut at = 0;
    while sum < total && !shares.is_empty() {
        // The largest stays as it is: its size is what was asked for.
        let place = if n == 1 { 0 } else { 1 + at % (n - 1) };
        let more = ((total - sum) / n).max(1);
        shares[place] += more;
        sum += more;
        at += 1;
    }
    for share in shares.iter_mut().rev() {
        let less = (sum - total.min(sum)).min(*share);
        *share -= less;
        sum -= less;
    }
    shares
}

/// Ids of some of what was made, for whoever measures.
#[derive(Debug, Default)]
pub(super) struct Sample {
    pub customers: Vec<Id<ids::Tenant>>,
    pub domains: Vec<Id<ids::Domain>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Size = Size { tenants: 10_000, domains: 100_000, recipients: 2_500_000, entries: 20 };

    #[test]
    fn the_full_installation_is_as_large_as_was_asked_for() {
        let plan = Plan::of(&FULL);
        assert_eq!(plan.msps + plan.customers.len(), 10_000);
        assert_eq!(plan.customers.iter().map(|customer| customer.domains).sum::<usize>(), 100_000);
        assert_eq!(plan.customers[0].domains, 5_000);
        assert_eq!(plan.customers.iter().filter(|customer| customer.msp == 0).count(), 500);
        assert_eq!(plan.msp_entries, 10_000);
        assert!(plan.customers.iter().all(|customer| customer.domains >= 1));
        let recipients = Plan::recipients(&FULL);
        assert_eq!((recipients.len(), recipients.iter().sum::<usize>()), (100_000, 2_500_000));
        assert_eq!(recipients[0], 5_000);
    }

    #[test]
    fn a_small_one_adds_up_too() {
        for (tenants, domains) in [(1, 1), (2, 1), (3, 50), (600, 100), (1_002, 5_000)] {
            let plan = Plan::of(&Size { tenants, domains, recipients: 10, entries: 0 });
            assert_eq!(plan.customers.iter().map(|customer| customer.domains).sum::<usize>(), domains);
            assert!(plan.customers.iter().all(|customer| customer.msp < plan.msps), "{tenants}");
            assert_eq!(plan.msp_entries, 0);
        }
        assert_eq!(pareto(3, 0, 0.5), [0, 0, 0]);
    }
}
