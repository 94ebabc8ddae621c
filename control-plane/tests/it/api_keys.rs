//! API keys: what programs may do with them, and when no more.

use std::{collections::BTreeSet, time::Duration};

use control_plane::auth::{Callers, MATRIX, Role};
use serde_json::{Value, json};

use crate::{
    harness::{Plane, Reply, on_both},
    people::{Somebody, admin, grant, person, tree},
};

on_both! {
    a_key_does_what_it_names_and_nothing_else
    a_rotated_key_has_two_secrets_for_a_while
    what_a_key_gives_is_within_what_it_names_and_for_no_longer_than_it_is_good
}

on_both! {
    alone:
    a_key_is_never_wider_than_its_maker_also_later
    a_key_sees_no_more_than_what_it_is_over
    a_key_is_good_from_its_networks_until_its_end_and_only_as_it_was_shown
    keys_are_seen_and_ended_by_whoever_made_them_or_administers_what_they_are_over
    bad_keys_are_refused_field_by_field
    no_key_makes_or_ends_owners
    what_keys_are_given_no_more_is_taken_from_those_that_name_it
    a_key_that_only_creates_domains_creates_them_where_its_maker_administers
    of_many_at_once_none_is_one_too_many
    keys_end_with_whoever_is_kept_out_and_do_not_come_back
    whoever_changes_their_password_may_end_their_keys_as_well
}

fn over(tenant: &str, actions: &[&str]) -> Value {
    json!({ "name": "a program", "scope": "tenant", "tenant_id": tenant, "actions": actions })
}

async fn make(plane: &Plane, by: &str, body: &Value) -> Reply {
    plane.post("/v1/api-keys").with_token(by).json(body).send().await
}

/// Id and secret.
async fn key(plane: &Plane, by: &str, body: &Value) -> (String, String) {
    let made = make(plane, by, body).await.expect(201);
    (made["id"].as_str().unwrap().to_owned(), made["secret"].as_str().unwrap().to_owned())
}

async fn a_key_does_what_it_names_and_nothing_else(plane: Plane) {
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let (id, secret) =
        key(&plane, &msp.token, &over(&tree.msps[0], &["tenants.read", "tenants.write", "domains.read"])).await;
    assert!(secret.starts_with("pst_live_"));
    let get = |path: &str| plane.get(path).with_token(&secret).send();
    assert_eq!(get("/v1/tenants").await.expect(200)["data"].as_array().unwrap().len(), 3);
    get(&format!("/v1/domains/{}", a.domain)).await.expect(200);
    let rename = json!({ "labels": { "by": "program" } });
    plane.patch(&format!("/v1/tenants/{}", a.tenant)).with_token(&secret).json(&rename).send().await.expect(200);
    let any = json!({ "recipients": "any" });
    plane
        .patch(&format!("/v1/domains/{}", a.domain))
        .with_token(&secret)
        .json(&any)
        .send()
        .await
        .problem(403, "forbidden");
    for path in ["/v1/routes", "/v1/audit", "/v1/me", "/v1/me/permissions", "/v1/api-keys", "/v1/workers"] {
        get(path).await.problem(403, "forbidden");
    }
    make(&plane, &secret, &over(&a.tenant, &["domains.read"])).await.problem(403, "forbidden");
    let log = plane.get("/v1/audit?action=tenant.update").with_token(&msp.token).send().await.expect(200);
    assert_eq!(log["data"][0]["actor"], json!({ "kind": "api_key", "id": id, "name": "a program" }));
    let again = || {
        plane
            .post("/v1/tenants")
            .with_token(&secret)
            .header("idempotency-key", "once")
            .json(&json!({ "name": "new", "parent_id": tree.msps[0] }))
            .send()
    };
    let (first, second) = (again().await.expect(201), again().await);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    assert_eq!(first["id"], second.body["id"]);
    // Shown once; the last use is to the minute.
    let shown = plane.get(&format!("/v1/api-keys/{id}")).with_token(&msp.token).send().await;
    assert!(!shown.text.contains(&secret));
    assert!(shown.body["last_used_at"].is_string(), "{}", shown.text);
    assert!(!plane.get("/v1/audit").send().await.text.contains(&secret));
    let read_only = json!({ "read_only": true });
    let mut body = over(&tree.msps[0], &["tenants.read"]);
    body.as_object_mut().unwrap().extend(read_only.as_object().unwrap().clone());
    let (_, secret) = key(&plane, &msp.token, &body).await;
    plane.get("/v1/tenants").with_token(&secret).send().await.expect(200);
}

