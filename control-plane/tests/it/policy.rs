//! Policy at the installation, at tenants, at domains: inherited, locked, taken back.

use serde_json::{Value, json};

use crate::harness::{Plane, Reply, on_both};

on_both! {
    policy_is_set_and_inherited_again
    every_value_names_the_level_it_comes_from
    a_lock_holds_below_and_is_named_where_it_refuses
    writes_are_refused_for_what_is_wrong_with_them
    a_write_is_audited_and_moves_one_object_whoever_inherits
    an_alias_domain_has_the_policy_of_its_primary
    what_an_edit_above_made_senseless_is_in_nobodys_way
    what_a_tenants_domains_share_is_set_at_the_tenant
    nobody_has_more_than_sessions_are_told_before_a_domain_is_known
}

/// An MSP, its customer, the customer's domain.
pub(crate) struct Tree {
    pub msp: String,
    pub customer: String,
    pub domain: String,
}

pub(crate) async fn tenant(plane: &Plane, body: Value) -> String {
    plane.post("/v1/tenants").json(&body).send().await.expect(201)["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn domain(plane: &Plane, body: Value) -> String {
    plane.post("/v1/domains").json(&body).send().await.expect(201)["id"].as_str().unwrap().to_owned()
}

pub(crate) async fn tree(plane: &Plane) -> Tree {
    let msp = tenant(plane, json!({ "name": "msp", "kind": "msp" })).await;
    let customer = tenant(plane, json!({ "name": "acme", "parent_id": msp })).await;
    let domain = domain(plane, json!({ "tenant_id": customer, "name": "acme.example" })).await;
    Tree { msp, customer, domain }
}

impl Tree {
    fn paths(&self) -> [String; 4] {
        [
            "/v1/policy".to_owned(),
            format!("/v1/tenants/{}/policy", self.msp),
            format!("/v1/tenants/{}/policy", self.customer),
            format!("/v1/domains/{}/policy", self.domain),
        ]
    }
}

async fn patch(plane: &Plane, path: &str, body: Value) -> Reply {
    plane.patch(path).header("if-match", "*").json(&body).send().await
}

async fn effective(plane: &Plane, path: &str) -> Value {
    plane.get(&format!("{path}?effective=true")).send().await.expect(200)["effective"].clone()
}

async fn policy_is_set_and_inherited_again(plane: Plane) {
    let tree = tree(&plane).await;
    for path in tree.paths() {
        let first = plane.get(&path).send().await;
        let values = first.body.as_object().unwrap().iter();
        assert!(values.clone().all(|(name, value)| value.is_null() || name == "locked"), "{}", first.text);
        assert_eq!(first.body["locked"], json!([]));
        let body =
            json!({ "max_message_size_bytes": 1_000_000, "bare_newline": "normalize", "reject_null_mx_sender": false });
        let etag = first.header("etag").unwrap();
        let set = plane.patch(&path).header("if-match", etag).json(&body).send().await;
        assert!(set.header("config-version").is_some());
        let etag = set.header("etag").unwrap().to_owned();
        let set = set.expect(200);
        assert_eq!((&set["bare_newline"], &set["max_line_octets"]), (&json!("normalize"), &Value::Null));
        assert_eq!(plane.get(&path).send().await.header("etag"), Some(etag.as_str()));
        let cleared = plane
            .patch(&path)
            .header("if-match", &etag)
            .json(&json!({ "bare_newline": null }))
            .send()
            .await
            .expect(200);
        assert_eq!((&cleared["bare_newline"], &cleared["max_message_size_bytes"]), (&Value::Null, &json!(1_000_000)));
        let one = plane.delete(&format!("{path}/max_message_size_bytes")).header("if-match", "*").send().await;
        assert!(one.header("config-version").is_some());
        assert_eq!(one.expect(200)["max_message_size_bytes"], Value::Null);
        let again = plane.delete(&format!("{path}/max_message_size_bytes")).header("if-match", "*").send().await;
        assert_eq!(again.header("config-version"), None, "nothing changed");
        assert_eq!(again.expect(200)["reject_null_mx_sender"], json!(false));
    }
}

async fn every_value_names_the_level_it_comes_from(plane: Plane) {
    let tree = tree(&plane).await;
    let [installation, msp, customer, domain] = tree.paths();
    patch(&plane, &installation, json!({ "max_line_octets": 2_000, "keep_subject": true })).await.expect(200);
    patch(&plane, &msp, json!({ "max_line_octets": 3_000, "max_client_connections": 7 })).await.expect(200);
    patch(&plane, &customer, json!({ "inbound_tls": "required" })).await.expect(200);
    patch(&plane, &domain, json!({ "inbound_tls_min_version": "tls13", "max_line_octets": 4_000 })).await.expect(200);
    let of = async |path: &str, setting: &str| {
        let all = effective(&plane, path).await;
        (all[setting]["value"].clone(), all[setting]["from"]["level"].clone(), all[setting]["from"]["id"].clone())
    };
    let from = |value: Value, level: &str, id: Option<&str>| (value, json!(level), json!(id));
    assert_eq!(of(&domain, "max_line_octets").await, from(json!(4_000), "domain", Some(&tree.domain)));
    assert_eq!(of(&customer, "max_line_octets").await, from(json!(3_000), "tenant", Some(&tree.msp)));
    assert_eq!(of(&domain, "max_client_connections").await, from(json!(7), "tenant", Some(&tree.msp)));
    assert_eq!(of(&domain, "inbound_tls").await, from(json!("required"), "tenant", Some(&tree.customer)));
    assert_eq!(of(&domain, "keep_subject").await, from(json!(true), "installation", None));
    assert_eq!(of(&domain, "max_recipients").await, from(json!(1_000), "default", None));
    assert_eq!(of(&installation, "max_line_octets").await, from(json!(2_000), "installation", None));
    // Without being asked, only what the level itself says.
    assert_eq!(plane.get(&domain).send().await.expect(200)["effective"], Value::Null);
    let stranger = tenant(&plane, json!({ "name": "other" })).await;
    let stranger = format!("/v1/tenants/{stranger}/policy");
    assert_eq!(of(&stranger, "max_line_octets").await, from(json!(2_000), "installation", None));
}

async fn a_lock_holds_below_and_is_named_where_it_refuses(plane: Plane) {
    let tree = tree(&plane).await;
    let [installation, msp, customer, domain] = tree.paths();
    patch(&plane, &domain, json!({ "max_line_octets": 4_000, "keep_subject": true })).await.expect(200);
    let lock = json!({ "max_line_octets": 3_000, "locked": ["max_line_octets", "inbound_tls"] });
    assert_eq!(patch(&plane, &msp, lock).await.expect(200)["locked"], json!(["max_line_octets", "inbound_tls"]));
    let held = effective(&plane, &domain).await;
    let by = json!({ "level": "tenant", "id": tree.msp });
    assert_eq!(held["max_line_octets"], json!({ "value": 3_000, "from": by, "locked_by": by }));
    assert_eq!(held["inbound_tls"]["value"], "optional");
    assert_eq!((&held["inbound_tls"]["from"]["level"], &held["inbound_tls"]["locked_by"]), (&json!("default"), &by));
    assert_eq!(held["keep_subject"]["locked_by"], Value::Null);

    for path in [&customer, &domain] {
        let reply = patch(&plane, path, json!({ "max_line_octets": 5_000, "inbound_tls": "required" })).await;
        reply.problem(409, "policy_locked");
        assert_eq!(reply.pointers(), ["/inbound_tls", "/max_line_octets"]);
        let error = &reply.body["errors"][0];
        assert!(error["message"].as_str().unwrap().contains(&tree.msp), "{}", reply.text);
        assert_eq!(error["code"], "policy_locked");
    }
    // What was read can be sent back, what is not locked can be set, and what does not hold can be taken away.
    let mut read = plane.get(&domain).send().await.expect(200);
    read["max_client_connections"] = json!(5);
    assert_eq!(patch(&plane, &domain, read).await.expect(200)["max_line_octets"], 4_000);
    // The level that locks may change its own value, and those above it what it inherits.
    patch(&plane, &msp, json!({ "max_line_octets": 3_500 })).await.expect(200);
    patch(&plane, &installation, json!({ "inbound_tls": "required" })).await.expect(200);
    assert_eq!(effective(&plane, &domain).await["inbound_tls"]["value"], "required");
    // The lock goes, and what was set below holds again.
    patch(&plane, &msp, json!({ "locked": null })).await.expect(200);
    let held = effective(&plane, &domain).await;
    assert_eq!(held["max_line_octets"]["value"], 4_000);
    assert_eq!(held["max_line_octets"]["from"]["level"], "domain");
    // The strictest is the highest: a lock below one is no way around it.
    patch(&plane, &installation, json!({ "locked": ["keep_subject"] })).await.expect(200);
    patch(&plane, &msp, json!({ "locked": ["keep_subject"] })).await.expect(200);
    let held = effective(&plane, &domain).await;
    assert_eq!(
        (&held["keep_subject"]["value"], &held["keep_subject"]["locked_by"]["level"]),
        (&json!(false), &json!("installation"))
    );
    patch(&plane, &domain, json!({ "keep_subject": null })).await.expect(200);
    patch(&plane, &domain, json!({ "keep_subject": true })).await.problem(409, "policy_locked");
}

async fn writes_are_refused_for_what_is_wrong_with_them(plane: Plane) {
    let tree = tree(&plane).await;
    for path in tree.paths() {
        plane.patch(&path).json(&json!({ "keep_subject": true })).send().await.problem(428, "precondition_required");
        plane.delete(&format!("{path}/keep_subject")).send().await.problem(428, "precondition_required");
        let stale = plane.patch(&path).header("if-match", "\"r9\"").json(&json!({ "keep_subject": true })).send().await;
        stale.problem(412, "precondition_failed");
        for setting in ["nothing", "locked", "KEEP_SUBJECT", "%00", "keep_subject%2f"] {
            let reply = plane.delete(&format!("{path}/{setting}")).header("if-match", "*").send().await;
            reply.problem(404, "not_found");
        }
        for (body, pointers) in [
            (
                json!({ "max_message_size_bytes": 5, "max_line_octets": 5 }),
                vec!["/max_line_octets", "/max_message_size_bytes"],
            ),
            (json!({ "bare_newline": "keep", "max_line_octets": "x" }), vec!["/bare_newline", "/max_line_octets"]),
            // RFC 5321 §4.5.3.1.8
            (json!({ "max_recipients": 99 }), vec!["/max_recipients"]),
            (json!({ "max_client_connections": -1 }), vec!["/max_client_connections"]),
            (json!({ "max_client_messages_per_minute": 1_000_001 }), vec!["/max_client_messages_per_minute"]),
            (json!({ "colour": "red" }), vec!["/colour"]),
            (json!({ "locked": ["colour"] }), vec!["/locked/0"]),
            (json!({ "effective": {} }), vec!["/effective"]),
            (json!({ "inbound_tls_min_version": "tls13" }), vec!["/inbound_tls_min_version"]),
            (
                json!({ "inbound_tls": "optional", "inbound_tls_min_version": "tls12" }),
                vec!["/inbound_tls_min_version"],
            ),
        ] {
            let reply = patch(&plane, &path, body.clone()).await;
            reply.problem(422, "invalid_body");
            assert_eq!(reply.pointers(), pointers, "{path} {body}");
        }
        let untouched = plane.get(&path).send().await;
        assert_eq!(untouched.header("etag"), Some("\"r1\""), "{path}");
        plane.get(&format!("{path}?effective=yes")).send().await.problem(400, "invalid_query");
    }
    // One cannot be taken away from under the other.
    let path = &tree.paths()[3];
    patch(&plane, path, json!({ "inbound_tls": "required", "inbound_tls_min_version": "tls13" })).await.expect(200);
    let reply = plane.delete(&format!("{path}/inbound_tls")).header("if-match", "*").send().await;
    reply.problem(422, "invalid_body");
    assert_eq!(reply.pointers(), ["/inbound_tls_min_version"]);
    for path in [
        "/v1/tenants/ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/policy".to_owned(),
        "/v1/domains/dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/policy".to_owned(),
        // An id of another kind is nobody's.
        format!("/v1/tenants/{}/policy", tree.domain),
        format!("/v1/domains/{}/policy", tree.customer),
    ] {
        plane.get(&path).send().await.problem(404, "not_found");
        patch(&plane, &path, json!({ "keep_subject": true })).await.problem(404, "not_found");
        let reply = plane.delete(&format!("{path}/keep_subject")).header("if-match", "*").send().await;
        reply.problem(404, "not_found");
    }
}

async fn a_write_is_audited_and_moves_one_object_whoever_inherits(plane: Plane) {
    let tree = tree(&plane).await;
    let mut last = None;
    for n in 0..20 {
        let customer = tenant(&plane, json!({ "name": format!("c{n}"), "parent_id": tree.msp })).await;
        let body = json!({ "tenant_id": customer, "name": format!("c{n}.example") });
        last = plane.post("/v1/domains").json(&body).send().await.header("config-version").map(str::to_owned);
    }
    plane.until_published(&last.unwrap()).await;
    let objects = "SELECT COUNT(*) FROM pool_objects";
    let (objects_before, outbox_before) =
        (plane.count(objects).await, plane.count("SELECT COUNT(*) FROM outbox").await);
    let path = format!("/v1/tenants/{}/policy", tree.msp);
    let body = json!({ "max_line_octets": 3_000, "locked": ["max_line_octets"] });
    let edit = patch(&plane, &path, body).await;
    let version = edit.header("config-version").unwrap().to_owned();
    plane.until_published(&version).await;
    assert_eq!(plane.count("SELECT COUNT(*) FROM outbox").await, outbox_before + 1);
    // The tenant's object, and the nodes on the way up to the head: two at most at this size.
    let moved = plane.count(objects).await - objects_before;
    assert!((2..=3).contains(&moved), "{moved} objects and nodes");

    let log = plane.get(&format!("/v1/audit?target_id={}&action=policy.update", tree.msp)).send().await.expect(200);
    let [entry] = log["data"].as_array().unwrap().as_slice() else { panic!("{log}") };
    assert_eq!(
        (&entry["before"]["max_line_octets"], &entry["after"]["max_line_octets"]),
        (&Value::Null, &json!(3_000))
    );
    assert_eq!((&entry["before"]["locked"], &entry["after"]["locked"]), (&json!([]), &json!(["max_line_octets"])));
    assert_eq!(entry["tenant_id"], json!(tree.msp));
    // A refused write leaves nothing.
    let below = format!("/v1/domains/{}/policy", tree.domain);
    patch(&plane, &below, json!({ "max_line_octets": 5_000 })).await.problem(409, "policy_locked");
    assert_eq!(plane.count("SELECT COUNT(*) FROM outbox").await, outbox_before + 1);
    let log = plane.get(&format!("/v1/audit?target_id={}&action=policy.update", tree.domain)).send().await.expect(200);
    assert_eq!(log["data"], json!([]));
}

async fn an_alias_domain_has_the_policy_of_its_primary(plane: Plane) {
    let tree = tree(&plane).await;
    let second = domain(&plane, json!({ "tenant_id": tree.customer, "name": "second.example" })).await;
    let path = format!("/v1/domains/{second}/policy");
    patch(&plane, &path, json!({ "max_line_octets": 5_000 })).await.expect(200);
    plane.patch(&format!("/v1/domains/{second}")).json(&json!({ "alias_of": tree.domain })).send().await.expect(200);
    let reply = patch(&plane, &path, json!({ "max_line_octets": 6_000 })).await;
    reply.problem(409, "alias_domain");
    assert!(reply.body["detail"].as_str().unwrap().contains(&tree.domain));
    let reply = plane.delete(&format!("{path}/max_line_octets")).header("if-match", "*").send().await;
    reply.problem(409, "alias_domain");
    patch(&plane, &tree.paths()[3], json!({ "max_line_octets": 7_000 })).await.expect(200);
    let read = plane.get(&format!("{path}?effective=true")).send().await.expect(200);
    assert_eq!((&read["alias_of"], &read["max_line_octets"]), (&json!(tree.domain), &Value::Null));
    let from = json!({ "level": "domain", "id": tree.domain });
    assert_eq!(read["effective"]["max_line_octets"], json!({ "value": 7_000, "from": from, "locked_by": null }));
    // A domain of its own again, it has what it had.
    plane.patch(&format!("/v1/domains/{second}")).json(&json!({ "alias_of": null })).send().await.expect(200);
    assert_eq!(effective(&plane, &path).await["max_line_octets"]["value"], 5_000);
}

async fn what_an_edit_above_made_senseless_is_in_nobodys_way(plane: Plane) {
    let tree = tree(&plane).await;
    let [_, msp, _, domain] = tree.paths();
    patch(&plane, &msp, json!({ "inbound_tls": "required" })).await.expect(200);
    patch(&plane, &domain, json!({ "inbound_tls_min_version": "tls13" })).await.expect(200);
    patch(&plane, &msp, json!({ "inbound_tls": "optional" })).await.expect(200);
    patch(&plane, &domain, json!({ "keep_subject": true })).await.expect(200);
    plane.delete(&format!("{domain}/keep_subject")).header("if-match", "*").send().await.expect(200);
    // Written anew it is as wrong as ever.
    let wrong = patch(&plane, &domain, json!({ "inbound_tls_min_version": "tls12" })).await;
    assert_eq!(wrong.problem(422, "invalid_body").pointers(), ["/inbound_tls_min_version"]);
}

async fn what_a_tenants_domains_share_is_set_at_the_tenant(plane: Plane) {
    let tree = tree(&plane).await;
    let [installation, msp, customer, domain] = tree.paths();
    let limit = json!({ "max_client_messages_per_minute_to_tenant": 100 });
    for path in [installation, msp, customer] {
        patch(&plane, &path, limit.clone()).await.expect(200);
    }
    let refused = patch(&plane, &domain, limit).await;
    assert_eq!(refused.problem(422, "invalid_body").pointers(), ["/max_client_messages_per_minute_to_tenant"]);
}

async fn nobody_has_more_than_sessions_are_told_before_a_domain_is_known(plane: Plane) {
    let tree = tree(&plane).await;
    let [installation, msp, customer, domain] = tree.paths();
    // What is built in binds as what is set does; the installation itself may go beyond it.
    let (many, built_in) = (json!({ "max_recipients": 1_001 }), 50 * 1024 * 1024);
    for path in [&msp, &customer, &domain] {
        let refused =
            patch(&plane, path, json!({ "max_message_size_bytes": built_in + 1, "max_recipients": 1_001 })).await;
        refused.problem(422, "invalid_body");
        assert_eq!(refused.pointers(), ["/max_message_size_bytes", "/max_recipients"]);
        assert!(refused.text.contains("at most 52428800"), "{}", refused.text);
    }
    patch(&plane, &installation, many.clone()).await.expect(200);
    let size = json!({ "max_message_size_bytes": 200_000 });
    patch(&plane, &installation, size).await.expect(200);
    // A tenant's value is what its domains inherit, and no bound of theirs.
    patch(&plane, &msp, json!({ "max_message_size_bytes": 100_000 })).await.expect(200);
    patch(&plane, &domain, json!({ "max_message_size_bytes": 150_000, "max_recipients": 1_001 })).await.expect(200);
    let of = async |path: &str, setting: &str| {
        let held = effective(&plane, path).await[setting].clone();
        (held["value"].clone(), held["from"]["level"].clone())
    };
    assert_eq!(of(&domain, "max_message_size_bytes").await, (json!(150_000), json!("domain")));
    assert_eq!(of(&customer, "max_message_size_bytes").await, (json!(100_000), json!("tenant")));
    assert_eq!(of(&domain, "max_recipients").await, (json!(1_001), json!("domain")));

    // The installation's goes down, and what is above it below is the installation's.
    patch(&plane, &installation, json!({ "max_message_size_bytes": 120_000, "max_recipients": null }))
        .await
        .expect(200);
    assert_eq!(of(&domain, "max_message_size_bytes").await, (json!(120_000), json!("installation")));
    assert_eq!(of(&customer, "max_message_size_bytes").await, (json!(100_000), json!("tenant")));
    assert_eq!(of(&domain, "max_recipients").await, (json!(1_000), json!("default")));
    // It stays stored and in nobody's way, can be sent back as it was read, and comes back with the room for it.
    let mut read = plane.get(&domain).send().await.expect(200);
    (read["keep_subject"], read["inbound_tls"]) = (json!(true), json!("required"));
    assert_eq!(patch(&plane, &domain, read).await.expect(200)["max_message_size_bytes"], 150_000);
    patch(&plane, &domain, json!({ "max_message_size_bytes": 140_000 })).await.problem(422, "invalid_body");
    patch(&plane, &installation, many).await.expect(200);
    assert_eq!(of(&domain, "max_recipients").await, (json!(1_001), json!("domain")));
}
