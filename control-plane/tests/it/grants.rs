//! Who may give what to whom, and who stays.

use serde_json::{Value, json};

use crate::{
    harness::{Plane, Reply, on_both},
    people::{Somebody, admin, grant, person, tree},
};

on_both! {
    a_grant_is_given_listed_and_ended
    two_owners_who_end_each_other_leave_one
}

on_both! {
    alone:
    nobody_grants_more_than_they_hold
    what_may_be_handed_on_is_handed_on_and_no_more
    the_last_owner_stays
    a_disabled_person_is_out_at_once_and_signs_in_anew_when_enabled
    who_was_disabled_from_above_is_let_in_from_there
    a_password_that_was_made_up_is_shown_once_and_good_for_nothing_but_its_change
    permissions_name_actions_and_where_they_are_open
    access_to_a_domain_names_grants_that_reach_it
    bad_grants_and_accounts_are_refused_field_by_field
}

async fn give(plane: &Plane, by: &Somebody, body: Value) -> Reply {
    plane.post("/v1/grants").with_token(&by.token).json(&body).send().await
}

fn over_tenant(to: &Somebody, role: &str, tenant: &str) -> Value {
    json!({ "person_id": to.id, "role": role, "scope": "tenant", "tenant_id": tenant })
}

fn over_domain(to: &Somebody, role: &str, domain: &str) -> Value {
    json!({ "person_id": to.id, "role": role, "scope": "domain", "domain_id": domain })
}

fn with(mut body: Value, more: &Value) -> Value {
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn a_grant_is_given_listed_and_ended(plane: Plane) {
    let tree = tree(&plane).await;
    let [a, b] = [0, 2].map(|n| tree.customers[n].clone());
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let other = admin(&plane, &tree.msps[1], "other@example.com").await;
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let given = give(&plane, &msp, over_domain(&anna, "domain_admin", &a.domain)).await.expect(201);
    assert_eq!((&given["email"], &given["created_by"]), (&json!("anna@example.com"), &json!(msp.id)));
    let id = given["id"].as_str().unwrap();
    let path = format!("/v1/grants/{id}");
    assert_eq!(plane.get(&path).with_token(&msp.token).send().await.expect(200), given);
    give(&plane, &msp, over_domain(&anna, "domain_admin", &a.domain)).await.problem(409, "grant_exists");
    for filter in [String::new(), format!("?person_id={}", anna.id), format!("?domain_id={}", a.domain)] {
        let path = format!("/v1/grants{filter}");
        let listed = plane.get(&path).with_token(&msp.token).send().await.expect(200);
        assert!(listed["data"].as_array().unwrap().contains(&given), "{path}");
        let listed = plane.get(&path).with_token(&other.token).send().await.expect(200);
        assert!(!listed["data"].as_array().unwrap().contains(&given), "{path}");
    }
    plane.get(&path).with_token(&other.token).send().await.problem(404, "not_found");
    plane.delete(&path).with_token(&other.token).send().await.problem(404, "not_found");
    // Who holds it neither sees who else holds what nor ends anything.
    plane.get(&path).with_token(&anna.token).send().await.problem(403, "forbidden");
    give(&plane, &other, over_domain(&anna, "auditor", &b.domain)).await.problem(422, "invalid_body");
    plane.delete(&path).with_token(&msp.token).send().await.expect(204);
    plane.get(&format!("/v1/domains/{}", a.domain)).with_token(&anna.token).send().await.problem(403, "forbidden");
    let log = plane.get(&format!("/v1/audit?target_id={id}")).with_token(&msp.token).send().await.expect(200);
    let actions: Vec<_> = log["data"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["grant.delete", "grant.create"]);
}

async fn nobody_grants_more_than_they_hold() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let [a, b, c] = [0, 1, 2].map(|n| tree.customers[n].clone());
    let msp = person(&plane, &tree.msps[0], "msp@example.com").await;
    let until = "2199-01-01T00:00:00Z";
    grant(&plane, &msp, "tenant_admin", &tree.msps[0], json!({ "expires_at": until })).await;
    let ends = json!({ "expires_at": until });
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let stranger = person(&plane, &c.tenant, "stranger@example.com").await;
    let cases = [
        // A wider scope.
        (json!({ "person_id": anna.id, "role": "auditor", "scope": "installation" }), 403, "/scope"),
        (json!({ "person_id": anna.id, "role": "owner", "scope": "installation" }), 403, "/scope"),
        (with(over_tenant(&anna, "auditor", &tree.provider), &ends), 422, "/tenant_id"),
        (with(over_tenant(&anna, "auditor", &c.tenant), &ends), 422, "/tenant_id"),
        (with(over_domain(&anna, "auditor", &c.domain), &ends), 422, "/domain_id"),
        // For longer.
        (over_tenant(&anna, "auditor", &a.tenant), 403, "/expires_at"),
        (
            with(over_tenant(&anna, "auditor", &a.tenant), &json!({ "expires_at": "2200-01-01T00:00:00Z" })),
            403,
            "/expires_at",
        ),
        // To somebody out of sight.
        (with(over_tenant(&stranger, "auditor", &a.tenant), &ends), 422, "/person_id"),
    ];
    for (body, status, pointer) in cases {
        let reply = give(&plane, &msp, body.clone()).await;
        assert_eq!(
            (reply.status.as_u16(), reply.pointers()),
            (status, vec![pointer.to_owned()]),
            "{body} {}",
            reply.text
        );
    }
    give(&plane, &msp, with(over_tenant(&anna, "tenant_admin", &b.tenant), &ends)).await.expect(201);
    // An auditor and a domain's administrator give nothing.
    let auditor = person(&plane, &a.tenant, "auditor@example.com").await;
    grant(&plane, &auditor, "auditor", &a.tenant, json!({})).await;
    grant(&plane, &auditor, "domain_admin", &a.domain, json!({})).await;
    give(&plane, &auditor, over_domain(&anna, "auditor", &a.domain)).await.problem(403, "forbidden");
    // An owner goes with no customer.
    let owner = json!({ "person_id": anna.id, "role": "owner", "scope": "installation" });
    assert_eq!(plane.post("/v1/grants").json(&owner).send().await.pointers(), ["/person_id"]);
}

