//! The tree of tenants.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{EMAIL, PASSWORD, Plane, on_both};

on_both! {
    a_tree_has_three_levels_and_no_more
    references_are_unique_below_one_parent
    a_closing_tenant_takes_nothing_new_and_can_be_restored
    a_closed_tenant_is_gone_with_all_it_has
}

on_both! {
    alone:
    bad_fields_are_all_named
}

async fn make(plane: &Plane, body: Value) -> String {
    plane.post("/v1/tenants").json(&body).send().await.expect(201)["id"].as_str().unwrap().to_owned()
}

async fn a_tree_has_three_levels_and_no_more(plane: Plane) {
    let msp = make(&plane, json!({ "name": "msp", "kind": "msp" })).await;
    let customer = make(&plane, json!({ "name": "acme", "parent_id": msp })).await;
    let shown = plane.get(&format!("/v1/tenants/{customer}")).send().await.expect(200);
    assert_eq!(
        (&shown["kind"], &shown["parent_id"], &shown["state"]),
        (&json!("customer"), &json!(msp), &json!("active"))
    );
    let bad = [
        json!({ "name": "x", "parent_id": customer }),
        json!({ "name": "x", "kind": "msp", "parent_id": msp }),
        json!({ "name": "x", "parent_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f" }),
    ];
    for body in bad {
        assert_eq!(plane.post("/v1/tenants").json(&body).send().await.pointers(), ["/parent_id"], "{body}");
    }
    let reply = plane.post("/v1/tenants").json(&json!({ "name": "x", "kind": "provider" })).send().await;
    assert_eq!(reply.pointers(), ["/kind"]);
    let below = plane.get(&format!("/v1/tenants?parent_id={msp}")).send().await.expect(200);
    assert_eq!(below["data"][0]["id"], json!(customer));
    assert_eq!(below["data"].as_array().unwrap().len(), 1);
}

async fn references_are_unique_below_one_parent(plane: Plane) {
    let a = make(&plane, json!({ "name": "a", "kind": "msp", "external_ref": "1" })).await;
    let reply = plane.post("/v1/tenants").json(&json!({ "name": "b", "external_ref": "1" })).send().await;
    reply.problem(409, "external_ref_taken");
    assert_eq!(reply.pointers(), ["/external_ref"]);
    // Names repeat; another parent has numbers of its own.
    make(&plane, json!({ "name": "a", "external_ref": "1", "parent_id": a })).await;
    let found = plane.get("/v1/tenants?external_ref=1").send().await.expect(200);
    assert_eq!(found["data"].as_array().unwrap().len(), 2);
    let other = make(&plane, json!({ "name": "c", "external_ref": "2" })).await;
    let patch = plane.patch(&format!("/v1/tenants/{other}")).json(&json!({ "external_ref": "1" })).send().await;
    patch.problem(409, "external_ref_taken");
}

async fn a_closing_tenant_takes_nothing_new_and_can_be_restored(plane: Plane) {
    let msp = make(&plane, json!({ "name": "msp", "kind": "msp" })).await;
    let acme = make(&plane, json!({ "name": "acme", "parent_id": msp })).await;
    let delete = |id: &str| plane.delete(&format!("/v1/tenants/{id}")).send();
    let restore = |id: &str| plane.post(&format!("/v1/tenants/{id}/restore")).send();
    delete(&msp).await.problem(409, "tenant_has_children");
    restore(&acme).await.problem(409, "not_closing");
    let closing = delete(&acme).await;
    assert!(closing.header("config-version").is_some());
    let closing = closing.expect(200);
    assert_eq!(closing["state"], "closing");
    assert_eq!(delete(&acme).await.expect(200)["closes_at"], closing["closes_at"]);
    let domain = json!({ "tenant_id": acme, "name": "acme.example" });
    plane.post("/v1/domains").json(&domain).send().await.problem(409, "tenant_closing");
    delete(&msp).await.expect(200);
    plane
        .post("/v1/tenants")
        .json(&json!({ "name": "x", "parent_id": msp }))
        .send()
        .await
        .problem(409, "tenant_closing");
    restore(&acme).await.problem(409, "tenant_closing");
    restore(&msp).await.expect(200);
    assert_eq!(restore(&acme).await.expect(200)["closes_at"], Value::Null);
    plane.post("/v1/domains").json(&domain).send().await.expect(201);
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    delete(&provider).await.problem(409, "in_use");
}

async fn a_closed_tenant_is_gone_with_all_it_has(plane: Plane) {
    let acme = make(&plane, json!({ "name": "acme", "labels": { "a": "b" } })).await;
    let route = json!({ "tenant_id": acme, "name": "r", "hops": [{ "host": "mx.acme.example" }] });
    let route = plane.post("/v1/routes").json(&route).send().await.expect(201)["id"].clone();
    let domain = json!({ "tenant_id": acme, "name": "acme.example", "route_id": route });
    let domain = plane.post("/v1/domains").json(&domain).send().await.expect(201)["id"].as_str().unwrap().to_owned();
    let recipient = json!({ "address": "anna@acme.example" });
    plane.post(&format!("/v1/domains/{domain}/recipients")).json(&recipient).send().await.expect(201);
    let entry = json!({ "kind": "block", "scope": "domain", "domain_id": domain, "sender": "<>" });
    plane.post("/v1/list-entries").json(&entry).send().await.expect(201);
    plane.delete(&format!("/v1/tenants/{acme}")).send().await.expect(200);
    plane.clock.advance(Duration::from_hours(8 * 24));
    plane.run_jobs().await;
    let token = plane.sign_in(EMAIL, PASSWORD).await;
    for path in [
        format!("/v1/tenants/{acme}"),
        format!("/v1/domains/{domain}"),
        format!("/v1/routes/{}", route.as_str().unwrap()),
    ] {
        plane.get(&path).with_token(&token).send().await.problem(404, "not_found");
    }
    let entries = plane.get("/v1/list-entries").with_token(&token).send().await.expect(200);
    assert_eq!(entries["data"], json!([]));
    let log = plane.get(&format!("/v1/audit?target_id={acme}")).with_token(&token).send().await.expect(200);
    assert_eq!(log["data"][0]["action"], "tenant.delete");
    assert_eq!(log["data"][0]["actor"]["kind"], "system");
}

async fn bad_fields_are_all_named() {
    let plane = Plane::start().await;
    let cases = [
        (json!({}), vec!["/name"]),
        (json!({ "name": "" }), vec!["/name"]),
        (json!({ "name": " a" }), vec!["/name"]),
        (json!({ "name": "a\nb", "external_ref": "" }), vec!["/external_ref", "/name"]),
        (json!({ "name": "x".repeat(201) }), vec!["/name"]),
        (json!({ "name": "a", "labels": { "Bad Name": "x", "ok": "y" } }), vec!["/labels/Bad Name"]),
        (json!({ "name": "a", "labels": { "ok": 5 } }), vec!["/labels/ok"]),
        (
            json!({ "name": 5, "kind": "king", "parent_id": "x", "colour": "red" }),
            vec!["/colour", "/kind", "/name", "/parent_id"],
        ),
        (json!({ "name": null }), vec!["/name"]),
    ];
    for (body, pointers) in cases {
        let reply = plane.post("/v1/tenants").json(&body).send().await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), pointers, "{body}");
    }
}
