//! Allow and block lists: the most specific scope wins; within one, block beats allow; entries expire.

use std::time::Duration;

use serde_json::json;
use tests::System;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

const FRIEND: &str = "friend@bad.example";

#[tokio::test]
async fn the_most_specific_scope_wins_and_within_one_block_beats_allow() {
    let system = System::start().await;
    let acme = system.acme().await;
    let mut client = system.smtp().await;
    let mut judged = async |from: &str, to: &str| {
        client.say(&format!("MAIL FROM:<{from}>")).await.expect("250");
        let reply = client.say(&format!("RCPT TO:<{to}@acme.example>")).await;
        client.say("RSET").await.expect("250");
        reply.code
    };
    system.list(json!({ "kind": "block", "scope": "installation", "sender": "*@bad.example" })).await;
    assert_eq!((judged(FRIEND, "anna").await, judged("x@bad.example", "anna").await), (550, 550));
    system.list(json!({ "kind": "allow", "scope": "tenant", "tenant_id": acme.tenant, "sender": FRIEND })).await;
    assert_eq!((judged(FRIEND, "anna").await, judged("x@bad.example", "anna").await), (250, 550));
    let block = json!({ "kind": "block", "scope": "recipient", "domain_id": acme.domain,
        "recipient": "bert@acme.example", "sender": FRIEND });
    system.list(block).await;
    assert_eq!((judged(FRIEND, "anna").await, judged(FRIEND, "bert").await), (250, 550));
    let both =
        system.list(json!({ "kind": "block", "scope": "tenant", "tenant_id": acme.tenant, "sender": FRIEND })).await;
    assert_eq!(judged(FRIEND, "anna").await, 550);
    let gone = system.rest.delete(&format!("/v1/list-entries/{both}")).await;
    system.rest.until_applied(gone.version()).await;
    assert_eq!(judged(FRIEND, "anna").await, 250);
    // Our own address, as the worker sees it.
    system.list(json!({ "kind": "block", "scope": "domain", "domain_id": acme.domain, "client": "127.0.0.0/8" })).await;
    assert_eq!((judged("x@sender.example", "anna").await, judged("", "anna").await), (550, 550));
    system.end().await;
}

#[tokio::test]
async fn an_entry_that_expires_is_over_without_an_edit() {
    let system = System::start().await;
    let acme = system.acme().await;
    let soon = pretend::clock::system_clock().now() + Duration::from_secs(4);
    let soon = OffsetDateTime::from_unix_timestamp(soon.as_secs()).expect("a time").format(&Rfc3339).expect("a text");
    let entry = json!({ "kind": "block", "scope": "tenant", "tenant_id": acme.tenant, "sender": FRIEND,
        "expires_at": soon });
    system.list(entry).await;
    let mut client = system.smtp().await;
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    let mut was_blocked = false;
    loop {
        client.say(&format!("MAIL FROM:<{FRIEND}>")).await.expect("250");
        let reply = client.say("RCPT TO:<anna@acme.example>").await;
        client.say("RSET").await.expect("250");
        if reply.is("250") {
            break;
        }
        reply.expect("550 5.7.1");
        was_blocked = true;
        assert!(tokio::time::Instant::now() < deadline, "{reply}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(was_blocked, "it was over before it was applied");
    system.end().await;
}
