//! Domains that go to another tenant, with DNS that knows who they were.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
    people::{Customer, Somebody, Tree, admin, grant, person, tree},
};

on_both! {
    a_domain_moves_with_what_is_its_own
    the_record_of_before_counts_for_a_time
    aliases_go_along_and_none_goes_alone
    whoever_has_nothing_to_do_with_the_new_tenant_loses_the_domain
    what_cannot_move_stays_as_it_is
    only_whoever_administers_both_tenants_moves_and_within_one_msp
    limits_of_the_new_tenant_hold_however_many_come_at_once
    a_move_to_tenants_of_other_pools_is_refused
}

fn path(domain: &str) -> String {
    format!("/v1/domains/{domain}")
}

async fn move_by(plane: &Plane, token: &str, domain: &str, body: Value) -> Reply {
    plane.post(&format!("{}/move", path(domain))).with_token(token).json(&body).send().await
}

async fn move_to(plane: &Plane, domain: &str, to: &Customer) -> Reply {
    move_by(plane, plane.token(), domain, json!({ "tenant_id": to.tenant, "route_id": to.route })).await
}

async fn prove(plane: &Plane, domain: &str) -> Value {
    let record = plane.get(&path(domain)).send().await.expect(200)["verification"].clone();
    plane.dns.txt(record["record_name"].as_str().unwrap(), record["record_value"].as_str().unwrap());
    let proven = plane.post(&format!("{}/verify", path(domain))).send().await.expect(200);
    assert_eq!((&proven["state"], &proven["verification"]["result"]), (&json!("active"), &json!("proven")));
    proven
}

async fn read(plane: &Plane, token: &str, path: &str) -> Value {
    plane.get(path).with_token(token).send().await.expect(200)
}

/// Two customers of one MSP, their administrators, and that of the MSP.
async fn people(plane: &Plane) -> (Tree, [Somebody; 3]) {
    let tree = tree(plane).await;
    let old = admin(plane, &tree.customers[0].tenant, "old@example.com").await;
    let new = admin(plane, &tree.customers[1].tenant, "new@example.com").await;
    let msp = admin(plane, &tree.msps[0], "msp@example.com").await;
    (tree, [old, new, msp])
}

