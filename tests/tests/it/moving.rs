//! A domain goes to another tenant while its mail comes.

use std::cell::Cell;

use pretend::hop::Hop;
use serde_json::json;
use tests::{Options, System};

/// Each another one, by its number.
fn message(n: usize) -> Vec<u8> {
    format!("Subject: one\r\nMessage-ID: <{n}@sender.example>\r\n\r\nhello\r\n").into_bytes()
}

#[tokio::test]
async fn a_domain_moves_to_another_tenant_without_a_gap_in_its_mail() {
    let system = System::start_with(Options {
        workers: 2,
        worker: Box::new(|config| config.events.counters_ms = 200),
        ..Options::default()
    })
    .await;
    let msp = system.rest.post("/v1/tenants", json!({ "name": "msp", "kind": "msp" })).await.text("id");
    let acme = system.acme().await;
    let new = system.rest.post("/v1/tenants", json!({ "name": "new", "parent_id": msp })).await.text("id");
    let hop = Hop::start().await;
    let hops = json!([{ "host": "127.0.0.1", "port": hop.port(), "tls": { "level": "opportunistic" } }]);
    let route = json!({ "tenant_id": new, "name": "theirs", "hops": hops });
    let route = system.rest.post("/v1/routes", route).await.text("id");
    system
        .list(json!({ "kind": "block", "scope": "tenant", "tenant_id": acme.tenant, "sender": "*@old.example" }))
        .await;
    system.list(json!({ "kind": "block", "scope": "tenant", "tenant_id": new, "sender": "*@new.example" })).await;

    let sent = Cell::new(0);
    let deliver = async |from: &str, worker: usize| {
        sent.set(sent.get() + 1);
        let mut client = system.smtp_at(worker).await;
        client.send_message(from, &["anna@acme.example"], &message(sent.get())).await
    };
    deliver("x@sender.example", 0).await.expect("250");
    deliver("x@new.example", 1).await.expect("250");
    deliver("x@old.example", 0).await.expect("550 5.7.1");
    assert_eq!((system.hop.messages().len(), hop.messages().len()), (2, 0));

    // Mail comes all the time through both workers, and no sender hears anything but 250.
    let done = Cell::new(false);
    let mail = async {
        while !done.get() {
            for worker in 0..2 {
                deliver("x@sender.example", worker).await.expect("250");
            }
        }
    };
    let work = async {
        let body = json!({ "tenant_id": new, "route_id": route });
        let moved = system.rest.post(&format!("/v1/domains/{}/move", acme.domain), body).await;
        system.rest.until_applied(moved.version()).await;
        done.set(true);
    };
    tokio::join!(work, mail);

    let before = hop.messages().len();
    deliver("x@sender.example", 1).await.expect("250");
    deliver("x@old.example", 0).await.expect("250");
    deliver("x@new.example", 1).await.expect("550 5.7.1");
    assert_eq!(hop.messages().len(), before + 2);
    // The trace says of each message whose it was when it came; nothing goes over with the domain.
    let (to_old, to_new) = (system.hop.messages().len(), hop.messages().len());
    assert_eq!(to_old + to_new + 2, sent.get());
    let traced = async |tenant: &str, what: &str, count: usize| {
        system.rest.until_messages(&format!("tenant_id={tenant}&disposition={what}"), count).await
    };
    assert_eq!(traced(&acme.tenant, "accepted", to_old).await.len(), to_old);
    let found = traced(&new, "accepted", to_new).await;
    assert_eq!(found.len(), to_new);
    assert!(found.iter().all(|message| message["recipients"][0]["domain_id"] == json!(acme.domain)));
    assert_eq!(traced(&acme.tenant, "refused", 1).await.len(), 1);
    assert_eq!(traced(&new, "refused", 1).await.len(), 1);
    let accepted = |counts: &serde_json::Value| counts["total"]["accepted"].as_u64();
    let path = format!("/v1/domains/{}/statistics", acme.domain);
    let counted = |counts: &serde_json::Value| (accepted(counts) == u64::try_from(to_new).ok()).then_some(());
    system.rest.until("what came since the move is counted for the domain", &path, counted).await;
    let path = format!("/v1/tenants/{}/statistics", acme.tenant);
    let counted = |counts: &serde_json::Value| (accepted(counts) == u64::try_from(to_old).ok()).then_some(());
    system.rest.until("what came before stays with the old tenant", &path, counted).await;
    system.end().await;
}
