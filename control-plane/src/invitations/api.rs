//! `/v1/invitations`

use axum::{extract::State, response::Response};
use contract::ids::{self, InvitationId};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Invitation, NewInvitation, Outcome, invite, mail_must_be_set_up, store,
    view::{InvitationCreate, InvitationPage, InvitationQuery, InvitationView},
};
use crate::{
    app::AppState,
    auth::{
        Action, Grant, Held, Role, Scope,
        action::{InvitePersons, ReadInvitations},
    },
    db::{Read, Tx},
    grants::{self, Over, Wanted},
    http::{Answer, ApiError, ApiJson, ApiPath, ApiQuery, Code, commit, docs::CommonProblems},
    tenants,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_invitations, create_invitation))
        .routes(routes!(read_invitation, delete_invitation))
        .routes(routes!(resend_invitation))
}

/// List invitations to what is yours, also those that ended in the last thirty days.
#[utoipa::path(get, path = "/v1/invitations", operation_id = "list_invitations", tag = "invitations",
    params(InvitationQuery),
    responses((status = 200, description = "A page of invitations", body = InvitationPage), CommonProblems))]
pub(super) async fn list_invitations(
    grant: Grant<ReadInvitations>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<InvitationQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "invitations";
    let filters = (&query.email, &query.tenant_id, &query.domain_id, &query.state);
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let filter = store::Filter {
        email_key: query.email.as_ref().map(|email| email.to_lowercase()),
        tenant: query.tenant_id,
        domain: query.domain_id,
        state: query.state,
    };
    let (scope, now) = (grant.scope(), app.clock.now());
    let mut rows = store::list(&mut app.db.read(&grant).await?, &filter, &scope.sets(), &page, now).await?;
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id.uuid());
    let data = rows.iter().map(|invitation| InvitationView::seen(invitation, now, &scope)).collect();
    Ok(Answer::ok(&InvitationPage { data, next_cursor }))
}

/// Invite somebody by mail. They are given the grant when they accept; who has no account chooses a password then.
///
/// The rules are those of `POST /v1/grants`, and they are asked again when somebody accepts: an invitation comes to nothing when
/// whoever sent it may not give the grant any more. The link goes by mail only, is good once and for seven days. Inviting an
/// address to the same thing again ends the link of before.
#[utoipa::path(post, path = "/v1/invitations", operation_id = "create_invitation", tag = "invitations",
    request_body = InvitationCreate,
    responses((status = 201, description = "On its way", body = InvitationView), CommonProblems))]
pub(super) async fn create_invitation(
    grant: Grant<InvitePersons>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<InvitationCreate>,
) -> Result<Response, ApiError> {
    mail_must_be_set_up(&app)?;
    invite::check_email(&body.email)?;
    let under = |error: ApiError| error.under("/grant");
    body.grant.check(app.clock.now()).map_err(under)?;
    let mut tx = app.db.begin(&grant).await?;
    let (terms, scope) = (body.grant, grant.scope());
    let over = grants::over(&mut tx, &scope, terms.scope, terms.tenant_id, terms.domain_id).await.map_err(under)?;
    let wanted = Wanted {
        role: terms.role.role(),
        over,
        expires_at: terms.expires_at.map(|time| time.0),
        may_delegate: terms.may_delegate,
        max_domains: terms.max_domains,
    };
    wanted.check().map_err(under)?;
    must_be_a_home(&mut tx, &scope, over, body.tenant_id).await?;
    let new = NewInvitation { email: body.email, home: body.tenant_id, wanted, language: body.language };
    let invitation = invite::invite(&app, &mut tx, &grant, new).await.map_err(|error| {
        // Who may not give it hears where; the address and the tenant stand beside the grant.
        if error.code() == Code::GrantTooWide { under(error) } else { error }
    })?;
    let view = InvitationView::seen(&invitation, tx.now(), &scope);
    commit(tx, Answer::created(format!("/v1/invitations/{}", invitation.id), &view)).await
}

/// A new account belongs to a tenant of the inviter's, or to that of what it is given.
async fn must_be_a_home(
    tx: &mut Tx,
    scope: &Scope,
    over: Over,
    home: contract::Id<ids::Tenant>,
) -> Result<(), ApiError> {
    let own = match over {
        Over::Installation => None,
        Over::Tenant(tenant) | Over::Domain(_, tenant) => Some(tenant),
    };
    let reach = if own == Some(home) { &Scope::Everything } else { scope };
    tenants::must_be_open(tx, reach, home, "/tenant_id").await?;
    Ok(())
}

/// Read an invitation; never its link.
#[utoipa::path(get, path = "/v1/invitations/{invitation_id}", operation_id = "read_invitation", tag = "invitations",
    params(("invitation_id" = InvitationId, Path)),
    responses((status = 200, description = "The invitation", body = InvitationView), CommonProblems))]
pub(super) async fn read_invitation(
    grant: Grant<ReadInvitations>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<InvitationId>,
) -> Result<Answer, ApiError> {
    let invitation = load(&mut app.db.read(&grant).await?, &grant, id).await?;
    Ok(Answer::ok(&InvitationView::seen(&invitation, app.clock.now(), &grant.scope())))
}

/// Revoke an invitation: its link is good for nothing from now on.
#[utoipa::path(delete, path = "/v1/invitations/{invitation_id}", operation_id = "delete_invitation", tag = "invitations",
    params(("invitation_id" = InvitationId, Path)),
    responses((status = 204, description = "Revoked"), CommonProblems))]
pub(super) async fn delete_invitation(
    grant: Grant<InvitePersons>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<InvitationId>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    store::lock(&mut tx, id).await?;
    let invitation = load(&mut tx, &grant, id).await?;
    // Who only hands on ends what they handed on; the others all that is over what is theirs.
    let administers = |held: &Held| matches!(held.role, Role::Owner | Role::TenantAdmin);
    let place = invitation.over.place();
    let reached = |held: &Held| administers(held) && grant.holding().reach_of(held).covers(place);
    if invitation.inviter != grant.maker()? && !grant.holding().held().iter().any(reached) {
        return Err(ApiError::new(Code::Forbidden));
    }
    invite::end(&mut tx, invitation, Outcome::Revoked, "invitation.revoke").await?;
    commit(tx, Answer::no_content()).await
}

/// Send the mail again, with another link that is good for seven days. The one of before ends. The invitation stands on what
/// you hold from now on.
#[utoipa::path(post, path = "/v1/invitations/{invitation_id}/resend", operation_id = "resend_invitation",
    tag = "invitations", params(("invitation_id" = InvitationId, Path)),
    responses((status = 200, description = "On its way again", body = InvitationView), CommonProblems))]
pub(super) async fn resend_invitation(
    grant: Grant<InvitePersons>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<InvitationId>,
) -> Result<Response, ApiError> {
    mail_must_be_set_up(&app)?;
    let mut tx = app.db.begin(&grant).await?;
    store::lock(&mut tx, id).await?;
    let invitation = load(&mut tx, &grant, id).await?;
    let sent = invite::send_again(&app, &mut tx, &grant, invitation).await?;
    let view = InvitationView::seen(&sent, tx.now(), &grant.scope());
    commit(tx, Answer::ok(&view)).await
}

async fn load<A: Action>(read: &mut Read, grant: &Grant<A>, id: InvitationId) -> Result<Invitation, ApiError> {
    let invitation = store::find(read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(invitation.over.place())?;
    Ok(invitation)
}
