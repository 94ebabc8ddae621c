//! A customer at one stroke, or nothing of it.

use control_plane::auth::Role;
use serde_json::{Value, json};

use crate::{
    harness::{PASSWORD, Plane, Reply, on_both},
    invitations::{actions_of, token, with_relay},
    people::{admin, make, tree},
};

on_both! {
    alone:
    a_customer_is_made_with_its_administrator_and_its_domain
    an_msps_key_onboards_customers_below_it_and_nowhere_else
    whichever_step_fails_nothing_is_left_behind
    each_part_needs_what_its_own_call_needs
}

async fn onboard(plane: &Plane, by: &str, body: &Value) -> Reply {
    plane.post("/v1/tenants:onboard").with_token(by).json(body).send().await
}

fn acme(parent: &str) -> Value {
    json!({ "tenant": { "name": "Acme Ltd", "parent_id": parent, "external_ref": "K-1" },
        "limits": { "max_domains": 2 },
        "administrator": { "email": "anna@acme.example", "language": "fr" },
        "domain": { "name": "Acme.example", "recipients": "any", "external_ref": "D-1" } })
}

async fn a_customer_is_made_with_its_administrator_and_its_domain() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let msp = admin(&plane, &tree.msps[0], "msp@acme.example").await;
    let sent = hop.until_messages(1).await.len();
    let call = || {
        let call = plane.post("/v1/tenants:onboard").with_token(&msp.token).header("idempotency-key", "k1");
        async { call.json(&acme(&tree.msps[0])).send().await }
    };
    let first = call().await;
    assert!(first.header("config-version").is_some() && first.header("etag").is_some());
    assert_eq!(call().await.text, first.text);
    let made = first.expect(201);
    let tenant = made["tenant"]["id"].as_str().unwrap();
    assert_eq!((&made["tenant"]["parent_id"], &made["tenant"]["kind"]), (&json!(tree.msps[0]), &json!("customer")));
    assert_eq!((&made["domain"]["tenant_id"], &made["domain"]["state"]), (&json!(tenant), &json!("pending")));
    assert_eq!(made["domain"]["verification"]["record_name"], "_postern.acme.example");
    assert_eq!((&made["invitation"]["tenant_id"], &made["invitation"]["state"]), (&json!(tenant), &json!("pending")));

    let token = token(&hop, sent + 1, "anna@acme.example").await;
    let accept = json!({ "token": token, "password": PASSWORD });
    plane.post("/v1/invitations/accept").anonymously().json(&accept).send().await.expect(200);
    let anna = plane.sign_in("anna@acme.example", PASSWORD).await;
    let limits = plane.get(&format!("/v1/tenants/{tenant}/limits")).with_token(&anna).send().await.expect(200);
    assert_eq!((&limits["max_domains"], &limits["domains"]), (&json!(2), &json!(1)));
    let domain = json!({ "tenant_id": tenant, "name": "second.example" });
    make(&plane, &anna, "/v1/domains", domain).await;
    // Only a tenant: closed sites have no mail.
    let alone = onboard(&plane, &msp.token, &json!({ "tenant": { "name": "b", "parent_id": tree.msps[0] } })).await;
    let alone = alone.expect(201);
    assert_eq!((&alone["invitation"], &alone["domain"]), (&json!(null), &json!(null)));
}

async fn an_msps_key_onboards_customers_below_it_and_nowhere_else() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let msp = admin(&plane, &tree.msps[0], "msp@acme.example").await;
    let sent = hop.until_messages(1).await.len();
    let keyed = async |actions: &[&str]| {
        let key = json!({ "name": "onboarding", "scope": "tenant", "tenant_id": tree.msps[0], "actions": actions });
        let key = plane.post("/v1/api-keys").with_token(&msp.token).json(&key).send().await.expect(201);
        key["secret"].as_str().unwrap().to_owned()
    };
    let narrow = keyed(&["tenants.write", "domains.create", "invitations.write"]).await;
    let mut body = acme(&tree.msps[0]);
    let reply = onboard(&plane, &narrow, &body).await;
    assert_eq!(reply.problem(403, "forbidden").pointers(), ["/limits"]);
    body.as_object_mut().unwrap().remove("limits");
    // Nobody by a key who may do what the key does not name.
    let reply = onboard(&plane, &narrow, &body).await;
    assert_eq!(reply.problem(403, "grant_too_wide").pointers(), ["/administrator/role"]);
    let wide = keyed(&actions_of(Role::TenantAdmin)).await;
    let made = onboard(&plane, &wide, &body).await.expect(201);
    let key = narrow.as_str();
    let tenant = made["tenant"]["id"].as_str().unwrap();
    let token = token(&hop, sent + 1, "anna@acme.example").await;
    let accept = json!({ "token": token, "password": PASSWORD });
    plane.post("/v1/invitations/accept").anonymously().json(&accept).send().await.expect(200);
    let anna = plane.sign_in("anna@acme.example", PASSWORD).await;
    plane.get(&format!("/v1/tenants/{tenant}")).with_token(&anna).send().await.expect(200);
    // A second domain by the key: it may create, and see nothing of it.
    let second = json!({ "tenant_id": tenant, "name": "second.example" });
    plane.post("/v1/domains").with_token(key).json(&second).send().await.expect(201);
    plane.get("/v1/domains").with_token(key).send().await.problem(403, "forbidden");

    for (parent, pointer) in [(&tree.msps[1], "/tenant/parent_id"), (&tree.provider, "/tenant/parent_id")] {
        body["tenant"]["parent_id"] = json!(parent);
        let reply = onboard(&plane, key, &body).await;
        assert_eq!(reply.problem(422, "invalid_body").pointers(), [pointer]);
    }
}

