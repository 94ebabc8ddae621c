//! Where a second factor is off, allowed or required, whom that binds, and what a session without one may do then.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    authenticator::{Passkey, totp},
    factors::{enrol, other_owner, password, shown_by, ticket},
    harness::{EMAIL, Plane, Reply, on_both},
};

on_both! {
    required_and_not_set_up_opens_a_session_that_can_only_set_one_up
    an_enrol_only_session_ends_after_ten_minutes_and_becomes_whole_by_a_factor
    the_last_factor_stays_where_one_is_required
    the_strictest_that_applies_holds_and_a_level_below_never_asks_for_less
    a_domain_binds_whose_address_is_in_it_once_it_is_active
    required_from_a_day_on_is_only_told_before
    who_is_affected_is_known_before_and_counted_after
    where_it_is_off_nobody_sets_one_up_and_who_has_one_is_still_asked
    a_policy_is_changed_by_who_saw_it_last
}

async fn set(plane: &Plane, path: &str, body: Value) -> Reply {
    plane.put(path).header("if-match", "*").json(&body).send().await
}

async fn required_and_not_set_up_opens_a_session_that_can_only_set_one_up(plane: Plane) {
    let session = password(&plane).await.expect(201);
    assert_eq!(session["must_enrol_factor"], false);
    set(&plane, "/v1/sign-in-policy", json!({ "second_factor": "required" })).await.expect(200);
    let session = password(&plane).await.expect(201);
    assert_eq!(session["must_enrol_factor"], true);
    let token = session["access_token"].as_str().unwrap();
    // Every door but those that set one up, and the way out.
    let (document, _) = control_plane::documents();
    let open = [
        "create_session",
        "update_session",
        "create_second_factor_session",
        "create_passkey_session",
        "create_sign_in_challenge",
        "preview_invitation",
        "accept_invitation",
        "create_password_reset",
        "complete_password_reset",
        "read_my_factors",
        "create_my_totp",
        "verify_my_totp",
        "create_my_passkey_challenge",
        "create_my_passkey",
        "delete_current_session",
    ];
    let mut closed = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let path = path.replace("/v1/domains/{id}", "/v1/domains/dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f");
            if open.contains(&id) {
                continue;
            }
            let reply = plane.call(&method.to_uppercase(), &path).with_token(token).send().await;
            reply.problem(403, "enrolment_required");
            closed += 1;
        }
    }
    assert!(closed > 60, "{closed}");
    let mine = plane.get("/v1/me/factors").with_token(token).send().await.expect(200);
    assert_eq!(mine["second_factor"], "required");
    // Who was in already goes on.
    plane.get("/v1/tenants").send().await.expect(200);
}

async fn an_enrol_only_session_ends_after_ten_minutes_and_becomes_whole_by_a_factor(plane: Plane) {
    set(&plane, "/v1/sign-in-policy", json!({ "second_factor": "required" })).await.expect(200);
    let late = password(&plane).await.expect(201);
    let session = password(&plane).await.expect(201);
    let token = session["access_token"].as_str().unwrap();
    let setup = plane.post("/v1/me/totp").with_token(token).send().await.expect(200);
    let code = json!({ "code": totp(setup["secret"].as_str().unwrap(), plane.clock.now()) });
    let enrolled = plane.post("/v1/me/totp/verify").with_token(token).json(&code).send().await.expect(200);
    assert_eq!(enrolled["recovery_codes"].as_array().unwrap().len(), 10);
    plane.get("/v1/tenants").with_token(token).send().await.expect(200);
    assert_eq!(shown_by(&plane, token).await, json!(["password", "totp"]));
    plane.clock.advance(Duration::from_secs(10 * 60 + 1));
    let late_token = late["access_token"].as_str().unwrap();
    plane.get("/v1/me/factors").with_token(late_token).send().await.problem(401, "unauthenticated");
    let refresh = async |session: &Value| {
        let body = json!({ "refresh_token": session["refresh_token"] });
        plane.post("/v1/sessions/refresh").anonymously().json(&body).send().await
    };
    refresh(&late).await.problem(401, "invalid_refresh_token");
    let carried_on = refresh(&session).await.expect(200);
    let token = carried_on["access_token"].as_str().unwrap();
    plane.get("/v1/tenants").with_token(token).send().await.expect(200);
}

