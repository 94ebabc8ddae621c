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
    auth::{Grant, action::ReadMessages},
    http::{Answer, ApiError, ApiPath, ApiQuery, Time, docs::CommonProblems},
    tenants::{self, Subtree},
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
    let subtree = match query.subtree_of {
        Some(id) => Some(tenants::subtree(&mut app.db.read(&grant).await?, id).await?),
        None => None,
    };
    let (one, top) = match subtree {
        Some(Subtree::One(id)) => (Some(id), None),
        Some(Subtree::Below(id)) => (None, Some(id)),
        Some(Subtree::Everyone) | None => (None, None),
    };
    // Both may be asked for: what is in one and not in the other is not shown.
    if let (Some(one), Some(tenant)) = (one, query.tenant_id)
        && one != tenant
    {
        return Ok(Answer::ok(&MessagePage { data: Vec::new(), next_cursor: None }));
    }
    let filter = Filter {
        tenant: query.tenant_id.or(one).map(contract::Id::uuid),
        top: top.map(contract::Id::uuid),
        any_tenant: subtree.is_some(),
        sender: query.sender.map(|sender| sender.to_lowercase()),
        recipient: query.recipient.map(|recipient| recipient.to_lowercase()),
        message_id: query.message_id,
        subject: query.subject.as_deref().map(super::folded),
        rule: query.rule.map(Rule::name),
        disposition: query.disposition.map(crate::events::disposition),
        from: query.from.map_or(0, |from| from.0.as_micros()),
        to: query.to.map_or(i64::MAX, |to| to.0.as_micros()),
    };
    let page = app.cursors.page::<Position>(LIST, &filter, query.limit, query.cursor.as_deref())?;
    let mut rows = store::search(&mut app.trace.read(&grant).await?, &page, &filter).await?;
    let position = |row: &store::Row| Position { started_at: row.started_at, seq: row.seq };
    let next_cursor = app.cursors.cut(LIST, &filter, page.limit, &mut rows, position);
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
    if rows.is_empty() {
        return Err(ApiError::not_found());
    }
    let data = rows.iter().map(view).collect::<Result<_, _>>()?;
    Ok(Answer::ok(&MessageRecords { data }))
}
