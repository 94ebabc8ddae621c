//! Sending one. Nobody looks whether the address has an account: so both are answered alike, in words and in time.

use contract::{Id, ids};

use super::{GOOD_FOR, Invitation, Outcome, PREFIX, store, view::InvitationView};
use crate::{
    app::App,
    audit,
    auth::{Action, Grant, Role, secret, token_hash},
    db::{StoreError, Tx},
    grants::{self, Wanted},
    http::{ApiError, Code, FieldError},
    mail_out::{self, Language, News},
    persons, tenants,
};

/// Of one tenant, at a time: each is a mail that goes out in its name.
const MOST_WAITING: i64 = 1_000;

/// Who is to be given what.
#[derive(Debug)]
pub(crate) struct NewInvitation {
    pub email: String,
    /// Where a new account belongs. It is locked and open.
    pub home: Id<ids::Tenant>,
    pub wanted: Wanted,
    pub language: Option<Language>,
}

/// Before anything is made.
pub(crate) fn mail_must_be_set_up(app: &App) -> Result<(), ApiError> {
    if mail_out::is_set_up(app) {
        return Ok(());
    }
    Err(ApiError::new(Code::MailNotSetUp).detail("set control_plane.mail.relay"))
}

/// An address that can be written to.
pub(super) fn check_email(email: &str) -> Result<(), ApiError> {
    let mut errors = Vec::new();
    persons::check_email(email, "/email", &mut errors);
    if errors.is_empty() && !mail_out::can_reach(email) {
        errors.push(FieldError::invalid("/email", "mail goes to addresses in ASCII only, for now"));
    }
    if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
}

/// What the caller may not give themselves they invite nobody to: as they hold it now, and 401 where their credential has ended.
async fn must_be_allowed<A: Action>(app: &App, tx: &mut Tx, grant: &Grant<A>, wanted: &Wanted) -> Result<(), ApiError> {
    grants::may_give(&grant.holding_now(app, tx).await?, wanted)
}

/// Writes it and puts its letter on the way. Bad fields are told as those of the grant, but for `/email` and `/tenant_id`.
pub(crate) async fn invite<A: Action>(
    app: &App,
    tx: &mut Tx,
    grant: &Grant<A>,
    new: NewInvitation,
) -> Result<Invitation, ApiError> {
    mail_must_be_set_up(app)?;
    check_email(&new.email)?;
    let NewInvitation { email, home, wanted, language } = new;
    must_be_allowed(app, tx, grant, &wanted).await?;
    if wanted.role == Role::Owner && !grants::is_of_the_provider(tx, home).await? {
        return Err(ApiError::field("/tenant_id", "an owner is somebody of the provider"));
    }
    let now = tx.now();
    if store::waiting_at(tx, home, now).await? >= MOST_WAITING {
        return Err(ApiError::new(Code::TooMany).at("/tenant_id"));
    }
    let invitation = Invitation {
        id: tx.new_id(),
        email,
        home,
        role: wanted.role.name().to_owned(),
        over: wanted.over,
        grant_expires_at: wanted.expires_at,
        may_delegate: wanted.may_delegate,
        max_domains: wanted.max_domains,
        language,
        inviter: grant.maker()?,
        key: grant.key(),
        created_at: now,
        sent_at: now,
        expires_at: now + GOOD_FOR,
        end: None,
    };
    replace_former(tx, &invitation).await?;
    let token = secret::make(PREFIX, tx.entropy());
    store::insert(tx, &invitation, token_hash(&token)).await?;
    let view = InvitationView::logged(&invitation, now);
    audit::record(tx, "invitation.create", invitation.target(), audit::NOTHING, Some(&view)).await?;
    post(app, tx, &invitation, &token).await?;
    Ok(invitation)
}

/// Whoever invites somebody to the same thing again means this one: the link of before ends.
async fn replace_former(tx: &mut Tx, new: &Invitation) -> Result<(), ApiError> {
    for former in store::waiting_for(tx, &new.email, new.inviter).await? {
        if (&former.role, former.over) == (&new.role, new.over) {
            end(tx, former, Outcome::Revoked, "invitation.revoke").await?;
        }
    }
    Ok(())
}

/// Ends it, with its row in the log. 409 if it has ended meanwhile.
pub(super) async fn end(
    tx: &mut Tx,
    before: Invitation,
    outcome: Outcome,
    action: &'static str,
) -> Result<Invitation, ApiError> {
    ended(tx, before, outcome, action).await?.ok_or_else(|| ApiError::new(Code::InvitationOver))
}

/// None: it has ended meanwhile.
async fn ended(
    tx: &mut Tx,
    before: Invitation,
    outcome: Outcome,
    action: &'static str,
) -> Result<Option<Invitation>, StoreError> {
    let now = tx.now();
    if !store::end(tx, before.id, outcome).await? {
        return Ok(None);
    }
    let after = Invitation { end: Some((outcome, now)), ..before.clone() };
    let (old, new) = (InvitationView::logged(&before, now), InvitationView::logged(&after, now));
    audit::record(tx, action, after.target(), Some(&old), Some(&new)).await?;
    Ok(Some(after))
}

/// Ends all that a person sent and that nobody accepted; how many. They leave, or somebody else may have sent them.
pub(crate) async fn end_all_of(tx: &mut Tx, inviter: Id<ids::Person>) -> Result<usize, StoreError> {
    let mut count = 0;
    for before in store::of_inviter(tx, inviter).await? {
        count += usize::from(ended(tx, before, Outcome::Revoked, "invitation.revoke").await?.is_some());
    }
    Ok(count)
}

/// Another link in place of the one before. From now on it stands on who sends it now.
pub(super) async fn send_again<A: Action>(
    app: &App,
    tx: &mut Tx,
    grant: &Grant<A>,
    before: Invitation,
) -> Result<Invitation, ApiError> {
    let over = || ApiError::new(Code::InvitationOver);
    let wanted = before.wanted().ok_or_else(over)?;
    must_be_allowed(app, tx, grant, &wanted).await?;
    let now = tx.now();
    let after = Invitation {
        inviter: grant.maker()?,
        key: grant.key(),
        sent_at: now,
        expires_at: now + GOOD_FOR,
        ..before.clone()
    };
    let token = secret::make(PREFIX, tx.entropy());
    if !store::send_again(tx, &after, token_hash(&token)).await? {
        return Err(over());
    }
    let (old, new) = (InvitationView::logged(&before, now), InvitationView::logged(&after, now));
    audit::record(tx, "invitation.resend", after.target(), Some(&old), Some(&new)).await?;
    post(app, tx, &after, &token).await?;
    Ok(after)
}

async fn post(app: &App, tx: &mut Tx, invitation: &Invitation, token: &str) -> Result<(), ApiError> {
    let tenant = tenants::find(tx, invitation.tenant()).await?.ok_or_else(ApiError::not_found)?;
    let link = mail_out::link(app, "/account/invitation", token);
    let news = News::Invited { tenant: &tenant.name, link: &link, until: invitation.expires_at };
    let language = invitation.language.unwrap_or(app.config.mail.language);
    Ok(mail_out::post_in(tx, app, language, &invitation.email, news).await?)
}
