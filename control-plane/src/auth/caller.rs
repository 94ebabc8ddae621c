//! Who is calling: the principal, and from where.

use std::net::IpAddr;

use contract::{Id, ids};

/// Somebody whose credentials were good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    Person {
        person: Id<ids::Person>,
        session: Id<ids::Session>,
        email: String,
    },
    /// A program, by a key that this person made.
    ApiKey {
        key: Id<ids::ApiKey>,
        maker: Id<ids::Person>,
        name: String,
    },
    /// A worker, by its short-lived token.
    Worker {
        worker: Id<ids::Worker>,
        pool: Id<ids::Pool>,
    },
    /// Nobody yet: a sign-in that has not been checked.
    Anonymous,
    /// The house's own work.
    System(&'static str),
}

/// A principal and the request it came with.
#[derive(Debug, Clone)]
pub struct Caller {
    pub principal: Principal,
    /// None for the house's own work.
    pub address: Option<IpAddr>,
    /// The request's id, as in its `X-Request-Id`.
    pub request_id: Option<String>,
}

impl Caller {
    pub(crate) fn system(task: &'static str) -> Self {
        Self { principal: Principal::System(task), address: None, request_id: None }
    }

    /// The same request, before it is known whose it is.
    pub(crate) fn anonymous(self) -> Self {
        Self { principal: Principal::Anonymous, ..self }
    }

    /// A person, or a program in their place.
    pub fn is_person(&self) -> bool {
        matches!(self.principal, Principal::Person { .. } | Principal::ApiKey { .. })
    }
}
