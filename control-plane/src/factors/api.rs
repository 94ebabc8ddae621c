//! `/v1/me/factors`, and what is done to factors that are there. `/v1/persons/{id}/factors`.

use axum::{extract::State, response::Response};
use contract::{
    Id, Micros,
    ids::{PasskeyId, PersonId},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{Held, enrol, passkey, store};
use crate::{
    app::{App, AppState},
    audit::{self, Target},
    auth::{
        Grant, Place,
        action::{ChangeOwnFactors, ReadOwnFactors, ResetFactors},
    },
    db::Tx,
    grants,
    http::{Answer, ApiError, ApiPatch, ApiPath, Code, Time, commit, docs::CommonProblems},
    mail_out::{self, News},
    persons::{self, Account},
    sessions, sign_in_policy,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(read_my_factors))
        .routes(routes!(delete_my_totp))
        .routes(routes!(update_my_passkey, delete_my_passkey))
        .routes(routes!(create_my_recovery_codes))
        .routes(routes!(delete_person_factors))
}

/// One's own second factors. Nobody else ever sees them.
#[derive(Debug, Serialize, ToSchema)]
pub struct MyFactors {
    /// `off`, `allowed` or `required`: the strictest of what applies to one.
    #[schema(example = "required")]
    pub second_factor: String,
    /// Until then `required` is `allowed`. Null: there is no such day, or it has come.
    #[schema(required)]
    pub required_from: Option<Time>,
    /// An authenticator app.
    #[schema(required)]
    pub totp: Option<TotpView>,
    pub passkeys: Vec<PasskeyView>,
    /// Recovery codes that were not used.
    #[schema(example = 10)]
    pub recovery_codes_left: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TotpView {
    pub created_at: Time,
    #[schema(required)]
    pub last_used_at: Option<Time>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PasskeyView {
    pub id: PasskeyId,
    #[schema(example = "blue key")]
    pub name: String,
    /// False: it was made for another `public_url`, and is good for nothing here.
    #[schema(example = true)]
    pub is_usable: bool,
    pub created_at: Time,
    #[schema(required)]
    pub last_used_at: Option<Time>,
}

pub(super) fn passkey_view(row: &store::PasskeyRow, host: &str) -> PasskeyView {
    PasskeyView {
        id: Id::from_uuid(row.id),
        name: row.name.clone(),
        is_usable: row.rp_id == host,
        created_at: Time(Micros::from_micros(row.created_at)),
        last_used_at: row.last_used_at.map(|at| Time(Micros::from_micros(at))),
    }
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasskeyUpdate {
    #[schema(example = "blue key", min_length = 1, max_length = 100)]
    name: String,
}

/// New recovery codes, in place of all that were there.
#[derive(Serialize, ToSchema)]
// A generated client names a variable after it: not as its only field is named.
#[schema(as = NewRecoveryCodes)]
pub struct RecoveryCodes {
    /// Ten, each good once. They are shown this once.
    #[schema(example = json!(["abcd-efgh-ijkl-mnop"]))]
    pub recovery_codes: Vec<String>,
}

impl std::fmt::Debug for RecoveryCodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RecoveryCodes(…)")
    }
}

/// Which second factors do I have, and must I have one?
#[utoipa::path(get, path = "/v1/me/factors", operation_id = "read_my_factors", tag = "account",
    responses((status = 200, description = "One's own factors", body = MyFactors), CommonProblems))]
pub(super) async fn read_my_factors(
    grant: Grant<ReadOwnFactors>,
    State(app): State<AppState>,
) -> Result<Answer, ApiError> {
    let (person, _) = grant.person()?;
    let host = passkey::host(&app);
    let mut read = app.db.read(&grant).await?;
    let (email, _) = store::account(&mut read, person).await?.ok_or_else(ApiError::not_found)?;
    let demand = sign_in_policy::demand(&mut read, person, &email).await?;
    let totp = store::totp(&mut read, person).await?;
    let rows = store::passkeys(&mut read, person).await?;
    let held = store::held(&mut read, person, host).await?;
    let time = |micros| Time(Micros::from_micros(micros));
    Ok(Answer::ok(&MyFactors {
        second_factor: demand.name().to_owned(),
        required_from: demand.still_to_come(app.clock.now()).map(Time),
        totp: totp.and_then(|totp| {
            totp.confirmed_at.map(|at| TotpView { created_at: time(at), last_used_at: totp.last_used_at.map(time) })
        }),
        passkeys: rows.iter().map(|row| passkey_view(row, host)).collect(),
        recovery_codes_left: held.recovery_codes,
    }))
}

/// Give up the authenticator app. The last factor stays where one is required.
#[utoipa::path(delete, path = "/v1/me/totp", operation_id = "delete_my_totp", tag = "account",
    responses((status = 204, description = "Given up"), CommonProblems))]
pub(super) async fn delete_my_totp(
    grant: Grant<ChangeOwnFactors>,
    State(app): State<AppState>,
) -> Result<Response, ApiError> {
    let (person, session) = grant.person()?;
    let mut tx = app.db.begin(&grant).await?;
    let account = sessions::hold_own(&mut tx, person, session).await?;
    if !store::delete_totp(&mut tx, person).await? {
        return Err(ApiError::not_found());
    }
    removed(&app, &mut tx, &account, "totp").await?;
    commit(tx, Answer::no_content()).await
}

