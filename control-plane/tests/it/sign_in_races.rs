//! What happens between a password that was found right and the session it would open. The look-up among exposed passwords stands
//! between the two, and a stand-in of the service answers it when the test has done what it wants to have done meanwhile.

use control_plane::Config;
use pretend::range_service::RangeService;
use serde_json::json;

use crate::{
    factors::{enrol, other_owner, ticket},
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
    people::person,
};

on_both! {
    alone:
    a_sign_in_with_a_password_that_was_changed_meanwhile_opens_nothing
    a_sign_in_of_somebody_who_was_kept_out_meanwhile_opens_nothing
    a_sign_in_with_the_password_from_before_a_recovery_opens_nothing
    a_factor_that_was_set_up_meanwhile_is_asked_for
    a_policy_that_was_set_meanwhile_holds
    two_sign_ins_that_hash_a_password_anew_at_once_are_both_good
    a_session_that_was_ended_meanwhile_changes_no_password
    a_ticket_of_somebody_who_was_kept_out_is_void
}

const NEW: &str = "another horse, another staple";

fn asking(service: &RangeService) -> impl FnOnce(&mut Config) + use<> {
    let url = service.url();
    move |config| {
        let compromised = &mut config.passwords.compromised;
        compromised.enabled = true;
        compromised.url = url.try_into().unwrap();
        compromised.timeout_ms = 10_000.try_into().unwrap();
    }
}

async fn start() -> (RangeService, Plane) {
    let service = RangeService::start().await.unwrap();
    let plane = Plane::start_with(asking(&service)).await;
    (service, plane)
}

fn sign_in(plane: &Plane, email: &str) -> impl Future<Output = Reply> {
    plane.post("/v1/sessions").anonymously().json(&json!({ "email": email, "password": PASSWORD })).send()
}

/// What comes of requests if `act` happens after they found the password right.
async fn meanwhile<const N: usize>(
    service: &RangeService,
    password: &str,
    requests: [impl Future<Output = Reply>; N],
    act: impl Future<Output = ()>,
) -> [Reply; N] {
    service.hold(password);
    let acting = async {
        service.until_held(N).await;
        act.await;
        service.release();
    };
    let (replies, ()) = futures::join!(futures::future::join_all(requests), acting);
    replies.try_into().unwrap_or_else(|_| panic!("as many replies as requests"))
}

async fn sessions(plane: &Plane) -> i64 {
    plane.count("SELECT COUNT(*) FROM sessions WHERE ended_at IS NULL").await
}

async fn a_sign_in_with_a_password_that_was_changed_meanwhile_opens_nothing() {
    let (service, plane) = start().await;
    let change = async {
        let body = json!({ "current_password": PASSWORD, "new_password": NEW });
        plane.put("/v1/me/password").json(&body).send().await.expect(204);
    };
    let [reply] = meanwhile(&service, PASSWORD, [sign_in(&plane, EMAIL)], change).await;
    reply.problem(401, "invalid_credentials");
    assert_eq!(sessions(&plane).await, 1);
    plane.sign_in(EMAIL, NEW).await;
}

async fn a_sign_in_of_somebody_who_was_kept_out_meanwhile_opens_nothing() {
    let (service, plane) = start().await;
    let tenant = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let anna = person(&plane, &tenant, "anna@example.com").await;
    let disable = async {
        plane.post(&format!("/v1/persons/{}/disable", anna.id)).send().await.expect(200);
    };
    let [reply] = meanwhile(&service, PASSWORD, [sign_in(&plane, &anna.email)], disable).await;
    reply.problem(401, "invalid_credentials");
    assert_eq!(sessions(&plane).await, 1);
    plane.post(&format!("/v1/persons/{}/enable", anna.id)).send().await.expect(200);
    plane.sign_in(&anna.email, PASSWORD).await;
}

