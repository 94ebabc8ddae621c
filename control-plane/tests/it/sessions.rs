//! How sessions are carried on, listed and ended; sessions in cookies.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{EMAIL, PASSWORD, Plane, Reply, on_both};

on_both! {
    a_session_is_carried_on_by_its_refresh_token
    a_refresh_token_that_comes_back_ends_the_session
    who_asks_twice_within_half_a_minute_gets_the_same_answer
    of_two_at_once_with_one_token_neither_loses_the_session
    my_sessions_are_listed_and_each_can_be_ended
    a_changed_password_ends_what_other_sessions_would_be_carried_on_by
    what_is_no_refresh_token_of_a_living_session_is_refused_alike
}

on_both! {
    alone:
    an_access_token_is_good_for_ten_minutes
    a_session_ends_when_it_is_idle_and_in_any_case_after_its_time
    a_browser_keeps_its_tokens_in_cookies_that_no_script_reads
    with_cookies_only_our_own_pages_change_things
}

const ORIGIN: &str = "https://localhost:8443";

async fn sign_in(plane: &Plane) -> Value {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    plane.post("/v1/sessions").anonymously().json(&body).send().await.expect(201)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("{name} in {value}")).to_owned()
}

fn time(value: &Value, name: &str) -> control_plane::http::Time {
    serde_json::from_value(value[name].clone()).unwrap()
}

async fn refresh(plane: &Plane, token: &str) -> Reply {
    refresh_as(plane, token, "a client").await
}

async fn refresh_as(plane: &Plane, token: &str, agent: &str) -> Reply {
    let body = json!({ "refresh_token": token });
    plane.post("/v1/sessions/refresh").anonymously().header("user-agent", agent).json(&body).send().await
}

async fn is_in(plane: &Plane, token: &str) -> bool {
    plane.get("/v1/me").with_token(token).send().await.status == 200
}

async fn a_session_is_carried_on_by_its_refresh_token(plane: Plane) {
    let mut session = sign_in(&plane).await;
    let id = session["id"].clone();
    for _ in 0..5 {
        plane.clock.advance(Duration::from_hours(2));
        assert!(!is_in(&plane, &text(&session, "access_token")).await);
        let next = refresh(&plane, &text(&session, "refresh_token")).await.expect(200);
        assert_eq!(next["id"], id);
        assert_ne!(next["refresh_token"], session["refresh_token"]);
        assert!(is_in(&plane, &text(&next, "access_token")).await);
        session = next;
    }
    assert_eq!(plane.count("SELECT COUNT(*) FROM refresh_tokens WHERE spent_at IS NULL").await, 2);
}

async fn a_refresh_token_that_comes_back_ends_the_session(plane: Plane) {
    let first = sign_in(&plane).await;
    let second = refresh(&plane, &text(&first, "refresh_token")).await.expect(200);
    plane.clock.advance(Duration::from_secs(31));
    assert!(is_in(&plane, &text(&second, "access_token")).await);
    refresh(&plane, &text(&first, "refresh_token")).await.problem(401, "invalid_refresh_token");
    assert!(!is_in(&plane, &text(&first, "access_token")).await);
    assert!(!is_in(&plane, &text(&second, "access_token")).await);
    refresh(&plane, &text(&second, "refresh_token")).await.problem(401, "invalid_refresh_token");
    let log = plane.get("/v1/audit?action=session.end_reused").send().await.expect(200);
    assert_eq!(log["data"][0]["target_id"], first["id"], "{log}");
    // Others of the person go on.
    plane.get("/v1/me").send().await.expect(200);
}

async fn who_asks_twice_within_half_a_minute_gets_the_same_answer(plane: Plane) {
    let first = sign_in(&plane).await;
    let token = text(&first, "refresh_token");
    let second = refresh(&plane, &token).await.expect(200);
    plane.clock.advance(Duration::from_secs(29));
    let again = refresh(&plane, &token).await.expect(200);
    assert_eq!(again["refresh_token"], second["refresh_token"]);
    assert!(is_in(&plane, &text(&again, "access_token")).await);
    refresh(&plane, &text(&second, "refresh_token")).await.expect(200);
    // Another client has no such half minute.
    let other = sign_in(&plane).await;
    refresh(&plane, &text(&other, "refresh_token")).await.expect(200);
    let thief = refresh_as(&plane, &text(&other, "refresh_token"), "another client").await;
    thief.problem(401, "invalid_refresh_token");
    assert!(!is_in(&plane, &text(&other, "access_token")).await);
}

async fn of_two_at_once_with_one_token_neither_loses_the_session(plane: Plane) {
    let token = text(&sign_in(&plane).await, "refresh_token");
    let replies = futures::future::join_all((0..8).map(|_| refresh(&plane, &token))).await;
    let answers: Vec<_> = replies.into_iter().map(|reply| reply.expect(200)).collect();
    for answer in &answers {
        assert_eq!(answer["refresh_token"], answers[0]["refresh_token"]);
        assert!(is_in(&plane, &text(answer, "access_token")).await);
    }
}

