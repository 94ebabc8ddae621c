//! Somebody between control plane and worker, with a TLS key that the worker was told to trust, lies about the
//! configuration. Each lie is refused under its own name, and mail goes on under the last good configuration.

use pretend::proxy::{Proxy, Tamper};
use serde_json::{Value, json};
use tests::{Acme, Options, System};

/// A worker that asks often, behind a proxy.
async fn between() -> (System, Acme, Proxy) {
    let options = Options { workers: 0, worker: Box::new(|config| config.snapshot.poll_s = 1), ..Options::default() };
    let mut system = System::start_with(options).await;
    let acme = system.acme().await;
    let proxy = Proxy::start(system.api().parse().expect("a URL")).await.expect("a free port");
    system.add_worker_behind(&proxy).await;
    system.rest.until_applied(acme.version).await;
    (system, acme, proxy)
}

/// An edit is made while the proxy lies; afterwards it tells the truth.
async fn lie(system: &System, acme: &Acme, proxy: &Proxy, tamper: Tamper, refusal: &str, n: usize) {
    let sender = format!("x{n}@bad.example");
    let tampered_before = proxy.tampered();
    proxy.tamper(tamper);
    let entry = json!({ "kind": "block", "scope": "tenant", "tenant_id": acme.tenant, "sender": sender });
    let version = system.rest.post("/v1/list-entries", entry).await.version();
    let is_refused = |worker: &Value| worker["refused"] == refusal;
    system.rest.until_worker("worker-1", &format!("refuses: {refusal}"), is_refused).await;
    assert!(proxy.tampered() > tampered_before);

    // The API says who is missing, and why.
    let is_named = |view: &Value| (view["missing"][0]["refused"] == refusal).then(|| view.clone());
    let view = system.rest.until("the missing worker", &format!("/v1/config/versions/{version}"), is_named).await;
    assert_eq!((&view["state"], &view["share"]), (&json!("published"), &json!(0.0)));
    let mut client = system.smtp().await;
    client.send_message(&sender, &["anna@acme.example"], &message(n)).await.expect("250");

    proxy.tamper(Tamper::Nothing);
    system.rest.until_applied(version).await;
    let worker = system.rest.until_worker("worker-1", "takes the true one", |worker| worker["refused"].is_null()).await;
    assert_eq!(worker["errors"], json!([]));
    client.send_message(&sender, &["anna@acme.example"], &message(n)).await.expect("550 5.7.1");
}

fn message(n: usize) -> Vec<u8> {
    format!("Message-ID: <{n}@bad.example>\r\n\r\nhello\r\n").into_bytes()
}

#[tokio::test]
async fn heads_that_are_not_right_are_refused_by_name() {
    let (other, _, other_proxy) = between().await;
    let foreign = other_proxy.last_head().expect("a head of another installation");
    other.end().await;

    let (system, acme, proxy) = between().await;
    let old = proxy.last_head().expect("a head");
    let cut = old[..old.len() / 2].to_owned();
    let attacks = [
        (Tamper::Signature, "bad_signature"),
        (Tamper::Head(old), "rolled_back"),
        (Tamper::Head(foreign), "wrong_key"),
        (Tamper::Head("a".repeat(100_000)), "oversize"),
        (Tamper::Head(cut), "malformed"),
        (Tamper::Head("{}".to_owned()), "malformed"),
    ];
    for (n, (tamper, refusal)) in attacks.into_iter().enumerate() {
        lie(&system, &acme, &proxy, tamper, refusal, n).await;
    }
    system.end().await;
}

#[tokio::test]
async fn objects_that_are_not_right_are_refused_by_name() {
    let (system, acme, proxy) = between().await;
    let attacks = [
        (Tamper::Objects, "hash_mismatch"),
        (Tamper::Truncated, "truncated"),
        (Tamper::Oversize(100_000), "oversize"),
        (Tamper::Gone, "dangling"),
    ];
    for (n, (tamper, refusal)) in attacks.into_iter().enumerate() {
        lie(&system, &acme, &proxy, tamper, refusal, n).await;
    }
    system.end().await;
}

#[tokio::test]
async fn a_new_worker_takes_nothing_that_was_tampered_with_and_does_not_listen() {
    let (mut system, acme, proxy) = between().await;
    let old = proxy.last_head().expect("a head");
    let entry = json!({ "kind": "block", "scope": "tenant", "tenant_id": acme.tenant, "sender": "x@bad.example" });
    let version = system.rest.post("/v1/list-entries", entry).await.version();
    system.rest.until_applied(version).await;
    proxy.tamper(Tamper::Objects);
    // The same proxy, for a worker that has no configuration to go on with.
    let mut config = system.worker_config(system.pinned_to(&proxy).await);
    config.control_plane = format!("https://{}", proxy.address).parse().expect("a URL");
    config.name = Some("fresh".to_owned());
    let fresh = system.start_worker_blind(config).await;
    let is_refused = |worker: &Value| worker["refused"] == "hash_mismatch";
    let worker = system.rest.until_worker("fresh", "refuses it", is_refused).await;
    assert_eq!((&worker["is_ready"], &worker["running"]), (&json!(false), &Value::Null));
    // An older head is good for a quarter of an hour, and whoever has no memory would not know that it is old.
    proxy.tamper(Tamper::Head(old));
    let is_refused = |worker: &Value| worker["refused"] == "not_fresh";
    let worker = system.rest.until_worker("fresh", "refuses what was signed before", is_refused).await;
    assert_eq!((&worker["is_ready"], &worker["running"]), (&json!(false), &Value::Null));
    proxy.tamper(Tamper::Nothing);
    assert!(!system.worker(fresh).smtp_addresses().await.is_empty());
    system.end().await;
}
