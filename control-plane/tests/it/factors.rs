//! Second factors: set up, asked for at sign-in, given up; each code good once.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    authenticator::{Passkey, totp},
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
};

on_both! {
    an_authenticator_app_is_set_up_and_asked_for_at_sign_in
    a_code_is_good_once_also_for_two_at_the_same_time
    a_ticket_is_good_for_five_tries_and_one_sign_in
    guessed_codes_slow_the_guesser_down_and_a_right_password_does_not_help
    guesses_are_counted_by_the_person_and_other_factors_go_on
    recovery_codes_stand_in_once_each_and_new_ones_void_the_old
    a_passkey_is_a_second_step_and_alone_a_whole_sign_in
    what_is_not_a_good_answer_of_a_passkey_opens_nothing
    factors_are_given_up_and_their_codes_go_with_the_last
    a_changed_password_voids_a_ticket
    an_owner_clears_the_factors_of_who_lost_them_and_not_their_own
    nothing_of_a_factor_is_in_the_database_or_the_audit_log
    with_a_factor_a_password_may_be_shorter_and_must_be_longer_again_without
}

pub(crate) async fn password(plane: &Plane) -> Reply {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    plane.post("/v1/sessions").anonymously().json(&body).send().await
}

/// The ticket of a sign-in that takes a second step.
pub(crate) async fn ticket(plane: &Plane) -> String {
    let reply = password(plane).await;
    reply.problem(401, "second_factor_required");
    reply.body["challenge"]["ticket"].as_str().unwrap().to_owned()
}

async fn second(plane: &Plane, body: Value) -> Reply {
    plane.post("/v1/sessions/second-factor").anonymously().json(&body).send().await
}

/// Sets up an authenticator app: its secret, and the recovery codes.
pub(crate) async fn enrol(plane: &Plane) -> (String, Vec<String>) {
    let setup = plane.post("/v1/me/totp").send().await.expect(200);
    let secret = setup["secret"].as_str().unwrap().to_owned();
    let body = json!({ "code": totp(&secret, plane.clock.now()) });
    let enrolled = plane.post("/v1/me/totp/verify").json(&body).send().await.expect(200);
    plane.clock.advance(Duration::from_secs(30));
    (secret, texts(&enrolled["recovery_codes"]))
}

