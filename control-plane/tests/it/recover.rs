//! The last way in, on the server: what it takes away, and who is no owner.

use control_plane::recover::Error;
use serde_json::json;

use crate::{
    factors::{enrol, other_owner},
    harness::{EMAIL, Plane, on_both},
};

on_both! {
    factors_stand_until_it_is_asked_to_clear_them
    the_keys_of_who_is_let_in_are_ended_and_the_log_says_all_of_it
    whose_grant_has_expired_is_no_owner
}

async fn sign_in(plane: &Plane, password: &str) -> crate::harness::Reply {
    let body = json!({ "email": EMAIL, "password": password });
    plane.post("/v1/sessions").anonymously().json(&body).send().await
}

async fn factors_stand_until_it_is_asked_to_clear_them(plane: Plane) {
    enrol(&plane).await;
    let recovered = plane.recover_owner(None, false).await.unwrap();
    assert_eq!((recovered.factors_left, recovered.factors_cleared), (1, 0));
    sign_in(&plane, &recovered.sign_in.password).await.problem(401, "second_factor_required");
    let recovered = plane.recover_owner(Some(&EMAIL.to_uppercase()), true).await.unwrap();
    assert_eq!((recovered.factors_left, recovered.factors_cleared), (0, 1));
    let session = sign_in(&plane, &recovered.sign_in.password).await.expect(201);
    assert_eq!(session["must_change_password"], true);
    assert_eq!(plane.count("SELECT COUNT(*) FROM recovery_codes").await, 0);
}

async fn the_keys_of_who_is_let_in_are_ended_and_the_log_says_all_of_it(plane: Plane) {
    enrol(&plane).await;
    let body = json!({ "name": "a program", "scope": "installation", "actions": ["audit.read"] });
    let key = plane.post("/v1/api-keys").json(&body).send().await.expect(201);
    let secret = key["secret"].as_str().unwrap();
    plane.get("/v1/audit").with_token(secret).send().await.expect(200);
    other_owner(&plane, "second@example.com").await;
    let recovered = plane.recover_owner(Some(EMAIL), true).await.unwrap();
    assert_eq!(recovered.api_keys_ended, 1);
    plane.get("/v1/audit").with_token(secret).send().await.problem(401, "unauthenticated");
    let other = plane.sign_in("second@example.com", crate::harness::PASSWORD).await;
    let log = |action: &'static str| plane.get(&format!("/v1/audit?action={action}")).with_token(&other).send();
    let told = log("person.recover").await.expect(200);
    assert_eq!(told["data"][0]["before"], json!({ "was_disabled": false }));
    let after = json!({ "factors_cleared": 1, "factors_left": 0, "api_keys_ended": 1, "invitations_ended": 0 });
    assert_eq!(told["data"][0]["after"], after);
    let ended = log("api_key.delete").await.expect(200);
    assert_eq!(
        (&ended["data"][0]["before"]["name"], &ended["data"][0]["actor"]["kind"]),
        (&json!("a program"), &json!("system"))
    );
}

async fn whose_grant_has_expired_is_no_owner(plane: Plane) {
    other_owner(&plane, "second@example.com").await;
    let Error::WhichOwner { owners } = plane.recover_owner(None, false).await.unwrap_err() else {
        panic!("two owners")
    };
    assert_eq!(owners, [EMAIL, "second@example.com"]);
    let at = plane.clock.now().as_micros();
    let expire = format!(
        "UPDATE grants SET expires_at = {at} WHERE person_id IN (SELECT id FROM persons WHERE email = 'second@example.com')"
    );
    plane.tamper(&expire, &expire).await;
    let error = plane.recover_owner(Some("second@example.com"), false).await.unwrap_err();
    assert_eq!(error.to_string(), format!("second@example.com is no owner of this installation; owners are: {EMAIL}"));
    plane.recover_owner(None, false).await.unwrap();
}
