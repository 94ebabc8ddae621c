//! How much a tenant may have, and domains created by those who administer no more than domains.

use serde_json::{Value, json};

use crate::{
    harness::{Plane, Reply, on_both},
    people::{Somebody, admin, grant, person, tree},
};

on_both! {
    of_sixty_four_creations_at_once_as_many_succeed_as_the_grant_allows
    of_sixty_four_creations_at_once_as_many_succeed_as_the_tenants_above_allow
    recipients_added_at_once_in_several_domains_stay_within_the_tenants_limit
}

on_both! {
    alone:
    whoever_creates_a_domain_administers_it_and_nothing_else
    a_domain_that_went_makes_room_and_an_ended_grant_makes_none
    limits_hold_at_every_level_and_nobody_raises_their_own
    an_import_beyond_the_limit_changes_nothing
}

async fn create(plane: &Plane, by: &Somebody, tenant: &str, name: &str) -> Reply {
    let body = json!({ "tenant_id": tenant, "name": name });
    plane.post("/v1/domains").with_token(&by.token).json(&body).send().await
}

async fn all_at_once(plane: &Plane, by: &Somebody, tenants: &[String]) -> (usize, Vec<Reply>) {
    let call = async |n: usize| create(plane, by, &tenants[n % tenants.len()], &format!("many{n}.example")).await;
    let replies = futures::future::join_all((0..64).map(call)).await;
    let (good, bad): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 201);
    (good.len(), bad)
}

async fn of_sixty_four_creations_at_once_as_many_succeed_as_the_grant_allows(plane: Plane) {
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    grant(&plane, &anna, "domain_admin", &a.tenant, json!({ "max_domains": 10 })).await;
    let (created, refused) = all_at_once(&plane, &anna, std::slice::from_ref(&a.tenant)).await;
    assert_eq!(created, 10);
    for reply in &refused {
        reply.problem(409, "limit_reached");
    }
    let page = plane.get("/v1/domains").with_token(&anna.token).send().await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 10);
    assert_eq!(plane.count("SELECT COUNT(*) FROM domains WHERE grant_id IS NOT NULL").await, 10);
}

async fn of_sixty_four_creations_at_once_as_many_succeed_as_the_tenants_above_allow(plane: Plane) {
    let tree = tree(&plane).await;
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    // Each customer has one already.
    let limits = json!({ "max_domains": 12 });
    plane.put(&format!("/v1/tenants/{}/limits", tree.msps[0])).json(&limits).send().await.expect(200);
    let customers: Vec<_> = tree.customers[..2].iter().map(|customer| customer.tenant.clone()).collect();
    let (created, refused) = all_at_once(&plane, &msp, &customers).await;
    assert_eq!(created, 10);
    for reply in &refused {
        reply.problem(409, "limit_reached");
    }
    let shown =
        plane.get(&format!("/v1/tenants/{}/limits", tree.msps[0])).with_token(&msp.token).send().await.expect(200);
    assert_eq!(
        (&shown["domains"], &shown["max_domains"], &shown["max_recipients"]),
        (&json!(12), &json!(12), &Value::Null)
    );
}

async fn recipients_added_at_once_in_several_domains_stay_within_the_tenants_limit(plane: Plane) {
    let tree = tree(&plane).await;
    let domains = [tree.customers[0].domain.clone(), tree.customers[1].domain.clone()];
    // One each is there.
    let limits = json!({ "max_recipients": 10 });
    plane.put(&format!("/v1/tenants/{}/limits", tree.msps[0])).json(&limits).send().await.expect(200);
    let add = async |n: usize| {
        let body = json!({ "address": format!("r{n}@c{}.example", n % 2) });
        plane.post(&format!("/v1/domains/{}/recipients", domains[n % 2])).json(&body).send().await
    };
    let replies = futures::future::join_all((0..32).map(add)).await;
    let created = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(created, 8);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.problem(409, "limit_reached");
    }
}

