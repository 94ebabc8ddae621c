//! Inbound routes, allow and block lists.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Plane, on_both};

on_both! {
    a_route_has_hops_and_defaults
    list_entries_have_scopes
    expired_entries_go
}

on_both! {
    alone:
    hops_lead_only_where_mail_may_go
    list_entries_name_what_their_scope_needs
}

async fn tenant(plane: &Plane, name: &str) -> String {
    plane.post("/v1/tenants").json(&json!({ "name": name })).send().await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn a_route_has_hops_and_defaults(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let body = json!({ "tenant_id": acme, "name": "cellar", "external_ref": "R-1", "labels": { "site": "berlin" }, "hops": [
        { "host": "MX1.acme.example" },
        { "host": "93.184.216.34", "port": 2525, "priority": 20, "weight": 3, "tls": { "level": "required" } },
    ] });
    let made = plane.post("/v1/routes").json(&body).send().await;
    let path = made.header("location").unwrap().to_owned();
    let made = made.expect(201);
    let plain =
        json!({ "level": "opportunistic", "trust": null, "server_name": null, "authorities_pem": null, "pins": null });
    assert_eq!(
        made["hops"][0],
        json!({ "host": "mx1.acme.example", "port": 25, "priority": 10, "weight": 1, "tls": plain })
    );
    assert_eq!(made["hops"][1]["tls"]["level"], "required");
    plane.post("/v1/routes").json(&body).send().await.problem(409, "name_taken");
    let mut other = body.clone();
    other["name"] = json!("other");
    plane.post("/v1/routes").json(&other).send().await.problem(409, "external_ref_taken");
    let found =
        plane.get(&format!("/v1/routes?tenant_id={acme}&name=cellar&label=site:berlin")).send().await.expect(200);
    assert_eq!(found["data"][0]["id"], made["id"]);
    // What was read can be sent back.
    let again = plane.patch(&path).json(&json!({ "hops": made["hops"] })).send().await;
    assert_eq!(again.header("config-version"), None);
    assert_eq!(again.expect(200)["hops"], made["hops"]);
    let changed = plane.patch(&path).json(&json!({ "hops": [{ "host": "mx2.acme.example" }] })).send().await;
    assert!(changed.header("config-version").is_some());
    assert_eq!(changed.expect(200)["hops"].as_array().unwrap().len(), 1);
}

async fn list_entries_have_scopes(plane: Plane) {
    let acme = tenant(&plane, "acme").await;
    let domain =
        plane.post("/v1/domains").json(&json!({ "tenant_id": acme, "name": "acme.example" })).send().await.expect(201)
            ["id"]
            .clone();
    let post = |body: Value| plane.post("/v1/list-entries").json(&body).send();
    let block = json!({ "kind": "block", "scope": "installation", "sender": "*@Bad.Example", "comment": "ticket 1" });
    let made = post(block.clone()).await;
    assert!(made.header("config-version").is_some());
    let path = made.header("location").unwrap().to_owned();
    let made = made.expect(201);
    assert_eq!(made["sender"], "*@bad.example");
    post(block).await.problem(409, "name_taken");
    post(json!({ "kind": "allow", "scope": "installation", "sender": "*@bad.example" })).await.expect(201);
    post(json!({ "kind": "block", "scope": "tenant", "tenant_id": acme, "client": "192.0.2.0/24" })).await.expect(201);
    post(json!({ "kind": "allow", "scope": "domain", "domain_id": domain, "sender": "<>" })).await.expect(201);
    let for_one = json!({ "kind": "block", "scope": "recipient", "domain_id": domain, "recipient": "anna@acme.example", "sender": "*@*.bad.example" });
    let for_one = post(for_one).await.expect(201);
    assert_eq!(for_one["recipient"], "anna@acme.example");
    let of = async |query: String| {
        plane.get(&format!("/v1/list-entries?{query}")).send().await.expect(200)["data"].as_array().unwrap().len()
    };
    assert_eq!(of("scope=installation".into()).await, 2);
    assert_eq!(of(format!("tenant_id={acme}")).await, 1);
    assert_eq!(of(format!("domain_id={}", domain.as_str().unwrap())).await, 2);
    assert_eq!(of("sender=*@BAD.example&kind=block".into()).await, 1);
    assert_eq!(of("client=192.0.2.0/24".into()).await, 1);

    let patched = plane.patch(&path).json(&json!({ "comment": null })).send().await.expect(200);
    assert_eq!(patched["comment"], Value::Null);
    plane.delete(&path).send().await.expect(204);
    plane.get(&path).send().await.problem(404, "not_found");
}

async fn expired_entries_go(plane: Plane) {
    let at = |seconds: u64| {
        let at = plane.clock.now() + Duration::from_secs(seconds);
        serde_json::to_value(control_plane::http::Time(at)).unwrap()
    };
    let body = |expires_at: Value| json!({ "kind": "block", "scope": "installation", "client": "192.0.2.7", "expires_at": expires_at });
    let reply = plane.post("/v1/list-entries").json(&body(at(0))).send().await;
    assert_eq!(reply.pointers(), ["/expires_at"]);
    let made = plane.post("/v1/list-entries").json(&body(at(60))).send().await.expect(201);
    let path = format!("/v1/list-entries/{}", made["id"].as_str().unwrap());
    plane.run_jobs().await;
    plane.get(&path).send().await.expect(200);
    plane.clock.advance(Duration::from_secs(61));
    plane.run_jobs().await;
    plane.get(&path).send().await.problem(404, "not_found");
    plane.post("/v1/list-entries").json(&body(Value::Null)).send().await.expect(201);
}

async fn hops_lead_only_where_mail_may_go() {
    let plane = Plane::start().await;
    let acme = tenant(&plane, "acme").await;
    let post =
        |hops: Value| plane.post("/v1/routes").json(&json!({ "tenant_id": acme, "name": "r", "hops": hops })).send();
    for (hops, pointers) in [
        (json!([]), vec!["/hops"]),
        (json!([{ "host": "127.0.0.1" }]), vec!["/hops/0/host"]),
        (json!([{ "host": "::ffff:10.0.0.1" }]), vec!["/hops/0/host"]),
        (json!([{ "host": "169.254.169.254" }]), vec!["/hops/0/host"]),
        (json!([{ "host": "localhost" }]), vec!["/hops/0/host"]),
        (
            json!([{ "host": "mx.example" }, { "host": "x y", "port": 0, "weight": 0 }]),
            vec!["/hops/1/host", "/hops/1/port", "/hops/1/weight"],
        ),
        (json!([{ "host": "mx.example", "port": 65_536 }]), vec!["/hops/0/port"]),
        (json!([{ "host": "mx.example", "tls": { "level": "maybe" } }]), vec!["/hops/0/tls/level"]),
        (json!([{ "host": "mx.example", "tls": { "level": "verified" } }]), vec!["/hops/0/tls/trust"]),
        (json!([{ "host": "mx.example", "tls": { "level": "none", "pins": [] } }]), vec!["/hops/0/tls/pins"]),
        (json!([{ "host": "mx.example", "password": "x" }]), vec!["/hops/0/password"]),
    ] {
        let reply = post(hops.clone()).await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), pointers, "{hops}");
    }
    let allowing = Plane::start_with(|config| config.allowed_hop_ranges = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let acme = tenant(&allowing, "acme").await;
    let body = json!({ "tenant_id": acme, "name": "r", "hops": [{ "host": "127.0.0.1", "port": 2500 }, { "host": "localhost" }] });
    allowing.post("/v1/routes").json(&body).send().await.expect(201);
}

