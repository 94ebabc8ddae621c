//! The text of a row that is hashed and exported: one JSON object on one line. It must stay the same, octet for octet, for
//! as long as rows are kept that were chained with it.

use contract::{Id, Micros, ids};
use serde::Serialize;

use super::store::Row;
use crate::{db::StoreError, http::Time};

#[derive(Serialize)]
struct Entry<'a> {
    id: Id<ids::Audit>,
    at: Time,
    actor: Actor<'a>,
    address: Option<&'a str>,
    request_id: Option<&'a str>,
    action: &'a str,
    target_kind: &'a str,
    target_id: Option<&'a str>,
    tenant_id: Option<Id<ids::Tenant>>,
}

#[derive(Serialize)]
struct Actor<'a> {
    kind: &'a str,
    id: Option<&'a str>,
    name: Option<&'a str>,
}

/// What was before and after goes in as it is stored: read and written anew, a number might not be the same text.
pub(super) fn text(row: &Row) -> Result<String, StoreError> {
    let entry = Entry {
        id: Id::from_uuid(row.id),
        at: Time(Micros::from_micros(row.at)),
        actor: Actor { kind: &row.actor_kind, id: row.actor_id.as_deref(), name: row.actor_name.as_deref() },
        address: row.address.as_deref(),
        request_id: row.request_id.as_deref(),
        action: &row.action,
        target_kind: &row.target_kind,
        target_id: row.target_id.as_deref(),
        tenant_id: row.tenant_id.map(Id::from_uuid),
    };
    let mut text = serde_json::to_string(&entry).map_err(StoreError::corrupt("audit row"))?;
    // The object's end, which comes after the two.
    text.pop();
    let (before, after) = (row.before_state.as_deref(), row.after_state.as_deref());
    for part in [",\"before\":", before.unwrap_or("null"), ",\"after\":", after.unwrap_or("null"), "}"] {
        text.push_str(part);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_text_of_a_row_is_what_it_was() {
        let mut row = Row {
            id: Uuid::nil(),
            at: 1_800_000_000_000_001,
            action: "tenant.update".into(),
            target_kind: "tenant".into(),
            target_id: Some("ten_1".into()),
            tenant_id: Some(Uuid::max()),
            before_state: Some(r#"{"b":1.10,"a":null}"#.into()),
            after_state: None,
            address: Some("192.0.2.7".into()),
            request_id: None,
            actor_kind: "person".into(),
            actor_id: Some("per_1".into()),
            actor_name: Some("a \"b\"@example.com".into()),
        };
        let expected = concat!(
            r#"{"id":"aud_00000000000000000000000000000000","at":"2027-01-15T08:00:00.000001Z","actor":{"kind":"person","#,
            r#""id":"per_1","name":"a \"b\"@example.com"},"address":"192.0.2.7","request_id":null,"action":"tenant.update","#,
            r#""target_kind":"tenant","target_id":"ten_1","tenant_id":"ten_ffffffffffffffffffffffffffffffff","#,
            r#""before":{"b":1.10,"a":null},"after":null}"#,
        );
        assert_eq!(text(&row).unwrap(), expected);
        row.tenant_id = None;
        assert!(text(&row).unwrap().contains(r#""tenant_id":null,"#));
    }
}
