//! Another `public_url`: passkeys that were made for the one before are good for nothing, and are held all the same.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    authenticator::Passkey,
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
    people::{Somebody, person},
};

on_both! {
    alone:
    a_start_that_would_void_passkeys_says_whose_and_does_not_go_on
    a_passkey_of_another_public_url_leaves_the_recovery_codes_and_never_the_password_alone
    where_a_factor_is_required_whoever_came_in_by_a_recovery_code_sets_up_another
}

const ANNA: &str = "anna@example.com";

fn elsewhere(config: &mut control_plane::Config) {
    config.public_url = "https://mail.example".parse().unwrap();
}

fn accepting(config: &mut control_plane::Config) {
    elsewhere(config);
    config.accept_void_passkeys_of = vec!["localhost".to_owned()];
}

/// Somebody with a passkey for the host of before, and their recovery codes.
async fn anna(plane: &Plane) -> (Somebody, Vec<String>) {
    let tenant = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let anna = person(plane, &tenant, ANNA).await;
    let asked = plane.post("/v1/me/passkey-options").with_token(&anna.token).send().await.expect(200);
    let credential = Passkey::new(1).create(&asked["options"]);
    let body = json!({ "name": "blue", "ceremony": asked["ceremony"], "credential": credential });
    let enrolled = plane.post("/v1/me/passkeys").with_token(&anna.token).json(&body).send().await.expect(201);
    let codes = enrolled["recovery_codes"].as_array().unwrap();
    (anna, codes.iter().map(|code| code.as_str().unwrap().to_owned()).collect())
}

async fn password(plane: &Plane) -> Reply {
    plane.post("/v1/sessions").anonymously().json(&json!({ "email": ANNA, "password": PASSWORD })).send().await
}

async fn by_code(plane: &Plane, code: &str) -> Value {
    let reply = password(plane).await;
    let challenge = &reply.problem(401, "second_factor_required").body["challenge"];
    assert_eq!(challenge["methods"], json!(["recovery_code"]));
    let body = json!({ "ticket": challenge["ticket"], "recovery_code": code });
    plane.post("/v1/sessions/second-factor").anonymously().json(&body).send().await.expect(201)
}

async fn a_start_that_would_void_passkeys_says_whose_and_does_not_go_on() {
    let plane = Plane::start().await;
    anna(&plane).await;
    // The same one, or a new one whose former one is accepted, is none to be asked about.
    let plane = plane.restart().await;
    let plane = plane.restart_with(accepting).await;
    plane.check(accepting).await.unwrap();
    let told = plane.check(elsewhere).await.unwrap_err().to_string();
    let error = plane
        .restart_fails(|config| {
            elsewhere(config);
            config.accept_void_passkeys_of = vec!["other.example".to_owned()];
        })
        .await;
    assert_eq!(error.to_string(), told);
    for says in ["mail.example", "1 passkeys of 1 people", ANNA, "accept_void_passkeys_of = [\"localhost\"]"] {
        assert!(told.contains(says), "{told}");
    }
}

async fn a_passkey_of_another_public_url_leaves_the_recovery_codes_and_never_the_password_alone() {
    let plane = Plane::start().await;
    let (anna, codes) = anna(&plane).await;
    let mut plane = plane
        .restart_with(|config| {
            accepting(config);
            config.sessions.step_up_lifetime_s = control_plane::Sessions::default().step_up_lifetime_s;
        })
        .await;
    let session = by_code(&plane, &codes[0]).await;
    assert_eq!(session["must_enrol_factor"], false);
    let old = session["access_token"].as_str().unwrap().to_owned();
    plane.clock.advance(Duration::from_mins(11));
    plane.renew(EMAIL, PASSWORD).await;
    // What asks again asks for a code as well.
    let reply = plane.post("/v1/me/recovery-codes").with_token(&old).send().await;
    assert_eq!(reply.problem(403, "step_up_required").body["challenge"]["methods"], json!(["recovery_code"]));
    let step_up = |body: Value| plane.post("/v1/sessions/current/step-up").with_token(&old).json(&body).send();
    step_up(json!({ "password": PASSWORD })).await.problem(422, "invalid_body");
    step_up(json!({ "recovery_code": codes[1] })).await.expect(200);
    // New ones can be had with it; without any, nobody gets in.
    plane.post("/v1/me/recovery-codes").with_token(&old).send().await.expect(201);
    let spend = "UPDATE recovery_codes SET used_at = 1";
    plane.tamper(spend, spend).await;
    password(&plane).await.problem(403, "factor_unusable");
    plane.delete(&format!("/v1/persons/{}/factors", anna.id)).send().await.expect(204);
    password(&plane).await.expect(201);
}

async fn where_a_factor_is_required_whoever_came_in_by_a_recovery_code_sets_up_another() {
    let plane = Plane::start().await;
    let (_, codes) = anna(&plane).await;
    let plane = plane.restart_with(accepting).await;
    let tenant = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/tenants/{tenant}/sign-in-policy");
    let body = json!({ "second_factor": "required" });
    plane.put(&path).header("if-match", "*").json(&body).send().await.expect(200);
    assert_eq!(by_code(&plane, &codes[0]).await["must_enrol_factor"], true);
}
