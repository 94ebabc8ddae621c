//! The audit log: who did what, from where, before and after. A row with every write, in its transaction; `chain` makes it
//! tell when somebody changed it.

pub mod api;
mod chain;
mod mask;
mod store;

use contract::{Id, ids};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use crate::{
    auth::Principal,
    db::{StoreError, Tx},
};
pub(crate) use chain::{PAUSE as CHAIN_PAUSE, STATEMENTS as CHAIN_STATEMENTS, run as chain, sweep};
pub use chain::{
    sweep::{Config, KeepDays},
    verify,
};
pub(crate) use store::{STATEMENTS, deletions};

/// What the row is about: the id's text (`dom_…`), or a name where there is none (`policy`).
#[derive(Debug, Clone)]
pub struct Target {
    kind: &'static str,
    id: Option<String>,
    tenant: Option<Uuid>,
}

impl Target {
    pub fn new(kind: &'static str) -> Self {
        Self { kind, id: None, tenant: None }
    }

    #[must_use]
    pub fn id(mut self, id: impl std::fmt::Display) -> Self {
        self.id = Some(id.to_string());
        self
    }

    #[must_use]
    pub fn of_tenant(mut self, tenant: Id<ids::Tenant>) -> Self {
        self.tenant = Some(tenant.uuid());
        self
    }
}

/// Writes the row. `before` and `after` are what the API shows of the thing; none where there is no such state.
pub async fn record<B: Serialize, A: Serialize>(
    tx: &mut Tx,
    action: &'static str,
    target: Target,
    before: Option<&B>,
    after: Option<&A>,
) -> Result<(), StoreError> {
    let row = store::Row {
        id: tx.new_id::<ids::Audit>().uuid(),
        at: tx.now().as_micros(),
        action: action.to_owned(),
        target_kind: target.kind.to_owned(),
        target_id: target.id,
        tenant_id: target.tenant,
        before: before.map(state).transpose()?,
        after: after.map(state).transpose()?,
        address: tx.caller().address.map(|address| address.to_string()),
        request_id: tx.caller().request_id.clone(),
        actor: Actor::of(&tx.caller().principal),
    };
    store::insert(tx, &row).await?;
    tx.note_audited();
    Ok(())
}

/// For writes without a state before.
pub const NOTHING: Option<&Value> = None;

fn state(value: &impl Serialize) -> Result<String, StoreError> {
    let mut value = serde_json::to_value(value).map_err(StoreError::corrupt("audited state"))?;
    mask::secrets(&mut value);
    Ok(value.to_string())
}

/// Who, as the log keeps it: the name of that day.
#[derive(Debug, Clone)]
struct Actor {
    kind: &'static str,
    id: Option<String>,
    name: Option<String>,
}

impl Actor {
    fn of(principal: &Principal) -> Self {
        let (kind, id, name) = match principal {
            Principal::Person { person, email, .. } => ("person", Some(person.to_string()), Some(email.clone())),
            Principal::ApiKey { key, name, .. } => ("api_key", Some(key.to_string()), Some(name.clone())),
            Principal::Worker { worker, .. } => ("worker", Some(worker.to_string()), None),
            Principal::Anonymous => ("anonymous", None, None),
            Principal::System(task) => ("system", None, Some((*task).to_owned())),
        };
        Self { kind, id, name }
    }
}
