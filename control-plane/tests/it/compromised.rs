//! Passwords that were exposed somewhere: what is asked, what a hit does, what happens when nobody answers.

use std::path::PathBuf;

use control_plane::{
    Config,
    breach::{OnHit, filter},
};
use pretend::range_service::{Mood, RangeService, sha1};
use serde_json::{Value, json};

use crate::harness::{EMAIL, PASSWORD, Plane, Reply, on_both};

on_both! {
    alone:
    five_hex_digits_of_a_right_password_leave_the_machine_and_nothing_else
    an_exposed_password_cannot_be_set
    whoever_signs_in_with_an_exposed_password_changes_it_first
    with_warn_an_exposed_password_stays_and_its_owner_is_told
    padding_is_no_hit
    a_service_that_is_away_keeps_nobody_out_and_is_asked_again
    what_was_found_holds_while_the_service_is_away
    a_list_on_this_machine_is_used_instead_of_the_service
    a_list_that_is_none_ends_the_start
}

const NEW: &str = "another horse, another staple";

async fn service() -> RangeService {
    RangeService::start().await.unwrap()
}

fn asking(service: &RangeService, on_hit: OnHit) -> impl FnOnce(&mut Config) + use<> {
    let url = service.url();
    move |config| {
        let compromised = &mut config.passwords.compromised;
        compromised.enabled = true;
        compromised.url = url.try_into().unwrap();
        compromised.timeout_ms = 10_000.try_into().unwrap();
        compromised.on_hit = on_hit;
    }
}

async fn sign_in(plane: &Plane, email: &str, password: &str) -> Reply {
    plane.post("/v1/sessions").anonymously().json(&json!({ "email": email, "password": password })).send().await
}

async fn change(plane: &Plane, token: &str, from: &str, to: &str) -> Reply {
    let body = json!({ "current_password": from, "new_password": to });
    plane.put("/v1/me/password").with_token(token).json(&body).send().await
}

fn token(session: &Value) -> &str {
    session["access_token"].as_str().unwrap()
}

/// How many rows the audit log has of it. Not by the API: whoever must change their password cannot read there.
async fn audited(plane: &Plane, action: &str) -> i64 {
    plane.count(&format!("SELECT COUNT(*) FROM audit WHERE action = '{action}'")).await
}

/// The whole of what may be sent.
fn request(service: &RangeService, password: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let lines = [
        format!("GET /range/{} HTTP/1.1", &sha1(password)[..5]),
        "add-padding: true".to_owned(),
        format!("user-agent: postern/{version}"),
        "accept: */*".to_owned(),
        format!("host: {}", service.address),
    ];
    format!("{}\r\n\r\n", lines.join("\r\n"))
}

fn same_lines(found: &str, expected: &str) {
    let sorted = |text: &str| {
        let mut lines: Vec<_> = text.lines().map(str::to_ascii_lowercase).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(found), sorted(expected));
    assert_eq!(found.lines().next(), expected.lines().next());
}

async fn five_hex_digits_of_a_right_password_leave_the_machine_and_nothing_else() {
    let service = service().await;
    let plane = Plane::start_with(asking(&service, OnHit::Refuse)).await;
    let [at_sign_in] = &service.take_requests()[..] else { panic!("one question") };
    same_lines(at_sign_in, &request(&service, PASSWORD));

    // A wrong password may be right elsewhere, and an unknown account is nobody's: neither is asked about.
    sign_in(&plane, EMAIL, "not the password at all").await.problem(401, "invalid_credentials");
    sign_in(&plane, "nobody@example.com", PASSWORD).await.problem(401, "invalid_credentials");
    change(&plane, plane.token(), "not the password at all", NEW).await.problem(422, "invalid_body");
    change(&plane, plane.token(), PASSWORD, "too short").await.problem(422, "invalid_body");
    assert_eq!(service.take_requests(), Vec::<String>::new());

    change(&plane, plane.token(), PASSWORD, NEW).await.expect(204);
    let [at_set] = &service.take_requests()[..] else { panic!("one question") };
    same_lines(at_set, &request(&service, NEW));
    assert!(plane.get("/v1/me").send().await.expect(200)["password_checked_at"].is_string());
}

async fn an_exposed_password_cannot_be_set() {
    for on_hit in [OnHit::Refuse, OnHit::ForceChange] {
        let service = service().await;
        service.expose(NEW, 3);
        let plane = Plane::start_with(asking(&service, on_hit)).await;
        let reply = change(&plane, plane.token(), PASSWORD, NEW).await;
        reply.problem(422, "password_compromised");
        assert_eq!(reply.pointers(), ["/new_password"]);
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains("not mean that this account was hacked"), "{detail}");
        assert!(!reply.text.contains(NEW));
        // Nothing is half done.
        assert_eq!(audited(&plane, "person.change_password").await, 0);
        sign_in(&plane, EMAIL, PASSWORD).await.expect(201);
        change(&plane, plane.token(), PASSWORD, "a third horse, a third staple").await.expect(204);
    }
}