async fn whoever_creates_a_domain_administers_it_and_nothing_else() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let until = "2199-01-01T00:00:00Z";
    grant(&plane, &anna, "domain_admin", &a.tenant, json!({ "max_domains": 2, "expires_at": until })).await;
    let made = create(&plane, &anna, &a.tenant, "new.example").await.expect(201);
    assert_eq!((&made["state"], &made["tenant_id"]), (&json!("pending"), &json!(a.tenant)));
    let new = made["id"].as_str().unwrap();
    let get = |path: String| plane.get(&path).with_token(&anna.token).send();
    get(format!("/v1/domains/{new}")).await.expect(200);
    let recipient = json!({ "address": "x@new.example" });
    plane
        .post(&format!("/v1/domains/{new}/recipients"))
        .with_token(&anna.token)
        .json(&recipient)
        .send()
        .await
        .expect(201);
    // Nothing of the tenant: neither its other domains nor itself, nor what stands beside.
    get(format!("/v1/domains/{}", a.domain)).await.problem(404, "not_found");
    get(format!("/v1/tenants/{}", a.tenant)).await.problem(403, "forbidden");
    assert_eq!(create(&plane, &anna, &b.tenant, "other.example").await.pointers(), ["/tenant_id"]);
    assert_eq!(create(&plane, &anna, &tree.msps[0], "other.example").await.pointers(), ["/tenant_id"]);
    let with_route = json!({ "tenant_id": a.tenant, "name": "second.example", "route_id": a.route });
    let reply = plane.post("/v1/domains").with_token(&anna.token).json(&with_route).send().await;
    assert_eq!(reply.pointers(), ["/route_id"]);
    let numbered = json!({ "tenant_id": a.tenant, "name": "second.example", "external_ref": "7" });
    plane.post("/v1/domains").with_token(&anna.token).json(&numbered).send().await.problem(403, "forbidden");
    // A refusal leaves nothing behind and counts for nothing.
    create(&plane, &anna, &a.tenant, "second.example").await.expect(201);
    create(&plane, &anna, &a.tenant, "third.example").await.problem(409, "limit_reached");
    let given = plane.get(&format!("/v1/grants?domain_id={new}")).send().await.expect(200)["data"][0].clone();
    assert_eq!(
        (&given["role"], &given["person_id"], &given["expires_at"]),
        (&json!("domain_admin"), &json!(anna.id), &json!(until))
    );
    // Whoever administers the tenant creates without becoming anything.
    let customer = admin(&plane, &a.tenant, "customer@example.com").await;
    let own = create(&plane, &customer, &a.tenant, "fourth.example").await.expect(201);
    let given = plane.get(&format!("/v1/grants?domain_id={}", own["id"].as_str().unwrap())).send().await.expect(200);
    assert_eq!(given["data"], json!([]));
}

async fn a_domain_that_went_makes_room_and_an_ended_grant_makes_none() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let through = grant(&plane, &anna, "domain_admin", &a.tenant, json!({ "max_domains": 1 })).await;
    let made = create(&plane, &anna, &a.tenant, "one.example").await.expect(201);
    create(&plane, &anna, &a.tenant, "two.example").await.problem(409, "limit_reached");
    let path = format!("/v1/domains/{}", made["id"].as_str().unwrap());
    plane.delete(&path).with_token(&anna.token).send().await.expect(200);
    create(&plane, &anna, &a.tenant, "two.example").await.expect(201);
    plane.delete(&format!("/v1/grants/{through}")).send().await.expect(204);
    create(&plane, &anna, &a.tenant, "three.example").await.problem(403, "forbidden");
    let page = plane.get("/v1/domains").with_token(&anna.token).send().await.expect(200);
    assert_eq!(page["data"][0]["name"], "two.example");
}

