//! Signing in, signing out, one's own account.

use std::time::Duration;

use serde_json::json;

use crate::harness::{EMAIL, PASSWORD, Plane, on_both};

on_both! {
    the_first_owner_signs_in_and_sees_their_account
    an_ended_session_is_refused_at_once
}

on_both! {
    alone:
    wrong_password_and_unknown_account_are_told_alike
    a_guesser_is_slowed_down_and_told_for_how_long
    a_made_up_password_must_be_changed_before_anything_else
    a_restart_keeps_sessions_and_makes_no_second_owner
    a_right_password_is_hashed_anew_at_the_cost_that_is_set
}

async fn the_first_owner_signs_in_and_sees_their_account(plane: Plane) {
    let me = plane.get("/v1/me").send().await.expect(200);
    assert_eq!(me["email"], EMAIL);
    assert_eq!(me["grants"], json!([{ "role": "owner", "tenant_id": null, "domain_id": null }]));
    assert_eq!(me["must_change_password"], false);
}

async fn wrong_password_and_unknown_account_are_told_alike() {
    let plane = Plane::start().await;
    for (email, password) in [(EMAIL, "not the password at all"), ("nobody@example.com", PASSWORD)] {
        let body = json!({ "email": email, "password": password });
        let reply = plane.post("/v1/sessions").anonymously().json(&body).send().await;
        reply.problem(401, "invalid_credentials");
        assert_eq!(reply.body.get("detail"), None);
    }
}

async fn a_guesser_is_slowed_down_and_told_for_how_long() {
    let plane = Plane::start().await;
    let body = json!({ "email": EMAIL, "password": "not the password at all" });
    for _ in 0..5 {
        plane.post("/v1/sessions").anonymously().json(&body).send().await.problem(401, "invalid_credentials");
    }
    let reply = plane.post("/v1/sessions").anonymously().json(&body).send().await;
    reply.problem(429, "too_many_attempts");
    assert!(reply.header("retry-after").is_some());
    // Who is signed in already goes on.
    plane.get("/v1/me").send().await.expect(200);
    plane.clock.advance(Duration::from_secs(5));
    plane.sign_in(EMAIL, PASSWORD).await;
}

async fn an_ended_session_is_refused_at_once(plane: Plane) {
    let other = plane.sign_in(EMAIL, PASSWORD).await;
    plane.delete("/v1/sessions/current").send().await.expect(204);
    plane.get("/v1/me").send().await.problem(401, "unauthenticated");
    plane.get("/v1/me").with_token(&other).send().await.expect(200);
}

async fn a_made_up_password_must_be_changed_before_anything_else() {
    let plane = Plane::start_with(|config| config.first_owner.password = None).await;
    let first = plane.running.first_sign_in.clone().expect("a password was made up");
    let token = plane.sign_in(&first.email, &first.password).await;
    let get = |path: &'static str| plane.get(path).with_token(&token);
    assert_eq!(get("/v1/me").send().await.expect(200)["must_change_password"], true);
    get("/v1/policy").send().await.problem(403, "password_change_required");

    let change = |new: &str| {
        let body = json!({ "current_password": first.password, "new_password": new });
        plane.put("/v1/me/password").with_token(&token).json(&body).send()
    };
    for bad in ["short", "aaaaaaaaaaaaaaaaaaaa", &first.password] {
        let reply = change(bad).await;
        reply.problem(422, "invalid_body");
        assert_eq!(reply.pointers(), ["/new_password"], "{bad}");
    }
    let other = plane.sign_in(&first.email, &first.password).await;
    change(PASSWORD).await.expect(204);
    get("/v1/policy").send().await.expect(200);
    plane.get("/v1/me").with_token(&other).send().await.problem(401, "unauthenticated");
    plane.sign_in(&first.email, PASSWORD).await;
}

async fn a_restart_keeps_sessions_and_makes_no_second_owner() {
    let plane = Plane::start().await;
    let token = plane.token().to_owned();
    let pin = plane.running.tls_spki_sha256;
    let plane = plane.restart().await;
    assert!(plane.running.first_sign_in.is_none());
    assert_eq!(plane.running.tls_spki_sha256, pin);
    plane.get("/v1/me").with_token(&token).send().await.expect(200);
}

async fn a_right_password_is_hashed_anew_at_the_cost_that_is_set() {
    let hashed = async |plane: &Plane, cost: &str| {
        let hash = format!("$argon2id$v=19${cost}$%");
        plane.count(&format!("SELECT COUNT(*) FROM persons WHERE password_hash LIKE '{hash}'")).await
    };
    let plane = Plane::start().await;
    assert_eq!(hashed(&plane, "m=19456,t=2,p=1").await, 1);
    // The first start after it is set: the harness signs in with the right password.
    let plane = plane
        .restart_with(|config| config.passwords.argon2 = control_plane::auth::Cost::new(12_288, 4, 1).unwrap())
        .await;
    assert_eq!(hashed(&plane, "m=12288,t=4,p=1").await, 1);
    plane.sign_in(EMAIL, PASSWORD).await;

    // What does not open with the password is left as it is.
    let other = "UPDATE persons SET password_hash = REPLACE(password_hash, 't=4', 't=3')";
    plane.tamper(other, other).await;
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    plane.post("/v1/sessions").anonymously().json(&body).send().await.problem(401, "invalid_credentials");
    assert_eq!(hashed(&plane, "m=12288,t=3,p=1").await, 1);
}
