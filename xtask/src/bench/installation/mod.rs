//! A generated installation: MSPs and their customers, domains by Pareto, recipients, lists. The same size is always the same
//! installation, up to its ids.
//!
//! `rows` puts it into a database that a control plane has made, past the API (at full size that would take hours), `insert`
//! many at once.

mod insert;
mod rows;
#[cfg(test)]
mod tests;

use clap::Args;
use contract::{Id, ids};

pub(super) use insert::Database;
pub(super) use rows::{domain_name, fill, head_bytes, workers};

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
    pub msps: usize,
    pub customers: Vec<Customer>,
    /// Entries of the first MSP's list.
    pub msp_entries: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Customer {
    /// The number of its MSP.
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
    pub msps: Vec<Id<ids::Tenant>>,
    pub customers: Vec<Id<ids::Tenant>>,
    /// One of each customer.
    pub routes: Vec<Id<ids::Route>>,
    pub domains: Vec<Id<ids::Domain>>,
}
