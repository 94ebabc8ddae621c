//! The beginning of a session, once it is known who signs in, and the answer that tells of it.

use std::time::Duration;

use axum::{http::header, response::Response};
use contract::{Id, Micros, ids};

use super::{RefreshToken, Stranger, api::SessionView, store};
use crate::{
    app::App,
    audit::{self, Target},
    auth::{Principal, credential, token::Identity},
    db::{System, Tx},
    http::{Answer, ApiError, Time, commit},
};

/// Who signs in, and how they showed it.
#[derive(Debug)]
pub(crate) struct SignIn {
    pub person: Id<ids::Person>,
    pub email: String,
    pub must_change_password: bool,
    /// Nothing but a second factor can be set up.
    pub enrol_only: bool,
    /// From then on it will be so.
    pub factor_required_from: Option<Micros>,
    /// What was shown: `password`, …
    pub factors: Vec<&'static str>,
    /// For a browser: the tokens go into cookies.
    pub cookies: bool,
}

/// Signs them in.
pub(crate) async fn begin(app: &App, stranger: Stranger, sign_in: SignIn) -> Result<Response, ApiError> {
    let Stranger { mut caller, agent, headers, .. } = stranger;
    if sign_in.cookies {
        credential::from_our_pages(app, &axum::http::Method::POST, &headers)?;
    }
    let now = app.clock.now();
    let session = Id::<ids::Session>::new(now, app.entropy.bytes());
    let lasts = if sign_in.enrol_only { ENROL_ONLY } else { absolute(app) };
    let ends = Ends::of(app, now, now + lasts);
    let token = RefreshToken(zeroize::Zeroizing::new(app.entropy.bytes()));
    let (address, account) = (caller.address, app.throttle.account(&sign_in.email));
    caller.principal = Principal::Person { person: sign_in.person, session, email: sign_in.email };
    let mut tx = app.db.begin(&System::for_request(caller)).await?;
    let row = store::NewSession {
        id: session,
        person: sign_in.person,
        agent: agent.as_deref(),
        factors: &sign_in.factors,
        enrol_only: sign_in.enrol_only,
        idle_ends_at: ends.idle,
        expires_at: ends.absolute,
    };
    store::insert_session(&mut tx, &row).await?;
    store::insert_token(&mut tx, &token.hash(), session).await?;
    let after = serde_json::json!({ "factors": sign_in.factors });
    audit::record(&mut tx, "session.create", Target::new("session").id(session), audit::NOTHING, Some(&after)).await?;
    let given = Given { person: sign_in.person, session, ends, token, cookies: sign_in.cookies };
    let SignIn { must_change_password, enrol_only, factor_required_from, .. } = sign_in;
    let password_compromised = store::is_compromised(&mut tx, given.person).await?;
    let standing = Standing { must_change_password, password_compromised, enrol_only, factor_required_from };
    let (view, cookies) = given.view(app, now, standing)?;
    let response = commit(tx, Answer::created("/v1/me", &view)).await?;
    app.throttle.signed_in(address, account, now);
    let device = given.cookies.then(|| app.throttle.keep_device(&headers, account, now, &app.entropy));
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
