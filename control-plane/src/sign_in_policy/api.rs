//! `/v1/sign-in-policy`, `/v1/tenants/{tenant_id}/sign-in-policy`, `/v1/domains/{domain_id}/sign-in-policy`

use axum::{extract::State, response::Response};
use contract::{
    Id,
    ids::{DomainId, PersonId, TenantId},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    SecondFactorRule,
    store::{self, Level, Rule},
};
use crate::{
    app::{App, AppState},
    audit::{self, Target},
    auth::{
        Grant,
        action::{ReadSignInPolicy, WriteSignInPolicy},
    },
    http::{Answer, ApiError, ApiJson, ApiPath, ApiQuery, FieldError, IfMatch, Time, commit, docs::CommonProblems},
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(read_sign_in_policy, update_sign_in_policy))
        .routes(routes!(read_tenant_sign_in_policy, update_tenant_sign_in_policy))
        .routes(routes!(read_domain_sign_in_policy, update_domain_sign_in_policy))
        .routes(routes!(list_sign_in_policy_affected))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "second_factor": "required", "required_from": "2027-06-01T00:00:00Z" }))]
pub struct SignInPolicyUpdate {
    /// Null: as above. A tenant or domain can ask for more than what is above it, and not for less.
    #[schema(required)]
    second_factor: Option<SecondFactorRule>,
    /// With `required`: from then on; until then people are only told. Null or left out: at once.
    #[serde(default)]
    required_from: Option<Time>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SignInPolicyView {
    /// What is set here; null: as above.
    #[schema(required)]
    pub second_factor: Option<SecondFactorRule>,
    #[schema(required)]
    pub required_from: Option<Time>,
    /// How many people this level binds that have no second factor. `GET /v1/sign-in-policy/affected` names them.
    #[schema(example = 3)]
    pub people_without_factor: i64,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct AffectedPage {
    /// How many there are in all.
    #[schema(example = 3)]
    pub total: i64,
    pub data: Vec<AffectedPerson>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// Somebody who would have to set up a factor before anything else.
#[derive(Debug, Serialize, ToSchema)]
pub struct AffectedPerson {
    pub id: PersonId,
    #[schema(example = "anna@acme.example")]
    pub email: String,
    pub tenant_id: TenantId,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct AffectedQuery {
    /// If this tenant required one. Without tenant and domain: if the installation did.
    tenant_id: Option<TenantId>,
    /// If this domain required one.
    domain_id: Option<DomainId>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What does the installation ask of people?
#[utoipa::path(get, path = "/v1/sign-in-policy", operation_id = "read_sign_in_policy", tag = "sign_in_policy",
    responses((status = 200, description = "What the installation sets", body = SignInPolicyView), CommonProblems))]
pub(super) async fn read_sign_in_policy(
    grant: Grant<ReadSignInPolicy>,
    State(app): State<AppState>,
) -> Result<Answer, ApiError> {
    read(&app, &grant, Level::Installation(app.installation)).await
}

/// Say what the installation asks of people. If-Match is required.
#[utoipa::path(put, path = "/v1/sign-in-policy", operation_id = "update_sign_in_policy", tag = "sign_in_policy",
    request_body = SignInPolicyUpdate,
    params(("If-Match" = String, Header, description = "The ETag of what was read", example = "\"r1\"")),
    responses((status = 200, description = "What the installation sets now", body = SignInPolicyView), CommonProblems))]
pub(super) async fn update_sign_in_policy(
    grant: Grant<WriteSignInPolicy>,
    State(app): State<AppState>,
    if_match: IfMatch,
    ApiJson(body): ApiJson<SignInPolicyUpdate>,
) -> Result<Response, ApiError> {
    write(&app, &grant, Level::Installation(app.installation), &if_match, &body).await
}

/// What does a tenant ask of people?
#[utoipa::path(get, path = "/v1/tenants/{tenant_id}/sign-in-policy", operation_id = "read_tenant_sign_in_policy",
    tag = "sign_in_policy", params(("tenant_id" = TenantId, Path)),
    responses((status = 200, description = "What the tenant sets", body = SignInPolicyView), CommonProblems))]
pub(super) async fn read_tenant_sign_in_policy(
    grant: Grant<ReadSignInPolicy>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
) -> Result<Answer, ApiError> {
    read(&app, &grant, Level::Tenant(id)).await
}

/// Say what a tenant asks of its people and those below it, and of who holds grants on them. If-Match is required.
#[utoipa::path(put, path = "/v1/tenants/{tenant_id}/sign-in-policy", operation_id = "update_tenant_sign_in_policy",
    tag = "sign_in_policy", request_body = SignInPolicyUpdate,
    params(("tenant_id" = TenantId, Path),
        ("If-Match" = String, Header, description = "The ETag of what was read", example = "\"r1\"")),
    responses((status = 200, description = "What the tenant sets now", body = SignInPolicyView), CommonProblems))]
pub(super) async fn update_tenant_sign_in_policy(
    grant: Grant<WriteSignInPolicy>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<TenantId>,
    if_match: IfMatch,
    ApiJson(body): ApiJson<SignInPolicyUpdate>,
) -> Result<Response, ApiError> {
    write(&app, &grant, Level::Tenant(id), &if_match, &body).await
}