async fn the_last_factor_stays_where_one_is_required(plane: Plane) {
    enrol(&plane).await;
    set(&plane, "/v1/sign-in-policy", json!({ "second_factor": "required" })).await.expect(200);
    plane.delete("/v1/me/totp").send().await.problem(409, "factor_required");
    let mut key = Passkey::new(1);
    let asked = plane.post("/v1/me/passkey-options").send().await.expect(200);
    let body = json!({ "name": "key", "ceremony": asked["ceremony"], "credential": key.create(&asked["options"]) });
    let made = plane.post("/v1/me/passkeys").json(&body).send().await.expect(201);
    // Two that are given up at once: one stays.
    let path = format!("/v1/me/passkeys/{}", made["passkey"]["id"].as_str().unwrap());
    let (totp, passkey) = tokio::join!(plane.delete("/v1/me/totp").send(), plane.delete(&path).send());
    let mut statuses = [totp.status.as_u16(), passkey.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409]);
    ticket(&plane).await;
}

async fn the_strictest_that_applies_holds_and_a_level_below_never_asks_for_less(plane: Plane) {
    let provider = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let msp = plane.post("/v1/tenants").json(&json!({ "name": "msp", "kind": "msp" })).send().await.expect(201);
    let customer = json!({ "name": "customer", "parent_id": msp["id"] });
    let customer = plane.post("/v1/tenants").json(&customer).send().await.expect(201);
    let of = |tenant: &Value| format!("/v1/tenants/{}/sign-in-policy", tenant["id"].as_str().unwrap());
    set(&plane, &of(&msp), json!({ "second_factor": "required" })).await.expect(200);
    for less in ["off", "allowed"] {
        let reply = set(&plane, &of(&customer), json!({ "second_factor": less })).await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), ["/second_factor"]);
    }
    set(&plane, &of(&customer), json!({ "second_factor": "required" })).await.expect(200);
    set(&plane, &of(&customer), json!({ "second_factor": null })).await.expect(200);
    // Neither is above the owner's own tenant.
    assert_eq!(password(&plane).await.expect(201)["must_enrol_factor"], false);
    // A grant on the customer, and those above it bind.
    let id = customer["id"].as_str().unwrap().trim_start_matches("ten_").to_owned();
    let grant = |tenant: &str| {
        format!(
            "INSERT INTO grants (id, person_id, role, tenant_id, created_at) SELECT id, id, 'auditor', {tenant}, 0 FROM persons"
        )
    };
    plane.tamper(&grant(&format!("x'{id}'")), &grant(&format!("CAST('{id}' AS UUID)"))).await;
    assert_eq!(password(&plane).await.expect(201)["must_enrol_factor"], true);
    set(&plane, &of(&msp), json!({ "second_factor": null })).await.expect(200);
    assert_eq!(password(&plane).await.expect(201)["must_enrol_factor"], false);
    // So does the home tenant.
    let home = format!("/v1/tenants/{provider}/sign-in-policy");
    set(&plane, &home, json!({ "second_factor": "required" })).await.expect(200);
    assert_eq!(password(&plane).await.expect(201)["must_enrol_factor"], true);
    set(&plane, "/v1/tenants/ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/sign-in-policy", json!({ "second_factor": null }))
        .await
        .problem(404, "not_found");
}

async fn a_domain_binds_whose_address_is_in_it_once_it_is_active(plane: Plane) {
    let tenant = plane.post("/v1/tenants").json(&json!({ "name": "acme" })).send().await.expect(201);
    let body = json!({ "tenant_id": tenant["id"], "name": "example.com" });
    let domain = plane.post("/v1/domains").json(&body).send().await.expect(201);
    let path = format!("/v1/domains/{}/sign-in-policy", domain["id"].as_str().unwrap());
    let set_there = set(&plane, &path, json!({ "second_factor": "required" })).await.expect(200);
    assert_eq!(set_there["people_without_factor"], 0);
    // Anybody can register a name; only who proves it speaks for its people.
    assert_eq!(password(&plane).await.expect(201)["must_enrol_factor"], false);
    let active = "UPDATE domains SET state = 'active'";
    plane.tamper(active, active).await;
    assert_eq!(plane.get(&path).send().await.expect(200)["people_without_factor"], 1);
    assert_eq!(password(&plane).await.expect(201)["must_enrol_factor"], true);
}

