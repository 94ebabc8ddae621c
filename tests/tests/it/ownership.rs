//! Nobody receives a domain's mail before DNS proves that it is theirs.

use serde_json::json;
use tests::{Options, System};

#[tokio::test]
async fn a_domain_is_deferred_until_its_owner_has_proven_it() {
    let system = System::start_with(Options {
        control_plane: Box::new(|config| config.accept_domains_without_proof = false),
        ..Options::default()
    })
    .await;
    // A squatter first, then the owner.
    let squatter = system.customer("Squatter", "acme.example", &["anna"]).await;
    let owner = system.customer("Acme", "acme.example", &["bert"]).await;
    let mut client = system.smtp().await;
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("451");
    client.say("RCPT TO:<bert@acme.example>").await.expect("451");
    client.say("RSET").await.expect("250");

    let path = |id: &str| format!("/v1/domains/{id}");
    let view = system.rest.get(&path(&owner.domain)).await;
    assert_eq!(view.text("state"), "pending");
    let proof = |view: &tests::Answer, name: &str| view.body["verification"][name].as_str().expect("a text").to_owned();
    let (record, value) = (proof(&view, "record_name"), proof(&view, "record_value"));
    // Bound to the tenant: what proves it for one does not for another.
    assert_ne!(proof(&system.rest.get(&path(&squatter.domain)).await, "record_value"), value);
    system.dns.txt(&record, &value);
    let verified = system.rest.act(&format!("{}/verify", path(&owner.domain))).await;
    assert_eq!(verified.text("state"), "active");
    system.rest.until_applied(verified.version()).await;

    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("550 5.1.1");
    client.say("RSET").await.expect("250");
    client.send_message("x@sender.example", &["bert@acme.example"], b"Subject: one\r\n\r\n").await.expect("250");
    let refused = system.rest.call("POST", &format!("{}/verify", path(&squatter.domain)), None).await;
    assert_ne!((refused.status, refused.body["state"].as_str()), (200, Some("active")), "{}", refused.body);
    let found = system.rest.until_messages(&format!("tenant_id={}&disposition=accepted", owner.tenant), 1).await;
    assert_eq!(found[0]["recipients"][0]["domain_id"], json!(owner.domain));
    system.end().await;
}
