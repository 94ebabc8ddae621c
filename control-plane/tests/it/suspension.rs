//! Tenants that are stopped by those above them, and what their people may do meanwhile.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
    people::{Somebody, admin, grant, make, person, tree},
};

on_both! {
    a_tenant_is_suspended_by_those_above_it_and_its_people_only_read
    what_is_suspended_above_is_suspended_below
}

on_both! {
    alone:
    nobody_suspends_themselves_nor_the_provider
    a_key_over_a_suspended_tenant_only_reads_whoever_made_it
    people_of_a_closing_tenant_only_read
    mail_is_deferred_and_after_the_days_refused
    a_suspension_says_anew_how_and_outlasts_a_restoration
    bad_suspensions_are_told_by_field
}

fn path(tenant: &str, verb: &str) -> String {
    format!("/v1/tenants/{tenant}/{verb}")
}

async fn suspend(plane: &Plane, by: &str, tenant: &str, body: Value) -> Reply {
    plane.post(&path(tenant, "suspend")).with_token(by).json(&body).send().await
}

async fn resume(plane: &Plane, by: &str, tenant: &str) -> Reply {
    plane.post(&path(tenant, "resume")).with_token(by).send().await
}

async fn seen(plane: &Plane, by: &str, tenant: &str) -> Value {
    plane.get(&format!("/v1/tenants/{tenant}")).with_token(by).send().await.expect(200)
}

/// One more recipient.
async fn write(plane: &Plane, by: &Somebody, domain: &str, address: &str) -> Reply {
    let body = json!({ "address": address });
    plane.post(&format!("/v1/domains/{domain}/recipients")).with_token(&by.token).json(&body).send().await
}

async fn a_tenant_is_suspended_by_those_above_it_and_its_people_only_read(plane: Plane) {
    let tree = tree(&plane).await;
    let (a, b) = (&tree.customers[0], &tree.customers[1]);
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let anna = admin(&plane, &a.tenant, "anna@example.com").await;
    let bert = person(&plane, &a.tenant, "bert@example.com").await;
    grant(&plane, &bert, "domain_admin", &a.domain, json!({})).await;
    let both = admin(&plane, &a.tenant, "both@example.com").await;
    grant(&plane, &both, "tenant_admin", &b.tenant, json!({})).await;

    let reply = suspend(&plane, &msp.token, &a.tenant, json!({ "reason": "invoice 7", "refuse_after_days": 3 })).await;
    assert!(reply.header("config-version").is_some());
    let shown = reply.expect(200);
    assert_eq!((&shown["state"], &shown["suspension_reason"]), (&json!("suspended"), &json!("invoice 7")));
    // Why is nobody's business below, nor the log's.
    let own = seen(&plane, &anna.token, &a.tenant).await;
    assert_eq!(
        (&own["state"], &own["suspension_reason"], &own["state_from"]),
        (&json!("suspended"), &Value::Null, &Value::Null)
    );
    assert_eq!((&own["suspended_at"], &own["refuse_from"]), (&shown["suspended_at"], &shown["refuse_from"]));
    let log = plane.get("/v1/audit?action=tenant.suspend").with_token(&anna.token).send().await;
    assert!(log.text.contains("tenant.suspend") && !log.text.contains("invoice 7"), "{}", log.text);

    for who in [&anna, &bert] {
        write(&plane, who, &a.domain, "new@c0.example").await.problem(409, "tenant_suspended");
        let recipients = format!("/v1/domains/{}/recipients", a.domain);
        plane.get(&recipients).with_token(&who.token).send().await.expect(200);
    }
    let domain = |name: &str| json!({ "tenant_id": a.tenant, "name": name });
    let create = |by: &Somebody, name: &str| plane.post("/v1/domains").with_token(&by.token).json(&domain(name)).send();
    create(&anna, "more.example").await.problem(409, "tenant_suspended");
    create(&both, "more.example").await.problem(409, "tenant_suspended");
    let given = json!({ "person_id": bert.id, "role": "auditor", "scope": "tenant", "tenant_id": a.tenant });
    plane.post("/v1/grants").with_token(&both.token).json(&given).send().await.problem(409, "tenant_suspended");
    let may = plane.get("/v1/me/permissions").with_token(&anna.token).send().await.expect(200);
    let actions: Vec<_> =
        may["permissions"].as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap()).collect();
    assert!(actions.contains(&"domains.read") && !actions.contains(&"domains.write"), "{actions:?}");
    let access = plane.get(&format!("/v1/domains/{}/access", a.domain)).with_token(&msp.token).send().await.expect(200);
    let writes = |one: &&Value| one["actions"].as_array().unwrap().contains(&json!("recipients.write"));
    let writers: Vec<_> = access["data"].as_array().unwrap().iter().filter(writes).map(|one| &one["role"]).collect();
    assert_eq!(writers, [&json!("owner"), &json!("tenant_admin")], "the owner's and the MSP's: {access}");

    // What is one's own stays, and so does what is elsewhere; those above go on.
    let change = json!({ "current_password": PASSWORD, "new_password": "another good horse battery" });
    plane.put("/v1/me/password").with_token(&anna.token).json(&change).send().await.expect(204);
    let anna = Somebody { token: plane.sign_in(&anna.email, "another good horse battery").await, ..anna };
    write(&plane, &both, &b.domain, "new@c1.example").await.expect(201);
    write(&plane, &msp, &a.domain, "new@c0.example").await.expect(201);
    create(&msp, "more.example").await.expect(201);

    assert_eq!(resume(&plane, &msp.token, &a.tenant).await.expect(200)["state"], "active");
    write(&plane, &anna, &a.domain, "newer@c0.example").await.expect(201);
    resume(&plane, &msp.token, &a.tenant).await.problem(409, "not_suspended");
}