async fn what_may_be_handed_on_is_handed_on_and_no_more() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let [a, b] = [0, 1].map(|n| tree.customers[n].clone());
    let head = person(&plane, &a.tenant, "head@example.com").await;
    let first = grant(&plane, &head, "domain_admin", &a.domain, json!({ "may_delegate": true })).await;
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let foreign = person(&plane, &b.tenant, "b@example.com").await;
    let handed = give(&plane, &head, over_domain(&anna, "domain_admin", &a.domain)).await.expect(201);
    give(&plane, &head, over_domain(&anna, "auditor", &a.domain)).await.problem(403, "grant_too_wide");
    assert_eq!(give(&plane, &head, over_domain(&anna, "domain_admin", &b.domain)).await.pointers(), ["/domain_id"]);
    assert_eq!(give(&plane, &head, over_tenant(&anna, "domain_admin", &a.tenant)).await.pointers(), ["/tenant_id"]);
    assert_eq!(give(&plane, &head, over_domain(&foreign, "domain_admin", &a.domain)).await.pointers(), ["/person_id"]);
    // Not what others gave, also not to themselves.
    plane.delete(&format!("/v1/grants/{first}")).with_token(&head.token).send().await.problem(403, "forbidden");
    let path = format!("/v1/grants/{}", handed["id"].as_str().unwrap());
    plane.delete(&path).with_token(&head.token).send().await.expect(204);
}

async fn owner_grant(plane: &Plane, person: &str) -> String {
    let listed = plane.get(&format!("/v1/grants?person_id={person}")).send().await.expect(200);
    listed["data"][0]["id"].as_str().unwrap().to_owned()
}