/// What does a domain ask of people?
#[utoipa::path(get, path = "/v1/domains/{domain_id}/sign-in-policy", operation_id = "read_domain_sign_in_policy",
    tag = "sign_in_policy", params(("domain_id" = DomainId, Path)),
    responses((status = 200, description = "What the domain sets", body = SignInPolicyView), CommonProblems))]
pub(super) async fn read_domain_sign_in_policy(
    grant: Grant<ReadSignInPolicy>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
) -> Result<Answer, ApiError> {
    read(&app, &grant, Level::Domain(id)).await
}

/// Say what a domain asks of people whose address is in it. It binds them once it is active. If-Match is required.
#[utoipa::path(put, path = "/v1/domains/{domain_id}/sign-in-policy", operation_id = "update_domain_sign_in_policy",
    tag = "sign_in_policy", request_body = SignInPolicyUpdate,
    params(("domain_id" = DomainId, Path),
        ("If-Match" = String, Header, description = "The ETag of what was read", example = "\"r1\"")),
    responses((status = 200, description = "What the domain sets now", body = SignInPolicyView), CommonProblems))]
pub(super) async fn update_domain_sign_in_policy(
    grant: Grant<WriteSignInPolicy>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    if_match: IfMatch,
    ApiJson(body): ApiJson<SignInPolicyUpdate>,
) -> Result<Response, ApiError> {
    write(&app, &grant, Level::Domain(id), &if_match, &body).await
}

/// Who would have to set up a second factor if one were required here? Look before `required` is set.
#[utoipa::path(get, path = "/v1/sign-in-policy/affected", operation_id = "list_sign_in_policy_affected",
    tag = "sign_in_policy", params(AffectedQuery),
    responses((status = 200, description = "A page of people without a factor", body = AffectedPage), CommonProblems))]
pub(super) async fn list_sign_in_policy_affected(
    grant: Grant<ReadSignInPolicy>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<AffectedQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "sign_in_policy_affected";
    let level = match (query.tenant_id, query.domain_id) {
        (None, None) => Level::Installation(app.installation),
        (Some(id), None) => Level::Tenant(id),
        (None, Some(id)) => Level::Domain(id),
        (Some(_), Some(_)) => {
            let error = FieldError::invalid("?domain_id", "expected a tenant or a domain");
            return Err(ApiError::new(crate::http::Code::InvalidQuery).errors(vec![error]));
        }
    };
    let filters = (query.tenant_id, query.domain_id);
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let mut read = app.db.read(&grant).await?;
    store::above(&mut read, level).await?.ok_or_else(ApiError::not_found)?;
    let (total, mut rows) = store::unprotected(&mut read, level, host(&app), Some(&page)).await?;
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id);
    let data = rows.into_iter().map(|row| AffectedPerson {
        id: Id::from_uuid(row.id),
        email: row.email,
        tenant_id: Id::from_uuid(row.tenant_id),
    });
    Ok(Answer::ok(&AffectedPage { total, data: data.collect(), next_cursor }))
}

fn host(app: &App) -> &str {
    app.config.public_url.host_str().unwrap_or_default()
}

fn view(rule: &Rule, people_without_factor: i64) -> SignInPolicyView {
    SignInPolicyView {
        second_factor: rule.second_factor,
        required_from: rule.required_from.map(Time),
        people_without_factor,
    }
}

async fn read(app: &App, grant: &Grant<ReadSignInPolicy>, level: Level) -> Result<Answer, ApiError> {
    let mut read = app.db.read(grant).await?;
    store::above(&mut read, level).await?.ok_or_else(ApiError::not_found)?;
    let rule = store::get(&mut read, level).await?;
    let (count, _) = store::unprotected(&mut read, level, host(app), None).await?;
    Ok(Answer::ok(&view(&rule, count)).revision(rule.revision))
}

async fn write(
    app: &App,
    grant: &Grant<WriteSignInPolicy>,
    level: Level,
    if_match: &IfMatch,
    body: &SignInPolicyUpdate,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(grant).await?;
    let above = store::above(&mut tx, level).await?.ok_or_else(ApiError::not_found)?;
    let before = store::get(&mut tx, level).await?;
    if_match.require(before.revision)?;
    if body.required_from.is_some() && body.second_factor != Some(SecondFactorRule::Required) {
        return Err(ApiError::field("/required_from", "goes with `required` only"));
    }
    if body.second_factor.is_some_and(|rule| rule < above.rule) {
        let least = above.name();
        return Err(ApiError::field(
            "/second_factor",
            format!("a level above asks for `{least}`: ask for as much or more"),
        ));
    }
    let after = Rule {
        second_factor: body.second_factor,
        required_from: body.required_from.map(|time| time.0),
        revision: before.revision + 1,
    };
    store::put(&mut tx, level, &after, before.revision).await?;
    let (count, _) = store::unprotected(&mut tx, level, host(app), None).await?;
    let target = match level {
        Level::Installation(id) => Target::new("sign_in_policy").id(id),
        Level::Tenant(id) => Target::new("sign_in_policy").id(id).of_tenant(id),
        Level::Domain(id) => Target::new("sign_in_policy").id(id),
    };
    let after_view = view(&after, count);
    audit::record(&mut tx, "sign_in_policy.update", target, Some(&view(&before, count)), Some(&after_view)).await?;
    commit(tx, Answer::ok(&after_view).revision(after.revision)).await
}
