//! `/v1/messages`.

use axum::extract::State;
use contract::{
    ids::{MessageId, TenantId},
    policy::{Disposition, Rule},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    store::{self, Filter, Position},
    view::{MessageView, view},
};
use crate::{
    app::AppState,
    auth::{Grant, Place, action::ReadMessages},
    http::{Answer, ApiError, ApiPath, ApiQuery, Time, docs::CommonProblems},
    tenants,
};

pub fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list_messages)).routes(routes!(read_message))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct MessagePage {
    pub data: Vec<MessageView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// All records of one message id: one for each tenant that had a recipient in the transaction.
#[derive(Debug, Serialize, ToSchema)]
pub struct MessageRecords {
    pub data: Vec<MessageView>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct MessageQuery {
    /// Only this tenant's.
    tenant_id: Option<TenantId>,
    /// Only this tenant's and those of all below it.
    subtree_of: Option<TenantId>,
    /// Exact envelope sender, without regard to case; empty for the null sender.
    #[param(example = "anna@example.net")]
    sender: Option<String>,
    /// Exact recipient as the sender wrote it, without regard to case.
    #[param(example = "bert@acme.example")]
    recipient: Option<String>,
    /// Exact Message-ID, without brackets.
    message_id: Option<String>,
    /// Exact subject, without regard to case and white space. Kept only where policy says so.
    #[param(example = "Your invoice")]
    subject: Option<String>,
    /// The rule that decided.
    rule: Option<Rule>,
    disposition: Option<Disposition>,
    /// Began at this time or later.
    #[param(value_type = Option<String>, format = DateTime, example = "2027-01-31T12:00:00Z")]
    from: Option<Time>,
    /// Began before this time.
    #[param(value_type = Option<String>, format = DateTime, example = "2027-02-01T12:00:00Z")]
    to: Option<Time>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Search the trace, newest first.
#[utoipa::path(get, path = "/v1/messages", operation_id = "list_messages", tag = "messages", params(MessageQuery),
    responses((status = 200, description = "A page of messages", body = MessagePage), CommonProblems))]
pub(super) async fn list_messages(
    grant: Grant<ReadMessages>,
    State(app): State<AppState>,
    ApiQuery(query): ApiQuery<MessageQuery>,
) -> Result<Answer, ApiError> {
    const LIST: &str = "messages";
    let scope = grant.scope();
    // What is out of reach is as if nothing had come there.
    let asked = [query.tenant_id, query.subtree_of].into_iter().flatten();
    if asked.clone().any(|tenant| !scope.covers_tenant(tenant)) {
        return Ok(Answer::ok(&MessagePage { data: Vec::new(), next_cursor: None }));
    }
    let trees = match query.subtree_of {
        Some(id) => vec![id],
        // Where a tenant is named, it is the narrower.
        None if query.tenant_id.is_some() => Vec::new(),
        None => scope.roots().map(<[_]>::to_vec).unwrap_or_default(),
    };
    if trees.is_empty() && query.tenant_id.is_none() && !scope.is_everything() {
        return Ok(Answer::ok(&MessagePage { data: Vec::new(), next_cursor: None }));
    }
    let mut subtrees = Vec::with_capacity(trees.len());
    for id in &trees {
        subtrees.push(tenants::subtree(&mut app.db.read(&grant).await?, *id).await?);
    }
    let filter = Filter {
        tenant: query.tenant_id.map(contract::Id::uuid),
        top: None,
        any_tenant: !subtrees.is_empty(),
        sender: query.sender.map(|sender| sender.to_lowercase()),
        recipient: query.recipient.map(|recipient| recipient.to_lowercase()),
        message_id: query.message_id,
        subject: query.subject.as_deref().map(super::folded),
        rule: query.rule.map(Rule::name),
        disposition: query.disposition.map(crate::events::disposition),
        from: query.from.map_or(0, |from| from.0.as_micros()),
        to: query.to.map_or(i64::MAX, |to| to.0.as_micros()),
    };
    let filters = (&filter, &query.subtree_of);
    let page = app.cursors.page::<Position>(LIST, &filters, query.limit, query.cursor.as_deref())?;
    let mut trace = app.trace.read(&grant).await?;
    let mut rows = Vec::new();
    if subtrees.is_empty() {
        rows = store::search(&mut trace, &page, &filter).await?;
    }
    // Each tree has an index in the page's order: the pages of several are one page of all.
    for filter in subtrees.iter().filter_map(|subtree| filter.within(*subtree)) {
        rows.extend(store::search(&mut trace, &page, &filter).await?);
    }
    rows.sort_by_key(|row| std::cmp::Reverse((row.started_at, row.seq)));
    let position = |row: &store::Row| Position { started_at: row.started_at, seq: row.seq };
    let next_cursor = app.cursors.cut(LIST, &filters, page.limit, &mut rows, position);
    let data = rows.iter().map(view).collect::<Result<_, _>>()?;
    Ok(Answer::ok(&MessagePage { data, next_cursor }))
}

/// Read what is known of one message.
#[utoipa::path(get, path = "/v1/messages/{id}", operation_id = "read_message", tag = "messages",
    params(("id" = MessageId, Path)),
    responses((status = 200, description = "Its records", body = MessageRecords), CommonProblems))]
pub(super) async fn read_message(
    grant: Grant<ReadMessages>,
    State(app): State<AppState>,
    ApiPath(id): ApiPath<MessageId>,
) -> Result<Answer, ApiError> {
    let rows = store::get(&mut app.trace.read(&grant).await?, id).await?;
    let scope = grant.scope();
    let mut data: Vec<MessageView> = rows.iter().map(view).collect::<Result<_, _>>()?;
    // The others' records of the same transaction are theirs.
    data.retain(|record| scope.covers(Place::of(record.tenant_id)));
    if data.is_empty() {
        return Err(ApiError::not_found());
    }
    Ok(Answer::ok(&MessageRecords { data }))
}