async fn the_last_owner_stays() {
    let plane = Plane::start().await;
    let me = plane.get("/v1/me").send().await.expect(200);
    let (me, provider) = (me["id"].as_str().unwrap().to_owned(), me["tenant_id"].as_str().unwrap().to_owned());
    let own = owner_grant(&plane, &me).await;
    let stays = async || {
        plane.delete(&format!("/v1/grants/{own}")).send().await.problem(409, "last_owner");
        plane.post(&format!("/v1/persons/{me}/disable")).send().await.problem(409, "last_owner");
        plane.get("/v1/me").send().await.expect(200);
    };
    stays().await;
    // Somebody who will not be one for good, or may not sign in, is nobody to rely on.
    let second = person(&plane, &provider, "second@example.com").await;
    grant(&plane, &second, "owner", "installation", json!({ "expires_at": "2199-01-01T00:00:00Z" })).await;
    stays().await;
    let third = person(&plane, &provider, "third@example.com").await;
    grant(&plane, &third, "owner", "installation", json!({})).await;
    plane.post(&format!("/v1/persons/{}/disable", third.id)).send().await.expect(200);
    stays().await;
    plane.post(&format!("/v1/persons/{}/enable", third.id)).send().await.expect(200);
    plane.delete(&format!("/v1/grants/{own}")).send().await.expect(204);
    plane.get("/v1/tenants").send().await.problem(403, "forbidden");
}

async fn two_owners_who_end_each_other_leave_one(plane: Plane) {
    let me = plane.get("/v1/me").send().await.expect(200);
    let provider = me["tenant_id"].as_str().unwrap().to_owned();
    let mut own = owner_grant(&plane, me["id"].as_str().unwrap()).await;
    let mut token = plane.token().to_owned();
    for round in 0..4 {
        // Made by whoever is left.
        let other = json!({ "tenant_id": provider, "email": format!("owner{round}@example.com"),
            "initial_password": "a password for a moment" });
        let made = plane.post("/v1/persons").with_token(&token).json(&other).send().await.expect(201);
        let owner = json!({ "person_id": made["id"], "role": "owner", "scope": "installation" });
        let given = plane.post("/v1/grants").with_token(&token).json(&owner).send().await.expect(201);
        let given = given["id"].as_str().unwrap().to_owned();
        let second = plane.sign_in(&format!("owner{round}@example.com"), "a password for a moment").await;
        let change = json!({ "current_password": "a password for a moment", "new_password": "a password for good" });
        plane.put("/v1/me/password").with_token(&second).json(&change).send().await.expect(204);
        let (mine, theirs) = (format!("/v1/grants/{own}"), format!("/v1/grants/{given}"));
        let (one, two) = tokio::join!(
            plane.delete(&mine).with_token(&second).send(),
            plane.delete(&theirs).with_token(&token).send()
        );
        let mut both = [one.status.as_u16(), two.status.as_u16()];
        let first_went = both[0] == 204;
        both.sort_unstable();
        assert!(both[0] == 204 && both[1] != 204, "{} {}", one.text, two.text);
        let left = plane.count("SELECT COUNT(*) FROM grants WHERE role = 'owner'").await;
        assert_eq!(left, 1);
        if first_went {
            (own, token) = (given, second);
        }
    }
}

async fn a_disabled_person_is_out_at_once_and_signs_in_anew_when_enabled() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let customer = admin(&plane, &a.tenant, "customer@example.com").await;
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    grant(&plane, &anna, "domain_admin", &a.domain, json!({})).await;
    let turn =
        |by: &Somebody, what: &str| plane.post(&format!("/v1/persons/{}/{what}", anna.id)).with_token(&by.token).send();
    assert_eq!(turn(&customer, "disable").await.expect(200)["state"], "disabled");
    plane.get("/v1/me").with_token(&anna.token).send().await.problem(401, "unauthenticated");
    let body = json!({ "email": anna.email, "password": crate::harness::PASSWORD });
    plane.post("/v1/sessions").anonymously().json(&body).send().await.problem(401, "invalid_credentials");
    assert_eq!(turn(&customer, "enable").await.expect(200)["state"], "active");
    plane.get("/v1/me").with_token(&anna.token).send().await.problem(401, "unauthenticated");
    let token = plane.sign_in(&anna.email, crate::harness::PASSWORD).await;
    plane.get("/v1/domains").with_token(&token).send().await.expect(200);
    // Who holds more than is the caller's is kept out by somebody above.
    grant(&plane, &anna, "auditor", &tree.msps[0], json!({})).await;
    turn(&customer, "disable").await.problem(403, "forbidden");
    let other = admin(&plane, &tree.customers[1].tenant, "other@example.com").await;
    turn(&other, "disable").await.problem(404, "not_found");
}