/// Rename a passkey.
#[utoipa::path(patch, path = "/v1/me/passkeys/{id}", operation_id = "update_my_passkey", tag = "account",
    request_body = PasskeyUpdate, params(("id" = PasskeyId, Path)),
    responses((status = 204, description = "Renamed"), CommonProblems))]
pub(super) async fn update_my_passkey(
    grant: Grant<ChangeOwnFactors>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PasskeyId>,
    ApiPatch(body): ApiPatch<PasskeyUpdate>,
) -> Result<Response, ApiError> {
    let (person, _) = grant.person()?;
    let name = enrol::passkey_name(&body.name)?;
    let mut tx = app.db.begin(&grant).await?;
    if !store::rename_passkey(&mut tx, person, id, &name).await? {
        return Err(ApiError::not_found());
    }
    let after = serde_json::json!({ "passkey_id": id, "name": name });
    let target = Target::new("person").id(person);
    audit::record(&mut tx, "person.rename_passkey", target, audit::NOTHING, Some(&after)).await?;
    commit(tx, Answer::no_content()).await
}

/// Give up a passkey. The last factor stays where one is required.
#[utoipa::path(delete, path = "/v1/me/passkeys/{id}", operation_id = "delete_my_passkey", tag = "account",
    params(("id" = PasskeyId, Path)),
    responses((status = 204, description = "Given up"), CommonProblems))]
pub(super) async fn delete_my_passkey(
    grant: Grant<ChangeOwnFactors>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PasskeyId>,
) -> Result<Response, ApiError> {
    let (person, session) = grant.person()?;
    let mut tx = app.db.begin(&grant).await?;
    let account = sessions::hold_own(&mut tx, person, session).await?;
    if !store::delete_passkey(&mut tx, person, id).await? {
        return Err(ApiError::not_found());
    }
    removed(&app, &mut tx, &account, "passkey").await?;
    commit(tx, Answer::no_content()).await
}

/// Refuses where it was the last one and one is required; else what follows from it.
async fn removed(app: &App, tx: &mut Tx, account: &Account, method: &str) -> Result<(), ApiError> {
    let person = account.id;
    let held: Held = store::held(tx, person, passkey::host(app)).await?;
    // Of no use here, the others would keep their owner out.
    if !held.usable() && sign_in_policy::demand(tx, person, &account.email).await?.is_required(tx.now()) {
        return Err(ApiError::new(Code::FactorRequired));
    }
    if !held.any() {
        store::set_codes(tx, person, &[]).await?;
    }
    let before = serde_json::json!({ "method": method });
    audit::record(tx, "person.remove_factor", Target::new("person").id(person), Some(&before), audit::NOTHING).await?;
    Ok(())
}

/// Make ten new recovery codes. Those from before are void.
#[utoipa::path(post, path = "/v1/me/recovery-codes", operation_id = "create_my_recovery_codes", tag = "account",
    responses((status = 201, description = "The codes, shown once", body = RecoveryCodes), CommonProblems))]
pub(super) async fn create_my_recovery_codes(
    grant: Grant<ChangeOwnFactors>,
    State(app): State<AppState>,
) -> Result<Response, ApiError> {
    let (person, session) = grant.person()?;
    let mut tx = app.db.begin(&grant).await?;
    sessions::hold_own(&mut tx, person, session).await?;
    if !store::held(&mut tx, person, passkey::host(&app)).await?.any() {
        return Err(ApiError::new(Code::NoFactor));
    }
    let recovery_codes = enrol::new_codes(&app, &mut tx, person).await?;
    let target = Target::new("person").id(person);
    audit::record(&mut tx, "person.new_recovery_codes", target, audit::NOTHING, audit::NOTHING).await?;
    commit(tx, Answer::created("/v1/me/factors", &RecoveryCodes { recovery_codes })).await
}

/// Clear the second factors of somebody who has lost them, and end their sessions.
///
/// Only for whoever could have given them all that they hold. The person is told by mail. Where a factor is required they set up
/// new ones after their next sign-in. One's own are given up one by one.
#[utoipa::path(delete, path = "/v1/persons/{id}/factors", operation_id = "delete_person_factors", tag = "account",
    params(("id" = PersonId, Path)),
    responses((status = 204, description = "Cleared"), CommonProblems))]
pub(super) async fn delete_person_factors(
    mut grant: Grant<ResetFactors>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<PersonId>,
) -> Result<Response, ApiError> {
    let (own, _) = grant.person()?;
    if own == id {
        return Err(ApiError::new(Code::Forbidden).detail("one's own are given up one by one: DELETE /v1/me/totp"));
    }
    let mut tx = app.db.begin(&grant).await?;
    grants::lock(&mut tx).await?;
    grant.renew(&app, &mut tx).await?;
    let person = persons::find(&mut tx, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(Place::Tenant(person.tenant))?;
    grants::must_cover_all(&mut tx, &grant.scope(), id).await?;
    // A sign-in under way happens before this or sees it. Whoever is kept out has none.
    persons::hold(&mut tx, id).await?;
    store::clear(&mut tx, id).await?;
    sessions::end_all(&mut tx, id).await?;
    audit::record(&mut tx, "person.reset_factors", person.target(), audit::NOTHING, audit::NOTHING).await?;
    mail_out::post(&mut tx, &app, &person.email, News::FactorsRemoved).await?;
    commit(tx, Answer::no_content()).await
}
