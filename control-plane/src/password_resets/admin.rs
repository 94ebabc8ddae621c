//! What administrators do: send a link to somebody, and say whether a new password that waits is to count.

use axum::{extract::State, response::Response};
use contract::ids::{PasswordResetId, PersonId};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    LINKS_COUNT_FOR, LINKS_SENT, mail_link, set,
    store::{self, Waiting},
    view::{PasswordResetAsked, PasswordResetPage, PasswordResetQuery, PasswordResetView},
};
use crate::{
    app::AppState,
    audit,
    auth::{Grant, Place, action::ResetPasswords},
    db::Tx,
    grants,
    http::{Answer, ApiError, ApiPath, ApiQuery, Code, commit, docs::CommonProblems},
    mail_out, persons,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_password_resets))
        .routes(routes!(confirm_password_reset))
        .routes(routes!(refuse_password_reset))
        .routes(routes!(reset_person_password))
}

/// List new passwords that wait for an administrator, of people all of whose grants are yours to give.
#[utoipa::path(get, path = "/v1/password-resets", operation_id = "list_password_resets", tag = "password-resets",
    params(PasswordResetQuery),
    responses((status = 200, description = "A page of those that wait", body = PasswordResetPage), CommonProblems))]
pub(super) async fn list_password_resets(
    grant: Grant<ResetPasswords>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<PasswordResetQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "password_resets";
    let page = app.cursors.page::<Uuid>(LIST, &(), query.limit, query.cursor.as_deref())?;
    let scope = grant.scope().sets();
    let mut rows = store::list_waiting(&mut app.db.read(&grant).await?, &scope, app.clock.now(), &page).await?;
    let next_cursor = app.cursors.cut(LIST, &(), page.limit, &mut rows, |row| row.id.uuid());
    Ok(Answer::ok(&PasswordResetPage { data: rows.iter().map(PasswordResetView::from).collect(), next_cursor }))
}

/// Let a new password count, once you know that it was the person who chose it: ask them by another way than mail.
#[utoipa::path(post, path = "/v1/password-resets/{password_reset_id}/confirm", operation_id = "confirm_password_reset",
    tag = "password-resets", params(("password_reset_id" = PasswordResetId, Path)),
    responses((status = 204, description = "It counts"), CommonProblems))]
pub(super) async fn confirm_password_reset(
    mut grant: Grant<ResetPasswords>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PasswordResetId>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let waiting = load(&app, &mut tx, &mut grant, id).await?;
    if waiting.account.id == grant.person()?.0 {
        return Err(ApiError::new(Code::Forbidden).detail("somebody else confirms yours"));
    }
    set(&mut tx, &app, &waiting.account, &waiting.chosen).await?;
    let before = PasswordResetView::from(&waiting);
    let target = waiting.account.target();
    audit::record(&mut tx, "person.confirm_password_reset", target, Some(&before), audit::NOTHING).await?;
    commit(tx, Answer::no_content()).await
}

/// Throw a new password away that waits. The one of before stays.
#[utoipa::path(post, path = "/v1/password-resets/{password_reset_id}/refuse", operation_id = "refuse_password_reset",
    tag = "password-resets", params(("password_reset_id" = PasswordResetId, Path)),
    responses((status = 204, description = "Thrown away"), CommonProblems))]
pub(super) async fn refuse_password_reset(
    mut grant: Grant<ResetPasswords>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PasswordResetId>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let waiting = load(&app, &mut tx, &mut grant, id).await?;
    // A link that is under way may be in the same hands.
    store::end_all(&mut tx, waiting.account.id).await?;
    let before = PasswordResetView::from(&waiting);
    let target = waiting.account.target();
    audit::record(&mut tx, "person.refuse_password_reset", target, Some(&before), audit::NOTHING).await?;
    commit(tx, Answer::no_content()).await
}

/// Send somebody a link that sets their password anew. Only for whoever could have given them all that they hold; the link is
/// shown to nobody else.
#[utoipa::path(post, path = "/v1/persons/{person_id}/reset-password", operation_id = "reset_person_password",
    tag = "persons", params(("person_id" = PersonId, Path)),
    responses((status = 202, description = "A link is on its way", body = PasswordResetAsked), CommonProblems))]
pub(super) async fn reset_person_password(
    mut grant: Grant<ResetPasswords>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PersonId>,
) -> Result<Response, ApiError> {
    if grant.person()?.0 == id {
        return Err(
            ApiError::new(Code::Forbidden).detail("one's own: PUT /v1/me/password, or POST /v1/password-resets")
        );
    }
    let mut tx = app.db.begin(&grant).await?;
    grants::lock(&mut tx).await?;
    grant.renew(&app, &mut tx).await?;
    let person = persons::find(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(Place::Tenant(person.tenant))?;
    grants::must_cover_all(&mut tx, &grant.scope(), id).await?;
    if person.disabled_at.is_some() {
        return Err(ApiError::new(Code::Forbidden).detail("the person is disabled"));
    }
    if !mail_out::reaches(&app, &person.email) {
        return Err(ApiError::new(Code::MailNotSetUp));
    }
    if !mail_link(&mut tx, &app, id, LINKS_SENT).await? {
        let after = u32::try_from(LINKS_COUNT_FOR.as_secs()).unwrap_or(u32::MAX);
        return Err(ApiError::new(Code::TooManyAttempts).retry_after_s(after));
    }
    commit(tx, Answer::accepted(&PasswordResetAsked::new())).await
}

/// What waits, if the caller reaches all that its person holds; else nobody knows of it. The person stays as they are until
/// the transaction ends.
async fn load(
    app: &AppState,
    tx: &mut Tx,
    grant: &mut Grant<ResetPasswords>,
    id: PasswordResetId,
) -> Result<Waiting, ApiError> {
    grants::lock(tx).await?;
    grant.renew(app, tx).await?;
    let now = tx.now();
    let known = store::waiting(tx, id, now).await?.ok_or_else(ApiError::not_found)?;
    persons::hold(tx, known.account.id).await?;
    // As it is now that nobody else changes it.
    let waiting = store::waiting(tx, id, now).await?.ok_or_else(ApiError::not_found)?;
    let hidden = |error: ApiError| if error.code() == Code::Forbidden { ApiError::not_found() } else { error };
    grant.must_reach(Place::Tenant(waiting.account.tenant)).map_err(hidden)?;
    grants::must_cover_all(tx, &grant.scope(), waiting.account.id).await.map_err(hidden)?;
    Ok(waiting)
}
