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
    db::{Proof, Read, System, Tx, sealed},
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
    shown: Shown,
    holding: Holding,
    /// It was shown a moment ago who it is.
    is_fresh: bool,
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
        self.key().is_some()
    }

    /// The key, where a program calls.
    pub fn key(&self) -> Option<Id<ids::ApiKey>> {
        match self.caller.principal {
            Principal::ApiKey { key, .. } => Some(key),
            Principal::Person { .. } | Principal::Worker { .. } | Principal::Anonymous | Principal::System(_) => None,
        }
    }

    /// Was it shown a moment ago who calls? For what takes a step-up of some people only.
    pub fn is_fresh(&self) -> bool {
        self.is_fresh
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

    /// What is held in the eyes of a transaction: with what it made itself, which no grant was read with.
    pub async fn renew(&mut self, app: &App, tx: &mut Tx) -> Result<(), ApiError> {
        self.holding = self.holding_now(app, tx).await?;
        Ok(())
    }

    /// For a call that does several things: may the caller do this one, and have they shown lately who they are, where it
    /// asks for that?
    pub async fn must_permit<B: Action>(&self, app: &App, read: &mut Read) -> Result<(), ApiError> {
        if !self.holding.permits::<B>() {
            return Err(ApiError::new(Code::Forbidden));
        }
        if B::STEP_UP { self.must_have_stepped_up(app, read).await } else { Ok(()) }
    }
}

/// What may have changed since the request came, and what only a part of it needs.
impl<A: Action> Grant<A> {
    /// After a wait, and before anything is answered: 401 where the credential has ended meanwhile, 403 where it is worth less.
    pub async fn renewed(self, app: &App) -> Result<Self, ApiError> {
        let mut read = app.db.read(&self).await?;
        let Verified { caller, holding, standing, .. } =
            verify(app, &mut read, self.caller.anonymous(), self.shown).await?;
        permit::<A>(&holding, &standing)?;
        Ok(Self { caller, holding, is_fresh: standing.is_fresh, ..self })
    }

    /// What the caller holds as this transaction sees it; 401 where the credential has ended.
    pub async fn holding_now(&self, app: &App, read: &mut Read) -> Result<Holding, ApiError> {
        Ok(verify(app, read, self.caller.clone(), self.shown).await?.holding)
    }

    /// For what only some calls of an action do, and is worth protecting. Of keys: what they name counts as stepped up.
    pub async fn must_have_stepped_up(&self, app: &App, read: &mut Read) -> Result<(), ApiError> {
        if self.is_fresh { Ok(()) } else { Err(factors::step_up_required(app, read, &self.caller).await?) }
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
        let (Verified { caller, holding, standing, .. }, shown) = match authenticate(&app, parts).await {
            Ok(found) => found,
            Err(error) => {
                // A worker whose token is over must hear so: it gets itself another.
                if error.code() == Code::Unauthenticated && !parts.uri.path().starts_with("/worker/") {
                    app.rates.count_stranger(&app, parts.extensions.get(), &request_caller(parts))?;
                }
                return Err(error.into());
            }
        };
        app.rates.count(&app, parts.extensions.get(), &caller)?;
        permit::<A>(&holding, &standing)?;
        let is_fresh = standing.is_fresh;
        let mut grant = Self { caller, shown, holding, is_fresh, attempt: None, action: PhantomData };
        if A::STEP_UP && !is_fresh {
            let mut read = app.db.read(&grant).await.map_err(ApiError::from)?;
            grant.must_have_stepped_up(&app, &mut read).await?;
        }
        match idempotency::look_up(&app, parts, &grant).await? {
            Looked::Replay(response) => return Err(Rejection::Answered(response)),
            Looked::GoOn(attempt) => grant.attempt = attempt,
        }
        Ok(grant)
    }
}

/// What a request shows, of which the form is right.
#[derive(Debug, Clone, Copy)]
enum Shown {
    Worker([u8; 32]),
    Key([u8; 32]),
    Session(Id<ids::Session>, Id<ids::Person>),
}

/// What that is worth now.
struct Verified {
    caller: Caller,
    holding: Holding,
    standing: Standing,
    /// A key whose use is to be written down.
    used: Option<Id<ids::ApiKey>>,
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
async fn authenticate(app: &App, parts: &Parts) -> Result<(Verified, Shown), ApiError> {
    let shown = shown(app, parts)?;
    let caller = request_caller(parts);
    let system = System::for_request(caller.clone());
    let verified = verify(app, &mut app.db.read(&system).await?, caller, shown).await?;
    if let Some(key) = verified.used {
        let noted = async {
            let mut tx = app.db.begin(&system).await?;
            api_keys::note_use(&mut tx, key).await?;
            tx.commit().await
        };
        // Whether it is written down is no reason to refuse anything.
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the use of a key was not noted");
        }
    }
    Ok((verified, shown))
}

fn unauthenticated() -> ApiError {
    ApiError::new(Code::Unauthenticated)
}

fn shown(app: &App, parts: &Parts) -> Result<Shown, ApiError> {
    let token = credential::access_token(app, parts)?.ok_or_else(unauthenticated)?;
    if token.starts_with(TOKEN_PREFIX) {
        return Ok(Shown::Worker(token_hash(token)));
    }
    if token.starts_with(api_keys::PREFIX) {
        return api_keys::hash(token).map(Shown::Key).ok_or_else(unauthenticated);
    }
    let claims = app.tokens.verify(token, app.clock.now()).ok_or_else(unauthenticated)?;
    Ok(Shown::Session(claims.session, claims.person))
}

async fn verify(app: &App, read: &mut Read, mut caller: Caller, shown: Shown) -> Result<Verified, ApiError> {
    let now = app.clock.now();
    match shown {
        Shown::Worker(hash) => {
            let (worker, pool) = store::worker(read, hash, now).await?.ok_or_else(unauthenticated)?;
            caller.principal = Principal::Worker { worker, pool };
            Ok(Verified { caller, holding: Holding::worker(), standing: Standing::GOOD, used: None })
        }
        // A program: what its key names of what its maker holds now. A key cannot step up: making it needed that, and what
        // it names counts so.
        Shown::Key(hash) => {
            let key = api_keys::find_live(read, hash, caller.address, now).await?.ok_or_else(unauthenticated)?;
            let holding = store::holding_of_key(read, &key, now).await?;
            let used = api_keys::is_use_to_note(&key, now).then_some(key.id);
            caller.principal = Principal::ApiKey { key: key.id, maker: key.maker, name: key.name };
            Ok(Verified { caller, holding, standing: Standing::GOOD, used })
        }
        Shown::Session(session, person) => {
            let found = store::session(read, session, person, now).await?.ok_or_else(unauthenticated)?;
            let store::Session { email, must_change_password, enrol_only, verified_at } = found;
            caller.principal = Principal::Person { person, session, email };
            let holding = store::holding(read, person, now).await?;
            let lasts = Duration::from_secs(app.config.sessions.step_up_lifetime_s.get().into());
            let is_fresh = now.since(verified_at) < lasts;
            Ok(Verified {
                caller,
                holding,
                standing: Standing { must_change_password, enrol_only, is_fresh },
                used: None,
            })
        }
    }
}