async fn a_domain_moves_with_what_is_its_own(plane: Plane) {
    let (tree, [old, new, msp]) = people(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let before = prove(&plane, &a.domain).await;
    let policy = json!({ "inbound_tls": "required" });
    plane.patch(&format!("{}/policy", path(&a.domain))).header("if-match", "*").json(&policy).send().await.expect(200);
    // The route is one that the new tenant cannot use.
    let reply = move_by(&plane, &msp.token, &a.domain, json!({ "tenant_id": b.tenant })).await;
    reply.problem(422, "invalid_body");
    assert_eq!(reply.pointers(), ["/route_id"]);
    let body = json!({ "tenant_id": b.tenant, "route_id": b.route });
    let reply = move_by(&plane, &msp.token, &a.domain, body.clone()).await;
    assert!(reply.header("config-version").is_some());
    let tag = reply.header("etag").unwrap().to_owned();
    let moved = reply.expect(200);
    assert_eq!(
        (&moved["domain"]["tenant_id"], &moved["domain"]["route_id"], &moved["domain"]["state"]),
        (&json!(b.tenant), &json!(b.route), &json!("active"))
    );
    assert_eq!(moved["domain"]["activated_at"], before["activated_at"]);
    assert_ne!(moved["domain"]["verification"]["record_value"], before["verification"]["record_value"]);
    let again = move_by(&plane, &msp.token, &a.domain, body).await;
    assert_eq!((again.header("etag"), again.header("config-version")), (Some(tag.as_str()), None));
    assert_eq!(again.expect(200)["domain"], moved["domain"]);

    let own = async |by: &Somebody| plane.get(&path(&a.domain)).with_token(&by.token).send().await;
    own(&old).await.problem(404, "not_found");
    assert_eq!(own(&new).await.header("etag"), Some(tag.as_str()));
    let recipients = read(&plane, &new.token, &format!("{}/recipients", path(&a.domain))).await;
    assert_eq!(recipients["data"][0]["id"], json!(a.recipient));
    let entries = read(&plane, &new.token, &format!("/v1/list-entries?domain_id={}", a.domain)).await;
    assert_eq!(entries["data"][0]["id"], json!(a.entry));
    let kept = read(&plane, &new.token, &format!("{}/policy", path(&a.domain))).await;
    assert!(kept.to_string().contains("required"), "{kept}");
    let listed = read(&plane, &old.token, "/v1/domains").await;
    assert_eq!(listed["data"], json!([]));

    // Each reads its own side, and of the other neither who it is nor what it has.
    let log = async |by: &Somebody, action: &str| {
        let log = read(&plane, &by.token, &format!("/v1/audit?target_id={}", a.domain)).await;
        let rows = log["data"].as_array().unwrap().clone();
        rows.into_iter().find(|row| row["action"] == action)
    };
    let (left, came) = (log(&old, "domain.move_out").await.unwrap(), log(&new, "domain.move_in").await.unwrap());
    assert_eq!((&left["before"]["tenant_id"], &left["after"]), (&json!(a.tenant), &Value::Null));
    assert_eq!((&came["before"], &came["after"]["tenant_id"]), (&Value::Null, &json!(b.tenant)));
    assert!(log(&old, "domain.move_in").await.is_none() && log(&new, "domain.move_out").await.is_none());
    assert!(!left.to_string().contains(&b.tenant) && !came.to_string().contains(&a.tenant));
    assert!(log(&msp, "domain.move_out").await.is_some() && log(&msp, "domain.move_in").await.is_some());
    let at_old = plane.count("SELECT COUNT(*) FROM domains WHERE former_until IS NOT NULL").await;
    assert_eq!(at_old, 1);
}

async fn the_record_of_before_counts_for_a_time(mut plane: Plane) {
    let (tree, _) = people(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let before = prove(&plane, &a.domain).await["verification"].clone();
    let record = before["record_name"].as_str().unwrap();
    let moved = move_to(&plane, &a.domain, &b).await.expect(200)["domain"].clone();
    assert!(moved["verification"]["former_value_until"].is_string(), "{moved}");
    let result = async |plane: &Plane| {
        let looked = plane.post(&format!("{}/verify", path(&a.domain))).send().await.expect(200);
        assert_eq!(looked["state"], "active");
        looked["verification"]["result"].clone()
    };
    assert_eq!(result(&plane).await, "proven");
    // By schedule as by a call.
    plane.clock.advance(Duration::from_hours(27));
    plane.run_jobs().await;
    plane.renew(EMAIL, PASSWORD).await;
    let looked = plane.get(&path(&a.domain)).send().await.expect(200)["verification"].clone();
    assert_eq!((&looked["result"], &looked["missing_since"]), (&json!("proven"), &Value::Null));
    let shown = plane.get(&format!("{}/dns", path(&a.domain))).send().await.expect(200);
    assert_eq!(shown["ownership"]["status"], "different", "the record of now should be set");
    plane.clock.advance(Duration::from_hours(30 * 24));
    plane.renew(EMAIL, PASSWORD).await;
    assert_eq!(result(&plane).await, "value_differs");
    plane.dns.clear(record);
    plane.dns.txt(record, moved["verification"]["record_value"].as_str().unwrap());
    assert_eq!(result(&plane).await, "proven");
    // A pending one is proven for whoever has it now.
    let made = json!({ "tenant_id": a.tenant, "name": "young.example" });
    let young = plane.post("/v1/domains").json(&made).send().await.expect(201);
    let id = young["id"].as_str().unwrap();
    let value = |domain: &Value| domain["verification"]["record_value"].as_str().unwrap().to_owned();
    plane.dns.txt("_postern.young.example", &value(&young));
    let moved = move_to(&plane, id, &b).await.expect(200)["domain"].clone();
    assert_eq!((&moved["state"], &moved["verification"]["former_value_until"]), (&json!("pending"), &Value::Null));
    let looked = plane.post(&format!("{}/verify", path(id))).send().await.expect(200);
    assert_eq!(looked["verification"]["result"], "value_differs");
    plane.dns.txt("_postern.young.example", &value(&moved));
    assert_eq!(plane.post(&format!("{}/verify", path(id))).send().await.expect(200)["state"], "active");
}

async fn aliases_go_along_and_none_goes_alone(plane: Plane) {
    let (tree, _) = people(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let made = json!({ "tenant_id": a.tenant, "name": "other.example", "route_id": a.route });
    let alias = plane.post("/v1/domains").json(&made).send().await.expect(201)["id"].as_str().unwrap().to_owned();
    plane.patch(&path(&alias)).json(&json!({ "alias_of": a.domain })).send().await.expect(200);
    move_to(&plane, &alias, &b).await.problem(409, "alias_domain");
    let moved = move_to(&plane, &a.domain, &b).await.expect(200);
    assert_eq!(moved["alias_domain_ids"], json!([alias]));
    let shown = plane.get(&path(&alias)).send().await.expect(200);
    assert_eq!((&shown["tenant_id"], &shown["alias_of"]), (&json!(b.tenant), &json!(a.domain)));
    // What it had of its own rests; a route of the old tenant does not.
    let freed = plane.patch(&path(&alias)).json(&json!({ "alias_of": null })).send().await.expect(200);
    assert_eq!(freed["route_id"], Value::Null);
}

async fn whoever_has_nothing_to_do_with_the_new_tenant_loses_the_domain(plane: Plane) {
    let (tree, [old, _, msp]) = people(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let theirs = person(&plane, &a.tenant, "theirs@example.com").await;
    let through = grant(&plane, &theirs, "domain_admin", &a.tenant, json!({ "max_domains": 1 })).await;
    let made = json!({ "tenant_id": a.tenant, "name": "made.example" });
    let made = plane.post("/v1/domains").with_token(&theirs.token).json(&made).send().await.expect(201);
    let domain = made["id"].as_str().unwrap();
    let [support, both] = [(&tree.msps[0], "support@example.com"), (&a.tenant, "both@example.com")];
    let support = person(&plane, support.0, support.1).await;
    grant(&plane, &support, "domain_admin", domain, json!({})).await;
    let both = person(&plane, both.0, both.1).await;
    grant(&plane, &both, "domain_admin", domain, json!({})).await;
    grant(&plane, &both, "auditor", &b.tenant, json!({})).await;
    let key = async |by: &Somebody| {
        let body = json!({ "name": "k", "scope": "domain", "domain_id": domain, "actions": ["domains.read"] });
        let made = plane.post("/v1/api-keys").with_token(&by.token).json(&body).send().await.expect(201);
        made["secret"].as_str().unwrap().to_owned()
    };
    let keys = [key(&old).await, key(&theirs).await, key(&msp).await];
    let moved = move_to(&plane, domain, &b).await.expect(200);
    assert_eq!((&moved["grants_ended"], &moved["api_keys_ended"]), (&json!(1), &json!(2)), "{moved}");
    let status = async |token: &str| plane.get(&path(domain)).with_token(token).send().await.status.as_u16();
    // Nothing is left to them that reads a domain at all.
    assert_eq!(status(&theirs.token).await, 403);
    assert_eq!((status(&support.token).await, status(&both.token).await), (200, 200));
    assert_eq!((status(&keys[0]).await, status(&keys[1]).await, status(&keys[2]).await), (401, 401, 200));
    let log = read(&plane, &old.token, "/v1/audit?action=grant.delete").await;
    assert_eq!(log["data"][0]["before"]["person_id"], json!(theirs.id));
    // What they may create is free again.
    let left = plane.get(&format!("/v1/grants/{through}")).send().await.expect(200);
    assert_eq!(left["max_domains"], 1);
    let next = json!({ "tenant_id": a.tenant, "name": "next.example" });
    plane.post("/v1/domains").with_token(&theirs.token).json(&next).send().await.expect(201);
}

async fn what_cannot_move_stays_as_it_is(plane: Plane) {
    let (tree, _) = people(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let body = |to: &Customer, more: Value| {
        let mut body = json!({ "tenant_id": to.tenant });
        body.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        body
    };
    let to = |body: Value| move_by(&plane, plane.token(), &a.domain, body);
    for (bad, pointer) in [
        (json!({}), "/tenant_id"),
        (json!({ "tenant_id": 5 }), "/tenant_id"),
        (json!({ "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f" }), "/tenant_id"),
        (body(&b, json!({ "route_id": a.route })), "/route_id"),
        (body(&b, json!({ "route_id": "x" })), "/route_id"),
        (body(&b, json!({ "to": 1 })), "/to"),
        (body(&a, json!({ "route_id": null })), "/route_id"),
    ] {
        let reply = to(bad.clone()).await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), [pointer], "{bad}");
    }
    let stale = plane.post(&format!("{}/move", path(&a.domain))).header("if-match", "\"r99\"");
    stale.json(&body(&b, json!({ "route_id": null }))).send().await.problem(412, "precondition_failed");
    // The new tenant waits for the same name, or has the same number.
    let made = json!({ "tenant_id": b.tenant, "name": "c0.example" });
    let rival = plane.post("/v1/domains").json(&made).send().await.expect(201);
    let rival = rival["id"].as_str().unwrap();
    let reply = to(body(&b, json!({ "route_id": null }))).await;
    reply.problem(409, "domain_registered");
    assert_eq!(reply.pointers(), ["/tenant_id"]);
    plane.delete(&path(rival)).send().await.expect(200);
    for domain in [&a.domain, &b.domain] {
        plane.patch(&path(domain)).json(&json!({ "external_ref": "7" })).send().await.expect(200);
    }
    to(body(&b, json!({ "route_id": null }))).await.problem(409, "external_ref_taken");
    plane.patch(&path(&b.domain)).json(&json!({ "external_ref": null })).send().await.expect(200);
    prove(&plane, &a.domain).await;
    plane.delete(&path(&a.domain)).send().await.expect(200);
    to(body(&b, json!({ "route_id": null }))).await.problem(409, "domain_closing");
    plane.post(&format!("{}/restore", path(&a.domain))).send().await.expect(200);
    plane.delete(&format!("/v1/tenants/{}", b.tenant)).send().await.expect(200);
    to(body(&b, json!({ "route_id": null }))).await.problem(409, "tenant_closing");
    assert_eq!(plane.get(&path(&a.domain)).send().await.expect(200)["tenant_id"], json!(a.tenant));
    // Out of a tenant that is closing there is a way.
    let msp = json!({ "tenant_id": tree.msps[0], "route_id": null });
    plane.delete(&format!("/v1/tenants/{}", a.tenant)).send().await.expect(200);
    to(msp).await.expect(200);
}

async fn only_whoever_administers_both_tenants_moves_and_within_one_msp(plane: Plane) {
    let (tree, [old, new, msp]) = people(&plane).await;
    let [a, b, c] = [0, 1, 2].map(|n| tree.customers[n].clone());
    let provider = admin(&plane, &tree.provider, "provider@example.com").await;
    let keeper = person(&plane, &a.tenant, "keeper@example.com").await;
    grant(&plane, &keeper, "domain_admin", &a.domain, json!({})).await;
    let to = |by: &Somebody, to: &Customer| {
        let body = json!({ "tenant_id": to.tenant, "route_id": null });
        let (token, domain, plane) = (by.token.clone(), a.domain.clone(), &plane);
        async move { move_by(plane, &token, &domain, body).await }
    };
    let no_such = |reply: Reply| {
        reply.problem(422, "invalid_body");
        assert_eq!(reply.body["errors"][0]["message"], "there is no such tenant");
    };
    to(&keeper, &b).await.problem(403, "forbidden");
    to(&new, &b).await.problem(404, "not_found");
    no_such(to(&old, &b).await);
    no_such(to(&msp, &c).await);
    let reply = to(&provider, &c).await;
    reply.problem(422, "invalid_body");
    assert_eq!(reply.body["errors"][0]["code"], "other_msp");
    to(&msp, &b).await.expect(200);
    move_to(&plane, &a.domain, &c).await.expect(200);
    to(&msp, &b).await.problem(404, "not_found");
}

async fn limits_of_the_new_tenant_hold_however_many_come_at_once(plane: Plane) {
    let (tree, _) = people(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let limit = async |limits: Value| {
        plane.put(&format!("/v1/tenants/{}/limits", b.tenant)).json(&limits).send().await.expect(200);
    };
    limit(json!({ "max_recipients": 1 })).await;
    move_to(&plane, &a.domain, &b).await.problem(409, "limit_reached");
    assert_eq!(plane.get(&path(&a.domain)).send().await.expect(200)["tenant_id"], json!(a.tenant));
    limit(json!({ "max_domains": 4 })).await;
    let mut domains = Vec::new();
    for n in 0..8 {
        let body = json!({ "tenant_id": a.tenant, "name": format!("m{n}.example") });
        let made = plane.post("/v1/domains").json(&body).send().await.expect(201);
        domains.push(made["id"].as_str().unwrap().to_owned());
    }
    let replies = futures::future::join_all(domains.iter().map(|domain| move_to(&plane, domain, &b))).await;
    let moved = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(moved, 3);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        reply.problem(409, "limit_reached");
    }
}

async fn a_move_to_tenants_of_other_pools_is_refused(plane: Plane) {
    let (tree, [_, _, msp]) = people(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let east = plane.post("/v1/pools").json(&json!({ "name": "east" })).send().await.expect(201)["id"].clone();
    let default = plane.get("/v1/pools?name=default").send().await.expect(200)["data"][0]["id"].clone();
    let assign = async |pools: Value| {
        let path = format!("/v1/tenants/{}/pools", b.tenant);
        plane.put(&path).json(&json!({ "pool_ids": pools })).send().await.expect(200);
    };
    assign(json!([default, east])).await;
    assign(json!([east])).await;
    let body = json!({ "tenant_id": b.tenant, "route_id": null });
    let reply = move_by(&plane, &msp.token, &a.domain, body.clone()).await;
    reply.problem(409, "pools_must_overlap");
    assert_eq!(reply.pointers(), ["/tenant_id"]);
    assign(json!([default, east])).await;
    move_by(&plane, &msp.token, &a.domain, body).await.expect(200);
    // The other way round the pool `east` loses a domain, which explains a smaller head.
    let departures = "SELECT COUNT(*) FROM pool_departures WHERE domains = 1 AND tenants = 0";
    assert_eq!(plane.count(departures).await, 0);
    move_by(&plane, &msp.token, &a.domain, json!({ "tenant_id": a.tenant, "route_id": a.route })).await.expect(200);
    assert_eq!(plane.count(departures).await, 1);
}