async fn who_was_disabled_from_above_is_let_in_from_there() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let customer = admin(&plane, &a.tenant, "customer@example.com").await;
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let turn = async |token: &str, what: &str| {
        plane.post(&format!("/v1/persons/{}/{what}", anna.id)).with_token(token).send().await
    };
    let (owner, msp, customer) = (plane.token(), msp.token.as_str(), customer.token.as_str());
    for (off, refused, lets_in) in [
        (vec![owner], vec![customer, msp], owner),
        (vec![msp], vec![customer], owner),
        (vec![msp], vec![customer], msp),
        (vec![customer], vec![], customer),
        (vec![customer], vec![], msp),
        // As well by somebody above, whoever was first; what the child does after it lowers nothing.
        (vec![customer, msp], vec![customer], msp),
        (vec![msp, customer], vec![customer], msp),
        (vec![owner, msp, customer], vec![msp, customer], owner),
    ] {
        for by in off {
            assert_eq!(turn(by, "disable").await.expect(200)["state"], "disabled");
        }
        for by in refused {
            turn(by, "enable").await.problem(403, "forbidden");
        }
        assert_eq!(turn(lets_in, "enable").await.expect(200)["state"], "active");
    }
    // By a version that did not write down who it was.
    let unknown = "UPDATE persons SET disabled_at = 1 WHERE email = 'anna@example.com'";
    plane.tamper(unknown, unknown).await;
    turn(msp, "enable").await.problem(403, "forbidden");
    turn(owner, "enable").await.expect(200);
}

async fn a_password_that_was_made_up_is_shown_once_and_good_for_nothing_but_its_change() {
    let plane = Plane::start().await;
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].clone();
    let body = json!({ "tenant_id": provider, "email": "Anna@Example.com" });
    let made = plane.post("/v1/persons").json(&body).send().await.expect(201);
    let initial = made["initial_password"].as_str().unwrap();
    let path = format!("/v1/persons/{}", made["id"].as_str().unwrap());
    let shown = plane.get(&path).send().await;
    assert!(!shown.text.contains(initial));
    assert!(!plane.get("/v1/audit").send().await.text.contains(initial));
    let token = plane.sign_in("anna@example.com", initial).await;
    plane.get("/v1/me/permissions").with_token(&token).send().await.expect(200);
    plane.get("/v1/domains").with_token(&token).send().await.problem(403, "forbidden");
    let again = json!({ "tenant_id": provider, "email": "anna@example.COM" });
    plane.post("/v1/persons").json(&again).send().await.problem(409, "email_taken");
    let given =
        json!({ "tenant_id": provider, "email": "bert@example.com", "initial_password": "a password for a moment" });
    let made = plane.post("/v1/persons").json(&given).send().await.expect(201);
    assert_eq!((&made["initial_password"], &made["must_change_password"]), (&Value::Null, &json!(true)));
    let found = plane.get("/v1/persons?email=BERT@example.com").send().await.expect(200);
    assert_eq!(found["data"][0]["id"], made["id"]);
    let tree = tree(&plane).await;
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    plane.post("/v1/persons").with_token(&msp.token).json(&again).send().await.problem(403, "forbidden");
}

async fn permissions_name_actions_and_where_they_are_open() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let of_domain = grant(&plane, &anna, "domain_admin", &a.domain, json!({})).await;
    grant(&plane, &anna, "domain_admin", &a.tenant, json!({ "max_domains": 3 })).await;
    let shown = plane.get("/v1/me/permissions").with_token(&anna.token).send().await.expect(200);
    let grants = shown["grants"].as_array().unwrap();
    assert_eq!((&grants[0]["id"], &grants[0]["name"]), (&json!(of_domain), &json!("c0.example")));
    assert_eq!((&grants[1]["name"], &grants[1]["max_domains"]), (&json!("c0"), &json!(3)));
    let permission = |action: &str| {
        let found = shown["permissions"].as_array().unwrap().iter().find(|one| one["action"] == action);
        found.map(|one| (one["installation"].clone(), one["tenant_ids"].clone(), one["domain_ids"].clone()))
    };
    assert_eq!(permission("domains.create"), Some((json!(false), json!([a.tenant]), json!([]))));
    assert_eq!(permission("recipients.write"), Some((json!(false), json!([]), json!([a.domain]))));
    assert_eq!(permission("tenants.read"), None);
    let shown = plane.get("/v1/me/permissions").send().await.expect(200);
    let everywhere = json!({ "action": "workers.write", "installation": true, "tenant_ids": [], "domain_ids": [] });
    assert!(shown["permissions"].as_array().unwrap().contains(&everywhere));
}

