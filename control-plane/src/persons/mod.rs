//! People: who has an account, and whether they may sign in.

mod account;
pub mod api;
mod store;
mod view;

use contract::{Id, Micros, ids};

use crate::{
    audit,
    db::{StoreError, Tx},
};
pub(crate) use account::{Account, Fingerprint};
pub(crate) use store::{STATEMENTS, by_email, find, hold, rehash, remove_all};
pub(crate) use view::check_email;

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

/// Makes an account whose owner chose the password. `compromised`: whether it is known to be. `Unique`: somebody has the address.
pub(crate) async fn make(
    tx: &mut Tx,
    person: &Person,
    password_hash: &str,
    compromised: Option<bool>,
) -> Result<(), StoreError> {
    store::insert_with_password(tx, person, password_hash, compromised).await?;
    let view = view::PersonView::from(person);
    audit::record(tx, "person.create", person.target(), audit::NOTHING, Some(&view)).await
}

impl Person {
    pub(crate) fn target(&self) -> crate::audit::Target {
        crate::audit::Target::new("person").id(self.id).of_tenant(self.tenant)
    }
}