async fn list_entries_name_what_their_scope_needs() {
    let plane = Plane::start().await;
    let id = "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f";
    for (body, pointers) in [
        (json!({}), vec!["/kind", "/scope"]),
        (json!({ "kind": "block", "scope": "installation" }), vec!["/sender"]),
        (json!({ "kind": "block", "scope": "installation", "sender": "<>", "client": "192.0.2.1" }), vec!["/client"]),
        (json!({ "kind": "block", "scope": "tenant", "sender": "<>" }), vec!["/tenant_id"]),
        (json!({ "kind": "block", "scope": "tenant", "tenant_id": id, "sender": "<>" }), vec!["/tenant_id"]),
        (
            json!({ "kind": "block", "scope": "domain", "tenant_id": id, "sender": "x" }),
            vec!["/domain_id", "/sender", "/tenant_id"],
        ),
        (json!({ "kind": "block", "scope": "recipient", "sender": "<>" }), vec!["/domain_id", "/recipient"]),
        (json!({ "kind": "block", "scope": "installation", "client": "192.0.2.7/24" }), vec!["/client"]),
        (json!({ "kind": "block", "scope": "installation", "sender": "*@*" }), vec!["/sender"]),
        (json!({ "kind": "block", "scope": "installation", "sender": "<>", "comment": "" }), vec!["/comment"]),
        (
            json!({ "kind": "block", "scope": "installation", "sender": "<>", "expires_at": "soon" }),
            vec!["/expires_at"],
        ),
    ] {
        let reply = plane.post("/v1/list-entries").json(&body).send().await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), pointers, "{body}");
    }
}