async fn a_rotated_key_has_two_secrets_for_a_while(plane: Plane) {
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let (id, first) = key(&plane, plane.token(), &over(&provider, &["tenants.read"])).await;
    let rotate =
        |overlap: u32| plane.post(&format!("/v1/api-keys/{id}/rotate")).json(&json!({ "overlap_s": overlap })).send();
    let works = async |secret: &str| plane.get("/v1/tenants").with_token(secret).send().await.status == 200;
    let second = rotate(600).await.expect(200)["secret"].as_str().unwrap().to_owned();
    assert!(works(&first).await && works(&second).await);
    plane.clock.advance(Duration::from_secs(601));
    assert!(!works(&first).await && works(&second).await);
    let third = rotate(0).await.expect(200)["secret"].as_str().unwrap().to_owned();
    assert!(!works(&second).await && works(&third).await);
    assert_eq!(rotate(604_801).await.pointers(), ["/overlap_s"]);
}

async fn a_key_is_never_wider_than_its_maker_also_later() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let given = grant(&plane, &anna, "tenant_admin", &a.tenant, json!({})).await;
    make(&plane, &anna.token, &over(&b.tenant, &["domains.read"])).await.problem(422, "invalid_body");
    let installation = json!({ "name": "x", "scope": "installation", "actions": ["domains.read"] });
    make(&plane, &anna.token, &installation).await.problem(403, "grant_too_wide");
    make(&plane, &anna.token, &over(&a.tenant, &["domains.read", "workers.read"])).await.problem(403, "grant_too_wide");
    let (_, secret) =
        key(&plane, &anna.token, &over(&a.tenant, &["domains.read", "domains.write", "grants.write"])).await;
    let path = format!("/v1/domains/{}", a.domain);
    let (get, set) = (|| plane.get(&path).with_token(&secret).send(), json!({ "recipients": "any" }));
    let write = || plane.patch(&path).with_token(&secret).json(&set).send();
    write().await.expect(200);
    // What its maker has less, it has less.
    grant(&plane, &anna, "auditor", &a.tenant, json!({})).await;
    plane.delete(&format!("/v1/grants/{given}")).send().await.expect(204);
    get().await.expect(200);
    write().await.problem(403, "forbidden");
    // What its maker has more, it has not.
    grant(&plane, &anna, "auditor", &tree.msps[0], json!({})).await;
    plane.get(&format!("/v1/domains/{}", b.domain)).with_token(&secret).send().await.problem(404, "not_found");
    plane.post(&format!("/v1/persons/{}/disable", anna.id)).send().await.expect(200);
    get().await.problem(401, "unauthenticated");
}

/// What a key must name to bring a customer's administrator of domains in.
fn onboarding() -> Vec<&'static str> {
    let gives = [Role::DomainAdmin, Role::DomainCreator].into_iter().flat_map(|role| role.actions(false));
    let gives = gives.map(|row| row.action);
    gives.chain(["grants.write", "persons.read"]).collect::<BTreeSet<_>>().into_iter().collect()
}

