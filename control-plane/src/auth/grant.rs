//! The proof that a caller may do one thing. Handlers name the action in their signature; without the proof there is no
//! transaction, hence no data.

use std::{marker::PhantomData, time::Duration};

use axum::{
    extract::{FromRef, FromRequestParts},
    http::request::Parts,
    response::{IntoResponse, Response},
};
use contract::{Id, ids, worker_api::TOKEN_PREFIX};

use super::{
    Action, Caller, Principal, credential,
    scope::{Holding, OnHold, Place, Scope},
    store, token_hash,
};
use crate::{
    api_keys,
    app::{App, AppState},
    db::{Proof, System, sealed},
    factors,
    http::{
        ApiError, Code,
        idempotency::{self, Attempt, Looked},
        layers::{Peer, RequestId},
    },
};

/// The caller may do `A`. There is no other way to make one than a request with good credentials.
pub struct Grant<A> {
    caller: Caller,
    holding: Holding,
    attempt: Option<Attempt>,
    action: PhantomData<fn() -> A>,
}

impl<A: Action> Grant<A> {
    /// The person who calls; 403 for a worker.
    pub fn person(&self) -> Result<(Id<ids::Person>, Id<ids::Session>), ApiError> {
        match self.caller.principal {
            Principal::Person { person, session, .. } => Ok((person, session)),
            Principal::ApiKey { .. } | Principal::Worker { .. } | Principal::Anonymous | Principal::System(_) => {
                Err(ApiError::new(Code::Forbidden))
            }
        }
    }

    /// The person who calls, or who made the key that does; 403 for a worker.
    pub fn maker(&self) -> Result<Id<ids::Person>, ApiError> {
        match self.caller.principal {
            Principal::Person { person, .. } | Principal::ApiKey { maker: person, .. } => Ok(person),
            Principal::Worker { .. } | Principal::Anonymous | Principal::System(_) => {
                Err(ApiError::new(Code::Forbidden))
            }
        }
    }

    pub fn is_key(&self) -> bool {
        matches!(self.caller.principal, Principal::ApiKey { .. })
    }

    /// The worker that calls, and its pool; 403 for a person.
    pub fn worker(&self) -> Result<(Id<ids::Worker>, Id<ids::Pool>), ApiError> {
        match self.caller.principal {
            Principal::Worker { worker, pool } => Ok((worker, pool)),
            Principal::Person { .. } | Principal::ApiKey { .. } | Principal::Anonymous | Principal::System(_) => {
                Err(ApiError::new(Code::Forbidden))
            }
        }
    }
}

/// What it reaches.
impl<A: Action> Grant<A> {
    /// What the caller's live grants that allow the action cover.
    pub fn scope(&self) -> Scope {
        self.holding.scope_of::<A>()
    }

    /// What the caller's live grants that allow another action cover.
    pub fn scope_of<B: Action>(&self) -> Scope {
        self.holding.scope_of::<B>()
    }

    /// 404 where the caller may not see what is there, 403 where they may see it and no more.
    pub fn must_reach(&self, place: Place) -> Result<(), ApiError> {
        self.holding.must_reach::<A>(place)
    }

    pub fn holding(&self) -> &Holding {
        &self.holding
    }
}

impl<A: Action> sealed::Sealed for Grant<A> {}

impl<A: Action> Proof for Grant<A> {
    fn caller(&self) -> &Caller {
        &self.caller
    }

    fn attempt(&self) -> Option<&Attempt> {
        self.attempt.as_ref()
    }
}

impl<A: Action> std::fmt::Debug for Grant<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Grant").field("action", &A::NAME).field("caller", &self.caller).finish_non_exhaustive()
    }
}

/// No grant, or no need to go on.
#[derive(Debug)]
pub enum Rejection {
    Refused(ApiError),
    /// The answer that an earlier call with the same `Idempotency-Key` got.
    Answered(Response),
}

impl From<ApiError> for Rejection {
    fn from(error: ApiError) -> Self {
        Self::Refused(error)
    }
}

impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        match self {
            Self::Refused(error) => error.into_response(),
            Self::Answered(response) => response,
        }
    }
}

impl<A: Action, S: Send + Sync> FromRequestParts<S> for Grant<A>
where
    AppState: FromRef<S>,
{
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Rejection> {
        let app = AppState::from_ref(state);
        let (caller, holding, standing) = authenticate(&app, parts).await?;
        permit::<A>(&holding, &standing)?;
        if A::STEP_UP && !standing.is_fresh {
            return Err(factors::step_up_required(&app, &caller).await?.into());
        }
        let mut grant = Self { caller, holding, attempt: None, action: PhantomData };
        match idempotency::look_up(&app, parts, &grant).await? {
            Looked::Replay(response) => return Err(Rejection::Answered(response)),
            Looked::GoOn(attempt) => grant.attempt = attempt,
        }
        Ok(grant)
    }
}

