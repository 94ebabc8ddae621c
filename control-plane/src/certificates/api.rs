//! `/v1/certificates`

use std::{collections::BTreeMap, fmt::Write};

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::{Id, Micros, ids, ids::CertificateId};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Certificate,
    check::{self, Given},
    names::{self, Holder},
    store,
    view::{CertificateCreate, CertificatePage, CertificateQuery, CertificateUpdate, CertificateView},
};
use crate::{
    app::AppState,
    audit,
    auth::{
        Action, Grant, Place,
        action::{ReadCertificates, WriteCertificates},
    },
    db::{Read, StoreError, System, Tx},
    http::{
        Answer, ApiError, ApiJson, ApiPatch, ApiPath, ApiQuery, Code, FieldError, IfMatch, Patch, commit,
        docs::CommonProblems,
    },
    outbox, tenants,
    vault::Purpose,
};

/// Of one tenant; more would be a burden on every worker.
const MOST_OF_TENANT: i64 = 1_000;

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_certificates, create_certificate)).routes(routes!(
        read_certificate,
        update_certificate,
        delete_certificate
    ))
}

/// List certificates.
#[utoipa::path(get, path = "/v1/certificates", operation_id = "list_certificates", tag = "certificates",
    params(CertificateQuery),
    responses((status = 200, description = "A page of certificates", body = CertificatePage), CommonProblems))]
pub(super) async fn list_certificates(
    grant: Grant<ReadCertificates>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<CertificateQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "certificates";
    let filters = (&query.tenant_id, &query.name);
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let filter =
        store::Filter { tenant: query.tenant_id, name: query.name.as_ref().map(|name| name.to_ascii_lowercase()) };
    let mut read = app.db.read(&grant).await?;
    let mut rows = store::list(&mut read, &filter, &grant.scope().sets(), &page).await?;
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id.uuid());
    let holders = names::holders(&mut read, rows.iter().flat_map(|row| &row.facts.names)).await?;
    let now = app.clock.now();
    let data = rows.iter().map(|row| CertificateView::new(row, &holders, now)).collect();
    Ok(Answer::ok(&CertificatePage { data, next_cursor }))
}

/// Upload a certificate and its key. Workers show it to senders that ask for one of its names. Where two bear a name, that of
/// the tenant whose domain it is wins over the installation's, and of one owner's that which ends later.
#[utoipa::path(post, path = "/v1/certificates", operation_id = "create_certificate", tag = "certificates",
    request_body = CertificateCreate,
    responses((status = 201, description = "Taken", body = CertificateView), CommonProblems))]
pub(super) async fn create_certificate(
    grant: Grant<WriteCertificates>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<CertificateCreate>,
) -> Result<Response, ApiError> {
    let good = check::check(&body.chain, &Given::Pem(body.key.pem()), app.clock.now()).map_err(ApiError::invalid)?;
    let mut tx = app.db.begin(&grant).await?;
    let scope = grant.scope();
    if body.tenant_id.is_none() && !scope.is_everything() {
        return Err(ApiError::new(Code::Forbidden).at("/tenant_id"));
    }
    if let Some(tenant) = body.tenant_id {
        tenants::must_be_open(&mut tx, &scope, tenant, "/tenant_id").await?;
        if store::count(&mut tx, tenant).await? >= MOST_OF_TENANT {
            return Err(ApiError::new(Code::TooMany).at("/tenant_id"));
        }
    }
    let (id, now) = (tx.new_id::<ids::Certificate>(), tx.now());
    let certificate = Certificate {
        id,
        tenant: body.tenant_id,
        chain: good.chain,
        sealed_key: app.vault.seal_with(Purpose::CertificateKey, id.uuid().as_bytes(), &good.key),
        facts: good.facts,
        revision: 1,
        created_at: now,
        updated_at: now,
    };
    let view = CertificateView::new(&certificate, &fitting(&mut tx, &certificate).await?, now);
    store::insert(&mut tx, &certificate).await?;
    audit::record(&mut tx, "certificate.create", certificate.target(), audit::NOTHING, Some(&view)).await?;
    outbox::record(&mut tx, &certificate.change()).await?;
    commit(tx, Answer::created(format!("/v1/certificates/{id}"), &view).revision(1)).await
}

/// Read a certificate; never its key.
#[utoipa::path(get, path = "/v1/certificates/{certificate_id}", operation_id = "read_certificate", tag = "certificates",
    params(("certificate_id" = CertificateId, Path)),
    responses((status = 200, description = "The certificate", body = CertificateView), CommonProblems))]
pub(super) async fn read_certificate(
    grant: Grant<ReadCertificates>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<CertificateId>,
) -> Result<Answer, ApiError> {
    let mut read = app.db.read(&grant).await?;
    let certificate = load(&mut read, &grant, id).await?;
    let view = shown(&mut read, &certificate, app.clock.now()).await?;
    Ok(Answer::ok(&view).revision(certificate.revision))
}

/// Replace a certificate, or its key too. Sessions that are open go on; new ones see the new one, without a restart.
#[utoipa::path(patch, path = "/v1/certificates/{certificate_id}", operation_id = "update_certificate",
    tag = "certificates", params(("certificate_id" = CertificateId, Path)), request_body = CertificateUpdate,
    responses((status = 200, description = "The certificate as it is now", body = CertificateView), CommonProblems))]