async fn what_is_suspended_above_is_suspended_below(plane: Plane) {
    let tree = tree(&plane).await;
    let (a, other) = (&tree.customers[0], &tree.customers[2]);
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let anna = admin(&plane, &a.tenant, "anna@example.com").await;
    let else_where = admin(&plane, &other.tenant, "else@example.com").await;
    suspend(&plane, plane.token(), &tree.msps[0], json!({})).await.expect(200);
    let state = async |by: &str, tenant: &str| {
        let shown = seen(&plane, by, tenant).await;
        let listed = plane.get("/v1/tenants?limit=500").with_token(by).send().await.expect(200);
        let listed = listed["data"].as_array().unwrap().iter().find(|one| one["id"] == tenant).unwrap().clone();
        assert_eq!(shown, listed);
        (shown["state"].clone(), shown["state_from"].clone(), shown["suspended_at"].is_null())
    };
    // From where is said to those who see that one.
    assert_eq!(state(&anna.token, &a.tenant).await, (json!("suspended"), Value::Null, true));
    assert_eq!(state(&msp.token, &a.tenant).await, (json!("suspended"), json!(tree.msps[0]), true));
    assert_eq!(state(plane.token(), &other.tenant).await, (json!("active"), Value::Null, true));
    write(&plane, &anna, &a.domain, "new@c0.example").await.problem(409, "tenant_suspended");
    write(&plane, &msp, &a.domain, "new@c0.example").await.problem(409, "tenant_suspended");
    write(&plane, &else_where, &other.domain, "new@c2.example").await.expect(201);
    // Who only reads suspends and resumes nobody either; the customer's own suspension is another one.
    suspend(&plane, &msp.token, &a.tenant, json!({})).await.problem(409, "tenant_suspended");
    suspend(&plane, plane.token(), &a.tenant, json!({})).await.expect(200);
    resume(&plane, plane.token(), &tree.msps[0]).await.expect(200);
    assert_eq!(state(&msp.token, &a.tenant).await, (json!("suspended"), Value::Null, false));
    write(&plane, &msp, &a.domain, "new@c0.example").await.expect(201);
    write(&plane, &anna, &a.domain, "newer@c0.example").await.problem(409, "tenant_suspended");
    resume(&plane, &msp.token, &a.tenant).await.expect(200);
    write(&plane, &anna, &a.domain, "newer@c0.example").await.expect(201);
}

