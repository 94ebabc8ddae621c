//! Active domains are looked at again by schedule: who no longer shows the proof may no longer hold the name. It is told and
//! cuts no mail. `rule` says what a look comes to (pure), `watch` looks, `store` has the SQL.

mod rule;
mod store;
pub(crate) mod watch;

use contract::{Id, Micros, ids};
use serde_json::json;

use super::{Check, Domain, Finding};
use crate::{
    app::App,
    audit,
    db::{StoreError, System, Tx},
    http::Time,
};
pub(crate) use store::{Lost, STATEMENTS, lost};

/// What somebody saw who looked at an active domain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    pub domain: Id<ids::Domain>,
    /// When it was last looked at before. If somebody else did meanwhile, theirs counts.
    pub before: Option<Micros>,
    pub finding: Finding,
}

/// The first look after a domain became active.
pub(super) fn first(app: &App, now: Micros) -> Micros {
    rule::daily(now, chance(app))
}

/// Writes down what looks at active domains came to, all at once, and tells what that changes. Domains that somebody edits at
/// this moment are left for another look.
pub(super) async fn note(app: &App, tx: &mut Tx, looks: &[Look]) -> Result<(), StoreError> {
    let now = tx.now();
    let mut noted = Vec::new();
    for (domain, before) in store::lock(tx, looks).await? {
        let look = looks.iter().find(|look| look.domain == domain.id && look.before == before.checked_at);
        let Some(look) = look else { continue };
        let after = rule::judge(&before, look.finding, now, chance(app));
        app.metrics.with(|| {
            metrics::counter!("postern_ownership_looks_total", "result" => look.finding.name()).increment(1);
        });
        noted.push((domain, before, after));
    }
    store::note(tx, noted.iter().map(|(domain, _, after)| (domain.id, after))).await?;
    for (domain, before, after) in &noted {
        tell(tx, domain, before, after).await?;
    }
    Ok(())
}

/// Of a domain whose mark comes or goes.
async fn tell(tx: &mut Tx, domain: &store::Of, before: &Check, after: &Check) -> Result<(), StoreError> {
    let state = |check: &Check| {
        json!({ "name": domain.name.as_ascii(), "result": check.finding.map(Finding::name),
            "missing_since": check.missing_since.map(Time), "ownership_lost_at": check.lost_at.map(Time) })
    };
    let action = match (before.lost_at, after.lost_at) {
        (None, Some(_)) => "domain.ownership_lost",
        (Some(_), None) => "domain.ownership_regained",
        (None, None) | (Some(_), Some(_)) => return Ok(()),
    };
    let target = audit::Target::new("domain").id(domain.id).of_tenant(domain.tenant);
    audit::record(tx, action, target, Some(&state(before)), Some(&state(after))).await?;
    if after.lost_at.is_some() {
        tracing::warn!(domain = %domain.name, "its proof of ownership is gone; its mail flows on");
    } else {
        tracing::info!(domain = %domain.name, "its proof of ownership is back");
    }
    Ok(())
}

/// A person asked: looks at one now. The domain as it is then; none if it went meanwhile.
pub(super) async fn note_one(
    app: &App,
    tx: &mut Tx,
    domain: &Domain,
    finding: Finding,
) -> Result<Option<Domain>, StoreError> {
    // The development switch looks at nothing.
    if finding != Finding::NotChecked {
        super::store::lock(tx, domain.id).await?;
        // What is written now is newer than whatever was seen in between.
        let Some(now) = super::store::find(tx, domain.id).await? else { return Ok(None) };
        note(app, tx, &[Look { domain: domain.id, before: now.check.checked_at, finding }]).await?;
    }
    super::store::find(tx, domain.id).await
}

/// How many domains have lost it, in the text form of Prometheus: counted anew each time, so that all replicas say the same.
pub(crate) async fn metrics(app: &App) -> String {
    const NAME: &str = "postern_domains_ownership_lost";
    let found = async { lost(&mut app.db.read(&System::task("metrics")).await?, 1).await };
    match found.await {
        Ok(Lost { total, .. }) => format!("# TYPE {NAME} gauge\n{NAME} {total}\n"),
        Err(error) => {
            tracing::debug!(%error, "lost domains are missing from the metrics");
            String::new()
        }
    }
}

fn chance(app: &App) -> u32 {
    u32::from_be_bytes(app.entropy.bytes())
}
