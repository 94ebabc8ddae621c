//! Acknowledged means applied, and an edit moves little.

use serde_json::json;
use tests::System;

#[tokio::test]
async fn a_blocked_sender_is_refused_at_rcpt_as_soon_as_the_edit_is_applied() {
    let system = System::start().await;
    let acme = system.acme().await;
    let mut client = system.smtp().await;
    client.send_message("x@bad.example", &["anna@acme.example"], b"Subject: one\r\n\r\n").await.expect("250");
    let entry = json!({ "kind": "block", "scope": "tenant", "tenant_id": acme.tenant, "sender": "*@bad.example" });
    let made = system.rest.post("/v1/list-entries", entry).await;
    system.rest.until_applied(made.version()).await;
    client.say("MAIL FROM:<x@bad.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("550 5.7.1");
    client.say("RSET").await.expect("250");
    let found = system.rest.until_messages("disposition=refused&sender=x@bad.example", 1).await;
    assert_eq!((&found[0]["rule"], &found[0]["reason"]), (&json!("list"), &json!("sender_blocked")));
    assert_eq!(found[0]["recipients"][0]["list_entry_id"], made.body["id"]);
    assert_eq!(system.hop.messages().len(), 1);
    let path = format!("/v1/list-entries/{}", made.text("id"));
    let gone = system.rest.delete(&path).await;
    system.rest.until_applied(gone.version()).await;
    client.send_message("x@bad.example", &["anna@acme.example"], b"Subject: two\r\n\r\n").await.expect("250");
    system.end().await;
}

#[tokio::test]
async fn an_edit_at_a_thousand_domains_moves_what_changed_and_no_more() {
    let system = System::start().await;
    let acme = system.acme().await;
    let mut domains = tokio::task::JoinSet::new();
    for n in 0..1_000 {
        let (rest, tenant, route) = (system.rest.clone(), acme.tenant.clone(), acme.route.clone());
        domains.spawn(async move {
            let body = json!({ "tenant_id": tenant, "name": format!("d{n}.example"), "route_id": route });
            rest.post("/v1/domains", body).await.version()
        });
        if n % 16 == 15 {
            while domains.len() > 16 {
                domains.join_next().await;
            }
        }
    }
    let last = domains.join_all().await.into_iter().max().unwrap();
    system.rest.until_applied(last).await;
    let served = async || system.rest.metric("postern_snapshot_served_bytes_total").await.expect("a metric");
    let before = served().await;
    let body = json!({ "items": [{ "address": "new@acme.example" }] });
    let began = tokio::time::Instant::now();
    let edit = system.rest.post(&format!("/v1/domains/{}/recipients:batch", acme.domain), body).await;
    system.rest.until_applied(edit.version()).await;
    println!("from the call to applied: {:?}", began.elapsed());
    let moved = served().await - before;
    assert!(moved > 0.0 && moved < 2_000.0, "{moved} bytes: what changed, and no node");
    let mut client = system.smtp().await;
    client.send_message("x@sender.example", &["new@acme.example"], b"Subject: one\r\n\r\n").await.expect("250");
    system.end().await;
}

#[tokio::test]
async fn a_policy_edit_reaches_the_workers_and_oversize_is_refused() {
    let system = System::start().await;
    system.acme().await;
    let edit = system.rest.patch("/v1/policy", json!({ "max_message_size_bytes": 70_000 })).await;
    system.rest.until_applied(edit.version()).await;
    let mut client = system.smtp().await;
    client.say("MAIL FROM:<x@sender.example> SIZE=80000").await.expect("552 5.3.4");
    let large = [&b"Subject: one\r\n\r\n"[..], &b"0123456789\r\n".repeat(8_000)].concat();
    client.send_message("x@sender.example", &["anna@acme.example"], &large).await.expect("552 5.3.4");
    assert!(system.hop.messages().is_empty());
    system.end().await;
}
