//! People: who has an account, and whether they may sign in.

mod account;
pub mod api;
mod store;
mod view;

use contract::{Id, Micros, ids};

pub(crate) use account::{Account, Fingerprint};
pub(crate) use store::{STATEMENTS, find, hold, rehash, remove_all};

#[derive(Debug, Clone)]
pub struct Person {
    pub id: Id<ids::Person>,
    /// The tenant the person belongs to, whatever they hold elsewhere.
    pub tenant: Id<ids::Tenant>,
    pub email: String,
    pub must_change_password: bool,
    pub disabled_at: Option<Micros>,
    /// From how high up they were disabled: the tenant, or with none the installation.
    pub disabled_in: Option<Id<ids::Tenant>>,
    pub created_at: Micros,
}

impl Person {
    pub(crate) fn target(&self) -> crate::audit::Target {
        crate::audit::Target::new("person").id(self.id).of_tenant(self.tenant)
    }
}
