//! What an invitation comes to. Everything is asked again in the transaction: of two that accept at once, one does.

use axum::response::Response;

use super::{
    Invitation, Outcome,
    door::{accepted, link_over},
    invite, store,
};
use crate::{
    app::App,
    audit,
    auth::{Grant, Role, Scope, action::AcceptInvitation, password::Password},
    breach::Finding,
    db::{StoreError, System, Tx},
    grants::{self, Given},
    http::{ApiError, Code, commit},
    persons::{self, Person},
    sessions, tenants,
};

/// The hash of what stands in a link, and what it led to a moment ago.
#[derive(Debug)]
pub(super) struct Link {
    pub invitation: Invitation,
    pub token: [u8; 32],
}

pub(super) fn sign_in_first() -> ApiError {
    let detail = "there is an account with this address: sign in with it, then POST /v1/me/invitations/accept";
    ApiError::new(Code::Unauthenticated).detail(detail)
}

/// Somebody who has an account and is signed in.
pub(super) async fn by_person(
    app: &App,
    grant: &Grant<AcceptInvitation>,
    link: Link,
    person: Person,
) -> Result<Response, ApiError> {
    let (id, session) = grant.person()?;
    let mut tx = app.db.begin(grant).await?;
    let invitation = take(&mut tx, &link).await?;
    // Whoever was kept out or signed out while they waited is given nothing.
    sessions::hold_own(&mut tx, id, session).await?;
    if invitation.role == Role::Owner.name() && !grants::is_of_the_provider(&mut tx, person.tenant).await? {
        return Err(ApiError::new(Code::Forbidden).detail("an owner is somebody of the provider"));
    }
    let given = give(&mut tx, &invitation, &person).await?;
    commit(tx, accepted(&given)).await
}

/// Somebody who has none, and chooses a password for it.
pub(super) async fn by_stranger(
    app: &App,
    system: &System,
    link: Link,
    password: String,
) -> Result<Response, ApiError> {
    let password = Password::new(password);
    if let Some(refusal) = password.refusal(&link.invitation.email, false) {
        return Err(ApiError::field("/password", refusal));
    }
    let finding = app.breach.look_up(&password, &app.metrics).await;
    app.breach.permit_new(finding, "/password")?;
    let hash = app.hasher.hash(password).await?;
    let mut tx = app.db.begin(system).await?;
    let invitation = take(&mut tx, &link).await?;
    let person = Person {
        id: tx.new_id(),
        tenant: invitation.home,
        email: invitation.email.clone(),
        must_change_password: false,
        disabled_at: None,
        disabled_in: None,
        created_at: tx.now(),
    };
    match persons::make(&mut tx, &person, &hash, finding.exposed()).await {
        Ok(()) => {}
        // Made meanwhile, by another invitation or by hand.
        Err(StoreError::Unique(_)) => return Err(sign_in_first()),
        Err(error) => return Err(error.into()),
    }
    if finding == Finding::Unavailable {
        let action = "password.check_unavailable";
        audit::record(&mut tx, action, person.target(), audit::NOTHING, audit::NOTHING).await?;
    }
    let given = give(&mut tx, &invitation, &person).await?;
    commit(tx, accepted(&given)).await
}

/// Spends the link, if it still leads somewhere.
async fn take(tx: &mut Tx, link: &Link) -> Result<Invitation, ApiError> {
    // Who holds what stays as it is until the grant is there.
    grants::lock(tx).await?;
    // Tenants before the invitation, as whoever sends one does.
    for tenant in [link.invitation.tenant(), link.invitation.home] {
        let open = tenants::must_be_open(tx, &Scope::Everything, tenant, "/token").await;
        open.map_err(|error| if error.status().is_client_error() { link_over() } else { error })?;
    }
    store::lock(tx, link.invitation.id).await?;
    // By its text again: it may have been sent once more, with another.
    let invitation = store::by_token(tx, link.token).await?.ok_or_else(link_over)?;
    let now = tx.now();
    if !invitation.is_good(tx, now).await? {
        return Err(link_over());
    }
    let ended = invite::end(tx, invitation, Outcome::Accepted, "invitation.accept").await;
    ended.map_err(|error| if error.code() == Code::InvitationOver { link_over() } else { error })
}

async fn give(tx: &mut Tx, invitation: &Invitation, person: &Person) -> Result<Given, ApiError> {
    let given = Given {
        id: tx.new_id(),
        person: person.id,
        email: person.email.clone(),
        role: invitation.role.clone(),
        over: invitation.over,
        expires_at: invitation.grant_expires_at,
        may_delegate: invitation.may_delegate,
        max_domains: invitation.max_domains,
        created_by: Some(invitation.inviter),
        created_at: tx.now(),
    };
    grants::refuse_again(tx, &given).await?;
    grants::insert(tx, &given).await?;
    Ok(given)
}
