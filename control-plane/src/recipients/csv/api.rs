//! `/v1/domains/{domain_id}/recipients:import` and `:export`

use axum::{
    body::Body,
    extract::{DefaultBodyLimit, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use contract::{ids::DomainId, mail::Domain as Name};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{read, upload, write};
use crate::{
    app::AppState,
    audit,
    auth::{
        Grant,
        action::{ReadRecipients, WriteRecipients},
    },
    domains::{self, Domain},
    http::{Answer, ApiCsv, ApiError, ApiPath, ApiQuery, Page, commit, docs::CommonProblems},
    outbox,
    recipients::{
        Recipient, api as recipients,
        plan::{Fate, Mode, Plan, Wanted, plan},
        store,
        view::{ImportMode, OnError, RecipientImport, RecipientImportQuery},
    },
    tenants::limits,
};

/// A million recipients with short names.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// Recipients read at once for an export.
const PAGE: usize = 2_000;

pub(crate) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(OpenApiRouter::new().routes(routes!(import_recipients)).layer(DefaultBodyLimit::max(MOST_BYTES)))
        .routes(routes!(export_recipients))
}

/// A file of recipients, in UTF-8.
#[derive(Debug, ToSchema)]
// `binary` is what generators know a file by: they pass its octets on as they are.
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "stands for the octets in the document")]
pub(super) struct RecipientFile(Vec<u8>);

/// Upload recipients as CSV: add those in the file, or replace all by them.
///
/// A line a recipient: `address`, `alias_of`, `hop_sees`; a header line may name the columns. Up to 32 MiB (413 beyond; 1 MiB
/// with an `Idempotency-Key`, which this operation does not need: the same file again changes nothing). A broken line is
/// named with line and column, here as `/line/column`; by `on_error` none of the file is applied then, or all good lines.
#[utoipa::path(post, path = "/v1/domains/{domain_id}/recipients:import", operation_id = "import_recipients",
    tag = "recipients", params(("domain_id" = DomainId, Path), RecipientImportQuery),
    request_body(content = RecipientFile, content_type = "text/csv", description = "The file, in UTF-8",
        example = "address,alias_of,hop_sees\r\nanna@acme.example,,\r\na.smith@acme.example,anna@acme.example,mailbox\r\n"),
    responses((status = 200, description = "What was done, or would be", body = RecipientImport), CommonProblems))]
pub(super) async fn import_recipients(
    grant: Grant<WriteRecipients>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    ApiQuery(query): ApiQuery<RecipientImportQuery>,
    ApiCsv(bytes): ApiCsv,
) -> Result<Response, ApiError> {
    let name = {
        let domain = recipients::domain(&mut app.db.read(&grant).await?, &grant, id).await?;
        domains::must_be_no_alias(&domain)?;
        domain.name
    };
    // A large file takes a while: not on a thread that others wait for, and not while a transaction is open.
    let file = tokio::task::spawn_blocking(move || read::read(&bytes, &name)).await.map_err(ApiError::internal)?;
    let file = file.map_err(|broken| upload::refused(0, &[broken]))?;
    let (wanted, kept) = (upload::wanted(&file), upload::kept(&file));
    let mode = query.mode.unwrap_or(ImportMode::Add);

    let mut tx = app.db.begin(&grant).await?;
    let domain = recipients::to_write(&mut tx, &grant, id).await?;
    let existing = match mode {
        ImportMode::Add => store::existing(&mut tx, id, Some(&wanted)).await?,
        ImportMode::Replace => store::existing(&mut tx, id, None).await?,
    };
    let plan_mode = match mode {
        ImportMode::Add => Mode::Add,
        ImportMode::Replace => Mode::Replace,
    };
    let plan = plan(plan_mode, &wanted, &existing, &kept);
    let broken = upload::broken(&file, &plan);
    if !broken.is_empty() && query.on_error.unwrap_or(OnError::Refuse) == OnError::Refuse {
        return Err(upload::refused(file.lines, &broken));
    }
    let added = plan.fates.iter().filter(|fate| **fate == Fate::Add).count();
    let there = usize::try_from(store::count(&mut tx, id).await?).unwrap_or(usize::MAX);
    let left = there.saturating_add(added).saturating_sub(plan.removed.len());
    recipients::refuse_too_many(left)?;
    if !query.dry_run {
        let most = query.max_removed.map(|most| usize::try_from(most).unwrap_or(usize::MAX));
        upload::guard(&plan, there, left, most)?;
    }
    let view = upload::view(mode.name(), query.dry_run, &file, &plan, &broken, &domain.name);
    if query.dry_run {
        return Ok(Answer::ok(&view).into_response());
    }
    let changed = apply(&mut tx, &domain, &wanted, &plan).await?;
    if left > there {
        limits::recipients_must_fit(&mut tx, &grant.scope(), domain.tenant).await?;
    }
    audit::record(
        &mut tx,
        "recipients.import",
        recipients::target(&domain),
        audit::NOTHING,
        Some(&audited(&view, &plan, &wanted)),
    )
    .await?;
    if changed {
        outbox::record(&mut tx, &recipients::change(&domain)).await?;
    }
    commit(tx, Answer::ok(&view)).await
}

