//! What is most worth protecting asks again who it is, with the strongest thing the person has.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    authenticator::{Passkey, totp},
    factors::enrol,
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
    people::{make, tree},
};

on_both! {
    alone:
    ten_minutes_after_sign_in_what_matters_asks_again
    who_has_a_factor_shows_it_and_not_the_password
    a_domains_next_hop_asks_again_and_the_rest_of_it_does_not
    a_factor_more_makes_other_sessions_show_it
    guesses_are_counted_by_the_session_wherever_they_come_from
    who_has_a_factor_shows_it_before_the_password_is_changed
}

async fn plane() -> Plane {
    Plane::start_with(|config| {
        config.sessions.step_up_lifetime_s = control_plane::Sessions::default().step_up_lifetime_s;
    })
    .await
}

async fn step_up(plane: &Plane, body: Value) -> Reply {
    plane.post("/v1/sessions/current/step-up").json(&body).send().await
}

async fn make_join_token(plane: &Plane) -> Reply {
    plane.post("/v1/join-tokens").json(&json!({ "name": "w" })).send().await
}

fn methods(reply: &Reply) -> &Value {
    &reply.problem(403, "step_up_required").body["challenge"]["methods"]
}

async fn ten_minutes_after_sign_in_what_matters_asks_again() {
    let plane = plane().await;
    make_join_token(&plane).await.expect(201);
    plane.clock.advance(Duration::from_mins(10));
    assert_eq!(methods(&make_join_token(&plane).await), &json!(["password"]));
    let hops =
        json!({ "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "name": "r", "hops": [{ "host": "a.example" }] });
    for (path, body) in [("/v1/routes", hops), ("/v1/me/totp", json!({}))] {
        plane.post(path).json(&body).send().await.problem(403, "step_up_required");
    }
    // All else goes on.
    plane.post("/v1/tenants").json(&json!({ "name": "a" })).send().await.expect(201);
    plane.get("/v1/join-tokens").send().await.expect(200);
    step_up(&plane, json!({ "password": "wrong horse battery staple" })).await.problem(403, "invalid_factor");
    step_up(&plane, json!({})).await.problem(422, "invalid_body");
    step_up(&plane, json!({ "password": PASSWORD })).await.expect(200);
    make_join_token(&plane).await.expect(201);
    plane.clock.advance(Duration::from_mins(10));
    make_join_token(&plane).await.problem(403, "step_up_required");
    let log = plane.get("/v1/audit?action=session.step_up").send().await.expect(200);
    assert_eq!(log["data"][0]["after"], json!({ "method": "password" }));
}

async fn a_domains_next_hop_asks_again_and_the_rest_of_it_does_not() {
    let plane = plane().await;
    let tree = tree(&plane).await;
    let a = &tree.customers[0];
    let second = json!({ "tenant_id": a.tenant, "name": "second", "hops": [{ "host": "mx.second.example" }] });
    let second = make(&plane, plane.token(), "/v1/routes", second).await;
    let key = json!({ "name": "x", "scope": "tenant", "tenant_id": a.tenant, "actions": ["domains.write"] });
    let key = plane.post("/v1/api-keys").json(&key).send().await.expect(201);
    let path = format!("/v1/domains/{}", a.domain);
    let change = async |body: Value| plane.patch(&path).json(&body).send().await;
    plane.clock.advance(Duration::from_mins(10));
    let domain = json!({ "tenant_id": a.tenant, "name": "new.example", "route_id": a.route });
    let primary = plane.post("/v1/domains").json(&domain).send().await.expect(201)["id"].clone();
    change(json!({ "labels": { "is": "here" }, "recipients": "any", "route_id": a.route })).await.expect(200);
    for elsewhere in [json!({ "route_id": second }), json!({ "route_id": null }), json!({ "alias_of": primary })] {
        assert_eq!(methods(&change(elsewhere).await), &json!(["password"]));
    }
    assert_eq!(plane.get(&path).send().await.expect(200)["route_id"], a.route.as_str());
    plane.get("/v1/domains/dom_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f").send().await.problem(404, "not_found");
    // What a key names was stepped up when it was made.
    let by_key = plane.patch(&path).with_token(key["secret"].as_str().unwrap()).json(&json!({ "route_id": second }));
    by_key.send().await.expect(200);
    let limits = plane.put(&format!("/v1/tenants/{}/limits", a.tenant)).json(&json!({ "max_domains": 9 })).send().await;
    let pool = plane.post("/v1/pools").json(&json!({ "name": "other" })).send().await;
    let worker = plane.delete("/v1/workers/wrk_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f").send().await;
    for reply in [limits, pool, worker] {
        reply.problem(403, "step_up_required");
    }
    step_up(&plane, json!({ "password": PASSWORD })).await.expect(200);
    change(json!({ "route_id": a.route })).await.expect(200);
    change(json!({ "alias_of": primary })).await.expect(200);
}

async fn who_has_a_factor_shows_it_and_not_the_password() {
    let plane = plane().await;
    let (secret, codes) = enrol(&plane).await;
    let mut key = Passkey::new(1);
    let asked = plane.post("/v1/me/passkey-options").send().await.expect(200);
    let body = json!({ "name": "key", "ceremony": asked["ceremony"], "credential": key.create(&asked["options"]) });
    plane.post("/v1/me/passkeys").json(&body).send().await.expect(201);
    let later = async || {
        plane.clock.advance(Duration::from_mins(10));
        assert_eq!(methods(&make_join_token(&plane).await), &json!(["totp", "passkey", "recovery_code"]));
    };
    later().await;
    step_up(&plane, json!({ "password": PASSWORD })).await.problem(422, "invalid_body");
    step_up(&plane, json!({ "totp_code": "000000" })).await.problem(403, "invalid_factor");
    step_up(&plane, json!({ "totp_code": totp(&secret, plane.clock.now()) })).await.expect(200);
    make_join_token(&plane).await.expect(201);
    later().await;
    step_up(&plane, json!({ "recovery_code": codes[0] })).await.expect(200);
    make_join_token(&plane).await.expect(201);
    later().await;
    let asked = plane.post("/v1/sessions/current/passkey-options").send().await.expect(200);
    let passkey = json!({ "ceremony": asked["ceremony"], "credential": key.get(&asked["options"]) });
    step_up(&plane, json!({ "passkey": passkey })).await.expect(200);
    make_join_token(&plane).await.expect(201);
    step_up(&plane, json!({ "passkey": passkey })).await.problem(409, "ceremony_over");
}

async fn a_factor_more_makes_other_sessions_show_it() {
    let plane = plane().await;
    let other = plane.sign_in(EMAIL, PASSWORD).await;
    let make = || plane.post("/v1/join-tokens").with_token(&other).json(&json!({ "name": "w" })).send();
    make().await.expect(201);
    let (secret, _) = enrol(&plane).await;
    make().await.problem(403, "step_up_required");
    make_join_token(&plane).await.expect(201);
    let body = json!({ "totp_code": totp(&secret, plane.clock.now()) });
    plane.post("/v1/sessions/current/step-up").with_token(&other).json(&body).send().await.expect(200);
    make().await.expect(201);
}

async fn guesses_are_counted_by_the_session_wherever_they_come_from() {
    let plane = plane().await;
    let (secret, _) = enrol(&plane).await;
    // They are counted in windows of ten minutes.
    let into = u64::try_from(plane.clock.now().as_secs()).unwrap() % 600;
    plane.clock.advance(Duration::from_secs(600 - into));
    for _ in 0..5 {
        step_up(&plane, json!({ "totp_code": "000000" })).await.problem(403, "invalid_factor");
        plane.clock.advance(Duration::from_secs(1));
    }
    plane.clock.advance(Duration::from_secs(5));
    let code = json!({ "totp_code": totp(&secret, plane.clock.now()) });
    // The network has waited long enough; the session has not.
    let reply = step_up(&plane, code).await;
    reply.problem(429, "too_many_attempts");
    assert_eq!(reply.header("retry-after"), Some("600"));
    plane.clock.advance(Duration::from_mins(11));
    step_up(&plane, json!({ "totp_code": totp(&secret, plane.clock.now()) })).await.expect(200);
}

async fn who_has_a_factor_shows_it_before_the_password_is_changed() {
    let plane = plane().await;
    let change = |from: &str, to: &str| {
        plane.put("/v1/me/password").json(&json!({ "current_password": from, "new_password": to })).send()
    };
    // Without one the password is all there is, and it is shown with the request.
    plane.clock.advance(Duration::from_mins(11));
    change(PASSWORD, "another horse, another staple").await.expect(204);
    step_up(&plane, json!({ "password": "another horse, another staple" })).await.expect(200);
    let (secret, _) = enrol(&plane).await;
    plane.clock.advance(Duration::from_mins(11));
    // Whether the password was guessed right is not told either.
    for guess in ["another horse, another staple", "not the password at all"] {
        let reply = change(guess, "a third horse, a third staple").await;
        assert_eq!(methods(&reply), &json!(["totp", "recovery_code"]));
    }
    step_up(&plane, json!({ "totp_code": totp(&secret, plane.clock.now()) })).await.expect(200);
    change("another horse, another staple", "a third horse, a third staple").await.expect(204);
}