async fn what_a_key_gives_is_within_what_it_names_and_for_no_longer_than_it_is_good(plane: Plane) {
    let tree = tree(&plane).await;
    let [a, b] = [0, 2].map(|n| tree.customers[n].clone());
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let bert = person(&plane, &b.tenant, "bert@example.com").await;
    let give = async |secret: &str, to: &Somebody, role: &str, tenant: &str, more: Value| {
        let mut body = json!({ "person_id": to.id, "role": role, "scope": "tenant", "tenant_id": tenant });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        plane.post("/v1/grants").with_token(secret).json(&body).send().await
    };
    let (_, good) = key(&plane, &msp.token, &over(&tree.msps[0], &onboarding())).await;
    let creates = json!({ "max_domains": 2 });
    give(&good, &anna, "domain_admin", &a.tenant, creates.clone()).await.expect(201);
    let body = json!({ "tenant_id": a.tenant, "name": "one.example" });
    plane.post("/v1/domains").with_token(&anna.token).json(&body).send().await.expect(201);
    // No role that may what the key does not name, though its maker may: nor by way of the domains that are created.
    let wide = async |secret: &str, role: &str, more: Value| {
        let reply = give(secret, &anna, role, &a.tenant, more).await;
        reply.problem(403, "grant_too_wide");
        (reply.pointers(), reply.body["errors"][0]["message"].as_str().unwrap().to_owned())
    };
    for role in ["tenant_admin", "auditor", "quarantine_manager"] {
        assert_eq!(wide(&good, role, json!({})).await.0, ["/role"], "{role}");
    }
    let few: Vec<_> = onboarding().into_iter().filter(|action| *action != "policy.write").collect();
    let (_, few) = key(&plane, &msp.token, &over(&tree.msps[0], &few)).await;
    let (pointers, message) = wide(&few, "domain_admin", creates.clone()).await;
    assert_eq!(pointers, ["/role"]);
    assert_eq!(message, "the role may policy.write, which the key does not name");
    let on_domain = json!({ "person_id": anna.id, "role": "domain_admin", "scope": "domain", "domain_id": a.domain });
    let on_domain = |secret: &str, more: Value| {
        let mut body = on_domain.clone();
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        plane.post("/v1/grants").with_token(secret).json(&body).send()
    };
    on_domain(&few, json!({})).await.problem(403, "grant_too_wide");
    let reply = on_domain(&good, json!({ "may_delegate": true })).await;
    assert_eq!(reply.problem(403, "grant_too_wide").pointers(), ["/may_delegate"]);
    on_domain(&good, json!({})).await.expect(201);
    give(&good, &bert, "domain_admin", &b.tenant, creates.clone()).await.problem(422, "invalid_body");
    // For no longer than the key is good, though its maker's grant has no end.
    let time = |minutes: u64| {
        serde_json::to_value(control_plane::http::Time(plane.clock.now() + Duration::from_mins(minutes))).unwrap()
    };
    let mut body = over(&tree.msps[0], &onboarding());
    body["expires_at"] = time(60);
    let (_, short) = key(&plane, &msp.token, &body).await;
    for until in [Value::Null, time(61)] {
        let (pointers, message) = wide(&short, "domain_admin", json!({ "max_domains": 3, "expires_at": until })).await;
        assert_eq!(pointers, ["/expires_at"]);
        assert_eq!(message, format!("the latest that you can give is {}", time(60).as_str().unwrap()));
    }
    let last = json!({ "max_domains": 3, "expires_at": time(60) });
    give(&short, &anna, "domain_admin", &a.tenant, last).await.expect(201);
}

async fn no_key_makes_or_ends_owners() {
    let plane = Plane::start().await;
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let all = MATRIX.iter().filter(|row| row.callers == Callers::Programs);
    let all: Vec<_> = all.map(|row| row.action).collect();
    let body = json!({ "name": "x", "scope": "installation", "actions": all });
    let (_, secret) = key(&plane, plane.token(), &body).await;
    let second = person(&plane, &provider, "second@example.com").await;
    let owner = json!({ "person_id": second.id, "role": "owner", "scope": "installation" });
    plane.post("/v1/grants").with_token(&secret).json(&owner).send().await.problem(403, "grant_too_wide");
    let auditor = json!({ "person_id": second.id, "role": "auditor", "scope": "installation" });
    let auditor = plane.post("/v1/grants").with_token(&secret).json(&auditor).send().await.expect(201);
    let owner = grant(&plane, &second, "owner", "", json!({})).await;
    let end = |id: &str| plane.delete(&format!("/v1/grants/{id}")).with_token(&secret).send();
    end(&owner).await.problem(403, "forbidden");
    end(auditor["id"].as_str().unwrap()).await.expect(204);
    plane.delete(&format!("/v1/grants/{owner}")).send().await.expect(204);
}

async fn what_keys_are_given_no_more_is_taken_from_those_that_name_it() {
    let plane = Plane::start().await;
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let body = json!({ "name": "x", "scope": "installation", "actions": ["sign_in_policy.read"] });
    let (_, secret) = key(&plane, plane.token(), &body).await;
    let anna = person(&plane, &provider, "anna@example.com").await;
    let named = r#"UPDATE api_keys SET actions = '["persons.write", "sign_in_policy.read", "factors.reset"]'"#;
    plane.tamper(named, named).await;
    plane.get("/v1/sign-in-policy").with_token(&secret).send().await.expect(200);
    let path = format!("/v1/persons/{}", anna.id);
    plane.post(&format!("{path}/disable")).with_token(&secret).send().await.problem(403, "forbidden");
    plane.delete(&format!("{path}/factors")).with_token(&secret).send().await.problem(403, "forbidden");
}