/// How many rows each table has that a change leaves something in.
async fn rows(plane: &Plane) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in [
        "tenants",
        "labels",
        "domains",
        "persons",
        "grants",
        "invitations",
        "mails",
        "audit",
        "outbox",
        "idempotent_answers",
    ] {
        counts.push(plane.count(&format!("SELECT COUNT(*) FROM {table}")).await);
    }
    counts
}

async fn whichever_step_fails_nothing_is_left_behind() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tree = tree(&plane).await;
    let msp = admin(&plane, &tree.msps[0], "msp@acme.example").await;
    hop.until_messages(1).await;
    plane.run_jobs().await;
    let taken = json!({ "name": "taken", "parent_id": tree.msps[0], "external_ref": "K-9" });
    make(&plane, &msp.token, "/v1/tenants", taken).await;
    let limits = format!("/v1/tenants/{}/limits", tree.msps[0]);
    let domains = plane.get(&limits).send().await.expect(200)["domains"].as_i64().unwrap();
    let before = rows(&plane).await;
    let with = |pointer: &str, value: Value| {
        let mut body = acme(&tree.msps[0]);
        body["tenant"]["labels"] = json!({ "plan": "gold" });
        let (part, field) = pointer.trim_start_matches('/').split_once('/').unwrap();
        body[part][field] = value;
        body
    };
    for (pointer, value, status, code) in [
        ("/tenant/name", json!(""), 422, "invalid_body"),
        ("/tenant/kind", json!("provider"), 422, "invalid_body"),
        ("/tenant/parent_id", json!(tree.customers[0].tenant), 422, "invalid_body"),
        ("/tenant/external_ref", json!("K-9"), 409, "external_ref_taken"),
        ("/limits/max_domains", json!(-1), 422, "invalid_body"),
        ("/administrator/email", json!("nobody"), 422, "invalid_body"),
        ("/domain/name", json!("not a name"), 422, "invalid_body"),
        ("/domain/name", json!("co.uk"), 422, "invalid_body"),
        ("/domain/route_id", json!(tree.customers[0].route), 422, "invalid_body"),
        ("/domain/call_out_unavailable", json!("accept"), 422, "invalid_body"),
        ("/domain/external_ref", json!(""), 422, "invalid_body"),
    ] {
        let call = plane.post("/v1/tenants:onboard").with_token(&msp.token).header("idempotency-key", pointer);
        let reply = call.json(&with(pointer, value)).send().await;
        assert_eq!(reply.problem(status, code).pointers(), [pointer]);
        assert_eq!(rows(&plane).await, before, "{pointer}");
    }
    // A field that nobody knows, at any depth.
    let reply = onboard(&plane, &msp.token, &with("/domain/alias_of", json!(tree.customers[0].domain))).await;
    reply.problem(422, "invalid_body");
    // The last step: the MSP has as many domains as it may.
    plane.put(&limits).header("if-match", "*").json(&json!({ "max_domains": domains })).send().await.expect(200);
    let before = rows(&plane).await;
    onboard(&plane, &msp.token, &acme(&tree.msps[0])).await.problem(409, "limit_reached");
    assert_eq!(rows(&plane).await, before);
    // Nor by one of its own that has no room.
    let mut body = acme(&tree.msps[1]);
    body["limits"]["max_domains"] = json!(0);
    onboard(&plane, plane.token(), &body).await.problem(409, "limit_reached");
    assert_eq!(rows(&plane).await, before);
    assert_eq!(hop.messages().len(), 1);

    // Without a relay.
    let plane = Plane::start().await;
    let before = rows(&plane).await;
    let mut body = acme("");
    body["tenant"].as_object_mut().unwrap().remove("parent_id");
    let reply = onboard(&plane, plane.token(), &body).await;
    assert_eq!(reply.problem(409, "mail_not_set_up").pointers(), ["/administrator"]);
    assert_eq!(rows(&plane).await, before);
    body.as_object_mut().unwrap().remove("administrator");
    onboard(&plane, plane.token(), &body).await.expect(201);
}

async fn each_part_needs_what_its_own_call_needs() {
    let (plane, _hop) = with_relay(|config| {
        config.sessions.step_up_lifetime_s = control_plane::Sessions::default().step_up_lifetime_s;
    })
    .await;
    let tree = tree(&plane).await;
    let msp = admin(&plane, &tree.msps[0], "msp@acme.example").await;
    let key = async |actions: &[&str]| {
        let body = json!({ "name": "k", "scope": "tenant", "tenant_id": tree.msps[0], "actions": actions });
        let made = plane.post("/v1/api-keys").with_token(&msp.token).json(&body).send().await.expect(201);
        made["secret"].as_str().unwrap().to_owned()
    };
    let body = acme(&tree.msps[0]);
    for (actions, pointer) in [
        (&["tenants.write", "limits.write", "domains.create"][..], "/administrator"),
        (&["tenants.write", "limits.write", "invitations.write"], "/domain"),
    ] {
        let reply = onboard(&plane, &key(actions).await, &body).await;
        assert_eq!(reply.problem(403, "forbidden").pointers(), [pointer]);
    }
    let without = key(&["limits.write", "domains.create", "invitations.write"]).await;
    onboard(&plane, &without, &body).await.problem(403, "forbidden");
    // Inviting asks again who it is; making a tenant does not.
    plane.clock.advance(std::time::Duration::from_mins(11));
    onboard(&plane, &msp.token, &body).await.problem(403, "step_up_required");
    onboard(&plane, &msp.token, &json!({ "tenant": body["tenant"] })).await.expect(201);
}
