//! What a grant reaches: lists, single things, references, and what is told of levels above.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    harness::{Plane, on_both},
    people::{Somebody, admin, grant, make, person, tree},
};

on_both! {
    lists_show_what_is_in_scope_and_single_things_outside_are_not_there
    the_trace_and_the_log_are_ones_own_share
}

on_both! {
    alone:
    a_reference_to_something_outside_is_as_good_as_none
    what_holds_from_above_is_shown_without_whose_it_is
    what_is_the_installations_is_for_grants_over_it
    nobody_ends_what_they_were_given
    what_may_be_seen_and_not_changed_is_403
    a_grant_that_ended_or_expired_counts_for_nothing_from_the_next_request_on
}

async fn ids(plane: &Plane, who: &Somebody, path: &str) -> BTreeSet<String> {
    let page = plane.get(path).with_token(&who.token).send().await.expect(200);
    let rows = page["data"].as_array().unwrap().iter();
    rows.map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

fn set<const N: usize>(ids: [&String; N]) -> BTreeSet<String> {
    ids.into_iter().cloned().collect()
}

async fn lists_show_what_is_in_scope_and_single_things_outside_are_not_there(plane: Plane) {
    let tree = tree(&plane).await;
    let [a, b, c, _] = [0, 1, 2, 3].map(|n| tree.customers[n].clone());
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let customer = admin(&plane, &a.tenant, "customer@example.com").await;
    let domain = person(&plane, &a.tenant, "domain@example.com").await;
    grant(&plane, &domain, "domain_admin", &a.domain, json!({})).await;

    assert_eq!(ids(&plane, &msp, "/v1/tenants").await, set([&tree.msps[0], &a.tenant, &b.tenant]));
    assert_eq!(ids(&plane, &customer, "/v1/tenants").await, set([&a.tenant]));
    assert_eq!(ids(&plane, &msp, "/v1/domains").await, set([&a.domain, &b.domain]));
    assert_eq!(ids(&plane, &customer, "/v1/domains").await, set([&a.domain]));
    assert_eq!(ids(&plane, &domain, "/v1/domains").await, set([&a.domain]));
    assert_eq!(ids(&plane, &msp, "/v1/routes").await, set([&a.route, &b.route]));
    assert_eq!(ids(&plane, &customer, "/v1/routes").await, set([&a.route]));
    assert_eq!(ids(&plane, &msp, "/v1/list-entries").await, set([&a.entry, &b.entry]));
    assert_eq!(ids(&plane, &domain, "/v1/list-entries").await, set([&a.entry]));
    // Filters find nothing more.
    for path in [
        format!("/v1/domains?tenant_id={}", c.tenant),
        "/v1/domains?name=c2.example".to_owned(),
        format!("/v1/tenants?parent_id={}", tree.msps[1]),
        "/v1/tenants?name=c2".to_owned(),
        format!("/v1/routes?tenant_id={}", c.tenant),
        format!("/v1/list-entries?domain_id={}", c.domain),
        format!("/v1/list-entries?tenant_id={}", c.tenant),
        format!("/v1/persons?tenant_id={}", c.tenant),
        format!("/v1/grants?tenant_id={}", tree.msps[1]),
    ] {
        assert_eq!(ids(&plane, &msp, &path).await, BTreeSet::new(), "{path}");
    }
    let outside = [
        format!("/v1/tenants/{}", tree.msps[1]),
        format!("/v1/tenants/{}", tree.provider),
        format!("/v1/tenants/{}/policy", c.tenant),
        format!("/v1/tenants/{}/statistics", c.tenant),
        format!("/v1/domains/{}", c.domain),
        format!("/v1/domains/{}/policy?effective=true", c.domain),
        format!("/v1/domains/{}/dns", c.domain),
        format!("/v1/domains/{}/statistics", c.domain),
        format!("/v1/domains/{}/access", c.domain),
        format!("/v1/domains/{}/recipients", c.domain),
        format!("/v1/domains/{}/recipients:export", c.domain),
        format!("/v1/domains/{}/recipients/{}", c.domain, c.recipient),
        format!("/v1/routes/{}", c.route),
        format!("/v1/routes/{}/health", c.route),
        format!("/v1/list-entries/{}", c.entry),
        "/v1/policy".to_owned(),
    ];
    for path in outside {
        plane.get(&path).with_token(&msp.token).send().await.problem(404, "not_found");
    }
    plane.get(&format!("/v1/domains/{}", b.domain)).with_token(&customer.token).send().await.problem(404, "not_found");
    let path = format!("/v1/domains/{}", c.domain);
    plane
        .patch(&path)
        .with_token(&msp.token)
        .json(&json!({ "recipients": "any" }))
        .send()
        .await
        .problem(404, "not_found");
    plane.delete(&path).with_token(&msp.token).send().await.problem(404, "not_found");
}

async fn the_trace_and_the_log_are_ones_own_share(plane: Plane) {
    let tree = tree(&plane).await;
    let [a, b, c, d] = [0, 1, 2, 3].map(|n| tree.customers[n].clone());
    let two = person(&plane, &a.tenant, "two@example.com").await;
    grant(&plane, &two, "auditor", &a.tenant, json!({})).await;
    grant(&plane, &two, "auditor", &tree.msps[1], json!({})).await;
    let page = plane.get("/v1/audit?limit=500").with_token(&two.token).send().await.expect(200);
    let tenants: BTreeSet<_> =
        page["data"].as_array().unwrap().iter().map(|row| row["tenant_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(tenants, set([&a.tenant, &tree.msps[1], &c.tenant, &d.tenant]));
    let of_domain = person(&plane, &b.tenant, "one@example.com").await;
    grant(&plane, &of_domain, "auditor", &b.domain, json!({})).await;
    let page = plane.get("/v1/audit").with_token(&of_domain.token).send().await.expect(200);
    let targets: BTreeSet<_> =
        page["data"].as_array().unwrap().iter().map(|row| row["target_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(targets, set([&b.domain]));
    // Of no tenant in the scope there was a message; what is asked for outside is nobody's.
    for path in [
        "/v1/messages".to_owned(),
        format!("/v1/messages?tenant_id={}", b.tenant),
        format!("/v1/messages?subtree_of={}", tree.provider),
    ] {
        assert_eq!(plane.get(&path).with_token(&two.token).send().await.expect(200)["data"], json!([]));
    }
}

async fn a_reference_to_something_outside_is_as_good_as_none() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let [a, b, c, _] = [0, 1, 2, 3].map(|n| tree.customers[n].clone());
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let customer = admin(&plane, &a.tenant, "customer@example.com").await;
    let refused = async |who: &Somebody, method: &str, path: &str, body: Value, pointer: &str| {
        let reply = plane.call(method, path).with_token(&who.token).json(&body).send().await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), [pointer], "{path} {body}");
        reply.body["errors"].clone()
    };
    let nowhere = "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f";
    for tenant in [&c.tenant, &tree.msps[1], &tree.provider] {
        let same = async |path: &str, body: &dyn Fn(&str) -> Value, pointer: &str| {
            let outside = refused(&msp, "POST", path, body(tenant), pointer).await;
            assert_eq!(outside, refused(&msp, "POST", path, body(nowhere), pointer).await);
        };
        same("/v1/tenants", &|id| json!({ "name": "x", "parent_id": id }), "/parent_id").await;
        same("/v1/domains", &|id| json!({ "name": "new.example", "tenant_id": id }), "/tenant_id").await;
        let hops = json!([{ "host": "mx.example" }]);
        same("/v1/routes", &|id| json!({ "name": "x", "tenant_id": id, "hops": hops }), "/tenant_id").await;
        let entry = |id: &str| json!({ "kind": "block", "scope": "tenant", "tenant_id": id, "sender": "<>" });
        same("/v1/list-entries", &entry, "/tenant_id").await;
    }
    refused(&msp, "POST", "/v1/tenants", json!({ "name": "x" }), "/parent_id").await;
    let of_msp = json!({ "tenant_id": tree.msps[0], "name": "shared", "hops": [{ "host": "mx.north.example" }] });
    let shared = make(&plane, &msp.token, "/v1/routes", of_msp).await;
    let own = format!("/v1/domains/{}", a.domain);
    // The route above is the MSP's to give; once it is given, it is known.
    refused(&customer, "PATCH", &own, json!({ "route_id": shared }), "/route_id").await;
    plane.patch(&own).with_token(&msp.token).json(&json!({ "route_id": shared })).send().await.expect(200);
    let second = json!({ "tenant_id": a.tenant, "name": "second.example", "route_id": shared });
    make(&plane, &customer.token, "/v1/domains", second).await;
    refused(&customer, "PATCH", &own, json!({ "route_id": c.route }), "/route_id").await;
    refused(&customer, "PATCH", &own, json!({ "alias_of": b.domain }), "/alias_of").await;
    let entry = json!({ "kind": "block", "scope": "domain", "domain_id": b.domain, "sender": "<>" });
    refused(&customer, "POST", "/v1/list-entries", entry, "/domain_id").await;
    let trial = json!({ "client": "192.0.2.1", "mail_from": "<>", "rcpt_to": "anna@c1.example" });
    let trial = plane.post("/v1/policy:test").with_token(&customer.token).json(&trial).send().await.expect(200);
    assert_eq!((&trial["domain_id"], &trial["effective"]), (&Value::Null, &Value::Null));
}

async fn what_holds_from_above_is_shown_without_whose_it_is() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let customer = admin(&plane, &a.tenant, "customer@example.com").await;
    let path = format!("/v1/tenants/{}/policy", tree.msps[0]);
    let set = json!({ "max_line_octets": 2000, "locked": ["max_line_octets"] });
    plane.patch(&path).header("if-match", "*").json(&set).send().await.expect(200);
    let path = format!("/v1/domains/{}/policy", a.domain);
    let shown = plane.get(&format!("{path}?effective=true")).with_token(&customer.token).send().await.expect(200);
    let line = &shown["effective"]["max_line_octets"];
    let level = json!({ "level": "tenant", "id": null });
    assert_eq!(*line, json!({ "value": 2000, "from": level, "locked_by": level }));
    let write = plane
        .patch(&path)
        .with_token(&customer.token)
        .header("if-match", "*")
        .json(&json!({ "max_line_octets": 3000 }))
        .send()
        .await;
    write.problem(409, "policy_locked");
    assert!(!write.text.contains(&tree.msps[0]), "{}", write.text);
    let shown = plane.get(&format!("{path}?effective=true")).send().await.expect(200);
    assert_eq!(shown["effective"]["max_line_octets"]["from"]["id"], json!(tree.msps[0]));
}

async fn what_is_the_installations_is_for_grants_over_it() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let all = admin(&plane, &tree.provider, "provider@example.com").await;
    for path in ["/v1/workers", "/v1/join-tokens", "/v1/status", "/v1/gaps", "/v1/pools"] {
        plane.get(path).with_token(&all.token).send().await.problem(403, "forbidden");
    }
    plane.get("/v1/policy").with_token(&all.token).send().await.problem(404, "not_found");
    let entry = json!({ "kind": "block", "scope": "installation", "sender": "<>" });
    plane.post("/v1/list-entries").with_token(&all.token).json(&entry).send().await.problem(403, "forbidden");
    let entry = make(&plane, plane.token(), "/v1/list-entries", entry).await;
    plane.get(&format!("/v1/list-entries/{entry}")).with_token(&all.token).send().await.problem(404, "not_found");
    let auditor = person(&plane, &tree.provider, "auditor@example.com").await;
    grant(&plane, &auditor, "auditor", "installation", json!({})).await;
    for path in ["/v1/workers", "/v1/join-tokens", "/v1/status", "/v1/gaps", "/v1/policy"] {
        plane.get(path).with_token(&auditor.token).send().await.expect(200);
    }
}

