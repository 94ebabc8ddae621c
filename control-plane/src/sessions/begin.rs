//! The beginning of a session, once it is known who signs in, and the answer that tells of it.

use std::time::Duration;

use axum::{http::header, response::Response};
use contract::{Id, Micros, ids};

use super::{RefreshToken, Stranger, api::SessionView, store};
use crate::{
    app::App,
    audit::{self, Target},
    auth::{Principal, credential, token::Identity},
    db::Tx,
    factors::Held,
    http::{Answer, ApiError, Time, commit},
    persons::Account,
    sign_in_policy,
};

/// Who signs in, and how they showed it.
#[derive(Debug)]
pub(crate) struct SignIn {
    /// Its row is held by the transaction: that this is still enough was looked at under it.
    pub account: Account,
    /// What the account has then.
    pub held: Held,
    /// What was shown: `password`, …
    pub factors: Vec<&'static str>,
    /// For a browser: the tokens go into cookies.
    pub cookies: bool,
}

/// Signs them in, and commits.
pub(crate) async fn begin(app: &App, mut tx: Tx, stranger: Stranger, sign_in: SignIn) -> Result<Response, ApiError> {
    let Stranger { caller, agent, headers, .. } = stranger;
    let SignIn { account, held, factors, cookies } = sign_in;
    if cookies {
        credential::from_our_pages(app, &axum::http::Method::POST, &headers)?;
    }
    let now = tx.now();
    let person = account.id;
    let demand = sign_in_policy::demand(&mut tx, person, &account.email).await?;
    let standing = Standing {
        must_change_password: account.must_change_password,
        password_compromised: account.password_compromised,
        // Also for who came in by a recovery code and has nothing else that is of use here.
        enrol_only: !held.usable() && demand.is_required(now),
        factor_required_from: demand.still_to_come(now).filter(|_| !held.usable()),
    };
    let session = Id::<ids::Session>::new(now, app.entropy.bytes());
    let lasts = if standing.enrol_only { ENROL_ONLY } else { absolute(app) };
    let ends = Ends::of(app, now, now + lasts);
    let token = RefreshToken(zeroize::Zeroizing::new(app.entropy.bytes()));
    let key = app.throttle.account(&account.email);
    tx.act_as(Principal::Person { person, session, email: account.email });
    let row = store::NewSession {
        id: session,
        person,
        agent: agent.as_deref(),
        factors: &factors,
        enrol_only: standing.enrol_only,
        idle_ends_at: ends.idle,
        expires_at: ends.absolute,
    };
    store::insert_session(&mut tx, &row).await?;
    store::insert_token(&mut tx, &token.hash(), session).await?;
    let after = serde_json::json!({ "factors": factors });
    audit::record(&mut tx, "session.create", Target::new("session").id(session), audit::NOTHING, Some(&after)).await?;
    let given = Given { person, session, ends, token, cookies };
    let (view, cookies) = given.view(app, now, standing)?;
    let response = commit(tx, Answer::created("/v1/me", &view)).await?;
    app.throttle.signed_in(caller.address, key, now);
    let device = given.cookies.then(|| app.throttle.keep_device(&headers, key, now, &app.entropy));
    Ok(with_cookies(response, cookies.into_iter().chain(device)))
}

/// How long there is to set up a factor.
const ENROL_ONLY: Duration = Duration::from_mins(10);

pub(super) fn absolute(app: &App) -> Duration {
    Duration::from_secs(app.config.sessions.absolute_lifetime_s.get().into())
}

/// Until when what is good.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ends {
    access: Duration,
    pub idle: Micros,
    pub absolute: Micros,
}

impl Ends {
    /// Of a session that is begun or carried on now.
    pub(super) fn of(app: &App, now: Micros, absolute: Micros) -> Self {
        let settings = &app.config.sessions;
        let idle = (now + Duration::from_secs(settings.idle_lifetime_s.get().into())).min(absolute);
        let access = Duration::from_secs(settings.access_lifetime_s.get().into()).min(idle.since(now));
        Self { access, idle, absolute }
    }
}

/// What a client is given.
#[derive(Debug)]
pub(super) struct Given {
    pub person: Id<ids::Person>,
    pub session: Id<ids::Session>,
    pub ends: Ends,
    pub token: RefreshToken,
    pub cookies: bool,
}

/// What stands between a session and what its person may do.
#[derive(Debug, Clone, Copy)]
pub(super) struct Standing {
    pub must_change_password: bool,
    pub password_compromised: bool,
    pub enrol_only: bool,
    pub factor_required_from: Option<Micros>,
}

impl Given {
    /// The answer, and the cookies where the tokens go there.
    pub(super) fn view(
        &self,
        app: &App,
        now: Micros,
        standing: Standing,
    ) -> Result<(SessionView, Vec<header::HeaderValue>), ApiError> {
        let identity = Identity { person: self.person, session: self.session };
        let (access, expires_at) = app.tokens.issue(identity, now, self.ends.access).map_err(ApiError::internal)?;
        let refresh = self.token.text();
        let mut view = SessionView {
            id: self.session,
            access_token: String::new(),
            token_type: "Cookie".to_owned(),
            expires_at: Time(expires_at),
            refresh_token: String::new(),
            refresh_expires_at: Time(self.ends.idle),
            must_change_password: standing.must_change_password,
            password_compromised: standing.password_compromised,
            must_enrol_factor: standing.enrol_only,
            factor_required_from: standing.factor_required_from.map(Time),
        };
        if self.cookies {
            let cookies = credential::keep(
                (&access, expires_at.since(now).as_secs()),
                (&refresh, self.ends.idle.since(now).as_secs()),
            );
            return Ok((view, cookies.into()));
        }
        "Bearer".clone_into(&mut view.token_type);
        (view.access_token, view.refresh_token) = (access, refresh);
        Ok((view, Vec::new()))
    }
}

pub(super) fn with_cookies(mut response: Response, cookies: impl IntoIterator<Item = header::HeaderValue>) -> Response {
    for cookie in cookies {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

/// A session that set up a factor has shown it. One that could do nothing else is as good as any from now on.
pub(crate) async fn factor_enrolled(
    app: &App,
    tx: &mut Tx,
    person: Id<ids::Person>,
    session: Id<ids::Session>,
    method: &str,
) -> Result<(), ApiError> {
    let state = store::state(tx, session).await?.ok_or_else(ApiError::not_found)?;
    let expires_at = if state.enrol_only {
        Micros::from_micros(state.created_at) + absolute(app)
    } else {
        Micros::from_micros(state.expires_at)
    };
    let ends = Ends::of(app, tx.now(), expires_at);
    store::make_whole(tx, session, ends.idle, expires_at).await?;
    store::make_stale(tx, person, session).await?;
    factor_shown(tx, session, method).await
}

/// The session has shown something just now.
pub(crate) async fn factor_shown(tx: &mut Tx, session: Id<ids::Session>, method: &str) -> Result<(), ApiError> {
    let state = store::state(tx, session).await?.ok_or_else(ApiError::not_found)?;
    let mut factors = state.shown()?;
    if !factors.iter().any(|shown| shown == method) {
        factors.push(method.to_owned());
    }
    Ok(store::verified(tx, session, &factors).await?)
}