async fn a_key_that_only_creates_domains_creates_them_where_its_maker_administers() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let [a, other] = [0, 2].map(|n| tree.customers[n].clone());
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let (_, secret) = key(&plane, &msp.token, &over(&tree.msps[0], &["domains.create"])).await;
    let create = |tenant: &str, name: &str| {
        let body = json!({ "tenant_id": tenant, "name": name, "route_id": a.route, "external_ref": name });
        plane.post("/v1/domains").with_token(&secret).json(&body).send()
    };
    let made = create(&a.tenant, "one.example").await.expect(201);
    create(&other.tenant, "two.example").await.problem(422, "invalid_body");
    // As whoever administers the tenant, and by no grant over the new domain.
    let held = plane.get("/v1/me/permissions").with_token(&msp.token).send().await.expect(200);
    assert_eq!(held["grants"].as_array().unwrap().len(), 1);
    let path = format!("/v1/domains/{}", made["id"].as_str().unwrap());
    plane.get(&path).with_token(&secret).send().await.problem(403, "forbidden");
    plane.get(&path).with_token(&msp.token).send().await.expect(200);
}

async fn a_key_sees_no_more_than_what_it_is_over() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let count = async |secret: &str| {
        plane.get("/v1/domains").with_token(secret).send().await.expect(200)["data"].as_array().unwrap().len()
    };
    let (_, of_owner) = key(&plane, plane.token(), &over(&a.tenant, &["domains.read", "policy.read"])).await;
    assert_eq!(count(&of_owner).await, 1);
    plane.get(&format!("/v1/domains/{}", b.domain)).with_token(&of_owner).send().await.problem(404, "not_found");
    plane.get("/v1/policy").with_token(&of_owner).send().await.problem(404, "not_found");
    let (_, of_domain) = key(
        &plane,
        plane.token(),
        &json!({ "name": "x", "scope": "domain", "domain_id": b.domain, "actions": ["domains.read"] }),
    )
    .await;
    assert_eq!(count(&of_domain).await, 1);
    plane.get(&format!("/v1/domains/{}", b.domain)).with_token(&of_domain).send().await.expect(200);
    // Over more than its maker reaches below it there is none; a maker of one domain has keys of that.
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    grant(&plane, &anna, "domain_admin", &a.tenant, json!({ "max_domains": 2 })).await;
    let (_, creator) = key(&plane, &anna.token, &over(&a.tenant, &["domains.create"])).await;
    let create = |name: &str| {
        plane.post("/v1/domains").with_token(&creator).json(&json!({ "tenant_id": a.tenant, "name": name })).send()
    };
    create("one.example").await.expect(201);
    create("two.example").await.expect(201);
    create("three.example").await.problem(409, "limit_reached");
    assert_eq!(count(&anna.token).await, 2);
}

async fn a_key_is_good_from_its_networks_until_its_end_and_only_as_it_was_shown() {
    let plane = Plane::start().await;
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let with = |more: Value| {
        let mut body = over(&provider, &["tenants.read"]);
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let get = async |secret: &str| plane.get("/v1/tenants").with_token(secret).send().await;
    let (_, elsewhere) = key(&plane, plane.token(), &with(json!({ "address_ranges": ["192.0.2.0/24"] }))).await;
    get(&elsewhere).await.problem(401, "unauthenticated");
    let (_, here) =
        key(&plane, plane.token(), &with(json!({ "address_ranges": ["192.0.2.0/24", "127.0.0.0/8", "::1/128"] })))
            .await;
    get(&here).await.expect(200);
    let until = serde_json::to_value(control_plane::http::Time(plane.clock.now() + Duration::from_mins(5))).unwrap();
    let (_, short) = key(&plane, plane.token(), &with(json!({ "expires_at": until }))).await;
    get(&short).await.expect(200);
    plane.clock.advance(Duration::from_mins(6));
    get(&short).await.problem(401, "unauthenticated");
    for bad in [
        "pst_live_",
        "pst_live_AAAA",
        &format!("{here}A"),
        &here.replace("pst_live_", "pst_test_"),
        &here.to_uppercase(),
    ] {
        get(bad).await.problem(401, "unauthenticated");
    }
}

async fn keys_are_seen_and_ended_by_whoever_made_them_or_administers_what_they_are_over() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let anna = admin(&plane, &a.tenant, "anna@example.com").await;
    let bert = admin(&plane, &b.tenant, "bert@example.com").await;
    let (id, secret) = key(&plane, &anna.token, &over(&a.tenant, &["domains.read"])).await;
    let path = format!("/v1/api-keys/{id}");
    let list = async |who: &Somebody| {
        plane.get("/v1/api-keys").with_token(&who.token).send().await.expect(200)["data"].as_array().unwrap().len()
    };
    assert_eq!((list(&anna).await, list(&msp).await, list(&bert).await), (1, 1, 0));
    plane.get(&path).with_token(&bert.token).send().await.problem(404, "not_found");
    plane.delete(&path).with_token(&bert.token).send().await.problem(404, "not_found");
    plane
        .post(&format!("{path}/rotate"))
        .with_token(&msp.token)
        .json(&json!({}))
        .send()
        .await
        .problem(403, "forbidden");
    plane.delete(&path).with_token(&msp.token).send().await.expect(204);
    plane.get("/v1/domains").with_token(&secret).send().await.problem(401, "unauthenticated");
}

