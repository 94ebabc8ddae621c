//! Nobody receives a domain's mail before DNS proves that it is theirs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering::SeqCst},
    },
    time::Duration,
};

use contract::Clock;
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

/// The machine's clock, put forward.
fn shifted(by_s: &Arc<AtomicI64>) -> Clock {
    let (by_s, clock) = (Arc::clone(by_s), pretend::clock::system_clock());
    Clock::new(move || clock.now() + Duration::from_secs(by_s.load(SeqCst).unsigned_abs()))
}

/// A record that is gone may be a slip; a customer's mail is not cut for it.
#[tokio::test]
async fn a_domain_that_loses_its_proof_is_told_and_its_mail_flows_on() {
    let forward_s = Arc::new(AtomicI64::new(0));
    let mut system = System::start_with(Options {
        workers: 0,
        control_plane: Box::new(|config| config.accept_domains_without_proof = false),
        control_plane_clock: shifted(&forward_s),
        worker_clock: shifted(&forward_s),
        ..Options::default()
    })
    .await;
    let acme = system.customer("Acme", "acme.example", &["anna"]).await;
    let path = format!("/v1/domains/{}", acme.domain);
    let proof = system.rest.get(&path).await.body["verification"].clone();
    let record = proof["record_name"].as_str().expect("a name").to_owned();
    system.dns.txt(&record, proof["record_value"].as_str().expect("a value"));
    assert_eq!(system.rest.act(&format!("{path}/verify")).await.text("state"), "active");

    // Two days go by for the control plane before any worker is there; from when it is missed it is looked at all the time.
    system.dns.clear(&record);
    let mut seen = json!(null);
    for hours in [27].into_iter().chain((29..=52).step_by(2)) {
        system.stop_control_plane().await;
        forward_s.store(hours * 3_600, SeqCst);
        system.start_control_plane().await;
        let another = |view: &serde_json::Value| {
            let missing = view.pointer("/verification/missing_since")?.is_string();
            let at = view.pointer("/verification/checked_at")?.clone();
            (missing && at != seen).then_some(at)
        };
        seen = system.rest.until("it is missed", &path, another).await;
    }
    let view = system.rest.get(&path).await.body;
    assert_eq!((&view["state"], view["ownership_lost_at"].is_string()), (&json!("active"), true), "{view}");
    system.add_worker().await;
    let status = system.rest.get("/v1/status").await.body;
    let told = status["problems"].as_array().expect("problems").iter().find(|p| p["code"] == "ownership_lost");
    assert!(told.is_some_and(|told| told["message"].as_str().expect("a text").contains("acme.example")), "{status}");
    let mut client = system.smtp().await;
    client.send_message("x@sender.example", &["anna@acme.example"], b"Subject: one\r\n\r\n").await.expect("250");
    assert_eq!(system.hop.messages().len(), 1);

    system.dns.txt(&record, proof["record_value"].as_str().expect("a value"));
    let back = system.rest.act(&format!("{path}/verify")).await;
    assert_eq!((&back.body["ownership_lost_at"], back.config_version), (&json!(null), None));
    system.end().await;
}