async fn nobody_suspends_themselves_nor_the_provider() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let stranger = admin(&plane, &tree.msps[1], "stranger@example.com").await;
    suspend(&plane, &msp.token, &tree.msps[0], json!({})).await.problem(403, "forbidden");
    suspend(&plane, &stranger.token, &tree.msps[0], json!({})).await.problem(404, "not_found");
    suspend(&plane, plane.token(), &tree.provider, json!({})).await.problem(409, "in_use");
    suspend(&plane, plane.token(), &tree.msps[0], json!({})).await.expect(200);
    resume(&plane, &stranger.token, &tree.msps[0]).await.problem(404, "not_found");
    resume(&plane, &msp.token, &tree.msps[0]).await.problem(409, "tenant_suspended");
}

async fn a_key_over_a_suspended_tenant_only_reads_whoever_made_it() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let key = async |over: Value| {
        let mut body = json!({ "name": "script", "actions": ["recipients.read", "recipients.write", "domains.read"] });
        body.as_object_mut().unwrap().extend(over.as_object().cloned().unwrap());
        plane.post("/v1/api-keys").json(&body).send().await.expect(201)["secret"].as_str().unwrap().to_owned()
    };
    let keys = [
        (key(json!({ "scope": "tenant", "tenant_id": a.tenant })).await, 409),
        (key(json!({ "scope": "domain", "domain_id": a.domain })).await, 409),
        (key(json!({ "scope": "tenant", "tenant_id": tree.msps[0] })).await, 201),
    ];
    suspend(&plane, plane.token(), &a.tenant, json!({})).await.expect(200);
    let recipients = format!("/v1/domains/{}/recipients", a.domain);
    for (n, (key, status)) in keys.iter().enumerate() {
        plane.get(&recipients).with_token(key).send().await.expect(200);
        let body = json!({ "address": format!("k{n}@c0.example") });
        let reply = plane.post(&recipients).with_token(key).json(&body).send().await;
        assert_eq!(reply.status.as_u16(), *status, "{n}: {}", reply.text);
    }
}

async fn people_of_a_closing_tenant_only_read() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let anna = admin(&plane, &a.tenant, "anna@example.com").await;
    let tenant = format!("/v1/tenants/{}", a.tenant);
    plane.delete(&tenant).with_token(&msp.token).send().await.expect(200);
    write(&plane, &anna, &a.domain, "new@c0.example").await.problem(409, "tenant_closing");
    // What is theirs they can take along.
    let export = format!("/v1/domains/{}/recipients:export", a.domain);
    plane.get(&export).with_token(&anna.token).send().await.expect(200);
    plane.get("/v1/audit").with_token(&anna.token).send().await.expect(200);
    plane.post(&format!("{tenant}/restore")).with_token(&anna.token).send().await.problem(409, "tenant_closing");
    plane.post(&format!("{tenant}/restore")).with_token(&msp.token).send().await.expect(200);
    write(&plane, &anna, &a.domain, "new@c0.example").await.expect(201);
}

