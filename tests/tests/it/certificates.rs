//! Certificates from the upload to the handshake, with senders and with next hops.

use pretend::{
    ca::{Ca, Certificate},
    client::{Trust, anybody},
};
use serde_json::{Value, json};
use tests::System;

const NAME: &str = "mx.acme.example";

fn body(tenant: &Value, certificate: &Certificate) -> Value {
    json!({ "tenant_id": tenant, "chain": certificate.pem(), "key": certificate.key_pem() })
}

async fn shown(system: &System, worker: usize, trust: &Trust) -> Vec<u8> {
    let facts = system.smtp_at(worker).await.start_tls(trust, NAME).await.expect("a handshake");
    facts.peer_certificates[0].to_vec()
}

#[tokio::test]
async fn an_uploaded_certificate_is_shown_and_replaced_without_dropping_a_session() {
    let system = System::start().await;
    let acme = system.acme().await;
    let ca = Ca::new();
    let [first, second] = [1, 2].map(|_| ca.issue(&[NAME]));
    let by_ca = Trust::Authority(ca);
    let made = system.rest.post("/v1/certificates", body(&json!(acme.tenant), &first)).await;
    system.rest.until_applied(made.version()).await;
    let mut open = system.smtp().await;
    let facts = open.start_tls(&by_ca, NAME).await.expect("a handshake that verifies");
    assert_eq!(facts.peer_certificates[0], *first.der());
    open.say("EHLO client.example").await.expect("250");
    let settings = Trust::As(anybody());
    assert_eq!(shown(&system, 0, &settings).await, **first.der());

    let replaced = body(&Value::Null, &second);
    let replaced = json!({ "chain": replaced["chain"], "key": replaced["key"] });
    let path = format!("/v1/certificates/{}", made.text("id"));
    let edit = system.rest.patch(&path, replaced).await;
    system.rest.until_applied(edit.version()).await;
    let message = b"From: <x@sender.example>\r\nMessage-ID: <1@sender.example>\r\n\r\nhello\r\n";
    open.send_message("x@sender.example", &["anna@acme.example"], message).await.expect("250");
    assert_eq!(shown(&system, 0, &settings).await, **second.der(), "and no session of before hides it");
    assert_eq!(shown(&system, 0, &by_ca).await, **second.der());
    // The name goes with the domain's owner: without the certificate, the listener's own is shown.
    let gone = system.rest.delete(&path).await;
    system.rest.until_applied(gone.version()).await;
    assert_ne!(shown(&system, 0, &Trust::Anybody).await, **second.der());
    system.end().await;
}

#[tokio::test]
async fn when_a_worker_is_deleted_the_others_get_another_key_and_go_on_showing_and_learning() {
    let mut system = System::with_workers(2).await;
    let acme = system.acme().await;
    let ca = Ca::new();
    let [first, second] = [1, 2].map(|_| ca.issue(&[NAME]));
    let made = system.rest.post("/v1/certificates", body(&json!(acme.tenant), &first)).await;
    system.rest.until_applied(made.version()).await;
    for worker in 0..2 {
        assert_eq!(shown(&system, worker, &Trust::Anybody).await, **first.der());
    }
    let deleted = system.rest.until_worker("worker-2", "there", |_| true).await;
    system.stop_worker(1).await;
    let gone = system.rest.delete(&format!("/v1/workers/{}", deleted["id"].as_str().expect("an id"))).await;
    system.rest.until_applied(gone.version()).await;
    assert_eq!(shown(&system, 0, &Trust::Anybody).await, **first.der());
    let replaced = json!({ "chain": second.pem(), "key": second.key_pem() });
    let edit = system.rest.patch(&format!("/v1/certificates/{}", made.text("id")), replaced).await;
    system.rest.until_applied(edit.version()).await;
    assert_eq!(shown(&system, 0, &Trust::Anybody).await, **second.der());
    let worker = system.rest.until_worker("worker-1", "without errors", |worker| worker["errors"] == json!([])).await;
    assert_eq!(worker["refused"], Value::Null);
    system.end().await;
}

#[tokio::test]
async fn a_next_hop_that_demands_a_certificate_gets_the_routes_and_a_test_of_the_route_tells() {
    let system = System::start().await;
    let acme = system.acme().await;
    let ca = Ca::new();
    system.hop.offer_tls_to_clients_of(&ca.issue(&["127.0.0.1"]), &ca);
    let hop = json!({ "host": "127.0.0.1", "port": system.hop.port(), "tls": { "level": "required" } });
    system.reroute(&acme, json!([hop])).await;
    let test = format!("/v1/routes/{}/test", acme.route);
    let before = system.rest.post(&test, json!({})).await.body;
    assert_eq!(before["verdict"], "fails", "{before}");
    assert_eq!(before["hops"][0]["tls"]["client_certificate_asked"], true, "{before}");
    assert_eq!(before["hops"][0]["tls"]["client_certificate_shown"], false, "{before}");

    let ours = ca.issue_client("acme");
    let made = system.rest.post("/v1/certificates", body(&json!(acme.tenant), &ours)).await;
    let route = format!("/v1/routes/{}", acme.route);
    let edit = system.rest.patch(&route, json!({ "certificate_id": made.text("id") })).await;
    system.rest.until_applied(edit.version()).await;
    let after = system.rest.post(&test, json!({})).await.body;
    assert_eq!(after["hops"][0]["tls"]["client_certificate_shown"], true, "{after}");
    let mut client = system.smtp().await;
    let message = b"From: <x@sender.example>\r\nMessage-ID: <1@sender.example>\r\n\r\nhello\r\n";
    client.send_message("x@sender.example", &["anna@acme.example"], message).await.expect("250");
    let tls = system.hop.messages()[0].tls.clone().expect("TLS");
    assert_eq!(tls.peer_certificates[0], *ours.der());
    system.end().await;
}