pub(super) async fn update_certificate(
    grant: Grant<WriteCertificates>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<CertificateId>,
    if_match: IfMatch,
    ApiPatch(body): ApiPatch<CertificateUpdate>,
) -> Result<Response, ApiError> {
    // Read, checked, and only then written: signatures are no work for the one writer's time. Whoever changes it meanwhile wins.
    let mut read = app.db.read(&grant).await?;
    let before = load(&mut read, &grant, id).await?;
    if_match.check(before.revision)?;
    let now = app.clock.now();
    let required = |pointer| ApiError::invalid(vec![FieldError::new(pointer, "required", "cannot be taken away")]);
    let (chain, key) = match (&body.chain, &body.key) {
        (Patch::Keep, Patch::Keep) => {
            let view = shown(&mut read, &before, now).await?;
            return Ok(Answer::ok(&view).revision(before.revision).into_response());
        }
        (Patch::Clear, _) => return Err(required("/chain")),
        (_, Patch::Clear) => return Err(required("/key")),
        (Patch::Set(chain), Patch::Set(key)) => (chain, Some(key.pem())),
        (Patch::Set(chain), Patch::Keep) => (chain, None),
        (Patch::Keep, Patch::Set(key)) => (&before.chain, Some(key.pem())),
    };
    let context = id.uuid();
    let kept = app
        .vault
        .open_with(Purpose::CertificateKey, context.as_bytes(), &before.sealed_key)
        .map_err(StoreError::corrupt("certificates.sealed_key"));
    // A stored key that does not open is mended by giving another.
    let kept = match kept {
        Ok(kept) => Some(kept),
        Err(_) if key.is_some() => None,
        Err(error) => return Err(error.into()),
    };
    let given = key.map_or_else(|| Given::Der(kept.as_ref().map_or(&[], |kept| kept)), Given::Pem);
    let good = check::check(chain, &given, now).map_err(ApiError::invalid)?;
    let same_key = key.is_none() || kept.is_some_and(|kept| kept == good.key);
    if good.chain == before.chain && same_key {
        let view = shown(&mut read, &before, now).await?;
        return Ok(Answer::ok(&view).revision(before.revision).into_response());
    }
    drop(read);
    let mut tx = app.db.begin(&grant).await?;
    let sealed_key = app.vault.seal_with(Purpose::CertificateKey, context.as_bytes(), &good.key);
    let mut after = Certificate { chain: good.chain, facts: good.facts, sealed_key, updated_at: now, ..before.clone() };
    let old = shown(&mut tx, &before, now).await?;
    let new = CertificateView::new(&after, &fitting(&mut tx, &after).await?, now);
    store::update(&mut tx, &after).await?;
    after.revision += 1;
    audit::record(&mut tx, "certificate.update", after.target(), Some(&old), Some(&new)).await?;
    outbox::record(&mut tx, &after.change()).await?;
    commit(tx, Answer::ok(&new).revision(after.revision)).await
}

/// Delete a certificate that no route names.
#[utoipa::path(delete, path = "/v1/certificates/{certificate_id}", operation_id = "delete_certificate",
    tag = "certificates", params(("certificate_id" = CertificateId, Path)),
    responses((status = 204, description = "Deleted"), CommonProblems))]
pub(super) async fn delete_certificate(
    grant: Grant<WriteCertificates>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<CertificateId>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let certificate = load(&mut tx, &grant, id).await?;
    if_match.check(certificate.revision)?;
    let now = tx.now();
    let view = shown(&mut tx, &certificate, now).await?;
    let in_use = || ApiError::new(Code::InUse).detail("a route shows this certificate to its next hops");
    store::delete(&mut tx, &certificate).await.map_err(|error| error.or_reference(in_use))?;
    audit::record(&mut tx, "certificate.delete", certificate.target(), Some(&view), audit::NOTHING).await?;
    outbox::record(&mut tx, &certificate.change()).await?;
    commit(tx, Answer::no_content()).await
}

async fn load<A: Action>(read: &mut Read, grant: &Grant<A>, id: Id<ids::Certificate>) -> Result<Certificate, ApiError> {
    let certificate = store::find(read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(Place::of(certificate.tenant))?;
    Ok(certificate)
}

async fn shown(read: &mut Read, certificate: &Certificate, now: Micros) -> Result<CertificateView, StoreError> {
    let holders = names::holders(read, &certificate.facts.names).await?;
    Ok(CertificateView::new(certificate, &holders, now))
}

/// Whose its names are, if it may bear them and is not there already.
async fn fitting(tx: &mut Tx, certificate: &Certificate) -> Result<BTreeMap<String, Holder>, ApiError> {
    let holders = names::holders(tx, &certificate.facts.names).await?;
    let refusals = certificate.tenant.map(|tenant| names::refusals(&certificate.facts.names, tenant, &holders));
    if let Some(refusals) = refusals.filter(|refusals| !refusals.is_empty()) {
        return Err(ApiError::invalid(refusals));
    }
    if store::has_twin(tx, certificate).await? {
        return Err(ApiError::new(Code::CertificateRegistered).at("/chain"));
    }
    Ok(holders)
}

/// How long each certificate has, in the text form of Prometheus: written anew each time, so that one that is gone is gone here too.
pub(crate) async fn metrics(app: &AppState) -> String {
    const NAME: &str = "postern_certificate_expires_in_seconds";
    let found = async { store::soonest(&mut app.db.read(&System::task("metrics")).await?, app.clock.now()).await };
    // Who asks for metrics while the database is away wants the others all the more.
    let found = found.await.unwrap_or_else(|error| {
        tracing::debug!(%error, "certificates are missing from the metrics");
        Vec::new()
    });
    let now = app.clock.now();
    let mut text = if found.is_empty() { String::new() } else { format!("# TYPE {NAME} gauge\n") };
    for store::Soonest { id, tenant, not_after } in found {
        let tenant = tenant.map(|tenant| tenant.to_string()).unwrap_or_default();
        let left = not_after.as_secs() - now.as_secs();
        let _ = writeln!(text, "{NAME}{{certificate=\"{id}\",tenant=\"{tenant}\"}} {left}");
    }
    text
}
