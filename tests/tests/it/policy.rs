//! An edit at an MSP is an edit for all its customers, and a lock keeps it so.

use pretend::client::{Client, Trust};
use serde_json::{Value, json};
use tests::System;

async fn to(client: &mut Client, recipient: &str) -> String {
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    let reply = client.say(&format!("RCPT TO:<{recipient}>")).await.to_string();
    client.say("RSET").await.expect("250");
    reply
}

/// What the API says a worker would answer in the clear.
async fn foretold(system: &System, recipient: &str) -> String {
    let envelope = json!({ "client": "127.0.0.1", "mail_from": "x@sender.example", "rcpt_to": recipient });
    system.rest.post("/v1/policy:test", envelope).await.body["recipient"]["reply"].as_str().expect("a reply").to_owned()
}

#[tokio::test]
async fn an_edit_at_an_msp_changes_what_its_customers_domains_answer_and_the_lock_holds_it() {
    let system = System::start().await;
    let acme = system.acme().await;
    let msp = system.rest.post("/v1/tenants", json!({ "name": "MSP", "kind": "msp" })).await.text("id");
    let mut domains = Vec::new();
    for n in 1..=2 {
        let customer = json!({ "name": format!("c{n}"), "parent_id": msp });
        let customer = system.rest.post("/v1/tenants", customer).await.text("id");
        let route = json!({ "tenant_id": customer, "name": "r", "hops": [system.next_hop()] });
        let route = system.rest.post("/v1/routes", route).await.text("id");
        let body =
            json!({ "tenant_id": customer, "name": format!("c{n}.example"), "route_id": route, "recipients": "any" });
        let made = system.rest.post("/v1/domains", body).await;
        system.rest.until_applied(made.version()).await;
        domains.push(made.text("id"));
    }
    let mut client = system.smtp().await;
    let answers = async |client: &mut Client, wanted: [&str; 3]| {
        let all = ["anna@c1.example", "anna@c2.example", "anna@acme.example"];
        for (recipient, wanted) in all.into_iter().zip(wanted) {
            let answer = to(client, recipient).await;
            assert!(answer.starts_with(wanted), "{recipient}: {answer}");
            assert_eq!(foretold(&system, recipient).await, answer);
        }
    };
    answers(&mut client, ["250", "250", "250"]).await;

    // The second customer lets mail come in the clear whatever stands above it.
    let own = format!("/v1/domains/{}/policy", domains[1]);
    let edit = system.rest.patch(&own, json!({ "inbound_tls": "optional" })).await;
    system.rest.until_applied(edit.version()).await;
    let at_msp = format!("/v1/tenants/{msp}/policy");
    let edit = system.rest.patch(&at_msp, json!({ "inbound_tls": "required" })).await;
    system.rest.until_applied(edit.version()).await;
    answers(&mut client, ["530 5.7.0", "250", "250"]).await;

    // With the lock it does not, nor may it say so again.
    let edit = system.rest.patch(&at_msp, json!({ "locked": ["inbound_tls"] })).await;
    system.rest.until_applied(edit.version()).await;
    answers(&mut client, ["530 5.7.0", "530 5.7.0", "250"]).await;
    system.rest.patch(&own, json!({ "inbound_tls": null })).await;
    let refused = system.rest.call("PATCH", &own, Some(json!({ "inbound_tls": "optional" }))).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("policy_locked")));
    assert_eq!(refused.pointers(), ["/inbound_tls"]);

    // Under TLS mail flows, and the trace says under what.
    client.start_tls(&Trust::Anybody, "mx.provider.example").await.unwrap();
    client.say("EHLO client.example").await.expect("250");
    client.send_message("x@sender.example", &["anna@c2.example"], b"Subject: one\r\n\r\n").await.expect("250");

    let edit = system.rest.delete(&format!("{at_msp}/inbound_tls")).await;
    system.rest.until_applied(edit.version()).await;
    let mut client = system.smtp().await;
    answers(&mut client, ["250", "250", "250"]).await;
    let found = system.rest.until_messages("disposition=refused&rule=tls", 3).await;
    assert!(found.iter().all(|message| message["reason"] == json!("tls_required")), "{found:?}");
    assert_ne!(found[0]["tenant_id"], Value::from(acme.tenant));
    system.end().await;
}
