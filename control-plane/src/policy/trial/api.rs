//! `POST /v1/policy:test`

use std::time::Duration;

use axum::extract::State;
use contract::policy::{
    Disposition, Known, Rule,
    message::{self, MessageFacts},
};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    facts,
    view::{Envelope, PolicyTest, PolicyTestVerdict, PolicyTestView},
};
use crate::{
    app::{App, AppState},
    auth::{Grant, action::ReadPolicy},
    http::{Answer, ApiError, ApiJson, docs::CommonProblems},
    policy::{api::seen_levels, view::EffectivePolicy},
};

/// As long as a worker waits for it.
const NULL_MX_PATIENCE: Duration = Duration::from_secs(3);

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(test_policy))
}

/// Say what a worker would answer to an envelope now: by the same rules, with the configuration as it is written. Nothing is
/// sent, and no next hop is asked.
#[utoipa::path(post, path = "/v1/policy:test", operation_id = "test_policy", tag = "policy", request_body = PolicyTest,
    responses((status = 200, description = "What would be answered", body = PolicyTestView), CommonProblems))]
pub(super) async fn test_policy(
    grant: Grant<ReadPolicy>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<PolicyTest>,
) -> Result<Answer, ApiError> {
    let envelope = body.parse()?;
    let now = app.clock.now();
    let mut read = app.db.read(&grant).await?;
    let found = facts::gather(&mut read, &grant.scope(), &envelope, now).await?;
    // DNS is not asked while a transaction is open.
    drop(read);
    let effective = found.effective();
    let mut verdict = found.judge(&envelope, Known::Unavailable, now);
    let matters = matches!(verdict.rule, Rule::Default | Rule::Recipients | Rule::RoutingCharacters);
    if matters && found.served.is_some() && effective.reject_null_mx_sender {
        verdict = found.judge(&envelope, null_mx(&app, &envelope).await, now);
    }
    let open = verdict.disposition == Disposition::Accepted || verdict.rule == Rule::Recipients;
    let facts = MessageFacts { size_bytes: envelope.size_bytes.unwrap_or(0), ..MessageFacts::default() };
    let refused = message::judge(&effective, &facts).filter(|_| verdict.disposition == Disposition::Accepted);
    Ok(Answer::ok(&PolicyTestView {
        recipient: PolicyTestVerdict::from(&verdict),
        message: refused.as_ref().map(PolicyTestVerdict::from),
        asks_next_hop: open && found.is_open(),
        tenant_id: found.served.as_ref().map(|served| served.tenant),
        domain_id: found.served.as_ref().map(|served| served.domain),
        route_id: found.served.as_ref().and_then(|served| served.route),
        effective: found
            .served
            .as_ref()
            .map(|served| EffectivePolicy::new(&served.folded, &seen_levels(&grant.scope(), &served.place))),
    }))
}

async fn null_mx(app: &App, envelope: &Envelope) -> Known<bool> {
    let Some(domain) = envelope.sender.domain() else { return Known::Yes(false) };
    match tokio::time::timeout(NULL_MX_PATIENCE, app.dns.null_mx(domain)).await {
        Ok(checks::Outcome::Known(_)) => Known::Yes(true),
        Ok(checks::Outcome::Absent) => Known::Yes(false),
        Ok(checks::Outcome::Unavailable(_)) | Err(_) => Known::Unavailable,
    }
}