async fn nobody_ends_what_they_were_given() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let msp = admin(&plane, &tree.msps[0], "msp@example.com").await;
    let own = format!("/v1/tenants/{}", tree.msps[0]);
    plane.delete(&own).with_token(&msp.token).send().await.problem(403, "forbidden");
    let rename = json!({ "name": "Norden" });
    plane.patch(&own).with_token(&msp.token).json(&rename).send().await.expect(200);
    let number = json!({ "external_ref": "7" });
    plane.patch(&own).with_token(&msp.token).json(&number).send().await.problem(403, "forbidden");
    let below = format!("/v1/tenants/{}", tree.customers[0].tenant);
    plane.patch(&below).with_token(&msp.token).json(&number).send().await.expect(200);
    plane.delete(&below).with_token(&msp.token).send().await.expect(200);
}

async fn what_may_be_seen_and_not_changed_is_403() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let [a, b, c, _] = [0, 1, 2, 3].map(|n| tree.customers[n].clone());
    let both = person(&plane, &a.tenant, "both@example.com").await;
    grant(&plane, &both, "auditor", &tree.msps[0], json!({})).await;
    grant(&plane, &both, "tenant_admin", &a.tenant, json!({})).await;
    let patch = |id: &str| {
        plane.patch(&format!("/v1/domains/{id}")).with_token(&both.token).json(&json!({ "recipients": "any" })).send()
    };
    patch(&a.domain).await.expect(200);
    patch(&b.domain).await.problem(403, "forbidden");
    patch(&c.domain).await.problem(404, "not_found");
}

async fn a_grant_that_ended_or_expired_counts_for_nothing_from_the_next_request_on() {
    let plane = Plane::start().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let somebody = person(&plane, &a.tenant, "a@example.com").await;
    let until = plane.clock.now() + std::time::Duration::from_mins(10);
    let until = contract_time(until);
    grant(&plane, &somebody, "domain_admin", &a.domain, json!({ "expires_at": until })).await;
    let ended = grant(&plane, &somebody, "auditor", &a.tenant, json!({})).await;
    let domains = || plane.get("/v1/domains").with_token(&somebody.token).send();
    let audit = || plane.get("/v1/audit").with_token(&somebody.token).send();
    domains().await.expect(200);
    audit().await.expect(200);
    plane.delete(&format!("/v1/grants/{ended}")).send().await.expect(204);
    audit().await.problem(403, "forbidden");
    plane.clock.advance(std::time::Duration::from_mins(11));
    domains().await.problem(403, "forbidden");
}

/// As the API writes times.
fn contract_time(at: contract::Micros) -> String {
    serde_json::to_value(control_plane::http::Time(at)).unwrap().as_str().unwrap().to_owned()
}