async fn a_sign_in_with_the_password_from_before_a_recovery_opens_nothing() {
    let (service, plane) = start().await;
    let recover = async {
        plane.recover_owner(None, false).await.unwrap();
    };
    let [reply] = Box::pin(meanwhile(&service, PASSWORD, [sign_in(&plane, EMAIL)], recover)).await;
    reply.problem(401, "invalid_credentials");
    assert_eq!(sessions(&plane).await, 0);
}

async fn a_factor_that_was_set_up_meanwhile_is_asked_for() {
    let (service, plane) = start().await;
    let enrol = async {
        enrol(&plane).await;
    };
    let [reply] = meanwhile(&service, PASSWORD, [sign_in(&plane, EMAIL)], enrol).await;
    reply.problem(401, "second_factor_required");
    assert!(reply.body["challenge"]["ticket"].is_string());
    assert_eq!(sessions(&plane).await, 1);
}

async fn a_policy_that_was_set_meanwhile_holds() {
    let (service, plane) = start().await;
    let require = async {
        let body = json!({ "second_factor": "required" });
        plane.put("/v1/sign-in-policy").header("if-match", "*").json(&body).send().await.expect(200);
    };
    let [reply] = meanwhile(&service, PASSWORD, [sign_in(&plane, EMAIL)], require).await;
    assert_eq!(reply.expect(201)["must_enrol_factor"], true);
}

async fn two_sign_ins_that_hash_a_password_anew_at_once_are_both_good() {
    let (service, plane) = start().await;
    other_owner(&plane, "second@example.com").await;
    let hashed_anew = async |plane: &Plane| {
        plane.count("SELECT COUNT(*) FROM persons WHERE password_hash LIKE '$argon2id$v=19$m=12288,t=4,p=1$%'").await
    };
    let plane = plane
        .restart_with(|config| {
            asking(&service)(config);
            config.passwords.argon2 = control_plane::auth::Cost::new(12_288, 4, 1).unwrap();
        })
        .await;
    // The harness signs the first owner in.
    assert_eq!(hashed_anew(&plane).await, 1);
    let both = [sign_in(&plane, "second@example.com"), sign_in(&plane, "second@example.com")];
    for reply in meanwhile(&service, PASSWORD, both, async {}).await {
        reply.expect(201);
    }
    assert_eq!(hashed_anew(&plane).await, 2);
    plane.sign_in("second@example.com", PASSWORD).await;
}

async fn a_session_that_was_ended_meanwhile_changes_no_password() {
    let (service, plane) = start().await;
    let stolen = plane.sign_in(EMAIL, PASSWORD).await;
    let me = plane.get("/v1/me").with_token(&stolen).send().await.expect(200);
    let end = async {
        let path = format!("/v1/me/sessions/{}", me["session_id"].as_str().unwrap());
        plane.delete(&path).send().await.expect(204);
    };
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    let change = plane.put("/v1/me/password").with_token(&stolen).json(&body).send();
    let [reply] = meanwhile(&service, NEW, [change], end).await;
    reply.problem(401, "unauthenticated");
    plane.sign_in(EMAIL, PASSWORD).await;
}

async fn a_ticket_of_somebody_who_was_kept_out_is_void() {
    let (_service, plane) = start().await;
    let (_, codes) = enrol(&plane).await;
    let ticket = ticket(&plane).await;
    other_owner(&plane, "second@example.com").await;
    let other = plane.sign_in("second@example.com", PASSWORD).await;
    let me = plane.get("/v1/me").send().await.expect(200);
    let path = format!("/v1/persons/{}/disable", me["id"].as_str().unwrap());
    plane.post(&path).with_token(&other).send().await.expect(200);
    let body = json!({ "ticket": ticket, "recovery_code": codes[0] });
    let reply = plane.post("/v1/sessions/second-factor").anonymously().json(&body).send().await;
    reply.problem(401, "invalid_ticket");
    assert_eq!(plane.count("SELECT COUNT(*) FROM recovery_codes WHERE used_at IS NOT NULL").await, 0);
}
