//! Active domains are looked at again by schedule: who no longer shows the proof may no longer hold the name. It is told and
//! cuts no mail. `rule` says what a look comes to (pure), `watch` looks, `store` has the SQL.

mod rule;
mod store;
pub(crate) mod watch;

use contract::{Id, Micros, ids};
use serde_json::json;

use super::{Check, Finding};
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

/// What looks came to. Told once it is stored: what was not may be seen again.
#[must_use]
#[derive(Debug, Default)]
pub(super) struct Noted(Vec<(store::Of, Check, Check)>);

impl Noted {
    /// To metrics and log. After the commit.
    pub(super) fn tell(&self, app: &App) {
        for (domain, before, after) in &self.0 {
            let result = after.finding.map_or("not_checked", Finding::name);
            app.metrics.with(|| metrics::counter!("postern_ownership_looks_total", "result" => result).increment(1));
            match (before.lost_at, after.lost_at) {
                (None, Some(_)) => {
                    tracing::warn!(domain = %domain.name, "its proof of ownership is gone; its mail flows on");
                }
                (Some(_), None) => tracing::info!(domain = %domain.name, "its proof of ownership is back"),
                (None, None) | (Some(_), Some(_)) => {}
            }
        }
    }
}

/// Writes down what looks at active domains came to, all at once. Domains that somebody edits at this moment, or that somebody
/// else looked at meanwhile, are left as they are.
pub(super) async fn note(app: &App, tx: &mut Tx, looks: &[Look]) -> Result<Noted, StoreError> {
    let now = tx.now();
    let mut noted = Vec::new();
    for (domain, before) in store::lock(tx, looks).await? {
        let look = looks.iter().find(|look| look.domain == domain.id && look.before == before.checked_at);
        let Some(look) = look else { continue };
        let after = rule::judge(&before, look.finding, now, chance(app));
        noted.push((domain, before, after));
    }
    store::note(tx, noted.iter().map(|(domain, _, after)| (domain.id, after))).await?;
    for (domain, before, after) in &noted {
        record(tx, domain, before, after).await?;
    }
    Ok(Noted(noted))
}

/// Of a domain whose mark comes or goes.
async fn record(tx: &mut Tx, domain: &store::Of, before: &Check, after: &Check) -> Result<(), StoreError> {
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
    audit::record(tx, action, target, Some(&state(before)), Some(&state(after))).await
}

/// A person asked: one was looked at now.
pub(super) async fn note_one(app: &App, tx: &mut Tx, look: Look) -> Result<Noted, StoreError> {
    // The development switch looks at nothing.
    if look.finding == Finding::NotChecked {
        return Ok(Noted::default());
    }
    // Whoever edits it is waited for: a person wants to see what was found.
    super::store::lock(tx, look.domain).await?;
    note(app, tx, &[look]).await
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

pub(super) fn chance(app: &App) -> u32 {
    u32::from_be_bytes(app.entropy.bytes())
}
