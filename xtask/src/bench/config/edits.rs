//! What is changed, all of it through the API.

use std::net::SocketAddr;

use postern::demo::stage::{Answer, Api};
use pretend::dns::Dns;
use serde_json::{Value, json};

use super::super::installation::{self, Plan, Sample, Size};
use crate::Failure;

/// What is edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An entry in the long list of the first MSP.
    List,
    /// A recipient of one domain.
    Recipient,
    /// The route of an ordinary customer.
    Route,
    /// The route of the largest one.
    LargestRoute,
    /// The policy of the first MSP.
    Policy,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [Self::List, Self::Recipient, Self::Route, Self::LargestRoute, Self::Policy];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::List => "msp_list",
            Self::Recipient => "recipient",
            Self::Route => "route",
            Self::LargestRoute => "largest_route",
            Self::Policy => "msp_policy",
        }
    }
}

/// The four kinds in turn; each fifth edit of a route, the first too, is that of the largest customer.
pub(super) fn plan(edits: usize) -> Vec<Kind> {
    let kind = |n: usize| match n % 4 {
        0 => Kind::List,
        1 => Kind::Recipient,
        2 if (n / 4).is_multiple_of(5) => Kind::LargestRoute,
        2 => Kind::Route,
        _ => Kind::Policy,
    };
    (0..edits).map(kind).collect()
}

/// A prime: edits of a kind go through the installation in large steps.
const STEP: usize = 7_919;

/// The installation that is edited.
#[derive(Debug)]
pub(super) struct World {
    api: Api,
    sample: Sample,
    plan: Plan,
    /// Of each domain.
    recipients: Vec<usize>,
}

/// Mail that the worker can take once it runs this version.
#[derive(Debug)]
pub(super) struct Mail {
    pub version: String,
    pub to: Vec<String>,
}

impl World {
    pub(super) fn new(api: Api, sample: Sample, size: &Size) -> Self {
        Self { api, sample, plan: Plan::of(size), recipients: Plan::recipients(size) }
    }

    /// Routes of the largest customer and of the smallest lead to `sink`: mail goes on while what it depends on is edited.
    pub(super) async fn take_mail(&self, dns: &Dns, sink: SocketAddr) -> Result<Mail, Failure> {
        const HOST: &str = "mail.customer.example";
        dns.address_of(HOST, sink.ip());
        let hops = json!([{ "host": HOST, "port": sink.port(), "tls": { "level": "none" } }]);
        let mut customers = vec![0, self.sample.customers.len() - 1];
        customers.dedup();
        let mut mail = Mail { version: String::new(), to: Vec::new() };
        for customer in customers {
            let domain = self.plan.customers[..customer].iter().map(|customer| customer.domains).sum::<usize>();
            // The smallest may have none, in a small installation.
            if self.recipients.get(domain).is_none_or(|recipients| *recipients == 0) {
                continue;
            }
            let path = format!("/v1/routes/{}", self.sample.routes[customer]);
            mail.version = version(self.api.patch(&path, json!({ "kind": "host", "hops": hops })).await?)?;
            mail.to.push(format!("person.0@{}", installation::domain_name(domain)));
        }
        if mail.to.is_empty() { Err("nobody is there to send mail to: more --recipients".into()) } else { Ok(mail) }
    }

    /// Makes the nth edit; the configuration version that is its own.
    pub(super) async fn edit(&self, kind: Kind, n: usize) -> Result<String, Failure> {
        let far = n.wrapping_mul(STEP);
        let msp = self.sample.msps[0];
        let number = n as u64;
        version(match kind {
            Kind::List => {
                let sender = format!("edit.{n}@blocked.example");
                let entry = json!({ "kind": "block", "scope": "tenant", "tenant_id": msp, "sender": sender });
                self.api.post("/v1/list-entries", entry).await?
            }
            Kind::Recipient => {
                let domain = far % self.sample.domains.len();
                let address = format!("edit.{n}@{}", installation::domain_name(domain));
                let path = format!("/v1/domains/{}/recipients", self.sample.domains[domain]);
                self.api.post(&path, json!({ "address": address })).await?
            }
            Kind::Route => {
                let ordinary = self.ordinary();
                self.route(ordinary.start + far % ordinary.len().max(1), number).await?
            }
            Kind::LargestRoute => self.route(0, number).await?,
            Kind::Policy => {
                let path = format!("/v1/tenants/{msp}/policy");
                self.api.patch(&path, json!({ "max_recipients": 200 + number })).await?
            }
        })
    }

    async fn route(&self, customer: usize, number: u64) -> Result<Answer, Failure> {
        let path = format!("/v1/routes/{}", self.sample.routes[customer]);
        Ok(self.api.patch(&path, json!({ "max_connections": 100 + number })).await?)
    }

    /// The smaller half of the customers.
    fn ordinary(&self) -> std::ops::Range<usize> {
        let all = self.plan.customers.len();
        all / 2..all
    }

    /// For people: how far an edit of a kind reaches.
    pub(super) fn reach(&self, kind: Kind) -> Value {
        let domains = |customers: &mut dyn Iterator<Item = &installation::Customer>| -> usize {
            customers.map(|customer| customer.domains).sum()
        };
        let below_msp = |customer: &&installation::Customer| customer.msp == 0;
        let of_msp = || {
            json!({
                "customers": self.plan.customers.iter().filter(below_msp).count(),
                "domains": domains(&mut self.plan.customers.iter().filter(below_msp)),
            })
        };
        match kind {
            Kind::List => {
                let mut reach = of_msp();
                reach["entries"] = json!(self.plan.msp_entries);
                reach
            }
            Kind::Policy => of_msp(),
            Kind::Recipient => json!({ "domains": 1 }),
            Kind::Route => {
                let of_ordinary = self.plan.customers[self.ordinary()].iter().map(|customer| customer.domains);
                json!({ "domains": of_ordinary.max().unwrap_or_default() })
            }
            Kind::LargestRoute => json!({ "domains": self.plan.customers[0].domains }),
        }
    }
}

fn version(answer: Answer) -> Result<String, Failure> {
    answer.config_version.ok_or_else(|| format!("changed nothing: {}", answer.body).into())
}
