//! `/v1/list-entries`

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use contract::{
    ids::ListEntryId,
    mail::{Cidr, Host, Mailbox},
    policy::lists::SenderPattern,
};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    ListEntry, Scope, store,
    view::{ListEntryCreate, ListEntryPage, ListEntryQuery, ListEntryUpdate, ListEntryView, ListScopeName},
};
use crate::{
    app::AppState,
    audit::{self, Target},
    auth::{
        Action, Grant, Place,
        action::{ReadLists, WriteLists},
    },
    db::{Read, StoreError, System, Tx},
    domains,
    http::{
        Answer, ApiError, ApiJson, ApiPatch, ApiPath, ApiQuery, Code, FieldError, IfMatch, commit, docs::CommonProblems,
    },
    outbox, tenants,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_list_entries, create_list_entry)).routes(routes!(
        read_list_entry,
        update_list_entry,
        delete_list_entry
    ))
}

async fn target(read: &mut Read, entry: &ListEntry) -> Result<Target, StoreError> {
    let target = Target::new("list_entry").id(entry.id);
    Ok(match &entry.scope {
        Scope::Installation => target,
        Scope::Tenant(tenant) => target.of_tenant(*tenant),
        Scope::Domain(domain, _) | Scope::Recipient(domain, ..) => match domains::find(read, *domain).await? {
            Some(domain) => target.of_tenant(domain.tenant),
            None => target,
        },
    })
}

async fn load<A: Action>(read: &mut Read, grant: &Grant<A>, id: ListEntryId) -> Result<ListEntry, ApiError> {
    let entry = store::find(read, id).await?.ok_or_else(ApiError::not_found)?;
    let place = match &entry.scope {
        Scope::Installation => Place::Installation,
        Scope::Tenant(tenant) => Place::Tenant(*tenant),
        Scope::Domain(domain, _) | Scope::Recipient(domain, ..) => {
            domains::find(read, *domain).await?.ok_or_else(ApiError::not_found)?.place()
        }
    };
    grant.must_reach(place)?;
    Ok(entry)
}

/// List entries of allow and block lists.
#[utoipa::path(get, path = "/v1/list-entries", operation_id = "list_list_entries", tag = "lists", params(ListEntryQuery),
    responses((status = 200, description = "A page of entries", body = ListEntryPage), CommonProblems))]
pub(super) async fn list_list_entries(
    grant: Grant<ReadLists>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<ListEntryQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "list_entries";
    let filters = (&query.scope, &query.tenant_id, &query.domain_id, &query.kind, &query.sender, &query.client);
    let page = app.cursors.page::<Uuid>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let refused = |name: &str, why: &dyn std::fmt::Display| {
        ApiError::new(Code::InvalidQuery).errors(vec![FieldError::invalid(format!("?{name}"), why)])
    };
    let sender = query.sender.as_deref().map(str::parse::<SenderPattern>).transpose();
    let client = query.client.as_deref().map(str::parse::<Cidr>).transpose();
    let filter = store::Filter {
        scope: query.scope,
        tenant: query.tenant_id,
        domain: query.domain_id,
        kind: query.kind,
        sender: sender.map_err(|error| refused("sender", &error))?.map(|pattern| pattern.to_string()),
        client: client.map_err(|error| refused("client", &error))?.map(|network| network.to_string()),
    };
    let scope = grant.scope().sets();
    let mut rows = store::list(&mut app.db.read(&grant).await?, &filter, &scope, &page).await?;
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, |row| row.id.uuid());
    Ok(Answer::ok(&ListEntryPage { data: rows.iter().map(ListEntryView::from).collect(), next_cursor }))
}

/// Allow or block a sender or a client.
#[utoipa::path(post, path = "/v1/list-entries", operation_id = "create_list_entry", tag = "lists",
    request_body = ListEntryCreate,
    responses((status = 201, description = "Created", body = ListEntryView), CommonProblems))]
pub(super) async fn create_list_entry(
    grant: Grant<WriteLists>,
    State(app): State<AppState>,
    ApiJson(body): ApiJson<ListEntryCreate>,
) -> Result<Response, ApiError> {
    let subject = body.parse(app.clock.now())?;
    let mut tx = app.db.begin(&grant).await?;
    let scope = scope(&mut tx, &grant, &body).await?;
    let entry = ListEntry {
        id: tx.new_id(),
        kind: body.kind,
        scope,
        subject,
        expires_at: body.expires_at.map(|time| time.0),
        comment: body.comment,
        revision: 1,
        created_at: tx.now(),
    };
    let pointer = if body.sender.is_some() { "/sender" } else { "/client" };
    let taken = || ApiError::new(Code::NameTaken).detail("there is an entry of this kind for it").at(pointer);
    store::insert(&mut tx, &entry).await.map_err(|error| error.or_unique(taken))?;
    let view = ListEntryView::from(&entry);
    let target = target(&mut tx, &entry).await?;
    audit::record(&mut tx, "list_entry.create", target, audit::NOTHING, Some(&view)).await?;
    outbox::record(&mut tx, &entry.scope.change()).await?;
    commit(tx, Answer::created(format!("/v1/list-entries/{}", entry.id), &view).revision(entry.revision)).await
}