async fn mail_is_deferred_and_after_the_days_refused() {
    let mut plane = Plane::start_with(|config| config.accept_domains_without_proof = true).await;
    let tree = tree(&plane).await;
    let [a, b] = [&tree.customers[0], &tree.customers[1]].map(|customer| customer.tenant.clone());
    let said = async |plane: &Plane, n: usize| {
        let envelope =
            json!({ "client": "192.0.2.1", "mail_from": "x@sender.example", "rcpt_to": format!("anna@c{n}.example") });
        let said = plane.post("/v1/policy:test").json(&envelope).send().await.expect(200)["recipient"].clone();
        (said["reply"].as_str().unwrap().get(..9).unwrap().to_owned(), said["reason"].as_str().unwrap().to_owned())
    };
    let stopped = |reply: &str| (reply.to_owned(), "tenant_suspended".to_owned());
    assert_ne!(said(&plane, 0).await.1, "tenant_suspended");
    suspend(&plane, plane.token(), &a, json!({ "refuse_after_days": 2 })).await.expect(200);
    assert_eq!(said(&plane, 0).await, stopped("451 4.2.1"));
    assert_ne!(said(&plane, 1).await.1, "tenant_suspended");
    // The MSP's refuses first, and nobody edits anything.
    suspend(&plane, plane.token(), &tree.msps[0], json!({ "refuse_after_days": 1 })).await.expect(200);
    suspend(&plane, plane.token(), &b, json!({ "refuse_after_days": null })).await.expect(200);
    assert_eq!(said(&plane, 1).await, stopped("451 4.2.1"));
    plane.clock.advance(Duration::from_hours(24));
    plane.renew(EMAIL, PASSWORD).await;
    assert_eq!([said(&plane, 0).await, said(&plane, 1).await], [stopped("550 5.2.1"), stopped("550 5.2.1")]);
    resume(&plane, plane.token(), &tree.msps[0]).await.expect(200);
    assert_eq!([said(&plane, 0).await, said(&plane, 1).await], [stopped("451 4.2.1"), stopped("451 4.2.1")]);
    plane.clock.advance(Duration::from_hours(48));
    plane.renew(EMAIL, PASSWORD).await;
    assert_eq!([said(&plane, 0).await, said(&plane, 1).await], [stopped("550 5.2.1"), stopped("451 4.2.1")]);
}

async fn a_suspension_says_anew_how_and_outlasts_a_restoration() {
    let plane = Plane::start_with(|config| config.refuse_suspended_after_days = Some(7)).await;
    let acme = make(&plane, plane.token(), "/v1/tenants", json!({ "name": "acme" })).await;
    let again = async |body: Value| suspend(&plane, plane.token(), &acme, body).await.expect(200);
    let first = again(json!({})).await;
    let days = |view: &Value| {
        let time = |name: &str| serde_json::from_value::<control_plane::http::Time>(view[name].clone()).unwrap().0;
        time("refuse_from").since(time("suspended_at")).as_secs() / 86_400
    };
    assert_eq!(days(&first), 7, "as the installation is set");
    plane.clock.advance(Duration::from_mins(5));
    let second = again(json!({ "refuse_after_days": 0, "reason": "b" })).await;
    assert_eq!((&second["suspended_at"], days(&second)), (&first["suspended_at"], 0));
    let third = again(json!({ "refuse_after_days": null, "reason": "c" })).await;
    assert_eq!((&third["refuse_from"], &third["suspension_reason"]), (&Value::Null, &json!("c")));
    // Why alone is a change as well.
    assert_eq!(again(json!({ "refuse_after_days": null })).await["suspension_reason"], Value::Null);
    // Closing and suspended, in either order: suspended is what mail hears.
    let tenant = format!("/v1/tenants/{acme}");
    let closing = plane.delete(&tenant).send().await.expect(200);
    assert_eq!((&closing["state"], closing["closes_at"].is_null()), (&json!("suspended"), false));
    assert_eq!(resume(&plane, plane.token(), &acme).await.expect(200)["state"], "closing");
    again(json!({})).await;
    let restored = plane.post(&format!("{tenant}/restore")).send().await.expect(200);
    assert_eq!((&restored["state"], restored["closes_at"].is_null()), (&json!("suspended"), true));
    resume(&plane, plane.token(), &acme).await.expect(200);
}

async fn bad_suspensions_are_told_by_field() {
    let plane = Plane::start().await;
    let acme = make(&plane, plane.token(), "/v1/tenants", json!({ "name": "acme" })).await;
    let cases = [
        (json!({ "reason": "" }), vec!["/reason"]),
        (json!({ "reason": "x".repeat(501), "refuse_after_days": 366 }), vec!["/reason", "/refuse_after_days"]),
        (json!({ "refuse_after_days": -1 }), vec!["/refuse_after_days"]),
        (json!({ "refuse_after_days": "3", "until": 4 }), vec!["/refuse_after_days", "/until"]),
    ];
    for (body, pointers) in cases {
        let reply = suspend(&plane, plane.token(), &acme, body.clone()).await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), pointers, "{body}");
    }
    assert_eq!(seen(&plane, plane.token(), &acme).await["state"], "active");
}