async fn access_to_a_domain_names_grants_that_reach_it() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let given = grant(&plane, &anna, "domain_admin", &a.domain, json!({})).await;
    grant(&plane, &anna, "domain_admin", &a.tenant, json!({ "max_domains": 3 })).await;
    admin(&plane, &tree.msps[1], "other@example.com").await;
    let path = format!("/v1/domains/{}/access", a.domain);
    let shown = async |token: &str| {
        let shown = plane.get(&path).with_token(token).send().await.expect(200);
        let entries = shown["data"].as_array().unwrap().iter();
        entries.map(|one| (one["role"].clone(), one["scope"].clone(), one["email"].clone())).collect::<Vec<_>>()
    };
    let owner = (json!("owner"), json!("installation"), json!(crate::harness::EMAIL));
    let above = (json!("tenant_admin"), json!("tenant"), json!("msp@example.com"));
    let own = (json!("domain_admin"), json!("domain"), json!("anna@example.com"));
    assert_eq!(shown(plane.token()).await, [owner.clone(), above.clone(), own.clone()]);
    let masked = |(role, scope, _): (Value, Value, Value)| (role, scope, Value::Null);
    assert_eq!(shown(&msp.token).await, [masked(owner.clone()), above.clone(), own.clone()]);
    assert_eq!(shown(&anna.token).await, [masked(owner), masked(above), own]);
    let whole = plane.get(&path).with_token(&anna.token).send().await.expect(200);
    assert_eq!(whole["data"][2]["grant_id"], json!(given));
    assert!(whole["data"][2]["actions"].as_array().unwrap().contains(&json!("recipients.write")));
}

async fn bad_grants_and_accounts_are_refused_field_by_field() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let anna = person(&plane, &a.tenant, "anna@example.com").await;
    let base = over_tenant(&anna, "auditor", &a.tenant);
    let cases: Vec<(Value, Vec<&str>)> = vec![
        (json!({}), vec!["/person_id"]),
        (with(base.clone(), &json!({ "role": "person" })), vec!["/role"]),
        (with(base.clone(), &json!({ "role": "owner" })), vec!["/scope"]),
        (with(base.clone(), &json!({ "role": "domain_admin" })), vec!["/max_domains"]),
        (with(base.clone(), &json!({ "role": "domain_admin", "max_domains": 0 })), vec!["/max_domains"]),
        (
            with(base.clone(), &json!({ "role": "domain_admin", "max_domains": 2, "may_delegate": true })),
            vec!["/may_delegate"],
        ),
        (with(base.clone(), &json!({ "max_domains": 2 })), vec!["/max_domains"]),
        (with(base.clone(), &json!({ "expires_at": "2001-01-01T00:00:00Z" })), vec!["/expires_at"]),
        (with(base.clone(), &json!({ "scope": "domain" })), vec!["/domain_id", "/tenant_id"]),
        (with(base.clone(), &json!({ "scope": "installation" })), vec!["/tenant_id"]),
        (
            json!({ "person_id": anna.id, "role": "tenant_admin", "scope": "domain", "domain_id": a.domain }),
            vec!["/scope"],
        ),
        (with(base, &json!({ "colour": "red" })), vec!["/colour"]),
    ];
    for (body, pointers) in cases {
        let reply = plane.post("/v1/grants").json(&body).send().await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), pointers, "{body}");
    }
    let long = format!("{}@example.com", "x".repeat(300));
    for email in ["", "x", "x@", "a b@example.com", "a@example.com\u{0}", long.as_str()] {
        let body = json!({ "tenant_id": a.tenant, "email": email, "initial_password": "short" });
        let reply = plane.post("/v1/persons").json(&body).send().await;
        assert_eq!(reply.pointers(), ["/email", "/initial_password"], "{email}");
    }
    plane.get("/v1/persons?email=%00").send().await.problem(400, "invalid_query");
}