async fn my_sessions_are_listed_and_each_can_be_ended(plane: Plane) {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    plane.clock.advance(Duration::from_millis(1));
    let other = plane.post("/v1/sessions").anonymously().header("user-agent", "my\ttelephone").json(&body);
    let other = other.send().await.expect(201);
    plane.clock.advance(Duration::from_mins(5));
    let other = refresh(&plane, &text(&other, "refresh_token")).await.expect(200);
    let page = plane.get("/v1/me/sessions").send().await.expect(200);
    let sessions = page["data"].as_array().unwrap();
    assert_eq!(sessions.len(), 2, "{page}");
    let (newest, oldest) = (&sessions[0], &sessions[1]);
    assert_eq!((&newest["is_current"], &oldest["is_current"]), (&json!(false), &json!(true)));
    assert_eq!(newest["id"], other["id"]);
    assert_eq!(newest["user_agent"], "mytelephone");
    assert_eq!(newest["address"], "127.0.0.1");
    assert_eq!(newest["factors"], json!(["password"]));
    assert!(time(newest, "last_used_at") > time(newest, "created_at"));
    let first = plane.get("/v1/me/sessions?limit=1").send().await.expect(200);
    let path = format!("/v1/me/sessions?limit=1&cursor={}", text(&first, "next_cursor"));
    let second = plane.get(&path).send().await.expect(200);
    assert_eq!((&first["data"][0], &second["data"][0]), (newest, oldest));
    assert_eq!(second["next_cursor"], Value::Null);

    let path = format!("/v1/me/sessions/{}", text(&other, "id"));
    plane.delete(&path).send().await.expect(204);
    assert!(!is_in(&plane, &text(&other, "access_token")).await);
    refresh(&plane, &text(&other, "refresh_token")).await.problem(401, "invalid_refresh_token");
    plane.delete(&path).send().await.problem(404, "not_found");
    plane.delete("/v1/me/sessions/ses_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f").send().await.problem(404, "not_found");
    let page = plane.get("/v1/me/sessions").send().await.expect(200);
    assert_eq!(page["data"].as_array().unwrap().len(), 1);
}

async fn a_changed_password_ends_what_other_sessions_would_be_carried_on_by(plane: Plane) {
    let other = sign_in(&plane).await;
    let body = json!({ "current_password": PASSWORD, "new_password": "another horse, another staple" });
    plane.put("/v1/me/password").json(&body).send().await.expect(204);
    refresh(&plane, &text(&other, "refresh_token")).await.problem(401, "invalid_refresh_token");
}

async fn what_is_no_refresh_token_of_a_living_session_is_refused_alike(plane: Plane) {
    let session = sign_in(&plane).await;
    let token = text(&session, "refresh_token");
    let unknown = format!("prt_{}", "A".repeat(43));
    let mut replies = Vec::new();
    for wrong in ["", "prt_", "x", &token[4..], &token[..token.len() - 1], &unknown, &text(&session, "access_token")] {
        replies.push(refresh(&plane, wrong).await);
    }
    plane.delete("/v1/sessions/current").with_token(&text(&session, "access_token")).send().await.expect(204);
    replies.push(refresh(&plane, &token).await);
    for reply in &replies {
        reply.problem(401, "invalid_refresh_token");
        assert_eq!(reply.text, replies[0].text);
    }
    let nothing = plane.post("/v1/sessions/refresh").anonymously().json(&json!({})).send().await;
    nothing.problem(401, "invalid_refresh_token");
    // A refresh token opens nothing else.
    let other = sign_in(&plane).await;
    assert!(!is_in(&plane, &text(&other, "refresh_token")).await);
}

async fn an_access_token_is_good_for_ten_minutes() {
    let plane = Plane::start_with(|config| config.sessions = control_plane::Sessions::default()).await;
    plane.clock.advance(Duration::from_secs(10 * 60 - 1));
    plane.get("/v1/me").send().await.expect(200);
    plane.clock.advance(Duration::from_secs(2));
    let reply = plane.get("/v1/me").send().await;
    reply.problem(401, "unauthenticated");
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
}