async fn whoever_signs_in_with_an_exposed_password_changes_it_first() {
    for on_hit in [OnHit::Refuse, OnHit::ForceChange] {
        let service = service().await;
        let plane = Plane::start_with(asking(&service, on_hit)).await;
        service.expose(PASSWORD, 10_434_004);
        let session = sign_in(&plane, EMAIL, PASSWORD).await.expect(201);
        assert_eq!((&session["must_change_password"], &session["password_compromised"]), (&json!(true), &json!(true)));
        let get = |path: &'static str| plane.get(path).with_token(token(&session)).send();
        get("/v1/tenants").await.problem(403, "password_change_required");
        assert_eq!(get("/v1/me").await.expect(200)["password_compromised"], true);
        // Told once; the second sign-in finds nothing new.
        sign_in(&plane, EMAIL, PASSWORD).await.expect(201);
        assert_eq!(audited(&plane, "password.compromised").await, 1);

        change(&plane, token(&session), PASSWORD, NEW).await.expect(204);
        get("/v1/tenants").await.expect(200);
        let session = sign_in(&plane, EMAIL, NEW).await.expect(201);
        assert_eq!(
            (&session["must_change_password"], &session["password_compromised"]),
            (&json!(false), &json!(false))
        );
    }
}

async fn with_warn_an_exposed_password_stays_and_its_owner_is_told() {
    let service = service().await;
    let plane = Plane::start_with(asking(&service, OnHit::Warn)).await;
    service.expose(NEW, 1);
    change(&plane, plane.token(), PASSWORD, NEW).await.expect(204);
    assert_eq!(plane.get("/v1/me").send().await.expect(200)["password_compromised"], true);
    let session = sign_in(&plane, EMAIL, NEW).await.expect(201);
    assert_eq!((&session["must_change_password"], &session["password_compromised"]), (&json!(false), &json!(true)));
    plane.get("/v1/tenants").with_token(token(&session)).send().await.expect(200);
}

async fn padding_is_no_hit() {
    let service = service().await;
    service.expose(PASSWORD, 0);
    service.expose(NEW, 0);
    let plane = Plane::start_with(asking(&service, OnHit::Refuse)).await;
    assert_eq!(sign_in(&plane, EMAIL, PASSWORD).await.expect(201)["password_compromised"], false);
    change(&plane, plane.token(), PASSWORD, NEW).await.expect(204);
}

async fn a_service_that_is_away_keeps_nobody_out_and_is_asked_again() {
    let (service, elsewhere) = (service().await, service().await);
    let plane = Plane::start_with(|config| {
        asking(&service, OnHit::Refuse)(config);
        config.passwords.compromised.timeout_ms = 500.try_into().unwrap();
    })
    .await;
    service.expose(PASSWORD, 2);
    let moods = [
        Mood::Status(503, String::new()),
        Mood::Status(302, format!("location: {}/range/00000\r\n", elsewhere.url())),
        Mood::Status(404, String::new()),
        Mood::Text("<html>not today</html>".to_owned()),
        Mood::Text(String::new()),
        Mood::Text(format!("{}:1\r\nand more", "0".repeat(35))),
        Mood::Endless,
        Mood::Silent,
        Mood::Hangup,
    ];
    for (n, mood) in (1..).zip(moods) {
        service.be(mood.clone());
        let session = sign_in(&plane, EMAIL, PASSWORD).await.expect(201);
        assert_eq!(session["must_change_password"], false, "{mood:?}");
        assert_eq!(audited(&plane, "password.check_unavailable").await, n, "{mood:?}");
    }
    // A redirection would carry the digits to whoever it names.
    assert_eq!(elsewhere.take_requests(), Vec::<String>::new());
    change(&plane, plane.token(), PASSWORD, NEW).await.expect(204);
    assert_eq!(plane.get("/v1/me").send().await.expect(200)["password_checked_at"], Value::Null);

    service.be(Mood::Well);
    service.expose(NEW, 1);
    assert_eq!(sign_in(&plane, EMAIL, NEW).await.expect(201)["must_change_password"], true);
}

async fn what_was_found_holds_while_the_service_is_away() {
    let service = service().await;
    let plane = Plane::start_with(asking(&service, OnHit::Refuse)).await;
    service.expose(PASSWORD, 2);
    sign_in(&plane, EMAIL, PASSWORD).await.expect(201);
    service.be(Mood::Hangup);
    let session = sign_in(&plane, EMAIL, PASSWORD).await.expect(201);
    assert_eq!((&session["must_change_password"], &session["password_compromised"]), (&json!(true), &json!(true)));
}

async fn a_list_on_this_machine_is_used_instead_of_the_service() {
    let files = tempfile::tempdir().unwrap();
    let (text, small) = (files.path().join("list.txt"), files.path().join("list.filter"));
    let mut lines: Vec<_> = ["password", "123456", "letmein", NEW].map(|known| format!("{}:7\r\n", sha1(known))).into();
    lines.sort();
    std::fs::write(&text, lines.concat()).unwrap();
    filter::build(&text, &small).unwrap();
    for list in [text, small] {
        let service = service().await;
        let plane = Plane::start_with(|config| {
            asking(&service, OnHit::Refuse)(config);
            config.passwords.compromised.list = Some(list);
        })
        .await;
        change(&plane, plane.token(), PASSWORD, NEW).await.problem(422, "password_compromised");
        change(&plane, plane.token(), PASSWORD, "a third horse, a third staple").await.expect(204);
        assert_eq!(service.take_requests(), Vec::<String>::new());
    }
}

async fn a_list_that_is_none_ends_the_start() {
    let plane = Plane::start().await;
    let error = plane
        .restart_fails(|config| {
            config.passwords.compromised.enabled = true;
            config.passwords.compromised.list = Some(PathBuf::from("/nowhere/list.txt"));
        })
        .await;
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    assert!(
        text.contains("passwords.compromised.list") && text.contains("/nowhere/list.txt: cannot be read"),
        "{text}"
    );
}