async fn limits_hold_at_every_level_and_nobody_raises_their_own() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let customer = admin(&plane, &a.tenant, "customer@example.com").await;
    let path = |tenant: &str| format!("/v1/tenants/{tenant}/limits");
    let set = |by: &Somebody, tenant: &str, limits: Value| {
        plane.put(&path(tenant)).with_token(&by.token).json(&limits).send()
    };
    set(&customer, &a.tenant, json!({ "max_domains": 100 })).await.problem(403, "forbidden");
    set(&msp, &tree.msps[0], json!({ "max_domains": 100 })).await.problem(403, "forbidden");
    set(&msp, &tree.customers[2].tenant, json!({})).await.problem(404, "not_found");
    let reply = set(&msp, &a.tenant, json!({ "max_domains": 2, "max_recipients": 1 })).await;
    let tag = reply.header("etag").unwrap().to_owned();
    assert!(reply.header("config-version").is_none(), "nothing of it is for workers");
    let none = json!({ "max_messages_per_hour": null, "max_message_size_bytes": null });
    let with = |mut one: Value| {
        one.as_object_mut().unwrap().extend(none.as_object().cloned().unwrap());
        one
    };
    let shown = with(json!({ "max_domains": 2, "max_recipients": 1, "domains": 1, "recipients": 1 }));
    assert_eq!(reply.expect(200), shown);
    let stale =
        plane.put(&path(&a.tenant)).with_token(&msp.token).header("if-match", "\"r1\"").json(&json!({})).send().await;
    stale.problem(412, "precondition_failed");
    assert_ne!(tag, "\"r1\"");
    let provider = json!({ "max_domains": 5 });
    plane.put(&path(&tree.provider)).json(&provider).send().await.expect(200);
    create(&plane, &customer, &a.tenant, "a.example").await.expect(201);
    let reply = create(&plane, &customer, &a.tenant, "b.example").await;
    reply.problem(409, "limit_reached");
    assert!(reply.text.contains(&a.tenant), "{}", reply.text);
    // Five are there in all: what the provider agreed on is not told.
    let reply = create(&plane, &msp, &tree.customers[1].tenant, "c.example").await;
    reply.problem(409, "limit_reached");
    assert!(!reply.text.contains(&tree.provider), "{}", reply.text);
    let recipient = json!({ "address": "x@c0.example" });
    let recipients = format!("/v1/domains/{}/recipients", a.domain);
    plane.post(&recipients).with_token(&customer.token).json(&recipient).send().await.problem(409, "limit_reached");
    let batch = json!({ "items": [{ "address": "anna@c0.example" }] });
    plane.post(&format!("{recipients}:batch")).with_token(&customer.token).json(&batch).send().await.expect(200);
    let log = plane.get("/v1/audit?action=limits.update").with_token(&customer.token).send().await.expect(200);
    assert_eq!(log["data"][0]["after"], with(json!({ "max_domains": 2, "max_recipients": 1 })));
    let mail = json!({ "max_messages_per_hour": 1, "max_message_size_bytes": 65_536 });
    set(&customer, &a.tenant, mail.clone()).await.problem(403, "forbidden");
    let reply = set(&msp, &a.tenant, mail).await;
    assert!(reply.header("config-version").is_some(), "{}", reply.text);
    let bad = [
        (json!({ "max_domains": -1 }), "/max_domains"),
        (json!({ "max_recipients": "x" }), "/max_recipients"),
        (json!({ "max_messages_per_hour": 0 }), "/max_messages_per_hour"),
        (json!({ "max_message_size_bytes": 65_535 }), "/max_message_size_bytes"),
        (json!({ "max_message_size_bytes": 1_073_741_825 }), "/max_message_size_bytes"),
    ];
    for (bad, pointer) in bad {
        let reply = set(&msp, &a.tenant, bad).await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), [pointer]);
    }
}

async fn an_import_beyond_the_limit_changes_nothing() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    plane
        .put(&format!("/v1/tenants/{}/limits", a.tenant))
        .json(&json!({ "max_recipients": 2 }))
        .send()
        .await
        .expect(200);
    let path = format!("/v1/domains/{}/recipients", a.domain);
    let import =
        |query: &str, text: &str| plane.post(&format!("{path}:import{query}")).raw("text/csv", text.to_owned()).send();
    import("", "b@c0.example\r\nc@c0.example\r\n").await.problem(409, "limit_reached");
    assert_eq!(plane.get(&path).send().await.expect(200)["data"].as_array().unwrap().len(), 1);
    import("?mode=replace&max_removed=1", "b@c0.example\r\nc@c0.example\r\n").await.expect(200);
    // Less is always welcome.
    plane
        .put(&format!("/v1/tenants/{}/limits", a.tenant))
        .json(&json!({ "max_recipients": 0 }))
        .send()
        .await
        .expect(200);
    import("?mode=replace&max_removed=1", "b@c0.example\r\n").await.expect(200);
}
