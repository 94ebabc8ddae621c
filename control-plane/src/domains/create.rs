//! A new domain, whichever call makes it; also by those who administer no more than domains, by a grant with a maximum.

use std::time::Duration;

use contract::{ids, mail::Domain as Name, policy::recipient::Unasked};

use super::{
    AliasDomainView, AliasOf, Check, Domain, Finding, Former, RecipientMode, State, alias, api, name, proof, rivals,
    store,
    view::{DomainCreate, DomainView},
};
use crate::{
    app::App,
    audit,
    auth::{
        Action, Grant, Role,
        action::{CreateDomain, WriteDomains},
    },
    db::Tx,
    grants::{self, Given, Over},
    http::{ApiError, Code, FieldError},
    outbox, pools, tenants,
};

/// An MX that is set before the proof loses no mail for so long.
pub(super) const DEFERRED_FOR: Duration = Duration::from_hours(7 * 24);

/// The name of a domain to be registered, if the body is good as far as it goes by itself.
pub(crate) fn name_of(app: &App, body: &DomainCreate) -> Result<Name, ApiError> {
    body.parse(|name| name::refusal(name, &app.config))
}

/// In a tenant where the caller may create one.
pub(crate) async fn register<A: Action>(
    app: &App,
    tx: &mut Tx,
    grant: &Grant<A>,
    name: Name,
    body: DomainCreate,
) -> Result<Domain, ApiError> {
    if pools::own_names(tx).await?.iter().any(|host| name.is_within(host)) {
        let error = FieldError::new("/name", "not_registrable", name::OURS);
        return Err(ApiError::invalid(vec![error]));
    }
    // Of a program that may create and no more: what its roles would let it write is what it names when it creates.
    let scope = grant.holding().scope(WriteDomains::ROLES);
    tenants::must_be_open(tx, &grant.scope_of::<CreateDomain>(), body.tenant_id, "/tenant_id").await?;
    if let Some(route) = body.route_id {
        api::must_fit(tx, &scope, route, body.tenant_id).await?;
    }
    api::must_name(&scope, body.tenant_id, body.external_ref.as_deref(), None)?;
    let now = tx.now();
    let mut domain = Domain {
        id: tx.new_id(),
        tenant: body.tenant_id,
        name,
        external_ref: body.external_ref,
        labels: body.labels,
        state: State::Pending,
        recipients: body.recipients.unwrap_or(RecipientMode::Listed),
        unasked: (body.recipients == Some(RecipientMode::CallOut))
            .then(|| body.call_out_unavailable.unwrap_or(Unasked::Defer)),
        alias: body
            .alias_of
            .map(|primary| AliasOf { primary, hop_sees: body.alias_hop_sees.unwrap_or(AliasDomainView::AsWritten) }),
        route: body.route_id,
        hash_key: tx.entropy().bytes(),
        defer_until: now + DEFERRED_FOR,
        activated_at: None,
        closes_at: None,
        check: Check::default(),
        former: Former::default(),
        created_by: Some(grant.maker()?),
        taken_at: None,
        contested_at: None,
        revision: 1,
        created_at: now,
    };
    domain.check.next_check_at = proof::next_check(app, &domain, now);
    store::lock_names(tx).await?;
    api::refuse_taken(tx, &domain).await?;
    alias::must_fit(tx, &scope, &domain).await?;
    // A subdomain needs the consent of who holds the name above; the name itself can be claimed and proven later.
    if let Some(above) = domain.name.parent()
        && store::held_elsewhere(tx, domain.tenant, &above).await?
    {
        return Err(api::held_elsewhere().at("/name"));
    }
    if app.config.accept_domains_without_proof {
        if store::held_elsewhere(tx, domain.tenant, &domain.name).await? {
            return Err(api::held_elsewhere().at("/name"));
        }
        domain.state = State::Active;
        domain.activated_at = Some(now);
        domain.check = Check { finding: Some(Finding::NotChecked), ..Check::default() };
    }
    let through = if scope.covers_tenant(domain.tenant) { None } else { Some(through(tx, grant, &domain).await?) };
    store::insert(tx, &domain, through.as_ref().map(|through| through.id)).await?;
    tenants::limits::domains_must_fit(tx, &scope, domain.tenant).await?;
    let view = DomainView::new(&domain, &app.vault);
    audit::record(tx, "domain.create", domain.target(), audit::NOTHING, Some(&view)).await?;
    if let Some(through) = through {
        administer(tx, &domain, &through).await?;
    }
    outbox::record(tx, &domain.change()).await?;
    if domain.state == State::Active {
        rivals::mark(tx, &domain).await?;
    }
    Ok(domain)
}

/// Under [`store::lock_names`]: a grant over the domain's tenant through which one more may be created.
async fn through<A: Action>(tx: &mut Tx, grant: &Grant<A>, domain: &Domain) -> Result<Given, ApiError> {
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
async fn administer(tx: &mut Tx, domain: &Domain, through: &Given) -> Result<(), ApiError> {
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