async fn required_from_a_day_on_is_only_told_before(plane: Plane) {
    let reply = set(
        &plane,
        "/v1/sign-in-policy",
        json!({ "second_factor": "allowed", "required_from": "2027-01-01T00:00:00Z" }),
    );
    assert_eq!(reply.await.pointers(), ["/required_from"]);
    let day = {
        let at = plane.clock.now() + Duration::from_hours(24);
        serde_json::to_value(control_plane::http::Time(at)).unwrap()
    };
    set(&plane, "/v1/sign-in-policy", json!({ "second_factor": "required", "required_from": day })).await.expect(200);
    let session = password(&plane).await.expect(201);
    assert_eq!((&session["must_enrol_factor"], &session["factor_required_from"]), (&json!(false), &day));
    plane.clock.advance(Duration::from_hours(24));
    let session = password(&plane).await.expect(201);
    assert_eq!((&session["must_enrol_factor"], &session["factor_required_from"]), (&json!(true), &Value::Null));
}

async fn who_is_affected_is_known_before_and_counted_after(plane: Plane) {
    other_owner(&plane, "second@example.com").await;
    let affected = plane.get("/v1/sign-in-policy/affected?limit=1").send().await.expect(200);
    assert_eq!((&affected["total"], &affected["data"][0]["email"]), (&json!(2), &json!("second@example.com")));
    let cursor = affected["next_cursor"].as_str().unwrap();
    let next = plane.get(&format!("/v1/sign-in-policy/affected?limit=1&cursor={cursor}")).send().await.expect(200);
    assert_eq!((&next["data"][0]["email"], &next["next_cursor"]), (&json!(EMAIL), &Value::Null));
    let tenant = plane.post("/v1/tenants").json(&json!({ "name": "a" })).send().await.expect(201);
    let none = plane.get(&format!("/v1/sign-in-policy/affected?tenant_id={}", tenant["id"].as_str().unwrap()));
    assert_eq!(none.send().await.expect(200)["total"], 0);
    enrol(&plane).await;
    let after = set(&plane, "/v1/sign-in-policy", json!({ "second_factor": "required" })).await.expect(200);
    assert_eq!(after["people_without_factor"], 1);
    let both = "/v1/sign-in-policy/affected?tenant_id=ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f&domain_id=dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f";
    plane.get(both).send().await.problem(400, "invalid_query");
}

async fn where_it_is_off_nobody_sets_one_up_and_who_has_one_is_still_asked(plane: Plane) {
    enrol(&plane).await;
    set(&plane, "/v1/sign-in-policy", json!({ "second_factor": "off" })).await.expect(200);
    plane.post("/v1/me/totp").send().await.problem(409, "second_factor_off");
    plane.post("/v1/me/passkey-options").send().await.problem(409, "second_factor_off");
    ticket(&plane).await;
    plane.delete("/v1/me/totp").send().await.expect(204);
    password(&plane).await.expect(201);
}

async fn a_policy_is_changed_by_who_saw_it_last(plane: Plane) {
    let body = json!({ "second_factor": "required" });
    plane.put("/v1/sign-in-policy").json(&body).send().await.problem(428, "precondition_required");
    let seen = plane.get("/v1/sign-in-policy").send().await;
    let etag = seen.header("etag").unwrap().to_owned();
    assert_eq!(seen.expect(200)["second_factor"], Value::Null);
    let put = |body: Value| plane.put("/v1/sign-in-policy").header("if-match", &etag).json(&body).send();
    put(body.clone()).await.expect(200);
    put(body).await.problem(412, "precondition_failed");
    let log = plane.get("/v1/audit?action=sign_in_policy.update").send().await.expect(200);
    assert_eq!(log["data"][0]["after"]["second_factor"], "required", "{log}");
}