/// False: nothing was to be done.
async fn apply(tx: &mut crate::db::Tx, domain: &Domain, wanted: &[Wanted], plan: &Plan) -> Result<bool, ApiError> {
    store::remove(tx, domain.id, &plan.removed).await?;
    let now = tx.now();
    let put: Vec<Recipient> = wanted
        .iter()
        .zip(&plan.fates)
        .filter(|(_, fate)| matches!(fate, Fate::Add | Fate::Change))
        .map(|(one, _)| Recipient {
            id: tx.new_id(),
            local_part: one.local_part.clone(),
            alias: one.alias.clone(),
            created_at: now,
        })
        .collect();
    store::put(tx, domain.id, &put).await?;
    Ok(!put.is_empty() || !plan.removed.is_empty())
}

/// The log names so many of those that came and went, and counts the rest.
fn audited(view: &RecipientImport, plan: &Plan, wanted: &[Wanted]) -> serde_json::Value {
    let added = wanted.iter().zip(&plan.fates).filter(|(_, fate)| **fate == Fate::Add);
    let added: Vec<_> = added.take(upload::MOST_NAMED).map(|(one, _)| one.local_part.to_string()).collect();
    json!({
        "mode": view.mode, "lines": view.lines, "broken": view.broken,
        "added": view.added, "changed": view.changed, "removed": view.removed,
        "first_added": added, "first_removed": view.removed_addresses,
    })
}

/// Export a domain's recipients as CSV, in the form that an upload takes. A cell that a spreadsheet would run begins with an
/// apostrophe, which an upload takes off again.
#[utoipa::path(get, path = "/v1/domains/{domain_id}/recipients:export", operation_id = "export_recipients",
    tag = "recipients", params(("domain_id" = DomainId, Path)),
    responses((status = 200, description = "The file, in UTF-8", body = RecipientFile, content_type = "text/csv",
        example = "address,alias_of,hop_sees\r\nanna@acme.example,,\r\na.smith@acme.example,anna@acme.example,mailbox\r\n"),
        CommonProblems))]
pub(super) async fn export_recipients(
    grant: Grant<ReadRecipients>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
) -> Result<Response, ApiError> {
    let domain = recipients::domain(&mut app.db.read(&grant).await?, &grant, id).await?;
    let name = domain.name.clone();
    // Page by page: a reader that is slow holds no transaction open. An error ends the answer before its end is sent.
    let from = Export { app, grant, id, name, after: Some(Uuid::nil()), head: write::HEADER };
    let pages = futures::stream::try_unfold(from, Export::next);
    let mut response = Body::from_stream(pages).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8; header=present"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    let file = format!("attachment; filename=\"recipients-{}.csv\"", domain.name.as_ascii());
    if let Ok(value) = HeaderValue::from_str(&file) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    Ok(response)
}

/// An export on its way.
struct Export {
    app: AppState,
    grant: Grant<ReadRecipients>,
    id: DomainId,
    name: Name,
    /// None: that was the last page.
    after: Option<Uuid>,
    head: &'static str,
}

impl Export {
    async fn next(mut self) -> Result<Option<(String, Self)>, ApiError> {
        let Some(after) = self.after else { return Ok(None) };
        let page = Page { limit: PAGE, after: Some(after) };
        let rows = match self.app.db.read(&self.grant).await {
            Ok(mut read) => store::list(&mut read, self.id, &page).await,
            Err(error) => Err(error),
        };
        let rows = rows.inspect_err(|error| tracing::warn!(%error, "an export ended before its end"))?;
        let mut text = std::mem::take(&mut self.head).to_owned();
        rows.iter().take(PAGE).for_each(|row| write::line(row, &self.name, &mut text));
        self.after = rows.get(PAGE - 1).filter(|_| rows.len() > PAGE).map(|row| row.id.uuid());
        Ok(Some((text, self)))
    }
}