/// How the caller's session stands.
struct Standing {
    must_change_password: bool,
    /// Nothing but a second factor can be set up.
    enrol_only: bool,
    /// It was shown a moment ago who it is.
    is_fresh: bool,
}

impl Standing {
    const GOOD: Self = Self { must_change_password: false, enrol_only: false, is_fresh: true };
}

fn permit<A: Action>(holding: &Holding, standing: &Standing) -> Result<(), ApiError> {
    if !holding.permits::<A>() {
        return Err(holding.on_hold::<A>().map_or_else(|| ApiError::new(Code::Forbidden), OnHold::refusal));
    }
    if standing.enrol_only && !A::BEFORE_ENROLMENT {
        return Err(ApiError::new(Code::EnrolmentRequired).detail("POST /v1/me/totp or POST /v1/me/passkey-options"));
    }
    if standing.must_change_password && !A::BEFORE_PASSWORD_CHANGE {
        return Err(ApiError::new(Code::PasswordChangeRequired).detail("PUT /v1/me/password"));
    }
    Ok(())
}

/// Where a request came from, before it is known who sent it.
pub fn request_caller(parts: &Parts) -> Caller {
    Caller {
        principal: Principal::Anonymous,
        address: parts.extensions.get::<Peer>().map(|peer| peer.0.ip().to_canonical()),
        request_id: parts.extensions.get::<RequestId>().map(|id| id.0.clone()),
    }
}

/// Who calls, what they hold, and how their session stands.
async fn authenticate(app: &App, parts: &Parts) -> Result<(Caller, Holding, Standing), ApiError> {
    let unauthenticated = || ApiError::new(Code::Unauthenticated);
    let token = credential::access_token(app, parts)?.ok_or_else(unauthenticated)?;
    let mut caller = request_caller(parts);
    let now = app.clock.now();
    let system = System::for_request(caller.clone());
    if token.starts_with(TOKEN_PREFIX) {
        let mut read = app.db.read(&system).await?;
        let (worker, pool) = store::worker(&mut read, token_hash(token), now).await?.ok_or_else(unauthenticated)?;
        caller.principal = Principal::Worker { worker, pool };
        return Ok((caller, Holding::worker(), Standing::GOOD));
    }
    if token.starts_with(api_keys::PREFIX) {
        return by_key(app, caller, token).await;
    }
    let claims = app.tokens.verify(token, now).ok_or_else(unauthenticated)?;
    let mut read = app.db.read(&system).await?;
    let session = store::session(&mut read, claims.session, claims.person, now).await?.ok_or_else(unauthenticated)?;
    let store::Session { email, must_change_password, enrol_only, verified_at } = session;
    caller.principal = Principal::Person { person: claims.person, session: claims.session, email };
    let holding = store::holding(&mut read, claims.person, now).await?;
    let lasts = Duration::from_secs(app.config.sessions.step_up_lifetime_s.get().into());
    let is_fresh = now.since(verified_at) < lasts;
    Ok((caller, holding, Standing { must_change_password, enrol_only, is_fresh }))
}

/// A program: what its key names of what its maker holds now.
async fn by_key(app: &App, mut caller: Caller, token: &str) -> Result<(Caller, Holding, Standing), ApiError> {
    let now = app.clock.now();
    let system = System::for_request(caller.clone());
    let mut read = app.db.read(&system).await?;
    let found = api_keys::find_live(&mut read, token, caller.address, now).await?;
    let key = found.ok_or_else(|| ApiError::new(Code::Unauthenticated))?;
    let holding = store::holding_of_key(&mut read, &key, now).await?;
    drop(read);
    if api_keys::is_use_to_note(&key, now) {
        let noted = async {
            let mut tx = app.db.begin(&system).await?;
            api_keys::note_use(&mut tx, key.id).await?;
            tx.commit().await
        };
        // Whether it is written down is no reason to refuse anything.
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the use of a key was not noted");
        }
    }
    caller.principal = Principal::ApiKey { key: key.id, maker: key.maker, name: key.name };
    // A key cannot step up: making it needed that, and what it names counts so.
    Ok((caller, holding, Standing::GOOD))
}