/// The scope that the body names; its parts were found to be there or not by then.
async fn scope(tx: &mut Tx, grant: &Grant<WriteLists>, body: &ListEntryCreate) -> Result<Scope, ApiError> {
    let reach = grant.scope();
    let domain = match body.domain_id {
        Some(id) => {
            let domain = domains::find(tx, id).await?.filter(|domain| reach.covers(domain.place()));
            let domain = domain.ok_or_else(|| ApiError::field("/domain_id", "there is no such domain"))?;
            domains::must_be_no_alias(&domain)?;
            Some(domain)
        }
        None => None,
    };
    match (body.scope, body.tenant_id, domain) {
        (ListScopeName::Installation, ..) if !reach.is_everything() => Err(ApiError::new(Code::Forbidden).at("/scope")),
        (ListScopeName::Installation, ..) => Ok(Scope::Installation),
        (ListScopeName::Tenant, Some(id), _) => {
            tenants::must_be_open(tx, &reach, id, "/tenant_id").await?;
            Ok(Scope::Tenant(id))
        }
        (ListScopeName::Domain, _, Some(domain)) => Ok(Scope::Domain(domain.id, domain.name)),
        (ListScopeName::Recipient, _, Some(domain)) => {
            let address = body.recipient.as_deref().unwrap_or_default();
            let mailbox = address.parse::<Mailbox>().map_err(|error| ApiError::field("/recipient", error))?;
            match mailbox.host() {
                Host::Domain(name) if *name == domain.name => {
                    Ok(Scope::Recipient(domain.id, domain.name, mailbox.local().clone()))
                }
                Host::Domain(_) | Host::Address(_) => {
                    Err(ApiError::field("/recipient", format!("expected an address of {}", domain.name)))
                }
            }
        }
        (ListScopeName::Tenant | ListScopeName::Domain | ListScopeName::Recipient, ..) => {
            Err(ApiError::internal("a scope without its id passed the check"))
        }
    }
}

/// Read an entry.
#[utoipa::path(get, path = "/v1/list-entries/{entry_id}", operation_id = "read_list_entry", tag = "lists",
    params(("entry_id" = ListEntryId, Path)),
    responses((status = 200, description = "The entry", body = ListEntryView), CommonProblems))]
pub(super) async fn read_list_entry(
    grant: Grant<ReadLists>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<ListEntryId>,
) -> Result<Answer, ApiError> {
    let entry = load(&mut app.db.read(&grant).await?, &grant, id).await?;
    Ok(Answer::ok(&ListEntryView::from(&entry)).revision(entry.revision))
}

/// Change when an entry ends, or its comment.
#[utoipa::path(patch, path = "/v1/list-entries/{entry_id}", operation_id = "update_list_entry", tag = "lists",
    params(("entry_id" = ListEntryId, Path)), request_body = ListEntryUpdate,
    responses((status = 200, description = "The entry as it is now", body = ListEntryView), CommonProblems))]
pub(super) async fn update_list_entry(
    grant: Grant<WriteLists>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<ListEntryId>,
    if_match: IfMatch,
    ApiPatch(body): ApiPatch<ListEntryUpdate>,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let before = load(&mut tx, &grant, id).await?;
    if_match.check(before.revision)?;
    let mut after = before.clone();
    body.apply(&mut after, tx.now())?;
    let (old, new) = (ListEntryView::from(&before), ListEntryView::from(&after));
    if serde_json::to_value(&old).ok() == serde_json::to_value(&new).ok() {
        return Ok(Answer::ok(&old).revision(before.revision).into_response());
    }
    store::update(&mut tx, &after).await?;
    after.revision += 1;
    let target = target(&mut tx, &after).await?;
    audit::record(&mut tx, "list_entry.update", target, Some(&old), Some(&new)).await?;
    outbox::record(&mut tx, &after.scope.change()).await?;
    commit(tx, Answer::ok(&new).revision(after.revision)).await
}

/// Take an entry off its list.
#[utoipa::path(delete, path = "/v1/list-entries/{entry_id}", operation_id = "delete_list_entry", tag = "lists",
    params(("entry_id" = ListEntryId, Path)),
    responses((status = 204, description = "Taken off"), CommonProblems))]
pub(super) async fn delete_list_entry(
    grant: Grant<WriteLists>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<ListEntryId>,
    if_match: IfMatch,
) -> Result<Response, ApiError> {
    let mut tx = app.db.begin(&grant).await?;
    let entry = load(&mut tx, &grant, id).await?;
    if_match.check(entry.revision)?;
    remove(&mut tx, &entry, "list_entry.delete").await?;
    commit(tx, Answer::no_content()).await
}

async fn remove(tx: &mut Tx, entry: &ListEntry, action: &'static str) -> Result<(), StoreError> {
    store::delete(tx, entry).await?;
    let target = target(tx, entry).await?;
    audit::record(tx, action, target, Some(&ListEntryView::from(entry)), audit::NOTHING).await?;
    outbox::record(tx, &entry.scope.change()).await?;
    Ok(())
}

/// Takes entries away whose time is over. Workers ignore them already.
pub(crate) async fn remove_expired(app: AppState) -> Result<(), StoreError> {
    let system = System::task("list_expiry");
    let now = app.clock.now();
    if store::expired(&mut app.db.read(&system).await?, now).await?.is_empty() {
        return Ok(());
    }
    let mut tx = app.db.begin(&system).await?;
    for entry in store::expired(&mut tx, now).await? {
        remove(&mut tx, &entry, "list_entry.expire").await?;
    }
    tx.commit().await
}
