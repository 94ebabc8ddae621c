//! `/v1/domains/{domain_id}/recipients`

use std::collections::{HashMap, HashSet};

use axum::{extract::State, response::Response};
use contract::ids::{DomainId, RecipientId};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    Recipient, csv, key,
    plan::{Fate, Mode, plan},
    store,
    view::{
        self, RecipientBatch, RecipientBatchItem, RecipientBatchResult, RecipientCreate, RecipientPage, RecipientQuery,
        RecipientView,
    },
};
use crate::{
    app::AppState,
    audit::{self, Target},
    auth::{
        Action, Grant,
        action::{ReadRecipients, WriteRecipients},
    },
    db::{Read, Tx},
    domains::{self, Domain},
    http::{Answer, ApiError, ApiJson, ApiPath, ApiQuery, Code, FieldError, commit, docs::CommonProblems},
    outbox::{self, Change},
    tenants::limits,
};

const MOST_ITEMS: usize = 500;
/// Recipients of one domain.
const MOST: usize = 1_000_000;

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_recipients, create_recipient))
        .routes(routes!(batch_recipients))
        .merge(csv::api::router())
        .routes(routes!(read_recipient, delete_recipient))
}

pub(super) async fn domain<A: Action>(read: &mut Read, grant: &Grant<A>, id: DomainId) -> Result<Domain, ApiError> {
    let domain = domains::find(read, id).await?.ok_or_else(ApiError::not_found)?;
    grant.must_reach(domain.place())?;
    Ok(domain)
}

/// Alone with the domain's recipients until the end of the transaction.
pub(super) async fn to_write(tx: &mut Tx, grant: &Grant<WriteRecipients>, id: DomainId) -> Result<Domain, ApiError> {
    domains::lock(tx, id).await?;
    let domain = domain(tx, grant, id).await?;
    domains::must_be_no_alias(&domain)?;
    Ok(domain)
}

pub(super) fn target(domain: &Domain) -> Target {
    Target::new("recipients").id(domain.id).of_tenant(domain.tenant)
}

pub(super) fn change(domain: &Domain) -> Change {
    Change::Recipients(domain.id, domain.name.clone())
}

/// List a domain's recipients.
#[utoipa::path(get, path = "/v1/domains/{domain_id}/recipients", operation_id = "list_recipients", tag = "recipients",
    params(("domain_id" = DomainId, Path), RecipientQuery),
    responses((status = 200, description = "A page of recipients", body = RecipientPage), CommonProblems))]
pub(super) async fn list_recipients(
    grant: Grant<ReadRecipients>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    ApiQuery(query): ApiQuery<RecipientQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "recipients";
    let filters = (id, &query.address);
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let mut read = app.db.read(&grant).await?;
    let domain = domain(&mut read, &grant, id).await?;
    let mut rows = match &query.address {
        None => store::list(&mut read, id, &page).await?,
        Some(address) => {
            let local_part = view::parse(address, &domain.name, "?address")
                .map_err(|error| ApiError::new(Code::InvalidQuery).errors(vec![error]))?;
            store::by_local_part(&mut read, id, &local_part).await?.into_iter().collect()
        }
    };
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id.uuid());
    let data = rows.iter().map(|row| RecipientView::new(row, id, &domain.name)).collect();
    Ok(Answer::ok(&RecipientPage { data, next_cursor }))
}

/// Add one recipient: a mailbox, or an alias of one.
#[utoipa::path(post, path = "/v1/domains/{domain_id}/recipients", operation_id = "create_recipient", tag = "recipients",
    params(("domain_id" = DomainId, Path)), request_body = RecipientCreate,
    responses((status = 201, description = "Added", body = RecipientView), CommonProblems))]
pub(super) async fn create_recipient(
    grant: Grant<WriteRecipients>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    ApiJson(body): ApiJson<RecipientCreate>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let domain = to_write(&mut tx, &grant, id).await?;
    let wanted = [body.parse(&domain.name, "").map_err(|error| ApiError::invalid(vec![error]))?];
    let existing = store::existing(&mut tx, id, Some(&wanted)).await?;
    match plan(Mode::Add, &wanted, &existing, &HashSet::new()).fates.first() {
        Some(Fate::Add) => {}
        Some(Fate::Bad(bad)) => return Err(ApiError::invalid(vec![bad.at("")])),
        _ => return Err(ApiError::new(Code::NameTaken).at("/address")),
    }
    refuse_too_many(there(&mut tx, id).await?.saturating_add(1))?;
    let [one] = wanted;
    let recipient = Recipient { id: tx.new_id(), local_part: one.local_part, alias: one.alias, created_at: tx.now() };
    store::put(&mut tx, id, std::slice::from_ref(&recipient)).await?;
    limits::recipients_must_fit(&mut tx, &grant.scope(), domain.tenant).await?;
    // Its mailbox as it is written there.
    let recipient = store::find(&mut tx, id, recipient.id).await?.ok_or_else(ApiError::not_found)?;
    let view = RecipientView::new(&recipient, id, &domain.name);
    audit::record(&mut tx, "recipient.create", target(&domain), audit::NOTHING, Some(&view)).await?;
    outbox::record(&mut tx, &change(&domain)).await?;
    commit(tx, Answer::created(format!("/v1/domains/{id}/recipients/{}", recipient.id), &view)).await
}

/// Add up to 500 recipients. Each item has a status of its own.
#[utoipa::path(post, path = "/v1/domains/{domain_id}/recipients:batch", operation_id = "batch_recipients",
    tag = "recipients", params(("domain_id" = DomainId, Path)), request_body = RecipientBatch,
    responses((status = 200, description = "What became of each", body = RecipientBatchResult), CommonProblems))]