async fn a_session_ends_when_it_is_idle_and_in_any_case_after_its_time() {
    let seconds = |seconds| std::num::NonZeroU32::new(seconds).unwrap();
    let plane = Plane::start_with(|config| {
        config.sessions.access_lifetime_s = seconds(60);
        config.sessions.idle_lifetime_s = seconds(600);
        config.sessions.absolute_lifetime_s = seconds(1_500);
    })
    .await;
    let idle = sign_in(&plane).await;
    let mut busy = idle.clone();
    busy.clone_from(&sign_in(&plane).await);
    for _ in 0..2 {
        plane.clock.advance(Duration::from_secs(599));
        busy = refresh(&plane, &text(&busy, "refresh_token")).await.expect(200);
    }
    refresh(&plane, &text(&idle, "refresh_token")).await.problem(401, "invalid_refresh_token");
    plane.clock.advance(Duration::from_secs(270));
    busy = refresh(&plane, &text(&busy, "refresh_token")).await.expect(200);
    // What is given shortly before the end is good until then and no longer.
    assert!(is_in(&plane, &text(&busy, "access_token")).await);
    assert!(time(&busy, "expires_at") <= time(&busy, "refresh_expires_at"));
    plane.clock.advance(Duration::from_secs(33));
    assert!(!is_in(&plane, &text(&busy, "access_token")).await);
    refresh(&plane, &text(&busy, "refresh_token")).await.problem(401, "invalid_refresh_token");
    plane.run_jobs().await;
    assert_eq!(plane.count("SELECT COUNT(*) FROM sessions").await, 0);
    assert_eq!(plane.count("SELECT COUNT(*) FROM refresh_tokens").await, 0);
}

/// `name=value` of each cookie that an answer sets.
fn cookies(reply: &Reply) -> Vec<String> {
    let values = reply.headers.get_all("set-cookie").iter().map(|value| value.to_str().unwrap());
    values
        .map(|value| {
            let (cookie, attributes) = value.split_once("; ").unwrap();
            assert!(cookie.starts_with("__Host-"), "{value}");
            for attribute in ["Path=/", "Secure", "HttpOnly", "SameSite=Strict"] {
                assert!(attributes.split("; ").any(|given| given == attribute), "{value}");
            }
            assert!(!attributes.contains("Domain"), "{value}");
            cookie.to_owned()
        })
        .collect()
}

async fn in_cookies(plane: &Plane) -> Reply {
    let body = json!({ "email": EMAIL, "password": PASSWORD, "cookies": true });
    plane.post("/v1/sessions").anonymously().header("origin", ORIGIN).json(&body).send().await
}

async fn a_browser_keeps_its_tokens_in_cookies_that_no_script_reads() {
    let plane = Plane::start().await;
    let reply = in_cookies(&plane).await;
    let jar = cookies(&reply).join("; ");
    let session = reply.expect(201);
    assert_eq!((&session["access_token"], &session["refresh_token"]), (&json!(""), &json!("")));
    assert_eq!(session["token_type"], "Cookie");
    let me = plane.get("/v1/me").anonymously().header("cookie", &jar).send().await.expect(200);
    assert_eq!(me["session_id"], session["id"]);
    // With Authorization in it, a request is judged by that alone.
    plane.get("/v1/me").with_token("x").header("cookie", &jar).send().await.problem(401, "unauthenticated");
    let twice = format!("{jar}; {jar}");
    plane.get("/v1/me").anonymously().header("cookie", &twice).send().await.problem(401, "unauthenticated");

    plane.clock.advance(Duration::from_hours(2));
    plane.get("/v1/me").anonymously().header("cookie", &jar).send().await.problem(401, "unauthenticated");
    let refresh = plane.post("/v1/sessions/refresh").anonymously().header("origin", ORIGIN).header("cookie", &jar);
    let reply = refresh.json(&json!({})).send().await;
    let jar = cookies(&reply).join("; ");
    assert_eq!(reply.expect(200)["access_token"], "");
    plane.get("/v1/me").anonymously().header("cookie", &jar).send().await.expect(200);
    let out = plane.delete("/v1/sessions/current").anonymously().header("origin", ORIGIN).header("cookie", &jar);
    let out = out.send().await;
    assert_eq!(cookies(&out), ["__Host-postern-access=", "__Host-postern-refresh="]);
    out.expect(204);
    plane.get("/v1/me").anonymously().header("cookie", &jar).send().await.problem(401, "unauthenticated");
}

async fn with_cookies_only_our_own_pages_change_things() {
    let plane = Plane::start().await;
    let body = json!({ "email": EMAIL, "password": PASSWORD, "cookies": true });
    plane.post("/v1/sessions").anonymously().json(&body).send().await.problem(403, "cross_site_request");
    let jar = cookies(&in_cookies(&plane).await).join("; ");
    let make = |origin: Option<&str>| {
        let call = plane.post("/v1/tenants").anonymously().header("cookie", &jar).json(&json!({ "name": "a" }));
        match origin {
            Some(origin) => call.header("origin", origin).send(),
            None => call.send(),
        }
    };
    let strangers = [
        "https://evil.example",
        "null",
        "",
        "https://localhost",
        "http://localhost:8443",
        "https://localhost:8443.evil.example",
    ];
    make(None).await.problem(403, "cross_site_request");
    for origin in strangers {
        make(Some(origin)).await.problem(403, "cross_site_request");
        let refresh = plane.post("/v1/sessions/refresh").anonymously().header("origin", origin).header("cookie", &jar);
        refresh.json(&json!({})).send().await.problem(403, "cross_site_request");
    }
    let all = plane.get("/v1/tenants?name=a").send().await.expect(200);
    assert_eq!(all["data"], json!([]));
    make(Some(ORIGIN)).await.expect(201);
}
