//! Domains and their proof, with DNS that changes.

use std::time::Duration;

use pretend::dns::Failing;
use serde_json::{Value, json};

use crate::harness::{EMAIL, PASSWORD, Plane, on_both};

on_both! {
    a_domain_is_active_once_dns_proves_it
    what_is_no_proof_is_named
    a_pending_domain_holds_no_name_and_an_active_one_does
    a_subdomain_of_anothers_active_domain_is_refused
    pending_domains_are_looked_at_without_a_call
    an_active_domain_closes_and_a_pending_one_is_gone_at_once
    a_domain_points_to_a_route_of_its_own_tenants
    edits_of_one_domain_at_once_are_all_kept
    recipients_are_listed_once_whatever_their_case
    a_batch_has_a_status_for_each_item
}

on_both! {
    alone:
    names_that_are_nobodys_are_refused
    the_development_switch_takes_domains_without_proof
}

async fn tenant(plane: &Plane, name: &str) -> String {
    plane.post("/v1/tenants").json(&json!({ "name": name })).send().await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn domain(plane: &Plane, tenant: &str, name: &str) -> Value {
    plane.post("/v1/domains").json(&json!({ "tenant_id": tenant, "name": name })).send().await.expect(201)
}

fn path(thing: &Value) -> String {
    format!("/v1/domains/{}", thing["id"].as_str().unwrap())
}

fn prove(plane: &Plane, domain: &Value) {
    let record = &domain["verification"];
    plane.dns.txt(record["record_name"].as_str().unwrap(), record["record_value"].as_str().unwrap());
}

async fn verify(plane: &Plane, domain: &Value) -> Value {
    plane.post(&format!("{}/verify", path(domain))).send().await.expect(200)
}

async fn a_domain_is_active_once_dns_proves_it(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let made = domain(&plane, &acme, "Acme.Example.").await;
    assert_eq!(
        (&made["name"], &made["state"], &made["recipients"]),
        (&json!("acme.example"), &json!("pending"), &json!("listed"))
    );
    assert_eq!(made["verification"]["record_name"], "_postern.acme.example");
    let looked = verify(&plane, &made).await;
    assert_eq!((&looked["state"], &looked["verification"]["result"]), (&json!("pending"), &json!("record_missing")));
    prove(&plane, &made);
    let reply = plane.post(&format!("{}/verify", path(&made))).send().await;
    assert!(reply.header("config-version").is_some());
    let active = reply.expect(200);
    assert_eq!((&active["state"], &active["verification"]["result"]), (&json!("active"), &json!("proven")));
    assert!(active["verification"]["next_check_at"].is_string(), "{active}");
    // A record that goes away later is told, and takes nothing away.
    plane.dns.clear("_postern.acme.example");
    let looked = verify(&plane, &made).await;
    assert_eq!((&looked["state"], &looked["verification"]["result"]), (&json!("active"), &json!("record_missing")));
    let found = plane.get("/v1/domains?name=ACME.example&state=active").send().await.expect(200);
    assert_eq!(found["data"][0]["id"], made["id"]);
}

async fn what_is_no_proof_is_named(plane: Plane) {
    let (acme, other) = (tenant(&plane, "acme").await, tenant(&plane, "other").await);
    let made = domain(&plane, &acme, "acme.example").await;
    let theirs = domain(&plane, &other, "acme.example").await;
    let result = async |domain: &Value| verify(&plane, domain).await["verification"]["result"].clone();
    // The value is bound to the tenant: another's is no proof.
    prove(&plane, &theirs);
    assert_eq!(result(&made).await, "value_differs");
    plane.dns.clear("_postern.acme.example");
    // A wildcard answers every name; a proof is a record of its own.
    plane.dns.txt("*.acme.example", made["verification"]["record_value"].as_str().unwrap());
    assert_eq!(result(&made).await, "wildcard");
    plane.dns.clear("*.acme.example");
    plane.dns.fail("_postern.acme.example", Failing::ServFail);
    assert_eq!(result(&made).await, "dns_unavailable");
    plane.dns.heal("_postern.acme.example");
    let state = plane.get(&path(&made)).send().await;
    assert_eq!(state.body["state"], "pending");
    // Looking moves no revision.
    assert_eq!(state.header("etag"), Some("\"r1\""));
}

async fn a_pending_domain_holds_no_name_and_an_active_one_does(plane: Plane) {
    let (acme, thief) = (tenant(&plane, "acme").await, tenant(&plane, "thief").await);
    let theirs = domain(&plane, &thief, "acme.example").await;
    let ours = domain(&plane, &acme, "acme.example").await;
    let again = plane.post("/v1/domains").json(&json!({ "tenant_id": acme, "name": "acme.example" })).send().await;
    again.problem(409, "domain_registered");
    prove(&plane, &ours);
    assert_eq!(verify(&plane, &ours).await["state"], "active");
    // Both proofs stand now: the name stays where it is.
    prove(&plane, &theirs);
    plane.post(&format!("{}/verify", path(&theirs))).send().await.problem(409, "domain_held_elsewhere");
    let shown = plane.get(&path(&theirs)).send().await.expect(200);
    assert_eq!((&shown["state"], &shown["verification"]["result"]), (&json!("pending"), &json!("held_elsewhere")));
    assert_eq!(plane.get(&path(&ours)).send().await.expect(200)["state"], "active");
}

async fn a_subdomain_of_anothers_active_domain_is_refused(plane: Plane) {
    let (acme, other) = (tenant(&plane, "acme").await, tenant(&plane, "other").await);
    let early = domain(&plane, &other, "early.acme.example").await;
    let ours = domain(&plane, &acme, "acme.example").await;
    prove(&plane, &ours);
    verify(&plane, &ours).await;
    let body = |tenant: &str, name: &str| json!({ "tenant_id": tenant, "name": name });
    let reply = plane.post("/v1/domains").json(&body(&other, "a.b.acme.example")).send().await;
    reply.problem(409, "domain_held_elsewhere");
    assert_eq!(reply.pointers(), ["/name"]);
    plane.post("/v1/domains").json(&body(&other, "notacme.example")).send().await.expect(201);
    plane.post("/v1/domains").json(&body(&acme, "mail.acme.example")).send().await.expect(201);
    // One that was registered before cannot be activated after.
    prove(&plane, &early);
    plane.post(&format!("{}/verify", path(&early))).send().await.problem(409, "domain_held_elsewhere");
}

async fn pending_domains_are_looked_at_without_a_call(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let made = domain(&plane, &acme, "acme.example").await;
    prove(&plane, &made);
    plane.clock.advance(Duration::from_secs(61));
    plane.run_jobs().await;
    assert_eq!(plane.get(&path(&made)).send().await.expect(200)["state"], "active");
    let log = plane.get(&format!("/v1/audit?target_id={}", made["id"].as_str().unwrap())).send().await.expect(200);
    assert_eq!(log["data"][0]["action"], "domain.activate");
    assert_eq!(log["data"][0]["actor"]["kind"], "system");
}

async fn an_active_domain_closes_and_a_pending_one_is_gone_at_once(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let pending = domain(&plane, &acme, "pending.example").await;
    let active = domain(&plane, &acme, "acme.example").await;
    prove(&plane, &active);
    verify(&plane, &active).await;
    plane.delete(&path(&pending)).send().await.expect(200);
    plane.get(&path(&pending)).send().await.problem(404, "not_found");
    assert_eq!(plane.delete(&path(&active)).send().await.expect(200)["state"], "closing");
    assert_eq!(plane.post(&format!("{}/restore", path(&active))).send().await.expect(200)["state"], "active");
    plane.delete(&path(&active)).send().await.expect(200);
    plane.clock.advance(Duration::from_hours(6 * 24));
    plane.run_jobs().await;
    let token = plane.sign_in(EMAIL, PASSWORD).await;
    plane.get(&path(&active)).with_token(&token).send().await.expect(200);
    plane.clock.advance(Duration::from_hours(2 * 24));
    plane.run_jobs().await;
    let token = plane.sign_in(EMAIL, PASSWORD).await;
    plane.get(&path(&active)).with_token(&token).send().await.problem(404, "not_found");
}

async fn a_domain_points_to_a_route_of_its_own_tenants(plane: Plane) {
    let msp =
        plane.post("/v1/tenants").json(&json!({ "name": "msp", "kind": "msp" })).send().await.expect(201)["id"].clone();
    let acme =
        plane.post("/v1/tenants").json(&json!({ "name": "acme", "parent_id": msp })).send().await.expect(201)["id"]
            .clone();
    let other = tenant(&plane, "other").await;
    let route = async |tenant: &Value| {
        let body = json!({ "tenant_id": tenant, "name": "r", "hops": [{ "host": "mx.acme.example" }] });
        plane.post("/v1/routes").json(&body).send().await.expect(201)["id"].clone()
    };
    let (shared, own, foreign) = (route(&msp).await, route(&acme).await, route(&json!(other)).await);
    let body = |route: &Value| json!({ "tenant_id": acme, "name": "acme.example", "route_id": route });
    let reply = plane.post("/v1/domains").json(&body(&foreign)).send().await;
    assert_eq!(reply.pointers(), ["/route_id"]);
    let made = plane.post("/v1/domains").json(&body(&shared)).send().await.expect(201);
    let patch = |route: &Value| plane.patch(&path(&made)).json(&json!({ "route_id": route })).send();
    assert_eq!(patch(&foreign).await.pointers(), ["/route_id"]);
    assert_eq!(patch(&own).await.expect(200)["route_id"], own);
    let own_path = format!("/v1/routes/{}", own.as_str().unwrap());
    plane.delete(&own_path).send().await.problem(409, "in_use");
    assert_eq!(patch(&Value::Null).await.expect(200)["route_id"], Value::Null);
    plane.delete(&own_path).send().await.expect(204);
    plane.get(&own_path).send().await.problem(404, "not_found");
}

async fn recipients_are_listed_once_whatever_their_case(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let made = domain(&plane, &acme, "acme.example").await;
    let list = format!("{}/recipients", path(&made));
    let add = |address: &str| plane.post(&list).json(&json!({ "address": address })).send();
    let anna = add("Anna@ACME.example").await;
    assert!(anna.header("config-version").is_some());
    let anna = anna.expect(201);
    assert_eq!(anna["address"], "Anna@acme.example");
    add("anna@acme.example").await.problem(409, "name_taken");
    add("\"odd one\"@acme.example").await.expect(201);
    add("jürgen@acme.example").await.expect(201);
    for bad in ["anna", "anna@other.example", "@acme.example", "a b@acme.example", "anna@[127.0.0.1]", ""] {
        assert_eq!(add(bad).await.pointers(), ["/address"], "{bad}");
    }
    let found = plane.get(&format!("{list}?address=ANNA@acme.example")).send().await.expect(200);
    assert_eq!(found["data"], json!([anna]));
    let one = format!("{list}/{}", anna["id"].as_str().unwrap());
    assert_eq!(plane.get(&one).send().await.expect(200), anna);
    let other = domain(&plane, &acme, "other.example").await;
    let elsewhere = format!("{}/recipients/{}", path(&other), anna["id"].as_str().unwrap());
    plane.get(&elsewhere).send().await.problem(404, "not_found");
    plane.delete(&elsewhere).send().await.problem(404, "not_found");
    plane.delete(&one).send().await.expect(204);
    plane.delete(&one).send().await.problem(404, "not_found");
    assert_eq!(plane.get(&list).send().await.expect(200)["data"].as_array().unwrap().len(), 2);
}

async fn a_batch_has_a_status_for_each_item(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let made = domain(&plane, &acme, "acme.example").await;
    let batch = format!("{}/recipients:batch", path(&made));
    let items =
        |addresses: &[&str]| json!({ "items": addresses.iter().map(|a| json!({ "address": a })).collect::<Vec<_>>() });
    let reply = plane
        .post(&batch)
        .json(&items(&["a@acme.example", "b@other.example", "A@acme.example", "c@acme.example"]))
        .send()
        .await;
    assert!(reply.header("config-version").is_some());
    let results = reply.expect(200)["results"].clone();
    let statuses: Vec<_> = results.as_array().unwrap().iter().map(|r| r["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["created", "invalid", "exists", "created"]);
    assert_eq!(results[2]["id"], results[0]["id"]);
    assert_eq!(results[1]["error"]["pointer"], "/items/1/address");
    let nothing_new = plane.post(&batch).json(&items(&["a@acme.example"])).send().await;
    assert_eq!(nothing_new.header("config-version"), None);
    let many: Vec<String> = (0..501).map(|i| format!("u{i}@acme.example")).collect();
    let refs: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(plane.post(&batch).json(&items(&refs)).send().await.pointers(), ["/items"]);
    assert_eq!(plane.post(&batch).json(&items(&[])).send().await.pointers(), ["/items"]);
    plane.post(&batch).json(&items(&refs[..500])).send().await.expect(200);
    let bad = plane.post(&batch).json(&json!({ "items": [{ "address": 5, "x": 1 }, {}] })).send().await;
    assert_eq!(bad.pointers(), ["/items/0/address", "/items/0/x", "/items/1/address"]);
}

async fn names_that_are_nobodys_are_refused() {
    let plane = Plane::start_with(|config| {
        config.public_url = "https://postern.msp.example:8443".parse().unwrap();
    })
    .await;
    let acme = tenant(&plane, "acme").await;
    for name in [
        "",
        "com",
        "co.uk",
        "a..b",
        "1.2.3.4",
        "[1.2.3.4]",
        "postern.msp.example",
        "x.postern.msp.example",
        "a@b.example",
        "under score",
    ] {
        let reply = plane.post("/v1/domains").json(&json!({ "tenant_id": acme, "name": name })).send().await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), ["/name"], "{name}");
    }
    let made = domain(&plane, &acme, "bücher.example").await;
    assert_eq!((&made["name"], &made["unicode_name"]), (&json!("xn--bcher-kva.example"), &json!("bücher.example")));
    let reply = plane.post("/v1/domains").json(&json!({ "name": "x.example", "recipients": "some" })).send().await;
    assert_eq!(reply.pointers(), ["/recipients", "/tenant_id"]);
}

/// A merge patch changes what it names: none undoes another, and none is turned away.
async fn edits_of_one_domain_at_once_are_all_kept(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let made = domain(&plane, &acme, "acme.example").await;
    let edits: Vec<Value> = (0..8).map(|n| json!({ "labels": { (format!("edit-{n}")): "made" } })).collect();
    let calls = edits.iter().map(|edit| plane.call("PATCH", &path(&made)).json(edit).send());
    for reply in futures::future::join_all(calls).await {
        reply.expect(200);
    }
    let after = plane.get(&path(&made)).send().await.expect(200);
    assert_eq!(after["labels"].as_object().map(serde_json::Map::len), Some(8), "{after}");
}

async fn the_development_switch_takes_domains_without_proof() {
    let plane = Plane::start_with(|config| config.accept_domains_without_proof = true).await;
    let (acme, other) = (tenant(&plane, "acme").await, tenant(&plane, "other").await);
    let made = domain(&plane, &acme, "acme.example").await;
    assert_eq!((&made["state"], &made["verification"]["result"]), (&json!("active"), &json!("not_checked")));
    let reply = plane.post("/v1/domains").json(&json!({ "tenant_id": other, "name": "acme.example" })).send().await;
    reply.problem(409, "domain_held_elsewhere");
}