/// What a session has shown.
pub(crate) async fn shown_by(plane: &Plane, token: &str) -> Value {
    let sessions = plane.get("/v1/me/sessions").with_token(token).send().await.expect(200);
    let current = sessions["data"].as_array().unwrap().iter().find(|session| session["is_current"] == true);
    current.unwrap()["factors"].clone()
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

async fn add_passkey(plane: &Plane, key: &mut Passkey, name: &str) -> Value {
    let asked = plane.post("/v1/me/passkey-options").send().await.expect(200);
    let body = json!({ "name": name, "ceremony": asked["ceremony"], "credential": key.create(&asked["options"]) });
    plane.post("/v1/me/passkeys").json(&body).send().await.expect(201)
}

async fn an_authenticator_app_is_set_up_and_asked_for_at_sign_in(plane: Plane) {
    let setup = plane.post("/v1/me/totp").send().await.expect(200);
    let secret = setup["secret"].as_str().unwrap();
    assert!(setup["otpauth_uri"].as_str().unwrap().contains(secret));
    assert!(setup["qr_svg"].as_str().unwrap().contains("<svg"));
    // Nothing is asked for before a code was shown.
    password(&plane).await.expect(201);
    let verify = |code: &str| plane.post("/v1/me/totp/verify").json(&json!({ "code": code })).send();
    verify("000000").await.problem(403, "invalid_factor");
    let enrolled = verify(&totp(secret, plane.clock.now())).await.expect(200);
    assert_eq!(texts(&enrolled["recovery_codes"]).len(), 10);
    verify(&totp(secret, plane.clock.now())).await.problem(409, "ceremony_over");

    let reply = password(&plane).await;
    reply.problem(401, "second_factor_required");
    let challenge = &reply.body["challenge"];
    assert_eq!(challenge["methods"], json!(["totp", "recovery_code"]));
    plane.clock.advance(Duration::from_secs(30));
    let body = json!({ "ticket": challenge["ticket"], "totp_code": totp(secret, plane.clock.now()) });
    let session = second(&plane, body).await.expect(201);
    let token = session["access_token"].as_str().unwrap();
    assert_eq!(shown_by(&plane, token).await, json!(["password", "totp"]));
    let mine = plane.get("/v1/me/factors").with_token(token).send().await.expect(200);
    assert!(mine["totp"]["last_used_at"].is_string(), "{mine}");
    assert_eq!(mine["recovery_codes_left"], 10);

    // Another telephone: the first is good until the second was shown to work.
    let other = plane.post("/v1/me/totp").send().await.expect(200);
    plane.clock.advance(Duration::from_secs(30));
    let body = json!({ "ticket": ticket(&plane).await, "totp_code": totp(secret, plane.clock.now()) });
    second(&plane, body).await.expect(201);
    let other = other["secret"].as_str().unwrap();
    let again = verify(&totp(other, plane.clock.now())).await.expect(200);
    assert_eq!(again["recovery_codes"], json!([]));
    plane.clock.advance(Duration::from_secs(30));
    let ticket = ticket(&plane).await;
    let old = json!({ "ticket": ticket, "totp_code": totp(secret, plane.clock.now()) });
    second(&plane, old).await.problem(403, "invalid_factor");
    second(&plane, json!({ "ticket": ticket, "totp_code": totp(other, plane.clock.now()) })).await.expect(201);
}

async fn a_code_is_good_once_also_for_two_at_the_same_time(plane: Plane) {
    let (secret, _) = enrol(&plane).await;
    let code = totp(&secret, plane.clock.now());
    let mut tickets = Vec::new();
    for _ in 0..6 {
        tickets.push(ticket(&plane).await);
    }
    let tries = tickets.iter().map(|ticket| second(&plane, json!({ "ticket": ticket, "totp_code": code })));
    let replies = futures::future::join_all(tries).await;
    let good = replies.iter().filter(|reply| reply.status == 201).count();
    assert_eq!(good, 1, "{:?}", replies.iter().map(|reply| &reply.text).collect::<Vec<_>>());
    // Nor is the one before it, which the window would take.
    plane.clock.advance(Duration::from_mins(5));
    let before = totp(&secret, plane.clock.now() - Duration::from_secs(30));
    let now = totp(&secret, plane.clock.now());
    second(&plane, json!({ "ticket": ticket(&plane).await, "totp_code": now })).await.expect(201);
    let late = second(&plane, json!({ "ticket": ticket(&plane).await, "totp_code": before })).await;
    late.problem(403, "invalid_factor");
}

async fn a_ticket_is_good_for_five_tries_and_one_sign_in(plane: Plane) {
    let (secret, _) = enrol(&plane).await;
    let used = ticket(&plane).await;
    let body = json!({ "ticket": used, "totp_code": totp(&secret, plane.clock.now()) });
    second(&plane, body).await.expect(201);
    plane.clock.advance(Duration::from_secs(30));
    let body = json!({ "ticket": used, "totp_code": totp(&secret, plane.clock.now()) });
    second(&plane, body).await.problem(401, "invalid_ticket");

    let tried = ticket(&plane).await;
    for _ in 0..5 {
        second(&plane, json!({ "ticket": tried, "totp_code": "000000" })).await.problem(403, "invalid_factor");
        plane.clock.advance(Duration::from_secs(5));
    }
    let body = json!({ "ticket": tried, "totp_code": totp(&secret, plane.clock.now()) });
    second(&plane, body).await.problem(401, "invalid_ticket");

    let late = ticket(&plane).await;
    plane.clock.advance(Duration::from_mins(5));
    let body = json!({ "ticket": late, "totp_code": totp(&secret, plane.clock.now()) });
    second(&plane, body).await.problem(401, "invalid_ticket");
    for wrong in ["", "ptk_", "ptk_AAAA", &late[4..]] {
        let body = json!({ "ticket": wrong, "totp_code": "000000" });
        second(&plane, body).await.problem(401, "invalid_ticket");
    }
    for body in [json!({ "ticket": late }), json!({ "ticket": late, "totp_code": "1", "recovery_code": "1" })] {
        second(&plane, body).await.problem(422, "invalid_body");
    }
    plane.clock.advance(Duration::from_hours(1));
    plane.run_jobs().await;
    assert_eq!(plane.count("SELECT COUNT(*) FROM token_tries").await, 0);
}

async fn guessed_codes_slow_the_guesser_down_and_a_right_password_does_not_help(plane: Plane) {
    let (secret, _) = enrol(&plane).await;
    for _ in 0..5 {
        let ticket = ticket(&plane).await;
        second(&plane, json!({ "ticket": ticket, "totp_code": "000000" })).await.problem(403, "invalid_factor");
    }
    password(&plane).await.problem(429, "too_many_attempts");
    let log = plane.get("/v1/audit?action=person.refuse_factor").send().await.expect(200);
    assert_eq!(log["data"].as_array().unwrap().len(), 5);
    plane.clock.advance(Duration::from_mins(5));
    let body = json!({ "ticket": ticket(&plane).await, "totp_code": totp(&secret, plane.clock.now()) });
    second(&plane, body).await.expect(201);
}

async fn guesses_are_counted_by_the_person_and_other_factors_go_on(plane: Plane) {
    let (secret, codes) = enrol(&plane).await;
    // They are counted in windows of an hour.
    let into = u64::try_from(plane.clock.now().as_secs()).unwrap() % 3_600;
    plane.clock.advance(Duration::from_secs(3_600 - into));
    // From many networks, none of which has to wait by itself.
    for network in 1..=8 {
        let tried = ticket(&plane).await;
        for _ in 0..4 {
            let body = json!({ "ticket": tried, "totp_code": "000000" });
            let call = plane.post("/v1/sessions/second-factor").anonymously().json(&body);
            call.network(network).send().await;
        }
    }
    second(&plane, json!({ "ticket": ticket(&plane).await, "recovery_code": codes[0] })).await.expect(201);
    let right = json!({ "ticket": ticket(&plane).await, "totp_code": totp(&secret, plane.clock.now()) });
    let reply = second(&plane, right).await;
    reply.problem(429, "too_many_attempts");
    assert_eq!(reply.header("retry-after"), Some("3600"));
    plane.clock.advance(Duration::from_hours(1));
    let right = json!({ "ticket": ticket(&plane).await, "totp_code": totp(&secret, plane.clock.now()) });
    second(&plane, right).await.expect(201);
}

async fn recovery_codes_stand_in_once_each_and_new_ones_void_the_old(plane: Plane) {
    let (_, codes) = enrol(&plane).await;
    let show =
        async |code: &str| second(&plane, json!({ "ticket": ticket(&plane).await, "recovery_code": code })).await;
    let session = show(&codes[0].to_uppercase().replace('-', " ")).await.expect(201);
    show(&codes[0]).await.problem(403, "invalid_factor");
    let token = session["access_token"].as_str().unwrap();
    let mine = plane.get("/v1/me/factors").with_token(token).send().await.expect(200);
    assert_eq!(mine["recovery_codes_left"], 9);
    let new = plane.post("/v1/me/recovery-codes").send().await.expect(201);
    let new = texts(&new["recovery_codes"]);
    assert_eq!(new.len(), 10);
    show(&codes[1]).await.problem(403, "invalid_factor");
    show(&new[1]).await.expect(201);
}

async fn a_passkey_is_a_second_step_and_alone_a_whole_sign_in(plane: Plane) {
    let (mut blue, mut red) = (Passkey::new(1), Passkey::new(2));
    let enrolled = add_passkey(&plane, &mut blue, "blue").await;
    assert_eq!(texts(&enrolled["recovery_codes"]).len(), 10);
    let red_id = add_passkey(&plane, &mut red, "red").await["passkey"]["id"].as_str().unwrap().to_owned();

    let reply = password(&plane).await;
    let challenge = reply.problem(401, "second_factor_required").body["challenge"].clone();
    assert_eq!(challenge["methods"], json!(["passkey", "recovery_code"]));
    let options = json!({ "ticket": challenge["ticket"] });
    let asked = plane.post("/v1/sessions/passkey-options").anonymously().json(&options).send().await.expect(200);
    assert_eq!(asked["options"]["publicKey"]["allowCredentials"].as_array().unwrap().len(), 2);
    assert_eq!(asked["options"]["publicKey"]["userVerification"], "required");
    let passkey = json!({ "ceremony": asked["ceremony"], "credential": blue.get(&asked["options"]) });
    let body = json!({ "ticket": challenge["ticket"], "passkey": passkey });
    let session = second(&plane, body).await.expect(201);
    let token = session["access_token"].as_str().unwrap();
    assert_eq!(shown_by(&plane, token).await, json!(["password", "passkey"]));

    let asked = plane.post("/v1/sessions/passkey-options").anonymously().json(&json!({})).send().await.expect(200);
    let alone = json!({ "ceremony": asked["ceremony"], "credential": red.get(&asked["options"]) });
    let session = plane.post("/v1/sessions/passkey").anonymously().json(&alone).send().await.expect(201);
    let token = session["access_token"].as_str().unwrap();
    assert_eq!(shown_by(&plane, token).await, json!(["passkey"]));
    plane.post("/v1/sessions/passkey").anonymously().json(&alone).send().await.problem(409, "ceremony_over");

    let path = format!("/v1/me/passkeys/{red_id}");
    plane.patch(&path).json(&json!({ "name": "" })).send().await.problem(422, "invalid_body");
    plane.patch(&path).json(&json!({ "name": "carmine" })).send().await.expect(204);
    let mine = plane.get("/v1/me/factors").send().await.expect(200);
    let names: Vec<_> = mine["passkeys"].as_array().unwrap().iter().map(|key| key["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["blue", "carmine"]);
    assert!(mine["passkeys"].as_array().unwrap().iter().all(|key| key["last_used_at"].is_string()));
}

async fn what_is_not_a_good_answer_of_a_passkey_opens_nothing(plane: Plane) {
    let mut key = Passkey::new(1);
    add_passkey(&plane, &mut key, "key").await;
    let ask = async || {
        plane.clock.advance(Duration::from_mins(6));
        plane.post("/v1/sessions/passkey-options").anonymously().json(&json!({})).send().await.expect(200)
    };
    let show = |asked: &Value, credential: Value| {
        let body = json!({ "ceremony": asked["ceremony"], "credential": credential });
        plane.post("/v1/sessions/passkey").anonymously().json(&body).send()
    };
    // A key that nobody set up, and one that claims to be another's.
    let asked = ask().await;
    let mut stranger = Passkey::new(9);
    let enrolment = plane.post("/v1/me/passkey-options").send().await.expect(200);
    stranger.create(&enrolment["options"]);
    show(&asked, stranger.get(&asked["options"])).await.problem(403, "invalid_factor");
    let asked = ask().await;
    let mut forged = Passkey::new(1);
    forged.create(&enrolment["options"]);
    show(&asked, forged.get(&asked["options"])).await.problem(403, "invalid_factor");
    // An answer to another question, for another site, without a PIN, of a copy of the key.
    let asked = ask().await;
    let other = ask().await;
    show(&other, key.get(&asked["options"])).await.problem(403, "invalid_factor");
    let asked = ask().await;
    "https://evil.example".clone_into(&mut key.origin);
    show(&asked, key.get(&asked["options"])).await.problem(403, "invalid_factor");
    "https://localhost:8443".clone_into(&mut key.origin);
    let asked = ask().await;
    key.verifies = false;
    show(&asked, key.get(&asked["options"])).await.problem(403, "invalid_factor");
    key.verifies = true;
    let asked = ask().await;
    show(&asked, key.get(&asked["options"])).await.expect(201);
    let asked = ask().await;
    show(&asked, key.get_again(&asked["options"])).await.problem(403, "invalid_factor");
    let asked = ask().await;
    let mut bent = key.get(&asked["options"]);
    bent["response"]["signature"] = json!("AAAA");
    show(&asked, bent).await.problem(403, "invalid_factor");
    let asked = ask().await;
    show(&asked, json!({ "id": 1 })).await.problem(422, "invalid_body");
    // One that is over; a question of an enrolment; no question at all.
    let asked = ask().await;
    plane.clock.advance(Duration::from_mins(5));
    show(&asked, key.get(&asked["options"])).await.problem(409, "ceremony_over");
    show(&json!({ "ceremony": "pcy_AAAA" }), key.get(&asked["options"])).await.problem(409, "ceremony_over");
    let token = {
        plane.clock.advance(Duration::from_mins(6));
        let asked = ask().await;
        let session = show(&asked, key.get(&asked["options"])).await.expect(201);
        session["access_token"].as_str().unwrap().to_owned()
    };
    let enrolment = plane.post("/v1/me/passkey-options").with_token(&token).send().await.expect(200);
    show(&enrolment, stranger.create(&enrolment["options"])).await.problem(409, "ceremony_over");
    // The same key is set up once.
    let body =
        json!({ "name": "again", "ceremony": enrolment["ceremony"], "credential": key.create(&enrolment["options"]) });
    plane.post("/v1/me/passkeys").with_token(&token).json(&body).send().await.problem(403, "invalid_factor");
}

async fn factors_are_given_up_and_their_codes_go_with_the_last(plane: Plane) {
    plane.delete("/v1/me/totp").send().await.problem(404, "not_found");
    plane.post("/v1/me/recovery-codes").send().await.problem(409, "no_factor");
    enrol(&plane).await;
    let mut key = Passkey::new(1);
    let id = add_passkey(&plane, &mut key, "key").await["passkey"]["id"].as_str().unwrap().to_owned();
    plane.delete("/v1/me/totp").send().await.expect(204);
    let reply = password(&plane).await;
    assert_eq!(
        reply.problem(401, "second_factor_required").body["challenge"]["methods"],
        json!(["passkey", "recovery_code"])
    );
    plane.delete(&format!("/v1/me/passkeys/{id}")).send().await.expect(204);
    plane.delete(&format!("/v1/me/passkeys/{id}")).send().await.problem(404, "not_found");
    let mine = plane.get("/v1/me/factors").send().await.expect(200);
    assert_eq!((&mine["totp"], &mine["passkeys"], &mine["recovery_codes_left"]), (&Value::Null, &json!([]), &json!(0)));
    password(&plane).await.expect(201);
    let log = plane.get("/v1/audit?action=person.remove_factor").send().await.expect(200);
    assert_eq!(log["data"].as_array().unwrap().len(), 2);
}

async fn a_changed_password_voids_a_ticket(plane: Plane) {
    let (secret, _) = enrol(&plane).await;
    let ticket = ticket(&plane).await;
    let body = json!({ "current_password": PASSWORD, "new_password": "another horse, another staple" });
    plane.put("/v1/me/password").json(&body).send().await.expect(204);
    let body = json!({ "ticket": ticket, "totp_code": totp(&secret, plane.clock.now()) });
    second(&plane, body).await.problem(401, "invalid_ticket");
}

/// Another owner, made behind the control plane's back: same password, other address.
pub(crate) async fn other_owner(plane: &Plane, email: &str) -> String {
    let uuid = "0192f0c1a2b37c4d8e9f0a1b2c3d4e77";
    let copy = |id: &str| {
        format!(
            "INSERT INTO persons (id, tenant_id, email, email_key, password_hash, must_change_password, created_at)
                SELECT {id}, tenant_id, '{email}', '{email}', password_hash, must_change_password, created_at
                FROM persons WHERE email = '{EMAIL}';
            INSERT INTO grants (id, person_id, role, tenant_id, created_at) VALUES ({id}, {id}, 'owner', NULL, 0)"
        )
    };
    plane.tamper(&copy(&format!("x'{uuid}'")), &copy(&format!("CAST('{uuid}' AS UUID)"))).await;
    format!("per_{uuid}")
}

async fn an_owner_clears_the_factors_of_who_lost_them_and_not_their_own(plane: Plane) {
    enrol(&plane).await;
    let me = plane.get("/v1/me").send().await.expect(200);
    let id = me["id"].as_str().unwrap();
    let own = plane.delete(&format!("/v1/persons/{id}/factors")).send().await;
    own.problem(403, "forbidden");
    other_owner(&plane, "second@example.com").await;
    let other = plane.sign_in("second@example.com", PASSWORD).await;
    plane.delete(&format!("/v1/persons/{id}/factors")).with_token(&other).send().await.expect(204);
    plane.get("/v1/me").send().await.problem(401, "unauthenticated");
    password(&plane).await.expect(201);
    let log = plane.get("/v1/audit?action=person.reset_factors").with_token(&other).send().await.expect(200);
    assert_eq!(log["data"][0]["target_id"], id);
    let nobody = "/v1/persons/per_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f/factors";
    plane.delete(nobody).with_token(&other).send().await.problem(404, "not_found");
}

async fn nothing_of_a_factor_is_in_the_database_or_the_audit_log(plane: Plane) {
    let (secret, codes) = enrol(&plane).await;
    let log = plane.get("/v1/audit?limit=500").send().await.text;
    for told in codes.iter().chain([&secret]) {
        assert!(!log.contains(told.as_str()), "{told}");
    }
    let sealed = plane.count("SELECT COUNT(*) FROM totp WHERE LENGTH(sealed) > 20").await;
    let stored = plane.count("SELECT COUNT(*) FROM recovery_codes WHERE LENGTH(code_hash) = 32").await;
    assert_eq!((sealed, stored), (1, 10));
}

async fn with_a_factor_a_password_may_be_shorter_and_must_be_longer_again_without(plane: Plane) {
    let change = |from: &str, to: &str| {
        let body = json!({ "current_password": from, "new_password": to });
        plane.put("/v1/me/password").json(&body).send()
    };
    change(PASSWORD, "ten chars!").await.problem(422, "invalid_body");
    enrol(&plane).await;
    change(PASSWORD, "nine char").await.problem(422, "invalid_body");
    change(PASSWORD, "ten chars!").await.expect(204);
    plane.delete("/v1/me/totp").send().await.expect(204);
    let body = json!({ "email": EMAIL, "password": "ten chars!" });
    let session = plane.post("/v1/sessions").anonymously().json(&body).send().await.expect(201);
    assert_eq!(session["must_change_password"], true);
    let token = session["access_token"].as_str().unwrap();
    plane.get("/v1/tenants").with_token(token).send().await.problem(403, "password_change_required");
}
