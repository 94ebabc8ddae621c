//! Domains created by those who administer no more than domains: by a grant with a maximum.

use contract::ids;

use super::{Domain, store};
use crate::{
    auth::{Grant, Role, action::CreateDomain},
    db::Tx,
    grants::{self, Given, Over},
    http::{ApiError, Code},
};

/// Under [`store::lock_names`]: a grant over the domain's tenant through which one more may be created.
pub(super) async fn through(tx: &mut Tx, grant: &Grant<CreateDomain>, domain: &Domain) -> Result<Given, ApiError> {
    let person = grant.maker()?;
    let mut most = None;
    // As they are now: one may have ended while others created.
    for given in grants::live(tx, person).await? {
        let Some(max) = given.max_domains else { continue };
        if given.role != Role::DomainAdmin.name() || given.over != Over::Tenant(domain.tenant) {
            continue;
        }
        if store::created_through(tx, given.id).await? < max {
            return Ok(given);
        }
        most = Some(most.unwrap_or(0) + max);
    }
    match most {
        Some(most) => {
            let detail = format!("you may create {most} domains in this tenant, and that many are there");
            Err(ApiError::new(Code::LimitReached).detail(detail))
        }
        None => Err(ApiError::new(Code::Forbidden)),
    }
}

/// Whoever created the domain administers it, for as long as they may create.
pub(super) async fn administer(tx: &mut Tx, domain: &Domain, through: &Given) -> Result<(), ApiError> {
    let given = Given {
        id: tx.new_id::<ids::Grant>(),
        over: Over::Domain(domain.id, domain.tenant),
        max_domains: None,
        may_delegate: false,
        created_by: Some(through.person),
        created_at: tx.now(),
        ..through.clone()
    };
    grants::insert(tx, &given).await?;
    Ok(())
}
