//! The proof that a tenant holds a domain: a TXT record with a value of this tenant, this domain and this installation.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use checks::ownership::{self, Missing, Ownership};
use contract::{Id, ids, mail::Domain as Name};

use super::{Check, Domain, Finding, State, moving::Former, rivals, store, view::DomainView};
use crate::{
    app::App,
    audit,
    db::{StoreError, Tx},
    hex, outbox,
    vault::{Purpose, Vault},
};

/// What the record must say. The same at every look; another for every other tenant or name.
pub(super) fn expected(vault: &Vault, tenant: Id<ids::Tenant>, name: &Name) -> String {
    let context = [tenant.uuid().as_bytes().as_slice(), name.as_ascii().as_bytes()].concat();
    let key = vault.derive(Purpose::DomainProof, &context);
    format!("postern-domain-verification={}", URL_SAFE_NO_PAD.encode(&key[..24]))
}

/// Who says that a name is theirs.
#[derive(Debug, Clone)]
pub(super) struct Claim {
    pub tenant: Id<ids::Tenant>,
    /// Whose values count as well for a time.
    pub former: Former,
    pub name: Name,
}

/// Asks DNS. Never while a transaction is open.
pub(super) async fn look(app: &App, claim: &Claim) -> Finding {
    if app.config.accept_domains_without_proof {
        return Finding::NotChecked;
    }
    for tenant in std::iter::once(&claim.tenant).chain(claim.former.at(app.clock.now())) {
        let expected = expected(&app.vault, *tenant, &claim.name);
        let sibling = hex::digits(&app.entropy.bytes::<8>());
        return match ownership::ownership(&app.dns, &claim.name, &expected, &sibling).await {
            Ownership::Proven => Finding::Proven,
            Ownership::NotProven(Missing::Record) => Finding::RecordMissing,
            // Perhaps it is still the value of before.
            Ownership::NotProven(Missing::Value) => continue,
            Ownership::NotProven(Missing::Own) => Finding::Wildcard,
            Ownership::Unknown(_) => Finding::DnsUnavailable,
        };
    }
    Finding::ValueDiffers
}

/// Writes down what was found about a pending domain, and activates it where that is enough. The domain as it is now; none if
/// it went meanwhile. One that became active meanwhile is left as it is, and so is one that is another tenant's now.
pub(super) async fn apply(
    app: &App,
    tx: &mut Tx,
    (id, claimant): (Id<ids::Domain>, Id<ids::Tenant>),
    finding: Finding,
) -> Result<Option<Domain>, StoreError> {
    // Two proofs of the same name at once: one is first.
    store::lock_names(tx).await?;
    let Some(mut domain) = store::find(tx, id).await? else { return Ok(None) };
    if domain.state == State::Active || domain.tenant != claimant {
        return Ok(Some(domain));
    }
    let finding = rivals::judge(tx, &mut domain, finding).await?;
    let now = tx.now();
    let next_check_at = next_check(app, &domain, now);
    domain.check = Check { checked_at: Some(now), finding: Some(finding), next_check_at, ..Check::default() };
    if !matches!(finding, Finding::Proven | Finding::NotChecked) {
        store::note_check(tx, &domain).await?;
        return Ok(Some(domain));
    }
    let before = domain.clone();
    domain.state = State::Active;
    domain.activated_at = Some(now);
    domain.check.next_check_at = Some(super::ownership::first(app, now));
    store::note_check(tx, &domain).await?;
    store::update(tx, &domain).await?;
    domain.revision += 1;
    let view = |domain: &Domain| DomainView::new(domain, &app.vault);
    audit::record(tx, "domain.activate", domain.target(), Some(&view(&before)), Some(&view(&domain))).await?;
    outbox::record(tx, &domain.change()).await?;
    rivals::mark(tx, &domain).await?;
    Ok(Some(domain))
}

/// A young domain is looked at often: somebody is waiting. An old one seldom, and after 30 days no more by itself.
pub(super) fn next_check(app: &App, domain: &Domain, now: contract::Micros) -> Option<contract::Micros> {
    use std::time::Duration;
    let age = now.since(domain.created_at);
    if age > Duration::from_hours(30 * 24) {
        return None;
    }
    let often = Duration::from_secs(app.config.domain_check_interval_s.max(1));
    Some(now + (age / 20).clamp(often, Duration::from_hours(6).max(often)))
}
