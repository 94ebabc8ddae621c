//! `/v1/invitations/look` and `/v1/invitations/accept`: for whoever holds a link.

use axum::{
    extract::{DefaultBodyLimit, State},
    response::Response,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use zeroize::Zeroizing;

use super::{
    Invitation, PREFIX, accept, store,
    view::{InvitationAccept, InvitationAccepted, InvitationLook, InvitationToken},
};
use crate::{
    app::{App, AppState},
    auth::{
        Grant,
        action::AcceptInvitation,
        secret,
        throttle::{Attempt, Guess},
    },
    db::{Proof, Read, System},
    domains,
    grants::Over,
    http::{Answer, ApiError, ApiJson, Code, Time, docs::CommonProblems},
    persons::{self, Person},
    sessions::Stranger,
    tenants,
};

/// Anybody may send one of these.
const BODY_BYTES: usize = 8 * 1024;

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(preview_invitation))
        .routes(routes!(accept_invitation))
        .routes(routes!(accept_my_invitation))
        .layer(DefaultBodyLimit::max(BODY_BYTES))
}

pub(super) fn link_over() -> ApiError {
    ApiError::new(Code::LinkOver)
}

/// What a token is stored as; none: a slip, which needs no question to the database.
fn parse(token: String) -> Option<[u8; 32]> {
    secret::hash(PREFIX, &Zeroizing::new(token))
}

/// What a link leads to, while it is good for something. What is no token at all is nobody's guess.
async fn behind(app: &App, read: &mut Read, attempt: Attempt, token: Option<[u8; 32]>) -> Result<Invitation, ApiError> {
    let found = match token {
        Some(token) => store::by_token(read, token).await,
        None => Ok(None),
    };
    let Some(invitation) = found? else {
        if token.is_some() {
            attempt.wrong();
        } else {
            attempt.withdraw();
        }
        return Err(link_over());
    };
    attempt.right();
    if invitation.is_good(read, app.clock.now()).await? { Ok(invitation) } else { Err(link_over()) }
}

/// See what a link is good for, before accepting. One that is spent, revoked, over or unknown is `link_over` (410), all alike.
#[utoipa::path(post, path = "/v1/invitations/look", operation_id = "preview_invitation", tag = "invitations",
    request_body = InvitationToken,
    responses((status = 200, description = "What it is about", body = InvitationLook), CommonProblems))]
pub(super) async fn preview_invitation(
    State(app): State<AppState>,
    stranger: Stranger,
    ApiJson(body): ApiJson<InvitationToken>,
) -> Result<Answer, ApiError> {
    let attempt = app.throttle.begin(&app, Guess::link(&stranger.caller)).await?;
    let system = System::for_request(stranger.caller.clone().anonymous());
    let mut read = app.db.read(&system).await?;
    let token = parse(body.token);
    let invitation = behind(&app, &mut read, attempt, token).await?;
    let tenant = tenants::find(&mut read, invitation.tenant()).await?.ok_or_else(link_over)?;
    let domain_name = match invitation.over {
        Over::Domain(domain, _) => domains::find(&mut read, domain).await?.map(|domain| domain.name.to_unicode()),
        Over::Installation | Over::Tenant(_) => None,
    };
    let has_account = persons::by_email(&mut read, &invitation.email).await?.is_some();
    Ok(Answer::ok(&InvitationLook {
        email: invitation.email.clone(),
        tenant_name: tenant.name,
        role: invitation.role.clone(),
        scope: invitation.over.named().0,
        domain_name,
        grant_expires_at: invitation.grant_expires_at.map(Time),
        has_account,
        expires_at: Time(invitation.expires_at),
    }))
}

/// Accept an invitation for a new account: it is made with the password, the grant arises, and the link is spent.
///
/// Whoever has an account with the address signs in and accepts at `POST /v1/me/invitations/accept` (401 here). Nobody is signed
/// in by it.
#[utoipa::path(post, path = "/v1/invitations/accept", operation_id = "accept_invitation", tag = "invitations",
    request_body = InvitationAccept,
    responses((status = 200, description = "Accepted", body = InvitationAccepted), CommonProblems))]
pub(super) async fn accept_invitation(
    State(app): State<AppState>,
    stranger: Stranger,
    ApiJson(body): ApiJson<InvitationAccept>,
) -> Result<Response, ApiError> {
    let attempt = app.throttle.begin(&app, Guess::link(&stranger.caller)).await?;
    let system = System::for_request(stranger.caller.anonymous());
    let (link, known) = open(&app, &system, attempt, body.token).await?;
    if known.is_some() {
        return Err(accept::sign_in_first());
    }
    accept::by_stranger(&app, &system, link, body.password).await
}

/// Accept an invitation to one's own address: the grant arises, and the link is spent. 403 `invitation_for_another` where it was
/// sent to somebody else.
#[utoipa::path(post, path = "/v1/me/invitations/accept", operation_id = "accept_my_invitation", tag = "invitations",
    request_body = InvitationToken,
    responses((status = 200, description = "Accepted", body = InvitationAccepted), CommonProblems))]
pub(super) async fn accept_my_invitation(
    grant: Grant<AcceptInvitation>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<InvitationToken>,
) -> Result<Response, ApiError> {
    let (person, _) = grant.person()?;
    let attempt = app.throttle.begin(&app, Guess::Own(person)).await?;
    let (link, known) = open(&app, &grant, attempt, body.token).await?;
    let known = known.filter(|known| known.id == person);
    let known = known.ok_or_else(|| ApiError::new(Code::InvitationForAnother))?;
    accept::by_person(&app, &grant, link, known).await
}

/// A link that is good, and who has an account with its address.
async fn open(
    app: &App,
    proof: &impl Proof,
    attempt: Attempt,
    token: String,
) -> Result<(accept::Link, Option<Person>), ApiError> {
    let mut read = app.db.read(proof).await?;
    let token = parse(token);
    let invitation = behind(app, &mut read, attempt, token).await?;
    let known = persons::by_email(&mut read, &invitation.email).await?;
    Ok((accept::Link { invitation, token: token.ok_or_else(link_over)? }, known))
}

pub(super) fn accepted(given: &crate::grants::Given) -> Answer {
    Answer::ok(&InvitationAccepted { person_id: given.person, email: given.email.clone(), grant_id: given.id })
}
