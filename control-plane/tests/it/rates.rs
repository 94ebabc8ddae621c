//! How many requests a principal may make, and what it is told of it.

use std::{num::NonZeroU32, time::Duration};

use serde_json::json;

use crate::{
    harness::{EMAIL, PASSWORD, Plane, Reply, on_both},
    people::person,
};

on_both! {
    alone:
    who_asks_too_much_is_told_to_wait_and_nobody_else_is
    a_key_and_its_maker_have_a_limit_each
    who_shows_nothing_good_is_counted_by_the_network
    a_visit_of_the_account_page_counts_once
    an_answer_that_is_given_again_counts_and_tells_as_any
    without_a_limit_nothing_is_told
}

/// One a second, and five at once.
async fn plane() -> Plane {
    Plane::start_with(|config| {
        config.rates.requests_per_minute = 60;
        config.rates.burst = NonZeroU32::new(5).unwrap();
        config.rates.anonymous_requests_per_minute = 30;
        config.rates.anonymous_burst = NonZeroU32::new(3).unwrap();
    })
    .await
}

fn limits(reply: &Reply) -> (Option<&str>, Option<&str>) {
    (reply.header("ratelimit-policy"), reply.header("ratelimit"))
}

fn told(left: u32) -> (Option<&'static str>, Option<String>) {
    (Some("\"default\";q=5;w=5"), Some(format!("\"default\";r={left};t=1")))
}

#[track_caller]
fn has_left(reply: &Reply, left: u32) {
    let (policy, limit) = told(left);
    assert_eq!(limits(reply), (policy, limit.as_deref()), "{}", reply.text);
}

async fn who_asks_too_much_is_told_to_wait_and_nobody_else_is() {
    let plane = plane().await;
    let tenant = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    let anna = person(&plane, &tenant, "anna@example.com").await;
    plane.clock.advance(Duration::from_mins(1));
    for left in (0..5).rev() {
        let reply = plane.get("/v1/me").send().await;
        assert_eq!(reply.status, 200);
        has_left(&reply, left);
    }
    let reply = plane.get("/v1/tenants").send().await;
    has_left(reply.problem(429, "rate_limited"), 0);
    assert_eq!(reply.header("retry-after"), Some("1"));
    let metrics = plane.get("/metrics").anonymously().send().await.text;
    assert!(metrics.contains("postern_rate_limited_total{of=\"person\"} 1"), "{metrics}");
    // Another sign-in of the same person is the same person, and another person another one.
    let again = plane.sign_in(EMAIL, PASSWORD).await;
    plane.get("/v1/me").with_token(&again).send().await.problem(429, "rate_limited");
    has_left(&plane.get("/v1/me").with_token(&anna.token).send().await, 4);
    // What may not be done is counted and told like anything else.
    let reply = plane.get("/v1/policy").with_token(&anna.token).send().await;
    has_left(reply.problem(403, "forbidden"), 3);
    plane.clock.advance(Duration::from_secs(1));
    has_left(&plane.get("/v1/me").send().await, 0);
    plane.get("/v1/me").send().await.problem(429, "rate_limited");
    plane.clock.advance(Duration::from_secs(5));
    has_left(&plane.get("/v1/me").send().await, 4);
}

async fn a_key_and_its_maker_have_a_limit_each() {
    let plane = plane().await;
    let body = json!({ "name": "k", "actions": ["tenants.read"], "scope": "installation" });
    let made = plane.post("/v1/api-keys").json(&body).send().await.expect(201);
    let secret = made["secret"].as_str().unwrap();
    for left in (0..5).rev() {
        has_left(&plane.get("/v1/tenants").with_token(secret).send().await, left);
    }
    plane.get("/v1/tenants").with_token(secret).send().await.problem(429, "rate_limited");
    has_left(&plane.get("/v1/tenants").send().await, 3);
}

async fn who_shows_nothing_good_is_counted_by_the_network() {
    let plane = plane().await;
    let bad =
        async |path: &str, network: u8| plane.get(path).with_token("pst_live_nothing").network(network).send().await;
    for _ in 0..3 {
        bad("/v1/me", 1).await.problem(401, "unauthenticated");
    }
    let reply = bad("/v1/me", 1).await;
    reply.problem(429, "rate_limited");
    assert_eq!((reply.header("retry-after"), reply.header("ratelimit")), (Some("2"), Some("\"default\";r=0;t=2")));
    let options = || plane.post("/v1/sessions/passkey-options").anonymously().json(&json!({}));
    options().network(1).send().await.problem(429, "rate_limited");
    let refresh = plane.post("/v1/sessions/refresh").anonymously().json(&json!({ "refresh_token": "x" }));
    refresh.network(1).send().await.problem(429, "rate_limited");
    // Neither who has good credentials nor who signs in, nor another network.
    plane.get("/v1/me").network(1).send().await.expect(200);
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let session = plane.post("/v1/sessions").anonymously().json(&body).network(1).send().await.expect(201);
    let body = json!({ "refresh_token": session["refresh_token"] });
    plane.post("/v1/sessions/refresh").anonymously().json(&body).network(1).send().await.expect(200);
    bad("/v1/me", 2).await.problem(401, "unauthenticated");
    // A worker must hear that its token is over.
    for _ in 0..6 {
        let reply = plane.get("/worker/v1/errands").with_token("pwt_nothing").network(1).send().await;
        reply.problem(401, "unauthenticated");
    }
    plane.clock.advance(Duration::from_secs(2));
    bad("/v1/me", 1).await.problem(401, "unauthenticated");
}

async fn a_visit_of_the_account_page_counts_once() {
    let plane = plane().await;
    let origin = ("origin", "https://localhost:8443");
    let body = json!({ "email": EMAIL, "password": PASSWORD, "cookies": true });
    let reply = plane.post("/v1/sessions").anonymously().header(origin.0, origin.1).json(&body).send().await;
    let cookies = reply.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()?.split(';').next());
    let cookies = cookies.collect::<Vec<_>>().join("; ");
    for left in (0..5).rev() {
        let page = plane.get("/account").anonymously().header("cookie", &cookies).send().await;
        assert!(page.text.contains(EMAIL), "{} {}", page.status, page.text);
        has_left(&page, left);
    }
    let page = plane.get("/account").anonymously().header("cookie", &cookies).send().await;
    assert!(page.text.contains("Too many requests"), "{}", page.text);
    has_left(&page, 0);
    plane.get("/v1/me").send().await.problem(429, "rate_limited");
}

async fn an_answer_that_is_given_again_counts_and_tells_as_any() {
    let plane = plane().await;
    for left in [4, 3] {
        let call = plane.post("/v1/tenants").header("idempotency-key", "k").json(&json!({ "name": "a" }));
        let reply = call.send().await;
        assert_eq!(reply.status, 201);
        has_left(&reply, left);
    }
}

async fn without_a_limit_nothing_is_told() {
    let plane = Plane::start().await;
    for _ in 0..20 {
        assert_eq!(limits(&plane.get("/v1/me").send().await), (None, None));
        assert_eq!(plane.get("/v1/me").anonymously().send().await.status, 401);
    }
}
