//! Several tenants may wait for one name. Whoever proves it first has it; the others are told that another account did, and
//! never who. Whoever has it is not told that others wait.

mod store;
pub(crate) mod watch;

use serde_json::json;

use super::{Domain, Finding, State, proof, store as domains, takeover};
use crate::{
    app::App,
    audit,
    db::{StoreError, Tx},
    grants,
    mail_out::{self, News},
};
pub(crate) use store::STATEMENTS;
pub(super) use store::clear;

/// Under [`domains::lock_names`]: the domain has become active. Those who wait for its name are marked and told apart from this:
/// what is done here says nothing to whoever did it, whether there are any or not.
pub(super) async fn mark(tx: &mut Tx, holder: &Domain) -> Result<(), StoreError> {
    store::mark(tx, holder.tenant, &holder.name).await
}

/// What a look at a pending domain comes to, where its name is another's or is free again.
pub(super) async fn judge(tx: &mut Tx, domain: &mut Domain, finding: Finding) -> Result<Finding, StoreError> {
    let enough = matches!(finding, Finding::Proven | Finding::NotChecked);
    if !enough && domain.taken_at.is_none() {
        return Ok(finding);
    }
    if domains::held_elsewhere(tx, domain.tenant, &domain.name).await? {
        if finding == Finding::Proven {
            takeover::open(tx, domain.id).await?;
        }
        return Ok(Finding::HeldElsewhere);
    }
    domain.taken_at = None;
    store::clear(tx, domain.id).await?;
    takeover::close(tx, domain.id).await?;
    Ok(finding)
}

/// The domain lets go of its name: whoever shows a proof of it is looked at now.
pub(super) async fn released(tx: &mut Tx, domain: &Domain) -> Result<(), StoreError> {
    store::hurry(tx, domain.tenant, &domain.name).await
}

/// Tells one that was marked: its log, its state, and by mail whoever registered it.
async fn tell(app: &App, tx: &mut Tx, id: contract::Id<contract::ids::Domain>) -> Result<(), StoreError> {
    domains::lock_names(tx).await?;
    let Some(mut domain) = domains::find(tx, id).await? else { return Ok(()) };
    let untold = store::is_untold(tx, id).await?;
    if domain.state == State::Active || !untold {
        return Ok(());
    }
    if !domains::held_elsewhere(tx, domain.tenant, &domain.name).await? {
        // It went again before anybody was told.
        return store::clear(tx, id).await;
    }
    let state = |domain: &Domain| json!({ "name": domain.name, "result": domain.check.finding.map(Finding::name) });
    let before = state(&domain);
    let now = tx.now();
    domain.check.finding = Some(Finding::HeldElsewhere);
    domain.check.checked_at = domain.check.checked_at.or(Some(now));
    domain.check.next_check_at = proof::next_check(app, &domain, now);
    domains::note_check(tx, &domain).await?;
    store::told(tx, id).await?;
    audit::record(tx, "domain.taken", domain.target(), Some(&before), Some(&state(&domain))).await?;
    // Only while it is still theirs to know.
    let all = grants::over_domain(tx, &domain).await?;
    if let Some(reader) = all.iter().find(|given| domain.created_by == Some(given.person)) {
        mail_out::post(tx, app, &reader.email, News::DomainTaken(&domain.name)).await?;
    }
    Ok(())
}
