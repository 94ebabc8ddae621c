//! `/v1/sessions/refresh`: a session is carried on by its refresh token, which is good once.
//!
//! Each token has one that comes after it; all of a session's are a family. One that comes back after it was spent is in two
//! hands: the family ends. But who asks again within half a minute, from the same place, only did not hear the answer, or
//! has two windows: it gets the same token again.

use std::time::Duration;

use axum::{
    extract::{DefaultBodyLimit, State},
    http::Method,
    response::Response,
};
use contract::{Id, Micros};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    RefreshToken, Stranger,
    api::SessionView,
    begin::{Ends, Given, Standing, with_cookies},
    store,
};
use crate::{
    app::AppState,
    audit::{self, Target},
    auth::credential,
    db::System,
    http::{Answer, ApiError, ApiJson, Code, commit, docs::CommonProblems},
};

const BODY_BYTES: usize = 4 * 1024;
const GRACE: Duration = Duration::from_secs(30);

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(update_session)).layer(DefaultBodyLimit::max(BODY_BYTES))
}

#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SessionRefresh {
    /// The newest one of the session. Left out: the one in the browser's cookie, and the new ones go there as well.
    #[schema(value_type = Option<String>, example = "prt_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw", max_length = 100)]
    refresh_token: Option<String>,
}

impl std::fmt::Debug for SessionRefresh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionRefresh(…)")
    }
}

/// Carry a session on: a new access token, and a new refresh token in place of the one that is given.
///
/// A refresh token is good once. One that was spent before ends the session, for it is in two hands; only the client that
/// spent it gets the same answer again, for 30 seconds.
#[utoipa::path(post, path = "/v1/sessions/refresh", operation_id = "update_session", tag = "account",
    request_body = SessionRefresh,
    responses((status = 200, description = "Carried on", body = SessionView), CommonProblems))]
pub(super) async fn update_session(
    State(app): State<AppState>,
    stranger: Stranger,
    ApiJson(body): ApiJson<SessionRefresh>,
) -> Result<Response, ApiError> {
    let refused = || ApiError::new(Code::InvalidRefreshToken);
    let unknown = || stranger.count(&app).map_or_else(|limited| limited, |()| refused());
    let in_cookie = credential::refresh_cookie(&app, &Method::POST, &stranger.headers);
    let (text, cookies) = match body.refresh_token {
        Some(text) => (text, false),
        None => (in_cookie?.ok_or_else(unknown)?.to_owned(), true),
    };
    let token = RefreshToken::parse(&text).ok_or_else(unknown)?;
    let mark = stranger.mark();
    let system = System::for_request(stranger.caller.clone());
    let now = app.clock.now();
    // Whoever sends what was never given makes no writing transaction.
    if store::family(&mut app.db.read(&system).await?, &token.hash()).await?.is_none() {
        return Err(unknown());
    }
    let mut tx = app.db.begin(&system).await?;
    let first = store::spend_token(&mut tx, &token.hash(), &mark).await?;
    let family = store::family(&mut tx, &token.hash()).await?.ok_or_else(refused)?;
    if !family.is_alive(now) {
        return Err(refused());
    }
    let session = Id::from_uuid(family.session);
    let next = token.next(&app.vault);
    if first {
        store::insert_token(&mut tx, &next.hash(), session).await?;
    } else if !family.is_repeated(now, &mark) {
        store::end_session(&mut tx, session).await?;
        let target = Target::new("session").id(session);
        let after = serde_json::json!({ "person_id": Id::<contract::ids::Person>::from_uuid(family.person) });
        audit::record(&mut tx, "session.end_reused", target, audit::NOTHING, Some(&after)).await?;
        tx.commit().await?;
        tracing::warn!(%session, "a refresh token came back after it was spent: the session has ended");
        return Err(refused());
    }
    let ends = Ends::of(&app, now, Micros::from_micros(family.expires_at));
    store::carry_on(&mut tx, session, ends.idle).await?;
    let given = Given { person: Id::from_uuid(family.person), session, ends, token: next, cookies };
    let standing = Standing {
        must_change_password: family.must_change_password,
        password_compromised: store::is_compromised(&mut tx, given.person).await?,
        enrol_only: family.enrol_only,
        factor_required_from: None,
    };
    let (view, cookies) = given.view(&app, now, standing)?;
    let response = commit(tx, Answer::ok(&view)).await?;
    Ok(with_cookies(response, cookies))
}

impl store::Family {
    fn is_alive(&self, now: Micros) -> bool {
        self.ended_at.is_none() && self.idle_ends_at.unwrap_or(self.expires_at) > now.as_micros()
    }

    /// Spent a moment ago by who asks now.
    fn is_repeated(&self, now: Micros, mark: &[u8; 32]) -> bool {
        let recent = self.spent_at.is_some_and(|spent_at| now.since(Micros::from_micros(spent_at)) <= GRACE);
        recent && self.spent_by.as_deref() == Some(mark.as_slice())
    }
}