pub(super) async fn batch_recipients(
    grant: Grant<WriteRecipients>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<DomainId>,
    ApiJson(body): ApiJson<RecipientBatch>,
) -> Result<Response, ApiError> {
    if !(1..=MOST_ITEMS).contains(&body.items.len()) {
        return Err(ApiError::field("/items", format!("expected 1 to {MOST_ITEMS} items")));
    }
    let mut tx = app.db.begin(&grant).await?;
    let domain = to_write(&mut tx, &grant, id).await?;
    let parsed = body.items.iter().enumerate().map(|(at, item)| item.parse(&domain.name, &format!("/items/{at}")));
    let parsed: Vec<_> = parsed.collect();
    let wanted: Vec<_> = parsed.iter().filter_map(|item| item.as_ref().ok().cloned()).collect();
    let existing = store::existing(&mut tx, id, Some(&wanted)).await?;
    let mut fates = plan(Mode::Add, &wanted, &existing, &HashSet::new()).fates.into_iter();
    let mut ids: HashMap<String, RecipientId> = existing.iter().map(|(key, one)| (key.clone(), one.id)).collect();
    let (mut results, mut put) = (Vec::with_capacity(parsed.len()), Vec::new());
    for (at, item) in parsed.into_iter().enumerate() {
        results.push(match (item, at) {
            (Err(error), _) => item_result("invalid", None, Some(error)),
            (Ok(one), at) => match fates.next() {
                Some(Fate::Bad(bad)) => item_result("invalid", None, Some(bad.at(&format!("/items/{at}")))),
                Some(Fate::Add) => {
                    let new = Recipient {
                        id: tx.new_id(),
                        local_part: one.local_part,
                        alias: one.alias,
                        created_at: tx.now(),
                    };
                    ids.insert(key(&new.local_part), new.id);
                    let result = item_result("created", Some(new.id), None);
                    put.push(new);
                    result
                }
                _ => item_result("exists", ids.get(&key(&one.local_part)).copied(), None),
            },
        });
    }
    refuse_too_many(there(&mut tx, id).await?.saturating_add(put.len()))?;
    store::put(&mut tx, id, &put).await?;
    if !put.is_empty() {
        limits::recipients_must_fit(&mut tx, &grant.scope(), domain.tenant).await?;
    }
    let added: Vec<_> = put.iter().map(|recipient| recipient.local_part.to_string()).collect();
    let after = serde_json::json!({ "added": added });
    audit::record(&mut tx, "recipients.add", target(&domain), audit::NOTHING, Some(&after)).await?;
    if !added.is_empty() {
        outbox::record(&mut tx, &change(&domain)).await?;
    }
    commit(tx, Answer::ok(&RecipientBatchResult { results })).await
}

fn item_result(status: &str, id: Option<RecipientId>, error: Option<FieldError>) -> RecipientBatchItem {
    RecipientBatchItem { status: status.to_owned(), id, error }
}

async fn there(tx: &mut Tx, domain: DomainId) -> Result<usize, ApiError> {
    Ok(usize::try_from(store::count(tx, domain).await?).unwrap_or(usize::MAX))
}

pub(super) fn refuse_too_many(recipients: usize) -> Result<(), ApiError> {
    if recipients > MOST {
        return Err(ApiError::new(Code::TooMany).detail(format!("a domain has at most {MOST} recipients")));
    }
    Ok(())
}

/// Read a recipient.
#[utoipa::path(get, path = "/v1/domains/{domain_id}/recipients/{recipient_id}", operation_id = "read_recipient",
    tag = "recipients", params(("domain_id" = DomainId, Path), ("recipient_id" = RecipientId, Path)),
    responses((status = 200, description = "The recipient", body = RecipientView), CommonProblems))]
pub(super) async fn read_recipient(
    grant: Grant<ReadRecipients>,
    State(app): State<AppState>,
    ApiPath((id, recipient)): ApiPath<(DomainId, RecipientId)>,
) -> Result<Answer, ApiError> {
    let mut read = app.db.read(&grant).await?;
    let domain = domain(&mut read, &grant, id).await?;
    let recipient = store::find(&mut read, id, recipient).await?.ok_or_else(ApiError::not_found)?;
    Ok(Answer::ok(&RecipientView::new(&recipient, id, &domain.name)))
}

/// Take a recipient away.
#[utoipa::path(delete, path = "/v1/domains/{domain_id}/recipients/{recipient_id}", operation_id = "delete_recipient",
    tag = "recipients", params(("domain_id" = DomainId, Path), ("recipient_id" = RecipientId, Path)),
    responses((status = 204, description = "Taken away"), CommonProblems))]
pub(super) async fn delete_recipient(
    grant: Grant<WriteRecipients>,
    State(app): State<AppState>,
    ApiPath((id, recipient)): ApiPath<(DomainId, RecipientId)>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let domain = to_write(&mut tx, &grant, id).await?;
    let found = store::find(&mut tx, id, recipient).await?.ok_or_else(ApiError::not_found)?;
    let aliases = store::aliases_of(&mut tx, id, &found.local_part).await?;
    if aliases > 0 {
        return Err(ApiError::new(Code::HasAliases).detail(format!("{aliases} recipients are aliases of it")));
    }
    if !store::delete(&mut tx, id, recipient).await? {
        return Err(ApiError::not_found());
    }
    let before = RecipientView::new(&found, id, &domain.name);
    audit::record(&mut tx, "recipient.delete", target(&domain), Some(&before), audit::NOTHING).await?;
    outbox::record(&mut tx, &change(&domain)).await?;
    commit(tx, Answer::no_content()).await
}
