//! An active domain passes to another tenant against its holder's will only where a new proof stands and the old one is gone, at
//! every look for three days. The holder is told when that begins, and when it is done. `rule` is pure, `watch` looks.

pub(super) mod api;
mod rule;
mod store;
pub(crate) mod watch;

use contract::{Id, ids};
use serde_json::json;

use self::rule::{Contest, Step};
use super::{
    Check, Domain, Finding, Former, State, create::DEFERRED_FOR, ownership, rivals, store as domains, view::DomainView,
};
use crate::{
    app::App,
    audit,
    auth::Role,
    db::{StoreError, Tx},
    grants::{self, Over},
    http::Time,
    mail_out::{self, News},
    outbox, tenants,
};
pub(crate) use store::STATEMENTS;
pub(super) use store::{close, open};

/// What was seen of both at one moment.
#[derive(Debug, Clone, Copy)]
struct Look {
    claimant: Id<ids::Domain>,
    holder: Id<ids::Domain>,
    claim: Finding,
    held: Finding,
}

/// Writes down what a look came to. Under its own lock of names: what was looked at may be another's by now.
async fn note(app: &App, tx: &mut Tx, look: Look) -> Result<(), StoreError> {
    domains::lock_names(tx).await?;
    let (claimant, holder) = (domains::find(tx, look.claimant).await?, domains::find(tx, look.holder).await?);
    let (Some(claimant), Some(holder)) = (claimant, holder) else { return Ok(()) };
    if claimant.state != State::Pending || holder.state != State::Active || claimant.tenant == holder.tenant {
        return store::close(tx, look.claimant).await;
    }
    let now = tx.now();
    let before = store::contest(tx, claimant.id).await?;
    // A record that the domain's tenant of before left in DNS says nothing about who controls it now.
    let may = may_have_it(tx, &claimant).await? && !holder.former.includes(claimant.tenant);
    let claim = if may { look.claim } else { Finding::RecordMissing };
    let step = rule::judge(before, claim, look.held, now, ownership::chance(app));
    match step {
        Step::Over => store::close(tx, claimant.id).await?,
        Step::GoesOn(after, next) => store::note(tx, claimant.id, after, next).await?,
        Step::Passes => return pass(app, tx, claimant, holder).await,
    }
    let since = store::contested_since(tx, &holder.name).await?;
    tell(app, tx, &holder, since).await
}

/// Whoever wanted it may have gone, with or without the domain.
async fn note_quiet(app: &App, tx: &mut Tx, holder: Id<ids::Domain>) -> Result<(), StoreError> {
    domains::lock_names(tx).await?;
    let Some(holder) = domains::find(tx, holder).await?.filter(|holder| holder.state == State::Active) else {
        return Ok(());
    };
    let since = store::contested_since(tx, &holder.name).await?;
    tell(app, tx, &holder, since).await
}

/// Not where a name above it is another's, nor while its tenant goes.
async fn may_have_it(tx: &mut Tx, claimant: &Domain) -> Result<bool, StoreError> {
    if let Some(above) = claimant.name.parent()
        && domains::held_elsewhere(tx, claimant.tenant, &above).await?
    {
        return Ok(false);
    }
    Ok(tenants::find(tx, claimant.tenant).await?.is_some_and(|tenant| tenant.closes_at.is_none()))
}

/// The holder, when it begins or ends. Nobody says who it is that shows another proof.
async fn tell(app: &App, tx: &mut Tx, holder: &Domain, since: Option<contract::Micros>) -> Result<(), StoreError> {
    if since.is_some() == holder.contested_at.is_some() {
        return Ok(());
    }
    store::mark(tx, holder.id, since).await?;
    let state = |at: Option<contract::Micros>| json!({ "name": holder.name, "contested_since": at.map(Time) });
    let action = if since.is_some() { "domain.contested" } else { "domain.uncontested" };
    audit::record(tx, action, holder.target(), Some(&state(holder.contested_at)), Some(&state(since))).await?;
    if since.is_some() {
        mail_all(app, tx, holder, News::DomainContested(&holder.name)).await?;
    }
    Ok(())
}

/// An active domain becomes pending, with all it has.
async fn let_go(tx: &mut Tx, domain: Domain) -> Result<Domain, StoreError> {
    let mut after = Domain {
        state: State::Pending,
        activated_at: None,
        defer_until: tx.now() + DEFERRED_FOR,
        former: Former::default(),
        contested_at: None,
        ..domain
    };
    domains::note_check(tx, &after).await?;
    domains::update(tx, &after).await?;
    store::let_go(tx, &after).await?;
    after.revision += 1;
    Ok(after)
}

/// One becomes pending with all it has, the other active, in one transaction.
async fn pass(app: &App, tx: &mut Tx, claimant: Domain, holder: Domain) -> Result<(), StoreError> {
    let now = tx.now();
    let view = |domain: &Domain| DomainView::new(domain, &app.vault);
    let check = Check { checked_at: Some(now), finding: Some(Finding::HeldElsewhere), ..Check::default() };
    let lost = let_go(tx, Domain { check, taken_at: Some(now), ..holder.clone() }).await?;
    audit::record(tx, "domain.passed", lost.target(), Some(&view(&holder)), Some(&view(&lost))).await?;
    outbox::record(tx, &lost.change()).await?;
    mail_all(app, tx, &lost, News::DomainPassed(&lost.name)).await?;

    let mut won = claimant.clone();
    won.state = State::Active;
    won.activated_at = Some(now);
    won.check = Check {
        checked_at: Some(now),
        finding: Some(Finding::Proven),
        next_check_at: Some(ownership::first(app, now)),
        ..Check::default()
    };
    won.taken_at = None;
    domains::note_check(tx, &won).await?;
    domains::update(tx, &won).await?;
    rivals::clear(tx, won.id).await?;
    store::close(tx, won.id).await?;
    won.revision += 1;
    audit::record(tx, "domain.activate", won.target(), Some(&view(&claimant)), Some(&view(&won))).await?;
    outbox::record(tx, &won.change()).await?;
    rivals::mark(tx, &won).await
}

/// People that one letter goes to.
const MOST: usize = 20;

/// Whoever administers the domain or its tenant; where nobody does, the tenants above.
async fn mail_all(app: &App, tx: &mut Tx, domain: &Domain, news: News<'_>) -> Result<(), StoreError> {
    let all = grants::over_domain(tx, domain).await?;
    let administers = |given: &&grants::Given| {
        [Role::TenantAdmin, Role::DomainAdmin, Role::Owner].iter().any(|role| role.name() == given.role)
            && given.max_domains.is_none()
    };
    let near = |given: &&grants::Given| match given.over {
        Over::Domain(..) => true,
        Over::Tenant(tenant) => tenant == domain.tenant,
        Over::Installation => false,
    };
    let all: Vec<_> = all.iter().filter(administers).collect();
    let some = all.iter().any(&near);
    let mut to: Vec<_> = all.iter().filter(|given| !some || near(given)).map(|given| given.email.as_str()).collect();
    to.sort_unstable();
    to.dedup();
    for address in to.into_iter().take(MOST) {
        mail_out::post(tx, app, address, news).await?;
    }
    Ok(())
}