async fn bad_keys_are_refused_field_by_field() {
    let plane = Plane::start().await;
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let cases = [
        (json!({ "name": "", "scope": "tenant", "actions": [] }), vec!["/actions", "/name", "/tenant_id"]),
        (over(&provider, &["nonsense"]), vec!["/actions"]),
        (over(&provider, &["persons.create", "own_account.read"]), vec!["/actions", "/actions"]),
        (over(&provider, &["factors.reset", "sign_in_policy.write", "persons.write"]), vec!["/actions"; 3]),
        (
            json!({ "name": "x", "scope": "installation", "tenant_id": provider, "actions": ["tenants.read"] }),
            vec!["/tenant_id"],
        ),
        (
            json!({ "name": "x", "scope": "installation", "actions": ["tenants.write"], "read_only": true }),
            vec!["/actions"],
        ),
        (
            json!({ "name": "x", "scope": "installation", "actions": ["tenants.read"], "expires_at": "2001-01-01T00:00:00Z" }),
            vec!["/expires_at"],
        ),
    ];
    for (body, pointers) in cases {
        let reply = make(&plane, plane.token(), &body).await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), pointers, "{body}");
    }
}

async fn of_many_at_once_none_is_one_too_many() {
    let plane = Plane::start().await;
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let body = over(&provider, &["tenants.read"]);
    for _ in 0..98 {
        make(&plane, plane.token(), &body).await.expect(201);
    }
    let many = (0..8).map(|_| make(&plane, plane.token(), &body));
    let replies = futures::future::join_all(many).await;
    let made = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(made, 2);
    for reply in replies.iter().filter(|reply| reply.status != 201) {
        reply.problem(409, "too_many");
    }
    assert_eq!(plane.count("SELECT COUNT(*) FROM api_keys").await, 100);
}

async fn keys_end_with_whoever_is_kept_out_and_do_not_come_back() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let anna = admin(&plane, &a.tenant, "anna@example.com").await;
    let (id, secret) = key(&plane, &anna.token, &over(&a.tenant, &["domains.read"])).await;
    let get = || plane.get("/v1/domains").with_token(&secret).send();
    get().await.expect(200);
    let turn = |verb: &str| plane.post(&format!("/v1/persons/{}/{verb}", anna.id)).send();
    turn("disable").await.expect(200);
    let log = plane.get("/v1/audit?action=api_key.delete").send().await.expect(200);
    assert_eq!((&log["data"][0]["target_id"], &log["data"][0]["tenant_id"]), (&json!(id), &json!(a.tenant)));
    turn("enable").await.expect(200);
    get().await.problem(401, "unauthenticated");
    assert_eq!(plane.count("SELECT COUNT(*) FROM api_keys").await, 0);
}

async fn whoever_changes_their_password_may_end_their_keys_as_well() {
    let plane = Plane::start().await;
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let (_, secret) = key(&plane, plane.token(), &over(&provider, &["tenants.read"])).await;
    let get = || plane.get("/v1/tenants").with_token(&secret).send();
    let change = async |from: &str, to: &str, more: Value| {
        let mut body = json!({ "current_password": from, "new_password": to });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        plane.put("/v1/me/password").json(&body).send().await.expect(204);
    };
    let (first, second) = ("another horse, another staple", "a third horse, a third staple");
    change(crate::harness::PASSWORD, first, json!({})).await;
    get().await.expect(200);
    change(first, second, json!({ "end_api_keys": true })).await;
    get().await.problem(401, "unauthenticated");
    let log = plane.get("/v1/audit?action=person.change_password").send().await.expect(200);
    let ended: Vec<_> =
        log["data"].as_array().unwrap().iter().map(|row| row["after"]["api_keys_ended"].clone()).collect();
    assert_eq!(ended, [json!(1), json!(0)]);
}
